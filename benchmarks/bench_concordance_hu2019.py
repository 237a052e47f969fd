"""False absences on six re-sampled colorectal cancers: calls alone against power-aware states.

    python benchmarks/bench_concordance_hu2019.py ../shared/data/crc_hu2019_multiregion

Every pair of one primary region and one metastasis region is looked at as if there were no other regions; the
other regions of the metastasis then say whether a mutation that looked lost was there after all.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.derive.concordance.presence import PresenceParams, presence_table
from oncourse.derive.genes.panels import read_panels
from oncourse.study.config import StudyConfig
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


def as_table(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with every column of the study table `name`; missing ones null."""
    columns = TABLES[name].by_name
    return frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(spec.dtype).alias(c) for c, spec in columns.items()
    )


def hu_study(folder: Path) -> Study:
    """Read the forced counts, lesions and segments of the data set into a Study."""
    maf = pl.read_csv(folder / "CRC_HZ.maf.gz", separator="\t", schema_overrides={"Chromosome": pl.String})
    clinical = pl.read_csv(folder / "CRC_HZ.clin.txt", separator="\t")
    segments = pl.read_csv(folder / "CRC_HZ.seg.txt.gz", separator="\t", schema_overrides={"Chromosome": pl.String})
    maf = maf.with_columns(
        variant_id=pl.concat_str(
            pl.col("Chromosome").str.strip_prefix("chr"),
            "Start_Position",
            "Reference_Allele",
            "Tumor_Seq_Allele2",
            separator=":",
        )
    )
    lesion = pl.concat_str("Patient_ID", "Tumor_ID", separator="_")
    samples = clinical.select(
        sample_id="Tumor_Sample_Barcode", patient_id="Patient_ID", material=pl.lit("tissue"), lesion_id=lesion
    )
    lesions = (
        clinical.select(
            lesion_id=lesion,
            patient_id="Patient_ID",
            site="Tumor_ID",
            role=pl.when(pl.col("Tumor_ID") == "P").then(pl.lit("primary")).otherwise(pl.lit("metastasis")),
        )
        .unique()
        .sort("lesion_id")
    )
    calls = maf.select(
        "variant_id",
        sample_id="Tumor_Sample_Barcode",
        alt_count="Alt_allele_depth",
        depth=pl.col("Alt_allele_depth") + pl.col("Ref_allele_depth"),
    )
    variants = maf.select("variant_id", gene="Hugo_Symbol", consequence="Variant_Classification").unique("variant_id")
    tables = {
        "patients": samples.select("patient_id").unique().sort("patient_id"),
        "samples": samples,
        "lesions": lesions,
        "calls": calls.unique(["sample_id", "variant_id"]),
        "variants": variants.sort("variant_id"),
        "segments": segments.select(
            sample_id="Tumor_Sample_Barcode",
            chrom=pl.col("Chromosome").str.strip_prefix("chr"),
            start="Start_Position",
            end="End_Position",
            total_cn="CopyNumber",
            minor_cn="Minor_CN",
        ),
    }
    return Study(
        StudyConfig(title="CRC_HZ", genome_build="GRCh37"),
        {name: as_table(name, frame) for name, frame in tables.items()},
    )


def region_pairs(study: Study, params: PresenceParams = PresenceParams()) -> pl.DataFrame:  # noqa: B008
    """Return one row per region pair, direction and mutation called in one region: its fate in the other region.

    Columns: patient_id, pair, direction, variant_id, state_a, and of the other region called, state, reason, alt_count,
    depth, power, p_present; called_elsewhere (in another region of that lesion), n_region (other regions of it).
    """
    samples = study["samples"].join(study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
    calls = study["calls"].with_columns(
        called=(pl.col("alt_count") >= 3) & (pl.col("alt_count") >= 0.02 * pl.col("depth"))
    )
    counts = calls.join(samples.select("sample_id", "patient_id", "lesion_id"), on="sample_id")
    out = []
    for (patient,), group in samples.group_by("patient_id", maintain_order=True):
        primary = group.filter(pl.col("role") == "primary")["sample_id"]
        for a in primary:
            for b, lesion in group.filter(pl.col("role") == "metastasis").select("sample_id", "lesion_id").iter_rows():
                others = group.filter((pl.col("lesion_id") == lesion) & (pl.col("sample_id") != b))["sample_id"]
                out.append((f"{a}|{b}", patient, a, b, others.to_list()))
    # every region pair becomes a patient of its own, so that nothing but the two regions is used
    renamed, tables = [], dict(study.tables)
    for pair, _, a, b, _ in out:
        renamed += [(pair, f"{pair}|{s}", s) for s in (a, b)]
    names = pl.DataFrame(renamed, schema=["pair", "new_id", "sample_id"], orient="row")
    for table in ("calls", "segments"):
        tables[table] = (
            study[table].join(names, on="sample_id").with_columns(sample_id="new_id").select(study[table].columns)
        )
    tables["samples"] = (
        study["samples"]
        .join(names, on="sample_id")
        .with_columns(sample_id="new_id", patient_id="pair")
        .select(study["samples"].columns)
    )
    tables["patients"] = as_table("patients", names.select(patient_id="pair").unique().sort("patient_id"))
    split = replace(study, tables=tables)
    cells = presence_table(split, read_panels(split), params).cells
    cells = cells.with_columns(region=pl.col("sample_id").str.split("|").list.get(2))
    rows = []
    lesion_of = dict(samples.select("sample_id", "lesion_id").iter_rows())
    blocks = cells.partition_by("patient_id", as_dict=True)
    called_in = counts.filter("called").group_by("lesion_id", "variant_id").agg("sample_id")
    for pair, patient, a, b, _ in out:
        block = blocks[(pair,)]
        for direction, seen, other in (("primary to metastasis", a, b), ("metastasis to primary", b, a)):
            lesion = lesion_of[other]
            here = block.filter((pl.col("region") == seen) & pl.col("called")).select("variant_id", state_a="state")
            there = block.filter(pl.col("region") == other).select(
                "variant_id", "called", "state", "reason", "alt_count", "depth", "power", "p_present"
            )
            rest = called_in.filter(pl.col("lesion_id") == lesion).select(
                "variant_id", called_elsewhere=pl.col("sample_id").list.set_difference([other]).list.len() > 0
            )
            n_region = sum(1 for s, at in lesion_of.items() if at == lesion and s != other)
            rows.append(
                here.join(there, on="variant_id")
                .join(rest, on="variant_id", how="left")
                .with_columns(
                    pl.col("called_elsewhere").fill_null(False),
                    patient_id=pl.lit(patient),
                    pair=pl.lit(pair),
                    direction=pl.lit(direction),
                    n_region=pl.lit(n_region),
                )
            )
    return pl.concat(rows)


def summarise(found: pl.DataFrame) -> pl.DataFrame:
    """Return the table of the documentation: rule, how many looked lost, how many of these were there after all."""
    found = found.filter(pl.col("n_region") > 0)
    naive = found.filter(~pl.col("called"))
    aware = found.filter(pl.col("state") == "absent")
    both = naive.filter(pl.col("state") == "absent")
    solid = both.filter(pl.col("state_a") == "present")
    decided = naive.filter(pl.col("state") != "not_assessable").height / naive.height
    rows = [
        ("not called", naive.height, naive["called_elsewhere"].sum()),
        ("state absent", aware.height, aware["called_elsewhere"].sum()),
        ("not called and absent", both.height, both["called_elsewhere"].sum()),
        ("... and present (not merely called) in the primary", solid.height, solid["called_elsewhere"].sum()),
    ]
    table = pl.DataFrame(rows, schema=["rule", "n", "n_false"], orient="row")
    print(f"naive discordances that are decided: {decided:.3f}")
    return table.with_columns(false_share=(pl.col("n_false") / pl.col("n")).round(4))


if __name__ == "__main__":
    study = hu_study(Path(sys.argv[1]))
    pairs = region_pairs(study)
    for direction in ("primary to metastasis", "metastasis to primary"):
        print(direction)
        print(summarise(pairs.filter(pl.col("direction") == direction)))
    print("both")
    print(summarise(pairs))
    lost = pairs.filter(~pl.col("called") & (pl.col("n_region") > 0))
    print(lost.group_by("state", "reason").agg(pl.len(), pl.col("called_elsewhere").mean()).sort("len"))
    by_patient = lost.group_by("patient_id").agg(
        pl.len(),
        naive=pl.col("called_elsewhere").mean(),
        absent=(pl.col("state") == "absent").mean(),
        false=pl.col("called_elsewhere").filter(pl.col("state") == "absent").mean(),
    )
    print(by_patient.sort("patient_id"))
