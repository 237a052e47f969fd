"""VCF (one or many samples; Mutect2, Strelka2, VarDict, FreeBayes, GATK, bcftools conventions) -> variants, calls.

Depths are read where the caller put them (`variants.dialects`). Normal samples are left out: those the header names
(``##normal_sample=``), or called NORMAL. What is a call is decided in `oncourse.io.calling`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.builds import build_named
from oncourse.genome.chromosomes import build_of_lengths
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import build_of_accession, normalise
from oncourse.io.assays.covered import NO_VARIANT, covered
from oncourse.io.calling import decide
from oncourse.io.structural.fits import fit_of_header
from oncourse.io.structural.junctions import is_large
from oncourse.io.structural.large import annotated_genes, read_large
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.variants.agreement import tell_disagreement
from oncourse.io.variants.annotation import Allele, effect_of, header_columns
from oncourse.io.variants.maf_numbers import COUNTED, fractions_alone
from oncourse.io.variants.maf_tables import NO_SMALL_VARIANT, MafTables, reference_problems, unknown_build, variants_of
from oncourse.io.variants.misshapen import misshapen
from oncourse.io.variants.population import frequencies, parts_of
from oncourse.io.variants.vcf_rows import in_percent, record_rows
from oncourse.io.variants.vcf_told import (
    tell_germline_caller,
    tell_no_genotype,
    tell_reference,
    tell_silent,
    tell_uncounted,
    tell_unfiltered,
    tell_unseen,
    told_of_columns,
    write_ledger,
)
from oncourse.io.whose.columns import assign
from oncourse.io.whose.manifest import Column
from oncourse.io.whose.start import Start
from oncourse.study.schema import Problem

_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")


@dataclass
class _Header:
    build: str | None = None
    effect_columns: dict[str, list[str]] = field(default_factory=dict)
    is_population_af: bool = False


#: INFO/AF that a file's header says to be a frequency among people.
_POPULATION_AF = re.compile(
    r'(?i)"?##INFO=<ID=AF,.*Description="[^"]*(gnomad|exac|1000 ?genomes|population|dbsnp|topmed|annovar)'
)


def read_vcf(
    path: Path | str,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    whose: Sequence[Column] | None = None,
    build: str | None = None,
) -> MafTables:
    """Read a VCF; `whose` says of each column whose it is (`oncourse.io.whose.columns.assign`).

    Multi-allelic records are split; symbolic alleles and breakends are events (`structural.large`), read in `build`
    where the header names none; ``*`` is left out and counted. A genotype without a read of the variant is not called;
    one of ``.`` without depth leaves no row.

    Raises
    ------
    InputError : the file cannot be read or is no VCF
    """
    path = Path(path)
    name = table_name(path)
    table = read_table(path, name=name, comment="##", lenient=True)
    if table.frame.columns[:5] != list(_FIXED[:5]):
        cure = "A VCF has the header #CHROM POS ID REF ALT QUAL FILTER INFO FORMAT sample ..."
        if " ".join(table.frame.columns).startswith("#CHROM POS"):
            cure = "Its cells are parted by blanks: a VCF has tabs (sed 's/ \\+/\\t/g')."
        problem = Problem(name, 1, None, None, "is not a VCF file.", cure)
        raise InputError([p for p in table.problems if p.severity == "error"] or [problem])
    header = _header(table.comments)
    header.build = header.build or next(filter(None, map(build_of_accession, table.frame["#CHROM"].head(1))), None)
    problems, notes = [*misshapen(table, name), *unknown_build(header.build, name)], []
    samples = [c for c in table.frame.columns[len(_FIXED) :] if c]
    if not samples and (_counts_in_info(table) or _of_one_silent_sample(table)):
        # LoFreq and the like call one sample and write no column for it
        table = replace(table, frame=table.frame.with_columns(pl.lit("DP").alias("FORMAT"), pl.lit(".").alias("TUMOR")))
        samples, whose = ["TUMOR"], None
    if whose is None:
        first = table.frame["INFO"].head(1).to_list() if "INFO" in table.frame.columns else []
        whose = assign([Start(path, tuple(samples), table.comments, (first or [None])[0] or "")])
    if not samples:
        problems.append(Problem(name, 1, None, None, "the VCF holds no sample.", _without_samples(table)))
    tumours = [c for c in whose if c.role == "tumour"]
    normals = [c for c in whose if c.role == "normal"]
    beside = [c.column for c in normals] if tumours else []
    taken = [*tumours, *(c for c in normals if c.listed or not tumours)]
    left = [c for c in normals if tumours and not c.listed]
    notes += told_of_columns(name, taken, left, [c for c in whose if c.role == "ignore"])
    events, small = _parted(table)
    named = {c.column: c.sample_id for c in taken}
    percent = in_percent(small, [c.column for c in taken])
    if percent:
        notes.append(f"{name}: {', '.join(percent)} of the samples is in percent (said so, or above 1): read as that")
    rows = record_rows(small, [c.column for c in taken], beside, named, no_af=header.is_population_af, percent=percent)
    found = _tables(rows, header, name, problems, notes, fasta, called, bool(beside))
    found.coverage = covered(small.frame, named)
    tell_reference(found, path.name, small)
    tell_silent(found, taken, name)
    tell_no_genotype(found, name)
    tell_unseen(found, small, [c.column for c in tumours], name)
    tell_uncounted(found, small, name)
    tell_unfiltered(found, table, name)
    if not beside and tumours:
        tell_germline_caller(found, table, name)
    if not events.frame.is_empty() or _is_of_large_caller(table):
        _add_large(found, path.name, events, small, taken, [c.column for c in normals], header, build)
    write_ledger(found, path.name, table, whose)
    found.samples = _samples(taken)
    return found


#: INFO keys of data bases and cohorts of people (gnomAD, dbSNP, ClinVar, COSMIC), and programs that write lists of sites.
_OF_A_DATA_BASE = re.compile(
    r"(?i)(^|;)AN=\d{4,}|(^|;)(CLNSIG|CLNDISDB|ALLELEID|dbSNPBuildID|RSPOS|COSMIC_ID|LEGACY_ID|GENOME_SCREEN_SAMPLE_COUNT|BETA)="
)


def _without_samples(table: TextTable) -> str:
    """Return what to do with a VCF without sample columns: a list of known variants is of nobody, others lost theirs."""
    infos = table.frame["INFO"].head(1).to_list() if "INFO" in table.frame.columns else []
    pool = any("PanelOfNormals" in c for c in table.comments)
    if pool or _OF_A_DATA_BASE.search((infos or [None])[0] or ""):
        return "It lists variants of a data base or of a panel of normals, no sample's: leave it out."
    return (
        "Its sample columns were left out (bcftools view -G, MakeSitesOnlyVcf): nobody can tell whose the variants are. "
        "Give the file before that step, or a table with a column that names the sample of each row."
    )


def _samples(taken: Sequence[Column]) -> pl.DataFrame:
    """Return sample_id, patient_id, role of the columns that are read: one without a call was looked at all the same."""
    rows = [(c.sample_id, c.patient_id, c.role) for c in taken]
    schema = dict.fromkeys(("sample_id", "patient_id", "role"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row").unique("sample_id", maintain_order=True).sort("sample_id")


def _parted(table: TextTable) -> tuple[TextTable, TextTable]:
    """Return the records of events (no alternative of bases, or copies of a region), and those of small variants."""
    alts = table.frame["ALT"].unique()
    named = {a for a in alts.drop_nulls() if is_large(a) and a not in NO_VARIANT}
    large = table.frame["ALT"].is_in(list(named)).fill_null(False)
    if {"FORMAT", "INFO"} <= set(table.frame.columns):  # DRAGEN, CNVkit: a region of normal copies has no alternative
        plain = (table.frame["ALT"] == ".").fill_null(True) & table.frame["FORMAT"].str.contains(r"(^|:)CN(:|$)")
        large = large | (plain & table.frame["INFO"].str.contains(r"(^|;)END=")).fill_null(False)
    one, two = (replace(table, frame=table.frame.filter(m), lines=table.lines.filter(m)) for m in (large, ~large))
    return one, two


#: Programs that call structural variants or copy numbers: their file says nothing of small variants, though it may
#: spell some events in bases.
_LARGE_CALLERS = re.compile(
    r"(?i)##source=.*(manta|GenerateSVCandidates|gridss|delly|lumpy|svaba|sniffles|tiddit|brass|canvas|cnvkit)"
)


def _is_of_large_caller(table: TextTable) -> bool:
    """Whether a file is of a caller of large events: by its source, or where it holds no record by what it declares."""
    declared = any(c.startswith("##INFO=<ID=SVTYPE") for c in table.comments) and table.frame.is_empty()
    return declared or any(_LARGE_CALLERS.match(c) for c in table.comments)


def _add_large(
    found: MafTables,
    file: str,
    events: TextTable,
    small: TextTable,
    taken: Sequence[Column],
    normals: Sequence[str],
    header: _Header,
    build: str | None,
) -> None:
    """Add fusions and segments; say what the events became."""
    named = {c.column: c.sample_id for c in taken if c.role == "tumour"}
    large = read_large(
        events, named, normals, header.build or build, lambda info: annotated_genes(info, header.effect_columns)
    )
    typed = "INFO" in small.frame.columns and small.frame["INFO"].str.contains(r"(^|;)SVTYPE=").fill_null(False).all()
    if len(named) == 1 and (fit := fit_of_header(events.comments)):
        one = {"sample_id": next(iter(named.values())), **fit}
        large.fits = pl.DataFrame([one], schema=large.fits.schema)
    found.large, found.is_small = large, not (typed or small.frame.is_empty() or _is_of_large_caller(events))
    found.left_out += [(f"structural variant: {why}", n, None) for why, n in large.left.items()]
    for name, frame in (("fusions", large.fusions), ("segments", large.segments)):
        if frame.height:
            found.ledger.taken(file, name, frame.height)
    left = ", ".join(f"{why} {n:,}" for why, n in large.left.items())
    found.notes.append(
        f"{file}: {events.frame.height:,} structural or copy-number records: {large.fusions.height:,} rows of fusions, "
        f"{large.segments.height:,} of segments" + (f"; in no table: {left}" if left else "")
    )
    if large.unknown_partner:
        message = f"{', '.join(large.unknown_partner)}: the end of the gene is kept and joined to no gene known here."
        cure = "It is taken as a fusion with an unknown partner: confirm it, or annotate the file (snpEff, VEP)."
        found.problems.append(Problem(file, None, "fusions", None, message, cure, "warning"))
    if header.build is None and build is None and events.frame.height:
        cure = "Give --build; without it only annotated genes are known."
        found.problems.append(Problem(file, None, "fusions", None, "the file names no genome build.", cure, "warning"))


def _of_one_silent_sample(table: TextTable) -> bool:
    """Whether a VCF without records is of a caller that writes no sample column: its sample has no variant."""
    declared = {m[1] for c in table.comments if (m := re.match(r'"?##INFO=<ID=([^,>]+)', c))}
    named = any(re.match(r'(?i)"?##source=.*lofreq', c) for c in table.comments)
    return table.frame.is_empty() and (named or {"DP", "DP4", "AF"} <= declared)


def _counts_in_info(table: TextTable) -> bool:
    """Whether a VCF without sample columns holds read counts in INFO."""
    if "INFO" not in table.frame.columns:
        return False
    if table.frame["INFO"].str.contains(r"(?:^|;)t_alt_count=\d").any():  # PCAWG's consensus
        return True
    return bool(table.frame["INFO"].str.contains(r"(?:^|;)DP=\d").any()) and bool(
        table.frame["INFO"].str.contains(r"(?:^|;)(DP4|AF|AD|AO)=").any()
    )


def _header(comments: Sequence[str]) -> _Header:
    out = _Header()
    for line in comments:
        if line.lstrip('"').startswith(("##reference", "##contig", "##assembly")) and not out.build:
            low = line.lower()
            out.build = build_named(low.partition("=")[2])
            if out.build is None and (found := re.search(r"id=(?:chr)?([^,>]+),.*length=(\d+)", low)):
                out.build = build_of_lengths({found.group(1).upper(): int(found.group(2))})
        elif _POPULATION_AF.match(line):
            out.is_population_af = True
        elif listed := header_columns(line):
            out.effect_columns[listed[0]] = listed[1]
    return out


def _with_unread(frame: pl.DataFrame, name: str, problems: list[Problem]) -> pl.DataFrame:
    """Keep a record whose alleles are no bases as a change that nobody knows (``N``) at its place, and say so.

    ``*`` and ``<NON_REF>`` are no alleles of the sample; what stands at a codon and is not understood forbids "wild
    type" there.
    """
    unread = (pl.col("why_not") == "not a sequence of bases") & ~pl.col("alt").str.contains(r"^[<*]")
    lines = frame.filter(unread)["line"].unique().sort()
    if lines.is_empty():
        return frame
    shown = frame.filter(unread).head(1)
    first = f"{shown['ref'][0]} {shown['alt'][0]}"
    message = f"the alleles of {len(lines):,} records are no bases ({first}): each is kept as a change nobody knows."
    cure = "Correct REF and ALT; until then the codons they lie in are neither mutated nor wild type."
    problems.append(Problem(name, int(lines[0]), "ALT", None, message, cure, "warning"))
    base = pl.col("ref").str.extract(r"^([ACGT])").fill_null("N")
    alt = pl.when(base == "N").then(pl.lit("-")).otherwise(pl.lit("N"))
    named = pl.concat_str("chrom", pl.col("pos").cast(pl.String), base, alt, separator=":")
    return frame.with_columns(
        pl.when(unread).then(base).otherwise("ref").alias("ref"),
        pl.when(unread).then(alt).otherwise("alt").alias("alt"),
        pl.when(unread).then(named).otherwise("variant_id").alias("variant_id"),
        pl.when(~unread.fill_null(False)).then("why_not").alias("why_not"),
    )


def _tables(
    rows: list[tuple[object, ...]],
    header: _Header,
    name: str,
    problems: list[Problem],
    notes: list[str],
    fasta: Fasta | None,
    called: str,
    has_normal: bool,
) -> MafTables:
    schema = {
        "line": pl.UInt32,
        "sample_id": pl.String,
        "chrom": pl.String,
        "pos": pl.String,
        "ref": pl.String,
        "alt": pl.String,
        "filter": pl.String,
        "alt_count": pl.Int64,
        "depth": pl.Int64,
        "vaf": pl.Float64,
        "carried": pl.Boolean,
        "joint": pl.Boolean,
        "normal_alt": pl.Int64,
        "normal_depth": pl.Int64,
        "status": pl.String,
        "info": pl.String,
        "record": pl.String,
        "disagreed": pl.String,
    }
    left: list[tuple[str, int, int | None]] = []
    frame = normalise(pl.DataFrame(rows, schema=schema, orient="row"), fasta=fasta)
    frame = _with_unread(frame, name, problems)
    nowhere = frame.filter(pl.col("why_not").is_in(["no chromosome", "no position"]))
    for line, why in nowhere.select("line", "why_not").unique().sort("line").head(20).iter_rows():
        cure = "Correct CHROM and POS, or remove the record: a variant that may be anywhere leaves no gene wild type."
        problems.append(Problem(name, int(line), "POS", None, f"the record has {why}.", cure))
    bad = frame["why_not"].is_not_null()
    if bad.any():
        n_bad = frame.filter(bad)["line"].n_unique()
        left.append((NO_SMALL_VARIANT, n_bad, int(frame.filter(bad)["line"].to_list()[0])))
        notes.append(f"{name}: {n_bad:,} records are no small variants: left out")
        frame = frame.filter(~bad)
    minus = (frame["alt_count"] < 0).fill_null(False) | (frame["depth"] < 0).fill_null(False)
    for index in minus.arg_true().to_list()[:100]:
        line = int(frame["line"][index])
        problems.append(Problem(name, line, "AD", None, "a read count is negative.", "Correct the record."))
    problems += tell_disagreement(frame, name, "AD, DP and AF")
    if fasta is not None:
        problems += reference_problems(frame, name)
    frame = frame.with_columns(frequencies(frame, header.effect_columns, af=header.is_population_af))
    decided = decide(frame, name, called=called, has_normal=has_normal)
    frame = decided.frame
    notes += decided.notes
    problems += decided.problems
    frame = frame.hstack(_effects(frame, header))
    variants = variants_of(frame)
    key = ["sample_id", "variant_id"]
    # one indel written twice in one file: the called, deeper row stands
    order = [pl.col("is_called").cast(pl.Int8), pl.col("depth")]
    kept = frame.sort(order, descending=True, nulls_last=True, maintain_order=True)
    kept = kept.unique(key, keep="first", maintain_order=True).sort("line", "sample_id", "variant_id")
    if kept.height < frame.height:
        left.append(("repeats a variant of the file: joined", frame.height - kept.height, None))
        notes.append(f"{name}: {frame.height - kept.height:,} records repeat a variant of the file: joined")
    problems += fractions_alone(kept, name)
    calls = kept.select(*key, *COUNTED, "is_called", "filter", "origin")
    return MafTables(calls, variants, pl.DataFrame(), kept["line"], header.build, notes, problems, left_out=left)


def _effects(frame: pl.DataFrame, header: _Header) -> list[pl.Series]:
    """Return gene, consequence, hgvs_c, hgvs_p of each row from its record's annotation of its allele."""
    key = ["info", "record"]
    distinct = frame.select(key).unique(maintain_order=True).drop_nulls("info")
    found = []
    for info, record in distinct.iter_rows():
        ref, alts, number = parts_of(record)
        found.append(effect_of(info, Allele(ref, tuple(alts.split(",")), int(number)), header.effect_columns))
    columns = ("gene", "consequence", "hgvs_c", "hgvs_p")
    effects = pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
    joined = frame.select(key).join(distinct.hstack(effects), on=key, how="left", maintain_order="left")
    return joined.select(columns).get_columns()
