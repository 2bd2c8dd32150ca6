"""The frame of every HTML page: one template, one style, one small script; opens from disk and needs no network."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup


@dataclass(frozen=True)
class Heading:
    """A heading with an anchor, as the table of contents lists it.

    Parameters
    ----------
    anchor : str
        Its id.
    words : Markup
        Its words, escaped already.
    below : tuple of Heading
        Headings one level down.
    """

    anchor: str
    words: Markup
    below: "tuple[Heading, ...]" = ()


def list_headings(page: str) -> tuple[Heading, ...]:
    """List the headings of a page that have an anchor: h2, with the h3 below each.

    Parameters
    ----------
    page : str
        HTML of our own templates.

    Returns
    -------
    tuple of Heading
        In order; an h3 before the first h2 is left out.

    Examples
    --------
    >>> found = list_headings('<h2 id="a">A</h2><h3 id="b">B</h3><h3>no anchor</h3>')
    >>> [(one.anchor, [part.anchor for part in one.below]) for one in found]
    [('a', ['b'])]
    """
    found: list[tuple[Heading, list[Heading]]] = []
    for level, anchor, words in re.findall(r'<h([23]) id="([^"]+)">(.*?)</h\1>', page, flags=re.DOTALL):
        heading = Heading(anchor, Markup(words))  # noqa: S704 - a template has escaped it
        if level == "2":
            found.append((heading, []))
        elif found:
            found[-1][1].append(heading)
    return tuple(Heading(one.anchor, one.words, tuple(below)) for one, below in found)


@cache
def templates() -> jinja2.Environment:
    """Templates of this package; whatever is not Markup is escaped.

    Returns
    -------
    jinja2.Environment
        Every page bears the script, and a policy that lets this very script run and nothing else.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("itgstrat.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = (files("itgstrat.reporting") / "templates" / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {"script": Markup(script), "script_hash": f"sha256-{digest}"}  # noqa: S704 - our own file
    environment.filters["list_headings"] = list_headings
    return environment


def render(template: str, **content: object) -> str:
    """Fill a template in.

    Parameters
    ----------
    template : str
        Name of the template.
    **content : object
        What it shows.

    Returns
    -------
    str
        A whole HTML page.
    """
    return templates().get_template(template).render(**content)
