"""Quality of signatures: each number against a slow way, each warning on data made for it."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from itgstrat.biology import Signature, Source, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.evaluation.quality import assess_signatures
from itgstrat.scoring import score_sets

CATALOGUE = load_catalogue()
GENES = [f"G{number}" for number in range(60)]


def signature(name, genes, rule="set", parts=()):
    genes = genes if isinstance(genes, dict) else dict.fromkeys(genes, 1)
    return Signature(name, name, "kind", rule, genes, Source(text="made up"), "high", parts=parts)


def cohort(n=40, seed=0, genes=GENES, unit="log2", name="ours", **clinical):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, len(genes))) + np.linspace(0, 10, len(genes))
    index = pd.Index([f"{name}{number}" for number in range(n)])
    table = pd.DataFrame(values, index=index, columns=genes)
    return Cohort(name, table, pd.DataFrame(clinical, index=index), np.full(n, name), unit=unit)


def change(given, **columns):
    return replace(given, expression=given.expression.assign(**columns))


def assess(given, *signatures, **options):
    found = assess_signatures(given, signatures, **options).signatures
    return found[0] if len(found) == 1 else found


def test_coverage_names_what_is_missing():
    found = assess(cohort(), signature("s", ["G21", "G22", "NOT", "NEITHER", "NOR"]))
    assert (found.n_measured, found.n_genes, found.coverage) == (2, 5, 0.4)
    assert found.missing == ("NOT", "NEITHER", "NOR")
    assert found.warnings == ("low coverage: 2 of 5 genes measured",)
    nothing = assess(cohort(), signature("s", ["NOT"]))
    assert nothing.coverage == 0
    assert math.isnan(nothing.level)
    assert math.isnan(nothing.coherence)


def test_a_gene_that_is_missing_in_everybody_is_not_measured():
    found = assess(change(cohort(), G1=np.nan), signature("s", ["G1", "G2", "G3"]))
    assert found.missing == ("G1",)


def test_level_and_spread_by_hand():
    given = cohort()
    given = change(given, G59=given.expression["G59"] * 10, G30=3.0)
    own = ["G0", "G30", "G59"]
    found = assess(given, signature("s", own))
    median, sd = given.expression.median(), given.expression.std()
    assert found.level == pytest.approx(((median.rank() - 0.5) / 60)[own].median())
    assert found.share_low == pytest.approx((median[own] <= median.quantile(0.1)).mean()) == pytest.approx(1 / 3)
    assert found.variability == pytest.approx(sd[own].median() / sd.median())
    assert found.share_constant == pytest.approx(1 / 3)


@pytest.mark.parametrize("unit", ["log-ratio", "z-score", "mixed"])
def test_ratios_tell_no_level(unit):
    found = assess(cohort(unit=unit), signature("s", ["G0", "G1"]))
    assert math.isnan(found.level)
    assert not any("hardly expressed" in text for text in found.warnings)
    assert not math.isnan(found.variability)


def test_coherence_is_the_median_correlation_with_signs():
    given = cohort()
    given = change(given, G5=-given.expression["G4"] + 0.1 * given.expression["G5"], G7=1.0)
    signs = {"G3": 1, "G4": 1, "G5": -1, "G6": 1, "G7": 1}
    rho, _ = spearmanr(given.expression[["G3", "G4", "G5", "G6"]])
    sign = np.array([1, 1, -1, 1])
    slow = np.median((rho * np.outer(sign, sign))[np.triu_indices(4, 1)])
    assert assess(given, signature("s", signs)).coherence == pytest.approx(slow, abs=1e-12)
    assert math.isnan(assess(given, signature("s", ["G3"])).coherence)


def test_agreement_is_the_lowest_of_the_methods():
    given, own = cohort(), {"G3": 1, "G20": 1, "G40": -1}
    by_method = score_sets(given.expression.to_numpy(), GENES, {"s": own}, ("singscore", "ssgsea", "zscore"))
    scores = [values[:, 0] for values in by_method.values()]
    slow = min(spearmanr(scores[i], scores[j])[0] for i, j in [(0, 1), (0, 2), (1, 2)])
    assert assess(given, signature("s", own)).agreement == pytest.approx(slow, abs=1e-12)


def test_the_lower_of_two_is_scored_in_one_way():
    given = cohort(purity=np.zeros(40))
    z = (given.expression - given.expression.mean()) / given.expression.std()
    lower = z[["G31", "G32"]].min(axis=1)
    given = given.with_clinical(pd.DataFrame({"purity": lower**3}))
    one = signature("s", ["G31", "G32"], "lower_subunit", (("alpha", ("G31",)), ("beta", ("G32",))))
    found = assess(given, one)
    assert math.isnan(found.agreement)
    assert found.purity == pytest.approx(1)
    assert found.warnings == ("a proxy of purity: correlation +1.00",)
    without = replace(given, expression=given.expression.drop(columns="G32"))
    assert assess(without, one).warnings == ("no gene of part 'beta' measured: it cannot be scored",)
    assert math.isnan(assess(without, one).purity)


def test_warnings_on_genes_that_say_nothing():
    given = cohort()
    silent = assess(given, signature("s", ["G0", "G1", "G59"]))
    assert silent.warnings[0] == "hardly expressed: 67% of its genes are in the lowest tenth"
    still = change(given, **{name: 5 + given.expression[name] / 10 for name in ("G30", "G31")})
    told = assess(still, signature("s", ["G30", "G31"])).warnings[0]
    assert told.startswith("hardly varying: its SD is 0.1")
    same = change(given, G30=5.0, G31=6.0)
    assert "hardly varying: 100% of its genes are constant" in assess(same, signature("s", ["G30", "G31"])).warnings


def test_genes_that_do_not_go_together():
    apart = [f"G{number}" for number in range(20, 30)]
    told = [text for text in assess(cohort(), signature("s", apart)).warnings if text.startswith("incoherent")]
    assert len(told) == 1
    few = assess(cohort(), signature("s", apart[:4]))
    assert not any(text.startswith("incoherent") for text in few.warnings)
    shared = np.random.default_rng(1).normal(size=40)
    given = change(cohort(), **{name: 5 + shared + 0.5 * cohort().expression[name] for name in apart})
    together = assess(given, signature("s", apart))
    assert together.coherence > 0.5
    assert together.warnings == ()


def test_a_proxy_of_proliferation_and_the_control_itself():
    e2f = CATALOGUE.signatures["output_e2f"]
    genes = [*list(e2f.genes)[:30], *GENES]
    growth = np.random.default_rng(2).normal(size=60)
    given = cohort(60, genes=genes)
    cycling = {gene: given.expression[gene] + 3 * growth for gene in (*genes[:30], "G4", "G5", "G6")}
    proxy, control, other = assess(
        change(given, **cycling), signature("s", ["G4", "G5", "G6"]), e2f, signature("t", ["G40", "G41"])
    )
    assert proxy.proliferation > 0.7
    assert [text for text in proxy.warnings if "proxy" in text] == [
        f"a proxy of proliferation: correlation {proxy.proliferation:+.2f}"
    ]
    assert math.isnan(control.proliferation)
    assert abs(other.proliferation) < 0.5


def test_signatures_that_hold_the_target():
    named = ("hallmark_angiogenesis", "itg_avb6")
    angiogenesis, dimer = assess_signatures(cohort(), CATALOGUE.select(named)).signatures
    assert angiogenesis.warnings[-1] == "circular: contains ITGAV"
    assert not any("circular" in text for text in dimer.warnings)
    assert assess(cohort(), signature("s", ["G1", "G2"]), targets=["G2"]).warnings[-1] == "circular: contains G2"


def test_batches_are_assessed_apart_and_averaged():
    first, second = cohort(30, 1, name="a"), cohort(20, 2, name="b")
    # in one heap, the shift of the second batch would make any two genes correlate
    second = replace(second, expression=second.expression + 20)
    both = Cohort(
        "both",
        pd.concat([first.expression, second.expression]),
        pd.concat([first.clinical, second.clinical]),
        np.repeat(["a", "b"], [30, 20]),
    )
    one = signature("s", ["G10", "G20", "G30", "G40"])
    joined, alone = assess_signatures(both, [one]), [assess(part, one) for part in (first, second)]
    assert (joined.n_batches, joined.n_patients) == (2, 50)
    for name in ("level", "variability", "coherence", "agreement"):
        mean = np.mean([getattr(part, name) for part in alone])
        assert getattr(joined.signatures[0], name) == pytest.approx(mean, abs=1e-6)
    listed = assess_signatures([first, second], [one])
    assert listed.cohort == "a, b"
    pd.testing.assert_frame_equal(listed.as_frame(), joined.as_frame())
    lacking = replace(second, expression=second.expression.drop(columns="G10"))
    assert assess([first, lacking], one).missing == ("G10",)


@pytest.mark.parametrize("n", [1, 9])
def test_few_patients_give_the_level_alone(n):
    found = assess(cohort(n), signature("s", ["G10", "G20"]))
    assert not math.isnan(found.level)
    assert all(math.isnan(getattr(found, name)) for name in ("variability", "coherence", "agreement"))


def test_missing_values_are_borne():
    given = cohort()
    holes = given.expression.where(np.random.default_rng(3).random((40, 60)) > 0.1)
    holes.loc[holes.index[1:], "G9"] = np.nan  # measured in one patient alone
    found = assess(replace(given, expression=holes), signature("s", ["G9", "G10", "G20", "G30", "G40"]))
    whole = assess(given, signature("s", ["G10", "G20", "G30", "G40"]))
    assert found.coherence == pytest.approx(whole.coherence, abs=0.15)
    assert math.isfinite(found.agreement)


def test_constant_expression_gives_no_correlation():
    given = cohort()
    found = assess(replace(given, expression=given.expression * 0 + 1), signature("s", ["G1", "G2"]))
    assert math.isnan(found.coherence)
    assert math.isnan(found.variability)
    assert found.share_constant == 1


def test_as_table_and_as_json():
    quality = assess_signatures(cohort(), [signature("s", ["G1", "NOT"]), signature("t", ["G2"])])
    frame = quality.as_frame()
    assert list(frame.index) == ["s", "t"]
    assert frame.loc["s", "missing"] == "NOT"
    assert frame.loc["s", "coverage"] == 0.5
    plain = json.loads(json.dumps([one.as_dict() for one in quality.signatures], allow_nan=False))
    assert plain[0]["missing"] == ["NOT"]
    assert plain[1]["coherence"] is None
    assert assess_signatures(cohort(), []).as_frame().empty


def test_the_order_of_genes_and_the_unit_of_measurement_do_not_matter():
    given, one = cohort(), signature("s", {"G3": 1, "G20": -1, "G40": 1})
    turned = replace(given, expression=given.expression[GENES[::-1]])
    pd.testing.assert_frame_equal(
        assess_signatures(given, [one]).as_frame(), assess_signatures(turned, [one]).as_frame()
    )
