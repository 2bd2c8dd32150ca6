"""Work that is done stays done: where the finished folds of a run are kept until its results are written."""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from itgstrat.config import RunConfig

logger = logging.getLogger(__name__)


@contextmanager
def keep_work(config: "RunConfig") -> Iterator[Path | None]:
    """Give the folder of finished work; a run that is stopped or fails says how to go on from there.

    It is `compute.cache`, which stays, or a folder of the run in the user's cache, which goes when all is done. The
    latter is never beside the configuration or the results: Python objects are loaded from it, and those folders may
    come from somebody else.

    Parameters
    ----------
    config : RunConfig
        The run.

    Yields
    ------
    Path or None
        The folder; None where the cache of the user cannot be written to.
    """
    folder = Path(config.compute.cache) if config.compute.cache else _own_folder(config)
    done = False
    try:
        yield folder
        done = True
    finally:
        if folder is not None:
            kept = not done and any(folder.rglob("output.pkl"))
            if kept:
                typer.echo(f"finished folds are kept in {folder}: the same command goes on from there", err=True)
            elif not config.compute.cache:
                shutil.rmtree(folder, ignore_errors=True)


def _own_folder(config: "RunConfig") -> Path | None:
    from itgstrat.readers.download import find_cache

    same = config.model_dump_json(exclude={"out", "compute"})
    folder = find_cache() / "runs" / f"{config.name}-{hashlib.sha256(same.encode()).hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        logger.warning("finished folds are not kept: %s", error)
        return None
    return folder
