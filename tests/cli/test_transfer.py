"""`itgstrat agents transfer`: from the published files of a screen to tier T2 of a patient."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from itgstrat.antagonists.transfer import adhesion_genes
from itgstrat.cli.app import app
from itgstrat.errors import CatalogueError, InputError, ModelError, OutputError
from itgstrat.learned import TransferModel
from tests.simulate import simulate_cohort

N_LINES = 128
LINES = [f"ACH-{n:06}" for n in range(N_LINES)]
LINEAGE = np.repeat([f"tissue {n}" for n in range(8)], N_LINES // 8)
QUICK = ("--random", "19", "--draws", "200")


def run(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, list(map(str, arguments)), catch_exceptions=False)


def learn(*arguments):
    return run("agents", "transfer", *arguments, *QUICK)


def write_screen(folder, signal=1.0, seed=0):
    """A made screen in the layouts of DepMap and GDSC: five adhesion genes, not the target's, set the response."""
    random = np.random.default_rng(seed)
    genes = list(simulate_cohort(5, 120, {}, seed=5).cohort.expression.columns)
    shift = np.repeat(random.normal(size=(8, len(genes))), N_LINES // 8, axis=0)
    values = pd.DataFrame(5 + shift + random.normal(size=(N_LINES, len(genes))), LINES, genes).clip(lower=0)
    acting = [gene for gene in genes if gene in adhesion_genes() and gene not in ("ITGAV", "ITGB3", "ITGB5")][:5]
    sensitive = signal * (values - 5 - shift)[acting].sum(axis=1) + random.normal(size=N_LINES)
    named = values.rename(columns=lambda gene: f"{gene} (999999999)").rename_axis("ModelID")
    named.to_csv(folder / "expression.csv")
    models = {"ModelID": LINES, "CellLineName": LINES, "OncotreeLineage": LINEAGE}
    sanger = [f"SIDM{n:05}" for n in range(N_LINES)]
    pd.DataFrame(models | {"SangerModelID": sanger}).to_csv(folder / "Model.csv", index=False)
    fitted = {"DATASET": "GDSC2", "SANGER_MODEL_ID": sanger, "DRUG_ID": 1, "DRUG_NAME": "EMD-121974"}
    pd.DataFrame(fitted | {"LN_IC50": -sensitive.to_numpy()}).to_csv(folder / "fitted.csv", index=False)
    return values, acting


@pytest.fixture
def screen(tmp_path):
    folder = tmp_path / "screen"
    folder.mkdir()
    values, acting = write_screen(folder)
    return folder, values, acting


def test_what_is_learned_reaches_the_patients_of_a_model(screen, small, tmp_path):
    folder, _, acting = screen
    (folder / "README.txt").write_text("not a part of the screen\n")
    record = tmp_path / "t2.npz"
    found = learn("cilengitide", folder, "--out", record, "--tumours", small / "expression.tsv")
    assert found.exit_code == 0, found.output
    words = " ".join(found.output.split())
    assert "cilengitide, EMD-121974 (GDSC2:1): 128 lines of 8 lineages" in words
    assert "may be told: EMD-121974 (GDSC2:1), -ln IC50 (µM); 128 lines of GDSC, DepMap, by ranks" in words
    assert max(len(line) for line in found.output.splitlines() if str(tmp_path) not in line) <= 80
    made = TransferModel.load(record)
    assert (made.agent, made.agent_class, made.measures, made.withheld) == (
        "cilengitide", "integrin_antagonist", "mRNA", False,
    )  # fmt: skip
    assert set(made.genes[np.argsort(-made.coef)[:5]]) == set(acting)
    assert (
        run("agents", "attach", small / "out" / "model", "--transfer", record, "--out", tmp_path / "new").exit_code == 0
    )
    files = (small / "expression.tsv", "--clinical", small / "clinical.tsv", "--out", tmp_path / "told", "--no-report")
    assert run("predict", tmp_path / "new", *files).exit_code == 0
    agents = pd.read_csv(tmp_path / "told" / "agents.tsv", sep="\t", keep_default_na=False)
    own = agents[(agents["tier"] == "T2 transferred_sensitivity") & (agents["agent"] == "cilengitide")]
    assert set(own["call"]) == {"scored"}
    expression = pd.read_csv(small / "expression.tsv", sep="\t", index_col=0).T
    told = made.apply(expression.to_numpy(np.float32), list(expression.columns)).value
    np.testing.assert_allclose(own["value"].astype(float), told, atol=1e-6)


def test_without_a_signal_the_record_is_withheld_and_says_why(tmp_path):
    write_screen(tmp_path, signal=0.0)
    found = learn("cilengitide", tmp_path, "--out", tmp_path / "t2.npz")
    assert found.exit_code == 0
    made = TransferModel.load(tmp_path / "t2.npz")
    assert made.withheld
    assert "no better than lineage alone" in made.reason
    assert "withheld: no better than lineage alone" in found.output


def test_the_same_screen_and_seed_give_the_same_record_and_nothing_is_overwritten(screen, tmp_path):
    folder, *_ = screen
    files = [folder / name for name in ("fitted.csv", "Model.csv", "expression.csv")]  # in any order
    learn("cilengitide", *files, "--out", tmp_path / "a.npz")
    learn("EMD 121974", folder, "--out", tmp_path / "b.npz")
    content = (tmp_path / "a.npz").read_bytes()
    assert content == (tmp_path / "b.npz").read_bytes()
    with pytest.raises(OutputError, match=r"a\.npz exists; give another file or --force"):
        learn("cilengitide", folder, "--out", tmp_path / "a.npz")
    found = learn("cilengitide", folder, "--out", tmp_path / "a.npz", "--force", "--panel", "all")
    assert found.exit_code == 0
    assert (tmp_path / "a.npz").read_bytes() != content


def test_proteins_need_quantiles_of_tumours_and_a_stated_correlation_with_mrna(screen, small, tmp_path):
    folder, values, _ = screen
    proteins = tmp_path / "proteins"
    proteins.mkdir()
    noise = np.random.default_rng(1).normal(size=values.shape)
    table = (values + 0.3 * noise).rename_axis("depmapID").reset_index()
    table.insert(1, "cellLine", "")
    table.to_csv(proteins / "rppa.csv", index=False)
    files = (proteins / "rppa.csv", folder / "fitted.csv", folder / "Model.csv")
    found = learn("cilengitide", *files, "--out", tmp_path / "alone.npz")
    assert "refused on tumours: learned on protein" in found.output
    assert TransferModel.load(tmp_path / "alone.npz").alignment == "quantiles"
    beside = ("--tumours", small / "expression.tsv", "--mrna", folder / "expression.csv")
    found = learn("cilengitide", *files, "--out", tmp_path / "both.npz", *beside)
    made = TransferModel.load(tmp_path / "both.npz")
    assert (made.refusal, made.tumour_reference) == ("", small.name)
    assert made.correlation_source == "Spearman over the lines of DepMap and CCLE RPPA"
    assert np.median(made.correlation) > 0.9
    centred = pd.read_csv(small / "expression.tsv", sep="\t", index_col=0)
    centred = centred.sub(centred.mean(axis=1), axis=0).div(centred.std(axis=1), axis=0)
    centred.to_csv(tmp_path / "z.tsv", sep="\t")
    with pytest.raises(InputError, match=r"the values are z-score; new patients are held against .* in log2"):
        learn("cilengitide", *files, "--out", tmp_path / "ranks.npz", "--tumours", tmp_path / "z.tsv")
    with pytest.raises(ModelError, match="cannot be aligned to mRNA by ranks"):
        learn("cilengitide", *files, "--out", tmp_path / "ranks.npz", "--alignment", "ranks")
    assert not (tmp_path / "ranks.npz").exists()


def test_faults_are_told_and_write_nothing(screen, tmp_path):
    folder, *_ = screen
    out = ("--out", tmp_path / "t2.npz")
    for words, error, message in (
        (("cilengitid", folder), CatalogueError, "did you mean 'cilengitide'"),
        (("abituzumab", folder), InputError, r"GDSC \(1 labels\) has no abituzumab; give --drug ID"),
        (("abituzumab", folder, "--drug", "emd"), InputError, r"no label 'emd'; near it: GDSC2:1 \(EMD-121974\)"),
        (("cilengitide", folder / "Model.csv"), InputError, "no file tells what was measured in the lines"),
        (("cilengitide", folder / "none.csv"), InputError, "there is no such file"),
        (("cilengitide", folder, "--mrna", folder / "expression.csv"), InputError, "is mRNA itself; --mrna goes with"),
    ):
        with pytest.raises(error, match=message):
            learn(*words, *out)
    with pytest.raises(OutputError, match="there is no folder"):
        learn("cilengitide", folder, "--out", tmp_path / "none" / "t2.npz")
    (folder / "more.csv").write_text((folder / "fitted.csv").read_text())
    with pytest.raises(InputError, match=r"several files tell how the lines responded: fitted\.csv, more\.csv"):
        learn("cilengitide", folder, *out)
    assert not (tmp_path / "t2.npz").exists()


def test_a_drug_that_was_tested_twice_is_asked_for(screen, tmp_path):
    folder, *_ = screen
    table = pd.read_csv(folder / "fitted.csv")
    pd.concat([table, table.assign(DRUG_ID=2, LN_IC50=1 - table["LN_IC50"])]).to_csv(folder / "fitted.csv", index=False)
    with pytest.raises(InputError, match="tells cilengitide as GDSC2:1, GDSC2:2; say by --drug which"):
        learn("cilengitide", folder, "--out", tmp_path / "t2.npz")
    assert learn("cilengitide", folder, "--out", tmp_path / "t2.npz", "--drug", "GDSC2:2").exit_code == 0
    assert TransferModel.load(tmp_path / "t2.npz").drug == "EMD-121974 (GDSC2:2)"


def test_a_name_of_two_lines_leads_to_neither(screen, tmp_path, caplog):
    folder, _, _ = screen
    models = pd.read_csv(folder / "Model.csv")
    models.loc[1, "SangerModelID"] = models.loc[0, "SangerModelID"]
    models.to_csv(folder / "Model.csv", index=False)
    with caplog.at_level("WARNING"):
        found = learn("cilengitide", folder, "--out", tmp_path / "t2.npz")
    assert "126 lines of 8 lineages" in " ".join(found.output.split())
    assert "left out, as several lines go by the name: SIDM00000" in caplog.text


def test_tumours_without_the_genes_of_the_model_are_refused_when_it_is_learned(screen, small, tmp_path):
    folder, _, _ = screen
    few = pd.read_csv(small / "expression.tsv", sep="\t", index_col=0)
    few = few if "ITGAV" in few.index else few.T
    few.loc[["ITGAV", "ITGB3"]].rename_axis("gene").to_csv(tmp_path / "few.tsv", sep="\t")
    out = tmp_path / "t2.npz"
    found = learn("cilengitide", folder, "--out", out, "--alignment", "quantiles", "--tumours", tmp_path / "few.tsv")
    assert "refused on tumours: aligned by quantiles of tumours that hold" in " ".join(found.output.split())
    assert "of the model by weight" in TransferModel.load(out).refusal


def test_a_folder_is_no_file_to_write(screen, tmp_path):
    with pytest.raises(OutputError, match="is a folder; name the file"):
        learn("cilengitide", screen[0], "--out", tmp_path, "--force")
