"""A known change beside words that take it back, or that nobody knows, is no silent call.

From a stranger's reports (1 December 2026): of "V600E: No" the second word was passed over; its neighbours were, too.
"""

from __future__ import annotations

import pytest

from oncourse.facts.report_words import finding, not_read_beside
from oncourse.io.detect import read_any

ABSENT = [
    *("V600E: nil", "V600E zero", "V600E: 没有", "V600E 不存在", "without V600E", "lacks V600E", "absence of V600E"),
    *("V600E 0 of 5000", "V600E 0 mutant droplets", "V600E: 0 mut copies/mL", "V600E MAF 0", "c.1799T>A: nil"),
]
DOUBT = [
    *(
        "V600E (N)",
        "V600E N",
        "V600E ×",
        "V600E ✗",
        "V600E x",
        "V600E: F",
        "V600E ND",
        "V600E (ND)",
        "V600E n/d",
        "V600E NA",
    ),
    *(
        "V600E /",
        "V600E [-]",
        "V600E 0",
        "V600E 0x",
        "V600E (?)",
        "V600E unlikely",
        "V600E withdrawn",
        "V600E rejected",
    ),
    *("V600E not called", "V600E low quality", "V600E possible", "V600E likely", "previously V600E", "V600E cleared"),
    *("V600E 转阴", "V600E 消失", "V600E 既往", "V600E lost", "V600E-free", "V600E: below detection", "V600E (mother)"),
]
FOUND = [
    *("V600E likely pathogenic", "V600E loss of function", "V600E Tier I", "V600E 12%", "V600E 10/5000", "V600E ++"),
    *("V600E yes", "V600E: 是", "V600E 有", "V600E √", "V600E NM_004333.4 exon 15", "V600E COSM476", "V600E 0.12"),
    *(
        "V600E 20 copies/mL",
        "V600E 10 copies",
        "V600E VAF 10%",
        "V600E 致病突变",
        "BRAF V600E 杂合",
        "V600E depth 1200",
    ),
]


@pytest.mark.parametrize(("texts", "states"), [(ABSENT, {"absent"}), (DOUBT, {"doubt"}), (FOUND, {None, "present"})])
def test_words_that_take_a_change_back(texts, states):
    assert {t: finding(t).state for t in texts if finding(t).state not in states} == {}
    assert {t: not_read_beside(t) for t in texts if not_read_beside(t)} == {}
    assert all(bool(finding(t).changes) == (texts is FOUND) for t in texts)


@pytest.mark.parametrize("word", ["foo", "作废", "blah", "Ausgeschlossen"])
def test_a_word_that_nobody_knows_is_told(tmp_path, word):
    rows = [f"P1\tBRAF\tV600E {word}", "P2\tBRAF\tV600E 12%", ""]
    (tmp_path / "a.tsv").write_text("\n".join(["Sample\tGene\tAlteration", *rows]), "utf-8")
    told = [p.message for p in read_any(tmp_path / "a.tsv").problems if "words that are not understood" in p.message]
    assert told == [f"1 changes stand beside words that are not understood (BRAF: V600E {word}): taken as found."]
