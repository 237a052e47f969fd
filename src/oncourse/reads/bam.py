"""Alignment files: what their header says, whether they can be used, and their records as raw bytes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncourse.errors import InputError, ToolError

#: Bytes of records handed on at a time.
_CHUNK = 16 << 20
#: Run in a process of its own, so that the decoding of htslib and our loops share two cores and a pipe.
_VIEW = "import sys, pysam; pysam.samtools.view(*sys.argv[1:], catch_stdout=False)"
_END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


#: An identifier at the end of a read's name, as `_site_kernels._umi_in_name` finds it.
_UMI_NAME = re.compile(r"[^ACGT](?=.{4,}$)[ACGT]+(?:[-+_][ACGT]+)?$")


@dataclass(frozen=True)
class Header:
    """What a BAM or CRAM file says of itself: contigs in order with their lengths, sample names, order of the reads."""

    path: Path
    contigs: tuple[str, ...]
    lengths: tuple[int, ...]
    samples: tuple[str, ...]
    sorted_by: str

    def contig(self, chrom: str) -> str | None:
        """Return the file's own name of a chromosome, written with or without ``chr``; None where it has none."""
        return _names(self.contigs).get(bare_name(chrom))

    def number(self, name: str) -> int:
        """Return the number of a contig by the file's own name."""
        return self.contigs.index(name)


def bare_name(name: str) -> str:
    """Return a contig's name without ``chr``; M is MT."""
    bare = name[3:] if name.lower().startswith("chr") and len(name) > 3 else name
    return "MT" if bare in ("M", "MT") else bare


@cache
def _names(contigs: tuple[str, ...]) -> dict[str, str]:
    return {bare_name(name): name for name in reversed(contigs)}


def read_header(path: Path, *, reference: Path | None = None) -> Header:
    """Return the header of a file that can be read by place.

    Raises
    ------
    InputError : no file, no BAM or CRAM, cut short, not sorted by place or without an index - each with its cure
    """
    import pysam

    if not path.is_file():
        raise InputError(f"{path.name}: there is no such file. Check the path in reads.tsv.")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty (0 bytes). Copy it again, or align the sample again.")
    if _is_bgzf(path) and not _has_end(path):
        raise InputError(
            f"{path.name}: the end of the file is missing: it was cut short while written or copied. Copy it again."
        )
    pysam.set_verbosity(0)
    try:
        with pysam.AlignmentFile(str(path), reference_filename=str(reference) if reference else None) as file:
            head = file.header.to_dict()
            is_cram, has_index = file.is_cram, file.has_index()
            contigs, lengths = tuple(file.references), tuple(file.lengths)
    except (ValueError, OSError) as error:
        raise InputError(f"{path.name}: is no BAM or CRAM file that can be read ({error}).") from None
    if is_cram and reference is None:
        raise InputError(f"{path.name}: a CRAM file is read with the reference it was written with: give --fasta.")
    order = head.get("HD", {}).get("SO", "unknown")
    if order in ("unsorted", "queryname"):
        raise InputError(
            f"{path.name}: reads are not sorted by place ({order}). Sort it: samtools sort -o sorted.bam {path.name}"
        )
    if not contigs:
        raise InputError(f"{path.name}: has no contigs (an unaligned file). Align it first, or give its FASTQ files.")
    if not (is_cram or _is_bgzf(path)):
        cure = f"samtools sort -o {path.stem}.bam {path.name} && samtools index {path.stem}.bam"
        raise InputError(f"{path.name}: is text (SAM), which is not read by place. Make a BAM file: {cure}")
    if not has_index:
        raise InputError(f"{path.name}: has no index. Make one: samtools index {path.name}")
    samples = tuple(dict.fromkeys(group["SM"] for group in head.get("RG", []) if group.get("SM")))
    return Header(path, contigs, lengths, samples, order)


def carries_umis(path: Path, *, reference: Path, n: int = 10_000) -> bool:
    """Return whether any of the first reads of a file has a molecular identifier: tag RX, or the end of its name.

    fastp, UMI-tools and Illumina write it there, behind ``:`` or ``_``.
    """
    import pysam

    with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as file:
        return any(
            read.has_tag("RX") or _UMI_NAME.search(read.query_name or "") is not None
            for read in islice(file.fetch(until_eof=True), n)
        )


def _is_bgzf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _END_OF_FILE[:4]


def _has_end(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_END_OF_FILE)))
        return file.read() == _END_OF_FILE


def records(
    path: Path, regions: Iterable[tuple[str, int, int]] | None = None, *, reference: Path | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Yield the bytes of the records that overlap `regions`, in the order of the file; cut anywhere.

    Parameters
    ----------
    regions : contig (the file's own name), first and end, 0-based half open; None: every record
    reference : FASTA a CRAM file needs
    """
    with tempfile.TemporaryDirectory(prefix="oncourse-") as folder:
        arguments = ["-u", "--no-PG"]
        if reference is not None and path.suffix == ".cram":
            arguments += ["-T", str(reference)]
        if regions is not None:
            bed = Path(folder) / "sites.bed"
            bed.write_text("".join(f"{name}\t{first}\t{end}\n" for name, first, end in regions))
            arguments += ["-M", "-L", str(bed)]
        errors = Path(folder) / "errors"
        with errors.open("wb") as log:
            command = [sys.executable, "-c", _VIEW, *arguments, str(path)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout is not None
            yield from _without_header(_inflated(process.stdout))
            failed = process.wait()
        finally:
            process.kill()
            process.wait()
        said = errors.read_text(errors="replace").strip()
        if failed or "truncat" in said.lower():
            last = said.splitlines()[-1] if said else f"exit code {failed}"
            raise ToolError(f"{path.name}: could not be read to its end ({last}). {_cure(path)}")


def _cure(path: Path) -> str:
    if path.suffix == ".cram":
        return "Is the reference the one it was written with? If it is, copy the file again."
    return f"Is its index its own (samtools index {path.name} makes it anew)? If it is, copy or align the file again."


def _inflated(pipe: object) -> Iterator[bytes]:
    """Yield the contents of BGZF blocks, joined to pieces of about `_CHUNK` bytes."""
    packed, out, size = b"", [], 0
    while True:
        new = pipe.read(4 << 20)  # type: ignore[attr-defined]
        packed += new
        at = 0
        while at + 18 <= len(packed):
            length = int.from_bytes(packed[at + 16 : at + 18], "little") + 1
            if at + length > len(packed):
                break
            piece = zlib.decompress(packed[at + 18 : at + length - 8], wbits=-15)
            out.append(piece)
            size += len(piece)
            at += length
        packed = packed[at:]
        if size >= _CHUNK or not new:
            yield b"".join(out)
            out, size = [], 0
        if not new:
            return


def _without_header(pieces: Iterator[bytes]) -> Iterator[NDArray[np.uint8]]:
    head = b""
    for piece in pieces:
        head += piece
        start = _header_length(head)
        if start is not None:
            yield np.frombuffer(head[start:], np.uint8)
            break
    for piece in pieces:
        yield np.frombuffer(piece, np.uint8)


def _header_length(data: bytes) -> int | None:
    """Return the bytes of a BAM header, None where they are not all there yet."""

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 4], "little")

    if len(data) < 12 or len(data) < (at := 8 + number(4)) + 4:
        return None
    n_contigs, at = number(at), at + 4
    for _ in range(n_contigs):
        if len(data) < at + 4 or len(data) < at + 8 + number(at):
            return None
        at += 8 + number(at)
    return at
