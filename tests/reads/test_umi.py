"""Real reads with molecular identifiers (SiMSen-Seq amplicon of PIK3CA exon 21, stahlberggroup/umierrorcorrect)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

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
    (tmp_path / "reads.tsv").write_text(
        f"patient\tsample\trole\tfastq_1\tumi\nU\tU1\tplasma\t{fastq}\t12M16S+T\n"
    )
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
