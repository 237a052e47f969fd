"""Gene frequencies of two cohorts: difference with its interval, adjusted for burden, paired, and whether they are
alike."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from oncourse.derive.genes.gene_groups import MAX_GROUPS
from oncourse.derive.genes.gene_status import GeneStatus
from oncourse.derive.genes.kinds_alike import alike, counting, in_words, shares_by_group
from oncourse.stats.agreement import mcnemar_exact
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.stats.proportions import cochran_mantel_haenszel, fisher_exact, mantel_haenszel_difference, newcombe
from oncourse.study.frames import with_optional

SCHEMA = {
    "gene": pl.String,
    "cohort_a": pl.String,
    "cohort_b": pl.String,
    "method": pl.String,
    "counted": pl.String,
    "n_altered_a": pl.Int64,
    "n_profiled_a": pl.Int64,
    "n_altered_b": pl.Int64,
    "n_profiled_b": pl.Int64,
    "difference": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "adjusted_difference": pl.Float64,
    "adjusted_difference_low": pl.Float64,
    "adjusted_difference_high": pl.Float64,
    "adjusted_odds_ratio": pl.Float64,
    "adjusted_low": pl.Float64,
    "adjusted_high": pl.Float64,
    "adjusted_p": pl.Float64,
    "verdict": pl.String,
}
#: Patients with samples in both groups from which the paired test is made; strata of burden.
MIN_PAIRS, STRATA = 6, 3
#: Patients a group must have to be compared.
MIN_GROUP = 5
UNPAIRED, PAIRED = "patients of one group each", "patients with samples in both"


def against_reference(
    genes: pl.DataFrame, reference: pl.DataFrame, names: tuple[str, str], counted: str
) -> pl.DataFrame:
    """Return gene, cohort_a, cohort_b, method, counted and the four counts of two tables of gene, n_altered,
    n_profiled."""
    both = genes.select("gene", "n_altered", "n_profiled").join(
        reference.select("gene", "n_altered", "n_profiled"), on="gene", how="inner", suffix="_b"
    )
    both = both.filter((pl.col("n_profiled") > 0) & (pl.col("n_profiled_b") > 0))
    return both.select(
        "gene",
        cohort_a=pl.lit(names[0]),
        cohort_b=pl.lit(names[1]),
        method=pl.lit("unadjusted counts"),
        counted=pl.lit(counted),
        n_altered_a="n_altered",
        n_profiled_a="n_profiled",
        n_altered_b="n_altered_b",
        n_profiled_b="n_profiled_b",
    )


def judged(counts: pl.DataFrame, margin: float) -> pl.DataFrame:
    """Add difference (Newcombe), Fisher's p, q over the table and the verdict; adjusted columns stay as they are, or
    null.

    verdict: differs (q below 0.05); alike (the 90 % interval of the difference lies within the margin: two one-sided
    tests at 5 %); else not decided.
    """
    a, n_a, b, n_b = (counts[c].to_numpy() for c in ("n_altered_a", "n_profiled_a", "n_altered_b", "n_profiled_b"))
    wide, narrow = newcombe(a, n_a, b, n_b), newcombe(a, n_a, b, n_b, 0.90)
    own = fisher_exact(a, n_a - a, b, n_b - b).p_value
    p = own
    if "paired_p" in counts.columns:
        p = np.where(counts["paired_p"].is_null(), own, counts["paired_p"].fill_null(1.0))
    inside = (narrow.ci_low > -margin) & (narrow.ci_high < margin)
    table = counts.with_columns(
        difference=pl.Series(wide.difference),
        ci_low=pl.Series(wide.ci_low),
        ci_high=pl.Series(wide.ci_high),
        p_value=pl.Series(p),
        q_value=pl.Series(benjamini_hochberg(p)),
        alike=pl.Series(inside),
    )
    word = (
        pl.when(pl.col("q_value") < 0.05)
        .then(pl.lit("differs"))
        .when(pl.col("alike"))
        .then(pl.lit(f"alike within {100 * margin:g} points"))
        .otherwise(pl.lit("not decided"))
    )
    table = with_optional(table.with_columns(verdict=word), SCHEMA).select(list(SCHEMA)).fill_nan(None)
    return table.sort("p_value", "cohort_a", "cohort_b", "gene")


def between_groups(
    status: GeneStatus,
    groups: pl.DataFrame,
    burden: pl.DataFrame,
    genes: list[str],
    margin: float,
    strata: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compare these genes between every pair of the largest groups of samples (of `MIN_GROUP` patients): `SCHEMA`.

    A patient with samples in both groups is in the paired rows alone (McNemar's exact test, from `MIN_PAIRS` such
    patients), every other one in the unpaired rows, with all its samples of the group together. The difference and the
    odds ratio of these are adjusted for thirds of burden, and for `strata`, together (Mantel-Haenszel).

    Parameters
    ----------
    groups : sample_id, patient_id, group; burden : sample_id, n_nonsynonymous, callable_mb
    strata : sample_id, by (null: not known; such patients take no part in what is adjusted): state, panel ...
    """
    shares = shares_by_group(status, groups)
    cells_of_kinds: dict[tuple[str, ...], pl.DataFrame] = {}
    whole = _cells(status, groups, burden, genes, strata)
    sizes = (
        whole.group_by("group").agg(n=pl.col("patient_id").n_unique()).sort(["n", "group"], descending=[True, False])
    )
    large = sizes.filter(pl.col("n") >= MIN_GROUP)["group"].head(MAX_GROUPS)
    rows: list[dict[str, object]] = []
    for a, b in combinations(sorted(large), 2):
        kinds = alike(shares.filter(pl.col("group").is_in([a, b])))
        if kinds not in cells_of_kinds:
            cells_of_kinds[kinds] = _cells(counting(status, kinds), groups, burden, genes, strata)
        pair = cells_of_kinds[kinds].filter(pl.col("group").is_in([a, b]))
        before = len(rows)
        in_both = pair.group_by("patient_id").agg(n=pl.col("group").n_unique()).filter(pl.col("n") == 2)
        both = pair.join(in_both.select("patient_id"), on="patient_id", how="semi")
        apart = pair.join(in_both.select("patient_id"), on="patient_id", how="anti")
        for (gene,), cells_of in both.group_by(["gene"], maintain_order=True):
            rows += _paired(cells_of, str(gene), a, b)
        for (gene,), cells_of in apart.group_by(["gene"], maintain_order=True):
            rows += _unpaired(cells_of, str(gene), a, b)
        for row in rows[before:]:
            row["counted"] = in_words(kinds)
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    return judged(pl.DataFrame(rows, infer_schema_length=None), margin)


def _cells(
    status: GeneStatus, groups: pl.DataFrame, burden: pl.DataFrame, genes: list[str], strata: pl.DataFrame | None
) -> pl.DataFrame:
    """patient_id, group, gene, altered, stratum (third of the burden without the gene's own mutation, and `strata`;
    null: not known)."""
    placed = groups.drop_nulls("group").select("sample_id", "group")
    looked = status.panels.profiled(genes).join(placed, on="sample_id", how="inner")
    found = status.altered.filter("is_altered").select("sample_id", "gene", "is_mutated", altered=pl.lit(True))
    sizes = burden.select("sample_id", "n_nonsynonymous", "callable_mb")
    cells = looked.join(found, on=["sample_id", "gene"], how="left").join(sizes, on="sample_id", how="left")
    others = pl.col("n_nonsynonymous") - pl.col("is_mutated").fill_null(False).cast(pl.Int64)
    cells = cells.with_columns(others=others / pl.col("callable_mb"))
    keys = ["patient_id", "group", "gene"]
    by = pl.DataFrame(schema={"sample_id": pl.String, "by": pl.String}) if strata is None else strata
    cells = cells.join(by.select("sample_id", "by"), on="sample_id", how="left")
    kinds = pl.col("by").drop_nulls().unique().sort()
    cells = cells.group_by(keys).agg(
        altered=pl.col("altered").fill_null(False).any(),
        load=pl.col("others").mean(),
        by=pl.when(pl.col("by").is_not_null().any()).then(kinds.str.join("+")).first(),
    )
    third = (pl.col("load").rank("average") / pl.col("load").count() * STRATA).ceil().clip(1, STRATA).over("gene")
    named = third.cast(pl.Int64).cast(pl.String)
    return cells.with_columns(stratum=named if strata is None else named + pl.lit(" ") + pl.col("by")).sort(keys)


def _unpaired(cells: pl.DataFrame, gene: str, a: str, b: str) -> list[dict[str, object]]:
    counts = cells.group_by("group").agg(k=pl.col("altered").sum(), n=pl.len())
    by = {g: (int(k), int(n)) for g, k, n in counts.iter_rows()}
    if a not in by or b not in by:
        return []
    row = _row(gene, a, b, UNPAIRED, *by[a], *by[b])
    known = cells.drop_nulls("stratum")
    if known["group"].n_unique() == 2 and known["altered"].any() and _is_whole(known, cells):
        tables = (
            known.group_by("stratum")
            .agg(
                a=(pl.col("altered") & (pl.col("group") == a)).sum(),
                b=(~pl.col("altered") & (pl.col("group") == a)).sum(),
                c=(pl.col("altered") & (pl.col("group") == b)).sum(),
                d=(~pl.col("altered") & (pl.col("group") == b)).sum(),
            )
            .sort("stratum")
        )
        cells_of = [tables[x].cast(pl.Float64).to_numpy() for x in "abcd"]
        found, (gap, low, high) = cochran_mantel_haenszel(*cells_of), mantel_haenszel_difference(*cells_of)
        row |= {
            "adjusted_difference": gap,
            "adjusted_difference_low": low,
            "adjusted_difference_high": high,
            "adjusted_odds_ratio": found.odds_ratio,
            "adjusted_low": found.ci_low,
            "adjusted_high": found.ci_high,
            "adjusted_p": found.p_value,
        }
    return [row]


def _is_whole(known: pl.DataFrame, cells: pl.DataFrame) -> bool:
    """Whether the burden of all is known, and the strata of nine tenths."""
    return cells["load"].null_count() == 0 and known.height >= 0.9 * cells.height


def _paired(cells: pl.DataFrame, gene: str, a: str, b: str) -> list[dict[str, object]]:
    one, two = (cells.filter(pl.col("group") == g).select("patient_id", "altered") for g in (a, b))
    both = one.join(two, on="patient_id", how="inner", suffix="_b")
    if both.height < MIN_PAIRS:
        return []
    x, y = both["altered"].to_numpy(), both["altered_b"].to_numpy()
    row = _row(gene, a, b, PAIRED, int(x.sum()), len(x), int(y.sum()), len(y))
    return [row | {"paired_p": float(mcnemar_exact(int((x & ~y).sum()), int((~x & y).sum())))}]


def _row(gene: str, a: str, b: str, method: str, k_a: int, n_a: int, k_b: int, n_b: int) -> dict[str, object]:
    return {
        "gene": gene,
        "cohort_a": a,
        "cohort_b": b,
        "method": method,
        "n_altered_a": k_a,
        "n_profiled_a": n_a,
        "n_altered_b": k_b,
        "n_profiled_b": n_b,
        "adjusted_difference": None,
        "adjusted_difference_low": None,
        "adjusted_difference_high": None,
        "adjusted_odds_ratio": None,
        "adjusted_low": None,
        "adjusted_high": None,
        "adjusted_p": None,
        "paired_p": None,
    }
