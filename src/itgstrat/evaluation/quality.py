"""Is a signature fit for this cohort? Coverage, level, spread, coherence, agreement of methods, confounders.

The measures follow sigQC (Dhawan 2019, doi 10.1038/s41596-019-0136-8), which shows them and leaves the judgement
to the reader; the limits below, from which on a warning is given, are ours unless another source is named.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from itgstrat.biology import Catalogue, Signature, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.errors import name_some
from itgstrat.evaluation.batch_quality import CONTROLS, NUMBERS, assess_batch, find_controls

#: Least share of the genes that is measured; as `features.min_coverage`, below which a score is withheld.
LEAST_COVERAGE = 0.5

#: Share of a signature's genes in `LOWEST`, or constant, from which on it is hardly expressed, or varying. Ours.
MOST_SILENT = 0.5

#: Least SD of a signature's genes, relative to that of all genes. Ours.
LEAST_VARIABILITY = 0.5

#: Least median correlation between a signature's genes, and genes from which on it is judged. Ours.
LEAST_COHERENCE, LEAST_GENES = 0.1, 5

#: Least correlation between two scoring methods. Ours.
LEAST_AGREEMENT = 0.5

#: Correlation, of either sign, from which on a score is a proxy of a control: half of its variance is shared. Ours.
MOST_CONFOUNDED = 0.7


@dataclass(frozen=True)
class SignatureQuality:
    """How fit a signature is for a cohort; NaN where something does not apply or cannot be known.

    Parameters
    ----------
    signature, title, rule : str
        Id, title and rule.
    n_genes, n_measured : int
        Genes of the signature, and those measured.
    missing : tuple of str
        Genes not measured.
    level : float
        Median over its genes of the place of their median expression among all genes, 0 (lowest) to 1. NaN for
        log-ratios and z-scores, which tell no level.
    share_low : float
        Share of its genes in the lowest tenth of all genes.
    variability : float
        Median SD of its genes, relative to the median SD of all genes.
    share_constant : float
        Share of its genes that are the same in all patients.
    coherence : float
        Median Spearman correlation of its genes, two by two, each with its sign. NaN for one gene.
    agreement : float
        Lowest Spearman correlation between its scores by singscore, ssGSEA and z-score. NaN where the lower of
        two parts is scored, which is done in one way only.
    proliferation, stroma, endothelium, purity : float
        Spearman correlation of the score with the control of this name, or with the cohort's purity column.
        NaN for a signature that is part of the control.
    warnings : tuple of str
        What to keep in mind, in words.
    """

    signature: str
    title: str
    rule: str
    n_genes: int
    n_measured: int
    missing: tuple[str, ...]
    level: float
    share_low: float
    variability: float
    share_constant: float
    coherence: float
    agreement: float
    proliferation: float
    stroma: float
    endothelium: float
    purity: float
    warnings: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Share of the genes that is measured."""
        return self.n_measured / self.n_genes

    def as_dict(self) -> dict[str, Any]:
        """Give everything as plain values, for JSON; NaN is None.

        Returns
        -------
        dict
            Field name -> text, number, list or None; with `coverage`.
        """
        plain = {name: list(v) if isinstance(v, tuple) else v for name, v in self.all_values().items()}
        return {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in plain.items()}

    def all_values(self) -> dict[str, Any]:
        """Give all fields and the coverage.

        Returns
        -------
        dict
            Field name -> value as it is.
        """
        return {**vars(self), "coverage": self.coverage}


@dataclass(frozen=True)
class CohortQuality:
    """How fit some signatures are for a cohort.

    Parameters
    ----------
    cohort : str
        Name of the cohort or cohorts.
    n_patients, n_batches : int
        Patients; batches that the numbers are averaged over.
    signatures : tuple of SignatureQuality
        In the order asked for.
    """

    cohort: str
    n_patients: int
    n_batches: int
    signatures: tuple[SignatureQuality, ...]

    def as_frame(self) -> pd.DataFrame:
        """Lay everything out as a table.

        Returns
        -------
        DataFrame
            One row a signature, indexed by id; missing genes and warnings are joined to text.
        """
        joined = {"missing": ", ", "warnings": "; "}
        rows = [
            {name: joined[name].join(value) if name in joined else value for name, value in one.all_values().items()}
            for one in self.signatures
        ]
        columns = [*(field.name for field in fields(SignatureQuality)), "coverage"]
        return pd.DataFrame(rows, columns=columns).set_index("signature")


def assess_signatures(
    cohort: Cohort | Sequence[Cohort],
    signatures: Sequence[Signature],
    catalogue: Catalogue | None = None,
    targets: Sequence[str] | None = None,
) -> CohortQuality:
    """Assess how fit signatures are for a cohort; no outcome is looked at.

    Batches differ in level and spread, so every number is computed within each and averaged over those that give
    one; a batch of fewer than 10 patients gives the level alone. A missing value stands in the middle of its
    gene's ranks where genes are correlated.

    Parameters
    ----------
    cohort : Cohort or sequence of Cohort
        Patients; of several cohorts, the genes that all of them measured count.
    signatures : sequence of Signature
        What to assess.
    catalogue : Catalogue, optional
        Where the controls and the themes about integrins are taken from; the packaged one if not given.
    targets : sequence of str, optional
        HGNC symbols that a signature holding them is warned of; all integrin subunits if not given.

    Returns
    -------
    CohortQuality
        A record for each signature.

    Raises
    ------
    CatalogueError
        If a control of `CONTROLS` is in the groups of `catalogue` and its signatures are not.

    References
    ----------
    Dhawan 2019, doi 10.1038/s41596-019-0136-8 (sigQC); Venet 2011, doi 10.1371/journal.pcbi.1002240, for
    proliferation as a confounder.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> table = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=["ITGAV", "ITGB6", "TP53"])
    >>> cohort = Cohort("ours", table, table[[]], np.full(20, "ours"))
    >>> quality = assess_signatures(cohort, load_catalogue().select(["itg_avb6", "itg_avb8"]))
    >>> quality.signatures[1].missing, quality.signatures[1].warnings
    (('ITGB8',), ("no gene of part 'beta' measured: it cannot be scored",))
    """
    cohorts = (cohort,) if isinstance(cohort, Cohort) else tuple(cohort)
    known = catalogue or load_catalogue()
    controls = find_controls(known)
    measured = _find_measured(cohorts)
    batches = [(one, name) for one in cohorts for name in np.unique(one.batch)]
    tables = [assess_batch(one[one.batch == name], measured, signatures, controls) for one, name in batches]
    numbers = pd.concat([pd.DataFrame(columns=list(NUMBERS), dtype=float), *tables]).groupby(level=0).mean()
    own = replace(known, signatures={one.id: one for one in signatures})
    circular = {one.signature: one.targets for one in own.circularity(targets=targets) if not one.expected}
    records = []
    for one in signatures:
        values: dict[str, Any] = {name: float(numbers[name].get(one.id, np.nan)) for name in NUMBERS}
        quality = SignatureQuality(
            signature=one.id,
            title=one.title,
            rule=one.rule,
            n_genes=len(one.genes),
            n_measured=sum(gene in measured for gene in one.genes),
            missing=tuple(gene for gene in one.genes if gene not in measured),
            **values,
        )
        records.append(replace(quality, warnings=_warn(quality, one, circular.get(one.id, ()))))
    return CohortQuality(", ".join(one.name for one in cohorts), sum(map(len, cohorts)), len(batches), tuple(records))


def _find_measured(cohorts: Sequence[Cohort]) -> set[str]:
    """Genes of which every cohort has a value."""
    seen = [one.genes[one.count_measured() > 0] for one in cohorts]
    return set.intersection(*(set(map(str, genes)) for genes in seen)) if seen else set()


def _warn(quality: SignatureQuality, signature: Signature, targets: Sequence[str]) -> tuple[str, ...]:
    """Say what to keep in mind; a comparison with NaN is false, so what is not known gives no warning."""
    gone = [repr(name) for name, genes in signature.parts if not set(genes) - set(quality.missing)]
    large = quality.rule == "set" and quality.n_measured >= LEAST_GENES
    still = quality.share_constant >= MOST_SILENT
    checks = [
        (bool(gone), f"no gene of part {name_some(gone)} measured: it cannot be scored"),
        (
            not gone and quality.coverage < LEAST_COVERAGE,
            f"low coverage: {quality.n_measured} of {quality.n_genes} genes measured",
        ),
        (
            quality.share_low >= MOST_SILENT,
            f"hardly expressed: {quality.share_low:.0%} of its genes are in the lowest tenth",
        ),
        (still, f"hardly varying: {quality.share_constant:.0%} of its genes are constant"),
        (
            not still and quality.variability < LEAST_VARIABILITY,
            f"hardly varying: its SD is {quality.variability:.2f} of the usual",
        ),
        (
            large and quality.coherence < LEAST_COHERENCE,
            f"incoherent: its genes correlate by {quality.coherence:z.2f}",
        ),
        (
            quality.agreement < LEAST_AGREEMENT,
            f"scoring methods disagree: they correlate by {quality.agreement:z.2f}",
        ),
    ]
    for name in (*CONTROLS, "purity"):
        rho = getattr(quality, name)
        checks.append((abs(rho) > MOST_CONFOUNDED, f"a proxy of {name}: correlation {rho:+.2f}"))
    checks.append((bool(targets), f"circular: contains {name_some(targets)}"))
    return tuple(text for given, text in checks if given)
