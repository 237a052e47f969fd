"""What a file beside the calls holds, by its name and, where names are of many things, by its first lines."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import Literal

from oncourse.io.structural.fits import fit_in, is_mantis
from oncourse.io.structural.segments import are_segments

Kind = Literal["copies", "fits", "depths", "fusions"]

#: Tables of one row per gene: read where no segments of the sample are.
_OF_GENES = (
    r"\.purple\.cnv\.gene\.tsv$",
    r"\.genemetrics\.(tsv|txt)$",  # CNVkit, nf-core/sarek
    r"[._-]gene[_-]?level(_copy_number.*)?\.(tsv|txt)$",  # facets-suite, GDC
)
_SEGMENTS = (
    r"\.purple\.cnv\.somatic\.tsv$",
    r"(?<!bintest)(?<!segmetrics)\.cns$",
    r"\.cncf\.txt$",
    r"_segments\.txt$",
    r"\.segments\.txt$",
    r"_subclones\.txt$",
    r"\.seg(\.txt)?$",
    r"copynumber\.caveman\.csv$",  # ascatNgs
    r"_cnvs(\.p\.value)?(\.txt)?$",  # Control-FREEC
    *_OF_GENES,
)
_FITS = (
    r"\.purple\.purity\.tsv$",
    r"\.purityploidy\.txt$",
    r"[_.]purity(_ploidy)?\.(txt|tsv|csv)$",
    r"_(alternative_solutions|confints_cp)\.txt$",  # Sequenza
    r"_rho_and_psi\.txt$",  # Battenberg
)
#: Tables of fusion callers (`oncourse.io.structural.fusion_callers`).
_FUSIONS = (
    r"\.linx\.fusion\.tsv$",
    r"(^|[/._-])fusion_predictions(\.abridged)?\.tsv$",
    r"\.bedpe$",
    r"final-list_candidate-fusion-genes(\.[a-z0-9]+)*\.txt$",  # FusionCatcher
    r"\.fusion_candidates\.final$",  # DRAGEN
    r"(^|/)arriba/(.*/)?[^/]*(?<!\.)fusions\.tsv$|\.arriba\.fusions\.tsv$",
)
#: Least depth of regions, and MSI (`oncourse.io.assays.depths`).
_DEPTHS = (
    r"\.thresholds\.bed$",
    r"per_?target_?cov(erage)?(\.(txt|tsv))?$",
    r"(^|/)msisensor[a-z0-9_-]*/(.*/)?(?![^/]*_(dis|germline|somatic|all|unstable)$)[^/.]+$",
    r"[._-]msisensor(?![a-z0-9_-]*_(dis|germline|somatic|all|unstable)$)[a-z0-9_-]*(\.(txt|tsv))?$",
    r"\.microsat_output\.json$",
)
_BY_NAME: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("copies", _SEGMENTS),
    ("fits", _FITS),
    ("depths", _DEPTHS),
    ("fusions", _FUSIONS),
)
#: Ends of names that callers give their fits and results, and other programs anything: their first lines decide.
_MAY_BE = re.compile(r"\.(txt|tsv|tab|out|csv|status|mantis|ucn)$|[_.]info(\.txt)?$|[_.-](mantis|msi)$")
#: Columns of tables that only their caller writes (small letters).
_HEADERS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("fits", frozenset({"sampleid", "purity", "ploidy", "failed"})),  # PureCN
    ("copies", frozenset({"sampleid", "gene.symbol", "c", "seg.mean"})),
    ("copies", frozenset({"gene.symbol", "chr", "start", "end", "c", "seg.mean"})),
    ("fits", frozenset({"cellularity", "ploidy", "slpp"})),
    ("fits", frozenset({"rho", "psi", "is.best"})),
    ("fits", frozenset({"sample", "purity", "ploidy"})),
    ("fits", frozenset({"sample_id", "purity", "ploidy"})),
    ("fusions", frozenset({"gene_5p", "gene_3p"})),
    ("fusions", frozenset({"#gene1", "gene2", "breakpoint1", "breakpoint2"})),  # Arriba
    ("fusions", frozenset({"#fusionname", "leftgene", "rightgene"})),  # STAR-Fusion
    ("fusions", frozenset({"genea", "geneb", "chra", "chrb", "rating"})),  # CICERO
    ("depths", frozenset({"total_number_of_sites", "number_of_somatic_sites", "%"})),
    ("depths", frozenset({"total_number_of_sites", "number_of_unstable_sites", "%"})),
)
#: Names of files of what a caller set aside (Arriba's fusions.discarded.tsv), under the header of its calls.
_SET_ASIDE = re.compile(r"discard|preliminary|candidate|reject|excluded|unfiltered|failed")
_HEAD_BYTES = 16_384
#: A table of purity and ploidy has hardly more columns (its goodness, its number) where none names the sample.
_OF_A_FIT = 4


def kind_beside(path: Path, name: str) -> Kind | None:
    """Return what a file holds that is no calls; null where neither its name nor its first lines say.

    `name` : the path below the folder that was given, in small letters
    """
    name = name.removesuffix(".gz")
    for kind, patterns in _BY_NAME:
        if any(re.search(pattern, name) for pattern in patterns):
            return kind
    if not _MAY_BE.search(name) or _SET_ASIDE.search(name.rpartition("/")[2]):
        return None
    text = _head(path)
    if fit_in(text) is not None:
        return "fits"
    if is_mantis(text):
        return "depths"
    lines = [line for line in text.split("\n")[:20] if not line.startswith("##")] or [""]
    header = {c.strip("\"' ").lower() for c in re.split(r"[\t,]", lines[0])}
    known: list[Kind] = [kind for kind, columns in _HEADERS if columns <= header]
    if known or are_segments(header):
        return known[0] if known else "copies"
    return "fits" if {"purity", "ploidy"} <= header and len(header) <= _OF_A_FIT else None


def is_of_genes(name: str) -> bool:
    """Whether a file of copies (its path in small letters) has a row per gene.

    >>> is_of_genes("p1.purple.cnv.gene.tsv"), is_of_genes("p1_genes.csv"), is_of_genes("p1.call.cns")
    (True, True, False)
    """
    return any(re.search(pattern, name) for pattern in (*_OF_GENES, r"_genes\.csv$"))


def _head(path: Path) -> str:
    """Return the first lines of a text; nothing of another file."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            data = stream.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return ""
    return "" if b"\0" in data else data.decode("utf-8", errors="replace").replace("\r", "")
