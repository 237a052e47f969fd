"""iRECIST: a first progression is unconfirmed (iUPD) until the next scan shows more.

Rules: Seymour et al., Lancet Oncol 2017;18:e143.
"""

from __future__ import annotations

import polars as pl

from oncourse.derive.clinical.response import IRECIST, ImagingParams


def irecist_visits(visits: pl.DataFrame, params: ImagingParams) -> pl.DataFrame:
    """Return `visits` (as in `oncourse.derive.recist.recist_visits`) with iRECIST responses.

    A visit that meets RECIST 1.1 progression is iUPD. The next one at least ``confirm_progression_min_days`` later
    confirms it (iCPD) by target growth of at least 5 mm over the sum at iUPD, by further new lesions, or by progression
    of another kind than the first; a non-target progression that is unchanged confirms nothing. A visit that no longer
    meets progression resets it. ``progression_day`` of an iCPD is the first iUPD; an iUPD that no iSD, iPR or iCR ever
    followed is dated too: it is the event (Seymour 2017). Recorded iUPD/iCPD are taken as they are.
    """
    columns = (
        "patient_id",
        "line",
        "day",
        "overall",
        "target",
        "non_target",
        "new_lesions",
        "sum_mm",
        "n_missing",
    )
    overall: list[str | None] = []
    dated: list[int | None] = []
    notes: list[str | None] = []
    key, pending, confirmed = None, None, None
    for who, line, day, response, target, non_target, new, size, missing in visits.select(columns).iter_rows():
        if (who, line) != key:
            key, pending, confirmed = (who, line), None, None
        kinds = {
            kind
            for kind, is_so in (
                ("target", target == "PD"),
                ("non_target", non_target == "PD"),
                ("new", new == "yes"),
            )
            if is_so
        }
        note = None
        if confirmed is not None:
            word, date = "iCPD", confirmed
        elif response in ("iUPD", "iCPD"):
            pending = pending or (day, kinds, size if not missing else None)
            word, date = response, pending[0]
            confirmed = pending[0] if response == "iCPD" else None
        elif response == "PD":
            if pending is None:
                pending = (day, kinds, size if not missing else None)
                word, date = "iUPD", None
            else:
                first, first_kinds, first_size = pending
                gap = day - first
                in_time = gap >= params.confirm_progression_min_days and (
                    params.confirm_progression_max_days is None or gap <= params.confirm_progression_max_days
                )
                grown = (
                    size is not None and first_size is not None and size - first_size >= params.progression_mm - 1e-9
                )
                more = grown or "new" in kinds or bool(kinds - first_kinds)
                if in_time and more:
                    confirmed = first
                    word, date, note = "iCPD", first, f"confirms iUPD of day {first}"
                else:
                    word, date = "iUPD", None
        elif response == "NE" or response is None:
            word, date = response, None
        else:
            if pending is not None:
                note = f"iUPD of day {pending[0]} not confirmed"
            pending, word, date = None, IRECIST.get(response, response), None
        overall.append(word)
        dated.append(date if word == "iCPD" else None)
        notes.append(note)
    for at in _left_open(visits.select("patient_id", "line").rows(), overall):
        dated[at] = visits["day"][at]
        notes[at] = "iUPD that no iSD, iPR or iCR followed: the event"
    return visits.with_columns(
        pl.Series("overall", overall, pl.String),
        pl.Series("progression_day", dated, pl.Int64),
        pl.coalesce(pl.Series("_note", notes, pl.String), "resolution").alias("resolution"),
    )


def _left_open(keys: list[tuple[str, int]], words: list[str | None]) -> list[int]:
    """Return the rows of each line's first iUPD that nothing confirmed and nothing reset."""
    open_at: dict[tuple[str, int], int | None] = {}
    for i, (key, word) in enumerate(zip(keys, words, strict=True)):
        if word == "iUPD":
            if open_at.get(key) is None:
                open_at[key] = i
        elif word not in (None, "NE"):  # iCPD confirms it, a response or stable disease resets it
            open_at[key] = None
    return sorted(i for i in open_at.values() if i is not None)
