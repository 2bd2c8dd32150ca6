import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from itgstrat.errors import OutputError
from itgstrat.evaluation import cells, evaluate
from tests.simulate import simulate_cohort

from .test_evaluate import EFFECTS, make_config

COHORT = simulate_cohort(90, 100, EFFECTS, missing=0.02).cohort


def run(folder, cohort=COHORT, evaluation=None, **sections):
    settings = {"permutations": 2} | (evaluation or {})
    found = evaluate(make_config(evaluation=settings, **sections), cohort, cache=folder)
    return json.dumps(found.as_dict(), allow_nan=False)


@pytest.fixture
def judged(monkeypatch):
    """Models that were fitted, in this process."""
    fitted, work = [], cells._run_cell

    def note(fold, task, entry, pipeline):
        if pipeline is not None:
            fitted.append(entry.name)
        return work(fold, task, entry, pipeline)

    monkeypatch.setattr(cells, "_run_cell", note)
    return fitted


def test_a_run_that_is_taken_up_again_gives_the_same_bytes_and_fits_nothing_twice(tmp_path, judged):
    plain = run(None)
    first = len(judged)
    assert run(tmp_path) == plain
    assert len(judged) == 2 * first
    assert run(tmp_path) == plain
    assert len(judged) == 2 * first
    kept = sorted(tmp_path.rglob("output.pkl"))
    for path in kept[::3]:
        path.unlink()
    assert run(tmp_path, compute={"n_jobs": 2}) == plain  # by workers, which this process does not see
    assert sorted(tmp_path.rglob("output.pkl")) == kept
    assert run(tmp_path) == plain
    assert len(judged) == 2 * first


def test_a_cut_off_result_is_computed_again(tmp_path, caplog):
    plain = run(tmp_path)
    for path in list(tmp_path.rglob("output.pkl"))[:3]:
        path.write_bytes(path.read_bytes()[:20])
    assert run(tmp_path) == plain
    # each is told twice: when it is looked up, and when what was computed again takes its place
    assert caplog.text.count("Exception while loading results") == 6
    caplog.clear()
    assert run(tmp_path) == plain
    assert "Exception" not in caplog.text


def test_more_repetitions_take_up_what_is_there(tmp_path, judged):
    run(tmp_path)
    judged.clear()
    run(tmp_path, evaluation={"bootstrap": 200, "random_signatures": 5})
    assert set(judged) == {"random 3", "random 4"}


def test_whatever_a_fit_depends_on_leads_to_another_result(tmp_path, judged):
    run(tmp_path)
    everything = sorted(judged)
    other = COHORT.clinical.assign(age=COHORT.clinical["age"] + 1)
    changed = [
        {"cohort": replace(COHORT, clinical=other)},
        {"cohort": COHORT[np.arange(89)]},
        {"model": {"inner_folds": 3, "n_alphas": 9}},
        {"strata": {"horizons": [2]}},
        {"seed": 2},
    ]
    for change in changed:
        judged.clear()
        run(tmp_path, **change)
        assert sorted(judged) == everything


def test_only_the_user_may_look_into_the_cache_and_one_that_cannot_be_made_is_told(tmp_path):
    run(tmp_path / "own" / "cache")
    assert (tmp_path / "own" / "cache").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="finished work cannot be kept"):
        run(tmp_path / "file" / "cache")


SCRIPT = """
import json, sys
from tests.evaluation.test_cells import COHORT, make_config
from itgstrat.evaluation import evaluate
settings = {"permutations": 2, "random_signatures": 40}
found = evaluate(make_config(evaluation=settings, compute={"n_jobs": 2}), COHORT, cache=sys.argv[1])
print(json.dumps(found.as_dict(), allow_nan=False))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_keeps_all_but_the_cells_in_work(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as killed:
        try:
            deadline = time.monotonic() + 120
            while len(list(tmp_path.rglob("output.pkl"))) < 30 and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            os.killpg(killed.pid, signal.SIGKILL)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("output.pkl")}
    assert 30 <= len(kept) < 3 * 46 + 1
    again = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=200)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    settings = {"permutations": 2, "random_signatures": 40}
    assert again.stdout.strip() == json.dumps(evaluate(make_config(evaluation=settings), COHORT).as_dict())
