"""Whose sample is it: a swap with its partner named, a duplicate, contamination with its share and source (issue 14,
9)."""

from __future__ import annotations

import polars as pl
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.concordance.identity import identity_notes, identity_table


def made(swap=(), foreign=(), n=6, own=12):
    """Patients with 12 passengers each, in primary and metastasis alike at VAF .3, and KRAS G12D in all of them.

    swap : two patients whose metastases changed places; foreign : (sample, patient, VAF): that patient's variants in
    it.
    """
    kras = "12:25398284:C:T"
    variants = [{"variant_id": kras, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}]
    calls, samples, lesions = [], [], []
    of = {p: [f"{p % 20 + 1}:{1000 * p + 10 * k}:A:T" for k in range(own)] for p in range(n)}
    variants += [{"variant_id": v, "gene": "TTN", "consequence": "missense"} for p in of for v in of[p]]
    for p in range(n):
        for role in ("primary", "metastasis"):
            sample, tumour = f"X{p}-{role[0].upper()}", p
            if role == "metastasis" and p in swap:
                tumour = swap[1 - swap.index(p)]
            lesions.append({"lesion_id": f"{sample}-l", "patient_id": f"X{p}", "role": role, "site": "colon"})
            samples.append(
                {
                    "sample_id": sample,
                    "patient_id": f"X{p}",
                    "material": "tissue",
                    "lesion_id": f"{sample}-l",
                    "purity": 0.6,
                    "assay_id": "E",
                }
            )
            calls += [
                {"sample_id": sample, "variant_id": v, "alt_count": 60, "depth": 200} for v in [kras, *of[tumour]]
            ]
            calls += [
                {"sample_id": s, "variant_id": v, "alt_count": round(200 * vaf), "depth": 200}
                for s, source, vaf in foreign
                if s == sample
                for v in of[source]
            ]
    return study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": f"X{p}"} for p in range(n)],
        samples=samples,
        calls=calls,
        variants=variants,
        lesions=lesions,
        assays=[{"assay_id": "E", "kind": "wes", "callable_mb": 30.0}],
    )


def test_a_clean_study_has_no_findings_though_all_share_a_hotspot():
    assert identity_table(made()).is_empty()


def test_a_swap_is_found_with_its_partner():
    table = identity_table(made(swap=(3, 4)))
    fits = {
        (r["sample_id"], r["other_sample_id"]) for r in table.iter_rows(named=True) if r["finding"] == "same tumour"
    }
    assert fits == {("X3-M", "X4-P"), ("X4-P", "X3-M"), ("X4-M", "X3-P"), ("X3-P", "X4-M")}
    assert not table["fits_own"].any()
    notes = identity_notes(table)
    assert len(notes) == 2 and "X3-M (patient X3) fits X4-P (patient X4): 12 of its 12 rare variants" in " ".join(notes)


def test_contamination_has_its_share_and_source():
    """21 foreign variants at 8 % were counted as private to a metastasis, and nothing was said."""
    table = identity_table(made(foreign=[("X1-M", 2, 0.03)]))
    rows = table.filter(sample_id="X1-M", finding="contaminated")
    assert set(rows["other_patient_id"]) == {"X2"} and rows["n_shared"].to_list() == [12, 12]
    assert rows["share"].to_list() == [0.1, 0.1]  # 3 % of reads where the source has 30 %
    assert table.filter(pl.col("sample_id") != "X1-M").is_empty()
    assert "X1-M (patient X1) holds 12 rare variants of X2-" in identity_notes(table)[0]
    assert "at 10 % of their level there: contamination" in identity_notes(table)[0]


def test_the_overview_names_them_and_swapped_pairs_leave_the_headline_with_the_answer_beside():
    cohort = Cohort(made(swap=(3, 4)))
    overview = registry()["overview"].run(cohort)
    assert any("One tumour under two names" in note for note in overview.notes)
    assert overview.table("identity").height == 4
    result = registry()["concordance"].run(cohort)
    clean = registry()["concordance"].run(Cohort(made()))
    key = "shared_fraction_assessable.primary_v_metastasis"
    assert result.estimate(f"{key}_kept").value == clean.estimate(key).value == 1.0
    assert result.estimate(key).value < 0.9
    assert "Left out: 2 patients whose two samples are of two tumours" in result.answer
    assert "with them it would be" in result.answer and "Left out" not in clean.answer
    out = result.people.filter(question="primary v metastasis: of one tumour", is_in=False)
    assert dict(out.select("patient_id", "reason").rows()) == dict.fromkeys(
        ["X3", "X4"], "the two samples are of two tumours"
    )
