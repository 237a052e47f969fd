"""Where the genes are hit: residues of each cancer gene, and pathways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline, rated
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_status import LandscapeParams, counted_samples
from oncourse.errors import InputError, NotEnoughData
from oncourse.genome.domains import Domains, protein_domains, read_domains
from oncourse.genome.gene_sets import pathways
from oncourse.genome.genes import genes_of_role, hotspot_codons, protein_lengths
from oncourse.stats.proportions import clopper_pearson
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said
from oncourse.words.lists import first_of


@section("sites")
@dataclass(frozen=True)
class SiteParams:
    """Which genes are drawn residue by residue."""

    genes: tuple[str, ...] = setting((), "genes drawn (default: the cancer genes with most patients)")
    most: int = setting(4, "genes drawn where none are named", low=1, high=30)
    domains: str | None = setting(
        None,
        "TSV of protein domains: gene, start, end, name (or maftools' HGNC, Start, End, Label); its genes instead of "
        "the package's domains (NCBI CDD)",
    )


_T, _F, _I = pl.String, pl.Float64, pl.Int64
CODONS = OutputTable(
    "sites/codons",
    "patients hit at each residue of the cancer genes",
    (
        Column("gene", _T, "HGNC symbol"),
        Column("codon", _I, "residue"),
        Column("effect", _T, "missense, inframe, truncating or splice"),
        Column("changes", _T, "protein changes, joined by ;"),
        Column("n_patients", _I, "patients hit"),
        Column("is_hotspot", pl.Boolean, "whether it is in hotspots.tsv"),
        Column("patients", _T, "the patients, joined by ;"),
    ),
)
PATHWAYS = OutputTable(
    "sites/pathways",
    "patients with an alteration in a pathway",
    (
        Column("pathway", _T, "pathway (gene_sets.tsv)"),
        Column("n_genes", _I, "its genes"),
        Column("n_counted", _I, "its genes that count: those that the patients counted were all looked at for"),
        Column("n_profiled", _I, "patients in whom every gene that counts was looked at, altered or not"),
        Column("n_partly", _I, "patients with only some of these genes looked at: not counted, altered or not"),
        Column("n_altered", _I, "patients counted with an alteration in one gene that counts and more"),
        Column("frequency", _F, "n_altered / n_profiled; null where nobody was", unit="fraction"),
        Column("ci_low", _F, "lower limit, exact", unit="fraction"),
        Column("ci_high", _F, "upper limit", unit="fraction"),
        Column("genes", _T, "altered genes that count, with the patients counted, most often first"),
        Column("patients", _T, "the patients counted as altered, joined by ;"),
    ),
)
PROFILED, NONE = "patients profiled for mutations", "no tumour sample profiled for mutations"
#: A change of one residue to another, or to a stop.
_SUBSTITUTION = re.compile(r"^([A-Z]\d+)(?:[A-Z*]|fs|=)$")
_KINDS = {
    "missense": "missense",
    "inframe": "inframe",
    "nonsense": "truncating",
    "frameshift": "truncating",
    "start_loss": "truncating",
    "splice": "splice",
}


@analysis(
    title="Residues and pathways",
    question="Where are the genes hit, and which pathways?",
    needs=("samples", "calls"),
    params=SiteParams,
    tables=(CODONS, PATHWAYS),
    order=16,
)
def sites(cohort: Cohort, params: SiteParams) -> Result:
    """Patients per residue of each cancer gene, and per pathway."""
    profiled = cohort.panels.samples.drop_nulls("mutation")
    if profiled.is_empty():
        raise NotEnoughData("No tumour sample was profiled for mutations.")
    codons, ways = _codons(cohort), _pathways(cohort)
    drawn, told = _drawn_genes(codons, params)
    n = profiled["patient_id"].n_unique()
    estimates = [Estimate("patients_profiled", n, unit="count", method="counted", question=PROFILED)]
    first = ways.filter(pl.col("n_altered") > 0).head(5)
    estimates += [
        Estimate(
            f"pathway:{r['pathway']}",
            r["frequency"],
            r["ci_low"],
            r["ci_high"],
            r["n_profiled"],
            "Clopper-Pearson",
            "fraction",
        )
        for r in first.iter_rows(named=True)
    ]
    named = [f"{e.name.removeprefix('pathway:')} {{{e.name}}}" for e in estimates[1:4]]
    return Result(
        answer="Of {patients_profiled} patients the pathways most often altered were " + "; ".join(named) + "."
        if named
        else "No pathway was altered in {patients_profiled} patients.",
        estimates=tuple(estimates),
        tables={CODONS.name: CODONS.frame(codons), PATHWAYS.name: PATHWAYS.frame(ways)},
        figures=tuple(_figures(codons, ways, params, drawn)),
        people=counted(PROFILED, cohort.study["patients"]["patient_id"], profiled.select("patient_id"), rest=NONE),
        samples_used=profiled.select("patient_id", "sample_id", pl.lit("profiled for mutations").alias("reason")),
        notes=(
            "A pathway counts the genes that most patients were tested for (n_counted of n_genes). Only patients tested "
            "for all of these count, altered or not: who was tested for a part would count only when altered.",
            *_told_words(codons, told),
        ),
        headline=_headline(estimates),
        methods=(
            "Pathways after Sanchez-Vega 2018 (doi 10.1016/j.cell.2018.03.035) and others: gene_sets.tsv. Residues by "
            "patient, all samples together; hotspots: hotspots.tsv; domains: NCBI CDD, or sites.domains.",
        ),
    )


def _codons(cohort: Cohort) -> pl.DataFrame:
    rows = cohort.hits.filter((pl.col("kind") == "mutation") & pl.col("change").ne(""))
    kind = pl.col("effect").replace_strict(_KINDS, default="other", return_dtype=pl.String)
    rows = rows.with_columns(codon=pl.col("change").str.extract(r"(\d+)").cast(pl.Int64), effect=kind).drop_nulls(
        "codon"
    )
    table = rows.group_by("gene", "codon", "effect").agg(
        changes=pl.col("change").unique().sort().str.join(";"),
        n_patients=pl.col("patient_id").n_unique().cast(pl.Int64),
        patients=pl.col("patient_id").unique().sort().str.join(";"),
    )
    spots = pl.DataFrame(sorted(hotspot_codons()), schema={"gene": pl.String, "codon": pl.Int64}, orient="row")
    table = table.join(spots.with_columns(is_hotspot=pl.lit(True)), on=["gene", "codon"], how="left")
    return table.with_columns(pl.col("is_hotspot").fill_null(False)).sort(
        ["n_patients", "gene", "codon", "effect"], descending=[True, False, False, False]
    )


def _pathways(cohort: Cohort) -> pl.DataFrame:
    rule = cohort.params(LandscapeParams).per_patient
    status = cohort.gene_status.of_samples(counted_samples(cohort.study, cohort.panels, rule))
    ways = pathways()
    genes = sorted({g for members in ways.values() for g in members})
    looked = status.panels.profiled(genes).select("patient_id", "gene").unique()
    asked = looked.group_by("gene").agg("patient_id")
    who = {gene: frozenset(ids) for gene, ids in asked.iter_rows()}
    found = status.altered_on_panel("patient_id").filter(pl.col("gene").is_in(genes))
    rows = []
    for name, members in ways.items():
        counted_genes, people = _counted_genes({g: who[g] for g in members if g in who})
        whole, seen = len(people), len(frozenset().union(*(who[g] for g in members if g in who)))
        hit = found.filter(pl.col("gene").is_in(counted_genes) & pl.col("patient_id").is_in(sorted(people)))
        ill = hit["patient_id"].unique()
        counts = (
            hit.group_by("gene").agg(n=pl.col("patient_id").n_unique()).sort(["n", "gene"], descending=[True, False])
        )
        words = "; ".join(f"{g} {n}" for g, n in counts.iter_rows())
        low, high = clopper_pearson(len(ill), whole)
        share = len(ill) / whole if whole else None
        rows.append(
            (
                name,
                len(members),
                len(counted_genes),
                whole,
                seen - whole,
                len(ill),
                share,
                float(low),
                float(high),
                words,
                ";".join(ill.sort()),
            )
        )
    schema = {c.name: c.dtype for c in PATHWAYS.columns}
    table = pl.DataFrame(rows, schema=schema, orient="row").fill_nan(None)
    return table.sort(["frequency", "pathway"], descending=[True, False], nulls_last=True)


def _counted_genes(who: dict[str, frozenset[str]]) -> tuple[list[str], frozenset[str]]:
    """The genes that count and the patients looked at for all of them: the most cells, genes times patients, of any
    number.

    Patients are chosen by what was looked at, never by what was found.

    >>> people = frozenset({"P1", "P2", "P3"})
    >>> _counted_genes({"APC": people, "AXIN1": people, "RNF43": frozenset({"P1"})})[0]
    ['APC', 'AXIN1']
    """
    best: tuple[int, list[str], frozenset[str]] = (0, [], frozenset())
    people: frozenset[str] | None = None
    ordered = sorted(who, key=lambda g: (-len(who[g]), g))
    for n, gene in enumerate(ordered, 1):
        people = who[gene] if people is None else people & who[gene]
        if n * len(people) > best[0]:
            best = (n * len(people), ordered[:n], people)
    return best[1], best[2]


def _headline(estimates: list[Estimate]) -> Headline | None:
    if len(estimates) < 2:
        return None
    first = estimates[1]
    words = said("headline.sites.pathway", pathway=first.name.removeprefix("pathway:"), share=first, patients=first.n)
    return rated(words, first, first.name)


def _domains(path: str | None) -> Domains:
    """The domains of the package, under those of the user's table for the genes that it names."""
    if path is None:
        return protein_domains()
    try:
        return protein_domains() | read_domains(Path(path))
    except ValueError as error:
        raise InputError(f"{Path(path).name}: {error}.") from None


def residue_name(changes: str) -> str:
    """Name one stick: its change, several of one residue together, else the first of them.

    >>> [residue_name(c) for c in ("R273C;R273H", "P45fs", "F133C;F133I;F133L;F133S;F133V", "A1_B2del;A1T")]
    ['R273C/H', 'P45fs', 'F133 (5 changes)', 'A1_B2del ...']
    """
    told = changes.split(";")
    residues = {_SUBSTITUTION.match(c) for c in told}
    if len(told) == 1:
        return told[0]
    if None in residues or len({m[1] for m in residues if m}) > 1:
        return f"{told[0]} ..."
    residue = next(m[1] for m in residues if m)
    return residue + ("/".join(c.removeprefix(residue) for c in told) if len(told) < 5 else f" ({len(told)} changes)")


def _most_often(genes: str, room: int = 34) -> str:
    """The first genes of a list that fit, each with its whole count.

    >>> _most_often("PTEN 459; PIK3CA 112; PIK3R1 80", 24)
    'PTEN 459; PIK3CA 112 ...'
    """
    told = genes.split("; ")
    fits = [n for n in range(1, len(told) + 1) if len("; ".join(told[:n])) <= room]
    shown = max(fits, default=1)
    return "; ".join(told[:shown]) + (" ..." if shown < len(told) else "")


def _drawn_genes(codons: pl.DataFrame, params: SiteParams) -> tuple[list[str], list[str]]:
    """The genes drawn by residue, and those of the most patients whose plot would be nearly empty: one residue, or none
    that two patients share. Genes that the user names are drawn."""
    if params.genes:
        return list(params.genes), []
    known = codons.filter(pl.col("gene").is_in(sorted(genes_of_role("oncogene") | genes_of_role("suppressor"))))
    of = known.group_by("gene").agg(
        total=pl.col("n_patients").sum(), n=pl.col("codon").n_unique(), most=pl.col("n_patients").max()
    )
    first = of.sort(["total", "gene"], descending=[True, False]).head(params.most)
    full = first.select(((pl.col("n") > 1) & (pl.col("most") > 1)).alias("full"))["full"]
    return first.filter(full)["gene"].to_list(), first.filter(~full)["gene"].to_list()


def _told_words(codons: pl.DataFrame, genes: list[str]) -> list[str]:
    """What stands in place of the plots that would be nearly empty."""
    if not genes:
        return []
    told = []
    for gene in genes:
        hit = codons.filter(pl.col("gene") == gene).select("changes", "n_patients").iter_rows()
        told.append(f"{gene} {first_of([f'{residue_name(c)} {n}' for c, n in hit], 3)}")
    return [f"Too little for a figure by residue (patients): {'; '.join(told)}."]


def _figures(codons: pl.DataFrame, ways: pl.DataFrame, params: SiteParams, genes: list[str]) -> list[Figure]:
    from oncourse.plots.bars import interval_bars
    from oncourse.plots.lollipop import lollipop_svg

    figures = []
    shown = ways.filter(pl.col("n_altered") > 0)
    if shown.height:
        counts = [
            f"{a}/{n}  {_most_often(g)}" for a, n, g in shown.select("n_altered", "n_profiled", "genes").iter_rows()
        ]
        limits = (shown["ci_low"].to_list(), shown["ci_high"].to_list())
        figures.append(
            Figure(
                "pathways",
                "Altered pathways",
                "Share of patients with an alteration in one gene and more of "
                "the pathway, with the exact 95 % interval, counts and genes. Table sites/pathways.",
                partial(
                    interval_bars,
                    shown["pathway"].to_list(),
                    shown["frequency"].to_list(),
                    *limits,
                    counts,
                    xlabel="patients with an alteration",
                    people=[ids.split(";") for ids in shown["patients"]],
                ),
            )
        )
    lengths, domains = protein_lengths(), _domains(params.domains)
    for gene in genes:
        rows = codons.filter(pl.col("gene") == gene)
        if rows.is_empty() or gene not in lengths:
            continue
        spots = sorted(c for g, c in hotspot_codons() if g == gene)
        names = [residue_name(c) for c in rows["changes"]]
        at, hit = rows["codon"].to_list(), rows["n_patients"].to_list()
        who = [ids.split(";") for ids in rows["patients"]]
        kinds = rows["effect"].to_list()
        drawing = partial(lollipop_svg, gene, lengths[gene], at, hit, kinds, names, spots, domains.get(gene, []), who)
        figures.append(
            Figure(
                f"lollipop_{gene}",
                f"{gene} by residue",
                f"Patients hit at each residue of {gene}, by effect; triangles: hotspots; blocks: domains. "
                "Table sites/codons.",
                drawing,
            )
        )
    return figures
