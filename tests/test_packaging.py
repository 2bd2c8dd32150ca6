"""What is shipped agrees with what the repository says about it."""

import re
import tomllib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import yaml

import itgstrat

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_demo_config_in_the_package_is_the_one_in_configs():
    # Two real files, not a link (git on Windows checks links out as text) and not a copy made in the build
    # (an editable install would have none). The one to edit is configs/demo.yaml.
    shipped = files("itgstrat").joinpath("configs", "demo.yaml")
    assert shipped.is_file(), "mkdir -p src/itgstrat/configs && cp configs/demo.yaml src/itgstrat/configs/"
    source = (ROOT / "configs" / "demo.yaml").read_bytes()
    assert shipped.read_bytes() == source, "cp configs/demo.yaml src/itgstrat/configs/demo.yaml"


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    found = {
        "itgstrat.__version__": itgstrat.__version__,
        "CITATION.cff": str(citation["version"]),
        "installed": version("itgstrat"),
    }
    assert found == dict.fromkeys(found, PROJECT["version"])


def test_one_licence_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["license"] == PROJECT["license"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_package_says_that_it_is_typed():
    assert files("itgstrat").joinpath("py.typed").is_file()


def test_constraints_pin_names_and_versions_only_and_every_direct_dependency():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)]
    assert not odd
    extras = PROJECT["optional-dependencies"]
    direct = [*PROJECT["dependencies"], *extras["demo"], *extras["test"]]
    names = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in direct} - {"itgstrat"}
    assert names - {line.partition("==")[0].lower() for line in lines} == set()


def test_ci_runs_the_tests_as_the_readme_does():
    command = 'python -m pip install -e ".[test]" && python -m pytest -n auto'
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
