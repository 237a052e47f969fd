"""The figures of `evolution`: how lesions were seeded, and each patient's clones (in a run: of `max_figures` of them)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from oncourse.analyses._base import Figure
from oncourse.derive.clones import evolution_tables as rows
from oncourse.derive.clones.evolution import EvolutionParams, PatientEvolution


def evolution_figures(
    params: EvolutionParams, patients: Sequence[PatientEvolution], seeding: pl.DataFrame
) -> list[Figure]:
    """Return the figures of the cohort (seeding), then those of each patient."""
    from oncourse.plots.migration import seeding_summary

    figures = []
    if not seeding.is_empty():
        kinds = {"founders": "clonality", "lines": "phyleticity", "divergence": "divergence"}
        counts = {name: dict(Counter(seeding[column].to_list())) for name, column in kinds.items()}
        who = {
            name: dict(seeding.group_by(column).agg(pl.col("patient_id").unique().sort()).iter_rows())
            for name, column in kinds.items()
        }
        figures.append(
            Figure(
                "seeding",
                "How lesions were seeded",
                f"Most probable call of each of {seeding.height} lesions.",
                partial(_drawn, lambda ax: seeding_summary(ax, counts, who), 6.0, 2.6),
            )
        )
    chosen = sorted(patients, key=lambda p: (-len(p.lesions), -p.samples.height, p.patient_id))[: params.max_figures]
    for patient in sorted(chosen, key=lambda p: p.patient_id):
        figures += patient_figures(patient)
    return figures


def _how_probable(p: float) -> str:
    if p >= 0.1:
        return f"Most probable tree (probability {p:.2f})"
    return f"One of many trees that fit (probability {'below 0.01' if p < 0.01 else f'{p:.2f}'}): trust sure edges only"


def patient_figures(patient: PatientEvolution) -> list[Figure]:
    """Draw one patient: tree with samples, cell fractions, pairs of samples, migrations, clones over time."""
    from oncourse.plots.clones import ccf_heat_map, ccf_scatter
    from oncourse.plots.fish import fish
    from oncourse.plots.migration import MANY_LESIONS, migration_graph
    from oncourse.plots.tree import clone_bars, clone_tree, n_leaves

    name, post = patient.patient_id, patient.posterior
    samples = patient.samples["sample_id"].to_list()
    clones = [f"C{patient.clone_id(k)}" for k in range(post.n_clone)]
    size = [int(patient.clustering.n_variants[k]) for k in patient.clusters]
    tree = [int(p) for p in post.trees[0]]
    support = [float(post.edge_support[p + 1, k]) for k, p in enumerate(tree)]
    height = max(3.2, 0.28 * len(samples) + 1.2)
    out: list[Figure] = []

    def add(key: str, title: str, caption: str, draw: Callable[[Any], None], *size: float, **shape: int) -> None:
        out.append(Figure(f"{key}_{name}", f"{name}: {title}", caption, partial(_drawn, draw, *size, **shape)))

    def tree_and_samples(ax: Any) -> None:
        labels = rows.driver_labels(patient)
        clone_bars(ax[1], post.fraction, clones, samples)  # first: the tree makes room in the place that is left
        clone_tree(ax[0], tree, clones, n_variants=size, support=support, labels=labels)

    width = float(np.clip(1.2 * n_leaves(tree) + 2, 9.5, 15.0))
    height = max(height, 0.85 * (1 + len(set(tree))) if n_leaves(tree) > 5 else 0.0)
    add(
        "tree",
        "tree of clones and what each sample is made of",
        f"{_how_probable(float(post.probability[0]))}; numbers on edges: probability of the edge over all trees. "
        f"Fractions "
        "obey the sum rule.",
        tree_and_samples,
        *(width, height),
        columns=2,
    )
    measured = np.where(patient.var > 0, patient.mean.clip(0, 1), np.nan)
    add(
        "ccf",
        "cell fraction of each clone and its descendants",
        "Measured cell fractions; hatched: not looked at.",
        lambda ax: ccf_heat_map(ax, measured, clones, samples, size),
        *(min(11.0, 3.4 + 0.55 * len(clones)), max(2.2, 0.9 + 0.3 * len(samples))),
    )
    if 2 <= len(samples) <= 8:
        side = len(samples) - 1
        named = dict(zip(patient.clusters, clones, strict=True))
        found = patient.clustering
        variants = [_variant(*row) for row in patient.clones.variants.select("gene", "variant_id").iter_rows()]
        ccf = np.where(patient.clones.depth > 0, found.variant_ccf_mean, np.nan)
        add(
            "pairs",
            "variants in pairs of samples",
            "Cell fraction of each variant, coloured by clone; grey: none.",
            lambda ax: ccf_scatter(ax, ccf, found.labels, samples, named, variants),
            *(2.2 + 1.5 * side, 1.6 + 1.5 * side),
            rows=side,
            columns=side,
        )
    seeding = patient.seeding
    if seeding is not None:
        add(
            "migration",
            "migrations between lesions",
            "Arrows: probability of at least one migration on this way.",
            lambda ax: migration_graph(ax, patient.lesions, patient.primary, seeding.p_edge),
            *((7.6, 7.0) if len(patient.lesions) > MANY_LESIONS else (4.6, 4.2)),
        )
    day = patient.samples["day"].to_numpy().astype(float)
    is_plasma = (patient.samples["role"] == "plasma").to_numpy() & ~np.isnan(day)
    if len(set(day[is_plasma])) > 1:
        add(
            "fish",
            "clones in plasma over time",
            "Shares of the tumour-derived DNA on the most probable tree.",
            lambda ax: fish(ax, day[is_plasma], tree, post.fraction[:, is_plasma], clones),
            *(7.0, 3.2),
        )
    return out


def _variant(gene: str | None, variant: str) -> str:
    return f"{gene} {variant}" if gene else variant


def _drawn(draw: Callable[[Any], Any], *size: float, **shape: int) -> str:
    """The drawing of what is put on Axes of a size in inches."""
    from oncourse.plots.theme import drawing

    with drawing(*size, **shape) as canvas:
        draw(canvas.ax)
    return canvas.svg
