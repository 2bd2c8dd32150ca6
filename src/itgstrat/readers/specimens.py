"""Several samples of a patient, where a table (and no TCGA barcode) says patient and kind of each sample."""

from collections.abc import Sequence

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.barcodes import Samples, Selection

#: Words for kinds of samples, in small letters, as cBioPortal's studies and sample sheets write them.
_KINDS: dict[str, tuple[str, ...]] = {
    "normal": ("normal", "healthy", "benign", "adjacent"),
    "model": ("cell line", "cellline", "xenograft", "organoid", "pdx", "cfdna", "ctdna"),
    "metastatic": ("metasta",),
    "recurrent": ("recur", "relapse", "progress", "refractory"),
    "primary": ("primary", "tumor", "tumour"),
}
_WANTED: dict[str, tuple[str, ...]] = {"primary": ("primary", ""), "metastatic": ("metastatic",), "normal": ("normal",)}


def name_kind(text: str) -> str:
    """Tell which kind of sample a word stands for.

    Parameters
    ----------
    text : str
        Such as ``Primary``, ``Metastasis``, ``Local Recurrence``, ``Cell line``.

    Returns
    -------
    str
        normal, model, metastatic, recurrent, primary, or empty where the word says nothing.

    Examples
    --------
    >>> name_kind("Local Recurrence")
    'recurrent'
    """
    words = text.strip().lower()
    return next((kind for kind, marks in _KINDS.items() if any(mark in words for mark in marks)), "")


def select_by_type(
    labels: Sequence[str], patients: Sequence[str], types: Sequence[str] | None, samples: Samples, cohort: str = ""
) -> Selection:
    """Keep one sample a patient: the first of the preferred kind, in sorted order of the labels.

    Parameters
    ----------
    labels, patients : sequence of str, length n_samples
        Label and patient of each sample.
    types : sequence of str or None
        Kind of each sample in words; empty where not known, which counts as a tumour.
    samples : {"primary", "metastatic", "normal", "all"}
        Which samples count; ``"all"`` keeps every sample under its own label.
    cohort : str
        Name of the cohort, for the record of what was dropped.

    Returns
    -------
    Selection
        Positions and patients that stay, and what was dropped and why.

    Raises
    ------
    InputError
        If no sample of that kind is there.

    Examples
    --------
    >>> select_by_type(["s1", "s2"], ["p", "p"], ["Metastasis", "Primary"], "primary").positions
    (1,)
    """
    if samples == "all":
        return Selection(tuple(range(len(labels))), tuple(labels), (), False)
    texts = list(types or [""] * len(labels))
    ranks = [_WANTED[samples].index(kind) if (kind := name_kind(text)) in _WANTED[samples] else None for text in texts]
    kept: dict[str, int] = {}
    reasons: dict[str, list[str]] = {}
    for at in sorted(range(len(labels)), key=lambda at: (ranks[at] or 0, labels[at])):
        if ranks[at] is None:
            reasons.setdefault(f"sample type {texts[at]!r}, not a {samples} sample", []).append(labels[at])
        elif patients[at] in kept:
            reasons.setdefault(f"another {samples} sample of the same patient stays", []).append(labels[at])
        else:
            kept[patients[at]] = at
    if not kept:
        raise InputError(
            f"{cohort or 'the table'}: no {samples} sample among {name_some(sorted(set(texts)))}; choose other "
            'samples ("primary", "metastatic", "normal" or "all")'
        )
    positions = tuple(sorted(kept.values()))
    dropped = tuple(Dropped("sample", tuple(sorted(names)), why, cohort) for why, names in sorted(reasons.items()))
    return Selection(positions, tuple(patients[at] for at in positions), dropped, False)
