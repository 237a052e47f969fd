"""Burden that is high or not, MSI from every source, POLE: one row per sample, conflicts shown."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.derive.genes.burden import BurdenParams
from oncourse.disease import disease, tumour_of
from oncourse.genome.effect import PROTEIN_CHANGING
from oncourse.genome.msi import EXONUCLEASE, LEAST_CALLED, msi_chances
from oncourse.genome.protein import codon
from oncourse.study.model import Study

SCHEMA = {
    "sample_id": pl.String,
    "patient_id": pl.String,
    "n_nonsynonymous": pl.Int64,
    "tmb_per_mb": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "tmb_high": pl.String,
    "p_tmb_high": pl.Float64,
    "caution": pl.String,
    "n_coding": pl.Int64,
    "n_indel_one_base": pl.Int64,
    "n_indel_told": pl.Int64,
    "n_indel_in_run": pl.Int64,
    "p_msi_high": pl.Float64,
    "p_hypermutated": pl.Float64,
    "msi_predicted": pl.String,
    "msi_recorded": pl.String,
    "mmr_recorded": pl.String,
    "pole": pl.String,
    "conflict": pl.String,
}
#: Mb below which no burden is called high: shares of the exome so small deviate too far from it, and panels hold genes
#: that are often mutated (Chalmers 2017, doi 10.1186/s13073-017-0424-2).
LEAST_FOR_HIGH = 0.5
#: A prediction is a word from this chance on (and its complement).
SURE = 0.9
#: Consequences outside the coding sequence: they tell nothing of the load in it.
_OUTSIDE = ("utr5", "utr3", "intron", "upstream", "downstream", "intergenic", "noncoding", "unknown")


def hypermutation_table(
    study: Study,
    burden: pl.DataFrame,
    calls: pl.DataFrame,
    readings: pl.DataFrame,
    params: BurdenParams,
    runs: pl.DataFrame,
) -> pl.DataFrame:
    """Return `SCHEMA`, one row per sample of `burden`.

    Parameters
    ----------
    burden : `oncourse.derive.genes.burden.burden_table`; calls : `annotated_calls`
    readings : `oncourse.facts.markers.marker_readings` (MSI and MMR)
    runs : variant_id, is_in_run of indels of one base (`oncourse.derive.genes.spectra.variant_runs`)

    tmb_high: yes or no where the exact interval lies on one side of `params.tmb_high`, else uncertain; null without a
    size; never yes below `LEAST_FOR_HIGH`, where p_tmb_high is null. msi_predicted: MSI-H, not MSI-H, or uncertain;
    null without a size, and where no indel of one base was called in any sample of the assay (`LEAST_CALLED`): nothing
    then tells instability from other loads. pole: the change in an exonuclease domain of POLE or POLD1, and whether the
    load goes with it. conflict: the sources that disagree, in words.
    """
    table = burden.join(_counts(calls, runs), on="sample_id", how="left", maintain_order="left").with_columns(
        pl.col("n_coding", "n_indel_one_base", "n_indel_told", "n_indel_in_run").fill_null(0)
    )
    table = _with_disease(table, study)
    table = table.join(_pole(calls), on="sample_id", how="left", maintain_order="left")
    table = _with_indels_called(table, study)
    table = _with_chances(table)
    table = _with_tmb_high(table, params)
    table = table.join(_readings(readings, burden), on="sample_id", how="left", maintain_order="left")
    table = table.with_columns(
        pole=pl.when(pl.col("p_hypermutated").is_null())
        .then(pl.col("pole") + pl.lit("; load not assessed"))
        .when(pl.col("p_hypermutated") > 0.5)
        .then(pl.col("pole") + pl.lit("; hypermutated without instability"))
        .otherwise(pl.col("pole") + pl.lit("; the load is not that of lost proofreading"))
    )
    return table.with_columns(conflict=_conflict()).select(pl.col(c).cast(t) for c, t in SCHEMA.items())


def _counts(calls: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """sample_id, n_coding, n_indel_one_base, of these n_indel_told and n_indel_in_run: distinct coding variants."""
    coding = calls.filter(~pl.col("consequence").fill_null("unknown").is_in(list(_OUTSIDE)))
    coding = coding.select("sample_id", "variant_id")  # a variant has one row in a sample
    variant = pl.col("variant_id").str.split(":")
    ref, alt = variant.list.get(2, null_on_oob=True), variant.list.get(3, null_on_oob=True)
    one = ((ref == "-") & (alt.str.len_chars() == 1)) | ((alt == "-") & (ref.str.len_chars() == 1))
    indels = coding.filter(pl.col("variant_id").str.contains(":-", literal=True)).filter(one.fill_null(False))
    counts = indels.join(runs, on="variant_id", how="left").group_by("sample_id")
    of_indels = counts.agg(
        n_indel_one_base=pl.len().cast(pl.Int64),
        n_indel_told=pl.col("is_in_run").is_not_null().sum().cast(pl.Int64),
        n_indel_in_run=pl.col("is_in_run").fill_null(False).sum().cast(pl.Int64),
    )
    n_coding = coding.group_by("sample_id").agg(n_coding=pl.len().cast(pl.Int64))
    return n_coding.join(of_indels, on="sample_id", how="left").with_columns(pl.exclude("sample_id").fill_null(0))


def _with_disease(table: pl.DataFrame, study: Study) -> pl.DataFrame:
    patients = study["patients"].select("patient_id", "disease")
    words = {w: tumour_of(w) for w in patients["disease"].drop_nulls().unique()}
    config = study.config
    whole = tumour_of(config.disease) or (disease(config.design).tumour if config.design else None)
    tumour = pl.col("disease").replace_strict(words, default=None, return_dtype=pl.String)
    found = patients.select("patient_id", tumour=tumour)
    return table.join(found, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col("tumour").fill_null(pl.lit(whole, pl.String))
    )


def _with_indels_called(table: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Add is_indel_called: false where an assay has many coding mutations and not one indel of one base."""
    assays = study["samples"].select("sample_id", "assay_id")
    called = (pl.col("n_coding").sum() < LEAST_CALLED) | (pl.col("n_indel_one_base").sum() > 0)
    joined = table.join(assays, on="sample_id", how="left", maintain_order="left")
    return joined.with_columns(is_indel_called=called.over("assay_id")).drop("assay_id")


def _with_chances(table: pl.DataFrame) -> pl.DataFrame:
    """Add p_msi_high and p_hypermutated; null without a size."""
    parts = []
    for (tumour,), rows in table.with_row_index("row").group_by(["tumour"]):
        size = rows["callable_mb"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        high, hyper = msi_chances(
            rows["n_coding"].to_numpy(),
            rows["n_indel_one_base"].to_numpy(),
            size,
            None if tumour is None else str(tumour),
            exonuclease=rows["pole"].is_not_null().to_numpy(),
            n_told=rows["n_indel_told"].to_numpy(),
            n_in_run=rows["n_indel_in_run"].to_numpy(),
        )
        parts.append(rows.select("row", p_msi_high=pl.Series(high), p_hypermutated=pl.Series(hyper)))
    if not parts:
        added = {"p_msi_high": pl.Float64, "p_hypermutated": pl.Float64, "msi_predicted": pl.String}
        return table.with_columns(pl.lit(None, kind).alias(name) for name, kind in added.items())
    chances = pl.concat(parts).sort("row").drop("row").fill_nan(None)
    chances = chances.select(pl.when(table["is_indel_called"]).then(pl.col(c)).alias(c) for c in chances.columns)
    word = (
        pl.when(pl.col("p_msi_high") >= SURE)
        .then(pl.lit("MSI-H"))
        .when(pl.col("p_msi_high") <= 1 - SURE)
        .then(pl.lit("not MSI-H"))
        .when(pl.col("p_msi_high").is_not_null())
        .then(pl.lit("uncertain"))
    )
    return pl.concat([table, chances], how="horizontal").with_columns(msi_predicted=word)


def _with_tmb_high(table: pl.DataFrame, params: BurdenParams) -> pl.DataFrame:
    """Add tmb_high, p_tmb_high (Jeffreys' Gamma belief about the rate) and caution."""
    from scipy.special import gammaincc

    size = table["callable_mb"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    chance = gammaincc(table["n_nonsynonymous"].to_numpy() + 0.5, params.tmb_high * np.maximum(size, 1e-9))
    tiny = (pl.col("callable_mb") < LEAST_FOR_HIGH).fill_null(False)
    chances = pl.when(~tiny).then(pl.lit(pl.Series(chance).fill_nan(None)))
    word = (
        pl.when((pl.col("ci_low") >= params.tmb_high) & ~tiny)
        .then(pl.lit("yes"))
        .when(pl.col("ci_high") < params.tmb_high)
        .then(pl.lit("no"))
        .when(pl.col("tmb_per_mb").is_not_null())
        .then(pl.lit("uncertain"))
    )
    small = (
        pl.when(pl.col("callable_mb").is_null())
        .then(pl.lit("size of the assay not known"))
        .when(~pl.col("is_indel_called"))
        .then(pl.lit("no insertion or deletion of one base was called"))
        .when(pl.col("callable_mb") < params.small_panel_mb)
        .then(pl.lit("small panel"))
        .when(pl.col("callable_basis") != "stated")
        .then(pl.col("callable_basis") + pl.lit(" size"))
    )
    return table.with_columns(tmb_high=word, p_tmb_high=chances, caution=small)


def _readings(readings: pl.DataFrame, burden: pl.DataFrame) -> pl.DataFrame:
    """sample_id, msi_recorded, mmr_recorded: each source's words; a reading of no sample is of all the patient's."""
    said = readings.filter(pl.col("marker").is_in(["MSI", "MMR"]))
    of_patient = said.filter(pl.col("sample_id").is_null()).drop("sample_id")
    of_patient = of_patient.join(burden.select("sample_id", "patient_id"), on="patient_id", how="inner")
    said = pl.concat([said.drop_nulls("sample_id"), of_patient.select(said.columns)])
    word = {
        ("MSI", "positive"): "MSI-H",
        ("MSI", "negative"): "not MSI-H",
        ("MMR", "positive"): "deficient",
        ("MMR", "negative"): "proficient",
    }
    columns = said.select("sample_id", "marker", "state").iter_rows()
    rows = [(s, m, word.get((m, state), "unclear")) for s, m, state in columns]
    frame = pl.DataFrame(rows, schema={"sample_id": pl.String, "marker": pl.String, "word": pl.String}, orient="row")
    return frame.group_by("sample_id").agg(msi_recorded=_joined("MSI"), mmr_recorded=_joined("MMR"))


def _joined(marker: str) -> pl.Expr:
    """Words of one marker, null where it has none."""
    words = pl.col("word").filter(pl.col("marker") == marker).unique().sort().str.join(" / ")
    return pl.when(pl.col("marker").eq(marker).any()).then(words)


def _pole(calls: pl.DataFrame) -> pl.DataFrame:
    """sample_id, pole: changes in the exonuclease domains."""
    rows = calls.filter(pl.col("gene").is_in(list(EXONUCLEASE)) & pl.col("consequence").is_in(list(PROTEIN_CHANGING)))
    rows = rows.with_columns(codon=codon("hgvs_p"))
    inside = [(pl.col("gene") == g) & pl.col("codon").is_between(low, high) for g, (low, high) in EXONUCLEASE.items()]
    named = pl.concat_str("gene", pl.col("hgvs_p").str.strip_prefix("p."), separator=" ")
    return rows.filter(pl.any_horizontal(inside)).group_by("sample_id").agg(pole=named.unique().sort().str.join(", "))


def _conflict() -> pl.Expr:
    """Name the sources on either side where both sides have one."""
    sides = {"MSI recorded": "msi_recorded", "MMR recorded": "mmr_recorded", "mutations": "msi_predicted"}
    yes = {"MSI-H", "deficient"}
    no = {"not MSI-H", "proficient"}

    def named(words: set[str]) -> pl.Expr:
        hits = [
            pl.when(pl.any_horizontal(pl.col(column).str.split(" / ").list.contains(w) for w in sorted(words))).then(
                pl.lit(name)
            )
            for name, column in sides.items()
        ]
        return pl.concat_str(hits, separator=", ", ignore_nulls=True)

    for_it, against = named(yes), named(no)
    both = (for_it.str.len_chars() > 0) & (against.str.len_chars() > 0)
    return pl.when(both).then(pl.lit("MSI-H by ") + for_it + pl.lit("; not by ") + against)
