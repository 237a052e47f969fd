"""Tables of ours that lie in a folder `oncourse` beside files of another format, which has no place for them.

What an assay could have seen (thresholds, background, depth by region, targets) decides what absent means: without it
the same counts answer otherwise. `oncourse export` and `oncourse reads` write the folder, importing reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import polars as pl

from oncourse.facts.material import TUMOUR
from oncourse.io.assays.bed import is_bed
from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_table
from oncourse.study.config import StudyConfig, read_config
from oncourse.study.schema import Problem
from oncourse.study.words import our_columns

FOLDER = "oncourse"
#: Tables whose rows are things: theirs complete the source's row of the same key, cell by cell.
THINGS = {
    "patients": ("patient_id",),
    "samples": ("sample_id",),
    "lesions": ("lesion_id",),
    "assays": ("assay_id",),
    "variants": ("variant_id",),
    "calls": ("sample_id", "variant_id"),
}
#: Tables of many rows a thing: theirs go before all rows of the source of the same one.
PARTS = {
    "error_rates": ("assay_id",),
    "target_regions": ("assay_id",),
    "coverage": ("sample_id",),
    "segments": ("sample_id",),
    "markers": ("patient_id", "marker"),
    "partial_dates": ("patient_id", "table", "column"),
}
TABLES = THINGS | PARTS
#: What a cBioPortal folder has no place for (it has samples and lesions).
OF_EXPORT = ("assays", "error_rates", "target_regions", "coverage", "segments", "partial_dates")
#: What reading the source by names says of samples, and of a panel without a gene list, which the tables answer.
_ANSWERED = ("taken as plasma or normal by their names", "do not say primary or metastasis")


def write_carried(tables: Mapping[str, pl.DataFrame], source: Path) -> dict[str, int]:
    """Write the tables into the folder `oncourse` of `source`; return file -> rows. Targets are in target_regions."""
    written = {}
    for name in TABLES:
        frame = tables.get(name)
        if frame is None or frame.is_empty():
            continue
        if name == "assays" and "targets" in frame.columns:
            targets = [None if t is None or is_bed(t) else t for t in frame["targets"]]
            frame = frame.with_columns(pl.Series("targets", targets, pl.String))
        (source / FOLDER).mkdir(exist_ok=True)
        draft = source / FOLDER / f".{name}.draft"
        frame.write_csv(draft, separator="\t", null_value="")
        draft.replace(source / FOLDER / f"{name}.tsv")
        written[f"{FOLDER}/{name}.tsv"] = frame.height
    return written


def add_carried(source: Path, reading: Reading) -> None:
    """Put the tables that lie in the folder `oncourse` of `source` before what was read of the same rows."""
    for name, keys in TABLES.items():
        path = source / FOLDER / f"{name}.tsv"
        if not path.is_file():
            continue
        table = read_table(path, name=name)
        reading.problems += table.problems
        frame = table.frame.rename(our_columns(table.frame.columns))
        if not set(keys) <= set(frame.columns):
            continue
        held = reading.tables.get(name)
        frame = _of_source(name, frame, held, reading)
        if held is not None and set(keys) <= set(held.columns):
            frame = (_completed if name in THINGS else _replaced)(held, frame, keys)
        reading.tables[name] = frame
        reading.lines.pop(name, None)
        reading.ledger.file(f"{FOLDER}/{name}.tsv", f"table {name} of oncourse", "used", n_rows=table.frame.height)
        _take_back(name, table.frame, reading)
        if name == "partial_dates":
            _intervals_of_deaths(reading)


def _intervals_of_deaths(reading: Reading) -> None:
    """Give follow_up the interval of each death that the carried partial_dates hold."""
    dates, follow_up = reading.tables.get("partial_dates"), reading.tables.get("follow_up")
    columns = ("death_earliest_day", "death_latest_day")
    if dates is None or follow_up is None or "earliest_day" not in dates or set(columns) & set(follow_up.columns):
        return
    rows = dates.filter((pl.col("table") == "follow_up") & (pl.col("column") == "death_day"))
    told = rows.select("patient_id", pl.col("earliest_day").alias(columns[0]), pl.col("latest_day").alias(columns[1]))
    if told.height:
        told = told.unique("patient_id", keep="first", maintain_order=True)
        reading.tables["follow_up"] = follow_up.join(told, on="patient_id", how="left", maintain_order="left")


def with_yaml(folder: Path, config: StudyConfig) -> StudyConfig:
    """Overlay what study.yaml beside the source, or in its folder `oncourse`, gives; the further columns of all are
    declared."""
    for path in (folder / FOLDER / "study.yaml", folder / "study.yaml", folder / "study.yml"):
        if path.exists():
            config = _overlaid(config, read_config(path))
    return config


def _overlaid(config: StudyConfig, given: StudyConfig) -> StudyConfig:
    empty = StudyConfig()
    changed = {
        f.name: getattr(given, f.name) for f in fields(given) if getattr(given, f.name) != getattr(empty, f.name)
    }
    extra = tuple(dict.fromkeys([*config.extra_columns, *given.extra_columns]))
    return replace(config, **{**changed, "extra_columns": extra})


def _of_source(name: str, frame: pl.DataFrame, held: pl.DataFrame | None, reading: Reading) -> pl.DataFrame:
    """Leave out tumour samples that no file of the source holds any more: read as covered and without a call, they
    would be wild type everywhere."""
    if name == "samples" and held is not None and {"sample_id"} <= set(held.columns) and "material" in frame.columns:
        gone = frame.filter(pl.col("material").is_in(TUMOUR) & ~pl.col("sample_id").is_in(held["sample_id"].implode()))
        if gone.height:
            reading.notes.append(f"{FOLDER}/samples.tsv: left out, in no file: {', '.join(gone['sample_id'].head(8))}")
        return frame.join(gone, on="sample_id", how="anti", maintain_order="left")
    if name == "calls" and held is not None and {"sample_id", "variant_id"} <= set(held.columns):
        keys = ["sample_id", "variant_id"]  # what is known of a row that was taken out of the source does not bring it
        of_source = frame.join(held.select(keys), on=keys, how="semi", maintain_order="left")
        new = frame.join(of_source, on=keys, how="anti", maintain_order="left")
        frame = pl.concat([of_source, new.drop_nulls("is_called") if "is_called" in new else new.clear()])
    if "sample_id" in frame.columns and name != "samples" and "samples" in reading.tables:
        return frame.join(reading.tables["samples"], on="sample_id", how="semi", maintain_order="left")
    return frame


def _completed(held: pl.DataFrame, frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows of both, each cell of ours before that of the source."""
    held = held.select(pl.all().cast(pl.String)).unique(keys, keep="first", maintain_order=True)
    both = [c for c in frame.columns if c in held.columns and c not in keys]
    joined = held.join(frame, on=keys, how="full", suffix="_carried", coalesce=True, maintain_order="left_right")
    return joined.with_columns(pl.coalesce(f"{c}_carried", c).alias(c) for c in both).drop(f"{c}_carried" for c in both)


def _replaced(held: pl.DataFrame, frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    kept = held.select(pl.all().cast(pl.String)).join(frame, on=keys, how="anti", maintain_order="left")
    return pl.concat([kept, frame], how="diagonal") if kept.height else frame


def _take_back(name: str, frame: pl.DataFrame, reading: Reading) -> None:
    """Drop what was said of the source for want of a table that is there."""
    if name == "samples" and "material" in frame.columns:
        reading.notes = [n for n in reading.notes if not any(words in n for words in _ANSWERED)]
    if name == "target_regions":
        assays = set(frame["assay_id"])

        def is_answered(p: Problem) -> bool:
            return (p.table, p.column) == ("assays", "targets") and p.value in assays

        reading.problems = [p for p in reading.problems if not is_answered(p)]
