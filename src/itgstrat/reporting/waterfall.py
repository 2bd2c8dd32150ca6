"""How contributions add up to a risk or log odds, drawn by a template, for a prediction does without matplotlib."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.reporting.wording import say_number, shorten

#: Width of the drawing and height of a row, in its own units.
WIDTH, ROW = 340.0, 30

#: Colours of figures that templates draw; those of `style`, which brings matplotlib.
WORSE, BETTER, TOTAL = "#d55e00", "#0072b2", "#52606d"

#: Letters of a name that fit beside the value.
LONGEST = 46


@dataclass(frozen=True)
class Bar:
    """One step of a waterfall.

    Parameters
    ----------
    words, value : str
        What contributes, and how much.
    """

    words: str
    value: str


@dataclass(frozen=True)
class Waterfall:
    """Contributions from the base to what they add up to, the largest first.

    Parameters
    ----------
    name : str
        Name of the file that it is downloaded as.
    bars : tuple of Bar
        Steps, then the total; each takes a row of 30 units.
    paths : tuple of (str, str)
        Colour, and path of the bars in it: what makes it worse, what makes it better, base and total.
    zero : float
        Place where base and total start, in units of the drawing: that of 0, unless 0 is far away.
    label, caption : str
        All of it in words; and what it shows.
    """

    name: str
    bars: tuple[Bar, ...]
    paths: tuple[tuple[str, str], ...]
    zero: float
    label: str
    caption: str


def lay_out_waterfall(
    name: str,
    caption: str,
    names: Sequence[str],
    values: Sequence[float],
    base: float,
    most: int,
    total: str = "risk",
) -> Waterfall:
    """Lay contributions out as a waterfall.

    Parameters
    ----------
    name, caption : str
        Of the figure.
    names : sequence of str
        What contributes.
    values : sequence of float
        How much.
    base : float
        Where it starts.
    most : int
        How many are drawn; the others are one step.
    total : str
        What they add up to.

    Returns
    -------
    Waterfall
        Base (unless it is 0), steps and their sum.

    Examples
    --------
    >>> found = lay_out_waterfall("w", "", ["a", "b", "c"], [0.1, -0.5, 0.2], 0.0, 1)
    >>> [(bar.words, bar.value) for bar in found.bars]
    [('b', '-0.50'), ('2 others', '+0.30'), ('risk', '-0.20')]
    """
    known = np.asarray(values, dtype=float).round(9)
    order = [i for i in np.argsort(-np.abs(known), kind="stable") if known[i]]
    steps = [(names[i], float(known[i])) for i in order[:most]]
    if rest := order[most:]:
        steps.append((f"{len(rest)} others" if len(rest) > 1 else names[rest[0]], float(known[rest].sum())))
    reached = base + np.concatenate([[0.0], np.cumsum([value for _, value in steps])])
    origin = _place_origin(reached)
    # words, value, from where, to where, colour
    rows = [("base", base, origin, base, TOTAL)] if base else []
    rows += [
        (words, value, float(start), float(start) + value, WORSE if value > 0 else BETTER)
        for (words, value), start in zip(steps, reached, strict=False)
    ]
    rows.append((total, float(reached[-1]), origin, float(reached[-1]), TOTAL))
    low, high = min(origin, float(reached.min())), max(origin, float(reached.max()))
    scale = WIDTH / (high - low) if high > low else 0.0
    paths = dict.fromkeys((WORSE, BETTER, TOTAL), "")
    for number, (_, _, start, end, colour) in enumerate(rows):
        left, width = (min(start, end) - low) * scale, max(abs(end - start) * scale, 0.5)
        paths[colour] += f"M{left:.1f} {ROW * number + 16}h{width:.1f}v9h-{width:.1f}z"
    bars = tuple(Bar(shorten(words, LONGEST), say_number(value, 2, signed=True)) for words, value, *_ in rows)
    label = f"{caption} {'; '.join(f'{one.words} {one.value}' for one in bars)}"
    if origin:
        caption += f" The bars of base and {total} do not start at 0."
    drawn = tuple((colour, path) for colour, path in paths.items() if path)
    return Waterfall(name, bars, drawn, round((origin - low) * scale, 1), label, caption)


def _place_origin(reached: npt.NDArray[np.float64]) -> float:
    """Where base and total start: at 0, or near the steps where they would be too small to see from there."""
    low, high = float(reached.min()), float(reached.max())
    span = high - low
    if low > span > 0:
        return low - span / 4
    return high + span / 4 if high < -span < 0 else 0.0
