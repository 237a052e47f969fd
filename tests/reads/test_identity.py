"""Swaps and contamination: real reads of two relatives, and mixtures with known shares."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from oncourse.reads.identity import (
    compare,
    contamination,
    explained_by_others,
    genotypes,
    pairs,
    swapped_patients,
)
from oncourse.reads.profile import Bases

pysam = pytest.importorskip("pysam", reason="pysam is not installed (pip install 'oncourse[reads]')")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.10])
def test_contamination_is_within_one_point(share):
    """200 places where people differ (frequency 0.3), 200 fragments each; a foreign genotype by Hardy-Weinberg; 20
    draws."""
    errors = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        own, other = rng.binomial(2, 0.3, 200), rng.binomial(2, 0.3, 200)
        depth = rng.poisson(200, 200)
        alt = rng.binomial(depth, np.clip((1 - share) * own / 2 + share * other / 2, 5e-4, 1 - 5e-4))
        value, low, high, n = contamination(alt.astype(float), depth.astype(float), own, np.full(200, 0.3))
        assert n == int((own != 1).sum()) and low <= value <= high
        errors.append(value - share)
    assert np.abs(errors).max() <= 0.01


@pytest.mark.parametrize("vaf", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("n", [36, 200])
def test_a_mutation_where_others_are_born_with_it_is_no_contamination(n, vaf):
    """A panel of 36 places of which a tumour has mutated one: half of its DNA was said to be another person's."""
    rng = np.random.default_rng(2)
    own, depth = np.where(rng.random(n) < 0.1, 2, 0), rng.poisson(170, n)
    alt = rng.binomial(depth, np.where(own == 2, 1 - 3e-4, 3e-4))
    where = np.flatnonzero(own == 0)[0]
    alt[where] = rng.binomial(depth[where], vaf)
    value, low, high, _ = contamination(alt.astype(float), depth.astype(float), own, np.full(n, 0.1))
    assert value <= 0.005 and low <= 0.001 and high <= 0.02


def test_contamination_is_not_assessable_from_few_places():
    assert contamination(np.zeros(9), np.full(9, 100.0), np.zeros(9, int), np.full(9, 0.3))[0] is None


def test_a_tumour_that_lost_alleles_is_still_its_patient_and_a_relative_is_not():
    """100 places: loss at every heterozygous one leaves no contradiction; a child shares one allele of each."""
    rng = np.random.default_rng(1)
    own = rng.binomial(2, 0.4, 100)
    lost = np.where(own == 1, rng.choice([0, 2], 100), own)
    assert compare(own, lost)[0] == 0
    child = rng.binomial(1, own / 2) + rng.binomial(1, 0.4, 100)
    against, n = compare(own, child)
    assert against / n > 0.1


def _genome(copies, depth=100):
    """Counts of a sample with 0, 1 or 2 copies of C at places whose reference is A."""
    n = len(copies)
    counts = np.zeros((n, 12), np.int32)
    counts[:, 1] = np.asarray(copies) * depth // 2
    counts[:, 0] = depth - counts[:, 1]
    return Bases(("1",), np.zeros(n, np.int64), np.arange(n) * 1_000, np.zeros(n, np.int8), counts)


def test_two_lesions_with_mutations_and_losses_of_their_own_are_of_one_person():
    """40 germline places, 30 mutations and 8 lost alleles of each lesion: the lesions contradict in both directions, and
    stopped their patient. A sample of another person still does, by the normal, or without one by the other lesion."""
    rng = np.random.default_rng(2)
    own, other = np.ones(40, int), rng.binomial(2, 0.3, 40)

    def lesion(k):
        born = own.copy()
        born[8 * k : 8 * k + 8] = rng.choice([0, 2], 8)
        return np.concatenate([born, np.repeat([0, 1, 0], [30 * k, 30, 30 - 30 * k]), np.zeros(40, int)])

    blank, foreign = np.zeros(60, int), np.concatenate([other, np.zeros(60, int), rng.binomial(2, 0.3, 40)])
    bases = {
        "A-normal": _genome(np.concatenate([own, blank, np.zeros(40, int)])),
        "A-one": _genome(lesion(0)),
        "A-two": _genome(lesion(1)),
    }
    patients = dict.fromkeys([*bases, "A-wrong"], "A")
    assert set(pairs(bases, patients, {"A": "A-normal"})["verdict"]) <= {"same", "unclear"}
    assert swapped_patients(pairs(bases, patients, {"A": "A-normal"}), patients) == {}
    wrong = pairs(bases | {"A-wrong": _genome(foreign)}, patients, {"A": "A-normal"})
    assert wrong.filter(pl.col("verdict") == "different").select("sample_1", "sample_2").rows()[0] == (
        "A-normal",
        "A-wrong",
    )
    alone = pairs({"A-one": bases["A-one"], "A-wrong": _genome(foreign)}, patients)
    assert alone["verdict"].to_list() == ["different"]


def test_genotypes_need_depth_and_clear_fractions():
    assert genotypes(np.array([0.0, 5, 10, 2, 3]), np.array([10.0, 10, 10, 10, 6])).tolist() == [
        0,
        1,
        2,
        -1,
        -1,
    ]


def _pairs(*rows):
    names = ("sample_1", "sample_2", "said_same", "n_sites", "n_contradictions", "verdict")
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_misplaced_sample_stops_the_patient_it_was_given_to_and_not_its_own():
    """B_M is A's: A's samples agree among themselves. Two patients that are one person stop both."""
    patients = {"A_N": "A", "A_P": "A", "B_N": "B", "B_M": "B"}
    found = _pairs(
        ("A_N", "A_P", True, 50, 0, "same"),
        ("A_N", "B_M", False, 50, 0, "same"),
        ("A_P", "B_M", False, 50, 0, "same"),
        ("A_N", "B_N", False, 50, 30, "different"),
        ("B_M", "B_N", True, 50, 30, "different"),
    )
    stopped = swapped_patients(found, patients)
    assert list(stopped) == ["B"] and "A_N and B_M look like one person" in stopped["B"]
    assert set(swapped_patients(_pairs(("A_N", "B_N", False, 50, 0, "same")), patients)) == {"A", "B"}


def test_what_another_persons_dna_explains_is_no_mutation():
    """5 % foreign DNA: 10 of 200 fragments of B's own variants are B's; 60 of 200 are not, nor what nobody was born
    with."""
    names = ("sample_id", "variant_id", "alt_count", "depth", "origin")
    judged = {
        "A": pl.DataFrame(
            [("A_T", v, n, 200, "somatic") for v, n in (("v1", 10), ("v2", 60), ("v3", 10))], schema=names, orient="row"
        ),
        "B": pl.DataFrame([("B_N", v, 100, 200, "germline") for v in ("v1", "v2")], schema=names, orient="row"),
    }
    assert explained_by_others(judged, {"A_T": 0.06}, {"A_T": "A", "B_N": "B"}) == {"A_T": {"v1"}}


@pytest.mark.slow
def test_real_reads_of_two_relatives_are_told_apart_and_halves_of_one_are_not(shared_data, tmp_path):
    """HiSeqX panel reads R and T of two members of a family (hartwigmedical/testdata), aligned to the real slices."""
    if missing := [t for t in ("bwa", "samtools") if not shutil.which(t)]:
        pytest.skip(f"not installed: {', '.join(missing)} (make reads-tools)")
    from oncourse.reads.profile import profile

    fasta = tmp_path / "ref.fa"
    with gzip.open(shared_data("reads-ref-slices-hg38", "slices.hg38.fa.gz"), "rt") as file:
        texts = dict(part.split("\n", 1) for part in file.read().split(">")[1:])
    fasta.write_text("".join(f">{name}\n{text}" for name, text in texts.items()))
    subprocess.run(["bwa", "index", str(fasta)], check=True, capture_output=True)
    pysam.faidx(str(fasta))
    folder, bams = shared_data("reads-hmf-cancerpanel", "cancerPanel"), {}
    for sample in "RT":
        files = sorted(folder.rglob(f"*{sample}_*L00[12]_R1_001.fastq.gz"))
        for half in (0, 1):
            name, records = f"{sample}{half}", []
            for one in files:
                for path in (one, one.with_name(one.name.replace("_R1_", "_R2_"))):
                    with gzip.open(path, "rb") as file:
                        lines = file.read().split(b"\n")
                    records.append([b"\n".join(lines[4 * i : 4 * i + 4]) for i in range(half, len(lines) // 4, 2)])
            for end in (0, 1):
                (tmp_path / f"{name}_{end}.fq").write_bytes(
                    b"\n".join(r for part in records[end::2] for r in part) + b"\n"
                )
            bam = tmp_path / f"{name}.bam"
            reads = [str(tmp_path / f"{name}_{end}.fq") for end in (0, 1)]
            sam = subprocess.run(["bwa", "mem", str(fasta), *reads], check=True, capture_output=True)
            subprocess.run(["samtools", "sort", "-o", str(bam), "-"], check=True, input=sam.stdout, capture_output=True)
            pysam.index(str(bam))
            bams[name] = bam
    depths = pysam.samtools.depth("-q", "20", "-Q", "30", *map(str, bams.values())).splitlines()
    covered = [x.split("\t") for x in depths if min(map(int, x.split("\t")[2:])) >= 8]
    places = [(chrom, int(pos) - 1, int(pos)) for chrom, pos, *_ in covered]
    regions = pl.DataFrame(places, ["chrom", "start", "end"], orient="row")
    bases = {name: profile(bam, regions, fasta) for name, bam in bams.items()}
    found = pairs(bases, {name: name[0] for name in bases})
    verdicts = {row["sample_1"] + row["sample_2"]: row["verdict"] for row in found.iter_rows(named=True)}
    assert verdicts["R0R1"] == verdicts["T0T1"] == "same", found
    assert {verdicts[f"R{i}T{j}"] for i in (0, 1) for j in (0, 1)} == {"different"}, found
    # given as one patient with a normal and tumours, they are a swap; the halves of the tumour are not
    found = pairs(bases, dict.fromkeys(bases, "P"), {"P": "R0"})
    verdicts = {row["sample_1"] + row["sample_2"]: row["verdict"] for row in found.iter_rows(named=True)}
    assert verdicts["R0R1"] == verdicts["T0T1"] == "same", found
    assert verdicts["R0T0"] == verdicts["R0T1"] == "different", found
