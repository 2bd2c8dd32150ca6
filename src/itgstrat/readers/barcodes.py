"""TCGA barcodes: which patient a sample is from, which tissue it is, and one sample a patient."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError

#: Which samples of a patient count: the primary tumour, a metastasis, normal tissue, or each by itself.
Samples = Literal["primary", "metastatic", "normal", "all"]

_BARCODE = re.compile(r"(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}|TARGET-\d{2}-[A-Z0-9]{6})(?:-(\d{2})([A-Z])?(?:-.+)?)?")
#: GTEx holds tissue of donors without the disease.
_GTEX = re.compile(r"(GTEX-[A-Z0-9]{4,5})(?:-.+)?")
#: Sample type codes in order of preference. Solid primary tumour (01); where a patient has none, primary
#: blood cancer from blood (03) or marrow (09), then a further new primary (05).
#: https://gdc.cancer.gov/resources-tcga-users/tcga-code-tables/sample-type-codes
_WANTED: dict[str, tuple[str, ...]] = {
    "primary": ("01", "03", "09", "05"),
    "metastatic": ("06", "07"),
    "normal": ("11", "10", "12", "13", "14"),
}
_TYPES = {
    "01": "primary tumour",
    "02": "recurrent tumour",
    "03": "primary blood cancer (blood)",
    "04": "recurrent blood cancer (marrow)",
    "05": "further new primary tumour",
    "06": "metastasis",
    "07": "further metastasis",
    "08": "human tumour cells",
    "09": "primary blood cancer (marrow)",
    "10": "normal blood",
    "11": "normal tissue",
    "12": "normal buccal cells",
    "13": "normal EBV-immortalised cells",
    "14": "normal marrow",
    "20": "control",
    "40": "recurrent blood cancer (blood)",
    "50": "cell line",
    "60": "xenograft",
    "61": "xenograft",
}


@dataclass(frozen=True)
class Barcode:
    """A TCGA barcode, read.

    Parameters
    ----------
    label : str
        The barcode as written.
    patient : str
        Its first twelve characters, in capitals and with hyphens.
    type_code : str
        Sample type, such as ``"01"``; empty for a patient's barcode.
    """

    label: str
    patient: str
    type_code: str


@dataclass(frozen=True)
class Selection:
    """Which samples stay, and for which patient.

    Parameters
    ----------
    positions : tuple of int
        Positions of the samples that stay, in file order.
    patients : tuple of str
        The patient of each.
    dropped : tuple of Dropped
        Every sample left out, by reason.
    is_tcga : bool
        Whether the labels are TCGA barcodes.
    """

    positions: tuple[int, ...]
    patients: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()
    is_tcga: bool = False


def parse_barcode(label: str) -> Barcode | None:
    """Read a TCGA, TARGET or GTEx barcode, also in small letters or with the dots of R in place of hyphens.

    Parameters
    ----------
    label : str
        A sample or patient label.

    Returns
    -------
    Barcode or None
        None if the label is no such barcode.

    Examples
    --------
    >>> parse_barcode("TCGA-OR-A5J1-01A-11R-A29S-07").patient
    'TCGA-OR-A5J1'
    >>> parse_barcode("GSM31819") is None
    True
    """
    written = label.strip().upper().replace(".", "-")
    if donor := _GTEX.fullmatch(written):
        return Barcode(label, donor[1], "11")
    match = _BARCODE.fullmatch(written)
    return Barcode(label, match[1], match[2] or "") if match else None


def select_samples(labels: Sequence[str], samples: Samples = "primary", cohort: str = "") -> Selection:
    """Keep one sample a patient, as the field does it.

    Labels that are no TCGA barcodes all stay, each its own patient. Among the samples of one patient with the
    preferred type, the first in sorted order stays (vial A before B, lower portion first). A barcode without
    sample type stands for its patient.

    Parameters
    ----------
    labels : sequence of str
        Sample labels.
    samples : {"primary", "metastatic", "normal", "all"}
        ``"primary"`` keeps the solid primary tumour (01), or 03, 09, 05 for a patient without one; ``"all"``
        keeps every sample under its own label.
    cohort : str
        Name of the cohort, for the record of what was dropped.

    Returns
    -------
    Selection
        Positions and patients that stay, and what was dropped and why.

    Raises
    ------
    InputError
        If the choice is unknown, or no sample of that kind is there.

    Examples
    --------
    >>> select_samples(["TCGA-AA-0001-11A", "TCGA-AA-0001-01A"]).positions
    (1,)
    """
    if samples not in get_args(Samples):
        raise InputError(f"samples {samples!r} is not known; use one of {', '.join(get_args(Samples))}")
    barcodes = [parse_barcode(label) for label in labels]
    known = [(at, code) for at, code in enumerate(barcodes) if code]
    is_tcga = 2 * len(known) > len(labels)
    if samples == "all" or not is_tcga:
        return Selection(tuple(range(len(labels))), tuple(labels), (), is_tcga)
    kept, reasons = _choose(known, _WANTED[samples], samples)
    if not kept:
        found = sorted({_TYPES.get(code.type_code, code.type_code) for _, code in known})
        raise InputError(f"{cohort or 'the table'}: no {samples} sample among {', '.join(found)}; choose other samples")
    patients = {at: code.patient for at, code in kept.items()}
    patients |= {at: labels[at] for at, code in enumerate(barcodes) if code is None}
    positions = tuple(sorted(patients))
    dropped = tuple(Dropped("sample", tuple(sorted(names)), why, cohort) for why, names in sorted(reasons.items()))
    return Selection(positions, tuple(patients[at] for at in positions), dropped, True)


def _choose(
    known: list[tuple[int, Barcode]], wanted: tuple[str, ...], samples: str
) -> tuple[dict[int, Barcode], dict[str, list[str]]]:
    order = {code: rank for rank, code in enumerate(("", *wanted))}
    kept: dict[int, Barcode] = {}
    reasons: dict[str, list[str]] = {}
    best: dict[str, Barcode] = {}
    for at, code in sorted(known, key=lambda item: (order.get(item[1].type_code, 99), item[1].label)):
        if code.type_code not in order:
            kind = _TYPES.get(code.type_code, f"sample type {code.type_code}")
            reasons.setdefault(f"{kind}, not a {samples} sample", []).append(code.label)
        elif code.patient in best:
            reasons.setdefault(f"another {samples} sample of the same patient stays", []).append(code.label)
        else:
            best[code.patient] = code
            kept[at] = code
    return kept, reasons
