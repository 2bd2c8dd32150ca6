"""`itgstrat inspect`: what a file is."""

import json
from itertools import zip_longest
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import Annotated

import typer


def run(
    path: Annotated[str, typer.Argument(help="File to look at, or survset:NAME.")],
    clinical: Annotated[Path | None, typer.Option("--clinical", help="Clinical file that belongs to it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a file is: layout, patients, genes, identifiers, unit, endpoints, integrin coverage."""
    from itgstrat.readers import inspect_path

    inspection = inspect_path(path, clinical=clinical)
    found = inspection.as_dict()
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    found["endpoints"] = [str(endpoint) for endpoint in inspection.endpoints]
    found["integrins"] = (
        f"{len(inspection.integrins)} of {len(inspection.integrins) + len(inspection.integrins_missing)}"
    )
    width = max(map(len, found)) + 2
    for key, value in found.items():
        said = value if isinstance(value, list) else [f"{value:.1%}" if isinstance(value, float) else value]
        lines = [line for item in said for line in wrap(str(item), max(40, get_terminal_size().columns - width))] or [
            "-"
        ]
        for title, line in zip_longest([key.replace("_", " ")], lines, fillvalue=""):
            typer.echo(f"{title:<{width}}{line}")
