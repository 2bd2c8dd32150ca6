"""Progress bars on standard error: one a step, named after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itgstrat.training import Progress


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
    # folds may take minutes each: the time left is estimated from the last half hour, not from 30 seconds
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=1800) as bars:
        tasks: dict[str, int] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield progress
