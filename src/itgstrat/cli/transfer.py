"""`itgstrat agents transfer`: a sensitivity learned on cell lines, judged, and kept as tier T2 of an agent."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from itgstrat.cli.facts import print_table, print_text

if TYPE_CHECKING:
    import pandas as pd

    from itgstrat.biology import Agent
    from itgstrat.evaluation.interval import Interval
    from itgstrat.evaluation.transfer import TransferEvaluation
    from itgstrat.fitting.transfer import Alignment, LineData
    from itgstrat.learned import TransferModel
    from itgstrat.readers.cell_lines import LineResponses, Screen


_Agent = Annotated[str, typer.Argument(help="Id, name or synonym of the agent.")]
_Lines = Annotated[
    list[Path],
    typer.Argument(metavar="CELL_LINES...", help="Files of the screen: profiles, responses, lineages; or a folder."),
]
_Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Record to write (.npz), for `agents attach`.")]
_Drug = Annotated[
    str | None, typer.Option("--drug", metavar="ID", help="Label of the screen; that of the agent's name if not given.")
]
_Panel = Annotated[
    Literal["adhesion", "all"],
    typer.Option("--panel", metavar="WHICH", help="adhesion: integrins, target, axes of agents; all: the platform."),
]
_Kind = Annotated[
    Literal["ranks", "quantiles"] | None,
    typer.Option("--alignment", metavar="HOW", help="ranks, for mRNA alone; or quantiles of --tumours."),
]
_Tumours = Annotated[
    str | None,
    typer.Option("--tumours", metavar="FILE", help="Expression of tumours, outcomes unread: the reference."),
]
_Mrna = Annotated[
    Path | None,
    typer.Option("--mrna", metavar="FILE", help="DepMap expression, to state how proteins go with mRNA."),
]
_Penalty = Annotated[
    Literal["ridge", "elastic_net"], typer.Option("--penalty", metavar="WHICH", help="ridge or elastic_net.")
]


def run(
    agent: _Agent,
    lines: _Lines,
    out: _Out,
    drug: _Drug = None,
    panel: _Panel = "adhesion",
    alignment: _Kind = None,
    tumours: _Tumours = None,
    mrna: _Mrna = None,
    penalty: _Penalty = "ridge",
    n_random: Annotated[
        int, typer.Option("--random", min=19, help="Random models to be beaten; 19 can just reach p = 0.05.")
    ] = 199,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Bootstrap samples and permutations.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Seed.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Learn an agent's sensitivity on cell lines (tier T2), judged on lineages left out; withheld where it fails.

    Hypothesis-generating: lines on plastic have no stroma, vessel or immune cell.
    """
    from itgstrat.biology import load_catalogue
    from itgstrat.errors import OutputError
    from itgstrat.evaluation.transfer import evaluate_transfer, judge_transfers
    from itgstrat.fitting.transfer import learn_transfer
    from itgstrat.fitting.transfer_fit import TransferSettings
    from itgstrat.readers.cell_lines import read_screen

    if out.is_dir():
        raise OutputError(f"{out} is a folder; name the file to write")
    if out.exists() and not force:
        raise OutputError(f"{out} exists; give another file or --force")
    if not out.parent.is_dir():
        raise OutputError(f"{out}: there is no folder {out.parent}; make it, or give another file")
    known = load_catalogue().agent(agent)
    screen = read_screen(lines, mrna)
    data = _join(screen, known, drug, panel)
    stated, source = _correlate(screen, data)
    how = _align(alignment or ("ranks" if data.measures == "mRNA" else "quantiles"), tumours)
    settings = TransferSettings(penalty)
    (found,) = judge_transfers([evaluate_transfer(data, how, settings, n_random, draws, seed)])
    record = learn_transfer(data, how, settings, stated, source, "; ".join(found.reasons))
    _say(found, record)
    with TemporaryDirectory(dir=out.parent) as workplace:  # what stood there goes only when the new one is whole
        record.save(Path(workplace) / out.name).replace(out)
    typer.echo(f"\n{out}: tier T2 of {record.agent}, for `itgstrat agents attach --transfer`")


def _join(screen: "Screen", agent: "Agent", drug: str | None, panel: str) -> "LineData":
    """Lines with profile, response and lineage, and the features that may be learned from."""
    from itgstrat.antagonists.transfer import adhesion_genes
    from itgstrat.fitting.transfer import LineData

    profiles, responses = screen.profiles, screen.responses
    label = _find_drug(responses, agent, drug)
    wanted = adhesion_genes(agent.genes)
    features = [name for name in profiles.values if panel == "all" or profiles.genes.get(str(name)) in wanted]
    return LineData.join(
        (agent.id, agent.agent_class, f"{responses.drugs[label]} ({label})"),
        (f"{responses.name}, {profiles.name}", responses.unit, profiles.measures),
        profiles.values,
        responses.values[label],
        screen.lineage,
        tuple(map(str, features)),
        tuple(name for name, gene in profiles.genes.items() if gene in agent.genes),
        profiles.genes,
    )


def _find_drug(responses: "LineResponses", agent: "Agent", drug: str | None) -> str:
    """The label of the screen that is learned, which nobody chose by how well it can be learned."""
    from itgstrat.errors import InputError, name_some

    if drug is not None:
        if drug not in responses.drugs:
            near = [label for label, name in responses.drugs.items() if drug.lower() in f"{label} {name}".lower()]
            found = name_some([f"{label} ({responses.drugs[label]})" for label in near or responses.drugs], 8)
            raise InputError(f"{responses.name} has no label {drug!r}; {'near it' if near else 'it has'}: {found}")
        return drug
    labels = responses.ids(agent.id, agent.name, *agent.synonyms)
    if len(labels) != 1:
        held = f"tells {agent.name} as {name_some(labels)}" if labels else f"has no {agent.name}"
        other = "give --drug ID for a drug of the same target, or the gene of a knock-out"
        advice = "say by --drug which to learn" if labels else other
        raise InputError(f"{responses.name} ({len(responses.drugs):,} labels) {held}; {advice}")
    return labels[0]


def _correlate(screen: "Screen", data: "LineData") -> tuple["pd.Series | None", str]:
    """Correlation of each protein with its mRNA and where it is from; nothing where no mRNA was given."""
    from itgstrat.errors import InputError
    from itgstrat.fitting.transfer import correlate_features

    if screen.mrna is None:
        return None, ""
    if data.measures == "mRNA":
        raise InputError(f"{screen.profiles.name} is mRNA itself; --mrna goes with profiles of proteins, leave it out")
    source = f"Spearman over the lines of {screen.mrna.name} and {screen.profiles.name}"
    return correlate_features(data.values, screen.mrna.values, data.genes), source


def _align(kind: Literal["ranks", "quantiles"], tumours: str | None) -> "Alignment":
    from itgstrat.errors import InputError
    from itgstrat.fitting.transfer import Alignment
    from itgstrat.readers import read_cohort

    if tumours is None:
        return Alignment(kind)
    cohort = read_cohort(tumours)
    if kind == "quantiles" and cohort.unit != "log2":
        raise InputError(
            f"{tumours}: the values are {cohort.unit}; new patients are held against these quantiles in log2: give "
            "tumours as counts, linear or log2"
        )
    return Alignment(kind, cohort.expression, cohort.name)


def _say(found: "TransferEvaluation", record: "TransferModel") -> None:
    """Print how the model did beside what it must beat, and the verdict."""
    print_text(
        f"{found.agent}, {found.drug}: {found.n_lines} lines of {found.n_lineages} lineages, {found.n_features} "
        f"features ({found.trained_on}); each lineage left out in turn"
    )
    rows = [
        (
            row.model,
            _within(row.within),
            "" if row is found.model else _within(row.difference),
            f"{row.r2.estimate:.2f}",
        )
        for row in found.rows
    ]
    rows.append((f"random {found.null}", f"{found.random_median:.2f}", f"p = {found.p_random:.3f}", ""))
    heads = ("", "C within lineages (95%)", "model minus it (95%)", "R²")
    print_table(heads, {"Concordance within lineages; 0.5 is what lineage alone tells": rows})
    typer.echo()
    print_text(f"withheld: {record.reason}" if record.withheld else f"may be told: {record.source}")
    if record.refusal:
        print_text(f"refused on tumours: {record.refusal}")
    print_text(
        f"q = {found.q:.3f} counts this one model: of several tried, judge all together (docs/transfer.md).",
        "Hypothesis-generating, not for clinical use.",
    )


def _within(value: "Interval") -> str:
    return f"{value.estimate:z.2f} ({value.low:z.2f} to {value.high:z.2f})"
