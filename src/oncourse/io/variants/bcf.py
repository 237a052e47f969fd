"""Files that hold what a VCF holds, as VCF: BCF through bcftools, where it is installed, and JSON of annotators."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from oncourse.errors import InputError
from oncourse.io.variants.annotated_json import is_annotated_json, vcf_text


def is_bcf(path: Path) -> bool:
    """Whether a file is a BCF by its name."""
    return path.name.lower().endswith((".bcf", ".bcf.gz"))


@contextmanager
def as_vcf(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give the paths with each BCF or JSON as a VCF of the same name and folder name, which is gone afterwards.

    Raises
    ------
    InputError : bcftools is not there, or does not read the file
    """
    if not any(is_other_vcf(p) for p in paths):
        yield list(paths)
        return
    with TemporaryDirectory() as folder:
        yield [_converted(p, Path(folder)) if is_other_vcf(p) else p for p in paths]


def is_other_vcf(path: Path) -> bool:
    """Whether a file holds the records of a VCF in another form: BCF, or VEP's or Nirvana's JSON."""
    return is_bcf(path) or is_annotated_json(path)


def _converted(path: Path, folder: Path) -> Path:
    if not is_bcf(path):
        out = _place(path, folder, r"(?i)\.jsonl?(\.gz)?$")
        out.write_text(vcf_text(path), encoding="utf-8")
        return out
    program = shutil.which("bcftools")
    cure = f"Turn it into a VCF: bcftools view {path.name} -Oz -o {path.stem}.vcf.gz."
    if program is None:
        raise InputError(f"{path.name}: this is a BCF file, and bcftools is not installed here. {cure}")
    out = _place(path, folder, r"(?i)\.bcf(\.gz)?$")
    done = subprocess.run(
        [program, "view", str(path), "-Ov", "-o", str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{path.name}: bcftools does not read it ({' '.join(done.stderr.split())[-200:]}). {cure}")
    return out


def _place(path: Path, folder: Path, ending: str) -> Path:
    """Return where the VCF of a file goes: its name and the name of its folder are kept."""
    stem = re.sub(ending, "", path.name)
    out = folder / (path.resolve().parent.name or "folder") / f"{stem}.vcf"
    out.parent.mkdir(exist_ok=True)
    return out
