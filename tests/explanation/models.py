"""One fitted model of every kind, featurised patients, and slow Shapley values to compare with."""

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd

from itgstrat.fitting.survival import SURVIVAL_MODELS, CoxRidge, ExtraSurvivalTrees, Member, StackedSurvival
from itgstrat.learned import Featurised, ModelBundle, Strata
from itgstrat.response import Response
from tests.fitting import test_models, test_response
from tests.simulate import INTEGRINS, make_bundle, simulate_cohort

TRAINING = simulate_cohort(150, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, missing=0.02, seed=1).cohort
NEW = simulate_cohort(12, 80, missing=0.05, seed=2).cohort
NAMES = list(map(str, NEW.patients))
TIMES = [0.0, 365.25, 1826.25, 1e6]
#: Every survival model, and a stack whose trees have weight; the trees of the sweep's may have none.
SURVIVAL = (*SURVIVAL_MODELS, "mixed stack")
#: Every response model with a logistic calibration map, and one with an isotonic one.
LABEL = (*test_response.EVERY, "isotonic")


@cache
def bundle(name: str) -> ModelBundle:
    """Fit a model of the name."""
    if name in LABEL:
        return _label_bundle(name)
    members = (Member("trees", ExtraSurvivalTrees(n_trees=30)), Member("ridge", CoxRidge(n_penalties=6)))
    mixed = StackedSurvival(members, pull=1e6)
    return make_bundle(TRAINING, model=mixed if name == "mixed stack" else test_models.make(name))


def _label_bundle(name: str) -> ModelBundle:
    plain = bundle("plain_cox")
    values = plain.recipe.featurise(**TRAINING.arrays()).features.values
    noise = np.random.default_rng(0).standard_normal(len(values))
    label = values[:, 0] + 0.5 * values[:, 4] + noise > 0
    if name == "isotonic":
        estimator = test_response.make("random_forest", calibration="isotonic")
    else:
        estimator = test_response.make(name)
    table = pd.DataFrame(values, columns=list(plain.recipe.names))
    model = estimator.fit(table, Response(label, TRAINING.batch, "simulated")).model_
    strata = Strata.learn(model.log_odds(values), [0.5], ["low", "high"])
    return ModelBundle(plain.recipe, model, strata, plain.familiarity, plain.info, "# A card\n")


def featurise(name: str, cohort=NEW, reference="pooled") -> Featurised:
    return bundle(name).recipe.featurise(**cohort.arrays(), reference=reference)


def slow_shapley(value: Callable[[frozenset[int]], np.ndarray], n_features: int) -> np.ndarray:
    """Shapley values by their definition, the mean over all orders; `value` of the known features."""
    orders, value = list(permutations(range(n_features))), cache(value)
    total = np.zeros((n_features, *np.shape(value(frozenset()))))
    for order in orders:
        for place, feature in enumerate(order):
            before = frozenset(order[:place])
            total[feature] += value(before | {feature}) - value(before)
    return total / len(orders)
