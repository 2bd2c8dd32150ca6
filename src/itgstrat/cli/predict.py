"""`itgstrat predict`: a trained model on new patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.options import Force
from itgstrat.cli.reading import (
    Altered,
    Clinical,
    CohortName,
    Expression,
    Model,
    ReferenceName,
    UnitName,
    read_new_cohort,
)

if TYPE_CHECKING:
    import pandas as pd

    from itgstrat.prediction import Prediction


def run(
    model: Model,
    expression: Expression,
    clinical: Clinical = None,
    alterations: Altered = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("itgstrat-prediction"),
    reference: ReferenceName = "pooled",
    name: CohortName = None,
    unit: UnitName = "auto",
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    force: Force = False,
) -> None:
    """Predict risk, stratum and survival of new patients, with the reasons."""
    from itgstrat.antagonists.board import word_patients
    from itgstrat.learned import ModelBundle
    from itgstrat.output import check_folder, write_folder
    from itgstrat.prediction import predict

    check_folder(out, force)
    bundle = ModelBundle.load(model)
    cohort = read_new_cohort(bundle, expression, clinical, alterations, name, unit)
    prediction = predict(bundle, cohort, reference)
    board = word_patients(prediction.agents) if len(prediction.agents) else prediction.agents

    def write(folder: Path) -> None:
        prediction.table.to_csv(folder / "predictions.tsv", sep="\t", index=False)
        prediction.explanations.to_csv(folder / "explanations.tsv", sep="\t", index=False)
        prediction.genes.to_csv(folder / "explanations_by_gene.tsv", sep="\t", index=False)
        prediction.systems.to_csv(folder / "explanations_by_system.tsv", sep="\t", index=False)
        if len(prediction.agents):
            prediction.agents.to_csv(folder / "agents.tsv", sep="\t", index=False)
            board.to_csv(folder / "board.tsv", sep="\t", index=False)
        if report:
            from itgstrat.reporting import prediction_report, response_prediction_report

            write_report = response_prediction_report if "label" in bundle.info else prediction_report
            (folder / "report.html").write_text(write_report(prediction, bundle), encoding="utf-8")

    write_folder(out, write, force)
    _say(prediction, board, out, report)


def _say(prediction: "Prediction", board: "pd.DataFrame", out: Path, report: bool) -> None:
    counts = prediction.table["stratum"].value_counts()
    strata = ", ".join(f"{count} {name}" for name, count in counts.items())
    unlike = int(prediction.table["out_of_distribution"].sum())
    who = f"{len(prediction.table)} patient{'' if len(prediction.table) == 1 else 's'}"
    typer.echo(f"{who} by {prediction.model_name} ({prediction.reference} reference): {strata}")
    if unlike:
        typer.echo(f"{unlike} out of distribution; the column `why` of predictions.tsv says why")
    what = "log odds" if "log_odds" in prediction.table else "risk"
    typer.echo(f"explanations: {prediction.base:+.3g} (base) plus a patient's contributions is the {what}")
    for note in prediction.notes:
        typer.echo(f"note: {note}")
    if len(board) == 1:
        typer.echo(f"\n{board['sentence'].iloc[0]}\n")
    files = "predictions.tsv  explanations.tsv  explanations_by_gene.tsv  explanations_by_system.tsv"
    files += "  agents.tsv  board.tsv" if len(prediction.agents) else ""
    typer.echo(f"{out}/{'report.html  ' if report else ''}{files}")
