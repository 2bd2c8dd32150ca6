"""Build the pages of the documentation that follow from data.

Run from the root of the repository::

    python scripts/build_docs.py biology

It writes ``docs/biology.md`` from the packaged facts. A test holds that the committed page equals the generated one.
To add a page, write a function that returns its text and name it in ``PAGES``.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import yaml

from itgstrat.biology import AGENT_CLASSES, Agent, Catalogue, Check, Signature, load_catalogue
from itgstrat.biology.records import DIMER_CATEGORY, RULES

ROOT = Path(__file__).resolve().parents[1]
FACTS = ROOT / "src" / "itgstrat" / "biology" / "facts"
# Longer lists are told by `itgstrat signatures show`.
MAX_GENES = 26
# Pairs that share more than half of their genes are close to one measurement.
CLOSE = 0.6

BIOLOGY_INTRODUCTION = """\
# The biology in itgstrat

*Made by `python scripts/build_docs.py biology` from `src/itgstrat/biology/facts`; edit the facts, not this page.*

{signatures} signatures cover {systems} systems: the processes that three reviews name, sentence by sentence. \
{agents} agents stand beside them with {trials} trials and {markers} markers. This page is the whole of it, to be \
read and signed, or corrected, by someone who knows the field.

**What a score is.** A number computed from mRNA of bulk tumour. mRNA is not protein at the surface, bulk is not \
tumour cells, abundance is not activity, and none of the lists below was tested on data as a predictor of response \
to an integrin antagonist.

**How to read the tables.** *Genes*: size of the list, as up + down where it has signs. *Rule*: {rules}. *Trust*: \
confidence that the list means what its title says, not that it predicts anything. *Source*: where the list comes \
from; "own" is a small panel compiled for this package, without a publication of its own. Cautions stand with each \
signature. Genes of lists with more than {max_genes} are told by `itgstrat signatures show ID`.

**Reviews.** {reviews}
"""

WEAK_INTRODUCTION = """\
## What is weak

- **{own} of {signatures} signatures are our own panels.** They were compiled from general knowledge and checked for \
plausibility against public sets, which is no evidence that they measure the process. None was tested on data.
- **The reviews' extracts have holes.** Box 1 of S2 breaks off at the list of alpha subunits that recruit FYN and YES; \
a1b1, a5b1 and avb3 are filled in from memory. Box 2 of S2, on integrins with the opposite effect, was not at hand, so \
the signs of `itg_opposite_effect` are a guess. The list of 24 heterodimers is general knowledge, not review text.
- **Stroma, vessels and platelets speak in bulk tissue.** ITGB3, ITGA5, ITGAV and ITGB1 come from them as much as from \
tumour cells, and fibroblast genes dominate EMT, invasiveness and matrix scores.
- **Most steps of metastasis do not happen in the resected tumour.** Scores of intravasation, arrest, extravasation \
and outgrowth show which genes the primary tumour expresses, not what its cells did.
- **No public cohort has expression, an integrin-antagonist arm and a control arm.** CENTRIC, CORE and POSEIDON exist \
as published summaries only, so nothing here was learned from response.
"""


def _join(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in lines) + "\n"


def _link(pmid: str, doi: str) -> str:
    if pmid:
        return f"[PMID {pmid}](https://pubmed.ncbi.nlm.nih.gov/{pmid}/)"
    return f"[doi](https://doi.org/{doi})" if doi else ""


def _source(one: Signature) -> str:
    source = one.source
    if source.msigdb_name:
        where = f"MSigDB {source.msigdb_name}" + f" ({source.msigdb_id})" * bool(source.msigdb_id)
    elif source.licence.startswith("own compilation, licence") and not source.pmid:
        where = "own"
    else:
        where = source.text
    return " ".join(filter(None, [where, _link(source.pmid, source.doi)]))


def _genes(one: Signature) -> str:
    if len(one.genes) > MAX_GENES:
        return ""
    if one.parts:
        return "; ".join(f"{name}: {', '.join(genes)}" for name, genes in one.parts)
    return ", ".join(one.up) + f" − {', '.join(one.down)}" * bool(one.down)


def _row(one: Signature) -> list[str]:
    size = f"{len(one.up)} + {len(one.down)}" if one.down else str(len(one.genes))
    genes = _genes(one)
    words = f"**{one.title}.** {one.description}" + f" *{genes}*" * bool(genes)
    return [f"`{one.id}`", size, RULES[one.rule], one.confidence, words, _source(one)]


def _heterodimers(catalogue: Catalogue) -> str:
    rows = [
        [f"`{one.id}`", one.title.split()[1], f"{one.alpha}, {one.beta}", one.ligand_class, one.ligands, one.main_cells]
        for one in catalogue.heterodimers.values()
    ]
    first = next(iter(catalogue.heterodimers.values())).source
    headings = ("signature", "integrin", "subunits", "class", "ligands", "mainly in")
    return (
        f"{_table(headings, rows)}\nAll are scored as the {RULES['lower_subunit']}: mRNA of one subunit does not show "
        f"that the pair forms. Source: {first.text} {_link(first.pmid, first.doi)}.\n"
    )


def _theme(name: str, catalogue: Catalogue) -> str:
    theme = catalogue.themes[name]
    systems = [one for one in catalogue.systems.values() if one.theme == name]
    rows = [
        [one.code, f"{one.phrase} ({one.where})", _shorten(one.signatures, catalogue) or f"none. {one.why_none}"]
        for one in systems
    ]
    parts = [f"## {theme.title}\n", f"{theme.about}\n", _table(("system", "named as", "signatures"), rows)]
    if DIMER_CATEGORY in theme.categories:
        parts.append(_heterodimers(catalogue))
    others = [
        one
        for category in theme.categories
        for one in catalogue.select([f"category:{category}"])
        if one.id not in catalogue.heterodimers
    ]
    headings = ("signature", "genes", "rule", "trust", "what it is, and cautions", "source")
    return "\n".join([*parts, _table(headings, map(_row, others))])


def _shorten(names: Sequence[str], catalogue: Catalogue) -> str:
    for group in ("heterodimers", "joint_pairs"):
        members = catalogue.groups[group]
        if set(members) <= set(names):
            rest = [name for name in names if name not in members]
            return ", ".join(filter(None, [f"{group} (all {len(members)})", _shorten(rest, catalogue)]))
    return _join(names)


def _unseen(catalogue: Catalogue) -> str:
    rows = [[one.what, ", ".join(one.systems), one.why, one.needs, _join(one.surrogates)] for one in catalogue.unseen]
    return (
        "## What expression cannot see\n\nThe reviews name these; tables of gene expression do not hold them. What was "
        "not assessed stays missing and is never taken as absent or wild type.\n\n"
        + _table(("named", "systems", "why expression fails", "what would show it", "surrogates here"), rows)
    )


def _weak(catalogue: Catalogue) -> str:
    signatures = catalogue.signatures.values()
    own = sum(one.source.licence.startswith("own") and one.category != DIMER_CATEGORY for one in signatures)
    low = [
        [f"`{one.id}`", one.description.removeprefix("Low confidence. ")]
        for one in signatures
        if one.confidence == "low"
    ]
    memory = [[f"`{one.id}`", one.source.verification] for one in signatures if _unsure(one, catalogue)]
    circular = [[f"`{one.signature}`", ", ".join(one.targets)] for one in catalogue.circularity() if not one.expected]
    close = [
        [f"`{one.first}`", f"`{one.second}`", str(len(one.shared)), f"{one.jaccard:.2f}"]
        for one in catalogue.overlap()
        if one.jaccard >= CLOSE and not {one.first, one.second} & catalogue.heterodimers.keys()
    ]
    return "\n".join(
        [
            WEAK_INTRODUCTION.format(own=own, signatures=len(signatures)),
            f"### Low confidence ({len(low)})\n",
            _table(("signature", "why"), low),
            f"### Sources in part from memory ({len(memory)}, and the PMID of the heterodimers)\n",
            _table(("signature", "what was checked"), memory),
            f"### Circular with integrin targets ({len(circular)})\n",
            "These hold integrin subunits beside other genes, so that their association with a target is partly built "
            "in; sets that are about integrins are not listed. `Signature.without` leaves the target out.\n",
            _table(("signature", "holds"), circular),
            f"### Nearly the same list (Jaccard index {CLOSE} or more)\n",
            "No two signatures hold the same genes with the same signs.\n",
            _table(("signature", "signature", "shared genes", "index"), close),
        ]
    )


def _unsure(one: Signature, catalogue: Catalogue) -> bool:
    return "memory" in one.source.verification and one.id not in catalogue.heterodimers


def _say(check: Check) -> str:
    return f"{check.status} ({check.note})" if check.note else check.status


def _agent(one: Agent, catalogue: Catalogue) -> str:
    target = ", ".join(catalogue.heterodimers[name].title.split()[1] for name in one.heterodimers)
    names = f" ({', '.join(one.synonyms)})" if one.synonyms else ""
    lines = [
        f"#### {one.name}{names}\n",
        f"{one.modality[0].upper()}{one.modality[1:]}. Target: {target or ', '.join(one.genes)} "
        f"({_say(one.target_checked)}). Signatures: {_join(one.signatures)}. {one.note}".rstrip()
        + "\n",
    ]
    trials = [
        [
            f"{trial.name or '–'}{f' {trial.nct}' if trial.nct else ''}",
            trial.phase,
            trial.indication,
            "; ".join(filter(None, [trial.design, trial.patients and f"n = {trial.patients}"])) or "–",
            trial.outcome,
            " ".join(filter(None, [trial.citation.text, _link(trial.citation.pmid, trial.citation.doi)])) or "–",
            _say(trial.checked),
        ]
        for trial in one.trials
    ]
    lines.append(_table(("trial", "phase", "in", "design", "outcome", "citation", "checked"), trials))
    markers = [
        [
            marker.marker,
            marker.direction,
            f"{marker.role} ({marker.context})",
            marker.statement,
            " ".join(filter(None, [marker.citation.text, _link(marker.citation.pmid, marker.citation.doi)])) or "–",
            _say(marker.checked),
        ]
        for marker in one.biomarkers
    ]
    if markers:
        lines.append(_table(("marker", "direction", "role", "finding", "citation", "checked"), markers))
    return "\n".join(lines)


def _agents(catalogue: Catalogue) -> str:
    agents = list(catalogue.agents.values())
    checks = [check for one in agents for check in one.checks]
    counts = ", ".join(f"{sum(one.status == status for one in checks)} {status}" for status in _statuses(checks))
    parts = [
        "## Agents\n",
        f"{len(agents)} agents, {len(checks)} facts on target, trials and markers: {counts}. *Verified* means that the "
        "statement was read in a page that the facts name; that copy may be old, so the status of running trials has "
        "to be looked up again. Empty cells were not seen. Conjugates and carriers use the integrin as an address; "
        "they need the target at the surface, not its signalling, and are never pooled with antagonists.\n",
        f"The one phase 3 trial of an antagonist, {_headline('CENTRIC', agents)}. The model case of a marker that "
        f"looks prognostic and predictive at once, {_headline('POSEIDON', agents)}.\n",
    ]
    for agent_class, title in AGENT_CLASSES.items():
        members = [one for one in agents if one.agent_class == agent_class]
        parts += [f"### {title[0].upper()}{title[1:]} ({len(members)})\n", *(_agent(one, catalogue) for one in members)]
    return "\n".join(parts)


def _statuses(checks: Sequence[Check]) -> list[str]:
    return list(dict.fromkeys(one.status for one in sorted(checks, key=lambda one: one.status, reverse=True)))


def _headline(name: str, agents: Sequence[Agent]) -> str:
    return next(trial.headline for one in agents for trial in one.trials if trial.name.startswith(name))


def _panels(catalogue: Catalogue) -> str:
    document = yaml.safe_load((FACTS / "groups.yaml").read_text(encoding="utf-8"))["groups"]
    rows = [[f"`{name}`", str(len(ids)), document[name]["description"]] for name, ids in catalogue.groups.items()]
    return (
        "## Groups and panels for configurations\n\nUnder `features: {signatures: [...]}` stand ids, groups or "
        "`category:NAME`.\n\n" + _table(("group", "signatures", "what it is"), rows)
    )


def biology_page() -> str:
    """Write the page on the biology.

    Returns
    -------
    str
        Markdown.
    """
    catalogue = load_catalogue()
    reviews = {code[:2]: one.source for code, one in catalogue.systems.items()}
    introduction = BIOLOGY_INTRODUCTION.format(
        signatures=len(catalogue.signatures),
        systems=len(catalogue.systems),
        agents=len(catalogue.agents),
        trials=sum(len(one.trials) for one in catalogue.agents.values()),
        markers=sum(len(one.biomarkers) for one in catalogue.agents.values()),
        rules=", ".join(RULES.values()),
        max_genes=MAX_GENES,
        reviews=" ".join(
            f"{code}: {one.text} {_link(one.pmid, one.doi)}".rstrip() + "." for code, one in reviews.items()
        ),
    )
    themes = [_theme(name, catalogue) for name in catalogue.themes]
    return "\n".join(
        [introduction, *themes, _unseen(catalogue), _weak(catalogue), _agents(catalogue), _panels(catalogue)]
    )


PAGES: dict[str, Callable[[], str]] = {"biology": biology_page}


def main(arguments: list[str]) -> None:
    """Write the pages that are named, or all.

    Parameters
    ----------
    arguments : list of str
        Names of pages.
    """
    unknown = [name for name in arguments if name not in PAGES]
    if unknown:
        raise SystemExit(f"no page is called {', '.join(unknown)}; there are {', '.join(PAGES)}")
    for name in arguments or PAGES:
        path = ROOT / "docs" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
