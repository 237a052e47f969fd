"""`oncourse import FORMAT SOURCE DIR`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import fasta_options, write_text
from oncourse.disease import diseases
from oncourse.words import LANGUAGES

if TYPE_CHECKING:
    import polars as pl

    from oncourse.genome.fasta import Fasta
    from oncourse.io.reading import Reading
    from oncourse.io.whose.manifest import Question
    from oncourse.study.schema import Problem

CLONE_TABLES = ("pyclone", "pairtree", "conipher", "lichee", "phylogicndt")
CLINICAL = ("sdtm", "adam", "genie_bpc", "omop", "phenopackets", "fhir", "gdc", "redcap", "vendor", "panel", "workbook")
FORMATS = ("auto", "cbioportal", "maf", "vcf", "counts", *CLINICAL, "table", "native", *CLONE_TABLES)


@click.command("import")
@click.argument("format_", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--clinical",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Table of samples (sample id, patient, lesion, type ...) or of patients beside MAF or VCF; may be repeated.",
)
@click.option(
    "--segments",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Copy-number segments of the samples (table or VCF), or purity and ploidy; may be repeated.",
)
@click.option(
    "--fusions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Table of a fusion caller (Arriba, STAR-Fusion, FusionCatcher) or VCF of structural variants; may be "
    "repeated.",
)
@click.option(
    "--coverage",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Least depth of regions (mosdepth's thresholds, Picard per target) or MSIsensor result of a sample; may be "
    "repeated.",
)
@fasta_options
@click.option(
    "--called",
    type=click.Choice(["auto", "yes", "no", "counts"]),
    default="auto",
    show_default=True,
    help="Every row is a call (yes), none is, all were looked at (no), or the assay's thresholds judge the reads "
    "(counts); auto goes by status, FILTER and genotype.",
)
@click.option(
    "--files",
    "manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Table that says whose each file and column is: path, column, sample_id, patient_id, role (tumour, normal, "
    "ignore).",
)
@click.option("--panel", help="Assay of every sample: a known panel (IMPACT468 ...), wes or wgs.")
@click.option(
    "--material",
    type=click.Choice(["tissue", "plasma"]),
    default="tissue",
    show_default=True,
    help="Material of samples of which nothing else is said.",
)
@click.option("--design", type=click.Choice(diseases()), help="Design to write into study.yaml.")
@click.option("--depth", type=click.IntRange(1), help="Reads per site of a LICHeE table, which holds fractions only.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file of `import table`: which column is which of ours, what its words mean.",
)
@click.option(
    "--anchor",
    multiple=True,
    metavar="END_POINT=ANCHOR",
    help="Where the times of an end point of a cBioPortal study start, where its header does not say: OS=sequencing; "
    "anchors: index, diagnosis, sequencing, sample, surgery, treatment. May be repeated.",
)
@click.option("--build", help="Genome build (GRCh37 or GRCh38) where the source does not say.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=None,
    help="Language of intake.html, and of the study's reports (study.yaml).",
)
def import_(
    format_: str,
    source: Path,
    folder: Path,
    clinical: tuple[Path, ...],
    segments: tuple[Path, ...],
    fusions: tuple[Path, ...],
    coverage: tuple[Path, ...],
    fasta: Path | None,
    gff: Path | None,
    called: str,
    panel: str | None,
    material: str,
    design: str | None,
    build: str | None,
    language: str | None,
    depth: int | None,
    anchor: tuple[str, ...],
    manifest: Path | None,
    mapping: Path | None,
) -> None:
    """Turn SOURCE into a study folder DIR, and check it.

    FORMAT is cbioportal (a study folder), maf or vcf (a file, or a folder of files), counts (a table of read
    counts per site and sample, long or wide), sdtm or adam (a folder of CDISC data sets), genie_bpc, omop, fhir,
    phenopackets, gdc or redcap (a file or folder of these), vendor (reports of Foundation Medicine, TSO 500 or Tempus),
    panel (a report with Chinese headers), workbook
    (.xlsx, .xls or .ods with a sheet per table), table (any other, with --mapping), pyclone, pairtree, conipher,
    lichee or phylogicndt (a table or list of these tools), or auto. Nothing is written when the study has an error.
    """
    from dataclasses import replace

    from oncourse.disk.guard import refuse_special
    from oncourse.disk.new import check_new, new_folder
    from oncourse.errors import InputError
    from oncourse.io.aside import checked
    from oncourse.io.carried import add_carried, with_yaml
    from oncourse.io.native import fill_study
    from oncourse.io.reference import reference_of, with_reference
    from oncourse.io.whose.manifest import Question
    from oncourse.study.config import config_from_mapping
    from oncourse.study.first_cause import by_cause

    check_new(folder, [source, *clinical, *segments])
    for path in (source, *clinical, *segments, *fusions, *coverage):
        refuse_special(path)
    reference = reference_of(source, fasta, gff)
    fasta = reference.fasta if reference else None
    try:
        reading = _read(
            format_,
            source,
            clinical=clinical,
            segments=segments,
            fusions=fusions,
            coverage=coverage,
            fasta=fasta,
            called=called,
            panel=panel,
            material=material,
            depth=depth,
            anchor=anchor,
            manifest=manifest,
            mapping=mapping,
            build=build,
        )
    except Question as question:
        _write_manifest(question, folder, source)
        raise
    if source.is_dir():
        add_carried(source, reading)
        reading.config = with_yaml(source, reading.config)
    # a path of the source's study.yaml means nothing beside the new one: whole paths of what named the variants
    models = reference.gff if reference else None
    genome_path, models_path = (str(p.resolve()) if p else "" for p in (fasta, models))
    reading.config = replace(reading.config, fasta=genome_path, gff=models_path)
    given = {k: v for k, v in (("design", design), ("genome_build", build), ("language", language)) if v}
    if given:
        named = config_from_mapping(given, "--design/--build/--language")
        reading.config = replace(reading.config, **{k: getattr(named, k) for k in given})
    with_reference(reading, reference)
    tables, found = checked(reading)
    problems = by_cause([*reading.problems, *found, *reading.ledger.problems()])
    _report(problems, reading)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise InputError(errors)
    reading.ledger.with_times(tables, reading.config)
    with new_folder(folder, [source, *clinical, *segments]) as draft:
        fill_study(draft, tables, replace(reading.config, clocks={}))  # converted once on reading
        _write_intake(draft, source.resolve().name, reading, tables, problems)
    shown = ", ".join(f"{frame.height:,} {name}" for name, frame in tables.items() if frame.height)
    say(f"{folder}: {shown}")


def _read(
    format_: str,
    source: Path,
    *,
    clinical: tuple[Path, ...],
    segments: tuple[Path, ...],
    fusions: tuple[Path, ...],
    coverage: tuple[Path, ...],
    fasta: Path | None,
    called: str,
    panel: str | None,
    material: str,
    depth: int | None,
    anchor: tuple[str, ...],
    manifest: Path | None,
    mapping: Path | None,
    build: str | None,
) -> Reading:
    from oncourse.genome.fasta import Fasta
    from oncourse.io.detect import detect, source_of
    from oncourse.io.reports.mapping import is_panel
    from oncourse.io.reports.vendors import is_vendor
    from oncourse.study.schema import Problem

    source = source_of(source) if format_ == "auto" else source
    kind = detect(source) if format_ == "auto" else format_
    reference = Fasta(fasta) if fasta else None
    if kind == "maf" and not clinical:
        kind = "panel" if is_panel(source) else "vendor" if is_vendor(source) else kind
    given: dict[str, Any] = {
        "--clinical": clinical,
        "--segments": segments,
        "--fusions": fusions,
        "--coverage": coverage,
    }
    given |= {"--panel": panel, "--material": material != "tissue", "--called": called != "auto", "--files": manifest}
    given |= {"--depth": depth, "--anchor": anchor, "--mapping": mapping}
    # of a folder that nobody says the format of, MAF and VCF are read together
    only = None if format_ == "auto" and source.is_dir() and kind in ("maf", "vcf") else kind
    reading = _of_kind(kind, source, reference, given, build=build, called=called, material=material, only=only)
    used = _USED.get(kind, ())
    unused = [option for option, value in given.items() if value and option not in used]
    if unused:
        message = f"`import {kind}` does not use {', '.join(unused)}: what it says is in no table."
        # without its clinical table every sample of a report is a patient of its own
        severity = "error" if kind == "panel" and "--clinical" in unused else "warning"
        cure = (
            "Write the patient, and primary or metastasis, beside each sample of the report (columns patient_id, role), or "
            "both tables into one workbook."
            if severity == "error"
            else "Write it into the tables of the study, or a mapping."
        )
        reading.problems.append(Problem(source.name, None, None, None, message, cure, severity))
    return reading


_OF_FILES = ("--clinical", "--segments", "--fusions", "--coverage", "--panel", "--material", "--called", "--files")
#: Format -> the options that its reader asks for; what is given to another is told.
_USED = {
    **dict.fromkeys(("maf", "vcf", "counts"), _OF_FILES),
    "cbioportal": ("--called", "--anchor"),
    "table": ("--mapping",),
    **dict.fromkeys(CLONE_TABLES, ("--depth",)),
}


def _of_kind(
    kind: str,
    source: Path,
    reference: Fasta | None,
    given: Mapping[str, Any],
    *,
    build: str | None,
    called: str,
    material: str,
    only: str | None,
) -> Reading:
    """Read a source of a known format; `given` are the other options, `only` which files of a folder (null: any)."""
    if kind in ("maf", "vcf", "counts"):
        from oncourse.io.hospital.delivery import read_delivery

        manifest = given["--files"]
        if manifest is None and (source / "files.tsv").is_file():
            manifest = source / "files.tsv"
        return read_delivery(
            [source],
            manifest=manifest,
            clinical=given["--clinical"],
            segments=given["--segments"],
            fusions=given["--fusions"],
            depths=given["--coverage"],
            fasta=reference,
            called=called,
            material=material,
            panel=given["--panel"],
            kind=only,
            build=_build(build),
        )
    if kind in CLONE_TABLES:
        from oncourse.io.clones.studies import read_clone_tables

        return read_clone_tables(kind, source, depth=given["--depth"])
    if kind == "cbioportal":
        from oncourse.io.cbioportal.study import read_cbioportal
        from oncourse.io.clinical.anchors import parse_anchors

        return read_cbioportal(source, fasta=reference, called=called, anchors=parse_anchors(given["--anchor"]))
    if kind in CLINICAL:
        from oncourse.io.formats import CLINICAL as FORMATS_OF

        return FORMATS_OF[kind].read(source)
    if kind == "table":
        from oncourse.errors import InputError
        from oncourse.io.reports.mapping import read_mapped

        mapping = given["--mapping"]
        if mapping is None:
            raise InputError("import table needs --mapping FILE: which column of the table is which of ours.")
        return read_mapped(source, mapping)
    from oncourse.io.native import read_native

    return read_native(source)


def _build(text: str | None) -> str | None:
    """Return the genome build as study.yaml would hold it (hg19 is GRCh37)."""
    from oncourse.study.config import config_from_mapping

    return config_from_mapping({"genome_build": text}, "--build").genome_build if text else None


def _write_intake(
    draft: Path, title: str, reading: Reading, study: Mapping[str, pl.DataFrame], problems: Sequence[Problem]
) -> None:
    """Write what was understood of the source: ``intake.html`` and ``tables/intake/*.tsv``."""
    from oncourse.io.ledger import write_ledger
    from oncourse.report.intake import SAMPLES_TABLE, intake_page, samples_read
    from oncourse.report.intake_known import KNOWN_TABLE, known

    tables = reading.ledger.tables()
    if any(frame.height for frame in tables.values()):
        tables |= {SAMPLES_TABLE.name: samples_read(study), KNOWN_TABLE.name: known(study)}
        write_ledger(tables, draft)
        named, language = reading.config.title or title, reading.config.language
        page = intake_page(tables, named, reading.notes, language, warnings=problems)
        (draft / "intake.html").write_text(page, "utf-8")


def _write_manifest(question: Question, folder: Path, source: Path) -> None:
    """Write what is known of the files beside the folder that was to be made, for the user to fill in; one that is
    there may be filled in already, and stays."""
    path = folder.with_name(f"{folder.name}.files.tsv")
    if path.exists():
        say(f"{path}: is there already and was left as it is. Give it with --files {path}, or remove it.")
        return
    write_text(path, question.manifest.write_csv(separator="\t", quote_style="never", null_value=""), [source])
    say(f"{path}: fill in role (tumour, normal, ignore), correct the samples, and give it with --files {path}.")


def grouped(notes: Sequence[str], most: int = 2) -> list[str]:
    """Return the notes, of those that differ in names and numbers alone the first and a count.

    >>> grouped(["A1.vcf: A1-N is a normal", "B2.vcf: B2-N is a normal", "C3.vcf: C3-N is a normal", "no patients"])
    ['A1.vcf: A1-N is a normal', 'B2.vcf: B2-N is a normal', '... and 1 more of this kind (intake.html)', 'no patients']
    """
    kinds = [re.sub(r"[^\s()]*\d[^\s()]*", "#", note) for note in notes]
    many, shown = Counter(kinds), Counter[str]()
    out = []
    for note, kind in zip(notes, kinds, strict=True):
        shown[kind] += 1
        if shown[kind] <= most:
            out.append(note)
        elif shown[kind] == most + 1:
            out.append(f"... and {many[kind] - most:,} more of this kind (intake.html)")
    return out


def _report(problems: list, reading: Reading) -> None:  # type: ignore[type-arg]
    """Print notes and warnings; of many of one kind the first two and a count."""
    for note in grouped(reading.notes):
        say(f"note: {note}")
    warnings = [p for p in problems if p.severity != "error"]
    kinds = Counter((p.table, p.column, p.cure) for p in warnings)
    shown: Counter[tuple[str, str | None, str]] = Counter()
    for problem in warnings:
        kind = (problem.table, problem.column, problem.cure)
        shown[kind] += 1
        if shown[kind] <= 2:
            say(f"warning: {problem}")
        elif shown[kind] == 3:
            say(f"warning: ... and {kinds[kind] - 2:,} more of this kind (`oncourse check` lists all)")
