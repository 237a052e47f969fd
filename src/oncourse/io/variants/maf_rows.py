"""Rows of a MAF under our names -> calls, variants, samples: one row per sample and variant, on the forward strand."""

from __future__ import annotations

import polars as pl

from oncourse.genome import effect
from oncourse.genome.builds import build_named
from oncourse.genome.coding_change import consequences_of
from oncourse.genome.fasta import Fasta
from oncourse.genome.protein import canonicals
from oncourse.genome.variant import VARIANT_ID, build_of_accession, normalise, which
from oncourse.io.calling import decide, passes
from oncourse.io.tabular.table import TextTable
from oncourse.io.variants.alleles import with_alleles
from oncourse.io.variants.maf_fusions import is_small, without_large
from oncourse.io.variants.maf_numbers import COUNTED, at_lines, fractions_alone, with_counts
from oncourse.io.variants.maf_tables import (
    MafTables,
    reference_problems,
    severity,
    unknown_build,
    variants_of,
)
from oncourse.io.variants.placeless import kept_by_gene
from oncourse.io.variants.strand import on_forward
from oncourse.io.variants.tool_columns import carried
from oncourse.io.whose.ids import of_two_patients
from oncourse.io.whose.sample_names import no_normal
from oncourse.study.frames import optional
from oncourse.study.repeated import repeated, sorted_by
from oncourse.study.schema import Problem
from oncourse.study.translated import translated


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
        "sample_id", optional(frame, "patient_id"), *[c for c in ("role", "sample_type") if c in frame.columns]
    )
    samples = samples.unique("sample_id", maintain_order=True)
    left: list[tuple[str, int, int | None]] = []
    frame, large, found_large = without_large(frame, notes)
    left += found_large
    frame, found = with_alleles(frame, name)
    problems += found
    normals = _normals(frame)
    has_normal = bool(normals)
    n_rows = frame.height
    frame = _without_non_variants(frame, notes)
    left.append(("wild-type marker or structural variant", n_rows - frame.height, None))
    frame = frame.drop("end", "alt_1", "patient_id", "role", "sample_type", "normal_id", "variant_type", strict=False)
    frame = _with_second_filter(frame)
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
        sorted_by(samples, "sample_id"),
        calls["line"],
        build,
        notes,
        problems,
        copies,
        left_out=left,
        large=large,
        normals=normals,
    )


def _with_second_filter(frame: pl.DataFrame) -> pl.DataFrame:
    """Join what GDC filters in every caller's table (GDC_FILTER: gdc_pon, bitgt) to the caller's own FILTER.

    >>> rows = {"filter": ["PASS", "weak", "PASS", None], "filter_also": ["gdc_pon", "bitgt", "", "gdc_pon"]}
    >>> _with_second_filter(pl.DataFrame(rows))["filter"].to_list()
    ['gdc_pon', 'weak;bitgt', 'PASS', 'gdc_pon']
    """
    if "filter_also" not in frame.columns:
        return frame
    also, own = pl.col("filter_also").str.strip_chars(), optional(frame, "filter")
    says = ~also.is_in(["", ".", "PASS"]).fill_null(True)
    joined = pl.when(passes("filter")).then(also).otherwise(own + ";" + also)
    return (
        frame.with_columns(own.alias("filter"))
        .with_columns(pl.when(says).then(joined).otherwise("filter").alias("filter"))
        .drop("filter_also")
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
        minor_cn=optional(frame, "minor_cn").cast(pl.Float64, strict=False),
    )
    keys = ["sample_id", "chrom", "start"]
    return copies.drop_nulls("total_cn").unique(keys, keep="first", maintain_order=True).sort(keys)


def _without_non_variants(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Leave out rows that say a gene was looked at and is wild type, and structural variants.

    A row of a small variant with reads of it (Mutation_Status None or Wildtype beside 30 of 100) is none: it stays, not
    called by its status, and its gene is no wild type.
    """
    drop = pl.lit(False)
    if "status" in frame.columns:
        silent = which(frame["status"], pl.col("x").str.to_lowercase().is_in(["wildtype", "none"]))
        seen = is_small(frame) & (optional(frame, "alt_count").cast(pl.Float64, strict=False) > 0).fill_null(False)
        drop = drop | (pl.col("status").is_in(silent).fill_null(False) & ~seen) if silent else drop
    large = ["SV", "FUSION", "CNV", "AMP", "TRANSLOCATION", "STRUCTURAL"]
    for column, is_none in (
        ("classification", pl.col("x").str.contains(r"(?i)^\s*(wild[ _-]?type|wt|野生型?)\s*$")),
        ("variant_type", pl.col("x").str.to_uppercase().is_in(large)),
    ):
        words = which(frame[column], is_none) if column in frame.columns else []
        if words:  # a row with the bases of a small variant is one, whatever its class
            drop = drop | (pl.col(column).is_in(words).fill_null(False) & ~is_small(frame))
    dropped = frame.select(drop.alias("d"))["d"] if not drop.meta.is_literal() else None
    if dropped is None or not dropped.any():
        return frame
    notes.append(f"{dropped.sum():,} rows of the MAF are wild-type markers or structural variants: not read as calls")
    return frame.filter(~dropped)


def _normals(frame: pl.DataFrame) -> frozenset[str]:
    """Return the normals that calls were made against (vcf2maf writes NORMAL where there was none)."""
    if "normal_id" not in frame.columns:
        return frozenset()
    named = frame.select(pl.col("normal_id").drop_nulls().unique())
    return frozenset(named.filter(~no_normal(pl.col("normal_id")))["normal_id"])


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


def _annotated(calls: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Add ``consequence`` (our words); say which words nobody knows."""
    problems: list[Problem] = []
    found = pl.repeat(None, calls.height, dtype=pl.String, eager=True).alias("consequence")
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
    placed = calls["variant_id"].str.contains(VARIANT_ID).fill_null(True)
    if placed.all():
        return calls.with_columns(found.alias("consequence")), problems
    found, apart = _by_change(calls, _by_bases(calls, found, placed), placed)
    if apart.any():
        first = calls.filter(apart).row(0, named=True)
        message = (
            f"{int(apart.sum()):,} rows without a place have a protein change of another kind than their effect "
            f"({first['variant_id']}): the change counts."
        )
        cure = "Correct the effect, or the change."
        problems.append(Problem(name, int(first["line"]), "consequence", first["variant_id"], message, cure, "warning"))
    return calls.with_columns(found.alias("consequence")), problems


def _by_bases(calls: pl.DataFrame, found: pl.Series, placed: pl.Series) -> pl.Series:
    """Return the effects with what the coding change of rows without a place (not `placed`) says (``c.212+1G>A``), where
    nothing else does."""
    if not {"gene", "hgvs_c"} <= set(calls.columns):
        return found
    said = consequences_of(calls["gene"].set(placed, None), calls["hgvs_c"])
    return found.set(((found == "unknown") & said.is_not_null()).fill_null(False), None).fill_null(said)


def _by_change(calls: pl.DataFrame, found: pl.Series, placed: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the effects with those of rows without a place (not `placed`) that their own change denies put right, and
    which these are: a stop or a shifted frame called missense or silent, a changed residue called silent."""
    if "hgvs_p" not in calls.columns:
        return found, pl.repeat(False, calls.height, eager=True)
    changes = canonicals(calls["hgvs_p"].set(placed, None))
    implied = pl.Series([effect.of_protein_change(c) for c in changes], dtype=pl.String)
    known = found.is_not_null() & (found != "unknown")
    stops = implied.is_in(["nonsense", "frameshift"]) & ~found.is_in(["nonsense", "frameshift", "splice_site"])
    alters = implied.is_in(sorted(effect.PROTEIN_CHANGING)) & ~found.is_in(
        [*sorted(effect.PROTEIN_CHANGING), "splice_site"]
    )
    apart = (known & (stops | alters)).fill_null(False)
    return found.zip_with(~apart, implied), apart


def _one_row_per_call(calls: pl.DataFrame, name: str, notes: list[str]) -> tuple[pl.DataFrame, list[Problem]]:
    """Keep one row per sample and variant: several transcripts, genes or callers write it more than once.

    A row that is called, then one with variant reads, goes before one without: a deeper row of nothing is no absence of
    what another shows.
    """
    key = ["sample_id", "variant_id"]
    twice = repeated(calls, key)
    if not twice.any():
        return calls, []
    ranked = calls.with_row_index("_row").filter(twice).with_columns(severity().alias("_rank"))
    counts = ranked.group_by(key).agg(pl.struct("alt_count", "depth").n_unique().alias("n"))
    conflict = counts.filter(pl.col("n") > 1)
    called = pl.col("is_called").fill_null(True) if "is_called" in ranked.columns else pl.lit(True)
    ranked = ranked.with_columns(_lacks=~(called & (pl.col("alt_count") != 0).fill_null(True)))
    order = [*key, "_lacks", "_rank", "depth", "line"]
    best = ranked.sort(order, descending=[c == "depth" for c in order], nulls_last=True)
    best = best.unique(key, keep="first", maintain_order=True).drop("_rank", "_lacks")
    stays = (~twice).scatter(best["_row"], True)
    kept = calls.filter(stays)
    kept = kept if kept["line"].is_sorted() else kept.sort("line", maintain_order=True)
    notes.append(
        f"{twice.sum() - best.height:,} rows repeat a sample and variant (transcripts, genes or callers): joined"
    )
    if conflict.is_empty():
        return kept, []
    message = f"{conflict.height:,} variants stand twice in a sample with different read counts (after normalising)."
    first = calls.join(conflict.sort(key).head(1), on=key, how="semi")["line"]
    cure = "The called row with variant reads, of several the most severe effect, then the deepest, is used."
    return kept, [Problem(name, int(first[-1]), "alt_count", None, message, cure, "warning")]


def _contexts(frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return variant_id, context (the bases around it) where the file has them; None without such a column."""
    if "context" not in frame.columns:
        return None
    bases = pl.col("context").str.strip_chars().str.to_uppercase()
    known = frame.select("variant_id", context=bases).filter(pl.col("context").str.contains("^[ACGTN]{3,}$"))
    return known.unique("variant_id", keep="first", maintain_order=True)
