"""What was found becomes tables of the study folder; rows of other samples, and what only the user knows, stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from oncourse.reads.background import background_of, detection_limit
from oncourse.reads.judge import Rules, alpha_of
from oncourse.reads.places import Places
from oncourse.reads.profile import Bases
from oncourse.reads.sheet import ASSAYS, MATERIAL, Plan, ReadsSample

#: Bases of a row of coverage: the least depth of so few is close to each one's own.
_BLOCK = 30
#: Files of the study folder that are written.
WRITTEN = (
    "patients.tsv",
    "lesions.tsv",
    "samples.tsv",
    "assays.tsv",
    "error_rates.tsv",
    "variants.tsv",
    "calls.tsv",
    "segments.tsv",
    "coverage.tsv",
    "markers.tsv",
    "reads_targets.bed",
)
#: Columns of a call that stay with it: why, from what, how sure.
EVIDENCE = (
    "variant_id",
    "sample_id",
    "ref_count",
    "alt_count",
    "other_count",
    "discordant_count",
    "depth",
    "ref_forward",
    "ref_reverse",
    "alt_forward",
    "alt_reverse",
    "alt_f1r2",
    "alt_f2r1",
    "alt_base_quality",
    "alt_mapping_quality",
    "alt_end_distance",
    "alt_mismatches",
    "error_rate",
    "p_noise",
    "is_called",
    "tags",
    "origin",
    "normal_says",
    "found_by",
)


#: Calls of a study in which nothing was worth keeping.
EMPTY_CALLS: dict[str, type[pl.DataType]] = {
    name: pl.Int64 if name.endswith("_count") or name == "depth" else pl.Boolean if name == "is_called" else pl.String
    for name in EVIDENCE
}
COVERAGE: dict[str, type[pl.DataType]] = {
    "sample_id": pl.String,
    "chrom": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "min_depth": pl.Int64,
}


def written_before(plan: Plan) -> set[str]:
    """Return the samples of the last run, whose rows are ours to take away."""
    path = plan.place("tables", "quality.tsv")
    return set(pl.read_csv(path, separator="\t", infer_schema_length=0)["sample_id"]) if path.is_file() else set()


def worth_keeping(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the sites that are called in some sample, are hotspots, or were rejected with at least three fragments."""
    keep = (
        pl.col("is_called").any()
        | pl.col("found_by").str.contains("hotspot").any()
        | ((pl.col("alt_count") >= 3) & (pl.col("p_noise") < 1e-3)).any()
    )
    return judged.filter(keep.over("variant_id"))


def assay_id(sample: ReadsSample) -> str:
    """Return the assay of a sample; reads with identifiers are another assay than those without."""
    return f"{sample.assay}-umi" if sample.umi and "umi" not in sample.assay.lower() else sample.assay


def sample_rows(plan: Plan, quality: Mapping[str, dict[str, Any]], left_out: Mapping[str, str]) -> pl.DataFrame:
    """Return the rows of samples; those of patients that stopped are not there (see reads/tables/stopped.tsv)."""
    rows = []
    for s in plan.samples:
        if s.patient in left_out:
            continue
        q = quality[s.sample]
        rows.append(
            {
                "sample_id": s.sample,
                "patient_id": s.patient,
                "material": MATERIAL.get(s.role, s.role),
                "lesion_id": plan.lesion(s.sample),
                "assay_id": assay_id(s),
                "day": s.day,
                **_fraction(s, q),
                "ploidy": q.get("ploidy"),
                "mean_depth": q["mean_depth"],
                "msi_score": q.get("msi_share"),
                "msi_status": q.get("msi_status"),
                "preservation": s.preservation or None,
                "duplicate_share": q["duplicate_share"],
                "insert_median": q["insert_median"],
                "share_100x": q["share_100x"],
                "contamination": q.get("contamination"),
                "tumor_in_normal": q.get("tumor_in_normal"),
                "detection_limit": q.get("detection_limit"),
            }
        )
    empty = dict.fromkeys(("sample_id", "patient_id", "material"), pl.String)
    return pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=empty)


def _fraction(sample: ReadsSample, quality: Mapping[str, Any]) -> dict[str, float | None]:
    """Return purity (tissue) and tumour fraction (plasma) with their intervals; a pathologist's guess has none."""
    fitted = quality.get("purity") is not None
    values = [quality["purity"], quality.get("purity_low"), quality.get("purity_high")] if fitted else [None] * 3
    values[0] = values[0] if fitted else sample.purity
    is_plasma = sample.role == "plasma"
    return {
        f"{name}{end}": value if (name == "tumor_fraction") == is_plasma else None
        for name in ("purity", "tumor_fraction")
        for end, value in zip(("", "_ci_low", "_ci_high"), values, strict=True)
    }


def lesion_rows(plan: Plan) -> pl.DataFrame:
    """Return a row per lesion of the tissue samples."""
    rows = {
        lesion: {"lesion_id": lesion, "patient_id": s.patient, "role": s.role}
        for s in plan.samples
        if (lesion := plan.lesion(s.sample))
    }
    schema = {"lesion_id": pl.String, "patient_id": pl.String, "role": pl.String}
    return pl.DataFrame(list(rows.values()), schema=schema)


def assay_rows(plan: Plan, bases: Mapping[str, Bases], rules: Rules) -> pl.DataFrame:
    """Return a row per assay: kind, target file, callable megabases, background error, thresholds."""
    rows = []
    for name in dict.fromkeys(assay_id(s) for s in plan.samples):
        samples = [s for s in plan.samples if assay_id(s) == name]
        tumours = [s for s in samples if not s.is_germline] or samples
        depth = np.median([bases[s.sample].depth for s in tumours], axis=0)
        rates = [background_of(bases[s.sample]).by_substitution for s in samples]
        rows.append(
            {
                "assay_id": name,
                "kind": next((k for k in ASSAYS if k in name.lower()), "panel"),
                "targets": "reads_targets.bed",
                "callable_mb": round(float((depth >= 20).sum()) / 1e6, 6),
                "min_depth": 20,
                "error_rate": float(np.mean([np.mean(list(r.values())) for r in rates])),
                "min_alt_count": rules.min_count,
                "min_vaf": 0.001 if any(s.umi for s in samples) else 0.01,
                "has_umi": any(bool(s.umi) for s in samples),
            }
        )
    return pl.DataFrame(rows)


def error_rows(plan: Plan, bases: Mapping[str, Bases]) -> pl.DataFrame:
    """Return the background error of each assay by kind of change, the mean of its samples."""
    rows = [
        {"assay_id": assay_id(s), "substitution": change, "error_rate": rate}
        for s in plan.samples
        for change, rate in background_of(bases[s.sample]).by_substitution.items()
    ]
    frame = pl.DataFrame(rows)
    return frame.group_by("assay_id", "substitution", maintain_order=True).agg(pl.col("error_rate").mean())


def coverage_rows(sample: str, bases: Bases, places: Places) -> pl.DataFrame:
    """Return the least depth of stretches of at most 30 target bases."""
    order = np.lexsort((bases.pos, bases.contig))
    contig, pos, depth = bases.contig[order], bases.pos[order], bases.depth[order]
    new = np.ones(len(pos), bool)
    new[1:] = (np.diff(pos) != 1) | (np.diff(contig) != 0)
    run = np.cumsum(new) - 1
    within = np.arange(len(pos)) - np.flatnonzero(new)[run]
    block = np.cumsum(new | (within % _BLOCK == 0)) - 1
    frame = pl.DataFrame({"chrom": np.array(bases.contigs)[contig], "pos": pos + 1, "depth": depth, "block": block})
    rows = frame.group_by("block", maintain_order=True).agg(
        pl.col("chrom").first(),
        start=pl.col("pos").min(),
        end=pl.col("pos").max(),
        min_depth=pl.col("depth").min(),
    )
    found = places.to_genome(rows.drop("block"), "start", "end").with_columns(pl.lit(sample).alias("sample_id"))
    return found.select(pl.col(name).cast(dtype) for name, dtype in COVERAGE.items())


def limit_of(bases: Bases, rules: Rules, *, families: bool = False) -> float | None:
    """Return the smallest allele fraction found with chance 0.95 at a base of median depth and mean background."""
    depth = float(np.median(bases.depth))
    rate = float(np.mean(list(background_of(bases).by_substitution.values())))
    alpha = alpha_of(rules, len(bases.pos), families=families)
    value = float(detection_limit(depth, rate, alpha=alpha))
    return round(value, 5) if np.isfinite(value) else None


def merge_table(path: Path, new: pl.DataFrame, key: list[str], *, drop: pl.Expr | None = None) -> None:
    """Put rows into a table of the study folder: they go before rows of the same key; other columns of those stay.

    Parameters
    ----------
    drop : rows of the old table that are taken away first (written by an earlier run)
    """
    text = new.select(pl.all().cast(pl.String))
    if path.is_file():
        old = pl.read_csv(path, separator="\t", infer_schema_length=0, quote_char=None, truncate_ragged_lines=True)
        old = old.filter(~drop.fill_null(False)) if drop is not None else old
        if set(key) <= set(old.columns) and text.height:
            kept = old.join(text.select(key), on=key, how="anti", maintain_order="left")
            more = [c for c in old.columns if c not in text.columns]
            text = text.join(
                old.select([*key, *more]).unique(key, keep="first"), on=key, how="left", maintain_order="left"
            )
            both = [c for c in old.columns if c in text.columns and c not in key]
            known = text.join(
                old.select([*key, *both]).unique(key, keep="first"),
                on=key,
                how="left",
                suffix="_old",
                maintain_order="left",
            )
            text = known.with_columns(pl.coalesce(c, f"{c}_old").alias(c) for c in both).drop(f"{c}_old" for c in both)
            text = pl.concat([kept, text], how="diagonal")
        elif not text.height:
            text = old
    text.write_csv(draft_of(path), separator="\t", quote_style="never", null_value="")


def write_beside_vcf(plan: Plan, vcf: Path) -> None:
    """Put beside the VCF files what they have no place for, so that importing them gives the same study.

    Tables of the samples and patients of reads.tsv (not their calls, which the VCF files are), and study.yaml.
    """
    from dataclasses import replace

    from oncourse.io.assays.bed import read_bed
    from oncourse.io.carried import FOLDER, TABLES, write_carried
    from oncourse.study.config import config_to_yaml, read_config

    folder, ours = Path(plan.folder), {"sample_id": [s.sample for s in plan.samples], "patient_id": plan.patients}
    tables = {
        name: _of(pl.read_csv(folder / f"{name}.tsv", separator="\t", infer_schema_length=0), ours)
        for name in TABLES
        if name != "calls" and (folder / f"{name}.tsv").is_file()
    }
    regions = read_bed(folder / "reads_targets.bed")
    if regions is not None and "assays" in tables:
        mine = tables["assays"].filter(targets="reads_targets.bed").select("assay_id")
        tables["target_regions"] = mine.join(regions, how="cross")
    if vcf.is_dir():
        write_carried(tables, vcf)
    config = next((p for p in (folder / "study.yaml", folder / "study.yml") if p.is_file()), None)
    if config and (vcf / FOLDER).is_dir():
        text = config_to_yaml(replace(read_config(config), fasta="", gff=""))
        (vcf / FOLDER / "study.yaml").write_text(text, encoding="utf-8")


def _of(frame: pl.DataFrame, ours: Mapping[str, list[str]]) -> pl.DataFrame:
    """Return the rows of these samples and patients."""
    for column, names in ours.items():
        if column in frame.columns:
            frame = frame.filter(pl.col(column).is_in(names))
    return frame


def write_config(plan: Plan, build: str | None) -> None:
    """Write study.yaml where there is none: what names the variants. A user's own is never changed."""
    path = Path(plan.folder, "study.yaml")
    if path.exists() or Path(plan.folder, "study.yml").exists():
        return
    lines = {"genome_build": build, "fasta": plan.fasta if plan.gff else None, "gff": plan.gff}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items() if value)
    if text:
        path.write_text("# Written by `oncourse reads`: what names the variants. Add title and design.\n" + text)


def draft_of(path: Path) -> Path:
    """Return where a table is written before all of them are put in place."""
    return path.with_name(f".{path.name}.draft")


def put_in_place(folder: Path, names: Iterable[str]) -> None:
    """Put the drafts of tables in place, all or - where one could not be written - none."""
    drafts = [folder / name for name in names if draft_of(folder / name).is_file()]
    for path in drafts:
        draft_of(path).replace(path)
