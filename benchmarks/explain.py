"""Speed of exact explanations of a survival forest, beside shap's PermutationExplainer and TreeExplainer, in one run.

    python benchmarks/explain.py [--patients 1000] [--trees 500] [--peer-patients 2] [--repeats 3]

1,000 simulated patients, 60 features, 500 trees of at least 10 patients a leaf; one thread, CPU seconds. Ours: exact
contributions to the risk of every patient, median of the repeats. Peer: shap's PermutationExplainer with its defaults
(background of 100 patients, max_evals 500) on the very same record, for a few patients and scaled per patient, for
each costs the same 484 x 100 rows; the same against one background patient is beside it. TreeExplainer refuses
scikit-survival's own forest (shap issue 3308); given our arrays it is exact too, and is the check. Survival at three
horizons and interactions come last. Prints one JSON line a figure: name, ours, peer, limit, ratio.
"""

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from figures import report  # noqa: E402

from itgstrat.explanation.tree_shap import explain_trees, find_interactions  # noqa: E402
from itgstrat.fitting.survival import RandomSurvivalForest  # noqa: E402
from itgstrat.learned import ForestModel  # noqa: E402
from itgstrat.outcome import make_outcome  # noqa: E402

N_FEATURES, LIMIT = 60, 1 / 100


def grow(patients: int, trees: int, seed: int = 0) -> tuple[ForestModel, np.ndarray]:
    """Grow the forest on patients whose hazard depends on five features."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((patients, N_FEATURES))
    time_days = random.exponential(2000 * np.exp(-values[:, :5] @ [1.0, 0.5, -0.5, 0.3, 0.3]))
    event = random.random(patients) < 0.7
    table = pd.DataFrame(values, columns=[f"f{number}" for number in range(N_FEATURES)])
    fitted = RandomSurvivalForest(n_trees=trees).fit(table, make_outcome(event, time_days + 1e-6))
    return fitted.model_, values


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def as_shap_wants(model: ForestModel) -> dict[str, object]:
    """Give our arrays in the form that shap takes as a dictionary."""
    values, trees = model.leaf_risk(), []
    for first, stop in zip(model.root[:-1], model.root[1:], strict=True):
        own = slice(first, stop)
        leaf = model.leaf[own]
        trees.append(
            {
                "children_left": model.left[own],
                "children_right": model.right[own],
                "children_default": np.where(model.missing_left[own], model.left[own], model.right[own]),
                "features": model.feature[own],
                "thresholds": model.threshold[own],
                "values": np.ascontiguousarray(np.where(leaf >= 0, values[leaf], 0.0)[:, None]),
                "node_sample_weight": model.cover[own],
            }
        )
    return {"trees": trees, "internal_dtype": np.float64, "input_dtype": np.float32}


def main() -> None:
    """Time all of it."""
    parser = argparse.ArgumentParser()
    for name, value in (("--patients", 1000), ("--trees", 500), ("--peer-patients", 2), ("--repeats", 3)):
        parser.add_argument(name, type=int, default=value)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    import shap

    model, values = grow(asked.patients, asked.trees)
    leaf_risk = model.leaf_risk()[:, None]
    base, told = explain_trees(model, values, leaf_risk)
    residual = float(np.abs(base + told[:, :, 0].sum(axis=1) - model.risk(values)).max())
    ours = statistics.median(cpu(lambda: explain_trees(model, values, leaf_risk)) for _ in range(asked.repeats))

    explainer = shap.PermutationExplainer(model.risk, shap.maskers.Independent(values, max_samples=100), seed=0)
    explainer(values[:1], silent=True)  # compiles
    spent = cpu(lambda: explainer(values[: asked.peer_patients], silent=True))
    what = f"{asked.trees}-tree survival forest, {asked.patients} patients x {N_FEATURES} features"
    scaled = spent / asked.peer_patients * asked.patients
    report(f"exact TreeSHAP / shap.PermutationExplainer, {what}", ours, scaled, LIMIT)
    report("base and contributions add up to the risk, largest residual", residual, limit=1e-9, unit="")

    explainer = shap.PermutationExplainer(model.risk, shap.maskers.Independent(values[:1]), seed=0)
    spent = cpu(lambda: explainer(values[: 10 * asked.peer_patients], silent=True)) / 10
    scaled = spent / asked.peer_patients * asked.patients
    report(f"exact TreeSHAP / shap.PermutationExplainer against one background patient, {what}", ours, scaled)

    peer = shap.TreeExplainer(as_shap_wants(model))
    single = values.astype(np.float32)
    found = np.reshape(peer.shap_values(single, check_additivity=False), values.shape)
    spent = statistics.median(
        cpu(lambda: peer.shap_values(single, check_additivity=False)) for _ in range(asked.repeats)
    )
    report(f"exact TreeSHAP / shap.TreeExplainer given our arrays, {what}", ours, spent)
    apart = float(np.abs(found - told[:, :, 0]).max())
    report("largest difference to shap.TreeExplainer", apart, limit=1e-6, unit="")  # it takes float32

    by_time = model.leaf_survival([365.0, 1000.0, 2000.0]) / model.n_trees
    report(f"survival at 3 horizons / risk alone, {what}", cpu(lambda: explain_trees(model, values, by_time)), ours)
    some = values[:100]
    spent = cpu(lambda: peer.shap_interaction_values(some.astype(np.float32)))
    ours = cpu(lambda: [find_interactions(model, some, leaf_risk, feature) for feature in range(N_FEATURES)])
    report("interactions of all pairs / shap.TreeExplainer, 100 patients", ours, spent)


if __name__ == "__main__":
    main()
