"""The ledger of people: of each question of an analysis, who is in, who is out, and why.

A question is one denominator ("OS", "RAS: primary v metastasis"). Its units are patients, or lines, lesions or samples
of them; every patient of the study has a row in it, in or out. What an analysis counts are sums of these rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from oncourse.errors import OncourseError
from oncourse.study.frames import optional
from oncourse.study.schema import Column

if TYPE_CHECKING:
    from oncourse.analyses._base import Estimate

COLUMNS = (
    Column("question", pl.String, "what is counted: one denominator of the analysis"),
    Column("unit", pl.String, "what its rows are: patient, line, lesion or sample"),
    Column("patient_id", pl.String, "the patient"),
    Column("line", pl.Int64, "line of therapy, where that is the unit"),
    Column("lesion_id", pl.String, "the lesion, where that is the unit"),
    Column("sample_id", pl.String, "the sample, where that is the unit"),
    Column("is_in", pl.Boolean, "whether it counts"),
    Column("reason", pl.String, "why it does not; of one that counts: what is to be known of it"),
)
SCHEMA = {c.name: c.dtype for c in COLUMNS}
UNIT_KEY = {"patient": (), "line": ("line",), "lesion": ("lesion_id",), "sample": ("sample_id",)}
#: Who was left out of an analysis, and which sample stood for whom.
WHO_SCHEMA = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}
Rows = pl.DataFrame | Iterable[str] | Iterable[tuple[object, ...]]


def counted(
    question: str,
    patients: Iterable[str],
    inside: Rows,
    out: Rows = (),
    *,
    rest: str | None = None,
    unit: str = "patient",
) -> pl.DataFrame:
    """Return the ledger of one question.

    Parameters
    ----------
    patients : everyone in the study
    inside : the units that count: a frame with patient_id and the unit's id, or their tuples (patients: their names)
    out : the units that do not: the same with a last column ``reason``. What it says of a unit that counts is kept as a
        remark; a reason for a whole patient (id null) holds where nothing else is said of the patient
    rest : reason of the patients of whom neither tells; null: there must be none (`unclosed` names them)
    """
    keys = ["patient_id", *UNIT_KEY[unit]]
    within, left = _frame(inside, keys).unique(), _frame(out, [*keys, "reason"])
    if left.height:
        left = left.group_by(keys).agg(pl.col("reason").unique().sort().str.join("; "))
        parts = [_part(question, unit, within.join(left, on=keys, how="left"), True)]
        gone = left.join(within, on=keys, how="anti")
        if unit != "patient" and gone[keys[1]].null_count():
            told = pl.concat([within.select("patient_id"), gone.drop_nulls(keys[1]).select("patient_id")])
            whole = pl.col(keys[1]).is_null()
            gone = pl.concat([gone.filter(~whole), gone.filter(whole).join(told, on="patient_id", how="anti")])
        parts.append(_part(question, unit, gone, False))
    else:
        parts = [_part(question, unit, within, True)]
    if rest is not None:
        listed = patients if isinstance(patients, pl.Series) else list(patients)
        everyone = pl.DataFrame({"patient_id": listed}, schema={"patient_id": pl.String})
        named = pl.concat([part.select("patient_id") for part in parts])
        untold = everyone.join(named, on="patient_id", how="anti").with_columns(reason=pl.lit(rest))
        parts.append(_part(question, unit, untold, False))
    return _sorted(pl.concat(parts))


def _part(question: str, unit: str, rows: pl.DataFrame, is_in: bool) -> pl.DataFrame:
    """The ledger of units that all count, or that all do not; what is no part of their name is null."""
    said = {"question": pl.lit(question), "unit": pl.lit(unit), "is_in": pl.lit(is_in)}
    return rows.select(said[n].alias(n) if n in said else optional(rows, n, t) for n, t in SCHEMA.items())


def of_endpoint(
    endpoint: str, inside: Iterable[str], left_out: pl.DataFrame, patients: Iterable[str], *, line: int | None = None
) -> pl.DataFrame:
    """Return the ledger of an endpoint with one record per patient: of the study, or of one line.

    left_out : who has no record and why (`oncourse.derive.clinical.endpoints.endpoint_table`)
    """
    at = pl.col("line").is_null() if line is None else pl.col("line").is_null() | (pl.col("line") == line)
    out = left_out.filter(pl.col("endpoint").is_in([endpoint, "all"]) & at)
    rest = None if line is None else f"no line {line} of therapy in which {endpoint} could be told"
    return counted(endpoint, patients, inside, out, rest=rest)


def of_lines(
    question: str, inside: pl.DataFrame, out: pl.DataFrame, lines: pl.DataFrame, patients: Iterable[str], *, rest: str
) -> pl.DataFrame:
    """Return the ledger of a question whose units are lines of therapy; patients without any are out.

    inside : patient_id, line; out : patient_id, line, reason; lines : patient_id, line: all of them; rest : reason of
    the lines of which neither tells
    """
    told = pl.concat([f.select("patient_id", "line") for f in (inside, out)])
    whole = out.filter(pl.col("line").is_null()).select("patient_id")
    untold = lines.select("patient_id", pl.col("line").cast(pl.Int64)).unique()
    untold = untold.join(told, on=["patient_id", "line"], how="anti", nulls_equal=True)
    untold = untold.join(whole, on="patient_id", how="anti")
    left = pl.concat([out.select("patient_id", "line", "reason"), untold.with_columns(reason=pl.lit(rest))])
    return counted(question, patients, inside, left, rest="no line of therapy", unit="line")


def people_frame(table: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the ledger with exactly its columns, sorted; those a table does not have are null."""
    if table is None:
        return pl.DataFrame(schema=SCHEMA)
    return _sorted(table.select(optional(table, n, t).cast(t) for n, t in SCHEMA.items()))


def _sorted(table: pl.DataFrame) -> pl.DataFrame:
    keys = _telling(table, ("question", "patient_id", "line", "lesion_id", "sample_id"))
    return table.sort(keys, nulls_last=False) if keys else table


def _telling(table: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Return those of the columns in which rows differ: the others order nothing, and part nothing."""
    return [n for n in names if table[n].null_count() < table.height and table[n].n_unique() > 1]


def ledger(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the ledgers of several questions as one, sorted like each of them."""
    kept = [part for part in parts if part.height]
    ends = [(part["question"][0], part["question"][-1]) for part in kept]
    if any(first != last for first, last in ends) or len(set(ends)) < len(ends):
        return people_frame(pl.concat([people_frame(), *kept]))
    return pl.concat([people_frame(), *(part for _, part in sorted(zip(ends, kept, strict=True), key=lambda p: p[0]))])


def _frame(rows: Rows, names: Sequence[str]) -> pl.DataFrame:
    if isinstance(rows, pl.DataFrame):
        return rows.select(pl.col(n).cast(SCHEMA[n]) for n in names)
    listed = [(r,) if isinstance(r, str) else tuple(r) for r in rows]
    return pl.DataFrame(listed, schema={n: SCHEMA[n] for n in names}, orient="row")


def excluded(people: pl.DataFrame) -> pl.DataFrame:
    """Return who is out and why: patient_id, sample_id, reason.

    Before a reason that does not hold for every question stand those for which it does, then the line where that is the
    unit.
    """
    n_all, keys = people["question"].n_unique(), ["patient_id", "line", "lesion_id", "sample_id", "reason"]
    out = people.filter(~pl.col("is_in")).group_by(keys).agg(pl.col("question").unique().sort())
    line = pl.when(pl.col("line") == 0).then(pl.lit("before the first line")).otherwise(pl.format("line {}", "line"))
    reason = pl.when(pl.col("line").is_not_null()).then(pl.format("{}: {}", line, "reason")).otherwise("reason")
    some = pl.format("{}: {}", pl.col("question").list.join(", "), reason)
    told = pl.when(pl.col("question").list.len() == n_all).then(reason).otherwise(some).alias("reason")
    return out.select("patient_id", "sample_id", told).unique().sort("patient_id", "sample_id", "reason")


def n_in(people: pl.DataFrame, question: str) -> int:
    """Return how many units of a question count; ``QUESTION, line N`` asks for the units of one line."""
    return _within(people, question).height


def who_counts(people: pl.DataFrame, question: str) -> list[str]:
    """Return the patients with a unit that counts in a question, sorted; ``QUESTION, line N`` as in `n_in`."""
    return _within(people, question)["patient_id"].unique().sort().to_list()


def _within(people: pl.DataFrame, question: str) -> pl.DataFrame:
    name, line = _asked(question)
    asked = pl.col("is_in") & (pl.col("question") == name)
    return people.filter(asked if line is None else asked & (pl.col("line") == line))


def _asked(question: str) -> tuple[str, int | None]:
    """The question, and the line of therapy of whose units alone it is asked."""
    name, _, line = question.rpartition(", line ")
    return (name, int(line)) if name else (question, None)


def reason_kind(reason: str, samples: Collection[str]) -> str:
    """Return a reason without the samples it names and with "..." for its days: what is said of many is said once.

    >>> reason_kind("RAS not assessable in S1, S2", {"S1", "S2"}), reason_kind("no plasma sample", {"S1"})
    ('RAS not assessable', 'no plasma sample')
    >>> reason_kind("ended on day -739, not after entry on day 0", ())
    'ended on day ..., not after entry on day ...'
    """
    reason = re.sub(r"\bday -?\d+", "day ...", reason)
    if not any(name in samples for name in re.findall(r"[^\s,;:()]+", reason)):
        return reason
    kept = re.sub(r"[^\s,;:()]+", lambda m: "" if m[0] in samples else m[0], reason)
    return re.sub(r"(?: (?:in|of|for))?[\s,;:]*$", "", re.sub(r"\s*,(?:\s*,)+|\s+,", ",", kept)).strip()


def flow_rows(people: pl.DataFrame, samples: Collection[str] = ()) -> pl.DataFrame:
    """Return per question: n_patients (with a unit that counts), n_samples (null where samples are not the unit),
    reason (how many units are out, by kind of reason, see `reason_kind`, the commonest first)."""
    rows = []
    for (question, unit), part in people.group_by("question", "unit", maintain_order=True):
        inside = part.filter("is_in")
        kinds: Counter[str] = Counter()  # each reason is read once, however many units it holds for
        for reason, n in part.filter(~pl.col("is_in")).group_by("reason").len().iter_rows():
            kinds[reason_kind(reason, samples)] += n
        rows.append(
            (
                question,
                inside["patient_id"].n_unique(),
                inside.height if unit == "sample" else None,
                "; ".join(f"{n} x {kind}" for kind, n in sorted(kinds.items(), key=lambda k: (-k[1], k[0])))
                or "all in",
            )
        )
    schema = {"question": pl.String, "n_patients": pl.Int64, "n_samples": pl.Int64, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def check(name: str, people: pl.DataFrame, patients: Collection[str], estimates: Iterable[Estimate]) -> None:
    """Raise `OncourseError` where the sums of an analysis do not close."""
    problems = unclosed(people, patients, estimates)
    if problems:
        raise OncourseError(f"{name}: the sums do not close: {'; '.join(problems)}")


def unclosed(people: pl.DataFrame, patients: Collection[str], estimates: Iterable[Estimate]) -> list[str]:
    """Return what does not add up: a patient of a question neither in nor out, an unknown patient, a unit twice,
    someone out without a reason, an estimate whose n is not the sum of its question."""
    listed = patients if isinstance(patients, pl.Series) else list(patients)
    everyone, problems = pl.Series(listed, dtype=pl.String).unique(), []
    if everyone.len() and people.is_empty():
        return ["no ledger of people"]
    if not _closes(people, everyone):
        for (question,), part in people.group_by(["question"], maintain_order=True):
            problems += [f"{question}: {found}" for found in _open_ends(part, everyone)]
    asked = [e for e in estimates if e.question]
    counts: Counter[tuple[str, int | None]] = Counter()
    if asked:
        for name, line, n in people.filter("is_in").group_by("question", "line").len().iter_rows():
            counts[name, line] += n if line is not None else 0
            counts[name, None] += n
    for e in asked:
        told, n = e.n if e.n is not None else e.value, counts[_asked(e.question)]
        if told != n:
            problems.append(f"estimate {e.name}: n is {told}, the ledger of {e.question} has {n}")
    return problems


def _closes(people: pl.DataFrame, everyone: pl.Series) -> bool:
    """Whether no question leaves `_open_ends`: all are asked at once, since nearly always none does."""
    of_study = pl.col("patient_id").is_in(everyone.implode(), nulls_equal=True)
    by_question = people.group_by("question").agg(
        (of_study.all() & (pl.col("patient_id").n_unique() == len(everyone))).alias("is_whole"),
        (~pl.col("is_in") & pl.col("reason").is_null()).any().alias("is_silent"),
    )
    units = people.select(
        _telling(people, ("question", "patient_id", "line", "lesion_id", "sample_id")) or "patient_id"
    )
    return (
        bool(by_question["is_whole"].all()) and not by_question["is_silent"].any() and units.n_unique() == units.height
    )


def _open_ends(part: pl.DataFrame, everyone: pl.Series) -> list[str]:
    """What does not add up in the rows of one question."""
    here, problems = part["patient_id"].unique(), []
    for these, those, words in ((everyone, here, "neither in nor out"), (here, everyone, "not in the study")):
        if found := these.filter(~these.is_in(those.implode(), nulls_equal=True)).to_list():
            first = ", ".join(map(str, sorted(found, key=str)[:3]))
            problems.append(f"{first}{' ...' if len(found) > 3 else ''} ({len(found)}) {words}")
    units = part.select(_telling(part, ("patient_id", "line", "lesion_id", "sample_id")) or "patient_id")
    if units.n_unique() < units.height:
        problems.append(f"{int(units.is_duplicated().sum())} rows of units that are listed twice")
    silent = part.filter(~pl.col("is_in") & pl.col("reason").is_null()).height
    if silent:
        problems.append(f"{silent} out without a reason")
    return problems
