"""What a training run found, in the width of a terminal: the finding first, then the tables behind it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from itgstrat.evaluation import Comparison, Difference, Evaluation, Interval
    from itgstrat.evaluation.response_table import ResponseEvaluation


def say_finding(evaluation: "Evaluation", folder: Path) -> None:
    """Print the finding, what it rests on, and where the files are.

    Cross-validation and external cohorts are shown in full, each left-out cohort in a line.

    Parameters
    ----------
    evaluation : Evaluation
        Of the run.
    folder : Path
        Where it was written.
    """
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False)
    console.print(f"\n{evaluation.finding}\n", style="bold")
    for kind in ("cross-validation", "external"):
        for item in (one for one in evaluation.comparisons if one.kind == kind):
            console.print(_tabulate(item))
            console.print()
    _say_left_out(console, [item for item in evaluation.comparisons if item.kind == "leave-one-cohort-out"])
    for note in evaluation.notes:
        console.print(f"note: {note}")
    console.print(f"\n{folder}/report.html  evaluation.json  predictions.tsv  drivers.tsv  model/", soft_wrap=True)


def _tabulate(item: "Comparison") -> "Table":
    """Lay out a comparison in 80 columns."""
    from rich.table import Table

    where = f", {item.reference} reference" if item.kind == "external" else ""
    title = f"{item.kind}: {item.cohort}{where} ({item.n_patients} patients, {item.n_events} events)"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("", "Harrell's C (95%)", "Uno's C", "Brier", "model minus it, C"):
        table.add_column(heading, header_style="dim", no_wrap=True)
    for row in item.rows:
        gain = item.difference(row.model)
        uno = f"{row.uno.estimate:.3f}" if row.uno else "-"
        cells = (_brief(row.harrell), uno, f"{row.brier.estimate:.3f}", _brief_gain(gain))
        table.add_row(row.label, *cells, style="bold" if row.model == "model" else None)
    if item.random:
        drawn = item.random
        reach = f"{drawn.median:.3f} ({drawn.low:.3f}-{drawn.high:.3f})"
        table.add_row(f"random genes ({len(drawn.concordance)})", reach, "", "", f"p = {drawn.p_value:.3f}")
    return table


def _brief(value: "Interval | None") -> str:
    return f"{value.estimate:.3f} ({value.low:.3f}-{value.high:.3f})" if value else "-"


def _brief_gain(gain: "Difference | None") -> str:
    if gain is None or gain.harrell is None:
        return ""
    return f"{gain.harrell.estimate:+.3f} ({gain.harrell.low:+.3f}, {gain.harrell.high:+.3f})"


def _say_left_out(console: "Console", items: "Sequence[Comparison]") -> None:
    """Give each left-out cohort a line."""
    for item in items:
        model, clinical = item.row("model"), item.row("clinical")
        text = f"left out {item.cohort} ({item.reference}): C {_brief(model.harrell if model else None)}"
        if clinical and clinical.harrell:
            text += f", clinical {clinical.harrell.estimate:.3f}"
        if item.random:
            text += f", random {item.random.median:.3f}"
        console.print(text)
    if items:
        console.print()


def say_response_finding(evaluation: "ResponseEvaluation", folder: Path) -> None:
    """Print the finding of a run that learns a label, the AUC of every row, and where the files are.

    Parameters
    ----------
    evaluation : ResponseEvaluation
        Of the run.
    folder : Path
        Where it was written.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, emoji=False, markup=False)
    console.print(f"\n{evaluation.finding}\n", style="bold")
    for item in evaluation.comparisons:
        if item.kind == "leave-one-cohort-out" and item.cohort != "all":
            model = item.row("model")
            told = f"AUC {_brief(model.auc if model else None)}"
            console.print(f"left out {item.cohort}: {told}, {item.n_patients} patients, {item.n_positive} positive")
            continue
        title = f"{item.kind}: {item.cohort} ({item.n_patients} patients, {item.n_positive} positive)"
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for heading in ("", "AUC (95%)", "Brier", "slope"):
            table.add_column(heading, header_style="dim", no_wrap=True)
        for row in item.rows:
            slope = row.slope.estimate  # NaN where everybody is told the same
            cells = (_brief(row.auc), f"{row.brier.estimate:.3f}", f"{slope:.2f}" if slope == slope else "-")
            table.add_row(row.label, *cells, style="bold" if row.model == "model" else None)
        console.print(table)
        console.print()
    for note in evaluation.notes:
        console.print(f"note: {note}")
    console.print(f"\n{folder}/report.html  evaluation.json  predictions.tsv  drivers.tsv  model/", soft_wrap=True)
