"""Any table by a mapping file (YAML): which of its columns is which of ours, what its words mean.

A mapping has ``table`` (one of ours, or ``panel`` for calls of a report: sample, gene, change, fraction, depth),
``columns`` (ours: theirs), and optionally ``values`` (our column -> their word: ours), ``constants`` (ours: a value for
every row), ``sheet``, ``build`` and keys of study.yaml (`CONFIG`). Several tables of one file: a list of these under
``tables``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import InputError
from oncourse.facts.report_genes import genes_named, pair_named
from oncourse.genome.gene_names import gene_name
from oncourse.io.clinical.own_people import speaks_of_people
from oncourse.io.clinical.own_tables import as_our_tables
from oncourse.io.clinical.quality import FAILED, QUALITY
from oncourse.io.reading import Reading
from oncourse.io.reports.denied import denied_elsewhere
from oncourse.io.reports.knowledge_tables import is_knowledge
from oncourse.io.reports.layout import gene_headers, must_be_whose, report_table
from oncourse.io.reports.merged import unmerged
from oncourse.io.reports.names import REPORT, material_of_word, of_folder
from oncourse.io.reports.panel_headers import PANEL, panel_columns
from oncourse.io.reports.panel_rows import panel_calls, percent_cells
from oncourse.io.reports.sections import said_by_title
from oncourse.io.tabular.sheets import is_workbook, sheets_of
from oncourse.io.tabular.text import read_table
from oncourse.io.variants.maf import lacking_with_places, looks_like_maf
from oncourse.io.variants.misshapen import moved_cells
from oncourse.io.variants.said_columns import may_say
from oncourse.io.variants.specimens import kind_of_cells, may_be_either, may_be_kind, parted, specimen_columns
from oncourse.io.whose.sample_names import beginning, names_nobody, sample_of_file
from oncourse.study.config import StudyConfig, config_from_mapping, read_yaml
from oncourse.study.frames import optional
from oncourse.study.partial_dates import plain_dates
from oncourse.study.schema import Problem, nearest
from oncourse.study.tables import TABLES, date_name
from oncourse.study.words import meaning, our_columns
from oncourse.words.lists import first_of

_KEYS = ("table", "columns", "values", "constants", "sheet")
#: Keys of study.yaml that a mapping may hold.
CONFIG = (
    *(
        "title",
        "disease",
        "primary_endpoint",
        "design",
        "country",
        "language",
        "index",
        "clocks",
        "covariates",
        "extra_columns",
    ),
    *("group", "cutoffs", "statuses", "settings", "sources", "report_germline"),
)
_TOP = ("tables", "build", *CONFIG, *_KEYS)


@dataclass(frozen=True)
class Mapped:
    """One table of a mapping."""

    table: str
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    sheet: str | None = None


def read_mapping(path: Path) -> tuple[list[Mapped], dict[str, Any]]:
    """Return the tables of a mapping file and what else it says (build, and keys of study.yaml).

    Raises
    ------
    InputError : no YAML, an unknown key, table or column; all of them at once
    """
    content = read_yaml(path)
    if not content:
        raise InputError(f"{path.name}: write `table:` and `columns:` (ours: theirs).")
    faults = [f"{path.name}: unknown key {k}. Known: {', '.join(_TOP)}." for k in content if k not in _TOP]
    raw = content.get("tables") or [content]
    tables = [_one(part, path.name, faults) for part in raw if isinstance(part, dict)]
    if faults:
        raise InputError(faults)
    return [t for t in tables if t], {k: content[k] for k in ("build", *CONFIG) if k in content}


def _one(part: Mapping[str, Any], name: str, faults: list[str]) -> Mapped | None:
    table = part.get("table")
    if table not in TABLES and table != "panel":
        faults.append(f"{name}: table {table} is none of ours. Known: panel, {', '.join(TABLES)}.")
        return None
    known = _known(str(table))
    columns = {str(k): str(v) for k, v in (part.get("columns") or {}).items()}
    for column in (*columns, *(part.get("constants") or {}), *(part.get("values") or {})):
        if column not in known and not (table != "panel" and TABLES[str(table)].open):
            near = nearest(column, known, cutoff=0.5)
            faults.append(f"{name}: {table} has no column {column}." + (f" Did you mean {near}?" if near else ""))
    return Mapped(str(table), columns, part.get("values") or {}, part.get("constants") or {}, part.get("sheet"))


def _known(table: str) -> list[str]:
    if table == "panel":
        return list(PANEL)
    names = [c.name for c in TABLES[table].columns]
    return [*names, *(date_name(n) for n in names if n == "day" or n.endswith("_day"))]


def read_mapped(source: Path, mapping: Path) -> Reading:
    """Read a file by a mapping; columns that it does not name, or that the file lacks, are told.

    Patients and samples that only the rows name are added. A call with gene and protein change but no place is kept by
    these two (``KRAS:p.G12D``): it can be compared with another call of the same form.
    """
    return _read(source, *read_mapping(mapping))


def is_panel(path: Path, *, is_somebodys: bool = False) -> bool:
    """Whether a table has headers known as sample and gene, with a place or a change, and is no MAF: a panel report;
    `is_somebodys`: its folder says whose it is."""
    if not path.is_file() or path.suffix.lower() not in (".txt", ".tsv", ".csv", ".xlsx", ".xls", ".ods"):
        return False
    if is_workbook(path) and len(sheets_of(path)) > 1:
        return False  # every sheet is looked at (`oncourse.io.hospital.workbook`)
    if (first := read_table(path, lenient=True).frame.columns) and speaks_of_people(first):
        return False  # patients, with results in columns beside their follow-up
    header = report_table(path).frame.columns
    ours = set(panel_columns(header).values()) | ({"sample_id", "gene", "value", "consequence"} & set(header))
    wide = len(gene_headers(first)) > 1
    found = {"hgvs_p", "hgvs_c", "pos", *(("value",) if wide or "vaf" in ours else ())}
    alone = {"hgvs_p", "hgvs_c"} & ours and not {"chrom", "pos", "ref", "alt"} & ours
    whose = bool({"sample_id", "patient_id"} & ours) or bool(alone and not names_nobody(path)) or is_somebodys
    if "gene" in ours and "value" not in ours and whose:  # Status: Mutated, Wild-type
        cells = report_table(path).frame
        ours |= set(_by_cells(cells, panel_columns(cells.columns)).values())
    if "value" in ours and "gene" in ours and whose:
        found |= {"value"} if _of_genes(report_table(path).frame) else set()
    if "gene" in ours and "hgvs_p" not in ours and whose and {"vaf", "copies", "consequence"} & ours:
        found |= {"vaf", "copies", "consequence"} if _of_events(report_table(path).frame) else set()
    is_report = whose and "gene" in ours and bool(found & ours)
    return is_report and not looks_like_maf(header) and bool(lacking_with_places(report_table(path).frame))


def _of_genes(frame: pl.DataFrame) -> bool:
    """Whether half of the cells of the column of genes name known ones: a result beside them is a finding."""
    ours = panel_columns(frame.columns)
    cells = frame[next((c for c, o in ours.items() if o == "gene"), "gene")].drop_nulls().unique().to_list()
    known = sum(any(_is_gene(g) for g in genes_named(c)) or bool(gene_headers([c])) for c in cells)
    return bool(cells) and 2 * known >= len(cells)


def _of_events(frame: pl.DataFrame) -> bool:
    """Whether the column of genes holds pairs (fusions), or genes with their copies beside them."""
    ours = panel_columns(frame.columns)
    cells = frame[next((c for c, o in ours.items() if o == "gene"), "gene")].drop_nulls().unique().to_list()
    pairs = sum(pair_named(c) is not None for c in cells)
    return 2 * pairs >= len(cells) > 0 or ({"copies", "consequence"} <= set(ours.values()) and _of_genes(frame))


def _is_gene(name: str) -> bool:
    return gene_name(name)[1] in ("plain", "spelling", "former name") and name.isascii()


def read_panel(path: Path, *, is_alone: bool = True, within: Path | None = None) -> Reading:
    """Read a panel report whose Chinese headers are known, without a mapping of its own; `is_alone`: it is no part of a
    folder of reports, whose days count from the first of all; `within`: as of `of_file`."""
    return _read(path, [Mapped("panel", {})], {}, is_alone=is_alone, within=within)


def _read(
    source: Path,
    tables: Sequence[Mapped],
    more: Mapping[str, Any],
    *,
    is_alone: bool = True,
    within: Path | None = None,
) -> Reading:
    reading = Reading(
        {}, StudyConfig(title=str(more.get("title") or source.stem), sources=(source.name,)), foreign=True
    )
    read, seen = set[str](), list[str]()
    for part in tables:
        is_panel = part.table == "panel"
        text = (
            report_table(source, part.sheet)
            if is_panel and not part.columns
            else read_table(source, lenient=True, sheet=part.sheet)
        )
        reading.problems += text.problems
        if text.frame.is_empty() and text.has_errors:
            continue
        if is_panel and text.has_errors:
            continue  # a row of too many cells is none of a known form
        kind = "report of a laboratory" if is_panel else f"table of {part.table}"
        reading.ledger.file(source.name, kind, "used", n_rows=text.frame.height)
        frame = named(text.frame, part, source, reading)
        read |= set(text.frame.columns) - unread(text.frame, part)
        seen += [c for c in text.frame.columns if c not in seen]
        if is_panel:
            left = unread(text.frame, part)
            if is_workbook(source) and not part.columns:  # 胚系变异: what the name of its sheet says
                said = said_by_title(next((s.name for s in sheets_of(source)), None))
                frame = frame.with_columns(pl.lit(v).alias(c) for c, v in said.items() if c not in frame.columns)
            frame = of_patients(_of_specimens(frame, text.frame, left, source.name, reading), reading)
            quality_of(source.name, text.frame, left, reading)
            frame = of_file(frame, source, left, reading, text.frame, within)
            must_be_whose(frame.columns, text.frame.columns, source)
            reading.problems += moved_cells(frame, text.lines, text.problems, source.name)
            panel_calls(frame, source, text.lines, reading)
        else:
            once = _once(frame, part, len(tables) > 1)
            reading.tables[part.table] = frame[once]
            reading.lines[part.table] = text.lines[once]
        reading.sources.setdefault("calls" if part.table == "panel" else part.table, source.name)
    if not reading.tables and (bad := [p for p in reading.problems if p.severity == "error"]):
        raise InputError(bad)  # not the tables that are missing for it
    told_unread(source.name, [c for c in seen if c not in read], reading)
    config: dict[str, Any] = {k: more[k] for k in CONFIG if k in more and k != "title"}
    config |= {"genome_build": more["build"]} if "build" in more else {}
    if config:
        reading.config = config_from_mapping({"title": reading.config.title, **config}, source.name)
    as_our_tables(reading)
    complete(reading)
    if is_alone and all(t.table == "panel" for t in tables):
        first_report_is_day_0(reading)
    return reading


def first_report_is_day_0(reading: Reading) -> None:
    """Count the days of a report alone from the first of each patient; a date that is none is told where days are made."""
    samples = reading.tables["samples"]
    if "date" not in samples.columns or "day" in samples.columns or "patient_id" not in samples.columns:
        return
    date = plain_dates(samples["date"].cast(pl.String))
    whole = date.str.to_date("%Y-%m-%d", strict=False)
    unread = samples.filter(date.is_not_null() & whole.is_null())["sample_id"]
    if len(unread):
        message = (
            f"the date of {len(unread):,} samples is no whole date (first: {unread[0]}): their days are not known."
        )
        cure = "Write dates as 2023-05-01."
        reading.problems.append(Problem("samples", None, "date", unread[0], message, cure, "warning"))
    first = samples.with_columns(whole.alias("_first")).group_by("patient_id").agg(pl.col("_first").min())
    days = samples.with_columns(whole.alias("_date")).join(first, on="patient_id", how="left", maintain_order="left")
    day = (pl.col("_date") - pl.col("_first")).dt.total_days().cast(pl.String).alias("day")
    reading.tables["samples"] = days.with_columns(day).drop("_date", "_first", "date")
    reading.config = replace(reading.config, index=reading.config.index or "first report")
    reading.notes.append("no date of day 0: days count from each patient's first report")


def of_patients(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """A report that names patients and no samples: his only sample, else one of the patient's name."""
    if "sample_id" in frame.columns:
        return _by_material(frame, reading)
    if "patient_id" not in frame.columns:
        return frame
    frame = _parted(unmerged(frame, _APART, reading), reading)
    samples = reading.tables.get("samples", pl.DataFrame(schema={"sample_id": pl.String, "patient_id": pl.String}))
    one = samples.filter(~pl.col("patient_id").is_duplicated()).select("patient_id", "sample_id").drop_nulls()
    if "sample_id" in frame.columns:
        return frame
    reading.notes.append("the report names no samples: its rows are of the patients' only samples")
    return frame.with_columns(pl.col("patient_id").replace(dict(one.iter_rows())).alias("sample_id"))


def _by_material(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Part a sample whose rows are of several materials (one number of a patient's tissue and blood): each is one."""
    if "material" not in frame.columns:
        return frame
    kind = {w: material_of_word(w) or w for w in frame["material"].cast(pl.String).drop_nulls().unique()}
    of = pl.col("material").cast(pl.String).replace(kind)
    several = (of.drop_nulls().n_unique() > 1).over("sample_id") & of.is_not_null()
    parted = frame.filter(several & pl.col("sample_id").is_not_null())
    if parted.is_empty():
        return frame
    ids = parted["sample_id"].unique(maintain_order=True).to_list()
    message = f"{len(ids):,} samples have rows of several materials ({first_of(ids, 4)}): each is a sample of its own."
    cure = "Give each its own sample_id (样本编号), and the patient's id beside it."
    reading.problems.append(Problem("samples", None, "sample_id", ids[0], message, cure, "warning"))
    patient = optional(frame, "patient_id").cast(pl.String)
    own = pl.when(several).then(pl.coalesce(patient, "sample_id")).otherwise(patient)
    return frame.with_columns(
        pl.when(several).then(pl.concat_str("sample_id", of, separator="_")).otherwise("sample_id").alias("sample_id"),
        own.alias("patient_id"),
    )


def _of_specimens(
    frame: pl.DataFrame, text: pl.DataFrame, left: Collection[str], name: str, reading: Reading
) -> pl.DataFrame:
    """Name the samples of a report of patients by a column that tells them apart (Region, Timepoint) and is in none of
    ours, as `oncourse.io.variants.specimens.parted` does for every other list of variants."""
    if "sample_id" in frame.columns or "patient_id" not in frame.columns or not set(specimen_columns(left)):
        return frame
    rows, said = parted(frame.with_columns(pl.col("patient_id").alias("sample_id")), text, (), name)
    reading.notes += said
    return rows if said else frame


#: What tells the samples of one patient apart in a report that does not name them.
_APART = ("material", "role", "site", "date", "day")


def _parted(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Name the samples of a patient whose rows are of several materials, lesions or days: each is one."""
    columns = [c for c in _APART if c in frame.columns]
    if "date" in columns:
        frame = frame.with_columns(plain_dates(frame["date"]).alias("date"))
    varies = [c for c in columns if frame.group_by("patient_id").agg(pl.col(c).n_unique())[c].max() not in (None, 1)]
    if not varies:
        return frame
    marks = r"[\s/\\:]+"  # an id holds none of these
    parts = [pl.col(c).cast(pl.String).str.strip_chars().str.replace_all(marks, "-").fill_null("") for c in varies]
    name = pl.concat_str([pl.col("patient_id"), *parts], separator="_").str.replace_all("_+", "_").str.strip_chars("_")
    several = pl.struct(varies).n_unique().over("patient_id") > 1
    reading.notes.append(f"the report names no samples: {', '.join(varies)} tell those of a patient apart")
    return frame.with_columns(pl.when(several).then(name).otherwise("patient_id").alias("sample_id"))


def _once(frame: pl.DataFrame, part: Mapped, one_of_several: bool) -> list[int]:
    """Return the rows to keep: of a file of several tables, what one row says of a patient stands on each of his
    visits.

    Only of tables of one row per patient (or sample), and where no day is read: the same value on one day may be two.
    """
    undated = not any(c.endswith(("day", "date")) for c in part.columns)
    indexed = frame.with_row_index("_at")
    if one_of_several and (undated or len(TABLES[part.table].key) == 1):
        indexed = indexed.unique(frame.columns, keep="first", maintain_order=True)
    return indexed["_at"].to_list()


def _our_names(frame: pl.DataFrame, part: Mapped) -> dict[str, str]:
    """Return their column -> ours, as the mapping says, else as the vocabulary does."""
    theirs = {v.strip(): k for k, v in part.columns.items()}
    renamed = {c: theirs[c.strip()] for c in frame.columns if c.strip() in theirs}
    known = set(_known(part.table))
    columns = [c for c in frame.columns if not _of_transcripts(frame[c]) and not may_be_either(c)]
    by_word = panel_columns(columns) if part.table == "panel" else our_columns(frame.columns)
    if part.table == "panel":
        by_word |= _by_cells(frame, by_word)
    by_word = {c: "material" if o == "sample_id" and _of_materials(frame[c]) else o for c, o in by_word.items()}
    guessed = {c: ours for c, ours in by_word.items() if c not in renamed}
    return renamed | {c: o for c, o in guessed.items() if o in known and o not in renamed.values()}


def _by_cells(frame: pl.DataFrame, named: Mapping[str, str]) -> dict[str, str]:
    """Return column -> ours of those that their cells decide (Type: of the sample, or of the variant); one that says
    neither, or what another column says, is in none."""
    out: dict[str, str] = {}
    for column in (c for c in frame.columns if may_be_either(c) or (may_be_kind(c) and c not in named)):
        kind = kind_of_cells(frame[column], is_named=may_be_kind(column))
        ours = {"sample": ("material", "role"), "variant": ("consequence",)}.get(kind or "", ())
        if kind == "sample" and not all(meaning("role", w) for w in frame[column].drop_nulls().unique()):
            ours = ours[:1]
        ours = ours if may_be_either(column) or kind == "sample" else ()
        free = [o for o in ours if o not in (*named.values(), *out.values(), *frame.columns)]
        out |= {column: free[0]} if free else {}
    for column in (c for c in frame.columns if c not in named and c not in out):
        said = _of_results(column, frame[column])
        if said and said not in (*named.values(), *out.values(), *frame.columns):
            out[column] = said
    return out


def _of_results(column: str, values: pl.Series) -> str | None:
    """Return whether a column that may say a status by its name says an origin (``origin``: Somatic, Germline) or what was
    found (``value``: Mutated, Wild-type), by all of its words; null where it says neither.

    >>> _of_results("Status", pl.Series(["Somatic", "Germline"])), _of_results("Status", pl.Series(["Mutated", "WT"]))
    ('origin', 'value')
    >>> _of_results("Status", pl.Series(["final", "Somatic"])), _of_results("Note", pl.Series(["Somatic"]))
    (None, None)
    """
    if may_say(column) not in ("origin", "called"):
        return None
    words = [w for w in values.cast(pl.String).str.strip_chars().drop_nulls().unique() if w not in ("", ".", "-")]
    subjects = (("origin", "origin"), ("panel_result", "value"))
    return next((ours for subject, ours in subjects if words and all(meaning(subject, w) for w in words)), None)


def _of_materials(values: pl.Series) -> bool:
    """Whether each cell of a column says a material (Specimen: plasma): it names no sample."""
    words = values.cast(pl.String).drop_nulls().unique()
    return bool(len(words)) and all(meaning("material", w) or meaning("blood", w) for w in words)


#: The accession of a transcript or protein, alone in its cell.
_TRANSCRIPT = r"^(ENS[TP]\d{6,}|[NX][MRP]_\d{4,}|CCDS\d+|LRG_\d+t\d+)(\.\d+)?$"


def _of_transcripts(values: pl.Series) -> bool:
    """Whether each cell of a column is a transcript (COSMIC's Accession Number: ENST00000256078.4): it names no sample."""
    words = values.cast(pl.String).drop_nulls()
    return bool(len(words)) and bool(words.str.contains(_TRANSCRIPT).all())


def unread(frame: pl.DataFrame, part: Mapped) -> set[str]:
    """The columns that are in no column of this table of ours, and remarks: only a word of the germline is taken of them."""
    named = {c for c, ours in _our_names(frame, part).items() if ours != "remark"}
    return set(frame.columns) - named - set(_known(part.table))


#: A column of another name that may say whose a row is.
_WHOSE = re.compile(
    r"(?i)[编号码]|姓名|患者|病人|样[本品]|标本|(^|[ _.-])(id|code|no|number|name|patient|subject|case|mrn|uid)($|[ _.-])|"
    r"(patient|subject|sample|specimen|case|record|accession|barcode|report|request|order)\w{0,4}(id|no|number|code)$"
)


def quality_of(name: str, text: pl.DataFrame, left: Collection[str], reading: Reading) -> None:
    """Refuse a report of which a column that is not read says that its quality control failed: what such a sample does
    not show is no wild type."""
    for column in (c for c in text.columns if c in left and QUALITY.search(c)):
        failed = text[column].drop_nulls().filter(text[column].drop_nulls().str.contains(FAILED.pattern))
        if len(failed):
            told_failed(name, column, failed[0], reading)


def told_failed(name: str, column: str, word: str, reading: Reading) -> None:
    """Say that a report's own quality control failed: an error, as nothing found in it is no wild type."""
    message = f"{column}: {word}. What a sample of failed quality does not show is no wild type."
    cure = "Leave out the report, or the rows of the sample; keep what was found in `markers`."
    reading.problems.append(Problem(name, None, column, word, message, cure))


#: What stands first in a report and is no id: the number of the row, a class of evidence, a transcript.
_NO_ID = re.compile(r"(?i)^(tier|class|level|grade|等级|分类|[ivx]+类|[nx][mrc]_|chr|exon)|^\d{1,3}$|[%.]")


def _first_may_be_ids(text: pl.DataFrame, left: Collection[str]) -> bool:
    """Whether the first column of a table is not read and holds several short names with numbers in them."""
    if not text.width or text.columns[0] not in left:
        return False
    words = text.to_series(0).cast(pl.String).str.strip_chars().drop_nulls().unique().to_list()
    ids = [w for w in words if re.search(r"\d", w) and len(w) <= 40 and not _NO_ID.search(w)]
    return len(ids) > 1 and 2 * len(ids) >= len(words)


#: A date in the name of a file: 李四_血浆_20230105.
_DATE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})[-.]?(0[1-9]|1[0-2])[-.]?(0[1-9]|[12][0-9]|3[01])(?![0-9])")


def of_file(
    frame: pl.DataFrame,
    path: Path,
    left: Collection[str],
    reading: Reading,
    text: pl.DataFrame | None = None,
    within: Path | None = None,
) -> pl.DataFrame:
    """Give a report that names nobody the sample that its file is named after; what it is, where the name says so.

    ``张三_组织.xlsx`` is 张三's tissue. `left`: the columns that are not read; one may name the sample, by its name or,
    where it is the first of `text` (the table as it stands), by what it holds. `within`: a folder whose folders are called
    after patients; a report of one sample below it is of that patient.
    """
    of_patient = of_folder(path, within)
    if of_patient and "patient_id" not in frame.columns and "sample_id" in frame.columns:
        one = frame["sample_id"].drop_nulls().n_unique() == 1
        return frame.with_columns(pl.lit(of_patient["patient_id"]).alias("patient_id")) if one else frame
    if text is not None and _first_may_be_ids(text, left):
        return frame
    if {"sample_id", "patient_id"} & set(frame.columns) or "gene" not in frame.columns:
        return frame
    if of_patient:
        return frame.with_columns(pl.lit(v).alias(c) for c, v in of_patient.items() if c not in frame.columns)
    if names_nobody(path):
        return frame
    if is_knowledge(frame, path, left):
        raise InputError(
            f"{path.name}: the table names nobody and lists what is known of variants (drugs, evidence), no patient's "
            "findings. Leave it out; or name the sample of each row (a column sample_id), if it is a report."
        )
    if any(_WHOSE.search(c) for c in left):
        return frame
    sample = REPORT.sub("", sample_of_file(path)) or sample_of_file(path)
    patient, word = beginning(sample) or (None, sample)
    drawn = _DATE.search(sample)
    patient, word = beginning(sample[: drawn.start()].rstrip("_.- ") if drawn else sample) or (patient, word)
    date = "-".join(drawn.groups()) if drawn else None
    said = {"sample_id": sample, "patient_id": patient, "material": material_of_word(word), "date": date}
    reading.notes.append(f"{path.name}: names nobody: its rows are of sample {sample} (file name)")
    return frame.with_columns(pl.lit(v).alias(c) for c, v in said.items() if v and c not in frame.columns)


def told_unread(name: str, columns: Sequence[str], reading: Reading) -> None:
    """Note the columns of a table that are not read."""
    if columns:
        reading.notes.append(f"{name}: columns not read: {', '.join(columns[:12])}")


def named(frame: pl.DataFrame, part: Mapped, source: Path, reading: Reading) -> pl.DataFrame:
    """Return the columns under our names; the vocabulary knows Chinese headers that the mapping leaves out."""
    theirs, known = {v.strip(): k for k, v in part.columns.items()}, set(_known(part.table))
    renamed = _our_names(frame, part)
    frame = percent_cells(frame, renamed)
    for column in frame.columns:
        ours = renamed.get(column) or (column if column in known else None)
        state, became = ("used", f"{part.table}.{ours}") if ours else ("not read", "")
        n = frame.height - frame[column].null_count()
        reading.ledger.column(source.name, column, state if n else "empty", became=became, n=n)
    for their, ours in theirs.items():
        if their not in {c.strip() for c in frame.columns}:
            near = nearest(their, frame.columns, cutoff=0.5)
            cure = f"Did you mean {near}?" if near else f"The file has: {', '.join(frame.columns[:12])}."
            problem = Problem(source.name, 1, their, None, f"the column {their} (for {ours}) is not there.", cure)
            reading.problems.append(problem)
    keep = [c for c in frame.columns if c in renamed or c in known]
    out = frame.select(keep).rename({c: o for c, o in renamed.items() if c in keep})
    texts = [pl.col(c) for c, t in out.schema.items() if t == pl.String]
    # digits and signs of an East Asian width are plain ones
    full = [c.str.contains(r"^[０-９．，－：／\s]+$") for c in texts]
    wide = [pl.when(f).then(c.str.normalize("NFKC")).otherwise(c) for c, f in zip(texts, full, strict=True)]
    out = out.with_columns(wide)
    for column, words in part.values.items():
        if column in out.columns:
            pairs = {str(k): str(v) for k, v in words.items()}
            out = out.with_columns(pl.col(column).replace(pairs))
    if part.table == "panel":
        out = denied_elsewhere(out, frame, set(frame.columns) - set(keep), source.name, reading)
    said = _material_said(frame.columns, renamed, source)
    if part.table == "panel" and said and "material" not in {*out.columns, *part.constants}:
        out = out.with_columns(pl.lit(said).alias("material"))
    return out.with_columns(pl.lit(str(v)).alias(k) for k, v in part.constants.items())


#: A day on which blood was drawn.
_OF_BLOOD = re.compile(r"(?i)^(采血|抽血|取血|blood[ _]?(draw|collection)|(date|day) of blood)")
#: The name of a sheet or file of liquid biopsies; one that names tissue too says nothing of each row.
_LIQUID = re.compile(
    r"(?i)(?<![a-z])(ct|cf)-?dna|血浆|液体活检|liquid[ _-]?biops|(?<![a-z])plasma|(?<![a-z])MRD(?![a-z])|血检"
)
_SOLID = re.compile(r"(?i)组织|原发|转移灶|石蜡|tissue|tumou?r|ffpe|primary|配对|paired|vs")


def _material_said(columns: Sequence[str], renamed: Mapping[str, str], source: Path) -> str | None:
    """Return what a report without such a column says of all its samples: plasma, where the share is one of cell-free DNA
    (Guardant's ``% cfDNA``) or its sheet is called so; blood, where a day of its drawing stands there."""
    of_plasma = any(o == "vaf" and re.search(r"(?i)cf_?dna|ctdna", c) for c, o in renamed.items())
    names = [source.name.rpartition(": ")[2]]
    if source.is_file() and is_workbook(source):
        names += [s.name for s in sheets_of(source)][:1]
    if of_plasma or any(_LIQUID.search(n) and not _SOLID.search(n) for n in names):
        return "plasma"
    return "血" if any(_OF_BLOOD.match(c.strip()) for c in columns) else None


def complete(reading: Reading) -> None:
    """Patients are those the rows name; samples and calls are empty where no table holds them."""
    ids: Sequence[pl.Series] = [f["patient_id"] for f in reading.tables.values() if "patient_id" in f.columns]
    if "patients" not in reading.tables and ids:
        reading.tables["patients"] = pl.concat(ids).drop_nulls().unique(maintain_order=True).to_frame("patient_id")
    follow_up = reading.tables.get("follow_up")
    if follow_up is not None:
        for unit in ("day", "date"):
            last, death = f"last_contact_{unit}", f"death_{unit}"
            if death in follow_up.columns:  # whoever died was last seen alive on no later day
                own = [pl.col(last)] if last in follow_up.columns else []
                follow_up = follow_up.with_columns(pl.coalesce(*own, death).alias(last))
        reading.tables["follow_up"] = follow_up
    for name in ("samples", "calls"):
        if name not in reading.tables:
            reading.tables[name] = TABLES[name].empty()
