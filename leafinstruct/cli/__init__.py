"""The command line: thin and fast to import. One module per group of commands, imported in the order of --help."""

from leafinstruct.cli import build, look, publish, schema, train
from leafinstruct.cli.app import app, main

__all__ = ["app", "build", "look", "main", "publish", "schema", "train"]
