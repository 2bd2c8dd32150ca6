"""ModelBundle: the records of one model in one folder; save, check, load."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from itgstrat.errors import BundleError, name_some
from itgstrat.learned.agents import AgentRules
from itgstrat.learned.benefit import BenefitModel, Score
from itgstrat.learned.familiarity import Familiarity
from itgstrat.learned.lower_bound import LowerBound
from itgstrat.learned.model import SurvivalModel, pack_model, unpack_model
from itgstrat.learned.recalibrated import RecalibratedModel
from itgstrat.learned.recipe import FeatureRecipe
from itgstrat.learned.records import ArrayRecord, digest_arrays, pack_arrays, unpack_arrays
from itgstrat.learned.response import ResponseModel
from itgstrat.learned.spread import RiskSpread
from itgstrat.learned.strata import Strata
from itgstrat.learned.transfer import TransferModel
from itgstrat.output import write_folder

#: Version of the folder's layout. Raise it when a file or a field changes meaning, keep reading the older ones.
FORMAT = 1

_RECORDS: dict[str, type[ArrayRecord]] = {"recipe": FeatureRecipe, "strata": Strata, "familiarity": Familiarity}
_FILES = (*(f"{name}.npz" for name in _RECORDS), "model.npz", "card.md")
# may be absent: not asked for, not to be learned, nothing attached, or the model is older than these
_SINGLE: dict[str, type[ArrayRecord]] = {"agents": AgentRules, "lower_bound": LowerBound, "spread": RiskSpread}
_TRANSFERS, _BENEFITS = ("transfer.npz", "benefit.npz")
_OPTIONAL = (*(f"{name}.npz" for name in _SINGLE), _TRANSFERS, _BENEFITS)

_Attached = TypeVar("_Attached", TransferModel, BenefitModel)


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
    transfers : tuple of TransferModel
        Sensitivities learned on cell lines; at most one an agent.
    benefits : tuple of BenefitModel
        What cohorts with two arms said; at most one an agent.
    lower_bound : LowerBound or None
        Calibrated lower bound of survival; of this very model, so that a recalibrated one has none.
    spread : RiskSpread or None
        The linear risk over bootstrap samples of the training patients.
    """

    recipe: FeatureRecipe
    model: SurvivalModel | ResponseModel
    strata: Strata
    familiarity: Familiarity
    info: Mapping[str, Any]
    card: str
    agents: AgentRules | None = None
    transfers: tuple[TransferModel, ...] = ()
    benefits: tuple[BenefitModel, ...] = ()
    lower_bound: LowerBound | None = None
    spread: RiskSpread | None = None

    @property
    def name(self) -> str:
        """Name of the run that trained the model."""
        return str(self.info["name"])

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """Times at which survival is predicted, in days."""
        return tuple(map(float, self.info["horizons_days"]))

    @property
    def unjudged_days(self) -> tuple[float, ...]:
        """Horizons at which the cross-validation could not judge the model, so that no survival is told of patients.

        None are known of a model that is older than what it is read from, ``evaluation`` in `info`.
        """
        evaluation = self.info.get("evaluation")
        judged = set(evaluation[0]["horizons_days"] if evaluation else self.horizons_days)
        return tuple(days for days in self.horizons_days if days not in judged)

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

    def without_agents(self) -> Self:
        """Leave out what is told of agents, as for patients by the ten thousand: it is most of what is written.

        Returns
        -------
        ModelBundle
            The same model without rules of agents and what was attached to them.
        """
        return replace(self, agents=None, transfers=(), benefits=())

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

    def digest_score(self, score: Score) -> str:
        """Tell the scores of this model from those of any other, by a digest of what they are made with.

        Parameters
        ----------
        score : {"risk", "target_context"}
            The model's risk, or `value` of tier T1.

        Returns
        -------
        str
            SHA-256; recalibration does not change it, as it does not change the risk.

        Raises
        ------
        BundleError
            If the model tells no such score.
        """
        if score == "target_context":
            return digest_arrays(self.require_agents().to_arrays())
        model = self.survival_model
        trained = model.inner if isinstance(model, RecalibratedModel) else model
        own = {f"model/{name}": array for name, array in pack_model(trained).items()}
        return digest_arrays(own | self.recipe.to_arrays())

    def attach(self, *records: TransferModel | BenefitModel) -> Self:
        """Give the model what cell lines or cohorts with arms said of its agents (tiers T2 and T3).

        Parameters
        ----------
        *records : TransferModel or BenefitModel
            At most one of each kind an agent.

        Returns
        -------
        ModelBundle
            A new bundle whose card names them; this one is unchanged.

        Raises
        ------
        BundleError
            If the model has no rule of an agent or a record of it already, or a score is that of another model.
        """
        known = list(map(str, self.require_agents().agents))
        transfers = (*self.transfers, *(one for one in records if isinstance(one, TransferModel)))
        benefits = (*self.benefits, *(one for one in records if isinstance(one, BenefitModel)))
        faults = [f"no agent {one.agent!r}, it has {name_some(known, 30)}" for one in records if one.agent not in known]
        for tier, named in (("T2", [one.agent for one in transfers]), ("T3", [one.agent for one in benefits])):
            twice = sorted({name for name in named if named.count(name) > 1})
            faults += [f"two records of tier {tier} for {name_some(twice)}, one an agent is told"] * bool(twice)
        faults += [
            f"a benefit of {one.agent} by the {one.score} of another model ({one.model_name})"
            for one in records
            if isinstance(one, BenefitModel) and one.model_digest != self.digest_score(one.score)  # type: ignore[arg-type]
        ]
        if faults:
            raise BundleError(f"the model {self.name!r} would have {'; '.join(faults)}")
        lines = "".join(f"- {_say_attached(one)}\n" for one in records)
        card = f"{self.card}\n## Attached to the agents after training\n\n{lines}"
        return replace(self, transfers=transfers, benefits=benefits, card=card)

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
        contents = {f"{name}.npz": pack_arrays(name, getattr(self, name).to_arrays()) for name in _RECORDS}
        contents["model.npz"] = pack_arrays("model", pack_model(self.model))
        for name in _SINGLE:
            if (record := getattr(self, name)) is not None:
                contents[f"{name}.npz"] = pack_arrays(name, record.to_arrays())
        for file, attached in ((_TRANSFERS, self.transfers), (_BENEFITS, self.benefits)):
            if attached:
                contents[file] = pack_arrays(file, _join(attached))
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
        arrays = {name: unpack_arrays(name, content) for name, content in contents.items() if name.endswith(".npz")}
        present = {name: kind for name, kind in (_RECORDS | _SINGLE).items() if f"{name}.npz" in arrays}
        records = {name: kind.from_arrays(arrays[f"{name}.npz"]) for name, kind in present.items()}
        if list(records["recipe"].names) != manifest.get("features"):  # type: ignore[attr-defined]
            raise BundleError(f"{folder}: the features of the recipe are not those of the manifest")
        info = {key: value for key, value in manifest.items() if key not in _OWN_KEYS}
        return cls(
            **records,  # type: ignore[arg-type]
            model=unpack_model(arrays["model.npz"]),
            info=info,
            card=contents["card.md"].decode(),
            transfers=_split(TransferModel, arrays.get(_TRANSFERS, {})),
            benefits=_split(BenefitModel, arrays.get(_BENEFITS, {})),
        )


_OWN_KEYS = {"format", "kind", "features", "files", "sha256"}


def _join(records: Sequence[ArrayRecord]) -> dict[str, Any]:
    """Arrays of several records, behind their numbers."""
    return {f"{at}/{name}": array for at, one in enumerate(records) for name, array in one.to_arrays().items()}


def _split(kind: type[_Attached], arrays: Mapping[str, Any]) -> tuple[_Attached, ...]:
    """Records from what `_join` gave, in their order."""
    apart: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        at, _, name = key.partition("/")
        apart.setdefault(at, {})[name] = array
    return tuple(kind.from_arrays(own) for own in apart.values())


def _say_attached(record: TransferModel | BenefitModel) -> str:
    tier = "T2, cell lines" if isinstance(record, TransferModel) else "T3, two arms"
    verdict = f"; **withheld**: {record.reason}" if record.withheld else ""
    return f"{record.agent} ({tier}): {record.source}{verdict}"


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
    if not isinstance(listed, dict) or set(listed) - set(_OPTIONAL) != set(_FILES):
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
