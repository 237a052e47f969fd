"""VCF (one or many samples; Mutect2, Strelka2, VarDict, FreeBayes, GATK, bcftools conventions) -> variants, calls.

Depths are read where the caller put them (`oncourse.io.dialects`). Normal samples are left out: those the header names
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
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import build_of_accession, normalise
from oncourse.io.annotation import NOTHING, Allele, effect_of, header_columns
from oncourse.io.calling import decide
from oncourse.io.covered import NO_VARIANT, covered
from oncourse.io.dialects import DIALECTS, Site, counts, fraction, of_normal, shares_of_reads
from oncourse.io.fits import fit_of_header
from oncourse.io.junctions import is_large
from oncourse.io.large import annotated_genes, read_large
from oncourse.io.maf import NO_SMALL_VARIANT, MafTables, reference_problems, unknown_build, variants_of, write_rows
from oncourse.io.maf_numbers import COUNTED, fractions_alone
from oncourse.io.population import frequencies
from oncourse.io.text import read_table, table_name
from oncourse.io.text_table import TextTable
from oncourse.io.whose import Column, Start, assign, germline_caller
from oncourse.study.checks import build_of_lengths
from oncourse.study.schema import Problem

_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")


@dataclass
class _Header:
    build: str | None = None
    effect_columns: dict[str, list[str]] = field(default_factory=dict)
    is_population_af: bool = False


#: INFO/AF that a file's header says to be a frequency among people.
_POPULATION_AF = re.compile(
    r'(?i)"?##INFO=<ID=AF,.*Description="[^"]*(gnomad|exac|1000 ?genomes|population|dbsnp|topmed)'
)


def read_vcf(
    path: Path | str,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    whose: Sequence[Column] | None = None,
    build: str | None = None,
) -> MafTables:
    """Read a VCF; `whose` says of each column whose it is (`oncourse.io.whose.assign`).

    Multi-allelic records are split; symbolic alleles and breakends are events (`oncourse.io.large`), read in `build`
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
    problems, notes = [*table.problems, *unknown_build(header.build, name)], []
    samples = [c for c in table.frame.columns[len(_FIXED) :] if c]
    if not samples and _counts_in_info(table):
        # LoFreq and the like call one sample and write no column for it
        table = replace(table, frame=table.frame.with_columns(pl.lit("DP").alias("FORMAT"), pl.lit(".").alias("TUMOR")))
        samples, whose = ["TUMOR"], None
    if whose is None:
        first = table.frame["INFO"].head(1).to_list() if "INFO" in table.frame.columns else []
        whose = assign([Start(path, tuple(samples), table.comments, (first or [None])[0] or "")])
    if not samples:
        cure = "Its records have no FORMAT and sample columns; give the caller's own VCF."
        problems.append(Problem(name, 1, None, None, "the VCF holds no sample.", cure))
    tumours = [c for c in whose if c.role == "tumour"]
    normals = [c for c in whose if c.role == "normal"]
    beside = [c.column for c in normals] if tumours else []
    taken = [*tumours, *(c for c in normals if c.listed or not tumours)]
    notes += _told(name, taken, [c for c in normals if c not in taken], [c for c in whose if c.role == "ignore"])
    events, small = _parted(table)
    named = {c.column: c.sample_id for c in taken}
    rows = _rows(small, [c.column for c in taken], beside, named, no_af=header.is_population_af)
    found = _tables(rows, header, name, problems, notes, fasta, called, bool(beside))
    found.coverage = covered(small.frame, {c.column: c.sample_id for c in taken})
    _tell_reference(found, path.name, small)
    _tell_silent(found, taken, name)
    _tell_uncounted(found, small, name)
    if _is_unfiltered(table):
        cure = "Run FilterMutectCalls; until then every candidate counts as a call."
        problems.append(Problem(name, None, "FILTER", None, "Mutect2's calls were not filtered.", cure, "warning"))
    if not beside and tumours and (caller := germline_caller(table.comments)):
        _tell_germline_caller(found, name, caller)
    if not events.frame.is_empty() or _is_of_large_caller(table):
        _add_large(found, path.name, events, small, taken, [c.column for c in normals], header, build)
    _write_ledger(found, path.name, table, whose, header)
    # a sample without a call was looked at all the same
    found.samples = (
        pl.DataFrame(
            [(c.sample_id, c.patient_id, c.role) for c in taken],
            schema={"sample_id": pl.String, "patient_id": pl.String, "role": pl.String},
            orient="row",
        )
        .unique("sample_id", maintain_order=True)
        .sort("sample_id")
    )
    return found


def _tell_reference(found: MafTables, file: str, small: TextTable) -> None:
    """Say what became of the records that show no variant."""
    n = int(small.frame["ALT"].fill_null(".").is_in(NO_VARIANT).sum())
    if n and found.coverage is not None:
        found.notes.append(f"{file}: {n:,} records show no variant: read as depth (coverage)")
        found.ledger.taken(file, "coverage", n)
    elif n:
        found.left_out.append(("shows no variant, and no depth or a failed filter", n, None))


#: So many variants of the others and no read of any: a tumour's column looks otherwise.
SILENT_VARIANTS = 5


def _tell_silent(found: MafTables, taken: Sequence[Column], name: str) -> None:
    """Name the columns of nobody known that show no read of any variant of the others: normals, maybe."""
    unknown = [c.sample_id for c in taken if c.role == "tumour" and not c.listed]
    if len({c.sample_id for c in taken}) < 2 or not unknown:
        return
    seen = found.calls.group_by("sample_id").agg(n=pl.len(), reads=pl.col("alt_count").max())
    silent = seen.filter((pl.col("n") >= SILENT_VARIANTS) & (pl.col("reads") == 0) & pl.col("sample_id").is_in(unknown))
    if silent.height and (seen["reads"] > 0).any():
        names = ", ".join(silent["sample_id"].sort())
        message = f"{names}: no read of any variant of the other columns: a normal?"
        cure = "If so, say it (--files, or a clinical table): as a tumour it counts as looked at and without them."
        found.problems.append(Problem(name, None, "sample_id", names, message, cure, "warning"))


def _tell_uncounted(found: MafTables, small: TextTable, name: str) -> None:
    """Say that no call of a file has reads, and which keys its samples have: a dialect that nobody here knows."""
    called = found.calls.filter(pl.col("is_called").fill_null(True))
    if called.is_empty() or called["alt_count"].len() > called["alt_count"].null_count():
        return
    if called["vaf"].len() > called["vaf"].null_count() or any("0 variant reads" in p.message for p in found.problems):
        return  # told elsewhere
    keys = small.frame["FORMAT"].drop_nulls().head(1).to_list() if "FORMAT" in small.frame.columns else []
    message = f"none of the {called.height:,} calls has reads (FORMAT {(keys or ['none'])[0]})."
    cure = "Give the caller's own VCF with AD and DP; until then what rests on reads (absence, clones) is not known."
    found.problems.append(Problem(name, None, "alt_count", None, message, cure, "warning"))


def _is_unfiltered(table: TextTable) -> bool:
    """Whether a file is what Mutect2 writes before FilterMutectCalls: the header says so, or no record has a FILTER."""
    said = [c.lower() for c in table.comments if c.lower().startswith(("##filtering_status=", "##source="))]
    if any("unfiltered" in c for c in said):
        return True
    mutect = any(c.startswith("##source=mutect2") for c in said) and "FILTER" in table.frame.columns
    return mutect and not table.frame.is_empty() and bool((table.frame["FILTER"].fill_null(".") == ".").all())


def _tell_germline_caller(found: MafTables, name: str, caller: str) -> None:
    """Say that the calls of a germline caller without a normal may be of either origin."""
    n = int((found.calls["is_called"].fill_null(False) & (found.calls["origin"] == "unknown")).sum())
    if n:
        message = f"{n:,} calls are {caller}'s, which does not tell somatic from germline: their origin is not known."
        cure = "Give the calls of a somatic caller, or a normal; until then germline variants count as alterations."
        found.problems.append(Problem(name, None, "origin", None, message, cure, "warning"))


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


#: Records looked at for INFO and FORMAT keys that the header does not declare.
_LOOKED_AT = 1_000
_INFO_USED = {
    "CSQ",
    "ANN",
    "STATUS",
    "GermlineStatus",
    "SS",
    "SOMATIC",
    "GERMLINE",
    "SAMPLE",
    "POPAF",
    "GENE",
    "GN",
    "SYMBOL",
    "DP",
    "DP4",
    "AF",
    "TC",
    "TR",
    "BCSQ",
    "FUNCOTATION",
    "IMPACT",
    "SVTYPE",
    "END",
    "SVLEN",
    "CHR2",
    "POS2",
    "CT",
    "STRANDS",
    "INV3",
    "INV5",
    "FOLD_CHANGE_LOG",
    "set",
}


def _write_ledger(found: MafTables, file: str, table: TextTable, whose: Sequence[Column], header: _Header) -> None:
    """Say of every sample column, INFO and FORMAT key what it became."""
    found.ledger.file(file, "VCF", "used", n_rows=table.frame.height)
    for c in whose:
        state, became = ("used", f"samples: {c.sample_id}") if c.role != "ignore" else ("not read", "")
        found.ledger.column(file, c.column, state, became=became, why=f"{c.role}, by {c.why}")
    used = {key for _, keys, _ in DIALECTS for key in keys} | {
        "GT",
        "DP",
        "RO",
        "RD",
        "FRO",
        "TAR",
        "SS",
        "FT",
        "NAD",
        "NDP",
    }
    if found.large is not None:
        used |= {"PR", "SR", "DV", "RV", "VF", "SU", "PE", "CN", "MCN", "MCC", "SM"}
    for kind, known in (("INFO", _INFO_USED), ("FORMAT", used)):
        declared = [m.group(1) for line in table.comments if (m := re.match(rf"##{kind}=<ID=([^,>]+)", line))]
        if kind not in table.frame.columns:
            continue
        cells = table.frame[kind].head(_LOOKED_AT).drop_nulls().unique().to_list()
        seen = {
            part.partition("=")[0] for cell in cells for part in re.split("[;:]" if kind == "FORMAT" else ";", cell)
        }
        for key in sorted({*declared, *seen} - {".", ""}):
            is_used = key in known or bool(re.match(r"(?i)gnomad|exac|.*refgene", key))
            found.ledger.column(
                file,
                f"{kind}/{key}",
                "used" if is_used and key in seen else "empty" if key not in seen else "not read",
                became="calls, variants" if is_used else "",
                why="" if is_used else "no value that is used",
            )
    write_rows(found, file)


def _told(name: str, taken: Sequence[Column], left: Sequence[Column], ignored: Sequence[Column]) -> list[str]:
    out = []
    if left:
        out.append(f"{name}: {', '.join(sorted(c.column for c in left))} taken as normal and left out")
    if alone := [c for c in ignored if c.why != "manifest"]:
        out.append(f"{name}: {', '.join(sorted(c.column for c in alone))} left out: {alone[0].why}")
    for c in taken:
        if c.sample_id != c.column:
            out.append(f"{name}: the column {c.column} is sample {c.sample_id} ({c.why})")
    return out


def _counts_in_info(table: TextTable) -> bool:
    """Whether a VCF without sample columns holds read counts in INFO."""
    if "INFO" not in table.frame.columns:
        return False
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


def _rows(
    table: TextTable, tumours: Sequence[str], normals: Sequence[str], named: dict[str, str], *, no_af: bool
) -> list[tuple[object, ...]]:
    """One row per record, alternative allele and tumour sample, with the counts of the normal beside it."""
    frame = table.frame
    columns = [frame[c].to_list() for c in ("#CHROM", "POS", "REF", "ALT")]
    filters = frame["FILTER"].to_list() if "FILTER" in frame.columns else [None] * len(frame)
    infos = frame["INFO"].to_list() if "INFO" in frame.columns else [None] * len(frame)
    formats = frame["FORMAT"].to_list() if "FORMAT" in frame.columns else [None] * len(frame)
    values = {s: frame[s].to_list() for s in (*tumours, *normals)}
    out: list[tuple[object, ...]] = []
    keys_of: dict[str, list[str]] = {}
    lines = table.lines.to_list()
    is_alone = len(tumours) == 1
    for i, (chrom, pos, ref, alts) in enumerate(zip(*columns, strict=True)):
        if alts in (None, *NO_VARIANT) or ref is None:
            continue
        words = formats[i] or ""
        keys = keys_of.setdefault(words, words.split(":"))
        each = alts.split(",")
        others = [_fields(values[s][i], keys) for s in normals]
        one = shares_of_reads(_info(infos[i]), no_af) if len(tumours) + len(normals) == 1 else None
        for sample in tumours:
            fields = _fields(values[sample][i], keys)
            if _says_nothing(fields):
                continue
            for number, alt in enumerate(each):
                site = Site(ref, alt, number, len(each))
                own_ref, own_alt = _padded(ref, alt) if alt[:1] in ("+", "-") else (ref, alt)
                found = counts(fields, site, one)
                status = _status(fields, infos[i])
                held = _carried(fields, number)
                if held is False and is_alone and found[0] and (status or "").lower() in _SOMATIC:
                    held = None  # the record calls its one tumour somatic: 0/0 is no genotype of it
                out.append(
                    (
                        lines[i],
                        named[sample],
                        chrom,
                        pos,
                        own_ref,
                        own_alt,
                        _of_sample(_filter_of(filters[i], infos[i], number), fields.get("FT")),
                        *found,
                        None if None not in found else fraction(fields, site),
                        False if found[0] is None and _is_missing(fields) else held,
                        len(tumours) > 1 or _is_missing(fields),
                        *(_normal_counts(others, site) if others else of_normal(fields, site)),
                        status,
                        infos[i],
                        f"{ref}|{alts}|{number}",
                    )
                )
    return out


def _padded(ref: str, alt: str) -> tuple[str, str]:
    """Return alleles that VarScan before 2.3.6 left in its own notation (``+A``, ``-CC``) as a VCF writes them.

    >>> _padded("C", "+A"), _padded("A", "-CC"), _padded("A", "-")
    (('C', 'CA'), ('ACC', 'A'), ('A', '-'))
    """
    if len(alt) < 2 or not set(alt[1:].upper()) <= set("ACGTN"):
        return ref, alt
    return (ref, ref + alt[1:]) if alt[0] == "+" else (ref + alt[1:], ref)


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


_AS_FILTER = re.compile(r"(?:^|;)AS_FilterStatus=([^;]+)")


def _filter_of(site: str | None, info: str | None, number: int) -> str | None:
    """Return the FILTER of one allele: Mutect2 passes a record where any allele does, and says of each in
    AS_FilterStatus (``weak_evidence|SITE``: SITE is the record's own)."""
    found = _AS_FILTER.search(info or "") if info and "AS_FilterStatus" in info else None
    words = found[1].split("|") if found else []
    own = words[number] if number < len(words) else "SITE"
    return site if own in ("SITE", "PASS", ".", "") or (site or "PASS") != "PASS" else own.replace(",", ";")


def _of_sample(record: str | None, sample: str | None) -> str | None:
    """Return the FILTER of a record in one sample: the sample's own (FT) where it has one, a failed record's before a
    pass.

    >>> _of_sample("PASS", "few"), _of_sample("weak", "PASS"), _of_sample("PASS", "."), _of_sample("q10", None)
    ('few', 'weak', None, 'q10')
    """
    if not sample or (record not in (None, ".", "PASS") and sample in (".", "PASS")):
        return record
    return None if sample == "." else sample


def _fields(text: str | None, keys: list[str]) -> dict[str, str]:
    return dict(zip(keys, text.split(":"), strict=False)) if text else {}


def _info(text: str | None) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in (text or "").split(";"))


def _normal_counts(others: list[dict[str, str]], site: Site) -> tuple[int | None, int | None]:
    """Return reads with the allele and depth of the first normal that was counted."""
    for fields in others:
        found = counts(fields, site)
        if found[1] is not None:
            return found
    return None, None


#: What a record says of a somatic call (`_status`).
_SOMATIC = ("somatic", "ss2", "strongsomatic", "likelysomatic")
_SAID = re.compile(
    r"(?:^|;)(?:(?:Germline)?S(?:TATUS|tatus)=([^;,]+)|SS=(\d)(?=;|$)|(SOMATIC|GERMLINE)(?=;|$)|set=(FilteredInAll)(?=;|$))"
)


def _status(fields: dict[str, str], info: str | None) -> str | None:
    """Return what the record says of its origin: ORIGIN of our own export, SS of a sample (VarScan, SomaticSniper,
    MuTect), VarDict's STATUS, DRAGEN's GermlineStatus, a flag."""
    if fields.get("ORIGIN", ".") != ".":
        return fields["ORIGIN"]
    if fields.get("SS", "").isdigit():
        return f"ss{fields['SS']}"
    found = _SAID.findall(info or "")
    if not found:
        return None
    status, number, flag, combined = max(found, key=lambda groups: (bool(groups[3]), bool(groups[0])))
    return combined or status or (f"ss{number}" if number else flag)


def _carried(fields: dict[str, str], number: int) -> bool | None:
    """Whether the genotype holds the allele; null without a genotype, or with one of dots."""
    alleles = set(re.split(r"[/|]", fields.get("GT") or ".")) - {"."}
    return str(number + 1) in alleles if alleles else None


def _is_missing(fields: dict[str, str]) -> bool:
    """Whether the genotype is one of dots: the caller says nothing, the reads decide."""
    return "GT" in fields and not set(fields["GT"]) - set("./|")


def _says_nothing(fields: dict[str, str]) -> bool:
    """Whether a sample's column is empty: no field, or a missing genotype without depth."""
    missing = _is_missing(fields)
    depth_known = any(fields.get(k) not in (None, ".", "") for k in ("DP", "AD", "AU", "TIR", "AO", "NR"))
    return not fields or (missing and not depth_known)


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
    }
    left: list[tuple[str, int, int | None]] = []
    frame = normalise(pl.DataFrame(rows, schema=schema, orient="row"), fasta=fasta)
    frame = _with_unread(frame, name, problems)
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
    if fasta is not None:
        problems += reference_problems(frame, name)
    frame = frame.with_columns(frequencies(frame, header.effect_columns))
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
        ref, alts, number = record.split("|")
        found.append(effect_of(info, Allele(ref, tuple(alts.split(",")), int(number)), header.effect_columns))
    columns = ("gene", "consequence", "hgvs_c", "hgvs_p")
    effects = pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
    joined = frame.select(key).join(distinct.hstack(effects), on=key, how="left", maintain_order="left")
    return joined.select(columns).get_columns()


def effect_columns(annotations: pl.Series) -> pl.DataFrame:
    """Return gene, term, hgvs_c and hgvs_p of a column of snpEff annotations (``ANN`` without its name)."""
    one = Allele("N", ("N",), 0)
    found = [effect_of(f"ANN={a}", one, {}) if a else NOTHING for a in annotations]
    columns = ("gene", "term", "hgvs_c", "hgvs_p")
    return pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
