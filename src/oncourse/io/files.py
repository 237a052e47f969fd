"""MAF or VCF files, alone or with a clinical table and segments, -> the tables of a study."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import BUILDS
from oncourse.io.assays.not_profiled import mark, mark_failed
from oncourse.io.beside import add_copies, add_depths, add_events, add_found_depth, add_fusions
from oncourse.io.calling import germline_by_normals
from oncourse.io.cbioportal.panels import panel_column, targets_of_panel
from oncourse.io.clinical import sample_ids, words
from oncourse.io.clinical import tables as ct
from oncourse.io.clinical.found_below import told_unread
from oncourse.io.clinical.quality import failed_samples
from oncourse.io.clinical.words import mapped
from oncourse.io.clinical.workbook import overlay, people_of, samples_of
from oncourse.io.one_patient import ask_whose
from oncourse.io.reading import Reading
from oncourse.io.signatures import document, of_program
from oncourse.io.tree import Tree, look_into, may_hold_data
from oncourse.io.variants.bcf import as_vcf, is_other_vcf
from oncourse.io.variants.calls import read_calls
from oncourse.io.variants.maf_tables import MafTables, rename_samples, with_copies
from oncourse.io.variants.misshapen import words_for_names
from oncourse.io.whose.ids import (
    alike,
    alike_beginnings,
    first_pairs,
    matched,
    owner_of,
    patient_of,
    says,
    unmatched,
    with_named_normals,
)
from oncourse.io.whose.manifest import read_manifest
from oncourse.io.whose.sample_names import beginnings, is_plasma, is_white_cells, of_one_beginning
from oncourse.study.config import StudyConfig
from oncourse.study.frames import optional
from oncourse.study.schema import Problem
from oncourse.words.lists import first_of

#: Why a table in the folder of the calls is not read.
_UNASKED = (
    "nobody said what it is (--clinical for samples and patients, --segments for copies, --fusions, --coverage for "
    "depths and MSI)"
)


#: Why calls of another format beside those that are read are not.
_OTHER_CALLS = "it holds calls in another format than the files beside it, which are read: import it alone, or move it"


def files_in(path: Path, kind: str | None = None) -> list[Path]:
    """Return the MAF or VCF files (or tables of counts) of a path: itself, or those in the folder."""
    return _tree(path, kind).calls


def _tree(path: Path, kind: str | None) -> Tree:
    if path.is_file():
        return Tree([path])
    if kind == "counts":
        ends = (".tsv", ".txt", ".tab")
        return Tree([p for p in sorted(path.iterdir()) if p.name.lower().removesuffix(".gz").endswith(ends)])
    return look_into(path, kind)


def read_files(
    paths: Sequence[Path],
    *,
    clinical: Sequence[Path] = (),
    segments: Sequence[Path] = (),
    fusions: Sequence[Path] = (),
    depths: Sequence[Path] = (),
    fasta: Fasta | None = None,
    called: str = "auto",
    material: str = "tissue",
    panel: str | None = None,
    kind: str | None = None,
    manifest: Path | None = None,
    build: str | None = None,
    beside: Reading | None = None,
) -> Reading:
    """Read MAF or VCF files as one study.

    Parameters
    ----------
    paths : files, or folders of files
    clinical : tables with a sample id (then patient, lesion or tumour id, type ... of each sample) or with a patient
        id only (survival ...); columns named as in cBioPortal or in a MAF
    segments : copy-number segments of the samples
    fusions : tables of fusion callers (`oncourse.io.structural.fusion_callers`)
    depths : least depth of regions, MSI scores (`oncourse.io.assays.depths`); called : as in `read_maf`
    material : of samples whose clinical row does not say
    panel : the assay of every sample: a panel this package knows, or `wes` / `wgs`
    manifest : table that says whose each file and column is (`oncourse.io.whose.manifest`); by default the ``files.tsv``
        of a folder
    build : genome build where the files do not say
    beside : clinical tables that were read from a workbook (`oncourse.io.hospital.delivery`); they stand as they are
    kind : which files of a folder: "vcf" or "maf"; "counts" for tables of read counts (`oncourse.io.variants.counts`)

    Raises
    ------
    InputError : a file cannot be read at all
    """
    trees = [_tree(path, kind) for path in paths]
    files = _calls_of(trees, paths, kind)
    fusions = _with_found(fusions, [path for tree in trees for path in tree.fusions])
    copy_files = _with_found(segments, [path for tree in trees for path in (*tree.copies, *tree.fits)])
    depth_files = _with_found(depths, [path for tree in trees for path in tree.depths])
    reading = Reading({}, StudyConfig(), foreign=True)
    tables = _beside(beside, reading) if beside else {}
    per_sample, per_patient = _clinical(clinical, reading)
    per_sample = _samples_of_book(tables, reading) if per_sample is None else per_sample
    known = {} if per_sample is None else _materials(per_sample)
    manifest = manifest or next((p / "files.tsv" for p in paths if (p / "files.tsv").is_file()), None)
    with as_vcf(files) as texts:
        found = read_calls(
            texts,
            build,
            fasta=fasta,
            called=called,
            kind=kind,
            known=known,
            manifest=read_manifest(manifest) if manifest else None,
        )
    if per_sample is None:
        per_sample, per_patient = _samples_of_patients(found, per_patient, people_of(tables), reading)
        known = {} if per_sample is None else _materials(per_sample)
    is_said = per_sample is not None or manifest is not None
    ask_whose(found, files, [path for tree in trees for path, _ in tree.left], is_said=is_said)
    reading.notes += found.notes
    reading.problems += found.problems
    reading.ledger.extend(found.ledger)
    options = (*clinical, *segments, *fusions, *depths, *((manifest,) if manifest else ()))
    _tell_left(trees, paths, options, reading)
    if per_sample is not None:
        _match_ids(found, known, per_sample, reading, tables.get("samples"))
    reading.problems += _told_of_ids(found.samples["sample_id"].drop_nulls().to_list(), known)
    if not is_said:
        found.samples = with_named_normals(found.samples, reading.notes)
    owned = _owned(found.samples, per_sample, per_patient, reading)
    owned = owned if is_said else _of_one_beginning(owned, reading)
    samples = _controls(_samples(owned, per_sample, reading), found.samples)
    samples = _types_of_rows(_roles_by_name(_plasma_by_name(samples, reading), reading), found.samples, per_sample)
    built = ct.build(per_patient, samples, reading)
    overlay(tables, built, reading)
    if material != "tissue":
        _all_of(material, built)
    if panel:
        built.samples = built.samples.with_columns(pl.lit(panel).alias("assay_id"))
        reading.tables["assays"] = _assay(panel)
    elif per_sample is not None:
        _named_assays(built, per_sample, reading)
    if found.unseen or (per_sample is not None and not panel):
        seen = found.samples.filter(~pl.col("sample_id").is_in(found.unseen))["sample_id"]
        _not_sequenced(built, seen, found.unseen, reading)
    if per_sample is not None:
        built.samples = mark_failed(built.samples, failed_samples(per_sample), reading)
    reading.tables |= {
        "patients": built.patients,
        "follow_up": built.follow_up,
        "published_endpoints": built.published,
        "lesions": built.lesions,
        "samples": built.samples,
        "variants": found.variants,
        "calls": germline_by_normals(found.calls, built.samples, reading.notes),
    }
    if built.markers.height and "markers" not in reading.tables:
        reading.tables["markers"] = built.markers
    reading.config = replace(reading.config, genome_build=found.build if found.build in BUILDS else build)
    reading.other_build = None if found.build in BUILDS else found.build
    add_found_depth(found.coverage, files[0], reading)
    if found.large is not None:
        add_events(found.large, built, reading)
    if fusions:
        add_fusions(fusions, built, reading, known)
    if copy_files:
        add_copies(copy_files, built, reading, known, segments)
    if depth_files:
        add_depths(depth_files, built, reading, depths)
    _add_copies_of_calls(found, files[0], reading)
    _name_sources(files, found, reading)
    reading.config = _config_of(files, paths[0], found, built, reading)
    return reading


def _config_of(files: Sequence[Path], first: Path, found: MafTables, built: ct.Built, reading: Reading) -> StudyConfig:
    return StudyConfig(
        title=files[0].name.split(".")[0] if len(files) == 1 else first.name,
        genome_build=found.build if found.build in BUILDS else None,
        index=reading.config.index or "day 0 of the source",
        extra_columns=tuple(built.extra),
        sources=tuple(f.name for f in files[:20]),
    )


def _calls_of(trees: Sequence[Tree], paths: Sequence[Path], kind: str | None) -> list[Path]:
    """Return the files of calls; none, or one that is a document (PDF, Word ...), is an error."""
    files = [file for tree in trees for file in tree.calls]
    if told := [f"{f.name}: {said}" for f in files if not is_other_vcf(f) and (said := document(f))]:
        raise InputError(told)
    if not files:
        names = {"counts": "table of counts (.tsv, .txt)", "vcf": "VCF file", "maf": "MAF file"}
        source = ", ".join(p.name or str(p) for p in paths) or "the source"
        none = f"{source}: no {names.get(kind or '', 'MAF or VCF file')} found, also not below it."
        left = [f"{path.name} ({why})" for tree in trees for path, why in tree.left if may_hold_data(path)]
        if left:
            none += f" Not read: {'; '.join(left[:5])}{' ...' if len(left) > 5 else ''}. Give a file itself to have it read."
        raise InputError(none)
    return files


def _told_of_ids(ids: Sequence[str], known: Mapping[str, str | None]) -> list[Problem]:
    """Say which ids are alike, or words of other columns that the clinical table (`known`) does not have."""
    return [*alike(ids, "samples"), *words_for_names([i for i in ids if i not in known], "samples")]


def _materials(per_sample: pl.DataFrame) -> dict[str, str | None]:
    """Sample -> the material its clinical row says, None where it says none."""
    return dict(zip(per_sample["SAMPLE_ID"].to_list(), ct.said_materials(per_sample).to_list(), strict=True))


def _all_of(material: str, built: ct.Built) -> None:
    """Take every sample to be of one material, as the user says; then none is of a lesion."""
    built.samples = built.samples.with_columns(
        pl.lit(material).alias("material"), pl.lit(None, pl.String).alias("lesion_id")
    )
    built.lesions = built.lesions.clear()


def _add_copies_of_calls(found: MafTables, file: Path, reading: Reading) -> None:
    """Add the copies that the rows of the calls name to the segments."""
    copies = with_copies(reading.tables.get("segments"), found, reading.notes)
    if copies is not None:
        reading.tables["segments"] = copies
        reading.sources.setdefault("segments", file.name)


def _name_sources(files: Sequence[Path], found: MafTables, reading: Reading) -> None:
    """Say of which file the calls are, row by row where it is one; leave out tables without a row."""
    if len(files) == 1:
        reading.lines["calls"] = found.lines
    reading.sources["calls"] = files[0].name if len(files) == 1 else f"{len(files)} files"
    reading.sources["variants"] = reading.sources["calls"]
    reading.tables = {
        k: v for k, v in reading.tables.items() if not v.is_empty() or k in ("patients", "samples", "calls")
    }


def _with_found(given: Sequence[Path], found: Sequence[Path]) -> list[Path]:
    """Return the files that the user names and those that lie in the folders, each once."""
    named = {p.resolve() for p in given}
    return [*given, *(p for p in found if p.resolve() not in named)]


def _tell_left(trees: Sequence[Tree], sources: Sequence[Path], options: Sequence[Path], reading: Reading) -> None:
    """Say of every file of the folders that is not read why; one beside the calls that may hold data is a warning."""
    given = {p.resolve() for p in options}
    used = {name for source in reading.sources.values() for name in (source, *source.split(", "))}
    for tree, source in zip(trees, sources, strict=True):
        for path, why in tree.left:
            if path.name in used or path.resolve() in given:
                continue
            may = path.parent == source and may_hold_data(path)
            calls = re.search(r"(?i)\.(maf|vcf|bcf)(\.b?gz)?$", path.name)
            said = of_program(path) or (_OTHER_CALLS if calls and why == "another format" else _UNASKED)
            reading.ledger.file(path.name, "unknown" if may else "other", "not read", why=said if may else why)
        unread = [p for p, _ in tree.left if p.name not in used and p.resolve() not in given]
        reading.problems += told_unread(unread, source) if source.is_dir() else []


def _beside(book: Reading, reading: Reading) -> dict[str, pl.DataFrame]:
    """Take over what was read of a workbook; return its tables."""
    reading.notes += book.notes
    reading.problems += book.problems
    reading.ledger.extend(book.ledger)
    reading.lines |= book.lines
    reading.sources |= book.sources
    reading.config = book.config
    return book.tables


def _clinical(paths: Sequence[Path], reading: Reading) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    per_sample = per_patient = None
    for path in paths:
        quiet = Reading({}, StudyConfig())
        frame = ct.read_clinical([path], "SAMPLE_ID", quiet)
        if frame is not None:
            frame, n_several = sample_ids.split(frame)
            if n_several:
                reading.notes.append(f"{path.name}: {n_several:,} cells hold several ids of samples: a row for each")
            frame, normals = sample_ids.with_normals(_one_row_each(ct.with_sarek_status(frame), path, reading))
            reading.notes += [f"{path.name}: {normals}"] if normals else []
            per_sample = (
                frame if per_sample is None else per_sample.join(frame, on="SAMPLE_ID", how="full", coalesce=True)
            )
            reading.problems += quiet.problems
            reading.notes += quiet.notes
        else:
            frame = ct.read_clinical([path], "PATIENT_ID", reading)
            per_patient = (
                frame
                if per_patient is None or frame is None
                else per_patient.join(frame, on="PATIENT_ID", how="full", coalesce=True)
            )
            own, said = (None, "") if per_patient is None else sample_ids.of_columns(per_patient)
            if own is not None and per_sample is None:
                per_sample = own
                reading.notes.append(f"{path.name}: {said}")
    return per_sample, per_patient


def _one_row_each(frame: pl.DataFrame, path: Path, reading: Reading) -> pl.DataFrame:
    """Keep one row per sample; rows that say different things of one are an error."""
    frame = frame.unique(maintain_order=True)
    twice = frame.filter(pl.col("SAMPLE_ID").is_duplicated())["SAMPLE_ID"].unique(maintain_order=True)
    for sample in twice.head(20):
        cure = "Keep one row per sample; samples of one patient need ids of their own."
        message = f"{sample} has rows that differ."
        reading.problems.append(Problem(path.name, None, "SAMPLE_ID", sample, message, cure))
    return frame.unique("SAMPLE_ID", keep="first", maintain_order=True)


def _samples_of_book(tables: dict[str, pl.DataFrame], reading: Reading) -> pl.DataFrame | None:
    """Return the samples that the tables of a workbook name: in a sheet, or in columns beside the patients."""
    if (samples := samples_of(tables)) is not None or (people := people_of(tables)) is None:
        return samples
    samples, said = sample_ids.of_columns(people)
    reading.notes += [said] if samples is not None else []
    return samples


def _samples_of_patients(
    found: MafTables, listed: pl.DataFrame | None, people: pl.DataFrame | None, reading: Reading
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Return a table of patients as one of samples where one of its columns holds the samples of the calls.

    `listed`: the clinical table of patients; `people`: the patients of a workbook, whose other columns are read already.
    """
    patients = people if listed is None else listed
    ids = found.samples["sample_id"].drop_nulls().to_list()
    column = sample_ids.another_column(patients.drop("PATIENT_ID"), ids) if ids and patients is not None else None
    if column is None or patients is None:
        return None, listed
    reading.notes.append(f"the samples of the calls stand in the column {column} of the clinical table")
    if listed is None:
        return patients.select("PATIENT_ID", SAMPLE_ID=column).drop_nulls().unique(
            "SAMPLE_ID", maintain_order=True
        ), None
    samples = patients.rename({column: "SAMPLE_ID"}).drop_nulls("SAMPLE_ID").unique("SAMPLE_ID", maintain_order=True)
    return samples, patients.unique("PATIENT_ID", keep="first", maintain_order=True)


def _match_ids(
    found: MafTables,
    known: Mapping[str, str | None],
    per_sample: pl.DataFrame,
    reading: Reading,
    sheet: pl.DataFrame | None = None,
) -> None:
    """Write the samples of the calls as the clinical table does; say which have no partner.

    `sheet`: the samples of a workbook with all their columns, one of which may hold the laboratory's ids.
    """
    patients: dict[str, list[str]] = {}
    if "PATIENT_ID" in per_sample.columns:
        for sample, patient in per_sample.select("SAMPLE_ID", "PATIENT_ID").drop_nulls().iter_rows():
            if known.get(sample) != "normal":
                patients.setdefault(patient, []).append(sample)
    mapping, said = matched(found.samples["sample_id"].to_list(), known, patients=patients)
    lost = [i for i in found.samples["sample_id"].drop_nulls() if i not in known and i not in mapping]
    every = per_sample if sheet is None else sheet.rename({"sample_id": "SAMPLE_ID"})
    if lost and (column := sample_ids.another_column(every, lost)):
        more, note = sample_ids.renamed_by(every, column, lost)
        mapping, said = mapping | more, [*said, note]
    reading.notes += said
    rename_samples(found, mapping)
    normals = {s for s, material in known.items() if material == "normal"}
    reading.problems += unmatched(found.samples["sample_id"].to_list(), known, normals, "calls")


def _owned(
    seen: pl.DataFrame, clinical: pl.DataFrame | None, per_patient: pl.DataFrame | None, reading: Reading
) -> pl.DataFrame:
    """Give samples whose patient nothing names the listed patient their id begins with (`whose.ids.owner_of`)."""
    tables = [t for t in (clinical, per_patient) if t is not None and "PATIENT_ID" in t.columns]
    listed = {p for t in tables for p in t["PATIENT_ID"].drop_nulls()}
    named = set() if clinical is None else set(clinical["SAMPLE_ID"])
    bare = seen.filter(pl.col("patient_id").is_null() & ~pl.col("sample_id").is_in(sorted(named)))["sample_id"]
    owners = {s: p for s in bare.drop_nulls() if (p := owner_of(s, listed)) and p != s}
    if not owners:
        return seen
    reading.notes.append(f"{len(owners):,} samples are of the patient their id begins with ({first_pairs(owners)})")
    new = pl.col("sample_id").replace_strict(owners, default=None, return_dtype=pl.String)
    return seen.with_columns(pl.coalesce("patient_id", new).alias("patient_id"))


def _of_one_beginning(seen: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Give samples whose names are one beginning with words of several lesions or of blood behind it (P1_primary and
    P1_liver_met, 张三_原发灶 and 张三_肝转移) that beginning as patient, where nothing else names one."""
    bare = set(seen.filter(pl.col("patient_id").is_null())["sample_id"].drop_nulls())
    owners = {s: stem for s, stem in of_one_beginning(seen["sample_id"].drop_nulls()).items() if s in bare}
    if not owners:
        reading.problems += alike_beginnings(seen)
        return seen
    reading.notes.append(f"{len(owners):,} samples are of one patient by their names ({first_pairs(owners)})")
    new = pl.col("sample_id").replace_strict(owners, default=None, return_dtype=pl.String)
    return seen.with_columns(pl.coalesce("patient_id", new).alias("patient_id"))


def _samples(seen: pl.DataFrame, clinical: pl.DataFrame | None, reading: Reading) -> pl.DataFrame:
    """Return one row per sample: the clinical table, with samples that only the calls name."""
    own = pl.coalesce(pl.col("patient_id"), mapped(seen["sample_id"], patient_of)).alias("PATIENT_ID")
    base = seen.select(pl.col("sample_id").alias("SAMPLE_ID"), own)
    if "role" in seen.columns and (seen["role"] == "normal").any():
        white, is_cf = (mapped(seen["sample_id"], kind, pl.Boolean) for kind in (is_white_cells, is_plasma))
        plasma = base.filter((seen["role"] != "normal") & is_cf)["PATIENT_ID"].drop_nulls()
        cells = pl.lit(white) & pl.col("PATIENT_ID").is_in(plasma.implode())
        kind = pl.when(cells).then(pl.lit("white_cells")).otherwise(pl.lit("normal"))
        base = base.with_columns(pl.when(seen["role"] == "normal").then(kind).alias("MATERIAL"))
    if clinical is None:
        if (base["SAMPLE_ID"] == base["PATIENT_ID"]).all():
            reading.notes.append("the files name no patients: every sample is taken as a patient of its own")
        return base
    if "PATIENT_ID" in clinical.columns:
        _tell_other_patients(seen, clinical, reading)
        base = base.filter(~pl.col("SAMPLE_ID").is_in(clinical["SAMPLE_ID"].implode()))
        return pl.concat([clinical, base], how="diagonal")
    joined = clinical.join(base, on="SAMPLE_ID", how="full", coalesce=True, maintain_order="left")
    return joined.with_columns(
        pl.coalesce(pl.col("PATIENT_ID"), mapped(joined["SAMPLE_ID"], patient_of)).alias("PATIENT_ID")
    )


def _tell_other_patients(seen: pl.DataFrame, clinical: pl.DataFrame, reading: Reading) -> None:
    """Say whose samples the calls give another patient than the clinical table, which counts."""
    mine = seen.select(pl.col("sample_id").alias("SAMPLE_ID"), "patient_id").drop_nulls()
    apart = mine.join(clinical.select("SAMPLE_ID", "PATIENT_ID").drop_nulls(), on="SAMPLE_ID", how="inner")
    apart = apart.filter(pl.col("patient_id") != pl.col("PATIENT_ID")).sort("SAMPLE_ID")
    if apart.height:
        sample, theirs, ours = apart.select("SAMPLE_ID", "patient_id", "PATIENT_ID").row(0)
        message = f"{apart.height:,} samples are another patient's in the calls ({sample}: {theirs}, there {ours})."
        cure = "The clinical table counts; correct the one that is wrong."
        reading.problems.append(Problem("samples", None, "patient_id", sample, message, cure, "warning"))


def _controls(samples: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Call a sample a normal where the files hold it as the control of a tumour and the clinical table says blood, or
    nothing."""
    if "role" not in seen.columns:
        return samples
    controls = seen.filter(pl.col("role") == "normal")["sample_id"].implode()
    inside = samples["SAMPLE_ID"].is_in(controls)
    is_one = pl.lit((ct.materials(samples) == "blood") & inside)
    silent = ct.said_materials(samples).is_null() & inside
    kinds = [c for c in ct.KINDS if c in samples.columns]
    samples = samples.with_columns(pl.when(is_one).then(pl.lit("normal")).otherwise(pl.col(c)).alias(c) for c in kinds)
    if not silent.any():
        return samples
    own = optional(samples, "MATERIAL")
    return samples.with_columns(pl.when(silent).then(pl.lit("normal")).otherwise(own).alias("MATERIAL"))


def _types_of_rows(samples: pl.DataFrame, seen: pl.DataFrame, clinical: pl.DataFrame | None) -> pl.DataFrame:
    """Give the samples the type that the rows of the calls say, where no clinical table says what they are."""
    if "sample_type" not in seen.columns:
        return samples
    types = dict(seen.select("sample_id", "sample_type").drop_nulls().iter_rows())
    if clinical is not None and {*ct.KINDS, *ct.ROLE_ORDER} & set(clinical.columns):
        types = {s: t for s, t in types.items() if s not in set(clinical["SAMPLE_ID"])}
    if not types:
        return samples
    said = pl.col("SAMPLE_ID").replace_strict(types, default=None, return_dtype=pl.String)
    return samples.with_columns(pl.coalesce(said, optional(samples, "SAMPLE_TYPE")).alias("SAMPLE_TYPE"))


def _plasma_by_name(samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Take a sample whose id says cfDNA, ctDNA, plasma or normal as that where no column says what it is."""
    if set(samples.columns) - {"SAMPLE_ID", "PATIENT_ID", "MATERIAL"}:
        return samples
    kinds = mapped(samples["SAMPLE_ID"], _material_of_name)
    own = samples["MATERIAL"] if "MATERIAL" in samples.columns else pl.Series([None] * samples.height, dtype=pl.String)
    new = own.is_null() & (kinds != "tissue")
    if not new.any():
        return samples
    named = samples["SAMPLE_ID"].filter(new).to_list()
    reading.notes.append(f"taken as plasma or normal by their names: {first_of(named, 8)}")
    return samples.with_columns(own.fill_null(kinds).alias("MATERIAL"))


def _roles_by_name(samples: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Take samples whose names say primary or a metastasis (P1_primary, P1_liver_met, 张三肝转移) as that where no column
    says what they are, and names of several roles say so of a patient."""
    if set(samples.columns) - {"SAMPLE_ID", "PATIENT_ID", "MATERIAL"}:
        return samples
    parts = beginnings(samples["SAMPLE_ID"].drop_nulls())
    words_of = {s: re.sub(r"(?i)\bmets?\b", "metastasis", word.replace("_", " ")) for s, (_, word) in parts.items()}
    roles = {s: word for s, word in words_of.items() if ct.role_word(word)}
    kinds = samples.filter(pl.col("SAMPLE_ID").is_in(list(roles))).with_columns(
        pl.col("SAMPLE_ID").replace({s: ct.role_word(w) for s, w in roles.items()}).alias("_role")
    )
    if not (kinds.group_by("PATIENT_ID").agg(pl.col("_role").n_unique())["_role"] > 1).any():
        return samples
    reading.notes.append(f"{len(roles):,} samples are primary or metastasis by their names ({first_pairs(roles)})")
    word = pl.col("SAMPLE_ID").replace_strict(roles, default=None, return_dtype=pl.String)
    return samples.with_columns(word.alias("SAMPLE_TYPE"))


def _material_of_name(sample: str) -> str:
    said = says(sample)
    return said[1] if said and said[1] != "tumour" else words.material(sample)


def _named_assays(built: ct.Built, per_sample: pl.DataFrame, reading: Reading) -> None:
    """Take the assay of each sample from the clinical table's panel column."""
    named = per_sample.select(pl.col("SAMPLE_ID").alias("sample_id"), panel_column(per_sample).alias("assay_id"))
    named = named.drop_nulls().unique("sample_id", keep="first", maintain_order=True)
    if named.is_empty():
        return
    built.samples = built.samples.drop("assay_id", strict=False).join(
        named, on="sample_id", how="left", maintain_order="left"
    )
    rows = [(a, *targets_of_panel(a, reading)) for a in named["assay_id"].unique().sort()]
    schema = {"assay_id": pl.String, "kind": pl.String, "targets": pl.String}
    reading.tables["assays"] = pl.DataFrame(rows, schema=schema, orient="row")


def _not_sequenced(built: ct.Built, seen: pl.Series, unseen: Sequence[str], reading: Reading) -> None:
    """Mark the samples that no file of calls names, and of which no assay is said, as not profiled: no wild type.

    `seen`: samples of the files of small variants; `unseen`: samples whose files hold none, whatever their assay.
    """
    own = optional(built.samples, "assay_id")
    silent = (own.is_null() & ~pl.col("sample_id").is_in(seen.implode())) | pl.col("sample_id").is_in(list(unseen))
    if names := built.samples.filter(silent)["sample_id"].to_list():
        built.samples = mark(built.samples, names, reading)


def _assay(panel: str) -> pl.DataFrame:
    from oncourse.genome.panels import panel_genes, panel_table

    genes = panel_genes(panel)
    if genes is None and panel not in ("wes", "wgs"):
        known = ", ".join(panel_table()["panel_id"])
        raise InputError(f"--panel {panel}: not known. Known: wes, wgs, {known}.")
    return pl.DataFrame(
        {
            "assay_id": [panel],
            "kind": ["panel" if genes else panel],
            "targets": [";".join(genes) if genes else None],
        },
        schema={"assay_id": pl.String, "kind": pl.String, "targets": pl.String},
    )
