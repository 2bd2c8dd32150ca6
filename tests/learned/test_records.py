"""A record in a file of its own: what comes back is what was saved, and nothing else is let in."""

from io import BytesIO

import numpy as np
import pytest

from itgstrat.errors import BundleError, ModelError, OutputError
from itgstrat.learned import BenefitModel
from itgstrat.learned.benefit import Z_95, effects_at
from itgstrat.learned.records import digest_arrays, pack_arrays

WORDS = ("agent", "agent_class", "score", "model_name", "model_digest")


def make(**changes):
    fields = dict.fromkeys(WORDS, "x") | {"score": "risk", "center": 1.0, "scale": 2.0, "score_low": -4.0}
    fields |= {"score_high": 6.0, "coef": np.array([-0.4, 0.3]), "covariance": np.array([[0.04, 0.01], [0.01, 0.09]])}
    fields |= {"test": "likelihood ratio", "p": 0.01, "n_patients": 100, "n_events": 60, "control": "placebo"}
    fields |= {"treatment": "drug", "cohort": "trial", "design": "randomised", "withheld": False, "reason": ""}
    return BenefitModel(**fields | changes)


def test_a_record_comes_back_equal(tmp_path):
    saved = make()
    again = BenefitModel.load(saved.save(tmp_path / "one.npz"))
    for name, array in saved.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)
    assert (again.withheld, again.n_patients, again.cohort) == (False, 100, "trial")


def test_no_file_is_written_over(tmp_path):
    make().save(tmp_path / "one.npz")
    with pytest.raises(OutputError, match=r"one\.npz cannot be written: .*exists"):
        make().save(tmp_path / "one.npz")
    with pytest.raises(BundleError, match=r"two\.npz cannot be read"):
        BenefitModel.load(tmp_path / "two.npz")


def pickled():
    buffer = BytesIO()
    np.savez(buffer, record=np.array(["BenefitModel"], dtype=object))
    return buffer.getvalue()


def lone_array():
    buffer = BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"text", lone_array(), pickled()], ids=["empty", "text", "npy", "objects"])
def test_what_is_no_archive_of_plain_arrays_is_refused(tmp_path, content):
    (tmp_path / "one.npz").write_bytes(content)
    with pytest.raises(BundleError, match=r"one\.npz holds no plain arrays: found .*; needed is BenefitModel") as told:
        BenefitModel.load(tmp_path / "one.npz")
    assert "allow_pickle" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"record": np.array("Other")}, "holds Other; needed is BenefitModel"),
        ({"extra": np.array(1)}, "BenefitModel needs the arrays"),
        ({"agent": np.array(1.0)}, "agent are neither text nor one number"),
        ({"p": np.array([0.1, 0.2])}, "p are neither text nor one number"),
    ],
)
def test_forged_fields_are_refused(tmp_path, changes, message):
    arrays = {"record": np.array("BenefitModel"), **make().to_arrays()} | changes
    (tmp_path / "one.npz").write_bytes(pack_arrays("one", arrays))
    with pytest.raises(BundleError, match=message):
        BenefitModel.load(tmp_path / "one.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coef": np.zeros(3)}, "missing or of the wrong shape"),
        ({"scale": 0.0}, "missing or of the wrong shape"),
        ({"p": float("nan")}, "missing or of the wrong shape"),
        ({"covariance": np.array([[1.0, 2.0], [2.0, 1.0]])}, "should be a covariance is none"),
        ({"score": "age"}, "score 'age'"),
        ({"design": "chosen"}, "design 'chosen'"),
    ],
)
def test_records_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ModelError, match=message):
        make(**changes)


def test_the_interval_is_that_of_the_sum_of_two_coefficients():
    model, scores = make(), np.array([-4.0, 1.0, 3.0, 6.0, 6.1, np.nan])
    told = model.apply(scores)
    for at, score in enumerate(scores[:4]):
        z = (score - 1) / 2
        error = np.sqrt(0.04 + 2 * z * 0.01 + z**2 * 0.09)
        assert told.log_ratio[at] == pytest.approx(-0.4 + 0.3 * z)
        assert told.high[at] - told.log_ratio[at] == pytest.approx(1.959963984540054 * error)
        assert told.log_ratio[at] - told.low[at] == pytest.approx(1.959963984540054 * error)
    assert np.isnan(told.log_ratio[4:]).all()
    assert pytest.approx(1.959963984540054, abs=1e-14) == Z_95


def test_the_effect_does_not_depend_on_the_units_of_the_score():
    one = effects_at(np.array([0.0, 5.0]), 1.0, 2.0, np.array([0.1, 0.2]), np.eye(2))
    other = effects_at(np.array([0.0, 50.0]), 10.0, 20.0, np.array([0.1, 0.2]), np.eye(2))
    np.testing.assert_allclose(one.low, other.low)


def test_a_digest_changes_with_a_value_a_name_and_a_shape():
    array = np.arange(4.0)
    digests = {
        digest_arrays({"a": array}),
        digest_arrays({"b": array}),
        digest_arrays({"a": array + 1e-12}),
        digest_arrays({"a": array.reshape(2, 2)}),
    }
    assert len(digests) == 4
