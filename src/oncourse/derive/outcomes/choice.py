"""Who could have had either of two treatments, where a finding decides which is given: RAS, side, MSI, AR-V7 ..."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.disease import Hypothesis

#: Columns of the covariates that are such findings (`treatment_units.indications`).
_FINDING = ("marker:", "side=", "visceral")
#: Standardised difference above which arms are not alike in a finding that decides between them (Austin 2009).
_APART = 0.1
#: Chance that a finding which nothing names as a reason for the treatment is as far apart by itself.
_BY_CHANCE = 0.05


@dataclass(frozen=True)
class Choice:
    """Those who could have had either: their units, what they have in common (column, value), how many are left
    out."""

    units: frozenset[int]
    common: tuple[tuple[str, int], ...]
    n_out: int


@dataclass(frozen=True)
class Apart:
    """A finding in which arms that nothing made alike differ: shares with it, standardised difference, patients with a
    value."""

    column: str
    in_arm: float
    in_reference: float
    difference: float
    n_known: int


def decides(column: str, classes: Sequence[Collection[str]], hypotheses: Collection[Hypothesis]) -> bool:
    """Whether a finding is named as one by which a class is given that only one of the two treatments holds."""
    first, second = map(set, classes)
    only = first ^ second
    return any(column == f"marker:{h.marker}" and h.arm in only for h in hypotheses)


def could_have_had_either(
    inside: pl.DataFrame,
    treated: pl.Series,
    x: pl.DataFrame,
    classes: Sequence[Collection[str]],
    hypotheses: Collection[Hypothesis],
) -> Choice:
    """Return the units of two arms that could have had either treatment (positivity; Hernan & Robins 2016).

    A finding that nobody of one arm has, while others of the other arm do, leaves those with it no choice, and of those
    without a value it is not known: both are left out. It is taken for the reason of the treatment where a hypothesis
    of the design says so (RAS and anti-EGFR) or it is further apart than by chance; not where it is known of less than
    half of either arm.

    Parameters
    ----------
    inside : a row per unit of either arm; treated : (n,) bool; x : covariates by unit, 0/1 or null
    classes : of the drugs of the arm, and of the reference
    """
    kept = pl.Series([True] * inside.height)
    common = []
    for column, values in _findings(inside, x):
        for value in (0, 1):
            sides = [_counts(values, treated == side, value) for side in (True, False)]
            known = [a + b for a, b in sides]
            half = [
                2 * n >= int((treated == side).sum()) and n > 0 for n, side in zip(known, (True, False), strict=True)
            ]
            gone = [a == 0 for a, _ in sides]
            if not all(half) or sum(gone) != 1:
                continue
            if decides(column, classes, hypotheses) or _by_chance(sides) < _BY_CHANCE:
                kept = kept & (values == 1 - value).fill_null(False)
                common.append((column, 1 - value))
    units = frozenset(inside.filter(kept)["unit"].to_list())
    return Choice(units, tuple(common), inside.height - len(units))


def apart(
    inside: pl.DataFrame,
    treated: pl.Series,
    x: pl.DataFrame,
    classes: Sequence[Collection[str]],
    hypotheses: Collection[Hypothesis],
) -> list[Apart]:
    """Return the findings in which two arms differ, though nothing was done to make them alike: by more than `_APART`
    where it decides between them, else by more than chance."""
    found = []
    for column, values in _findings(inside, x):
        sides = [_counts(values, treated == side, 1) for side in (True, False)]
        known = [a + b for a, b in sides]
        if not all(known):
            continue
        first, second = (a / n for (a, _), n in zip(sides, known, strict=True))
        spread = float(np.sqrt((first * (1 - first) + second * (1 - second)) / 2))
        difference = (first - second) / spread if spread else float("nan")
        far = first != second and not abs(difference) <= _APART
        if far and (decides(column, classes, hypotheses) or _by_chance(sides) < _BY_CHANCE):
            found.append(Apart(column, first, second, difference, sum(known)))
    return found


def not_known(
    inside: pl.DataFrame,
    treated: pl.Series,
    x: pl.DataFrame,
    classes: Sequence[Collection[str]],
    hypotheses: Collection[Hypothesis],
) -> list[str]:
    """Return the markers that decide between two treatments and are known of less than half of either arm."""
    known = dict(_findings(inside, x))
    named = dict.fromkeys(h.marker for h in hypotheses if decides(f"marker:{h.marker}", classes, hypotheses))
    out = []
    for marker in named:
        values = known.get(f"marker:{marker}", pl.Series([None] * inside.height, dtype=pl.Float64))
        arms = [values.filter(treated == side) for side in (True, False)]
        if any(2 * arm.is_not_null().sum() < len(arm) for arm in arms):
            out.append(marker)
    return out


def _findings(inside: pl.DataFrame, x: pl.DataFrame) -> list[tuple[str, pl.Series]]:
    values = inside.select("unit").join(x, on="unit", how="left", maintain_order="left")
    return [(c, values[c].fill_nan(None)) for c in x.columns if c.startswith(_FINDING)]


def _counts(values: pl.Series, side: pl.Series, value: int) -> tuple[int, int]:
    """Return how many of one arm have a value, and how many another."""
    known = values.filter(side).drop_nulls()
    at = int((known == value).sum())
    return at, len(known) - at


def _by_chance(sides: list[tuple[int, int]]) -> float:
    from oncourse.stats.proportions import fisher_exact

    (a, b), (c, d) = sides
    return float(fisher_exact(a, b, c, d).p_value)
