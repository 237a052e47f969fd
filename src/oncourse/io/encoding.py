"""What encoding a text file is in, told from its bytes: UTF-8, UTF-16 (with or without mark), GB18030, Windows-1252."""

from __future__ import annotations

import codecs

import numpy as np

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)  # fmt: skip
_CHUNK = 4 << 20
#: Share of the bytes above 127 that stand in pairs of the GB2312 zone: Chinese text nearly all, Latin text nearly none.
_CHINESE_SHARE = 0.8


def sniff(data: bytes) -> tuple[str, int]:
    """Return the encoding (a codec name, or ``binary``) and the length of its byte-order mark.

    >>> sniff("患者编号\t性别\\n".encode("gb18030")), sniff("Maß\\n".encode("cp1252")), sniff("Größe\\n".encode())
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
    decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        for at in range(0, len(data), _CHUNK):
            decoder.decode(data[at : at + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return at + error.start
    return None


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: the high bytes of tabs, digits and line ends are zero, on one side only."""
    head = np.frombuffer(data[: 64 << 10], np.uint8)
    head = head[: len(head) // 2 * 2]
    even, odd = (head[0::2] == 0).mean(), (head[1::2] == 0).mean()
    encoding = "utf-16-le" if odd > 0.1 and even < 0.01 else "utf-16-be" if even > 0.1 and odd < 0.01 else "binary"
    if encoding == "binary" or len(data) % 2:
        return "binary"
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return "binary"
    return encoding


def _is_chinese(data: bytes) -> bool:
    """Whether the bytes above 127 form pairs of the GB2312 zone, and all of the text is GB18030."""
    high = np.frombuffer(data[: 1 << 20], np.uint8) >= 0xA1
    every = np.frombuffer(data[: 1 << 20], np.uint8) >= 0x80
    # lengths of runs of high bytes: even in Chinese text
    edges = np.flatnonzero(np.diff(np.concatenate([[0], every.astype(np.int8), [0]])))
    lengths = edges[1::2] - edges[0::2]
    paired = int(lengths[lengths % 2 == 0].sum())
    if not len(lengths) or paired < _CHINESE_SHARE * int(every.sum()) or high.sum() < _CHINESE_SHARE * every.sum():
        return False
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True
