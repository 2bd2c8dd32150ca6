"""How contributions add up to a risk, drawn by a template: no matplotlib, which a prediction does without."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
    """Contributions from the base to the risk, the largest first.

    Parameters
    ----------
    name : str
        Name of the file that it is downloaded as.
    bars : tuple of Bar
        Steps, then the total; each takes a row of 30 units.
    paths : tuple of (str, str)
        Colour, and path of the bars in it: what makes it worse, what makes it better, base and total.
    zero : float
        Place of 0, in units of the drawing.
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
    name: str, caption: str, names: Sequence[str], values: Sequence[float], base: float, most: int
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
    # words, from where, to where, colour
    rows = [("base", 0.0, base, TOTAL)] if base else []
    rows += [
        (words, float(start), float(start) + value, WORSE if value > 0 else BETTER)
        for (words, value), start in zip(steps, reached, strict=False)
    ]
    rows.append(("risk", 0.0, float(reached[-1]), TOTAL))
    low, high = min(0.0, float(reached.min())), max(0.0, float(reached.max()))
    scale = WIDTH / (high - low) if high > low else 0.0
    paths = dict.fromkeys((WORSE, BETTER, TOTAL), "")
    for number, (_, start, end, colour) in enumerate(rows):
        left, width = (min(start, end) - low) * scale, max(abs(end - start) * scale, 0.5)
        paths[colour] += f"M{left:.1f} {ROW * number + 16}h{width:.1f}v9h-{width:.1f}z"
    bars = tuple(Bar(shorten(words, LONGEST), say_number(end - start, 2, signed=True)) for words, start, end, _ in rows)
    label = f"{caption} {'; '.join(f'{one.words} {one.value}' for one in bars)}"
    drawn = tuple((colour, path) for colour, path in paths.items() if path)
    return Waterfall(name, bars, drawn, round(abs(low) * scale, 1), label, caption)
