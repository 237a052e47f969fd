"""What changed bases of a coding sequence do to its protein: consequence and protein change (HGVS, one-letter
codes)."""

from __future__ import annotations

_BASES = "TCAG"
#: The standard genetic code, in the order T, C, A, G of each base.
_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
GENETIC_CODE = {
    a + b + c: _ACIDS[16 * i + 4 * j + k]
    for i, a in enumerate(_BASES)
    for j, b in enumerate(_BASES)
    for k, c in enumerate(_BASES)
}
#: Codons of a shifted frame that are read at a time, until its stop.
_CHUNK = 60


def translate(bases: str) -> str:
    """Return the amino acids of whole codons, ``*`` for a stop and ``X`` where a base is not known.

    >>> translate("GGTGATTAGNAA")
    'GD*X'
    """
    return "".join(GENETIC_CODE.get(bases[i : i + 3], "X") for i in range(0, len(bases) - 2, 3))


def protein_of(coding: str) -> str:
    """Return the protein of a coding sequence with its stop; a stop inside reads selenocysteine (U).

    >>> protein_of("ATGTGAGGTTAA")
    'MUG*'
    """
    acids = translate(coding)
    return acids[:-1].replace("*", "U") + acids[-1:]


def until_stop(bases: str) -> str:
    """Return the amino acids up to and with the first stop; without one, all whole codons.

    >>> until_stop("GGTTAGGGT"), until_stop("GGTGG")
    ('G*', 'G')
    """
    out = ""
    for start in range(0, len(bases), 3 * _CHUNK):
        acids = translate(bases[start : start + 3 * _CHUNK])
        stop = acids.find("*")
        if stop >= 0:
            return out + acids[: stop + 1]
        out += acids
    return out


def by_length(ref: str, alt: str) -> str | None:
    """Return what the frame alone says; whether an in-frame change makes a stop is not looked at.

    >>> by_length("A", ""), by_length("", "AAA"), by_length("AAA", ""), by_length("AAAC", "G"), by_length("AC", "GT")
    ('frameshift', 'inframe_insertion', 'inframe_deletion', 'protein_altering', None)
    """
    longer = len(alt) - len(ref)
    if longer % 3:
        return "frameshift"
    if not ref or not alt:
        return "inframe_insertion" if longer > 0 else "inframe_deletion"
    return None if longer == 0 else "protein_altering"


def coding_change(coding: str, behind: str, protein: str, at: int, ref: str, alt: str) -> tuple[str | None, str | None]:
    """Return consequence and protein change of `ref` -> `alt` at base `at` (from 0) of a coding sequence.

    Parameters
    ----------
    coding : bases from the first codon to the stop, stop included
    behind : the bases that follow (3' UTR), into which a shifted frame or a lost stop is read
    protein : `protein_of` of `coding`

    Examples
    --------
    >>> coding, protein = "ATGAAAACTTAA", "MKT*"
    >>> coding_change(coding, "GGTTAG", protein, 9, "T", "C"), coding_change(coding, "", protein, 9, "T", "C")
    (('stop_lost', 'p.*4Qext*2'), ('stop_lost', 'p.*4Qext*?'))
    >>> coding_change(coding, "GGTTAG", protein, 3, "A", ""), coding_change(coding, "", protein, 6, "", "GGG")
    (('frameshift', 'p.T3Lfs'), ('inframe_insertion', 'p.K2_T3insG'))
    >>> coding_change(coding, "", protein, 6, "", "GGGTAG"), coding_change(coding, "", protein, 6, "ACT", "TGA")
    (('nonsense', 'p.K2_T3insG*'), ('nonsense', 'p.T3*'))
    """
    end, first = at + len(ref), at // 3
    last = max(-(-end // 3), first)  # the codon after the changed ones
    if "N" in coding[3 * first : 3 * last]:
        return by_length(ref, alt), None
    stop = len(protein) - 1 if protein.endswith("*") else len(protein) + 1
    longer = len(alt) - len(ref)
    if longer % 3 or (last > stop and longer):
        word, name = _read_on(coding[3 * first : at] + alt + coding[end:] + behind, protein, first, longer)
    else:
        middle = translate(coding[3 * first : at] + alt + coding[end : 3 * last])
        if longer == 0:
            word, name = change(protein[first:last], middle, first + 1)
        elif "*" in middle:
            word, name = "nonsense", _stopped(protein, first, last, middle)
        else:
            word, name = protein_change(
                protein, protein[:first] + middle + protein[last:], longer, left=first, right=len(protein) - last
            )
        if word == "stop_lost" and longer == 0:
            new = until_stop(coding[3 * first : at] + alt + coding[end:] + behind)
            word, name = "stop_lost", extended(protein, first, new)
    return _by_bases(word, ref, alt), name


def _by_bases(word: str, ref: str, alt: str) -> str:
    """A plain deletion that cuts into two codons is a deletion still, though its protein change is a delins."""
    if word in ("inframe_insertion", "inframe_deletion", "protein_altering"):
        return by_length(ref, alt) or word
    return word


def _read_on(bases: str, protein: str, first: int, longer: int) -> tuple[str, str | None]:
    """Return the effect of a frame read anew from codon `first` (from 0) to its stop."""
    new = until_stop(bases)
    if "X" in new:
        return ("frameshift" if longer % 3 else "protein_altering"), None
    if protein.endswith("*"):
        left = 0
        while left < min(len(new), len(protein) - first) and new[left] == protein[first + left]:
            left += 1
        if first + left == len(protein) - 1 and left < len(new):
            return "stop_lost", extended(protein, first, new)
    return protein_change(protein, protein[:first] + new, longer, left=first)


def extended(protein: str, first: int, new: str) -> str:
    """Return the name of a lost stop: amino acids `new` from codon `first` (from 0) on go past the end.

    A residue before the stop that changed with it is part of the name.

    >>> extended("MKT*", 3, "QG*"), extended("MKT*", 2, "TQG"), extended("MKT*", 2, "AQG*")
    ('p.*4Qext*2', 'p.*4Qext*?', 'p.T3_*4delinsAQext*2')
    """
    at = len(protein) - 1 - first
    length = str(len(new) - 1 - at) if new.endswith("*") else "?"
    same = next((i for i in range(at) if new[i] != protein[first + i]), at)
    if same < at:
        return f"p.{_span(protein[first + same :], first + same)}delins{new[same : at + 1]}ext*{length}"
    return f"p.*{len(protein)}{new[at]}ext*{length}"


def _stopped(protein: str, first: int, last: int, middle: str) -> str:
    """Return the name of an in-frame change that holds a stop: residues `first` to `last` - 1 became `middle`."""
    middle = middle[: middle.index("*") + 1]
    while first < last and middle[0] == protein[first]:
        middle, first = middle[1:], first + 1
    if middle == "*":
        return f"p.{protein[first]}{first + 1}*"
    if first == last:
        return f"p.{protein[first - 1]}{first}_{protein[first]}{first + 1}ins{middle}"
    return f"p.{_span(protein[first:last], first)}delins{middle}"


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
    if word == "start_lost":
        return word, "p.M1?"
    if len(old) == 1:
        return word, f"p.{old}{codon}{f'{new}ext*?' if word == 'stop_lost' else new}"
    return word, f"p.{old[0]}{codon}_{old[-1]}{codon + len(old) - 1}delins{new}"


def _word(old: str, new: str, codon: int) -> str:
    if codon == 1:
        return "start_lost"
    if "*" in new:
        return "nonsense"
    return "stop_lost" if "*" in old else "missense"


def protein_change(old: str, new: str, longer: int, *, left: int = 0, right: int = 0) -> tuple[str, str | None]:
    """Return consequence and protein change of a whole protein `old` (with its stop) that became `new`.

    Parameters
    ----------
    longer : bases added (negative: taken away); not a multiple of three shifts the frame. `new` is read only up to the
        end of the coding sequence: a frame without a stop by then is written without its length
    left, right : residues at the beginning and the end that are known to be the same

    Examples
    --------
    >>> protein_change("MKTAYIAK*", "MKTYIAK*", -3), protein_change("MKTAYIAK*", "MKTTAYIAK*", 3)
    (('inframe_deletion', 'p.A4del'), ('inframe_insertion', 'p.T3dup'))
    >>> protein_change("MKTAYIAK*", "MKRP*", -1), protein_change("MKTAYIAK*", "MKAK*", -12)
    (('frameshift', 'p.T3Rfs*3'), ('inframe_deletion', 'p.T3_I6del'))
    """
    stop = new.find("*", left) + 1
    new = new[:stop] if stop else new
    if old == new:
        return "synonymous", None
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
    return _in_frame(old, new, left, right)


def _in_frame(old: str, new: str, left: int, right: int) -> tuple[str, str | None]:
    """Return the effect of amino acids taken out or put in after the first `left`."""
    right = min(right, min(len(old), len(new)) - left)
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
