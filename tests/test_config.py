import inspect
import json
import os
import re
import runpy
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import ValidationError

from itgstrat.config import CohortConfig, RunConfig, apply_overrides, build_config, load_config, parse_yaml
from itgstrat.config.cohorts import Layout
from itgstrat.config.features import Score
from itgstrat.errors import ConfigError, InputError
from itgstrat.scoring import SCORES

CONFIGS = Path(__file__).parents[1] / "configs"
SMALLEST = """
name: small
cohorts:
  - name: ours
    source: expression.tsv
    clinical: clinical.tsv
    columns: {age: age_at_diagnosis}
endpoint: {event: OS, time: OS.time}
"""


def smallest(**changes):
    return parse_yaml(SMALLEST, "run.yaml") | changes


def write(folder, text=SMALLEST, name="run.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(content):
    with pytest.raises(ConfigError) as caught:
        build_config(content, "run.yaml")
    return caught.value.faults


def test_the_smallest_configuration_has_sensible_defaults():
    config = build_config(smallest())
    assert config.features.signatures == ("heterodimers",)
    assert config.evaluation.random_signatures == 100
    assert config.strata.labels == ("low", "intermediate", "high")
    assert config.strata.horizons_days == (3 * 365.25, 5 * 365.25)
    assert config.out_dir == Path("runs/small")
    assert build_config(smallest(out="there")).out_dir == Path("there")


def test_every_fault_is_told_at_once_by_its_path():
    content = smallest(
        seed=-1,
        model={"l1_ratio": 2, "kindd": "cox"},
        strata={"quantiles": [0.7, 0.3]},
        evaluation={"random_signatures": 5},
        features={"signatures": ["heterodimer"]},
    )
    del content["endpoint"]
    content["cohorts"][0]["unit"] = "furlong"
    with pytest.raises(ConfigError, match=r"run.yaml: 8 faults") as caught:
        build_config(content, "run.yaml")
    paths = {fault.split(": ")[0] for fault in caught.value.faults}
    assert paths == {
        *("seed", "model.l1_ratio", "model.kindd", "strata", "evaluation", "features.signatures", "endpoint"),
        "cohorts.0.unit",
    }
    assert str(caught.value).count("\n  - ") == 8


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"seed": -1}, "seed: Input should be greater than or equal to 0, found -1"),
        ({"seed": 2**32}, "seed: Input should be less than 4294967296"),
        ({"colour": "red"}, r"colour: this key is not known here \(see `itgstrat schema`\)"),
        ({"name": "../up"}, "name: String should match pattern"),
        ({"cohorts": []}, "cohorts: Tuple should have at least 1 item"),
        ({"model": None}, "model: needs a section of `key: value` lines, found None"),
        ({"compute": {"n_jobs": 0}}, "config: compute.n_jobs is 0; give 1 or more workers"),
        ({"strata": {"labels": ["low", "high"]}}, "strata: 2 quantiles make 3 strata; there are 2 labels"),
        ({"strata": {"quantiles": [0.6, 0.4]}}, "strata: quantiles must rise"),
        ({"strata": {"quantiles": [0.5, 1]}}, r"strata.quantiles.1: Input should be less than 1, found 1"),
        ({"evaluation": {"random_signatures": 99}}, "evaluation: random_signatures is 99; .* needs at least 100"),
        ({"features": {"signatures": []}}, "features.signatures: Tuple should have at least 1 item"),
        ({"features": {"covariates": ["grade"]}}, "config: covariate 'grade' is in no training cohort's `columns`"),
    ],
)
def test_a_fault_says_what_was_found_and_what_is_needed(change, fault):
    with pytest.raises(ConfigError, match=rf"run.yaml: 1 fault\n  - {fault}"):
        build_config(smallest(**change), "run.yaml")


def test_a_signature_that_is_not_known_gets_the_nearest_name():
    (fault,) = faults_of(smallest(features={"signatures": ["heterodimer"]}))
    assert fault.startswith("features.signatures: ")
    assert "heterodimers" in fault


def test_a_column_is_a_name_or_a_recoding():
    columns = {"age": "years", "er": {"column": "er_status", "values": {0: 0, "pos": 1, "?": None}}}
    config = build_config(smallest(cohorts=[{"name": "a", "source": "x", "columns": columns}]))
    assert config.cohorts[0].columns["age"] == "years"
    assert config.cohorts[0].columns["er"].values == {"0": 0, "pos": 1, "?": None}
    columns["er"]["colum"] = columns["er"].pop("column")
    faults = faults_of(smallest(cohorts=[{"name": "a", "source": "x", "columns": columns}]))
    assert faults[0] == "cohorts.0.columns.er.ColumnConfig.column: is needed and missing"
    assert faults[1].startswith("cohorts.0.columns.er.ColumnConfig.colum: this key is not known")
    assert len(faults) == 2


def test_a_cohort_stands_once():
    twice = {"external": [{"name": "ours", "source": "expression.tsv"}]}
    (fault,) = faults_of(smallest(validation=twice))
    assert "cohort name 'ours' is used more than once" in fault
    assert "the same source stands for two cohorts" in fault


def test_the_nulls_are_left_out_on_purpose_only():
    config = build_config(smallest(evaluation={"random_signatures": 0, "without_random": True}))
    assert config.evaluation.random_signatures == 0


def test_horizons_are_days_that_rise_each_once():
    strata = {"horizons": [24, 6, 24], "unit": "months"}
    assert build_config(smallest(strata=strata)).strata.horizons_days == (182.625, 730.5)


def test_a_configuration_is_frozen():
    config = build_config(smallest())
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 2
    with pytest.raises(ValidationError, match="frozen"):
        config.model.l1_ratio = 0.1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: [a", "not valid YAML: .*line 1"),
        ("- a\n- b", "needs a mapping .* found list"),
        ("", "needs a mapping .* found NoneType"),
        ("name: a\nseed: 1\nname: b", "not valid YAML: the key 'name' is written twice .*line 3"),
        ("model:\n  l1_ratio: 1\n  l1_ratio: 0.5", "the key 'l1_ratio' is written twice"),
        ("name: !!python/object/apply:os.system [true]", "not valid YAML: could not determine a constructor"),
    ],
)
def test_text_that_is_no_configuration(text, fault):
    with pytest.raises(ConfigError, match=f"(?s)run.yaml: 1 fault.*{fault}"):
        parse_yaml(text, "run.yaml")


def test_anchors_and_merge_keys_are_yaml():
    text = "base: &base {event: OS, time: t}\nendpoint: {<<: *base, time: other}"
    assert parse_yaml(text, "run.yaml")["endpoint"] == {"event": "OS", "time": "other"}


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"none.yaml: cannot read the configuration"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(InputError, match=r"binary.yaml: cannot read the configuration .* give a YAML file"):
        load_config(tmp_path / "binary.yaml")


def test_settings_of_the_command_line_win(tmp_path):
    overrides = ["model.l1_ratio=0.1", "cohorts.0.name=theirs", "strata.horizons=[1, 2]", "name=x", "seed = 7"]
    config = load_config(write(tmp_path), overrides)
    assert config.model.l1_ratio == 0.1
    assert config.cohorts[0].name == "theirs"
    assert config.strata.horizons == (1, 2)
    assert (config.name, config.seed) == ("x", 7)


def test_overrides_leave_the_content_alone_and_fill_empty_sections():
    content = {"model": None, "cohorts": [{"name": "a"}]}
    changed = apply_overrides(content, ["model.l1_ratio=1", "cohorts.0.name=b", "out="], "run.yaml")
    assert changed == {"model": {"l1_ratio": 1}, "cohorts": [{"name": "b"}], "out": None}
    assert content == {"model": None, "cohorts": [{"name": "a"}]}


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("seed", "--set seed: needs the form path=value"),
        ("cohorts.7.name=x", "--set cohorts.7.name=x: cohorts has the items 0 to 0, not '7'"),
        ("cohorts.first.name=x", "cohorts has the items 0 to 0, not 'first'"),
        ("cohorts.-1=x", "cohorts has the items 0 to 0, not '-1'"),
        ("name.x=1", "name is 'small', not a section"),
        ("name.x.y=1", "name is 'small', not a section"),
        ("seed={", "--set seed={: while parsing a flow"),
        ("modell.kind=x", "modell: this key is not known here"),
        ("=x", ": this key is not known here"),
    ],
)
def test_settings_that_lead_nowhere(tmp_path, override, fault):
    with pytest.raises(ConfigError, match="1 fault") as caught:
        load_config(write(tmp_path), [override])
    assert fault in str(caught.value)


def test_all_settings_that_lead_nowhere_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError, match="2 faults"):
        load_config(write(tmp_path), ["seed", "name.x=1", "seed=3"])


def test_environment_variables_are_filled_in(tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_DATA", "/data")
    text = SMALLEST.replace("source: expression", "source: $OUR_DATA/expression")
    assert load_config(write(tmp_path, text)).cohorts[0].source == "/data/expression.tsv"
    monkeypatch.delenv("OUR_DATA")
    with pytest.raises(
        ConfigError, match=r"cohorts.0.source: '.OUR_DATA/expression.tsv' names an environment variable"
    ):
        load_config(write(tmp_path, text))


def test_paths_are_taken_from_the_folder_of_the_configuration(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "configs").mkdir()
    text = SMALLEST + "validation: {external: [{name: b, source: 'survset:gse1992', clinical: ../c.tsv}]}\n"
    write(tmp_path / "configs", text)
    monkeypatch.chdir(tmp_path / "elsewhere")
    config = load_config("../configs/run.yaml")
    folder = tmp_path / "configs"
    assert config.cohorts[0].source == str(folder / "expression.tsv")
    assert config.cohorts[0].clinical == str(folder / "clinical.tsv")
    (external,) = config.validation.external
    assert external.source == "survset:gse1992"
    assert external.clinical == str(folder / "../c.tsv")
    home = build_config(smallest(cohorts=[{"name": "a", "source": "~/x.tsv"}])).cohorts[0].source
    assert home == os.path.expanduser("~/x.tsv")  # noqa: PTH111 - what it is compared with


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_configurations_that_we_ship_have_no_fault(path, monkeypatch):
    monkeypatch.setenv("ITGSTRAT_DATA", "/nowhere")
    config = load_config(path)
    assert config.evaluation.random_signatures >= 100
    assert build_config(config.model_dump(mode="json")) == config


def test_the_packaged_demo_is_the_one_in_configs():
    packaged = files("itgstrat") / "configs" / "demo.yaml"
    assert packaged.read_text(encoding="utf-8") == (CONFIGS / "demo.yaml").read_text(encoding="utf-8")


def schemas():
    schema = RunConfig.model_json_schema()
    return {"RunConfig": schema, **schema["$defs"]}


@pytest.mark.parametrize("section", schemas())
def test_the_schema_describes_every_field(section):
    described = schemas()
    for name, field in described[section].get("properties", {}).items():
        parts = [field, *field.get("allOf", [])]
        targets = [described[part["$ref"].rpartition("/")[2]] for part in parts if "$ref" in part]
        assert any(part.get("description") for part in parts + targets), name


def test_the_schema_is_plain_json_and_forbids_unknown_keys():
    assert json.loads(json.dumps(RunConfig.model_json_schema())) == RunConfig.model_json_schema()
    for name, schema in schemas().items():
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False, name


def cohort_with(**settings):
    return smallest(cohorts=[{"name": "a", "source": "x.tsv", "columns": {"age": "age"}, **settings}])


def test_a_cohort_says_how_its_files_are_to_be_read(tmp_path):
    settings = {
        "layout": "gdc",
        "orientation": "genes x patients",
        "duplicates": "fail",
        "samples": "metastatic",
        "measure": "fpkm_unstranded",
        "probe_map": "probes.tsv",
        "alterations": ["mutations.maf", "/else/cna.tsv"],
    }
    (cohort,) = build_config(cohort_with(**settings), "run.yaml", tmp_path).cohorts
    assert cohort.layout_options["measure"] == "fpkm_unstranded"
    assert cohort.layout_options["profile"] is None
    assert cohort.alterations == (f"{tmp_path}/mutations.maf", "/else/cna.tsv")
    assert cohort.files == (f"{tmp_path}/x.tsv", f"{tmp_path}/probes.tsv", *cohort.alterations)


@pytest.mark.parametrize("setting", ["orientation", "duplicates", "samples", "layout", "unit"])
def test_a_way_of_reading_that_is_not_known_is_a_fault(setting):
    (fault,) = faults_of(cohort_with(**{setting: "sideways"}))
    assert fault.startswith(f"cohorts.0.{setting}: Input should be ")


def test_a_file_named_by_a_variable_that_is_not_set_is_a_fault_wherever_it_stands(monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    content = cohort_with(alterations=["$NOWHERE/m.maf"], probe_map="$NOWHERE/p.tsv")
    faults = faults_of(content | {"features": {"catalogue": ["$NOWHERE/own.gmt"]}})
    assert [fault.split(": ")[0] for fault in faults] == [
        *("cohorts.0.probe_map", "cohorts.0.alterations.0", "features.catalogue.0"),
    ]


def test_the_choices_are_those_of_the_readers_and_the_scores():
    from itgstrat.readers.detect import LAYOUTS
    from itgstrat.readers.reading import read_cohort

    parameters = inspect.signature(read_cohort).parameters
    for name in ("unit", "orientation", "duplicates", "samples"):
        field = CohortConfig.model_fields[name]
        assert set(get_args(field.annotation)) == set(get_args(parameters[name].annotation)), name
        assert field.default == parameters[name].default
    holding = {layout.name: layout for layout in LAYOUTS if layout.glance is None and layout.name != "xena-other"}
    assert set(get_args(Layout)) == set(holding)
    (cohort,) = build_config(smallest()).cohorts
    assert set(cohort.layout_options) <= {option for layout in holding.values() for option in layout.options}
    assert get_args(Score) == tuple(SCORES)


@pytest.fixture
def own(tmp_path):
    """A folder with a catalogue as GMT."""
    (tmp_path / "own.gmt").write_text("MINE\tours\tITGB6\tHER2\nOTHER\tours\tCDH1\tITGAV\tVIM\n", encoding="utf-8")
    return tmp_path


def with_own(folder, **features):
    return build_config(smallest(features={"catalogue": ["own.gmt"], **features}), "run.yaml", folder).features


def test_an_own_catalogue_is_merged_with_the_packaged_one(own):
    features = with_own(own, signatures=["MINE", "itg_avb6"])
    assert features.catalogue == (str(own / "own.gmt"),)
    assert [one.id for one in features.select()] == ["MINE", "itg_avb6"]
    assert set(features.select()[0].genes) == {"ITGB6", "ERBB2"}
    (own / "own.gmt").unlink()
    assert [one.id for one in features.select()] == ["MINE", "itg_avb6"]  # an edit meanwhile changes no run


def test_an_own_catalogue_of_the_layout_of_the_facts(tmp_path):
    facts = {"format": 1, "groups": {"ours": {"description": "Two.", "members": ["itg_avb6", "itg_avb8"]}}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    content = smallest(features={"catalogue": ["own.yaml"], "signatures": ["ours"]})
    config = build_config(content, "run.yaml", tmp_path)
    assert [one.id for one in config.features.select()] == ["itg_avb6", "itg_avb8"]


def test_faults_of_an_own_catalogue_are_faults_of_the_configuration(own):
    (own / "clash.gmt").write_text("hallmark_emt\tours\tVIM\n", encoding="utf-8")
    for file, fault in (
        ("clash.gmt", "names that stand in both catalogues: signatures and groups: hallmark_emt"),
        ("none.gmt", "none.gmt: cannot be read"),
        ("own.txt", "a catalogue is a .yaml, .yml or .gmt file"),
    ):
        (own / "own.txt").write_text("", encoding="utf-8")
        content = smallest(features={"catalogue": [file], "signatures": ["nonsense"]})
        with pytest.raises(ConfigError, match="1 fault") as caught:
            build_config(content, "run.yaml", own)
        assert caught.value.faults[0].startswith("features.catalogue: ")
        assert fault in caught.value.faults[0]
        assert file in caught.value.faults[0]
    with pytest.raises(ConfigError, match=r"features.signatures: 1 unknown .*'MINES'; did you mean 'MINE'"):
        with_own(own, signatures=["MINES"])


def test_a_signature_can_be_scored_without_chosen_genes(own):
    entries = [
        {"signature": "hallmark_angiogenesis", "without": "integrins"},
        {"signature": "OTHER", "without": ["VIM"]},
        {"signature": "OTHER", "without": "itg_avb6"},
        "OTHER",
    ]
    features = with_own(own, signatures=entries)
    chosen = {one.id: set(one.genes) for one in features.select()}
    assert list(chosen) == [
        *("hallmark_angiogenesis_without_integrins", "OTHER_without_VIM", "OTHER_without_itg_avb6", "OTHER"),
    ]
    assert not any(gene.startswith("ITG") for gene in chosen["hallmark_angiogenesis_without_integrins"])
    assert chosen["OTHER_without_VIM"] == {"CDH1", "ITGAV"}
    assert chosen["OTHER_without_itg_avb6"] == {"CDH1", "VIM"}
    assert str(features.signatures[1]) == "OTHER without VIM"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"signature": "hallmark_emt", "without": ["TYPO1"]}, "hallmark_emt without TYPO1: nothing is left out"),
        ({"signature": "hallmark_emtt", "without": "integrins"}, "did you mean 'hallmark_emt'"),
        ({"signature": "hallmark_emt", "without": "integrin"}, "1 unknown signature name"),
        ({"signature": "itg_avb6", "without": "integrins"}, "itg_avb6 cannot be scored without ITGAV, ITGB6"),
        ({"signature": "hallmark_emt"}, "without: is needed and missing"),
        ({"signature": "hallmark_emt", "without": "integrins", "als": 1}, "als: this key is not known here"),
    ],
)
def test_genes_that_cannot_be_left_out(entry, fault):
    faults = faults_of(smallest(features={"signatures": [entry]}))
    assert any(fault in one for one in faults), faults
    assert all(one.startswith("features.signatures") for one in faults)


def test_the_panel_is_described_in_a_line(own):
    features = with_own(own, signatures=["MINE", "itg_avb6", "OTHER"])
    assert features.describe_panel() == "MINE, itg_avb6, OTHER: 3 signatures, 5 genes"
    for name in ("integrins", "integrins+receptors", "adhesion-signalling", "cascade", "resistance", "all"):
        assert re.fullmatch(
            rf"{re.escape(name)}: \d+ signatures, [\d,]+ genes",
            build_config(smallest(features={"signatures": [name]})).features.describe_panel(),
        )


def test_signatures_that_hold_integrins_are_warned_of_in_one_line(own):
    line = with_own(own, signatures=["MINE", "OTHER", "itg_avb6", "proliferation"]).describe_circularity()
    assert line.startswith(
        "signatures that hold integrin subunits without being about integrins: 2 of 5 (MINE, OTHER); "
    )
    assert "\n" not in line
    assert with_own(own, signatures=[{"signature": "MINE", "without": "integrins"}]).describe_circularity() == ""
    assert build_config(smallest()).features.describe_circularity() == ""


@pytest.mark.parametrize(
    ("features", "fault"),
    [
        ({"joint": ["sum"]}, "features.joint.0: Input should be 'lower', 'product' or 'parts'"),
        ({"joint": []}, "features.joint: Tuple should have at least 1 item"),
        ({"joint": ["lower", "lower"]}, "features.joint: lower, lower: each may be there once"),
        ({"adjust": {}}, "features.adjust: names nothing to adjust for"),
        ({"adjust": {"for": ["caf"]}}, "features.adjust: 1 unknown signature name"),
        ({"adjust": {"covariates": ["purity"]}}, "features.adjust: purity: not among features.covariates"),
        ({"adjust": {"for": ["hallmark_emt"]}, "signatures": ["proliferation"]}, "features.adjust: no heterodimer is"),
        ({"adjust": {"for": ["itg_avb6"]}, "signatures": ["itg_avb6"]}, "features.adjust: no heterodimer is"),
        ({"alterations": ["A_mut"], "not_assessed": "impute"}, "features.not_assessed: Input should be 'fail', "),
        ({"alterations": ["age"], "covariates": ["age"]}, "features.alterations: age: is a covariate, too"),
    ],
)
def test_faults_of_features(features, fault):
    (found,) = faults_of(smallest(features=features))
    assert found.startswith(fault)


def test_what_is_adjusted_for_becomes_a_feature():
    features = build_config(
        smallest(features={"adjust": {"for": ["caf_general"], "covariates": ["age"]}, "covariates": ["age"]})
    ).features
    assert features.adjusting() == ("caf_general", "age")
    assert [one.id for one in features.select()][-1] == "caf_general"
    assert features.describe_panel().endswith("(adjusted for caf_general, age)")


def test_a_configuration_of_everything_is_the_same_after_a_round_trip(own):
    features = {
        "catalogue": ["own.gmt"],
        "signatures": ["heterodimers", {"signature": "OTHER", "without": ["VIM"]}],
        "joint": ["lower", "product"],
        "adjust": {"for": ["caf_general"]},
        "alterations": ["KRAS_mut"],
        "not_assessed": "drop",
    }
    config = build_config(cohort_with(alterations=["a.maf"], keep="x=y") | {"features": features}, "run.yaml", own)
    for by_alias in (False, True):
        assert build_config(config.model_dump(mode="json", by_alias=by_alias)) == config


def test_the_documentation_names_every_setting():
    page = CONFIGS.parent / "docs" / "configuration.md"
    builder = runpy.run_path(str(CONFIGS.parent / "scripts" / "build_settings.py"))
    text = page.read_text(encoding="utf-8")
    assert text == builder["settings_page"](), "run `python scripts/build_settings.py`"
    for section, schema in schemas().items():
        for name in schema.get("properties", {}):
            assert f"`{name}`" in text, f"{section}.{name}"


def test_a_selected_cut_point_makes_two_strata():
    config = build_config(smallest(strata={"rule": "maximally_selected"}))
    assert config.strata.labels == ("low", "high")
    named = build_config(smallest(strata={"rule": "maximally_selected", "labels": ["good", "poor"]}))
    assert named.strata.labels == ("good", "poor")
    with pytest.raises(ConfigError, match="maximally_selected makes 2 strata; there are 3 labels"):
        build_config(smallest(strata={"rule": "maximally_selected", "labels": ["a", "b", "c"]}))


def test_optimism_is_off_unless_asked_for():
    assert build_config(smallest()).evaluation.optimism.method == "none"
    asked = build_config(smallest(evaluation={"optimism": {"method": "632plus"}})).evaluation.optimism
    assert (asked.method, asked.draws) == ("632plus", 50)
