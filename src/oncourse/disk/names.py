"""Names of files made from ids: the id itself where every disk can hold it, else a mark of it; never two as one.

Windows holds no ``< > : " / \\ | ? *``, no control character, no name of a device (``CON``, ``NUL.txt``), no trailing dot
or blank; it and macOS hold ``P1`` and ``p1`` as one file, and no disk holds more than 255 bytes. Source: Microsoft,
Naming Files, Paths, and Namespaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

#: Bytes of a name before its ending: an id of 150 in front of which stands what is drawn fits.
MOST_BYTES = 200
_UNHELD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|^[. ]+|[. ]+$')
_DEVICE = re.compile(r"(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)")
#: Names that need no closer look, beside `_DEVICE`: a registry has hundreds of thousands of them.
_PLAIN = re.compile(rf"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{{0,{MOST_BYTES - 2}}}[A-Za-z0-9_-])?")


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """Return id -> name of its file, without the ending: the id, or `marked` where a disk cannot hold it or tell it from
    another of the `ids`.

    >>> file_names(["P1", "a:b", "NUL.txt"])
    {'P1': 'P1', 'a:b': 'a_b~6783a31e', 'NUL.txt': '_NUL.txt~0241e4ee'}
    >>> file_names(["P1", "p1", "P2"])
    {'P1': 'P1~fbeae7c1', 'p1': 'p1~f64551fc', 'P2': 'P2'}
    """
    ids = list(dict.fromkeys(ids))
    if (
        all(map(_PLAIN.fullmatch, ids))
        and not any(map(_DEVICE.match, ids))
        and len(set(map(str.lower, ids))) == len(ids)
    ):
        return dict(zip(ids, ids, strict=True))
    alike = Counter(map(_seen, ids))
    names = {i: i if alike[_seen(i)] == 1 and is_held(i) else marked(i) for i in ids}
    twice = Counter(map(_seen, names.values()))
    return {i: name if twice[_seen(name)] == 1 else marked(i, 64) for i, name in names.items()}


def is_held(name: str) -> bool:
    """Whether every disk can hold a name.

    >>> [is_held(x) for x in ("P1", "张三", "CONrad", "con", "a|b", "P1.", "")]
    [True, True, True, False, False, False, False]
    """
    within = 0 < len(name.encode("utf-8", "surrogatepass")) <= MOST_BYTES
    return within and not _UNHELD.search(name) and not _DEVICE.match(name)


def marked(text: str, digits: int = 8) -> str:
    """Return a name that any disk can hold: what can be kept of the text, and the first digits of its SHA-256."""
    data = text.encode("utf-8", "surrogatepass")
    mark = f"~{sha256(data).hexdigest()[:digits]}"
    kept = _UNHELD.sub("_", text).encode("utf-8", "ignore")[: MOST_BYTES - len(mark) - 1].decode("utf-8", "ignore")
    return ("_" if _DEVICE.match(kept) else "") + kept + mark


def _seen(name: str) -> str:
    """What a disk that knows no capitals, or writes accents its own way, takes a name for."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
