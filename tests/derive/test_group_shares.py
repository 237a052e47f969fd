"""Shares by group: patients, not samples; paired where one patient has both; numbers of the statistics room."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.group_shares import PAIRED, UNPAIRED, share_summaries, share_tests
from oncourse.errors import ConfigError
from oncourse.stats.agreement import mcnemar_exact, tango_interval
from oncourse.stats.proportions import clopper_pearson, fisher_exact, newcombe


def _values(rows):
    schema = {
        "measure": pl.String,
        "sample_id": pl.String,
        "patient_id": pl.String,
        "group": pl.String,
        "value": pl.Boolean,
    }
    return pl.DataFrame([("MSI-H", f"S{i}", *row) for i, row in enumerate(rows)], schema=schema, orient="row")


def test_a_patient_counts_once_however_many_samples_it_has():
    """P1 has three primaries of which one is unstable; P3 is not known; P4 is in no group."""
    rows = [("P1", "primary", True), ("P1", "primary", False), ("P1", "primary", False), ("P2", "primary", False)]
    rows += [("P3", "primary", None), ("P4", None, True)]
    (row,) = share_summaries(_values(rows)).to_dicts()
    low, high = clopper_pearson(1, 2)
    assert (row["n_samples"], row["n_patients"], row["n_yes"], row["share"]) == (4, 2, 1, 0.5)
    assert (row["ci_low"], row["ci_high"], row["patients"]) == (float(low), float(high), "P1")


def test_patients_with_both_are_paired_and_in_no_other_row():
    """Ten patients with primary and metastasis (two kept it, five had it in one), nine with one of them."""
    rows = [(f"B{i}", "primary", i < 2) for i in range(10)] + [(f"B{i}", "metastasis", i < 7) for i in range(10)]
    rows += [(f"P{i}", "primary", i < 1) for i in range(4)] + [(f"M{i}", "metastasis", i < 3) for i in range(5)]
    found = {row["method"]: row for row in share_tests(_values(rows)).to_dicts()}
    assert set(found) == {PAIRED, UNPAIRED}
    pair, apart = found[PAIRED], found[UNPAIRED]
    assert (pair["group_a"], pair["group_b"]) == ("metastasis", "primary")
    assert [pair[c] for c in ("n_a", "n_b", "n_yes_a", "n_yes_b")] == [10, 10, 7, 2]
    assert (pair["difference"], pair["difference_low"], pair["difference_high"]) == tango_interval(5, 0, 10)
    assert pair["p_value"] == float(mcnemar_exact(5, 0)) == 0.0625
    assert [apart[c] for c in ("n_a", "n_b", "n_yes_a", "n_yes_b")] == [5, 4, 3, 1]
    gap = newcombe(3, 5, 1, 4)
    assert apart["difference_low"] == float(gap.ci_low) and apart["difference"] == pytest.approx(0.6 - 0.25)
    assert apart["p_value"] == float(fisher_exact(3, 2, 1, 3).p_value)


def test_nothing_to_compare_is_an_empty_table():
    assert share_tests(_values([])).is_empty() and share_summaries(_values([])).is_empty()


def test_two_columns_together_are_one_grouping_and_unknown_names_no_group(make_study):
    """The stage of B is not written down, of C it says Unknown: both are in no group."""
    told = (
        ("A", "Stage 4", "metastasis"),
        ("B", None, "metastasis"),
        ("C", "Unknown", "primary"),
        ("D", "II", "primary"),
    )
    study = make_study(
        patients=[{"patient_id": p, "stage": stage} for p, stage, _ in told],
        lesions=[{"patient_id": p, "lesion_id": f"L{p}", "role": role} for p, _, role in told],
        samples=[{"patient_id": p, "sample_id": f"S{p}", "lesion_id": f"L{p}", "material": "tissue"} for p, *_ in told],
        calls=[],
    )
    found = {name: group_of_samples(study, name)["group"].to_list() for name in ("stage", "role", "role+stage")}
    assert found["stage"] == ["Stage 4", None, None, "II"]
    assert found["role"] == ["metastasis", "metastasis", "primary", "primary"]
    assert found["role+stage"] == ["metastasis, Stage 4", None, None, "primary, II"]
    with pytest.raises(ConfigError, match="no column 'grade'"):
        group_of_samples(study, "role+grade")
