"""The command line, also as `python -m leafinstruct`."""

from leafinstruct.stopping import one_line_when_stopped


def main() -> None:
    """Run the command line; it may be stopped while it is imported."""
    with one_line_when_stopped():
        from leafinstruct.cli import main as run

        run()


if __name__ == "__main__":
    main()
