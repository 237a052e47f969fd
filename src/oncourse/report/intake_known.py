"""What is known after reading, table by table: how many are dead, which drugs and changes, so that a wrong coding or a lost
sheet is seen at a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.study.schema import Column
from oncourse.study.tables import TABLES

KNOWN_TABLE = OutputTable(
    "intake/known",
    "what is known, table by table; a count that you know otherwise is a column read wrongly",
    (
        Column("table", pl.String, "table"),
        Column("n_rows", pl.Int64, "rows"),
        Column("n_patients", pl.Int64, "patients with a row; null where rows are of no patient"),
        Column("says", pl.String, "what the rows say, the most frequent first"),
    ),
)
#: So many values of a column are named.
_NAMED = 8


def known(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return `KNOWN_TABLE` of a study's tables; empty ones are left out, but for patients, samples and calls."""
    samples = tables.get("samples", pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String}))
    owners = samples.select("sample_id", "patient_id")
    rows = []
    for name in (n for n in TABLES if n in tables):
        frame = tables[name]
        if name in _SILENT or (frame.is_empty() and name not in ("patients", "samples", "calls")):
            continue
        of_people = frame if "patient_id" in frame.columns else None
        if of_people is None and "sample_id" in frame.columns:
            of_people = frame.select("sample_id").unique().join(owners, on="sample_id", how="left")
        n = None if of_people is None else of_people["patient_id"].drop_nulls().n_unique()
        says = _SAYS[name](frame, tables) if name in _SAYS and frame.height else ""
        rows.append((name, frame.height, n, says))
    return pl.DataFrame(rows, schema={c.name: c.dtype for c in KNOWN_TABLE.columns}, orient="row")


#: Tables of single places or readings, which say nothing by their counts.
_SILENT = ("variants", "target_regions", "error_rates", "partial_dates", "coverage", "segments")


def _counted(values: pl.Series) -> str:
    """Return how often each value is there: ``3 male, 2 female``; the most frequent first, then by name."""
    told = values.drop_nulls().cast(pl.String).alias("v").to_frame().group_by("v").len()
    told = told.sort("len", "v", descending=[True, False])
    shown = [f"{n:,} {value}" for value, n in told.head(_NAMED).iter_rows()]
    return ", ".join([*shown, *([f"{told.height - _NAMED:,} more"] if told.height > _NAMED else [])])


def _column(name: str) -> Callable[[pl.DataFrame, Mapping[str, pl.DataFrame]], str]:
    return lambda frame, _: _counted(frame[name]) if name in frame.columns else ""


def _patients(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    parts = [_counted(frame["sex"]) if "sex" in frame.columns else ""]
    age = frame["age_years"].drop_nulls() if "age_years" in frame.columns else pl.Series([], dtype=pl.Float64)
    if len(age):
        parts.append(f"{age.to_numpy().min():g} to {age.to_numpy().max():g} years")
    return "; ".join(filter(None, parts))


def _follow_up(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    words = {True: "dead", False: "alive", None: "not known whether dead"}
    parts = (
        [_counted(pl.Series([words[v] for v in frame["is_dead"]], dtype=pl.String))]
        if "is_dead" in frame.columns
        else []
    )
    last = frame["last_contact_day"].drop_nulls()
    if len(last):
        parts.append(f"seen last on days {last.to_numpy().min()} to {last.to_numpy().max()}")
    return "; ".join(parts)


def _markers(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    return _counted(frame.select(pl.concat_str(["marker", "value"], separator=" ", ignore_nulls=True))["marker"])


def _calls(frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> str:
    called = frame.filter(pl.col("is_called").fill_null(False)) if "is_called" in frame.columns else frame
    variants = tables.get("variants", pl.DataFrame())
    if not {"variant_id", "gene"} <= set(variants.columns):
        return ""
    change = "hgvs_p" if "hgvs_p" in variants.columns else "gene"
    named = variants.select("variant_id", pl.concat_str("gene", change, separator=" ", ignore_nulls=True).alias("v"))
    counts = called.group_by("variant_id").len().join(named, on="variant_id").drop_nulls("v")
    top = counts.group_by("v").agg(pl.col("len").sum()).sort("len", "v", descending=[True, False])
    return ", ".join(f"{n:,} {v}" for v, n in top.head(_NAMED).iter_rows())


def _fusions(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    pair = pl.concat_str("gene_5p", "gene_3p", separator="::", ignore_nulls=True)
    within = pl.col("gene_5p") == pl.col("gene_3p")  # no fusion: a change within the gene
    said = pl.when(within).then(pl.col("gene_5p") + " within the gene").otherwise(pair)
    return _counted(frame.select(said.alias("v"))["v"])


def _copies(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    words = {2.0: "amplified", -2.0: "deleted"}
    odd = frame.filter(pl.col("call").is_in(list(words)))
    return _counted(
        pl.Series([f"{gene} {words[call]}" for gene, call in odd.select("gene", "call").iter_rows()], dtype=pl.String)
    )


def _endpoints(frame: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> str:
    told = frame.group_by("endpoint").agg(pl.len(), pl.col("is_event").sum().alias("n")).sort("endpoint")
    return ", ".join(f"{e}: {n:,} events of {total:,}" for e, total, n in told.iter_rows())


_SAYS: dict[str, Callable[[pl.DataFrame, Mapping[str, pl.DataFrame]], str]] = {
    "patients": _patients,
    "follow_up": _follow_up,
    "published_endpoints": _endpoints,
    "lesions": _column("role"),
    "samples": _column("material"),
    "assays": lambda frame, _: ", ".join(frame["assay_id"].drop_nulls().head(_NAMED)),
    "calls": _calls,
    "fusions": _fusions,
    "gene_copy_number": _copies,
    "markers": _markers,
    "procedures": _column("kind"),
    "treatments": _column("drugs"),
    "labs": _column("analyte"),
    "assessments": _column("overall"),
    "adverse_events": _column("term"),
}
