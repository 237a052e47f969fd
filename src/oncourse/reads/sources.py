"""Where the facts of the tables come from: the sample sheet by line and column, the files of reads, what was left out.

The ledger of the intake (`oncourse.io.ledger`) for studies that come from reads: `oncourse run` shows it as for any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.io.ledger import Ledger, read_ledger, write_ledger
from oncourse.io.tabular.text import read_table
from oncourse.reads.sheet import COLUMNS, Plan, ReadsSample
from oncourse.reads.sheet_words import our_names

SHEET = "reads.tsv"
#: Column of reads.tsv -> where its values are in the tables.
BECAME = {
    "patient": "samples.patient_id",
    "sample": "samples.sample_id",
    "role": "samples.material, lesions.role",
    "lesion": "samples.lesion_id",
    "day": "samples.day",
    "assay": "samples.assay_id",
    "umi": "assays.has_umi",
    "preservation": "samples.preservation",
    "purity": "samples.purity, where the reads give none",
} | dict.fromkeys(("lane", "fastq_1", "fastq_2", "bam", "cram"), "calls, coverage, segments")
#: File of reads.yaml -> what it was taken for.
_BESIDE = {
    "fasta": "reference genome",
    "targets": "target regions",
    "microsatellites": "runs of one base",
    "known_sites": "variants common in people",
    "gff": "gene models",
}


def sources_of(plan: Plan, evidence: pl.DataFrame, stopped: Mapping[str, str]) -> Ledger:
    """Return the ledger of a run.

    Parameters
    ----------
    evidence : sample_id, variant_id, is_called, tags (words divided by ;, null: none): every site looked at
    stopped : patient -> why none of its reads are in the tables
    """
    ledger = Ledger()
    sheet = read_table(Path(plan.folder, SHEET), name="reads").frame
    ledger.file(SHEET, "table of sequencing files", "used", n_rows=sheet.height)
    ours = our_names(sheet.columns)
    for name in sheet.columns:
        n, mine = sheet.height - sheet[name].null_count(), ours.get(name, name)
        if not n:
            ledger.column(SHEET, name, "empty")
        elif mine in COLUMNS:
            ledger.column(SHEET, name, "used", became=BECAME[mine], n=n)
        else:
            ledger.column(SHEET, name, "not read", n=n, why="no column of reads.tsv")
    for key, kind in _BESIDE.items():
        if path := getattr(plan, key):
            ledger.file(Path(path).name, kind, "used")
    for sample in plan.samples:
        if why := stopped.get(sample.patient):
            for path in _files(sample):
                ledger.file(path, f"reads of {sample.sample}, {SHEET} line {sample.line}", "not read", why=why)
            continue
        _of_sample(ledger, sample, evidence.filter(pl.col("sample_id") == sample.sample))
    return ledger


def _files(sample: ReadsSample) -> list[str]:
    paths = [sample.aligned] if sample.aligned else [f for pair in sample.fastq for f in pair if f]
    return [Path(path).name for path in paths]


def _of_sample(ledger: Ledger, sample: ReadsSample, rows: pl.DataFrame) -> None:
    """Add the files of a sample, the calls made of them, and per tag the sites that are no call because of it."""
    files = _files(sample)
    for path in files:
        ledger.file(path, f"reads of {sample.sample}, {SHEET} line {sample.line}", "used")
    first = files[0]
    called = rows["is_called"].fill_null(False)
    ledger.taken(first, "calls: called", int(called.sum()))
    left = rows.filter(~called).with_columns(pl.col("tags").fill_null("too few reads to be no chance").str.split(";"))
    for (tag,), part in sorted(left.explode("tags").group_by(["tags"]), key=lambda item: str(item[0])):
        known = part.sort("variant_id")["variant_id"]
        ledger.left_out(first, len(known), f"counted, not called: {tag}", became="calls: not called", first=known[0])


def write_sources(plan: Plan, evidence: pl.DataFrame, stopped: Mapping[str, str]) -> None:
    """Write the ledger into the study folder; rows of other sources that lie there already stay."""
    folder, mine = Path(plan.folder), sources_of(plan, evidence, stopped)
    held = read_ledger(folder / "tables" / "intake")
    before = [row for row in held.files if SHEET in str(row[1])]  # of a sample that is no longer in the sheet
    ours = {row[0] for row in (*mine.files, *before)}
    for name in ("files", "columns", "rows"):
        setattr(held, name, [row for row in getattr(held, name) if row[0] not in ours])
    held.extend(mine)
    write_ledger(held.tables(), folder)
