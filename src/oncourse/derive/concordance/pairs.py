"""Pairs of samples of one patient, and each variant's fate between them: shared, private, not assessable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.presence import PresenceTable
from oncourse.genome.variant import with_parts
from oncourse.study.settings import section, setting

#: Comparisons whose two samples are not of one lesion; the order is that of the report.
COMPARISONS = (
    "primary v metastasis",
    "primary v local recurrence",
    "local recurrence v metastasis",
    "metastasis v metastasis",
    "primary v primary",
    "local recurrence v local recurrence",
    "within lesion",
    "tissue v plasma",
    "plasma v plasma",
)
_WORDS = {"local_recurrence": "local recurrence"}


@section("concordance")
@dataclass(frozen=True)
class ConcordanceParams:
    """How concordance is counted."""

    min_power: float = setting(
        0.95, "least chance to have called a clonal variant for `absent` to be said", low=0.5, high=0.9999
    )
    merge_same_site: bool = setting(
        False, "count different alleles at one position in two samples of a patient as one variant"
    )


@dataclass(frozen=True)
class PairTable:
    """Pairs, and the variants of each.

    Attributes
    ----------
    pairs : one row per pair: pair (number), patient_id, comparison, sample_a, sample_b, role_a, role_b, lesion_a,
        lesion_b, is_main, days_between (b - a), row_a, row_b (rows of the samples)
    variants : one row per pair and variant seen in either: pair, cell_a, cell_b (rows of the cells), state
        (shared / private_a / private_b / not_assessable), raw_state (the same with clonal haematopoiesis counted
        like any variant), plain_state (by calls alone), is_lost, basis, blood, related_variant_id
    """

    pairs: pl.DataFrame
    variants: pl.DataFrame


def pair_table(presence: PresenceTable, *, only_main: bool = False) -> PairTable:
    """Return every pair of tumour samples of a patient and the fate of its variants."""
    pairs = sample_pairs(presence.samples)
    if only_main:
        pairs = pairs.filter("is_main")
    pairs = pairs.with_columns(pair=pl.int_range(pl.len()))
    return PairTable(pairs, _variants(presence, pairs))


def _comparison() -> pl.Expr:
    """Return the comparison of two samples; null where a tissue sample names no lesion (it is in no lesion pair)."""
    a, b = pl.col("role_a"), pl.col("role_b")
    return (
        pl.when((a == "plasma") & (b == "plasma"))
        .then(pl.lit("plasma v plasma"))
        .when(b == "plasma")
        .then(pl.lit("tissue v plasma"))
        .when((a == "tissue") | (b == "tissue"))
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("lesion_a") == pl.col("lesion_b"))
        .then(pl.lit("within lesion"))
        .otherwise(pl.concat_str(a.replace(_WORDS), b.replace(_WORDS), separator=" v "))
    )


#: Plasma of so much of the depth of the patient's deepest is as good (own choice: serial samples are of one assay).
AS_DEEP = 0.5


def sample_pairs(samples: pl.DataFrame) -> pl.DataFrame:
    """Return one row per pair: `a` is primary, tissue or earlier, `b` metastasis, plasma or later.

    Per patient and comparison one pair is main: of each lesion (of the patient's plasma) the deepest sample,
    then the two taken closest in time, then the earliest; the names decide only where all of this is equal. Plasma of at
    least `AS_DEEP` of the deepest is as deep: of serial samples the one taken with the tissue is compared, not one under
    treatment with some reads more.
    """
    side = samples.select(
        "patient_id",
        "sample_id",
        "role",
        "role_rank",
        "lesion_id",
        "day",
        "depth",
        "rank",
        pl.col("sample").alias("row"),
    )
    both = side.join(side, on="patient_id", suffix="_b").filter(pl.col("rank") < pl.col("rank_b"))
    pairs = both.select(
        "patient_id",
        sample_a="sample_id",
        sample_b="sample_id_b",
        role_a="role",
        role_b="role_b",
        lesion_a="lesion_id",
        lesion_b="lesion_id_b",
        row_a="row",
        row_b="row_b",
        days_between=pl.col("day_b") - pl.col("day"),
        day_a="day",
        day_b="day_b",
        depth_a="depth",
        depth_b="depth_b",
        order_a="rank",
        order_b="rank_b",
    ).with_columns(comparison=_comparison())
    order = {c: i for i, c in enumerate(COMPARISONS)}
    pairs = pairs.drop_nulls("comparison").with_columns(
        order=pl.col("comparison").replace_strict(order, default=len(order))
    )
    most = pl.col("depth_b").max().over("patient_id", "comparison")
    as_deep = (pl.col("comparison") == "tissue v plasma") & (pl.col("depth_b") >= AS_DEEP * most)
    ranked = pairs.with_columns(depth_b=pl.when(as_deep).then(most).otherwise("depth_b")).sort(
        "patient_id",
        "order",
        "depth_a",
        "depth_b",
        pl.col("days_between").abs(),
        "day_a",
        "day_b",
        "sample_a",
        "sample_b",
        descending=[False, False, True, True, *[False] * 5],
        nulls_last=True,
    )
    main = ranked.unique(["patient_id", "comparison"], keep="first", maintain_order=True)
    main = main.select("sample_a", "sample_b", "comparison", is_main=pl.lit(True))
    return (
        pairs.join(main, on=["sample_a", "sample_b", "comparison"], how="left")
        .with_columns(pl.col("is_main").fill_null(False))
        .sort("patient_id", "order", "order_a", "order_b")
        .drop("order", "order_a", "order_b", "depth_a", "depth_b", "day_a", "day_b")
    )


_CODE = {"present": 1, "absent": 2, "not_assessable": 0}
_STATES = ("not_assessable", "shared", "private_a", "private_b", "in_neither")
#: States and basis of a pair's variants: words to read, one byte each to keep.
STATE_TYPE, BASIS_TYPE = pl.Enum(_STATES), pl.Enum(["assumed", "counted"])


def _fate(a: NDArray[np.int8], b: NDArray[np.int8], in_union: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the index into `_STATES` of two sample states (1 present, 2 absent, 0 not assessable)."""
    out = np.zeros(len(a), np.int8)
    out[(a == 1) & (b == 1)] = 1
    out[(a == 1) & (b == 2)] = 2
    out[(a == 2) & (b == 1)] = 3
    # absent or unknown in both and called in neither: a variant of the patient's other samples
    out[(a != 1) & (b != 1) & ~in_union] = 4
    return out


def _variants(presence: PresenceTable, pairs: pl.DataFrame) -> pl.DataFrame:
    schema: dict[str, Any] = {
        "pair": pl.Int64,
        "cell_a": pl.Int64,
        "cell_b": pl.Int64,
        "state": STATE_TYPE,
        "raw_state": STATE_TYPE,
        "plain_state": STATE_TYPE,
        "is_lost": pl.Boolean,
        "basis": BASIS_TYPE,
        "blood": pl.String,
        "related_variant_id": pl.String,
    }
    cells, samples = presence.cells, presence.samples
    if cells.is_empty() or pairs.is_empty():
        return pl.DataFrame(schema=schema)
    block = samples.select("first", "n_site", "n_sample", "rank").to_dict(as_series=False)
    first, n_site, n_sample, rank = (np.asarray(block[c], np.int64) for c in ("first", "n_site", "n_sample", "rank"))
    row_a, row_b = pairs["row_a"].to_numpy(), pairs["row_b"].to_numpy()
    size = n_site[row_a]
    pair = np.repeat(np.arange(pairs.height), size)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
    base = first[row_a][pair] + within * n_sample[row_a][pair]
    cell_a, cell_b = base + rank[row_a][pair], base + rank[row_b][pair]

    called = cells["called"].to_numpy()
    covered = cells["is_covered"].to_numpy()
    state = cells["state"].replace_strict(_CODE, return_dtype=pl.Int8).to_numpy()
    raw = cells["raw_state"].replace_strict(_CODE, return_dtype=pl.Int8).to_numpy()
    germline = (cells["blood"] == "germline").fill_null(False).to_numpy()
    union = called[cell_a] | called[cell_b]
    fate = _fate(state[cell_a], state[cell_b], union)
    # germline variants are left out of concordance; they stay in the states table
    kept = (fate != 4) & ~germline[cell_a]
    pair, cell_a, cell_b, union, fate = pair[kept], cell_a[kept], cell_b[kept], union[kept], fate[kept]

    known = (cells["basis"] != "assumed").to_numpy()  # counted, or covered and not called
    shallow = (cells["reason"] == "low_depth").to_numpy() & known & ~called
    seen = np.where(called, 1, np.where(covered & ~shallow, 2, 0)).astype(np.int8)
    plain = _fate(seen[cell_a], seen[cell_b], union)
    raw_fate = _fate(raw[cell_a], raw[cell_b], union)
    lost = (cells["reason"] == "lost_locus").to_numpy()
    is_lost = ((fate == 2) & lost[cell_b]) | ((fate == 3) & lost[cell_a])
    # a private variant rests on the sample that lacks it, any other fate on both
    counted = np.where(fate == 2, known[cell_b], np.where(fate == 3, known[cell_a], known[cell_a] & known[cell_b]))

    def words(code: NDArray[Any], kind: pl.Enum) -> pl.Series:
        return pl.Series(kind.categories, dtype=kind).gather(code.astype(np.int64))

    frame = pl.DataFrame(
        {
            "pair": pair,
            "cell_a": cell_a,
            "cell_b": cell_b,
            "state": words(fate, STATE_TYPE),
            "raw_state": words(raw_fate, STATE_TYPE),
            "plain_state": words(plain, STATE_TYPE),
            "is_lost": is_lost,
            "basis": words(counted, BASIS_TYPE),
            "blood": cells["blood"].gather(cell_a),
        }
    )
    return _with_related(cells, frame).select(list(schema))


def _with_related(cells: pl.DataFrame, variants: pl.DataFrame) -> pl.DataFrame:
    """Add the id of another allele at the same position that the pair's other sample has called."""
    sites = with_parts(cells.select("site", "variant_id", "patient_id").unique("site"))
    crowded = sites.drop_nulls("pos").filter(pl.len().over("patient_id", "chrom", "pos") > 1)
    if crowded.is_empty():
        return variants.with_columns(related_variant_id=pl.lit(None, dtype=pl.String))
    looked = cells.select("site", "called").with_row_index("cell").with_columns(pl.col("cell").cast(pl.Int64))
    looked = looked.join(crowded.select("site", "variant_id", "chrom", "pos"), on="site", how="inner")
    rows = (
        variants.select("pair", "cell_a", "cell_b")
        .with_row_index("row")
        .join(looked.rename({"cell": "cell_a", "called": "in_a"}).drop("site"), on="cell_a", how="inner")
        .join(looked.select(cell_b="cell", in_b="called"), on="cell_b", how="inner")
    )
    two = rows.join(rows, on=["pair", "chrom", "pos"], suffix="_2").filter(
        (pl.col("variant_id") != pl.col("variant_id_2"))
        & ((pl.col("in_a") & pl.col("in_b_2")) | (pl.col("in_b") & pl.col("in_a_2")))
    )
    related = two.group_by("row").agg(pl.col("variant_id_2").min().alias("related_variant_id"))
    joined = variants.with_row_index("row").join(related, on="row", how="left", maintain_order="left")
    return joined.drop("row")


def pair_counts(pairs: PairTable, state: str = "state") -> pl.DataFrame:
    """Return per pair n_shared, n_private_a, n_private_b, n_not_assessable, n_lost and n_assumed.

    With ``state="state"`` a variant gone with its locus is counted in n_lost and not among the private ones;
    clonal haematopoiesis is left out. n_assumed are private variants whose absence was not counted in reads.
    """
    column = pl.col(state)
    lost = pl.col("is_lost") if state == "state" else pl.lit(False)
    is_private = column.is_in(["private_a", "private_b"])
    counts = (
        pairs.variants.filter(pl.col("blood").is_null() | pl.lit(state != "state"))
        .group_by("pair")
        .agg(
            n_shared=(column == "shared").sum().cast(pl.Int64),
            n_private_a=((column == "private_a") & ~lost).sum().cast(pl.Int64),
            n_private_b=((column == "private_b") & ~lost).sum().cast(pl.Int64),
            n_not_assessable=(column == "not_assessable").sum().cast(pl.Int64),
            n_lost=lost.sum().cast(pl.Int64),
            n_assumed=(is_private & ~lost & (pl.col("basis") == "assumed")).sum().cast(pl.Int64),
        )
    )
    names = ("n_shared", "n_private_a", "n_private_b", "n_not_assessable", "n_lost", "n_assumed")
    return pairs.pairs.join(counts, on="pair", how="left", maintain_order="left").with_columns(
        pl.col(*names).fill_null(0)
    )


def variant_rows(presence: PresenceTable, pairs: PairTable) -> pl.DataFrame:
    """Return the variants of every pair with ids, counts and annotation (the rows of concordance/variants)."""
    cells, found = presence.cells, pairs.variants
    named = pairs.pairs.select("pair", "patient_id", "comparison", "sample_a", "sample_b", "is_main")
    frame = found.join(named, on="pair", how="left", maintain_order="left")
    a, b = found["cell_a"].to_numpy(), found["cell_b"].to_numpy()
    columns = {
        "variant_id": cells["variant_id"].gather(a),
        "gene": cells["gene"].gather(a),
        "consequence": cells["consequence"].gather(a),
        "hgvs_p": cells["hgvs_p"].gather(a),
        "reason_a": cells["reason"].gather(a),
        "reason_b": cells["reason"].gather(b),
        "alt_a": cells["alt_count"].gather(a),
        "depth_a": cells["depth"].gather(a),
        "alt_b": cells["alt_count"].gather(b),
        "depth_b": cells["depth"].gather(b),
    }
    return frame.with_columns(**columns)
