from dataclasses import replace

import pytest

from itgstrat.evaluation.finding import note_harm, state_finding

from .builders import make_comparison

WORSE = [0.5 + number / 1000 for number in range(99)]
AS_GOOD = [0.7 + number / 1000 for number in range(100)]


def say(*comparisons):
    return state_finding("The 24 signatures", comparisons)


def test_signatures_that_beat_clinical_and_random_add():
    said = say(make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09), WORSE))
    assert said.startswith("The 24 signatures add prognostic information beyond clinical variables: C 0.650 (0.600 to")
    assert "+0.050 (+0.010 to +0.090) against clinical variables alone" in said
    assert "random genes of the same number reach 0.549 (as good in 0% of draws)" in said
    assert said.endswith(".")


def test_signatures_no_better_than_random_genes():
    said = say(make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09), AS_GOOD))
    assert "add to clinical variables no more than random genes of the same number do" in said
    assert "as good in 100% of draws" in said


@pytest.mark.parametrize("draws", [None, WORSE, AS_GOOD])
def test_an_increment_that_may_be_nothing(draws):
    said = say(make_comparison((0.65, 0.6, 0.7), (0.01, -0.01, 0.03), draws))
    assert "add nothing here that could be shown beyond clinical variables" in said


@pytest.mark.parametrize("draws", [None, WORSE, AS_GOOD])
def test_harm_is_said(draws):
    said = say(make_comparison((0.55, 0.5, 0.6), (-0.11, -0.211, -0.016), draws))
    assert said.startswith("The 24 signatures do worse than clinical variables alone: C 0.550")
    assert "rank patients worse than chance: " in say(make_comparison((0.4, 0.3, 0.49), None, draws))


def test_a_model_that_integrin_genes_make_worse():
    gain = (-0.05, -0.08, -0.01)
    said = say(make_comparison((0.65, 0.6, 0.7), (0.01, -0.01, 0.03), WORSE, integrin_gain=gain))
    assert said.endswith(" But the same model without integrin genes does better.")


@pytest.mark.parametrize("gain", [(0.05, 0.01, 0.09), (0.01, -0.01, 0.03)])
def test_external_harm_is_said_whatever_the_verdict(gain):
    inside = make_comparison((0.65, 0.6, 0.7), gain, WORSE)
    outside = make_comparison((0.58, 0.5, 0.66), (-0.05, -0.09, -0.01), kind="external", integrin_gain=(-0.1, -0.2, 0))
    frozen = replace(outside, reference="cohort")
    said = say(inside, outside, frozen)
    for reference in ("batch", "cohort"):
        assert f"they do worse than clinical variables in external ours, {reference} reference" in said
    assert note_harm([inside, outside, frozen]) == []


def test_harm_beside_the_finding_is_noted():
    def harmed(kind):
        lost = (-0.064, -0.109, -0.019)
        return make_comparison((0.58, 0.5, 0.66), lost, kind=kind, integrin_gain=lost)

    assert note_harm([harmed("cross-validation")]) == []
    words = "the model does worse than the same model without integrin genes, -0.064 (-0.109 to -0.019) in C"
    assert note_harm([harmed("external")]) == [f"external, ours, batch reference: {words}"]
    left_out = note_harm([harmed("leave-one-cohort-out")])
    assert len(left_out) == 2
    assert left_out[0].startswith("leave-one-cohort-out, ours, batch reference: the model does worse than clinical")


def test_without_clinical_variables_chance_is_the_measure():
    assert "information beyond chance" in say(make_comparison((0.65, 0.6, 0.7), None, WORSE))
    assert "to chance no more than random genes" in say(make_comparison((0.65, 0.6, 0.7), None, AS_GOOD))
    assert "nothing here that could be shown beyond chance" in say(make_comparison((0.55, 0.49, 0.6), None, WORSE))


def test_without_random_genes_the_verdict_rests_on_the_increment():
    said = say(make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09)))
    assert "add prognostic information beyond clinical variables, not compared with random genes: " in said
    assert "random genes of the same number" not in said


def test_too_few_draws_decide_nothing():
    said = say(make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09), WORSE[:19]))
    assert "too few draws of random genes to say whether those do as well" in said
    assert "add prognostic" in say(make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09), WORSE[:20]))


def test_what_cannot_be_computed_adds_nothing():
    nan = float("nan")
    assert "add nothing" in say(make_comparison((nan, nan, nan), None))


def test_external_cohorts_are_told():
    inside = make_comparison((0.65, 0.6, 0.7), (0.05, 0.01, 0.09), WORSE)
    outside = make_comparison((0.58, 0.5, 0.66), (-0.02, -0.06, 0.02), kind="external")
    said = say(inside, outside)
    assert (
        "external ours, batch reference, C 0.580 (0.500 to 0.660), -0.020 (-0.060 to +0.020) against clinical" in said
    )


def test_a_comparison_without_the_model_is_refused():
    broken = make_comparison((0.6, 0.5, 0.7))
    object.__setattr__(broken, "rows", ())
    with pytest.raises(ValueError, match="no row for the model"):
        say(broken)
