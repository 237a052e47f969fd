"""Copy number of samples without segments, and a purity that one variant with loss does not decide."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.concordance.presence_inputs import segment_donors
from oncourse.evolution.presence import Cells, Samples, presence
from oncourse.stats.rng import generator


def segment(sample, start, end, total, minor):
    return {
        "sample_id": sample,
        "chrom": "1",
        "start": start,
        "end": end,
        "total_cn": total,
        "minor_cn": minor,
    }


@pytest.fixture
def study(make_study):
    """Primary and metastasis with segments, plasma without; one site amplified, one lost, one in a gap."""
    samples = [
        {
            "sample_id": name,
            "patient_id": "P1",
            "material": material,
            "day": day,
            "purity": purity,
            "lesion_id": f"L{name}" if material == "tissue" else None,
        }
        for name, material, day, purity in (
            ("p", "tissue", 0, 0.6),
            ("m", "tissue", 900, 0.6),
            ("b", "plasma", 800, None),
        )
    ]
    calls = [
        {"sample_id": s, "variant_id": f"1:{pos}:A:T", "alt_count": 30, "depth": 100}
        for s in ("p", "m", "b")
        for pos in (150, 250, 350)
    ]
    return make_study(
        patients=[{"patient_id": "P1", "sex": "female"}],
        lesions=[
            {"lesion_id": f"L{s}", "patient_id": "P1", "role": r} for s, r in (("p", "primary"), ("m", "metastasis"))
        ],
        samples=samples,
        calls=calls,
        segments=[
            segment("p", 100, 200, 2, 1),
            segment("p", 201, 300, 2, 1),
            segment("p", 301, 400, 2, 1),
            segment("m", 100, 200, 5, 1),
            segment("m", 201, 300, 0, 0),
        ],
    )


def test_plasma_has_the_copies_of_the_sample_nearest_in_time(study):
    assert segment_donors(study).rows() == [("b", "m")]
    cells = Cohort(study).presence.cells.filter(pl.col("sample_id") == "b").sort("variant_id")
    # amplified: borrowed; all copies lost, or between segments of the donor: two copies, not known
    assert cells["total_cn"].to_list() == [5.0, 2.0, 2.0]
    assert cells["cn_borrowed"].to_list() == [True, False, False]
    assert cells["cn_known"].to_list() == [False] * 3
    assert "lost_locus" not in cells["reason"].to_list()
    own = Cohort(study).presence.cells.filter(pl.col("sample_id") == "m").sort("variant_id")
    assert own["cn_known"].to_list() == [True, True, False] and not own["cn_borrowed"].any()


def test_the_report_says_whose_copies_were_borrowed(study):
    from oncourse.analyses._base import registry

    for name in ("concordance", "evolution"):
        cohort = Cohort(study)
        entry = registry()[name]
        notes = entry.run(cohort).notes
        assert [n for n in notes if n.startswith("1 sample has no copy-number segments")], name


def test_a_sample_with_segments_borrows_nothing_in_its_gaps_and_normals_give_none(make_study, study):
    tables = {name: study[name].to_dicts() for name in ("patients", "lesions", "samples", "calls", "segments")}
    tables["samples"].append({**tables["samples"][0], "sample_id": "n", "material": "normal", "lesion_id": None})
    tables["segments"] = [segment("n", 1, 1000, 2, 1)]
    keep = [{k: v for k, v in row.items() if v is not None} for row in tables["samples"]]
    other = make_study(**{**tables, "samples": keep})
    assert segment_donors(other).is_empty()


@pytest.mark.parametrize("seed", range(5))
def test_one_variant_with_loss_does_not_decide_the_tumour_fraction(seed):
    """Nineteen diploid clonal variants and one on the only copy: true fraction 0.3, seen with and without a warning."""
    rng = generator(seed, "loss")
    purity, n = 0.3, 20
    total, depth = np.full(n, 2.0), np.full(n, 3000.0)
    vaf = np.full(n, purity / 2)
    vaf[0] = purity / (2 - purity)
    alt = rng.binomial(3000, vaf).astype(float)
    tissue = np.round(np.full(n, 0.3 * 500))
    sample, variant = np.repeat([0, 1], n), np.tile(np.arange(n), 2)

    def fraction(is_measured):
        one = np.ones(2 * n)
        cells = Cells(
            sample,
            variant,
            np.concatenate([tissue, alt]),
            np.concatenate([np.full(n, 500.0), depth]),
            np.ones(2 * n, bool),
            np.tile(total, 2),
            one,
            2 * one,
            1e-4 * one,
            is_measured,
        )
        samples = Samples(
            np.array([0.6, np.nan]),
            np.array([False, True]),
            np.full(2, 1000.0),
            np.full(2, 2.0),
            np.full(2, 3),
            np.full(2, 0.002),
        )
        found = presence(cells, samples)
        return found.purity[1], found.purity_low[1], found.purity_high[1]

    guessed, low, high = fraction(np.zeros(2 * n, bool))
    assert guessed == pytest.approx(purity, rel=0.06) and low <= guessed <= high
    # the fine points are told apart: half a coarse step would be 20 % off
    assert high / low < 1.4  # where nobody measured copies a fraction is 7 % uncertain: +-14 % at least
