"""Recurrence after surgery: when, where, of which mutations, and what blood showed before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from oncourse.facts.absence import difference_by_calls
from oncourse.facts.surgery import is_operation
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.concordance.pairs import PairTable
    from oncourse.derive.concordance.presence import PresenceTable


#: Share of patients with a recurrence from which the study holds patients *because* they recurred.
INCLUDED_BY_RECURRENCE = 0.9


@section("recurrence")
@dataclass(frozen=True)
class RecurrenceParams:
    """When the clock starts, which lesions are of the recurrence, which blood tells residual disease."""

    origin: str = setting(
        "auto", "day 0: surgery where recorded, else the index date", choices=("auto", "surgery", "index")
    )
    months: tuple[float, ...] = setting((12.0, 24.0, 36.0, 60.0), "months at which probabilities are given")
    site_window_days: int = setting(30, "lesions found so soon after the recurrence belong to it", low=0)
    ctdna_first_day: int = setting(
        14,
        "first day after surgery of a plasma sample that tells residual disease",
        low=0,
        source="cell-free DNA of the wound falls within two weeks; GALAXY: 2-10 weeks",
    )
    ctdna_last_day: int = setting(120, "last such day", low=1)
    min_events: int = setting(5, "a hazard ratio needs so many events", low=1)


@dataclass(frozen=True)
class RecurrenceTable:
    """One row per patient with a known start.

    Attributes
    ----------
    patients : patient_id, origin_day, end_day, time_days (to recurrence, death or end of follow-up, first day counted),
        state (recurred / died / free), recurrence_day, sites (";"-joined, of the lesions found at the recurrence),
        n_sites, metastasectomy_day (first on or after the recurrence), last_day, is_dead (false: not known to be, see
        is_status_known and status_word of `oncourse.derive.clinical.people`; null: no row in follow_up), death_day
    excluded : patient_id, sample_id, reason
    words : what the clock starts at
    is_from_resection : whether that is the resection in `procedures`; else the index date
    """

    patients: pl.DataFrame
    excluded: pl.DataFrame
    words: str
    is_from_resection: bool

    @property
    def starts_at_surgery(self) -> bool:
        """Whether day 0 is an operation: a resection recorded, or an index date that says so."""
        return is_operation(self.words)

    def of_patient(self, patient_id: str) -> RecurrenceTable:
        """The rows of one patient."""
        mine = pl.col("patient_id") == patient_id
        return replace(self, patients=self.patients.filter(mine), excluded=self.excluded.filter(mine))


def recurrence_table(
    study: Study, advanced: pl.DataFrame, *, origin: str = "auto", site_window_days: int = 30
) -> RecurrenceTable:
    """Return each patient's course to the first recurrence and after it.

    advanced: what shows disease beyond the primary (`oncourse.derive.clinical.recurrence.advanced_disease`).
    origin: surgery (resection of the primary), index, or auto: surgery where `procedures` has it for anybody. What the
    recurrence is: `oncourse.derive.clinical.recurrence`; its sites are those of lesions found up to `site_window_days`
    after it.
    """
    resection = (
        study["procedures"]
        .filter(pl.col("kind").str.to_lowercase() == "primary_resection")
        .group_by("patient_id")
        .agg(pl.col("day").min().alias("origin_day"))
    )
    surgery = origin == "surgery" or (origin == "auto" and resection.height > 0)
    follow = study["follow_up"].unique("patient_id", keep="first", maintain_order=True)
    table = study["patients"].select("patient_id").sort("patient_id")
    table = table.join(follow, on="patient_id", how="left", maintain_order="left")
    if surgery:
        table = table.join(resection, on="patient_id", how="left", maintain_order="left")
    else:
        table = table.with_columns(pl.lit(0, pl.Int64).alias("origin_day"))
    table = _with_courses(table, study, advanced).with_columns(reason=_reason())
    excluded = table.drop_nulls("reason").select("patient_id", pl.lit(None, pl.String).alias("sample_id"), "reason")
    rows = table.lazy().filter(pl.col("reason").is_null())
    recurred, dead = pl.col("recurrence_day").is_not_null(), pl.col("death_day").is_not_null()
    last = pl.max_horizontal("last_contact_day", "death_day", "recurrence_day")
    free_until = pl.coalesce("recurrence_free_day", "last_contact_day")
    end = pl.when(recurred).then("recurrence_day").when(dead).then("death_day").otherwise(free_until)
    rows = rows.with_columns(
        end_day=pl.max_horizontal(end, "origin_day"),
        state=pl.when(recurred).then(pl.lit("recurred")).when(dead).then(pl.lit("died")).otherwise(pl.lit("free")),
        last_day=last,
        dead=dead,
    ).with_columns(time_days=pl.col("end_day") - pl.col("origin_day") + 1)
    rows = rows.join(_sites(study, rows, site_window_days), on="patient_id", how="left")
    rows = rows.join(_metastasectomies(study, rows), on="patient_id", how="left").sort("patient_id")
    words = "resection of the primary" if surgery else f"the index date ({study.config.index})"
    columns = [
        "patient_id",
        "origin_day",
        "end_day",
        "time_days",
        "state",
        "recurrence_day",
        "sites",
        "n_sites",
        "metastasectomy_day",
        "last_day",
        "dead",
        "death_day",
        "is_status_known",
        "status_word",
    ]
    return RecurrenceTable(
        rows.select(columns).rename({"dead": "is_dead"}).collect(engine="in-memory"), excluded, words, surgery
    )


def _with_courses(table: pl.DataFrame, study: Study, advanced: pl.DataFrame) -> pl.DataFrame:
    """Add the day of death, the vital status, the day of the recurrence, and why somebody was never free of disease, to
    patients with their follow-up and the day of the origin."""
    from oncourse.derive.clinical.people import people
    from oncourse.derive.clinical.recurrence import never_free, with_recurrence

    known = people(study["follow_up"]).select(
        "patient_id", pl.col("dead_day").alias("death_day"), "is_status_known", "status_word"
    )
    table = table.drop("death_day").join(known, on="patient_id", how="left")
    table = with_recurrence(table.with_columns(pl.lit(None, pl.Int64).alias("fu_row")), study["lesions"])
    table = table.join(advanced, on="patient_id", how="left", maintain_order="left").with_columns(unfree=never_free())
    return table.with_columns(recurrence_day="rec_day").drop("rec_day", "rec_table", "rec_row", "fu_row")


def _reason() -> pl.Expr:
    """Why a patient's course cannot be told, or does not begin free of disease; null: it can."""
    from oncourse.derive.clinical.endpoints import UNTOLD_DEATH
    from oncourse.derive.clinical.people import died_unseen

    return (
        pl.when(
            pl.col("last_contact_day").is_null() & pl.col("death_day").is_null() & pl.col("recurrence_day").is_null()
        )
        .then(pl.lit("no follow-up"))
        .when(pl.col("origin_day").is_null())
        .then(pl.lit("no resection of the primary recorded"))
        .when(pl.col("recurrence_day") <= pl.col("origin_day"))
        .then(pl.lit("metastasis or local recurrence already there at the start"))
        .when(pl.max_horizontal("last_contact_day", "death_day", "recurrence_day") < pl.col("origin_day"))
        .then(pl.lit("follow-up ends before the start"))
        .when(died_unseen("recurrence_day"))
        .then(UNTOLD_DEATH)
        .otherwise("unfree")
    )


def _sites(study: Study, rows: pl.LazyFrame, window_days: int) -> pl.LazyFrame:
    """patient_id, sites, n_sites of the recurrence: where lesions were found after the origin and up to `window_days`
    after the recurrence."""
    from oncourse.derive.clinical.recurrence import ROLES

    place = (
        pl.when(pl.col("role") == "local_recurrence")
        .then(pl.lit("local"))
        .otherwise(pl.col("site").fill_null("site not recorded"))
    )
    return (
        study["lesions"]
        .lazy()
        .filter(pl.col("role").is_in(ROLES))
        .drop_nulls("found_day")
        .join(rows.select("patient_id", "origin_day", "recurrence_day"), on="patient_id")
        .filter(pl.col("found_day") > pl.col("origin_day"))
        .filter(pl.col("found_day") <= pl.col("recurrence_day") + window_days)
        .with_columns(place=place)
        .group_by("patient_id")
        .agg(
            pl.col("place").unique().sort().str.join(";").alias("sites"),
            pl.col("place").n_unique().alias("n_sites"),
        )
    )


def _metastasectomies(study: Study, rows: pl.LazyFrame) -> pl.LazyFrame:
    """patient_id, metastasectomy_day: the first resection of metastases from the recurrence on."""
    return (
        study["procedures"]
        .lazy()
        .filter(pl.col("kind").str.to_lowercase() == "metastasectomy")
        .join(rows.select("patient_id", "recurrence_day"), on="patient_id")
        .filter(pl.col("day") >= pl.col("recurrence_day"))
        .group_by("patient_id")
        .agg(pl.col("day").min().alias("metastasectomy_day"))
    )


def blood_after_surgery(ctdna: pl.DataFrame, table: RecurrenceTable, *, first_day: int, last_day: int) -> pl.DataFrame:
    """Return patient_id, sample_id, day, is_positive, reason of the first blood in the window after the origin.

    is_positive: whether it is ctDNA-positive (`oncourse.derive.care.ctdna`); null where that is not assessable, with
    the reason. The first assessable one counts, else the first.
    """
    state = pl.col("state")
    rows = (
        ctdna.drop_nulls("day")
        .join(table.patients.select("patient_id", "origin_day"), on="patient_id")
        .filter((pl.col("day") - pl.col("origin_day")).is_between(first_day, last_day))
        .sort(pl.col("patient_id"), state == "not_assessable", pl.col("day"), pl.col("sample_id"))
        .unique("patient_id", keep="first", maintain_order=True)
    )
    known = pl.when(state != "not_assessable").then(state == "positive")
    return rows.select("patient_id", "sample_id", "day", known.alias("is_positive"), "reason")


def gene_changes(variants: pl.DataFrame, pairs: PairTable | None, presence: PresenceTable | None) -> pl.DataFrame:
    """Return per gene what became of the primary's mutations in the recurrence, over the main pairs.

    Columns: gene, n_pairs (with an altering mutation of the gene in either), n_shared, n_new, n_lost,
    n_by_calls (new or lost, every such mutation by calls alone), n_not_assessable; a patient counts once per gene, new
    or lost before shared. What the recurrence alone has is not assessable where the primary has lost the locus, and
    what one alone has where it may be of the blood.
    """
    from oncourse.genome.effect import PROTEIN_CHANGING, consequences

    schema = dict.fromkeys(("n_pairs", "n_shared", "n_new", "n_lost", "n_by_calls", "n_not_assessable"), pl.Int64)
    empty = pl.DataFrame(schema={"gene": pl.String, **schema})
    if pairs is None or presence is None:
        return empty
    kinds = ["primary v metastasis", "primary v local recurrence"]
    main = pairs.pairs.filter(pl.col("comparison").is_in(kinds) & pl.col("is_main"))
    main = main.sort("patient_id", "comparison", descending=[False, True]).unique("patient_id", keep="first")
    if main.is_empty():
        return empty
    cells = presence.cells.with_row_index("cell_b").select(pl.col("cell_b").cast(pl.Int64), "variant_id", "consequence")
    rows = (
        pairs.variants.join(main.select("pair", "patient_id"), on="pair")
        .with_columns(pl.col("cell_b").cast(pl.Int64))
        .join(cells, on="cell_b", how="left")
        .join(variants.select("variant_id", "gene"), on="variant_id", how="left")
        .drop_nulls("gene")
    )
    if rows.is_empty():
        return empty
    rows = rows.filter(consequences(rows["consequence"]).is_in([*PROTEIN_CHANGING, "splice_site"]).fill_null(False))
    state, of_tumour = pl.col("state"), pl.col("blood").is_null()
    # a locus that the primary has lost since may have carried the mutation: nobody can tell whether it is new
    is_new, is_lost = (state == "private_b") & ~pl.col("is_lost") & of_tumour, (state == "private_a") & of_tumour
    per = rows.group_by("gene", "patient_id").agg(
        new=is_new.any(),
        lost=is_lost.any(),
        shared=(state == "shared").any(),
        seen=((is_new | is_lost) & ~difference_by_calls()).any(),
    )
    new, lost, shared = pl.col("new"), pl.col("lost"), pl.col("shared")
    return (
        per.group_by("gene")
        .agg(
            pl.len().alias("n_pairs"),
            (shared & ~new & ~lost).sum().alias("n_shared"),
            new.sum().alias("n_new"),
            (lost & ~new).sum().alias("n_lost"),
            ((new | lost) & ~pl.col("seen")).sum().alias("n_by_calls"),
            (~shared & ~new & ~lost).sum().alias("n_not_assessable"),
        )
        .with_columns(pl.col(name).cast(pl.Int64) for name in schema)
        .sort(["n_pairs", "gene"], descending=[True, False])
    )
