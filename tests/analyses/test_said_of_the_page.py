"""What a sentence says about its page is true of the page: named tables are there, counts are their rows, a thing has
one colour (issue 19)."""

from __future__ import annotations

import re
from collections import defaultdict

import polars as pl
import pytest

from oncourse.analyses._base import registry

DESIGNS = ("crc", "mcrpc")
#: "concordance/samples", "table visit_intervals": a table of results, by its whole or its last name.
WHOLE, LAST = re.compile(r"\b([a-z_]+/[a-z_]+)\b"), re.compile(r"\btable ([a-z]+(?:_[a-z]+)+|policy)\b")


def sentences(outcome):
    """Answer, line of page one, notes, methods and captions of a result."""
    result = outcome.result
    return [result.answer, *result.notes, *result.methods, *(f.caption for f in result.figures)]


@pytest.mark.parametrize("design", DESIGNS)
def test_every_table_that_a_sentence_names_is_there(answered, design):
    outcomes = answered(design)[1]
    made = {table.name for entry in registry().values() for table in entry.tables}
    named, strange = 0, []
    for name, outcome in outcomes.items():
        for text in () if outcome.result is None else sentences(outcome):
            whole = [t for t in WHOLE.findall(text) if t.split("/")[0] in registry()]
            last = [f"{name}/{t}" for t in LAST.findall(text)]
            named += len(whole) + len(last)
            strange += [f"{name}: {t}" for t in whole + last if t not in made]
    assert named > 10 and strange == []


@pytest.mark.parametrize("design", DESIGNS)
def test_no_sentence_says_that_a_table_alone_shows_what_a_plot_shows_too(answered, design):
    """ "Unadjusted figures stand in the table only" stood above the plot of them."""
    alone = re.compile(r"\btables? (?:only|alone)\b|\bonly in (?:the|its) tables?\b")
    outcomes = [o for o in answered(design)[1].values() if o.result is not None]
    assert [t for o in outcomes for t in sentences(o) if alone.search(t)] == []


@pytest.mark.parametrize("design", DESIGNS)
def test_a_line_of_therapy_has_one_colour_in_every_curve(answered, design):
    """Where "before the first line" was not drawn, the first line had its blue, and orange elsewhere."""
    seen = defaultdict(set)
    for figure in answered(design)[1]["endpoints"].result.figures:
        for group in re.findall(r"<g [^>]*data-series=[^>]*>", figure.svg):
            series, colour = (re.search(f'data-{k}="([^"]*)"', group) for k in ("series", "colour"))
            if series and colour and series[1].endswith(" line"):
                seen[series[1]].add(colour[1])
    assert len(seen) >= 2 and {len(colours) for colours in seen.values()} == {1}
    assert len({colour for colours in seen.values() for colour in colours}) == len(seen)


def test_who_has_no_event_is_named_and_not_drawn(answered):
    """A line at 1.0 over the whole width hid how the others fell."""
    drawn = 0
    for figure in answered("mcrpc")[1]["endpoints"].result.figures:
        flat = re.search(r"Without an event, not drawn: ([^.]*)\.", figure.caption)
        for label in flat[1].split(", ") if flat else ():
            drawn += 1
            assert f'data-series="{label}"' not in figure.svg
    assert drawn >= 1


def test_a_laboratory_covariate_is_among_what_patients_are_like_at_the_start(answered):
    """Table 1 of men with castration-resistant disease held no PSA: the last value up to the first line, by hand."""
    cohort, outcomes = answered("mcrpc")
    told = outcomes["overview"].result.table("baseline").filter(pl.col("variable") == "PSA at the start")
    start = cohort.lines.filter(pl.col("line") == 1).select("patient_id", "start_day")
    labs = cohort.study["labs"].filter(pl.col("analyte") == "PSA").join(start, on="patient_id")
    labs = labs.filter(pl.col("day") <= pl.col("start_day")).sort("patient_id", "day")
    labs = labs.with_columns(pl.col("value").cast(pl.Float64))
    last = dict(labs.group_by("patient_id", maintain_order=True).last().select("patient_id", "value").iter_rows())
    values = dict(told.select("patient_id", pl.col("value").cast(pl.Float64)).iter_rows())
    assert set(values) == set(cohort.study["patients"]["patient_id"]) and set(told["kind"]) == {"number"}
    assert {p: v for p, v in values.items() if v is not None} == pytest.approx(last) and len(last) > 5


@pytest.mark.parametrize("design", DESIGNS)
def test_what_was_given_in_each_line_counts_the_lines_of_the_patients(answered, design):
    """Which drugs, in how many, in which line, was nowhere on the page; each row names its patients."""
    cohort, outcomes = answered(design)
    given = outcomes["overview"].result.table("given")
    for line, n_line, n, ids in given.select("line", "n_line", "n_patients", "patients").iter_rows():
        mine = cohort.lines.filter(pl.col("line") == line)
        assert n_line == mine["patient_id"].n_unique() and n == len(set(ids.split(";"))) <= n_line
        assert set(ids.split(";")) <= set(mine["patient_id"])
    first = given.filter(pl.col("line") == 1)
    assert first["n_patients"].sum() == first["n_line"][0] > 4 and first["n_patients"].is_sorted(descending=True)
