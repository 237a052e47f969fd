"""What a page shows, block by block: paragraphs, items, cells and heads of tables, captions, words of drawings."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

from lxml import html

_BLOCKS = frozenset(
    "p li td th figcaption h1 h2 h3 h4 dt dd summary caption div label button title small".split()  # noqa: SIM905
)
_APART = _BLOCKS | {"script", "style", "svg", "ul", "ol", "table", "dl", "details"}


def shown(path: Path) -> Iterator[tuple[str, str]]:
    """Yield where and what: every text of a page that is no name, id or citation (``translate="no"``)."""
    tree = html.fromstring(path.read_text("utf-8"))
    for element in tree.iter():
        if element.tag in _BLOCKS and not _is_kept(element):
            yield from ((str(element.tag), text) for text in _own(element))
    yield from _packed(tree)


def _is_kept(element) -> bool:
    chain = [element, *element.iterancestors()]
    return any(e.get("translate") == "no" or e.tag == "svg" for e in chain)


def _own(element) -> list[str]:
    """The texts of a block without those of the blocks in it."""
    pieces: list[str] = []

    def gather(node) -> None:
        pieces.append(node.text or "")
        for child in node:
            if child.tag in _APART or child.get("translate") == "no":
                pieces.append("\0")
            elif isinstance(child.tag, str):
                gather(child)
            pieces.append(child.tail or "")

    gather(element)
    texts = (re.sub(r"\s+", " ", part).strip() for part in "".join(pieces).split("\0"))
    return [text for text in texts if text]


def _packed(tree) -> Iterator[tuple[str, str]]:
    for node in tree.xpath("//script[@type='text/plain']"):
        text, name = gzip.decompress(b64decode(node.text)).decode("utf-8"), node.get("id")
        if name.startswith("t-"):
            yield from _of_table(name, json.loads(text))
        elif "<svg" in text[:300]:
            yield from ((name, t) for t in re.findall(r"<(?:title|text)\b[^>]*>([^<]+)<", text))


def _of_table(name: str, data: dict) -> Iterator[tuple[str, str]]:
    """Tips of the columns, and cells: what stands between semicolons is an item of a list."""
    for column, tip, *_ in data["columns"]:
        yield f"{name}: tip of {column}", tip
    for row in data["rows"]:
        for (column, *_), value in zip(data["columns"], row, strict=True):
            for part in value.split("; ") if isinstance(value, str) else ():
                yield f"{name}.{column}", part
