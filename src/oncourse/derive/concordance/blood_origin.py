"""Variants that are not the tumour's: germline, and clonal haematopoiesis (CHIP) seen or possible."""

from __future__ import annotations

import polars as pl

from oncourse.facts.inborn import inborn, normal_counts
from oncourse.genome.gene_sets import gene_set
from oncourse.study.model import Study

#: Reads in white cells that tell a blood clone from background (three, and one per cent of the depth).
MIN_BLOOD_READS, MIN_BLOOD_VAF = 3, 0.01
#: Fraction in plasma below which a variant may be of the blood however much of the tumour's DNA that would be, and the
#: share of it that blood in a tissue sample may show. Choices: blood clones are mostly below a tenth (written from
#: memory).
MOST_OF_CLONE, BLOOD_IN_TISSUE = 0.1, 0.3
#: z of the 95 % Wilson limits by which two fractions are called compatible.
_Z = 1.959964


def _wilson(count: pl.Expr, total: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    share, z2 = count / total, _Z**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z / (1 + z2 / total) * (share * (1 - share) / total + z2 / (4 * total**2)).sqrt()
    return centre - half, centre + half


def with_blood(study: Study, cells: pl.DataFrame, samples: pl.DataFrame, germline_vaf: float) -> pl.DataFrame:
    """Add `blood` (germline / chip / possible_chip / null per patient and variant); set the first two apart.

    germline: at `germline_vaf` or more in the matched normal or white cells, or recorded as germline.
    chip: recorded as chip, or in white cells below that level at a fraction compatible with the patient's plasma
    (their 95 % intervals overlap, or white cells show more), even if faintly in tissue: no tissue sample of the
    patient shows more than white cells do, which is all that blood in it could explain.
    possible_chip: the patient has no white cells, the gene is in the set ``blood clone pattern``, the variant is in
    plasma at less than half the fraction of its clonal variants or below `MOST_OF_CLONE` of the reads (of plasma with
    little tumour DNA a blood clone is as much as the tumour's), and in every tissue sample *absent* (not merely unseen)
    or at no more than blood in it could explain (`BLOOD_IN_TISSUE` of plasma's fraction).
    """
    cells = _recorded_or_measured(study, cells, samples, germline_vaf)
    cells = _possible(study, cells, samples)
    apart = pl.col("blood").is_in(["germline", "chip"])
    return cells.with_columns(
        state=pl.when(apart).then(pl.lit("not_assessable")).otherwise("state"),
        reason=pl.when(apart).then("blood").otherwise("reason"),
    )


def set_apart(study: Study, cells: pl.DataFrame, samples: pl.DataFrame, germline_vaf: float) -> pl.Series:
    """Return per cell whether its variant is germline or of the blood, as far as counts and records tell."""
    blood = _recorded_or_measured(study, cells, samples, germline_vaf)["blood"]
    return blood.is_in(["germline", "chip"]).fill_null(False)


def _recorded_or_measured(
    study: Study, cells: pl.DataFrame, samples: pl.DataFrame, germline_vaf: float
) -> pl.DataFrame:
    everyone = study["samples"].select("sample_id", "patient_id")
    stated = (
        study["calls"]
        .filter(pl.col("origin") == "chip")
        .join(everyone, on="sample_id", how="inner")
        .select("patient_id", "variant_id", is_stated=pl.lit(True))
        .unique()
    )
    born = inborn(study, germline_vaf).with_columns(is_germline=pl.lit(True))
    normal = normal_counts(study)
    if normal.is_empty() and stated.is_empty() and born.is_empty():
        return cells.with_columns(blood=pl.lit(None, dtype=pl.String))
    plasma = samples.filter(pl.col("material") == "plasma").select("sample")
    in_plasma = (
        cells.filter(pl.col("alt_count") > 0)
        .join(plasma, on="sample", how="semi")
        .group_by("site")
        .agg(p_alt=pl.col("alt_count").sum(), p_depth=pl.col("depth").sum())
    )
    sites = cells.select("patient_id", "variant_id", "site").unique()
    sites = sites.join(normal, on=["patient_id", "variant_id"], how="left")
    for told in (stated, born):
        sites = sites.join(told, on=["patient_id", "variant_id"], how="left")
    sites = sites.join(in_plasma, on="site", how="left")
    sites = sites.join(_highest_in_tissue(cells, samples), on="site", how="left")
    low_n, high_n = _wilson(pl.col("n_alt"), pl.col("n_depth"))
    low_p, high_p = _wilson(pl.col("p_alt"), pl.col("p_depth"))
    vaf = pl.col("n_alt") / pl.col("n_depth")
    admixture = (pl.col("tissue_low") <= high_n).fill_null(True)
    in_blood = admixture & (pl.col("n_alt") >= MIN_BLOOD_READS) & (vaf >= MIN_BLOOD_VAF)
    compatible = (high_n >= low_p) & (low_n <= high_p) | (vaf > pl.col("p_alt") / pl.col("p_depth"))
    blood = (
        pl.when("is_germline")
        .then(pl.lit("germline"))
        .when(pl.col("is_stated") | (in_blood & compatible.fill_null(False)))
        .then(pl.lit("chip"))
    )
    return cells.join(sites.select("site", blood=blood), on="site", how="left", maintain_order="left")


def _highest_in_tissue(cells: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return site, tissue_low: the highest lower limit of the fraction among the patient's tissue samples."""
    tissue = samples.filter(pl.col("material") == "tissue").select("sample")
    low, _ = _wilson(pl.col("alt_count"), pl.col("depth"))
    counted = cells.filter(pl.col("alt_count").is_not_null() & (pl.col("depth") > 0))
    return counted.join(tissue, on="sample", how="semi").group_by("site").agg(tissue_low=low.max())


def _highest_in_plasma(cells: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return site, plasma_high: the highest upper limit of the fraction among the patient's plasma samples."""
    plasma = samples.filter(pl.col("material") == "plasma").select("sample")
    _, high = _wilson(pl.col("alt_count"), pl.col("depth"))
    counted = cells.filter(pl.col("alt_count").is_not_null() & (pl.col("depth") > 0))
    return counted.join(plasma, on="sample", how="semi").group_by("site").agg(plasma_high=high.max())


def _possible(study: Study, cells: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    has_white = study["samples"].filter(pl.col("material") == "white_cells")["patient_id"].unique()
    material = samples.select("sample", "material")
    if "plasma" not in set(material["material"]):
        return cells
    marked = (
        cells.select("patient_id", "site", "sample", "gene", "state", "ccf", "blood", "alt_count", "depth")
        .join(material, on="sample", how="left", maintain_order="left")
        .join(_highest_in_plasma(cells, samples), on="site", how="left", maintain_order="left")
        .filter(~pl.col("patient_id").is_in(has_white.implode()))
    )
    is_plasma, low_t = pl.col("material") == "plasma", _wilson(pl.col("alt_count"), pl.col("depth"))[0]
    small = (pl.col("ccf") < 0.5) | (pl.col("alt_count") / pl.col("depth") < MOST_OF_CLONE).fill_null(False)
    # a tissue that says nothing (not covered, too shallow) is no witness; one with reads may hold blood
    of_blood = (pl.col("alt_count") > 0) & (low_t <= BLOOD_IN_TISSUE * pl.col("plasma_high"))
    possible = marked.group_by("site").agg(
        (pl.col("gene").first().is_in(gene_set("blood clone pattern")) & pl.col("blood").first().is_null())
        .fill_null(False)
        .alias("listed"),
        ((pl.col("state") == "present") & is_plasma & small).any().alias("low"),
        ((pl.col("state") == "present") & is_plasma & ~small).any().alias("high"),
        ((pl.col("state") == "absent") | is_plasma | of_blood.fill_null(False)).all().alias("absent"),
        (~is_plasma).any().alias("has_tissue"),
    )
    sites = possible.filter("listed", "low", ~pl.col("high"), "absent", "has_tissue")["site"]
    return cells.with_columns(
        blood=pl.when(pl.col("site").is_in(sites.implode()) & pl.col("blood").is_null())
        .then(pl.lit("possible_chip"))
        .otherwise("blood")
    )
