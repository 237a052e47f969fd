"""What the readers of files say is said in Chinese: the warnings, cures and decisions written in `oncourse.io`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import oncourse.io
from oncourse.words.phrases import Phrasebook, english_left, pairs, phrasebook

#: Calls whose texts a reader of the report sees.
TOLD = {"_rows", "append", "Problem", "skip", "row_problems", "left_out", "at_lines", "_warning", "unread"}
#: Texts that a change may leave until they are translated.
NEW = 12
_HOLE = re.compile("⟦(.*?)⟧")


def template(node: ast.expr) -> str | None:
    """A text with its values in ⟦⟧; None: not a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else f"⟦{ast.unparse(v.value)}⟧" for v in node.values]
        return "".join(map(str, parts))
    return None


def told(path: Path) -> list[str]:
    """The sentences of a file that are told, a value in each of their holes: a number where it counts, else a name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in TOLD:
            texts = [template(a) for a in [*node.args, *(k.value for k in node.keywords)]]
            found += [t for t in texts if t and len(re.findall(r"[a-z]{3,}", _HOLE.sub(" ", t))) >= 4]
    counts = re.compile(r"\bn\b|n_|len\(|height|sum\(|lost|wrong|unknown|without|more|several")
    return [_HOLE.sub(lambda m: "3" if counts.search(m[1]) else "X1", text).replace("{value}", "X1") for text in found]


def test_what_readers_of_files_tell_is_chinese():
    book = Phrasebook({**pairs("zh")})
    texts = [text for path in sorted(Path(oncourse.io.__file__).parent.rglob("*.py")) for text in told(path)]
    assert len(texts) > 100
    for text in texts:
        book.text(text)
    left = sorted(text for text in book.missed if any(map(str.islower, english_left(text))))
    assert len(left) <= NEW, "\n".join(left)


@pytest.mark.parametrize("example", ["redcap", "sdtm", "omop", "fhir"])
def test_the_page_of_what_was_read_is_chinese(example):
    """Ledger, decisions and warnings of the examples of the docs; names of files and columns stay."""
    from oncourse.io import load_study
    from oncourse.report.intake import intake_page

    study = load_study(Path(__file__).parents[2] / "docs" / "examples" / example)
    phrasebook.cache_clear()
    page = intake_page(study.intake, "X", study.notes, "zh")
    book = phrasebook("zh")
    for warning in study.warnings:
        book.text(warning.message)
        book.text(warning.cure or "")
    assert '<html lang="zh' in page
    left = {t for t in book.missed if any(map(str.islower, english_left(t))) and not re.match(r"[\w.]+$|'", t)}
    assert left == set()
