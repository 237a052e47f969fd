"""Samples that were not looked at: not sequenced, or of failed quality. What they do not show is no wild type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

#: Assay of a sample that the source says was not looked at for a kind of event: a panel without genes.
NOT_PROFILED = "not_profiled"


def mark(samples: pl.DataFrame, names: Sequence[str], reading: Reading) -> pl.DataFrame:
    """Return the samples with `NOT_PROFILED` as the assay of `names`; the reading's assays hold it then."""
    inside = pl.col("sample_id").is_in(list(names))
    row = pl.DataFrame({"assay_id": [NOT_PROFILED], "kind": ["panel"], "targets": [";"]})
    before = reading.tables.get("assays")
    if before is None or NOT_PROFILED not in before["assay_id"]:
        reading.tables["assays"] = row if before is None else pl.concat([before, row], how="diagonal_relaxed")
    assay = pl.when(inside).then(pl.lit(NOT_PROFILED)).otherwise(optional(samples, "assay_id"))
    return samples.with_columns(assay.alias("assay_id"))


def mark_failed(samples: pl.DataFrame, failed: Mapping[str, str], reading: Reading) -> pl.DataFrame:
    """Return the samples with those whose quality control failed (`failed`, by what word) as not profiled, told: a call of
    theirs stays one, what they do not show is unknown."""
    names = samples.filter(pl.col("sample_id").is_in(sorted(failed)))["sample_id"].to_list()
    if not names:
        return samples
    first = names[0]
    message = f"{len(names):,} samples failed their quality control ({first}: {failed[first]}): no wild type of theirs."
    cure = "What they show stays; leave them out where it should not (exclusions)."
    reading.problems.append(Problem("samples", None, "assay_id", first, message, cure, "warning"))
    return mark(samples, names, reading)
