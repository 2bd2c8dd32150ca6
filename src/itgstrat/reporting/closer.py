"""The closer look at the configured model as tables of the report: strata, subgroups, optimism, sample size."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, count, say_interval, say_number, say_p, say_time

if TYPE_CHECKING:
    from itgstrat.evaluation.closer import CloserLook
    from itgstrat.evaluation.optimism import Optimism
    from itgstrat.evaluation.prognosis import Effect, Prognosis
    from itgstrat.evaluation.sample_size import SampleSize
    from itgstrat.evaluation.separation import Separation
    from itgstrat.evaluation.subgroups import Subgroup

_MEASURES = {"harrell": "Harrell's concordance", "uno": "Uno's concordance", "brier": "Integrated Brier score"}
_METHODS = {"bootstrap": "Harrell's bootstrap", "632plus": "the .632+ estimate, subsamples without replacement"}


def tabulate_closer_look(closer: "CloserLook | None") -> tuple[Table, ...]:
    """Lay out the closer look.

    Parameters
    ----------
    closer : CloserLook or None
        From the evaluation.

    Returns
    -------
    tuple of Table
        Strata, subgroups, patients whose target is high, optimism, sample size; those that there are.
    """
    return () if closer is None else tuple(_tables(closer))


def _tables(closer: "CloserLook") -> Iterator[Table]:
    if closer.separation:
        yield _separation(closer.separation, closer.cut.p_value if closer.cut else None)
    if closer.prognosis:
        yield from _prognosis(closer.prognosis)
    if closer.subgroups:
        yield _subgroups(closer)
    if closer.target_high:
        yield _target_high(closer)
    if closer.optimism:
        yield _optimism(closer.optimism)
    if closer.sample_size:
        yield _sample_size(closer.sample_size, closer.horizon_days)


def _separation(found: "Separation", selected_p: float | None) -> Table:
    rows = tuple(
        (
            f"{one.stratum} over {one.against}",
            str(one.n_patients),
            str(one.n_events),
            f"{say_number(one.ratio, 2)} ({say_number(one.low, 2)} to {say_number(one.high, 2)})",
        )
        for one in found.ratios
    )
    caption = (
        "Out-of-fold risk strata: every patient cut by a model that had not seen the patient, compared within cohort "
        "and fold; 95% intervals"
    )
    if selected_p is not None:
        caption += (
            "; best single cut-point of the out-of-fold risks, p corrected for the search, the risks taken as given: "
            f"{say_p(selected_p)}"
        )
    return Table(caption, ("Strata", "Patients", "Events", "Hazard ratio"), rows)


def _prognosis(found: "Prognosis") -> Iterator[Table]:
    effects = [("alone", found.alone)] if found.alone else []
    effects += [("adjusted", one) for one in found.adjusted]
    if effects:
        caption = (
            f"Cox models of the out-of-fold risk (per SD), alone and adjusted for the clinical variables: "
            f"{found.n_patients:,} patients with all of them known, {found.n_events:,} events, compared within cohort "
            "and fold; tests take the risk as given; a small p for proportional hazards: the ratio changes over time"
        )
        if found.added_p is not None and found.added_chi_square is not None:
            caption += (
                f". Likelihood-ratio test of the risk on top of the clinical variables: chi-square "
                f"{found.added_chi_square:.2f}, 1 degree of freedom, {say_p(found.added_p)}"
            )
        columns = ("", "Model", "Hazard ratio", "Wald test", "Proportional hazards")
        yield Table(caption, columns, tuple(_effect_row(model, one) for model, one in effects), words=(1,))
    if found.means:
        rows = tuple(
            (
                one.stratum,
                f"{one.n_patients:,}",
                f"{one.n_events:,}",
                _say_days(one.days, one.low, one.high),
                _say_days(one.difference_days, one.difference_low, one.difference_high, signed=True),
            )
            for one in found.means
        )
        caption = (
            f"Restricted mean survival of the out-of-fold strata, in days up to {say_time(round(found.horizon_days))}, "
            "with 95% intervals (Royston 2013, doi 10.1186/1471-2288-13-152)"
        )
        first = found.means[0].stratum
        yield Table(caption, ("Stratum", "Patients", "Events", "Mean", f"Minus {first}"), rows)


def _effect_row(model: str, one: "Effect") -> tuple[str, ...]:
    ratio = f"{say_number(one.ratio, 2)} ({say_number(one.low, 2)} to {say_number(one.high, 2)})"
    return (one.name, model, ratio, say_p(one.p_value), say_p(one.proportional_p))


def _say_days(value: float, low: float, high: float, signed: bool = False) -> str:
    shown = [say_number(number, 0, signed) for number in (value, low, high)]
    return shown[0] if shown[0] == NOTHING else f"{shown[0]} ({shown[1]} to {shown[2]})"


def _target_high(closer: "CloserLook") -> Table:
    rows = tuple((one.variable, *_performance(one)) for one in closer.target_high)
    caption = (
        "Tier T0, risk_in_target_high: out-of-fold performance among the patients whose target is high, by thresholds "
        "of all training patients that no outcome entered. Prognosis: it finds unmet need, not response. Nothing is "
        "shown of fewer than 10 events; the random pair of genes is a control that no agent targets"
    )
    when = f"Observed / expected at {say_time(closer.horizon_days)}"
    summary = f"Tier T0, where the target is high: {_say_range(closer.target_high, 'target')}"
    columns = ("Target: agents", "Patients", "Events", "Harrell's concordance", when)
    return Table(caption, columns, rows, summary=summary)


def _say_range(found: "Sequence[Subgroup]", noun: str) -> str:
    """Say between what the concordance of some subgroups lies."""
    known = [one.harrell.estimate for one in found if one.harrell and not math.isnan(one.harrell.estimate)]
    told = f"concordance {min(known):.3f} to {max(known):.3f} in {len(known)} of them" if known else "none judged"
    return f"{count(len(found), noun)}, {told}"


def _performance(one: "Subgroup") -> tuple[str, str, str, str]:
    return (
        str(one.n_patients),
        str(one.n_events),
        say_interval(one.harrell) if one.harrell else "under 10 events",
        say_interval(one.observed_expected) if one.observed_expected else NOTHING,
    )


def _subgroups(closer: "CloserLook") -> Table:
    rows = tuple((f"{one.variable}: {one.level}", *_performance(one)) for one in closer.subgroups)
    when = f"Observed / expected at {say_time(closer.horizon_days)}"
    caption = (
        "Out-of-fold performance by clinical variable, numbers cut at the median; of many subgroups some differ by "
        "chance, and nothing is shown of fewer than 10 events"
    )
    columns = ("Subgroup", "Patients", "Events", "Harrell's concordance", when)
    return Table(caption, columns, rows, summary=f"By clinical variable: {_say_range(closer.subgroups, 'subgroup')}")


def _optimism(found: "Optimism") -> Table:
    rows = tuple(
        (
            _MEASURES[one.measure],
            say_number(one.apparent),
            say_number(one.optimism, signed=True),
            say_number(one.corrected),
        )
        for one in found.measures
    )
    how = f"by {_METHODS[found.method]}, {found.draws} draws, the whole pipeline fitted in each"
    return Table(f"Optimism {how}", ("Measure", "In training", "Optimism", "Corrected"), rows)


def _sample_size(size: "SampleSize", horizon_days: float) -> Table:
    rows = (
        ("Patients, events", f"{size.n_patients:,}, {size.n_events:,}"),
        ("Candidate features; events for each", f"{size.n_parameters}; {size.events_per_parameter:.1f}"),
        ("Needed for a shrinkage of 0.9", f"{size.n_shrinkage:,}"),
        ("Needed for an optimism of 0.05 in Nagelkerke's R2", f"{size.n_optimism:,}"),
        (f"Needed for the overall risk at {say_time(horizon_days)} within 0.05", f"{size.n_overall:,}"),
        ("Shrinkage to expect of a model without penalty", f"{size.expected_shrinkage:.2f}"),
    )
    caption = f"Sample size after Riley 2019 (doi 10.1002/sim.7992), for a Cox-Snell R2 of {size.r_squared:.2f}"
    return Table(caption, ("", "Number"), rows, fixed=True)
