"""Tables of text that lie somewhere below the folder of the calls: the laboratory's sheet of its samples, and tables of
patients that no reader took."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from oncourse.io.carried import FOLDER as CARRIED
from oncourse.io.clinical.columns_of_ids import ids_among
from oncourse.io.tabular.text import read_table
from oncourse.study.schema import Problem

_ENDS = (".csv", ".tsv", ".txt", ".tab")
#: Bytes and lines of a text in which its header must stand, and the largest sheet of samples (own choice).
_HEAD, _TITLES, _MOST = 16_384, 10, 1 << 24
#: Names of a laboratory's sheet of samples; a list of lanes or of paths is none unless it says each sample once.
_SHEET = re.compile(
    r"(?i)(?:^|[_.\- ])(?:(?:sample|specimen)s?[_.\- ]?(?:sheet|list|info|information|table|manifest|annotation|metadata)|"
    r"(?:lims|lab)[_.\- ]?(?:sheet|export|samples?)|samples|specimens)(?:$|[_.\- ])|"
    r"(?:样本|标本|送检)(?:信息|清单|登记|列表)?表?$"
)
#: So many files are named in one sentence.
_NAMED = 8


def ids_of(path: Path) -> set[str]:
    """Return which ids (``sample_id``, ``patient_id``) a table of text has columns of, by its first lines."""
    if not path.name.lower().endswith(_ENDS):
        return set()
    with path.open("rb") as file:
        data = file.read(_HEAD)
    if b"\0" in data[:64] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return set()
    code = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data[: data.rfind(b"\n")].decode(code) if b"\n" in data else data.decode(code)
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="ignore")
    for line in text.splitlines()[:_TITLES]:
        cells = [c.strip(' "') for c in re.split("[,;\t]", line.lstrip("#"))]
        if len(cells) > 1 and (found := set(ids_among(cells).values())):
            return found
    return set()


def sheet_of_samples(folders: Iterable[Path], calls: Sequence[Path]) -> Path | None:
    """Return the one table below the folders that is called a sheet of samples, says of each sample once whose it is, and
    names samples or patients as the files of the calls do; null where there is none, or more than one."""
    found = []
    for path in (
        p for folder in folders if folder.is_dir() for p in sorted(folder.rglob("*")) if _is_theirs(p, folder)
    ):
        if not (path.is_file() and _SHEET.search(path.stem) and ids_of(path) == {"sample_id", "patient_id"}):
            continue
        if path.stat().st_size > _MOST:
            continue
        table = read_table(path, lenient=True)
        if table.has_errors:
            continue
        columns = {ours: c for c, ours in ids_among(table.frame.columns).items()}
        if set(columns) != {"sample_id", "patient_id"}:
            continue
        samples, people = (table.frame[columns[c]].drop_nulls() for c in ("sample_id", "patient_id"))
        once = len(samples) == samples.n_unique() == table.frame.height == len(people)
        names = [p.name for p in calls]
        if once and any(str(i) and str(i) in name for i in (*samples, *people) for name in names):
            found.append(path)
    return found[0] if len(found) == 1 else None


def _is_theirs(path: Path, top: Path) -> bool:
    """Whether a file below a folder is no table of ours that lies beside the calls (`oncourse.io.carried`)."""
    return CARRIED not in path.relative_to(top).parts[:-1]


def told_unread(left: Iterable[Path], top: Path) -> list[Problem]:
    """Say, a sentence for each folder below `top`, which of the files that are left hold patients: nobody read them."""
    folders: dict[str, list[str]] = {}
    for path in sorted(left):
        if path.parent != top and _is_theirs(path, top) and "patient_id" in ids_of(path):
            folders.setdefault(path.parent.relative_to(top).as_posix(), []).append(path.name)
    cure = (
        "Name them as our tables and lay them beside each other (patients.csv, treatments.csv, labs.csv, follow_up.csv), "
        "or make them the sheets of one workbook in the folder; a table of samples goes with --clinical."
    )
    out = []
    for folder, names in folders.items():
        more = " ..." if len(names) > _NAMED else ""
        message = f"{len(names):,} tables of patients are not read ({', '.join(names[:_NAMED])}{more})."
        out.append(Problem(folder, None, None, None, message, cure, "warning"))
    return out
