"""`itgstrat signatures`: which there are, what one holds, and how they overlap."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.facts import AsJson, print_json, print_record, print_table, say

if TYPE_CHECKING:
    from itgstrat.biology import Catalogue, Signature

app = typer.Typer(no_args_is_help=True, help="The gene signatures: list, show, overlap.")

Own = Annotated[
    list[Path] | None, typer.Option("--catalogue", metavar="FILE", help="Your own YAML or GMT, added; repeatable.")
]


@app.command("list")
def list_them(
    category: Annotated[str | None, typer.Option("--category", help="One category only.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="One group only, such as heterodimers.")] = None,
    own: Own = None,
    as_json: AsJson = False,
) -> None:
    """List the signatures with their size, rule and confidence."""
    catalogue = _load(own)
    chosen = list(catalogue.signatures.values())
    for name in filter(None, [group, f"category:{category}" if category else None]):
        members = {one.id for one in catalogue.select([name])}
        chosen = [one for one in chosen if one.id in members]
    if as_json:
        print_json(chosen)
        return
    sections: dict[str, list[tuple[str, ...]]] = {}
    for one in chosen:
        size = f"{len(one.genes)}{'' if one.rule == 'set' else ' lower'}"
        sections.setdefault(one.category, []).append((one.id, size, one.confidence, one.title))
    print_table(("signature", "genes", "trust", "title"), sections)
    say(
        f"{len(chosen)} signatures. 'trust': confidence in the list.",
        "'lower': the lower of two subunits or parts is scored.",
        "`itgstrat signatures show ID` tells genes, source and cautions.",
    )


@app.command("show")
def show(
    signature: Annotated[str, typer.Argument(help="Id of the signature.")], own: Own = None, as_json: AsJson = False
) -> None:
    """Show one signature: genes, rule, source, cautions, and the systems it covers."""
    catalogue = _load(own)
    found = catalogue.select([signature])
    if as_json:
        print_json(list(found) if len(found) > 1 else found[0])
        return
    for one in found:
        _print_signature(one, catalogue)


@app.command("overlap")
def overlap(
    names: Annotated[list[str] | None, typer.Argument(help="Ids or groups; all signatures if none is given.")] = None,
    minimum: Annotated[float, typer.Option("--minimum", min=0, max=1, help="Smallest Jaccard index shown.")] = 0.25,
    own: Own = None,
    as_json: AsJson = False,
) -> None:
    """Say which signatures share genes, and which hold integrin subunits themselves."""
    catalogue = _load(own)
    pairs = [one for one in catalogue.overlap(names or None) if one.jaccard >= minimum]
    circular = catalogue.circularity(names or None)
    if as_json:
        print_json({"pairs": pairs, "circularity": circular})
        return
    rows = [(f"{one.jaccard:.2f}", str(len(one.shared)), f"{one.first}  {one.second}") for one in pairs]
    print_table(("Jaccard", "shared", "pair"), {f"Pairs with a Jaccard index of {minimum} or more": rows})
    warned = [(one.signature, " ".join(one.targets)) for one in circular if not one.expected]
    print_table(("signature", "integrin subunits it holds"), {"Circular: association is partly built in": warned})
    say(
        f"{len(pairs)} pairs. {len(warned)} signatures hold integrin subunits beside other genes;",
        f"{len(circular) - len(warned)} more hold them on purpose (--json lists them).",
        "In Python, Signature.without(genes) leaves genes out of a score.",
    )


def _load(own: list[Path] | None) -> "Catalogue":
    from itgstrat.biology import load_catalogue, read_catalogue

    catalogue = load_catalogue()
    for path in own or []:
        catalogue = catalogue.merged_with(read_catalogue(path, known=catalogue))
    return catalogue


def _print_signature(one: "Signature", catalogue: "Catalogue") -> None:
    from itgstrat.biology.records import RULES

    source = one.source
    identifiers = (f"PMID {source.pmid}" * bool(source.pmid), f"doi:{source.doi}" * bool(source.doi))
    msigdb = f"MSigDB {source.msigdb_name} {source.msigdb_id}".strip() if source.msigdb_name else ""
    print_record(
        f"{one.id}: {one.title}",
        {
            "category": one.category,
            "rule": RULES[one.rule],
            "trust": one.confidence,
            "description": one.description,
            f"up ({len(one.up)})": " ".join(one.up),
            f"down ({len(one.down)})": " ".join(one.down),
            **{f"part {name}": " ".join(genes) for name, genes in one.parts},
            "read beside": " ".join(one.beside),
            "source": (source.text, "  ".join(filter(None, identifiers)), msigdb),
            "licence": source.licence,
            "checked": source.verification,
            "systems": [f"{system.code}  {system.phrase}" for system in catalogue.systems_of(one.id)],
            "groups": ", ".join(name for name, members in catalogue.groups.items() if one.id in members),
        },
    )
