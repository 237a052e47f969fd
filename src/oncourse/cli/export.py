"""`oncourse export STUDY --format cbioportal|phenopackets|workbook|maf|vcf|pyclone|pairtree|conipher|lichee --out DIR`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import end_progress, progress_line


@click.command()
@click.argument("study", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "kind",
    required=True,
    type=click.Choice(
        ["cbioportal", "phenopackets", "workbook", "maf", "vcf", "pyclone", "pairtree", "conipher", "lichee"]
    ),
    help="What to write.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder (workbook: .xlsx file; maf: file) to write."
)
@click.option("--study-id", default=None, help="cBioPortal identifier (default: from the folder's name).")
@click.option(
    "--clonality",
    is_flag=True,
    help="cBioPortal: presence, clonality, cell fractions and copies (ASCN columns; slower).",
)
@click.option(
    "--germline",
    is_flag=True,
    help="cBioPortal: germline variants, normals and white cells too, in the folder `oncourse`, which a portal does not "
    "read.",
)
def export(study: Path, kind: str, out: Path, study_id: str | None, clonality: bool, germline: bool) -> None:
    """Write STUDY as a cBioPortal study folder (with timelines), as GA4GH Phenopackets v2, one JSON per patient, or as
    one workbook (.xlsx), a sheet per table; its calls alone as one MAF, or as VCF files, one per patient.

    pyclone, pairtree, conipher and lichee: the input table of that tool, one per patient (Pairtree with our clusters).
    """
    from oncourse.cohort import Cohort
    from oncourse.derive.status.variants import called_rows
    from oncourse.disease import tumour_of
    from oncourse.disk.new import check_new, new_folder
    from oncourse.io import load_study

    check_new(out, [study])
    progress = progress_line()
    progress("reading the study")
    loaded = load_study(study)
    if kind == "phenopackets":
        from oncourse.io.export.phenopackets import write_phenopackets

        rows = loaded["patients"].select("patient_id", "disease", "primary_site").iter_rows()
        tumours = {p: tumour_of(f"{d or ''} {s or ''}") or tumour_of(loaded.config.disease) for p, d, s in rows}
        with new_folder(out, [study]) as draft:
            count = write_phenopackets(loaded, draft, called_rows(loaded), tumours=tumours)
        end_progress()
        say(f"{count} phenopackets: {out}")
        return
    if kind == "workbook":
        from oncourse.disk.file import replaced_file
        from oncourse.io.export.workbook import export_workbook

        with replaced_file(out, [study]) as draft:
            rows_of = export_workbook(loaded, draft)
        end_progress()
        say("\n".join(f"{n:>9,} rows  {out}: {sheet}" for sheet, n in rows_of.items()))
        return
    if kind == "maf":
        from oncourse.disk.file import replaced_file
        from oncourse.io.export.maf import export_maf

        with replaced_file(out, [study]) as draft:
            count = export_maf(loaded, draft, called_rows(loaded))
        end_progress()
        say(f"{count:>9,} rows  {out}")
        return
    if kind == "vcf":
        from oncourse.genome.fasta import Fasta
        from oncourse.io.export.vcf import export_vcf
        from oncourse.io.reference import reference_of

        reference = reference_of(study, None, None)
        fasta = Fasta(reference.fasta) if reference and reference.fasta else None
        with new_folder(out, [study]) as draft:
            files, n_left = export_vcf(loaded, draft, called_rows(loaded), fasta=fasta)
        end_progress()
        say("\n".join(f"{n:>9,} records  {out / file}" for file, n in files.items()))
        if n_left:
            say(f"{n_left:>9,} calls are named by gene and change alone: in no VCF")
        return
    if kind != "cbioportal":
        from oncourse.io.clones.studies import export_clone_tables

        with new_folder(out, [study]) as draft:
            said = export_clone_tables(Cohort(loaded).clusters.patients, kind, draft)
        end_progress()
        say("\n".join([*said, f"{len(said)} patients: {out}"]))
        return
    from oncourse.derive.clones.clusters import clonality_frame
    from oncourse.io.export.cbioportal import export_cbioportal

    cohort = Cohort(loaded)
    table = cohort.presence_or_none if clonality else None
    name = study_id or re.sub(r"\W+", "_", study.resolve().name).strip("_").lower()
    with new_folder(out, [study]) as draft:
        written = export_cbioportal(
            loaded,
            draft,
            study_id=name,
            called=called_rows(loaded),
            clonality=None if table is None else table.cells,
            clones=clonality_frame(cohort.clusters) if clonality else None,
            germline=germline,
        )
    end_progress()
    for file, rows_written in written.items():
        say(f"{rows_written:>9,} rows  {out / file}")
