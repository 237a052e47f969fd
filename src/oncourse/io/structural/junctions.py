"""Structural records of a VCF -> junctions: which two places are joined, and which side of each is kept.

VCF 4.3, 5.4 (breakends, symbolic alleles), Manta and DRAGEN (INV3, INV5), DELLY (CT), LUMPY (STRANDS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_BREAKEND = re.compile(r"^(?P<before>[ACGTN.]*)(?P<bracket>[\[\]])(?P<chrom>.+):(?P<pos>\d+)[\[\]][ACGTN.]*$", re.I)
#: DELLY's CT and LUMPY's STRANDS: which end of each piece is joined. 3' (+): what lies left of the place is kept.
_ENDS = {"3": "L", "+": "L", "5": "R", "-": "R"}
#: Kept sides of the two places (the lower first) by kind of event.
_KINDS = {"DEL": ("LR",), "DUP": ("RL",), "INV": ("LL", "RR")}


@dataclass(frozen=True)
class Junction:
    """Two places joined; ``sides``: L where the sequence left of a place is kept, R where that right of it is."""

    chrom: str
    pos: int
    chrom_2: str
    pos_2: int
    sides: str


def is_large(alt: str | None) -> bool:
    """Whether every alternative is an event by name (<DEL>, <CNV>), a breakend or a single breakend, no bases.

    >>> is_large("<DEL>"), is_large("A]21:39800000]"), is_large("T,<NON_REF>"), is_large("A."), is_large(".")
    (True, True, False, True, False)
    """
    alleles = (alt or ".").split(",")
    named = [bool(re.match(r"^<(?!NON_REF|\*|X>)", a)) or "[" in a or "]" in a or _is_single(a) for a in alleles]
    return all(named)


def _is_single(allele: str) -> bool:
    return len(allele) > 1 and (allele.startswith(".") or allele.endswith("."))


def junctions(chrom: str, pos: int, alt: str, info: Mapping[str, str]) -> list[Junction]:
    """Return the junctions of a record; none where it names no second place (insertion, single breakend, unclear).

    >>> [j.sides for j in junctions("21", 39800000, "<DEL>", {"END": "42880000"})]
    ['LR']
    >>> junctions("21", 42880000, "[21:39800000[A", {})[0].sides, junctions("2", 29, "T]2:42]", {})[0].sides
    ('RR', 'LL')
    """
    out = []
    for allele in alt.split(","):
        found = _BREAKEND.match(allele)
        if found:
            sides = ("L" if found["before"] else "R") + ("R" if found["bracket"] == "[" else "L")
            out.append(Junction(chrom, pos, found["chrom"], int(found["pos"]), sides))
            continue
        kind = _kind(allele, info)
        end = info.get("POS2") if "POS2" in info and kind in ("TRA", "BND") else info.get("END")
        if end is None and "SVLEN" in info and kind in _KINDS:
            end = str(pos + abs(int(float(info["SVLEN"].split(",")[0]))))
        if end is None or not end.isdigit():
            continue
        other = info.get("CHR2", chrom)
        for sides in _sides(kind, info):
            if kind in _KINDS and int(end) < pos:
                continue
            out.append(Junction(chrom, pos, other, int(end), sides))
    return out


def _kind(allele: str, info: Mapping[str, str]) -> str:
    name = re.match(r"^<([A-Z]+)", allele)
    return name.group(1) if name else info.get("SVTYPE", "").split(":")[0]


def _sides(kind: str, info: Mapping[str, str]) -> tuple[str, ...]:
    if found := re.match(r"^([35])to([35])$", info.get("CT", "")):
        return (_ENDS[found.group(1)] + _ENDS[found.group(2)],)
    if found := re.match(r"^([+-])([+-])(?::\d+)?$", info.get("STRANDS", "")):
        return (_ENDS[found.group(1)] + _ENDS[found.group(2)],)
    if kind == "INV" and "INV3" in info:
        return ("LL",)
    if kind == "INV" and "INV5" in info:
        return ("RR",)
    return _KINDS.get(kind, ())


def support(fields: Mapping[str, str]) -> int | None:
    """Return the reads of one sample that show the event; null where the caller's keys are not known.

    >>> support({"PR": "30,12", "SR": "20,9"}), support({"DV": "4", "RV": "7"}), support({"GT": "0/1"})
    (21, 11, None)
    """
    for keys, read in (
        (("PR", "SR"), _last),
        (("DV", "RV"), _first),
        (("VF",), _first),
        (("SU",), _first),
        (("PE", "SR"), _first),
        (("AD",), _last),
        (("RC",), _first),
        (("DV",), _first),
    ):
        found = [n for k in keys if (n := read(fields.get(k))) is not None]
        if found and (len(keys) == 1 or len(found) == len(keys) or keys == ("PR", "SR")):
            return sum(found)
    return None


def _last(text: str | None) -> int | None:
    cell = (text or "").split(",")[-1]
    return int(cell) if cell.isdigit() else None


def _first(text: str | None) -> int | None:
    cell = (text or "").split(",")[0]
    return int(cell) if cell.isdigit() else None
