"""What a study's analyses and pages say, as text that is kept, compared and accepted.

`tests/answers/DESIGN/ANALYSIS.txt` holds the sentences, numbers, notes, exclusions and the first rows of every table;
`page_PATIENT.txt` the words of a patient page; `ANALYSIS_figures.txt` what its figures show, and where. Words must be
equal; numbers within `TOLERANCE`, because other processors add in another order; places in figures within `PIXELS`: one
mark of fifty that moves is a small part of their middle. `make accept` writes the files anew after a change that is
wanted: its diff is what a reviewer reads.
"""

from __future__ import annotations

import difflib
import math
import re
import statistics
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from oncourse.report.execute import AnalysisRun

#: What rests on chains of random draws: another processor rounds otherwise, and a chain then goes elsewhere.
CHAINS = ("evolution", "heterogeneity", "page")
ANSWERS = Path(__file__).parent / "answers"
N_ROWS = 12
TOLERANCE = 0.02  # of a number, and never less than 0.005
PIXELS = 0.2
N_MARKS = 12
_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


def of_outcome(outcome: AnalysisRun) -> str:
    """All that an analysis says."""
    lines = [f"status: {outcome.status}"]
    result = outcome.result
    if result is None:
        return "\n".join([*lines, *str(outcome.detail).splitlines()]) + "\n"
    if result.headline is not None:
        head = result.headline
        lines += [f"light: {head.light}, {head.reason.text()}", head.text.text(), head.text.text("zh")]
    lines += ["", "ANSWER", *_sentences(result.answer), "", "NOTES"]
    lines += [s for note in result.notes for s in _sentences(note)]
    lines += ["", "METHODS", *(s for text in result.methods for s in _sentences(text))]
    lines += ["", "ESTIMATES", *(f"{e.name}: {e} [{e.method}]" for e in result.estimates)]
    lines += ["", "FIGURES", *(f"{f.name}: {f.title}. {f.caption}" for f in result.figures)]
    lines += ["", "LEFT OUT", *_rows(result.excluded)]
    for name, frame in result.tables.items():
        lines += ["", f"TABLE {name}, {frame.height} rows", *_rows(frame)]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """What decides how numbers are rounded here: numpy's version and the instructions it uses."""
    from numpy import __version__
    from numpy._core._multiarray_umath import __cpu_features__

    return f"numpy {__version__}; {' '.join(sorted(name for name, there in __cpu_features__.items() if there))}\n"


def drawn_with() -> str:
    """What decides where the marks and labels of a figure stand: matplotlib's first two numbers."""
    from matplotlib import __version__

    return f"matplotlib {'.'.join(__version__.split('.')[:2])}\n"


def skip_if_drawn_otherwise(accept: bool) -> None:
    """Compare figures with the matplotlib alone that drew the kept ones; another measures its labels otherwise."""
    kept = ANSWERS / "drawn_with.txt"
    if accept:
        kept.write_text(drawn_with(), "utf-8")
    if kept.read_text("utf-8") != drawn_with():
        pytest.skip("the kept figures were drawn with another matplotlib")


def of_page(html: str) -> str:
    """The words of a page, a line per block."""
    body = re.sub(r"(?s)<(style|script|svg).*?</\1>", "", html)
    body = re.sub(
        r"</?(?:p|div|li|tr|h\d|section|table|ul|ol|summary|details|header|footer|main|nav)\b[^>]*>", "\n", body
    )
    lines = (re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", line))).strip() for line in body.splitlines())
    return "\n".join(line for line in lines if line and "sha256" not in line) + "\n"


def of_figure(svg: str) -> str:
    """What a figure shows: its texts, what its first marks say on hover, and of every colour and shape how many points
    there are, their middle and how far they spread (standard deviation), in pixels."""
    texts, said, points = [], [], defaultdict(list)
    for element in _shown(ET.fromstring(svg)):
        kind, style = element.tag.removeprefix(_SVG), element.get("style") or ""
        if kind == "title":
            said.append(element.text or "")
        elif kind == "text":
            texts.append("".join(element.itertext()))
        colours = " ".join(f"{name} {colour}" for name, colour in re.findall(r"\b(fill|stroke): ([^;]+)", style))
        if kind == "path":
            ends = [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", element.get("d") or "")]
            points[f"{kind} {colours}"] += list(zip(ends[::2], ends[1::2], strict=False))
        elif element.get("x"):
            points[f"{kind} {colours}"].append((float(element.get("x")), float(element.get("y"))))
    lines = [" | ".join(texts), *(f"mark: {words}" for words in said[:N_MARKS]), f"{len(said)} marks"]
    for what, at in sorted(points.items()):
        (x, y), (dx, dy) = (f(list(zip(*at, strict=True))) for f in (_means, _spreads))
        lines.append(f"{what}: {len(at)} at {x:.2f} {y:.2f}, spread {dx:.2f} {dy:.2f}")
    return "\n".join(" ".join(line.split()) for line in lines) + "\n"


def _shown(element: ET.Element) -> Iterator[ET.Element]:
    if element.tag != f"{_SVG}defs":
        yield element
        for child in element:
            yield from _shown(child)


def _means(axes: list[tuple[float, ...]]) -> list[float]:
    return [statistics.fmean(values) for values in axes]


def _spreads(axes: list[tuple[float, ...]]) -> list[float]:
    return [statistics.pstdev(values) for values in axes]


def differences(kept: str, found: str, pixels: float | None = None) -> list[str]:
    """The lines that say something else, as a diff; empty where only numbers moved within the tolerance, or `pixels`."""
    old, new = kept.splitlines(), found.splitlines()
    match = difflib.SequenceMatcher(
        None, [_words(line) for line in old], [_words(line) for line in new], autojunk=False
    )
    out = []
    for kind, a, b, c, d in match.get_opcodes():
        if kind == "equal":
            pairs = zip(old[a:b], new[c:d], strict=True)
            out += [text for one, two in pairs if not _near(one, two, pixels) for text in (f"- {one}", f"+ {two}")]
        else:
            out += [*(f"- {line}" for line in old[a:b]), *(f"+ {line}" for line in new[c:d])]
    return out


def _words(line: str) -> str:
    return _NUMBER.sub("#", line)


def _near(one: str, two: str, pixels: float | None) -> bool:
    numbers = [[float(n.replace(",", "")) for n in _NUMBER.findall(line)] for line in (one, two)]
    share, least = (0.0, pixels) if pixels else (TOLERANCE, 0.005)
    return all(math.isclose(a, b, rel_tol=share, abs_tol=least) for a, b in zip(*numbers, strict=True))


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!]) (?=[A-Z(])", text)


def _rows(frame: pl.DataFrame) -> list[str]:
    if not frame.width:
        return []
    rows = ("\t".join(_cell(value) for value in row) for row in frame.head(N_ROWS).iter_rows())
    return ["\t".join(frame.columns), *rows]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else " ".join(str(value).split())
