import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from itgstrat.scoring import part_means, split_lower

PARTS = np.array([2, 0, 0, 2, 5])
VALUES = arrays(float, (4, 5), elements=st.sampled_from([-1.5, -0.25, 0.0, 0.5, 2.0, np.nan]))


@given(z=VALUES)
def test_part_means_leave_out_what_was_not_measured(z):
    means = part_means(z, PARTS)
    for patient in range(4):
        for column, part in enumerate([0, 2, 5]):
            seen = [v for v, p in zip(z[patient], PARTS, strict=True) if p == part and not np.isnan(v)]
            assert means[patient, column] == pytest.approx(np.mean(seen) if seen else np.nan, nan_ok=True)


@given(z=VALUES)
def test_shares_add_up_to_the_lowest_part_and_only_it_has_any(z):
    reference = np.array([0.3, -1.0, 0.0, 2.0])
    means = part_means(z, PARTS)
    shares = split_lower(z, PARTS, reference)
    for patient in range(4):
        if np.isnan(means[patient]).all():
            assert (shares[patient] == 0).all()
            continue
        lowest = np.nanmin(means[patient])
        assert shares[patient].sum() == pytest.approx(lowest - reference[patient], abs=1e-12)
        deciding = np.unique(PARTS)[np.nanargmin(means[patient])]
        assert (shares[patient][deciding != PARTS] == 0).all()
        assert (shares[patient][np.isnan(z[patient])] == 0).all()
