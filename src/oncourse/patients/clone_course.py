"""Clones of one patient through time: cell fractions with bands for the timeline, growth in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oncourse.days import DAYS_PER_MONTH
from oncourse.plots.timeline import Line, Point, Track

if TYPE_CHECKING:
    from oncourse.derive.clones.evolution import PatientEvolution

#: Clones drawn: those whose cell fraction changes most.
CLONES_SHOWN = 6
#: Days in a month.


def clone_track(evolution: PatientEvolution) -> Track | None:
    """Return the cell fractions of the clones over serial plasma, else over one lesion sampled on several days.

    Each point is the mean over trees and counts, its band the central 95 %; None without two days of one series.
    Samples of different lesions are never joined by a line: a difference between places is no change through time.
    """
    from oncourse.evolution.trees.posterior import ancestors

    samples = evolution.samples
    series: dict[str, list[int]] = {}
    for s, row in enumerate(samples.iter_rows(named=True)):
        key = "plasma" if row["role"] == "plasma" else row["lesion_id"]
        if key is not None and row["day"] is not None:
            series.setdefault(key, []).append(s)
    days = samples["day"].to_list()
    told = {k: m for k, m in series.items() if len({days[s] for s in m}) > 1}
    if not told:
        return None
    key = "plasma" if "plasma" in told else min(told, key=lambda k: (-len(told[k]), k))
    members = sorted(told[key], key=lambda s: (days[s], s))
    below = ancestors(evolution.posterior.trees[0]) | np.eye(len(evolution.clusters), dtype=bool)
    ccf = np.einsum("kj,djs->dks", below.astype(float), evolution.drawn[:, :, members])
    mean = 100 * np.clip(ccf.mean(axis=0), 0, 1)
    low, high = 100 * np.clip(np.quantile(ccf, [0.025, 0.975], axis=0), 0, 1)
    change = mean.max(axis=1) - mean.min(axis=1)
    order = sorted(range(len(mean)), key=lambda k: (-round(float(change[k]), 6), k))[:CLONES_SHOWN]
    lines = []
    for k in sorted(order):
        name = f"C{evolution.clusters[k] + 1}"
        points = tuple(
            Point(
                days[s],
                float(mean[k, i]),
                float(low[k, i]),
                float(high[k, i]),
                label=f"{name}: {mean[k, i]:.0f} % of tumour cells ({low[k, i]:.0f} to {high[k, i]:.0f}), day "
                f"{days[s]}",
            )
            for i, s in enumerate(members)
        )
        lines.append(Line(name, points))
    return Track("Clones", f"CCF %, {'plasma' if key == 'plasma' else 'one lesion'}", tuple(lines), is_log=False)


def clone_growth(evolution: PatientEvolution) -> dict[str, str]:
    """Return clone -> growth per month in words, with the 90 % interval; clones that cannot be told have no entry."""
    from oncourse.derive.clones.evolution_tables import growth_rows

    names = {evolution.clone_id(k): f"C{c + 1}" for k, c in enumerate(evolution.clusters)}
    words: dict[str, str] = {}
    for row in growth_rows(evolution):
        factor, low, high = (float(np.exp(row[c] * DAYS_PER_MONTH)) for c in ("rate_per_day", "ci_low", "ci_high"))
        bound = "at least " if row["is_bound"] else ""
        where = "plasma" if row["series"] == "plasma" else row["series"]
        text = f"{bound}x {factor:.2g} a month ({low:.2g} to {high:.2g}), {where}"
        words.setdefault(names[row["clone_id"]], text)
    return words
