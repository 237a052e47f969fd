"""Names of samples that every patient's file uses (T1, R2, 1, D01): whose they are the file or its folder says.

``P1.vcf`` and ``P2.vcf``, each with a column T1, hold two people's tumours; read by the column alone they were one sample.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from oncourse.io.whose.manifest import Column, Question
from oncourse.io.whose.sample_names import is_generic, is_lesion_word, is_step, is_tumour_word, own_name

#: Folders above a file that are looked at.
_LEVELS = 3
#: Names of parts of the data, not of people: a sample may stand in several.
_OF_RUNS = re.compile(
    r"(?i)^(batch|run|part|set|chunk|shard|lane|rep(licate)?|panel|pool|plate|flow_?cell|cohort|study|cent(er|re)|site|"
    r"v(ersion)?|ver|chr|caller|vcf|maf|file|block|split|group|data|gene(s|set)?|hg|grch|wes|wgs|wxs|exomes?|genomes?|[dr]na|"
    r"old|new|backup|archive|test|train|te?mp|input|rerun|repeat|first|second|third|批次|批|组)[_. -]?\d*[a-z]?$"
)


def owner_of_file(path: Path, sample: str) -> str | None:
    """Return the person whom a file or one of its folders names beside `sample`; null where they name nobody, or name the
    sample itself with more or less.

    >>> [owner_of_file(Path(p), "R1") for p in ("PR10.mutect2.vcf", "PT01/R1.vcf", "mutect2/calls.vcf", "chr1.vcf")]
    ['PR10', 'PT01', None, None]
    >>> owner_of_file(Path("P1.vcf"), "P1_T1"), owner_of_file(Path("run2.vcf"), "T1"), owner_of_file(Path("P1_R1.vcf"), "R1")
    (None, None, 'P1')
    """
    for name in (own_name(path), *(p.name for p in list(path.parents)[:_LEVELS])):
        name = re.sub(rf"(?<=.)[_.\- ]{re.escape(sample)}$", "", name)  # P1_T1.vcf, whose column is T1
        if name == sample or is_step(name) or is_generic(name) or is_lesion_word(name):
            continue
        if re.fullmatch("[A-Za-z]?", name) or _OF_RUNS.match(name) or _within(sample, name) or _within(name, sample):
            return None
        return name
    return None


def _within(part: str, whole: str) -> bool:
    """Whether a name is one of the parts of another (R1 of P1_R1, not T1 of PT10)."""
    return re.search(rf"(^|[_.\- ]){re.escape(part)}($|[_.\- ])", whole) is not None


def several_people(owners: Iterable[tuple[str, Path]]) -> dict[str, dict[Path, str]]:
    """Return sample -> file -> person, of the samples that stand in files of several people: every one of the files names
    somebody, in names that are alike but for their numbers (P1, P2); of a lesion in any names (WANG, LI). A lesion that
    only one of these people has is among them.

    >>> several_people([("T1", Path("P1.vcf")), ("T1", Path("P2.vcf"))])["T1"]
    {PosixPath('P1.vcf'): 'P1', PosixPath('P2.vcf'): 'P2'}
    >>> several_people([("T1", Path("P1.vcf")), ("T1", Path("mutect2.vcf"))]), several_people([("T1", Path("P1.vcf"))])
    ({}, {})
    """
    files: dict[str, dict[Path, str | None]] = {}
    for sample, path in owners:
        files.setdefault(sample, {})[path] = None
    out: dict[str, dict[Path, str]] = {}
    for sample, of in files.items():
        if len(of) < 2:
            continue
        named = {path: owner_of_file(path, sample) for path in of}
        people = {path: owner for path, owner in named.items() if owner}
        may = len(people) == len(of) and len(set(people.values())) > 1
        if may and (_are_numbered(people.values()) or is_lesion_word(sample)):
            out[sample] = people
    everyone = {owner for sample, mine in out.items() if is_lesion_word(sample) for owner in mine.values()}
    for sample in [s for s in files if s not in out and is_lesion_word(s)]:  # PT01/R2.vcf beside PT01/R1.vcf
        owned = {path: owner for path in files[sample] if (owner := owner_of_file(path, sample)) and owner in everyone}
        out |= {sample: owned} if owned else {}
    return out


def _are_numbered(people: Collection[str]) -> bool:
    """Whether names are alike but for their numbers: P1 and P2."""
    return (len({re.sub(r"\d+", "0", owner) for owner in people}) == 1 and len(set(people)) > 1) or len(
        set(people)
    ) == 1


def with_their_patients(rows: pl.DataFrame, known: Collection[str] = ()) -> tuple[pl.DataFrame, str]:
    """Return rows (sample_id, patient_id) in which a name that every patient uses (T1, R2, Tumor), and that stands under
    several patients, is each one's own sample; and that in words, empty where nothing was done.

    >>> rows = {"patient_id": ["P1", "P2", "P1", "P2"], "sample_id": ["T1", "T1", "T2", "S9"]}
    >>> with_their_patients(pl.DataFrame(rows))[0]["sample_id"].to_list()
    ['P1_T1', 'P2_T1', 'P1_T2', 'S9']
    >>> rows = {"patient_id": ["P1", "P2"], "sample_id": ["Tumor", "Tumor"]}
    >>> with_their_patients(pl.DataFrame(rows))[0]["sample_id"].to_list()
    ['P1', 'P2']
    """
    if not {"sample_id", "patient_id"} <= set(rows.columns):
        return rows, ""
    pairs = rows.select("sample_id", "patient_id").drop_nulls().unique()
    shared = pairs.filter(pl.col("sample_id").is_duplicated())["sample_id"].unique()
    nobody = [s for s in shared if s not in known and (is_generic(s) or is_lesion_word(s))]
    if not nobody or len(nobody) < len(shared):
        return rows, ""
    others = [s for s in pairs["sample_id"].unique() if is_lesion_word(s) and s not in known]
    own, owner = pl.col("sample_id"), pl.col("patient_id")
    words = sorted(s for s in nobody if is_tumour_word(s))
    name = pl.when(own.is_in(words)).then(owner).otherwise(owner + "_" + own)
    named = pl.when(own.is_in([*nobody, *others]) & owner.is_not_null()).then(name).otherwise(own)
    said = f"{', '.join(sorted(nobody)[:5])}: a name that several patients have is each one's own sample"
    return rows.with_columns(named.alias("sample_id")), said


def ask_of_people(columns: Sequence[Column], of: dict[str, dict[Path, str]]) -> None:
    """Raise a question where a name that is none of a lesion stands in files of several people, or a lesion in files whose
    names may be people's (WANG, LI)."""
    open_ = sorted(
        sample for sample, people in of.items() if not is_lesion_word(sample) or not _are_numbered(people.values())
    )
    if not open_:
        return
    files = ", ".join(f"{path.parent.name}/{path.name}".lstrip("/") for path in list(of[open_[0]])[:3])
    raise Question(
        f"{open_[0]} stands in {files}: one sample, or another patient's in each file? Confirm the manifest (--files).",
        [
            replace(c, sample_id=f"{owner}_{c.sample_id}", patient_id=owner, role="open")
            if c.sample_id in open_ and (owner := of[c.sample_id].get(c.path))
            else c
            for c in columns
        ],
    )


def by_people(columns: Sequence[Column], known: Collection[str]) -> list[Column]:
    """Return the columns with a sample for each person where one name of a lesion (T1, R2) stands in files of several.

    Raises
    ------
    Question : another name stands in files of several people
    """
    mine = [c for c in columns if c.role == "tumour" and c.why == "column" and c.sample_id not in known]
    mine = [c for c in mine if not c.patient_id or c.patient_id == c.sample_id]
    of = several_people((c.sample_id, c.path) for c in mine)
    ask_of_people(columns, of)
    return [
        replace(c, sample_id=f"{of[c.sample_id][c.path]}_{c.sample_id}", patient_id=of[c.sample_id][c.path], why=_WHY)
        if c in mine and c.sample_id in of
        else c
        for c in columns
    ]


_WHY = "file name and column"
