"""Names of a hospital's columns in ours: by the vocabulary, by English words for them, by the table they stand in."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from oncourse.io.clinical.own_burden import is_burden
from oncourse.io.clinical.own_drug_headers import date_of_drugs
from oncourse.io.clinical.own_vital import decided, has_day, without_undecided
from oncourse.io.reading import Reading
from oncourse.io.tabular.units import in_percent, with_percent
from oncourse.study.headers import bare, with_words
from oncourse.study.schema import Problem
from oncourse.study.tables import TABLES, date_name
from oncourse.study.words import meaning, our_columns, plain

#: Headers that mean one thing in one table and another beside the patient (手术日期 there makes a procedure).
_IN_TABLE = {
    "procedures": dict.fromkeys(("手术日期", "手术时间"), "date") | dict.fromkeys(("手术", "术式", "手术方式"), "kind"),
    "treatments": dict.fromkeys(("化疗", "治疗"), "drugs") | dict.fromkeys(("治疗日期", "日期"), "start_date"),
    "labs": {"marker": "analyte"},
    "markers": dict.fromkeys(("test", "test name"), "marker"),
}
#: Follow-up and times of survival may stand beside the patient.
_BESIDE_PATIENTS = ("is_alive", *(f"{e}_{what}" for e in ("os", "pfs", "dfs") for what in ("months", "days", "status")))


def columns_of(table: str) -> set[str]:
    """Return the names of a table's columns and of their dates; of patients those of follow-up too."""
    names = {c.name for c in TABLES[table].columns}
    if table == "patients":
        names |= {c.name for c in TABLES["follow_up"].columns} | {"index_date"}
    if table == "samples":
        names |= {"role", "site"}  # of the lesion, beside its sample
    if table in ("patients", "follow_up"):
        names |= set(_BESIDE_PATIENTS)
    return names | {date_name(c) for c in names if c == "day" or c.endswith("_day")}


def our_headers(columns: Sequence[str], table: str) -> dict[str, str]:
    """Return their name -> ours for the headers of a table: Chinese, or English as people write it.

    >>> our_headers(["Patient ID", "Gender", "Date of last follow-up", "Vital status", "Smoker"], "patients")
    {'Patient ID': 'patient_id', 'Gender': 'sex', 'Date of last follow-up': 'last_contact_date', 'Vital status': 'is_dead'}
    >>> our_headers(["住院号", "手术日期"], "procedures"), our_headers(["手术日期"], "patients")
    ({'住院号': 'patient_id', '手术日期': 'date'}, {})
    """
    out = our_columns(columns)
    taken = {c.strip().lower() for c in columns} | set(out.values())
    known = columns_of(table)
    for name in columns:
        if name in out:
            continue
        ours = _IN_TABLE.get(table, {}).get(plain(bare(name))) or _english(name, known)
        ours = ours or (date_of_drugs(name) if table == "treatments" else None)
        ours = ours or ("tmb_per_mb" if table in ("samples", "patients") and is_burden(name) else None)
        if ours and ours != name and ours not in taken - {plain(name)}:
            out[name] = ours
            taken.add(ours)
    return out


#: Names of the date of the operation in a table of patients.
_OPERATION = (
    "手术日期",
    "手术时间",
    "surgery_date",
    "date_of_surgery",
    "operation_date",
    "date_of_operation",
    "op_date",
    "date_of_op",
)


def is_date_of_operation(header: str) -> bool:
    """Whether a header is that of the date of the operation.

    >>> is_date_of_operation("Date of surgery"), is_date_of_operation("手术日期*"), is_date_of_operation("Last visit")
    (True, True, False)
    """
    return re.sub(r"\s+", "_", plain(bare(header))) in _OPERATION


def _english(name: str, known: Collection[str]) -> str | None:
    """Return the column that an English header means; null where it is none of the known ones.

    >>> [_english(n, ("date", "patient_id", "death_date")) for n in ("CollectionDate", "PatientID", "DateOfDeath", "Sex")]
    ['date', 'patient_id', 'death_date', None]
    """
    for spaced in dict.fromkeys((name, _CAMEL.sub(" ", name))):  # CollectionDate, SampleID
        words = re.sub(r"[_\s]+", " ", plain(bare(spaced))).strip(" :?")
        for ours in (re.sub(r"[\s-]+", "_", words), meaning("header", words)):
            if ours in known:
                return ours
    return None


#: Where words meet that are written together.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def in_our_words(frame: pl.DataFrame, table: str, reading: Reading) -> pl.DataFrame:
    """Return a table under our names, the codes that its headers explain as words; what is not certain is told."""
    frame = frame.with_columns(_ticked(frame[c]).alias(c) for c, kind in frame.schema.items() if kind == pl.String)
    frame, notes = with_words(frame)
    reading.notes += notes
    frame = _without_percent(frame, table)
    if table == "target_lesions":
        frame = _with_unit(frame, reading)
    named = our_headers(frame.columns, table)
    return _plain_ids(under_our_names(frame, named, table, reading), table, reading)


def under_our_names(frame: pl.DataFrame, named: dict[str, str], table: str, reading: Reading) -> pl.DataFrame:
    """Return a table under our names; a status that may mean alive or dead keeps its own, and is told."""
    kept = dict(named)
    for name in [n for n, ours in named.items() if ours == "is_dead"]:
        read = _decided_status(frame, name, table, reading)
        if read is None:
            del kept[name]
        else:
            frame = read
    return frame.rename(kept) if kept else frame


_IDS = ("patient_id", "sample_id", "lesion_id")
_BOXES = r"[☑☒√✓✔■●◉□☐○◯]"
_TICKED = re.compile(r"[☑☒√✓✔■●◉]\s*([^☑☒√✓✔■●◉□☐○◯]+)")


def _ticked(cells: pl.Series) -> pl.Series:
    """Return the choice that is ticked of cells with boxes (☑男 □女); others, and cells with several ticks, as they are.

    >>> _ticked(pl.Series(["☑男 □女", "□男 √女", "□男□女", "√", "男"])).to_list()
    ['男', '女', '□男□女', '√', '男']
    """
    boxed = cells.filter(cells.str.contains(_BOXES).fill_null(False)).unique()
    told = {c: found[0].strip() for c in boxed if len(found := _TICKED.findall(c)) == 1 and found[0].strip()}
    return cells.replace(told) if told else cells


def _plain_ids(frame: pl.DataFrame, table: str, reading: Reading) -> pl.DataFrame:
    """Write ids of full-width signs (Ｐ１) as plain ones, and take the apostrophe away by which a spreadsheet marks text."""
    for column, kind in frame.schema.items():
        if kind != pl.String:
            continue
        text = frame[column]
        plain_text = text.str.replace(r"^'([^']+)$", "${1}")
        plain_text = plain_text.str.normalize("NFKC").str.strip_chars() if column in _IDS else plain_text
        if n := int((plain_text != text).fill_null(False).sum()):
            frame = frame.with_columns(plain_text.alias(column))
            reading.notes.append(f"{table}.{column}: {n:,} cells had full-width signs or an apostrophe before them")
    return frame


_SIZE = re.compile(
    r"^(最?长径|直径|最大径|病灶大小|大小|尺寸|径线|(longest )?diameter|size|lesion size)"
    r"\s*(?:[(（\[](cm|厘米|mm|毫米)[)）\]])?$",
    re.I,
)
_OWN_UNIT = r"(?i)(cm|mm|厘米|毫米)\s*$"
#: A size in two or three dimensions: 30×20 mm. The longest is the diameter (RECIST 1.1).
_ACROSS = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:cm|mm)?(?:\s*[×xX*＊✕]\s*(\d+(?:\.\d+)?)\s*(?:cm|mm)?){1,2}\s*$")


def _with_unit(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Write the unit of 长径(cm), else that of its cells (2.5cm, 18mm), beside the diameter; of a size across (30×20) the
    longest. A size without any unit is taken as mm, and told."""
    column = next((c for c in frame.columns if _SIZE.match(_CAMEL.sub(" ", bare(c)))), None)
    if column is None or {"diameter", "diameter_mm", "unit"} & set(frame.columns):
        return frame
    found = _SIZE.match(_CAMEL.sub(" ", bare(column)))
    head = {"厘米": "cm", "毫米": "mm"}.get(found[3] or "", (found[3] or "").lower()) if found else ""
    text = frame[column].cast(pl.String).str.strip_chars()
    own = text.str.extract(_OWN_UNIT).str.to_lowercase().replace({"厘米": "cm", "毫米": "mm"})
    in_mm = meaning("column", column) == "diameter_mm" and own.is_null().all()
    if in_mm and not text.str.contains(_ACROSS.pattern).any():
        return frame
    across = {w: _longest(w) for w in text.drop_nulls().unique() if _ACROSS.match(w)}
    sizes = text.replace(across).str.replace(_OWN_UNIT, "").str.strip_chars()
    if across:
        reading.notes.append(f"target_lesions: sizes across (first: {next(iter(across))}): the longest is the diameter")
    if not head and (own.is_null() & text.str.contains(r"\d")).any():
        message, cure = f"{column}: diameters without a unit are taken as mm.", f"Write the unit: {column}(mm)."
        reading.problems.append(Problem("target_lesions", None, column, None, message, cure, "warning"))
    unit = own.fill_null(head or "mm")
    return frame.with_columns(sizes.alias(column), unit.alias("unit")).rename({column: "diameter"})


def _longest(size: str) -> str:
    """Return the longest of a size across, with the unit that it ends in.

    >>> _longest("30×20"), _longest("2.5 x 3 cm")
    ('30', '3cm')
    """
    unit = re.search(_OWN_UNIT, size)
    return max(re.findall(r"\d+(?:\.\d+)?", size), key=float) + (unit[1] if unit else "")


def _without_percent(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Write the percent of a header (肿瘤纯度(%)) into the cells of a column of fractions, and take it from the name."""
    for column in frame.columns:
        without = in_percent(column)
        ours = None if without is None else our_headers([without], table).get(without, without)
        known = TABLES[table].by_name.get(ours or "")
        if without and known is not None and known.unit == "fraction" and without not in frame.columns:
            frame = frame.with_columns(with_percent(pl.col(column)).alias(column)).rename({column: without})
    return frame


_DATED = {"death_date", "death_day"}


def _decided_status(frame: pl.DataFrame, name: str, table: str, reading: Reading) -> pl.DataFrame | None:
    """Return the table with a status whose yes, no, 0 or 1 is understood; None, and told, where it may mean either."""
    died = pl.Series([False] * frame.height)
    for column in frame.columns:
        if our_headers([column], table).get(column, column) in _DATED:
            died |= has_day(frame[column])
    said = decided(name, frame[name], died)
    if said is None:
        said = without_undecided(name, frame[name], died, reading)
    return None if said is None else frame.with_columns(said)
