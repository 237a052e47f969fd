"""Could a mutation have been seen at a codon? What makes a wild type measured instead of assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.derive.concordance.covered import codon_places, covered_codons, off_target
from oncourse.derive.concordance.presence_inputs import tumour_samples
from oncourse.derive.genes.panels import Panels
from oncourse.derive.genes.unread import unread_codons
from oncourse.evolution.presence_kernels import beta_binomial_sf
from oncourse.evolution.vaf import expected_vaf, min_alt_reads, with_errors
from oncourse.facts.material import is_normal
from oncourse.genome.gene_sets import set_codons
from oncourse.genome.protein import codon
from oncourse.stats.proportions import wilson
from oncourse.study.model import Study
from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.concordance.presence import PresenceTable

#: The codons every RAS rule asks for (FDA label of panitumumab: exons 2-4 of KRAS and NRAS).
RAS_CODONS = set_codons("RAS")
ERROR_RATE = 1e-3
#: Reads taken where neither a site's nor the sample's depth is recorded: as many as never limit.
UNLIMITED_DEPTH = 100_000
TOO_LITTLE = "too few reads or too little tumour"


@section("callability")
@dataclass(frozen=True)
class CallabilityParams:
    """When the absence of a mutation counts as measured."""

    min_power: float = setting(
        0.95, "least chance to see a clonal heterozygous mutation at every codon", low=0.5, high=0.9999
    )
    concentration: float = setting(
        200.0, "beta-binomial concentration of variant reads", low=5, source="Roth 2014, Nat Methods 11:396"
    )


#: Columns of the callability table.
SCHEMA = {
    "patient_id": pl.String,
    "sample_id": pl.String,
    "material": pl.String,
    "gene": pl.String,
    "codon": pl.Int64,
    "depth": pl.Int64,
    "purity": pl.Float64,
    "total_cn": pl.Float64,
    "power": pl.Float64,
    "state": pl.String,
    "reason": pl.String,
}


def callability(
    study: Study,
    panels: Panels,
    params: CallabilityParams,
    *,
    codons: Mapping[str, Sequence[int]] = RAS_CODONS,
    purity: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return one row per tumour sample and codon.

    Parameters
    ----------
    codons : gene -> codons asked for
    purity : `shown_content`: the least share of tumour a sample is known to hold, used where none is recorded

    Returns
    -------
    `SCHEMA`; state is ``measured`` (power >= the limit), ``underpowered``, ``not_covered`` (no reads, the gene not on
    the assay, or the codon not in its regions: `off_target`), ``unread`` (something called there was not understood:
    `oncourse.derive.genes.unread`) or ``assumed`` (on target, but depth or purity is not known). Depth comes from the
    coverage table (gene and codon, or a region over the codon), else from a counted row of calls at the codon; the mean
    depth of a sample is no measurement: it makes no wild type measured, but where even that depth (unlimited, where it
    is not recorded) could not show a clonal mutation, the codon is underpowered, not assumed; so is one whose depth is
    known, where purity is not and a sample of tumour alone would not do. Power is the chance that
    a clonal heterozygous mutation (one mutated copy) passes the sample's calling rule, beta-binomial around the allele
    fraction expected from purity (plasma: tumour fraction) and copy number, 2 where no segment says otherwise.
    """
    wanted = pl.DataFrame(
        [(g, c) for g in sorted(codons) for c in sorted(codons[g])], schema=["gene", "codon"], orient="row"
    ).cast({"gene": pl.String, "codon": pl.Int64})
    samples = tumour_samples(study)
    if samples.is_empty() or wanted.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    samples = samples.with_columns(purity=pl.col("given_purity"))
    if purity is not None and not purity.is_empty():
        low = purity.select("sample_id", "purity_low")
        samples = samples.join(low, on="sample_id", how="left").with_columns(purity=pl.coalesce("purity", "purity_low"))
    grid = (
        samples.lazy()
        .select(
            "patient_id",
            "sample_id",
            "material",
            "purity",
            "min_alt_count",
            "min_vaf",
            "error_rate",
            mean_depth="depth",
            known_purity="given_purity",
        )
        .join(wanted.lazy(), how="cross")
    )
    on_panel = panels.profiled(sorted(codons)).lazy().select("sample_id", "gene", pl.lit(True).alias("on_panel"))
    known = (
        grid.join(on_panel, on=["sample_id", "gene"], how="left")
        .join(_depths(study, wanted), on=["sample_id", "gene", "codon"], how="left")
        .join(_copies(study, wanted).lazy(), on=["sample_id", "gene", "codon"], how="left")
        .collect(engine="in-memory")
    )
    grid = known.lazy().with_columns(
        power=pl.Series(_power(known, params.concentration), dtype=pl.Float64, nan_to_null=True),
        reach=_reach(known, params),
    )
    blind = (pl.col("reach") < params.min_power).fill_null(False)
    has_depth, has_power = pl.col("depth").is_not_null(), pl.col("power").is_not_null()
    grid = grid.join(
        unread_codons(study, wanted).lazy().drop("patient_id"), on=["sample_id", "gene", "codon"], how="left"
    ).join(off_target(study, wanted).lazy(), on=["sample_id", "gene", "codon"], how="left")
    state = (
        pl.when(pl.col("unread").is_not_null())
        .then(pl.lit("unread"))
        .when(pl.coalesce("depth", "at_most") == 0)
        .then(pl.lit("not_covered"))
        .when(~has_depth & (pl.col("on_panel").is_null() | pl.col("off").is_not_null()))
        .then(pl.lit("not_covered"))
        .when((~has_depth | ~has_power) & blind)
        .then(pl.lit("underpowered"))
        .when(~has_depth | ~has_power)
        .then(pl.lit("assumed"))
        .when(pl.col("power") >= params.min_power)
        .then(pl.lit("measured"))
        .otherwise(pl.lit("underpowered"))
    )
    reason = (
        pl.when(pl.col("unread").is_not_null())
        .then(pl.col("unread"))
        .when(pl.coalesce("depth", "at_most") == 0)
        .then(pl.lit("no reads"))
        .when(~has_depth & pl.col("on_panel").is_null())
        .then(pl.lit("gene not on the assay"))
        .when(~has_depth & pl.col("off").is_not_null())
        .then("off")
        .when((~has_depth | ~has_power) & blind)
        .then(pl.lit(TOO_LITTLE))
        .when(~has_depth)
        .then(pl.lit("depth not recorded"))
        .when(pl.col("purity").is_null() & (pl.col("material") == "plasma"))
        .then(pl.lit("tumour fraction not known"))
        .when(~has_power)
        .then(pl.lit("purity not known"))
        .when(pl.col("power") >= params.min_power)
        .then(pl.lit("power"))
        .otherwise(pl.lit(TOO_LITTLE))
    )
    return (
        grid.with_columns(state=state, reason=reason)
        .select(list(SCHEMA))
        .sort("patient_id", "sample_id", "gene", "codon")
        .collect(engine="in-memory")
    )


def _depths(study: Study, wanted: pl.DataFrame) -> pl.LazyFrame:
    """Return sample_id, gene, codon, depth (of coverage, else of counted calls), at_most (`covered_codons`)."""
    asked, measured = wanted.lazy(), covered_codons(study, wanted)
    named = study["variants"].lazy().filter(pl.col("gene").is_in(wanted["gene"].unique().implode()))
    named = named.select("variant_id", "gene", codon("hgvs_p").alias("codon")).drop_nulls("codon")
    counted = (
        study["calls"]
        .lazy()
        .filter(pl.col("depth").is_not_null())
        .join(named, on="variant_id", how="inner")
        .join(asked, on=["gene", "codon"], how="semi")
        .group_by("sample_id", "gene", "codon")
        .agg(pl.col("depth").min().alias("counted"))
    )
    both = measured.join(counted, on=["sample_id", "gene", "codon"], how="full", coalesce=True)
    return both.select(
        "sample_id", "gene", "codon", pl.coalesce("depth", "counted").cast(pl.Int64).alias("depth"), "at_most"
    )


def _copies(study: Study, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, gene, codon, total_cn from the segment over the codon."""
    schema = {"sample_id": pl.String, "gene": pl.String, "codon": pl.Int64, "total_cn": pl.Float64}
    segments = study["segments"].drop_nulls("total_cn")
    if segments.is_empty():
        return pl.DataFrame(schema=schema)
    return (
        segments.join(codon_places(study.config.genome_build, wanted), on="chrom", how="inner")
        .filter((pl.col("start") <= pl.col("first")) & (pl.col("end") >= pl.col("last")))
        .group_by("sample_id", "gene", "codon")
        .agg(pl.col("total_cn").max())
    )


def shown_content(study: Study, presence: PresenceTable | None) -> pl.DataFrame | None:
    """Return sample_id, purity_low: the least share of tumour that a sample is known to hold; None without presence.

    The lower limit of the estimate, or what a somatic variant that is present needs at the least, where that is more:
    with all n copies mutated a share p of tumour shows a fraction v = p n / (p n + c (1 - p)), c copies in normal cells;
    v is the lower 95 % limit (Wilson) of the reads. An estimate weighs the many ways to hold a few variants and leaves
    out what each shows for sure: TP53 in 200 of 4,000 reads needs 4 % of tumour. Gains are not searched: two copies where
    no segment says otherwise, as everywhere here. Only variants that are told from what is born with count (called
    somatic, or of a patient with a matched normal), and none that may be of the blood.
    """
    if presence is None:
        return None
    low = presence.samples.select("sample_id", "purity_low")
    if presence.cells.is_empty():
        return low
    calls = study["calls"].filter(pl.col("origin") == "somatic").select("sample_id", "variant_id", is_told=pl.lit(True))
    normals = study["samples"].filter(is_normal())["patient_id"].unique()
    cells = presence.cells.filter((pl.col("state") == "present") & pl.col("blood").is_null())
    cells = cells.filter((pl.col("total_cn") > 0) & (pl.col("depth") > 0)).drop_nulls("alt_count")
    cells = cells.join(calls, on=["sample_id", "variant_id"], how="left")
    cells = cells.filter(pl.col("is_told").fill_null(False) | pl.col("patient_id").is_in(normals.implode()))
    if cells.is_empty():
        return low
    least = wilson(cells["alt_count"].to_numpy(), cells["depth"].to_numpy())[0]
    v, c, n = pl.col("least"), pl.col("normal_cn"), pl.col("total_cn")
    needs = cells.with_columns(least=pl.Series(least)).select("sample_id", needs=v * c / (n - v * n + v * c))
    needs = needs.group_by("sample_id").agg(pl.col("needs").max())
    return low.join(needs, on="sample_id", how="left").select(
        "sample_id", purity_low=pl.max_horizontal("purity_low", "needs")
    )


def blind_samples(codons: pl.DataFrame) -> frozenset[str]:
    """Return the samples in which no clonal mutation could be seen anywhere, of a `callability` table."""
    return frozenset(codons.filter(pl.col("depth").is_null() & (pl.col("state") == "underpowered"))["sample_id"])


def _reach(grid: pl.DataFrame, params: CallabilityParams) -> pl.Series:
    """The chance to see a clonal mutation where a site's depth or the purity is not recorded: at the sample's mean depth
    and its recorded purity (the lower limit of an estimate shows no lack of tumour), or at the depth of the site or of a
    part of its codon, and tumour alone where its purity is not known."""
    most = pl.col("mean_depth").round(0).fill_null(UNLIMITED_DEPTH).cast(pl.Int64)
    counted, in_part = pl.col("depth").is_not_null(), pl.col("depth").is_null() & pl.col("at_most").is_not_null()
    alone = pl.when(in_part).then(pl.col("purity").fill_null(1.0)).when(pl.col("purity").is_null()).then(1.0)
    pure = pl.when(~counted & ~in_part).then("known_purity").otherwise(alone)
    depth = pl.coalesce("depth", "at_most", most)
    at_mean = grid.select("total_cn", "error_rate", "min_alt_count", "min_vaf", depth=depth, purity=pure)
    keys = at_mean.unique(maintain_order=True)
    keys = keys.with_columns(reach=pl.Series(_power(keys, params.concentration), dtype=pl.Float64).fill_nan(None))
    return at_mean.join(keys, on=at_mean.columns, how="left", nulls_equal=True, maintain_order="left")["reach"]


def _power(grid: pl.DataFrame, concentration: float) -> np.ndarray:
    purity = grid["purity"].cast(pl.Float64).to_numpy()  # null is not a number there
    copies = grid["total_cn"].fill_null(2.0).to_numpy()
    depth = grid["depth"].cast(pl.Float64).to_numpy()
    error = grid["error_rate"].fill_null(ERROR_RATE).to_numpy()
    minimum, vaf = grid["min_alt_count"].to_numpy(), grid["min_vaf"].to_numpy()
    return detection_power(depth, purity, copies, minimum, vaf, error_rate=error, concentration=concentration)


def detection_power(
    depth: np.ndarray,
    purity: np.ndarray,
    total_cn: np.ndarray,
    min_alt_count: np.ndarray,
    min_vaf: np.ndarray,
    *,
    error_rate: np.ndarray | float = ERROR_RATE,
    concentration: float = 200.0,
) -> np.ndarray:
    """Return the chance that a clonal heterozygous mutation passes the calling rule.

    Parameters
    ----------
    depth, purity, total_cn, min_alt_count, min_vaf : shape (n,); NaN depth or purity gives NaN

    Examples
    --------
    10 % purity at 60 reads: a mutation would be missed as often as seen.

    >>> a = np.array
    >>> detection_power(a([60.0, 500.0]), a([0.1, 0.5]), a([2.0, 2.0]), a([3, 3]), a([0.02, 0.02])).round(2).tolist()
    [0.57, 1.0]
    """
    depth, purity = np.asarray(depth, float), np.asarray(purity, float)
    mean = with_errors(expected_vaf(purity, total_cn), error_rate)
    known = ~np.isnan(depth) & ~np.isnan(mean)
    power = np.full(depth.shape, np.nan)
    if known.any():
        n = depth[known].astype(np.int64)
        m = np.clip(np.broadcast_to(mean, depth.shape)[known], 1e-9, 1 - 1e-9)
        least = min_alt_reads(n, np.asarray(min_alt_count)[known], np.asarray(min_vaf)[known])
        cells, cell = np.unique(np.column_stack([least, n, m]), axis=0, return_inverse=True)
        tails = [beta_binomial_sf(*one, float(concentration)) for one in cells.tolist()]
        power[known] = np.array(tails)[cell.ravel()]
    return power


def summarise(rows: pl.DataFrame, called: pl.DataFrame) -> pl.DataFrame:
    """Return one row per sample and gene: what can be said of it.

    Parameters
    ----------
    rows : `callability`
    called : sample_id, gene, codon of mutations (after clonal haematopoiesis)

    Returns
    -------
    patient_id, sample_id, material, gene, state (mutated / wild_type / assumed_wild_type / not_assessable),
    failing (codons that keep it from wild type, "KRAS 61: too few reads or too little tumour"), min_power
    """
    rank = pl.col("state").replace_strict(
        {"measured": 0, "assumed": 1, "underpowered": 2, "not_covered": 3, "unread": 4}, return_dtype=pl.Int8
    )
    failing = pl.format("{} {}: {}", "gene", "codon", "reason").filter(pl.col("state") != "measured")
    table = rows.group_by("patient_id", "sample_id", "material", "gene").agg(
        rank.max().alias("worst"),
        failing.str.join("; ").alias("failing"),
        pl.col("power").min().alias("min_power"),
    )
    hits = called.select("sample_id", "gene", pl.lit(True).alias("mutated")).unique()
    state = (
        pl.when(pl.col("mutated"))
        .then(pl.lit("mutated"))
        .when(pl.col("worst") == 0)
        .then(pl.lit("wild_type"))
        .when(pl.col("worst") == 1)
        .then(pl.lit("assumed_wild_type"))
        .otherwise(pl.lit("not_assessable"))
    )
    return (
        table.join(hits, on=["sample_id", "gene"], how="left")
        .with_columns(state=state)
        .select("patient_id", "sample_id", "material", "gene", "state", "failing", "min_power")
        .sort("patient_id", "sample_id", "gene")
    )
