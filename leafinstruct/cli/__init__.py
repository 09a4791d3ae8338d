"""The command line: thin, light to import. A module per kind of command, imported in the order --help lists them."""

from leafinstruct.cli import build, look, publish, train
from leafinstruct.cli.app import app, main

__all__ = ["app", "build", "look", "main", "publish", "train"]
