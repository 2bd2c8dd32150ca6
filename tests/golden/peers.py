"""Golden values of gseapy and decoupler for tests/scoring/test_peers.py; run once, where both are installed.

    python tests/golden/peers.py tests/golden

The data are those of gsva.R: gsva_free.csv has no ties, gsva_tied.csv many; and peers_wide.csv, drawn here, 400 genes
without ties, so that AUCell's top 5% hold 20.
"""

import importlib.metadata
import sys
from pathlib import Path

import decoupler
import gseapy
import numpy as np
import pandas as pd

SETS = {"a": [1, 5, 9, 33, 57], "b": list(range(2, 61, 3))}


def main() -> None:
    """Write one table a peer, method and kind of data, and the versions beside."""
    folder = Path(sys.argv[1])
    sets = {name: [f"g{number}" for number in own] for name, own in SETS.items()}
    net = pd.DataFrame([(s, g, 1.0) for s, own in sets.items() for g in own], columns=["source", "target", "weight"])
    for kind in ("free", "tied"):
        table = pd.read_csv(folder / f"gsva_{kind}.csv", index_col=0, skipinitialspace=True)
        done = gseapy.ssgsea(data=table, gene_sets=sets, outdir=None, min_size=1, max_size=500, threads=1,
                             sample_norm_method="rank", no_plot=True, verbose=False)  # fmt: skip
        raw = done.res2d.pivot(index="Term", columns="Name", values="ES").astype(float)
        gsva = gseapy.gsva(data=table, gene_sets=sets, outdir=None, kcdf="Gaussian", min_size=1, threads=1)
        density = gsva.res2d.pivot(index="Term", columns="Name", values="ES").astype(float)
        aucell = decoupler.mt.aucell(table.T, net, tmin=1)[0].T
        zscore = decoupler.mt.zscore(table.T, net, tmin=1, flavor="RoKAI")[0].T
        tables = {"ssgsea": raw, "gsva": density, "aucell": aucell, "rokai": zscore}
        for name, scores in tables.items():
            scores.loc[list(SETS), list(table.columns)].to_csv(folder / f"peers_{kind}_{name}.csv", index_label="")
    random = np.random.default_rng(20)
    wide = pd.DataFrame(random.normal(8, 2, (400, 6)), [f"g{i}" for i in range(1, 401)], list("uvwxyz"))
    wide.to_csv(folder / "peers_wide.csv", float_format="%.17g")
    decoupler.mt.aucell(wide.T, net, tmin=1)[0].T.loc[list(SETS)].to_csv(folder / "peers_wide_aucell.csv")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("gseapy", "decoupler", "numpy")]
    (folder / "peers_versions.txt").write_text("\n".join([f"Python {sys.version.split()[0]}", *versions, ""]))


if __name__ == "__main__":
    main()
