"""Golden values of pmsampsize for tests/evaluation/test_sample_size.py; run once, where it is installed.

python tests/golden/sample_size.py tests/golden
"""

import importlib.metadata
import json
import sys
from pathlib import Path

from pmsampsize.pmsampsize import pmsampsize

#: Cox-Snell R2, parameters, events a year, horizon and mean follow-up in years; the first is the package's example.
CASES = [(0.051, 30, 0.065, 2, 2.07), (0.1, 8, 0.2, 3, 2.5), (0.25, 12, 0.12, 5, 4.0), (0.02, 40, 0.03, 1, 6.0)]


def main() -> None:
    """Write one record a case."""
    cases = []
    for rsquared, parameters, rate, timepoint, meanfup in CASES:
        got = pmsampsize(type="s", csrsquared=rsquared, parameters=parameters, rate=rate, timepoint=timepoint,
                         meanfup=meanfup, noprint=True)  # fmt: skip
        rows = [row for row in got["results_table"] if len(row) == 8]
        cases.append({
            "rsquared": rsquared, "parameters": parameters, "rate": rate, "horizon": timepoint, "followed": meanfup,
            "n_shrinkage": rows[0][1], "n_optimism": rows[1][1], "n": got["sample_size"],
            "max_rsquared": got["max_r2a"],
        })  # fmt: skip
    versions = [f"Python {sys.version.split()[0]}", f"pmsampsize {importlib.metadata.version('pmsampsize')}"]
    text = json.dumps({"made_by": versions, "cases": cases}, indent=1)
    (Path(sys.argv[1]) / "sample_size.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
