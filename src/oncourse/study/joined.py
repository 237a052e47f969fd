"""Neighbouring single-base changes that are one change: V600E and V600M on the same reads are V600K.

Callers write a change of two or three bases as one record or as several. They are joined within a patient where another
sample of the patient has the one record, or where both lie in one codon of known reference, and in each case the reads
are the same in number (`_same_reads`): the phase itself is not in the table, so every join is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import polars as pl

from oncourse.genome.annotate import Reference
from oncourse.genome.places import in_coding, locate
from oncourse.genome.variant import with_parts
from oncourse.study.schema import Problem

#: Counts of two records of one change may differ by so many reads, or by this share: base quality drops some.
SAME_READS, SAME_SHARE = 2, 0.1
_SHOWN = 5
Row = dict[str, object]


def with_joined_changes(
    tables: Mapping[str, pl.DataFrame], build: str | None, reference: Reference | None = None
) -> tuple[dict[str, pl.DataFrame], list[Problem]]:
    """Return the tables with the joined rows of ``calls`` in place of their parts, and a warning that names them."""
    calls, samples = tables.get("calls"), tables.get("samples")
    needed = {"sample_id", "variant_id", "alt_count", "depth", "is_called"}
    if calls is None or samples is None or not needed <= set(calls.columns):
        return dict(tables), []
    candidates = _candidates(calls["variant_id"], build, reference)
    if not candidates:
        return dict(tables), []
    owner = dict(samples.select("sample_id", "patient_id").iter_rows())
    wanted = {p for made, of in candidates.items() for p in (made, *of)}
    rows = calls.with_row_index("_row").filter(pl.col("variant_id").is_in(sorted(wanted)))
    new: list[Row] = []
    gone: set[object] = set()
    told: list[str] = []
    by_patient: dict[str, dict[str, dict[str, Row]]] = {}
    for row in rows.iter_rows(named=True):
        of_sample = by_patient.setdefault(owner.get(row["sample_id"], ""), {}).setdefault(row["sample_id"], {})
        of_sample[row["variant_id"]] = row
    by_part: dict[str, list[str]] = {}  # a change is looked for in patients who have its first part
    for made, of in candidates.items():
        by_part.setdefault(of[0], []).append(made)
    place = {made: i for i, made in enumerate(candidates)}
    for patient in sorted(by_patient):
        theirs = {v for of_sample in by_patient[patient].values() for v in of_sample}
        for made in sorted((m for v in theirs for m in by_part.get(v, ())), key=place.__getitem__):
            of = candidates[made]
            joined = _joined(made, of, by_patient[patient])
            used = {r["_row"] for _, of_rows in joined for r in of_rows}
            if not joined or used & gone:
                continue
            gone |= used
            new += [row for row, _ in joined]
            told.append(f"{' + '.join(of)} = {made} of {', '.join(str(r['sample_id']) for r, _ in joined)}")
    if not new:
        return dict(tables), []
    kept = calls.with_row_index("_row").filter(~pl.col("_row").is_in(sorted(gone))).drop("_row")
    added = pl.DataFrame(new, schema=calls.schema)
    return {**tables, "calls": pl.concat([kept, added])}, list(_told(told))


def _told(joins: list[str]) -> Iterator[Problem]:
    more = f", and {len(joins) - _SHOWN} more" if len(joins) > _SHOWN else ""
    message = (
        f"{len(joins):,} changes written as neighbouring ones with the same reads are one: "
        f"{'; '.join(joins[:_SHOWN])}{more}. Whether they lie on one molecule is not in the table."
    )
    yield Problem(
        "calls",
        None,
        "variant_id",
        None,
        message,
        "Write them as one record, as phased callers do.",
        "warning",
    )


def _candidates(ids: pl.Series, build: str | None, reference: Reference | None) -> dict[str, tuple[str, ...]]:
    """Return each change of several bases that could be made of single ones in the table: its id -> theirs."""
    known = with_parts(pl.DataFrame({"variant_id": ids.drop_nulls().unique()})).drop_nulls("pos")
    width = pl.col("ref").str.len_bytes()
    single = known.filter(
        (width == 1) & (pl.col("alt").str.len_bytes() == 1) & (pl.col("ref") != "-") & (pl.col("alt") != "-")
    )
    out: dict[str, tuple[str, ...]] = {}
    long = known.filter((width > 1) & (width == pl.col("alt").str.len_bytes()))
    if long.is_empty() and single.height < 2:
        return out
    there = set() if long.is_empty() else set(single["variant_id"])
    for made, chrom, pos, ref, alt in (
        long.select("variant_id", "chrom", "pos", "ref", "alt").sort("variant_id").iter_rows()
    ):
        of = tuple(f"{chrom}:{pos + i}:{r}:{a}" for i, (r, a) in enumerate(zip(ref, alt, strict=True)) if r != a)
        if len(of) > 1 and there.issuperset(of):
            out[made] = of
    before = single.select("chrom", pl.col("pos") - 1)
    if (build is None and reference is None) or single.join(before, on=["chrom", "pos"], how="semi").is_empty():
        return out
    if reference is None and build is not None:
        single = single.filter(in_coding(single, build))  # only there a codon is known
    second = single.select("chrom", (pl.col("pos") - 1).alias("pos"), ref2="ref", alt2="alt", other="variant_id")
    pairs = single.join(second, on=["chrom", "pos"], how="inner")
    if pairs.is_empty():
        return out
    # codons whose reference is known: elsewhere the joined change would have no name
    where = locate if reference is None else reference.locate
    found = [where(pairs[c], build) for c in ("variant_id", "other")]
    one, other = (f.select("gene", "codon_first").to_struct("x") for f in found)
    named = found[0]["hgvs_p"].is_not_null() & found[1]["hgvs_p"].is_not_null()
    pairs = pairs.filter((one == other) & named)
    for row in pairs.sort("variant_id", "other").iter_rows(named=True):
        made = f"{row['chrom']}:{row['pos']}:{row['ref']}{row['ref2']}:{row['alt']}{row['alt2']}"
        out.setdefault(made, (row["variant_id"], row["other"]))
    return out


def _joined(made: str, of: tuple[str, ...], samples: dict[str, dict[str, Row]]) -> list[tuple[Row, list[Row]]]:
    """Return the new row and its parts of every sample of a patient, where one of them shows that they are one
    change."""
    elsewhere = any(rows[made]["is_called"] is not False for rows in samples.values() if made in rows)
    whole = {s: [rows[p] for p in of] for s, rows in samples.items() if made not in rows and rows.keys() >= set(of)}
    shown = any(
        all(p["is_called"] is not False and p["alt_count"] != 0 for p in found) and _same_reads(found, elsewhere)
        for found in whole.values()
    )
    return [(_one(made, found), found) for _, found in sorted(whole.items())] if shown else []


def _same_reads(rows: list[Row], elsewhere: bool) -> bool:
    """Whether the parts have the same variant reads and depth; unknown ones count only beside the one record
    elsewhere."""
    for a, b in combinations(rows, 2):
        for column in ("alt_count", "depth"):
            one, other = a[column], b[column]
            if not isinstance(one, int) or not isinstance(other, int):
                if not elsewhere:
                    return False
            elif abs(one - other) > max(SAME_READS, SAME_SHARE * max(one, other)):
                return False
    return True


def _one(made: str, rows: list[Row]) -> Row:
    """Return the row of the joined change: the least of the counts, called where every part is."""

    def least(column: str) -> int | None:
        values = [v for r in rows if isinstance(v := r[column], int)]
        return min(values, default=None)

    called = [r["is_called"] for r in rows]
    is_called = False if False in called else (None if None in called else True)
    first = {k: v for k, v in rows[0].items() if k != "_row"}
    return {
        **first,
        "variant_id": made,
        "alt_count": least("alt_count"),
        "depth": least("depth"),
        "is_called": is_called,
    }
