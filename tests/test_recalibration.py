import numpy as np
import pytest

from itgstrat.errors import BundleError, ModelError
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.recalibration import recalibrate, tabulate_updates
from tests.simulate import INTEGRINS, make_bundle, simulate_cohort, simulate_outcome

EFFECTS = dict.fromkeys(INTEGRINS[:6], 0.3)


def trained():
    bundle = make_bundle(simulate_cohort(200, effects=EFFECTS, age_effect=0.6, seed=1).cohort)
    info = {**bundle.info, "cohorts": {"one": 200}, "covariates": ["age", "sex"]}
    return ModelBundle(bundle.recipe, bundle.model, bundle.strata, bundle.familiarity, info, bundle.card)


def other(hazard=3.0, n=250):
    """Patients of another cohort, whose hazard is `hazard` times that of training."""
    from dataclasses import replace

    made = simulate_cohort(n, effects=EFFECTS, age_effect=0.6, batches=("other",), seed=2)
    outcome = simulate_outcome(made.log_hazard, made.cohort.batch, 2000 / hazard, seed=3)
    return replace(made.cohort, outcome=outcome, name="other")


def test_a_new_bundle_is_made_and_the_old_one_stays(tmp_path):
    old, cohort = trained(), other()
    made = recalibrate(old, cohort)
    before, after = predict(old, cohort), predict(made.bundle, cohort)
    for column in ("risk", "stratum", "why"):
        assert before.table[column].tolist() == after.table[column].tolist()
    assert before.explanations.equals(after.explanations)
    assert len(after.genes) > 0
    horizon = "survival_365_days"
    assert after.table[horizon].mean() < before.table[horizon].mean() - 0.1
    assert made.updates.rows[2].gain.high < 0
    again = ModelBundle.load(made.bundle.save(tmp_path / "new"))
    assert again.info["recalibration"]["method"] == "slope"
    np.testing.assert_array_equal(predict(again, cohort).table[horizon], after.table[horizon])
    assert "## Recalibration" in again.card
    assert "## Recalibration" not in old.card
    assert "Risk, strata and explanations are those of the model as it was trained" in again.card


def test_the_table_says_before_and_after():
    table = tabulate_updates(recalibrate(trained(), other(), "intercept").updates)
    assert table["recalibrated"].tolist() == ["as it was trained", "baseline", "baseline and spread"]
    assert table["gain"].iloc[0] == ""


def test_training_patients_are_refused():
    with pytest.raises(ModelError, match="was trained on a cohort named one"):
        recalibrate(trained(), simulate_cohort(60, seed=9).cohort)


def test_a_recalibrated_model_is_not_recalibrated():
    once = recalibrate(trained(), other()).bundle
    with pytest.raises(ModelError, match="was recalibrated before"):
        recalibrate(once, other())


def test_a_model_of_a_label_is_refused(monkeypatch):
    def refuse(self):
        raise BundleError("the model tells the probability of a label")

    monkeypatch.setattr(ModelBundle, "survival_model", property(refuse))
    with pytest.raises(BundleError, match="probability of a label"):
        recalibrate(trained(), other())
