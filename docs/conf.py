"""How the documentation site is built: ``python -m sphinx -W --keep-going docs build/docs``.

Sphinx with MyST and Furo: MkDocs 1.x has had no release since 2024, Material for MkDocs ends in May 2027, its successor
Zensical is at 0.1; and the docstrings are numpydoc in reStructuredText, formulas included. The site asks nothing of the
network: fonts are the reader's own, formulas are MathML, the search runs in the page.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

import itgstrat

logger = logging.getLogger(__name__)
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def list_notebooks() -> str:
    """List the notebooks that are there, by their own titles, each to be downloaded."""
    lines = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown").splitlines()[0]
        lines.append(f"- {{download}}`{title.lstrip('# ')} <../notebooks/{path.name}>`")
    return "\n".join(lines) or "*None in this version.*"


project = "itgstrat"
author = "itgstrat developers"
version = release = itgstrat.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["images"]
highlight_language = "text"
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(numpy|collections\.abc)\..*")]  # their sites would have to be fetched

myst_enable_extensions = ["deflist", "substitution"]
myst_heading_anchors = 4
myst_substitutions = {"notebooks": list_notebooks()}

add_module_names = False
autodoc_typehints = "none"  # the docstrings give the types, with shapes and units
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False  # autodoc shows them

html_theme = "furo"
html_title = "itgstrat"
html_math_renderer = "mathml"
html_copy_source = html_show_sourcelink = html_show_copyright = False


def show_formula(self: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML; Sphinx's own renderers fetch MathJax or need LaTeX."""
    tex = re.sub(r"\\Big(?![lr])", r"\\Bigl", " ".join(node.astext().split()))
    try:
        markup = tex2mathml(tex, as_block=isinstance(node, nodes.math_block))
    except MathError as error:
        logger.warning("no MathML for %s: %s", tex, error, location=node)
        markup = self.encode(tex)
    self.body.append(markup)
    raise nodes.SkipNode


def unhead_module(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn the sections of a module's docstring into rubrics: a page of several modules would have a heading twice."""
    if what == "module":
        text = re.sub(r"^(\w.*)\n-{3,}$", r".. rubric:: \1\n", "\n".join(lines), flags=re.MULTILINE)
        lines[:] = text.split("\n")


def setup(app: Sphinx) -> None:
    """Register what this file adds to Sphinx."""
    app.connect("autodoc-process-docstring", unhead_module, priority=400)
    app.add_html_math_renderer("mathml", (show_formula, None), (show_formula, None))
