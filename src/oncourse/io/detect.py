"""What kind of study is this? The front door of the readers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.annotated_json import is_annotated_json
from oncourse.io.annovar import is_multianno
from oncourse.io.carried import add_carried, with_yaml
from oncourse.io.formats import CLINICAL, known
from oncourse.io.reading import Reading
from oncourse.io.signatures import document, named

#: Formats a path may be in, with the words `oncourse import` shows.
FORMATS = {
    "native": "study folder of oncourse",
    "cbioportal": "cBioPortal study folder",
    "maf": "MAF file",
    "vcf": "VCF file, or folder of VCF files",
    **{name: one.words for name, one in CLINICAL.items()},
}


def detect(path: Path) -> str:
    """Return the format of a file or folder, a name of `FORMATS`.

    Raises
    ------
    InputError : it is none of these; the message says what a study looks like
    """
    if not path.exists():
        raise InputError(f"{path}: does not exist.")
    if path.is_dir():
        from oncourse.io.cbioportal import is_cbioportal
        from oncourse.io.native import is_native

        if is_native(path):
            return "native"
        if is_cbioportal(path):
            return "cbioportal"
        if kind := known(path):
            return kind
        names = [p.name.lower() for p in path.iterdir()]
        if any(n.endswith((".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")) for n in names):
            return "vcf"
        if any(n.endswith((".maf", ".maf.gz", "_multianno.txt", "_multianno.txt.gz")) for n in names):
            return "maf"
        from oncourse.io.tree import look_into

        below = look_into(path).calls
        if below:
            return "vcf" if any(".vcf" in p.name.lower() for p in below) else "maf"
        seen = ", ".join(sorted(names)[:8]) or "nothing"
        raise InputError(
            f"{path}: is no study folder (it holds: {seen}). A study folder has patients.tsv, samples.tsv and "
            "calls.tsv (`oncourse new` makes one); cBioPortal folders, MAF and VCF files are read too, "
            f"and {', '.join(CLINICAL)}; any other table with `oncourse import table FILE DIR --mapping map.yaml`."
        )
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".vcf", ".bcf")) or is_annotated_json(path):
        return "vcf"
    if name.endswith(".maf") or is_multianno(path):
        return "maf"
    if kind := known(path):
        return kind
    from oncourse.io import torrent
    from oncourse.io.maf import lacking_with_places, looks_like_maf
    from oncourse.io.text import read_table
    from oncourse.io.tool_columns import with_tool_columns

    if said := document(path):
        raise InputError(f"{path.name}: {said}")
    table = read_table(path, lenient=True)
    table = replace(table, frame=with_tool_columns(table.frame))
    if looks_like_maf(table.frame.columns):
        return "maf"
    if said := named(table.frame.columns) or named(_raw_header(path)):
        raise InputError(f"{path.name}: {said}")
    # a table of one sample, or asked about where it is read; programs of the Torrent have their own columns
    if lacking_with_places(table.frame) in ([], ["sample_id"]) or torrent.as_maf(table, path) is not None:
        return "maf"
    raise InputError(
        [
            *[p for p in table.problems if p.severity == "error"],
            f"{path.name}: is neither a study folder nor a MAF or VCF file; any other table is read with "
            "`oncourse import table FILE DIR --mapping map.yaml`.",
        ]
    )


def _raw_header(path: Path) -> list[str]:
    """Return the header of a table whose header line starts with #."""
    from oncourse.io.text import read_table

    return read_table(path, comment="##", lenient=True).frame.columns


def read_any(path: Path, *, fasta: Path | None = None) -> Reading:
    """Read a study in any known format; a study.yaml beside foreign files says what those do not.

    Parameters
    ----------
    fasta : reference genome, for the left alignment of indels

    Raises
    ------
    InputError : the format is not known, or the source cannot be read at all
    """
    kind = detect(path)
    reference = Fasta(fasta) if fasta else None
    if kind == "native":
        from oncourse.io.native import read_native

        return read_native(path, fasta=reference)
    if kind == "cbioportal":
        from oncourse.io.cbioportal import read_cbioportal

        reading = read_cbioportal(path, fasta=reference)
    elif kind in CLINICAL:
        reading = CLINICAL[kind].read(path)
    else:
        from oncourse.io.delivery import read_delivery

        reading = read_delivery([path], fasta=reference)
    if path.is_dir():
        add_carried(path, reading)
        reading.config = with_yaml(path, reading.config)
    return reading
