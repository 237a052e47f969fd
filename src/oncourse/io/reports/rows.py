"""Each row of a panel report as what it says of one gene of one sample.

A row may name several changes (``G12D/G13D``: as many calls) or several genes without a finding (``KRAS/NRAS/BRAF
野生型``). What a row does not say is not made up: a gene without any word was not reported on, "not tested" is no wild
type, and a test of one exon or of one variant says nothing of the rest of its gene.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from oncourse.facts.markers import REPAIR_PROTEINS
from oncourse.facts.recorded import TESTED_LOSS, is_statement
from oncourse.facts.report_genes import codons_named, exons_named, genes_named, names_part, pair_named
from oncourse.facts.report_words import FRACTION, WordedFinding, finding, not_read_beside, sets_aside
from oncourse.genome import protein
from oncourse.genome.gene_names import current_symbol
from oncourse.genome.gene_sets import set_codons
from oncourse.genome.promoters import named_promoter_change
from oncourse.io.calling import fails, not_a_call
from oncourse.io.reports.copies import is_copies, level
from oncourse.study.words import meaning

#: What a row is: a mutation; the words that a gene of RAS, RAF or PIK3CA is mutated, not how; a fusion; a copy number;
#: the gene was looked at and is not altered; only a part of it was; it was not tested; nothing is said of it; a fact of
#: the sample (MSI, TMB).
KINDS = ("call", "statement", "fusion", "copies", "negative", "partly negative", "untested", "unsaid", "fact")
#: Where a change is written, the most telling cell first.
_CHANGE = ("hgvs_p", "hgvs_c", "value")
_FUSION = re.compile(r"([A-Z][A-Z0-9]*)\s*(?:-|:{1,2}|/|—)\s*([A-Z][A-Z0-9]*).*(?:融合|重排|fusion|rearrange)", re.I)
#: Words of origin beside others in a cell (``Pathogenic, germline``; ``VUS (CHIP)``), and those that doubt them.
_ORIGIN_WORDS = {
    "germline": re.compile(r"胚系|生殖系|germ[- ]?line", re.I),
    "chip": re.compile(r"\bCHIP\b|clonal ha?ematopoiesis|克隆性造血", re.I),
}
_NO_ORIGIN = re.compile(
    r"体细胞|somatic|非\s*[胚生克]|排除|无[胚生]|\b(?:not?|non|without|exclud\w*|versus|vs|or)\b|\?", re.I
)
_FUSION_WORD = re.compile(r"融合|重排|fusion|rearrange", re.I)
_FACTS = {
    "msi_status": re.compile(r"^(msi|微卫星|mss/msi|mss$|microsatellite)", re.I),
    "tmb_per_mb": re.compile(r"^(tmb|肿瘤突变负荷|tumou?r mutation(al)? burden)", re.I),
    "hrd": re.compile(
        r"^(hrd|gis|homologous recombination deficiency|同源重组修复?缺陷)(?:[ _-]?(score|status|评分|状态|分数))?$",
        re.I,
    ),
    "marker": re.compile(
        r"^((mlh1|msh2|msh6|pms2) ihc$|mrd|ct-?dna|分子残留病灶|微小残留病灶|ar[-_ ]?v7)([ _-]*(status|状态|结果|检测))?$",
        re.I,
    ),
    # mismatch repair as a whole; a protein of it (错配修复蛋白 MLH1) is a stain
    "mmr": re.compile(r"^([dp]?mmr|mismatch repair( \(mmr\))?|错配修复)[ _-]*(status|ihc|状态|功能|结果)?$", re.I),
}
_ABSENT, _NOTHING = "not detected", "absent"
#: A dash for a result, where other rows of the report have one.
_NO_RESULT = "no result"
#: A protein that was stained (immunohistochemistry): no variant of its gene.
_STAIN = re.compile(
    r"^(pd-?l1|程序性死亡)|\b(tps|cps)\b|\bihc\b|免疫组(化|织化学)|蛋白(表达|缺失)|immunohisto|protein expression", re.I
)
#: An inherited genotype for the dose of a drug: star alleles (UGT1A1 ``*1/*28``), a site by its number (``rs8175347``).
_INHERITED = re.compile(r"\*\d+[A-Z]?\s*/\s*\*\d+|^\s*rs\d+\b(?!.*(?:p\.|c\.)\S)", re.I)
_DENIED = re.compile(r"[未无非不没否]|\b(?:no|not|non|without|negative)\b", re.I)
#: A partner that is not known is no denial.
_UNKNOWN = re.compile(r"未知|未明|不明|不详|\bunknown\b", re.I)
#: A cell that is not filled in; a dash alone, which as a number is as good as no cell.
_DASH = re.compile(r"^\s*[-—–−/\\.]+\s*$")
_BELOW = re.compile(r"^\s*[<≤]")
_EMPTY = re.compile(r"^\s*(?:[-—–/\\.]+|无)\s*$")
#: Codons of the RAS status by exon: looked at in several rows, all of them are the whole of it (NCCN, ESMO 2023).
_RAS_CODONS = {2: {12, 13}, 3: {59, 61}, 4: {117, 146}}
_WHOLE = {"KRAS": set().union(*_RAS_CODONS.values()), "NRAS": set().union(*_RAS_CODONS.values())}


def understood(table: pl.DataFrame) -> pl.DataFrame:
    """Return one row per gene and change of a report, with ``kind`` (one of `KINDS`), ``partner`` and ``words``.

    `table` has the columns of `oncourse.io.reports.panel_rows.PANEL` and ``_line``. ``words`` holds what a change not
    understood, or denied, was written as; ``fact`` the column of samples that a fact belongs to; ``gene_cell`` the
    gene's cell as written; ``set_aside`` the word by which nobody calls a change that the row names (a failed FILTER,
    below the limit of detection, suspected), null where it is called; ``beside`` a cell of a change with words that are not
    known.
    """
    schema: dict[str, Any] = {
        **table.schema,
        "kind": pl.String,
        "partner": pl.String,
        "words": pl.String,
        "fact": pl.String,
        "gene_cell": pl.String,
        "exon_only": pl.Boolean,
        "set_aside": pl.String,
        "beside": pl.String,
    }
    table = _zeros_are_absent(_with_stains(_without_filling(table)))
    rows = [one for row in table.iter_rows(named=True) for one in _read(row)]
    return _whole_genes(pl.DataFrame(rows, schema=schema, orient="row"))


#: Words for a protein that was stained, and signs that are such only where nothing but proteins of repair is listed.
_STAINED = re.compile(
    r"(?i)^\s*(?:(?:完全|部分)?(?:表达)?(?:缺失|缺如|丢失)|(?:正常)?表达(?:正常|完整)?|保留|存在|"
    r"(?:expression )?(?:retained|intact|preserved|lost)|"
    r"loss(?: of expression)?)\s*(?:[(（].*)?$"
)
_SIGNS = re.compile(r"(?i)^\s*[(（]?\s*(?:[+-]+|阳性|阴性|pos(?:itive)?|neg(?:ative)?)\s*[)）]?\s*$")


def _with_stains(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with proteins of mismatch repair called stains (MLH1 IHC) where their results are those of a stain:
    缺失, retained; signs (+, 阴性) where the report lists no other gene, since "MLH1 阴性" of a panel is no mutation."""
    genes = table["gene"].str.strip_chars().str.to_uppercase()
    of_repair = genes.is_in(REPAIR_PROTEINS)
    if not of_repair.any():
        return table
    only = bool((of_repair | genes.is_null() | genes.str.contains("^([DP]?MMR|MSI|HER-?2|KI-?67|P53)")).all())
    bare = table["hgvs_c"].is_null() & table["pos"].is_null() & table["vaf"].is_null()
    told = pl.select(pl.coalesce(table["value"], table["hgvs_p"]).alias("value"))["value"]
    is_stain = told.str.contains(_STAINED.pattern) | (told.str.contains(_SIGNS.pattern) & pl.lit(only))
    stain = pl.select(pl.lit(of_repair & bare) & is_stain).to_series().fill_null(False)
    if not stain.any():
        return table
    return table.with_columns(
        pl.when(pl.lit(stain)).then(pl.lit(genes) + " IHC").otherwise("gene").alias("gene"),
        pl.when(pl.lit(stain)).then(pl.lit(told)).otherwise("value").alias("value"),
        pl.when(pl.lit(stain)).then(pl.lit(None, pl.String)).otherwise("hgvs_p").alias("hgvs_p"),
    )


def _without_filling(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with empty cells where a dash stands in the column of results, and other rows say a word there.

    There a dash is no finding: the row says nothing; of a change that it names without reads or a class there is no
    result. In a report without such words a dash means "none found".
    """
    is_filling = table["value"].str.contains(r"^[-—–/\\.]+$").fill_null(False)
    if (~is_filling & table["value"].is_not_null()).any():
        cells = [
            pl.when(pl.col(c).str.contains(r"^[-—–/\\.]+$") & is_filling).then(None).otherwise(c).alias(c)
            for c in _CHANGE
        ]
        named = pl.any_horizontal(pl.col(c).str.contains(r"\d") for c in ("hgvs_p", "hgvs_c"))
        told = pl.any_horizontal(pl.col(c).is_not_null() for c in ("vaf", "alt_count", "consequence"))
        is_asked = (named & ~told).fill_null(False) & is_filling
        table = table.with_columns(cells).with_columns(
            pl.when(is_asked).then(pl.lit(_NO_RESULT)).otherwise("value").alias("value")
        )
    return table


def _zeros_are_absent(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with a word of absence for a fraction of 0, where another row has one above 0: a table that
    follows changes lists those that were not found. Where all are 0, the column says nothing of what was found.

    No read of the variant of a depth that is given (0 of 500) is none found, in any table."""
    share, alt, depth = (
        table[c].str.extract(r"^\s*([\d.]+)\s*[%xX×]?\s*$").cast(pl.Float64, strict=False)
        for c in ("vaf", "alt_count", "depth")
    )
    is_none = ((alt == 0) & (depth > 0)).fill_null(False)
    if (share > 0).any():
        is_none = is_none | (share == 0).fill_null(False)
    return table.with_columns(pl.when(pl.lit(is_none)).then(pl.lit(_ABSENT)).otherwise("vaf").alias("vaf"))


#: Names of facts that hold their result.
_SAYS_ITSELF = re.compile(
    r"^(mss|msi[-_ ]?(h|l|high|low|stable)|[dp]mmr|tmb[-_ ]?(h|l|high|low)|微卫星(高度|低度)?不稳定|微卫星稳定)([(（].*)?$",
    re.I,
)


def fact_named(name: str) -> str | None:
    """Return the fact of a sample that a name is (微卫星状态: msi_status); null where it is none."""
    return next((fact for fact, pattern in _FACTS.items() if pattern.match(name)), None)


def _read(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    plain = [k for k, v in row.items() if isinstance(v, str) and not k.endswith("_id")]
    row = row | {k: unicodedata.normalize("NFKC", row[k]) for k in plain}
    gene = row["gene"] or ""
    row |= {k: _any_of_codon(gene, row[k]) for k in _CHANGE if row[k]}
    row["origin"] = row["origin"] or _origin_beside(row)
    row |= {"partner": None, "words": None, "fact": None, "gene_cell": gene, "exon_only": False}
    row["set_aside"] = row["beside"] = None
    if fact := fact_named(gene):
        itself = gene if _SAYS_ITSELF.match(gene) else None  # MSI-H in the column of genes
        yield row | {"kind": "fact", "fact": fact, "words": row["value"] or row["hgvs_p"] or itself}
        return
    if _INHERITED.search(" ".join(row[k] for k in _CHANGE if row[k])):
        yield row | {"kind": "fact", "fact": "genotype", "words": " ".join(row[k] for k in _CHANGE if row[k])}
        return
    if _STAIN.search(f"{gene} {_text(row)}"):
        yield row | {"kind": "fact", "fact": "stain", "words": f"{gene}: {row['value'] or row['hgvs_p'] or ''}"}
        return
    pair = pair_named(gene, slash=_says_fusion(row)) or _pair_of_change(row)
    genes = [pair[1]] if pair else list(genes_named(gene)) if gene else [None]
    cells = {k: finding(row[k]) for k in _CHANGE if row[k]}
    said = (*(f.state for f in cells.values()), _state_of(row["consequence"]))
    states = {s for s in said if s}
    asked = finding(gene).changes if gene and len(genes) == 1 and genes[0] != gene else ()
    # a change that the test's name asks for was found where the result says so, not where nobody understands it
    changes = _changes(cells) or (asked if "present" in states or _has_reads(row) else ()) or _by_exon(row, states)
    kind = _kind(row, states, bool(changes), pair is not None)
    kind, contradicted = _by_share(row, kind, states)
    changes = () if contradicted else changes
    if kind == "call" and (changes or row["pos"]):
        row["set_aside"] = _set_aside(row, states)
        row["beside"] = next((row[k] for k in _CHANGE if not_read_beside(row[k])), None)
    if kind == "negative":
        of_part = names_part(gene) or any(f.is_part for f in cells.values())
        row["exon_only"] = not (asked or _changes(cells) or _is_event(row) or any(f.is_part for f in cells.values()))
        part = not row["exon_only"] or of_part or _exons(row)
        kind = "partly negative" if part else kind
        named = asked or _changes(cells) or any(f.denied for f in cells.values())
        row["words"] = _denied(row) if named and genes != [None] else None
    if kind == "call" and not changes and not row["pos"]:
        row["words"] = (
            " ".join(row[k] for k in ("gene", *_CHANGE, "consequence", "vaf") if row[k] and row[k] != genes[0]) or None
        )
        told = " ".join(row[k] for k in (*_CHANGE, "consequence", "exon") if row[k])
        if gene and not contradicted and is_statement(tuple(g or "" for g in genes), f"{gene} {told}"):
            told = f"{told} germline" if row["origin"] == "germline" and set(genes) <= set(TESTED_LOSS) else told
            yield row | {"gene": genes[0], "kind": "statement", "words": told or "mutated"}
            return
        row |= {"hgvs_p": None, "hgvs_c": None}
    row["vaf"] = row["vaf"] or next((f.fraction for f in cells.values() if f.fraction), None)
    own = _named_in_cells(row, genes) if kind == "call" and changes and len(genes) > 1 else None
    if own:  # KRAS/NRAS: KRAS p.G12D; of the others nothing is said
        yield from (row | {"gene": g, "kind": "unsaid"} for g in genes if g != own)
        genes = [own]
    if kind == "call" and changes and len(genes) == 1 and _amplified_too(row, states):
        yield row | {"gene": genes[0], "kind": "copies"}
    for name in genes:
        one = row | {"gene": name, "kind": kind, "partner": pair[0] if pair and kind == "fusion" else None}
        if kind != "call" or not changes:
            yield one
        elif len(genes) > 1:  # a change of one of several genes: nobody knows which
            yield one | {
                "hgvs_c": None,
                "hgvs_p": None,
                "words": f"{gene} {row['hgvs_p'] or row['value'] or ''}".strip(),
            }
        else:
            shares = _shares(row["vaf"], len(changes))
            for (coding, protein), share in zip(changes, shares, strict=True):
                promoter = named_promoter_change(name, protein)
                yield one | {"hgvs_c": promoter or coding, "hgvs_p": None if promoter else protein, "vaf": share}


def _amplified_too(row: Mapping[str, Any], states: set[str]) -> bool:
    """Whether a row names an amplification beside its change (``amplification; G12D``)."""
    text = " ".join(row[k] for k in _CHANGE if row[k])
    return bool(_AMPLIFIED.search(text)) and "doubt" not in states and not _DENIED.search(_UNKNOWN.sub(" ", text))


_AMPLIFIED = re.compile(r"扩增|\bamplif\w+", re.I)


def _origin_beside(row: Mapping[str, Any]) -> str | None:
    """Return the origin that a cell of the row says beside other words; null: none, or it is denied or doubted.

    A word of origin alone in the column of the kind of change is read with the other kinds."""
    for cell in (row[k] for k in (*_CHANGE, "remark", "consequence") if row[k]):
        for origin, pattern in _ORIGIN_WORDS.items():
            if pattern.search(cell) and not _NO_ORIGIN.search(cell):
                return origin
    return None


def _by_share(row: Mapping[str, Any], kind: str, states: set[str]) -> tuple[str, bool]:
    """Return the kind of a row by the word in the cell of its share, and whether that contradicts the row: ``ND`` for the
    share of a change that was asked for says that it was not found; beside 检出 nobody knows. A dash beside a class of
    change is an empty cell; in a list of places asked for it says "not found" as often as "not filled in": neither is
    taken."""
    dash = _DASH.match(row["vaf"] or "") is not None
    if kind == "call" and dash and not row["consequence"] and "present" not in states and not _has_reads(row):
        return kind, True
    share = None if dash else _state_of(row["vaf"])
    if kind != "call" or share is None or _has_reads(row):
        return kind, False
    if "present" in states:
        return kind, share == "absent" and not _EMPTY.match(row["vaf"])
    return {"absent": "negative"}.get(share, share), False


def _set_aside(row: Mapping[str, Any], states: set[str]) -> str | None:
    """Return the word by which a row does not call the change that it names; null where it is a call.

    A share below a limit (``<0.1%``) beside 检出 is a call of unknown reads; a doubtful one (``±``) is none.
    """
    if fails(row["filter"]):
        return str(row["filter"])
    if not_a_call(row["origin"]):
        return str(row["origin"])
    if "doubt" in states:
        return next((row[k] for k in reversed(_CHANGE) if row[k] and finding(row[k]).state == "doubt"), "doubt")
    if _is_denied(row) and _has_reads(row):  # 未检出 0.2%: reads that the report does not call
        return str(row["value"])
    below = (
        sets_aside(row["vaf"]) and not row["alt_count"] and ("present" not in states or not _BELOW.match(row["vaf"]))
    )
    return str(row["vaf"]) if below else None


def _is_denied(row: Mapping[str, Any]) -> bool:
    """Whether the cell of the result says in words that nothing was found; a dash is none."""
    return bool(row["value"]) and not _EMPTY.match(row["value"]) and finding(row["value"]).state == _NOTHING


def _named_in_cells(row: Mapping[str, Any], genes: Sequence[str | None]) -> str | None:
    """Return the one of several genes that the cells of the change name themselves; null where they name none, or two."""
    text = " ".join(row[k] for k in _CHANGE if row[k]).upper()
    found = [g for g in genes if g and re.search(rf"(?<![A-Z0-9]){re.escape(g.upper())}(?![A-Z0-9])", text)]
    return found[0] if len(found) == 1 else None


def _shares(cell: str | None, n: int) -> list[str | None]:
    """Return the share of each of `n` changes of a row: as many in its cell (30%/5%) are one of each, in their order.

    >>> _shares("30.1%/5.2%", 2), _shares("12%", 2), _shares("0.3、0.05", 2), _shares("120/1000", 2)
    (['30.1%', '5.2%'], ['12%', '12%'], ['0.3', '0.05'], ['120/1000', '120/1000'])
    """
    parts = [p for p in re.split(r"\s*[/,;，；、]\s*", cell or "") if p]
    each = all(re.fullmatch(r"\d+(?:\.\d+)?\s?%|0?\.\d+", p) for p in parts)
    return [*parts] if n > 1 and len(parts) == n and each else [cell] * n


def _denied(row: Mapping[str, Any]) -> str:
    """Return the words of a row that denies a change; where the change alone is written, that it was not found."""
    words = " ".join(row[k] for k in _CHANGE if row[k])
    return words if finding(words).state == _NOTHING else f"{words} {_ABSENT}".strip()


def _exons(row: Mapping[str, Any]) -> frozenset[int]:
    """Return the exons that a row names in any of its cells."""
    return exons_named(row["gene_cell"], _exon(row["exon"]), row["hgvs_p"], row["value"])


def _codons(row: Mapping[str, Any]) -> set[int]:
    """Return the codons of RAS that a row looked at: those it names, else those of its exons."""
    named = codons_named(row["gene_cell"]) | codons_named(row["exon"] or "")
    return set(named) if named else set().union(*(_RAS_CODONS.get(e, set()) for e in _exons(row)))


def _exon(cell: str | None) -> str | None:
    """Return a cell of an exon column as `exons_named` reads it: ``2`` and ``2,3`` as exons."""
    return f"exon {cell}" if cell and re.fullmatch(r"\d+(\s*[-、,/]\s*\d+)*", cell) else cell


def _state_of(word: str | None) -> str | None:
    """Return what a cell of the kind of change says of the finding: ``wild type`` and ``not tested``, nothing else."""
    state = meaning("panel_result", word)
    return state if state in ("absent", "untested") else None


#: G12X where an activating change is asked for: X stands for any residue, and is no stop.
_ANY = re.compile(r"(?:p\.)?\(?(?:[A-Z]|[A-Z][a-z]{2})(\d+)(?:X|Xaa|\?)\)?")


def _any_of_codon(gene: str, cell: str) -> str:
    """Return "codon 12 mutation" for a KRAS G12X: any change of a codon that RAS and BRAF are asked for.

    >>> _any_of_codon("KRAS", "G12X"), _any_of_codon("BRAF", "p.V600X"), _any_of_codon("TP53", "R213X")
    ('codon 12 mutation', 'codon 600 mutation', 'R213X')
    """
    found = _ANY.fullmatch(cell.strip())
    codons = set_codons("RAS").get(
        current_symbol(gene.strip().upper()), (600,) if gene.strip().upper() == "BRAF" else ()
    )
    return f"codon {found.group(1)} mutation" if found and int(found.group(1)) in codons else cell


def _changes(cells: Mapping[str, WordedFinding]) -> tuple[tuple[str | None, str | None], ...]:
    """Return the changes that the cells name: protein and coding change of two cells where they are as many."""
    p, c = (cells[k].changes if k in cells else () for k in ("hgvs_p", "hgvs_c"))
    if p and len(p) == len(c):
        return tuple((b[0] or a[0], a[1] or b[1]) for a, b in zip(p, c, strict=True))
    return p or c or (cells["value"].changes if "value" in cells else ())


def _by_exon(row: Mapping[str, Any], states: set[str]) -> tuple[tuple[str | None, str | None], ...]:
    """Return a change that stands in the column of the kind of change, or is named by its exon (EGFR 19外显子缺失, MET
    14号外显子跳跃), where the words do not deny it."""
    if states & {"absent", "untested", "doubt"}:
        return ()
    if (said := finding(row["consequence"] or "")).changes:  # 突变类型 holds G12D
        return said.changes
    for cell in (row[k] for k in _CHANGE if row[k]):
        change = protein.canonical(re.sub(r"[(（].*?[)）]", " ", FRACTION.sub(" ", cell)).strip())
        if re.match(r"p\.(?:exon [\d-]+ (?:deletion|insertion|duplication|skipping)|vIII)$", change or ""):
            return ((None, change),)
    return ()


def _text(row: Mapping[str, Any]) -> str:
    return " ".join(w for k in (*_CHANGE, "consequence", "gene") if (w := row[k]))


def _is_event(row: Mapping[str, Any]) -> bool:
    return bool(_FUSION_WORD.search(_text(row))) or is_copies(_text(row), row)


def _kind(row: Mapping[str, Any], states: set[str], has_change: bool, is_pair: bool) -> str:
    """Return what a row is; a word against another ("absent" and "present") is a call that is not understood."""
    said = any(row[k] for k in (*_CHANGE, "consequence")) or _has_reads(row)
    placed = row["pos"] is not None and row["alt"] is not None
    against = has_change and states == {"absent"} and _dashes(row)
    if not ("present" in states or _has_reads(row) or against):
        if "untested" in states and (_says_untested(row) or not (has_change or placed)):
            return "untested"
        if "absent" in states and not (_dashes(row) and _tells_of_an_event(row)):
            return "negative"
    if not (said or placed):
        return "call" if has_change else "unsaid"
    text = _text(row)
    # 扩增：否, every denial that is not understood above, and an event that is doubted (amplification - equivocal)
    denied = _DENIED.search(_UNKNOWN.sub(" ", text)) or "doubt" in states
    told = _says_fusion(row) and not has_change and not _is_break_within(row)
    if not denied and (is_pair or _FUSION.search(text) or told):
        return "fusion"
    if is_copies(text, row) and not has_change and not denied:
        return "copies"
    return "call"


#: Words of a cell that is not filled in: they deny no change that stands beside them.
_NOT_FILLED = ("na", "n/a", "unknown", "未知", "不详", "?", "ne")


def _says_untested(row: Mapping[str, Any]) -> bool:
    """Whether the cell of results says that the change that stands beside it was not tested (ND, 未检测, 无法判读)."""
    word = row["value"] or ""
    return finding(word).state == "untested" and word.strip().lower() not in _NOT_FILLED


def _pair_of_change(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the partners that the cell of the change names (``EML4::ALK`` of ALK), 5' first."""
    pairs = (pair_named(row[k], slash=True) for k in _CHANGE if row[k])
    return next(
        (p for p in pairs if p and (not row["gene"] or set(p) & {g.upper() for g in genes_named(row["gene"])})), None
    )


def _says_fusion(row: Mapping[str, Any]) -> bool:
    """Whether what was found is a fusion (``RET 融合``, the partner not told)."""
    return any(_FUSION_WORD.search(row[k]) for k in (*_CHANGE, "consequence") if row[k])


def _has_reads(row: Mapping[str, Any]) -> bool:
    """Whether a fraction or a number of reads above 0 stands in the row: then something was found, whatever the
    words."""
    numbers = (re.search(r"\d+(?:\.\d+)?", row[k] or "") for k in ("vaf", "alt_count"))
    return any(n is not None and float(n.group()) > 0 for n in numbers)


def _dashes(row: Mapping[str, Any]) -> bool:
    """Whether what says "absent" is only the filling of a cell (``-``): then a change beside it counts."""
    absent = [row[k] for k in _CHANGE if row[k] and finding(row[k]).state == _NOTHING]
    absent += [word for word in (row["consequence"],) if word and _state_of(word) == _NOTHING]
    return all(re.fullmatch(r"[-—/p.?]+", cell) for cell in absent)


#: Words of an event, or of what it means, that no dash in another cell takes back.
_AN_EVENT = re.compile(
    r"缺失|重复|重排|插入|倒位|截短|移码|无义|错义|剪[接切]|突变|变异|大片段|"
    r"\b(?:del|dup|ins|inv)(?:etion|lication|ertion|ersion)?s?\b|rearrang|truncat|frame-?shift|nonsense|missense|splic|\bLGR\b",
    re.I,
)


def _tells_of_an_event(row: Mapping[str, Any]) -> bool:
    """Whether a cell of a row tells of an event (exon14-18 del, 大片段缺失, 致病突变) or calls it pathogenic: then the
    dashes beside it are cells that are not filled in, and the row is a finding, understood or not."""
    cells = [row[k] for k in (*_CHANGE, "consequence") if row[k] and finding(row[k]).state is None]
    if any(_AN_EVENT.search(c) and not _DENIED.search(_UNKNOWN.sub(" ", c)) for c in cells):
        return True
    return row.get("pathogenicity") in ("pathogenic", "likely_pathogenic")


def _is_break_within(row: Mapping[str, Any]) -> bool:
    """Whether what is called a rearrangement is one within the gene (大片段重排 外显子3缺失), no fusion with another."""
    text = _text(row)
    return bool(re.search(r"大片段|外显子|exons?\b|large|\bLGR\b", text, re.I)) and not re.search(
        r"融合|fusion", text, re.I
    )


def _whole_genes(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that together looked at every codon of RAS are negative as a whole."""
    partly = rows.filter(pl.col("kind") == "partly negative")
    if partly.is_empty():
        return rows
    seen: dict[tuple[str, str], set[int]] = {}
    for row in rows.filter(pl.col("kind").is_in(["partly negative", "call"])).iter_rows(named=True):
        seen.setdefault((row["sample_id"], row["gene"]), set()).update(_codons(row))
    whole = [s for s, codons in seen.items() if codons >= _WHOLE.get(s[1] or "", {10**6})]
    keys = pl.DataFrame(whole, schema={"sample_id": pl.String, "gene": pl.String}, orient="row")
    keys = keys.with_columns(pl.lit(True).alias("_all"))
    marked = rows.join(keys, on=["sample_id", "gene"], how="left", maintain_order="left")
    turned = pl.col("_all").fill_null(False) & (pl.col("kind") == "partly negative") & pl.col("exon_only")
    return marked.with_columns(pl.when(turned).then(pl.lit("negative")).otherwise("kind").alias("kind")).drop("_all")


def fusion_of(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the partners of a row of kind fusion, 5' first."""
    if row["partner"]:
        return row["partner"], row["gene"]
    found = _FUSION.search(_text(row))
    return (found.group(1).upper(), found.group(2).upper()) if found else (None, row["gene"])


#: Words of a fusion that is read on in frame, or not.
_FRAMES = (
    ("out_of_frame", re.compile(r"out[- ]of[- ]frame|not in[- ]frame|frame-?shift|框外|移码|非框内", re.I)),
    ("in_frame", re.compile(r"in[- ]frame|框内", re.I)),
)


def frame_of(row: Mapping[str, Any]) -> str | None:
    """Return whether the words of a fusion say that it is read on in frame; null where they say nothing of it.

    >>> [frame_of({"hgvs_p": t}) for t in ("CCDC6-RET fusion (out of frame)", "EML4-ALK in-frame", "EML4-ALK")]
    ['out_of_frame', 'in_frame', None]
    """
    text = " ".join(w for k in (*_CHANGE, "consequence", "remark") if (w := row.get(k)))
    return next((frame for frame, words in _FRAMES if words.search(text)), None)


def copies_of(row: Mapping[str, Any]) -> str:
    """Return the copy-number call of a row of kind copies."""
    return level(_text(row), row)
