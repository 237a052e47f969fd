"""What stands beside the calls of MAF and VCF files: fusions, segments, purity; ids as the samples table writes
them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_models import BUILDS
from oncourse.io.assays.depths import FEW_SITES, msi_of_samples, read_depths
from oncourse.io.cbioportal.panels import NOT_PROFILED
from oncourse.io.clinical import tables as ct
from oncourse.io.reading import Reading
from oncourse.io.structural.bedpe import is_bedpe, read_bedpe
from oncourse.io.structural.fits import mantis
from oncourse.io.structural.fusion_callers import one_sample_of, read_fusion_calls
from oncourse.io.structural.large import Large
from oncourse.io.structural.segments import is_purity_table, purple_facts, read_purity, read_segments
from oncourse.io.variants.calls import is_vcf, read_calls
from oncourse.io.whose.ids import first_pairs, matched, renamed
from oncourse.io.whose.sample_names import is_generic, names_nobody, of_path, sample_of_file, stem_of
from oncourse.study.frames import optional
from oncourse.study.schema import Problem, nearest

#: Assay of samples in which a caller looked for structural variants; its genes are not said.
SV_ASSAY = "structural_variants"
#: Two fits of a sample that differ by more than this are told (own choice: purity of a fit is good to about a tenth).
_APART = {"purity": 0.15, "ploidy": 0.5}


def add_fusions(paths: Sequence[Path], built: ct.Built, reading: Reading, known: Mapping[str, str | None]) -> None:
    """Add tables of fusion callers, or VCF files of structural variants, to the table of fusions.

    In a sample that no file of the kind is of, fusions were not looked for.
    """
    looked: set[str] = set()
    several = not paths  # a table of many samples holds no row of those without a fusion
    for path in paths:
        if is_vcf(path):
            found = read_calls([path], reading.config.genome_build, known=known)
            reading.problems += [p for p in found.problems if p.table != "calls"]
            reading.ledger.extend(found.ledger)
            frame = found.large.fusions if found.large else _no_rows("fusions")
            names = list(found.large.looked) if found.large else []
            frame = frame.with_columns(_known_ids(frame["sample_id"], built, path, "fusions", reading))
            looked |= set(_ids(names, built.samples)[0].values()) | set(names)
        elif is_bedpe(path):
            found_large = read_bedpe(path, reading.config.genome_build)
            frame = found_large.fusions
            reading.ledger.file(path.name, "structural variants (BEDPE)", "used", n_rows=frame.height)
            for why, n in found_large.left.items():
                reading.ledger.left_out(path.name, n, f"structural variant: {why}", became="fusions")
            if reading.config.genome_build not in BUILDS:
                message, cure = "nobody says the genome build of its places: no gene is known there.", "Give --build."
                reading.problems.append(Problem(path.name, None, None, None, message, cure, "warning"))
            frame = frame.with_columns(_known_ids(frame["sample_id"], built, path, "fusions", reading))
            own = _ids(found_large.looked, built.samples)[0]
            looked |= {own.get(s, s) for s in found_large.looked}
        else:
            frame, problems = read_fusion_calls(path, reading.ledger)
            reading.problems += problems
            reading.ledger.file(path.name, "fusions", "used", n_rows=frame.height)
            frame = frame.with_columns(_known_ids(frame["sample_id"], built, path, "fusions", reading))
            looked |= set(frame["sample_id"].drop_nulls())
            if (sample := one_sample_of(path)) is not None:
                looked.add(_ids([sample], built.samples)[0].get(sample, sample))
            else:
                several = True
        _add(frame, "fusions", path, reading)
    if not several or any(is_vcf(p) or is_bedpe(p) for p in paths):
        mark_looked(looked, built, reading)


def add_events(found: Large, built: ct.Built, reading: Reading) -> None:
    """Add fusions and segments of the VCF files given, and say in which samples structural variants were looked for."""
    events = {"fusions": found.fusions, "segments": found.segments, "gene_copy_number": found.gene_copies}
    for name, frame in events.items():
        if frame.height:
            ids = _known_ids(frame["sample_id"], built, Path(reading.sources.get("calls", "VCF")), name, reading)
            _add(frame.with_columns(ids), name, None, reading)
    if found.fits.height:
        _add_fits(found.fits, Path(reading.sources.get("calls", "VCF")), built, reading)
    if found.looked:
        names = _ids(found.looked, built.samples)[0]
        mark_looked({names.get(s, s) for s in found.looked}, built, reading)
    reading.tables["samples"] = built.samples


def mark_looked(looked: Collection[str], built: ct.Built, reading: Reading) -> None:
    """Give the samples of `looked` the assay of structural variants (their own where it is said), the others none."""
    own = [pl.col(c) for c in ("sv_assay_id", "assay_id") if c in built.samples.columns]
    given = pl.coalesce([*[pl.when(c != NOT_PROFILED).then(c) for c in own], pl.lit(SV_ASSAY)])
    inside = pl.col("sample_id").is_in(sorted(looked))
    built.samples = built.samples.with_columns(
        pl.when(inside).then(given).otherwise(pl.lit(NOT_PROFILED)).alias("sv_assay_id")
    )
    used = set(built.samples["sv_assay_id"].drop_nulls())
    before = reading.tables.get("assays")
    known = set() if before is None else set(before["assay_id"])
    rows = [
        (a, "panel" if a == NOT_PROFILED else None, ";" if a == NOT_PROFILED else None) for a in sorted(used - known)
    ]
    new = pl.DataFrame(rows, schema={"assay_id": pl.String, "kind": pl.String, "targets": pl.String}, orient="row")
    reading.tables["assays"] = new if before is None else pl.concat([before, new], how="diagonal")
    reading.tables["samples"] = built.samples


def add_copies(
    paths: Sequence[Path],
    built: ct.Built,
    reading: Reading,
    known: Mapping[str, str | None],
    given: Collection[Path] | None = None,
) -> None:
    """Add segments, and purity and ploidy where a caller's table gives them.

    A file that the user did not name (`given`; null: all are) but a folder holds, and that is none, is not read, and
    told.
    """
    for path in paths:
        try:
            _add_copies_of(path, built, reading, known)
        except InputError as error:
            if given is None or path in given:
                raise
            reading.ledger.file(path.name, "unknown", "not read", why=str(error).partition(": ")[2])
    reading.tables["samples"] = built.samples


def _add_copies_of(path: Path, built: ct.Built, reading: Reading, known: Mapping[str, str | None]) -> None:
    """Add what one file says of copies, purity and ploidy."""
    if is_vcf(path):
        found = read_calls([path], reading.config.genome_build, known=known)
        reading.problems += [p for p in found.problems if p.table != "calls"]
        reading.ledger.extend(found.ledger)
        frame = found.large.segments if found.large else _no_rows("segments")
        if found.large and found.large.fits.height:
            _add_fits(found.large.fits, path, built, reading)
    elif is_purity_table(path):
        _add_purity(path, built, reading)
        return
    else:
        frame, problems = read_segments(path, reading.ledger)
        reading.problems += problems
        reading.ledger.file(path.name, "segments", "used", n_rows=frame.height)
    frame = frame.with_columns(_known_ids(frame["sample_id"], built, path, "segments", reading))
    _add(frame, "segments", path, reading)


def add_depths(paths: Sequence[Path], built: ct.Built, reading: Reading, given: Collection[Path] = ()) -> None:
    """Add the least depth of regions, and MSI scores, of files of one sample each.

    A file that the user did not name (`given`) but a result tree holds, and that is none, is not read, and told.
    """
    for path in paths:
        if (said := mantis(path)) is not None:
            facts = pl.DataFrame({"sample_id": [sample_of_file(path)], "msi_status": [said]})
            ids = _known_ids(facts["sample_id"], built, path, "samples", reading)
            _fill(facts.with_columns(ids).drop_nulls("sample_id"), path, built, reading)
            reading.ledger.file(path.name, "MANTIS", "used", n_rows=1)
            continue
        try:
            several = msi_of_samples(path)
            frame, score = read_depths(path) if several is None else (None, None)
        except InputError as error:
            if path in given:
                raise
            reading.ledger.file(path.name, "unknown", "not read", why=str(error).partition(": ")[2])
            continue
        table = "coverage" if frame is not None else "samples"
        if several is not None:
            frame = several
            if "msi_status" in frame.columns:
                reading.notes.append(
                    f"{path.name}: MSI-H from 10 % of somatic sites on and MSS below 3 %, where the cut-offs published for "
                    "exomes and panels agree; between them the score says nothing (study.yaml: cutoffs.msi_score)"
                )
        elif frame is None:
            frame = pl.DataFrame({"sample_id": [sample_of_file(path)], "msi_score": [score]})
        if table == "samples" and (n := frame["msi_score"].null_count()):
            message = f"MSI of {n:,} samples rests on fewer than {FEW_SITES} sites, or is not valid: no score."
            cure = "Nothing is to be done where the assay covers no such sites; else look at the coverage of its sites."
            reading.problems.append(Problem(path.name, None, "msi_score", None, message, cure, "warning"))
        reading.ledger.file(
            path.name, "depth of regions" if table == "coverage" else "MSIsensor", "used", n_rows=frame.height
        )
        frame = frame.with_columns(_known_ids(frame["sample_id"], built, path, table, reading)).drop_nulls("sample_id")
        if table == "coverage":
            _add(frame, "coverage", path, reading)
        else:
            _fill(frame, path, built, reading)
    reading.tables["samples"] = built.samples


def add_found_depth(found: pl.DataFrame | None, path: Path, reading: Reading) -> None:
    """Add what genome VCF files say of the depth of places without a variant."""
    if found is not None:
        _add(found, "coverage", path, reading)


def _fill(facts: pl.DataFrame, path: Path, built: ct.Built, reading: Reading) -> None:
    """Fill columns of the samples that say nothing yet; a microsatellite status that contradicts the recorded one is kept
    as a marker of the sample, and told."""
    if "msi_status" in facts.columns and "msi_status" in built.samples.columns:
        _keep_other_msi(facts, path, built, reading)
    joined = built.samples.join(
        facts.unique("sample_id", keep="first"), on="sample_id", how="left", suffix="_new", maintain_order="left"
    )
    both = [c.removesuffix("_new") for c in joined.columns if c.endswith("_new")]
    built.samples = joined.with_columns(pl.coalesce(c, f"{c}_new").alias(c) for c in both).drop(
        f"{c}_new" for c in both
    )


def _keep_other_msi(facts: pl.DataFrame, path: Path, built: ct.Built, reading: Reading) -> None:
    """Add the microsatellite status of a file to the markers where the study has another of the sample (high, or not)."""
    own = built.samples.select("sample_id", "patient_id", _own=pl.col("msi_status").cast(pl.String))
    both = facts.join(own, on="sample_id", how="inner").drop_nulls(["msi_status", "_own"])
    both = both.filter((pl.col("msi_status") == "MSI-H") != (pl.col("_own") == "MSI-H"))
    if both.is_empty():
        return
    sample, one, other = both.select("sample_id", "_own", "msi_status").row(0)
    found = f"({sample}: {one}, here {other})"
    message = f"the microsatellite status of {both.height:,} samples contradicts what is known {found}."
    cure = "Both are kept, and told wherever the status decides; leave out the one that is wrong."
    reading.problems.append(Problem(path.name, None, "msi_status", sample, message, cure, "warning"))
    rows = both.select("patient_id", "sample_id", marker=pl.lit(f"MSI ({path.name})"), value=pl.col("msi_status"))
    before = reading.tables.get("markers")
    text = rows.with_columns(pl.all().cast(pl.String))
    reading.tables["markers"] = (
        text if before is None else pl.concat([before.with_columns(pl.all().cast(pl.String)), text], how="diagonal")
    )
    reading.sources.setdefault("markers", path.name)


def _add_purity(path: Path, built: ct.Built, reading: Reading) -> None:
    frame, problems = read_purity(path, reading.ledger)
    reading.problems += problems
    reading.ledger.file(path.name, "purity and ploidy", "used", n_rows=frame.height)
    _add_fits(frame, path, built, reading)
    if (facts := purple_facts(path)) is not None and frame.height:
        ids = _known_ids(facts["sample_id"], built, path, "samples", reading)
        _fill(facts.with_columns(ids).drop_nulls("sample_id"), path, built, reading)


def _add_fits(fits: pl.DataFrame, path: Path, built: ct.Built, reading: Reading) -> None:
    """Fill purity and ploidy of samples that say none."""
    frame = fits.with_columns(_known_ids(fits["sample_id"], built, path, "samples", reading)).drop_nulls("sample_id")
    given = frame.unique("sample_id", keep="first").rename({"purity": "_purity", "ploidy": "_ploidy"})
    joined = built.samples.join(given, on="sample_id", how="left", maintain_order="left")
    for column in ("purity", "ploidy"):
        own = optional(joined, column, pl.Float64)
        apart = joined.filter((own - pl.col(f"_{column}")).abs() > _APART[column]) if column in joined.columns else None
        if apart is not None and apart.height:
            sample, one, other = apart.select("sample_id", column, f"_{column}").row(0)
            message = (
                f"{column} of {apart.height:,} samples differs from what is known ({sample}: {one:g}, here {other:g})."
            )
            cure = "The first stands (the clinical table, then the files in order); leave out the one that is wrong."
            reading.problems.append(Problem(path.name, None, column, sample, message, cure, "warning"))
        joined = joined.with_columns(pl.coalesce(own, f"_{column}").alias(column))
    built.samples = _fractions_of_plasma(joined).drop("_purity", "_ploidy")
    if given.height:
        reading.notes.append(f"{path.name}: purity and ploidy of {', '.join(given['sample_id'][:5])}")


def _fractions_of_plasma(samples: pl.DataFrame) -> pl.DataFrame:
    """Take the purity that a fit (``_purity``) gives of plasma as the tumour fraction of its DNA; none of it is no purity,
    with which copies could be corrected."""
    if "material" not in samples.columns:
        return samples
    plasma, fit = pl.col("material") == "plasma", pl.col("_purity").cast(pl.Float64)
    own = optional(samples, "tumor_fraction", pl.Float64)
    if not samples.select((plasma & fit.is_not_null()).any()).item():
        return samples
    none = pl.when(plasma & (fit == 0) & (pl.col("purity") == 0)).then(None).otherwise(pl.col("purity"))
    return samples.with_columns(
        pl.coalesce(own, pl.when(plasma).then(fit)).alias("tumor_fraction"), none.alias("purity")
    )


def _no_rows(table: str) -> pl.DataFrame:
    from oncourse.io.structural.large import FUSIONS, SEGMENTS

    return pl.DataFrame(schema=FUSIONS if table == "fusions" else SEGMENTS)


def _add(frame: pl.DataFrame, table: str, path: Path | None, reading: Reading) -> None:
    frame = frame.drop_nulls("sample_id")
    before = reading.tables.get(table)
    joined = frame if before is None else pl.concat([before, frame], how="diagonal_relaxed")
    key = ["sample_id", "gene_5p", "gene_3p"] if table == "fusions" else None
    reading.tables[table] = joined.unique(key, maintain_order=True)
    if path is not None:
        reading.sources.setdefault(table, path.name)


def _known_ids(ids: pl.Series, built: ct.Built, path: Path, table: str, reading: Reading) -> pl.Series:
    """Return the ids as the samples table writes them; null, and told, where no sample is meant."""
    known = built.samples["sample_id"]
    mapping, said = _ids(ids.drop_nulls().unique().to_list(), built.samples)
    stem = stem_of(path)
    of_file: dict[str, str] = {}
    for i in ids.drop_nulls().unique():
        meant = next((n for n in (f"{stem}_{i}", *([stem] if is_generic(i) else [])) if n in set(known)), None)
        of_file |= {i: meant} if meant and i not in mapping and i not in set(known) else {}
    if of_file:
        said = [*said, f"{', '.join(of_file)} taken as of {stem}, whose name the file bears"]
        mapping |= of_file
    reading.notes += [f"{path.name}: {note}" for note in said]
    new = renamed(ids.to_frame("sample_id"), mapping)["sample_id"]
    lost = sorted(set(new.drop_nulls()) - set(known))
    if lost == [sample_of_file(path)] and len(known) == 1 and names_nobody(path):
        reading.notes.append(f"{path.name}: taken as of {known[0]}, the only sample")
        return new.replace({lost[0]: known[0]})
    if not lost:
        return new
    shown = ", ".join(f"{i} (nearest: {n})" if (n := nearest(i, known.to_list(), cutoff=0.5)) else i for i in lost[:5])
    n_rows = int(new.is_in(lost).sum())
    message = f"{n_rows:,} rows of {len(lost):,} samples that the study does not have are left out: {shown}."
    cure = "Write their ids as samples.sample_id, or give their calls or clinical rows too."
    reading.problems.append(Problem(path.name, None, "sample_id", lost[0], message, cure, "warning"))
    reading.ledger.left_out(path.name, n_rows, "the study has no such sample", became=table, first=lost[0])
    return new.set(new.is_in(lost).fill_null(False), None)


def _ids(ids: Sequence[str], samples: pl.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Match ids as `oncourse.io.whose.ids.matched`; TUMOUR_NORMAL, and a name with a caller's word behind it, mean the
    tumour, PATIENT_SAMPLE (nf-core/sarek) the sample."""
    known = set(samples["sample_id"])
    mapping, said = matched(ids, known)
    pairs = samples.select("sample_id", "patient_id").drop_nulls()
    whole = {f"{patient}_{sample}": sample for sample, patient in pairs.iter_rows()}
    mapping |= {i: whole[i] for i in ids if i in whole and i not in mapping and i not in known}
    paths = {i: of_path(i) for i in ids if i not in mapping and i not in known and of_path(i) in known}
    if paths:
        said = [*said, f"{len(paths):,} ids are paths of a sample's file ({first_pairs(paths)})"]
        mapping |= paths
    lone = pairs.filter(~pl.col("patient_id").is_duplicated())
    only = {i: s for s, i in lone.iter_rows() if i in ids and i not in known and i not in mapping}
    if only:
        said = [*said, f"{len(only):,} ids are those of patients with one sample ({first_pairs(only)})"]
        mapping |= only
    begins = {}
    for i in sorted(set(ids) - known - set(mapping)):
        heads = [k for k in sorted(known) if k and re.match(rf"{re.escape(k)}[_.\-]", i)]
        if heads:
            begins[i] = max(heads, key=len)
    if begins:
        shown = ", ".join(f"{a}: {b}" for a, b in list(begins.items())[:5])
        said = [*said, f"{len(begins):,} ids begin with a sample's and are taken as it ({shown})"]
    return mapping | begins, said
