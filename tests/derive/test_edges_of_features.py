"""Which sample speaks for a patient, which features are made, and how a variant is told on the page."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.outcomes.feature_blocks import Finding, SampleOrder, blocks_by_day, mask, of_kind, sample_order
from oncourse.derive.outcomes.gene_features import covers, gene_findings, status_in_metastasis
from oncourse.derive.status.variants import POSSIBLE_GERMLINE_VAF, _in_latest, _origin, _seen, _two_hits
from oncourse.knowledge.findings import VariantFinding

#: Two patients: a primary and a metastasis of A, plasma and a primary of B; panel x everywhere, panel y in B's primary.
IDS = ("A1", "A2", "B0", "B1")
ORDER = SampleOrder(
    ("A", "B"),
    IDS,
    np.array([0, 0, 1, 1]),
    np.array([0.0, 100.0, 5.0, 9.0]),
    ("primary", "metastasis", "plasma", "primary"),
    ("x", "x", "x", "y"),
    {s: i for i, s in enumerate(IDS)},
)
ALL = np.ones(4, bool)


def flags(*ids):
    return mask(ORDER, ids)


@pytest.mark.parametrize("turned", [False, True])
def test_samples_speak_by_day_tissue_before_plasma_of_that_day_then_by_name(turned):
    """Whatever the order of the rows; a sample of no known patient is left out."""
    rows = [
        ("A4", "A", "tissue", 9, None, "x"),
        ("A2", "A", "tissue", 5, "LM", "x"),
        ("A3", "A", "tissue", 5, "LP", "y"),
        ("A1", "A", "plasma", 5, None, "x"),
        ("B1", "B", "tissue", 1, "LB", None),
        ("C1", "C", "tissue", 0, None, "x"),
    ]
    columns = ["sample_id", "patient_id", "material", "day", "lesion_id", "mutation"]
    frame = pl.DataFrame(rows[::-1] if turned else rows, schema=columns, orient="row")
    lesions = pl.DataFrame({"lesion_id": ["LP", "LM", "LB"], "role": ["primary", "metastasis", None]})
    study = {"patients": pl.DataFrame({"patient_id": ["B", "A"]}), "samples": frame, "lesions": lesions}
    found = sample_order(study, frame.select("sample_id", "patient_id", "material", "mutation"))
    assert found.patients == ("A", "B") and found.ids == ("A2", "A3", "A1", "A4", "B1")
    assert found.patient.tolist() == [0, 0, 0, 0, 1] and found.day.tolist() == [5.0, 5.0, 5.0, 9.0, 1.0]
    assert found.role == ("metastasis", "primary", "plasma", "tissue", "tissue")
    assert found.assay == ("x", "y", "x", "x", None)
    assert [found.index[s] for s in found.ids] == [0, 1, 2, 3, 4]


def test_the_first_sample_that_looked_speaks_for_its_patient():
    assert ORDER.first(ALL).tolist() == [0, 2] and ORDER.first(flags("A2", "B1")).tolist() == [1, 3]
    assert ORDER.first(flags("A1")).tolist() == [0, -1] and flags("A2", "elsewhere").tolist() == [
        False,
        True,
        False,
        False,
    ]
    told = {rule: of_kind(ORDER, rule).tolist() for rule in ("first", "tissue", "metastasis", "plasma", "primary")}
    assert told == {
        "first": [True, True, True, True],
        "tissue": [True, True, False, True],
        "metastasis": [False, True, False, False],
        "plasma": [False, False, True, False],
        "primary": [True, False, False, True],
    }


def test_a_feature_of_enough_patients_is_a_column_and_a_rarer_one_is_counted():
    wanted = [
        Finding("G", "gene", ALL, flags("A1", "B0")),
        Finding("H", "gene", ALL, flags("A1")),
        Finding("I", "gene", ALL, flags("A2")),  # altered, but not in the sample that speaks
        Finding("J", "gene", flags("A1", "B1"), flags("A1", "B1")),
    ]
    left: dict[str, int] = {}
    found = {b.names: b for b in blocks_by_day(ORDER, wanted, ALL, 2, left)}
    assert set(found) == {("G",), ("J",)} and left == {"gene": 1}
    assert found[("G",)].values.tolist() == [[1], [1]] and found[("G",)].sample_id == ("A1", "B0")
    assert found[("J",)].day.tolist() == [0, 9] and found[("G",)].is_binary
    (one,) = blocks_by_day(ORDER, [Finding("K", "gene", flags("A1"), flags("A1"))], ALL, 1, {})
    assert one.values.tolist() == [[1], [-1]] and np.isnan(one.day[1]) and one.sample_id == ("A1", None)


def test_a_panel_covers_what_it_holds_and_an_exome_everything():
    assert covers(None, ("G",)) and covers(frozenset("GH"), ("G", "H")) and not covers(frozenset("G"), ("G", "H"))


def tables(altered, panels):
    frame = pl.DataFrame(altered, schema=["gene", "sample_id", "patient_id"], orient="row")
    calls = {"gene": ["KRAS"] * 2, "hgvs_p": ["p.G12D"] * 2, "sample_id": ["A1", "B0"], "patient_id": ["A", "B"]}
    return SimpleNamespace(
        panels=SimpleNamespace(genes=panels),
        gene_status=SimpleNamespace(altered=frame.with_columns(is_altered=pl.lit(True))),
        statuses=pl.DataFrame(
            {
                "status": ["HRR"] * 3,
                "sample_id": ["A1", "B0", "A2"],
                "state": ["positive", "negative", "not_assessable"],
            }
        ),
        annotated_calls=pl.DataFrame(calls).with_columns(is_altering=pl.lit(True)),
    )


def features(altered, panels, **more):
    params = SimpleNamespace(**({"min_altered": 2, "pathways": True, "hotspots": True} | more))
    return {f.name: f for f in gene_findings(tables(altered, panels), ORDER, params)}


KRAS = [("KRAS", "A1", "A"), ("KRAS", "B0", "B")]


def test_genes_altered_in_enough_patients_are_features_where_their_panel_looked():
    panels = {"x": frozenset({"KRAS", "NRAS", "BRAF"}), "y": frozenset({"TP53"})}
    found = features([*KRAS, ("NRAS", "A1", "A"), ("NRAS", "A2", "A")], panels)
    assert "NRAS" not in found  # of one patient
    assert found["KRAS"].looked.tolist() == [True, True, True, False] and found["KRAS"].hits.tolist() == [
        True,
        False,
        True,
        False,
    ]
    assert found["hotspot:KRAS G12D"].looked.tolist() == [True, True, True, False]
    assert found["pathway:HRR"].looked.tolist() == [True, False, True, False]
    assert found["pathway:HRR"].hits.tolist() == [True, False, False, False]
    assert not [n for n in features(KRAS, panels, pathways=False, hotspots=False) if ":" in n]
    assert "hotspot:KRAS G12D" not in features(KRAS, panels, min_altered=3)


def test_a_pathway_altered_through_one_gene_alone_is_that_gene():
    panels = {"x": frozenset({"KRAS", "NRAS", "BRAF"}), "y": frozenset({"TP53"})}

    def ras(altered):
        return [n for n in features(altered, panels) if n.startswith("pathway:") and n != "pathway:HRR"]

    assert ras(KRAS) == []
    assert ras([*KRAS, ("BRAF", "A2", "A")]) == ["pathway:RTK-RAS"]
    found = features([*KRAS, ("BRAF", "A2", "A")], panels)["pathway:RTK-RAS"]
    assert found.hits.tolist() == found.looked.tolist() == [True, True, True, False]
    assert ras([]) == []  # nothing of it altered


def test_the_metastasis_tells_where_it_is_not_the_sample_that_spoke():
    item = Finding("G", "gene", ALL, flags("A2"))
    (block,) = status_in_metastasis(ORDER, [item], of_kind(ORDER, "first"), [], 1)
    assert (block.names, block.kinds, block.sample_id) == (("G",), ("gene",), ("A2", None))
    assert status_in_metastasis(ORDER, [item], of_kind(ORDER, "metastasis"), [], 1) == []
    made = blocks_by_day(ORDER, [Finding("G", "gene", ALL, flags("A1"))], ALL, 1, {})
    (again,) = status_in_metastasis(ORDER, [item], of_kind(ORDER, "first"), made, 1)
    assert (again.names, again.kinds) == (("metastasis:G",), ("metastasis",))


def seen(n, alt=3, depth=90):
    return [{"sample_id": f"S{k}", "alt_count": alt, "depth": depth} for k in range(n)]


def test_reads_are_told_of_six_samples_and_the_rest_is_counted():
    assert _seen(seen(1)) == "S0: 3 of 90 reads" and _seen(seen(1, alt=None)) == "S0 (reads not recorded)"
    assert _seen(seen(1, depth=None)) == "S0 (reads not recorded)"
    assert _seen(seen(6)).count("reads") == 6 and "more" not in _seen(seen(6))
    assert _seen(seen(8)).endswith("S5: 3 of 90 reads and 2 more samples")
    assert _in_latest(seen(2), None) and _in_latest(seen(2), "S1") and not _in_latest(seen(2), "S2")


@pytest.mark.parametrize(
    ("origin", "gene", "alt", "normal", "expected"),
    [
        ("somatic", "BRCA2", 90, False, "somatic"),
        (None, "BRCA2", 90, True, "somatic"),  # the normal had none of it
        (None, "BRCA2", 100 * POSSIBLE_GERMLINE_VAF, False, "possible_germline"),
        (None, "BRCA2", 100 * POSSIBLE_GERMLINE_VAF - 1, False, "unknown"),
        (None, "KRAS", 90, False, "unknown"),
        (None, "BRCA2", None, False, "unknown"),
    ],
)
def test_without_a_normal_a_high_fraction_of_a_germline_gene_may_be_of_the_germline(
    origin, gene, alt, normal, expected
):
    row = {"origin": origin, "alt_count": alt, "depth": 100, "gene": gene, "material": "tissue", "effect": "frameshift"}
    assert _origin([row], gene, normal) == expected


def test_two_losses_of_one_gene_in_one_sample_may_hit_both_alleles():
    """Losses of two lesions hit one allele of each: a primary with R130* and a metastasis with K6fs were biallelic."""

    def found(variant_id, change, effect, origin="somatic", gene="PTEN"):
        return VariantFinding(gene, change, effect, origin, variant_id=variant_id)

    one, two = found("1", "R130*", "nonsense"), found("2", "K6fs", "frameshift")
    other, missense = found("3", "R213*", "nonsense", gene="TP53"), found("4", "A3G", "missense")
    blood, born = found("5", "R233*", "nonsense", "chip"), found("6", "R233*", "nonsense", "germline")
    at = {v: frozenset(s) for v, s in {"1": "ab", "2": "b", "3": "ab", "4": "a", "5": "b", "6": ""}.items()}
    assert [v.is_biallelic for v in _two_hits([one, two, other], at)] == [True, True, None]
    assert [v.is_biallelic for v in _two_hits([one, two], at | {"1": frozenset("a")})] == [None, None]
    assert [v.is_biallelic for v in _two_hits([one, born], at)] == [True, True]
    assert [v.is_biallelic for v in _two_hits([one, missense], at)] == [None, None]
    assert [v.is_biallelic for v in _two_hits([one, blood], at)] == [None, None]
