"""The native study folder: study.yaml and a table per file (TSV, CSV, a workbook); calls may come from a MAF or
VCFs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.disk.new import new_folder
from oncourse.errors import ConfigError
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import normalise, parts
from oncourse.io.assays.bed import add_target_regions
from oncourse.io.clinical.own_headers import under_our_names
from oncourse.io.clinical.own_tables import as_our_tables
from oncourse.io.ledger import read_ledger
from oncourse.io.reading import Reading
from oncourse.io.tabular.text import read_table
from oncourse.study.config import StudyConfig, config_to_yaml, read_config
from oncourse.study.headers import with_words
from oncourse.study.schema import Problem, nearest
from oncourse.study.tables import TABLES
from oncourse.study.words import meaning, our_columns

_SUFFIXES = (".tsv", ".tsv.gz", ".txt", ".txt.gz")
_FOREIGN = (".csv", ".xlsx", ".xls", ".ods", ".csv.gz")


#: Tables without which a folder is no study; a file of another name may be another format's.
_OWN = ("patients", "samples", "calls")


def is_native(folder: Path) -> bool:
    """Whether a folder is one of ours: a TSV table of ours; or study.yaml or a table in another format, and
    nothing that another reader knows.
    """

    def has(suffixes: tuple[str, ...]) -> bool:
        return any((folder / f"{name}{suffix}").exists() for name in TABLES for suffix in suffixes)

    named = any((folder / name).exists() for name in ("study.yaml", "study.yml"))
    required = any((folder / f"{name}{end}").exists() for name in _OWN for end in (".tsv", ".tsv.gz"))
    if not (named or required) and _is_clinical(folder):
        return False
    return has((".tsv", ".tsv.gz")) or ((named or has(_SUFFIXES + _FOREIGN)) and not _others(folder))


def _is_clinical(folder: Path) -> bool:
    """Whether another clinical reader knows the folder: the GDC has a follow_up.tsv of its own."""
    from oncourse.io.formats import known

    return known(folder) is not None


def _others(folder: Path) -> bool:
    """Whether the folder holds MAF, VCF or cBioPortal files."""
    from oncourse.io.cbioportal.folder import is_cbioportal

    ends = (".maf", ".maf.gz", ".vcf", ".vcf.gz", ".vcf.bgz")
    return is_cbioportal(folder) or any(p.name.lower().endswith(ends) for p in folder.iterdir())


def read_native(folder: Path, *, fasta: Fasta | None = None) -> Reading:
    """Read a native study folder; what is wrong with its files is in ``problems``."""
    config_path = next((folder / n for n in ("study.yaml", "study.yml") if os.path.lexists(folder / n)), None)
    reading = Reading({}, StudyConfig())
    if config_path:
        try:
            reading.config = read_config(config_path)
        except ConfigError as error:  # the tables are checked all the same: all problems at once
            texts = [str(text).removeprefix(f"{config_path.name}: ") for text in error.problems]
            reading.problems += [Problem(config_path.name, None, None, None, text) for text in texts]
    paths = _paths(folder, reading.problems)
    for name, path in paths.items():
        table = read_table(path, name=name)
        reading.problems += table.problems
        if table.frame.columns or not table.has_errors:
            frame, said = with_words(table.frame)
            reading.notes += said
            reading.tables[name] = under_our_names(frame, our_columns(frame.columns), name, reading)
            reading.lines[name] = table.lines
        else:
            # the file is there but cannot be read: said once, not again as a missing table
            reading.tables[name] = TABLES[name].empty()
    as_our_tables(reading, ours=True)
    if "variants" in reading.tables:
        reading.tables["variants"] = _in_our_words(reading.tables["variants"], reading)
    if fasta is not None and "calls" in reading.tables:
        _left_align(reading, fasta)
    _add_calls(folder, reading, fasta)
    add_target_regions(folder, reading)
    reading.ledger.extend(read_ledger(folder / "tables" / "intake"))
    return reading


def _left_align(reading: Reading, fasta: Fasta) -> None:
    """Move the indels of calls and variants left; where two ids become one, the deeper row of a sample stands."""
    from oncourse.io.variants.maf_tables import reference_problems

    ids = (
        pl.concat(
            [
                t["variant_id"]
                for t in (reading.tables.get("calls"), reading.tables.get("variants"))
                if t is not None and "variant_id" in t.columns
            ]
        )
        .drop_nulls()
        .unique()
        .sort()
    )
    sites = pl.DataFrame({"_given": ids}).with_columns(parts("_given")).drop_nulls("pos")
    named = normalise(sites, fasta=fasta)
    reading.problems += reference_problems(named.with_columns(line=pl.lit(None, pl.Int64)), "calls")
    moved = named.filter(pl.col("variant_id") != pl.col("_given")).select("_given", "variant_id")
    if moved.is_empty():
        return
    reading.notes.append(f"{moved.height:,} indels were moved left along the reference.")
    for name, key in (("variants", ["variant_id"]), ("calls", ["sample_id", "variant_id"])):
        frame = reading.tables.get(name)
        if frame is None or not set(key) <= set(frame.columns):
            continue
        lines = reading.lines.get(name, pl.int_range(2, frame.height + 2, eager=True))
        frame = frame.with_columns(lines.alias("_line")).rename({"variant_id": "_given"})
        frame = frame.join(moved, on="_given", how="left", maintain_order="left")
        depth = pl.col("depth").cast(pl.Int64, strict=False) if "depth" in frame.columns else pl.lit(0)
        changed = pl.col("variant_id").is_not_null()
        frame = frame.with_columns(
            pl.coalesce("variant_id", "_given").alias("variant_id"), _depth=depth, _moved=changed
        )
        merged = pl.any_horizontal("_moved").any().over(key) & (
            pl.struct("variant_id", "_given").n_unique().over(key) > 1
        )
        deepest = pl.int_range(pl.len()).over(key, order_by="_depth", descending=True) == 0
        frame = frame.filter(~merged | deepest)
        reading.lines[name] = frame["_line"]
        reading.tables[name] = frame.select(reading.tables[name].columns)


def _in_our_words(variants: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Write protein changes and consequences in one spelling; a word nobody knows is told and stays unknown."""
    from oncourse.genome import effect, protein

    if "hgvs_p" in variants.columns:
        variants = variants.with_columns(protein.canonicals(variants["hgvs_p"]).alias("hgvs_p"))
    if "consequence" in variants.columns:
        given = variants["consequence"]
        for word in given.unique().drop_nulls().sort():
            if word.strip() not in ("", ".", "NA", "-") and not effect.is_known(word):
                near = nearest(word, effect.CONSEQUENCES, cutoff=0.6)
                cure = f"Did you mean {near}?" if near else f"Known: {', '.join(effect.CONSEQUENCES)}."
                message = f"'{word}' is no known consequence; read as unknown."
                reading.problems.append(Problem("variants", None, "consequence", word, message, cure, "warning"))
        variants = variants.with_columns(effect.consequences(given).alias("consequence"))
    return variants


def _paths(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """Return table -> file; a table given twice, in another format or under a misspelled name is a problem."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "study.y", "data_dictionary")):
            continue
        if not path.is_file():
            problems += _no_file(path)
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            message = f"{path.name} is a link that leads out of the study folder, to {path.resolve().name}."
            cure = "Copy the file into the study folder, so that the study is complete without the other place."
            problems.append(Problem(path.name.split(".")[0], None, None, None, message, cure, "warning"))
        suffix = next((s for s in sorted(_SUFFIXES + _FOREIGN, key=len, reverse=True) if path.name.endswith(s)), "")
        stem = path.name.removesuffix(suffix)
        if not suffix:
            continue
        stem = meaning("table", stem) or stem
        if stem in found:
            message = f"is there twice: {found[stem].name} and {path.name}."
            problems.append(Problem(stem, None, None, None, message, "Keep one of them."))
        elif stem in TABLES:
            found[stem] = path
        elif suffix.startswith(".tsv") and (near := nearest(stem, TABLES)):
            message = f"{path.name} is not a table of the study folder and is not read."
            cure = f"Did you mean {near}.tsv?"
            problems.append(Problem(stem, None, None, None, message, cure, "warning"))
    return {name: found[name] for name in TABLES if name in found}


def _no_file(path: Path) -> list[Problem]:
    """A table of ours that is a folder, a device or a link to nowhere is an error: it must not read as absent."""
    suffix = next((s for s in sorted(_SUFFIXES + _FOREIGN, key=len, reverse=True) if path.name.endswith(s)), "")
    stem = path.name.removesuffix(suffix)
    if not suffix or stem not in TABLES:
        return []
    kind = (
        "a folder"
        if path.is_dir()
        else "a link that leads nowhere"
        if path.is_symlink() and not path.exists()
        else "a device or pipe"
    )
    message = f"{path.name} is {kind}, not a file; the table cannot be read."
    return [Problem(stem, None, None, None, message, "Put the file itself there, or remove the entry.")]


def _add_calls(folder: Path, reading: Reading, fasta: Fasta | None) -> None:
    """Read a MAF or the folder vcf/ in place of variants and calls."""
    mafs = sorted(p for p in folder.iterdir() if p.name.lower().endswith((".maf", ".maf.gz")))
    vcf_folder = folder / "vcf"
    vcfs = sorted(vcf_folder.glob("*.vcf")) + sorted(vcf_folder.glob("*.vcf.gz")) if vcf_folder.is_dir() else []
    sources = [*mafs, *vcfs]
    if not sources:
        return
    if "calls" in reading.tables:
        message = f"{sources[0].name} is not read, because calls.tsv is there."
        problem = Problem("calls", None, None, None, message, "Keep one of them.", "warning")
        reading.problems.append(problem)
        return
    from oncourse.io.variants.calls import read_calls

    samples, known = reading.tables.get("samples"), {}
    if samples is not None and {"sample_id", "material"} <= set(samples.columns):
        known = dict(samples.select("sample_id", "material").drop_nulls("sample_id").iter_rows())
    found = read_calls(sources, reading.config.genome_build, fasta=fasta, known=known)
    reading.ledger.extend(found.ledger)
    reading.tables["calls"] = found.calls
    if len(sources) == 1:
        reading.lines["calls"] = found.lines
    reading.sources["calls"] = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
    if "variants" not in reading.tables:
        reading.tables["variants"] = found.variants
        reading.sources["variants"] = reading.sources["calls"]
    reading.notes += found.notes
    reading.problems += found.problems
    if found.build and not reading.config.genome_build:
        from dataclasses import replace

        reading.config = replace(reading.config, genome_build=found.build)


def write_study(folder: Path | str, tables: Mapping[str, pl.DataFrame], config: StudyConfig) -> Path:
    """Write a native study folder and return it; whole or not at all.

    Columns that are null in every row are left out unless the table requires them; empty tables are left out unless
    they are patients, samples or calls.

    Raises
    ------
    InputError : `folder` is there and holds something
    """
    folder = Path(folder)
    with new_folder(folder) as draft:
        fill_study(draft, tables, config)
    return folder


def fill_study(folder: Path, tables: Mapping[str, pl.DataFrame], config: StudyConfig) -> None:
    """Write study.yaml and the tables into a folder that is there (`write_study` makes one)."""
    (folder / "study.yaml").write_text(config_to_yaml(config), "utf-8")
    for name, table in TABLES.items():
        if name not in tables or (tables[name].is_empty() and name not in ("patients", "samples", "calls")):
            continue
        writable(tables[name], {c.name for c in table.columns if c.required}).write_csv(
            folder / f"{name}.tsv", separator="\t", quote_style="never", null_value=""
        )


def writable(frame: pl.DataFrame, required: set[str]) -> pl.DataFrame:
    """Drop empty optional columns; no tab, line end or enclosing quote survives in a cell."""
    keep = [c for c in frame.columns if c in required or frame[c].null_count() < len(frame)]
    frame = frame.select(keep or frame.columns)
    texts = [
        pl.col(name).str.replace_all(r"[\t\r\n]+", " ").str.replace(r'^"(.*)"$', "${1}")
        for name, dtype in frame.schema.items()
        if dtype == pl.String
    ]
    return frame.with_columns(texts) if texts else frame
