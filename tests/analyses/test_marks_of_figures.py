"""Every mark of a figure leads to the patients that it counts (issue 19, part 3; issue 20, part 12)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from oncourse.analyses._base import Figure
from oncourse.plots.theme import NOBODY

SVG = "{http://www.w3.org/2000/svg}"
DESIGNS = ("crc", "mcrpc")
#: Figures of one patient: the patient of every mark is that of the figure, in whose name it is.
OF_ONE = re.compile(r"^(tree|ccf|pairs|migration|fish)_")


def marks(svg: str) -> list[tuple[str, list[str], str]]:
    """Words, patients and question of every mark: of its own, of what it stands in, or of its series."""
    found: list[tuple[str, str, str, str]] = []

    def walk(element: ET.Element, people: str, question: str, series: str) -> None:
        people = element.get("data-people") or people
        question = element.get("data-question") or question
        series = element.get("data-series") or series
        title = element.find(f"{SVG}title")
        if title is not None:
            found.append((title.text or "", people, question, series))
        if element.get("data-grid"):
            grid = json.loads(element.get("data-grid"))
            named = ";".join(grid["rows"] if grid.get("owner") == "pair" else grid["patients"])
            found.append(("cells", named, question, series))
        for child in element:
            walk(child, people, question, series)

    walk(ET.fromstring(svg), "", "", "")
    of_series = {series: people for _, people, _, series in found if series and people}
    return [
        (words, [p for p in (people or of_series.get(series, "")).split(";") if p], question)
        for words, people, question, series in found
    ]


@pytest.mark.parametrize("design", DESIGNS)
def test_every_mark_of_every_figure_names_patients_or_a_question_of_the_ledger(answered, design):
    """None leads to everyone of its section because nobody said whom it counts."""
    cohort, outcomes = answered(design)
    patients, genes = set(cohort.study["patients"]["patient_id"]), set(cohort.gene_status.altered["gene"])
    n_marks, silent = 0, []
    for name, outcome in outcomes.items():
        for figure in () if outcome.result is None else outcome.result.figures:
            if OF_ONE.match(figure.name):
                continue
            drawn = marks(figure.svg)
            questions = {*outcome.result.people["question"], NOBODY}
            assert drawn, f"{name}/{figure.name}: nothing is said on hover"
            for words, people, question in drawn:
                n_marks += 1
                if not (people and set(people) <= patients | genes) and question not in questions:
                    silent.append(f"{name}/{figure.name}: {words}")
    assert n_marks > 700 and silent == []


#: Figures whose marks say how many patients they stand for, and where in the words.
COUNTED = {
    ("landscape", "gene_frequency"): r", (\d+)/\d+$",
    ("sites", "pathways"): r", (\d+)/\d+ ",
    ("therapy", "levels"): r": (\d+) patients$",
    ("overview", "flow"): r": (\d+) patients",
    ("ras_status", "agreement"): r"/(\d+)$",
    ("survival", "km_OS"): r"\(n = (\d+)\)$",
}


@pytest.mark.parametrize(
    ("figure", "number"), COUNTED.items(), ids=lambda x: "/".join(x) if isinstance(x, tuple) else ""
)
def test_a_mark_names_as_many_patients_as_it_says(answered, figure, number):
    outcomes = answered("crc")[1]
    drawn = marks(outcomes[figure[0]].result.figure(figure[1]).svg)
    said = [(int(found[1]), people) for words, people, _ in drawn if (found := re.search(number, words))]
    assert said
    for n, people in said:
        assert len(set(people)) == n


def test_a_mark_of_one_patient_says_one_patient():
    """ "TP53 L344P: 1 patients, missense", on hover."""
    drawn = Figure("a", "A", "", lambda: "<svg><title>TP53 L344P: 1 patients</title><title>11 patients</title></svg>")
    assert re.findall("<title>([^<]*)", drawn.svg) == ["TP53 L344P: 1 patient", "11 patients"]


def test_a_survival_curve_leads_to_its_patients(answered):
    _, outcomes = answered("crc")
    (people,) = {tuple(people) for _, people, _ in marks(outcomes["survival"].result.figure("km_OS").svg)}
    assert set(people) == set(outcomes["survival"].result.people.filter(question="OS", is_in=True)["patient_id"])
