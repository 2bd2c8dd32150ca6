"""`itgstrat train`: from a configuration to a judged model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.options import Force, Out, Overrides

if TYPE_CHECKING:
    from itgstrat.config import RunConfig


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

    Raises
    ------
    OutputError
        If the folder exists and `force` is False; nothing is read then.
    ItgstratError
        If the data cannot carry the run; nothing is written then.
    """
    from itgstrat.cli.progress import show_progress
    from itgstrat.cli.results import say_finding, say_response_finding
    from itgstrat.cli.resume import keep_work
    from itgstrat.output import check_folder

    folder = out or config.out_dir
    check_folder(folder, force)
    typer.echo(config.features.describe_panel(), err=True)
    with keep_work(config) as cache, show_progress() as progress:
        progress("loading libraries", 0, 1)
        from itgstrat.evaluation.response_table import ResponseEvaluation
        from itgstrat.training import train

        progress("loading libraries", 1, 1)
        trained = train(config, progress, cache)
        progress("writing results", 0, 1)
        trained.save(folder, force)
        progress("writing results", 1, 1)
    if isinstance(trained.evaluation, ResponseEvaluation):
        say_response_finding(trained.evaluation, folder)
    else:
        say_finding(trained.evaluation, folder)
