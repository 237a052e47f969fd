"""Whose column is it: sample, patient and role of every column of VCF files.

In this order: a manifest (``files.tsv``), what the file says (``##SAMPLE``, ``##tumor_sample``, TCGA barcodes), the
clinical table, the file's name (``T_vs_N``, folders of Strelka and sarek). Names that every file uses (TUMOR, NORMAL,
primary, blood) name nobody. What stays open is a question, never a guess.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from oncourse.io.whose.ids import refuse_endless, says
from oncourse.io.whose.manifest import Column, Manifest, Question, said_of
from oncourse.io.whose.names_of_all import by_people
from oncourse.io.whose.path_words import apart
from oncourse.io.whose.roles import Names, germline_caller, role_of, settled
from oncourse.io.whose.sample_names import (
    CALLERS,
    GENERIC,
    IS_NORMAL,
    ROLE_END,
    Partners,
    Stems,
    beginning,
    folder_of_samples,
    is_generic,
    is_normal_name,
    is_plasma,
    is_white_cells,
    lesion_of_file,
    names_nobody,
    of_path,
    pair_of,
    sample_of_file,
    stem_of,
    without_lane,
)
from oncourse.io.whose.start import Start

_BAM = re.compile(r"(?i)(tumou?r|normal)[-_]?(?:bam|cram|sample(?:_name)?|sm)[= ]+([^\s\",>]+)")
#: DRAGEN's names of the read groups of a pair: ``--RGSM-tumor T --RGSM N``.
_RGSM = re.compile(r"--RGSM(-tumor)?[= ]+([^\s\",>]+)")
#: A column of a file that joins several callers: ``TUMOR.mutect`` (GATK 3 CombineVariants).
_JOINED = re.compile(rf"^(?P<name>.+?)[._-]({CALLERS}|variant\d*)$", re.I)
#: A column that bcftools merge --force-samples numbered: its name stood in several of the merged files.
_NUMBERED = re.compile(r"^\d+:")


def assign(
    starts: Sequence[Start],
    *,
    known: Mapping[str, str | None] | None = None,
    manifest: Manifest | None = None,
) -> list[Column]:
    """Return whose each column is.

    Parameters
    ----------
    known : the clinical table's samples and their material (null where it does not say)
    manifest : as `read_manifest` returns it

    Raises
    ------
    Question : a column's role, or which of several samples it is, is not said anywhere
    """
    known, manifest = known or {}, manifest or {}
    for start in starts:
        refuse_endless(start.columns, start.path.name)
    starts = _by_their_folders(starts)
    shared = _shared_generic(starts)
    out = [c for start in starts for c in _of_file(start, known, manifest, shared)]
    plasma = {s.path for s in starts if any(map(is_plasma, s.columns))}
    out = [
        replace(
            c,
            # the blood's cells beside plasma are a sample: they tell a blood clone from the tumour
            listed=c.sample_id in known
            or (c.why == "manifest" and c.patient_id is not None)
            or (c.path in plasma and c.role == "normal" and is_white_cells(c.sample_id)),
        )
        for c in apart(_as_other_callers_say(_one_name(_of_lanes(out, known))), known)
    ]
    out = _with_lone_normals(_in_folders_of_normals(out, known))
    _ask_of_file_names(out, known)
    _ask_of_shared_columns(out, known)
    _ask_of_germline_callers(out, starts, known)
    out = by_people(out, known)
    _ask(out, known)
    return out


#: Folders of normals beside folders of tumours; blood may be of either.
_TUMOURS, _NORMALS = re.compile(r"(?i)^(tumou?rs?|肿瘤)$"), re.compile(r"(?i)^(normals?|germ_?lines?|正常|对照)$")


def _in_folders_of_normals(columns: list[Column], known: Collection[str]) -> list[Column]:
    """Take what lies in a folder ``normal`` as that, whatever its id, where another folder is ``tumor``."""

    def within(c: Column, folder: re.Pattern[str]) -> bool:
        return any(folder.match(p.name) for p in list(c.path.parents)[:2])

    if not any(within(c, _TUMOURS) for c in columns):
        return columns
    return [
        replace(c, role="normal", why="folder")
        if c.role == "tumour" and c.why != "manifest" and c.sample_id not in known and within(c, _NORMALS)
        else c
        for c in columns
    ]


def _with_lone_normals(columns: list[Column]) -> list[Column]:
    """Give a normal that has a file of its own (germline callers) the patient of the tumour its name is of: 12N of 12T.

    Beside other people's tumours a normal of nobody is no sample of the study: it is left out.
    """
    with_tumour = {c.path for c in columns if c.role == "tumour"}
    lone = {c for c in columns if c.role == "normal" and c.path not in with_tumour and not c.listed}
    if not lone or not with_tumour:
        return columns
    tumours = {c.sample_id for c in columns if c.role == "tumour"}
    partners = Partners({*tumours, *(c.sample_id for c in lone)})
    stems = {c.sample_id: partners.of(c.sample_id) for c in lone}
    patients = {found[1] for found in stems.values() if found}
    out = []
    for c in columns:
        mine = ROLE_END.match(c.sample_id)
        if c.sample_id in stems and c in lone and not stems[c.sample_id] and not c.patient_id:
            c = replace(c, role="ignore", why="a normal of no tumour that is given")
        elif mine and mine["stem"] in patients and not c.patient_id:
            c = replace(c, patient_id=mine["stem"])
        out.append(c)
    return out


def _shared_generic(starts: Sequence[Start]) -> set[str]:
    """Return the generic column names that files of different stems share."""
    seen: dict[str, set[str]] = {}
    for start in starts:
        for column in start.columns:
            if GENERIC.match(column):
                seen.setdefault(column, set()).add(stem_of(start.path))
    return {column for column, stems in seen.items() if len(stems) > 1}


def _of_file(
    start: Start,
    known: Mapping[str, str | None],
    manifest: Manifest,
    shared: set[str],
) -> list[Column]:
    given_names, plain = start.columns, _plain([of_path(c) for c in start.columns])
    start = replace(start, columns=tuple(dict.fromkeys(plain)))
    pair, stated = pair_of(start.path), _stated(start)
    names = Names.of(start.columns, stem_of(start.path) if len(start.columns) > 1 else "")
    lone = settled({c: role_of(c, start, names, known, stated, pair) for c in start.columns})
    tumours = [c for c in start.columns if lone[c] != "normal"]
    individual = _individual(start)
    out, file = [], start.file or start.path
    for original, column in zip(given_names, plain, strict=True):
        given = said_of(manifest, file, original) or (
            said_of(manifest, file, "") if len(tumours) == 1 and column in tumours else None
        )
        if given:
            out.append(Column(file, original, *given, "manifest"))
            continue
        sample, why = _name(column, lone[column], start, known, stated, pair, tumours, shared)
        patient = individual or _patient(column, pair, stated, start, names, tumours, sample, known)
        out.append(Column(file, original, sample, patient, lone[column], why))
    return out


def _plain(columns: Sequence[str]) -> list[str]:
    """Return columns without the marks of the callers whose files were joined, where one name then stands for several.

    >>> _plain(["NORMAL", "TUMOR.strelka", "TUMOR.muse"]), _plain(["P1.mutect", "P1.muse"]), _plain(["P1.mutect"])
    (['NORMAL', 'TUMOR', 'TUMOR'], ['P1', 'P1'], ['P1.mutect'])
    """
    bare = [found["name"] if (found := _JOINED.match(c)) else c for c in columns]
    several = {b for b, n in Counter(bare).items() if n > 1}
    return [b if b in several or GENERIC.match(b) else c for b, c in zip(bare, columns, strict=True)]


def _stated(start: Start) -> dict[str, tuple[str | None, str | None]]:
    """Return column -> (sample, role) as the header says; Mutect names columns, others name what a column holds.

    A sample that the header names and no column has was renamed: it is what the one column TUMOR (or NORMAL) holds.
    """
    out: dict[str, tuple[str | None, str | None]] = {}
    for line in start.comments:
        if found := re.match(r'"?##(tumou?r|normal)_sample=([^\s"]+)', line):
            out[found.group(2)] = (None, "normal" if found.group(1) == "normal" else "tumour")
        elif line.lstrip('"').startswith("##SAMPLE=<"):
            cells = dict(re.findall(r'(\w+)="?([^",<>]+)', line.partition("<")[2]))
            column = cells.get("ID", "")
            name = next(
                (cells[k] for k in ("SampleName", "BARCODE", "NAME", "Sample", "SampleID") if cells.get(k)), None
            )
            role = "normal" if IS_NORMAL.match(column) else "tumour" if GENERIC.match(column) else None
            out[column] = (name if name != column else None, role)
    for line in start.comments:  # the tumour derives from the normal (VCF 4.1, 4.3)
        pair = re.match(r'"?##PEDIGREE=<(?:Derived|ID)=([^,>]+),Original=([^,>]+)>', line)
        if pair and set(pair.groups()) <= set(start.columns):
            out |= {pair[1]: (None, "tumour"), pair[2]: (None, "normal")}
    for role, name in _bams(start).items():
        if name in start.columns:
            out.setdefault(name, (None, role))
    for role in ("tumour", "normal"):
        named = [n for n, (_, said) in out.items() if said == role and n not in start.columns and not is_generic(n)]
        bare = [c for c in start.columns if is_generic(c) and is_normal_name(c) == (role == "normal")]
        if len(named) == len(bare) == 1 and bare[0] not in out:
            out[bare[0]] = (named[0], role)
    return out


def _bams(start: Start) -> dict[str, str]:
    """Return role -> sample by the file or sample name on the caller's command line."""
    out: dict[str, str] = {}
    for line in start.comments:
        if re.match(r"(?i)\"?##(\w*(cmd|command|mutect)|\w+=<.*\bcommand=)", line):
            for word, value in _BAM.findall(line):
                role = "normal" if word.lower() == "normal" else "tumour"
                out.setdefault(role, stem_of(Path(value).with_suffix(".vcf")))
            groups = {"tumour" if word else "normal": value for word, value in _RGSM.findall(line)}
            if len(groups) == 2:  # alone, --RGSM names the one sample there is
                out = groups | out
    return out


def _individual(start: Start) -> str | None:
    """The patient that a file names; in quotation marks where the id holds a mark of the header (VCF 4.3, 1.4)."""
    for line in start.comments:
        if found := re.match(r'##INDIVIDUAL=<NAME=(?:"((?:[^"\\]|\\.)*)"|([^,>]+))', line):
            return found[2] or re.sub(r"\\(.)", r"\1", found[1]) or None
    each = {m[1] for line in start.comments if (m := re.match(r'"?##SAMPLE=<.*\bIndividual="?([^",>]+)', line))}
    return next(iter(each)) if len(each) == 1 else None


def _name(
    column: str,
    role: str,
    start: Start,
    known: Mapping[str, str | None],
    stated: Mapping[str, tuple[str | None, str | None]],
    pair: tuple[str, str] | None,
    tumours: Sequence[str],
    shared: set[str],
) -> tuple[str, str]:
    """Return the first name the clinical table knows, else the first that is a name, and where it stands."""
    stem, generic = stem_of(start.path), bool(GENERIC.match(column))
    if _is_patients_sample(column, stem, start.path) and stem not in start.columns:
        return stem, "file name"
    lesion = lesion_of_file(column, start.path) if len(tumours) == 1 and column in tumours and not generic else None
    if lesion and (lesion in known or column not in known):
        return lesion, "file name and column"
    candidates = [(stated.get(column, (None, None))[0], "header"), (None if generic else column, "column")]
    if pair and role in ("tumour", "normal") and (generic or column.endswith(pair[role == "normal"])):
        candidates.insert(1, (pair[role == "normal"], "file name"))
    if generic:
        info = re.search(r"(?:^|;)SAMPLE=([^;]+)", start.info)
        if role == "tumour" and len(tumours) == 1:
            bam = _bams(start).get("tumour")
            candidates += [(info and info.group(1), "INFO/SAMPLE"), (bam, "command line"), (stem, "file name")]
        elif role == "normal":
            candidates += [(_bams(start).get("normal"), "command line")]
        candidates += [(f"{stem}{mark}{column}", "file name and column") for mark in ("_", "-", ".")]
    found = [(name, why) for name, why in candidates if name]
    for name, why in [*found, (column, "clinical table")]:
        if name in known:
            return name, why
    if (
        generic
        and role == "tumour"
        and len(tumours) > 1
        and column not in shared
        and not stated.get(column, (None,))[0]
    ):
        return column, "column"
    return found[0]


def _is_patients_sample(column: str, stem: str, path: Path) -> bool:
    """Whether a column is PATIENT_SAMPLE of a file named after the sample, in a tree of nf-core/sarek (tumour only).

    >>> _is_patients_sample("P1_P1_T", "P1_T", Path("variant_calling/mutect2/P1_T/P1_T.mutect2.vcf"))
    True
    """
    if not column.endswith(f"_{stem}") or len(column) <= len(stem) + 1:
        return False
    return any(p.name.lower() in ("variant_calling", "annotation") for p in path.parents)


def _patient(
    column: str,
    pair: tuple[str, str] | None,
    stated: Mapping[str, tuple[str | None, str | None]],
    start: Start,
    names: Names,
    tumours: Sequence[str],
    sample: str,
    known: Mapping[str, str | None],
) -> str | None:
    if pair:
        stems = [m["stem"] if (m := ROLE_END.match(n)) else (beginning(n) or (None,))[0] for n in pair]
        if stems[0] and stems[0] == stems[1]:  # P1_T and P1_N, P1_plasma and P1_wbc
            return stems[0]
        before = [re.match(rf"(?P<p>.+)[_.-]{re.escape(name)}$", column) for name in pair]
        return next((found["p"] for found in before if found), None)  # sarek's columns are PATIENT_SAMPLE
    if GENERIC.match(column) and not stated.get(column, (None,))[0] and sample not in known and len(tumours) > 1:
        return stem_of(start.path)
    if _is_patients_sample(column, sample, start.path):
        return column[: -len(sample) - 1]
    if sample != column and sample == lesion_of_file(column, start.path):
        return column
    if sample == stem_of(start.path) and (folder := folder_of_samples(start.path)):
        return folder
    own, _ = names.ends.get(column, ("", ""))
    if own and not GENERIC.match(column) and len({word.upper() for word in names.roles[own]}) > 1:
        return own  # P1_T beside P1_N, whatever else the file holds
    if column in names.behind:
        return names.behind[column]
    if begins := names.stems.of(column):
        return begins[-1]  # P6_primary beside P6_blood, or in P6.vcf
    is_one = len(start.columns) > 1 and len(names.ends) == len(start.columns) and len(names.roles) == 1
    return next(iter(names.roles)) if is_one else None


def _of_lanes(columns: list[Column], known: Collection[str]) -> list[Column]:
    """Make the lanes of a library (P1_S1_L001, P1_S1_L002) one sample, where nobody says that they are several."""
    told = {c.sample_id for c in columns if c.why == "manifest"} | set(known)
    return [c if c.sample_id in told else replace(c, sample_id=without_lane(c.sample_id)) for c in columns]


def _one_name(columns: list[Column]) -> list[Column]:
    """sarek writes PATIENT_SAMPLE into some files and SAMPLE into others: one sample."""
    names = {c.sample_id for c in columns}
    patients = Stems((c.patient_id for c in columns if c.patient_id), "_")
    out = []
    for c in columns:
        parts = [(c.sample_id[len(begin) + 1 :], begin) for begin in patients.of(c.sample_id)]
        same = next(((rest, begin) for rest, begin in parts if rest in names), None)
        out.append(replace(c, sample_id=same[0], patient_id=same[1]) if same else c)
    owner = {c.sample_id: c.patient_id for c in out if c.patient_id}
    return [replace(c, patient_id=c.patient_id or owner.get(c.sample_id)) for c in out]


def _as_other_callers_say(columns: list[Column]) -> list[Column]:
    """Give a column that names nobody (TUMOR of P1.strelka.vcf) the sample that another caller's file of that name
    (P1.mutect2.vcf) has under its own (P1_T): they were two patients."""
    own: dict[str, set[tuple[str, str | None]]] = {}
    for path, mine in _by_path(columns).items():
        tumours = [c for c in mine if c.role == "tumour"]
        if len(tumours) == 1 and tumours[0].why in ("column", "header", "command line"):
            own.setdefault(stem_of(path), set()).add((tumours[0].sample_id, tumours[0].patient_id))
    out = []
    for c in columns:
        said = own.get(stem_of(c.path), set())
        if len(said) == 1 and c.role == "tumour" and c.why == "file name" and c.sample_id == stem_of(c.path):
            sample, patient = next(iter(said))
            c = replace(c, sample_id=sample, patient_id=c.patient_id or patient)
        out.append(c)
    return out


def _by_their_folders(starts: Sequence[Start]) -> list[Start]:
    """Give files of one name without a number (``P1/calls final.vcf``, ``P2/calls final.vcf``) a name that names nobody,
    so that their folders say whose they are: the name is every patient's."""
    folders: dict[str, set[Path]] = {}
    for start in starts:
        folders.setdefault(stem_of(start.path), set()).add(start.path.parent)
    alike = {
        stem
        for stem, of in folders.items()
        if len({p.name for p in of}) > 1
        and not re.search(r"\d", stem)
        and not any(names_nobody(p / f"{p.name}.vcf") or stem in p.name for p in of)
    }
    return [
        replace(s, path=s.path.with_name("calls.vcf"), file=s.path) if stem_of(s.path) in alike else s for s in starts
    ]


def _ask(columns: Sequence[Column], known: Collection[str]) -> None:
    numbered = [c for c in columns if _NUMBERED.match(c.column) and c.why != "manifest"]
    if numbered:
        path = numbered[0].path
        names = {_NUMBERED.sub("", c.column) for c in numbered}
        which = {c: None for c in columns if c.path == path and _NUMBERED.sub("", c.column) in names}
        raise Question(
            f"{path.name}: the columns {', '.join(c.column for c in which)} had one name in the files that were merged: "
            "one sample of several callers, or several people? Confirm the manifest (--files); callers of one sample "
            "have one sample_id.",
            [replace(c, role=_of_number(c), patient_id=None) if c in which else c for c in columns],
        )
    _ask_of_one_normal(columns, known)
    openly = [c for c in columns if c.role == "open"]
    if openly:
        first = openly[0]
        both = ", ".join(c.column for c in openly if c.path == first.path)
        files = len({c.path for c in openly})
        raise Question(
            f"{first.path.name}: columns {both}: nothing says which is the tumour and which the normal"
            f"{f' (and {files - 1} more files)' if files > 1 else ''}. Confirm the manifest (--files), or give "
            f"--clinical.",
            columns,
        )
    of: dict[str, set[str]] = {}
    for c in columns:
        if GENERIC.match(c.column) and c.why in ("column", "clinical table") and c.role != "normal":
            of.setdefault(c.sample_id, set()).add(stem_of(c.path))
    several = sorted(s for s, stems in of.items() if len(stems) > 1)
    if several:
        raise Question(
            f"the column {several[0]} stands in several files and may be another sample in each. Confirm the manifest "
            "(--files).",
            [replace(c, role="open") if c.sample_id in several else c for c in columns],
        )


def _ask_of_file_names(columns: Sequence[Column], known: Collection[str]) -> None:
    """Ask whose a file is that is named after one sample (P03T.vcf) and whose column is named after another of the study
    (P01T), which has a file of its own or, with the first, a row of the clinical table: a copy, or a wrong header."""
    stems = {c.path: sample_of_file(c.path) for c in columns}
    odd = []
    for path, all_of_it in _by_path(columns).items():
        stem, mine = stems[path], [c for c in all_of_it if c.role == "tumour"]
        if len(mine) != 1 or mine[0].why == "manifest" or mine[0].sample_id == stem:
            continue
        own = mine[0].sample_id
        has_file = any(other == own for p, other in stems.items() if p != path)
        if _shape(stem) == _shape(own) and (has_file or {stem, own} <= set(known)):
            odd.append(mine[0])
    if odd:
        first = odd[0]
        raise Question(
            f"{first.path.name}: its column says {first.sample_id}, its name {stems[first.path]}: whose calls are they"
            f"{f' (and {len(odd) - 1} more files)' if len(odd) > 1 else ''}? Confirm the manifest (--files).",
            [replace(c, role="open") if c in odd else c for c in columns],
        )


def _ask_of_shared_columns(columns: Sequence[Column], known: Collection[str]) -> None:
    """Ask whose columns are that stand under one name (PRI, LIV) in files of different names, each beside columns of its
    own (P1-N, P2-N): one person's, or a name that every patient's file uses."""
    files = _by_path([c for c in columns if c.role != "ignore" and c.why != "manifest"])
    by_name: dict[str, list[Path]] = {}
    for path, mine in files.items():
        for c in mine:
            if len(mine) > 1 and c.role != "normal" and c.why == "column" and c.sample_id not in known:
                by_name.setdefault(c.column, []).append(path)
    several = {name: paths for name, paths in by_name.items() if len(paths) > 1}
    for name, paths in several.items():
        stems = {stem_of(path): {c.column for c in files[path]} for path in paths}
        apart = [s for s, own in stems.items() if any(own - other for t, other in stems.items() if t != s)]
        if len(apart) < 2 or any(name.startswith(stem) for stem in stems):
            continue
        raise Question(
            f"the column {name} stands in {paths[0].name} and {paths[1].name}, beside columns of others: one sample, or "
            "another patient's in each file? Confirm the manifest (--files).",
            [
                replace(c, sample_id=f"{stem_of(c.path)}_{c.column}", patient_id=stem_of(c.path), role="open")
                if c.column in several and c.role != "normal"
                else c
                for c in columns
            ],
        )


def _ask_of_germline_callers(columns: Sequence[Column], starts: Sequence[Start], known: Collection[str]) -> None:
    """Ask what a sample is whose only files are a germline caller's (P1.haplotypecaller.vcf) beside other callers' tumours.

    It is mostly the normal of one of them: taken as a tumour it is a second patient without the tumour's mutations.
    """
    of_germline = {s.path: caller for s in starts if (caller := germline_caller(s.comments))}
    called = {c.sample_id for c in columns if c.path not in of_germline and c.role == "tumour"}
    odd = [
        c
        for c in columns
        if c.path in of_germline and c.role == "tumour" and c.why != "manifest" and c.sample_id not in {*called, *known}
    ]
    if not called or not odd:
        return
    raise Question(
        f"{odd[0].path.name}: {of_germline[odd[0].path]} calls one person's own variants, and other callers' files are of "
        f"other samples: is {odd[0].sample_id} the normal of one of them, or a tumour"
        f"{f' (and {len(odd) - 1} more files)' if len(odd) > 1 else ''}? Confirm the manifest (--files).",
        [replace(c, role="open") if c in odd else c for c in columns],
    )


def _by_path(columns: Sequence[Column]) -> dict[Path, list[Column]]:
    out: dict[Path, list[Column]] = {}
    for c in columns:
        out.setdefault(c.path, []).append(c)
    return out


def _shape(name: str) -> str:
    """Return a name with every number as 0: P01T and P03T are alike."""
    return re.sub(r"\d+", "0", name)


def _ask_of_one_normal(columns: Sequence[Column], known: Collection[str]) -> None:
    """Ask whose tumours are that stand beside one normal, where nothing says it: one person's, or several people's.

    The normal may stand in several files, with a tumour each (``A1_vs_A0``, ``A2_vs_A0``).
    """
    beside: dict[str, list[Column]] = {}
    for path, all_of_it in _by_path(columns).items():
        mine = [c for c in all_of_it if c.role != "ignore"]
        normals = {c.sample_id for c in mine if c.role == "normal"}
        if len(normals) == 1:
            own = next(iter(normals))
            nobody = is_generic(own) or own.startswith(f"{stem_of(path)}_")
            beside.setdefault(str(path) if nobody else own, []).extend(c for c in mine if c.role == "tumour")
    for tumours in beside.values():
        silent = [c for c in tumours if not c.patient_id and c.why != "manifest"]
        silent = [c for c in silent if c.sample_id not in known and not says(c.sample_id)]
        if len({c.sample_id for c in tumours}) > 1 and silent:
            path, of_whom = silent[0].path, set(silent)
            stem = stem_of(path) if len({c.path for c in silent}) == 1 else ""
            raise Question(
                f"{path.name}: {', '.join(dict.fromkeys(c.sample_id for c in silent))} stand beside one normal: are they of "
                "one patient? Confirm patient_id in the manifest (--files), or give --clinical.",
                [replace(c, patient_id=stem or None) if c in of_whom else c for c in columns],
            )


def _of_number(column: Column) -> str:
    return "normal" if is_normal_name(_NUMBERED.sub("", column.column)) else "open"
