"""`itgstrat benefit`: who gains from treatment, by score; how many events that takes; a simulated POSEIDON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from itgstrat.cli.facts import print_record, print_table, print_text
from itgstrat.cli.reading import Altered, Clinical, read_new_cohort

if TYPE_CHECKING:
    import pandas as pd

    from itgstrat.antagonists.benefit import Benefit
    from itgstrat.cohort import Cohort
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
_Covariates = Annotated[
    list[str] | None, typer.Option("--covariate", "--covariates", help="Columns to adjust for; repeat, or commas.")
]
_Result = Annotated[Path | None, typer.Option("--out", help="File of the result: .tsv, or .json.")]
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
_Expression = Annotated[
    str | None,
    typer.Option(
        "--expression",
        metavar="FILE",
        help="Expression of these patients: --model tells the scores anew, and they must be equal.",
    ),
]
_Patient = Annotated[str, typer.Option("--patient", metavar="COLUMN", help="Column with the names of the patients.")]
_Cohort = Annotated[str | None, typer.Option("--cohort", help="Name of the cohort; that of the table if not given.")]
_Seed = Annotated[int, typer.Option("--seed", help="Seed.")]
_Observational = Annotated[
    bool, typer.Option("--observational", help="Nobody drew lots: overlap weights, balance, and the label.")
]


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
    covariates: _Covariates = None,
    strata: Annotated[str | None, typer.Option("--strata", help="Column with a baseline hazard a value.")] = None,
    observational: _Observational = False,
    horizon: Annotated[float | None, typer.Option("--horizon-days", help="Of survival and restricted mean.")] = None,
    draws: Annotated[int, typer.Option("--draws", min=2, help="Bootstrap samples.")] = 200,
    permutations: Annotated[int, typer.Option("--permutations", min=1, help="Permutations of the score.")] = 999,
    seed: _Seed = 0,
    out: _Result = None,
    record: _Record = None,
    model: _Model = None,
    agent: _Agent = None,
    score_is: _ScoreIs = None,
    cohort: _Cohort = None,
    expression: _Expression = None,
    clinical: Clinical = None,
    alterations: Altered = None,
    patient: _Patient = "patient",
) -> None:
    """Test whether the effect of treatment depends on a score, and say how much at which score.

    Hypothesis-generating; a cohort with one arm is refused.
    """
    from itgstrat.antagonists.benefit import analyse_benefit
    from itgstrat.antagonists.benefit_record import record_benefit
    from itgstrat.antagonists.benefit_trial import read_trial

    _refuse_places(out, record)
    bundle = _load_model(record, model, agent, score_is, expression)
    patients = _read_patients(table, for_record=record is not None)
    trial = read_trial(
        patients,
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
    basis = _word_trust(patients)
    if bundle and expression and agent and score_is:
        new = read_new_cohort(bundle, expression, clinical, alterations)
        basis = _compare(bundle, new, patients, (patient, score), agent, score_is)
    found = analyse_benefit(trial, horizon, draws, permutations, seed)
    _say(found)
    if out is not None:
        _write(found, out)
    if record and bundle and agent and score_is:
        _keep(record_benefit(found, bundle, agent, score_is, cohort or table.stem, score_basis=basis), record)


def _refuse_places(out: Path | None, record: Path | None) -> None:
    """Refuse to write over a file, and results in a form that is not known."""
    from itgstrat.errors import OutputError

    if out is not None and out.suffix not in {".tsv", ".json"}:
        raise OutputError(f"{out} ends neither in .tsv nor in .json; say which by the name")
    for path in filter(None, [out, record]):
        if path.exists():
            raise OutputError(f"{path} exists; give another file")


def _compare(
    bundle: "ModelBundle",
    cohort: "Cohort",
    patients: "pd.DataFrame",
    columns: tuple[str, str],
    agent: str,
    score_is: "Score",
) -> str:
    """Tell the scores of the trial's patients anew, and say in how many they are those of the table."""
    import pandas as pd

    from itgstrat.antagonists.benefit_record import compare_scores
    from itgstrat.antagonists.tiers import TARGET_CONTEXT
    from itgstrat.errors import InputError, name_some
    from itgstrat.prediction import predict

    name, score = columns
    if name not in patients:
        raise InputError(f"the table has no column {name!r}; say by --patient which of {name_some(patients, 10)} it is")
    told = predict(bundle, cohort, "pooled")
    if score_is == "risk":
        own = told.table.set_index("patient")["risk"]
    else:
        rows = told.agents[(told.agents["tier"] == TARGET_CONTEXT) & (told.agents["agent"] == agent)]
        own = rows.set_index("patient")["value"]
    given = pd.to_numeric(patients[score], errors="coerce").set_axis(patients[name].astype(str))
    return compare_scores(given, own.astype(float))


def _word_trust(patients: "pd.DataFrame") -> str:
    """Say what is taken on trust of scores that were not told anew."""
    from itgstrat.learned.benefit import ON_TRUST

    return f"{ON_TRUST}{', the table names the pooled reference' * ('reference' in patients)}"


def _keep(made: "BenefitModel", record: Path) -> None:
    """Save a record of tier T3 and say what it will tell."""
    from itgstrat.learned.benefit import ON_TRUST

    made.save(record)
    typer.echo(f"\n{record}: tier T3 of {made.agent} for the model {made.model_name} ({made.model_digest[:12]})")
    print_text(f"withheld: {made.reason}" if made.withheld else made.source)
    if made.score_basis.startswith(ON_TRUST):
        print_text(
            f"{made.score_basis}: that they are the {made.score} of this model was not looked at; --expression FILE "
            "(with --clinical and --alterations as the model needs them) tells them anew and compares"
        )


def _load_model(
    record: Path | None, model: Path | None, agent: str | None, score_is: "Score | None", expression: str | None
) -> "ModelBundle | None":
    """The model that told the score, where a record is to be saved; asked for before any work is done."""
    from itgstrat.antagonists.benefit_record import find_class
    from itgstrat.errors import OutputError
    from itgstrat.learned import ModelBundle

    if record is None and (model or agent or score_is or expression):
        raise OutputError(
            "--model, --agent, --score-is and --expression are for a record; give --record FILE, or leave them out"
        )
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
    print_text(found.say())
    effects = [
        (f"{at:.0%}", f"{row['score']:.3f}", _within(row["hazard_ratio"], row["low"], row["high"], 2))
        + ((f"{row['e_value']:.2f}",) if "e_value" in row else ())
        for at, row in found.interaction.at_quantiles.iterrows()
    ]
    print_table(
        ("quantile", "score", "hazard ratio (95%)", *(("E-value",) if len(effects[0]) > 3 else ())),
        {"Hazard ratio of treatment by score": effects},
    )
    title = f"At {found.horizon_days:g} days, {found.arms[1]} minus {found.arms[0]}"
    print_table(("quantile", "score", "survival (95%)", "restricted mean, days (95%)"), {title: _differences(found)})
    if found.balance is not None:
        rows = [(str(name), *(f"{value:z.3f}" for value in row)) for name, *row in found.balance.itertuples()]
        headings = ("covariate", *(str(name).replace("_", " ") for name in found.balance.columns))
        print_table(headings, {"Balance, standardised differences": rows})
    typer.echo()
    print_text(*(f"note: {note}" for note in found.notes), f"{found.design}; {found.caveat}")


def _differences(found: "Benefit") -> list[tuple[str, ...]]:
    """Differences of survival and restricted mean, one row a score."""
    return [
        (
            f"{at:.0%}",
            f"{own['score']:.3f}",
            _within(own["difference"], own["difference_low"], own["difference_high"], 3),
            _within(own["rmst_difference"], own["rmst_difference_low"], own["rmst_difference_high"], 0),
        )
        for at, own in found.survival.iterrows()
    ]


def _within(estimate: float, low: float, high: float, digits: int) -> str:
    return f"{estimate:z.{digits}f} ({low:z.{digits}f} to {high:z.{digits}f})"


def _write(found: "Benefit", out: Path) -> None:
    """Write all numbers, as the name of the file says."""
    import json

    if out.suffix == ".json":
        out.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf-8")
    else:
        found.to_table().to_csv(out, sep="\t", index=False, lineterminator="\n")
    typer.echo(f"\n{out}: all numbers")


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

    judged = judge_poseidon(trials, seed).round(3).T
    rows = [
        (str(name), *("-" if value != value else f"{value:g}" for value in row)) for name, *row in judged.itertuples()
    ]
    print_table(("truth", *map(str, judged.columns)), {f"{trials:,} trials of POSEIDON's size for each truth": rows})
    figures = load_figures().items()
    print_record("\nMade of", {name: f"{one.value:g} ({one.status}): {one.source}" for name, one in figures})
