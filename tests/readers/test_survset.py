import builtins

import numpy as np
import pytest

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import ColumnRule, detect_layout, inspect_path, read_cohort
from itgstrat.readers.survset import read_survset

pytest.importorskip("SurvSet", reason="the extra `demo` is not installed")

MONTHS = Endpoint("event", "time", "months")


@pytest.fixture(scope="module")
def cohorts():
    return {name: read_cohort(f"survset:{name}", endpoint=MONTHS) for name in ("gse1992", "gse3143", "gse4335")}


@pytest.mark.parametrize(
    ("name", "n_patients", "n_events", "unit", "longest"),
    [
        ("gse1992", 124, 35, "log-ratio", 118),
        ("gse3143", 158, 50, "log2", 120),
        ("gse4335", 115, 38, "log-ratio", 120),
    ],
)
def test_the_three_breast_sets(cohorts, name, n_patients, n_events, unit, longest):
    cohort = cohorts[name]
    assert (len(cohort), cohort.outcome.n_events, cohort.unit, cohort.name) == (
        n_patients,
        n_events,
        unit,
        name,
    )
    assert cohort.outcome.time_days.max() == pytest.approx(longest * 365.25 / 12)
    assert not {"event", "time", "pid"} & set(cohort.clinical)
    assert {record.what for record in cohort.dropped} == {"gene"}
    assert cohort.expression.to_numpy().dtype == np.float32


def test_integrins_common_to_all(cohorts):
    integrins = set(load_catalogue().integrin_genes())
    assert len(integrins.intersection(*(cohort.genes for cohort in cohorts.values()))) == 23


def test_clinical_columns_lose_their_prefix():
    raw = read_survset("GSE4335")
    assert list(raw.clinical) == [
        *("pid", "event", "time", "er_status", "node_status", "metastasis", "histology", "tumor_size"),
        *("age", "grade"),
    ]
    assert raw.clinical["grade"].dtype == np.float64
    assert raw.notes[0] == "factors left out, there as numbers too: fac_grade"


def test_harmonised_columns():
    rules = {
        "er": ColumnRule("er_status"),
        "node": ColumnRule("node_status", {"0": 0, "1": 1, "2": 1}),
        "age": "age",
    }
    cohort = read_cohort("survset:gse4335", endpoint=MONTHS, columns=rules)
    assert list(cohort.clinical) == ["er", "node", "age"]
    assert set(cohort.clinical["node"].dropna()) == {0.0, 1.0}
    assert cohort.clinical["node"].isna().any()


def test_one_patient_is_read_as_among_all(cohorts, tmp_path):
    cohort = cohorts["gse1992"]
    raw = read_survset("gse1992")
    path = tmp_path / "one.csv"
    rows = [f"{label},{float(value):.9g}" for label, value in zip(raw.labels, raw.values[7], strict=True)]
    path.write_text(f"gene,{raw.samples[7]}\n" + "\n".join(rows) + "\n")
    alone = read_cohort(path)
    assert alone.unit == cohort.unit
    assert list(alone.genes) == list(cohort.genes)
    np.testing.assert_array_equal(alone.expression.to_numpy()[0], cohort.expression.to_numpy()[7])


def test_inspection():
    found = inspect_path("survset:gse1992")
    assert (found.layout, found.n_patients, found.n_labels) == ("survset", 124, 15528)
    assert [(pair.n_events, pair.n_patients) for pair in found.endpoints] == [(35, 124)]
    assert detect_layout("SurvSet:gse1992") == "survset"


def test_unknown_names():
    with pytest.raises(InputError, match=r"SurvSet has no dataset 'gse1993' .*did you mean gse1992"):
        read_survset("survset:gse1993")
    with pytest.raises(InputError, match=r"'DLBCL' names no genes .*gse1992, gse3143 or gse4335"):
        read_survset("dlbcl")


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("SurvSet"):
            raise ImportError("No module named 'SurvSet'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=r'pip install "itgstrat\[demo\]"'):
        read_survset("gse1992")
