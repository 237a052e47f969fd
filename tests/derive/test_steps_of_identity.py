"""Steps from calls and counts to whose sample it is, each asked alone and worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.concordance import foreign, identity
from oncourse.derive.concordance.foreign import Cells


def by_tumour(n_a, n_b, shared, *, levels=(0.5, 0.5), beside=None, swapped=False):
    """Findings of A (patient a) and B (b) of so many rare variants; `beside`: variants that C, of patient a too and with
    twelve of its own, has of A's own."""
    here, there = levels
    rows = [("A", "a", f"s{k}", here) for k in range(shared)] + [("B", "b", f"s{k}", there) for k in range(shared)]
    rows += [("A", "a", f"a{k}", here) for k in range(n_a - shared)]
    rows += [("B", "b", f"b{k}", there) for k in range(n_b - shared)]
    if beside is not None:
        rows += [("C", "a", f"a{k}", 0.5) for k in range(beside)] + [("C", "a", f"c{k}", 0.5) for k in range(12)]
    calls = pl.DataFrame(rows, schema=["sample_id", "patient_id", "variant_id", "vaf"], orient="row")
    calls = calls.with_columns(depth=1000, alt_count=pl.col("vaf") * 1000).drop("vaf")
    number = (pl.col(c).rank("dense").cast(pl.Int64) - 1 for c in ("sample_id", "variant_id"))
    calls = calls.with_columns(**dict(zip(("sample", "variant"), number, strict=True)))
    variants = pl.DataFrame(schema={"variant_id": pl.String, "gene": pl.String, "hgvs_p": pl.String})
    found = identity._by_tumour({"variants": variants}, calls).sort("sample_id")
    told = ["sample_id", "finding", "other_sample_id", "n_shared", "n_rare", "fits_own", "share"]
    return found.select(told).rows()


#: rare variants of A and of B, in common, level in A and in B -> what is said of A and of B
TUMOURS = [
    ((10, 10, 5), (0.5, 0.5), ["same tumour", "same tumour"]),
    ((10, 11, 5), (0.5, 0.5), []),  # less than half of the larger
    ((11, 10, 5), (0.5, 0.5), []),
    ((10, 10, 5), (0.25, 0.5), ["same tumour", "same tumour"]),  # half the level is alike
    ((10, 10, 5), (0.125, 0.5), ["contaminated"]),  # five of the ten that would be lifted are there
    ((10, 10, 4), (0.125, 0.5), []),
    ((10, 10, 4), (0.5, 0.5), []),
    ((10, 10, 8), (0.125, 0.5), ["same tumour", "same tumour"]),  # at any level
    ((10, 10, 7), (0.125, 0.5), ["contaminated"]),
    ((4, 4, 2), (0.5, 0.5), []),  # two are no fingerprint
    ((3, 3, 3), (0.5, 0.5), ["same tumour", "same tumour"]),
]


@pytest.mark.parametrize(("numbers", "levels", "found"), TUMOURS)
def test_two_samples_are_of_one_tumour_or_one_holds_some_of_the_other(numbers, levels, found):
    rows = by_tumour(*numbers, levels=levels)
    a, b, shared = numbers
    share = levels[0] / levels[1] if found == ["contaminated"] else None
    both = [("A", "B", shared, a, None, share), ("B", "A", shared, b, None, share)][: len(found)]
    assert rows == [(one, said, *rest) for (one, *rest), said in zip(both, found, strict=True)]


def test_a_sample_with_nothing_of_its_own_patient_is_of_the_other_tumour_from_a_fifth_on():
    assert by_tumour(15, 15, 3, beside=0) == [
        ("A", "same tumour", "B", 3, 15, False, None),
        ("B", "same tumour", "A", 3, 15, None, None),
    ]
    assert by_tumour(15, 15, 3, beside=2)[0][5] is False  # two of its own are none
    assert by_tumour(15, 15, 3, beside=3) == by_tumour(15, 15, 3) == by_tumour(16, 16, 3, beside=0) == []
    unlike = by_tumour(10, 10, 5, levels=(0.125, 0.5), beside=0)
    assert [row[1] for row in unlike] == ["same tumour", "same tumour"]  # purities set the levels apart
    fits = by_tumour(10, 10, 5, levels=(0.125, 0.5), beside=3)
    assert fits == [("A", "contaminated", "B", 5, 10, True, 0.25)]
    met = by_tumour(2000, 2000, 3, levels=(0.125, 0.5))
    assert met == []  # 2,000 x 2,000 meet in three by recurrence
    assert by_tumour(1, 1, 0) == [] and by_tumour(0, 0, 0) == []


def test_the_chance_to_meet_is_learned_from_all_pairs(monkeypatch):
    """Ten, 20 and 30 rare variants: 2,200 ordered pairs of variants, which met once beside the first guess in 20,000
    places: r = 2 / 22,200 (without a guess 2 / 2,200). Of 10 and 20: 200 r expected; 4.5 pairs."""
    own = pl.DataFrame({"n_rare": [10, 20, 30]})
    pairs = pl.DataFrame({"n_rare": [10, 10], "other_rare": [20, 20], "n_shared": [1, 2]})
    monkeypatch.setattr(identity, "EXOME_BASES", 20_000)
    m = 200 * 2 / 22_200
    tails = [1 - math.exp(-m), 1 - math.exp(-m) * (1 + m)]
    assert identity._by_chance(pairs, own, 1).to_list() == pytest.approx([4.5 * t for t in tails])
    alone = identity._by_chance(pairs[:1], own[:1], 0).item()
    assert alone == pytest.approx(1 - math.exp(-200 / 20_000))  # never less than one pair


def test_contamination_brings_all_that_it_would_lift_to_the_level_of_the_shared():
    """Half of B would stand in A; the shared are at 0.125, 0.25 and 0.5 there. B's at 0.5 and 1 would be lifted to 0.25
    and 0.5: of v1 and v4 one is there."""
    pairs = pl.DataFrame({"sample_id": ["A"], "other_sample_id": ["B"], "share": [0.5]})
    both = pl.DataFrame({"variant_id": ["v1", "v2", "v3"], "vaf": [0.125, 0.25, 0.5]})
    both = both.with_columns(sample_id=pl.lit("A"), other_sample_id=pl.lit("B"))
    seen = pl.DataFrame({"variant_id": ["v1", "v2", "v3", "v4"], "vaf": [0.5, 0.49, 0.25, 1.0]})
    seen = seen.with_columns(sample_id=pl.lit("B"))
    assert identity._shown(pairs, both, seen).rows() == [("A", "B", 0.5)]


def test_variants_of_three_patients_and_hotspots_are_not_rare():
    rows = [
        *(("S1", "a", v) for v in ("hot", "three", "two", "copies", "own")),
        *(("S2", "b", v) for v in ("three", "two", "hot")),
        *(("S3", "c", v) for v in ("three", "other")),
        *((s, "a", "copies") for s in ("S4", "S5")),  # three samples of one patient
        ("S4", "a", "two"),  # three of two
    ]
    calls = pl.DataFrame(rows, schema=["sample_id", "patient_id", "variant_id"], orient="row")
    calls = calls.with_columns(depth=pl.lit(200), alt_count=pl.lit(50))
    sample = pl.col("sample_id").rank("dense").cast(pl.Int64) - 1
    variants = pl.DataFrame(
        {"variant_id": ["hot", "own", "other"], "gene": ["KRAS", "KRAS", None], "hgvs_p": ["p.G12D", "p.A11V", None]}
    )
    rare = [("S1", "copies"), ("S1", "own"), ("S1", "two"), ("S2", "two"), ("S3", "other")]
    for number in (pl.col("variant_id").rank("dense").cast(pl.Int64), pl.lit(None, dtype=pl.Int64)):
        found = identity._rare_calls({"variants": variants}, calls.with_columns(sample=sample, variant=number))
        told = sorted(found.select("sample_id", "variant_id").rows())
        assert told == sorted([*rare, ("S4", "copies"), ("S4", "two"), ("S5", "copies")]) and set(found["vaf"]) == {
            0.25
        }
    clean = identity._rare_calls({"variants": variants[1:]}, calls[-2:].with_columns(sample=sample, variant=pl.lit(1)))
    assert clean.height == 2


KINDS = ["1:1:C:T", "1:1:G:A", "1:1:A:T", "1:1:C:A", "1:1:AT:A", "1:1:A:AT", "1:1:CT:GA", "nameless"]


def test_kinds_of_change_have_errors_of_their_own():
    kinds = pl.DataFrame({"variant_id": KINDS}).select(foreign._kind()).to_series().to_list()
    assert kinds == [0, 0, 1, 1, 2, 2, 2, 2]


def cells(*rows):
    """sample, patient, site, kind, alt, depth, has, owned"""
    types = (np.int64,) * 4 + (float,) * 2 + (bool,) * 2
    return Cells(*(np.array(column, dtype) for column, dtype in zip(zip(*rows, strict=True), types, strict=True)))


def test_errors_of_a_site_are_those_of_other_patients_without_the_variant():
    """One read of a thousand and those of the others: of patient 0 (1 + 1) / (500 + 1000), of patient 1 (8 + 1) / (1500
    + 1000), of 2 and 3, who have it, (9 + 1) / (2000 + 1000)."""
    given = cells(
        (0, 0, 0, 0, 5, 1000, False, False),
        (1, 0, 0, 0, 3, 500, False, False),
        (2, 1, 0, 0, 1, 500, False, False),
        (3, 2, 0, 0, 50, 1000, True, True),
        (4, 3, 0, 0, 10, 100, False, True),  # a tenth of its reads: its own
        (0, 0, 1, 0, 9, 100, False, False),  # a site that nobody else was counted at
    )
    expected = [2 / 1500, 2 / 1500, 9 / 2500, 10 / 3000, 10 / 3000, 1 / 1000]
    assert foreign._errors(given).tolist() == pytest.approx(expected)
    factors = foreign._of_kinds(
        cells(*((0, 0, k, kind, alt, 100, False, False) for k, (kind, alt) in enumerate([(0, 2), (0, 50), (2, 0)]))),
        np.full(3, 0.01),
        np.array([0, 1, 2]),
    )
    assert factors.tolist() == pytest.approx([9 / 3, 1.0, 0.5])  # 2 and at most 3 x 1 + 3 of 50


def counted(rows):
    """Cells of S1 (patient a), S2 and S3 (b): sample, variant, alt, depth, called."""
    samples = {"sample_id": ["S3", "S1", "S2"], "patient_id": ["b", "a", "b"], "assay_id": ["E", "E", None]}
    assays = {"assay_id": ["E"], "min_alt_count": [3], "min_vaf": [0.02]}
    names = {"sample_id": pl.String, "variant_id": pl.String, "alt_count": pl.Int64, "depth": pl.Int64}
    calls = pl.DataFrame(rows, schema=names | {"is_called": pl.Boolean}, orient="row")
    calls = calls.with_columns(origin=pl.lit(None, dtype=pl.String))
    study = {"samples": pl.DataFrame(samples), "assays": pl.DataFrame(assays), "calls": calls}
    found, named = foreign.counted_elsewhere(study)
    assert found.sample.size == 0 or named.rows() == [("S1", "a", 0), ("S2", "b", 1), ("S3", "b", 1)]
    variants = sorted({r[1] for r in rows})
    return found, variants


def test_sites_are_asked_where_another_patient_has_the_variant_and_this_one_does_not(monkeypatch):
    monkeypatch.setattr(foreign, "MIN_SITES", 1)
    rows = [
        ("S1", "1:1:C:T", 60, 200, True),
        ("S2", "1:1:C:T", 2, 200, False),
        ("S3", "1:1:C:T", 0, 10, False),
        ("S1", "1:2:A:T", 60, 200, True),
        ("S2", "1:2:A:T", 0, 9, False),  # too few reads
        ("S1", "1:3:AT:A", 10, 200, True),  # called, at 0.05
        ("S2", "1:3:AT:A", 2, 200, False),
        ("S3", "1:3:AT:A", 30, 200, False),  # at 0.15: of S2 another sample of the patient has it
        ("S1", "1:4:A:T", 40, 200, False),  # at 0.2, nobody called it: it has it, and may have it of S2
        ("S2", "1:4:A:T", 50, 200, False),  # at 0.25 its own; S3 has it of this one
        ("S3", "1:4:A:T", 1, 200, False),
        ("S1", "1:5:A:T", 9, 200, True),  # below 0.05: has it not
        ("S2", "1:5:A:T", 1, 200, False),
        ("S1", "1:6:A:T", 3, 15, False),  # three reads: has it not
        ("S2", "1:6:A:T", 1, 200, False),
        ("S1", "1:7:A:T", None, 200, False),
        ("S2", "1:7:A:T", 1, 200, False),
    ]
    found, _ = counted(rows)
    told = list(zip(found.sample, found.site, found.kind, found.alt, found.depth, found.has, found.owned, strict=True))
    assert told == [
        (0, 0, 0, 60, 200, True, True),
        (0, 1, 2, 10, 200, True, True),
        (0, 2, 1, 40, 200, True, False),
        (1, 0, 0, 2, 200, False, False),
        (1, 1, 2, 2, 200, False, True),
        (1, 2, 1, 50, 200, True, True),
        (2, 0, 0, 0, 10, False, False),
        (2, 1, 2, 30, 200, False, False),
        (2, 2, 1, 1, 200, False, True),
    ]
    assert found.patient.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert counted(rows[:1])[0].sample.size == 0 and counted(rows[1:3])[0].sample.size == 0


def test_a_sample_is_asked_where_enough_of_its_sites_were_looked_at_and_not_called(monkeypatch):
    """A list of calls has no site without reads: of S2 three of ten are looked at, and two of seven are too few."""
    monkeypatch.setattr(foreign, "MIN_SITES", 2)

    def asked(n_called, n_looked):
        sites = [f"1:{k + 1}:A:T" for k in range(n_called + n_looked)]
        rows = [("S1", v, 60, 200, True) for v in sites]
        rows += [("S2", v, 20, 200, k < n_called) for k, v in enumerate(sites)]
        return int((~counted(rows)[0].owned).sum())

    monkeypatch.setattr(foreign, "CALLED_VAF", 0.15)  # called at a tenth: it has it not
    assert asked(7, 3) == 10 and asked(5, 2) == 0 and asked(4, 2) == 6
    assert asked(0, 2) == 2 and asked(0, 1) == 0


def plain_candidates(given, errors, person):
    """The definition of `_candidates`, pair by pair."""
    n, found = len(person), {}
    expected = errors * given.depth
    asked = ~given.owned
    level = {(s, t): a / d for s, t, a, d, h in zip(given.sample, given.site, *given[4:7], strict=True) if h}
    for s in range(n):
        scores = {}
        for other in range(n):
            score = noise = number = 0
            for i in np.flatnonzero((given.sample == s) & asked):
                if not (there := level.get((other, given.site[i]), 0)):
                    continue
                alike = asked & (given.sample == s) & (given.kind == given.kind[i])
                reads = np.minimum(given.alt, 3 * expected + 3)[alike].sum()
                mean = expected[i] * (reads + 1) / (expected[alike].sum() + 1)
                variance = mean * (1 + foreign.ERROR_SPREAD * mean) + 0.25
                number += 1
                score += (given.alt[i] - mean) / variance * given.depth[i] * there
                noise += given.depth[i] ** 2 * there**2 / variance
            if person[s] != person[other] and number >= foreign.MIN_SITES:
                scores[other] = score / math.sqrt(noise)
        best = sorted(scores, key=lambda t: (-scores[t], t))[: foreign.CANDIDATES]
        if some := [t for t in best if scores[t] >= foreign.CANDIDATE_Z]:
            found[s] = some
    return found


def test_likely_sources_are_those_of_the_plain_definition(monkeypatch):
    monkeypatch.setattr(foreign, "MIN_SITES", 3)
    monkeypatch.setattr(foreign, "CANDIDATES", 2)
    monkeypatch.setattr(foreign, "CANDIDATE_Z", 1.0)
    monkeypatch.setattr(foreign, "BLOCK", 2)
    rng = np.random.default_rng(3)
    person = np.array([0, 0, 1, 2, 3])
    rows = []
    for s, p in enumerate(person):
        for site in range(24):
            has = site % 4 == p and site < 20 - 4 * s
            alt = 40 if has else rng.poisson(2.0 if (site % 4 + s) % 3 else 0.3)
            rows.append((s, p, site, site % 3, alt, 100 + 10 * s, has, has or site == 5))
    given = cells(*rows)
    errors = np.where(given.site % 2 == 0, 0.003, 0.006)
    found = foreign._candidates(given, errors, person)
    assert found == plain_candidates(given, errors, person)
    assert len(found) >= 2 and any(len(t) == 2 for t in found.values())


def test_the_numbers_of_a_sample_of_many_are_counted(monkeypatch):
    """S2 has two sites that S1 has, S3 one: of two that are needed one sample is asked."""
    given = cells(*((s, 1, k, 0, 0, 100, False, False) for s, k in ((1, 0), (1, 1), (2, 0))))
    monkeypatch.setattr(foreign, "counted_elsewhere", lambda study: (given, SimpleNamespace(height=3)))
    monkeypatch.setattr(foreign, "MIN_SITES", 2)
    assert foreign.n_asked(None) == 1
