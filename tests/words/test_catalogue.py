"""The catalogues of the pages: English and Chinese say the same things, in few words."""

from __future__ import annotations

import re

import pytest

from oncourse.analyses._base import Estimate
from oncourse.analyses._headline import light_of, line_words, two_sides
from oncourse.knowledge.drugs import treatment_name
from oncourse.words.catalogue import catalogue, joined, placeholders, said, write
from oncourse.words.numbers import limits

SHARE = Estimate("share", 1 / 46, 0.00055, 0.1153, 46, "Clopper-Pearson", "fraction")


def test_both_languages_have_the_same_keys_and_placeholders():
    english, chinese = catalogue("en"), catalogue("zh")
    # the English of these is the name of the thing itself
    assert set(english) == {k for k in chinese if not k.startswith(("analysis.", "head.", "table."))}
    shared = [k for k in english if not k.startswith("glossary.")]
    different = [k for k in shared if placeholders(english[k].partition(" | ")[0]) != placeholders(chinese[k])]
    assert different == []


def test_no_chinese_sentence_is_left_in_english():
    for key, text in catalogue("zh").items():
        plain = re.sub(r"\{[^}]*\}", "", text)
        if key.startswith(("headline.", "reason.", "page.", "patient.")) and re.search("[A-Za-z]{4}", plain):
            assert re.search("[\u4e00-\u9fff]", plain), key


def test_every_question_of_a_protocol_is_asked_in_both_languages():
    """An analysis that is no question of a protocol falls back to its English title."""
    from oncourse.disease import disease, diseases

    named = {name for design in diseases() for name in disease(design).objectives}
    assert len(named) > 10
    for language in ("en", "zh"):
        assert {f"objective.{name}" for name in named} <= set(catalogue(language))
    assert {f"analysis.{name}.{part}" for name in named for part in ("title", "question")} <= set(catalogue("zh"))


def test_reasons_have_at_most_five_words():
    long = [k for k, text in catalogue("en").items() if k.startswith("reason.") and len(text.split()) > 5]
    assert long == []


def test_a_rare_difference_is_told_as_a_count_with_whole_percents():
    """The wording asked for: RAS differed in 1 of 46 patients (2 %; 95 % CI 0-12)."""
    a, b = two_sides("primary v metastasis")
    text = said("headline.ras_status.differs", status="RAS", a=a, b=b, k=1, patients=46, share=SHARE, assumed="")
    assert text.text() == "RAS differed between primary and metastasis in 1 of 46 patients (2 %; 95 % CI 0-12)."
    assert "46 例患者" in text.text("zh") and "95%CI 0~12" in text.text("zh")


def test_a_sentence_of_one_patient_names_one_patient():
    assert write("noun.patients", n=1) == "1 patient"


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate("m", 55.95, 42.1, None, 20, "", "months"), "95 % CI 42 to not reached"),
        (Estimate("d", -4.0, -9.0, 2.0, 20, "", "days"), "95 % CI -9 to 2"),
        (Estimate("f", 0.004, 0.001, 0.012, 500, "", "fraction"), "95 % CI 0.1-1.2"),
    ],
)
def test_limits_that_a_dash_would_hide_are_written_out(estimate, words):
    assert limits(estimate) == words


def test_the_light_follows_from_the_interval():
    assert light_of(SHARE)[0] == "answered"
    assert light_of(Estimate("f", 0.5, 0.3, 0.7, 20, "", "fraction"))[0] == "uncertain"
    assert light_of(Estimate("r", 1.8, 0.6, 6.8, 20, "", "ratio"))[0] == "uncertain"
    assert light_of(Estimate("r", 1.8, 1.1, 3.0, 20, "", "ratio"))[0] == "answered"
    assert light_of(Estimate("f", 0.5, 0.4, 0.6, 8, "", "fraction"))[0] == "uncertain"
    assert light_of(Estimate("f", None, n=0, unit="fraction"))[0] == "cannot"


def test_the_words_beside_a_light_tell_its_bound():
    """ "The interval is narrow" stood beside 34-59 %, "wide" beside 40-66 %."""
    told = [light_of(Estimate("f", 0.5, low, 0.6, 60, "", "fraction"))[1].text("en") for low in (0.35, 0.34)]
    assert told == ["interval within 25 points", "interval over 25 points"]
    told = [light_of(Estimate("m", 20.0, low, 29.0, 60, "", "months"))[1].text("zh") for low in (15.0, 14.0)]
    assert told == ["上下限之比不超过 2", "上下限之比超过 2"]


def test_lists_and_lines_read_as_prose():
    assert joined(["APC", "TP53", "KRAS"]) == "APC, TP53 and KRAS"
    assert joined(["APC", "TP53", "KRAS"], "zh") == "APC、TP53和KRAS"
    assert str(line_words(0)) == "before the first line" and str(line_words(7)) == "line 7"


def test_regimens_are_named_as_oncologists_name_them():
    assert treatment_name("cetuximab;fluorouracil;irinotecan;leucovorin") == "FOLFIRI + cetuximab"
    assert treatment_name("bevacizumab;capecitabine;oxaliplatin") == "CAPOX + bevacizumab"
    assert treatment_name("abiraterone") == "abiraterone"


def test_long_sentences_of_the_catalogue():
    """Every sentence that a page can show has at most 35 words, the median at most 18."""
    from statistics import median

    from oncourse.words.readable import LONGEST, TYPICAL, n_words, sentences

    lengths = {s: n_words(s) for text in catalogue("en").values() for s in sentences(text)}
    assert max(lengths.values()) <= LONGEST and median(lengths.values()) <= TYPICAL


def test_a_share_has_a_decimal_only_where_its_interval_carries_it():
    """1,793 mutations of 19 patients: "71.9 %" with limits from 67.4 to 75.9 told a precision that nobody has."""
    wide = Estimate("f", 0.719, 0.674, 0.759, 1793, "", "fraction")
    assert str(wide) == "72 % (95 % CI 67-76; n = 1,793)"
    near = Estimate("f", 0.719, 0.709, 0.729, 6000, "", "fraction")
    assert str(near) == "71.9 % (95 % CI 70.9-72.9; n = 6,000)"
