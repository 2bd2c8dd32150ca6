"""The page on agents of a prediction report: each tier under its own name, agents as rows, patients below."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from itgstrat.antagonists.context import count_calls, take_adjusted, word_clause
from itgstrat.antagonists.risk import NOT_HIGH, UNKNOWN
from itgstrat.antagonists.tiers import CONTROL, RISK_IN_TARGET_HIGH, TARGET_CONTEXT
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

#: Trials of an agent that are named; `itgstrat agents show` tells all.
MOST_TRIALS = 2

# Classes that the heading names already.
_USUAL = ("integrin_antagonist", "downstream_comparator", CONTROL)


@dataclass(frozen=True)
class AgentsPage:
    """What the template draws of the agents.

    Parameters
    ----------
    sections : tuple of (str, Table)
        Heading and counts of each kind of agent.
    rules : Table
        What each rule asks for.
    disagreeing : Table or None
        Markers that point different ways in different trials.
    patients : Table
        What is told of each patient.
    """

    sections: tuple[tuple[str, Table], ...]
    rules: Table
    disagreeing: Table | None
    patients: Table


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
    named = dict(zip(rules.agents, rules.classes, strict=True))
    sections = []
    for heading, classes, about in SECTIONS:
        own = [str(name) for name, kind in named.items() if kind in classes]
        if own:
            sections.append((heading, _count(table[table["agent"].isin(own)], about, labels)))
    return AgentsPage(tuple(sections), _tabulate_rules(rules), _tabulate_disagreeing(rules), _patients(table, most))


def _count(table: pd.DataFrame, about: str, labels: Sequence[str]) -> Table:
    adjusted = count_calls(take_adjusted(table)) if "call_adjusted" in table else None
    strata = _strata(table, labels)
    columns = ["Agent"]
    columns += ["T0: target high, strata of risk"] if strata is not None else []
    columns += [f"T1: {call}" for call in reversed(CALLS)]
    columns += ["T1: eligible, adjusted"] if adjusted is not None else []
    columns += ["Why not, or why not told", "Trials"]
    rows = []
    for position, own in enumerate(count_calls(table).to_dict("records")):
        name = str(own["agent"])
        known = AGENT_CLASSES.get(own["class"], "")
        row = [_name(name) if own["class"] in _USUAL else f"{_name(name)} ({known})"]
        row += [strata[name]] if strata is not None else []
        row += [f"{own[call]} ({own[call] / own['patients']:.0%})" for call in reversed(CALLS)]
        row += [str(adjusted[CALLS[2]].iloc[position])] if adjusted is not None else []
        rows.append((*row, shorten(str(own["reasons"]), LONGEST) or NOTHING, _trials(name)))
    words = tuple(at for at, column in enumerate(columns) if at and not column.startswith("T1"))
    caption = f"{about}. Putative; each tier stands by itself, and nothing joins them into one number"
    return Table(caption, tuple(columns), tuple(rows), words=words)


def _strata(table: pd.DataFrame, labels: Sequence[str]) -> dict[str, str] | None:
    """Strata of the patients whose target is high, for each agent; None where the model tells no risk."""
    rows = table[table["tier"] == RISK_IN_TARGET_HIGH]
    if rows.empty:
        return None
    told = {}
    for name, own in rows.groupby("agent", sort=False):
        high = own.loc[~own["call"].isin([NOT_HIGH, UNKNOWN]), "call"]
        counts = ", ".join(f"{(high == label).sum()} {label}" for label in labels)
        told[str(name)] = f"{len(high)}: {counts}"
    return told


def _trials(name: str) -> str:
    """The trials of an agent with their outcome; what happened stands beside what is hoped."""
    agent = load_catalogue().agents.get(name)
    if agent is None:
        return NOTHING
    told = [shorten(trial.headline, LONGEST) for trial in agent.trials[:MOST_TRIALS]]
    more = len(agent.trials) - len(told)
    return " | ".join([*told, *([f"{more} more"] if more else [])])


def _name(agent: str) -> str:
    known = load_catalogue().agents.get(agent)
    return known.name if known else "random pair of genes"


def _tabulate_rules(rules: AgentRules) -> Table:
    rows = []
    for a, name in enumerate(map(str, rules.agents)):
        own = [clause for clause, agent in enumerate(rules.agent.tolist()) if agent == a]
        agent = load_catalogue().agents.get(name)
        checked = agent.target_checked.status if agent else NOTHING
        targets = [str(option) for option in rules.option[rules.options(own[0])]]
        words = " AND ".join(word_clause(rules, clause) for clause in own)
        rows.append((_name(name), ", ".join(targets), checked, words))
    caption = (
        "The rule of each agent: every clause must hold. Numbers are quantiles of the training patients, fixed before "
        "any new patient was looked at. Of several targets the highest counts, so that more targets make more patients "
        "high. The context is scored without the genes of the target. A mutation or methylation that was not assessed "
        "leaves the answer open"
    )
    return Table(caption, ("Agent", "Target", "Target checked", "Rule"), tuple(rows), words=(1, 2, 3))


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


def _patients(table: pd.DataFrame, most: int) -> Table:
    """What is told of each patient, in the order of the agents; agents.tsv holds every reason."""
    context = table[(table["tier"] == TARGET_CONTEXT) & (table["class"] != CONTROL)]
    shown = list(dict.fromkeys(context["patient"]))[:most]
    own = dict(iter(context[context["patient"].isin(shown)].groupby("patient", sort=False)))
    rows = tuple((str(patient), *_patient(own[patient])) for patient in shown)
    columns = ("Patient", "Eligible for (putative)", "Cannot tell", "Missing")
    caption = (
        "Tier T1 of each patient. In brackets: how far the weakest clause is beyond its threshold, in quantiles of "
        "training. Conjugates, carriers and comparators are marked. Not eligible for all others; agents.tsv tells why"
    )
    return Table(caption, columns, rows, words=(1, 2, 3))


def _patient(rows: pd.DataFrame) -> tuple[str, str, str]:
    marks = {"integrin_directed_adc": " [address]", "integrin_directed_delivery": " [address]"}
    marks |= {"downstream_comparator": " [comparator]"}

    def name_all(call: str) -> str:
        mine = rows[rows["call"] == call]
        told = zip(mine["agent"], mine["class"], mine["value"], strict=True)
        shown = ((f"{_name(a)}{marks.get(c, '')}", say_number(v, 2, signed=True)) for a, c, v in told)
        return ", ".join(name if value == NOTHING else f"{name} ({value})" for name, value in shown)

    missing = dict.fromkeys(name for text in rows["missing"] for name in text.split(", ") if name)
    return name_all(CALLS[2]) or NOTHING, name_all(CALLS[1]) or NOTHING, _join(list(missing))


def _join(names: Sequence[str]) -> str:
    return shorten(", ".join(names), LONGEST) or NOTHING
