"""Copy-number segments from SEG files and the tables of callers."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.errors import InputError
from oncourse.genome.variant import chromosome, position
from oncourse.io.clinical.words import number
from oncourse.io.ledger import Ledger
from oncourse.io.structural.fits import fit_of, purple_qc
from oncourse.io.tabular.table import TextTable
from oncourse.io.tabular.text import read_table, table_name
from oncourse.io.tabular.units import fractions
from oncourse.io.whose.sample_names import sample_of_file
from oncourse.study.schema import Problem

ALIASES: dict[str, tuple[str, ...]] = {
    "sample_id": ("sample_id", "tumor_sample_barcode", "id", "sample", "sampleid", "'id", "sample_name", "gdc_aliquot"),
    "chrom": ("chrom", "chromosome", "chr", "contig"),
    "start": (
        "start",
        "loc.start",
        "start_position",
        "startpos",
        "start_pos",
        "chromosome_start",
        "start.pos",
        "start_position(bp)",
        "start_position.bp.",  # as R writes it
        "start.bp",
        "start_bp",
        "gene_start",
    ),
    "end": (
        "end",
        "loc.end",
        "end_position",
        "endpos",
        "end_pos",
        "chromosome_end",
        "end.pos",
        "stop",
        "end_position(bp)",
        "end_position.bp.",
        "end.bp",
        "end_bp",
        "gene_end",
    ),
    "total_cn": (
        "total_cn",
        "copynumber",
        "copy_number",
        "tcn.em",
        "tcn",
        "totalcn",
        "total_copy_number",
        "ntotal",
        "cn",
        "cnt",
        "corrected_copy_number",
        "copy.number",
        "copy number",
        "modal_total_cn",
        "mincopynumber",
        "cp",  # Accucopy
    ),
    "minor_cn": (
        "minor_cn",
        "minor_copy_number",
        "lcn.em",
        "lcn",
        "nminor",
        "minorcn",
        "minor",
        "minorallelecopynumber",
        "nmin1_a",
        "modal.a1",
        "minminorallelecopynumber",
    ),
    "major_cn": (
        "major_cn",
        "nmajor",
        "majorcn",
        "major_copy_number",
        "majorallelecopynumber",
        "nmaj1_a",
        "modal.a2",
        "major_allele_cp",
    ),
    "log2_ratio": (
        "log2_ratio",
        "seg.mean",
        "segment_mean",
        "log2",
        "seg_mean",
        "cnlr.median",
        "logratio",
        "mean_log2_copy_ratio",
        "seg.median.logr",
        "median_logr",
        "median_cnlr_seg",
        "log2_copy_ratio_posterior_50",
        "logr",
    ),
}
#: Headers of a table of genes.
_OF_GENES = frozenset(("gene", "hugo_symbol", "gene_symbol", "gene symbol", "symbol", "hugo", "基因"))
#: Two columns of allele copies in no order: CNVkit call.cns (cn1, cn2), Sequenza (A, B).
_ALLELES = (("cn1", "cn2"), ("a", "b"))
#: Tables of purity and ploidy that copy-number callers write beside their segments.
_PURITY = {
    "purity": ("purity", "cellularity", "rho", "tumor_purity", "aberrantcellfraction"),
    "ploidy": ("ploidy", "psi", "ploidy.estimate", "dipt", "ploidy_estimate"),
}
#: The column that ichorCNA names after its sample.
_ICHOR = ".logR"
#: PURPLE's status of its own fit, PureCN's Failed; a fit that failed has purity 1 or a guess.
_STATUS = ("status", "qcstatus", "fitmethod", "failed")
_FAILED = "NO_TUMOR|FAIL|^TRUE$"
#: Columns of PURPLE's purity table that say more of the sample.
_PURPLE_FACTS = {"msStatus": "msi_status", "tmbPerMb": "tmb_per_mb"}
#: Battenberg's subclones.txt holds the observed total; the copies are those of the state of more cells.
_BATTENBERG = "nmaj1_a"


def is_purity_table(path: Path) -> bool:
    """Whether a file gives purity (and ploidy) of a sample and no segments: PURPLE, Sequenza, Battenberg, ASCAT,
    FACETS, ichorCNA."""
    if fit_of(path) is not None:
        return True
    low = {c.lower() for c in read_table(path, lenient=True).frame.columns}
    return bool(low & set(_PURITY["purity"])) and not (low & set(ALIASES["start"]) and low & set(ALIASES["end"]))


def purple_facts(path: Path) -> pl.DataFrame | None:
    """Return sample_id, msi_status and tmb_per_mb of PURPLE's purity table; None of another caller's."""
    frame = read_table(path, lenient=True).frame.head(1)
    if not {"msStatus", "tmbPerMb"} <= set(frame.columns):
        return None
    status = pl.col("msStatus").replace_strict({"MSI": "MSI-H", "MSS": "MSS"}, default=None, return_dtype=pl.String)
    burden = number(frame["tmbPerMb"]).alias("tmb_per_mb")
    return frame.select(pl.lit(sample_of_file(path)).alias("sample_id"), status.alias("msi_status"), burden)


def read_purity(path: Path, ledger: Ledger | None = None) -> tuple[pl.DataFrame, list[Problem]]:
    """Return sample_id, purity (fraction), ploidy of a caller's table; of Sequenza's solutions the first, its best, of
    Battenberg's the one it marks; of Sequenza's interval (low, best, high) the middle."""
    if (fit := fit_of(path)) is not None:
        one = {"sample_id": [sample_of_file(path)], "purity": [fit.get("purity")], "ploidy": [fit.get("ploidy")]}
        return pl.DataFrame(one, schema={"sample_id": pl.String, "purity": pl.Float64, "ploidy": pl.Float64}), []
    table = read_table(path, name=table_name(path), lenient=True)
    lowered = {c.lower(): c for c in reversed(table.frame.columns)}
    frame = table.frame
    if "ploidy.estimate" in lowered and frame.height == 3:  # Sequenza's confints_CP.txt
        frame = frame.slice(1, 1)
    if "is.best" in lowered:  # Battenberg's solutions
        frame = frame.filter(pl.col(lowered["is.best"]).str.to_uppercase() == "TRUE")
    if "sample_id" not in lowered and not set(ALIASES["sample_id"]) & set(lowered):
        frame = frame.head(1)
    problems = list(table.problems)
    status = next((lowered[a] for a in _STATUS if a in lowered), None)
    if status is not None:
        failed = frame[status].str.to_uppercase().str.contains(_FAILED).fill_null(False)
        for line, said in zip(table.lines.filter(failed).to_list(), frame.filter(failed)[status], strict=False):
            message = f"the caller found no purity ({said}): its numbers are not taken."
            cure = "Give purity in the clinical table where it is known from elsewhere."
            problems.append(Problem(table_name(path), int(line), status, said, message, cure, "warning"))
        frame = frame.filter(~failed)
    if (quality := purple_qc(path)) is not None:
        qc, said = quality
        if ledger is not None:
            ledger.file(qc.name, "the caller's judgement of its own sample", "used")
        if "FAIL" in said.upper():
            no_tumour = "NO_TUMOR" in said.upper()
            lost = "its purity and ploidy are not taken" if no_tumour else "calls and purity of the sample are read"
            cure = "Look at the sample before its calls are used; leave it out where the failure stands."
            message = f"PURPLE failed the sample ({said}): {lost}."
            problems.append(Problem(table_name(qc), None, "QCStatus", said, message, cure, "warning"))
            frame = frame.clear() if no_tumour else frame
    columns = {ours: next((lowered[a] for a in names if a in lowered), None) for ours, names in _PURITY.items()}
    sample = next((lowered[a] for a in ALIASES["sample_id"] if a in lowered), None)
    if ledger is not None:
        used = {c: f"samples.{ours}" for ours, c in {**columns, "sample_id": sample}.items() if c}
        used |= {status: "samples.purity"} if status else {}
        used |= {
            c: f"samples.{ours}" for c, ours in _PURPLE_FACTS.items() if set(_PURPLE_FACTS) <= set(table.frame.columns)
        }
        ledger.columns_of(path.name, table.frame, used)
    out = frame.select(
        (pl.col(sample) if sample else pl.lit(sample_of_file(path))).alias("sample_id"),
        *[_fraction(frame[c]).alias(k) if c else pl.lit(None, pl.Float64).alias(k) for k, c in columns.items()],
    )
    return out, problems


def _fraction(cells: pl.Series) -> pl.Series:
    """Return numbers; a cell that says % of itself (``60%``) is a fraction of 1."""
    says = cells.cast(pl.String).str.contains("[%％]").fill_null(False)
    return number(cells) if not says.any() else number(cells).zip_with(~says, fractions(cells)[0])


def _with_hash(path: Path, name: str) -> TextTable | None:
    """Read a table whose header starts with # (HATCHet, bedGraph-like files); null where it has none."""
    table = read_table(path, name=name, comment="##", lenient=True)
    if not table.frame.columns or not table.frame.columns[0].startswith("#"):
        return None
    return replace(table, frame=table.frame.rename({c: c.lstrip("# ") for c in table.frame.columns}))


def _of_freec(table: TextTable) -> TextTable:
    """Return Control-FREEC's list of gains and losses under names: it has no header, its first row stands for one."""
    first = table.frame.columns
    if len(first) < 5 or not re.fullmatch(r"\d+", first[1]) or not re.fullmatch(r"\d+", first[2]):
        return table
    names = ["chrom", "start", "end", "copy number", "status", *first[5:]]
    row = pl.DataFrame([first], schema=dict.fromkeys(names, pl.String), orient="row")
    rest = table.frame.rename(dict(zip(first, names, strict=True))).cast(pl.String)
    lines = pl.concat([pl.Series([1], dtype=table.lines.dtype), table.lines])
    problems = tuple(p for p in table.problems if p.row != 1)
    return replace(table, frame=pl.concat([row, rest]), lines=lines, problems=problems)


def _of_ascat_ngs(table: TextTable) -> TextTable:
    """Return ascatNgs's copynumber.caveman.csv under names: no header, its first row stands for one; number, place, total
    and minor copies of the normal, then of the tumour."""
    first = [re.sub(r"_\d+$", "", c) if i else c for i, c in enumerate(table.frame.columns)]
    if len(first) != 8 or not all(re.fullmatch(r"\d+", c) for c in (first[0], *first[2:])):
        return table
    names = ["number", "chrom", "start", "end", "normal_total", "normal_minor", "total_cn", "minor_cn"]
    row = pl.DataFrame([first], schema=dict.fromkeys(names, pl.String), orient="row")
    rest = table.frame.rename(dict(zip(table.frame.columns, names, strict=True))).cast(pl.String)
    lines = pl.concat([pl.Series([1], dtype=table.lines.dtype), table.lines])
    problems = tuple(p for p in table.problems if p.row != 1)
    return replace(table, frame=pl.concat([row, rest]), lines=lines, problems=problems)


def _of_freec_ratio(table: TextTable) -> TextTable:
    """Return the windows of Control-FREEC's _ratio.txt as segments: it names the start of each, of one copy number in a
    row; windows that it could not judge (-1) are in none."""
    low = {c.lower(): c for c in table.frame.columns}
    if not {"chromosome", "start", "medianratio", "copynumber"} <= set(low):
        return table
    frame = table.frame.select(
        pl.col(low["chromosome"]).alias("chromosome"),
        pl.col(low["start"]).cast(pl.Int64, strict=False).alias("start"),
        pl.col(low["copynumber"]).cast(pl.Float64, strict=False).alias("copynumber"),
        (pl.col(low["genotype"]) if "genotype" in low else pl.lit(None, pl.String)).alias("genotype"),
        table.lines.alias("_line"),
    )
    step = frame.select(
        (pl.col("start").diff().over("chromosome")).filter(pl.col("start").diff() > 0).mode().min()
    ).item()
    new = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift()) for c in ("chromosome", "copynumber", "genotype"))
    runs = frame.with_columns(new.cum_sum().alias("_run")).group_by("_run", maintain_order=True)
    segments = runs.agg(
        pl.col("chromosome", "copynumber", "genotype", "_line").first(),
        pl.col("start").min(),
        (pl.col("start").max() + (step or 1) - 1).alias("end"),
    ).filter(pl.col("copynumber") >= 0)
    letters = pl.col("genotype").str.contains("^[AB]+$")  # AAB: of three copies one is the minor allele's
    minor = pl.when(letters).then(pl.min_horizontal(*(pl.col("genotype").str.count_matches(x) for x in "AB")))
    out = segments.with_columns(minor.alias("minor_cn")).drop("_run", "genotype", "_line")
    return replace(table, frame=out.cast(pl.String), lines=segments["_line"])


def _of_one(table: TextTable) -> TextTable:
    """Read a file of one sample that ichorCNA (``P1.logR``) or GATK (``@RG SM:P1`` above) writes its name into."""
    low = [c.lower() for c in table.frame.columns]
    if set(low) & set(ALIASES["sample_id"]):
        return table
    prefix = next((c[: -len(_ICHOR)] for c in table.frame.columns if c.endswith(_ICHOR) and c != _ICHOR), None)
    sample = prefix or next((m[1] for c in table.comments if (m := re.search(r"^@RG.*\tSM:([^\t]+)", c))), None)
    if sample is None:
        return table
    frame = (
        table.frame.rename({c: c.removeprefix(f"{prefix}.") for c in table.frame.columns}) if prefix else table.frame
    )
    return replace(table, frame=frame.with_columns(pl.lit(sample).alias("sample_id")))


def _trusted(table: TextTable, name: str) -> tuple[TextTable, list[Problem]]:
    """Leave out what FACETS-suite itself suppresses (its column filter), and say how many rows."""
    column = next((c for c in table.frame.columns if c.lower() == "filter"), None)
    if column is None:
        return table, []
    bad = table.frame[column].str.to_lowercase().str.contains("suppress").fill_null(False)
    if not bad.any():
        return table, []
    message = f"{int(bad.sum()):,} rows that the caller suppresses are not used."
    told = Problem(name, int(table.lines.filter(bad)[0]), column, None, message, "Nothing is to be done.", "warning")
    return replace(table, frame=table.frame.filter(~bad), lines=table.lines.filter(~bad)), [told]


def _with_clone(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the copies of the largest tumour clone of HATCHet's seg.ucn (cn_clone1 = major|minor, u_clone1 its share)."""
    clones = [c.removeprefix("cn_") for c in frame.columns if re.fullmatch(r"cn_clone\d+", c)]
    if not clones:
        return frame
    shares = {
        c: pl.col(f"u_{c}").cast(pl.Float64, strict=False).fill_null(0) for c in clones if f"u_{c}" in frame.columns
    }
    best = pl.max_horizontal(*shares.values()) if shares else pl.lit(0.0)
    largest = [pl.when(share == best).then(pl.col(f"cn_{c}")) for c, share in shares.items()]
    state = pl.coalesce([*largest, pl.col(f"cn_{clones[0]}")])
    parts = state.str.split("|")
    return frame.with_columns(
        parts.list.get(0, null_on_oob=True).alias("A"), parts.list.get(1, null_on_oob=True).alias("B")
    )


def _with_larger_state(frame: pl.DataFrame, lowered: dict[str, str]) -> pl.DataFrame:
    """Put the copies of the second state in place of the first where more cells are in it (frac2_A above frac1_A)."""
    names = [f"{what}{state}_a" for what in ("nmaj", "nmin", "frac") for state in (1, 2)]
    if not set(names) <= set(lowered):
        return frame
    one, two = (number(frame[lowered[f"frac{state}_a"]]) for state in (1, 2))
    second = (two > one).fill_null(False)
    return frame.with_columns(
        frame[lowered[f"{what}1_a"]].zip_with(~second, frame[lowered[f"{what}2_a"]]).alias(lowered[f"{what}1_a"])
        for what in ("nmaj", "nmin")
    )


#: What a table of segments has beside place and ratio (SEG): without it a ratio may be of bins.
_OF_MARKS = frozenset(("num.mark", "num_mark", "num_probes", "n_probes", "num_points", "nprobes", "num.marks"))
#: Columns of a table of variants or genes: copies beside them are of these.
_OF_OTHERS = frozenset(
    ("ref", "alt", "reference_allele", "tumor_seq_allele2", "variant_classification", "hgvsp_short", "vaf", *_OF_GENES)
)


def are_segments(header: Collection[str]) -> bool:
    """Whether a header (small letters) is that of a table of segments: a place, and copies or a ratio of several markers.

    >>> are_segments({"chr", "start", "end", "nmajor", "nminor"}), are_segments({"chrom", "start", "end", "log2"})
    (True, False)
    >>> are_segments({"chromosome", "start_position", "end_position", "reference_allele", "tcn", "lcn"})
    False
    """
    bare = {c.lstrip("#").strip() for c in header}
    has = {name for name, aliases in ALIASES.items() if bare & set(aliases)}
    copies = "total_cn" in has or {"major_cn", "minor_cn"} <= has or {"cn_normal", "cn_clone1"} <= bare
    ratio = "log2_ratio" in has and bool(bare & _OF_MARKS)
    return {"chrom", "start", "end"} <= has and (copies or ratio) and not bare & _OF_OTHERS


def _no_log2(ratios: pl.Series, name: str, column: str | None) -> list[Problem]:
    """Refuse copies under the name of a log2 ratio: none below 0 and half of them near 2, where the ratios of a genome
    are near 0."""
    known = ratios.drop_nulls().to_numpy()
    if len(known) < 3 or known.min() < 0 or not 1.5 <= np.median(known) <= 2.5:
        return []
    shown = f"{known.min():g} to {known.max():g}"
    message = f"the ratios are {shown}, half of them about 2: these are copies, no log2 ratios."
    return [Problem(name, 1, column, None, message, "Call the column total_cn, or give log2 ratios.")]


def _columns(raw: pl.DataFrame, found: dict[str, str]) -> dict[str, str]:
    """Return column -> what it becomes, of the columns of a file that `read_segments` uses; `found`: our name -> column
    of the table it was made into (without ``#``, ichorCNA's sample, Control-FREEC's windows joined)."""
    ours = {"total_cn": "total_cn", "minor_cn": "minor_cn", "major_cn": "minor_cn"}
    named = {c.lower().strip("\"'"): f"segments.{ours.get(name, name)}" for name, c in found.items()}
    out: dict[str, str] = {}
    for column in raw.columns:
        plain = column.lower().strip("\"'# ")
        name = plain if plain in named else plain.rsplit(".", 1)[-1]
        if name in named:
            out[column] = named[name]
        elif re.fullmatch(r"cn\d|[abcm]|[cu]n?_clone\d+|(nmaj|nmin|frac)[12]_a|genotype", plain):
            out[column] = "segments.minor_cn"
        elif plain == "filter":
            out[column] = "segments"
    return out


def _refuse_bins(columns: Collection[str], path: Path) -> None:
    """Refuse CNVkit's bins (.cnr, .cnn): each is noise around its segment."""
    of_genes = {"probes", "n_bins"} & set(columns)  # genemetrics has a row per gene, with the number of its bins
    if ({"log2", "depth", "weight"} <= set(columns) and not of_genes) or path.name.lower().endswith(".cnn"):
        cure = "Give the segments made of them: P1.call.cns, or P1.cns."
        raise InputError([Problem(table_name(path), 1, None, None, "this is CNVkit's bins, no segments.", cure)])


def read_segments(path: Path | str, ledger: Ledger | None = None) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the segments of a file (1-based, both ends inclusive) and the problems of its rows; `ledger`: where to say
    what became of its columns.

    A file without a sample column is of the sample its name says. Copies below 0 (PURPLE, at low depth) are 0.

    Raises
    ------
    InputError : the file cannot be read or has no columns for chromosome, start and end
    """
    path = Path(path)
    name = table_name(path)
    table = read_table(path, name=name, lenient=True)
    if table.frame.columns[:1] in (["@HD"], ["@SQ"], ["@RG"], ["@CO"]):
        table = read_table(path, name=name, comment="@", lenient=True)
    raw_table = table.frame
    if re.search(r"(?i)_CNVs(\.txt)?$", path.name):
        table = _of_freec(table)
        raw_table = table.frame
    if re.search(r"(?i)copynumber\.caveman\.csv", path.name):
        table = _of_ascat_ngs(table)
        raw_table = table.frame
    table = _of_freec_ratio(table)
    if not {"chrom", "chr", "chromosome", "contig"} & {c.lower() for c in table.frame.columns}:
        table = _with_hash(path, name) or table
        raw_table = table.frame
    table, suppressed = _trusted(_of_one(table), name)
    frame, problems = _with_clone(table.frame), [*table.problems, *suppressed]
    lowered = {c.lower().strip("\"'"): c for c in reversed(frame.columns)}
    _refuse_bins(lowered, path)
    found = {ours: lowered[a] for ours, names in ALIASES.items() for a in reversed(names) if a in lowered}
    if {"c", "m", "arm"} <= set(lowered):  # PureCN's _loh.csv
        found |= {"total_cn": lowered["c"], "minor_cn": lowered["m"]}
    if {"c", "gene.symbol"} <= set(lowered):  # and its _genes.csv
        found |= {"total_cn": lowered["c"]}
    lacking = [c for c in ("chrom", "start", "end") if c not in found]
    if lacking:
        cure = f"It needs columns for {', '.join(lacking)} (found: {', '.join(frame.columns[:12]) or 'none'})."
        if {"chrom", "start", "end"} == set(lacking) and _OF_GENES & set(lowered):
            cure += (
                " Copies of genes are no segments: give them as data_cna.txt (genes in rows, a column per sample) of a "
                "cBioPortal folder, or as gene_copy_number.tsv (sample_id, gene, call) of a study folder."
            )
        raise InputError([*problems, Problem(name, 1, None, None, "is not a table of segments.", cure)])
    alleles = next((pair for pair in _ALLELES if set(pair) <= set(lowered)), None)
    if not {"total_cn", "major_cn", "log2_ratio"} & set(found) and not alleles:
        cure = "It needs total_cn (CopyNumber, tcn.em ...), major and minor copies, or log2 ratios (seg.mean)."
        raise InputError([*problems, Problem(name, 1, None, None, "no column with copies or log2 ratios.", cure)])
    if ledger is not None:
        ledger.columns_of(path.name, raw_table, _columns(raw_table, found))
    if "sample_id" not in found:
        frame = frame.with_columns(pl.lit(sample_of_file(path)).alias("sample_id"))
        found["sample_id"] = "sample_id"
    if alleles and not {"minor_cn", "major_cn"} & set(found):
        one, two = (number(frame[lowered[a]]) for a in alleles)
        known = pl.lit(one).is_not_null() & pl.lit(two).is_not_null()
        frame = frame.with_columns(
            pl.when(known).then(pl.min_horizontal(one, two)).cast(pl.String).alias("minor_cn"),
            pl.when(known).then(pl.max_horizontal(one, two)).cast(pl.String).alias("major_cn"),
        )
        found |= {"minor_cn": "minor_cn", "major_cn": "major_cn"}
    if _BATTENBERG in lowered:
        found.pop("total_cn", None)
        frame = _with_larger_state(frame, lowered)
    numbers = {
        ours: number(frame[found[ours]]) if ours in found else pl.Series(ours, [None] * len(frame), dtype=pl.Float64)
        for ours in ("total_cn", "minor_cn", "major_cn", "log2_ratio")
    }
    numbers = {
        k: v if k == "log2_ratio" else pl.select(pl.when(v < 0).then(0.0).otherwise(v)).to_series().rename(k)
        for k, v in numbers.items()
    }
    raw = frame.select(pl.col(found[c]).str.strip_chars().alias(c) for c in ("sample_id", "chrom", "start", "end"))
    out = raw.select("sample_id", chromosome("chrom"), position("start"), position("end")).with_columns(
        pl.coalesce(numbers["total_cn"], numbers["major_cn"] + numbers["minor_cn"]).alias("total_cn"),
        pl.coalesce(numbers["minor_cn"], numbers["total_cn"] - numbers["major_cn"]).alias("minor_cn"),
        numbers["log2_ratio"].alias("log2_ratio"),
    )
    # half-open files start at 0: the first base is 1
    zero = raw["start"].cast(pl.Float64, strict=False) == 0
    out = out.with_columns(pl.when(zero).then(1).otherwise(pl.col("start")).alias("start"))
    out = out.with_columns(pl.col("sample_id").str.replace(r"(?i)^(.+?)_vs_.+$", "${1}"))
    both = pl.min_horizontal("minor_cn", pl.col("total_cn") - pl.col("minor_cn"))
    out = out.with_columns(pl.when(pl.col("minor_cn") <= pl.col("total_cn")).then(both).alias("minor_cn"))
    problems += _no_log2(out["log2_ratio"], name, found.get("log2_ratio"))
    lost = out.select(pl.any_horizontal(pl.col("sample_id", "chrom", "start", "end").is_null()).alias("x"))["x"]
    for index in lost.arg_true().to_list():
        cure = "Each segment needs sample, chromosome, start and end."
        problems.append(Problem(name, int(table.lines[index]), None, None, "the segment is not used.", cure, "warning"))
    return out.filter(~lost).unique(maintain_order=True), problems
