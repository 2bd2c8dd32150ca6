"""The command line: one file per command; arguments in, one call, result out."""

from itgstrat.cli.app import main

__all__ = ["main"]
