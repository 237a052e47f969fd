"""Samples that may be another's leave the answer of an analysis; beside it stands the answer with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from oncourse.analyses._people import people_frame
from oncourse.words.catalogue import braceless, said
from oncourse.words.readable import split

if TYPE_CHECKING:
    from oncourse.analyses._base import Estimate, Result

#: Ending of the name of the headline's number as it would be with them.
WITH_ALL = "with_all_samples"


def with_all_beside(result: Result, everyone: Result, apart: pl.DataFrame) -> Result:
    """Return the answer without the samples set apart, with the sentence of all samples behind it, and the ledger.

    apart : `oncourse.derive.concordance.apart`; everyone : the answer of all samples
    """
    same = result.estimates == everyone.estimates and result.people.equals(everyone.people)
    if same and result.answer == everyone.answer:
        return result  # it does not rest on them
    of_all, mine = (split(r.answer)[0] for r in (everyone, result))
    with_them = "with them it would be the same." if of_all == mine else f"with them: {of_all}"
    head = result.headline
    left = f" Left out: {apart.height} samples that may be another patient's (overview/apart); "
    return replace(
        result,
        answer=braceless(result.answer + left + with_them),
        estimates=(*result.estimates, *_of_all(result, everyone)),
        headline=head and replace(head, text=said("headline.apart", text=head.text, samples=apart.height)),
        people=_told(result.people, apart),
    )


def without_them(apart: pl.DataFrame) -> str:
    """Say of an analysis without an answer how many samples are not in it."""
    return f"{apart.height} samples that may be another patient's are set apart (overview/apart)."


def _of_all(result: Result, everyone: Result) -> list[Estimate]:
    """The number of the headline as it would be with all samples."""
    name = everyone.headline.number if everyone.headline else None
    if name is None:
        return []
    found = everyone.estimate(name)
    return [replace(found, name=f"{name}.{WITH_ALL}", question="")]


def _told(people: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """The ledger with the reason of who left: per sample where that is the unit, else behind the patient's own."""
    why = apart.with_columns(reason=pl.format("set apart ({}): {}", "reason", "sample_id"))
    of_patient = why.group_by("patient_id").agg(_gone=pl.col("reason").sort().str.join("; "))
    is_whole = pl.all_horizontal(pl.col("line", "lesion_id", "sample_id").is_null())
    told = pl.concat_str("reason", "_gone", separator="; ", ignore_nulls=True)
    people = people.join(of_patient, on="patient_id", how="left", maintain_order="left").with_columns(
        reason=pl.when(is_whole & ~pl.col("is_in")).then(told).otherwise("reason")
    )
    by_sample = pl.col("unit") == "sample"
    rows = people.filter(by_sample).select("question", "unit").unique().join(why, how="cross")
    people = people.filter(~(by_sample & is_whole & pl.col("_gone").is_not_null()))
    return people_frame(pl.concat([people_frame(people), people_frame(rows.with_columns(is_in=pl.lit(False)))]))
