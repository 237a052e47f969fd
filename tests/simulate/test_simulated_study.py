"""Simulated studies: valid, repeatable, and as their truth says."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import SIXTY, made

from oncourse.errors import ConfigError
from oncourse.simulate.study import simulate_study
from oncourse.study.validate import validate


def _study(design):
    """The sixty patients that most tests look at."""
    return made(design, 60, SIXTY[design])


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_same_seed_same_study_another_seed_another(design):
    a, b, c = (simulate_study(design, 4, seed) for seed in (1, 1, 2))
    assert all(a.tables[name].equals(b.tables[name]) for name in a.tables)
    assert not a.tables["calls"].equals(c.tables["calls"])


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_patient_does_not_depend_on_how_many_follow(design):
    small, large = simulate_study(design, 2, 7), simulate_study(design, 5, 7)
    first = small.tables["follow_up"]
    assert large.tables["follow_up"].head(2).equals(first)


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_simulated_study_has_no_error(design):
    made = _study(design)
    _, problems = validate(made.tables, made.config)
    assert [str(p) for p in problems if p.severity == "error"] == []
    after_death = [p for p in problems if "after the death" in p.message]
    assert after_death == []


def test_reads_follow_the_true_cancer_cell_fraction():
    """A driver with ccf 0 in a sample shows reads at the error rate only; one with ccf 1 in tissue at depth 800 is
    seen."""
    made = _study("crc")
    calls = made.tables["calls"].join(made.tables["samples"].select("sample_id", "material", "purity"), on="sample_id")
    drivers = made.truth["drivers"].join(calls, on=["sample_id", "variant_id"], how="inner")
    absent = drivers.filter((pl.col("ccf") == 0) & (pl.col("material") == "tissue"))
    assert absent.height >= 3
    assert (absent["alt_count"] / absent["depth"]).max() < 0.01
    present = drivers.filter((pl.col("ccf") == 1) & (pl.col("material") == "tissue") & (pl.col("depth") >= 200))
    assert present["is_called"].mean() > 0.97


def test_unknown_design_is_refused():
    with pytest.raises(ConfigError, match="crc, mcrpc"):
        simulate_study("brca", 3)


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_the_truth_is_a_tree_whose_fractions_sum_to_one(design):
    made = _study(design)
    clones, fractions = made.truth["clones"], made.truth["fractions"]
    roots = clones.filter(pl.col("parent_id").is_null()).group_by("patient_id").len()
    assert roots.height == 60 and (roots["len"] == 1).all()
    parents = clones.drop_nulls("parent_id").select("patient_id", clone_id="parent_id")
    assert parents.join(clones, on=["patient_id", "clone_id"], how="anti").is_empty()
    whole = fractions.group_by("sample_id").agg(pl.col("fraction").sum())
    assert whole["fraction"].is_between(1 - 1e-6, 1 + 1e-6).all()
    assert set(fractions["sample_id"]) == set(
        made.tables["samples"].filter(pl.col("material") != "normal")["sample_id"]
    )
    known = made.truth["lesions"].join(made.tables["lesions"], on=["patient_id", "lesion_id"], how="inner")
    assert known.height >= 60
    of = made.truth["variants"].filter(pl.col("kind") == "clone")
    assert of.join(clones, on=["patient_id", "clone_id"], how="anti").is_empty()


def test_focal_events_are_in_the_segments_of_every_tissue_sample():
    made = _study("mcrpc")
    segments, samples = made.tables["segments"], made.tables["samples"]
    tissue = samples.filter(pl.col("material") == "tissue").select("patient_id", "sample_id")
    place = {"AR": ("X", 67_600_000), "PTEN": ("10", 87_900_000), "RB1": ("13", 48_400_000)}
    checked = 0
    for patient, gene, copies in made.truth["focal"].iter_rows():
        chrom, at = place[gene]
        here = segments.join(tissue.filter(pl.col("patient_id") == patient), on="sample_id").filter(
            (pl.col("chrom") == chrom) & (pl.col("start") <= at) & (pl.col("end") >= at)
        )
        assert here["total_cn"].to_list() == [copies] * tissue.filter(pl.col("patient_id") == patient).height
        checked += here.height
    assert checked >= 10
    overlap = segments.sort("sample_id", "chrom", "start").with_columns(
        before=pl.col("end").shift().over("sample_id", "chrom")
    )
    assert overlap.filter(pl.col("start") <= pl.col("before")).is_empty()


def test_treatment_lowers_the_tumour_fraction_of_some_and_selects_resistant_clones():
    """A clone that resists has a larger share of the tumour after treatment than before, summed over the patients."""
    made = _study("mcrpc")
    fraction = made.tables["samples"].drop_nulls("tumor_fraction")
    draws = (
        fraction.with_columns(draw=pl.col("sample_id").str.slice(-2))
        .pivot(on="draw", index="patient_id", values="tumor_fraction")
        .drop_nulls()
    )
    assert (draws["B2"] < 0.3 * draws["B1"]).mean() > 0.1
    share = (
        made.truth["fractions"]
        .with_columns(draw=pl.col("sample_id").str.slice(-2))
        .filter(pl.col("draw").is_in(["B1", "B2"]) & pl.col("patient_id").is_in(draws["patient_id"].to_list()))
        .join(made.truth["clones"].filter("is_resistant"), on=["patient_id", "clone_id"])
        .group_by("draw")
        .agg(pl.col("fraction").sum())
        .sort("draw")["fraction"]
    )
    assert share[1] > share[0] + 1


def _passengers(made):
    from oncourse.simulate.drivers import DRIVER_GENES

    return made.tables["variants"].filter(~pl.col("gene").is_in(list(DRIVER_GENES)))


def test_passengers_fall_on_the_tissue_panel_in_proportion_to_coding_length():
    """The plasma panel is a part of the tissue panel; its genes take no more than their share of the passengers."""
    from oncourse.simulate.drivers import plasma_genes
    from oncourse.simulate.passengers import passenger_pool

    made = _study("crc")
    panel = frozenset(made.tables["assays"]["targets"][0].split(";"))
    assert set(plasma_genes()) <= panel
    genes, shares = passenger_pool(panel)
    expected = sum(share for gene, share in zip(genes, shares, strict=True) if gene in set(plasma_genes()))
    assert _passengers(made)["gene"].is_in(list(plasma_genes())).mean() == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_every_passenger_lies_in_its_gene_and_does_what_its_place_says(design):
    """A simulated study is read without a doubt: no gene elsewhere, no base or effect that contradicts the gene."""
    from oncourse.genome.gene_models import models
    from oncourse.genome.genes import gene_places
    from oncourse.genome.places import locate

    variants = _passengers(simulate_study(design, 12, 5))
    at = locate(variants["variant_id"], "GRCh38").rename({"gene": "place", "hgvs_p": "by_place", "consequence": "does"})
    table = pl.concat([variants, at.drop("variant_id")], how="horizontal")
    known = table.filter(pl.col("gene").is_in([*gene_places("GRCh38")["gene"], *models("GRCh38")]))
    assert known.height > 20
    assert known.equals(table.drop_nulls("place")) and (known["gene"] == known["place"]).all()
    assert not (~table["is_ref_match"].fill_null(True)).any()
    told = table.drop_nulls("does")
    assert (told["consequence"] == told["does"]).all()
    coding = known.filter(pl.col("region") == "coding")
    codon = coding["hgvs_p"].str.extract(r"(\d+)").cast(pl.Int64)
    assert ((codon - coding["codon_first"]).abs() <= 1).all()


def test_no_blood_is_drawn_after_the_last_contact():
    """At 30 patients and seed 1 the simulated colorectal study was refused as two clocks."""
    tables = simulate_study("crc", 30, 1).tables
    last = tables["follow_up"].select("patient_id", "last_contact_day")
    late = tables["labs"].join(last, on="patient_id").filter(pl.col("day") > pl.col("last_contact_day"))
    assert late.is_empty()
