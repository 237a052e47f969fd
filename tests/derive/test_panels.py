"""Which genes an assay looked at: a list, regions of a BED file, or all."""

from __future__ import annotations

from oncourse.derive.genes.burden import BurdenParams, callable_sizes
from oncourse.derive.genes.panels import read_panels
from oncourse.genome.genes import gene_places


def test_an_assay_with_regions_looked_at_the_genes_in_them(make_study):
    """A gene outside the BED file once read as looked at, so that its samples were wild type."""
    places = {
        g: (c, a, b)
        for g, c, a, b in gene_places("GRCh37")
        .filter(gene_places("GRCh37")["gene"].is_in(["KRAS", "TP53", "APC"]))
        .iter_rows()
    }
    chrom, first, _ = places["KRAS"]
    regions = [
        {"assay_id": "bed", "chrom": chrom, "start": first - 500, "end": first + 10},
        {"assay_id": "bed", "chrom": chrom, "start": first - 900, "end": first - 400},
        {"assay_id": "bed", "chrom": "5", "start": 100, "end": 200},
        {
            "assay_id": "bed",
            "chrom": places["TP53"][0],
            "start": places["TP53"][2] + 1,
            "end": places["TP53"][2] + 50,
        },
    ]
    study = make_study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": "P1"}],
        assays=[{"assay_id": "bed", "kind": "panel"}, {"assay_id": "whole", "kind": "wes"}],
        target_regions=regions,
        samples=[{"sample_id": a, "patient_id": "P1", "material": "tissue", "assay_id": a} for a in ("bed", "whole")],
        variants=[{"variant_id": "5:150:A:T", "gene": "NEW1"}, {"variant_id": "5:201:A:T", "gene": "NEW2"}],
        calls=[
            {"sample_id": "whole", "variant_id": v, "alt_count": 9, "depth": 90} for v in ("5:150:A:T", "5:201:A:T")
        ],
    )
    panels = read_panels(study)
    looked = {g for g in ("KRAS", "TP53", "APC", "NEW1", "NEW2") if "bed" in panels.on_panel(g).to_list()}
    assert looked == {"KRAS", "NEW1"}
    assert panels.genes["whole"] is None
    sizes = dict(callable_sizes(study, panels, BurdenParams()).select("assay_id", "callable_mb").iter_rows())
    assert sizes["bed"] == (911 + 101 + 50) / 1e6  # two of the regions overlap
    assert sizes["whole"] == 30.0


def test_an_assay_without_genes_profiled_nobody(make_study):
    """ "In 3 profiled patients" counted one whose sample is in no file of calls."""
    study = make_study(
        patients=[{"patient_id": p} for p in ("P1", "P2")],
        assays=[{"assay_id": a, "kind": "panel", "targets": t} for a, t in (("A", "KRAS"), ("none", ";"))],
        samples=[
            {"sample_id": f"S{i}", "patient_id": f"P{i}", "material": "tissue", "assay_id": a}
            for i, a in ((1, "A"), (2, "none"))
        ],
        calls=[],
    )
    assert read_panels(study).samples.select("sample_id", "mutation").rows() == [("S1", "A"), ("S2", None)]
