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


def test_indels_in_runs_of_one_base_speak_for_instability():
    """Three one-base indels among 25 mutations of a panel leave MSI open (0.25); where they lie decides it. No indel
    told says nothing; of an unstable tumour called poorly few in runs are no evidence of stability beyond that of few."""
    base, _ = msi_chances([25], [3], [1.2], "prostate")
    told = [msi_chances([25], [3], [1.2], "prostate", n_told=3, n_in_run=k)[0][0] for k in range(4)]
    assert 0.2 < base[0] < 0.3 and told == sorted(told) and told[0] < 0.05 and told[3] > 0.8
    assert msi_chances([25], [3], [1.2], "prostate", n_told=0, n_in_run=0)[0] == base
    few = [
        msi_chances([1500], [20], [30.0], "colorectal", n_told=t, n_in_run=k)[0][0]
        for t, k in ((20, 5), (0, 0), (20, 17))
    ]
    assert 0.1 < few[0] < few[1] < few[2] and few[2] > 0.8


def test_chances_stay_calibrated_where_runs_are_known(shared_data):
    """The 23 genes whose bases the package knows hold one-base indels of 137 of the 2,203 panels: 55 are unstable, the
    chances sum to 58 (57 without the runs); above 0.9 stand 41 unstable of 42 (39 of 39)."""
    from oncourse.genome.contexts import FLANK, LONG_RUN, run_length
    from oncourse.genome.gene_models import coding_bases, models

    known, other = {}, dict(zip("ACGT", "TGCA", strict=True))
    for gene, bases in coding_bases().items():
        model = models("GRCh37")[gene]
        if "N" in bases:
            continue
        forward = bases if model.forward else "".join(other[b] for b in reversed(bases))
        places = [p for a, b in model.coding for p in range(a, b + 1)]
        known |= {(model.chrom, p): b for p, b in zip(places, forward, strict=True)}
    folder, options = (
        shared_data("prostate_msk_2024"),
        {"separator": "\t", "infer_schema": False, "comment_prefix": "#"},
    )
    columns = ["Tumor_Sample_Barcode", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2"]
    counts = {}
    rows = pl.read_csv(folder / "data_mutations.txt.gz", columns=columns, **options).select(columns)
    for sample, chrom, start, ref, alt in rows.iter_rows():
        found = counts.setdefault(sample, [0, 0, 0, 0])
        found[0] += 1
        if {len(ref), len(alt)} == {1} and "-" in (ref, alt):
            around = [known.get((chrom, p)) for p in range(int(start) - FLANK, int(start) + FLANK + 1)]
            n = None if None in around else run_length("".join(around), ref, alt)
            found[1] += 1
            found[2] += n is not None
            found[3] += n is not None and n >= LONG_RUN
    samples = pl.read_csv(folder / "data_clinical_sample.txt", **options)
    samples = samples.filter(pl.col("MSI_TYPE").is_in(["Stable", "Instable"]))
    n, one, told, runs = np.array([counts.get(s, [0] * 4) for s in samples["SAMPLE_ID"]]).T
    unstable = (samples["MSI_TYPE"] == "Instable").to_numpy()
    high, _ = msi_chances(n, one, np.full(len(n), 1.2), "prostate", n_told=told, n_in_run=runs)
    assert (told > 0).sum() == 137 and 50 <= high.sum() <= 66
    assert unstable[high >= 0.9].mean() > 0.95 and not unstable[high < 0.1].any()


def test_context_columns_tell_the_runs(make_study):
    """GDC writes 5 bases on either side of the VCF's reference (a deletion has one more); three letters tell nothing."""
    from oncourse.cohort import Cohort

    rows = {
        "1:100:T:-": "GCACATTTTTTC",  # GDC's: the base before, then the deleted one
        "1:200:G:-": "ACATCGACTCA",
        "1:300:-:A": "GGTCCAAAAAAT",
        "1:400:C:-": "CCC",
        "1:500:C:A": "AACAT",
    }
    study = make_study(
        patients=[{"patient_id": "P"}],
        assays=[{"assay_id": "wes", "kind": "wes", "callable_mb": 10.0}],
        samples=[{"sample_id": "S", "patient_id": "P", "material": "tissue", "assay_id": "wes"}],
        calls=[{"sample_id": "S", "variant_id": v, "is_called": True} for v in rows],
        variants=[{"variant_id": v, "gene": "G", "consequence": "frameshift", "context": c} for v, c in rows.items()],
    )
    row = Cohort(study).hypermutation.row(0, named=True)
    assert [row[c] for c in ("n_coding", "n_indel_one_base", "n_indel_told", "n_indel_in_run")] == [5, 4, 3, 2]


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
