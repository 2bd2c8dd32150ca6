import json

import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import inspect_path, read_cohort

from .builders import INTEGRINS, make_clinical, make_matrix, write_matrix, write_tsv


def test_everything_is_said(tmp_path):
    frame = make_matrix(genes=[*INTEGRINS[1:], "no gene", INTEGRINS[1]])
    frame["no gene"] = 1.0
    path = write_matrix(tmp_path / "m.tsv.gz", frame.T)
    clinical = make_clinical(frame.index, censorship=[1, 0, 1, 0, 1, 0])
    found = inspect_path(path, write_tsv(tmp_path / "c.tsv", clinical))
    assert (found.layout, found.n_samples, found.n_patients, found.n_labels, found.n_genes) == (
        "table",
        6,
        6,
        27,
        25,
    )
    assert found.orientation.startswith("genes x patients (detected; gene identifiers: 96% of the rows")
    assert found.identifier == "HGNC symbol"
    assert found.share_resolved == pytest.approx(26 / 27)
    assert (found.unit, found.cohort_unit) == ("log2", "log2")
    assert (found.n_missing, found.n_constant) == (0, 1)
    assert found.integrins == INTEGRINS[1:]
    assert found.integrins_missing == INTEGRINS[:1]
    assert found.clinical_columns == ("OS", "OS.time", "censorship")
    assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 3 events in 6 patients"]
    notes = " | ".join(found.notes)
    for part in (
        "1 gene dropped: no approved gene has this label (no gene)",
        "1 labels are further rows of genes already there",
        "column 'censorship' most likely says 1 for censored",
        "in column 'patient' (detected)",
    ):
        assert part in notes


def test_as_dict_is_plain(tmp_path):
    found = inspect_path(write_matrix(tmp_path / "m.tsv", make_matrix(1).T)).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["notes"] == ["no clinical table given"]
    assert (found["n_patients"], found["n_constant"]) == (1, 0)


def test_as_dict_spells_out_endpoints(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    found = inspect_path(path, make_clinical(frame.index)).as_dict()
    assert found["endpoints"] == [{"event": "OS", "time": "OS.time", "unit": "days", "n_events": 3, "n_patients": 6}]


def test_no_gene_of_the_catalogue(tmp_path):
    frame = make_matrix(genes=["OR4F5", "KRT38"])
    with pytest.raises(InputError, match="not one gene of the catalogue among 2 labels"):
        inspect_path(write_matrix(tmp_path / "m.tsv", frame.T))


def test_several_rows_of_one_patient_are_told_as_read_cohort_will_take_them(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    clinical = make_clinical(frame.index, sex=list("fmfmfm"))
    clinical = pd.concat([clinical, clinical.iloc[[0]].assign(OS=1)])
    note = next(note for note in inspect_path(path, clinical).notes if note.startswith("several clinical rows"))
    assert note.endswith("but an endpoint or variable of a column in which they differ is refused (OS)")
    with pytest.raises(InputError, match="contradict each other in OS: "):
        read_cohort(path, clinical=clinical, endpoint=Endpoint("OS", "OS.time"))
    assert read_cohort(path, clinical=clinical, columns={"sex": "sex"}).clinical["sex"].tolist() == list("fmfmfm")
