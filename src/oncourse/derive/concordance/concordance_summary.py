"""Concordance of a study: shared fractions of each comparison with intervals over patients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.pairs import COMPARISONS, ConcordanceParams, PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.concordance.relatedness import NOT_RELATED
from oncourse.derive.concordance.withheld import hidden_by_errors, mostly_noisy, seen_alone
from oncourse.stats.clustered_share import clustered_share
from oncourse.stats.proportions import wilson

if TYPE_CHECKING:
    from oncourse.evolution.presence import Presence
    from oncourse.stats.sharing import Excess

Floats = NDArray[np.floating[Any]]

#: The summary table: one number per comparison, set, treatment of blood clones and estimand.
SUMMARY_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("comparison", pl.String, "which samples: primary v metastasis, tissue v plasma ..."),
    (
        "set",
        pl.String,
        "all: every main pair; kept: without pairs of two tumours (swap, unrelated, second primary), where "
        "there are any; related: pairs with evidence of common origin",
    ),
    ("chip", pl.String, "with / without clonal haematopoiesis, seen or possible"),
    ("n_patients", pl.Int64, "patients (main pairs) the number rests on"),
    ("n_variants", pl.Int64, "variants the number rests on"),
    ("estimand", pl.String, "what is estimated, see the documentation of concordance"),
    ("estimate", pl.Float64, "the estimate"),
    ("ci_low", pl.Float64, "lower 95 % limit; null = not estimable"),
    ("ci_high", pl.Float64, "upper 95 % limit"),
    ("method", pl.String, "how the interval was made"),
)

#: How numbers that are no plain shares are found.
SANDWICH, DETECTION = "sandwich over patients", "mixture of detection"
#: What stands for the verdict of a pair with a sample that may be another's (`oncourse.derive.concordance.apart`).
SET_APART = "set_apart"
#: n_shared, n_private, n_lost, n_not_assessable, n_assumed: what the fractions are made of.
_PARTS = ("n_shared", "n_private", "n_lost", "n_not_assessable", "n_assumed")


def fraction_columns(counts: pl.DataFrame) -> pl.DataFrame:
    """Add shared_fraction with its Wilson interval to `pair_counts`: a lost locus counts as shared ancestry."""
    shared = counts["n_shared"] + counts["n_lost"]
    total = shared + counts["n_private_a"] + counts["n_private_b"]
    low, high = wilson(shared.to_numpy(), total.to_numpy())
    return counts.with_columns(
        shared_fraction=(shared / total).fill_nan(None),
        ci_low=pl.Series(low).fill_nan(None),
        ci_high=pl.Series(high).fill_nan(None),
    )


def gene_counts(presence: PresenceTable, pairs: PairTable) -> pl.DataFrame:
    """Return per comparison and gene how many patients (main pairs) have it mutated in both samples, or in one.

    Columns: gene, n_both (of which n_different_variants share no variant), n_a_only, n_b_only, n_not_assessable,
    comparison. A gene is not assessable in a pair where none of its variants could be judged in both samples.
    """
    main = pairs.pairs.filter("is_main").select("pair", "comparison")
    found = pairs.variants
    is_main = np.zeros(pairs.pairs.height, bool)
    is_main[main["pair"].to_numpy()] = True
    tumour = (found["blood"].is_null() | (found["blood"] == "possible_chip")).to_numpy()
    rows = found.select("pair", "cell_a", "state").filter(is_main[found["pair"].to_numpy()] & tumour)
    gene = presence.cells["gene"].cast(pl.Categorical).gather(rows["cell_a"].to_numpy())
    rows = rows.with_columns(gene=gene).filter(pl.col("gene").is_not_null() & (pl.col("gene") != ""))

    def some(state: str) -> pl.Expr:
        return (pl.col("state") == state).any()

    per_pair = rows.group_by("gene", "pair").agg(
        shared=some("shared"), a=some("private_a"), b=some("private_b"), unknown=some("not_assessable")
    )
    per_pair = per_pair.join(main, on="pair", how="inner").with_columns(pl.col("gene").cast(pl.String))
    both = pl.col("shared") | (pl.col("a") & pl.col("b"))
    return (
        per_pair.group_by("gene", "comparison")
        .agg(
            n_both=both.sum().cast(pl.Int64),
            n_a_only=(pl.col("a") & ~both).sum().cast(pl.Int64),
            n_b_only=(pl.col("b") & ~both).sum().cast(pl.Int64),
            n_not_assessable=(pl.col("unknown") & ~both & ~pl.col("a") & ~pl.col("b")).sum().cast(pl.Int64),
            n_different_variants=(both & ~pl.col("shared")).sum().cast(pl.Int64),
        )
        .sort(
            "comparison",
            pl.col("n_both") + pl.col("n_a_only") + pl.col("n_b_only"),
            "gene",
            descending=[False, True, False],
        )
    )


def _counts(pairs: PairTable) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Return the parts of every fraction (`_PARTS`) per pair: (chip, definition of state) -> (n_pair, 5)."""
    found, n_pair = pairs.variants, pairs.pairs.height
    pair = found["pair"].to_numpy()
    is_lost, assumed = found["is_lost"].to_numpy(), (found["basis"] == "assumed").to_numpy()
    clean = found["blood"].is_null().to_numpy()
    out = {}
    for state in ("plain_state", "raw_state"):
        word = found[state]
        private = word.is_in(["private_a", "private_b"]).to_numpy()
        lost = private & is_lost if state != "plain_state" else np.zeros(len(pair), bool)
        kept = private & ~lost
        masks = (
            (word == "shared").to_numpy(),
            kept,
            lost,
            (word == "not_assessable").to_numpy(),
            kept & assumed,
        )
        for chip, of in (("with", np.ones(len(pair), bool)), ("without", clean)):
            parts = [np.bincount(pair[mask & of], minlength=n_pair) for mask in masks]
            out[chip, state] = np.column_stack(parts).astype(float)
    return out


def _ratio(top: NDArray[Any], bottom: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan))


def _fractions(counts: NDArray[Any]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return what each estimand of `PLAIN_ESTIMANDS` is a share of, per pair: tops and bottoms of `_counts` rows."""
    shared, private, lost, unknown, assumed = counts.T
    seen = shared + private + lost
    return [(shared + lost, seen), (shared, seen), (unknown, seen + unknown), (assumed, private)]


#: Comparisons worked out at a time; their numbers do not depend on it.
N_THREAD = 2
#: Estimands that are ratios of counts: (name, needs states that know power).
PLAIN_ESTIMANDS = (
    "shared_fraction_assessable",
    "shared_fraction_lost_as_discordant",
    "not_assessable_fraction",
    "assumed_fraction",
)


def ratio_rows(
    counted: dict[tuple[str, str], NDArray[np.float64]],
    keep: pl.Series,
    key: dict[str, str],
    *,
    withheld: bool = False,
) -> list[dict[str, Any]]:
    """Return summary rows of one comparison and set: fractions of counts, patients as clusters (`clustered_share`).

    Parameters
    ----------
    counted : of `_counts`
    keep : numbers of the main pairs of the set, one per patient
    key : comparison and set
    withheld : whether mutations could only be judged where both samples have them (`seen_alone`), errors hide small
        clones (`hidden_by_errors`), or most samples may have more errors than told (`mostly_noisy`): no shared fraction
    """
    rows: list[dict[str, Any]] = []
    chosen = keep.to_numpy()
    for chip in ("with", "without"):
        for state in ("plain_state", "raw_state"):
            counts = counted[chip, state][chosen]
            parts = _fractions(counts)
            names: tuple[str, ...] = PLAIN_ESTIMANDS
            if state == "plain_state":
                names = ("shared_fraction_called",)
            assessed = counts[:, :3].sum(axis=1)
            for j, name in enumerate(names):
                n = {2: counts[:, :4].sum(), 3: counts[:, 1].sum()}.get(j, assessed.sum())
                numbers = _values(*parts[j])
                if withheld and name.startswith("shared_fraction"):
                    numbers |= dict.fromkeys(("estimate", "ci_low", "ci_high"))
                rows.append(
                    {
                        **key,
                        "chip": chip,
                        "n_patients": int((counts[:, :4].sum(axis=1) > 0).sum()),
                        "n_variants": int(n),
                        "estimand": name,
                        **numbers,
                    }
                )
            if state == "raw_state":
                between = _between(counts)
                rows.append({**key, "chip": chip, **between, **({"estimate": None} if withheld else {})})
    return rows


def _values(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> dict[str, Any]:
    share = clustered_share(top, bottom)
    numbers = (share.value, share.low, share.high)
    limits = {
        name: None if np.isnan(x) else float(x)
        for name, x in zip(("estimate", "ci_low", "ci_high"), numbers, strict=True)
    }
    return limits | {"method": share.method}


def _between(counts: NDArray[Any]) -> dict[str, Any]:
    """Return how much patients differ: sd of the shared fraction between patients (beta-binomial fit)."""
    from oncourse.stats.betabinomial import fit

    shared, total = counts[:, 0] + counts[:, 2], counts[:, :3].sum(axis=1)
    used = total > 0
    row: dict[str, Any] = {
        "n_patients": int(used.sum()),
        "n_variants": int(total.sum()),
        "estimand": "shared_fraction_sd_between_patients",
        "estimate": None,
        "ci_low": None,
        "ci_high": None,
        "method": "beta-binomial fit",
    }
    if used.sum() >= 3:
        mean, spread = fit(shared[used], total[used])
        row["estimate"] = float(np.sqrt(mean * (1 - mean) / (1 + spread))) if np.isfinite(spread) else 0.0
    return row


#: Cell fractions of the latent shared fraction: few, so that their distribution is estimated well.
LEVELS = (0.1, 0.3, 0.6, 1.0)
#: Those at which noise is worked out.
NOISE_LEVELS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
#: Concentrations of reads (at most so much) under which lesions that seem to differ, at this p-value, are compared
#: again, while they explain the reads at most so much worse (log-likelihood).
SPREADS_ASKED, SEEMS_DIFFERENT, AS_WELL = np.array([120.0, 80.0, 50.0, 33.0, 22.0, 15.0, 10.0]), 0.1, 2.0
#: Variants the latent fraction rests on at most; more are thinned evenly within each pair.
MAX_LATENT = 20_000


def latent_rows(presence: PresenceTable, variants: pl.DataFrame, key: dict[str, str]) -> list[dict[str, Any]]:
    """Return the latent shared fraction of some main pairs: variants of `PairTable`, one unit per pair.

    Left out: sites of unknown depth or outside either panel (nothing could be seen there). Where no judged variant is
    private the fit lies at its end and its own limits are too near: those of the judged variants hold it then.
    """
    from oncourse.stats.sharing import latent_share

    kernel = presence.kernel
    if kernel is None or variants.is_empty():
        return []
    a, b, unit = _usable(presence, variants)
    if len(a) > MAX_LATENT:
        chosen = np.linspace(0, len(a) - 1, MAX_LATENT).astype(int)
        a, b, unit = a[chosen], b[chosen], unit[chosen]
    if not len(a):
        return []
    unit = np.unique(unit, return_inverse=True)[1]
    level = _columns_of(kernel.ccfs, LEVELS)
    found = latent_share(
        kernel.likelihood[a][:, level],
        kernel.likelihood[b][:, level],
        kernel.detection[a][:, level],
        kernel.detection[b][:, level],
        unit,
    )
    base = {
        **key,
        "n_patients": int(unit.max()) + 1,
        "n_variants": len(a),
        "estimand": "shared_fraction_latent",
    }
    low, high = (None if np.isnan(x) else float(x) for x in (found.ci_low, found.ci_high))
    judged = variants.filter(pl.col("state") != "not_assessable")
    if low is not None and (judged["state"] == "shared").all():
        per = judged.group_by("pair").len()["len"].sort()
        low = min(low, clustered_share(per, per).low)
    return [{**base, "estimate": found.share, "ci_low": low, "ci_high": high, "method": SANDWICH}]


def _columns_of(ccfs: NDArray[np.float64], levels: tuple[float, ...]) -> NDArray[np.int64]:
    """Return the columns of the kernel's arrays at absence and nearest to each level."""
    return np.array([0, *(1 + int(np.argmin(np.abs(ccfs - x))) for x in levels)])


def _usable(
    presence: PresenceTable, variants: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return cell_a, cell_b and pair of variants whose two sites could show something, called in either sample.

    A call that the assay's own rule would not have made (a handful of reads below min_vaf) has no known chance of
    being made: it is left out, else each would stand for a crowd of variants missed.
    """
    kernel = presence.kernel
    assert kernel is not None
    a, b = variants["cell_a"].to_numpy(), variants["cell_b"].to_numpy()
    called = presence.cells["called"].to_numpy() & _by_rule(presence)
    covered = presence.cells["is_covered"].to_numpy()
    known = np.isfinite(kernel.power) & covered
    kept = known[a] & known[b] & (called[a] | called[b])
    return a[kept], b[kept], variants["pair"].to_numpy()[kept]


def _by_rule(presence: PresenceTable) -> NDArray[np.bool_]:
    """Return per cell whether its reads meet the assay's calling rule; the caller's word where not counted."""
    from oncourse.evolution.vaf import min_alt_reads

    cells, samples = presence.cells, presence.samples
    row = cells["sample"].to_numpy()
    depth = cells["depth"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    alt = cells["alt_count"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    least = min_alt_reads(
        np.nan_to_num(depth, nan=1.0),
        samples["min_alt_count"].to_numpy()[row],
        samples["min_vaf"].to_numpy()[row],
    )
    counted = np.isfinite(depth + alt)
    return np.where(counted, np.nan_to_num(alt) >= least, cells["called"].to_numpy())


def noise_rows(
    presence: PresenceTable, variants: pl.DataFrame, key: dict[str, str]
) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Return the summary rows of discordance beyond noise, and per pair what noise explains."""
    none = pl.DataFrame(schema=NOISE_SCHEMA)
    kernel = presence.kernel
    if kernel is None or variants.is_empty():
        return [], none
    a, b, pair = _usable(presence, variants)
    if not len(a):
        return [], none
    units, unit = np.unique(pair, return_inverse=True)
    called = _by_rule(presence)
    some = np.arange(len(a)) if len(a) <= MAX_LATENT else np.linspace(0, len(a) - 1, MAX_LATENT).astype(int)
    found, w_a, w_b = _beyond_noise(kernel, a, b, called, unit, some)
    n = len(units)
    seen = (1 - (1 - w_a) * (1 - w_b)) @ found.theta
    expected = ((w_a * (1 - w_b) + w_b * (1 - w_a)) @ found.theta) / np.maximum(seen, 1e-12)
    per_pair = pl.DataFrame(
        {
            "pair": units,
            "expected_private_by_noise": np.bincount(unit, expected, minlength=n),
            "n_observed_private": np.bincount(unit, called[a] != called[b], minlength=n).astype(np.int64),
            "n_noise_variants": np.bincount(unit, minlength=n),
        },
        schema=NOISE_SCHEMA,
    )
    base = {**key, "n_patients": n, "n_variants": len(some)}

    def row(name: str, value: float, method: str, low: float = np.nan, high: float = np.nan) -> dict[str, Any]:
        numbers = {"estimate": value, "ci_low": low, "ci_high": high}
        return {
            **base,
            "estimand": name,
            **{k: None if np.isnan(v) else float(v) for k, v in numbers.items()},
            "method": method,
        }

    return [
        row("discordance_of_calls", found.observed, DETECTION),
        row("discordance_expected_by_noise", found.expected, DETECTION),
        row("excess_discordance", found.excess, SANDWICH, found.ci_low, found.ci_high),
        row("excess_discordance_p_value", found.p_value, SANDWICH),
    ], per_pair


def _beyond_noise(
    kernel: Presence,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    called: NDArray[np.bool_],
    unit: NDArray[np.int64],
    some: NDArray[np.int64],
) -> tuple[Excess, Floats, Floats]:
    """Return the discordance beyond noise of `some` of the pairs of cells, and the chances of a call in a and b.

    Subclones and a spread of reads look alike in two samples, and the spread is learned too small where many variants
    are subclonal. Where the lesions seem to differ, every larger spread that explains the reads about as well is asked
    too (`SPREADS_ASKED`): the answer is that of the one at which they differ least.
    """
    from oncourse.stats.sharing import excess_discordance

    level = _columns_of(kernel.ccfs, NOISE_LEVELS)
    number = np.unique(unit[some], return_inverse=True)[1]
    learned = kernel.background.concentration

    def at(most: float) -> tuple[float, tuple[Excess, NDArray[np.float64]]]:
        spread = np.minimum(learned, most)
        (like_a, see_a, _), (like_b, see_b, _) = (kernel.weighing.of(x[some], spread) for x in (a, b))
        reads = like_a[:, level], like_b[:, level], see_a[:, level], see_b[:, level]
        found = excess_discordance(*reads, called[a[some]], called[b[some]], number)
        scale = sum(kernel.weighing.log_scale(x[some], spread).sum() for x in (a, b))
        return found.log_likelihood + scale, (found, spread)

    reached, best = at(np.inf)
    if best[0].p_value < SEEMS_DIFFERENT:
        for most in SPREADS_ASKED[learned.max(initial=0.0) > SPREADS_ASKED]:
            value, other = at(float(most))
            if value < reached - AS_WELL:
                break
            reached, best = max(reached, value), max(best, other, key=lambda x: x[0].p_value)
    found, spread = best
    told = np.array_equal(spread, learned)  # then the chances are known
    see_a, see_b = (kernel.detection[x] if told else kernel.weighing.of(x, spread)[1] for x in (a, b))
    return found, see_a[:, level[1:]], see_b[:, level[1:]]


NOISE_SCHEMA: dict[str, Any] = {
    "pair": pl.Int64,
    "expected_private_by_noise": pl.Float64,
    "n_observed_private": pl.Int64,
    "n_noise_variants": pl.Int64,
}


def _of_comparison(
    presence: PresenceTable,
    pairs: PairTable,
    comparison: str,
    of: pl.DataFrame,
    counted: dict[tuple[str, str], NDArray[np.float64]],
    min_power: float,
    *,
    noisy: bool,
) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
    """Return the rows of one comparison with its main pairs `of`, and what noise explains per pair.

    noisy : whether its samples are `mostly_noisy`
    """
    rows: list[dict[str, Any]] = []
    noise: list[pl.DataFrame] = []
    strange = pl.col("verdict").is_in((*NOT_RELATED, SET_APART)).fill_null(False)
    sets = {"all": of, "related": of.filter(pl.col("verdict") == "related"), "kept": of.filter(~strange)}
    for name, chosen in sets.items():
        if chosen.is_empty() or (name == "kept" and chosen.height == of.height):
            continue
        key = {"comparison": comparison, "set": name}
        here = pairs.variants.join(chosen.select("pair"), on="pair", how="semi", maintain_order="left")
        hidden = noisy or hidden_by_errors(presence, here, min_power) is not None
        withheld = hidden or seen_alone(presence.cells["power"], here, min_power)
        rows.extend(ratio_rows(counted, chosen["pair"], key, withheld=withheld))
        if name == "related" and chosen.height == of.height:
            # the same pairs: the same numbers
            fitted = [r for r in rows if "latent" in r["estimand"] or "discordance" in r["estimand"]]
            rows.extend({**r, "set": "related"} for r in fitted)
            continue
        clean = here.filter(pl.col("blood").is_null())
        without = latent_rows(presence, clean, {**key, "chip": "without"})
        if clean.height == here.height:
            rows.extend({**r, "chip": "with"} for r in without)
        else:
            rows.extend(latent_rows(presence, here, {**key, "chip": "with"}))
        rows.extend(without)
        if hidden:
            rows = [
                r | dict.fromkeys(("estimate", "ci_low", "ci_high")) if "latent" in r["estimand"] else r for r in rows
            ]
        found, per_pair = noise_rows(presence, clean, {**key, "chip": "without"})
        rows.extend(found)
        if name == "all":
            noise.append(per_pair)
    return rows, noise


def of_own_samples(related: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with the verdict `SET_APART` where one of the samples may be another's."""
    gone = apart["sample_id"].implode()
    doubted = pl.col("sample_a").is_in(gone) | pl.col("sample_b").is_in(gone)
    untold = ~pl.col("verdict").is_in(NOT_RELATED)
    return related.with_columns(verdict=pl.when(doubted & untold).then(pl.lit(SET_APART)).otherwise("verdict"))


def summary_table(
    presence: PresenceTable,
    pairs: PairTable,
    related: pl.DataFrame,
    params: ConcordanceParams,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the summary (`SUMMARY_COLUMNS`) and, per main pair, what noise alone explains (`NOISE_SCHEMA`)."""
    counted = _counts(pairs)
    main = pairs.pairs.filter("is_main").join(related.select("pair", "verdict"), on="pair", how="left")
    here = [c for c in COMPARISONS if c in set(main["comparison"])]
    noisy = mostly_noisy(presence.samples, main)

    def of(at: int) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
        chosen = main.filter(pl.col("comparison") == here[at]).sort("pair")
        return _of_comparison(presence, pairs, here[at], chosen, counted, params.min_power, noisy=here[at] in noisy)

    with ThreadPoolExecutor(N_THREAD) as pool:
        found = list(pool.map(of, range(len(here))))
    rows = [row for part, _ in found for row in part]
    noise = [pl.DataFrame(schema=NOISE_SCHEMA), *(frame for _, part in found for frame in part)]
    return pl.DataFrame(rows, schema={name: dtype for name, dtype, _ in SUMMARY_COLUMNS}), pl.concat(noise)
