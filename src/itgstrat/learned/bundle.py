"""ModelBundle: the records of one model in one folder; save, check, load."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np

from itgstrat.errors import BundleError, name_some
from itgstrat.learned.agents import AgentRules
from itgstrat.learned.familiarity import Familiarity
from itgstrat.learned.model import SurvivalModel, pack_model, unpack_model
from itgstrat.learned.recalibrated import RecalibratedModel
from itgstrat.learned.recipe import FeatureRecipe
from itgstrat.learned.records import ArrayRecord
from itgstrat.learned.response import ResponseModel
from itgstrat.learned.strata import Strata
from itgstrat.output import write_folder

#: Version of the folder's layout. Raise it when a file or a field changes meaning, keep reading the older ones.
FORMAT = 1

_RECORDS: dict[str, type[ArrayRecord]] = {"recipe": FeatureRecipe, "strata": Strata, "familiarity": Familiarity}
_FILES = (*(f"{name}.npz" for name in _RECORDS), "model.npz", "card.md")
_AGENTS = "agents.npz"  # may be absent: no agent was asked for, or the model is older than the agents


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """One trained model: records of arrays and what is to be known about them.

    Parameters
    ----------
    recipe : FeatureRecipe
        From genes and covariates to features.
    model : SurvivalModel or ResponseModel
        From features to risk and survival, or to the probability of a label.
    strata : Strata
        From risk to stratum.
    familiarity : Familiarity
        Limits of what training saw.
    info : mapping
        Name, configuration, versions, horizons, numbers of patients; plain JSON.
    card : str
        Model card in Markdown.
    agents : AgentRules or None
        Target and context of the agents, with their thresholds.
    """

    recipe: FeatureRecipe
    model: SurvivalModel | ResponseModel
    strata: Strata
    familiarity: Familiarity
    info: Mapping[str, Any]
    card: str
    agents: AgentRules | None = None

    @property
    def name(self) -> str:
        """Name of the run that trained the model."""
        return str(self.info["name"])

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """Times at which survival is predicted, in days."""
        return tuple(map(float, self.info["horizons_days"]))

    @property
    def trained_model(self) -> SurvivalModel | ResponseModel:
        """The model as it was trained: where it was recalibrated since, risk and explanations are still its own."""
        return self.model.inner if isinstance(self.model, RecalibratedModel) else self.model

    @property
    def survival_model(self) -> SurvivalModel:
        """The model, where it is one of survival.

        Raises
        ------
        BundleError
            If it tells the probability of a label.
        """
        if isinstance(self.model, ResponseModel):
            raise BundleError(f"the model {self.name!r} predicts a label ({self.model.label}), not survival")
        return self.model

    def require_agents(self) -> AgentRules:
        """Give the rules of the agents, or say that there are none.

        Returns
        -------
        AgentRules
            The rules.

        Raises
        ------
        BundleError
            If the model was trained without them, or by a version that had none.
        """
        if self.agents is None:
            raise BundleError(
                f"the model {self.name!r} holds no rules of agents (no agents.npz): it was trained with "
                "`antagonists.agents: []`, on data without their genes, or by an older version; train it again"
            )
        return self.agents

    def save(self, folder: str | Path) -> Path:
        """Write the bundle into a new folder, all or nothing.

        Parameters
        ----------
        folder : str or Path
            Folder to make; it must not exist.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OutputError
            If the folder exists already.
        """
        contents = {f"{name}.npz": _pack(name, getattr(self, name).to_arrays()) for name in _RECORDS}
        contents["model.npz"] = _pack("model", pack_model(self.model))
        if self.agents is not None:
            contents[_AGENTS] = _pack("agents", self.agents.to_arrays())
        contents["card.md"] = self.card.encode()
        manifest = {
            "format": FORMAT,
            "kind": "itgstrat model",
            **self.info,
            "features": list(self.recipe.names),
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        }
        manifest["sha256"] = _digest(manifest)
        contents["manifest.json"] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()

        def write(workplace: Path) -> None:
            for name, content in contents.items():
                (workplace / name).write_bytes(content)

        return write_folder(folder, write)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a bundle: check everything first, build the records only then. No code in it can run.

        Parameters
        ----------
        folder : str or Path
            Folder that `save` wrote.

        Returns
        -------
        ModelBundle
            An equal bundle.

        Raises
        ------
        BundleError
            If the folder is no bundle, is of a newer format, or a file is missing, foreign or changed.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        contents = _read_files(folder, manifest)
        records = {name: kind.from_arrays(_unpack(contents, name)) for name, kind in _RECORDS.items()}
        if list(records["recipe"].names) != manifest.get("features"):  # type: ignore[attr-defined]
            raise BundleError(f"{folder}: the features of the recipe are not those of the manifest")
        info = {key: value for key, value in manifest.items() if key not in _OWN_KEYS}
        model = unpack_model(_unpack(contents, "model"))
        agents = AgentRules.from_arrays(_unpack(contents, "agents")) if _AGENTS in contents else None
        card = contents["card.md"].decode()
        return cls(**records, model=model, info=info, card=card, agents=agents)  # type: ignore[arg-type]


_OWN_KEYS = {"format", "kind", "features", "files", "sha256"}


def _pack(name: str, arrays: Mapping[str, Any]) -> bytes:
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:  # numpy would pickle them, and before 2.2 savez cannot be told not to
        raise BundleError(f"{name}: {name_some(objects)} hold objects; a bundle holds plain arrays")
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _unpack(contents: Mapping[str, bytes], name: str) -> dict[str, Any]:
    try:
        with np.load(BytesIO(contents[f"{name}.npz"]), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, BadZipFile, EOFError) as error:
        raise BundleError(f"{name}.npz holds no plain arrays ({error})") from error


def _digest(manifest: Mapping[str, Any]) -> str:
    """Hash of everything in the manifest but the hash itself."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"{folder} is no model bundle: it has no readable manifest.json") from error
    except ValueError as error:
        raise BundleError(f"{path} is damaged: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != "itgstrat model":
        raise BundleError(f"{path} is not the manifest of an itgstrat model")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{folder} has format {manifest.get('format')!r}; this version reads format {FORMAT}: "
            "use the itgstrat version that wrote it, or train again"
        )
    if manifest.get("sha256") != _digest(manifest):
        raise BundleError(f"{path} was changed after it was written (its hash does not match)")
    return manifest


def _read_files(folder: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    listed = manifest.get("files")
    if not isinstance(listed, dict) or set(listed) - {_AGENTS} != set(_FILES):
        raise BundleError(f"{folder}: the manifest does not list the files of a model ({', '.join(_FILES)})")
    present = {path.name for path in folder.iterdir()} - {"manifest.json"}
    faults = []
    if present - set(listed):
        faults.append(f"foreign: {name_some(sorted(present - set(listed)))}")
    if set(listed) - present:
        faults.append(f"missing: {name_some(sorted(set(listed) - present))}")
    contents = {name: (folder / name).read_bytes() for name in listed if name in present}
    changed = [name for name, content in contents.items() if hashlib.sha256(content).hexdigest() != listed[name]]
    if changed:
        faults.append(f"changed: {name_some(changed)}")
    if faults:
        raise BundleError(f"{folder} was altered after it was written; {'; '.join(faults)}; get a fresh copy")
    return contents
