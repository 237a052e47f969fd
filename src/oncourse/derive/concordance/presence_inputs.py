"""What presence is judged from: tumour samples, the union of a patient's variants, counts, copy number."""

from __future__ import annotations

import re

import polars as pl

from oncourse.derive.concordance.covered import covered_sites
from oncourse.derive.genes.panels import Panels, target_regions
from oncourse.facts.called import MIN_ALT_COUNT, MIN_VAF, is_called_expr, is_set_aside_expr
from oncourse.facts.material import is_normal, is_tumour
from oncourse.genome.protein import is_change
from oncourse.genome.variant import with_parts
from oncourse.study.model import Study
from oncourse.study.once import once_per_study

ROLE_ORDER = ("primary", "local_recurrence", "metastasis", "tissue", "plasma")
#: Bases by which one indel may be written apart without a reference: in a run of one base, in a longer repeat.
SHIFT_ONE_BASE, SHIFT_REPEAT = 10, 30
#: Log2 ratio of depth that is no noise over many megabases: a clonal loss at a tumour fraction of 14 %.
MIN_LOG2_RATIO = 0.1
#: Share of tumour with its 95 % interval, as the samples table names it in tissue and in plasma, and as it is named here.
_FRACTIONS = {
    "purity": "tumor_fraction",
    "purity_ci_low": "tumor_fraction_ci_low",
    "purity_ci_high": "tumor_fraction_ci_high",
}
_CALLS = ("patient_id", "sample_id", "variant_id", "alt_count", "depth", "called", "set_aside", "origin", "written_as")
_GIVEN = ("given_purity", "given_low", "given_high")


@once_per_study
def tumour_samples(study: Study) -> pl.DataFrame:
    """Return tissue and plasma samples with lesion role, calling rule and expected depth, by patient, role, day.

    role: that of the lesion; `tissue` where a tissue sample names none; `plasma`. depth: mean_depth, else the
    mean of the sample's counted sites; null where neither is known.
    """
    lesions = study["lesions"].lazy().select("lesion_id", pl.col("role"), pl.col("site"))
    assays = study["assays"].lazy().select("assay_id", "min_depth", "error_rate", "min_alt_count", "min_vaf", "has_umi")
    counted = (
        study["calls"]
        .lazy()
        .filter(pl.col("depth").is_not_null())
        .group_by("sample_id")
        .agg(pl.col("depth").mean().alias("counted_depth"))
    )
    samples = study["samples"].lazy().filter(is_tumour())
    kept = (
        "sample_id",
        "patient_id",
        "material",
        "lesion_id",
        "assay_id",
        "day",
        *_FRACTIONS,
        *_FRACTIONS.values(),
        "mean_depth",
    )
    samples = samples.select(kept).join(lesions, on="lesion_id", how="left").join(assays, on="assay_id", how="left")
    samples = samples.join(counted, on="sample_id", how="left").join(
        altered_megabases(study["segments"]).lazy(), on="sample_id", how="left"
    )
    is_plasma = pl.col("material") == "plasma"
    given = [
        pl.when(is_plasma).then(theirs).otherwise(ours).alias(name)
        for (ours, theirs), name in zip(_FRACTIONS.items(), _GIVEN, strict=True)
    ]
    role = pl.when(is_plasma).then(pl.lit("plasma")).otherwise(pl.col("role").fill_null("tissue"))
    return (
        samples.with_columns(
            *given,
            role=role,
            depth=pl.coalesce("mean_depth", "counted_depth"),
            min_alt_count=pl.col("min_alt_count").fill_null(MIN_ALT_COUNT),
            min_vaf=pl.col("min_vaf").fill_null(MIN_VAF),
        )
        .with_columns(role_rank=pl.col("role").replace_strict({r: i for i, r in enumerate(ROLE_ORDER)}))
        .sort("patient_id", "role_rank", "day", "sample_id", nulls_last=True)
        .drop(*_FRACTIONS, *_FRACTIONS.values(), "mean_depth", "counted_depth")
        .collect(engine="in-memory")
    )


def altered_megabases(segments: pl.DataFrame) -> pl.DataFrame:
    """Return sample_id, altered_mb: autosomal megabases with other than two copies (log2 ratio where no copies)."""
    autosomal = segments.lazy().filter(~pl.col("chrom").is_in(["X", "Y", "MT"]))
    by_copies = (pl.col("total_cn") - 2).abs() >= 0.5
    by_ratio = pl.col("log2_ratio").abs() >= MIN_LOG2_RATIO
    altered = autosomal.filter(by_copies.fill_null(by_ratio.fill_null(False)))
    length = (pl.col("end") - pl.col("start") + 1) / 1e6
    return altered.group_by("sample_id").agg(altered_mb=length.sum()).collect(engine="in-memory")


def tumour_calls(study: Study, samples: pl.DataFrame, *, merge_same_site: bool = False) -> pl.DataFrame:
    """Return the rows of calls of these samples with `called`, `set_aside` (`facts.called`); one per sample and variant.

    An indel that two samples of a patient write apart (see `shifted_indels`) has one variant_id, `written_as`
    keeps the other. With `merge_same_site`, alleles at one position of a patient are one variant. Made once per study
    and choice of samples (of `tumour_samples`).
    """
    key = tumour_calls, merge_same_site, tuple(samples["sample_id"])
    if key not in study.derived:
        study.derived[key] = _tumour_calls(study, samples, merge_same_site=merge_same_site)
    return study.derived[key].clone()


def _tumour_calls(study: Study, samples: pl.DataFrame, *, merge_same_site: bool) -> pl.DataFrame:
    rule = samples.select("sample_id", "patient_id", "min_alt_count", "min_vaf")
    calls = (
        study["calls"]
        .join(rule, on="sample_id", how="inner")
        .with_columns(called=is_called_expr(), set_aside=is_set_aside_expr(), written_as=pl.col("variant_id"))
        .select(_CALLS)
    )
    renamed = shifted_indels(study, calls)
    if merge_same_site:
        renamed = pl.concat([renamed, _same_site(calls)]).unique(["patient_id", "variant_id"], keep="first")
    if not renamed.is_empty():
        calls = calls.join(renamed, on=["patient_id", "variant_id"], how="left").with_columns(
            variant_id=pl.coalesce("same_as", "variant_id")
        )
    if calls.select("sample_id", "variant_id").is_unique().all():
        return calls
    return (
        calls.sort(
            "sample_id",
            "variant_id",
            "called",
            "alt_count",
            "depth",
            "written_as",
            descending=[False, False, True, True, True, False],
            nulls_last=True,
        )
        .unique(["sample_id", "variant_id"], keep="first", maintain_order=True)
        .select(_CALLS)
    )


def _same_site(calls: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, variant_id, same_as: the first allele called at the position."""
    called = calls.filter("called").select("patient_id", "variant_id").unique()
    site = with_parts(called).drop_nulls("pos")
    first = pl.col("variant_id").sort().first().over("patient_id", "chrom", "pos")
    return (
        site.with_columns(same_as=first)
        .filter(pl.col("same_as") != pl.col("variant_id"))
        .select("patient_id", "variant_id", "same_as")
    )


def shifted_indels(study: Study, calls: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, variant_id, same_as of indels that two samples of a patient write at different places.

    Without a reference an indel in a repeat cannot be left-aligned. Two of one patient, never called in the same
    sample, are one where both insert (or delete) the same bases up to rotation, as far apart as that rotation
    allows, and neither gene nor protein change speaks against it; without a protein change they lie within
    `SHIFT_ONE_BASE` (one base) or `SHIFT_REPEAT` bases.
    """
    none = pl.DataFrame(schema={"patient_id": pl.String, "variant_id": pl.String, "same_as": pl.String})
    is_indel = pl.col("variant_id").str.contains(r":-:|:-$")
    indels = calls.filter(pl.col("called") & is_indel).select("patient_id", "variant_id", "sample_id")
    if indels.is_empty():
        return none
    names = study["variants"].select("variant_id", "gene", "hgvs_p")
    one = (
        indels.group_by("patient_id", "variant_id")
        .agg(pl.col("sample_id").sort())
        .pipe(with_parts)
        .drop_nulls("pos")
        .join(names, on="variant_id", how="left")
        .with_columns(
            is_insertion=pl.col("ref") == "-",
            bases=pl.when(pl.col("ref") == "-").then("alt").otherwise("ref"),
        )
        .with_columns(length=pl.col("bases").str.len_bytes())
    )
    two = one.join(one, on=["patient_id", "chrom", "is_insertion", "length"], suffix="_2").filter(
        (pl.col("pos") < pl.col("pos_2")) & (pl.col("pos_2") - pl.col("pos") <= 10 * SHIFT_REPEAT)
    )
    found: dict[tuple[str, str], str] = {}
    for row in two.sort("patient_id", "pos", "pos_2", "variant_id", "variant_id_2").iter_rows(named=True):
        if set(row["sample_id"]) & set(row["sample_id_2"]) or not _same_indel(row):
            continue
        key = (row["patient_id"], row["variant_id"])
        found[row["patient_id"], row["variant_id_2"]] = found.get(key, row["variant_id"])
    rows = [(patient, variant, same) for (patient, variant), same in sorted(found.items())]
    return pl.DataFrame(rows, schema=none.schema, orient="row") if rows else none


def _same_indel(row: dict[str, object]) -> bool:
    """Return whether two indels of one length may be one: same bases after turning by their distance."""
    bases, other = str(row["bases"]), str(row["bases_2"])
    distance = int(row["pos_2"]) - int(row["pos"])  # type: ignore[call-overload]
    turn = distance % len(bases)
    if bases[turn:] + bases[:turn] != other:
        return False
    if row["gene"] and row["gene_2"] and row["gene"] != row["gene_2"]:
        return False
    near = distance <= (SHIFT_ONE_BASE if len(set(bases)) == 1 else SHIFT_REPEAT)
    one, two = (_protein_event(row[name]) for name in ("hgvs_p", "hgvs_p_2"))
    if one is None or two is None:
        return near
    # an insertion is also written as a duplication of its neighbour: the place in the protein is no evidence then
    return one == two or (near and one[0] == two[0] != "frameshift")


def _protein_event(change: object) -> tuple[str, str] | None:
    """Return kind and place of an indel's protein change, however long it is written; None where not known.

    >>> _protein_event("p.K437Rfs*5") == _protein_event("p.Lys437fs") == ("frameshift", "437")
    True
    >>> _protein_event("p.A775_G776insYVMA")[0] == _protein_event("p.Y772_A775dup")[0]
    True
    """
    text = str(change or "").removeprefix("p.").strip("()")
    place = re.search(r"\d+", text)
    if place is None:
        return None
    if "fs" in text or text.endswith(("*", "Ter")):
        return "frameshift", place[0]
    if "ins" in text or "dup" in text:
        return ("complex" if "del" in text else "gain"), text
    return ("loss" if "del" in text else "other"), text


def with_blocks(samples: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Add where each patient's block of cells starts (`first`), its sizes, and the row of the sample."""
    per_patient = grid.group_by("patient_id").agg(pl.len().cast(pl.Int64).alias("n_site"))
    samples = samples.join(per_patient, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col("n_site").fill_null(0),
        rank=pl.int_range(pl.len()).over("patient_id"),
        n_sample=pl.len().over("patient_id").cast(pl.Int64),
    )
    size = pl.col("n_site") * pl.col("n_sample")
    blocks = samples.unique("patient_id", keep="first", maintain_order=True).select(
        "patient_id", first=size.cum_sum() - size
    )
    samples = samples.join(blocks, on="patient_id", how="left", maintain_order="left")
    return samples.with_columns(sample=pl.int_range(pl.len()))


def complete_cells(
    study: Study, panels: Panels, grid: pl.DataFrame, calls: pl.DataFrame, samples: pl.DataFrame
) -> pl.DataFrame:
    """Return the complete block of variant x sample per patient with counts, panel membership and copy number."""
    variants = study["variants"].select("variant_id", "gene", "consequence", "hgvs_p")
    variants = variants.join(grid.select("variant_id").unique(), on="variant_id", how="semi").unique("variant_id")
    grid = grid.join(variants, on="variant_id", how="left", maintain_order="left").with_columns(
        site=pl.int_range(pl.len())
    )
    grid = grid.with_columns(site_of_patient=pl.col("site") - pl.col("site").min().over("patient_id"))
    place = samples.select("patient_id", "sample_id", "sample", "rank", "assay_id", "min_depth", "first", "n_sample")
    cells = (
        # in the order of the rows already, where both are sorted by patient
        grid.join(place, on="patient_id", how="inner", maintain_order="left_right")
        .with_columns(row=pl.col("first") + pl.col("site_of_patient") * pl.col("n_sample") + pl.col("rank"))
        .pipe(lambda made: made if made["row"].is_sorted() else made.sort("row"))
        .drop("row", "first", "n_sample", "rank", "site_of_patient")
        .join(calls.drop("patient_id"), on=["sample_id", "variant_id"], how="left", maintain_order="left")
        .with_columns(pl.col("called", "set_aside").fill_null(False))
    )
    cells = _with_unread(study, calls, cells)
    cells = with_targets(study, _with_panel(panels, cells, set(study["target_regions"]["assay_id"])))
    return with_copy_number(study, with_coverage(study, cells))


def _with_unread(study: Study, calls: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Set aside what was neither called nor counted in a sample of which something called in the gene is not understood
    (``V600E - VUS?``, without a place): it may be this very change, and this may be any called there of its gene."""
    unplaced = study["variants"].filter(~pl.col("variant_id").str.contains(r"^[^:]+:\d+:[^:]*:[^:]*$"))
    unplaced = unplaced.drop_nulls("gene").select("variant_id", "gene", "hgvs_p", "hgvs_c")
    odd = [v for v, _, p, c in unplaced.iter_rows() if not is_change(p) and not re.match(r"c\.[\d*-]", c or "")]
    if not odd:
        return cells
    genes = unplaced.filter(pl.col("variant_id").is_in(odd)).select("variant_id", "gene")
    called = calls.filter("called")
    found = called.join(genes, on="variant_id", how="inner").select("sample_id", "gene", odd=True).unique()
    cells = cells.join(found, on=["sample_id", "gene"], how="left", maintain_order="left")
    is_odd = pl.col("variant_id").is_in(odd)
    may_be = pl.col("odd").fill_null(False) | (is_odd & pl.col("called").any().over("sample_id", "gene"))
    unseen = ~pl.col("called") & pl.col("alt_count").is_null() & may_be
    return cells.with_columns(set_aside=pl.col("set_aside") | unseen).drop("odd")


def _with_panel(panels: Panels, cells: pl.DataFrame, by_region: set[str]) -> pl.DataFrame:
    """Add is_covered: the gene is on the sample's panel, or the site was counted there.

    Assays of `by_region` are judged site by site (`with_targets`).
    """
    listed = [assay for assay, genes in panels.genes.items() if genes is not None and assay not in by_region]
    if not listed:
        return cells.with_columns(is_covered=pl.lit(True))
    pairs = panels.pairs(set(cells["gene"].drop_nulls().unique())).filter(pl.col("assay_id").is_in(listed))
    pairs = pairs.with_columns(on_panel=pl.lit(True))
    cells = cells.join(pairs, on=["assay_id", "gene"], how="left", maintain_order="left")
    whole = pl.col("assay_id").is_null() | ~pl.col("assay_id").is_in(listed)
    seen = pl.col("called") | pl.col("depth").is_not_null()
    return cells.with_columns(is_covered=pl.col("on_panel").fill_null(False) | whole | seen).drop("on_panel")


def with_targets(study: Study, cells: pl.DataFrame) -> pl.DataFrame:
    """Set is_covered false at sites outside the regions of an assay that has some, unless reads were counted there."""
    regions = target_regions(study)
    if regions.is_empty():
        return cells
    sites = with_parts(cells.select("assay_id", "variant_id").unique()).drop_nulls(["assay_id", "pos"])
    inside = (
        sites.filter(pl.col("assay_id").is_in(regions["assay_id"].unique().implode()))
        .sort("pos")
        .join_asof(
            regions.sort("start"),
            left_on="pos",
            right_on="start",
            by=["assay_id", "chrom"],
            strategy="backward",
            check_sortedness=False,
        )
        .select("assay_id", "variant_id", is_inside=(pl.col("pos") <= pl.col("end")).fill_null(False))
    )
    seen = pl.col("called") | pl.col("depth").is_not_null()
    cells = cells.join(inside, on=["assay_id", "variant_id"], how="left", maintain_order="left")
    covered = pl.col("is_covered") & pl.col("is_inside").fill_null(True) | seen
    return cells.with_columns(is_covered=covered).drop("is_inside")


def with_coverage(study: Study, cells: pl.DataFrame) -> pl.DataFrame:
    """Add covered_depth: reads at the site by the coverage table, where they were not counted and nothing was called.

    A site that was read is covered, one that it says was not is not, whatever the assay lists.
    """
    told = covered_sites(study, cells)
    if told.is_empty():
        return cells.with_columns(covered_depth=pl.lit(None, pl.Int64))
    cells = cells.join(told, on=["sample_id", "variant_id"], how="left", maintain_order="left")
    untold = pl.col("called") | (pl.col("alt_count").is_not_null() & pl.col("depth").is_not_null())
    cells = cells.with_columns(covered_depth=pl.when(~untold).then("covered_depth"))
    return cells.with_columns(is_covered=(pl.col("covered_depth") > 0).fill_null(pl.col("is_covered")))


def error_rates(study: Study, cells: pl.DataFrame, usual: pl.Expr) -> pl.Series:
    """Return the background error of each cell: of its variant, else of its kind of change, else `usual`.

    A kind given on one strand only (C>T) stands for both (G>A).
    """
    given = study["error_rates"]
    if given.is_empty():
        return cells.select(usual.alias("error")).to_series()
    change = (
        pl.when(pl.col("variant_id").str.contains(r":[ACGT]:[ACGT]$"))
        .then(pl.col("variant_id").str.extract(r":([ACGT]:[ACGT])$").str.replace(":", ">"))
        .otherwise(pl.lit("indel"))
    )
    turn = dict(zip("ACGT", "TGCA", strict=True))
    other = {f"{a}>{b}": f"{turn[a]}>{turn[b]}" for a in "ACGT" for b in "ACGT" if a != b}
    site = given.drop_nulls("variant_id").group_by("assay_id", "variant_id").agg(by_site=pl.col("error_rate").max())
    kind = (
        given.filter(pl.col("variant_id").is_null())
        .drop_nulls("substitution")
        .group_by("assay_id", "substitution")
        .agg(by_kind=pl.col("error_rate").max())
    )
    frame = cells.select("assay_id", "variant_id", usual.alias("error")).with_columns(substitution=change)
    frame = frame.join(site, on=["assay_id", "variant_id"], how="left", maintain_order="left")
    frame = frame.join(kind, on=["assay_id", "substitution"], how="left", maintain_order="left")
    frame = frame.with_columns(other=pl.col("substitution").replace(other))
    turned = kind.rename({"substitution": "other", "by_kind": "by_other"})
    frame = frame.join(turned, on=["assay_id", "other"], how="left", maintain_order="left")
    return frame.select(pl.coalesce("by_site", "by_kind", "by_other", "error")).to_series()


def with_copy_number(study: Study, cells: pl.DataFrame) -> pl.DataFrame:
    """Add total_cn, minor_cn, major_cn, normal_cn, cn_known and cn_borrowed.

    From the segment at the site (cn_known); a deep deletion of the gene (-2) is 0 copies. A sample without any
    segment - most plasma - has the copies of the patient's tumour sample nearest in time that has some
    (cn_borrowed; never a loss of all copies). Else two copies (one on X and Y of a man), one of each allele.
    """
    sites = with_parts(cells.select("variant_id").unique()).drop("ref", "alt")
    cells = cells.join(sites, on="variant_id", how="left", maintain_order="left")
    sex = study["patients"].select("patient_id", is_male=pl.col("sex") == "male")
    cells = cells.join(sex, on="patient_id", how="left", maintain_order="left")
    one_copy = pl.col("is_male").fill_null(False) & pl.col("chrom").is_in(["X", "Y"])
    cells = cells.with_columns(normal_cn=pl.when(one_copy).then(1.0).otherwise(2.0)).drop("is_male")
    null = pl.lit(None, dtype=pl.Float64)
    cells = (
        _with_segments(study, cells)
        if study.has("segments")
        else cells.with_columns(total_cn=null, minor_cn=null, cn_borrowed=pl.lit(False))
    )
    if study.has("gene_copy_number"):
        deep = study["gene_copy_number"].filter(pl.col("call") <= -2).select("sample_id", "gene", is_gone=pl.lit(True))
        cells = cells.join(deep.unique(), on=["sample_id", "gene"], how="left", maintain_order="left").with_columns(
            total_cn=pl.when(pl.col("is_gone") & pl.col("total_cn").is_null()).then(0.0).otherwise("total_cn")
        )
        cells = cells.drop("is_gone")
    total = pl.col("total_cn").fill_null(pl.col("normal_cn"))
    major = pl.coalesce(total - pl.col("minor_cn"), (total / 2).ceil())
    return cells.with_columns(
        cn_known=pl.col("total_cn").is_not_null() & ~pl.col("cn_borrowed"),
        total_cn=total,
        major_cn=major.clip(0.0),
        minor_cn="minor_cn",
    )


def segment_donors(study: Study) -> pl.DataFrame:
    """Return sample_id, donor: for samples without a segment, the patient's sample nearest in time that has some.

    Of two equally near, or where a day is not known, tissue before plasma, then the first by name.
    """
    measured = study["segments"].drop_nulls(["total_cn", "start"]).select("sample_id").unique()
    samples = study["samples"].select("patient_id", "sample_id", "material", "day")
    samples = samples.filter(~is_normal())
    donors = samples.join(measured, on="sample_id", how="semi")
    pairs = samples.join(measured, on="sample_id", how="anti").join(donors, on="patient_id", suffix="_donor")
    return (
        pairs.with_columns(
            apart=(pl.col("day") - pl.col("day_donor")).abs(), is_plasma=pl.col("material_donor") != "tissue"
        )
        .sort("sample_id", "apart", "is_plasma", "sample_id_donor", nulls_last=True)
        .unique("sample_id", keep="first", maintain_order=True)
        .select("sample_id", donor="sample_id_donor")
    )


def borrowed_note(study: Study) -> tuple[str, ...]:
    """Return the sentence that says how many samples have the copies of another one; nothing where none has."""
    n = segment_donors(study).height if study.has("segments") else 0
    return (
        (
            f"{n} samples have no copy-number segments: their expected reads are those of the copies of the patient's "
            f"tumour "
            "sample nearest in time that has some; a locus is never called lost on them.",
        )
        if n
        else ()
    )


def _with_segments(study: Study, cells: pl.DataFrame) -> pl.DataFrame:
    """Add total_cn and minor_cn of the segment that holds the site (null outside every segment), and cn_borrowed."""
    segments = (
        study["segments"]
        .drop_nulls(["chrom", "start", "end"])
        .select("chrom", "start", "end", "total_cn", "minor_cn", of="sample_id")
        .sort("start", "end")
    )
    cells = cells.join(segment_donors(study), on="sample_id", how="left", maintain_order="left")
    ordered = cells.with_columns(
        _row=pl.int_range(pl.len()),
        cn_borrowed=pl.col("donor").is_not_null(),
        of=pl.coalesce("donor", "sample_id"),
    ).sort("pos", nulls_last=True)
    wanted = [c for c in ordered.columns if c not in ("of", "donor")]
    known, unknown = ordered.filter(pl.col("pos").is_not_null()), ordered.filter(pl.col("pos").is_null())
    joined = known.join_asof(
        segments,
        left_on="pos",
        right_on="start",
        by=["of", "chrom"],
        strategy="backward",
        check_sortedness=False,
    )
    inside = (pl.col("pos") <= pl.col("end")) & ~(pl.col("cn_borrowed") & (pl.col("total_cn") < 0.5))
    joined = (
        joined.with_columns(total_cn=pl.when(inside).then("total_cn"), minor_cn=pl.when(inside).then("minor_cn"))
        .select(*wanted, "total_cn", "minor_cn")
        .with_columns(cn_borrowed=pl.col("cn_borrowed") & pl.col("total_cn").is_not_null())
    )
    unknown = unknown.with_columns(cn_borrowed=pl.lit(False))
    return pl.concat([joined, unknown.select(wanted)], how="diagonal").sort("_row").drop("_row")
