"""Circulating tumour DNA through time: positivity, level, clearance, response; lead over imaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from oncourse.derive.concordance.presence_inputs import tumour_calls, tumour_samples
from oncourse.derive.genes.calls import is_called_expr
from oncourse.facts.material import is_normal
from oncourse.genome.gene_sets import gene_set
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable

ERROR_RATE, ERROR_RATE_UMI = 1e-3, 1e-4


@section("ctdna")
@dataclass(frozen=True)
class CtdnaParams:
    """When plasma counts as positive, cleared, responding; every threshold depends on the assay."""

    alpha: float = setting(0.01, "chance of a false positive per plasma sample", low=1e-6, high=0.2)
    noise_shape: float | None = setting(
        2.0,
        "shape of the spread of error rates between sites (1 = exponential); null: every site as stated",
        low=0.1,
    )
    max_limit: float = setting(
        0.01, "a sample that would miss this tumour fraction in more than 1 of 20 is not assessable when no DNA is seen",
        low=1e-6, high=1,
    )  # fmt: skip
    response_ratio: float = setting(
        0.5,
        "molecular response: allele fraction at most this share of the one before the line",
        low=0,
        high=1,
    )
    progression_ratio: float = setting(
        1.25, "molecular progression: allele fraction at least this multiple of the lowest since", low=1
    )
    baseline_days: int = setting(
        42, "oldest plasma sample before a line that is its baseline, in days", low=0
    )
    error_rate: float = setting(
        ERROR_RATE, "background error of an assay that states none", low=1e-8, high=0.1
    )


#: Columns of the ctDNA table.
SCHEMA = {
    "patient_id": pl.String, "sample_id": pl.String, "day": pl.Int64, "basis": pl.String, "n_tracked": pl.Int64,
    "n_seen": pl.Int64, "alt_reads": pl.Int64, "depth": pl.Int64, "background_reads": pl.Float64,
    "p_value": pl.Float64, "state": pl.String, "vaf": pl.Float64, "vaf_ci_low": pl.Float64, "vaf_ci_high": pl.Float64,
    "detection_limit": pl.Float64, "tumor_fraction": pl.Float64,
}  # fmt: skip


def ctdna_table(study: Study, presence: PresenceTable | None, params: CtdnaParams) -> pl.DataFrame:
    """Return one row per plasma sample.

    Tracked are the somatic variants called in the patient's tissue (basis ``tumour_informed``) that were counted in the
    plasma sample; germline, clonal haematopoiesis and possible clonal haematopoiesis are left out. A patient without
    tissue is ``tumour_naive``: the sample is positive where a somatic variant outside the genes of clonal
    haematopoiesis is called. state: positive / negative / not_assessable (nothing counted, or the detection limit is
    above ``max_limit``). ``vaf`` is the mean allele fraction above background with its exact interval;
    ``detection_limit`` the tumour fraction the sample would show with chance .95.
    """
    samples = tumour_samples(study)
    plasma = samples.filter(pl.col("material") == "plasma")
    if plasma.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    calls = tumour_calls(study, samples)
    apart = _apart(study, presence)
    somatic = pl.col("origin").is_null() | pl.col("origin").is_in(["somatic", "unknown"])
    calls = calls.filter(somatic).join(apart, on=["patient_id", "variant_id"], how="anti")
    tissue = samples.filter(pl.col("material") == "tissue").select("sample_id", "patient_id")
    tracked = (
        calls.filter("called")
        .join(tissue, on="sample_id", how="semi")
        .select("patient_id", "variant_id")
        .unique()
    )
    info = plasma.select(
        "patient_id", "sample_id", "day", pl.col("given_purity").alias("tumor_fraction"),
        pl.coalesce(
            "error_rate",
            pl.when(pl.col("has_umi").fill_null(False)).then(pl.lit(ERROR_RATE_UMI)).otherwise(params.error_rate),
        ).alias("error"),
    )  # fmt: skip
    informed = (
        calls.filter(pl.col("depth") > 0)
        .join(tracked, on=["patient_id", "variant_id"], how="semi")
        .join(info.select("sample_id", "error"), on="sample_id", how="inner")
        .group_by("sample_id")
        .agg(
            n_tracked=pl.len().cast(pl.Int64),
            n_seen=(pl.col("alt_count").fill_null(0) > 0).sum().cast(pl.Int64),
            alt_reads=pl.col("alt_count").fill_null(0).sum(),
            depth=pl.col("depth").sum(),
            # whole numbers are added: the order of the rows leaves no trace
            square=(pl.col("depth") * pl.col("depth")).sum() * pl.col("error").first() ** 2,
        )
    )
    table = info.join(informed, on="sample_id", how="left").join(
        tissue.select("patient_id", pl.lit(True).alias("has_tissue")).unique(), on="patient_id", how="left"
    )
    return _with_states(table, _naive(study, calls, plasma), params)


def _apart(study: Study, presence: PresenceTable | None) -> pl.DataFrame:
    """patient_id, variant_id of germline, blood clones and possible blood clones."""
    schema = {"patient_id": pl.String, "variant_id": pl.String}
    blood = study["samples"].filter(is_normal()).select(
        "sample_id", "patient_id"
    )  # fmt: skip
    rule = pl.lit(None, pl.Int64).alias("min_alt_count"), pl.lit(None, pl.Float64).alias("min_vaf")
    called = (
        study["calls"].join(blood, on="sample_id", how="inner").with_columns(rule).filter(is_called_expr())
    )
    frames = [called.select("patient_id", "variant_id")]
    if presence is not None and presence.cells.height:
        frames.append(presence.cells.filter(pl.col("blood").is_not_null()).select("patient_id", "variant_id"))
    return pl.concat(frames).unique() if frames else pl.DataFrame(schema=schema)


def _naive(study: Study, calls: pl.DataFrame, plasma: pl.DataFrame) -> pl.DataFrame:
    """sample_id, n_called (variants outside the genes of clonal haematopoiesis), called_vaf (the highest)."""
    chip = gene_set("blood clone in plasma alone")
    genes = study["variants"].select("variant_id", "gene")
    mine = calls.filter("called").join(plasma.select("sample_id"), on="sample_id", how="semi")
    mine = mine.join(genes, on="variant_id", how="left").filter(~pl.col("gene").is_in(chip).fill_null(False))
    return mine.group_by("sample_id").agg(
        n_called=pl.len().cast(pl.Int64),
        called_alt=pl.col("alt_count").max(),
        called_depth=pl.col("depth").max(),
    )


def _with_states(table: pl.DataFrame, naive: pl.DataFrame, params: CtdnaParams) -> pl.DataFrame:
    from oncourse.evolution.ctdna import detection_limit, fraction_interval, positivity

    table = table.join(naive, on="sample_id", how="left").sort(
        "patient_id", "day", "sample_id", nulls_last=True
    )
    informed = table["n_tracked"].is_not_null().to_numpy()
    alt = table["alt_reads"].fill_null(0).to_numpy().astype(float)
    depth = table["depth"].fill_null(0).to_numpy()
    error = table["error"].to_numpy()
    shape = np.inf if params.noise_shape is None else params.noise_shape
    found = positivity(
        alt, depth * error, table["square"].fill_null(0.0).to_numpy(), alpha=params.alpha, noise_shape=shape
    )
    limit = detection_limit(depth, error, found.threshold)
    vaf, low, high = fraction_interval(alt, depth, error)
    unseen = np.where(limit <= params.max_limit, "negative", "not_assessable")
    state = np.where(informed, np.where(found.p_value <= params.alpha, "positive", unseen), "not_assessable")
    has_tissue = table["has_tissue"].fill_null(False).to_numpy()
    called = table["n_called"].fill_null(0).to_numpy()
    state = np.where(~has_tissue & (called > 0), "positive", state)

    def known(values: np.ndarray) -> pl.Series:
        return pl.Series(np.where(informed, values, np.nan)).fill_nan(None)

    return table.with_columns(
        basis=pl.Series(np.where(has_tissue, "tumour_informed", "tumour_naive")),
        background_reads=known(found.background), p_value=known(found.p_value), state=pl.Series(state),
        vaf=known(vaf), vaf_ci_low=known(low), vaf_ci_high=known(high), detection_limit=known(limit),
    ).select(pl.col(n).cast(t) for n, t in SCHEMA.items())  # fmt: skip


RESPONSE_SCHEMA = {
    "patient_id": pl.String, "line": pl.Int64, "drugs": pl.String, "start_day": pl.Int64, "baseline_day": pl.Int64,
    "baseline_vaf": pl.Float64, "n_samples": pl.Int64, "lowest_vaf": pl.Float64, "lowest_day": pl.Int64,
    "ratio": pl.Float64, "response": pl.String, "clearance_day": pl.Int64, "is_sustained": pl.Boolean,
    "progression_day": pl.Int64,
}  # fmt: skip


def ctdna_response(ctdna: pl.DataFrame, lines: pl.DataFrame, params: CtdnaParams) -> pl.DataFrame:
    """Return the molecular response of each line with a positive baseline and a later plasma sample.

    Returns
    -------
    `RESPONSE_SCHEMA`; response: ``clearance`` (a later sample is negative), ``molecular_response`` (the lowest later
    allele fraction is at most ``response_ratio`` of the baseline), ``no_response``. ``is_sustained``: no positive sample
    follows the clearance within the line (null without one). ``progression_day``: first sample at or above
    ``progression_ratio`` times the lowest so far, or positive after clearance.
    """
    if ctdna.is_empty() or lines.is_empty():
        return pl.DataFrame(schema=RESPONSE_SCHEMA)
    by_patient: dict[str, list[tuple[int, str, float | None]]] = {}
    for patient, day, state, vaf in (
        ctdna.drop_nulls("day")
        .sort("day", "sample_id")
        .select("patient_id", "day", "state", "vaf")
        .iter_rows()
    ):
        by_patient.setdefault(patient, []).append((day, state, vaf))
    rows = []
    for line in lines.sort("patient_id", "start_day").iter_rows(named=True):
        row = _line_response(by_patient.get(line["patient_id"], []), line, params)
        if row is not None:
            rows.append(row)
    return pl.DataFrame(rows, schema=RESPONSE_SCHEMA, orient="row")


def _line_response(
    samples: list[tuple[int, str, float | None]], line: dict[str, Any], params: CtdnaParams
) -> tuple[Any, ...] | None:
    start, end = line["start_day"], line["next_start_day"]
    before = [s for s in samples if start - params.baseline_days <= s[0] <= start and s[1] == "positive"]
    after = [s for s in samples if s[0] > start and (end is None or s[0] < end) and s[1] != "not_assessable"]
    if not before or not after:
        return None
    base_day, _, base = before[-1]
    lowest, lowest_day, cleared, progression = np.inf, None, None, None
    sustained: bool | None = None
    for day, state, vaf in after:
        level = 0.0 if state == "negative" else vaf
        if state == "negative" and cleared is None:
            cleared, sustained = day, True
        elif state == "positive" and cleared is not None:
            sustained = False
            progression = day if progression is None else progression
        if level is None:
            continue
        reference = min(lowest, base if base is not None else np.inf)
        rises = np.isfinite(reference) and level > 0 and level >= params.progression_ratio * reference
        if progression is None and rises:
            progression = day
        if level < lowest:
            lowest, lowest_day = level, day
    ratio = lowest / base if base and np.isfinite(lowest) else None
    response = "clearance" if cleared is not None else "no_response"
    if cleared is None and ratio is not None and ratio <= params.response_ratio:
        response = "molecular_response"
    return (
        line["patient_id"], line["line"], line["drugs"], start, base_day, base, len(after),
        lowest if np.isfinite(lowest) else None, lowest_day, ratio, response, cleared, sustained, progression,
    )  # fmt: skip


LEAD_SCHEMA = {
    "patient_id": pl.String, "ctdna_after_day": pl.Int64, "ctdna_by_day": pl.Int64, "imaging_after_day": pl.Int64,
    "imaging_by_day": pl.Int64, "lead_low_days": pl.Float64, "lead_high_days": pl.Float64, "kind": pl.String,
    "setting": pl.String, "line": pl.Int64,
}  # fmt: skip


def lead_times(ctdna: pl.DataFrame, origin: pl.DataFrame, follow_up: pl.DataFrame) -> pl.DataFrame:
    """Return the lead of ctDNA over imaging of each patient as an interval (days; negative: imaging was first).

    Parameters
    ----------
    ctdna : `ctdna_table`
    origin : patient_id, origin_day: the operation after which both are watched
    follow_up : the study's table: recurrence_day, recurrence_free_day, last_contact_day

    Returns
    -------
    `LEAD_SCHEMA` with setting ``after_resection``: patients with at least one assessable plasma sample after the origin
    and with a recurrence on imaging or ctDNA that turned positive. ctDNA turned in (last negative before the first
    positive, first positive]; one that never did turned after its last sample. Imaging turned in (last day free, day
    seen]; one that never did turned after the last day free. The lead lies between the extremes of the difference;
    kind: both, ctdna_never, imaging_never. The lead on treatment is in `oncourse.derive.care.lead`.
    """
    states = ctdna.filter(pl.col("state") != "not_assessable").drop_nulls("day")
    after = states.join(origin, on="patient_id", how="inner").filter(pl.col("day") > pl.col("origin_day"))
    seen = pl.col("state") == "positive"
    first = pl.col("day").filter(seen).min()
    turn = after.group_by("patient_id").agg(
        first.alias("ctdna_by_day"),
        pl.col("day").filter(~seen & (pl.col("day") < first)).max().alias("negative_before"),
        pl.col("day").max().alias("last_sample"),
        pl.col("origin_day").first(),
    )
    imaging = follow_up.select("patient_id", "recurrence_day", "recurrence_free_day", "last_contact_day")
    free = pl.coalesce(
        "recurrence_free_day", pl.when(pl.col("recurrence_day").is_null()).then("last_contact_day")
    )
    rows = turn.join(imaging, on="patient_id", how="inner").filter(
        pl.col("ctdna_by_day").is_not_null() | pl.col("recurrence_day").is_not_null()
    )
    # a recurrence before the first plasma sample says nothing of which came first
    rows = rows.with_columns(
        ctdna_after_day=pl.when(pl.col("ctdna_by_day").is_null()).then("last_sample")
        .otherwise(pl.coalesce("negative_before", "origin_day")),
        imaging_by_day=pl.col("recurrence_day"),
        imaging_after_day=pl.coalesce(free, "origin_day"),
    ).with_columns(imaging_after_day=pl.min_horizontal("imaging_after_day", pl.col("imaging_by_day") - 1))  # fmt: skip
    low = pl.when(pl.col("ctdna_by_day").is_null()).then(float("-inf")).otherwise(
        (pl.col("imaging_after_day") - pl.col("ctdna_by_day")).cast(pl.Float64)
    )  # fmt: skip
    high = pl.when(pl.col("imaging_by_day").is_null()).then(float("inf")).otherwise(
        (pl.col("imaging_by_day") - pl.col("ctdna_after_day")).cast(pl.Float64)
    )  # fmt: skip
    kind = (
        pl.when(pl.col("ctdna_by_day").is_null()).then(pl.lit("ctdna_never"))
        .when(pl.col("imaging_by_day").is_null()).then(pl.lit("imaging_never")).otherwise(pl.lit("both"))
    )  # fmt: skip
    return (
        rows.with_columns(
            lead_low_days=low,
            lead_high_days=high,
            kind=kind,
            setting=pl.lit("after_resection"),
            line=pl.lit(None),
        )
        .filter(pl.col("lead_low_days") < pl.col("lead_high_days"))
        .select(pl.col(n).cast(t) for n, t in LEAD_SCHEMA.items())
        .sort("patient_id")
    )
