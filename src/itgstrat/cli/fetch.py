"""`itgstrat fetch`: public files by name, into a cache."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer


def run(
    names: Annotated[list[str] | None, typer.Argument(help="Such as xena:BRCA; none lists what is known.")] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Folder, in place of the cache.")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", metavar="URL", help="A mirror of the portal.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what is there already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the addresses and download nothing.")] = False,
    renew: Annotated[bool, typer.Option("--renew", help="Download again, and record new checksums.")] = False,
    retries: Annotated[int, typer.Option("--retries", min=0, help="Further attempts after a failure.")] = 5,
) -> None:
    """Download public cohorts by name: Xena, GDC, cBioPortal, GEO, TCGA-CDR; checked, resumed, cached."""
    from itgstrat.readers.download import Fetcher, find_cache
    from itgstrat.readers.public_files import load_sources

    if not names:
        for source in load_sources():
            typer.echo(f"{source.example:<45} {source.about}\n{'':<45} {source.terms}")
        return
    with ExitStack() as stack:
        fetcher = Fetcher(to or find_cache(), base_url, offline, renew, retries, progress=_show_progress(stack))
        for name in names:
            if dry_run:
                for file in fetcher.plan(name):
                    typer.echo(f"{file.url} -> {fetcher.folder / file.save}")
                continue
            for path in fetcher.fetch(name):
                typer.echo(path)


def _show_progress(stack: ExitStack) -> Callable[[str, int, int], None]:
    """Show one bar a file on a terminal, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        return lambda name, done, total: None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bars = stack.enter_context(Progress(*columns, console=console))
    tasks: dict[str, TaskID] = {}

    def show(name: str, done: int, total: int) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name)
        bars.update(tasks[name], completed=done, total=total or None)

    return show
