"""Read counts and clusters as long frames, and back: what every tool's table is turned into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.errors import InputError

if TYPE_CHECKING:
    from oncourse.evolution.clustering.types import Counts


COUNTS_SCHEMA: dict[str, Any] = {
    "variant_id": pl.String,
    "sample_id": pl.String,
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "major_cn": pl.Float64,
    "minor_cn": pl.Float64,
    "normal_cn": pl.Float64,
    "purity": pl.Float64,
}
CLUSTERS_SCHEMA: dict[str, Any] = {
    "variant_id": pl.String,
    "sample_id": pl.String,
    "cluster_id": pl.String,
    "ccf": pl.Float64,
    "ccf_sd": pl.Float64,
    "p_cluster": pl.Float64,
}


def table_of(path: Path, needed: Sequence[str]) -> pl.DataFrame:
    """Return a tab-separated file as text columns; InputError names the columns that are missing."""
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, null_values=["", "NA", "nan", "NaN"])
    except (pl.exceptions.NoDataError, pl.exceptions.ComputeError) as error:
        what = "the file is empty." if isinstance(error, pl.exceptions.NoDataError) else "is no table."
        raise InputError(f"{path.name}: {what}") from None
    missing = [column for column in needed if column not in frame.columns]
    if missing:
        raise InputError(
            f"{path.name}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing; it has "
            f"{', '.join(frame.columns)}."
        )
    for column in _NUMBERS & set(frame.columns):
        check_numbers(path, column, frame[column], first_row=2)
    return frame


#: Columns of the tools' tables that hold one number.
_NUMBERS = {
    "ref_counts",
    "alt_counts",
    "major_cn",
    "minor_cn",
    "normal_cn",
    "tumour_content",
    "cellular_prevalence",
    "cellular_prevalence_std",
    "cluster_assignment_prob",
    "REF_COUNT",
    "VAR_COUNT",
    "DEPTH",
    "COPY_NUMBER_A",
    "COPY_NUMBER_B",
    "ACF",
    "CCF_PHYLO",
}


def check_numbers(path: Path, column: str, cells: pl.Series, first_row: int | None = None) -> None:
    """InputError with the row (where each row has one) and the text of the first cell that is no number of a count."""
    wrong = cells.is_not_null() & ~(cells.cast(pl.Float64, strict=False).abs() < 1e15).fill_null(False)
    if wrong.any():
        text = str(cells.filter(wrong)[0])[:40]
        row = "" if first_row is None else f", row {first_row + int(wrong.arg_max() or 0)}"
        cure = "Correct it, or leave the cell empty."
        raise InputError(f"{path.name}.{column}{row}: '{text}' is no number of this column. {cure}")


def read_text_columns(path: Path) -> pl.DataFrame:
    """Return a tab-separated file as text columns; InputError where it is empty or no table."""
    return table_of(path, ())


def whole(column: str) -> pl.Expr:
    """A count that may be written as 12.0."""
    return pl.col(column).cast(pl.Float64).round().cast(pl.Int64)


def counts_rows(frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Return the counts frame; columns that are not given are null, the minor allele is the one of fewer copies."""
    pair = [columns.get(name, pl.lit(None)).cast(pl.Float64) for name in ("major_cn", "minor_cn")]
    both = pl.all_horizontal(c.is_not_null() for c in pair)
    for name, pick in (("major_cn", pl.max_horizontal(pair)), ("minor_cn", pl.min_horizontal(pair))):
        own = columns.get(name, pl.lit(None)).cast(pl.Float64)
        columns[name] = pl.when(both).then(pick).otherwise(own)
    given = [columns.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in COUNTS_SCHEMA.items()]
    return frame.select(given).sort("variant_id", "sample_id")


def counts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with the columns of `COUNTS_SCHEMA` in their types, sorted."""
    return counts_rows(
        frame,
        **{name: pl.col(name).round() if name in ("alt_count", "depth") else pl.col(name) for name in COUNTS_SCHEMA},
    )


def counts_from_frame(frame: pl.DataFrame, error_rate: float = 1e-3) -> tuple[Counts, list[str], list[str]]:
    """Return (counts, variant_ids, sample_ids) for `oncourse.evolution.clustering.cluster.cluster_patient`.

    Variants and samples are sorted by name. A site without a row is not looked at (depth 0); null copy number is one
    of each allele, null purity 1.
    """
    import numpy as np

    from oncourse.evolution.clustering.types import Counts

    if frame.select(pl.struct("variant_id", "sample_id").is_duplicated().any()).item():
        raise InputError("a variant is counted twice in one sample.")
    variants, samples = (frame[c].unique().sort().to_list() for c in ("variant_id", "sample_id"))
    row = frame["variant_id"].replace_strict({v: i for i, v in enumerate(variants)}, return_dtype=pl.Int64).to_numpy()
    column = frame["sample_id"].replace_strict({s: i for i, s in enumerate(samples)}, return_dtype=pl.Int64).to_numpy()

    def wide(name: str, missing: float, dtype: Any = float) -> Any:
        table = np.full((len(variants), len(samples)), missing, dtype)
        table[row, column] = frame[name].fill_null(missing).to_numpy()
        return table

    purity = wide("purity", 1.0)
    if len(frame):
        # a site without a row has the purity of its sample
        of_sample = dict(frame.group_by("sample_id").agg(pl.col("purity").median().fill_null(1.0)).iter_rows())
        absent = np.ones(purity.shape, bool)
        absent[row, column] = False
        purity = np.where(absent, np.array([of_sample[s] for s in samples])[None, :], purity)
    counts = Counts(
        wide("alt_count", 0, np.int64),
        wide("depth", 0, np.int64),
        purity,
        wide("major_cn", 1.0),
        wide("minor_cn", 1.0),
        wide("normal_cn", 2.0),
        np.full(len(samples), error_rate),
    )
    return counts, variants, samples


def counts_to_frame(counts: Counts, variant_ids: Sequence[str], sample_ids: Sequence[str]) -> pl.DataFrame:
    """Return the counts frame of one patient; sites that were not looked at have no row."""
    import numpy as np

    n, s = counts.n_variant, counts.n_sample
    frame = pl.DataFrame(
        {
            "variant_id": np.repeat(np.array(variant_ids, object), s).tolist(),
            "sample_id": list(sample_ids) * n,
            "alt_count": counts.alt_count.ravel(),
            "depth": counts.depth.ravel(),
            "major_cn": counts.major_cn.ravel(),
            "minor_cn": counts.minor_cn.ravel(),
            "normal_cn": counts.normal_cn.ravel(),
            "purity": counts.purity.ravel(),
        },
        schema=COUNTS_SCHEMA,
    )
    return frame.filter(pl.col("depth") > 0)
