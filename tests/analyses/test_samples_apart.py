"""Samples that may be another's leave every answer, with the answer of all samples beside it (issue 14, 8 and 9)."""

from __future__ import annotations

import polars as pl
import pytest
from tests.derive.test_identity import made, of_persons
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.concordance.apart import REASONS, samples_apart
from oncourse.derive.concordance.identity import SCHEMA as IDENTITY
from oncourse.derive.concordance.relatedness import may_tell_apart
from oncourse.errors import NotEnoughData
from oncourse.patients.plain import patient_view
from oncourse.report.patient_page import patient_page


def identity(*rows):
    """Rows of (sample, finding, other sample, fits its own patient); the patient is the sample's first letter."""
    names = ("sample_id", "finding", "other_sample_id", "fits_own")
    cells = [dict(zip(names, row, strict=True)) for row in rows]
    cells = [c | {"patient_id": c["sample_id"][0], "other_patient_id": c["other_sample_id"][0]} for c in cells]
    return pl.DataFrame([{n: c.get(n) for n in IDENTITY} for c in cells], schema=IDENTITY)


def related(*rows):
    """Pairs (sample, sample, verdict) of a patient."""
    cells = [{"patient_id": a[0], "sample_a": a, "sample_b": b, "verdict": v} for a, b, v in rows]
    return pl.DataFrame(cells, schema=dict.fromkeys(("patient_id", "sample_a", "sample_b", "verdict"), pl.String))


def both(a, b, finding, fits_a=None, fits_b=None):
    """A finding, told from both sides."""
    return (a, finding, b, fits_a), (b, finding, a, fits_b)


@pytest.mark.parametrize(
    ("found", "pairs", "expected"),
    [
        # a metastasis that fits another patient, and none of its own; the other fits its own: the first is the swap
        (both("aM", "bP", "same tumour", False, True), (), {"aM": "swap"}),
        (both("aM", "bP", "same tumour", False, None), (), {"aM": "swap"}),
        (both("aM", "bP", "same tumour", None, None), (), {"aM": "swap", "bP": "swap"}),
        (both("aM", "bP", "same tumour", True, True), (), {"bP": "double"}),
        # three of one person, one of another: the one; of two nobody knows which
        ((*both("aN", "aM", "another person"), *both("aP", "aM", "another person")), (), {"aM": "person"}),
        (both("aN", "aM", "another person"), (), {"aN": "person", "aM": "person"}),
        ((("aM", "contaminated", "bP", True),), (), {"aM": "contaminated"}),
        # the source is itself another's: what both have is the sample's own
        (
            (("bM", "contaminated", "aM", False),),
            (("aP", "aL", "related"), ("aP", "aM", "unrelated"), ("aL", "aM", "unrelated")),
            {"aM": "stranger"},
        ),
        # without common origin: the stranger among kin; of two it may be a second primary, which is the patient's own
        ((), (("aP", "aL", "related"), ("aP", "aM", "unrelated"), ("aL", "aM", "unrelated")), {"aM": "stranger"}),
        ((), (("aP", "aM", "unrelated"),), {}),
        ((), (("aP", "aL", "related"), ("aP", "aM", "second_primary")), {}),
        # metastases of two patients are swapped, each with a normal: germline sites tell that the primaries are their own,
        # which have no rare variant in common with the only other tumour sample of their patient
        (
            (
                *both("aN", "aM", "another person"),
                *both("aP", "aM", "another person"),
                *both("bN", "bM", "another person"),
                *both("bP", "bM", "another person"),
                *both("aM", "bN", "same person"),
                *both("aM", "bP", "same person"),
                *both("bM", "aN", "same person"),
                *both("bM", "aP", "same person"),
                *both("aM", "bP", "same tumour", False, False),
                *both("bM", "aP", "same tumour", False, False),
            ),
            (),
            {"aM": "swap", "bM": "swap"},
        ),
        # a patient in the study twice: each fits its own and the other, and is counted once
        (both("aP", "bP", "same person") + both("aM", "bM", "same person"), (), {"bP": "double", "bM": "double"}),
    ],
)
def test_who_leaves(found, pairs, expected):
    table = samples_apart(identity(*found), related(*pairs))
    assert dict(table.select("sample_id", "reason").rows()) == {s: REASONS[r] for s, r in expected.items()}


def test_every_analysis_answers_without_swapped_samples_and_says_what_it_would_be_with_them():
    """Only the concordance did: landscape, burden and evolution counted another's mutations as the patient's."""
    cohort, clean = Cohort(made(swap=(3, 4))), Cohort(made(n=6))
    assert cohort.cleared.study["samples"].height == 8 and cohort.cleared.apart.is_empty()
    assert clean.cleared is clean
    for name in ("landscape", "burden", "ras_status", "discordance"):
        result, whole = registry()[name].run(cohort), registry()[name].run(clean)
        assert " Left out: 4 samples that may be another patient's (overview/apart); with them" in result.answer, name
        assert "Left out" not in whole.answer
        assert "4 samples that may be another's" in result.headline.text.text()
        assert "4 份样本" in result.headline.text.text("zh")
    landscape = registry()["landscape"].run(cohort)
    assert landscape.answer.startswith("In 4 profiled patients (8 samples)")
    assert "with them: In 6 profiled patients (12 samples)" in landscape.answer
    gone = landscape.people.filter(
        ~pl.col("is_in") & pl.col("reason").str.contains("set apart (fits another", literal=True)
    )
    assert set(gone["patient_id"]) == {"X3", "X4"}
    ras = registry()["ras_status"].run(cohort)
    assert ras.estimate("discordance.RAS.primary_v_metastasis").n == 4
    assert ras.estimate("discordance.RAS.primary_v_metastasis.with_all_samples").n == 6


def test_a_contaminated_sample_leaves_the_comparison_too():
    """21 foreign variants at 8 % were counted as private to a metastasis."""
    result = registry()["concordance"].run(Cohort(made(foreign=[("X1-M", 2, 0.03)])))
    key = "shared_fraction_assessable.primary_v_metastasis"
    assert result.estimate(f"{key}_kept").value == 1.0 > result.estimate(key).value
    out = result.people.filter(question="primary v metastasis: of one tumour", is_in=False)
    assert out.select("patient_id", "reason").rows() == [("X1", "a sample may be another's (overview/apart)")]
    assert "Left out: 1 patient whose two samples" in result.answer


def test_the_patient_page_does_not_use_it_and_says_so():
    cohort = Cohort(made(foreign=[("X1-M", 2, 0.03)]))
    page = patient_page(cohort, "X1", clones=False)
    assert "<b>X1-M</b>: may be another&#39;s (holds another patient&#39;s DNA)" in page
    assert page == patient_page(cohort.of_patient("X1"), "X1", clones=False)
    view = patient_view(cohort, "X1", clones=False)
    assert {s["sample_id"]: s["set_apart"] for s in view.samples} == {
        "X1-M": "holds another patient's DNA",
        "X1-P": None,
    }
    assert [c["sample_id"] for c in view.grid["columns"]] == ["X1-P"]
    assert "may be another" not in patient_page(cohort, "X0", clones=False)


def test_an_analysis_left_without_data_says_why():
    """Two patients who changed places leave nobody to compare."""
    with pytest.raises(
        NotEnoughData, match=r"4 samples that may be another patient's are set apart \(overview/apart\)"
    ):
        registry()["discordance"].run(Cohort(made(swap=(0, 1), n=2)))


def test_germline_sites_set_apart_too():
    table = Cohort(of_persons(swap=(1, 2), n=3)).apart
    assert dict(table.select("sample_id", "reason").rows()) == dict.fromkeys(
        ["X1-n", "X1-t", "X2-n", "X2-t"], "fits another patient"
    )


def test_a_lost_copy_is_no_evidence_of_common_origin():
    """Two tumours under one name were related: what the one had on a chromosome the other lost counted as shared."""
    own = {"P": [f"8:{1000 * k}:A:T" for k in range(1, 13)], "M": [f"5:{1000 * k}:A:T" for k in range(1, 13)]}
    calls = [
        {"sample_id": s, "variant_id": v, "alt_count": 60 * (v in own[s]), "depth": 200}
        for s in own
        for v in [*own["P"], *own["M"]]
    ]
    segments = [
        {"sample_id": s, "chrom": c, "start": 1, "end": 90_000, "total_cn": n, "minor_cn": n - 1}
        for s, lost in (("P", "5"), ("M", "8"))
        for c in ("5", "8")
        for n in (1 if c == lost else 2,)
    ]
    roles = {"P": "primary", "M": "metastasis"}
    cohort = Cohort(
        study(
            {"genome_build": "GRCh37"},
            patients=[{"patient_id": "X"}],
            lesions=[{"lesion_id": f"l{s}", "patient_id": "X", "role": r, "site": "colon"} for s, r in roles.items()],
            samples=[
                {"sample_id": s, "patient_id": "X", "material": "tissue", "lesion_id": f"l{s}", "purity": 0.6}
                for s in own
            ],
            variants=[{"variant_id": v, "gene": "TTN", "consequence": "missense"} for s in own for v in own[s]],
            calls=calls,
            segments=segments,
        )
    )
    assert cohort.pairs.variants["is_lost"].any()
    row = cohort.relatedness.row(0, named=True)
    assert row["verdict"] != "related" and row["n_shared"] == 0 and row["log10_likelihood_ratio"] <= 0


@pytest.mark.parametrize(("shared", "gone"), [(12, {"M"}), (0, set())])
def test_presence_is_weighed_only_where_it_could_set_a_sample_apart(shared, gone):
    """Three lesions: two of one tumour leave the third a stranger. Where no two have a variant in common there can be
    none, and a registry of single samples, a few patients apart, weighed the reads of all of these."""
    own = {s: [f"{c}:{1000 * k}:A:T" for k in range(1, 13)] for s, c in (("P", 8), ("L", 5), ("M", 3))}
    own["L"] = own["P"][:shared] + own["L"][shared:]
    cohort = Cohort(
        study(
            {"genome_build": "GRCh37"},
            patients=[{"patient_id": "X"}],
            lesions=[
                {"lesion_id": f"l{s}", "patient_id": "X", "role": role, "site": "colon"}
                for s, role in (("P", "primary"), ("L", "metastasis"), ("M", "metastasis"))
            ],
            samples=[
                {"sample_id": s, "patient_id": "X", "material": "tissue", "lesion_id": f"l{s}", "purity": 0.6}
                for s in own
            ],
            variants=[{"variant_id": v, "gene": "TTN"} for v in sorted({v for s in own for v in own[s]})],
            calls=[{"sample_id": s, "variant_id": v, "alt_count": 60, "depth": 200} for s in own for v in own[s]],
        )
    )
    assert set(cohort.apart["sample_id"]) == gone
    assert may_tell_apart(cohort.study, merge_same_site=False) == ("presence" in cohort._cache) == bool(gone)
    assert samples_apart(cohort.identity, cohort.relatedness).equals(cohort.apart)
