"""The figures of `concordance`: shared and private mutations, allele fractions, genes by patient."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.analyses._base import Figure
from oncourse.analyses._concordance_tables import comparison_key
from oncourse.derive.concordance.pairs import COMPARISONS, PairTable
from oncourse.derive.concordance.presence import PresenceTable


def concordance_figures(
    presence: PresenceTable,
    pairs: PairTable,
    counts: pl.DataFrame,
    summary: pl.DataFrame,
    noise: pl.DataFrame,
) -> list[Figure]:
    """Return the figures of the analysis, those without data left out."""
    from oncourse.plots import concordance as draw

    figures = []
    for comparison in COMPARISONS:
        main = counts.filter(pl.col("is_main") & (pl.col("comparison") == comparison)).head(60)
        if main.is_empty():
            continue
        bars = main.select("n_shared", "n_private_a", "n_private_b", "n_not_assessable").to_numpy()
        figures.append(
            Figure(
                f"shared_{comparison_key(comparison)}",
                f"Shared and private mutations: {comparison}",
                "One bar per patient (main pair, at most 60 shown); hatched: seen in one sample, not assessable in "
                "the other.",
                partial(draw.shared_private_bars, main["patient_id"].to_list(), bars, title=comparison),
            )
        )
    shown = summary.filter(
        (pl.col("set") == "all")
        & (pl.col("chip") == "without")
        & pl.col("estimate").is_not_null()
        & pl.col("estimand").is_in(["shared_fraction_called", "shared_fraction_assessable", "shared_fraction_latent"])
    )
    if shown.height:
        labels = [
            f"{r['comparison']}: {r['estimand'].removeprefix('shared_fraction_').replace('_', ' ')}"
            for r in shown.iter_rows(named=True)
        ]
        v, low, high = (
            shown[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in ("estimate", "ci_low", "ci_high")
        )
        notes = [f"{r['n_variants']:,} in {r['n_patients']:,}" for r in shown.iter_rows(named=True)]
        of = counts.filter("is_main").group_by("comparison").agg(pl.col("patient_id").unique().sort().str.join(";"))
        people = [dict(of.iter_rows())[c] for c in shown["comparison"]]
        figures.append(
            Figure(
                "shared_fraction",
                "Shared fraction",
                "By calls alone, among assessable variants, and latent; right: variants in patients.",
                partial(draw.forest, labels, v, low, high, notes, xlabel="shared mutations", people=people),
            )
        )
    figures.extend(_variant_figures(presence, pairs))
    first = (
        noise.join(counts.select("pair", "patient_id", "is_main", "comparison"), on="pair")
        .filter("is_main")
        .drop_nulls()
    )
    for comparison in COMPARISONS[:1]:
        part = first.filter((pl.col("comparison") == comparison) & (pl.col("n_noise_variants") > 0))
        if part.height > 1:
            excess = (part["n_observed_private"] - part["expected_private_by_noise"]) / part["n_noise_variants"]
            figures.append(
                Figure(
                    "excess_discordance",
                    "Discordance beyond noise",
                    "Per patient: share of mutations called "
                    "in one sample only, minus the share two identical lesions would show.",
                    partial(
                        draw.excess_waterfall,
                        excess.to_numpy(),
                        part["patient_id"].to_list(),
                        ylabel="excess discordance",
                    ),
                )
            )
    return figures


def _variant_figures(presence: PresenceTable, pairs: PairTable) -> list[Figure]:
    from oncourse.plots import concordance as draw

    figures: list[Figure] = []
    main = pairs.pairs.filter("is_main").select("pair", "comparison", "patient_id")
    for comparison in ("primary v metastasis", "tissue v plasma"):
        rows = pairs.variants.join(main.filter(pl.col("comparison") == comparison), on="pair", how="inner")
        if rows.is_empty():
            continue
        a, b = rows["cell_a"].to_numpy(), rows["cell_b"].to_numpy()
        vaf_a, vaf_b = _vaf(presence, a), _vaf(presence, b)
        if np.isfinite(vaf_a + vaf_b).any():
            figures.append(
                Figure(
                    f"fractions_{comparison_key(comparison)}",
                    f"Allele fractions: {comparison}",
                    "Counted mutations of main pairs; grey: "
                    "fractions that the second sample would call with less than 95 %.",
                    partial(
                        draw.fraction_scatter,
                        vaf_a,
                        vaf_b,
                        rows["state"].cast(pl.String).to_list(),
                        _power_line(presence, b),
                        comparison=comparison,
                        names=_names(presence, a),
                        people=rows["patient_id"].to_list(),
                    ),
                )
            )
        figures.extend(_grid(presence, rows, comparison))
    return figures


def _vaf(presence: PresenceTable, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    alt, depth = (presence.cells[name].gather(cells).cast(pl.Float64) for name in ("alt_count", "depth"))
    return np.asarray((alt / depth).fill_null(float("nan")).to_numpy())


def _names(presence: PresenceTable, cells: NDArray[np.int64]) -> list[str]:
    """What each variant is called: its gene where it has one."""
    part = presence.cells.select("gene", "variant_id")[cells]
    return part.select(pl.coalesce("gene", "variant_id")).to_series().to_list()


def _power_line(presence: PresenceTable, cells: NDArray[np.int64]) -> float | None:
    """Return the allele fraction from which the second samples, at their median depth, call 95 %; None: depth
    unknown."""
    from oncourse.evolution.vaf import min_alt_reads
    from oncourse.stats.betabinomial import sf

    depth = presence.cells["depth"].gather(cells).median()
    if not isinstance(depth, float) or depth < 1:
        return None
    rule = presence.samples.filter(pl.col("sample").is_in(presence.cells["sample"].gather(cells).unique().implode()))
    least = int(min_alt_reads(depth, rule["min_alt_count"].to_numpy().max(), rule["min_vaf"].to_numpy().max()))
    fractions = np.geomspace(0.001, 1, 60)
    power = sf(least, round(depth), fractions, 200.0)
    return float(fractions[np.argmax(power >= 0.95)]) if (power >= 0.95).any() else None


def _grid(presence: PresenceTable, rows: pl.DataFrame, comparison: str) -> list[Figure]:
    from oncourse.plots import concordance as draw

    gene = presence.cells["gene"].gather(rows["cell_a"].to_numpy())
    named = rows.select("patient_id", "state").with_columns(gene=gene).drop_nulls("gene")
    common = named.group_by("gene").agg(n=pl.col("patient_id").n_unique()).sort("n", "gene", descending=[True, False])
    genes = common.filter(pl.col("n") > 1)["gene"].head(25).to_list()
    if not genes:
        return []
    code = {"shared": 1, "private_a": 2, "private_b": 3, "not_assessable": 4}
    best = named.filter(pl.col("gene").is_in(genes)).with_columns(code=pl.col("state").replace_strict(code))
    best = best.group_by("gene", "patient_id").agg(pl.col("code").min())
    patients = best["patient_id"].unique().sort().to_list()
    fate = np.zeros((len(genes), len(patients)), np.int8)
    for gene, patient, value in best.iter_rows():
        fate[genes.index(gene), patients.index(patient)] = value
    return [
        Figure(
            f"genes_{comparison_key(comparison)}",
            f"Genes by patient: {comparison}",
            "The most often mutated genes; colour: where found.",
            partial(draw.gene_grid, genes, patients, fate, comparison=comparison),
        )
    ]
