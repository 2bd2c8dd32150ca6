"""AgentRules: target and context of every agent against thresholds that training froze."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError
from itgstrat.learned.quantiles import learn_quantiles, place
from itgstrat.learned.recipe import FeatureRecipe, Featurised, Reference
from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

#: Arrays of the recipe in a saved record.
_RECIPE = "recipe/"

#: How far below its threshold a position may be by rounding: a training patient can stand on it exactly.
_ROUNDING = 1e-9

#: Answers, from the conjunction of three-valued clauses.
CALLS = ("not eligible", "cannot tell", "eligible")


@dataclass(frozen=True, eq=False)
class AgentAnswers:
    """What the rules say of some patients.

    Parameters
    ----------
    holds : ndarray of float64, shape (n_patients, n_clauses)
        1 where the clause holds, 0 where not, NaN where that cannot be told.
    position : ndarray of float64, shape (n_patients, n_clauses)
        Share of the reference that is lower (of the highest target, where there are several); NaN for a state, and
        where it cannot be told.
    margin : ndarray of float64, shape (n_patients, n_clauses)
        How far the position is beyond the threshold, in the direction asked for; NaN where the position is.
    option : ndarray of int, shape (n_patients, n_clauses)
        Which option of the clause counted, as a position in `AgentRules.option`.
    """

    holds: Floats
    position: Floats
    margin: Floats
    option: Ints


@dataclass(frozen=True, eq=False)
class AgentRules(ArrayRecord):
    """The rule of every agent: a conjunction of clauses, and the reference quantiles that they are held against.

    Clause ``c`` owns the slice ``start[c]:start[c + 1]`` of `option`. Quantiles are taken within each training cohort
    and averaged by its patients, so that a platform does not widen them: first row for features standardised by the
    pooled reference, second for those standardised by their own cohort's.

    Parameters
    ----------
    recipe : FeatureRecipe
        How the scores of the rules are made; its `mix` adjusts heterodimers where the model adjusts them.
    agents, classes : ndarray of str, shape (n_agents,)
        Id and class of each agent.
    agent : ndarray of int, shape (n_clauses,)
        Agent that each clause belongs to, rising.
    kind : ndarray of str, shape (n_clauses,)
        ``target`` (one an agent), ``context``, ``marker`` or ``state``.
    label : ndarray of str, shape (n_clauses,)
        The clause in words.
    direction : ndarray of float64, shape (n_clauses,)
        1 for high or present, -1 for low or absent.
    threshold : ndarray of float64, shape (n_clauses,)
        Quantile of the reference; NaN for a state.
    start : ndarray of int, shape (n_clauses + 1,)
        Slices of `option`.
    option : ndarray of str, shape (n_options,)
        Scores of which the highest counts, or for a state the alterations.
    scores, genes : ndarray of str, shape (n_scores,)
        Every score that a rule names, and its genes apart by spaces.
    probabilities : ndarray of float64, shape (n_quantiles,)
        Rising, from 0 to 1.
    quantiles, adjusted_quantiles : ndarray of float64, shape (2, n_groups, n_scores, n_quantiles)
        Of the scores in the reference, as they are and adjusted; NaN where training could not score. The second is
        empty where the model adjusts nothing.
    groups : ndarray of str, shape (n_groups,)
        Tumour types of the reference; the last, an empty string, is all patients.
    sizes : ndarray of int, shape (n_groups,)
        Patients of each group.
    tumour_type : str
        Clinical variable that names the group; may be empty.
    reference : str
        Names of the training cohorts.
    """

    recipe: FeatureRecipe
    agents: npt.NDArray[np.str_]
    classes: npt.NDArray[np.str_]
    agent: Ints
    kind: npt.NDArray[np.str_]
    label: npt.NDArray[np.str_]
    direction: Floats
    threshold: Floats
    start: Ints
    option: npt.NDArray[np.str_]
    scores: npt.NDArray[np.str_]
    genes: npt.NDArray[np.str_]
    probabilities: Floats
    quantiles: Floats
    adjusted_quantiles: Floats
    groups: npt.NDArray[np.str_]
    sizes: Ints
    tumour_type: str
    reference: str

    @property
    def adjusts(self) -> bool:
        """Whether there is an adjusted answer beside the plain one."""
        return bool(self.adjusted_quantiles.size)

    @property
    def alterations(self) -> tuple[str, ...]:
        """Alterations that the rules ask for."""
        states = [self.option[self.options(c)] for c in np.flatnonzero(self.kind == "state").tolist()]
        return tuple(dict.fromkeys(str(name) for names in states for name in names))

    def options(self, clause: int) -> slice:
        """Give the slice of `option` that a clause owns."""
        return slice(int(self.start[clause]), int(self.start[clause + 1]))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give every field as an array, those of the recipe with a prefix."""
        own = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self) if field.name != "recipe"}
        return own | {f"{_RECIPE}{name}": array for name, array in self.recipe.to_arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build the record from what `to_arrays` gave.

        Raises
        ------
        BundleError
            If an array is missing or one too many is there.
        """
        inner = {name.removeprefix(_RECIPE): array for name, array in arrays.items() if name.startswith(_RECIPE)}
        own = {name: array for name, array in arrays.items() if not name.startswith(_RECIPE)}
        expected = {field.name for field in fields(cls)} - {"recipe"}
        if expected != set(own):
            raise BundleError(
                f"agents.npz needs the arrays {sorted(expected)}, found {sorted(own)}; "
                "the bundle was made by another version or is damaged"
            )
        plain: dict[str, Any] = {name: array.item() if array.ndim == 0 else array for name, array in own.items()}
        return cls(recipe=FeatureRecipe.from_arrays(inner), **plain)

    def featurise(
        self,
        expression: npt.NDArray[np.floating],
        genes: Sequence[str],
        batch: npt.NDArray[np.str_],
        covariates: Mapping[str, npt.NDArray[Any]],
        ranked: bool = False,
        reference: Reference = "pooled",
    ) -> Featurised:
        """Make the scores of the rules, not adjusted; as `FeatureRecipe.featurise`."""
        plain = replace(self.recipe, mix=np.empty((0, 0)))
        return plain.featurise(expression, genes, batch, covariates, ranked, reference)

    def find_groups(self, types: Sequence[str]) -> Ints:
        """Find the reference group of each patient; a type that training did not have is held against all.

        Parameters
        ----------
        types : sequence of str
            Tumour type of each patient.

        Returns
        -------
        ndarray of int, shape (n_patients,)
            Positions in `groups`.
        """
        rows = {str(name): row for row, name in enumerate(self.groups[:-1])}
        return np.array([rows.get(name, len(self.groups) - 1) for name in types], dtype=np.intp)

    def relearned(self, featurised: Featurised) -> "AgentRules":
        """Take the quantiles anew from these very patients, as the reference ``cohort`` does; no outcome is looked at.

        Parameters
        ----------
        featurised : Featurised
            From `featurise` with the reference ``cohort``.

        Returns
        -------
        AgentRules
            With one group, all of them; the thresholds stay the same quantiles.
        """
        n_patients, one = len(featurised.batch), np.full(len(featurised.batch), "")

        def learn(adjusted: bool) -> Floats:
            quantiles = learn_quantiles(self.standardised(featurised, adjusted), one, self.probabilities)
            return np.stack([quantiles[None]] * 2)

        return replace(
            self,
            quantiles=learn(False),
            adjusted_quantiles=learn(True) if self.adjusts else self.adjusted_quantiles,
            groups=np.array([""]),
            sizes=np.array([n_patients]),
            reference="these patients themselves",
        )

    def judge(
        self,
        featurised: Featurised,
        groups: Ints,
        alterations: Mapping[str, Floats],
        reference: Reference = "pooled",
        adjusted: bool = False,
    ) -> AgentAnswers:
        """Hold patients against the rules; every patient alone.

        Parameters
        ----------
        featurised : Featurised
            From `featurise`.
        groups : ndarray of int, shape (n_patients,)
            From `find_groups`.
        alterations : mapping of str to ndarray of float64, shape (n_patients,)
            1 present, 0 absent, NaN not assessed; an alteration that is not named was assessed in nobody.
        reference : {"pooled", "batch", "cohort"}
            Reference that the features were standardised by.
        adjusted : bool
            Take adjusted heterodimers.

        Returns
        -------
        AgentAnswers
            Clause by clause.
        """
        names, position = self._positions(featurised, groups, 0 if reference == "pooled" else 1, adjusted)
        shape = (len(groups), len(self.kind))
        holds, best, margin = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
        option = np.zeros(shape, dtype=np.intp)
        for c, kind in enumerate(self.kind):
            own = self.options(c)
            if kind == "state":
                unknown = np.full(len(groups), np.nan)
                found = np.stack([alterations.get(str(name), unknown) for name in self.option[own]], axis=1)
                holds[:, c] = _any_present(found) if self.direction[c] > 0 else 1 - _any_present(found)
                option[:, c] = own.start
                continue
            among = position[:, [names[str(name)] for name in self.option[own]]]
            option[:, c] = own.start + np.where(np.isnan(among), -np.inf, among).argmax(axis=1)
            highest = among.max(axis=1, initial=-1.0, where=~np.isnan(among))
            bar = self.threshold[c]
            beyond = highest - bar if self.direction[c] > 0 else (1 - bar) - highest
            # one target that is high suffices; that none is cannot be told while one is unknown
            told = (highest >= 0) & (~np.isnan(among).any(axis=1) | (beyond >= -_ROUNDING))
            holds[:, c] = np.where(told, beyond >= -_ROUNDING, np.nan)
            best[:, c], margin[:, c] = np.where(told, highest, np.nan), np.where(told, beyond, np.nan)
        return AgentAnswers(holds, best, margin, option)

    def call(self, answers: AgentAnswers) -> Ints:
        """Join the clauses of each agent.

        Parameters
        ----------
        answers : AgentAnswers
            From `judge`.

        Returns
        -------
        ndarray of int, shape (n_patients, n_agents)
            0 not eligible: a clause fails, whatever is unknown; 1 cannot tell: none fails and one is unknown;
            2 eligible. Positions in `CALLS`.
        """
        calls = np.empty((len(answers.holds), len(self.agents)), dtype=np.intp)
        for a in range(len(self.agents)):
            own = answers.holds[:, self.agent == a]
            calls[:, a] = np.where((own == 0).any(axis=1), 0, np.where(np.isnan(own).any(axis=1), 1, 2))
        return calls

    def target_high(self, answers: AgentAnswers) -> Floats:
        """Tell whether the target of each agent is high: 1, 0 or NaN, shape (n_patients, n_agents)."""
        return answers.holds[:, np.flatnonzero(self.kind == "target")]

    def unmeasured(self, featurised: Featurised) -> tuple[npt.NDArray[np.str_], Bools]:
        """Tell which genes of the rules were not measured in whom.

        Parameters
        ----------
        featurised : Featurised
            From `featurise`.

        Returns
        -------
        genes : ndarray of str, shape (n_genes,)
            All genes that a score of a rule asks for.
        missing : ndarray of bool, shape (n_patients, n_genes)
            Not measured in the patient, or in nobody of training.
        """
        asked = np.array(sorted({gene for names in self.genes for gene in str(names).split()}), dtype=str)
        member = {str(gene): at for at, gene in enumerate(self.recipe.genes[self.recipe.members])}
        missing = np.ones((len(featurised.batch), len(asked)), dtype=bool)
        for g, gene in enumerate(asked):
            if str(gene) in member:
                missing[:, g] = np.isnan(featurised.measured.values[:, member[str(gene)]])
        return asked, missing

    def _positions(
        self, featurised: Featurised, groups: Ints, row: int, adjusted: bool
    ) -> tuple[dict[str, int], Floats]:
        """Place every score among those of the reference; NaN where it was withheld or training has none."""
        quantiles = (self.adjusted_quantiles if adjusted else self.quantiles)[row]
        values = self.standardised(featurised, adjusted)
        position = np.full((len(groups), len(self.scores)), np.nan)
        for group in np.unique(groups).tolist():
            mine = groups == group
            for s in range(len(self.scores)):
                position[mine, s] = place(values[mine, s], quantiles[group, s], self.probabilities)
        return {str(name): at for at, name in enumerate(self.scores)}, position

    def standardised(self, featurised: Featurised, adjusted: bool = False) -> Floats:
        """Give the standardised scores in the order of `scores`.

        Parameters
        ----------
        featurised : Featurised
            From `featurise`.
        adjusted : bool
            Take adjusted heterodimers.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_scores)
            NaN where a score was withheld, training could not make it, or something that it is adjusted for is missing.
        """
        mix, values, missing = self.recipe.mix, featurised.features.values, featurised.features.missing
        if adjusted:
            # what is imputed would pass for measured in the adjustment: the adjusted score is unknown then
            missing = (missing.astype(np.float64) @ (mix != 0).T) > 0
            values = values @ mix.T
        known = np.where(missing, np.nan, values)
        column = {str(name): at for at, name in enumerate(self.recipe.signatures)}
        found = [known[:, column[name]] if name in column else np.full(len(known), np.nan) for name in self.scores]
        return np.stack(found, axis=1)


def _any_present(found: Floats) -> Floats:
    """1 where an alteration is present, 0 where all are absent, NaN where that cannot be told."""
    present = (found == 1).any(axis=1)
    return np.where(present, 1.0, np.where(np.isnan(found).any(axis=1), np.nan, 0.0))
