"""What a report writes in two columns where another has one: the partners of a fusion, mutant and wild-type copies of a
droplet PCR. Both become the gene, the finding and the reads that `oncourse.io.reports.panel_rows` reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from oncourse.facts.report_genes import genes_named
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.io.reports.panel_headers import panel_columns
from oncourse.io.tabular.relatives import are_relatives, by_their_ids, is_relative, relation_column
from oncourse.io.tabular.table import TextTable
from oncourse.study.schema import Problem

_FIRST = re.compile(
    r"(?i)^(5['’′]?端?(?:融合)?(?:基因|伴侣|gene|partner)|(?:融合)?(?:上游|头部)基因|(?:融合)?基因[1a]|gene_?[1a]|gene_?5p(?:rime)?|head_?gene|5['’′]?_?gene)$"
)
_SECOND = re.compile(
    r"(?i)^(3['’′]?端?(?:融合)?(?:基因|伴侣|gene|partner)|(?:融合)?(?:下游|尾部)基因|(?:融合)?基因[2b]|gene_?[2b]|gene_?3p(?:rime)?|tail_?gene|3['’′]?_?gene)$"
)
_PARTNER = re.compile(r"(?i)^((?:融合)?(?:伴侣|伙伴)(?:基因)?|fusion_?partner|partner(?:_?gene)?)$")
_MAIN = re.compile(r"^(主基因|主要基因|驱动基因)$")
_FILLING = r"(?i)^(?:[-—–/\\.\s?]*|未知|不明|不详|无|未检出|unknown|none|n/?a|nd)$"

_COPIES = r"(?:拷贝|微滴|液滴|copies|copy|droplets?|conc)"
_MUTANT = re.compile(
    rf"(?i)^(?:突变型?|mutant|mut|mt)(?:dna|基因|分子)?_?{_COPIES}|^{_COPIES}_?\(?(?:突变|mutant|mut|mt)"
)
_WILD = re.compile(rf"(?i)^(?:野生型?|wild_?type|wild|wt)(?:dna|基因|分子)?_?{_COPIES}|^{_COPIES}_?\(?(?:野生|wild|wt)")
#: Copies in a volume are no number of molecules that were seen.
_VOLUME = re.compile(r"(?i)/\s*\d*\s*[muµμ]?l\b|/\s*(?:毫升|微升)|conc|浓度")


def in_one_column(table: TextTable) -> TextTable:
    """Return the table of a report with partners of fusions in the column of genes, and reads for copies of droplets."""
    return _of_droplets(_with_partners(_without_controls(_without_relatives(table))))


def _without_relatives(table: TextTable) -> TextTable:
    """Leave out the rows of relatives of a patient (关系 = 父亲, P1父): what is found in them is not the patient's."""
    column = relation_column(table.frame.columns)
    ours = {o: c for c, o in panel_columns(table.frame.columns).items()}
    by_id = by_their_ids(table.frame, [ours.get(o, o) for o in ("patient_id", "sample_id")])
    others = by_id | are_relatives(table.frame[column]) if column else by_id
    if not others.any():
        return table
    at = table.frame.filter(others)
    word = at[column][0] if column else next(c for c in at.row(0) if is_relative(c))
    message = f"{int(others.sum()):,} rows are of relatives ({column or 'by their ids'}: {word}): left out."
    cure = "Give the patient's own rows an id, or a relation (本人), that says so."
    told = Problem("report", int(table.lines.filter(others)[0]), column, None, message, cure, "warning")
    return replace(
        table, frame=table.frame.filter(~others), lines=table.lines.filter(~others), problems=(*table.problems, told)
    )


#: A control of the run: nobody's sample.
_CONTROL = re.compile(
    r"(?i)^(?:(?:弱?阳性?|阴性?|空白|质控|野生型?|突变型?|无模板|内部?)对照(?:品|样[本品]|组)?|质控[品样]本?|标准品|NTC|"
    r"no[ _-]?template(?:[ _-]?control)?|"
    r"(?:positive|negative|blank|run|process)[ _-]?controls?)[ _-]?\d*$"
)


def _without_controls(table: TextTable) -> TextTable:
    """Leave out the rows of the controls of a run (阳性对照, NTC), by the name or the kind of their sample."""
    ours = {o: c for c, o in panel_columns(table.frame.columns).items()}
    named = {ours.get(o, o) for o in ("sample_id", "patient_id", "material")} & set(table.frame.columns)
    if not named:
        return table
    text = [pl.col(c).cast(pl.String).str.strip_chars().str.contains(_CONTROL.pattern).fill_null(False) for c in named]
    controls = table.frame.select(pl.any_horizontal(text)).to_series()
    if not controls.any():
        return table
    message = f"{int(controls.sum()):,} rows are of controls of the run: left out, they are nobody's samples."
    cure = "Name a sample that is a patient's otherwise."
    told = Problem("report", int(table.lines.filter(controls)[0]), None, None, message, cure, "warning")
    return replace(
        table,
        frame=table.frame.filter(~controls),
        lines=table.lines.filter(~controls),
        problems=(*table.problems, told),
    )


def _only(columns: Sequence[str], pattern: re.Pattern[str]) -> str | None:
    """Return the one column whose header is of `pattern`; null where none is, or two are."""
    bare = {c: re.sub(r"\s+", "_", unicodedata.normalize("NFKC", c).strip()) for c in columns}
    found = [c for c, b in bare.items() if pattern.search(b)]
    return found[0] if len(found) == 1 else None


def _cells(frame: pl.DataFrame, column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(~text.str.contains(_FILLING)).then(text)


def _with_partners(table: TextTable) -> TextTable:
    """Write the two genes of a fusion, 5' first, into one cell; of a gene and its partner alone the order is not told."""
    frame = table.frame
    five, three = _only(frame.columns, _FIRST), _only(frame.columns, _SECOND)
    gene = next((c for c, ours in panel_columns(frame.columns).items() if ours == "gene"), None)
    gene = "gene" if "gene" in frame.columns else gene
    if five is None or three is None:
        five, three = _only(frame.columns, _PARTNER), gene or _only(frame.columns, _MAIN)
        if five is None or three is None or five == three:
            return table
        kept = [five] if gene else [five, three]
    elif gene not in (None, five, three) or not _hold_genes(frame, five, three):
        return table
    else:
        kept = [five, three]
    first, second = _cells(frame, five), _cells(frame, three)
    pair = pl.when(first.is_not_null() & second.is_not_null()).then(pl.format("{}::{}", first, second))
    name = gene if gene and gene not in kept else "gene"
    said = set(panel_columns([c for c in frame.columns if c not in kept]).values())
    out = frame.with_columns(pl.coalesce(pair, second, first).alias(name))
    if "consequence" not in said and (gene is None or gene in kept):
        out = out.with_columns(pl.lit("融合").alias("consequence"))
    table = replace(table, frame=out.drop([c for c in kept if c != name]))
    if not _PARTNER.search(five) or not frame.select(pair.is_not_null().any()).item():
        return table
    message = f"{five} beside {three}: which of the two comes first is not said; {five} is taken as the 5' gene."
    cure = "Write the fusion as EML4::ALK, 5' first, or in two columns (5'基因, 3'基因)."
    told = Problem("report", None, five, None, message, cure, "warning")
    return replace(table, problems=(*table.problems, told))


def _hold_genes(frame: pl.DataFrame, *columns: str) -> bool:
    """Whether some cell of the columns is a gene's symbol."""
    cells = [c for name in columns for c in frame[name].cast(pl.String).drop_nulls()]
    return any(c.strip().upper() in symbols() for c in cells)


def _of_droplets(table: TextTable) -> TextTable:
    """Give a table of mutant and wild-type copies its finding and reads: a result beside them decides; without one every
    mutant copy is a finding, and that is told, since the limit of blank is the laboratory's."""
    frame = table.frame
    mutant, wild = _only(frame.columns, _MUTANT), _only(frame.columns, _WILD)
    ours = panel_columns([c for c in frame.columns if c not in (mutant, wild)])
    target = next((c for want in ("gene", "hgvs_p") for c, o in ours.items() if o == want), None)
    if mutant is None or wild is None or target is None:
        return table
    alt, ref = (frame[c].cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False) for c in (mutant, wild))
    result = next((c for c, o in ours.items() if o == "value"), None)
    states: list[str | None]
    if result:
        states = [finding(w).state if w else None for w in frame[result].cast(pl.String)]
        words = frame[result].cast(pl.String).to_list()
    else:
        states = [
            "untested" if a is None or a + (b or 0) == 0 else "present" if a else "absent"
            for a, b in zip(alt, ref, strict=True)
        ]
        words = [{"untested": "未检测", "present": "检出", "absent": "未检出"}[str(s)] for s in states]
    found = pl.Series([s == "present" for s in states], dtype=pl.Boolean)
    if _VOLUME.search(mutant):
        numbers = [pl.Series("vaf", (alt / (alt + ref) * 100).round(6).cast(pl.String) + "%")]
    else:
        numbers = [
            pl.Series(n, v.round(0).cast(pl.Int64, strict=False).cast(pl.String))
            for n, v in (("alt_count", alt), ("ref_count", ref))
        ]
    mine = [pl.when(pl.lit(found)).then(pl.lit(n)).otherwise(None).alias(n.name) for n in numbers]
    spare = [
        mutant,
        wild,
        *(c for c, o in ours.items() if o in ("vaf", "depth", "alt_count", "ref_count", "copies", "value")),
    ]
    out = frame.drop(dict.fromkeys(spare)).with_columns(*mine, pl.Series("value", words, dtype=pl.String))
    # of each sample only the genes of its own targets were looked at
    genes = [";".join(genes_named(t)) if t else None for t in frame[target].cast(pl.String)]
    out = out.with_columns(pl.Series("tested", genes, dtype=pl.String))
    known = all(g.upper() in symbols() for text in genes if text for g in text.split(";"))
    out = out.rename({target: "gene"}) if "gene" not in ours.values() and known else out
    if result or not found.any():
        return replace(table, frame=out)
    message = (
        f"{mutant}: every number above 0 is taken as found ({int(found.sum()):,} rows); the limit of blank is not said."
    )
    cure = "Add a column 结果 (阳性, 阴性, 灰区) with the laboratory's own judgement."
    told = Problem("report", None, mutant, None, message, cure, "warning")
    return replace(table, frame=out, problems=(*table.problems, told))
