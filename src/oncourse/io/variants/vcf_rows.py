"""Records of a VCF -> one row per record, alternative allele and sample: what its FILTER, INFO and FORMAT say of each.

A value of ``.`` says nothing: null. Counts are read where the caller put them (`oncourse.io.variants.dialects`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from oncourse.genome.variant import MAX_BASES
from oncourse.io.assays.covered import NO_VARIANT
from oncourse.io.tabular.table import TextTable
from oncourse.io.variants.agreement import agreed
from oncourse.io.variants.dialects import SHARES, Site, counts, fraction, of_normal, shares_of_reads


def in_percent(table: TextTable, samples: Sequence[str]) -> list[str]:
    """Return the keys of FORMAT that hold fractions of reads in percent: the header says so, or a value is above 1."""
    said = [key for key in SHARES if any(_PERCENT.match(c) and f"ID={key}," in c for c in table.comments)]
    if "FORMAT" not in table.frame.columns:
        return said
    for words in table.frame["FORMAT"].drop_nulls().unique():
        keys = words.split(":")
        rows = table.frame.filter(pl.col("FORMAT") == words)
        for key in {*SHARES} & {*keys} - {*said}:
            for sample in samples:
                cells = rows[sample].str.split(":").list.get(keys.index(key), null_on_oob=True).str.split(",")
                highest = cells.explode().cast(pl.Float64, strict=False).max()
                if isinstance(highest, float) and highest > 1:
                    said.append(key)
    return sorted(set(said))


#: A fraction that the header declares in percent.
_PERCENT = re.compile(r'(?i)"?##FORMAT=<.*Description="[^"]*(\bin percent|percentage|\(%\))')


def record_rows(
    table: TextTable,
    tumours: Sequence[str],
    normals: Sequence[str],
    named: dict[str, str],
    *,
    no_af: bool,
    percent: Collection[str] = (),
) -> list[tuple[object, ...]]:
    """One row per record, alternative allele and tumour sample, with the counts of the normal beside it; the keys
    `percent` hold fractions in percent (`in_percent`)."""
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
    # Mutect2's genotype is every allele of the record, also of sites it was told to look at (GATK #5695)
    lists_all = any(c.startswith("##source=Mutect2") for c in table.comments)
    for i, (chrom, pos, ref, alts) in enumerate(zip(*columns, strict=True)):
        words = formats[i] or ""
        keys = keys_of.setdefault(words, words.split(":"))
        if alts in (None, *NO_VARIANT) or ref is None or ref == alts:
            # no variant, unless a genotype holds one: then its bases are not written
            if ref and alts and not any(_holds_one(_fields(values[s][i], keys)) for s in tumours):
                continue
            ref, alts = ref or "?", "?"
        ref, each = _bounded(ref), _alternatives(alts)
        others = [_fields(values[s][i], keys) for s in normals]
        one = shares_of_reads(_info(infos[i]), no_af) if len(tumours) + len(normals) == 1 else None
        for sample in tumours:
            fields = _fields(values[sample][i], keys)
            for key in percent:
                if fields.get(key, ".")[-1:].isdigit():
                    fields[key] += "%"
            is_told = is_alone and filters[i] == "PASS" and _has_numbers(fields)
            is_silent = _says_nothing(fields) and not is_told
            if is_silent and not (is_alone and passes_record(filters[i])):
                continue
            for number, alt in enumerate(each):
                site = Site(ref, alt, number, len(each))
                own_ref, own_alt = _padded(ref, alt) if alt[:1] in ("+", "-") else (ref, alt)
                found, disagreed = agreed(counts(fields, site, one), fields, site)
                status = _status(fields, infos[i], number)
                held = _carried(fields, site)
                if held is False and is_alone and found[0] and (status or "").lower() in _SOMATIC:
                    held = None  # the record calls its one tumour somatic: 0/0 is no genotype of it
                # passed in the only sample, and none of it there, without a read that says so
                denied = held is False and is_alone and passes_record(filters[i]) and found == (None, None)
                open_ = is_silent or is_unreadable(fields, site) or (denied and not _COUNTS.isdisjoint(keys))
                out.append(
                    (
                        lines[i],
                        named[sample],
                        chrom,
                        pos,
                        own_ref,
                        own_alt,
                        NO_GENOTYPE
                        if open_
                        else _of_sample(_filter_of(filters[i], infos[i], number), fields.get("FT")),
                        *found,
                        None if None not in found else fraction(fields, site),
                        False if open_ or (found[0] is None and _is_missing(fields) and not is_told) else held,
                        len(tumours) > 1 or _is_missing(fields) or len(each) > 1 or lists_all,
                        *(_normal_counts(others, site) if others else of_normal({**(one or {}), **fields}, site)),
                        status,
                        infos[i],
                        f"{ref}|{','.join(each)}|{number}",
                        disagreed,
                    )
                )
    return out


#: Filter of a record whose column says nothing that can be read of its alternative (of the file's only tumour: nothing at
#: all): listed as passed, and nobody knows whether the sample has it.
NO_GENOTYPE = "no genotype"


def passes_record(text: str | None) -> bool:
    """Whether the FILTER of a record fails nothing."""
    return text in (None, "", ".", "PASS")


def _holds_one(fields: dict[str, str]) -> bool:
    """Whether a genotype holds an alternative."""
    return bool(re.search("[1-9]", fields.get("GT", "")))


#: A record of more alternatives is no variant of a sample.
MAX_ALTERNATIVES = 1_000


def _bounded(allele: str) -> str:
    return allele if len(allele) <= MAX_BASES else f"{len(allele)} bases"


def _alternatives(alts: str) -> list[str]:
    """The alternatives of a record; what is too long or too many to be one is no sequence of bases any more.

    >>> _alternatives("T,A"), _alternatives(",".join("TA" * 1000))
    (['T', 'A'], ['2000 alternatives'])
    """
    n = alts.count(",") + 1
    return [_bounded(a) for a in alts.split(",")] if n <= MAX_ALTERNATIVES else [f"{n} alternatives"]


def _padded(ref: str, alt: str) -> tuple[str, str]:
    """Return alleles that VarScan before 2.3.6 left in its own notation (``+A``, ``-CC``) as a VCF writes them.

    >>> _padded("C", "+A"), _padded("A", "-CC"), _padded("A", "-")
    (('C', 'CA'), ('ACC', 'A'), ('A', '-'))
    """
    if len(alt) < 2 or not set(alt[1:].upper()) <= set("ACGTN"):
        return ref, alt
    return (ref, ref + alt[1:]) if alt[0] == "+" else (ref + alt[1:], ref)


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


#: Varlociraptor writes the probability of each event of an allele as a phred value: the least is the most probable.
_EVENT = re.compile(r"(?:^|;)PROB_([A-Z0-9_]+)=([^;]+)")
_EVENT_WORDS = (
    ("ABSENT", "absent"),
    ("ARTIFACT", "artifact"),
    ("SOMATIC_NORMAL", "absent"),
    ("GERMLINE", "germline"),
    ("SOMATIC", "somatic"),
)


def _most_probable(info: str, number: int) -> str | None:
    """Return the status of the most probable event of an allele; null where the user named it otherwise.

    >>> _most_probable("PROB_ABSENT=0.01;PROB_SOMATIC_TUMOR=25", 0)
    'absent'
    >>> _most_probable("PROB_ABSENT=9,30;PROB_GERMLINE_HET=1,0", 1)
    'germline'
    """
    phred = {}
    for event, cell in _EVENT.findall(info):
        values = cell.split(",")
        try:
            phred[event] = float(values[number if number < len(values) else 0])
        except ValueError:
            continue
    best = min(phred, key=lambda event: phred[event], default="")
    return next((status for word, status in _EVENT_WORDS if best.startswith(word)), None)


def _status(fields: dict[str, str], info: str | None, number: int = 0) -> str | None:
    """Return what the record says of its origin: ORIGIN of our own export, SS of a sample (VarScan, SomaticSniper,
    MuTect), VarDict's STATUS, DRAGEN's GermlineStatus, a flag, Varlociraptor's most probable event."""
    if fields.get("ORIGIN", ".") != ".":
        return fields["ORIGIN"]
    if fields.get("SS", "").isdigit():
        return f"ss{fields['SS']}"
    if info and "PROB_ABSENT=" in info:
        return _most_probable(info, number)
    found = _SAID.findall(info or "")
    if not found:
        return None
    status, number, flag, combined = max(found, key=lambda groups: (bool(groups[3]), bool(groups[0])))
    return combined or status or (f"ss{number}" if number else flag)


def _carried(fields: dict[str, str], site: Site) -> bool | None:
    """Whether the genotype holds the allele, by its number or (vcf2maf#193) by its bases; null without a genotype, or with
    one of dots.

    >>> [_carried({"GT": gt}, Site("C", "T")) for gt in ("0/1", "0/0", "C/T", "C/C", "./.", "het")]
    [True, False, True, False, None, None]
    """
    if _is_missing(fields):
        return None
    alleles = set(re.split(r"[/|]", fields.get("GT") or ".")) - {".", ""}
    if not all(map(str.isdigit, alleles)):
        written = {a.upper() for a in alleles}
        return site.alt.upper() in written if all(re.fullmatch("[ACGTN]+", a) for a in written) else None
    return str(site.number + 1) in alleles if alleles else None


#: What R and pandas write for a genotype that is missing.
_NO_WORDS = frozenset(("", "na", "n/a", "nan", "none", "null", "-"))


def _is_missing(fields: dict[str, str]) -> bool:
    """Whether the genotype is one of dots: the caller says nothing, the reads decide."""
    return "GT" in fields and (not set(fields["GT"]) - set("./|") or fields["GT"].lower() in _NO_WORDS)


#: Words for a genotype; bases parted as alleles are.
_GENOTYPE_WORDS = frozenset(("het", "hom", "ref", "wt", "mut", "alt", "homref", "homalt", "hom_ref", "hom_alt"))
_BASES = re.compile(r"(?i)^[ACGTN*]+([/|][ACGTN*]+)+$")


#: Genotypes of nearly every record.
_PLAIN = frozenset(f"{a}{mark}{b}" for a in "01" for b in "01" for mark in "/|")


def is_unreadable(fields: dict[str, str], site: Site) -> bool:
    """Whether a genotype is none: no alleles, or alleles that the record does not have and not the one asked for.

    A record that was split and kept its genotype (``1/2``) has its first alternative all the same.

    >>> [is_unreadable({"GT": gt}, Site("C", "T")) for gt in ("0/1", "./.", "C/T", "T", "het", "1/2", "|0|1")]
    [False, False, False, False, False, False, False]
    >>> [is_unreadable({"GT": gt}, Site("C", "T")) for gt in ("0/2", "12", "GT", "30%", "\uff13\uff10\uff10")]
    [True, True, True, True, True]
    """
    written = fields.get("GT")
    if written is None or written in _PLAIN or _is_missing(fields):
        return False
    alleles = set(re.split(r"[/|]", written)) - {".", ""}
    if all(a.isascii() and a.isdigit() for a in alleles):
        return max(map(int, alleles)) > site.n_alt and str(site.number + 1) not in alleles
    is_word = written.lower() in _GENOTYPE_WORDS or written.upper() in (site.ref.upper(), site.alt.upper())
    return not is_word and not _BASES.match(written)


#: Keys of reads: a caller whose FORMAT has one counts.
_COUNTS = frozenset(("DP", "AD", "AO", "NV", "DP4", "AU", "TIR", "VD"))
#: Keys of a sample that say nothing of whether the variant is there: depth, quality, phase.
_NOT_OF_THE_VARIANT = frozenset(("GT", "DP", "TDP", "NDP", "MIN_DP", "GQ", "RGQ", "PL", "PGT", "PID", "PS"))


def _has_numbers(fields: dict[str, str]) -> bool:
    """Whether a sample's column holds a number above 0 of the variant: a caller that writes ``./.`` for its one tumour
    (cgpPindel) says that it is there, in keys that need not be known here.

    >>> _has_numbers({"GT": "./.", "PP": "3"}), _has_numbers({"GT": "./.", "DP": "50"})
    (True, False)
    """
    return any(set("123456789") & set(value) for key, value in fields.items() if key not in _NOT_OF_THE_VARIANT)


def _says_nothing(fields: dict[str, str]) -> bool:
    """Whether a sample's column is empty: no field, or a missing genotype without depth."""
    missing = _is_missing(fields)
    depth_known = any(
        fields.get(k, ".").lower() not in (".", *_NO_WORDS) for k in ("DP", "AD", "AU", "TIR", "AO", "NR")
    )
    return not fields or (missing and not depth_known)
