"""The coverage table answers for a variant as it answers for a codon, and a called variant for how much tumour there is."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort

Q61H, TP53 = "12:25227341:T:G", "17:7675088:C:T"
VARIANTS = [
    {"variant_id": Q61H, "gene": "KRAS", "hgvs_p": "p.Q61H", "consequence": "missense_variant"},
    {"variant_id": TP53, "gene": "TP53", "hgvs_p": "p.R175H", "consequence": "missense_variant"},
]
#: Patient -> what coverage tells of KRAS codon 61 of the tissue: deep, shallow, not read, nothing.
TISSUE = {"P1": 1000, "P2": 6, "P3": 0, "P4": None}


@pytest.fixture(scope="module")
def cohort(make_study) -> Cohort:
    """Tissue, cetuximab, plasma with KRAS Q61H on day 205, then one without on day 420; no tumour fraction recorded."""
    samples, calls, coverage, drugs = [], [], [], []
    for p, depth in TISSUE.items():
        samples.append({"sample_id": f"{p}T", "patient_id": p, "material": "tissue", "day": -10, "purity": 0.6})
        samples += [
            {"sample_id": f"{p}B{day}", "patient_id": p, "material": "plasma", "day": day} for day in (205, 420)
        ]
        reads = [("T", TP53, 300, 1000), ("B205", TP53, 200, 4000), ("B205", Q61H, 20, 4000), ("B420", TP53, 200, 4000)]
        calls += [
            {"sample_id": p + s, "variant_id": v, "alt_count": a, "depth": d, "is_called": True, "origin": "somatic"}
            for s, v, a, d in reads
        ]
        at = [(f"{p}B420", gene, codon, 4000) for gene in ("KRAS", "NRAS") for codon in (12, 13, 59, 61, 117, 146)]
        at += [(f"{p}T", "KRAS", 61, depth)] if depth is not None else []
        coverage += [{"sample_id": s, "gene": g, "codon": c, "min_depth": d} for s, g, c, d in at]
        drugs.append({"patient_id": p, "drugs": "cetuximab", "start_day": 0, "stop_day": 200, "setting": "metastatic"})
    assay = {"assay_id": "A", "kind": "panel", "targets": "KRAS;NRAS;TP53", "min_depth": 50, "min_alt_count": 4}
    return Cohort(
        make_study(
            {"design": "crc", "genome_build": "GRCh38"},
            patients=[{"patient_id": p, "stage": "IV"} for p in TISSUE],
            assays=[assay | {"min_vaf": 0.002, "error_rate": 0.0005, "has_umi": True}],
            samples=[s | {"assay_id": "A"} for s in samples],
            variants=VARIANTS,
            calls=calls,
            coverage=coverage,
            treatments=drugs,
        )
    )


def test_a_codon_read_deeply_and_not_called_excludes_the_variant(cohort):
    """RAS said "negative, measured" of a tissue whose KRAS Q61H was "not called, where its reads were not counted"."""
    cells = cohort.presence.cells.filter((pl.col("variant_id") == Q61H) & pl.col("sample_id").str.ends_with("T"))
    said = {r["patient_id"]: (r["state"], r["reason"], r["basis"]) for r in cells.iter_rows(named=True)}
    assert said == {
        "P1": ("absent", "not_called", "covered"),
        "P2": ("not_assessable", "low_depth", "covered"),
        "P3": ("not_assessable", "not_covered", "covered"),
        "P4": ("absent", "not_called", "assumed"),
    }
    rows = cohort.findings.emerged.filter(pl.col("variant_id") == Q61H)
    new = {r["patient_id"]: (r["status"], r["earlier"]) for r in rows.iter_rows(named=True)}
    assert new == {
        "P1": ("emerged", "not called in 1000 reads (day -10)"),
        "P2": ("not_visible_before", "not called in 6 reads (day -10)"),
        "P3": ("not_visible_before", "not called in 0 reads (day -10)"),
        "P4": ("uncalled_before", "not counted (day -10)"),
    }


def test_a_called_variant_shows_how_much_tumour_there_is_at_the_least(cohort):
    """TP53 in 200 of 4,000 reads needs 4.4 % of tumour (Wilson's lower limit of .05); the estimate's own limit was .05 %,
    and codons at 4,000 reads had "too few reads or too little tumour"."""
    blood = cohort.statuses.filter(pl.col("sample_id") == "P1B420")
    ras = blood.filter(pl.col("status") == "RAS").row(0, named=True)
    assert (ras["state"], ras["basis"]) == ("negative", "measured")
    held = cohort.findings.callable_codons.filter(pl.col("sample_id") == "P1B420")["purity"].unique()
    assert held.to_list() == pytest.approx([0.0436], abs=1e-3)
