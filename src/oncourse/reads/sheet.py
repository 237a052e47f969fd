"""reads.tsv and reads.yaml of a study folder: which files belong to which sample, and what they are read with."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import ConfigError, InputError
from oncourse.io.tabular.text import read_table
from oncourse.reads.sheet_words import day_of, fraction_of, our_names, preservation_of, role_of
from oncourse.study.config import read_yaml
from oncourse.study.schema import Problem, nearest

ROLES = ("normal", "white_cells", "primary", "metastasis", "plasma")
#: Roles whose reads show what the patient was born with.
GERMLINE = ("normal", "white_cells")
MATERIAL = {"primary": "tissue", "metastasis": "tissue"}
ASSAYS = ("wes", "wgs", "panel")
COLUMNS = {
    "patient": "the patient",
    "sample": "the sample; one row per lane or file",
    "role": f"what it is: {', '.join(ROLES)}",
    "lesion": "lesion the tissue is from",
    "day": "day it was taken, from the patient's index date",
    "lane": "lane of the FASTQ files, where there are several",
    "fastq_1": "first reads (.fastq.gz)",
    "fastq_2": "second reads; empty for single reads",
    "bam": "aligned reads instead of FASTQ",
    "cram": "aligned reads instead of FASTQ",
    "assay": f"name of the assay; {', '.join(ASSAYS)} where nothing else is known",
    "umi": "read structure of a molecular identifier: 6M+T (six bases, then the template), 12M16S+T; `tag` where a "
    "BAM file "
    "has it in tag RX; `consensus` where reads are consensus reads of families",
    "preservation": "FFPE, frozen ...",
    "purity": "tumour cell fraction, where a pathologist estimated it",
}
#: The image of the steps (workflow/Dockerfile), for those who run them in containers.
IMAGE = "docker://oncourse-reads:0.1.0"
#: Columns in which the lanes of a sample say the same.
_ALIKE = ("day", "assay", "umi", "preservation", "purity")
UMI = re.compile(r"^(\d+)M(?:(\d+)S)?\+T$")


@dataclass(frozen=True)
class ReadsSample:
    """One sample of reads.tsv with its files."""

    sample: str
    patient: str
    role: str
    lesion: str = ""
    day: int | None = None
    assay: str = "panel"
    umi: str = ""
    preservation: str = ""
    purity: float | None = None
    fastq: tuple[tuple[str, str], ...] = ()
    aligned: str = ""
    line: int = 0

    @property
    def is_germline(self) -> bool:
        """Whether it shows what the patient was born with."""
        return self.role in GERMLINE

    @property
    def counts_families(self) -> bool:
        """Whether molecules are told apart by identifiers (consensus reads are molecules already)."""
        return self.umi not in ("", "consensus")


@dataclass(frozen=True)
class Plan:
    """Everything a run needs: samples, reference, targets; written to reads/plan.json for the steps of the workflow."""

    folder: str
    samples: tuple[ReadsSample, ...]
    fasta: str
    targets: str = ""
    microsatellites: str = ""
    known_sites: str = ""
    gff: str = ""
    callers: tuple[str, ...] = ()
    annotation: str = ""
    annotation_data: str = ""
    multiqc: bool = False
    container: str = IMAGE
    unused: tuple[str, ...] = ()

    def sample(self, name: str) -> ReadsSample:
        """Return one sample."""
        return next(s for s in self.samples if s.sample == name)

    def of_patient(self, patient: str) -> list[ReadsSample]:
        """Return the samples of one patient in the order of reads.tsv."""
        return [s for s in self.samples if s.patient == patient]

    def germline(self, patient: str) -> ReadsSample | None:
        """Return the first sample that shows what a patient was born with; None without one."""
        return next((s for s in self.of_patient(patient) if s.is_germline), None)

    def lesion(self, name: str) -> str | None:
        """Return the lesion of a tissue sample: its name, with the patient where other patients have one of that name.

        One without a name is named by patient and role; null for blood.
        """
        own = self.sample(name)
        if own.role not in MATERIAL:
            return None
        shared = any(s.lesion == own.lesion and s.patient != own.patient and s.role in MATERIAL for s in self.samples)
        if own.lesion and not shared:
            return own.lesion
        return f"{own.patient}-{own.lesion or own.role}"

    @property
    def patients(self) -> list[str]:
        """Patients in the order of reads.tsv."""
        return list(dict.fromkeys(s.patient for s in self.samples))

    def place(self, *parts: str) -> Path:
        """Return a path below reads/ of the study folder."""
        return Path(self.folder, "reads", *parts)

    def bam(self, name: str) -> Path:
        """Return the aligned reads of a sample: the user's, or ours."""
        sample = self.sample(name)
        return Path(sample.aligned) if sample.aligned else self.place("bam", f"{name}.bam")

    def write(self) -> Path:
        """Write reads/plan.json where it differs (its date tells the workflow nothing) and return its path."""
        path = self.place("plan.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1) + "\n"
        if not path.exists() or path.read_text() != text:
            draft = path.with_name(f".{path.name}.{os.getpid()}")  # runs of several patients may write it at once
            draft.write_text(text)
            draft.replace(path)
        return path


def load_plan(path: Path) -> Plan:
    """Read a plan.json."""
    data = json.loads(path.read_text())
    samples = tuple(ReadsSample(**{**s, "fastq": tuple((a, b) for a, b in s["fastq"])}) for s in data.pop("samples"))
    callers, unused = tuple(data.pop("callers")), tuple(data.pop("unused"))
    return Plan(samples=samples, callers=callers, unused=unused, **data)


def read_plan(folder: Path, overrides: Mapping[str, str | None] | None = None) -> Plan:
    """Return the plan of a study folder.

    Parameters
    ----------
    overrides : values from the command line that go before reads.yaml

    Raises
    ------
    InputError : everything that is wrong with reads.tsv, reads.yaml and the files they name, with line and cure
    """
    sheet = folder / "reads.tsv"
    if not sheet.is_file():
        columns = ", ".join(COLUMNS)
        other = next(
            (p.name for p in sorted(folder.glob("reads.*")) if p.suffix in (".csv", ".txt", ".xlsx", ".xls")), ""
        )
        told = f" {other} is not read: save it as tab-separated reads.tsv." if other else ""
        raise InputError(f"{folder}: has no reads.tsv, the table of sequencing files (columns: {columns}).{told}")
    table = read_table(sheet, name="reads")
    problems: list[Any] = [p for p in table.problems if p.severity == "error"]
    theirs = our_names(table.frame.columns)
    frame = table.frame.rename(theirs)
    kept = next((name for name, ours in theirs.items() if ours == "preservation"), None)
    if len(frame.columns) == 1:
        first = frame.columns[0]
        raise InputError(f"reads.tsv: its first line is one column ('{first[:60]}'). Divide the columns by tabs.")
    problems += _wrong_columns(frame)
    settings = _settings(folder, overrides or {}, problems)
    if problems:
        raise InputError(problems)
    rows = [
        {c: (row.get(c) or "").strip() for c in COLUMNS}
        | {"line": line, "preservation": preservation_of((row.get("preservation") or "").strip(), kept)}
        for row, line in zip(frame.iter_rows(named=True), table.lines, strict=True)
    ]
    samples = _samples(rows, folder, problems)
    if not rows:
        problems.append("reads.tsv: has no rows. Name the sequencing files of at least one patient.")
    problems += _whole_study(samples)
    if problems:
        raise InputError(problems)
    unused = tuple(c for c in frame.columns if c not in COLUMNS)
    return Plan(str(folder.resolve()), tuple(samples), unused=unused, **settings)


def _wrong_columns(frame: pl.DataFrame) -> list[Problem]:
    out = []
    for name in ("patient", "sample", "role"):
        if name not in frame.columns:
            strange = ", ".join(c for c in frame.columns if c not in COLUMNS)
            cure = f"Add it, or rename one that is not understood ({strange})." if strange else "Add it."
            out.append(_problem(None, name, f"has no column {name} ({COLUMNS[name]}).", cure))
    for name in frame.columns:
        if name not in COLUMNS and (near := nearest(name, COLUMNS)):
            out.append(_problem(None, name, "is no column of reads.tsv.", f"Did you mean {near}?"))
    return out


def _problem(line: int | None, column: str | None, message: str, cure: str) -> Problem:
    return Problem("reads", line, column, None, message, cure)


#: Keys of reads.yaml that name a file, and those that are words.
_FILES = ("fasta", "targets", "microsatellites", "known_sites", "gff")
_WORDS = ("callers", "annotation", "annotation_data", "multiqc", "container")


def _settings(folder: Path, overrides: Mapping[str, str | None], problems: list[Any]) -> dict[str, Any]:
    """Return the files and words of reads.yaml, the command line's before them."""
    path = folder / "reads.yaml"
    given: dict[str, Any] = {}
    if path.exists():
        try:
            given = read_yaml(path)
        except ConfigError as error:
            problems += error.problems
    known = (*_FILES, *_WORDS)
    for key in given:
        if key not in known:
            near = nearest(key, known, cutoff=0.5)
            problems.append(
                f"reads.yaml: unknown key '{key}'. {f'Did you mean {near}?' if near else 'Known: ' + ', '.join(known)}"
            )
    out: dict[str, Any] = {k: str(v) for k, v in {**given, **_said(overrides)}.items() if k in _FILES and v}
    for key in out:
        base = Path.cwd() if overrides.get(key) else folder
        file = (base / out[key]).resolve()
        if not file.is_file():
            problems.append(
                f"{key}: there is no file {out[key]}. Correct reads.yaml, or give --{key.replace('_', '-')}."
            )
        out[key] = str(file)
    if "fasta" not in out:
        problems.append("no reference: write `fasta: path/to/genome.fa` into reads.yaml, or give --fasta.")
    return out | _words(given, problems)


def _said(overrides: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in overrides.items() if value}


def _words(given: Mapping[str, Any], problems: list[Any]) -> dict[str, Any]:
    """Return callers, annotator, image and whether MultiQC is asked for."""
    from oncourse.reads.callers import CALLERS
    from oncourse.reads.names import PROGRAMS

    asked = given.get("callers") or ()
    callers = tuple(re.split(r"[,;\s]+", asked.strip()) if isinstance(asked, str) else map(str, asked))
    for name in callers:
        if name not in CALLERS:
            problems.append(f"reads.yaml: callers: '{name}' is no caller. Known: {', '.join(CALLERS)}.")
    by, data = (str(given.get(key) or "") for key in ("annotation", "annotation_data"))
    if by and by not in PROGRAMS:
        problems.append(
            f"reads.yaml: annotation: '{by}' is no annotator. Known: {', '.join(PROGRAMS)}; without one the effect "
            "engine names the variants."
        )
    elif by and not data:
        problems.append(f"reads.yaml: annotation: {by} needs annotation_data (snpEff's database, VEP's cache folder).")
    multiqc = given.get("multiqc", False)
    if not isinstance(multiqc, bool):
        problems.append(f"reads.yaml: multiqc: '{multiqc}' is neither true nor false.")
    return {
        "callers": callers,
        "annotation": by,
        "annotation_data": data,
        "multiqc": multiqc is True,
        "container": str(given.get("container") or IMAGE),
    }


def _samples(rows: list[dict[str, Any]], folder: Path, problems: list[Any]) -> list[ReadsSample]:
    found: dict[str, ReadsSample] = {}
    for row in rows:
        one = _sample(row, folder, problems)
        held = found.get(row["sample"])
        if held is None:
            found[row["sample"]] = one
        elif (held.patient, held.role, held.lesion) != (one.patient, one.role, one.lesion):
            message = (
                f"sample {row['sample']} is there twice, as {held.role} of {held.patient} (line {held.line}) and here."
            )
            cure = "A sample has one patient, role and lesion; give another sample another name."
            problems.append(_problem(row["line"], "sample", message, cure))
        elif other := _contradiction(held, one, row):
            message = (
                f"sample {row['sample']}: {getattr(held, other) or 'nothing'} in line {held.line}, {row[other]} here."
            )
            problems.append(
                _problem(row["line"], other, message, "The lanes of a sample are of one library: say it alike.")
            )
        elif held.aligned or one.aligned:
            message = f"sample {row['sample']} has two rows with aligned reads."
            problems.append(
                _problem(row["line"], "sample", message, "Merge the files (samtools merge), or name two samples.")
            )
        else:
            found[row["sample"]] = ReadsSample(**{**asdict(held), "fastq": (*held.fastq, *one.fastq)})
    return list(found.values())


def _contradiction(held: ReadsSample, one: ReadsSample, row: dict[str, Any]) -> str | None:
    """Return the column in which two rows of a sample differ; an empty cell says what the first row says."""
    return next((c for c in _ALIKE if row[c] and getattr(held, c) != getattr(one, c)), None)


def _sample(row: dict[str, Any], folder: Path, problems: list[Any]) -> ReadsSample:
    line = row["line"]

    def wrong(column: str, message: str, cure: str) -> None:
        problems.append(_problem(line, column, message, cure))

    for column in ("patient", "sample"):
        if not row[column]:
            wrong(column, f"no {column} is given.", "Name it.")
        elif not re.match(r"^\w[\w.+-]*$", row[column]):
            cure = "Use letters, digits, '_', '-', '.'; begin with a letter or digit."
            wrong(column, f"'{row[column]}' cannot be part of a file name.", cure)
    role = role_of(row["role"])
    if role not in ROLES:
        is_tumour = role in ("", "t", "tumor", "tumour", "tissue", "local_recurrence", "肿瘤")
        cure = "Say whether the tissue is the primary or a metastasis." if is_tumour else f"One of: {', '.join(ROLES)}."
        wrong("role", f"'{row['role']}' is no role.", cure)
    files = {c: str((folder / row[c]).resolve()) for c in ("fastq_1", "fastq_2", "bam", "cram") if row[c]}
    for column, path in files.items():
        if found := _file_problem(column, row[column], Path(path)):
            wrong(column, *found)
    aligned = files.get("bam") or files.get("cram") or ""
    if (aligned and "fastq_1" in files) or {"bam", "cram"} <= set(files):
        wrong("bam", "both FASTQ and aligned reads are given, or two aligned files.", "Keep one of them.")
    if not aligned and "fastq_1" not in files and not row["fastq_1"]:
        wrong("fastq_1", "no file is given.", "Give fastq_1 (and fastq_2), bam or cram.")
    if files.get("fastq_1") and files.get("fastq_1") == files.get("fastq_2"):
        wrong("fastq_2", "is the same file as fastq_1.", "Give the file of the second reads.")
    if row["umi"] and row["umi"] not in ("tag", "consensus") and not UMI.match(row["umi"]):
        wrong("umi", f"'{row['umi']}' is no read structure.", "Examples: 6M+T, 12M16S+T, tag, consensus.")
    fastq = ((files["fastq_1"], files.get("fastq_2", "")),) if "fastq_1" in files else ()
    return ReadsSample(
        row["sample"],
        row["patient"],
        role,
        row["lesion"],
        _number(row["day"], day_of, "day", wrong),
        row["assay"] or "panel",
        row["umi"],
        row["preservation"],
        _number(row["purity"], fraction_of, "purity", wrong),
        fastq,
        aligned,
        line,
    )


#: First bytes of what is not read, and the program that unpacks it.
_PACKED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}


#: What a name of no file looks like, and the cure.
_NO_FILE = (
    (r"^\w+://", "Files are read from this machine's disks: copy it there."),
    (r"[*?]", "Name each file: a row for each lane."),
    (r"[,;] ?\S", "Name one file in a cell: a row for each lane."),
)


def _file_problem(column: str, given: str, path: Path) -> tuple[str, str] | None:
    """Return what is wrong with a file at the first look, and the cure; None of one that may be read."""
    if path.is_dir():
        return f"{given} is a folder.", "Name the file in it; a row for each lane."
    if not path.is_file():
        cures = (cure for pattern, cure in _NO_FILE if re.search(pattern, given))
        return f"there is no file {given}.", next(cures, "Paths are taken from the study folder, or absolute.")
    if path.stat().st_size == 0:
        return f"{given} is empty (0 bytes).", "Copy it again."
    if set("{}") & set(str(path)):
        return f"{given} has a brace in its path.", "Rename it: braces mean something to the workflow."
    with path.open("rb") as file:
        head = file.read(6)
    is_aligned = path.suffix in (".bam", ".cram", ".sam")
    if column.startswith("fastq") and is_aligned:
        return f"{given} holds aligned reads.", f"Give it in the column {'cram' if path.suffix == '.cram' else 'bam'}."
    if column in ("bam", "cram") and re.search(r"\.f(ast)?q(\.gz)?$", path.name):
        return f"{given} holds unaligned reads.", "Give it in the column fastq_1 or fastq_2."
    if column.startswith("fastq") and head.startswith(b"\x1f\x8b") and path.suffix != ".gz":
        return f"{given} is packed by gzip and not named so.", "Rename it to end in .gz."
    if packer := next((name for first, name in _PACKED.items() if head.startswith(first)), None):
        return f"{given} is packed by {packer}.", "Unpack it, or pack it with gzip."
    return None


_NO_NUMBER = {
    "day": "Give whole days from the patient's index date (no calendar date), or leave it empty.",
    "purity": "Purity is a fraction: 0.6 for 60 %. Leave it empty where it is not known.",
}


def _number(text: str, kind: Any, column: str, wrong: Any) -> Any:
    value = kind(text) if text else None
    if text and value is None:
        wrong(column, f"'{text}' is no number.", _NO_NUMBER[column])
    if column == "purity" and value is not None and not 0 <= value <= 1:
        wrong(column, f"{text} is not between 0 and 1.", "Purity is a fraction: 0.6 for 60 %.")
    return value


def _whole_study(samples: list[ReadsSample]) -> list[Problem]:
    """Return what only shows when all rows are seen together: files used twice, a lesion that is primary and
    metastasis."""
    out, used, roles = [], {}, {}  # type: ignore[var-annotated]
    written: dict[str, str] = {}
    for sample in samples:
        first = written.setdefault(sample.patient.lower(), sample.patient)
        if first != sample.patient:
            message = f"patients {first} and {sample.patient} differ in capitals only."
            out.append(
                _problem(sample.line, "patient", message, "Write one patient one way, or tell two apart better.")
            )
    for sample in samples:
        for path in [p for pair in sample.fastq for p in pair if p] + ([sample.aligned] if sample.aligned else []):
            if path in used:
                twice = used[path] == sample.sample
                message = (
                    f"{Path(path).name} is given {'twice' if twice else f'for {used[path]} and'} for {sample.sample}."
                )
                out.append(_problem(sample.line, "sample", message, "Each file belongs to one sample."))
            used[path] = sample.sample
        held = roles.setdefault((sample.patient, sample.lesion), sample) if sample.lesion else sample
        if {held.role, sample.role} == set(MATERIAL):
            message = f"{sample.lesion} of {sample.patient} is {sample.role} here and {held.role} in line {held.line}."
            out.append(_problem(sample.line, "lesion", message, "Give the two lesions two names, or correct the role."))
    return out
