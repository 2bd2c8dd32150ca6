"""Events for an interaction: the formula, its inverses, and simulation."""

import numpy as np
import pytest

from itgstrat.antagonists.power import (
    detectable_ratio,
    events_for_interaction,
    power_of_cells,
    power_of_interaction,
    simulate_power,
)
from itgstrat.errors import OutcomeError


def test_an_interaction_takes_four_times_the_events_of_a_main_effect():
    # Schoenfeld 1983: (1.96 + 0.84)^2 / (p (1 - p) log^2 HR) events for treatment alone, half of them treated
    main = (1.959964 + 0.841621) ** 2 / (0.25 * np.log(0.6) ** 2)
    assert events_for_interaction(0.6, prevalence=0.5) == pytest.approx(4 * main, abs=1)
    assert events_for_interaction(0.6) == pytest.approx(main, abs=1)


@pytest.mark.parametrize(("prevalence", "allocation"), [(0.5, 0.5), (0.2, 0.67), (None, 0.5)])
def test_the_three_questions_agree(prevalence, allocation):
    events = events_for_interaction(0.55, prevalence, allocation)
    assert power_of_interaction(events, 0.55, prevalence, allocation) == pytest.approx(0.8, abs=0.003)
    assert detectable_ratio(events, prevalence, allocation) == pytest.approx(0.55, abs=0.003)
    assert events_for_interaction(1 / 0.55, prevalence, allocation) == events


def test_even_cells_are_the_formula():
    assert power_of_cells([50, 50, 50, 50], 0.5) == pytest.approx(power_of_interaction(200, 0.5, 0.5), abs=1e-9)


@pytest.mark.parametrize(("prevalence", "allocation", "ratio"), [(0.5, 0.5, 0.5), (0.25, 0.5, 0.45), (None, 0.6, 0.7)])
def test_simulated_trials_have_the_power_they_should(prevalence, allocation, ratio):
    events = events_for_interaction(ratio, prevalence, allocation)
    assert simulate_power(events, ratio, prevalence, allocation, trials=400) == pytest.approx(0.8, abs=0.075)


def test_simulated_trials_without_an_interaction_keep_their_level():
    assert simulate_power(150, 1.0, 0.4, marker_ratio=2.0, treatment_ratio=0.6, trials=500) == pytest.approx(
        0.05, abs=0.03
    )


def test_what_is_no_design_is_refused():
    with pytest.raises(OutcomeError, match=r"prevalence 1\.2, ratio 1: shares lie between 0 and 1"):
        events_for_interaction(1.0, prevalence=1.2)
    with pytest.raises(OutcomeError, match="0 events find nothing"):
        detectable_ratio(0)
    with pytest.raises(OutcomeError, match="each has to be above 0"):
        power_of_cells([1, 0], 0.5)
    with pytest.raises(OutcomeError, match="the share of events is above 0"):
        simulate_power(10, 0.5, event_share=0)
