"""An event within one gene is no fusion; it is still an alteration of the gene."""

from __future__ import annotations

from oncourse.cohort import Cohort
from oncourse.io.structural.events import read_structural_variants
from oncourse.knowledge.evaluate import NO, YES, evaluate
from oncourse.knowledge.expression import parse


def test_rules_for_fusions_ask_for_two_genes(make_study) -> None:
    """cBioPortal#5324, #7210, #10208: RET-RET gave selpercatinib at level I-A."""
    study = make_study(
        patients=[{"patient_id": p} for p in ("P1", "P2")],
        assays=[{"assay_id": "A", "kind": "panel", "targets": "RET;KIF5B;TP53"}],
        samples=[
            {"sample_id": s, "patient_id": p, "material": "tissue", "assay_id": "A", "sv_assay_id": "A"}
            for s, p in (("S1", "P1"), ("S2", "P2"))
        ],
        calls=[{"sample_id": "S1", "variant_id": "1:5:A:T", "alt_count": 30, "depth": 100}],
        fusions=[
            {"sample_id": "S1", "gene_5p": "RET", "gene_3p": "RET"},
            {"sample_id": "S2", "gene_5p": "KIF5B", "gene_3p": "RET"},
        ],
    )
    cohort = Cohort(study)
    hits = cohort.alterations.filter(gene="RET").select("patient_id", "kinds").rows()
    assert hits == [("P1", "rearrangement"), ("P2", "fusion")]
    patients = cohort.findings.patients
    assert [evaluate(parse("fusion(RET)"), patients[p]).truth for p in ("P1", "P2")] == [NO, YES]


def test_an_event_that_names_one_gene_as_intragenic_is_within_it(tmp_path) -> None:
    file = tmp_path / "data_sv.txt"
    file.write_text(
        "Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tEvent_Info\nS1\tNTRK1\t\tNTRK1-intragenic\n"
        "S2\tALK\t\tALK rearrangement\n"
    )
    rows = read_structural_variants(file)[0].select("sample_id", "gene_5p", "gene_3p").rows()
    assert rows == [("S1", "NTRK1", "NTRK1"), ("S2", "ALK", None)]
