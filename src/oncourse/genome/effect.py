"""What a variant does to its gene, in one vocabulary, whoever annotated it.

Maps MAF ``Variant_Classification``, Sequence Ontology terms (VEP, snpEff, bcftools csq), ANNOVAR words and the
older snpEff words to `CONSEQUENCES`. A word nobody knows becomes ``unknown``, never ``synonymous``.
"""

from __future__ import annotations

import re

import polars as pl

from oncourse.genome.texts import each

#: The vocabulary, most severe first (order of VEP's consequence table); the first of several terms counts.
CONSEQUENCES: dict[str, str] = {
    "splice_site": "changes one of the two bases beside an exon (acceptor or donor site)",
    "nonsense": "new stop codon",
    "frameshift": "insertion or deletion that shifts the reading frame",
    "stop_lost": "the stop codon is lost",
    "start_lost": "the start codon is lost or moved",
    "inframe_insertion": "insertion that keeps the frame (internal tandem duplications too)",
    "inframe_deletion": "deletion that keeps the frame",
    "missense": "one amino acid for another",
    "protein_altering": "changes the protein in another way (complex in-frame change, transcript lost)",
    "splice_region": "near a splice site, past its two bases",
    "synonymous": "in the coding sequence, protein unchanged",
    "noncoding": "in a gene that makes no protein",
    "utr5": "5' untranslated region",
    "utr3": "3' untranslated region",
    "intron": "intron, past the splice site",
    "upstream": "before the gene, the promoter (TERT!) included",
    "downstream": "after the gene",
    "intergenic": "between genes",
    "unknown": "not annotated, or in a word this package does not know",
}

#: Consequences that change the protein; with `splice_site` they make a gene *altered*.
PROTEIN_CHANGING = frozenset(
    {
        "nonsense",
        "frameshift",
        "stop_lost",
        "start_lost",
        "inframe_insertion",
        "inframe_deletion",
        "missense",
        "protein_altering",
    }
)
#: Consequences that take the protein away.
TRUNCATING = frozenset({"nonsense", "frameshift", "splice_site", "start_lost"})

_WORDS: dict[str, str] = {
    # MAF Variant_Classification (GDC, vcf2maf, Oncotator, TCGA)
    "missense_mutation": "missense",
    "missense": "missense",
    "nonsense_mutation": "nonsense",
    "stop_codon_ins": "nonsense",
    "frame_shift_del": "frameshift",
    "frame_shift_ins": "frameshift",
    "frame_shift": "frameshift",
    "frame_shift_indel": "frameshift",
    "frameshift": "frameshift",
    "in_frame_del": "inframe_deletion",
    "in_frame_ins": "inframe_insertion",
    "in_frame_indel": "protein_altering",
    "itd": "inframe_insertion",
    "internal_tandem_duplication": "inframe_insertion",
    "splice_site": "splice_site",
    "splice_site_snp": "splice_site",
    "splice_site_del": "splice_site",
    "splice_site_ins": "splice_site",
    "splice_site_indel": "splice_site",
    "splice": "splice_site",
    "splice_region": "splice_region",
    "translation_start_site": "start_lost",
    "start_codon_snp": "start_lost",
    "start_codon_del": "start_lost",
    "start_codon_ins": "start_lost",
    "start_codon_indel": "start_lost",
    "nonstop_mutation": "stop_lost",
    "stop_codon_del": "stop_lost",
    "stop_codon_indel": "stop_lost",
    "read_through": "stop_lost",
    "silent": "synonymous",
    "synonymous": "synonymous",
    "rna": "noncoding",
    "lincrna": "noncoding",
    "noncoding": "noncoding",
    "non_coding": "noncoding",
    "intron": "intron",
    "targeted_region": "unknown",
    "igr": "intergenic",
    "intergenic": "intergenic",
    "3'utr": "utr3",
    "5'utr": "utr5",
    "3utr": "utr3",
    "5utr": "utr5",
    "utr3": "utr3",
    "utr5": "utr5",
    "3'flank": "downstream",
    "5'flank": "upstream",
    "3flank": "downstream",
    "5flank": "upstream",
    "promoter": "upstream",
    # in the 5' UTR; the coding sequence itself is unchanged
    "de_novo_start_inframe": "utr5",
    "de_novo_start_outofframe": "utr5",
    # Sequence Ontology
    "transcript_ablation": "protein_altering",
    "exon_loss_variant": "protein_altering",
    "feature_truncation": "unknown",
    "feature_elongation": "unknown",
    "transcript_amplification": "unknown",
    "splice_acceptor_variant": "splice_site",
    "splice_donor_variant": "splice_site",
    "stop_gained": "nonsense",
    "frameshift_variant": "frameshift",
    "frameshift_truncation": "frameshift",
    "frameshift_elongation": "frameshift",
    "stop_lost": "stop_lost",
    "start_lost": "start_lost",
    "initiator_codon_variant": "start_lost",
    "start_codon_change": "start_lost",
    "inframe_insertion": "inframe_insertion",
    "conservative_inframe_insertion": "inframe_insertion",
    "disruptive_inframe_insertion": "inframe_insertion",
    "inframe_deletion": "inframe_deletion",
    "conservative_inframe_deletion": "inframe_deletion",
    "disruptive_inframe_deletion": "inframe_deletion",
    "missense_variant": "missense",
    "conservative_missense_variant": "missense",
    "rare_amino_acid_variant": "missense",
    "protein_altering_variant": "protein_altering",
    "splice_region_variant": "splice_region",
    "splice_donor_5th_base_variant": "splice_region",
    "splice_donor_region_variant": "splice_region",
    "splice_polypyrimidine_tract_variant": "splice_region",
    "extended_intronic_splice_region_variant": "splice_region",
    "synonymous_variant": "synonymous",
    "stop_retained_variant": "synonymous",
    "start_retained_variant": "synonymous",
    "incomplete_terminal_codon_variant": "synonymous",
    "exon_variant": "noncoding",
    "coding_sequence_variant": "unknown",
    "mature_mirna_variant": "noncoding",
    "non_coding_transcript_exon_variant": "noncoding",
    "non_coding_exon_variant": "noncoding",
    "non_coding_transcript_variant": "noncoding",
    "nc_transcript_variant": "noncoding",
    "5_prime_utr_variant": "utr5",
    "5_prime_utr_premature_start_codon_gain_variant": "utr5",
    "5_prime_utr_truncation": "utr5",
    "3_prime_utr_variant": "utr3",
    "3_prime_utr_truncation": "utr3",
    "intron_variant": "intron",
    "intragenic_variant": "intron",
    "conserved_intron_variant": "intron",
    "nmd_transcript_variant": "noncoding",
    "upstream_gene_variant": "upstream",
    "downstream_gene_variant": "downstream",
    "tf_binding_site_variant": "intergenic",
    "tfbs_ablation": "intergenic",
    "tfbs_amplification": "intergenic",
    "regulatory_region_variant": "intergenic",
    "regulatory_region_ablation": "intergenic",
    "regulatory_region_amplification": "intergenic",
    "intergenic_variant": "intergenic",
    "intergenic_region": "intergenic",
    # ANNOVAR Func / ExonicFunc
    "nonsynonymous_snv": "missense",
    "synonymous_snv": "synonymous",
    "stopgain": "nonsense",
    "stopgain_snv": "nonsense",
    "stoploss": "stop_lost",
    "stoploss_snv": "stop_lost",
    "startloss": "start_lost",
    "startgain": "utr5",
    "frameshift_deletion": "frameshift",
    "frameshift_insertion": "frameshift",
    "frameshift_substitution": "frameshift",
    "frameshift_block_substitution": "frameshift",
    "nonframeshift_deletion": "inframe_deletion",
    "nonframeshift_insertion": "inframe_insertion",
    "nonframeshift_substitution": "protein_altering",
    "nonframeshift_block_substitution": "protein_altering",
    "splicing": "splice_site",
    "intronic": "intron",
    "upstream": "upstream",
    "downstream": "downstream",
    "ncrna_exonic": "noncoding",
    "ncrna_intronic": "noncoding",
    "ncrna_splicing": "noncoding",
    "ncrna": "noncoding",
    "exonic": "unknown",
    # snpEff before Sequence Ontology
    "non_synonymous_coding": "missense",
    "non_synonymous_start": "start_lost",
    "synonymous_coding": "synonymous",
    "synonymous_start": "synonymous",
    "synonymous_stop": "synonymous",
    "codon_change": "protein_altering",
    "codon_insertion": "inframe_insertion",
    "codon_deletion": "inframe_deletion",
    "codon_change_plus_codon_insertion": "inframe_insertion",
    "codon_change_plus_codon_deletion": "inframe_deletion",
    "exon_deleted": "protein_altering",
    "splice_site_acceptor": "splice_site",
    "splice_site_donor": "splice_site",
    "splice_site_region": "splice_region",
    "utr_5_prime": "utr5",
    "utr_3_prime": "utr3",
    "utr_5_deleted": "utr5",
    "utr_3_deleted": "utr3",
    "start_gained": "utr5",
    "intragenic": "intron",
    # bcftools csq, Funcotator and Torrent's FUNC, where they say it in other words
    "splice_acceptor": "splice_site",
    "splice_donor": "splice_site",
    "5_prime_utr": "utr5",
    "3_prime_utr": "utr3",
    "inframe_altering": "protein_altering",
    "start_retained": "synonymous",
    "stop_retained": "synonymous",
    "coding_sequence": "unknown",
    "five_prime_utr": "utr5",
    "three_prime_utr": "utr3",
    "five_prime_flank": "upstream",
    "three_prime_flank": "downstream",
    "de_novo_start_in_frame": "utr5",
    "de_novo_start_out_frame": "utr5",
    "nonstop": "stop_lost",
    "could_not_determine": "unknown",
    "frameshiftinsertion": "frameshift",
    "frameshiftdeletion": "frameshift",
    "frameshiftblocksubstitution": "frameshift",
    "nonframeshiftinsertion": "inframe_insertion",
    "nonframeshiftdeletion": "inframe_deletion",
    "nonframeshiftblocksubstitution": "protein_altering",
    "splicesite": "splice_site",
    # names this package and others write
    "nonsense_variant": "nonsense",
    "in_frame_deletion": "inframe_deletion",
    "in_frame_insertion": "inframe_insertion",
    "nonframeshift": "protein_altering",
}
_WORDS.update({name: name for name in CONSEQUENCES if name not in _WORDS})
_RANK = {name: index for index, name in enumerate(CONSEQUENCES)}


def consequence(text: str | None) -> str | None:
    """Return the most severe of the terms in `text` in our vocabulary; None for None or empty.

    >>> consequence("missense_variant&splice_region_variant")
    'missense'
    >>> consequence("Frame_Shift_Del"), consequence("stopgain"), consequence("5'Flank")
    ('frameshift', 'nonsense', 'upstream')
    >>> consequence("exonic;splicing"), consequence("gibberish")
    ('splice_site', 'unknown')
    """
    if text is None or not text.strip() or text.strip() in (".", "NA", "-"):
        return None
    words = [re.sub(r"[\s-]+", "_", w.strip().lower()) for w in re.split(r"[&,;|+]", text) if w.strip()]
    found = [_WORDS.get(word, "unknown") for word in words]
    return min(found, key=_RANK.__getitem__, default=None)


#: Residues that a change names; not the number of an exon: "Exon 4 deletion" says nothing of the frame.
_RESIDUES = r"^p\.\(?(?!(?i:exon|ex\d|intron))[A-Z*?]?\d+(_[A-Z*?]?\d+)?"
_SUBSTITUTION = re.compile(r"^p\.([A-Z]\d+)[A-Z]$")


def of_protein_change(change: str | None) -> str | None:
    """Return the consequence a canonical protein change implies; ``unknown`` where it implies none.

    >>> [of_protein_change(c) for c in ("p.G12D", "p.R213*", "p.Q986Rfs*32", "p.E746_A750del", "p.X125_splice")]
    ['missense', 'nonsense', 'frameshift', 'inframe_deletion', 'splice_site']
    >>> of_protein_change("p.M1V"), of_protein_change("p.M12V"), of_protein_change("p.*394R")
    ('start_lost', 'missense', 'stop_lost')
    >>> of_protein_change("p.Exon 4 deletion"), of_protein_change("p.746_750del")
    ('unknown', 'inframe_deletion')
    """
    if change is None:
        return None
    if plain := _SUBSTITUTION.match(change):  # nine of ten changes
        return "start_lost" if plain[1] == "M1" else "missense"
    for pattern, word in (
        (r"fs", "frameshift"),
        (r"splice", "splice_site"),
        (r"=", "synonymous"),
        (r"ext|^p\.\*\d+[A-Z]", "stop_lost"),
        (r"^p\.M1([^\d]|$)", "start_lost"),
        (r"\*$", "nonsense"),
        (rf"{_RESIDUES}delins", "protein_altering"),
        (rf"{_RESIDUES}del", "inframe_deletion"),
        (rf"{_RESIDUES}(ins|dup)", "inframe_insertion"),
        (r"(?i)promoter", "upstream"),
    ):
        if re.search(pattern, change):
            return word
    return "unknown"


def is_known(text: str) -> bool:
    """Whether some term of an annotation is in the dictionary."""
    words = [re.sub(r"[\s-]+", "_", w.strip().lower()) for w in re.split(r"[&,;|+]", text) if w.strip()]
    return any(word in _WORDS for word in words)


def consequences(values: pl.Series) -> pl.Series:
    """Return `consequence` of each value (shape (n,), text; null stays null)."""
    return each(values, consequence)


def is_altering(column: str = "consequence") -> pl.Expr:
    """Whether the variant makes its gene *altered*: protein-changing or splice site; null where not known."""
    return _among(column, PROTEIN_CHANGING | {"splice_site"})


def _among(column: str, names: frozenset[str]) -> pl.Expr:
    known = pl.col(column).is_not_null() & (pl.col(column) != "unknown")
    return pl.when(known).then(pl.col(column).is_in(sorted(names)))
