"""Residues and pathways: patients per codon, and a pathway that was looked at in part is not called unaltered."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.genome.gene_sets import pathways
from oncourse.report.execute import run_one


def run(study, **settings):
    outcome = run_one(registry()["sites"], Cohort(study, {"sites": settings}), draw=False)
    assert outcome.status == "done", outcome.detail
    return outcome.result


def study_of(make_study):
    """Three patients on a whole exome, two on a panel of KRAS alone; KRAS G12D in two samples of A and in D."""
    genes = ";".join(("KRAS",))
    people = {"A": "wes", "B": "wes", "C": "wes", "D": "small", "E": "small"}
    samples = [{"sample_id": f"{p}1", "patient_id": p, "material": "tissue", "assay_id": a} for p, a in people.items()]
    samples.append({"sample_id": "A2", "patient_id": "A", "material": "tissue", "assay_id": "wes"})
    calls = [{"sample_id": s, "variant_id": "12:25398284:C:T", "is_called": True} for s in ("A1", "A2", "D1")]
    return make_study(
        patients=[{"patient_id": p} for p in people],
        samples=samples,
        calls=calls,
        assays=[{"assay_id": "wes", "kind": "wes"}, {"assay_id": "small", "kind": "panel", "targets": genes}],
        variants=[{"variant_id": "12:25398284:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}],
    )


def test_patient_with_two_samples_is_hit_once(make_study):
    row = run(study_of(make_study)).table("codons").row(0, named=True)
    assert (row["gene"], row["codon"], row["n_patients"], row["patients"]) == ("KRAS", 12, 2, "A;D")
    assert row["is_hotspot"] and row["effect"] == "missense"


def test_pathway_looked_at_in_part_is_not_unaltered(make_study):
    """RTK-RAS: A, B, C in whole; D and E had KRAS alone looked at and are not counted, though D is altered.

    To count D and leave E out would count a patient because of what was found.
    """
    result = run(study_of(make_study))
    row = result.table("pathways").filter(pl.col("pathway") == "RTK-RAS").row(0, named=True)
    assert row["n_genes"] == len(pathways()["RTK-RAS"])
    assert (row["n_profiled"], row["n_partly"], row["n_altered"], row["frequency"]) == (3, 2, 1, pytest.approx(1 / 3))
    assert [f.name for f in result.figures] == ["pathways"]
    assert result.notes[-1] == "Too little for a figure by residue (patients): KRAS G12D 2."


def test_domains_are_drawn_from_a_users_table(make_study, tmp_path):
    (tmp_path / "d.tsv").write_text("gene\tstart\tend\tname\nKRAS\t1\t164\tG domain\n")
    result = run(study_of(make_study), domains=str(tmp_path / "d.tsv"), genes=("KRAS",))
    assert "G domain" in result.figure("lollipop_KRAS").svg
