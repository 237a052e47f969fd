"""Classes of mutations by the bases around them: SBS-96 and ID-83, in COSMIC's words; runs of one base."""

from __future__ import annotations

from itertools import product

import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import parts, with_parts

_SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
#: The 96 classes in the order of COSMIC's tables: by the base before, the substitution and the base after.
SBS96 = tuple(f"{a}[{s}]{b}" for s in _SUBSTITUTIONS for a, b in product("ACGT", repeat=2))
_PAIR = str.maketrans("ACGT", "TGCA")


def _id83() -> tuple[str, ...]:
    one = [f"1:{kind}:{base}:{n}" for kind in ("Del", "Ins") for base in "CT" for n in range(6)]
    more = [f"{size}:{kind}:R:{n}" for kind in ("Del", "Ins") for size in (2, 3, 4, 5) for n in range(6)]
    shared = [f"{size}:Del:M:{n}" for size in (2, 3, 4, 5) for n in range(1, size if size < 5 else 6)]
    return (*one, *more, *shared)


#: The 83 classes: size, deletion or insertion, base (R: repeat, M: microhomology), repeats or shared bases.
ID83 = _id83()


def with_sbs_class(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``class`` to substitutions; null where ``around`` (odd length, middle: ref) does not fit ``ref``.

    >>> rows = pl.DataFrame({"ref": ["C", "G", "C"], "alt": ["T", "A", "T"], "around": ["ACG", "TTCGTAA", "AGG"]})
    >>> with_sbs_class(rows)["class"].to_list()
    ['A[C>T]G', 'A[C>T]G', None]
    """
    middle = pl.col("around").str.len_chars() // 2
    fits = (pl.col("around").str.len_chars() % 2 == 1) & (pl.col("around").str.slice(middle, 1) == pl.col("ref"))
    before, after = (pl.col("around").str.slice(middle + step, 1) for step in (-1, 1))
    bases = [before, pl.col("ref"), pl.col("alt"), after]
    known = fits & pl.all_horizontal(b.is_in(list("ACGT")) for b in bases)
    other = dict(zip("ACGT", "TGCA", strict=True))
    pair = [b.replace_strict(other, default=None, return_dtype=pl.String) for b in bases]
    mirrored = pl.format("{}[{}>{}]{}", pair[3], pair[1], pair[2], pair[0])
    plain = pl.format("{}[{}>{}]{}", *bases)
    word = pl.when(pl.col("ref").is_in(["C", "T"])).then(plain).otherwise(mirrored)
    return frame.with_columns(pl.when(known).then(word).alias("class"))


def id_class(bases: str, is_deletion: bool, before: str, after: str) -> str:
    """Return the class of an insertion or deletion of `bases` between `before` and `after` (the sequence that stays).

    Counted: how often `bases` follows in `after` (and precedes in `before`); for a deletion that repeats nowhere, how
    many of its bases the flanks share.

    >>> id_class("T", True, "ACG", "TTTCA"), id_class("A", False, "CCC", "GGG"), id_class("CAG", True, "T", "CATG")
    ('1:Del:T:3', '1:Ins:T:0', '3:Del:M:2')
    >>> id_class("CA", True, "TT", "CACAG"), id_class("AGCTT", True, "CC", "GGG")
    ('2:Del:R:2', '5:Del:R:0')
    """
    size, kind = len(bases), "Del" if is_deletion else "Ins"
    repeats = 0
    while after[repeats * size : (repeats + 1) * size] == bases:
        repeats += 1
    back = 0
    while before[len(before) - (back + 1) * size : len(before) - back * size] == bases and bases:
        back += 1
    n = min(repeats + back, 5)
    if size == 1:
        return f"1:{kind}:{bases if bases in 'CT' else bases.translate(_PAIR)}:{n}"
    word = min(size, 5)
    if is_deletion and n == 0 and (shared := _shared(bases, before, after)):
        return f"{word}:Del:M:{min(shared, 5)}"
    return f"{word}:{kind}:R:{n}"


def _shared(bases: str, before: str, after: str) -> int:
    """Bases of a deletion that the sequence after it (or before it) begins (ends) with, less than the whole."""
    forward = next((n for n in range(len(bases) - 1, 0, -1) if after[:n] == bases[:n]), 0)
    backward = next((n for n in range(len(bases) - 1, 0, -1) if before.endswith(bases[-n:])), 0)
    return max(forward, backward)


def classes_of(variants: pl.DataFrame, fasta: Fasta | None = None) -> pl.DataFrame:
    """Return variant_id, kind (SBS, ID), class (null: the bases around it are not known, or do not fit).

    Parameters
    ----------
    variants : variant_id, context (odd length, the changed base in the middle; null: not given)
    fasta : reference; goes before the given context, and is needed for ID classes
    """
    table = variants.select("variant_id", "context", *parts()).drop_nulls("pos")
    bases = pl.col("ref").is_in(list("ACGT")) & pl.col("alt").is_in(list("ACGT"))
    single, other = table.filter(bases), table.filter((pl.col("ref") == "-") | (pl.col("alt") == "-"))
    if fasta is not None:
        places = single.select("chrom", "pos", "context").iter_rows()
        around = [fasta.fetch(c, p - 1, p + 1) if c in fasta else given for c, p, given in places]
        single = single.with_columns(around=pl.Series(around, dtype=pl.String))
    else:
        single = single.with_columns(around="context")
    rows = other.select("chrom", "pos", "ref", "alt").iter_rows()
    words = [_id_of(chrom, pos, ref, alt, fasta) for chrom, pos, ref, alt in rows]
    substitutions = with_sbs_class(single).select("variant_id", kind=pl.lit("SBS"), **{"class": pl.col("class")})
    indels = other.select("variant_id", kind=pl.lit("ID"), **{"class": pl.Series(words, dtype=pl.String)})
    return pl.concat([substitutions, indels])


def _id_of(chrom: str, pos: int, ref: str, alt: str, fasta: Fasta | None) -> str | None:
    """Class of an indel in our writing: a deletion begins at pos, an insertion follows the base at pos."""
    if fasta is None or chrom not in fasta:
        return None
    if alt == "-":
        if fasta.fetch(chrom, pos, pos + len(ref) - 1) != ref:
            return None
        reach = 6 * len(ref)
        return id_class(
            ref,
            True,
            fasta.fetch(chrom, max(1, pos - reach), pos - 1),
            fasta.fetch(chrom, pos + len(ref), pos + len(ref) + reach),
        )
    reach = 6 * len(alt)
    return id_class(
        alt, False, fasta.fetch(chrom, max(1, pos - reach + 1), pos), fasta.fetch(chrom, pos + 1, pos + reach)
    )


#: Bases alike in a row from which slippage of the polymerase is what makes an indel of one base, and the bases on either
#: side that have to be known to tell (11 in all, as MC3 and GDC write them).
LONG_RUN = FLANK = 5


def run_length(context: str | None, ref: str, alt: str) -> int | None:
    """Return how many bases like the one inserted or deleted stand there in a row; None where that is not known.

    context : the reference around it: the deleted base in the middle (of an even number, the right one: GDC's, which
        begins with the base before), of an insertion the base before it; shorter than `FLANK` on a side tells nothing

    >>> run_length("ACGTTTTTTCA", "T", "-"), run_length("ACGTACTTTTTTCA", "T", "-"), run_length("GGCCATTTTTTGC", "-", "T")
    (6, 6, 6)
    >>> run_length("ACGCATGCACA", "T", "-"), run_length("TTT", "T", "-"), run_length("ACGCATGCACA", "G", "-")
    (1, None, None)
    """
    if context is None:
        return None
    at, base = len(context) // 2, ref if alt == "-" else alt
    if min(at, len(context) - 1 - at) < FLANK or (alt == "-" and context[at] != ref):
        return None
    before, after = context[: at + 1], context[at + 1 :]
    return len(before) - len(before.rstrip(base)) + len(after) - len(after.lstrip(base))


def runs_of(variants: pl.DataFrame, fasta: Fasta | None = None) -> pl.DataFrame:
    """Return variant_id, is_in_run of the insertions and deletions of one base (`LONG_RUN`); null: bases not known.

    variants : variant_id, context, as of `classes_of`; fasta goes before the given context
    """
    ref, alt = pl.col("ref"), pl.col("alt")
    one = ((ref == "-") & (alt.str.len_chars() == 1)) | ((alt == "-") & (ref.str.len_chars() == 1))
    indels = variants.select("variant_id", "context").filter(pl.col("variant_id").str.contains(":-", literal=True))
    table = with_parts(indels).drop_nulls("pos").filter(one)
    if fasta is None and table["context"].null_count() == table.height:
        return table.select("variant_id", is_in_run=pl.lit(None, pl.Boolean))
    rows = []
    for name, context, chrom, pos, a, b in table.select("variant_id", "context", "chrom", "pos", ref, alt).iter_rows():
        around = fasta.fetch(chrom, pos - FLANK, pos + FLANK) if fasta and chrom in fasta and pos > FLANK else context
        n = run_length(around, a, b)
        rows.append((name, None if n is None else n >= LONG_RUN))
    return pl.DataFrame(rows, schema={"variant_id": pl.String, "is_in_run": pl.Boolean}, orient="row")
