"""The distance of two spellings is given up where it cannot be small, and is the plain one elsewhere."""

from __future__ import annotations

import random

from oncourse.knowledge.drug_text import _edits


def plain(a: str, b: str) -> int:
    """Optimal string alignment by its definition (Boytsov, ACM J Exp Algorithmics 2011;16:1.1)."""
    d = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[len(a), len(b)]


def test_a_distance_beyond_the_most_is_said_to_be_more():
    chance = random.Random(1)
    for _ in range(2000):
        a, b = ("".join(chance.choices("abc", k=chance.randint(1, 9))) for _ in "ab")
        most, true = chance.randint(0, 9), plain(a, b)
        found = _edits(a, b, most)
        assert found == true if true <= most else found > most
