"""From features to biological systems, as the catalogue names them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itgstrat.biology import Catalogue, load_catalogue
from itgstrat.explanation.genes import Origin

Floats = npt.NDArray[np.float64]

#: Themes of what is in no chapter of the catalogue.
CLINICAL, OWN, GENES = "Clinical and other variables", "Own signatures", "Single genes"


def name_systems(
    features: Sequence[str], origin: Origin | None = None, catalogue: Catalogue | None = None
) -> list[tuple[str, str]]:
    """Name the theme and the system of each feature.

    The system of a signature is what its title names; lower, product, parts and adjusted form of one signature,
    and the signature without some genes, are one system. Single genes are two systems, integrin subunits and the
    others; the columns of a clinical variable are one.

    Parameters
    ----------
    features : sequence of str
        Feature names.
    origin : Origin, optional
        How they were made; without it, a feature that the catalogue does not know counts as a variable.
    catalogue : Catalogue, optional
        Where signatures are found by their id; the packaged one if not given.

    Returns
    -------
    list of (str, str)
        Theme and system, one a feature.

    Examples
    --------
    >>> name_systems(["joint_avb6_egfr_erbb2:product", "grade=G3"])[1]
    ('Clinical and other variables', 'grade')
    """
    catalogue = load_catalogue() if catalogue is None else catalogue
    themes = {category: theme.title for theme in catalogue.themes.values() for category in theme.categories}
    rules: dict[str, str] = {}
    if origin is not None:
        recipe = origin.featurised.recipe
        rules = dict(zip(map(str, recipe.signatures), map(str, recipe.rules), strict=True))
    integrins = set(catalogue.integrin_genes())
    named = []
    for feature in features:
        plain = feature.removesuffix(":adjusted")
        known = next((key for key in _spell(plain) if key in catalogue.signatures), None)
        if known is not None:
            signature = catalogue.signatures[known]
            named.append((themes.get(signature.category, signature.category), signature.title))
        elif rules.get(plain) == "gene":
            named.append((GENES, "integrin subunits" if plain in integrins else "other genes"))
        elif plain in rules:
            named.append((OWN, plain.split(":")[0]))
        else:
            named.append((CLINICAL, feature.split("=")[0]))
    return named


def _spell(feature: str) -> tuple[str, ...]:
    """Ids that a feature may come from: itself, without its form, without the note of what was left out."""
    whole = feature.split(":")[0]
    return feature, whole, whole.split("_without_")[0]


def sum_by_system(
    features: Sequence[str], contributions: Floats, origin: Origin | None, catalogue: Catalogue | None
) -> tuple[list[tuple[str, str]], Floats]:
    """Sum contributions over the features of each system; see `name_systems`.

    Parameters
    ----------
    features : sequence of str
        Feature names.
    contributions : ndarray of float64, shape (n_patients, n_features, n_times)
        Contributions of the features.
    origin, catalogue
        As for `name_systems`.

    Returns
    -------
    systems : list of (str, str)
        Theme and system, in the order of the features.
    contributions : ndarray of float64, shape (n_patients, n_systems, n_times)
        Sums.
    """
    named = name_systems(features, origin, catalogue)
    systems = list(dict.fromkeys(named))
    place: npt.NDArray[np.intp] = np.array([systems.index(one) for one in named], dtype=np.intp)
    summed = np.zeros((len(contributions), len(systems), contributions.shape[2]))
    np.add.at(summed.swapaxes(0, 1), place, contributions.swapaxes(0, 1))
    return systems, summed
