"""The loops over raw BAM records: what each read shows at each site, reads of one molecule joined, and their sums.

A record is read from the bytes of an uncompressed BAM file (SAM specification, section 4.2). A site is a window of the
reference with two texts, what the reference has there and what the variant makes of it. A window of one or more bases
without a change of length (`EXACT`) shows a base only where its quality is high enough. A window around an insertion or
deletion reaches over the whole stretch in which the change could be placed, one base more on either side: only a read
that spans it says anything, for the reference as for the variant.
"""

from __future__ import annotations

import numpy as np

from oncourse.compiled import compiled

#: Columns of a site: contig number, window (0-based, half open), running end, where its texts begin, their lengths,
#: kind.
CONTIG, FIRST, END, RUNNING_END, REF_AT, REF_LENGTH, ALT_AT, ALT_LENGTH, KIND = range(9)
BASE, EXACT, SPAN = 0, 1, 2
#: Columns of what was seen. ``seen`` is a base (0-3, 4 deleted, 5 another) at a `BASE` site, elsewhere 0 reference,
#: 1 variant, 2 another; -1 after joining: the reads of one molecule contradict each other.
SITE, NAME, SEEN, SIDES, QUALITY, MAPPING, EDGE, MISMATCHES, PLACE, UMI = range(10)
N_SEEN = 10
FORWARD, REVERSE, F1R2, F2R1 = 1, 2, 4, 8
#: Settings: least base quality, least mapping quality, flags that leave a read out, whether UMIs are read.
MIN_QUALITY, MIN_MAPPING, EXCLUDED, WITH_UMI = range(4)
#: Columns of the sums of a site.
(
    REF,
    ALT,
    OTHER,
    DISCORDANT,
    REF_FORWARD,
    REF_REVERSE,
    ALT_FORWARD,
    ALT_REVERSE,
    REF_F1R2,
    REF_F2R1,
    ALT_F1R2,
    ALT_F2R1,
    REF_QUALITY,
    ALT_QUALITY,
    REF_MAPPING,
    ALT_MAPPING,
    REF_EDGE,
    ALT_EDGE,
    REF_MISMATCHES,
    ALT_MISMATCHES,
    ALT_AT_EDGE,
) = range(21)
N_SUMS = 21
#: A base this near to the end of what is aligned is at the edge.
EDGE_BASES = 5
_MASK = (1 << 62) - 1


@compiled()
def _i32(data, at):  # type: ignore[no-untyped-def]
    value = (
        np.int64(data[at]) | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
    )
    return value - 4294967296 if value >= 2147483648 else value


@compiled()
def _i16(data, at):  # type: ignore[no-untyped-def]
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@compiled()
def _name_key(data, at, length):  # type: ignore[no-untyped-def]
    """Return FNV-1a of a read name, 62 bits; a tail of ``/1`` or ``/2`` is left out."""
    if length > 2 and data[at + length - 2] == 47:
        length -= 2
    key = np.int64(1469598103934665603)
    for i in range(length):
        key = ((key ^ np.int64(data[at + i])) * 1099511628211) & _MASK
    return key


@compiled()
def _two_bits(letter):  # type: ignore[no-untyped-def]
    """Return A 0, C 1, G 2, T 3, N 0; -1 for what is no base."""
    if letter == 65 or letter == 78:
        return 0
    if letter == 67:
        return 1
    if letter == 71:
        return 2
    if letter == 84:
        return 3
    return -1


@compiled()
def _umi_key(data, at, length, swapped):  # type: ignore[no-untyped-def]
    """Return a UMI as number, two bits a base behind a leading one; its halves in the order of the first strand."""
    middle = -1
    for i in range(length):
        if _two_bits(data[at + i]) < 0:
            middle = i
    key, n = 1, 0
    for part in range(2):
        second = (part == 1) != (swapped and middle >= 0)
        first, last = (middle + 1, length) if second else (0, middle if middle >= 0 else length)
        if second and middle < 0:
            continue
        for i in range(first, last):
            if n < 30:
                key = key << 2 | _two_bits(data[at + i])
                n += 1
    return key


@compiled()
def _umi_in_name(data, at, length):  # type: ignore[no-untyped-def]
    """Return where the bases at the end of a read name begin (behind ``:`` or ``_``), or -1."""
    halves, i = 0, length - 1
    while i >= 0:
        letter = data[at + i]
        if _two_bits(letter) < 0:
            is_cut = letter == 45 or letter == 43 or letter == 95
            if i + 1 < length and is_cut and halves == 0 and i > 0 and _two_bits(data[at + i - 1]) >= 0:
                halves = 1
            else:
                break
        i -= 1
    return i + 1 if length - i - 1 >= 4 and i >= 0 else -1


@compiled()
def _tags(data, at, end, want_umi):  # type: ignore[no-untyped-def]
    """Return the mismatches of tag NM (0 without it), and where the text of tag RX begins and its length."""
    mismatches, umi_at, umi_length = np.int64(0), -1, 0
    while at + 3 <= end:
        one, two, kind = np.int64(data[at]), np.int64(data[at + 1]), np.int64(data[at + 2])
        at += 3
        if kind == 65 or kind == 99 or kind == 67:  # A c C
            if one == 78 and two == 77:
                mismatches = np.int64(data[at])
                if not want_umi:
                    break
            at += 1
        elif kind == 115 or kind == 83:  # s S
            if one == 78 and two == 77:
                mismatches = _i16(data, at)
            at += 2
        elif kind == 105 or kind == 73 or kind == 102:  # i I f
            if one == 78 and two == 77 and kind != 102:
                mismatches = _i32(data, at)
            at += 4
        elif kind == 90 or kind == 72:  # Z H
            first = at
            while at < end and data[at] != 0:
                at += 1
            if one == 82 and two == 88:
                umi_at, umi_length = first, at - first
            at += 1
        elif kind == 66:  # B
            width = 4
            if data[at] == 99 or data[at] == 67:
                width = 1
            elif data[at] == 115 or data[at] == 83:
                width = 2
            at += 5 + width * _i32(data, at + 1)
        else:
            break
    return mismatches, umi_at, umi_length


@compiled()
def _query_at(data, cigar, n_cigar, pos, target):  # type: ignore[no-untyped-def]
    """Return the read's base that lies on a reference position; -1 where it is deleted, -2 where the read is not."""
    query = 0
    for i in range(n_cigar):
        word = _i32(data, cigar + 4 * i)
        kind, length = word & 15, (word >> 4) & 268435455
        if kind == 0 or kind == 7 or kind == 8:
            if target < pos + length:
                return query + target - pos if target >= pos else -2
            pos += length
            query += length
        elif kind == 1 or kind == 4:
            query += length
        elif kind == 2 or kind == 3:
            if target < pos + length:
                return -1 if kind == 2 else -2
            pos += length
    return -2


@compiled()
def _base(data, seq, i):  # type: ignore[no-untyped-def]
    byte = np.int64(data[seq + i // 2])
    return byte >> 4 if i % 2 == 0 else byte & 15


@compiled()
def _seen(data, seq, qual, first, last, site, texts, min_quality):  # type: ignore[no-untyped-def]
    """Return what the read's bases `first` to `last` are at a site (-2: says nothing), and their least quality."""
    kind, least = site[KIND], np.int64(255)
    if kind == BASE:
        quality = np.int64(data[qual + first])
        if quality < min_quality:
            return -2, 0
        letter = _base(data, seq, first)
        code = 0 if letter == 1 else 1 if letter == 2 else 2 if letter == 4 else 3 if letter == 8 else -2
        return code, quality
    length = last - first + 1
    for i in range(first, last + 1):
        quality = np.int64(data[qual + i])
        if quality < least:
            least = quality
    if kind == EXACT and least < min_quality:
        return -2, 0
    for which in range(2):
        at = site[REF_AT] if which == 0 else site[ALT_AT]
        if length != (site[REF_LENGTH] if which == 0 else site[ALT_LENGTH]):
            continue
        same, doubtful = True, False
        for i in range(length):
            if _base(data, seq, first + i) != texts[at + i]:
                same = False
                if np.int64(data[qual + first + i]) < min_quality:
                    doubtful = True
                else:
                    doubtful = False
                    break
        if same:
            return which, least
        if doubtful:  # differs only where the sequencer was not sure
            return -2, 0
    return 2, least


@compiled("u1[:], i8, i8[:,:], u1[:], i8[:,:], i8[:], i8[:]")
def observe(data, n, sites, texts, rows, progress, settings):  # type: ignore[no-untyped-def]
    """Write what the records in `data` show at `sites` to `rows`.

    Parameters
    ----------
    data : shape (at least n,), bytes of whole or cut BAM records, sorted by place
    sites : shape (n_sites, 9), sorted by contig and window; columns above
    texts : reference and variant texts of all sites, as BAM's four-bit bases
    rows : shape (room, 10), filled from row ``progress[2]``
    progress : in and out: bytes done, first site that later reads can reach, rows filled, contig and position reached
    settings : columns above

    Returns
    -------
    0 when less than one record is left, 1 when `rows` is nearly full: empty it and call again
    """
    at, pointer, filled = progress[0], progress[1], progress[2]
    n_sites, room = sites.shape[0], rows.shape[0]
    full = 0
    while at + 4 <= n:
        size = _i32(data, at)
        if at + 4 + size > n:
            break
        rec, end = at + 4, at + 4 + size
        contig, pos = _i32(data, rec), _i32(data, rec + 4)
        while (
            pointer < n_sites
            and contig >= 0
            and (
                sites[pointer, CONTIG] < contig
                or (sites[pointer, CONTIG] == contig and sites[pointer, RUNNING_END] <= pos)
            )
        ):
            pointer += 1
        if pointer == n_sites:
            at = end
            continue
        flag, mapping = _i16(data, rec + 14), np.int64(data[rec + 9])
        if (
            contig < 0
            or sites[pointer, CONTIG] != contig
            or flag & settings[EXCLUDED]
            or mapping < settings[MIN_MAPPING]
        ):
            at = end
            continue
        n_name, n_cigar, n_bases = np.int64(data[rec + 8]), _i16(data, rec + 12), _i32(data, rec + 16)
        cigar = rec + 32 + n_name
        seq = cigar + 4 * n_cigar
        qual = seq + (n_bases + 1) // 2
        reach, left, right = pos, 0, n_bases
        for i in range(n_cigar):
            word = _i32(data, cigar + 4 * i)
            kind, length = word & 15, (word >> 4) & 268435455
            if kind == 0 or kind == 2 or kind == 3 or kind == 7 or kind == 8:
                reach += length
            elif kind == 4:
                if i <= 1 and reach == pos:
                    left = length
                else:
                    right = n_bases - length
        if n_bases == 0 or sites[pointer, FIRST] >= reach:
            at = end
            continue
        if filled + 4096 > room:
            full = 1
            break
        mismatches, umi_at, umi_length = _tags(data, qual + n_bases, end, settings[WITH_UMI] == 1)
        reverse = flag & 16 != 0
        is_pair = flag & 1 != 0
        first_like = reverse == (flag & 128 != 0) if is_pair else not reverse
        sides = (REVERSE if reverse else FORWARD) | (F1R2 if first_like else F2R1)
        name = _name_key(data, rec + 32, n_name - 1)
        place, umi = 0, 0
        if settings[WITH_UMI] == 1:
            span = _i32(data, rec + 28)
            if is_pair and span != 0 and _i32(data, rec + 20) == contig:
                start = min(pos, _i32(data, rec + 24))
                place = start << 20 | min(abs(span), 1048575)
            else:
                place = (reach + n_bases - right) << 20 | 1 if reverse else (pos - left) << 20
            if umi_at < 0:
                found = _umi_in_name(data, rec + 32, n_name - 1)
                if found >= 0:
                    umi_at, umi_length = rec + 32 + found, n_name - 1 - found
            if umi_at >= 0:
                umi = _umi_key(data, umi_at, umi_length, not first_like)
        for s in range(pointer, n_sites):
            if sites[s, CONTIG] != contig or sites[s, FIRST] >= reach:
                break
            if sites[s, FIRST] < pos or sites[s, END] > reach or filled >= room:
                continue
            first = _query_at(data, cigar, n_cigar, pos, sites[s, FIRST])
            last = first
            if sites[s, END] > sites[s, FIRST] + 1 and first >= 0:
                last = _query_at(data, cigar, n_cigar, pos, sites[s, END] - 1)
            if first == -2 or last == -2:
                continue
            if first == -1 or last == -1:
                seen, quality = (4 if sites[s, KIND] == BASE else 2), settings[MIN_QUALITY]
                edge = 255
            else:
                seen, quality = _seen(data, seq, qual, first, last, sites[s], texts, settings[MIN_QUALITY])
                if seen == -2:
                    continue
                edge = min(first - left, right - 1 - last)
            rows[filled, SITE], rows[filled, NAME], rows[filled, SEEN] = s, name, seen
            rows[filled, SIDES], rows[filled, QUALITY], rows[filled, MAPPING] = sides, quality, mapping
            rows[filled, EDGE], rows[filled, MISMATCHES] = edge, mismatches
            rows[filled, PLACE], rows[filled, UMI] = place, umi
            filled += 1
        at = end
    progress[0], progress[1], progress[2] = at, pointer, filled
    return full


@compiled("i8[:,:], i8, i8[:]")
def join_mates(rows, n, table):  # type: ignore[no-untyped-def]
    """Join the rows of one read name at one site in place; return how many are left.

    `table` has room for a power of two of more than `n` numbers, all -1.
    """
    mask, kept = table.shape[0] - 1, 0
    for i in range(n):
        slot = (rows[i, NAME] ^ (rows[i, SITE] * 7919)) & mask
        while True:
            j = table[slot]
            if j < 0:
                table[slot] = kept
                if kept != i:
                    for c in range(N_SEEN):
                        rows[kept, c] = rows[i, c]
                kept += 1
                break
            if rows[j, NAME] == rows[i, NAME] and rows[j, SITE] == rows[i, SITE]:
                if rows[j, SEEN] != rows[i, SEEN]:
                    rows[j, SEEN] = -1
                rows[j, SIDES] |= rows[i, SIDES]
                rows[j, QUALITY] = max(rows[j, QUALITY], rows[i, QUALITY])
                rows[j, MAPPING] = max(rows[j, MAPPING], rows[i, MAPPING])
                rows[j, EDGE] = max(rows[j, EDGE], rows[i, EDGE])
                rows[j, MISMATCHES] = min(rows[j, MISMATCHES], rows[i, MISMATCHES])
                break
            slot = (slot + 1) & mask
    return kept


@compiled("i8[:,:], i8, i8[:,:], i8[:,:]")
def add_up(rows, n, codes, sums):  # type: ignore[no-untyped-def]
    """Add rows to the sums of their sites; `codes` (n_sites, 2) holds what stands for reference and variant there."""
    for i in range(n):
        s, seen, sides = rows[i, SITE], rows[i, SEEN], rows[i, SIDES]
        if seen == -1:
            sums[s, DISCORDANT] += 1
            continue
        if seen == codes[s, 0]:
            shift = 0
        elif seen == codes[s, 1]:
            shift = 1
        else:
            sums[s, OTHER] += 1
            continue
        sums[s, REF + shift] += 1
        sums[s, REF_FORWARD + 2 * shift] += sides & FORWARD != 0
        sums[s, REF_REVERSE + 2 * shift] += sides & REVERSE != 0
        sums[s, REF_F1R2 + 2 * shift] += sides & F1R2 != 0
        sums[s, REF_F2R1 + 2 * shift] += sides & F2R1 != 0
        sums[s, REF_QUALITY + shift] += rows[i, QUALITY]
        sums[s, REF_MAPPING + shift] += rows[i, MAPPING]
        sums[s, REF_EDGE + shift] += min(rows[i, EDGE], 50)
        sums[s, REF_MISMATCHES + shift] += min(rows[i, MISMATCHES], 50)
        if shift == 1 and rows[i, EDGE] < EDGE_BASES:
            sums[s, ALT_AT_EDGE] += 1


@compiled("i8[:,:], i8, i8[:,:]")
def add_bases(rows, n, sums):  # type: ignore[no-untyped-def]
    """Add rows of `BASE` sites to counts of A, C, G, T, deleted and discordant, each by orientation F1R2 and F2R1."""
    for i in range(n):
        seen = rows[i, SEEN]
        column = 5 if seen < 0 else min(seen, 4)
        sums[rows[i, SITE], column + (0 if rows[i, SIDES] & F1R2 != 0 else 6)] += 1


def empty_rows(room: int) -> np.ndarray:
    """Return rows to be filled."""
    return np.empty((room, N_SEEN), np.int64)
