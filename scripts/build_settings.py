"""Build the tables of ``docs/configuration.md``: every setting, from the schema of a configuration.

Run from the root of the repository::

    python scripts/build_settings.py

What stands before "All settings" stays as it is. A test holds that the committed page equals the generated one.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from itgstrat.config import RunConfig

Schema = Mapping[str, Any]
PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"

#: Section -> where it stands in a file; the page has them in this order.
PLACES = {
    "CohortConfig": "cohorts[ ], validation.external[ ]",
    "ColumnConfig": "cohorts[ ].columns.NAME",
    "EndpointConfig": "endpoint",
    "ResponseConfig": "response",
    "ValidationConfig": "validation",
    "FeaturesConfig": "features",
    "WithoutConfig": "features.signatures[ ], as a mapping",
    "AdjustConfig": "features.adjust",
    "ElasticNetConfig": "model",
    "RidgeConfig": "model",
    "PlainConfig": "model",
    "ForestConfig": "model",
    "BoostedConfig": "model",
    "ComponentwiseConfig": "model",
    "AcceleratedConfig": "model",
    "StackConfig": "model",
    "MemberConfig": "model.members[ ], of a stack",
    "EvaluationConfig": "evaluation",
    "OptimismConfig": "evaluation.optimism",
    "SplitsConfig": "evaluation.splits",
    "UncertaintyConfig": "uncertainty",
    "AntagonistsConfig": "antagonists",
    "StrataConfig": "strata",
    "ComputeConfig": "compute",
}

_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def settings_page() -> str:
    """Write the page, a table a section.

    Returns
    -------
    str
        Markdown.
    """
    whole = RunConfig.model_json_schema()
    sections = whole["$defs"]
    if missing := set(sections) ^ set(PLACES):
        raise SystemExit(f"name the place of these sections in scripts/build_settings.py: {sorted(missing)}")
    parts = [f"The top level:\n\n{_table(whole, sections)}"]
    for name, place in PLACES.items():
        section = sections[name]
        kinds = f", {_values(section['properties']['kind'])}" if place == "model" else ""
        parts.append(f"### {place}{kinds}\n\n{_told(section['description'])}\n\n{_table(section, sections)}")
    head, heading, _ = PAGE.read_text(encoding="utf-8").partition("## All settings")
    return "\n\n".join([f"{head}{heading}", "Made by `python scripts/build_settings.py`.", *parts]) + "\n"


def _told(description: str) -> str:
    return " ".join(description.split("\n\n")[0].split())


def _table(section: Schema, sections: Schema) -> str:
    rows = [
        f"| `{name}` | {_describe(field, sections)} | {_values(field)} | {_default(name, field, section)} |"
        for name, field in section["properties"].items()
    ]
    return "\n".join(["| setting | what | values | default |", "| --- | --- | --- | --- |", *rows])


def _describe(field: Schema, sections: Schema) -> str:
    if "description" in field:
        return _told(field["description"]).replace("|", "\\|")
    named = next(sections[part["$ref"].rpartition("/")[2]] for part in _variants(field) if "$ref" in part)
    return _told(named["description"])


def _variants(field: Schema) -> list[Schema]:
    return [field, *field.get("allOf", ()), *field.get("anyOf", ()), *field.get("oneOf", ())]


def _values(field: Schema) -> str:
    return " or ".join(dict.fromkeys(_each_value(field)))


def _each_value(field: Schema) -> Iterator[str]:
    for part in field.get("anyOf") or field.get("oneOf") or field.get("allOf") or [field]:
        if "enum" in part or "const" in part:
            yield ", ".join(f"`{value}`" for value in part.get("enum", [part.get("const")]))
        elif part.get("type") == "array":
            yield f"list of {_values(part['items'])}" if isinstance(part.get("items"), dict) else "list"
        elif "$ref" in part:
            yield "section"
        elif part.get("type") == "object":
            yield "mapping"
        elif part.get("type") != "null":
            yield _TYPES[part["type"]]


def _default(name: str, field: Schema, section: Schema) -> str:
    if name in section.get("required", ()):
        return "needed"
    default = field.get("default")
    if default is None or isinstance(default, dict) or default == []:
        return ""
    if isinstance(default, list):
        if isinstance(default[0], dict):
            return ", ".join(str(one["name"]) for one in default)
        return f"`[{', '.join(_number(one) for one in default)}]`"
    return f"`{_number(default)}`" if default != "" else ""


def _number(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
