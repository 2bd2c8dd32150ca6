"""`itgstrat benefit`: who gains from treatment, by score; how many events that takes; a simulated POSEIDON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import pandas as pd

    from itgstrat.antagonists.benefit import Benefit
    from itgstrat.learned import BenefitModel, ModelBundle
    from itgstrat.learned.benefit import Score

app = typer.Typer(no_args_is_help=True, help="Treatment by score on cohorts with two arms: test, power, poseidon.")

_Ratio = Annotated[float, typer.Option("--ratio", help="Ratio of hazard ratios, with the marker over without.")]
_Prevalence = Annotated[
    float | None,
    typer.Option("--prevalence", help="Share with the marker; a score in standard deviations if not given."),
]
_Allocation = Annotated[float, typer.Option("--allocation", help="Share treated.")]
_Level = Annotated[float, typer.Option("--alpha", help="Two-sided level.")]
_LearnedWhere = Annotated[
    Literal["elsewhere", "out-of-fold"],
    typer.Option("--learned", metavar="WHERE", help="The score: elsewhere (or fixed beforehand), or out-of-fold."),
]
_Unit = Annotated[
    Literal["days", "weeks", "months", "years"], typer.Option("--time-unit", metavar="UNIT", help="Of --time.")
]
_Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE", help="Save tier T3 for `itgstrat agents attach`; with the next four."),
]
_Model = Annotated[Path | None, typer.Option("--model", metavar="DIR", help="Model that told the score.")]
_Agent = Annotated[str | None, typer.Option("--agent", help="Agent of the treated arm.")]
_ScoreIs = Annotated[
    Literal["risk", "target_context"] | None,
    typer.Option(
        "--score-is", metavar="WHICH", help="risk of predictions.tsv; target_context: T1 value in agents.tsv."
    ),
]
_Cohort = Annotated[str | None, typer.Option("--cohort", help="Name of the cohort; that of the table if not given.")]
_Seed = Annotated[int, typer.Option("--seed", help="Seed.")]


@app.command("test")
def examine(
    table: Annotated[Path, typer.Argument(help="One row a patient: arm, score, event, time (TSV, CSV, parquet).")],
    arm: Annotated[str, typer.Option("--arm", help="Column with the arm; 0 and 1, or see --control.")],
    score: Annotated[str, typer.Option("--score", help="Column with the continuous score.")],
    event: Annotated[str, typer.Option("--event", help="Column with 1 (event) and 0 (censored).")],
    time: Annotated[str, typer.Option("--time", help="Column with the time to event or censoring.")],
    learned: _LearnedWhere,
    unit: _Unit = "days",
    control: Annotated[str | None, typer.Option("--control", help="Value of --arm that is the control.")] = None,
    treatment: Annotated[str | None, typer.Option("--treatment", help="Value of --arm that is the treatment.")] = None,
    covariates: Annotated[
        list[str] | None, typer.Option("--covariate", "--covariates", help="Columns to adjust for; repeat, or commas.")
    ] = None,
    strata: Annotated[str | None, typer.Option("--strata", help="Column with a baseline hazard a value.")] = None,
    observational: Annotated[
        bool, typer.Option("--observational", help="Nobody drew lots: overlap weights, balance, and the label.")
    ] = False,
    horizon: Annotated[float | None, typer.Option("--horizon-days", help="Of survival and restricted mean.")] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Bootstrap samples.")] = 200,
    permutations: Annotated[int, typer.Option("--permutations", min=1, help="Permutations of the score.")] = 999,
    seed: _Seed = 0,
    out: Annotated[Path | None, typer.Option("--out", help="File of the result: .tsv, or .json.")] = None,
    record: _Record = None,
    model: _Model = None,
    agent: _Agent = None,
    score_is: _ScoreIs = None,
    cohort: _Cohort = None,
) -> None:
    """Test whether the effect of treatment depends on a score, and say how much at which score.

    Hypothesis-generating; a cohort with one arm is refused.
    """
    from itgstrat.antagonists.benefit import analyse_benefit
    from itgstrat.antagonists.benefit_record import record_benefit
    from itgstrat.antagonists.benefit_trial import read_trial
    from itgstrat.errors import OutputError

    if out is not None and out.suffix not in {".tsv", ".json"}:
        raise OutputError(f"{out} ends neither in .tsv nor in .json; say which by the name")
    for path in filter(None, [out, record]):
        if path.exists():
            raise OutputError(f"{path} exists; give another file")
    bundle = _load_model(record, model, agent, score_is)
    trial = read_trial(
        _read_patients(table, for_record=record is not None),
        arm=arm,
        score=score,
        event=event,
        time=time,
        learned=learned,
        unit=unit,
        control=control,
        treatment=treatment,
        covariates=[name for given in covariates or [] for name in given.split(",")],
        strata=strata,
        design="observational" if observational else "randomised",
    )
    found = analyse_benefit(trial, horizon, draws, permutations, seed)
    _say(found)
    if out is not None:
        _write(found, out)
    if record and bundle and agent and score_is:
        _keep(record_benefit(found, bundle, agent, score_is, cohort or table.stem), record)


def _keep(made: "BenefitModel", record: Path) -> None:
    """Save a record of tier T3 and say what it will tell."""
    made.save(record)
    told = f"withheld: {made.reason}" if made.withheld else made.source
    typer.echo(f"{record}: tier T3 of {made.agent}, {told}")


def _load_model(
    record: Path | None, model: Path | None, agent: str | None, score_is: "Score | None"
) -> "ModelBundle | None":
    """The model that told the score, where a record is to be saved; asked for before any work is done."""
    from itgstrat.antagonists.benefit_record import find_class
    from itgstrat.errors import OutputError
    from itgstrat.learned import ModelBundle

    if record is None and (model or agent or score_is):
        raise OutputError("--model, --agent and --score-is are for a record; give --record FILE, or leave them out")
    if record is None:
        return None
    if not (model and agent and score_is):
        raise OutputError("a record needs --model (that told the score), --agent (of the treated arm) and --score-is")
    bundle = ModelBundle.load(model)
    find_class(bundle, agent)
    bundle.digest_score(score_is)
    return bundle


def _read_patients(table: Path, for_record: bool) -> "pd.DataFrame":
    """Read the trial; a record takes no scores by another reference than pooled, where the table still says which."""
    from itgstrat.errors import CohortError
    from itgstrat.readers.tables import read_clinical

    patients = read_clinical(table)
    others = set(patients.get("reference", [])) - {"pooled"}
    if others and for_record:
        found = ", ".join(sorted(map(str, others)))
        raise CohortError(
            f"{table}: scores by the reference {found}; a record needs those of `itgstrat predict --reference pooled`"
        )
    return patients


def _say(found: "Benefit") -> None:
    """Print the finding, the effects by score, the balance and the notes."""
    typer.echo(found.say())
    typer.echo("\nhazard ratio of treatment by score:")
    typer.echo(found.interaction.at_quantiles.round(3).to_string())
    typer.echo(f"\nsurvival and restricted mean at {found.horizon_days:g} days, {found.arms[1]} minus {found.arms[0]}:")
    shown = [name for name in found.survival.columns if name == "score" or "difference" in name]
    typer.echo(found.survival[shown].round(3).to_string())
    if found.balance is not None:
        typer.echo("\nbalance, standardised differences:")
        typer.echo(found.balance.round(3).to_string())
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{found.design}; {found.caveat}")


def _write(found: "Benefit", out: Path) -> None:
    """Write all numbers, as the name of the file says."""
    import json

    if out.suffix == ".json":
        out.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    else:
        found.to_table().to_csv(out, sep="\t", index=False, lineterminator="\n")
    typer.echo(f"{out}: all numbers")


@app.command("power")
def power(
    ratio: _Ratio = 0.5,
    prevalence: _Prevalence = None,
    allocation: _Allocation = 0.5,
    events: Annotated[int | None, typer.Option("--events", min=1, help="What this number of events finds.")] = None,
    wanted: Annotated[float, typer.Option("--power", help="Chance of finding it.")] = 0.8,
    alpha: _Level = 0.05,
    trials: Annotated[int, typer.Option("--simulate", min=0, help="Check by simulating as many trials.")] = 0,
    seed: _Seed = 0,
) -> None:
    """Count the events that an interaction needs, or say what a number of events finds."""
    from itgstrat.antagonists.power import (
        detectable_ratio,
        events_for_interaction,
        power_of_interaction,
        simulate_power,
    )

    needed = events_for_interaction(ratio, prevalence, allocation, wanted, alpha)
    marker = "a score, per standard deviation" if prevalence is None else f"a marker in {prevalence:.0%} of patients"
    typer.echo(f"{marker}; {allocation:.0%} treated; two-sided level {alpha:g}")
    typer.echo(f"events for a ratio of hazard ratios of {ratio:g} with {wanted:.0%} power: {needed:,}")
    if events is not None:
        chance = power_of_interaction(events, ratio, prevalence, allocation, alpha)
        least = detectable_ratio(events, prevalence, allocation, wanted, alpha)
        typer.echo(f"{events:,} events: {chance:.0%} power; with {wanted:.0%} they find {least:.2f} or stronger")
    if trials:
        number = needed if events is None else events
        chance = simulate_power(number, ratio, prevalence, allocation, trials=trials, alpha=alpha, random_state=seed)
        typer.echo(f"in {trials:,} simulated trials of {number:,} events: {chance:.0%} power")


@app.command("poseidon")
def poseidon(
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials for each truth.")] = 500, seed: _Seed = 0
) -> None:
    """Simulate POSEIDON at its size under four truths: how often is the subgroup found, and what is found then."""
    from itgstrat.antagonists.poseidon import judge_poseidon, load_figures

    typer.echo(judge_poseidon(trials, seed).round(3).T.to_string())
    typer.echo("\nmade of:")
    for name, figure in load_figures().items():
        typer.echo(f"  {name} = {figure.value:g} ({figure.status}): {figure.source}")
