from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, ConfigError, InputError, OutcomeError
from itgstrat.evaluation import evaluate, site_splits
from itgstrat.evaluation.given_splits import read_folds
from itgstrat.evaluation.site_splits import assign_sites, describe_balance, find_sites
from itgstrat.evaluation.splits import make_folds
from itgstrat.outcome import Outcome
from tests.simulate import simulate_cohort

from .test_evaluate import EFFECTS, make_config

PATIENTS = [f"P{number}" for number in range(12)]


def config_with(evaluation=None, columns=(), **splits):
    names = {name: name for name in ("age", *columns)}
    cohorts = [{"name": "one", "source": "nowhere.tsv", "columns": names}]
    return make_config(evaluation={"random_signatures": 0, "splits": splits} | (evaluation or {}), cohorts=cohorts)


def make_sites(seed, n_sites=20, n=300):
    random = np.random.default_rng(seed)
    share = random.dirichlet(np.full(n_sites, 0.7))
    sites = random.choice([f"S{number:02d}" for number in range(n_sites)], n, p=share)
    return sites, random.random(n) < 0.4


def worst(sites, event, fold, n_folds):
    """Sum of deviations from even shares, counted patient by patient."""
    total = 0.0
    for k in range(n_folds):
        total += abs(sum(f == k for f in fold) * n_folds / len(fold) - 1)
        total += abs(sum(e for f, e in zip(fold, event, strict=True) if f == k) * n_folds / event.sum() - 1)
    return total


@pytest.mark.parametrize("seed", range(4))
def test_whole_sites_are_on_one_side_and_more_even_than_a_greedy_choice(seed):
    sites, event = make_sites(seed)
    fold = assign_sites(sites, event, 4)
    for site in np.unique(sites):
        assert len(set(fold[sites == site])) == 1
    assert all(event[fold == k].any() for k in range(4))
    greedy, load = {}, np.zeros(4)
    for site in sorted(set(sites), key=lambda one: -(sites == one).sum()):
        greedy[site] = int(load.argmin())
        load[greedy[site]] += (sites == site).sum()
    other = np.array([greedy[site] for site in sites])
    assert worst(sites, event, fold, 4) <= worst(sites, event, other, 4) + 1e-9


def test_a_small_partition_is_the_best_of_all():
    sites, event = make_sites(9, n_sites=6, n=60)
    names = sorted(set(sites))
    every = np.stack(np.meshgrid(*[[0, 1, 2]] * len(names)), axis=-1).reshape(-1, len(names))
    of_name = {name: at for at, name in enumerate(names)}
    numbers = np.array([of_name[site] for site in sites])
    found = [one[numbers] for one in every if all(event[one[numbers] == k].any() for k in range(3))]
    best = min(worst(sites, event, fold, 3) for fold in found)
    assert worst(sites, event, assign_sites(sites, event, 3), 3) == pytest.approx(best)


def test_site_folds_do_not_depend_on_the_order_of_patients():
    sites, event = make_sites(1)
    fold = assign_sites(sites, event, 5)
    order = np.random.default_rng(0).permutation(len(sites))
    np.testing.assert_array_equal(assign_sites(sites[order], event[order], 5), fold[order])


def test_a_search_that_is_cut_short_still_gives_folds(monkeypatch):
    monkeypatch.setattr(site_splits, "MOST_NODES", 1)
    sites, event = make_sites(2)
    fold = assign_sites(sites, event, 4)
    assert all(event[fold == k].any() for k in range(4))
    said = describe_balance(sites, event, fold)
    assert f"{np.bincount(fold).min()} to {np.bincount(fold).max()} patients" in said


def test_fewer_sites_than_folds():
    sites = np.array(["A", "A", "B", "C", "C"])
    with pytest.raises(CohortError, match=r"3 sites, 2 of them with an event, for 3 folds of whole sites: use fewer"):
        assign_sites(sites, np.array([True, False, False, True, True]), 3)


def test_sites_come_from_barcodes_or_from_a_clinical_variable():
    cohort = simulate_cohort(4, 60).cohort
    names = pd.Index(["TCGA-02-0047", "TCGA-06-0125", "x-tcga-a1-A0SB", "TCGA.06.0130"])
    tcga = replace(cohort, expression=cohort.expression.set_axis(names), clinical=cohort.clinical.set_axis(names))
    assert find_sites(tcga).tolist() == ["02", "06", "A1", "06"]
    assert find_sites(cohort, "grade").tolist() == cohort.clinical["grade"].tolist()
    with pytest.raises(CohortError, match=r"site of 4 patients is not known \(one-00000, .*no TCGA barcode; name the"):
        find_sites(cohort)
    with pytest.raises(CohortError, match="'hospital' is not in the clinical table, which has age, sex, grade"):
        find_sites(cohort, "hospital")
    gap = replace(cohort, clinical=cohort.clinical.assign(grade=["G1", None, "G2", "G3"]))
    with pytest.raises(CohortError, match=r"site of 1 patients is not known \(one-00001\): 'grade' is missing"):
        find_sites(gap, "grade")


def test_a_run_by_sites_judges_everybody_once_and_says_how_even_it_was():
    cohort = simulate_cohort(120, 150, EFFECTS).cohort
    hospital = np.random.default_rng(0).choice(list("ABCDEFGH"), 120)
    cohort = replace(cohort, clinical=cohort.clinical.assign(hospital=hospital))
    config = config_with(columns=["hospital"], kind="site_preserved", site="hospital")
    found = evaluate(config, cohort)
    assert found.internal.patients["risk"].ne(0).all()
    assert any(note.startswith("site-preserved: 8 sites in 3 folds, whole sites on one side") for note in found.notes)
    for split in make_folds(config, cohort).splits:
        assert not set(hospital[split.train]) & set(hospital[split.test])


def write(folder, text, name="folds.tsv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def write_folder(folder, *splits):
    for number, (train, val) in enumerate(splits):
        table = pd.DataFrame({"train": pd.Series(train, dtype=object), "val": pd.Series(val, dtype=object)})
        table.to_csv(folder / f"splits_{number}.csv")
    return folder


def test_folds_from_a_table(tmp_path):
    lines = [
        "patient\tfold\trepeat",
        *(f"P{n}\t{n % 3}\t1" for n in range(9)),
        *(f"P{n}\t{n // 3}\t2" for n in range(9)),
    ]
    given = read_folds(write(tmp_path, "\n".join([*lines, "Q\t0\t1", "Q\t0\t2"])), PATIENTS)
    assert [split.repeat for split in given.splits] == [0, 0, 0, 1, 1, 1]
    assert given.splits[1].test.tolist() == [1, 4, 7]
    assert given.splits[1].train.tolist() == [0, 2, 3, 5, 6, 8]
    assert given.splits[5].test.tolist() == [6, 7, 8]
    assert "1 patients of the file are not in the cohort (Q)" in given.notes[0]
    assert "3 patients of the cohort are not in the file and only in the final model (P9, P10, P11)" in given.notes[0]


def test_folds_from_a_folder_and_patients_never_judged(tmp_path):
    folder = write_folder(tmp_path, (["P0", "P1", "P4"], ["P2", "P3"]), (["P2", "P3", "P4"], ["P0"]))
    given = read_folds(folder, PATIENTS)
    assert [(s.train.tolist(), s.test.tolist()) for s in given.splits] == [([0, 1, 4], [2, 3]), ([2, 3, 4], [0])]
    assert "2 patients are trained on and never judged (P1, P4)" in given.notes[0]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([(["P0", "P1"], ["P1"])], "splits_0.csv: in training and test: P1"),
        ([(["P0"], ["P1"]), (["P2"], ["P1"])], "splits_1.csv: tested before: P1"),
        ([(["P0"], ["elsewhere"])], "splits_0.csv: test holds no patient of the cohort"),
        ([(["x"], ["y"])], "shares no patient with the cohort: x, y against P0, P1, P2"),
        ([], "holds no splits_<k>.csv"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, splits, message):
    with pytest.raises(InputError, match=message):
        read_folds(write_folder(tmp_path, *splits), PATIENTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient\tgroup\nP0\t1\n", "has the columns patient, group; needs fold and patient"),
        ("patient\tfold\nP0\t1\nP0\t2\n", "patients stand twice in repetition 1: P0"),
        ("patient\tfold\nP0\t1\nP1\t\n", r"1 rows are incomplete \(row 3 first\)"),
        ("patient\tfold\trepeat\nP0\t1\t1\nP1\t2\t1\nP0\t1\t2\nP2\t2\t2\n", "repetitions test different patients"),
        ("patient\tfold\nP0\t1\n", "fold 1: training holds no patient of the cohort"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_folds(write(tmp_path, text), PATIENTS)


def test_a_file_of_folds_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read the folds"):
        read_folds(tmp_path / "none.tsv", PATIENTS)


def test_a_run_on_given_folds_judges_whom_they_test(tmp_path):
    cohort = simulate_cohort(120, 150, EFFECTS).cohort
    names = list(cohort.patients)
    folder = write_folder(tmp_path, (names[40:], names[:40]), (names[:80], names[80:110]))
    found = evaluate(config_with({"permutations": 2}, kind="given", file=str(folder)), cohort)
    assert found.internal.patients["patient"].tolist() == [*names[:40], *names[80:110]]
    assert found.internal.n_patients == 70
    assert len(found.permuted.concordance) == 2
    assert any("2 splits; 50 patients are trained on and never judged" in note for note in found.notes)


def test_a_test_fold_without_an_event_is_noted_and_a_training_part_without_refused(tmp_path):
    cohort = simulate_cohort(90, 150, EFFECTS).cohort
    outcome, names = cohort.outcome, np.array(cohort.patients)
    event = outcome.event & (np.arange(90) >= 30)
    cohort = replace(cohort, outcome=Outcome(event, outcome.time_days, outcome.stratum))
    lines = ["patient,fold", *(f"{name},{at // 30}" for at, name in enumerate(names))]
    path = write(tmp_path, "\n".join(lines), "folds.csv")
    found = evaluate(config_with(kind="given", file=str(path)), cohort)
    assert any("1 of 3 test folds have no event and say nothing on concordance" in note for note in found.notes)
    assert np.isfinite(found.internal.row("model").harrell.estimate)
    late = replace(cohort, outcome=Outcome(event & (np.arange(90) >= 60), outcome.time_days, outcome.stratum))
    with pytest.raises(
        OutcomeError, match="0 events among 60 patients; training for test fold 3 of 3 needs at least 4"
    ):
        make_folds(config_with(kind="given", file=str(path)), late)
    none = replace(cohort, outcome=Outcome(event, outcome.time_days, outcome.stratum))
    folder = write_folder(tmp_path, (names[30:].tolist(), names[:30].tolist()))
    with pytest.raises(OutcomeError, match="no test fold has an event"):
        make_folds(config_with(kind="given", file=str(folder)), none)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"kind": "given"}, "kind: given and file: FILE belong together"),
        ({"file": "folds.tsv"}, "kind: given and file: FILE belong together"),
        ({"site": "age"}, "site belongs to kind: site_preserved"),
        ({"kind": "site_preserved", "site": "hospital"}, "site 'hospital' is in no training cohort's `columns`"),
    ],
)
def test_splits_that_do_not_fit_are_faults_of_the_configuration(splits, message):
    with pytest.raises(ConfigError, match=message):
        config_with(**splits)
