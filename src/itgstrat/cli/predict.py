"""`itgstrat predict`: a trained model on new patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from itgstrat.cli.options import Force

if TYPE_CHECKING:
    from itgstrat.prediction import Prediction


def run(
    model: Annotated[Path, typer.Argument(help="Model folder that `itgstrat train` wrote.")],
    expression: Annotated[str, typer.Argument(help="Expression file of the new patients, or survset:NAME.")],
    clinical: Annotated[Path | None, typer.Option("--clinical", help="Clinical file with the covariates.")] = None,
    alterations: Annotated[
        list[Path] | None,
        typer.Option("--alterations", help="Mutations, copy number or a per-sample table; repeatable."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("itgstrat-prediction"),
    reference: Annotated[
        Literal["pooled", "batch", "cohort"],
        typer.Option(
            "--reference",
            metavar="HOW",
            help="pooled: frozen training reference; batch: that of the training cohort named by --name; cohort: "
            "location and scale learned from these patients (30 or more).",
        ),
    ] = "pooled",
    name: Annotated[str | None, typer.Option("--name", help="Name of the cohort.")] = None,
    unit: Annotated[
        Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"],
        typer.Option("--unit", metavar="UNIT", help="auto, counts, linear, log2, log-ratio or z-score."),
    ] = "auto",
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    force: Force = False,
) -> None:
    """Predict risk, stratum and survival of new patients, with the reasons."""
    from itgstrat.learned import ModelBundle
    from itgstrat.output import check_folder, write_folder
    from itgstrat.prediction import predict
    from itgstrat.readers import read_cohort
    from itgstrat.readers.tables import read_clinical
    from itgstrat.readers.wanted import read_wanted

    check_folder(out, force)
    bundle = ModelBundle.load(model)
    table = read_clinical(clinical) if clinical else None
    columns = None if table is None else {c: c for c in bundle.info["covariates"] if c in table.columns}
    altered = read_wanted(alterations, bundle.info.get("alterations", ())) if alterations else None
    # the mean of a gene's rows looks at one patient only, where the highest mean would look at the whole file
    cohort = read_cohort(
        expression, name=name, clinical=table, columns=columns, unit=unit, duplicates="mean", alterations=altered
    )
    prediction = predict(bundle, cohort, reference)

    def write(folder: Path) -> None:
        prediction.table.to_csv(folder / "predictions.tsv", sep="\t", index=False)
        prediction.explanations.to_csv(folder / "explanations.tsv", sep="\t", index=False)
        prediction.genes.to_csv(folder / "explanations_by_gene.tsv", sep="\t", index=False)
        if report:
            from itgstrat.reporting import prediction_report, response_prediction_report

            write_report = response_prediction_report if "label" in bundle.info else prediction_report
            (folder / "report.html").write_text(write_report(prediction, bundle), encoding="utf-8")

    write_folder(out, write, force)
    _say(prediction, out, report)


def _say(prediction: "Prediction", out: Path, report: bool) -> None:
    counts = prediction.table["stratum"].value_counts()
    strata = ", ".join(f"{count} {name}" for name, count in counts.items())
    unlike = int(prediction.table["out_of_distribution"].sum())
    who = f"{len(prediction.table)} patient{'' if len(prediction.table) == 1 else 's'}"
    typer.echo(f"{who} by {prediction.model_name} ({prediction.reference} reference): {strata}")
    if unlike:
        typer.echo(f"{unlike} out of distribution; the column `why` of predictions.tsv says why")
    for note in prediction.notes:
        typer.echo(f"note: {note}")
    files = "predictions.tsv  explanations.tsv  explanations_by_gene.tsv"
    typer.echo(f"{out}/{'report.html  ' if report else ''}{files}")
