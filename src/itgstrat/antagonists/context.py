"""Tier T1, target_context: is the target of an agent high, and its context there? By rules frozen in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.tiers import TARGET_CONTEXT, lay_out, name_marked
from itgstrat.biology import load_catalogue
from itgstrat.biology.eligibility import find_contradictions
from itgstrat.cohort import Cohort
from itgstrat.learned import CALLS, AgentAnswers, AgentRules, Featurised, Reference
from itgstrat.learned.references import name_level

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Judged:
    """Patients held against the rules of all agents.

    Parameters
    ----------
    rules : AgentRules
        The rules.
    patients : tuple of str
        Patients.
    answers : AgentAnswers
        By plain scores.
    adjusted : AgentAnswers or None
        By heterodimers adjusted for stroma or purity, where the model adjusts them.
    missing : ndarray of str, shape (n_patients, n_agents)
        Genes and alterations that a rule asks for and that were not measured or assessed; empty where all were.
    missing_target : ndarray of str, shape (n_patients, n_agents)
        Those of them that the target needs.
    source : ndarray of str, shape (n_patients,)
        What the thresholds are quantiles of.
    foreign : ndarray of bool, shape (n_patients,)
        Patients for whom thresholds do not hold, because their expression is of another kind than training's.
    """

    rules: AgentRules
    patients: tuple[str, ...]
    answers: AgentAnswers
    adjusted: AgentAnswers | None
    missing: npt.NDArray[np.object_]
    missing_target: npt.NDArray[np.object_]
    source: npt.NDArray[np.object_]
    foreign: npt.NDArray[np.bool_]

    @property
    def classes(self) -> dict[str, str]:
        """Id of each agent -> its class."""
        return dict(zip(self.rules.agents.tolist(), self.rules.classes.tolist(), strict=True))


def judge_cohort(
    rules: AgentRules,
    cohort: Cohort,
    reference: Reference = "pooled",
    foreign: npt.NDArray[np.bool_] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> Judged:
    """Hold a cohort against the rules; each patient alone, unless `reference` is ``cohort``.

    Parameters
    ----------
    rules : AgentRules
        From a model.
    cohort : Cohort
        Patients; alterations that were not loaded are not assessed, never wild type.
    reference : {"pooled", "batch", "cohort"}
        As for a prediction; ``cohort`` takes the quantiles of these very patients, too.
    foreign : ndarray of bool, shape (n_patients,), optional
        Patients whose expression is of another kind than training's: thresholds do not hold for them, so nothing that
        is scored is told, unless `reference` is ``cohort``.
    arrays : mapping of str to Any, optional
        What a recipe takes of the cohort where that is known already, such as ranks; its own tables if not given.

    Returns
    -------
    Judged
        Clause by clause, patient by patient.

    Raises
    ------
    CohortError
        If none of the agents' genes was measured.
    """
    featurised = rules.featurise(**(cohort.arrays() if arrays is None else arrays), reference=reference)
    if reference == "cohort":
        rules, foreign = rules.relearned(featurised), None
    outside = np.zeros(len(cohort), dtype=bool) if foreign is None else foreign
    groups = rules.find_groups(_types(rules.tumour_type, cohort))
    altered = _alterations(rules, cohort)
    plain = rules.judge(featurised, groups, altered, reference)
    adjusted = rules.judge(featurised, groups, altered, reference, adjusted=True) if rules.adjusts else None
    every = np.ones(len(rules.kind), dtype=bool)
    return Judged(
        rules=rules,
        patients=tuple(map(str, cohort.patients)),
        answers=_withhold(rules, plain, outside),
        adjusted=_withhold(rules, adjusted, outside) if adjusted else None,
        missing=_name_missing(rules, featurised, altered, every),
        missing_target=_name_missing(rules, featurised, altered, rules.kind == "target"),
        source=np.array([_describe_group(rules, row) for row in range(len(rules.groups))], dtype=object)[groups],
        foreign=outside,
    )


def _withhold(rules: AgentRules, answers: AgentAnswers, rows: npt.NDArray[np.bool_]) -> AgentAnswers:
    """Make all that is scored unknown in some patients; a mutation that excludes them still does."""
    hidden = rows[:, None] & (rules.kind != "state")
    return AgentAnswers(
        holds=np.where(hidden, np.nan, answers.holds),
        position=np.where(hidden, np.nan, answers.position),
        margin=np.where(hidden, np.nan, answers.margin),
        option=answers.option,
    )


def tabulate_context(judged: Judged) -> pd.DataFrame:
    """Lay tier T1 out, one row a patient and agent.

    Parameters
    ----------
    judged : Judged
        From `judge_cohort`.

    Returns
    -------
    DataFrame
        patient, agent, class, tier, value, call, decided_by, missing, source, caveat; where the model adjusts
        heterodimers also value_adjusted, call_adjusted and decided_by_adjusted. ``value`` is how far the weakest
        clause is beyond its threshold, in quantiles of the reference: 0 or more where all of them hold; missing where
        one is unknown.
    """
    known = load_catalogue().agents
    cells = _columns(judged.rules, judged.answers)
    if judged.adjusted is not None:
        adjusted = _columns(judged.rules, judged.adjusted)
        cells |= {f"{name}_adjusted": column for name, column in adjusted.items()}
    cells |= {"missing": judged.missing, "source": judged.source[:, None]}
    disagree = [name for name in judged.classes if name in known and find_contradictions(known[name])]
    return lay_out(TARGET_CONTEXT, judged.patients, judged.classes, cells, judged.foreign, disagree)


def count_calls(table: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count the answers of tier T1 for each agent.

    Parameters
    ----------
    table : DataFrame
        From `tabulate_context`; rows of other tiers are left out.
    by : sequence of str
        Columns to count apart by, besides the agent.

    Returns
    -------
    DataFrame
        class, agent, those of `by`, patients, one column a call, reasons; agents in the order of the table. Reasons
        are the clauses that decided for patients who are not eligible or cannot be told, the commonest first.
    """
    rows = table[table["tier"] == TARGET_CONTEXT]
    counted = []
    for keys, own in rows.groupby(["class", "agent", *by], sort=False):
        calls = own["call"].value_counts()
        against = own[own["call"] != CALLS[2]]
        reasons = against["decided_by"].map(_strip_numbers).str.split("; ").explode().value_counts()
        counted.append(
            {
                **dict(zip(["class", "agent", *by], keys, strict=True)),
                "patients": len(own),
                **{call: int(calls.get(call, 0)) for call in CALLS},
                "reasons": "; ".join(f"{reason} ({count})" for reason, count in reasons.items()),
            }
        )
    return pd.DataFrame(counted)


def take_adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Put the adjusted answers in the place of the plain ones.

    Parameters
    ----------
    table : DataFrame
        From `tabulate_context`, of a model that adjusts heterodimers.

    Returns
    -------
    DataFrame
        A copy with the adjusted value, call and decided_by.
    """
    return table.assign(**{name: table[f"{name}_adjusted"] for name in ("value", "call", "decided_by")})


def word_clause(rules: AgentRules, clause: int) -> str:
    """Put a clause with its threshold into words.

    Parameters
    ----------
    rules : AgentRules
        The rules.
    clause : int
        Number of the clause.

    Returns
    -------
    str
        For instance ``target itg_avb6 >= 0.67``.
    """
    kind, label, bar = str(rules.kind[clause]), str(rules.label[clause]), float(rules.threshold[clause])
    if kind == "state":
        names = [str(name) for name in rules.option[rules.options(clause)]]
        return f"{label} ({', '.join(names)} {'present' if rules.direction[clause] > 0 else 'absent'})"
    sign = f">= {bar:.2f}" if rules.direction[clause] > 0 else f"<= {1 - bar:.2f}"
    return f"{kind} {label} {sign}"


def _columns(rules: AgentRules, answers: AgentAnswers) -> dict[str, npt.NDArray[np.generic]]:
    """Value, call and the clause that decided, of every patient and agent."""
    calls = rules.call(answers)
    value, decided = np.full(calls.shape, np.nan), np.empty(calls.shape, dtype=object)
    words = [_word_answers(rules, answers, clause) for clause in range(len(rules.kind))]
    for a in range(len(rules.agents)):
        own = np.flatnonzero(rules.agent == a)
        margin, holds = answers.margin[:, own[rules.kind[own] != "state"]], answers.holds[:, own]
        value[:, a] = margin.min(axis=1)
        nearest = own[rules.kind[own] != "state"][margin.argmin(axis=1)]
        # those that fail, or else are unknown, or else the one nearest to its threshold
        named = np.choose(calls[:, [a]], [holds == 0, np.isnan(holds), own == nearest[:, None]])
        decided[:, a] = _join_named([words[clause] for clause in own.tolist()], named)
    return {"value": value, "call": np.array(CALLS, dtype=object)[calls], "decided_by": decided}


def _join_named(words: Sequence[npt.NDArray[np.object_]], named: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Join what is named in each row by semicolons, column after column."""
    joined = np.full(len(named), "", dtype=object)
    for column, wanted in zip(words, named.T, strict=True):
        joined = np.where(wanted, np.where(joined == "", column, joined + "; " + column), joined)
    return joined


def _word_answers(rules: AgentRules, answers: AgentAnswers, clause: int) -> npt.NDArray[np.object_]:
    """Word a clause for every patient; answers alike share the work."""
    kind, name = str(rules.kind[clause]), f"{rules.kind[clause]} {rules.label[clause]}"
    holds, position = answers.holds[:, clause], answers.position[:, clause]
    words = np.full(len(holds), f"{name}: {'not assessed' if kind == 'state' else 'not known'}", dtype=object)
    known = np.flatnonzero(~np.isnan(holds))
    if kind == "state":
        words[known] = np.array([f"{name}: no", f"{name}: yes"], dtype=object)[holds[known].astype(np.intp)]
        return words
    several = rules.start[clause + 1] - rules.start[clause] > 1
    bar = float(rules.threshold[clause])
    bar = bar if rules.direction[clause] > 0 else 1 - bar
    # rounded to the side it is on, so that 0.666 against 0.667 does not read as equal
    percent = np.round(position[known] * 100, 6)
    percent = np.where(position[known] < bar, np.floor(percent), np.ceil(percent))
    pairs = list(zip(answers.option[known, clause].tolist(), percent.tolist(), strict=True))
    told = {
        (option, place): f"{name}{f', {rules.option[option]}' if several else ''}: {place / 100:.2f} against {bar:.2f}"
        for option, place in dict.fromkeys(pairs)
    }
    words[known] = [told[pair] for pair in pairs]
    return words


def _strip_numbers(reason: str) -> str:
    """Leave out what differs from patient to patient: position, and which of several targets it was."""
    parts = []
    for part in reason.split("; "):
        name, _, rest = part.partition(": ") if " against " not in part else (part.rpartition(": ")[0], "", "")
        name = name.rsplit(", ", 1)[0] if name.startswith("target highest") else name
        parts.append(f"{name} {rest}" if rest.startswith("not ") else name)
    return "; ".join(parts)


def _types(tumour_type: str, cohort: Cohort) -> list[str]:
    if not tumour_type or tumour_type not in cohort.clinical:
        return [""] * len(cohort)
    return ["" if value != value or value is None else name_level(value) for value in cohort.clinical[tumour_type]]


def _alterations(rules: AgentRules, cohort: Cohort) -> dict[str, npt.NDArray[np.float64]]:
    table = cohort.alterations
    if table is None:
        return {}
    return {name: table[name].to_numpy(dtype=float, na_value=np.nan) for name in rules.alterations if name in table}


def _describe_group(rules: AgentRules, row: int) -> str:
    named = f" {rules.tumour_type} {rules.groups[row]}," if rules.groups[row] else ""
    return f"quantiles of the reference ({rules.reference};{named} {rules.sizes[row]} patients)"


def _name_missing(
    rules: AgentRules,
    featurised: Featurised,
    altered: dict[str, npt.NDArray[np.float64]],
    clauses: npt.NDArray[np.bool_],
) -> npt.NDArray[np.object_]:
    """Name what some clauses ask for and was not measured or assessed."""
    genes, unmeasured = rules.unmeasured(featurised)
    needs = dict(zip(map(str, rules.scores), (str(names).split() for names in rules.genes), strict=True))
    unknown = np.ones(len(unmeasured), dtype=bool)
    found = np.full((len(unmeasured), len(rules.agents)), "", dtype=object)
    for a in range(len(rules.agents)):
        asked: dict[str, npt.NDArray[np.bool_]] = {}
        for clause in np.flatnonzero(clauses & (rules.agent == a)).tolist():
            for name in map(str, rules.option[rules.options(clause)]):
                for gene in needs.get(name, ()):
                    asked[gene] = unmeasured[:, np.searchsorted(genes, gene)]
                if rules.kind[clause] == "state":
                    asked[name] = np.isnan(altered[name]) if name in altered else unknown
        found[:, a] = name_marked(np.array(list(asked)), np.stack(list(asked.values()), axis=1))
    return found
