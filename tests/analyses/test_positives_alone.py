"""Who can only be judged where positive is positive in 100 %: such shares are shown nowhere (issue 14, part 8)."""

from __future__ import annotations

import re

import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.errors import NotEnoughData

KRAS = "12:25398284:C:T"
#: Estimates of 1 that are no share of the judged: shares without an event in a time, purity of a method and the like.
OTHER = ("free_at_", "informative_plasma", "shared_fraction_called")
N, CARRIERS = 24, 8


def made(*, plasma: int):
    """Tissue and plasma by a panel without KRAS: its G12D is listed of carriers, and nobody can be judged negative.

    plasma : carriers whose plasma lists it too
    """
    samples, calls = [], []
    for p in range(N):
        for kind, material in (("T", "tissue"), ("B", "plasma")):
            samples.append(
                {"sample_id": f"P{p}-{kind}", "patient_id": f"P{p}", "material": material, "assay_id": "K", "day": 0}
            )
        found = ["T"] * (p < CARRIERS) + ["B"] * (p < plasma)
        calls += [{"sample_id": f"P{p}-{kind}", "variant_id": KRAS} for kind in found]
    return study(
        {"genome_build": "GRCh37", "design": "crc"},
        patients=[
            {"patient_id": f"P{p}", "disease": "colorectal cancer", "stage": "IV", "primary_site": "sigmoid"}
            for p in range(N)
        ],
        samples=samples,
        calls=calls,
        variants=[{"variant_id": KRAS, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}],
        assays=[{"assay_id": "K", "kind": "panel", "targets": "TP53;APC"}],
    )


@pytest.fixture(scope="module", params=[CARRIERS, CARRIERS // 2], ids=["in both", "half in plasma"])
def results(request):
    cohort, found = Cohort(made(plasma=request.param)), {}
    for name, entry in registry().items():
        if not entry.missing(cohort):
            try:
                found[name] = entry.run(cohort)
            except NotEnoughData:
                continue
    return found


def test_no_sentence_gives_a_share_of_those_who_can_only_be_positive(results):
    """ "ctDNA is positive in 100 % (n = 4) of the assessable", "RAS was the same in all 8 patients judged"."""
    assert {"ras_status", "concordance", "monitoring", "therapy", "landscape"} <= set(results)
    for name, result in results.items():
        texts = [result.answer, *result.notes, result.headline.text.text() if result.headline else ""]
        shares = {e.name for e in result.estimates if e.unit == "fraction" and e.value == 1.0}
        for text in texts:
            named = set(re.findall(r"\{([\w.]+)(?::\w+)?\}", text))
            assert name == "concordance" or not {s for s in shares & named if "all_" not in s}, (name, text)
        assert "in all" not in result.answer or "judged" not in result.answer, (name, result.answer)


def test_no_table_or_estimate_holds_one(results):
    summary = results["concordance"].table("summary")
    unknown = summary.filter(estimand="not_assessable_fraction")["estimate"].max() > 0
    for name, result in results.items():
        whole = [
            e.name
            for e in result.estimates
            if e.unit == "fraction" and e.value == 1.0 and not e.name.startswith(OTHER) and "all_" not in e.name
        ]
        # where every mutation that was found could be judged, none is left out: all eight are in both
        assert not whole or (name == "concordance" and not unknown), (name, whole)
    agreement = results["ras_status"].table("statuses")
    ras = agreement.filter(status="RAS", set="all")
    assert ras.height and ras["opa"].null_count() == ras["discordance"].null_count() == ras.height
    rows = summary.filter(estimand="shared_fraction_assessable")
    assert rows.height and rows["estimate"].null_count() == (rows.height if unknown else 0)
    notes = results["concordance"].notes
    assert any("no shared fraction is given" in note for note in notes) == unknown


def test_what_was_found_is_told_by_its_number(results):
    monitoring = results["monitoring"]
    told = {e.name: e.value for e in monitoring.estimates}
    assert told["ctdna_found"] + told["ctdna_unjudged"] == N and "ctdna_positive" not in told
    assert any("could only be judged where it was positive" in note for note in results["ras_status"].notes)


def test_what_only_positives_could_show_did_not_clear():
    """V5: 19 lines positive before and after, 30 samples too shallow to judge: "it cleared in 0 % (0-18; n = 19)"."""
    from oncourse.analyses.monitoring import _response_shares

    response = pl.DataFrame({"patient_id": ["A", "B"], "response": ["no_response", "no_response"]})
    seen = pl.DataFrame({"state": ["positive", "positive", "not_assessable"]})
    assert list(_response_shares(response, seen)) == []
    judged = pl.DataFrame({"state": ["positive", "negative", "not_assessable"]})
    assert [e.name for e in _response_shares(response, judged)] == ["clearance", "molecular_response"]
