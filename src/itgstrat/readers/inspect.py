"""What is this file? Layout, patients, genes, identifiers, unit, endpoints and integrin coverage."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.errors import name_some
from itgstrat.outcome import Endpoint
from itgstrat.readers.barcodes import Selection, parse_barcode
from itgstrat.readers.clinical import join_clinical
from itgstrat.readers.clinical_source import find_cautions, load_clinical
from itgstrat.readers.detect import find_layout
from itgstrat.readers.endpoints import count_events, find_endpoints, find_inverted
from itgstrat.readers.genes import GeneMapping, map_genes
from itgstrat.readers.layout import Glance, RawCohort, find_unit
from itgstrat.readers.patients import drop_other_tissue
from itgstrat.readers.reading import (
    choose_samples,
    name_cohort,
    require_catalogue_genes,
)
from itgstrat.readers.units import COHORT_UNIT


@dataclass(frozen=True)
class EndpointCount:
    """An endpoint that a clinical table offers.

    Parameters
    ----------
    endpoint : Endpoint
        Its columns and unit.
    n_events : int
        Patients with the event.
    n_patients : int
        Patients with event status and a time above zero.
    """

    endpoint: Endpoint
    n_events: int
    n_patients: int

    def __str__(self) -> str:
        pair = f"{self.endpoint.event} with {self.endpoint.time} ({self.endpoint.unit})"
        return f"{pair}: {self.n_events} events in {self.n_patients} patients"


@dataclass(frozen=True)
class Inspection:
    """What a source was found to be.

    Parameters
    ----------
    source : str
        File or dataset.
    layout : str
        Its layout.
    orientation : str
        Which way round the matrix lies, and how that is known.
    n_samples, n_patients : int
        Samples in the file; patients after one primary tumour each was chosen.
    n_labels, n_genes : int
        Gene labels in the file; approved symbols behind them.
    identifier : str
        Kind of identifier that most labels are.
    share_resolved : float
        Share of the labels that lead to an approved symbol.
    unit, unit_reason : str
        What the numbers are, and why.
    cohort_unit : str
        What they are after reading: log2, log-ratio or z-score.
    n_missing, n_constant : int
        Missing values; labels with one value in all patients (0 for one patient alone).
    integrins, integrins_missing : tuple of str
        Integrin genes measured, and not measured.
    clinical_columns : tuple of str
        Columns of the clinical table.
    endpoints : tuple of EndpointCount
        Pairs of columns that could be an endpoint.
    notes : tuple of str
        What else one should know.
    """

    source: str
    layout: str
    orientation: str
    n_samples: int
    n_patients: int
    n_labels: int
    n_genes: int
    identifier: str
    share_resolved: float
    unit: str
    unit_reason: str
    cohort_unit: str
    n_missing: int
    n_constant: int
    integrins: tuple[str, ...]
    integrins_missing: tuple[str, ...]
    clinical_columns: tuple[str, ...]
    endpoints: tuple[EndpointCount, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give everything as plain values, for JSON or YAML.

        Returns
        -------
        dict
            Field name -> number, text or list; an endpoint is a flat dict of event, time, unit and counts.
        """
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}
        plain["endpoints"] = [
            {**asdict(found.endpoint), "n_events": found.n_events, "n_patients": found.n_patients}
            for found in self.endpoints
        ]
        return plain


def inspect_path(
    source: str | Path,
    clinical: str | Path | pd.DataFrame | None = None,
    layout: str | None = None,
    **options: object,
) -> Inspection:
    """Say what a source is, without making a cohort of it.

    Parameters
    ----------
    source : str or Path
        Expression file, or ``survset:NAME``.
    clinical : str, Path or DataFrame, optional
        Its clinical table.
    layout : str, optional
        Name of the layout; detected if not given.
    **options
        What the layout alone knows, such as ``probe_map`` for GEO.

    Returns
    -------
    Inspection
        Layout, sizes, identifiers, unit, endpoints, integrin coverage and notes.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be, or no gene of the catalogue is there.
    """
    source = str(source)
    found = find_layout(source, layout)
    if found.glance is not None:
        return _inspect_glance(source, found.name, found.glance(source))
    raw = found.open(source, "auto", **options)
    selection = choose_samples(raw, "primary", raw.name or name_cohort(source))
    expression = raw.values[list(selection.positions)]
    mapping = map_genes(raw.labels)
    require_catalogue_genes(mapping.symbols, raw)
    unit, reason = find_unit(raw, expression)
    table, notes = _read_table(raw, selection, clinical)
    integrins = load_catalogue().integrin_genes()
    return Inspection(
        source=source,
        layout=found.name,
        orientation=raw.orientation,
        n_samples=len(raw.samples),
        n_patients=len(selection.patients) if table is None else len(table),
        n_labels=len(raw.labels),
        n_genes=len(mapping.symbols),
        identifier=mapping.identifier,
        share_resolved=mapping.share,
        unit=unit,
        unit_reason=reason,
        cohort_unit=COHORT_UNIT[unit],
        n_missing=int(np.isnan(expression).sum()),
        n_constant=_count_constant(expression),
        integrins=tuple(gene for gene in integrins if gene in mapping.symbols),
        integrins_missing=tuple(gene for gene in integrins if gene not in mapping.symbols),
        clinical_columns=() if table is None else tuple(map(str, table.columns)),
        endpoints=() if table is None else _endpoints(table),
        notes=(*raw.notes, *_gene_notes(mapping), *map(str, (*raw.dropped, *selection.dropped)), *notes),
    )


def _inspect_glance(source: str, layout: str, glance: Glance) -> Inspection:
    """Describe a file without expression; what belongs to numbers stays empty."""
    mapping = map_genes(glance.labels) if glance.labels else None
    symbols = mapping.symbols if mapping else frozenset()
    integrins = load_catalogue().integrin_genes() if mapping else ()
    return Inspection(
        source=source,
        layout=layout,
        orientation=f"no expression: {glance.content}",
        n_samples=len(glance.samples),
        n_patients=len({code.patient if (code := parse_barcode(label)) else label for label in glance.samples}),
        n_labels=len(glance.labels),
        n_genes=len(symbols),
        identifier=mapping.identifier if mapping else "",
        share_resolved=mapping.share if mapping else 0.0,
        unit="",
        unit_reason="",
        cohort_unit="",
        n_missing=0,
        n_constant=0,
        integrins=tuple(gene for gene in integrins if gene in symbols),
        integrins_missing=tuple(gene for gene in integrins if gene not in symbols),
        clinical_columns=() if glance.clinical is None else tuple(map(str, glance.clinical.columns)),
        endpoints=() if glance.clinical is None else _endpoints(glance.clinical),
        notes=glance.notes,
    )


def _read_table(
    raw: RawCohort, selection: Selection, clinical: str | Path | pd.DataFrame | None
) -> tuple[pd.DataFrame | None, list[str]]:
    table, source, loaded = load_clinical(raw, clinical)
    if table is None:
        return None, ["no clinical table given"]
    labels = [raw.samples[at] for at in selection.positions]
    joined = join_clinical(table, labels, selection.patients, source=source)
    others = drop_other_tissue(joined.table, selection, "primary", "")
    inverted = [
        f"column {name!r} most likely says 1 for censored: recode it before use as event"
        for name in find_inverted(joined.table)
    ]
    rows = joined.table.drop(index=[patient for record in others for patient in record.names])
    cautions = find_cautions(rows, [found.event for found in find_endpoints(rows)])
    return rows, [*loaded, *joined.notes, *map(str, others), *inverted, *cautions]


def _endpoints(table: pd.DataFrame) -> tuple[EndpointCount, ...]:
    return tuple(EndpointCount(found, *count_events(table, found)) for found in find_endpoints(table))


def _gene_notes(mapping: GeneMapping) -> list[str]:
    notes = [str(record) for record in mapping.lost()]
    if mapping.n_renamed:
        notes.append(f"{mapping.n_renamed} labels are old names or aliases and were brought to the approved symbol")
    if mapping.mangled:
        notes.append(f"symbols turned into dates by a spreadsheet: {name_some(mapping.mangled)}; export the table anew")
    repeated = mapping.n_resolved - len(mapping.symbols)
    if repeated:
        notes.append(f"{repeated} labels are further rows of genes already there")
    if len(mapping.kinds) > 1:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(mapping.kinds.items()))
        notes.append(f"labels of several kinds: {name_some([kinds])}")
    return notes


def _count_constant(expression: np.ndarray[Any, np.dtype[np.float32]]) -> int:
    if len(expression) < 2:
        return 0
    return int((np.fmin.reduce(expression, axis=0) == np.fmax.reduce(expression, axis=0)).sum())
