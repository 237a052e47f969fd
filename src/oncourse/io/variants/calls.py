"""Variants and calls from one or several MAF and VCF files."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.io.ledger import Ledger
from oncourse.io.structural.large import joined_large
from oncourse.io.variants.maf import read_maf
from oncourse.io.variants.maf_tables import MafTables, rename_samples
from oncourse.io.variants.one_annotation import one_annotation
from oncourse.io.whose.columns import assign
from oncourse.io.whose.ids import called_first, of_two_patients
from oncourse.io.whose.manifest import Column, Manifest
from oncourse.io.whose.names_of_all import ask_of_people, several_people
from oncourse.io.whose.path_words import parts_of_files, told_unlike
from oncourse.io.whose.plasma_folders import of_folder_of_plasma
from oncourse.io.whose.start import vcf_start
from oncourse.study.frames import optional
from oncourse.study.schema import Problem

#: Names of so many samples in the files are not compared one by one for a note.
MANY = 5_000


#: Two callers of one sample count alike; fractions this far apart, of so many reads each, are of two samples.
_APART, _READS = 0.2, 50


def _apart(calls: pl.DataFrame) -> list[Problem]:
    """Say which samples' files have one variant with fractions that cannot be of one sample."""
    share = pl.col("alt_count") / pl.col("depth")
    read = calls.filter((pl.col("depth") >= _READS) & pl.col("is_called").fill_null(False))
    spread = read.group_by("sample_id", "variant_id").agg(share.max().alias("high"), share.min().alias("low"))
    odd = spread.filter(pl.col("high") - pl.col("low") > _APART).sort("sample_id", "variant_id")
    if odd.is_empty():
        return []
    first = odd.row(0, named=True)
    message = (
        f"{odd.height:,} variants have fractions in two files of a sample that no one sample has "
        f"({first['sample_id']}, {first['variant_id']}: {first['low']:.0%} and {first['high']:.0%})."
    )
    cure = "Are the files of one sample? If not, give each its id (--files)."
    return [Problem("calls", None, "alt_count", first["variant_id"], message, cure, "warning")]


def is_vcf(path: Path) -> bool:
    """Whether a file is a VCF by its name, or by its first line where it has another (a download saved as .txt)."""
    return path.name.lower().endswith((".vcf", ".vcf.gz", ".vcf.bgz")) or _begins_as_vcf(path)


def _begins_as_vcf(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(64)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                start = file.read(64)
    except (OSError, EOFError, zlib.error):
        return False
    return start.lstrip(b"\xef\xbb\xbf").startswith(b"##fileformat=VCF")


def _with_known_origin(calls: pl.DataFrame, everything: pl.DataFrame) -> pl.DataFrame:
    """Give a call whose own row does not know its origin the one that another file of the sample says (Mutect2's
    population frequency beside FreeBayes); where two say different ones it stays unknown."""
    key = ["sample_id", "variant_id"]
    told = everything.filter(pl.col("origin") != "unknown").group_by(key).agg(pl.col("origin").unique().alias("_said"))
    if told.is_empty():
        return calls
    one = pl.when(pl.col("_said").list.len() == 1).then(pl.col("_said").list.first())
    origin = pl.when(pl.col("origin") == "unknown").then(pl.coalesce(one, pl.lit("unknown"))).otherwise("origin")
    joined = calls.join(told, on=key, how="left", maintain_order="left")
    return joined.with_columns(origin.alias("origin")).drop("_said")


_RAW, _FILTERED = (
    re.compile(rf"(?i)(^|[._-])({w})(?=[._-])") for w in ("raw|unfiltered", "(?:hard-)?filter(?:ed)?|pass(?:ed)?")
)


def _before_its_filter(path: Path, paths: Sequence[Path]) -> bool:
    """Whether a file is by its name a caller's before its filter, and the file behind the filter lies beside it.

    >>> raw, done = Path("P1.mutect2.raw.vcf"), Path("P1.mutect2.filtered.vcf")
    >>> _before_its_filter(raw, [raw, done]), _before_its_filter(raw, [raw, Path("P1.strelka.filtered.vcf")])
    (True, False)
    """
    bare = _RAW.sub("", path.name)
    return bare != path.name and any(bare == _FILTERED.sub("", p.name) for p in paths if p.parent == path.parent)


def _without_candidates(everything: pl.DataFrame, parts: Sequence[MafTables]) -> pl.DataFrame:
    """Leave out a caller's candidates (a file before its filter) that a file after a filter decides on, of one sample."""
    first = [p.is_unfiltered for p in parts for _ in range(p.calls.height)]
    if not any(first) or all(p.is_unfiltered for p in parts):
        return everything
    marked = everything.with_columns(pl.Series("_first", first))
    decided = marked.filter(~pl.col("_first") & pl.col("is_called").is_not_null()).select("sample_id", "variant_id")
    again = marked.join(
        decided.unique().with_columns(pl.lit(True).alias("_is")),
        on=["sample_id", "variant_id"],
        how="left",
        maintain_order="left",
    )
    return again.filter(~(pl.col("_first") & pl.col("_is").fill_null(False))).drop("_first", "_is")


#: What the rows of a file are by its name alone: column of calls -> value.
_SAID = {"unsigned": {"filter": "not signed out"}, "germline": {"origin": "germline"}}


def read_calls(
    paths: Sequence[Path],
    build: str | None = None,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    kind: str | None = None,
    known: Mapping[str, str | None] | None = None,
    manifest: Manifest | None = None,
    of: Mapping[str, Collection[Path]] | None = None,
) -> MafTables:
    """Read the files and join their tables; a build other than `build` (or than the first file's) is an error.

    `kind` "counts" reads them as tables of read counts, else each is a VCF or a MAF by its name;
    `known` are the samples that a clinical table names, with their material; `manifest` says whose a column is;
    `of` says which files hold no somatic calls: ``looked``, sites looked at; ``unsigned``, variants a laboratory saw and
    did not sign out (no calls, and their filter says so); ``germline``.

    Raises
    ------
    InputError : a file cannot be read at all
    """
    from oncourse.io.variants.counts import read_counts
    from oncourse.io.variants.vcf import read_vcf

    known = known or {}
    starts = [vcf_start(path) for path in paths if is_vcf(path) and kind != "counts"]
    whose: dict[Path, list[Column]] = {start.path: [] for start in starts}
    for column in assign(starts, known=known, manifest=manifest):
        whose[column.path].append(column)
    parts = []
    for path in paths:
        if kind == "counts":
            how = "counts" if called == "auto" else called
            parts.append(read_counts(path, fasta=fasta, called=how, known=known))
        elif is_vcf(path):
            parts.append(read_vcf(path, fasta=fasta, called=called, whose=whose[path], build=build))
            parts[-1].normals = frozenset(c.sample_id for c in whose[path] if c.role == "normal")
        else:
            what = next((kind for kind, paths_of in (of or {}).items() if path in paths_of), "")
            how = "no" if what in ("looked", "unsigned") else called
            parts.append(read_maf(path, fasta=fasta, called=how, known=known, manifest=manifest))
            parts[-1].calls = parts[-1].calls.with_columns(pl.lit(v).alias(c) for c, v in _SAID.get(what, {}).items())
    _apart_by_paths(paths, parts, known, manifest, by_words=kind != "counts")
    problems: list[Problem] = []
    unseen, large = _unseen(parts), joined_large([p.large for p in parts if p.large is not None])
    if unseen:
        message = f"{', '.join(unseen[:5])}: the files hold structural variants or copy numbers alone."
        cure = "The samples count as not looked at for mutations; give the calls of small variants beside them."
        problems.append(Problem("calls", None, "sample_id", unseen[0], message, cure, "warning"))
    for path, part in zip(paths, parts, strict=True):
        build = build or part.build
        if part.build and part.build != build:
            message = f"{path.name} is of genome build {part.build}, the study of {build}."
            cure = "Lift the calls over, or correct genome_build in study.yaml."
            problems.append(Problem("calls", None, "variant_id", part.build, message, cure))
    problems += _tell_kinds_apart(paths, parts)
    problems += [] if manifest else _tell_normals_elsewhere(paths, parts, known)
    for path, part in zip(paths, parts, strict=True):
        part.is_unfiltered |= _before_its_filter(path, paths)
    if len(parts) == 1:
        parts[0].problems += problems
        parts[0].unseen = unseen
        return parts[0]
    # the same sample in two files (SNVs and indels apart, or two callers): called wins, then the deeper row
    everything = pl.concat([p.calls.with_columns(p.lines.alias("line")) for p in parts])
    everything = _without_candidates(everything, parts)
    calls = _with_known_origin(called_first(everything), everything)
    problems += _apart(everything)
    variants, annotated_apart = one_annotation(pl.concat([p.variants for p in parts], how="diagonal"))
    problems += annotated_apart
    plasma: list[str] = []
    for path, part in zip(paths, parts, strict=True):
        part.samples = of_folder_of_plasma(path, part.samples, plasma)
    samples = pl.concat([p.samples for p in parts], how="diagonal")
    problems += of_two_patients(samples, "samples") if "patient_id" in samples.columns else []
    if "patient_id" in samples.columns:  # the file that names the patient speaks for one that does not
        samples = samples.with_columns(pl.col("patient_id").drop_nulls().first().over("sample_id"))
    samples = samples.unique("sample_id", keep="first", maintain_order=True)
    notes = list(dict.fromkeys(note for p in parts for note in p.notes))
    if plasma := [s for s in dict.fromkeys(plasma) if s not in (known or {})]:
        notes.append(f"{len(plasma):,} samples are plasma, as their folder says ({', '.join(plasma[:5])})")
    owners = [s for p in parts for s in p.samples["sample_id"].unique()]
    if several := sorted({s for s in owners if owners.count(s) > 1} if len(owners) < MANY else set()):
        notes.append(f"{len(several):,} samples stand in several files and are one each ({', '.join(several[:5])})")
        held = ((path, set(part.samples["sample_id"])) for path, part in zip(paths, parts, strict=True))
        problems += [] if manifest else told_unlike((s, path) for path, mine in held for s in several if s in mine)
    problems += [problem for p in parts for problem in p.problems]
    ledger = Ledger()
    for part in parts:
        ledger.extend(part.ledger)
    n_twice = sum(p.calls.height for p in parts) - calls.height
    ledger.left_out("several files", n_twice, "the same sample and variant in two files: joined", became="calls")
    copies = [p.copies for p in parts if p.copies is not None]
    coverage = [p.coverage for p in parts if p.coverage is not None]
    return MafTables(
        calls.drop("line"),
        variants.sort("variant_id"),
        samples.sort("sample_id"),
        calls["line"],
        build,
        notes,
        problems,
        pl.concat(copies).unique(["sample_id", "chrom", "start"], keep="first", maintain_order=True)
        if copies
        else None,
        coverage=pl.concat(coverage).unique(maintain_order=True) if coverage else None,
        ledger=ledger,
        large=large,
        unseen=unseen,
    )


def _apart_by_paths(
    paths: Sequence[Path],
    parts: Sequence[MafTables],
    known: Collection[str],
    manifest: Manifest | None,
    *,
    by_words: bool,
) -> None:
    """Give the samples of tables whose names or folders say that they hold different lesions of the same people
    (primary.maf, plasma.maf) a name for each."""
    tables = [(path, part) for path, part in zip(paths, parts, strict=True) if not is_vcf(path)]
    if len(tables) < 2 or manifest:
        return
    owners = [(s, path) for path, part in tables for s in part.samples["sample_id"].drop_nulls()]
    names = parts_of_files(owners, known) if by_words else {}
    people = several_people(o for o in owners if o[0] not in known and not any(o[0] in of for of in names.values()))
    ask_of_people([Column(path, s, s, None, "tumour", "column") for s, path in owners], people)
    for sample, files in people.items():
        for path, owner in files.items():
            names.setdefault(path, {})[sample] = (f"{owner}_{sample}", "tumour")
    for path, part in tables:
        if mine := names.get(path):
            old = pl.col("sample_id")
            roles = {s: role for s, (_, role) in mine.items()}
            given = optional(part.samples, "patient_id")
            of_file = pl.lit(None, pl.String)
            if persons := {s: files[path] for s, files in people.items() if path in files}:
                of_file = old.replace_strict(persons, default=None, return_dtype=pl.String)
            part.samples = part.samples.with_columns(
                pl.when(old.is_in(list(mine)))
                .then(pl.coalesce(of_file, given, old))
                .otherwise(given)
                .alias("patient_id"),
                pl.coalesce(
                    old.replace_strict(roles, default=None, return_dtype=pl.String), optional(part.samples, "role")
                ).alias("role"),
            )
            rename_samples(part, {s: name for s, (name, _) in mine.items()})
            part.notes.append(f"{path.name}: {', '.join(f'{s} is sample {n}' for s, (n, _) in list(mine.items())[:5])}")


def _tell_kinds_apart(paths: Sequence[Path], parts: Sequence[MafTables]) -> list[Problem]:
    """Say that the MAF and the VCF files of one folder hold no sample in common: the same under other names, maybe."""
    held: dict[bool, set[str]] = {}
    for path, part in zip(paths, parts, strict=True):
        held.setdefault(is_vcf(path), set()).update(part.samples["sample_id"].drop_nulls())
    if len(held) < 2 or held[True] & held[False]:
        return []
    first = [min(held[key], default="") for key in (True, False)]
    message = (
        f"the VCF files ({first[0]} ...) and the tables ({first[1]} ...) hold no sample in common: read as others."
    )
    cure = "Where they are the same samples, import one format (`oncourse import maf` or vcf), or name them (--files)."
    return [Problem("calls", None, "sample_id", first[1], message, cure, "warning")]


def _unseen(parts: Sequence[MafTables]) -> tuple[str, ...]:
    """Return the samples of files of large events alone: they must not count as looked at and wild type."""
    seen = {s for p in parts if p.is_small for s in p.samples["sample_id"]}
    return tuple(sorted({s for p in parts for s in p.samples["sample_id"]} - seen))


def _tell_normals_elsewhere(paths: Sequence[Path], parts: Sequence[MafTables], known: Collection[str]) -> list[Problem]:
    """Tell the samples with calls of one file that another names as a normal, of which the clinical table says nothing."""
    problems: list[Problem] = []
    named = {s: path.name for path, part in zip(paths, parts, strict=True) for s in part.normals}
    for path, part in zip(paths, parts, strict=True):
        tumours = part.samples.filter(optional(part.samples, "role").fill_null("tumour") != "normal")["sample_id"]
        for s in sorted(named.keys() & set(tumours) - part.normals - set(known)):
            message = f"{s} is a normal in {named[s]} and has calls in {path.name}: taken as a tumour's sample."
            cure = "Say what it is: SAMPLE_TYPE of --clinical (normal, plasma), or its role in --files."
            problems.append(Problem("samples", None, "sample_id", s, message, cure, "warning"))
    return problems
