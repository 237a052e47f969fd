"""One name for one variant: ``chrom:pos:ref:alt``, from MAF or VCF spelling.

After trimming, an empty allele is ``-``; the position is the first changed base, for an insertion the base before it.
So the padded VCF record ``7 100 C CTT``, its MAF twin ``7 100 - TT`` and ``chr7 99 ACG ACTTG`` are one variant,
``7:100:-:TT``. Without a reference an indel in a repeat stays where its caller put it; with one it is moved left [1]_.

References
----------
.. [1] Tan A, Abecasis GR, Kang HM. Unified representation of genetic variants. Bioinformatics 2015;31:2202.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.texts import FEW

#: Texts that callers write for an empty allele.
EMPTY_ALLELES = ("-", "--", "", ".", "0")
_NO_ALLELE = r"[^ACGTN]"
#: A longer allele is no small variant, and would be copied many times on its way.
MAX_BASES = 1_000_000
#: A variant_id in its parts; contig names may hold colons (HLA).
VARIANT_ID = r"^(.+):(\d+):([ACGTN]+|-):([ACGTN]+|-)$"


@cache
def chromosome(column: str = "chrom") -> pl.Expr:
    """Return the chromosome as 1-22, X, Y, MT (other contigs keep their name, without ``chr``).

    >>> names = ["chr7", "23", "NC_000012.11", "CHRX", "chromosome 12", "GL000220.1"]
    >>> pl.DataFrame({"c": names}).select(chromosome("c"))["c"].to_list()
    ['7', 'X', '12', 'X', '12', 'GL000220.1']
    """
    bare = (
        pl.col(column).cast(pl.String).str.strip_chars().str.replace(r"^(?i)chr(omosome[ _]?)?", "").str.strip_chars()
    )
    bare = bare.str.replace(r"^(\d+)\.0$", "${1}").str.replace(r"^0(\d)$", "${1}")
    # RefSeq's accession of a human chromosome
    bare = bare.str.replace(r"^NC_0000(\d\d)\.\d+$", "${1}").str.replace(r"^0(\d)$", "${1}")
    bare = bare.str.replace(r"^NC_012920\.\d+$", "MT")
    named = {"23": "X", "24": "Y", "M": "MT", "m": "MT", "mt": "MT", "Mt": "MT", "x": "X", "y": "Y"}
    return bare.replace(named).replace("", None)


#: Version of the RefSeq accession of chromosomes 1 to 22, X (23) and Y (24) in GRCh38; in GRCh37 it is one less (from
#: memory).
_GRCH38 = (11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10)


def build_of_accession(name: str) -> str | None:
    """Return the genome build of RefSeq's accession of a human chromosome; null where it is none.

    >>> build_of_accession("NC_000012.12"), build_of_accession("NC_000012.11"), build_of_accession("chr12")
    ('GRCh38', 'GRCh37', None)
    """
    found = re.match(r"NC_0000(\d\d)\.(\d+)", name)
    if not found or not 1 <= int(found[1]) <= len(_GRCH38):
        return None
    return {0: "GRCh38", -1: "GRCh37"}.get(int(found[2]) - _GRCH38[int(found[1]) - 1])


@cache
def position(column: str = "pos") -> pl.Expr:
    """Return a position as integer, also from ``4.7e+07``, ``100.0``, ``25,398,284``; null where no whole number >=
    1."""
    text = pl.col(column).cast(pl.String).str.strip_chars()
    parted = text.str.contains(r"^\d{1,3}([, \u00a0]\d{3})+$")
    text = pl.when(parted).then(text.str.replace_all(r"[, \u00a0]", "")).otherwise(text)
    number = text.cast(pl.Float64, strict=False)
    whole = number.is_finite() & (number == number.round(0)) & (number.abs() < 2.0**53)
    value = pl.coalesce(text.cast(pl.Int64, strict=False), pl.when(whole).then(number).cast(pl.Int64, strict=False))
    return pl.when(value >= 1).then(value)


def trim(ref: str, alt: str) -> tuple[int, str, str]:
    """Return how many bases were cut from the left, and the alleles without what they share (right end first).

    >>> trim("CAA", "CA"), trim("ACG", "ACTTG"), trim("GAC", "TAC")
    ((1, 'A', ''), (2, '', 'TT'), (0, 'G', 'T'))
    """
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[-1 - shared] == alt[-1 - shared]:
        shared += 1
    ref, alt = ref[: len(ref) - shared], alt[: len(alt) - shared]
    left = 0
    while left < min(len(ref), len(alt)) and ref[left] == alt[left]:
        left += 1
    return left, ref[left:], alt[left:]


def left_align(fasta: Fasta, chrom: str, pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Move a trimmed insertion or deletion as far left as the reference allows; other variants stay.

    `pos` is the first deleted base, or the base before the insertion; the empty allele is ``""``.
    """
    if bool(ref) == bool(alt):
        return pos, ref, alt
    allele = ref or alt
    before = pos - 1 if ref else pos  # the base the allele could swallow next
    window, start = "", before + 1
    while before >= 1:
        if before < start:
            start = max(1, before - 499)
            window = fasta.fetch(chrom, start, before)
            if not window:
                break
        if window[before - start] != allele[-1]:
            break
        allele = allele[-1] + allele[:-1]
        before -= 1
    moved = before + 1 if ref else before
    return moved, allele if ref else "", allele if alt else ""


def right_align(fasta: Fasta, chrom: str, pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Move a trimmed insertion or deletion as far right as the reference allows; the mirror of `left_align`."""
    if bool(ref) == bool(alt):
        return pos, ref, alt
    allele = ref or alt
    after = pos + len(ref) if ref else pos + 1  # the base the allele could swallow next
    window, start = "", after
    while True:
        if after >= start + len(window):
            start, window = after, fasta.fetch(chrom, after, after + 99)
            if not window:
                break
        if window[after - start] != allele[0]:
            break
        allele = allele[1:] + allele[0]
        after += 1
    moved = after - len(ref) if ref else after - 1
    return moved, allele if ref else "", allele if alt else ""


def normalise(
    frame: pl.DataFrame,
    *,
    chrom: str = "chrom",
    pos: str = "pos",
    ref: str = "ref",
    alt: str = "alt",
    fasta: Fasta | None = None,
) -> pl.DataFrame:
    """Return the frame with `chrom`, `pos`, `ref`, `alt` normalised and ``variant_id`` added.

    Parameters
    ----------
    frame : one row per record (shape (n,)); positions as text or number, alleles in MAF or VCF spelling
    fasta : reference for left alignment and for ``is_ref_match``

    Returns
    -------
    The rows in their order. ``variant_id`` is null (with ``why_not``) where the record is no small variant: a symbolic
    or missing allele, no position, no change. With `fasta`, ``is_ref_match`` says whether the reference allele is
    what the genome has there (null where the contig is not in the file): mostly false means another genome build.
    """
    columns = [c for c in frame.columns if c not in ("variant_id", "why_not", "is_ref_match")]
    texts: dict[str, Callable[[str], pl.Expr]] = {chrom: chromosome, ref: _allele, alt: _allele}
    read: list[pl.Expr | pl.Series]
    if frame.height <= FEW:  # to ask costs more than what is asked
        read = [pl.when(pl.col(c).is_not_null()).then(of(c)).cast(pl.String).alias(c) for c, of in texts.items()]
    else:
        read = [once(frame[c], of("x")) for c, of in texts.items()]
    out = frame.select(columns).with_columns(*read, _positions(frame[pos]))
    out = _one_base(out, ref, alt)
    out = _trimmed(out, pos, ref, alt)
    out = out.with_columns(_why_not(out, chrom, pos, ref, alt))
    if fasta is not None:
        out = _aligned(out, chrom, pos, ref, alt, fasta)
    dashed = [pl.when(pl.col(a) == "").then(pl.lit("-")).otherwise(pl.col(a)).alias(a) for a in (ref, alt)]
    parted = [pl.col(chrom), pl.col(pos).cast(pl.String), *dashed]
    is_one = pl.col("why_not").is_null()
    return out.with_columns(*dashed, pl.when(is_one).then(pl.concat_str(parted, separator=":")).alias("variant_id"))


def once(values: pl.Series, expression: pl.Expr) -> pl.Series:
    """Return `expression` (of a column ``x``) of each value, text, worked out once per distinct value; null stays null."""
    if len(values) <= FEW:
        given = values.cast(pl.String).to_frame("x")
        said = given.select(pl.when(pl.col("x").is_not_null()).then(expression).cast(pl.String).alias("x"))
        return said.to_series().rename(values.name)
    distinct = pl.DataFrame({"x": values.unique().drop_nulls().cast(pl.String)})
    results = distinct.select(expression.alias("x"))["x"]
    if values.dtype == pl.String and results.equals(distinct["x"]):
        return values
    mapped = values.cast(pl.String).replace_strict(distinct["x"], results, default=None, return_dtype=pl.String)
    return mapped.rename(values.name)


def _positions(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        plain = values.cast(pl.Int64, strict=False)
        if plain.null_count() == values.null_count() and (plain > 0).all():
            return plain
    return pl.DataFrame({"x": values}).select(position("x").alias(values.name))[values.name]


def _allele(column: str) -> pl.Expr:
    given = pl.col(column).cast(pl.String)
    text = pl.when(given.str.len_bytes() > MAX_BASES).then(pl.lit("MORE BASES THAN ARE READ")).otherwise(given)
    text = text.str.strip_chars().str.to_uppercase()
    return pl.when(text.is_in(EMPTY_ALLELES)).then(pl.lit("")).otherwise(text)


#: IUPAC codes of two bases (NC-IUB 1984): a heterozygous site as old callers and sequencers write it.
_TWO_BASES = {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}


def _one_base(frame: pl.DataFrame, ref: str, alt: str) -> pl.DataFrame:
    """Write an allele ``Y`` beside the reference C as T; any other code as N."""
    code = pl.col(alt).is_in([*_TWO_BASES, *"BDHV"]) & pl.col(ref).is_in(list("ACGT"))
    if not frame.select(code.any()).item():
        return frame
    pairs = {f"{base}{c}": two.replace(base, "") for c, two in _TWO_BASES.items() for base in two}
    other = (pl.col(ref) + pl.col(alt)).replace_strict(pairs, default="N", return_dtype=pl.String)
    return frame.with_columns(pl.when(code).then(other).otherwise(pl.col(alt)).alias(alt))


def _why_not(frame: pl.DataFrame, chrom: str, pos: str, ref: str, alt: str) -> pl.Series:
    """Return why each row is no small variant, as ``why_not``; null where it is one."""
    no_contig = _is_like(frame, chrom, r"^[0-9XYMT]+:\d+$")
    no_bases = [_is_like(frame, a, _NO_ALLELE) for a in (ref, alt)]
    why = (
        pl.when(pl.col(chrom).is_null() | no_contig)
        .then(pl.lit("no chromosome"))
        .when(pl.col(pos).is_null())
        .then(pl.lit("no position"))
        .when(pl.col(ref).is_null() | pl.col(alt).is_null())
        .then(pl.lit("no allele"))
        .when(no_bases[0] | no_bases[1])
        .then(pl.lit("not a sequence of bases"))
        .when(pl.col(ref) == pl.col(alt))
        .then(pl.lit("no change"))
    )
    return frame.select(why.alias("why_not"))["why_not"]


def _is_like(frame: pl.DataFrame, column: str, pattern: str) -> pl.Expr:
    """Whether a text is like `pattern`; of many rows it is asked once of each distinct text."""
    if frame.height <= FEW:
        return pl.col(column).str.contains(pattern)
    return pl.col(column).is_in(which(frame[column], pl.col("x").str.contains(pattern)))


def which(values: pl.Series, test: pl.Expr) -> list[str]:
    """Return the distinct texts of which `test` (of a column ``x``) is true."""
    distinct = pl.DataFrame({"x": values.unique().drop_nulls()})
    return distinct.filter(test)["x"].sort().to_list()


def _trimmed(frame: pl.DataFrame, pos: str, ref: str, alt: str) -> pl.DataFrame:
    """Trim the records that are longer than one base; each pair of alleles is worked out once."""
    simple = (pl.col(ref).str.len_bytes() <= 1) & (pl.col(alt).str.len_bytes() <= 1)
    long = ~simple & (pl.col(ref) != "") & (pl.col(alt) != "") & (pl.col(ref) != pl.col(alt))
    rows = frame.select(long.fill_null(False).arg_true()).to_series()
    if rows.is_empty():
        return frame
    given = frame.select(pos, ref, alt)[rows]
    pairs = given.select(ref, alt).unique()
    cut = [trim(r, a) for r, a in pairs.iter_rows()]
    pairs = pairs.with_columns(
        pl.Series("_left", [c[0] for c in cut], pl.Int64),
        pl.Series("_ref", [c[1] for c in cut], pl.String),
        pl.Series("_alt", [c[2] for c in cut], pl.String),
    )
    moved = pl.col(pos) + pl.col("_left") - (pl.col("_ref") == "").cast(pl.Int64)
    changed = given.join(pairs, on=[ref, alt], how="left", maintain_order="left")
    changed = changed.select(moved.alias(pos), pl.col("_ref").alias(ref), pl.col("_alt").alias(alt))
    return frame.with_columns(frame[c].scatter(rows, changed[c]) for c in changed.columns)


def _aligned(frame: pl.DataFrame, chrom: str, pos: str, ref: str, alt: str, fasta: Fasta) -> pl.DataFrame:
    key = [chrom, pos, ref, alt]
    sites = frame.filter(pl.col("why_not").is_null()).select(key).unique().sort(key)
    match = _matches(sites, fasta)
    moved = [
        # where the file and the record disagree about the bases, sliding along the file means nothing
        left_align(fasta, c, p, r, a) if fits and bool(r) != bool(a) else (p, r, a)
        for (c, p, r, a), fits in zip(sites.iter_rows(), match, strict=True)
    ]
    new = sites.with_columns(
        pl.Series("_pos", [m[0] for m in moved], pl.Int64),
        pl.Series("_ref", [m[1] for m in moved], pl.String),
        pl.Series("_alt", [m[2] for m in moved], pl.String),
        pl.Series("is_ref_match", match, pl.Boolean),
    )
    joined = frame.join(new, on=key, how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce("_pos", pos).alias(pos),
        pl.coalesce("_ref", ref).alias(ref),
        pl.coalesce("_alt", alt).alias(alt),
    ).drop("_pos", "_ref", "_alt")


def _matches(sites: pl.DataFrame, fasta: Fasta) -> list[bool | None]:
    """Whether each reference allele of (chrom, pos, ref; ``""``: none) is the FASTA's; null without its contig."""
    chrom, pos, ref = sites.columns[:3]
    found: list[bool | None] = [None] * sites.height
    table = sites.select(chrom, pos, ref).with_row_index("_row")
    for name, rows in table.group_by(chrom):
        if str(name[0]) not in fasta:
            continue
        single = rows.filter(pl.col(ref).str.len_bytes() == 1)
        letters = np.frombuffer("".join(single[ref]).encode(), np.uint8)
        same = fasta.at(str(name[0]), single[pos].to_numpy()) == letters
        for row, fits in zip(single["_row"], same.tolist(), strict=True):
            found[row] = fits
        for row, at, bases in rows.filter(pl.col(ref).str.len_bytes() != 1).select("_row", pos, ref).iter_rows():
            found[row] = not bases or fasta.fetch(str(name[0]), at, at + len(bases) - 1) == bases
    return found


def parts(column: str = "variant_id") -> list[pl.Expr]:
    """Return expressions for ``chrom``, ``pos``, ``ref``, ``alt`` of an id; null where it is not of that form."""
    groups = pl.col(column).str.extract_groups(VARIANT_ID)
    return [
        groups.struct.field("1").alias("chrom"),
        groups.struct.field("2").cast(pl.Int64, strict=False).alias("pos"),
        groups.struct.field("3").alias("ref"),
        groups.struct.field("4").alias("alt"),
    ]


#: An id whose chromosome holds no colon: it is cut at its colons, in a fifth of the time of `VARIANT_ID`.
_CUT = r"^[^:]+:\d+:(?:[ACGTN]+|-):(?:[ACGTN]+|-)$"


def with_parts(frame: pl.DataFrame, column: str = "variant_id") -> pl.DataFrame:
    """Return the frame with `parts` of an id.

    >>> with_parts(pl.DataFrame({"variant_id": ["7:99:A:-", "HLA:1:9:A:C", "KRAS:p.G12D", None]})).rows()[:2]
    [('7:99:A:-', '7', 99, 'A', '-'), ('HLA:1:9:A:C', 'HLA:1', 9, 'A', 'C')]
    """
    ids = frame[column]
    if not ids.str.contains(_CUT).all():
        return frame.with_columns(parts(column))
    cut = frame.select(pl.col(column).str.split_exact(":", 3).alias("x"))["x"].struct.unnest()
    chrom, pos, ref, alt = cut.get_columns()
    return frame.with_columns(
        chrom.alias("chrom"), pos.cast(pl.Int64, strict=False).alias("pos"), ref.alias("ref"), alt.alias("alt")
    )


def places(ids: pl.Series) -> dict[str, Any]:
    """Return `chrom`, a number per chromosome, and `position` of each variant; None where an id is no place."""
    at = with_parts(pl.DataFrame({"variant_id": ids.cast(pl.String)}))
    if at["chrom"].null_count() or at["pos"].null_count():
        return {"chrom": None, "position": None}
    return {
        "chrom": at["chrom"].rank("dense").to_numpy().astype(np.int64) - 1,
        "position": at["pos"].to_numpy().astype(np.int64),
    }


def canonical_ids(ids: pl.Series) -> pl.Series:
    """Return each id as this module would write it (``chr7:99:ACG:ACTTG`` -> ``7:100:-:TT``); null if no such id."""
    unique = pl.DataFrame({"variant_id": ids.unique().drop_nulls()})
    loose = pl.col("variant_id").str.extract_groups(r"^(.+)[:_](\d+)[:_]([A-Za-z]+|-|\.)[:_>/]([A-Za-z]+|-|\.)$")
    names = ("chrom", "pos", "ref", "alt")
    split = unique.with_columns(loose.struct.field(str(n)).alias(c) for n, c in enumerate(names, 1))
    named = normalise(split.rename({"variant_id": "_given"}))
    return ids.replace_strict(named["_given"], named["variant_id"], default=None, return_dtype=pl.String)


def kind(ref: str = "ref", alt: str = "alt") -> pl.Expr:
    """Return SNV, MNV, DEL, INS or DELINS of trimmed alleles."""
    n_ref = pl.when(pl.col(ref) == "-").then(0).otherwise(pl.col(ref).str.len_bytes())
    n_alt = pl.when(pl.col(alt) == "-").then(0).otherwise(pl.col(alt).str.len_bytes())
    return (
        pl.when((n_ref == 1) & (n_alt == 1))
        .then(pl.lit("SNV"))
        .when(n_ref == 0)
        .then(pl.lit("INS"))
        .when(n_alt == 0)
        .then(pl.lit("DEL"))
        .when(n_ref == n_alt)
        .then(pl.lit("MNV"))
        .otherwise(pl.lit("DELINS"))
    )
