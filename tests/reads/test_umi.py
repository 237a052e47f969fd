"""Real reads with molecular identifiers (SiMSen-Seq amplicon of PIK3CA exon 21, stahlberggroup/umierrorcorrect)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from oncourse.reads.background import background_of, chance_of_noise, contexts
from oncourse.reads.bam import carries_umis
from oncourse.reads.judge import Rules, alpha_of
from oncourse.reads.profile import Bases

pytest.importorskip("pysam", reason="pysam is not installed (pip install 'oncourse[reads]')")


@pytest.mark.skipif(
    any(not shutil.which(t) for t in ("bwa", "samtools", "fastp")),
    reason="bwa, samtools or fastp are not installed",
)
def test_families_of_the_real_amplicon_show_h1047r_and_nothing_else(shared_data, tmp_path):
    """Measured before: 6 of 270 families of >= 3 reads have c.3140A>G (H1047R), 2.2 %; no other change is called."""
    from oncourse.reads.align import align, index_reference
    from oncourse.reads.bam import read_header
    from oncourse.reads.genotype import Counting
    from oncourse.reads.profile import profile, whole_contigs
    from oncourse.reads.sheet import read_plan

    folder = shared_data("reads-umierrorcorrect")
    shutil.copyfile(folder / "amplicon_PIK3CA_H1047.fa", tmp_path / "ref.fa")
    (tmp_path / "reads.yaml").write_text("fasta: ref.fa\n")
    fastq = folder / "test_R1.fastq.gz"
    (tmp_path / "reads.tsv").write_text(f"patient\tsample\trole\tfastq_1\tumi\nU\tU1\tplasma\t{fastq}\t12M16S+T\n")
    plan = read_plan(tmp_path)
    index_reference(tmp_path / "ref.fa")
    bam = align(plan, plan.samples[0])
    bases = profile(
        bam, whole_contigs(read_header(bam)), tmp_path / "ref.fa", counting=Counting(umi=True, min_family=3)
    )
    depth = bases.bases.sum(1)
    other = depth - bases.bases[np.arange(len(depth)), np.minimum(bases.ref, 3)]
    at = int(other.argmax())
    assert bases.pos[at] == 55 and bases.bases[at].tolist()[2] == other[at]  # A>G
    assert abs(int(other[at]) - 6) <= 1 and abs(int(depth[at]) - 270) <= 10
    assert np.delete(other, at).max() <= 1


def _panel(seed, error, depth, *, n=100_000, n_true=200):
    """Return (share of `n_true` mutations at 0.2 % that are called, false calls) of 100 kb read in families.

    Error rates of sites are spread as an exponential; their own background must not be made of the mutations.
    """
    rng = np.random.default_rng(seed)
    rules = Rules()
    depth, ref = rng.poisson(depth, n), rng.integers(0, 4, n).astype(np.int8)
    seen = rng.poisson(depth[:, None] * error * rng.exponential(1, (n, 4)))
    where = rng.choice(n, n_true, replace=False)
    is_true = np.zeros((n, 4), bool)
    is_true[where, (ref[where] + 1) % 4] = True
    seen[is_true] += rng.binomial(depth[:, None].repeat(4, 1)[is_true], 0.002)
    seen[np.arange(n), ref] = 0
    counts = np.zeros((n, 12), np.int32)
    counts[:, :4] = seen
    counts[np.arange(n), ref] = depth - seen.sum(1)
    bases = Bases(("1",), np.zeros(n, np.int64), np.arange(n), ref, counts)
    before, after = contexts(bases)
    rates = background_of(bases).rates[before, ref, after]
    p = chance_of_noise(seen, depth[:, None], rates)
    is_called = (p < alpha_of(rules, n, families=True)) & (seen >= rules.min_count)
    return float(is_called[is_true].mean()), int((is_called & ~is_true).sum())


@pytest.mark.parametrize("error, depth", [(1e-6, 3_300), (3e-6, 3_300), (5e-6, 4_500)])
def test_two_in_a_thousand_molecules_are_found_in_19_of_20_with_one_false_call_in_100_kb_at_most(error, depth):
    """A call takes three families: of 6.6 on average fewer are 4.0 % (Poisson); at a background of 5e-6 it takes four,
    of 9 on average fewer are 2.1 %. Two panels of 200 mutations each."""
    found, false = zip(*(_panel(seed, error, depth) for seed in (3, 4)), strict=True)
    assert np.mean(found) >= 0.95 and np.mean(false) <= 1


@pytest.mark.parametrize(
    "name, tag, has",
    [
        ("A:1:7", None, False),
        ("A:1:7", "ACGT-TTTT", True),
        ("A:1:7:GTAGCT_TGGCTT", None, True),
        ("A:1_ACGTA", None, True),
    ],
)
def test_identifiers_are_found_in_the_tag_or_at_the_end_of_the_name(tmp_path, name, tag, has):
    """fastp and UMI-tools write them into the name; a file with neither is refused where `umi: tag` is said."""
    import pysam

    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 100}]}
    with pysam.AlignmentFile(str(tmp_path / "a.bam"), "wb", header=header) as out:
        read = pysam.AlignedSegment(out.header)
        read.query_name, read.query_sequence, read.flag = name, "ACGT", 4
        if tag:
            read.set_tag("RX", tag)
        out.write(read)
    assert carries_umis(tmp_path / "a.bam", reference=tmp_path / "none.fa") == has
