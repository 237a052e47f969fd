"""The beginning of a VCF, read within bounds: what says whose its columns are."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from oncourse.disk.unpack import head_lines
from oncourse.io.tabular.text import read_table


@dataclass(frozen=True)
class Start:
    """The beginning of a VCF: sample columns, header lines, INFO of the first record.

    ``file``: the file itself, where ``path`` is another name for it that says whose it is.
    """

    path: Path
    columns: tuple[str, ...]
    comments: tuple[str, ...] = ()
    info: str = ""
    file: Path | None = None


def vcf_start(path: Path) -> Start:
    """Read the header and the first record of a VCF; no columns where it is none."""
    comments: list[str] = []
    columns: tuple[str, ...] = ()
    try:
        for line in head_lines(path):
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            if columns:
                return Start(path, columns, tuple(comments), (text.split("\t") + [""] * 8)[7])
            if text.startswith("#CHROM"):
                columns = tuple(c.strip() for c in text.split("\t")[9:] if c.strip())
            elif text.startswith(("##", '"##')):
                comments.append(text)
            elif text:
                break
    except (OSError, EOFError, zlib.error):
        return Start(path, columns, tuple(comments))
    return Start(path, columns, tuple(comments)) if columns else _start_of_text(path)


def _start_of_text(path: Path) -> Start:
    """Read the beginning of a VCF of another encoding or other line ends as `read_table` reads its rows."""
    table = read_table(path, comment="##", lenient=True)
    columns = tuple(c for c in table.frame.columns[9:] if c) if table.frame.columns[:1] == ["#CHROM"] else ()
    info = table.frame["INFO"].head(1).to_list() if columns and "INFO" in table.frame.columns else []
    return Start(path, columns, table.comments, (info or [None])[0] or "")
