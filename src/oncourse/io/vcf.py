"""VCF (one or many samples; Mutect2, Strelka2, VarDict, FreeBayes, GATK, bcftools conventions) -> variants, calls.

Depths are read where the caller put them: FORMAT/AD; FreeBayes RO and AO; Strelka2 tier-1 counts (AU/CU/GU/TU of SNVs,
TAR and TIR of indels); else AF x DP. Normal samples are left out: those the header names (``##normal_sample=``), or
called NORMAL. A record that did not pass its filter is a site that was looked at and not called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome import effect
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import normalise
from oncourse.io.maf import MafTables, reference_problems, variants_of
from oncourse.io.text import TextTable, read_table, table_name
from oncourse.study.schema import Problem

_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
_NORMAL = re.compile(r"^(normal|germline|blood|pbmc|n)$", re.I)
#: Header fields of annotation: VEP's CSQ, snpEff's ANN.
_EFFECT_FIELDS = ("CSQ", "ANN")


@dataclass
class _Header:
    normals: set[str] = field(default_factory=set)
    build: str | None = None
    effect_columns: dict[str, list[str]] = field(default_factory=dict)


def read_vcf(path: Path | str, *, fasta: Fasta | None = None) -> MafTables:
    """Read a VCF.

    Multi-allelic records are split; symbolic alleles, breakends and ``*`` are left out and counted. A genotype
    without a read of the variant is not called; one of ``.`` without depth leaves no row.

    Raises
    ------
    InputError : the file cannot be read or is no VCF
    """
    path = Path(path)
    name = table_name(path)
    table = read_table(path, name=name, comment="##", lenient=True)
    if table.frame.columns[:5] != list(_FIXED[:5]):
        cure = "A VCF has the header #CHROM POS ID REF ALT QUAL FILTER INFO FORMAT sample ..."
        problem = Problem(name, 1, None, None, "is not a VCF file.", cure)
        raise InputError([p for p in table.problems if p.severity == "error"] or [problem])
    header = _header(table.comments)
    samples = [c for c in table.frame.columns[len(_FIXED) :] if c]
    normals = {s for s in samples if s in header.normals or _NORMAL.match(s)}
    tumours = [s for s in samples if s not in normals] or samples
    problems, notes = list(table.problems), []
    if not samples:
        cure = "Its records have no FORMAT and sample columns; give the caller's own VCF."
        problems.append(Problem(name, 1, None, None, "the VCF holds no sample.", cure))
    if len(tumours) < len(samples):
        notes.append(f"{name}: {', '.join(sorted(normals))} taken as normal and left out")
    if tumours == ["TUMOR"]:
        # Strelka's fixed column name says nothing; the file's name does
        tumours_named = {"TUMOR": name}
        notes.append(f"{name}: the sample column TUMOR is named after the file")
    else:
        tumours_named = {s: s for s in tumours}
    rows = _rows(table, tumours, tumours_named)
    found = _tables(rows, header, name, problems, notes, fasta)
    # a sample without a call was looked at all the same
    every = sorted(tumours_named.values()) if samples else []
    found.samples = pl.DataFrame(
        {"sample_id": every, "patient_id": [None] * len(every)},
        schema={"sample_id": pl.String, "patient_id": pl.String},
    )
    return found


def _header(comments: Sequence[str]) -> _Header:
    out = _Header()
    for line in comments:
        if found := re.match(r'"?##normal_sample=([^\s"]+)', line):
            out.normals.add(found.group(1))
        elif line.lstrip('"').startswith(("##reference", "##contig", "##assembly")) and not out.build:
            low = line.lower()
            if re.search(r"hg19|grch37|b37|hs37", low):
                out.build = "GRCh37"
            elif re.search(r"hg38|grch38", low):
                out.build = "GRCh38"
            elif found := re.search(r"id=(?:chr)?1,.*length=(\d+)", low):
                out.build = {"249250621": "GRCh37", "248956422": "GRCh38"}.get(found.group(1))
        elif found := re.search(
            r"##INFO=<ID=(CSQ|ANN),.*?(?:Format|annotations)\s*:\s*['\"]?([^'\">]+)", line
        ):
            columns = [c.strip(" '\"") for c in found.group(2).split("|")]
            out.effect_columns[found.group(1)] = columns
    return out


def _rows(table: TextTable, tumours: Sequence[str], named: dict[str, str]) -> list[tuple[object, ...]]:
    """One row per record, alternative allele and tumour sample."""
    frame = table.frame
    columns = [frame[c].to_list() for c in ("#CHROM", "POS", "REF", "ALT")]
    filters = frame["FILTER"].to_list() if "FILTER" in frame.columns else [None] * len(frame)
    infos = frame["INFO"].to_list() if "INFO" in frame.columns else [None] * len(frame)
    formats = frame["FORMAT"].to_list() if "FORMAT" in frame.columns else [None] * len(frame)
    values = {s: frame[s].to_list() for s in tumours}
    out: list[tuple[object, ...]] = []
    keys_of: dict[str, list[str]] = {}
    lines = table.lines.to_list()
    for i, (chrom, pos, ref, alts) in enumerate(zip(*columns, strict=True)):
        if not alts or alts == "." or ref is None:
            continue
        words = formats[i] or ""
        keys = keys_of.setdefault(words, words.split(":"))
        each = alts.split(",")
        for sample in tumours:
            text = values[sample][i]
            fields = dict(zip(keys, text.split(":"), strict=False)) if text else {}
            for number, alt in enumerate(each):
                alt_count, depth = _counts(fields, ref, alt, number, len(each))
                called = _called(fields, filters[i], alt_count, number)
                if called is None:
                    continue
                out.append(
                    (
                        lines[i],
                        named[sample],
                        chrom,
                        pos,
                        ref,
                        alt,
                        filters[i],
                        alt_count,
                        depth,
                        called,
                        infos[i],
                    )
                )
    return out


def _int(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        try:
            return int(float(text))
        except ValueError:
            return None


def _nth(text: str | None, index: int) -> int | None:
    parts = (text or "").split(",")
    return _int(parts[index]) if index < len(parts) else None


def _counts(
    fields: dict[str, str], ref: str, alt: str, number: int, n_alt: int
) -> tuple[int | None, int | None]:
    """Return reads with the allele and depth at the site, by the caller's convention."""
    depth = _int(fields.get("DP"))
    if "AU" in fields and "TU" in fields:  # Strelka2 SNV: tier-1 counts of each base
        count = _nth(fields.get(f"{alt}U"), 0)
        bases = [_nth(fields.get(f"{base}U"), 0) or 0 for base in "ACGT"]
        return count, sum(bases) if count is not None else depth
    if "TIR" in fields:  # Strelka2 indel
        count, other = _nth(fields["TIR"], 0), _nth(fields.get("TAR"), 0)
        both = None if count is None or other is None else count + other
        return count, max(both, depth) if both is not None and depth is not None else (both or depth)
    if "AD" in fields and fields["AD"] not in (".", ""):
        parts = [_int(p) for p in fields["AD"].split(",")]
        if len(parts) == n_alt + 1:  # VCF: reference first
            total = sum(p or 0 for p in parts)
            return parts[number + 1], max(total, depth or 0)
        if len(parts) == n_alt and "RD" in fields:  # VarScan: AD is of the variant alone
            rest, seen = _int(fields["RD"]) or 0, parts[number]
            return seen, depth if depth is not None else rest + (seen or 0)
    if "AO" in fields:  # FreeBayes
        count = _nth(fields["AO"], number)
        rest_reads = _int(fields.get("RO"))
        both = None if rest_reads is None or count is None else rest_reads + count
        return count, depth if depth is not None else both
    if "VD" in fields:  # VarDict without AD
        return _nth(fields["VD"], number), depth
    share = fields.get("AF") or fields.get("FREQ") or fields.get("VAF")
    if share and depth is not None:
        part = share.split(",")[number if number < len(share.split(",")) else 0].rstrip("%")
        try:
            value = float(part) / (100 if share.rstrip().endswith("%") else 1)
        except ValueError:
            return None, depth
        return round(value * depth), depth
    return None, depth


def _called(fields: dict[str, str], filter_: str | None, alt_count: int | None, number: int) -> bool | None:
    """Whether the record is a call of this sample; None where it says nothing of the sample."""
    genotype = fields.get("GT")
    alleles = re.split(r"[/|]", genotype) if genotype else []
    missing = bool(alleles) and all(a == "." for a in alleles)
    depth_known = any(k in fields and fields[k] not in (".", "") for k in ("DP", "AD", "AU", "TIR", "AO"))
    if not fields or (missing and not depth_known):
        return None
    passed = filter_ in (None, "", ".", "PASS")
    if alt_count == 0 or missing or not passed:
        return False
    if alleles and alt_count is None:
        return str(number + 1) in alleles
    return not (alleles and all(a == "0" for a in alleles))


def _tables(
    rows: list[tuple[object, ...]], header: _Header, name: str, problems: list[Problem], notes: list[str],
    fasta: Fasta | None,
) -> MafTables:  # fmt: skip
    schema = {
        "line": pl.UInt32, "sample_id": pl.String, "chrom": pl.String, "pos": pl.String, "ref": pl.String,
        "alt": pl.String, "filter": pl.String, "alt_count": pl.Int64, "depth": pl.Int64, "is_called": pl.Boolean,
        "info": pl.String,
    }  # fmt: skip
    frame = normalise(pl.DataFrame(rows, schema=schema, orient="row"), fasta=fasta)
    bad = frame["why_not"].is_not_null()
    if bad.any():
        notes.append(
            f"{name}: {frame.filter(bad)['line'].n_unique():,} records are no small variants: left out"
        )
        frame = frame.filter(~bad)
    minus = (frame["alt_count"] < 0).fill_null(False) | (frame["depth"] < 0).fill_null(False)
    for index in minus.arg_true().to_list()[:100]:
        line = int(frame["line"][index])
        problems.append(Problem(name, line, "AD", None, "a read count is negative.", "Correct the record."))
    if fasta is not None:
        problems += reference_problems(frame, name)
    infos = frame["info"].unique().drop_nulls()
    parsed = [_effect_of(text, header) for text in infos]
    columns = ("gene", "consequence", "hgvs_c", "hgvs_p")
    effects = pl.DataFrame(
        [(text, *found) for text, found in zip(infos, parsed, strict=True)],
        schema={"info": pl.String, **dict.fromkeys(columns, pl.String)}, orient="row",
    )  # fmt: skip
    frame = frame.join(effects, on="info", how="left", maintain_order="left")
    variants = variants_of(frame)
    key = ["sample_id", "variant_id"]
    # one indel written twice in one file: the called, deeper row stands
    order = [pl.col("is_called").cast(pl.Int8), pl.col("depth")]
    kept = frame.sort(order, descending=True, nulls_last=True, maintain_order=True)
    kept = kept.unique(key, keep="first", maintain_order=True).sort("line", "sample_id", "variant_id")
    if kept.height < frame.height:
        notes.append(f"{name}: {frame.height - kept.height:,} records repeat a variant of the file: joined")
    calls = kept.select(*key, "alt_count", "depth", "is_called", "filter", pl.lit("unknown").alias("origin"))
    return MafTables(calls, variants, pl.DataFrame(), kept["line"], header.build, notes, problems)


def _effect_of(info: str, header: _Header) -> tuple[str | None, str | None, str | None, str | None]:
    """Return gene, consequence, hgvs_c, hgvs_p of the most severe annotation of a record."""
    fields = dict(part.partition("=")[::2] for part in info.split(";"))
    best: tuple[str | None, str | None, str | None, str | None] = (None, None, None, None)
    ranks = {word: rank for rank, word in enumerate(effect.CONSEQUENCES)}
    found_rank = float(len(ranks) + 1)
    for key in _EFFECT_FIELDS:
        if key not in fields:
            continue
        columns = header.effect_columns.get(key) or _ANN
        for annotation in fields[key].split(","):
            cells = dict(zip(columns, annotation.split("|"), strict=False))
            word = effect.consequence(cells.get("Consequence") or cells.get("Annotation"))
            rank = float(ranks.get(word or "", len(ranks)))
            # VEP marks the transcript to report
            rank = rank - 0.5 if cells.get("PICK") == "1" or cells.get("CANONICAL") == "YES" else rank
            if rank < found_rank:
                found_rank = rank
                gene = cells.get("SYMBOL") or cells.get("Gene_Name") or cells.get("Gene")
                best = (gene or None, word, cells.get("HGVSc") or cells.get("HGVS.c") or None,
                        cells.get("HGVSp") or cells.get("HGVS.p") or None)  # fmt: skip
    if best[0] is None and best[1] is None:
        gene = fields.get("GENE") or fields.get("GN") or fields.get("Gene.refGene") or fields.get("SYMBOL")
        word = effect.consequence(fields.get("ExonicFunc.refGene")) or effect.consequence(
            fields.get("Func.refGene")
        )
        best = (
            gene if gene not in (None, "", ".") else None,
            word,
            None,
            fields.get("AAChange.refGene") or None,
        )
    return best


def effect_columns(annotations: pl.Series) -> pl.DataFrame:
    """Return gene, term, hgvs_c and hgvs_p of a column of snpEff annotations (``ANN`` without its name)."""
    found = [_effect_of(f"ANN={a}", _Header()) if a else (None,) * 4 for a in annotations]
    columns = ("gene", "term", "hgvs_c", "hgvs_p")
    return pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")


#: snpEff's columns where the header does not list them.
_ANN = ["Allele", "Annotation", "Annotation_Impact", "Gene_Name", "Gene_ID", "Feature_Type", "Feature_ID",
        "Transcript_BioType", "Rank", "HGVS.c", "HGVS.p"]  # fmt: skip
