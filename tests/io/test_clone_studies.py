"""Tables of clonal evolution tools as study folders and back, by the commands."""

import json

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.export import export
from oncourse.cli.import_ import import_
from oncourse.errors import InputError
from oncourse.io.clones import read_ascn, read_conipher, read_lichee, read_pairtree, read_pyclone_vi
from oncourse.io.clones.studies import read_clone_tables


def pyclone_rows():
    """Two samples, eight variants: four in all cells, four of sample B only; copy number 2+1 at the last."""
    rows = []
    for i in range(8):
        for sample, here in (("primary_1", i < 4), ("liver", True)):
            rows.append(
                {
                    "mutation_id": f"1:{1000 + i}:A:G",
                    "sample_id": sample,
                    "ref_counts": 60 if here else 100,
                    "alt_counts": 40 if here else 0,
                    "major_cn": 2 if i == 7 else 1,
                    "minor_cn": 1,
                    "normal_cn": 2,
                    "tumour_content": 0.8,
                }
            )
    return pl.DataFrame(rows)


@pytest.fixture
def study(tmp_path):
    """A study folder imported from a PyClone-VI table."""
    pyclone_rows().write_csv(tmp_path / "CASE7.tsv", separator="\t")
    run("import", "pyclone", tmp_path / "CASE7.tsv", tmp_path / "study")
    return tmp_path / "study"


def run(command, *words):
    command = {"import": import_, "export": export}[command]
    found = CliRunner().invoke(command, [str(w) for w in words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_a_pyclone_table_becomes_a_study(study):
    samples = pl.read_csv(study / "samples.tsv", separator="\t")
    assert dict(samples.select("sample_id", "purity").iter_rows()) == {"primary_1": 0.8, "liver": 0.8}
    assert samples["patient_id"].unique().to_list() == ["CASE7"]
    roles = dict(pl.read_csv(study / "lesions.tsv", separator="\t").select("lesion_id", "role").iter_rows())
    assert roles == {"CASE7_primary": "primary", "liver": "metastasis"}
    calls = pl.read_csv(study / "calls.tsv", separator="\t")
    assert calls.filter(pl.col("is_called")).height == 12
    segments = pl.read_csv(study / "segments.tsv", separator="\t").filter(pl.col("start") == 1007)
    assert segments["total_cn"].to_list() == [3, 3]


def test_written_and_read_again_the_counts_are_the_same(study, tmp_path):
    first = read_pyclone_vi(tmp_path / "CASE7.tsv")
    for kind in ("pyclone", "conipher", "pairtree", "lichee"):
        run("export", study, "--format", kind, "--out", tmp_path / kind)
    columns = ["variant_id", "sample_id", "alt_count", "depth"]
    again = read_pyclone_vi(tmp_path / "pyclone/CASE7.tsv")
    assert again.sort(columns).equals(first.sort(columns))
    assert read_conipher(tmp_path / "conipher/CASE7.tsv")[0].select(columns).equals(first.select(columns))
    counts, groups = read_pairtree(tmp_path / "pairtree/CASE7.ssm", tmp_path / "pairtree/CASE7.params.json")
    assert counts["alt_count"].sum() == first["alt_count"].sum()
    assert groups.drop_nulls()["cluster_id"].n_unique() == 2
    vaf = read_lichee(tmp_path / "lichee/CASE7.txt").filter(pl.col("sample_id") == "liver")["vaf"]
    assert vaf.max() == pytest.approx(0.5)


@pytest.mark.parametrize("kind", ["conipher", "pairtree", "lichee"])
def test_what_is_exported_is_imported_again(study, tmp_path, kind):
    run("export", study, "--format", kind, "--out", tmp_path / "out")
    name = {"conipher": "CASE7.tsv", "pairtree": "CASE7.ssm", "lichee": "CASE7.txt"}[kind]
    reading = read_clone_tables(kind, tmp_path / "out" / name, depth=100)
    assert reading.tables["samples"]["sample_id"].to_list() == ["liver", "primary_1"]
    assert reading.tables["variants"].height == 8
    assert ("segments" in reading.tables) == (kind != "lichee")  # Pairtree: copies by var_read_prob
    if kind == "pairtree":  # ids s0, s1 ...; the names hold the places
        assert reading.tables["variants"]["gene"].null_count() == 8
        assert "placed before the first base" not in "\n".join(reading.notes)


def test_a_lichee_table_needs_a_depth_and_pairtree_its_samples(tmp_path):
    (tmp_path / "a.txt").write_text("#chr\tpos\tname\tNormal\tT1\n1\t5\tx\t0\t0.4\n")
    with pytest.raises(InputError, match="--depth"):
        read_clone_tables("lichee", tmp_path / "a.txt")
    (tmp_path / "a.ssm").write_text("id\tname\tvar_reads\ttotal_reads\tvar_read_prob\ns0\tx\t1\t2\t0.5\n")
    with pytest.raises(InputError, match="samples are named there"):
        read_clone_tables("pairtree", tmp_path / "a.ssm")
    (tmp_path / "a.params.json").write_text(json.dumps({"samples": ["S"]}))
    assert read_clone_tables("pairtree", tmp_path / "a.ssm").tables["calls"]["depth"].to_list() == [2]


def test_samples_of_two_patients_may_have_one_name(tmp_path):
    head = "CASE_ID\tSAMPLE\tCHR\tPOS\tREF\tALT\tREF_COUNT\tVAR_COUNT\tCOPY_NUMBER_A\tCOPY_NUMBER_B\tACF\n"
    rows = "".join(f"P{p}\tR1\t1\t{100 + p}\tA\tT\t50\t50\t1\t1\t1\n" for p in (1, 2))
    (tmp_path / "c.tsv").write_text(head + rows)
    reading = read_clone_tables("conipher", tmp_path / "c.tsv")
    assert reading.tables["samples"].rows() == [
        ("P1_R1", "P1", "tissue", "P1_R1", "listed_mutations", 1.0, None),
        ("P2_R1", "P2", "tissue", "P2_R1", "listed_mutations", 1.0, None),
    ]


def test_plasma_is_known_by_its_name_and_indels_are_written_our_way(tmp_path):
    """A CONIPHER table of a lesion and cfDNA: no lesion for the blood, its purity a tumour fraction; AT>A becomes
    T>-."""
    rows = [
        {
            "CASE_ID": "K1",
            "SAMPLE": sample,
            "CHR": "20",
            "POS": pos,
            "REF": ref,
            "ALT": alt,
            "REF_COUNT": 70,
            "VAR_COUNT": 30,
            "DEPTH": 100,
            "COPY_NUMBER_A": 1,
            "COPY_NUMBER_B": 1,
            "ACF": acf,
            "PLOIDY": 2,
        }
        for sample, acf in (("K1_liver", 0.6), ("K1_cfDNA", 0.2))
        for pos, ref, alt in ((100, "A", "G"), (10439001, "AT", "A"))
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "K1.tsv", separator="\t")
    said = run("import", "conipher", tmp_path / "K1.tsv", tmp_path / "study")
    assert "taken as plasma or normal by their names: K1_cfDNA" in said and "not normalised" not in said
    samples = pl.read_csv(tmp_path / "study" / "samples.tsv", separator="\t").sort("sample_id")
    assert samples["material"].to_list() == ["plasma", "tissue"]
    assert samples["lesion_id"].to_list() == [None, "K1_liver"]
    assert samples["tumor_fraction"].to_list() == [0.2, None] and samples["purity"].to_list() == [None, 0.6]
    variants = pl.read_csv(tmp_path / "study" / "variants.tsv", separator="\t")["variant_id"].sort().to_list()
    assert variants == ["20:100:A:G", "20:10439002:T:-"]


def test_clonality_columns_of_cbioportal_by_command_and_back(study, tmp_path):
    """Cell fractions, clonality and copies in the ASCN columns; copies come back as copy number of the sites."""
    run("export", study, "--format", "cbioportal", "--out", tmp_path / "portal", "--clonality")
    table = read_ascn(tmp_path / "portal/data_mutations.txt")
    assert table.height == 12  # the called rows
    liver = table.filter(pl.col("sample_id") == "liver").sort("pos")
    assert set(liver["clonal"]) == {"CLONAL"} and (liver["ccf"] > 0.9).all()
    assert (liver["ccf_high"] >= liver["ccf"] - 1e-4).all() and set(liver["method"]) == {"ONCOURSE"}
    assert liver["total_cn"].to_list() == [2.0] * 7 + [3.0] and liver["minor_cn"].to_list() == [1.0] * 8
    run("import", "cbioportal", tmp_path / "portal", tmp_path / "back")
    segments = pl.read_csv(tmp_path / "back/segments.tsv", separator="\t")
    gained = segments.filter(pl.col("start") == 1007, pl.col("sample_id") == "liver")
    assert gained.select("end", "total_cn", "minor_cn").row(0) == (1007, 3, 1)
    assert segments.height == pl.read_csv(study / "segments.tsv", separator="\t").height == 16  # carried beside
    samples = pl.read_csv(tmp_path / "back/samples.tsv", separator="\t")
    assert set(samples["sample_id"]) == {"primary_1", "liver"}  # a name like a role, in two files of the folder
    run("import", "maf", tmp_path / "portal/data_mutations.txt", tmp_path / "from_maf")
    assert pl.read_csv(tmp_path / "from_maf/segments.tsv", separator="\t").height == 12


def test_segments_of_a_sample_win_over_the_ascn_columns(tmp_path):
    maf = pl.DataFrame(
        {
            "Hugo_Symbol": ["TP53", "KRAS"],
            "Chromosome": ["17", "12"],
            "Start_Position": [7577121, 25398284],
            "Reference_Allele": ["G", "C"],
            "Tumor_Seq_Allele2": ["A", "T"],
            "Tumor_Sample_Barcode": ["S1", "S2"],
            "t_alt_count": [30, 20],
            "t_ref_count": [70, 80],
            "Variant_Classification": ["Missense_Mutation"] * 2,
            "ASCN.TOTAL_COPY_NUMBER": ["4", "NA"],
            "ASCN.MINOR_COPY_NUMBER": ["1", "NA"],
        }
    )
    maf.write_csv(tmp_path / "x.maf", separator="\t")
    run("import", "maf", tmp_path / "x.maf", tmp_path / "alone")
    alone = pl.read_csv(tmp_path / "alone/segments.tsv", separator="\t")
    assert alone.select("sample_id", "total_cn", "minor_cn").rows() == [("S1", 4, 1)]
    pl.DataFrame({"sample_id": ["S1"], "chrom": ["17"], "start": [1], "end": [9_000_000], "total_cn": [3.0]}).write_csv(
        tmp_path / "cn.tsv", separator="\t"
    )
    run("import", "maf", tmp_path / "x.maf", tmp_path / "given", "--segments", tmp_path / "cn.tsv")
    given = pl.read_csv(tmp_path / "given/segments.tsv", separator="\t")
    assert given.select("sample_id", "total_cn").rows() == [("S1", 3)]


def test_of_ten_plasmas_by_their_names_eight_are_named_and_all_counted(tmp_path):
    one = pyclone_rows().filter(pl.col("sample_id") == "liver")
    names = ["liver", *(f"K{i}_cfDNA" for i in range(10))]
    pl.concat([one.with_columns(sample_id=pl.lit(n)) for n in names]).write_csv(tmp_path / "K.tsv", separator="\t")
    notes = read_clone_tables("pyclone", tmp_path / "K.tsv").notes
    named = [n for n in notes if n.startswith("taken as plasma or normal by their names: ")]
    assert len(named) == 1 and named[0].count("_cfDNA") == 8 and named[0].endswith(" ... (10)")
