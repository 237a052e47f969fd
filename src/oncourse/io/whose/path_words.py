"""What the path of a file says of the samples in it, where several files name the same patients: P1 in ``tumour/P1.vcf`` and
``normal/P1.vcf``, P1 and P2 in ``primary.maf`` and ``plasma.maf``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from oncourse.io.whose.manifest import Column, Question
from oncourse.io.whose.sample_names import (
    IS_NORMAL,
    is_generic,
    is_lesion_word,
    is_step,
    is_time_word,
    is_tumour_word,
    own_name,
    without_lane,
)
from oncourse.study.schema import Problem

#: Folders above a file that are looked at.
_LEVELS = 3


def word_of(path: Path, sample: str) -> str | None:
    """Return the word for a normal, a lesion, a material or a time by which a file or its folders name what they hold of
    `sample`; "" where they say tumour and no more, null where they say nothing.

    >>> [word_of(Path(p), "P1") for p in ("normal_P1.vcf", "P1.liver.vcf", "plasma.maf", "P1/2021-03-01/calls.vcf")]
    ['normal', 'liver', 'plasma', '2021-03-01']
    >>> word_of(Path("tumor/P1.vcf"), "P1"), word_of(Path("mutect2/P1.vcf"), "P1")
    ('', None)
    """
    name = own_name(path)
    rest = name.replace(sample, "", 1) if sample in name else name
    for text in (rest, *(p.name for p in list(path.parents)[:_LEVELS])):
        word = text.strip("_.- ")
        if IS_NORMAL.match(word) or is_lesion_word(word):
            return word
        if is_tumour_word(word):
            return ""
        if word and word != sample and not is_step(word):
            return None
    return None


def _several(owners: Iterable[tuple[str, Path]]) -> dict[tuple[str, Path], str]:
    """Return (sample, file) -> word, of the samples whose files say that they hold different things of it."""
    words: dict[str, dict[Path, str | None]] = {}
    for sample, path in owners:
        words.setdefault(sample, {})[path] = word_of(path, sample)
    for of in words.values():
        _with_times(of)
    return {
        (sample, path): word
        for sample, of in words.items()
        if len({w.lower() if w else w for w in of.values()}) > 1
        for path, word in of.items()
        if word
    }


def _with_times(words: dict[Path, str | None]) -> None:
    """Add the time of its folder to a word that files of several times share: plasma of two days is two samples.

    >>> words = {Path(f"P1/{day}/plasma.vcf"): "plasma" for day in ("2021-03-01", "2021-06-01")}
    >>> _with_times(words)
    >>> list(words.values())
    ['plasma_2021-03-01', 'plasma_2021-06-01']
    """
    times = {path: next((p.name for p in path.parents if is_time_word(p.name)), None) for path in words}
    for word in {w for w in words.values() if w}:
        of = [path for path, mine in words.items() if mine == word and times[path] and times[path] != word]
        if len({times[path] for path in of}) > 1:
            words.update({path: f"{word}_{times[path]}" for path in of})


def told_unlike(owners: Iterable[tuple[str, Path]]) -> list[Problem]:
    """Say of which samples several files are whose names differ by a mark of their own (P1_A.vcf, P1_B.vcf): they are
    joined, and may be of several lesions.

    >>> [p.value for p in told_unlike(("P1", Path(p)) for p in ("P1_A.vcf", "P1_B.vcf"))]
    ['P1']
    >>> told_unlike(("P1", Path(p)) for p in ("P1.snvs.vcf", "mutect2_P1.vcf", "P1.vcf"))
    []
    """
    names: dict[str, dict[str, str]] = {}
    for sample, path in owners:
        name = without_lane(own_name(path))
        rest = name.replace(sample, "", 1).strip("_.- ") if sample in name else ""
        if rest and not is_step(rest):
            names.setdefault(sample, {}).setdefault(rest, path.name)
    message, cure = (
        "{} name one sample, {}: read as that.",
        "If they are of several lesions or days, give each its id (--files).",
    )
    return [
        Problem("samples", None, "sample_id", s, message.format(", ".join(list(of.values())[:4]), s), cure, "warning")
        for s, of in sorted(names.items())
        if len(of) > 1
    ]


def apart(columns: Sequence[Column], known: Collection[str]) -> list[Column]:
    """Return the columns with a sample for each lesion, material or time that the files of one name are of, and those of a
    normal as that.

    Raises
    ------
    Question : the clinical table holds that name as one sample
    """
    tumours = [c for c in columns if c.role == "tumour" and c.why != "manifest" and not is_generic(c.column)]
    mine = {c: c.sample_id for c in tumours if c.why == "column" or c.sample_id in known}
    beside = {c: c.column for c in tumours if c.why == "file name and column"}
    words = _several((sample, c.path) for c, sample in (mine | beside).items())
    out = [_under(c, words[mine[c], c.path]) if c in mine and (mine[c], c.path) in words else c for c in columns]
    # two files of one word in folders of two days: the word alone was the name of both
    same = {c: words.get((beside[c], c.path)) for c in beside if sum(o.sample_id == c.sample_id for o in beside) > 1}
    same = {c: word for c, word in same.items() if c.sample_id not in known}
    out = [
        replace(c, sample_id=f"{c.column}_{same[c]}", patient_id=c.patient_id or c.column) if same.get(c) else c
        for c in out
    ]
    asked = sorted({s for s, _ in words if s in known and not _only_normals(s, words)})
    if asked:
        files = ", ".join(path.name for s, path in words if s == asked[0])
        raise Question(
            f"{files}: these files hold the sample {asked[0]} of the clinical table, and by their names or folders they are "
            "of several lesions or days. Confirm the manifest (--files), or list each in the clinical table.",
            [replace(c, role="open") if c != old else c for c, old in zip(out, columns, strict=True)],
        )
    return out


def _only_normals(sample: str, words: Mapping[tuple[str, Path], str]) -> bool:
    return all(IS_NORMAL.match(word) for (s, _), word in words.items() if s == sample)


def _under(column: Column, word: str) -> Column:
    """A column under its own name and the word of its file."""
    role = "normal" if IS_NORMAL.match(word) else column.role
    name = f"{column.sample_id}_{word}"
    return replace(
        column, sample_id=name, patient_id=column.patient_id or column.sample_id, role=role, why="column and file name"
    )


def parts_of_files(
    owners: Iterable[tuple[str, Path]], known: Collection[str]
) -> dict[Path, dict[str, tuple[str, str]]]:
    """Return file -> sample as it writes it -> its name with the file's word, and its role: of tables of several people
    (P1 and P2 in primary.maf and in plasma.maf). A sample of the clinical table, `known`, stays."""
    out: dict[Path, dict[str, tuple[str, str]]] = {}
    for (sample, path), word in _several(o for o in owners if o[0] not in known).items():
        out.setdefault(path, {})[sample] = (f"{sample}_{word}", "normal" if IS_NORMAL.match(word) else "tumour")
    return out
