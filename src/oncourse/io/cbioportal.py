"""A cBioPortal study folder -> the tables of a study.

Meta files, case lists and most data files may be missing; names are known without regard to case or .gz. Every
clinical column is kept under its name in lower case. Survival times start at the source's own day 0:
months x 30.4375, rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.genome.panels import named_as, panel_genes
from oncourse.io import clinical_tables as ct
from oncourse.io.calls import read_calls
from oncourse.io.events import on_panel_only, read_gene_copy_number, read_structural_variants
from oncourse.io.maf import MafTables
from oncourse.io.reading import Reading
from oncourse.io.segments import read_segments
from oncourse.io.text import read_table
from oncourse.io.timeline import Timeline, read_timelines
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem

#: What a file is, by its meta file: (genetic_alteration_type, datatype) -> kind.
_META_KINDS = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patient", ("CLINICAL", "SAMPLE_ATTRIBUTES"): "sample",
    ("CLINICAL", "MIXED_ATTRIBUTES"): "mixed", ("CLINICAL", "TIMELINE"): "timeline",
    ("MUTATION_EXTENDED", "MAF"): "mutations", ("COPY_NUMBER_ALTERATION", "DISCRETE"): "cna",
    ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG"): "cna", ("COPY_NUMBER_ALTERATION", "SEG"): "seg",
    ("STRUCTURAL_VARIANT", "SV"): "sv", ("FUSION", "FUSION"): "fusions",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panel_matrix",
}  # fmt: skip
#: What a file is, by its name (lower case, without .gz and .txt/.tsv).
_NAME_KINDS = (
    ("patient", r"data_(bcr_)?clinical(_data)?_patients?(_.*)?"),
    ("sample", r"data_(bcr_)?clinical(_data)?_samples?(_.*)?"),
    ("mixed", r"data_(bcr_)?clinical(_data)?"),
    ("timeline", r"data_(clinical_)?timeline.*"),
    ("mutations", r"data_mutations(_(extended|mskcc|mskcc_.*|somatic|merged|impact.*|tcga))?(\.maf)?"),
    ("cna", r"data_(cna|discrete_cna|cna_discrete|gistic|cna_gistic|cna_tcga)"),
    ("seg", r".*(cna_hg\d+\.seg|_segments|_hg\d+\.seg|data_cna_seg|\.seg)"),
    ("sv", r"data_(sv|structural_variants?)"),
    ("fusions", r"data_fusions?"),
    ("panel_matrix", r"data_gene_(panel_)?matrix"),
    ("panel", r"data_gene_panel_.+|gene_panel_.+"),
)


@dataclass
class _Folder:
    """The data files of a folder by kind, its meta_study and its case lists."""

    files: dict[str, list[Path]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    lists: dict[str, frozenset[str]] = field(default_factory=dict)

    def one(self, kind: str) -> Path | None:
        return next(iter(self.files.get(kind, [])), None)


def is_cbioportal(folder: Path) -> bool:
    """Whether a folder holds files as cBioPortal names them."""
    names = [p.name.lower() for p in folder.iterdir()]
    return any(
        n.startswith(("meta_study", "data_clinical", "data_mutations", "data_bcr_clinical")) for n in names
    )


def read_cbioportal(folder: Path, *, fasta: Fasta | None = None) -> Reading:
    """Read a cBioPortal study folder.

    Raises
    ------
    InputError : the folder has neither clinical nor mutation data, or a needed file cannot be read at all
    """
    found = _look(folder)
    if not any(found.files.get(k) for k in ("patient", "sample", "mixed", "mutations")):
        raise InputError(f"{folder}: no data_clinical_* and no data_mutations* file.")
    reading = Reading({}, StudyConfig())
    patients, samples = _clinical(found, reading)
    maf = _mutations(found, reading, fasta)
    extra = {"maf": maf.samples["sample_id"] if maf else pl.Series([], dtype=pl.String)}
    matrix = _panel_matrix(found, reading)
    cna = _events(found, "cna", reading)
    fusions = _events(found, "sv", reading)
    segments = _segments(found, reading)
    for name, frame in (("cna", cna), ("sv", fusions), ("seg", segments)):
        extra[name] = frame["sample_id"].unique() if frame is not None else pl.Series([], dtype=pl.String)
    samples = ct.with_missing_samples(samples, patients, pl.concat(list(extra.values())).unique(), reading)
    timeline = read_timelines(found.files.get("timeline", []))
    built = ct.build(patients, samples, reading)
    built.samples = _with_assays(built.samples, samples, matrix, found, extra, reading)
    reading.tables |= {"patients": built.patients, "samples": built.samples, "lesions": built.lesions}
    reading.tables["follow_up"] = built.follow_up
    reading.tables["assays"] = _assays(built.samples, found, cna, reading)
    if maf is not None:
        reading.tables["assays"] = _with_seen_genes(reading.tables["assays"], built.samples, maf, reading)
    if maf is not None:
        reading.tables |= {"calls": maf.calls, "variants": maf.variants}
        reading.lines["calls"] = maf.lines
    else:
        message = "the folder has no mutation table; the study holds no call."
        cure = "Only analyses that need no mutation will run."
        reading.problems.append(Problem("calls", None, None, None, message, cure, "warning"))
        reading.tables["calls"] = pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String})
    if cna is not None:
        reading.tables["gene_copy_number"] = _cna_on_panels(cna, reading)
    if fusions is not None:
        reading.tables["fusions"] = fusions
    if segments is not None:
        reading.tables["segments"] = segments
    _add_timeline(timeline, reading)
    reading.config = _config(folder, found, maf, built.extra, reading)
    reading.tables = {
        k: v for k, v in reading.tables.items() if not v.is_empty() or k in ("patients", "samples", "calls")
    }
    reading.sources |= _sources(found, reading.tables)
    return reading


def _plain(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return re.sub(r"\.(txt|tsv)$", "", name)


def _look(folder: Path) -> _Folder:
    out = _Folder()
    paths = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    by_name = {p.name.lower().removesuffix(".gz"): p for p in paths}
    kinds: dict[Path, str] = {}
    for path in paths:
        if not _plain(path).startswith("meta_"):
            continue
        meta = _colon_file(path)
        if "cancer_study_identifier" in meta and "data_filename" not in meta:
            out.meta = meta
        data = by_name.get(meta.get("data_filename", "").lower().removesuffix(".gz"))
        pair = (meta.get("genetic_alteration_type", "").upper(), meta.get("datatype", "").upper())
        if data is not None and pair in _META_KINDS:
            kinds[data] = _META_KINDS[pair]
    for path in paths:
        name = _plain(path)
        kind = kinds.get(path) or next((k for k, pattern in _NAME_KINDS if re.fullmatch(pattern, name)), None)
        if kind:
            out.files.setdefault(kind, []).append(path)
    for path in sorted(folder.glob("case_lists/*")) + sorted(folder.glob("case_lists*.txt")):
        if path.is_file():
            listed = _colon_file(path)
            ids = listed.get("case_list_ids", "").split()
            kind = listed.get("stable_id", _plain(path)).lower()
            listed_as = next((n for n in ("sequenced", "cna", "sv", "all") if kind.endswith(f"_{n}")), None)
            if listed_as and ids:
                out.lists[listed_as] = frozenset(ids)
    return out


def _colon_file(path: Path) -> dict[str, str]:
    from oncourse.io.text import read_lines

    try:
        text = read_lines(path).decode("utf-8", errors="replace")
    except ValueError:
        return {}
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _clinical(found: _Folder, reading: Reading) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    patients = ct.read_clinical(found.files.get("patient", []), "PATIENT_ID", reading)
    samples = ct.read_clinical(found.files.get("sample", []), "SAMPLE_ID", reading)
    mixed = ct.read_clinical(found.files.get("mixed", []), "PATIENT_ID", reading)
    if mixed is not None and "SAMPLE_ID" in mixed.columns and samples is None:
        samples = mixed
    elif mixed is not None and patients is None:
        patients = mixed
    return patients, samples


def _mutations(found: _Folder, reading: Reading, fasta: Fasta | None) -> MafTables | None:
    paths = found.files.get("mutations", [])
    if not paths:
        return None
    maf = read_calls(paths, fasta=fasta)
    reading.notes += maf.notes
    reading.problems += maf.problems
    return maf


def _events(found: _Folder, kind: str, reading: Reading) -> pl.DataFrame | None:
    paths = found.files.get(kind, [])
    if kind == "sv" and not paths:
        paths = found.files.get("fusions", [])
    if not paths:
        return None
    frames = []
    for path in paths:
        frame, problems = read_gene_copy_number(path) if kind == "cna" else read_structural_variants(path)
        reading.problems += problems
        frames.append(frame)
    if len(frames) == 1:
        return frames[0]
    return pl.concat(frames).unique(["sample_id", *frames[0].columns[1:2]], keep="first", maintain_order=True)


def _segments(found: _Folder, reading: Reading) -> pl.DataFrame | None:
    frames = []
    for path in found.files.get("seg", []):
        frame, problems = read_segments(path)
        reading.problems += problems
        frames.append(frame)
    return pl.concat(frames) if frames else None


def _panel_matrix(found: _Folder, reading: Reading) -> pl.DataFrame | None:
    """Return sample_id, mutations, cna, sv: the panel of each sample per kind of event."""
    path = found.one("panel_matrix")
    if path is None:
        return None
    table = read_table(path, lenient=True)
    reading.problems += table.problems
    by = {c.lower(): c for c in reversed(table.frame.columns)}
    if "sample_id" not in by:
        return None
    names = {
        "mutations": ("mutations", "mutation", "mutations_extended"),
        "cna": ("cna", "gistic", "discrete_cna", "copy_number_alterations"),
        "sv": ("structural_variants", "sv", "fusion", "fusions", "structural_variant"),
    }
    out = [ct.clean(by["sample_id"]).alias("sample_id")]
    for ours, theirs in names.items():
        column = next((by[t] for t in theirs if t in by), None)
        value = ct.clean(column) if column else pl.lit(None, pl.String)
        out.append(value.alias(ours))
    frame = table.frame.select(out).unique("sample_id", keep="first", maintain_order=True)
    kinds = [k for k, theirs in names.items() if any(t in by for t in theirs)]
    return frame.with_columns(pl.lit(k in kinds).alias(f"has_{k}") for k in names)


#: Assay of a sample that the source says was not looked at for a kind of event: a panel without genes.
NOT_PROFILED = "not_profiled"


def _with_assays(
    samples: pl.DataFrame, clinical: pl.DataFrame, matrix: pl.DataFrame | None, found: _Folder,
    seen: dict[str, pl.Series], reading: Reading,
) -> pl.DataFrame:  # fmt: skip
    """Fill assay_id, cna_assay_id and sv_assay_id: panel matrix, else GENE_PANEL column, else the case lists."""
    own = ct.first_of(clinical, "GENE_PANEL", "PANEL", "GENE_PANEL_ID", "ASSAY", "SEQUENCING_PANEL")
    panel = clinical.select(pl.col("SAMPLE_ID").alias("sample_id"), own.alias("_own"))
    out = samples.join(panel.unique("sample_id"), on="sample_id", how="left", maintain_order="left")
    if matrix is None:
        out = out.with_columns(pl.lit(None, pl.String).alias(c) for c in ("mutations", "cna", "sv"))
        out = out.with_columns(pl.lit(False).alias(f"has_{c}") for c in ("mutations", "cna", "sv"))
        out = out.with_columns(pl.lit(False).alias("_listed"))
    else:
        out = out.join(matrix, on="sample_id", how="left", maintain_order="left").with_columns(
            pl.col("has_mutations").is_not_null().alias("_listed")
        )
        out = out.with_columns(pl.col(f"has_{c}").fill_null(False) for c in ("mutations", "cna", "sv"))
    columns = {
        "mutations": ("assay_id", "sequenced"),
        "cna": ("cna_assay_id", "cna"),
        "sv": ("sv_assay_id", "sv"),
    }
    for kind, (column, listed) in columns.items():
        in_list = (
            pl.col("sample_id").is_in(list(found.lists[listed])) if listed in found.lists else pl.lit(True)
        )
        measured = pl.col("sample_id").is_in(seen["maf" if kind == "mutations" else kind].implode())
        given = pl.coalesce(kind, "_own") if kind == "mutations" else pl.col(kind)
        denied = (pl.col(f"has_{kind}") & pl.col(kind).is_null()) | (~in_list & ~pl.col("_listed"))
        value = pl.when(denied & ~measured).then(pl.lit(NOT_PROFILED)).otherwise(given)
        out = out.with_columns(value.alias(column))
    for kind, column in (("cna", "cna_assay_id"), ("sv", "sv_assay_id")):  # null: the same assay
        same = pl.col(column) == pl.col("assay_id")
        rest = pl.when(pl.col("assay_id") == NOT_PROFILED).then(pl.coalesce(kind, "_own"))
        out = out.with_columns(pl.coalesce(pl.when(~same).then(pl.col(column)), rest).alias(column))
    n_none = int((out["assay_id"] == NOT_PROFILED).sum())
    if n_none:
        reading.notes.append(
            f"{n_none:,} samples were not profiled for mutations (panel matrix or case list)"
        )
    drop = ["mutations", "cna", "sv", "has_mutations", "has_cna", "has_sv", "_own", "_listed"]
    return out.drop(drop)


def _assays(
    samples: pl.DataFrame, found: _Folder, cna: pl.DataFrame | None, reading: Reading
) -> pl.DataFrame:
    """Return the assays the samples name, with their gene lists: the folder's own files, else the package's."""
    own = {}
    for path in found.files.get("panel", []):
        meta = _colon_file(path)
        if genes := re.split(r"[\s,]+", meta.get("gene_list", "").strip()):
            own[meta.get("stable_id", _plain(path).removeprefix("data_gene_panel_"))] = [
                g for g in genes if g
            ]
    ids = sorted(
        {v for c in ("assay_id", "cna_assay_id", "sv_assay_id") for v in samples[c].drop_nulls().unique()}
    )
    rows: list[tuple[str, str, str | None]] = []
    for assay in ids:
        listed = own.get(assay) or panel_genes(assay)
        kind = (
            "wes"
            if re.search(r"wes|exome|wxs", assay, re.I)
            else "wgs"
            if re.search("wgs", assay, re.I)
            else "panel"
        )
        if assay == NOT_PROFILED:
            rows.append((assay, "panel", ";"))
        elif listed or kind != "panel":
            rows.append((assay, kind, ";".join(sorted(listed)) if listed else None))
        else:
            rows.append((assay, kind, _guessed_targets(assay, samples, cna, reading)))
    return pl.DataFrame(
        rows, schema={"assay_id": pl.String, "kind": pl.String, "targets": pl.String}, orient="row"
    )


def _guessed_targets(
    assay: str, samples: pl.DataFrame, cna: pl.DataFrame | None, reading: Reading
) -> str | None:
    """Genes of a panel whose list nobody gives: those with a copy-number value in its samples, else unknown (null)."""
    on_it = samples.filter(pl.coalesce("cna_assay_id", "assay_id") == assay)["sample_id"]
    genes = None
    if cna is not None and len(on_it):
        # mutations seen are no gene list: a gene without a mutation would be missing from every denominator
        genes = sorted(cna.filter(pl.col("sample_id").is_in(on_it.implode()))["gene"].unique()) or None
    if genes:
        message = (
            f"the gene list of panel {assay} is not known; the {len(genes)} genes of its copy-number "
            "table are assumed."
        )
    else:
        message = f"the gene list of panel {assay} is not known; every gene is taken as looked at (assumed)."
    cure = f"Put data_gene_panel_{assay}.txt (gene_list:) beside the data, or fill in assays.targets."
    reading.problems.append(Problem("assays", None, "targets", assay, message, cure, "warning"))
    return ";".join(genes) if genes else None


def _with_seen_genes(
    assays: pl.DataFrame, samples: pl.DataFrame, maf: MafTables, reading: Reading
) -> pl.DataFrame:
    """Write a gene list in the symbols of the calls, and add the genes in which the panel's own samples have calls."""
    seen = (
        maf.calls.select("sample_id", "variant_id")
        .join(maf.variants.select("variant_id", "gene"), on="variant_id")
        .join(samples.select("sample_id", "assay_id"), on="sample_id")
        .select("assay_id", "gene")
        .drop_nulls()
        .unique()
        .sort("gene")
    )
    used = set(seen["gene"])
    added, out = [], []
    for assay, kind, targets in assays.select("assay_id", "kind", "targets").iter_rows():
        genes = seen.filter(pl.col("assay_id") == assay)["gene"].to_list()
        if targets and assay != NOT_PROFILED:
            listed = named_as(targets.split(";"), used)
            added += [f"{gene} ({assay})" for gene in sorted(set(genes) - set(listed))]
            targets = ";".join(sorted({*listed, *genes}))
        out.append((assay, kind, targets))
    if added:
        shown = ", ".join(added[:6]) + (" ..." if len(added) > 6 else "")
        reading.notes.append(
            f"{len(added)} genes have calls and are not on the panel's list; added to it: {shown}"
        )
    return pl.DataFrame(out, schema=assays.schema, orient="row")


def _cna_on_panels(cna: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    samples = reading.tables["samples"].select(
        "sample_id", pl.coalesce("cna_assay_id", "assay_id").alias("assay")
    )
    assays = reading.tables["assays"]
    genes_of = {
        a: t.split(";") if t else None
        for a, t in assays.select("assay_id", "targets").iter_rows()
        if a != NOT_PROFILED
    }
    kept, n = on_panel_only(cna, samples, genes_of)
    if n:
        reading.notes.append(
            f"{n:,} zeros of the copy-number matrix are of genes outside the sample's panel: left out"
        )
    return kept


def _add_timeline(timeline: Timeline, reading: Reading) -> None:
    reading.notes += timeline.notes
    reading.problems += timeline.problems
    for name in ("treatments", "procedures", "labs", "assessments"):
        frame = timeline.table(name)
        if frame is not None:
            if name == "assessments":
                frame = frame.unique(["patient_id", "day", "method"], keep="first", maintain_order=True)
            reading.tables[name] = frame
    if timeline.sample_day:
        days = pl.concat(timeline.sample_day).group_by("sample_id").agg(pl.col("day").min())
        samples = reading.tables["samples"].drop("day", strict=False)
        reading.tables["samples"] = samples.join(days, on="sample_id", how="left", maintain_order="left")
    follow_up = reading.tables["follow_up"]
    if timeline.entry_day and not follow_up.is_empty():
        entry = pl.concat(timeline.entry_day).group_by("patient_id").agg(pl.col("entry_day").min())
        follow_up = follow_up.join(entry, on="patient_id", how="left", maintain_order="left")
        reading.notes.append("entry_day is the first sequencing of the timeline")
    if timeline.status and not follow_up.is_empty():
        status = pl.concat(timeline.status)
        for kind in ("progression", "recurrence"):
            first = (
                status.filter(pl.col(f"is_{kind}"))
                .group_by("patient_id")
                .agg(pl.col("day").min().alias("_first"))
            )
            follow_up = follow_up.join(first, on="patient_id", how="left", maintain_order="left")
            column = f"{kind}_day"
            follow_up = follow_up.with_columns(pl.coalesce(column, "_first").alias(column)).drop("_first")
    reading.tables["follow_up"] = follow_up


def _config(
    folder: Path, found: _Folder, maf: MafTables | None, extra: list[str], reading: Reading
) -> StudyConfig:
    meta = found.meta
    disease = meta.get("type_of_cancer", "")
    low = f"{disease} {meta.get('name', '')} {folder.name}".lower()
    design = (
        "mcrpc"
        if re.search(r"prad|prostate|crpc", low)
        else "crc"
        if re.search(r"coad|read|colorectal|crc", low)
        else None
    )
    build = meta.get("reference_genome", "")
    build = {"hg19": "GRCh37", "hg38": "GRCh38", "grch37": "GRCh37", "grch38": "GRCh38"}.get(
        build.lower(), ""
    )
    measured = maf.build if maf and maf.build in ("GRCh37", "GRCh38") else None
    if build and measured and build != measured:
        message = f"meta_study says {build}, the mutations are {measured}."
        cure = "Correct reference_genome in meta_study.txt, or NCBI_Build."
        reading.problems.append(Problem("study.yaml", None, "genome_build", build, message, cure))
    citation = [meta[k] for k in ("citation", "pmid", "description") if meta.get(k)]
    if "pmid" in meta and meta["pmid"] in citation:
        citation[citation.index(meta["pmid"])] = f"PMID {meta['pmid']}"
    return StudyConfig(
        title=meta.get("name") or folder.name,
        disease=disease,
        genome_build=build or measured,
        index="day 0 of the source (its survival times and timelines start there)",
        design=design,
        extra_columns=tuple(extra),
        sources=(f"cBioPortal study {meta.get('cancer_study_identifier', folder.name)}", *citation),
    )


def _sources(found: _Folder, tables: dict[str, pl.DataFrame]) -> dict[str, str]:
    kinds = {
        "patients": ("patient", "mixed"), "follow_up": ("patient", "mixed"), "samples": ("sample", "mixed"),
        "lesions": ("sample", "mixed"), "assays": ("panel_matrix", "sample"), "calls": ("mutations",),
        "variants": ("mutations",), "gene_copy_number": ("cna",), "fusions": ("sv", "fusions"), "segments": ("seg",),
        "treatments": ("timeline",), "labs": ("timeline",), "procedures": ("timeline",), "assessments": ("timeline",),
    }  # fmt: skip
    out = {}
    for name in tables:
        path = next((p for k in kinds.get(name, ()) if (p := found.one(k))), None)
        if path:
            out[name] = path.name
    return out
