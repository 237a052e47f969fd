"""Which samples are one patient's, where no file says it: asked, never guessed.

Two things speak against "every sample is a patient of its own": a table beside the calls that names the same samples
with their patients, and forced counts - the mutations of a patient are counted in each of his samples, so that samples
of one beginning (``V402_P_1``, ``V402_LU_2``) list the same sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.io.clinical import tables as ct
from oncourse.io.reading import Reading
from oncourse.io.variants.maf_tables import MafTables
from oncourse.io.whose.ids import patient_of
from oncourse.io.whose.manifest import MANIFEST, Question
from oncourse.study.config import StudyConfig

#: Share of the sites of samples of one beginning that all of them list, from which on they are forced counts of one
#: patient; of two patients' own calls few are shared.
SAME_SITES = 0.5
#: Share of the rows that are no calls, below which they are not counts of every site in every sample.
LOOKED_AT = 0.05
_TABLE = (".txt", ".tsv", ".csv", ".tab", ".xlsx", ".xls")
#: A larger file is no table of samples.
_LARGEST = 20_000_000


def ask_whose(found: MafTables, files: Sequence[Path], beside: Sequence[Path], *, is_said: bool) -> None:
    """Ask for the patients of samples of which no file names one, where they cannot each be one of his own.

    `beside`: files of the same folder that hold no calls; `is_said`: a clinical table or a manifest was given.

    Raises
    ------
    Question : with what a user is to confirm, or the table to give
    """
    samples = found.samples
    named = samples["patient_id"].is_not_null().any() or any(patient_of(s) != s for s in samples["sample_id"])
    if is_said or named or samples.height < 2:
        return
    ids = set(samples["sample_id"])
    for path in beside:
        if _names_patients(path, ids):
            raise InputError(
                f"{path.name}: names the samples of the calls and their patients. Give it: `oncourse import maf FILE DIR "
                f"--clinical {path}` (vcf likewise); without it each sample would be a patient of its own."
            )
    if groups := _groups(found.calls):
        rows = [(str(files[0]) if len(files) == 1 else "", s, s, groups.get(s, ""), "tumour") for s in sorted(ids)]
        raise Question(
            f"{files[0].name}: {len(groups):,} samples ({', '.join(sorted(groups)[:3])} ...) list the same sites whatever "
            f"was seen there, as samples of {len(set(groups.values())):,} patients would: nothing says whose they are. "
            "Confirm patient_id in the manifest (--files), or give --clinical.",
            pl.DataFrame(rows, schema=dict.fromkeys(MANIFEST, pl.String), orient="row"),
        )


def _names_patients(path: Path, ids: set[str]) -> bool:
    """Whether a file is a table of half of these samples or more, with patients of several of them."""
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(_TABLE) or path.stat().st_size > _LARGEST:
        return False
    try:
        table = ct.read_clinical([path], "SAMPLE_ID", Reading({}, StudyConfig()))
    except (InputError, ValueError, OSError):
        return False
    if table is None or "PATIENT_ID" not in table.columns:
        return False
    known = table.filter(pl.col("SAMPLE_ID").is_in(sorted(ids)))
    once = known["SAMPLE_ID"].n_unique() == known.height
    return once and known["PATIENT_ID"].drop_nulls().n_unique() < known.height and 2 * known.height >= len(ids)


def _groups(calls: pl.DataFrame) -> dict[str, str]:
    """Return sample -> the beginning it shares with the samples that list the same sites; empty where none do."""
    looked = ~calls["is_called"].fill_null(False)
    if not looked.any() or int(looked.sum()) < LOOKED_AT * len(looked):
        return {}
    ids = calls["sample_id"].unique().sort()
    for depth in (1, 2, 3):
        stem = ids.str.extract(rf"^((?:[^_.\-]+[_.\-]){{{depth}}})").str.replace(r"[_.\-]$", "")
        owners = pl.DataFrame({"sample_id": ids, "stem": stem}).drop_nulls()
        owners = owners.with_columns(n=pl.len().over("stem")).filter(pl.col("n") > 1)
        listed = calls.select("sample_id", "variant_id").join(owners, on="sample_id", how="inner")
        sites = listed.group_by("stem", "variant_id").agg(pl.len().alias("k"), pl.col("n").first())
        whole = sites.group_by("stem").agg((pl.col("k") == pl.col("n")).mean().alias("share"))
        same = whole.filter(pl.col("share") >= SAME_SITES)["stem"].to_list()
        if 2 * len(same) > max(whole.height, 1):
            own = owners.filter(pl.col("stem").is_in(same)).select("sample_id", "stem")
            return dict(own.sort("sample_id").iter_rows())
    return {}
