"""A change named by its gene and protein alone that another sample of the patient holds with its place: one change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from oncourse.genome.gene_names import gene_names
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

_PLACED = r"^[^:]+:\d+:[^:]*:[^:]*$"
_NEEDED = {"calls": {"sample_id", "variant_id"}, "samples": {"sample_id", "patient_id"}, "variants": {"variant_id"}}
_SHOWN = 5


def with_placed_changes(tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables with the calls of changes without a place under the id of the placed one, and a warning.

    Within a patient, of the one placed variant of that gene and protein change, unless coding changes differ; a sample that
    has both keeps the placed row. Two placed variants of one protein change are two: nothing is joined.
    """
    if any(t not in tables or not needed <= set(tables[t].columns) for t, needed in _NEEDED.items()):
        return dict(tables), []
    calls, variants = tables["calls"], tables["variants"]
    is_placed = pl.col("variant_id").str.contains(_PLACED)
    if not {"gene", "hgvs_p"} <= set(variants.columns) or calls.select(is_placed.all()).item():
        return dict(tables), []
    named = variants.select("variant_id", "gene", "hgvs_p", optional(variants, "hgvs_c")).drop_nulls(["gene", "hgvs_p"])
    named = named.with_columns(gene_names(named["gene"])["gene"].alias("gene"))
    owned = calls.select("sample_id", "variant_id").join(
        tables["samples"].select("sample_id", "patient_id"), on="sample_id", how="inner"
    )
    of_patient = owned.select("patient_id", "variant_id").unique().join(named, on="variant_id", how="inner")
    placed = of_patient.filter(is_placed).with_columns(
        n=pl.col("variant_id").n_unique().over("patient_id", "gene", "hgvs_p")
    )
    pairs = of_patient.filter(~is_placed).join(
        placed.filter(pl.col("n") == 1), on=["patient_id", "gene", "hgvs_p"], how="inner", suffix="_placed"
    )
    pairs = pairs.filter((pl.col("hgvs_c") == pl.col("hgvs_c_placed")).fill_null(True))
    if pairs.is_empty():
        return dict(tables), []
    new = pairs.select("patient_id", "variant_id", _new="variant_id_placed")
    rows = calls.join(
        tables["samples"].select("sample_id", "patient_id"), on="sample_id", how="left", maintain_order="left"
    )
    rows = rows.join(new, on=["patient_id", "variant_id"], how="left", maintain_order="left")
    rows = rows.with_columns(pl.coalesce("_new", "variant_id").alias("variant_id"))
    own = ~pl.col("_new").is_null() & (pl.col("_new").is_null().any().over("sample_id", "variant_id"))
    kept = rows.filter(~own).select(calls.columns)
    return {**tables, "calls": kept}, list(_told(new))


def _told(pairs: pl.DataFrame) -> Iterator[Problem]:
    shown = sorted({f"{old} = {new}" for old, new in pairs.select("variant_id", "_new").iter_rows()})
    more = f", and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    message = (
        f"{pairs.height:,} changes without a place are those that another sample of the patient has with one: "
        f"{'; '.join(shown[:_SHOWN])}{more}."
    )
    cure = "Nothing is to be done, if that is right; else give each its place."
    yield Problem("calls", None, "variant_id", shown[0].partition(" = ")[0], message, cure, "warning")
