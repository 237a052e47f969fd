"""Laboratory values as written -> a number or a bound, its unit apart, the analyte under one name.

``12,5``, ``1,234.5``, ``12.5 ng/mL``, ``＜0.01``, ``> 1000``, ``未检出``, ``5.6↑``: what can be told is put into one
spelling, the rest stays as it is and is named by the checks.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from oncourse.genome.texts import each
from oncourse.study.values import EITHER, plain_numbers
from oncourse.study.words import meaning, plain

_VALUE = r"^([<>]?=?)\s*([+-]?\d[\d.,\s']*?(?:[eE][+-]?\d+)?)\s*([A-Za-zµμ%].*)?$"
#: Powers of ten as they are typed: 3.2×10^2, 3.2*10E2.
_POWER = re.compile(r"(?<=\d)\s*[x×*]\s*10\s*[\^eE]?\s*([+-]?\d+)")
#: What a laboratory writes behind a value outside its normal range; it is no part of the value.
_FLAG = r"\s*[(]?[↑↓*]+[)]?$|\s+(?i:[HL]|HH|LL)$|\s*[（(](?i:[HLN]|normal|high|low)[)）]$"
_FLAG += r"|\s*[（(]?(正常|升高|增高|偏高|偏低|降低)[)）]?$"
BELOW = "below detection"
#: Bounds in words: 大于100, 100以上, 小于0.01, 0.003以下; and "about".
_BOUNDS = (
    (re.compile(r"^(?:大于|高于|超过|多于|above|over|more than)\s*(?:等于|或等于)?\s*(?=\d)", re.I), ">"),
    (re.compile(r"^(?:小于|低于|不足|少于|below|under|less than)\s*(?:等于|或等于)?\s*(?=\d)", re.I), "<"),
    (re.compile(r"^[↑↓]\s*(?=[<>]?\s*\d)"), ""),  # a mark before the value
    (re.compile(r"^(\d[\d.,]*)\s*(?:以上|及以上)$"), r">\1"),
    (re.compile(r"^(\d[\d.,]*)\s*(?:以下|及以下)$"), r"<\1"),
    (re.compile(r"^(?:约|大约|≈|~)\s*(?=\d)"), ""),
    (re.compile(r"^(?:正常|升高|增高|偏高|降低|偏低|阳性|阴性)\s*[(:：]\s*([<>]?\s*\d[\d.,]*)\s*\)?$"), r"\1"),
)


def tidy_labs(labs: pl.DataFrame) -> pl.DataFrame:
    """Return the labs with analyte, value and unit in one spelling; other columns and unknown texts as they are."""
    if not {"analyte", "value"} <= set(labs.columns):
        return labs
    unit = (
        labs["unit"].cast(pl.String) if "unit" in labs.columns else pl.Series("unit", [None] * labs.height, pl.String)
    )
    value = labs["value"].cast(pl.String)
    told = tidy_values(value)
    same = each(labs["analyte"].cast(pl.String), lambda text: analyte_of(text) or text)
    units = pl.select(pl.coalesce(pl.when(unit.str.strip_chars() != "").then(unit), told["unit"]).alias("unit"))["unit"]
    clash = _two_units(unit, told["unit"])
    read = value.zip_with(clash, told["value"]) if clash.any() else told["value"]
    return labs.with_columns(same.alias("analyte"), read.alias("value"), units)


def _two_units(unit: pl.Series, inside: pl.Series) -> pl.Series:
    """Whether a value names another unit than its column: ``45 mg/L`` beside ng/mL is no value that can be told."""
    from oncourse.study.analytes import same_unit

    pairs = pl.DataFrame({"unit": unit, "inside": inside})
    apart = [
        (one, two) for one, two in pairs.drop_nulls().unique().iter_rows() if one.strip() and not same_unit(one, two)
    ]
    if not apart:
        return pl.repeat(False, len(unit), dtype=pl.Boolean, eager=True)
    told = pl.DataFrame(apart, schema=["unit", "inside"], orient="row").with_columns(pl.lit(True).alias("_apart"))
    return pairs.join(told, on=["unit", "inside"], how="left", maintain_order="left")["_apart"].fill_null(False)


def tidy_values(values: pl.Series) -> pl.DataFrame:
    """Return value (``number``, ``<number``, ``>number``, ``below detection``, or the text as it is) and unit.

    Marks of what is too high or too low (``5.6↑``, ``5.6 H``) are no part of a value; "not done" is none.

    >>> tidy_values(pl.Series(["12,5", "＞1000", "6.1 ng/mL", "未检出", "<0,01", "high"])).rows()[:3]
    [('12.5', None), ('>1000', None), ('6.1', 'ng/mL')]
    >>> tidy_values(pl.Series(["3.1(正常)", "12 升高", "5 (high)", "↑88"]))["value"].to_list()
    ['3.1', '12', '5', '88']
    >>> tidy_values(pl.Series(["大于100", "0.003以下", "100以上", "约5", "正常(3.2)", "0.1(↑)"]))["value"].to_list()
    ['>100', '<0.003', '>100', '5', '3.2', '0.1']
    >>> tidy_values(pl.Series(["3.2E2", "1.5×10^3 ng/mL"])).rows()
    [('3.2E2', None), ('1.5e3', 'ng/mL')]
    """
    unique = values.drop_nulls().unique(maintain_order=True)
    text = each(unique, _ascii)
    parts = pl.DataFrame({"raw": unique, "text": text}).with_columns(
        pl.col("text").str.extract(_VALUE, 1).str.replace("=", "").alias("sign"),
        pl.col("text").str.extract(_VALUE, 2).str.strip_chars().alias("digits"),
        pl.col("text").str.extract(_VALUE, 3).str.strip_chars().alias("unit"),
    )
    digits = plain_numbers(parts["digits"])
    is_number = digits.cast(pl.Float64, strict=False).is_not_null()
    below = each(parts["text"], lambda t: meaning("below_detection", t))
    is_open = each(parts["text"], lambda t: meaning("not_measured", t)).is_not_null()
    parts = parts.with_columns(
        digits.alias("digits"), is_number.alias("ok"), below.alias("below"), is_open.alias("is_open")
    )
    known = parts.select(
        pl.col("raw"),
        pl.when("ok")
        .then(pl.col("sign") + pl.col("digits"))
        .when(~pl.col("is_open"))
        .then(pl.coalesce("below", "raw"))
        .alias("value"),
        pl.when("ok").then("unit").alias("unit"),
    )
    return values.to_frame("raw").join(known, on="raw", how="left", maintain_order="left").select("value", "unit")


def _ascii(text: str) -> str:
    plain_signs = unicodedata.normalize("NFKC", text.translate(str.maketrans("。", "."))).strip()
    plain_signs = _POWER.sub(r"e\1", plain_signs)
    for words, signs in _BOUNDS:
        plain_signs = words.sub(signs, plain_signs)
    return re.sub(_FLAG, "", plain_signs).strip().translate(str.maketrans("≤≥", "<>"))


def is_either(text: pl.Expr) -> pl.Expr:
    """Whether a comma of the value can be a decimal one or part thousands: ``1,234``, ``>1,000``."""
    return text.str.replace(r"^[<>=]+\s*", "").str.contains(EITHER)


#: What stands behind the name of a component in LOINC and OMOP: [Mass/volume] in Serum or Plasma --baseline.
_LOINC_TAIL = re.compile(r"\s*\[[^\]]*\].*$|\s+in (serum|plasma|blood|ser/plas)\b.*$|\s*[（(][^()（）]*[)）]$", re.I)

#: A value of another fluid than blood is another analyte.
_OTHER_FLUID = re.compile(r"\burin|尿|\bcsf\b|cerebro|脑脊液|pleural|胸水|胸腔积液|ascit|腹水|saliva|stool|粪", re.I)


def analyte_of(text: str | None) -> str | None:
    """Return our name of an analyte, also of a LOINC name with specimen and scale behind the component; null unknown.

    >>> analyte_of("Prostate specific Ag [Mass/volume] in Serum or Plasma"), analyte_of("癌胚抗原(CEA)"), analyte_of("Ag")
    ('PSA', 'CEA', None)
    >>> analyte_of("Albumin [Mass/volume] in Urine"), analyte_of("白蛋白(尿)"), analyte_of("albumin (serum)")
    (None, None, 'albumin')
    """
    if text is None or _OTHER_FLUID.search(text):
        return None
    bare = _LOINC_TAIL.sub("", text)
    spellings = (text, bare, re.sub(r"(?<=\b\w)[\s._-]+(?=\w\b)", "", bare))  # P S A, P.S.A
    return next((known for spelling in spellings if (known := meaning("analyte", spelling))), None)


def nearest_analyte(text: str) -> str | None:
    """Return the known analyte whose name is most like `text`; None where it is known, or like none."""
    from oncourse.study.schema import nearest
    from oncourse.study.words import vocabulary

    if meaning("analyte", text) is not None:
        return None
    known = vocabulary()["analyte"]
    near = nearest(plain(text), [w for w in known if len(w) > 2], cutoff=0.8)
    return known[near] if near else None
