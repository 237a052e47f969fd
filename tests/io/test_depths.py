"""Depth and MSI of other programs beside the calls: what makes a wild type measured (mosdepth, Picard, MSIsensor)."""

from __future__ import annotations

import json

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io.assays.depths import read_depths
from oncourse.io.files import read_files
from oncourse.io.tree import look_into

HEAD = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT"
THRESHOLDS = ("#chrom start end region 1X 20X 100X", "chr12 25245270 25245390 K 120 120 119", "chr1 99 199 N 90 0 0")


def _put(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(r.split()) for r in rows) + "\n")
    return path


def _vcf(path, *columns):
    cells = " ".join("0/0:50,0:50" if c.endswith("N") else "0/1:70,30:100" for c in columns)
    rows = (f"{HEAD} {' '.join(columns)}", f"chr17 7674220 . C T 9 PASS . GT:AD:DP {cells}")
    return _put(path, "##fileformat=VCFv4.2", "##reference=hg38", *rows)


def test_the_least_depth_is_the_largest_threshold_that_every_base_reaches(tmp_path):
    """mosdepth manual: columns hold the number of bases at each depth or more; 119 of 120 bases at 100X are not all."""
    frame, score = read_depths(_put(tmp_path / "P1_T.thresholds.bed", *THRESHOLDS))
    assert score is None
    assert frame.rows() == [("P1_T", "12", 25245271, 25245390, 20), ("P1_T", "1", 100, 199, 0)]


def test_picard_gives_the_least_depth_of_a_target(tmp_path):
    """CollectHsMetrics PER_TARGET_COVERAGE: chrom, start and end are 1-based; min_coverage is the least."""
    rows = ("chrom start end length name mean_coverage min_coverage", "chr12 25245271 25245390 120 K 300.5 87")
    frame, _ = read_depths(_put(tmp_path / "P1_T.per_target_coverage.txt", *rows))
    assert frame.rows() == [("P1_T", "12", 25245271, 25245390, 87)]


def test_a_mean_depth_makes_nothing_measured(tmp_path):
    path = _put(tmp_path / "P1_T.regions.tsv", "chrom start end region mean", "chr12 1 99 K 512.3")
    with pytest.raises(InputError, match="no least depth"):
        read_depths(path)


def test_files_of_a_sample_are_added_to_it(tmp_path):
    calls = _vcf(tmp_path / "P1_T_vs_P1_N.vcf", "P1_N", "P1_T")
    msi = _put(
        tmp_path / "P1_T_vs_P1_N.msisensor_pro", "Total_Number_of_Sites Number_of_Unstable_Sites %", "100 40 40.0"
    )
    depth = _put(tmp_path / "P1_T.mosdepth.thresholds.bed", *THRESHOLDS)
    tables = read_files([calls], depths=[msi, depth]).tables
    assert tables["samples"].select("sample_id", "msi_score").rows() == [("P1_T", 40.0)]
    assert tables["coverage"].select("sample_id", "min_depth").rows() == [("P1_T", 20), ("P1_T", 0)]


@pytest.mark.parametrize("sites", ["0 0 0.00", "0 0 -nan", "19 19 100.00"])
@pytest.mark.parametrize("column", ["Number_of_Somatic_Sites", "Number_of_Unstable_Sites"])
def test_a_share_of_no_site_is_no_score(tmp_path, column, sites):
    """MSIsensor writes 0.00 of 0 sites (niu-lab/msisensor-ct#7, msisensor2#24): it was recorded as a score of 0."""
    calls = _vcf(tmp_path / "P1_T_vs_P1_N.vcf", "P1_N", "P1_T")
    reading = read_files([calls], depths=[_put(tmp_path / "P1_T.msi", f"Total_Number_of_Sites {column} %", sites)])
    samples = reading.tables["samples"]
    assert [samples[c].to_list() for c in ("msi_score", "msi_status") if c in samples.columns][:1] == [[None]]
    assert not {"MSS", "MSI-H"} & set(samples.get_column("msi_status", default=pl.Series([""])).to_list())
    assert ["fewer than 20 sites" in p.message for p in reading.problems if p.column == "msi_score"] == [True]


@pytest.mark.parametrize(("sites", "score"), [(0, None), (19, None), (500, 2.5), (None, 2.5)])
def test_dragen_s_share_of_few_sites_is_no_score(tmp_path, sites, score):
    said = {"PercentageUnstableSites": "2.5", "ResultIsValid": True}
    said |= {} if sites is None else {"TotalMicrosatelliteSitesAssessed": str(sites)}
    (tmp_path / "P1_T.microsat_output.json").write_text(json.dumps(said), "utf-8")
    assert read_depths(tmp_path / "P1_T.microsat_output.json") == (None, score)


def test_a_result_tree_gives_depth_and_msi(tmp_path):
    """nf-core/sarek: variant_calling/msisensorpro/PAIR/PAIR and reports/mosdepth; nothing said that they were left."""
    one = _put(
        tmp_path / "variant_calling/msisensorpro/P1_T_vs_P1_N/P1_T_vs_P1_N", "Total_Number_of_Sites x %", "1 1 1"
    )
    two = _put(tmp_path / "reports/mosdepth/P1_T/P1_T.recal.thresholds.bed", *THRESHOLDS)
    calls = _vcf(tmp_path / "variant_calling/mutect2/P1_T_vs_P1_N/P1_T_vs_P1_N.vcf", "P1_N", "P1_T")
    tree = look_into(tmp_path)
    assert (set(tree.depths), tree.calls) == ({one, two}, [calls])


def test_purple_s_file_stands_for_sage_s_of_the_same_calls(tmp_path):
    """oncoanalyser writes both; SAGE's has calls that PURPLE no longer has. PURPLE's MSI and burden are read."""
    _vcf(tmp_path / "P1/sage/somatic/P1_T.sage.somatic.vcf", "P1_N", "P1_T")
    _vcf(tmp_path / "P1/purple/P1_T.purple.somatic.vcf", "P1_N", "P1_T")
    _put(
        tmp_path / "P1/purple/P1_T.purple.purity.tsv", "purity ploidy status msStatus tmbPerMb", "0.7 3 NORMAL MSI 43.2"
    )
    assert [p.name for p in look_into(tmp_path).calls] == ["P1_T.purple.somatic.vcf"]
    samples = read_files([tmp_path]).tables["samples"]
    assert samples.select("sample_id", "msi_status", "tmb_per_mb", "purity").rows() == [("P1_T", "MSI-H", 43.2, 0.7)]


def test_an_oncoanalyser_folder_is_one_study_of_its_final_files(tmp_path):
    """nf-core/oncoanalyser, docs/output.md: SAGE, PAVE, GRIPSS, ESVEE, AMBER and PURPLE each write VCF of the same pair.

    SAGE's append file made a second tumour of the RNA; germline sites of PAVE and AMBER became calls; LINX was left.
    """
    kinds = (
        ("sage/somatic", "sage.somatic"),
        ("sage/somatic", "sage.somatic.filtered"),
        ("sage/append", "sage.append"),
        ("sage/germline", "sage.germline.filtered"),
        ("pave", "sage.somatic.filtered.pave"),
        ("pave", "sage.germline.filtered.pave"),
        ("gridss", "gridss"),
        ("gripss/somatic", "gripss.filtered.somatic"),
        ("esvee", "esvee.somatic"),
        ("amber", "amber.contamination"),
        ("purple", "purple.germline"),
        ("purple", "purple.sv.germline"),
        ("purple", "purple.sv"),
        ("purple", "purple.somatic"),
    )
    for tumour in ("S1_T", "S2_T"):
        folder = tmp_path / f"subject_{tumour[1]}"
        for where, words in kinds:
            _vcf(folder / where / f"{tumour}.{words}.vcf", tumour.replace("T", "N"), tumour)
        _put(folder / f"purple/{tumour}.purple.cnv.somatic.tsv", "chromosome start end copyNumber", "12 1 9 3.0")
        linx = folder / f"linx/somatic_annotations/{tumour}.linx.fusion.tsv"
        _put(linx, "name reported phased geneStart geneEnd", "TMPRSS2_ERG true INFRAME TMPRSS2 ERG")
    tree = look_into(tmp_path)
    assert sorted(p.name for p in tree.calls) == [
        f"{tumour}.purple.{kind}.vcf" for tumour in ("S1_T", "S2_T") for kind in ("somatic", "sv")
    ]
    assert all(why for _, why in tree.left)
    tables = read_files([tmp_path]).tables
    assert tables["samples"]["sample_id"].to_list() == ["S1_T", "S2_T"]
    fusions = tables["fusions"].select("sample_id", "gene_5p", "gene_3p").rows()
    assert fusions == [("S1_T", "TMPRSS2", "ERG"), ("S2_T", "TMPRSS2", "ERG")]
    assert tables["segments"]["total_cn"].to_list() == [3.0, 3.0]
