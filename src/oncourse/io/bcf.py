"""BCF files through bcftools, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from oncourse.errors import InputError


def is_bcf(path: Path) -> bool:
    """Whether a file is a BCF by its name."""
    return path.name.lower().endswith((".bcf", ".bcf.gz"))


@contextmanager
def as_vcf(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give the paths with each BCF as a VCF of the same name and folder name, which is gone afterwards.

    Raises
    ------
    InputError : bcftools is not there, or does not read the file
    """
    if not any(is_bcf(p) for p in paths):
        yield list(paths)
        return
    with TemporaryDirectory() as folder:
        yield [_converted(p, Path(folder)) if is_bcf(p) else p for p in paths]


def _converted(path: Path, folder: Path) -> Path:
    program = shutil.which("bcftools")
    cure = f"Turn it into a VCF: bcftools view {path.name} -Oz -o {path.stem}.vcf.gz."
    if program is None:
        raise InputError(f"{path.name}: this is a BCF file, and bcftools is not installed here. {cure}")
    stem = re.sub(r"(?i)\.bcf(\.gz)?$", "", path.name)
    out = folder / (path.resolve().parent.name or "folder") / f"{stem}.vcf"
    out.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        [program, "view", str(path), "-Ov", "-o", str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{path.name}: bcftools does not read it ({' '.join(done.stderr.split())[-200:]}). {cure}")
    return out
