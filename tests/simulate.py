"""Cohorts whose hazard is known, so that a test can ask for the truth back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from itgstrat.biology.catalogue import Signature, Source, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.outcome import Outcome, make_outcome

INTEGRINS = load_catalogue().integrin_genes()


@dataclass(frozen=True)
class Simulation:
    """A cohort and the log hazard ratio that its times were drawn from."""

    cohort: Cohort
    log_hazard: np.ndarray

    @property
    def outcome(self) -> Outcome:
        return self.cohort.require_outcome()


def simulate_cohort(
    n_patients: int = 200,
    n_genes: int = 200,
    effects: Mapping[str, float] | None = None,
    batches: Sequence[str] = ("one",),
    age_effect: float = 0.0,
    censored: float = 0.3,
    missing: float = 0.0,
    seed: int = 0,
) -> Simulation:
    """Draw patients from a proportional hazards model.

    Genes are the catalogue's integrins, then its other genes, then FILL0000 and so on. Gene g of a patient is
    scale x (level_g + z) + shift with z standard normal, level_g the same in every cohort of any seed, scale and shift
    those of the batch (1 and 0 in the first). The log hazard is sum(effects[g] x z_g) + age_effect x age in SD;
    each batch is a stratum with a baseline hazard of its own (2,000 days of mean survival in the first).

    Parameters
    ----------
    n_patients, n_genes : int
        Size, all batches together.
    effects : mapping of str to float
        Gene -> log hazard ratio per SD of the gene.
    batches : sequence of str
        Platforms; patients are spread over them evenly.
    age_effect : float
        Log hazard ratio per SD of the covariate ``age``; ``sex`` and ``grade`` never matter.
    censored : float
        Probability, about, that a patient is censored first.
    missing : float
        Share of expression values and of covariates that is made NaN.
    """
    random = np.random.default_rng(seed)
    genes = _name_genes(n_genes)
    level = np.random.default_rng(20240101).uniform(4, 12, n_genes)
    number = np.arange(n_patients) % len(batches)
    z = random.standard_normal((n_patients, n_genes))
    values = (1 + 0.5 * number[:, None]) * (level + z) + 3 * number[:, None]
    age = random.standard_normal(n_patients)
    weights = pd.Series(effects or {}, dtype=float).reindex(genes, fill_value=0.0).to_numpy()
    log_hazard = z @ weights + age_effect * age
    clinical = pd.DataFrame(
        {
            "age": 60 + 10 * age,
            "sex": random.choice(["female", "male"], n_patients),
            "grade": random.choice(["G1", "G2", "G3"], n_patients),
        }
    )
    if missing:
        values[random.random(values.shape) < missing] = np.nan
        clinical = clinical.mask(random.random(clinical.shape) < missing)
    patients = pd.Index([f"{batches[b]}-{i:05d}" for i, b in enumerate(number)], name="patient")
    batch = np.array(batches)[number]
    cohort = Cohort(
        name="simulated",
        expression=pd.DataFrame(values.astype(np.float32), index=patients, columns=genes),
        clinical=clinical.set_index(patients),
        batch=batch,
        outcome=simulate_outcome(log_hazard, batch, 2000 / (1 + number), censored, seed + 1),
        source="simulated",
    )
    return Simulation(cohort, log_hazard)


def simulate_outcome(
    log_hazard: np.ndarray,
    stratum: str | np.ndarray = "all",
    mean_days: float | np.ndarray = 2000.0,
    censored: float = 0.3,
    seed: int = 0,
) -> Outcome:
    """Draw exponential times from log hazards, with independent exponential censoring."""
    random = np.random.default_rng(seed)
    time = random.exponential(mean_days * np.exp(-log_hazard))
    censoring = random.exponential(mean_days, len(time)) * (1 - censored) / max(censored, 1e-9)
    return make_outcome(time <= censoring, np.minimum(time, censoring) + 1e-6, stratum=stratum)


def make_signature(name: str, genes: Mapping[str, int] | Sequence[str], rule: str = "set", parts=()) -> Signature:
    """Make a signature; a list of genes is all up, and two genes under ``lower_subunit`` are its parts."""
    signed = dict(genes) if isinstance(genes, Mapping) else dict.fromkeys(genes, 1)
    if rule == "lower_subunit":
        parts = tuple((gene, (gene,)) for gene in signed)
    return Signature(name, name, "test", rule, signed, Source("simulated"), "high", parts=tuple(parts))


def _name_genes(n_genes: int) -> list[str]:
    known = list(dict.fromkeys([*INTEGRINS, *load_catalogue().genes()]))
    return (known + [f"FILL{number:04d}" for number in range(n_genes)])[:n_genes]


def make_bundle(cohort: Cohort, signatures=None, covariates=("age", "sex"), score="singscore", model=None):
    """Fit a panel and a model on a cohort and take their records, as `training` does."""
    from itgstrat.fitting import CoxPlain, FeaturePanel
    from itgstrat.learned import ModelBundle, Strata

    panel = FeaturePanel(SIGNATURES if signatures is None else signatures, score, covariates).fit(cohort)
    features = panel.transform(cohort)
    fitted = (model or CoxPlain()).fit(features, cohort.require_outcome())
    strata = Strata.learn(fitted.predict(features), [1 / 3, 2 / 3], ["low", "intermediate", "high"])
    info = {"name": "simulated", "horizons_days": [365.25, 1826.25]}
    return ModelBundle(panel.recipe_, fitted.model_, strata, panel.familiarity_, info, "# A card\n")


#: A signature of every rule, that share genes with each other.
SIGNATURES = (
    make_signature("up", INTEGRINS[:6]),
    make_signature("up_down", {gene: (-1) ** number for number, gene in enumerate(INTEGRINS[4:11])}),
    make_signature("dimer", [INTEGRINS[0], INTEGRINS[12]], "lower_subunit"),
    make_signature(
        "joint",
        INTEGRINS[12:17],
        "lower_part",
        (("integrin", tuple(INTEGRINS[12:14])), ("receptor", tuple(INTEGRINS[14:17]))),
    ),
)
