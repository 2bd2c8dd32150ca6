"""Linear models in closed form: risk = base + sum of contributions, by feature and by gene."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from itgstrat.learned import Featurised, LinearRisk

#: Name of the row that holds what no measured gene accounts for: covariates, and genes that were not measured.
REST = "(not of a measured gene)"


def explain_features(model: LinearRisk, featurised: Featurised, patients: Sequence[str]) -> pd.DataFrame:
    r"""Split each patient's risk over the features, :math:`\beta_f (x_f - \bar x_f)`; the base is 0.

    Parameters
    ----------
    model : LinearRisk
        The model.
    featurised : Featurised
        The patients' features.
    patients : sequence of str
        Their names, in row order.

    Returns
    -------
    DataFrame with columns patient, feature, value, contribution, imputed
        One row a patient and feature with a coefficient other than 0; contributions of a patient add up to
        the risk. ``value`` is in training standard deviations; ``imputed`` marks what was not measured.
    """
    used = np.flatnonzero(model.coef)
    contributions = model.contributions(featurised.features.values)[:, used]
    return pd.DataFrame(
        {
            "patient": np.repeat(np.asarray(patients, dtype=object), len(used)),
            "feature": np.tile(model.features[used], len(patients)),
            "value": featurised.features.values[:, used].ravel(),
            "contribution": contributions.ravel(),
            "imputed": featurised.features.missing[:, used].ravel(),
        }
    )


def explain_genes(model: LinearRisk, featurised: Featurised, patients: Sequence[str]) -> pd.DataFrame:
    """Split each patient's risk over genes and covariates, by the arithmetic of the scores.

    A gene's contribution is summed over all signatures that hold it.

    Parameters
    ----------
    model : LinearRisk
        The model.
    featurised : Featurised
        The patients' features.
    patients : sequence of str
        Their names, in row order.

    Returns
    -------
    DataFrame with columns patient, gene, contribution
        Genes, then covariates, then the rest (0 unless genes were not measured); contributions of a patient
        add up to the risk.
    """
    recipe = featurised.recipe
    n_signatures = len(recipe.signatures)
    shares, _ = recipe.split_over_genes(featurised.measured, featurised.batch)
    owner = np.repeat(np.arange(n_signatures), np.diff(recipe.start))
    by_entry = shares * model.coef[:n_signatures][owner]
    members, position = np.unique(recipe.gene, return_inverse=True)
    genes = np.zeros((len(shares), len(members)))
    np.add.at(genes.T, position, by_entry.T)
    contributions = model.contributions(featurised.features.values)
    covariates = contributions[:, n_signatures:]
    rest = contributions.sum(axis=1) - genes.sum(axis=1) - covariates.sum(axis=1)
    names = [*recipe.genes[recipe.members[members]], *recipe.names[n_signatures:], REST]
    table = np.hstack([genes, covariates, rest[:, None]])
    return pd.DataFrame(
        {
            "patient": np.repeat(np.asarray(patients, dtype=object), len(names)),
            "gene": np.tile(np.array(names, dtype=object), len(patients)),
            "contribution": table.ravel(),
        }
    )
