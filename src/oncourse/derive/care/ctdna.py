"""ctDNA-positive, defined once: every plasma sample (and recorded result), what speaks for tumour DNA in it, and how
much.

Everything that asks whether plasma holds tumour DNA - monitoring, recurrence, statuses, tissue against blood,
therapy rules, the patient page - asks this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from oncourse.derive.care.background import ERROR_RATE, Expected, expected_errors
from oncourse.derive.concordance.informative import MIN_ALTERED_MB
from oncourse.derive.concordance.presence_inputs import tumour_calls, tumour_samples
from oncourse.facts.called import is_called_expr
from oncourse.facts.markers import CTDNA, NEGATIVE, POSITIVE
from oncourse.facts.material import is_normal
from oncourse.facts.tumour_fraction import SHOWS_TUMOUR
from oncourse.genome.gene_sets import gene_set
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable
    from oncourse.evolution.ctdna import Detection

UNKNOWN = "not_assessable"
#: The witness that is a laboratory's own result.
RECORDED = "recorded result"
#: Chance, over all tracked variants of a sample, that background alone makes one of them stand out.
SINGLE_ALPHA = 1e-4


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
    error_factor: float = setting(
        3.0, "where the background cannot be learned from the study, how many times the stated error it may be", low=1
    )
    max_limit: float = setting(
        0.01,
        "a sample that would miss this tumour fraction in more than 1 of 20 is not assessable when no DNA is seen",
        low=1e-6,
        high=1,
    )
    response_ratio: float = setting(
        0.5,
        "molecular response: a true level of at most this share of the one before the line",
        low=0,
        high=1,
    )
    progression_ratio: float = setting(
        1.25, "molecular progression: a true level of at least this multiple of the lowest since", low=1
    )
    min_probability: float = setting(
        0.95, "posterior probability from which a change of the stated size is said", low=0.5, high=0.9999
    )
    biological_cv: float = setting(
        0.25,
        "variation between samples of an unchanged tumour, where repeated samples of the study do not tell",
        low=0,
        high=2,
        source="prior, written from memory of repeated draws of cell-free DNA; not from one source",
    )
    repeat_days: int = setting(
        7, "samples of a patient so near each other repeat each other: they tell the biological variation", low=0
    )
    baseline_days: int = setting(42, "oldest plasma sample before a line that is its baseline, in days", low=0)
    error_rate: float = setting(ERROR_RATE, "background error of an assay that states none", low=1e-8, high=0.1)


#: Said of a recorded tumour fraction below `SHOWS_TUMOUR`.
FAINT = "a recorded tumour fraction of {} % alone: below 3 % it cannot be told from none"

#: Columns of the ctDNA table.
SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "day": pl.Int64,
    "basis": pl.String,
    "witnesses": pl.String,
    "n_tracked": pl.Int64,
    "n_seen": pl.Int64,
    "alt_reads": pl.Int64,
    "depth": pl.Int64,
    "background_reads": pl.Float64,
    "background": pl.String,
    "error_ratio": pl.Float64,
    "p_value": pl.Float64,
    "state": pl.String,
    "reason": pl.String,
    "vaf": pl.Float64,
    "vaf_ci_low": pl.Float64,
    "vaf_ci_high": pl.Float64,
    "detection_limit": pl.Float64,
    "tumor_fraction": pl.Float64,
}


def ctdna_table(
    study: Study, presence: PresenceTable | None, readings: pl.DataFrame, params: CtdnaParams
) -> pl.DataFrame:
    """Return one row per plasma sample, and per recorded ctDNA result that names no sample of the study (`SCHEMA`).

    A sample is ``positive`` where any witness is, ``negative`` where one is and none is positive, else
    ``not_assessable`` with the reason. Witnesses:

    - reads: those of all tracked variants - somatic, called in the patient's tissue, neither germline nor of
    (possible) blood
      clones - against the background (`oncourse.derive.care.background`), together or one that stands out; negative
      only where a tumour fraction of ``max_limit`` would have been seen with chance .95
    - called variant: a somatic variant that is not tracked, outside the genes of clonal haematopoiesis (positive only)
    - tumour fraction as recorded: `SHOWS_TUMOUR` or more, or zero (between them it tells nothing); result as
      recorded (`oncourse.facts.markers`, CTDNA)
    - copy number: segments altered over `MIN_ALTERED_MB` (positive only)

    ``basis``: tumour_informed where the patient has tissue, tumour_naive without, recorded without a sample. ``vaf``
    is the mean allele fraction above background, its interval that of variants with fractions of their own
    (`oncourse.evolution.ctdna.spread_interval`); ``detection_limit`` the tumour fraction seen with chance .95.
    """
    samples = tumour_samples(study)
    plasma = samples.filter(pl.col("material") == "plasma")
    if plasma.is_empty() and not (readings["marker"] == CTDNA).any():
        return pl.DataFrame(schema=SCHEMA)
    apart = _apart(study, presence)
    calls = tumour_calls(study, samples)
    somatic = pl.col("origin").is_null() | pl.col("origin").is_in(["somatic", "unknown"])
    calls = calls.filter(somatic).join(apart, on=["patient_id", "variant_id"], how="anti")
    tissue = samples.filter(pl.col("material") == "tissue").select("sample_id", "patient_id")
    in_tissue = calls.filter("called").join(tissue, on="sample_id", how="semi")
    tracked = in_tissue.select("patient_id", "variant_id").unique()
    rows = calls.filter((pl.col("depth") > 0) & pl.col("alt_count").is_not_null()).join(
        plasma.select("sample_id", "assay_id"), on="sample_id", how="inner"
    )
    rows = rows.join(tracked, on=["patient_id", "variant_id"], how="semi").sort("sample_id", "variant_id")
    expected = expected_errors(study, samples, calls, apart, rows, params.error_rate, params.noise_shape)
    table = plasma.select(
        "patient_id", "sample_id", "day", pl.col("given_purity").alias("tumor_fraction"), "altered_mb"
    )
    table = table.join(_reads(rows, expected, params), on="sample_id", how="left")
    table = table.join(_called(study, calls, plasma, tracked), on="sample_id", how="left")
    table = table.with_columns(
        basis=pl.when(pl.col("patient_id").is_in(tissue["patient_id"].unique().implode()))
        .then(pl.lit("tumour_informed"))
        .otherwise(pl.lit("tumour_naive"))
    )
    return _with_states(_with_recorded(table, readings))


def _apart(study: Study, presence: PresenceTable | None) -> pl.DataFrame:
    """patient_id, variant_id of germline, blood clones and possible blood clones."""
    blood = study["samples"].lazy().filter(is_normal()).select("sample_id", "patient_id")
    rule = pl.lit(None, pl.Int64).alias("min_alt_count"), pl.lit(None, pl.Float64).alias("min_vaf")
    called = study["calls"].lazy().join(blood, on="sample_id", how="inner").with_columns(rule).filter(is_called_expr())
    frames = [called.select("patient_id", "variant_id")]
    if presence is not None and presence.cells.height:
        frames.append(presence.cells.lazy().filter(pl.col("blood").is_not_null()).select("patient_id", "variant_id"))
    return pl.concat(frames).unique().collect(engine="in-memory")


def _called(study: Study, calls: pl.DataFrame, plasma: pl.DataFrame, tracked: pl.DataFrame) -> pl.DataFrame:
    """sample_id, n_called: called variants of plasma that are not tracked, outside the genes of clonal haematopoiesis.

    A tracked variant that was called without counts says as much: there are no reads to ask.
    """
    chip = gene_set("blood clone in plasma alone")
    genes = study["variants"].lazy().select("variant_id", "gene")
    mine = calls.lazy().filter("called").join(plasma.lazy().select("sample_id"), on="sample_id", how="semi")
    followed = tracked.lazy()
    known = mine.join(followed, on=["patient_id", "variant_id"], how="semi").filter(pl.col("alt_count").is_null())
    other = mine.join(followed, on=["patient_id", "variant_id"], how="anti").join(genes, on="variant_id", how="left")
    other = other.filter(~pl.col("gene").is_in(chip).fill_null(False))
    both = pl.concat([known.select("sample_id"), other.select("sample_id")])
    return both.group_by("sample_id").agg(n_called=pl.len().cast(pl.Int64)).collect(engine="in-memory")


def _reads(rows: pl.DataFrame, expected: Expected, params: CtdnaParams) -> pl.DataFrame:
    """Return what the tracked variants of each sample say: counts, test, level, `reads` (state) and `why`."""
    floor = _common_level(rows, expected, params)
    assays = rows["assay_id"].fill_null("").to_list()
    totals = [_Total.of(part, expected, floor[assays[part[1].start]]) for part in _parts(rows)]
    return pl.DataFrame(_of_samples(totals, expected, params), schema=_READS)


#: Patients from which a level that plasma of an assay has in common is taken for background; ratio of upper to lower
#: quartile up to which all of them have it; multiple of the stated error above which it is tumour DNA. Choices.
COMMON_FROM, COMMON_SPREAD, COMMON_MOST = 8, 2.0, 20.0


def _common_level(rows: pl.DataFrame, expected: Expected, params: CtdnaParams) -> dict[str, float]:
    """Return per assay how many times the stated error the background may be, where no other site tells.

    Tumour DNA differs between patients by orders of magnitude, background hardly: the level at which most plasma lies
    (the median where all are alike, else the lower quartile, of the lowest sample of each patient) may be background.
    """
    table = rows.select("assay_id", "patient_id", "sample_id").with_columns(
        pl.col("assay_id").fill_null(""),
        alt=pl.Series(expected.alt),
        told=pl.Series(expected.told * expected.depth),
        learned=pl.Series(expected.is_learned),
    )
    level = (
        table.filter(~pl.col("learned"))
        .group_by("assay_id", "patient_id", "sample_id")
        .agg(pl.col("alt", "told").sum())
        .with_columns(ratio=pl.col("alt") / pl.col("told"))
        .group_by("assay_id", "patient_id")
        .agg(pl.col("ratio").min())
    )
    out = dict.fromkeys(table["assay_id"].unique().to_list(), params.error_factor)
    for (assay,), part in level.group_by("assay_id", maintain_order=True):
        low, middle, high = (float(part["ratio"].quantile(q, "linear") or 0.0) for q in (0.25, 0.5, 0.75))
        common = middle if high <= COMMON_SPREAD * low else low
        if part.height >= COMMON_FROM and common <= COMMON_MOST:
            out[str(assay)] = max(params.error_factor, common)
    return out


_READS = {
    "sample_id": pl.String,
    "n_tracked": pl.Int64,
    "n_seen": pl.Int64,
    "alt_reads": pl.Int64,
    "depth": pl.Int64,
    "background_reads": pl.Float64,
    "background": pl.String,
    "error_ratio": pl.Float64,
    "p_value": pl.Float64,
    "vaf": pl.Float64,
    "vaf_ci_low": pl.Float64,
    "vaf_ci_high": pl.Float64,
    "detection_limit": pl.Float64,
    "reads": pl.String,
    "why": pl.String,
}


def _parts(rows: pl.DataFrame) -> list[tuple[str, slice]]:
    """(sample, its rows) of rows sorted by sample."""
    runs = rows.with_row_index("at").group_by("sample_id", maintain_order=True).agg(pl.col("at").first(), n=pl.len())
    return [(name, slice(at, at + n)) for name, at, n in runs.iter_rows()]


class _Total(NamedTuple):
    """What one sample's tracked variants have in common: its rows, what errors make of each of them, the sums."""

    name: str
    at: slice
    is_learned: bool
    mean: np.ndarray
    error: np.ndarray
    stated: np.ndarray
    shape: float
    uncertainty: float

    @classmethod
    def of(cls, part: tuple[str, slice], expected: Expected, factor: float) -> _Total:
        name, at = part
        depth, told, is_learned = expected.depth[at], expected.told[at], bool(expected.is_learned[at][0])
        # where the study cannot tell, the stated error may be several times too low
        mean = expected.learned[at] if is_learned else factor * told * depth
        error = expected.learned[at] / depth if is_learned else told
        uncertainty = expected.uncertainty[at][0] if is_learned else 0.0
        return cls(name, at, is_learned, mean, error, told * depth, expected.shape[at][0], uncertainty)


def _of_samples(totals: list[_Total], expected: Expected, params: CtdnaParams) -> list[dict[str, Any]]:
    """Return `_READS` of each sample; what asks all samples one question asks them at once."""
    from oncourse.evolution.ctdna import detection_limit, positivity, single_sites, spread_interval

    if not totals:
        return []
    alts, depths = ([x[t.at] for t in totals] for x in (expected.alt, expected.depth))
    total, n = (np.array([float(x.sum()) for x in each]) for each in (alts, depths))
    shape, uncertainty = np.array([t.shape for t in totals]), np.array([t.uncertainty for t in totals])

    def test(means: list[np.ndarray], uncertainty: np.ndarray | float) -> Detection:
        both = [m.sum() for m in means], [(m**2).sum() for m in means]
        return positivity(total, *both, alpha=params.alpha, noise_shape=shape, uncertainty=uncertainty)

    found = test([t.mean for t in totals], uncertainty)
    above_stated = test([t.stated for t in totals], 0.0).p_value <= params.alpha
    size = np.array([len(x) for x in alts])
    sites = single_sites(
        np.concatenate(alts),
        np.concatenate([t.mean for t in totals]),
        noise_shape=np.repeat(shape, size),
        uncertainty=np.repeat(uncertainty, size),
    )
    single = size * np.minimum.reduceat(sites, np.cumsum(size) - size)
    rate = np.array([float((t.error * d).sum()) for t, d in zip(totals, depths, strict=True)]) / n
    limits = detection_limit(n, rate, found.threshold)
    out = []
    for i, (t, alt, depth) in enumerate(zip(totals, alts, depths, strict=True)):
        p_value, limit = float(found.p_value[i]), float(limits[i])
        vaf, low, high = spread_interval(alt, depth, t.error)
        state, why = _verdict(p_value, float(single[i]), limit, params)
        if state == NEGATIVE and not t.is_learned and above_stated[i]:
            state, why = (
                UNKNOWN,
                "background not known: more reads than the stated error makes, not more than it may be",
            )
        row = {
            "sample_id": t.name,
            "n_tracked": len(alt),
            "n_seen": int((alt > 0).sum()),
            "alt_reads": int(total[i]),
            "depth": int(n[i]),
            "background_reads": float(rate[i] * n[i]),
            "background": "learned" if t.is_learned else "not known",
            "error_ratio": float(t.mean.sum() / t.stated.sum()) if t.is_learned else None,
            "p_value": p_value,
            "vaf": vaf,
            "vaf_ci_low": low,
            "vaf_ci_high": high,
            "detection_limit": None if np.isnan(limit) else limit,
            "reads": state,
            "why": why,
        }
        out.append(row)
    return out


def _verdict(p_value: float, single: float, limit: float, params: CtdnaParams) -> tuple[str, str | None]:
    if p_value <= params.alpha or single <= SINGLE_ALPHA:
        return POSITIVE, None
    if limit <= params.max_limit:
        return NEGATIVE, None
    return UNKNOWN, "too shallow: a tumour fraction that matters would be missed"


def _with_recorded(table: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Add `recorded` (positive/negative), and rows of recorded results that name no plasma sample of the study."""
    mine = readings.filter((pl.col("marker") == CTDNA) & pl.col("state").is_in([POSITIVE, NEGATIVE]))
    mine = mine.select("patient_id", "sample_id", "day", pl.col("state").alias("recorded"))
    worst = pl.when((pl.col("recorded") == POSITIVE).any()).then(pl.lit(POSITIVE)).otherwise(pl.lit(NEGATIVE))
    named = mine.join(table.select("sample_id"), on="sample_id", how="semi")
    loose = mine.join(table.select("sample_id"), on="sample_id", how="anti").drop("sample_id")
    of_day = table.drop_nulls("day").unique(["patient_id", "day"], keep="first", maintain_order=True)
    same = loose.join(of_day.select("patient_id", "day", "sample_id"), on=["patient_id", "day"], how="inner")
    per = pl.concat([named.select("sample_id", "recorded"), same.select("sample_id", "recorded")])
    per = per.group_by("sample_id").agg(recorded=worst)
    alone = loose.join(same.select("patient_id", "day"), on=["patient_id", "day"], how="anti")
    alone = alone.group_by("patient_id", "day").agg(recorded=worst).with_columns(basis=pl.lit("recorded"))
    return pl.concat([table.join(per, on="sample_id", how="left"), alone], how="diagonal_relaxed")


#: Witness -> its state; the first that is positive (else negative) is named first.
_WITNESSES: tuple[tuple[str, pl.Expr], ...] = (
    ("reads", pl.col("reads")),
    (RECORDED, pl.col("recorded")),
    (
        "recorded tumour fraction",
        pl.when(pl.col("tumor_fraction") >= SHOWS_TUMOUR)
        .then(pl.lit(POSITIVE))
        .when(pl.col("tumor_fraction") == 0)
        .then(pl.lit(NEGATIVE)),
    ),
    ("called variant", pl.when(pl.col("n_called") > 0).then(pl.lit(POSITIVE))),
    ("copy number", pl.when(pl.col("altered_mb") >= MIN_ALTERED_MB).then(pl.lit(POSITIVE))),
)


def _with_states(table: pl.DataFrame) -> pl.DataFrame:
    states = [state.alias(name) for name, state in _WITNESSES]
    table = table.with_columns(*states)
    names = [name for name, _ in _WITNESSES]
    yes = pl.any_horizontal((pl.col(n) == POSITIVE).fill_null(False) for n in names)
    no = pl.any_horizontal((pl.col(n) == NEGATIVE).fill_null(False) for n in names)
    said = [
        pl.when(pl.col(n).is_in([POSITIVE, NEGATIVE])).then(pl.format("{}: {}", pl.lit(n), pl.col(n))) for n in names
    ]
    state = pl.when(yes).then(pl.lit(POSITIVE)).when(no).then(pl.lit(NEGATIVE)).otherwise(pl.lit(UNKNOWN))
    faint = pl.col("tumor_fraction").is_between(0, SHOWS_TUMOUR, closed="none")
    percent = (pl.col("tumor_fraction") * 100).round_sig_figs(2)
    nothing = pl.lit("no tracked variant was counted, and nothing else tells of tumour DNA")
    why = pl.coalesce("why", pl.when(faint).then(pl.format(FAINT, percent)), nothing)
    return (
        table.with_columns(state=state, witnesses=pl.concat_str(said, separator="; ", ignore_nulls=True))
        .with_columns(reason=pl.when(pl.col("state") == UNKNOWN).then(why))
        .select(pl.col(n).cast(t) for n, t in SCHEMA.items())
        .sort("patient_id", "day", "sample_id", nulls_last=True)
    )


def plasma_states(ctdna: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, sample_id, day, has_tumour of every plasma sample: whether it is ctDNA-positive."""
    return ctdna.drop_nulls("sample_id").select(
        "patient_id", "sample_id", "day", has_tumour=pl.col("state") == POSITIVE
    )
