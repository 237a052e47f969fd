"""MAF (GDC, vcf2maf, MSK, Oncotator, minimal dialects) -> variants and calls.

Columns are known by their names in any of the dialects, without regard to case. A MAF row is a call, unless the
file also lists sites where nothing was seen (forced counts): then the assay's thresholds decide
(`oncourse.study.tables`, ``is_called``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_names import NO_GENE
from oncourse.genome.texts import FEW
from oncourse.genome.variant import once
from oncourse.io.signatures import named
from oncourse.io.tabular.remarks import is_second_header, remarks
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.tabular.units import in_percent, with_percent
from oncourse.io.variants import torrent
from oncourse.io.variants.annovar import as_maf, looks_like_annovar
from oncourse.io.variants.genomic_change import BASES, COLUMNS, with_places
from oncourse.io.variants.maf_columns import ALIASES, OURS, spelled
from oncourse.io.variants.maf_numbers import one_based
from oncourse.io.variants.maf_rows import tables_of
from oncourse.io.variants.maf_tables import MafTables, write_rows
from oncourse.io.variants.misshapen import with_short_rows
from oncourse.io.variants.read_names import may_be_reads
from oncourse.io.variants.said_columns import may_say, with_said
from oncourse.io.variants.specimens import (
    may_be_either,
    may_be_kind,
    normals_by_type,
    parted,
    specimen_columns,
    types_of_samples,
)
from oncourse.io.variants.tool_columns import PAIRS, tool_names, with_tool_columns
from oncourse.io.variants.whose_rows import name_rows, one_sample, owners_by_barcode, refuse_nobody, several_in_a_cell
from oncourse.io.whose.manifest import Manifest
from oncourse.io.whose.names_of_all import with_their_patients
from oncourse.io.whose.sample_names import sample_of_file
from oncourse.study.frames import optional
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_NEEDED = ("chrom", "pos", "ref", "sample_id")


def looks_like_maf(header: Iterable[str]) -> bool:
    """Whether a header has what a MAF needs."""
    return not missing_columns(header)


def missing_columns(header: Iterable[str]) -> list[str]:
    """Return what a header lacks to be a MAF, in our names (empty: nothing)."""
    lowered = {h.lower() for h in header}
    needed = [n for n in _NEEDED if not lowered & set(ALIASES[n])]
    if not lowered & {*ALIASES["alt"], *ALIASES["alt_1"]}:
        needed.append("alt")
    return needed


def read_maf(
    path: Path | str,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    known: Collection[str] = (),
    manifest: Manifest | None = None,
) -> MafTables:
    """Read a MAF of any dialect.

    Parameters
    ----------
    fasta : reference for left alignment of indels
    called : as in `oncourse.io.calling.decide`
    known, manifest : samples of the clinical table, and whose each is (`oncourse.io.variants.whose_rows`)

    Raises
    ------
    InputError : the file cannot be read or is no MAF. Faults of single rows are in ``problems``.
    """
    path = Path(path)
    name = table_name(path)
    header: list[str] = []

    def wanted(names: list[str]) -> list[str]:
        header.extend(names)
        return _wanted(names)

    table = read_table(path, name=name, columns=wanted, lenient=True)
    if uuid := _only_uuids(table.frame, header):  # read in that case alone: it is as wide as it is seldom of use
        table = read_table(path, name=name, columns=lambda names: [*_wanted(names), uuid], lenient=True)
        table = replace(table, frame=_named_alone(table.frame))
    notes: list[str] = []
    if found_torrent := torrent.as_maf(table, path):
        table, notes = found_torrent
        header[:] = table.frame.columns
    if not table.frame.columns:
        raise InputError(table.problems or [_not_maf(name, list(_NEEDED), header, table.comments)])
    if looks_like_annovar(table.frame.columns):
        frame, notes = as_maf(table.frame, path)
        table = replace(table, frame=frame)
    table = replace(table, frame=with_tool_columns(table.frame))
    table = replace(table, frame=table.frame.rename(spelled(table.frame.columns, of_one=True)))
    table = replace(table, frame=with_places(table.frame, missing_columns(table.frame.columns)))
    table, told = _rows_alone(table, name)
    notes += told
    frame, said = with_said(table.frame)
    table = replace(table, frame=frame)
    notes += [f"{path.name}: {', '.join(said)} says which rows are calls, or germline"] if said else []
    if not known or sample_of_file(path) in known:
        table = replace(table, frame=_named_alone(table.frame))
    if missing_columns(table.frame.columns) == ["sample_id"] and (owner := _patient_column(table.frame)):
        notes.append(f"{path.name}: no sample column: the rows of a patient ({owner}) are of one sample")
        table = replace(table, frame=table.frame.with_columns(pl.col(owner).alias("sample_id")))
    if missing_columns(table.frame.columns) == ["sample_id"]:
        known_names = {*tool_names(header), *spelled(header, of_one=True)}
        unknown = [h for h in header if h.lower() not in OURS and h not in known_names]
        sample = one_sample(renamed(table.frame), unknown, path)
        notes.append(f"{path.name}: no sample column: every row is of sample {sample} (file name)")
        table = replace(table, frame=table.frame.with_columns(pl.lit(sample).alias("sample_id")))
    if lacking := missing_columns(table.frame.columns):
        raise InputError([*[p for p in table.problems if p.severity == "error"], _not_maf(name, lacking, header)])
    if table.frame.is_empty():
        cure = "A MAF has one row per mutation; is the file complete?"
        raise InputError([Problem(name, 1, None, None, "the file has a header and no row.", cure)])
    problems = [p for p in table.problems if p.column is None or p.column.lower() in OURS]
    rows = owners_by_barcode(renamed(table.frame)).with_columns(table.lines.alias("line"))
    rows, apart = parted(rows, table.frame, known, path.name)
    rows, told_of_people = with_their_patients(rows, known)
    apart += [f"{path.name}: {told_of_people}"] if told_of_people else []
    normals = {i: said for i, said in normals_by_type(rows["sample_id"], table.frame).items() if i not in known}
    types, kind = types_of_samples(rows["sample_id"], table.frame)
    if types is not None:
        rows = rows.with_columns(types.set(rows["sample_id"].is_in(list(normals)).fill_null(False), None))
        apart.append(f"{path.name}: {kind} says what the samples are")
    rows, told = several_in_a_cell(rows, known)
    notes += [*apart, *(f"{path.name}: {note}" for note in told)]
    rows, found_half = one_based(rows, name)
    problems += found_half
    before = rows
    rows, told, n_ignored = name_rows(rows, path, known=known, manifest=manifest)
    refuse_nobody(before, rows, path)
    del before
    if normals:
        said_normal = pl.col("sample_id").replace_strict(normals, default=None, return_dtype=pl.String)
        rows = rows.with_columns(pl.coalesce(said_normal, optional(rows, "role")).alias("role"))
        notes.append(f"{path.name}: {', '.join(list(normals)[:5])} taken as normal by the type of the rows")
    filled = {c: table.frame.height - table.frame[c].null_count() for c in table.frame.columns}
    n_rows = table.frame.height
    table = replace(table, frame=pl.DataFrame(), lines=rows["line"])
    held = [rows.drop("line")]
    del rows  # handed over and not kept: what `tables_of` no longer needs leaves the memory
    found = tables_of(held.pop(), table, name, problems, fasta=fasta, called=called)
    found.notes = [*notes, *told, *found.notes]
    found.left_out.append(("of a sample the manifest leaves out", n_ignored, None))
    found.problems = with_short_rows([*found.problems, *_reads_unread(found, name, header)], table.problems)
    _write_ledger(found, path.name, header, n_rows, filled, said, kind)
    found.notes += _told_unread(found, path.name, header)
    return found


#: Columns by which a program's table is known: what of its many it holds beside them nobody wrote for this study.
_OF_PROGRAMS = frozenset(
    ("hugo_symbol", "tumor_sample_barcode", "variant_classification", "func.refgene", "end_position")
)


def _told_unread(found: MafTables, file: str, header: Sequence[str]) -> list[str]:
    """Note the columns of a list written by hand (no program's table) that are not read."""
    if len(header) > 40 or _OF_PROGRAMS & {h.lower() for h in header} or tool_names(list(header)):
        return []
    left = [str(column) for _, column, state, *_ in found.ledger.columns if state == "not read"]
    return [f"{file}: columns not read: {', '.join(left[:12])}"] if left else []


def _only_uuids(frame: pl.DataFrame, header: Sequence[str]) -> str | None:
    """Return the column of GDC's UUIDs of samples where the barcodes beside it are empty throughout."""
    uuid = next((h for h in header if h.lower() == "tumor_sample_uuid"), None)
    if uuid is None or _named_alone(frame.head(100)).width == frame.width:
        return None
    return uuid if _named_alone(frame).width < frame.width else None


def _reads_unread(found: MafTables, name: str, header: Sequence[str]) -> list[Problem]:
    """Say that no call has reads although columns that are not read may hold them by their names."""
    counted = (found.calls[c].null_count() < found.calls.height for c in ("alt_count", "vaf"))
    if found.calls.is_empty() or any(counted):
        return []
    unread = may_be_reads(h for h in header if h not in _wanted(list(header)))
    if not unread:
        return []
    message = f"no call has reads; columns that may hold them are not read: {', '.join(unread[:6])}."
    cure = "Name them t_alt_count, t_ref_count and t_depth (or t_vaf), or map them (`oncourse import table`)."
    return [Problem(name, 1, unread[0], None, message, cure, "warning")]


def _named_alone(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table without the columns of the sample where none of them names anybody: its file does."""
    own = [c for c in frame.columns if c.lower() in ALIASES["sample_id"]]
    nobody = ["", ".", "NA", "nan", "None"]
    empty = all(frame[c].str.strip_chars().is_in(nobody).fill_null(True).all() for c in own)
    return frame.drop(own) if own and empty and frame.height else frame


def _patient_column(frame: pl.DataFrame) -> str | None:
    """Return the column that names the patient of every row."""
    found = (c for c in frame.columns if c.lower() in ALIASES["patient_id"])
    return next((c for c in found if not frame[c].null_count()), None)


def _rows_alone(table: TextTable, name: str) -> tuple[TextTable, list[str]]:
    """Leave out what is no row of the table: a second header, remarks and totals below it; say so.

    Only rows without a chromosome, and the first, are looked at.
    """
    frame, lines = table.frame, table.lines
    chrom = next((c for c in frame.columns if c.lower() in ALIASES["chrom"]), None)
    if chrom is None or frame.is_empty():
        return table, []
    cells, pos = frame.row(0), next((c for c in frame.columns if c.lower() in ALIASES["pos"]), chrom)
    known = [c for c in cells if c and (meaning("column", c) or meaning("panel_column", c) or c.lower() in OURS)]
    again = is_second_header(cells, known, frame[pos][0])
    bare = frame[chrom].is_null() | (frame[chrom] == "").fill_null(True)
    out = pl.repeat(False, frame.height, eager=True)
    if bare.any():
        out = bare & remarks(frame, frame.columns[0])
    out[0] = bool(out[0]) or again
    if not out.any():
        return table, []
    first = f"line {int(lines.filter(out)[0])}"
    note = (
        f"{name}: {int(out.sum())} lines are no rows of the table (a second header, remarks, totals; {first}): left out"
    )
    return replace(table, frame=frame.filter(~out), lines=lines.filter(~out)), [note]


def lacking_with_places(frame: pl.DataFrame) -> list[str]:
    """Return what a table lacks to be a MAF once its columns are named as one's and its places are parted.

    Places in one cell count where every row has one: another row would be lost.

    >>> lacking_with_places(pl.DataFrame({"Sample name": ["S"], "HGVSG": ["12:g.25398284C>T"], "Gene": ["KRAS"]}))
    []
    """
    frame = with_tool_columns(frame)
    frame = frame.rename(spelled(frame.columns, of_one=True))
    placed = with_places(frame, missing_columns(frame.columns))
    new = [c for c in placed.columns if c not in frame.columns]
    whole = not any(placed[c].null_count() for c in new)
    return missing_columns((placed if whole else frame).columns)


def _write_ledger(
    found: MafTables,
    file: str,
    header: Sequence[str],
    n_rows: int,
    filled: Mapping[str, int],
    said: Collection[str] = (),
    kind: str = "",
) -> None:
    """Say of every column what it became and how many cells it fills, and of the rows how many are calls."""
    found.ledger.file(file, "MAF", "used", n_rows=n_rows)
    alias = spelled(header, of_one=True)
    for written in header:
        column = alias.get(written, written)
        became = OURS.get((in_percent(column) or column).lower()) or OURS.get(column.lower())
        if kind and column == kind and not any(f"{kind} tells" in note for note in found.notes):
            found.ledger.column(file, written, "used", became="samples.material", n=filled.get(written, 0))
            continue
        if written in specimen_columns([written]) and any(written in note for note in found.notes):
            found.ledger.column(file, written, "used", became="calls.sample_id", n=filled.get(written, 0))
            continue
        if column in said:
            found.ledger.column(file, written, "used", became="calls.origin", n=filled.get(written, 0))
            continue
        if column not in filled or became is None:
            found.ledger.column(file, written, "not read", why="no column of a MAF that is used")
            continue
        n = filled[column]
        found.ledger.column(file, written, "used" if n else "empty", became=_BECAME.get(became, f"calls.{became}"), n=n)
    write_rows(found, file)


_BECAME = {
    "gene": "variants.gene",
    "hgvs_p": "variants.hgvs_p",
    "hgvs_c": "variants.hgvs_c",
    "term": "variants.consequence",
    "classification": "variants.consequence",
    "region": "variants.consequence",
    "status": "calls.origin",
    "validation": "calls.is_called",
    "genotype": "calls.is_called",
    "population_af": "calls.origin",
    "patient_id": "samples.patient_id",
    "build": "study.yaml: genome_build",
    "total_cn": "segments.total_cn",
    "minor_cn": "segments.minor_cn",
    **dict.fromkeys(("chrom", "pos", "end", "strand", "ref", "alt", "alt_1"), "calls.variant_id"),
    **dict.fromkeys(("normal_id", "normal_alt", "normal_ref", "normal_depth", "normal_vaf"), "calls.origin"),
}


def _wanted(header: list[str]) -> list[str]:
    annovar = ("func.", "otherinfo") if looks_like_annovar(header) else ()
    specimens = specimen_columns(header)
    loose = {*spelled(header, of_one=True), *torrent.COLUMNS, *tool_names(header)}
    return [
        h
        for h in header
        if h.lower() in {*OURS, *COLUMNS, *BASES, *PAIRS}
        or h in loose
        or h in specimens
        or may_say(h)
        or (in_percent(h) or "").lower() in (*ALIASES["vaf"], *ALIASES["normal_vaf"])
        or may_be_either(h)
        or may_be_kind(h)
        or h.lower().startswith(annovar)
    ]


def _not_maf(name: str, lacking: list[str], header: Sequence[str] = (), comments: Sequence[str] = ()) -> Problem:
    above = comments[-1].split("\t") if comments else ()  # a header that begins with #
    if said := named(header) or named(above):
        return Problem(name, 1, None, None, "is not a MAF:", said)
    names = ", ".join(f"{n} ({ALIASES[n][0]})" for n in lacking)
    cure = "A MAF has Chromosome, Start_Position, Reference_Allele, Tumor_Seq_Allele2, Tumor_Sample_Barcode."
    low = {h.strip().lower() for h in header}
    if len(header) == 1 and {*header[0].lower().split()} & set(ALIASES["chrom"]):
        cure = "Its cells are parted by blanks: a MAF has tabs (sed 's/ \\+/\\t/g')."
    if low & set(ALIASES["gene"]) and low & {
        *ALIASES["hgvs_p"],
        *ALIASES["hgvs_c"],
        "mutation",
        "variant",
        "protein change",
        "aa_change",
    }:
        cure = "A table of genes and changes without places is read by `oncourse import panel`."
    return Problem(name, 1, None, None, f"is not a MAF: no column for {names}.", cure)


def renamed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `ALIASES` that a frame has, under our names."""
    by_lower: dict[str, str] = {}
    for column in frame.columns:
        by_lower.setdefault(column.lower(), column)
    picked: dict[str, pl.Series] = {}
    for ours, aliases in ALIASES.items():
        present = [_clean(frame[by_lower[a]], ours) for a in aliases if a in by_lower]
        if ours in ("vaf", "normal_vaf", "population_af"):
            heads = {(in_percent(c) or "").lower(): c for c in frame.columns}
            cells = [_clean(frame[heads[a]]) for a in aliases if a in heads]
            present += [c.to_frame().select(with_percent(pl.col(c.name))).to_series() for c in cells]
        if not present:
            continue
        # an empty HGVSp_Short falls back on HGVSp, a missing classification on the SO term, and so on
        picked[ours] = reduce(lambda one, other: one.zip_with(one.is_not_null(), other), present)
        if ours.endswith("_id"):  # pandas writes nan for an empty cell
            said = pl.col("x").str.strip_chars()
            picked[ours] = once(picked[ours], pl.when(~said.is_in(["", "nan", "NaN", "None"])).then(said))
    return pl.DataFrame([cells.alias(ours) for ours, cells in picked.items()])


#: What a spreadsheet writes where a formula has no value.
_SHEET_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
#: Cells that say nothing.
_NOTHING = frozenset(("", "NA", "N/A", "null", "NULL", "[Not Available]", *_SHEET_ERRORS))


def _clean(text: pl.Series, ours: str = "") -> pl.Series:
    """Return the cells with null for what says nothing; the column itself where every cell says something."""
    # a gene named Unknown falls back on its Entrez id
    if ours == "gene":
        said = text.str.strip_chars().str.to_lowercase().is_in(sorted(NO_GENE))
    elif len(text) <= FEW and _NOTHING.isdisjoint(text.to_list()):
        return text
    else:
        said = text.is_in(sorted(_NOTHING))
    return text.set(said.fill_null(False), None) if said.any() else text
