"""Two cohorts: difference with its interval, alike only where the interval is narrow, adjusted for burden, paired."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.genes.cohort_compare import judged
from oncourse.report.execute import run_one
from oncourse.stats.rng import generator


def run(study, **settings):
    return run_one(registry()["cohorts"], Cohort(study, {"cohorts": settings}), draw=False)


def counts(*rows) -> pl.DataFrame:
    names = [
        "gene",
        "cohort_a",
        "cohort_b",
        "method",
        "counted",
        "n_altered_a",
        "n_profiled_a",
        "n_altered_b",
        "n_profiled_b",
    ]
    return pl.DataFrame([(g, "a", "b", "counts", "mutations", *n) for g, *n in rows], schema=names, orient="row")


def test_alike_differs_and_not_decided():
    """500/1000 v 505/1000: 90 % interval within 5 points; 300 v 500: differs; 5/10 v 6/10: nothing can be said."""
    table = judged(
        counts(("ALIKE", 500, 1000, 505, 1000), ("OTHER", 300, 1000, 500, 1000), ("FEW", 5, 10, 6, 10)), 0.05
    )
    found = dict(table.select("gene", "verdict").iter_rows())
    assert found == {"ALIKE": "alike within 5 points", "OTHER": "differs", "FEW": "not decided"}
    row = table.filter(pl.col("gene") == "OTHER").row(0, named=True)
    assert row["difference"] == pytest.approx(-0.2)
    # R: PropCIs / Newcombe hybrid score, 300/1000 v 500/1000
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((-0.2413, -0.1576), abs=2e-3)


def two_groups(make_study, paired: bool):
    """G is altered by burden alone; group x has ten times the burden of y. Paired: the same patients in both."""
    rng = generator(8, "cohorts")
    variants = [{"variant_id": "9:1:A:C", "gene": "G", "consequence": "nonsense"}]
    samples, calls, patients, lesions = [], [], [], []
    for i in range(120):
        patient = f"P{i % 60 if paired else i}"
        role = "primary" if i < 60 else "metastasis"
        if not paired or i < 60:
            patients.append({"patient_id": patient})
        lesions.append({"lesion_id": f"L{i}", "patient_id": patient, "role": role})
        samples.append(
            {"sample_id": f"S{i}", "patient_id": patient, "material": "tissue", "lesion_id": f"L{i}", "assay_id": "a"}
        )
        high = rng.random() < (0.8 if role == "metastasis" else 0.2)
        for k in range(30 if high else 3):
            variants.append({"variant_id": f"1:{len(variants)}:A:C", "gene": f"H{k}", "consequence": "missense"})
            calls.append({"sample_id": f"S{i}", "variant_id": variants[-1]["variant_id"], "is_called": True})
        if rng.random() < (0.6 if high else 0.05):
            calls.append({"sample_id": f"S{i}", "variant_id": "9:1:A:C", "is_called": True})
    return make_study(
        patients=patients,
        lesions=lesions,
        samples=samples,
        calls=calls,
        variants=variants,
        assays=[{"assay_id": "a", "kind": "wes", "callable_mb": 30.0}],
    )


def test_burden_is_adjusted_for(make_study):
    """Metastases carry G more often by their burden alone: crude difference, none within thirds of burden."""
    table = run(two_groups(make_study, paired=False)).result.table("genes")
    row = table.filter(pl.col("gene") == "G").row(0, named=True)
    assert (row["cohort_a"], row["cohort_b"], row["verdict"]) == ("metastasis", "primary", "differs")
    assert row["adjusted_low"] < 1 < row["adjusted_high"] and row["adjusted_p"] > 0.05


def test_state_of_disease_is_adjusted_for(make_study):
    """G is altered in 60 % of castration-resistant and 10 % of sensitive patients; group x is mostly resistant, y mostly
    sensitive: 40 points apart, none within the states. Burden is that of everybody."""
    rng = generator(5, "state")
    rows = [(f"P{i}", "x" if i < 300 else "y", rng.random() < (0.9 if i < 300 else 0.1)) for i in range(600)]
    samples = [{"sample_id": f"S{p}", "patient_id": p, "material": "tissue", "assay_id": "a"} for p, _, _ in rows]
    variants = [{"variant_id": "9:1:A:C", "gene": "G", "consequence": "nonsense"}]
    calls = [
        {"sample_id": f"S{p}", "variant_id": "9:1:A:C", "is_called": True}
        for p, _, is_late in rows
        if rng.random() < (0.6 if is_late else 0.1)
    ]
    study = make_study(
        config={"extra_columns": ["centre", "state"]},
        patients=[{"patient_id": p, "centre": g, "state": "mCRPC" if is_late else "mCSPC"} for p, g, is_late in rows],
        samples=samples,
        calls=calls,
        variants=variants,
        assays=[{"assay_id": "a", "kind": "wes", "callable_mb": 30.0}],
    )
    found = {}
    for adjust in ((), ("state",)):
        settings = {"cohorts": {"adjust": adjust}, "landscape": {"group_by": "centre"}}
        outcome = run_one(registry()["cohorts"], Cohort(study, settings), draw=False)
        assert outcome.status == "done", outcome.message
        found[adjust] = outcome.result.table("genes").row(0, named=True)
    crude, within = found[()], found[("state",)]
    assert crude["verdict"] == "differs" and crude["difference"] > 0.25 and crude["adjusted_difference_low"] > 0.1
    assert within["adjusted_difference_low"] < 0 < within["adjusted_difference_high"]
    assert abs(within["adjusted_difference"]) < 0.1 < crude["adjusted_difference"]


def test_patients_with_both_are_paired_and_in_no_other_row(make_study):
    result = run(two_groups(make_study, paired=True)).result
    table = result.table("genes")
    # said once in a simulated study of paired exomes of known size: "the burden of some samples is not known"
    assert not [n for n in result.notes if "not known" in n] and "compared with himself" in result.notes[-1]
    rows = table.filter(pl.col("gene") == "G")
    assert rows["method"].to_list() == ["patients with samples in both"]
    assert (rows["n_profiled_a"][0], rows["n_profiled_b"][0]) == (60, 60)


def test_table_and_results_folder_of_another_cohort_give_the_same(make_study, tmp_path):
    study = two_groups(make_study, paired=False)
    text = "gene\tn_altered\tn_profiled\nG\t5\t200\nABSENT\t1\t200\n"
    (tmp_path / "western.tsv").write_text(text)
    folder = tmp_path / "western" / "tables" / "landscape"
    folder.mkdir(parents=True)
    (folder / "genes.tsv").write_text(text)
    one, two = (run(study, other=str(tmp_path / n)).result.table("genes") for n in ("western.tsv", "western"))
    assert one.equals(two) and one["gene"].to_list() == ["G"]
    assert (one["cohort_b"][0], one["n_profiled_a"][0], one["n_profiled_b"][0]) == ("western", 120, 200)
    outcome = run(study, other=str(tmp_path))
    assert outcome.status != "done" and "landscape" in outcome.message


def kinds_apart(make_study):
    """Ten primaries of a panel of mutations alone; ten metastases of one with copies too, six with PTEN lost."""
    samples, lesions, copies = [], [], []
    for i in range(20):
        role, assay = ("metastasis", "both") if i < 10 else ("primary", "small")
        lesions.append({"lesion_id": f"L{i}", "patient_id": f"P{i}", "role": role})
        samples.append(
            {"sample_id": f"S{i}", "patient_id": f"P{i}", "lesion_id": f"L{i}", "material": "tissue", "assay_id": assay}
        )
        if i < 10:
            copies += [
                {"sample_id": f"S{i}", "gene": g, "call": -2.0 if g == "PTEN" and i < 6 else 0.0}
                for g in ("PTEN", "TP53")
            ]
    calls = [{"sample_id": f"S{i}", "variant_id": "17:7577120:C:T", "is_called": True} for i in (0, 1, 2, 10, 11, 12)]
    targets = {"kind": "panel", "targets": "PTEN;TP53"}
    return make_study(
        patients=[{"patient_id": f"P{i}"} for i in range(20)],
        lesions=lesions,
        samples=samples,
        assays=[{"assay_id": a, **targets} for a in ("both", "small")],
        calls=calls,
        variants=[{"variant_id": "17:7577120:C:T", "gene": "TP53", "consequence": "missense", "hgvs_p": "p.R273H"}],
        gene_copy_number=copies,
    )


def test_what_one_group_was_not_looked_at_for_is_no_difference(make_study):
    """PTEN: 6 of 10 deleted in metastases, where copies were looked at; no primary was. TP53: 3 of 10 mutated in both."""
    outcome = run(kinds_apart(make_study), min_altered=1)
    table = outcome.result.table("genes")
    found = {r["gene"]: r for r in table.iter_rows(named=True)}
    assert set(table["counted"]) == {"mutations"} and found["TP53"]["n_altered_a"] == found["TP53"]["n_altered_b"] == 3
    assert "PTEN" not in found or found["PTEN"]["n_altered_a"] == found["PTEN"]["n_altered_b"] == 0
    assert any("no difference" in note for note in outcome.result.notes)


def test_another_cohort_without_copies_is_compared_by_mutations(make_study, tmp_path):
    """TCGA's MAF tells no fusion: TMPRSS2 of MSK 2024 (557 of 2,257) was said to differ from 4 of 497."""
    folder = tmp_path / "maf" / "tables" / "landscape"
    folder.mkdir(parents=True)
    head = "gene\tn_altered\tn_profiled\tn_mutated\tn_profiled_copies\tn_profiled_fusions\n"
    (folder / "genes.tsv").write_text(head + "PTEN\t2\t30\t2\t0\t0\nTP53\t9\t30\t9\t0\t0\n")
    study = kinds_apart(make_study)
    found = {
        r["gene"]: r
        for r in run(study, other=str(tmp_path / "maf"), min_altered=1).result.table("genes").iter_rows(named=True)
    }
    assert (found["PTEN"]["n_altered_a"], found["PTEN"]["counted"]) == (0, "mutations")
    (folder / "genes.tsv").write_text(head + "PTEN\t12\t30\t2\t30\t30\nTP53\t11\t30\t9\t30\t30\n")
    found = {
        r["gene"]: r
        for r in run(study, other=str(tmp_path / "maf"), min_altered=1).result.table("genes").iter_rows(named=True)
    }
    assert (found["PTEN"]["n_altered_a"], found["PTEN"]["n_altered_b"]) == (
        0,
        2,
    )  # the other's deletions count as little
    (tmp_path / "west.tsv").write_text("gene\tn_altered\tn_profiled\nPTEN\t2\t30\n")
    result = run(study, other=str(tmp_path / "west.tsv"), min_altered=1).result
    assert result.table("genes")["counted"].to_list() == ["not said by the other cohort"]
    assert any("not said" in note for note in result.notes)


def test_prostate_against_rectum(loaded, tmp_path):
    """TCGA: SPOP is a gene of the prostate, APC and KRAS of the rectum; the sense of the difference follows."""
    (tmp_path / "read.tsv").write_text("gene\tn_altered\tn_profiled\nAPC\t119\t149\nKRAS\t58\t149\nSPOP\t2\t149\n")
    table = run(loaded("tcga_crc_prad_maf", "mc3_PRAD.maf.gz"), other=str(tmp_path / "read.tsv")).result.table("genes")
    found = {r["gene"]: r for r in table.iter_rows(named=True)}
    assert found["APC"]["difference"] < -0.7 and found["SPOP"]["ci_low"] > 0
    assert {r["verdict"] for r in found.values()} == {"differs"}


@pytest.mark.slow
def test_prostate_by_state_is_as_published(loaded):
    """AR, RB1, TP53 and PTEN are altered more often in metastases, SPOP is not (Abida 2017, doi 10.1200/PO.17.00029;
    Armenia 2018, doi 10.1038/s41588-018-0078-z); two local recurrences are no group."""
    table = run(loaded("prostate_msk_2024")).result.table("genes")
    assert set(table["cohort_a"]) | set(table["cohort_b"]) == {"metastasis", "primary"}
    apart = table.filter(pl.col("method") == "patients of one group each")
    found = {r["gene"]: r for r in apart.iter_rows(named=True)}
    for gene in ("AR", "RB1", "TP53", "PTEN"):
        assert found[gene]["verdict"] == "differs" and found[gene]["difference"] > 0.05
        assert found[gene]["adjusted_low"] > 1
    assert found["SPOP"]["verdict"] != "differs" and found["AR"]["n_profiled_a"] == 813
