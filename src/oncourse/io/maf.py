"""MAF (GDC, vcf2maf, MSK, Oncotator, minimal dialects) -> variants and calls.

Columns are known by their names in any of the dialects, without regard to case. A MAF row is a call, unless the
file also lists sites where nothing was seen (forced counts): then the assay's thresholds decide
(`oncourse.study.tables`, ``is_called``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.genome import effect, protein
from oncourse.genome.builds import ANIMALS, build_named
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import BUILDS
from oncourse.genome.gene_names import NO_GENE
from oncourse.genome.variant import build_of_accession, normalise, once
from oncourse.io import torrent
from oncourse.io.annovar import as_maf, looks_like_annovar
from oncourse.io.calling import decide
from oncourse.io.genomic_change import BASES, COLUMNS, with_places
from oncourse.io.ids import of_two_patients
from oncourse.io.large import Large
from oncourse.io.ledger import Ledger
from oncourse.io.maf_columns import ALIASES, OURS, spelled
from oncourse.io.maf_fusions import without_fusions
from oncourse.io.maf_numbers import COUNTED, at_lines, fractions_alone, one_based, with_counts
from oncourse.io.placeless import kept_by_gene
from oncourse.io.signatures import named
from oncourse.io.strand import on_forward
from oncourse.io.text import read_table, table_name
from oncourse.io.text_table import TextTable
from oncourse.io.tool_columns import PAIRS, carried, tool_names, with_tool_columns
from oncourse.io.units import in_percent, with_percent
from oncourse.io.whose import Manifest
from oncourse.io.whose_rows import NO_NORMAL, name_rows, one_sample, refuse_nobody
from oncourse.study.schema import Problem, all_distinct
from oncourse.study.translated import translated

#: Reason of a record that is left out because its allele is no sequence of bases.
NO_SMALL_VARIANT = "no small variant (<NON_REF>, *)"
_NEEDED = ("chrom", "pos", "ref", "sample_id")


@dataclass
class MafTables:
    """What one MAF holds.

    ``calls`` and ``variants`` as in `oncourse.study.tables`; ``samples``: sample_id, patient_id (null where the file
    names none); ``lines``: the file's line of each row of ``calls``; ``copies``: copy number at the sites, where the
    file has cBioPortal's ASCN columns, as segments of one base; ``coverage``: depth of what a genome VCF says of places
    without a variant; ``left_out``: reason, number and first line of rows in no table; ``large``: structural variants
    and copy numbers of a VCF; ``is_small``: whether small variants were looked for in it; ``unseen``: samples of files
    of large events alone, in which small variants were not looked for.
    """

    calls: pl.DataFrame
    variants: pl.DataFrame
    samples: pl.DataFrame
    lines: pl.Series
    build: str | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    copies: pl.DataFrame | None = None
    coverage: pl.DataFrame | None = None
    ledger: Ledger = field(default_factory=Ledger)
    left_out: list[tuple[str, int, int | None]] = field(default_factory=list)
    large: Large | None = None
    is_small: bool = True
    unseen: tuple[str, ...] = ()


def looks_like_maf(header: Iterable[str]) -> bool:
    """Whether a header has what a MAF needs."""
    return not missing_columns(header)


def missing_columns(header: Iterable[str]) -> list[str]:
    """Return what a header lacks to be a MAF, in our names (empty: nothing)."""
    lowered = {h.lower() for h in header}
    needed = [n for n in _NEEDED if not lowered & set(ALIASES[n])]
    if not lowered & {*ALIASES["alt"], *ALIASES["alt_1"]}:
        needed.append("alt")
    return needed


def read_maf(
    path: Path | str,
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
    known: Collection[str] = (),
    manifest: Manifest | None = None,
) -> MafTables:
    """Read a MAF of any dialect.

    Parameters
    ----------
    fasta : reference for left alignment of indels
    called : as in `oncourse.io.calling.decide`
    known, manifest : samples of the clinical table, and whose each is (`oncourse.io.whose_rows`)

    Raises
    ------
    InputError : the file cannot be read or is no MAF. Faults of single rows are in ``problems``.
    """
    path = Path(path)
    name = table_name(path)
    header: list[str] = []

    def wanted(names: list[str]) -> list[str]:
        header.extend(names)
        return _wanted(names)

    table = read_table(path, name=name, columns=wanted, lenient=True)
    notes: list[str] = []
    if found_torrent := torrent.as_maf(table, path):
        table, notes = found_torrent
        header[:] = table.frame.columns
    if not table.frame.columns:
        raise InputError(table.problems or [_not_maf(name, list(_NEEDED), header, table.comments)])
    if looks_like_annovar(table.frame.columns):
        frame, notes = as_maf(table.frame, path)
        table = replace(table, frame=frame)
    table = replace(table, frame=with_tool_columns(table.frame))
    table = replace(table, frame=table.frame.rename(spelled(table.frame.columns)))
    table = replace(table, frame=with_places(table.frame, missing_columns(table.frame.columns)))
    if missing_columns(table.frame.columns) == ["sample_id"]:
        unknown = [h for h in header if h.lower() not in OURS and h not in tool_names(header)]
        sample = one_sample(renamed(table.frame), unknown, path)
        notes.append(f"{path.name}: no sample column: every row is of sample {sample} (file name)")
        table = replace(table, frame=table.frame.with_columns(pl.lit(sample).alias("sample_id")))
    if lacking := missing_columns(table.frame.columns):
        raise InputError([*[p for p in table.problems if p.severity == "error"], _not_maf(name, lacking, header)])
    if table.frame.is_empty():
        cure = "A MAF has one row per mutation; is the file complete?"
        raise InputError([Problem(name, 1, None, None, "the file has a header and no row.", cure)])
    problems = [p for p in table.problems if p.column is None or p.column.lower() in OURS]
    rows = renamed(table.frame).with_columns(table.lines.alias("line"))
    rows, found_half = one_based(rows, name)
    problems += found_half
    before = rows
    rows, told, n_ignored = name_rows(rows, path, known=known, manifest=manifest)
    refuse_nobody(before, rows, path)
    del before
    filled = {c: table.frame.height - table.frame[c].null_count() for c in table.frame.columns}
    n_rows = table.frame.height
    table = replace(table, frame=pl.DataFrame(), lines=rows["line"])
    held = [rows.drop("line")]
    del rows  # handed over and not kept: what `tables_of` no longer needs leaves the memory
    found = tables_of(held.pop(), table, name, problems, fasta=fasta, called=called)
    found.notes = [*notes, *told, *found.notes]
    found.left_out.append(("of a sample the manifest leaves out", n_ignored, None))
    _write_ledger(found, path.name, header, n_rows, filled)
    return found


def lacking_with_places(frame: pl.DataFrame) -> list[str]:
    """Return what a table lacks to be a MAF once its columns are named as one's and its places are parted.

    Places in one cell count where every row has one: another row would be lost.

    >>> lacking_with_places(pl.DataFrame({"Sample name": ["S"], "HGVSG": ["12:g.25398284C>T"], "Gene": ["KRAS"]}))
    []
    """
    frame = with_tool_columns(frame)
    frame = frame.rename(spelled(frame.columns))
    placed = with_places(frame, missing_columns(frame.columns))
    new = [c for c in placed.columns if c not in frame.columns]
    whole = not any(placed[c].null_count() for c in new)
    return missing_columns((placed if whole else frame).columns)


def _write_ledger(found: MafTables, file: str, header: Sequence[str], n_rows: int, filled: Mapping[str, int]) -> None:
    """Say of every column what it became and how many cells it fills, and of the rows how many are calls."""
    found.ledger.file(file, "MAF", "used", n_rows=n_rows)
    alias = spelled(header)
    for written in header:
        column = alias.get(written, written)
        became = OURS.get((in_percent(column) or column).lower()) or OURS.get(column.lower())
        if column not in filled or became is None:
            found.ledger.column(file, written, "not read", why="no column of a MAF that is used")
            continue
        n = filled[column]
        found.ledger.column(file, written, "used" if n else "empty", became=_BECAME.get(became, f"calls.{became}"), n=n)
    write_rows(found, file)


_BECAME = {
    "gene": "variants.gene",
    "hgvs_p": "variants.hgvs_p",
    "hgvs_c": "variants.hgvs_c",
    "term": "variants.consequence",
    "classification": "variants.consequence",
    "region": "variants.consequence",
    "status": "calls.origin",
    "validation": "calls.is_called",
    "genotype": "calls.is_called",
    "population_af": "calls.origin",
    "patient_id": "samples.patient_id",
    "build": "study.yaml: genome_build",
    "total_cn": "segments.total_cn",
    "minor_cn": "segments.minor_cn",
    **dict.fromkeys(("chrom", "pos", "end", "strand", "ref", "alt", "alt_1"), "calls.variant_id"),
    **dict.fromkeys(("normal_id", "normal_alt", "normal_ref", "normal_depth"), "calls.origin"),
}


def write_rows(found: MafTables, file: str) -> None:
    """Say how many rows are calls, were looked at, are left to the assay's thresholds, or are in no table."""
    words = {
        True: "calls: called",
        False: "calls: looked at, not called",
        None: "calls: judged by the assay's thresholds",
    }
    for value, n in sorted(found.calls["is_called"].value_counts().iter_rows(), key=lambda row: str(row[0])):
        found.ledger.taken(file, words[value], n)
    for why, n, line in found.left_out:
        found.ledger.left_out(file, n, why, became="calls", line=line)


def _wanted(header: list[str]) -> list[str]:
    annovar = ("func.", "otherinfo") if looks_like_annovar(header) else ()
    loose = {*spelled(header), *torrent.COLUMNS, *tool_names(header)}
    return [
        h
        for h in header
        if h.lower() in {*OURS, *COLUMNS, *BASES, *PAIRS}
        or h in loose
        or (in_percent(h) or "").lower() in ALIASES["vaf"]
        or h.lower().startswith(annovar)
    ]


def _not_maf(name: str, lacking: list[str], header: Sequence[str] = (), comments: Sequence[str] = ()) -> Problem:
    above = comments[-1].split("\t") if comments else ()  # a header that begins with #
    if said := named(header) or named(above):
        return Problem(name, 1, None, None, "is not a MAF:", said)
    names = ", ".join(f"{n} ({ALIASES[n][0]})" for n in lacking)
    cure = "A MAF has Chromosome, Start_Position, Reference_Allele, Tumor_Seq_Allele2, Tumor_Sample_Barcode."
    low = {h.strip().lower() for h in header}
    if len(header) == 1 and {*header[0].lower().split()} & set(ALIASES["chrom"]):
        cure = "Its cells are parted by blanks: a MAF has tabs (sed 's/ \\+/\\t/g')."
    if low & set(ALIASES["gene"]) and low & {
        *ALIASES["hgvs_p"],
        *ALIASES["hgvs_c"],
        "mutation",
        "variant",
        "protein change",
        "aa_change",
    }:
        cure = "A table of genes and changes without places is read by `oncourse import panel`."
    return Problem(name, 1, None, None, f"is not a MAF: no column for {names}.", cure)


def renamed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `ALIASES` that a frame has, under our names."""
    by_lower: dict[str, str] = {}
    for column in frame.columns:
        by_lower.setdefault(column.lower(), column)
    picked: dict[str, pl.Series] = {}
    for ours, aliases in ALIASES.items():
        present = [_clean(frame[by_lower[a]], ours) for a in aliases if a in by_lower]
        if ours == "vaf":
            heads = {(in_percent(c) or "").lower(): c for c in frame.columns}
            cells = [_clean(frame[heads[a]]) for a in aliases if a in heads]
            present += [c.to_frame().select(with_percent(pl.col(c.name))).to_series() for c in cells]
        if not present:
            continue
        # an empty HGVSp_Short falls back on HGVSp, a missing classification on the SO term, and so on
        picked[ours] = reduce(lambda one, other: one.zip_with(one.is_not_null(), other), present)
        if ours.endswith("_id"):
            picked[ours] = picked[ours].str.strip_chars().replace("", None)
    return pl.DataFrame([cells.alias(ours) for ours, cells in picked.items()])


def _clean(text: pl.Series, ours: str = "") -> pl.Series:
    """Return the cells with null for what says nothing; the column itself where every cell says something."""
    nothing = ["", "NA", "N/A", "null", "NULL", "[Not Available]"]
    # a gene named Unknown falls back on its Entrez id
    is_gene = ours == "gene"
    said = text.str.strip_chars().str.to_lowercase().is_in(sorted(NO_GENE)) if is_gene else text.is_in(nothing)
    return text.set(said.fill_null(False), None) if said.any() else text


def tables_of(
    frame: pl.DataFrame,
    table: TextTable,
    name: str,
    problems: list[Problem],
    *,
    fasta: Fasta | None = None,
    called: str = "auto",
) -> MafTables:
    """Turn a frame with the columns of `ALIASES` (text) into tables; `table` knows the lines."""
    notes: list[str] = []
    frame = frame.with_columns(table.lines.alias("line"))
    # also the samples of rows that cannot be used: they were sequenced and count in every denominator
    problems = [*problems, *(of_two_patients(frame, name) if "patient_id" in frame.columns else [])]
    samples = frame.drop_nulls("sample_id").select(
        "sample_id", _optional(frame, "patient_id"), *[c for c in ("role",) if c in frame.columns]
    )
    samples = samples.unique("sample_id", maintain_order=True)
    left: list[tuple[str, int, int | None]] = []
    frame, large, n_fusions = without_fusions(frame, notes)
    left += [("a fusion: a row of the table of fusions", n_fusions, None)] if n_fusions else []
    frame, found = _with_alleles(frame, name)
    problems += found
    has_normal = _names_normal(frame)
    n_rows = frame.height
    frame = _without_non_variants(frame, notes)
    left.append(("wild-type marker or structural variant", n_rows - frame.height, None))
    frame = frame.drop("end", "alt_1", "patient_id", "role", "normal_id", "variant_type", strict=False)
    frame, n_missing = _with_genotypes(frame)
    left += [("a genotype of dots without depth", n_missing, None)] if n_missing else []
    frame, found = on_forward(frame, name, _build(frame, name)[0], fasta, notes)
    problems += found
    frame = normalise(frame, fasta=fasta)
    frame, found, lost = kept_by_gene(frame, name)
    problems += found
    left += lost
    frame, found = with_counts(frame, name)
    problems += found
    if fasta is not None:
        problems += reference_problems(frame, name)
    build, found = _build(frame, name)
    problems += found
    has_normal = has_normal or frame["normal_depth"].is_not_null().any()
    spent = ("chrom", "pos", "why_not", "build", "ref_count", "normal_ref")
    decided = decide(
        frame.drop(spent, strict=False),
        name,
        called=called,
        has_normal=has_normal,
        listed=name.lower().startswith("data_mutations"),
    )
    frame = decided.frame
    notes += decided.notes
    problems += decided.problems
    calls = frame.select(
        "sample_id",
        "variant_id",
        *COUNTED,
        "is_called",
        "filter",
        "origin",
        "line",
        *[c for c in ("gene", "classification", "term", "region", "hgvs_p", "hgvs_c") if c in frame.columns],
    )
    copies = _copies(frame)
    contexts = _contexts(frame)
    del frame, decided
    calls, found = _annotated(calls, name)
    calls = calls.drop("classification", "term", "region", strict=False)
    problems += found
    n_rows = calls.height
    calls, found = _one_row_per_call(calls, name, notes)
    left.append(("repeats a sample and variant: joined", n_rows - calls.height, None))
    problems += found
    variants = variants_of(calls)
    if contexts is not None:
        variants = variants.join(contexts, on="variant_id", how="left", maintain_order="left")
    problems += fractions_alone(calls, name)
    columns = ["sample_id", "variant_id", *COUNTED, "is_called", "filter", "origin"]
    return MafTables(
        calls.select(columns),
        variants,
        samples.sort("sample_id"),
        calls["line"],
        build,
        notes,
        problems,
        copies,
        left_out=left,
        large=large,
    )


def _copies(frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return sample_id, chrom, start, end, total_cn, minor_cn of the sites whose total copies the file gives."""
    if "total_cn" not in frame.columns:
        return None
    place = pl.col("variant_id").str.split(":")
    start = place.list.get(1).cast(pl.Int64)
    copies = frame.select(
        "sample_id",
        chrom=place.list.get(0),
        start=start,
        end=start,
        total_cn=pl.col("total_cn").cast(pl.Float64, strict=False),
        minor_cn=_optional(frame, "minor_cn").cast(pl.Float64, strict=False),
    )
    keys = ["sample_id", "chrom", "start"]
    return copies.drop_nulls("total_cn").unique(keys, keep="first", maintain_order=True).sort(keys)


def with_copies(segments: pl.DataFrame | None, found: MafTables, notes: list[str]) -> pl.DataFrame | None:
    """Return the segments with the ASCN copies of samples that have no segment of their own; says what it did."""
    if found.copies is None or found.copies.is_empty():
        return segments
    copies = found.copies
    if segments is not None:
        copies = copies.join(segments.select("sample_id").unique(), on="sample_id", how="anti")
    if copies.is_empty():
        return segments
    notes.append(
        f"copy number at {copies.height} sites of {copies['sample_id'].n_unique()} samples without segments taken "
        f"from the "
        "ASCN columns; their cell fractions are not taken over but estimated from the reads"
    )
    return copies if segments is None else pl.concat([segments, copies], how="diagonal_relaxed")


def _optional(frame: pl.DataFrame, column: str) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, pl.String).alias(column)


def _with_alleles(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    if "alt" not in frame.columns:
        frame = frame.with_columns(pl.col("alt_1").alias("alt"))
    elif "alt_1" in frame.columns:
        # some centres put the variant into allele 1 and the reference into allele 2
        swap = (pl.col("alt") == pl.col("ref")) & (pl.col("alt_1") != pl.col("ref"))
        alt = pl.when(pl.col("alt").is_null() | swap).then(pl.col("alt_1")).otherwise(pl.col("alt"))
        frame = frame.with_columns(alt.alias("alt"))
    lost = frame["sample_id"].is_null()
    problems = at_lines(frame, lost, name, "sample_id", "the row has no sample.", "Fill in Tumor_Sample_Barcode.")
    return frame.filter(~lost), problems


def _without_non_variants(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Leave out rows that say a gene was looked at and is wild type, and structural variants."""
    drop = pl.lit(False)
    if "status" in frame.columns:
        drop = drop | pl.col("status").str.to_lowercase().is_in(["wildtype", "none"]).fill_null(False)
    if "variant_type" in frame.columns:
        large = ["SV", "FUSION", "CNV", "AMP", "TRANSLOCATION", "STRUCTURAL"]
        drop = drop | (pl.col("variant_type").str.to_uppercase().is_in(large).fill_null(False))
    dropped = frame.select(drop.alias("d"))["d"] if not drop.meta.is_literal() else None
    if dropped is None or not dropped.any():
        return frame
    notes.append(f"{dropped.sum():,} rows of the MAF are wild-type markers or structural variants: not read as calls")
    return frame.filter(~dropped)


def _names_normal(frame: pl.DataFrame) -> bool:
    """Whether a row names the normal its call was made against (vcf2maf writes NORMAL where there was none)."""
    if "normal_id" not in frame.columns:
        return False
    named = frame["normal_id"].drop_nulls().unique().str.to_uppercase()
    return bool((~named.is_in(sorted(NO_NORMAL))).any())


def _build(frame: pl.DataFrame, name: str) -> tuple[str | None, list[Problem]]:
    if "build" not in frame.columns:
        return next(filter(None, map(build_of_accession, frame["chrom"].head(1).drop_nulls())), None), []
    words = frame["build"].unique().drop_nulls()
    if words.is_empty():
        return None, []
    named = frame["build"].replace_strict({w: build_named(w) for w in words}, default=None, return_dtype=pl.String)
    counts = named.drop_nulls().value_counts(sort=True).sort(["count", "build"], descending=[True, False])
    strange = sorted(w for w in words if build_named(w) is None and w.strip() not in (".", "-", ""))
    problems = []
    if strange:
        message = f"the genome build {', '.join(strange[:3])} is not known here: it is not taken."
        problems.append(Problem(name, None, "build", strange[0], message, "GRCh37 or GRCh38.", "warning"))
    if counts.is_empty():
        return None, problems
    main = counts["build"][0]
    other = (named != main).fill_null(False)
    problems += unknown_build(main, name)
    cure = f"Most rows are {main}: lift the others over, or give them as another study."
    message = "genome build {value} differs from the rest of the file."
    return main, [*problems, *at_lines(frame, other, name, "build", message, cure)]


def unknown_build(build: str | None, name: str) -> list[Problem]:
    """Say that the places of a file are of a build that is not known here; those of an animal are an error."""
    if build is None or build in BUILDS:
        return []
    if build in ANIMALS:
        cure = "Studies of people are read; give calls on GRCh37 or GRCh38."
        return [Problem(name, None, "build", build, f"the file is of the genome of the {build}.", cure)]
    word = {"NCBI36": "NCBI36 (hg18)"}.get(build, build)
    message = f"the positions are of {word}, which is not known here: nothing is read from a place."
    cure = "Lift them over to GRCh37 or GRCh38; until then what the file does not name is not assessable."
    return [Problem(name, None, "build", build, message, cure, "warning")]


def _with_genotypes(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Say of each row whether its genotype holds the variant; leave out those of dots without reads, and count them."""
    if "genotype" not in frame.columns:
        return frame, 0
    held, dots = carried(frame["genotype"], frame["ref"], frame["alt"])
    counts = [pl.col(c).is_not_null() for c in ("alt_count", "depth") if c in frame.columns]
    silent = frame.select((pl.lit(dots) & ~pl.any_horizontal(*counts, pl.lit(False))).alias("x"))["x"]
    uncounted = frame["alt_count"].is_null() if "alt_count" in frame.columns else pl.Series([True] * frame.height)
    held = held.set(dots & uncounted, False)  # neither a genotype nor a read speaks for it
    frame = frame.drop("genotype").with_columns(held.alias("carried"), dots.alias("joint"))
    return frame.filter(~silent), int(silent.sum())


def reference_problems(frame: pl.DataFrame, name: str) -> list[Problem]:
    """Say where the reference FASTA disagrees (``is_ref_match`` false) or has nothing (null)."""
    match = frame["is_ref_match"]
    known = match.drop_nulls()
    problems = []
    if lost := match.null_count():
        message = f"{lost:,} variants lie on contigs the FASTA does not have: not left-aligned."
        cure = "Give the reference the calls were made on."
        problems.append(Problem(name, None, "chrom", None, message, cure, "warning"))
    wrong = int((~known).sum())
    if wrong > 0.1 * len(known):
        message = f"{wrong:,} of {len(known):,} reference alleles are not what the FASTA has there."
        cure = "Is the FASTA of the same genome build as the calls?"
        return [*problems, Problem(name, None, "ref", None, message, cure)]
    message = "the reference allele {value} is not what the FASTA has there."
    bad = ~match.fill_null(True)
    return problems + at_lines(frame, bad, name, "ref", message, "Check build and strand.", "warning")


def _annotated(calls: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Add ``consequence`` (our words); say which words nobody knows."""
    problems: list[Problem] = []
    found = pl.Series("consequence", [None] * len(calls), pl.String)
    for column in ("classification", "term", "region"):
        if column not in calls.columns:
            continue
        said = translated(calls[column], "consequence")
        words = said.unique().drop_nulls().sort()
        strange = [w for w in words if not effect.is_known(w) and w not in (".", "-")]
        if strange:
            message = f"unknown consequence {', '.join(strange[:5])}; read as unknown."
            cure = "A MAF classification, Sequence Ontology, ANNOVAR or snpEff term is understood."
            problems.append(Problem(name, None, column, strange[0], message, cure, "warning"))
        mapped = effect.consequences(said)
        usable = found.is_null() | (found == "unknown")
        found = found.set((usable & mapped.is_not_null()).fill_null(False), None).fill_null(mapped)
    return calls.with_columns(found.alias("consequence")), problems


def _one_row_per_call(calls: pl.DataFrame, name: str, notes: list[str]) -> tuple[pl.DataFrame, list[Problem]]:
    """Keep one row per sample and variant: several transcripts, genes or callers write it more than once."""
    key = ["sample_id", "variant_id"]
    if all_distinct(calls, key):
        return calls, []
    twice = calls.select(pl.struct(key).is_duplicated().alias("d"))["d"]
    if not twice.any():
        return calls, []
    ranked = calls.filter(twice).with_columns(_severity().alias("_rank"))
    counts = ranked.group_by(key).agg(pl.struct("alt_count", "depth").n_unique().alias("n"))
    conflict = counts.filter(pl.col("n") > 1)
    best = ranked.sort([*key, "_rank", "depth", "line"], descending=[False, False, False, True, False], nulls_last=True)
    best = best.unique(key, keep="first", maintain_order=True).drop("_rank")
    kept = pl.concat([calls.filter(~twice), best]).sort("line")
    notes.append(
        f"{twice.sum() - best.height:,} rows repeat a sample and variant (transcripts, genes or callers): joined"
    )
    if conflict.is_empty():
        return kept, []
    message = f"{conflict.height:,} variants stand twice in a sample with different read counts (after normalising)."
    first = calls.join(conflict.sort(key).head(1), on=key, how="semi")["line"]
    cure = "The row with the most severe effect, then the deepest, is used."
    return kept, [Problem(name, int(first[-1]), "alt_count", None, message, cure, "warning")]


def _severity() -> pl.Expr:
    order = {word: rank for rank, word in enumerate(effect.CONSEQUENCES)}
    return pl.col("consequence").replace_strict(order, default=len(order), return_dtype=pl.Int64)


def _contexts(frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return variant_id, context (the bases around it) where the file has them; None without such a column."""
    if "context" not in frame.columns:
        return None
    bases = pl.col("context").str.strip_chars().str.to_uppercase()
    known = frame.select("variant_id", context=bases).filter(pl.col("context").str.contains("^[ACGTN]{3,}$"))
    return known.unique("variant_id", keep="first", maintain_order=True)


def variants_of(calls: pl.DataFrame) -> pl.DataFrame:
    """Return one row per variant: the annotation of its most severe row, then the first gene by name."""
    columns = ["gene", "hgvs_c", "hgvs_p", "consequence"]
    frame = calls.select("variant_id", *[_optional(calls, c) for c in columns], _severity().alias("_rank"))
    frame = frame.unique()
    several = frame["variant_id"].is_duplicated()
    best = frame.filter(several).sort(["variant_id", "_rank", *columns], nulls_last=True)
    best = best.unique("variant_id", keep="first", maintain_order=True)
    first = pl.concat([frame.filter(~several), best]).sort("variant_id").drop("_rank")
    return first.with_columns(protein.canonicals(first["hgvs_p"]).alias("hgvs_p"), once(first["gene"], _gene()))


def _gene() -> pl.Expr:
    """An intergenic variant has no gene; of ANNOVAR's list the first counts, without its transcript (of ``x``)."""
    gene = pl.col("x")
    none = gene.str.to_lowercase().is_in(["unknown", ".", "-", "", "none"]) | gene.str.contains("(dist=", literal=True)
    return pl.when(~none).then(gene.str.replace(r"\(.*$", "").str.replace(r"[;,].*$", ""))
