"""What is said of names and of days: which is named first, and nothing of what is not known."""

from __future__ import annotations

import polars as pl

from oncourse.study.checks import _times
from oncourse.study.config import StudyConfig
from oncourse.study.effects import with_gene_names
from oncourse.study.tables import TABLES


def test_of_renamed_genes_the_commonest_is_named_first_and_of_equals_the_first_of_the_alphabet():
    genes = ["MLL2", "MLL2", "C11orf30", "MLL3", "KRAS", None]
    frame = pl.DataFrame({"variant_id": [str(k) for k in range(6)], "gene": genes})
    tables, (problem,) = with_gene_names({"variants": frame}, {"variants": 10})
    assert tables["variants"]["gene"].to_list() == ["KMT2D", "KMT2D", "EMSY", "KMT2C", "KRAS", None]
    assert "4 gene names" in problem.message and problem.row == 10
    first, second, third = (problem.message.index(f"'{old}' is today's") for old in ("MLL2", "C11orf30", "MLL3"))
    assert first < second < third


def test_a_day_after_the_death_is_told_and_nothing_where_either_is_not_known():
    """P1 died on day 10, P2 on a day nobody knows; P3 is in no row of follow_up."""

    def of(name, rows):
        return pl.DataFrame(rows, schema_overrides={c: TABLES[name].schema[c] for c in rows})

    told = [("P1", 10), ("P1", 11), ("P1", None), ("P2", 11), ("P3", 11)]
    samples = {
        "sample_id": [f"S{k}" for k in range(5)],
        "patient_id": [p for p, _ in told],
        "day": [d for _, d in told],
    }
    follow_up = {"patient_id": ["P1", "P2"], "death_day": [10, None]}
    tables = {"samples": of("samples", samples), "follow_up": of("follow_up", follow_up)}
    (problem,) = _times(tables, StudyConfig())
    assert (problem.row, problem.column, problem.severity) == (3, "day", "warning") and "day 11" in problem.message
