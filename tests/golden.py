"""What a study's analyses and pages say, as text that is kept, compared and accepted.

`tests/answers/DESIGN/ANALYSIS.txt` holds the sentences, numbers, notes, exclusions and the first rows of every table;
`page_PATIENT.txt` the words of a patient page. Words must be equal; numbers within `TOLERANCE`, because other
processors add in another order. `make accept` writes the files anew after a change that is wanted: its diff is what a
reviewer reads.
"""

from __future__ import annotations

import difflib
import math
import re
from html import unescape
from pathlib import Path

import polars as pl

from oncourse.report.execute import AnalysisRun

#: What rests on chains of random draws: another processor rounds otherwise, and a chain then goes elsewhere.
CHAINS = ("evolution", "heterogeneity", "page")
ANSWERS = Path(__file__).parent / "answers"
N_ROWS = 12
TOLERANCE = 0.02  # of a number, and never less than 0.005
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


def of_page(html: str) -> str:
    """The words of a page, a line per block."""
    body = re.sub(r"(?s)<(style|script|svg).*?</\1>", "", html)
    body = re.sub(
        r"</?(?:p|div|li|tr|h\d|section|table|ul|ol|summary|details|header|footer|main|nav)\b[^>]*>", "\n", body
    )
    lines = (re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", line))).strip() for line in body.splitlines())
    return "\n".join(line for line in lines if line and "sha256" not in line) + "\n"


def differences(kept: str, found: str) -> list[str]:
    """The lines that say something else, as a diff; empty where only numbers moved within the tolerance."""
    old, new = kept.splitlines(), found.splitlines()
    match = difflib.SequenceMatcher(
        None, [_words(line) for line in old], [_words(line) for line in new], autojunk=False
    )
    out = []
    for kind, a, b, c, d in match.get_opcodes():
        if kind == "equal":
            pairs = zip(old[a:b], new[c:d], strict=True)
            out += [text for one, two in pairs if not _near(one, two) for text in (f"- {one}", f"+ {two}")]
        else:
            out += [*(f"- {line}" for line in old[a:b]), *(f"+ {line}" for line in new[c:d])]
    return out


def _words(line: str) -> str:
    return _NUMBER.sub("#", line)


def _near(one: str, two: str) -> bool:
    numbers = [[float(n.replace(",", "")) for n in _NUMBER.findall(line)] for line in (one, two)]
    return all(math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=0.005) for a, b in zip(*numbers, strict=True))


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
