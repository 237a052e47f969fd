"""Best overall response per line of therapy, with and without confirmation (RECIST 1.1, section 4.3 and table 3).

Rules: Eisenhauer et al., Eur J Cancer 2009;45:228. Where the text leaves room (visits between a response and its
confirmation) the parameters are those of the pharmaverse derivations, so that results can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.study.settings import section, setting

RECIST_SOURCE = "RECIST 1.1, Eur J Cancer 2009;45:228"


@section("imaging")
@dataclass(frozen=True)
class ImagingParams:
    """The RECIST 1.1 rules and their options."""

    criteria: str = setting(
        "recist1.1",
        "irecist lets a first progression be followed by response (iUPD until confirmed)",
        choices=("recist1.1", "irecist"),
        source="iRECIST, Lancet Oncol 2017;18:e143",
    )
    min_stable_days: int = setting(
        42,
        "stable disease counts from this day of the line (6 weeks)",
        low=0,
        source=RECIST_SOURCE + " section 4.3.3",
    )
    confirmation_days: int = setting(
        28, "least days to the visit that confirms a response", low=0, source=RECIST_SOURCE + " section 4.3.2"
    )
    max_ne_between: int = setting(
        1, "not evaluable visits allowed between a response and its confirmation", low=0, source="admiralonco"
    )
    allow_stable_between: bool = setting(
        False,
        "whether one SD may lie between a PR and its confirmation",
        source=RECIST_SOURCE + " table 3, note",
    )
    missing_as_ne: bool = setting(False, "whether a patient without any assessment is NE instead of MISSING")
    until_progression: bool = setting(
        True,
        "whether visits after the first progression are ignored for the best response",
        source=RECIST_SOURCE,
    )
    baseline_window_days: int = setting(
        28,
        "the baseline scan lies within this many days before the start",
        low=0,
        source=RECIST_SOURCE + " section 4.1",
    )
    baseline_after_days: int = setting(
        7,
        "a first scan up to so many days after the start is the baseline where none was made before it; the visit "
        "says so",
        low=0,
        source="RECIST 1.1 section 4.1 asks for a baseline before treatment; scans of the first days are near enough",
    )
    visit_window_days: int = setting(
        0,
        "scans of a patient within so many days are one visit, dated to the first; 0: each day is its own",
        low=0,
        high=27,
        source="FDA Clinical Trial Endpoints 2018: a progression is dated to the first scan of its assessment",
    )
    too_small_mm: float = setting(
        5.0, "diameter of a lesion too small to measure", low=0, source=RECIST_SOURCE + " section 4.3.1"
    )
    response_fraction: float = setting(
        0.3, "least shrinkage from baseline of a PR", low=0, high=1, source=RECIST_SOURCE
    )
    progression_fraction: float = setting(0.2, "least growth over the nadir of a PD", low=0, source=RECIST_SOURCE)
    progression_mm: float = setting(5.0, "least growth over the nadir in mm of a PD", low=0, source=RECIST_SOURCE)
    node_mm: float = setting(10.0, "a node below this short axis is normal", low=0, source=RECIST_SOURCE)
    confirm_progression_min_days: int = setting(
        28, "iRECIST: least days to the scan that confirms iUPD", low=0, source="iRECIST: 4 to 8 weeks"
    )
    confirm_progression_max_days: int | None = setting(
        None, "iRECIST: a scan later than this does not confirm (8 weeks = 56); null: no limit", low=1
    )
    evaluator: str | None = setting(
        None, "whose readings are used; null: the only one, the investigator, or the one with most rows"
    )
    response_basis: str = setting(
        "auto",
        "auto: the derived response, the reported one where nothing can be derived; or only one of them",
        choices=("auto", "derived", "reported"),
    )
    line: int | None = setting(None, "line of the rates in the answer; null: the first from 1 on with a visit", low=0)
    missing_in_denominator: bool = setting(
        True, "whether NE and MISSING count as non-responders in rates (intention to treat)"
    )


BEST_SCHEMA = {
    "patient_id": pl.String,
    "line": pl.Int64,
    "best_confirmed": pl.String,
    "best_unconfirmed": pl.String,
    "response_day": pl.Int64,
    "duration_days": pl.Int64,
    "duration_censored": pl.Boolean,
    "duration_end": pl.String,
    "best_confirmed_day": pl.Int64,
    "best_unconfirmed_day": pl.Int64,
    "first_response_day": pl.Int64,
    "is_response": pl.Boolean,
    "is_confirmed_response": pl.Boolean,
    "is_clinical_benefit": pl.Boolean,
    "benefit_day": pl.Int64,
    "progression_day": pl.Int64,
    "last_adequate_day": pl.Int64,
    "best_change_fraction": pl.Float64,
    "n_visits": pl.Int64,
    "basis": pl.String,
}
#: Responses of a visit that was evaluable.
ADEQUATE = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NED")
#: Spellings met in recorded responses -> RECIST 1.1 response.
SYNONYMS = {
    "COMPLETE RESPONSE": "CR",
    "PARTIAL RESPONSE": "PR",
    "STABLE DISEASE": "SD",
    "STABLE": "SD",
    "PROGRESSIVE DISEASE": "PD",
    "PROGRESSION": "PD",
    "PROGRESSED": "PD",
    "NOT EVALUABLE": "NE",
    "INEVALUABLE": "NE",
    "UNEVALUABLE": "NE",
    "NON-CR/NON-PD": "NON-CR/NON-PD",
    "NONCR/NONPD": "NON-CR/NON-PD",
    "NON CR/NON PD": "NON-CR/NON-PD",
    "NN": "NON-CR/NON-PD",
    "NOT DONE": "ND",
    "UNK": "NE",
    "NO EVIDENCE OF DISEASE": "NED",
    "ICR": "CR",
    "IPR": "PR",
    "ISD": "SD",
    "IUPD": "iUPD",
    "ICPD": "iCPD",
    "NON-ICR/NON-IUPD": "NON-CR/NON-PD",
    "NON-PD": "NON-CR/NON-PD",
    "PDU": "PDu",
}

#: RECIST 1.1 response -> its iRECIST name.
IRECIST = {"CR": "iCR", "PR": "iPR", "SD": "iSD", "NON-CR/NON-PD": "NON-iCR/NON-iUPD", "PD": "iCPD"}


def clean_response(column: str = "overall") -> pl.Expr:
    """Return a recorded response in the words used here; an unknown word stays as it is."""
    text = pl.col(column).str.strip_chars().str.to_uppercase()
    return text.replace(SYNONYMS)


def best_response(
    visits: pl.DataFrame,
    lines: pl.DataFrame,
    params: ImagingParams | None = None,
    deaths: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the best overall response of every line (`BEST_SCHEMA`).

    Parameters
    ----------
    visits : patient_id, line, day, overall (CR, PR, SD, NON-CR/NON-PD, PD, NE); optionally progression_day (day a
        progression found at this visit is dated to), change_from_baseline_fraction, basis
    lines : patient_id, line, start_day, next_start_day
    deaths : patient_id, death_day; a responder's duration then ends with death; without it only with progression

    Returns
    -------
    One row per line. SD and NON-CR/NON-PD count from ``min_stable_days`` on, earlier ones are NE. A CR or PR is
    confirmed by the first CR (CR or PR) at least ``confirmation_days`` later with at most ``max_ne_between`` NE, and
    nothing else but CR, PR between; an unconfirmed one is SD (NE before ``min_stable_days``). ``response_day``: first
    day of the confirmed response; duration to progression or death, counted with the first day, censored at the last
    adequate visit of the line. ``first_response_day`` needs no confirmation.
    """
    from oncourse.derive.clinical import _response_kernel as kernel

    params = params or ImagingParams()
    lines = (
        lines.select("patient_id", "line", "start_day", "next_start_day")
        .sort("patient_id", "start_day", "line")
        .with_row_index("group")
        .with_columns(pl.col("group").cast(pl.Int64))
    )
    if lines.is_empty():
        return pl.DataFrame(schema=BEST_SCHEMA)
    for name, dtype in (
        ("progression_day", pl.Int64),
        ("change_from_baseline_fraction", pl.Float64),
        ("basis", pl.String),
    ):
        if name not in visits.columns:
            visits = visits.with_columns(pl.lit(None, dtype).alias(name))
    rows = (
        visits.join(lines, on=["patient_id", "line"])
        .with_columns(clean_response().replace({"NED": "NE", "PDu": "SD", "iCPD": "PD"}).alias("_word"))
        .with_columns(
            pl.col("_word").replace_strict(kernel.CODES, default=kernel.NE, return_dtype=pl.Int64).alias("code")
        )
        .filter(pl.col("overall").is_not_null())
        .sort("group", "day", "code")
    )
    first_pd = (
        rows.filter(pl.col("code") == kernel.PD)
        .group_by("group")
        .agg(
            pl.min_horizontal("day", "progression_day").min().alias("_pd_day"),
            pl.col("day").min().alias("_pd_visit"),
        )
    )
    rows = rows.join(first_pd, on="group", how="left", maintain_order="left")
    if params.until_progression:
        rows = rows.filter(pl.col("_pd_visit").is_null() | (pl.col("day") <= pl.col("_pd_visit")))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows["group"].to_numpy(), minlength=lines.height))])
    day = rows["day"].to_numpy().astype(np.int64)
    out = kernel.best(
        offsets.astype(np.int64),
        day - rows["start_day"].to_numpy(),
        rows["code"].to_numpy().astype(np.int64),
        params.min_stable_days,
        params.confirmation_days,
        params.max_ne_between,
        int(params.allow_stable_between),
    )
    names = np.array(kernel.NAMES)
    if params.criteria == "irecist":
        names = np.array([IRECIST.get(name, name) for name in kernel.NAMES])
    if params.missing_as_ne:
        names[kernel.MISSING] = "NE"
    table = lines.with_columns(
        pl.Series("best_unconfirmed", names[out[:, 0]]),
        _day(day, out[:, 1], "best_unconfirmed_day"),
        pl.Series("best_confirmed", names[out[:, 2]]),
        _day(day, out[:, 3], "best_confirmed_day"),
        _day(day, out[:, 4], "first_response_day"),
        _day(day, out[:, 5], "response_day"),
        _day(day, out[:, 6], "benefit_day"),
    ).join(first_pd.rename({"_pd_day": "progression_day"}), on="group", how="left", maintain_order="left")
    table = table.join(_visit_summary(rows), on="group", how="left", maintain_order="left")
    table = table.with_columns(
        pl.col("n_visits").fill_null(0),
        pl.col("first_response_day").is_not_null().alias("is_response"),
        pl.col("response_day").is_not_null().alias("is_confirmed_response"),
        pl.col("benefit_day").is_not_null().alias("is_clinical_benefit"),
    )
    return _duration(table, deaths).select(pl.col(n).cast(t) for n, t in BEST_SCHEMA.items())


def _day(day: NDArray[np.int64], index: NDArray[np.int64], name: str) -> pl.Series:
    if not len(day):
        return pl.Series(name, [None] * len(index), pl.Int64)
    return pl.Series(name, day[np.maximum(index, 0)], pl.Int64).set(pl.Series(index < 0), None)


def _visit_summary(rows: pl.DataFrame) -> pl.DataFrame:
    adequate = pl.col("overall").is_in(ADEQUATE)
    return rows.group_by("group").agg(
        pl.col("day").n_unique().cast(pl.Int64).alias("n_visits"),
        pl.col("day").filter(adequate).max().alias("last_adequate_day"),
        pl.col("change_from_baseline_fraction").min().alias("best_change_fraction"),
        pl.col("basis").drop_nulls().unique().sort().str.join(" + ").alias("basis"),
    )


def _duration(table: pl.DataFrame, deaths: pl.DataFrame | None) -> pl.DataFrame:
    """Add duration of the confirmed response: to progression or death within the line, else censored."""
    if deaths is None:
        table = table.with_columns(pl.lit(None, pl.Int64).alias("death_day"))
    else:
        table = table.join(deaths.select("patient_id", "death_day"), on="patient_id", how="left", maintain_order="left")
    starts = pl.col("response_day").is_not_null()
    own_death = pl.when(pl.col("next_start_day").is_null() | (pl.col("death_day") < pl.col("next_start_day"))).then(
        pl.col("death_day")
    )
    progression = pl.when(pl.col("progression_day") >= pl.col("response_day")).then(pl.col("progression_day"))
    event = pl.min_horizontal(progression, own_death)
    end = pl.coalesce(event, pl.max_horizontal("last_adequate_day", "response_day"))
    why = (
        pl.when(event.is_null())
        .then(pl.lit("last adequate assessment"))
        .when(progression.is_not_null() & (progression <= own_death).fill_null(True))
        .then(pl.lit("progression"))
        .otherwise(pl.lit("death"))
    )
    return table.with_columns(
        pl.when(starts).then(end - pl.col("response_day") + 1).alias("duration_days"),
        pl.when(starts).then(event.is_null()).alias("duration_censored"),
        pl.when(starts).then(why).alias("duration_end"),
    )


def contradictions(visits: pl.DataFrame) -> pl.DataFrame:
    """Return the visits with a PR after a CR of the same line: a data query, not a response (RECIST table 3, note).

    Columns patient_id, line, day, overall of `visits`, sorted.
    """
    rows = visits.with_columns(clean_response().alias("overall")).sort("patient_id", "line", "day")
    cr_before = (pl.col("overall") == "CR").cast(pl.Int64).cum_sum().over("patient_id", "line") > 0
    return rows.filter(cr_before & (pl.col("overall") == "PR")).select("patient_id", "line", "day", "overall")
