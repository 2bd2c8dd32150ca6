"""The page on agents of a prediction report: agents as rows, the four tiers as columns, patients below."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from itgstrat.antagonists.benefit_tier import NO_COHORT
from itgstrat.antagonists.board import find_best_known, word_patients
from itgstrat.antagonists.context import count_calls, take_adjusted, word_clause
from itgstrat.antagonists.risk import NO_RISK, NOT_HIGH
from itgstrat.antagonists.tiers import CANNOT_TELL, CONTROL, TARGET_CONTEXT, TIERS
from itgstrat.antagonists.transfer import NO_MODEL
from itgstrat.biology import AGENT_CLASSES, load_catalogue
from itgstrat.biology.eligibility import find_contradictions
from itgstrat.learned import CALLS, AgentRules
from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, say_number, shorten

#: Sections of the page: heading, classes, and what holds for them.
SECTIONS = (
    (
        "Integrin antagonists",
        ("integrin_antagonist", "integrin_expression_inhibitor"),
        "Agents that block an integrin or lower its expression",
    ),
    (
        "Conjugates and carriers",
        ("integrin_directed_adc", "integrin_directed_delivery"),
        "The integrin is an address here, not what is antagonised: kept apart from the antagonists",
    ),
    (
        "Comparators and control",
        ("downstream_comparator", CONTROL),
        "Inhibitors below integrins, no antagonists; and two genes drawn at random as the target of no drug: what is "
        "said of an agent above means little where the control does as well",
    ),
)

#: Length of a reason or an outcome in a table; agents.tsv and `itgstrat agents show` tell all.
LONGEST = 140

#: Length of a reason beside a call.
LONGEST_REASON = 110

#: The four tiers as headings of columns; the page says above what each is.
HEADINGS = ("T0: risk", "T1: rule", "T2: cell lines", "T3: two arms")

#: A tier that nothing was attached of.
ABSENT = "absent"

#: Trials of an agent that are named; `itgstrat agents show` tells all.
MOST_TRIALS = 2

# Classes that the heading names already.
_USUAL = ("integrin_antagonist", "downstream_comparator", CONTROL)


@dataclass(frozen=True)
class AgentsPage:
    """What the template draws of the agents.

    Parameters
    ----------
    sentence : str
        What a tumour board would read, where there is one patient; empty otherwise.
    sections : tuple of (str, Table)
        Heading, and the four tiers of each kind of agent.
    rules : Table
        What each rule asks for.
    disagreeing : Table or None
        Markers that point different ways in different trials.
    patients : Table or None
        What is told of each patient; None where there is one, whom the sections tell of.
    """

    sentence: str
    sections: tuple[tuple[str, Table], ...]
    rules: Table
    disagreeing: Table | None
    patients: Table | None


def describe_agents(
    table: pd.DataFrame, rules: AgentRules | None, labels: Sequence[str], most: int
) -> AgentsPage | None:
    """Lay the agents out for a prediction report.

    Parameters
    ----------
    table : DataFrame
        ``Prediction.agents``.
    rules : AgentRules or None
        The rules.
    labels : sequence of str
        Names of the risk strata, low to high.
    most : int
        Patients that are shown.

    Returns
    -------
    AgentsPage or None
        None where nothing is told of agents.
    """
    if rules is None or table.empty:
        return None
    named = dict(zip(map(str, rules.agents), map(str, rules.classes), strict=True))
    sections = []
    for heading, classes, about in SECTIONS:
        own = [name for name, kind in named.items() if kind in classes]
        if own:
            sections.append((heading, _tabulate_tiers(table[table["agent"].isin(own)], about, labels)))
    shown = table[table["patient"].isin(list(dict.fromkeys(table["patient"]))[:most])]
    sentences = word_patients(shown)
    alone = table["patient"].nunique() == 1
    return AgentsPage(
        sentence=str(sentences["sentence"].iloc[0]) if alone else "",
        sections=tuple(sections),
        rules=_tabulate_rules(rules, table),
        disagreeing=_tabulate_disagreeing(rules),
        patients=None if alone else _patients(shown, sentences),
    )


def _tabulate_tiers(table: pd.DataFrame, about: str, labels: Sequence[str]) -> Table:
    """Agents as rows, the four tiers as columns, evidence and outcome of trials beside them."""
    alone = table["patient"].nunique() == 1
    rows = []
    for agent, own in table.groupby("agent", sort=False):
        name, kind = str(agent), own["class"].iloc[0]
        known = AGENT_CLASSES.get(kind, "")
        title = _name(name) if kind in _USUAL else f"{_name(name)} ({known})"
        tiers = [own[own["tier"] == tier] for tier in TIERS]
        cells = [_tell(tier.iloc[0]) for tier in tiers] if alone else _count(tiers, labels)
        rows.append((title, *cells, *_evidence(name)))
    columns = ("Agent", *HEADINGS, "Evidence", "Trial outcome")
    caption = f"{about}. Putative; each tier stands by itself, and nothing joins them into one number"
    return Table(caption, columns, tuple(rows), words=tuple(range(1, len(columns))))


def _tell(row: pd.Series) -> str:
    """What one tier says of one patient."""
    value = say_number(float(row["value"]), 2, signed=True)
    call = row["call"] if value == NOTHING else f"{row['call']} ({value})"
    return _word_call(call, row["decided_by"])


def _word_call(call: str, reason: str) -> str:
    """A call with its reason; the page says once how to attach what is absent."""
    if reason in (NO_MODEL, NO_COHORT):
        return ABSENT
    return call if call == NOT_HIGH else shorten(f"{call}: {reason}", LONGEST_REASON)


def _count(tiers: Sequence[pd.DataFrame], labels: Sequence[str]) -> list[str]:
    """What each tier says of many patients."""
    risk, context, *others = tiers
    high = risk.loc[~risk["call"].isin([NOT_HIGH, CANNOT_TELL]), "call"]
    strata = ", ".join(f"{(high == label).sum()} {label}" for label in labels)
    calls = count_calls(context).iloc[0]
    share = f"{calls[CALLS[2]] / calls['patients']:.0%}"
    told = ", ".join([f"{calls[CALLS[2]]} {CALLS[2]} ({share})", *(f"{calls[call]} {call}" for call in CALLS[1::-1])])
    if "call_adjusted" in context:
        told += f"; adjusted: {count_calls(take_adjusted(context))[CALLS[2]].iloc[0]} {CALLS[2]}"
    prognosis = f"{len(high)} target-high: {strata}" if len(high) else "0 target-high"
    if risk["decided_by"].eq(NO_RISK).all():
        prognosis = NO_RISK
    return [prognosis, told, *map(_count_one, others)]


def _count_one(tier: pd.DataFrame) -> str:
    """Calls of a tier that is attached; where all patients share the reason, the reason."""
    reasons = tier["decided_by"].unique()
    if tier["value"].isna().all() and len(reasons) == 1:
        return _word_call(tier["call"].iloc[0], reasons[0])
    counts = ", ".join(f"{number} {call}" for call, number in tier["call"].value_counts().items())
    return f"{counts}; median {say_number(float(tier['value'].median()), 2, signed=True)}"


def _evidence(name: str) -> tuple[str, str]:
    """How far the facts of an agent were checked, and its trials with their outcome, the best known first."""
    agent = load_catalogue().agents.get(name)
    if agent is None:
        return NOTHING, NOTHING
    first = find_best_known(agent)
    trials = sorted(agent.trials, key=lambda trial: trial is not first)
    told = [shorten(trial.headline, LONGEST) for trial in trials[:MOST_TRIALS]]
    more = len(trials) - len(told)
    verified = sum(check.status == "verified" for check in agent.checks)
    facts = f"target {agent.target_checked.status}; {verified} of {len(agent.checks)} facts verified"
    return facts, " | ".join([*told, *([f"{more} more"] if more else [])])


def _name(agent: str) -> str:
    known = load_catalogue().agents.get(agent)
    return known.name if known else "random pair of genes"


def _tabulate_rules(rules: AgentRules, table: pd.DataFrame) -> Table:
    reasons = count_calls(table).set_index("agent")["reasons"]
    rows = []
    for a, name in enumerate(map(str, rules.agents)):
        own = [clause for clause, agent in enumerate(rules.agent.tolist()) if agent == a]
        targets = [str(option) for option in rules.option[rules.options(own[0])]]
        words = " AND ".join(word_clause(rules, clause) for clause in own)
        rows.append((_name(name), ", ".join(targets), words, shorten(str(reasons[name]), LONGEST) or NOTHING))
    caption = (
        "The rule of each agent: every clause must hold. Numbers are quantiles of the training patients, fixed before "
        "any new patient was looked at. Of several targets the highest counts, so that more targets make more patients "
        "high. The context is scored without the genes of the target. A mutation or methylation that was not assessed "
        "leaves the answer open"
    )
    return Table(caption, ("Agent", "Target", "Rule", "Why not, or why not told"), tuple(rows), words=(1, 2, 3))


def _tabulate_disagreeing(rules: AgentRules) -> Table | None:
    rows = [
        (
            _name(str(name)),
            f"{favouring.marker} ({favouring.context}): {favouring.direction} [{favouring.kind}]",
            f"{against.marker} ({against.context}): {against.direction} [{against.kind}]",
        )
        for name in rules.agents
        if (agent := load_catalogue().agents.get(str(name)))
        for favouring, against in find_contradictions(agent)
    ]
    caption = "Markers that point different ways in different places; they are shown, not averaged"
    columns = ("Agent", "Said to favour", "And against it")
    return Table(caption, columns, tuple(rows), words=(1, 2)) if rows else None


def _patients(table: pd.DataFrame, sentences: pd.DataFrame) -> Table:
    """What is told of each patient, in the order of the agents; agents.tsv holds every reason."""
    context = table[(table["tier"] == TARGET_CONTEXT) & (table["class"] != CONTROL)]
    own = dict(iter(context.groupby("patient", sort=False)))
    told = zip(sentences["patient"], sentences["sentence"], strict=True)
    rows = tuple((str(patient), sentence, *_patient(own[patient])) for patient, sentence in told)
    columns = ("Patient", "For a tumour board", "Eligible for (putative)", "Missing")
    caption = (
        "Each patient in a sentence, as in board.tsv, and all agents whose rule (T1) is met. In brackets: how far the "
        "weakest clause is beyond its threshold, in quantiles of training. Conjugates, carriers and comparators are "
        "marked; agents.tsv tells why not"
    )
    return Table(caption, columns, rows, words=(1, 2, 3))


def _patient(rows: pd.DataFrame) -> tuple[str, str]:
    marks = {"integrin_directed_adc": " [address]", "integrin_directed_delivery": " [address]"}
    marks |= {"downstream_comparator": " [comparator]"}
    met = rows[rows["call"] == CALLS[2]]
    told = zip(met["agent"], met["class"], met["value"], strict=True)
    shown = ((f"{_name(a)}{marks.get(c, '')}", say_number(v, 2, signed=True)) for a, c, v in told)
    eligible = ", ".join(name if value == NOTHING else f"{name} ({value})" for name, value in shown)
    missing = dict.fromkeys(name for text in rows["missing"] for name in text.split(", ") if name)
    return eligible or NOTHING, _join(list(missing))


def _join(names: Sequence[str]) -> str:
    return shorten(", ".join(names), LONGEST) or NOTHING
