"""Whether both alleles of a suppressor are hit: two losses, a loss and the other allele lost, or the only copy."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.derive.genes.copy_states import copy_table
from oncourse.facts.material import is_tumour
from oncourse.genome.genes import genes_of_role
from oncourse.stats.proportions import clopper_pearson
from oncourse.study.model import Study

#: Share of the tumour cells from which a loss counts with the loss of the other allele, where purity is known.
MOST_CELLS = 0.5
#: Copies of a gene on a man's X up to which a loss on it leaves none.
ONE_COPY = 1.5
#: What is said, the first that holds: flag of `_flags`, whether both alleles are hit (null = not known), in words.
WORDS = (
    ("gone", True, "both copies deleted"),
    ("two", True, "two different losses of one sample (phase not known)"),
    ("lost", True, "one loss, the other allele lost"),
    ("only", True, "loss of the only copy (X of a man)"),
    ("in_part", None, "the other allele lost, the loss in less than half of the tumour cells by its reads"),
    ("own", False, "the allele lost in the tumour is the one with the inherited loss"),
    ("either", None, "inherited loss, one allele lost in the tumour: no reads tell which"),
    ("kept", False, "one loss, both alleles kept"),
    ("skewed", None, "more reads than one of two copies gives at this purity: other allele lost, or this one gained"),
)


def both_alleles(study: Study, hits: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, gene, is_biallelic, basis of the suppressors that have a driver hit.

    hits : `oncourse.derive.status.alterations.hits_table`

    True beats unknown beats false over the patient's samples: both copies deleted; two different losses in one sample
    (germline among them; phase not known; losses of two lesions hit one allele of each); one loss and the other allele
    lost (segments, or a call of one copy), unless reads, purity
    and copies put the loss in less than half of the tumour cells (null); the only copy (X of a man, where no more are
    counted); false where segments show both alleles (blood that tells nothing of them is no witness); null where
    nothing tells. An inherited loss is in every sample of the patient, wherever it was recorded; where a tumour has
    lost an allele, its reads say which: the inherited one is above half of the reads where it was kept, below where it
    was lost. A read share above that of one of two copies at the sample's purity is named in ``basis`` and decides
    nothing: the other allele is lost, or this one gained.
    """
    losses = hits.filter((pl.col("driver") == "driver") & pl.col("gene").is_in(sorted(genes_of_role("suppressor"))))
    copies = copy_table(study, set(losses["gene"])).select(
        "patient_id", "sample_id", "gene", "state", "copies", "is_allele_lost"
    )
    inherited = pl.col("kind") == "germline"
    acquired = losses.filter(~inherited).join(copies.drop("patient_id"), on=["sample_id", "gene"], how="left")
    inborn = losses.filter(inherited).unique(["patient_id", "gene", "variant_id"]).drop("sample_id")
    inborn = inborn.join(copies, on=["patient_id", "gene"], how="left").select(acquired.columns)
    rows = _with_reads(study, pl.concat([acquired, inborn]))
    found = rows.with_columns(n_together=_together()).group_by("patient_id", "gene").agg(**_flags())
    both, basis = pl.lit(None, pl.Boolean), pl.lit("other allele not assessed")
    for flag, value, text in reversed(WORDS):
        both = pl.when(flag).then(pl.lit(value, pl.Boolean)).otherwise(both)
        basis = pl.when(flag).then(pl.lit(text)).otherwise(basis)
    return found.select("patient_id", "gene", is_biallelic=both, basis=basis)


def _together() -> pl.Expr:
    """How many different losses the sample of a row has: its own, and those that the patient inherited."""
    loss = pl.col("variant_id")
    inherited = (pl.col("kind") == "germline").any().over("patient_id", "gene", "variant_id")
    own = loss.filter(~inherited).drop_nulls().n_unique().over("patient_id", "gene", "sample_id")
    return own + loss.filter(inherited).drop_nulls().n_unique().over("patient_id", "gene")


def _flags() -> dict[str, pl.Expr]:
    """What the rows of a patient and gene say (`WORDS`)."""
    inherited, x_of_man = pl.col("kind") == "germline", pl.col("is_x_of_man")
    normal = pl.when(x_of_man).then(1).otherwise(2) * (1 - pl.col("purity"))
    held = pl.when(x_of_man).then(pl.col("copies").fill_null(1)).otherwise("copies")
    one_copy = pl.col("purity") / (pl.col("purity") * held + normal)
    in_part = (~inherited & (pl.col("read_high") < MOST_CELLS * one_copy)).fill_null(False)
    lost = (pl.col("is_allele_lost") & pl.col("variant_id").is_not_null()).fill_null(False)
    only = x_of_man & (held <= ONE_COPY)
    with_it, without_it = pl.col("read_low") > 0.5, pl.col("read_high") < 0.5
    both_there = (pl.col("is_allele_lost") == False).fill_null(False)  # noqa: E712
    silent = pl.col("is_allele_lost").is_null() & (pl.col("material") == "plasma").fill_null(False)
    own, told = without_it.fill_null(False), (with_it | without_it).fill_null(False)
    return {
        "gone": ((pl.col("kind") == "deletion") | (pl.col("state") == "homozygous_deletion").fill_null(False)).any(),
        "two": pl.col("n_together").max() > 1,
        "lost": (lost & ~only & ~in_part & (~inherited | (told & ~own))).any(),
        "only": (only & ~in_part).any(),
        "in_part": ((lost | only) & in_part).any(),
        "own": (lost & ~only & inherited & own).any(),
        "either": (lost & ~only & inherited & ~told).any(),
        "kept": (both_there | silent).all() & both_there.any(),
        "skewed": (~inherited & (pl.col("read_low") > pl.col("purity") / 2)).fill_null(False).any(),
    }


def _with_reads(study: Study, rows: pl.DataFrame) -> pl.DataFrame:
    """Add purity, material, is_x_of_man, read_low and read_high: exact 95 % limits of the variant's share of the reads."""
    tumour = study["samples"].filter(is_tumour()).select("sample_id", "purity", "material")
    men = study["patients"].filter(pl.col("sex").str.to_lowercase().str.starts_with("m").fill_null(False))
    keys = ["sample_id", "variant_id"]
    counted = study["calls"].select(*keys, "alt_count", "depth").drop_nulls().filter(pl.col("depth") > 0)
    # the reads of others tell nothing: of a mutation without the purity
    with_purity = pl.col("sample_id").is_in(tumour.drop_nulls("purity")["sample_id"].implode())
    asked = rows.filter((pl.col("kind") == "germline") | with_purity).select(keys).drop_nulls()
    counted = counted.join(asked, on=keys, how="semi").join(tumour, on="sample_id", how="semi")
    low, high = clopper_pearson(counted["alt_count"].to_numpy(), counted["depth"].to_numpy())
    counted = counted.select(
        *keys,
        read_low=pl.Series(np.atleast_1d(low), dtype=pl.Float64),
        read_high=pl.Series(np.atleast_1d(high), dtype=pl.Float64),
    )
    on_x = pl.col("variant_id").str.starts_with("X:").fill_null(False)
    return (
        rows.join(counted.unique(keys), on=keys, how="left")
        .join(tumour, on="sample_id", how="left")
        .with_columns(is_x_of_man=on_x & pl.col("patient_id").is_in(men["patient_id"].implode()))
    )
