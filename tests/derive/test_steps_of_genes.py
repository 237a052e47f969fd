"""Steps from calls, segments and markers to what is said of genes and lines, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.care.background import quiet_rows
from oncourse.derive.care.patient_facts import _denied, _latest_markers
from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.progression import _fda
from oncourse.derive.clinical.psa_kinetics import _slopes
from oncourse.derive.clinical.psa_values import PsaParams
from oncourse.derive.concordance.discordance import REFERENCE, _level_rows
from oncourse.derive.genes.copy_states import CopyNumberParams, _from_segments
from oncourse.derive.genes.driver_genes import _truncating_share
from oncourse.derive.genes.exposures import _spectra, usable
from oncourse.derive.genes.kataegis import kataegis
from oncourse.derive.genes.unread import _loud
from oncourse.derive.outcomes.arms import Arms
from oncourse.derive.outcomes.predictors import gene_matrix
from oncourse.derive.outcomes.recurrence import gene_changes
from oncourse.derive.outcomes.treatment_pairs import MAX_EXPLORATORY_GENES, _contrasts, frequent_genes
from oncourse.facts.markers import NEGATIVE, POSITIVE, UNCLEAR
from oncourse.genome.gene_models import coding_spans


def a_study(build="GRCh37", report_germline=False, **tables):
    """What a step asks of a study: tables by name, and the genome build."""
    config = SimpleNamespace(genome_build=build, report_germline=report_germline)
    return type("Study", (), {"config": config, "derived": {}, "__getitem__": lambda _, name: tables[name]})()


#: total and minor copies of one segment over the whole gene, ploidy -> state, whether an allele is lost
COPIES = [
    (0.4, None, 2.0, "homozygous_deletion", True),
    (0.5, 0.0, 2.0, "loss", True),
    (1.49, None, 2.0, "loss", True),
    (1.6, None, 2.0, "neutral", None),
    (2.0, 0.4, 2.0, "neutral", True),
    (2.0, 0.5, 2.0, "neutral", False),
    (2.6, None, 2.0, "gain", None),
    (4.9, None, 2.0, "gain", None),
    (5.0, None, 2.0, "amplified", None),
    (5.0, None, 2.7, "amplified", None),
    (5.0, None, 2.8, "gain", None),
    (8.9, None, 2.8, "gain", None),
    (9.0, None, 2.8, "amplified", None),
    (3.0, None, 4.0, "loss", None),
    (3.0, None, None, "neutral", None),  # of unknown ploidy: the mean of its segments
]


def test_the_copies_of_a_gene_by_its_segments():
    params = CopyNumberParams()
    chrom, first, last = _coding("KRAS")
    samples = pl.DataFrame({"sample_id": [f"S{k}" for k in range(len(COPIES))], "ploidy": [c[2] for c in COPIES]})
    samples = samples.with_columns(patient_id=pl.lit("W"))
    rows = [(f"S{k}", chrom, first, last, total, minor) for k, (total, minor, *_) in enumerate(COPIES)]
    found = _from_segments(_segmented(rows), samples, {"KRAS"}, params).sort(pl.col("sample_id").str.slice(1).cast(int))
    assert found.select("state", "is_allele_lost").rows() == [c[3:] for c in COPIES]
    assert found["copies"].to_list() == [c[0] for c in COPIES]


def test_several_segments_over_a_gene_and_the_one_x_of_men():
    chrom, first, last = _coding("KRAS")
    x, x_first, x_last = _coding("AR")
    most = math.ceil(0.9 * (last - first + 1))
    rows = [
        ("both ends", chrom, first - 9, first, 9.0, 1.0),
        ("both ends", chrom, first + 1, last - 1, 2.0, 0.0),
        ("both ends", chrom, last, last + 9, 4.0, 1.0),
        ("one unknown", chrom, first, first + 9, 2.0, 0.0),
        ("one unknown", chrom, first + 10, last, 2.0, None),
        ("broken", chrom, first, first + 9, 0.2, None),
        ("broken", chrom, first + 10, last, 6.0, None),
        ("enough", chrom, first, first + most - 1, 6.0, None),
        ("too little", chrom, first, first + most - 2, 6.0, None),
        ("elsewhere", chrom, last + 1, last + 9, 6.0, None),
        ("unmeasured", chrom, first, last, None, None),
        ("woman", x, x_first, x_last, 1.0, 0.0),
        ("man", x, x_first, x_last, 1.0, 0.0),
        ("man gained", x, x_first, x_last, 2.0, 0.0),
        ("man lost", x, x_first, x_last, 0.1, 0.0),
    ]
    names = list(dict.fromkeys(r[0] for r in rows))
    samples = pl.DataFrame({"sample_id": names, "ploidy": 2.0}).with_columns(
        patient_id=pl.when(pl.col("sample_id").str.starts_with("man")).then(pl.lit("M")).otherwise(pl.lit("W"))
    )
    found = _from_segments(_segmented(rows), samples, {"KRAS", "AR"}, CopyNumberParams()).sort("sample_id")
    assert found.drop("basis").rows() == [
        ("both ends", "KRAS", "gain", 2.0, False),
        ("broken", "KRAS", "loss", 0.2, None),
        ("enough", "KRAS", "amplified", 6.0, None),
        ("man", "AR", "neutral", 1.0, None),
        ("man gained", "AR", "gain", 2.0, None),
        ("man lost", "AR", "homozygous_deletion", 0.1, None),
        ("one unknown", "KRAS", "neutral", 2.0, None),
        ("woman", "AR", "loss", 1.0, True),
    ]


def _coding(gene):
    chroms = {"KRAS": "12", "AR": "X"}
    span = coding_spans("GRCh37").filter(pl.col("gene") == gene).select("coding_first", "coding_last").row(0)
    return chroms[gene], *span


def _segmented(rows):
    names = {"sample_id": pl.String, "chrom": pl.String, "start": pl.Int64, "end": pl.Int64}
    segments = pl.DataFrame(rows, schema=names | {"total_cn": pl.Float64, "minor_cn": pl.Float64}, orient="row")
    return a_study(segments=segments, patients=pl.DataFrame({"patient_id": ["M", "W"], "sex": ["male", "female"]}))


def test_what_is_called_or_has_reads_that_are_no_error():
    rows = [
        # variant, alt, depth, called, filter, origin -> called, few, elsewhere; None: neither
        ("called", None, None, True, "PASS", None, (True, False, False)),
        ("listed", None, None, None, None, None, (True, False, False)),
        ("reads", 3, 100, False, "PASS", None, (False, False, False)),
        ("limit", 20, 1000, False, "PASS", None, (False, False, False)),
        ("two reads", 2, 50, False, "PASS", None, None),
        ("background", 3, 1000, False, "PASS", None, None),
        ("beyond", 15, 1000, False, "PASS", None, (False, True, False)),  # e^-26.6
        ("nine", 9, 1000, False, "PASS", None, None),  # e^-11.8; the limit is e^-13.8
        ("ten", 10, 1000, False, "PASS", None, (False, True, False)),  # e^-14.0
        ("below", 40, 100_000, False, "PASS", None, None),  # of 100 errors
        ("filtered", None, None, False, "germline_risk", None, (False, False, False)),
        ("passed", None, None, False, "pass", None, None),
        ("dot", None, None, False, ".", None, None),
        ("unsaid", None, None, False, None, None, None),
        ("born", 30, 100, True, "PASS", "germline", (True, False, True)),
        ("blood", 30, 100, True, "PASS", "chip", (True, False, True)),
        ("own", 30, 100, True, "PASS", "somatic", (True, False, False)),
    ]
    names = ["variant_id", "alt_count", "depth", "is_called", "filter", "origin"]
    types = dict(zip(names, (pl.String, pl.Int64, pl.Int64, pl.Boolean, pl.String, pl.String), strict=True))
    calls = pl.DataFrame([r[:6] for r in rows], schema=types, orient="row").with_columns(sample_id=pl.lit("S"))
    twice = calls.filter(pl.col("variant_id") == "born").with_columns(origin=pl.lit(None, pl.String))
    of_normal = calls.filter(pl.col("variant_id") == "called").with_columns(sample_id=pl.lit("N"))
    strict = calls.filter(pl.col("variant_id").is_in(["reads", "beyond"])).with_columns(sample_id=pl.lit("T"))
    samples = pl.DataFrame(
        {"sample_id": ["S", "N", "T", "D"], "assay_id": ["A", "A", "B", "A"]}
        | {"material": ["tissue", "white_cells", "plasma", "plasma"], "patient_id": ["P", "P", "P", "P"]}
    )
    assays = pl.DataFrame(
        [("A", None, None, None), ("B", 4, 0.015, 0.01)],
        schema={"assay_id": pl.String, "min_alt_count": pl.Int64, "min_vaf": pl.Float64, "error_rate": pl.Float64},
        orient="row",
    )
    doubled = calls.filter(pl.col("variant_id") == "born").with_columns(sample_id=pl.lit("D"))
    columns = calls.columns
    every = pl.concat(
        f.select(columns) for f in (calls, of_normal, strict, doubled, twice.with_columns(sample_id=pl.lit("D")))
    )
    found = _loud(a_study(samples=samples, assays=assays, calls=every))
    of = {
        (r["sample_id"], r["variant_id"]): (r["called"], r["few"], r["elsewhere"]) for r in found.iter_rows(named=True)
    }
    assert {v: of.get(("S", v)) for v, *_ in rows} == {r[0]: r[6] for r in rows}
    # a stricter assay: 3 of 100 are too few reads for it, and 15 of 1000 at its limit
    assert of.get(("T", "reads")) is None
    assert of["T", "beyond"] == (False, False, False)
    assert of["D", "born"] == (True, False, False)  # one of its rows does not say so
    assert ("N", "called") not in of
    assert not found["inborn"].any() and not found["of_normal"].any()
    # where germline findings are reported, what is called in a normal alone is asked of each tumour sample
    seen = _loud(a_study(report_germline=True, samples=samples, assays=assays, calls=every))
    inborn = seen.filter("inborn").select("sample_id", "variant_id", "of_normal")
    assert set(inborn.filter(~pl.col("of_normal")).rows()) == {("S", "born", False), ("D", "born", False)}
    assert not inborn["of_normal"].any()  # "called" is the tumour's, too
    alone = every.with_columns(sample_id=pl.col("sample_id").replace("S", "N")).filter(pl.col("sample_id") != "D")
    seen = _loud(a_study(report_germline=True, samples=samples, assays=assays, calls=alone)).filter("of_normal")
    assert set(seen["variant_id"]) == {"called", "listed", "born", "own"}
    assert set(seen["sample_id"]) == {"S", "T", "D"}


def test_missed_visits_and_no_baseline_are_censored():
    params = EndpointParams(scan_interval_days=56, missed_visits=2, visit_window_days=7, count_first_day=True)
    rows = [
        # end, last negative, event, competing, next line -> end, event, competing, word
        (226, 100, True, False, None, 226, True, False, "x"),
        (227, 100, True, False, None, 100, False, False, "2 missed visits or more before x"),
        (227, 100, False, True, None, 100, False, False, "2 missed visits or more before x"),
        (500, 100, False, False, None, 500, False, False, "x"),
        (500, 100, False, False, 505, 500, False, False, "new anticancer therapy: last adequate assessment before it"),
        (110, 100, True, False, 505, 110, True, False, "x"),
        (110, 100, True, False, None, 10, False, False, "no baseline assessment"),  # line 6: see visits
        (110, 100, True, False, None, 110, True, False, "x"),
        (110, 100, True, False, None, 110, True, False, "x"),
        (110, 100, True, False, None, 110, True, False, "x"),
    ]
    names = ["end_day", "last_negative_day", "is_event", "is_competing", "next_start_day"]
    table = pl.DataFrame([r[:5] for r in rows], schema=names, orient="row", infer_schema_length=None).with_columns(
        patient_id=pl.lit("P"), line=pl.Series(range(len(rows))), origin_day=pl.lit(10)
    )
    table = table.with_columns(event_or_reason=pl.lit("x"), first_positive_day=pl.lit(105))
    visits = pl.DataFrame(
        [(6, "derived", 0), (6, "derived", 0), (7, "derived", 0), (7, "derived", 1), (8, "reported", 0)]
        + [(9, "derived", None)],
        schema=["line", "basis", "n_target"],
        orient="row",
    ).with_columns(patient_id=pl.lit("P"), line=pl.col("line").cast(pl.Int64))
    lines = table.select("patient_id", "line", "next_start_day")
    found = _fda(table.drop("next_start_day"), lines, visits, params)
    assert found.select("end_day", "is_event", "is_competing", "event_or_reason").rows() == [r[5:] for r in rows]
    assert found["time_days"].to_list() == [r[5] - 10 + 1 for r in rows]
    cut = [r[5] != r[0] for r in rows]
    assert found["first_positive_day"].is_null().to_list() == cut
    no_rule = EndpointParams(scan_interval_days=None, count_first_day=False)
    off = _fda(table.drop("next_start_day"), lines, visits, no_rule)
    assert off["end_day"].to_list()[:3] == [226, 227, 227]
    assert off["time_days"].to_list()[:3] == [216, 217, 217]


def test_a_focus_is_six_substitutions_within_five_thousand_bases():
    def found(others, *positions, change="C>T"):
        rows = [("P", "S", "1", pos, change) for pos in positions] + [
            ("Q", "T", "1", pos, "A>C") for pos in sorted(others)
        ]
        names = ["patient_id", "sample_id", "chrom", "pos", "change"]
        return kataegis(pl.DataFrame(rows, schema=names, orient="row"))

    quiet = [10_000 * k + 10_101 for k in range(98)]
    near = [100, 5100]  # the first and the last base of the focus
    (row,) = found([*near, *quiet], *range(100, 6100, 1000)).iter_rows()
    expected = 6 * 2 / 100
    tail = 1 - math.exp(-expected) * sum(expected**k / math.factorial(k) for k in range(6))
    assert row[:6] == ("P", "S", "1", 100, 5100, 6)
    assert row[6:] == pytest.approx((1000, 1, expected, 6 * tail), rel=1e-6)
    (nobody_near,) = found([*quiet, 99, 5101], *range(100, 6100, 1000)).iter_rows()
    assert nobody_near[8] == pytest.approx(6 * 0.5 / 100)
    (few,) = found(quiet, *range(100, 6100, 1000), change="T>A").iter_rows()
    assert few[6:] == (1000, 0, None, None)
    assert found([], 100, 200, 300, 400, 500, 5101).is_empty()
    seven = found([], 100, 200, 300, 400, 500, 5100, 5200)
    assert seven.select("start", "end", "n_mutations").rows() == [(100, 5200, 7)]
    two = found([], *range(0, 600, 100), *range(90_000, 90_600, 100))
    assert two.select("start", "end", "n_mutations").rows() == [(0, 500, 6), (90_000, 90_500, 6)]


def test_a_slope_and_its_limits_by_hand():
    """Days 0, 28, 56 and 0, 1, 1: 28/1568, of one degree of freedom; two values or 27 days are too few."""
    params = PsaParams()
    assert (params.doubling_min_values, params.doubling_min_days) == (3, 28)
    rows = [("a", 0, 0.0), ("a", 28, 1.0), ("a", 56, 1.0), ("b", 0, 0.0), ("b", 99, 1.0)]
    rows += [("c", 0, 0.0), ("c", 9, 1.0), ("c", 27, 1.0), ("d", 1, 2.0), ("d", 15, 3.0), ("d", 29, 4.0)]
    frame = pl.DataFrame(rows, schema=["group", "day", "y"], orient="row")
    found = _slopes(frame, pl.col("y"), params)
    half = 12.7062 * math.sqrt((2 / 3 - 28 * 28 / 1568) / 1568)
    assert found["group"].to_list() == ["a", "d"]
    assert found.row(0)[1:] == pytest.approx((1 / 56, 1 / 56 - half, 1 / 56 + half), rel=1e-5)
    assert found.row(1)[1:] == pytest.approx((1 / 14, 1 / 14, 1 / 14))


def test_the_latest_marker_that_tells():
    rows = [
        ("A", "MSI", 1, "MSI-H", POSITIVE, "S1", "markers"),
        ("A", "MSI", 5, "to follow", UNCLEAR, "S2", "markers"),
        ("A", "MSI", 3, "stable", NEGATIVE, None, "markers"),
        ("A", "TMB", 2, "12.5", UNCLEAR, None, "markers"),
        ("A", "tmb", 4, "to follow", UNCLEAR, None, "markers"),
        ("A", "HER2 IHC", 2, "+++", POSITIVE, None, "markers"),
        ("A", "PD-L1", 2, "60 % positive", POSITIVE, None, "markers"),
        ("B", "MSI", None, "MSI-H", POSITIVE, "S9", "markers"),
        ("B", "MSI", 1, "stable", NEGATIVE, "S8", "markers"),
        ("C", "MSI", 1, "?", UNCLEAR, None, "markers"),
        ("C", "MSI", 1, "MSI-H", POSITIVE, None, "samples"),
    ]
    names = ["patient_id", "marker", "day", "value", "state", "sample_id", "source"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    assert _latest_markers(frame) == {
        "A": {"MSI": NEGATIVE, "TMB": "12.5", "HER2 IHC": "3+", "PD-L1": "60 % positive"},
        "B": {"MSI": NEGATIVE},
        "C": {"MSI": "?"},
    }
    assert _denied(frame, "MSI") == {"A": "stable recorded", "B": "stable in S8"}


def test_contrasts_of_a_class_and_of_its_drugs():
    """A line of an unknown drug is no reference; a drug that may be the other under another name makes no pair."""
    part = pl.DataFrame(
        [("P1", 1, "a", ["X"], None), ("P2", 1, "b", ["X", "Y"], None), ("P3", 1, "c", ["Y"], None)]
        + [("P4", 1, "d", ["Z"], None), ("P5", 1, "foo", ["Y"], "foo")],
        schema=["patient_id", "line", "arm", "classes", "unknown"],
        orient="row",
    )
    known = {arm: frozenset({arm}) for arm in "abcd"}
    held = Arms(known, dict.fromkeys("abcd", frozenset()))

    def named(*asked):
        return [(c[2], c[0]["arm"].to_list(), c[1].to_list()) for c in _contrasts(part, *asked, held)]

    assert named("X", "Y") == [
        (("x", "y"), ["a", "b", "c"], [True, True, False]),
        (("a", "c"), ["a", "c"], [True, False]),
        (("b", "c"), ["b", "c"], [True, False]),
    ]
    assert named("X", None)[0] == (("x", "other"), ["a", "b", "c", "d"], [True, True, False, False])
    assert named("Q", "Y") == []
    assert named("Q", "R") == []


def test_genes_of_many_carriers():
    """Altered in a tenth of the patients and more; of a model in at least so many, the most frequent."""
    hits = [("KRAS", "P1", "S1", True), ("KRAS", "P1", "S2", True), ("KRAS", "P2", "S3", True)]
    hits += [("TP53", "P1", "S1", True), ("APC", "P3", "S4", False), ("BRAF", "P2", "S3", True)]
    altered = pl.DataFrame(hits, schema=["gene", "patient_id", "sample_id", "is_altered"], orient="row")
    states = [("P1", "S1", "KRAS", "altered"), ("P1", "S2", "KRAS", "not_altered"), ("P2", "S3", "KRAS", "altered")]
    states += [
        ("P3", "S4", "KRAS", "not_altered"),
        ("P4", "S5", "KRAS", "not_assessable"),
        ("P5", "S6", "KRAS", "altered"),
    ]
    frame = pl.DataFrame(states, schema=["patient_id", "sample_id", "gene", "state"], orient="row")
    status = SimpleNamespace(altered=altered, dense=lambda genes: frame.filter(pl.col("gene").is_in(genes)))
    assert frequent_genes(status, 20) == ("KRAS",)
    assert frequent_genes(status, 10) == ("BRAF", "KRAS", "TP53")
    assert frequent_genes(status, 21) == ()
    assert frequent_genes(None, 20) == ()
    many = pl.DataFrame({"gene": [f"G{k:02d}" for k in range(25)], "patient_id": "P", "is_altered": True})
    assert frequent_genes(SimpleNamespace(altered=many), 1) == tuple(f"G{k:02d}" for k in range(MAX_EXPLORATORY_GENES))
    used = pl.DataFrame({"patient_id": ["P1", "P1", "P2", "P3", "P4"], "sample_id": ["S1", "S2", "S3", "S4", "S5"]})
    found = gene_matrix(status, used, min_carriers=2, most=9)
    assert found.rows() == [("P1", 1.0), ("P2", 1.0), ("P3", 0.0), ("P4", None)]
    assert found.columns == ["patient_id", "KRAS"]
    assert gene_matrix(status, used, min_carriers=3, most=9).columns == ["patient_id"]
    assert gene_matrix(status, used, min_carriers=1, most=1).columns == ["patient_id", "KRAS"]


def test_what_became_of_the_primary_in_the_recurrence():
    pairs = pl.DataFrame(
        [(0, "A", "primary v metastasis", True), (1, "B", "primary v local recurrence", True)]
        + [(2, "A", "primary v local recurrence", True), (3, "C", "primary v metastasis", False)]
        + [(4, "D", "within lesion", True), (5, "E", "primary v metastasis", True)],
        schema=["pair", "patient_id", "comparison", "is_main"],
        orient="row",
    )
    rows = [
        (0, 0, "shared", "counted"),
        (0, 1, "private_b", "assumed"),
        (1, 0, "private_a", "counted"),
        (5, 0, "not_assessable", "counted"),
        (5, 1, "private_b", "counted"),
        (2, 1, "private_a", "counted"),
        (3, 0, "shared", "counted"),
        (4, 0, "shared", "counted"),
        (1, 2, "shared", "counted"),  # silent
        (5, 3, "shared", "counted"),
        (0, 3, "shared", "counted"),
    ]
    variants = pl.DataFrame(rows, schema=["pair", "cell_b", "state", "basis"], orient="row")
    variants = variants.with_columns(is_lost=pl.lit(False), blood=pl.lit(None, dtype=pl.String))
    cells = pl.DataFrame(
        {"variant_id": list("abcd"), "consequence": ["missense", "nonsense", "synonymous", "frameshift"]}
    )
    genes = pl.DataFrame({"variant_id": list("abcd"), "gene": ["KRAS", "APC", "KRAS", "TP53"]})
    found = gene_changes(genes, SimpleNamespace(pairs=pairs, variants=variants), SimpleNamespace(cells=cells))
    names = ("gene", "n_pairs", "n_shared", "n_new", "n_lost", "n_by_calls", "n_not_assessable")
    assert found.select(names).rows() == [
        ("KRAS", 3, 1, 0, 1, 0, 1),
        # of A the pair that is said first: with two main pairs the metastasis
        ("APC", 2, 0, 2, 0, 1, 0),
        ("TP53", 2, 2, 0, 0, 0, 0),
    ]
    assert gene_changes(genes, None, None).is_empty()

    def doubted(**columns):
        told = SimpleNamespace(pairs=pairs, variants=variants.with_columns(**columns))
        return set(gene_changes(genes, told, SimpleNamespace(cells=cells)).select(names).rows()) - set(found.rows())

    of_e, of_blood = pl.col("pair").eq(5) & pl.col("cell_b").eq(1), pl.lit("possible_chip")
    assert doubted(is_lost=of_e) == {("APC", 2, 0, 1, 0, 1, 1)}  # the primary has lost the locus since
    assert doubted(blood=pl.when(of_e).then(of_blood)) == {("APC", 2, 0, 1, 0, 1, 1)}
    of_b = pl.col("state") == "private_a"
    assert doubted(is_lost=of_b) == set()  # gone with its locus: lost
    assert doubted(blood=pl.when(of_b).then(of_blood)) == {("KRAS", 3, 1, 0, 0, 0, 2)}


def test_sites_at_which_a_plasma_should_be_quiet():
    names = ["patient_id", "sample_id", "variant_id", "alt_count", "depth", "called"]
    rows = [
        ("A", "pa", "v", 1, 100, False),
        ("B", "pb", "v", 9, 100, True),
        ("A", "pa", "alone", 1, 100, False),
        ("B", "pb", "w", 0, 100, False),
        ("B", "tb", "w", 9, 100, True),  # called in the patient's tissue
        ("A", "pa", "w", 0, 0, False),
        ("C", "pc", "w", 2, 50, False),
        ("C", "pc", "v", 1, 50, False),  # set apart
        ("C", "other", "v", 1, 50, False),
    ]
    calls = pl.DataFrame(rows, schema=names, orient="row")
    samples = pl.DataFrame(
        [
            ("pa", "X", "plasma"),
            ("pb", "X", "plasma"),
            ("pc", "X", "plasma"),
            ("tb", "X", "tissue"),
            ("other", "Y", "plasma"),
        ]
        + [("n", "X", "normal"), ("n2", "Y", "white_cells")],
        schema=["sample_id", "assay_id", "material"],
        orient="row",
    )
    of_normals = pl.DataFrame(
        [("n", "v", 1, 80, False, None), ("n", "w", 9, 80, True, None), ("n", "g", 1, 80, False, "germline")]
        + [("n", "u", 2, 80, None, "unknown"), ("n", "t", 40, 80, None, None), ("n2", "v", 1, 80, False, None)]
        + [("n", "z", None, 80, False, None)],
        schema=["sample_id", "variant_id", "alt_count", "depth", "is_called", "origin"],
        orient="row",
    )
    assays = pl.DataFrame(
        {"assay_id": ["X"], "min_alt_count": [None], "min_vaf": [None]},
        schema_overrides={"min_alt_count": pl.Int64, "min_vaf": pl.Float64},
    )
    study = a_study(samples=samples, assays=assays, calls=of_normals)
    apart = pl.DataFrame({"patient_id": ["C"], "variant_id": ["v"]})
    found = quiet_rows(study, samples, calls, apart, ["X"])
    assert found.rows() == [
        ("n", "X", "u", 2, 80),
        ("n", "X", "v", 1, 80),
        ("pa", "X", "v", 1, 100),
        ("pc", "X", "w", 2, 50),
    ]


def test_levels_of_a_predictor_hold_their_variants():
    part = pl.DataFrame(
        {
            "variant": ["u", "v", "v", "w"],
            "patient_id": ["P", "P", "Q", "R"],
            "is_discordant": [True, True, True, False],
        }
    )
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    known = np.array([True, True, True, False])
    term = SimpleNamespace(name="depth", levels=("low", "mid"), reference="high", values=values, known=known)
    fit = SimpleNamespace(ratio=lambda i: (i + 1.0, 0.5, 9.0, 0.04))
    names = ("level", "n_variants", "n_patients", "n_discordant", "odds_ratio", "ci_low", "p_value")
    rows = [tuple(r[n] for n in names) for r in _level_rows(part, term, fit)]
    assert rows == [
        ("high" + REFERENCE, 1, 1, 1, None, None, None),
        ("low", 1, 1, 1, 1.0, 0.5, 0.04),
        ("mid", 1, 1, 1, 2.0, 0.5, 0.04),
    ]
    number = SimpleNamespace(name="vaf", levels=("per 10 %",), reference=None, values=values[:, :1], known=known)
    rows = [tuple(r[n] for n in names) for r in _level_rows(part, number, None)]
    assert rows == [("per 10 %", 2, 2, 2, None, None, None)]


def test_truncating_changes_of_a_gene_against_the_average_gene():
    """2 of 10 truncate; half of them by substitutions: a gene with twice the average has .2 x 1.5."""
    others = pl.DataFrame({"n_truncating": [1, 1], "n_changes": [4, 6]})
    rows = [("G1", "nonsense"), ("G2", "frameshift"), ("G1", "missense"), ("TP53", "nonsense")]
    share = _truncating_share(others, pl.DataFrame(rows, schema=["gene", "consequence"], orient="row"))
    assert share(np.array([1.0, 2.0, 0.0])).tolist() == pytest.approx([0.2, 0.3, 0.1])
    assert share(np.array([100.0, -100.0])).tolist() == [0.999, 0.001]
    none = pl.DataFrame({"n_truncating": [0], "n_changes": [0]})
    unknown = _truncating_share(none, pl.DataFrame(rows[:1], schema=["gene", "consequence"], orient="row").clear())
    assert unknown(np.array([1.0, 5.0])).tolist() == pytest.approx([0.1, 0.1])


def test_spectra_of_samples_of_their_sum_and_of_parts():
    rows = [
        ("sample", "P", "S", "SBS", "b", 2),
        ("sample", "P", "S", "SBS", "a", 1),
        ("sample", "Q", "T", "SBS", "b", 3),
    ]
    rows += [
        ("shared", "P", None, "SBS", "a", 5),
        ("private", "P", "S", "SBS", "z", 7),
        ("sample", "P", "S", "ID", "b", 9),
    ]
    rows += [("sample", "P", "S", "SBS", None, 4)]
    names = ["part", "patient_id", "sample_id", "kind", "class", "n"]
    spectra = pl.DataFrame(rows, schema=names, orient="row")
    signatures = SimpleNamespace(classes=("b", "a"))
    found = [(*head, counts.tolist(), n) for *head, counts, n in _spectra(spectra, "SBS", signatures)]
    assert found == [
        ("cohort", None, None, [5, 1], 4),
        ("sample", "P", "S", [2, 1], 4),
        ("sample", "Q", "T", [3, 0], 0),
        ("shared", "P", None, [0, 5], 0),
        ("private", "P", "S", [0, 0], 7),
    ]
    without = [counts.tolist() for *_, counts, _ in _spectra(spectra, "SBS", None)]
    assert without[0] == [1, 5, 0]


def test_signatures_that_are_asked_for():
    from oncourse.derive.genes.exposures import Signatures

    three = Signatures(("SBS1", "SBS2", "SBS3"), ("a",), np.array([[1.0], [2.0], [3.0]]), "s")
    assert usable(three, SimpleNamespace(only=())) is three
    some = usable(three, SimpleNamespace(only=("SBS3", "SBS1", "SBS9")))
    assert (some.names, some.matrix.ravel().tolist(), some.source) == (("SBS1", "SBS3"), [1.0, 3.0], "s")
