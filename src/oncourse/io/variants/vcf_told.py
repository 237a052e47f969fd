"""What is said of a VCF that was read: whose its columns are, what its calls leave unknown, what became of every key."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.assays.covered import NO_VARIANT
from oncourse.io.tabular.table import TextTable
from oncourse.io.variants.dialects import DIALECTS
from oncourse.io.variants.maf_tables import MafTables, write_rows
from oncourse.io.variants.vcf_rows import NO_GENOTYPE
from oncourse.io.whose.manifest import Column
from oncourse.io.whose.roles import germline_caller
from oncourse.study.schema import Problem


def tell_reference(found: MafTables, file: str, small: TextTable) -> None:
    """Say what became of the records that show no variant."""
    n = int(small.frame["ALT"].fill_null(".").is_in(NO_VARIANT).sum())
    if n and found.coverage is not None:
        found.notes.append(f"{file}: {n:,} records show no variant: read as depth (coverage)")
        found.ledger.taken(file, "coverage", n)
    elif n:
        found.left_out.append(("shows no variant, and no depth", n, None))


#: So many variants of the others and no read of any: a tumour's column looks otherwise.
SILENT_VARIANTS = 5


def tell_silent(found: MafTables, taken: Sequence[Column], name: str) -> None:
    """Name the columns of nobody known that show no read of any variant of the others: normals, maybe."""
    unknown = [c.sample_id for c in taken if c.role == "tumour" and not c.listed]
    if len({c.sample_id for c in taken}) < 2 or not unknown:
        return
    seen = found.calls.group_by("sample_id").agg(n=pl.len(), reads=pl.col("alt_count").max())
    silent = seen.filter((pl.col("n") >= SILENT_VARIANTS) & (pl.col("reads") == 0) & pl.col("sample_id").is_in(unknown))
    if silent.height and (seen["reads"] > 0).any():
        names = ", ".join(silent["sample_id"].sort())
        message = f"{names}: no read of any variant of the other columns: a normal?"
        cure = "If so, say it (--files, or a clinical table): as a tumour it counts as looked at and without them."
        found.problems.append(Problem(name, None, "sample_id", names, message, cure, "warning"))


def tell_no_genotype(found: MafTables, name: str) -> None:
    """Name the records that pass and whose sample says nothing that can be read: what they change is not known there."""
    none = (found.calls["filter"] == NO_GENOTYPE).fill_null(False)
    if none.any():
        lines = found.lines.filter(none).unique().sort()
        message = f"{len(lines):,} records have no genotype that can be read: the change is neither there nor absent."
        cure = "Ask for the caller's own file; until then what they would change is not assessable."
        found.problems.append(Problem(name, int(lines[0]), "GT", None, message, cure, "warning"))


#: A genotype of dots or of the reference beside which no number of reads stands.
_UNSEEN = r"^(?:[.0][/|][.0]|\.)(?::[.,]*)*$"


def tell_unseen(found: MafTables, small: TextTable, columns: Sequence[str], name: str) -> None:
    """Say how many cells of a file of several samples hold no genotype, or the reference's, and no read: what merging files
    of one sample each fills in is no look at the place."""
    if len(columns) < 2 or "FORMAT" not in small.frame.columns:
        return
    counts = small.frame["FORMAT"].str.contains(r"(^|:)(AD|DP|AO|NV|DP4|VD)(:|$)").fill_null(False)
    cells = small.frame.filter(counts).select(pl.col(c).str.contains(_UNSEEN).fill_null(False) for c in columns)
    n = int(cells.sum_horizontal().sum() or 0)
    if n:
        message = (
            f"{n:,} genotypes of {cells.height:,} records are missing, or the reference without a read (./., 0/0)."
        )
        cure = (
            "They count as in files of one sample each: not called, absent by assumption. Give the reads at these sites "
            "(forced calls, --coverage) to have them seen."
        )
        found.problems.append(Problem(name, None, "GT", None, message, cure, "warning"))


def tell_uncounted(found: MafTables, small: TextTable, name: str) -> None:
    """Say that no call of a file has reads, and which keys its samples have: a dialect that nobody here knows."""
    called = found.calls.filter(pl.col("is_called").fill_null(True))
    if called.is_empty() or called["alt_count"].len() > called["alt_count"].null_count():
        return
    if called["vaf"].len() > called["vaf"].null_count() or any("0 variant reads" in p.message for p in found.problems):
        return  # told elsewhere
    keys = small.frame["FORMAT"].drop_nulls().head(1).to_list() if "FORMAT" in small.frame.columns else []
    message = f"none of the {called.height:,} calls has reads (FORMAT {(keys or ['none'])[0]})."
    cure = "Give the caller's own VCF with AD and DP; until then what rests on reads (absence, clones) is not known."
    found.problems.append(Problem(name, None, "alt_count", None, message, cure, "warning"))


def tell_unfiltered(found: MafTables, table: TextTable, name: str) -> None:
    """Say that Mutect2's candidates were not filtered."""
    found.is_unfiltered = _is_unfiltered(table)
    if found.is_unfiltered:
        cure = "Run FilterMutectCalls; until then every candidate counts as a call."
        found.problems.append(
            Problem(name, None, "FILTER", None, "Mutect2's calls were not filtered.", cure, "warning")
        )


def tell_germline_caller(found: MafTables, table: TextTable, name: str) -> None:
    """Say that the calls of a germline caller without a normal may be of either origin."""
    caller = germline_caller(table.comments)
    if not caller:
        return
    n = int((found.calls["is_called"].fill_null(False) & (found.calls["origin"] == "unknown")).sum())
    if n:
        message = f"{n:,} calls are {caller}'s, which does not tell somatic from germline: their origin is not known."
        cure = "Give the calls of a somatic caller, or a normal; until then germline variants count as alterations."
        found.problems.append(Problem(name, None, "origin", None, message, cure, "warning"))


#: Records looked at for INFO and FORMAT keys that the header does not declare.
_LOOKED_AT = 1_000


_INFO_USED = frozenset(
    [
        "CSQ",
        "ANN",
        "STATUS",
        "GermlineStatus",
        "SS",
        "SOMATIC",
        "GERMLINE",
        "SAMPLE",
        "POPAF",
        "GENE",
        "GN",
        "SYMBOL",
        "DP",
        "DP4",
        "AF",
        "TC",
        "TR",
        "BCSQ",
        "FUNCOTATION",
        "IMPACT",
        "SVTYPE",
        "END",
        "SVLEN",
        "CHR2",
        "POS2",
        "CT",
        "STRANDS",
        "INV3",
        "INV5",
        "FOLD_CHANGE_LOG",
        "set",
        *("TDP", "TAF", "TVAF", "NDP", "NAF", "NVAF", "CDP", "CVAF", "UMT", "VMT"),
    ]
)
#: Keys of FORMAT that are read beside those of the dialects, and those of events.
_FORMAT_USED = frozenset(["GT", "DP", "RO", "RD", "FRO", "MRO", "TAR", "SS", "FT", "NAD", "NDP", "NAF", "NVAF"])
_EVENTS_USED = frozenset(["PR", "SR", "DV", "RV", "VF", "SU", "PE", "CN", "MCN", "MCC", "SM"])


def write_ledger(found: MafTables, file: str, table: TextTable, whose: Sequence[Column]) -> None:
    """Say of every sample column, INFO and FORMAT key what it became."""
    found.ledger.file(file, "VCF", "used", n_rows=table.frame.height)
    for c in whose:
        state, became = ("used", f"samples: {c.sample_id}") if c.role != "ignore" else ("not read", "")
        found.ledger.column(file, c.column, state, became=became, why=f"{c.role}, by {c.why}")
    used = {key for _, keys, _ in DIALECTS for key in keys} | _FORMAT_USED
    if found.large is not None:
        used |= _EVENTS_USED
    for kind, known in (("INFO", _INFO_USED), ("FORMAT", used)):
        declared = [m.group(1) for line in table.comments if (m := re.match(rf"##{kind}=<ID=([^,>]+)", line))]
        if kind not in table.frame.columns:
            continue
        cells = table.frame[kind].head(_LOOKED_AT).drop_nulls().unique().to_list()
        seen = {
            part.partition("=")[0] for cell in cells for part in re.split("[;:]" if kind == "FORMAT" else ";", cell)
        }
        for key in sorted({*declared, *seen} - {".", ""}):
            is_used = key in known or bool(re.match(r"(?i)gnomad|exac|PROB_|.*refgene", key))
            found.ledger.column(
                file,
                f"{kind}/{key}",
                "used" if is_used and key in seen else "empty" if key not in seen else "not read",
                became="calls, variants" if is_used else "",
                why="" if is_used else "no value that is used",
            )
    write_rows(found, file)


def told_of_columns(name: str, taken: Sequence[Column], left: Sequence[Column], ignored: Sequence[Column]) -> list[str]:
    """Return the notes on columns that are normals, left out, or of a sample of another name."""
    out = []
    if left:
        out.append(f"{name}: {', '.join(sorted(c.column for c in left))} taken as normal and left out")
    if alone := [c for c in ignored if c.why != "manifest"]:
        out.append(f"{name}: {', '.join(sorted(c.column for c in alone))} left out: {alone[0].why}")
    for c in taken:
        if c.sample_id != c.column:
            out.append(f"{name}: the column {c.column} is sample {c.sample_id} ({c.why})")
    return out


def _is_unfiltered(table: TextTable) -> bool:
    """Whether a file is what Mutect2 writes before FilterMutectCalls: the header says so, or no record has a FILTER."""
    said = [c.lower() for c in table.comments if c.lower().startswith(("##filtering_status=", "##source="))]
    if any("unfiltered" in c for c in said):
        return True
    mutect = any(c.startswith("##source=mutect2") for c in said) and "FILTER" in table.frame.columns
    return mutect and not table.frame.is_empty() and bool((table.frame["FILTER"].fill_null(".") == ".").all())
