"""Drug text: what one reader makes of spellings that studies use; what it does not know is said, never guessed."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncourse.knowledge.drug_dictionary import dictionary, index, key
from oncourse.knowledge.drug_stems import stem_of
from oncourse.knowledge.drug_text import TYPO_EDITS, _spellings, nearest_name, read_drugs
from oncourse.knowledge.drugs import compared_drugs, drug_classes, drugs_in_text, kind, unknown_drugs
from oncourse.study.checks_drugs import drug_checks

FOLFOX = ("fluorouracil", "folinic acid", "oxaliplatin")
#: Kinds of spelling asked for in cancervariants/therapy-normalization #258 and cBioPortal #7223.
TEXTS = [
    ("brand", "Jevtana", ("cabazitaxel",)),
    ("code", "ARN-509", ("apalutamide",)),
    ("salt", "irinotecan hydrochloride", ("irinotecan",)),
    ("salt in Chinese", "甲磺酸阿帕替尼片", ("apatinib",)),
    ("dose and route", "Darolutamide 600 mg p.o. bid", ("darolutamide",)),
    ("dose per area", "docetaxel 75 mg/m2 q3w x 6 cycles", ("docetaxel",)),
    ("cycles behind a regimen", "XELOX×8", ("capecitabine", "oxaliplatin")),
    ("a dose stands behind a Chinese name without a space", "多西他赛75mg/m2 d1 q3w*6", ("docetaxel",)),
    ("a first dose and one to go on with", "爱必妥400mg/m2首剂,250mg/m2维持", ("cetuximab",)),
    (
        "a Chinese order: dose, way, days, cycles",
        "奥沙利铂130mg/m² ivgtt d1 + 卡培他滨1000mg/m² bid po d1-14, q21d×6周期",
        ("oxaliplatin", "capecitabine"),
    ),
    ("months", "CapeOx 3个月", ("capecitabine", "oxaliplatin")),
    ("once and twice a day, in British", "abiraterone acetate 1 g OD + pred 5 BD", ("abiraterone", "prednisone")),
    ("every three months", "Lupron 22.5 mg q3mo", ("leuprolide",)),
    ("hours of a pump", "5FU/LV CIV 46h", ("fluorouracil", "folinic acid")),
    ("day one in French, and an accent", "Irinotécan 180 mg/m² J1", ("irinotecan",)),
    ("day in German, two of them", "capecitabine 2x1500mg Tag 1-14", ("capecitabine",)),
    ("morning, evening, boxes", "卡培他滨片（希罗达）0.5g*12片*10盒 早1.5g晚1.0g", ("capecitabine",)),
    ("a cycle and its day", "mFOLFOX-6 c1d1", FOLFOX),
    ("a code is no day", "D1553 600mg bid + cetuximab", ("garsorasib", "cetuximab")),
    ("German folinic acid", "Folinsäure", ("folinic acid",)),
    ("under the skin", "Keytruda Qlex", ("pembrolizumab",)),
    ("per mL", "oxaliplatin 5 MG/ML Injectable Solution", ("oxaliplatin",)),
    ("thousands", "Zytiga 1,000 mg, prednisone 5 mg", ("abiraterone", "prednisone")),
    ("brackets explain", "apalutamide (Erleada)", ("apalutamide",)),
    ("a name that is not known, explained in brackets", "ABC (apalutamide)", ("apalutamide",)),
    ("biosimilar suffix", "trastuzumab-dkst", ("trastuzumab",)),
    ("a conjugate is no antibody", "trastuzumab deruxtecan", ("trastuzumab deruxtecan",)),
    ("a liposome is its own drug", "liposomal irinotecan", ("irinotecan liposome",)),
    ("-B is with bevacizumab", "CAPOX-B", ("capecitabine", "oxaliplatin", "bevacizumab")),
    ("and so is + B", "mFOLFOX6 + B", (*FOLFOX, "bevacizumab")),
    ("a vitamin is no bevacizumab", "维生素B", ("维生素b",)),
    ("modified, in Chinese, behind", "FOLFOX 6 改良", FOLFOX),
    ("slash in a name", "bevacizumab/trifluridine/tipiracil", ("bevacizumab", "trifluridine/tipiracil")),
    ("plus and commas", "leucovorin, 5-FU + oxaliplatin", ("folinic acid", "fluorouracil", "oxaliplatin")),
    ("ampersand, pipe", "docetaxel & ADT | prednisone", ("docetaxel", "castration", "prednisone")),
    ("with", "docetaxel with prednisolone", ("docetaxel", "prednisolone")),
    ("Chinese short forms", "FOLFOX+贝伐", (*FOLFOX, "bevacizumab")),
    ("a short form is no part of another drug", "阿比特龙、多西他赛", ("abiraterone", "docetaxel")),
    (
        "its own product",
        "FOLFIRI+西妥昔单抗N01（达泰莱）",
        ("fluorouracil", "folinic acid", "irinotecan", "cetuximab n01"),
    ),
    ("Chinese separators", "替雷利珠单抗、卡培他滨，奥沙利铂", ("tislelizumab", "capecitabine", "oxaliplatin")),
    ("Chinese 'with' inside no name", "地加瑞克联合多西他赛", ("degarelix", "docetaxel")),
    ("full width", "ＸＥＬＯＸ", ("capecitabine", "oxaliplatin")),
    ("regimen", "mFOLFOX6", FOLFOX),
    ("regimen and a drug", "FOLFOX4/Vectibix", (*FOLFOX, "panitumumab")),
    ("regimen in Chinese words", "mFOLFOX6方案化疗", FOLFOX),
    ("hyphen between drugs", "docetaxel-prednisone", ("docetaxel", "prednisone")),
    ("radioligand", "[177Lu]Lu-PSMA-617", ("lutetium-177-psma-617",)),
    ("an isotope in brackets", "镭[223Ra]", ("radium-223",)),
    ("an isotope in brackets, in English", "lutetium (177Lu) vipivotide tetraxetan", ("lutetium-177-psma-617",)),
    ("solvate", "cabazitaxel acetone", ("cabazitaxel",)),
    ("code of two words", "BAY 1841788", ("darolutamide",)),
    ("wards' own names", "O药+Y药", ("nivolumab", "ipilimumab")),
    ("one wrong character", "奥拉帕尼片、多西他塞", ("olaparib", "docetaxel")),
    ("trade mark", "Lynparza®", ("olaparib",)),
    ("China's drugs", "瑞维鲁胺;氟唑帕利;呋喹替尼", ("rezvilutamide", "fuzuloparib", "fruquintinib")),
    ("no drug at all", "Obs", ("observation",)),
]


@pytest.mark.parametrize(("text", "names"), [c[1:] for c in TEXTS], ids=[c[0] for c in TEXTS])
def test_text_is_its_substances(text, names):
    found = read_drugs(text)
    assert found.unknown == ()
    assert found.names == names


@pytest.mark.parametrize(
    "text",
    [
        "no abiraterone",
        "prior docetaxel",
        "abiraterone or enzalutamide",
        "docetaxel then cabazitaxel",
        "docetaxel -> olaparib",
        "chemotherapy",
        "靶向治疗",
        "恩扎卢胺后多西他赛",
        "阿比特龙停药",
        "study drug",
        "HRS-9999",
    ],
)
def test_what_does_not_say_that_a_drug_was_given_is_not_understood(text):
    found = read_drugs(text)
    assert found.names == found.unknown and len(found.unknown) == 1
    assert drug_classes(text) == frozenset()


def test_a_misspelling_is_joined_only_within_the_stated_distance_and_when_no_other_drug_is_near():
    assert read_drugs("regorafinib").corrected == (("regorafinib", "regorafenib"),)
    assert read_drugs("nlutamide").unknown == ("nlutamide",)  # one edit from nilutamide and from flutamide
    assert read_drugs("enzalutmd").unknown == ("enzalutmd",)  # three letters lost
    assert nearest_name("enzalutmd") == "enzalutamide"
    assert read_drugs("HRS-1168").corrected == ()  # codes differ by one digit


def test_apatinib_and_afatinib_are_one_letter_apart_and_stay_two_drugs():
    assert read_drugs("apatinib").names == ("apatinib",)
    assert read_drugs("afatinib").names == ("afatinib",)


def test_background_is_told_apart_from_what_is_compared():
    """OHDSI OncologyWG #70: castration recorded for half of the patients made two arms of one drug."""
    assert compared_drugs("enzalutamide;Lupron") == compared_drugs("Xtandi + ADT") == "enzalutamide"
    assert compared_drugs("docetaxel;prednisone;Zometa") == "docetaxel"
    assert compared_drugs("FOLFOX") == "fluorouracil;oxaliplatin"
    assert compared_drugs("Zoladex") == compared_drugs("orchiectomy") == "castration"
    assert compared_drugs("mystery + ADT") == "mystery" and unknown_drugs("mystery + ADT") == ("mystery",)


def test_rezvilutamide_is_an_androgen_receptor_inhibitor():
    """Approved in China in 2022 for high-volume mHSPC (CHART); nothing said so before."""
    assert "ARPI" in drug_classes("rezvilutamide") and "ARPI" in drug_classes("瑞维鲁胺")


def test_dictionary_holds_its_own_rules():
    names: dict[str, set[str]] = {}
    for drug in dictionary().values():
        assert drug.kind in ("anticancer", "castration", "steroid", "supportive", "no drug"), drug
        assert drug.classes or drug.kind == "no drug", drug.name
        for name in (drug.name, *drug.names):
            names.setdefault(key(name), set()).add(drug.name)
    assert len(dictionary()) >= 350
    assert {k: v for k, v in names.items() if len(v) > 1} == {}
    assert {d for drugs in index().values() for d in drugs} == set(dictionary())
    assert kind("leuprolide") == "castration" and kind("no such drug") is None


def test_sentences_name_drugs_by_any_name():
    assert drugs_in_text("Braftovi with cetuximab, after FOLFIRI") == (
        "cetuximab",
        "fluorouracil",
        "irinotecan",
        "encorafenib",
        "folinic acid",
    )


names = st.sampled_from(sorted(dictionary()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(names, min_size=1, max_size=4, unique=True),
    st.sampled_from([";", " + ", ", ", " and ", "、", " & "]),
)
def test_separators_and_case_change_no_set(drugs, separator):
    together = read_drugs(separator.join(drugs).upper())
    assert set(together.names) == set(drugs) and together.unknown == ()
    assert read_drugs(";".join(sorted(together.names))).names == tuple(sorted(together.names))


@pytest.mark.parametrize(
    ("text", "drug_class"),
    [
        ("24 HR perindopril arginine 5 MG Extended Release Oral Tablet", "ACE inhibitor"),
        ("pitavastatin", "statin"),  # two letters from pravastatin, and its own drug
        ("达格列净片", "SGLT2 inhibitor"),
        ("厄贝沙坦氢氯噻嗪片", "angiotensin receptor blocker"),
        ("cefuroxime axetil", "cephalosporin"),
        ("influenza vaccine", "vaccine"),
    ],
)
def test_an_ordinary_medicine_is_known_by_the_stem_of_its_name(text, drug_class):
    """WHO, Use of stems in the selection of INN: a name the dictionary does not hold treats no tumour, and it is told."""
    read = read_drugs(text)
    assert read.by_stem and not read.unknown and not read.corrected
    assert drug_class in drug_classes(text) and {kind(n) for n in read.names} == {"supportive"}


def test_no_drug_of_a_tumour_has_the_stem_of_an_ordinary_medicine():
    """Of every name in the dictionary: those whose stem deceives are short forms that the dictionary holds itself."""
    deceive = {
        name
        for drug in dictionary().values()
        if drug.kind not in ("supportive", "steroid")
        for name in (drug.name, *drug.names)
        if stem_of(key(name))
    }
    assert deceive == {"calcitriol", "骨化三醇"}


@pytest.mark.parametrize("text", ["no perindopril", "docetaxel then valsartan", "停用西格列汀", "多西他赛后缬沙坦"])
def test_a_stem_hides_no_drug_of_a_text_that_is_not_understood(text):
    assert read_drugs(text).by_stem == () and read_drugs(text).unknown
    assert unknown_drugs(text)


def test_a_drug_beside_one_known_by_its_stem_is_read():
    assert read_drugs("多西他赛缬沙坦").names == ("docetaxel", "valsartan")
    assert read_drugs("docetaxel perindopril").names == ("docetaxel", "perindopril")
    assert compared_drugs("docetaxel perindopril") == "docetaxel"


def test_the_nearest_name_differs_in_at_most_two_fifths_of_its_letters():
    """Of twelve letters four may differ, five may not."""
    assert nearest_name("enzaqqqqmide") == "enzalutamide"
    assert nearest_name("enzqqqqqmide") is None


@pytest.mark.parametrize(
    "text",
    [
        "持续ADT治疗",
        "ADT维持",
        "雄激素去除治疗",
        "雄激素剥夺疗法",
        "LHRH类似物",
        "促性腺激素释放激素激动剂",
        "ongoing ADT",
    ],
)
def test_castration_is_read_in_chinese_prescriptions(text):
    """ADT between Chinese characters was no word of its own, and an unknown drug."""
    assert read_drugs(text).names == ("castration",) and compared_drugs(f"{text}+阿帕他胺") == "apalutamide"


def test_castration_by_surgery_is_told_apart():
    """It has no last day; words for an operation and for injections were one substance."""
    assert read_drugs("双侧睾丸切除术").names == read_drugs("surgical castration").names == ("orchiectomy",)
    assert read_drugs("去势").names == ("castration",) and compared_drugs("手术去势") == "castration"


def test_only_names_of_letters_long_enough_for_a_typo_are_spellings():
    """5-FU, S-1 and names in Chinese are near to too much, or to nothing."""
    names = _spellings()
    assert "oxaliplatin" in names and len(names) > 100
    assert all(name.isascii() and name.isalpha() for name in names)
    assert min(map(len, names)) >= TYPO_EDITS[-1][0] - 1


def test_a_code_of_a_bill_is_no_day_of_a_cycle():
    """J9263 looked like "jour 9263" and was gone without a word."""
    assert read_drugs("J9263").unknown == ("j9263",)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("HRS-9999 (cetuximab)", ()),
        # what stands in the brackets is not understood as a whole: it explains nothing
        ("HRS-9999 (cetuximab frobnicate)", ("hrs-9999", "frobnicate")),
        ("HRS-9999 (frobnicate)", ("hrs-9999", "frobnicate")),
    ],
)
def test_a_name_in_brackets_explains_the_one_before_it_where_all_of_it_is_understood(text, unknown):
    assert read_drugs(text).unknown == unknown


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("持续ADT治疗", ("castration",)),
        ("用ADTX药", ("用adtx药",)),  # three letters of a longer code
        ("用XADT", ("用xadt",)),
        ("XADT药", ("xadt药",)),  # it was T药 (atezolizumab) behind XAD
        ("XT药", ("xt药",)),
        ("T药", ("atezolizumab",)),
        ("ADT药", ("castration",)),
        ("用1ADT", ("用1adt",)),
        ("ADT治疗", ("castration",)),
        ("治疗ADT", ("castration",)),
        ("xtanddi", ("enzalutamide",)),  # seven letters, one too many for a name of six
        ("xtand", ("xtand",)),
        ("zytigaa", ("abiraterone",)),
        ("zytiga1", ("zytiga1",)),  # a code of letters and digits is no misspelling
        ("zoladx", ("zoladx",)),  # six letters are too few to be read as another name
    ],
)
def test_letters_among_chinese_words_and_the_shortest_misspellings(text, names):
    assert read_drugs(text).names == names


@pytest.mark.parametrize(
    "text", ["no chemotherapy", "未化疗", "拒绝化疗", "watch and wait", "定期复查", "surgery alone"]
)
def test_words_for_no_drug_are_observation(text):
    """Each was an unknown drug; "watch and wait" was two."""
    assert read_drugs(text).names == ("observation",) and not read_drugs(text).unknown


@pytest.mark.parametrize("text", ["cetuximab (rechallenge)", "西妥昔单抗再挑战", "Erbitux rechallenge"])
def test_a_rechallenge_is_of_the_same_drug(text):
    """The word was a second drug, which no dictionary knows: an arm of its own."""
    assert read_drugs(text).names == ("cetuximab",) and not read_drugs(text).unknown


@pytest.mark.parametrize(
    "text", ["FOLFOX → FOLFIRI", "先FOLFOX后FOLFIRI", "FOLFOX then FOLFIRI", "XELOX*4 -> 卡培他滨"]
)
def test_one_treatment_after_another_is_asked_for_its_days(text):
    """The cure was to write generic names with ";" between them, which makes a combination of what was given in turn."""
    [problem] = drug_checks({"treatments": pl.DataFrame({"drugs": [text]})})
    assert "one treatment after another" in problem.cure and "nearest" not in problem.message
    assert len(read_drugs(text).names) == 1  # not understood, and no combination


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("多西他赛(因毒性停药)", ("docetaxel",)),  # why it was stopped was an unknown drug
        ("docetaxel (stopped for toxicity)", ("docetaxel",)),
        ("FOLFOX(进展后FOLFIRI)", ("fluorouracil", "folinic acid", "oxaliplatin", "进展后folfiri")),
        ("西妥昔单抗±伊立替康", ("cetuximab", "or without 伊立替康")),  # irinotecan was taken as given
        ("cetuximab +/- irinotecan", ("cetuximab", "or without irinotecan")),
        ("Cetux+Iri", ("cetuximab", "irinotecan")),
    ],
)
def test_remarks_in_brackets_and_what_was_given_or_not(text, names):
    assert read_drugs(text).names == names
