"""The command line. Each command parses, calls one service, prints."""

from briefingfeed.cli.root import main

__all__ = ["main"]
