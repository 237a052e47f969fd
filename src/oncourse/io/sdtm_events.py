"""SDTM people, treatments and events: population and day 0 (DM, DS), exposure (EX, EC, CM), PR, LB, death (DS, SS)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.io.clinical import cause_of_death, mapped
from oncourse.io.clinical_tables import first_of
from oncourse.io.reading import Reading
from oncourse.study.lab_values import analyte_of
from oncourse.study.partial_dates import interval, known_part
from oncourse.study.procedures import procedure_of
from oncourse.study.schema import Problem

#: Dose periods of one drug with no more days between them are one treatment: two cycles of three weeks, or a delay.
MERGE_GAP_DAYS = 42
#: Words of CMCAT and CMSCAT that say a concomitant medication is a treatment of the cancer, and those that deny it.
_ANTICANCER = r"CANCER|ANTINEOPLAS|CHEMOTHER|ONCOLOG|HORMONAL THERAPY|IMMUNOTHER|TARGETED"
_NOT_ANTICANCER = r"\bNON[- ]?|OTHER THAN|EXCEPT"


def plain_date(text: pl.Expr) -> pl.Expr:
    """Return the date part of an ISO 8601 text as far as it is known: YYYY-MM-DD, YYYY-MM or YYYY.

    Unknown parts are written as UN, UNK or as a hyphen in SDTM (``2019-12-UN``, ``2019---15``).
    """
    date = text.str.slice(0, 10).str.to_uppercase().str.replace(r"-(UNK|UN|XX|-).*$", "")
    known = date.str.extract(r"^(\d{4}(?:-\d{2}(?:-\d{2})?)?)", 1)
    return known.str.replace(r"-00.*$", "")


def full_date(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """Return the first of several date columns that holds a whole date."""
    there = [plain_date(pl.col(n)) for n in names if n in frame.columns]
    whole = [pl.when(d.str.len_chars() == 10).then(d) for d in there]
    return pl.coalesce(whole) if whole else pl.lit(None, pl.String)


def _flags(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Population flags of SUPPDM (ITT, ITTFL, SAFETY, SAFFL ...) as columns."""
    supp = domains.get("SUPPDM")
    schema = {"USUBJID": pl.String, "_supp_itt": pl.String, "_supp_safety": pl.String}
    if supp is None or not {"QNAM", "QVAL"} <= set(supp.columns):
        return pl.DataFrame(schema=schema)
    name, value = pl.col("QNAM").str.to_uppercase(), pl.col("QVAL").str.to_uppercase().str.slice(0, 1)
    return supp.group_by("USUBJID").agg(
        value.filter(name.is_in(["ITT", "ITTFL", "RANDFL", "FASFL", "FULLSET"])).first().alias("_supp_itt"),
        value.filter(name.is_in(["SAFETY", "SAFFL"])).first().alias("_supp_safety"),
    )


def with_population(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return DM with _itt and _safety (Y, N or null), _treated, _screen_failure and _randomised (date)."""
    dm = domains["DM"].join(_flags(domains), on="USUBJID", how="left", maintain_order="left")
    exposed = [f.select("USUBJID") for n in ("EX", "EC") if (f := domains.get(n)) is not None]
    treated = pl.concat(exposed).unique()["USUBJID"] if exposed else pl.Series([], dtype=pl.String)
    itt = pl.coalesce(first_of(dm, "ITTFL").str.to_uppercase().str.slice(0, 1), "_supp_itt")
    safety = pl.coalesce(first_of(dm, "SAFFL").str.to_uppercase().str.slice(0, 1), "_supp_safety")
    dm = dm.with_columns(itt.alias("_itt"), safety.alias("_safety")).drop("_supp_itt", "_supp_safety")
    started = first_of(dm, "RFXSTDTC").is_not_null() | pl.col("USUBJID").is_in(treated.implode())
    dm = dm.with_columns((started | (pl.col("_safety") == "Y").fill_null(False)).alias("_treated"))
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
        "randomisation (DS)": pl.col("_randomised") if "_randomised" in dm.columns else pl.lit(None, pl.String),
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
    date leaves the vital status unknown, and is told.
    """
    dm = domains["DM"]
    last = _last_seen(domains).group_by("USUBJID").agg(pl.col("_date").max())
    rows = dm.drop("_date", strict=False)
    for told in (_deaths(domains), last, _causes(domains)):
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
        pl.when(pl.col("_earliest").is_not_null()).then("_asked").alias("death_latest_date"),
        pl.when("_dead").then("_cause").alias("cause_of_death"),
    ).filter(pl.col("last_contact_date").is_not_null())


def _last_seen(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every whole date of every domain, but those on which somebody was told to be dead (DD, SS)."""
    seen = []
    for name, frame in domains.items():
        if "_date" in frame.columns and name != "DD":
            rows = frame.filter(~_says_dead(frame).fill_null(False)) if name == "SS" else frame
            seen.append(rows.select("USUBJID", "_date"))
        for c in ("RFPENDTC", "RFENDTC", "RFSTDTC", "EXSTDTC", "EXENDTC", "DSSTDTC", "RFICDTC"):
            if c in frame.columns:
                seen.append(frame.select("USUBJID", full_date(frame, c).alias("_date")))
    return pl.concat(seen).drop_nulls()


def _says_dead(ss: pl.DataFrame) -> pl.Expr:
    return first_of(ss, "SSSTRESC", "SSORRES").str.to_uppercase().is_in(["DEAD", "DECEASED"])


def _undated(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Give deaths without a date their interval and its middle; where there is none the status becomes unknown."""
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
        pl.when(bounded).then("_date").alias("_earliest"),
        pl.when(~(open_ & ~bounded)).then("_dead").alias("_dead"),
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


def _causes(domains: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The primary cause of death (DD, DDTESTCD PRCDTH): cancer, other or unknown."""
    dd = domains.get("DD")
    if dd is None:
        return pl.DataFrame(schema={"USUBJID": pl.String, "_cause": pl.String})
    primary = dd.filter(first_of(dd, "DDTESTCD").str.to_uppercase() == "PRCDTH")
    rows = primary.select("USUBJID", first_of(primary, "DDSTRESC", "DDORRES").alias("_cause")).drop_nulls()
    rows = rows.unique("USUBJID", keep="first", maintain_order=True)
    return rows.with_columns(mapped(rows["_cause"], cause_of_death).alias("_cause"))


def treatments(domains: Mapping[str, pl.DataFrame], files: Mapping[str, Path], reading: Reading) -> pl.DataFrame | None:
    """Return exposure (EX, else EC) by period, and the anticancer medications of CM; None where there is neither."""
    parts = []
    name = next((n for n in ("EX", "EC") if n in domains), None)
    if name:
        parts.append(_periods(domains[name], name, files[name].name, reading))
    if (cm := domains.get("CM")) is not None:
        kind = pl.concat_str(
            [first_of(cm, c).fill_null("") for c in ("CMCAT", "CMSCAT")], separator=" "
        ).str.to_uppercase()
        is_cancer = kind.str.contains(_ANTICANCER) & ~kind.str.contains(_NOT_ANTICANCER)
        rows = cm.filter(is_cancer)
        reading.ledger.left_out(
            files["CM"].name, cm.height - rows.height, "CMCAT does not say it treats the cancer", became="treatments"
        )
        parts.append(_periods(rows, "CM", files["CM"].name, reading))
    return pl.concat(parts).sort("patient_id", "start_date", "drugs", "stop_date") if parts else None


def _periods(rows: pl.DataFrame, name: str, file: str, reading: Reading) -> pl.DataFrame:
    """Dose periods of one drug with at most `MERGE_GAP_DAYS` between them become one treatment.

    A period without an end goes up to the next one of the drug; the last stays open. Partial dates stay partial.
    """
    drug = first_of(rows, f"{name}DECOD", f"{name}TRT") if name == "CM" else first_of(rows, f"{name}TRT")
    frame = rows.select(
        pl.col("USUBJID").alias("patient_id"),
        drug.str.to_lowercase().alias("drugs"),
        plain_date(first_of(rows, f"{name}STDTC")).alias("start_date"),
        plain_date(first_of(rows, f"{name}ENDTC")).alias("stop_date"),
        pl.col("_row"),
    )
    no_start = frame.filter(pl.col("start_date").is_null() | pl.col("drugs").is_null())
    if no_start.height:
        who = no_start["patient_id"][0]
        why = "no drug, or no date of start"
        line = int(no_start["_row"][0])
        reading.ledger.left_out(file, no_start.height, why, became="treatments", line=line, first=who)
        reading.notes.append(f"{no_start.height:,} rows of {file} are left out: {why} (first: {who})")
    keys = ["patient_id", "drugs"]
    frame = frame.join(no_start.select("_row"), on="_row", how="anti").sort(*keys, "start_date", "_row")
    whole = {c: frame[c].str.to_date("%Y-%m-%d", strict=False) for c in ("start_date", "stop_date")}
    # of a month or year the first day of a start and the last of a stop, as the study reads them
    known = {c: interval(known_part(frame[c]))[i] for i, c in enumerate(whole)}
    frame = frame.with_columns(
        whole["start_date"].fill_null(known["start_date"]).alias("_start"),
        whole["stop_date"].fill_null(known["stop_date"]).alias("_stop"),
    ).sort(*keys, "_start", "_row")
    reach = pl.coalesce("_stop", "_start").cum_max().shift(1).over(keys)
    apart = ((pl.col("_start") - reach).dt.total_days() > MERGE_GAP_DAYS).fill_null(True)
    frame = frame.with_columns(apart.cum_sum().over(keys).alias("_period"))
    is_open = pl.col("stop_date").is_null().last()
    return (
        frame.group_by(*keys, "_period", maintain_order=True)
        .agg(
            pl.col("start_date").min(),
            pl.when(is_open).then(None).otherwise(pl.col("stop_date").max()).alias("stop_date"),
        )
        .drop("_period")
        .select("patient_id", "drugs", "start_date", "stop_date")
    )


def procedures(pr: pl.DataFrame, file: str, reading: Reading) -> pl.DataFrame:
    """Return surgery, radiotherapy and biopsies of PR; the kind by its words."""
    words = pl.concat_str([first_of(pr, c).fill_null("") for c in ("PRDECOD", "PRTRT", "PRCAT")], separator=" ")
    kind = mapped(pr.select(words.alias("w"))["w"], lambda text: (found := procedure_of(text)) and found.kind)
    rows = pr.select(
        pl.col("USUBJID").alias("patient_id"),
        full_date(pr, "PRSTDTC").alias("date"),
        pl.coalesce(kind, first_of(pr, "PRDECOD", "PRTRT").str.to_lowercase()).alias("kind"),
        first_of(pr, "PRINTENT").str.to_lowercase().alias("intent"),
    )
    return _whole(rows, ("date", "kind"), file, "procedures", reading)


def labs(lb: pl.DataFrame, file: str, reading: Reading) -> pl.DataFrame:
    """Return the laboratory values as the standard result, else as reported."""
    has_standard = first_of(lb, "LBSTRESC").is_not_null()
    standard, reported = first_of(lb, "LBSTRESU", "LBORRESU"), first_of(lb, "LBORRESU", "LBSTRESU")
    rows = lb.select(
        pl.col("USUBJID").alias("patient_id"),
        pl.col("_date").alias("date"),
        _analyte(lb).alias("analyte"),
        first_of(lb, "LBSTRESC", "LBORRES").alias("value"),
        pl.when(has_standard).then(standard).otherwise(reported).alias("unit"),
    )
    return _whole(rows, ("date", "value"), file, "labs", reading)


def _analyte(lb: pl.DataFrame) -> pl.Series:
    """The analyte by its code (LBTESTCD), else by its name (LBTEST); where neither is known the code."""
    named = [mapped(lb.select(first_of(lb, c).alias("w"))["w"], analyte_of) for c in ("LBTESTCD", "LBTEST")]
    return lb.select(pl.coalesce(*named, first_of(lb, "LBTESTCD", "LBTEST")).alias("a"))["a"]


def _whole(rows: pl.DataFrame, needed: tuple[str, ...], file: str, table: str, reading: Reading) -> pl.DataFrame:
    """Drop rows that lack a needed value, and say how many."""
    kept = rows.drop_nulls(list(needed))
    lost = rows.height - kept.height
    if lost:
        why = f"no whole date, or no {needed[-1]}"
        reading.ledger.left_out(file, lost, why, became=table)
        reading.notes.append(f"{lost:,} rows of {file} are left out: {why}")
    return kept
