"""Structural variants and copy numbers of a VCF -> fusions and segments, by the genes at both ends.

Which gene a junction cuts, and whether it keeps that gene's beginning or its end, follows from place and strand
(`oncourse.genome.gene_models`): a fusion joins the beginning of one gene to the end of another. What cuts a gene and
joins no two is kept as a change within the gene; what touches none is left out. Each is told.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from oncourse.genome.gene_models import BUILDS, Model, models
from oncourse.genome.places import locate
from oncourse.io.calling import passes
from oncourse.io.normal_reads import NORMAL_VAF
from oncourse.io.structural.junctions import Junction, junctions, support
from oncourse.io.tabular.table import TextTable
from oncourse.study.tables import TABLES

FUSIONS = {"sample_id": pl.String, "gene_5p": pl.String, "gene_3p": pl.String, "support": pl.Int64}
SEGMENTS = TABLES["segments"].schema
_FAILED_COPIES = "copy number that failed its FILTER"
#: FILTER of Oncomine's copy numbers that are no fault (Ion Reporter's guide, from memory).
_COPY_FILTERS = ("GAIN", "LOSS")
#: Name of the fusion of a targeted RNA assay (Oncomine): ``CCDC6-RET.C1R12_1``.
_TARGETED = re.compile(r"^([A-Z][A-Z0-9]+)-([A-Z][A-Z0-9-]*?)\.")
_Pair = tuple[str | None, str | None]
_Ends = Mapping[tuple[str, int], tuple[str | None, str | None]]


#: Purity and ploidy that a file of copy numbers has in its header.
FITS = {"sample_id": pl.String, "purity": pl.Float64, "ploidy": pl.Float64}


#: Copies of genes that rows of a table say in words (-2 to 2).
GENE_COPIES = {"sample_id": pl.String, "gene": pl.String, "call": pl.Float64}


@dataclass
class Large:
    """Fusions (`FUSIONS`) and segments (`SEGMENTS`) of one file, purity and ploidy (`FITS`) in its header, and copies of
    genes (`GENE_COPIES`) that its rows say.

    ``left``: reason -> number of records in no table; ``looked``: samples in which structural variants were looked for;
    ``unknown_partner``: genes whose end is joined to no known gene.
    """

    fusions: pl.DataFrame
    segments: pl.DataFrame
    left: dict[str, int] = field(default_factory=dict)
    looked: tuple[str, ...] = ()
    unknown_partner: list[str] = field(default_factory=list)
    fits: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FITS))
    gene_copies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GENE_COPIES))


@dataclass(frozen=True)
class _Record:
    chrom: str
    pos: int
    alt: str
    info: Mapping[str, str]
    passed: bool
    tumours: Mapping[str, Mapping[str, str]]
    normals: Sequence[Mapping[str, str]]
    genes: tuple[str, ...]
    name: str = ""
    filter: str = ""


def read_large(
    table: TextTable,
    named: Mapping[str, str],
    normals: Sequence[str],
    build: str | None,
    annotated: Callable[[str | None], tuple[str, ...]],
) -> Large:
    """Read the structural and copy-number records of a VCF.

    Parameters
    ----------
    table : the records whose alternatives are no bases
    named : column of a tumour sample -> its sample_id
    normals : columns of normals
    annotated : INFO -> the genes that its annotation names, the two of a fusion side by side
    """
    out = Large(pl.DataFrame(schema=FUSIONS), pl.DataFrame(schema=SEGMENTS))
    records = _records(table, named, normals, annotated)
    copies = [s for r in records for s in _segments(r)]
    failed = sum(_has_copies(r) and not _is_kept(r) for r in records)
    events = [r for r in records if not _has_copies(r)]
    found: list[tuple[str, str | None, str | None, int | None]] = []
    left: Counter[str] = Counter({_FAILED_COPIES: failed} if failed else {})
    pairs = [(r, junctions(r.chrom, r.pos, r.alt, r.info)) for r in events]
    ends = _genes([j for _, js in pairs for j in js], events, build)
    for record, joined in pairs:
        why, rows = _judged(record, joined, ends, build)
        found += rows
        if why:
            left[why] += 1
    out.left = dict(sorted(left.items()))
    # a file of copy numbers alone did not look for junctions
    out.looked = tuple(sorted(set(named.values()))) if events or not records else ()
    frame = pl.DataFrame(found, schema=FUSIONS, orient="row")
    key = ["sample_id", "gene_5p", "gene_3p"]
    out.fusions = frame.group_by(key, maintain_order=True).agg(pl.col("support").max()).sort(key)
    out.segments = pl.DataFrame(copies, schema=SEGMENTS, orient="row").unique(maintain_order=True)
    out.unknown_partner = out.fusions.filter(pl.col("gene_5p").is_null())["gene_3p"].unique().sort().to_list()
    return out


def _records(
    table: TextTable,
    named: Mapping[str, str],
    normals: Sequence[str],
    annotated: Callable[[str | None], tuple[str, ...]],
) -> list[_Record]:
    frame = table.frame
    columns = {c: frame[c].to_list() for c in ("#CHROM", "POS", "ALT", *named, *normals)}
    info = frame["INFO"].to_list() if "INFO" in frame.columns else [None] * frame.height
    keys = frame["FORMAT"].to_list() if "FORMAT" in frame.columns else [None] * frame.height
    ids = frame["ID"].to_list() if "ID" in frame.columns else [None] * frame.height
    passed = (
        frame.select(filter=pl.col("FILTER")).select(passes())["filter"].to_list()
        if "FILTER" in frame.columns
        else ([True] * frame.height)
    )
    filters = frame["FILTER"].to_list() if "FILTER" in frame.columns else [None] * frame.height
    out = []
    for i in range(frame.height):
        pos = columns["POS"][i] or ""
        if not pos.isdigit():
            continue
        names = (keys[i] or "").split(":")
        cells = {c: dict(zip(names, (columns[c][i] or "").split(":"), strict=False)) for c in (*named, *normals)}
        out.append(
            _Record(
                _chrom(columns["#CHROM"][i]),
                int(pos),
                columns["ALT"][i] or ".",
                dict(part.partition("=")[::2] for part in (info[i] or "").split(";")),
                passed[i],
                {named[c]: cells[c] for c in named},
                [cells[c] for c in normals],
                annotated(info[i]),
                ids[i] or "",
                filters[i] or "",
            )
        )
    return out


def _chrom(text: str | None) -> str:
    bare = re.sub(r"^(?i:chr)", "", (text or "").strip())
    return {"23": "X", "24": "Y", "M": "MT"}.get(bare, bare)


def _has_copies(record: _Record) -> bool:
    return any("CN" in cells for cells in record.tumours.values()) and not re.search(r"[\[\]]", record.alt)


def _is_kept(record: _Record) -> bool:
    """Whether copies passed; Oncomine writes what they are into FILTER."""
    return record.passed or record.filter in _COPY_FILTERS


def _segments(record: _Record) -> list[tuple[object, ...]]:
    """CN of CNVkit, DRAGEN, Canvas, GATK; MCN is the minor, MCC the major allele's; a symbolic record starts after
    POS."""
    end = record.info.get("END", "")
    if not _has_copies(record) or not end.isdigit() or not _is_kept(record):
        return []
    out: list[tuple[object, ...]] = []
    start = record.pos + 1 if record.alt.startswith("<") else record.pos
    for sample, cells in record.tumours.items():
        total = _number(cells.get("CN"))
        if total is None:
            continue
        minor, major = _number(cells.get("MCN")), _number(cells.get("MCC"))
        minor = total - major if minor is None and major is not None else minor
        minor = min(minor, total - minor) if minor is not None and minor <= total else None
        log2 = _number(record.info.get("FOLD_CHANGE_LOG"))
        ratio = _number(cells.get("SM"))
        log2 = math.log2(ratio) if log2 is None and ratio else log2
        out.append((sample, record.chrom, start, int(end), total, minor, log2))
    return out


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


#: Genes whose longer transcripts begin before that of the package, and by how many bases: ERG's (RefSeq NM_001136154,
#: GRCh37 21:40033704) hold most breakpoints of TMPRSS2-ERG.
_REACH = {"ERG": 163_300}


def _reached(chrom: str, pos: int, known: Mapping[str, Model]) -> str | None:
    """Return the gene of `_REACH` in whose longer transcripts a place lies."""
    for gene, reach in _REACH.items():
        model = known.get(gene)
        if model is None or model.chrom != chrom:
            continue
        first = model.exons[-1][1] if model.forward is False else model.exons[0][0]
        if 0 < (first - pos if model.forward else pos - first) <= reach:
            return gene
    return None


def _genes(joined: Sequence[Junction], events: Sequence[_Record], build: str | None) -> _Ends:
    """Return place -> gene and strand (+, -; null = not known): by place, else by a record's own annotation."""
    places = sorted({p for j in joined for p in ((j.chrom, j.pos), (_chrom(j.chrom_2), j.pos_2))})
    ids = pl.Series([f"{c}:{p}:N:A" for c, p in places], dtype=pl.String)
    known = models(build) if build in BUILDS else {}
    at = locate(ids, build)
    gene = pl.select(pl.when(at["region"] != "outside").then(at["gene"]))[at["gene"].name].to_list()
    told = {(r.chrom, r.pos): r.genes[0] for r in events if len(r.genes) == 1}
    out: dict[tuple[str, int], tuple[str | None, str | None]] = {}
    for place, found in zip(places, gene, strict=True):
        name = found or told.get(place) or _reached(*place, known)
        model = known.get(name or "")
        out[place] = (name, None if model is None else "+" if model.forward else "-")
    return out


def _judged(
    record: _Record, joined: Sequence[Junction], ends: _Ends, build: str | None
) -> tuple[str, list[tuple[str, str | None, str | None, int | None]]]:
    """Return why a record is in no table (empty: it is) and its rows."""
    if not record.passed:
        return "failed its FILTER", []
    if (named := _TARGETED.match(record.name)) and "READ_COUNT" in record.info:
        reads = _number(record.info["READ_COUNT"])
        n = None if reads is None else int(reads)
        return ("no read", []) if n == 0 else ("", [(s, named[1], named[2], n) for s in record.tumours])
    if not joined:
        return "names no second place (insertion, single breakend)", []
    seen = {s: support(cells) for s, cells in record.tumours.items()}
    tumour = max((n for n in seen.values() if n is not None), default=None)
    normal = max((n for cells in record.normals if (n := support(cells)) is not None), default=0)
    if tumour is not None and normal and normal >= NORMAL_VAF * tumour:
        return "in the normal too: germline", []
    carriers = [
        s for s, cells in record.tumours.items() if seen[s] != 0 and not (seen[s] is None and _is_reference(cells))
    ]
    if not carriers:
        return "no read of a tumour sample", []
    genes = list(dict.fromkeys(g for j in joined for g in _fused(j, ends, record.genes, build)))
    if not genes:
        return "cuts no gene known here, or only within an intron", []
    fused = [g for g in genes if g[0] != g[1]]
    return "", [(s, five, three, seen[s]) for s in carriers for five, three in fused or genes]


def _is_reference(cells: Mapping[str, str]) -> bool:
    return set(re.split(r"[/|]", cells.get("GT") or ".")) <= {"0"}


def _fused(joined: Junction, ends: _Ends, named: Sequence[str], build: str | None) -> list[_Pair]:
    """Return (5' gene, 3' gene) of a junction, one gene twice where it is cut and joined to no other; empty: no
    gene."""
    (one, way), (two, way_2) = ends[joined.chrom, joined.pos], ends[_chrom(joined.chrom_2), joined.pos_2]
    if len(named) == 2 and (one is None) != (two is None) and (one or two) in named:
        # the annotation names the partner that lies outside the genes known here
        other = named[0] if named[1] == (one or two) else named[1]
        one, two = one or other, two or other
    if one is None and two is None:
        return [(named[0], named[1])] if len(named) == 2 and named[0] != named[1] else []
    first, second = _begins(way, joined.sides[0]), _begins(way_2, joined.sides[1])
    if one == two:
        return [(one, one)] if _cuts_exon(one, joined, build) else []
    if first is None and second is not None and one is not None:
        first = not second
    elif second is None and first is not None and two is not None:
        second = not first
    if one is None or two is None:
        gene, begins = (one, first) if two is None else (two, second)
        return [(gene, gene) if begins is not False else (None, gene)]
    if first == second and first is not None:
        return [(one, one), (two, two)]  # two beginnings or two ends: no transcript joins them
    return [(two, one) if first is False else (one, two)]


def _begins(strand: str | None, side: str) -> bool | None:
    """Whether the kept side of a cut gene is its beginning (5'); null without a strand."""
    return None if strand is None else (strand == "+") == (side == "L")


def _cuts_exon(gene: str | None, joined: Junction, build: str | None) -> bool:
    """Whether what lies between the ends of a change within a gene holds exonic bases; true where that is not known."""
    model = models(build).get(gene or "") if build in BUILDS else None
    if model is None or joined.sides in ("LL", "RR"):
        return True
    low, high = sorted((joined.pos, joined.pos_2))
    return any(a <= high and b >= low for a, b in model.exons)


def joined_large(parts: Sequence[Large]) -> Large | None:
    """Return the events of several files as those of one; null where there are none."""
    if not parts:
        return None
    fusions = pl.concat([p.fusions for p in parts])
    key = ["sample_id", "gene_5p", "gene_3p"]
    return Large(
        fusions.group_by(key, maintain_order=True).agg(pl.col("support").max()).sort(key),
        pl.concat([p.segments for p in parts]).unique(maintain_order=True),
        looked=tuple(sorted({s for p in parts for s in p.looked})),
        fits=pl.concat([p.fits for p in parts]).unique("sample_id", keep="first", maintain_order=True),
        gene_copies=pl.concat([p.gene_copies for p in parts]).unique(
            ["sample_id", "gene"], keep="first", maintain_order=True
        ),
    )


def annotated_genes(info: str | None, columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the two genes of a fusion as snpEff names it, else the one gene that VEP or snpEff names; empty: none.

    >>> annotated_genes("ANN=<DEL>|gene_fusion|HIGH|TMPRSS2&ERG|x", {})
    ('TMPRSS2', 'ERG')
    """
    fields = dict(part.partition("=")[::2] for part in (info or "").split(";"))
    seen: set[str] = set()
    for key, gene_column, word_column in (("ANN", "Gene_Name", "Annotation"), ("CSQ", "SYMBOL", "Consequence")):
        listed = list(columns.get(key, ()))
        at = (
            (listed.index(gene_column), listed.index(word_column))
            if {gene_column, word_column} <= set(listed)
            else (3, 1)
        )
        for row in fields.get(key, "").split(",") if fields.get(key) else ():
            cells = row.split("|")
            gene, word = (cells[i] if i < len(cells) else "" for i in at)
            if "gene_fusion" in word and gene.count("&") == 1:
                return tuple(gene.split("&"))
            if gene and not re.search("stream|intergenic|feature_fusion", word):
                seen.add(gene)
    return tuple(seen) if len(seen) == 1 else ()
