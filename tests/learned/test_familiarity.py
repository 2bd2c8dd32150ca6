"""Nearly all training patients are familiar, and another kind of data is not."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.fitting import FeaturePanel
from tests.simulate import SIGNATURES, simulate_cohort

TRAINING = simulate_cohort(400, 400, batches=("one", "two"), seed=1).cohort
PANEL = FeaturePanel(SIGNATURES).fit(TRAINING)
NEW = simulate_cohort(100, 400, seed=2).cohort


def judge(cohort, reference="pooled", panel=PANEL):
    done = panel.recipe_.featurise(**cohort.arrays(), reference=reference)
    return panel.familiarity_.judge(panel.recipe_, done.measured, done.features)


def test_one_to_three_percent_of_training_are_flagged():
    flagged = np.mean([bool(reason) for reason in judge(TRAINING, "batch")])
    assert 0.01 <= flagged <= 0.03


def test_new_patients_of_the_same_kind_are_familiar():
    assert np.mean([bool(reason) for reason in judge(NEW)]) < 0.1


def test_log_ratios_against_levels_are_said_to_be_so():
    ratios = replace(NEW, expression=NEW.expression - NEW.expression.mean())
    reasons = judge(ratios)
    assert all("another tissue or kind of data, such as log-ratios against levels" in reason for reason in reasons)
    assert all("predict --reference cohort" in reason for reason in reasons)


def test_extreme_features_are_named():
    genes = list(SIGNATURES[0].genes)
    loud = replace(NEW[[0]], expression=NEW[[0]].expression.assign(**dict.fromkeys(genes, np.float32(30))))
    (reason,) = judge(loud)
    assert "extreme features: up +" in reason
    assert "SD" in reason


@pytest.mark.parametrize("hide", [0.0, 0.4])
def test_a_patient_alone_gets_the_same_verdict(hide):
    table = NEW.expression.mask(np.random.default_rng(3).random(NEW.shape) < hide)
    cohort = replace(NEW, expression=table)
    together = judge(cohort)
    assert [judge(cohort[[patient]])[0] for patient in range(30)] == together[:30]


def test_a_patient_without_a_profile_is_not_familiar():
    genes = list(PANEL.recipe_.genes[PANEL.recipe_.members[: len(PANEL.recipe_.signature_genes)]])
    reasons = judge(replace(NEW, expression=NEW.expression[genes[:9]]))
    assert all("correlates 0.00 with training" in reason for reason in reasons)


def test_clinical_models_judge_by_the_profile_alone():
    panel = FeaturePanel(covariates=("age",)).fit(TRAINING)
    assert np.mean([bool(reason) for reason in judge(TRAINING, "batch", panel)]) <= 0.01
