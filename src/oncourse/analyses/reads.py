"""Quality of the sequencing: what each sample could have shown, foreign DNA, and why variant reads were not called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, cannot
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.errors import NotEnoughData
from oncourse.study.frames import optional
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said

#: The marker under which `oncourse reads` writes that a patient was stopped, and why.
IDENTITY = "sample identity"
_MEASURED = (
    "mean_depth",
    "duplicate_share",
    "insert_median",
    "share_100x",
    "contamination",
    "tumor_in_normal",
    "detection_limit",
    "purity",
    "purity_ci_low",
    "purity_ci_high",
    "ploidy",
    "tumor_fraction",
    "tumor_fraction_ci_low",
    "tumor_fraction_ci_high",
)
QUALITY = OutputTable(
    "reads/quality",
    "one row per sequenced sample; null = not measured",
    (
        Column("patient_id", pl.String, "the patient"),
        Column("sample_id", pl.String, "the sample"),
        Column("material", pl.String, "what was sequenced"),
        Column("mean_depth", pl.Float64, "mean fragments over a target base", unit="fragments"),
        Column("duplicate_share", pl.Float64, "share of reads that are copies of another", unit="fraction"),
        Column("insert_median", pl.Float64, "median length of the fragments", unit="bases"),
        Column("share_100x", pl.Float64, "target bases with at least 100 fragments", unit="fraction"),
        Column("contamination", pl.Float64, "share of DNA of another person; null = not assessable", unit="fraction"),
        Column(
            "tumor_in_normal",
            pl.Float64,
            "share of the patient's tumour in its normal; null = not a normal, or fewer than eight mutations",
            unit="fraction",
        ),
        Column("detection_limit", pl.Float64, "smallest allele fraction found with chance 0.95", unit="fraction"),
        Column("purity", pl.Float64, "tumour cell fraction; null = not known", unit="fraction"),
        Column("purity_ci_low", pl.Float64, "lower 95 % limit; null = not fitted from the reads", unit="fraction"),
        Column("purity_ci_high", pl.Float64, "upper 95 % limit; null = not fitted from the reads", unit="fraction"),
        Column("ploidy", pl.Float64, "mean copies per tumour cell; null = not known", unit="copies"),
        Column("tumor_fraction", pl.Float64, "tumour DNA in plasma; null = not known", unit="fraction"),
        Column("tumor_fraction_ci_low", pl.Float64, "lower 95 % limit; null = not from the reads", unit="fraction"),
        Column("tumor_fraction_ci_high", pl.Float64, "upper 95 % limit; null = not from the reads", unit="fraction"),
        Column("remark", pl.String, "what to look at; null = nothing"),
    ),
)
STOPPED = OutputTable(
    "reads/stopped",
    "patients whose samples are not in the tables, because they are not of one person",
    (Column("patient_id", pl.String, "the patient"), Column("reason", pl.String, "what contradicts")),
)
TAGS = OutputTable(
    "reads/tags",
    "why sites that showed the variant were not called, by sample",
    (
        Column("sample_id", pl.String, "the sample"),
        Column("tag", pl.String, "the reason, as the filter column of calls has it"),
        Column("n", pl.Int64, "sites with variant fragments and this tag"),
    ),
)


@section("reads")
@dataclass(frozen=True)
class ReadsParams:
    """From which values a sample is remarked on."""

    contamination_warning: float = setting(0.02, "share of foreign DNA that is remarked on (own choice)", low=0)
    contamination_failure: float = setting(0.10, "share of foreign DNA that is called a failure (as PURPLE)", low=0)
    lowest_depth: float = setting(50, "mean depth below which a sample is remarked on (own choice)", low=0)


@analysis(
    title="Quality and identity of the sequencing",
    question="What could each sample have shown, and is it the patient's own?",
    needs=("samples",),
    params=ReadsParams,
    tables=(QUALITY, STOPPED, TAGS),
    order=15,
    sets_apart=False,
)
def reads(cohort: Cohort, params: ReadsParams) -> Result:
    """Depth, duplicates, contamination and detection limit per sample; patients stopped by a swap; tags of calls."""
    samples = _measured(cohort)
    stopped = _stopped(cohort)
    if samples.is_empty() and stopped.is_empty():
        raise NotEnoughData("The quality of the reads is not recorded (`oncourse reads` writes it).")
    rows = samples.with_columns(_remark(params).alias("remark"))
    limits = rows["detection_limit"].drop_nulls().to_numpy()
    foreign = rows["contamination"].drop_nulls()
    estimates = (
        Estimate("samples", rows.height, unit="count"),
        Estimate("stopped", stopped.height, unit="count"),
        Estimate(
            "detection_limit",
            float(np.median(limits)) if len(limits) else None,
            n=len(limits),
            unit="fraction",
            method="median of the samples",
        ),
        Estimate("contaminated", int((foreign >= params.contamination_warning).sum()), n=len(foreign), unit="count"),
        Estimate("shallow", int((rows["mean_depth"] < params.lowest_depth).sum()), n=rows.height, unit="count"),
    )
    return Result(
        answer="The median sample shows mutations from {detection_limit} of its fragments on; {contaminated} hold "
        "foreign "
        "DNA; {stopped:value} patients were stopped because their samples are not of one person.",
        headline=_headline(estimates),
        estimates=estimates,
        tables={
            QUALITY.name: QUALITY.frame(rows),
            STOPPED.name: STOPPED.frame(stopped),
            TAGS.name: TAGS.frame(_tags(cohort)),
        },
        people=counted(
            "sequenced",
            cohort.study["patients"]["patient_id"],
            rows["patient_id"].unique().to_list(),
            list(stopped.iter_rows()),
            rest="no reads of this patient were measured",
        ),
        notes=(
            "Contamination is estimated at places where people of this study differ; without such places it is not "
            "assessable.",
        ),
        methods=(
            "The detection limit is the smallest allele fraction that a base of median depth shows with chance 0.95, "
            "at the "
            "threshold of a call among all target bases and the background error of the sample itself.",
        ),
    )


def _measured(cohort: Cohort) -> pl.DataFrame:
    """Return the samples with any figure that only reads give."""
    frame = cohort.study["samples"]
    frame = frame.with_columns(optional(frame, c, pl.Float64).cast(pl.Float64) for c in _MEASURED)
    is_measured = pl.any_horizontal(pl.col("duplicate_share", "insert_median", "detection_limit").is_not_null())
    return frame.filter(is_measured).sort("patient_id", "sample_id")


def _stopped(cohort: Cohort) -> pl.DataFrame:
    schema = {"patient_id": pl.String, "reason": pl.String}
    if not cohort.study.has("markers"):
        return pl.DataFrame(schema=schema)
    rows = cohort.study["markers"].filter(pl.col("marker") == IDENTITY)
    return rows.select("patient_id", pl.col("value").alias("reason")).unique().sort("patient_id", "reason")


def _remark(params: ReadsParams) -> pl.Expr:
    foreign = pl.col("contamination")
    parts = (
        pl.when(foreign >= params.contamination_failure)
        .then(pl.lit("foreign DNA: not to be used"))
        .when(foreign >= params.contamination_warning)
        .then(pl.lit("foreign DNA")),
        pl.when(pl.col("tumor_in_normal") > 0).then(pl.lit("tumour DNA in the normal")),
        pl.when(pl.col("mean_depth") < params.lowest_depth).then(pl.lit("shallow")),
        pl.when(pl.col("duplicate_share") > 0.5).then(pl.lit("more than half of the reads are copies")),
    )
    return pl.concat_str(parts, separator="; ", ignore_nulls=True).replace("", None)


def _tags(cohort: Cohort) -> pl.DataFrame:
    calls = cohort.study["calls"] if cohort.study.has("calls") else TAGS.frame()
    if "filter" not in calls.columns:
        return TAGS.frame()
    seen = calls.filter(
        (pl.col("alt_count") > 0) & pl.col("filter").is_not_null() & ~pl.col("filter").is_in(["", "PASS"])
    )
    rows = seen.select("sample_id", pl.col("filter").str.split(";").alias("tag")).explode("tag")
    return rows.group_by("sample_id", "tag").agg(pl.len().cast(pl.Int64).alias("n")).sort("sample_id", "n", "tag")


def _headline(estimates: tuple[Estimate, ...]) -> Headline:
    by = {e.name: e for e in estimates}
    n, stopped = int(by["samples"].value or 0), int(by["stopped"].value or 0)
    if stopped:
        text = said("headline.reads.stopped", n=stopped, samples=n)
        return Headline(text, "uncertain", said("reason.counted"), "stopped")
    if by["detection_limit"].value is None:
        return cannot(said("headline.reads.none", samples=n), said("reason.not_recorded"), "samples")
    text = said("headline.reads.limit", samples=by["detection_limit"].n, limit=by["detection_limit"])
    return Headline(text, "answered", said("reason.counted"), "detection_limit")
