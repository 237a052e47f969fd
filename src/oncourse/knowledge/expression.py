"""The language of biomarkers: text -> a tree, with every mistake named.

    expression := term OR term ...        term := factor AND factor ...
    factor     := NOT factor | ( expression ) | atom
    atom       := name(arguments) | name(argument) OP value | name OP value          OP is = != >= > <= <

Atoms: mutation, wild_type, loss, altered, amplification, deletion, fusion, germline_pathogenic, reversion, emerged,
at_least, previous, marker, phenotype, msi, mmr, tmb, side, primary, tumour, state, stage, surgery, weeks_since_surgery,
next_line, unsupported.
Sites are written ``KRAS:12,13;NRAS:61`` (see `alterations.parse_site`); options follow as ``in=plasma``,
``under=anti-EGFR`` or ``biallelic``. Every atom has three values: matched, not matched, not assessable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from oncourse.genome.gene_names import current_symbol
from oncourse.knowledge.alterations import Site, parse_site

SITE_ATOMS = ("mutation", "wild_type", "emerged")
GENE_ATOMS = ("loss", "altered", "amplification", "deletion", "fusion", "germline_pathogenic", "reversion")
VALUE_ATOMS = (
    *("msi", "mmr", "tmb", "side", "primary", "tumour", "state", "stage", "surgery", "weeks_since_surgery"),
    "next_line",
)
NAMED_VALUE_ATOMS = ("marker", "phenotype")
COMPARISONS = ("!=", ">=", "<=", "=", ">", "<")
#: What a patient record says about each value atom; another word would never match.
VALUE_CHOICES = {
    "msi": ("high", "stable"),
    "mmr": ("deficient", "proficient"),
    "side": ("left", "right"),
    "primary": ("colon", "rectum"),
    "stage": ("I", "II", "III", "IV"),
    "surgery": ("done",),
    "phenotype": ("reduced", "poor", "intermediate", "normal"),
}


class ExpressionError(ValueError):
    """A biomarker expression cannot be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One question about a patient."""

    kind: str
    sites: tuple[Site, ...] = ()
    genes: tuple[str, ...] = ()
    name: str = ""
    op: str = ""
    value: str = ""
    material: str = ""
    under: str = ""
    biallelic: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; not assessable stays not assessable."""

    part: Node


@dataclass(frozen=True, slots=True)
class All:
    """Every part."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least ``count`` of the parts; an OR is at least one."""

    count: int
    parts: tuple[Node, ...]


Node = Atom | Not | All | AtLeast


def genes_of(node: Node) -> frozenset[str]:
    """Return every gene an expression names."""
    return frozenset(g for atom in atoms_of(node) for g in (*atom.genes, *(s.gene for s in atom.sites)))


def atoms_of(node: Node) -> Iterator[Atom]:
    """Yield the atoms of an expression from left to right."""
    if isinstance(node, Atom):
        yield node
    elif isinstance(node, Not):
        yield from atoms_of(node.part)
    else:
        for part in node.parts:
            yield from atoms_of(part)


def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises
    ------
    ExpressionError : with the text and the place of the mistake

    >>> parse("mutation(BRAF:V600E) AND NOT msi = high")  # doctest: +ELLIPSIS
    All(parts=(Atom(kind='mutation', ...), Not(part=Atom(kind='msi', ...))))
    """
    parser = _Parser(text)
    node = parser.expression()
    parser.skip()
    if parser.at < len(text):
        raise parser.error(f"unexpected '{text[parser.at :][:20]}'")
    return node


_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_VALUE = re.compile(r'"[^"]*"|[^\s()]+')


class _Parser:
    def __init__(self, text: str):
        self.text, self.at = text, 0

    def error(self, message: str) -> ExpressionError:
        return ExpressionError(f"{message} at character {self.at + 1} of '{self.text}'")

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def word(self) -> str:
        self.skip()
        match = _WORD.match(self.text, self.at)
        return match[0] if match else ""

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expression(self) -> Node:
        parts = [self.term()]
        while self.word() == "OR":
            self.at += 2
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else AtLeast(1, tuple(parts))

    def term(self) -> Node:
        parts = [self.factor()]
        while self.word() == "AND":
            self.at += 3
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def factor(self) -> Node:
        word = self.word()
        if word == "NOT":
            self.at += 3
            return Not(self.factor())
        if self.take("("):
            node = self.expression()
            if not self.take(")"):
                raise self.error("a closing bracket is missing")
            return node
        if not word or word in ("AND", "OR"):
            raise self.error("a biomarker is missing")
        self.at += len(word)
        return self.atom(word)

    def arguments(self) -> str | None:
        self.skip()
        if not self.text.startswith("(", self.at):
            return None
        depth, start = 0, self.at + 1
        for i in range(self.at, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[i], 0)
            if depth == 0:
                self.at = i + 1
                return self.text[start:i]
        raise self.error("a closing bracket is missing")

    def comparison(self) -> tuple[str, str]:
        for op in COMPARISONS:
            if self.take(op):
                self.skip()
                match = _VALUE.match(self.text, self.at)
                if not match:
                    raise self.error(f"a value is missing after {op}")
                self.at = match.end()
                return op, match[0].strip('"')
        raise self.error("expected one of = != >= > <= <")

    def atom(self, kind: str) -> Node:
        start = self.at
        if kind in VALUE_ATOMS:
            op, value = self.comparison()
            return self.checked(Atom(kind, op=op, value=value))
        arguments = self.arguments()
        if arguments is None:
            self.at = start
            raise self.error(f"'{kind}' is not a biomarker; known: {', '.join(sorted(_KINDS))}")
        if kind == "at_least":
            count, *parts = _split(arguments)
            if not count.isdigit() or not parts:
                raise self.error("at_least needs a number and expressions: at_least(2; a; b; c)")
            return AtLeast(int(count), tuple(parse(part) for part in parts))
        if kind in NAMED_VALUE_ATOMS:
            op, value = self.comparison()
            return self.checked(Atom(kind, name=arguments.strip(), op=op, value=value))
        if kind in ("previous", "unsupported"):
            return Atom(kind, name=arguments.strip())
        if kind not in SITE_ATOMS and kind not in GENE_ATOMS:
            self.at = start
            raise self.error(f"'{kind}' is not a biomarker; known: {', '.join(sorted(_KINDS))}")
        return self.sites(kind, arguments)

    def checked(self, atom: Atom) -> Atom:
        allowed = VALUE_CHOICES.get(atom.kind)
        if allowed and atom.value not in allowed:
            raise self.error(f"{atom.kind} is one of {', '.join(allowed)}, not '{atom.value}'")
        if atom.kind in ("tmb", "next_line", "weeks_since_surgery") and not re.fullmatch(r"\d+(\.\d+)?", atom.value):
            raise self.error(f"{atom.kind} is compared with a number, not '{atom.value}'")
        return atom

    def sites(self, kind: str, arguments: str) -> Atom:
        material, under, biallelic = "", "", False
        items = []
        for item in (i.strip() for i in arguments.split(";") if i.strip()):
            if item.startswith("in="):
                material = item[3:].strip()
                if material not in ("tissue", "plasma"):
                    raise self.error(f"in= is tissue or plasma, not '{material}'")
            elif item.startswith("under="):
                under = item[6:].strip()
            elif item == "biallelic":
                biallelic = True
            else:
                items.append(item)
        if not items:
            raise self.error(f"{kind} names no gene")
        if kind == "emerged" and not under:
            raise self.error("emerged needs under=<class of drug>")
        if kind in GENE_ATOMS:
            genes = tuple(current_symbol(g.strip()) for item in items for g in item.split(",") if g.strip())
            return Atom(kind, genes=genes, material=material, biallelic=biallelic)
        try:
            found = tuple(parse_site(item) for item in items)
        except ValueError as error:
            raise self.error(str(error)) from None
        return Atom(kind, sites=found, material=material, under=under)


_KINDS = (*SITE_ATOMS, *GENE_ATOMS, *VALUE_ATOMS, *NAMED_VALUE_ATOMS, "at_least", "previous", "unsupported")


def _split(text: str) -> list[str]:
    """Split at semicolons outside brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ";" and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]
