"""One indel, many spellings, one id."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncourse.genome import effect, protein, variant
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import parts, with_parts

GENOME = "GGCATTTTTCACACACGT"  # 1-based: T run at 5-9, CA repeat at 10-15


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "ref.fa"
    path.write_text(f">chr1 a description\n{GENOME[:7]}\n{GENOME[7:14]}\n{GENOME[14:]}\n>chr2\nACGT\n")
    return path


def ids(rows, **options):
    frame = pl.DataFrame(rows, schema=["chrom", "pos", "ref", "alt"], orient="row")
    return variant.normalise(frame, **options)["variant_id"].to_list()


def test_vcf_and_maf_of_an_indel_give_one_id():
    """VCF pads with the base before; MAF gives a deletion its first base and an insertion the base before."""
    assert (
        ids([("chr7", "100", "C", "CTT"), ("7", "100", "-", "TT"), ("7", "99", "ACG", "ACTTG")]) == ["7:100:-:TT"] * 3
    )
    assert ids([("7", "99", "CAT", "C"), ("7", "100", "AT", "-"), ("7", "100", "AT", "")]) == ["7:100:AT:-"] * 3


def test_mitochondria_numbers_and_exponents():
    assert ids([("chrM", "73", "A", "G"), ("23", "4.7e+07", "a", "t"), ("chrY", "100.0", "A", "G")]) == [
        "MT:73:A:G",
        "X:47000000:A:T",
        "Y:100:A:G",
    ]


def test_what_is_no_small_variant_says_why():
    frame = pl.DataFrame(
        [
            ("1", "5", "A", "<DEL>"),
            ("1", "x", "A", "C"),
            ("1", "5", "A", "A"),
            ("", "5", "A", "C"),
            ("1", "5.5", "A", "C"),
        ],
        schema=["chrom", "pos", "ref", "alt"],
        orient="row",
    )
    out = variant.normalise(frame)
    assert out["variant_id"].to_list() == [None] * 5
    assert out["why_not"].to_list() == [
        "not a sequence of bases",
        "no position",
        "no change",
        "no chromosome",
        "no position",
    ]


def test_left_alignment_by_hand(fasta):
    """Deleting any one T of the run 5-9 is the same event; so is any CA of the repeat 10-15 (A at 4: hand-worked)."""
    with Fasta(fasta) as reference:
        runs = [("1", "8", "T", "-"), ("1", "5", "T", "-"), ("1", "8", "TT", "T")]
        assert ids(runs, fasta=reference) == ["1:5:T:-"] * 3
        assert ids([("1", "14", "CA", "-"), ("1", "13", "AC", "-")], fasta=reference) == ["1:10:CA:-"] * 2
        assert ids([("1", "9", "-", "T"), ("1", "15", "-", "CA")], fasta=reference) == ["1:4:-:T", "1:9:-:CA"]


def test_reference_mismatch_is_told(fasta):
    with Fasta(fasta) as reference:
        out = variant.normalise(
            pl.DataFrame({"chrom": ["1", "1", "9"], "pos": [3, 3, 3], "ref": ["C", "A", "A"], "alt": ["T", "T", "T"]}),
            fasta=reference,
        )
    assert out["is_ref_match"].to_list() == [True, False, None]


def test_fasta_with_index_scan_and_gzip_agree(fasta, tmp_path):
    import gzip

    packed = tmp_path / "ref.fa.gz"
    packed.write_bytes(gzip.compress(fasta.read_bytes()))
    scanned = Fasta(fasta).fetch("1", 6, 16)
    offset = fasta.read_text().index("\n") + 1
    (tmp_path / "ref.fa.fai").write_text(f"chr1\t{len(GENOME)}\t{offset}\t7\t8\n")
    assert scanned == Fasta(fasta).fetch("chr1", 6, 16) == Fasta(packed).fetch("1", 6, 16) == GENOME[5:16]


@given(st.integers(2, 16), st.text("ACGT", min_size=1, max_size=3), st.integers(0, 6))
def test_left_alignment_keeps_the_sequence(pos, inserted, shift):
    """Applying the moved insertion to the genome gives the same sequence (plain definition)."""

    class Mock:
        def fetch(self, chrom, start, end):
            return GENOME[start - 1 : end]

        def __contains__(self, chrom):
            return True

    moved, _, alt = variant.left_align(Mock(), "1", pos, "", inserted)
    assert moved <= pos
    assert GENOME[:pos] + inserted + GENOME[pos:] == GENOME[:moved] + alt + GENOME[moved:]


@given(
    st.text("ACGT", min_size=1, max_size=6),
    st.text("ACGT", min_size=1, max_size=6),
    st.text("ACGT", max_size=4),
)
def test_padding_does_not_change_the_id(ref, alt, pad):
    """Bases shared on the left and right of a record say nothing, except in repeats: length and net change stay."""
    left, r, a = variant.trim(pad + ref, pad + alt)
    assert len(r) - len(a) == len(ref) - len(alt)
    assert (pad + ref)[:left] == (pad + alt)[:left]
    assert not r or not a or (r[-1] != a[-1] and r[0] != a[0])


def test_ids_written_otherwise_are_recognised():
    given_ids = pl.Series(["chr7:99:ACG:ACTTG", "7:100:-:TT", "KRAS G12D", "7_100_C_CTT", None])
    assert variant.canonical_ids(given_ids).to_list() == [
        "7:100:-:TT",
        "7:100:-:TT",
        None,
        "7:100:-:TT",
        None,
    ]


def test_protein_spellings():
    texts = ["p.Gly12Asp", "G12D", "p.G12D", "p.?", None, "p.Met1?", "p.X125_splice", "p.*123Kext*?"]
    assert protein.canonicals(pl.Series(texts)).to_list() == [
        "p.G12D",
        "p.G12D",
        "p.G12D",
        None,
        None,
        "p.M1?",
        "p.X125_splice",
        "p.*123Kext*?",
    ]
    codons = pl.DataFrame({"hgvs_p": ["p.X125_splice", "p.*123Kext*?", "p.M1?", "p.="]}).select(protein.codon())
    assert codons["hgvs_p"].to_list() == [125, 123, 1, None]


def test_every_word_maps_into_the_vocabulary():
    assert set(effect._WORDS.values()) <= set(effect.CONSEQUENCES)
    assert set(effect.CONSEQUENCES) >= effect.PROTEIN_CHANGING


def test_unknown_is_not_silent():
    frame = pl.DataFrame({"consequence": ["missense", "synonymous", "unknown", None, "splice_site"]})
    altering = frame.select(yes=effect.is_altering())["yes"]
    assert altering.to_list() == [True, False, None, None, True]


def test_real_msk_protein_changes(shared_data):
    """MSK writes both forms; the three-letter HGVSp made canonical is its HGVSp_Short in every row but a few."""
    from oncourse.io.tabular.text import read_table

    frame = read_table(shared_data("prostate_msk_2024", "data_mutations.txt.gz")).frame
    both = frame.select("HGVSp", "HGVSp_Short").drop_nulls()
    long, short = protein.canonicals(both["HGVSp"]), protein.canonicals(both["HGVSp_Short"])
    assert (long == short).mean() > 0.99


def test_ids_cut_at_their_colons_have_the_parts_of_the_pattern():
    """Plain slow definition (the pattern) beside the cut; one odd id sends all to the pattern."""
    plain = ["7:99:A:-", "X:1:-:TT", "MT:16569:ACG:T", "GL000220.1:5:N:A", None]
    for ids in (plain, [*plain, "HLA-A*01:01:9:A:C"], [*plain, "KRAS:p.G12D", "1:2:3", "1::A:C", "1:5:A:C:G", ""], []):
        frame = pl.DataFrame({"variant_id": ids}, schema={"variant_id": pl.String})
        assert with_parts(frame).equals(frame.with_columns(parts()))


def test_accessions_of_both_builds_are_those_of_ncbi():
    """NCBI's assembly reports GCF_000001405.40 and .25: one version apart on every chromosome."""
    new = (
        "1.11 2.12 3.12 4.12 5.10 6.12 7.14 8.11 9.12 10.11 11.10 12.12 13.11 14.9 15.10 16.10 17.11 18.10 19.10 20.11"
    )
    for one in (*new.split(), "21.9", "22.11", "23.11", "24.10"):
        chrom, version = map(int, one.split("."))
        assert variant.build_of_accession(f"NC_{chrom:06d}.{version}") == "GRCh38"
        assert variant.build_of_accession(f"NC_{chrom:06d}.{version - 1}") == "GRCh37"
        assert variant.build_of_accession(f"NC_{chrom:06d}.{version + 1}") is None


def test_changes_of_a_column_are_canonical_as_each_is():
    texts = [
        "p.L10L",
        "p.L10=",
        "p.X10X",
        "p.Q5*",
        "p.G12D",
        "p.R248Lfs*12",
        "p.R248fs*?",
        "p.*394Gext*9",
        "p.B1B",
        "L10L",
        None,
    ]
    assert protein.canonicals(pl.Series(texts)).to_list() == [protein.canonical(t) for t in texts]
    assert protein.canonical("p.L10L") == "p.L10="
