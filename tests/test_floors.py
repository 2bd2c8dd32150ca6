"""The rules of the house that a machine can hold: which room imports which, and how long a file may grow.

A room is a top-level name under ``itgstrat``. ``FLOORS`` is the whole plan, every allowed import written out.
An import in a function or under ``TYPE_CHECKING`` counts like any other. To add a room, add its line here.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

SRC = Path(__file__).parents[1] / "src"

CORE = {"errors", "display", "scoring", "learned", "outcome", "biology", "cohort", "response"}
FLOORS: dict[str, set[str]] = {
    "errors": set(),
    "display": set(),  # how any record shows itself in a notebook
    "output": {"errors"},  # how a folder is written, for bundles and commands alike
    "config": {"errors", "outcome", "biology"},  # so that unknown signatures are faults of the config
    "scoring": {"errors"},
    "outcome": {"errors"},
    "biology": {"errors", "display"},
    "learned": {"errors", "scoring", "output"},
    "concordance": {"errors", "outcome"},  # inner tuning and evaluation count the same pairs
    "cohort": {"errors", "display", "outcome", "biology"},
    "response": {"errors", "cohort"},
    "readers": {"errors", "outcome", "biology", "cohort"},  # no model, no config
    "fitting": CORE | {"config", "concordance"},  # no file
    "explanation": CORE,
    "antagonists": CORE | {"fitting"},  # tiers 2 and 3 fit; what prediction reaches does not, see the test below
    "evaluation": CORE | {"config", "concordance", "fitting", "explanation"},
    "prediction": CORE | {"explanation", "antagonists", "prediction_notes"},  # no fitting
    "prediction_notes": CORE,  # what holds for all patients, in words
    "surrogate": CORE | {"config", "fitting", "antagonists"},  # a label for training, made by the rule of an agent
    "prediction_stream": CORE
    | {"output", "readers", "prediction", "prediction_notes", "antagonists"},  # files, a model
    "recalibration": CORE | {"evaluation", "prediction"},
    "reporting": CORE - {"scoring"} | {"config", "evaluation", "explanation", "prediction", "antagonists"},
    "figures": {"reporting"},  # all figures under their standard names
}
FLOORS["training"] = set(FLOORS)
FLOORS["cli"] = set(FLOORS)
FLOORS["__main__"] = {"cli"}
FLOORS["itgstrat"] = set(FLOORS) - {"cli", "__main__"}  # __init__.py: the public names, loaded lazily

NUMPY_ONLY = ("scoring", "learned")
# What `itgstrat predict` may import; it starts fast and needs no pinned library to read next year's model.
PREDICT = {"prediction", "readers"} | FLOORS["prediction"]
HEAVY = {"sklearn", "sksurv", "lifelines", "shap"}


@cache
def modules() -> dict[str, tuple[Path, ast.Module]]:
    """Return every module of the package: dotted name -> file and tree."""
    found = {}
    for path in sorted((SRC / "itgstrat").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = (path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imports(name: str, tree: ast.Module, is_package: bool, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, imported module) wherever it stands; ``from p import m`` is ``p.m`` if that is one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = name.split(".")[: None if is_package else -1]
            base = parents[: len(parents) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                if (source, alias.name) != (
                    "itgstrat",
                    "__version__",
                ):  # a constant, no knowledge of the house
                    full = f"{source}.{alias.name}"
                    yield node.lineno, full if full in known else source
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"}:
                yield node.lineno, str(node.args[0].value)


def all_imports() -> Iterator[tuple[str, str, str]]:
    """Yield (module, "file:line", imported module) for the whole package."""
    known = set(modules())
    for name, (path, tree) in modules().items():
        for line, target in imports(name, tree, path.name == "__init__.py", known):
            yield name, f"{path.relative_to(SRC)}:{line}", target


def room(name: str) -> str:
    """Return the room of a module of ours, e.g. ``itgstrat.learned.linear`` -> ``learned``."""
    return name.split(".")[1] if "." in name else name


def where(wanted: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[tuple[str, str, ast.AST]]:
    """Yield (room, "file:line", node) for every node of a kind."""
    for name, (path, tree) in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, wanted):
                yield room(name), f"{path.relative_to(SRC)}:{node.lineno}", node


def docstring(node: ast.AST) -> ast.Constant | None:
    """Return the docstring node of a module, class or function."""
    first = node.body[0] if getattr(node, "body", None) and isinstance(node.body, list) else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return first.value if is_text and isinstance(first.value.value, str) else None


def test_every_room_is_on_the_plan_and_the_plan_has_no_cycle():
    unknown = {room(name) for name in modules()} - set(FLOORS)
    assert not unknown, f"no line in FLOORS for {sorted(unknown)}"
    assert len(list(TopologicalSorter(FLOORS).static_order())) == len(FLOORS)


def test_imports_go_down_only():
    up = {
        f"{place}: {room(name)} imports {target}"
        for name, place, target in all_imports()
        if target.split(".")[0] == "itgstrat"
        and room(target) not in FLOORS.get(room(name), set()) | ({room(name)} - {"itgstrat"})
    }
    assert not up, "\n".join(sorted(up))


def test_no_module_takes_part_in_an_import_cycle():
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for name, _, target in all_imports():
        if target in graph and target != name:
            graph[name].add(target)
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)  # CycleError names the cycle


def test_scoring_and_learned_need_numpy_alone_and_prediction_no_fitting_library():
    allowed = {"numpy", "itgstrat", *sys.stdlib_module_names}
    foreign = [
        f"{place}: {target}"
        for name, place, target in all_imports()
        if (room(name) in NUMPY_ONLY and target.split(".")[0] not in allowed)
        or (room(name) in PREDICT and target.split(".")[0] in HEAVY)
    ]
    assert not foreign, "\n".join(foreign)


def test_what_prediction_reaches_module_by_module_fits_nothing():
    known = set(modules())
    graph: dict[str, set[str]] = {name: set() for name in known}
    for name, _, target in all_imports():
        parts = target.split(".")
        # importing a module runs the __init__ of every package above it
        graph[name] |= {".".join(parts[:n]) for n in range(2, len(parts) + 1)} & known
    reached, todo = set(), ["itgstrat.prediction"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += graph[name]
    assert any(room(name) == "learned" for name in reached)
    assert not [name for name in reached if room(name) == "fitting"]


def test_no_assert_no_blind_except_and_no_print_outside_cli():
    bad = [f"{place}: assert" for _, place, _ in where(ast.Assert)]
    for _, place, node in where(ast.ExceptHandler):
        caught = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"Exception"}
        bad += [f"{place}: blind except"] if caught & {"Exception", "BaseException"} else []
    for where_, place, node in where(ast.Call):
        is_print = isinstance(node.func, ast.Name) and node.func.id == "print"
        bad += [f"{place}: print"] if is_print and where_ != "cli" else []
    assert not bad, "\n".join(bad)


def test_no_integrin_gene_symbol_stands_in_code():
    # Docstrings may name one in an example; data belongs to biology/facts.
    texts = {id(docstring(node)) for _, tree in modules().values() for node in ast.walk(tree)}
    symbols = [
        f"{place}: {node.value!r}"
        for _, place, node in where(ast.Constant)
        if isinstance(node.value, str) and id(node) not in texts and re.search(r"ITG[AB]\w+", node.value)
    ]
    assert not symbols, "\n".join(symbols)


def test_files_and_functions_stay_short():
    long = []
    for path, _ in modules().values():
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        long += [f"{path.relative_to(SRC)}: {n_lines} lines, 400 allowed"] if n_lines > 400 else []
    for _, place, node in where((ast.FunctionDef, ast.AsyncFunctionDef)):
        lines = (SRC / place.rpartition(":")[0]).read_text(encoding="utf-8").splitlines()
        code = set(range(node.lineno, node.end_lineno + 1))
        if text := docstring(node):
            code -= set(range(text.lineno, text.end_lineno + 1))
        n_code = sum(bool(line := lines[i - 1].strip()) and not line.startswith("#") for i in code)
        long += [f"{place}: {node.name} has {n_code} lines of code, 60 allowed"] if n_code > 60 else []
    assert not long, "\n".join(long)


def test_the_reader_of_imports_sees_every_form():
    source = """
import numpy as np
from itgstrat.errors import ItgstratError
from itgstrat import __version__, cohort
def load():
    from . import strata
    from ..scoring.ranks import rank
    import_module("itgstrat.fitting")
"""
    known = {"itgstrat.cohort", "itgstrat.learned.strata", "itgstrat.scoring.ranks"}
    found = {target for _, target in imports("itgstrat.learned.linear", ast.parse(source), False, known)}
    inside = {"errors", "cohort", "learned.strata", "scoring.ranks", "fitting"}
    assert found == {"numpy"} | {f"itgstrat.{name}" for name in inside}
    package = imports("itgstrat.learned", ast.parse("from .linear import LinearModel"), True, known)
    assert [target for _, target in package] == ["itgstrat.learned.linear"]
    assert room("itgstrat.learned.linear") == "learned"
    assert room("itgstrat") == "itgstrat"
