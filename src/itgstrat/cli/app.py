"""The typer application, and how its errors and exit codes reach a person.

0 done; 1 the data or the configuration is at fault, one clear message; 2 wrong usage. ``--verbose`` adds the
traceback. Nothing heavy is imported here: each command imports what it needs when it runs.
"""

import logging
import os
import sys
from typing import Annotated

import typer

from itgstrat import __version__
from itgstrat.cli import check, demo, inspect, predict, schema, train
from itgstrat.errors import ItgstratError

app = typer.Typer(
    name="itgstrat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"itgstrat {__version__}")
        raise typer.Exit


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the log and, on an error, the traceback.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Stratify cancer patients by integrin expression for putative response to integrin antagonists.

    Hypothesis-generating; not for clinical use.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")


for module in (demo, train, predict, check, schema, inspect):
    app.command(name=module.__name__.rpartition(".")[2])(module.run)


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        With the exit code.
    """
    try:
        app()
    except ItgstratError as error:
        if "--verbose" in sys.argv:
            raise
        typer.echo(f"itgstrat: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("itgstrat: stopped; nothing was written", err=True)
        sys.exit(130)
