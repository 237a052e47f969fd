"""The report in Chinese: no sentence that a reader meets is left in English."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from lxml import html
from tests.analyses.test_groups import made
from tests.studies import study, written

from oncourse.analyses._base import registry
from oncourse.words.phrases import Phrasebook, english_left, page_in, pairs

#: Names of statisticians and journals, which Chinese papers write so too.
NAMES = ("Clopper-Pearson", "Kaplan-Meier", "Turnbull", "Benjamini-Hochberg", "Riley et al. 2019", "Riley et al. 2020")
#: Texts that a change may leave until they are translated; the slow test of the whole report allows none.
NEW = 6


def english_of(missed: Collection[str]) -> list[str]:
    """What a page left in English, names apart."""
    return sorted({text for text in missed if any(map(str.islower, english_left(text)))} - set(NAMES))


def untranslated(study, out: Path, **options) -> list[str]:
    """What the report and the patient pages of a study in Chinese leave in English."""
    return english_of(written(study, out, "zh", **options)[1])


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_small_report_is_chinese(simulated_study, reported, design, tmp_path):
    """Of crc with the pages of two patients; rules of therapy come and go, and a new one is shown as it is written until
    somebody translates it."""
    if design == "crc":
        out, missed = reported("zh")
    else:
        only = ["overview", "landscape", "endpoints", "survival"]
        out, missed = written(simulated_study(design), tmp_path / design, "zh", only=only, patients="none")
    left = english_of(missed)
    assert len(left) <= NEW, left
    page = (out / "report.html").read_text("utf-8")
    assert '<html lang="zh' in page and "中位总生存期" in page
    words = " ".join(html.fromstring(page).xpath("//text()[not(ancestor::script or ancestor::style)]"))
    assert re.findall(r"\d[ \u00a0]%", words) == [], "32 % stood beside 21%"


def test_groups_of_the_users_own_are_chinese(tmp_path):
    """Names of groups, medians with limits in brackets, titles of figures, who is in no group."""
    settings = {"groups": {"by": "arm"}}
    assert untranslated(made(), tmp_path / "arm", only=["groups"], settings=settings, patients="none") == []


def test_warnings_about_the_data_are_chinese():
    """What is wrong and the cure; the place (table, column, row) stays as the files have it."""
    found = study(
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": "S1", "patient_id": "P1", "material": "tissue", "day": 90}],
        calls=[{"sample_id": "S1", "variant_id": "12:25398284:C:T", "alt_count": 3}],
        follow_up=[{"patient_id": "P1", "last_contact_day": 60, "is_dead": True, "death_day": 60}],
        treatments=[{"patient_id": "P1", "drugs": "QX-9041", "start_day": 7, "line": 1}],
        labs=[{"patient_id": "P1", "day": 1, "analyte": "PSA", "value": 4.0}],
    )
    book = Phrasebook({**pairs("zh")})
    said = [book.text(text) for w in found.warnings for text in (w.message, w.cure) if text]
    assert len(said) >= 6 and book.missed == set(), book.missed
    assert all(re.search("[\u4e00-\u9fff]", text) for text in said)


def test_a_patient_page_has_its_chinese_headings(reported):
    """What it leaves in English is asked of the whole report (`test_a_small_report_is_chinese`)."""
    for page in (reported("zh")[0] / "patients").glob("*.html"):
        assert "各样本的状态" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("PIK3CA codon 88, 345, 1047, 1049: depth not recorded", "PIK3CA 密码子 88、345、1047、1049：深度未记录"),
        ("depth not recorded: BRCA1, BRCA2", "深度未记录：BRCA1、BRCA2"),
        ("支持某种治疗, 不适合当前情况:", "支持某种治疗，不适合当前情况："),
        ("not recorded: 2026-11", "未记录：2026-11"),
        ("1L", "一线"),
        ("and 12 more", "等，另有 12 个"),
    ],
)
def test_small_signs_are_chinese(english, chinese):
    """Read on pages of the demo: "1044、1047, 1049", "2026~11", a narrow comma after a Chinese word."""
    assert Phrasebook({**pairs("zh")}).text(english) == chinese


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_the_whole_report_is_chinese(simulated_study, design, tmp_path):
    """But for the words of the therapy rules, see above."""
    only = [name for name in registry() if name not in ("therapy", "groups")]
    assert untranslated(simulated_study(design), tmp_path / design, only=only, patients="none") == []


def test_citations_and_ids_keep_their_own_words():
    book = Phrasebook({**pairs("zh")})
    page = '<td translate="no">TRITON2, liver<br><b>liver</b></td><td>liver</td>'
    assert book.page(page) == '<td translate="no">TRITON2, liver<br><b>liver</b></td><td>肝</td>'
    assert page_in(page, "en") == page


def test_what_a_rule_says_to_a_doctor_is_chinese():
    """Therapy, setting, biomarker and what else it asks for, of every rule; trial, effect and source stay."""
    from oncourse.knowledge.rules import default_rules

    book = Phrasebook({**pairs("zh")})
    for rule in default_rules():
        for text in (rule.therapy, rule.setting, rule.biomarker, rule.co_conditions):
            book.text(text)
    assert {text for text in book.missed if any(map(str.islower, english_left(text)))} == set()


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_study_of_calls_and_a_workbook_is_chinese(simulated_study, design, tmp_path):
    """What most hospitals hold: calls alone, no depth of what was not called, no assay, purity, copies, day of entry."""
    whole = simulated_study(design)
    called = whole["calls"].filter(pl.col("is_called"))
    gone = {"assays", "coverage", "segments", "gene_copy_number", "fusions", "read_quality", "callability"}
    samples = whole["samples"].with_columns(
        pl.lit(None, whole["samples"].schema[c]).alias(c)
        for c in ("assay_id", "purity", "tumor_fraction", "ploidy", "mean_depth", "msi_score", "msi_status")
    )
    tables = {n: f for n, f in whole.tables.items() if n not in gone} | {"calls": called, "samples": samples}
    left = untranslated(replace(whole, tables=tables), tmp_path / design, only=(), patients="auto")
    assert [t for t in left if not re.fullmatch(r"[a-z_]+(\.[a-z_]+|: [a-z_]+)", t)] == []
