"""Is there tumour DNA in a plasma sample, by evidence that is not the status in question?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from oncourse.derive.concordance.presence import PresenceTable
from oncourse.facts.statuses import Status
from oncourse.facts.tumour_fraction import NEGATIVE_COUNTS

#: Altered autosomal megabases that show tumour DNA in plasma: an arm or more, which no blood clone of a healthy count
#: and no focal gene under evaluation explains.
MIN_ALTERED_MB = 50.0


def informative_plasma(presence: PresenceTable, plasma: pl.DataFrame, status: Status | None = None) -> pl.DataFrame:
    """Return sample, is_informative of every sample: whether there is tumour DNA by evidence of other genes.

    Tissue is always informative. Plasma is where it is ctDNA-positive (`plasma`: sample_id, has_tumour, of
    `oncourse.derive.care.ctdna`) and that does not rest on the status itself: a tumour fraction of
    `NEGATIVE_COUNTS` or more is recorded, its segments are altered over `MIN_ALTERED_MB` or more, or a variant
    outside the status' genes (not of the blood) is present.
    """
    return _informative(presence, plasma, _evidence(presence), status)


def informative_by_status(
    presence: PresenceTable, plasma: pl.DataFrame, statuses: Sequence[Status]
) -> dict[str, pl.DataFrame]:
    """Return `informative_plasma` of each status by name."""
    evidence = _evidence(presence)
    return {status.name: _informative(presence, plasma, evidence, status) for status in statuses}


def _evidence(presence: PresenceTable) -> pl.DataFrame:
    """Return sample, gene, n: variants present in plasma, not of the blood."""
    plasma = presence.samples.filter(pl.col("material") == "plasma").select("sample")
    cells = presence.cells.select("sample", "gene", "state", "blood")
    present = cells.filter((pl.col("state") == "present") & pl.col("blood").is_null())
    return present.join(plasma, on="sample", how="semi").group_by("sample", "gene").agg(n=pl.len())


def _informative(
    presence: PresenceTable, plasma: pl.DataFrame, evidence: pl.DataFrame, status: Status | None
) -> pl.DataFrame:
    own = list(status.genes) if status is not None else []
    other = evidence.filter(~pl.col("gene").fill_null("").is_in(own))
    table = presence.samples.join(
        other.group_by("sample").agg(pl.col("n").sum()), on="sample", how="left", maintain_order="left"
    )
    is_plasma = pl.col("material") == "plasma"
    enough = (
        (pl.col("given_purity").fill_null(0) >= NEGATIVE_COUNTS)
        | (pl.col("n").fill_null(0) > 0)
        | (pl.col("altered_mb").fill_null(0) >= MIN_ALTERED_MB)
    )
    positive = pl.col("sample_id").is_in(plasma.filter("has_tumour")["sample_id"].implode())
    return table.select("sample", is_informative=~is_plasma | (enough & positive))


def with_rows(states: pl.DataFrame, presence: PresenceTable) -> pl.DataFrame:
    """Return the statuses of the samples of `presence`, with `sample`: their row there."""
    rows = presence.samples.select("sample_id", "sample")
    return states.join(rows, on="sample_id", how="inner", maintain_order="left")
