"""Tables of ours that lie in a folder `oncourse` beside files of another format, which has no place for them.

What an assay could have seen (thresholds, background, depth by region, targets) decides what absent means: without it
the same counts answer otherwise. `oncourse export` and `oncourse reads` write the folder, importing reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.io.bed import is_bed
from oncourse.io.reading import Reading
from oncourse.io.text import read_table
from oncourse.study.words import our_columns

FOLDER = "oncourse"
#: Table -> the column whose values say which rows of the source it goes before.
TABLES = {
    "samples": "sample_id",
    "lesions": "lesion_id",
    "assays": "assay_id",
    "error_rates": "assay_id",
    "target_regions": "assay_id",
    "coverage": "sample_id",
    "segments": "sample_id",
}
#: What a cBioPortal folder has no place for (it has samples and lesions).
OF_EXPORT = ("assays", "error_rates", "target_regions", "coverage", "segments")


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
    for name, key in TABLES.items():
        path = source / FOLDER / f"{name}.tsv"
        if not path.is_file():
            continue
        table = read_table(path, name=name)
        reading.problems += table.problems
        frame = table.frame.rename(our_columns(table.frame.columns))
        if key not in frame.columns:
            continue
        held = reading.tables.get(name)
        kept = held.filter(~pl.col(key).is_in(frame[key].to_list())) if held is not None and key in held else None
        if kept is not None and kept.height:
            frame = pl.concat([kept.select(pl.all().cast(pl.String)), frame], how="diagonal")
        reading.tables[name] = frame
        reading.lines.pop(name, None)
        reading.ledger.file(f"{FOLDER}/{name}.tsv", f"table {name} of oncourse", "used", n_rows=table.frame.height)
