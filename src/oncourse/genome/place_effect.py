"""Consequence and protein change of a placed variant, from the reference codons that are known."""

from __future__ import annotations

import polars as pl

from oncourse.genome.gene_models import coding_bases

_BASES = "TCAG"
#: The standard genetic code, in the order T, C, A, G of each base.
_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
GENETIC_CODE = {
    a + b + c: _ACIDS[16 * i + 4 * j + k]
    for i, a in enumerate(_BASES) for j, b in enumerate(_BASES) for k, c in enumerate(_BASES)
}  # fmt: skip
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
#: Regions whose name decides the consequence.
_BY_REGION = {"splice": "splice_site", "intron": "intron", "upstream": "upstream"}
_SCHEMA = {"consequence": pl.String, "hgvs_p": pl.String, "is_ref_match": pl.Boolean}
_Effect = tuple[str | None, str | None, bool | None]


def translate(bases: str) -> str:
    """Return the amino acids of whole codons, ``*`` for a stop and ``X`` where a base is not known.

    >>> translate("GGTGATTAGNAA")
    'GD*X'
    """
    return "".join(GENETIC_CODE.get(bases[i : i + 3], "X") for i in range(0, len(bases) - 2, 3))


def effects_of(placed: pl.DataFrame) -> pl.DataFrame:
    """Return consequence, hgvs_p and is_ref_match of each row of a frame as `oncourse.genome.places` makes it."""
    by_region = placed["region"].replace_strict(_BY_REGION, default=None, return_dtype=pl.String)
    out = pl.DataFrame({"consequence": by_region}).with_columns(
        pl.lit(None, pl.String).alias("hgvs_p"), pl.lit(None, pl.Boolean).alias("is_ref_match")
    )
    rows = (placed["region"] == "coding").fill_null(False).arg_true()
    if rows.is_empty():
        return out
    columns = ("gene", "ref", "alt", "base", "step", "is_whole", "is_splice")
    found = [_coding(*row) for row in placed[rows].select(columns).iter_rows()]
    changed = pl.DataFrame(found, schema=_SCHEMA, orient="row")
    return out.with_columns(out[c].scatter(rows, changed[c]).alias(c) for c in _SCHEMA)


def _coding(gene: str, ref: str, alt: str, base: int, step: int, is_whole: bool, is_splice: bool) -> _Effect:
    """Return the effect of a variant with at least one coding base; `base` counts from 0 in reading order."""
    if not is_whole:  # across an exon's end; an insertion there is in the exon or in the intron
        return ("splice_site" if is_splice and ref != "-" else None), None, None
    ref, alt = ref.replace("-", ""), alt.replace("-", "")
    if step < 0:
        ref, alt = ref.translate(_COMPLEMENT)[::-1], alt.translate(_COMPLEMENT)[::-1]
    base += ref == ""  # of the two bases beside an insertion, it comes before the second
    known = coding_bases().get(gene, "")
    there = known[base : base + len(ref)]
    if len(there) < len(ref) or "N" in there:
        return _by_length(ref, alt), None, None
    if there != ref:
        return _by_length(ref, alt), None, False
    if len(ref) != len(alt):
        return *_shifted(known, ref, alt, base), True if ref else None
    first, last = base // 3, (base + len(ref) - 1) // 3
    old = known[3 * first : 3 * last + 3]
    if "N" in old:
        return None, None, True
    new = old[: base - 3 * first] + alt + old[base - 3 * first + len(alt) :]
    return *change(translate(old), translate(new), first + 1), True


def _by_length(ref: str, alt: str) -> str | None:
    """Return what the frame alone says; whether an in-frame change makes a stop is not looked at."""
    longer = len(alt) - len(ref)
    if longer % 3:
        return "frameshift"
    if not ref or not alt:
        return "inframe_insertion" if longer > 0 else "inframe_deletion"
    return None if longer == 0 else "protein_altering"


def _shifted(known: str, ref: str, alt: str, base: int) -> tuple[str | None, str | None]:
    """Return the effect of an insertion or deletion; the protein change only where the whole sequence is known."""
    if not known or "N" in known:
        return _by_length(ref, alt), None
    return protein_change(
        translate(known), translate(known[:base] + alt + known[base + len(ref) :]), len(alt) - len(ref)
    )


def change(old: str, new: str, codon: int) -> tuple[str, str]:
    """Return consequence and protein change of amino acids `old` -> `new`, the first of them residue `codon`.

    >>> change("G", "D", 12), change("R", "*", 213), change("VK", "VK", 600), change("GV", "DF", 12)
    (('missense', 'p.G12D'), ('nonsense', 'p.R213*'), ('synonymous', 'p.V600='), ('missense', 'p.G12_V13delinsDF'))
    """
    if old == new:
        return "synonymous", f"p.{old[0]}{codon}="
    while old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    while old[0] == new[0]:
        old, new, codon = old[1:], new[1:], codon + 1
    word = _word(old, new, codon)
    if "*" in new and not old.startswith("*"):
        old, new = old[: new.index("*") + 1], new[: new.index("*") + 1]
    if len(old) == 1:
        end = {"start_lost": "?", "stop_lost": f"{new}ext*?"}.get(word, new)
        return word, f"p.{old}{codon}{end}"
    return word, f"p.{old[0]}{codon}_{old[-1]}{codon + len(old) - 1}delins{new}"


def _word(old: str, new: str, codon: int) -> str:
    if codon == 1:
        return "start_lost"
    if "*" in new:
        return "nonsense"
    return "stop_lost" if "*" in old else "missense"


def protein_change(old: str, new: str, longer: int) -> tuple[str, str | None]:
    """Return consequence and protein change of a whole protein `old` (with its stop) that became `new`.

    Parameters
    ----------
    longer : bases added (negative: taken away); not a multiple of three shifts the frame. `new` is read only up to the
        end of the coding sequence: a frame without a stop by then is written without its length

    Examples
    --------
    >>> protein_change("MKTAYIAK*", "MKTYIAK*", -3), protein_change("MKTAYIAK*", "MKTTAYIAK*", 3)
    (('inframe_deletion', 'p.A4del'), ('inframe_insertion', 'p.T3dup'))
    >>> protein_change("MKTAYIAK*", "MKRP*", -1), protein_change("MKTAYIAK*", "MKAK*", -12)
    (('frameshift', 'p.T3Rfs*3'), ('inframe_deletion', 'p.T3_I6del'))
    """
    stop = new.find("*") + 1
    new = new[:stop] if stop else new
    if old == new:
        return "synonymous", None
    left = 0
    while left < min(len(old), len(new)) and old[left] == new[left]:
        left += 1
    if left == 0:
        return "start_lost", "p.M1?"
    if left == len(new):  # the end of the sequence was reached without a difference
        return ("frameshift" if longer % 3 else "protein_altering"), None
    if new[left] == "*":
        return "nonsense", f"p.{old[left]}{left + 1}*"
    if longer % 3:
        return "frameshift", f"p.{old[left]}{left + 1}{new[left]}fs{f'*{stop - left}' if stop else ''}"
    return _in_frame(old, new, left)


def _in_frame(old: str, new: str, left: int) -> tuple[str, str | None]:
    """Return the effect of amino acids taken out or put in after the first `left`."""
    right = 0
    while right < min(len(old), len(new)) - left and old[-1 - right] == new[-1 - right]:
        right += 1
    out, into = old[left : len(old) - right], new[left : len(new) - right]
    if right == 0:
        return "stop_lost", None
    if not into:
        return "inframe_deletion", f"p.{_span(out, left)}del"
    if out:
        return ("nonsense" if "*" in into else "protein_altering"), f"p.{_span(out, left)}delins{into}"
    size = len(into)
    if old[left - size : left] == into:
        return "inframe_insertion", f"p.{_span(into, left - size)}dup"
    return "inframe_insertion", f"p.{old[left - 1]}{left}_{old[left]}{left + 1}ins{into}"


def _span(acids: str, before: int) -> str:
    """Return ``E746_A750`` of the acids that follow the first `before` ones.

    >>> _span("ELREA", 745), _span("A", 3)
    ('E746_A750', 'A4')
    """
    first = f"{acids[0]}{before + 1}"
    return first if len(acids) == 1 else f"{first}_{acids[-1]}{before + len(acids)}"
