"""Read OncoKB annotations a user supplies (a MAF annotated by OncoKB's own annotator); none are shipped.

OncoKB's terms forbid redistribution and patient services without a licence: the user answers for having one.
"""

from __future__ import annotations

import io
from pathlib import Path

from oncourse.errors import InputError
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.protein import short_change
from oncourse.knowledge.alterations import current_numbering
from oncourse.knowledge.delimited import Rows
from oncourse.knowledge.evidence import Evidence

LEVELS = ("LEVEL_1", "LEVEL_2", "LEVEL_3A", "LEVEL_3B", "LEVEL_4", "LEVEL_R1", "LEVEL_R2")
LICENCE = "OncoKB terms of use: user-supplied, not for redistribution"


def read_oncokb(path: Path, *, disease: str = "") -> list[Evidence]:
    """Return one statement per variant, level and therapy of an annotated MAF.

    Parameters
    ----------
    disease : tumour type the MAF was annotated for (the levels hold for it alone)

    Raises
    ------
    InputError : the columns of the annotator are missing
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from None
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    reader = Rows(io.StringIO(lines), path.name)
    names = set(reader.columns)
    if "Hugo_Symbol" not in names or not names & set(LEVELS):
        raise InputError(f"{path.name}: not a MAF annotated by OncoKB (Hugo_Symbol and LEVEL_1 ... are expected).")
    found: dict[tuple[str, str, str, str], Evidence] = {}
    for row in reader:
        gene = current_symbol(row["Hugo_Symbol"])
        change = current_numbering(gene, short_change(row.get("HGVSp_Short") or row.get("HGVSp") or ""))
        if not change:
            continue
        for level in LEVELS:
            for therapy in filter(None, (t.strip() for t in (row.get(level) or "").split(","))):
                key = (gene, change, level, therapy)
                resistant = level.startswith("LEVEL_R")
                found[key] = Evidence(
                    source="OncoKB (user-supplied)",
                    evidence_id=f"{gene}-{change}-{level}",
                    profile=f"{gene} {change}",
                    expression=f"mutation({gene}:{change})",
                    disease=disease,
                    doid="",
                    therapies=therapy.replace("+", ";"),
                    interaction="Combination",
                    kind="Predictive",
                    direction="Supports",
                    significance="Resistance" if resistant else "Sensitivity/Response",
                    level=level.removeprefix("LEVEL_"),
                    rating="",
                    citation=row.get("TX_CITATIONS") or "",
                )
    return [found[key] for key in sorted(found)]
