"""Small expression files and clinical tables, made for the tests."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.biology.catalogue import load_catalogue

GENES = load_catalogue().genes()
INTEGRINS = load_catalogue().integrin_genes()


def make_matrix(n_patients=6, genes=INTEGRINS, seed=0, patients=None):
    """Log2 levels, patients x genes."""
    rng = np.random.default_rng(seed)
    patients = patients or [f"PAT-{number:03d}" for number in range(n_patients)]
    values = rng.uniform(0.5, 14, (len(patients), len(genes))).astype(np.float32)
    return pd.DataFrame(values, index=patients, columns=list(genes))


def make_clinical(patients, **columns):
    n = len(patients)
    table = {
        "patient": list(patients),
        "OS": [i % 2 for i in range(n)],
        "OS.time": [100 + i for i in range(n)],
    }
    return pd.DataFrame(table | columns)


def write_matrix(path: Path, frame: pd.DataFrame, separator="\t", corner="gene"):
    """Write a table as it stands (rows are rows)."""
    text = frame.rename_axis(corner).to_csv(sep=separator)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_tsv(path: Path, frame: pd.DataFrame):
    frame.to_csv(path, sep="\t", index=False)
    return path
