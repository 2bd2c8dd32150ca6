"""How the fact files are written: YAML that reads well, and the one JSON file that is read fast."""

import json
import logging
from pathlib import Path
from typing import Any

import yaml

log = logging.getLogger("build_facts")

HEADER = (
    "# Made by scripts/build_facts.py, which says what may be edited here by hand and is kept.\n"
    "# After an edit run it again, so that catalogue.json follows.\n"
)
# Documents of the catalogue, in the order of the packed file.
PACKED = ("heterodimers", "signatures", "groups", "themes", "systems", "agents")


class Flow(dict[str, Any]):
    """A mapping that is dumped on one line."""


class FlowList(list[str]):
    """A list that is dumped on one line."""


class Dumper(yaml.SafeDumper):
    """Dumper that indents list items and knows one-line mappings."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent list items below their key.

        Parameters
        ----------
        flow, indentless : bool
            As PyYAML passes them; `indentless` is ignored.
        """
        super().increase_indent(flow, False)


def _flow(dumper: Dumper, data: Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


def _flow_list(dumper: Dumper, data: FlowList) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


Dumper.add_representer(Flow, _flow)
Dumper.add_representer(FlowList, _flow_list)


def dump(path: Path, key: str, entries: list[dict[str, Any]]) -> None:
    """Write one fact document.

    Parameters
    ----------
    path : Path
        The file.
    key : str
        Under which name the entries stand.
    entries : list of dict
        The entries.
    """
    text = yaml.dump({"format": 1, key: entries}, Dumper=Dumper, sort_keys=False, width=98, allow_unicode=True)
    path.write_text(HEADER + text, encoding="utf-8")
    log.info("%s: %d entries", path.name, len(entries))


def load(path: Path) -> Any:
    """Read a YAML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    object
        Its content.
    """
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def packaged(path: Path, key: str, name: str = "id") -> dict[str, dict[str, Any]]:
    """Read the entries of a fact document that is packaged already.

    Parameters
    ----------
    path : Path
        The file; it may be absent.
    key : str
        Under which name the entries stand.
    name : str
        The field that names an entry.

    Returns
    -------
    dict of str to dict
        Entries by name.
    """
    return {entry[name]: entry for entry in load(path)[key]} if path.is_file() else {}


def pack_catalogue(facts: Path) -> str:
    """Put all fact documents of the catalogue into one JSON text, an entry a line.

    Parameters
    ----------
    facts : Path
        Folder of the fact files.

    Returns
    -------
    str
        The content of ``catalogue.json``.
    """
    sections = []
    for name in PACKED:
        document = load(facts / f"{name}.yaml")
        sections.append(
            f'"{name}": {{\n' + ",\n".join(f'"{key}": {_json(part)}' for key, part in document.items()) + "}"
        )
    return "{" + ",\n".join(sections) + "}\n"


def _json(part: Any) -> str:
    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    if isinstance(part, list):
        return "[\n" + ",\n".join(map(compact, part)) + "]"
    if isinstance(part, dict):
        return "{\n" + ",\n".join(f"{compact(key)}:{compact(value)}" for key, value in part.items()) + "}"
    return compact(part)
