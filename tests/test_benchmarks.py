"""The benchmarks as a habit: what counts as worse, and that the page holds what was recorded."""

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def run_all(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    import run_all

    yield run_all
    for name in ("run_all", "figures"):
        sys.modules.pop(name, None)


def make_figure(name, ours, peer, unit="s"):
    return {"name": name, "ours": ours, "peer": peer, "limit": None, "ratio": ours / peer, "unit": unit, "met": None}


@pytest.mark.parametrize(
    ("figure", "is_worse"),
    [
        (make_figure("read cpu / peer", 2.1, 1), True),
        (make_figure("read cpu / peer", 1.9, 1), False),
        (make_figure("read wall / peer", 9, 1), False),  # depends on what else runs
        (make_figure("read cpu / peer", 0.009, 0.001), False),  # too short to be measured
        (make_figure("read mib / peer", 0.009, 0.001, "MiB"), True),
        (make_figure("not recorded / peer", 9, 1), False),
    ],
)
def test_twice_the_recorded_ratio_is_worse(run_all, figure, is_worse):
    recorded = [make_figure(f"read {what} / peer", 1, 1) for what in ("cpu", "wall", "mib")]
    assert len(run_all.find_worse([figure], recorded)) == is_worse


@pytest.mark.parametrize(("ratios", "n_worse"), [((9, 9, 9), 1), ((9, 1), 0), ((9, 9, 1), 0), ((1,), 0)])
def test_only_what_is_worse_every_time_fails(run_all, monkeypatch, tmp_path, capsys, ratios, n_worse):
    runs = iter(ratios)
    recorded = {"quick": {"scoring": {"figures": [make_figure("a / b", 1, 1)]}}}
    (tmp_path / "results.json").write_text(json.dumps(recorded))
    monkeypatch.setattr(run_all, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run_all, "run_script", lambda name, quick: [make_figure("a / b", next(runs), 1)])
    assert run_all.run_quick(["scoring"], record=False) == n_worse
    assert ("a / b: 9 times the peer, 1 recorded" in capsys.readouterr().out) == bool(n_worse)
    assert next(runs, None) is None


def test_the_page_holds_what_was_recorded(run_all):
    results = json.loads(run_all.RESULTS.read_text())
    page = run_all.PAGE.read_text(encoding="utf-8")
    assert (
        page.partition(run_all.START)[2].partition(run_all.END)[0].strip()
        == run_all.write_figures(results["full"]).strip()
    )
    assert set(results["full"]) == set(run_all.SCRIPTS)
    assert set(results["quick"]) == {name for name, (_, _, small) in run_all.SCRIPTS.items() if small}
