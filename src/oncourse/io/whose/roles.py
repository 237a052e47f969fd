"""Which columns of a call file are tumours and which are normals: by header, clinical table, names, and each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oncourse.io.whose.ids import says
from oncourse.io.whose.sample_names import (
    GENERIC,
    IS_NORMAL,
    NORMAL_END,
    NORMAL_WORD,
    ROLE_END,
    Controls,
    Stems,
    is_normal_name,
)
from oncourse.io.whose.start import Start

#: Callers of one person's own genotypes, by their header; and the end of a normal's name there (1234N beside 9876T).
_GERMLINE = re.compile(
    r'(?i)"?##(content=(strelka) germline|source=(HaplotypeCaller|GenotypeGVCFs|UnifiedGenotyper)|(DeepVariant)_version|'
    r"GATKCommandLine.*ID=(HaplotypeCaller|GenotypeGVCFs|UnifiedGenotyper))"
)


_NORMALS_OWN = re.compile(rf"(?i:[_.-]({NORMAL_WORD})\d*$)|(?<=[\d_.-])N\d*$")


#: A name that begins with what the sample is: ``T_P1``, ``normal_P1``.
_ROLE_START = re.compile(rf"^(?P<role>T|N|tumou?r|肿瘤|{NORMAL_WORD})[_.-](?P<stem>.+)$", re.I)


def _behind(columns: Sequence[str]) -> dict[str, str]:
    """Return column -> patient of names such as ``T_P1`` beside ``N_P1``: a tumour and a normal of one stem.

    >>> _behind(["N_P1", "T_P1", "T_P2"]), _behind(["tumor_P1", "tumor_P2"])
    ({'N_P1': 'P1', 'T_P1': 'P1'}, {})
    """
    found = {c: m for c in columns if (m := _ROLE_START.match(c)) and not GENERIC.match(c)}
    roles: dict[str, set[bool]] = {}
    for m in found.values():
        roles.setdefault(m["stem"], set()).add(is_normal_name(m["role"]))
    return {c: m["stem"] for c, m in found.items() if len(roles[m["stem"]]) > 1}


def _begins_as_normal(column: str) -> bool:
    """Whether a name begins with a word or the letter of a normal."""
    found = _ROLE_START.match(column)
    return bool(found and is_normal_name(found["role"]))


@dataclass(frozen=True)
class Names:
    """What the names of one file's columns say of each other, looked at once for all of them.

    ``normals``: generic names of a normal; ``controls``: column -> stem of the others it is the control of
    (`Controls`); ``stems``: these stems, and the file's own where it has several columns; ``ends``: column -> stem and
    word for its role; ``roles``: stem -> these words; ``numbered``: column -> T or N of names such as T1;
    ``behind``: column -> patient of names such as T_P1 beside N_P1.
    """

    normals: frozenset[str]
    controls: Mapping[str, str]
    stems: Stems
    ends: Mapping[str, tuple[str, str]]
    roles: Mapping[str, frozenset[str]]
    numbered: Mapping[str, str]
    behind: Mapping[str, str]

    @classmethod
    def of(cls, columns: Sequence[str], stem: str = "") -> Names:
        controls = Controls([c for c in columns if not GENERIC.match(c)])
        found = {c: controls.of(c) for c in columns}
        if stem and len(columns) > 2:  # P1-N in P1.vcf, whatever the others are called
            of_file = re.compile(rf"(?i){re.escape(stem)}[_.-]({NORMAL_END}|{NORMAL_WORD})\d*")
            found |= {c: stem for c in columns if of_file.fullmatch(c)}
        ends = {c: (end["stem"], end["role"]) for c in columns if (end := ROLE_END.match(c)) and not GENERIC.match(c)}
        roles: dict[str, set[str]] = {}
        for own, role in ends.values():
            roles.setdefault(own, set()).add(role)
        return cls(
            frozenset(c for c in columns if IS_NORMAL.match(c)),
            {c: begin for c, begin in found.items() if begin},
            Stems([*filter(None, found.values()), *([stem] if stem else [])]),
            ends,
            {own: frozenset(words) for own, words in roles.items()},
            {c: c[:1].upper() for c in columns if re.fullmatch(r"(?i)[tn]\d+", c)},
            _behind(columns),
        )


def role_of(
    column: str,
    start: Start,
    names: Names,
    known: Mapping[str, str | None],
    stated: Mapping[str, tuple[str | None, str | None]],
    pair: tuple[str, str] | None,
) -> str:
    """Return tumour, normal, or open of a column: nothing says it, and another column is as nameless.

    In this order: the header, words of a sample id, the clinical table, the name of the file, the column's own name,
    the other columns' names, a caller that calls normals.
    """
    said = stated.get(column, (None, None))[1]
    if said:
        return said
    if of_id := says(column):
        return "normal" if of_id[1] == "normal" else "tumour"
    if known.get(column) not in (None, "blood"):
        return "normal" if known[column] == "normal" else "tumour"
    if pair:
        for role, name in (("tumour", pair[0]), ("normal", pair[1])):
            if column == name or re.search(rf"[_.-]{re.escape(name)}$", column):
                return role
    if GENERIC.match(column):
        return "normal" if IS_NORMAL.match(column) else "tumour"
    if any(role == "normal" and c in start.columns for c, (_, role) in stated.items()):
        return "tumour"  # the header names its normals: the others are none
    if column in names.controls or names.normals - {column} or column in names.behind:  # N_P1 beside T_P1
        is_control = column in names.controls or (column in names.behind and _begins_as_normal(column))
        return "normal" if is_control else "tumour"
    other = next(c for c in start.columns if c != column) if len(start.columns) == 2 else None
    if other and re.fullmatch(r"(?i)tumou?r", other):
        return "normal"
    if column in names.numbered and set(names.numbered.values()) == {"T", "N"}:
        return "normal" if names.numbered[column] == "N" else "tumour"
    if other:  # HCC1954 and HCC1954_BL: the longer name says that it is the blood of the shorter
        for role, longer, shorter in (("normal", column, other), ("tumour", other, column)):
            # VarDict names the normal that it was given no name of T1-match
            if re.fullmatch(rf"{re.escape(shorter)}[_.-]({NORMAL_END}|{NORMAL_WORD}|match(ed)?)", longer, re.I):
                return role
    stem, word = names.ends.get(column, ("", ""))
    if stem and names.roles[stem] != {word}:
        return "normal" if re.fullmatch(rf"N|R|{NORMAL_WORD}", word, re.I) else "tumour"
    is_normal = len(start.columns) == 1 and germline_caller(start.comments) and _NORMALS_OWN.search(column)
    lone = "normal" if is_normal and known.get(column) is None else "tumour"
    return lone if len(start.columns) != 2 or column in known else "open"


def germline_caller(comments: Iterable[str]) -> str | None:
    """Return the caller of germline variants that a header names: it calls each sample alone, the normal too.

    DeepSomatic names DeepVariant, and has a FILTER of its own.
    """
    comments = list(comments)
    if any(line.startswith("##FILTER=<ID=GERMLINE") for line in comments):
        return None
    found = (m for line in comments if (m := _GERMLINE.match(line)))
    return next((next(g for g in m.groups()[1:] if g) for m in found), None)


def settled(roles: dict[str, str]) -> dict[str, str]:
    """Return the roles of a file's columns: one left open beside a normal is a tumour's."""
    opens = [c for c, role in roles.items() if role == "open"]
    if len(opens) == 2:
        roles = roles | {c: _token_role(c, o) or "open" for c, o in (opens, opens[::-1])}
    if "normal" not in roles.values():
        return roles
    return {c: "tumour" if role == "open" else role for c, role in roles.items()}


def _token_role(column: str, other: str) -> str | None:
    """Return the role of a name that differs from another in one part alone: T1 there and N1 here, or a word.

    >>> _token_role("P1-N1-DNA1", "P1-T1-DNA1"), _token_role("P1-T1-DNA1", "P1-N1-DNA1"), _token_role("P1-A", "P1-B")
    ('normal', 'tumour', None)
    >>> _token_role("germline_P1", "tumor_P1"), _token_role("P1_Tumor_DNA", "P1_Normal_DNA")
    ('normal', 'tumour')
    """
    mine, theirs = (re.split(r"[-_.]", name) for name in (column, other))
    apart = [(a, b) for a, b in zip(mine, theirs, strict=False) if a != b]
    if len(mine) != len(theirs) or len(apart) != 1:
        return None
    words = [is_normal_name(part) for part in apart[0]]
    if words[0] != words[1]:
        return "normal" if words[0] else "tumour"
    letters = [re.sub(r"\d+$", "", part).upper() for part in apart[0]]
    return {"N": "normal", "T": "tumour"}[letters[0]] if sorted(letters) == ["N", "T"] else None
