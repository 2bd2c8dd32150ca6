import json

from itgstrat.config import RunConfig

from .builders import call, write_run


def test_a_configuration_without_fault(small):
    called = call("check", small / "run.yaml")
    assert called.code == 0
    assert "no fault (cohorts: ours)" in called.out
    assert "note" not in called.out


def test_every_fault_is_told_without_reading_data(tmp_path):
    config = write_run(tmp_path, seed=-1, colour="red", features={"signatures": ["heterodimer"]})
    (tmp_path / "expression.tsv").unlink()
    called = call("check", config)
    assert (called.code, called.out) == (1, "")
    assert "3 faults" in called.err
    for path in ("seed", "colour", "features.signatures"):
        assert f"\n  - {path}: " in called.err


def test_files_that_are_not_there_are_noted(tmp_path):
    config = write_run(tmp_path)
    (tmp_path / "expression.tsv").unlink()
    (tmp_path / "clinical.tsv").unlink()
    called = call("check", config)
    assert called.code == 0
    assert f"note: {tmp_path}/expression.tsv is not there yet" in called.out
    assert f"note: {tmp_path}/clinical.tsv is not there yet" in called.out


def test_settings_can_be_tried(small):
    called = call("check", small / "run.yaml", "--set", "model.l1_ratio=3", "--set", "seed=x")
    assert called.code == 1
    assert "model.l1_ratio: " in called.err
    assert "seed: " in called.err


def test_the_schema_is_that_of_the_configuration():
    called = call("schema")
    assert called.code == 0
    schema = json.loads(called.out)
    assert schema.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
    assert schema == RunConfig.model_json_schema()


def test_the_panel_is_told_with_its_size(small):
    assert "\n  heterodimers: 24 signatures, 26 genes\n" in call("check", small / "run.yaml").out


def test_alterations_that_are_not_there_are_noted(tmp_path):
    called = call("check", write_run(tmp_path), "--set", "cohorts.0.alterations=[m.maf]")
    assert f"note: {tmp_path}/m.maf is not there yet" in called.out
