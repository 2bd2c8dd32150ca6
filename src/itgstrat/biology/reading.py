"""A user's own catalogue: YAML in the layout of the packaged facts, or gene sets in GMT."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from itgstrat.biology.catalogue import build_catalogue, load_catalogue
from itgstrat.biology.collection import Catalogue
from itgstrat.biology.hgnc import GeneTable, load_hgnc
from itgstrat.biology.records import Confidence, Heterodimer, Signature, Source
from itgstrat.errors import CatalogueError, FaultsError, name_some

log = logging.getLogger(__name__)

SECTIONS = ("heterodimers", "signatures", "groups", "themes", "systems", "agents")
# These stand in one document with the themes.
OF_THEMES = ("reviews", "unseen")
GMT_CATEGORY = "own"
# Nothing is known of a set that comes without a word on its origin.
GMT_CONFIDENCE: Confidence = "low"
UP = "_UP"
DOWN = ("_DN", "_DOWN")


def read_catalogue(path: Path | str, known: Catalogue | None = None, table: GeneTable | None = None) -> Catalogue:
    """Read a user's own signatures, heterodimers, groups, systems and agents.

    YAML has the layout of the packaged facts: ``format: 1`` and any of ``heterodimers``, ``signatures``, ``groups``,
    ``themes``, ``systems`` and ``agents`` in one file. GMT has a set a line: name, description, genes, separated
    by tabs; ``NAME_UP`` and ``NAME_DN`` (or ``NAME_DOWN``) become one signature ``NAME`` with signs where both are
    there. Gene names are brought to approved HGNC symbols; previous symbols and aliases only where one gene alone
    has them. What was renamed or lost is logged as a warning and kept in ``source.verification``.

    Parameters
    ----------
    path : Path or str
        ``.yaml``, ``.yml`` or ``.gmt``.
    known : Catalogue, optional
        Whose signatures and groups the file may name; the packaged catalogue if not given.
    table : GeneTable, optional
        Gene names; the packaged table if not given.

    Returns
    -------
    Catalogue
        The file alone; `Catalogue.merged_with` adds it to another.

    Raises
    ------
    CatalogueError
        If the file cannot be read, holds faults (all are listed), or leaves a signature without genes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "own.gmt"
    ...     _ = file.write_text("MINE_UP,ours,ITGB6,HER2;MINE_DN,ours,CDH1".translate({44: 9, 59: 10}))
    ...     dict(read_catalogue(file).signatures["MINE"].genes)
    {'ITGB6': 1, 'ERBB2': 1, 'CDH1': -1}
    """
    file = Path(path)
    genes = table or load_hgnc()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file}: cannot be read ({error}); need a text file in UTF-8") from error
    if file.suffix.lower() == ".gmt":
        return _read_gmt(file, text, genes)
    if file.suffix.lower() in (".yaml", ".yml"):
        return _read_yaml(file, text, load_catalogue() if known is None else known, genes)
    raise CatalogueError(f"{file}: a catalogue is a .yaml, .yml or .gmt file, found {file.suffix or 'no ending'!r}")


def _read_yaml(file: Path, text: str, known: Catalogue, table: GeneTable) -> Catalogue:
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CatalogueError(f"{file}: no YAML ({error})") from error
    if not isinstance(document, dict):
        raise CatalogueError(f"{file}: need a mapping with 'format' and {', '.join(SECTIONS)}")
    others = sorted(str(key) for key in document.keys() - {"format", *SECTIONS, *OF_THEMES})
    if others:
        raise CatalogueError(f"{file}: unknown sections: {name_some(others)}; need {', '.join(SECTIONS)}")
    given = {key: _section_of(document, key) for key in SECTIONS if _holds(document, key)}
    try:
        own = build_catalogue(**given, known=known)
    except CatalogueError as error:
        raise CatalogueError(f"{file}: {error}") from error
    dimers = {key: _modernise_dimer(dimer, file, table) for key, dimer in own.heterodimers.items()}
    rest = [one for key, one in own.signatures.items() if key not in dimers]
    every = {key: dimer.signature() for key, dimer in dimers.items()} | _modernise(rest, file, table)
    return replace(own, signatures=every, heterodimers=dimers)


def _holds(document: Mapping[str, Any], key: str) -> bool:
    return key in document or (key == "themes" and any(part in document for part in OF_THEMES))


def _section_of(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return document if key != "themes" else {"reviews": {}, "themes": {}, "unseen": [], **document}


def _read_gmt(file: Path, text: str, table: GeneTable) -> Catalogue:
    faults: list[str] = []
    sets: dict[str, tuple[str, list[str]]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        members = [gene for gene in rest[1:] if gene]
        if not name or not members:
            faults.append(f"line {number}: need name, description and genes, separated by tabs; found {line[:40]!r}")
        elif name in sets:
            faults.append(f"line {number}: the set {name!r} is there twice")
        else:
            sets[name] = (rest[0], members)
    signed = _pair_up(sets, faults)
    if faults:
        raise CatalogueError(str(FaultsError(str(file), faults)))
    signatures = [
        Signature(
            id=name,
            title=name,
            category=GMT_CATEGORY,
            rule="set",
            genes=genes,
            source=Source(
                text=text or f"gene set of {file.name}", licence="not stated in the file", verification="not checked"
            ),
            confidence=GMT_CONFIDENCE,
            description=f"From {file.name}.",
        )
        for name, (text, genes) in signed.items()
    ]
    return Catalogue(_modernise(signatures, file, table), {}, {})


def _pair_up(sets: Mapping[str, tuple[str, list[str]]], faults: list[str]) -> dict[str, tuple[str, dict[str, int]]]:
    signed: dict[str, tuple[str, dict[str, int]]] = {}
    partners = {
        name: (name.removesuffix(UP), down)
        for name in sets
        if name.endswith(UP)
        for down in (name.removesuffix(UP) + ending for ending in DOWN)
        if down in sets
    }
    taken = {down for _, down in partners.values()}
    for name, (text, members) in sets.items():
        if name in partners:
            common, down = partners[name]
            lowered = sets[down][1]
            if common in sets:
                faults.append(f"{common!r} is a set of its own and also the name of {name} with {down}")
            if both := sorted(set(members) & set(lowered)):
                faults.append(f"{name} and {down} share genes: {name_some(both)}")
            signed[common] = (text, dict.fromkeys(members, 1) | dict.fromkeys(lowered, -1))
        elif name not in taken:
            signed[name] = (text, dict.fromkeys(members, 1))
    return signed


def _symbol(name: str, table: GeneTable) -> str | None:
    found = table.resolve(name)
    if found is not None:
        return found.symbol
    return table.from_ensembl(name) or table.from_entrez(name)


def _modernise(signatures: Iterable[Signature], file: Path, table: GeneTable) -> dict[str, Signature]:
    faults: list[str] = []
    made = {one.id: _modernise_one(one, file, table, faults) for one in signatures}
    if faults:
        raise CatalogueError(str(FaultsError(str(file), faults)))
    return made


def _modernise_one(signature: Signature, file: Path, table: GeneTable, faults: list[str]) -> Signature:
    symbols = {gene: _symbol(gene, table) for gene in signature.genes}
    lost = [gene for gene, symbol in symbols.items() if symbol is None]
    kept = [(gene, symbol) for gene, symbol in symbols.items() if symbol is not None]
    genes = {symbol: signature.genes[gene] for gene, symbol in reversed(kept)}
    parts = tuple(
        (name, tuple(dict.fromkeys(symbol for gene, symbol in kept if gene in listed)))
        for name, listed in signature.parts
    )
    if opposed := [gene for gene, symbol in kept if genes[symbol] != signature.genes[gene]]:
        faults.append(f"{signature.id}: {name_some(opposed)}: one gene under two names, with opposite signs")
    elif not genes or not all(listed for _, listed in parts):
        where = "the signature" if not genes else "one of its parts"
        faults.append(f"{signature.id}: no gene of {where} has one approved symbol; lost: {name_some(lost)}")
    elif parts and sum(len(listed) for _, listed in parts) != len(genes):
        faults.append(f"{signature.id}: one gene stands in both parts, under two names")
    renamed = [f"{gene}->{symbol}" for gene, symbol in kept if gene != symbol]
    source = _tell(signature.id, signature.source, file, {"renamed": renamed, "dropped, no one approved symbol": lost})
    return replace(signature, genes=dict(reversed(genes.items())), parts=parts, source=source)


def _tell(name: str, source: Source, file: Path, changes: Mapping[str, list[str]]) -> Source:
    told = [f"{what}: {', '.join(genes)}" for what, genes in changes.items() if genes]
    for what, genes in changes.items():
        if genes:
            log.warning("%s: %s: %d %s: %s", file, name, len(genes), what, name_some(genes))
    return replace(source, verification="; ".join([source.verification, *told]))


def _modernise_dimer(dimer: Heterodimer, file: Path, table: GeneTable) -> Heterodimer:
    alpha, beta = _symbol(dimer.alpha, table), _symbol(dimer.beta, table)
    if alpha is None or beta is None or alpha == beta:
        raise CatalogueError(
            f"{file}: {dimer.id}: need two different genes with one approved symbol each, "
            f"found alpha {dimer.alpha!r} and beta {dimer.beta!r}"
        )
    pairs = ((dimer.alpha, alpha), (dimer.beta, beta))
    renamed = [f"{old}->{new}" for old, new in pairs if old != new]
    return replace(dimer, alpha=alpha, beta=beta, source=_tell(dimer.id, dimer.source, file, {"renamed": renamed}))
