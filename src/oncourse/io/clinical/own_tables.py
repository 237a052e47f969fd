"""Columns of a hospital's tables that belong to another table of ours.

样本类型 = 原发灶 / 转移灶 says the role of the lesion, not the material; the date of death stands beside the patient.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical import survival
from oncourse.io.clinical.gather import METASTASIS_WORDS, organ_of
from oncourse.io.clinical.own_burden import burden_words
from oncourse.io.clinical.own_dates import dates_of_sheets
from oncourse.io.clinical.own_drug_dates import rows_of_dated_drugs
from oncourse.io.clinical.own_genes import markers_of_columns
from oncourse.io.clinical.own_history import periods, rows_of_histories
from oncourse.io.clinical.own_ids import ids_of_spreadsheets
from oncourse.io.clinical.own_imaging import imaging_words
from oncourse.io.clinical.own_kinds import kinds_of_treatment
from oncourse.io.clinical.own_materials import material_words
from oncourse.io.clinical.own_more_drugs import drugs_of_columns
from oncourse.io.clinical.own_msi import msi_words
from oncourse.io.clinical.own_operations import operations_of_patients
from oncourse.io.clinical.own_people import (
    age_of_birth,
    nobodys_name,
    told_without_a_day,
    without_relatives,
)
from oncourse.io.clinical.own_survival import times_with_plus, told_unread_times, units_of_times, years_as_days
from oncourse.io.clinical.own_timed import rows_of_times
from oncourse.io.clinical.own_treatments import lines_in_words
from oncourse.io.clinical.own_twice import told_twice, vital_status_of_both
from oncourse.io.clinical.own_visits import labs_of_series, labs_of_visits, rows_of_follow_up
from oncourse.io.clinical.own_vital import one_follow_up_each, told_deaths_in_words, vital_status, with_undated_deaths
from oncourse.io.clinical.own_wide import long_labs, no_procedure, no_treatment, rows_of_lines, rows_of_visits
from oncourse.io.reading import Reading
from oncourse.io.tabular.units import fractions
from oncourse.study.codes import without_code_dates
from oncourse.study.frames import optional
from oncourse.study.headers import bare
from oncourse.study.schema import Problem, nearest
from oncourse.study.tables import TABLES, date_name
from oncourse.study.translated import where_known
from oncourse.study.words import meaning, plain

_ROLES = ("primary", "metastasis", "local_recurrence")


#: Columns of follow_up that a table of patients may hold.
_FOLLOW_UP = tuple(c.name for c in TABLES["follow_up"].columns if c.name != "patient_id")


def as_our_tables(reading: Reading, *, ours: bool = False) -> None:
    """Move what stands in another table than ours: follow-up and the operation beside the patients, lesions among the
    samples, laboratory values in a column each, times of survival in months.

    Of a folder that is `ours` a column nobody knows, or a word in place of a date, stays what it is: an error.
    """
    nobodys_name(reading)
    for name, frame in reading.tables.items():
        reading.tables[name], told = without_code_dates(name, frame)
        reading.problems += told
    if not ours:
        ids_of_spreadsheets(reading)
        without_relatives(reading)
    if not ours:
        rows_of_follow_up(reading)
    vital_status(reading)
    if not ours:
        dates_of_sheets(reading)
        _no_dates(reading)
        drugs_of_columns(reading)
        rows_of_visits(reading)
        rows_of_times(reading)
        rows_of_lines(reading)
        rows_of_dated_drugs(reading)
        periods(reading)
        rows_of_histories(reading)
        imaging_words(reading)
        markers_of_columns(reading)
        msi_words(reading)
        burden_words(reading)
        material_words(reading)
        labs_of_visits(reading)
        labs_of_series(reading)
        one_follow_up_each(reading)
    no_treatment(reading)
    no_procedure(reading)
    _patients_of_samples(reading)
    long_labs(reading)
    if not ours:
        _no_values(reading)
        _unknown_numbers(reading)
        _no_causes(reading)
    lines_in_words(reading)
    kinds_of_treatment(reading)
    operations_of_patients(reading)
    age_of_birth(reading)
    _recurrence(reading, "patients")
    _recurrence(reading, "follow_up")
    if not ours:
        _not_ours(reading)
        _survival_in_months(reading)
    _follow_up_of_patients(reading)
    if not ours and "follow_up" in reading.tables:
        reading.tables["follow_up"] = with_undated_deaths(reading.tables["follow_up"], reading)
    _lesions_of_samples(reading)
    if not ours:
        told_without_a_day(reading)
        told_deaths_in_words(reading)
    _percent(reading)


def _patients_of_samples(reading: Reading) -> None:
    """Name the patients of a table that has samples alone, by the table of samples."""
    samples = reading.tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return
    owners = dict(samples.select(pl.col("sample_id", "patient_id").cast(pl.String)).drop_nulls().iter_rows())
    for name in ("markers", "labs", "target_lesions"):
        frame = reading.tables.get(name)
        if frame is not None and "sample_id" in frame.columns and "patient_id" not in frame.columns:
            owner = pl.col("sample_id").cast(pl.String).replace_strict(owners, default=None, return_dtype=pl.String)
            reading.tables[name] = frame.with_columns(owner.alias("patient_id"))


def _percent(reading: Reading) -> None:
    """Read cells of fractions that say % of themselves (a purity of 60%); one that is no number is unknown, and told."""
    for name, frame in reading.tables.items():
        for column in TABLES[name].columns if name in TABLES else ():
            if column.unit != "fraction" or column.name not in frame.columns:
                continue
            text = frame[column.name].cast(pl.String)
            says = text.str.contains("[%％]").fill_null(False)
            if not says.any():
                continue
            value = fractions(text)[0]
            frame = frame.with_columns(text.zip_with(~says, value.cast(pl.String)).alias(column.name))
            if lost := int((says & value.is_null()).sum()):
                first = text.filter(says & value.is_null())[0]
                message = f"{lost:,} cells are no number (first: '{first}'): taken as unknown."
                cure = "Write the percent, or leave the cell empty."
                reading.problems.append(Problem(name, None, column.name, first, message, cure, "warning"))
        reading.tables[name] = frame


def _unknown_numbers(reading: Reading) -> None:
    """Empty the cells of columns of numbers that say that nothing is known (未知, not available), and say so."""
    for name, frame in reading.tables.items():
        for column in TABLES[name].columns if name in TABLES else ():
            if column.name not in frame.columns or column.type_name not in ("number", "integer"):
                continue
            known = where_known(_without_untested(_without_dashes(frame[column.name])))
            if n := known.null_count() - frame[column.name].null_count():
                frame = frame.with_columns(known)
                reading.notes.append(f"{name}.{column.name}: {n:,} cells say that it is not known: empty")
        reading.tables[name] = frame


def _without_dashes(values: pl.Series) -> pl.Series:
    """Return a text column with nulls for cells that are not filled in (/, -, —, 无) in a column of numbers."""
    if values.dtype != pl.String:
        return values
    return values.set(values.str.contains(r"^\s*(?:[-—–−/\\]+|无|none)\s*$").fill_null(False), None)


def _without_untested(values: pl.Series) -> pl.Series:
    """Return a text column with nulls for cells that say that nobody measured (未测, 无法评估, not done)."""
    if values.dtype != pl.String:
        return values
    untested = [w for w in values.drop_nulls().unique() if meaning("panel_result", w) == "untested"]
    return values.set(values.is_in(untested).fill_null(False), None) if untested else values


def _no_causes(reading: Reading) -> None:
    """Empty the cells of a cause of death that are not filled in (/, -, 无): nobody died of a dash."""
    frame = reading.tables.get("follow_up")
    if frame is not None and "cause_of_death" in frame.columns:
        reading.tables["follow_up"] = frame.with_columns(_without_dashes(frame["cause_of_death"]))


def _no_values(reading: Reading) -> None:
    """Leave out laboratory values that are words (正常, 阴性): they say nothing of a level, and are told."""
    labs = reading.tables.get("labs")
    if labs is None or "value" not in labs.columns:
        return
    value = labs["value"].cast(pl.String)
    without = value.str.replace(r"^(\s*[<>＜＞≤≥]?\s*\d[\d.,]*)\s*[(（][^()（）\d]*[)）]\s*$", "${1}")
    if n := int((without != value).fill_null(False).sum()):
        first = value.filter((without != value).fill_null(False))[0]
        reading.notes.append(f"labs.value: {n:,} values have a remark beside them (first: {first}): read without it")
        value, labs = without, labs.with_columns(without.alias("value"))
        reading.tables["labs"] = labs
    words = value.filter(~value.str.contains(r"\d"))
    odd = {w for w in words.drop_nulls().unique() if not (meaning("below_detection", w) or meaning("not_measured", w))}
    gone = value.is_in(list(odd)).fill_null(False)
    if n := int(gone.sum()):
        message = f"{n:,} laboratory values are words ({', '.join(sorted(odd)[:4])}): not read."
        cure = "Write the number, `<number` below detection, or leave the row out."
        reading.problems.append(Problem("labs", None, "value", value.filter(gone)[0], message, cure, "warning"))
        reading.tables["labs"] = labs.filter(~gone)
        if "labs" in reading.lines:
            reading.lines["labs"] = reading.lines["labs"].filter(~gone)


#: Names of whether, and where, a cancer came back, in a table of patients or of follow-up.
_RECURRED = ("复发", "是否复发", "有无复发", "recurrence", "recurred")
_WHERE = ("复发部位", "复发转移部位", "转移部位", "recurrence_site", "site_of_recurrence")

#: Status of an end point whose time is given in months, where its own status is not.
_STATUS_BESIDE = {
    "os_status": ("is_dead",),
    "pfs_status": ("是否进展", "进展", "progressed", "progression"),
    "dfs_status": _RECURRED,
}


def _survival_in_months(reading: Reading) -> None:
    """Read times of survival in months beside the patients as published end points; as follow-up where there is none."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    frame = years_as_days(patients)
    by = {plain(bare(c)): c for c in frame.columns}
    for status, others in _STATUS_BESIDE.items():
        beside = next((by[o] for o in others if o in by), None)
        if {status.replace("status", unit) for unit in ("months", "days")} & set(by) and status not in by and beside:
            frame = frame.with_columns(pl.col(beside).alias(status))
    frame = times_with_plus(frame, reading)
    _told_without_unit(frame, reading)
    told_unread_times(frame, reading)
    # OS_time says no unit; beside OS it is that of the TCGA clinical data resource: days
    timed = [c for c in frame.columns if re.search(r"(?i)[._]time$", c.strip()) and c.strip()[:-5] not in frame.columns]
    base = frame.drop(timed)
    base = base.rename({c: "PATIENT_ID" if c == "patient_id" else c.strip().upper() for c in base.columns})
    follow_up, published = survival.follow_up(base, base.clear(), reading)
    if published.height and "published_endpoints" not in reading.tables:
        reading.tables["published_endpoints"] = published
        reading.notes.append(
            f"times of survival are kept as published end points: {', '.join(published['source'].unique().sort())}"
        )
    dated = {"last_contact_date", "death_date", "last_contact_day", "death_day"} & set(patients.columns)
    if follow_up.height and "follow_up" not in reading.tables and not dated:
        reading.tables["follow_up"] = follow_up
        reading.tables["patients"] = patients.drop([c for c in _FOLLOW_UP if c in patients.columns])
        reading.notes.append("follow-up is that of the times of survival: no date of last contact is given")


#: Names of a time of survival that do not say whether it is in days or months.
_NO_UNIT = r"(?i)^((?:os|pfs|dfs|rfs|efs|ttp|dss|dfi|pfi)(?:[ ._-]?time)?|总生存期?|"
_NO_UNIT += r"总生存时间|生存时间|生存期|无进展生存(期|时间)?|随访时间|"
_NO_UNIT += (
    r"无病生存(期|时间)?|((overall|progression[- ]free|disease[- ]free) )?survival( time)?|follow[- ]?up( time)?)$"
)


def _told_without_unit(patients: pl.DataFrame, reading: Reading) -> None:
    """Say which columns of numbers are times of survival without a unit: they are not read."""
    for column in patients.columns:
        text = patients[column].cast(pl.String).drop_nulls()
        if re.match(_NO_UNIT, column.strip()) and len(text) and text.cast(pl.Float64, strict=False).is_not_null().all():
            message = f"{column}: a time without a unit; not read."
            cure = f"Name it {column}(月) or {column}(天) (months, days)."
            reading.problems.append(Problem("patients", None, column, text[0], message, cure, "warning"))


#: What people write in a column of dates where there is none: lost, until now, none, a dash.
_NO_DATE = (
    r"^((仍在?|在|继续|持续)?(治疗|用药|服药|维持|进行|使用|随访|持续)中|仍在?(治疗|用药|服药|使用)|在用|在治|失访|至今|目前|"
    r"正在(使用|治疗|用药|服药|进行)|仍在(进行|继续)|现用|至今仍?在?(用|使用|用药|治疗|服药)|still on|"
    r"迄今|(持续|继续)(中|至今|用药|治疗|服药|使用)?|未(结束|完成|停)|continu(ing|es|ed)|still on .*|"
    r"on[- ](treatment|going|study)|current(ly)?( on)?|"
    r"无|否|未|未死亡|未复发|未转移|未进展|未停药|存活|alive|ongoing|present|lost.*|never|none|no|[-—–/\\]+)$"
)


def _no_dates(reading: Reading) -> None:
    """Take words that say there is no date (失访, 至今, unknown) for none; people without a last contact leave follow_up."""
    for name, frame in reading.tables.items():
        dated = [c for c, t in frame.schema.items() if t == pl.String and (c == "date" or c.endswith("_date"))]
        words = {w: None for c in dated for w in _distinct(frame, c) if _is_no_date(w)}
        if words:
            reading.tables[name] = frame.with_columns(
                pl.when(~pl.col(c).is_in(list(words))).then(c).alias(c) for c in dated
            )
            reading.notes.append(f"{name}: {', '.join(words)} in a column of dates is read as no date")
    follow_up = reading.tables.get("follow_up")
    lasts = [c for c in ("last_contact_day", "last_contact_date") if follow_up is not None and c in follow_up.columns]
    if follow_up is None or not lasts:
        return
    known = [*lasts, *(c for c in ("death_day", "death_date") if c in follow_up.columns)]
    seen = follow_up.select(pl.any_horizontal(pl.col(c).is_not_null() for c in known)).to_series()
    if n := int((~seen).sum()):
        reading.tables["follow_up"] = follow_up.filter(seen)
        if "follow_up" in reading.lines:
            reading.lines["follow_up"] = reading.lines["follow_up"].filter(seen)
        reading.notes.append(f"{n:,} patients have no date of last contact or death: no follow-up is known of them")


def _is_no_date(word: str) -> bool:
    alone = re.sub(r"\s*[(（](?![^()（）]*\d{4})[^()（）]*[)）]\s*$", "", word.strip())  # no bracket with a year
    return re.match(_NO_DATE, alone.lower()) is not None or meaning("unknown", word) is not None or word == "0"


def _not_ours(reading: Reading) -> None:
    """Keep columns of follow_up that are none of ours with the patients; of other tables they are told and not read.

    A column whose name is nearly one of ours stays, and is an error: it is a slip of the pen.
    """
    _times_of_follow_up(reading)
    for name, frame in list(reading.tables.items()):
        if name not in TABLES or TABLES[name].open:
            continue
        ours = {c.name for c in TABLES[name].columns}
        ours |= {date_name(c) for c in ours if c == "day" or c.endswith("_day")}
        others = [c for c in frame.columns if c not in ours and nearest(c, ours, cutoff=0.8) is None]
        if not others:
            continue
        reading.tables[name] = frame.drop(others)
        patients = reading.tables.get("patients")
        if (
            name == "follow_up"
            and patients is not None
            and {"patient_id"} <= set(patients.columns) & set(frame.columns)
        ):
            own = [c for c in others if c not in patients.columns]
            reading.tables[name] = frame
            told_twice(reading, [c for c in others if c in patients.columns])
            reading.tables[name] = frame.drop(others)
            if not own:
                continue
            told = frame.select("patient_id", *own).unique("patient_id", keep="first", maintain_order=True)
            reading.tables["patients"] = patients.join(told, on="patient_id", how="left", maintain_order="left")
            reading.notes.append(f"{', '.join(own)} stand in follow_up: kept with the patients, as they are")
            continue
        message = f"{', '.join(others)}: no column of {name}; not read."
        cure = f"Columns of {name}: {', '.join(c.name for c in TABLES[name].columns)}."
        reading.problems.append(Problem(name, None, others[0], None, message, cure, "warning"))


def _times_of_follow_up(reading: Reading) -> None:
    """Keep a table of follow-up that tells times of survival and no date (OS(月), 是否死亡) with the patients, whole: a
    time and its status make the follow-up there."""
    patients, frame = reading.tables.get("patients"), reading.tables.get("follow_up")
    if patients is None or frame is None or not {"patient_id"} <= set(patients.columns) & set(frame.columns):
        return
    timed = {"os_months", "os_days"} & set(frame.columns) or "os" in {
        e for e, _ in units_of_times(frame.columns).values()
    }
    if not timed or not {"is_dead", "os_status"} & set(frame.columns):
        return
    dates = [f"{what}_{unit}" for what in ("last_contact", "death") for unit in ("date", "day")]
    both = set(frame.columns) & set(patients.columns) - {"patient_id"}
    if both or {*dates} & set(frame.columns) or frame["patient_id"].n_unique() < frame.height:
        return
    reading.tables["patients"] = patients.join(frame, on="patient_id", how="left", maintain_order="left")
    del reading.tables["follow_up"]
    reading.lines.pop("follow_up", None)
    others = ", ".join(c for c in frame.columns if c != "patient_id")
    reading.notes.append(f"{others} stand in follow_up: kept with the patients, as they are")


def _denied(word: str | None) -> bool:
    """Whether a word under "recurrence" says that there was none (否, 无复发, no recurrence)."""
    known = meaning("yes_no", word)
    return known == "false" if known else meaning("event", word) == "no"


def _is_place(word: str) -> bool:
    """Whether a word says where a cancer came back: neither nothing, nor that it is not known."""
    bare_word = word.strip()
    return bool(bare_word) and not (re.match(_NO_DATE, bare_word.lower()) or meaning("unknown", bare_word))


def _recurrence(reading: Reading, name: str) -> None:
    """Read "no recurrence" in a table as free of it at the last contact, and the sites of one as lesions."""
    patients = reading.tables.get(name)
    if patients is None or "patient_id" not in patients.columns:
        return
    by = {plain(bare(c)): c for c in patients.columns}
    sites = (*_WHERE, *(("site",) if name == "follow_up" else ()))  # the vocabulary calls 转移部位 a site
    recurred, where = (next((by[n] for n in names if n in by), None) for names in (_RECURRED, sites))
    if recurred and "last_contact_date" in patients.columns and "recurrence_free_date" not in patients.columns:
        says = pl.Series([_denied(w) for w in patients[recurred].cast(pl.String)], dtype=pl.Boolean)
        free = pl.when(pl.lit(says)).then("last_contact_date").alias("recurrence_free_date")
        reading.tables[name] = patients = patients.with_columns(free)
        reading.notes.append(f"{recurred}: who had no recurrence was free of it at the last contact")
    if where is None or "lesions" in reading.tables:
        return
    found = optional(patients, "recurrence_date")
    rows = patients.select("patient_id", pl.col(where).cast(pl.String).alias("site"), found.alias("found_date"))
    rows = (
        rows.drop_nulls("site")
        .with_columns(pl.col("site").str.replace_all(r"[、，,;；/和及+]", ";").str.split(";"))
        .explode("site")
    )
    rows = rows.filter(pl.Series([_is_place(w) for w in rows["site"]], dtype=pl.Boolean))
    if rows.is_empty():
        return
    local = pl.col("site").str.contains("局部|吻合口|原位|(?i)local|anastomo")
    number = pl.int_range(1, pl.len() + 1).over("patient_id").cast(pl.String)
    reading.tables["lesions"] = rows.select(
        (pl.col("patient_id") + pl.when(local).then(pl.lit("_R")).otherwise(pl.lit("_M")) + number).alias("lesion_id"),
        "patient_id",
        pl.when(local).then(pl.lit("local_recurrence")).otherwise(pl.lit("metastasis")).alias("role"),
        pl.Series("site", [organ_of(w.strip()) for w in rows["site"]], dtype=pl.String),
        "found_date",
    )
    reading.notes.append(f"{where}: the sites of recurrence are lesions, found on its date")


def _follow_up_of_patients(reading: Reading) -> None:
    """Make follow_up of its columns in the table of patients, where the study has no such table."""
    patients = reading.tables.get("patients")
    if patients is None or "patient_id" not in patients.columns:
        return
    if "follow_up" in reading.tables:
        vital_status_of_both(reading)
        _events_of_patients(patients, reading)
        return
    dated = {date_name(c) for c in _FOLLOW_UP if c.endswith("_day")}
    moved = [c for c in patients.columns if c in dated or c in _FOLLOW_UP]
    if not moved:
        return
    follow_up = patients.select("patient_id", *moved).filter(pl.any_horizontal(pl.col(c).is_not_null() for c in moved))
    for unit in ("day", "date"):
        last, death = f"last_contact_{unit}", f"death_{unit}"
        if death in moved:  # whoever died was last seen alive on no later day
            own = [pl.col(last)] if last in moved else []
            follow_up = follow_up.with_columns(pl.coalesce(*own, death).alias(last))
            if "is_dead" not in moved:
                dead = pl.when(pl.col(death).is_not_null()).then(pl.lit("true"))
                follow_up = follow_up.with_columns(dead.alias("is_dead"))
    lasts = [pl.col(c).is_not_null() for c in ("last_contact_day", "last_contact_date") if c in follow_up.columns]
    if not lasts:  # no time of follow-up: the columns stay what they are
        if "is_dead" in moved and "published_endpoints" not in reading.tables:
            message = "who is dead is said, and no date or time of the last contact or death: no survival is known."
            cure = "Add the date of the last contact (末次随访日期), or a time of survival with its unit (OS(月))."
            reading.problems.append(Problem("patients", None, "is_dead", None, message, cure, "warning"))
        return
    seen = follow_up.filter(pl.any_horizontal(lasts))
    if n := follow_up.height - seen.height:
        reading.notes.append(f"{n:,} patients have no date of last contact or death: no follow-up is known of them")
    reading.tables["follow_up"] = seen
    reading.tables["patients"] = patients.drop(moved)
    reading.notes.append(f"{', '.join(moved)} stand in the table of patients: read as follow-up")


#: Events of a patient's course that may stand beside him while his follow-up has a table of its own.
_EVENTS = ("recurrence", "recurrence_free", "progression", "progression_free", "death")


def _events_of_patients(patients: pl.DataFrame, reading: Reading) -> None:
    """Add the dates of events beside the patients (复发日期) to the rows of follow-up that lack them."""
    follow_up = reading.tables["follow_up"]
    if "patient_id" not in follow_up.columns:
        return
    theirs = set(follow_up.columns)
    moved = [
        f"{event}_{unit}"
        for event in _EVENTS
        for unit in ("date", "day")
        if f"{event}_{unit}" in patients.columns and not {f"{event}_date", f"{event}_day"} & theirs
    ]
    moved += [c for c in ("cause_of_death", "is_dead") if c in patients.columns and c not in theirs]
    if not moved:
        return
    ids = pl.col("patient_id").cast(pl.String).str.strip_chars()
    beside = patients.select(ids, *moved).unique("patient_id", keep="first", maintain_order=True)
    reading.tables["follow_up"] = follow_up.with_columns(ids).join(
        beside, on="patient_id", how="left", maintain_order="left"
    )
    told = beside.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in moved))["patient_id"]
    lost = told.filter(~told.is_in(follow_up.select(ids).to_series().drop_nulls().implode()))
    reading.tables["patients"] = patients.drop(moved)
    reading.notes.append(f"{', '.join(moved)} stand in the table of patients: read as follow-up")
    if len(lost):
        message = (
            f"{', '.join(moved)} of {len(lost):,} patients without a row of follow-up (first: {lost[0]}): not read."
        )
        cure = "Give them a row of follow-up with the last contact."
        reading.problems.append(Problem("follow_up", None, moved[0], lost[0], message, cure, "warning"))


def _lesions_of_samples(reading: Reading) -> None:
    """Turn roles among the materials of the samples into tissue of a lesion, and make the lesions where none are given.

    All primary samples of a patient are of one lesion; every other sample is of a lesion of its own. A column of roles
    or sites of the samples themselves is read the same way. Where the study has lesions of its own, they stand.
    """
    samples = reading.tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return
    words = {w: r for w in _distinct(samples, "material") if (r := _role_of_site(w)) and not _material(w)}
    roles = {w: r for w in _distinct(samples, "role") if (r := meaning("role", w)) in _ROLES}
    sites = {w: r for w in _distinct(samples, "site") if (r := _role_of_site(w))} if not roles and not words else {}
    if sites:
        samples = samples.with_columns(pl.col("site").alias("role"))
        roles = sites
    if not words and not roles:
        return
    said = [
        pl.col(c).replace_strict(m, default=None, return_dtype=pl.String)
        for c, m in (("role", roles), ("material", words))
        if m
    ]
    role = pl.coalesce(*said).alias("_role")
    samples = samples.with_columns(role)
    if words:
        if "site" not in samples.columns:  # 肝转移灶 says where
            organs_said = {w: _organ(w) for w in words}
            samples = samples.with_columns(
                pl.col("material").replace_strict(organs_said, default=None, return_dtype=pl.String).alias("site")
            )
        tissue = pl.when(pl.col("material").is_in(list(words))).then(pl.lit("tissue")).otherwise("material")
        samples = samples.with_columns(tissue.alias("material"))
    if "lesions" in reading.tables or samples["_role"].is_null().all():
        reading.tables["samples"] = samples.drop("_role")
        return
    own = (
        pl.when(pl.col("_role") == "primary")
        .then(pl.col("patient_id") + "_primary")
        .otherwise(pl.col("sample_id") + "_lesion")
    )
    given = optional(samples, "lesion_id")
    named = pl.when(pl.col("_role").is_not_null()).then(pl.coalesce(given, own)).otherwise(given)
    samples = samples.with_columns(named.alias("lesion_id"))
    organs = {w: _organ(w) if w in sites else w for w in _distinct(samples, "site")}
    organ = pl.col("site").replace_strict(organs, default=None, return_dtype=pl.String) if organs else pl.lit(None)
    site = [organ.cast(pl.String).alias("site")] if "site" in samples.columns else []
    lesions = samples.filter(pl.col("_role").is_not_null()).select(
        "lesion_id", "patient_id", pl.col("_role").alias("role"), *site
    )
    reading.tables["lesions"] = lesions.unique("lesion_id", keep="first", maintain_order=True)
    reading.tables["samples"] = samples.drop("_role", "role", "site", strict=False)
    reading.notes.append(
        f"{lesions.height:,} samples say primary or metastasis: their lesions are made from these words"
    )


def _role_of_site(word: str) -> str | None:
    """Return the role of a site that says it: ``原发灶``, ``肝转移``, ``liver metastasis``.

    >>> [_role_of_site(w) for w in ("原发灶", "肝转移灶", "肝", "肿瘤组织（原发灶）", "非原发灶", "Liver met")]
    ['primary', 'metastasis', None, 'primary', None, 'metastasis']
    """
    role = meaning("role", word)
    if role in _ROLES or re.search(rf"{METASTASIS_WORDS}|\w[ _]mets?$", word, re.I):
        return role if role in _ROLES else "metastasis"
    return "primary" if re.search(r"(?<!非)原发灶|\bprimary (tumou?r|lesion|site)", word, re.I) else None


def _organ(word: str) -> str | None:
    """Return the organ that a site names beside its role (肝转移); null where it says the role alone (原发灶)."""
    organ = organ_of(word)
    return organ if organ != word else None


def _distinct(frame: pl.DataFrame, column: str) -> list[str]:
    return frame[column].cast(pl.String).drop_nulls().unique().sort().to_list() if column in frame.columns else []


def _material(word: str) -> bool:
    return meaning("material", word) is not None
