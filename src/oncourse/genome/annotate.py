"""Gene, consequence and HGVS of every variant, from a reference genome and gene models.

The models are those of a file the user names, else the package's own (`oncourse.genome.gene_models`). Each variant is
named by one transcript: of the genes it lies in, the one it changes most (coding before splice site, UTR, intron,
promoter). Insertions and deletions are named and judged where HGVS puts them, as far in reading direction as their
bases allow [1]_.

References
----------
.. [1] den Dunnen JT et al. HGVS recommendations for the description of sequence variants. Hum Mutat 2016;37:564.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.genome.annotate_long import ToldEffect, told
from oncourse.genome.cytobands import cytobands
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import BUILDS, Model, models
from oncourse.genome.places import locate, names_at, spans
from oncourse.genome.protein_change import GENETIC_CODE, extended, until_stop
from oncourse.genome.spliced import Spliced
from oncourse.genome.stretches import REGIONS, Piece, Stretches, painted, pieces, place
from oncourse.genome.variant import with_parts

#: Columns of `Annotator.annotate` after variant_id.
COLUMNS = {
    "gene": pl.String,
    "transcript": pl.String,
    "region": pl.String,
    "codon_first": pl.Int64,
    "codon_last": pl.Int64,
    "consequence": pl.String,
    "hgvs_c": pl.String,
    "hgvs_p": pl.String,
    "is_ref_match": pl.Boolean,
}
_BY_REGION = {
    "splice": "splice_site",
    "intron": "intron",
    "upstream": "upstream",
    "downstream": "downstream",
    "gene": "noncoding",
    "outside": "intergenic",
}
#: Amino acid of each codon number (16, 4 and 1 times the number of its bases), X where a base is not known.
_ACIDS = np.array([*GENETIC_CODE.values(), "X"])
_CODE = dict(zip("TCAG", range(4), strict=True))
#: Consequences that the splice region goes before.
_WEAK = ("synonymous", "utr5", "utr3", "intron")
_SNV = r"^[ACGT]$"


#: Gene models of so many genes are those of a whole genome: what lies in none of them is between genes.
WHOLE_GENOME = 10_000
_INSIDE = ("coding", "splice", "utr", "intron", "upstream", "downstream")


@dataclass(frozen=True)
class Reference:
    """The files a user names: a reference genome and, or not, gene models of it."""

    fasta: Path
    gff: Path | None = None

    @cached_property
    def _by_build(self) -> dict[str | None, Annotator]:
        return {}

    @cached_property
    def build(self) -> str | None:
        """The genome build whose chromosomes have the lengths of the FASTA's; null where none has, or none is in it."""
        fasta = Fasta(self.fasta)
        for build in BUILDS:
            ends = cytobands(build).group_by("chrom").agg(pl.col("end").max())
            lengths = [(fasta.length(chrom), end) for chrom, end in ends.iter_rows() if chrom in fasta]
            if lengths and all(length == end for length, end in lengths):
                return build
        return None

    def annotator(self, build: str | None) -> Annotator:
        """Return the annotator of these files; without gene models that of the package's genes in `build`."""
        key = None if self.gff else build
        if key not in self._by_build:
            self._by_build[key] = Annotator.of_files(self.fasta, self.gff, build)
        return self._by_build[key]

    def locate(self, variant_ids: pl.Series, build: str | None) -> pl.DataFrame:
        """Return the columns of `Annotator.annotate`, and ``by_reference``: whether these files name the place.

        Where they do not - no gene model there, or another base - what the package knows of the place is said
        (`oncourse.genome.places.locate`). ``is_ref_match`` is the genome's word for every variant it has the place of.
        """
        own = self.annotator(build)
        named = own.annotate(variant_ids)
        known = locate(variant_ids, build)
        inside = named["region"].is_in(_INSIDE) & named["is_ref_match"].fill_null(True)
        if len(own.models) >= WHOLE_GENOME:
            inside |= named["region"].is_not_null() & (known["region"].fill_null("outside") == "outside")
        here = inside.fill_null(False)
        nothing = pl.repeat(None, len(here), dtype=pl.String, eager=True)
        match = named["is_ref_match"].zip_with(named["is_ref_match"].is_not_null(), known["is_ref_match"])
        shared = [c for c in known.columns if c not in ("variant_id", "is_ref_match")]
        return named.with_columns(
            *(named[c].zip_with(here, known[c]) for c in shared),
            *(named[c].zip_with(here, nothing) for c in ("transcript", "hgvs_c")),
            match,
            here.alias("by_reference"),
        )


class Annotator:
    """Names variants on one reference genome by one set of gene models; sequences are read once and kept."""

    def __init__(self, fasta: Fasta, gene_models: Sequence[Model]):
        self.fasta = fasta
        self.models = [m for m in gene_models if m.chrom in fasta]
        self._spliced: dict[int, Spliced] = {}

    @classmethod
    def of_files(cls, fasta: Path | str, gff: Path | str | None = None, build: str | None = None) -> Annotator:
        """Return an annotator of a FASTA and a GTF, GFF3 or genePred; without the latter, of the package's genes.

        Raises
        ------
        InputError : a file cannot be read, or they have no chromosome in common
        """
        from oncourse.errors import InputError
        from oncourse.genome.gene_files import read_gene_models

        reference = Fasta(fasta)
        if gff is None:
            return cls(reference, list(models(build).values()) if build in BUILDS else [])
        found = read_gene_models(Path(gff))
        out = cls(reference, found)
        if not out.models:
            raise InputError(
                f"{Path(gff).name}: none of its chromosomes ({', '.join(sorted({m.chrom for m in found})[:3])} ...) "
                f"is in "
                f"{Path(fasta).name}. Give gene models of the same reference genome."
            )
        return out

    @cached_property
    def _maps(self) -> dict[str, Stretches]:
        found: dict[str, list[Piece]] = {}
        for i, model in enumerate(self.models):
            found.setdefault(model.chrom, []).extend(pieces(model, i))
        return {chrom: painted(of) for chrom, of in found.items()}

    def annotate(self, variant_ids: pl.Series) -> pl.DataFrame:
        """Return what is said of each variant.

        Parameters
        ----------
        variant_ids : shape (n,), ``chrom:pos:ref:alt`` as `oncourse.genome.variant.normalise` writes them

        Returns
        -------
        One row per id, in its order: ``variant_id``; ``gene``, ``transcript`` (null outside genes); ``region`` (one of
        `REGIONS`; null on a chromosome without gene models); ``codon_first``, ``codon_last``; ``consequence`` (a name
        of `oncourse.genome.effect.CONSEQUENCES`); ``hgvs_c`` (deleted and inserted bases written out); ``hgvs_p``
        (one-letter codes; null where the protein stays unread, as at splice sites); ``is_ref_match``: whether the
        reference allele is the genome's. Where it is not, consequence and names are null.
        """
        ids = variant_ids.rename("variant_id")
        distinct = with_parts(pl.DataFrame({"variant_id": ids.unique().drop_nulls().sort()}))
        found = _Answer(distinct, self)
        return pl.DataFrame({"variant_id": ids}).join(found.frame(), on="variant_id", how="left", maintain_order="left")

    def spliced(self, number: int) -> Spliced:
        if number not in self._spliced:
            self._spliced[number] = Spliced(self.models[number], self.fasta)
        return self._spliced[number]

    def placed(self, frame: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return number of the model and region of each variant (chrom, pos, ref)."""
        chrom, first, last, between = spans(frame)
        found = place(self._maps, chrom, first, last, between)
        return found.gene, found.region


class _Answer:
    """The answer for distinct variants, one array per column."""

    def __init__(self, frame: pl.DataFrame, by: Annotator):
        self.variants, self.by = frame, by
        n = frame.height
        self.model, self.region = by.placed(frame)
        self.number, self.offset, self.zone, self.codon = np.zeros((4, n), np.int64)
        self.old, self.new = np.full((2, n), 64, np.int64)
        self.near, self.in_codon = np.zeros(n, bool), np.zeros(n, bool)
        self.told: dict[int, ToldEffect] = {}
        is_snv = (frame["ref"].str.contains(_SNV) & frame["alt"].str.contains(_SNV)).fill_null(False)
        self.is_snv = is_snv.to_numpy()
        self.match = self._matches()
        rows = ((self.model >= 0) & (self.match != 0)).nonzero()[0]
        rows = rows[np.argsort(self.model[rows], kind="stable")]
        for of_model in np.split(rows, np.flatnonzero(np.diff(self.model[rows])) + 1):
            if len(of_model):
                self._name(by.spliced(int(self.model[of_model[0]])), of_model)

    def _matches(self) -> NDArray[np.int8]:
        """Return 1 where the reference allele is the genome's, 0 where not, -1 where nothing can be compared."""
        out = np.full(self.variants.height, -1, np.int8)
        chrom, pos, ref = (self.variants[c].to_numpy() for c in ("chrom", "pos", "ref"))
        for name in self.variants["chrom"].drop_nulls().unique().to_list():
            if name not in self.by.fasta:
                continue
            here = chrom == name
            rows = (here & self.is_snv).nonzero()[0]
            letters = np.frombuffer("".join(ref[rows]).encode(), np.uint8)
            out[rows] = self.by.fasta.at(name, pos[rows].astype(np.int64)) == letters
            for row in (here & ~self.is_snv).nonzero()[0]:
                bases = "" if ref[row] == "-" else ref[row]
                if bases:
                    out[row] = self.by.fasta.fetch(name, int(pos[row]), int(pos[row]) + len(bases) - 1) == bases
        return out

    def _name(self, spliced: Spliced, rows: NDArray[np.int64]) -> None:
        if not spliced.model.coding:
            return
        single, long = rows[self.is_snv[rows]], rows[~self.is_snv[rows]]
        if len(single):
            self._name_single(spliced, single)
        if len(long):
            picked = self.variants[long].select("pos", "ref", "alt")
            alleles = [(p, r.replace("-", ""), a.replace("-", "")) for p, r, a in picked.iter_rows()]
            self.told.update(zip(long.tolist(), told(spliced, self.by.fasta, alleles), strict=True))

    def _name_single(self, spliced: Spliced, rows: NDArray[np.int64]) -> None:
        """Number the bases of substitutions, and look up their codons."""
        at = spliced.numbers(self.variants["pos"].gather(rows).to_numpy())
        before, behind = at.base < spliced.first, at.base > spliced.last
        self.zone[rows] = np.where(before, -1, np.where(behind, 1, 0))
        self.number[rows] = np.where(
            before, spliced.first - at.base, at.base - np.where(behind, spliced.last, spliced.first - 1)
        )
        self.offset[rows], self.near[rows] = at.offset, at.near
        inside = (at.offset == 0) & ~before & ~behind
        rows, base = rows[inside], at.base[inside] - spliced.first + spliced.model.lead
        codes = np.append(spliced.codes, [4, 4]).astype(np.int64)
        alt = self.variants["alt"].gather(rows).replace_strict(_CODE, return_dtype=pl.Int64).to_numpy()
        alt = alt if spliced.model.forward else alt ^ 2  # T and A, C and G differ in this bit
        first = base // 3 * 3
        old = np.stack([codes[first + i] for i in range(3)])
        new = old.copy()
        new[base - first, np.arange(len(base))] = alt
        unknown = (old == 4).any(axis=0) | (spliced.model.chrom == "MT")  # the mitochondrion has another code
        weights = np.array([16, 4, 1])
        self.old[rows] = np.where(unknown, 64, weights @ old)
        self.new[rows] = np.where(unknown, 64, weights @ new)
        self.codon[rows], self.in_codon[rows] = base // 3 + 1, True
        for row in rows[(_ACIDS[self.old[rows]] == "*") & (_ACIDS[self.new[rows]] != "*") & ~unknown]:
            self._at_a_stop(spliced, int(row))

    def _at_a_stop(self, spliced: Spliced, row: int) -> None:
        """Name a lost stop by its new end; a stop within the protein is selenocysteine."""
        codon = int(self.codon[row])
        acid = str(_ACIDS[self.new[row]])
        if codon < len(spliced.protein):
            word, change = "missense", f"p.U{codon}{acid}"
        else:
            word, change = "stop_lost", extended(spliced.protein, codon - 1, acid + until_stop(spliced.behind))
        self.told[row] = ToldEffect(word, None, change, codon, codon)

    def frame(self) -> pl.DataFrame:
        """Return variant_id and `COLUMNS`."""
        names, transcripts = ([getattr(m, a) or None for m in self.by.models] for a in ("gene", "transcript"))
        matched = pl.Series(self.match).replace_strict({1: True, 0: False, -1: None}, return_dtype=pl.Boolean)
        out = self.variants.with_columns(
            names_at("gene", self.model, names),
            names_at("transcript", self.model, transcripts),
            names_at("region", self.region, REGIONS),
            matched.alias("is_ref_match"),
            zone=self.zone,
            number=self.number,
            offset=self.offset,
            codon=self.codon,
            near=self.near,
            in_codon=self.in_codon,
            old=_ACIDS[self.old],
            new=_ACIDS[self.new],
            single=self.is_snv & (self.model >= 0),
        )
        out = out.with_columns(_word().alias("consequence"))
        out = out.with_columns(hgvs_c=self._hgvs_c(), hgvs_p=_hgvs_p(), codon_first=_codon(), codon_last=_codon())
        return (
            self._with_told(out)
            .with_columns(
                pl.when(pl.col("is_ref_match").fill_null(True)).then(pl.col(c)).alias(c)
                for c in ("consequence", "hgvs_c", "hgvs_p")
            )
            .select("variant_id", *COLUMNS)
        )

    def _hgvs_c(self) -> pl.Expr:
        """Return the coding name of substitutions; null for others and in genes without a coding sequence."""
        forward = pl.Series([m.forward for m in self.by.models] or [True])
        is_coding = pl.Series([bool(m.coding) for m in self.by.models] or [False])
        at = np.maximum(self.model, 0)
        strand, coding = pl.lit(forward.gather(at)), pl.lit(is_coding.gather(at))
        other = {"A": "T", "C": "G", "G": "C", "T": "A"}
        ref, alt = (
            pl.when(strand).then(pl.col(c)).otherwise(pl.col(c).replace_strict(other, default=None))
            for c in ("ref", "alt")
        )
        sign = pl.col("zone").replace_strict({-1: "-", 0: "", 1: "*"}, return_dtype=pl.String)
        far = pl.col("offset")
        intron = (
            pl.when(far > 0).then(pl.format("+{}", far)).when(far < 0).then(far.cast(pl.String)).otherwise(pl.lit(""))
        )
        return pl.when(pl.col("single") & coding).then(pl.format("c.{}{}{}{}>{}", sign, "number", intron, ref, alt))

    def _with_told(self, out: pl.DataFrame) -> pl.DataFrame:
        """Put in what was worked out one by one."""
        if not self.told:
            return out
        rows = sorted(self.told)
        said = [self.told[r] for r in rows]
        for column in ("consequence", "hgvs_c", "hgvs_p", "codon_first", "codon_last"):
            values = [getattr(t, column) or None for t in said]
            if column == "hgvs_c":  # of a lost stop it stands already
                values = [v or out["hgvs_c"][r] for v, r in zip(values, rows, strict=True)]
            out = out.with_columns(out[column].scatter(rows, pl.Series(values, dtype=out.schema[column])))
        return out


def _codon() -> pl.Expr:
    return pl.when(pl.col("in_codon")).then(pl.col("codon"))


def _word() -> pl.Expr:
    """Return the consequence of substitutions by region and codon, of other variants outside exons by region."""
    old, new = pl.col("old"), pl.col("new")
    by_codon = (
        pl.when(old == "X")
        .then(pl.lit(None, pl.String))
        .when(old == new)
        .then(pl.lit("synonymous"))
        .when((pl.col("codon") == 1) & (old == "M"))
        .then(pl.lit("start_lost"))
        .when(new == "*")
        .then(pl.lit("nonsense"))
        .otherwise(pl.lit("missense"))
    )
    utr = pl.when(pl.col("zone") < 0).then(pl.lit("utr5")).otherwise(pl.lit("utr3"))
    by_region = pl.col("region").replace_strict(_BY_REGION, default=None, return_dtype=pl.String)
    word = (
        pl.when(pl.col("in_codon"))
        .then(by_codon)
        .when(pl.col("single") & (pl.col("region") == "utr"))
        .then(utr)
        .otherwise(by_region)
    )
    weak = pl.col("near") & word.is_in(list(_WEAK))
    return pl.when(weak).then(pl.lit("splice_region")).otherwise(word)


def _hgvs_p() -> pl.Expr:
    old, new, codon = pl.col("old"), pl.col("new"), pl.col("codon")
    known = pl.col("in_codon") & (old != "X")
    return (
        pl.when(~known)
        .then(pl.lit(None, pl.String))
        .when(old == new)
        .then(pl.format("p.{}{}=", old, codon))
        .when(pl.col("consequence") == "start_lost")
        .then(pl.lit("p.M1?"))
        .otherwise(pl.format("p.{}{}{}", old, codon, new))
    )
