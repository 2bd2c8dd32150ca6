"""The typer application, and how its errors and exit codes reach a person.

0 done; 1 the data or the configuration is at fault, one clear message; 2 wrong usage. ``--verbose`` adds the
traceback. Nothing heavy is imported here: each command imports what it needs when it runs.
"""

import logging
import sys
from typing import Annotated

import typer

from itgstrat import __version__
from itgstrat.cli import (
    agents,
    benefit,
    check,
    demo,
    fetch,
    inspect,
    predict,
    recalibrate,
    scan,
    schema,
    signatures,
    systems,
    train,
)
from itgstrat.errors import ItgstratError

#: Exit code after Ctrl-C, by the convention of shells.
STOPPED = 130

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


for module in (demo, train, predict, recalibrate, scan, check, schema, inspect, fetch):
    app.command(name=module.__name__.rpartition(".")[2])(module.run)
app.add_typer(signatures.app, name="signatures")
app.add_typer(systems.app, name="systems")
app.add_typer(agents.app, name="agents")
app.add_typer(benefit.app, name="benefit")


def main() -> None:
    """Run the command line.

    Raises
    ------
    SystemExit
        With the exit code.
    """
    verbose = "--verbose" in sys.argv[1:]
    # wherever it stands, so that it can be put behind a command that has just failed
    arguments = ["--verbose"] * verbose + [word for word in sys.argv[1:] if word != "--verbose"]
    try:
        app(arguments, prog_name="itgstrat")
    except (ItgstratError, OSError) as error:
        if verbose:
            raise
        typer.echo(f"itgstrat: {error}", err=True)
        sys.exit(1)
    except SystemExit as stop:
        if stop.code == STOPPED:
            typer.echo("itgstrat: stopped; nothing was written", err=True)
        raise
