"""Consequence and HGVS by place with a reference: a hand-made genome on both strands, textbook variants, snpEff."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.genome.annotate import Annotator, Reference
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_files import read_gene_models
from oncourse.genome.gene_models import Model, models
from oncourse.genome.place_effect import opposite
from oncourse.genome.protein import codon
from oncourse.genome.protein_change import coding_change
from oncourse.genome.spliced import Spliced
from oncourse.genome.variant import normalise
from oncourse.stats.rng import generator

#: Two exons: 5' UTR CCC, ATG GCA AAA AAC | GTAAG..intron..TTCAG | TTT TGC TAA, 3' UTR GGT TAG C. Protein MAKNFC*.
_GENOME = "".join(("TACGTTACGA", "CCCATGGCAAAAAAC", "GTAAGCTAGCTAACTTCAG", "TTTTGCTAAGGTTAGC", "ACGTACGT"))
#: Name -> place, reference, alternative on the forward strand, consequence, c., p.
CASES = {
    "5' UTR": (12, "C", "G", "utr5", "c.-2C>G", None),
    "before the gene": (9, "G", "T", "upstream", "c.-5G>T", None),
    "start lost": (15, "T", "C", "start_lost", "c.2T>C", "p.M1?"),
    "start deleted from the UTR on": (12, "CCA", "-", "start_lost", "c.-2_1delCCA", "p.M1?"),
    "from before the gene over its start": (9, "GACCCAT", "-", "start_lost", "c.-4_3delACCCATG", "p.M1?"),
    "the whole gene": (5, _GENOME[4:64], "-", "protein_altering", f"c.-9_*11del{_GENOME[4:64]}", None),
    "a whole exon with its sites": (20, _GENOME[19:30], "-", "splice_site", f"c.7_12+5del{_GENOME[19:30]}", None),
    "missense": (18, "C", "A", "missense", "c.5C>A", "p.A2E"),
    "synonymous": (19, "A", "T", "synonymous", "c.6A>T", "p.A2="),
    "synonymous at the exon's end": (25, "C", "T", "splice_region", "c.12C>T", "p.N4="),
    "nonsense": (23, "A", "T", "missense", "c.10A>T", "p.N4Y"),
    "two bases, two codons": (19, "AA", "GT", "nonsense", "c.6_7delAAinsGT", "p.K3*"),
    "one of six A deleted": (19, "A", "-", "frameshift", "c.11delA", "p.N4Tfs"),
    "an A inserted": (18, "-", "A", "frameshift", "c.11dupA", "p.N4Kfs"),
    "three bases deleted": (19, "AAA", "-", "inframe_deletion", "c.9_11delAAA", "p.K3del"),
    "three bases put in": (16, "-", "TTT", "inframe_insertion", "c.3_4insTTT", "p.M1_A2insF"),
    "a codon doubled": (16, "-", "GCA", "inframe_insertion", "c.4_6dupGCA", "p.A2dup"),
    "unequal replacement": (17, "GCA", "TT", "frameshift", "c.4_6delGCAinsTT", "p.A2Lfs"),
    "donor site": (26, "G", "A", "splice_site", "c.12+1G>A", None),
    "donor region": (30, "G", "C", "splice_region", "c.12+5G>C", None),
    "middle of the intron": (35, "C", "T", "intron", "c.12+10C>T", None),
    "acceptor site": (44, "G", "C", "splice_site", "c.13-1G>C", None),
    "over the exon's end": (25, "CGT", "-", "splice_site", "c.12_12+2delCGT", None),
    "lost stop": (51, "T", "C", "stop_lost", "c.19T>C", "p.*7Qext*2"),
    "frame shifted into the UTR": (48, "T", "-", "frameshift", "c.16delT", "p.C6Afs"),
    "3' UTR": (55, "G", "A", "utr3", "c.*2G>A", None),
    "behind the gene": (61, "A", "G", "downstream", "c.*8A>G", None),
}


def _model(forward: bool) -> Model:
    one, two = (11, 25), (45, 60)
    coding = [(14, 25), (45, 53)]
    if forward:
        return Model("GENE", "1", True, [one, two], coding, "TX")
    exons, coding = ([(_mirror(b), _mirror(a)) for a, b in reversed(x)] for x in ([one, two], coding))
    return Model("GENE", "1", False, exons, coding, "TX")


def _mirror(pos: int) -> int:
    return len(_GENOME) + 1 - pos


def _annotator(folder: Path, forward: bool) -> Annotator:
    path = folder / f"{forward}.fa"
    path.write_text(f">chr1\n{_GENOME if forward else opposite(_GENOME)}\n")
    return Annotator(Fasta(path), [_model(forward)])


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_hand_made_gene_is_named_as_worked_out_by_hand(name: str, forward: bool, tmp_path: Path) -> None:
    """The same gene on the other strand: the mirrored variant has the same name."""
    pos, ref, alt, consequence, hgvs_c, hgvs_p = CASES[name]
    if not forward:
        pos = _mirror(pos + 1) if ref == "-" else _mirror(pos + len(ref) - 1)
        ref, alt = (a if a == "-" else opposite(a) for a in (ref, alt))
    found = _annotator(tmp_path, forward).annotate(pl.Series([f"1:{pos}:{ref}:{alt}"])).to_dicts()[0]
    assert (found["consequence"], found["hgvs_c"], found["hgvs_p"]) == (consequence, hgvs_c, hgvs_p)


#: Case -> first and last codon: of base n of the coding sequence (n - 1) // 3 + 1, of an insertion those beside it.
CODONS = {
    "three bases deleted": (3, 4),
    "one of six A deleted": (4, 4),
    "an A inserted": (4, 4),
    "three bases put in": (1, 2),
    "a codon doubled": (2, 3),
    "unequal replacement": (2, 2),
    "two bases, two codons": (2, 3),
    "frame shifted into the UTR": (6, 6),
}


def test_codons_are_those_of_the_changed_bases(tmp_path: Path) -> None:
    annotator = _annotator(tmp_path, True)
    for name, codons in CODONS.items():
        pos, ref, alt, *_ = CASES[name]
        found = annotator.annotate(pl.Series([f"1:{pos}:{ref}:{alt}"])).to_dicts()[0]
        assert (found["codon_first"], found["codon_last"]) == codons, name


def test_an_indel_has_one_name_wherever_its_caller_puts_it(tmp_path: Path) -> None:
    """Six A of codons 2-4: each of them deleted is c.11delA, each place of one more c.11dupA."""
    annotator = _annotator(tmp_path, True)
    ids = [f"1:{p}:A:-" for p in range(19, 25)] + [f"1:{p}:-:A" for p in range(18, 25)]
    names = annotator.annotate(pl.Series(ids))["hgvs_c"].to_list()
    assert names == ["c.11delA"] * 6 + ["c.11dupA"] * 7


def test_a_reference_allele_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    found = _annotator(tmp_path, True).annotate(pl.Series(["1:18:G:A", "1:18:GC:-", "2:5:A:C", None]))
    assert found["is_ref_match"].to_list() == [False, False, None, None]
    assert found["hgvs_c"].null_count() == found["consequence"].null_count() == 4
    assert found["gene"].to_list() == ["GENE", "GENE", None, None]


def test_random_variants_are_named_alike_on_both_strands(tmp_path: Path) -> None:
    """200 random changes of up to 5 bases; names are of the transcript, so the strand cannot matter."""
    rng = generator(3, "strands")
    both = _annotator(tmp_path, True), _annotator(tmp_path, False)
    rows = []
    for _ in range(200):
        pos, width = int(rng.integers(5, len(_GENOME) - 8)), int(rng.integers(0, 4))
        ref = _GENOME[pos - 1 : pos - 1 + width]
        alt = "".join(rng.choice(list("ACGT"), int(rng.integers(0, 6))))
        if ref != alt:
            rows.append((pos - (not ref), ref, alt))
    frame = pl.DataFrame(rows, schema=["pos", "ref", "alt"], orient="row").with_columns(chrom=pl.lit("1"))
    frame = normalise(frame)
    other = []
    for pos, ref, alt in frame.select("pos", "ref", "alt").iter_rows():
        place = _mirror(pos + 1) if ref == "-" else _mirror(pos + len(ref) - 1)
        other.append(":".join(["1", str(place), *(a if a == "-" else opposite(a) for a in (ref, alt))]))
    one, two = both[0].annotate(frame["variant_id"]), both[1].annotate(pl.Series(other))
    columns = ["consequence", "hgvs_c", "hgvs_p", "codon_first", "codon_last", "is_ref_match"]
    assert one.select(columns).equals(two.select(columns))
    assert one["hgvs_c"].null_count() == 0


_GTF = """#!genome
1\tx\ttranscript\t11\t60\t.\t+\t.\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE"; tag "basic"; tag "MANE_Select";
1\tx\texon\t11\t25\t.\t+\t.\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE";
1\tx\tCDS\t14\t25\t.\t+\t0\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE";
1\tx\texon\t45\t60\t.\t+\t.\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE";
1\tx\tCDS\t45\t50\t.\t+\t0\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE";
1\tx\tstop_codon\t51\t53\t.\t+\t0\tgene_id "G"; transcript_id "TX.2"; gene_name "GENE";
1\tx\ttranscript\t1\t70\t.\t+\t.\tgene_id "G"; transcript_id "LONG"; gene_name "GENE"; tag "Ensembl_canonical";
1\tx\texon\t1\t70\t.\t+\t.\tgene_id "G"; transcript_id "LONG"; gene_name "GENE";
1\tx\tCDS\t1\t69\t.\t+\t0\tgene_id "G"; transcript_id "LONG"; gene_name "GENE";
"""
_GFF3 = """##gff-version 3
NC_000001.11\tx\tgene\t11\t60\t.\t+\t.\tID=gene:G;Name=GENE
NC_000001.11\tx\tmRNA\t11\t60\t.\t+\t.\tID=transcript:TX;Parent=gene:G;tag=MANE Select
NC_000001.11\tx\texon\t11\t25\t.\t+\t.\tParent=transcript:TX
NC_000001.11\tx\texon\t45\t60\t.\t+\t.\tParent=transcript:TX
NC_000001.11\tx\tCDS\t14\t25\t.\t+\t0\tID=p;Parent=transcript:TX
NC_000001.11\tx\tCDS\t45\t53\t.\t+\t0\tID=p;Parent=transcript:TX
NC_000001.11\tx\tmRNA\t1\t70\t.\t+\t.\tID=transcript:LONG;Parent=gene:G
NC_000001.11\tx\texon\t1\t70\t.\t+\t.\tParent=transcript:LONG
NC_000001.11\tx\tCDS\t1\t69\t.\t+\t0\tParent=transcript:LONG
"""
_PRED = "585\tTX\tchr1\t+\t10\t60\t13\t53\t2\t10,44,\t25,60,\t0\tGENE\tcmpl\tcmpl\t0,0,\n"


@pytest.mark.parametrize("text", [_GTF, _GFF3, _PRED, _PRED.split("\t", 1)[1]])
def test_gtf_gff3_and_gene_pred_say_the_same(text: str, tmp_path: Path) -> None:
    """GTF leaves the stop codon out of CDS; MANE Select goes before a longer transcript; genePred counts from 0."""
    path = tmp_path / "genes.gz"
    path.write_bytes(gzip.compress(text.encode()))
    (model,) = read_gene_models(path)
    assert (model.gene, model.chrom, model.forward, model.exons, model.coding, model.lead) == (
        "GENE",
        "1",
        True,
        [(11, 25), (45, 60)],
        [(14, 25), (45, 53)],
        0,
    )
    assert model.transcript.startswith("TX")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("gene\tx\nA\t1\n", "neither GTF"),
        ("##gff-version 3\n", "GFF3"),
        *(
            (f'1\tx\texon\t{ends}\t.\t+\t.\ttranscript_id "T"; gene_name "G";\n' * 2, "2 features have no start")
            for ends in ("x\t9", "5\t.", "9\t5")
        ),
    ],
)
def test_a_file_without_gene_models_is_refused_with_the_cure(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "genes.gff"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_gene_models(path)


def test_an_index_of_another_file_is_not_believed(tmp_path: Path) -> None:
    """A FASTA that was replaced and whose .fai stayed would give other bases without a word."""
    (tmp_path / "x.fa").write_text(f">chr1 a longer header than before\n{_GENOME}\n")
    for index in ("chr1\t68\t6\t68\t69\n", "chr1\t900\t34\t900\t901\n"):
        (tmp_path / "x.fa.fai").write_text(index)
        assert Fasta(tmp_path / "x.fa").fetch("1", 14, 16) == "ATG"


def test_the_package_s_transcript_is_known_by_its_coding_bases(tmp_path: Path) -> None:
    """UCSC's tables name no choice: KRAS-4B (the package's) beside the longer KRAS-4A by other ids."""
    own = models("GRCh38")["KRAS"]
    starts, ends = (",".join(str(e[i] - (not i)) for e in own.exons) for i in (0, 1))
    first, last = own.coding[0][0] - 1, own.coding[-1][1]
    line = "\t".join(("{}", "chr12", "-", "1", "9", "{}", str(last), str(len(own.exons)), starts, ends, "0", "KRAS"))
    (tmp_path / "refGene.txt").write_text(f"{line.format('NM_4A', first - 9)}\n{line.format('NM_4B', first)}\n")
    assert [m.transcript for m in read_gene_models(tmp_path / "refGene.txt")] == ["NM_4B"]


def test_a_fasta_with_refseq_s_names_is_the_same_genome(tmp_path: Path) -> None:
    (tmp_path / "genes.gff").write_text(_GFF3)
    (tmp_path / "x.fa").write_text(f">NC_000001.11 Homo sapiens chromosome 1\n{_GENOME}\n")
    found = Annotator.of_files(tmp_path / "x.fa", tmp_path / "genes.gff").annotate(pl.Series(["1:18:C:A"]))
    assert found["hgvs_c"].to_list() == ["c.5C>A"]


def test_models_of_another_genome_are_refused(tmp_path: Path) -> None:
    (tmp_path / "genes.gtf").write_text(_GTF.replace("\n1\t", "\nscaffold_9\t"))
    (tmp_path / "x.fa").write_text(f">chr1\n{_GENOME}\n")
    with pytest.raises(InputError, match="none of its chromosomes"):
        Annotator.of_files(tmp_path / "x.fa", tmp_path / "genes.gtf")


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory, shared_data) -> tuple[Annotator, pl.DataFrame]:
    """The annotator of the GRCh38 slices, and where each contig lies."""
    folder = shared_data("reads-ref-slices-hg38")
    plain = tmp_path_factory.mktemp("slices") / "slices.fa"
    plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
    places = pl.read_csv(folder / "offsets.tsv", separator="\t")
    return Annotator.of_files(plain, folder / "genes.contig.gff3"), places


def _on_contig(variant_id: str, places: pl.DataFrame) -> str:
    chrom, pos, ref, alt = variant_id.split(":")
    inside = (pl.col("hg38_start0") < int(pos)) & (int(pos) <= pl.col("hg38_start0") + pl.col("length"))
    contig, start = places.filter((pl.col("chrom") == f"chr{chrom}") & inside).select("contig", "hg38_start0").row(0)
    return f"{contig.removeprefix('chr')}:{int(pos) - start}:{ref}:{alt}"


@pytest.mark.parametrize(
    ("variant", "gene", "consequence", "hgvs_c", "hgvs_p"),
    [
        ("12:25245350:C:T", "KRAS", "missense", "c.35G>A", "p.G12D"),
        ("17:7675088:C:T", "TP53", "missense", "c.524G>A", "p.R175H"),
        ("17:7673802:C:T", "TP53", "missense", "c.818G>A", "p.R273H"),
        ("17:7675994:C:T", "TP53", "splice_region", "c.375G>A", "p.T125="),
        ("17:7675993:C:T", "TP53", "splice_site", "c.375+1G>A", None),
        ("18:51065549:G:A", "SMAD4", "missense", "c.1082G>A", "p.R361H"),
        ("7:55191822:T:G", "EGFR", "missense", "c.2573T>G", "p.L858R"),
        ("7:55174772:GGAATTAAGAGAAGC:-", "EGFR", "inframe_deletion", "c.2235_2249delGGAATTAAGAGAAGC", "p.E746_A750del"),
        ("13:32340301:T:-", "BRCA2", "frameshift", "c.5946delT", "p.S1982Rfs*22"),
        ("17:43124028:CT:-", "BRCA1", "frameshift", "c.68_69delAG", "p.E23Vfs*17"),
        ("4:54733155:A:T", "KIT", "missense", "c.2447A>T", "p.D816V"),
        ("5:1295113:G:A", "TERT", "upstream", "c.-124C>T", None),
        ("5:1295135:G:A", "TERT", "upstream", "c.-146C>T", None),
    ],
)
def test_textbook_variants(variant: str, gene: str, consequence: str, hgvs_c: str, hgvs_p: str | None, slices) -> None:
    """ClinVar's names (BRCA1 185delAG and BRCA2 6174delT by their HGVS names)."""
    annotator, places = slices
    found = annotator.annotate(pl.Series([_on_contig(variant, places)])).to_dicts()[0]
    assert found["is_ref_match"] is not False
    assert (found["gene"], found["consequence"], found["hgvs_c"], found["hgvs_p"]) == (
        gene,
        consequence,
        hgvs_c,
        hgvs_p,
    )


def test_random_variants_are_named_as_snpeff_names_them(slices) -> None:
    """benchmarks/bench_effects.py, frozen; snpEff moves nothing outside transcripts and names no frame's length."""
    annotator, _ = slices
    peer = pl.read_csv(Path(__file__).parent / "snpeff_effects.tsv", separator="\t", comment_prefix="#")
    both = pl.concat([peer, annotator.annotate(peer["variant_id"]).drop("variant_id")], how="horizontal")
    inside = both.filter(~pl.col("region").is_in(["upstream", "downstream"]))
    assert inside.height > 580 and (inside["hgvs_c"] == inside["peer_c"]).all()
    single = inside.filter((pl.col("kind") == "snv") & (pl.col("consequence") != "stop_lost"))
    assert single["hgvs_p"].eq_missing(single["peer_p"]).all()
    shifted = inside.filter(pl.col("hgvs_p").str.contains("fs"))
    residues = [shifted.select(codon(c)).to_series() for c in ("hgvs_p", "peer_p")]
    # snpEff names the first changed codon even where its amino acid stays
    assert shifted.height > 60 and (residues[0] - residues[1]).is_in([0, 1]).all()


def test_protein_changes_make_the_protein_that_the_coding_name_makes(slices, shared_data) -> None:
    """HGVS: the first changed residue, the last of equal places, dup before ins. Judged by a translation of its own
    (benchmarks/bench_effects.py); of snpEff's names some are not right by it."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    from bench_effects import judged

    annotator, _ = slices
    peer = pl.read_csv(Path(__file__).parent / "snpeff_effects.tsv", separator="\t", comment_prefix="#")
    both = pl.concat([peer, annotator.annotate(peer["variant_id"]).drop("variant_id")], how="horizontal")
    inside = both.filter(pl.col("hgvs_p").is_not_null())
    verdict = judged(inside.with_columns(same_c=True, same_p=False), shared_data("reads-ref-slices-hg38"))
    assert verdict.height > 400 and verdict["ours_right"].all()
    assert 5 < (~verdict["theirs_right"]).sum() < 40


def test_every_difference_from_snpeff_has_a_reason_by_name(slices, shared_data) -> None:
    """benchmarks/bench_effects.py, `reasons`: what HGVS asks for where c. or p. do not mean the same; none unexplained."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    from bench_effects import UNEXPLAINED, judged, meaning, reasons

    annotator, _ = slices
    peer = pl.read_csv(Path(__file__).parent / "snpeff_effects.tsv", separator="\t", comment_prefix="#")
    both = pl.concat([peer, annotator.annotate(peer["variant_id"]).drop("variant_id")], how="horizontal")
    means = [meaning(a) == meaning(b) for a, b in both.select("hgvs_p", "peer_p").iter_rows()]
    both = both.with_columns(
        same_c=pl.col("hgvs_c").eq_missing(pl.col("peer_c")),
        same_p=pl.col("hgvs_p").eq_missing(pl.col("peer_p")),
        meant_p=pl.Series(means),
    )
    named = reasons(both, judged(both, shared_data("reads-ref-slices-hg38")))
    assert 3 < named.height < 0.03 * both.height
    assert UNEXPLAINED not in named["why"].to_list()


def test_a_stop_lost_with_the_residue_before_it_names_both() -> None:
    """ETV4 c.1451_1453delACTinsGGC: tyrosine 484 becomes tryptophan and the stop glutamine; only the stop was told."""
    coding = "ATGAAATACTAG"
    assert coding_change(coding, "GGTTAG", "MKY*", 7, "ACT", "GGC") == ("stop_lost", "p.Y3_*4delinsWQext*2")


def test_the_coding_name_of_an_indel_makes_its_variant_again(slices) -> None:
    """The bases named in c. are those of the transcript there: deleted and doubled ones are spelt out."""
    annotator, _ = slices
    peer = pl.read_csv(Path(__file__).parent / "snpeff_effects.tsv", separator="\t", comment_prefix="#")
    found = annotator.annotate(peer["variant_id"])
    named = found.with_columns(
        pl.col("hgvs_c").str.extract_groups(r"^c\.(\d+)(?:_(\d+))?(del|dup)([ACGT]+)").struct.unnest()
    ).filter(pl.col("1").is_not_null())
    spliced = {m.gene: Spliced(m, annotator.fasta) for m in annotator.models}
    for gene, first, last, bases in named.select("gene", "1", "2", "4").iter_rows():
        coding = spliced[gene].coding
        assert coding[int(first) - 1 : int(last or first)] == bases, (gene, first)
    assert named.height > 80


def test_without_gene_models_the_package_names_its_own_genes(tmp_path: Path, shared_data) -> None:
    """KRAS on its chromosome: the slice at its place, N before it. Exons of the package, bases of the FASTA."""
    folder = shared_data("reads-ref-slices-hg38")
    start, length = next(
        (s, n) for c, _, s, n in pl.read_csv(folder / "offsets.tsv", separator="\t").iter_rows() if c == "KRAS"
    )
    text = gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()).decode()
    bases = text.split(">KRAS\n")[1].split(">")[0].replace("\n", "")
    assert len(bases) == length
    (tmp_path / "x.fa").write_text(f">chr12\n{'N' * start}{bases}\n")
    found = Reference(tmp_path / "x.fa").locate(
        pl.Series(["12:25245350:C:T", "12:25245347:-:CAC", "1:114713908:T:C"]), "GRCh38"
    )
    assert found["hgvs_c"].to_list() == ["c.35G>A", "c.36_38dupTGG", None]
    assert found["hgvs_p"].to_list() == ["p.G12D", "p.G13dup", "p.Q61R"]
    assert found["by_reference"].to_list() == [True, True, False]
