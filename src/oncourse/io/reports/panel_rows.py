"""Rows of a panel report -> calls, variants, fusions, gene copies, samples, and which genes were looked at.

A row has a place, or a gene and a change; a fusion or a copy number in words; or a gene and no finding ("未检出", "wild
type"): then the gene was looked at in that sample. Nobody is dropped: a sample whose rows find nothing was tested.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import polars as pl

from oncourse.facts.recorded import TESTED
from oncourse.genome import effect, protein
from oncourse.genome.coding_change import consequences_of, protein_changes
from oncourse.genome.gene_names import gene_names
from oncourse.genome.texts import distinct
from oncourse.genome.variant import normalise
from oncourse.io.calling import ORIGINS, POPULATION_AF, of_blood
from oncourse.io.clinical.own_msi import msi_of
from oncourse.io.normal_reads import tell_blood
from oncourse.io.reading import Reading
from oncourse.io.reports.called_harmful import with_pathogenicity
from oncourse.io.reports.names import by_their_names
from oncourse.io.reports.panel_headers import PANEL
from oncourse.io.reports.panel_numbers import is_common, of_normals, read_numbers
from oncourse.io.reports.row_facts import facts_of_columns, none_of_the_tested, tidy_rows
from oncourse.io.reports.rows import copies_of, frame_of, fusion_of, understood
from oncourse.io.reports.tested import add_assays
from oncourse.io.tabular.remarks import remarks
from oncourse.io.tabular.units import in_percent, with_percent
from oncourse.io.variants.maf_numbers import COUNTED
from oncourse.io.variants.misshapen import words_for_names
from oncourse.io.variants.one_annotation import one_annotation
from oncourse.io.whose.ids import of_two_patients
from oncourse.io.whose.names_of_all import with_their_patients
from oncourse.study.frames import optional
from oncourse.study.schema import Problem
from oncourse.study.translated import translated
from oncourse.study.words import meaning

#: What the rows of a kind become.
_BECAME = {
    "negative": "assays: looked at",
    "partly negative": "assays: not wholly looked at",
    "untested": "assays: not looked at",
    "unsaid": "assays: not looked at",
    "call": "calls",
    "statement": "markers",
    "fusion": "fusions",
    "copies": "gene_copy_number",
    "fact": "samples",
}
_FACT_COLUMNS = ("msi_status", "tmb_per_mb", "purity")


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `PANEL` as text without the space around it; null where empty or not there."""
    texts = {name: optional(frame, name).cast(pl.String).str.strip_chars() for name in PANEL}
    return frame.with_columns(pl.when(text != "").then(text).alias(name) for name, text in texts.items()).select(PANEL)


def panel_calls(frame: pl.DataFrame, source: Path, lines: pl.Series, reading: Reading) -> None:
    """Turn the rows of a report into tables of ours; a row without a sample, or without any of these, is left out."""
    frame, lines = _without_remarks(frame, lines, source, reading)
    table = _with_alt(_columns(frame).with_columns(lines.alias("_line")))
    table, told = with_pathogenicity(table, source.name)
    reading.problems += told
    table = _as_above(tidy_rows(table), source, reading)
    table, said = with_their_patients(table)
    reading.notes += [f"{source.name}: {said}"] if said else []
    table = by_their_names(table, reading)
    facts_of_columns(table, reading)
    table = none_of_the_tested(table)
    lost = table["sample_id"].is_null() | (table["gene"].is_null() & table["pos"].is_null())
    _tell_lost(table.filter(lost), source, reading)
    rows = understood(table.filter(~lost))
    kinds = rows["kind"]
    add_assays(rows, source, reading)
    _events(rows, source, reading)
    _facts(rows, source, reading)
    _statements(rows.filter(kinds == "statement"), source, reading)
    denied = (kinds == "partly negative") & rows["words"].is_not_null() & rows["gene"].is_in(TESTED)
    _recorded(rows.filter(denied.fill_null(False)), source, reading)  # a test of V600E alone says V600E, and no more
    calls = _calls(rows.filter(kinds == "call"), source, reading)
    if (looked := _none_of_reads(rows)).height:
        calls = _with_looked_at(looked, calls, source, reading)
    for kind, became in _BECAME.items():
        if n := int((kinds == kind).sum()):
            reading.ledger.taken(source.name, became, n)
    reading.tables["calls"] = calls
    _nothing_said(table.filter(lost & table["sample_id"].is_not_null()), set(rows["sample_id"]), source, reading)
    _samples(table.filter(table["sample_id"].is_not_null()), reading)
    reading.problems += words_for_names(table["sample_id"].drop_nulls().unique().sort().to_list(), source.name)


def _without_remarks(
    frame: pl.DataFrame, lines: pl.Series, source: Path, reading: Reading
) -> tuple[pl.DataFrame, pl.Series]:
    """Leave out the remarks, counts and signatures around a table, which would be samples."""
    first = next((c for c in ("sample_id", "patient_id") if c in frame.columns), None)
    if first is None:
        return frame, lines
    remark = remarks(frame, first)
    if remark.any():
        reading.notes.append(f"{source.name}: {int(remark.sum())} lines of remarks are no samples: left out")
        reading.ledger.left_out(source.name, int(remark.sum()), "a remark", line=int(lines.filter(remark)[0]))
    return frame.filter(~remark), lines.filter(~remark)


def _as_above(table: pl.DataFrame, source: Path, reading: Reading) -> pl.DataFrame:
    """Give a row with a gene and nobody's name the sample of the row above it: a block of one sample, named once."""
    whose = ("sample_id", "patient_id", "material")
    bare = pl.col("sample_id").is_null() & pl.col("patient_id").is_null() & pl.col("gene").is_not_null()
    above = pl.col("sample_id").forward_fill().is_not_null()
    filled = table.select((bare & above).alias("f"))["f"]
    if not filled.any():
        return table
    reading.notes.append(f"{source.name}: {int(filled.sum()):,} rows name nobody: of the sample of the row above them")
    return table.with_columns(
        pl.when(filled).then(pl.col(c).forward_fill()).otherwise(c).alias(c) for c in whose if c in table.columns
    )


def _with_alt(table: pl.DataFrame) -> pl.DataFrame:
    """Take bases in the column of changes as the allele where a place and its reference stand beside (参考, 变异)."""
    bases = pl.col("hgvs_p").str.contains(r"^(?i)[ACGT]+$|^-$") & pl.col("alt").is_null()
    is_alt = (bases & pl.col("ref").is_not_null() & pl.col("pos").is_not_null()).fill_null(False)
    return table.with_columns(
        pl.when(is_alt).then(pl.col("hgvs_p").str.to_uppercase()).otherwise("alt").alias("alt"),
        pl.when(is_alt).then(None).otherwise("hgvs_p").alias("hgvs_p"),
    )


def _nothing_said(lost: pl.DataFrame, seen: set[str], source: Path, reading: Reading) -> None:
    """Keep samples whose every row names no gene (``未检出``): sequenced, and of which gene nobody knows."""
    alone = sorted(set(lost["sample_id"]) - seen)
    if not alone:
        return
    name = f"{source.stem}_none"
    row = pl.DataFrame({"assay_id": [name], "kind": ["panel"], "targets": [";"]})
    before = reading.tables.get("assays")
    reading.tables["assays"] = row if before is None else pl.concat([before, row], how="diagonal")
    reading.listed |= dict.fromkeys(alone, name)
    message = (
        f"{len(alone):,} samples name no gene in any row (first: {alone[0]}): no gene counts as looked at in them."
    )
    cure = "Name the genes that were tested, a row each, or the assay of the sample."
    reading.problems.append(Problem(source.name, None, "sample_id", alone[0], message, cure, "warning"))


#: A cell that names a change.
_CHANGE = re.compile(r"\b[cpg]\.\S*\d|^[A-Z]\d+([A-Z*]|fs)")


def _tell_lost(lost: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Say which rows are left out; one that names a change is an error: its sample would be wild type."""
    cells = [c for c in lost.columns if c not in ("_line", "_row", "sample_id", "patient_id")]  # R2T is no change
    for row in lost.head(20).iter_rows(named=True):
        gene, line = row["gene"], row["_line"]
        cure = "Map sample_id, and chrom, pos, ref, alt or gene and hgvs_p."
        if any(_CHANGE.search(str(row[c] or "")) for c in cells):
            message = f"the row ({gene or 'no gene'}) names a change and no sample, or no gene."
            reading.problems.append(Problem(source.name, line, None, gene, message, cure))
            continue
        message = f"the row ({gene or 'no gene'}) names no sample, or neither a place nor a gene: left out."
        reading.problems.append(Problem(source.name, line, None, gene, message, cure, "warning"))
    reading.ledger.left_out(source.name, lost.height, "no sample, or neither place nor gene", became="calls")


def _events(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Add fusions and copy numbers that the rows say in words."""
    fusions, copies = [], []
    for row in rows.iter_rows(named=True):
        if row["kind"] == "fusion":
            fusions.append((row["sample_id"], *fusion_of(row), frame_of(row)))
        elif row["kind"] == "copies":
            copies.append((row["sample_id"], row["gene"], copies_of(row)))
    for name, found, schema in (
        ("fusions", fusions, ("sample_id", "gene_5p", "gene_3p", "frame")),
        ("gene_copy_number", copies, ("sample_id", "gene", "call")),
    ):
        if found:
            events = pl.DataFrame(found, schema=dict.fromkeys(schema, pl.String), orient="row")
            silent = [c for c in ("frame",) if c in schema and events[c].null_count() == events.height]
            reading.tables[name] = events.drop(silent).unique(maintain_order=True)
            reading.sources.setdefault(name, source.name)
    alone = sorted({three for _, five, three, _ in fusions if five is None and three})
    if alone:
        message = f"{', '.join(alone)}: a fusion whose partner is not named."
        cure = "Write it as EML4::ALK, or confirm it before it is used."
        reading.problems.append(Problem(source.name, None, "fusions", None, message, cure, "warning"))


def _recorded(rows: pl.DataFrame, source: Path, reading: Reading) -> pl.DataFrame:
    """Add rows to the markers, as they are written; return these."""
    listed = reading.tables.get("samples", pl.DataFrame())
    owners = {}
    if {"sample_id", "patient_id"} <= set(listed.columns):
        owners = dict(listed.select(pl.col("sample_id", "patient_id").cast(pl.String)).drop_nulls().iter_rows())
    owner = pl.col("sample_id").replace_strict(owners, default=None, return_dtype=pl.String)
    patient = pl.coalesce("patient_id", owner, "sample_id").alias("patient_id")
    found = rows.select(patient, pl.col("gene_cell").alias("marker"), pl.col("words").alias("value"), "sample_id")
    before = reading.tables.get("markers")
    if found.height:
        text = [found] if before is None else [before.select(pl.all().cast(pl.String)), found]
        reading.tables["markers"] = pl.concat(text, how="diagonal").unique(maintain_order=True)
        reading.sources.setdefault("markers", source.name)
    return found


def _statements(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Keep "KRAS 突变型" as a recorded marker: the status rests on the words, and no change of the gene is made up."""
    if rows.is_empty():
        return
    found = _recorded(rows, source, reading)
    shown = "; ".join(
        f"{m}: {v}" for m, v in found.select("marker", "value").unique(maintain_order=True).head(5).rows()
    )
    message = f"{rows.height:,} rows say that a gene is mutated and not how ({shown}): recorded in markers, no calls."
    cure = "Write the change as p.G12D or c.35G>A, to compare it and to count it."
    reading.problems.append(Problem(source.name, rows["_line"][0], None, None, message, cure, "warning"))


def _facts(rows: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Keep MSI and TMB of the rows for the samples."""
    stains = rows.filter(pl.col("fact") == "stain")
    if stains.height:
        message = f"{stains.height:,} rows are of stained proteins ({stains['words'][0]}): no variants, not read."
        cure = "Put what is needed into a column of samples."
        reading.problems.append(Problem(source.name, stains["_line"][0], None, None, message, cure, "warning"))
        reading.ledger.left_out(source.name, stains.height, "stained proteins: no variants", line=stains["_line"][0])
    kept = ["mmr", "hrd", "genotype", "marker"]
    _recorded(rows.filter(pl.col("fact").is_in(kept) & pl.col("words").is_not_null()), source, reading)
    inherited = rows.filter(pl.col("fact") == "genotype")
    if inherited.height:
        first = f"{inherited['gene_cell'][0]} {inherited['words'][0]}"
        message = f"{inherited.height:,} rows are inherited genotypes for drugs ({first}): no variants of the tumour."
        cure = "They are kept as markers; a variant of the tumour is written as p.G12D or c.35G>A."
        reading.problems.append(Problem(source.name, inherited["_line"][0], None, None, message, cure, "warning"))
    rows = rows.filter(~pl.col("fact").is_in(["stain", *kept]).fill_null(False))
    for sample, fact, words in rows.filter(pl.col("kind") == "fact").select("sample_id", "fact", "words").iter_rows():
        value = msi_of(words) if fact == "msi_status" and words else None
        if fact == "tmb_per_mb" and (found := re.search(r"\d+(?:\.\d+)?", words or "")):
            value = found.group()
        if value:
            reading.facts.setdefault(sample, {})[fact] = value
        elif words:
            cure = "Put it into samples.msi_status or samples.tmb_per_mb."
            message = f"{fact.split('_')[0].upper()} of {sample} is not understood: '{words}'."
            reading.problems.append(Problem("samples", None, fact, words, message, cure, "warning"))


def _calls(table: pl.DataFrame, source: Path, reading: Reading) -> pl.DataFrame:
    change = protein.canonicals(table["hgvs_p"])
    of_coding = protein_changes(gene_names(table["gene"])["gene"], table["hgvs_c"])
    _tell_apart(table, change, of_coding, source, reading)
    change = pl.select(pl.coalesce(pl.lit(change), pl.lit(of_coding)).alias("hgvs_p"))["hgvs_p"]
    placed = normalise(table.select("chrom", "pos", "ref", "alt"))["variant_id"]
    what = pl.coalesce(pl.lit(change), "hgvs_c", pl.format("line{}", "_line"))
    gene = pl.coalesce(pl.lit(gene_names(table["gene"])["gene"]), "gene")
    named = table.select(pl.coalesce(pl.lit(placed), gene + ":" + what).alias("v"))["v"]
    table = table.with_columns(named.alias("variant_id"), change.alias("hgvs_p"))
    without = table.filter(~pl.col("variant_id").str.contains(r"^[^:]+:\d+:")).height
    if without:
        reading.notes.append(f"{without:,} calls have no place in the genome: kept by gene and change")
    _tell_words(table, source, reading)
    numbers, problems = read_numbers(table, source.name)
    reading.problems += problems
    by_normal, problems = of_normals(table, numbers, source.name)
    reading.problems += problems
    table = table.with_columns(numbers.get_columns())
    origin = _origins(table)
    shown = (by_normal["germline"] & (origin == "unknown")).fill_null(False)
    if shown.any():
        origin = origin.set(shown, "germline")
        reading.notes.append(f"{source.name}: {int(shown.sum()):,} calls are germline by the normal's own reads")
    called = table["set_aside"].is_null()
    blood, near = (by_normal[c] & called & (origin == "unknown") for c in ("chip", "near"))
    origin = origin.set(blood, "chip")
    reading.problems += tell_blood(int(blood.sum()), int(near.sum()), source.name)
    by_title = (origin == "unknown") & table["title_origin"].is_not_null()
    origin = pl.select(
        pl.when(pl.lit(by_title)).then(pl.lit(table["title_origin"])).otherwise(pl.lit(origin)).alias("origin")
    )["origin"]
    common = is_common(table) & (origin == "unknown") & (not by_normal["germline"].any())
    if common.any():
        origin = origin.set(common, "germline")
        words_of_it = f"a population frequency of {POPULATION_AF:g} or more: taken as germline"
        reading.notes.append(f"{source.name}: {int(common.sum()):,} calls have {words_of_it}")
    words = [effect.of_protein_change(c) if c else None for c in table["hgvs_p"]]
    told = effect.consequences(translated(table["consequence"], "consequence"))
    known = told.set((told == "unknown").fill_null(False), None)
    of_bases = consequences_of(gene_names(table["gene"])["gene"], table["hgvs_c"])
    consequence = pl.coalesce(known, pl.Series(words, dtype=pl.String), of_bases, told)
    table = table.with_columns(pl.select(consequence.alias("consequence"))["consequence"])
    aside = pl.col("set_aside")
    is_called = pl.when(aside.is_null()).then(pl.lit("true")).otherwise(pl.lit("false")).alias("is_called")
    word = pl.coalesce(aside, "filter").alias("filter")
    calls = table.select("sample_id", "variant_id", *COUNTED, is_called, word, origin)
    _tell_aside(table, source, reading)
    _tell_twice(calls, table["_line"], source, reading)
    facts = table.select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence", "pathogenicity")
    reading.tables["variants"], apart = one_annotation(facts)
    reading.problems += apart
    return calls.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)


def _tell_aside(table: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Say which changes the report names and does not call: neither found nor absent."""
    aside = table.drop_nulls("set_aside")
    if aside.height:
        shown = "; ".join(f"{v}: {w}" for v, w in aside.select("variant_id", "set_aside").head(5).iter_rows())
        reading.notes.append(
            f"{source.name}: {aside.height:,} rows name a change that the report does not call ({shown}): looked at, "
            "not called"
        )


def _none_of_reads(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a change that no read of a known depth showed (0 of 500)."""
    none = pl.col("alt_count").str.contains(r"^0+$") & pl.col("depth").str.contains(r"[1-9]")
    named = pl.any_horizontal(pl.col(c).is_not_null() for c in ("hgvs_p", "hgvs_c", "pos"))
    return rows.filter(pl.col("kind").is_in(["negative", "partly negative"]) & none.fill_null(False) & named)


def _with_looked_at(looked: pl.DataFrame, calls: pl.DataFrame, source: Path, reading: Reading) -> pl.DataFrame:
    """Return the calls with the places that were looked at and showed nothing: counted, and not called."""
    variants = reading.tables["variants"]
    more = _calls(looked.with_columns(pl.lit(None, pl.String).alias("vaf")), source, reading)
    both = pl.concat([variants, reading.tables["variants"]], how="diagonal_relaxed")
    reading.tables["variants"], _ = one_annotation(both)
    more = more.with_columns(pl.lit("false").alias("is_called"))
    return pl.concat([calls, more], how="diagonal_relaxed").unique(
        ["sample_id", "variant_id"], keep="first", maintain_order=True
    )


def _tell_twice(calls: pl.DataFrame, lines: pl.Series, source: Path, reading: Reading) -> None:
    """Say how many calls stand in several rows of a sample with other numbers: the first is used."""
    key = ["sample_id", "variant_id"]
    different = calls.with_columns(lines).unique([*key, *COUNTED]).filter(pl.struct(key).is_duplicated())
    if different.height:
        n = different.select(key).n_unique()
        message = f"{n:,} calls stand several times in a sample with other numbers: the first is used."
        cure = "Are these several samples? Give each its sample_id (样本编号)."
        reading.problems.append(
            Problem(source.name, different["_line"].to_list()[-1], "vaf", None, message, cure, "warning")
        )


def _origins(table: pl.DataFrame) -> pl.Series:
    """Return the origin by its column, else by a word of origin in the column of the kind of change."""
    said = [translated(table[c], "origin").str.to_lowercase() for c in ("origin", "consequence")]
    known = [{w: "chip" if w not in ORIGINS and of_blood(w) else ORIGINS.get(w) for w in distinct(s)} for s in said]
    mine = [s.replace_strict(k, default=None, return_dtype=pl.String) for s, k in zip(said, known, strict=True)]
    return pl.select(pl.coalesce(*[pl.lit(m) for m in mine], pl.lit("unknown")).alias("origin"))["origin"]


_START = r"^p\.M1[A-Z?]$"


def _tell_apart(table: pl.DataFrame, change: pl.Series, of_coding: pl.Series, source: Path, reading: Reading) -> None:
    """Say where the coding and the protein change of a row are two different ones."""
    start = change.str.contains(_START).fill_null(False) & of_coding.str.contains(_START).fill_null(False)
    two = (change != of_coding).fill_null(False) & ~change.str.contains("fs").fill_null(False)
    apart = table.filter(two & ~start)  # M1I and M1? both say that the start is lost
    for line, gene, c, p in apart.select("_line", "gene", "hgvs_c", "hgvs_p").head(5).iter_rows():
        message = f"{gene} {c} is not {p} on the transcript known here: the protein change counts."
        reading.problems.append(Problem(source.name, line, None, p, message, "Check the row.", "warning"))


def _tell_words(table: pl.DataFrame, source: Path, reading: Reading) -> None:
    """Name the findings whose change is not understood: their gene is neither mutated nor wild type."""
    odd = table.filter(pl.all_horizontal(pl.col(c).is_null() for c in ("hgvs_p", "hgvs_c", "pos")))
    if odd.height:
        said = [f"{g}: {w or 'found'}" for g, w in odd.select("gene", "words").head(5).iter_rows()]
        message = (
            f"{odd.height:,} findings name no change that is understood ({'; '.join(said)}): not assessable there."
        )
        cure = "Write the change as p.G12D or c.35G>A."
        why = f"no change that is understood: {'; '.join(said)}"
        reading.ledger.doubted(source.name, odd.height, why, became="calls", line=odd["_line"][0], first=said[0])
        reading.problems.append(Problem(source.name, odd["_line"][0], None, None, message, cure, "warning"))
    beside = table.filter(pl.col("beside").is_not_null() & pl.col("set_aside").is_null())
    if beside.height:
        said = [f"{g}: {w}" for g, w in beside.select("gene", "beside").head(5).iter_rows()]
        message = (
            f"{beside.height:,} changes stand beside words that are not understood ({'; '.join(said)}): taken as found."
        )
        cure = "Look at them; where the words take the change back, write 未检出 or not detected."
        reading.problems.append(Problem(source.name, beside["_line"][0], None, None, message, cure, "warning"))


def _samples(table: pl.DataFrame, reading: Reading) -> None:
    own = table.with_columns(pl.coalesce("patient_id", "sample_id").alias("patient_id"))
    if reading.listed:
        own = own.with_columns(
            pl.col("sample_id").replace_strict(reading.listed, default=None, return_dtype=pl.String).alias("assay_id")
        )
    if table["patient_id"].is_null().any() and "samples" not in reading.tables:
        reading.notes.append("rows without a patient: their sample is taken as a patient of its own")
    for fact in sorted({f for facts in reading.facts.values() for f in facts}):
        value = [reading.facts.get(s, {}).get(fact) for s in own["sample_id"]]
        own = own.with_columns(pl.Series(fact, value, dtype=pl.String))
    wanted = ("material", "assay_id", "day", "date", "role", "site", *_FACT_COLUMNS)
    kept = [c for c in wanted if c in own.columns and own[c].null_count() < own.height]
    reading.problems += of_two_patients(own, "samples")
    own = _of_blood(own, reading)
    samples = own.select("sample_id", "patient_id", *kept).unique("sample_id", keep="first", maintain_order=True)
    material = pl.col("material").fill_null("tissue") if "material" in kept else pl.lit("tissue").alias("material")
    mine = samples.with_columns(material)
    reading.tables["samples"] = _joined(reading.tables["samples"], mine) if "samples" in reading.tables else mine


def _of_blood(rows: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Take blood (外周血) of which variants of the tumour are reported for plasma, of which germline ones alone for white
    cells, and say so."""
    words = [w for w in rows["material"].drop_nulls().unique() if meaning("blood", w)]
    blood = rows.filter(pl.col("material").is_in(words))
    if blood.is_empty():
        return rows
    germline = [meaning("origin", o) == "germline" for o in rows["origin"]]
    cells = pl.lit(pl.Series(germline, dtype=pl.Boolean)).all().over("sample_id")
    said = pl.when(cells).then(pl.lit("white_cells")).otherwise(pl.lit("plasma"))
    first, n = blood["sample_id"][0], blood["sample_id"].n_unique()
    message = f"{n:,} samples are called blood (first: {first}): taken as plasma, as white cells where all is germline."
    cure = "Write plasma (cfDNA, 血浆) or white_cells (白细胞)."
    reading.problems.append(Problem("samples", None, "material", words[0], message, cure, "warning"))
    return rows.with_columns(
        pl.when(pl.col("material").is_in(words)).then(said).otherwise("material").alias("material")
    )


def _joined(samples: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Add to the study's own samples what the report says of them; a sample that only the report names is one more."""
    facts = [c for c in found.columns if c in ("assay_id", *_FACT_COLUMNS)]
    texts = samples.with_columns(pl.all().cast(pl.String))
    joined = texts.join(
        found.select("sample_id", *facts), on="sample_id", how="left", suffix="_report", maintain_order="left"
    )
    both = [c for c in facts if f"{c}_report" in joined.columns]
    joined = joined.with_columns(pl.coalesce(c, f"{c}_report").alias(c) for c in both).drop(f"{c}_report" for c in both)
    more = found.filter(~pl.col("sample_id").is_in(samples["sample_id"].implode()))
    return pl.concat([joined, more], how="diagonal") if more.height else joined


def percent_cells(frame: pl.DataFrame, renamed: dict[str, str]) -> pl.DataFrame:
    """Write the unit of a column headed in percent into its cells (``变异频率（%）``)."""
    is_percent = (in_percent(unicodedata.normalize("NFKC", c)) for c in renamed)
    heads = [
        c
        for (c, ours), p in zip(renamed.items(), is_percent, strict=True)
        if ours in ("vaf", "normal_vaf", "population_af") and p and c in frame.columns
    ]
    return frame.with_columns(with_percent(pl.col(c)).alias(c) for c in heads)
