"""Alterations that expression cannot give: which ones, why, and how each is recognised; read from the facts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

from itgstrat.biology.checks import FORMAT, Entry
from itgstrat.biology.hgnc import load_hgnc
from itgstrat.biology.records import Source
from itgstrat.errors import CatalogueError

Kind = Literal["mutation", "codon", "splice", "amplification", "deletion", "table"]
_CHANGE = re.compile(r"[A-Z*]?\d+[A-Z*]?")
_REGION = re.compile(r"([\dXY]+):(\d+)-(\d+)")
_NAMED = re.compile(r"(.+)_([A-Z*]?\d+[A-Z*]?)")


@dataclass(frozen=True, slots=True)
class Alteration:
    """One alteration, as a column of 1, 0 and missing.

    Parameters
    ----------
    id : str
        Name of the column.
    kind : {'mutation', 'codon', 'splice', 'amplification', 'deletion', 'table'}
        How it is recognised.
    gene : str
        Approved symbol; empty for a ``table``.
    change : str
        Residue (``G12``) or substitution (``G12C``) of a ``codon``.
    codons : tuple of int
        First and last codon, where a ``codon`` is a range; else empty.
    classes : tuple of str
        Values of Variant_Classification that count; empty for the usual ones of the kind.
    regions : mapping of str to str
        Genome build -> ``chromosome:start-end`` of the exon, for ``splice``.
    seed, why : str
        Where the alteration is named, and why expression does not give it.
    source : Source
        Origin, and how far it was checked.
    """

    id: str
    kind: Kind
    gene: str = ""
    change: str = ""
    codons: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    regions: Mapping[str, str] = field(default_factory=dict, hash=False)
    seed: str = ""
    why: str = ""
    source: Source = field(default_factory=lambda: Source(text=""))


def build_alterations(document: object) -> tuple[Alteration, ...]:
    """Check the fact document and make the records of it.

    Parameters
    ----------
    document : object
        Parsed YAML: a mapping with ``format`` and ``alterations``.

    Returns
    -------
    tuple of Alteration
        In the order of the document.

    Raises
    ------
    CatalogueError
        If anything is missing, unknown or contradictory; every fault is listed.

    Examples
    --------
    >>> build_alterations({"format": 1, "alterations": []})
    ()
    """
    content = document if isinstance(document, dict) else {}
    entries = content.get("alterations")
    faults: list[str] = []
    if content.get("format") != FORMAT or not isinstance(entries, list):
        faults.append(f"alterations: need format {FORMAT} and a list under 'alterations'")
        entries = []
    found: dict[str, Alteration] = {}
    for number, given in enumerate(entries, start=1):
        if not isinstance(given, dict):
            faults.append(f"alterations: entry {number}: need a mapping, found {given!r}")
            continue
        entry = Entry(f"alterations: {given.get('id') or f'entry {number}'}", given, faults)
        record = _read(entry)
        if record.id in found:
            entry.fault("this id is there twice")
        found[record.id] = record
    if faults:
        count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'} in the facts"
        raise CatalogueError("\n".join([f"{count}:", *(f"  - {fault}" for fault in faults)]))
    return tuple(found.values())


def _read(entry: Entry) -> Alteration:
    entry.forbid_others(Alteration.__dataclass_fields__)
    kind = entry.choice("kind", get_args(Kind))
    record = Alteration(
        id=entry.text("id"),
        kind=kind,
        gene=entry.text("gene", needed=kind != "table"),
        change=entry.text("change", needed=False),
        codons=tuple(_list(entry, "codons", int)),
        classes=tuple(_list(entry, "classes", str)),
        regions=_regions(entry),
        seed=entry.text("seed"),
        why=entry.text("why"),
        source=entry.source(),
    )
    if record.gene and not load_hgnc().approved(record.gene):
        entry.fault(f"gene: {record.gene!r} is no approved symbol")
    if kind == "codon" and not (_CHANGE.fullmatch(record.change) or len(record.codons) == 2):
        entry.fault("a codon needs a change such as G12 or L858R, or the first and last codon")
    if kind == "splice" and not record.classes:
        entry.fault("classes: a splice alteration needs its Variant_Classification values")
    return record


def _list(entry: Entry, key: str, kind: type) -> list[Any]:
    content = entry.content.get(key, [])
    if not isinstance(content, list) or not all(type(item) is kind for item in content):
        entry.fault(f"{key}: need a list of {kind.__name__}, found {content!r}")
        return []
    return content


def _regions(entry: Entry) -> dict[str, str]:
    content = entry.content.get("regions", {})
    if not isinstance(content, dict) or not all(_REGION.fullmatch(str(region)) for region in content.values()):
        entry.fault(f"regions: need builds with 'chromosome:start-end', found {content!r}")
        return {}
    return {str(build): str(region) for build, region in content.items()}


def make_alteration(name: str) -> Alteration:
    """Make an alteration from its name: one of the facts, ``GENE_mut``, or a codon such as ``GENE_G12``.

    Parameters
    ----------
    name : str
        Name of the column that is asked for; a gene symbol alone means any protein-altering mutation.

    Returns
    -------
    Alteration
        That of the facts where there is one.

    Raises
    ------
    CatalogueError
        If the name is not understood, or the gene has no approved symbol.

    Examples
    --------
    >>> make_alteration("NRAS_Q61").change
    'Q61'
    >>> make_alteration("NRAS").id
    'NRAS_mut'
    """
    known = {record.id: record for record in load_alterations()}
    if name in known:
        return known[name]
    match = _NAMED.fullmatch(name)
    gene = match[1] if match else name.removesuffix("_mut")
    found = load_hgnc().resolve(gene)
    if found is None or found.symbol is None:
        raise CatalogueError(
            f"alteration {name!r}: {gene!r} is no gene that HGNC knows by one name; write GENE, GENE_mut, a codon "
            f"(GENE_G12, GENE_G12C), or one of {', '.join(known)}"
        )
    if match:
        return Alteration(f"{found.symbol}_{match[2]}", "codon", found.symbol, match[2])
    return known.get(f"{found.symbol}_mut") or Alteration(f"{found.symbol}_mut", "mutation", found.symbol)


@cache
def load_alterations() -> tuple[Alteration, ...]:
    """Load the packaged alterations; the second call costs nothing.

    Returns
    -------
    tuple of Alteration
        In the order of the fact file.

    Raises
    ------
    CatalogueError
        If the packaged file is damaged.

    Examples
    --------
    >>> load_alterations()[0].id
    'PIK3CA_mut'
    """
    resource = files("itgstrat.biology").joinpath("facts", "alterations.yaml")
    try:
        document = yaml.safe_load(resource.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"alterations.yaml cannot be read ({error}); reinstall itgstrat") from error
    return build_alterations(document)
