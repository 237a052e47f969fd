"""SDTM people and events: population and day 0 (DM, DS), laboratory values (LB), last contact and death (DS, SS, DD)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oncourse.io.clinical.tables import first_of
from oncourse.io.clinical.words import mapped
from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem
from oncourse.study.whose_cancer import cause_or_words

#: Flags of DM or its supplement: randomised (intention to treat), treated.
ITT_FLAGS = ("ITTFL", "ITT", "RANDFL", "FASFL", "FULLSET")
SAFETY_FLAGS = ("SAFFL", "SAFETY")


def plain_date(text: pl.Expr) -> pl.Expr:
    """Return the date part of an ISO 8601 text as far as it is known: YYYY-MM-DD, YYYY-MM or YYYY.

    Unknown parts are written as UN, UNK or as a hyphen in SDTM (``2019-12-UN``, ``2019---15``).
    """
    date = text.str.slice(0, 10).str.to_uppercase().str.replace(r"-(UNK|UN|XX|-).*$", "")
    known = date.str.extract(r"^([1-9]\d{3}(?:-\d{2}(?:-\d{2})?)?)", 1)  # no calendar has a year 0
    return known.str.replace(r"-00.*$", "")


def first_day(date: pl.Expr) -> pl.Expr:
    """Return the first day that a date as far as it is known may be.

    >>> pl.select(first_day(pl.Series(["2020-09", "2020", "2020-09-12"]).alias("d")))["d"].to_list()
    ['2020-09-01', '2020-01-01', '2020-09-12']
    """
    return pl.concat_str(date, pl.lit("-01-01").str.slice(0, 10 - date.str.len_chars().cast(pl.Int64)))


def full_date(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """Return the first of several date columns that holds a whole date."""
    there = [plain_date(pl.col(n)) for n in names if n in frame.columns]
    whole = [pl.when(d.str.len_chars() == 10).then(d) for d in there]
    return pl.coalesce(whole) if whole else pl.lit(None, pl.String)


def with_population(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return DM with _itt and _safety (Y, N or null), _treated, _screen_failure and _randomised (date)."""
    dm = domains["DM"]
    exposed = [f.select("USUBJID") for n in ("EX", "EC") if (f := domains.get(n)) is not None]
    treated = pl.concat(exposed).unique()["USUBJID"] if exposed else pl.Series([], dtype=pl.String)
    itt, safety = (first_of(dm, *names).str.to_uppercase().str.slice(0, 1) for names in (ITT_FLAGS, SAFETY_FLAGS))
    dm = dm.with_columns(itt.alias("_itt"), safety.alias("_safety"))
    started = first_of(dm, "RFXSTDTC").is_not_null() | pl.col("USUBJID").is_in(treated.implode())
    yes = started | (pl.col("_safety") == "Y").fill_null(False)
    # where no domain or flag speaks of a dose, silence is no "not treated"
    asked = bool(exposed) or "RFXSTDTC" in dm.columns or bool(set(SAFETY_FLAGS) & set(dm.columns))
    dm = dm.with_columns((yes if asked else pl.when(yes).then(True)).alias("_treated"))
    ds = domains.get("DS")
    if ds is None:
        return dm.with_columns(pl.lit(False).alias("_screen_failure"), pl.lit(None, pl.String).alias("_randomised"))
    word = first_of(ds, "DSDECOD", "DSTERM").str.to_uppercase()
    per = ds.group_by("USUBJID").agg(
        (word == "SCREEN FAILURE").any().alias("_screen_failure"),
        full_date(ds, "DSSTDTC", "DSDTC")
        .filter(word.str.contains("RANDOMI[SZ]ED|ENROLLED"))
        .min()
        .alias("_randomised"),
    )
    return dm.join(per, on="USUBJID", how="left", maintain_order="left").with_columns(
        pl.col("_screen_failure").fill_null(False)
    )


def with_index(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return DM with _index (date of day 0) and _index_from: the first that is known in full.

    RFSTDTC, RFXSTDTC, the first dose; of people never treated the randomisation, the consent, the visit of DM.
    """
    dm = domains["DM"]
    doses = [
        f.select("USUBJID", full_date(f, f"{n}STDTC").alias("_dose"))
        for n in ("EX", "EC")
        if (f := domains.get(n)) is not None
    ]
    if doses:
        first = pl.concat(doses).group_by("USUBJID").agg(pl.col("_dose").min())
        dm = dm.join(first, on="USUBJID", how="left", maintain_order="left")
    else:
        dm = dm.with_columns(pl.lit(None, pl.String).alias("_dose"))
    candidates = {
        "RFSTDTC": full_date(dm, "RFSTDTC"),
        "RFXSTDTC": full_date(dm, "RFXSTDTC"),
        "first dose (EX)": pl.col("_dose"),
        "randomisation (DS)": optional(dm, "_randomised"),
        "consent (RFICDTC)": full_date(dm, "RFICDTC"),
        "DMDTC": full_date(dm, "DMDTC"),
    }
    named = [pl.when(e.is_not_null()).then(pl.lit(n)) for n, e in candidates.items()]
    return dm.with_columns(
        pl.coalesce(list(candidates.values())).alias("_index"), pl.coalesce(named).alias("_index_from")
    )


def follow_up(domains: Mapping[str, pl.DataFrame], reading: Reading) -> pl.DataFrame:
    """Return last contact (the latest whole date of any domain), death (DM, else DS, SS) and its cause; dates as
    recorded.

    A partial date of death stays partial: it is an interval, never the last other date. Of a death that only the day of
    asking tells (SS) the interval is from the last sign of life to that day, read in its middle; a death without any
    date is one on a day that is not known, and is told.
    """
    dm = domains["DM"]
    last = _last_seen(domains).group_by("USUBJID").agg(pl.col("_date").max())
    rows = dm.drop("_date", strict=False)
    for told in (_deaths(domains), last, _causes(domains), _progressions(domains)):
        rows = rows.join(told, on="USUBJID", how="left", maintain_order="left")
    death = pl.coalesce(plain_date(first_of(rows, "DTHDTC")), "_death")
    dead = (first_of(rows, "DTHFL").str.to_uppercase() == "Y").fill_null(False) | pl.col("_dead").fill_null(False)
    rows = rows.with_columns(death.alias("_death"), (dead | death.is_not_null()).alias("_dead"))
    rows = _undated(rows, reading)
    whole = pl.when(pl.col("_death").str.len_chars() == 10).then("_death")
    # the end of the study is no contact with somebody who died before it
    before = (
        pl.when(pl.col("_date").str.slice(0, pl.col("_death").str.len_chars()) > pl.col("_death"))
        .then("_death")
        .otherwise("_date")
    )
    return rows.select(
        pl.col("USUBJID").alias("patient_id"),
        pl.when(pl.col("_earliest").is_null()).then(whole).fill_null(before).alias("last_contact_date"),
        pl.col("_dead").alias("is_dead"),
        pl.col("_death").alias("death_date"),
        pl.col("_earliest").alias("death_earliest_date"),
        pl.col("_latest").alias("death_latest_date"),
        pl.when("_dead").then("_cause").alias("cause_of_death"),
        pl.col("_relapse").alias("recurrence_date"),
        pl.col("_progression").alias("progression_date"),
    ).filter(pl.col("last_contact_date").is_not_null())


def _last_seen(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every date of every domain on which the subject was seen; of a month or a year its first day.

    None of: the day of asking of a survival status (SS) that does not say alive, the collection of a cause of death
    (DD), the history (MH), the day a disposition (DS) says that somebody was lost, or that the sponsor ended the study.
    """
    seen = []
    for name, frame in domains.items():
        if name == "DS":
            frame = frame.filter(~_no_contact(frame))
        if "_date" in frame.columns and name not in ("DD", "MH"):
            rows = frame.filter(_says_alive(frame).fill_null(False)) if name == "SS" else frame
            sure = "_sure" if "_sure" in rows.columns else "_date"
            seen.append(rows.select("USUBJID", pl.col(sure).alias("_date")))
        for c in ("RFPENDTC", "RFENDTC", "RFSTDTC", "EXSTDTC", "EXENDTC", "DSSTDTC", "RFICDTC"):
            if c in frame.columns:
                seen.append(frame.select("USUBJID", first_day(plain_date(pl.col(c))).alias("_date")))
    return pl.concat(seen).drop_nulls()


def _no_contact(ds: pl.DataFrame) -> pl.Expr:
    """Dispositions that are no contact: lost to follow-up, ended by sponsor or site, the death itself."""
    word = first_of(ds, "DSDECOD", "DSTERM").str.to_uppercase()
    return word.str.contains(r"LOST TO|TERMINATED BY|^(DEATH|DIED)$").fill_null(False)


def _says_alive(ss: pl.DataFrame) -> pl.Expr:
    return first_of(ss, "SSSTRESC", "SSORRES").str.to_uppercase().is_in(["ALIVE", "LIVING"])


def _says_dead(ss: pl.DataFrame) -> pl.Expr:
    return first_of(ss, "SSSTRESC", "SSORRES").str.to_uppercase().is_in(["DEAD", "DECEASED"])


def _undated(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Give deaths without a date their interval and its middle; where it has no end, the first day it may have been."""
    alive, asked = (pl.col(c).str.to_date("%Y-%m-%d", strict=False) for c in ("_date", "_asked"))
    open_ = pl.col("_dead") & pl.col("_death").is_null()
    bounded = open_ & (asked >= alive).fill_null(False)
    middle = (alive + pl.duration(days=((asked - alive).dt.total_days() // 2))).dt.to_string("%Y-%m-%d")
    for mask, message, cure in (
        (
            bounded,
            "are dead on a day that is not known: read as the middle between the last sign of life and the day it was "
            "asked (SS).",
            "Give DTHDTC; the end points rest on this reading.",
        ),
        (
            open_ & ~bounded,
            "are dead without any date: their survival is not known.",
            "Give DTHDTC; the last contact is no day of death, and they are in no analysis of survival.",
        ),
    ):
        who = rows.filter(mask)["USUBJID"]
        if len(who):
            told = f"{len(who):,} people (first: {who[0]}) {message}"
            reading.problems.append(Problem("follow_up", None, "death_day", None, told, cure, "warning"))
    return rows.with_columns(
        pl.when(bounded).then(middle).otherwise("_death").alias("_death"),
        pl.when(open_).then("_date").alias("_earliest"),
        pl.when(bounded).then("_asked").alias("_latest"),
    )


def _deaths(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Deaths that DS (DEATH) or SS (survival status) name: _death (date), _dead, _asked (first day SS says so)."""
    none = pl.lit(None, pl.String)
    parts = [pl.DataFrame(schema={"USUBJID": pl.String, "_death": pl.String, "_asked": pl.String})]
    if (ds := domains.get("DS")) is not None:
        is_death = first_of(ds, "DSDECOD", "DSTERM").str.to_uppercase().is_in(["DEATH", "DIED"])
        date = plain_date(first_of(ds, "DSSTDTC", "DSDTC"))
        parts.append(ds.filter(is_death).select("USUBJID", date.alias("_death"), none.alias("_asked")))
    if (ss := domains.get("SS")) is not None:
        # SSDTC is the day of asking, not of dying
        asked = ss.filter(_says_dead(ss)).select(
            "USUBJID", none.alias("_death"), full_date(ss, "SSDTC").alias("_asked")
        )
        parts.append(asked)
    return (
        pl.concat(parts)
        .group_by("USUBJID")
        .agg(pl.col("_death", "_asked").drop_nulls().min(), pl.lit(True).alias("_dead"))
    )


def _progressions(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The first day on which a disposition (DS) is progression or relapse, or RS a symptomatic deterioration (SYMPTDTR).

    Both are clinical, beside the scans of RS and TR.
    """
    ds, rs = domains.get("DS"), domains.get("RS")
    worse = pl.DataFrame(schema={"USUBJID": pl.String, "_progression": pl.String, "_relapse": pl.String})
    if rs is not None:
        is_worse = (first_of(rs, "RSTESTCD") == "SYMPTDTR") & first_of(
            rs, "RSSTRESC", "RSORRES"
        ).str.to_uppercase().is_in(["Y", "YES"])
        told = rs.filter(is_worse.fill_null(False))
        worse = told.select("USUBJID", pl.col("_date").alias("_progression"), pl.lit(None, pl.String).alias("_relapse"))
    if ds is None:
        return worse.drop_nulls("_progression").group_by("USUBJID").agg(pl.col("_progression", "_relapse").min())
    word, date = first_of(ds, "DSDECOD", "DSTERM").str.to_uppercase(), plain_date(first_of(ds, "DSSTDTC"))
    rows = ds.group_by("USUBJID").agg(
        date.filter(word.str.contains("PROGRESSIVE DISEASE|DISEASE PROGRESSION")).min().alias("_progression"),
        date.filter(word.str.contains("RELAPSE|RECURREN")).min().alias("_relapse"),
    )
    return pl.concat([rows, worse]).group_by("USUBJID").agg(pl.col("_progression", "_relapse").min())


def _causes(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The primary cause of death (DD, DDTESTCD PRCDTH): cancer, other or unknown."""
    dd = domains.get("DD")
    if dd is None:
        return pl.DataFrame(schema={"USUBJID": pl.String, "_cause": pl.String})
    primary = dd.filter(first_of(dd, "DDTESTCD").str.to_uppercase() == "PRCDTH")
    rows = primary.select("USUBJID", first_of(primary, "DDSTRESC", "DDORRES").alias("_cause")).drop_nulls()
    rows = rows.unique("USUBJID", keep="first", maintain_order=True)
    return rows.with_columns(mapped(rows["_cause"], cause_or_words).alias("_cause"))


def labs(lb: pl.DataFrame, file: str, reading: Reading) -> pl.DataFrame:
    """Return the laboratory values as the standard result, else as reported."""
    has_standard = first_of(lb, "LBSTRESC").is_not_null()
    standard, reported = first_of(lb, "LBSTRESU", "LBORRESU"), first_of(lb, "LBORRESU", "LBSTRESU")
    rows = lb.select(
        pl.col("USUBJID").alias("patient_id"),
        plain_date(first_of(lb, "LBDTC")).alias("date"),
        _analyte(lb).alias("analyte"),
        first_of(lb, "LBSTRESC", "LBORRES").alias("value"),
        pl.when(has_standard).then(standard).otherwise(reported).alias("unit"),
    )
    return whole(rows, ("date", "value"), file, "labs", reading)


def adverse_events(ae: pl.DataFrame, file: str, reading: Reading) -> pl.DataFrame:
    """Return the adverse events of AE with their toxicity grade (AETOXGR; AESEV is another scale); dates as recorded."""
    rows = ae.select(
        pl.col("USUBJID").alias("patient_id"),
        plain_date(first_of(ae, "AESTDTC")).alias("start_date"),
        first_of(ae, "AEDECOD", "AETERM").str.to_lowercase().alias("term"),
        first_of(ae, "AETOXGR").alias("grade"),
        plain_date(first_of(ae, "AEENDTC")).alias("stop_date"),
        first_of(ae, "AESER").alias("serious"),
    )
    return whole(rows, ("start_date", "term"), file, "adverse_events", reading)


def _analyte(lb: pl.DataFrame) -> pl.Series:
    """The analyte by its code (LBTESTCD), else by its name (LBTEST); where neither is known the code.

    Of a specimen that is not blood (LBSPEC: URINE) it is another one: ``albumin (urine)``.
    """
    named = [mapped(lb.select(first_of(lb, c).alias("w"))["w"], analyte_of) for c in ("LBTESTCD", "LBTEST")]
    specimen = first_of(lb, "LBSPEC").str.to_lowercase()
    other = ~specimen.str.contains("blood|serum|plasma").fill_null(True)
    name = pl.coalesce(*named, first_of(lb, "LBTESTCD", "LBTEST"))
    return lb.select(pl.when(other).then(name + " (" + specimen + ")").otherwise(name).alias("a"))["a"]


def whole(rows: pl.DataFrame, needed: tuple[str, ...], file: str, table: str, reading: Reading) -> pl.DataFrame:
    """Drop rows that lack a needed value, and say how many."""
    kept = rows.drop_nulls(list(needed))
    lost = rows.height - kept.height
    if lost:
        why = f"no whole date, or no {needed[-1]}"
        reading.ledger.left_out(file, lost, why, became=table)
        reading.notes.append(f"{lost:,} rows of {file} are left out: {why}")
    return kept
