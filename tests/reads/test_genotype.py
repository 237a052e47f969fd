"""The genotyper against samtools, against reads written by hand, and against simulated truth."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.reads.genotype import Counting, genotype

pysam = pytest.importorskip("pysam", reason="pysam is not installed (pip install 'oncourse[reads]')")

CHROM = "7"


def _pileup(path: Path) -> dict[tuple[str, int], Counter[str]]:
    """Return bases per position as `samtools mpileup -x` (mates not joined) prints them."""
    lines = pysam.samtools.mpileup("-x", "-A", "-B", "-d", "0", "-Q", "20", "-q", "20", str(path)).splitlines()
    found = {}
    for line in lines:
        chrom, pos, _, _, text = line.split("\t")[:5]
        text = re.sub(r"\^.|\$", "", text)
        while grown := re.search(r"[+-](\d+)", text):
            text = text[: grown.start()] + text[grown.end() + int(grown[1]) :]
        found[chrom, int(pos)] = Counter(text.upper())
    return found


def _deleted(path: Path) -> set[tuple[str, int]]:
    """Return the positions that some read deletes: samtools judges a deletion by a base beside it."""
    found = set()
    with pysam.AlignmentFile(str(path)) as file:
        for read in file:
            at = read.reference_start + 1
            for kind, length in read.cigartuples or ():
                if kind in (2, 3):
                    found.update((read.reference_name, p) for p in range(at, at + length))
                at += length if kind in (0, 2, 3, 7, 8) else 0
    return found


@pytest.mark.parametrize(
    "name, least",
    [
        ("reads-freebayes-tiny/NA12878.chr22.tiny.bam", 12_000),
        ("reads-hcc1954-manta/G15512.HCC1954.1.COST16011_region.bam", 3_000),
        ("reads-ctdnatools/T1.bam", 700),
    ],
)
def test_reads_at_every_base_are_those_of_samtools_mpileup(shared_data, name, least):
    """samtools mpileup -x -A -B -Q 20 -q 20 (in pysam), every covered position, each of the six pairs of two bases."""
    path = shared_data(*name.split("/"))
    pileup, deleted = _pileup(path), _deleted(path)
    places = sorted(pileup)
    assert len(places) >= least
    pairs = [("A", "C"), ("C", "G"), ("G", "T"), ("T", "A")]
    ids = [f"{c}:{p}:{pairs[i % 4][0]}:{pairs[i % 4][1]}" for i, (c, p) in enumerate(places)]
    counts = genotype(path, pl.Series(ids), counting=Counting(unit="reads"))
    for i, (place, row) in enumerate(zip(places, counts.iter_rows(named=True), strict=True)):
        ref, alt = pairs[i % 4]
        bases = pileup[place]
        assert (row["ref_count"], row["alt_count"]) == (bases[ref], bases[alt]), place
        rest = sum(bases[b] for b in "ACGT" if b not in (ref, alt))
        assert row["other_count"] == rest or place in deleted, place


def test_cram_counts_are_those_of_its_bam(shared_data, tmp_path):
    folder = shared_data("reads-freebayes-tiny")
    ids = pl.Series([f"q:{p}:A:C" for p in range(1_000, 11_000, 7)])
    bam = genotype(folder / "NA12878.chr22.tiny.bam", ids)
    for name in ("NA12878.chr22.tiny.cram", "q.fa"):
        shutil.copyfile(folder / name, tmp_path / name)
    cram = tmp_path / "NA12878.chr22.tiny.cram"
    pysam.index(str(cram))
    assert genotype(cram, ids, reference=tmp_path / "q.fa").equals(bam)
    assert bam["depth"].sum() > 40_000


class Reads:
    """A BAM file written read by read over a made-up contig."""

    def __init__(self, folder: Path, bases: str):
        self.folder, self.bases, self.reads = folder, bases, []
        self.fasta = folder / "ref.fa"
        self.fasta.write_text(f">{CHROM}\n{bases}\n")

    def add(self, name, start, sequence, cigar, *, flag=0, quality=37, mapq=60, tags=(), mate=None, span=0):
        read = pysam.AlignedSegment()
        read.query_name, read.flag, read.reference_id, read.reference_start = name, flag, 0, start
        read.mapping_quality, read.cigarstring, read.query_sequence = mapq, cigar, sequence
        read.query_qualities = pysam.qualitystring_to_array(chr(33 + quality) * len(sequence))
        if mate is not None:
            read.next_reference_id, read.next_reference_start, read.template_length = 0, mate, span
        read.set_tags(list(tags))
        self.reads.append(read)

    def write(self, name="s.bam", **header) -> Path:
        path = self.folder / name
        head = {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": CHROM, "LN": len(self.bases)}],
        } | header
        with pysam.AlignmentFile(str(path), "wb", header=head) as out:
            for read in sorted(self.reads, key=lambda r: r.reference_start):
                out.write(read)
        pysam.index(str(path))
        return path


@pytest.fixture
def reads(tmp_path):
    rng = np.random.default_rng(4)
    return Reads(tmp_path, "".join(rng.choice(list("ACGT"), 400)))


def _one(path, variant, reference=None, **counting):
    return genotype(path, pl.Series([variant]), reference=reference, counting=Counting(**counting)).row(0, named=True)


def _other(base):
    return "ACGT"["ACGT".index(base) - 1]


def _put(bases, at, text):
    return bases[:at] + text + bases[at + len(text) :]


def test_mates_that_overlap_count_once_and_contradiction_counts_for_neither(reads):
    """Three fragments over base 101: both mates variant, mates that differ, one mate of low quality there."""
    ref = reads.bases
    alt = _other(ref[100])
    changed = _put(ref, 100, alt)
    for name, one, two, quality in (
        ("a", changed, changed, 37),
        ("b", changed, ref, 37),
        ("c", changed, ref, 5),
    ):
        reads.add(name, 60, one[60:120], "60M", flag=0x63, mate=80, span=80)
        reads.add(name, 80, two[80:140], "60M", flag=0x93, quality=quality, mate=60, span=-80)
    row = _one(reads.write(), f"{CHROM}:101:{ref[100]}:{alt}")
    assert (row["alt_count"], row["ref_count"], row["discordant_count"], row["depth"]) == (2, 0, 1, 2)
    assert (row["alt_forward"], row["alt_reverse"], row["alt_f1r2"], row["alt_f2r1"]) == (2, 1, 2, 0)


def test_duplicates_low_mapping_quality_and_secondary_reads_do_not_count(reads):
    ref = reads.bases
    for flag, mapq in ((0, 60), (0x400, 60), (0x100, 60), (0, 19), (0x200, 60), (16, 20)):
        reads.add(f"r{flag}.{mapq}", 60, ref[60:120], "60M", flag=flag, mapq=mapq)
    assert _one(reads.write(), f"{CHROM}:101:{ref[100]}:{_other(ref[100])}")["ref_count"] == 2


def test_several_changed_bases_are_one_variant_and_one_of_them_alone_is_another(reads):
    ref = reads.bases
    both = _put(ref, 100, _other(ref[100]) + _other(ref[101]))
    reads.add("a", 60, both[60:120], "60M")
    reads.add("b", 60, _put(ref, 100, _other(ref[100]))[60:120], "60M")
    reads.add("c", 60, ref[60:120], "60M")
    reads.add("d", 60, both[60:101], "41M")  # ends between the two: says nothing
    row = _one(reads.write(), f"{CHROM}:101:{ref[100:102]}:{both[100:102]}")
    assert (row["ref_count"], row["alt_count"], row["other_count"]) == (1, 1, 1)


def test_an_indel_is_its_exact_allele_wherever_the_repeat_let_the_aligner_put_it(tmp_path):
    """Deletion of one A of AAAAA, written left or right; of two; a read that ends within the repeat says nothing."""
    rng = np.random.default_rng(5)
    head, tail = ("".join(rng.choice(list("CGT"), 100)) for _ in range(2))
    reads = Reads(tmp_path, f"{head}AAAAA{tail}")
    ref = reads.bases
    gone = ref[:100] + ref[101:]
    reads.add("left", 60, gone[60:130], "40M1D30M")
    reads.add("right", 60, gone[60:130], "44M1D26M")
    reads.add("two", 60, (ref[:100] + ref[102:])[60:130], "40M2D30M")
    reads.add("whole", 60, ref[60:130], "70M")
    reads.add("within", 60, ref[60:104], "44M")
    reads.add("inserted", 60, (ref[:100] + "A" + ref[100:])[60:130], "40M1I29M")
    path = reads.write()
    for variant in (f"{CHROM}:101:A:-", f"{CHROM}:105:A:-"):
        row = _one(path, variant, reads.fasta)
        assert (row["ref_count"], row["alt_count"], row["other_count"]) == (1, 2, 2), variant
    assert _one(path, f"{CHROM}:100:-:A", reads.fasta)["alt_count"] == 1
    assert _one(path, f"{CHROM}:100:-:C", reads.fasta)["alt_count"] == 0


def test_families_outvote_an_error_and_need_both_strands_for_duplex(reads):
    """Two families of three copies; one copy of the first has an error; only the second was seen from both strands."""
    ref = reads.bases
    changed = _put(ref, 100, _other(ref[100]))
    variant = f"{CHROM}:101:{ref[100]}:{changed[100]}"
    for n, bases in enumerate((ref, ref, ref, changed)):
        reads.add(f"a{n}", 60, bases[60:160], "100M", flag=0x63, mate=150, span=150, tags=[("RX", "ACGT-GGTT")])
    for n in range(2):
        reads.add(f"b{n}", 60, changed[60:160], "100M", flag=0x63, mate=150, span=150, tags=[("RX", "CCCC-AGAG")])
        reads.add(f"c{n}", 60, changed[60:160], "100M", flag=0xA3, mate=150, span=150, tags=[("RX", "AGAG-CCCC")])
    reads.add(
        "e", 60, changed[60:160], "100M", flag=0x63, mate=150, span=150, tags=[("RX", "CCCC-AGAT")]
    )  # error in UMI
    path = reads.write()
    simplex = _one(path, variant, umi=True, min_family=3)
    assert (simplex["ref_count"], simplex["alt_count"], simplex["depth"]) == (1, 1, 2)
    duplex = _one(path, variant, umi=True, min_family=2, duplex=True)
    assert (duplex["ref_count"], duplex["alt_count"]) == (0, 1)
    assert _one(path, variant)["alt_count"] == 6


def test_umi_at_the_end_of_the_read_name_is_found(reads):
    ref = reads.bases
    for n, umi in enumerate(("ACGTACGT", "ACGTACGT", "TTTTACGT")):
        reads.add(f"M1:22:A:{n}:{umi}", 60, ref[60:160], "100M")
    row = _one(reads.write(), f"{CHROM}:101:{ref[100]}:{_other(ref[100])}", umi=True)
    assert row["ref_count"] == 2


def test_a_file_that_cannot_be_used_says_why_and_what_helps(tmp_path, reads):
    ref = reads.bases
    reads.add("a", 60, ref[60:120], "60M")
    good = reads.write()
    site = f"{CHROM}:101:{ref[100]}:{_other(ref[100])}"
    unindexed = tmp_path / "unindexed.bam"
    shutil.copy(good, unindexed)
    unsorted = reads.write("unsorted.bam", HD={"VN": "1.6", "SO": "queryname"})
    cut = tmp_path / "cut.bam"
    cut.write_bytes(good.read_bytes()[:-28])
    empty = tmp_path / "empty.bam"
    empty.touch()
    sam = tmp_path / "reads.sam"
    sam.write_text(f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:{CHROM}\tLN:1000\n")
    text = tmp_path / "text.bam"
    text.write_text("chromosome\tposition\n")
    for path, words in (
        (unindexed, "samtools index"),
        (unsorted, "samtools sort"),
        (cut, "cut short"),
        (empty, "empty"),
        (text, "no BAM or CRAM"),
        (sam, "is text .SAM.*samtools sort -o reads.bam reads.sam"),
        (tmp_path / "absent.bam", "no such file"),
    ):
        with pytest.raises(InputError, match=words):
            _one(path, site)
    with pytest.raises(InputError, match=r"has no contig 9.*another genome build"):
        _one(good, "9:101:A:C")
    with pytest.raises(InputError, match="give --fasta"):
        _one(good, f"{CHROM}:101:{ref[100]}:-")
