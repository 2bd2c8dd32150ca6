"""`itgstrat demo`: the main job on public breast cancer cohorts, from the packaged configuration."""

from pathlib import Path
from typing import Annotated

import typer

from itgstrat.cli.options import Force, Overrides


def run(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Output folder.")] = Path("itgstrat-demo"),
    overrides: Overrides = None,
    force: Force = False,
) -> None:
    """Train on two public breast cancer cohorts, validate on a third, and say what was found."""
    from importlib.resources import as_file, files

    from itgstrat.cli.train import train_and_save
    from itgstrat.config import load_config

    with as_file(files("itgstrat") / "configs" / "demo.yaml") as path:
        config = load_config(path, overrides or [])
    train_and_save(config, out, force)
