"""`itgstrat inspect`: what a file is, or a model."""

import json
from itertools import zip_longest
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from itgstrat.evaluation.quality import CohortQuality, SignatureQuality


def run(
    path: Annotated[str, typer.Argument(help="File, model or run folder to look at, or survset:NAME.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SIGNATURE", help="With --signatures: ids or groups; all if none is given."),
    ] = None,
    clinical: Annotated[Path | None, typer.Option("--clinical", help="Clinical file that belongs to it.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="NAME=VALUE", help="What its layout knows: probe_map=PATH, layer=...; repeatable."
        ),
    ] = None,
    signatures: Annotated[
        bool, typer.Option("--signatures", help="Show how fit the signatures named, or all, are for this cohort.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a file is: layout, patients, genes, identifiers, unit, endpoints, integrin coverage.

    Of a model folder: what it predicts, from what, how well, and what a new cohort needs for it.
    """
    from itgstrat.cli.model import find_model

    if names and not signatures:
        raise typer.BadParameter(f"{' '.join(names)}: names of signatures go with --signatures")
    if model := find_model(path):
        if clinical or options or signatures:
            raise typer.BadParameter("--clinical, --option and --signatures go with a cohort; this is a model")
        _show_model(model, as_json)
        return
    from itgstrat.readers import inspect_path

    own: dict[str, Any] = {name: value for name, _, value in (option.partition("=") for option in options or [])}
    inspection = inspect_path(path, clinical=clinical, **own)
    found = inspection.as_dict()
    quality = _assess(path, clinical, own, names) if signatures else None
    if as_json:
        if quality:
            found["signatures"] = [one.as_dict() for one in quality.signatures]
        typer.echo(json.dumps(found, indent=1))
        return
    found["endpoints"] = [str(endpoint) for endpoint in inspection.endpoints]
    found["integrins"] = (
        f"{len(inspection.integrins)} of {len(inspection.integrins) + len(inspection.integrins_missing)}"
    )
    width = max(map(len, found)) + 2
    for key, value in found.items():
        said = value if isinstance(value, list) else [f"{value:.1%}" if isinstance(value, float) else value]
        lines = [line for item in said for line in wrap(str(item), max(40, get_terminal_size().columns - width))] or [
            "-"
        ]
        for title, line in zip_longest([key.replace("_", " ")], lines, fillvalue=""):
            typer.echo(f"{title:<{width}}{line}")
    if quality:
        _print_quality(quality)


def _show_model(folder: Path, as_json: bool) -> None:
    from itgstrat.cli.model import describe_model, print_model
    from itgstrat.learned import ModelBundle

    found = describe_model(ModelBundle.load(folder))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        print_model(found, folder)


def _assess(path: str, clinical: Path | None, options: dict[str, Any], names: list[str] | None) -> "CohortQuality":
    from itgstrat.biology import load_catalogue
    from itgstrat.evaluation.quality import assess_signatures
    from itgstrat.readers import read_cohort

    catalogue = load_catalogue()
    chosen = catalogue.select(names or list(catalogue.signatures))  # unknown names are told before the file is read
    return assess_signatures(read_cohort(path, clinical=clinical, **options), chosen)


def _print_quality(quality: "CohortQuality") -> None:
    from itgstrat.cli.facts import print_table, say

    title = f"Quality of {len(quality.signatures)} signatures in {quality.n_patients} patients of {quality.cohort}"
    headings = ("signature", "genes", "level", "SD", "intra", "agree", "prolif")
    print_table(headings, {title: [_row(one) for one in quality.signatures]})
    warned = [(one.signature, "; ".join(one.warnings)) for one in quality.signatures if one.warnings]
    print_table(("signature", "warning"), {f"Warnings of {len(warned)} signatures": warned})
    say(
        "genes: measured of all. level: place of its genes among all, 0 to 1 (highest).",
        "SD: relative to all genes. intra: correlation of its genes with each other.",
        "agree: lowest correlation of singscore, ssGSEA and z-score.",
        "prolif: correlation with proliferation. --json has stroma, endothelium, purity.",
        "-: does not apply, or cannot be known from this cohort. See docs/quality.md.",
    )


def _row(one: "SignatureQuality") -> tuple[str, ...]:
    numbers = (one.level, one.variability, one.coherence, one.agreement, one.proliferation)
    return (
        one.signature,
        f"{one.n_measured}/{one.n_genes}",
        *("-" if number != number else f"{number:z.2f}" for number in numbers),
    )
