"""A study is read the same whatever its files look like: order of columns, packing, line ends, units (issue 17)."""

from __future__ import annotations

import gzip
from functools import partial

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from oncourse.cohort import Cohort
from oncourse.io import load_study
from oncourse.io.native import write_study

#: By the SI prefixes: 1 ng/mL = 1 ug/L = 1000 ng/L.
UNITS = (("ug/L", 1), ("ng/L", 1000), ("ng/mL", 1))


@pytest.fixture(scope="module")
def written(simulated_study, tmp_path_factory):
    """The simulated mCRPC study as a folder, and what is read of it."""
    study = simulated_study("mcrpc")
    folder = tmp_path_factory.mktemp("dress") / "study"
    write_study(folder, study.tables, study.config)
    return folder, load_study(folder)


def copied(folder, target, change):
    """A copy of the folder in which `change` gives the bytes and the name of each table."""
    target.mkdir()
    (target / "study.yaml").write_bytes((folder / "study.yaml").read_bytes())
    for file in folder.glob("*.tsv"):
        name, raw = change(file.name, file.read_bytes())
        (target / name).write_bytes(raw)
    return target


def columns_reversed(name, raw):
    rows = [line.split(b"\t") for line in raw.split(b"\n")]
    return name, b"\n".join(b"\t".join(reversed(row)) for row in rows)


DRESSES = {
    "columns in reverse": columns_reversed,
    "packed": lambda name, raw: (f"{name}.gz", gzip.compress(raw)),
    "lines of Windows": lambda name, raw: (name, raw.replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_the_study_is_read_the_same(dress, written, tmp_path):
    folder, plain = written
    study = load_study(copied(folder, tmp_path / "study", DRESSES[dress]))
    assert study.tables.keys() == plain.tables.keys() and study.config == plain.config
    for name, table in plain.tables.items():
        other = study[name]
        assert other.columns == table.columns, name
        assert other.drop("source_row", strict=False).equals(table.drop("source_row", strict=False)), name
    assert [str(w) for w in study.warnings] == [str(w) for w in plain.warnings]


def in_other_units(name, raw):
    """PSA in other units from row to row, diameters in centimetres."""
    frame = pl.read_csv(raw, separator="\t", infer_schema=False)
    if name == "labs.tsv":
        rows = frame.with_columns(pl.col("value").cast(float)).to_dicts()
        for number, row in enumerate(rows):
            assert row["unit"] == "ng/mL"
            row["unit"], factor = UNITS[number % len(UNITS)]
            row["value"] *= factor
        frame = pl.DataFrame(rows)
    elif name == "target_lesions.tsv":
        cm = pl.col("diameter_mm").cast(float) / 10
        frame = frame.with_columns(diameter=cm, unit=pl.lit("cm")).drop("diameter_mm")
    return name, frame.write_csv(separator="\t").encode()


def test_other_units_are_the_same_psa_and_the_same_diameters(written, tmp_path):
    folder, plain = written
    study = load_study(copied(folder, tmp_path / "study", in_other_units))
    same = partial(assert_frame_equal, check_exact=False, rel_tol=1e-9)
    same(Cohort(study).psa, Cohort(plain).psa)
    assert Cohort(plain).psa.height > 20
    assert study["target_lesions"]["diameter_mm"].is_null().all()
    same(Cohort(study).recist_visits, Cohort(plain).recist_visits)
    assert Cohort(plain).recist_visits.height > 20
