"""Golden values of SurvSHAP(t) for tests/explanation/test_golden.py; run once, where survshap is installed.

python tests/golden/survshap.py tests/golden
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sksurv.ensemble import RandomSurvivalForest
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv
from survshap import PredictSurvSHAP, SurvivalModelExplainer

TIMES = [100.0, 400.0, 900.0]
N_FEATURES = 4


def simulate() -> tuple[pd.DataFrame, np.ndarray]:
    """Draw 80 patients."""
    random = np.random.default_rng(7)
    table = pd.DataFrame(random.standard_normal((80, N_FEATURES)), columns=list("abcd"))
    time = np.round(random.exponential(800 * np.exp(-table["a"] + 0.6 * table["b"] * table["c"])) + 1, 3)
    return table, Surv.from_arrays(random.random(80) < 0.7, time)


def explain(model: object, table: pd.DataFrame, outcome: np.ndarray) -> dict[str, object]:
    """Explain the survival of three patients against five others, over all 24 orders."""
    background = table.iloc[10:15].reset_index(drop=True)
    explainer = SurvivalModelExplainer(model, background, outcome[10:15])
    told = []
    for row in range(3):
        shap = PredictSurvSHAP(function_type="sf", calculation_method="sampling", exact=True)
        shap.fit(explainer, table.iloc[[row]], timestamps=np.array(TIMES))
        mean = shap.result[shap.result["B"] == 0].set_index("variable_name").loc[list(table.columns)]
        told.append(mean[[f"t = {time}" for time in TIMES]].to_numpy().tolist())
    base = np.mean([f(TIMES) for f in model.predict_survival_function(background)], axis=0)
    survival = [f(TIMES).tolist() for f in model.predict_survival_function(table.iloc[:3])]
    return {"contributions": told, "base": base.tolist(), "survival": survival}


def main() -> None:
    """Write one record a model."""
    table, outcome = simulate()
    forest = RandomSurvivalForest(n_estimators=6, min_samples_leaf=6, random_state=0).fit(table, outcome)
    cox = CoxPHSurvivalAnalysis(alpha=1e-9).fit(table, outcome)
    trees = [
        {
            name: getattr(one.tree_, name).tolist()
            for name in ("children_left", "children_right", "feature", "threshold", "weighted_n_node_samples")
        }
        # values are (nodes, times, [hazard, survival]); those of the leaves at the event times
        | {"hazard": one.tree_.value[one.tree_.children_left < 0][:, forest.is_event_time_, 0].round(15).tolist()}
        for one in forest.estimators_
    ]
    record = {
        "made_by": [f"{name} {importlib.metadata.version(name)}" for name in ("survshap", "scikit-survival", "numpy")],
        "times": TIMES,
        "patients": table.iloc[:3].to_numpy().tolist(),
        "background": table.iloc[10:15].to_numpy().tolist(),
        "last": float(outcome["time"].max()),
        "forest": {
            "times": forest.unique_times_[forest.is_event_time_].tolist(),
            "trees": trees,
            **explain(forest, table, outcome),
        },
        "cox": {
            "coef": cox.coef_.tolist(),
            "times": cox.unique_times_.tolist(),
            "hazard": cox.cum_baseline_hazard_(cox.unique_times_).tolist(),
            **explain(cox, table, outcome),
        },
    }
    (Path(sys.argv[1]) / "survshap.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
