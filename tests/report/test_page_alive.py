"""The report in a browser: search, sort, filter, hide, download, links, phone, print (issue 19, part 3)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from oncourse.report.study import report_study

pytestmark = pytest.mark.browser
ONLY = ["overview", "landscape", "concordance", "survival"]


def browser():
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).parents[1] / "browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if module.found() is None:
        pytest.skip("no Chromium here: what the page does cannot be tried")
    return module


@pytest.fixture(scope="module")
def results(simulated_study, tmp_path_factory):
    out = tmp_path_factory.mktemp("alive") / "results"
    patients = simulated_study("crc")["patients"]["patient_id"].to_list()[:2]
    report_study(simulated_study("crc"), out, source=Path(__file__), only=ONLY, patients=patients)
    return out


@pytest.fixture(scope="module")
def page(results):
    with browser().Page(results / "report.html") as opened:
        yield opened
        assert opened.errors == []


def test_a_link_of_page_one_opens_its_section(page):
    page.run("document.querySelector('.card a[href=\"#concordance\"]').click()")
    page.until("document.querySelector('#concordance details.more').open")
    page.until("document.querySelector('#concordance figure svg') !== null")


def test_a_table_sorts_filters_hides_and_keeps_every_row(page, results):
    page.run("document.querySelector('#t-landscape-genes').closest('details').open = true")
    page.run("document.querySelector('#landscape details.more').open = true")
    box = "document.querySelector('details[data-table=t-landscape-genes]')"
    page.until(f"{box}.querySelector('tbody tr') !== null")
    rows = len((results / "tables/landscape/genes.tsv").read_text("utf-8").splitlines()) - 1
    assert page.run(f"{box}.querySelector('[aria-live]').textContent").startswith(f"{rows:,} rows")
    page.run(f"{box}.querySelector('th button').click()")
    genes = page.run(f"[...{box}.querySelectorAll('tbody tr')].map(r => r.cells[0].textContent)")
    natural = sorted(genes, key=lambda g: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", g)])
    assert genes == natural  # BCL2 before BCL10
    page.run(f"(() => {{ const i = {box}.querySelector('input[type=search]'); i.value = 'TP53'; "
             "i.dispatchEvent(new Event('input')); })()")  # fmt: skip
    kept = page.run(f"[...{box}.querySelectorAll('tbody tr')].map(r => r.textContent)")
    assert 0 < len(kept) < rows and all("TP53" in row for row in kept)
    before = page.run(f"{box}.querySelectorAll('tbody td').length")
    page.run(f"{box}.querySelector('fieldset input').click()")
    assert page.run(f"{box}.querySelectorAll('tbody td').length") == before - len(kept)
    page.run(f"{box}.querySelector('fieldset input').click()")


def test_a_gene_leads_to_its_patients_and_they_to_their_pages(page, results):
    box = "document.querySelector('details[data-table=t-landscape-genes]')"
    page.run(f"{box}.querySelector('tbody button').click()")
    page.until("document.querySelector('dialog[open] .ids *') !== null")
    hrefs = page.run("[...document.querySelectorAll('dialog a')].map(a => a.getAttribute('href'))")
    assert all((results / href).is_file() for href in hrefs)
    page.run("document.querySelector('dialog').close()")


def test_search_finds_patients_and_genes_by_keyboard(page, results):
    patient = sorted(p.stem for p in (results / "patients").glob("*.html"))[0]
    page.run("document.getElementById('q').focus()")
    page.type(patient)
    page.until("document.querySelectorAll('#found li').length > 0")
    assert page.run("document.querySelector('#found li').textContent").startswith(patient)
    page.press("ArrowDown")
    assert page.run("document.querySelector('#found li').getAttribute('aria-selected')") == "true"
    page.press("Escape")
    assert page.run("document.getElementById('found').hidden")


def test_a_workbook_made_in_the_page_is_one_that_excel_reads(page, tmp_path):
    text = page.run(
        "new Promise(done => { const r = new FileReader(); r.onload = () => done(r.result.split(',')[1]); "
        "r.readAsDataURL(oncourse.workbook(['gene', 'n'], [['=1+1', 3], ['K<R>AS', null]])); })"
    )
    import base64

    from python_calamine import CalamineWorkbook

    (tmp_path / "t.xlsx").write_bytes(base64.b64decode(text))
    rows = CalamineWorkbook.from_path(str(tmp_path / "t.xlsx")).get_sheet_by_index(0).to_python()
    assert rows == [["gene", "n"], ["=1+1", 3.0], ["K<R>AS", ""]]


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_width_needs_sideways_scrolling(page, width):
    page.resize(width, 844)
    assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.resize(1280, 900)


def test_page_one_prints_on_two_a4_pages(results):
    with browser().Page(results / "report.html") as fresh:
        pdf = fresh.pdf()
    assert 1 <= len(re.findall(rb"/Type\s*/Page[^s]", pdf)) <= 2
