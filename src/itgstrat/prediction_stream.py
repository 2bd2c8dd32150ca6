"""predict_stream(bundle, stream, out): `predict` on a cohort of any size, block by block, written as it goes."""

import hashlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import pandas as pd

from itgstrat.antagonists.board import word_patients
from itgstrat.cohort import Cohort
from itgstrat.errors import CohortError, OutputError, name_some
from itgstrat.learned import ModelBundle, Reference
from itgstrat.output import check_folder, write_folder, write_tsv
from itgstrat.prediction import Prediction, predict, take_alterations_of
from itgstrat.prediction_notes import word_notes
from itgstrat.readers.cohort_stream import CohortStream

logger = logging.getLogger(__name__)

#: Called with the step, what is done of it, and how much there is.
Progress = Callable[[str, int, int], None]

_STATE = "progress.json"


@dataclass(frozen=True)
class PredictionSummary:
    """What was said of a cohort that may be too large to be held in memory; the patients are in the files.

    Parameters
    ----------
    model_name, reference : str
        As in `Prediction`.
    base : float
        As in `Prediction`.
    n_patients, n_unlike, n_foreign : int
        Patients, those out of distribution, and those whose expression is of another kind than training's.
    absent : tuple of str
        Features that the model uses and that are missing in every patient.
    strata : mapping of str to int
        Patients of each stratum.
    notes : tuple of str
        What holds for all patients, as `predict` says it of the whole cohort.
    files : tuple of str
        Names of the tables.
    """

    model_name: str
    reference: Reference
    base: float = 0.0
    n_patients: int = 0
    n_unlike: int = 0
    n_foreign: int = 0
    absent: tuple[str, ...] = ()
    strata: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def join(self, prediction: Prediction, files: Iterable[str]) -> Self:
        """Add patients.

        Parameters
        ----------
        prediction : Prediction
            Of them.
        files : iterable of str
            Names of its tables.

        Returns
        -------
        PredictionSummary
            Of the patients so far; its notes are those of the last that were added.
        """
        table = prediction.table
        counts = Counter(self.strata) + Counter({str(k): int(n) for k, n in table["stratum"].value_counts().items()})
        before = self.absent if self.n_patients else prediction.absent
        return replace(
            self,
            base=prediction.base,
            n_patients=self.n_patients + len(table),
            n_unlike=self.n_unlike + int(table["out_of_distribution"].sum()),
            n_foreign=self.n_foreign + prediction.n_foreign,
            absent=tuple(name for name in before if name in prediction.absent),
            strata=dict(counts.most_common()),
            notes=prediction.notes,
            files=tuple(dict.fromkeys((*self.files, *files))),
        )


def wanted_genes(bundle: ModelBundle) -> frozenset[str]:
    """Name the genes that a model looks at; no other has to be kept of a new cohort.

    Parameters
    ----------
    bundle : ModelBundle
        The model.

    Returns
    -------
    frozenset of str
        HGNC symbols.
    """
    rules = [] if bundle.agents is None else [bundle.agents.recipe.genes]
    lines = [names for model in bundle.transfers for names in (model.genes, model.universe)]
    return frozenset(map(str, chain(bundle.recipe.genes, *rules, *lines)))


def name_unfinished(out: Path) -> Path:
    """Name the folder beside an output folder that finished blocks are kept in."""
    return out.parent / f".{out.name}-unfinished"


def name_tables(prediction: Prediction) -> dict[str, pd.DataFrame]:
    """Name the files that the tables of a prediction are written to.

    Parameters
    ----------
    prediction : Prediction
        Of some patients.

    Returns
    -------
    dict of str to DataFrame
        File name -> table, one or more rows a patient.
    """
    tables = {
        "predictions.tsv": prediction.table,
        "explanations.tsv": prediction.explanations,
        "explanations_by_gene.tsv": prediction.genes,
        "explanations_by_system.tsv": prediction.systems,
    }
    if len(prediction.agents):
        tables |= {"agents.tsv": prediction.agents, "board.tsv": word_patients(prediction.agents)}
    return tables


def predict_stream(
    bundle: ModelBundle,
    stream: CohortStream,
    out: str | Path,
    reference: Reference = "pooled",
    *,
    resume: bool = True,
    force: bool = False,
    progress: Progress | None = None,
    finish: Callable[[Path, PredictionSummary], None] | None = None,
) -> PredictionSummary:
    """Apply a trained model to a cohort block by block, and write the tables that `predict` gives for the whole.

    Blocks are written into a folder beside `out`, ``.NAME-unfinished``, that is moved in when all is done. After a
    run was stopped the same call goes on behind the last finished block.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    stream : CohortStream
        New patients, from `stream_cohort`, with the genes that `wanted_genes` names.
    out : str or Path
        Output folder.
    reference : {"pooled", "batch"}
        As in `predict`; ``cohort`` looks at all patients at once.
    resume : bool
        Go on with the unfinished blocks of an earlier run; otherwise they are thrown away.
    force : bool
        Replace `out` if it exists.
    progress : callable, optional
        Called after every block with ``("predict", n_done, n_blocks)``.
    finish : callable, optional
        Called when all is told, with the folder that is moved in next and what was said; writes more files there.

    Returns
    -------
    PredictionSummary
        What holds for all patients.

    Raises
    ------
    CohortError
        As `predict`, or if the reference is ``cohort``.
    OutputError
        If `out` exists, cannot be written, or an unfinished run is there of another model, file or setting.
    """
    if reference == "cohort":
        raise CohortError(
            "the reference `cohort` is learned from all patients at once, so it does not go in blocks; use the pooled "
            "reference, or read the cohort as a whole"
        )
    check_folder(out, force)
    known = stream.facts()
    patients = take_alterations_of(bundle, known)  # refuses, or leaves out, patients before anything is read
    job = _describe_job(bundle, stream, known, reference)
    work = _Work.start(Path(out), job, resume, PredictionSummary(bundle.name, reference))
    n_blocks = stream.expression.n_blocks
    staying = set(patients.patients)

    def tell(cohort: Cohort | None) -> Prediction | None:
        kept = None if cohort is None else _keep(cohort, staying)
        return None if kept is None else predict(bundle, kept, reference)

    for prediction in map(tell, stream.cohorts(work.n_done)):  # so that no block outlives its prediction
        if prediction is not None:
            tables = name_tables(prediction)
            work.append(tables)
            work.said = work.said.join(prediction, tables)
            del tables, prediction  # before the next block is read
        work.finish_block()
        if progress is not None:
            progress("predict", work.n_done, n_blocks)
    said, dropped = work.said, map(str, patients.dropped[len(known.dropped) :])
    notes = word_notes(bundle, reference, said.n_patients, said.absent, said.n_foreign)
    said = replace(said, notes=(*notes, *dropped))
    work.move_in(Path(out), force, None if finish is None else lambda folder: finish(folder, said))
    return said


def _keep(cohort: Cohort, patients: set[str]) -> Cohort | None:
    """Leave out patients; None if nobody stays."""
    stays = np.fromiter((patient in patients for patient in cohort.patients), dtype=bool, count=len(cohort))
    return cohort if stays.all() else cohort[stays] if stays.any() else None


def _describe_job(bundle: ModelBundle, stream: CohortStream, known: Cohort, reference: Reference) -> dict[str, str]:
    """Everything that must be the same for blocks of two runs to stand in one table."""
    expression = stream.expression
    source = Path(expression.cohort.head.source)
    stamp = f", {source.stat().st_size} bytes, changed at {source.stat().st_mtime_ns} ns" if source.is_file() else ""
    with TemporaryDirectory() as folder:  # what is saved of a model is what it is
        model = json.loads((bundle.save(Path(folder) / "model") / "manifest.json").read_text(encoding="utf-8"))
    altered = known.alterations if known.alterations is not None else pd.DataFrame(index=known.patients)
    beside = known.clinical.to_csv() + altered.to_csv()
    return {
        "model": f"{bundle.name} ({model['sha256']})",
        "expression file": f"{source.resolve()}{stamp}",
        "clinical variables or alterations": hashlib.sha256(beside.encode()).hexdigest(),
        "unit": expression.unit,
        "genes": hashlib.sha256("\n".join(expression.genes).encode()).hexdigest(),
        "name of the cohort": stream.name,
        "reference": reference,
        "size of blocks": str(expression.block),
        "version of itgstrat": str(model.get("versions", {}).get("itgstrat", "")),
    }


@dataclass
class _Work:
    """Finished blocks in a folder beside the output, and how far they go."""

    folder: Path
    job: dict[str, str]
    said: PredictionSummary
    n_done: int = 0
    sizes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, out: Path, job: dict[str, str], resume: bool, said: PredictionSummary) -> Self:
        """Take up the blocks of an earlier run of the same job, or start anew."""
        folder = name_unfinished(out)
        if not resume:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error}; give another output folder") from error
        work = cls(folder, job, said)
        if (folder / _STATE).exists():
            work._take_up()
        return work

    def _take_up(self) -> None:
        try:
            state: dict[str, Any] = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            job, n_done, sizes, said = state["job"], int(state["n_done"]), dict(state["sizes"]), state["said"]
            short = [name for name, size in sizes.items() if (self.folder / name).stat().st_size < size]
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise OutputError(f"{self.folder / _STATE} is damaged ({error}); remove {self.folder}") from error
        if short:
            raise OutputError(f"{self.folder}: {name_some(short)} lost what was written; remove the folder")
        other = sorted(key for key in {*job, *self.job} if job.get(key) != self.job.get(key))
        if other:
            raise OutputError(
                f"{self.folder} holds {n_done} finished blocks of another run (another {name_some(other, 9)}); give "
                "another output folder, or throw the blocks away by resume=False (--no-resume)"
            )
        said = said | {name: tuple(said[name]) for name in ("absent", "notes", "files")}
        self.n_done, self.sizes, self.said = n_done, sizes, PredictionSummary(**said)
        for name, size in self.sizes.items():  # what the last run wrote of a block that it did not finish
            with (self.folder / name).open("r+b") as file:
                file.truncate(size)
        logger.info("%s: going on behind block %d", self.folder, n_done)

    def append(self, tables: dict[str, pd.DataFrame]) -> None:
        """Append the tables of a block."""
        try:
            for name, table in tables.items():
                start = self.sizes.get(name, 0)
                with (self.folder / name).open("ab" if start else "wb") as file:
                    write_tsv(table, file, header=not start)
                    self.sizes[name] = file.tell()
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be written ({error}); the finished blocks are kept") from error

    def finish_block(self) -> None:
        """Note that one more block is on disk; a stop at any moment leaves the old note or the new one."""
        self.n_done += 1
        state = {"job": self.job, "n_done": self.n_done, "sizes": self.sizes, "said": asdict(self.said)}
        fresh = self.folder / f"{_STATE}.new"
        try:
            fresh.write_text(json.dumps(state, indent=1), encoding="utf-8")
            fresh.replace(self.folder / _STATE)
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be written ({error}); the finished blocks are kept") from error

    def move_in(self, out: Path, force: bool, finish: Callable[[Path], None] | None) -> None:
        """Move the tables, and what else is written beside them, to where they belong."""

        def write(folder: Path) -> None:
            for name in self.sizes:
                try:
                    (folder / name).hardlink_to(self.folder / name)  # what is stopped here can be taken up again
                except OSError:  # a file system without links
                    shutil.copyfile(self.folder / name, folder / name)
            if finish is not None:
                finish(folder)

        write_folder(out, write, force)
        shutil.rmtree(self.folder, ignore_errors=True)
