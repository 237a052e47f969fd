"""Tables of numbers and shares by group and their tests, alike in every analysis that compares groups of samples.

One direction everywhere: a difference is the first group less the second, a ratio the first over the second; where
there is a reference, it is the second.
"""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.study.schema import Column

_T, _F, _I = pl.String, pl.Float64, pl.Int64


def groups_table(name: str, title: str, measure: str, unit: str = "") -> OutputTable:
    """Return the table of `derive.genes.sample_groups.group_summaries`; `measure` says what its first column holds."""
    return OutputTable(
        name,
        title,
        (
            Column("measure", _T, measure),
            Column("group", _T, "the group"),
            Column("n_samples", _I, "samples of the group in which it is known"),
            Column("n_patients", _I, "their patients"),
            Column("mean", _F, "arithmetic mean over samples", unit=unit),
            Column("mean_low", _F, "lower limit (t)", unit=unit),
            Column("mean_high", _F, "upper limit", unit=unit),
            Column("median", _F, "median over samples", unit=unit),
            Column("median_low", _F, "lower limit (exact, order statistics)", unit=unit),
            Column("median_high", _F, "upper limit", unit=unit),
            Column("q25", _F, "lower quartile", unit=unit),
            Column("q75", _F, "upper quartile", unit=unit),
        ),
    )


def tests_table(name: str, title: str, measure: str, unit: str = "") -> OutputTable:
    """Return the table of `derive.genes.sample_groups.group_tests`."""
    return OutputTable(
        name,
        title,
        (
            *_pair(measure),
            Column("n_a", _I, "patients of the first group"),
            Column("n_b", _I, "of the second"),
            Column("median_a", _F, "median of patients", unit=unit),
            Column("median_b", _F, "median", unit=unit),
            Column("mean_a", _F, "mean of patients", unit=unit),
            Column("mean_b", _F, "mean", unit=unit),
            Column("difference", _F, "first group less second (Hodges and Lehmann)", unit=unit),
            Column("difference_low", _F, "lower 95 % limit; null: too few", unit=unit),
            Column("difference_high", _F, "upper limit", unit=unit),
            Column("mean_difference", _F, "mean_a less mean_b; of pairs the mean of their differences", unit=unit),
            Column("mean_difference_low", _F, "lower 95 % limit (Welch; of pairs Student's t)", unit=unit),
            Column("mean_difference_high", _F, "upper limit", unit=unit),
            *_P,
        ),
    )


def shares_table(name: str, title: str, measure: str) -> OutputTable:
    """Return the table of `derive.genes.group_shares.share_summaries`."""
    return OutputTable(
        name,
        title,
        (
            Column("measure", _T, measure),
            Column("group", _T, "the group"),
            Column("n_samples", _I, "samples of the group in which it is known"),
            Column("n_patients", _I, "their patients"),
            Column("n_yes", _I, "patients with it in any of these samples"),
            Column("share", _F, "of the patients", unit="fraction"),
            Column("ci_low", _F, "lower 95 % limit (Clopper-Pearson)", unit="fraction"),
            Column("ci_high", _F, "upper limit", unit="fraction"),
            Column("patients", _T, "the patients with it, joined by ;"),
        ),
    )


def share_tests_table(name: str, title: str, measure: str) -> OutputTable:
    """Return the table of `derive.genes.group_shares.share_tests`."""
    return OutputTable(
        name,
        title,
        (
            *_pair(measure),
            Column("n_a", _I, "patients of the first group"),
            Column("n_b", _I, "of the second"),
            Column("n_yes_a", _I, "of the first with it"),
            Column("n_yes_b", _I, "of the second"),
            Column("difference", _F, "share of the first group less that of the second", unit="fraction"),
            Column("difference_low", _F, "lower 95 % limit (Newcombe; of pairs Tango)", unit="fraction"),
            Column("difference_high", _F, "upper limit", unit="fraction"),
            *_P,
        ),
    )


def _pair(measure: str) -> tuple[Column, ...]:
    return (
        Column("measure", _T, measure),
        Column("group_a", _T, "first group"),
        Column("group_b", _T, "second group"),
        Column("method", _T, "paired (patients with samples in both) or unpaired (all others), and the test"),
    )


_P = (Column("p_value", _F, "two-sided"), Column("q_value", _F, "false discovery rate over this table"))
