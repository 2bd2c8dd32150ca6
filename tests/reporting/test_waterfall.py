"""Figures that templates draw: bars start where the last one ended, and curves go through their points."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from itgstrat.reporting.stratum_curves import draw_stratum_curves
from itgstrat.reporting.waterfall import BETTER, TOTAL, WIDTH, WORSE, lay_out_waterfall

FLOATS = st.floats(-5, 5).map(lambda value: round(value, 3))


def bars_of(fall):
    """Left and right end of each bar, from the top, with its colour."""
    found = []
    for colour, path in fall.paths:
        for left, top, width in re.findall(r"M(-?[\d.]+) (\d+)h([\d.]+)v9h-[\d.]+z", path):
            found.append((int(top), float(left), float(left) + float(width), colour))
    return [bar[1:] for bar in sorted(found)]


def test_bars_add_up_from_the_base_to_the_risk():
    fall = lay_out_waterfall("w", "Contributions.", ["a", "b", "c", "d"], [0.5, -1.5, 0.25, 0.0], 0.5, 2)
    assert [(bar.words, bar.value) for bar in fall.bars] == [
        ("base", "+0.50"), ("b", "-1.50"), ("a", "+0.50"), ("c", "+0.25"), ("risk", "-0.25"),
    ]  # fmt: skip
    scale = WIDTH / 1.5  # from -1 to 0.5
    places = [(1, 1.5, TOTAL), (0, 1.5, BETTER), (0, 0.5, WORSE), (0.5, 0.75, WORSE), (0.75, 1, TOTAL)]
    for (left, right, colour), (low, high, expected) in zip(bars_of(fall), places, strict=True):
        np.testing.assert_allclose([left, right], [low * scale, high * scale], atol=0.11)
        assert colour == expected
    assert fall.zero == round(scale, 1)
    assert "b -1.50; a +0.50" in fall.label


def test_steps_far_from_0_are_drawn_large_and_the_caption_says_so():
    for sign in (1.0, -1.0):
        fall = lay_out_waterfall(
            "w", "Contributions.", ["a", "b"], [1.0 * sign, -0.5 * sign], 8.0 * sign, 5, "log odds"
        )
        said = [(bar.words, float(bar.value)) for bar in fall.bars]
        assert said == [("base", 8 * sign), ("a", sign), ("b", -0.5 * sign), ("log odds", 8.5 * sign)]
        widths = [right - left for left, right, _ in bars_of(fall)]
        np.testing.assert_allclose(np.array(widths) / WIDTH, [0.2, 0.8, 0.4, 0.6], atol=0.001)  # from 7.75 to 9
        assert fall.zero == (0.0 if sign > 0 else WIDTH)
        assert fall.caption == "Contributions. The bars of base and log odds do not start at 0."


@given(st.lists(FLOATS, max_size=30), FLOATS, st.integers(1, 12))
def test_every_bar_is_inside_and_the_risk_is_the_sum(values, base, most):
    fall = lay_out_waterfall("w", "", [f"f{number}" for number in range(len(values))], values, base, most)
    assert len(fall.bars) <= most + 3
    assert len(bars_of(fall)) == len(fall.bars)
    for left, right, _ in bars_of(fall):
        assert -0.1 <= left <= right <= WIDTH + 0.7
    assert abs(float(fall.bars[-1].value) - (base + sum(values))) < 0.0051
    assert 0 <= fall.zero <= WIDTH


def test_a_curve_steps_through_its_points_and_ends_where_nobody_is_followed():
    strata = {
        "low": {"patients": 30, "events": 5, "survival": [1.0, 0.9, 0.8]},
        "high": {"patients": 20, "events": 12, "survival": [1.0, 0.5, None]},
    }
    found = {"time_days": [0.0, 365.25, 730.5], "strata": strata}
    drawn = draw_stratum_curves("km", found, "high", {365.25: 0.45, 3652.5: 0.1, 730.5: float("nan")})
    assert drawn.own == "M34 6H185V83"  # half way, half of them
    assert drawn.others == ("M34 6H185V21.4H336V36.8",)
    assert drawn.points == ((185.0, 90.7),)  # not beyond the curve, not where nothing is told
    assert [words for _, words in drawn.years] == ["0", "1", "2"]
    assert "20 training patients of stratum high, 12 events" in drawn.caption


def test_nothing_is_drawn_of_a_stratum_that_is_not_known():
    assert draw_stratum_curves("km", {}, "low", {}) is None
    assert draw_stratum_curves("km", {"time_days": [0, 1], "strata": {}}, "withheld", {}) is None
