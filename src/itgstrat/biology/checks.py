"""Reading the fact documents into records; all that is wrong is collected in one list of faults."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from itgstrat.biology.records import Confidence, Heterodimer, Rule, Signature, Source
from itgstrat.errors import name_some

FORMAT = 1

Record = TypeVar("Record", Signature, Heterodimer)


class Entry:
    """One entry of a fact file, read field by field; what is wrong goes to the common list of faults.

    Parameters
    ----------
    where : str
        File part and id, put before each fault.
    content : dict
        The entry as YAML gave it.
    faults : list of str
        The common list, added to.
    """

    def __init__(self, where: str, content: dict[str, Any], faults: list[str]) -> None:
        self.where, self.content, self.faults = where, content, faults

    def fault(self, message: str) -> None:
        """Add a fault of this entry to the common list.

        Parameters
        ----------
        message : str
            What was found and what is needed.
        """
        self.faults.append(f"{self.where}: {message}")

    def text(self, key: str, needed: bool = True) -> str:
        """Read a field of text.

        Parameters
        ----------
        key : str
            Name of the field.
        needed : bool
            Whether an empty or absent field is a fault.

        Returns
        -------
        str
            The text; empty where there is none.
        """
        value = self.content.get(key, "")
        if not isinstance(value, str):
            self.fault(f"{key}: need text, found {value!r}")
        elif needed and not value.strip():
            self.fault(f"{key} is missing")
        return str(value)

    def choice(self, key: str, known: Sequence[str]) -> Any:
        """Read a field that has a few known values.

        Parameters
        ----------
        key : str
            Name of the field.
        known : sequence of str
            The values it may have.

        Returns
        -------
        object
            The value as found.
        """
        value = self.content.get(key)
        if value not in known:
            self.fault(f"{key}: need one of {', '.join(known)}, found {value!r}")
        return value

    def forbid_others(self, known: Iterable[str]) -> None:
        """Call fields that no one reads a fault: most are slips of the pen.

        Parameters
        ----------
        known : iterable of str
            The fields that are read.
        """
        others = sorted(str(key) for key in self.content.keys() - set(known))
        if others:
            self.fault(f"unknown fields: {', '.join(others)}")

    def source(self) -> Source:
        """Read the field ``source``.

        Returns
        -------
        Source
            With empty fields where something is wrong.
        """
        content = self.content.get("source")
        if not isinstance(content, dict):
            self.fault("source: need a mapping with text, licence and verification")
            return Source(text="")
        inner = Entry(f"{self.where}: source", content, self.faults)
        inner.forbid_others(Source.__dataclass_fields__)
        needed = ("text", "licence", "verification")
        return Source(**{key: inner.text(key, key in needed) for key in Source.__dataclass_fields__})

    def genes(self) -> dict[str, int]:
        """Read the field ``genes``.

        Returns
        -------
        dict of str to int
            Symbol -> +1 or -1; empty where there is none.
        """
        genes = self.content.get("genes")
        if not isinstance(genes, dict) or not genes:
            self.fault("genes: need a mapping of symbols to 1 or -1")
            return {}
        wrong = [str(gene) for gene, sign in genes.items() if not _is_sign(sign) or not isinstance(gene, str)]
        if wrong:
            self.fault(f"genes: need a symbol with 1 or -1; {len(wrong)} are not, e.g. {', '.join(wrong[:5])}")
        return genes

    def parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Read the field ``parts``.

        Returns
        -------
        tuple of (str, tuple of str)
            Name and genes of each part; empty where there is none.
        """
        parts = self.content.get("parts", {})
        if not isinstance(parts, dict) or not all(isinstance(genes, list) for genes in parts.values()):
            self.fault("parts: need a mapping of names to lists of genes")
            return ()
        return tuple((str(name), tuple(map(str, genes))) for name, genes in parts.items())


def _is_sign(value: object) -> bool:
    return type(value) is int and value in (1, -1)


def _check_parts(entry: Entry, signature: Signature) -> None:
    if signature.rule not in get_args(Rule):
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
        rule=entry.choice("rule", get_args(Rule)),
        genes=entry.genes(),
        source=entry.source(),
        confidence=entry.choice("confidence", get_args(Confidence)),
        description=entry.text("description"),
        parts=entry.parts(),
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


def _section(document: object, key: str, kind: type, faults: list[str]) -> Any:
    content = document if isinstance(document, dict) else {}
    if content.get("format") != FORMAT:
        faults.append(f"{key}: need format {FORMAT}, found {content.get('format')!r}")
    if not isinstance(content.get(key), kind):
        faults.append(f"{key}: need a {kind.__name__} under {key!r}")
        return kind()
    return content[key]


def read_entries(document: object, key: str, read: Callable[[Entry], Record], faults: list[str]) -> dict[str, Record]:
    """Read all entries of one fact document.

    Parameters
    ----------
    document : object
        Parsed YAML.
    key : str
        Under which name the list of entries stands.
    read : callable
        `read_signature` or `read_heterodimer`.
    faults : list of str
        The common list, added to.

    Returns
    -------
    dict of str to record
        By id.
    """
    records: dict[str, Record] = {}
    for number, content in enumerate(_section(document, key, list, faults), start=1):
        if not isinstance(content, dict):
            faults.append(f"{key}: entry {number}: need a mapping, found {content!r}")
            continue
        entry = Entry(f"{key}: {content.get('id') or f'entry {number}'}", content, faults)
        record = read(entry)
        if record.id in records:
            entry.fault("this id is there twice")
        records[record.id] = record
    return records


def _flatten(name: str, members: Mapping[str, list[str]], path: tuple[str, ...], faults: list[str]) -> list[str]:
    if name not in members:
        return [name]
    if name in path:
        faults.append(f"groups: {' > '.join((*path, name))} goes round in a circle")
        return []
    return [leaf for member in members[name] for leaf in _flatten(member, members, (*path, name), faults)]


def read_groups(document: object, ids: Iterable[str], faults: list[str]) -> dict[str, tuple[str, ...]]:
    """Read the named groups and spell out groups within groups.

    Parameters
    ----------
    document : object
        Parsed YAML.
    ids : iterable of str
        All known signature ids.
    faults : list of str
        The common list, added to.

    Returns
    -------
    dict of str to tuple of str
        Group name -> signature ids, each once.
    """
    known = set(ids)
    members: dict[str, list[str]] = {}
    for name, content in _section(document, "groups", dict, faults).items():
        listed = content.get("members") if isinstance(content, dict) else None
        if not isinstance(listed, list) or not listed:
            faults.append(f"groups: {name}: need a list of members")
            continue
        members[str(name)] = [str(member) for member in listed]
        if name in known:
            faults.append(f"groups: {name}: the name is taken by a signature")
    groups = {name: tuple(dict.fromkeys(_flatten(name, members, (), faults))) for name in members}
    for name, listed in members.items():
        unknown = [member for member in listed if member not in known and member not in members]
        if unknown:
            faults.append(f"groups: {name}: unknown members: {name_some(unknown)}")
    return groups
