import logging
import os
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import inspect_path, read_cohort
from itgstrat.readers.cautions import caution_notes, find_cancer_types, is_cautioned, load_cautions
from itgstrat.readers.tcga_cdr import read_outcomes

from .builders import make_matrix, write_matrix, write_tsv

FOLDER = os.environ.get("ITGSTRAT_DATA")
needs_data = pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public files are not at hand")
PAIRS = ("OS", "DSS", "DFI", "PFI")


def patients(n):
    return [f"TCGA-BB-{number:04d}" for number in range(n)]


def outcomes(names, cancer="BRCA", id_column="bcr_patient_barcode"):
    n = len(names)
    table = {id_column: names} | ({"type": [cancer] * n} if cancer else {})
    for at, event in enumerate(PAIRS):
        table |= {event: [(row + at) % 2 for row in range(n)], f"{event}.time": [100 * (row + 1) for row in range(n)]}
    return pd.DataFrame(table)


def expression(tmp_path, n=4):
    return write_matrix(tmp_path / "m.tsv", make_matrix(patients=[f"{name}-01A" for name in patients(n)]).T)


times = st.lists(st.integers(1, 5000), min_size=2, max_size=8)


@settings(deadline=None, max_examples=20)
@given(days=times, data=st.data())
def test_what_is_written_is_read_back(tmp_path_factory, days, data):
    folder = tmp_path_factory.mktemp("cdr")
    table = outcomes(patients(len(days)))
    for event in PAIRS:
        table[event] = data.draw(st.lists(st.sampled_from([0, 1]), min_size=len(days), max_size=len(days)))
        table[f"{event}.time"] = days
    for separator, name in (("\t", "cdr.tsv"), (",", "cdr.csv"), ("\t", "cdr.tsv.gz")):
        table.to_csv(folder / name, sep=separator, index=name.endswith("csv"), na_rep="#N/A")
        found = read_outcomes(str(folder / name)).table
        pd.testing.assert_frame_equal(found, table, check_dtype=False)
        (folder / name).unlink()


@pytest.mark.parametrize("event", PAIRS)
def test_joined_to_any_cohort_by_patient(tmp_path, caplog, event):
    given_table = write_tsv(tmp_path / "TCGA-CDR.tsv", outcomes(patients(4)[::-1]))
    with caplog.at_level(logging.INFO, "itgstrat"):
        cohort = read_cohort(expression(tmp_path), clinical=given_table, endpoint=Endpoint(event, f"{event}.time"))
    assert cohort.outcome.time_days.tolist() == [400, 300, 200, 100]
    said = [record for record in caplog.records if "TCGA-CDR on" in record.message]
    assert [record.levelname for record in said] == ["WARNING" if event in ("OS", "DSS") else "INFO"]
    use = "BRCA use with caution" if event in ("OS", "DSS") else "BRCA recommended"
    assert use in said[0].message


def test_inspection_shows_endpoints_and_cautions(tmp_path):
    path = write_tsv(tmp_path / "cdr.tsv", outcomes(patients(6), "PCPG"))
    found = inspect_path(path)
    assert (found.layout, found.n_patients) == ("tcga-cdr", 6)
    assert [pair.endpoint.event for pair in found.endpoints] == list(PAIRS)
    assert sum("PCPG not recommended (too few events" in note for note in found.notes) == 4
    assert "give it as the clinical table" in found.notes[-1]
    with pytest.raises(InputError, match=r"TCGA-CDR outcomes .* holds no expression: give it as"):
        read_cohort(path)


def test_xena_copy_and_redacted_patients(tmp_path):
    table = outcomes(patients(4), None, "_PATIENT").assign(sample=[f"{name}-01" for name in patients(4)])
    table["cancer type abbreviation"] = "UVM"
    table["Redaction"] = [None, "Redacted", None, None]
    path = write_tsv(tmp_path / "Survival_SupplementalTable_S1_20171025_xena_sp", table)
    found = inspect_path(path)
    assert found.n_patients == 3
    assert any("1 rows that TCGA redacted are left out: TCGA-BB-0001" in note for note in found.notes)
    assert any("UVM not available (DFI could not be derived)" in note for note in found.notes)
    cohort = read_cohort(expression(tmp_path), clinical=path, endpoint=Endpoint("PFI", "PFI.time"))
    assert list(cohort.patients) == [patients(4)[at] for at in (0, 2, 3)]


def test_outcomes_and_columns_in_two_files(tmp_path):
    samples = [f"{name}-01" for name in patients(4)]
    folder = tmp_path / "tcga-cdr"
    folder.mkdir()
    write_tsv(folder / "surv.tsv", outcomes(samples, None, "sample"))
    columns = pd.DataFrame({"sample": samples, "type": "LGG", "ajcc_pathologic_tumor_stage": "", "age": 40})
    write_tsv(folder / "clinical.tsv", columns.assign(initial_pathologic_dx_year=2010, new_tumor_event_dx_days_to=5))
    cohort = read_cohort(expression(tmp_path), clinical=folder, endpoint=Endpoint("PFI", "PFI.time"))
    assert cohort.clinical["age"].tolist() == [40] * 4
    assert any("LGG use with caution" in note for note in inspect_path(folder).notes)
    assert any("does not name the cancer type" in note for note in inspect_path(folder / "surv.tsv").notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"OS": ["0", "1", "2", "1"]}, "OS holds 2"),
        ({"PFI.time": [-5, 1, 2, 3]}, "PFI.time holds 1 negative days"),
    ],
)
def test_tables_that_are_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        inspect_path(write_tsv(tmp_path / "cdr.tsv", outcomes(patients(4)).assign(**change)))


def test_a_hospital_table_of_the_same_columns_is_left_alone(tmp_path):
    names = ["PAT-1", "PAT-2"]
    table = outcomes(names, None, "patient").assign(OS=["Dead", "Alive"])
    path = write_matrix(tmp_path / "m.tsv", make_matrix(patients=names).T)
    cohort = read_cohort(path, clinical=write_tsv(tmp_path / "c.tsv", table), endpoint=Endpoint("OS", "OS.time"))
    assert cohort.outcome.n_events == 1


def test_bad_files(tmp_path):
    table = outcomes(patients(4))
    path = tmp_path / "with spaces.csv"
    path.write_bytes(b"\xef\xbb\xbf" + table.to_csv(index=False).replace("\n", "\r\n").encode())
    assert read_outcomes(str(path)).table.shape == table.shape
    path.write_bytes(table.to_csv(index=False).encode()[:-9])
    with pytest.raises(InputError, match="fields"):
        read_outcomes(str(path))
    path.unlink()
    with pytest.raises(InputError, match="one table of TCGA-CDR outcomes is needed, found: none"):
        read_outcomes(str(tmp_path))


def test_cancer_types_are_found_in_the_words_of_every_portal():
    for column, value in (
        ("type", "KIRC"),
        ("_cohort", "TCGA Kidney Clear Cell Carcinoma (KIRC)"),
        ("cases.project_id", "TCGA-KIRC"),
        ("admin.disease_code", "kirc"),
    ):
        assert find_cancer_types(pd.DataFrame({column: [value, None]})) == ("KIRC",)
    assert find_cancer_types(pd.DataFrame({"type": ["primary"]})) == ()
    assert caution_notes(pd.DataFrame({"type": ["KIRC"]}), ["RFS", "event"]) == ()
    assert is_cautioned(pd.DataFrame({"age": [1]}), "OS")
    assert not is_cautioned(pd.DataFrame({"type": ["KIRC"]}), "OS")


def test_the_advice_is_complete_and_says_where_it_comes_from():
    text = files("itgstrat.biology").joinpath("facts", "tcga_cdr_cautions.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    advice = load_cautions()
    assert len(advice.uses) == 33
    assert all(set(uses) == set(PAIRS) for uses in advice.uses.values())
    allowed = {"recommended", "caution", "not recommended", "not available"}
    assert {use for uses in advice.uses.values() for use in uses.values()} == allowed
    assert set(content["confirmed"]) == set(advice.uses) >= set(advice.notes)
    assert all(set(cells) <= set(PAIRS) for cells in content["confirmed"].values())
    assert content["source"]["doi"] == "10.1016/j.cell.2018.02.052"
    # what the paper's own words say: all four in 13 types, OS in 23, PFI in all but 4, none in PCPG
    free = [code for code, uses in advice.uses.items() if set(uses.values()) == {"recommended"}]
    assert len(free) == 13
    assert sum(uses["OS"] == "recommended" for uses in advice.uses.values()) == 23
    assert sum(uses["PFI"] == "recommended" for uses in advice.uses.values()) == 29
    assert set(advice.uses["PCPG"].values()) == {"not recommended"}
    cautioned = {code for code, uses in advice.uses.items() if set(uses.values()) != {"recommended"}}
    assert cautioned == set(advice.notes)


def test_no_caution_for_other_patients(tmp_path, caplog):
    names = [f"TARGET-30-PARHA{at}" for at in range(3)]
    path = write_matrix(tmp_path / "m.tsv", make_matrix(patients=names).T)
    clinical = outcomes(names, None, "patient")
    with caplog.at_level(logging.INFO, "itgstrat"):
        assert read_cohort(path, clinical=clinical, endpoint=Endpoint("OS", "OS.time")).outcome.n_events == 1
    assert "TCGA-CDR on" not in caplog.text


@pytest.mark.data
@needs_data
def test_real_files():
    folder = Path(FOLDER) / "tcga-cdr"
    found = inspect_path(folder / "tcga_surv.tsv")
    assert (found.layout, found.n_samples, found.n_patients) == ("tcga-cdr", 10496, 9743)
    assert len(found.endpoints) == 4
    whole = inspect_path(folder)
    assert whole.layout == "tcga-cdr"
    assert any("BRCA use with caution" in note for note in whole.notes)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("event", "counts"), [("OS", (27, 77)), ("PFI", (40, 77)), ("DSS", (25, 75)), ("DFI", (11, 44))]
)
def test_acc_with_outcomes_of_the_resource(event, counts):
    folder = Path(FOLDER)
    source = folder / "cohorts" / "tcga-rnaseq-acc" / "expression.parquet"
    cohort = read_cohort(source, clinical=folder / "tcga-cdr", endpoint=Endpoint(event, f"{event}.time"))
    assert (cohort.outcome.n_events, len(cohort)) == counts
