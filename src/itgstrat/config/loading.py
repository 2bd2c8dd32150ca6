"""YAML in, one frozen record out; every fault is told at once, by its path."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from itgstrat.config.models import MODEL_TAGS, SHAPES
from itgstrat.config.settings import RunConfig
from itgstrat.errors import ConfigError, InputError


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice, which plain YAML settles in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for at, (key, _) in enumerate(node.value):
            if key.value in keys[:at]:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value!r} is written twice", key.start_mark)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, origin: str) -> dict[str, Any]:
    """Read a YAML mapping.

    Parameters
    ----------
    text : str
        YAML text.
    origin : str
        File name for messages.

    Returns
    -------
    dict
        The mapping.

    Raises
    ------
    ConfigError
        If the text is not YAML, not a mapping, or writes a key twice.

    Examples
    --------
    >>> parse_yaml("name: run", "run.yaml")
    {'name': 'run'}
    """
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(origin, [f"not valid YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, dict):
        raise ConfigError(origin, [f"needs a mapping (name: ..., cohorts: ...), found {type(content).__name__}"])
    return content


def apply_overrides(content: dict[str, Any], overrides: Iterable[str], origin: str) -> dict[str, Any]:
    """Set values by path, as ``--set model.l1_ratio=0.1`` does.

    Parameters
    ----------
    content : dict
        The parsed configuration; not changed.
    overrides : iterable of str
        ``path=value`` each; a number in the path picks an item of a list; the value is YAML.
    origin : str
        File name for messages.

    Returns
    -------
    dict
        A changed copy.

    Raises
    ------
    ConfigError
        If an override has no ``=`` or its path leads nowhere.

    Examples
    --------
    >>> apply_overrides({"model": {"l1_ratio": 1}}, ["model.l1_ratio=0.1"], "run.yaml")
    {'model': {'l1_ratio': 0.1}}
    """
    content = yaml.safe_load(yaml.safe_dump(content))
    faults = []
    for override in overrides:
        path, separator, value = override.partition("=")
        try:
            if not separator:
                raise InputError("needs the form path=value")
            _set_by_path(content, path.strip().split("."), yaml.safe_load(value))
        except (InputError, yaml.YAMLError) as error:
            faults.append(f"--set {override}: {' '.join(str(error).split())}")
    if faults:
        raise ConfigError(origin, faults)
    return content


def _set_by_path(content: Any, path: list[str], value: Any) -> None:
    for at, step in enumerate(path):
        if isinstance(content, list) and not (step.isdecimal() and int(step) < len(content)):
            raise InputError(f"{'.'.join(path[:at])} has the items 0 to {len(content) - 1}, not {step!r}")
        if not isinstance(content, dict | list):
            raise InputError(f"{'.'.join(path[:at])} is {content!r}, not a section")
        key: Any = int(step) if isinstance(content, list) else step
        if at == len(path) - 1:
            content[key] = value
        elif isinstance(content, dict) and content.get(key) is None:
            content[key] = {}
        content = content[key]


def build_config(content: Mapping[str, Any], origin: str = "config", folder: Path | None = None) -> RunConfig:
    """Check a parsed configuration.

    Parameters
    ----------
    content : mapping
        The parsed YAML.
    origin : str
        File name for messages.
    folder : Path, optional
        Relative file paths are taken from here; they stay as they are if not given.

    Returns
    -------
    RunConfig
        The frozen configuration.

    Raises
    ------
    ConfigError
        With every fault, by its path.
    """
    try:
        return RunConfig.model_validate(content, context={"folder": folder})
    except ValidationError as error:
        told = [item for item in error.errors() if _is_news(item)]
        raise ConfigError(origin, [f"{_locate(i['loc']) or 'config'}: {_say(i)}" for i in told]) from error


def _locate(loc: tuple[int | str, ...]) -> str:
    """Path of a fault in the file; the kind of a model, which pydantic puts behind ``model``, is no key."""
    keys = [key for before, key in zip(("", *loc), loc, strict=False) if before != "model" or key not in MODEL_TAGS]
    return ".".join(map(str, keys))


def _is_news(item: Any) -> bool:
    """Tell faults from their echoes: a section is no name; a list whose items are at fault is too short."""
    if item["type"] == "too_short":
        return len(item["input"]) < int(item["ctx"]["min_length"])
    return item["loc"][-1:] != ("str",) or not isinstance(item["input"], dict)


def _say(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "this key is not known here (see `itgstrat schema`)"
    if item["type"] == "missing":
        return "is needed and missing"
    if item["type"] == "union_tag_invalid" and isinstance(item["input"], dict):
        known = item["ctx"]["expected_tags"].replace("'", "").split(", ")
        known += [kind for kind, shape in SHAPES.items() if shape in known]
        return f"kind: {item['ctx']['tag']} is none of {', '.join(sorted(known))}"
    if item["type"] in ("model_type", "union_tag_invalid"):
        return f"needs a section of `key: value` lines, found {item['input']!r}"
    message = " ".join(str(item["msg"]).removeprefix("Value error, ").split())
    return message if item["type"] == "value_error" else f"{message}, found {item['input']!r}"


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> RunConfig:
    """Read a run configuration from a YAML file.

    Parameters
    ----------
    path : str or Path
        The file. Relative paths in it are taken from the folder the file is in.
    overrides : iterable of str
        ``path=value`` settings that win over the file.

    Returns
    -------
    RunConfig
        The frozen configuration.

    Raises
    ------
    ConfigError
        With every fault, by its path.
    InputError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the configuration ({error}); give a YAML file") from error
    content = apply_overrides(parse_yaml(text, str(path)), overrides, str(path))
    return build_config(content, str(path), path.resolve().parent)
