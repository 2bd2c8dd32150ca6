"""What the facts ask of a patient for an agent: target, context, markers and excluders, clause by clause."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from itgstrat.biology.agents import Agent, Biomarker
from itgstrat.biology.collection import Catalogue
from itgstrat.biology.records import Signature, Source

ClauseKind = Literal["target", "context", "marker", "state"]

# A state that expression cannot give -> ending of the alteration's name, and whether it must be there.
_STATES: dict[str, tuple[str, int]] = {
    "mutant": ("mut", 1),
    "wild type": ("mut", -1),
    "unmethylated": ("methylated", -1),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that the rule of an agent asks for; the rule is the conjunction of its clauses.

    Parameters
    ----------
    kind : {'target', 'context', 'marker', 'state'}
        The target; a signature of the context, scored without the target's genes; a marker that trial data suggested;
        a state (mutation, methylation) by which trials chose patients.
    label : str
        The clause in words.
    direction : {1, -1}
        High or present; low or absent.
    scores : tuple of Signature
        What is scored; the highest counts. Empty for a state.
    alterations : tuple of str
        For a state: columns of alterations. Present means any of them, absent means none.
    """

    kind: ClauseKind
    label: str
    direction: int
    scores: tuple[Signature, ...] = ()
    alterations: tuple[str, ...] = ()


def list_clauses(agent: Agent, catalogue: Catalogue) -> tuple[Clause, ...]:
    """List what the facts ask of a patient for an agent.

    Parameters
    ----------
    agent : Agent
        The agent.
    catalogue : Catalogue
        Where its heterodimers and signatures are.

    Returns
    -------
    tuple of Clause
        The target first; then the signatures of its context, unless they are made of integrin subunits alone and so
        restate the target; then candidate markers that ask for genes of their own; then states that selected patients.
        Markers that were only proposed, are prognostic, or failed decide nothing.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> facts = load_catalogue()
    >>> [one.label for one in list_clauses(facts.agent("abituzumab"), facts)][1:]
    ['axis_avb6_tgfb without the target', 'avb6 protein (IHC)', 'RAS wild type']
    """
    target = _target(agent, catalogue)
    own = {gene for score in target.scores for gene in score.genes}
    integrins = set(catalogue.integrin_genes())
    context = []
    for name in agent.signatures:
        signature = catalogue.signatures[name]
        if set(signature.genes) <= integrins:
            continue
        rest = _leave_out(signature, own)
        label = name if rest is signature else f"{name} without the target"
        context.append(Clause("context", label, 1, (rest,)))
    markers = [_marker(one, catalogue) for one in _deciding(agent.biomarkers)]
    states = [_state(one) for one in agent.biomarkers if one.kind == "selector" and one.favours in _STATES]
    return (target, *context, *(one for one in markers if one.scores != target.scores), *states)


def find_contradictions(agent: Agent) -> tuple[tuple[Biomarker, Biomarker], ...]:
    """Find markers of an agent that point one way in one place, and not so in another.

    Parameters
    ----------
    agent : Agent
        The agent.

    Returns
    -------
    tuple of (Biomarker, Biomarker)
        A marker that favours a state of a gene, and one on the same gene that was negative or only prognostic.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> [against.context for _, against in find_contradictions(load_catalogue().agent("abituzumab"))][0]
    'POSEIDON control arm'
    """
    favouring = [one for one in agent.biomarkers if one.favours != "none"]
    against = [one for one in agent.biomarkers if one.kind in ("negative", "prognostic")]
    return tuple((a, b) for a in favouring for b in against if set(a.genes) & set(b.genes))


def make_pair(name: str, title: str, genes: Iterable[str]) -> Signature:
    """Make a signature that is as high as the lowest of its genes.

    Parameters
    ----------
    name, title : str
        Id and words.
    genes : iterable of str
        HGNC symbols.

    Returns
    -------
    Signature
        With the rule ``lower_part``, every gene a part.
    """
    listed = tuple(genes)
    return Signature(
        id=name,
        title=title,
        category="agent_gene",
        rule="lower_part",
        genes=dict.fromkeys(listed, 1),
        source=Source(text="genes of an agent or of its marker"),
        confidence="high",
        parts=tuple((gene, (gene,)) for gene in listed),
    )


def _target(agent: Agent, catalogue: Catalogue) -> Clause:
    if agent.heterodimers:
        scores = tuple(catalogue.heterodimers[name].signature() for name in agent.heterodimers)
    else:
        scores = tuple(make_pair(gene, gene, [gene]) for gene in agent.genes)
    label = scores[0].id if len(scores) == 1 else f"highest of {len(scores)} targets"
    return Clause("target", label, 1, scores)


def _leave_out(signature: Signature, genes: set[str]) -> Signature:
    """The signature without some genes; of one with parts, those parts that are left."""
    if not genes & signature.genes.keys():
        return signature
    kept = [(name, tuple(gene for gene in listed if gene not in genes)) for name, listed in signature.parts]
    if all(listed for _, listed in kept):
        return signature.without(genes)
    parts = tuple(part for part in kept if part[1])
    names = {gene: sign for gene, sign in signature.genes.items() if gene not in genes}
    left = "_".join(name for name, _ in parts)
    return replace(signature, id=f"{signature.id}_{left}", title=f"{signature.title}: {left}", genes=names, parts=parts)


def _deciding(markers: Iterable[Biomarker]) -> list[Biomarker]:
    """Markers that trial data suggested; one whose genes another has, too, adds nothing that can be scored."""
    found = [one for one in markers if one.kind == "candidate" and one.favours in ("high", "low") and one.genes]
    return [one for one in found if not any(set(one.genes) < set(other.genes) for other in found)]


def _marker(marker: Biomarker, catalogue: Catalogue) -> Clause:
    pairs = {frozenset((one.alpha, one.beta)): one for one in catalogue.heterodimers.values()}
    dimer = pairs.get(frozenset(marker.genes))
    score = dimer.signature() if dimer else make_pair("_".join(marker.genes), marker.marker, marker.genes)
    return Clause("marker", marker.marker, 1 if marker.favours == "high" else -1, (score,))


def _state(marker: Biomarker) -> Clause:
    ending, direction = _STATES[marker.favours]
    label = marker.marker if marker.favours in marker.marker else f"{marker.marker} ({marker.favours})"
    return Clause("state", label, direction, alterations=tuple(f"{gene}_{ending}" for gene in marker.genes))
