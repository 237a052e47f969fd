"""Diversity of the clones, likeness of primary and metastasis, and how metastases were seeded, as features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.outcomes.feature_blocks import FeatureBlock, SampleOrder, make_block, mask

if TYPE_CHECKING:
    from oncourse.derive.clones.evolution import PatientEvolution
    from oncourse.derive.clones.heterogeneity import HeterogeneityTable


#: Clones are told across samples: with fewer patients of several samples than this the measures say little.
MANY_SAMPLES = 0.1
#: Measures of `oncourse.derive.clones.heterogeneity` that are features: (measure, of a pair, scale, what a step is).
DIVERSITY = (
    ("shannon", False, 1.0, "per unit of Shannon's index of the clones"),
    ("subclonal_share", False, 10.0, "per 10 percentage points of subclonal mutations"),
    ("jsi", True, 10.0, "per 0.1 of the Jaccard similarity of primary and metastasis"),
)


def can_tell_clones(calls: pl.DataFrame, samples: SampleOrder) -> bool:
    """Whether there are read counts, and enough patients with several tumour samples, to tell clones."""
    if calls.is_empty() or calls["alt_count"].null_count() == calls.height:
        return False
    several = np.bincount(samples.patient, minlength=len(samples.patients)) > 1
    return bool(several.mean() >= MANY_SAMPLES)


def diversity_blocks(found: HeterogeneityTable, samples: SampleOrder, chosen: NDArray[np.bool_]) -> list[FeatureBlock]:
    """Diversity of the clones in the sample that speaks for the patient, and likeness of primary and metastasis."""
    rows = found.rows.drop_nulls("value")
    every = np.ones(len(samples.ids), bool)
    out = []
    for measure, of_pair, scale, per in DIVERSITY:
        mine = rows.filter(pl.col("measure") == measure)
        if of_pair:
            mine = mine.filter((pl.col("role_a") == "primary") & (pl.col("role_b") == "metastasis"))
            number = dict(mine.sort("sample_a").select("sample_b", "value").iter_rows())
        else:
            number = dict(mine.select("sample_a", "value").iter_rows())
        speaks = samples.first(mask(samples, number) & (every if of_pair else chosen))
        values = np.array([scale * number[samples.ids[s]] if s >= 0 else np.nan for s in speaks], float)
        if np.unique(values[~np.isnan(values)]).size > 1:
            out.append(make_block(samples, [(f"clones:{measure}", "clones")], values[:, None], speaks, per))
    return out


def seeding_blocks(
    trees: Sequence[PatientEvolution],
    sampled: pl.DataFrame,
    patients: tuple[str, ...],
    min_altered: int,
    left_out: dict[str, int],
) -> list[FeatureBlock]:
    """Polyclonal and polyphyletic seeding of any metastasis: since the day of the last sample the tree rests on.

    Not altered where every metastasis was judged and none was so; unknown where one could not be judged and none was.
    """
    from oncourse.derive.clones.evolution_tables import seeding_rows

    number = {p: i for i, p in enumerate(patients)}
    days = dict(sampled.select("sample_id", "day").iter_rows())
    values = np.full((len(patients), 2), -1, np.int8)
    since = np.full(len(patients), np.nan)
    last: list[str | None] = [None] * len(patients)
    for patient in trees:
        if patient.patient_id not in number:
            continue
        i = number[patient.patient_id]
        ids = [s for s in patient.samples["sample_id"] if days.get(s) is not None]
        if ids and len(ids) == patient.samples.height:
            last[i] = max(ids, key=lambda s: (days[s], s))
            since[i] = days[last[i]]
        rows = [row for row in seeding_rows(patient) if row["role"] != "primary"]
        for j, (column, word) in enumerate((("clonality", "polyclonal"), ("phyleticity", "polyphyletic"))):
            said = [row[column] for row in rows]
            if word in said:
                values[i, j] = 1
            elif said and "not_assessable" not in said:
                values[i, j] = 0
    out = []
    for j, name in enumerate(("polyclonal_seeding", "polyphyletic_seeding")):
        altered, known = int((values[:, j] == 1).sum()), values[:, j] >= 0
        if 0 < altered < min_altered:
            left_out["clones"] = left_out.get("clones", 0) + 1
        if min_altered <= altered < known.sum():
            out.append(
                FeatureBlock(
                    (f"clones:{name}",),
                    ("clones",),
                    values[:, [j]],
                    np.where(known, since, np.nan),
                    tuple(s if k else None for s, k in zip(last, known, strict=True)),
                    "any metastasis v none",
                )
            )
    return out
