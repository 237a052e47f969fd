"""Gene and effect of one allele from what annotators write into a VCF's INFO column.

VEP (CSQ), snpEff (ANN, and EFF of old), bcftools csq (BCSQ), PURPLE (IMPACT), GATK Funcotator, ANNOVAR, Oncomine
(FUNC): each is cut into the same cells, those of the allele are kept, then one rule chooses the transcript (`chosen`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

import polars as pl

from oncourse.genome import effect
from oncourse.genome.gene_models import modelled_genes, own_transcripts
from oncourse.genome.gene_names import gene_name
from oncourse.genome.variant import trim

#: gene, consequence, hgvs_c, hgvs_p
Effect = tuple[str | None, str | None, str | None, str | None]
NOTHING: Effect = (None, None, None, None)
Columns = Mapping[str, Sequence[str]]
_RANK = {word: rank for rank, word in enumerate(effect.CONSEQUENCES)}
_ALTERING = effect.PROTEIN_CHANGING | {"splice_site"}
#: snpEff's columns where the header does not list them.
_ANN = (
    "Allele",
    "Annotation",
    "Annotation_Impact",
    "Gene_Name",
    "Gene_ID",
    "Feature_Type",
    "Feature_ID",
    "Transcript_BioType",
    "Rank",
    "HGVS.c",
    "HGVS.p",
)
_HEADER = re.compile(r"##INFO=<ID=([^,]+),.*?(?:Format|annotations|fields are)\s*:\s*['\"]?([^'\">]+\|[^'\">]*)")


@dataclass(frozen=True)
class Allele:
    """One alternative allele of a record, as the file writes it; `number` counts from 0."""

    ref: str
    alts: tuple[str, ...]
    number: int

    @property
    def alt(self) -> str:
        """Its bases."""
        return self.alts[self.number]

    @property
    def spellings(self) -> frozenset[str]:
        """The ways annotators write it: as it is, without the shared first base (VEP), trimmed."""
        padded = all(a[:1] == self.ref[:1] for a in self.alts)
        return frozenset({self.alt, trim(self.ref, self.alt)[2] or "-", (self.alt[1:] or "-") if padded else self.alt})


@dataclass(frozen=True)
class _Row:
    """One annotation: of one allele in one transcript; the first three say how it is marked by the annotator."""

    gene: str | None
    word: str | None
    hgvs_c: str | None
    hgvs_p: str | None
    transcript: str = ""
    is_picked: bool = False
    is_main: bool = False
    is_coding: bool = True


def header_columns(line: str) -> tuple[str, list[str]] | None:
    """Return the INFO key and the columns of an annotation that a header line lists; None: it lists none."""
    found = _HEADER.match(line.strip().strip('"'))
    return (found[1], [c.strip(" '\"[]") for c in found[2].split("|")]) if found else None


def effect_of(info: str, allele: Allele, columns: Columns) -> Effect:
    """Return gene, consequence, hgvs_c, hgvs_p of one allele, by the first annotator that says anything of it."""
    fields = dict(part.partition("=")[::2] for part in info.split(";"))
    for key, read in _READERS.items():
        if key in fields and (found := chosen(read(fields[key], allele, columns.get(key, ())))) != NOTHING:
            return found
    if (found := chosen(_annovar(info, allele))) != NOTHING:
        return found
    gene = next((fields[k] for k in ("GENE", "GN", "SYMBOL") if fields.get(k) not in (None, "", ".")), None)
    return gene, None, None, None


def chosen(rows: Iterable[_Row]) -> Effect:
    """Return the transcript to report.

    Within a gene: the picked one (VEP PICK), else MANE Select, canonical, this package's own transcript, a coding one,
    then the most severe. Among genes: one with a picked transcript, unless another gene of the package has its protein
    changed and the picked one has not; then the most severe.
    """
    best: dict[str, _Row] = {}
    for row in rows:
        known = best.get(row.gene or "")
        best[row.gene or ""] = row if known is None or _order(row) < _order(known) else known
    if not best:
        return NOTHING
    row = min(best.values(), key=lambda r: (not r.is_picked, _severity(r), not r.is_coding))
    if row.word not in _ALTERING:
        others = [r for r in best.values() if r.word in _ALTERING and r.is_coding and _is_ours(r.gene)]
        row = min(others, key=_severity, default=row)
    return row.gene, row.word, row.hgvs_c, row.hgvs_p


def _order(row: _Row) -> tuple[bool, bool, bool, bool, int]:
    ours = row.transcript.split(".")[0] in own_transcripts()
    return not row.is_picked, not row.is_main, not ours, not row.is_coding, _severity(row)


def _severity(row: _Row) -> int:
    return _RANK.get(row.word or "", len(_RANK))


@cache
def _is_ours(gene: str | None) -> bool:
    return gene is not None and gene_name(gene)[0] in modelled_genes()


def _cells(text: str, columns: Sequence[str]) -> dict[str, str]:
    cells = dict(zip(columns, text.split("|"), strict=False))
    return {k: unquote(v) for k, v in cells.items() if v not in ("", ".", "-")} | {"Allele": cells.get("Allele", "")}


def _of_allele(rows: list[dict[str, str]], allele: Allele) -> list[dict[str, str]]:
    """Keep the rows of the allele: by its number where the annotator gives one, else by its bases.

    A record of one allele needs no match; in one of several, rows that match none say nothing of it.
    """
    if len(allele.alts) == 1:
        return rows
    if any("ALLELE_NUM" in r for r in rows):
        return [r for r in rows if r.get("ALLELE_NUM") == str(allele.number + 1)]
    # snpEff compares two alleles in its cancer mode: ``T-C``
    return [r for r in rows if {r["Allele"], r["Allele"].partition("-")[0]} & allele.spellings]


def rows_of(info: str, allele: Allele, columns: Columns) -> list[dict[str, str]]:
    """Return the cells of VEP's annotations (CSQ) of an allele."""
    text = next((part[4:] for part in info.split(";") if part.startswith("CSQ=")), None)
    names = columns.get("CSQ", ())
    return _of_allele([_cells(t, names) for t in text.split(",")], allele) if text and names else []


def _vep(text: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    rows = _of_allele([_cells(t, columns or _ANN) for t in text.split(",")], allele)
    for cells in rows:
        biotype = cells.get("BIOTYPE") or cells.get("Transcript_BioType") or "protein_coding"
        mane = cells.get("MANE_SELECT") or cells.get("MANE")
        yield _Row(
            cells.get("SYMBOL") or cells.get("Gene_Name") or cells.get("Gene") or cells.get("Gene_ID"),
            effect.consequence(cells.get("Consequence") or cells.get("Annotation")),
            cells.get("HGVSc") or cells.get("HGVS.c"),
            cells.get("HGVSp") or cells.get("HGVS.p") or _residue(cells),
            cells.get("Feature") or cells.get("Feature_ID") or "",
            is_picked=any(cells.get(k) == "1" for k in ("PICK", "PICK_ALLELE", "FLAG_PICK")),
            is_main=mane is not None or cells.get("CANONICAL") == "YES",
            is_coding=biotype.lower() in ("protein_coding", "coding"),
        )


def _residue(cells: Mapping[str, str]) -> str | None:
    """Return the protein change of VEP run without --hgvs: one residue for another at a place.

    >>> _residue({"Amino_acids": "G/D", "Protein_position": "12/189"}), _residue({"Amino_acids": "R/*"})
    ('p.G12D', None)
    """
    found = re.fullmatch(r"([A-Z])(?:/([A-Z*]))?", cells.get("Amino_acids", ""))
    at = re.fullmatch(r"(\d+)(?:/\d+)?", cells.get("Protein_position", ""))
    return f"p.{found[1]}{at[1]}{found[2] or '='}" if found and at and found[2] != "X" else None


def _old_snpeff(text: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    """EFF: ``NON_SYNONYMOUS_CODING(MODERATE|MISSENSE|gGt/gAt|G12D|189|KRAS|protein_coding|CODING|ENST...|2|1)``."""
    for word, inside in re.findall(r"([A-Za-z0-9_+&]+)\(([^)]*)\)", text):
        cells = [*inside.split("|"), *[""] * 11][:11]
        if len(allele.alts) > 1 and cells[10].isdigit() and int(cells[10]) != allele.number + 1:
            continue
        change = cells[3].split("/")[0] or None
        yield _Row(
            cells[5] or None,
            effect.consequence(word),
            None,
            change,
            cells[8],
            is_coding=cells[6] in ("", "protein_coding"),
        )


def _bcftools(text: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    """BCSQ: ``missense|KRAS|ENST...|protein_coding|-|12G>12D|25245350C>T``; ``@pos`` points to another record."""
    for entry in text.split(","):
        cells = [*entry.split("|"), *[""] * 7][:7]
        if entry.startswith("@"):
            continue
        bases = [change.partition(">")[2] for change in cells[6].split("+") if ">" in change]
        if len(allele.alts) > 1 and bases and not any(b in allele.spellings for b in bases):
            continue
        yield _Row(
            cells[1] or None,
            effect.consequence(cells[0].lstrip("*")),
            None,
            _amino(cells[5]),
            cells[2],
            is_coding=cells[3] in ("", "protein_coding"),
        )


def _amino(text: str) -> str | None:
    """Return ``p.G12D`` of bcftools' ``12G>12D``; None for what is no substitution.

    >>> _amino("12G>12D"), _amino("213R>213*"), _amino("12G"), _amino("745KELREA>745K")
    ('p.G12D', 'p.R213*', 'p.G12=', None)
    """
    if found := re.fullmatch(r"(\d+)([A-Z*])>\1([A-Z*])", text):
        return f"p.{found[2]}{found[1]}{found[3]}"
    found = re.fullmatch(r"(\d+)([A-Z*])", text)
    return f"p.{found[2]}{found[1]}=" if found else None


def _funcotator(text: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    """FUNCOTATION: one ``[...]`` per allele, transcripts joined by ``#``; column names carry the Gencode release."""
    blocks = re.findall(r"\[([^\]]*)\]", text)
    if allele.number >= len(blocks):
        return
    names = [re.sub(r"^Gencode_\d+_", "", c) for c in columns]
    for one in blocks[allele.number].split("#"):
        cells = {k: _unescaped(v) for k, v in zip(names, one.split("|"), strict=False) if v}
        yield _Row(
            cells.get("hugoSymbol"),
            effect.consequence(cells.get("variantClassification")),
            cells.get("cDnaChange"),
            cells.get("proteinChange"),
            cells.get("annotationTranscript", ""),
        )


def _oncomine(text: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    """FUNC of the Torrent suite: ``[{'gene':'KRAS','protein':'p.Gly12Asp','function':'missense',...}]``."""
    for inside in re.findall(r"\{([^}]*)\}", text):
        cells = dict(re.findall(r"'(\w+)'\s*:\s*'([^']*)'", inside))
        bases = {cells[k] for k in ("normalizedAlt", "origAlt") if k in cells}
        if len(allele.alts) > 1 and bases and not bases & allele.spellings:
            continue
        word = cells.get("function") or cells.get("location", "").split("_")[0]
        yield _Row(
            cells.get("gene"),
            effect.consequence(word),
            cells.get("coding"),
            cells.get("protein"),
            cells.get("transcript", ""),
        )


def _annovar(info: str, allele: Allele) -> Iterator[_Row]:
    """ANNOVAR's keys (``Gene.refGene`` ...): one block per allele, each closed by ``ALLELE_END``."""
    block, is_own = annovar_block(info, allele)
    block = block if is_own else ""
    cells = {k: _unescaped(v) for k, _, v in (part.partition("=") for part in block.split(";")) if v not in ("", ".")}
    for key, gene in cells.items():
        if key.startswith("Gene.") and not key.startswith("GeneDetail"):
            source = key.removeprefix("Gene.")
            region, exonic = cells.get(f"Func.{source}"), cells.get(f"ExonicFunc.{source}")
            words = [w for w in (effect.consequence(exonic), effect.consequence(region)) if w not in (None, "unknown")]
            word = words[0] if words else ("unknown" if region or exonic else None)
            change = cells.get(f"AAChange.{source}")
            yield _Row(None if "dist=" in gene or region == "intergenic" else gene, word, None, change)


def annovar_block(info: str, allele: Allele) -> tuple[str, bool]:
    """Return the part of INFO that ANNOVAR wrote of an allele, and whether it is of this allele alone; else all of
    INFO.

    >>> annovar_block("DP=9;ANNOVAR_DATE=x;g=1;ALLELE_END;ANNOVAR_DATE=x;g=2;ALLELE_END", Allele("C", ("T", "A"), 1))
    (';ANNOVAR_DATE=x;g=2;', True)
    """
    blocks = info.split("ALLELE_END")[:-1] or [info]
    if len(blocks) == len(allele.alts):
        return blocks[allele.number], True
    return info, len(allele.alts) == 1


def _purple(value: str, allele: Allele, columns: Sequence[str]) -> Iterator[_Row]:
    """PURPLE and PAVE (``IMPACT``): gene, transcript, effect, class of effect, at a splice site, c., p. of a record's
    one alternative (hmftools, PAVE's README, read November 2026)."""
    cells = [_unescaped(c).strip() for c in value.split(",")] + [""] * 7
    if len(allele.alts) == 1 and cells[0]:
        yield _Row(cells[0], effect.consequence(cells[2] or None), cells[5] or None, cells[6] or None, cells[1])


def _unescaped(text: str) -> str:
    """Return text without ANNOVAR's and Funcotator's escapes (``\\x3b``, ``_%3D_``)."""
    text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"_?%([0-9A-Fa-f]{2})_?", lambda found: chr(int(found[1], 16)), text)


_READERS: dict[str, Callable[[str, Allele, Sequence[str]], Iterator[_Row]]] = {
    "CSQ": _vep,
    "vep": _vep,
    "ANN": _vep,
    "BCSQ": _bcftools,
    "FUNCOTATION": _funcotator,
    "FUNC": _oncomine,
    "EFF": _old_snpeff,
    "IMPACT": _purple,
}


def effect_columns(annotations: pl.Series) -> pl.DataFrame:
    """Return gene, term, hgvs_c and hgvs_p of a column of snpEff annotations (``ANN`` without its name)."""
    one = Allele("N", ("N",), 0)
    found = [effect_of(f"ANN={a}", one, {}) if a else NOTHING for a in annotations]
    columns = ("gene", "term", "hgvs_c", "hgvs_p")
    return pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
