"""How a panel report lies on its page: what stands above its header, and whether its genes are columns.

Laboratories put the report's number and the patient above the table, remarks below it, and some give one column per
gene (``样本编号 KRAS NRAS BRAF``). Both become the plain long table that `oncourse.io.reports.panel_rows` reads.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.facts.report_genes import exons_named, genes_named
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.reports.sections import MOST_LINES, sections
from oncourse.io.reports.tested import with_tested
from oncourse.io.reports.two_columns import in_one_column
from oncourse.io.reports.wide import of_samples
from oncourse.io.tabular.encoding import sniff
from oncourse.io.tabular.quoted import cells_of_line
from oncourse.io.tabular.sheet_table import sheet_table
from oncourse.io.tabular.sheets import is_workbook, sheets_of
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_lines, read_table
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

#: So many lines are looked through for the header.
_LOOKED_THROUGH = 60
_FINDING = {"hgvs_p", "hgvs_c", "value", "pos", "consequence"}
_NAME = r"[A-Za-z][A-Za-z .]{0,18}[A-Za-z.]|[^\s:：,，;；、|]{2,12}"
#: A name and its value (``样本编号：S1``), of which a cell may hold several.
_PAIRS = re.compile(rf"(?:^|(?<=[\s,，;；、|]))(?P<name>{_NAME})\s*[:：]\s*(?P<value>[^\s,，;；、|]+)")


def report_table(path: Path, sheet: str | None = None) -> TextTable:
    """Return the rows of a report under its own headers, one row per sample and gene; its sample where it stands
    above."""
    return in_one_column(_report_table(path, sheet))


def _report_table(path: Path, sheet: str | None) -> TextTable:
    cells = _top(path, sheet)
    at = next((i for i, row in enumerate(cells) if _is_header(row)), None)
    if at is None:
        return _of_sentences(_long(of_samples(read_table(path, lenient=True, sheet=sheet))))
    table = _of_sections(path, sheet, at) or _from_line(path, sheet, at)
    above = [cell for row in cells[:at] for cell in row]
    titles = _sheet(path, sheet).title if is_workbook(path) else ()
    above = [*titles, *above]
    table = replace(table, frame=with_tested(table.frame, above))
    return _long(of_samples(_told_above(_with_sample(table, above), above, path)))


def _top(path: Path, sheet: str | None) -> list[list[str]]:
    """Return the cells of the first lines."""
    if is_workbook(path):
        found = _sheet(path, sheet)
        if found is None:
            return []
        rows = [[c or "" for c in row] for row in [found.header, *found.rows[:_LOOKED_THROUGH]]]
        return rows
    try:
        data = read_lines(path)
    except ValueError:
        return []
    encoding, mark = sniff(data)
    if encoding == "binary":
        return []
    lines = data[mark : mark + (1 << 16)].decode(encoding, errors="replace").splitlines()[:_LOOKED_THROUGH]
    return [_split(line) for line in lines]


def _of_sections(path: Path, sheet: str | None, at: int) -> TextTable | None:
    """Return the tables of a report that holds several, one below the other; null where it is one."""
    if is_workbook(path):
        found = _sheet(path, sheet)
        if found is None:
            return None
        rows = [[c or "" for c in row] for row in [found.header, *found.rows]]
        return sections(rows[at:], [1, *found.lines][at:], path.stem, rows[:at])
    data = read_lines(path)
    if data.count(b"\n") > MOST_LINES:
        return None
    encoding, mark = sniff(data)
    rows = [_split(line) for line in data[mark:].decode(encoding, errors="replace").splitlines()]
    return sections(rows[at:], range(at + 1, len(rows) + 1), path.stem, rows[:at])


def _split(line: str) -> list[str]:
    if "\t" in line:
        return [c.strip().strip('"') for c in line.split("\t")]
    mark = ";" if line.count(";") > line.count(",") else ","
    return [c.strip() for c in cells_of_line(line, mark)]


def _sheet(path: Path, sheet: str | None):  # type: ignore[no-untyped-def]
    sheets = sheets_of(path)
    named = [s for s in sheets if sheet and s.name.strip().lower() == sheet.strip().lower()]
    return next(iter(named or (() if sheet else sheets)), None)


def _is_header(row: list[str]) -> bool:
    """Whether a line is the header: a gene and what was found in it, or samples and a column per gene."""
    ours = set(panel_columns([c for c in row if c]).values())
    return ("gene" in ours and bool(ours & _FINDING)) or (
        bool({"sample_id", "patient_id"} & ours) and any(c.upper() not in ("MSI", "TMB") for c in gene_headers(row))
    )


#: Words behind the gene of a column of findings.
_HEAD = re.compile(
    r"(?i)(?:[ _.-]*(?:基因|突变|检测|状态|结果|情况|gene|mutations?|mutated|mut|status|results?|variants?|analysis|"
    r"test(?:ing)?))+$"
)


def gene_headers(columns: list[str]) -> list[str]:
    """Return the columns that are headed by a gene.

    >>> gene_headers(["样本编号", "KRAS", "NRAS基因", "stage"])
    ['KRAS', 'NRAS基因']
    >>> gene_headers(["KRAS 2外显子", "BRAF V600E", "KRAS检测日期", "KRAS mutation status", "NRAS突变检测结果"])
    ['KRAS 2外显子', 'BRAF V600E', 'KRAS mutation status', 'NRAS突变检测结果']
    """
    bare = {c: _HEAD.sub("", unicodedata.normalize("NFKC", c).strip()).strip(" _").upper() for c in columns}
    whole = [c for c, n in bare.items() if (n in symbols() and len(n) > 2) or n in ("MSI", "TMB", "RAS", "全RAS")]
    # KRAS 2外显子, BRAF V600E: a part of a gene
    spaced = {c: c.replace("_", " ") for c in columns}
    parts = [c for c, s in spaced.items() if c not in whole and (exons_named(s) or finding(s).changes)]
    parts = [c for c in parts if len(g := genes_named(spaced[c])) == 1 and g[0].upper() in symbols()]
    return [c for c in columns if c in whole or c in parts]


def _from_line(path: Path, sheet: str | None, at: int) -> TextTable:
    if not at:
        return read_table(path, lenient=True, sheet=sheet)
    if not is_workbook(path):
        return read_table(path, lenient=True, skip=at)
    found = _sheet(path, sheet)
    header = [c or "" for c in found.rows[at - 1]]
    while header and not header[-1]:
        header.pop()
    rows = [row[: len(header)] for row in found.rows[at:]]
    return sheet_table(replace(found, header=header, rows=rows, lines=found.lines[at:]), found.name)


def _with_sample(table: TextTable, above: list[str]) -> TextTable:
    """Add the sample that stands above a table without such a column; what it is of and when it was taken, too."""
    ours = set(panel_columns(table.frame.columns).values())
    said: dict[str, str] = {}
    for column, value in pairs_in(above):
        said.setdefault(column, value)
    whose = () if "sample_id" in ours else ("sample_id", "patient_id")
    more = [c for c in ("material", "date") if c not in ours]
    frame = table.frame.with_columns(pl.lit(said[c]).alias(c) for c in (*whose, *more) if c in said)
    return replace(table, frame=frame)


#: The name of something said above a table: ``诊断：结肠癌``.
_LABEL = re.compile(r"(?:^|[\s,，;；、])([^\s:：,，;；、]{2,8})\s*[:：]\s*\S")


def _told_above(table: TextTable, above: list[str], path: Path) -> TextTable:
    """Say what stands above the table and is not read, by its names alone: the values may name people."""
    said = [m[1] for cell in above for m in _LABEL.finditer(cell)]
    left = [name for name in dict.fromkeys(said) if not panel_columns([name])]
    if not left:
        return table
    message = f"{', '.join(left[:8])} stand above the table and are not read."
    cure = "Give what is needed of it in a clinical table (patients, samples)."
    told = Problem(path.name, None, None, left[0], message, cure, "warning")
    return replace(table, problems=(*table.problems, told))


def pairs_in(cells: list[str]) -> list[tuple[str, str]]:
    """Return (column of ours, value) of cells such as ``样本编号：S1`` (of which one may hold several), or of a name with
    its value in the next cell.

    >>> pairs_in(["样本编号：S1 ", "姓名", "某", "病案号", "", "77"])
    [('sample_id', 'S1'), ('patient_id', '77')]
    >>> pairs_in(["样本编号：L2305-B    样本类型：血浆  采样日期：2023-05-09"])
    [('sample_id', 'L2305-B'), ('material', '血浆'), ('date', '2023-05-09')]
    """
    filled = [c for c in cells if c]
    out = []
    for cell, following in zip(filled, [*filled[1:], ""], strict=False):
        found = [(m["name"], m["value"]) for m in _PAIRS.finditer(cell)] or [(cell.strip(" :："), following)]
        for name, value in found:
            ours = _named_above(name.strip())
            if ours and value and _named_above(value) is None:
                out.append((ours, value))
    return out


def _named_above(name: str) -> str | None:
    """Return the column of a report, or the date of its sample, that a name is."""
    ours = next(iter(panel_columns([name]).values()), None)
    return ours or ("date" if meaning("column", name) == "date" else None)


def _long(table: TextTable) -> TextTable:
    """Turn a table with a column per gene into one with a row per sample and gene."""
    columns = table.frame.columns
    ours = panel_columns(columns)
    genes = [c for c in gene_headers(columns) if c not in ours]
    genes = genes if any(c.upper() not in ("MSI", "TMB") for c in genes) else []
    if "gene" in ours.values() or not genes:
        return table
    frame = table.frame.with_columns(table.lines.alias("_line"))
    shares = _shares_beside(genes, columns)
    rest = [c for c in frame.columns if c not in genes]
    # an empty cell of a gene is no row of a report: nothing was said of it
    turned = frame.unpivot(genes, index=rest, variable_name="gene", value_name="value")
    if shares and "vaf" not in ours.values():
        own = pl.coalesce(pl.when(pl.col("gene") == g).then(pl.col(c).cast(pl.String)) for g, c in shares.items())
        turned = turned.with_columns(own.alias("vaf")).drop(list(shares.values()))
    order = {g: i for i, g in enumerate(genes)}
    turned = turned.sort("_line", pl.col("gene").replace_strict(order), maintain_order=True)
    bare = {g: _gene_alone(g) for g in genes}
    turned = turned.with_columns(pl.col("gene").replace(bare).str.replace_all("_", " "))  # KRAS_exon2
    return replace(table, frame=turned.drop("_line"), lines=turned["_line"])


_SHARE = re.compile(
    r"^(.+?)[\s_.-]*(?:突变)?(?:丰度|频率|比例|vaf|af|maf|frequency)\s*(?:[(（]?\s*[%％]\s*[)）]?)?$", re.I
)


_RESULT = re.compile(r"(?i)(?:[ _.-]*(?:检测|状态|结果|情况|status|results?))+$")


def _shares_beside(genes: list[str], columns: list[str]) -> dict[str, str]:
    """Return gene's column -> the column of its share (KRAS丰度 beside KRAS结果)."""
    alone = {_gene_alone(g).upper(): g for g in genes}
    found = {c: alone.get(m[1].strip().upper()) for c in columns if c not in genes and (m := _SHARE.match(c))}
    return {gene: column for column, gene in found.items() if gene}


def _gene_alone(header: str) -> str:
    """Return a header that is a gene with a word for its result behind it (KRAS 结果) as the gene; others, and those that
    ask for a mutation (KRAS mutation: yes), as they are."""
    bare = _RESULT.sub("", unicodedata.normalize("NFKC", header).strip()).strip(" _")
    return bare if bare.upper() in symbols() else header


_SENTENCE = r"[;；。\n]+|(?<!\b[pc])\.\s+(?=[A-Z])"
#: Parts of a sentence of findings, and the first word of each that may be a gene's symbol.
_PART = r"[;；、\n]+|,(?=\s*[A-Z][A-Z0-9-]{2,}[\s:])"
_SYMBOL = re.compile(r"(?<![A-Za-z0-9])([A-Z][A-Za-z0-9-]{2,9})(?![A-Za-z0-9])")


def _of_sentences(table: TextTable) -> TextTable:
    """Give each finding of a report without a column of genes its row: ``KRAS p.G12D (30%)；TP53 p.R175H``.

    A part that names no gene is of the one before it; a cell that names none at all (``未检出``) has no gene.
    """
    ours = panel_columns(table.frame.columns)
    cells = next((c for want in ("value", "hgvs_p") for c, o in ours.items() if o == want), None)
    if {"gene", "pos"} & set(ours.values()) or cells is None or "sample_id" not in ours.values():
        return table
    rows = [_findings(text) for text in table.frame[cells]]
    if not any(gene for parts in rows for gene, _ in parts):
        return table
    pair = pl.Struct({"gene": pl.String, cells: pl.String})
    each = pl.Series("_each", [[{"gene": g, cells: t} for g, t in parts] for parts in rows], dtype=pl.List(pair))
    frame = table.frame.drop(cells).with_columns(each, table.lines.alias("_line")).explode("_each").unnest("_each")
    return replace(table, frame=frame.drop("_line"), lines=frame["_line"])


def _findings(text: str | None) -> list[tuple[str | None, str | None]]:
    """Return gene and words of each part of a cell.

    >>> _findings("KRAS p.G12D (30%); TP53 p.R175H、p.R248Q"), _findings("未检出")
    ([('KRAS', 'p.G12D (30%)'), ('TP53', 'p.R175H'), ('TP53', 'p.R248Q')], [(None, '未检出')])
    >>> _findings("KRAS G12D突变；未检出NRAS、BRAF突变")
    [('KRAS', 'G12D突变'), ('NRAS', '未检出、突变'), ('BRAF', '未检出、突变')]
    """
    out: list[tuple[str | None, str | None]] = []
    for sentence in re.split(_SENTENCE, unicodedata.normalize("NFKC", text or "")):
        out += _of_sentence(sentence, next((g for g, _ in reversed(out) if g), None))
    return out or [(None, text)]


def _of_sentence(text: str, gene: str | None) -> list[tuple[str | None, str | None]]:
    """Return gene and words of the findings of a sentence; `gene`: the last that was named before it."""
    named = [(m[1].upper(), m) for m in _SYMBOL.finditer(text) if m[1].upper() in symbols()]
    if len(named) > 1 and finding(text).state in ("absent", "untested") and not finding(text).denied:
        return [(g, _SYMBOL.sub(lambda m: "" if m[1].upper() in symbols() else m[0], text).strip()) for g, _ in named]
    out: list[tuple[str | None, str | None]] = []
    for part in re.split(_PART, text):
        first = next((m for m in _SYMBOL.finditer(part) if m[1].upper() in symbols()), None)
        gene = first[1].upper() if first else gene
        words = (part[: first.start()] + part[first.end() :] if first else part).strip(" :,")
        if part.strip():
            if words.startswith("均"):  # of each gene before it that says nothing of its own
                out = [(g, w or words) for g, w in out]
            out.append((gene, words or None))
    return out


def must_be_whose(columns: list[str], theirs: list[str], path: Path) -> None:
    """Refuse a report without a column for the sample or the gene: each of its rows would be left out.

    `columns` are those under our names, `theirs` as the file heads them.

    Raises
    ------
    InputError : with the headers that are there
    """
    lacking = [w for w, names in (("sample", {"sample_id"}), ("gene", {"gene", "pos"})) if not names & set(columns)]
    if lacking:
        raise InputError(
            f"{path.name}: no column for the {' and the '.join(lacking)} is known (it has: {', '.join(theirs[:12])}). "
            f"Name "
            "them sample_id (样本编号) and gene (基因), or say which they are with `oncourse import table FILE DIR "
            "--mapping map.yaml`."
        )
