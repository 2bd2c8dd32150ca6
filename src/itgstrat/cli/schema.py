"""`itgstrat schema`: the JSON Schema of a run configuration, for an editor to complete it."""

import json

import typer


def run() -> None:
    """Print the JSON Schema of a run configuration."""
    from itgstrat.config import RunConfig

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunConfig.model_json_schema()}
    typer.echo(json.dumps(schema, indent=2))
