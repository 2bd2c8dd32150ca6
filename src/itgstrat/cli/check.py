"""`itgstrat check`: every fault of a configuration at once, without reading data."""

from pathlib import Path
from typing import Annotated

import typer

from itgstrat.cli.options import Overrides


def run(
    config: Annotated[Path, typer.Argument(help="Run configuration (YAML).")],
    overrides: Overrides = None,
) -> None:
    """Check a run configuration without reading any data."""
    from itgstrat.config import load_config

    checked = load_config(config, overrides or [])
    cohorts = [*checked.cohorts, *checked.validation.external]
    absent = [c.source for c in cohorts if ":" not in c.source and not Path(c.source).exists()]
    typer.echo(f"{config}: no fault ({len(cohorts)} cohorts, {len(checked.features.signatures)} signature choices)")
    for source in absent:
        typer.echo(f"  note: {source} is not there yet")
