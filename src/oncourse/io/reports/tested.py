"""Which genes a report looked at: those that it says were tested (检测基因：KRAS、NRAS) above its rows, in a form or in a
column, those of rows without a finding, or those in which something was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from oncourse.genome.gene_names import current_symbol, gene_name
from oncourse.io.cbioportal.panels import panel_genes, targets_of_panel
from oncourse.io.reading import Reading
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_PAIR = re.compile(r"(?:^|[\s,，;；。、])([^\s:：,，;；、]{2,14}|genes? tested|tested genes?)\s*[:：]\s*(.+)$", re.I)
_PARTS = re.compile(r"[\s,，、;；/|+&和及]+")
_COUNT = re.compile(r"^(?:等|共|共计)?\d*(?:个|种)?(?:基因|genes?)?$|^等.*$", re.I)
#: What stands behind a gene or a list that was read whole, and what is listed beside genes.
_WHOLE, _NO_GENES = r"(?:的?全(?:部)?外显子|全编码区|all exons)(?:区域)?", ("MSI", "TMB", "MMR", "微卫星")
#: Ways to say that a list is not whole.
_OPEN = re.compile(r"等|以及其他|etc|\.\.\.|…", re.I)
#: Kind of row -> what is said of it, and the cure.
_UNSEEN = {
    "partly negative": (
        "are negative for an exon, one variant or one event: the rest of these genes is not assessable.",
        "Where the whole gene was looked at, leave out the exon; else list what was covered in `coverage`.",
    ),
    "untested": ("say that the gene was not tested: it is not assessable.", "Nothing is to be done, if that is right."),
    "unsaid": (
        "name a gene and nothing was found in a column that is read: it is not assessable, never wild type.",
        "Write the finding (p.G12D, 野生型, not tested) into a column such as 检测结果 or result, or map its column.",
    ),
}
#: Kinds of rows that say their gene was looked at.
_LOOKED = ("negative", "call", "fusion", "copies")
#: Genes with a finding from which a file without a list of genes is of an exome: the largest panels have about 1,000 genes.
EXOME_GENES = 2_000


def genes_tested(text: str | None) -> tuple[str, ...]:
    """Return the genes of a list; none where a part of it is no known gene, or it is not whole (等500个基因).

    >>> genes_tested("KRAS、NRAS,HER2"), genes_tested("KRAS"), genes_tested("KRAS、NRAS等520个基因"), genes_tested("见附录")
    (('KRAS', 'NRAS', 'ERBB2'), ('KRAS',), (), ())
    """
    plain = re.sub(_WHOLE, "", unicodedata.normalize("NFKC", text or ""))
    parts = [p for p in _PARTS.split(plain.strip(" 。.()")) if p and not _COUNT.match(p) and p.upper() not in _NO_GENES]
    known = [gene_name(p)[1] in ("plain", "spelling", "former name") and p.isascii() for p in parts]
    if not parts or not all(known) or _OPEN.search(plain):
        return ()
    return tuple(dict.fromkeys(current_symbol(gene_name(p)[0] or p) for p in parts))


def stated(cells: Sequence[str | None]) -> str | None:
    """Return the list of genes that cells above a table state: ``检测基因：KRAS、NRAS``, or its name and value side by side.

    >>> stated(["XX报告 检测基因：KRAS、NRAS"]), stated(["检测范围", "KRAS,NRAS"]), stated(["基因", "变异"])
    ('KRAS、NRAS', 'KRAS,NRAS', None)
    """
    filled = [str(c) for c in cells if c]
    for at, cell in enumerate(filled):
        found = _PAIR.search(cell)
        if found and _is_name(found[1]):
            return found[2].strip()
        rest = filled[at + 1 :]
        if _is_name(cell.strip(" :：")) and rest and genes_tested(rest[0]):
            listed = [r for r in rest if genes_tested(r)]  # a list that was cut at its commas
            return ",".join(listed)
    return None


def _is_name(text: str) -> bool:
    return meaning("panel_column", text) == "tested" or meaning("tested_above", text) == "tested"


def with_tested(frame: pl.DataFrame, cells: Sequence[str | None]) -> pl.DataFrame:
    """Return a report with the list of genes that stands above it in each row, where no column holds one."""
    said = stated(cells)
    return frame if said is None or "tested" in frame.columns else frame.with_columns(pl.lit(said).alias("tested"))


def looked_at(rows: pl.DataFrame) -> dict[str, list[str]]:
    """Return sample -> genes of the list that stands in its rows, without those that a row says were not tested, not as
    a whole, or mutated and not how; samples without a list that is understood are not there."""
    if "tested" not in rows.columns or rows["tested"].is_null().all():
        return {}
    out: dict[str, list[str]] = {}
    for (sample,), own in rows.group_by("sample_id", maintain_order=True):
        lists = own["tested"].drop_nulls().unique(maintain_order=True)
        genes = [g for text in lists for g in genes_tested(text)]
        if not genes or not all(genes_tested(text) for text in lists):
            continue
        of_kind = own.with_columns(pl.col("gene").map_elements(current_symbol, return_dtype=pl.String))
        not_whole = of_kind.filter(pl.col("kind").is_in(["partly negative", "untested", "unsaid", "statement"]))["gene"]
        seen = of_kind.filter(pl.col("kind").is_in(["negative", "call", "fusion", "copies"]))["gene"].drop_nulls()
        out[str(sample)] = sorted(({*genes} - {*not_whole}) | {*seen})
    return out


def add_assays(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Add the assays: where a report lists genes without a finding, its genes are what was looked at, sample by sample.

    A sample of such a report whose rows all found something was tested for the genes of its rows alone, too. Genes that
    rows name are no measure of the assay's size (callable_mb 0: no burden); a list of the genes tested is.
    """
    only_facts = (pl.col("kind") == "fact").all().over("sample_id")  # MSI alone: no gene was reported on
    lists = pl.col("kind").is_in(["negative", "partly negative", "untested", "unsaid", "statement"])
    listed = rows if rows.select(lists.any()).item() else rows.filter(only_facts)
    if "assays" in reading.tables:
        return
    if (stated := looked_at(rows)) and len(stated) == rows["sample_id"].n_unique():
        _listed(stated, source.stem, reading)
        reading.notes.append(f"{source.name}: the genes looked at are those that the report says were tested")
        _tell_unseen(rows, source, reading)
        return
    if rows["tested"].is_not_null().any():
        text = rows["tested"].drop_nulls()[0]
        message = f"the genes tested are stated as '{text[:60]}': no list of known genes, not read."
        cure = "Write their symbols with commas between them, or list them in assays.targets."
        reading.problems.append(Problem(source.name, None, None, text[:60], message, cure, "warning"))
    named = rows["assay_id"].drop_nulls().unique(maintain_order=True).to_list()
    if named and (listed.is_empty() or any(panel_genes(a) for a in named)):
        lists_of = [(a, *targets_of_panel(a, reading)) for a in named]  # a panel that is known, or named without a list
        schema = dict.fromkeys(("assay_id", "kind", "targets"), pl.String)
        reading.tables["assays"] = pl.DataFrame(lists_of, schema=schema, orient="row")
        return
    if listed.is_empty():
        if rows.height:
            _only_found(rows, source, reading)
        return
    looked = pl.col("kind").is_in(_LOOKED)
    own = pl.col("gene").filter(looked).drop_nulls().unique().sort().str.join(";").alias("targets")
    genes = (
        rows.filter(pl.col("sample_id").is_in(listed["sample_id"].unique().to_list())).group_by("sample_id").agg(own)
    )
    # a list without genes: nothing was looked at
    genes = genes.sort("sample_id").with_columns(pl.col("targets").replace("", ";"))
    stem = named[0] if len(named) == 1 else source.stem
    _listed({s: t.split(";") for s, t in genes.iter_rows()}, stem, reading)
    _of_unknown_size(reading)
    if n := rows.filter(pl.col("kind") == "negative").height:
        reading.notes.append(
            f"{n:,} rows name a gene without a finding: looked at and not altered; only the genes a sample's "
            "rows name count as looked at in it"
        )
    _tell_unseen(rows, source, reading)


def _only_found(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Where nothing says which genes were tested: those in which some sample has a finding are the ones that are known.

    Their size is not that of the assay, so that no burden is given. A file of so many genes is of an exome, and tested all.
    """
    found = rows.filter(pl.col("kind").is_in(_LOOKED))["gene"].drop_nulls().unique().sort().to_list()
    cure = "List the genes tested in assays.targets, or a row for each with 未检出: absence rests on it."
    if len(found) >= EXOME_GENES:
        message = f"findings in {len(found):,} genes and no list of those tested: every gene is taken as looked at."
    else:
        message = (
            "the report names no gene without a finding, no list of genes tested and no assay: only genes in which "
            "some sample has a finding are known to have been looked at; every other is not assessable."
        )
        samples = rows["sample_id"].drop_nulls().unique().sort()
        _listed(dict.fromkeys(samples.to_list(), found or [""]), source.stem, reading)
        _of_unknown_size(reading)
    reading.problems.append(Problem(source.name, None, None, None, message, cure, "warning"))


def _listed(genes: dict[str, list[str]], stem: str, reading: Reading) -> None:
    """Make an assay of each set of genes (sample -> genes), named after `stem`."""
    targets = {sample: ";".join(of) or ";" for sample, of in genes.items()}
    sets = {t: f"{stem}_{i}" for i, t in enumerate(sorted(set(targets.values())), 1)}
    schema = dict.fromkeys(("assay_id", "kind", "targets"), pl.String)
    reading.tables["assays"] = pl.DataFrame([(n, "panel", t) for t, n in sets.items()], schema=schema, orient="row")
    reading.listed = {s: sets[t] for s, t in targets.items()}


def _of_unknown_size(reading: Reading) -> None:
    """Write that the size of the assays is not known: their genes are those that rows happen to name."""
    reading.tables["assays"] = reading.tables["assays"].with_columns(callable_mb=pl.lit(0.0))


def _tell_unseen(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Say which genes a report names and does not show to be wild type."""
    for kind, (message, cure) in _UNSEEN.items():
        found = rows.filter(pl.col("kind") == kind)
        if found.height:
            genes = ", ".join(found["gene"].drop_nulls().unique().sort().head(6))
            text = f"{found.height:,} rows ({genes}) {message}"
            reading.problems.append(Problem(source.name, found["_line"][0], None, None, text, cure, "warning"))
