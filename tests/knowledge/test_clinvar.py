"""ClinVar becomes a table of classified changes: enough review decides, conflicting never, what is on no list is said
so."""

from __future__ import annotations

import gzip
from dataclasses import replace

import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.analyses._base import registry
from oncourse.cli.kb import kb
from oncourse.cohort import Cohort
from oncourse.errors import InputError
from oncourse.knowledge.alterations import loss_reason
from oncourse.knowledge.classified import COLUMNS, read_classified
from oncourse.knowledge.clinvar import classification_of, read_clinvar
from oncourse.knowledge.golden import variant

HEAD = (
    "##fileformat=VCFv4.1\n##fileDate=2026-11-01\n##reference={build}\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
PANEL = "reviewed_by_expert_panel"
MULTIPLE = "criteria_provided,_multiple_submitters,_no_conflicts"
SINGLE = "criteria_provided,_single_submitter"
CONFLICT = "criteria_provided,_conflicting_classifications"
MISSENSE, SILENT = "SO:0001583|missense_variant", "SO:0001819|synonymous_variant"
# invented places and classifications of ATM, BRCA2 and others: what is tested is the reading
RECORDS = [
    ("11", 108100000, "C", "T", "ATM", "Pathogenic", PANEL, MISSENSE, ""),
    ("11", 108100010, "C", "T", "ATM", "Pathogenic/Likely_pathogenic|drug_response", MULTIPLE, MISSENSE, ""),
    ("11", 108100020, "C", "T", "ATM", "Pathogenic", SINGLE, MISSENSE, ""),
    ("11", 108100030, "C", "T", "ATM", "Conflicting_classifications_of_pathogenicity", CONFLICT, MISSENSE, ""),
    ("11", 108100040, "C", "T", "ATM", "Benign/Likely_benign", MULTIPLE, MISSENSE, ""),
    ("11", 108100050, "C", "T", "ATM", "Uncertain_significance", MULTIPLE, MISSENSE, ""),
    ("11", 108100060, "C", "T", "ATM", "Pathogenic,_low_penetrance", PANEL, MISSENSE, ""),
    ("11", 108100070, "C", "T", "ATM", "Benign", PANEL, "SO:0001587|nonsense", ""),
    ("11", 108100080, "C", "T", "ATM", "Benign", PANEL, SILENT, ""),
    ("13", 32900000, "GAAA", "G", "BRCA2:675|ZAR1L", "Likely_pathogenic", PANEL, "SO:0001822|inframe_deletion", ""),
    ("13", 32900100, "G", "A", "BRCA2", "Pathogenic", PANEL, MISSENSE, "NP_000050.3:p.Trp2626Cys"),
    ("13", 32900200, "G", "A", "BRCA2", "Pathogenic", PANEL, MISSENSE, "p.Asp2723His"),
    ("13", 32900201, "G", "C", "BRCA2", "Uncertain_significance", SINGLE, MISSENSE, "p.Asp2723His"),
    ("2", 179400000, "G", "A", "TTN", "Pathogenic", PANEL, MISSENSE, ""),
]


def vcf(folder, records=RECORDS, build="GRCh37", name="clinvar.vcf", chrom=""):
    lines = [
        f"{chrom}{c}\t{pos}\t{n}\t{ref}\t{alt}\t.\t.\tCLNHGVS=NC_1:g.{pos}{f',{p}' if p else ''};CLNREVSTAT={review};"
        f"CLNSIG={significance};GENEINFO={gene if ':' in gene else f'{gene}:1'};MC={effect}"
        for n, (c, pos, ref, alt, gene, significance, review, effect, p) in enumerate(records, 1)
    ]
    path = folder / name
    text = HEAD.format(build=build) + "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def imported(folder, path, *args):
    out = folder / "classified.tsv"
    result = CliRunner().invoke(kb, ["import", "clinvar", str(path), "--out", str(out), *args])
    if result.exception is not None:
        raise result.exception
    return out, result.output


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinvar")
    return imported(folder, vcf(folder))[0]


def test_the_table_holds_what_the_file_says_with_source_date_and_checksum(table):
    lines = table.read_text().splitlines()
    assert lines[0].startswith("# ClinVar; 2026-11-01; public domain; GRCh37; sha256 ") and "clinvar.vcf" in lines[0]
    rows = pl.read_csv(table, separator="\t", comment_prefix="#", infer_schema=False)
    # neither TTN (no rule asks), nor the silent record, nor three that are uncertain or of low penetrance
    assert rows["accession"].sort().to_list() == sorted(str(n) for n in (1, 2, 3, 4, 5, 8, 10, 11, 12))
    by = {r["accession"]: r for r in rows.to_dicts()}
    assert (by["10"]["variant_id"], by["10"]["gene"]) == ("13:32900001:AAA:-", "BRCA2")
    assert (by["11"]["change"], by["12"]["change"]) == ("W2626C", None)  # of D2723H another allele is uncertain
    assert by["2"]["review_status"] == "criteria provided, multiple submitters, no conflicts"
    known = read_classified(table)
    assert (known.name, known.date, known.licence, known.build) == ("ClinVar", "2026-11-01", "public domain", "GRCh37")


def test_gzip_and_chr_names_say_the_same(table, tmp_path):
    out, said = imported(tmp_path, vcf(tmp_path, name="c.vcf.gz", chrom="chr"))
    assert out.read_text().splitlines()[1:] == table.read_text().splitlines()[1:]
    assert said.startswith("9 classified changes of 14 records, 8 of which decide")


def of_variants(make_study, *variants):
    """A study with a patient for each variant: place, gene, change, effect."""
    ids = range(1, len(variants) + 1)
    samples = [
        sample
        for i in ids
        for sample in (
            {"sample_id": f"T{i}", "patient_id": f"P{i}", "material": "tissue", "purity": 0.5, "day": 0},
            {"sample_id": f"N{i}", "patient_id": f"P{i}", "material": "normal"},
        )
    ]
    return make_study(
        {"design": "mcrpc", "genome_build": "GRCh37", "report_germline": True},
        patients=[{"patient_id": f"P{i}", "disease": "prostate cancer"} for i in ids],
        samples=samples,
        calls=[
            {"sample_id": f"T{i}", "variant_id": place, "alt_count": 120, "depth": 400, "origin": "somatic"}
            for i, (place, *_) in zip(ids, variants, strict=True)
        ],
        variants=[
            {"variant_id": place, "gene": gene, "hgvs_p": change, "consequence": effect}
            for place, gene, change, effect in variants
        ],
    )


def one_variant(make_study, place, gene, change, effect):
    return of_variants(make_study, (place, gene, change, effect))


CASES = [
    ("11:108100000:C:T", "p.R337C", "missense", "positive", None),
    ("11:108100010:C:T", "p.R340C", "missense", "positive", None),
    ("11:108100020:C:T", "p.R343C", "missense", "negative", "not classified.*pathogenic, criteria provided, single"),
    ("11:108100030:C:T", "p.R347C", "missense", "negative", "not classified: listed as conflicting"),
    ("11:108100040:C:T", "p.R350C", "missense", "negative", ""),
    ("11:108100050:C:T", "p.R353C", "missense", "negative", "not classified: not truncating, and no list"),
    ("11:108100060:C:T", "p.R357C", "missense", "negative", "not classified"),
    ("11:108100070:C:T", "p.R360*", "nonsense", "negative", "listed benign variant"),
    ("11:108100071:C:T", "p.R361*", "nonsense", "positive", None),
]


@pytest.fixture(scope="module")
def patients(make_study, table):
    """The patient of each case, of one study."""
    study = of_variants(make_study, *((place, "ATM", change, effect) for place, change, effect, *_ in CASES))
    return Cohort(study, {"knowledge": {"classified": str(table)}})


@pytest.mark.parametrize(
    ("number", "change", "state", "near"), [(i, c, s, n) for i, (_, c, _, s, n) in enumerate(CASES, 1)]
)
def test_loss_rules_follow_the_list(patients, number, change, state, near):
    """PC rules ask for loss of ATM; the status HRR and the rules' near misses come from the same listing."""
    hrr = patients.statuses.filter(pl.col("status") == "HRR", pl.col("patient_id") == f"P{number}")
    assert hrr["state"].to_list() == [state]
    matches = patients.therapy.matches[f"P{number}"]
    assert any(v.gene == "ATM" for m in matches if m.status == "matched" for v in m.found) == (state == "positive")
    if near is not None:
        told = " | ".join(dict.fromkeys(n for m in matches for n in m.near if change[2:] in n))
        assert pl.Series([told]).str.contains(near)[0] if near else told == ""
    assert "unknown significance" not in str(matches)


@pytest.mark.parametrize(
    ("gene", "place", "change", "word", "rule"),
    [
        (
            "ATM",
            "11:108100000:C:T",
            "p.R337C",
            "driver",
            "loss by the classified changes of the study, or the laboratory",
        ),
        (
            "ATM",
            "11:108100040:C:T",
            "p.R350C",
            "unknown",
            "benign by the classified changes of the study, or the laboratory",
        ),
        ("ATM", "11:108100050:C:T", "p.R353C", "unknown", "no rule says that it drives"),
        ("KRAS", "12:25398284:C:T", "p.G12D", "driver", "hotspot residue (hotspots.tsv, gene_sets.tsv, or yours)"),
    ],
)
def test_drivers_follow_the_list_and_an_oncogene_is_not_lost(make_study, tmp_path, gene, place, change, word, rule):
    more = [*RECORDS, ("12", 25398284, "C", "T", "KRAS", "Pathogenic", PANEL, MISSENSE, "")]
    table, _ = imported(tmp_path, vcf(tmp_path, more))
    study = one_variant(make_study, place, gene, change, "missense")
    hits = Cohort(study, {"knowledge": {"classified": str(table)}}).hits
    assert hits.select("driver", "rule").rows() == [(word, rule)]


def test_without_a_list_a_missense_is_not_classified():
    assert loss_reason(variant("ATM R337C")) == (False, "not classified: not truncating, and no list decides on it")


def test_conflicting_overrules_the_lists_of_the_package():
    """pathogenic.tsv (from memory) lists BRCA1 C61G; a user's list that calls it conflicting or benign goes first."""
    listed = variant("BRCA1 C61G")
    assert loss_reason(listed)[0]
    assert not any(loss_reason(replace(listed, listed=word))[0] for word in ("conflicting", "benign"))


def test_a_protein_change_counts_where_the_allele_is_another_or_of_no_known_build(table):
    known = read_classified(table)
    assert known.of("BRCA2", "13:32900102:G:T", "W2626C", build="GRCh37").verdict == "pathogenic"
    assert known.of("BRCA2", "13:32900100:G:A", "W2626C", build=None).verdict == "pathogenic"
    assert known.of("BRCA2", "13:32900200:G:A", "D2723H", build="GRCh37").verdict == "pathogenic"
    assert known.of("BRCA2", "13:32900200:G:A", "D2723H", build=None).verdict == ""
    assert known.of("ATM", "11:108100000:C:T", "R337C", build=None).verdict == ""


@pytest.mark.parametrize(
    ("significance", "word"),
    [
        ("Conflicting_interpretations_of_pathogenicity|other", "conflicting"),
        ("Benign/Pathogenic", "conflicting"),
        ("Likely_pathogenic", "pathogenic"),
        ("Uncertain_significance/Uncertain_risk_allele", "uncertain"),
        ("not_provided", ""),
        ("drug_response", "uncertain"),
        ("Pathogenic/Likely_risk_allele", "uncertain"),
    ],
)
def test_words_of_clnsig(significance, word):
    assert classification_of(significance) == word


def test_the_therapy_page_names_the_list(make_study, table):
    study = one_variant(make_study, "11:108100000:C:T", "ATM", "p.R337C", "missense")
    result = registry()["therapy"].run(Cohort(study, {"knowledge": {"classified": str(table)}}))
    assert any("ClinVar of 2026-11-01" in text and "9 changes" in text for text in result.methods)


def test_a_list_of_another_build_is_an_error_with_the_cure(table):
    with pytest.raises(InputError, match=r"lists changes of GRCh37, the study is GRCh38. Import the file of GRCh38"):
        read_classified(table, "GRCh38")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("##reference=GRCh37\n", ""), "names no genome build"),
        (lambda t: t.replace("CLNSIG", "SIG"), "not a ClinVar VCF"),
        (lambda t: t.replace("#CHROM\tPOS", "#CHROM POS"), "line 5: not a VCF"),
        (lambda t: t.replace("\t108100000\t", "\tx\t"), "line 5: POS 'x' is not a number"),
        (lambda t: t.replace("GENEINFO=", "G="), "none of its 14 records is a classified change"),
        (lambda t: "gene\tchange\nATM\tR337C\n", "line 1: not a VCF"),
        (lambda t: "", "not a ClinVar VCF"),
    ],
)
def test_a_file_that_is_not_clinvar_is_one_sentence(tmp_path, change, message):
    path = vcf(tmp_path)
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message):
        imported(tmp_path, path)


def test_a_cut_gzip_and_a_wrong_build_are_said(tmp_path):
    path = vcf(tmp_path, name="c.vcf.gz")
    with pytest.raises(InputError, match=r"header says GRCh37, --build says GRCh38"):
        imported(tmp_path, path, "--build", "GRCh38")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"cannot be read"):
        read_clinvar(path, {"ATM"})


def test_a_table_of_ones_own_is_checked(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("gene\tchange\nATM\tR337C\n")
    with pytest.raises(InputError, match=r"columns variant_id, classification.*kb import clinvar"):
        read_classified(path)
    head = "# ENIGMA; 2026; CC0\nvariant_id\tgene\tchange\tclassification\tstated\treview_status\taccession\n"
    path.write_text(head + "\tATM\tR337C\tVUS\t\t\t\n\t\t\tbenign\t\t\t\n")
    with pytest.raises(InputError, match=r"line 3: 'VUS' is not one of(.|\n)*line 4: needs a gene"):
        read_classified(path)
    path.write_text(head + "\tBRCA1\tp.Ala1708Glu\tpathogenic\t\treviewed by expert panel\t\n")
    assert read_classified(path).of("BRCA1", "", "A1708E", build=None).verdict == "pathogenic"


def test_a_table_that_is_not_there_or_no_text_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"none\.tsv: cannot be read"):
        read_classified(tmp_path / "none.tsv")
    (tmp_path / "other.tsv").write_bytes(b"\xff\xfe\x00gene")
    with pytest.raises(InputError, match=r"other\.tsv: cannot be read"):
        read_classified(tmp_path / "other.tsv")


def test_what_is_left_out_is_counted_record_by_record(tmp_path):
    """Of 14 records three are uncertain or of low penetrance, of genes asked for; a silent one and one of TTN are none."""
    found = read_clinvar(vcf(tmp_path), genes={"ATM", "BRCA2"}, build="GRCh37")
    assert (found.n_records, found.n_other) == (14, 3)
    both = [("11", 108100080, "C", "T", "ATM", "Benign", PANEL, f"{SILENT},{MISSENSE}", "")]
    assert len(read_clinvar(vcf(tmp_path, [*RECORDS[:1], *both]), genes={"ATM"}, build="GRCh37").rows) == 2
    intron = [("11", 108100081, "C", "T", "ATM", "Benign", PANEL, "SO:0001627|intron_variant", "")]
    for silent in (RECORDS[8], *intron):
        assert len(read_clinvar(vcf(tmp_path, [RECORDS[0], silent]), genes={"ATM"}, build="GRCh37").rows) == 1


def test_a_table_whose_columns_hold_numbers_alone_is_read_as_text(tmp_path):
    path, header = tmp_path / "own.tsv", "\t".join(COLUMNS)
    path.write_text(f"# own; 2026\n{header}\n0108\tATM\t\tpathogenic\t1\treviewed by expert panel\t0017\n")
    known = read_classified(path)
    assert known.n == 1 and known.alleles[("ATM", "0108")].words.endswith(": 1, reviewed by expert panel")
