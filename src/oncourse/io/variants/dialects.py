"""Read counts of a VCF record: where each caller writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Fields = Mapping[str, str]
Counts = tuple[int | None, int | None]


@dataclass(frozen=True)
class Site:
    """One allele of a record: its bases, its number among the alternatives, and how many there are."""

    ref: str
    alt: str
    number: int = 0
    n_alt: int = 1


def whole(text: str | None) -> int | None:
    """Return a whole number, or null."""
    try:
        return int(text) if text else None
    except ValueError:
        return None


def counts(fields: Fields, site: Site, info: Fields | None = None) -> Counts:
    """Return reads with the allele and depth, by the first dialect of `DIALECTS` whose keys are there.

    `info` are the record's INFO fields where it has one sample, whose numbers they then are.

    >>> counts({"DP": "100", "DP4": "30,40,10,20"}, Site("C", "T"))
    (30, 100)
    >>> counts({"NR": "100", "NV": "30"}, Site("C", "T")), counts({"AF": "0.3"}, Site("C", "T"), {"DP": "100"})
    ((30, 100), (30, 100))
    """
    for merged in (
        fields,
        {**info, **{k: v for k, v in fields.items() if v not in (".", "")}} if info else None,
    ):
        if merged is None:
            continue
        for _, keys, read in DIALECTS:
            if all(merged.get(k) not in (None, "", ".") for k in keys):
                found = read(merged, site)
                if found[0] is not None:
                    return found
    return None, whole(fields.get("DP")) if "DP" in fields else whole((info or {}).get("DP"))


def of_normal(fields: Fields, site: Site) -> Counts:
    """Return reads with the allele and depth of the normal where the tumour's own column, or INFO, holds them (ClairS;
    files made for PCGR).

    >>> of_normal({"NAD": "50,50", "NDP": "100"}, Site("C", "T")), of_normal({"NDP": "90", "NAF": "0"}, Site("C", "T"))
    ((50, 100), (0, 90))
    """
    if "NDP" not in fields:
        return _share("CVAF", "CDP")(fields, site) if {"CDP", "CVAF"} <= set(fields) else (None, None)
    found = _allelic_depth({"AD": fields["NAD"], "DP": fields["NDP"]}, site) if "NAD" in fields else (None, None)
    share = next((key for key in ("NAF", "NVAF") if fields.get(key) not in (None, "", ".")), "NAF")
    return found if found[0] is not None else _share(share, "NDP")({"NAF": "", **fields}, site)


def shares_of_reads(info: Fields, no_af: bool) -> Fields:
    """Return INFO without an AF that is no fraction of the reads: of genotypes (AC / AN; GATK, bcftools), or `no_af`.

    >>> shares_of_reads({"AC": "1", "AN": "2", "AF": "0.5"}, no_af=False), shares_of_reads({"AF": "0.3"}, no_af=False)
    ({'AC': '1', 'AN': '2'}, {'AF': '0.3'})
    """
    return {k: v for k, v in info.items() if k != "AF"} if no_af or "AN" in info else info


def _nth(text: str | None, index: int) -> int | None:
    cells = (text or "").split(",")
    return whole(cells[index]) if index < len(cells) else None


def _deeper(depth: int | None, other: int | None) -> int | None:
    return max((d for d in (depth, other) if d is not None), default=None)


def _strelka_snv(fields: Fields, site: Site) -> Counts:
    """Tier-1 counts of each base."""
    return _nth(fields.get(f"{site.alt}U"), 0), sum(_nth(fields.get(f"{base}U"), 0) or 0 for base in "ACGT")


def _strelka_indel(fields: Fields, site: Site) -> Counts:
    count, other = _nth(fields["TIR"], 0), _nth(fields.get("TAR"), 0)
    both = None if count is None or other is None else count + other
    return count, _deeper(both, whole(fields.get("DP")))


def _caveman(fields: Fields, site: Site) -> Counts:
    """Reads of each base on the forward and reverse strand."""
    each = {b: (whole(fields.get(f"F{b}Z")) or 0) + (whole(fields.get(f"R{b}Z")) or 0) for b in "ACGT"}
    return each.get(site.alt), sum(each.values())


def _pindel(fields: Fields, site: Site) -> Counts:
    """cgpPindel: unique reads with the change and all reads, by strand."""
    both = [whole(fields.get(k)) or 0 for k in ("PU", "NU", "PR", "NR")]
    return both[0] + both[1], both[2] + both[3]


def _allelic_depth(fields: Fields, site: Site) -> Counts:
    """VCF 4.3: the reference first, then each alternative; VarScan: the variant alone, the reference in RD."""
    cells = [whole(p) for p in fields["AD"].split(",")]
    depth = whole(fields.get("DP"))
    if len(cells) == site.n_alt + 1:
        return cells[site.number + 1], _deeper(sum(c or 0 for c in cells), depth)
    if len(cells) == site.n_alt and "RD" in fields:
        seen = cells[site.number]
        return seen, depth if depth is not None else (whole(fields["RD"]) or 0) + (seen or 0)
    return None, depth


def _observed(alt: str, ref: str, depth: str) -> Callable[[Fields, Site], Counts]:
    """Counts of the alternatives in `alt`, of the reference in `ref`; FreeBayes AO/RO, Ion Torrent FAO/FRO."""

    def read(fields: Fields, site: Site) -> Counts:
        seen, rest, total = _nth(fields[alt], site.number), whole(fields.get(ref)), whole(fields.get(depth))
        return seen, total if total is not None or rest is None or seen is None else rest + seen

    return read


def _platypus(fields: Fields, site: Site) -> Counts:
    return _nth(fields["NV"], site.number), _nth(fields["NR"], min(site.number, fields["NR"].count(",")))


def _dp4(fields: Fields, site: Site) -> Counts:
    """Reference forward, reverse, alternative forward, reverse: of one alternative only."""
    cells = [whole(p) for p in fields["DP4"].split(",")]
    if site.n_alt != 1 or len(cells) != 4 or None in cells:
        return None, whole(fields.get("DP"))
    numbers = [c or 0 for c in cells]
    return numbers[2] + numbers[3], _deeper(sum(numbers), whole(fields.get("DP")))


def _strands(fields: Fields, site: Site) -> Counts:
    """samtools and bcftools mpileup: ADF and ADR, the reference first."""
    both = [[whole(p) or 0 for p in fields[k].split(",")] for k in ("ADF", "ADR")]
    if len(both[0]) != site.n_alt + 1 or len(both[1]) != site.n_alt + 1:
        return None, whole(fields.get("DP"))
    sums = [a + b for a, b in zip(*both, strict=True)]
    return sums[site.number + 1], _deeper(sum(sums), whole(fields.get("DP")))


def _shearwater(fields: Fields, site: Site) -> Counts:
    """deepSNV: variant reads forward and backward, all reads forward and backward."""
    each = [whole(fields[k]) or 0 for k in ("FW", "BW", "FD", "BD")]
    return each[0] + each[1], each[2] + each[3]


def _fraction(text: str, site: Site) -> float | None:
    """Return the fraction of an allele, 0-1, percent where the cell says so; null where it is none."""
    given = text.strip().replace("％", "%")
    percent = given.endswith("%")
    if percent and site.n_alt == 1:  # VarScan writes the decimal sign of the machine's language
        given = given.replace(",", ".")
    cells = given.split(",")
    try:
        value = float(cells[site.number if site.number < len(cells) else 0].strip().rstrip("%"))
    except ValueError:
        return None
    value /= 100 if percent else 1
    return value if 0 <= value <= 1 else None


def fraction(fields: Fields, site: Site) -> float | None:
    """Return the fraction that a sample's cells give of an allele; null where they give none.

    >>> fraction({"GT": "0/1", "AF": "0.3"}, Site("C", "T")), fraction({"GT": "0/1"}, Site("C", "T"))
    (0.3, None)
    """
    return next((_fraction(fields[key], site) for key in SHARES if fields.get(key) not in (None, "", ".")), None)


def _share(key: str, depth: str = "DP") -> Callable[[Fields, Site], Counts]:
    """A fraction of the depth."""

    def read(fields: Fields, site: Site) -> Counts:
        total, value = whole(fields.get(depth)), _fraction(fields[key], site)
        return (None, total) if total is None or value is None else (round(value * total), total)

    return read


#: Keys in which callers write the fraction of the reads.
SHARES = ("AF", "FREQ", "VAF", "FA", "VF", "TAF", "TVAF")
#: Caller, the keys it needs, and how they are read; the first that gives a count stands.
DIALECTS: tuple[tuple[str, tuple[str, ...], Callable[[Fields, Site], Counts]], ...] = (
    ("Strelka SNV", ("AU", "CU", "GU", "TU"), _strelka_snv),
    ("Strelka indel", ("TIR",), _strelka_indel),
    ("CaVEMan", ("FAZ", "FCZ", "FGZ", "FTZ", "RAZ", "RCZ", "RGZ", "RTZ"), _caveman),
    ("cgpPindel", ("PU", "NU", "PR", "NR"), _pindel),
    # Ion Torrent's tagged libraries: molecules, not their reads
    ("TVC, molecules", ("MAO", "MDP"), _observed("MAO", "MRO", "MDP")),
    # Ion Torrent: the flow-evaluated counts are the ones its own AF is made of
    ("Ion Torrent TVC", ("FAO", "FDP"), _observed("FAO", "FRO", "FDP")),
    ("VCF 4.3 (GATK, Mutect, MuSE, VarDict, DRAGEN), VarScan", ("AD",), _allelic_depth),
    ("CLC Genomics", ("CLCAD2",), lambda f, s: _allelic_depth({**f, "AD": f["CLCAD2"]}, s)),
    ("FreeBayes", ("AO",), _observed("AO", "RO", "DP")),
    ("Platypus", ("NR", "NV"), _platypus),
    ("Platypus, totals", ("TC", "TR"), _observed("TR", "", "TC")),
    ("mpileup strands", ("ADF", "ADR"), _strands),
    ("SomaticSniper, samtools, LoFreq", ("DP4",), _dp4),
    ("smCounter2, molecules", ("VMT", "UMT"), _observed("VMT", "", "UMT")),
    ("VarDict without AD", ("VD",), _observed("VD", "", "DP")),
    ("deepSNV shearwater", ("FW", "BW", "FD", "BD"), _shearwater),
    ("samtools DPR", ("DPR",), lambda f, s: _allelic_depth({**f, "AD": f["DPR"]}, s)),
    ("PCAWG's consensus", ("t_alt_count", "t_ref_count"), _observed("t_alt_count", "t_ref_count", "")),
    ("PCGR", ("TAF", "TDP"), _share("TAF", "TDP")),
    ("PCGR", ("TVAF", "TDP"), _share("TVAF", "TDP")),
    *((f"fraction in {key}", (key, "DP"), _share(key)) for key in SHARES),
)
