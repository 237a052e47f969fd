"""Who was looked at in which genes: panel matrix, GENE_PANEL column, case lists, gene lists."""

from __future__ import annotations

import re

import polars as pl

from oncourse.genome.panels import named_as, panel_genes
from oncourse.io.assays.genie_panels import genes_of
from oncourse.io.assays.not_profiled import NOT_PROFILED
from oncourse.io.cbioportal.folder import Folder, colon_file, plain
from oncourse.io.clinical import tables as ct
from oncourse.io.reading import Reading
from oncourse.io.structural.events import on_panel_only
from oncourse.io.tabular.text import read_table
from oncourse.io.variants.maf_tables import MafTables
from oncourse.study.schema import Problem


def panel_matrix(found: Folder, reading: Reading) -> pl.DataFrame | None:
    """Return sample_id, mutations, cna, sv: the panel of each sample per kind of event."""
    path = found.one("panel_matrix")
    if path is None:
        return None
    table = read_table(path, lenient=True)
    reading.problems += table.problems
    by = {c.lower(): c for c in reversed(table.frame.columns)}
    if "sample_id" not in by:
        return None
    names = {
        "mutations": ("mutations", "mutation", "mutations_extended"),
        "cna": ("cna", "gistic", "discrete_cna", "copy_number_alterations"),
        "sv": ("structural_variants", "sv", "fusion", "fusions", "structural_variant"),
    }
    out = [ct.clean(by["sample_id"]).alias("sample_id")]
    for ours, theirs in names.items():
        column = next((by[t] for t in theirs if t in by), None)
        value = ct.clean(column) if column else pl.lit(None, pl.String)
        out.append(value.alias(ours))
    frame = table.frame.select(out).unique("sample_id", keep="first", maintain_order=True)
    kinds = [k for k, theirs in names.items() if any(t in by for t in theirs)]
    return frame.with_columns(pl.lit(k in kinds).alias(f"has_{k}") for k in names)


def panel_column(clinical: pl.DataFrame) -> pl.Expr:
    """Return the panel that a clinical table (names in capitals) gives of each sample."""
    return ct.first_of(clinical, "GENE_PANEL", "PANEL", "GENE_PANEL_ID", "ASSAY", "SEQUENCING_PANEL", "SEQ_ASSAY_ID")


def targets_of_panel(assay: str, reading: Reading) -> tuple[str, str | None]:
    """Return kind and gene list of a panel by its name; an unknown one has no list, and that is said."""
    genes = panel_genes(assay)
    kind = _kind(assay)
    if genes or kind != "panel":
        return kind, ";".join(sorted(genes)) if genes else None
    message = f"the gene list of panel {assay} is not known; every gene is taken as looked at (assumed)."
    cure = "Fill in assays.targets with its genes."
    reading.problems.append(Problem("assays", None, "targets", assay, message, cure, "warning"))
    return kind, None


def _kind(assay: str) -> str:
    if re.search(r"wes|exome|wxs", assay, re.I):
        return "wes"
    return "wgs" if re.search("wgs", assay, re.I) else "panel"


def with_assays(
    samples: pl.DataFrame,
    clinical: pl.DataFrame,
    matrix: pl.DataFrame | None,
    found: Folder,
    seen: dict[str, pl.Series],
    reading: Reading,
) -> pl.DataFrame:
    """Fill assay_id, cna_assay_id and sv_assay_id: panel matrix, else GENE_PANEL column, else the case lists."""
    panel = clinical.select(pl.col("SAMPLE_ID").alias("sample_id"), panel_column(clinical).alias("_own"))
    out = samples.join(panel.unique("sample_id"), on="sample_id", how="left", maintain_order="left")
    if matrix is None:
        out = out.with_columns(pl.lit(None, pl.String).alias(c) for c in ("mutations", "cna", "sv"))
        out = out.with_columns(pl.lit(False).alias(f"has_{c}") for c in ("mutations", "cna", "sv"))
        out = out.with_columns(pl.lit(False).alias("_listed"))
    else:
        out = out.join(matrix, on="sample_id", how="left", maintain_order="left").with_columns(
            pl.col("has_mutations").is_not_null().alias("_listed")
        )
        out = out.with_columns(pl.col(f"has_{c}").fill_null(False) for c in ("mutations", "cna", "sv"))
    columns = {
        "mutations": ("assay_id", "sequenced"),
        "cna": ("cna_assay_id", "cna"),
        "sv": ("sv_assay_id", "sv"),
    }
    for kind, (column, listed) in columns.items():
        in_list = pl.col("sample_id").is_in(list(found.lists[listed])) if listed in found.lists else pl.lit(True)
        measured = pl.col("sample_id").is_in(seen["maf" if kind == "mutations" else kind].implode())
        given = pl.coalesce(kind, "_own") if kind == "mutations" else pl.col(kind)
        denied = (pl.col(f"has_{kind}") & pl.col(kind).is_null()) | (~in_list & ~pl.col("_listed"))
        if kind == "mutations" and listed not in found.lists:  # a column of copy numbers says nothing of mutations
            denied |= ~pl.col("_listed") & ~pl.col("sample_id").is_in(seen["clinical"].implode())
        if kind == "cna" and listed not in found.lists and seen["cna"].len():
            denied |= ~pl.col("has_cna")  # the columns of the matrix are the samples it was made for
        if (
            kind == "sv" and listed not in found.lists
        ):  # a panel matrix without that column: nobody is said to be looked at
            denied |= pl.col("_listed") & ~pl.col("has_sv")
            if n_unsaid := out.filter(pl.col("_listed") & ~pl.col("has_sv") & ~measured).height:
                reading.notes.append(
                    f"the panel matrix has no column of structural variants: {n_unsaid:,} samples without one count as "
                    "not looked at for fusions"
                )
        value = pl.when(denied & ~measured).then(pl.lit(NOT_PROFILED)).otherwise(given)
        out = out.with_columns(value.alias(column))
    for kind, column in (("cna", "cna_assay_id"), ("sv", "sv_assay_id")):  # null: the same assay
        same = pl.col(column).eq_missing(pl.col("assay_id"))
        rest = pl.when(pl.col("assay_id") == NOT_PROFILED).then(pl.coalesce(kind, "_own"))
        out = out.with_columns(pl.coalesce(pl.when(~same).then(pl.col(column)), rest).alias(column))
    n_none = int((out["assay_id"] == NOT_PROFILED).sum())
    if n_none:
        why = "panel matrix, case list, or a table of copy numbers or fusions alone names them"
        reading.notes.append(f"{n_none:,} samples were not profiled for mutations ({why})")
    drop = ["mutations", "cna", "sv", "has_mutations", "has_cna", "has_sv", "_own", "_listed"]
    return out.drop(drop)


def assays_of(samples: pl.DataFrame, found: Folder, cna: pl.DataFrame | None, reading: Reading) -> pl.DataFrame:
    """Return the assays the samples name, with their gene lists: the folder's own files, else the package's."""
    own = genes_of(found.regions)
    for path in found.files.get("panel", []):
        meta = colon_file(path)
        if genes := re.split(r"[\s,]+", meta.get("gene_list", "").strip()):
            own[meta.get("stable_id", plain(path).removeprefix("data_gene_panel_"))] = [g for g in genes if g]
    ids = sorted({v for c in ("assay_id", "cna_assay_id", "sv_assay_id") for v in samples[c].drop_nulls().unique()})
    rows: list[tuple[str, str, str | None]] = []
    for assay in ids:
        listed = own.get(assay) or panel_genes(assay)
        kind = _kind(assay)
        if assay == NOT_PROFILED:
            rows.append((assay, "panel", ";"))
        elif listed or kind != "panel":
            rows.append((assay, kind, ";".join(sorted(listed)) if listed else None))
        else:
            rows.append((assay, kind, _guessed_targets(assay, samples, cna, reading)))
    return pl.DataFrame(rows, schema={"assay_id": pl.String, "kind": pl.String, "targets": pl.String}, orient="row")


def _guessed_targets(assay: str, samples: pl.DataFrame, cna: pl.DataFrame | None, reading: Reading) -> str | None:
    """Genes of a panel whose list nobody gives: those with a copy-number value in its samples, else unknown (null)."""
    on_it = samples.filter(pl.coalesce("cna_assay_id", "assay_id") == assay)["sample_id"]
    genes = None
    if cna is not None and len(on_it):
        # mutations seen are no gene list: a gene without a mutation would be missing from every denominator
        genes = sorted(cna.filter(pl.col("sample_id").is_in(on_it.implode()))["gene"].unique()) or None
    if genes:
        message = (
            f"the gene list of panel {assay} is not known; the {len(genes)} genes of its copy-number table are assumed."
        )
    else:
        message = f"the gene list of panel {assay} is not known; every gene is taken as looked at (assumed)."
    cure = f"Put data_gene_panel_{assay}.txt (gene_list:) beside the data, or fill in assays.targets."
    reading.problems.append(Problem("assays", None, "targets", assay, message, cure, "warning"))
    return ";".join(genes) if genes else None


def with_seen_genes(
    assays: pl.DataFrame, samples: pl.DataFrame, maf: MafTables, found: Folder, reading: Reading
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write gene lists in the symbols of the calls, and account for calls in genes off the list; return assays,
    samples.

    A list the package knows may be of another version: genes in which the panel's own samples have calls are added to
    it. A list the folder itself gives stands: a sample with a call in another gene was looked at there, the others were
    not.
    """
    used: set[str] = set(maf.variants["gene"].unique().drop_nulls().to_list())
    own = _listed_by(found)
    given = assays.filter((pl.col("assay_id") != NOT_PROFILED) & pl.col("targets").is_not_null())["targets"]
    lists = [set(named_as(targets.split(";"), used)) for targets in given if targets]
    # only genes that some list does not have can be off one
    somewhere_off = used - lists[0].intersection(*lists) if lists else set()
    odd = maf.variants.filter(pl.col("gene").is_in(sorted(somewhere_off))).select("variant_id", "gene")
    seen = (
        maf.calls.select("sample_id", "variant_id")
        .join(odd, on="variant_id")
        .join(samples.select("sample_id", "assay_id"), on="sample_id")
        .select("sample_id", "assay_id", "gene")
        .drop_nulls()
    )
    rows: list[tuple[str, str, str | None]] = []
    added: list[str] = []
    moved: dict[str, str] = {}
    for assay, kind, targets in assays.select("assay_id", "kind", "targets").iter_rows():
        if not targets or assay == NOT_PROFILED:
            rows.append((assay, kind, targets))
            continue
        listed = set(named_as(targets.split(";"), used))
        off = seen.filter((pl.col("assay_id") == assay) & ~pl.col("gene").is_in(sorted(listed))).unique()
        off = off.sort("sample_id", "gene")
        if assay not in own:
            added += [f"{gene} ({assay})" for gene in off["gene"].unique().sort()]
            rows.append((assay, kind, ";".join(sorted(listed | set(off["gene"])))))
            continue
        rows.append((assay, kind, ";".join(sorted(listed))))
        more = off.group_by("sample_id", maintain_order=True).agg(pl.col("gene"))
        names = {g: f"{assay}+{'+'.join(g.split(';')[:3])}" for g in more["gene"].list.join(";").unique().sort()}
        names = {g: f"{n}_{i}" if list(names.values()).count(n) > 1 else n for i, (g, n) in enumerate(names.items(), 1)}
        rows += [(name, kind, ";".join(sorted(listed | set(g.split(";"))))) for g, name in names.items()]
        moved |= {s: names[";".join(genes)] for s, genes in more.iter_rows()}
    if added:
        shown = ", ".join(added[:6]) + (" ..." if len(added) > 6 else "")
        reading.notes.append(f"{len(added)} genes have calls and are not on the panel's list; added to it: {shown}")
    if moved:
        first = next(iter(moved))
        reading.notes.append(
            f"{len(moved):,} samples have calls in genes off their panel's list: looked at there in these samples "
            f"alone "
            f"(first: {first}, {moved[first]})"
        )
        new = pl.col("sample_id").replace_strict(moved, default=None, return_dtype=pl.String)
        samples = samples.with_columns(pl.coalesce(new, "assay_id").alias("assay_id"))
    return pl.DataFrame(rows, schema=assays.schema, orient="row"), samples


def _listed_by(found: Folder) -> set[str]:
    """Return the panels whose genes the folder itself lists."""
    out = set(genes_of(found.regions))
    for path in found.files.get("panel", []):
        meta = colon_file(path)
        if meta.get("gene_list", "").strip():
            out.add(meta.get("stable_id", plain(path).removeprefix("data_gene_panel_")))
    return out


def cna_on_panels(cna: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return the copy-number calls without the zeros of genes that the sample's panel does not have; says how many."""
    samples = reading.tables["samples"].select("sample_id", pl.coalesce("cna_assay_id", "assay_id").alias("assay"))
    assays = reading.tables["assays"]
    genes_of = {
        a: t.split(";") if t else None for a, t in assays.select("assay_id", "targets").iter_rows() if a != NOT_PROFILED
    }
    kept, n = on_panel_only(cna, samples, genes_of)
    if n:
        reading.notes.append(f"{n:,} zeros of the copy-number matrix are of genes outside the sample's panel: left out")
    return kept


def matrix_assays(reading: Reading, looked: pl.DataFrame) -> pl.DataFrame:
    """Only the genes of the matrix were looked at, whatever else a sample's panel has."""
    from oncourse.io.cbioportal.gene_matrix import targets_of

    samples = reading.tables["samples"].with_columns(pl.col("assay_id").fill_null("gene_matrix"))
    reading.tables["samples"] = samples
    targets = targets_of(looked, samples)
    named = sorted(set(samples["assay_id"]))
    rows = [(a, "panel", targets.get(a, ";")) for a in named]
    return pl.DataFrame(rows, schema={"assay_id": pl.String, "kind": pl.String, "targets": pl.String}, orient="row")
