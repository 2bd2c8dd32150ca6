"""`itgstrat recalibrate`: a trained model put right for another population, as a new model folder."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def run(
    model: Annotated[Path, typer.Argument(help="Model folder that `itgstrat train` wrote.")],
    expression: Annotated[str, typer.Argument(help="Expression file of other patients, or survset:NAME.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New model folder.")],
    event: Annotated[str, typer.Option("--event", help="Clinical column with 1 (event) and 0 (censored).")],
    time: Annotated[str, typer.Option("--time", help="Clinical column with the time to event or censoring.")],
    time_unit: Annotated[
        Literal["days", "weeks", "months", "years"], typer.Option("--time-unit", metavar="UNIT", help="Of --time.")
    ] = "days",
    clinical: Annotated[Path | None, typer.Option("--clinical", help="Clinical file: outcome and covariates.")] = None,
    alterations: Annotated[
        list[Path] | None,
        typer.Option("--alterations", help="Mutations, copy number or a per-sample table; repeatable."),
    ] = None,
    method: Annotated[
        Literal["intercept", "slope"],
        typer.Option("--method", metavar="HOW", help="intercept: baseline alone; slope: baseline and spread."),
    ] = "slope",
    reference: Annotated[
        Literal["pooled", "cohort"], typer.Option("--reference", metavar="HOW", help="As in `itgstrat predict`.")
    ] = "pooled",
    name: Annotated[str | None, typer.Option("--name", help="Name of the cohort.")] = None,
    unit: Annotated[
        Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"],
        typer.Option("--unit", metavar="UNIT", help="auto, counts, linear, log2, log-ratio or z-score."),
    ] = "auto",
) -> None:
    """Recalibrate a model's survival on other patients; the old model stays as it is."""
    from itgstrat.cli.columns import choose_columns
    from itgstrat.learned import ModelBundle
    from itgstrat.outcome import Endpoint
    from itgstrat.output import check_folder
    from itgstrat.readers import read_cohort
    from itgstrat.readers.tables import read_clinical
    from itgstrat.readers.wanted import read_wanted
    from itgstrat.recalibration import recalibrate, tabulate_updates

    check_folder(out, force=False)
    bundle = ModelBundle.load(model)
    table = read_clinical(clinical) if clinical else None
    altered = read_wanted(alterations, bundle.info.get("alterations", ())) if alterations else None
    cohort = read_cohort(
        expression,
        name=name,
        clinical=table,
        endpoint=Endpoint(event, time, time_unit),
        columns=choose_columns(bundle, table),
        unit=unit,
        duplicates="mean",
        alterations=altered,
    )
    made = recalibrate(bundle, cohort, method, reference)
    made.bundle.save(out)
    record = made.bundle.info["recalibration"]
    typer.echo(
        f"{cohort.name}: {record['patients']} patients, {record['events']} events; observed over expected "
        f"exp({record['intercept']:+.3f}) at slope {record['slope']:.3f}"
    )
    typer.echo(f"on {made.updates.folds} held-out folds:")
    typer.echo(tabulate_updates(made.updates).to_string(index=False))
    typer.echo(f"{out}: the recalibrated model; {model} is as it was")
