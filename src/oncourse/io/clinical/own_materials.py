"""Words of a hospital for what was sampled (穿刺, 血浆cfDNA, 癌旁, 全血) as tissue, plasma, normal or white cells."""

from __future__ import annotations

import re

import polars as pl

from oncourse.io.clinical import words
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_TISSUE = re.compile(
    r"组织|石蜡|白片|蜡块|ffpe|穿刺|活检|手术|切片|新鲜|冰冻|肿瘤|原发|骨髓|细胞块|沉渣|tissue|biops|tumou?r|block|marrow|frozen|resect|primary",
    re.I,
)


def material_words(reading: Reading) -> None:
    """Write the materials of samples in our words; blood is taken as plasma, and told; what is not understood (胸水,
    脑脊液: cells or plasma?) stays, and is an error."""
    samples = reading.tables.get("samples")
    if samples is None or "material" not in samples.columns:
        return
    text = samples["material"].cast(pl.String)
    told = {w: said for w in text.drop_nulls().unique() if (said := material_of(w)) is not None}
    if blood := sorted(w for w in told if meaning("blood", w)):
        message = f"samples of {', '.join(blood)}: taken as plasma."
        cure = "Write 血浆 (plasma, cfDNA), or 白细胞 (white_cells) where they are the control."
        reading.problems.append(Problem("samples", None, "material", blood[0], message, cure, "warning"))
    reading.tables["samples"] = samples.with_columns(text.replace(told).alias("material"))


def material_of(word: str) -> str | None:
    """Return tissue, plasma, normal or white_cells of words that the vocabulary does not know; null where they say none of
    them, or the role of a lesion.

    >>> [material_of(w) for w in ("血浆cfDNA", "白细胞gDNA", "癌旁(远端)", "全血", "手术组织", "Normal blood", "唾液")]
    ['plasma', 'white_cells', 'normal', 'plasma', 'tissue', 'normal', 'normal']
    >>> [material_of(w) for w in ("胸水", "脑脊液", "肝转移灶", "原发灶")]
    [None, None, None, None]
    """
    if meaning("role", word) or meaning("material", word):
        return None
    if words.fluid(word):
        return None
    if words.CELLS.search(word):
        return "white_cells"
    said = words.material(word)  # tissue where it says nothing
    if said != "tissue":
        return {"blood": "plasma"}.get(said, said)
    return "tissue" if _TISSUE.search(word) and not words_of_lesion(word) else None


def words_of_lesion(word: str) -> bool:
    """Whether words say the role of a lesion (肝转移灶, liver met): they are read as that.

    >>> [words_of_lesion(w) for w in ("肝转移灶", "Liver met", "LN mets", "MET", "Plasma")]
    [True, True, True, False, False]
    """
    return bool(re.search(r"转移|复发|metasta|\w[ _]mets?\b|recurren|原发|primary", word, re.I))
