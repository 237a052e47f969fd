"""Columns of text in our words: by the vocabulary, procedures and causes of death by what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.genome.texts import distinct
from oncourse.study.causes import cause_of_death
from oncourse.study.pathogenicity import pathogenicity_of
from oncourse.study.procedures import procedure_of
from oncourse.study.words import plain, vocabulary


def where_known(values: pl.Series, allowed: Sequence[str] = ()) -> pl.Series:
    """Return a text column with nulls for the words that say that nothing is known (Unknown, not tested, 不详); those in
    `allowed` stay, and a column that is no text is returned as it is.

    >>> where_known(pl.Series(["Stage 4", "Unknown", "Not Available", "NED"])).to_list()
    ['Stage 4', None, None, 'NED']
    """
    if values.dtype != pl.String:
        return values
    known, keep = vocabulary()["unknown"], {a.lower() for a in allowed}
    silent = [
        w for w in distinct(values) if w == "unknown" or (plain(w) not in keep and known.get(plain(w)) == "unknown")
    ]
    return values.set(values.is_in(silent), None) if silent else values


def translated(values: pl.Series, subject: str, allowed: Sequence[str] = ()) -> pl.Series:
    """Return a text column with every word the vocabulary knows in ours; those in `allowed` and the unknown stay."""
    known = {} if subject == "pathogenicity" else vocabulary().get(subject)
    if known is None or values.dtype != pl.String:
        return values
    keep = {a.lower() for a in allowed}
    unique = distinct(values)
    if subject == "kind":  # procedures have more names than a list of words holds
        known = {plain(w): found.kind for w in unique if (found := procedure_of(w)) is not None}
    if subject == "cause_of_death":  # so have causes of death
        known = {plain(w): cause for w in unique if (cause := cause_of_death(w)) is not None}
    if subject == "pathogenicity":
        known = {plain(w): said for w in unique if (said := pathogenicity_of(w, is_acmg=True)) is not None}
    if subject == "dead":  # and of how somebody died, or lives
        known = {**known, **{plain(w): told for w in unique if (told := _dead(w)) is not None}}
    if subject == "overall":  # a code with words beside it
        known = {**{plain(w): told for w in unique if (told := _response(w)) is not None}, **known}
    pairs = {w: m for w in unique if plain(w) not in keep and (m := known.get(plain(w))) is not None and m != w}
    return values.replace(pairs) if pairs else values


_DIED = re.compile(
    r"^(已经?)?(死亡|死于|病故|病逝|去世|过世|身故|故去|亡故)|^已(故|死)|^因.{0,8}(死亡|去世|病故|病逝)|^died\b|^dead\b|^death\b"
)
_LIVES = re.compile(r"^(仍|尚|目前|现|至今|末次随访)?(存活|生存|健在|在世|活着)|^(still |is )?alive\b|^living\b")
_ENDS = re.compile(r"^[^未无没非否不]{1,8}死亡$")


def _dead(word: str) -> str | None:
    """Return whether words say that somebody died; null where they say nothing of it, or both.

    >>> [_dead(w) for w in ("死亡(非肿瘤)", "肿瘤死亡", "因病去世", "Died of disease", "仍存活", "存活（带瘤）")]
    ['true', 'true', 'true', 'true', 'false', 'false']
    >>> [_dead(w) for w in ("未死亡", "存活/死亡", "死亡?", "濒死", "2")]
    [None, None, None, None, None]
    """
    text = plain(word)
    dies, lives = bool(_DIED.search(text) or _ENDS.search(text)), bool(_LIVES.search(text))
    doubted = "?" in text or re.search(r"可能|疑|不详|unknown|not ", text)
    if (
        doubted
        or (dies or lives) is False
        or (re.search("死|dead|died", text) and re.search("存活|生存|健在|alive", text))
    ):
        return None
    return "true" if dies else "false"


#: A response denied or doubted: 非PD, not PD, 排除PD, PD?, 疑似PD.
_NO_RESPONSE = re.compile(
    r"(?:非|未|无|没有|不是|不|排除|除外|可能|疑似?|待[排查]|\bnot?\b|\bnon\b|possible|probable|suspected|exclude[sd]?)"
    r"[\s:：-]*(?:cr|pr|sd|pd|ne)(?![a-z])|(?<![a-z])(?:cr|pr|sd|pd|ne)\s*[?？]|(?<![a-z])(?:cr|pr|sd|pd)\s*(?:待|可能|可疑|除外|排除)",
    re.I,
)


def _response(word: str) -> str | None:
    """Return the one response that words name by its code; null where they name none or several, deny it or doubt it.

    >>> [_response(w) for w in ("PR(部分缓解)", "SD（缩小）", "疾病进展(PD)", "NON-CR/NON-PD", "PR→SD", "PDX")]
    ['PR', 'SD', 'PD', None, None, None]
    >>> [_response(w) for w in ("非PD", "not PD", "排除PD", "PD?", "SD（无新病灶）", "PD，不可切除")]
    [None, None, None, None, 'SD', 'PD']
    """
    if _NO_RESPONSE.search(plain(word)):
        return None
    codes = set(re.findall(r"(?<![a-z])(cr|pr|sd|pd|ne)(?![a-z])", plain(word)))
    return codes.pop().upper() if len(codes) == 1 else None
