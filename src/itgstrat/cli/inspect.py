"""`itgstrat inspect`: what a file is."""

import json
from pathlib import Path
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
    width = max(map(len, found))
    for key, value in found.items():
        lines = value if isinstance(value, list) else [value]
        typer.echo(f"{key.replace('_', ' '):<{width}}  {lines[0] if lines else '-'}")
        for line in lines[1:]:
            typer.echo(f"{'':<{width}}  {line}")
