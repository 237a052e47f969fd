"""Features that are given or told from several samples: signature exposures, scores, and how metastases were seeded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from oncourse.derive.cohort import Cohort
    from oncourse.derive.outcomes.features import FeatureBlock

#: Columns of samples.tsv that hold exposures of COSMIC signatures: SBS3, ID6, DBS2, CN9, SV4.
SIGNATURE = re.compile(r"^(SBS|ID|DBS|CN|SV)\d+[a-z]?$")


def score_columns(samples: pl.DataFrame, named: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """Return (column, name of the feature, is_signature) of the numeric columns of samples that are scanned.

    Columns called like a COSMIC signature become ``signature:SBS3``; those in `named` become ``score:NAME``. Exposures are
    taken as given: fitting them needs the COSMIC catalogue, whose terms do not let it be shipped here.
    """
    numeric = [c for c, dtype in samples.schema.items() if dtype.is_numeric()]
    out = [(c, f"signature:{c}", True) for c in numeric if SIGNATURE.match(c)]
    return out + [(c, f"score:{c}", False) for c in named if c in numeric and not SIGNATURE.match(c)]


def seeding_blocks(
    cohort: Cohort, patients: tuple[str, ...], min_altered: int, left_out: dict[str, int]
) -> list[FeatureBlock]:
    """Polyclonal and polyphyletic seeding of any metastasis: since the day of the last sample the tree rests on.

    Unknown where no metastasis could be judged; not altered where every one that could was monoclonal.
    """
    from oncourse.derive.clones.evolution_tables import seeding_rows
    from oncourse.derive.outcomes.features import FeatureBlock

    number = {p: i for i, p in enumerate(patients)}
    days = dict(cohort.study["samples"].select("sample_id", "day").iter_rows())
    values = np.full((len(patients), 2), -1, np.int8)
    since = np.full(len(patients), np.nan)
    last: list[str | None] = [None] * len(patients)
    for patient in cohort.evolution:
        if patient.patient_id not in number:
            continue
        i = number[patient.patient_id]
        ids = [s for s in patient.samples["sample_id"] if days.get(s) is not None]
        if ids and len(ids) == patient.samples.height:
            last[i] = max(ids, key=lambda s: (days[s], s))
            since[i] = days[last[i]]
        for row in seeding_rows(patient):
            for j, (column, word) in enumerate(
                (("clonality", "polyclonal"), ("phyleticity", "polyphyletic"))
            ):
                if row["role"] != "primary" and row[column] != "not_assessable":
                    values[i, j] = max(int(values[i, j]), int(row[column] == word))
    out = []
    for j, name in enumerate(("polyclonal_seeding", "polyphyletic_seeding")):
        altered, known = int((values[:, j] == 1).sum()), values[:, j] >= 0
        if 0 < altered < min_altered:
            left_out["clones"] = left_out.get("clones", 0) + 1
        if min_altered <= altered < known.sum():
            out.append(
                FeatureBlock(
                    (f"clones:{name}",), ("clones",), values[:, [j]], np.where(known, since, np.nan),
                    tuple(s if k else None for s, k in zip(last, known, strict=True)), "any metastasis v none",
                )
            )  # fmt: skip
    return out


def score_scale(values: np.ndarray, is_signature: bool) -> tuple[Callable[[np.ndarray], np.ndarray], str]:
    """Return how a column is scaled and what a step is: exposures that are shares per 10 percentage points."""
    share = is_signature and bool(((values >= 0) & (values <= 1)).all())
    return (
        (lambda v: 10.0 * v, "per 10 percentage points of the mutations")
        if share
        else (lambda v: v, "per unit")
    )
