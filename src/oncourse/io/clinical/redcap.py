"""REDCap exports (CSV, raw or labelled; repeating instruments, check boxes) with their data dictionary.

A project names its fields as it likes: a field is known by its name or its label (`FIELDS`), a code by the dictionary's
choices. What is not known is listed, and never guessed: a code without a dictionary says nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from oncourse.io.clinical.gather import Gather, Row, Source, files_of, organ_of
from oncourse.io.clinical.own_genes import markers_of_columns
from oncourse.io.clinical.redcap_wide import one_row_each
from oncourse.io.reading import Reading
from oncourse.study.codes import is_code, told_code
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem
from oncourse.study.whose_cancer import cause_or_words
from oncourse.study.words import meaning

_EVENT_COLUMNS = (
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
)
_DRUG = r"((?<![a-z])(tx|rx|med)(?![a-z])|treat|drug|chemo|(?<!radio)therapy|regimen|化疗|用药)"
_START, _STOP = r"(?<![a-z])(start|begin|from)", r"(?<![a-z])(stop|end|last|to)(?![a-z])"
#: What a field is, by its name or label: the first row that fits.
FIELDS = (
    ("sex", r"^(sex|gender)$|sex at birth|性别"),
    ("birth_date", r"^(dob|birth_?date|date_?of_?birth)$|date of birth|出生日期|出生年月"),
    (
        "procedure",
        r"^(surgery|surg|operation|procedure)(_?(type|name|kind))?$|type of (surgery|operation)|手术方式|手术名称|术式",
    ),
    ("cause_of_death", r"cause.*death|death.*cause|死因|死亡原因"),
    ("metastasis", r"(recur|met|metas)\w*_?sites?$|sites? of (recurrence|relapse|metasta)|(复发|转移)部位"),
    (
        "procedure_date",
        r"(surg|operat|resect)\w*_?(date|dt)$|(date|dt)[_ ]?(of[_ ])?(surg|operat|resect)|手术日期|手术时间",
    ),
    ("age_years", r"^age(_|$)|^age at|年龄"),
    ("death_date", r"(death|died|deceased|dod).*(date|dt)|(date|dt)_?(of_)?death|死亡日期"),
    ("last_contact_date", r"last[_ -]?(contact|follow|fu|seen|visit).*|(lfu|lkadt|date_last).*|末次随访"),
    (
        "is_dead",
        r"^(vital|vital_status|(is_)?(alive|dead|deceased|died|death)(_?yn)?|survival_status|status_vital)\??$|vital status|"
        r"^(is|has|did) the (patient|participant|subject) (still )?(alive|dead|deceased|died|die)\b|生存状态|是否死亡",
    ),
    ("recurrence_date", r"(recur|relapse).*(date|dt)|(date|dt)_?(of_)?(recur|relapse)|复发日期"),
    ("recurred", r"^(\w+_)?(recur|recurred|recurrence|relapse)(_yn)?$|^(recurrence|relapse)\??$|是否复发"),
    ("progression_date", r"(progress|pd).*(date|dt)|(date|dt)_?(of_)?(progress|pd)\b|进展日期"),
    ("start_date", rf"{_DRUG}.*{_START}|{_START}.*{_DRUG}|用药开始"),
    ("stop_date", rf"{_DRUG}.*{_STOP}|{_STOP}.*{_DRUG}|停药日期"),
    (
        "index_date",
        r"(dx|diagnos\w*|enrol\w*|baseline|index)_?(date|dt)|(date|dt)_?(of_)?(dx|diagnos|enrol)|诊断日期",
    ),
    ("stage", r"^(tnm_?)?stage$|stage at|分期"),
    ("primary_site", r"primary_?site|primary tumou?r (site|location)|原发部位"),
    (
        "drugs",
        r"^(drugs?|regimen|agents?|medication|chemo)(_?name|s)?$|(chemo|therapy|treatment)\w* (drugs?|agents?)|药物|"
        r"^(tx|rx|trt|chemo|treatment|therapy|systemic)_?(regimen|drugs?|agents?|name)s?$|^(治疗|化疗|用药)?方案(名称)?$",
    ),
    ("stop_reason", r"(stop|discontinu)\w*_?reason|停药原因|停止(治疗)?原因|^(tx|rx|trt)_reason$"),
    ("overall", r"^(recist|(overall|tumou?r)_?resp\w*)$|recist|疗效评价|疗效评估"),
    ("line", r"^line(_of_therapy|_no)?$|线数"),
)
_PATIENT = ("sex", "age_years", "stage", "primary_site")
_FOLLOW = ("death_date", "last_contact_date", "is_dead", "recurrence_date", "progression_date", "cause_of_death")
_FREE = "recurrence_free_date"
#: Types of fields of the dictionary that are kept with the patient where no table holds them; free text may name people.
_KEPT_TYPES = ("radio", "dropdown", "yesno", "truefalse", "calc", "slider")
_BORN = "birth_date"
_TREATMENT = ("drugs", "start_date", "stop_date", "stop_reason", "line")


def _split(path: Path) -> tuple[list[Path], Path | None]:
    """The exports and the data dictionary of a folder (or beside a file)."""
    files = files_of(path, ".csv", ".tsv") if path.is_dir() else {path.stem.lower(): path}
    tables = {n: f for n, f in files.items() if "dictionary" not in n}
    named = [f for n, f in files.items() if "dictionary" in n]
    return list(tables.values()), named[0] if named else None


def is_redcap(path: Path) -> bool:
    """Whether a file, or one in a folder, has REDCap's own columns."""
    files = [f for f in _split(path)[0] if f.name.lower().endswith((".csv", ".tsv"))]
    heads = [_head(file) for file in files]
    own = (_EVENT_COLUMNS[0], _EVENT_COLUMNS[1])
    dictionary = _split(path)[1]
    if dictionary is not None and files and re.search(_BOOK, _head(dictionary)):
        return True
    return any(any(c in h for c in own) or re.search(_LABELLED, h) or re.search(_CLASSIC, h) for h in heads)


#: Header of REDCap's data dictionary.
_BOOK = r'(?i)"?variable / field name"?,|^\W*field_name"?,"?form_name'
#: Headers of an export of labels in place of field names.
_LABELLED = r'(?i)(^|,)"?(event name|repeat instrument)"?(,|\s*$)'
#: Header of a project without events and repeats: the record first, and the state of each form.
_CLASSIC = r'(?i)^\W*record_id\b.*,"?\w+_complete"?\b'
_LABELS = dict(
    zip(("event name", "repeat instrument", "repeat instance", "data access group"), _EVENT_COLUMNS, strict=True)
)


def _with_field_names(source: Source, book: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Give the columns of a labelled export the names of their fields: by the dictionary, else made of the label.

    ``Sites of metastasis (choice=Liver)`` is the box ``..___1`` of the field whose choices hold Liver.
    """
    if not set(_LABELS) & set(source.columns):
        return
    fields = {label.lower(): field for field, (label, _) in book.items() if label}
    names: dict[str, str] = dict(_LABELS)
    for column in source.columns:
        if column in names:
            continue
        box = re.match(r"(.*?)\s*\(choice=(.*)\)$", column)
        label = box[1] if box else column
        field = fields.get(label) or re.sub(r"\W+", "_", label).strip("_")
        known = book.setdefault(field, (label, {}))[1]
        if box is None:
            names[column] = field
            continue
        code = next((c for c, words in known.items() if words.lower() == box[2]), re.sub(r"\W+", "_", box[2]))
        known.setdefault(code, box[2])
        names[column] = f"{field}___{re.sub(r'[^a-z0-9]', '_', code.lower())}"
    source.columns[:] = [names[c] for c in source.columns]
    source.rows[:] = [{names[c]: value for c, value in row.items()} for row in source.rows]


def _head(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.readline(1 << 20).decode("utf-8", errors="replace")


def read_redcap(path: Path) -> Reading:
    """Read an export (a file, or a folder with the data dictionary named ``*dictionary*.csv``).

    The first column is the record. Day 0 is the date of diagnosis, enrolment or baseline, else the record's first
    treatment. A laboratory value takes the date field of its own row. Dates that are not whole are passed on as they
    are.
    """
    exports, dictionary = _split(path)
    out = Gather("REDCap export", "diagnosis, else first treatment")
    book, kept = _dictionary(out.table(dictionary)) if dictionary else ({}, set())
    for file in exports:
        source = out.table(file)
        _with_field_names(source, book)
        own = set(_EVENT_COLUMNS[:2]) & set(source.columns)
        if source.columns and (own or source.columns[0] in ("record_id", next(iter(book), None))):
            one_row_each(source, _role, book)
            _export(source, book, kept, out)
    reading = out.finish()
    markers_of_columns(reading)
    return reading


#: Key under which the choices of a date field hold the order it is typed in.
_ORDER = "\0order"
#: REDCap's codes of data that are missing, and numbers people use for it where a value cannot be negative.
_MISSING = re.compile(r"^(NI|UNK|NASK|ASKU|NAVU?|MSK|INV|NP|DER|QS|TRC|-9{1,4}|-98|-97|-88|-77)$")


def _whole(value: str, choices: dict[str, str]) -> str | None:
    """Return a cell with its date year first where the dictionary says the order; None where it is a code of missing.

    >>> _whole("13-04-2021", {_ORDER: "dmy"}), _whole("04/13/2021", {_ORDER: "mdy"}), _whole("UNK", {}), _whole("5", {})
    ('2021-04-13', '2021-04-13', None, '5')
    """
    if _MISSING.match(value.strip()) and value not in choices:
        return None
    date = re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(.*)$", value)
    if date is None or _ORDER not in choices:
        return value
    day, month = (date[1], date[2]) if choices[_ORDER] == "dmy" else (date[2], date[1])
    return f"{date[3]}-{int(month):02d}-{int(day):02d}{date[4]}"


def _dictionary(source: Source) -> tuple[dict[str, tuple[str, dict[str, str]]], set[str]]:
    """Return field -> its label and its choices (code -> label), and the fields that may be kept (`_KEPT_TYPES`)."""
    out: dict[str, tuple[str, dict[str, str]]] = {}
    kept = set()
    for row in source.rows:
        day_first = source.get(
            row, "text validation type or show slider number", "text_validation_type_or_show_slider_number"
        )
        field = source.get(row, "variable / field name", "field_name", "variable")
        choices = source.get(row, "choices, calculations, or slider labels", "select_choices_or_calculations") or ""
        pairs = (c.split(",", 1) for c in choices.split("|") if "," in c)
        kind, named = source.get(row, "field type", "field_type"), source.get(row, "identifier?", "identifier")
        if field and kind in _KEPT_TYPES and (named or "n").lower() not in ("y", "yes"):
            kept.add(field.lower())
        if field:
            label = source.get(row, "field label", "field_label") or ""
            codes = {code.strip(): words.strip() for code, words in pairs}
            # the column of a check box writes a code with _ for every other sign: mets____99 of -99
            boxes = {re.sub(r"[^a-z0-9]", "_", code.lower()): words for code, words in codes.items()}
            out[field.lower()] = (label, boxes | codes)
            if (order := re.match(r"(date|datetime\w*?)_(dmy|mdy)$", day_first or "")) is not None:
                out[field.lower()] = (label, {_ORDER: order[2]})
            if kind == "yesno":
                out[field.lower()] = (label, {"1": "Yes", "0": "No"})
    return out, kept


def _role(field: str, label: str) -> str | None:
    """What a field is: one of `FIELDS`, ``labs:ANALYTE``, or None."""
    for role, pattern in FIELDS:
        if re.search(pattern, field) or (label and re.search(pattern, label.lower())):
            return role
    analyte = (
        meaning("analyte", field)
        or meaning("analyte", re.sub(r"_?(value|val|result|res|level)$", "", field))
        or analyte_of(label)
    )
    return f"labs:{analyte}" if analyte else None


def _export(source: Source, book: dict[str, tuple[str, dict[str, str]]], kept: set[str], out: Gather) -> None:
    record = source.columns[0]
    roles = {
        c: role
        for c in source.columns[1:]
        if "___" not in c and c not in _EVENT_COLUMNS and (role := _role(c, book.get(c, ("", {}))[0]))
    }
    checkable = {
        c: _role(c.split("___")[0], book.get(c.split("___")[0], ("", {}))[0]) for c in source.columns if "___" in c
    }
    boxes = [c for c, role in checkable.items() if role in ("drugs", "metastasis")]
    own = [c for c in source.columns[1:] if c in kept and c not in roles and not re.search(r"_units?$", c)]
    people: dict[str, dict[str, str]] = {}
    extra: dict[str, dict[str, str]] = {}
    strange: dict[str, str] = {}
    unnamed = [b for b in boxes if b.split("___")[1] not in book.get(b.split("___")[0], ("", {}))[1]]
    n_missing = 0
    codes: dict[str, list[str]] = {}
    source.used |= {record, *_EVENT_COLUMNS, *roles, *(b for b in boxes if b not in unnamed), *own}
    for raw in source.rows:
        told = {c: _whole(v, book.get(c, ("", {}))[1]) for c, v in raw.items()}
        for c in [c for c, v in told.items() if is_code(v)]:
            codes.setdefault(c, []).append(str(told.pop(c)))
        row = {c: v for c, v in told.items() if v is not None}
        n_missing += len(told) - len(row)
        patient = row.get(record)
        if patient is None:
            out.skip(source.name, "patients", "no record id", None)
            continue
        cells = {role: _decoded(row[c], c, role, book, strange) for c, role in roles.items() if c in row}
        known = people.setdefault(patient, {})
        if cells.get("recurred") and meaning("yes_no", cells["recurred"]) == "false" and cells.get("last_contact_date"):
            known[_FREE] = max(str(cells["last_contact_date"]), known.get(_FREE, ""))
        for role in (*_PATIENT, *_FOLLOW, "index_date", _BORN):
            if (value := cells.get(role)) is not None:
                known[role] = _joined(role, known.get(role), str(value))
        for c in own:
            if c in row:
                extra.setdefault(patient, {}).setdefault(c, book[c][1].get(row[c], row[c]))
        _row(patient, row, cells, roles, boxes, book, source, out)
        for column in source.columns:
            if re.fullmatch(r"\d{4}-\d\d-\d\d.*", row.get(column, "")) and not re.search(r"birth|dob|due|plan", column):
                out.saw(patient, row[column])
    for column, value in strange.items():
        label = book.get(column, ("", {}))[1].get(value)
        message = f"'{value}' has no meaning here: the field has no choices in a data dictionary."
        cure = "Put the data dictionary (..._DataDictionary_....csv) beside the export, or export labels."
        if label:
            message, cure = (
                f"'{label}' is no known word: taken as unknown.",
                "Nothing is to be done where it is unknown.",
            )
        out.problems.append(Problem(source.name, None, column, value, message, cure, "warning"))
    out.problems += [told_code(source.name, c, dates) for c, dates in codes.items()]
    if n_missing:
        out.notes.append(
            f"{n_missing:,} cells of {source.name} hold a code of missing data (UNK, NI, -99 ...): not known"
        )
    if unnamed:
        message = f"check boxes without a name: {', '.join(unnamed[:6])}; kept under these names."
        cure = "Put the data dictionary beside the export, or export labels."
        out.problems.append(Problem(source.name, None, unnamed[0], None, message, cure, "warning"))
    _people(people, extra, out)


def _joined(role: str, known: str | None, new: str) -> str:
    """Return what two forms of a patient say together: the last contact, the first recurrence, dead where one says so.

    >>> _joined("last_contact_date", "2020-01-05", "2021-02-01"), _joined("recurrence_date", "2020-01-05", "2021-02-01")
    ('2021-02-01', '2020-01-05')
    >>> _joined("is_dead", "false", "true"), _joined("is_dead", "true", "false"), _joined("stage", "III", "IV")
    ('true', 'true', 'III')
    """
    if known is None:
        return new
    if role == "last_contact_date":
        return max(known, new)
    if role in ("recurrence_date", "progression_date"):
        return min(known, new)
    return "true" if role == "is_dead" and "true" in (known, new) else known


def _decoded(
    value: str, column: str, role: str, book: dict[str, tuple[str, dict[str, str]]], strange: dict[str, str]
) -> str | None:
    """The label of a code; a code of sex or vital status without one is not understood."""
    label = book.get(column, ("", {}))[1].get(value, value)
    if role == "sex":
        found = meaning("sex", label)
        if found is None or (label == value and value.isdigit()):
            strange[column] = value
            return None
        return found
    if role == "is_dead":
        found = None if label == value and value.isdigit() else meaning("dead", label)
        asked_alive = re.search(r"alive|living", column) is not None
        if found is None:
            strange[column] = value
        if (
            found
            and asked_alive
            and meaning("yes_no", label) is not None
            and not re.search(r"alive|dead|存活|死", label.lower())
        ):
            return {"true": "false", "false": "true"}[found]
        return found
    return label


def _row(
    patient: str,
    row: Row,
    cells: dict[str, str | None],
    roles: dict[str, str],
    boxes: list[str],
    book: dict[str, tuple[str, dict[str, str]]],
    source: Source,
    out: Gather,
) -> None:
    """Add the treatment and the laboratory values of one row."""
    checked = [b for b in boxes if row.get(b) in ("1", "Checked")]
    _treatments(patient, row, roles, checked, book, source, out)
    _lesions(patient, cells, checked, book, out)
    if done := cells.get("procedure_date"):
        out.add("procedures", patient_id=patient, date=done, kind=cells.get("procedure") or "surgery")
    elif cells.get("procedure"):
        out.skip(source.name, "procedures", "a procedure without a date", patient)
    for column, role in roles.items():
        if role == "overall" and cells.get(role):
            date = _beside(row, column, "date", "dt", "day") or _only_date(row, column)
            if date is None:
                out.skip(source.name, "assessments", f"{column} without a date in its row", patient)
            else:
                out.add("assessments", patient_id=patient, date=date[:10], overall=cells[role])
        if not role.startswith("labs:") or column not in row:
            continue
        date = _beside(row, column, "date", "dt", "day") or _only_date(row, column)
        if date is None:
            out.skip(source.name, "labs", f"{column} without a date in its row", patient)
            continue
        out.add(
            "labs",
            patient_id=patient,
            date=date[:10],
            analyte=role.removeprefix("labs:"),
            value=row[column],
            unit=_unit_beside(row, column, book) or _unit_of(book.get(column, ("", {}))[0]),
        )


def _treatments(
    patient: str,
    row: Row,
    roles: dict[str, str],
    checked: list[str],
    book: dict[str, tuple[str, dict[str, str]]],
    source: Source,
    out: Gather,
) -> None:
    """Add the treatments of one row: where it has several starts, each with the fields of its own prefix (l1_start)."""
    fields = [c for c, role in roles.items() if role in _TREATMENT and c in row]
    named = [b for b in checked if _role(b.split("___")[0], book.get(b.split("___")[0], ("", {}))[0]) == "drugs"]
    starts = [c for c in roles if roles[c] == "start_date"]
    groups = {c.split("_")[0] for c in starts} if len(starts) > 1 else {""}
    for group in sorted(groups):
        mine = [c for c in fields if not group or c.split("_")[0] == group]
        told = {roles[c]: book.get(c, ("", {}))[1].get(row[c], row[c]) for c in reversed(mine) if roles[c] != "drugs"}
        boxes = [b for b in named if not group or b.split("_")[0] == group]
        drugs = [book.get(b.split("___")[0], ("", {}))[1].get(b.split("___")[1], b) for b in boxes]
        drugs += [book.get(c, ("", {}))[1].get(row[c], row[c]) for c in mine if roles[c] == "drugs"]
        if told.get("start_date") and drugs:
            out.add("treatments", patient_id=patient, drugs=";".join(str(d).lower() for d in drugs), **told)
        elif told.get("start_date") or drugs:
            out.skip(source.name, "treatments", "no drug or no start", patient)


def _lesions(
    patient: str,
    cells: dict[str, str | None],
    checked: list[str],
    book: dict[str, tuple[str, dict[str, str]]],
    out: Gather,
) -> None:
    """Add the sites of a recurrence that a row names: found on its date; a local one is a local recurrence."""
    named = [b for b in checked if _role(b.split("___")[0], book.get(b.split("___")[0], ("", {}))[0]) == "metastasis"]
    sites = [book.get(b.split("___")[0], ("", {}))[1].get(b.split("___")[1], b) for b in named]
    sites += [str(cells["metastasis"])] if cells.get("metastasis") else []
    for site in sites:
        if meaning("yes_no", site) == "false" or re.fullmatch(r"(?i)none|unknown|no|n/?a", site.strip()):
            continue
        role = "local_recurrence" if re.search(r"local|anastomo|局部|吻合口", site, re.I) else "metastasis"
        out.add(
            "lesions",
            lesion_id=out.next_lesion(patient, role),
            patient_id=patient,
            role=role,
            site=organ_of(site),
            found_date=cells.get("recurrence_date") or cells.get("progression_date"),
        )


def _beside(row: Row, column: str, *suffixes: str) -> str | None:
    """The cell of the field that belongs to a value: cea_date of cea, cea_val or cea_result."""
    base = re.sub(r"_?(value|val|result|res|level)$", "", column)
    return next((row[f"{b}_{s}"] for b in (column, base) for s in suffixes if f"{b}_{s}" in row), None)


def _unit_beside(row: Row, column: str, book: dict[str, tuple[str, dict[str, str]]]) -> str | None:
    base = re.sub(r"_?(value|val|result|res|level)$", "", column)
    field = next((f"{b}_{s}" for b in (column, base) for s in ("unit", "units") if f"{b}_{s}" in row), None)
    return None if field is None else book.get(field, ("", {}))[1].get(row[field], row[field])


def _unit_of(label: str) -> str | None:
    """The unit a label names: ``CEA (ng/mL)``."""
    found = re.search(r"[(（\[]([^()（）\[\]]*/[^()（）\[\]]*)[)）\]]", label)
    return found[1].strip() if found else None


def _only_date(row: Row, column: str) -> str | None:
    dates = [v for v in row.values() if re.fullmatch(r"\d{4}-\d\d-\d\d.*", v)]
    return dates[0] if len(set(dates)) == 1 else None


def _age(born: str | None, index: str | None) -> str | None:
    """Years between two dates: with fractions of whole dates, whole years where only the year of one is known."""
    try:
        days = (dt.date.fromisoformat((index or "")[:10]) - dt.date.fromisoformat((born or "")[:10])).days
        return f"{days / 365.25:.2f}"
    except ValueError:
        years = [re.match(r"(19|20)\d\d", text or "") for text in (born, index)]
        return str(int(years[1][0]) - int(years[0][0])) if years[0] and years[1] else None


def _people(people: dict[str, dict[str, str]], extra: dict[str, dict[str, str]], out: Gather) -> None:
    starts: dict[str, str] = {}
    for row in out.rows.get("treatments", []):
        who, start = row["patient_id"], row["start_date"]
        starts[who] = min(start, starts.get(who, start))
    for patient, known in people.items():
        index = known.get("index_date") or starts.get(patient)
        told = {r: known.get(r) for r in _PATIENT}
        told["age_years"] = told["age_years"] or _age(known.get(_BORN), index)
        ours = {c: v for c, v in extra.get(patient, {}).items() if c not in (*told, "patient_id", "index_date")}
        out.add("patients", patient_id=patient, index_date=index, **told, **ours)
        death = known.get("death_date")
        last = (
            known.get("last_contact_date")
            or (death if death and len(death) >= 10 else None)
            or out.last_seen.get(patient)
        )
        if last is None:
            out.skip("the export", "follow_up", "no date on which the patient was seen", patient)
            continue
        cells = {r: known.get(r) for r in _FOLLOW if r != "last_contact_date"}
        cells["is_dead"] = "true" if death else cells.get("is_dead")
        cells["cause_of_death"] = cause_or_words(cells["cause_of_death"]) if cells["is_dead"] == "true" else None
        if not cells.get("recurrence_date"):
            cells[_FREE] = known.get(_FREE)
        out.add("follow_up", patient_id=patient, last_contact_date=last, **cells)
