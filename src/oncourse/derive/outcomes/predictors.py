"""Predictors and outcome of each patient from a time zero at which every predictor is known."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oncourse.derive.genes.gene_status import GeneStatus
from oncourse.disease import disease
from oncourse.facts.days import entry_days, time_days
from oncourse.study.model import Study

#: Share of patients with metastasis above which a study without a design is taken to have included them because of it.
INCLUDED_BY_METASTASIS = 0.9
ORIGINS = ("auto", "index", "surgery", "metastasis", "sampling", "line")


@dataclass(frozen=True)
class PredictionTables:
    """What predictors and outcome are read from.

    Attributes
    ----------
    profiled : the tumour samples and their assays (`oncourse.derive.genes.panels.Panels.samples`)
    lines : lines of therapy
    records : time-to-event records; gene_status : None where no sample was profiled
    """

    study: Study
    profiled: pl.DataFrame
    lines: pl.DataFrame
    records: pl.DataFrame
    gene_status: GeneStatus | None


@dataclass(frozen=True)
class TimeZero:
    """Time zero of each patient.

    Attributes
    ----------
    table : patient_id, zero_day
    samples : patient_id, sample_id: the tumour samples known by then, whose findings are predictors
    refused : patient_id, sample_id, reason: samples that came later, and patients without the origin
    words : what time zero is, for a sentence ("alive on ...")
    since : the same as a key of `since` in the catalogue, for the line of page one ("within 24 months of ...")
    assumed : patients whose used samples have no day (taken as known)
    """

    table: pl.DataFrame
    samples: pl.DataFrame
    refused: pl.DataFrame
    words: str
    since: str
    assumed: int


def time_zero(tables: PredictionTables, origin: str, line: int = 1) -> TimeZero:
    """Return time zero and the samples known by then.

    auto: the day the last predictor becomes known - that of the first tumour sample, and where nearly every patient
    has a metastasis (so that the study holds them because of it; or the share the disease names)
    of the first sample of a metastasis, never before the metastasis was found: patients without a metastasis then have
    no time zero and are listed. Without samples the index date. sampling: the last tumour sample. A sample dated
    after the origin is refused and listed.
    """
    study = tables.study
    patients = study["patients"].select("patient_id")
    tumour = tables.profiled.drop_nulls("mutation").select("sample_id", "patient_id")
    samples = (
        tumour.join(study["samples"].select("sample_id", "day", "lesion_id"), on="sample_id", how="left")
        .join(study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
        .sort("patient_id", "day", "sample_id", nulls_last=False)
    )
    found = (
        study["lesions"]
        .filter(pl.col("role").is_in(["metastasis", "local_recurrence"]))
        .group_by("patient_id")
        .agg(pl.col("found_day").min())
    )
    profiled = samples["patient_id"].n_unique()
    spread = found.join(samples.select("patient_id").unique(), on="patient_id", how="semi").height
    design = study.config.design
    share = disease(design).time_zero_metastatic_share if design else INCLUDED_BY_METASTASIS
    by_metastasis = profiled > 0 and spread >= share * profiled
    day, words, since = _origin_days(tables, origin, line, samples, found, by_metastasis)
    table = patients.join(day, on="patient_id", how="left", maintain_order="left")
    missing = table.filter(pl.col("zero_day").is_null())
    table = table.drop_nulls("zero_day")
    known = samples.join(table, on="patient_id", how="inner")
    late = known.filter(pl.col("day") > pl.col("zero_day"))
    used = known.join(late, on="sample_id", how="anti")
    refused = pl.concat(
        [
            late.select(
                "patient_id",
                "sample_id",
                pl.format("sample of day {} is after time zero (day {})", "day", "zero_day").alias("reason"),
            ),
            missing.select(
                "patient_id",
                pl.lit(None, pl.String).alias("sample_id"),
                pl.lit(f"no time zero: {words} not recorded").alias("reason"),
            ),
        ]
    )
    assumed = used.filter(pl.col("day").is_null())["patient_id"].n_unique()
    if origin in ("auto", "sampling") and not samples.is_empty() and samples["day"].null_count() == samples.height:
        words = f"the index date ({study.config.index}; no sample has a day)"
        since = "index"
    return TimeZero(table, used.select("patient_id", "sample_id"), refused, words, since, assumed)


def _origin_days(
    tables: PredictionTables, origin: str, line: int, samples: pl.DataFrame, found: pl.DataFrame, by_metastasis: bool
) -> tuple[pl.DataFrame, str, str]:
    study = tables.study
    everyone = study["patients"].select("patient_id")
    if origin == "surgery":
        rows = study["procedures"].filter(pl.col("kind").str.to_lowercase() == "primary_resection")
        resected = rows.group_by("patient_id").agg(pl.col("day").min().alias("zero_day"))
        return resected, "the day of the resection of the primary", "surgery"
    if origin == "metastasis":
        return found.rename({"found_day": "zero_day"}), "the day the first metastasis was found", "metastasis"
    if origin == "line":
        starts = tables.lines.filter(pl.col("line") == line).group_by("patient_id")
        return starts.agg(pl.col("start_day").min().alias("zero_day")), f"the start of treatment line {line}", "line"
    if origin == "index" or samples.is_empty():
        zero = everyone.with_columns(pl.lit(0, pl.Int64).alias("zero_day"))
        return zero, f"the index date ({study.config.index})", "index"
    first = pl.col("day").fill_null(0)
    if origin == "sampling":
        last = samples.group_by("patient_id").agg(first.max().alias("zero_day"))
        return last, "the day of the last tumour sample", "last_sample"
    if by_metastasis:
        spread = samples.filter(pl.col("role").is_in(["metastasis", "local_recurrence"]))
        others = samples.join(spread.select("patient_id").unique(), on="patient_id", how="anti")
        day = pl.concat([spread, others]).group_by("patient_id").agg(first.min().alias("zero_day"))
        # nobody without a metastasis was ever a patient alive with one
        day = day.join(found, on="patient_id", how="inner").select(
            "patient_id", pl.max_horizontal("zero_day", "found_day").alias("zero_day")
        )
        return day, "the day of the first sample of a metastasis (not before it was found)", "metastasis_sample"
    earliest = samples.group_by("patient_id").agg(first.min().alias("zero_day"))
    return earliest, "the day of the first tumour sample", "first_sample"


def outcome_after(records: pl.DataFrame, zero: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (times from time zero, who has none and why).

    Parameters
    ----------
    records : study-level time-to-event records of one endpoint (`oncourse.derive.clinical.endpoints`)
    zero : patient_id, zero_day

    Returns
    -------
    patient_id, zero_day, time_days (end - zero + 1), entry_days (0: under observation from time zero), is_event;
    and patient_id, sample_id (null), reason.
    """
    joined = zero.join(
        records.select("patient_id", "end_day", "entry_day", "is_event"),
        on="patient_id",
        how="left",
        maintain_order="left",
    ).with_columns(
        time_days("end_day", "zero_day").alias("time_days"),
        entry_days("entry_day", "zero_day").fill_null(0).alias("entry_days"),
    )
    reason = (
        pl.when(pl.col("end_day").is_null())
        .then(pl.lit("no follow-up for the endpoint"))
        .when(pl.col("end_day") < pl.col("zero_day"))
        .then(pl.format("follow-up ends on day {}, before time zero (day {})", "end_day", "zero_day"))
        .when(pl.col("time_days") <= pl.col("entry_days"))
        .then(pl.lit("came under observation only when follow-up ended"))
    )
    judged = joined.with_columns(reason.alias("reason"))
    usable = judged.filter(pl.col("reason").is_null()).select(
        "patient_id", "zero_day", "time_days", "entry_days", "is_event"
    )
    left = judged.filter(pl.col("reason").is_not_null()).select(
        "patient_id", pl.lit(None, pl.String).alias("sample_id"), "reason"
    )
    return usable.sort("patient_id"), left


def gene_matrix(status: GeneStatus, samples: pl.DataFrame, *, min_carriers: int, most: int) -> pl.DataFrame:
    """Return patient_id and one column per gene: 1.0 altered in a used sample, 0.0 looked at and not, null neither.

    Genes altered in at least `min_carriers` patients, at most the `most` frequent (a choice that does not look
    at the outcome), in alphabetical order. A patient without any used sample has no row.
    """
    used = samples["sample_id"].implode()
    hits = status.altered.filter(pl.col("is_altered") & pl.col("sample_id").is_in(used))
    common = (
        hits.group_by("gene")
        .agg(pl.col("patient_id").n_unique().alias("n"))
        .filter(pl.col("n") >= min_carriers)
        .sort(["n", "gene"], descending=[True, False])
        .head(most)
    )
    genes = sorted(common["gene"].to_list())
    base = samples.select("patient_id").unique().sort("patient_id")
    if not genes:
        return base
    state = (
        status.dense(genes)
        .filter(pl.col("sample_id").is_in(used))
        .with_columns(
            pl.col("state")
            .replace_strict({"altered": 1.0, "not_altered": 0.0}, default=None, return_dtype=pl.Float64)
            .alias("x")
        )
        .group_by("patient_id", "gene")
        .agg(pl.col("x").max())
        .pivot(on="gene", index="patient_id", values="x")
    )
    return base.join(
        state.select("patient_id", *(g for g in genes if g in state.columns)),
        on="patient_id",
        how="left",
        maintain_order="left",
    )
