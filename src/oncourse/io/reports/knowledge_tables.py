"""Tables of what is known of variants (OncoKB, CIViC, a list of hotspots) beside reports: no patient's findings."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import polars as pl

#: Columns of what is known of a variant in the literature, beside its drugs: no patient's report has these alone.
_DRUG = re.compile(r"(?i)\bdrugs?\b|therap|treatment|药")
_EVIDENCE = re.compile(r"(?i)\blevels?\b|evidence|citation|pmid|pubmed|references?\b|等级|证据|文献")
_CANCER = re.compile(r"(?i)(cancer|tumou?r)[ _]*types?|disease|indication|癌种|瘤种|适应症")
#: Names of files of knowledge.
_KNOWLEDGE = re.compile(
    r"(?i)onco_?kb|civic|cgi_biomarkers|knowledge|actionable|biomarkers?(?![a-z])|whitelist|hotspots?(?![a-z])|cosmic|clinvar|"
    r"知识库|热点|(?:药物?|用药)(?:列?表|清单|目录)"
)
_COUNTED = {"vaf", "depth", "alt_count", "ref_count", "copies", "zygosity", "day", "date", "material"}


def is_knowledge(frame: pl.DataFrame, path: Path, left: Collection[str]) -> bool:
    """Whether a table of genes and changes that names nobody lists what is known of them, and no patient's findings.

    It holds nothing that was counted, and its name is one of knowledge, or two of drugs, evidence and cancers stand in its
    columns beside several changes of one gene.
    """
    if {"sample_id", "patient_id"} & set(frame.columns) or "gene" not in frame.columns or _COUNTED & set(frame.columns):
        return False
    named = _KNOWLEDGE.search(path.stem)
    if named and not re.search(r"\d", path.stem[: named.start()]):  # P1_biomarkers is P1's
        return True
    kinds = sum(any(p.search(c) for c in left) for p in (_DRUG, _EVIDENCE, _CANCER))
    genes = frame["gene"].drop_nulls()
    return kinds >= 2 and len(genes) >= 10 and len(genes) >= 2 * genes.n_unique()
