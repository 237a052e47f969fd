"""Study folders from tables of clonal evolution tools, and back: PyClone(-VI), Pairtree, CONIPHER, LICHeE."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.errors import InputError
from oncourse.facts.report_words import finding
from oncourse.genome.gene_names import symbols
from oncourse.genome.variant import canonical_ids
from oncourse.io import clones
from oncourse.io.clinical.words import mapped, material
from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.words.lists import first_of

KINDS = ("pyclone", "pairtree", "conipher", "lichee", "phylogicndt")
#: A place in the name of a mutation: 12:25398284:C:T, chr12_25398284_C_T, PATIENT:12:25398284:T (PyClone-VI's example).
_PLACED = r"^(?:.*[:_])?(?:CHR)?([0-9]{1,2}|X|Y)[:_](\d+)(?:[:_]([ACGTN]+|-))?[:_/>]([ACGTN]+|-)$"
_PLACES = 9_000  # positions 1-9,000 of a chromosome are before its first known base in GRCh37 and GRCh38
#: Assay of the samples of such a table: no gene of it was looked at as a whole.
LISTED = "listed_mutations"
#: The last is TRACERx's region of a primary at surgery (CRUK0001_SU_T1-R1).
_PRIMARY = r"(?i)^[_.-]?((primary|prim|pri|pt?\d*)($|[_. -])|(su_)?t\d+-r\d+$)"
_METASTASIS = (
    r"(?i)(^|[_. -])(\w*met(astas[ei]s|astatic)?s?\d*|liver|lungs?|brain|bone|nodes?|ln\d*|peritone\w*|ovary|adrenal|"
    r"spleen|relapse)\d*($|[_. -])"
)
#: How far a number of copies may be from a whole one: var_read_prob is written with 2-3 digits.
MAX_BROKEN = 0.05
MIN_ALT, MIN_VAF = 3, 0.02


def read_clone_tables(kind: str, source: Path, *, depth: int | None = None) -> Reading:
    """Return the study in SOURCE: one patient per file, every sample a lesion of its own.

    Reads become calls (called from 3 reads and 2 %), purity goes to the samples, copy number to one segment per variant
    and sample. Variants that are not named chrom:pos:ref:alt are placed on bases that no genome build knows, under
    their own name as gene, so that nothing is read from their place.

    Parameters
    ----------
    kind : pyclone (a PyClone-VI table, a folder of them, one per patient, or a folder of PyClone 0.13 tables, one per
        sample), pairtree (a .ssm with its params.json beside it), conipher, lichee, phylogicndt (a .sif and its MAFs)
    depth : reads per site of a LICHeE table, which holds fractions only; it must be given there

    Raises
    ------
    InputError : a file is not of the kind; a LICHeE table without `depth`
    """
    if source.is_file() and not source.stat().st_size:
        raise InputError(f"{source.name}: the file is empty.")
    reading = Reading({}, StudyConfig(title=source.stem, index="day 0 of the source", sources=(source.name,)))
    counts = _counts_of(kind, source, depth, reading).with_columns(pl.col("sample_id").cast(pl.String))
    if counts.is_empty():
        raise InputError(f"{source}: no read counts.")
    counts = _of_patients(counts, source)
    if kind == "pairtree":
        counts = _one_purity(counts, reading)
    names = _placed(counts, reading)
    rows = counts.join(names, on=["patient_id", "variant_id"]).filter(pl.col("depth") > 0)
    called = (pl.col("alt_count") >= MIN_ALT) & (pl.col("alt_count") >= MIN_VAF * pl.col("depth"))
    rows = _without_impossible_copies(rows, called, source.name, reading)
    samples = _samples(rows)
    reading.tables = {
        "patients": _patients(rows, samples),
        "samples": samples.drop("role"),
        # what a list of mutations for clones leaves out was not looked at: it makes nobody wild type
        "assays": pl.DataFrame({"assay_id": [LISTED], "kind": ["panel"], "targets": [";"]}),
        "lesions": (
            samples.drop_nulls("lesion_id")
            .select("lesion_id", "patient_id", "role")
            .unique("lesion_id")
            .sort("lesion_id")
        ),
        "variants": names.select("place", "gene", *(["hgvs_p"] if names["hgvs_p"].is_not_null().any() else []))
        .rename({"place": "variant_id"})
        .unique("variant_id")
        .sort("variant_id"),
        "calls": rows.select(
            "sample_id",
            pl.col("place").alias("variant_id"),
            "alt_count",
            "depth",
            is_called=called,
            origin=pl.lit("somatic"),
        ).sort("sample_id", "variant_id"),
    }
    if named := samples.filter(pl.col("material") != "tissue")["sample_id"].to_list():
        reading.notes.append(f"taken as plasma or normal by their names: {first_of(named, 8)}")
    segments = _segments(rows, kind)
    if segments.height:
        reading.tables["segments"] = segments
    reading.notes.append(
        "the format does not say what a sample is: each of tissue is a metastasis of its own, but samples whose name "
        "says "
        "primary, P or PT are of the primary. Correct lesions.tsv and samples.tsv for calls of seeding."
    )
    return reading


def _of_patients(counts: pl.DataFrame, source: Path) -> pl.DataFrame:
    """Name the patient, by the file where no column does; two patients may name their samples alike."""
    if "patient_id" not in counts.columns:
        counts = counts.with_columns(patient_id=pl.lit(source.stem.split(".")[0]))
    used = counts.group_by("sample_id").agg(pl.col("patient_id").n_unique())["patient_id"].max()
    if isinstance(used, int) and used > 1:
        counts = counts.with_columns(sample_id=pl.concat_str("patient_id", "sample_id", separator="_"))
    return counts


def _patients(rows: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Return the patients; they are male where a normal cell has one copy of a site."""
    is_male = (rows["normal_cn"] == 1).any()
    return samples.select(
        pl.col("patient_id").unique(maintain_order=True), sex=pl.lit("male" if is_male else None, pl.String)
    )


def _samples(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the table of samples and `role`, that of their lesion: each of tissue is a lesion of its own, but those
    whose name says primary are of one; plasma is by the name too."""
    samples = rows.group_by("patient_id", "sample_id").agg(pl.col("purity").median()).sort("patient_id", "sample_id")
    samples = samples.with_columns(material=mapped(samples["sample_id"], material))
    samples = samples.with_columns(_rest=_without_patient(samples))
    is_tissue = pl.col("material") == "tissue"
    primary = pl.col("_rest").str.contains(_PRIMARY) & ~pl.col("_rest").str.contains(_METASTASIS)
    lesion = pl.when(primary).then(pl.format("{}_primary", "patient_id")).otherwise(pl.col("sample_id"))
    return samples.select(
        "sample_id",
        "patient_id",
        "material",
        lesion_id=pl.when(is_tissue).then(lesion),
        assay_id=pl.lit(LISTED),
        purity=pl.when(is_tissue).then("purity"),
        tumor_fraction=pl.when(pl.col("material") == "plasma").then("purity"),
        role=pl.when(primary).then(pl.lit("primary")).otherwise(pl.lit("metastasis")),
    )


def _segments(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the copies that the format names, a segment per place; no row where it names none."""
    known = rows.drop_nulls(["major_cn", "minor_cn"])
    # Pairtree names no copies: what its shares say is kept where it is more than the diploid state assumed anyway
    told = kind != "pairtree" or ((known["major_cn"] + known["minor_cn"] - 2).abs() > 1e-3).any()
    if kind not in ("pyclone", "conipher", "pairtree", "phylogicndt") or not told:
        known = known.clear()
    place = pl.col("place").str.split(":")
    pos = place.list.get(1).cast(pl.Int64)
    return (
        known.select(
            "sample_id",
            chrom=place.list.get(0),
            start=pos,
            end=pos,
            total_cn=pl.col("major_cn") + pl.col("minor_cn"),
            minor_cn="minor_cn",
        )
        .unique(["sample_id", "chrom", "start"], maintain_order=True)
        .sort("sample_id", "chrom", "start")
    )


def _one_purity(counts: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Write Pairtree's var_read_prob w as copies at one purity per sample: n copies, one mutated, w = p / (p n + 2 (1 -
    p)).

    The purity is the median of 2 w, and no less than what leaves one copy at every site: 2 w / (1 + w). Where that asks
    for a broken number of copies (w = 2/3: two of three) the depth is scaled to the diploid site with the same expected
    share, as Pairtree does for its supervariants (Wintersinger 2022, Blood Cancer Discov 3:208).
    """
    p, total = pl.col("purity"), pl.col("major_cn") + pl.col("minor_cn")
    w = p / (p * total + (1 - p) * 2)
    one = pl.max_horizontal(p.median(), (2 * w / (1 + w)).max()).over("patient_id", "sample_id")
    counts = counts.with_columns(_w=w, _p=one)
    counts = counts.with_columns(_n=(1 / pl.col("_w") - 2 * (1 - pl.col("_p")) / pl.col("_p")).clip(1.0))
    broken = (pl.col("_n") - pl.col("_n").round()).abs() > MAX_BROKEN
    if counts.select(broken.any()).item():
        n = counts.filter(broken)["variant_id"].n_unique()
        reading.notes.append(
            f"var_read_prob of {n:,} variants is that of no whole number of copies with one mutated: their depth is "
            f"scaled "
            "to a diploid site with the same cell fraction"
        )
    scaled = (pl.col("depth") * 2 * pl.col("_w") / pl.col("_p")).round().cast(pl.Int64)
    whole = pl.when(broken).then(2.0).otherwise(pl.col("_n").round())
    minor = pl.when(whole <= 2).then(whole - 1).otherwise((whole / 2).floor())
    return counts.with_columns(
        purity="_p",
        depth=pl.when(broken).then(pl.max_horizontal("alt_count", scaled)).otherwise("depth"),
        minor_cn=minor,
        major_cn=whole - minor,
    ).drop("_w", "_p", "_n")


def _without_impossible_copies(rows: pl.DataFrame, called: pl.Expr, file: str, reading: Reading) -> pl.DataFrame:
    """Take no copies of a site as unknown where reads show the variant there, and say so: a tool's word for "not in the
    segments", or another sample's."""
    odd = rows.select((called & (pl.col("major_cn") + pl.col("minor_cn") == 0)).fill_null(False).alias("x"))["x"]
    if not odd.any():
        return rows
    first = rows.filter(odd).row(0, named=True)
    message = (
        f"{int(odd.sum()):,} sites have no copy (major_cn 0) and reads of the variant ({first['variant_id']} in "
        f"{first['sample_id']}: {first['alt_count']} of {first['depth']}): their copies are taken as unknown."
    )
    cure = "Leave the copies empty where no segment covers a site."
    reading.problems.append(Problem(file, None, "major_cn", "0", message, cure, "warning"))
    return rows.with_columns(pl.when(~pl.lit(odd)).then(c).alias(c) for c in ("major_cn", "minor_cn"))


def _without_garbage(counts: pl.DataFrame, params: Path, reading: Reading) -> pl.DataFrame:
    """Leave out the variants that Pairtree's params.json lists as garbage (they fit no tree), and say so."""
    listed = [str(v) for v in json.loads(params.read_text()).get("garbage") or []]
    bad = counts["variant_id"].is_in(listed)
    if not bad.any():
        return counts
    n, first = counts.filter(bad)["variant_id"].n_unique(), listed[0]
    reading.notes.append(f"{n:,} variants that {params.name} lists as garbage are left out (first: {first})")
    reading.ledger.left_out(params.name, n, "listed as garbage", became="calls", first=first)
    return counts.filter(~bad)


def _without_patient(samples: pl.DataFrame) -> pl.Series:
    """Return the samples' names without the patient's: its id, or the first part that all samples of a patient
    share."""
    frame = samples.with_columns(_rest=pl.col("sample_id").str.strip_prefix(pl.col("patient_id")))
    first = pl.col("_rest").str.extract(r"^([^_. -]+)[_. -]")
    shared = (first.n_unique().over("patient_id") == 1) & first.is_not_null().all().over("patient_id")
    several = pl.len().over("patient_id") > 1
    cut = pl.col("_rest").str.replace(r"^[^_. -]+[_. -]", "")
    return frame.select(pl.when(shared & several).then(cut).otherwise("_rest").alias("_rest"))["_rest"]


def _counts_of(kind: str, source: Path, depth: int | None, reading: Reading) -> pl.DataFrame:
    if kind == "pyclone":
        if source.is_dir():
            tables = {p.name.split(".")[0]: p for p in sorted(source.glob("*.tsv"))}
            if not tables:
                raise InputError(f"{source}: no .tsv table in the folder.")
            if all("sample_id" in clones.read_text_columns(p).columns for p in tables.values()):  # VI: one per patient
                each = [clones.read_pyclone_vi(p).with_columns(patient_id=pl.lit(n)) for n, p in tables.items()]
                return pl.concat(each)
            return clones.read_pyclone(tables)
        return clones.read_pyclone_vi(source)
    if kind == "pairtree":
        params = source.with_name(source.name.removesuffix(".ssm") + ".params.json")
        if not params.exists():
            raise InputError(f"{params}: missing; Pairtree's samples are named there.")
        return _without_garbage(clones.read_pairtree(source, params)[0], params, reading)
    if kind == "phylogicndt":
        from oncourse.io.clones.phylogicndt import read_phylogicndt

        reading.notes.append("timepoint of the list is in no unit and not read: give samples.day")
        return read_phylogicndt(source)
    if kind == "conipher":
        head = clones.read_text_columns(source)
        cases = head["CASE_ID"].unique().sort().to_list() if "CASE_ID" in head.columns else []
        if not cases:
            return clones.read_conipher(source)[0]
        return pl.concat(clones.read_conipher(source, case)[0].with_columns(patient_id=pl.lit(case)) for case in cases)
    if depth is None:
        raise InputError(f"{source.name}: LICHeE tables hold no reads. Say how many there were per site: --depth 200.")
    frame = clones.read_lichee(source)
    normal = frame["sample_id"][0]
    reading.notes.append(
        f"{normal} taken as the normal sample; {depth} reads per site assumed, purity 1 as LICHeE takes it"
    )
    frame = frame.filter(pl.col("sample_id") != normal)
    return frame.select(
        pl.concat_str("variant_id", "name", separator=" "),
        "sample_id",
        alt_count=(pl.col("vaf") * depth).round().cast(pl.Int64),
        depth=pl.lit(depth, pl.Int64),
        major_cn=pl.lit(None, pl.Float64),
        minor_cn=pl.lit(None, pl.Float64),
        normal_cn=pl.lit(2.0),
        purity=pl.lit(1.0),
    )


def _placed(counts: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Return patient_id, variant_id, place (chrom:pos:ref:alt) and gene (null, or the name of a variant without
    place)."""
    names = counts.select("patient_id", "variant_id").unique().sort("patient_id", "variant_id")
    parts = pl.col("variant_id").str.to_uppercase().str.extract_groups(_PLACED)
    chrom, pos, ref, alt = (parts.struct.field(str(i)) for i in (1, 2, 3, 4))
    # a name without the reference base says where the mutation is, and not which
    read = names.select(pl.concat_str(chrom, pos, ref.fill_null("N"), alt, separator=":").alias("whole"))["whole"]
    names, whole = names.with_columns(whole=canonical_ids(read)), pl.col("whole")
    number = pl.int_range(pl.len()).over(whole.is_null())
    dummy = pl.format("{}:{}:A:C", number // _PLACES + 1, number % _PLACES + 1)
    placed = names.with_columns(
        place=pl.coalesce(whole, dummy), gene=pl.when(whole.is_null()).then(pl.col("variant_id"))
    ).drop("whole")
    said = {n: _gene_and_change(n) for n in placed["gene"].drop_nulls().unique()}
    placed = placed.with_columns(
        hgvs_p=pl.col("gene").replace_strict(
            {n: c for n, (_, c) in said.items()}, default=None, return_dtype=pl.String
        ),
        gene=pl.col("gene").replace({n: g for n, (g, _) in said.items()}),
    )
    without = placed["gene"].drop_nulls().len()
    if without > 22 * _PLACES:
        raise InputError(f"{without:,} variants without a place in the genome: at most {22 * _PLACES:,}.")
    if without:
        reading.notes.append(
            f"{without:,} variants are not named chrom:pos:ref:alt: placed before the first base of the chromosomes, "
            f"their "
            "name as gene"
        )
    return placed


def _gene_and_change(name: str) -> tuple[str, str | None]:
    """Return gene and protein change of a mutation's name; the name alone where it names no known gene.

    >>> _gene_and_change("KRAS_G12D"), _gene_and_change("TP53 p.R175H"), _gene_and_change("mut7")
    (('KRAS', 'p.G12D'), ('TP53', 'p.R175H'), ('mut7', None))
    """
    gene, _, rest = re.sub(r"[_:|]", " ", name.strip()).partition(" ")
    if gene.upper() not in symbols():
        return name, None
    changes = finding(rest).changes
    return gene.upper(), changes[0][1] if len(changes) == 1 else None


def export_clone_tables(patients: Mapping[str, Any], kind: str, folder: Path) -> list[str]:
    """Write one table per patient into FOLDER and return a line per patient; clusters go into Pairtree's params.

    patients : patient -> `oncourse.derive.clusters.PatientClusters`

    Raises
    ------
    InputError : no patient has counts
    """
    if not patients:
        raise InputError("no patient has somatic variants with read counts in samples of known or estimable purity.")
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    for patient, data in patients.items():
        counts = clones.counts_to_frame(data.data.counts, data.data.variant_ids, data.data.sample_ids)
        left: list[str] = []
        if kind == "pyclone":
            left = clones.write_pyclone_vi(counts, folder / f"{patient}.tsv")
        elif kind == "pairtree":
            labels = [str(k + 1) if k >= 0 else None for k in data.clustering.labels]
            given = pl.DataFrame({"variant_id": data.data.variant_ids, "cluster_id": labels})
            clones.write_pairtree(counts, given, folder / f"{patient}.ssm", folder / f"{patient}.params.json")
        elif kind == "conipher":
            left = clones.write_conipher(counts, patient, folder / f"{patient}.tsv")
        else:
            left = clones.write_lichee(counts, folder / f"{patient}.txt")
        n = counts["variant_id"].n_unique() - len(left)
        said.append(f"{patient}: {n:,} variants" + (f", {len(left):,} left out" if left else ""))
    return said
