"""A sheet of a workbook that is a MAF: read as the file it was pasted from, beside the workbook's other tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from oncourse.io.reading import Reading
from oncourse.io.tabular.sheet_table import sheet_table
from oncourse.io.tabular.sheets import Sheet
from oncourse.io.variants.maf import looks_like_maf

_CALLS = ("calls", "variants")


def sheet_is_maf(sheet: Sheet) -> bool:
    """Whether the header of a sheet is that of a MAF."""
    return looks_like_maf([c for c in sheet.header if c])


def add_mafs(path: Path, sheets: Sequence[Sheet], reading: Reading) -> None:
    """Add calls and variants of MAF sheets to a reading; its samples and patients where no sheet holds them.

    Lines of problems are those below the header, as in a file of the sheet alone.
    """
    from oncourse.io.files import read_files

    with TemporaryDirectory() as folder:
        files = []
        for sheet in sheets:
            file = Path(folder) / f"{path.name}, {sheet.name.replace('/', '_')}.maf"
            table = sheet_table(sheet, sheet.name)
            bare = table.frame.with_columns(pl.all().str.replace_all(r"[\t\r\n]+", " "))
            bare.write_csv(file, separator="\t", quote_style="never", null_value="")
            files.append(file)
        found = read_files(files)
    reading.problems += found.problems
    has_samples = "samples" in reading.tables
    reading.notes += [n for n in found.notes if not (has_samples and re.search(r"patients: every|tissue samples", n))]
    reading.ledger.extend(found.ledger)
    theirs = [n for n in found.tables if n in _CALLS or (n not in reading.tables and not has_samples)]
    for name in theirs:
        reading.tables[name] = found.tables[name]
        if name in found.sources:
            reading.sources[name] = found.sources[name]
        if name in found.lines:
            reading.lines[name] = found.lines[name]
    reading.config = replace(reading.config, genome_build=reading.config.genome_build or found.config.genome_build)
