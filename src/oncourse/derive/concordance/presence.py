"""Presence of each variant in each tumour sample of its patient: present, absent or not assessable, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.blood_origin import set_apart, with_blood
from oncourse.derive.concordance.places import with_errors_of_places
from oncourse.derive.concordance.presence_inputs import (
    complete_cells,
    error_rates,
    tumour_calls,
    tumour_samples,
    with_blocks,
)
from oncourse.derive.genes.panels import Panels
from oncourse.facts.inborn import GERMLINE_VAF
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.evolution.background import Background
    from oncourse.evolution.presence import Presence

#: Background error of an assay that states none: per read and base, without and with molecular identifiers.
ERROR_RATE, ERROR_RATE_UMI = 1e-3, 1e-4
#: Depth at which a bare call is weighed where none is known.
USUAL_DEPTH = 100.0


@section("presence")
@dataclass(frozen=True)
class PresenceParams:
    """How presence is judged."""

    min_ccf: float = setting(0.05, "least cancer cell fraction that counts as present", low=0.001, high=0.5)
    min_probability: float = setting(0.95, "least posterior probability of `present`", low=0.5, high=0.999)
    max_probability: float = setting(
        0.30, "highest posterior probability of `absent`, which asks for power besides", low=0, high=0.5
    )
    sizeable_ccf: float = setting(0.30, "cancer cell fraction from which a missed clone would matter", low=0.01, high=1)
    max_sizeable: float = setting(
        0.05,
        "highest posterior probability, for `absent`, that it is there at sizeable_ccf or more (down to .6 of it in a "
        "sample whose reads spread more than assumed); in one whose reads spread three times as much also the highest "
        "chance of so few reads were it there at sizeable_ccf",
        low=0,
        high=0.5,
    )
    prior: float | None = setting(
        None,
        "prior share present of variants seen elsewhere; null: learned per sample",
        low=0.001,
        high=0.999,
    )
    prior_strength: float = setting(10.0, "weight of the study in a sample's prior, in variants", low=0)
    call_ppv: float = setting(0.95, "share of calls made in one sample alone taken as real", low=0.5, high=0.9999)
    concentration: float = setting(
        200.0, "beta-binomial concentration of variant reads", low=5, source="Roth 2014, Nat Methods 11:396"
    )
    noise_shape: float = setting(2.0, "shape of the spread of error rates between sites (1 = exponential)", low=0.1)
    error_rate: float = setting(ERROR_RATE, "background error of an assay that states none", low=1e-7, high=0.1)
    germline_vaf: float = setting(
        GERMLINE_VAF,
        "least fraction in the matched normal of a germline variant",
        low=0.05,
        high=0.5,
        source="Clin Cancer Res 2024, CCR-24-3335",
    )
    unknown_depth: str = setting(
        "assume",
        "not called where neither reads nor a mean depth are known: absent (assumed), or not assessable",
        choices=("assume", "not_assessable"),
    )


#: Columns of the states table, in order, with what they hold.
STATE_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("variant_id", pl.String, "chrom:pos:ref:alt"),
    ("gene", pl.String, "HGNC symbol"),
    ("sample_id", pl.String, "the sample"),
    ("alt_count", pl.Int64, "reads with the variant; null = not counted"),
    ("depth", pl.Int64, "reads at the site; null = not counted"),
    ("p_present", pl.Float64, "posterior probability that the variant is in the sample's tumour cells"),
    ("power", pl.Float64, "chance of a call of a clonal variant; null = depth not known"),
    ("power_same_ccf", pl.Float64, "chance of a call at the highest cell fraction of the patient's other samples"),
    ("excluded_ccf", pl.Float64, "cell fractions from here on are excluded at 95 %; above 1: none; null: not counted"),
    ("state", pl.String, "present / absent / not_assessable"),
    (
        "reason",
        pl.String,
        "why: reads, few_reads, called, no_reads, background_reads, not_called, "
        "lost_locus; or not_covered, "
        "low_depth, low_purity, uncertain, weak_call, set_aside, depth_unknown, germline, chip",
    ),
    (
        "basis",
        pl.String,
        "counted: the reads at the site are known; covered: how many there are, and that nothing was called in them; "
        "assumed: neither",
    ),
)


#: What was learned of each sample's reads, in order, with what it is.
NOISE_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    (
        "error_factor",
        pl.Float64,
        "background errors learned from the sample, as a multiple of those told; null: no count",
    ),
    (
        "concentration",
        pl.Float64,
        "beta-binomial concentration of variant reads used: learned, at most the one assumed",
    ),
    (
        "noise",
        pl.String,
        "in what its reads differ from what was told: more errors, of which kind of change, more spread; or at how "
        "many sites they may be errors that could not be learned; null: nothing shows",
    ),
)
#: Least probability of `present` under whichever errors, of all that the reads leave open, make it least probable. A
#: choice: at .8 uneven errors ten times those told made 6 % of the absent present at 60x, at .9 4-5 %.
MIN_LEAST = 0.9
#: Least share of `max_sizeable` that is allowed where reads spread more than assumed. A choice.
LEAST_SURENESS = 0.6
#: Reasons that mean absent; `reads`, `few_reads` and `called` mean present, every other that nobody can tell.
ABSENT_REASONS = ("lost_locus", "not_called", "no_reads", "background_reads")


@dataclass(frozen=True)
class PresenceTable:
    """The states of every variant in every tumour sample of the patients who have two or more of them.

    Attributes
    ----------
    cells : one row per patient, variant and sample, complete, so that a patient's rows are a block of
        ``n_site x n_sample``: the columns of `STATE_COLUMNS` and called, is_covered, ccf, raw_state (before
        germline and blood are set apart), blood (germline / chip / possible_chip / null), consequence, hgvs_p,
        covered_depth (reads by the coverage table where they were not counted), written_as, sample (row of
        ``samples``), site (number of the patient's variant)
    samples : the tumour samples: patient_id, sample_id, material, role, lesion_id, site, day, depth, purity,
        purity_low, purity_high, purity_basis, n_present, prior (learned share present of variants seen
        elsewhere), error_factor, concentration, noise (`NOISE_COLUMNS`), first (row of the patient's first cell),
        n_site, n_sample, rank (place in the patient)
    kernel : the numbers behind, aligned with ``cells``; None without cells
    """

    cells: pl.DataFrame
    samples: pl.DataFrame
    kernel: Presence | None

    def of_patient(self, patient_id: str) -> PresenceTable:
        """Return the states of one patient, rows and sites counted from 0; without the numbers behind."""
        mine = pl.col("patient_id") == patient_id
        cells, samples = self.cells.filter(mine), self.samples.filter(mine)
        if cells.is_empty():
            return PresenceTable(cells, samples, None)
        cells = cells.with_columns(pl.col("sample", "site") - pl.col("sample", "site").min())
        samples = samples.with_columns(pl.col("first", "sample") - pl.col("first", "sample").min())
        return PresenceTable(cells, samples, None)


def presence_table(
    study: Study,
    panels: Panels,
    params: PresenceParams,
    *,
    min_power: float = 0.95,
    merge_same_site: bool = False,
    n_thread: int = 2,
) -> PresenceTable:
    """Judge every variant of every patient who has two or more tumour samples."""
    samples = tumour_samples(study).filter(pl.len().over("patient_id") > 1)
    calls = tumour_calls(study, samples, merge_same_site=merge_same_site)
    # the union: called in at least one tumour sample of the patient
    grid = calls.filter("called").select("patient_id", "variant_id").unique().sort("patient_id", "variant_id")
    samples = with_blocks(samples, grid)
    cells = complete_cells(study, panels, grid, calls, samples)
    if cells.is_empty():
        none = {name: pl.lit(None, dtype=dtype) for name, dtype, _ in NOISE_COLUMNS}
        return PresenceTable(_no_cells(), _with_purity(samples, None).with_columns(**none), None)
    kernel = _weigh(study, cells, samples, params, n_thread)
    samples = _with_noise(_with_purity(samples, kernel), kernel, params)
    cells = with_blood(study, _with_states(cells, kernel, params, min_power), samples, params.germline_vaf)
    if kernel.background.told_apart < 1:
        samples, cells = _with_unlearned(samples, cells, kernel.background, params)
    samples, cells = with_errors_of_places(samples, cells, kernel)
    present = (
        cells.filter(pl.col("state") == "present").group_by("sample").agg(pl.len().cast(pl.Int64).alias("n_present"))
    )
    samples = samples.join(present, on="sample", how="left", maintain_order="left")
    return PresenceTable(cells, samples.with_columns(pl.col("n_present").fill_null(0)), kernel)


def _no_cells() -> pl.DataFrame:
    schema: dict[str, Any] = {name: dtype for name, dtype, _ in STATE_COLUMNS}
    extra: dict[str, Any] = {
        "called": pl.Boolean,
        "is_covered": pl.Boolean,
        "ccf": pl.Float64,
        "raw_state": pl.String,
        "blood": pl.String,
        "consequence": pl.String,
        "hgvs_p": pl.String,
        "written_as": pl.String,
        "covered_depth": pl.Int64,
        "sample": pl.Int64,
        "site": pl.Int64,
    }
    return pl.DataFrame(schema={**schema, **extra})


def _weigh(study: Study, cells: pl.DataFrame, samples: pl.DataFrame, params: PresenceParams, n_thread: int) -> Presence:
    """Hand the numbers to the kernel."""
    from oncourse.evolution.presence import Cells, PriorSettings, Samples, presence

    sample = cells["sample"].to_numpy()
    expected = samples["depth"].cast(pl.Float64).fill_null(np.nan).to_numpy()[sample]
    called = cells["called"].to_numpy()
    counted = (cells["alt_count"].is_not_null() & cells["depth"].is_not_null()).to_numpy()
    alt = np.where(counted, cells["alt_count"].cast(pl.Float64).fill_null(-1).to_numpy(), -1.0)
    # reads that the row itself tells without those of the variant, else those of the coverage; a call at a depth of 0 is
    # the caller's word, its depth is not
    said = cells.select(pl.coalesce("depth", "covered_depth").cast(pl.Float64)).to_series().fill_null(np.nan).to_numpy()
    told = counted | (said > 0) | (np.isfinite(said) & ~called)
    depth = np.where(told, said, expected)
    unknown = ~(depth > 0) & ~told
    # where no depth is known a call, and the lack of one, say as much as at a usual depth; power stays unknown
    depth = np.where(unknown, USUAL_DEPTH, depth)
    has_umi = samples["has_umi"].fill_null(False)
    usual = pl.when(has_umi).then(ERROR_RATE_UMI).otherwise(params.error_rate)
    by_sample = samples.select(pl.coalesce("error_rate", usual)).to_series().to_numpy()
    error = error_rates(study, cells.with_columns(_usual=pl.Series(by_sample[sample])), pl.col("_usual")).to_numpy()
    n = samples.height
    found = presence(
        Cells(
            sample=sample,
            variant=cells["site"].to_numpy(),
            alt_count=alt,
            depth=np.where(cells["is_covered"].to_numpy(), depth, 0.0),
            is_called=called,
            total_cn=cells["total_cn"].to_numpy(),
            major_cn=cells["major_cn"].to_numpy(),
            normal_cn=cells["normal_cn"].to_numpy(),
            error_rate=np.maximum(error, 1e-7),
            is_measured=(cells["cn_known"] | cells["cn_borrowed"]).to_numpy(),
            change=_changes(cells["variant_id"]),
            teaches=~set_apart(study, cells, samples, params.germline_vaf).to_numpy(),
        ),
        Samples(
            purity=samples["given_purity"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            is_plasma=(samples["material"] == "plasma").to_numpy(),
            concentration=np.full(n, params.concentration),
            noise_shape=np.full(n, params.noise_shape),
            min_alt_count=samples["min_alt_count"].to_numpy(),
            min_vaf=samples["min_vaf"].to_numpy(),
            purity_low=samples["given_low"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            purity_high=samples["given_high"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        ),
        PriorSettings(
            params.min_ccf, params.prior_strength, params.prior, params.call_ppv, sizeable_ccf=params.sizeable_ccf
        ),
        n_thread=n_thread,
    )
    power, same = (np.where(unknown, np.nan, x) for x in (found.power, found.power_same_ccf))
    return replace(found, power=power, power_same_ccf=same)


def _changes(ids: pl.Series) -> NDArray[np.int64]:
    """Return the kind of change of each variant: an index into `oncourse.evolution.background.CHANGES`."""
    from oncourse.evolution.site_reads import CHANGES

    turn = dict(zip("ACGT", "TGCA", strict=True))
    pairs = [(a, b, CHANGES.index(f"{a}>{b}")) for a in "CT" for b in "ACGT" if a != b]
    number = {f"{a}:{b}": n for a, b, n in pairs} | {f"{turn[a]}:{turn[b]}": n for a, b, n in pairs}
    change = ids.str.extract(r":([ACGT]:[ACGT])$")
    return change.replace_strict(number, default=len(CHANGES) - 1, return_dtype=pl.Int64).to_numpy()


def _with_purity(samples: pl.DataFrame, kernel: Presence | None) -> pl.DataFrame:
    """Add the purity used, where it comes from, and the learned share present of variants seen elsewhere."""
    n = samples.height
    missing = np.full(n, np.nan)
    prior = missing if kernel is None else _mean_of_known(kernel.prior[:, 1:])
    columns = {
        "purity": missing if kernel is None else np.where(kernel.purity_known, kernel.purity, np.nan),
        "purity_low": missing if kernel is None else kernel.purity_low,
        "purity_high": missing if kernel is None else kernel.purity_high,
        "prior": prior,
    }
    basis = pl.when(pl.col("given_purity").is_null()).then(pl.lit("estimated")).otherwise(pl.lit("given"))
    added = [pl.Series(name, value, dtype=pl.Float64).fill_nan(None) for name, value in columns.items()]
    samples = samples.with_columns(*added, purity_basis=basis)
    return samples if kernel is not None else samples.with_columns(n_present=pl.lit(0, dtype=pl.Int64))


def _with_noise(samples: pl.DataFrame, kernel: Presence, params: PresenceParams) -> pl.DataFrame:
    """Add `NOISE_COLUMNS`."""
    from oncourse.evolution.open_background import noise_words

    learned = kernel.background
    known = learned.n_site > 0
    return samples.with_columns(
        pl.Series("error_factor", np.where(known, learned.factor, np.nan)).fill_nan(None),
        pl.Series(
            "concentration", np.where(np.isfinite(learned.concentration), learned.concentration, np.nan)
        ).fill_nan(None),
        pl.Series("noise", noise_words(learned, params.concentration), dtype=pl.String),
    )


def _with_unlearned(
    samples: pl.DataFrame, cells: pl.DataFrame, background: Background, params: PresenceParams
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name, in a study that teaches no errors, the sites whose few reads may be errors, and the samples that have some.

    Such are sites with reads that are no background by the told errors, and that would not be present if errors were as
    high as the reads allow (`Background.possible`). What is present stays so, for the reason `few_reads`.
    """
    from oncourse.evolution.open_background import OPEN_HIGHEST

    _, multiple = background.possible
    may_be = np.nan_to_num(background.p_error) > 1 - params.min_probability
    may_be &= multiple[cells["sample"].to_numpy()] >= OPEN_HIGHEST
    doubtful = (pl.col("alt_count") > 0) & pl.col("reason").is_in(["reads", "uncertain"])
    few = cells.select(doubtful & pl.Series(may_be)).to_series()
    counted = cells.filter(few).group_by("sample").agg(n=pl.len())
    samples = samples.join(counted, on="sample", how="left", maintain_order="left")
    text = pl.format(
        "errors not learned: {} times those told are possible, and would show the few reads at {} of its sites",
        pl.Series([f"{x:.2g}" for x in multiple], dtype=pl.String),
        "n",
    )
    named = pl.concat_str("noise", text, separator="; ", ignore_nulls=True)
    samples = samples.with_columns(noise=pl.when(pl.col("n").is_null()).then("noise").otherwise(named)).drop("n")
    reason = pl.when(few & (pl.col("reason") == "reads")).then(pl.lit("few_reads")).otherwise("reason")
    return samples, cells.with_columns(reason=reason)


def _mean_of_known(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    known = np.isfinite(values)
    n = known.sum(axis=1)
    return np.where(n > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)


def _with_states(cells: pl.DataFrame, kernel: Presence, params: PresenceParams, min_power: float) -> pl.DataFrame:
    """Turn the numbers into states: the definition itself."""
    from oncourse.evolution.open_background import likely_spread

    counted = pl.col("alt_count").is_not_null() & pl.col("depth").is_not_null()
    sample = cells["sample"].to_numpy()
    cells = cells.with_columns(
        pl.Series("p_present", kernel.p_present),
        pl.Series("p_least", kernel.p_least),
        pl.Series("power", kernel.power),
        pl.Series("power_same_ccf", kernel.power_same_ccf),
        pl.Series("power_pure", kernel.power_pure),
        pl.Series("excluded_ccf", kernel.excluded_ccf),
        pl.Series("ccf", kernel.ccf),
        pl.Series("p_sizeable", kernel.p_sizeable),
        pl.Series("tail", kernel.tail_sizeable).fill_nan(None),
        pl.Series("is_spread", likely_spread(kernel.background, params.concentration)[sample]),
        pl.Series("sureness", _sureness(kernel.background.concentration, params.concentration)[sample]),
        basis=pl.when(counted)
        .then(pl.lit("counted"))
        .when(
            pl.col("covered_depth").is_not_null()
            | (pl.col("depth").is_not_null() & ~pl.col("called") & ~pl.col("set_aside"))
        )
        .then(pl.lit("covered"))
        .otherwise(pl.lit("assumed")),
    ).with_columns(pl.col("power", "power_same_ccf", "power_pure", "excluded_ccf").fill_nan(None))
    reads = pl.coalesce("depth", "covered_depth")
    too_shallow = (reads < pl.max_horizontal(pl.col("min_depth").fill_null(0), pl.lit(1))).fill_null(False)
    not_covered = ~pl.col("is_covered")
    # without reads and without a call nothing was seen: likely as it may be, it is not present
    likely = (pl.col("p_present") >= params.min_probability) & (counted | pl.col("called"))
    likely &= pl.col("p_least") >= MIN_LEAST
    # a small subclone can seldom be ruled out: `absent` speaks of clones that matter, excluded_ccf says how small
    limit = params.max_sizeable * pl.col("sureness")
    unlikely = (pl.col("p_present") <= params.max_probability) & (pl.col("p_sizeable") <= limit)
    powered = pl.col("power") >= min_power
    # what is usual may say absent where the reads alone do not: not so in a sample whose reads spread more than assumed
    few = (pl.col("tail") <= params.max_sizeable) | ~pl.col("is_spread")
    # a call without counts is the caller's word; nothing weighs against it
    called_only = pl.col("called") & ~counted
    unknown_depth = ~pl.col("called") & ~counted & pl.col("power").is_null()
    assume = pl.lit(params.unknown_depth == "assume")
    has_allele = (pl.col("p_present") >= params.min_probability) & (pl.col("minor_cn") >= 0.5)
    kept_elsewhere = has_allele.any().over("site")
    gone = (pl.col("total_cn") < 0.5) | ((pl.col("minor_cn") < 0.5) & kept_elsewhere)
    lost = pl.col("cn_known") & gone.fill_null(False) & ~pl.col("called")

    def case(*rules: tuple[pl.Expr, str], otherwise: str) -> pl.Expr:
        chain: Any = pl
        for condition, value in rules:
            chain = chain.when(condition).then(pl.lit(value))
        return chain.otherwise(pl.lit(otherwise))  # type: ignore[no-any-return]

    outcome = case(
        (not_covered, "not_covered"),
        (called_only, "called"),
        (too_shallow, "low_depth"),
        (pl.col("set_aside"), "set_aside"),
        (likely, "reads"),
        (lost & unlikely | (pl.col("total_cn") < 0.5) & pl.col("cn_known"), "lost_locus"),
        (unknown_depth & assume, "not_called"),
        (unknown_depth, "depth_unknown"),
        (pl.col("called"), "weak_call"),
        (unlikely & powered & ~counted, "not_called"),
        (unlikely & powered & few & (pl.col("alt_count") == 0), "no_reads"),
        (unlikely & powered & few, "background_reads"),
        (powered, "uncertain"),
        (pl.col("power_pure") < min_power, "low_depth"),
        otherwise="low_purity",
    )
    state = (
        pl.when(pl.col("reason").is_in(["called", "reads"]))
        .then(pl.lit("present"))
        .when(pl.col("reason").is_in(ABSENT_REASONS))
        .then(pl.lit("absent"))
        .otherwise(pl.lit("not_assessable"))
    )
    return (
        cells.with_columns(reason=outcome)
        .with_columns(state=state)
        .with_columns(raw_state=pl.col("state"))
        .drop("p_sizeable", "p_least", "tail", "is_spread", "sureness", "set_aside")
    )


def _sureness(learned: NDArray[np.float64], assumed: float) -> NDArray[np.float64]:
    """Return shape (n_sample,), the share of `max_sizeable` that is allowed: less where reads spread more than assumed.

    Spread is learned too small (a concentration of 100 where it is 50), and so is the chance that a clone was missed: at
    50 and 60x 6.2 % of the sites at a cell fraction of .3 were absent (25 of 405), 4 % so.
    """
    return np.clip(learned / assumed, LEAST_SURENESS, 1.0)
