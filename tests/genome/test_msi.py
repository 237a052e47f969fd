"""MSI by mutations on a cohort that had no part in its numbers: the chances are what happens."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from oncourse.genome.msi import msi_chances, tcga_burden


@pytest.fixture(scope="module")
def prostate(shared_data):
    """Mutations and one-base indels of 2,203 prostate panels with MSIsensor's verdict (prostate_msk_2024)."""
    folder = shared_data("prostate_msk_2024")
    columns = ["Tumor_Sample_Barcode", "Reference_Allele", "Tumor_Seq_Allele2"]
    options = {"separator": "\t", "infer_schema": False, "comment_prefix": "#"}
    rows = pl.read_csv(folder / "data_mutations.txt.gz", columns=columns, **options)
    ref, alt = pl.col("Reference_Allele"), pl.col("Tumor_Seq_Allele2")
    one = ((ref == "-") & (alt.str.len_chars() == 1)) | ((alt == "-") & (ref.str.len_chars() == 1))
    counts = rows.group_by(pl.col("Tumor_Sample_Barcode").alias("SAMPLE_ID")).agg(n=pl.len(), one=one.sum())
    samples = pl.read_csv(folder / "data_clinical_sample.txt", **options)
    table = samples.join(counts, on="SAMPLE_ID", how="left").with_columns(pl.col("n", "one").fill_null(0))
    return table.filter(pl.col("MSI_TYPE").is_in(["Stable", "Instable"]))


def test_chances_are_calibrated_on_panels_that_had_no_part_in_them(prostate):
    """55 of 2,203 are unstable by MSIsensor. Of samples given 0.5-0.8 and 0.8-0.95 about so many are; the sum is near
    55."""
    high, _ = msi_chances(prostate["n"], prostate["one"], np.full(prostate.height, 1.2), "prostate")
    unstable = (prostate["MSI_TYPE"] == "Instable").to_numpy()
    assert 50 <= high.sum() <= 66
    for low, top in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = (high >= low) & (high < top)
        assert np.mean(unstable[inside]) == pytest.approx(high[inside].mean(), abs=0.2)
    sure = high >= 0.9
    assert unstable[sure].mean() >= 0.95  # positive predictive value
    assert (high[unstable] > 0.4).all() and np.mean(high[~unstable] < 0.1) > 0.99


def test_lost_proofreading_is_no_instability():
    """POLE tumours of TCGA colon: thousands of mutations, hardly a one-base indel (3,644 with 9; 7,670 with 27)."""
    high, hyper = msi_chances([3644, 7670], [9, 27], [33.0, 33.0], "colorectal")
    assert (hyper > 0.95).all() and (high < 0.01).all()


def test_unknown_size_gives_no_chance():
    high, hyper = msi_chances([30], [5], [float("nan")])
    assert np.isnan(high[0]) and np.isnan(hyper[0])


def test_reference_burden_has_every_cohort_and_exome():
    """33 cohorts, 10,200 exomes, PRAD 495 (three without a non-silent mutation are not among them)."""
    cohorts = tcga_burden()
    assert len(cohorts) == 33 and sum(map(len, cohorts.values())) == 10_200 and len(cohorts["PRAD"]) == 495
