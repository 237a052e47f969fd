"""Tables of tools known by their header: how to hand over what is no MAF, VCF or study."""

from __future__ import annotations

from collections.abc import Sequence

#: Columns a tool's table has (lower case), what it is, and what to do with it. Written from the tools' manuals.
SIGNATURES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("total_number_of_sites", "number_of_somatic_sites"), "an MSIsensor result",
     "Put its last column (percent of unstable sites) into samples.msi_score."),
    (("total_number_of_sites", "number_of_unstable_sites"), "an MSIsensor-pro result",
     "Put its last column (percent of unstable sites) into samples.msi_score."),
    (("chrom", "start", "end", "region", "mean"), "mosdepth's depth by region",
     "Put chrom, start (+ 1), end and the depth into coverage.tsv (min_depth), with the sample_id."),
    (("chrom", "length", "bases", "mean", "min", "max"), "mosdepth's summary",
     "Put the mean depth of the total into samples.mean_depth."),
    (("target", "mean_coverage", "normalized_coverage"), "Picard's coverage per target",
     "Put chrom, start, end and the depth into coverage.tsv (min_depth), with the sample_id."),
    (("#chr", "pos", "count_a", "count_c", "count_g", "count_t"), "an alleleCounter table",
     "It names no variant: join it with the alleles (ref_count, alt_count) and give it as `oncourse import counts`."),
    (("contig", "position", "ref_count", "alt_count", "ref_nucleotide", "alt_nucleotide"), "GATK's CollectAllelicCounts",
     "Add a column sample_id and give it as `oncourse import counts`."),
    (("#uploaded_variation", "location", "allele", "consequence"), "VEP's own output, without read counts",
     "Run VEP with --vcf on the caller's file, and give that VCF."),
    (("purity", "ploidy", "diploidproportion"), "PURPLE's purity table", "Give it with --segments beside the calls."),
    (("chromosome", "start", "end", "copynumber", "minorallelecopynumber"), "PURPLE's segments",
     "Give it with --segments beside the calls."),
    (("#fusionname", "junctionreadcount", "leftgene", "rightgene"), "STAR-Fusion's predictions",
     "Give it with --fusions beside the calls, or put LeftGene and RightGene into fusions.tsv (gene_5p, gene_3p)."),
    (("#gene1", "gene2", "strand1(gene/fusion)"), "Arriba's fusions",
     "Give it with --fusions beside the calls, or put gene1 and gene2 into fusions.tsv (gene_5p, gene_3p)."),
)  # fmt: skip


def named(header: Sequence[str]) -> str | None:
    """Return what a table is and what to do with it, in one sentence; null where nobody knows it.

    >>> named(["Total_Number_of_Sites", "Number_of_Somatic_Sites", "%"])[:26]
    'this is an MSIsensor resul'
    """
    low = {c.strip().strip('"').lower() for c in header}
    for columns, what, cure in SIGNATURES:
        if low >= set(columns):
            return f"this is {what}. {cure}"
    if len(header) > 5 and header[4].startswith("=:"):  # bam-readcount has no header: its first row stands for one
        return (
            "this is bam-readcount's output. It names no variant: join it with the alleles (ref_count, alt_count) and give "
            "it as `oncourse import counts`."
        )
    return None
