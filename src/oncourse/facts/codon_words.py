"""Changes that a report writes as codons or by the Chinese names of amino acids, in HGVS: ``12密码子GGT>GTT`` is p.G12V."""

from __future__ import annotations

import re

from oncourse.genome.protein_change import translate

#: Chinese names of the amino acids (IUPAC-IUB nomenclature in the terms of CNCTST), with the usual variants of each.
_ACIDS = {
    "丙氨酸": "A",
    "精氨酸": "R",
    "天冬酰胺": "N",
    "天门冬酰胺": "N",
    "天冬氨酸": "D",
    "天门冬氨酸": "D",
    "半胱氨酸": "C",
    "谷氨酰胺": "Q",
    "谷氨酸": "E",
    "甘氨酸": "G",
    "组氨酸": "H",
    "异亮氨酸": "I",
    "亮氨酸": "L",
    "赖氨酸": "K",
    "甲硫氨酸": "M",
    "蛋氨酸": "M",
    "苯丙氨酸": "F",
    "脯氨酸": "P",
    "丝氨酸": "S",
    "苏氨酸": "T",
    "色氨酸": "W",
    "酪氨酸": "Y",
    "缬氨酸": "V",
    "终止密码子": "*",
}
_NAME = "|".join(sorted(_ACIDS, key=len, reverse=True))
_TO = r"\s*(?:->|[>→])\s*"
_BECAME = rf"(?:\s*(?:突变|变异|转变|改变|替换|取代|变|突|被|为|成|由|到|至)+\s*|{_TO})"
_BY_CODON = re.compile(
    rf"(?:第?\s*(\d+)\s*[号位]?\s*密码子|(?:密码子|codons?)\s*(\d+))\s*[:,(]?\s*由?\s*"
    rf"([ACGT]{{3}})(?:{_TO}|{_BECAME})([ACGT]{{3}})(?![ACGT])\)?",
    re.I,
)
_BY_NAME = re.compile(rf"({_NAME})\s*(\d+)\s*({_NAME})")
_BY_PLACE = re.compile(
    rf"第?\s*(\d+)\s*[号位]?(?:密码子|氨基酸|密码子氨基酸)?的?\s*[:,]?\s*由?({_NAME}){_BECAME}({_NAME})"
)


def spelled_out(text: str) -> str:
    """Return a text with changes of codons and named amino acids in letters; a codon without its number stays as it is.

    >>> spelled_out("12密码子GGT>GTT 5%"), spelled_out("Codon 12 GGT→GAT"), spelled_out("GGT→GAT")
    (' p.G12V  5%', ' p.G12D ', 'GGT→GAT')
    >>> spelled_out("缬氨酸600谷氨酸"), spelled_out("第12位甘氨酸突变为天冬氨酸")
    (' p.V600E ', ' p.G12D ')
    """
    if not (re.search(r"氨酸|酰胺|密码子", text) or re.search(r"codon", text, re.I)):
        return text
    text = _BY_CODON.sub(lambda m: f" p.{_acid(m[3])}{m[1] or m[2]}{_acid(m[4])} ", text)
    text = _BY_NAME.sub(lambda m: f" p.{_ACIDS[m[1]]}{m[2]}{_ACIDS[m[3]]} ", text)
    return _BY_PLACE.sub(lambda m: f" p.{_ACIDS[m[2]]}{m[1]}{_ACIDS[m[3]]} ", text)


def _acid(codon: str) -> str:
    return translate(codon.upper())
