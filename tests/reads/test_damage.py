"""Which strand damage shows on: formalin's C>T and oxidation's G>T lie on the first read's strand (Chen et al. 2017)."""

import numpy as np
import polars as pl
import pytest

from oncourse.reads.patient import _damage
from oncourse.reads.profile import Bases

LETTERS = "ACGT"


def bases(ref: str, alt: str, first: int, second: int, *, n: int = 200, depth: int = 60) -> Bases:
    """Sites of one reference base, `first` of which show one read of `alt` as F1R2 and `second` as F2R1."""
    counts = np.zeros((n, 12), np.int32)
    counts[:, [LETTERS.index(ref), 6 + LETTERS.index(ref)]] = depth
    counts[:first, LETTERS.index(alt)] = 1
    counts[:second, 6 + LETTERS.index(alt)] = 1
    return Bases(("1",), np.zeros(n, np.int64), np.arange(n), np.full(n, LETTERS.index(ref), np.int8), counts)


@pytest.mark.parametrize(
    ("ref", "alt", "side"), [("C", "T", "F1R2"), ("G", "T", "F1R2"), ("G", "A", "F2R1"), ("C", "A", "F2R1")]
)
def test_damage_is_told_by_the_strand_it_lies_on(ref, alt, side):
    sites = pl.DataFrame({"ref": [ref, "A"], "alt": [alt, "C"]})
    many, few = 90, 10
    mine = (many, few) if side == "F1R2" else (few, many)
    assert _damage(bases(ref, alt, *mine), sites).to_list() == [side, None]
    assert _damage(bases(ref, alt, *mine[::-1]), sites).to_list() == [None, None], "the other strand is no damage"
    assert _damage(bases(ref, alt, 90, 80), sites).to_list() == [None, None], "less than half more is no damage"
    assert _damage(bases(ref, alt, 4 if side == "F1R2" else 1, 1 if side == "F1R2" else 4), sites)[0] is None, "chance"
