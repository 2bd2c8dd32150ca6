"""Speed of nested cross-validation of an elastic-net Cox model, beside scikit-learn's GridSearchCV.

    python benchmarks/nested.py [--repeats 10] [--genes 20000]

Simulated: 500 patients, 60 features of which six matter, three of them clinical; 5 x 5 folds, 30 penalties, 2 workers.
Prints one JSON line a figure; `--quick` makes it small, and leaves out the first.

1. All repeats, elastic net and clinical-only on the same folds, wall time of the two workers; limit 60 s.
2. Ours against GridSearchCV over the features alone: same folds, same penalties, both at tol 1e-12, one process,
   one outer repeat; and how far the cells of the grid (mean inner concordance) are apart at most.
3. Ours from raw genes against GridSearchCV over the pipeline FeaturePanel + Coxnet, which makes the features anew for
   every penalty: one outer fold of ours, with features learned once on its training patients (no outcome enters
   them), against two penalties of the peer's first inner fold, times 5 folds x 30 penalties.
4. The concordance of the grid of one test fold (100 patients, 30 penalties) against lifelines' of each.
"""

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from figures import report  # noqa: E402
from joblib import Parallel, delayed  # noqa: E402
from lifelines.utils import concordance_index  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import Pipeline  # noqa: E402
from sksurv.linear_model import CoxnetSurvivalAnalysis  # noqa: E402

from itgstrat.biology.catalogue import Signature, Source  # noqa: E402
from itgstrat.cohort import Cohort  # noqa: E402
from itgstrat.concordance import comparable_pairs  # noqa: E402
from itgstrat.fitting import FeaturePanel  # noqa: E402
from itgstrat.fitting.survival import CoxElasticNet, CoxPlain  # noqa: E402
from itgstrat.fitting.survival.base import split_by_events, to_structured  # noqa: E402
from itgstrat.outcome import Outcome, make_outcome  # noqa: E402

N_PATIENTS, N_FEATURES, N_PENALTIES, FOLDS = 500, 60, 30, 5
CLINICAL = [f"x{i}" for i in range(3)]
EFFECTS = np.array([0.4, -0.3, 0.2, 0.5, -0.4, 0.3])


def draw_outcome(risk: np.ndarray, random: np.random.Generator) -> Outcome:
    """Draw exponential times with about 40% censoring."""
    time_days, censoring = random.exponential(1000 * np.exp(-risk)), random.exponential(1500, len(risk))
    return make_outcome(time_days <= censoring, np.minimum(time_days, censoring))


def draw_features(seed: int = 0) -> tuple[pd.DataFrame, Outcome]:
    """Draw correlated features and an outcome that six of them tell of."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((N_PATIENTS, N_FEATURES)) + 0.5 * random.standard_normal((N_PATIENTS, 1))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(N_FEATURES)])
    return frame, draw_outcome(values[:, : len(EFFECTS)] @ EFFECTS, random)


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    """Wall seconds of one call, and what it gave."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def fit_fold(features: pd.DataFrame, outcome: Outcome, train: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """Fit and judge both models on one outer fold."""
    pairs, inside = comparable_pairs(outcome[test]), outcome[train]
    net = CoxElasticNet(n_alphas=N_PENALTIES, inner_folds=FOLDS).fit(features.iloc[train], inside)
    clinical = CoxPlain().fit(features.iloc[train][CLINICAL], inside)
    risks = net.predict(features.iloc[test]), clinical.predict(features.iloc[test][CLINICAL])
    return float(pairs.concordance(risks[0])), float(pairs.concordance(risks[1]))


def time_nested(repeats: int) -> None:
    """Time all repeats on two workers."""
    features, outcome = draw_features()
    splits = [fold for seed in range(repeats) for fold in split_by_events(outcome, FOLDS, seed)]

    def run() -> list[tuple[float, float]]:
        return Parallel(n_jobs=2)(delayed(fit_fold)(features, outcome, *fold) for fold in splits)

    taken, cells = seconds(run)
    report(f"nested 5 x 5, {repeats} repeats, elastic net and clinical-only, 2 workers", taken, limit=60)
    for name, concordance in zip(("elastic net", "clinical-only"), np.mean(cells, axis=0), strict=True):
        report(f"mean concordance, {name}", concordance, unit="")


def search(model: object, name: str, outcome: Outcome, data: object, alphas: np.ndarray, cv: list) -> GridSearchCV:
    """Run scikit-learn's grid search, one process."""
    grid = GridSearchCV(model, {name: [[alpha] for alpha in alphas]}, cv=cv, refit=True, error_score="raise")
    return grid.fit(data, to_structured(outcome))


def against_features() -> None:
    """Compare one outer repeat with GridSearchCV over the features alone."""
    features, outcome = draw_features()
    ours, theirs, apart = [], [], 0.0
    for train, _ in split_by_events(outcome, FOLDS, 0):
        inside, own = features.iloc[train], outcome[train]
        model = CoxElasticNet(n_alphas=N_PENALTIES, inner_folds=FOLDS, inner_tol=1e-12)
        ours.append(seconds(lambda m=model, x=inside, y=own: m.fit(x, y))[0])
        coxnet = CoxnetSurvivalAnalysis(l1_ratio=0.5, tol=1e-12, max_iter=10**6)
        cv, alphas = split_by_events(own, FOLDS, 0), model.path_["alpha"].to_numpy()
        taken, grid = seconds(lambda c=coxnet, x=inside, y=own, a=alphas, v=cv: search(c, "alphas", y, x, a, v))
        theirs.append(taken)
        apart = max(apart, np.abs(grid.cv_results_["mean_test_score"] - model.path_["concordance"]).max())
    report(f"ours / GridSearchCV over features, {N_PATIENTS} patients, one outer repeat", sum(ours), sum(theirs), 1 / 5)
    report("largest difference of a cell of the grid", apart, limit=1e-9, unit="")


def draw_genes(n_genes: int) -> tuple[Cohort, tuple[Signature, ...]]:
    """Draw raw genes, and 57 signatures of 10 to 60 of them."""
    random = np.random.default_rng(1)
    names = [f"G{number}" for number in range(n_genes)]
    values = random.normal(8, 2, (N_PATIENTS, n_genes)).astype(np.float32)
    patients = pd.Index([f"P{number}" for number in range(N_PATIENTS)], name="patient")
    signatures = []
    for number in range(N_FEATURES - len(CLINICAL)):
        drawn = random.choice(n_genes, random.integers(10, 61), replace=False)
        genes = {names[gene]: 1 for gene in drawn}
        signatures.append(Signature(f"s{number}", f"s{number}", "test", "set", genes, Source("simulated"), "high"))
    clinical = pd.DataFrame(random.standard_normal((N_PATIENTS, len(CLINICAL))), index=patients, columns=CLINICAL)
    cohort = Cohort(
        name="simulated",
        expression=pd.DataFrame(values, index=patients, columns=names),
        clinical=clinical,
        batch=np.full(N_PATIENTS, "one"),
        outcome=draw_outcome(clinical.to_numpy() @ EFFECTS[:3], random),
        source="simulated",
    )
    return cohort, tuple(signatures)


def against_raw(n_genes: int) -> None:
    """Compare one outer fold with a few cells of GridSearchCV over the pipeline from raw genes."""
    cohort, signatures = draw_genes(n_genes)
    outcome = cohort.require_outcome()
    train, _ = split_by_events(outcome, FOLDS, 0)[0]
    inside, own = cohort[train], outcome[train]
    panel = FeaturePanel(signatures=signatures, score="singscore", covariates=tuple(CLINICAL))

    def ours() -> CoxElasticNet:
        model = CoxElasticNet(n_alphas=N_PENALTIES, inner_folds=FOLDS, inner_tol=1e-12)
        return model.fit(panel.fit_transform(inside, own), own)

    taken, model = seconds(ours)
    first, test = split_by_events(own, FOLDS, 0)[0]
    part, rest, cells = inside[first], inside[test], []
    for alpha in model.path_["alpha"].iloc[[N_PENALTIES // 3, 2 * N_PENALTIES // 3]]:
        coxnet = CoxnetSurvivalAnalysis(l1_ratio=0.5, alphas=[alpha], tol=1e-12, max_iter=10**6)
        pipeline = Pipeline([("features", clone(panel)), ("model", coxnet)])
        target, held = to_structured(own[first]), to_structured(own[test])
        cells.append(seconds(lambda p=pipeline, y=target, z=held: p.fit(part, y).score(rest, z))[0])
    scaled = statistics.mean(cells) * FOLDS * N_PENALTIES
    report(
        f"ours / GridSearchCV from {n_genes} genes, one outer fold, peer scaled up from 2 cells", taken, scaled, 1 / 10
    )


def against_lifelines() -> None:
    """Compare the concordance of a grid with lifelines'."""
    features, outcome = draw_features()
    random = np.random.default_rng(2)
    own = outcome[np.arange(100)]
    risks = features.to_numpy()[:100] @ random.standard_normal((N_FEATURES, N_PENALTIES))
    ours = min(seconds(lambda: comparable_pairs(own).concordance(risks))[0] for _ in range(5))
    taken, theirs = seconds(lambda: [concordance_index(own.time_days, -risk, own.event) for risk in risks.T])
    report("ours / lifelines' concordance, 100 patients, 30 risks", ours, taken)
    apart = float(np.abs(comparable_pairs(own).concordance(risks) - theirs).max())
    report("largest difference to lifelines", apart, limit=1e-12, unit="")


def shrink() -> None:
    """Take fewer patients, features and penalties."""
    globals().update(N_PATIENTS=200, N_FEATURES=30, N_PENALTIES=10)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="200 patients, 30 features, 2,000 genes")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="all coefficients are zero")
    if options.quick:
        shrink()
    else:
        time_nested(options.repeats)
    against_lifelines()
    against_features()
    against_raw(2_000 if options.quick else options.genes)


if __name__ == "__main__":
    main()
