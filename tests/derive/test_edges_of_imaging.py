"""Confirmation of a progression, disagreements with what was reported, spectra of what lesions share."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clinical.irecist import irecist_visits
from oncourse.derive.clinical.recist import disagreements
from oncourse.derive.clinical.response import ImagingParams
from oncourse.derive.genes.driver_contexts import MIN_CLASSIFIED, GeneContexts, gene_contexts
from oncourse.derive.genes.spectra import spectra_table
from oncourse.genome.contexts import SBS96
from oncourse.genome.supply import of_package

PARAMS = ImagingParams()
LEAST = PARAMS.confirm_progression_min_days


def visits(*rows):
    """(day, overall, kinds of progression, sum in mm, lesions missing) of one line."""
    made = [
        {
            "patient_id": "P",
            "line": 1,
            "day": day,
            "overall": overall,
            "target": "PD" if "t" in kinds else "SD",
            "non_target": "PD" if "o" in kinds else "NON-CR/NON-PD",
            "new_lesions": "yes" if "n" in kinds else "no",
            "sum_mm": size,
            "n_missing": missing,
            "resolution": None,
        }
        for day, overall, kinds, size, missing in rows
    ]
    frame = pl.DataFrame(made, schema_overrides={"sum_mm": pl.Float64, "resolution": pl.String})
    found = irecist_visits(frame, PARAMS)
    return found["overall"].to_list(), found["progression_day"].to_list()


FIRST = (60, "PD", "t", 60.0, 0)


@pytest.mark.parametrize(
    ("second", "words", "days"),
    [
        ((60 + LEAST, "PD", "t", 65.0, 0), ["iUPD", "iCPD"], [None, 60]),  # 5 mm more, on the first day allowed
        ((60 + LEAST, "PD", "t", 64.9, 0), ["iUPD", "iUPD"], [60, None]),
        ((60 + LEAST - 1, "PD", "t", 99.0, 0), ["iUPD", "iUPD"], [60, None]),
        ((120, "PD", "tn", 60.0, 0), ["iUPD", "iCPD"], [None, 60]),  # a further new lesion
        ((120, "PD", "o", 60.0, 0), ["iUPD", "iCPD"], [None, 60]),  # of another kind
        ((120, "SD", "", 50.0, 0), ["iUPD", "iSD"], [None, None]),
        ((120, "NE", "", 50.0, 0), ["iUPD", "NE"], [60, None]),
        ((120, "iCPD", "t", 60.0, 0), ["iUPD", "iCPD"], [None, 60]),
    ],
)
def test_a_first_progression_is_confirmed_by_more_of_it(second, words, days):
    """Seymour 2017."""
    assert visits(FIRST, second) == (words, days)


def test_a_progression_is_reset_and_once_confirmed_stays():
    assert visits(FIRST, (120, "PR", "", 20.0, 0), (180, "PD", "t", 60.0, 0))[0] == ["iUPD", "iPR", "iUPD"]
    assert visits(FIRST, (120, "PD", "t", 70.0, 0), (180, "SD", "", 60.0, 0)) == (
        ["iUPD", "iCPD", "iCPD"],
        [None, 60, 60],
    )
    # an incomplete sum is nothing to grow from
    assert visits((60, "PD", "t", 60.0, 1), (120, "PD", "t", 99.0, 0))[0] == ["iUPD", "iUPD"]


def test_only_what_was_derived_and_reported_can_disagree():
    rows = [("SD", "PR", "derived"), ("PR", "PR", "derived"), (None, "PR", "derived"), ("SD", None, "derived")]
    rows.append(("SD", "PR", "reported"))
    frame = pl.DataFrame(rows, schema=["overall", "reported_overall", "basis"], orient="row")
    lacking = {c: pl.lit("x") for c in ("patient_id", "line", "target", "non_target", "new_lesions")}
    found = disagreements(frame.with_columns(day=pl.int_range(pl.len()), **lacking))
    assert found.select("day", "overall", "reported_overall").rows() == [(0, "SD", "PR")]


def test_a_mutation_is_shared_by_all_samples_or_private_where_another_lacks_it():
    calls = pl.DataFrame(
        {"patient_id": ["P"] * 4, "sample_id": ["A", "A", "B", "A"], "variant_id": ["v", "w", "v", "x"]}
    )
    classes = pl.DataFrame({"variant_id": ["v", "w", "x"], "kind": ["SBS"] * 3, "class": ["A[C>T]G", "A[C>T]G", None]})
    told = [("A", "v", "present"), ("B", "v", "present"), ("A", "w", "present"), ("B", "w", "absent")]
    told += [("A", "x", "present"), ("B", "x", "not_assessable")]
    cells = pl.DataFrame(told, schema=["sample_id", "variant_id", "state"], orient="row")
    cells = cells.with_columns(patient_id=pl.lit("P"), blood=pl.lit(None, pl.String))
    found = spectra_table(calls, classes, cells)
    assert found.select("sample_id", "part", "class", "n").rows() == [
        ("A", "private", "A[C>T]G", 1),
        ("A", "sample", "A[C>T]G", 2),
        ("A", "sample", None, 1),
        ("B", "sample", "A[C>T]G", 1),
        (None, "shared", "A[C>T]G", 1),
    ]
    blood = spectra_table(calls, classes, cells.with_columns(blood=pl.lit("chip")))
    assert set(blood["part"]) == {"sample"} and spectra_table(calls, classes).equals(blood)


def test_the_spectrum_of_a_cohort_weighs_the_bases_of_a_gene():
    """A flat spectrum per site makes every gene's ratio to the average one of sites alone; insertions have no class of
    substitutions, and fewer than a hundred classified ones say nothing."""
    n = MIN_CLASSIFIED

    def found(kind="SBS", n=n, altering=True):
        ids = [f"v{k}" for k in range(n)]
        calls = {"patient_id": ["P"] * n, "variant_id": ids, "is_altering": [altering] * n}
        calls = pl.DataFrame(calls | {"consequence": ["missense" if altering else "synonymous"] * n})
        classes = pl.DataFrame({"variant_id": ids, "kind": [kind] * n, "class": [SBS96[k % 96] for k in range(n)]})
        return gene_contexts(calls, classes, ["TP53"], None, None)

    assert found(n=n - 1) is None and found(kind="ID") is None
    one = found()
    assert one.share == 1 and one.source == "the package's coding sequences" and set(one.drawn) == set(of_package())
    seen = np.array([1 + (k < n - 96) for k in range(96)], float)
    again = GeneContexts.of(of_package(), sorted(of_package()), seen, 1.0, "")
    gene = one.drawn[0]
    assert one.ratio(gene) == pytest.approx(again.ratio(gene)) and one.ratio("no such gene") is None
    sites = sum(of_package()[g].counts().sum(0) for g in one.drawn)
    expected = (seen + 0.5) / np.maximum(sites, 1) * sites.sum() / (seen + 0.5).sum()
    np.testing.assert_allclose(one.weight, expected)
    silent, plain, truncating = of_package()[gene].counts() @ expected
    codons = of_package()[gene].n_codons
    assert one.ratio(gene)[2] == pytest.approx(truncating / (plain + truncating) / (one.average[2] / one.average[1]))
    assert one.ratio(gene)[0] == pytest.approx(silent / codons / one.average[0])
    half = GeneContexts.of(of_package(), list(of_package()), seen, 0.5, "")
    assert half.ratio(gene)[1] == pytest.approx(0.5 * one.ratio(gene)[1] + 0.5)
    assert one.codons(gene).sum() == pytest.approx(1) and one.codons("no such gene") is None
