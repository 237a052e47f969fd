"""Ids of one sample written in two ways: blanks, capitals, separators, TCGA barcodes of another length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

import polars as pl

from oncourse.errors import InputError
from oncourse.io.whose.sample_names import normals_among, without_sheet_numbers
from oncourse.study.frames import optional
from oncourse.study.schema import Problem, nearest

#: Ids that say whose and what they are: TCGA's and TARGET's barcodes (types 10-19 are normals), MSK-IMPACT's and
#: -ACCESS's (N normal, L cell-free DNA; MSK's CMO ids), Hartwig's (R reference; T, TII, TIII one patient's biopsies).
_BARCODE = r"(TCGA-\w{2}-\w{4}|TARGET-\d{2}-\w{6})"
_SAYS: tuple[tuple[re.Pattern[str], Callable[[str], str | None]], ...] = (
    (re.compile(rf"^{_BARCODE}-(\d{{2}})"), lambda word: "normal" if word.startswith("1") else "tumour"),
    (re.compile(r"^(P-\d{7})-([TN])\d+"), lambda word: "normal" if word == "N" else "tumour"),
    (
        re.compile(r"^(?:s[_-])?(C[-_][A-Z0-9]{3,8})[-_]([A-Z])\d{3}(?:[-_][dr]\d*)?$"),
        {"N": "normal", "L": "plasma"}.get,
    ),
    (re.compile(r"^([A-Z]{4}\d{8})(R|T)(?:I{1,3}|IV|VI{0,3})?$"), lambda word: "normal" if word == "R" else "tumour"),
)


#: Characters of a sample's name, a file's whole path among them: what is longer is none.
MAX_NAME = 1_000


def refuse_endless(names: Iterable[str], file: str) -> None:
    """InputError where a sample's name is longer than any: what names say of each other is looked for at every mark."""
    if long := next((name for name in names if len(name) > MAX_NAME), None):
        raise InputError(
            f"{file}: the name of a sample has {len(long):,} characters ({long[:40]} ...). "
            "Check the line ends and the columns; a name has at most 150."
        )


#: A barcode as R (``make.names``) or a form may write it: dots or underscores for dashes, small letters.
_BARCODE_LIKE = re.compile(r"(?i)^(tcga[._-][a-z0-9]{2}[._-][a-z0-9]{4}|target[._-]\d{2}[._-][a-z0-9]{6})(?=[._-]|$)")


@lru_cache(maxsize=65536)
def barcode(sample: str) -> str:
    """Return a barcode of TCGA or TARGET as these write it; any other id as it stands.

    >>> barcode("TCGA.A6.2671.01A"), barcode("tcga-a6-2671-11a"), barcode("TCGA_cohort"), barcode("P1.T")
    ('TCGA-A6-2671-01A', 'TCGA-A6-2671-11A', 'TCGA_cohort', 'P1.T')
    """
    return re.sub(r"[._]", "-", sample).upper() if _BARCODE_LIKE.match(sample) else sample


@lru_cache(maxsize=65536)
def says(sample: str) -> tuple[str, str] | None:
    """Return patient and role (tumour, normal, plasma) of a sample id that says both; null for any other.

    >>> says("TCGA-AA-0001-11A-01D"), says("P-0000197-T01-IM3"), says("C-AAA111-L001-d"), says("S7")
    (('TCGA-AA-0001', 'normal'), ('P-0000197', 'tumour'), ('C-AAA111', 'plasma'), None)
    >>> says("CPCT02010001TII"), says("DRUP01010001R")
    (('CPCT02010001', 'tumour'), ('DRUP01010001', 'normal'))
    >>> says("s_C_AAA111_N001_d")
    ('C_AAA111', 'normal')
    """
    for pattern, role in _SAYS:
        if found := pattern.match(barcode(sample)):
            return found.group(1), role(found.group(2)) or "tumour"
    return None


def patient_of(sample: str) -> str:
    """Return the patient a sample id names (MSK-IMPACT, TCGA); the sample id itself where it follows neither.

    >>> patient_of("P-0000197-T01-IM3"), patient_of("TCGA-2A-A8VL-01A-21D"), patient_of("S7")
    ('P-0000197', 'TCGA-2A-A8VL', 'S7')
    """
    said = says(sample)
    short = re.match(rf"{_BARCODE}(?=-|$)", barcode(sample))
    return said[0] if said else short[0] if short else sample


def owner_of(sample: str, patients: Collection[str]) -> str | None:
    """Return the listed patient whose id a sample id is, or continues behind a mark; null where there is none.

    Of several the longest is meant. A number behind a mark (P1_9) is a sample's of P1 where the patient's id has a number
    of its own and no listed patient's is of the longer form; else it may be another patient's number.

    >>> owner_of("P1_T", {"P1", "P2"}), owner_of("P1-2-T", {"P1", "P1-2"}), owner_of("P10_T", {"P1"})
    ('P1', 'P1-2', None)
    >>> owner_of("CRC-12", {"CRC"}), owner_of("P1_9", {"P1", "P2"}), owner_of("P1_9", {"P1", "P1_8"})
    (None, 'P1', None)
    """
    marks = [m.start() for m in re.finditer(r"[_.\-](?!\d+$)", sample)]
    if owner := next((sample[:i] for i in (len(sample), *reversed(marks)) if sample[:i] in patients), None):
        return owner
    head = re.sub(r"[_.\-]\d+$", "", sample)
    if head == sample or head not in patients or not re.search(r"\d", head):
        return None
    return None if _form(sample) in {_form(p) for p in patients} else head


def _form(name: str) -> str:
    """Return a name with every number as 0 and every mark as a hyphen."""
    return re.sub(r"[_.\-]", "-", re.sub(r"\d+", "0", name))


def first_pairs(pairs: Mapping[str, str], n: int = 5) -> str:
    """Return the first pairs in words: ``a: b, c: d``."""
    return ", ".join(f"{a}: {b}" for a, b in list(pairs.items())[:n])


_MSK = re.compile(r"^((?:GENIE-MSK-)?P-\d{7}-[TN]\d{2})(?:-(?:IM|IH|AH|XS)\d*)?$")
_TCGA = re.compile(rf"^{_BARCODE}-(\d{{2}})([A-Z])?(-.*)?$")


def matched(
    ids: Collection[str], known: Collection[str], *, patients: Mapping[str, Collection[str]] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Return id -> the known id it means, of ids that are not known as they stand, and what was done, in words.

    A TCGA barcode means the sample whose parts it continues; an id that differs by capitals, blanks, separators, zeros
    before it or R's ``X`` alone, from one known id only that nothing else names, means that one. A patient's id means
    his tumour sample where he has one (`patients`: patient -> his tumour samples).

    >>> matched(["TCGA-AA-0001-01A-11D-A10X-10", "p2_t", "P3"], ["TCGA-AA-0001-01", "P2-T", "P4"])[0]
    {'TCGA-AA-0001-01A-11D-A10X-10': 'TCGA-AA-0001-01', 'p2_t': 'P2-T'}
    >>> matched(["X001.T", "P5"], ["001-T", "P5-a"], patients={"P5": ["P5-a"]})[0]
    {'P5': 'P5-a', 'X001.T': '001-T'}
    >>> matched(["S1", "S10"], ["S01", "S010"])[0], matched(["S1"], ["S01", "S-01"])[0]
    ({'S1': 'S01', 'S10': 'S010'}, {})
    >>> matched(["1001", "P11", "P2_1"], ["1001.0", "P1-1", "p2.1"])[0]
    {'1001': '1001.0', 'P2_1': 'p2.1'}

    So does an id of MSK-IMPACT with its panel behind it, and one that a footnote's mark follows.

    >>> matched(["P-0000001-T01-IM6", "A1"], ["P-0000001-T01", "A1†"])[0]
    {'A1': 'A1†', 'P-0000001-T01-IM6': 'P-0000001-T01'}

    A mark that says tumour and no more (CPTAC's ``_T``) names the sample before it, where nothing else of it is given.

    >>> matched(["C3L-1_T", "C3L-2_T", "C3L-2_T2"], ["C3L-1", "C3L-2"])[0], matched(["P1_T", "P1"], ["P1"])[0]
    ({'C3L-1_T': 'C3L-1'}, {})
    """
    given, listed = set(ids), set(known)
    own = {p: next(iter(s)) for p, s in (patients or {}).items() if len(set(s)) == 1 and not set(s) & given}
    by_parts = {part: k for k in sorted(listed) for part in [_sample_part(k)] if part}
    plain: dict[str, list[str]] = {}
    for k in sorted(listed - given):
        plain.setdefault(_plain(k), []).append(k)
    counts: dict[str, int] = {}
    for i in given - listed:
        counts[_plain(i)] = counts.get(_plain(i), 0) + 1
    out: dict[str, str] = {}
    for i in sorted(given - listed):
        part, same = _sample_part(i), plain.get(_plain(i), [])
        if part and part in by_parts:
            out[i] = by_parts[part]
        elif len(same) == 1 and counts[_plain(i)] == 1:
            out[i] = same[0]
        elif i in own:
            out[i] = own[i]
        elif (mark := _TUMOUR_MARK.search(i)) and _is_alone(i[: mark.start()], given, listed):
            out[i] = i[: mark.start()]
    return out, _said(out, own)


_TUMOUR_MARK = re.compile(r"(?i)[_.\-](T|tumou?r|肿瘤)$")


def _is_alone(name: str, given: Collection[str], listed: Collection[str]) -> bool:
    """Whether a name is listed and one of the given ids is it, or continues it, and one only."""
    of_it = [i for i in given if i == name or (i.startswith(name) and i[len(name)] in "_.-")]
    return name in listed and len(of_it) == 1


def _sample_part(text: str) -> str | None:
    """Return patient and sample type of a TCGA barcode (TCGA-AA-0001-01), patient and sample of an id of MSK-IMPACT."""
    if msk := _MSK.match(text):
        return msk[1]
    found = _TCGA.match(barcode(text))
    return f"{found.group(1)}-{found.group(2)}" if found else None


#: GDC's sample type codes: what a sample of a barcode is, as the words of a clinical table say it.
_TYPES = {
    **dict.fromkeys(("01", "03", "05", "09"), "Primary Tumor"),
    **dict.fromkeys(("02", "04", "40"), "Recurrent Tumor"),
    **dict.fromkeys(("06", "07"), "Metastatic"),
    **dict.fromkeys(("10", "12", "13", "14"), "Blood Derived Normal"),
    "11": "Solid Tissue Normal",
}
#: Those of material that is no tumour of the patient himself.
_NO_PATIENT = {"20": "control analyte", "50": "cell line", "60": "xenograft", "61": "xenograft of a cell line"}


def type_of(sample: str) -> str | None:
    """Return the type that a barcode of TCGA or TARGET says, in the words of GDC; null for any other id.

    >>> type_of("TCGA-HR-A2OG-06A-11D"), type_of("TARGET-30-PAAAAA-10A"), type_of("TCGA-AA-0001-50A"), type_of("S7")
    ('Metastatic', 'Blood Derived Normal', None, None)
    """
    found = _TCGA.match(barcode(sample))
    return _TYPES.get(found.group(2)) if found else None


def tell_barcodes(ids: Collection[str]) -> list[Problem]:
    """Say which barcodes are of material that is no tumour of the patient, and which are several aliquots of a sample."""
    parts = {i: found for i in sorted(set(ids)) if (found := _TCGA.match(barcode(i)))}
    out = []
    if odd := {i: _NO_PATIENT[f.group(2)] for i, f in parts.items() if f.group(2) in _NO_PATIENT}:
        message = (
            f"{len(odd):,} barcodes are of material that is no tumour of the patient himself ({first_pairs(odd)})."
        )
        cure = "Leave them out (--files, role ignore) where his tumours are counted."
        out.append(Problem("samples", None, "sample_id", next(iter(odd)), message, cure, "warning"))
    by: dict[tuple[str, ...], list[str]] = {}
    for i, found in parts.items():
        by.setdefault((found.group(1), found.group(2), found.group(3) or ""), []).append(i)
    if several := [own for own in by.values() if len(own) > 1]:
        shown = ", ".join(several[0][:3])
        message = f"{len(several):,} samples stand under several aliquots ({shown}): taken as several samples."
        cure = "A clinical table (--clinical) that names the sample joins its aliquots."
        out.append(Problem("samples", None, "sample_id", several[0][0], message, cure, "warning"))
    return out


def _plain(text: str) -> str:
    # full-width letters are letters; MSK's pipelines write s_C_ before C_; a spreadsheet writes 1001.0
    whole = re.sub(r"^(\d+)\.0+$", r"\1", unicodedata.normalize("NFKC", text).strip().rstrip("*†‡§¶#"))
    whole = re.sub(r"^(?i:s)[_-](?=C[_-])", "", whole)
    # a mark between two numbers parts them: P1-1 is not P11
    parted = re.sub(r"(?<=\d)[\s_.\-]+(?=\d)", "~", whole)
    bare = re.sub(r"[\s_.\-]+", "", parted).lower()
    # R's make.names writes X before a name that starts with a digit; zeros before a number get lost (S01, S1)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"^x(?=\d)", "", bare))


def _said(mapping: dict[str, str], own: dict[str, str]) -> list[str]:
    barcodes = {a: b for a, b in mapping.items() if barcode(a).startswith(("TCGA-", "TARGET-")) and a not in own}
    theirs = {a: b for a, b in mapping.items() if own.get(a) == b}
    others = {a: b for a, b in mapping.items() if a not in barcodes and a not in theirs}
    out = []
    if theirs:
        shown = first_pairs(theirs)
        out.append(f"{len(theirs):,} ids of the calls are patients': taken as their only tumour sample ({shown})")
    if barcodes:
        first = next(iter(barcodes))
        out.append(
            f"{len(barcodes):,} TCGA barcodes matched to the clinical table by their parts ({first}: {barcodes[first]})"
        )
        several = len(barcodes) - len(set(barcodes.values()))
        if several:
            out.append(f"{several:,} further aliquots of a TCGA sample were joined with it")
    if others:
        shown = first_pairs(others)
        out.append(
            f"{len(others):,} sample ids matched to the clinical table without regard to capitals and separators "
            f"({shown})"
        )
    return out


def unmatched(ids: Collection[str], known: Collection[str], normals: Collection[str], name: str) -> list[Problem]:
    """Say which samples of the calls have no clinical row, and which of the clinical table no row of calls."""
    more, less = sorted(set(ids) - set(known)), sorted(set(known) - set(ids) - set(normals))
    out = []
    if more:
        near = [(i, nearest(i, known, cutoff=0.6)) for i in more]
        shown = ", ".join(f"{i} (nearest: {n})" if n else i for i, n in near[:5])
        message = f"{len(more):,} samples of the calls have no row in the clinical table: {shown}."
        cure = "Add them there, or write their ids in the same way."
        out.append(Problem(name, None, "sample_id", more[0], message, cure, "warning"))
    if less:
        message = f"{len(less):,} samples of the clinical table have no row in the calls: {', '.join(less[:5])}."
        cure = (
            "Those without an assay count as not sequenced. Give the assay (a column GENE_PANEL, or --panel) of those "
            "that "
            "were sequenced and have no mutation."
        )
        out.append(Problem(name, None, "sample_id", less[0], message, cure, "warning"))
    return out


def alike(ids: Collection[str], name: str) -> list[Problem]:
    """Say which ids differ by capitals, blanks, separators or zeros alone: one sample under two names, maybe."""
    by: dict[str, list[str]] = {}
    for i in sorted(set(ids)):
        by.setdefault(_plain(i), []).append(i)
    pairs = [" and ".join(same) for same in by.values() if len(same) > 1]
    if not pairs:
        return []
    message = f"{len(pairs):,} ids differ by capitals and separators alone ({'; '.join(pairs[:5])}): taken as several."
    cure = "Write a sample's id in one way, if it is one."
    return [Problem(name, None, "sample_id", pairs[0], message, cure, "warning")]


#: A patient has hardly more samples (`oncourse.io.whose.sample_names`): a longer list is of a cohort.
_OF_A_PATIENT = 12


def alike_beginnings(samples: pl.DataFrame) -> list[Problem]:
    """Say which samples, each taken as a patient of its own, have one beginning (P1-A, P1-B): of one patient, maybe.

    A beginning has a letter and a number, or several beginnings have several (WANG_T1, WANG_T2, LI_T1, LI_T2); it may
    stand right before the last letters (1001T, 1001B), or be a number before a single digit or letter (1001-1,
    1001_A; a centre counts its patients with more). Half of the samples and more share theirs.
    """
    bare = [s for s in samples.filter(pl.col("patient_id").is_null())["sample_id"].drop_nulls() if patient_of(s) == s]
    by: dict[str, list[str]] = {}
    first: dict[str, list[str]] = {}
    for sample, name in without_sheet_numbers(sorted(set(bare))).items():
        stem = re.sub(r"[_.\-][^_.\-]+$|(?<=\d)[A-Za-z]{1,2}$", "", name)
        counted = re.fullmatch(r"\d{3,}[_.\-](\d|[A-Za-z]\d?)", name)
        if stem != name and (counted or name[len(stem)].isalpha() or re.search(r"[^\W\d_]", stem)):
            by.setdefault(stem, []).append(sample)
        if start := re.match(r"[^\W\d_]+\d+(?=[_.\-])", name):  # P1_pleural_effusion beside P1_plasma
            first.setdefault(start.group(), []).append(sample)
    several = {stem: own for stem, own in by.items() if len(own) > 1}
    found = {sample for own in several.values() for sample in own}
    several |= {s: own for s, own in first.items() if 1 < len(own) <= _OF_A_PATIENT and not found & set(own)}
    if len(several) == 1:  # one cohort's name, or one patient's
        several = {stem: own for stem, own in several.items() if re.search(r"\d", stem)}
    n = sum(map(len, several.values()))
    if not several or 2 * n < len(set(bare)):
        return []
    stem, own = next(iter(several.items()))
    shown = f"{stem}: {', '.join(own[:4])}"
    message = f"{n:,} samples share the beginning of their name ({shown}): each is a patient of its own."
    cure = "Give --clinical or --files where they are samples of one patient."
    return [Problem("samples", None, "patient_id", own[0], message, cure, "warning")]


def with_named_normals(seen: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Return the samples of the calls with those that by their names are another's normal (``P1_saliva.vcf`` beside
    ``P1_FFPE.vcf``) as that, both of one patient; `notes` takes what was done.

    `seen` has sample_id, patient_id and may have role; what they say stands.
    """
    silent = pl.col("patient_id").is_null() & (optional(seen, "role").fill_null("tumour") == "tumour")
    bare = seen.filter(silent)["sample_id"].drop_nulls().to_list()
    pairs = normals_among(bare)
    if not pairs:
        return seen
    owners = {i: stem for normal, (stem, others) in pairs.items() for i in (normal, *others)}
    role = pl.when(pl.col("sample_id").is_in(list(pairs))).then(pl.lit("normal")).otherwise(optional(seen, "role"))
    owner = pl.col("sample_id").replace_strict(owners, default=None, return_dtype=pl.String)
    shown = ", ".join(f"{normal} of {stem}" for normal, (stem, _) in list(pairs.items())[:5])
    notes.append(f"{len(pairs):,} samples are normals by their names, beside the tumour's ({shown})")
    return seen.with_columns(role.alias("role"), pl.coalesce("patient_id", owner).alias("patient_id"))


def of_two_patients(rows: pl.DataFrame, name: str) -> list[Problem]:
    """Say which samples (sample_id, patient_id of `rows`) stand under several patients: all their rows would be one's."""
    pairs = rows.select("sample_id", "patient_id").drop_nulls().unique(maintain_order=True)
    owners = pairs.group_by("sample_id", maintain_order=True).agg("patient_id")
    cure = "Give the samples of different patients different ids, or map the column that tells them apart."
    return [
        Problem(name, None, "sample_id", s, f"the sample {s} stands under several patients ({', '.join(p[:4])}).", cure)
        for s, p in owners.filter(pl.col("patient_id").list.len() > 1).head(5).iter_rows()
    ]


def renamed(frame: pl.DataFrame, mapping: Mapping[str, str]) -> pl.DataFrame:
    """Return the frame with the ids of `mapping` in ``sample_id`` replaced."""
    return frame.with_columns(pl.col("sample_id").replace(dict(mapping))) if mapping else frame


def called_first(calls: pl.DataFrame, key: Sequence[str] = ("sample_id", "variant_id")) -> pl.DataFrame:
    """Keep one row per sample and variant: the called one, then the deepest."""
    order = [pl.col("is_called").fill_null(False).cast(pl.Int8), pl.col("depth")]
    calls = calls.sort(order, descending=True, nulls_last=True, maintain_order=True)
    return calls.unique(list(key), keep="first", maintain_order=True).sort(list(key))
