"""The reports: finding first, everything there, names as text, the same bytes, no network."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from itgstrat.evaluation.compare import LABELS, Interval
from itgstrat.evaluation.prognosis import MeanSurvival
from itgstrat.evaluation.separation import HazardRatio, Separation
from itgstrat.learned.lower_bound import LowerBound
from itgstrat.reporting import prediction_report, training_report
from itgstrat.reporting.characteristics import tabulate_groups
from itgstrat.reporting.comparisons import describe_comparison
from itgstrat.reporting.report import MOST_PATIENTS
from itgstrat.reporting.sections import fold_groups
from tests.reporting.conftest import (
    STRATA,
    make_bundle,
    make_cohort,
    make_cohorts,
    make_comparison,
    make_config,
    make_drivers,
    make_evaluation,
    make_prediction,
    mark_up,
)
from tests.reporting.test_checklists import CLOSER

VOID = {"meta", "link", "col", "br", "img", "hr", "input", "use", "path"}


class Page(HTMLParser):
    """Reads a page and notes what a test asks about."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.open, self.words = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def names(self):
        return [tag for tag, _ in self.tags]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def report(config, evaluation, bundle, cohorts, drivers):
    return training_report(config, evaluation, bundle, cohorts, drivers, {"itg_a1b1": "ITGA1 <not> measured"})


def test_the_finding_comes_before_everything_else(report, evaluation):
    page = Page(report)
    body = page.names()[page.names().index("body") :]
    assert body[:6] == ["body", "a", "header", "h1", "p", "strong"]  # a: the way past the contents
    start = page.text.index("itgstrat training run: made-up")
    said = evaluation.finding.replace(":", "")  # the verdict is a heading
    assert page.text[start:].startswith(f"itgstrat training run: made-up {said}")


def test_strata_of_cross_validation_are_drawn_without_a_test(evaluation):
    drawn = {item.kind: describe_comparison("c", item, STRATA) for item in evaluation.comparisons}
    tested = {
        kind: "log-rank" in next(one.caption for one in part.figures if one.name == "c-km")
        for kind, part in drawn.items()
    }
    assert tested["external"]
    assert not tested["cross-validation"]


def test_every_comparison_has_its_tables_and_figures(report):
    page = Page(report)
    left_out = [f"Left out: {name}, pooled reference" for name in ("C1", "C2")]
    names = ["Cross-validation", *left_out, "External: X, pooled reference"]
    for name in [*names, "External: X, cohort reference"]:
        assert re.search(f"<h3 id=[^>]*>{name}</h3>", report)
    assert report.count("Paired differences on the same patients") == 2 * 5  # caption and label
    # concordance, Kaplan-Meier, AUC, calibration, decision; drivers: three levels, two importances, two curves, a map
    assert page.names().count("figure") == 5 * 5 + 8
    for row in ("the model", "signatures only", "clinical only", "proliferation only", "Kaplan-Meier"):
        assert report.count(f'<th scope="row">{row}</th>') >= 5
    assert report.count("random genes (100 draws), p = 0.030") == 5


def test_every_comparison_tells_what_was_measured_at_each_horizon(report):
    page = Page(report)
    assert report.count("<caption><span>At 2 years: time-dependent AUC") == 5
    for cell in (
        "0.701 (0.600 to 0.800)",
        "0.082 (0.010 to 0.150)",
        "0.912 (0.700 to 1.100)",
        "0.033 (0.012 to 0.061)",
    ):
        assert report.count(f">{cell}</td>") == 5 * (len(LABELS) - 1)  # every row but Kaplan-Meier
    assert report.count(">p = 0.44</td>") == 5 * len(LABELS)
    assert report.count(">+0.021 (-0.030 to +0.070)</td>") == 5 * (len(LABELS) - 1)
    assert "integrated calibration index 0.033 (0.012 to 0.061)" in report
    assert "interval above 0 at 2 of 3 thresholds, between 20% and 40%" in page.text
    assert "from a risk of 20% the model +0.250, clinical only +0.200, treat all +0.200" in report


def test_groups_not_followed_and_overconfident_risks_are_told():
    comparison = make_comparison()
    ((horizon, table), *_) = comparison.calibration.items()
    lost = {**table[0], "observed": np.nan, "low": np.nan, "high": np.nan}
    model, *others = comparison.rows
    comparison = replace(
        comparison,
        calibration={horizon: [lost, *table[1:]]},
        rows=(replace(model, slope=Interval(0.5, 0.3, 0.7)), *others),
    )
    config = make_config()
    bundle = make_bundle(config)
    page = training_report(config, make_evaluation([comparison]), bundle, make_cohorts(config), make_drivers(bundle))
    assert "1 group not drawn: nobody in it was followed for 2 years." in page
    assert "Predicted risks are too far apart here (calibration slope 0.500 (0.300 to 0.700); 1 is right)" in page


def test_what_was_dropped_left_out_and_used_is_there(report):
    text = Page(report).text
    for part in (
        "2 genes no approved gene has this label G<i>1</i>, G2",
        "1 patient the time is <missing> <script>alert(1)</script>",
        "4 genes were measured in every training cohort",
        "Integrin a1b1 (ITGA1/ITGB1) itg_a1b1 ITGA1 <not> measured",
        "30 events for 26 candidate features",
        "Putative and hypothesis-generating; not for clinical use",
        "itgstrat 0.1.0, numpy 2.0, seed 0",
        "signatures: - heterodimers",
        "3 of 4 features have a coefficient other than 0",
    ):
        assert part in text


def test_hazard_ratios_of_the_risk_are_drawn_and_told(config, evaluation, bundle, cohorts, drivers):
    page = Page(training_report(config, replace(evaluation, closer=CLOSER), bundle, cohorts, drivers))
    assert "out-of-fold risk alone 1.80 (1.20 to 2.70) p = 0.004 p = 0.40" in page.text
    assert "age (per SD, 10) adjusted 1.10 (0.90 to 1.40) p = 0.30 p = 0.60" in page.text
    assert "chi-square 6.60, 1 degree of freedom, p = 0.010" in page.text
    assert "Hazard ratios with 95% intervals, out of fold" in page.text
    labels = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert any("out-of-fold risk, adjusted 1.80 (1.20 to 2.70)" in label for label in labels)


def test_strata_out_of_fold_have_intervals_and_no_log_rank_p(config, evaluation, bundle, cohorts, drivers):
    apart = Separation(9.0, 1, 0.003, (HazardRatio("high", "low", 20, 9, 2.5, 1.3, 4.8),))
    means = (
        MeanSurvival("low", 30, 8, 700.0, 680.0, 720.0, np.nan, np.nan, np.nan, np.nan),
        MeanSurvival("high", 20, 9, 600.0, 560.0, 640.0, -100.0, -140.0, -60.0, 0.0001),
    )
    closer = replace(CLOSER, separation=apart, prognosis=replace(CLOSER.prognosis, means=means))
    page = training_report(config, replace(evaluation, closer=closer), bundle, cohorts, drivers)
    own = Page(page[page.index('<h2 id="closer">') : page.index('<h2 id="drivers">')].rpartition("</section>")[0]).text
    assert "high over low 20 9 2.50 (1.30 to 4.80)" in own
    assert "600 (560 to 640) -100 (-140 to -60)" in own
    assert "a log-rank test of such strata within fold says p < 0.05 in about 13% of runs" in own
    assert "p = 0.003" not in own
    assert "p < 0.001" not in own


def test_d_calibration_has_its_caveat_in_cross_validation_alone(report):
    (caption,) = {
        one for one in re.findall(r"<caption><span>(.*?)</span>", report) if "even Kaplan-Meier has a p" in one
    }
    assert caption.startswith("Cross-validation. ")


def test_findings_stand_open_and_variants_and_long_tables_under_their_main_number(report):
    first = report[report.index('id="c1"') : report.index('id="c2"')]
    inside = report[report.index('id="c2"') : report.index('id="c3"')]
    assert (
        "At 2 years: AUC 0.701 (0.600 to 0.800), Brier score 0.170" in re.findall("<summary>(.*)</summary>", first)[0]
    )
    (whole, _) = re.findall("<summary>(.*)</summary>", inside)
    assert whole == (
        "Concordance 0.650 (0.570 to 0.720); against clinical only +0.020 (-0.030 to +0.070); Brier score against "
        "Kaplan-Meier -0.010 (-0.030 to +0.010): tables and figures"
    )
    open_ = {
        key: "tables and figures" not in report[report.index(f'id="{key}"') :].partition("</section>")[0]
        for key in ("c1", "c2", "c3", "c4", "c5")
    }
    assert open_ == {"c1": True, "c2": False, "c3": False, "c4": True, "c5": False}
    for told in (
        "What was dropped, and why: 2 genes and 1 patient",
        "3 of 4 features have a coefficient other than 0",
        r"\d+ signatures, \d+ with a warning",
        r"Every feature that the model uses; the strongest: Integrin \w+ .*, 0\.\d+",
    ):
        assert re.search(f"<summary>{told}", report), told


def test_groups_of_patients_are_folded_under_their_sizes():
    groups = {"low": pd.DataFrame({"age": [50, 60, 70]}), "high": pd.DataFrame({"age": [40]})}
    assert (
        fold_groups(tabulate_groups("Table 1, by stratum", groups)).summary == "Table 1, by stratum: 3 low and 1 high"
    )


def test_warnings_of_a_folded_comparison_stay_in_sight():
    first, left_out = make_comparison(), make_comparison("leave-one-cohort-out", "C1", "pooled")
    left_out = replace(left_out, patients=left_out.patients.assign(stratum="high"))
    config = make_config()
    bundle, judged = make_bundle(config), make_evaluation([first, left_out])
    page = training_report(config, judged, bundle, make_cohorts(config), make_drivers(bundle))
    own = page[page.index('id="c2"') :]
    assert own.index("100% of the patients are in one stratum") < own.index("<details>")


def test_survival_that_could_not_be_judged_is_a_dash_in_the_training_report(
    config, evaluation, bundle, cohorts, drivers
):
    info = {**bundle.info, "evaluation": [{"horizons_days": [1826.25], "followed_days": 1900.0}]}
    page = training_report(config, evaluation, replace(bundle, info=info), cohorts, drivers)
    rows = re.search(r"<caption><span>Predicted survival of a patient.*?</table>", page, re.DOTALL)[0]
    assert re.findall(r'<td class="number">([^<]*)</td>', rows)[:2] == ["–", "–"]


def test_what_was_read_and_made_is_told_by_its_hash(config, evaluation, bundle, cohorts, drivers):
    text = Page(training_report(config, evaluation, bundle, cohorts, drivers, hashes={"a <file>.tsv": "00ff"})).text
    assert "What was made and read SHA-256 a <file>.tsv 00ff" in text


def test_survival_beyond_follow_up_is_a_dash(report):
    rows = re.search(r"<caption><span>Predicted survival of a patient.*?</table>", report, re.DOTALL)[0]
    cells = re.findall(r'<td class="number">([^<]*)</td>', rows)
    assert cells[:3] == ["90%", "–", "4.1"]  # exp(-0.1) at two years; training was followed 1,500 days


def test_hazard_ratios_by_hand(report):
    assert f"{np.exp(0.3):.3f}" in report  # per SD
    assert f"{np.exp(0.1 / 10):.3f}" in report  # age, per year: SD 10


def test_markup_in_names_is_shown_as_text(config, evaluation, bundle, cohorts, drivers):
    nasty = "<script>alert('x')</script>"
    page = training_report(
        config, mark_up(evaluation), bundle, (make_cohort(nasty), *cohorts[1:]), drivers, {nasty: nasty}
    )
    assert page.count("<script") == 1  # the page's own
    assert "<b>north" not in page
    assert nasty in Page(page).text
    assert "$x^2$" in page


def test_the_same_run_gives_the_same_bytes(config, evaluation, bundle, cohorts, drivers, report):
    again = training_report(config, make_evaluation(), bundle, cohorts, drivers, {"itg_a1b1": "ITGA1 <not> measured"})
    assert again == report


def test_the_page_is_sound(report):
    page = Page(report)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert page.tags[0] == ("html", {"lang": "en"})
    anchors = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert all(anchor.startswith("#") and anchor[1:] in page.ids for anchor in anchors)
    labels = [attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs]
    assert set(labels) <= set(page.ids)
    levels = [int(tag[1]) for tag in page.names() if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.names().count("table") == page.names().count("caption")
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")


def test_a_run_without_clinical_rows_one_cohort_and_nothing_external():
    config = make_config(covariates=(), external=False, cohorts=1)
    evaluation = make_evaluation([make_comparison(cohort="C1", models=("model", "proliferation", "kaplan_meier"))])
    bundle = make_bundle(config)
    page = training_report(config, evaluation, bundle, make_cohorts(config), make_drivers(bundle))
    assert "clinical only" not in re.sub("Against clinical only", "", page)
    assert "Cross-validation: C1" in page
    assert "Left out:" not in page
    assert "External" not in Page(page).text
    assert "were measured in every training cohort" not in page
    assert "Every signature and covariate that was asked for could be used" in page


def test_a_run_without_random_signatures_says_so():
    config = make_config(evaluation={"random_signatures": 0, "without_random": True})
    evaluation = make_evaluation([make_comparison(draws=0)])
    bundle = make_bundle(config)
    page = training_report(config, evaluation, bundle, make_cohorts(config), make_drivers(bundle))
    assert "Random signatures were switched off" in page


def test_a_report_warns_where_survival_is_worse_than_kaplan_meier_and_strata_do_not_carry_over():
    comparison = make_comparison("external", "X", "pooled")
    worse = tuple(
        replace(item, brier=Interval(0.2, 0.1, 0.3)) if item.against == "kaplan_meier" else item
        for item in comparison.differences
    )
    comparison = replace(comparison, differences=worse, patients=comparison.patients.assign(stratum="high"))
    config = make_config()
    bundle, judged = make_bundle(config), make_evaluation([make_comparison(), comparison])
    page = training_report(config, judged, bundle, make_cohorts(config), make_drivers(bundle))
    assert "Predicted survival is worse here than Kaplan-Meier" in page
    assert "100% of the patients are in one stratum (high)" in page
    assert page.count('class="warning"') == 1


def test_a_prediction_shows_strata_flags_and_contributions_that_add_up(bundle):
    page = Page(prediction_report(make_prediction(), bundle))
    assert "3 patients: 1 low, 1 intermediate, 1 high. 1 is unlike the patients of training." in page.text
    assert "far <b>away</b>" in page.text
    assert "-1.00 Integrin avb6" in page.text
    assert "+0.25 Integrin a5b1" in page.text
    assert "-0.25 site=<b>north</b>" in page.text
    assert "site=<b>north</b> (+1.0) -0.25 risk -1.00" in page.text
    assert "The finding of training." in page.text
    assert "80% to 100%" in page.text
    assert "a note" in page.text
    assert "reference:" not in page.text.lower().replace("reference: pooled", "")
    assert not page.open


def test_the_rest_of_the_contributions_is_told(bundle):
    prediction = make_prediction(("P1",))
    values = [round(0.5 - 0.03 * number, 2) * (-1) ** number for number in range(15)]
    explanations = pd.DataFrame(
        {"patient": "P1", "feature": [f"f{number}" for number in range(15)], "value": 1.0, "contribution": values}
    )
    explanations["imputed"] = explanations["feature"] == "f0"
    page = Page(prediction_report(replace(prediction, explanations=explanations), bundle))
    assert "+0.50 f0 -0.47 f1 +0.44 f2" in page.text  # in the table
    assert "f0 (imputed) +0.50 f1 (+1.0) -0.47" in page.text  # on the patient's page
    rest, total = sum(values[12:]), sum(values)
    assert f"3 others {rest:+.2f} risk {total:+.2f}" in page.text


def test_many_reasons_are_folded_and_few_are_not(bundle):
    many = make_prediction([f"P{number}" for number in range(13)])
    many.table["out_of_distribution"] = True
    assert "<summary>Why each of 13 is flagged</summary>" in prediction_report(many, bundle)
    assert "<summary>Why" not in prediction_report(make_prediction(), bundle)


def test_patient_names_with_markup_are_text(bundle):
    page = prediction_report(make_prediction(("<script>alert(1)</script>", '"><img src=x>', "c & d")), bundle)
    assert page.count("<script") == 1  # the page's own
    assert not {"img", "b>north"} & set(Page(page).names())
    assert "<b>north" not in page
    assert "<script>alert(1)</script>" in Page(page).text
    assert "c & d" in Page(page).text


def test_a_reference_of_the_cohorts_own_is_marked_in_every_heading(bundle):
    page = prediction_report(make_prediction(reference="cohort"), bundle)
    for heading in ("Overview", "Patients", "Patients unlike those of training"):
        assert f"{heading} (reference: cohort)</h2>" in page
    assert "made-up (reference: cohort)</h1>" in page
    assert "depend on who else is in the file" in page.replace("\n", " ")


def test_one_patient_and_a_withheld_risk(bundle):
    prediction = make_prediction(("P1",))
    prediction.table.loc[0, ["risk", "stratum"]] = [np.nan, "withheld"]
    text = Page(prediction_report(prediction, bundle)).text
    assert "1 patient: 0 low, 0 intermediate, 0 high, 1 withheld." in text
    assert "Integrin avb6" not in text


def test_intervals_and_lower_bounds_stand_in_the_table_and_on_the_page(bundle):
    prediction = make_prediction()
    table = prediction.table.assign(risk_low=[-1.5, np.nan, 0.2], risk_high=[-0.4, np.nan, 1.9])
    table = table.assign(lower_bound_days=[365.25, np.nan, 60.0], lower_bound_capped=[True, False, False])
    bound = LowerBound(0.9, 0.93, np.array([30.0, 365.25]), 60, 20)
    page = prediction_report(replace(prediction, table=table), replace(bundle, lower_bound=bound))
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page)
    assert heads[2:7] == [
        "Risk",
        "95% of bootstrap refits",
        "Survival at 2 years",
        "Survival at 5 years",
        "9 of 10 outlive",
    ]
    cells = re.findall(r'<td class="number">([^<]*)</td>', page)
    assert cells[:5] == ["-1.00", "-1.50 to -0.40", "80%", "–", "≥ 12 months"]
    assert cells[6:11] == ["0.00", "–", "80%", "–", "–"]
    assert cells[12:17] == ["+1.00", "+0.20 to +1.90", "80%", "–", "2.0 months"]
    assert "9 of 10 such patients live at least 12 months, the longest that could be calibrated." in page
    assert "How long such patients live at least is not told." in page
    assert "9 of 10 such patients live longer than 2.0 months." in page


def test_the_waterfall_starts_at_the_base(bundle):
    text = Page(prediction_report(replace(make_prediction(("P1",)), base=0.5), bundle)).text
    assert "base +0.50" in text
    assert "risk -0.50" in text  # contributions add up to -1


def test_how_sure_a_prediction_is_and_what_could_not_be_learned_is_told(
    config, evaluation, bundle, cohorts, drivers, report
):
    assert "How sure for one patient" not in report
    bound = LowerBound(0.8, 0.85, np.array([30.0, 365.25]), 60, 20)
    info = {**bundle.info, "untold": {"spread": "the <risk> is no weighted sum"}}
    text = Page(
        training_report(config, evaluation, replace(bundle, lower_bound=bound, info=info), cohorts, drivers)
    ).text
    assert "Lower bound of survival: 4 of 5 patients are to outlive theirs" in text
    assert "falls to 85.0% (were the model right: 80.0%), which was calibrated on 60 training patients left out" in text
    assert "No bound is above 12 months" in text
    assert "No interval of the risk: the <risk> is no weighted sum." in text


def test_the_first_500_patients_are_shown_and_the_report_says_so(bundle):
    names = [f"patient-{number}" for number in range(MOST_PATIENTS + 3)]
    page = prediction_report(make_prediction(names), bundle)
    assert "The first 500 of 503 patients are shown; predictions.tsv holds all of them." in page
    assert "patient-499<" in page
    assert "patient-500<" not in page
    assert len(page) < 5_000_000
    assert "are shown; predictions.tsv" not in prediction_report(make_prediction(), bundle)


def test_a_prediction_report_needs_no_matplotlib_and_no_fitting_library():
    code = (
        "import sys, itgstrat.reporting; heavy = ('matplotlib', 'sklearn', 'sksurv', 'scipy', 'lifelines', 'shap'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
