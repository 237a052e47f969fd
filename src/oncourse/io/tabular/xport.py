"""SAS transport files (XPORT versions 5 and 8), the format regulators take SDTM in -> a polars frame.

Layout: SAS technical note TS-140, "The record layout of a data set in SAS transport (XPORT) format"; version 8 has the same
records under other headers, and names of up to 32 characters behind the old ones.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError
from oncourse.io.tabular.encoding import sniff

RECORD = 80
#: Version -> words of the headers of the library, the member, its variables and its rows.
_HEADERS = {5: ("LIBRARY", "MEMBER", "NAMESTR", "OBS"), 8: ("LIBV8", "MEMBV8", "NAMSTV8", "OBSV8")}
#: Where the description of a variable holds its long name (version 8).
_LONG_NAME = slice(88, 120)


def ibm_to_float(raw: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return IBM hexadecimal doubles as floats; SAS missing values become NaN.

    Parameters
    ----------
    raw : shape (n, 8), big-endian bytes (shorter numbers padded with zeros on the right)

    Examples
    --------
    >>> ibm_to_float(np.frombuffer(bytes.fromhex("4110000000000000"), np.uint8).reshape(1, 8)).tolist()
    [1.0]
    """
    whole = np.ascontiguousarray(raw).view(">u8").ravel().astype(np.uint64)
    mantissa = (whole & np.uint64(0x00FFFFFFFFFFFFFF)).astype(np.float64) / 2.0**56
    exponent = ((whole >> np.uint64(56)) & np.uint64(0x7F)).astype(np.int64) - 64
    value = np.where(whole >> np.uint64(63) > 0, -1.0, 1.0) * mantissa * 16.0 ** exponent.astype(np.float64)
    # missing: ".", "._" or ".A" to ".Z" in the first byte, the rest zero
    first = raw[:, 0]
    is_missing = (raw[:, 1:] == 0).all(axis=1) & ((first == 0x2E) | (first == 0x5F) | ((first >= 65) & (first <= 90)))
    return np.where(is_missing, np.nan, value)


def read_xport(path: Path) -> pl.DataFrame:
    """Read the first data set of a SAS transport file: text columns as text, numbers as floats.

    Raises
    ------
    InputError : it is not a transport file of version 5 or 8, or it is cut off
    """
    data = path.read_bytes()
    version = next((v for v, words in _HEADERS.items() if data.startswith(_header(words[0]))), None)
    if version is None:
        raise InputError(f"{path.name}: is not a SAS transport file (version 5 or 8). Export it as XPORT, or as csv.")
    _, member, names, rows = (_header(word) for word in _HEADERS[version])
    at, begin = data.find(names), data.find(rows)
    if at < 0 or begin < 0:
        raise InputError(f"{path.name}: the SAS transport file is cut off.")
    count = int(data[at + 54 : at + 58])
    size = int(data[data.find(member) + 74 :][:4])
    columns = []
    for number in range(count):
        entry = data[at + RECORD + number * size :][:size]
        kind, _, length = struct.unpack(">hhh", entry[:6])
        name = entry[8:16].decode("ascii", "replace").strip()
        if version == 8:
            name = entry[_LONG_NAME].decode("utf-8", "replace").strip(" \0") or name
        (position,) = struct.unpack(">i", entry[84:88])
        columns.append((name, kind, length, position))
    width = sum(length for _, _, length, _ in columns)
    body = data[begin + RECORD :]
    end = body.find(b"HEADER RECORD*******")
    body = body[:end] if end >= 0 else body
    n = len(body) // width if width else 0
    table = np.frombuffer(body, np.uint8, n * width).reshape(n, width)
    blank = (table == 0x20).all(axis=1)
    while n and blank[n - 1]:  # the last record is filled up with blanks
        n -= 1
    table = table[:n]
    series = []
    for name, kind, length, position in columns:
        cells = table[:, position : position + length]
        if kind == 1:
            padded = np.zeros((n, 8), np.uint8)
            padded[:, :length] = cells
            series.append(pl.Series(name, ibm_to_float(padded)).fill_nan(None))
        else:
            series.append(pl.Series(name, _texts([bytes(c) for c in cells]), pl.String))
    return pl.DataFrame(series)


def _texts(cells: Sequence[bytes]) -> list[str | None]:
    """Return a column's texts; a transport file does not say its encoding (UTF-8, GB18030 or Windows-1252).

    >>> _texts([b"Alzheimer\\x92s Disease  ", b"   "]), _texts(["患者 结肠癌".encode("gb18030")])
    (['Alzheimer’s Disease', None], ['患者 结肠癌'])
    """
    encoding, _ = sniff(b"\n".join(cell.rstrip(b"\0 ") for cell in cells).replace(b"\0", b" "))
    return [cell.rstrip(b"\0 ").decode(encoding, "replace").rstrip() or None for cell in cells]


def _header(word: str) -> bytes:
    return f"HEADER RECORD*******{word:<8}HEADER RECORD!!!!!!!".encode()
