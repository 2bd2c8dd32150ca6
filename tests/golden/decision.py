"""Golden values of dcurves (net benefit) and SurvivalEVAL (D-calibration) for tests/evaluation; run once.

    pip install dcurves scikit-learn tqdm; pip install --no-deps SurvivalEVAL
    python tests/golden/decision.py tests/golden

The data are those of calibration.json, which calibration.R makes, and the same in whole months, so that times tie.
SurvivalEVAL imports torch, of which D-calibration makes no use: a mock stands in for it.
"""

import importlib.metadata
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from dcurves import dca

sys.modules["torch"] = mock.MagicMock(__spec__=None, Tensor=type("Tensor", (), {}))
from SurvivalEVAL.evaluations.calibration.distributional.distribution_calibration import d_calibration  # noqa: E402

THRESHOLDS = [0.1, 0.26, 0.4, 0.5, 0.6, 0.74]


def net_benefits(time, event, survival, horizon):
    table = pd.DataFrame({"time": time, "event": event, "model": 1 - survival})
    found = dca(table, "event", ["model"], thresholds=THRESHOLDS, time=horizon, time_to_outcome_col="time")
    return {name: found.loc[found["model"] == name, "net_benefit"].tolist() for name in ("model", "all")}


def main(folder: Path) -> None:
    content = json.loads((folder / "calibration.json").read_text())
    data = {name: np.array(values) for name, values in content["data"].items()}
    own = np.exp(-data["time"] / 1300)  # the same exponential for everybody
    statistic, p_value, bins = d_calibration(own, data["event"])
    months = np.ceil(data["time"] / 30.4375)
    versions = {name: importlib.metadata.version(name) for name in ("dcurves", "SurvivalEVAL", "lifelines")}
    golden = {
        "versions": versions,
        "thresholds": THRESHOLDS,
        "days": net_benefits(data["time"], data["event"], data["survival"], content["horizon"]),
        "months": net_benefits(months, data["event"], data["survival"], 24),
        "d_calibration": {"statistic": float(statistic), "p_value": float(p_value), "bins": bins[::-1].tolist()},
    }
    (folder / "decision.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
