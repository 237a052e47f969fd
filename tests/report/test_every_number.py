"""Every number that a page shows is in results.json or in the tables, in English and in Chinese; sentences are short
(issue 19)."""

from __future__ import annotations

import csv
import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from lxml import html
from tests.shown import shown
from tests.studies import REPORTED, written

from oncourse.analyses._base import Estimate, registry
from oncourse.words.numbers import limits, with_unit
from oncourse.words.readable import TYPICAL, n_words, sentences, too_long

NUMBER = re.compile(r"(?<![\d.])\.\d+|\d+(?:,\d{3})*(?:\.\d+)?")


@pytest.fixture(scope="module")
def folders(reported):
    """The reports of a study in both languages, with the pages of two patients."""
    return {language: reported(language)[0] for language in ("en", "zh")}


def numbers(text: str) -> set[str]:
    """The numbers of a text, without the marks of thousands."""
    return {re.sub(r"^\.", "0.", found.replace(",", "")) for found in NUMBER.findall(text)}


def page(path: Path):
    return html.fromstring(path.read_text("utf-8"))


def unpacked(node) -> dict:
    return json.loads(gzip.decompress(b64decode(node.text)))


def sections(tree) -> dict[str, object]:
    return {s.get("id"): s for s in tree.xpath("//section[@id]")}


COUNTED = "self::script or self::style or self::svg or self::summary or self::details[contains(@class, 'table')]"


def words_of(section) -> str:
    """The words of a section; packed tables and drawings, and the counts in the headings of folds, are looked at apart."""
    return " ".join(section.xpath(f".//text()[not(ancestor::*[{COUNTED}])]"))


def allowed(name: str, results: dict, folder: Path) -> set[str]:
    """What a section may show: the words and estimates of its analysis, its settings, counts of its people and rows."""
    mine = results[name]
    known = numbers(json.dumps(mine, ensure_ascii=False))
    known |= {number.removesuffix(".0") for number in known}  # settings are shown as they are typed: 9 for 9.0
    for raw in mine["estimates"]:
        estimate = Estimate(**{k: raw[k] for k in ("name", "value", "ci_low", "ci_high", "n", "method", "unit")})
        if estimate.value is not None:
            known |= numbers(with_unit(estimate.value, estimate.unit, estimate.n)) | numbers(limits(estimate))
    entry = registry()[name]
    known |= numbers(" ".join(t.text for t in entry.tables)) | numbers(entry.title + entry.question)
    known |= numbers(" ".join(str(f.metadata) for f in entry.params.__dataclass_fields__.values()))
    left_out = [r for r in rows(folder / "tables/overview/excluded.tsv") if r["analysis"] == name]
    known |= set(map(str, range(len(left_out) + 1)))
    return known | numbers(json.dumps(left_out))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def strange(folder: Path) -> dict[str, list[str]]:
    """Numbers in the words of each section that are neither in its results nor among its settings and people."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    shown = {n: s for n, s in sections(page(folder / "report.html")).items() if n in results}
    found = {name: sorted(numbers(words_of(s)) - allowed(name, results, folder)) for name, s in shown.items()}
    return {name: left for name, left in found.items() if left}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_of_a_section_is_in_results_json(folders, language):
    assert set(REPORTED) <= set(sections(page(folders[language] / "report.html")))
    assert strange(folders[language]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_of_the_whole_report_is_in_results_json(simulated_study, design, language, tmp_path):
    folder, _ = written(simulated_study(design), tmp_path / "all", language, only=(), patients="none")
    assert strange(folder) == {}
    for data in tables(folder):
        if language == "en" and not data["name"].endswith("/estimates"):
            agrees(data, folder)


def test_both_languages_show_the_same_numbers(folders):
    """The Chinese of a sentence has the numbers of the English, whatever its order."""
    english, chinese = (sections(page(folders[g] / "report.html")) for g in ("en", "zh"))
    for name in REPORTED:
        assert numbers(words_of(english[name])) == numbers(words_of(chinese[name])), name


def same(shown: object, filed: str) -> bool:
    """Whether a cell of a page is that of the file: the page has four digits, the file all."""
    if shown is None or shown == "":
        return filed == ""
    if isinstance(shown, bool):
        return filed == str(shown).lower()
    if isinstance(shown, (int, float)):
        return abs(float(filed) - shown) <= 6e-4 * abs(shown)
    return str(shown) == filed.removeprefix("'")


def tables(folder: Path) -> Iterator[dict]:
    for node in page(folder / "report.html").xpath("//details[@data-table]/script"):
        yield unpacked(node)


def agrees(data: dict, folder: Path) -> int:
    """Compare a table of a page with its file, cell by cell; return how many cells."""
    filed, names = rows(folder / "tables" / f"{data['name']}.tsv"), [c[0] for c in data["columns"]]
    for row, line in zip(data["rows"], filed, strict=len(filed) == len(data["rows"])):
        assert all(same(v, line[n]) for n, v in zip(names, row, strict=True)), (data["name"], row)
    return len(names) * len(data["rows"])


def test_every_cell_of_a_table_is_that_of_its_file(folders):
    shown = [d for d in tables(folders["en"]) if not d["name"].endswith("/estimates")]
    assert sum(agrees(data, folders["en"]) for data in shown) > 5_000


def test_every_estimate_is_that_of_results_json(folders):
    results = json.loads((folders["en"] / "results.json").read_text("utf-8"))
    for data in tables(folders["en"]):
        name, _, last = data["name"].partition("/")
        if last == "estimates":
            raw = [
                Estimate(**{k: e[k] for k in e if k in Estimate.__dataclass_fields__})
                for e in results[name]["estimates"]
            ]
            assert [(r[0], r[1], r[3]) for r in data["rows"]] == [(e.name, e.number(e.value), e.n) for e in raw]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_fractions_of_a_patients_grid_are_the_reads_of_the_study(folders, simulated_study, language):
    """A cell with a percentage is alt reads of depth of that variant in that sample."""
    calls = simulated_study("crc")["calls"]
    share = {
        f"{alt / depth:.2g}" for alt, depth in calls.select("alt_count", "depth").drop_nulls().iter_rows() if depth
    }
    for path in (folders[language] / "patients").glob("*.html"):
        cells = [
            c.text_content() for c in page(path).xpath("//section[@aria-labelledby='variants']//td[@class='present']")
        ]
        assert cells
        told = {f"{float(c.replace('%', '').strip()) / 100:.2g}" for c in cells if "%" in c}
        assert told <= share


def too_hard(folder: Path) -> dict[str, list[str]]:
    """Sentences of more than 35 words on the report and the patient pages; the sum of both has a short median."""
    pages = [folder / "report.html", *sorted((folder / "patients").glob("*.html"))]
    texts = {text for path in pages for _, text in shown(path)}
    lengths = [n for text in texts for s in sentences(text) if (n := n_words(s))]
    assert len(lengths) > 500 and median(lengths) <= TYPICAL
    return {path.stem: long for path in pages if (long := too_long(text for _, text in shown(path)))}


def test_no_shown_sentence_of_a_report_or_patient_page_is_long(folders):
    """Issue 19, part 2: over all shown words the median is at most 18 words, and none has more than 35."""
    assert too_hard(folders["en"]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_no_shown_sentence_of_a_whole_study_is_long(simulated_study, design, tmp_path):
    folder, _ = written(simulated_study(design), tmp_path / "all", "en", only=(), patients="all")
    assert too_hard(folder) == {}
