"""What a bundle may hold of its training patients' survival: few numbers, none of them a patient's."""

import json

import numpy as np
import pandas as pd

from itgstrat.evaluation.stratum_survival import POINTS, summarise_strata


def make_patients(n=60):
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "event": generator.random(n) < 0.6,
            "time_days": generator.exponential(900, n) + 1,
            "stratum": np.resize(["low", "high"], n),
        }
    )


def test_the_curve_is_kaplan_meiers_product_read_at_even_times():
    patients = make_patients()
    found = summarise_strata(patients, ["low", "high"])
    for label, told in found["strata"].items():
        own = patients[patients["stratum"] == label]
        assert (told["patients"], told["events"]) == (30, int(own["event"].sum()))
        for day, survival in zip(found["time_days"], told["survival"], strict=True):
            if survival is None:
                assert (own["time_days"] >= day - 0.1).sum() <= 5
                continue
            expected = 1.0
            for _, patient in own[own["event"] & (own["time_days"] <= day)].iterrows():
                expected *= 1 - 1 / (own["time_days"] >= patient["time_days"]).sum()
            assert abs(survival - expected) < 0.001


def test_it_is_plain_json_and_of_one_size_whatever_the_cohort():
    text = json.dumps(summarise_strata(make_patients(2000), ["low", "high"]), allow_nan=False)
    assert len(json.loads(text)["time_days"]) == POINTS
    assert len(text) < 2000


def test_small_strata_are_not_told():
    assert list(summarise_strata(make_patients(29), ["low", "high", "none"])["strata"]) == ["low", "high"]
    assert summarise_strata(make_patients(8), ["low", "high"]) == {}
