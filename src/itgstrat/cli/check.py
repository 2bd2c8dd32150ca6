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
    absent = [path for cohort in cohorts for path in cohort.files if not Path(path).exists()]
    typer.echo(f"{config}: no fault (cohorts: {', '.join(cohort.name for cohort in cohorts)})")
    typer.echo(f"  {checked.features.describe_panel()}")
    for source in absent:
        typer.echo(f"  note: {source} is not there yet")
