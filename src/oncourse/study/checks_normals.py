"""A normal that has the tumour's variants beside a tumour that has none of them: the two are exchanged."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.study.schema import Problem
from oncourse.study.tables import NORMALS

#: A site counts from so many reads of the tumour, a variant of the normal from so many and such a share (own choice).
_DEPTH, _READS, _SHARE = 10, 3, 0.05
#: So many variants are an error; one is a warning.
_ERROR = 2
_NEEDED = {
    "calls": {"sample_id", "variant_id", "alt_count", "depth", "is_called"},
    "samples": {"sample_id", "patient_id", "material"},
}


def normal_checks(tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    """Return a problem for each patient whose normal has called variants of which his tumours show no read, and whose
    tumours have no called variant at all: with the names as they stand the tumour's mutations would be germline."""
    if any(t not in tables or not needed <= set(tables[t].columns) for t, needed in _NEEDED.items()):
        return []
    samples = tables["samples"].select("sample_id", "patient_id", "material").drop_nulls()
    normals = samples.filter(pl.col("material").is_in(NORMALS))
    if normals.is_empty() or tables["calls"].is_empty():
        return []
    rows = tables["calls"].join(samples, on="sample_id", how="inner")
    rows = rows.filter(pl.col("patient_id").is_in(normals["patient_id"].unique().implode()))
    called = pl.col("is_called").fill_null(True)
    is_normal = pl.col("material").is_in(NORMALS)
    read = (pl.col("alt_count") >= _READS) & (pl.col("alt_count") >= _SHARE * pl.col("depth"))
    own = rows.filter(is_normal & called & read).select("patient_id", "variant_id").unique()
    of_tumour = rows.filter(~is_normal)
    with_calls = of_tumour.filter(called & (pl.col("alt_count").fill_null(1) > 0))["patient_id"].unique()
    none = (of_tumour["alt_count"] == 0) & (of_tumour["depth"] >= _DEPTH)
    looked = of_tumour.filter(none.fill_null(False)).select("patient_id", "variant_id", tumour="sample_id")
    both = own.join(looked, on=["patient_id", "variant_id"], how="inner")
    both = both.filter(~pl.col("patient_id").is_in(with_calls.implode()))
    found = both.group_by("patient_id").agg(pl.col("variant_id").n_unique().alias("n"), pl.col("tumour").min())
    return [_problem(p, n, t, normals) for p, n, t in found.sort("patient_id").iter_rows()]


def _problem(patient: str, n: int, tumour: str, normals: pl.DataFrame) -> Problem:
    normal = normals.filter(patient_id=patient)["sample_id"].sort()[0]
    message = (
        f"{n:,} variants of patient {patient} are called in the normal {normal} and have no read in the tumour {tumour}, "
        "which has none of its own: are the two exchanged?"
    )
    cure = (
        "Correct samples.material, or the types in the clinical table; if they are right, leave out the normal's calls."
    )
    return Problem("samples", None, "material", normal, message, cure, "error" if n >= _ERROR else "warning")
