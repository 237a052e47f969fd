"""Genes, pathways and hotspots as features; their status in the metastasis, and what is new in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import (
    FeatureBlock,
    FeatureTables,
    Finding,
    SampleOrder,
    blocks_by_day,
    make_block,
    mask,
    of_kind,
)
from oncourse.genome.gene_sets import pathways

if TYPE_CHECKING:
    from oncourse.derive.outcomes.features import FeatureParams


def gene_findings(tables: FeatureTables, samples: SampleOrder, params: FeatureParams) -> Iterable[Finding]:
    """Yield genes altered in `min_altered` patients or more, and pathways: looked at where a panel has them."""
    panels = tables.panels
    found = tables.gene_status.altered.filter("is_altered").select("gene", "sample_id", "patient_id")
    counts = found.group_by("gene").agg(pl.col("patient_id").n_unique().alias("n"))
    genes = sorted(counts.filter(pl.col("n") >= params.min_altered)["gene"].to_list())
    hits = {key[0]: frame["sample_id"].to_list() for key, frame in found.group_by("gene")}
    assays = sorted({a for a in samples.assay if a is not None})
    on: dict[str, NDArray[np.bool_]] = {a: np.array([s == a for s in samples.assay], bool) for a in assays}
    cache: dict[tuple[str, ...], NDArray[np.bool_]] = {}

    def looked(members: tuple[str, ...]) -> NDArray[np.bool_]:
        covering = tuple(a for a in assays if covers(panels.genes.get(a), members))
        if covering not in cache:
            nobody = np.zeros(len(samples.ids), bool)
            cache[covering] = np.logical_or.reduce([nobody, *(on[a] for a in covering)])
        return cache[covering]

    for gene in genes:
        yield Finding(gene, "gene", looked((gene,)), mask(samples, hits[gene]))
    if params.pathways:
        everything = any(panels.genes.get(a) is None for a in assays)
        covered = set().union(*(panels.genes.get(a) or () for a in assays)) if assays else set()
        statuses = tables.statuses.filter((pl.col("status") == "HRR") & pl.col("sample_id").is_not_null())
        told = statuses.filter(pl.col("state") != "not_assessable")["sample_id"].to_list()
        lost = statuses.filter(pl.col("state") == "positive")["sample_id"].to_list()
        if lost:
            yield Finding("pathway:HRR", "pathway", mask(samples, told), mask(samples, lost))
        for name, members in pathways().items():
            if name == "HRR":  # a loss of function, not any change: the one status of this name
                continue
            listed = tuple(m for m in members if everything or m in covered)
            union = {s for m in listed for s in hits.get(m, ())}
            # a pathway altered through one gene alone, and looked at wherever that gene was, is that gene
            same = any(
                set(hits.get(m, ())) == union and (looked(listed) == looked((m,))).all() for m in listed if m in genes
            )
            if listed and union and not same:
                yield Finding(f"pathway:{name}", "pathway", looked(listed), mask(samples, union))
    if params.hotspots:
        calls = tables.annotated_calls.filter(pl.col("is_altering")).drop_nulls(["gene", "hgvs_p"])
        changes = (
            calls.group_by("gene", "hgvs_p")
            .agg(pl.col("sample_id").unique().sort(), pl.col("patient_id").n_unique().alias("n"))
            .filter(pl.col("n") >= params.min_altered)
            .sort("gene", "hgvs_p")
        )
        for gene, change, ids, _ in changes.iter_rows():
            yield Finding(f"hotspot:{gene} {change.removeprefix('p.')}", "hotspot", looked((gene,)), mask(samples, ids))


def covers(panel: frozenset[str] | None, genes: tuple[str, ...]) -> bool:
    """Whether a panel (null: all genes) has every one of these genes."""
    return panel is None or all(g in panel for g in genes)


def status_in_metastasis(
    samples: SampleOrder,
    wanted: list[Finding],
    chosen: NDArray[np.bool_],
    made: list[FeatureBlock],
    min_altered: int,
) -> list[FeatureBlock]:
    """Gene status in the metastasis, where that is not the sample that already speaks for the patient."""
    spread = of_kind(samples, "metastasis")
    genes = [w for w in wanted if w.kind == "gene"]
    later = [
        w
        for w in genes
        if (
            samples.first(w.looked & spread)[samples.first(w.looked & spread) >= 0]
            != samples.first(w.looked & chosen)[samples.first(w.looked & spread) >= 0]
        ).sum()
        >= min_altered
    ]
    present = {n for block in made for n in block.names}

    def rename(item: Finding) -> tuple[str, str]:
        # a gene never (or too rarely) altered in the first samples is known by its status in the metastasis
        return (f"metastasis:{item.name}", "metastasis") if item.name in present else (item.name, "gene")

    return blocks_by_day(samples, later, spread, min_altered, {}, rename)


def new_in_metastasis(tables: FeatureTables, samples: SampleOrder, min_altered: int) -> list[FeatureBlock]:
    """Altering mutations seen in the metastasis and called absent in the primary, gene by gene; and the shared
    share.

    A primary that has lost the locus since may have carried the mutation, and what may be of the blood may be of no
    tumour: neither is known to be new (null).
    """
    table, presence = tables.pairs, tables.presence
    if table is None or presence is None:
        return []
    pairs = table.pairs.filter((pl.col("comparison") == "primary v metastasis") & pl.col("is_main"))
    if pairs.is_empty():
        return []
    cells = presence.cells.with_row_index("cell_b").select(pl.col("cell_b").cast(pl.Int64), "variant_id", "consequence")
    genes = tables.study["variants"].select("variant_id", "gene")
    from oncourse.genome.effect import PROTEIN_CHANGING, consequences

    rows = (
        table.variants.filter(pl.col("pair").is_in(pairs["pair"].implode()))
        .with_columns(pl.col("cell_b").cast(pl.Int64))
        .join(cells, on="cell_b", how="left")
        .join(genes, on="variant_id", how="left")
        .join(pairs.select("pair", "patient_id", "sample_a", "sample_b"), on="pair", how="left")
    )
    number = {p: i for i, p in enumerate(samples.patients)}
    n = len(samples.patients)
    speaks = np.full(n, -1, np.int64)
    primary = np.full(n, -1, np.int64)
    for patient, a, b in pairs.select("patient_id", "sample_a", "sample_b").iter_rows():
        if patient in number and a in samples.index and b in samples.index:
            speaks[number[patient]], primary[number[patient]] = samples.index[b], samples.index[a]
    out = _shared_share(samples, rows, number, speaks)
    effect = consequences(rows["consequence"]) if rows.height else rows["consequence"]
    rows = rows.filter(effect.is_in([*PROTEIN_CHANGING, "splice_site"]).fill_null(False)).drop_nulls("gene")
    panels = tables.panels
    for (gene,), frame in rows.group_by("gene", maintain_order=False):
        alone, doubted = pl.col("state") == "private_b", pl.col("is_lost") | pl.col("blood").is_not_null()
        gains = frame.filter(alone & ~doubted)["patient_id"].unique().to_list()
        if len(gains) < min_altered:
            continue
        unsure = (
            frame.filter((pl.col("state") == "not_assessable") | (alone & doubted))["patient_id"].unique().to_list()
        )
        values = np.full((n, 1), -1, np.int8)
        for i in range(n):
            if speaks[i] >= 0 and all(
                (assay := samples.assay[s]) is not None and covers(panels.genes.get(assay), (str(gene),))
                for s in (speaks[i], primary[i])
            ):
                values[i, 0] = 0
        for patient in unsure:
            values[number[patient], 0] = -1
        for patient in gains:
            values[number[patient], 0] = 1
        known = np.where(values[:, 0] >= 0, speaks, -1)
        out.append(make_block(samples, [(f"new:{gene}", "new")], values, known, "new in the metastasis v not"))
    return sorted(out, key=lambda b: b.names)


def _shared_share(
    samples: SampleOrder, rows: pl.DataFrame, number: dict[str, int], speaks: NDArray[np.int64]
) -> list[FeatureBlock]:
    """Share of the assessable mutations of primary and metastasis that both have, in tenths: shared_fraction of
    concordance/pairs, where one gone with its locus counts as shared and what may be of the blood not at all."""
    counts = (
        rows.filter(pl.col("state").is_in(["shared", "private_a", "private_b"]) & pl.col("blood").is_null())
        .group_by("patient_id")
        .agg(((pl.col("state") == "shared") | pl.col("is_lost")).mean().alias("share"))
    )
    values = np.full((len(samples.patients), 1), np.nan)
    for patient, share in counts.iter_rows():
        if patient in number:
            values[number[patient], 0] = 10 * share
    if np.unique(values[~np.isnan(values)]).size < 2:
        return []
    known = np.where(np.isnan(values[:, 0]), -1, speaks)
    name = ("concordance:shared_fraction", "concordance")
    return [make_block(samples, [name], values, known, "per 10 percentage points")]
