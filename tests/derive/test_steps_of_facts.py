"""Steps from records to what is known of a patient, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import polars as pl

from oncourse.derive.care import ctdna_response, patient_facts
from oncourse.derive.care.ctdna_response import PlasmaPoint, rise_day, series
from oncourse.derive.care.therapy import _shown_in_plasma, _with_hits, copy_states
from oncourse.derive.care.watchlist import WatchParams, _placed, _status, class_periods
from oncourse.derive.clinical.lines import HORMONE_SENSITIVE, _is_advanced
from oncourse.facts.markers import NEGATIVE, POSITIVE, UNCLEAR
from oncourse.knowledge.drugs import drug_classes

UNKNOWN = "not_assessable"


def frame(names, *rows):
    return pl.DataFrame(rows, schema=names.split(), orient="row", infer_schema_length=None)


def test_the_ctdna_of_a_patient_is_the_latest_that_can_be_judged():
    ctdna = frame(
        "patient_id state day sample_id",
        ("a", POSITIVE, 10, "s1"),
        ("a", NEGATIVE, 20, "s2"),
        ("a", UNKNOWN, 30, "s3"),
        ("b", UNKNOWN, 5, "s4"),
        ("c", POSITIVE, 7, "s6"),
        ("c", NEGATIVE, 7, "s5"),  # of one day the last by name
        ("d", NEGATIVE, None, "s7"),
        ("d", POSITIVE, 1, "s8"),
    )
    assert list(patient_facts._latest_ctdna(ctdna)) == [
        ("a", NEGATIVE),
        ("b", UNKNOWN),
        ("c", POSITIVE),
        ("d", POSITIVE),
    ]
    blood = frame("patient_id is_positive", ("a", True), ("b", False), ("c", None))
    assert list(patient_facts._after_surgery(blood)) == [("a", POSITIVE), ("b", NEGATIVE), ("c", UNKNOWN)]


def test_one_positive_reading_of_a_marker_is_enough():
    rows = [("a", NEGATIVE), ("a", POSITIVE), ("a", NEGATIVE), ("b", NEGATIVE), ("b", UNCLEAR), ("c", UNCLEAR)]
    readings = pl.DataFrame([(p, "AR-V7", s) for p, s in rows] + [("b", "MSI", POSITIVE)], orient="row")
    readings.columns = ["patient_id", "marker", "state"]
    assert patient_facts._any(readings, "AR-V7") == {"a": POSITIVE, "b": NEGATIVE}


def test_the_burden_of_the_decision_sample_is_the_sources_else_our_own(monkeypatch):
    monkeypatch.setattr(patient_facts, "MIN_TMB_MB", 1.0)
    rows = [("s1", 7.0), ("s2", None), ("s3", None), ("s4", 0.0)]
    samples = frame("sample_id tmb_per_mb patient_id day", *((*r, "p" + r[0], 0) for r in rows))
    burden = frame("sample_id tmb_per_mb callable_mb", ("s1", 9.0, 30.0), ("s2", 5.0, 1.0), ("s3", 6.0, 0.9))
    burden = pl.concat([burden, frame("sample_id tmb_per_mb callable_mb", ("s4", 3.0, 2.0), ("s5", 2.0, 2.0))])
    decision = {"a": "s1", "b": "s2", "c": "s3", "d": "s4", "e": "s5", "f": "s6"}
    assert patient_facts._tmb(samples, burden, decision) == {"a": 7.0, "b": 5.0, "d": 0.0, "e": 2.0}


def test_without_a_burden_of_its_own_the_decision_sample_has_that_of_the_latest_before_it():
    """Plasma without a TMB was the latest sample: "TMB not assessed" of a man with 3.2 and 4.1 in two tissues."""
    rows = [("T", 3.2, "a", 0), ("M", 4.1, "a", 90), ("P", None, "a", 200), ("N", 9.0, "a", 300), ("X", 5.0, "b", 400)]
    samples = frame("sample_id tmb_per_mb patient_id day", *rows, ("Y", None, "b", 10), ("Z", None, "c", None))
    burden = frame("sample_id tmb_per_mb callable_mb", ("T", 2.0, 30.0))
    assert patient_facts._tmb(samples, burden, {"a": "P", "b": "Y", "c": "Z"}) == {"a": 4.1}


def test_treatments_say_what_was_given_for_metastases_and_how_the_last_ended():
    treatments = frame(
        "patient_id drugs setting start_day stop_reason",
        ("a", "oxaliplatin", "adjuvant", 10, None),
        ("a", "cetuximab", "metastatic", 50, "progression"),
        ("a", "irinotecan", None, 90, "toxicity"),
        ("b", "oxaliplatin", "metastatic", 90, "progressive disease"),
        ("b", "bevacizumab", "metastatic", 20, None),
        ("b", "wonderdrug", "neoadjuvant", None, "completed"),  # of no day: before the others
        ("c", "wonderdrug;otherdrug", None, 1, None),
        ("c", "wonderdrug", None, 2, "progression"),
    )
    lesions = frame("patient_id role", ("a", "metastasis"), ("b", "primary"))
    follow_up = frame("patient_id recurrence_day", ("b", None), ("c", 7))
    study = {"treatments": treatments, "lesions": lesions, "follow_up": follow_up}
    given, before, settings = patient_facts._treatments(study)
    assert given["a"] == drug_classes("cetuximab") | drug_classes("irinotecan")
    assert before["a"] == drug_classes("oxaliplatin") and set(before) == {"a", "b"}
    assert settings == {"a": "metastatic", "b": "metastatic"}
    assert patient_facts._progressed(study) == {"b", "c"} and patient_facts._metastatic(study) == {"a", "c"}
    assert patient_facts._unknown(study) == {"b": ("wonderdrug",), "c": ("otherdrug", "wonderdrug")}


def point(day, state, vaf=None, reads=None, depth=None, background=None):
    return PlasmaPoint(day, state, vaf, reads, depth, background)


def test_a_plasma_sample_in_numbers():
    counted = point(3, "positive", 0.02, 30.0, 1000.0, 10.0)
    assert (counted.level, counted.net, counted.rate, counted.counting) == (0.02, 20.0, 0.02, 30 / 400)
    bare = point(3, "negative", 0.02)
    assert (bare.level, bare.net, bare.rate, bare.has_reads) == (0.0, 0.0, 0.0, False) and counted.has_reads
    ctdna = frame(
        "patient_id sample_id day state vaf alt_reads depth background_reads",
        ("a", "s2", 9, "positive", 0.1, 10, 100, 0.5),
        ("a", "s1", 9, "negative", 0.0, 0, 100, 0.5),
        ("a", "s3", 2, "not_assessable", None, None, None, None),
        ("a", "s4", None, "positive", 0.1, 10, 100, 0.5),
        ("b", "s5", 1, "positive", None, None, None, None),
    )
    found = series(ctdna)
    assert {p: [(s.day, s.state) for s in of] for p, of in found.items()} == {
        "b": [(1, "positive")],
        "a": [(9, "negative"), (9, "positive")],
    }


def test_the_first_rise_is_by_reads_or_a_positive_after_a_negative_without_them():
    counted = [point(d, "positive", 0.1, 10.0, 100.0, 0.0) for d in (0, 10, 20, 30)]
    course = SimpleNamespace(p_rise=np.array([math.nan, 0.9, 0.95, 0.99]))
    assert rise_day(counted, course, 0.95) == (20, 0.99) and rise_day(counted, course, 0.995) == (None, 0.99)
    assert rise_day(counted, None, 0.95) == (None, None)
    bare = [point(5, "positive"), point(8, "negative"), point(8, "positive"), point(15, "positive")]
    assert rise_day(bare, None, 0.95) == (15, None) and rise_day(bare[2:], None, 0.95) == (None, None)
    assert rise_day([*counted, *bare], course, 0.95) == (15, 0.99)


def test_the_response_of_a_line_by_its_plasma(monkeypatch):
    """Line from day 100 to 200; a baseline up to 30 days before. The lowest level is that of day 150: 0.02 of 0.08."""
    params = SimpleNamespace(baseline_days=30, min_probability=0.9)
    line = {"patient_id": "a", "line": 2, "drugs": "x", "start_day": 100, "next_start_day": 200}
    asked = []

    def course_of(samples, *_):
        asked.append([s.day for s in samples])
        n = sum(s.has_reads for s in samples)
        rise, fall = np.array([math.nan, 0.1, 0.9, 0.0]), np.array([math.nan, 0.9, 0.2, 0.0])
        return SimpleNamespace(p_rise=rise[:n], p_fall=fall[:n]) if n > 1 else None

    monkeypatch.setattr(ctdna_response, "course_of", course_of)
    monkeypatch.setattr(ctdna_response, "_rise_shown", lambda *_: 3.0)
    reads = {"reads": 8.0, "depth": 100.0, "background": 0.0}
    samples = [
        point(69, "positive", 0.5, **reads),
        point(70, "positive", 0.04, **reads),
        point(100, "positive", 0.08, **reads),
        point(101, "positive", 0.04, **reads),
        point(150, "positive", 0.02, **reads),
        point(200, "positive", None),
        point(201, "negative", 0.0, **reads),
    ]

    def told(some, **other):
        return ctdna_response._line_response(some, line | other, params, None)

    row = told(samples)
    assert asked[0] == [100, 101, 150, 200]
    assert row == {
        **{k: line[k] for k in ("patient_id", "line", "drugs", "start_day")},
        "baseline_day": 100,
        "baseline_vaf": 0.08,
        "n_samples": 3,
        "lowest_vaf": 0.02,
        "lowest_day": 150,
        "ratio": 0.25,
        "p_response": 0.9,
        "clearance_day": None,
        "is_sustained": None,
        "response": "molecular_response",
        "progression_day": 150,
        "p_progression": 0.9,
        "rise_shown": 3.0,
    }
    open_end = told(samples, next_start_day=None)
    assert (open_end["n_samples"], open_end["clearance_day"], open_end["is_sustained"]) == (4, 201, True)
    assert (open_end["lowest_vaf"], open_end["ratio"], open_end["response"]) == (0.0, 0.0, "clearance")
    assert told(samples[:1] + samples[3:]) is None and told(samples[:3]) is None  # without before, or after
    assert told([point(70, "positive", 0.04), *samples[3:]])["baseline_day"] == 70
    assert told([point(100, "negative", 0.0), *samples[3:]]) is None  # a negative is nothing to fall from
    bare = told([point(100, "positive", 0.08), point(150, "positive", None)])
    assert (bare["lowest_vaf"], bare["ratio"], bare["p_response"], bare["response"]) == (
        None,
        None,
        None,
        "no_response",
    )
    params.min_probability = 0.91
    assert told(samples)["response"] == "no_response"


def test_where_samples_differ_the_more_telling_state_of_a_gene_counts():
    copies = frame(
        "patient_id gene state material is_allele_lost",
        ("a", "MET", "neutral", "tissue", None),
        ("a", "MET", "amplified", "plasma", False),
        ("a", "MET", "amplified", "tissue", None),
        ("a", "MET", "amplified", "tissue", None),
        ("a", "PTEN", "neutral", "tissue", False),
        ("b", "PTEN", "homozygous_deletion", "tissue", True),
        ("b", "PTEN", "loss", "plasma", False),
        ("b", "TP53", "neutral", "tissue", None),
    )
    states, materials, alleles = copy_states(copies)
    assert states == {
        "a": {"MET": "amplified", "PTEN": "neutral"},
        "b": {"PTEN": "homozygous_deletion", "TP53": "neutral"},
    }
    assert materials == {"a": {"MET": ("plasma", "tissue")}, "b": {"PTEN": ("tissue",)}}
    assert alleles == {"a": {"MET": False, "PTEN": False}, "b": {"PTEN": True}}
    rows = [
        ("a", "PTEN", "calls", True),
        ("a", "MET", "calls", None),
        ("b", "PTEN", None, False),
        ("c", "X", "calls", False),
    ]
    hits = _with_hits(alleles, frame("patient_id gene basis is_biallelic", *rows))
    assert hits == {"a": {"PTEN": True}, "b": {"PTEN": True}, "c": {"X": False}} and alleles["a"]["MET"] is False
    plasma = frame("patient_id has_tumour", ("a", True), ("a", False), ("b", None))
    assert _shown_in_plasma(plasma) == {"a": False, "b": None}


#: seen before, first seen, looked before, excluded, exclusion, uncounted
HISTORIES = [
    ((True, 90, True, True, 1.0, True), "present_before"),
    ((False, None, True, True, 1.0, True), "not_seen_since"),
    ((False, 90, False, True, 1.0, True), "no_sample_before"),
    ((False, 90, True, True, 0.95, True), "emerged"),
    ((False, 90, True, True, 0.94, True), "uncalled_before"),
    ((False, 90, True, False, 1.0, True), "uncalled_before"),
    ((False, 90, True, True, 0.94, False), "not_visible_before"),
]


def test_a_history_says_whether_a_variant_emerged():
    names = "was_there first_seen_day looked excluded counted_exclusion uncounted"
    told = frame(names, *(h for h, _ in HISTORIES)).select(_status(WatchParams(min_exclusion=0.95)).alias("x"))
    assert told["x"].to_list() == [said for _, said in HISTORIES]


PLACED = [
    # day, seen, able, words -> of a drug started on day 100
    ("before", [(100, True, True, "high"), (200, True, True, "high")], "present_before"),
    ("never", [(100, False, True, "low"), (200, False, True, "low")], None),
    ("new", [(50, False, False, "?"), (100, False, True, "low"), (101, True, True, "high")], "emerged"),
    ("doubt", [(100, False, False, "?"), (101, True, True, "high")], "not_visible_before"),
    ("first", [(300, True, True, "more"), (101, True, True, "high")], "no_sample_before"),
]


def test_findings_are_placed_before_and_after_the_start_of_a_drug():
    rows = [
        (p, "anti", "name", "MET", 100, None, day, f"{p}{day}", seen, able, words)
        for p, of, _ in PLACED
        for day, seen, able, words in of
    ]
    names = "patient_id drug_class name gene start_day stop_day day sample_id seen able words"
    found = _placed(frame(names, *rows), "amplification")
    assert dict(found.select("patient_id", "status").iter_rows()) == {p: s for p, _, s in PLACED if s}
    row = found.filter(patient_id="new").row(0, named=True)
    told = ("first_seen_day", "first_seen_sample", "earlier", "kind", "change", "variant_id", "exclusion")
    assert tuple(row[k] for k in told) == (
        *(101, "new101", "? (day 50); low (day 100)"),
        *("amplification", "amplification", None, None),
    )
    assert found.filter(patient_id="first")["first_seen_day"].item() == 101
    assert _placed(frame(names, *rows), "marker")["change"].unique().to_list() == ["positive"]


def test_the_periods_of_a_class():
    """From the first start to the last stop of its drugs; a stop that is not known leaves the end open."""
    treatments = frame(
        "patient_id drugs start_day stop_day",
        ("a", "cetuximab", 100, 150),
        ("a", "panitumumab", 10, 50),
        ("a", "cetuximab", None, 999),  # of no day: of no period
        ("b", "cetuximab", 5, 9),
        ("b", "panitumumab", 20, None),
        ("c", None, 1, 2),
    )
    names = sorted(drug_classes("cetuximab") & drug_classes("panitumumab"))
    periods = class_periods(treatments).filter(pl.col("drug_class").is_in(names))
    assert periods.rows() == [("a", n, 10, 150) for n in names] + [("b", n, 5, None) for n in names] and names
    assert class_periods(treatments[5:]).is_empty()


def test_a_pharmacogenetic_result_is_told_by_its_gene():
    rows = [("a", "UGT1A1 *28", "*28/*28", UNCLEAR), ("a", "DPYD", "*2A", UNCLEAR), ("a", "AR-V7 RNA", "pos", POSITIVE)]
    readings = frame("patient_id marker value state", *rows).with_columns(source=pl.lit("markers"), day=pl.lit(1))
    found = patient_facts._latest_markers(readings)
    assert found == {"a": {"UGT1A1": "*28/*28", "DPYD": "*2A", "AR-V7 RNA": POSITIVE}}


def test_a_numbered_line_or_its_setting_says_that_disease_is_advanced():
    rows = frame("line setting", (1, None), (0, None), (None, HORMONE_SENSITIVE[0]), (None, "metastatic"))
    assert [_is_advanced(rows[k : k + 1].cast({"line": pl.Int64})) for k in range(4)] == [True, False, False, True]
