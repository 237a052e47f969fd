"""Resistance that appears under treatment: new, there before, or not visible before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.facts.absence import absent_by_calls
from oncourse.facts.markers import NEGATIVE, POSITIVE
from oncourse.facts.material import is_tumour
from oncourse.genome.protein import short_change
from oncourse.knowledge.alterations import Site, current_numbering, data_rows, parse_site
from oncourse.knowledge.drugs import drug_classes
from oncourse.study.settings import section, setting


@section("watchlist")
@dataclass(frozen=True)
class WatchParams:
    """When a variant counts as new."""

    min_exclusion: float = setting(
        0.99,
        "least joint chance that the earlier samples would have shown the variant at the cell fraction it has later",
        low=0.5,
        high=0.9999,
    )
    min_content: float = setting(
        0.2, "least tumour content of an earlier sample that excludes an amplification", low=0, high=1
    )


@dataclass(frozen=True)
class WatchItem:
    """One resistance to watch for under one class of drugs."""

    drug_class: str
    kind: str
    target: str
    name: str
    half_life_months: float | None
    source: str
    sites: tuple[Site, ...]
    genes: tuple[str, ...]


@cache
def watch_items() -> tuple[WatchItem, ...]:
    """Return the watch list of the package."""
    items = []
    for row in data_rows("watchlist.tsv"):
        is_site = row["kind"] == "mutation"
        sites = tuple(parse_site(t) for t in row["target"].split(";")) if is_site else ()
        genes = tuple(s.gene for s in sites) or (tuple(row["target"].split(",")) if row["kind"] != "marker" else ())
        life = float(row["half_life_months"]) if row["half_life_months"] else None
        items.append(
            WatchItem(row["drug_class"], row["kind"], row["target"], row["name"], life, row["source"], sites, genes)
        )
    return tuple(items)


#: Columns of the emergence table.
EMERGENCE_SCHEMA = {
    "patient_id": pl.String,
    "drug_class": pl.String,
    "kind": pl.String,
    "name": pl.String,
    "gene": pl.String,
    "change": pl.String,
    "variant_id": pl.String,
    "status": pl.String,
    "first_seen_day": pl.Int64,
    "first_seen_sample": pl.String,
    "alt_count": pl.Int64,
    "depth": pl.Int64,
    "earlier": pl.String,
    "exclusion": pl.Float64,
    "start_day": pl.Int64,
    "stop_day": pl.Int64,
}


def class_periods(treatments: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, drug_class, start_day (first), stop_day (last; null = ongoing or unknown)."""
    schema = {"patient_id": pl.String, "drug_class": pl.String, "start_day": pl.Int64, "stop_day": pl.Int64}
    rows = treatments.drop_nulls(["drugs", "start_day"]).select("patient_id", "drugs", "start_day", "stop_day")
    if rows.is_empty():
        return pl.DataFrame(schema=schema)
    unique = rows["drugs"].unique().to_list()
    named = pl.DataFrame(
        [(d, c) for d in sorted(unique) for c in sorted(drug_classes(d))],
        schema={"drugs": pl.String, "drug_class": pl.String},
        orient="row",
    )
    return (
        rows.join(named, on="drugs", how="inner")
        .group_by("patient_id", "drug_class")
        .agg(
            pl.col("start_day").min(),
            pl.when(pl.col("stop_day").is_null().any())
            .then(None)
            .otherwise(pl.col("stop_day").max())
            .alias("stop_day"),
        )
        .sort("patient_id", "drug_class")
        .select(list(schema))
    )


def emergence(
    cells: pl.DataFrame,
    samples: pl.DataFrame,
    treatments: pl.DataFrame,
    params: WatchParams = WatchParams(),
    reversions: Collection[tuple[str, str, str]] = (),
) -> pl.DataFrame:
    """Return one row per patient, class of drug given, and watched variant found in the patient.

    Parameters
    ----------
    cells : patient_id, variant_id, gene, hgvs_p, sample_id, alt_count, depth, covered_depth, state, reason, basis,
        power_same_ccf, blood
        (`oncourse.derive.concordance.presence`)
    samples : sample_id, day, material
    treatments : the study's table
    reversions : (variant_id, gene, change) of variants that restore a reading frame

    Returns
    -------
    `EMERGENCE_SCHEMA`. kind: mutation or reversion. status: ``emerged`` (present in a sample after the start of the
    class; every sample up to then that says anything says absent, and together they would have shown it at its later
    cell fraction with at least ``min_exclusion``), ``present_before``, ``not_visible_before`` (nothing excludes that it
    was there), ``uncalled_before`` (it would be emerged, but in some earlier sample nobody counted the reads: new by
    calls alone), or ``no_sample_before``. ``earlier`` holds alt reads / depth of every earlier sample. Clonal
    haematopoiesis and possible clonal haematopoiesis never count. A sample without a day cannot be placed and is not
    used.
    """
    periods = class_periods(treatments)
    items = [item for item in watch_items() if item.kind in ("mutation", "reversion")]
    genes = sorted({g for item in items for g in item.genes})
    cells = cells.filter(
        pl.col("gene").is_in(genes) & ~pl.col("blood").is_in(["chip", "possible_chip", "germline"]).fill_null(False)
    )
    if cells.is_empty() or periods.is_empty():
        return pl.DataFrame(schema=EMERGENCE_SCHEMA)
    named = _watched(cells.select("variant_id", "gene", "hgvs_p").unique(), items, reversions)
    if named.is_empty():
        return pl.DataFrame(schema=EMERGENCE_SCHEMA)
    rows = _looks(cells, named, periods, samples)
    return (
        _histories(rows)
        .with_columns(status=_status(params), exclusion=pl.when("excluded").then(pl.col("counted_exclusion")))
        .filter(pl.col("status") != "not_seen_since")
        .select(list(EMERGENCE_SCHEMA))
        .sort("patient_id", "drug_class", "name", "variant_id")
    )


def possible_blood(cells: pl.DataFrame, samples: pl.DataFrame, treatments: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, drug_class, name of watched mutations that may be of a blood clone (possible CHIP) and are seen
    after the start of the class: whether resistance appeared is not known of these patients.

    Parameters
    ----------
    cells, samples, treatments : as of `emergence`; of cells ``raw_state`` (before blood is set apart) too
    """
    periods = class_periods(treatments)
    items = [item for item in watch_items() if item.kind == "mutation"]
    genes = sorted({g for item in items for g in item.genes})
    seen = cells.filter(
        pl.col("gene").is_in(genes) & (pl.col("blood") == "possible_chip") & (pl.col("raw_state") == "present")
    )
    named = _watched(seen.select("variant_id", "gene", "hgvs_p").unique(), items, ())
    dated = samples.select("sample_id", "day").drop_nulls("day")
    found = seen.select("patient_id", "variant_id", "gene", "sample_id").join(dated, on="sample_id", how="inner")
    found = found.join(named, on=["variant_id", "gene"], how="inner").join(periods, on=["patient_id", "drug_class"])
    return (
        found.filter(pl.col("day") > pl.col("start_day"))
        .select("patient_id", "drug_class", "name")
        .unique()
        .sort(pl.all())
    )


def _looks(cells: pl.DataFrame, named: pl.DataFrame, periods: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return one row per class of drug given, watched variant and dated sample of the patient, by day."""
    dated = samples.select("sample_id", "day").drop_nulls("day")
    return (
        cells.select(
            "patient_id",
            "variant_id",
            "gene",
            "sample_id",
            "alt_count",
            "depth",
            "state",
            "power_same_ccf",
            "covered_depth",
            by_calls=absent_by_calls(),
        )
        .join(named, on=["variant_id", "gene"], how="inner")
        .join(periods, on=["patient_id", "drug_class"], how="inner")
        .join(dated, on="sample_id", how="inner")
        .sort("patient_id", "drug_class", "name", "variant_id", "day", "sample_id")
    )


def _histories(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per class of drug and variant: where it was first seen after the start of the class, and what the
    samples up to then say; `exclusion`: chance that they together would have shown it, `counted_exclusion` of those
    whose reads were counted."""
    before, after = pl.col("day") <= pl.col("start_day"), pl.col("day") > pl.col("start_day")
    # likely there by its neighbours, but without a read of its own, is not seen
    has_read = pl.col("alt_count").is_null() | (pl.col("alt_count") > 0)
    present, absent = (pl.col("state") == "present") & has_read, pl.col("state") == "absent"
    hit = after & present
    counts = pl.format("{}/{} (day {})", pl.col("alt_count").fill_null(0), pl.col("depth").fill_null(0), "day")
    covered = pl.format("not called in {} reads (day {})", "covered_depth", "day")
    unread = (
        pl.when(pl.col("covered_depth").is_null()).then(pl.format("not counted (day {})", "day")).otherwise(covered)
    )
    counts = pl.when(pl.col("depth").is_null()).then(unread).otherwise(counts)
    misses = 1 - pl.col("power_same_ccf").fill_null(0.0)
    missed = misses.filter(before & absent).product()
    # what nobody looked at excludes nothing: an assumed absence makes a variant new by calls alone
    missed_counted = misses.filter(before & absent & ~pl.col("by_calls")).product()
    return rows.group_by(
        "patient_id",
        "drug_class",
        "kind",
        "name",
        "gene",
        "change",
        "variant_id",
        "start_day",
        "stop_day",
        maintain_order=True,
    ).agg(
        pl.col("day").filter(hit).first().alias("first_seen_day"),
        pl.col("sample_id").filter(hit).first().alias("first_seen_sample"),
        pl.col("alt_count").filter(hit).first(),
        pl.col("depth").filter(hit).first(),
        counts.filter(before).str.join("; ").alias("earlier"),
        (before & present).any().alias("was_there"),
        before.any().alias("looked"),
        (before & absent).any().alias("excluded"),
        (1 - missed).alias("exclusion"),
        (1 - missed_counted).alias("counted_exclusion"),
        (before & pl.col("by_calls")).any().alias("uncounted"),
    )


def _status(params: WatchParams) -> pl.Expr:
    """What a history says (`emergence`)."""
    return (
        pl.when(pl.col("was_there"))
        .then(pl.lit("present_before"))
        .when(pl.col("first_seen_day").is_null())
        .then(pl.lit("not_seen_since"))
        .when(~pl.col("looked"))
        .then(pl.lit("no_sample_before"))
        .when(pl.col("excluded") & (pl.col("counted_exclusion") >= params.min_exclusion))
        .then(pl.lit("emerged"))
        .when(pl.col("uncounted"))
        .then(pl.lit("uncalled_before"))
        .otherwise(pl.lit("not_visible_before"))
    )


def _watched(
    variants: pl.DataFrame, items: list[WatchItem], reversions: Collection[tuple[str, str, str]]
) -> pl.DataFrame:
    """Return variant_id, gene, drug_class, kind, name, change of the variants that some item watches for."""
    from oncourse.knowledge.findings import VariantFinding

    rows = []
    for variant_id, gene, hgvs_p in variants.sort("variant_id", "gene").iter_rows():
        change = current_numbering(gene, short_change(hgvs_p))
        finding = VariantFinding(gene, change)
        for item in items:
            if change and any(site.gene == gene and site.accepts(finding) for site in item.sites):
                rows.append((variant_id, gene, item.drug_class, item.kind, item.name, change))
    for variant_id, gene, change in sorted(set(reversions)):
        rows += [
            (variant_id, gene, item.drug_class, item.kind, item.name, change)
            for item in items
            if item.kind == "reversion" and gene in item.genes
        ]
    schema = dict.fromkeys(("variant_id", "gene", "drug_class", "kind", "name", "change"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def emerged_amplifications(
    copies: pl.DataFrame, samples: pl.DataFrame, treatments: pl.DataFrame, params: WatchParams = WatchParams()
) -> pl.DataFrame:
    """Return one row per patient, class of drug given, and watched gene found amplified.

    Parameters
    ----------
    copies : `oncourse.derive.copy_states.copy_table`
    samples : patient_id, sample_id, material, day, purity, tumor_fraction
    treatments : the study's table

    Returns
    -------
    `EMERGENCE_SCHEMA` with kind amplification; status as in `emergence`. An earlier sample excludes the amplification
    only where its copy number is known, is lower, and its tumour content is known and at least ``min_content``.
    ``earlier`` holds the copy number of every earlier tumour sample.
    """
    periods = class_periods(treatments)
    items = pl.DataFrame(
        [(i.drug_class, i.kind, i.name, g) for i in watch_items() if i.kind == "amplification" for g in i.genes],
        schema=dict.fromkeys(("drug_class", "kind", "name", "gene"), pl.String),
        orient="row",
    )
    hit = copies.filter(pl.col("state") == "amplified").select("patient_id", "gene").unique()
    pairs = periods.join(items, on="drug_class", how="inner").join(hit, on=["patient_id", "gene"], how="inner")
    if pairs.is_empty():
        return pl.DataFrame(schema=EMERGENCE_SCHEMA)
    content = pl.when(pl.col("material") == "plasma").then("tumor_fraction").otherwise("purity")
    dated = samples.filter(is_tumour()).drop_nulls("day")
    rows = pairs.join(
        dated.select("patient_id", "sample_id", "day", content=content), on="patient_id", how="inner"
    ).join(copies.select("sample_id", "gene", "state", "copies"), on=["sample_id", "gene"], how="left")
    words = (
        pl.when(pl.col("state").is_null())
        .then(pl.lit("copy number not known"))
        .when(pl.col("copies").is_not_null())
        .then(pl.format("{} copies", pl.col("copies").round(1)))
        .otherwise(pl.col("state").str.replace_all("_", " "))
    )
    seen = pl.col("state") == "amplified"
    able = pl.col("state").is_not_null() & (pl.col("content") >= params.min_content).fill_null(False)
    return _placed(rows.with_columns(words=words, seen=seen.fill_null(False), able=able), "amplification")


def emerged_markers(readings: pl.DataFrame, treatments: pl.DataFrame) -> pl.DataFrame:
    """Return one row per patient, class of drug given, and watched marker found positive (AR-V7).

    Parameters
    ----------
    readings : `oncourse.facts.markers.marker_readings`; a result without a day cannot be placed and is not used
    treatments : the study's table

    Returns
    -------
    `EMERGENCE_SCHEMA` with kind marker; an earlier result that is recorded as negative excludes it, any other does not
    """
    periods = class_periods(treatments)
    items = pl.DataFrame(
        [(i.drug_class, i.kind, i.name, i.target) for i in watch_items() if i.kind == "marker"],
        schema=dict.fromkeys(("drug_class", "kind", "name", "gene"), pl.String),
        orient="row",
    )
    dated = readings.drop_nulls("day").select(
        "patient_id", "sample_id", "day", "state", gene=pl.col("marker"), words=pl.col("value").str.to_lowercase()
    )
    rows = periods.join(items, on="drug_class", how="inner").join(dated, on=["patient_id", "gene"], how="inner")
    seen, able = pl.col("state") == POSITIVE, pl.col("state") == NEGATIVE
    return _placed(rows.with_columns(seen=seen, able=able), "marker")


def _placed(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Place findings (seen), results that exclude (able) and words of each dated sample before and after the start."""
    before, after = pl.col("day") <= pl.col("start_day"), pl.col("day") > pl.col("start_day")
    hit = after & pl.col("seen")
    rows = rows.sort("patient_id", "drug_class", "name", "gene", "day", "sample_id", nulls_last=True)
    table = rows.group_by("patient_id", "drug_class", "name", "gene", "start_day", "stop_day", maintain_order=True).agg(
        pl.col("day").filter(hit).first().alias("first_seen_day"),
        pl.col("sample_id").filter(hit).first().alias("first_seen_sample"),
        pl.format("{} (day {})", "words", "day").filter(before).str.join("; ").alias("earlier"),
        (before & pl.col("seen")).any().alias("was_there"),
        before.any().alias("looked"),
        (before & pl.col("able") & ~pl.col("seen")).any().alias("excluded"),
    )
    status = (
        pl.when(pl.col("was_there"))
        .then(pl.lit("present_before"))
        .when(pl.col("first_seen_day").is_null())
        .then(pl.lit("not_seen_since"))
        .when(~pl.col("looked"))
        .then(pl.lit("no_sample_before"))
        .when(pl.col("excluded"))
        .then(pl.lit("emerged"))
        .otherwise(pl.lit("not_visible_before"))
    )
    word = {"amplification": "amplification", "marker": "positive"}[kind]
    null = pl.lit(None)
    return (
        table.with_columns(
            status=status,
            kind=pl.lit(kind),
            change=pl.lit(word),
            variant_id=null,
            alt_count=null,
            depth=null,
            exclusion=null,
        )
        .filter(pl.col("status") != "not_seen_since")
        .select(pl.col(n).cast(t) for n, t in EMERGENCE_SCHEMA.items())
        .sort("patient_id", "drug_class", "name", "gene")
    )


def retest_reminders(found: pl.DataFrame, today: pl.DataFrame) -> pl.DataFrame:
    """Return when a resistant clone is expected to have decayed to a quarter after its drug was stopped.

    Parameters
    ----------
    found : `emergence`
    today : patient_id, last_day: the last day known of the patient

    Returns
    -------
    patient_id, name, change, stop_day, half_life_months, retest_day: two half-lives after the stop (RAS 3.7, EGFR
    ectodomain 4.7 months; Sartore-Bianchi et al. Nat Med 2022), days_since_stop
    """
    lives = pl.DataFrame(
        [(i.drug_class, i.name, i.half_life_months) for i in watch_items() if i.half_life_months],
        schema={"drug_class": pl.String, "name": pl.String, "half_life_months": pl.Float64},
        orient="row",
    )
    days = (pl.col("stop_day") + 2 * pl.col("half_life_months") * DAYS_PER_MONTH).round(0).cast(pl.Int64)
    return (
        found.drop_nulls("stop_day")
        .join(lives, on=["drug_class", "name"], how="inner")
        .join(today, on="patient_id", how="left")
        .select(
            "patient_id",
            "name",
            "change",
            "stop_day",
            "half_life_months",
            days.alias("retest_day"),
            (pl.col("last_day") - pl.col("stop_day")).alias("days_since_stop"),
        )
        .sort("patient_id", "name", "change")
    )
