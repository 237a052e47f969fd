"""Where a variant begins to be of the blood or of the germline, and which group others are compared with."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.concordance.blood_origin import MOST_OF_CLONE, _wilson, set_apart, with_blood
from oncourse.derive.outcomes.groups import Groups, is_control
from oncourse.stats.proportions import wilson


def test_limits_of_a_fraction_are_wilsons():
    frame = pl.DataFrame({"k": [0, 3, 40], "n": [50, 90, 40]})
    low, high = (frame.select(x=e)["x"].to_numpy() for e in _wilson(pl.col("k"), pl.col("n")))
    expected = wilson(frame["k"].to_numpy(), frame["n"].to_numpy())
    assert low == pytest.approx(expected[0], abs=1e-6) and high == pytest.approx(expected[1], abs=1e-6)


def judged(
    *, gene="DNMT3A", white=None, tissue=(0, 500), plasma=(20, 1000), origin=None, state="absent", ccf=0.9, apart=False
):
    """One variant of one patient in tissue, plasma and (alt, depth) of white cells; `blood` of it."""
    samples = [("T", "P1", "tissue"), ("B", "P1", "plasma")] + ([("W", "P1", "white_cells")] if white else [])
    samples = pl.DataFrame(samples, schema=["sample_id", "patient_id", "material"], orient="row")
    calls = [("T", "v", *tissue, origin), ("B", "v", *plasma, None)] + ([("W", "v", *white, None)] if white else [])
    names = {
        "sample_id": pl.String,
        "variant_id": pl.String,
        "alt_count": pl.Int64,
        "depth": pl.Int64,
        "origin": pl.String,
    }
    calls = pl.DataFrame(calls, schema=names, orient="row")
    cells = pl.DataFrame(
        {
            "patient_id": ["P1", "P1"],
            "variant_id": ["v", "v"],
            "site": [0, 0],
            "sample": [0, 1],
            "gene": [gene, gene],
            "state": [state, "present"],
            "reason": ["", ""],
            "ccf": [None, ccf],
            "alt_count": [tissue[0], plasma[0]],
            "depth": [tissue[1], plasma[1]],
        }
    )
    rows = samples.head(2).with_columns(sample=pl.Series([0, 1]))
    study = {"samples": samples, "calls": calls}
    if apart:
        return set_apart(study, cells, rows, 0.25).to_list()
    found = with_blood(study, cells, rows, 0.25)
    return found["blood"][0], found["state"].to_list()


def test_white_cells_tell_germline_from_a_quarter_on_and_blood_below():
    """Three reads and one per cent; a blood clone is compatible with plasma, or more in white cells than there."""
    assert judged(white=(25, 100)) == ("germline", ["not_assessable", "not_assessable"])
    assert judged(white=(24, 100))[0] == "chip"
    assert judged(white=(2, 4))[0] is None  # too few reads to tell germline from noise
    assert [judged(white=(k, 100), plasma=(3, 100))[0] for k in (2, 3)] == [None, "chip"]
    assert [judged(white=(k, 400), plasma=(10, 1000))[0] for k in (3, 4)] == [None, "chip"]
    assert judged(white=(4, 400), plasma=(400, 1000))[0] is None  # plasma shows far more: the tumour's
    assert judged(white=(24, 100), plasma=(1, 1000))[0] == "chip"  # white cells more
    # what a tissue shows beyond all that blood in it could explain is the tumour's
    assert judged(white=(5, 100), plasma=(5, 100), tissue=(60, 100))[0] is None
    assert judged(white=(20, 100), plasma=(20, 100), tissue=(2, 100))[0] == "chip"
    assert judged(white=(25, 100), apart=True) == [True, True] and judged(white=(1, 400), apart=True) == [False, False]


def test_a_recorded_origin_stands():
    assert judged(origin="germline")[0] == "germline" and judged(origin="chip")[0] == "chip"
    assert judged(origin="somatic", gene="KRAS")[0] is None


def test_without_white_cells_a_small_clone_of_a_blood_gene_in_plasma_alone_is_possible():
    assert judged(ccf=0.4) == ("possible_chip", ["absent", "present"])
    assert judged(ccf=0.4, gene="KRAS")[0] is None and judged(ccf=0.4, white=(0, 400))[0] is None
    edge = int(1000 * MOST_OF_CLONE)
    assert [judged(plasma=(k, 1000))[0] for k in (edge - 1, edge)] == ["possible_chip", None]
    assert [judged(plasma=(300, 1000), ccf=c)[0] for c in (0.49, 0.5)] == ["possible_chip", None]
    assert judged(ccf=0.4, state="not_assessable")[0] is None  # a tissue that says nothing is no witness
    assert judged(ccf=0.4, state="present", tissue=(5, 500), plasma=(90, 1000))[0] == "possible_chip"
    assert judged(ccf=0.4, state="present", tissue=(60, 500), plasma=(90, 1000))[0] is None


def grouped(*names, reference=None):
    rows = pl.DataFrame({"patient_id": [f"P{k}" for k in range(len(names))], "group": list(names)})
    return Groups(rows, rows, False, "", reference).names


def test_groups_stand_by_reference_control_size_and_name():
    assert grouped("b", "a", "c", "c", None) == ["c", "a", "b"]
    assert grouped("b", "a", "c", "c", reference="b") == ["b", "c", "a"]
    assert grouped("b", "placebo", "c", "c") == ["placebo", "c", "b"]
    assert grouped("b", "placebo", "c", "c", reference="gone") == ["placebo", "c", "b"]
    assert is_control("BRAF wild type") and not is_control("wild type control arm B") and not is_control("placebos")
