"""SDTM treatments and procedures: exposure (EX, EC) and other medication (CM) by period, PR; why they ended (DS)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.io.cdisc.sdtm_events import full_date, plain_date, whole
from oncourse.io.clinical.tables import first_of
from oncourse.io.clinical.words import mapped
from oncourse.io.reading import Reading
from oncourse.study.partial_dates import interval, known_part
from oncourse.study.procedures import procedure_of
from oncourse.study.words import meaning

#: Dose periods of one drug with no more days between them are one treatment: two cycles of three weeks, or a delay.
MERGE_GAP_DAYS = 42
#: Words of CMCAT and CMSCAT that say a concomitant medication is a treatment of the cancer, and those that deny it.
_ANTICANCER = r"CANCER|ANTINEOPLAS|CHEMOTHER|ONCOLOG|HORMONAL THERAPY|IMMUNOTHER|TARGETED"
_NOT_ANTICANCER = r"\bNON[- ]?|OTHER THAN|EXCEPT"
#: ATC groups of anticancer drugs in CMCLASCD: antineoplastics, endocrine therapy, radiopharmaceuticals.
_ATC_ANTICANCER = r"^(L01|L02|V10)"
#: Qualifiers (of CM or its supplement) that hold the line of therapy, and the reason of its end, without the domain.
LINE = ("LINE", "LOT", "LINENUM", "LINETHER", "LOTNUM", "TXLINE")
STOP = ("RSDISC", "DISCREAS", "STOPRS", "RSNDISC", "DISCRS", "REASEND")


def not_given(frame: pl.DataFrame, domain: str) -> pl.Expr:
    """Whether a record says itself that it did not happen: --OCCUR = N, --STAT = NOT DONE, a mood that only plans."""
    says = (("OCCUR", "N"), ("STAT", "NOT DONE"), ("MOOD", "SCHEDULED"))
    out = pl.col("USUBJID").is_null() & pl.lit(False)  # a row each, also where no such column is there
    for name, word in says:
        if f"{domain}{name}" in frame.columns:
            out = out | (pl.col(f"{domain}{name}").str.to_uppercase() == word).fill_null(False)
    return out


def given(frame: pl.DataFrame, domain: str, file: str, became: str, reading: Reading) -> pl.DataFrame:
    """Leave out what did not happen (`not_given`), and say how much."""
    kept = frame.filter(~not_given(frame, domain))
    why = f"it did not happen ({domain}OCCUR, {domain}STAT or {domain}MOOD)"
    reading.ledger.left_out(file, frame.height - kept.height, why, became=became)
    return kept


def treatments(domains: Mapping[str, pl.DataFrame], files: Mapping[str, Path], reading: Reading) -> pl.DataFrame | None:
    """Return exposure (EX, else EC) by period, and the anticancer medications of CM; None where there is neither."""
    parts = []
    name = next((n for n in ("EX", "EC") if n in domains), None)
    if name:
        rows = given(_dosed(domains[name], name), name, files[name].name, "treatments", reading)
        parts.append(_with_reasons(_periods(rows, name, files[name].name, reading), domains.get("DS")))
    if (cm := domains.get("CM")) is not None:
        cm = given(cm, "CM", files["CM"].name, "treatments", reading)
        kind = pl.concat_str(
            [first_of(cm, c).fill_null("") for c in ("CMCAT", "CMSCAT")], separator=" "
        ).str.to_uppercase()
        coded = first_of(cm, "CMCLASCD").str.to_uppercase().str.contains(_ATC_ANTICANCER).fill_null(False)
        is_cancer = (kind.str.contains(_ANTICANCER) & ~kind.str.contains(_NOT_ANTICANCER)) | coded
        rows = cm.filter(is_cancer)
        reading.ledger.left_out(
            files["CM"].name,
            cm.height - rows.height,
            "neither CMCAT nor the ATC code (CMCLASCD) says it treats the cancer",
            became="treatments",
        )
        parts.append(_periods(rows, "CM", files["CM"].name, reading))
    return pl.concat(parts).sort("patient_id", "start_date", "drugs", "stop_date") if parts else None


def _dosed(frame: pl.DataFrame, domain: str) -> pl.DataFrame:
    """Say of doses of 0 that they were not given, where other rows of the patient's drug have one (a placebo has 0)."""
    if f"{domain}DOSE" not in frame.columns or f"{domain}TRT" not in frame.columns:
        return frame
    dose = pl.col(f"{domain}DOSE").cast(pl.Float64, strict=False)
    zero = (dose == 0).fill_null(False) & (dose > 0).any().over("USUBJID", f"{domain}TRT").fill_null(False)
    return frame.with_columns(
        pl.when(zero).then(pl.lit("N")).otherwise(first_of(frame, f"{domain}OCCUR")).alias(f"{domain}OCCUR")
    )


def _with_reasons(periods: pl.DataFrame, ds: pl.DataFrame | None) -> pl.DataFrame:
    """Give the patient's last study treatment the reason of its end, as DS says it for the treatment (not the study).

    Where the exposure is left open, the day DS says it ended on is its last. DS: EPOCH, DSSCAT or DSCAT name the
    treatment; DSDECOD is the reason (CDISC codelist NCOMPLT).
    """
    if ds is None or periods.is_empty():
        return periods
    about = pl.concat_str(
        [first_of(ds, c).fill_null("") for c in ("EPOCH", "DSSCAT", "DSCAT")], separator=" "
    ).str.to_uppercase()
    milestone = first_of(ds, "DSCAT").str.to_uppercase().str.contains("MILESTONE").fill_null(False)
    ended = ds.filter(about.str.contains(r"TREATMENT|STUDY (DRUG|MEDICATION)|EXPOSURE") & ~milestone)
    rows = ended.select(
        pl.col("USUBJID").alias("patient_id"),
        first_of(ended, "DSDECOD", "DSTERM").alias("_why"),
        plain_date(first_of(ended, "DSSTDTC")).alias("_when"),
    )
    rows = rows.drop_nulls("_why").unique("patient_id", keep="last", maintain_order=True)
    rows = rows.with_columns(mapped(rows["_why"], stop_reason_of).alias("_why"))
    end = pl.coalesce("stop_date", "start_date")
    out = periods.join(rows, on="patient_id", how="left", maintain_order="left")
    is_last = (end == end.max().over("patient_id")) & pl.col("stop_reason").is_null()
    is_open = is_last & pl.col("stop_date").is_null() & (pl.col("_when") >= pl.col("start_date")).fill_null(False)
    return out.with_columns(
        pl.when(is_last).then("_why").otherwise("stop_reason").alias("stop_reason"),
        pl.when(is_open).then("_when").otherwise("stop_date").alias("stop_date"),
    ).drop("_why", "_when")


def stop_reason_of(text: str) -> str:
    """Return the reason of a stop in our word where we have one, else as it is in lower case.

    >>> [stop_reason_of(t) for t in ("PROGRESSIVE DISEASE", "ADVERSE EVENT", "COMPLETED", "WITHDRAWAL BY SUBJECT")]
    ['progression', 'toxicity', 'completed', 'withdrawal by subject']
    """
    return meaning("stop_reason", text) or text.lower()


def _periods(rows: pl.DataFrame, name: str, file: str, reading: Reading) -> pl.DataFrame:
    """Dose periods of one drug with at most `MERGE_GAP_DAYS` between them become one treatment.

    A period without an end goes up to the next one of the drug; the last stays open. Partial dates stay partial.
    """
    drug = first_of(rows, f"{name}DECOD", f"{name}TRT") if name == "CM" else first_of(rows, f"{name}TRT")
    about = pl.concat_str(
        [first_of(rows, c).fill_null("") for c in (f"{name}CAT", f"{name}SCAT", f"{name}INDC", "SETTING")],
        separator=" ",
    )
    frame = rows.select(
        pl.col("USUBJID").alias("patient_id"),
        drug.str.to_lowercase().alias("drugs"),
        plain_date(first_of(rows, f"{name}STDTC")).alias("start_date"),
        plain_date(first_of(rows, f"{name}ENDTC")).alias("stop_date"),
        first_of(rows, *(c for stem in LINE for c in (stem, f"{name}{stem}"))).alias("line"),
        about.alias("setting"),
        first_of(rows, *(f"{name}{stem}" for stem in STOP)).alias("stop_reason"),
        pl.col("_row"),
    )
    frame = frame.with_columns(
        mapped(frame["setting"], setting_of).alias("setting"),
        mapped(frame["stop_reason"], stop_reason_of).alias("stop_reason"),
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
    dates = {c: frame[c].str.to_date("%Y-%m-%d", strict=False) for c in ("start_date", "stop_date")}
    # of a month or year the first day of a start and the last of a stop, as the study reads them
    known = {c: interval(known_part(frame[c]))[i] for i, c in enumerate(dates)}
    frame = frame.with_columns(
        dates["start_date"].fill_null(known["start_date"]).alias("_start"),
        dates["stop_date"].fill_null(known["stop_date"]).alias("_stop"),
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
            pl.col("line").drop_nulls().first().str.extract(r"^\D*(\d+)(?:\.0+)?\D*$", 1),
            pl.col("setting").drop_nulls().first(),
            pl.col("stop_reason").drop_nulls().last(),
        )
        .drop("_period")
        .select("patient_id", "drugs", "start_date", "stop_date", "line", "setting", "stop_reason")
    )


def setting_of(text: str) -> str | None:
    """Return the setting of a treatment that the words of its category name; None where they name none, or several.

    >>> setting_of("PRIOR CANCER THERAPY ADJUVANT"), setting_of("NEO-ADJUVANT"), setting_of("PRIOR ANTICANCER THERAPY")
    ('adjuvant', 'neoadjuvant', None)
    """
    words = re.sub(r"(?i)\bneo-?\s?adjuvant", "neoadjuvant", text)
    found = {name for name in ("neoadjuvant", "adjuvant", "metastatic") if re.search(rf"\b{name}\b", words, re.I)}
    return found.pop() if len(found) == 1 else None


def procedures(pr: pl.DataFrame, file: str, reading: Reading) -> pl.DataFrame:
    """Return surgery, radiotherapy and biopsies of PR that were done; the kind by its words."""
    pr = given(pr, "PR", file, "procedures", reading)
    words = pl.concat_str([first_of(pr, c).fill_null("") for c in ("PRDECOD", "PRTRT", "PRCAT")], separator=" ")
    kind = mapped(
        pr.with_columns(words.alias("_told"))["_told"], lambda text: (found := procedure_of(text)) and found.kind
    )
    rows = pr.select(
        pl.col("USUBJID").alias("patient_id"),
        full_date(pr, "PRSTDTC").alias("date"),
        pl.coalesce(kind, first_of(pr, "PRDECOD", "PRTRT").str.to_lowercase()).alias("kind"),
        first_of(pr, "PRINTENT").str.to_lowercase().alias("intent"),
    )
    return whole(rows, ("date", "kind"), file, "procedures", reading)
