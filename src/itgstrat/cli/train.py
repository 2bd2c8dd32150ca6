"""`itgstrat train`: from a configuration to a judged model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.options import Force, Out, Overrides

if TYPE_CHECKING:
    from itgstrat.config import RunConfig
    from itgstrat.training import Progress, TrainedRun


def run(
    config: Annotated[Path, typer.Argument(help="Run configuration (YAML).")],
    out: Out = None,
    overrides: Overrides = None,
    force: Force = False,
) -> None:
    """Train a model, judge it beside its baselines, and write model, evaluation, predictions and report."""
    from itgstrat.config import load_config

    train_and_save(load_config(config, overrides or []), out, force)


def train_and_save(config: "RunConfig", out: Path | None, force: bool) -> None:
    """Run a configuration with progress bars and say what came out.

    Parameters
    ----------
    config : RunConfig
        The run.
    out : Path or None
        Output folder; the configuration's own if None.
    force : bool
        Replace the folder if it exists.
    """
    from itgstrat.output import check_folder

    folder = out or config.out_dir
    check_folder(folder, force)
    with show_progress() as progress:
        progress("loading libraries", 0, 1)
        from itgstrat.training import train

        progress("loading libraries", 1, 1)
        trained = train(config, progress)
        progress("writing results", 0, 1)
        trained.save(folder, force)
        progress("writing results", 1, 1)
    say_finding(trained, folder)


def say_finding(trained: "TrainedRun", folder: Path) -> None:
    """Print the finding, the evaluation table and where the files are.

    Parameters
    ----------
    trained : TrainedRun
        The run.
    folder : Path
        Where it was written.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"\n[bold]{trained.evaluation.finding}[/bold]\n", highlight=False)
    for comparison in trained.evaluation.comparisons:
        where = f" ({comparison.reference} reference)" if comparison.kind == "external" else ""
        table = Table(title=f"{comparison.kind}: {comparison.cohort}{where}", title_justify="left")
        for heading in ("", "Harrell's C (95% interval)", "Uno's C", "integrated Brier score"):
            table.add_column(heading)
        for row in comparison.rows:
            table.add_row(row.label, str(row.harrell or "-"), str(row.uno or "-"), str(row.brier))
        if comparison.random:
            drawn = comparison.random
            text = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f}), p = {drawn.p_value:.3f}"
            table.add_row(f"random genes, {len(drawn.concordance)} draws", text, "", "")
        console.print(table)
    for note in trained.evaluation.notes:
        console.print(f"note: {note}", highlight=False)
    console.print(f"\n{folder}/report.html  model/  evaluation.json  predictions.tsv", highlight=False)


@contextmanager
def show_progress() -> Iterator["Progress"]:
    """Show one progress bar a step on standard error.

    Yields
    ------
    callable
        Takes ``(step, done, total)``.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield progress
