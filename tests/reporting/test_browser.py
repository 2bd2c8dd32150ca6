"""The reports in a real browser: no error, they sort, filter, unfold, download, print, and fit a phone.

The browser is the system's own chromium; CI installs it (.ci/run). Elsewhere these tests are skipped without one.
"""

import re
import shutil

import pytest

from itgstrat.reporting import prediction_report, training_report
from itgstrat.reporting.report import MOST_PATIENTS
from tests.reporting.conftest import (
    make_bundle,
    make_cohorts,
    make_config,
    make_drivers,
    make_evaluation,
    make_prediction,
    mark_up,
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH (Debian: apt-get install chromium)")

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')
WIDTHS = {"desk": 1280, "phone": 390}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
    with playwright.sync_playwright() as driver:
        # chromium refuses its sandbox to root, whom CI runs as
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports on disk, as a reader opens them: name -> file."""
    config, folder = make_config(), tmp_path_factory.mktemp("reports")
    bundle = make_bundle(config)
    names = [*NASTY, *(f"patient-{number}" for number in range(2, MOST_PATIENTS))]
    written = {
        "training": training_report(
            config, make_evaluation(), bundle, make_cohorts(config), make_drivers(bundle), {"itg_a1b1": "none"}
        ),
        "nasty": training_report(
            config, mark_up(make_evaluation()), bundle, make_cohorts(config), make_drivers(bundle, NASTY[0])
        ),
        "prediction": prediction_report(make_prediction(names), bundle),
    }
    files = {}
    for name, text in written.items():
        files[name] = folder / f"{name}.html"
        files[name].write_text(text, encoding="utf-8")
    return files


@pytest.fixture
def show(browser, reports):
    """Open a report; what it says on the console, an error or a dialog fails the test at the end."""
    pages, said = [], []

    def show(name, width="desk", anchor="", script=True):
        context = browser.new_context(viewport={"width": WIDTHS[width], "height": 900}, java_script_enabled=script)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
        page.goto(reports[name].as_uri() + anchor)
        pages.append(context)
        return page

    yield show
    for context in pages:
        context.close()
    assert said == []


def column(page, table, number):
    return page.eval_on_selector_all(
        f"{table} tbody tr:not([hidden])", f"rows => rows.map(row => row.cells[{number}].textContent.trim())"
    )


PATIENTS = "section[aria-labelledby=patients] table"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["training", "nasty", "prediction"])
def test_no_error_no_request_and_never_wider_than_the_window(show, name, width):
    page = show(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]


def test_a_click_and_a_key_sort_by_number_and_dashes_stay_below(show):
    page = show("prediction")
    head = page.locator(f"{PATIENTS} thead th", has_text="Risk")
    before = column(page, PATIENTS, 2)
    head.get_by_role("button").click()
    risks = [float(cell) for cell in column(page, PATIENTS, 2)]
    assert risks == sorted(risks)
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").press("Enter")
    assert column(page, PATIENTS, 2)[0] == "+1.00"
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").press(" ")
    assert column(page, PATIENTS, 2) == before
    assert head.get_attribute("aria-sort") == "none"


def test_measures_are_sorted_by_their_estimate_and_dashes_stay_below(show):
    page = show("training")
    table = "section[aria-labelledby=c1] > .box:first-of-type table"
    for _ in range(2):
        page.locator(f"{table} thead th", has_text="Uno").get_by_role("button").click()
        cells = column(page, table, 2)
        known = [float(cell.split()[0]) for cell in cells if cell != "–"]
        assert known in (sorted(known), sorted(known, reverse=True))
        assert cells[len(known) :] == ["–", "–"]  # Kaplan-Meier, random genes


def test_a_long_table_is_filtered_and_a_short_one_has_no_filter(show):
    page = show("prediction")
    field = page.get_by_label("Filter rows").first
    field.fill("PATIENT-17 high")
    assert column(page, PATIENTS, 0) == []
    field.fill("patient-49 high")
    assert column(page, PATIENTS, 0) == [f"patient-49{last}" for last in range(10)]  # patient-49 is low
    assert page.get_by_role("status").first.inner_text() == f"10 of {MOST_PATIENTS} rows"
    field.fill("")
    assert len(column(page, PATIENTS, 0)) == MOST_PATIENTS
    assert show("training").get_by_label("Filter rows").count() == 3  # signatures, two checklists


def test_names_with_markup_are_text(show):
    page = show("prediction")
    assert column(page, PATIENTS, 0)[:2] == list(NASTY)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    nasty = show("nasty")
    assert "<script>alert('x')</script>" in nasty.inner_text("h1 + p, .finding")
    assert nasty.locator("script").count() == 1


def test_a_patient_is_a_click_away_and_printed_alone(show):
    page = show("prediction")
    own = page.locator("#patient-7")
    assert not own.is_visible()
    page.locator(f"{PATIENTS} a[href='#patient-7']").click()
    assert own.is_visible()
    assert "Everything that the model uses was measured" in own.inner_text()
    # no dialog in a test: look at what it would print, then say that it is closed
    page.evaluate(
        "window.print = () => { window.shown = ['h1', '#patient-6', '#patient-7', '#use', '.statement'].filter("
        "where => document.querySelector(where).checkVisibility());"
        "window.dispatchEvent(new Event('afterprint')) }"
    )
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('.patient .print')[6].click()")
    assert page.evaluate("window.shown") == ["h1", "#patient-7", ".statement"]
    assert not page.evaluate("document.body.classList.contains('one-patient')")


def test_an_address_with_a_patient_opens_the_patient(show):
    assert show("prediction", anchor="#patient-3").locator("#patient-3").is_visible()


def test_every_figure_downloads_as_an_svg_file_of_its_own(show, tmp_path):
    page = show("training")
    buttons = page.locator("figure > button.download")
    assert buttons.count() == page.locator("figure").count() == 33
    with page.expect_download() as started:
        buttons.first.click()
    assert started.value.suggested_filename == "made-up-itgstrat-training-report-c1-c.svg"
    started.value.save_as(tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert re.match(r'<svg [^>]*xmlns="http://www.w3.org/2000/svg"', text)
    assert "Harrell" in text


@pytest.mark.parametrize("name", ["training", "prediction"])
def test_it_prints_whole_without_buttons(show, name):
    page = show(name)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 0  # folded again
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    assert page.evaluate("[...document.querySelectorAll('button:not(.sort)')].every(one => !one.checkVisibility())")


def test_without_script_everything_can_be_read(show):
    page = show("prediction", script=False)
    assert page.locator("button").count() == 0
    page.locator("details.patient summary").nth(1).click()
    assert page.locator("#patient-2 svg").first.is_visible()


def test_only_what_scrolls_is_reached_by_the_keyboard(show):
    boxes = (
        "boxes => boxes.filter(box => box.checkVisibility())"
        ".map(box => [box.tabIndex, box.scrollWidth > box.clientWidth])"
    )
    for width in WIDTHS:
        page = show("training", width)
        found = page.eval_on_selector_all(".box", boxes)
        assert all((index == 0) == scrolls for index, scrolls in found)
        # folded parts are looked at when they are opened, which the page is told of a moment later
        page.evaluate(
            "new Promise(done => { document.querySelectorAll('details').forEach(part => { part.open = true });"
            " setTimeout(done, 100) })"
        )
        opened = page.eval_on_selector_all(".box", boxes)
        assert len(opened) > len(found)
        assert all((index == 0) == scrolls for index, scrolls in opened)
        assert any(scrolls for _, scrolls in opened)


def test_figures_shrink_to_a_phone_as_far_as_letters_stay_legible(show):
    page = show("training", "phone")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    found = page.eval_on_selector_all(
        "figure .box > svg",
        """drawings => drawings.map(one => {
            const scale = one.getBoundingClientRect().width / one.viewBox.baseVal.width;
            const letters = [...one.querySelectorAll("text")].map(text => parseFloat(getComputedStyle(text).fontSize));
            return [scale, Math.min(...letters), one.parentElement.scrollWidth > one.parentElement.clientWidth];
        })""",
    )
    shrunk = [(scale * letters, scrolls) for scale, letters, scrolls in found if scale < 4 / 3 - 0.01]
    assert len(shrunk) > 10
    assert all(height > 8.99 for height, _ in shrunk)
    assert all(height < 9.01 for height, scrolls in shrunk if scrolls)  # none scrolls that could shrink further
    assert not all(scrolls for _, scrolls in shrunk)


def test_500_patients_stay_under_5_mb(reports):
    assert reports["prediction"].stat().st_size < 5_000_000
