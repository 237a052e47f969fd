"""The one reader of drug text: separators, doses, salts, brands, regimens, spelling; what is not understood is said."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from oncourse.knowledge.alterations import data_rows
from oncourse.knowledge.drug_dictionary import index, key, unaccented
from oncourse.knowledge.drug_stems import stem_of

#: Between two drugs; a name that holds one (trifluridine/tipiracil) is looked up first.
_SEPARATOR = re.compile(r"[;+/,|&、·]|\b(?:and|with|plus|und|et)\b")
#: Amounts and schedules: 160 mg, 85 mg/m2, AUC 5, q3w, d1-14, x 6 cycles, every 3 weeks. A letter is one of the Latin ones:
#: in Chinese a dose stands behind its drug without a space (多西他赛75mg/m2首剂).
_AMOUNT = re.compile(
    r"(?<![\w-])(?:\d+\s*x\s*)?\d[\d.,]*\s*(?:-\s*\d[\d.]*\s*)?"
    r"(?:mg|g|mcg|µg|μg|ug|ml|iu|u|mbq|gbq|kbq|mci|gy|miu|unt|meq|mmol|ml|%|毫克|克|单位)(?:\s*/\s*(?:m\s*\^?\s*[2²]|kg|m²|day|d|日|天|次|dose|wk|week|ml|hr|h|actuat|l|毫升))*(?!\w)"
    r"|\b(?:p\.o|i\.v|i\.m|s\.c)\b\.?|\bauc\s*=?\s*\d[\d.]*|\bq\s*\d*\s*(?:w|d|h|m|wk|weeks?|mo|months?)\b|\bc\d{1,2}\s*d\d{1,2}\b|\b[dj]\d{1,2}(?:\s*-\s*[dj]?\d{1,2})?\b|\b\d+\s*(?:h|hrs?|hours?)\b|(?:(?<!\w)x|[×*])\s*\d+(?:个?(?:周期|疗程|次))?(?!\w)|第?\d+(?:个)?(?:周期|疗程|月|周|天|日|年|次)"
    r"|\bevery\s+\d+\s+\w+|\b\d+\s*(?:x|times)\s*(?:daily|weekly|/\s*day)|\b(?:days?|tage?|jours?)\s+\d+(?:\s*-\s*\d+)?|\b(?:c|cycles?)\s*\d+(?:\s*-\s*\d+)?\b|\b\d+\s+cycles?\b",
    re.ASCII,
)
_WORDS = {row["word"]: row["kind"] for row in data_rows("drug_words.tsv")}
#: Words after which a name does not say that the drug was given, or not which: the piece is not understood.
_REVERSING = re.compile(
    r"\b(?:no|not|non|none|never|without|prior|previous|previously|after|before|post|refused|declined|stopped|discontinued|planned|"
    r"vs|versus|or|then|followed|sequential|switch|switched|unknown|blinded|double-blind|intolerant|allergy)\b|\bw/o\b|->|→|>>"
)
_REVERSING_CJK = re.compile(r"[未停拒后前不无或]|序贯|改用|对比")
_SUFFIX = re.compile(r"-[a-z]{4}$")  # FDA: biologics carry four letters after the name (bevacizumab-awwb)
#: Given or not: the drug behind it was not given for certain.
_OR_NOT = re.compile(r"±|\+\s*/\s*-|\(\s*\+\s*/?\s*-\s*\)")
#: In brackets behind a drug: why it was stopped or lowered, which it was given to be.
_REMARK = re.compile(
    r"停药|停用|停止|暂停|减量|不耐受|毒性|不良反应|耐药|进展|stopped|discontinu|interrupt|reduced|toxicity|intoleran|progress"
)
#: 镭[223ra], (177lu)lu-psma-617: the isotope is part of a name, and no second one.
_ISOTOPE = re.compile(r"[\[(](\d{2,3}[a-z]{1,2})[\])]")
_CJK = re.compile(r"[\u3400-\u9fff]")
#: A misspelling is read as the nearest name when it has at least the first number of letters and at most the second of
#: edits (insertion, deletion, exchange, neighbours swapped), and no other substance lies within one edit more.
TYPO_EDITS = ((10, 2), (7, 1))
_LONGEST_NAME = 7
_FEWEST_LETTERS = 4


@dataclass(frozen=True)
class DrugReading:
    """What a text says: substances (generic names), what is not understood, and spellings that were read as a name.

    ``names`` holds both in the order of the text; ``by_stem`` those of them that the dictionary does not hold and the
    stem of the name tells to be an ordinary medicine (`oncourse.knowledge.drug_stems`).
    """

    names: tuple[str, ...]
    unknown: tuple[str, ...]
    corrected: tuple[tuple[str, str], ...] = ()
    by_stem: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def read_drugs(text: str) -> DrugReading:
    """Return the substances of a drug text.

    >>> read_drugs("Zytiga 1000 mg + prednisone 5 mg bid").names
    ('abiraterone', 'prednisone')
    >>> read_drugs("enzalutamid, HRS-1").unknown, read_drugs("enzalutamid").corrected
    (('hrs-1',), (('enzalutamid', 'enzalutamide'),))
    """
    plain = _plain(text)
    whole = index().get(key(plain))
    if whole:
        return DrugReading(whole, ())
    found = _Found()
    pieces = [p for p in _pieces(plain) if key(p[0])]
    place = 0
    while place < len(pieces):
        place += _longest(pieces, place, found) or _one(pieces, place, found)
    return found.reading()


def named_in(sentence: str) -> frozenset[str]:
    """Return the drugs that a sentence names by any of their names, whatever it says of them."""
    words = re.split(r"[\s;+,|&()\[\]:]+", _plain(sentence))
    apart = [part for word in words for part in word.split("/")]  # a slash parts drugs, or is in a name
    return frozenset(name for text in (words, apart) for _, hits in _runs(text) for hit in hits for name in hit)


def nearest_name(text: str) -> str | None:
    """Return the name of the dictionary that is spelt most like the text; None where none comes near (two fifths
    differ).

    >>> nearest_name("enzalutmd")
    'enzalutamide'
    """
    asked = key(text)
    if len(asked) < _FEWEST_LETTERS or _REVERSING.search(text) or all(w in _WORDS for w in text.split()):
        return None
    begins = (name for name in _spellings() if name.startswith(asked))
    most = int(0.4 * len(asked))
    distance, name = min((_edits(asked, name, most), name) for name in _spellings())
    name = min(begins, default=name if distance <= most else "")
    substances = index().get(name, ())
    return substances[0] if len(substances) == 1 else name or None


class _Found:
    """Substances, unknown words and corrections in the order of the text."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.unknown: dict[str, None] = {}
        self.corrected: dict[str, str] = {}

    def add(self, substances: tuple[str, ...]) -> None:
        self.names.update(dict.fromkeys(substances))

    def miss(self, text: str) -> None:
        text = re.sub(r"\s+", " ", text.replace(";", " ")).strip(" -.:")
        if text:
            self.names[text] = self.unknown[text] = None

    def drop(self, text: str) -> None:
        for kept in (self.names, self.unknown):
            kept.pop(text, None)

    def reading(self) -> DrugReading:
        by_stem = tuple(n for n in self.names if n not in self.unknown and key(n) not in index())
        return DrugReading(tuple(self.names), tuple(self.unknown), tuple(self.corrected.items()), by_stem)


def _plain(text: str) -> str:
    text = re.sub(r"[®™©\u2120]", "", text)
    text = (
        unaccented(unicodedata.normalize("NFKC", text).casefold()).replace("–", "-").replace("—", "-").replace("−", "-")
    )
    text = _ISOTOPE.sub(r"\1", _OR_NOT.sub(" with or without ", text))
    return re.sub(r"\s+", " ", text).strip(" \"'.")


def _pieces(plain: str) -> list[tuple[str, bool]]:
    """(text, stands in brackets) between separators; amounts are taken out."""
    out: list[tuple[str, bool]] = []
    if key(plain) in index():
        return [(plain, False)]
    text = _AMOUNT.sub(" ", plain)
    for part in re.split(r"(\([^()]*\)|\[[^\[\]]*\])", text):
        inside = part[:1] in ("(", "[")
        body = part[1:-1] if inside else part
        out += [(piece.strip(), inside) for piece in _SEPARATOR.split(body)]
    return out


def _longest(pieces: list[tuple[str, bool]], place: int, found: _Found) -> int:
    """Take the longest run of two to four pieces that is one name; return how many it has, 0 for none."""
    for size in range(min(4, len(pieces) - place), 1, -1):
        known = index().get(key("".join(p for p, _ in pieces[place : place + size])))
        if known:
            found.add(known)
            return size
    return 0


def _one(pieces: list[tuple[str, bool]], place: int, found: _Found) -> int:
    text, inside = pieces[place]
    before = pieces[place - 1][0] if place else ""
    if inside and before and before not in found.unknown and _REMARK.search(text) and not named_in(text):
        return 1
    known = _resolve(text, found)
    if inside and known and before in found.unknown and not _REVERSING.search(before):
        found.drop(before)  # a name in brackets explains the one before it
    return 1


def _resolve(text: str, found: _Found) -> bool:
    """Add what one piece names; True where every word of it was understood and names a drug."""
    known = index().get(key(text)) or index().get(key(_SUFFIX.sub("", text)))
    if known:
        found.add(known)
        return True
    if _REVERSING.search(text):
        found.miss(text)
        return False
    runs = _runs(re.split(r"[\s\-_.:]+", text))
    missed = [word for word, hits in runs if word and not hits]
    named = any(hits for _, hits in runs)
    left = [w for w in missed if not (w.isdigit() or _WORDS.get(w) == "beside" or (named and w in _WORDS))]
    if any(_REVERSING_CJK.search(w) for w in left):
        found.miss(text)
        return False
    for _, hits in runs:
        for hit in hits:
            found.add(hit)
    for word in list(left):
        name = _typo(word)
        if name:
            found.add(index()[name])
            found.corrected[word] = name
            left.remove(word)
            named = True
    if left:
        found.miss(" ".join(left) if named else text)
    return named and not left


def _runs(words: list[str]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return (word, names it holds): the longest runs of words that are one name; words in Chinese are searched
    inside."""
    out: list[tuple[str, list[tuple[str, ...]]]] = []
    words = [w for w in words if w]
    place = 0
    while place < len(words):
        for size in range(min(_LONGEST_NAME, len(words) - place), 0, -1):
            run = "".join(words[place : place + size])
            known = index().get(key(run)) or index().get(key(_SUFFIX.sub("", run)))
            known = known or (None if _CJK.search(run) else _ordinary(words[place : place + size]))
            if known and not (size == 1 and run in _WORDS and len(words) > 1):
                out.append((run, [known]))
                break
        else:
            size = 1
            out += _chinese(words[place]) if _CJK.search(words[place]) else [(words[place], [])]
        place += size
    return out


def _ordinary(words: list[str]) -> tuple[str, ...] | None:
    """Return the name that words are by the stem of an ordinary medicine; None where one of several is a name itself."""
    apart = len(words) > 1 and any(index().get(key(w)) or stem_of(key(w)) or w in _WORDS for w in words[1:])
    name = "".join(words) if _CJK.search(words[0]) else " ".join(words)
    return None if apart or _REVERSING_CJK.search(name) or not stem_of(key(name)) else (name,)


def _chinese(word: str) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Cut a run of characters without spaces into names, words that change nothing, and the rest."""
    out: list[tuple[str, list[tuple[str, ...]]]] = []
    place, rest = 0, ""

    def put_rest() -> None:
        found = _ordinary([rest]) if rest else None
        out.append((rest, [found] if found else []))

    while place < len(word):
        for end in range(len(word), place + 1, -1):
            part = word[place:end]
            long = len(part) > 3 and not _CJK.search(part)
            apart = long or _whole_latin(word, place, end)
            known = index().get(key(part)) if apart else None
            if known or part in _WORDS:
                put_rest()
                out.append((part, [known] if known else []))
                place, rest = end, ""
                break
        else:
            one = word[place]
            rest, place = (rest if _WORDS.get(one) == "beside" else rest + one), place + 1
    put_rest()
    return out


def _whole_latin(word: str, start: int, end: int) -> bool:
    """Whether a part has all the letters between Chinese characters (ADT in 持续ADT治疗, T药), not a piece of a longer name
    (XT药)."""
    edges = (word[start - 1 : start + 1] if start else "", word[end - 1 : end + 1])
    return not any(len(edge) == 2 and edge.isascii() and edge.isalnum() for edge in edges)


@lru_cache(maxsize=1)
def _spellings() -> tuple[str, ...]:
    """Names of letters alone, long enough to be misspelt; chemotherapy is no misspelt "no chemotherapy"."""
    long = (n for n in index() if n.isascii() and n.isalpha() and len(n) >= TYPO_EDITS[-1][0] - 1)
    return tuple(sorted(n for n in long if not (n.startswith("no") and index()[n] == ("observation",))))


@lru_cache(maxsize=4096)
def _typo(word: str) -> str | None:
    """Return the name that a misspelt word is read as (`TYPO_EDITS`), else None."""
    allowed = next((edits for letters, edits in TYPO_EDITS if len(word) >= letters), 0)
    if not allowed or not (word.isascii() and word.isalpha()):
        return None
    near = sorted((_edits(word, name, allowed + 1), name) for name in _spellings())
    distance, name = near[0]
    if distance > allowed:
        return None
    others = (d for d, n in near if index()[n] != index()[name])
    return name if min(others) > distance + 1 else None


def _edits(a: str, b: str, most: int) -> int:
    """Optimal string alignment distance; more than `most` once it is known to be."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y))
            if before and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(last) > most:  # no later row is below both
            return most + 1
        before, last = last, row
    return last[-1]
