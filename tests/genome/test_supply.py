"""Substitutions a gene offers: class and effect of each are those that the annotation gives the same variant."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl

from oncourse.genome.annotate import Annotator
from oncourse.genome.contexts import SBS96, classes_of
from oncourse.genome.effect import TRUNCATING
from oncourse.genome.fasta import Fasta
from oncourse.genome.supply import EFFECTS, Supply, of_genome, of_package, supply_of
from oncourse.stats.rng import generator


def test_every_substitution_has_the_class_and_effect_of_its_annotation(shared_data, tmp_path):
    """600 substitutions of coding bases of 26 genes on both strands of GRCh38 slices, exons' ends among them."""
    folder = shared_data("reads-ref-slices-hg38")
    plain = tmp_path / "slices.fa"
    plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
    annotator = Annotator.of_files(plain, folder / "genes.contig.gff3")
    supplies = dict(of_genome(annotator, [m.gene for m in annotator.models]))
    rng, rows = generator(1, "supply"), []
    for model in annotator.models:
        bases = np.concatenate([np.arange(a, b + 1) for a, b in model.coding])
        ends = np.array([e for part in model.coding for e in part])
        chosen = rng.choice(bases, 20), rng.choice(ends, 4)
        reading = bases if model.forward else bases[::-1]
        for pos in np.concatenate(chosen):
            ref = annotator.fasta.fetch(model.chrom, int(pos), int(pos))
            alt = str(rng.choice([b for b in "ACGT" if b != ref]))
            at = int(np.flatnonzero(reading == pos)[0]) + model.lead
            rows.append((f"{model.chrom}:{pos}:{ref}:{alt}", model.gene, at))
    frame = pl.DataFrame(rows, schema=["variant_id", "own", "at"], orient="row").unique("variant_id")
    told = annotator.annotate(frame["variant_id"]).select("variant_id", "gene", "consequence")
    with Fasta(plain) as fasta:
        classes = classes_of(frame.select("variant_id", context=pl.lit(None, pl.String)), fasta)
    both = frame.join(told, on="variant_id").join(classes, on="variant_id").filter(pl.col("gene") == pl.col("own"))
    assert both.height > 500
    for gene, at, consequence, word in both.select("gene", "at", "consequence", "class").iter_rows():
        one = supplies[gene]
        cells = one.kind[at].tolist()
        assert SBS96.index(word) in cells
        effect = EFFECTS[one.effect[at][cells.index(SBS96.index(word))]]
        if consequence in ("splice_site", "splice_region", "start_lost"):
            continue
        expected = {"synonymous": "silent"}.get(consequence, "truncating" if consequence in TRUNCATING else "altering")
        assert effect == expected, (gene, at, consequence, word)


def test_counts_of_a_gene_of_two_codons_by_hand():
    """ATG TAA: one silent change (TAA>TAG; TGA), no stop but the own; N beside the ends leaves those bases out."""
    counts = supply_of("ATGTAA", "NATGTA", "TGTAAN").counts()
    silent, altering, truncating = counts.sum(1)
    assert (silent, altering, truncating) == (1, 11, 0)  # TAG needs the base behind the last one: not known
    whole = supply_of("ATGTAA", "CATGTA", "TGTAAC").counts().sum(1)
    assert whole.tolist() == [2, 16, 0]


def test_the_package_knows_whole_coding_sequences_of_some_genes():
    """TP53: 394 codons with its stop, 9 substitutions each; the first and last base have a neighbour unknown."""
    tp53 = of_package()["TP53"]
    assert tp53.n_codons == 394
    assert tp53.counts().sum() == 394 * 9 - 6
    assert tp53.of_codons(np.ones(96)).sum() == 1.0 or abs(tp53.of_codons(np.ones(96)).sum() - 1) < 1e-12


def test_the_weights_of_codons_are_of_their_known_altering_substitutions():
    """Two codons: the first with two altering ones of class 0 and one of class 2, the second with one of class 1; silent,
    truncating and unknown ones (which would take the last class) count for nothing."""
    kind = np.full((6, 3), -1, np.int8)
    effect = np.full((6, 3), EFFECTS.index("altering"), np.int8)
    kind[0], kind[4] = [0, 0, 2], [1, 95, 95]
    effect[4, 1:] = EFFECTS.index("silent"), EFFECTS.index("truncating")
    weight = np.zeros(96)
    weight[[0, 1, 2, 95]] = 1.0, 5.0, 3.0, 100.0
    assert Supply(kind, effect).of_codons(weight).tolist() == [0.5, 0.5]  # 1 + 1 + 3 and 5, of 10
    assert Supply(kind, effect).of_codons(np.zeros(96)).tolist() == [0.0, 0.0]
