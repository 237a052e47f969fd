"""Words of clinical exports in our words: vital status, sex, sample type, organ, microsatellite status, percent."""

from __future__ import annotations

import re

import polars as pl

from oncourse.days import DAYS_PER_MONTH
from oncourse.io.values import numbers

#: Texts of exports that mean "not assessed".
NO_VALUE = (
    "", "NA", "N/A", "[NOT AVAILABLE]", "[NOT APPLICABLE]", "[NOT EVALUATED]", "[UNKNOWN]", "[PENDING]",
    "[DISCREPANCY]", "[COMPLETED]", "NULL", "NONE", "NAN", "NOT AVAILABLE", "NOT REPORTED", ".", "--", "#N/A",
)  # fmt: skip

_EVENT = {
    "deceased", "dead", "died", "death", "1", "1.0", "true", "yes", "y", "event", "recurred/progressed", "recurred",
    "recurrence", "progressed", "progression", "progressed/recurred", "relapse", "relapsed", "recurred/relapsed",
    "dead with tumor", "dead of disease", "expired", "metastasis", "failed", "dead of other causes",
}  # fmt: skip
_NO_EVENT = {
    "living", "alive", "0", "0.0", "false", "no", "n", "censored", "diseasefree", "disease free", "disease-free",
    "no recurrence", "progression free", "not progressed", "no event", "alive or dead tumor free", "tumor free",
    "disease-free/progression-free", "no evidence of disease", "progressionfree", "no progression",
    "without recurrence", "no relapse",
}  # fmt: skip

_ROLES = {
    "primary": "primary", "primary tumor": "primary", "primary tumour": "primary", "p": "primary", "pt": "primary",
    "primary solid tumor": "primary", "primary tissue": "primary", "tumor primary": "primary", "pri": "primary",
    "metastasis": "metastasis", "metastatic": "metastasis", "met": "metastasis", "mets": "metastasis",
    "metastases": "metastasis", "distant metastasis": "metastasis", "lymph node metastasis": "metastasis",
    "regional metastasis": "metastasis", "metastatic tumor": "metastasis", "metastasis site unspecified": "metastasis",
    "local recurrence": "local_recurrence", "recurrence": "local_recurrence", "local_recurrence": "local_recurrence",
    "recurrent": "local_recurrence", "recurrent tumor": "local_recurrence", "rec": "local_recurrence",
    "primary recurrent tumor": "local_recurrence",
}  # fmt: skip
#: Short lesion names of multi-region studies -> (role, organ).
_CODES = {
    "bm": ("metastasis", "brain"), "br": ("metastasis", "brain"), "ln": ("metastasis", "lymph node"),
    "lu": ("metastasis", "lung"), "li": ("metastasis", "liver"), "lm": ("metastasis", "liver"),
    "liv": ("metastasis", "liver"), "bo": ("metastasis", "bone"), "bone": ("metastasis", "bone"),
    "liver": ("metastasis", "liver"), "lung": ("metastasis", "lung"), "brain": ("metastasis", "brain"),
    "ov": ("metastasis", "ovary"), "per": ("metastasis", "peritoneum"), "om": ("metastasis", "omentum"),
    "m": ("metastasis", None), "met": ("metastasis", None), "p": ("primary", None), "pt": ("primary", None),
    "pri": ("primary", None), "prim": ("primary", None), "t": ("primary", None),
}  # fmt: skip
_PLASMA = re.compile(r"cfdna|ctdna|plasma|liquid biops|cell.?free|circulating tumou?r dna", re.I)
_NORMAL = re.compile(r"^(normal|blood derived normal|solid tissue normal|matched normal|germline)\b", re.I)
_MSI = {
    "msi-h": "MSI-H", "msih": "MSI-H", "msi": "MSI-H", "msi-high": "MSI-H", "msi high": "MSI-H", "high": "MSI-H",
    "instable": "MSI-H", "unstable": "MSI-H", "dmmr": "MSI-H", "mmr-d": "MSI-H", "mmrd": "MSI-H", "msi_h": "MSI-H",
    "msi-l": "MSI-L", "msi-low": "MSI-L", "msi low": "MSI-L", "low": "MSI-L",
    "mss": "MSS", "stable": "MSS", "pmmr": "MSS", "mmr-p": "MSS", "mmrp": "MSS", "ms-stable": "MSS",
    "microsatellite stable": "MSS", "microsatellite instability high": "MSI-H",
    "indeterminate": "indeterminate", "equivocal": "indeterminate",
}  # fmt: skip


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
    if words in _EVENT:
        return True
    return False if words in _NO_EVENT else None


def sex(text: str | None) -> str | None:
    """Return female or male; None for anything else.

    >>> sex("F"), sex("Male"), sex("unknown")
    ('female', 'male', None)
    """
    word = (text or "").strip().lower()
    return {
        "f": "female",
        "female": "female",
        "woman": "female",
        "m": "male",
        "male": "male",
        "man": "male",
    }.get(word)


def role(text: str | None) -> str | None:
    """Return primary, metastasis or local_recurrence; None where the words say none of them."""
    word = re.sub(r"[_\s]+", " ", (text or "").strip().lower())
    return _ROLES.get(word)


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
    """Return tissue, plasma or normal from a sample's type, class or assay; tissue where the words say neither.

    >>> material("Primary"), material("cfDNA"), material(None, "Solid Tissue Normal"), material("", "ACCESS129")
    ('tissue', 'plasma', 'normal', 'plasma')
    """
    for text in texts:
        if text and (_PLASMA.search(text) or re.match(r"(msk[- ]?)?access\d*", text, re.I)):
            return "plasma"
        if text and _NORMAL.match(text):
            return "normal"
    return "tissue"


def msi(text: str | None) -> str | None:
    """Return MSI-H, MSI-L, MSS or indeterminate; None for "Do not report" and the like."""
    return _MSI.get((text or "").strip().lower())


def mapped(
    values: pl.Series, function: object, dtype: pl.DataType | type[pl.DataType] = pl.String
) -> pl.Series:
    """Return `function` of each value, worked out once per distinct value."""
    unique = values.unique().drop_nulls()
    out = [function(v) for v in unique]  # type: ignore[operator]
    return values.replace_strict(unique, pl.Series(out, dtype=dtype), default=None, return_dtype=dtype)


def number(values: pl.Series) -> pl.Series:
    """Return the finite numbers of a text column, null elsewhere (`oncourse.io.values.numbers`)."""
    return numbers(values)


def fraction(values: pl.Series) -> pl.Series:
    """Return 0-1 of a column in fractions or percent (percent where any value is above 1)."""
    wide = number(values)
    return wide / 100 if (wide.drop_nulls() > 1).any() else wide


def days_of_months(values: pl.Series) -> pl.Series:
    """Return whole days of a column of months (x 30.4375, rounded); null where it is no number."""
    return (number(values) * DAYS_PER_MONTH).round(0).cast(pl.Int64)
