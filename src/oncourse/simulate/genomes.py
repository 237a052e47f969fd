"""One simulated patient's tumour -> rows of the study's tables: variants, calls, segments, coverage."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from oncourse.evolution.simulate import Tumour
from oncourse.simulate.drivers import RAS_CODONS, Driver, FocalEvent
from oncourse.simulate.passengers import effects

#: The caller of the simulated studies.
MIN_ALT, MIN_VAF = 4, {"tissue": 0.03, "plasma": 0.002, "normal": 0.2, "white_cells": 0.01}


@dataclass
class Rows:
    """Rows of the study's tables while it grows."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, **row: Any) -> None:
        """Add one row."""
        self.tables[table].append(row)


def add_reads(
    rows: Rows,
    rng: np.random.Generator,
    tumour: Tumour,
    driver: Driver,
    ccf: dict[str, float],
    ids: dict[str, str],
    *,
    precision: float = 400.0,
    only: set[str] | None = None,
) -> None:
    """Count one more variant in every sample of the patient, with the copy number of its place.

    Parameters
    ----------
    ccf : sample of the tumour -> cancer cell fraction of the variant
    ids : sample of the tumour -> sample_id of the study
    only : samples that look at the gene (None = all)
    """
    normal_cn = 1 if driver.chrom == "X" else 2
    segments = tumour.segments.filter(
        (pl.col("chrom") == driver.chrom) & (pl.col("start") <= driver.pos) & (pl.col("end") >= driver.pos)
    )
    copies = dict(segments.select("sample_id", "total_cn").iter_rows())
    for sample in tumour.samples.iter_rows(named=True):
        name = sample["sample_id"]
        if only is not None and name not in only:
            continue
        purity = sample["purity"] if sample["purity"] is not None else sample["tumor_fraction"]
        total = float(copies.get(name) or normal_cn)
        depth = int(rng.negative_binomial(8, 8 / (8 + sample["mean_depth"])))
        vaf = purity * ccf.get(name, 0.0) / (purity * total + (1 - purity) * normal_cn)
        vaf = float(np.clip(vaf * (1 - 1e-4) + 1e-4 / 3, 0, 1))
        share = rng.beta(vaf * precision, (1 - vaf) * precision) if vaf > 1e-3 else vaf
        add_call(rows, ids[name], driver.variant_id, int(rng.binomial(depth, share)), depth, sample["material"])


def add_call(
    rows: Rows, sample_id: str, variant_id: str, alt: int, depth: int, material: str, origin: str = "somatic"
) -> None:
    """Add one counted site; it is called by the simulated caller's rule."""
    called = alt >= MIN_ALT and alt >= MIN_VAF[material] * depth
    rows.add(
        "calls",
        sample_id=sample_id,
        variant_id=variant_id,
        alt_count=alt,
        depth=depth,
        is_called=called,
        origin=origin,
    )


def add_tumour(
    rows: Rows,
    rng: np.random.Generator,
    tumour: Tumour,
    ids: dict[str, str],
    genes: tuple[str, ...],
) -> None:
    """Add the tumour's passenger variants, counts and segments; a site counted in any sample stays with its depth.

    genes : those of the widest assay
    """
    material = dict(tumour.samples.select("sample_id", "material").iter_rows())
    looked = tumour.counts.with_columns(pl.col("sample_id").replace_strict(material).alias("material"))
    called = set()
    for row in looked.iter_rows(named=True):
        if row["alt_count"] >= MIN_ALT and row["alt_count"] >= MIN_VAF[row["material"]] * row["depth"]:
            called.add(row["variant_id"])
    for row in effects(rng, pl.Series(sorted(called), dtype=pl.String), frozenset(genes)).iter_rows(named=True):
        rows.add("variants", **row)
    for row in looked.iter_rows(named=True):
        if row["variant_id"] in called:
            add_call(
                rows,
                ids[row["sample_id"]],
                row["variant_id"],
                row["alt_count"],
                row["depth"],
                row["material"],
            )
    for row in tumour.segments.iter_rows(named=True):
        if material[row["sample_id"]] == "tissue":
            rows.add(
                "segments",
                sample_id=ids[row["sample_id"]],
                chrom=row["chrom"],
                start=row["start"],
                end=row["end"],
                total_cn=row["total_cn"],
                minor_cn=row["minor_cn"],
            )


def draw_focal(
    rng: np.random.Generator, events: tuple[FocalEvent, ...], drivers: list[Driver]
) -> list[tuple[FocalEvent, int]]:
    """Draw the focal copy-number events of a tumour with their copies; a gene already mutated is left alone."""
    mutated = {driver.gene for driver in drivers}
    found = [
        (event, int(rng.integers(event.copies[0], event.copies[1] + 1)))
        for event in events
        if rng.random() < event.chance
    ]
    return [(event, copies) for event, copies in found if event.gene not in mutated]


def add_focal(tumour: Tumour, found: list[tuple[FocalEvent, int]], x_mb: int | None = None) -> Tumour:
    """Return the tumour with its focal events cut out of the segments of every sample.

    ``x_mb`` adds a chromosome X of that length with one copy first (a man's).
    """
    segments = tumour.segments
    if x_mb is not None:
        one = segments.unique("sample_id", maintain_order=True).with_columns(
            chrom=pl.lit("X"),
            start=pl.lit(1, pl.Int64),
            end=pl.lit(x_mb * 1_000_000, pl.Int64),
            total_cn=pl.lit(1, pl.Int64),
            minor_cn=pl.lit(0, pl.Int64),
        )
        segments = pl.concat([segments, one.select(segments.columns)])
    for event, copies in found:
        whole = (pl.col("chrom") == event.chrom) & (pl.col("start") < event.start) & (pl.col("end") > event.end)
        hit = segments.filter(whole)
        before = hit.with_columns(end=pl.lit(event.start - 1, pl.Int64))
        focal = hit.with_columns(
            start=pl.lit(event.start, pl.Int64),
            end=pl.lit(event.end, pl.Int64),
            total_cn=pl.lit(copies, pl.Int64),
            minor_cn=pl.min_horizontal(pl.col("minor_cn"), pl.lit(copies // 2, pl.Int64)),
        )
        after = hit.with_columns(start=pl.lit(event.end + 1, pl.Int64))
        segments = pl.concat([segments.filter(~whole), before, focal, after])
    return replace(tumour, segments=segments.sort("sample_id", "chrom", "start"))


def taken(tumour: Tumour, samples: set[str]) -> Tumour:
    """Return the tumour with these samples only (a patient who died before the others)."""
    keep = pl.col("sample_id").is_in(sorted(samples))
    return replace(
        tumour,
        samples=tumour.samples.filter(keep),
        fractions=tumour.fractions.filter(keep),
        counts=tumour.counts.filter(keep),
        segments=tumour.segments.filter(keep),
    )


def add_truth(truth: Rows, patient: str, tumour: Tumour, ids: dict[str, str], lesions: dict[str, str]) -> None:
    """Add the truth of one tumour: clones, their fractions, lesions, migrations and the clone of every variant.

    Parameters
    ----------
    ids, lesions : sample and lesion of the tumour -> sample_id and lesion_id of the study
    """
    for row in tumour.clones.iter_rows(named=True):
        truth.add("clones", patient_id=patient, **{**row, "lesion_id": lesions[row["lesion_id"]]})
    for row in tumour.fractions.iter_rows(named=True):
        truth.add("fractions", patient_id=patient, **{**row, "sample_id": ids[row["sample_id"]]})
    for row in tumour.lesions.iter_rows(named=True):
        source = lesions[row["source"]] if row["source"] else None
        truth.add(
            "lesions",
            patient_id=patient,
            lesion_id=lesions[row["lesion_id"]],
            source=source,
            clonality=row["clonality"],
            phyleticity=row["phyleticity"],
            divergence=row["divergence"],
        )
    for row in tumour.migrations.iter_rows(named=True):
        truth.add(
            "migrations",
            patient_id=patient,
            source=lesions[row["source"]],
            target=lesions[row["target"]],
            clone_id=row["clone_id"],
        )
    for variant, clone, kind in tumour.variants.select("variant_id", "clone_id", "kind").iter_rows():
        truth.add("variants", patient_id=patient, variant_id=variant, clone_id=clone, kind=kind)


def add_ras_coverage(rows: Rows, rng: np.random.Generator, sample_id: str, mean_depth: float) -> None:
    """Add the depth of the RAS codons: what makes a RAS wild type measured."""
    for gene, codon, chrom, start in RAS_CODONS:
        depth = int(rng.negative_binomial(10, 10 / (10 + mean_depth)))
        rows.add(
            "coverage",
            sample_id=sample_id,
            chrom=chrom,
            start=start,
            end=start + 2,
            min_depth=depth,
            gene=gene,
            codon=codon,
        )
