"""Families of fragments copied from one molecule: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from oncourse.reads._site_kernels import F1R2, F2R1
from oncourse.reads.families import families
from oncourse.reads.genotype import Counting

SITE, NAME, SEEN, SIDES, QUALITY, MAPPING, EDGE, MISMATCHES, PLACE, UMI = range(10)
#: Two bits a base: AAAA, AAAC (one base from it), AACC (two from it, one from AAAC).
AAAA, AAAC, AACC = 0b0000, 0b0001, 0b0101


def _rows(*fragments):
    """Fragments at one site and place: what is seen (0 reference, 1 variant), strand, identifier, how many of them."""
    rows = []
    for seen, strand, umi, n in fragments:
        for _ in range(n):
            k = len(rows)
            rows.append((7, 100 + k, seen, strand, 20 + k, 50 - k, k, 9 - k, 3, umi))
    return np.array(rows, np.int64)


def test_a_family_shows_what_seven_tenths_of_its_fragments_show_or_contradicts_itself():
    """7 of 10 are enough, 6 of 9 are not; of equally many the lower code stands first, and is not enough."""
    for n, other, shown in ((7, 3, 1), (6, 3, -1), (3, 3, -1)):
        out, count = families(_rows((1, F1R2, AAAA, n), (0, F1R2, AAAA, other)), Counting(umi=True))
        assert count == len(out) == 1 and out[0, SEEN] == shown


def test_a_family_has_the_best_of_the_fragments_that_showed_what_it_shows():
    """Three of the variant (qualities 20-22, mapping 50-48, edge 0-2, mismatches 9-7, both orientations), one other."""
    rows = _rows((1, F1R2, AAAA, 2), (1, F2R1, AAAA, 1), (0, F1R2, AAAA, 1))
    out, _ = families(rows, Counting(umi=True))
    assert out[0].tolist() == [7, 100, 1, F1R2 | F2R1, 22, 50, 2, 7, 3, AAAA]


@pytest.mark.parametrize("least, n", [(1, 2), (2, 1), (3, 1), (4, 0)])
def test_small_families_say_nothing(least, n):
    """Families of three and of one fragment, identifiers two bases apart."""
    out, count = families(_rows((1, F1R2, AAAA, 3), (0, F1R2, AACC, 1)), Counting(umi=True, min_family=least))
    assert count == len(out) == n


def test_a_duplex_shows_what_both_strands_show():
    """Seen from one strand: left out. From both, which show the same: that; one strand the variant, one not: neither."""
    of = Counting(umi=True, duplex=True)
    assert families(_rows((1, F1R2, AAAA, 4)), of)[1] == 0
    assert families(_rows((1, F1R2, AAAA, 2), (1, F2R1, AAAA, 2)), of)[0][0, SEEN] == 1
    assert families(_rows((1, F1R2, AAAA, 9), (0, F2R1, AAAA, 1)), of)[0][0, SEEN] == -1
    assert families(_rows((1, F1R2, AAAA, 1), (1, F2R1, AAAA, 1), (0, F2R1, AAAA, 1)), of)[0][0, SEEN] == -1


def test_an_identifier_one_base_from_one_twice_as_frequent_less_one_is_its_error():
    """Three of AAAA and two of AAAC (3 = 2 x 2 - 1) are one molecule; two and two are two; two bases apart are two."""
    assert families(_rows((1, F1R2, AAAA, 3), (1, F1R2, AAAC, 2)), Counting(umi=True))[1] == 1
    assert families(_rows((1, F1R2, AAAA, 2), (1, F1R2, AAAC, 2)), Counting(umi=True))[1] == 2
    assert families(_rows((1, F1R2, AAAA, 3), (1, F1R2, AACC, 1)), Counting(umi=True))[1] == 2
