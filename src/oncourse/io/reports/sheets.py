"""The sheets of a workbook that are reports: small variants, copies, fusions, negative genes, each a sheet of one report.

The sample may stand in a column, above the table, or once in a sheet of its own (样本信息: 样本编号 | S1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.facts.report_genes import genes_named, pair_named
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.clinical.quality import is_failed
from oncourse.io.clinical.words import material
from oncourse.io.reading import Reading
from oncourse.io.reports.layout import gene_headers, pairs_in, report_table
from oncourse.io.reports.mapping import (
    Mapped,
    named,
    of_file,
    of_patients,
    quality_of,
    told_failed,
    told_unread,
    unread,
)
from oncourse.io.reports.names import of_folder
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.reports.panel_rows import panel_calls
from oncourse.io.reports.rows import fact_named
from oncourse.io.reports.sections import said_by_title
from oncourse.io.reports.sheet_names import of_sheets, without_hints
from oncourse.io.reports.tested import stated
from oncourse.io.tabular.sheets import Sheet
from oncourse.io.tabular.units import fractions
from oncourse.study.words import meaning

_WHOSE = ("sample_id", "patient_id")


def sheet_is_report(path: Path, sheet: Sheet) -> bool:
    """Whether a sheet is a panel report: genes and what was found in them, not our ids; whose it is may stand elsewhere."""
    header = report_table(path, sheet.name).frame.columns
    ours = set(panel_columns(header).values()) | ({*_WHOSE, "gene", "value", "consequence"} & set(header))
    if "variant_id" in header or "gene" not in ours:
        return False
    by_name = {"hgvs_p", "hgvs_c", "pos"} & ours
    fusions = said_by_title(sheet.name).get("consequence") == "fusion" and _names_genes(sheet)
    found = bool({"value", "consequence"} & ours) and (bool(ours & {*_WHOSE}) or _names_genes(sheet))
    copied = "copies" in ours and _names_genes(sheet)  # CNV: gene and copies
    return bool(by_name) or found or fusions or copied


def lists_changes(sheet: Sheet) -> bool:
    """Whether a sheet has a gene and its change in a column each: rows of calls, whatever it says of their samples."""
    ours = set(panel_columns([c for c in sheet.header if c]).values())
    return "gene" in ours and bool({"hgvs_p", "hgvs_c", "pos"} & ours)


def _names_genes(sheet: Sheet) -> bool:
    """Whether a third of the cells under a header of genes, else of the first two cells of the rows, are known genes, or
    pairs of them; what says that none was found is not asked."""
    named = panel_columns([c for c in sheet.header if c])
    at = next((i for i, c in enumerate(sheet.header) if c and named.get(c) == "gene"), None)
    under = [row[at] for row in sheet.rows if at is not None and at < len(row)]
    filled = {c for c in under if c}
    of_gene = {c for c in filled if finding(c).state not in ("absent", "untested", "doubt")}
    if filled and not of_gene:  # nothing was found in anybody
        return True
    cells = of_gene or {c for row in sheet.rows for c in row[:2] if c}
    known = [c for c in sorted(cells) if gene_headers([c]) or pair_named(c) or all(map(_is_gene, genes_named(c)))]
    return 3 * len(known) >= len(cells) > 0


def _is_gene(name: str) -> bool:
    return name.upper() in symbols()


def is_form(sheet: Sheet) -> bool:
    """Whether a sheet is no table but names with their values beside them (``样本编号 | S1``, ``样本类型 | 组织``)."""
    rows: list[Sequence[str | None]] = [sheet.header, *sheet.rows]
    first = [row[0] for row in rows if row and row[0]]
    known = len(panel_columns(list(dict.fromkeys(first))))
    whole = len(sheet.header) == 2 and known == len(set(first))  # says nothing but what the report is of
    return len(sheet.header) % 2 == 0 and known >= 2 and (whole or bool(_whose([sheet])))


def add_reports(
    path: Path,
    sheets: Sequence[Sheet],
    others: Sequence[Sheet],
    reading: Reading,
    within: Path | None = None,
    files: Mapping[str, Path] | None = None,
) -> None:
    """Add the rows of all sheets that are reports as one report to a study that may have samples of its own; sheets called
    by materials or times are samples of their own, and lists of drugs no reports.

    `others`: the sheets that are neither report nor table; one may say whose the report is. `within`: a folder whose folders
    are called after patients. `files`: sheet -> its file, of sheets that are files of the folder `path`.

    Raises
    ------
    InputError : a sheet names no sample, and no other says whose it is
    """
    for form in filter(is_form, others):
        reading.ledger.file(
            f"{path.name}: {form.name}", "form", "used", n_rows=len(form.rows), why="whose the report is"
        )
    for other in others:
        _tell_form(path, other, reading)
    sheets = without_hints(path.name, sheets, reading)
    source = Path(f"{path.name}: {', '.join(s.name for s in sheets)}".replace("/", "_"))
    of_patient = of_folder(path, within)
    whose, facts = _whose([*others, *sheets]), _facts([f for f in others if is_form(f)])
    if of_patient:
        whose = (of_patient if not whose else {"patient_id": of_patient["patient_id"]}) | whose
    for fact in ("purity", "msi_status", "tmb_per_mb"):
        if fact in facts and "sample_id" in whose:
            reading.facts.setdefault(whose["sample_id"], {})[fact] = facts.pop(fact)
    frames, lines, faults = [], [], []
    for sheet in sheets:
        place = Path(f"{path.name}: {sheet.name}".replace("/", "_"))
        text = report_table((files or {}).get(sheet.name, path), sheet.name)
        reading.problems += text.problems
        part = Mapped("panel", {})
        frame = named(text.frame, part, place, reading)
        left = unread(text.frame, part)
        told_unread(place.name, [c for c in text.frame.columns if c in left], reading)
        # what the sheet's name says of its rows (胚系, 融合), and what the form says of the sample
        said = said_by_title(sheet.name)
        if not {*_WHOSE} & set(frame.columns):
            said |= whose | facts
        frame = frame.with_columns(pl.lit(v).alias(c) for c, v in said.items() if c not in frame.columns)
        quality_of(place.name, text.frame, left, reading)
        frame = of_patients(
            of_file(frame, path, left, reading, text.frame, within) if len(sheets) == 1 else frame, reading
        )
        if "sample_id" not in frame.columns:
            faults.append(f"{path.name}: the sheet {sheet.name} has no column for the sample (样本编号, sample_id).")
        reading.ledger.file(place.name, "panel report", "used", n_rows=text.frame.height)
        frames.append(frame.select(pl.all().cast(pl.String)))
        lines.append(text.lines.cast(pl.Int64))
    if faults:
        raise InputError([*faults, "Add it, or a sheet with two cells: 样本编号 and the sample's id."])
    frames = of_sheets(frames, sheets, reading)
    panel_calls(pl.concat(frames, how="diagonal"), source, pl.concat(lines), reading)
    reading.sources.setdefault("calls", source.name)


def _tell_form(path: Path, form: Sheet, reading: Reading) -> None:
    """Say which names of a form are not read, and where its quality control failed."""
    rows: list[Sequence[str | None]] = [form.header, *form.rows]
    pairs = [(name, value) for row in rows for name, value in zip(row[::2], row[1::2], strict=False) if name and value]
    for name, value in pairs:
        if is_failed(name, value):
            told_failed(f"{path.name}: {form.name}", str(name), str(value), reading)
    if not is_form(form):
        return
    told_unread(f"{path.name}: {form.name}", [str(n) for n, _ in pairs if _said_of(n) not in _READ], reading)


#: What a form says that is read: whose the report is, and facts of its sample.
_READ = (*_WHOSE, "material", "purity", "msi_status", "tmb_per_mb", "date", "tested")


def _said_of(name: str | None) -> str | None:
    """Return the column of ours that a name of a form is: 肿瘤突变负荷(TMB) of tmb_per_mb."""
    if stated([f"{name}：KRAS"]):
        return "tested"
    fact = fact_named(unicodedata.normalize("NFKC", name or ""))
    ours = next(iter(panel_columns([name or ""]).values()), None) or meaning("column", name)
    return fact if fact in ("msi_status", "tmb_per_mb") else ours


def _facts(forms: Sequence[Sheet]) -> dict[str, str]:
    """Return material, date, purity (a fraction), microsatellites, burden and the genes tested that a form says once of the
    one sample it names, where they are understood."""
    found: dict[str, set[str]] = {}
    for form in forms:
        rows: list[Sequence[str | None]] = [form.header, *form.rows]
        for row in rows:
            if genes := stated(row):
                found.setdefault("tested", set()).add(genes)
            for name, value in zip(row[::2], row[1::2], strict=False):
                if value and (ours := _said_of(name)) and (said := _understood(ours, value)):
                    found.setdefault(ours, set()).add(said)
    return {c: next(iter(v)) for c, v in found.items() if len(v) == 1}


def _understood(ours: str, value: str) -> str | None:
    """Return what a form says of one fact; null where it is not understood, or none that is read."""
    if ours == "material":
        said = meaning("material", value) or material(value)
        return {"blood": "plasma"}.get(said, said)  # what is called there
    if ours == "purity":
        share = fractions(pl.Series([value]))[0][0]
        return None if share is None else f"{share / 100 if share > 1 else share:g}"
    if ours == "msi_status":
        return msi_of(value)
    if ours == "tmb_per_mb":
        number = re.search(r"\d+(?:\.\d+)?", value)
        return number.group() if number else None
    return value if ours == "date" else None


def _whose(sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return sample and patient where one pair of cells, or ``样本编号：S1``, says each; two values say nothing."""
    found: dict[str, set[str]] = {}
    for sheet in sheets:
        rows: list[Sequence[str | None]] = [sheet.title, sheet.header, *sheet.rows]
        for row in rows:
            for column, value in pairs_in([c or "" for c in row]):
                found.setdefault(column, set()).add(value)
    return {c: next(iter(v)) for c, v in found.items() if c in _WHOSE and len(v) == 1}
