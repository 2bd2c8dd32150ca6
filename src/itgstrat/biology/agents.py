"""The records of drugs that act on integrins or below them: agent, trial, biomarker, and what was checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from itgstrat.biology.records import Citation
from itgstrat.display import list_html

AgentClass = Literal[
    "integrin_antagonist",
    "integrin_directed_adc",
    "integrin_directed_delivery",
    "integrin_expression_inhibitor",
    "downstream_comparator",
]
CheckStatus = Literal["verified", "mixed", "hypothesis", "from memory"]
Favours = Literal["high", "low", "mutant", "wild type", "unmethylated", "none"]
MarkerKind = Literal["candidate", "selector", "prognostic", "negative", "pharmacodynamic", "hypothesis"]

# Words for readers; the keys are the values of `Agent.agent_class`.
AGENT_CLASSES: Mapping[AgentClass, str] = {
    "integrin_antagonist": "integrin antagonist",
    "integrin_expression_inhibitor": "lowers integrin expression",
    "integrin_directed_adc": "antibody-drug conjugate: the integrin is an address",
    "integrin_directed_delivery": "carrier: the integrin is an address",
    "downstream_comparator": "comparator below integrins",
}


@dataclass(frozen=True, slots=True)
class Check:
    """How far a statement was checked.

    Parameters
    ----------
    status : {'verified', 'mixed', 'hypothesis', 'from memory'}
        Read in the source; read in part; proposed and not tested; not read anywhere.
    source : str
        The page that was read; it may be an old copy.
    note : str
        What was read and what was not, where the status is mixed.
    """

    status: CheckStatus
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A clinical trial of an agent, or the preclinical work where there is none.

    Parameters
    ----------
    phase, indication, outcome : str
        Phase, disease with the partner drugs, and what came out.
    citation : Citation
        Publication or registry entry.
    checked : Check
        How far this was checked.
    name, nct, patients, design : str
        Short name, registry number, number of patients and design; empty where not seen.
    """

    phase: str
    indication: str
    outcome: str
    citation: Citation
    checked: Check
    name: str = ""
    nct: str = ""
    patients: str = ""
    design: str = ""

    @property
    def headline(self) -> str:
        """Name (or phase and disease) and outcome in one line."""
        phase = self.phase if self.phase == "preclinical" else f"phase {self.phase}"
        return f"{self.name or f'{phase}, {self.indication}'}: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Biomarker:
    """A marker of an agent.

    Parameters
    ----------
    marker, direction, statement, context, role : str
        The marker, how it points, what was found, where, and as what, in words.
    favours : {'high', 'low', 'mutant', 'wild type', 'unmethylated', 'none'}
        The state in which the agent was suggested or proposed to help; ``none`` where it points to no such state.
    kind : {'candidate', 'selector', 'prognostic', 'negative', 'pharmacodynamic', 'hypothesis'}
        Suggested by trial data; used to choose patients; prognostic only; tested and not confirmed; of drug
        action; proposed only.
    genes : tuple of str
        HGNC symbols; empty where the marker is no gene.
    citation : Citation
        Where it was reported.
    checked : Check
        How far this was checked.
    """

    marker: str
    direction: str
    favours: Favours
    kind: MarkerKind
    role: str
    context: str
    statement: str
    genes: tuple[str, ...]
    citation: Citation
    checked: Check


@dataclass(frozen=True, slots=True)
class Agent:
    """A drug.

    Parameters
    ----------
    id, name : str
        Name in configs and columns, name for readers.
    synonyms : tuple of str
        Other names.
    agent_class : str
        One of `AGENT_CLASSES`: antagonist, conjugate, carrier, expression inhibitor or comparator.
    modality : str
        What kind of molecule it is.
    heterodimers : tuple of str
        Ids of the target heterodimers; empty for comparators.
    genes : tuple of str
        HGNC symbols of the target.
    target_checked : Check
        How far the target was checked.
    signatures : tuple of str
        Ids of the signatures that show target and context.
    trials : tuple of Trial
        Trials with outcome.
    biomarkers : tuple of Biomarker
        Markers with direction.
    note : str
        Cautions; may be empty.
    """

    id: str
    name: str
    synonyms: tuple[str, ...]
    agent_class: AgentClass
    modality: str
    heterodimers: tuple[str, ...]
    genes: tuple[str, ...]
    target_checked: Check
    signatures: tuple[str, ...]
    trials: tuple[Trial, ...]
    biomarkers: tuple[Biomarker, ...]
    note: str = ""

    @property
    def uses_integrin_as_address(self) -> bool:
        """Whether it delivers something to cells with the integrin instead of blocking it."""
        return self.agent_class in ("integrin_directed_adc", "integrin_directed_delivery")

    @property
    def checks(self) -> tuple[Check, ...]:
        """How far each fact was checked: target, trials, biomarkers."""
        return (self.target_checked, *(one.checked for one in self.trials), *(one.checked for one in self.biomarkers))

    def __repr__(self) -> str:
        """Name it with its target, and count what is known of it."""
        target = ", ".join(self.heterodimers or self.genes)
        known = f"{len(self.trials)} trials, {len(self.biomarkers)} markers"
        return f"Agent({self.id}: {AGENT_CLASSES[self.agent_class]}; target {target}; {known})"

    def _repr_html_(self) -> str:
        """Show the agent in a notebook."""
        rows = {
            "class": AGENT_CLASSES[self.agent_class],
            "also called": ", ".join(self.synonyms),
            "modality": self.modality,
            "target": ", ".join(self.heterodimers or self.genes),
            "signatures": ", ".join(self.signatures),
            "note": self.note,
        }
        trials = {f"trial {n}": one.headline for n, one in enumerate(self.trials, start=1)}
        markers = {f"marker {n}": f"{one.marker}: {one.direction}" for n, one in enumerate(self.biomarkers, start=1)}
        return list_html(self.name, rows | trials | markers)
