"""What was understood of the source -> intake.html, read before anything is analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.facts.called import is_called_expr
from oncourse.report.intake_known import KNOWN_TABLE
from oncourse.report.packed import table_view
from oncourse.report.page import environment
from oncourse.study.frames import optional, with_optional
from oncourse.study.schema import Column, Problem
from oncourse.words.phrases import page_in

_FILE = Column("file", pl.String, "file of the source")
_STATE = Column(
    "state", pl.String, "used, kept under its own name, not understood, not read, empty; of rows: taken or left out"
)
_WHY = Column("why", pl.String, "why it is so")
_BECAME = Column("became", pl.String, "table and column it is in")

#: What became of the source, sample by sample: the first thing to compare with what one knows.
SAMPLES_TABLE = OutputTable(
    "intake/samples",
    "whose each sample is, and what was read of it; a count that is wrong here is wrong everywhere",
    (
        Column("patient_id", pl.String, "patient"),
        Column("sample_id", pl.String, "sample"),
        Column("material", pl.String, "tissue, plasma, normal or white_cells"),
        Column("role", pl.String, "role of its lesion; empty = not said"),
        Column("assay_id", pl.String, "assay; empty = not said: every gene is taken as looked at"),
        Column("purity", pl.Float64, "tumour cell fraction"),
        Column("ploidy", pl.Float64, "copies per tumour cell"),
        Column("n_calls", pl.Int64, "calls (germline ones too)"),
        Column(
            "n_looked_at",
            pl.Int64,
            "variants looked at and not called; where the file does not say, by the assay's least reads and VAF",
        ),
        Column("n_without_effect", pl.Int64, "calls of which neither the file nor the place says an effect"),
        Column("n_without_reads", pl.Int64, "calls without read counts"),
        Column("n_fusions", pl.Int64, "fusions and changes within a gene"),
        Column("n_segments", pl.Int64, "copy-number segments"),
    ),
)
INTAKE_TABLES = (
    SAMPLES_TABLE,
    KNOWN_TABLE,
    OutputTable(
        "intake/files",
        "every file and what it was taken for",
        (
            _FILE,
            Column("kind", pl.String, "what it was taken for"),
            _STATE,
            Column("n_rows", pl.Int64, "rows or records"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/columns",
        "every column, sample column, INFO and FORMAT key, and what it became",
        (
            _FILE,
            Column("column", pl.String, "column, or INFO/KEY, FORMAT/KEY"),
            _STATE,
            _BECAME,
            Column("n_values", pl.Int64, "values in it; null = not counted"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/rows",
        "how many rows are in which table, and which are in none",
        (
            _FILE,
            _BECAME,
            _STATE,
            Column("n", pl.Int64, "rows or records"),
            Column("first_line", pl.Int64, "line of the first"),
            Column("first", pl.String, "what the first is"),
            _WHY,
        ),
    ),
    OutputTable(
        "intake/times",
        "every column of days: where the source counts from, in which unit, and how exact",
        (
            Column("table", pl.String, "table"),
            Column("column", pl.String, "day column, or published end point"),
            Column("anchor", pl.String, "day the source counts from; null = not said"),
            Column("unit", pl.String, "unit the source counts in"),
            Column("resolution", pl.String, "day; month or year where every value is a whole number of these"),
            Column("n", pl.Int64, "values"),
            Column("n_month", pl.Int64, "dates of which only the month is known"),
            Column("n_year", pl.Int64, "dates of which only the year is known"),
        ),
    ),
)
#: States that a reader must see before anything else.
OPEN = ("not understood", "not read", "left out")


def samples_read(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return `SAMPLES_TABLE` of a study's tables: one row per sample, ordered by patient."""
    samples = tables["samples"]
    if not samples.height:
        return pl.DataFrame(schema={c.name: c.dtype for c in SAMPLES_TABLE.columns})
    calls = tables.get("calls", pl.DataFrame())
    out = samples
    if calls.height:
        calls = with_optional(calls, {"is_called": pl.Boolean, **dict.fromkeys(_READS, pl.Float64)})
        calls = calls.with_columns(pl.col(_READS).cast(pl.Float64, strict=False)).join(
            _thresholds(samples, tables), on="sample_id", how="left", maintain_order="left"
        )
        variants = tables.get("variants", pl.DataFrame(schema={"variant_id": pl.String, "consequence": pl.String}))
        told = variants.filter(pl.col("consequence").fill_null("unknown") != "unknown")["variant_id"]
        called = is_called_expr()
        bare = pl.col("alt_count").is_null() & pl.col("vaf").is_null()
        calls = calls.with_columns(_told=calls["variant_id"].is_in(told.implode()))  # once, not in every group
        counts = calls.group_by("sample_id").agg(
            n_calls=called.sum().cast(pl.Int64),
            n_looked_at=(~called).sum().cast(pl.Int64),
            n_without_effect=(called & ~pl.col("_told")).sum().cast(pl.Int64),
            n_without_reads=(called & bare).sum().cast(pl.Int64),
        )
        out = out.join(counts, on="sample_id", how="left", maintain_order="left")
    for name in ("fusions", "segments"):
        if (frame := tables.get(name)) is not None and frame.height:
            n = frame.group_by("sample_id").agg(pl.len().cast(pl.Int64).alias(f"n_{name}"))
            out = out.join(n, on="sample_id", how="left", maintain_order="left")
    lesions = tables.get("lesions", pl.DataFrame())
    if lesions.height and "lesion_id" in out.columns:
        roles = lesions.select("lesion_id", "role").unique("lesion_id")
        out = out.drop("role", strict=False).join(roles, on="lesion_id", how="left", maintain_order="left")
    columns = [optional(out, c.name, c.dtype).cast(c.dtype) for c in SAMPLES_TABLE.columns]
    numbers = [pl.col(c.name).fill_null(0) for c in SAMPLES_TABLE.columns if c.name.startswith("n_")]
    return out.select(columns).with_columns(numbers).sort("patient_id", "sample_id")


#: What a row of calls counts, by which it is judged where its file does not say whether it was called.
_READS = ("alt_count", "depth", "vaf")


def _thresholds(samples: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The least reads and VAF of a call by the assay of each sample; null where none is told."""
    rule = {"assay_id": pl.String, "min_alt_count": pl.Float64, "min_vaf": pl.Float64}
    told = with_optional(tables.get("assays", pl.DataFrame(schema=rule)), rule).select(
        pl.col("assay_id").cast(pl.String), pl.col("min_alt_count", "min_vaf").cast(pl.Float64, strict=False)
    )
    mine = with_optional(samples, {"assay_id": pl.String}).select("sample_id", pl.col("assay_id").cast(pl.String))
    return mine.join(told.unique("assay_id"), on="assay_id", how="left").drop("assay_id").unique("sample_id")


#: Names that are shown of files or columns left for one reason.
_NAMED = 6


def _groups(tables: Mapping[str, pl.DataFrame]) -> list[tuple[str, str, str, int | None, str]]:
    """Return files, what, state, number of rows, why of what is open: files of one reason together, then the columns of
    each file, then rows."""
    out: list[tuple[str, str, str, int | None, str]] = []
    for name, by, listed in (
        ("intake/files", ["state", "why"], "file"),
        ("intake/columns", ["file", "state", "why"], "column"),
    ):
        if name not in tables:
            continue
        rows = tables[name].filter(pl.col("state").is_in([*OPEN, "kept"]))
        for found in rows.group_by(by, maintain_order=True).agg(pl.col(listed)).iter_rows(named=True):
            names = found[listed]
            shown = ", ".join(names[:_NAMED]) + (f" ... ({len(names):,})" if len(names) > _NAMED else "")
            file, what = (shown, "") if listed == "file" else (found["file"], shown)
            out.append((file, what, found["state"], None, found["why"]))
    if "intake/rows" in tables:
        left = tables["intake/rows"].filter(pl.col("state").is_in(OPEN))
        out += [(r["file"], r["became"] or "", r["state"], r["n"], r["why"]) for r in left.iter_rows(named=True)]
    return out


#: End of a warning of which nothing is to be done: it stands after the others.
_NOTHING = "Nothing is to be done"


def _once(warnings: Sequence[Problem]) -> list[Problem]:
    """Return the warnings, those that calls and variants share once, and last those of which nothing is to be done."""
    told: dict[tuple[str, str], Problem] = {}
    for warning in warnings:
        place = "" if warning.table in ("calls", "variants") and warning.column == "variant_id" else warning.place
        told.setdefault((place, warning.message), warning)
    return sorted(told.values(), key=lambda w: w.cure.startswith(_NOTHING))


#: Warnings that are shown; the others are counted.
_SHOWN = 40


def intake_page(
    tables: Mapping[str, pl.DataFrame],
    title: str,
    notes: Sequence[str],
    language: str = "en",
    *,
    warnings: Sequence[Problem] = (),
) -> str:
    """Return intake.html: the samples and what was read of each, the warnings of the reading, what was not read, then
    everything, then the notes of the reading."""
    views = [
        table_view(declared, tables[declared.name], language=language)
        for declared in INTAKE_TABLES
        if declared.name in tables and declared not in (SAMPLES_TABLE, KNOWN_TABLE)
    ]
    samples = tables.get(SAMPLES_TABLE.name, pl.DataFrame())
    first = table_view(SAMPLES_TABLE, samples, language=language) if samples.height else None
    known = tables.get(KNOWN_TABLE.name, pl.DataFrame())
    counts = [
        (state, declared.name.removeprefix("intake/"), int((tables[declared.name]["state"] == state).sum()))
        for state in OPEN
        for declared in INTAKE_TABLES
        if declared.name in tables and "state" in tables[declared.name].columns
    ]
    people = (samples["patient_id"].n_unique(), samples.height, int(samples["n_calls"].sum())) if first else (0, 0, 0)
    warnings = _once(warnings)
    page = environment().get_template("intake.html")
    shown = [c for c in counts if c[2]]
    made = page.render(
        title=title,
        language=language,
        views=views,
        first=first,
        known=list(known.iter_rows()),
        people=people,
        counts=shown,
        open_rows=_groups(tables),
        warnings=warnings[:_SHOWN],
        more=max(len(warnings) - _SHOWN, 0),
        notes=list(notes),
    )
    return page_in(str(made), language)
