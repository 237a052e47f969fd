"""Protein changes in one spelling: ``p.G12D``, whoever wrote them (HGVS one- or three-letter, with or without p.)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import polars as pl

from oncourse.genome.named_changes import named
from oncourse.genome.texts import FEW, each

#: Three-letter to one-letter amino acid codes; Ter is the stop codon.
ONE_LETTER = {
    "Ala": "A",
    "Arg": "R",
    "Asn": "N",
    "Asp": "D",
    "Cys": "C",
    "Gln": "Q",
    "Glu": "E",
    "Gly": "G",
    "His": "H",
    "Ile": "I",
    "Leu": "L",
    "Lys": "K",
    "Met": "M",
    "Phe": "F",
    "Pro": "P",
    "Ser": "S",
    "Thr": "T",
    "Trp": "W",
    "Tyr": "Y",
    "Val": "V",
    "Sec": "U",
    "Pyl": "O",
    "Asx": "B",
    "Glx": "Z",
    "Xaa": "X",
    "Ter": "*",
}
_THREE = re.compile("|".join(ONE_LETTER))
_CAPITALS = {k.upper(): v for k, v in ONE_LETTER.items()}
_ANY_THREE = "|".join(ONE_LETTER)
_CASELESS = re.compile(rf"^({_ANY_THREE}|[A-Z*])(\d+)({_ANY_THREE}|[A-Z*]|fs)$", re.I)
_ARROW = re.compile(
    rf"^(?:({_ANY_THREE}|[A-Z])(\d+)|(\d+)({_ANY_THREE}|[A-Z]))\s*(?:-?>|→)\s*({_ANY_THREE}|[A-Z*])$", re.I
)
_TO_ANY = re.compile(rf"^({_ANY_THREE}|[A-Z])(\d+)Xaa$")
_WITHIN = re.compile(
    rf"(?<![A-Za-z0-9.*])(?:p\.)?\(?((?:{_ANY_THREE}|[A-Z])\d+(?:{_ANY_THREE}|[A-Z*]))(?![A-Za-z0-9*>]|/[A-Z]\b)"
)
#: A protein change that a coding change follows or precedes, and one with a remark in brackets behind it.
_BESIDE_CODING = re.compile(
    r"(?:^|[:;,\s])(p\.[^:;,\s]+)(?=[:;,\s]+(?:\w+\.?\d*:)?c\.)|c\.[^:;,\s]+[:;,\s]+(p\.[^:;,\s]+)"
)
_IN_BRACKETS = re.compile(rf"^((?:p\.)?(?:{_ANY_THREE}|[A-Z])\d+(?:{_ANY_THREE}|[A-Z*]))\s*[(\[][^)\]]*[)\]]$")
_REMARKED = re.compile(r"^(.+?)\s*[(\[]([^()\[\]]+)[)\]]$")
#: Words that say that the change beside them is not there: "non-V600E", "G12D negative".
_DENIED = re.compile(
    r"(?i)\bnon[- ]|\bnot\b|\bno\b|\bnegative|\babsent|\bwild|\bwt\b|\bother than|阴性|未检|非|除外|\(-\)"
)
#: A change that says what becomes of which residue, as `canonical` writes it.
_CHANGE = re.compile(
    r"p\.\(?(?:[A-Z*]\d+(?:[A-Z*=]|[A-Z]?fs(?:\*?(?:\d+|\?)?)|\*?ext\S*|_?splice)|\*\d+\S*|M1\?|X\d+_splice|"
    r"[A-Z*]\d+(?:_[A-Z*]\d+)?(?:delins|del|dup|ins)[A-Z*\d]*)\)?"
)
_WHOLE = re.compile(r"^[A-Z*?]?\d+[^\s/|;]*$")
_SAME = re.compile(r"^([A-Z*])(\d+)\1$")
_FIRST_CODON = re.compile(r"^(?:[A-Z*]|codon )?(\d+)")
#: A change of bases in the place of the protein's (ANNOVAR's lists of untranslated regions).
_OF_BASES = re.compile(r"^[cngmr]\.[\d*+_(-]")
_NOTHING = {"", ".", "-", "NA", "N/A", "NULL", "NONE", "NAN", "P.", "MUTATED", "?", "P.?"}


def canonical(text: str | None) -> str | None:
    """Return the change as ``p.`` and one-letter codes; None where nothing is given.

    >>> [canonical(t) for t in ("p.Gly12Asp", "G12D", "p.(Gly12Asp)", "ENSP00000256078.4:p.Gly12Asp")]
    ['p.G12D', 'p.G12D', 'p.G12D', 'p.G12D']
    >>> canonical("p.Gln986ArgfsTer32"), canonical("p.R213X"), canonical("p.Glu746_Ala750del")
    ('p.Q986Rfs*32', 'p.R213*', 'p.E746_A750del')
    >>> canonical("p.L10L"), canonical("p.Leu10%3D"), canonical("KRAS:NM_004985:exon2:c.G35A:p.G12D")
    ('p.L10=', 'p.L10=', 'p.G12D')
    >>> canonical("."), canonical("MET2327ILE"), canonical("ｐ．Ｇ１２Ｄ"), canonical("G12D (c.35G>A)")
    (None, 'p.M2327I', 'p.G12D', 'p.G12D')
    >>> [canonical(t) for t in ("p.g12d", "p.12G>D", "Gly12->Asp", "G12D (p.Gly12Asp)", "G12D/G13D")]
    ['p.G12D', 'p.G12D', 'p.G12D', 'p.G12D', 'p.G12D/G13D']
    >>> canonical("EGFR Ex19del"), canonical("codon 12 mutation"), canonical("Exon 19 del (E746_A750del)")
    ('p.exon 19 deletion', 'p.codon 12', 'p.E746_A750del')
    >>> [canonical(t) for t in ("p.Gly12Asp*", "V600E†", "R213*", "p.Gln61His#", "p.Gln61Xaa")]
    ['p.G12D', 'p.V600E', 'p.R213*', 'p.Q61H', 'p.Q61X']
    >>> [canonical(t) for t in ("p.G12D:c.35G>A", "c.35G>A;p.G12D", "V600E(1799T>A)", "non-V600E", "V600E (negative)")]
    ['p.G12D', 'p.G12D', 'p.V600E', 'p.non-V600E', 'p.V600E (negative)']
    """
    if text is None or text.strip().upper() in _NOTHING:
        return None
    text = unicodedata.normalize("NFKC", text)
    if _DENIED.search(text):
        return f"p.{text.strip().removeprefix('p.')}"
    if whole := named(text):
        return f"p.{whole}"
    if (found := _REMARKED.match(text)) and (whole := named(found[1])):  # exon 19 del (E746_A750del)
        inner = canonical(found[2])
        return inner if is_change(inner) else f"p.{whole}"
    change = text.strip().split(",")[0].replace("%3D", "=")
    if found := _BESIDE_CODING.search(change):  # p.G12D:c.35G>A, c.35G>A;p.G12D
        change = found[1] or found[2]
    if found := _IN_BRACKETS.match(change):
        change = found[1]
    change = re.split(r"[\s(;,]+(?:\w+\.?\d*:)?c\.", change.rsplit(":", 1)[-1])[0].strip()  # G12D (c.35G>A)
    if change[:2].lower() == "p.":
        change = change[2:]
    if change.startswith("(") and change.endswith(")"):
        change = change[1:-1]
    if not change or change.upper() in _NOTHING or _OF_BASES.match(change):
        return None
    if any_residue := _TO_ANY.match(change):  # no stop, as X alone is
        return f"p.{ONE_LETTER.get(any_residue[1], any_residue[1])}{any_residue[2]}X"
    change = _one_change(change)
    change = re.sub(r"(?<=\d)X$", "*", change)  # R213X: the stop codon before HGVS 2.0
    change = _THREE.sub(lambda found: ONE_LETTER[found.group()], change)
    change = re.sub(r"^([A-Z]\d+[A-Z])\s*[*#†‡§]+$", r"\1", change)  # the mark of a footnote behind a whole change
    change = re.sub(r"fsX(?=\d|$)", "fs*", change).replace("fs*?", "fs")
    if same := _SAME.match(change):
        change = f"{same.group(1)}{same.group(2)}="
    return f"p.{change}"


def is_change(text: str | None) -> bool:
    """Whether a canonical change says what becomes of which residue; ``p.V600`` and ``p.V600E/K`` do not.

    >>> [is_change(t) for t in ("p.V600E", "p.E746_A750del", "p.R248Lfs*12", "p.*394Gext*9", "p.X125_splice")]
    [True, True, True, True, True]
    >>> [is_change(t) for t in ("p.V600", "p.V600E/K", "p.V600E2", "p.V600 mutation", "p.non-V600E", None)]
    [False, False, False, False, False, False]
    """
    return bool(text and _CHANGE.fullmatch(text))


def _one_change(change: str) -> str:
    """Return a substitution in any letters or with an arrow as HGVS writes it; of a longer text the one it names."""
    if found := _CASELESS.match(change):
        first, number, last = found.groups()
        return f"{_letter(first)}{number}{'fs' if last.lower() == 'fs' else _letter(last)}"
    if found := _ARROW.match(change):
        before, number, number_first, after, new = found.groups()
        return f"{_letter(before or after)}{number or number_first}{_letter(new)}"
    if _WHOLE.match(change):
        return change
    named = {_one_change(found) for found in _WITHIN.findall(change)}
    return named.pop() if len(named) == 1 else change


def _letter(code: str) -> str:
    """Return the one-letter code of an amino acid."""
    return _CAPITALS.get(code.upper(), code.upper())


@lru_cache(maxsize=65536)
def short_change(text: str | None) -> str:
    """Return `canonical` as rules and pages write it: without ``p.``, a frameshift without its length; empty where
    there is none, or none that is known.

    >>> short_change("p.Gly12Cys"), short_change("p.K3326*"), short_change("NP_1:p.(Arg248fs*12)"), short_change("p.?")
    ('G12C', 'K3326*', 'R248fs', '')
    """
    change = (canonical(text) or "").removeprefix("p.")
    change = re.sub(r"fs\*?\??\d*$", "fs", change)
    change = re.sub(r"^([A-Z*]\d+)[A-Z*]fs$", r"\1fs", change)
    return "" if change in ("?", "=", "0", "0?") else change


@lru_cache(maxsize=65536)
def codon_of(change: str) -> int | None:
    """Return the first codon of a short change.

    >>> codon_of("G12C"), codon_of("E746_A750del"), codon_of("")
    (12, 746, None)
    """
    match = _FIRST_CODON.match(change)
    return int(match[1]) if match else None


_LAST_CODON = re.compile(r"^[A-Z*]?\d+(?:_[A-Z*]?(\d+))?")


@lru_cache(maxsize=65536)
def codons_of(change: str) -> tuple[int, int] | None:
    """Return the first and the last codon that a short change names: of ``A11_G12dup`` both (HGVS: a range is written by
    its ends, an insertion by the residues beside it).

    >>> codons_of("G12C"), codons_of("A11_G12delinsVD"), codons_of("E746_A750del"), codons_of("")
    ((12, 12), (11, 12), (746, 750), None)
    """
    first, found = codon_of(change), _LAST_CODON.match(change)
    if first is None:
        return None
    return first, max(first, int(found[1])) if found and found[1] else first


def canonicals(values: pl.Series) -> pl.Series:
    """Return `canonical` of each value (shape (n,), text; null where nothing is given)."""
    if len(values) <= FEW:
        return each(values, _canonical)
    values = _silent(values)
    plain = values.str.contains(r"^p\.[A-Z]\d+(\*|=)$|^p\.[A-WYZ]\d+[A-WYZ](fs\*\d+)?$").fill_null(False)
    odd = values.set(plain, None)
    unique = odd.unique().drop_nulls()
    mapped = [canonical(v) for v in unique]
    named = odd.replace_strict(unique, pl.Series(mapped, dtype=pl.String), default=None, return_dtype=pl.String)
    return pl.DataFrame({"odd": named, "plain": values.set(~plain, None)}).select(
        pl.coalesce("plain", "odd").alias(values.name)
    )[values.name]


_canonical = lru_cache(maxsize=65536)(canonical)


def _silent(values: pl.Series) -> pl.Series:
    """Return the changes with ``p.L10L`` as ``p.L10=``: one letter, number, the same letter (X may mean a stop)."""
    found = values.str.extract_groups(r"^(p\.([A-WYZ])\d+)([A-WYZ])$").struct.unnest()
    same = (found["2"] == found["3"]).fill_null(False)
    return values.zip_with(~same, found["1"] + "=") if same.any() else values


def codon(column: str = "hgvs_p") -> pl.Expr:
    """Return the (first) codon a canonical change is in; null where it names none, or is not understood (shape (n,),
    Int64).

    >>> pl.DataFrame({"hgvs_p": ["p.G12D", "p.E746_A750del", "p.exon2", None]}).select(codon())["hgvs_p"].to_list()
    [12, 746, None, None]
    """
    return pl.col(column).str.extract(r"^p\.\(?(?:[A-Z*?]|codon )?(\d+)", 1).cast(pl.Int64, strict=False)
