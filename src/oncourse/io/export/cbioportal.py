"""Study -> cBioPortal study folder: clinical, mutations with clonality columns, copy number, fusions, timelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.disease import disease
from oncourse.disk.names import file_names
from oncourse.facts.material import is_tumour
from oncourse.genome.protein import short_change
from oncourse.genome.variant import parts
from oncourse.io.carried import OF_EXPORT, write_carried
from oncourse.io.clones import ascn_columns
from oncourse.io.export.cbioportal_timelines import death_day, timelines
from oncourse.study.config import config_to_yaml
from oncourse.study.model import Study
from oncourse.study.tables import TABLES

#: Our consequence -> Variant_Classification of a MAF.
_CLASSES = {
    "missense": "Missense_Mutation",
    "nonsense": "Nonsense_Mutation",
    "splice_site": "Splice_Site",
    "start_lost": "Translation_Start_Site",
    "stop_lost": "Nonstop_Mutation",
    "synonymous": "Silent",
    "splice_region": "Splice_Region",
    "utr3": "3'UTR",
    "utr5": "5'UTR",
    "intron": "Intron",
    "upstream": "5'Flank",
    "downstream": "3'Flank",
    "intergenic": "IGR",
    "noncoding": "RNA",
}
#: Origin -> Mutation_Status of a MAF (the portal shows any word).
_STATUSES = {"somatic": "SOMATIC", "chip": "CHIP"}
#: Columns of samples that a clinical file of the portal has none for.
_QUALITY = (
    "purity_ci_low",
    "purity_ci_high",
    "tumor_fraction_ci_low",
    "tumor_fraction_ci_high",
    "duplicate_share",
    "insert_median",
    "share_100x",
    "contamination",
    "tumor_in_normal",
    "detection_limit",
    "cna_assay_id",
    "sv_assay_id",
)


def export_cbioportal(
    study: Study,
    out: Path,
    *,
    study_id: str,
    called: pl.DataFrame,
    clonality: pl.DataFrame | None = None,
    clones: pl.DataFrame | None = None,
    germline: bool = False,
) -> dict[str, int]:
    """Write a study folder as cBioPortal reads it; return file -> rows.

    Parameters
    ----------
    study_id : cancer_study_identifier, letters, digits and _
    called : the called variants of the tumour samples (`oncourse.derive.patient_variants.called_rows`)
    clonality : variant_id, sample_id, state, ccf (`oncourse.derive.concordance.presence`): written in the columns
        ASCN.CCF_EXPECTED_COPIES, ASCN.CLONAL and PRESENCE; a variant that was not judged has none
    clones : rows of evolution/variants with total_cn and minor_cn (`oncourse.derive.clones.clusters.clonality_frame`):
        cell fraction with upper limit, clonality, mutated, total and minor copies of the ASCN columns come from it
        where it has the variant
    germline : whether normals, white cells and germline variants, which name a person, are written into the folder
        `oncourse` (a portal does not read it); what is learned from them answers the same only then

    Days are written as they are: cBioPortal counts from its own day 0, here the index date of the study. Follow-up
    becomes OS_MONTHS and OS_STATUS from the index date. study.yaml lies beside, so that the folder read back is the same
    study. Sites that were counted and not called are data_mutations_uncalled.txt; thresholds and background of assays,
    depth by region, copies of segments, quality of samples, FILTER and origin of sites that were not called are tables
    of ours in the folder `oncourse` (`oncourse.io.carried`). What is lost: lesions without a sample, the cause of death.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "study.yaml").write_text(config_to_yaml(replace(study.config, clocks={})), encoding="utf-8")
    files: dict[str, pl.DataFrame] = {
        "data_mutations.txt": mutations(study, called, clonality, clones),
        **timelines(study),
    }
    written = _clinical(study, out, study_id)
    meta = {"data_mutations.txt": ("MUTATION_EXTENDED", "MAF", "mutations")}
    uncalled = _looked_at(study, called)
    if uncalled.height:
        files["data_mutations_uncalled.txt"] = mutations(study, uncalled).with_columns(
            Mutation_Status=pl.lit("UNCALLED")
        )
        meta["data_mutations_uncalled.txt"] = ("MUTATION_UNCALLED", "MAF", "mutations_uncalled")
    if study.has("gene_copy_number"):
        files["data_cna.txt"] = _copy_number(study)
        meta["data_cna.txt"] = ("COPY_NUMBER_ALTERATION", "DISCRETE", "gistic")
    if study.has("fusions"):
        files["data_sv.txt"] = _fusions(study)
        meta["data_sv.txt"] = ("STRUCTURAL_VARIANT", "SV", "structural_variants")
    if study.has("segments"):
        files["data_cna_hg.seg"] = _segments(study)
    written.update(_panels(study, out))
    written.update(write_carried(_beside(study, uncalled, germline=germline), out))
    for name, frame in files.items():
        if frame.is_empty():
            continue
        frame.write_csv(out / name, separator="\t", null_value="")
        written[name] = frame.height
    _meta(study, out, study_id, {n: m for n, m in meta.items() if n in written}, written)
    return dict(sorted(written.items()))


def _beside(study: Study, uncalled: pl.DataFrame, *, germline: bool) -> dict[str, pl.DataFrame]:
    """Return what the format has no place for, of the samples that are written."""
    samples = study["samples"]
    mine = samples if germline else samples.filter(is_tumour())
    tables = {name: study[name] for name in OF_EXPORT if study.has(name)}
    tables = {
        name: frame.join(mine, on="sample_id", how="semi", maintain_order="left") if "sample_id" in frame else frame
        for name, frame in tables.items()
    }
    keys, own = ["sample_id", "variant_id"], pl.col("origin").is_in(["germline"]).fill_null(False)
    calls = study["calls"]
    tumour = calls.join(samples.filter(is_tumour()), on="sample_id", how="semi")
    kept = tumour.filter(~own).select(*keys, "filter", "origin")
    told = kept.filter(pl.any_horizontal(pl.col("filter").is_not_null(), pl.col("origin").is_not_null()))
    if not germline:
        shown = mine.select("sample_id", *(c for c in _QUALITY if c in mine.columns))
        return tables | {"samples": shown, "calls": told}
    tables["variants"] = study["variants"].join(calls.filter(own), on="variant_id", how="semi", maintain_order="left")
    withheld = calls.join(kept, on=keys, how="anti", maintain_order="left")
    return tables | {"samples": mine, "calls": pl.concat([told, withheld], how="diagonal")}


def _clinical(study: Study, out: Path, study_id: str) -> dict[str, int]:
    patients = study["patients"].join(study["follow_up"], on="patient_id", how="left")
    death, is_dead = death_day(study), pl.col("is_dead")
    months = pl.coalesce(death, "last_contact_day") / DAYS_PER_MONTH
    # dead on a day that is not known: no time of OS has an event
    status = pl.when(death.is_not_null()).then(pl.lit("1:DECEASED")).when(~is_dead).then(pl.lit("0:LIVING"))
    table = patients.select(
        PATIENT_ID="patient_id",
        SEX=pl.col("sex").str.to_titlecase(),
        AGE="age_years",
        STAGE="stage",
        PRIMARY_SITE="primary_site",
        CANCER_TYPE_DETAILED="disease",
        OS_MONTHS=months.round(2),
        OS_STATUS=status,
        CAUSE_OF_DEATH=pl.when(is_dead).then("cause_of_death"),
        INDEX=pl.lit(study.config.index),
    )
    table = _with_own(table, patients, study, "patients")
    lesions = study["lesions"].select("lesion_id", "role", "site")
    samples = study["samples"].filter(is_tumour())
    samples = samples.join(lesions, on="lesion_id", how="left")
    specimens = samples.select(
        PATIENT_ID="patient_id",
        SAMPLE_ID="sample_id",
        SAMPLE_CLASS=pl.col("material").replace({"tissue": "Tumor", "plasma": "cfDNA"}),
        SAMPLE_TYPE=pl.col("role").str.replace("_", " ").str.to_titlecase(),
        METASTATIC_SITE=pl.when(pl.col("role") == "metastasis").then("site"),
        LESION_ID="lesion_id",
        PRIMARY_SITE=pl.when(pl.col("role") == "primary").then("site"),
        TUMOR_PURITY="purity",
        TUMOR_FRACTION="tumor_fraction",
        PLOIDY="ploidy",
        MSI_TYPE="msi_status",
        MSI_SCORE="msi_score",
        TMB_NONSYNONYMOUS="tmb_per_mb",
        SAMPLE_COVERAGE="mean_depth",
        CFDNA_NG_ML="cfdna_ng_ml",
        PRESERVATION="preservation",
        GENE_PANEL="assay_id",
        SPECIMEN_DAY="day",
    )
    samples = _with_own(specimens, samples, study, "samples")
    for name, frame in (("data_clinical_patient.txt", table), ("data_clinical_sample.txt", samples)):
        _write_clinical(frame, out / name)
    return {"data_clinical_patient.txt": table.height, "data_clinical_sample.txt": samples.height}


def _looked_at(study: Study, called: pl.DataFrame) -> pl.DataFrame:
    """Return the sites of tumour samples that were counted and not called: what makes an absence more than silence."""
    is_open = ~pl.col("is_called").fill_null(False) & ~pl.col("origin").is_in(["germline"]).fill_null(False)
    samples = study["samples"].filter(is_tumour()).select("sample_id")
    known = study["variants"].select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence")
    sites = study["calls"].filter(is_open).join(samples, on="sample_id", how="semi")
    sites = sites.join(called, on=["sample_id", "variant_id"], how="anti", maintain_order="left")
    return sites.join(known, on="variant_id", how="left", maintain_order="left")


def _with_own(written: pl.DataFrame, rows: pl.DataFrame, study: Study, table: str) -> pl.DataFrame:
    """Add the columns of the user's own, among them the covariates, in capitals; one whose name is taken is
    X_RECORDED."""
    own = [c for c in study[table].columns if c not in TABLES[table].by_name]
    names = [f"{c.upper()}_RECORDED" if c.upper() in written.columns else c.upper() for c in own]
    return pl.concat([written, rows.select(own).rename(dict(zip(own, names, strict=True)))], how="horizontal")


def _write_clinical(frame: pl.DataFrame, path: Path) -> None:
    """Write a clinical file with the four header lines cBioPortal asks for; empty columns are left out."""
    kept = [c for c in frame.columns if c in ("PATIENT_ID", "SAMPLE_ID") or frame[c].null_count() < frame.height]
    frame = frame.select(kept)
    types = ["NUMBER" if frame[c].dtype.is_numeric() else "STRING" for c in kept]
    words = [c.replace("_", " ").capitalize() for c in kept]
    head = ["#" + "\t".join(line) for line in (words, words, types, ["1"] * len(kept))]
    path.write_text("\n".join(head) + "\n" + frame.write_csv(separator="\t", null_value=""), encoding="utf-8")


def mutations(
    study: Study,
    called: pl.DataFrame,
    clonality: pl.DataFrame | None = None,
    clones: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the called variants as a MAF, with counts and, where judged, cell fraction and presence."""
    rows = called.sort("sample_id", "variant_id")
    if rows.is_empty():
        return pl.DataFrame()
    rows = rows.with_columns(parts())
    if clonality is not None:
        judged = clonality.select("sample_id", "variant_id", "ccf", "state")
        rows = rows.join(judged, on=["sample_id", "variant_id"], how="left", maintain_order="left")
    else:
        rows = rows.with_columns(ccf=pl.lit(None, pl.Float64), state=pl.lit(None, pl.String))
    build = {"GRCh37": "37", "GRCh38": "38"}.get(study.config.genome_build or "", "")
    inserted = pl.col("ref") == "-"
    last = pl.when(inserted).then(pl.col("pos") + 1).otherwise(pl.col("pos") + pl.col("ref").str.len_chars() - 1)
    changes = {p: (f"p.{short_change(p)}" if short_change(p) else None) for p in rows["hgvs_p"].drop_nulls().unique()}
    own = {
        "ASCN.CCF_EXPECTED_COPIES": pl.col("ccf"),
        "ASCN.CLONAL": pl.when(pl.col("ccf") >= 0.8)
        .then(pl.lit("CLONAL"))
        .when(pl.col("ccf").is_not_null())
        .then(pl.lit("SUBCLONAL")),
    }
    if clones is not None:
        ascn = ascn_columns(clones)
        rows = rows.join(ascn, on=["sample_id", "variant_id"], how="left", maintain_order="left")
        own = {c: pl.coalesce(c, own[c]) if c in own else pl.col(c) for c in ascn.columns[2:]}
    own["ASCN.CCF_EXPECTED_COPIES"] = own["ASCN.CCF_EXPECTED_COPIES"].round(4)
    return rows.select(
        Hugo_Symbol=pl.col("gene").fill_null("Unknown"),
        NCBI_Build=pl.lit(build),
        Chromosome="chrom",
        Start_Position="pos",
        End_Position=last,
        Variant_Classification=_classification(),
        Reference_Allele="ref",
        Tumor_Seq_Allele2="alt",
        Tumor_Sample_Barcode="sample_id",
        HGVSp_Short=pl.col("hgvs_p").replace_strict(changes, default=None, return_dtype=pl.String),
        HGVSc="hgvs_c",
        t_alt_count="alt_count",
        t_ref_count=pl.col("depth") - pl.col("alt_count"),
        Mutation_Status=pl.col("origin").replace_strict(_STATUSES, default="UNKNOWN", return_dtype=pl.String),
        **own,
        PRESENCE=pl.col("state"),
    )


def _classification() -> pl.Expr:
    deletion = pl.col("ref").str.len_chars() > pl.col("alt").str.replace("-", "").str.len_chars()
    size = pl.when(deletion).then(pl.lit("Del")).otherwise(pl.lit("Ins"))
    name = pl.col("consequence")
    simple = name.replace_strict(_CLASSES, default=None, return_dtype=pl.String)
    return (
        pl.when(name == "frameshift")
        .then(pl.format("Frame_Shift_{}", size))
        .when(name.is_in(["inframe_insertion", "inframe_deletion", "protein_altering"]))
        .then(pl.format("In_Frame_{}", size))
        .otherwise(pl.coalesce(simple, name, pl.when(pl.col("gene").is_not_null()).then(pl.lit("Unknown"))))
    )


def _copy_number(study: Study) -> pl.DataFrame:
    calls = study["gene_copy_number"].sort("gene", "sample_id")
    wide = calls.pivot(on="sample_id", index="gene", values="call", sort_columns=True)
    return wide.rename({"gene": "Hugo_Symbol"})


def _fusions(study: Study) -> pl.DataFrame:
    return study["fusions"].select(
        Sample_Id="sample_id",
        SV_Status=pl.lit("SOMATIC"),
        Site1_Hugo_Symbol="gene_5p",
        Site2_Hugo_Symbol="gene_3p",
        Tumor_Split_Read_Count="support",
        Site2_Effect_On_Frame="frame",
    )


def _segments(study: Study) -> pl.DataFrame:
    return (
        study["segments"]
        .drop_nulls("log2_ratio")
        .select(
            pl.col("sample_id").alias("ID"),
            "chrom",
            pl.col("start").alias("loc.start"),
            pl.col("end").alias("loc.end"),
            pl.lit(0).alias("num.mark"),
            pl.col("log2_ratio").alias("seg.mean"),
        )
    )


def _panels(study: Study, out: Path) -> dict[str, int]:
    """Write the gene list of each panel, and which sample was sequenced with which."""
    written, known = {}, []
    names = file_names(f"data_gene_panel_{assay}" for assay in study["assays"]["assay_id"])
    for assay, targets in study["assays"].select("assay_id", "targets").drop_nulls("targets").iter_rows():
        if targets.lower().removesuffix(".gz").endswith(".bed"):
            continue
        genes = sorted({g.strip() for g in targets.replace(",", ";").split(";") if g.strip()})
        name = f"{names[f'data_gene_panel_{assay}']}.txt"
        lines = [f"stable_id: {assay}", f"description: targets of {assay}", "gene_list: " + "\t".join(genes)]
        (out / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        written[name] = len(genes)
        known.append(assay)
    samples = study["samples"].filter(is_tumour()).drop_nulls("assay_id")
    if written and samples.height:
        panel = pl.when(pl.col("assay_id").is_in(known)).then("assay_id").otherwise(pl.lit("NA"))
        matrix = samples.select(SAMPLE_ID="sample_id", mutations=panel).sort("SAMPLE_ID")
        matrix.write_csv(out / "data_gene_panel_matrix.txt", separator="\t")
        written["data_gene_panel_matrix.txt"] = matrix.height
    return written


def _meta(
    study: Study,
    out: Path,
    study_id: str,
    data: Mapping[str, tuple[str, str, str]],
    written: Mapping[str, int],
) -> None:
    def write(file: str, **values: str) -> None:
        lines = [f"{key}: {value}" for key, value in values.items()]
        (out / file).write_text("\n".join([f"cancer_study_identifier: {study_id}", *lines]) + "\n", encoding="utf-8")

    cancer = disease(study.config.design).cbioportal_type if study.config.design else "mixed"
    title = study.config.title or study_id
    write("meta_study.txt", type_of_cancer=cancer, name=title, description=title, add_global_case_list="true")
    for level in ("patient", "sample"):
        write(
            f"meta_clinical_{level}.txt",
            genetic_alteration_type="CLINICAL",
            datatype=f"{level.upper()}_ATTRIBUTES",
            data_filename=f"data_clinical_{level}.txt",
        )
    if "data_gene_panel_matrix.txt" in written:
        write(
            "meta_gene_panel_matrix.txt",
            genetic_alteration_type="GENE_PANEL_MATRIX",
            datatype="GENE_PANEL_MATRIX",
            data_filename="data_gene_panel_matrix.txt",
        )
    for name in written:
        if name.startswith("data_timeline_"):
            write(
                f"meta_{name[5:]}",
                genetic_alteration_type="CLINICAL",
                datatype="TIMELINE",
                data_filename=name,
            )
    for name, (kind, datatype, stable) in data.items():
        write(
            f"meta_{name[5:]}",
            genetic_alteration_type=kind,
            datatype=datatype,
            stable_id=stable,
            show_profile_in_analysis_tab="true",
            profile_name=stable.replace("_", " ").capitalize(),
            profile_description=f"{stable} exported by oncourse",
            data_filename=name,
        )
