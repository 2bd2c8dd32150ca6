"""The sentence that a tumour board would read: which rules a patient meets, what is open, and what is not known."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.benefit_tier import NO_COHORT
from itgstrat.antagonists.risk import NO_RISK, NOT_HIGH
from itgstrat.antagonists.tiers import (
    BENEFIT,
    CANNOT_TELL,
    CONTROL,
    FOREIGN,
    NOT_CLINICAL,
    RISK_IN_TARGET_HIGH,
    TARGET_CONTEXT,
    TIERS,
    TRANSFERRED_SENSITIVITY,
)
from itgstrat.antagonists.transfer import NO_MODEL
from itgstrat.biology import load_catalogue
from itgstrat.biology.agents import Agent, AgentClass, Trial
from itgstrat.learned.agents import CALLS

#: Words of a sentence for the board: with more the next shorter wording is taken, as long as there is one.
MOST_WORDS = 80

#: Classes that are named as antagonists, and those that use the integrin as an address.
ANTAGONISTS: tuple[AgentClass, ...] = ("integrin_antagonist", "integrin_expression_inhibitor")
ADDRESSES: tuple[AgentClass, ...] = ("integrin_directed_adc", "integrin_directed_delivery")

# Ending of an alteration's name -> the assay that tells it.
_ASSAYS = {"_mut": "sequencing", "_methylated": "promoter methylation"}

# Words of the catalogue for a trial whose outcome was not in the sources read.
_UNSEEN = "not seen"

# Where the control is met as well as the rule of an agent.
_SAYS_LITTLE = "A random pair of genes meets one, too, so this says little."

# Outcomes of trials in the catalogue are of any length.
_MOST_OUTCOME_WORDS = 10

# Agents named for one thing, gaps, trials, and whether addresses are told: from the fullest wording to the shortest.
_WORDINGS = ((3, 2, 2, True), (2, 2, 1, True), (1, 2, 1, True), (1, 2, 1, False), (1, 2, 0, False), (1, 1, 0, False))

_COLUMNS = ("agent", "class", "tier", "value", "call", "decided_by", "missing", "caveat")


class _Cell(NamedTuple):
    """One row of agents.tsv; there are a hundred a patient, and a tuple is made in a third of the time."""

    agent: str
    agent_class: str
    tier: str
    value: float
    call: str
    decided_by: str
    missing: str
    caveat: str


def word_patient(rows: pd.DataFrame) -> str:
    """Word what is told of one patient, as a tumour board would read it.

    Agents stand in the order of the catalogue: they are not ranked.

    Parameters
    ----------
    rows : DataFrame
        The rows of one patient in `tabulate_agents`: agent, class, tier, value, call, decided_by, missing, caveat.

    Returns
    -------
    str
        The rules met and what decided, whether a random pair of genes meets one, too, what cannot be told and the
        assay that would settle it, prognosis where a target is high, what tiers T2 and T3 say, a trial with its disease
        and outcome where there is room; about 80 words at most.
    """
    said = word_patients(rows.assign(patient=""))["sentence"]
    return str(said.iloc[0]) if len(said) else ""


def word_patients(table: pd.DataFrame) -> pd.DataFrame:
    """Word what is told of every patient.

    Parameters
    ----------
    table : DataFrame
        From `tabulate_agents`.

    Returns
    -------
    DataFrame with columns patient, sentence
        One row a patient, in the order of the table.
    """
    patients = table["patient"].to_numpy()
    starts = np.flatnonzero(np.append(True, patients[1:] != patients[:-1])) if len(table) else np.array([], dtype=int)
    said, own = _is_said(table), _is_rule(table, ANTAGONISTS).to_numpy()
    before, total = np.append(0, np.cumsum(said)), np.append(0, np.cumsum(own))
    cells = list(map(_Cell._make, zip(*(table[name].to_numpy()[said].tolist() for name in _COLUMNS), strict=True)))
    ends = [*starts[1:], len(table)]
    words = [
        _word(cells[before[start] : before[end]], int(total[end] - total[start]))
        for start, end in zip(starts, ends, strict=False)
    ]
    return pd.DataFrame({"patient": patients[starts], "sentence": words})


def _is_said(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Leave out the rows that no sentence looks at: most of them."""
    rule = _is_rule(table, [*ANTAGONISTS, *ADDRESSES, CONTROL]) & ~table["call"].isin([CALLS[0]])
    risk = table["tier"].isin([RISK_IN_TARGET_HIGH]) & table["class"].isin(ANTAGONISTS)
    risk &= ~table["call"].isin([NOT_HIGH, CANNOT_TELL]) | table["decided_by"].isin([NO_RISK])
    attached = table["tier"].isin([TRANSFERRED_SENSITIVITY, BENEFIT])
    return np.asarray(rule | risk | (attached & ~table["decided_by"].isin([NO_MODEL, NO_COHORT])))


def _is_rule(table: pd.DataFrame, classes: Sequence[str]) -> "pd.Series[bool]":
    """Mark the putative rules of agents of some classes."""
    return table["tier"].isin([TARGET_CONTEXT]) & table["class"].isin(classes)


def find_best_known(agent: Agent) -> Trial | None:
    """Find the trial of an agent whose outcome was seen, in the latest phase; of several the first in the catalogue.

    Parameters
    ----------
    agent : Agent
        The agent.

    Returns
    -------
    Trial or None
        None where there is none.

    Examples
    --------
    >>> find_best_known(load_catalogue().agent("cilengitide")).outcome
    'primary endpoint (overall survival) not met'
    """
    return max(agent.trials, key=lambda trial: (_UNSEEN not in trial.outcome, _phase(trial)), default=None)


def _phase(trial: Trial) -> float:
    """Latest number in the phase; 0 for preclinical work."""
    return max(map(float, re.findall(r"[\d.]+", trial.phase)), default=0.0)


def _word(cells: Sequence[_Cell], n_antagonists: int) -> str:
    """The fullest wording that is short enough."""
    of: dict[str, list[_Cell]] = {tier: [] for tier in TIERS}
    for cell in cells:
        of[cell.tier].append(cell)
    for wording in _WORDINGS:
        said = " ".join(filter(None, _sentences(of, n_antagonists, *wording)))
        if len(said.split()) <= MOST_WORDS:
            break
    return said


def _sentences(
    of: Mapping[str, Sequence[_Cell]], n_antagonists: int, most: int, gaps: int, trials: int, addresses: bool
) -> Iterable[str]:
    context = of[TARGET_CONTEXT]
    own = [cell for cell in context if cell.agent_class in ANTAGONISTS]
    met = [cell for cell in own if cell.call == CALLS[2]]
    unknown = [cell for cell in own if cell.call == CANNOT_TELL]
    yield _say_met(met, n_antagonists, most)
    eligible = [cell for cell in context if cell.call == CALLS[2]]
    address = [cell for cell in eligible if cell.agent_class in ADDRESSES and addresses]
    yield f"Integrin as an address only: {_join_some(address, most)}." if address else ""
    by_chance = any(cell.agent_class == CONTROL for cell in eligible)
    yield _SAYS_LITTLE if by_chance and (met or address) else ""
    yield _say_unknown(unknown, most, gaps)
    yield _say_risk(of[RISK_IN_TARGET_HIGH])
    yield _say_attached(of[TRANSFERRED_SENSITIVITY], of[BENEFIT])
    yield from _say_trials((met or unknown)[:trials])
    yield f"{NOT_CLINICAL.capitalize()}."


def _say_met(met: Sequence[_Cell], total: int, most: int) -> str:
    if not met:
        return f"Of {total} antagonists, the putative rule (T1) of none is met."
    named = [f"{_name(cell.agent)} ({_say_decision(cell.decided_by)})" for cell in met[:most]]
    rest = len(met) - len(named)
    named += [f"{rest} other{'s' * (rest > 1)}"] * bool(rest)
    return f"The putative rule{'s' * (len(met) > 1)} (T1) of {_join(named)} {'are' if len(met) > 1 else 'is'} met."


def _say_decision(decided: str) -> str:
    """Which clause decided, and where the patient stands."""
    found = re.fullmatch(r"(target|context|marker) (.*): ([\d.]+) against ([\d.]+)", decided)
    if not found:
        return decided
    kind, name, place, bar = found.groups()
    known = load_catalogue().heterodimers
    # of several targets the one that counted stands behind the comma
    name = name.rpartition(", ")[2] if kind == "target" else name.removesuffix(" without the target")
    title = known[name].title.split()[1] if name in known else name.removeprefix("axis_").replace("_", " ")
    return f"{kind} {title}: percentile {100 * float(place):.0f}, threshold {100 * float(bar):.0f}"


def _say_unknown(unknown: Sequence[_Cell], most: int, most_gaps: int) -> str:
    """What cannot be told, agents with the same gap together, and the assay that would tell it."""
    gaps: dict[str, list[_Cell]] = {}
    for cell in unknown:
        gaps.setdefault(_say_gap(cell), []).append(cell)
    gaps = dict(sorted(gaps.items(), key=lambda gap: -len(gap[1])))
    parts = [f"{_join_some(cells, most)} ({assays})" for assays, cells in gaps.items()]
    rest = sum(len(cells) for cells in list(gaps.values())[most_gaps:])
    parts = [*parts[:most_gaps], *([f"{rest} more"] if rest else [])]
    return f"Cannot be told: {_join(parts)}." if parts else ""


def _say_gap(cell: _Cell) -> str:
    """Put what is missing into the assays that would tell it; none does where expression is of another kind."""
    if cell.caveat.startswith(FOREIGN):
        return FOREIGN.partition(",")[0]
    names = cell.missing.split(", ") if cell.missing else []
    found = []
    for ending, assay in _ASSAYS.items():
        genes = [name.removesuffix(ending) for name in names if name.endswith(ending)]
        found += [f"{_join(genes)} {assay}"] if genes else []
    genes = [name for name in names if not name.endswith(tuple(_ASSAYS))]
    rest = [f"{len(genes) - 2} more"] if len(genes) > 2 else []
    found += [f"expression of {_join([*genes[:2], *rest])}"] if genes else []
    return f"needs {_join(found)}" if found else cell.decided_by


def _say_risk(risk: Sequence[_Cell]) -> str:
    if any(cell.decided_by == NO_RISK for cell in risk):
        return "Prognosis (T0) is not told by this model."
    if risk:  # one patient has one stratum, whichever target is high
        return f"Predicted risk with a target high (T0): {risk[0].call}; prognosis, not response."
    return "No target is known to be high (T0)."


def _say_attached(lines: Sequence[_Cell], arms: Sequence[_Cell]) -> str:
    """What the tiers that training does not learn say: numbers before what is withheld."""
    said = {
        "T2, cell lines": _group([cell for cell in lines if cell.decided_by != NO_MODEL]),
        "T3, cohorts with arms": _group([cell for cell in arms if cell.decided_by != NO_COHORT]),
    }
    absent = [tier for tier, words in said.items() if not words]
    told = [f"{tier}: {words}." for tier, words in said.items() if words]
    return " ".join([*told, *([f"Absent: {'; '.join(absent)}."] if absent else [])])


def _group(cells: Sequence[_Cell]) -> str:
    """Agents of which the same is said, together."""
    groups: dict[str, list[_Cell]] = {}
    for cell in sorted(cells, key=lambda cell: bool(np.isnan(cell.value))):
        groups.setdefault(_say_value(cell), []).append(cell)
    return _join([f"{said} for {_join_some(own, 2)}" for said, own in list(groups.items())[:2]])


def _say_value(cell: _Cell) -> str:
    """Call and number; of T3 the hazard ratio, which stands first in what decided."""
    if np.isnan(cell.value):
        return cell.call
    number = cell.decided_by.partition(" at ")[0] if cell.tier == BENEFIT else f"{cell.value:+.2f}"
    return f"{cell.call}, {number},"


def _say_trials(cells: Sequence[_Cell]) -> Iterable[str]:
    return map(_say_trial, (cell.agent for cell in cells))


@cache
def _say_trial(agent: str) -> str:
    known = load_catalogue().agents.get(agent)
    trial = None if known is None else find_best_known(known)
    if known is None or trial is None:
        return ""
    name = trial.name.partition(" (")[0] or _word_phase(trial)
    disease = re.split(r", | \(", trial.indication)[0]
    outcome = _shorten(re.split(r"[;:] ", trial.outcome)[0], _MOST_OUTCOME_WORDS)
    said = "outcome not seen" if _UNSEEN in outcome else outcome
    return f"{known.name[0].upper()}{known.name[1:]}, {name} in {disease}: {said}."


def _word_phase(trial: Trial) -> str:
    return f"phase {trial.phase}" if _phase(trial) else "preclinical work"


def _shorten(text: str, most: int) -> str:
    words = text.split()
    return " ".join(words[:most]) + "…" * (len(words) > most)


def _join_some(cells: Sequence[_Cell], most: int) -> str:
    rest = [f"{len(cells) - most} more"] if len(cells) > most else []
    return _join([*(_name(cell.agent) for cell in cells[:most]), *rest])


def _name(agent: str) -> str:
    known = load_catalogue().agents.get(agent)
    return known.name if known else agent


def _join(words: Sequence[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(chain([", ".join(words[:-1])] if len(words) > 1 else [], words[-1:]))
