"""Actionable statuses of two samples side by side: 2x2 tables with their margins, and the patients who flip."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from oncourse.facts.statuses import Status
from oncourse.stats import agreement as ag

STATUS_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("status", pl.String, "RAS, BRAF V600E ..."),
    ("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
    (
        "set",
        pl.String,
        "all: every sampled patient, plasma without tumour DNA taken as negative; informative: without it",
    ),
    ("n_both", pl.Int64, "patients positive in both samples"),
    ("n_a_only", pl.Int64, "positive in the first sample only"),
    ("n_b_only", pl.Int64, "positive in the second sample only"),
    ("n_neither", pl.Int64, "negative in both"),
    ("n_not_assessable", pl.Int64, "one of the two could not be judged"),
    ("n_assumed", pl.Int64, "of the judged, with a negative that is assumed, not measured"),
    *(
        (f"{name}{end}", pl.Float64, text)
        for name, words in (
            ("ppa", "positive percent agreement of b with a"),
            ("npa", "negative percent agreement of b with a"),
            ("opa", "overall percent agreement"),
            ("ppv", "share of b's positives that a has"),
            ("kappa", "Cohen's kappa"),
            ("ac1", "Gwet's AC1"),
        )
        for end, text in (("", words), ("_low", f"{words}, lower 95 % limit"), ("_high", f"{words}, upper 95 % limit"))
    ),
    ("discordance", pl.Float64, "share of judged patients whose status differs"),
    ("discordance_low", pl.Float64, "lower 95 % limit, exact"),
    ("discordance_high", pl.Float64, "upper 95 % limit, exact"),
    ("mcnemar_p", pl.Float64, "exact McNemar test: does one sample find more?"),
)

FLIP_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("patient_id", pl.String, "the patient"),
    ("status", pl.String, "RAS, BRAF V600E ..."),
    ("sample_a", pl.String, "first sample"),
    ("sample_b", pl.String, "second sample"),
    ("state_a", pl.String, "positive / negative / not_assessable"),
    ("state_b", pl.String, "positive / negative / not_assessable"),
    ("alt_a", pl.Int64, "reads with the variant in the first sample; null = not counted"),
    ("depth_a", pl.Int64, "reads at the site"),
    ("alt_b", pl.Int64, "reads with the variant in the second sample"),
    ("depth_b", pl.Int64, "reads at the site"),
    ("consequence_for_therapy", pl.String, "what the difference means; a prompt for a doctor, no advice"),
    ("comparison", pl.String, "primary v metastasis, tissue v plasma ..."),
    ("variants", pl.String, "the variants behind it"),
    ("basis_a", pl.String, "counted / measured / assumed"),
    ("basis_b", pl.String, "counted / measured / assumed"),
    ("is_main", pl.Boolean, "the patient's main pair of this comparison"),
)

NOT_ASSESSABLE = "not assessable in one sample: no change of status may be read from this pair"
#: Stands before what a change would mean where its negative is only assumed.
IF_MEASURED = "only if the assumed negative is confirmed by reads: "


def status_pairs(
    pairs: pl.DataFrame, states: pl.DataFrame, informative: dict[str, pl.DataFrame], two_tumours: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per pair and status with both samples' state, basis and counts, is_informative, and of_two:
    whether the samples are of two tumours, which tells nothing of one that changed.

    Parameters
    ----------
    pairs : of `PairTable`
    states : of `sample_statuses`
    informative : status -> sample, is_informative
    two_tumours : pairs that are of two (`oncourse.derive.concordance.relatedness`)
    """
    kept = pairs.select(
        "pair",
        "patient_id",
        "comparison",
        "sample_a",
        "sample_b",
        "is_main",
        "row_a",
        "row_b",
        "days_between",
    )
    side = states.select("sample", "status", "state", "basis", "variants", "alt_count", "depth", "is_silent")
    two = kept.join(side, left_on="row_a", right_on="sample", how="inner").join(
        side, left_on=["row_b", "status"], right_on=["sample", "status"], how="inner", suffix="_b"
    )
    flags = pl.concat(
        [frame.with_columns(status=pl.lit(name)) for name, frame in sorted(informative.items())]
        or [pl.DataFrame(schema={"sample": pl.Int64, "is_informative": pl.Boolean, "status": pl.String})]
    )
    for end in ("a", "b"):
        renamed = flags.rename({"sample": f"row_{end}", "is_informative": f"informative_{end}"})
        two = two.join(renamed, on=[f"row_{end}", "status"], how="left")
    of_two = two_tumours["pair"].implode()
    return (
        two.with_columns(of_two=pl.col("pair").is_in(of_two))
        .rename(
            {
                "state": "state_a",
                "basis": "basis_a",
                "variants": "variants_a",
                "alt_count": "alt_a",
                "depth": "depth_a",
                "alt_count_b": "alt_b",
                "is_silent": "is_silent_a",
            }
        )
        .sort("status", "pair")
    )


def state_among_all() -> pl.Expr:
    """State of the second sample in the set of all patients: plasma without tumour DNA in which the assay looked for
    the status and saw nothing is a negative result; where it did not look, or saw what may be it, nothing is known."""
    silent = ~pl.col("informative_b").fill_null(True) & pl.col("is_silent_b").fill_null(False)
    return pl.when(silent & pl.col("basis_a").is_not_null()).then(pl.lit("negative")).otherwise("state_b")


def status_table(two: pl.DataFrame) -> pl.DataFrame:
    """Return the agreement of every status, comparison and set over main pairs (`STATUS_COLUMNS`)."""
    main = two.filter(pl.col("is_main") & ~pl.col("of_two"))
    informative = pl.col("informative_a").fill_null(True) & pl.col("informative_b").fill_null(True)
    whole = main.with_columns(
        state_b=state_among_all(),
        set=pl.lit("all"),
    )
    both_sets = pl.concat([whole, main.filter(informative).with_columns(set=pl.lit("informative"))], how="diagonal")
    a, b = pl.col("state_a"), pl.col("state_b")
    assumed = (pl.col("basis_a") == "assumed") | (pl.col("basis_b") == "assumed")
    known = (a != "not_assessable") & (b != "not_assessable")
    table = both_sets.group_by("status", "comparison", "set").agg(
        n_both=((a == "positive") & (b == "positive")).sum(),
        n_a_only=((a == "positive") & (b == "negative")).sum(),
        n_b_only=((a == "negative") & (b == "positive")).sum(),
        n_neither=((a == "negative") & (b == "negative")).sum(),
        n_not_assessable=(~known).sum(),
        n_assumed=(known & assumed.fill_null(False)).sum(),
        **{
            f"only_positive_{end}": ~(state == "negative").any() & (state == "not_assessable").any()
            for end, state in (("a", a), ("b", b))
        },
    )
    return _without_positives_alone(with_agreement(table)).sort("status", "comparison", "set")


#: Side of which samples can be judged only where they are positive -> the shares that then say nothing.
_RESTS_ON = {
    "a": ("ppv", "npa", "opa", "kappa", "ac1", "discordance", "mcnemar_p"),
    "b": ("ppa", "npa", "opa", "kappa", "ac1", "discordance", "mcnemar_p"),
}


def _without_positives_alone(table: pl.DataFrame) -> pl.DataFrame:
    """Take back the shares of a side that was never negative while others of it could not be judged: whoever can only be
    judged when positive agrees in 100 %."""
    for end, names in _RESTS_ON.items():
        shares = [c for c in table.columns if c.removesuffix("_low").removesuffix("_high") in names]
        table = table.with_columns(pl.when(~pl.col(f"only_positive_{end}")).then(c).alias(c) for c in shares)
    return table.drop("only_positive_a", "only_positive_b")


def with_agreement(table: pl.DataFrame) -> pl.DataFrame:
    """Add every agreement statistic to the counts n_both, n_a_only, n_b_only, n_neither."""
    counts = [table[c].to_numpy().astype(float) for c in ("n_both", "n_a_only", "n_b_only", "n_neither")]
    n11, n10, n01, n00 = counts
    shares = ag.agreement(n11, n10, n01, n00)
    kappa, ac1 = ag.few_units_limits(n11, n10, n01, n00)
    found = {
        "ppa": shares.ppa,
        "npa": shares.npa,
        "opa": shares.opa,
        "ppv": shares.ppv,
        "kappa": kappa,
        "ac1": ac1,
        "discordance": ag.share(n10 + n01, n11 + n10 + n01 + n00),
    }
    added = []
    for name, interval in found.items():
        for end, value in (("", interval.value), ("_low", interval.low), ("_high", interval.high)):
            added.append(pl.Series(f"{name}{end}", np.asarray(value, float)).fill_nan(None))
    p_value = np.where(counts[1] + counts[2] > 0, ag.mcnemar_exact(counts[1], counts[2]), np.nan)
    return table.with_columns(*added, pl.Series("mcnemar_p", p_value).fill_nan(None))


def flips(two: pl.DataFrame, statuses: tuple[Status, ...]) -> pl.DataFrame:
    """Return every pair whose status differs, or is positive in one sample and not assessable in the other."""
    gained = {s.name: s.if_gained for s in statuses}
    lost = {s.name: s.if_lost for s in statuses}
    a, b = pl.col("state_a"), pl.col("state_b")
    differ = two.filter((a != b) & ((a == "positive") | (b == "positive")))
    word = (
        pl.when((a == "negative") & (b == "positive"))
        .then(pl.col("status").replace_strict(gained, default=None))
        .when((a == "positive") & (b == "negative"))
        .then(pl.col("status").replace_strict(lost, default=None))
        .otherwise(pl.lit(NOT_ASSESSABLE))
    )
    assumed = ((a == "negative") & (pl.col("basis_a") == "assumed")) | (
        (b == "negative") & (pl.col("basis_b") == "assumed")
    )
    word = pl.when(assumed.fill_null(False)).then(pl.lit(IF_MEASURED) + word).otherwise(word)
    return (
        differ.with_columns(consequence_for_therapy=word, variants=pl.coalesce("variants_a", "variants_b"))
        .select(pl.col(name).cast(dtype) for name, dtype, _ in FLIP_COLUMNS)
        .sort("status", "patient_id", "sample_a", "sample_b")
    )
