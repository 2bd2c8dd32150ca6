"""`itgstrat predict`: a trained model on new patients."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.options import Force
from itgstrat.cli.reading import (
    Altered,
    Clinical,
    CohortName,
    ColumnsLike,
    Expression,
    Model,
    ReferenceName,
    UnitName,
    open_new_cohort,
)

if TYPE_CHECKING:
    from itgstrat.learned import ModelBundle, Reference
    from itgstrat.prediction import Prediction
    from itgstrat.prediction_stream import PredictionSummary
    from itgstrat.readers.cohort_stream import CohortStream


def run(
    model: Model,
    expression: Expression,
    clinical: Clinical = None,
    alterations: Altered = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("itgstrat-prediction"),
    reference: ReferenceName = "pooled",
    name: CohortName = None,
    unit: UnitName = "auto",
    columns_like: ColumnsLike = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    agents: Annotated[
        bool,
        typer.Option("--agents/--no-agents", help="Tell the four tiers of every agent too: some 40 kB a patient."),
    ] = True,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on behind the finished patients of a run that was stopped.")
    ] = True,
    force: Force = False,
) -> None:
    """Predict risk, stratum and survival of new patients, with the reasons.

    More than 250 patients are read and told in blocks, in memory that does not grow with their number. The same command
    goes on where it was stopped.
    """
    from itgstrat.learned import ModelBundle
    from itgstrat.output import check_folder

    check_folder(out, force)
    bundle = ModelBundle.load(model) if agents else ModelBundle.load(model).without_agents()
    with open_new_cohort(bundle, expression, clinical, alterations, name, unit, columns_like) as stream:
        if reference == "cohort" or stream.expression.n_blocks == 1:
            _predict_at_once(bundle, stream, out, reference, report, force)
        else:
            _predict_in_blocks(bundle, stream, out, reference, report, resume, force)


def _predict_at_once(
    bundle: "ModelBundle", stream: "CohortStream", out: Path, reference: "Reference", report: bool, force: bool
) -> None:
    from itgstrat.output import write_folder, write_tsv
    from itgstrat.prediction import predict
    from itgstrat.prediction_stream import PredictionSummary, name_tables

    prediction = predict(bundle, stream.take(), reference)
    tables = name_tables(prediction)

    def write(folder: Path) -> None:
        for name, table in tables.items():
            with (folder / name).open("wb") as file:
                write_tsv(table, file)
        if report:
            _write_report(folder, prediction, bundle)

    write_folder(out, write, force)
    sentence = tables["board.tsv"]["sentence"].iloc[0] if len(prediction.table) == 1 and "board.tsv" in tables else ""
    _say(PredictionSummary(bundle.name, reference).join(prediction, tables), bundle, out, report, sentence)


def _predict_in_blocks(
    bundle: "ModelBundle",
    stream: "CohortStream",
    out: Path,
    reference: "Reference",
    report: bool,
    resume: bool,
    force: bool,
) -> None:
    from itgstrat.cli.progress import show_progress
    from itgstrat.prediction import predict
    from itgstrat.prediction_stream import predict_stream

    def finish(folder: Path, said: "PredictionSummary") -> None:
        from itgstrat.reporting.patients import MOST_PATIENTS

        first = predict(bundle, stream.take(MOST_PATIENTS), reference)
        notes, n_told = said.notes, len(first.table)
        if n_told < said.n_patients:
            part = f"this report shows {n_told} patients, the first of {said.n_patients}; the tables hold all"
            typer.echo(part, err=True)
            notes = (part, *notes)
        _write_report(folder, replace(first, notes=notes), bundle)

    also = finish if report else None
    with _say_what_is_kept(out), show_progress() as bar:
        said = predict_stream(bundle, stream, out, reference, resume=resume, force=force, progress=bar, finish=also)
    _say(said, bundle, out, report)


@contextmanager
def _say_what_is_kept(out: Path) -> Iterator[None]:
    """Say how to go on after a stop, as training does."""
    from itgstrat.errors import OutputError
    from itgstrat.prediction_stream import name_unfinished

    done = False
    try:
        yield
        done = True
    except OutputError:  # says itself what to do
        done = True
        raise
    finally:
        kept = name_unfinished(out)
        if not done and kept.exists():
            typer.echo(f"finished patients are kept in {kept}: the same command goes on behind them", err=True)


def _write_report(folder: Path, prediction: "Prediction", bundle: "ModelBundle") -> None:
    from itgstrat.reporting import prediction_report, response_prediction_report

    write_report = response_prediction_report if "label" in bundle.info else prediction_report
    (folder / "report.html").write_text(write_report(prediction, bundle), encoding="utf-8")


def _say(said: "PredictionSummary", bundle: "ModelBundle", out: Path, report: bool, sentence: str = "") -> None:
    strata = ", ".join(f"{count} {name}" for name, count in said.strata.items())
    who = f"{said.n_patients} patient{'' if said.n_patients == 1 else 's'}"
    typer.echo(f"{who} by {said.model_name} ({said.reference} reference): {strata}")
    if said.n_unlike:
        typer.echo(f"{said.n_unlike} out of distribution; the column `why` of predictions.tsv says why")
    what = "log odds" if "label" in bundle.info else "risk"
    typer.echo(f"explanations: {said.base:+.3g} (base) plus a patient's contributions is the {what}")
    for note in said.notes:
        typer.echo(f"note: {note}")
    if sentence:
        typer.echo(f"\n{sentence}\n")
    typer.echo(f"{out}/{'report.html  ' if report else ''}{'  '.join(said.files)}")
