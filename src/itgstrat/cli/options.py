"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, such as model.l1_ratio=0.1; repeatable."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Output folder.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output folder if it exists.")]
