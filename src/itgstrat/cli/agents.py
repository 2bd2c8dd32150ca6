"""`itgstrat agents`: the drugs, their targets, trials and markers."""

from typing import TYPE_CHECKING, Annotated

import typer

from itgstrat.cli.facts import AsJson, print_json, print_record, print_table, say

if TYPE_CHECKING:
    from itgstrat.biology import Biomarker, Catalogue, Check, Trial

app = typer.Typer(no_args_is_help=True, help="The agents: antagonists, conjugates, carriers, comparators: list, show.")


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
