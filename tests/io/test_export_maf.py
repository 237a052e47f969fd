"""A study's calls as a MAF, read back: the same calls and variants, and so the same answers."""

from __future__ import annotations

import polars as pl
import pytest
from tests.studies import simulated

from oncourse.derive.status.variants import called_rows
from oncourse.io.delivery import read_delivery
from oncourse.io.export_maf import export_maf

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
