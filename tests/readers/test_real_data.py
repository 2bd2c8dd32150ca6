"""The public cohorts in the folder that ITGSTRAT_DATA names; what they hold is listed in its README.md."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from itgstrat.outcome import Endpoint
from itgstrat.readers import inspect_path, read_cohort

FOLDER = os.environ.get("ITGSTRAT_DATA")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public cohorts are not at hand"),
]

# folder, patients, unit in the file, integrins of 26, endpoint with events / patients
COHORTS = [
    ("bladder-gse1827", 80, "log-ratio", 17, ("vital_status", 44, 80)),
    ("breast-vantveer", 78, "log-ratio", 25, ("event", 34, 78)),
    ("crc-gse24549-gpl5175", 83, "log2", 16, ("dfs_status", 43, 83)),
    ("icb-hugo", 27, "log2", 26, ("event_occurred_os", 12, 26)),
    ("icb-liu-pd1", 74, "log2", 26, ("event_occurred_pfs", 49, 74)),
    ("icb-mariathasan-bladder-1768", 195, "log2", 15, ("event_occurred_os", 128, 195)),
    ("icb-nathanson", 24, "log2", 26, ("event_occurred_os", 16, 24)),
    ("icb-padron", 45, "log2", 26, ("event_occurred_pfs", 39, 45)),
    ("icb-riaz-combo", 23, "log2", 26, ("event_occurred_os", 13, 23)),
    ("icb-riaz-pd1", 23, "log2", 26, ("event_occurred_os", 17, 23)),
    ("icb-vanallen", 42, "log2", 26, ("event_occurred_os", 29, 42)),
    ("ovarian-gse12418", 54, "log-ratio", 19, None),
    ("ovarian-gse51088", 135, "log-ratio", 11, ("vital_status", 96, 134)),
    ("tcga-agilent-kirc", 72, "log-ratio", 26, ("PFI", 12, 70)),
    ("tcga-agilent-luad", 32, "log-ratio", 26, ("OS", 7, 30)),
    ("tcga-agilent-read", 69, "log-ratio", 26, ("firehose_OS", 10, 65)),
    ("tcga-coadread-cmscaller", 92, "counts", 26, ("cdr_OS", 17, 90)),
    ("tcga-rnaseq-acc", 79, "linear", 26, ("PFI", 40, 77)),
    ("tcga-rnaseq-stad", 37, "linear", 26, ("OS", 16, 34)),
    ("tcga-rnaseq-uvm", 80, "linear", 26, ("OS", 22, 79)),
]


def files(name):
    folder = Path(FOLDER) / "cohorts" / name
    return folder / "expression.parquet", folder / "clinical.tsv"


@pytest.mark.parametrize(("name", "n_patients", "unit", "n_integrins", "pair"), COHORTS, ids=[c[0] for c in COHORTS])
def test_every_cohort_is_recognised(name, n_patients, unit, n_integrins, pair):
    found = inspect_path(*files(name))
    assert (found.layout, found.n_patients, found.unit) == ("table", n_patients, unit)
    assert (len(found.integrins), found.identifier) == (n_integrins, "HGNC symbol")
    assert found.orientation.startswith("genes x patients")
    pairs = {each.endpoint.event: (each.n_events, each.n_patients) for each in found.endpoints}
    assert pairs.get(pair[0]) == pair[1:] if pair else not pairs


@pytest.mark.parametrize(("name", "n_patients", "unit", "n_integrins", "pair"), COHORTS, ids=[c[0] for c in COHORTS])
def test_every_cohort_is_read(name, n_patients, unit, n_integrins, pair):
    expression, clinical = files(name)
    cohort = read_cohort(expression, clinical=clinical)
    assert (cohort.name, len(cohort)) == (name, n_patients)
    assert cohort.unit == ("log-ratio" if unit == "log-ratio" else "log2")
    assert np.nanmax(cohort.expression.to_numpy()) < 25


@pytest.mark.parametrize("patient", [0, -1])
@pytest.mark.parametrize("name", [case[0] for case in COHORTS])
def test_one_patient_alone_is_of_the_same_unit(name, patient):
    from itgstrat.readers.tables import read_matrix
    from itgstrat.readers.units import detect_unit

    values = read_matrix(files(name)[0]).values.T
    assert detect_unit(values[[patient]])[0] == detect_unit(values)[0]


def test_normals_are_dropped_and_counted():
    expression, clinical = files("tcga-rnaseq-stad")
    cohort = read_cohort(expression, clinical=clinical, endpoint=Endpoint("OS", "OS.time"))
    samples = [record for record in cohort.dropped if record.what == "sample"]
    assert [(record.reason, len(record.names)) for record in samples] == [("normal tissue, not a primary sample", 4)]
    patients = [record for record in cohort.dropped if record.what == "patient"]
    assert sum(len(record.names) for record in patients) == 37 - len(cohort) == 3
    assert len(read_cohort(expression, samples="normal")) == 4
    assert len(read_cohort(expression, samples="all")) == 41


@pytest.mark.parametrize(
    ("name", "event", "time_column", "counts"),
    [
        ("tcga-rnaseq-acc", "OS", "OS.time", (27, 77)),
        ("tcga-rnaseq-uvm", "PFI", "PFI.time", (28, 78)),
        ("icb-padron", "event_occurred_os", "survival_time_os", (34, 45)),
    ],
)
def test_outcomes(name, event, time_column, counts):
    expression, clinical = files(name)
    cohort = read_cohort(expression, clinical=clinical, endpoint=Endpoint(event, time_column))
    assert (cohort.outcome.n_events, len(cohort)) == counts


def test_reading_acc_is_quick():
    expression, clinical = files("tcga-rnaseq-acc")
    read_cohort(expression, clinical=clinical)  # loads the gene table
    start = time.process_time()
    read_cohort(expression, clinical=clinical)
    assert time.process_time() - start < 1.0
