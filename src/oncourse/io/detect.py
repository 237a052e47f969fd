"""What kind of study is this? The front door of the readers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from oncourse.errors import InputError
from oncourse.genome.fasta import Fasta
from oncourse.io.carried import add_carried, with_yaml
from oncourse.io.formats import CLINICAL, known
from oncourse.io.reading import Reading
from oncourse.io.signatures import document, is_of_clones, named, of_program
from oncourse.io.variants.annotated_json import is_annotated_json
from oncourse.io.variants.annovar import is_multianno

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
        from oncourse.io.cbioportal.folder import is_cbioportal
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
        if one := lone_table(path):
            return detect(one)
        seen = ", ".join(sorted(names)[:8]) or "nothing"
        from oncourse.io.hospital.books import refusal
        from oncourse.io.hospital.workbook import kind_of

        if hint := refusal(path, kind_of) or _hint(path):
            raise InputError(hint)
        programs = [f"{p.name}: {said}" for p in sorted(path.iterdir()) if p.is_file() and (said := of_program(p))]
        general = (
            f"{path}: is no study folder (it holds: {seen}). A study folder has patients.tsv, samples.tsv and "
            "calls.tsv (`oncourse new` makes one); cBioPortal folders, MAF and VCF files are read too, "
            f"and {', '.join(CLINICAL)}; any other table with `oncourse import table FILE DIR --mapping map.yaml`."
        )
        raise InputError([general, *programs[:5]])
    return _of_file(path)


def _of_file(path: Path) -> str:
    from oncourse.io.variants.calls import is_vcf

    name = re.sub(r"\.b?gz$", "", path.name.lower())
    if name.endswith((".vcf", ".bcf")) or is_vcf(path) or is_annotated_json(path):
        return "vcf"
    if name.endswith(".maf") or is_multianno(path):
        return "maf"
    if (kind := known(path)) and not (kind == "panel" and named(_raw_header(path))):
        return kind
    from oncourse.io.tabular.text import has_sam_header, read_table
    from oncourse.io.variants import torrent
    from oncourse.io.variants.maf import lacking_with_places, looks_like_maf
    from oncourse.io.variants.tool_columns import with_tool_columns

    if said := document(path):
        raise InputError(f"{path.name}: {said}")
    table = read_table(path, comment="@" if has_sam_header(path) else "#", lenient=True)
    table = replace(table, frame=with_tool_columns(table.frame))
    if looks_like_maf(table.frame.columns) and not is_of_clones(table.frame.columns):
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


#: Ends of names of files that may be a table.
_TABLES = (".tsv", ".txt", ".csv", ".tab", ".xlsx", ".xls", ".ods", ".ssm", ".sif")
_NO_DATA = re.compile(r"(?i)^(readme|licen[cs]e|changelog|files\.tsv|\.|~|md5|checksum)|dictionary")


def _tables(folder: Path) -> list[Path]:
    """Return the files at the top of a folder that may be tables of data."""
    files = (p for p in sorted(folder.iterdir()) if p.is_file() and not _NO_DATA.search(p.name))
    return [p for p in files if p.name.lower().removesuffix(".gz").endswith(_TABLES)]


def lone_table(folder: Path) -> Path | None:
    """Return the one table of a folder that holds nothing else that is known here; null where there are several."""
    found = _tables(folder)
    return found[0] if len(found) == 1 else None


def source_of(path: Path) -> Path:
    """Return what is read of a path: the lone table of a folder that is no study and no result tree, else itself."""
    from oncourse.io.cbioportal.folder import is_cbioportal
    from oncourse.io.native import is_native

    if not path.is_dir() or is_native(path) or is_cbioportal(path) or known(path):
        return path
    from oncourse.io.tree import look_into

    return path if look_into(path).calls else lone_table(path) or path


def _hint(folder: Path) -> str | None:
    """Return which of the tables of a folder holds the calls, and the command that reads it; null where that is not
    one."""
    calls: list[Path] = []
    rest: list[Path] = []
    for path in _tables(folder)[:20]:
        try:
            kind = detect(path)
        except InputError:
            kind = ""
        (calls if kind in ("maf", "vcf", "panel", "vendor") else rest).append(path)
    clones = [p for p in rest if is_of_clones(_raw_header(p))]
    if clones and not calls:
        said = named(_raw_header(clones[0]))
        more = f" (and {len(clones) - 1} more)" if len(clones) > 1 else ""
        return f"{folder}: {clones[0].name}{more}: {said}"
    if len(calls) != 1:
        return None
    more = " ".join(f"--clinical {p}" for p in rest[:3])
    return (
        f"{folder}: is no study folder; of its tables {calls[0].name} holds the calls. Give it: "
        f"`oncourse import auto {calls[0]} DIR{' ' + more if more else ''}` (--segments for copies, --coverage for depths)."
    )


def _raw_header(path: Path) -> list[str]:
    """Return the header of a table whose header line starts with #."""
    from oncourse.io.tabular.text import has_sam_header, read_table

    return read_table(path, comment="@" if has_sam_header(path) else "##", lenient=True).frame.columns


def read_any(path: Path, *, fasta: Path | None = None) -> Reading:
    """Read a study in any known format; a study.yaml beside foreign files says what those do not.

    Parameters
    ----------
    fasta : reference genome, for the left alignment of indels

    Raises
    ------
    InputError : the format is not known, or the source cannot be read at all
    """
    folder, path = path, source_of(path)
    kind = detect(path)
    reference = Fasta(fasta) if fasta else None
    if kind == "native":
        from oncourse.io.native import read_native

        return read_native(path, fasta=reference)
    if kind == "cbioportal":
        from oncourse.io.cbioportal.study import read_cbioportal

        reading = read_cbioportal(path, fasta=reference)
    elif kind in CLINICAL:
        reading = CLINICAL[kind].read(path)
    else:
        from oncourse.io.hospital.delivery import read_delivery

        reading = read_delivery([path], fasta=reference)
    if folder.is_dir():
        add_carried(folder, reading)
        reading.config = with_yaml(folder, reading.config)
    return reading
