"""A cBioPortal study folder -> the tables of a study.

Meta files, case lists and most data files may be missing; names are known without regard to case or .gz. Every
clinical column is kept under its name in lower case. Survival times start at the source's own day 0:
months x 30.4375, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.disease import of_tumour, tumour_of
from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.assays.genie_panels import as_target_regions
from oncourse.io.calling import germline_by_normals
from oncourse.io.carried import FOLDER as CARRIED
from oncourse.io.cbioportal.folder import Folder, is_cbioportal, look, plain
from oncourse.io.cbioportal.panels import (
    assays_of,
    cna_on_panels,
    matrix_assays,
    panel_matrix,
    with_assays,
    with_seen_genes,
)
from oncourse.io.clinical import tables as ct
from oncourse.io.clinical.anchors import Anchors
from oncourse.io.clinical.timeline import TimelineRows, read_timelines
from oncourse.io.reading import Reading
from oncourse.io.structural.events import not_discrete, read_gene_copy_number, read_structural_variants
from oncourse.io.structural.segments import read_segments
from oncourse.io.tabular.text import table_name
from oncourse.io.variants.calls import read_calls
from oncourse.io.variants.maf_tables import MafTables, rename_samples, with_copies
from oncourse.io.whose.ids import matched, renamed
from oncourse.study.config import StudyConfig
from oncourse.study.frames import optional
from oncourse.study.schema import Problem


def _inner_study(folder: Path) -> Path:
    """Return the one study folder in a folder that is none itself.

    Raises
    ------
    InputError : there is none, or several
    """
    inner = [p for p in sorted(folder.iterdir()) if p.is_dir() and is_cbioportal(p)] if folder.is_dir() else []
    if len(inner) != 1:
        more = f" Give one of its studies: {', '.join(p.name for p in inner[:6])}." if inner else ""
        raise InputError(f"{folder}: no data_clinical_* and no data_mutations* file.{more}")
    return inner[0]


def read_cbioportal(
    folder: Path, *, fasta: Fasta | None = None, called: str = "auto", anchors: Mapping[str, str] | None = None
) -> Reading:
    """Read a cBioPortal study folder.

    Parameters
    ----------
    called : as in `oncourse.io.calling.decide`
    anchors : end point -> where its times start (`oncourse.io.clinical.anchors`), over what the header of its column says

    Raises
    ------
    InputError : the folder has neither clinical nor mutation data, or a needed file cannot be read at all
    """
    found = look(folder)
    if not any(found.files.get(k) for k in ("patient", "sample", "mixed", "mutations")):
        inner = _inner_study(folder)
        reading = read_cbioportal(inner, fasta=fasta, called=called, anchors=anchors)
        reading.notes.insert(0, f"{folder.name}: the study is its folder {inner.name}")
        return reading
    reading = Reading({}, StudyConfig(), foreign=True)
    patients, samples = _clinical(found, reading)
    maf = _mutations(found, samples, reading, fasta, called)
    extra = {"maf": maf.samples["sample_id"] if maf else pl.Series([], dtype=pl.String)}
    matrix = panel_matrix(found, reading)
    matrix_calls = _mutation_matrix(folder, reading) if maf is None else None
    if matrix_calls is not None:
        extra["maf"] = matrix_calls[0]["sample_id"]
    for path in found.files.get("ratios", []):
        reading.problems.append(not_discrete(table_name(path), "ratios of copies, by the meta file"))
    cna = _events(found, "cna", reading)
    if cna is None and matrix_calls is not None:
        cna = _copy_number_matrix(folder, reading)
    fusions = _events(found, "sv", reading)
    cna, fusions = _with_rows_of_maf(cna, fusions, maf)
    segments = _segments(found, reading)
    ids = pl.concat([*extra.values(), *([] if samples is None else [samples["SAMPLE_ID"]])]).drop_nulls().unique()
    cna, fusions, segments = (_with_ids(f, ids, reading) for f in (cna, fusions, segments))
    for name, frame in (("cna", cna), ("sv", fusions), ("seg", segments)):
        extra[name] = frame["sample_id"].unique() if frame is not None else pl.Series([], dtype=pl.String)
    in_clinical = pl.Series([], dtype=pl.String) if samples is None else samples["SAMPLE_ID"]
    samples = ct.with_missing_samples(samples, patients, pl.concat(list(extra.values())).unique(), reading)
    extra["clinical"] = in_clinical
    timeline = read_timelines(found.files.get("timeline", []))
    anchors_known = _anchors(timeline, anchors or {})
    built = ct.build(patients, samples, reading, anchors_known)
    _clinical_ledger(found, patients, samples, built, reading)
    built.samples = with_assays(built.samples, samples, matrix, found, extra, reading)
    reading.tables |= {"patients": built.patients, "samples": built.samples, "lesions": built.lesions}
    reading.tables |= {"follow_up": built.follow_up, "published_endpoints": built.published}
    if built.markers.height:
        reading.tables["markers"] = built.markers
    reading.tables["assays"] = assays_of(built.samples, found, cna, reading)
    if not (regions := found.regions).is_empty():
        reading.tables["target_regions"] = as_target_regions(regions, reading.tables["assays"]["assay_id"])
    if maf is not None:
        listed = reading.tables["assays"]
        reading.tables["assays"], built.samples = with_seen_genes(listed, built.samples, maf, found, reading)
        reading.tables["samples"] = built.samples
    if maf is not None:
        calls = germline_by_normals(maf.calls, built.samples, reading.notes)
        reading.tables |= {"calls": calls, "variants": maf.variants}
        reading.lines["calls"] = maf.lines
    elif matrix_calls is not None:
        reading.tables |= {"calls": matrix_calls[0], "variants": matrix_calls[1]}
        reading.tables["assays"] = matrix_assays(reading, matrix_calls[2])
    else:
        message = "the folder has no mutation table; the study holds no call."
        cure = "Only analyses that need no mutation will run."
        reading.problems.append(Problem("calls", None, None, None, message, cure, "warning"))
        reading.tables["calls"] = pl.DataFrame(schema={"sample_id": pl.String, "variant_id": pl.String})
    if cna is not None:
        reading.tables["gene_copy_number"] = cna_on_panels(cna, reading)
    if fusions is not None:
        reading.tables["fusions"] = fusions
    if maf is not None:
        segments = with_copies(segments, maf, reading.notes)
    if segments is not None:
        reading.tables["segments"] = segments
    _add_timeline(timeline, reading)
    reading.config = _config(folder, found, maf, built.extra, reading)
    if not anchors_known.has_clock and len(named := set(built.published["anchor"].drop_nulls())) == 1:
        reading.config = replace(reading.config, index=f"{named.pop()} (day 0 of the source's survival times)")
    reading.tables = {
        k: v for k, v in reading.tables.items() if not v.is_empty() or k in ("patients", "samples", "calls")
    }
    reading.sources = _sources(found, reading.tables) | reading.sources
    _write_ledger(folder, found, maf, reading)
    return reading


def _with_rows_of_maf(
    cna: pl.DataFrame | None, fusions: pl.DataFrame | None, maf: MafTables | None
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Return copies and fusions of the folder's own files, else those that rows of its mutations are."""
    large = maf.large if maf is not None else None
    if large is None:
        return cna, fusions
    if cna is None and large.gene_copies.height:
        cna = large.gene_copies
    if fusions is None and large.fusions.height:
        fusions = large.fusions.with_columns(pl.lit(None, pl.String).alias("frame"))
    return cna, fusions


def _write_ledger(folder: Path, found: Folder, maf: MafTables | None, reading: Reading) -> None:
    """Say of every file of the folder what it was taken for."""
    if maf is not None:
        reading.ledger.extend(maf.ledger)
    kinds = {path.name: kind for kind, paths in found.files.items() if kind != "gistic" for path in paths}
    done = {row[0] for row in reading.ledger.files}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        name = path.relative_to(folder).as_posix()
        if path.name in done or name in done or name.startswith(f"{CARRIED}/"):  # these are told as they are read
            continue
        if kinds.get(path.name) == "ratios":
            reading.ledger.file(name, "copy-number ratios", "not read", why="ratios are no calls")
        elif path.name in kinds:
            reading.ledger.file(name, kinds[path.name], "used")
        elif plain(path).startswith("meta_") or name.startswith("case_list"):
            reading.ledger.file(name, "meta file or case list", "used")
        elif re.match(r"(?i)(readme|license|licence|study\.ya?ml|files\.tsv)", path.name) or "/" in name:
            reading.ledger.file(name, "other", "not read", why="no data of the study")
        elif not (re.fullmatch(r"mut(ations)?(_.*)?|cna(_.*)?", plain(path)) and "mutations" not in found.files):
            reading.ledger.file(name, "unknown", "not read", why="no file of a cBioPortal study that is read")


def _clinical(found: Folder, reading: Reading) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    patients = ct.read_clinical(found.files.get("patient", []), "PATIENT_ID", reading)
    samples = ct.read_clinical(found.files.get("sample", []), "SAMPLE_ID", reading)
    mixed = ct.read_clinical(found.files.get("mixed", []), "PATIENT_ID", reading)
    if mixed is not None and "SAMPLE_ID" in mixed.columns and samples is None:
        samples = mixed
    elif mixed is not None and patients is None:
        patients = mixed
    return patients, samples


def _clinical_ledger(
    found: Folder, patients: pl.DataFrame | None, samples: pl.DataFrame, built: ct.Built, reading: Reading
) -> None:
    """Say of every clinical column whether it is read as one of ours, or kept under its own name."""
    for kinds, frame in ((("patient", "mixed"), patients), (("sample", "mixed"), samples)):
        path = next((p for kind in kinds if (p := found.one(kind))), None)
        if path is None or frame is None:
            continue
        reading.ledger.file(path.name, f"clinical table ({kinds[0]})", "used", n_rows=frame.height)
        for column in frame.columns:
            n = frame.height - frame[column].null_count()
            kept = column.lower() in built.extra
            state = "empty" if not n else "kept" if kept else "used"
            reading.ledger.column(path.name, column, state, became=column.lower() if kept else "", n=n)


def _mutations(
    found: Folder, samples: pl.DataFrame | None, reading: Reading, fasta: Fasta | None, called: str
) -> MafTables | None:
    paths, looked = found.files.get("mutations", []), found.files.get("uncalled", [])
    unsigned, germline = found.files.get("unsigned", []), found.files.get("germline", [])
    if not paths:
        return None
    named = [] if samples is None else samples["SAMPLE_ID"].drop_nulls().to_list()
    known = dict.fromkeys(map(str, named))
    everything = [*paths, *looked, *unsigned, *germline]
    of = {"looked": looked, "unsigned": unsigned, "germline": germline}
    maf = read_calls(everything, fasta=fasta, called=called, known=known, of=of)
    for paths, what in (
        (looked, "sites looked at and not called"),
        (unsigned, "not signed out by the laboratory: looked at, and no calls"),
        (germline, "germline variants, whatever their status says"),
    ):
        reading.notes += [f"{path.name}: its rows are {what}" for path in paths]
    mapping, said = matched(maf.samples["sample_id"].drop_nulls().to_list(), known) if known else ({}, [])
    reading.notes += [*maf.notes, *said]
    reading.problems += maf.problems
    rename_samples(maf, mapping)
    return maf


def _matrices(folder: Path, pattern: str) -> list[Path]:
    """Files of samples x genes (`oncourse.io.cbioportal.gene_matrix`) by their names."""
    from oncourse.io.cbioportal.gene_matrix import is_gene_matrix

    paths = [p for p in sorted(folder.iterdir()) if p.is_file() and re.fullmatch(pattern, plain(p))]
    return [p for p in paths if is_gene_matrix(p)]


def _mutation_matrix(folder: Path, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None:
    from oncourse.io.cbioportal.gene_matrix import read_mutation_matrix

    paths = _matrices(folder, r"mut(ations)?(_.*)?")
    if not paths:
        return None
    calls, variants, looked, problems = read_mutation_matrix(paths[0])
    reading.problems += problems
    reading.notes.append(
        f"{paths[0].name} names protein changes of {looked['gene'].n_unique()} genes and no positions: only these "
        f"genes "
        "count as looked at"
    )
    return calls, variants, looked


def _copy_number_matrix(folder: Path, reading: Reading) -> pl.DataFrame | None:
    from oncourse.io.cbioportal.gene_matrix import read_copy_number_matrix

    paths = _matrices(folder, r"cna(_.*)?")
    if not paths:
        return None
    calls, problems = read_copy_number_matrix(paths[0])
    reading.problems += problems
    return None if any(p.column == "call" for p in problems) else calls


def _events(found: Folder, kind: str, reading: Reading) -> pl.DataFrame | None:
    paths = found.files.get(kind, [])
    if kind == "sv" and not paths:
        paths = found.files.get("fusions", [])
    if not paths:
        return None
    frames = []
    for path in paths:
        frame, problems = read_gene_copy_number(path) if kind == "cna" else read_structural_variants(path)
        reading.problems += problems
        if kind == "cna" and any(p.column == "call" for p in problems):
            found.files[kind] = [p for p in found.files[kind] if p != path]
            found.files.setdefault("ratios", []).append(path)
            found.lists.pop("cna", None)  # it names who is in the matrix that is not read
            continue
        frames.append(frame)
    if not frames:
        return None
    if len(frames) == 1:
        return frames[0]
    return pl.concat(frames).unique(["sample_id", *frames[0].columns[1:2]], keep="first", maintain_order=True)


def _with_ids(frame: pl.DataFrame | None, named: pl.Series, reading: Reading) -> pl.DataFrame | None:
    """Write the samples of a table of events as the clinical table or the mutations do (R's ``X001.T`` is 001-T)."""
    if frame is None:
        return None
    mapping, said = matched(frame["sample_id"].drop_nulls().unique().to_list(), named.to_list())
    reading.notes += [note for note in said if note not in reading.notes]
    return renamed(frame, mapping)


def _segments(found: Folder, reading: Reading) -> pl.DataFrame | None:
    frames = []
    for path in found.files.get("seg", []):
        frame, problems = read_segments(path, reading.ledger)
        reading.problems += problems
        frames.append(frame)
    return pl.concat(frames) if frames else None


def _anchors(timeline: TimelineRows, chosen: Mapping[str, str]) -> Anchors:
    """Return the days that end points may count from, as the timelines give them."""

    def days(frames: list[pl.DataFrame], day: str) -> pl.DataFrame:
        return pl.concat([f.select("patient_id", pl.col(day).alias("day")) for f in frames])

    found = {"sequencing": days(timeline.entry_day, "entry_day")} if timeline.entry_day else {}
    if timeline.patient_sample_day:
        found["sample"] = days(timeline.patient_sample_day, "day")
    if timeline.diagnosis_day:
        found["diagnosis"] = days(timeline.diagnosis_day, "day")
    treatments, procedures = timeline.table("treatments"), timeline.table("procedures")
    if treatments is not None:
        found["treatment"] = days([treatments], "start_day")
    if procedures is not None:
        surgery = procedures.filter(~pl.col("kind").is_in(["biopsy", "radiotherapy"]))
        found |= {"surgery": days([surgery], "day")} if surgery.height else {}
    return Anchors(chosen, found, has_clock=bool(found) or bool(timeline.tables))


def _add_timeline(timeline: TimelineRows, reading: Reading) -> None:
    reading.notes += timeline.notes
    reading.ledger.extend(timeline.ledger)
    reading.problems += timeline.problems
    for name in ("treatments", "procedures", "labs", "assessments", "target_lesions", "markers", "adverse_events"):
        frame = timeline.table(name)
        if frame is not None:
            if "lesion_id" in frame.columns:
                frame = _known_lesions(frame, reading.tables["lesions"])
            if name == "assessments":
                frame = frame.unique(["patient_id", "day", "method", "evaluator"], keep="first", maintain_order=True)
            told = reading.tables.get(name) if name == "markers" else None
            reading.tables[name] = frame if told is None else pl.concat([frame, told], how="diagonal_relaxed")
    if timeline.sample_day:
        days = pl.concat(timeline.sample_day).group_by("sample_id").agg(pl.col("day").min())
        samples = reading.tables["samples"].drop("day", strict=False)
        reading.tables["samples"] = samples.join(days, on="sample_id", how="left", maintain_order="left")
    follow_up = reading.tables["follow_up"]
    if timeline.entry_day and not follow_up.is_empty():
        entry = pl.concat(timeline.entry_day).group_by("patient_id").agg(pl.col("entry_day").min())
        follow_up = follow_up.join(entry, on="patient_id", how="left", maintain_order="left")
        reading.notes.append("entry_day is the first sequencing of the timeline")
    if timeline.status:
        status = pl.concat(timeline.status)
        follow_up = _vital_of_timeline(follow_up, status, reading)
    if timeline.status and not follow_up.is_empty():
        for kind in ("progression", "recurrence"):
            first = (
                status.filter(pl.col("says") == kind).group_by("patient_id").agg(pl.col("day").min().alias("_first"))
            )
            follow_up = follow_up.join(first, on="patient_id", how="left", maintain_order="left")
            column = f"{kind}_day"
            follow_up = follow_up.with_columns(pl.coalesce(column, "_first").alias(column)).drop("_first")
            free = (
                status.filter(pl.col("says") == f"{kind}_free")
                .group_by("patient_id")
                .agg(pl.col("day").max().alias("_free"))
            )
            follow_up = follow_up.join(free, on="patient_id", how="left", maintain_order="left")
            before = pl.col(column).is_null() | (pl.col("_free") <= pl.col(column))
            known = pl.coalesce(f"{kind}_free_day", pl.when(before).then("_free"))
            follow_up = follow_up.with_columns(known.alias(f"{kind}_free_day")).drop("_free")
    reading.tables["follow_up"] = follow_up
    found = timeline.table("metastases")
    if found is not None:
        reading.tables["lesions"] = _with_found(reading.tables["lesions"], found)
    reading.sources |= {t: ", ".join(files) for t, files in timeline.files.items() if t in reading.tables}


def _vital_of_timeline(follow_up: pl.DataFrame, status: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return follow_up with the deaths and contacts that only the timeline of statuses tells.

    A death without a day, or of nobody in follow_up, is dated by its status; where OS_STATUS says alive it stands, and
    the contradiction is told. Of people without a survival time the last status is the last contact.
    """
    dead = status.filter(pl.col("says") == "dead").group_by("patient_id").agg(pl.col("day").min().alias("_dead"))
    told = status.filter(pl.col("says").is_in(["dead", "alive"]))
    seen = told.group_by("patient_id").agg(
        pl.col("day").max().alias("last_contact_day"), (pl.col("says") == "dead").any().alias("is_dead")
    )
    new = seen.join(follow_up.select("patient_id"), on="patient_id", how="anti", maintain_order="left")
    if new.height:
        follow_up = pl.concat([follow_up, new.sort("patient_id")], how="diagonal_relaxed")
        reading.notes.append(
            f"follow-up of {new.height:,} patients is that of the timeline's statuses (first: {new['patient_id'].sort()[0]})"
        )
    if dead.is_empty():
        return follow_up
    day = "death_day"
    if day not in follow_up.columns:
        follow_up = follow_up.with_columns(pl.lit(None, pl.Int64).alias(day))
    rows = follow_up.join(dead, on="patient_id", how="left", maintain_order="left")
    against = rows.filter((~pl.col("is_dead")).fill_null(False) & pl.col("_dead").is_not_null())["patient_id"]
    if len(against):
        message = f"the timeline says that {len(against):,} patients are dead (first: {against[0]}), OS_STATUS alive."
        cure = "Correct one of the two; OS_STATUS stands."
        reading.problems.append(Problem("follow_up", None, "is_dead", None, message, cure, "warning"))
    dated = pl.col("_dead").is_not_null() & pl.col(day).is_null() & pl.col("is_dead").fill_null(True)
    return rows.with_columns(
        pl.when(dated).then("_dead").otherwise(day).alias(day),
        pl.when(dated).then(pl.lit(True)).otherwise("is_dead").alias("is_dead"),
        pl.when(dated).then("_dead").otherwise("last_contact_day").alias("last_contact_day"),
    ).drop("_dead")


def _with_found(lesions: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return the lesions with the days the timelines found them, and those that only the timelines name."""
    found = _known_lesions(found, lesions).unique("lesion_id", keep="first", maintain_order=True)
    days = found.select("lesion_id", pl.col("found_day").cast(pl.Int64).alias("_found"))
    old = lesions.join(days, on="lesion_id", how="left", maintain_order="left")
    recorded = optional(lesions, "found_day", pl.Int64).cast(pl.Int64)
    old = old.with_columns(pl.coalesce(recorded, "_found").alias("found_day")).drop("_found")
    new = found.join(lesions.select("lesion_id"), on="lesion_id", how="anti", maintain_order="left")
    return pl.concat([old, new], how="diagonal_relaxed")


def _known_lesions(frame: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Write lesions of a timeline as the lesions table does; a procedure on a lesion nobody sampled names none."""
    known = lesions["lesion_id"].implode()
    prefixed = pl.col("patient_id") + "_" + pl.col("lesion_id")
    own = pl.when(pl.col("lesion_id").is_in(known)).then("lesion_id").when(prefixed.is_in(known)).then(prefixed)
    measured = "diameter_mm" in frame.columns or "found_day" in frame.columns
    return frame.with_columns(pl.coalesce(own, "lesion_id") if measured else own.alias("lesion_id"))


def _config(folder: Path, found: Folder, maf: MafTables | None, extra: list[str], reading: Reading) -> StudyConfig:
    meta = found.meta
    disease = meta.get("type_of_cancer", "")
    # the code of the cancer first: a title may hold any word ("with a colon")
    known = of_tumour(
        next((t for text in (disease, meta.get("name", ""), folder.name) if (t := tumour_of(text))), None)
    )
    design = known.name if known else None
    build = meta.get("reference_genome", "")
    build = {"hg19": "GRCh37", "hg38": "GRCh38", "grch37": "GRCh37", "grch38": "GRCh38"}.get(build.lower(), "")
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
        index="day 0 of the source, where its survival times and timelines start",
        design=design,
        extra_columns=tuple(extra),
        sources=(f"cBioPortal study {meta.get('cancer_study_identifier', folder.name)}", *citation),
    )


def _sources(found: Folder, tables: dict[str, pl.DataFrame]) -> dict[str, str]:
    kinds = {
        "patients": ("patient", "mixed"),
        "follow_up": ("patient", "mixed"),
        "samples": ("sample", "mixed"),
        "lesions": ("sample", "mixed"),
        "assays": ("panel_matrix", "sample"),
        "calls": ("mutations",),
        "variants": ("mutations",),
        "gene_copy_number": ("cna",),
        "fusions": ("sv", "fusions"),
        "segments": ("seg",),
        "treatments": ("timeline",),
        "labs": ("timeline",),
        "procedures": ("timeline",),
        "assessments": ("timeline",),
        "adverse_events": ("timeline",),
    }
    out = {}
    for name in tables:
        path = next((p for k in kinds.get(name, ()) if (p := found.one(k))), None)
        if path:
            out[name] = path.name
    return out
