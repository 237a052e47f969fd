"""cBioPortal timeline files -> treatments, procedures, labs, assessments, days of samples and of follow-up.

Days are kept as the source counts them (its own day 0, often the diagnosis).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oncourse.io.clinical.gather import organ_of
from oncourse.io.clinical.words import clean, mapped, number
from oncourse.io.ledger import Ledger
from oncourse.io.tabular.text import read_table, table_name
from oncourse.study.procedures import kind_of
from oncourse.study.schema import Problem


@dataclass
class TimelineRows:
    """What the timeline files of a study say; empty frames where they say nothing."""

    tables: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    sample_day: list[pl.DataFrame] = field(default_factory=list)
    entry_day: list[pl.DataFrame] = field(default_factory=list)
    status: list[pl.DataFrame] = field(default_factory=list)
    diagnosis_day: list[pl.DataFrame] = field(default_factory=list)
    patient_sample_day: list[pl.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    files: dict[str, list[str]] = field(default_factory=dict)
    file: str = ""

    def table(self, name: str) -> pl.DataFrame | None:
        """Return the rows for one of our tables, None where there are none."""
        frames = [f for f in self.tables.get(name, []) if not f.is_empty()]
        return pl.concat(frames, how="diagonal").unique(maintain_order=True) if frames else None


def read_timelines(paths: Sequence[Path]) -> TimelineRows:
    """Read every timeline file; rows of a kind that has no table here are counted in the notes."""
    out = TimelineRows()
    for path in paths:
        table = read_table(path, lenient=True)
        out.problems += table.problems
        name, out.file = table_name(path), path.name
        frame = table.frame.rename({c: c.upper().strip() for c in table.frame.columns})
        if "PATIENT_ID" not in frame.columns or "START_DATE" not in frame.columns:
            cure = "A timeline has PATIENT_ID, START_DATE, STOP_DATE and EVENT_TYPE."
            out.problems.append(Problem(name, 1, None, None, "is no timeline; not read.", cure, "warning"))
            out.ledger.file(path.name, "timeline", "not read", n_rows=frame.height, why="no PATIENT_ID or START_DATE")
            continue
        frame = frame.with_columns(clean(c).alias(c) for c in frame.columns)
        start = number(frame["START_DATE"]).round(0).cast(pl.Int64, strict=False)
        lost = int((start.is_null()).sum())
        out.ledger.file(path.name, "timeline", "used", n_rows=frame.height)
        out.ledger.left_out(path.name, lost, "no whole START_DATE")
        if lost:
            message = f"{lost} rows have no whole START_DATE; left out."
            out.problems.append(
                Problem(name, None, "START_DATE", None, message, "Days are numbers in a timeline.", "warning")
            )
        stop = (
            number(frame["STOP_DATE"]).round(0).cast(pl.Int64, strict=False)
            if "STOP_DATE" in frame.columns
            else start.set(pl.repeat(True, len(start), eager=True), None)
        )
        frame = frame.with_columns(start.alias("_start"), stop.alias("_stop")).drop_nulls(["_start", "PATIENT_ID"])
        kind = pl.col("EVENT_TYPE") if "EVENT_TYPE" in frame.columns else pl.lit(name.upper())
        for (event,), rows in frame.group_by(kind.str.to_uppercase().alias("_event"), maintain_order=True):
            _one_kind(str(event or name).upper(), rows, out, path.name)
    return out


def _one_kind(event: str, rows: pl.DataFrame, out: TimelineRows, name: str) -> None:
    if event == "TARGET_LESION" and {"LESION_ID", "DIAMETER_MM"} <= set(rows.columns):
        _measurement(rows, out)
    elif event == "LESION" and {"LESION_ID", "ROLE"} <= set(rows.columns):
        _lesion(rows, out)
    elif event == "MARKER" and {"MARKER", "VALUE"} <= set(rows.columns):
        _marker(rows, out)
    elif re.search("TOXICIT|ADVERSE|COMPLICATION", event):
        _adverse(rows, out)
    elif "TREATMENT" in event or "CHEMO" in event:
        _treatment(rows, out)
    elif "RADIATION" in event or "RADIOTHERAPY" in event:
        _procedure(rows, out, "radiotherapy")
    elif "LAB" in event or "PSA" in event or {"TEST", "RESULT"} <= set(rows.columns):
        _labs(rows, event, out)
    elif "SURGERY" in event or "PROCEDURE" in event or "BIOPSY" in event:
        _procedure(rows, out, None)
    elif "SEQUENC" in event and "SAMPLE_ID" not in rows.columns:
        out.entry_day.append(rows.select(pl.col("PATIENT_ID").alias("patient_id"), pl.col("_start").alias("entry_day")))
    elif "SPECIMEN" in event or "SAMPLE" in event or "SEQUENC" in event:
        _specimen(rows, event, out)
    elif "PROGRESSION" in rows.columns and "STATUS" not in event:
        _status(rows, "PROGRESSION", out)  # a reading of each scan: Y, N, Indeterminate
    elif event == "DIAGNOSIS":
        out.diagnosis_day.append(_patient_day(rows))
    elif "STATUS" in event or "PROGRESSION" in event or "RECURRENCE" in event or "FOLLOW" in event:
        _status(rows, event, out)
    elif "IMAGING" in event or "DIAGNOSTIC" in event or "RESPONSE" in event or "SCAN" in event:
        _imaging(rows, out)
    else:
        out.notes.append(f"{rows.height:,} rows of the timeline {name} ({event}) have no table here: not read")
        out.ledger.left_out(name, rows.height, f"no table holds events of the type {event}")


def _patient_day(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("PATIENT_ID").alias("patient_id"), pl.col("_start").alias("day"))


def _first(rows: pl.DataFrame, *names: str) -> pl.Expr:
    """The first of several columns that is there and not null; null where none is."""
    present = [pl.col(n) for n in names if n in rows.columns]
    return pl.coalesce(present) if present else pl.lit(None, pl.String)


def _whole(rows: pl.DataFrame, *names: str) -> pl.Expr:
    """The same as whole numbers: `1`, `2.0`; other words are null."""
    return _first(rows, *names).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)


def _add(out: TimelineRows, table: str, frame: pl.DataFrame) -> None:
    out.tables.setdefault(table, []).append(frame)
    files = out.files.setdefault(table, [])
    if frame.height and out.file not in files:
        files.append(out.file)


def _treatment(rows: pl.DataFrame, out: TimelineRows) -> None:
    words = pl.concat_str(
        [
            _first(rows, "TREATMENT_TYPE").fill_null(""),
            _first(rows, "SUBTYPE", "TREATMENT_SUBTYPE").fill_null(""),
        ],
        separator=" ",
    ).str.to_lowercase()
    flagged = rows.with_columns(
        words.alias("_words"), _first(rows, "AGENT", "DRUG", "REGIMEN", "SUBTYPE").alias("_agent")
    )
    radiation = pl.col("_words").str.contains("radiation|radiotherapy|brachy") & ~pl.col("_words").str.contains(
        "radium"
    )
    surgery = pl.col("_words").str.contains("surgery|prostatectomy|orchiectomy")
    _procedure(flagged.filter(radiation), out, "radiotherapy")
    _procedure(flagged.filter(surgery & ~radiation), out, None)
    drugs = flagged.filter(~radiation & ~surgery)
    nameless = drugs["_agent"].is_null().sum()
    if nameless:
        out.notes.append(f"{nameless:,} treatments of the timeline name no drug: not read")
    _add(
        out,
        "treatments",
        drugs.drop_nulls("_agent").select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_agent").str.replace_all(r"\s*[,+|/]\s*", ";").alias("drugs"),
            pl.col("_start").alias("start_day"),
            pl.col("_stop").alias("stop_day"),
            _first(rows, "REASON_FOR_TX_DISCONTINUATION", "STOP_REASON", "REASON").alias("stop_reason"),
            _whole(rows, "LINE", "LINE_OF_THERAPY", "LINE_OF_TREATMENT").alias("line"),
            _first(rows, "SETTING", "TREATMENT_SETTING").alias("setting"),
        ),
    )


def _procedure(rows: pl.DataFrame, out: TimelineRows, kind: str | None) -> None:
    if rows.is_empty():
        return
    words = _first(
        rows,
        "EVENT_TYPE_DETAILED",
        "SUBTYPE",
        "PROCEDURE",
        "PROCEDURE_TYPE",
        "SURGERY_TYPE",
        "SURGERY_DETAILS",
        "TREATMENT_SUBTYPE",
        "TREATMENT_TYPE",
        "EVENT_TYPE",
    )
    site = _first(rows, "SITE", "SURGERY_SITE", "PROCEDURE_SITE", "ANATOMIC_SITE")
    bare = words.str.to_lowercase().str.strip_chars().is_in(["resection", "surgical resection"])
    placed = pl.when(bare & site.is_not_null()).then(pl.concat_str(pl.lit("resection of "), site)).otherwise(words)
    told = rows.with_columns(placed.alias("_told"))["_told"]
    named = mapped(told, kind_of).fill_null("surgery")
    _add(
        out,
        "procedures",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("day"),
            pl.lit(kind).alias("kind") if kind else named.alias("kind"),
            _first(rows, "INTENT", "RX_INTENT").alias("intent"),
            _first(rows, "LESION_ID").alias("lesion_id"),
        ),
    )


def _labs(rows: pl.DataFrame, event: str, out: TimelineRows) -> None:
    analyte = _first(rows, "TEST", "LAB_TEST", "ANALYTE", "SUBTYPE").fill_null(
        pl.lit("PSA" if "PSA" in event else event)
    )
    _add(
        out,
        "labs",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("day"),
            analyte.alias("analyte"),
            _first(rows, "RESULT", "VALUE", "LR_RESULT").alias("value"),
            _first(rows, "UNIT", "UNITS", "LR_UNIT_MEASURE", "RESULT_UNIT").alias("unit"),
        ).drop_nulls("value"),
    )


def _specimen(rows: pl.DataFrame, event: str, out: TimelineRows) -> None:
    sample = _first(rows, "SAMPLE_ID", "SPECIMEN_REFERENCE_NUMBER", "SPECIMEN_ID")
    days = rows.select(sample.alias("sample_id"), pl.col("_start").alias("day")).drop_nulls("sample_id")
    if "SEQUENC" in event:
        out.entry_day.append(rows.select(pl.col("PATIENT_ID").alias("patient_id"), pl.col("_start").alias("entry_day")))
    else:
        out.sample_day.append(days)
        out.patient_sample_day.append(_patient_day(rows))


#: A rise of PSA after cure is a laboratory's finding, no recurrence that was seen.
_BIOCHEMICAL = r"biochemical(ly)? (recur|relaps|fail|progress)|psa[- ](recur|relaps|fail|progress)|生化复发"
#: What a status says, the first that fits; "" is understood and holds no event of its own.
_STATUS = (
    ("", _BIOCHEMICAL),
    ("", r"(no|non|without)[- ]?metasta|metasta\w*\W+(no|none|absent)\b|[无未]见?转移"),
    (
        "recurrence_free",
        r"no (evidence|signs?) of disease|\bned\b|(no|not|without) recur|recurrence\W+(no|none|absent)\b|disease[ -]?free|"
        r"tumou?r[ -]?free|[无未]见?复发|无病",
    ),
    (
        "progression_free",
        r"(no|not|without) progress|progression\W+(no|none|absent)\b|progression[ -]?free|stable|remission|"
        r"respon|[无未]见?进展",
    ),
    ("recurrence", r"recurr|relapse|复发"),
    ("progression", r"\bprogress(ion|ed|ive)\b|进展"),
    ("metastasis", r"metasta|secondary malignan|转移"),
    ("dead", r"deceased|\bdead\b|death|died|死亡"),
    ("alive", r"\b(alive|living)\b|存活"),
    ("", r"diagnos|follow|last contact|lost to|start|enrol|randomi|indeterminate"),
)


def _word(status: str) -> str | None:
    """Return what a status says (`_STATUS`); None where it is not understood.

    >>> [_word(s) for s in ("progressive disease", "metastatic disease: liver", "no evidence of disease", "deceased", "?")]
    ['progression', 'metastasis', 'recurrence_free', 'dead', None]
    >>> _word("biochemical recurrence status"), _word("locally recurrent")
    ('', 'recurrence')
    """
    return next((ours for ours, pattern in _STATUS if re.search(pattern, status)), None)


def _site(words: str) -> str | None:
    """Return the organ that a status of metastasis names, null where it names none.

    >>> _site("distant metastasis    status"), _site("metastatic disease: liver"), _site("metastasis to the eye status")
    (None, 'liver', 'eye')
    """
    organ = organ_of(words)
    if organ != words:
        return organ
    generic = r"\b(distant|new|metasta\w*|secondary|malignan\w*|neoplasm|disease|status|event|to|in|of|the)\b"
    generic += "|[:;,.]|(远处)?转移灶?"
    return re.sub(r"\s+", " ", re.sub(generic, " ", words)).strip() or None


def _status(rows: pl.DataFrame, event: str, out: TimelineRows) -> None:
    """Read what a status says of recurrence, progression and metastases; a column PROGRESSION says it by Y or N."""
    texts = [_first(rows, n).fill_null("") for n in ("STATUS", "SUBTYPE", "EVENT", "RESULT", "EVENT_TYPE")]
    words = pl.concat_str(texts, separator=" ").str.to_lowercase()
    table = rows.select(pl.col("PATIENT_ID").alias("patient_id"), pl.col("_start").alias("day"), words.alias("words"))
    says = mapped(table["words"], _word)
    if "PROGRESSION" in rows.columns:
        answer = rows["PROGRESSION"].str.to_uppercase()
        read = {"Y": "progression", "YES": "progression", "1": "progression", "TRUE": "progression"}
        read |= dict.fromkeys(("N", "NO", "0", "FALSE"), "progression_free") | {"INDETERMINATE": ""}
        says = answer.replace_strict(read, default=None, return_dtype=pl.String)
        table = table.with_columns(answer.fill_null("").alias("words"))
    elif "PROGRESSION" in event:
        says = says.fill_null("progression")
    table = table.with_columns(says.alias("says"))
    _not_understood(table, out)
    if n := int(table["words"].str.contains(_BIOCHEMICAL).sum()):
        out.notes.append(
            f"{n:,} statuses are a biochemical recurrence: PSA is judged by its values, no recurrence is read"
        )
    found = table.filter(pl.col("says") == "metastasis").unique(
        ["patient_id", "day"], keep="first", maintain_order=True
    )
    lesion = pl.format("{}_M_day{}", "patient_id", "day").alias("lesion_id")
    sites = mapped(found["words"], _site).alias("site")
    _add(
        out,
        "metastases",
        found.select(lesion, "patient_id", pl.lit("metastasis").alias("role"), sites, pl.col("day").alias("found_day")),
    )
    out.status.append(table.drop("words"))


def _not_understood(table: pl.DataFrame, out: TimelineRows) -> None:
    """Name the statuses that are in no word known here."""
    lost = table.filter(pl.col("says").is_null() & (pl.col("words").str.strip_chars() != ""))
    if lost.is_empty():
        return
    words = lost["words"].str.replace(r" status$", "").str.strip_chars().unique().sort()
    shown = "; ".join(f"'{w}'" for w in words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
    message = f"{lost.height:,} statuses are not understood: {shown}: not read."
    cure = "Write recurrence, progression, metastasis or no evidence of disease where one is meant."
    out.problems.append(Problem(out.file, None, "STATUS", None, message, cure, "warning"))
    out.ledger.left_out(out.file, lost.height, f"statuses not understood: {shown}", first=lost["patient_id"][0])


def _imaging(rows: pl.DataFrame, out: TimelineRows) -> None:
    _add(
        out,
        "assessments",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("day"),
            _first(rows, "PROCEDURE_TYPE", "DIAGNOSTIC_TYPE", "MODALITY", "SUBTYPE", "IMAGING_TYPE").alias("method"),
            _first(rows, *_responses(rows)).alias("overall"),
            *(_first(rows, name.upper()).alias(name) for name in ("non_target", "new_lesions", "evaluator")),
            *(_whole(rows, name.upper()).alias(name) for name in ("new_bone_lesions", "bone_persisting")),
        ),
    )


def _responses(rows: pl.DataFrame) -> list[str]:
    """The columns of an imaging event that hold its response: RESPONSE, RECIST_RESPONSE, OVERALL_RESPONSE, RESULT ..."""
    named = [c for c in rows.columns if re.search(r"RECIST|RESPONSE", c) and not re.search(r"DATE|DAY|CRITERI", c)]
    return ["RESPONSE", *named, "RESULT", "OVERALL", "FINDING"]


def _measurement(rows: pl.DataFrame, out: TimelineRows) -> None:
    _add(
        out,
        "target_lesions",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("day"),
            *(
                _first(rows, name.upper()).alias(name)
                for name in ("lesion_id", "diameter_mm", "is_node", "status", "merged_into", "evaluator")
            ),
        ).drop_nulls("lesion_id"),
    )


def _lesion(rows: pl.DataFrame, out: TimelineRows) -> None:
    _add(
        out,
        "metastases",
        rows.select(
            pl.col("LESION_ID").alias("lesion_id"),
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("ROLE").alias("role"),
            _first(rows, "SITE").alias("site"),
            pl.col("_start").alias("found_day"),
        ).drop_nulls(["lesion_id", "role"]),
    )


def _marker(rows: pl.DataFrame, out: TimelineRows) -> None:
    _add(
        out,
        "markers",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("day"),
            *(_first(rows, name.upper()).alias(name) for name in ("marker", "value", "unit", "sample_id")),
        ).drop_nulls("marker"),
    )


def _adverse(rows: pl.DataFrame, out: TimelineRows) -> None:
    """Read adverse events; the term from the first column that names one, else the type of the event."""
    term = _first(
        rows, "TOXICITY_TYPE", "TERM", "ADVERSE_EVENT", "TOXICITY", "EVENT_TYPE_DETAILED", "SUBTYPE", "EVENT_TYPE"
    )
    _add(
        out,
        "adverse_events",
        rows.select(
            pl.col("PATIENT_ID").alias("patient_id"),
            pl.col("_start").alias("start_day"),
            term.alias("term"),
            _first(rows, "GRADE", "CTCAE_GRADE", "TOXICITY_GRADE", "SEVERITY").alias("grade"),
            pl.col("_stop").alias("stop_day"),
            _first(rows, "SERIOUS", "IS_SERIOUS", "SAE").alias("serious"),
            _first(rows, "AGENT", "DRUG", "ATTRIBUTION", "RELATED_TO").alias("drugs"),
        ),
    )
