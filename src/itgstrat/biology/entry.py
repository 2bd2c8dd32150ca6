"""One entry of a fact document, read field by field; what is wrong goes to one list of faults."""

from collections.abc import Iterable, Sequence
from typing import Any

from itgstrat.biology.records import Source

# Number of the layout of all fact documents.
FORMAT = 1


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

    def texts(self, key: str, needed: bool = True) -> tuple[str, ...]:
        """Read a field that lists texts.

        Parameters
        ----------
        key : str
            Name of the field.
        needed : bool
            Whether an absent field is a fault; an empty list is none.

        Returns
        -------
        tuple of str
            The texts; empty where something is wrong.
        """
        value = self.content.get(key, None if needed else [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.fault(f"{key}: need a list of texts, found {value!r}")
            return ()
        return tuple(value)

    def inner(self, key: str) -> "Entry":
        """Open a field that is a mapping itself.

        Parameters
        ----------
        key : str
            Name of the field.

        Returns
        -------
        Entry
            Its entry, empty where something is wrong; faults go to the same list.
        """
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            self.fault(f"{key}: need a mapping, found {value!r}")
        return Entry(f"{self.where}: {key}", value if isinstance(value, dict) else {}, self.faults)

    def each(self, key: str) -> list["Entry"]:
        """Open a field that lists mappings.

        Parameters
        ----------
        key : str
            Name of the field.

        Returns
        -------
        list of Entry
            One a mapping, empty where something is wrong; faults go to the same list.
        """
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fault(f"{key}: need a list of mappings")
            return []
        return [Entry(f"{self.where}: {key} {number}", one, self.faults) for number, one in enumerate(value, start=1)]

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
