"""Candidates of a patient's reads and the tables made of them, on a few bases worked by hand."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from oncourse.genome.coding_change import residue
from oncourse.genome.fasta import Fasta
from oncourse.reads import collect, discover
from oncourse.reads.background import background_of
from oncourse.reads.judge import Rules
from oncourse.reads.profile import Bases, foreign_share
from oncourse.reads.sheet import ReadsSample


def bases(*rows):
    """Rows: contig, 0-based position, reference (0-4), A, C, G, T, deleted; the last of each kind of the F2R1 strand."""
    counts = np.zeros((len(rows), 12), np.int32)
    for row, (_, _, _, *seen) in zip(counts, rows, strict=True):
        row[:5] = np.array(seen) // 2
        row[6:11] = np.array(seen) - row[:5]
    contig, pos, ref = (np.array([r[k] for r in rows]) for k in range(3))
    return Bases(("1", "2"), contig, pos, ref.astype(np.int8), counts)


def test_a_change_takes_three_fragments_and_one_and_a_half_per_cent_of_all_with_deletions():
    """3 of 200 are 1.5 %; of 201, one of them deleted, they are not; of an unknown base nothing is a change."""
    found = discover.from_counts(
        bases(
            (0, 9, 0, 197, 3, 0, 0, 0),
            (0, 10, 1, 0, 50, 0, 2, 0),
            (0, 11, 4, 50, 0, 50, 0, 0),
            (1, 20, 3, 4, 0, 3, 193, 1),
        )
    )
    assert found.rows() == [("1", 10, "A", "C"), ("2", 21, "T", "A")]
    assert found.schema == {"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String}


def test_the_share_of_foreign_bases_leaves_unknown_ones_out():
    seen = bases((0, 9, 0, 96, 4, 0, 0, 7), (0, 10, 4, 50, 50, 0, 0, 0), (0, 11, 3, 0, 0, 2, 98, 0))
    assert foreign_share(seen) == pytest.approx(6 / 200)
    assert foreign_share(bases((0, 9, 4, 5, 5, 5, 5, 0))) == 0.0


def test_neighbouring_changes_may_be_one_of_two_or_three_bases():
    rows = [("1", 5, "A", "T"), ("1", 6, "C", "G"), ("1", 6, "C", "T"), ("1", 7, "G", "A"), ("2", 8, "T", "A")]
    singles = pl.DataFrame(rows, schema=["chrom", "pos", "ref", "alt"], orient="row")
    assert discover.beside_each_other(singles).rows() == [
        ("1", 5, "AC", "TG"),
        ("1", 5, "AC", "TT"),
        ("1", 5, "ACG", "TGA"),
        ("1", 5, "ACG", "TTA"),
        ("1", 6, "CG", "GA"),
        ("1", 6, "CG", "TA"),
    ]


def test_insertions_and_deletions_of_an_alignment_by_their_place():
    """2S 5M 3I 4M 2D 3M 10N 61D 1= 1X 60D 1M from base 11 on (0-based 10): deletions of more than 60 bases are none."""
    cigar = [(4, 2), (0, 5), (1, 3), (0, 4), (2, 2), (0, 3), (3, 10), (2, 61), (7, 1), (8, 1), (2, 60), (0, 1), (1, 1)]
    read = SimpleNamespace(
        reference_name="1", reference_start=10, cigartuples=cigar, query_sequence="abcdefgHIJklmnopqrsTu"
    )
    reference = SimpleNamespace(fetch=lambda chrom, first, last: f"{chrom}:{first}-{last}")
    assert list(discover._events(read, reference)) == [
        ("1", 15, "-", "HIJ"),
        ("1", 20, "1:20-21", "-"),
        ("1", 98, "1:98-157", "-"),
        ("1", 158, "-", "u"),
    ]


@pytest.mark.parametrize(
    ("chrom", "pos", "inside"),
    [("1", 10, True), ("chr1", 20, True), ("1", 9, False), ("1", 21, False), ("2", 15, False)],
)
def test_a_region_is_met_at_both_ends_whatever_the_contig_is_called(chrom, pos, inside):
    assert discover._is_inside({"chr1": np.array([[10, 20], [40, 50]])}, chrom, pos) is inside


def test_candidates_are_joined_by_name_and_parts_of_a_change_counted_too(tmp_path):
    """GATTACAGATTACA: AC > TG at 5 is A > T at 5 and C > G at 6; a wrong reference and N are none; a contig
    of which no reference is at hand stays."""
    (tmp_path / "r.fa").write_text(">1\nGATTACAGATTACANN\n")
    frame = lambda *rows: pl.DataFrame(rows, schema=["chrom", "pos", "ref", "alt"], orient="row")  # noqa: E731
    found = {
        "freebayes": frame(("1", 5, "AC", "TG"), ("1", 1, "C", "T"), ("1", 15, "N", "A"), ("1", 7, "AG", "-")),
        "counts": frame(("1", 5, "A", "T"), ("1", 2, "A", "C"), ("2", 3, "A", "G")),
        "none": frame().cast({"pos": pl.Int64, "chrom": pl.String, "ref": pl.String, "alt": pl.String}),
    }
    assert discover.union(found, Fasta(tmp_path / "r.fa")).rows() == [
        ("1:2:A:C", "counts"),
        ("1:5:A:T", "counts;freebayes"),
        ("1:5:AC:TG", "freebayes"),
        ("1:6:C:G", "freebayes"),
        ("1:7:AG:-", "freebayes"),
        ("2:3:A:G", "counts"),
    ]
    assert discover.union({}, Fasta(tmp_path / "r.fa")).rows() == []


def test_a_hotspot_is_counted_at_every_base_whatever_is_seen():
    """KRAS codon 12 of GRCh38 is 12:25,245,349-25,245,351; the region holds its second base alone."""
    regions = pl.DataFrame({"chrom": ["chr12"], "start": [25_245_350], "end": [25_245_350]})
    place = SimpleNamespace(contigs_of=lambda chrom, pos: [(f"chr{chrom}", pos)])
    at = lambda base: discover.hotspots("GRCh38", regions, SimpleNamespace(fetch=lambda *_: base), place)  # noqa: E731
    assert at("C").rows() == [("chr12", 25_245_350, "C", alt) for alt in "AGT"]
    assert at("N").rows() == []


#: Residues by their change in tumours: G12D, G13D, A59T, Q61H, K117N, A146T; V600E; E542K, E545K, Q546R, H1047R; L702H,
#: W742C, H875Y, T878A, M896V; R175H, G245S, R248Q, R249S, R273H, R282W; S492R; S310F, L755S, V777L; Y87C, F102C, W131G,
#: F133V; S33C, S37F, T41A, S45F.
NAMED = {
    "KRAS": "G12 G13 A59 Q61 K117 A146",
    "NRAS": "G12 G13 A59 Q61 K117 A146",
    "HRAS": "G12 G13 Q61",
    "BRAF": "V600",
    "PIK3CA": "E542 E545 Q546 H1047",
    "AR": "L702 W742 H875 T878 M896",
    "TP53": "R175 G245 R248 R249 R273 R282",
    "EGFR": "S492",
    "ERBB2": "S310 L755 V777",
    "SPOP": "Y87 F102 W131 F133",
    "CTNNB1": "S33 S37 T41 S45",
}


def test_hotspots_are_the_codons_of_known_changes():
    named = {gene: tuple((word[0], int(word[1:])) for word in words.split()) for gene, words in NAMED.items()}
    assert {gene: tuple(n for _, n in codons) for gene, codons in named.items()} == discover.HOTSPOTS
    known = {(gene, a, n): residue(gene, n) for gene, codons in named.items() for a, n in codons}
    assert {place: got for place, got in known.items() if got not in (None, place[1])} == {}
    assert sum(got is not None for got in known.values()) > 20


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({}, False),
        ({"is_called": True}, True),
        ({"found_by": "counts;hotspot"}, True),
        ({"alt_count": 3, "p_noise": 0.9e-3}, True),
        ({"alt_count": 2, "p_noise": 0.9e-3}, False),
        ({"alt_count": 3, "p_noise": 1e-3}, False),
    ],
)
def test_a_site_is_kept_in_all_samples_for_what_one_shows(second, kept):
    row = {"variant_id": "v", "is_called": False, "found_by": "counts", "alt_count": 0, "p_noise": 1.0}
    judged = pl.DataFrame([row, row | second, row | {"variant_id": "w"}])
    assert collect.worth_keeping(judged)["variant_id"].to_list() == ["v", "v"] * kept


def test_stretches_of_thirty_bases_have_the_least_depth_of_theirs():
    depth = {3: 4, 31: 6}
    rows = [(0, pos, 0, depth.get(pos, 10), 0, 0, 0, 0) for pos in [*range(34, -1, -1), 40, 41]] + [
        (1, 42, 0, 7, 0, 0, 0, 1)
    ]
    same = SimpleNamespace(to_genome=lambda frame, *_: frame)
    assert collect.coverage_rows("S", bases(*rows), same).rows() == [
        ("S", "1", 1, 30, 4),
        ("S", "1", 31, 35, 6),
        ("S", "1", 41, 42, 10),
        ("S", "2", 43, 43, 8),
    ]


SAMPLES = (
    ReadsSample("T", "P1", "metastasis", "liver", 5, "wes", preservation="FFPE", purity=0.4),
    ReadsSample("B", "P1", "plasma", "", 9, "panel", umi="6M+T", purity=0.2),
    ReadsSample("N", "P1", "normal", "", None, "panel", umi="6M+T"),
    ReadsSample("X", "P2", "primary", "colon"),
)
PLAN = SimpleNamespace(samples=SAMPLES, lesion=lambda name: {"T": "P1-liver", "X": "P2-colon"}.get(name))
FITTED = {"purity": 0.5, "purity_low": 0.3, "purity_high": 0.7, "ploidy": 2.5, "mean_depth": 80.0}
DONE = {"duplicate_share": 0.1, "insert_median": 170.0, "share_100x": 0.3}


def test_a_row_of_a_sample_holds_what_was_measured_and_a_guess_without_limits():
    quality = {"T": FITTED | DONE, "B": {"mean_depth": 900.0} | DONE, "N": {"mean_depth": 60.0} | DONE}
    frame = collect.sample_rows(PLAN, quality, {"P2": "stopped"})
    ends = ("", "_ci_low", "_ci_high")
    fractions = [f"{name}{end}" for name in ("purity", "tumor_fraction") for end in ends]
    assert frame.select("sample_id", "patient_id", "material", "lesion_id", "assay_id", "day", *fractions).rows() == [
        ("T", "P1", "tissue", "P1-liver", "wes", 5, 0.5, 0.3, 0.7, None, None, None),
        ("B", "P1", "plasma", None, "panel-umi", 9, None, None, None, 0.2, None, None),
        ("N", "P1", "normal", None, "panel-umi", None, None, None, None, None, None, None),
    ]
    assert frame["ploidy"].to_list() == [2.5, None, None]
    assert frame["mean_depth"].to_list() == [80.0, 900.0, 60.0]
    assert frame["preservation"].to_list() == ["FFPE", None, None]
    assert collect.sample_rows(PLAN, quality, {"P1": "stopped", "P2": "stopped"}).height == 0
    rows = [("P1-liver", "P1", "metastasis"), ("P2-colon", "P2", "primary")]
    assert collect.lesion_rows(PLAN).rows() == rows


def test_an_assay_counts_the_bases_that_half_of_its_tumours_read_twenty_times():
    """Depths 19, 20, 21: two bases. The normal of the assay, read 5 times, is not asked for depth, and is for errors."""
    deep, shallow = ([(0, 9 + k, 0, d, 0, 0, 0, 0) for k, d in enumerate(ds)] for ds in ((19, 20, 21), (5, 5, 5)))
    wrong = [(0, 9 + k, 0, 40, 1, 0, 0, 0) for k in range(3)]
    seen = {"T": bases(*deep), "B": bases(*deep), "N": bases(*shallow), "X": bases(*wrong)}
    table = {row["assay_id"]: row for row in collect.assay_rows(PLAN, seen, Rules()).iter_rows(named=True)}
    assert list(table) == ["wes", "panel-umi", "panel"]
    of = lambda *samples: np.mean([np.mean(list(background_of(seen[s]).by_substitution.values())) for s in samples])  # noqa: E731
    error = {"wes": of("T"), "panel-umi": of("B", "N"), "panel": of("X")}
    for name, callable_mb, min_vaf, umi in (("wes", 2e-6, 0.01, False), ("panel-umi", 2e-6, 0.001, True)):
        row = table[name]
        assert (row["callable_mb"], row["min_vaf"], row["has_umi"]) == (callable_mb, min_vaf, umi)
        assert (row["min_depth"], row["min_alt_count"], row["targets"]) == (20, 3, "reads_targets.bed")
        assert row["error_rate"] == pytest.approx(error[name])
    assert (table["panel"]["callable_mb"], table["wes"]["kind"], table["panel-umi"]["kind"]) == (3e-6, "wes", "panel")
    rates = collect.error_rows(PLAN, seen).filter(assay_id="panel-umi")
    both = [background_of(seen[s]).by_substitution for s in ("B", "N")]
    assert dict(rates.select("substitution", "error_rate").iter_rows()) == {
        change: pytest.approx((both[0][change] + both[1][change]) / 2) for change in both[0]
    }


def test_an_assay_of_identifiers_is_named_so_once():
    assays = (("panel", ""), ("panel", "6M+T"), ("Panel-UMI", "6M+T"))
    named = [collect.assay_id(ReadsSample("S", "P", "plasma", assay=a, umi=u)) for a, u in assays]
    assert named == ["panel", "panel-umi", "Panel-UMI"]
