"""Methods and Results paragraphs written from the results, every number with the place it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from oncourse.paper.documents import Part
from oncourse.paper.references import keys_of
from oncourse.report.results import Results
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator
from oncourse.words.readable import split

#: What the paragraph on intervals and that on reporting cite.
INTERVALS, REPORTING = ("clopper1934",), ("austin2009", "vonelm2007")
#: sentence of the paper -> the estimate in results.json that it rests on
NUMBERS = {
    "sentence": pl.String,
    "analysis": pl.String,
    "estimate": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n": pl.Int64,
    "method": pl.String,
}


def answered(results: Results, order: Sequence[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the answered analyses in the order of the protocol, the others after them."""
    done = [name for name, entry in results.analyses.items() if entry["status"] == "done"]
    names = [name for name in order if name in done] + [name for name in done if name not in order]
    return [(name, results.analyses[name]) for name in names]


def sentence(entry: Mapping[str, Any], language: str) -> str:
    """Return the one sentence of an analysis; an older or foreign result gives its answer."""
    head = entry.get("headline") or {}
    return str(head.get("text" if language == "en" else "text_zh") or head.get("text") or entry["answer"])


#: What weighting and doubly robust estimation are called in ``treatment/comparison``.
WEIGHTED = ("overlap", "iptw", "doubly_robust")


def steps_of(name: str, tables: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Return the steps of the method of an analysis that its results rest on (``paper.method.NAME``).

    A comparison of treatments is weighted, adjusted, tested by marker and asked about hidden confounding only where the
    data allowed it: told is what its tables hold.
    """
    if name != "treatment":
        return (name,)
    rows = tables.get("treatment/comparison")
    if rows is None or rows.is_empty():
        return (name,)
    each = rows.group_by("endpoint", "line", "arm", "reference").agg(
        is_weighted=pl.col("method").is_in(WEIGHTED).any(), is_adjusted=(pl.col("method") == "adjusted").any()
    )
    weighted = int(each["is_weighted"].sum())
    how = "all_weighted" if weighted == each.height else "some_weighted" if weighted else "none_weighted"
    markers = tables.get("treatment/interaction", pl.DataFrame({"p_value": []}))
    held = {
        how: True,
        "adjusted": bool(each["is_adjusted"].any()),
        "doubly_robust": "doubly_robust" in rows["method"],
        "markers": markers["p_value"].is_not_null().any(),
        "hidden": rows["e_value"].is_not_null().any(),
    }
    return (name, *(f"{name}_{step}" for step, is_held in held.items() if is_held))


def methods(
    entries: Sequence[tuple[str, Mapping[str, Any]]],
    tables: Mapping[str, pl.DataFrame],
    questions: Sequence[str],
    version: str,
    language: str,
) -> Part:
    """Return the Methods: the questions, one paragraph per analysis, then what holds for all.

    tables : of the results, by topic/table; they say which steps of a method were taken (`steps_of`)
    """
    known = catalogue(language)
    listed = " ".join(f"({i}) {question}" for i, question in enumerate(questions, 1))
    asked = [write("paper.questions", language, questions=listed)] if questions else []
    general = " ".join(
        (
            write("paper.intervals", language),
            write("paper.missing_values", language),
            write("paper.software", language, version=version),
        )
    )
    each = [steps_of(name, tables) for name, _ in entries if f"paper.method.{name}" in known]
    space = "" if language == "zh" else " "
    told = (space.join(known[f"paper.method.{step}"] for step in steps) for steps in each)
    paragraphs = (*asked, *told, general, known["paper.reporting"])
    cites = (*((),) * len(asked), *(keys_of(*steps) for steps in each), INTERVALS, REPORTING)
    of = (*("",) * len(asked), *(steps[0] for steps in each), "", "")
    return Part(known["paper.methods"], paragraphs, "methods", cites, of)


def limitations(entries: Sequence[tuple[str, Mapping[str, Any]]], language: str) -> Part:
    """Return the limits that the results themselves tell, a paragraph per question of the protocol."""
    known, said = catalogue(language), translator(language)
    told = (
        (name, entry, filter(None, (for_a_paper(said(note)) for note in entry["notes"]))) for name, entry in entries
    )
    listed = [(name, title_of(name, entry, language), " ".join(notes)) for name, entry, notes in told]
    colon = known["page.colon"]
    paragraphs = [(name, f"{title}{colon}{notes}") for name, title, notes in listed if notes]
    told_of, texts = tuple(name for name, _ in paragraphs), tuple(text for _, text in paragraphs)
    return Part(known["paper.limitations"], texts, "limitations", of=told_of)


#: A bracket that names a column, a table or a setting: ``(column naive_hazard_ratio)``, ``(overview/identity)``.
_ASIDE = re.compile(r" ?[(（](?=[^()（）]*\w[_/.=]\w)[^()（）]*[a-z]+[_/.=][a-z]+[^()（）]*[)）]")
_SENTENCE, _CLAUSE = re.compile(r"(?<=[.!?]) +(?=[A-Z0-9])|(?<=。) ?"), re.compile(r"(; |；)")
#: What names a column, a table, a setting or a feature of the program: ``visit_intervals``, ``ctdna.min_probability``,
#: ``burden/tcga``, ``hotspot:ATM R1466*``.
_PROGRAM = re.compile(
    r"--|(?<![a-z])[a-z]+_[a-z_]+|(?<![a-z])[a-z]{3,}\.[a-z]{3,}|(?<![a-z])[a-z_]{3,}/[a-z_]{4,}|"
    r"(?:hotspot|pathway|covariate):\w"
)
#: A sentence about one sample or patient, and what says that there are more of them: for the tables.
_ONE_SAMPLE = re.compile(r"^(?:[A-Za-z]*\d{2,}[\w.-]* ?[(（]|And more\b|等等)")
#: A list of samples and what each has: for the tables.
_LISTED = re.compile(r"(?:: |：)[\w.]*\d[\w.-]*(?:: |：).*[;；].*[;；].*[;；].*$")


def for_a_paper(note: str) -> str:
    """Return a note, English or Chinese, without what only users of the program can follow: columns, tables, settings,
    long lists of ids.

    >>> for_a_paper("46 patients enter late: the naive estimate (column naive_hazard_ratio) counts the time before.")
    '46 patients enter late: the naive estimate counts the time before.'
    >>> for_a_paper("Clones take long: --set features.clones=no leaves them out. Share by arm. Table burden/tcga.")
    'Share by arm.'
    >>> for_a_paper("The reads of 4 samples are noisier than told: P1-A: 8; P2-B: 3; P2-C: 1; P3-A: 9.")
    'The reads of 4 samples are noisier than told.'
    >>> for_a_paper("The reads of 23 samples are noisier than told. CRC0004-P (C>T up to 50 times). And more.")
    'The reads of 23 samples are noisier than told.'
    >>> for_a_paper("每点为一份样本（overview/identity）；列 later_arm 计数。表 burden/tcga。")
    '每点为一份样本。'
    """
    kept = []
    for sentence in filter(None, _SENTENCE.split(_ASIDE.sub("", note))):
        if _ONE_SAMPLE.match(sentence):
            continue
        end = "。" if sentence.endswith("。") else "."
        parts = _CLAUSE.split(_LISTED.sub("", sentence).rstrip(".。"))
        clauses = [part for part in parts[::2] if not _PROGRAM.search(part)]
        if clauses:
            kept.append((parts[1] if len(parts) > 1 else "").join(clauses) + end)
    return "".join(part if part.endswith("。") else f"{part} " for part in kept).strip()


def legends(results: Results, figures: Sequence[str], language: str) -> Part:
    """Return the legend of each figure: its number, its file among the figures, its caption."""
    known, said = catalogue(language), translator(language)
    paragraphs = []
    for i, place in enumerate(figures, 1):
        entry = results.analyses[place.partition("/")[0]]
        file = place.removesuffix(".svg").replace("/", "_")
        caption = for_a_paper(said(str(entry.get("captions", {}).get(place, ""))))
        caption = caption[:1].upper() + caption[1:]
        paragraphs.append(write("paper.legend", language, number=i, file=file, caption=caption))
    return Part(known["paper.legends"], tuple(paragraphs), "legends")


def findings(
    results: Results, entries: Sequence[tuple[str, Mapping[str, Any]]], language: str
) -> tuple[Part, pl.DataFrame]:
    """Return the Results and which estimate each sentence rests on (see `NUMBERS`)."""
    paragraphs, rows, of = [], [], []
    for name, entry in _told_once(entries):
        of.append(name)
        paragraphs.append(_answer(entry, language))
        head = (entry.get("headline") or {}).get("estimate")
        for e in entry["estimates"]:
            if e["name"] == head or _is_told(e["name"], entry):
                rows.append(
                    (paragraphs[-1], name, e["name"], e["value"], e["ci_low"], e["ci_high"], e["n"], e["method"])
                )
    missing = [(n, e) for n, e in results.analyses.items() if e["status"] in ("too_few", "skipped", "failed")]
    if missing:
        names = ", ".join(str(e["title"]) if language == "en" else title_of(n, e, language) for n, e in missing)
        paragraphs.append(write("paper.not_answered", language, n=len(missing), names=names))
        of.append("")
    part = Part(catalogue(language)["paper.results"], tuple(paragraphs), "results", of=tuple(of))
    return part, pl.DataFrame(rows, schema=NUMBERS, orient="row")


def _told_once(entries: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The answers without sentences that another answer tells whole and goes on from: two analyses tell median survival.

    >>> both = [("a", {"answer": "OS was 9 months. PFS was 4."}), ("b", {"answer": "OS was 9 months; half were alive."})]
    >>> [entry["answer"] for _, entry in _told_once(both)]
    ['PFS was 4.', 'OS was 9 months; half were alive.']
    """
    told = [split(str(entry["answer"])) for _, entry in entries]
    begins = {f"{s[: place.start()]}." for sentences in told for s in sentences for place in re.finditer(";", s)}
    kept = [" ".join(s for s in sentences if s not in begins) for sentences in told]
    return [(name, {**entry, "answer": answer}) for (name, entry), answer in zip(entries, kept, strict=True) if answer]


def _answer(entry: Mapping[str, Any], language: str) -> str:
    """The answer in a language; the sentence of page one that it begins with is that of the catalogue."""
    answer, head = str(entry["answer"]), entry.get("headline") or {}
    first = str(head.get("text") or "")
    if language == "en" or not first or not answer.startswith(first):
        return translator(language)(answer)
    return f"{sentence(entry, language)}{translator(language)(answer[len(first) :].strip())}"


def title_of(name: str, entry: Mapping[str, Any], language: str) -> str:
    """Return the title of an analysis in a language."""
    return catalogue(language).get(f"analysis.{name}.title", str(entry["title"]))


def _is_told(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether the answer shows an estimate: its value with its limits stands there."""
    from oncourse.analyses._base import Estimate

    found = next(e for e in entry["estimates"] if e["name"] == name)
    shown = Estimate(**{k: found[k] for k in ("name", "value", "ci_low", "ci_high", "n", "method", "unit")})
    if shown.value is None:
        return False
    return bool(re.search(rf"(?<![\d.]){re.escape(str(shown))}", str(entry["answer"])))
