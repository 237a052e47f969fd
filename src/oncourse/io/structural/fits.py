"""Results that programs write as lines of text and not as a table: purity and ploidy of a fit, MSI of a comparison.

FACETS's ``.out`` (``# Purity = 0.72``), ichorCNA's ``.params.txt`` (``Tumor Fraction:  0.12``), Control-FREEC's
``_info.txt`` (``Sample_Purity<tab>0.6``), ascatNgs's samplestatistics (``rho 0.62``), the header of
DRAGEN's and Canvas's VCF, MANTIS's ``.status``
(``Step-Wise Difference (DIF)  0.68  0.4  Unstable``). Lines as the programs' manuals show them, November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

#: No such file is longer.
_MOST_BYTES = 1 << 20
_FIT = re.compile(r"(?im)^\W*(?P<what>purity|tumor fraction|ploidy)\s*[:=]\s*(?P<value>[\d.eE+-]+|NA|NaN)\s*$")
_FREEC = re.compile(r"(?m)^(?P<what>Sample_Purity|Output_Ploidy)\t(?P<value>[\d.eE+-]+|NA|NaN)\s*$")
_HEADER = re.compile(r'"?##(?P<what>EstimatedTumorPurity|OverallPloidy)=(?P<value>[\d.eE+-]+)"?\s*$')
#: ascatNgs's samplestatistics: names and numbers parted by a blank (rho is the purity).
_ASCAT = re.compile(r"(?m)^(?P<what>rho|Ploidy)\s+(?P<value>[\d.eE+-]+|NA|NaN)\s*$")
_QC = re.compile(r"(?m)^QCStatus\t(?P<said>\S.*?)\s*$")
#: MANTIS's table of loci, and its default threshold for their average difference (README, Kautto 2017).
_MANTIS_LOCI, MANTIS_DIF = "Locus\tNormal_Reads\tTumor_Reads\tDifference", 0.4
_MANTIS = re.compile(r"(?im)^\s*Step-Wise Difference \(DIF\)\t.*\b(?P<said>unstable|stable)\s*$")


def fit_of(path: Path) -> dict[str, float | None] | None:
    """Return purity and ploidy of a fit that is written as lines of text; null where a file is no such text."""
    return fit_in(_text(path))


def fit_in(text: str) -> dict[str, float | None] | None:
    """Return purity and ploidy that lines of text give; null where they give no purity.

    >>> fit_in("# Purity = 0.72\\n# Ploidy = 2.1"), fit_in("rho 0.6")
    ({'purity': 0.72, 'ploidy': 2.1}, None)
    >>> fit_in("NormalContamination 0.4\\nPloidy 2.1\\nrho 0.6")
    {'ploidy': 2.1, 'purity': 0.6}
    """
    found: dict[str, float | None] = {}
    of_ascat = _ASCAT.finditer(text) if "NormalContamination" in text else ()
    for match in (*_FIT.finditer(text), *_FREEC.finditer(text), *of_ascat):
        what = "ploidy" if match["what"].lower().endswith("ploidy") else "purity"
        found.setdefault(what, _number(match["value"]))
    return found if "purity" in found else None


def fit_of_header(comments: Iterable[str]) -> dict[str, float | None] | None:
    """Return purity and ploidy that a VCF of copy numbers has in its header (DRAGEN, Canvas); null where it has none.

    >>> fit_of_header(["##EstimatedTumorPurity=0.70", "##OverallPloidy=2.9"]), fit_of_header(["##OverallPloidy=2.9"])
    ({'purity': 0.7, 'ploidy': 2.9}, None)
    """
    found = {m["what"]: _number(m["value"]) for line in comments if (m := _HEADER.match(line))}
    if found.get("EstimatedTumorPurity") is None:
        return None
    return {"purity": found["EstimatedTumorPurity"], "ploidy": found.get("OverallPloidy")}


def is_mantis(text: str) -> bool:
    """Whether a text is MANTIS's result: its ``.status``, or its table of loci with their average."""
    return bool(_MANTIS.search(text) or text.startswith(_MANTIS_LOCI))


def mantis(path: Path) -> str | None:
    """Return MSI-H or MSS by MANTIS's own word for its step-wise difference (Kautto 2017, Oncotarget 8:7452), or by the
    average of its table of loci and its threshold; null where a file is none of its."""
    text = _text(path)
    if text.startswith(_MANTIS_LOCI):
        average = re.search(r"(?m)^Average\t[^\t]*\t[^\t]*\t(?P<dif>[\d.]+)\t", text)
        if average is None:
            return None
        return "MSI-H" if float(average["dif"]) >= MANTIS_DIF else "MSS"
    found = _MANTIS.search(text)
    return None if found is None else "MSI-H" if found["said"].lower() == "unstable" else "MSS"


def purple_qc(purity: Path) -> tuple[Path, str] | None:
    """Return the file and the status (``PASS``, ``WARN_...``, ``FAIL_NO_TUMOR``, ``FAIL_CONTAMINATION``, several by
    commas) that PURPLE writes as ``SAMPLE.purple.qc`` beside its purity table; null where there is none."""
    path = purity.with_name(purity.name.replace(".purple.purity.tsv", ".purple.qc"))
    if path == purity or not path.is_file() or not (found := _QC.search(_text(path))):
        return None
    return path, found["said"]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value else None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError:
        return ""
    return "" if len(data) > _MOST_BYTES or b"\0" in data else data.decode("utf-8", errors="replace").replace("\r", "")
