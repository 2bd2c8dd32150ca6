"""`itgstrat scan`: every signature in every cohort, one at a time, with the false discovery rate over all."""

from pathlib import Path
from typing import Annotated

import typer

from itgstrat.cli.options import Force, Overrides


def run(
    config: Annotated[Path, typer.Argument(help="Run configuration (YAML): cohorts, endpoint, signatures.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Table to write (TSV).")],
    adjust: Annotated[
        bool, typer.Option("--adjust/--alone", help="Beside the covariates of the configuration, or alone.")
    ] = False,
    overrides: Overrides = None,
    force: Force = False,
) -> None:
    """Test each signature of a configuration in each of its cohorts, external ones too."""
    from itgstrat.config import load_config
    from itgstrat.errors import OutputError

    run_config = load_config(config, overrides or [])
    if out.exists() and not force:
        raise OutputError(f"{out} exists; give another file with --out, or replace it with --force")
    from itgstrat.evaluation.multiplicity import scan_signatures
    from itgstrat.training import read_cohorts

    training, external = read_cohorts(run_config)
    features = run_config.features
    table = scan_signatures(
        [*training, *external],
        features.select(),
        features.score,
        features.covariates if adjust else (),
        features.min_coverage,
    )
    table.to_csv(out, sep="\t", index=False, float_format="%.6g")
    called = int((table["q"] < 0.05).sum())
    typer.echo(f"{called} of {int(table['p'].notna().sum())} tests at a false discovery rate of 5%")
    typer.echo(table.head(10).to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    typer.echo(f"{out}: all tests. Associations, not a model; what is found needs other patients.")
