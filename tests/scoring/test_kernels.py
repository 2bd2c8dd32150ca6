"""Every score against a slow loop written from its publication."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from itgstrat.scoring import SCORES


def singscore(ranks, signs, total):
    """Foroutan 2018: centred (mean rank - least) / (greatest - least); ranks of the down set are reversed."""
    score = 0.0
    for sign in (1, -1):
        own = [r if sign > 0 else total - r + 1 for r, s in zip(ranks, signs, strict=True) if s == sign]
        if own:
            least, greatest = (len(own) + 1) / 2, (2 * total - len(own) + 1) / 2
            score += (sum(own) / len(own) - least) / (greatest - least) - 0.5
    return score


def mean_rank(ranks, signs, total):
    """Mean rank fraction up minus mean rank fraction down."""
    score = 0.0
    for sign in (1, -1):
        own = [(r - 0.5) / total for r, s in zip(ranks, signs, strict=True) if s == sign]
        score += sign * sum(own) / len(own) if own else 0.0
    return score


def zscore(values, signs, total):
    """Lee 2008: sum of signed z over the square root of the number of genes."""
    return sum(s * z for s, z in zip(signs, values, strict=True)) / math.sqrt(len(values))


def weighted_mean(values, signs, total):
    """Mean of signed z."""
    return sum(s * z for s, z in zip(signs, values, strict=True)) / len(values)


def up_minus_down(one):
    """Score the up set and the down set by the same rule; take the difference."""

    def score(ranks, signs, total):
        own = {sign: [r for r, s in zip(ranks, signs, strict=True) if s == sign] for sign in (1, -1)}
        return sum(sign * one(mine, total) for sign, mine in own.items() if mine)

    return score


@up_minus_down
def ssgsea(ranks, total):
    """Barbie 2009, closed form with mean ranks for ties (the walk itself is tested on ranks without ties)."""
    weight = sum(r**0.25 for r in ranks)
    others = total * (total + 1) / 2 - sum(ranks)
    return sum(r**1.25 for r in ranks) / weight - others / (total - len(ranks))


@up_minus_down
def aucell(ranks, total):
    """Aibar 2017: area under the recovery curve, step by step, as a share of the greatest."""
    top = max(math.ceil(0.05 * total), 2)

    def area(places):
        places = sorted(x for x in places if x < top)
        return sum((right - left) * (found + 1) for found, (left, right) in enumerate(pairwise([*places, top])))

    return area([total + 1 - r for r in ranks]) / area(range(1, len(ranks) + 1))


@up_minus_down
def ucell(ranks, total):
    """Andreatta 2021, as the R package computes it; a set wholly beyond the cut scores 0."""
    limit = min(1500, total)
    places = [total + 1 - r for r in ranks]
    if all(x > limit for x in places):
        return 0.0
    u = sum(min(x, limit + 1) if x > limit else x for x in places) - len(places) * (len(places) + 1) / 2
    return 1 - u / (len(places) * limit)


def plage(values, signs, total):
    """Tomfohr 2005 with weights that are given: their sum with z."""
    return sum(s * z for s, z in zip(signs, values, strict=True))


@up_minus_down
def gsva(ranks, total):
    """Hanzelmann 2013: walk down the whole list; genes of one rank stand in the middle of the others tied with them."""
    places = sorted(total + 1 - r for r in ranks)
    weights = {place: abs(total - place + 1 - total / 2) for place in places}
    whole = sum(weights[place] for place in places)
    height, passed, heights = 0.0, 0.0, [0.0]
    for place in sorted(set(places)):
        before, here = sum(p < place for p in places), places.count(place)
        others = place - before - (here + 1) / 2
        height -= (others - passed) / (total - len(ranks))
        passed = others
        heights.append(height)
        height += here * weights[place] / whole if whole else here / len(ranks)
        heights.append(height)
    return max(heights) + min(heights)


SLOW = {
    "singscore": singscore,
    "mean_rank": mean_rank,
    "ssgsea": ssgsea,
    "aucell": aucell,
    "ucell": ucell,
    "zscore": zscore,
    "weighted_mean": weighted_mean,
    "plage": plage,
    "gsva": gsva,
}
FREE = (math.inf, math.inf)
LIMITS = dict.fromkeys(SLOW, (1.0, 1.0)) | dict.fromkeys(("zscore", "weighted_mean", "plage"), FREE)
LIMITS["singscore"], LIMITS["gsva"] = (0.5, 1.0), (1.0, 2.0)
LIMITS["ssgsea"] = (30.0, 60.0)  # `draw` makes 30 genes


def draw(seed, n_patients=6, n_genes=30, n_set=7, ties=True):
    """Expression with ties and missing values; the set is the first genes, of both signs."""
    random = np.random.default_rng(seed)
    values = random.normal(8, 2, (n_patients, n_genes))
    values = np.round(values) if ties else values
    values[random.random(values.shape) < 0.15] = np.nan
    values[:, n_set] = 1.0  # never nothing but the set
    return values, random.choice([-1.0, 1.0], n_set)


def gene_values(method, values, n_set):
    total = (~np.isnan(values)).sum(axis=1)
    ranks = rankdata(values, axis=1, nan_policy="omit")
    if method.values == "expression":
        return values[:, :n_set], values[:, :n_set], total
    return ((ranks - 0.5) / total[:, None])[:, :n_set], ranks[:, :n_set], total


def test_every_score_has_a_slow_twin():
    assert SLOW.keys() == SCORES.keys()


@pytest.mark.parametrize("name", SCORES)
@given(seed=st.integers(0, 10_000))
def test_a_score_equals_its_published_formula(name, seed):
    method = SCORES[name]
    values, signs = draw(seed)
    entering, slow_values, total = gene_values(method, values, len(signs))
    scores = method.score(entering, signs, total)
    for patient, score in enumerate(scores):
        seen = ~np.isnan(entering[patient])
        if seen.any():
            expected = SLOW[name](slow_values[patient, seen], signs[seen], int(total[patient]))
            assert score == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(score)


@pytest.mark.parametrize("name", SCORES)
@given(seed=st.integers(0, 10_000))
def test_a_score_is_its_offset_and_the_terms_of_its_genes(name, seed):
    values, signs = draw(seed)
    entering, _, total = gene_values(SCORES[name], values, len(signs))
    terms, offset = SCORES[name].terms(entering, signs, total)
    known = (~np.isnan(entering)).any(axis=1)
    rebuilt = (offset + terms.sum(axis=1))[known]
    np.testing.assert_allclose(SCORES[name].score(entering, signs, total)[known], rebuilt, atol=1e-12)
    assert (terms[np.isnan(entering)] == 0).all()


def test_ssgsea_is_the_sum_of_the_walk_down_the_list():
    ranks, own = np.random.default_rng(5).permutation(40) + 1.0, np.arange(6)
    order = np.argsort(-ranks)
    inside = np.isin(order, own)
    hits = np.cumsum(np.where(inside, ranks[order] ** 0.25, 0)) / (ranks[own] ** 0.25).sum()
    walk = hits - np.cumsum(~inside) / (~inside).sum()
    scored = SCORES["ssgsea"].score((ranks[None, own] - 0.5) / 40, np.ones(6), np.array([40]))
    assert scored[0] == pytest.approx(walk.sum(), abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
@given(seed=st.integers(0, 10_000), n_set=st.integers(1, 20))
def test_limits_hold(name, seed, n_set):
    values, signs = draw(seed, n_set=n_set)
    entering, _, total = gene_values(SCORES[name], values, n_set)
    scores = SCORES[name].score(entering, signs, total)
    limit = LIMITS[name][int(len(set(signs)) > 1)]
    assert (np.abs(scores[~np.isnan(scores)]) <= limit + 1e-12).all()


@pytest.mark.parametrize(("order", "expected"), [(1, 0.5), (-1, -0.5)])
def test_singscore_reaches_its_limits(order, expected):
    fractions = (np.arange(1, 21)[::order][None, -4:] - 0.5) / 20
    assert SCORES["singscore"].score(fractions, np.ones(4), np.array([20]))[0] == pytest.approx(expected)


def test_singscore_of_reversed_signs_is_reversed():
    values, signs = draw(3)
    entering, _, total = gene_values(SCORES["singscore"], values, len(signs))
    there, back = (SCORES["singscore"].score(entering, s, total) for s in (signs, -signs))
    np.testing.assert_allclose(there, -back, atol=1e-12)


def test_singscore_of_all_that_was_measured_is_not_defined():
    fractions = np.array([[0.25, 0.75, np.nan], [1 / 6, 0.5, 5 / 6]])
    assert np.isnan(SCORES["singscore"].score(fractions, np.ones(3), np.array([2, 3]))).all()


@pytest.mark.parametrize("name", SCORES)
def test_without_a_gene_there_is_no_score(name):
    scores = SCORES[name].score(np.full((1, 3), np.nan), np.array([1.0, 1.0, -1.0]), np.array([0]))
    assert np.isnan(scores).all()


@pytest.mark.parametrize("name", SCORES)
def test_every_method_says_what_it_is(name):
    method = SCORES[name]
    assert method.name == name
    assert "doi" in method.reference
    assert method.formula
    assert method.limits
    assert method.single_sample is (method.values == "rank")
