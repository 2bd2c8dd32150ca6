"""How a command reads new patients for a trained model."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from itgstrat.cohort import Cohort
    from itgstrat.learned import ModelBundle
    from itgstrat.readers.cohort_stream import CohortStream

Model = Annotated[Path, typer.Argument(help="Model folder that `itgstrat train` wrote.")]
Expression = Annotated[str, typer.Argument(help="Expression file of the new patients, or survset:NAME.")]
Clinical = Annotated[Path | None, typer.Option("--clinical", help="Clinical file with the covariates.")]
Altered = Annotated[
    list[Path] | None,
    typer.Option("--alterations", help="Mutations, copy number or a per-sample table; repeatable."),
]
ReferenceName = Annotated[
    Literal["pooled", "batch", "cohort"],
    typer.Option(
        "--reference",
        metavar="HOW",
        help="pooled: frozen training reference; batch: that of the training cohort named by --name; cohort: "
        "location and scale learned from these patients (30 or more).",
    ),
]
CohortName = Annotated[str | None, typer.Option("--name", help="Name of the cohort.")]
ColumnsLike = Annotated[
    str | None,
    typer.Option(
        "--columns-like",
        metavar="COHORT",
        help="Read the clinical file with the column names and codes of this cohort of the model's configuration.",
    ),
]
UnitName = Annotated[
    Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"],
    typer.Option("--unit", metavar="UNIT", help="auto, counts, linear, log2, log-ratio or z-score."),
]


def read_new_cohort(
    bundle: "ModelBundle",
    expression: str,
    clinical: Path | None = None,
    alterations: Sequence[Path] | None = None,
    name: str | None = None,
    unit: Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"] = "auto",
    columns_like: str | None = None,
) -> "Cohort":
    """Read new patients with what a model asks for: covariates, tumour type, alterations.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    expression : str
        Expression file, or survset:NAME.
    clinical : Path, optional
        Clinical file.
    alterations : sequence of Path, optional
        Mutations, copy number or per-sample tables.
    name : str, optional
        Name of the cohort.
    unit : str
        Unit of the expression.
    columns_like : str, optional
        Cohort of the model's configuration whose clinical columns and codes the clinical file follows.

    Returns
    -------
    Cohort
        The patients.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be.
    """
    with open_new_cohort(bundle, expression, clinical, alterations, name, unit, columns_like) as stream:
        return stream.take()


def open_new_cohort(
    bundle: "ModelBundle",
    expression: str,
    clinical: Path | None = None,
    alterations: Sequence[Path] | None = None,
    name: str | None = None,
    unit: Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"] = "auto",
    columns_like: str | None = None,
) -> AbstractContextManager["CohortStream"]:
    """Open new patients to be read in blocks, with what a model asks for: genes, covariates, tumour type, alterations.

    Parameters
    ----------
    bundle, expression, clinical, alterations, name, unit, columns_like
        As in `read_new_cohort`.

    Returns
    -------
    context manager of CohortStream
        The patients.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be.
    """
    from itgstrat.cli.columns import choose_columns
    from itgstrat.prediction_stream import wanted_genes
    from itgstrat.readers.cohort_stream import stream_cohort
    from itgstrat.readers.tables import read_clinical
    from itgstrat.readers.wanted import read_wanted

    table = read_clinical(clinical) if clinical else None
    rules = bundle.agents
    wanted = dict.fromkeys((*bundle.info.get("alterations", ()), *(rules.alterations if rules else ())))
    altered = read_wanted(alterations, list(wanted)) if alterations else None
    # the mean of a gene's rows looks at one patient only, where the highest mean would look at the whole file
    return stream_cohort(
        expression,
        wanted_genes(bundle),
        name=name,
        clinical=table,
        columns=choose_columns(bundle, table, columns_like),
        unit=unit,
        duplicates="mean",
        alterations=altered,
    )
