"""References and LaTeX of the paper, read as strictly as the programs that take them: BibTeX, RIS, LaTeX."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl
import pytest

from oncourse.paper.documents import PaperTable, Part, latex_parts, latex_table
from oncourse.paper.references import OTHERS, Work, bibtex, references, ris

#: Signs of which LaTeX makes something else.
SPECIAL = re.compile(r"(?<!\\)[#$%^~]")
#: What pdfLaTeX prints beside ASCII: Latin-1, dashes and quotation marks.
PRINTED = {chr(n) for n in range(0xA0, 0x100)} | set("\u2013\u2014\u2018\u2019\u201c\u201d\u2026")


def braced(text: str, at: int) -> int:
    """Return the place after the brace that closes the one at `at`; escaped braces are letters."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "{}" and (i == 0 or text[i - 1] != "\\"):
            depth += 1 if text[i] == "{" else -1
            if depth == 0:
                return i + 1
    raise ValueError(f"a brace is open: {text[at : at + 60]}")


def read_bibtex(text: str) -> dict[str, dict[str, str]]:
    """Read `@type{key, name = {value}, ...}` and nothing else between the entries; BibTeX counts escaped braces too."""
    found: dict[str, dict[str, str]] = {}
    at = 0
    while text[at:].strip():
        head = re.compile(r"\s*@(\w+)\{([\w:-]+),").match(text, at)
        assert head, text[at : at + 80]
        end = braced(text, head.end(1))
        fields, place = {"type": head[1]}, head.end()
        while text[place : end - 1].strip():
            name = re.compile(r"\s*(\w+) = ").match(text, place)
            assert name, text[place : place + 80]
            place = braced(text, name.end())
            assert name[1] not in fields, "a field twice"
            fields[name[1]] = text[name.end() + 1 : place - 1]
            comma = re.compile(r"\s*,").match(text, place)
            place = comma.end() if comma else place
            assert comma or not text[place : end - 1].strip(), "no comma between two fields"
        assert head[2] not in found, "a key twice"
        found[head[2]], at = fields, end
    return found


def read_ris(text: str) -> list[dict[str, list[str]]]:
    """Read records of `XX  - value`, each from TY to ER."""
    found: list[dict[str, list[str]]] = []
    is_open = False
    for line in filter(None, text.split("\n")):
        tag = re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line)
        assert tag and is_open != (tag[1] == "TY"), line
        is_open = tag[1] != "ER"
        if tag[1] == "TY":
            found.append({})
        found[-1].setdefault(tag[1], []).append(tag[2])
    assert not is_open, "the last record has no end"
    return found


def unescaped(text: str) -> str:
    r"""Return what LaTeX prints of a cell or value: \_ as _, \textless{} as <, -- as -."""
    signs = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">"}
    text = re.sub(r"\\(text\w+)\{\}", lambda m: signs[m[1]], text)
    return re.sub(r"\\([&%$#_{}])", r"\1", text)


def tabulars(text: str) -> Iterator[tuple[int, list[list[str]]]]:
    """Return the number of columns and the rows of each tabular; a `[` after a row's end would be its distance."""
    for start in re.finditer(r"\\begin\{tabular\}", text):
        close = braced(text, start.end())
        widths = re.findall(r"l|p\{[\d.]+\\linewidth\}", text[start.end() + 1 : close - 1])
        assert "".join(widths) == text[start.end() + 1 : close - 1]
        body = text[close : text.index(r"\end{tabular}", close)]
        assert not re.search(r"(\\\\|rule)\s*[\[*]", body), (
            "a row begins with what LaTeX takes for the distance of the last"
        )
        lines = re.sub(r"\\(top|mid|bottom)rule", "", body).split("\\\\\n")
        assert not lines[-1].strip(), "the last row has no end"
        yield len(widths), [re.split(r"(?<!\\)&", line) for line in lines[:-1]]


def check_latex(text: str, letters: Collection[str] = PRINTED) -> int:
    """Fail where LaTeX would stop or print something else; return how many tables have rows as wide as they say."""
    text = re.sub(r"\$(\\geq|\\leq|-)\$", "", text)
    plain = re.sub(r"~\\cite\{[\w,:-]+\}", "", text)
    plain = re.sub(r"\\(label|ref)\{\w+\}", "", plain)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", plain):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, "a brace closes that none opened"
    assert depth == 0, "a brace is open"
    assert not SPECIAL.search(plain), SPECIAL.search(plain)
    outside = re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", plain, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)&", outside) and not re.search(r"(?<!\\)_", plain)
    opened, closed = (re.findall(rf"\\{word}\{{(\w+)\}}", plain) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed)
    strange = sorted({c for c in text if ord(c) > 126} - set(letters))
    assert not strange, f"pdfLaTeX has no sign for {strange}"
    n = 0
    for width, found in tabulars(text):
        assert width and all(len(row) == width for row in found), [r for r in found if len(r) != width][:2]
        n += 1
    return n


def test_a_program_that_reads_bibtex_finds_every_work_as_it_is():
    works = references()
    found = read_bibtex(bibtex(works))
    assert list(found) == [w.key for w in works] and {f["type"] for f in found.values()} == {"article"}
    for work in works:
        fields = found[work.key]
        assert tuple(fields["author"].split(" and ")) == work.authors
        assert all(author == OTHERS or author.count(",") <= 1 for author in work.authors), "von, last, jr: three parts"
        assert fields["title"] == f"{{{work.title}}}" and fields["journal"] == work.journal
        assert fields["pages"].replace("--", "-") == work.pages and fields.get("doi", "") == work.doi
    with pytest.raises(AssertionError):
        read_bibtex(bibtex(works[:1]).replace("},\n", "}\n", 1))


def test_a_program_that_reads_ris_finds_every_work_as_it_is():
    works = references()
    for work, record in zip(works, read_ris(ris(works)), strict=True):
        first, _, last = work.pages.partition("-")
        assert (record["TY"], record["ID"], record["TI"]) == (["JOUR"], [work.key], [work.title])
        assert record["AU"] == [a for a in work.authors if a != OTHERS]
        assert (record["PY"], record["SP"], record.get("EP", [""])) == ([work.year], [first], [last])
        assert record.get("DO", [""]) == [work.doi] and record["ER"] == [""]


def test_signs_of_latex_in_a_title_are_escaped_in_bibtex_alone():
    work = Work("a2020", ("Doe, J",), "50 % of R&D_1", "Stat & Data", "2020", "1", "1-2", "10.1000/a_b", ())
    fields = read_bibtex(bibtex([work]))["a2020"]
    assert (fields["title"], fields["journal"]) == (r"{50 \% of R\&D\_1}", r"Stat \& Data")
    assert fields["doi"] == work.doi, "a DOI is an address, which no style prints as text"
    assert "TI  - 50 % of R&D_1" in ris([work])


def test_cells_of_any_text_are_cells_of_the_latex_table():
    """A row that began with `[` was the distance of the row above: LaTeX stopped with "missing number"."""
    cells = ["[IQR]", "*", "a & b", r"50 % \ {x}_y^z~#1 $", "<5", "\u2265 65 \u2212 \u00e9", ""]
    frame = pl.DataFrame({"one_a": cells, "two": cells[::-1]})
    text = latex_table(PaperTable("Table 1", "R&D {", frame, note="100 % _", mark="table_1"))
    assert check_latex(text) == 1
    [(width, rows)] = tabulars(text)
    read = [[unescaped(cell.strip().removeprefix("{}")) for cell in row] for row in rows]
    signs = {r"$\geq$": "\u2265", "$-$": "\u2212"}
    for old, new in signs.items():
        read = [[cell.replace(old, new) for cell in row] for row in read]
    assert width == 2 and read == [["one_a", "two"], *([a, b] for a, b in frame.iter_rows())]
    for bad in (text.replace(r"\&", "&"), text.replace("{}[", "["), text.replace(r"\_", "_"), text + "}"):
        with pytest.raises(AssertionError):
            check_latex(bad)


def test_paragraphs_cite_and_escape():
    text = latex_parts([Part("A & B", ("50 % of x_1.", "{"), cites=(("cox1972", "li2018"), ()))])
    assert check_latex(text) == 0 and r"~\cite{cox1972,li2018}" in text


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_the_papers_of_both_designs_can_be_set(simulated_study, design, tmp_path, monkeypatch):
    """Chinese is set by XeLaTeX, which prints what its fonts have."""
    pytest.importorskip("docx", reason="the extra [paper] is not installed")
    from oncourse.paper import write
    from oncourse.report.study import report_study

    sizes = pl.DataFrame(schema={"figure": pl.String, "column": pl.String})
    monkeypatch.setattr(write, "write_figures", lambda *_, **__: sizes)
    report_study(simulated_study(design), tmp_path / "results", source=Path(__file__), patients="none")
    for language in ("en", "zh"):
        out = tmp_path / language
        out.mkdir()
        write.write_paper(tmp_path / "results", out, language=language)
        tables = (out / "tables.tex").read_text("utf-8")
        letters = PRINTED if language == "en" else PRINTED | set(tables) | set((out / "text.tex").read_text("utf-8"))
        assert check_latex(tables, letters) == tables.count(r"\begin{tabular}") > 5
        assert check_latex((out / "text.tex").read_text("utf-8"), letters) == 0
        assert len(read_bibtex((out / "references.bib").read_text("utf-8"))) > 10
