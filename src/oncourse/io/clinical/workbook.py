"""A hospital's workbook of clinical sheets beside MAF or VCF files: its tables stand as they are, and the samples of
the files are matched with its sheet of samples."""

from __future__ import annotations

import polars as pl

from oncourse.io.clinical import tables as ct
from oncourse.io.reading import Reading
from oncourse.study.tables import TABLES, date_name


def samples_of(tables: dict[str, pl.DataFrame]) -> pl.DataFrame | None:
    """Return the sheet of samples as a clinical table of samples (names in capitals); null where there is none."""
    samples = tables.get("samples")
    if samples is None or not {"sample_id", "patient_id"} <= set(samples.columns):
        return None
    lesions = tables.get("lesions")
    if lesions is not None and {"lesion_id", "role"} <= set(lesions.columns) and "lesion_id" in samples.columns:
        roles = lesions.select("lesion_id", "role").unique("lesion_id", keep="first")
        samples = samples.drop("role", strict=False).join(roles, on="lesion_id", how="left", maintain_order="left")
    kept = [c for c in ("sample_id", "patient_id", "material", "lesion_id", "role", "assay_id") if c in samples.columns]
    out = samples.select(pl.col(c).alias(c.upper()) for c in kept).rename({"ASSAY_ID": "GENE_PANEL"}, strict=False)
    return out.drop_nulls("SAMPLE_ID").unique("SAMPLE_ID", keep="first", maintain_order=True)


def people_of(tables: dict[str, pl.DataFrame]) -> pl.DataFrame | None:
    """Return the sheet of patients as a clinical table of patients (names in capitals); null where there is none."""
    people = tables.get("patients")
    if people is None or "patient_id" not in people.columns:
        return None
    text = people.with_columns(pl.all().cast(pl.String))
    capital = {c: c.strip().upper().replace(" ", "_") for c in text.columns}
    return (
        text.rename(capital)
        if len(set(capital.values())) == len(capital)
        else text.rename({"patient_id": "PATIENT_ID"})
    )


def overlay(tables: dict[str, pl.DataFrame], built: ct.Built, reading: Reading) -> None:
    """Put the workbook's tables over those built from the files: its rows stand, samples and patients that only the
    files name are added to them."""
    if not tables:
        return
    extra: list[str] = []
    for name, key in (("patients", "patient_id"), ("samples", "sample_id")):
        mine: pl.DataFrame = getattr(built, name)
        if name in tables:
            if name == "samples" and "material" not in tables[name].columns and "material" in mine.columns:
                kinds = mine.select("sample_id", "material").unique("sample_id")  # as of any clinical table
                tables[name] = tables[name].join(kinds, on="sample_id", how="left", maintain_order="left")
            ours = {*TABLES[name].by_name, *(date_name(c) for c in TABLES[name].by_name)}
            more = mine.filter(~pl.col(key).is_in(tables[name][key].drop_nulls().implode()))
            more = more.select(pl.col(c).cast(pl.String) for c in more.columns if c in ours)
            setattr(built, name, pl.concat([tables[name], more], how="diagonal"))
            extra += [c for c in tables[name].columns if c not in ours]
        else:
            extra += [c for c in mine.columns if c in built.extra]
    built.extra = list(dict.fromkeys(extra))
    built.lesions = tables.get("lesions", built.lesions)
    built.follow_up = tables.get("follow_up", built.follow_up)
    built.published = tables.get("published_endpoints", built.published)
    others = set(tables) - {"patients", "samples", "lesions", "follow_up", "published_endpoints"}
    reading.tables |= {name: tables[name] for name in sorted(others)}
