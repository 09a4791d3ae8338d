"""`python -m leafinstruct` is the command line."""

from leafinstruct.cli import main

main()
