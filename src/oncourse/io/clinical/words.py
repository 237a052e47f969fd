"""Words of clinical exports in our words: vital status, sex, sample type, organ, microsatellite status, percent."""

from __future__ import annotations

import re

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.facts.markers import NEGATIVE, POSITIVE, marker_state
from oncourse.io.whose.sample_names import is_normal_name
from oncourse.study.values import numbers
from oncourse.study.words import meaning

#: Texts of exports that mean "not assessed".
NO_VALUE = (
    "",
    "NA",
    "N/A",
    "[NOT AVAILABLE]",
    "[NOT APPLICABLE]",
    "[NOT EVALUATED]",
    "[UNKNOWN]",
    "[PENDING]",
    "[DISCREPANCY]",
    "[COMPLETED]",
    "NULL",
    "NONE",
    "NAN",
    "NOT AVAILABLE",
    "NOT REPORTED",
    ".",
    "--",
    "#N/A",
)

#: Short lesion names of multi-region studies -> (role, organ).
_CODES = {
    "bm": ("metastasis", "brain"),
    "br": ("metastasis", "brain"),
    "ln": ("metastasis", "lymph node"),
    "lu": ("metastasis", "lung"),
    "li": ("metastasis", "liver"),
    "lm": ("metastasis", "liver"),
    "liv": ("metastasis", "liver"),
    "bo": ("metastasis", "bone"),
    "bone": ("metastasis", "bone"),
    "liver": ("metastasis", "liver"),
    "lung": ("metastasis", "lung"),
    "brain": ("metastasis", "brain"),
    "ov": ("metastasis", "ovary"),
    "per": ("metastasis", "peritoneum"),
    "om": ("metastasis", "omentum"),
    "m": ("metastasis", None),
    "met": ("metastasis", None),
    "p": ("primary", None),
    "pt": ("primary", None),
    "pri": ("primary", None),
    "prim": ("primary", None),
    "t": ("primary", None),
}
_PLASMA = re.compile(r"cfdna|ctdna|plasma|liquid biops|cell.?free|血浆|游离|液体活检|circulating tumou?r dna", re.I)
#: Tissue without tumour, beside it or far from it.
_NO_TUMOUR = re.compile(
    r"(?i)\b(non?|without)[- ]?(tumou?r|cancer(ous)?|neoplastic|malignant)\b|\buninvolved\b|"
    r"\b(adjacent|matched|paired) (normal|non|mucosa|tissue)|\b(blood|matched|germline) (normal|control)\b|"
    r"\bnormal (adjacent|control|tissue|colon|mucosa|blood|dna)\b|\b(peripheral blood )?mononuclear cells?\b|癌旁|瘤旁|"
    r"远端正常|正常(黏膜|粘膜|肠|组织|对照|血)"
)
#: A metastasis and its organ, in everyday short: Met - liver, Liver mets.
_MET = re.compile(r"(?i)^mets?\s*[-–:,(]\s*[a-z ]{3,20}\)?$|^[a-z ]{2,20}\smets?\.?(\s*\d{1,2})?$")
#: White cells, and what is no tumour either.
CELLS = re.compile(
    r"白细胞|白膜|血细胞|淋巴细胞|粒细胞|(?<![a-z])blood cells?|pbmc|buffy|leu[ck]ocyt|单个核|"
    r"white[ _-]?(?:blood[ _-]?)?cells?|(?<![a-z])wbcs?(?![a-z])|(?<!infiltrating )lymphocyt|granulocyt",
    re.I,
)
SALIVA = re.compile(r"唾液|口腔拭子|口腔黏膜|saliva|buccal", re.I)
#: Fluids of the body of which nobody says whether their cells or what is dissolved in them was sequenced.
_FLUID = re.compile(
    r"(?i)胸水|胸腔积液|腹水|腹腔积液|心包积液|脑脊液|尿液?$|胆汁|灌洗液|effusion|ascites|"
    r"\b(pleural|peritoneal|cerebrospinal) fluid\b|\bcsf\b|\burine\b|\blavage\b"
)
_FROM_FLUID = re.compile(r"(?i)biops|活检|细胞块|沉渣|上清|cell block|pellet")
_NORMAL = re.compile(r"^(normal|blood derived normal|solid tissue normal|matched normal|germline)\b", re.I)


def clean(column: str) -> pl.Expr:
    """Return the text of a column, null where the export means "not assessed"."""
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(~text.str.to_uppercase().is_in(NO_VALUE)).then(text)


def event(text: str | None) -> bool | None:
    """Whether a survival status is an event; None where it is unknown or in no known spelling.

    >>> [event(t) for t in ("1:DECEASED", "0:LIVING", "DECEASED", "Alive", "0", "1:Recurred/Progressed")]
    [True, False, True, False, False, True]
    >>> event("UNKNOWN"), event(""), event(None), event("0:DiseaseFree")
    (None, None, None, False)
    """
    if text is None:
        return None
    words = text.strip().lower()
    number, colon, rest = words.partition(":")
    if colon and number in ("0", "1"):
        return number == "1"
    words = rest.strip() if colon else words
    known = meaning("event", words)
    return None if known is None else known == "yes"


def dead(text: str | None) -> bool | None:
    """Whether a vital status is death; lost to follow-up is alive when last seen; None where it is unknown.

    >>> [dead(t) for t in ("DOD", "AWD", "Lost to follow-up", "1:DECEASED", "失访", "Unknown")]
    [True, False, False, True, False, None]
    """
    known = event(text)
    if known is None and (word := meaning("dead", text)) is not None:
        return word == "true"
    return known


def sex(text: str | None) -> str | None:
    """Return female or male; None for anything else.

    >>> sex("F"), sex("Male"), sex("unknown")
    ('female', 'male', None)
    """
    return meaning("sex", text)


def role(text: str | None) -> str | None:
    """Return primary, metastasis or local_recurrence; None where the words say none of them.

    >>> [role(t) for t in ("Primary (caecum)", "Met - liver", "Liver mets", "Primary tumour (sigmoid)", "Liver", None)]
    ['primary', 'metastasis', 'metastasis', 'primary', None, None]
    """
    plain = re.sub(r"[_\s]+", " ", text or "").strip()
    known = meaning("role", plain) or meaning("role", re.sub(r"\s*[(（][^()（）]*[)）]$", "", plain))
    return known or ("metastasis" if _MET.search(plain) else None)


def lesion_code(text: str) -> tuple[str | None, str | None]:
    """Return (role, organ) of a short lesion name as multi-region studies use them.

    >>> lesion_code("BM"), lesion_code("LN2"), lesion_code("P"), lesion_code("xyz")
    (('metastasis', 'brain'), ('metastasis', 'lymph node'), ('primary', None), (None, None))
    """
    if known := role(text):
        return known, None
    word = re.sub(r"[\s_-]*\d+$", "", text.strip().lower())
    return _CODES.get(word, (role(word), None))


def material(*texts: str | None) -> str:
    """Return tissue, plasma, normal, white_cells or blood from a sample's type, class or assay; tissue where the words
    say none of them.

    ``blood`` says not whether its cells (a normal) or its plasma were sequenced: the caller decides.

    >>> material("Primary"), material("cfDNA"), material(None, "Solid Tissue Normal"), material("", "ACCESS129")
    ('tissue', 'plasma', 'normal', 'plasma')
    >>> material("唾液"), material("Buffy coat"), material("White blood cells"), material("Blood cells")
    ('normal', 'white_cells', 'white_cells', 'white_cells')
    >>> [material(t) for t in ("No tumour", "Adjacent mucosa", "blood normal", "Tumour adjacent to normal")]
    ['normal', 'normal', 'normal', 'tissue']
    """
    for text in texts:
        if text and meaning("blood", text):
            return "blood"
        if text and (_PLASMA.search(text) or re.match(r"(msk[- ]?)?access\d*", text, re.I)):
            return "plasma"
        if text and _NORMAL.match(text):
            return "normal"
        if text and (known := meaning("material", text)) not in (None, "tissue"):
            return str(known)
        if text and (is_normal_name(re.sub(r"[\s_-]+", "_", text.strip())) or _NO_TUMOUR.search(text)):
            return "normal"
        if text and (CELLS.search(text) or SALIVA.search(text)):
            return "white_cells" if CELLS.search(text) else "normal"
    return "tissue"


def fluid(*texts: str | None) -> str | None:
    """Return the first words that name a fluid of the body, and not what was taken from it.

    >>> fluid("Primary", "胸水"), fluid("Ascites cfDNA"), fluid("胸水沉渣"), fluid("Liver biopsy")
    ('胸水', None, None, None)
    """
    return next((t for t in texts if t and _FLUID.search(t) and not (_FROM_FLUID.search(t) or _PLASMA.search(t))), None)


def msi(text: str | None) -> str | None:
    """Return MSI-H, MSI-L, MSS or indeterminate; None for "Do not report" and the like.

    A word may have its number or method behind it, nothing that doubts it.

    >>> msi("MSI-H (32%)"), msi("MSS, PCR"), msi("MSI-L (5%)"), msi("MSI-H?"), msi("Do not report")
    ('MSI-H', 'MSS', 'MSI-L', None, None)
    """
    if text is None:
        return None
    if known := meaning("msi_status", text):
        return known
    state = marker_state("MSI", text)
    if state == NEGATIVE:
        return "MSI-L" if re.match(r"(?i)\s*(msi[-_ ]?l|low)\b", text) else "MSS"
    return "MSI-H" if state == POSITIVE else None


def mapped(values: pl.Series, function: object, dtype: pl.DataType | type[pl.DataType] = pl.String) -> pl.Series:
    """Return `function` of each value, worked out once per distinct value."""
    if values.null_count() == len(values):
        return pl.Series(values.name, [None], dtype).new_from_index(0, len(values))
    unique = values.unique().drop_nulls()
    out = [function(v) for v in unique]  # type: ignore[operator]
    return values.replace_strict(unique, pl.Series(out, dtype=dtype), default=None, return_dtype=dtype)


def number(values: pl.Series) -> pl.Series:
    """Return the finite numbers of a text column, null elsewhere (`oncourse.study.values.numbers`)."""
    return numbers(values)


def fraction(values: pl.Series) -> pl.Series:
    """Return 0-1 of a column in fractions or percent; a cell that says % is percent by itself.

    The others are percent where any is above 1. Where some of them are above 1 and some below (60 beside 0.6) the unit
    cannot be known: they stay as they are, and those above 1 are refused as out of range.

    >>> fraction(pl.Series(["60%", "0.6"])).to_list(), fraction(pl.Series(["60", "30"])).to_list()
    ([0.6, 0.6], [0.6, 0.3])
    """
    from oncourse.io.tabular.units import fractions

    if values.null_count() == len(values):
        return values.cast(pl.Float64)
    given, says = fractions(values)
    plain = number(values).fill_null(given).set(says, None)
    above, below = plain.drop_nulls() > 1, (plain.drop_nulls() > 0) & (plain.drop_nulls() < 1)
    if above.any() and not below.any():
        plain = plain / 100
    return plain.set(says, None).fill_null(given.set(~says, None))


def days_of_months(values: pl.Series) -> pl.Series:
    """Return whole days of a column of months (x 30.4375, rounded); null where it is no number."""
    return (number(values) * DAYS_PER_MONTH).round(0).cast(pl.Int64, strict=False)
