"""Effects of random variants by place beside snpEff's, on the same reference and gene models; and how fast.

Run: python benchmarks/bench_effects.py SLICES [--n 2000] [--seed 1] [--beside] [--frozen OUT.tsv] [--speed N]

SLICES holds slices.hg38.fa.gz and genes.contig.gff3 (26 genes on pieces of GRCh38). Variants are drawn evenly over
genes' coding bases: 70 % substitutions, 5 % of two or three bases, 10 % deletions, 10 % insertions (half of them
duplications), 5 % replacements of unequal length. A coding variant is one of which every changed base is a coding base:
what is deleted or replaced, and both neighbours of what is put in, are coding bases of one exon. With --beside a tenth
lies within 12 bases of an exon in its intron, and others may cross an exon's end. Each is written as VCF writes it,
moved left, and annotated by snpEff (Debian package `snpeff`, database of the same GFF3).
Compared: HGVS c., HGVS p. (as written; and as meant: `meaning`, `same_protein`), the consequence in this package's
words. Printed: agreement per kind, differences, and the reason of each by name (`reasons`).
"""

from __future__ import annotations

import argparse
import gzip
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.genome.annotate import Annotator
from oncourse.genome.effect import consequences
from oncourse.genome.fasta import Fasta
from oncourse.genome.gene_models import Model
from oncourse.genome.protein import canonical
from oncourse.genome.protein_change import translate, until_stop
from oncourse.genome.variant import normalise
from oncourse.stats.rng import generator

KINDS = {"snv": 0.7, "mnv": 0.05, "del": 0.1, "ins": 0.1, "delins": 0.05}
BESIDE, SHARE_BESIDE = 12, 0.1


def draw(models: list[Model], fasta: Fasta, n: int, seed: int, *, beside: bool = False) -> pl.DataFrame:
    """Return kind, chrom, pos, ref, alt (as VCF writes them) of random variants: of coding ones alone, or with those
    `beside` exons and across their ends."""
    rng = generator(seed, "effects")
    places = [np.concatenate([np.arange(a, b + 1) for a, b in m.coding]) for m in models]
    rows = []
    while len(rows) < n:
        kind = rng.choice(list(KINDS), p=list(KINDS.values()))
        which = int(rng.integers(len(models)))
        model, pos = models[which], int(rng.choice(places[which]))
        if beside and len(rows) < n * SHARE_BESIDE:
            a, b = model.exons[int(rng.integers(len(model.exons)))]
            pos = int(a - rng.integers(1, BESIDE + 1) if rng.random() < 0.5 else b + rng.integers(1, BESIDE + 1))
        width = {"snv": 1, "mnv": int(rng.integers(2, 4)), "ins": 0}.get(kind, int(rng.integers(1, 13)))
        first, last = (pos, pos + width - 1) if width else (pos - 1, pos)
        if not beside and not any(a <= first and last <= b for a, b in model.coding):
            continue
        ref = fasta.fetch(model.chrom, pos, pos + width - 1) if width else ""
        before = fasta.fetch(model.chrom, pos - 1, pos - 1)
        if kind in ("snv", "mnv"):
            alt = "".join(rng.choice([x for x in "ACGT" if x != r]) for r in ref)
        elif kind == "del":
            alt = ""
        else:
            size = int(rng.integers(1, 10))
            alt = "".join(rng.choice(list("ACGT"), size))
            if kind == "ins" and rng.random() < 0.5:
                alt = fasta.fetch(model.chrom, pos - size, pos - 1)
        padded = kind in ("ins", "del") or (kind == "delins" and not alt)
        rows.append((kind, model.chrom, pos - padded, before * padded + ref, before * padded + alt))
    frame = pl.DataFrame(rows, schema=["kind", "chrom", "pos", "ref", "alt"], orient="row").unique(maintain_order=True)
    return frame.filter(pl.col("ref") != pl.col("alt"))


def as_vcf(drawn: pl.DataFrame, fasta: Fasta) -> pl.DataFrame:
    """Return the variants (trimmed, moved left) with the base before an insertion or deletion, as VCF writes them."""
    rows = []
    for kind, chrom, pos, ref, alt in drawn.select("kind", "chrom", "pos", "ref", "alt").iter_rows():
        if "-" in (ref, alt):
            pos -= alt == "-"
            before = fasta.fetch(chrom, pos, pos)
            ref, alt = (before + a.replace("-", "") for a in (ref, alt))
        rows.append((kind, chrom, pos, ref, alt))
    return pl.DataFrame(rows, schema=["kind", "chrom", "pos", "ref", "alt"], orient="row")


def snpeff(folder: Path, variants: pl.DataFrame, work: Path) -> pl.DataFrame:
    """Return snpEff's word, c. and p. of each variant, in order."""
    data = work / "data" / "slices"
    data.mkdir(parents=True)
    (data / "sequences.fa").write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
    shutil.copy(folder / "genes.contig.gff3", data / "genes.gff")
    (work / "snpEff.config").write_text("data.dir = ./data/\nslices.genome : slices\n")
    build = ["snpEff", "build", "-gff3", "slices", "-c", "snpEff.config", "-noCheckCds", "-noCheckProtein"]
    subprocess.run(build, cwd=work, check=True, capture_output=True)
    contigs = {
        line.split("\t")[0] for line in (folder / "genes.contig.gff3").read_text().splitlines() if line[0] != "#"
    }
    full = {c.removeprefix("chr"): c for c in contigs}
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for i, (_, chrom, pos, ref, alt) in enumerate(variants.iter_rows()):
        lines.append(f"{full[chrom]}\t{pos}\t{i}\t{ref}\t{alt}\t.\tPASS\t.")
    (work / "in.vcf").write_text("\n".join(lines) + "\n")
    command = ["snpEff", "ann", "-c", "snpEff.config", "-noStats", "-noLog", "-canon", "slices", "in.vcf"]
    out = subprocess.run(command, cwd=work, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        cells = line.split("\t")
        if len(cells) == 8 and cells[0] in contigs:  # it also prints its log there
            info = dict(part.split("=", 1) for part in cells[7].split(";") if "=" in part)
            ann = [a.split("|") for a in info.get("ANN", "").split(",")]
            best = next((a for a in ann if a[5] == "transcript"), None)
            found[int(cells[2])] = (best[1], best[9], best[10]) if best else (None, None, None)
    rows = [found[i] for i in range(variants.height)]
    return pl.DataFrame(rows, schema=["word", "peer_c", "peer_p"], orient="row")


def meaning(change: str | None) -> str | None:
    """Return a protein change with snpEff's ways of writing and HGVS's made one.

    A shifted frame and a lost stop without what they read on; a frame whose first new codon is a stop as a frame (HGVS:
    as that stop); several residues (p.GlyVal12AspPhe) as a delins; of a delins or insertion nothing behind its stop; a
    duplication as the insertion it is.

    >>> meaning("p.RV62SN"), meaning("p.Y774_Q775delins*"), meaning("p.Y107*"), meaning("p.Y107fs"), meaning("p.G13dup")
    ('p.R62_V63delinsSN', 'p.774stop', 'p.107stop', 'p.107stop', 'p.13_14insG')
    """
    if change is None:
        return None
    if several := re.match(r"^p\.([A-Z]{2,})(\d+)([A-Z*]+)$", change):
        old, at, new = several[1], int(several[2]), several[3]
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        while old and new and old[0] == new[0]:
            old, new, at = old[1:], new[1:], at + 1
        span = f"{old[0]}{at}" + (f"_{old[-1]}{at + len(old) - 1}" if len(old) > 1 else "")
        change = f"p.{span}{'delins' if len(old) > 1 else ''}{new}"
    change = re.sub(r"^(p\..*)(delins|ins)([A-Z]*)\*.*$", r"\1\2\3*", change)
    if stop := re.match(r"^p\.[A-Z](\d+)(_[A-Z]\d+)?(\*|delins\*|[A-Z*]?fs.*)$", change):
        return f"p.{stop[1]}stop"
    if stop := re.match(r"^p\.[A-Z]\d+_[A-Z](\d+)ins\*$", change):
        return f"p.{stop[1]}stop"
    if copy := re.match(r"^p\.([A-Z])(\d+)(?:_([A-Z])(\d+))?dup$", change):
        last = int(copy[4] or copy[2])
        return f"p.{last}_{last + 1}ins{copy[1]}{copy[3] or ''}"
    if put := re.match(r"^p\.[A-Z](\d+)_[A-Z](\d+)ins([A-Z*]+)$", change):
        ends = put[3] if len(put[3]) == 1 else put[3][0] + put[3][-1]
        return f"p.{put[1]}_{put[2]}ins{ends}"
    return re.sub(r"[A-Z*]?ext.*$", "ext", change)


def compare(folder: Path, n: int, seed: int, *, beside: bool = False) -> pl.DataFrame:
    """Return the variants with both answers, ``same_c``, ``same_p``, ``same_word``."""
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work) / "slices.fa"
        plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
        annotator = Annotator.of_files(plain, folder / "genes.contig.gff3")
        drawn = normalise(
            draw(annotator.models, annotator.fasta, n, seed, beside=beside), fasta=annotator.fasta
        ).unique("variant_id", maintain_order=True)
        variants = as_vcf(drawn, annotator.fasta)
        ours = annotator.annotate(drawn["variant_id"])
        theirs = snpeff(folder, variants, Path(work) / "snpeff")
        spliced = [annotator.spliced(i) for i in range(len(annotator.models))]
        proteins = {s.model.gene: translate(s.coding) for s in spliced if s.model.coding}
    both = pl.concat([variants, ours, theirs], how="horizontal")
    words = consequences(both["word"])
    return both.with_columns(
        peer_word=words,
        same_word=words == both["consequence"],
        same_c=both["hgvs_c"] == both["peer_c"],
        peer_p=pl.Series([canonical(p) for p in both["peer_p"]], dtype=pl.String),
    ).with_columns(
        same_p=(pl.col("hgvs_p") == pl.col("peer_p")) | (pl.col("hgvs_p").is_null() & pl.col("peer_p").is_null()),
        meant_p=pl.Series(
            [
                meaning(a) == meaning(canonical(b)) or same_protein(proteins.get(gene, ""), a, canonical(b))
                for gene, a, b in both.select("gene", "hgvs_p", "peer_p").iter_rows()
            ]
        ),
    )


def applied(protein: str, name: str) -> str | None:
    """Return the protein that a protein change (one-letter codes) makes of `protein`; ``?`` for what it leaves open.

    None: the name is not one of HGVS, or names residues that are not there.

    >>> [applied("MKTAY*", n) for n in ("p.T3del", "p.K2_T3dup", "p.T3Lfs*2", "p.T3fs", "p.*6Qext*2", "p.MK1*")]
    ['MKAY*', 'MKTKTAY*', 'MKL*', 'MK?', 'MKTAYQ?*', None]
    """
    if name.endswith("="):
        return protein
    if name == "p.M1?":
        return "?"
    found = re.fullmatch(
        r"p\.([A-Z*])(\d+)(?:_([A-Z*])(\d+))?(del|dup|delins|ins|)([A-Z*]*?)(fs|ext)?(?:\*([\d?]+))?", name
    )
    if not found:
        return None
    old, a, last, b, kind, new, tail, length = found.groups()
    i, j = int(a) - 1, int(b or a)
    if protein[i : i + 1] != old or (last and protein[j - 1 : j] != last):
        return None
    if tail == "fs":
        return protein[:i] + new + ("?" * (int(length) - 1 - len(new)) + "*" if length else "?")
    if tail == "ext":
        more = int(length) - 1 if length and length != "?" else 0
        return protein[:i] + new + "?" * more + "*" if more else protein[:i] + new + "?"
    if kind == "ins":
        after = protein[: i + 1] + new + protein[i + 1 :]
    else:
        middle = {"del": "", "dup": 2 * protein[i:j]}.get(kind, new)
        after = protein[:i] + middle + protein[j:]
    return after[: after.index("*") + 1] if "*" in after else after


def same_protein(protein: str, one: str | None, other: str | None) -> bool:
    """Whether two names, neither of which leaves anything open, make the same protein of `protein`.

    >>> same_protein("MVVG*", "p.V2del", "p.V3del"), same_protein("MVVG*", "p.V3Gfs*2", "p.V2fs")
    (True, False)
    """
    made = [applied(protein, name) if name else None for name in (one, other)]
    return made[0] is not None and "?" not in made[0] and made[0] == made[1]


def is_right(protein: str, after: str, name: str | None) -> bool:
    """Whether a name makes `after` of `protein`, and is the one HGVS asks for: what differs first, the last of equal
    places, dup before ins.

    >>> is_right("MVVG*", "MVG*", "p.V2del"), is_right("MVVG*", "MVG*", "p.V3del"), is_right("MKT*", "MKTT*", "p.K2_T3insT")
    (False, True, False)
    """
    made = applied(protein, name) if name else None
    if not name or made is None:
        return False
    start, end = made.split("?")[0], made.rsplit("?", 1)[-1] if "?" in made else ""
    length_told = "?" not in made or made.endswith("*")
    if not (after.startswith(start) and after.endswith(end)) or (length_told and len(made) != len(after)):
        return False
    if "=" in name or name == "p.M1?":
        return "=" in name or after[0] != "M"
    first = next(i for i in range(len(protein)) if after[i : i + 1] != protein[i])
    at, kind = int(re.findall(r"\d+", name)[0]), re.search(r"(delins|del|dup|ins)", name)
    to = int((re.findall(r"_[A-Z*](\d+)", name) or [at])[0])
    if kind and kind[1] in ("del", "dup"):
        return protein[to : to + 1] != protein[at - 1]
    if kind and kind[1] == "ins":
        new = re.search(r"ins([A-Z*]+)", name)[1]  # type: ignore[index]
        return not protein[:at].endswith(new) and not protein[at:].startswith(new)
    return at == first + 1


def judged(both: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Return the variants within coding exons whose protein changes are not written alike, with who is right.

    The protein is translated here anew from the c. name on which both agree; the other name is then applied to it.
    """
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work) / "slices.fa"
        plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
        annotator = Annotator.of_files(plain, folder / "genes.contig.gff3")
        spliced = [annotator.spliced(i) for i in range(len(annotator.models))]
        sequences = {s.model.gene: (s.coding, s.behind) for s in spliced if s.model.coding}
    coded = r"^c\.(\d+)(?:_(\d+))?(del|dup|ins|)([ACGT]*)(?:ins|>)?([ACGT]*)$"
    rows = []
    for row in both.filter(pl.col("same_c") & ~pl.col("same_p").fill_null(False)).iter_rows(named=True):
        found = re.match(coded, row["hgvs_c"])
        if not found:
            continue
        coding = sequences[row["gene"]]
        a, b, kind, old, new = found.groups()
        i, j = int(a) - 1, int(b or a)
        if kind == "ins":
            i, j, new = int(a), int(a), old
        elif kind == "dup":
            i, j, new = j, j, old
        after = coding[0][:i] + new + coding[0][j:] + coding[1]
        protein, changed = translate(coding[0]), until_stop(after)
        if changed[0] != "M" or i < 3:
            changed = "?" + changed[1:]
        rows.append(
            (row["variant_id"], row["hgvs_p"], row["peer_p"])
            + tuple(is_right(protein, changed, n) for n in (row["hgvs_p"], row["peer_p"]))
        )
    return pl.DataFrame(rows, schema=["variant_id", "ours", "theirs", "ours_right", "theirs_right"], orient="row")


#: Why the two differ, first rule that fits; all are what the HGVS nomenclature (21.1) asks of the name here: `PAGES`.
OVER_AN_EDGE = "over an exon's edge: HGVS p.? without RNA; no protein change here"
AT_AN_EDGE = "inserted at an exon's edge: named as of the exon here"
MOVED = "outside the coding bases: moved to the 3' end and dup before ins here"
START = "start codon changed: p.M1? here"
TRANSLATED = "the protein name here is the one that translating the c. name anew gives (3' rule, stop in a delins, =)"
#: Reason -> page of the nomenclature (hgvs-nomenclature.org, docs/recommendations of its repository, read November 2026)
#: and what it asks, in our words.
PAGES = {
    OVER_AN_EDGE: "protein/substitution, splicing: p.? where splicing may change and no RNA was looked at",
    AT_AN_EDGE: "general: the 3' rule holds at c., but for deletions and duplications around a junction of exons",
    MOVED: "general: the 3' rule holds at c.; a duplication goes before an insertion",
    START: "protein/substitution, translation initiation codon: Met1? where the consequence cannot be told",
    TRANSLATED: "general, protein/frameshift, protein/delins: a protein name compares proteins, not bases; the last of "
    "equal residues; an immediate stop is a nonsense change; nothing is listed behind a stop",
}
UNEXPLAINED = "unexplained"


def reasons(both: pl.DataFrame, verdict: pl.DataFrame) -> pl.DataFrame:
    """Return the variants whose c. or p. is not the peer's as meant, with ``why``."""
    right = set(verdict.filter("ours_right")["variant_id"])
    odd = both.filter(~pl.all_horizontal(pl.col("same_c", "meant_p").fill_null(False)))
    coding = pl.col("hgvs_c").str.contains(r"^c\.\d+(_\d+)?[a-zA-Z]")
    at_edge = pl.col("hgvs_c").str.contains(r"^c\.\d+_\d+\+1ins|^c\.\d+-1_\d+ins")
    over = pl.col("hgvs_c").str.contains(r"^c\.(\d+_\d+[+]|\d+-\d+_\d+[a-z])") & ~at_edge
    why = (
        pl.when(over & pl.col("hgvs_p").is_null())
        .then(pl.lit(OVER_AN_EDGE))
        .when(at_edge)
        .then(pl.lit(AT_AN_EDGE))
        .when(~coding & ~pl.col("same_c") & pl.col("hgvs_p").is_null() & pl.col("peer_p").is_null())
        .then(pl.lit(MOVED))
        .when(pl.col("hgvs_p") == "p.M1?")
        .then(pl.lit(START))
        .when(pl.col("variant_id").is_in(right))
        .then(pl.lit(TRANSLATED))
        .otherwise(pl.lit(UNEXPLAINED))
    )
    return odd.with_columns(why=why)


def speed(folder: Path, n: int, seed: int) -> tuple[int, float]:
    """Return how many distinct variants were named, and the CPU seconds of that, reading of both files included."""
    with tempfile.TemporaryDirectory() as work:
        plain = Path(work) / "slices.fa"
        plain.write_bytes(gzip.decompress((folder / "slices.hg38.fa.gz").read_bytes()))
        annotator = Annotator.of_files(plain, folder / "genes.contig.gff3")
        ids = normalise(draw(annotator.models, annotator.fasta, n, seed), fasta=annotator.fasta)["variant_id"].unique()
        start = time.process_time()
        Annotator.of_files(plain, folder / "genes.contig.gff3").annotate(ids)
        return len(ids), time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", action="store_true", help="also variants beside exons and across their ends")
    parser.add_argument("--frozen", type=Path, help="write the variants with snpEff's answers")
    parser.add_argument("--speed", type=int, default=0, help="name so many variants and print the pace instead")
    given = parser.parse_args()
    if given.speed:
        n, seconds = speed(given.folder, given.speed, given.seed)
        print(f"{n:,} variants in {seconds:.2f} CPU s: {n / seconds:,.0f} per CPU second")
        return
    both = compare(given.folder, given.n, given.seed, beside=given.beside)
    means = [pl.col(c).fill_null(False).mean().round(4) for c in ("same_c", "same_p", "meant_p", "same_word")]
    print(both.group_by("kind", maintain_order=True).agg(pl.len(), *means))
    print(both.select(pl.len(), *means, both=(pl.col("same_c") & pl.col("meant_p")).fill_null(False).mean().round(4)))
    pl.Config.set_tbl_rows(200).set_tbl_cols(20).set_tbl_width_chars(240).set_fmt_str_lengths(60)
    odd = both.filter(~pl.all_horizontal(pl.col("same_c", "meant_p", "same_word").fill_null(False)))
    print(odd.select("variant_id", "gene", "hgvs_c", "peer_c", "hgvs_p", "peer_p", "consequence", "word"))
    verdict = judged(both, given.folder)
    print("protein changes written otherwise, within coding exons, judged by translating the c. name anew:")
    print(verdict.group_by("ours_right", "theirs_right").len().sort("len", descending=True))
    print(verdict.filter(~pl.col("ours_right")))
    named = reasons(both, verdict)
    print("c. or p. that do not mean the same, by the reason:")
    print(named.group_by("why").len().sort("len", descending=True).with_columns(share=pl.col("len") / both.height))
    print("\n".join(f"{why}\n    {page}" for why, page in PAGES.items()))
    left = named.filter(pl.col("why") == UNEXPLAINED)
    print(
        f"c. and p. equal {1 - named.height / both.height:.4f}, equal or explained {1 - left.height / both.height:.4f}"
    )
    print(left.select("variant_id", "gene", "hgvs_c", "peer_c", "hgvs_p", "peer_p"))
    if given.frozen:
        both.select("variant_id", "kind", "peer_c", "peer_p", "word").write_csv(given.frozen, separator="\t")


if __name__ == "__main__":
    main()
