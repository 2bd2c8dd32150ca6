"""predict_stream: the tables of `predict`, written block by block, taken up again after a stop."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, InputError, OutputError
from itgstrat.fitting.agents import learn_agents
from itgstrat.prediction import predict
from itgstrat.prediction_stream import PredictionSummary, name_tables, predict_stream, wanted_genes
from itgstrat.readers import read_cohort
from itgstrat.readers.cohort_stream import stream_cohort
from tests.antagonists.test_context import make_config
from tests.readers.layouts import write_h5ad
from tests.simulate import INTEGRINS, make_bundle, simulate_cohort

TRAINING = simulate_cohort(150, 120, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, missing=0.01, seed=1).cohort
NEW = simulate_cohort(40, 120, batches=("new",), missing=0.03, seed=2).cohort
BUNDLE = replace(make_bundle(TRAINING), agents=learn_agents(make_config(), TRAINING))


class Stopped(Exception):
    """Stands for a kill."""


@pytest.fixture
def path(tmp_path):
    """Forty patients; a third of the genes is missing in the first ten, and five are of another kind."""
    table = NEW.expression.astype(np.float32).copy()
    table.iloc[:10, 40:80] = np.nan
    table.iloc[12:17] = table.iloc[12:17].to_numpy()[:, ::-1]
    table.T.rename_axis("gene").to_csv(tmp_path / "new.tsv", sep="\t")
    NEW.clinical.rename_axis("patient").to_csv(tmp_path / "clinical.tsv", sep="\t")
    return tmp_path / "new.tsv"


def open_stream(path, block=7, clinical=True, **options):
    table = pd.read_csv(path.parent / "clinical.tsv", sep="\t") if clinical else None
    columns = {name: name for name in ("age", "sex", "grade")} if clinical else None
    return stream_cohort(path, wanted_genes(BUNDLE), block=block, clinical=table, columns=columns, **options)


def read_whole(path, clinical=True, **options):
    table = pd.read_csv(path.parent / "clinical.tsv", sep="\t") if clinical else None
    columns = {name: name for name in ("age", "sex", "grade")} if clinical else None
    return read_cohort(path, clinical=table, columns=columns, duplicates="mean", **options)


def check_same(folder, told, whole):
    tables = name_tables(whole)
    assert {one.name for one in folder.iterdir()} == set(tables) == set(told.files)
    for name, table in tables.items():
        assert (folder / name).read_text() == table.to_csv(sep="\t", index=False), name
    assert told.notes == whole.notes
    assert told.n_patients == len(whole.table)
    assert told.strata == whole.table["stratum"].value_counts().to_dict()
    assert told.n_unlike == whole.table["out_of_distribution"].sum()
    assert (told.model_name, told.reference) == (whole.model_name, whole.reference)


@pytest.mark.parametrize("block", [1, 7, 100])
@pytest.mark.parametrize("clinical", [True, False])
def test_the_files_are_those_of_the_whole_to_the_byte(path, tmp_path, block, clinical):
    seen = []
    with open_stream(path, block, clinical) as stream:
        told = predict_stream(BUNDLE, stream, tmp_path / "out", progress=lambda *step: seen.append(step))
    check_same(tmp_path / "out", told, predict(BUNDLE, read_whole(path, clinical)))
    n_blocks = -(-40 // block)
    assert seen == [("predict", at, n_blocks) for at in range(1, n_blocks + 1)]
    assert [one.name for one in tmp_path.iterdir() if "unfinished" in one.name] == []


def test_the_reference_of_a_batch_and_an_h5ad(tmp_path):
    frame = NEW.expression.astype(np.float32)
    path = write_h5ad(tmp_path / "new.h5ad", frame, NEW.clinical[["age"]])
    with stream_cohort(path, wanted_genes(BUNDLE), block=9, name="two") as stream:
        told = predict_stream(BUNDLE, stream, tmp_path / "out", "batch")
    check_same(tmp_path / "out", told, predict(BUNDLE, read_cohort(path, duplicates="mean", name="two"), "batch"))
    with stream_cohort(path, wanted_genes(BUNDLE)) as stream:
        with pytest.raises(CohortError, match="`cohort` is learned from all patients at once"):
            predict_stream(BUNDLE, stream, tmp_path / "other", "cohort")
        with pytest.raises(OutputError, match="exists; give another folder"):
            predict_stream(BUNDLE, stream, tmp_path / "out")


def stop_after(n_blocks):
    def progress(step, done, total):
        if done == n_blocks:
            raise Stopped

    return progress


def run_until(path, out, n_blocks, **options):
    with open_stream(path) as stream, pytest.raises(Stopped):
        predict_stream(BUNDLE, stream, out, progress=stop_after(n_blocks), **options)


def test_a_run_that_was_stopped_goes_on_where_it_was(path, tmp_path, monkeypatch):
    out, seen = tmp_path / "out", []
    run_until(path, out, 2)
    assert not out.exists()
    unfinished = tmp_path / ".out-unfinished"
    with (unfinished / "agents.tsv").open("a") as file:
        file.write("half a li")  # the stop came in the middle of a block
    monkeypatch.setattr("itgstrat.prediction_stream.predict", lambda *given: seen.append(given) or predict(*given))
    with open_stream(path) as stream:
        told = predict_stream(BUNDLE, stream, out)
    assert len(seen) == 6 - 2
    check_same(out, told, predict(BUNDLE, read_whole(path)))
    assert not unfinished.exists()


def test_blocks_of_another_run_are_not_mixed(path, tmp_path):
    out = tmp_path / "out"
    run_until(path, out, 3)
    other = make_bundle(TRAINING[np.arange(100)])
    cases = [
        (other, {}, "another model"),
        (BUNDLE, {"block": 8}, "another size of blocks"),
        (BUNDLE, {"name": "else"}, "another name of the cohort"),
        (BUNDLE, {"clinical": False}, "another clinical variables or alterations"),
    ]
    for bundle, options, what in cases:
        with open_stream(path, **options) as stream, pytest.raises(OutputError, match=f"3 finished blocks .*{what}"):
            predict_stream(bundle, stream, out)
    path.write_text(path.read_text() + "\n")
    with open_stream(path) as stream:
        with pytest.raises(OutputError, match=r"another expression file.*resume=False"):
            predict_stream(BUNDLE, stream, out)
        told = predict_stream(BUNDLE, stream, out, resume=False)
    check_same(out, told, predict(BUNDLE, read_whole(path)))


@pytest.mark.parametrize("fault", ["text", "short", "gone"])
def test_damaged_leftovers_are_refused(path, tmp_path, fault):
    run_until(path, tmp_path / "out", 1)
    folder = tmp_path / ".out-unfinished"
    if fault == "text":
        (folder / "progress.json").write_text("{")
    elif fault == "short":
        (folder / "predictions.tsv").write_text("")
    else:
        (folder / "predictions.tsv").unlink()
    with open_stream(path) as stream, pytest.raises(OutputError, match=r"damaged|lost what was written"):
        predict_stream(BUNDLE, stream, tmp_path / "out")


def test_a_fault_in_a_later_block_keeps_the_finished_ones(tmp_path):
    table = NEW.expression.astype(np.float32).clip(lower=0)
    table.iloc[30, 5] = -3.0
    table.T.rename_axis("gene").to_csv(tmp_path / "new.tsv", sep="\t")
    opened = stream_cohort(tmp_path / "new.tsv", wanted_genes(BUNDLE), block=10, unit="linear")
    with opened as stream, pytest.raises(InputError, match="declared as linear, but 1 values are negative"):
        predict_stream(BUNDLE, stream, tmp_path / "out")
    state = json.loads((tmp_path / ".out-unfinished" / "progress.json").read_text())
    assert state["n_done"] == 3
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("policy", ["drop", "fail"])
def test_patients_that_were_not_assessed(path, tmp_path, policy):
    training = TRAINING.with_clinical(pd.DataFrame({"MSI_H": np.arange(150) % 2.0}, index=TRAINING.patients))
    bundle = make_bundle(training, covariates=("age", "sex", "MSI_H"))
    bundle = replace(bundle, info={**bundle.info, "alterations": ["MSI_H"], "not_assessed": policy})
    known = pd.DataFrame({"MSI_H": [np.nan] * 7 + [1, np.nan, 0] * 11}, index=NEW.patients)
    with open_stream(path, alterations=known) as stream:
        cohort = read_whole(path, alterations=known)
        if policy == "drop":
            told = predict_stream(bundle, stream, tmp_path / "out")
            check_same(tmp_path / "out", told, predict(bundle, cohort))
            assert told.n_patients == 22
            assert told.notes[-1].startswith("18 patients dropped: MSI_H not assessed")
            return
        with pytest.raises(CohortError) as whole:
            predict(bundle, cohort)
        with pytest.raises(CohortError) as found:
            predict_stream(bundle, stream, tmp_path / "out")
        assert str(found.value) == str(whole.value)


def test_a_feature_is_absent_where_it_is_so_in_all_and_patients_are_counted_together():
    whole = predict(BUNDLE, NEW)
    ours = replace(whole, absent=("age", "er", "sex"), n_foreign=3)
    theirs = replace(whole, absent=("er", "sex", "grade"), n_foreign=2)
    joined = PredictionSummary("m", "pooled").join(ours, ["a.tsv"]).join(theirs, ["a.tsv", "b.tsv"])
    assert (joined.absent, joined.n_foreign, joined.files) == (("er", "sex"), 5, ("a.tsv", "b.tsv"))
    assert joined.n_patients == 2 * len(NEW)
    assert joined.join(replace(whole, absent=()), []).absent == ()


def test_no_gene_of_the_model_is_left_unread():
    genes = wanted_genes(BUNDLE)
    assert set(BUNDLE.recipe.genes) <= genes
    assert BUNDLE.agents is None or set(BUNDLE.agents.recipe.genes) <= genes
