"""Mutations that lie close together, as R maftools finds them; and what the places of the others make of it."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.derive.genes.kataegis import distances, kataegis
from oncourse.io import load_study


def test_foci_are_those_of_maftools(shared_data) -> None:
    """maftools' vignette, rainfallPlot(brca, detectChangePoints = TRUE), its table of TCGA-A8-A08B (from memory)."""
    study = load_study(shared_data("maftools_extdata") / "brca.maf.gz")
    found = kataegis(distances(Cohort(study).annotated_calls))
    rows = found.select("chrom", "start", "end", "n_mutations", pl.col("mean_distance").round(3)).rows()
    theirs = {
        ("8", 98129348, 98133560, 7, 702.0),
        ("8", 98398549, 98403536, 9, 623.375),
        ("8", 98453076, 98456466, 9, 423.75),
        ("8", 124090377, 124096810, 22, 306.333),
        ("12", 97436055, 97439705, 7, 608.333),
        ("17", 29332072, 29336153, 8, 583.0),
    }
    assert theirs <= set(rows)
    # its change points do not part this run of six in 2,326 bases
    assert set(rows) - theirs == {("8", 136085710, 136088036, 6, 465.2)}
    assert found["expected"].null_count() == found.height  # one sample alone: nobody to compare with


def _calls(rows: list[tuple[str, str, int, str, str]]) -> pl.DataFrame:
    ids = [f"{c}:{p}:{r}:{a}" for _, c, p, r, a in rows]
    samples = [r[0] for r in rows]
    return pl.DataFrame({"patient_id": samples, "sample_id": samples, "variant_id": ids})


def test_a_distance_is_that_to_the_one_before_on_the_chromosome() -> None:
    """Written by the pyrimidine: G>A is C>T; insertions are not substitutions."""
    rows = [("1", 100, "G", "A"), ("1", 350, "C", "G"), ("2", 400, "A", "T"), ("2", 1, "-", "A")]
    found = distances(_calls([("S", *row) for row in rows]))
    assert found.select("chrom", "pos", "change", "distance").rows() == [
        ("1", 100, "C>T", None),
        ("1", 350, "C>G", 250),
        ("2", 400, "T>A", None),
    ]


@pytest.mark.parametrize("step", [999, 1_001])
def test_a_place_where_everybody_was_looked_at_is_expected(step: int) -> None:
    """Eight mutations of one gene in S; the 30 others have 200 of 400 mutations there too: 8 of S's 16 are as
    expected."""
    own = [("S", "1", 10_000 + step * i, "C", "T") for i in range(8)]
    own += [("S", "2", 10**6 * i, "C", "T") for i in range(1, 9)]
    others = [(f"O{i % 30}", "1", 10_001 + 35 * i, "C", "T") for i in range(200)]
    others += [(f"O{i % 30}", "3", 10**5 * i + 7, "C", "T") for i in range(1, 201)]
    found = kataegis(distances(_calls(own + others))).filter(pl.col("sample_id") == "S")
    if step > 1_000:
        assert found.is_empty()
        return
    assert found["n_mutations"].to_list() == [8]
    assert found["expected"].item() == pytest.approx(16 * 200 / 400) and found["p_value"].item() == 1
