from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from itgstrat.cli.columns import choose_columns
from itgstrat.errors import InputError
from itgstrat.learned import ModelBundle
from itgstrat.readers import ColumnRule
from tests.simulate import make_bundle, simulate_cohort

from .builders import call, write_table

GRADE = {"column": "tumor_grade", "values": {"low": 1, "high": 3, "x": None}}
SAME = {"column": "er", "values": {"pos": 1.0, "neg": 0.0}}
AGE = "age_at_diagnosis"


@pytest.fixture(scope="module")
def bundle():
    made = make_bundle(simulate_cohort(60, 80, seed=3).cohort)
    config = {
        "cohorts": [
            {"name": "ours", "columns": {"age": AGE, "grade": GRADE, "er": SAME, "other": "not asked for"}},
            {"name": "plain", "columns": {}},
        ],
        "validation": {"external": [{"name": "theirs", "columns": {"age": "AGE"}}]},
    }
    agents = SimpleNamespace(tumour_type="type")
    return replace(made, info={**made.info, "covariates": ["age", "grade", "er"], "config": config}, agents=agents)


def choose(bundle, capsys, like=None, **columns):
    """Columns chosen for a clinical table, and what was said."""
    chosen = choose_columns(bundle, pd.DataFrame(columns), like)
    return chosen, [line.removeprefix("note: clinical file: ") for line in capsys.readouterr().err.splitlines()]


def test_columns_with_the_names_and_codes_of_the_model_are_taken_without_a_word(bundle, capsys):
    chosen, said = choose(bundle, capsys, age=[50], grade=[1], er=[0], noise=["a"], type=["brca"])
    assert chosen == {name: ColumnRule(name) for name in ("age", "grade", "er", "type")}
    assert said == []


def test_a_column_under_trainings_own_name_is_pointed_out(bundle, capsys):
    chosen, said = choose(bundle, capsys, age_at_diagnosis=[50], tumor_grade=["low"], er=[1])
    assert chosen == {"er": ColumnRule("er")}
    assert said == [
        "no column 'age', so it counts as missing, but there is 'age_at_diagnosis', which the model "
        "read as 'age' in ours: --columns-like ours reads it so; or rename the column",
        "no column 'grade', so it counts as missing, but there is 'tumor_grade', which the model read "
        "as 'grade' in ours: --columns-like ours reads it so; or rename the column and recode it (low -> 1, high -> 3, "
        "x -> missing)",
    ]


def test_a_covariate_without_any_column_is_told_and_a_tumour_type_is_not(bundle, capsys):
    _, said = choose(bundle, capsys, age=[50], er=[1])
    assert said == ["no column 'grade', which the model asks for; it counts as missing"]


def test_codes_that_training_recodes_are_pointed_out(bundle, capsys):
    _, said = choose(bundle, capsys, age=[50, 51], grade=[1, 3], er=["pos", "1"])
    assert said == [
        "the column 'er' is taken as it stands, but holds pos, which the model recoded in ours "
        "(pos -> 1, neg -> 0): --columns-like ours does so; or recode it"
    ]


def test_a_table_like_a_training_cohorts_is_read_as_training_read_it(bundle, capsys):
    table = {AGE: [50], "tumor_grade": ["low"], "er": ["pos"], "type": ["brca"]}
    chosen, said = choose(bundle, capsys, "ours", **table)
    assert chosen == {
        "age": ColumnRule(AGE),
        "grade": ColumnRule("tumor_grade", GRADE["values"]),
        "er": ColumnRule("er", SAME["values"]),
        "type": ColumnRule("type"),
    }
    assert said == []
    chosen, said = choose(bundle, capsys, "ours", age=[50], tumor_grade=["low"])
    assert chosen == {"age": ColumnRule("age"), "grade": ColumnRule("tumor_grade", GRADE["values"])}
    assert said == ["no column 'er', which the model asks for; it counts as missing"]
    assert choose(bundle, capsys, "theirs", AGE=[50])[0] == {"age": ColumnRule("AGE")}


def test_a_clinical_table_that_comes_with_the_expression_follows_the_rules_or_stands_as_it_is(bundle):
    assert choose_columns(bundle, None) is None
    assert set(choose_columns(bundle, None, "ours")) == {"age", "grade", "er"}


@pytest.mark.parametrize("like", ["nobody", "plain"])
def test_a_cohort_whose_columns_the_model_does_not_know(bundle, like):
    with pytest.raises(InputError, match=f"--columns-like {like}: the model knows the columns of ours, theirs"):
        choose_columns(bundle, pd.DataFrame({"age": [1]}), like)
    bare = replace(bundle, info={key: value for key, value in bundle.info.items() if key != "config"})
    with pytest.raises(InputError, match="the model knows the columns of no cohort"):
        choose_columns(bare, None, like)


@pytest.fixture
def under_trainings_name(small, tmp_path):
    """A model whose training cohort had its age from another column, and a clinical file with that one."""
    bundle = ModelBundle.load(small / "out" / "model")
    config = {**bundle.info["config"]}
    config["cohorts"] = [{**config["cohorts"][0], "columns": {"age": AGE}}]
    model = replace(bundle, info={**bundle.info, "config": config}).save(tmp_path / "model")
    clinical = pd.read_csv(small / "clinical.tsv", sep="\t").rename(columns={"age": AGE})
    return model or tmp_path / "model", write_table(tmp_path / "clinical.tsv", clinical)


def test_predict_points_to_trainings_column_and_reads_it_when_asked(small, under_trainings_name, tmp_path):
    model, clinical = under_trainings_name
    words = ("predict", model, small / "expression.tsv", "--no-report", "--clinical", clinical)
    called = call(*words, "--out", tmp_path / "without")
    assert called.code == 0, called.err
    assert "but there is 'age_at_diagnosis', which the model read as 'age' in ours: --columns-like ours" in called.err
    called = call(*words, "--columns-like", "ours", "--out", tmp_path / "with")
    assert called.code == 0, called.err
    assert "age_at_diagnosis" not in called.err
    call(*words[:-1], small / "clinical.tsv", "--out", tmp_path / "named")
    tables = {name: pd.read_csv(tmp_path / name / "predictions.tsv", sep="\t") for name in ("without", "with", "named")}
    pd.testing.assert_frame_equal(tables["with"], tables["named"])
    assert (tables["without"]["imputed"] == "age").all()
    assert tables["with"]["imputed"].isna().all()
    called = call(*words, "--columns-like", "nobody", "--out", tmp_path / "unknown")
    assert called.code == 1
    assert "--columns-like nobody: the model knows the columns of ours" in called.err
