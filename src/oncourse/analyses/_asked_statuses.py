"""The statuses a tumour board asks for first, over the patients with the tumour: who has it, who not, who cannot tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, OutputTable
from oncourse.disease import of_tumour
from oncourse.knowledge.evaluate import GERMLINE_TEXT
from oncourse.study.schema import Column

TEXT, INT, NUM = pl.String, pl.Int64, pl.Float64

STATUSES = OutputTable(
    "therapy/statuses",
    "the statuses a tumour board asks for first: patients with this tumour by state",
    (
        Column("tumour", TEXT, "tumour"),
        Column("label", TEXT, "what is asked for"),
        Column("status", TEXT, "status"),
        Column("n_patients", INT, "patients with this tumour of whom anything was looked at"),
        Column("n_positive", INT, "positive"),
        Column("n_negative", INT, "negative, measured or recorded"),
        Column("n_assumed", INT, "negative by assumption: the reads were not counted"),
        Column("n_not_assessable", INT, "could not be judged"),
        Column("n_none_in_tumour", INT, "of these, none found in the tumour and germline not reported"),
        Column("fraction", NUM, "positive, of those judged; null where only a positive could be", unit="fraction"),
        Column("ci_low", NUM, "Clopper-Pearson 95 %", unit="fraction"),
        Column("ci_high", NUM, "Clopper-Pearson 95 %", unit="fraction"),
    ),
)
#: Statuses that the answer tells of one tumour.
STATUSES_TOLD = 3
#: Of those who could not be judged: what the tumour alone says.
_TUMOUR_ALONE = ("none_in_tumour",)


def asked_statuses(
    found: pl.DataFrame, patients_of: Mapping[str, Collection[str]], design: str | None
) -> Iterator[dict[str, Any]]:
    """Yield, per tumour and status that is asked for first, how many patients have it, have it not, cannot be judged.

    found : `oncourse.derive.status.patients.patient_statuses`; patients_of : tumour -> patients of whom anything is known
    """
    from oncourse.stats.proportions import clopper_pearson

    for tumour, patients in patients_of.items():
        disease = of_tumour(tumour, design)
        for label, asks in disease.asked if disease else ():
            status = asks.removeprefix("status ")
            mine = found.filter((pl.col("status") == status) & pl.col("patient_id").is_in(list(patients)))
            if asks == status or mine.is_empty():
                continue
            assumed = mine["basis"].eq_missing("assumed") & (mine["state"] == "negative")
            n = {state: int((mine["state"] == state).sum()) for state in ("positive", "negative", "not_assessable")}
            unborn = (mine["state"] == "not_assessable") & mine["reason"].str.starts_with(GERMLINE_TEXT)
            told = n["positive"] + n["negative"]
            only_positives = n["negative"] == 0 and n["not_assessable"] > 0  # a share of these says 1 whatever is true
            low, high = (None, None)
            if told and not only_positives:
                low, high = map(float, clopper_pearson(n["positive"], told))
            yield {
                "tumour": tumour,
                "label": label,
                "status": status,
                "n_patients": mine.height,
                "n_positive": n["positive"],
                "n_negative": n["negative"] - int(assumed.sum()),
                "n_assumed": int(assumed.sum()),
                "n_not_assessable": n["not_assessable"],
                "n_none_in_tumour": int(unborn.sum()),
                "fraction": n["positive"] / told if told and not only_positives else None,
                "ci_low": low,
                "ci_high": high,
            }


def _status_name(row: dict[str, Any], state: str) -> str:
    return re.sub(r"[^\w.:+\-]", "_", f"{row['status']}_{row['tumour']}_{state}")


def status_estimates(statuses: pl.DataFrame) -> list[Estimate]:
    return [
        Estimate(_status_name(row, state), row[f"n_{state}"], n=row["n_patients"], unit="count")
        for row in statuses.iter_rows(named=True)
        for state in ("positive", "negative", "assumed", "not_assessable", *_TUMOUR_ALONE)
        if state not in _TUMOUR_ALONE or row[f"n_{state}"]
    ]


def status_words(statuses: pl.DataFrame) -> str:
    """Of each tumour the first statuses, each with whom nobody could judge."""
    shown = statuses.group_by("tumour", maintain_order=True).head(STATUSES_TOLD)
    parts = []
    for row in shown.iter_rows(named=True):
        negative = f"{{{_status_name(row, 'negative')}:value}} negative"
        if row["n_assumed"]:
            negative += f", {{{_status_name(row, 'assumed')}:value}} assumed negative"
        alone = ""
        if row["n_none_in_tumour"]:
            alone = (
                f" (in {{{_status_name(row, 'none_in_tumour')}:value}} of these none was found in the tumour; germline "
            )
            alone += "is not reported)"
        parts.append(
            f" {row['label']}: {{{_status_name(row, 'positive')}:value}} patients positive, {negative}, "
            f"{{{_status_name(row, 'not_assessable')}:value}} could not be judged{alone}."
        )
    return "".join(parts)
