import json

import numpy as np
import pandas as pd

from tests.simulate import simulate_cohort

from .builders import EFFECTS, call, write_matrix, write_table


def write_other(folder, n_patients=150):
    cohort = simulate_cohort(n_patients, 120, EFFECTS, age_effect=0.5, seed=11).cohort
    clinical = cohort.clinical.assign(
        dead=cohort.outcome.event.astype(int), months=np.round(cohort.outcome.time_days / 60, 3) + 0.01
    ).reset_index()
    write_matrix(folder / "expression.tsv", cohort.expression)
    write_table(folder / "clinical.tsv", clinical)
    return folder / "expression.tsv", "--clinical", folder / "clinical.tsv"


def test_a_new_model_is_written_and_the_old_one_is_as_it_was(small, tmp_path):
    words = write_other(tmp_path)
    files = sorted((small / "out" / "model").iterdir())
    before = {path.name: path.read_bytes() for path in files}
    ending = ("--event", "dead", "--time", "months", "--time-unit", "months", "--name", "theirs")
    called = call("recalibrate", small / "out" / "model", *words, *ending, "--out", tmp_path / "new")
    assert called.code == 0, called.err
    assert "held-out folds" in called.out
    assert {path.name: path.read_bytes() for path in files} == before
    record = json.loads((tmp_path / "new" / "manifest.json").read_text())["recalibration"]
    assert (record["cohort"], record["patients"]) == ("theirs", 150)
    tables = []
    for model in (small / "out" / "model", tmp_path / "new"):
        out = tmp_path / f"predicted-{model.name}"
        assert call("predict", model, *words, "--out", out).code == 0
        tables.append(pd.read_csv(out / "predictions.tsv", sep="\t"))
    assert tables[0]["risk"].equals(tables[1]["risk"])
    assert (tables[0]["survival_365_days"] != tables[1]["survival_365_days"]).any()
    again = call("recalibrate", tmp_path / "new", *words, *ending, "--out", tmp_path / "third")
    assert again.code == 1
    assert "was recalibrated before" in again.err


def test_a_folder_that_exists_is_not_written_over(small, tmp_path):
    words = write_other(tmp_path)
    (tmp_path / "new").mkdir()
    ending = ("--event", "dead", "--time", "months", "--out", tmp_path / "new")
    called = call("recalibrate", small / "out" / "model", *words, *ending)
    assert called.code == 1
    assert "exists" in called.err
