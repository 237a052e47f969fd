"""SDTM supplemental qualifiers (SUPP--, SUPPQUAL) and split domains (LBCH, LBHE): columns and rows of their domain.

Standard: CDISC SDTM Implementation Guide 3.4, 8.4: a supplement belongs to the record of RDOMAIN whose IDVAR is IDVARVAL,
without IDVAR to every record of the subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.frames import optional
from oncourse.study.schema import Problem


def is_supplement(name: str) -> bool:
    """Whether a data set (its name in capitals) holds supplemental qualifiers: SUPPDM, SUPPQUAL, SQLB.

    >>> [is_supplement(n) for n in ("SUPPDM", "SUPPQUAL", "SUPP", "DM", "SUPPDMX")]
    [True, True, True, False, False]
    """
    return re.fullmatch(r"SUPP([A-Z]{2}([A-Z0-9]{2})?|QUAL)?", name) is not None


def with_supplements(
    domains: Mapping[str, pl.DataFrame], files: Mapping[str, Path], reading: Reading
) -> tuple[dict[str, pl.DataFrame], dict[str, tuple[str, ...]]]:
    """Return the domains with their supplements as columns (QNAM), and domain -> names of the columns added.

    What belongs to no record is counted in the ledger. A column that the domain has already is filled where it is
    empty. Two values of one qualifier for one record are a contradiction: neither is used, which is told.
    """
    out = {name: frame for name, frame in domains.items() if not is_supplement(name)}
    added: dict[str, tuple[str, ...]] = {}
    for name, frame in domains.items():
        if not is_supplement(name):
            continue
        file = files[name].name
        parent = frame["RDOMAIN"].str.to_uppercase() if "RDOMAIN" in frame.columns else None
        rows = frame.with_columns(
            pl.lit(name[4:6] if parent is None else parent).alias("_of"), pl.col("QNAM").str.to_uppercase()
        ).drop_nulls(["QNAM", "QVAL"])
        for (of,), mine in rows.group_by("_of", maintain_order=True):
            domain = str(of)
            if domain not in out:
                reading.ledger.left_out(file, mine.height, f"qualifiers of {domain}, which is not read or not there")
                continue
            out[domain], names = _joined(out[domain], mine, domain, file, reading)
            added[domain] = tuple(dict.fromkeys((*added.get(domain, ()), *names)))
    return out, added


def _joined(
    frame: pl.DataFrame, supplement: pl.DataFrame, domain: str, file: str, reading: Reading
) -> tuple[pl.DataFrame, list[str]]:
    """Add the qualifiers of one domain to its records; return them and the names of the qualifiers."""
    key = optional(supplement, "IDVAR").str.to_uppercase()
    supplement = supplement.with_columns(key.fill_null("").alias("_by"))
    names: list[str] = []
    for (by,), rows in supplement.group_by("_by", maintain_order=True):
        column = str(by)
        if column and (column not in frame.columns or "IDVARVAL" not in rows.columns):
            why = f"their record is named by {column}, which {domain} does not have"
            reading.ledger.left_out(file, rows.height, why, first=rows["USUBJID"][0])
            reading.notes.append(f"{rows.height:,} rows of {file} are left out: {why} (first: {rows['USUBJID'][0]})")
            continue
        rows = rows.with_columns((_plain(pl.col("IDVARVAL")) if column else pl.lit("")).alias("_value"))
        frame = frame.with_columns((_plain(pl.col(column)) if column else pl.lit("")).alias("_value"))
        keys = ["USUBJID", "_value"]
        _unmatched(rows, frame, keys, file, reading)
        wide = _wide(rows, keys, file, reading)
        new = [c for c in wide.columns if c not in keys]
        frame = frame.join(wide, on=keys, how="left", maintain_order="left", suffix="_supp").drop("_value")
        frame = frame.with_columns(pl.coalesce(c, f"{c}_supp").alias(c) for c in new if f"{c}_supp" in frame.columns)
        frame = frame.drop(f"{c}_supp" for c in new if f"{c}_supp" in frame.columns)
        names += [c for c in new if c not in names]
    return frame, names


def _plain(value: pl.Expr) -> pl.Expr:
    """A key as it is compared: 1.0 of a transport file is 1."""
    return value.str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")


def _unmatched(rows: pl.DataFrame, frame: pl.DataFrame, keys: list[str], file: str, reading: Reading) -> None:
    lost = rows.join(frame, on=keys, how="anti")
    if lost.height:
        first, line = lost["USUBJID"][0], int(lost["_row"][0])
        reading.ledger.left_out(file, lost.height, "no such record in the domain", line=line, first=first)


def _wide(rows: pl.DataFrame, keys: list[str], file: str, reading: Reading) -> pl.DataFrame:
    """One row per record, a column per qualifier; of two different values of one neither."""
    single = rows.group_by(*keys, "QNAM", maintain_order=True).agg(
        pl.col("QVAL").first(), (pl.col("QVAL").n_unique() > 1).alias("_apart")
    )
    apart = single.filter("_apart")
    if apart.height:
        who, what = apart["USUBJID"][0], apart["QNAM"][0]
        message = f"{what} has two values for one record in {apart.height:,} cases (first: {who}): neither is used."
        reading.problems.append(Problem(file, None, what, None, message, "Keep the right one.", "warning"))
    names = single["QNAM"].unique(maintain_order=True)
    value = pl.when(~pl.col("_apart")).then("QVAL")
    return single.group_by(keys, maintain_order=True).agg(
        value.filter(pl.col("QNAM") == n).drop_nulls().first().alias(n) for n in names
    )
