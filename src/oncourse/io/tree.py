"""The files of a folder that hold calls and copies: those at its top, else those of a pipeline's result tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oncourse.io.signatures import PROGRAMS
from oncourse.io.structural.fits import purple_qc
from oncourse.io.tree_files import is_of_genes, kind_beside
from oncourse.io.whose.sample_names import CALLERS, sample_of_file, stem_of

_VCF = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")
_MAF = (
    *(".maf", ".maf.gz", ".maf.txt", ".maf.txt.gz", ".maf.tsv", ".maf.tsv.gz", ".maf.csv"),
    *("_multianno.txt", "_multianno.txt.gz", "_multianno.csv"),
)
#: Why a VCF of a result tree holds no somatic small variants (nf-core/sarek, oncoanalyser).
_NOT_SOMATIC = (
    (r"(^|[/._-])(haplotypecaller|deepvariant|genotypegvcfs)([/._-]|$)", "germline calls"),
    (r"\.(variants|genome|germline|g)\.[vb]cf(\.b?gz)?$", "germline calls"),
    (r"(^|/)strelka_[^/]*_(variants|genome)([_.]|$)", "germline calls"),  # sarek 2
    (r"(^|/)germline/|\.(sage|purple|gripss|esvee)\.(\w+\.)*germline\.", "germline calls"),
    (r"(^|[/._-])virus(breakend|interpreter)([/._-]|$)", "viruses"),
    (r"\.amber\.", "common variants that show whose DNA it is"),
    (r"\.sage\.append\.", "reads of RNA beside calls of DNA that are in another file"),
    (
        r"(candidate|diploid|tumou?r)[_.]?sv|candidate_?small_?indels|(^|[/._-])(tiddit|esvee|gridss)([/._-]|$)",
        "structural variants before the choice of the somatic ones",
    ),
    (r"(^|[/._-])(cnvs?|cnvkit|ascat|controlfreec|canvas)([/._-]|$)", "copy number"),
    (r"(^|/)(work|pipeline_info|reports?|multiqc|csv|preprocessing|reference)/", "work files and reports"),
)
#: A file of PURPLE, and those of the steps before it that hold the same calls of the same sample.
_PURPLE_FOR = ((r"\.purple\.somatic\.", r"\.(sage|pave)\.somatic\."), (r"\.purple\.sv\.", r"\.(gripss|esvee)\."))
#: Manta's files beside somaticSV.vcf.gz.
_MANTA_RAW = r"^(candidatesv|diploidsv|candidatesmallindels)\.vcf"
_CALLER = re.compile(rf"(?:^|[/._-])({CALLERS})(?=[/._-]|$)")


@dataclass
class Tree:
    """Files to read, and files left with the reason; ``fits``: purity and ploidy, as ``copies`` by callers of copy
    number."""

    calls: list[Path] = field(default_factory=list)
    copies: list[Path] = field(default_factory=list)
    fits: list[Path] = field(default_factory=list)
    depths: list[Path] = field(default_factory=list)
    fusions: list[Path] = field(default_factory=list)
    left: list[tuple[Path, str]] = field(default_factory=list)


def look_into(folder: Path, kind: str | None = None) -> Tree:
    """Return the MAF or VCF files of a folder and, where there are none at its top, those below it.

    Of a file before and after annotation the annotated one is read. `kind` is "vcf" or "maf"; null: both.
    """
    ends = {"vcf": _VCF, "maf": _MAF, None: _VCF + _MAF}[kind]
    top = [p for p in sorted(folder.iterdir()) if p.is_file() and not _hidden(p, folder)]
    calls = [p for p in top if p.name.lower().endswith(ends)]
    raw = [p for p in calls if re.search(_MANTA_RAW, p.name.lower())]
    if len(raw) < len(calls):
        calls = [p for p in calls if p not in raw]
    if calls:
        tree = Tree(calls)
        tree.left = [(p, "another format") for p in top if p not in calls and not _sorted_in(tree, p, p.name.lower())]
        _one_caller_of_copies(tree)
        tree.left = _without_judgements(tree.left, tree.fits)
        return tree
    tree = Tree()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not _hidden(p, folder)):
        name = path.relative_to(folder).as_posix().lower()
        if _sorted_in(tree, path, name):
            continue
        if not name.endswith(ends):
            tree.left.append((path, "no calls or copies by its name"))
        elif why := next((why for pattern, why in _NOT_SOMATIC if re.search(pattern, name)), None):
            tree.left.append((path, why))
        else:
            tree.calls.append(path)
    _one_caller_of_copies(tree)
    for last, earlier in _PURPLE_FOR:
        final = {stem_of(p) for p in tree.calls if re.search(last, p.name.lower())}
        before = [p for p in tree.calls if re.search(earlier, p.name.lower()) and stem_of(p) in final]
        tree.calls = [p for p in tree.calls if p not in before]
        tree.left += [(p, "PURPLE's file of the same calls is read") for p in before]
    tree.calls, before = _annotated(tree.calls)
    tree.left += [(p, "the annotated file of the same calls is read") for p in before]
    tree.left = _without_judgements(tree.left, tree.fits)
    return tree


def _sorted_in(tree: Tree, path: Path, name: str) -> bool:
    """Put a file of copies, fits, depths or fusions, known by its name or first lines, where it belongs; false where it
    is none."""
    where = {"copies": tree.copies, "fits": tree.fits, "depths": tree.depths, "fusions": tree.fusions}
    kind = kind_beside(path, name)
    if kind is not None:
        where[kind].append(path)
    return kind is not None


#: Ends of names of files that may hold data of the study, and names of files that do not.
_DATA = (
    ".tsv",
    ".txt",
    ".csv",
    ".tab",
    ".xlsx",
    ".xls",
    ".ods",
    ".seg",
    ".json",
    ".xml",
    ".bed",
    ".maf",
    ".vcf",
    ".bcf",
    ".pdf",
    ".docx",
)
#: Ends of names of files in which programs of statistics and offices keep tables.
_PROGRAMS = {
    end for ends, what, _ in PROGRAMS if "picture" not in what and "archive" not in what for end in ends.split()
}
_NO_DATA = re.compile(r"(?i)^(readme|licen[cs]e|changelog|files\.tsv|\.|~|md5|checksum)|dictionary|\.(log|md5)(\.|$)")


def may_hold_data(path: Path) -> bool:
    """Whether a file that is not read looks like a part of the study (a clinical table, a report), not of its making.

    >>> may_hold_data(Path("h/clinical.txt")), may_hold_data(Path("h/README.txt")), may_hold_data(Path("h/P1.vcf.gz.tbi"))
    (True, False, False)
    """
    name = path.name.lower().removesuffix(".gz")
    return (name.endswith(_DATA) or path.suffix.lower().lstrip(".") in _PROGRAMS) and not _NO_DATA.search(path.name)


#: Segments of one sample by several callers: those that fit purity and ploidy before the others, then in this order.
_COPIES_FIRST = (
    r"\.purple\.cnv\.",
    r"(^|/)ascat/",
    r"(^|/)(battenberg|sequenza|facets)/",
    r"_subclones|\.cncf|_segments",
)


def _without_judgements(left: list[tuple[Path, str]], fits: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return what is left but for PURPLE's judgements, which are read with the purity tables they lie beside."""
    judged = {found[0] for path in fits if (found := purple_qc(path))}
    return [(path, why) for path, why in left if path not in judged]


def _one_caller_of_copies(tree: Tree) -> None:
    """Keep the segments of one caller per sample (those of two lie over each other), else its table of genes."""

    def rank(path: Path) -> int:
        name = path.as_posix().lower()
        by_caller = next((i for i, p in enumerate(_COPIES_FIRST) if re.search(p, name)), len(_COPIES_FIRST))
        if re.search(r"\.cna\.seg$|(?<!\.call)\.cns$", name):  # ichorCNA's bins, CNVkit's segments before it calls them
            return len(_COPIES_FIRST) + 1
        return len(_COPIES_FIRST) + 2 if is_of_genes(name) else by_caller

    best: dict[str, Path] = {}
    for path in sorted(tree.copies, key=rank):
        best.setdefault(sample_of_file(path), path)
    more = [p for p in tree.copies if best[sample_of_file(p)] != p]
    tree.copies = [p for p in tree.copies if p not in more]
    tree.left += [(p, f"{best[sample_of_file(p)].name} has the copies of the same sample") for p in more]


def _hidden(path: Path, folder: Path) -> bool:
    """Whether a file is hidden, or a program's mark that it has another open (``~$P1.vcf``)."""
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _annotated(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Split off the files that lie annotated elsewhere in the tree, and unfiltered ones beside their filtered."""

    def is_annotated(path: Path) -> bool:
        return bool(re.search(r"(?i)[._-](vep|snpeff|ann|annotated|funcotated)[._-]|(^|/)annotation/", path.as_posix()))

    def key(path: Path) -> tuple[str, str, str]:
        low = path.name.lower()
        caller = _CALLER.search(path.as_posix().lower())
        kind = re.search(r"snvs?|indels?", low)
        return stem_of(path), caller[1] if caller else "", kind.group() if kind else ""

    done = {key(p) for p in paths if is_annotated(p)}
    filtered = {key(p) for p in paths if re.search(r"(?i)(?<!un)filtered", p.name)}
    before = [
        p
        for p in paths
        if (key(p) in done and not is_annotated(p))
        or (key(p) in filtered and not re.search(r"(?i)(?<!un)filtered", p.name))
    ]
    return [p for p in paths if p not in before], before
