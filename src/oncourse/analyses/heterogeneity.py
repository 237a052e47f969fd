"""How heterogeneous the tumours are within a sample and between samples of a patient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, rated
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.clones.heterogeneity import COLUMNS, HeterogeneityParams, HeterogeneityTable
from oncourse.errors import NotEnoughData
from oncourse.stats.medians import median_interval
from oncourse.study.schema import columns
from oncourse.words.catalogue import said

TABLE = OutputTable(
    "evolution/heterogeneity",
    "heterogeneity measures of each sample and each pair of samples of a patient",
    columns(COLUMNS),
)
#: Measure -> (what it is called in text, unit).
OF_SAMPLE = {"math": "score", "subclonal_share": "fraction", "shannon": "score"}
OF_PAIR = {"jsi": "score", "fst": "score", "nei": "score", "copy_number_divergence": "fraction"}


@analysis(
    title="Heterogeneity within and between samples",
    question="How heterogeneous is the tumour within a sample, and how far apart are samples of one patient?",
    needs=("calls", "samples"),
    params=HeterogeneityParams,
    tables=(TABLE,),
    order=42,
)
def heterogeneity(cohort: Cohort, params: HeterogeneityParams) -> Result:
    """Report heterogeneity of every sample and pair, and medians over patients."""
    found = cohort.heterogeneity
    rows = found.rows
    if rows.drop_nulls("value").is_empty():
        raise NotEnoughData(
            f"no tumour sample has {params.min_variants} variants with read counts (calls.alt_count, calls.depth) "
            "and a purity."
        )
    estimates = tuple(_medians(rows))
    names = {e.name for e in estimates}
    parts = [
        text
        for name, text in (
            (
                "median_subclonal_share",
                "In the median patient, {median_subclonal_share} of a sample's mutations are in only "
                "part of its tumour cells (subclonal).",
            ),
            ("median_math", "The spread of allele fractions within a sample (MATH) is {median_math}."),
            (
                "median_jsi",
                "The Jaccard similarity of two samples of one patient (JSI) is {median_jsi}: near 1, subclones "
                "are shared.",
            ),
            (
                "median_copy_number_divergence",
                "Copy number differs between them over {median_copy_number_divergence} of the genome.",
            ),
        )
        if name in names
    ]
    few = "Too few patients were measured for a median; the values of each sample are in the table."
    return Result(
        answer=" ".join(parts) or few,
        headline=_headline({e.name: e for e in estimates}, rows),
        estimates=estimates,
        tables={TABLE.name: TABLE.frame(rows)},
        figures=tuple(_figures(found, cohort.study["samples"])),
        people=_people(cohort, found),
        notes=(
            f"Reads were thinned to {found.common_depth} per site before measuring, because depth alone raises MATH, "
            "Fst and the number of subclones seen; samples below that depth stay as they are.",
            "One sample shows only its own place: a variant that is clonal in it may be subclonal in the lesion.",
            "Values that rest on fewer than ten variants have wide intervals; compare intervals, not values.",
            *_assumed(rows),
        ),
        methods=_METHODS,
    )


def _headline(found: dict[str, Estimate], rows: pl.DataFrame) -> Headline:
    """How much of a sample is subclonal."""
    share = found.get("median_subclonal_share")
    if share is None or share.value is None:
        n = rows.drop_nulls("value")["patient_id"].n_unique()
        return Headline(said("headline.heterogeneity.other", n=n), "uncertain", said("reason.no_value"))
    return rated(said("headline.heterogeneity.share", share=share, n=share.n), share, share.name)


def _people(cohort: Cohort, found: HeterogeneityTable) -> pl.DataFrame:
    """The samples measured, per measure of a sample those with a value, and per measure of a pair the patients with
    one."""
    everyone, none = cohort.study["patients"]["patient_id"], "no tumour sample with a somatic variant"
    left = found.excluded.rename({"sample_id": "sample_a"})
    of_sample = found.rows.filter(pl.col("sample_b").is_null())
    parts = []
    for measure in OF_SAMPLE:
        mine = of_sample.filter(pl.col("measure") == measure)
        silent = mine.filter(pl.col("value").is_null()).select(
            "patient_id", "sample_a", pl.col("reason").fill_null("not estimable")
        )
        out = pl.concat([left, silent]).rename({"sample_a": "sample_id"})
        inside = mine.drop_nulls("value").select("patient_id", sample_id="sample_a")
        parts.append(counted(measure, everyone, inside, out, rest=none, unit="sample"))
    for measure in OF_PAIR:
        mine = found.rows.filter((pl.col("measure") == measure) & pl.col("sample_b").is_not_null())
        inside = mine.drop_nulls("value").select("patient_id").unique()
        silent = mine.join(inside, on="patient_id", how="anti")
        silent = silent.select("patient_id", pl.col("reason").fill_null("not estimable"))
        parts.append(counted(measure, everyone, inside, silent, rest="no two samples with variants to compare"))
    return ledger(parts)


def _assumed(rows: pl.DataFrame) -> list[str]:
    """Say how much of the comparison of pairs rests on variants nobody counted."""
    pairs = rows.filter(pl.col("measure") == "fst")
    n = pairs.filter(pl.col("n_assumed") > 0).height
    if not n:
        return []
    share = int(pairs["n_assumed"].sum()) / max(int(pairs["n"].sum()), 1)
    return [
        f"In {n} of {pairs.height} pairs absence is assumed for variants called in one sample and not counted in the "
        f"other "
        f"({share:.0%} of all variants compared; evolution/heterogeneity, n_assumed). With forced counts the pairs "
        f"may lie "
        "closer together."
    ]


_METHODS = (
    "MATH (Mroz 2013): 100 x 1.4826 x MAD / median of the allele fractions of variants with 3 reads or more. Subclonal "
    "share: expected share of the present variants whose clone has a CCF below 0.9, over the clusters' posteriors. "
    "Shannon and Simpson: of the cell fractions between the clusters' CCFs, taken as nested.",
    "JSI (Hu 2020): expected subclonal in both / (that + expected clonal in one and absent in the other). Nei 1972 and "
    "Hudson's Fst (Bhatia 2013) on CCF / 2. ccf_distance: mean absolute difference of CCFs. Variants whose allele one "
    "of "
    "the samples has lost do not enter. copy_number_divergence: share of bases whose copies differ.",
    "neutral_r2 (Williams 2016): R2 of the cumulative count against 1/f between 0.12 and 0.24 at purity 1; 0.98 or "
    "more "
    "fits neutral growth. neutral_power: chance that a neutral tail of this size reaches 0.98; where it is low, the "
    "test "
    "says nothing.",
    "Values: mean over random thinnings; limits: 2.5 and 97.5 % over variants drawn again.",
)


def _medians(rows: pl.DataFrame) -> list[Estimate]:
    """Return medians over patients (of the mean over their samples or pairs); limits from six patients on."""
    out = []
    tissue = (pl.col("role_a") != "plasma") & (pl.col("role_b").is_null() | (pl.col("role_b") != "plasma"))
    for measure, unit in {**OF_SAMPLE, **OF_PAIR}.items():
        use = rows.filter((pl.col("measure") == measure) & tissue).drop_nulls("value")
        values = use.group_by("patient_id").agg(pl.col("value").mean())["value"].sort().to_numpy()
        if len(values) < 3:
            continue
        low, high = median_interval(values)
        method = "median over patients (tissue), order statistics"
        out.append(Estimate(f"median_{measure}", float(np.median(values)), low, high, len(values), method, unit))
    return out


def _figures(found: HeterogeneityTable, samples: pl.DataFrame) -> list[Figure]:
    from oncourse.plots.heterogeneity import against_time, strips

    single = found.rows.filter(pl.col("sample_b").is_null())
    pair = found.rows.filter(pl.col("sample_b").is_not_null()).with_columns(
        kind=pl.concat_str(pl.col("role_a"), pl.lit(" - "), pl.col("role_b"))
    )

    def groups(frame: pl.DataFrame, measure: str, by: str, column: str = "value") -> dict[str, Any]:
        use = (
            frame.filter(pl.col("measure") == measure)
            .drop_nulls("value")
            .sort(by, "patient_id", "sample_a", "sample_b")
        )
        return {
            str(k[0]): f[column].to_numpy() for k, f in use.partition_by(by, as_dict=True, maintain_order=True).items()
        }

    def panels(frame: pl.DataFrame, by: str, *measures: tuple[str, str]) -> Callable[[], str] | None:
        values = [(label, groups(frame, measure, by)) for label, measure in measures]
        people = [
            {kind: who.tolist() for kind, who in groups(frame, measure, by, "patient_id").items()}
            for _, measure in measures
        ]
        return partial(strips, values, people) if any(found for _, found in values) else None

    out = []
    if drawing := panels(single, "role_a", ("Subclonal share", "subclonal_share"), ("MATH", "math")):
        caption = "Each point is a sample; the line is the median of its kind."
        out.append(Figure("within", "Heterogeneity within samples", caption, drawing))
    if drawing := panels(pair, "kind", ("JSI", "jsi"), ("Fst", "fst")):
        caption = "Each point is a pair of samples of one patient; the line is the median of its kind."
        out.append(Figure("between", "Heterogeneity between samples", caption, drawing))
    day = dict(samples.select("sample_id", "day").drop_nulls().iter_rows())
    timed = (
        pair.filter(pl.col("measure") == "jsi")
        .drop_nulls("value")
        .with_columns(
            gap=pl.col("sample_a").replace_strict(day, default=None, return_dtype=pl.Float64)
            - pl.col("sample_b").replace_strict(day, default=None, return_dtype=pl.Float64)
        )
        .drop_nulls("gap")
        .sort("kind", "patient_id", "sample_a", "sample_b")
    )
    if timed["gap"].abs().n_unique() > 1:
        kinds = {str(k[0]): f for k, f in timed.partition_by("kind", as_dict=True, maintain_order=True).items()}
        gaps = {kind: (f["gap"].abs().to_numpy(), f["value"].to_numpy()) for kind, f in kinds.items()}
        who = {kind: f["patient_id"].to_list() for kind, f in kinds.items()}
        caption = "Each point is a pair of samples of one patient; high JSI speaks for several founders (Hu 2020)."
        drawing = partial(against_time, gaps, "JSI", who)
        out.append(Figure("jsi_time", "JSI by the time between samples", caption, drawing))
    return out
