"""Writers of public layouts, made for the tests, and random cohorts to write with them."""

import csv
import gzip
import io
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy import sparse

from .builders import INTEGRINS

#: A letter first, so that no name is a number or a spelling of missing; no name of an annotation column.
names = st.text(st.characters(categories=["Lu", "Ll", "Nd"], include_characters="-_. ()"), max_size=8).map(
    lambda text: f"Pat{text}".strip()
)
numbers = st.floats(-1e6, 1e6, width=32) | st.just(np.float32("nan"))


@st.composite
def cohorts(draw, names=names):
    """A table of float32, patients x genes."""
    patients = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    genes = draw(st.lists(st.sampled_from(INTEGRINS), min_size=2, max_size=8, unique=True))
    cells = draw(st.lists(numbers, min_size=len(patients) * len(genes), max_size=len(patients) * len(genes)))
    values = np.array(cells, np.float32).reshape(len(patients), len(genes))
    return pd.DataFrame(values, index=patients, columns=genes)


def spell(value):
    return "NA" if np.isnan(value) else f"{value:.9g}"


def write_text(path: Path, text: str):
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_table(path: Path, frame, delimiter="\t"):
    """Genes x patients, quoted where needed."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["gene", *frame.index])
    writer.writerows([gene, *map(spell, frame[gene])] for gene in frame)
    return write_text(path, out.getvalue())


def write_gct(path: Path, frame, version="1.3", metadata=None, descriptions=None):
    """GCT 1.2 or 1.3; `metadata` per patient, `descriptions` per gene."""
    metadata, descriptions = metadata or {}, descriptions or ({} if version == "1.3" else {"Description": {}})
    sizes = [frame.shape[1], frame.shape[0], *([len(descriptions), len(metadata)] if version == "1.3" else [])]
    lines = [f"#{version}", "\t".join(map(str, sizes)), "\t".join(["id", *descriptions, *frame.index])]
    lines += ["\t".join([key, *["na"] * len(descriptions), *map(str, said)]) for key, said in metadata.items()]
    lines += [
        "\t".join([gene, *(words.get(gene, "na") for words in descriptions.values()), *map(spell, frame[gene])])
        for gene in frame
    ]
    return write_text(path, "\n".join(lines) + "\n")


def write_series(path: Path, frame, characteristics=(), titles=None, platform="GPL1", series=(), end=True):
    """GEO series matrix; `characteristics`: rows of cells. Rows of the table are the columns of `frame`."""
    quoted = [f'"{patient}"' for patient in frame.index]
    lines = ['!Series_title\t"made by hand"', '!Series_geo_accession\t"GSE1"', *series, ""]
    lines += ["!Sample_title\t" + "\t".join(f'"{title}"' for title in titles or frame.index)]
    lines += ["!Sample_geo_accession\t" + "\t".join(quoted)]
    lines += ["!Sample_platform_id\t" + "\t".join(f'"{platform}"' for _ in frame.index)]
    lines += ["!Sample_characteristics_ch1\t" + "\t".join(f'"{cell}"' for cell in row) for row in characteristics]
    lines += ["!series_matrix_table_begin", '"ID_REF"\t' + "\t".join(quoted)]
    lines += ["\t".join([f'"{probe}"', *map(spell, frame[probe])]) for probe in frame]
    lines += ["!series_matrix_table_end"] if end else []
    return write_text(path, "\n".join(lines) + "\n")


def write_platform(path: Path, genes, column="Gene Symbol", accession="GPL1"):
    """GPL SOFT with the columns ID, Title and `column`."""
    lines = [f"^PLATFORM = {accession}", f"!Platform_geo_accession = {accession}", "#ID = probe", f"#{column} = gene"]
    lines += ["!platform_table_begin", f"ID\tTitle\t{column}"]
    lines += [f'{probe}\ta 5" thing\t{gene}' for probe, gene in genes.items()] + ["!platform_table_end"]
    return write_text(path, "\n".join(lines) + "\n")


def write_h5ad(path: Path, frame, obs=None, form="dense", version="0.12", layers=None, var=None, raw=None):
    """h5ad as anndata writes it: version 0.7 or 0.12; dense, csr or csc."""
    with h5py.File(path, "w") as file:
        if version != "0.7":
            file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        _write_h5_matrix(file, "X", frame.to_numpy(), form)
        for name, values in (layers or {}).items():
            _write_h5_matrix(file, f"layers/{name}", values, form)
        _write_h5_frame(file, "obs", frame.index, obs if obs is not None else pd.DataFrame(index=frame.index), version)
        columns = var if var is not None else pd.DataFrame(index=frame.columns)
        _write_h5_frame(file, "var", frame.columns, columns, version)
        if raw is not None:
            _write_h5_matrix(file, "raw/X", raw.to_numpy(), form)
            _write_h5_frame(file, "raw/var", raw.columns, pd.DataFrame(index=raw.columns), version)
    return path


def _write_h5_matrix(file, place, values, form):
    if form == "dense":
        file.create_dataset(place, data=values)
        return
    matrix = (sparse.csr_matrix if form == "csr" else sparse.csc_matrix)(values)
    group = file.create_group(place)
    group.attrs.update({"encoding-type": f"{form}_matrix", "encoding-version": "0.1.0", "shape": matrix.shape})
    for part in ("data", "indices", "indptr"):
        group.create_dataset(part, data=getattr(matrix, part))


def _write_h5_frame(file, place, index, frame, version):
    group = file.create_group(place)
    group.attrs.update({"encoding-type": "dataframe", "_index": "_index"})
    group.attrs.create("column-order", list(frame.columns), dtype=h5py.string_dtype() if len(frame.columns) else float)
    group.create_dataset("_index", data=list(index), dtype=h5py.string_dtype())
    for name, column in frame.items():
        _write_h5_column(group, name, column, version)


def _write_h5_column(group, name, column, version):
    text = h5py.string_dtype()
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, words = column.cat.codes.to_numpy(), list(column.cat.categories)
        if version == "0.7":
            words = group.require_group("__categories").create_dataset(name, data=words, dtype=text)
            group.create_dataset(name, data=codes).attrs["categories"] = words.ref
        else:
            node = group.create_group(name)
            node.attrs["encoding-type"] = "categorical"
            node.create_dataset("codes", data=codes)
            node.create_dataset("categories", data=words, dtype=text)
    elif pd.api.types.is_extension_array_dtype(column.dtype):
        node = group.create_group(name)
        words = column.dtype == "string"
        node.attrs["encoding-type"] = "nullable-string-array" if words else "nullable-integer"
        node.create_dataset("mask", data=column.isna().to_numpy())
        filled = column.fillna("" if words else 0)
        node.create_dataset(
            "values", data=list(filled) if words else filled.to_numpy(int), dtype=text if words else int
        )
    elif column.dtype == object:
        group.create_dataset(name, data=list(column), dtype=text)
    else:
        group.create_dataset(name, data=column.to_numpy())
