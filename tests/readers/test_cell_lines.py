"""Screens of cell lines: layouts as published, written here by hand, and the real files where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from itgstrat.errors import InputError
from itgstrat.readers import cell_lines

FOLDER = os.environ.get("ITGSTRAT_DATA")
real = pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public screens are not at hand")


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- DepMap ------------------------------------------------------------------------------------------------------


def test_depmap_expression_of_the_first_layout(tmp_path):
    path = write(
        tmp_path,
        "OmicsExpressionProteinCodingGenesTPMLogp1.csv",
        ",TSPAN6 (7105),ITGB6 (3694),NOSUCHGENE (999999999)\nACH-000001,1.5,0,2\nACH-000002,,4.25,2\n",
    )
    found = cell_lines.read_depmap_expression(path)
    assert list(found.values.columns) == ["TSPAN6", "ITGB6"]
    assert list(found.values.index) == ["ACH-000001", "ACH-000002"]
    np.testing.assert_array_equal(found.values.to_numpy(), [[1.5, 0], [np.nan, 4.25]])
    assert (found.measures, found.unit) == ("mRNA", "log2(TPM + 1)")


def test_depmap_expression_of_the_later_layout_keeps_the_default_row_of_a_line(tmp_path):
    path = write(
        tmp_path,
        "OmicsExpressionTPMLogp1HumanProteinCodingGenes.csv",
        ",SequencingID,ModelConditionID,ModelID,IsDefaultEntryForMC,IsDefaultEntryForModel,ITGB6 (3694)\n"
        "0,CDS-1,MC-1,ACH-000001,Yes,No,1\n1,CDS-2,MC-2,ACH-000001,Yes,Yes,3\n2,CDS-3,MC-3,ACH-000002,Yes,Yes,5\n",
    )
    found = cell_lines.read_depmap_expression(path).values
    assert found["ITGB6"].to_dict() == {"ACH-000001": 3.0, "ACH-000002": 5.0}


def test_depmap_gene_effect_is_turned_so_that_higher_depends_more(tmp_path):
    path = write(tmp_path, "CRISPRGeneEffect.csv", "ModelID,ITGAV (3685),PTK2 (5747)\nACH-1,-1.2,0.1\nACH-2,0.2,-0.5\n")
    found = cell_lines.read_depmap_gene_effect(path)
    np.testing.assert_allclose(found.values.to_numpy(), [[1.2, -0.1], [-0.2, 0.5]])
    assert found.ids("ptk2") == ("PTK2",)


def test_depmap_models(tmp_path):
    path = write(
        tmp_path,
        "Model.csv",
        'ModelID,CellLineName,OncotreeLineage,SangerModelID,CCLEName,Comments\nACH-1,"A, B",Lung,SIDM1,AB_LUNG,x\n'
        "ACH-2,C,Bowel,,,\n",
    )
    found = cell_lines.read_depmap_models(path)
    assert found.loc["ACH-1"].to_dict() == {
        "name": "A, B", "lineage": "Lung", "sanger": "SIDM1", "ccle": "AB_LUNG", "cosmic": "",
    }  # fmt: skip
    assert found.loc["ACH-2", "sanger"] == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ModelID,a,b\nACH-1,1,2\n", "columns such as TSPAN6"),
        (",TSPAN6 (7105)\nACH-1,1\nACH-1,2\n", "line names ACH-1"),
        (",TSPAN6 (7105)\nACH-1,high\n", "not the table that is expected"),
        (",TSPAN6 (7105)\nACH-1,\n", "no line has a number"),
        (",TSPAN6 (7105),TSPAN6 (7105)\nACH-1,1,2\n", "columns occur twice"),
    ],
)
def test_what_is_no_depmap_matrix_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        cell_lines.read_depmap_expression(write(tmp_path, "x.csv", text))


# --- GDSC and PRISM ----------------------------------------------------------------------------------------------

GDSC = (
    "DATASET,NLME_RESULT_ID,NLME_CURVE_ID,COSMIC_ID,CELL_LINE_NAME,SANGER_MODEL_ID,TCGA_DESC,DRUG_ID,DRUG_NAME,"
    "PUTATIVE_TARGET,PATHWAY_NAME,COMPANY_ID,WEBRELEASE,MIN_CONC,MAX_CONC,LN_IC50,AUC,RMSE,Z_SCORE\n"
    'GDSC1,281,1,683667,PFSK-1,SIDM01132,MB,158,PF-562271,"FAK, FAK2",Cytoskeleton,1046,Y,0.1,10,2.0,0.9,0.02,0.4\n'
    'GDSC1,281,2,683667,PFSK-1,SIDM01132,MB,158,PF-562271,"FAK, FAK2",Cytoskeleton,1046,Y,0.1,10,4.0,0.9,0.02,0.4\n'
    "GDSC2,281,3,684052,A673,SIDM00848,UNCLASSIFIED,1079,Dasatinib,ABL,RTK,1046,Y,0.1,10,-3.0,0.9,0.02,0.4\n"
)


def test_gdsc_fitted_responses_become_one_row_a_line(tmp_path):
    found = cell_lines.read_gdsc_fitted(write(tmp_path, "GDSC1_fitted_dose_response_27Oct23.csv", GDSC))
    assert found.values.loc["SIDM01132", "GDSC1:158"] == -3.0  # the mean of both tests, turned
    assert found.values.loc["SIDM00848", "GDSC2:1079"] == 3.0
    assert np.isnan(found.values.loc["SIDM00848", "GDSC1:158"])
    assert found.ids("pf 562271") == ("GDSC1:158",)


def test_gdsc_fitted_responses_need_their_columns(tmp_path):
    with pytest.raises(InputError, match="LN_IC50 must be there"):
        cell_lines.read_gdsc_fitted(write(tmp_path, "x.csv", GDSC.replace("LN_IC50", "IC50")))


def test_prism_secondary_leaves_out_lines_that_failed_profiling(tmp_path):
    path = write(
        tmp_path,
        "secondary-screen-dose-response-curve-parameters.csv",
        "broad_id,depmap_id,ccle_name,screen_id,upper_limit,lower_limit,slope,r2,auc,ec50,ic50,name,moa,target,"
        "disease.area,indication,smiles,phase,passed_str_profiling,row_name\n"
        'BRD-K1,ACH-1,A_LUNG,HTS002,1,0,1,0.9,0.75,1,1,defactinib,"FAK inhibitor, x",PTK2,,,C,Phase 2,TRUE,r1\n'
        "BRD-K1,ACH-2,B_LUNG,HTS002,1,0,1,0.9,0.25,1,,defactinib,FAK inhibitor,PTK2,,,C,Phase 2,FALSE,r2\n"
        "BRD-K1,,,HTS002,1,0,1,0.9,0.25,1,,defactinib,FAK inhibitor,PTK2,,,C,Phase 2,TRUE,r3\n",
    )
    found = cell_lines.read_prism_secondary(path)
    assert found.values.to_dict() == {"HTS002:BRD-K1": {"ACH-1": 0.25}}
    assert found.ids("Defactinib") == ("HTS002:BRD-K1",)


def test_prism_primary_takes_names_from_the_treatments(tmp_path):
    matrix = write(tmp_path, "primary.csv", ",BRD-K1::2.5::HTS,BRD-K2::2.5::HTS\nACH-1,-2,0.5\nACH-2_FAILED_STR,1,1\n")
    info = write(
        tmp_path,
        "info.csv",
        "column_name,broad_id,name,dose,screen_id,moa,target,disease.area,indication,smiles,phase\n"
        "BRD-K1::2.5::HTS,BRD-K1,cilengitide,2.5,HTS,integrin antagonist,ITGAV,,,C,Phase 3\n",
    )
    found = cell_lines.read_prism_primary(matrix, info)
    assert found.values.to_dict() == {"BRD-K1::2.5::HTS": {"ACH-1": 2.0}}
    assert found.ids("cilengitide") == ("BRD-K1::2.5::HTS",)
    with pytest.raises(InputError, match="both files of the same release"):
        cell_lines.read_prism_primary(write(tmp_path, "other.csv", ",x\nACH-1,1\n"), info)


# --- names -------------------------------------------------------------------------------------------------------


def test_lines_are_renamed_and_never_merged_unseen(tmp_path):
    path = write(tmp_path, "CRISPRGeneEffect.csv", "ModelID,PTK2 (5747)\nACH-1,-1\nACH-2,-2\n")
    found = cell_lines.read_depmap_gene_effect(path)
    assert found.renamed({"ACH-1": "SIDM1"}).values["PTK2"].to_dict() == {"SIDM1": 1.0}
    with pytest.raises(InputError, match="several lines become one"):
        found.renamed({"ACH-1": "SIDM1", "ACH-2": "SIDM1"})
    with pytest.raises(InputError, match="none of its lines"):
        found.renamed({"ACH-3": "SIDM1"})


def test_antibodies_of_one_gene_are_averaged_and_lines_spelled_one_way(tmp_path):
    path = write(
        tmp_path,
        "flow.tsv",
        "receptor_esc\tGene\tChr\tStrand\tStart\tEnd\tLC:A549/ATCC\tLE:HL-60(TB)\tME:MDA-N\n"
        "CD61a\tITGB3\tX\t+\t1\t2\t1\t4\tNA\nCD61b\tITGB3\t17\t+\t1\t2\t3\t6\tNA\nCD51\tITGAV\t2\t+\t1\t2\t7\t8\tNA\n",
    )
    found = cell_lines.read_nci60_flow(path).values
    assert found.to_dict() == {"ITGB3": {"LC:A549": 2.0, "LE:HL60": 5.0}, "ITGAV": {"LC:A549": 7.0, "LE:HL60": 8.0}}


def test_a_table_without_lines_of_the_panel_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column is an NCI-60 line"):
        cell_lines.read_nci60_activity(write(tmp_path, "x.tsv", "nsc\tname\tA549\n1\tx\t2\n"))


# --- real files --------------------------------------------------------------------------------------------------


@pytest.fixture
def root():
    return Path(FOLDER) / "cell-lines"


@real
@pytest.mark.data
def test_nci60_as_it_lies(root):
    folder = root / "nci60"
    activity = cell_lines.read_nci60_activity(folder / "drug_activity_z_1075.tsv.gz")
    assert activity.values.shape == (60, 1075)
    (cilengitide,) = activity.ids("cilengitide")
    assert (cilengitide, int(activity.values[cilengitide].notna().sum())) == ("774651", 58)
    assert activity.ids("Defactinib") == ("778364", "782549")
    lineage = cell_lines.read_nci60_lineages(folder / "cell_lines.tsv")
    assert lineage.nunique() == 9
    for read, name, shape in (
        (cell_lines.read_nci60_flow, "surface_protein_flow_log2.tsv", (59, 312)),
        (cell_lines.read_nci60_swath, "swath_protein.parquet", (59, 3162)),
        (cell_lines.read_nci60_rppa, "rppa_lysate_log2.tsv", (60, 94)),
    ):
        found = read(folder / name)
        assert found.values.shape == shape
        assert set(found.values.index) <= set(activity.values.index) & set(lineage.index)
    flow = cell_lines.read_nci60_flow(folder / "surface_protein_flow_log2.tsv").values
    # a breast and a melanoma line: αvβ3 is known of the latter
    assert flow.loc["ME:MDAMB435", "ITGB3"] > flow.loc["BR:MCF7", "ITGB3"] + 2


@real
@pytest.mark.data
def test_gdsc_and_ccle_as_they_lie_share_lines(root):
    gdsc = cell_lines.read_gdsc_ic50(root / "gdsc" / "lnIC50_480drugs_484lines.tsv.gz")
    assert gdsc.values.shape == (484, 480)
    assert int(gdsc.values[gdsc.ids("PF-562271")[0]].notna().sum()) == 434
    assert gdsc.values.loc["SIDM00006", "GDSC1:133"] == pytest.approx(-0.57961)
    models = cell_lines.read_gdsc_models(root / "gdsc" / "model_list_cellmodelpassports.tsv.gz")
    rppa = cell_lines.read_ccle_rppa(root / "ccle" / "rppa_214_antibodies.parquet")
    assert rppa.genes["CD49b"] == "ITGA2"
    assert "Src_pY527" not in rppa.genes
    joined = rppa.renamed({broad: line for line, broad in models["depmap"].items() if broad})
    assert len(set(joined.values.index) & set(gdsc.values.index)) == 370
    first = cell_lines.read_ccle_ic50(root / "ccle" / "ic50_24drugs_504lines.tsv")
    assert first.values.shape == (504, 24)


@real
@pytest.mark.data
def test_project_score_summary_as_it_lies(root):
    path = root / "crispr-project-score" / "vulnerable_lines_percent_by_tissue.tsv.gz"
    found = cell_lines.read_dependency_by_tissue(path)
    assert found.loc["ITGAV", "all"] == pytest.approx(34.8, abs=0.05)
    assert found.shape == (7470, 14)


# --- a whole screen ----------------------------------------------------------------------------------------------

MODELS = "ModelID,CellLineName,OncotreeLineage,SangerModelID\nACH-1,A,Lung,SIDM1\nACH-2,B,Bowel,SIDM2\nACH-3,C,Lung,\n"
FITTED = (
    "DATASET,SANGER_MODEL_ID,DRUG_ID,DRUG_NAME,LN_IC50\nGDSC2,SIDM2,7,X,1.5\nGDSC2,SIDM1,7,X,-2\nGDSC2,SIDM9,7,X,0\n"
)
MATRIX = "ModelID,ITGAV (3685),PTK2 (5747)\nACH-1,1.2,0.1\nACH-2,0.2,0.5\n"


def test_a_screen_is_told_by_columns_and_its_lines_go_by_one_name(tmp_path):
    write(tmp_path, "1.csv", MODELS)
    write(tmp_path, "2.csv", FITTED)
    write(tmp_path, "3.csv", MATRIX)
    write(tmp_path, "notes.txt", "What this is\n")
    write(tmp_path, "empty.csv", "")
    found = cell_lines.read_screen([tmp_path])
    assert found.profiles.name == "DepMap"
    assert found.responses.values["GDSC2:7"].to_dict() == {"ACH-1": 2.0, "ACH-2": -1.5}
    assert found.lineage.to_dict() == {"ACH-1": "Lung", "ACH-2": "Bowel", "ACH-3": "Lung"}
    assert found.mrna is None
    by_files = cell_lines.read_screen([tmp_path / "3.csv", tmp_path / "1.csv", tmp_path / "2.csv"])
    assert by_files.responses.values.equals(found.responses.values)


def test_expression_and_gene_effect_of_depmap_differ_by_the_sign(tmp_path):
    write(tmp_path, "models.csv", MODELS)
    write(tmp_path, "a.csv", MATRIX.replace("0.1", "-0.1"))
    write(tmp_path, "b.csv", MATRIX)
    found = cell_lines.read_screen([tmp_path], mrna=tmp_path / "b.csv")
    assert found.responses.unit == "-gene effect (Chronos)"
    assert found.responses.values.loc["ACH-1"].to_dict() == {"ITGAV": -1.2, "PTK2": 0.1}
    assert found.profiles.values.equals(found.mrna.values)


def test_a_part_that_is_missing_there_twice_or_of_other_lines_is_told(tmp_path):
    models, fitted = write(tmp_path, "models.csv", MODELS), write(tmp_path, "fitted.csv", FITTED)
    with pytest.raises(InputError, match=r"no file tells what was measured in the lines among .*models\.csv"):
        cell_lines.read_screen([models, fitted])
    matrix, other = write(tmp_path, "m.csv", MATRIX), write(tmp_path, "n.csv", MATRIX.replace("ACH", "OTHER"))
    with pytest.raises(InputError, match=r"several files tell what was measured in the lines: m\.csv, n\.csv; name"):
        cell_lines.read_screen([tmp_path])
    with pytest.raises(InputError, match=r"none of its lines \(OTHER-1, OTHER-2\) is among those with a lineage"):
        cell_lines.read_screen([models, fitted, other])
    strange = write(tmp_path, "strange.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"strange\.csv: no file of a cell-line screen that is known .* are a, b"):
        cell_lines.read_screen([models, fitted, matrix, strange])


@real
@pytest.mark.parametrize(
    ("files", "name", "drug", "n_shared"),
    [
        (("surface_protein_flow_log2.tsv", "drug_activity_z_1075.tsv.gz", "cell_lines.tsv"), "NCI-60 surface flow",
         "774651", 58),
        (("swath_protein.parquet", "drug_activity_z_1075.tsv.gz", "cell_lines.tsv"), "NCI-60 SWATH", "774651", 58),
        (("rppa_lysate_log2.tsv", "drug_activity_z_1075.tsv.gz", "cell_lines.tsv"), "NCI-60 RPPA", "774651", 58),
        (("../ccle/rppa_214_antibodies.parquet", "../gdsc/lnIC50_480drugs_484lines.tsv.gz",
          "../gdsc/model_list_cellmodelpassports.tsv.gz"), "CCLE RPPA", "GDSC2:1079", 314),
        (("../ccle/rppa_214_antibodies.parquet", "../ccle/ic50_24drugs_504lines.tsv",
          "../gdsc/model_list_cellmodelpassports.tsv.gz"), "CCLE RPPA", "AZD0530", 436),
    ],
)  # fmt: skip
def test_the_public_screens_are_told_by_their_columns(files, name, drug, n_shared):
    found = cell_lines.read_screen([Path(FOLDER) / "cell-lines" / "nci60" / file for file in files])
    assert found.profiles.name == name
    tested = found.responses.values[drug].dropna().index.intersection(found.profiles.values.index)
    assert len(tested.intersection(found.lineage[found.lineage != ""].index)) == n_shared
