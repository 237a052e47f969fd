"""Heterogeneity of every tumour sample and pair of samples of a patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from oncourse.derive.clones.clusters import ClusterTable, PatientClusters
from oncourse.disk.store import Store
from oncourse.stats.rng import generator
from oncourse.study.settings import section, setting

CLONAL_FROM = 0.9
"""CCF from which a clone is taken as clonal; the grid is no finer than purity lets it be."""

#: Columns of evolution/heterogeneity, in order, with what they hold.
COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("sample_a", pl.String, "the sample, or the first of a pair"),
    ("sample_b", pl.String, "the second sample of a pair; null for measures of one sample"),
    ("measure", pl.String, "what is measured; see the methods"),
    ("value", pl.Float64, "the value; null = cannot be told"),
    ("ci_low", pl.Float64, "lower 95 % limit over variants (over chromosomes for copy number)"),
    ("ci_high", pl.Float64, "upper limit"),
    ("n", pl.Int64, "variants (or chromosomes) it rests on"),
    (
        "n_assumed",
        pl.Int64,
        "of these, variants called in one sample whose absence from the other is assumed, not counted",
    ),
    ("role_a", pl.String, "primary, metastasis, local_recurrence, tissue, plasma"),
    ("role_b", pl.String, "the same of the second sample"),
    ("reason", pl.String, "why there is no value"),
)


@section("heterogeneity")
@dataclass(frozen=True)
class HeterogeneityParams:
    """How heterogeneity is measured."""

    common_depth: int | None = setting(
        None,
        "depth to which reads are thinned; null: that of all but the shallowest tenth of samples",
        low=10,
    )
    min_variants: int = setting(5, "least variants seen in a sample", low=2)
    n_draw: int = setting(100, "thinnings and bootstrap samples", low=20)


@dataclass(frozen=True)
class HeterogeneityTable:
    """rows: `COLUMNS`; common_depth: reads that were kept at most; excluded: patient_id, sample_id, reason."""

    rows: pl.DataFrame
    common_depth: int
    excluded: pl.DataFrame


def heterogeneity_table(
    table: ClusterTable, segments: pl.DataFrame, params: HeterogeneityParams, seed: int, *, store: Store | None = None
) -> HeterogeneityTable:
    """Measure every sample and every pair of samples with clusters; `store` as in `cluster_table`."""
    depth = params.common_depth or common_depth(table)
    copies = {str(k[0]): f for k, f in segments.partition_by("sample_id", as_dict=True).items()}
    roles = dict(table.samples.select("sample_id", "role").iter_rows())
    schema = {name: dtype for name, dtype, _ in COLUMNS}
    store = store or Store()

    def measured(patient: PatientClusters) -> pl.DataFrame:
        mine = {sample: copies[sample] for sample in patient.data.sample_ids if sample in copies}

        def rows() -> pl.DataFrame:
            places = {sample: _by_chromosome(of) for sample, of in mine.items()}
            found = [*_samples(patient, depth, params, seed), *_pairs(patient, depth, places, params, seed)]
            return pl.DataFrame([{"patient_id": patient.patient_id, **row} for row in found], schema=schema)

        inputs = (patient, mine, depth, params, seed)
        return store.remember("heterogeneity", inputs, ("evolution", "stats", "derive/clones"), rows)

    frame = pl.concat([pl.DataFrame(schema=schema), *map(measured, table.patients.values())])
    frame = frame.with_columns(
        pl.col("value", "ci_low", "ci_high").fill_nan(None),
        *(
            pl.col(f"sample_{x}").replace_strict(roles, default=None, return_dtype=pl.String).alias(f"role_{x}")
            for x in "ab"
        ),
    )
    frame = frame.sort("patient_id", "sample_a", "sample_b", "measure", nulls_last=False)
    return HeterogeneityTable(frame, depth, table.excluded)


def common_depth(table: ClusterTable) -> int:
    """Return the depth that nine tenths of the samples reach at their median site, at least 20."""
    medians = [
        float(np.median(column[column > 0]))
        for p in table.patients.values()
        for column in p.data.counts.depth.T
        if (column > 0).any()
    ]
    return max(20, int(np.quantile(medians, 0.1))) if medians else 20


def probabilities(patient: PatientClusters) -> tuple[np.ndarray, np.ndarray]:
    """Return (P(clonal), P(present)), each (n_variant, n_sample), over clusters and their CCF posteriors."""
    c = patient.clustering
    share = c.assignment / np.maximum(c.assignment.sum(axis=1, keepdims=True), 1e-300)
    clonal = c.posterior[:, :, c.grid >= CLONAL_FROM].sum(axis=2)
    present = 1 - c.posterior[:, :, 0]
    return share @ clonal, share @ present


def _row(
    a: str, b: str | None, measure: str, found: Any, reason: str | None = None, n_assumed: int = 0
) -> dict[str, Any]:
    return {
        "sample_a": a,
        "sample_b": b,
        "measure": measure,
        "value": found.value,
        "ci_low": found.low,
        "ci_high": found.high,
        "n": found.n,
        "n_assumed": n_assumed,
        "reason": reason if np.isnan(found.value) else None,
    }


def _stream(data: Any, *samples: int) -> str:
    """The name of a stream of random numbers, from the reads of its samples: the names of patients change nothing."""
    reads = (int(x[:, list(samples)].sum()) for x in (data.counts.depth, data.counts.alt_count))
    return f"heterogeneity.{'.'.join(map(str, reads))}"


def _samples(patient: PatientClusters, depth: int, params: HeterogeneityParams, seed: int) -> Iterator[dict[str, Any]]:
    from oncourse.evolution import heterogeneity as h

    data, c = patient.data, patient.clustering
    clonal, present = probabilities(patient)
    real = c.labels >= 0
    for d, sample in enumerate(data.sample_ids):
        # a stream of its own: other samples change nothing here
        random = generator(seed, _stream(data, d))
        use = np.nonzero(real & data.is_counted[:, d] & (data.counts.depth[:, d] > 0))[0]
        alt, kept = h.thin(data.counts.alt_count[use, d], data.counts.depth[use, d], depth, params.n_draw, random)
        seen = (alt >= h.MIN_ALT).mean(axis=0) >= 0.5
        few = f"fewer than {params.min_variants} variants seen at {depth}x"
        if seen.sum() < params.min_variants:
            for measure in ("math", "subclonal_share", "neutral_r2"):
                yield _row(sample, None, measure, h.NOTHING, few)
            continue
        vaf = alt / kept

        def math(b: Any, index: Any, vaf: Any = vaf, alt: Any = alt) -> Any:
            return h.math_score(vaf[b, index], alt[b, index] >= h.MIN_ALT)

        yield _row(sample, None, "math", h.over_variants(math, len(use), params.n_draw, random), few)
        p_present, p_clonal = present[use, d], clonal[use, d]
        share = h.over_sums((p_clonal, p_present), _subclonal_share, params.n_draw, random)
        yield _row(sample, None, "subclonal_share", share, few)
        half = c.variant_ccf_mean[use, d] / 2
        tail = int(((half >= h.NEUTRAL_LOW) & (half <= h.NEUTRAL_HIGH)).sum())
        own = vaf / np.maximum(c.purity[d] if c.purity is not None else 1.0, 0.05)

        def neutral(b: Any, index: Any, own: Any = own) -> Any:
            return h.neutral_r2(own[b, index])

        too_few = "fewer than 5 variants between 0.12 and 0.24"
        yield _row(sample, None, "neutral_r2", h.over_variants(neutral, len(use), params.n_draw, random), too_few)
        power = h.neutral_power(tail, 200, random)
        if not np.isnan(power):
            yield _row(sample, None, "neutral_power", h.VariantInterval(power, np.nan, np.nan, tail))
        yield from _diversity(patient, d, sample, params.n_draw, random)


def _subclonal_share(clonal: np.ndarray, present: np.ndarray) -> Any:
    """The share of what is present that is not clonal, from sums over variants."""
    return 1 - clonal / np.maximum(present, 1e-9)


def _diversity(
    patient: PatientClusters, d: int, sample: str, n_draw: int, random: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Yield Shannon and Simpson of the cell fractions between the clusters' CCFs, over the clusters' posteriors.

    Ordered by CCF, neighbouring clusters are taken as nested: the steps between them are the fractions. For clusters
    on separate branches this is a lower bound of the diversity; the tree's own clones are in evolution/clones.
    """
    from oncourse.evolution import heterogeneity as h

    c = patient.clustering
    if c.n_cluster == 0:
        return
    total = np.cumsum(c.posterior[:, d], axis=1)
    draws = np.stack(
        [
            c.grid[np.minimum((total < u[:, None]).sum(axis=1), len(c.grid) - 1)]
            for u in random.random((n_draw, c.n_cluster))
        ]
    )
    steps = -np.diff(
        np.concatenate([np.ones((n_draw, 1)), -np.sort(-draws, axis=1), np.zeros((n_draw, 1))], axis=1),
        axis=1,
    )
    for measure, values in (("shannon", h.shannon(steps)), ("simpson", h.simpson(steps))):
        low, high = np.quantile(values, [0.025, 0.975])
        yield _row(sample, None, measure, h.VariantInterval(float(values.mean()), float(low), float(high), c.n_cluster))


def _pairs(
    patient: PatientClusters,
    depth: int,
    copies: dict[str, Chromosomes],
    params: HeterogeneityParams,
    seed: int,
) -> Iterator[dict[str, Any]]:
    from oncourse.evolution import heterogeneity as h

    data, c = patient.data, patient.clustering
    counts = data.counts
    clonal, present = probabilities(patient)
    # a variant called in one sample and not counted in the other is taken as absent there (ccf.assumed_share):
    # pairs of what both called would always look alike
    looked = counts.depth > 1
    thinned = [_frequencies(patient, d, looked[:, d], depth, params.n_draw, seed) for d in range(counts.n_sample)]
    for a, b in combinations(range(len(data.sample_ids)), 2):
        names, pair = (data.sample_ids[a], data.sample_ids[b]), np.array([a, b])
        random = generator(seed, _stream(data, a, b))
        both = np.nonzero((c.labels >= 0) & looked[:, a] & looked[:, b] & (c.p_lost[:, pair] < 0.5).all(axis=1))[0]
        few = f"fewer than {params.min_variants} variants looked at in both"
        n_assumed = int((~data.is_counted[np.ix_(both, pair)]).any(axis=1).sum())
        if len(both) < params.min_variants:
            for measure in ("jsi", "nei", "fst", "ccf_distance"):
                yield _row(*names, measure, h.NOTHING, few)
        else:
            pair_clonal, pair_present = clonal[np.ix_(both, pair)], present[np.ix_(both, pair)]

            none = "no variant private and clonal, or subclonal in both"
            parts = h.jaccard_parts(pair_clonal, pair_present)
            yield _row(*names, "jsi", h.over_sums(parts, h.jaccard_of_sums, params.n_draw, random), none, n_assumed)
            (p, first), (q, second) = ((frequency[:, both], kept[both]) for frequency, kept in (thinned[a], thinned[b]))
            for measure, parts, of_sums in (
                ("nei", h.nei_parts(p, q), h.nei_of_sums),
                ("fst", h.fst_parts(p, q, first.astype(float), second.astype(float)), h.fst_of_sums),
                ("ccf_distance", (2 / len(both) * np.abs(p - q),), np.asarray),
            ):
                yield _row(*names, measure, h.over_sums(parts, of_sums, params.n_draw, random), None, n_assumed)
        if names[0] in copies and names[1] in copies:
            found = _divergence(copies[names[0]], copies[names[1]], params.n_draw, random)
            yield _row(*names, "copy_number_divergence", found, "no base with copy number in both")


def _frequencies(
    patient: PatientClusters, d: int, looked: np.ndarray, depth: int, n_draw: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return half the cell fractions (n_draw, N) of a sample's variants after thinning, and the reads kept (N,).

    A sample is thinned once for all of its pairs, by a stream of its own; 0 where a variant was not looked at.
    """
    from oncourse.evolution.heterogeneity import thin
    from oncourse.evolution.vaf import ccf_from_vaf

    counts, c, use = patient.data.counts, patient.clustering, np.flatnonzero(looked)
    random = generator(seed, f"{_stream(patient.data, d)}.pairs")
    alt, few = thin(counts.alt_count[use, d], counts.depth[use, d], depth, n_draw, random)
    ccf = ccf_from_vaf(
        alt / few,
        c.purity[d] if c.purity is not None else counts.purity[use, d],
        counts.major_cn[use, d] + counts.minor_cn[use, d],
        multiplicity=np.maximum(c.multiplicity[use, d], 1),
        normal_cn=counts.normal_cn[use, d],
    )
    frequency, kept = np.zeros((n_draw, len(looked))), np.zeros(len(looked), np.int64)
    frequency[:, use], kept[use] = np.clip(np.nan_to_num(ccf), 0, 1) / 2, few
    return frequency, kept


#: Start, end, rounded total and minor copies of the segments of each chromosome.
Chromosomes = dict[str, list[np.ndarray]]


def _by_chromosome(segments: pl.DataFrame) -> Chromosomes:
    """Return start, end, rounded total and minor copies (NaN: not known) of the segments of each chromosome, sorted."""
    known = segments.drop_nulls("total_cn").sort("chrom", "start")
    chrom = known["chrom"].to_list()
    ends = [i for i in range(1, len(chrom)) if chrom[i] != chrom[i - 1]]
    copies = (np.rint(known[c].cast(pl.Float64).fill_null(float("nan")).to_numpy()) for c in ("total_cn", "minor_cn"))
    parts = [np.split(column, ends) for column in (known["start"].to_numpy(), known["end"].to_numpy(), *copies)]
    return {chrom[at]: [part[i] for part in parts] for i, at in enumerate([0, *ends])} if chrom else {}


def copy_number_divergence(a: pl.DataFrame, b: pl.DataFrame, n_draw: int, random: np.random.Generator) -> Any:
    """Return `_divergence` of the segments of two samples."""
    return _divergence(_by_chromosome(a), _by_chromosome(b), n_draw, random)


#: Places that a chromosome may have, where all are laid in one row.
CHROMOSOME = 1 << 40


def _in_one_row(segments: Chromosomes, chromosomes: list[str]) -> tuple[np.ndarray, ...]:
    """Return start, end, total and minor copies of the segments of some chromosomes, one behind the other."""
    parts = [segments[chrom] for chrom in chromosomes]
    start, end, total, minor = (np.concatenate([part[i] for part in parts]) for i in range(4))
    place = np.repeat(np.arange(len(parts)) * CHROMOSOME, [len(part[0]) for part in parts])
    return start + place, end + place, total, minor


def _divergence(first: Chromosomes, second: Chromosomes, n_draw: int, random: np.random.Generator) -> Any:
    """Return the share of bases with copy number in both samples whose rounded copies differ.

    Copies are total and minor; the minor allele counts where both samples have it. The interval draws chromosomes
    again.
    """
    from oncourse.evolution.heterogeneity import NOTHING, VariantInterval

    both = sorted(first.keys() & second.keys())
    if not both:
        return NOTHING
    pair = (_in_one_row(first, both), _in_one_row(second, both))
    edges = np.unique(np.concatenate([part for start, end, *_ in pair for part in (start, end + 1)]))
    left, length = edges[:-1], np.diff(edges)
    states = []
    for start, end, total, minor in pair:
        at = np.maximum(np.searchsorted(start, left, side="right") - 1, 0)
        inside = (left >= start[at]) & (left <= end[at])
        states.append(tuple(np.where(inside, copies[at], np.nan) for copies in (total, minor)))
    known = ~np.isnan(states[0][0]) & ~np.isnan(states[1][0])
    minor_differs = np.abs(states[0][1] - states[1][1]) > 0.5  # NaN compares as equal
    differs = known & ((states[0][0] != states[1][0]) | minor_differs)
    bases, different = (
        np.bincount(left[which] // CHROMOSOME, length[which], len(both)).astype(float) for which in (known, differs)
    )
    if bases.sum() == 0:
        return NOTHING
    index = random.integers(0, len(bases), (n_draw, len(bases)))
    drawn = different[index].sum(axis=1) / np.maximum(bases[index].sum(axis=1), 1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = float(different.sum() / bases.sum())
    return VariantInterval(value, float(min(low, value)), float(max(high, value)), len(bases))
