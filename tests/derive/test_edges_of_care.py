"""Where a rule begins to hold: ctDNA response, leads, reversions, lines of therapy, target lesions, day by day."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.care import ctdna_response as cr
from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.lead import _not_before, _row, _state_weights, lead_times
from oncourse.derive.care.therapy import _Sites
from oncourse.derive.care.watchlist import _placed
from oncourse.derive.clinical.lines import LineParams, first_line, lines_table
from oncourse.derive.clinical.target_lesions import lesion_sizes, reader, target_visits
from oncourse.derive.status.variants import REVERSION_CODONS, _is_earlier, _restores, shift
from oncourse.knowledge.findings import VariantFinding

PARAMS = CtdnaParams()
PRIOR = cr.Variation(PARAMS.biological_cv, 0)


def plasma(*rows, patient="P1"):
    """(day, state, reads) at a depth of 10,000 with one read of background; reads None: a result without reads."""
    return pl.DataFrame(
        [
            {
                "patient_id": patient,
                "sample_id": f"S{day}",
                "day": day,
                "state": state,
                "vaf": None if reads is None else reads / 10_000,
                "alt_reads": None if reads is None else float(reads),
                "depth": None if reads is None else 10_000.0,
                "background_reads": None if reads is None else 1.0,
            }
            for day, state, reads in rows
        ],
        schema_overrides={
            "vaf": pl.Float64,
            "alt_reads": pl.Float64,
            "depth": pl.Float64,
            "background_reads": pl.Float64,
        },
    )


def line(start=0, end=None):
    row = {"patient_id": "P1", "line": 1, "drugs": "x", "start_day": start, "next_start_day": end}
    return pl.DataFrame([row], schema_overrides={"next_start_day": pl.Int64})


def response(*rows, start=0, end=None):
    found = cr.ctdna_response(plasma(*rows), line(start, end), PARAMS, PRIOR)
    return found.row(0, named=True) if found.height else None


def test_a_baseline_is_positive_and_not_older_than_its_window():
    oldest = -PARAMS.baseline_days
    assert response((oldest, "positive", 100), (20, "positive", 90))["baseline_day"] == oldest
    assert response((oldest - 1, "positive", 100), (20, "positive", 90)) is None
    assert response((0, "positive", 100), (20, "positive", 90))["baseline_day"] == 0  # the day of the start
    assert response((0, "negative", 0), (20, "positive", 90)) is None
    assert response((-9, "positive", 50), (-2, "positive", 100), (20, "positive", 90))["baseline_day"] == -2
    assert response((0, "positive", 100), (31, "positive", 90), end=30) is None  # the next line has begun
    assert response((0, "positive", 100), (30, "positive", 90), end=30)["n_samples"] == 1  # drawn before its first dose


def test_clearance_is_the_first_negative_sample_and_lasts_until_a_positive_one():
    found = response((0, "positive", 100), (20, "negative", 0), (40, "positive", 50), (60, "positive", 200))
    assert (found["response"], found["clearance_day"], found["is_sustained"]) == ("clearance", 20, False)
    assert (found["lowest_vaf"], found["lowest_day"], found["ratio"]) == (0.0, 20, 0.0)
    kept = response((0, "positive", 100), (20, "positive", 60), (40, "negative", 0))
    assert (kept["clearance_day"], kept["is_sustained"], kept["baseline_vaf"]) == (40, True, 0.01)


def test_response_and_progression_ask_for_their_probability():
    fall = response((0, "positive", 2000), (20, "positive", 100))
    assert fall["response"] == "molecular_response" and fall["p_response"] >= PARAMS.min_probability
    assert fall["ratio"] == pytest.approx(0.05) and fall["progression_day"] is None
    same = response((0, "positive", 2000), (20, "positive", 1900))
    assert same["response"] == "no_response" and same["p_response"] < PARAMS.min_probability
    rise = response((0, "positive", 500), (20, "positive", 100), (40, "positive", 3000), (60, "positive", 4000))
    assert rise["progression_day"] == 40 and rise["p_progression"] >= PARAMS.min_probability
    assert rise["rise_shown"] in cr.RISES and same["rise_shown"] in cr.RISES


def test_results_without_reads_progress_when_positive_follows_negative():
    found = response((0, "positive", None), (20, "negative", None), (40, "positive", None), (50, "positive", None))
    assert (found["progression_day"], found["p_progression"], found["rise_shown"]) == (40, None, None)
    assert response((0, "positive", None), (20, "positive", None))["progression_day"] is None


def pairs(n, a=200, b=100, gap=5):
    """`n` patients, each with two samples `gap` days apart."""
    return pl.concat([plasma((0, "positive", a), (gap, "positive", b), patient=f"P{k}") for k in range(n)])


def test_variation_is_learned_from_five_pairs_with_reads_enough():
    """Five pairs of weight 5 against the prior's 5: the mean of both squares, less what counting explains."""
    none = line().clear()
    few = cr.biological_cv(pairs(cr.MIN_REPEATS - 1), none, PARAMS)
    assert (few.cv, few.n_pairs) == (PARAMS.biological_cv, 4) and few.uneven > 0
    found = cr.biological_cv(pairs(cr.MIN_REPEATS), none, PARAMS)
    excess = (np.log(199 / 99) ** 2 - 200 / 199**2 - 100 / 99**2) / 2
    assert found.n_pairs == 5 and found.cv == pytest.approx(np.sqrt((excess + PARAMS.biological_cv**2) / 2))
    assert found.uneven == 0
    # five reads above background count, fewer do not; nor do samples too far apart, or treated between
    assert cr.biological_cv(pairs(5, 6, 6), none, PARAMS).n_pairs == 5
    assert cr.biological_cv(pairs(5, 6, 5), none, PARAMS).n_pairs == 0
    assert cr.biological_cv(pairs(5, gap=PARAMS.repeat_days), none, PARAMS).n_pairs == 5
    assert cr.biological_cv(pairs(5, gap=PARAMS.repeat_days + 1), none, PARAMS).n_pairs == 0
    treated = pl.concat([line(s).with_columns(patient_id=pl.lit(f"P{k}")) for k, s in enumerate((0, 4, 5, -1, 9))])
    assert cr.biological_cv(pairs(5), treated, PARAMS).n_pairs == 3  # begun on the day of the first sample or between


def test_a_lead_lies_between_what_is_known_of_both_turns():
    assert _row("P", 10, 30, 50, 80, "s", None)[5:8] == (20.0, 70.0, "both")
    assert _row("P", 10, None, 50, 80, "s", None)[5:8] == (-np.inf, 70.0, "ctdna_never")
    assert _row("P", 10, 30, 50, None, "s", None)[5:8] == (20.0, np.inf, "imaging_never")
    assert _row("P", 50, 30, 30, 50, "s", None) is None  # nothing between


def test_limits_of_a_lead_are_half_a_gap_wider_where_plasma_ends_with_the_progression():
    """ctDNA that steps up threefold with the progression, plasma that ends with it: 4 of 50 simulated studies of 30
    patients left a lead of 0 out (at most 5 %), by a few days; 0 of 50 with a whole gap of plasma on either side."""
    from oncourse.derive.care.lead import LEAD_SCHEMA, Leads
    from oncourse.stats.paired_intervals import Turns

    turns = [(Turns(np.array([t, t + 20.0]), np.array([1.0, 0.0]), t + 100.0, t + 120.0),) for t in range(12)]
    table = pl.DataFrame([{"patient_id": f"P{k}"} for k in range(12)], schema=LEAD_SCHEMA)
    on, ends = (Leads(table, tuple(turns), 30.0, ended).mean_lead() for ended in (0.0, 1.0))
    assert (on.low - ends.low, ends.high - on.high) == (15.0, 15.0) and on.value == ends.value


def test_leads_after_an_operation_begin_with_it():
    origin = pl.DataFrame({"patient_id": ["P1"], "origin_day": [0]})
    follow = {"patient_id": ["P1"], "recurrence_day": [100], "recurrence_free_day": [None], "last_contact_day": [300]}
    follow = pl.DataFrame(follow, schema_overrides={"recurrence_free_day": pl.Int64})
    table = lead_times(plasma((0, "positive", 9), (20, "negative", 0), (50, "positive", 90)), origin, follow, PARAMS)
    # blood on the day of the operation is before it; never said to be free: since the operation
    assert table.table.row(0)[1:8] == (20, 50, 0, 100, -50.0, 80.0, "both")
    edges = table.turns[0][0].edges.tolist()
    assert edges == [0, 20, 50] and table.gap_days == 25
    # the last plasma is before the recurrence, or more than a week after it
    assert table.ended == 1.0
    on = plasma((20, "negative", 0), (50, "positive", 90), (108, "positive", 90))
    assert lead_times(on, origin, follow, PARAMS).ended == 0.0
    free = follow.with_columns(recurrence_free_day=pl.lit(120))
    assert lead_times(plasma((20, "positive", 9)), origin, free, PARAMS).table["imaging_after_day"].to_list() == [99]
    never = follow.with_columns(recurrence_day=pl.lit(None, pl.Int64))
    assert lead_times(plasma((20, "negative", 0)), origin, never, PARAMS).table.height == 0
    assert lead_times(plasma((20, "positive", 9)), origin, never, PARAMS).table["kind"].to_list() == ["imaging_never"]
    assert lead_times(plasma((0, "positive", 9)), origin, follow, PARAMS).table.height == 0


def test_each_place_of_a_turn_is_weighed_by_what_the_samples_then_say():
    """Negative, positive: a turn between them makes both right; before both the first was missed."""
    samples = [cr.PlasmaPoint(1, "negative", 0.0, 0, 9, 0), cr.PlasmaPoint(2, "positive", 0.1, 5, 9, 0)]
    alpha = 0.01
    from oncourse.derive.care.lead import SENSITIVITY

    expected = [(1 - SENSITIVITY) * SENSITIVITY, (1 - alpha) * SENSITIVITY, (1 - alpha) * alpha]
    np.testing.assert_allclose(_state_weights(samples, alpha), expected)


def test_a_turn_is_improbable_up_to_two_and_a_half_per_cent_of_its_likelihood():
    """Weights over (0, 10], (10, 20], after: 1 of 41, 20 of 41 ... lie before each sample."""
    assert _not_before(np.array([0.02, 1.0, 0.0]), [0, 10, 20], None) == 10
    assert _not_before(np.array([0.04, 1.0, 0.0]), [0, 10, 20], None) == 0
    assert _not_before(np.array([0.0, 0.0, 1.0]), [0, 10, 20], None) == 20
    assert _not_before(np.array([0.0, 0.0, 1.0]), [0, 10, 20], 20) == 10  # never after the last before the rise


def hit(variant_id, codon, effect="frameshift", origin="somatic"):
    return VariantFinding("BRCA2", "x", effect, origin, codon=codon, variant_id=variant_id)


def test_a_second_change_restores_the_frame_near_the_first():
    old = hit("13:100:A:-", 100)
    near, far = hit("13:130:-:A", 100 + REVERSION_CODONS), hit("13:130:-:A", 101 + REVERSION_CODONS)
    assert _restores(old, near) and not _restores(old, far)
    assert not _restores(old, hit("13:130:A:-", 110)) and _restores(old, hit("13:130:AA:-", 110))  # -2, -3
    whole = hit("13:100:AAA:-", 100)
    assert not _restores(whole, hit("13:130:-:AAA", 110))  # neither shifts the frame
    stop = hit("13:100:A:T", 100, "nonsense")
    assert _restores(stop, hit("13:101:A:C", 100, "missense")) and not _restores(
        stop, hit("13:104:A:C", 101, "missense")
    )
    assert not _restores(stop, hit("13:101:A:C", 100, "silent"))
    # a deletion of whole codons that takes the first change out: codons 99 to 101
    assert _restores(stop, hit("13:97:AAAAAA:-", 98, "inframe")) and not _restores(
        stop, hit("13:97:AAAAAA:-", 101, "inframe")
    )
    assert not _restores(stop, hit("13:91:AAAAAA:-", 97, "inframe"))
    assert not _restores(old, hit("", 100)) and not _restores(hit("13:100:A:-", None), near)
    assert shift("1:1:ACG:-") == -3


def test_what_was_first_is_told_by_days_or_by_the_germline():
    old, new = hit("a", 1), hit("b", 2)
    assert _is_earlier(old, new, {"a": 1, "b": 2}) and not _is_earlier(old, new, {"a": 2, "b": 2})
    assert not _is_earlier(old, new, {"b": 2}) and not _is_earlier(old, new, {"a": 1})
    assert _is_earlier(hit("a", 1, origin="germline"), new, {})


def treated(*rows):
    keys = ("drugs", "start_day", "stop_day", "setting", "line")
    made = [{"patient_id": "P"} | dict(zip(keys, row, strict=False)) for row in rows]
    kinds = {"stop_day": pl.Int64, "setting": pl.String, "line": pl.Int64}
    frame = pl.DataFrame([dict.fromkeys(keys) | row for row in made], schema_overrides=kinds)
    return lines_table(frame, LineParams())


def test_a_line_takes_what_begins_within_its_days_and_ends_after_a_pause():
    assert treated(("docetaxel", 0, 100), ("enzalutamide", 28, 100))["drugs"].to_list() == ["docetaxel;enzalutamide"]
    assert treated(("docetaxel", 0, 100), ("enzalutamide", 29, 100))["line"].to_list() == [1, 2]
    assert treated(("docetaxel", 0, 100), ("docetaxel", 190, 300))["line"].to_list() == [1]
    assert treated(("docetaxel", 0, 100), ("docetaxel", 191, 300))["line"].to_list() == [1, 2]
    switched = treated(("docetaxel", 0, 10), ("enzalutamide", 12, 100))
    assert switched["line"].to_list() == [1, 2] and switched["next_start_day"].to_list() == [12, None]
    open_end = treated(("docetaxel", 0, None), ("enzalutamide", 10, 100))
    assert open_end["stop_day"].to_list() == [None]  # a drug without a stop is not known to have stopped
    assert treated(("docetaxel", 0, 100), ("enzalutamide", 10, 90))["stop_day"].to_list() == [100]
    again = treated(("fluorouracil", 0, 9, "adjuvant"), ("fluorouracil", 20, 30, "metastatic"))
    assert again["line"].to_list() == [0, 1] and again["setting_line"].to_list() == [1, 1]
    assert treated(("docetaxel", 0, 9, None, 3), ("enzalutamide", 60, 70))["line"].to_list() == [3, 4]
    assert treated(("prednisone", -20, -10), ("docetaxel", 0, 50))["drugs"].to_list() == ["docetaxel"]


def test_castration_beside_drugs_of_the_tumour_is_their_background():
    assert treated(("leuprolide", -40, None), ("docetaxel", 0, 50))["drugs"].to_list() == ["docetaxel;leuprolide"]
    assert treated(("leuprolide", -40, None), ("docetaxel", 0, 50))["start_day"].to_list() == [0]
    assert treated(("leuprolide", -100, -91), ("docetaxel", 0, 50))["line"].to_list() == [1, 2]
    assert treated(("leuprolide", -100, -90), ("docetaxel", 0, 50))["line"].to_list() == [1]
    assert treated(("orchiectomy", -900, -900), ("docetaxel", 0, 50))["line"].to_list() == [1]
    assert treated(("leuprolide", 0, 900, "mCSPC"), ("docetaxel", 300, 350, "mCRPC"))["line"].to_list() == [0, 1]
    assert treated(("leuprolide", 0, 900))["drugs"].to_list() == ["leuprolide"]


def test_a_summary_speaks_of_the_first_line_with_data_but_not_of_line_nought():
    frame = pl.DataFrame({"line": [0, 1, 2], "x": [1, None, 2]})
    assert first_line(frame, pl.col("x").is_not_null()) == 2
    assert first_line(frame, pl.col("line") == 0) == 0 and first_line(frame, pl.col("line") > 5) is None
    assert first_line(frame, pl.lit(True)) == 1


def lesions(*rows):
    keys = ("day", "lesion_id", "diameter_mm", "is_node", "status", "merged_into")
    made = [dict.fromkeys(keys) | {"patient_id": "P"} | dict(zip(keys, row, strict=False)) for row in rows]
    kinds = {"diameter_mm": pl.Float64, "is_node": pl.Boolean, "status": pl.String, "merged_into": pl.String}
    return pl.DataFrame(made, schema_overrides=kinds)


def seen(*rows, days=(0, None)):
    span = {"patient_id": ["P"], "line": [1], "start_day": [days[0]], "next_start_day": [days[1]]}
    span = pl.DataFrame(span, schema_overrides={"next_start_day": pl.Int64})
    return target_visits(lesions(*rows), span).rows(named=True)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((50.0, 35.0), "PR"),  # 30 % below: just
        ((50.0, 35.5), "SD"),
        ((25.0, 30.0), "PD"),  # 20 % and 5 mm above: just both
        ((24.0, 28.9), "SD"),  # 20.4 %, 4.9 mm
        ((50.0, 59.9), "SD"),  # 19.8 %, 9.9 mm
        ((50.0, 0.0), "CR"),
    ],
)
def test_a_response_begins_at_its_limit(sizes, expected):
    """RECIST 1.1, 4.3.1: PR at least 30 % below baseline, PD at least 20 % and 5 mm above the nadir."""
    assert seen((0, "A", sizes[0]), (60, "A", sizes[1]))[0]["target"] == expected


def test_a_node_below_ten_millimetres_is_normal_and_a_baseline_lies_in_its_window():
    assert [seen((0, "N", 20.0, True), (60, "N", s, True))[0]["target"] for s in (9.9, 10.0)] == ["CR", "PR"]
    window = 28
    assert seen((-window, "A", 30.0), (60, "A", 20.0))[0]["target"] == "PR"
    early = seen((-window - 1, "A", 30.0), (60, "A", 20.0))[0]
    assert early["target"] == "NE" and early["sum_mm"] is None and early["baseline_note"].startswith("no baseline")
    assert [len(seen((0, "A", 30.0), (60, "A", 20.0), days=(0, d))) for d in (59, 60)] == [0, 1]  # made before the drug
    nadir = seen((0, "A", 40.0), (60, "A", 20.0), (120, "A", 25.0))
    assert [v["nadir_mm"] for v in nadir] == [40, 20] and nadir[1]["target"] == "PD"


def test_a_missing_lesion_leaves_open_what_the_rest_still_allows():
    """50 + 50: PR up to 70, PD from 120; the measured 70 may still be PR, 70.1 not; 120 is PD already."""
    told = [seen((0, "A", 50.0), (0, "B", 50.0), (60, "A", s))[0] for s in (70.0, 70.1, 119.9, 120.0)]
    assert [v["possible_target"] for v in told] == ["PR|SD|PD", "SD|PD", "SD|PD", None]
    assert [v["target"] for v in told] == ["NE", "NE", "NE", "PD"] and told[0]["change_from_baseline_fraction"] is None
    assert (told[0]["n_target"], told[0]["n_missing"], told[0]["sum_mm"]) == (2, 1, 70)


def test_sizes_follow_the_status_and_the_largest_of_a_day():
    found = lesion_sizes(
        lesions(
            (0, "A", 10.0),
            (0, "A", 12.0),
            (0, "B", 5.0, None, "absent"),
            (0, "C", None, None, "too_small"),
            (0, "D", 7.0, None, "not_evaluable"),
            (0, "E", -1.0),
            (0, "F", 0.0),
        )
    )
    sizes = dict(found.select("lesion_id", "size").iter_rows())
    scale = sizes["A"] / 12
    assert {k: None if v is None else v / scale for k, v in sizes.items()} == {
        "A": 12,
        "B": 0,
        "C": 5,
        "D": None,
        "E": None,
        "F": 0,
    }


def test_whose_reading_stands_for_the_study():
    frame = pl.DataFrame({"evaluator": ["Central", "Central", "Investigator 2", None]})
    assert reader(frame, None) == "Investigator 2" and reader(frame, "central") == "Central"
    assert reader(frame.head(2), None) == "Central" and reader(frame, "nobody") == "nobody"
    assert reader(frame.select(x=pl.lit(1)), None) is None and reader(frame.tail(1), None) is None


@pytest.mark.parametrize(
    ("assay", "measured", "blind", "assumed"),
    [
        ("panel", [], (), True),
        ("exome", [], (), True),  # no list of genes: all of them
        ("other", [], (), False),  # its list has not the gene
        (None, [], (), False),
        ("panel", [], ("S",), False),  # too little tumour
        ("panel", [("KRAS", 12, "underpowered")], (), False),  # its reads are told
        ("panel", [("KRAS", 61, "underpowered"), ("NRAS", 12, "measured")], (), True),  # of other codons
    ],
)
def test_an_assay_alone_speaks_where_it_looked_with_enough_tumour_and_told_no_reads(assay, measured, blind, assumed):
    panels = SimpleNamespace(genes={"panel": {"KRAS", "NRAS"}, "other": {"TP53"}, "exome": None})
    sites = SimpleNamespace(panels=panels, measured={"S": measured}, blind=blind)
    assert _Sites._is_assumed(sites, "KRAS", 12, [("S", "tissue", assay)]) is assumed
    if assumed:  # another sample before it says nothing against it
        assert _Sites._is_assumed(sites, "KRAS", 12, [("T", "tissue", None), ("S", "tissue", assay)])


@pytest.mark.parametrize(
    ("looks", "status"),
    [
        ([(5, "no"), (20, "yes")], "emerged"),
        ([(10, "no"), (20, "yes")], "emerged"),  # a look on the day of the start is one before it
        ([(10, "yes"), (20, "yes")], "present_before"),
        ([(5, "yes"), (8, "no"), (20, "yes")], "present_before"),
        ([(5, "no"), (8, "open"), (20, "yes")], "emerged"),
        ([(5, "open"), (20, "yes")], "not_visible_before"),  # that result excluded nothing
        ([(20, "yes")], "no_sample_before"),
        ([(11, "yes"), (20, "yes")], "no_sample_before"),
    ],
)
def test_a_marker_emerged_where_a_result_before_the_start_excluded_it(looks, status):
    rows = [
        ("P1", "AR inhibitor", "AR-V7", "AR", 10, None, day, f"S{day}", said == "yes", said == "no", said)
        for day, said in looks
    ]
    names = ["patient_id", "drug_class", "name", "gene", "start_day", "stop_day", "day", "sample_id", "seen", "able"]
    table = pl.DataFrame(rows, schema=[*names, "words"], orient="row")
    (found,) = _placed(table, "marker").iter_rows(named=True)
    after = min(day for day, said in looks if day > 10)
    assert (found["status"], found["first_seen_day"], found["first_seen_sample"]) == (status, after, f"S{after}")
    earlier = _placed(table.filter(pl.col("day") <= 10), "marker")["status"].to_list()  # not seen since: no row
    assert earlier == (["present_before"] if status == "present_before" else [])
