"""Amplifications, markers and reversions through time: new only where an earlier look excludes them."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.lead import line_lead_times
from oncourse.derive.care.watchlist import EMERGENCE_SCHEMA, emerged_amplifications, emerged_markers
from oncourse.facts.markers import marker_readings
from oncourse.patients.biomarkers import watch_rows
from oncourse.stats.rng import generator

GIVEN = pl.DataFrame(
    {"patient_id": ["A"], "drugs": ["enzalutamide"], "start_day": [10], "stop_day": [None]},
    schema_overrides={"stop_day": pl.Int64},
)
SAMPLES = {
    "patient_id": ["A", "A"],
    "sample_id": ["s0", "s1"],
    "material": ["tissue", "plasma"],
    "day": [0, 200],
}


def amplified(before: tuple[str | None, float | None], purity: float | None) -> dict:
    """AR amplified in plasma of day 200; what the biopsy of day 0 showed."""
    rows = [("A", "s1", "AR", "amplified", 12.0)]
    if before[0] is not None:
        rows.insert(0, ("A", "s0", "AR", *before))
    copies = pl.DataFrame(rows, schema=["patient_id", "sample_id", "gene", "state", "copies"], orient="row")
    samples = pl.DataFrame(
        {**SAMPLES, "purity": [purity, None], "tumor_fraction": [None, 0.4]},
        schema_overrides={"purity": pl.Float64, "tumor_fraction": pl.Float64},
    )
    found = emerged_amplifications(copies, samples, GIVEN)
    assert dict(found.schema) == EMERGENCE_SCHEMA
    (row,) = found.to_dicts()
    return row


@pytest.mark.parametrize(
    ("before", "purity", "status", "earlier"),
    [
        (("neutral", 1.0), 0.6, "emerged", "1.0 copies (day 0)"),
        (("neutral", None), 0.6, "emerged", "neutral (day 0)"),
        (("amplified", 9.0), 0.6, "present_before", "9.0 copies (day 0)"),
        (
            ("neutral", 1.0),
            0.1,
            "not_visible_before",
            "1.0 copies (day 0)",
        ),  # too few tumour cells to exclude it
        (("neutral", 1.0), None, "not_visible_before", "1.0 copies (day 0)"),
        ((None, None), 0.6, "not_visible_before", "copy number not known (day 0)"),
    ],
)
def test_an_amplification_is_new_only_where_an_earlier_sample_could_tell(before, purity, status, earlier):
    row = amplified(before, purity)
    assert (row["kind"], row["name"], row["status"]) == ("amplification", "AR amplification", status)
    assert (row["earlier"], row["first_seen_day"]) == (earlier, 200)


def test_false_emergence_of_an_amplification_is_at_most_one_percent():
    """2,000 patients amplified all along; the early sample shows it only from a tumour content of 0.2 on, by its
    purity."""
    rng = generator(4, "test/amplified")
    n = 2000
    purity = rng.uniform(0.02, 0.9, n)
    ids = [f"p{i}" for i in range(n)]
    seen = purity >= 0.2  # below, the segment of 12 copies is lost among normal cells and reported as neutral
    copies = pl.DataFrame(
        {
            "patient_id": ids * 2,
            "sample_id": [f"{p}-0" for p in ids] + [f"{p}-1" for p in ids],
            "gene": "AR",
            "state": ["amplified" if s else "neutral" for s in seen] + ["amplified"] * n,
            "copies": 12.0,
        }
    )
    samples = pl.DataFrame(
        {
            "patient_id": ids * 2,
            "sample_id": copies["sample_id"],
            "material": "tissue",
            "day": [0] * n + [200] * n,
            "purity": [*purity, *([0.6] * n)],
            "tumor_fraction": None,
        },
        schema_overrides={"tumor_fraction": pl.Float64},
    )
    given = pl.DataFrame({"patient_id": ids, "drugs": "enzalutamide", "start_day": 10, "stop_day": 180})
    found = emerged_amplifications(copies, samples, given)
    assert found.height == n
    assert (found["status"] == "emerged").sum() <= 0.01 * n


def read(markers: pl.DataFrame) -> pl.DataFrame:
    samples = {
        "patient_id": pl.String,
        "sample_id": pl.String,
        "day": pl.Int64,
        "msi_status": pl.String,
        "msi_score": pl.Float64,
    }
    return marker_readings(pl.DataFrame(schema=samples), markers)


@pytest.mark.parametrize(
    ("before", "status", "earlier"),
    [
        ([("negative", 0)], "emerged", "negative (day 0)"),
        ([("positive", 0)], "present_before", "positive (day 0)"),
        ([("no CTC found", 0)], "not_visible_before", "no ctc found (day 0)"),
        ([], "no_sample_before", ""),
    ],
)
def test_ar_v7_through_time(before, status, earlier):
    rows = [("A", "ARV7", value, day) for value, day in (*before, ("positive", 100))]
    markers = pl.DataFrame(rows, schema=["patient_id", "marker", "value", "day"], orient="row").with_columns(
        sample_id=pl.lit(None, dtype=pl.String)
    )
    (row,) = emerged_markers(read(markers), GIVEN).to_dicts()
    assert (row["kind"], row["gene"], row["status"], row["earlier"]) == ("marker", "AR-V7", status, earlier)
    assert row["first_seen_day"] == 100
    undated = markers.with_columns(day=pl.lit(None, dtype=pl.Int64))
    assert emerged_markers(read(undated), GIVEN).is_empty()


LOST, BACK = "13:32339421:A:-", "13:32339450:-:T"


def reverting(depth: int) -> Cohort:
    """BRCA2 frameshift in the biopsy; olaparib from day 10; a second indel that restores the frame in plasma of day
    300."""
    counts = []
    for sample, reads, back in (("A-T", 400, depth), ("A-B1", 400, depth), ("A-B2", 900, 900)):
        late = sample == "A-B2"
        counts += [
            {"sample_id": sample, "variant_id": LOST, "alt_count": int(0.3 * reads), "depth": reads},
            {
                "sample_id": sample,
                "variant_id": BACK,
                "alt_count": int(0.25 * back) if late else 0,
                "depth": back,
            },
        ]
        # other clonal variants, so that purity and what is usual are known
        counts += [
            {
                "sample_id": sample,
                "variant_id": f"1:{1000 * k}:A:T",
                "alt_count": int(0.3 * reads),
                "depth": reads,
            }
            for k in range(1, 21)
        ]
    samples = [
        {
            "sample_id": "A-T",
            "patient_id": "A",
            "material": "tissue",
            "lesion_id": "L1",
            "day": -400,
            "purity": 0.6,
        },
        {"sample_id": "A-B1", "patient_id": "A", "material": "plasma", "day": 0, "tumor_fraction": 0.6},
        {"sample_id": "A-B2", "patient_id": "A", "material": "plasma", "day": 300, "tumor_fraction": 0.6},
    ]
    return Cohort(
        study(
            {"title": "t", "genome_build": "GRCh38"},
            patients=[{"patient_id": "A", "disease": "prostate cancer"}],
            lesions=[{"lesion_id": "L1", "patient_id": "A", "role": "metastasis"}],
            samples=[{"lesion_id": None, "purity": None, "tumor_fraction": None, **s} for s in samples],
            treatments=[{"patient_id": "A", "drugs": "olaparib", "start_day": 10, "stop_day": 320}],
            variants=[
                {"variant_id": LOST, "gene": "BRCA2", "hgvs_p": "p.N1784fs", "consequence": "frameshift"},
                {"variant_id": BACK, "gene": "BRCA2", "hgvs_p": "p.T1793fs", "consequence": "frameshift"},
                *(
                    {"variant_id": f"1:{1000 * k}:A:T", "gene": "TTN", "hgvs_p": f"p.A{k}V", "consequence": "missense"}
                    for k in range(1, 21)
                ),
            ],
            calls=[{**c, "origin": "somatic"} for c in counts],
        )
    )


@pytest.mark.parametrize(("depth", "status"), [(400, "emerged"), (8, "not_visible_before")])
def test_a_reversion_is_new_only_where_the_earlier_reads_exclude_it(depth, status):
    cohort = reverting(depth)
    (row,) = cohort.findings.emerged.filter(pl.col("kind") == "reversion").to_dicts()
    assert (row["drug_class"], row["status"], row["first_seen_day"]) == ("PARP inhibitor", status, 300)
    assert row["earlier"] == f"0/{depth} (day -400); 0/{depth} (day 0)"
    (shown,) = [w for w in watch_rows(cohort, cohort.findings.patients["A"]) if w.drug_class == "PARP inhibitor"]
    assert shown.name == "BRCA2 T1793fs" and f"0/{depth} (day 0)" in shown.text


def test_lead_on_treatment_by_hand():
    """A: ctDNA rises fifty-fold in (60, 120], progression in (100, 180]: lead in (100-120, 180-60). B: never positive,
    progression in (0, 80]: a rise too small to be seen may lie anywhere after day 0, lead below 80. C: turns positive
    in (0, 50], free until 300: lead above 250. A doubling in one sample, the rule before, is no probable rise: samples
    of constant ctDNA vary as much."""
    ctdna = pl.DataFrame(
        [
            ("A", 0, "positive", 0.10),
            ("A", 60, "positive", 0.004),
            ("A", 120, "positive", 0.2),
            ("B", 0, "negative", 0.0),
            ("B", 90, "negative", 0.0),
            ("C", 0, "negative", 0.0),
            ("C", 50, "positive", 0.01),
        ],
        schema=["patient_id", "day", "state", "vaf"],
        orient="row",
    ).with_columns(
        sample_id=pl.format("{}{}", "patient_id", "day"),
        alt_reads=(pl.col("vaf") * 20_000).cast(pl.Int64) + 10,
        depth=pl.lit(20_000),
        background_reads=pl.lit(10.0),
    )
    lines = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C"],
            "line": [1, 1, 1],
            "start_day": [5, 5, 5],
            "next_start_day": [None, None, None],
        },
        schema_overrides={"next_start_day": pl.Int64},
    )
    visits = pl.DataFrame(
        [("A", 1, 100, "SD"), ("A", 1, 180, "PD"), ("B", 1, 80, "PD"), ("C", 1, 300, "PR")],
        schema=["patient_id", "line", "day", "overall"],
        orient="row",
    )
    a, b, c = line_lead_times(ctdna, lines, visits, CtdnaParams()).table.to_dicts()
    assert (a["lead_low_days"], a["lead_high_days"], a["kind"]) == (100 - 120, 180 - 60, "both")
    assert (b["lead_low_days"], b["lead_high_days"], b["kind"]) == (float("-inf"), 80 - 0, "ctdna_never")
    assert (c["lead_low_days"], c["lead_high_days"], c["kind"]) == (300 - 50, float("inf"), "imaging_never")
    assert {r["setting"] for r in (a, b, c)} == {"on_treatment"}
