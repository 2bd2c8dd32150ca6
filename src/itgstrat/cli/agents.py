"""`itgstrat agents`: the drugs, their targets, trials and markers; who is eligible; what is attached to a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli import transfer as transfers
from itgstrat.cli.facts import AsJson, print_json, print_record, print_table, print_text, say
from itgstrat.cli.options import Force
from itgstrat.cli.reading import (
    Altered,
    Clinical,
    CohortName,
    ColumnsLike,
    Expression,
    Model,
    ReferenceName,
    UnitName,
    read_new_cohort,
)

if TYPE_CHECKING:
    import pandas as pd

    from itgstrat.biology import Biomarker, Catalogue, Check, Trial

app = typer.Typer(no_args_is_help=True, help="The agents: list, show, eligible; learn on cell lines, attach.")


@app.command("list")
def list_them(as_json: AsJson = False) -> None:
    """List the agents by class, with target and trials; conjugates and carriers stand apart."""
    from itgstrat.biology import AGENT_CLASSES, load_catalogue

    catalogue = load_catalogue()
    chosen = list(catalogue.agents.values())
    if as_json:
        print_json(chosen)
        return
    sections: dict[str, list[tuple[str, ...]]] = {title: [] for title in AGENT_CLASSES.values()}
    for one in chosen:
        target = ", ".join(catalogue.heterodimers[name].title.split()[1] for name in one.heterodimers)
        verified = sum(check.status == "verified" for check in one.checks)
        row = (one.id, str(len(one.trials)), f"{verified} of {len(one.checks)}", target or ", ".join(one.genes))
        sections[AGENT_CLASSES[one.agent_class]].append(row)
    print_table(("agent", "trials", "verified", "target"), sections)
    say(
        f"{len(chosen)} agents. 'verified': facts that were read in their source.",
        "Conjugates and carriers use the integrin as an address: no antagonists.",
        "`itgstrat agents show ID` tells trials and markers.",
    )


@app.command("show")
def show(agent: Annotated[str, typer.Argument(help="Id, name or synonym.")], as_json: AsJson = False) -> None:
    """Show one agent: target, trials with outcome, markers with direction, and how far each was checked."""
    from itgstrat.biology import AGENT_CLASSES, load_catalogue

    catalogue = load_catalogue()
    found = catalogue.agent(agent)
    if as_json:
        print_json(found)
        return
    print_record(
        found.name,
        {
            "class": AGENT_CLASSES[found.agent_class],
            "also called": ", ".join(found.synonyms),
            "modality": found.modality,
            "target": [catalogue.heterodimers[name].title for name in found.heterodimers] or ", ".join(found.genes),
            "checked": _say_check(found.target_checked),
            "signatures": [_say_signature(name, catalogue) for name in found.signatures],
            "note": found.note,
        },
    )
    for trial in found.trials:
        _print_trial(trial)
    for marker in found.biomarkers:
        _print_marker(marker)


@app.command("eligible")
def eligible(
    model: Model,
    expression: Expression,
    clinical: Clinical = None,
    alterations: Altered = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Table to write.")] = Path("agents.tsv"),
    figure: Annotated[Path | None, typer.Option("--figure", metavar="FILE", help="Figure to draw (SVG).")] = None,
    reference: ReferenceName = "pooled",
    name: CohortName = None,
    unit: UnitName = "auto",
    columns_like: ColumnsLike = None,
    force: Force = False,
) -> None:
    """Count who is eligible for which agent, by target and context (tier T1, putative), and why the others are not."""
    from itgstrat.antagonists.context import count_calls, take_adjusted
    from itgstrat.errors import OutputError
    from itgstrat.learned import ModelBundle
    from itgstrat.prediction import predict

    for path in filter(None, [out, figure]):
        if path.exists() and not force:
            raise OutputError(f"{path} exists; give another file or --force")
    bundle = ModelBundle.load(model)
    rules = bundle.require_agents()
    cohort = read_new_cohort(bundle, expression, clinical, alterations, name, unit, columns_like)
    table = predict(bundle, cohort, reference).agents
    table.to_csv(out, sep="\t", index=False)
    adjusted = count_calls(take_adjusted(table)) if rules.adjusts else None
    _print_counts(count_calls(table), adjusted=adjusted)
    if figure:
        _draw(count_calls(table), figure, cohort.name)
    if rules.tumour_type and rules.tumour_type in cohort.clinical:
        types = cohort.clinical[rules.tumour_type].rename_axis("patient").rename("type").reset_index()
        typed = table.merge(types.astype({"patient": str}), on="patient").dropna(subset="type")
        for one, own in typed.groupby("type"):
            _print_counts(count_calls(own), f" ({rules.tumour_type} {one})")
    say(
        f"T1 target_context, putative: thresholds are quantiles of the training patients ({rules.reference}).",
        "A clause that fails decides; one that is unknown leaves the answer open.",
        "Not learned from response; hypothesis-generating, not for clinical use.",
        f"{out}: every patient, agent and tier, with reasons",
    )


app.command("transfer")(transfers.run)


@app.command("attach")
def attach(
    model: Model,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New model folder.")],
    transfer: Annotated[
        list[Path] | None, typer.Option("--transfer", metavar="FILE", help="TransferModel, tier T2; repeatable.")
    ] = None,
    benefit: Annotated[
        list[Path] | None,
        typer.Option("--benefit", metavar="FILE", help="Record of `itgstrat benefit test`, tier T3; repeatable."),
    ] = None,
) -> None:
    """Attach what cell lines (T2) or cohorts with arms (T3) said of agents; the old model stays as it is."""
    from itgstrat.errors import BundleError
    from itgstrat.learned import BenefitModel, ModelBundle, TransferModel
    from itgstrat.output import check_folder

    check_folder(out, force=False)
    bundle = ModelBundle.load(model)
    records: list[TransferModel | BenefitModel] = [
        *map(TransferModel.load, transfer or []),
        *map(BenefitModel.load, benefit or []),
    ]
    if not records:
        raise BundleError("nothing to attach; give --transfer FILE or --benefit FILE")
    bundle.attach(*records).save(out)
    for one in records:
        told = f"withheld: {one.reason}" if one.withheld else one.source
        print_text(f"{'T2' if isinstance(one, TransferModel) else 'T3'} {one.agent}: {told}")
    typer.echo(f"{out}: the model with {len(records)} attached\n{model}: as it was")


def _draw(counts: "pd.DataFrame", path: Path, cohort: str) -> None:
    from itgstrat.reporting.eligibility_figure import plot_eligibility
    from itgstrat.reporting.svg import figure_svg

    drawn = plot_eligibility(counts, title=f"Eligible by target and context (putative): {cohort}")
    path.write_text(figure_svg(drawn, "eligibility"), encoding="utf-8")


def _print_counts(counts: "pd.DataFrame", of: str = "", adjusted: "pd.DataFrame | None" = None) -> None:
    from itgstrat.biology import AGENT_CLASSES

    titles = {str(name): title for name, title in AGENT_CLASSES.items()}
    titles["control"] = "control: random genes as the target, no drug"
    sections: dict[str, list[tuple[str, ...]]] = {f"{title}{of}": [] for title in titles.values()}
    for position, row in enumerate(counts.to_dict("records")):
        cells = [str(row["agent"]), f"{row['eligible']} ({row['eligible'] / row['patients']:.0%})"]
        cells += [str(adjusted["eligible"].iloc[position])] if adjusted is not None else []
        cells += [str(row["not eligible"]), str(row["cannot tell"]), str(row["reasons"]).partition("; ")[0]]
        sections[f"{titles[str(row['class'])]}{of}"].append(tuple(cells))
    extra = () if adjusted is None else ("adjusted",)
    print_table(("agent", "eligible", *extra, "not", "cannot tell", "commonest reason against"), sections)


def _say_signature(name: str, catalogue: "Catalogue") -> str:
    return f"{name}  {catalogue.signatures[name].title}"


def _say_check(check: "Check") -> str:
    return ": ".join(filter(None, [check.status, check.note, check.source]))


def _print_trial(trial: "Trial") -> None:
    phase = trial.phase if trial.phase == "preclinical" else f"phase {trial.phase}"
    print_record(
        f"\n{trial.name or 'trial without a name'} ({phase})" if phase != "preclinical" else "\nPreclinical work",
        {
            "in": trial.indication,
            "design": ", ".join(filter(None, [trial.design, f"n = {trial.patients}" * bool(trial.patients)])),
            "outcome": trial.outcome,
            "citation": str(trial.citation),
            "checked": _say_check(trial.checked),
        },
    )


def _print_marker(marker: "Biomarker") -> None:
    print_record(
        f"\nMarker: {marker.marker}",
        {
            "direction": marker.direction,
            "role": marker.role,
            "in": marker.context,
            "found": marker.statement,
            "genes": " ".join(marker.genes),
            "citation": str(marker.citation),
            "checked": _say_check(marker.checked),
        },
    )
