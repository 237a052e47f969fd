"""What is known of each patient's life: last contact, death, vital status, and the day of coming under observation."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.study.frames import with_optional

#: Days of follow_up that endpoints use.
DAYS = (
    "last_contact_day",
    "entry_day",
    "recurrence_day",
    "recurrence_free_day",
    "progression_day",
    "progression_free_day",
    "death_day",
    "second_primary_day",
)
#: Where at least this share of the patients has a tumour sample, being sequenced is the way into the study.
SEQUENCED_SHARE = 0.95
#: Why the status of somebody who died is not one: the day.
DAY_OF_DEATH_UNKNOWN = "dead, on a day that is not known"


def people(follow_up: pl.DataFrame, samples: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return one row per patient of follow_up with what endpoints ask for.

    Parameters
    ----------
    samples : patient_id, day of the tumour samples

    Returns
    -------
    patient_id, cause_of_death, the `DAYS` but death_day, ``dead_day`` (day of last contact where the study gives no day
    of death at all; null: not known to be dead, or not on which day), ``death_word``, ``alive_word``,
    ``is_status_known`` (dead, or alive on a day), ``status_word`` (why not), ``sampled_day`` (first tumour sample while
    alive, see `first_sampled`), ``fu_row``.
    """
    # A death day is a death. Where no patient has one, the last contact of a dead patient is the day of death (data
    # dictionary); where others have one, or a first day it may have been is given, an empty cell is a death on a day that
    # is not known, never the last contact.
    dated = "death_day" in follow_up.columns and follow_up["death_day"].is_not_null().any()
    dead = pl.col("is_dead").fill_null(False) | pl.col("death_day").is_not_null()
    columns = dict.fromkeys((*DAYS, "death_earliest_day"), pl.Int64) | {
        "is_dead": pl.Boolean,
        "cause_of_death": pl.String,
        "second_primary": pl.String,
    }
    undated = pl.col("last_contact_day").is_null()
    not_then = undated | pl.lit(dated) | pl.col("death_earliest_day").is_not_null()
    dayless = dead & pl.col("death_day").is_null() & not_then
    status = (
        pl.when(dayless)
        .then(pl.lit(DAY_OF_DEATH_UNKNOWN))
        .when(dead)
        .then(None)
        .when(pl.col("is_dead").is_null())
        .then(pl.lit("vital status unknown"))
        .when(undated)
        .then(pl.lit("alive, without a day of last contact"))
    )
    table = (
        with_optional(follow_up, columns)
        .with_row_index("fu_row", 2)
        .unique("patient_id", keep="first", maintain_order=True)
        .select(
            "patient_id",
            "cause_of_death",
            "second_primary",
            *(d for d in DAYS if d != "death_day"),
            pl.when(dead & ~dayless).then(pl.coalesce("death_day", "last_contact_day")).alias("dead_day"),
            pl.when(pl.col("death_day").is_null())
            .then(pl.lit("death (day of last contact)"))
            .otherwise(pl.lit("death"))
            .alias("death_word"),
            pl.when(pl.col("is_dead").is_null())
            .then(pl.lit("last contact, vital status unknown"))
            .when(dayless)
            .then(pl.lit("last contact, dead on a day that is not known"))
            .otherwise(pl.lit("alive at last contact"))
            .alias("alive_word"),
            status.alias("status_word"),
            status.is_null().alias("is_status_known"),
            pl.col("fu_row").cast(pl.Int64),
        )
    )
    first = first_sampled(table, samples)
    return table.join(first, on="patient_id", how="left", maintain_order="left")


def first_sampled(table: pl.DataFrame, samples: pl.DataFrame | None) -> pl.DataFrame:
    """Return patient_id, sampled_day: the first tumour sample taken while alive, in a study into which sequencing
    leads.

    Where (nearly) every patient with follow-up is sequenced, whoever had died before the sample is not in the study:
    the patient counts from the sample on, whether it was the reason of inclusion or not. Samples after the end of
    follow-up (autopsy) say nothing of entry; a study with patients who were never sequenced has another way in.
    """
    nobody = pl.DataFrame(schema={"patient_id": pl.String, "sampled_day": pl.Int64})
    if samples is None or samples.is_empty() or table.is_empty():
        return nobody
    sampled = table.join(samples.select("patient_id").unique(), on="patient_id", how="semi").height
    if sampled < SEQUENCED_SHARE * table.height:
        return nobody
    end = table.select("patient_id", pl.coalesce("dead_day", "last_contact_day").alias("_end"))
    alive = samples.join(end, on="patient_id").filter(pl.col("day") <= pl.col("_end"))
    return alive.group_by("patient_id").agg(pl.col("day").min().cast(pl.Int64).alias("sampled_day"))


def died_unseen(recurrence_day: str) -> pl.Expr:
    """Whether a patient (a row of `people`) died on a day that is not known, of whom neither a recurrence nor a day free
    of one is recorded: which of recurrence, death and last contact came first nobody knows."""
    undated = (pl.col("status_word") == DAY_OF_DEATH_UNKNOWN).fill_null(False)
    return undated & pl.col(recurrence_day).is_null() & pl.col("recurrence_free_day").is_null()


def death_days(follow_up: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id and death_day of the dead; the day of last contact where no day of death is given."""
    return (
        people(follow_up)
        .filter(pl.col("dead_day").is_not_null())
        .select("patient_id", pl.col("dead_day").alias("death_day"))
    )


def late_by_sample(records: pl.DataFrame, follow_up: pl.DataFrame, endpoint: str) -> int:
    """Return how many study-level records of an endpoint enter late by their first sample, not by a recorded day."""
    told = (
        follow_up.filter(pl.col("entry_day").is_not_null()) if "entry_day" in follow_up.columns else follow_up.clear()
    )
    late = records.filter((pl.col("endpoint") == endpoint) & pl.col("line").is_null() & (pl.col("entry_days") > 0))
    return late.join(told.select("patient_id"), on="patient_id", how="anti").height


@dataclass(frozen=True)
class VitalStatus:
    """Patients with a row in follow_up (all, where there is none), and those whose being dead or alive is not known."""

    n: int
    n_unknown: int
    max_unknown: float

    @property
    def is_told(self) -> bool:
        """Whether overall survival may be told: some status is known, and the unknown ones are few enough."""
        return self.n > self.n_unknown and self.n_unknown <= self.max_unknown * self.n

    @property
    def is_of_nobody(self) -> bool:
        """Whether nobody's vital status is known: then no end point that death belongs to can be told either."""
        return self.n == self.n_unknown

    @property
    def refusal(self) -> str:
        """Why overall survival is not told."""
        return (
            f"vital status is unknown in {self.n_unknown} of {self.n} patients, more than the "
            f"{100 * self.max_unknown:g} % of endpoints.max_unknown_status"
        )

    @property
    def sentence(self) -> str:
        """The refusal as a sentence; empty where overall survival is told."""
        return "" if self.is_told else f"Overall survival is not told: {self.refusal}."


def vital_status(table: pl.DataFrame, max_unknown: float, everyone: int = 0) -> VitalStatus:
    """Return how many of `people` have no known vital status; without any row of follow_up all of `everyone`."""
    n = table.height or everyone
    return VitalStatus(n, n - int(table["is_status_known"].sum()), max_unknown)
