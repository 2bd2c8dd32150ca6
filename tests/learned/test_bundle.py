"""A bundle comes back as it was saved, refuses what was tampered with, and holds no patient."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from io import BytesIO

import numpy as np
import pytest

from itgstrat.errors import BundleError, OutputError
from itgstrat.learned import ModelBundle, Strata
from itgstrat.learned.bundle import _digest
from tests.simulate import make_bundle, simulate_cohort

COHORT = simulate_cohort(83, 60, batches=("one", "two"), missing=0.02, seed=1).cohort
BUNDLE = make_bundle(COHORT)
RECORDS = ("recipe", "model", "strata", "familiarity")
FILES = ("card.md", "familiarity.npz", "manifest.json", "model.npz", "recipe.npz", "strata.npz")


@pytest.fixture
def folder(tmp_path):
    return BUNDLE.save(tmp_path / "model")


def write_manifest(folder, with_hash=True, **changes):
    """Edit the manifest, as a skilful forger would where `with_hash` is True."""
    manifest = json.loads((folder / "manifest.json").read_text()) | changes
    if with_hash:
        manifest["sha256"] = _digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def replace_file(folder, name, content):
    """Replace a file and its hash in the manifest."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    write_manifest(folder, files=files | {name: hashlib.sha256(content).hexdigest()})


def pack(**arrays):
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_bundle_comes_back_equal_to_the_bit(folder):
    loaded = ModelBundle.load(folder)
    for name in RECORDS:
        for field in fields(getattr(BUNDLE, name)):
            saved, found = (getattr(getattr(bundle, name), field.name) for bundle in (BUNDLE, loaded))
            assert np.asarray(found).dtype == np.asarray(saved).dtype
            assert np.asarray(found).tobytes() == np.asarray(saved).tobytes(), field.name
    assert loaded.info == dict(BUNDLE.info)
    assert (loaded.card, loaded.name, loaded.horizons_days) == (BUNDLE.card, "simulated", (365.25, 1826.25))


def test_horizons_that_could_not_be_judged_are_those_of_the_cross_validation(tmp_path):
    judged = [{"horizons_days": [365.25, 1500.0]}, {"horizons_days": [365.25, 1826.25]}]
    made = replace(BUNDLE, info={**BUNDLE.info, "evaluation": judged})
    loaded = ModelBundle.load(made.save(tmp_path / "model"))
    assert made.unjudged_days == loaded.unjudged_days == (1826.25,)
    assert BUNDLE.unjudged_days == ()  # not known of an older model


def test_saving_twice_gives_the_same_bytes(folder, tmp_path):
    again = ModelBundle.load(folder).save(tmp_path / "again")
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    for name in FILES:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_an_existing_folder_is_never_written_into(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="model exists; give another folder"):
        BUNDLE.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_noticed(folder, name, where):
    content = bytearray((folder / name).read_bytes())
    content[int(len(content) * where)] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=r"altered after it was written; changed|manifest\.json"):
        ModelBundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_noticed(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"missing: {name}|no readable manifest.json"):
        ModelBundle.load(folder)


def test_a_foreign_file_is_noticed(folder):
    (folder / "patients.tsv").write_text("x")
    with pytest.raises(BundleError, match=r"altered after it was written; foreign: patients\.tsv; get a fresh copy"):
        ModelBundle.load(folder)


def test_all_alterations_are_told_at_once(folder):
    (folder / "evil.pkl").write_bytes(b"")
    (folder / "model.npz").unlink()
    (folder / "card.md").write_text("changed")
    with pytest.raises(BundleError, match=r"foreign: evil\.pkl; missing: model\.npz; changed: card\.md"):
        ModelBundle.load(folder)


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_format_is_refused(folder, version):
    write_manifest(folder, format=version)
    with pytest.raises(BundleError, match=f"has format {version!r}; this version reads format 1: use the itgstrat"):
        ModelBundle.load(folder)


def test_an_edited_manifest_is_noticed(folder):
    write_manifest(folder, with_hash=False, horizons_days=[1])
    with pytest.raises(BundleError, match=r"manifest\.json was changed after it was written"):
        ModelBundle.load(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[1]", "is not the manifest of an itgstrat model"),
        ('{"kind": "something"}', "is not the manifest"),
        ("\udcff", "is damaged"),
    ],
)
def test_a_manifest_that_is_none_is_refused(folder, content, message):
    (folder / "manifest.json").write_text(content, errors="surrogateescape")
    with pytest.raises(BundleError, match=message):
        ModelBundle.load(folder)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError, match=r"is no model bundle: it has no readable manifest\.json"):
            ModelBundle.load(place)


@pytest.mark.parametrize("files", [None, [], {"model.npz": "x"}, {"../card.md": "x"}])
def test_a_manifest_that_lists_other_files_is_refused(folder, files):
    write_manifest(folder, files=files)
    with pytest.raises(BundleError, match="does not list the files of a model"):
        ModelBundle.load(folder)


def test_features_must_be_those_of_the_recipe(folder):
    write_manifest(folder, features=["other"])
    with pytest.raises(BundleError, match="the features of the recipe are not those of the manifest"):
        ModelBundle.load(folder)


def test_a_list_of_optional_files_that_is_too_long_is_refused(folder):
    files = json.loads((folder / "manifest.json").read_text())["files"]
    write_manifest(folder, files=files | {"other.npz": "0"})
    with pytest.raises(BundleError, match="does not list the files of a model"):
        ModelBundle.load(folder)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("name", RECORDS)
def test_an_archive_of_objects_is_refused_without_opening_them(folder, name, tmp_path):
    arrays = getattr(BUNDLE, name).to_arrays()
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    replace_file(folder, f"{name}.npz", pack(**arrays | {next(iter(arrays)): trap}))
    with pytest.raises(BundleError, match=rf"{name}\.npz holds no plain arrays: found objects, refused unread"):
        ModelBundle.load(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"PK\x03\x04 cut short", b"plain text"])
def test_a_file_that_is_no_archive_is_refused(folder, content):
    replace_file(folder, "model.npz", content)
    with pytest.raises(BundleError, match=r"model\.npz holds no plain arrays"):
        ModelBundle.load(folder)


def test_arrays_of_another_record_are_refused(folder):
    strata = BUNDLE.strata.to_arrays()
    replace_file(folder, "model.npz", pack(**strata))
    with pytest.raises(BundleError, match="the model is of the kind ''; this version knows linear, "):
        ModelBundle.load(folder)
    replace_file(folder, "model.npz", pack(kind=np.array("linear"), **strata))
    with pytest.raises(BundleError, match=r"LinearModel needs the arrays \['center', .*found \['cuts', 'labels'\]"):
        ModelBundle.load(folder)


def test_a_record_of_objects_is_not_saved(tmp_path):
    strata = Strata(np.array(["low", "high"], dtype=object), np.array([0.0]))
    with pytest.raises(BundleError, match="strata: labels hold objects; a bundle holds plain arrays"):
        replace(BUNDLE, strata=strata).save(tmp_path / "model")
    assert not any(tmp_path.iterdir())


def test_no_patient_is_in_any_file(folder):
    contents = [(folder / name).read_bytes() for name in FILES]
    for name in RECORDS:
        arrays = getattr(ModelBundle.load(folder), name).to_arrays()
        contents += [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
        assert not any(len(COHORT) in array.shape for array in arrays.values())
    spellings = [str(patient).encode(code) for patient in COHORT.patients for code in ("utf-8", "utf-32-le")]
    assert not any(spelling in content for spelling in spellings for content in contents)


def test_loading_imports_neither_sklearn_nor_pandas(folder, tmp_path):
    moved = shutil.move(folder, tmp_path / "moved")
    program = (
        "import sys, numpy as np; from itgstrat.learned import ModelBundle; "
        f"b = ModelBundle.load({str(moved)!r}); "
        "b.model.survival(np.zeros((1, len(b.model.coef))), b.horizons_days); "
        "print(sorted(m for m in sys.modules if m in "
        "('sklearn', 'sksurv', 'pandas', 'scipy', 'lifelines', 'shap', 'joblib', 'polars')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
