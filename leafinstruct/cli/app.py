"""The `leafinstruct` command. Errors become one line and exit code 2; printing help imports nothing heavy."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from typing import Annotated

import typer

from leafinstruct.deprecated import OldName
from leafinstruct.report.terminal import echo
from leafinstruct.stopping import one_line_when_stopped
from leafinstruct.text.printable import printable_line
from leafinstruct.version import __version__

app = typer.Typer(
    name="leafinstruct",
    help="Turn web pages and tutorials into instruction data with interleaved text and images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line. A LeafError becomes one line on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks
    try:
        with one_line_when_stopped():
            app()
    except Exception as error:
        from leafinstruct.errors import LeafError, of_file

        if not isinstance(error, LeafError | OSError):
            raise
        said = str(error) if isinstance(error, LeafError) else of_file(error)
        echo(f"leafinstruct: {printable_line(said)}", error=True)
        sys.exit(2)


class _ToStandardError(logging.Handler):
    """Prints each message as it is, to where standard error leads at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        echo(self.format(record), error=True)


def _show_log() -> None:
    """Log and warnings about old names, one line each."""
    warnings.simplefilter("always", OldName)
    warnings.showwarning = lambda message, *_: echo(message, error=True)
    log = logging.getLogger("leafinstruct")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers = [_ToStandardError()]


def _version(value: bool) -> None:
    if value:
        echo(f"leafinstruct {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version and exit.")] = False,
) -> None:
    _show_log()
