"""Which lines, times, groups and lesions are in an answer, and from which probability on a word is said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.derive.clinical.endpoint_base import EndpointParams
from oncourse.derive.clinical.endpoints import TTE_SCHEMA, _finish
from oncourse.derive.clones.evolution_tables import UNKNOWN, migration_rows, progression_rows, seeding_rows
from oncourse.derive.genes.gene_pairs import BurdenModel, co_occurrence, group_exclusivity
from oncourse.derive.genes.gene_status import LandscapeParams
from oncourse.derive.outcomes.group_tables import responses_by_group
from oncourse.derive.outcomes.groups import Groups
from oncourse.derive.outcomes.treatment_units import OTHER_DEATH, negative_control, outcomes
from oncourse.genome.gene_sets import pathways
from oncourse.stats.cooccurrence import Margins
from oncourse.stats.proportions import clopper_pearson, fisher_exact


def answered(n=6, *, day=None, by_line=False):
    """Lines 0 and 1 of `n` patients who answer in turn; the first two thirds are of group a."""
    rows = [(f"P{k}", line, 100 * line, k % 2 == 0) for k in range(n) for line in (0, 1)]
    frame = pl.DataFrame(rows, schema=["patient_id", "line", "start_day", "y"], orient="row")
    told = pl.DataFrame(
        {"patient_id": [f"P{k}" for k in range(n)], "group": ["a" if k < 4 else "b" for k in range(n)]}
    ).with_columns(day=pl.lit(day, pl.Int64), line=pl.lit(1 if by_line else None, pl.Int64))
    return frame, Groups(told, told, by_line, "")


def test_responses_are_of_lines_from_one_on_by_group_with_exact_limits():
    frame, groups = answered()
    first, second = responses_by_group(frame, groups, "PSA50", missing_counts=True)
    assert (first["line"], first["group"], first["n"], first["n_response"], first["p_value"]) == (1, "a", 4, 2, None)
    low, high = clopper_pearson(2, 4)
    assert (first["ci_low"], first["ci_high"]) == pytest.approx((float(low), float(high)))
    assert (second["group"], second["n"], second["fraction"]) == ("b", 2, 0.5)
    assert second["p_value"] == pytest.approx(float(fisher_exact(1, 1, 2, 2).p_value))


def test_a_group_known_after_the_start_of_a_line_does_not_count_there():
    assert [len(responses_by_group(*answered(day=d), "x", missing_counts=True)) for d in (100, 101)] == [2, 0]
    assert len(responses_by_group(*answered(by_line=True), "x", missing_counts=True)) == 2
    frame, groups = answered()
    unknown = frame.with_columns(y=pl.when(pl.col("patient_id") != "P0").then("y"))
    told = {m: responses_by_group(unknown, groups, "x", missing_counts=m)[0] for m in (True, False)}
    assert (told[True]["n"], told[True]["n_response"], told[True]["n_not_judged"]) == (4, 1, 1)
    assert (told[False]["n"], told[False]["n_not_judged"]) == (3, 0)
    nobody = frame.with_columns(y=pl.lit(None, pl.Boolean))
    assert responses_by_group(nobody, groups, "x", missing_counts=True) == []


def record(endpoint, line, end, *, event=True, origin=0, entry=None):
    return {"patient_id": "P", "endpoint": endpoint, "line": line, "end_day": end, "is_event": event} | {
        "origin_day": origin,
        "entry_day": entry,
    }


def timed(*records, zero=0, following=None, setting=None, landmark=0, estimand="treatment_policy"):
    kinds = {"line": pl.Int64, "entry_day": pl.Int64}
    table = {"unit": [0], "patient_id": ["P"], "line": [1], "zero_day": [zero], "next_start_day": [following]}
    table = pl.DataFrame(
        table | {"setting": [setting]}, schema_overrides={"next_start_day": pl.Int64, "setting": pl.String}
    )
    found, left = outcomes(
        pl.DataFrame(records, schema_overrides=kinds),
        table,
        endpoints=("OS", "DFS"),
        landmark_days=landmark,
        estimand=estimand,
    )
    return sorted(found.rows()), left.height


def test_time_of_a_line_runs_from_its_start_and_stops_with_the_next_where_asked():
    assert timed(record("OS", 1, 100)) == ([(0, "OS", 101, 0, True)], 0)
    assert timed(record("OS", 1, 100), following=60, estimand="while_on_line")[0] == [(0, "OS", 61, 0, False)]
    assert timed(record("OS", 1, 100), following=100, estimand="while_on_line")[0] == [(0, "OS", 101, 0, False)]
    assert timed(record("OS", 1, 100), following=101, estimand="while_on_line")[0] == [(0, "OS", 101, 0, True)]
    assert timed(record("OS", 1, 100), landmark=30)[0] == [(0, "OS", 71, 0, True)]
    assert timed(record("OS", 1, 100), landmark=101) == ([], 1) and timed(record("OS", 1, 100), landmark=100)[1] == 0
    assert timed(record("OS", 2, 100)) == ([], 0) and timed(record("PFS", 1, 100)) == ([], 0)


def test_endpoints_of_the_operation_are_of_adjuvant_lines_and_of_those_begun_before_it():
    assert timed(record("DFS", None, 200, origin=10), zero=10)[0] == [(0, "DFS", 191, 0, True)]
    assert timed(record("DFS", None, 200, origin=10), zero=11)[0] == []
    assert timed(record("DFS", None, 200, origin=10), zero=40, setting="adjuvant")[0] == [(0, "DFS", 161, 0, True)]
    assert timed(record("OS", None, 200, origin=10), zero=10)[0] == []  # of the patient as a whole
    assert timed(record("DFS", 1, 200), zero=10)[0] == [(0, "DFS", 191, 0, True)]


def model(counts, n=60):
    """`n` patients of one class; genes of the first pathways altered in the first so many of them."""
    names = next(g for name, g in pathways().items() if len(g) > 3)[: len(counts)]
    altered = np.zeros((n, len(counts)), bool)
    at = 0
    for g, k in enumerate(counts):
        altered[at : at + k, g] = True
        at += k
    chance = np.array([[k / n for k in counts] + [0.1] * 200])
    looked = np.ones((1, len(counts)), bool)
    margins = Margins(chance, np.array([n]))
    return BurdenModel(tuple(names), margins, altered, looked, np.zeros(n, np.int64), ()), names


def test_a_gene_enters_a_pathway_and_a_pair_from_the_least_number_of_patients_on():
    params = LandscapeParams(min_pair=5, pair_genes=3)
    made, names = model((9, 5, 4))
    found = group_exclusivity(made, params).filter(pl.col("genes") == ";".join(names[:2]))
    assert found.height >= 1
    row = found.row(0, named=True)
    assert (row["n_patients"], row["n_covered"], row["direction"]) == (60, 14, "exclusivity")
    assert co_occurrence(made, params).select("gene_a", "gene_b", "n_both").rows() == [(*names[:2], 0)]
    fewer = group_exclusivity(model((9, 4, 4))[0], params)
    assert fewer.is_empty() and co_occurrence(model((9, 4, 4))[0], params).is_empty()
    assert group_exclusivity(None, params).is_empty() and co_occurrence(None, params).is_empty()


def seeded(*, copies_unknown=False, **changes):
    lesion = {"site": 1, "p_seeded": 0.9, "source": 0, "p_source": 0.8, "p_polyclonal": 0.4, "p_polyphyletic": 0.6}
    lesion = SimpleNamespace(**(lesion | {"seeds": {0: 0.6, 1: 0.4}} | changes))
    edges = {(0, 1): 0.01, (1, 0): 0.009, (-1, 1): 0.5}
    patient = SimpleNamespace(
        patient_id="P",
        lesions=("prim", "met", "other"),
        primary=0,
        samples=pl.DataFrame({"lesion_id": ["prim", "met"], "role": ["primary", "metastasis"]}),
        site_of_sample=np.array([0, 1]),
        posterior=SimpleNamespace(n_clone=2),
        var=np.ones((2, 2)),
        divergences={},
        clones=SimpleNamespace(
            data=SimpleNamespace(data=SimpleNamespace(copies_unknown=np.array([copies_unknown] * 2)))
        ),
        clone_id=lambda c: c + 1,
        seeding=SimpleNamespace(
            lesions=[SimpleNamespace(site=0), lesion], p_possible=np.array([[0, 0.9], [0, 0.2], [0, 0.6]]), p_edge=edges
        ),
    )
    return patient


def test_a_word_on_seeding_is_said_from_one_half_on():
    (row,) = seeding_rows(seeded())
    assert (row["clonality"], row["phyleticity"], row["source"]) == ("monoclonal", "polyphyletic", "prim")
    assert (row["probability"], row["probability_phyleticity"]) == (0.6, 0.6)
    assert (row["other_sources"], row["seeding_clones"], row["n_samples"]) == ("other", "1", 1)
    assert row["role"] == "metastasis" and row["divergence"] == "not_assessable" and row["p_source"] == 0.8
    (turned,) = seeding_rows(seeded(p_polyclonal=0.6, p_polyphyletic=0.5, source=-1))
    assert (turned["clonality"], turned["phyleticity"], turned["source"]) == ("polyclonal", "monophyletic", UNKNOWN)
    (unsure,) = seeding_rows(seeded(p_seeded=0.5))
    assert (unsure["clonality"], unsure["source"], unsure["p_source"]) == ("not_assessable", UNKNOWN, None)
    assert unsure["other_sources"] is None and unsure["probability"] is None


@pytest.mark.parametrize(
    ("p", "said"), [(0.79, "not_assessable"), (0.8, "polyclonal"), (0.2, "monoclonal"), (0.21, "not_assessable")]
)
def test_without_copies_founders_are_told_from_four_fifths_on(p, said):
    (row,) = seeding_rows(seeded(copies_unknown=True, p_polyclonal=p))
    assert row["clonality"] == said and (row["probability"] is None) == (said == "not_assessable")
    assert (row["phyleticity"], row["source"]) == ("not_assessable", "prim")


def test_ways_that_hardly_any_history_takes_are_left_out():
    found = [(r["source"], r["target"], r["probability"]) for r in migration_rows(seeded())]
    assert found == [("prim", "met", 0.01), (UNKNOWN, "met", 0.5)]


def descended(linear, parallel, p_seeded=(0.9, 0.9)):
    """Two metastases besides the primary."""
    lesions = [SimpleNamespace(site=0, p_seeded=0.0)]
    lesions += [SimpleNamespace(site=k + 1, p_seeded=p) for k, p in enumerate(p_seeded)]
    square = np.zeros((3, 3))
    forth = square.copy()
    forth[1, 2] = 0.7
    seeding = SimpleNamespace(lesions=lesions, p_descends=forth, p_linear=square + linear, p_parallel=square + parallel)
    return next(progression_rows(SimpleNamespace(patient_id="P", lesions=("p", "a", "b"), primary=0, seeding=seeding)))


def test_two_metastases_descend_or_are_parallel_where_both_were_seeded():
    row = descended(0.6, 0.1)
    assert (row["lesion_a"], row["lesion_b"], row["progression"], row["probability"]) == ("a", "b", "linear", 0.6)
    assert row["p_b_from_a"] == 0.7 and 0 < row["p_a_from_b"] < 0.1  # not looked at is not none at all
    assert descended(0.1, 0.6)["progression"] == "parallel" and descended(0.5, 0.5)["progression"] == "not_assessable"
    for p in ((0.9, 0.5), (0.5, 0.9)):
        unsure = descended(0.6, 0.1, p)
        assert (unsure["progression"], unsure["probability"], unsure["p_b_from_a"]) == ("not_assessable", None, None)


def test_death_of_another_cause_is_the_event_of_the_negative_control():
    """Deaths of the cancer and of an unknown cause are censored; without any cause recorded there is no control."""
    times = pl.DataFrame({"unit": [0, 1, 2, 0], "endpoint": ["OS", "OS", "OS", "PFS"], "is_event": [True] * 4})
    table = pl.DataFrame({"unit": [0, 1, 2], "patient_id": ["A", "B", "C"]})
    causes = pl.DataFrame({"patient_id": ["A", "B", "C"], "cause_of_death": ["other", "cancer", None]})
    told = negative_control(times, table, causes)
    assert set(told["endpoint"]) == {OTHER_DEATH} and told["is_event"].to_list() == [True, False, False]
    unknown = causes.with_columns(cause_of_death=pl.lit(None, pl.String))
    assert negative_control(times, table, unknown).is_empty()
    assert negative_control(times, table, causes.drop("cause_of_death")).is_empty()


#: Endpoint, entry, time, whether an event -> what is said of the landmark of 24 months: day 731 where the first counts.
AT_24_MONTHS = [
    ("OS", 0, 730, True, "dead"),
    ("OS", 0, 731, True, "dead"),
    ("OS", 0, 732, True, "alive"),
    ("OS", 0, 730, False, "unknown"),
    ("OS", 0, 731, False, "alive"),
    ("PFS", 0, 731, True, None),
    ("OS", 40, 731, False, "alive"),
    ("OS", -40, 9, False, "unknown"),
]


def test_the_landmark_is_told_of_overall_survival_and_who_was_never_at_risk_is_left_out():
    """Day 0 is the origin, so that time is the day of the end and one; entry after it is at risk from the next day."""
    cells = [*AT_24_MONTHS, ("OS", 10, 11, True, None), ("OS", 10, 12, True, "dead"), ("OS", 0, 1, True, "dead")]
    rows = [
        {"patient_id": f"P{k:02d}", "endpoint": name, "origin_day": 0, "entry_day": entry, "time_days": time}
        | {"end_day": time - 1, "is_event": event}
        for k, (name, entry, time, event, _) in enumerate(cells)
    ]
    excluded: list[pl.DataFrame] = []
    schema = {name: kind for name, kind in TTE_SCHEMA.items() if name not in ("status_24m", "entry_days")}
    told = _finish(pl.DataFrame(rows[::-1], schema=schema), EndpointParams(), excluded)
    assert (told.schema, told.height) == (pl.Schema(TTE_SCHEMA), 10)
    assert told["status_24m"].to_list() == [status for *_, status in cells[:8]] + ["dead", "dead"]
    assert told["entry_days"].to_list() == [0] * 6 + [41, 0, 11, 0]
    (gone,) = excluded
    reason = "ended on day 10, not after entry on day 10: never observed at risk"
    assert gone.rows() == [("P08", None, "OS", reason)]
