import pytest
import yaml

from .builders import call, write_run


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """The user's cache, for the tests: finished folds of a run lie there."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITGSTRAT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A run on a simulated cohort: folder with run.yaml, expression.tsv, clinical.tsv and out/."""
    folder = tmp_path_factory.mktemp("small")
    called = call("train", write_run(folder), "--out", folder / "out")
    assert called.code == 0, called.err
    return folder


@pytest.fixture(scope="session")
def breast(tmp_path_factory):
    """The demo in small: two public cohorts, a third one outside; and what was printed."""
    pytest.importorskip("SurvSet", reason="the extra `demo` is not installed")
    er = {"column": "er_status", "values": {"0": 0, "1": 1}}
    level = {"column": "erlev", "values": {"0": 0, "1": 1, "2": 1, "3": 1}}
    outside = {"name": "GSE1992", "source": "survset:gse1992", "columns": {"er": "er_positive", "age": "age"}}
    content = {
        "name": "breast",
        "cohorts": [
            {"name": "GSE4335", "source": "survset:gse4335", "columns": {"er": er, "age": "age"}},
            {"name": "GSE3143", "source": "survset:gse3143", "columns": {"er": level}},
        ],
        "endpoint": {"event": "event", "time": "time", "unit": "months"},
        "validation": {"external": [outside]},
        "features": {"covariates": ["er", "age"]},
        "model": {"n_alphas": 8, "inner_folds": 3, "l1_ratio": 0.1, "alpha_min_ratio": 0.01},
        "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 2, "without_random": True, "bootstrap": 100},
        "strata": {"horizons": [2, 5]},
        "uncertainty": {"level": 0.8, "folds": 2, "samples": 3},
        "compute": {"n_jobs": 1},
    }
    folder = tmp_path_factory.mktemp("breast")
    (folder / "run.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    called = call("train", folder / "run.yaml", "--out", folder / "out")
    assert called.code == 0, called.err
    (folder / "printed.txt").write_text(called.out, encoding="utf-8")
    return folder
