"""Numbers as readers see them."""

import pytest

from itgstrat.evaluation.compare import Interval
from itgstrat.reporting.wording import join_words, say_interval, say_number, say_p, say_share, say_time, shorten

NAN = float("nan")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (365.25, "1 year"),
        (1826.25, "5 years"),
        (91.3125, "3 months"),
        (14, "2 weeks"),
        (10, "10 days"),
        (0.5, "0.5 days"),
    ],
)
def test_times(days, words):
    assert say_time(days) == words


def test_nothing_is_a_dash():
    assert say_number(NAN) == say_share(NAN) == say_p(NAN) == say_interval(None) == "–"
    assert say_interval(Interval(NAN, NAN, NAN)) == "–"
    assert say_interval(Interval(0.5, NAN, NAN)) == "0.500 (– to –)"


def test_no_zero_has_a_sign():
    assert say_number(-0.0001) == "0.000"
    assert say_number(0.0001, signed=True) == "0.000"
    assert say_interval(Interval(0.01, -0.01, 0.02), signed=True) == "+0.010 (-0.010 to +0.020)"


def test_words():
    assert join_words([]) == ""
    assert join_words(["a"]) == "a"
    assert join_words(["a", "b", "c"]) == "a, b and c"
    assert shorten("abcdef", 4) == "abc…"
