"""What was recorded of a marker and not understood is no result: never "no", never "not seen" (issue 14)."""

from __future__ import annotations

import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.facts.markers import marker_state
from oncourse.knowledge.pgx import phenotype
from oncourse.patients.page_data import page_data


def marked(*markers):
    """One man with mCRPC under enzalutamide, a metastasis, and markers (name, value, day)."""
    return Cohort(
        study(
            {"design": "mcrpc", "genome_build": "GRCh37"},
            patients=[{"patient_id": "P", "disease": "mCRPC", "primary_site": "prostate", "stage": "IV"}],
            samples=[{"sample_id": "S", "patient_id": "P", "material": "tissue", "day": 0, "purity": 0.6}],
            treatments=[{"patient_id": "P", "drugs": "enzalutamide", "start_day": 0, "stop_day": 290}],
            calls=[],
            variants=[],
            markers=[{"patient_id": "P", "marker": m, "value": v, "day": d} for m, v, d in markers],
        )
    )


def seen(cohort):
    """Status card and watch list of AR-V7, and whether a rule of it matches."""
    data = page_data(cohort, "P", clones=False)
    card = next(r for r in data["card"].rows if r.name == "AR-V7")
    watch = next(r for r in data["watch"] if "AR-V7" in r.name)
    ruled = {m.status for m in cohort.therapy.matches["P"] if m.rule.biomarker.startswith("AR-V7")}
    return card, watch, ruled


@pytest.mark.parametrize("word", ["样本量不足", "QNS", "not done", "?", "失败"])
def test_a_word_that_tells_nothing_is_not_assessable_everywhere(word):
    card, watch, ruled = seen(marked(("AR-V7", word, 300)))
    assert card.verdict.state == "unclear" and word in card.why
    assert watch.status == "not assessable" and word in watch.text
    assert ruled == {"not_assessable"}


def test_a_later_word_that_tells_nothing_does_not_hide_an_earlier_result():
    card, watch, ruled = seen(marked(("AR-V7", "阳性", 100), ("AR-V7", "QNS", 300)))
    assert card.verdict.state == "found" and watch.status.startswith("found") and ruled == {"matched"}


def test_the_analysis_names_what_could_not_be_read():
    notes = registry()["therapy"].run(marked(("AR-V7", "样本量不足", 300), ("DPYD", "positive", 0))).notes
    said = next(n for n in notes if n.startswith("Recorded markers that could not be read"))
    assert "AR-V7 '样本量不足' (1)" in said and "P: DPYD not assessable: 'positive'" in said


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("dMMR (MLH1/PMS2缺失)", "positive"),
        ("MLH1、PMS2 缺失表达", "positive"),
        ("MSH2 and MSH6 lost", "positive"),
        ("MLH1(-), PMS2(-), MSH2(+), MSH6(+)", "positive"),
        ("pMMR (MLH1+, MSH2+, MSH6+, PMS2+)", "negative"),
        ("MLH1+/MSH2+/MSH6+/PMS2+", "negative"),
        ("pMMR（MLH1缺失）", "unclear"),
        ("MLH1+", "unclear"),
    ],
)
def test_repair_by_word_and_by_proteins(value, state):
    assert marker_state("MMR", value) == state


@pytest.mark.parametrize(
    ("gene", "value", "word"),
    [
        ("DPYD", "c.1905+1G>A heterozygous", "intermediate metaboliser (activity score 1)"),
        ("DPYD", "DPYD*2A 杂合", "intermediate metaboliser (activity score 1)"),
        ("DPYD", "c.1905+1G>A AA", "poor metaboliser (activity score 0)"),
        ("DPYD", "野生型", "normal metaboliser (activity score 2)"),
        ("UGT1A1", "*28 纯合", "poor metaboliser"),
        ("UGT1A1", "c.211G>A GA", "intermediate metaboliser"),
        ("UGT1A1", "(TA)6/(TA)7", "intermediate metaboliser"),
        ("UGT1A1", "c.211G>A", "not assessable"),
        ("UGT1A1", "c.211G>A CT", "not assessable"),
    ],
)
def test_genotypes_as_laboratories_write_them(gene, value, word):
    assert phenotype(gene, value).startswith(word)
