"""Both simulated studies say what they said: a change of a sentence, number, table or page is seen and accepted.

Of sentences and first rows numbers may move by 2 % (`tests/golden.py`); every derived table and every table of an analysis
is kept whole besides, by its columns (`tests/kept_numbers.py`): a cut-off, a tie or a sort that moves one row shows.
"""

from __future__ import annotations

import pytest
from tests import golden, kept_numbers

from oncourse.analyses._base import registry
from oncourse.report.patient_page import patient_page

DESIGNS = ("crc", "mcrpc")


def kept_or_accepted(name: str, text: str, accept: bool, pixels: float | None = None) -> list[str]:
    """Differences from the kept file; with --accept the file is written instead."""
    file, made_on = golden.ANSWERS / name, golden.ANSWERS / "processor.txt"
    if accept:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        made_on.write_text(golden.processor(), "utf-8")
    if file.stem.split("_")[0] in golden.CHAINS and made_on.read_text("utf-8") != golden.processor():
        pytest.skip("the kept chains were drawn on another processor or with another numpy")
    kept = file.read_text("utf-8") if file.exists() else ""
    return golden.differences(kept, text, pixels)


@pytest.mark.parametrize("name", sorted(registry()))
@pytest.mark.parametrize("design", DESIGNS)
def test_an_analysis_says_what_it_said(design, name, answered, request):
    text = golden.of_outcome(answered(design)[1][name])
    found = kept_or_accepted(f"{design}/{name}.txt", text, request.config.getoption("--accept"))
    assert not found, "if this change is wanted: make accept\n" + "\n".join(found[:60])


@pytest.mark.parametrize("name", sorted(registry()))
@pytest.mark.parametrize("design", DESIGNS)
def test_the_figures_of_an_analysis_show_what_they_showed(design, name, answered, request):
    """Axes, marks and labels stand where they stood."""
    golden.skip_if_drawn_otherwise(request.config.getoption("--accept"))
    result = answered(design)[1][name].result
    figures = () if result is None else result.figures
    text = "\n".join(f"FIGURE {figure.name}\n{golden.of_figure(figure.svg)}" for figure in figures)
    accept = request.config.getoption("--accept") and bool(text)
    found = kept_or_accepted(f"{design}/{name}_figures.txt", text, accept, golden.PIXELS)
    assert not found, "if this change is wanted: make accept\n" + "\n".join(found[:60])


@pytest.mark.parametrize("design", DESIGNS)
def test_a_patient_page_says_what_it_said(design, answered, request):
    cohort = answered(design)[0]
    for patient in cohort.study["patients"]["patient_id"].to_list()[:3]:
        text = golden.of_page(patient_page(cohort, patient))
        found = kept_or_accepted(f"{design}/page_{patient}.txt", text, request.config.getoption("--accept"))
        assert not found, "if this change is wanted: make accept\n" + "\n".join(found[:60])


@pytest.mark.parametrize("name", sorted(registry()))
@pytest.mark.parametrize("design", DESIGNS)
def test_tables_of_an_analysis_are_what_they_were(design, name, answered, request):
    result = answered(design)[1][name].result
    if result is None:
        pytest.skip("not answered for this study")
    estimates = [[e.value, e.ci_low, e.ci_high, e.n] for e in result.estimates]
    answer = {**result.tables, "estimates": estimates, "left_out": result.excluded}
    kept_numbers.check(f"{design}/{name}", answer, request.config.getoption("--accept"), is_chain=name in golden.CHAINS)


@pytest.mark.parametrize("name", kept_numbers.DERIVED)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_derived_table_is_what_it_was(design, name, answered, request):
    answer = getattr(answered(design)[0], name)
    if answer is None:
        pytest.skip("nothing of the kind in this study")
    kept_numbers.check(
        f"{design}/derived/{name}", answer, request.config.getoption("--accept"), is_chain=name in kept_numbers.CHAINED
    )


def test_numbers_may_move_a_little_and_words_may_not():
    kept = "median 12.0 months (95 % CI 8-17; n = 40)\nRAS wild type\n"
    assert golden.differences(kept, kept.replace("12.0", "12.1")) == []
    assert golden.differences(kept, kept.replace("12.0", "13.0"))[1].startswith("+ median 13.0")
    assert golden.differences(kept, kept.replace("wild type", "mutant")) == ["- RAS wild type", "+ RAS mutant"]
    assert golden.differences(kept, kept.replace("n = 40", "n = 41")) == [
        "- median 12.0 months (95 % CI 8-17; n = 40)",
        "+ median 12.0 months (95 % CI 8-17; n = 41)",
    ]


def test_a_figure_is_told_by_its_texts_marks_and_the_places_of_its_colours():
    """Two red points at (0, 2) and (4, 2), middle (2, 2), spread 2 along x; what is only defined is not shown."""
    svg = """<svg xmlns="http://www.w3.org/2000/svg"><defs><path d="M 9 9"/></defs>
        <path d="M 0 2 L 4 2" style="stroke: red"><title>P1: 12</title></path><text x="1" y="3">months</text></svg>"""
    kept = golden.of_figure(svg)
    assert kept.splitlines() == [
        "months",
        "mark: P1: 12",
        "1 marks",
        "path stroke red: 2 at 2.00 2.00, spread 2.00 0.00",
        "text : 1 at 1.00 3.00, spread 0.00 0.00",
    ]
    moved = golden.of_figure(svg.replace("L 4 2", "L 4.3 2"))
    assert golden.differences(kept, moved, golden.PIXELS) == [] and golden.differences(
        kept, kept.replace("12", "13"), golden.PIXELS
    )
    assert golden.differences(kept, golden.of_figure(svg.replace("L 4 2", "L 5 2")), golden.PIXELS)
