"""A study's calls as a MAF or as VCF files, read back: the same calls and variants, and so the same answers."""

from __future__ import annotations

import doctest

import polars as pl
import pytest
from tests.studies import simulated

from oncourse.derive.status.variants import called_rows
from oncourse.io import load_study
from oncourse.io.export import vcf as writer
from oncourse.io.export.maf import export_maf
from oncourse.io.export.vcf import export_vcf
from oncourse.io.hospital.delivery import read_delivery
from oncourse.io.native import write_study

CALL = ["sample_id", "variant_id", "alt_count", "depth", "filter"]
VARIANT = ["variant_id", "gene", "hgvs_p", "consequence"]


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_study_reads_the_same_from_its_own_maf(tmp_path, design):
    study = simulated(design)
    called = called_rows(study)
    written = export_maf(study, tmp_path / "study.maf", called)
    assert written == study["calls"].height
    back = read_delivery([tmp_path / "study.maf"]).tables
    ours, theirs = study["calls"].sort(CALL[:2]), back["calls"].sort(CALL[:2])
    same = [c for c in CALL if c in theirs.columns]
    assert ours.select(same).rows() == theirs.select(same).cast({c: ours.schema[c] for c in same}).rows()
    passed = called.select(*CALL[:2], pl.lit(True).alias("passed")).unique()
    judged = ours.join(passed, on=CALL[:2], how="left", maintain_order="left")
    is_call = judged.select(pl.col("is_called").fill_null(pl.col("passed").fill_null(False)))["is_called"]
    assert is_call.to_list() == theirs["is_called"].to_list()
    assert ours.filter(is_call)["origin"].to_list() == theirs.filter(is_call)["origin"].to_list()
    used = study["variants"].join(study["calls"], on="variant_id", how="semi").select(VARIANT).sort("variant_id")
    assert used.rows() == back["variants"].select(VARIANT).sort("variant_id").rows()


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_study_reads_the_same_from_its_own_vcf(tmp_path, design):
    """Beside its other tables; calls of every origin, looked at or called, with and without reads."""
    study = simulated(design, 12)
    rest = {name: frame for name, frame in study.tables.items() if name not in ("calls", "variants")}
    write_study(tmp_path / "s", rest, study.config)
    files, n_left = export_vcf(study, tmp_path / "s" / "vcf", called_rows(study))
    assert n_left == 0 and len(files) == study["calls"].join(study["samples"], on="sample_id")["patient_id"].n_unique()
    back = load_study(tmp_path / "s")
    passed = called_rows(study).select(*CALL[:2]).unique()
    is_call = pl.col("is_called").fill_null(pl.struct(CALL[:2]).is_in(passed.to_struct().implode()))
    assert (
        study["calls"]
        .select(*CALL[:2], is_call)
        .sort(CALL[:2])
        .equals(back["calls"].select(*CALL[:2], "is_called").sort(CALL[:2]))
    )
    columns = [*CALL, "origin"]
    ours, theirs = (s["calls"].sort(CALL[:2]).select(columns) for s in (study, back))
    assert ours.equals(theirs, null_equal=True)
    used = study["variants"].join(study["calls"], on="variant_id", how="semi").select(VARIANT).sort("variant_id")
    assert used.rows() == back["variants"].select(VARIANT).sort("variant_id").rows()


def test_what_a_vcf_is_written_for():
    assert doctest.testmod(writer).failed == 0
