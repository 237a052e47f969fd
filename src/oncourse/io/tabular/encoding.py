"""What encoding a text file is in, told from its bytes: UTF-8, UTF-16 (with or without mark), GB18030, Windows-1252."""

from __future__ import annotations

import codecs
import re

import numpy as np

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CHUNK = 4 << 20
#: Share of the characters beyond ASCII that are everyday Chinese (GB2312 level 1, signs): of Chinese text 0.95 and
#: more, of a name with a rare character half; of Latin text nearly none.
_CHINESE_SHARE = 0.5
_LOOKED_AT = 20_000
#: Share of the low bytes of tabs and line ends that are tabs and line ends: of UTF-16 nearly all (a Chinese character has
#: one in 128), of single bytes with zeros among them few.
_MARKS_SHARE = 0.5


def sniff(data: bytes) -> tuple[str, int]:
    """Return the encoding (a codec name, or ``binary``) and the length of its byte-order mark.

    >>> sniff("患者编号\t性别\\n".encode("gb18030")), sniff("Größe\\n".encode("cp1252")), sniff("Größe\\n".encode())
    (('gb18030', 0), ('cp1252', 0), ('utf-8', 0))
    >>> sniff("id\tsex\\n".encode("utf-16-le")), sniff(b"a\\0b\\0\\0\\0c")
    (('utf-16-le', 0), ('binary', 0))
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding, len(bom)
    if b"\0" in data:
        return _wide(data), 0
    if first_bad_byte(data) is None:
        return "utf-8", 0
    return ("gb18030" if _is_chinese(data) else "cp1252"), 0


def first_bad_byte(data: bytes) -> int | None:
    """Return where `data` stops being UTF-8, None where all of it is."""
    if data.isascii():
        return None
    decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        for at in range(0, len(data), _CHUNK):
            decoder.decode(data[at : at + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return at + error.start
    return None


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: the high bytes of tabs, digits and line ends are zero, on one side only.

    A table of single bytes with zeros in some of its cells has tabs and line ends beside other bytes:

    >>> _wide(b"a\\tb\\n1\\t\\0\\n"), _wide("id\\tsex\\n".encode("utf-16-be"))
    ('binary', 'utf-16-be')
    """
    head = np.frombuffer(data[: 64 << 10], np.uint8)
    head = head[: len(head) // 2 * 2]
    if not len(head):
        return "binary"
    even, odd = (head[0::2] == 0).mean(), (head[1::2] == 0).mean()
    encoding = "utf-16-le" if odd > 0.1 and even < 0.01 else "utf-16-be" if even > 0.1 and odd < 0.01 else "binary"
    if encoding == "binary" or len(data) % 2:
        return "binary"
    low, high = (head[0::2], head[1::2]) if encoding == "utf-16-le" else (head[1::2], head[0::2])
    is_mark = (low == ord("\t")) | (low == ord("\n"))
    if is_mark.any() and (high[is_mark] == 0).mean() < _MARKS_SHARE:
        return "binary"
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return "binary"
    return encoding


def _is_chinese(data: bytes) -> bool:
    """Whether all of the bytes are GB18030, and what is not ASCII in them is mostly everyday Chinese.

    Two accented letters side by side make a pair of bytes too (``Größe`` is also ``Gr鲞e``), but a rare character, or
    one that is no GB2312: everyday ones have a lead byte of 0xB0 to 0xD7, signs of 0xA1 to 0xA9.
    """
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    found = re.findall(r"[^\x00-\x7f]", text[: 1 << 20])[:_LOOKED_AT]
    pairs = [c.encode("gb18030") for c in found]
    common = sum(len(p) == 2 and p[1] >= 0xA1 and (0xB0 <= p[0] <= 0xD7 or 0xA1 <= p[0] <= 0xA9) for p in pairs)
    return common >= _CHINESE_SHARE * len(pairs)
