"""What the names of samples and files say: whose they are, normal or tumour, and which words name nobody."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl

NORMAL_WORD = (
    r"normal|germ_?line(_?dna)?|blood|bld|leu[kc]o(cytes?)?|lymphocytes?|adjacent(_?normal)?|nat|pbmc|pbl|wbc|gdna|saliva|buccal|buffy(_?coat)?|fibroblasts?|healthy|control|ctrl|ctl|reference|constitutional|"
    r"正常(组织|对照)?|癌旁(组织|正常)?|对照|白细胞|血细胞|外周血(白细胞|单个核细胞)?|全血|血液|血样|胚系"
)
#: Times that every patient has.
_OF_ALL = (
    r"(?:pre|post)(?:_?(?:treatment|therapy|op))?|baseline|progression|relapse|recurrence|"
    r"治疗[前后]|术[前后]|基线|进展|复发"
)
#: A metastasis in Chinese: where it lies, and the word.
_METASTASIS = (
    r"(?:[肝肺骨脑脾肾]|腹膜|胸膜|腹腔|盆腔|(?:区域|锁骨上|远处)?淋巴结?|卵巢|网膜|肾上腺|皮肤|远处|局部)?"
    r"转移(?:灶|瘤|癌)?"
)
_TUMOUR_WORD = (
    r"tumou?r|primary|met(astas[ie]s)?|tissue|plasma|cf_?dna|ct_?dna|case|[a-z]+_met|"
    rf"原发(灶)?|{_METASTASIS}|肿瘤(组织)?|组织|血浆|游离dna|{_OF_ALL}"
)
#: Organs that a lesion is named after, behind the name of its patient.
_ORGAN = (
    r"colon|rectum|prostate|livers?|lungs?|brain|bones?|ln|(lymph_?)?nodes?|peritone(um|al)|omentum|ovary|adrenal|skin|pleura|"
    r"结肠|直肠|结直肠|前列腺|肝脏?|肺|骨|脑|淋巴结|腹膜|胸膜|卵巢|网膜|肾上腺|皮肤"
)
#: Short words for a sample of the tumour or of blood, written onto a name: P1血, P1癌.
_GLUED_WORD = r"癌(?:组织)?|瘤(?:组织)?|肿瘤(?:组织)?|组织|外周血|全血|血|ct_?dna|cf_?dna"
#: Words of a lesion or of blood in which a tumour is looked for: several files of one patient have one each.
_OF_MATERIAL = (
    r"(primary|met(astas[ie]s)?|tissue|ffpe|biopsy|plasma|cf_?dna|ct_?dna|[a-z]+[_ ]met|"
    rf"原发(灶)?|{_METASTASIS}|组织|血浆|游离dna|{_GLUED_WORD}|{_ORGAN}|{_OF_ALL})[_.-]?\d*$|"
    r"(?-i:[TRM])\d{1,2}$|"  # T1, R2, M1
    r"(?-i:PT|PRI|LM|LiM|LuM|LNM|CRLM|PM|OM|BM)$"  # primary tumour; metastasis of liver, lung, nodes; PT01 is a patient
)
_MATERIAL = re.compile(rf"(?i)^(?:{_OF_MATERIAL})")
#: A time of treatment: progression, cycle, week, follow-up, a date ...
_MOMENT = (
    r"pro(g\w*)?|pd\d*|eo[tc]|fu\d*|post\w*|pre\w*|c\d+(d\d+)?|w(k|eek)?\d+|m\d+|v\d+|tp\d*|scr\w*|relapse|day_?\d+|"
    r"(?:19|20)\d\d-?[01]\d-?[0-3]\d|"
    r"治疗[前后]|术[前后]|基线|进展"
)
#: Times as words of their own, and the tumour as such: beside another of the same beginning it is a lesion.
_TIMES = rf"({_MOMENT}|baseline|bl|tumou?r|肿瘤)$"
_APART = re.compile(rf"(?i)^{_TIMES}")
GENERIC_TUMOUR = re.compile(r"(?i)^(tumou?r|tissue|肿瘤|组织)$")
#: A folder of a time of treatment or of a date, between the patient's and the file (``P1/2021-03-01/calls.vcf``).
_TIME_FOLDER = re.compile(
    r"(?i)^((?:19|20)\d\d-?[01]\d-?[0-3]\d|baseline|relapse|progression|c\d+d\d+|week_?\d+|day_?\d+)$"
)
#: What a name must hold to have a `beginning`; asked of a whole column of names at once.
_MAY_BEGIN = rf"(?i)[_.\- ](?:{_OF_MATERIAL}|{_TIMES})|[^\x00-\x7F]"
#: A letter or two with a number: a region, a visit - or the number of a patient of a centre or cohort (CRC_T01).
_NUMBERED = re.compile(r"(?i)^[a-z]{1,2}\d+$")
#: More samples of such names than a patient has: TRACERx lung took at most 11 regions (Al Bakir et al. 2023).
_MOST_NUMBERED = 12
#: The same words in Chinese written onto a name: ``张三肝转移``.
_GLUED = re.compile(
    rf"^(?P<stem>.*?[^_.\- ])(?P<word>(?:原发(?:灶)?|{_METASTASIS}|血浆|游离dna|{_GLUED_WORD})[_.-]?\d*)$",
    re.I,
)
NORMAL_END = r"BL|GL|N|R|PB|NB|germ"
#: The ends of a name that say normal beside several lesions; R may be a relapse there.
_NORMAL_LETTERS = r"BL|GL|N|PB|NB|germ"
#: What may stand beside such a word and names nobody either: DNA_TUMOR, tumor_sample, primary_tumor.
_AHEAD = r"(?:(?:dna|wes|wgs|wxs|exome|matched|primary|metastatic|sample)[_.-]?)?"
_AFTER = r"(?:[_.-]?(?:sample|specimen|dna|wes|wgs|wxs|exome|tissue|tumou?r|bam|样本))?"
GENERIC = re.compile(
    rf"^{_AHEAD}({NORMAL_WORD}|{_TUMOUR_WORD}|cancer){_AFTER}[_.-]?\d*$|"
    r"^(samples?|_*(none|unknown)_*|default)[_.-]?\d*$|^[tn]$",
    re.I,
)
IS_NORMAL = re.compile(rf"^{_AHEAD}({NORMAL_WORD}){_AFTER}[_.-]?\d*$|^n$", re.I)
#: The end of a sample name that says what it is: P1_T and P1_N, CPCT1T and CPCT1R.
ROLE_END = re.compile(rf"^(?P<stem>.+?)[_.-]?(?P<role>T|N|R|{NORMAL_WORD}|血|tumou?r|肿瘤(组织)?|癌(组织)?)\d*$", re.I)
_PAIR = re.compile(r"^(?P<tumour>.+?)(?:[_.-]vs[_.-]|_v_)(?P<normal>.+?)$", re.I)
#: ``T__N`` of mskcc/tempo: a pair where the second is a normal's name.
_TEMPO = re.compile(rf"^(?P<tumour>.+?)__(?P<normal>.*?(?:[\d_.-]N\d*|[_.-](?:{NORMAL_WORD})\d*))$", re.I)
#: A sample id that is the name of a file: an absolute or relative path, or a name that ends as reads and calls do.
_PATH = re.compile(r"^(/|\.{1,2}/|~/|[A-Za-z]:\\)|\.(bam|cram|sam|vcf|maf)(\.gz)?$", re.I)
#: Callers of variants, as names of files, folders and columns spell them.
CALLERS = (
    r"strelka2?|mutect[12]?|muse|varscan2?|vardict(?:java)?|freebayes|platypus|lofreq|caveman|c?pindel|somaticsniper|"
    r"sniper|somaticseq|varlociraptor|clairs(?:_to)?|smcounter2?|tnscope|tnhaplotyper2?|deepsomatic|deepvariant|"
    r"haplotypecaller|gatk|dragen|octopus|pisces|tvc|sage|manta|delly|lumpy|"
    r"svaba|brass"
)
#: Words of callers and steps at the end of a file's name.
_STEPS = (
    rf"somatic|snvs?|indels?|sv|{CALLERS}|cut|hard-filtered|"
    r"(un)?filtered|filter|pass|passed|vep|snpeff|ann|annotated|anno|norm(alized)?|sorted|hg19|hg38|grch3[78]|final|raw|merged|"
    r"ensemble|consensus([._]\d{8})?|snv_mnvs?|calls?|variants?|somaticsv|gridss|gripss|esvee|pave|linx|purple|flagged|muts|mutations?|annot|dedup|md|recal|bwa|bam|cram|"
    r"cnvs?|cna|cncf|hisens|purity|segs?|segments?|cns|subclones|copynumber|cellularity|ploidy|purityploidy|segtab|titan|seg_ucn|acf|facets|ascat|sequenza|"
    r"call_stats|genomon_mutation|filt|snp|ss|fb|(bam-)?readcounts?|alleliccounts|acounts|counts|pileups?|fusions?|final-list_candidate-fusion-genes|fusioncatcher|fusion_predictions|arriba|star-fusion|abridged|multianno|funcotated|funcotator|"
    r"(somatic|germline|loh)\.hc|chr(\d\d?|[xy]|mt?)(_\d+-\d+)?|\d{4}-scattered|(shard|scatter)[_-]?\d+|"
    r"thresholds|per-base|bed|bedpe|sambamba|sv\.somatic|mosdepth|mantis|status|params|confints_cp|alternative_solutions|rho_and_psi|(merged)?smallvariants|combinedvariantoutput|genemetrics|genes?|gene_level|caveman|samplestatistics|info|msisensor2?|msisensor[_-]?pro|per_?target(_?cov(erage)?)?|picard|hs_?metrics|coverage|output|out|results?|vcfs?|maf|tsv|txt|csv|xlsx?"
)
_ENDS = re.compile(rf"([._ -]+({_STEPS}))+$", re.I)
#: A caller before the name, as sarek 2 writes it: ``Strelka_T_vs_N_somatic_snvs.vcf.gz``.
_FIRST = re.compile(
    r"^(?:(?:(?:strelka2?|mutect2?|manta|freebayes|haplotypecaller|tiddit|mpileup|varscan2?|muse|vardict)_|"
    r"(?:somatic|snvs?|snps?|indels?|filtered|annotated|vep|consensus)[_.-])+)(?=[^_.]+[_.-]?\w)",
    re.I,
)
_ONLY_STEPS = re.compile(rf"^({_STEPS}|000\d|expectedresults|variant_calling|annotation)([._ -]+({_STEPS}))*$", re.I)


def stem_of(path: Path) -> str:
    """Return the name a file bears without the words of callers and steps; its folder's where nothing else is left.

    >>> stem_of(Path("P1.mutect2.filtered.vep.vcf.gz")), stem_of(Path("P2_T/strelka/somatic.snvs.vcf.gz"))
    ('P1', 'P2_T')
    >>> stem_of(Path("P1_T_vs_P1_N.strelka.somatic_snvs.vcf")), stem_of(Path("P1 final (1).vcf"))
    ('P1_T_vs_P1_N', 'P1')

    Of a name that every patient has the folder says whose it is, and a word for a lesion or blood which:

    >>> stem_of(Path("P1/tumor.vcf")), stem_of(Path("P1/primary.vcf")), stem_of(Path("P1/liver_met/mutect2.vcf"))
    ('P1', 'P1_primary', 'P1_liver_met')
    """
    stem, folder, material = _parts(path)
    return stem if folder is None else folder if material is None else f"{folder}_{material}"


def folder_of_samples(path: Path) -> str | None:
    """Return the folder whose files are samples of one patient (``P1/primary.vcf``, ``P1/met/calls.vcf``); else null.

    >>> folder_of_samples(Path("P1/primary.vcf")), folder_of_samples(Path("P1/tumor.vcf"))
    ('P1', None)
    """
    _, folder, material = _parts(path)
    return folder if material else None


@lru_cache(4096)
def _parts(path: Path) -> tuple[str, str | None, str | None]:
    """Return a file's own name without the words of steps, and where that names nobody the folder that does (null: none)
    and the word for a lesion or blood between the two."""
    name = re.sub(r"\.(gz|bgz)$", "", path.name, flags=re.I)
    name = re.sub(r" \(\d{1,2}\)(?=\.\w+$)", "", name)  # a browser's second download
    stem = name if _ONLY_STEPS.match(name) else _FIRST.sub("", _ENDS.sub("", name)) or name
    if not _ONLY_STEPS.match(stem) and not (GENERIC.match(stem) and path.parent.name):
        return stem, None, None
    words = [stem]
    for parent in (p.name for p in path.parents if p.name):
        if not (_ONLY_STEPS.match(parent) or GENERIC.match(parent) or _TIME_FOLDER.match(parent)):
            of_time = next((w for w in words if _MATERIAL.match(w) or _TIME_FOLDER.match(w)), None)
            return stem, _ENDS.sub("", parent), of_time
        words.append(parent)
    return stem, None, None


def beginning(sample: str) -> tuple[str, str] | None:
    """Return what a name is before its word of a lesion, of blood or of a time, and that word; null where it has none.

    >>> beginning("P1_liver_met"), beginning("张三-原发灶"), beginning("P1"), beginning("P1_T")
    (('P1', 'liver_met'), ('张三', '原发灶'), None, None)
    >>> beginning("张三肝转移"), beginning("P1 liver met"), beginning("肝转移灶"), beginning("P1_T2")
    (('张三', '肝转移'), ('P1', 'liver met'), None, ('P1', 'T2'))
    >>> beginning("P1_pre"), beginning("P1-baseline"), beginning("P1_9"), beginning("P1_2019-01-02"), beginning("P1_day28")
    (('P1', 'pre'), ('P1', 'baseline'), None, ('P1', '2019-01-02'), ('P1', 'day28'))

    Letters alone before a letter with a number are no patient, but a centre or a cohort that counts its patients:

    >>> beginning("CRC_T01"), beginning("CRC_primary"), beginning("李四_T1"), beginning("P2_LM"), beginning("CRC_PT01")
    (None, ('CRC', 'primary'), ('李四', 'T1'), ('P2', 'LM'), None)
    """
    cuts = [m.start() for m in re.finditer(r"[_.\- ]", sample)]
    words = ((sample[:i], sample[i + 1 :]) for i in cuts if i)
    said = next(((s, w) for s, w in words if _MATERIAL.match(w) or _APART.match(w)), None)
    if said and _NUMBERED.match(said[1]) and said[0].isascii() and not any(map(str.isdigit, said[0])):
        return None
    if said or sample.isascii():
        return said
    glued = _GLUED.match(sample)
    return (glued["stem"], glued["word"]) if glued and not GENERIC.match(sample) else None


def own_name(path: Path) -> str:
    """Return the name of a file without the words of callers and steps, whatever its folders are called.

    >>> own_name(Path("P1/primary.mutect2.vcf"))
    'primary'
    """
    return _parts(path)[0]


def is_step(word: str) -> bool:
    """Whether a name is one of callers and steps: ``mutect2``, ``calls``."""
    return bool(_ONLY_STEPS.match(word))


def is_tumour_word(word: str) -> bool:
    """Whether a name says tumour and not which."""
    return bool(GENERIC_TUMOUR.match(word)) or word in ("T", "t")


def is_time_word(word: str) -> bool:
    """Whether a name is a date or a time of treatment, as folders are called."""
    return bool(_TIME_FOLDER.match(word))


def is_lesion_word(word: str) -> bool:
    """Whether a name is a word for a lesion, a material or a time of treatment."""
    return not is_tumour_word(word) and bool(_MATERIAL.match(word) or _APART.match(word) or _TIME_FOLDER.match(word))


def lesion_of_file(name: str, path: Path) -> str | None:
    """Return the sample of a file that is named after a patient, `name`, and a lesion, material or time of his, where the
    file itself names the patient alone; null of any other file.

    >>> lesion_of_file("P1", Path("P1_plasma.vcf")), lesion_of_file("P1", Path("P1/2021-03-01/calls.vcf"))
    ('P1_plasma', 'P1_2021-03-01')
    >>> lesion_of_file("P1", Path("P1.vcf")), lesion_of_file("P1", Path("P1_tumor.vcf"))
    (None, None)
    """
    stem = stem_of(path)
    found = beginning(stem) if len(stem) > len(name) and stem.startswith(name) else None
    return stem if found and found[0] == name and not GENERIC_TUMOUR.match(found[1]) else None


def beginnings(samples: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the `beginning` of each name that has one.

    >>> beginnings(["P1_liver_met", "P1", "张三肝转移"])
    {'P1_liver_met': ('P1', 'liver_met'), '张三肝转移': ('张三', '肝转移')}
    """
    names = pl.Series(list(samples), dtype=pl.String)
    return {s: found for s in names.filter(names.str.contains(_MAY_BEGIN)) if (found := beginning(s))}


def names_nobody(path: Path) -> bool:
    """Whether the name of a file is one of callers and steps, or one that every patient has.

    >>> names_nobody(Path("star-fusion.fusion_predictions.abridged.tsv")), names_nobody(Path("P1.purity.tsv"))
    (True, False)
    """
    stem, _, _ = _parts(Path(path.name))
    return bool(_ONLY_STEPS.match(stem) or GENERIC.match(stem))


@lru_cache(4096)
def pair_of(path: Path) -> tuple[str, str] | None:
    """Return (tumour, normal) of a name such as ``P1_T_vs_P1_N.strelka.vcf``, or of the folder it lies in."""
    for text in (stem_of(path), *(p.name for p in list(path.parents)[:3])):
        if found := _PAIR.match(text) or _TEMPO.match(text):
            return found["tumour"], found["normal"]
    return None


def is_generic(name: str) -> bool:
    """Whether a name is one that every file uses and names nobody: TUMOR, NORMAL, primary, blood ..."""
    return bool(GENERIC.match(name))


class Partners:
    """The names of a file by what their ends say: which have a normal, or the tumour of a normal, among them."""

    def __init__(self, names: Collection[str]):
        self._kinds: dict[str, set[bool]] = {}
        self._each_has_one = True
        for name in names:
            if found := ROLE_END.match(name):
                self._kinds.setdefault(found["stem"], set()).add(_is_normal_role(found["role"]))
            else:
                self._each_has_one = False

    def of(self, name: str) -> tuple[bool, str] | None:
        """Return whether a name is the normal's, and the stem, where another of the names is its partner; null: it has
        none.

        >>> Partners(["P1_N", "P1_T"]).of("P1_N"), Partners(["P1_normal", "P1_T"]).of("P1_T"), Partners([]).of("P1_N")
        ((True, 'P1'), (False, 'P1'), None)
        >>> Partners(["A01R", "A01T"]).of("A01R"), Partners(["A01R", "A01T", "A01X"]).of("A01R")
        ((True, 'A01'), None)
        """
        mine = ROLE_END.match(name)
        if not mine:
            return None
        is_normal = _is_normal_role(mine["role"])
        if (not is_normal) not in self._kinds.get(mine["stem"], ()):
            return None
        # glued letters mean roles where every name has one: A01R and A01T of TCGA are two people among 367
        is_apart = not name[len(mine["stem"])].isalnum()
        return (is_normal, mine["stem"]) if is_apart or self._each_has_one else None


def paired_normal(name: str, names: Collection[str]) -> tuple[bool, str] | None:
    """Return what `Partners` say of one name."""
    return Partners(names).of(name)


def _is_normal_role(role: str) -> bool:
    return bool(re.fullmatch(rf"N|R|血|{NORMAL_WORD}", role, re.I))


def is_normal_name(name: str) -> bool:
    """Whether a name says that it is a normal."""
    return bool(IS_NORMAL.match(name))


_WHITE_CELLS = re.compile(r"(?i)(^|[_.\- ])(wbc|pbmc|pbl|buffy(_?coat)?|leu[kc]o(cytes?)?|白细胞|血细胞)\d*$")


def is_white_cells(name: str) -> bool:
    """Whether a name says that the cells of the blood were sequenced: beside plasma they show what is of a blood clone.

    >>> is_white_cells("P1_WBC"), is_white_cells("P1-pbmc"), is_white_cells("P1_N")
    (True, True, False)
    """
    return bool(_WHITE_CELLS.search(name))


def is_plasma(name: str) -> bool:
    """Whether a name says that it is plasma: ``P1_cfDNA``, ``P1_plasma``, 血浆."""
    return bool(_PLASMA.search(name))


def of_path(name: str) -> str:
    """Return the sample that a path names (bcftools and Platypus name a column after its BAM); other names as they are.

    >>> of_path("/data/P1_T.sorted.bam"), of_path("P1_T"), of_path("Patient 2/T")
    ('P1_T', 'P1_T', 'Patient 2/T')
    """
    return stem_of(Path(name.replace("\\", "/").rsplit("/", 1)[-1])) if _PATH.search(name) else name


def of_one_beginning(samples: Iterable[str]) -> dict[str, str]:
    """Return the patient of samples whose names are one beginning with words of several lesions, times or blood behind it.

    Empty where no beginning has several; a beginning with more numbered letters behind it than a patient has samples
    counts patients and is none itself.

    >>> of_one_beginning(["P1_T1", "P1_T2", "P2_T1", "P3"]), of_one_beginning(["P1_T1", "P2_T1"])
    ({'P1_T1': 'P1', 'P1_T2': 'P1', 'P2_T1': 'P2'}, {})
    >>> of_one_beginning([f"S1_C{i}" for i in range(1, 31)])
    {}
    """
    parts = beginnings(samples)
    words: dict[str, set[str]] = {}
    for stem, word in parts.values():
        words.setdefault(stem, set()).add(word)
    counting = {s for s, of in words.items() if sum(bool(_NUMBERED.match(w)) for w in of) > _MOST_NUMBERED}
    if not any(len(of) > 1 for stem, of in words.items() if stem not in counting):
        return {}
    return {s: stem for s, (stem, _) in parts.items() if stem not in counting}


_SHEET = re.compile(r"_S(?P<number>\d+)(_L00\d)?(_R[12])?(_001)?$")


_LANE = re.compile(r"(?<=_S)(?P<number>\d+)_L00[1-8](_R[12])?(_001)?$")


def without_lane(sample: str) -> str:
    """Return a name without the lane of Illumina's file names: the lanes of one library are one sample.

    >>> without_lane("P1_S3_L002"), without_lane("P1-T_S12_L001_R1_001"), without_lane("P1_L002")
    ('P1_S3', 'P1-T_S12', 'P1_L002')
    """
    return _LANE.sub(r"\g<number>", sample)


def without_sheet_numbers(samples: Sequence[str]) -> dict[str, str]:
    """Return sample -> its name without the number of Illumina's sample sheet (``P1-T_S3``), where every name has another
    number: S1 and S2 behind one name alone may be samples of a patient.

    >>> without_sheet_numbers(["P1-T_S1", "P1-M_S2"]), without_sheet_numbers(["P1_S1", "P1_S2"])
    ({'P1-T_S1': 'P1-T', 'P1-M_S2': 'P1-M'}, {'P1_S1': 'P1_S1', 'P1_S2': 'P1_S2'})
    """
    found = {s: m for s in samples if (m := _SHEET.search(s))}
    numbers = {m["number"] for m in found.values()}
    names = {s: s[: m.start()] for s, m in found.items()}
    counted = len(found) == len(samples) == len(numbers) and len(set(names.values())) == len(names)
    return names if counted else {s: s for s in samples}


def sample_of_file(path: Path) -> str:
    """Return the sample a file of one sample names: the tumour of ``T_vs_N``, else the name without the caller's words.

    >>> sample_of_file(Path("P1T_vs_P1N_hisens.cncf.txt")), sample_of_file(Path("P1T.purple.cnv.somatic.tsv"))
    ('P1T', 'P1T')
    """
    pair = pair_of(path)
    return pair[0] if pair else stem_of(path)


#: Words that say normal of a sample in a file of its own; blood may be its plasma, a control the arm of a trial.
_CLEAR_NORMAL = re.compile(
    r"(?i)^(?P<stem>.+)[_.\- ](?:normal|germ_?line(?:_?dna)?|adjacent(?:_?normal)?|nat|pbmc|pbl|wbc|gdna|saliva|"
    r"buccal(?:_?swab)?|buffy(?:_?coat)?|leu[kc]ocytes?|lymphocytes?|fibroblasts?|healthy|"
    r"正常(?:组织|对照)?|癌旁(?:组织|正常)?|对照|白细胞|血细胞|外周血(?:白细胞|单个核细胞))\d*$"
)


def normals_among(samples: Collection[str]) -> dict[str, tuple[str, list[str]]]:
    """Return the samples that by their names are normals, with the stem of their names and the others of that stem.

    >>> normals_among(["P1_FFPE", "P1_saliva", "P2_saliva", "P3"])
    {'P1_saliva': ('P1', ['P1_FFPE'])}
    >>> normals_among(["P1_T", "P1_N", "P2_N", "P2_met"])
    {'P1_N': ('P1', ['P1_T'])}
    >>> normals_among(["T_P1", "N_P1", "N_P2", "normal_P3", "P3"])
    {'N_P1': ('P1', ['T_P1']), 'normal_P3': ('P3', ['P3'])}
    >>> normals_among(["1T", "1N", "2T", "2N"])
    {'1N': ('1', ['1T']), '2N': ('2', ['2T'])}
    """
    ends = {s: m["stem"] for s in samples if (m := _CLEAR_NORMAL.match(s))}
    tumours = {m["stem"] for s in samples if (m := re.match(r"(?i)^(?P<stem>.+)[_.\- ](?:t|tumou?r|肿瘤)\d*$", s))}
    ends |= {s: m["stem"] for s in samples if (m := re.match(r"^(?P<stem>.+)[_.\- ]N\d*$", s)) and m["stem"] in tumours}
    ends |= _glued_normals(samples)
    before = _named_before(samples)
    if not ends:
        return before
    own, stems = set(ends.values()), Stems(ends.values(), marks="_.- ")
    others: dict[str, list[str]] = {}
    for sample in sorted({s for s in samples if s not in ends}):
        glued = sample[:-1] if sample[-1:] == "T" else ""
        for stem in {*stems.of(sample), *({sample, glued} & own)}:
            others.setdefault(stem, []).append(sample)
    return before | {s: (stem, others[stem]) for s, stem in sorted(ends.items()) if stem in others}


def _glued_normals(samples: Collection[str]) -> dict[str, str]:
    """Return normal -> stem of names such as 1N beside 1T, where every name ends in T or N behind a digit and every one
    in N has its T.

    >>> _glued_normals(["P1T", "P1N", "P2T"]), _glued_normals(["P1T", "P1N", "P2"]), _glued_normals(["P1N", "P2T"])
    ({'P1N': 'P1'}, {}, {})
    """
    found = [re.match(r"^(?P<stem>.*\d)(?P<role>[TN])$", s) for s in samples]
    tumours = {m["stem"] for m in found if m and m["role"] == "T"}
    normals = {m.group(): m["stem"] for m in found if m and m["role"] == "N"}
    return normals if all(found) and set(normals.values()) <= tumours else {}


_BEFORE = re.compile(rf"^(?:(?P<letter>[TN])|(?P<word>(?i:tumou?r|肿瘤|{NORMAL_WORD})))[_.-](?P<stem>.+)$")


def _named_before(samples: Collection[str]) -> dict[str, tuple[str, list[str]]]:
    """Return the normals among names that begin with what they are, as `normals_among`: N_P1 beside T_P1."""
    found = {s: m for s in samples if (m := _BEFORE.match(s))}
    own = {m["stem"]: s for s, m in found.items() if not (m["letter"] == "N" or is_normal_name(m["word"] or ""))}
    out = {}
    for s, m in sorted(found.items()):
        is_normal = m["letter"] == "N" or is_normal_name(m["word"] or "")
        other = own.get(m["stem"]) or (m["stem"] if m["stem"] in samples and m["word"] else None)
        if is_normal and other:
            out[s] = (m["stem"], [other])
    return out


_TIME = re.compile(rf"(?i)[_.-]({_MOMENT})$")


_PLASMA = re.compile(r"(?i)cf_?dna|ct_?dna|plasma|血浆")
_NAMED_NORMAL = re.compile(rf"(?i).+[_.-](?:{NORMAL_WORD})\d*$")
_CONTROL = re.compile(rf"(?i)(?P<stem>.+)[_.-](?:(?:{NORMAL_WORD})\d*|{_NORMAL_LETTERS})$")  # N1 and N2 may be nodes
_GERMLINE = re.compile(r"(?P<stem>.+)[_.-]G\d*$")


class Stems:
    """Beginnings of names that stand before a mark, looked up by their lengths: a name may hold a thousand marks."""

    def __init__(self, stems: Iterable[str], marks: str = "_.-"):
        self._stems, self._marks = frozenset(stems), tuple(marks)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def of(self, name: str) -> list[str]:
        """Return those that a name begins with, the shortest first.

        >>> Stems(["P1", "P1_met", "P10", "P"]).of("P1_met_N")
        ['P1', 'P1_met']
        """
        return [name[:n] for n in self._lengths if name[n : n + 1] in self._marks and name[:n] in self._stems]


class Controls:
    """The names of a file by their beginnings: which is the blood or the normal of others of its stem.

    Sorted once, so that those of a stem stand together: a file may have thousands of columns.
    """

    def __init__(self, names: Iterable[str]):
        self._names = sorted(set(names))
        self._of_stem: dict[str, str | None] = {}
        self._has_normal: dict[str, bool] = {}

    def of(self, name: str) -> str | None:
        """Return the stem of ``P6_blood``, ``P6-normal`` or ``P6_N`` beside others of the stem (``P6_primary``); else
        null.

        G is the germline beside D(iagnosis) and R(elapse) alone: among A to G it is a region.

        >>> Controls(["SJ01_D1", "SJ01_R1", "SJ01_G1"]).of("SJ01_G1"), Controls(["P1_A", "P1_D", "P1_G"]).of("P1_G")
        ('SJ01', None)

        BL is the blood, or the baseline where the others are later times, the sample is plasma, or a normal is there.

        >>> Controls(["P1_BL", "P1_T1", "P1_T2"]).of("P1_BL"), Controls(["DTB-003-BL", "DTB-003-PRO"]).of("DTB-003-BL")
        ('P1', None)
        >>> Controls(["P1_cfDNA_BL", "P1_cfDNA_C3"]).of("P1_cfDNA_BL")
        """
        if germline := _GERMLINE.match(name):
            stem = germline["stem"]
            letters = (o[len(stem) + 1 :].rstrip("0123456789") for o in self._beside(stem) if o != name)
            first = next(letters, None)
            return stem if first in ("D", "R") and all(x in ("D", "R") for x in letters) else None
        if not (found := _CONTROL.match(name)):
            return None
        stem = found["stem"]
        if re.search(r"(?i)[_.-]BL$", name) and self._is_baseline(stem, name):
            return None
        if stem not in self._of_stem:
            self._of_stem[stem] = stem if any(not _CONTROL.match(o) for o in self._beside(stem)) else None
        return self._of_stem[stem]

    def _is_baseline(self, stem: str, name: str) -> bool:
        """Whether BL at the end of a name is the baseline and not the blood."""
        if _PLASMA.search(name) or any(_TIME.search(o) for o in self._beside(stem)):
            return True
        root = re.split(r"[_.-]", stem)[0]
        if root not in self._has_normal:  # a name that ends as BL is none of them
            self._has_normal[root] = any(_NAMED_NORMAL.match(o) for o in self._beside(root))
        return self._has_normal[root]

    def _beside(self, stem: str) -> Iterator[str]:
        for mark in "_.-":
            yield from self._beginning(stem + mark)

    def _beginning(self, start: str) -> Iterator[str]:
        for at in range(bisect_left(self._names, start), len(self._names)):
            if not self._names[at].startswith(start):
                return
            yield self._names[at]


#: What stands where no normal of the patient was sequenced: vcf2maf's NORMAL, a panel of normals, MSK's pooled normals.
_NO_NORMAL = (
    r"(?i)^(normal|\.|none|__unknown__|pon|no[ _-]?normal|un(matched|paired)([ _.-]?normal)?|tumou?r[ _-]?only|"
    r"panel[ _-]?of[ _-]?normals?|.*pool(ed)?[ _-]?normal.*|.*normal[ _-]?pool.*|na12878|无对照|无)$"
)


def no_normal(ids: pl.Expr) -> pl.Expr:
    """Return whether an id of a normal says that there is none of the patient's own.

    >>> frame = pl.DataFrame({"id": ["NORMAL", "FROZENPOOLEDNORMAL_IMPACT505", "PoN", "P1_N", "TCGA-AA-0001-10A"]})
    >>> frame.select(no_normal(pl.col("id")))["id"].to_list()
    [True, True, True, False, False]
    """
    return ids.str.strip_chars().str.contains(_NO_NORMAL)
