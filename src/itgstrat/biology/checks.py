"""Reading the fact documents into records; all that is wrong is collected in one list of faults."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from itgstrat.biology.entry import FORMAT, Entry
from itgstrat.biology.records import FACT_RULES, Confidence, Heterodimer, Signature
from itgstrat.errors import name_some

__all__ = [
    "FORMAT",
    "Entry",
    "open_section",
    "pick",
    "read_entries",
    "read_groups",
    "read_heterodimer",
    "read_signature",
]

Record = TypeVar("Record")


def _check_parts(entry: Entry, signature: Signature) -> None:
    if signature.rule not in FACT_RULES:
        return
    if signature.rule == "set":
        if signature.parts:
            entry.fault("parts: a signature with rule 'set' has none")
        return
    listed = [gene for _, genes in signature.parts for gene in genes]
    if len(signature.parts) != 2 or not all(genes for _, genes in signature.parts):
        entry.fault(f"parts: rule {signature.rule!r} needs two parts with genes")
    elif signature.rule == "lower_subunit" and len(listed) != 2:
        entry.fault("parts: rule 'lower_subunit' needs one gene in each part")
    elif sorted(listed) != sorted(map(str, signature.genes)):
        entry.fault("parts: need each gene of the signature in one part and no other")


def read_signature(entry: Entry) -> Signature:
    """Read a signature and check that genes, rule and parts agree.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Signature
        To be used only if no fault was added.
    """
    entry.forbid_others(Signature.__dataclass_fields__)
    signature = Signature(
        id=entry.text("id"),
        title=entry.text("title"),
        category=entry.text("category"),
        rule=entry.choice("rule", FACT_RULES),
        genes=entry.genes(),
        source=entry.source(),
        confidence=entry.choice("confidence", get_args(Confidence)),
        description=entry.text("description"),
        parts=entry.parts(),
        beside=entry.texts("beside", needed=False),
    )
    _check_parts(entry, signature)
    return signature


def read_heterodimer(entry: Entry) -> Heterodimer:
    """Read a heterodimer.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Heterodimer
        To be used only if no fault was added.
    """
    entry.forbid_others(Heterodimer.__dataclass_fields__)
    words = ("id", "title", "alpha", "beta", "ligand_class", "ligands", "main_cells")
    dimer = Heterodimer(
        **{key: entry.text(key) for key in words},
        confidence=entry.choice("confidence", get_args(Confidence)),
        source=entry.source(),
    )
    if dimer.alpha == dimer.beta:
        entry.fault("alpha and beta are the same gene")
    return dimer


def open_section(document: object, key: str, kind: type, faults: list[str]) -> Any:
    """Open one section of a fact document and check its format number.

    Parameters
    ----------
    document : object
        Parsed YAML.
    key : str
        Name of the section.
    kind : type
        What the section is: ``list`` or ``dict``.
    faults : list of str
        The common list, added to.

    Returns
    -------
    list or dict
        The section; empty where something is wrong.
    """
    content = document if isinstance(document, dict) else {}
    if content.get("format") != FORMAT:
        faults.append(f"{key}: need format {FORMAT}, found {content.get('format')!r}")
    if not isinstance(content.get(key), kind):
        faults.append(f"{key}: need a {kind.__name__} under {key!r}")
        return kind()
    return content[key]


def read_entries(
    document: object, key: str, read: Callable[[Entry], Record], faults: list[str], name: str = "id"
) -> dict[str, Record]:
    """Read all entries of one fact document.

    Parameters
    ----------
    document : object
        Parsed YAML.
    key : str
        Under which name the list of entries stands.
    read : callable
        Reads one entry, such as `read_signature`.
    faults : list of str
        The common list, added to.
    name : str
        The field that names an entry.

    Returns
    -------
    dict of str to record
        By name.
    """
    records: dict[str, Record] = {}
    for number, content in enumerate(open_section(document, key, list, faults), start=1):
        if not isinstance(content, dict):
            faults.append(f"{key}: entry {number}: need a mapping, found {content!r}")
            continue
        named = str(content.get(name) or f"entry {number}")
        entry = Entry(f"{key}: {named}", content, faults)
        if named in records:
            entry.fault(f"this {name} is there twice")
        records[named] = read(entry)
    return records


def pick(name: str, signatures: Mapping[str, Signature]) -> tuple[str, ...]:
    """Pick signatures by id or by ``category:NAME``.

    Parameters
    ----------
    name : str
        What to pick.
    signatures : mapping of str to Signature
        By id.

    Returns
    -------
    tuple of str
        Ids; empty where nothing has the name.
    """
    if name in signatures:
        return (name,)
    kind, _, category = name.partition(":")
    return tuple(key for key, one in signatures.items() if kind == "category" and one.category == category)


def read_groups(
    document: object,
    signatures: Mapping[str, Signature],
    faults: list[str],
    known: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Read the named groups and spell out groups within groups.

    Parameters
    ----------
    document : object
        Parsed YAML.
    signatures : mapping of str to Signature
        All known signatures, by id.
    faults : list of str
        The common list, added to.
    known : mapping of str to tuple of str, optional
        Groups of another catalogue that may be members too.

    Returns
    -------
    dict of str to tuple of str
        Group name -> signature ids, each once.
    """
    members: dict[str, list[str]] = {}
    for name, content in open_section(document, "groups", dict, faults).items():
        listed = content.get("members") if isinstance(content, dict) else None
        if not isinstance(listed, list) or not listed:
            faults.append(f"groups: {name}: need a list of members")
            continue
        members[str(name)] = [str(member) for member in listed]
        if name in signatures:
            faults.append(f"groups: {name}: the name is taken by a signature")
    elsewhere = known or {}

    def spell(name: str, path: tuple[str, ...]) -> list[str]:
        if name in path:
            faults.append(f"groups: {' > '.join((*path, name))} goes round in a circle")
            return []
        if name not in members:
            return list(elsewhere.get(name) or pick(name, signatures))
        return [leaf for member in members[name] for leaf in spell(member, (*path, name))]

    for name, listed in members.items():
        unknown = [one for one in listed if one not in members and not elsewhere.get(one) and not pick(one, signatures)]
        if unknown:
            faults.append(f"groups: {name}: unknown members: {name_some(unknown)}")
    return {name: tuple(dict.fromkeys(spell(name, ()))) for name in members}
