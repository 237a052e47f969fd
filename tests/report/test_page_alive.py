"""The report in a browser: search, sort, filter, hide, download, links, phone, print (issue 19, part 3)."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from oncourse.report.study import report_study

pytestmark = pytest.mark.browser


def browser():
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).parents[1] / "browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if module.found() is None:
        pytest.skip("no Chromium here: what the page does cannot be tried")
    return module


@pytest.fixture(scope="module")
def results(reported):
    return reported("en")[0]


@pytest.fixture(scope="module")
def page(results):
    with browser().Page(results / "report.html") as opened:
        yield opened
        assert opened.errors == []


def close(page):
    """Close the dialog and wait until it has left the page."""
    page.run("document.querySelector('dialog').close()")
    page.until("document.querySelector('dialog') === null")


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
    page.run(
        f"(() => {{ const i = {box}.querySelector('input[type=search]'); i.value = 'TP53'; "
        "i.dispatchEvent(new Event('input')); })()"
    )
    kept = page.run(f"[...{box}.querySelectorAll('tbody tr')].map(r => r.textContent)")
    assert 0 < len(kept) < rows and all("TP53" in row for row in kept)
    columns = page.run(f"[...{box}.querySelectorAll('tbody tr')][0].cells[1].textContent")
    page.run(
        f"(() => {{ const i = {box}.querySelector('input[type=search]'); i.value = '{columns} tp53'; "
        "i.dispatchEvent(new Event('input')); })()"
    )
    both = page.run(f"[...{box}.querySelectorAll('tbody tr')].map(r => r.textContent)")
    assert 0 < len(both) <= len(kept), "words of two columns found nothing: MSI-H positive were no patients"
    before = page.run(f"{box}.querySelectorAll('tbody td').length")
    page.run(f"{box}.querySelector('fieldset input').click()")
    assert page.run(f"{box}.querySelectorAll('tbody td').length") == before - len(kept)
    page.run(f"{box}.querySelector('fieldset input').click()")


def test_what_is_not_known_stands_last_in_both_directions(page):
    """Descending put the rows without a value first: a reader who asks for the highest saw blanks."""
    box = "document.querySelector('details[data-table=t-landscape-genes]')"
    page.until(f"{box}.querySelector('tbody tr') !== null")
    wrong = page.run(
        f"(() => {{ const box = {box}, wrong = [], head = [...box.querySelectorAll('th button')]; head.forEach((b, i) => {{"
        " for (const way of ['ascending', 'descending']) { b.click();"
        " const cells = [...box.querySelectorAll('tbody tr')].map(r => r.cells[i].textContent === '');"
        " if (cells.some((blank, k) => blank && cells.slice(k).includes(false))) wrong.push([b.textContent, way]);"
        " } });"
        " head[0].click(); return wrong; })()"
    )
    assert wrong == []


def test_a_gene_leads_to_its_patients_and_they_to_their_pages(page, results):
    box = "document.querySelector('details[data-table=t-landscape-genes]')"
    page.run(f"{box}.querySelector('tbody button').click()")
    page.until("document.querySelector('dialog[open] .ids *') !== null")
    hrefs = page.run("[...document.querySelectorAll('dialog a')].map(a => a.getAttribute('href'))")
    assert all((results / href).is_file() for href in hrefs)
    close(page)


def test_a_mark_and_an_estimate_lead_to_those_who_count(page, results):
    """Marks carry the places of their patients, estimates the question whose sum their n is."""
    page.run("document.querySelector('#survival details.more').open = true")
    page.run("oncourse.draw(document.querySelector('#survival figure[data-figure=f-survival-km_OS]')).then(() => 1)")
    page.run(
        "document.querySelector('#survival figure [data-who]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    page.until("document.querySelector('dialog[open] .ids *') !== null")
    estimates = json.loads((results / "results.json").read_text("utf-8"))["survival"]["estimates"]
    n = next(e["n"] for e in estimates if e["name"] == "OS_kaplan_meier_median")
    assert page.run("document.querySelectorAll('dialog .ids > *').length") == n
    close(page)
    page.run("document.querySelector('#t-survival-estimates').closest('details').open = true")
    row = "[...document.querySelectorAll('[data-table=t-survival-estimates] tbody tr button')]"
    page.until(f"{row}.length > 0")
    page.run(f"{row}.find(b => b.textContent === 'OS_kaplan_meier_median').click()")
    page.until("document.querySelector('dialog[open] .ids *') !== null")
    assert page.run("document.querySelectorAll('dialog .ids > *').length") == n
    close(page)


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


def found_for(page, words):
    """What the search offers for words: each hit as (text, what and where)."""
    page.run("document.getElementById('q').value = ''; document.getElementById('q').focus()")
    page.type(words)
    last = "(document.querySelector('#found li:last-child') || {textContent: ''}).textContent"
    page.until(f"{last}.startsWith('Tables that hold {words}')")
    said = "[l.firstChild.textContent, l.querySelector('small').textContent]"
    return page.run(f"[...document.querySelectorAll('#found li')].map(l => {said})")


def test_search_finds_sections_tables_columns_and_words_as_a_stranger_types_them(page):
    """Thirty questions of strangers: what they type is no gene and no patient ("kappa", "relapse", a drug)."""
    tables = [name for name, more in found_for(page, "drug") if more.startswith("table: ")]
    assert tables[:1] == ["The data: Drugs as they were understood"]  # not those of treatments, a word like it
    assert [name for name, more in found_for(page, "c-index") if more.startswith("explained: ")][:1] == ["C index"]
    by_column = next(k for k, (_, more) in enumerate(found_for(page, "kappa")) if more.startswith("columns: kappa"))
    page.run(f"document.querySelectorAll('#found li')[{by_column}].dispatchEvent(new MouseEvent('mousedown'))")
    page.until("document.querySelector('details[data-table].hit[open] tbody tr') !== null")
    region = "document.querySelector('details.hit .scroll')"
    head = f"[...{region}.querySelectorAll('th')].find(h => h.textContent.startsWith('kappa')).getBoundingClientRect()"
    page.until(f"{head}.left < {region}.getBoundingClientRect().right")  # its column is in sight
    assert ["Recurrence after surgery", "section: When and where does the disease come back, and what follows?"] in (
        found_for(page, "relapse")
    )
    assert found_for(page, "ctDNA")[0] == ["ctDNA", "explained: Tumour DNA that circulates in blood."]
    assert found_for(page, "zzqx") == [["Tables that hold zzqx", "rows of all tables of this page"]]
    page.press("Escape")


def test_search_names_every_table_whose_rows_hold_a_word(page):
    last = len(found_for(page, "FOLFOX")) - 1
    page.run(f"document.querySelectorAll('#found li')[{last}].dispatchEvent(new MouseEvent('mousedown'))")
    page.until("document.querySelector('dialog .tables button') !== null")
    page.run("document.querySelector('dialog .tables button').click()")
    page.until("document.querySelector('dialog') === null")
    page.until("document.querySelector('details[data-table].hit[open] tbody') !== null")
    rows = page.run("[...document.querySelectorAll('details.hit tbody tr')].map(r => r.textContent.toLowerCase())")
    assert rows and all("folfox" in row for row in rows)


def test_a_long_cell_is_read_in_its_own_frame_and_the_first_column_stays(page):
    """The ids of 60 patients in one cell made a row of three screens; of a wide table one lost whose row it was."""
    box = "document.querySelector('details[data-table=t-overview-assays]')"
    page.run(f"(() => {{ for (let u = {box}; u; u = u.parentNode) if (u.tagName === 'DETAILS') u.open = true }})()")
    page.until(f"{box}.querySelector('td .long') !== null")
    assert page.run(f"{box}.querySelector('td .long').clientHeight") < 90
    assert page.run(f"getComputedStyle({box}.querySelector('td')).position") == "sticky"


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
    """Also with everything unfolded: the name of a table in a note was wider than a phone."""
    page.resize(width, 844)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.until("document.querySelectorAll('details[data-table] tbody tr').length > 100")
    assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.resize(1280, 900)


#: Frames that are to be moved sideways, and drawings whose smallest text is below 7 px, which is read at arm's length.
SIDEWAYS = """[...document.querySelectorAll('.drawing, .scroll')].filter(e => e.checkVisibility()
  && (e.scrollWidth > e.clientWidth + 1 || [...e.querySelectorAll('svg text')].some(t => t.textContent.trim()
    && parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a < 7)))
  .map(e => e.getAttribute('aria-label').slice(0, 60))"""


def test_every_figure_and_table_is_whole_on_a_phone(page, results):
    """Forests, oncoprints, genomes and tables were moved sideways in their frame."""
    page.resize(390, 844)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.run("Promise.all([...document.querySelectorAll('figure[data-figure]')].map(oncourse.draw)).then(() => 1)")
    page.until("document.querySelectorAll('details[data-table] tbody tr').length > 100")
    assert page.run("document.querySelectorAll('.drawing svg').length") > 10
    assert page.run(SIDEWAYS) == []
    heads = page.run("[...document.querySelectorAll('details[data-table] tbody tr')].at(0).firstChild.dataset.head")
    assert heads and page.run("getComputedStyle(document.querySelector('.scroll.tall tbody td')).display") == "grid"
    page.go(next((results / "patients").glob("*.html")))
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.run("document.querySelectorAll('.scroll table').length") > 2 and page.run(SIDEWAYS) == []
    page.resize(1280, 900)
    assert page.run("[...document.querySelectorAll('.on-wide')].every(e => e.checkVisibility())")
    page.go(results / "report.html")


#: Texts of a drawing that lie on each other (more than a third of a line), and those beyond its edge.
OVERLAPS = """(() => {
  const svg = document.querySelector('svg'), box = svg.getBoundingClientRect(), bad = [];
  const texts = [...svg.querySelectorAll('text')].filter(e => e.textContent.trim())
    .map(e => ({ s: e.textContent.trim(), r: e.getBoundingClientRect() }));
  texts.forEach((one, i) => {
    const a = one.r;
    if (a.left < box.left - 2 || a.right > box.right + 2 || a.top < box.top - 2 || a.bottom > box.bottom + 2)
      bad.push('cut: ' + one.s);
    texts.slice(i + 1).forEach(two => {
      const b = two.r, w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (w > 1 && h > 0.35 * Math.min(a.height, b.height)) bad.push(one.s + ' / ' + two.s);
    });
  });
  return bad;
})()"""


def overlaps(folder, tmp_path):
    blank = tmp_path / "blank.html"
    blank.write_text("<!doctype html><body></body>", "utf-8")
    found = {}
    with browser().Page(blank, 1000, 900) as empty:
        for path in sorted(folder.rglob("*.svg")):
            svg = path.read_text("utf-8").partition("<svg")[2]
            empty.run(f"document.body.innerHTML = {json.dumps('<svg' + svg)}; 1")
            bad = empty.run(OVERLAPS)
            if bad:
                found[f"{path.parent.name}/{path.stem}"] = bad[:5]
    return found


def test_no_text_of_a_figure_lies_on_another_or_is_cut(results, tmp_path):
    assert overlaps(results / "figures", tmp_path) == {}


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_no_text_overlaps_in_any_figure_of_a_design(simulated_study, design, tmp_path):
    report_study(simulated_study(design), tmp_path / "all", source=Path(__file__), patients="none")
    assert overlaps(tmp_path / "all" / "figures", tmp_path) == {}


def _real(shared_data, name):
    """The six re-sampled colorectal cancers of Hu 2019, or the 2,257 prostate cancers of MSK 2024."""
    from oncourse.io import load_study

    if name == "prostate_msk_2024":
        return load_study(shared_data(name))
    place = Path(__file__).parents[2] / "benchmarks" / "bench_concordance_hu2019.py"
    spec = importlib.util.spec_from_file_location("hu2019", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.hu_study(shared_data(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crc_hu2019_multiregion", "prostate_msk_2024"])
def test_no_text_overlaps_in_the_figures_of_a_real_study(shared_data, name, tmp_path):
    """Recurrent events of neighbouring bands (19q13.11, 19q13.42) were written on each other."""
    from oncourse.analyses._base import registry
    from oncourse.cohort import Cohort
    from oncourse.report.execute import run_one

    cohort = Cohort(_real(shared_data, name))
    for analysis in ("copy_number", "landscape", "burden", "sites", "cohorts", "survival", "overview"):
        outcome = run_one(registry()[analysis], cohort)
        for figure in outcome.result.figures if outcome.result is not None else ():
            (tmp_path / analysis).mkdir(exist_ok=True)
            figure.save(tmp_path / analysis / f"{figure.name}.svg")
    assert len(list(tmp_path.rglob("*.svg"))) > 5
    assert overlaps(tmp_path, tmp_path) == {}


def test_hover_says_what_a_mark_is_and_a_group_can_be_switched_off(page):
    page.run("document.querySelector('#landscape details.more').open = true")
    page.run(
        "document.querySelectorAll('#landscape details.figures, #survival details.more').forEach(d => d.open = true)"
    )
    page.run("Promise.all([...document.querySelectorAll('#landscape figure')].map(oncourse.draw)).then(() => 1)")
    bar = "#landscape figure[data-figure=f-landscape-gene_frequency] [data-tip] path"
    page.until(f"document.querySelector('{bar}') !== null")
    page.move_to(bar)
    page.until("document.getElementById('tip') !== null && !document.getElementById('tip').hidden")
    assert re.search(r"\w+: \d+ % \(95 % CI", page.run("document.getElementById('tip').textContent"))


def test_every_number_of_page_one_is_in_results_json(page, results):
    """Each number with its interval as shown is that of its estimate, written with the digits the patients carry."""
    from oncourse.analyses._base import Estimate
    from oncourse.words.numbers import limits, with_unit

    data = json.loads((results / "results.json").read_text("utf-8"))
    cards = page.run(
        "[...document.querySelectorAll('.card')].map(c => [c.querySelector('a').getAttribute('href').slice(1), "
        "c.querySelector('.say p').textContent, c.querySelector('.number b')?.textContent || '', "
        "c.querySelector('.number span')?.textContent || ''])"
    )
    assert {name for name, *_ in cards} <= set(data)
    for name, sentence, number, interval in cards:
        head = data[name]["headline"]
        assert sentence.replace("\u00a0", " ") == head["text"]
        if number:
            raw = next(e for e in data[name]["estimates"] if e["name"] == head["estimate"])
            keys = ("name", "value", "ci_low", "ci_high", "n", "method", "unit")
            made = Estimate(**{k: raw[k] for k in keys})
            assert (number, interval) == (with_unit(made.value, made.unit, made.n), limits(made))


def printed(paths) -> dict[str, int]:
    """A4 pages that each page prints on."""
    found = {}
    with browser().Page(paths[0]) as fresh:
        for path in paths:
            fresh.go(path)
            found[path.stem] = len(re.findall(rb"/Type\s*/Page[^s]", fresh.pdf()))
    return found


def test_page_one_and_the_page_of_a_patient_print_on_two_a4_pages(results):
    pages = printed([results / "report.html", *sorted((results / "patients").glob("*.html"))])
    assert len(pages) == 3 and max(pages.values()) <= 2, pages


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_the_page_of_every_patient_prints_on_two_a4_pages(simulated_study, design, tmp_path):
    report_study(simulated_study(design), tmp_path / "all", source=Path(__file__), only=["evolution"], patients="all")
    pages = printed(sorted((tmp_path / "all/patients").glob("*.html")))
    assert pages and max(pages.values()) <= 2, pages


def test_a_cell_of_the_oncoprint_says_what_it_is(page):
    """The cells are one image; what is under the pointer is looked up: sample, gene, what alters it."""
    page.run("document.querySelector('#landscape details.more').open = true")
    cells = "#landscape figure [data-grid]"
    page.until(f"document.querySelector('{cells}') !== null")
    page.run(f"document.querySelector('{cells}').scrollIntoView({{block: 'center'}})")
    page.run(
        f"(() => {{ const i = document.querySelector('{cells}'), b = i.getBoundingClientRect(); "
        "i.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: b.left + 2, clientY: b.top + 2})); "
        "})()"
    )
    assert re.match(r"\S+, [A-Z0-9:]+: [a-z ;]+$", page.run("document.querySelector('#tip').textContent"))


@pytest.mark.parametrize(
    ("section", "figure", "at", "words"),
    [
        ("copy_number", "heat_map", (0.5, 0.5), r"\S+, \d+[pq][\d.]*: (loss|neutral|gain|not measured)$"),
        ("copy_number", "frequency", (0.5, 0.5), r"\d+[pq][\d.]*: gain \d+ %, loss \d+ %$"),
        ("landscape", "exclusivity", (0.02, 0.02), r"\S+ \+ \S+: [\d,]+ with both, [\d.]+ expected, p [\d.e-]+"),
    ],
)
def test_cells_of_samples_bands_and_pairs_say_what_they_are(page, section, figure, at, words):
    """Rows that are samples, places along the genome, pairs of genes: each cell has its words and leads to people."""
    page.run(f"document.querySelectorAll('#{section} details').forEach(d => d.open = true)")
    page.run(f"Promise.all([...document.querySelectorAll('#{section} figure')].map(oncourse.draw)).then(() => 1)")
    cells = f"#{section} figure[data-figure=f-{section}-{figure}] [data-grid]"
    page.until(f"document.querySelector('{cells}') !== null")
    page.run(f"document.querySelector('{cells}').scrollIntoView({{block: 'center'}})")
    page.run(
        f"(() => {{ const i = document.querySelector('{cells}'), b = i.getBoundingClientRect(); "
        "i.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, "
        f"clientX: b.left + {at[0]} * b.width, clientY: b.top + {at[1]} * b.height}})); }})()"
    )
    assert re.match(words, page.run("document.querySelector('#tip').textContent"))


def test_a_table_and_a_figure_work_by_keyboard_alone(page):
    """Sort, the patients of a row, and the list of what is drawn: by Enter; Escape closes and leaves the focus there."""
    page.run("document.querySelectorAll('#survival details').forEach(d => d.open = true)")
    box = "document.querySelector('details[data-table=t-survival-medians]')"
    page.until(f"{box}.querySelector('tbody tr button') !== null")
    page.run(f"{box}.querySelector('th button').focus()")
    page.press("Enter")
    assert page.run(f"{box}.querySelector('th').getAttribute('aria-sort')") == "ascending"
    draw = "oncourse.draw(document.querySelector('#survival figure')).then(() => 1)"
    page.run(draw)
    listed = "document.querySelector('#survival figure .tools button[aria-label^=\"Values\"]')"
    for button in (f"{box}.querySelector('tbody tr button')", listed):
        page.run(f"{button}.focus()")
        page.press("Enter")
        page.until("document.querySelector('dialog[open] li, dialog[open] .ids *') !== null")
        assert page.run("document.querySelector('dialog').contains(document.activeElement)")
        page.press("Escape")
        page.until("document.querySelector('dialog') === null")
        assert page.run(f"document.activeElement === {button}")


def test_everything_that_can_be_reached_has_a_name_and_a_place_in_the_order(page):
    """Buttons, links, fields and regions that take the focus are named; none is out of the order of the page."""
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    nameless = page.run(
        "[...document.querySelectorAll('a[href],button,input,summary,[tabindex]')].filter(e => !(e.textContent.trim() || "
        "e.getAttribute('aria-label') || (e.labels && e.labels.length) || e.title)).map(e => e.outerHTML.slice(0, 90))"
    )
    assert nameless == []
    assert page.run("[...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).length") == 0
