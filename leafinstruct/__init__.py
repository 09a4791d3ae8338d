"""leafinstruct turns web pages and tutorials into instruction data of interleaved text and images."""

__version__ = "0.1.0"
