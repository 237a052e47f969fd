"""MSI by mutations on a cohort that had no part in its numbers: the chances are what happens."""

from __future__ import annotations

from pathlib import Path

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
    assert (high[unstable] > 0.1).all()  # none is said to be stable
    assert np.mean(high[~unstable] < 0.1) > 0.99


def test_lost_proofreading_is_no_instability():
    """POLE tumours of TCGA colon: thousands of mutations, hardly a one-base indel (3,644 with 9; 7,670 with 27)."""
    high, hyper = msi_chances([3644, 7670], [9, 27], [33.0, 33.0], "colorectal", exonuclease=[True, True])
    assert (hyper > 0.95).all() and (high < 0.02).all()
    high, hyper = msi_chances([3644, 7670], [9, 27], [33.0, 33.0], "colorectal")
    assert (hyper > 0.8).all() and (high < 0.2).all()  # POLE not looked at: indels may have been called poorly


def test_unknown_size_gives_no_chance():
    high, hyper = msi_chances([30], [5], [float("nan")])
    assert np.isnan(high[0]) and np.isnan(hyper[0])


def test_reference_burden_has_every_cohort_and_exome():
    """33 cohorts, 10,200 exomes, PRAD 495 (three without a non-silent mutation are not among them)."""
    cohorts = tcga_burden()
    assert len(cohorts) == 33 and sum(map(len, cohorts.values())) == 10_200 and len(cohorts["PRAD"]) == 495


@pytest.fixture(scope="module")
def colon(shared_data):
    """Coding mutations and one-base indels of 351 TCGA colon cancers (Firehose) with MSIsensor's score."""
    path = shared_data("tcga_crc_prad_maf", "fh_COAD.maf.gz")
    columns = ["Tumor_Sample_Barcode", "Variant_Classification", "Reference_Allele", "Tumor_Seq_Allele2"]
    rows = pl.read_csv(path, separator="\t", infer_schema=False, columns=columns)
    rows = rows.filter(~pl.col("Variant_Classification").is_in(["3'UTR", "5'UTR", "Intron", "RNA", "IGR", "5'Flank"]))
    ref, alt = pl.col("Reference_Allele"), pl.col("Tumor_Seq_Allele2")
    one = ((ref == "-") & (alt.str.len_chars() == 1)) | ((alt == "-") & (ref.str.len_chars() == 1))
    counts = rows.group_by(pl.col("Tumor_Sample_Barcode").alias("sample_id")).agg(n=pl.len(), one=one.sum())
    scores = pl.read_csv(Path(__file__).with_name("tcga_coad_msisensor.tsv"), separator="\t", comment_prefix="#")
    return scores.join(counts, on="sample_id")


def test_unstable_tumours_whose_indels_were_called_poorly_are_not_called_stable(colon):
    """59 of 351 are unstable (MSIsensor of 10 and more), a sixth of them with a share of indels as stable ones have."""
    high, _ = msi_chances(colon["n"], colon["one"], np.full(colon.height, 30.0), "colorectal")
    unstable = (colon["msisensor"] >= 10).to_numpy()
    assert (colon.height, unstable.sum()) == (351, 59)
    for low, top, least, most in ((0, 0.01, 0, 0.02), (0.01, 0.1, 0, 0.15), (0.1, 0.9, 0.4, 0.8), (0.9, 1.01, 0.95, 1)):
        seen = unstable[(high >= low) & (high < top)].mean()
        assert least <= seen <= most, (low, top, seen)


def test_an_assay_without_any_indel_tells_nothing_of_instability(make_study):
    """Substitutions alone: 500 in 10 Mb were said to be stable beyond doubt."""
    from oncourse.cohort import Cohort

    variants = [f"1:{i}:A:C" for i in range(1, 501)]
    study = make_study(
        patients=[{"patient_id": "P"}],
        assays=[{"assay_id": "wes", "kind": "wes", "callable_mb": 10.0}],
        samples=[{"sample_id": "S", "patient_id": "P", "material": "tissue", "assay_id": "wes"}],
        calls=[{"sample_id": "S", "variant_id": v, "is_called": True} for v in variants],
        variants=[{"variant_id": v, "gene": "G", "consequence": "missense"} for v in variants],
    )
    row = Cohort(study).hypermutation.row(0, named=True)
    assert (row["p_msi_high"], row["msi_predicted"]) == (None, None)
    assert row["caution"] == "no insertion or deletion of one base was called" and row["tmb_per_mb"] == 50
