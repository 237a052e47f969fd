"""Finished English text in Chinese: whole sentences, what stands in them, and what is not known."""

from __future__ import annotations

import re

import pytest

from oncourse.words.phrases import Phrasebook, english_left, pairs, translator

BOOK = Phrasebook(
    {
        "{1} of {2} patients recurred.": "{2} 例患者中 {1} 例复发。",
        "liver": "肝",
        "lung": "肺",
        "{a} (95 % CI {b}; n = {1})": "{a}（95%CI {b}；n = {1}）",
        "{1} months": "{1} 个月",
        "overall survival": "总生存期",
        "Median {a} was {b}.": "{a}的中位数为 {b}。",
    }
)


def test_what_stands_in_a_sentence_is_translated_in_its_turn():
    said = BOOK.text("Median overall survival was 20 months (95 % CI 14-29; n = 1,060).")
    assert said == "总生存期的中位数为 20 个月（95%CI 14-29；n = 1,060）。"
    assert BOOK.text("liver, lung") == "肝、肺"


def test_an_unknown_sentence_stays_english_beside_a_known_one():
    assert (
        BOOK.text("46 of 60 patients recurred. Nothing else is known.")
        == "60 例患者中 46 例复发。Nothing else is known."
    )


def test_names_and_code_of_a_page_are_not_touched():
    page = '<p title="liver">46 of 60 patients&nbsp;recurred.</p><code>liver</code><script>"liver"</script><b>TP53</b>'
    said = '<p title="肝">60 例患者中 46 例复发。</p><code>liver</code><script>"liver"</script><b>TP53</b>'
    assert BOOK.page(page) == said


def test_both_sides_of_every_pair_have_the_same_places_and_one_is_chinese():
    for english, chinese in pairs("zh").items():
        assert sorted(re.findall(r"\{\w\}", english)) == sorted(re.findall(r"\{\w\}", chinese)), english
        assert re.search("[\u4e00-\u9fff]", chinese) or not any(map(str.islower, english_left(chinese))), english


def test_tables_and_settings_of_the_analyses_have_chinese_words():
    """A few may be new: they show their English name until somebody translates them."""
    from dataclasses import fields

    from oncourse.analyses._base import registry
    from oncourse.report.page import REPORT_TABLES
    from oncourse.words.catalogue import catalogue

    known, book = catalogue("zh"), pairs("zh")
    analyses = registry().values()
    tables = [t for a in analyses for t in a.tables] + list(REPORT_TABLES)
    keys = {f"head.{c.name}" for t in tables for c in t.columns} | {f"table.{t.name.split('/')[-1]}" for t in tables}
    keys |= {f"analysis.{a.name}.{part}" for a in analyses for part in ("title", "question")}
    assert len(keys - set(known)) <= 0.03 * len(keys), sorted(keys - set(known))
    settings = {f.metadata.get("text", "") for a in analyses for f in fields(a.params)} - {""}
    texts = {t.text for t in tables} | settings
    assert len(texts - set(book)) <= 0.03 * len(texts), sorted(texts - set(book))


@pytest.mark.parametrize(
    "sentence",
    [
        "With 479 deaths by 24 months in 2,201 patients, a model of 31 predictors is reliable; 202 were offered.",
        "The clinical and mutation model reaches an AUC of 0.76 (95 % CI 0.73-0.78; n = 2,201) in patients it had not seen.",
        "Against the same risk for everyone, it removes 14 % (95 % CI 11-17; n = 2,201) of the prediction error (Brier "
        "score).",
        "Its calibration slope is 1.24 (95 % CI 1.09-1.39; n = 2,201); 1 is ideal.",
        "They change its AUC by 0.19 (95 % CI 0.15-0.22; n = 2,201) and its gain in Brier score by 0.13.",
        "AR with overall survival, mean to day 730 with less without is -161 days (95 % CI -190 to -133; n = 2,201) "
        "(the hazard ratio changes with time).",
        "After correction for 1,350 exploratory tests (false discovery rate 5 %), 74 associations with outcome held, and 2 "
        "clinical ones.",
        "The weighted arms are not alike in age above its 10th percentile where AR-V7 is 0.019 or more (difference 0.42), "
        "PSA (variance ratio 5.60).",
        "No treatments are recorded: there are no endpoints per line.",
        "HRR gene loss: 11 patients positive, 0 negative, 49 could not be judged.",
        "Of 1,830 classified mutations, all samples together: SBS5 35 % (95 % CI 24-47; n = 1,830); SBS1 18 % (95 % CI "
        "15-21; n = 1,830).",
        "6 samples had enough mutations for a refit of their own.",
        "Possible sequencing artefacts among the signatures needed: SBS45, SBS53.",
        "Flat signatures (SBS3, SBS5, SBS40) are told apart only with many mutations: see 'needed'.",
        "The median burden is 2.5 per Mb (95 % CI 2.3-2.5; n = 2,260), the mean 4.1 per Mb (95 % CI 3.6-4.6; n = 2,260); "
        "it is high for certain in 3.5 % (95 % CI 2.8-4.3; n = 2,260) of samples.",
        "Most clearly: AR, 295 of 813 in metastasis (36 %) v 38 of 1,440 in primary (2.6 %).",
    ],
)
def test_what_real_studies_say_is_chinese(sentence):
    """The simulated studies have too few patients for a model or hazards that change: on a real study the whole answer of
    the risk model stayed English."""
    said = translator("zh")(sentence)
    assert english_left(said) == [], said


def test_a_word_that_only_joins_never_leaves_half_a_sentence():
    book = Phrasebook({"{a} or {b}": "{a}或{b}", "liver": "肝", "{a} was not understood.": "{a}未能理解。"})
    assert book.text("some of the liver or all of it") == "some of the liver or all of it"
    assert book.text("spleen hilus was not understood.") == "spleen hilus未能理解。"


def test_what_stands_over_every_column_is_chinese():
    """The tip of every column of every table, with its unit; codes and names in it stay. A few may be new."""
    from oncourse.analyses._base import registry
    from oncourse.report.intake import INTAKE_TABLES
    from oncourse.report.packed import ESTIMATES
    from oncourse.report.page import REPORT_TABLES

    tables = [t for a in registry().values() for t in a.tables] + [*REPORT_TABLES, *INTAKE_TABLES]
    columns = [*(c for t in tables for c in t.columns), *ESTIMATES]
    tips = {c.text + (f" ({c.unit})" if c.unit else "") for c in columns}
    book = Phrasebook(pairs("zh"))
    for tip in tips:
        book.text(tip)
    left = {text for text in book.missed if any(map(str.islower, english_left(text)))}
    assert len(tips) > 900 and len(left) <= 0.03 * len(tips), sorted(left)


def test_a_warning_told_as_a_sentence_is_translated_as_the_part_it_is():
    """Warnings of the models are joined by semicolons in tables and told as sentences on the page."""
    said = translator("zh")
    warning = "the weighted arms are not alike in age squared (difference 0.15), age above its 60th percentile"
    assert said(warning[0].upper() + warning[1:] + ".") == said(warning) + "。"
    assert said(warning).startswith("加权后两臂")


def test_an_interval_without_an_end_is_chinese():
    """Marks of the lead of ctDNA: "359 or less, ctDNA never turned" stood in a Chinese figure."""
    book = Phrasebook({**pairs("zh")})
    for span in ("-20 to 60", "359 or less", "10 or more", "not bounded"):
        for kind in ("both turned", "ctDNA never turned", "imaging never turned"):
            assert "turned" not in book.text(f"PRAD0001: {span}, {kind}")
    assert not {text for text in book.missed if "turned" in text}
