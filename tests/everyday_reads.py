"""The samples, reads, copies and markers of `everyday.py`: counts at the limits of calling, and much that is not known."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from tests.strange import MARKERS, VARIANTS

from oncourse.genome.chromosomes import chromosome_lengths
from oncourse.genome.variant import trim

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]
#: Name -> place in build 37, gene, protein change, consequence: beside those of `strange.py`, of blood, of the germline,
#: of microsatellites, in frame, of a splice site, silent, and several hits of one gene.
MORE = {
    "DNMT3A R882H": ("2:25457242:C:T", "DNMT3A", "p.R882H", "missense"),
    "TET2 Q1523*": ("4:106196213:C:T", "TET2", "p.Q1523*", "nonsense"),
    "JAK2 V617F": ("9:5073770:G:T", "JAK2", "p.V617F", "missense"),
    "BRCA2 back in frame": ("13:32914450:AC:A", "BRCA2", "p.T1987Kfs*2", "frameshift"),
    "BRCA2 frameshift": ("13:32914437:GT:G", "BRCA2", "p.S1982Rfs*22", "frameshift"),
    "APC R1450*": ("5:112175639:C:T", "APC", "p.R1450*", "nonsense"),
    "APC E1309fs": ("5:112175951:G:GA", "APC", "p.E1309Rfs*4", "frameshift"),
    "EGFR S492R": ("7:55228009:C:A", "EGFR", "p.S492R", "missense"),
    "AR T878A": ("X:66943543:A:G", "AR", "p.T878A", "missense"),
    "TP53 splice": ("17:7577156:C:T", "TP53", None, "splice"),
    "TP53 R273H": ("17:7577120:C:T", "TP53", "p.R273H", "missense"),
    "PTEN frameshift": ("10:89692904:CA:C", "PTEN", "p.N63Tfs*36", "frameshift"),
    "RB1 R455*": ("13:48953760:C:T", "RB1", "p.R455*", "nonsense"),
    "POLE P286R": ("12:133253184:G:C", "POLE", "p.P286R", "missense"),
    "MLH1 inframe": ("3:37067240:TAAG:T", "MLH1", "p.K618del", "inframe_deletion"),
    "SMAD4 silent": ("18:48591918:C:T", "SMAD4", "p.R361=", "synonymous"),
    "SPOP F133L": ("17:47696424:A:C", "SPOP", "p.F133L", "missense"),
    "CHEK2 I157T": ("22:29121087:A:G", "CHEK2", "p.I157T", "missense"),
    "MLH1 inframe, written apart": ("3:37067243:GAAG:G", "MLH1", "p.K618del", "inframe_deletion"),
    "BRCA1 stop by its change": ("17:41245466:G:A", "BRCA1", "p.Q1200*", "unknown"),
    "ATM frameshift by its change": ("11:108121752:CA:C", "ATM", "p.K468fs", None),
    "PALB2 splice by its change": ("16:23634289:C:T", "PALB2", "p.X1108_splice", None),
    "ERBB2 insertion by its change": ("17:37880981:A:AGCATACGTGATG", "ERBB2", "p.Y772_A775dup", None),
    "KRAS, what it does not told": ("12:25398284:CC:AA", "KRAS", None, None),
}
NAMED = {name: (*v, "nonsense" if (v[2] or "").endswith("*") else "missense") for name, v in VARIANTS.items()} | MORE


def _normal(variant: str) -> str:
    """Our spelling of a change: without the bases that both alleles share.

    >>> _normal("3:37067240:TAAG:T"), _normal("17:37880981:A:AGC"), _normal("12:25398284:C:T")
    ('3:37067241:AAG:-', '17:37880981:-:GC', '12:25398284:C:T')
    """
    chrom, pos, ref, alt = variant.split(":")
    cut, ref, alt = trim(ref, alt)
    return f"{chrom}:{int(pos) + cut - (ref == '')}:{ref or '-'}:{alt or '-'}"


NAMED = {name: (_normal(v[0]), *v[1:]) for name, v in NAMED.items()}
GENES = sorted({v[1] for v in NAMED.values()})
CONTEXTS = ("ACG", "TCA", "TCT", "CCC", "ATG", "GTA", "CTT", None)
ORIGINS = ("somatic", "somatic", "somatic", None, "germline", "chip", "unknown")


def add_assays(tables: Tables) -> None:
    small = {"targets": "KRAS;NRAS;BRAF;TP53;PIK3CA;APC;AR;BRCA2", "callable_mb": 0.9}
    tables["assays"] = [
        {"assay_id": "wes", "kind": "wes"},
        {"assay_id": "pan", "kind": "panel", "min_depth": 100, "min_vaf": 0.05, **small},
        {"assay_id": "big", "kind": "panel", "targets": ";".join(GENES), "callable_mb": 1.1},
        {"assay_id": "ct", "kind": "panel", "targets": ";".join(GENES), "error_rate": 1e-4, "has_umi": True},
        {"assay_id": "bed", "kind": "panel", "targets": "bed.bed"},
        {"assay_id": "cna", "kind": None},
    ]
    tables["error_rates"] = [
        {"assay_id": "ct", "substitution": "C>T", "error_rate": 2e-4},
        {"assay_id": "ct", "substitution": None, "variant_id": NAMED["KRAS G12D"][0], "error_rate": 1e-3},
        {"assay_id": "wes", "substitution": "indel", "error_rate": 5e-4},
    ]
    tables["target_regions"] = [
        {"assay_id": "bed", "chrom": chrom, "start": start, "end": end}
        for chrom, start, end in (
            ("12", 25398200, 25398320),
            ("12", 25380200, 25380300),
            ("7", 140453100, 140453200),
            ("17", 7577000, 7577200),
            ("17", 7577150, 7578500),
        )
    ]
    used = sorted({row["variant_id"] for row in tables.get("calls", ())})
    known = {v[0]: v for v in NAMED.values()}
    draw = random.Random("contexts")
    tables["variants"] = [
        {
            "variant_id": variant,
            "gene": known[variant][1]
            if variant in known
            else None
            if variant in SITES or draw.random() < 0.2
            else "TTN",
            "hgvs_p": known[variant][2] if variant in known else None,
            "consequence": known[variant][3] if variant in known else draw.choice(("missense", "synonymous", None)),
            "context": _context(variant, draw.choice(CONTEXTS)),
        }
        for variant in used
    ]


def _context(variant: str, around: str | None) -> str | None:
    """Bases around a substitution, the changed one in the middle."""
    *_, ref, alt = variant.split(":")
    return None if around is None or "-" in (ref, alt) or len(ref) + len(alt) != 2 else around[0] + ref + around[2]


def add_samples(draw: random.Random, patient: str, design: str, lines: list[tuple[int, int]], tables: Tables) -> None:
    """Up to five tumour samples of a patient, some on one day, some with a normal or white cells, and their reads."""
    profile = draw.random()
    wanted = draw.choice((0, 1, 1, 1, 2, 2, 3, 3, 4)) if profile < 0.9 else 3
    trunk = draw.sample(list(NAMED), 3)
    passengers = [_place(draw) for _ in range(draw.choice((8, 12, 20)))] if profile > 0.85 else []
    shower: list[str] = []
    if passengers and draw.random() < 0.7:  # changes of one strand within some hundred bases: six make a focus
        chrom, at, gap = (
            draw.choice(("8", "12")),
            draw.randrange(40_000_000, 90_000_000),
            draw.choice((150, 1000, 1001)),
        )
        shower = [f"{chrom}:{at + gap * k}:C:{draw.choice('TG')}" for k in range(draw.choice((5, 6, 7)))]
    days = [0, -10, *(day for line in lines for day in line)]
    before, course = 0, draw.random() < 0.3  # blood again and again: repeats of a week, and under treatment
    for k in range(draw.choice((3, 4, 5)) if course else wanted):
        sample = _sample(draw, patient, k, days, "wes" if passengers else None, tables)
        if course and k:
            day = draw.choice(days) if k == 1 else before + draw.choice((1, 6, 7, 8, 28, 42, 84))
            sample |= {"material": "plasma", "assay_id": "ct", "lesion_id": None, "day": day, "purity": None}
            sample |= {"msi_status": None, "tumor_fraction": draw.choice((None, 0.0, 0.02, 0.1))}
        before = sample["day"] or 0
        is_plasma = sample["material"] == "plasma"
        own = draw.sample(list(NAMED), draw.choice((0, 1, 2)))
        for name in dict.fromkeys([*(t for t in trunk if draw.random() < 0.8), *own]):
            _call(draw, sample, NAMED[name][0], is_plasma, tables)
        for number, place in enumerate(passengers):
            if number % 4 != k or number % 3 == 0:
                _call(draw, sample, place, is_plasma, tables, counted=True)
        for place in shower:
            row = {"sample_id": sample["sample_id"], "variant_id": place, "alt_count": 40, "depth": 150}
            tables["calls"].append({**row, "is_called": True, "origin": None})
        _copies(draw, sample, design, bool(passengers), tables)
        if draw.random() < 0.12:
            fused = draw.choice(
                (("TMPRSS2", "ERG"), ("EML4", "ALK"), ("TPM3", "NTRK1"), ("BRAF", "BRAF"), (None, "RET"))
            )
            support, frame = draw.choice((None, 1, 5, 20)), draw.choice(("in_frame", "out_of_frame", None))
            add = {"sample_id": sample["sample_id"], "gene_5p": fused[0], "gene_3p": fused[1]}
            tables.setdefault("fusions", []).append({**add, "support": support, "frame": frame})
    if wanted and draw.random() < 0.3:
        material = draw.choice(("normal", "white_cells"))
        normal = {"sample_id": f"{patient}-N", "patient_id": patient, "material": material, "day": 0, "assay_id": "wes"}
        tables["samples"].append(normal)
        for name in draw.sample(trunk, 2):
            alt, depth = draw.choice(((0, 200), (20, 200), (60, 200), (61, 200), (100, 200), (200, 200)))
            row = {"sample_id": normal["sample_id"], "variant_id": NAMED[name][0], "alt_count": alt, "depth": depth}
            tables.setdefault("calls", []).append({**row, "is_called": draw.choice((True, False, None))})
    _markers(draw, patient, tables)


#: Common sites of the germline, far from any gene of the panels.
SITES = tuple(f"6:{50_000_000 + 1_000_000 * k}:A:G" for k in range(24))


def add_genotypes(draw: random.Random, tables: Tables) -> None:
    """Germline sites of the samples of ten patients: one sample is another patient's, one patient has two names, and one
    sample holds some of another's private variants; a tumour may have lost an allele."""
    own: dict[str, list[str]] = {}
    for row in tables["samples"]:
        own.setdefault(row["patient_id"], []).append(row["sample_id"])
    several = [patient for patient, samples in own.items() if len(samples) > 1][:10]
    genotype = {patient: [draw.choice((0, 0, 1, 1, 2)) for _ in SITES] for patient in several}
    genotype[several[1]] = genotype[several[0]]
    for patient in several:
        for k, sample in enumerate(own[patient]):
            person = several[3] if patient == several[2] and k == 1 else patient
            for site, copies in zip(SITES, genotype[person], strict=True):
                depth = draw.choice((9, 10, 60, 100, 100))
                alt = round(depth * (0.02, 0.5, 0.99)[copies] * draw.choice((*[1.0] * 19, 0.2)))
                row = {"sample_id": sample, "variant_id": site, "alt_count": alt, "depth": depth, "is_called": alt > 5}
                tables["calls"].append({**row, "origin": "germline"})
    exomes = [s for s in tables["samples"] if s["assay_id"] == "wes" and s["material"] == "tissue"]
    private = [
        [r for r in tables["calls"] if r["sample_id"] == s["sample_id"] and _is_private(r["variant_id"])]
        for s in exomes
    ]
    rich = [(s, rows) for s, rows in zip(exomes, private, strict=True) if len(rows) > 6]
    for (source, rows), (into, has), share in zip(rich, rich[3:], (1.0, 0.2), strict=False):
        known = {r["variant_id"] for r in has}
        if source["patient_id"] != into["patient_id"]:
            some = [r for r in rows if r["variant_id"] not in known]
            copied = (
                {**r, "sample_id": into["sample_id"], "alt_count": round(share * (r["alt_count"] or 0))} for r in some
            )
            tables["calls"].extend(copied)


def _is_private(variant: str) -> bool:
    return variant not in SITES and not any(v[0] == variant for v in NAMED.values())


def _place(draw: random.Random) -> str:
    chrom = draw.choice(("2", "2", "3", "5", "8", "12", "17"))
    ref, alt = draw.choice((("C", "T"), ("C", "A"), ("G", "A"), ("T", "C"), ("A", "G"), ("CA", "C"), ("G", "GT")))
    return _normal(f"{chrom}:{draw.randrange(30_000_000, 80_000_000)}:{ref}:{alt}")


def _sample(
    draw: random.Random, patient: str, k: int, days: list[int], assay: str | None, tables: Tables
) -> dict[str, Any]:
    material = (
        draw.choice(("tissue", "tissue", "plasma")) if k else draw.choice(("tissue", "tissue", "tissue", "plasma"))
    )
    is_plasma = material == "plasma"
    lesions = [r["lesion_id"] for r in tables["lesions"] if r["patient_id"] == patient]
    day = draw.choice(days) + draw.choice((0, 0, 13, 14, 15, 41, 42, 43, 119, 120, 121))
    row: dict[str, Any] = {
        "sample_id": f"{patient}-{k}",
        "patient_id": patient,
        "material": material,
        "lesion_id": None if is_plasma or draw.random() < 0.2 else draw.choice(lesions),
        "assay_id": assay or draw.choice(("ct", "ct", None) if is_plasma else ("wes", "pan", "big", "bed", None)),
        "day": None if draw.random() < 0.08 else day,
        "purity": None if is_plasma else draw.choice((None, 0.02, 0.03, 0.2, 0.6, 0.9)),
        "ploidy": draw.choice((None, None, 2.0, 2.7, 2.8, 3.9)),
        "tumor_fraction": draw.choice((None, None, 0.0, 0.001, 0.02, 0.1, 0.3)) if is_plasma else None,
        "mean_depth": draw.choice((None, 80.0, 300.0, 3000.0)),
        "msi_status": None if is_plasma else draw.choice((None, None, "MSI-H", "MSS", "MSI-L", "indeterminate")),
        "msi_score": draw.choice((None, None, 3.4, 3.5, 10.0, 20.0, 30.0)),
        "tmb_per_mb": draw.choice((None, None, 9.9, 10.0, 17.0, 100.0)),
        "contamination": draw.choice((None, None, 0.01, 0.02, 0.1)),
        "cfdna_ng_ml": draw.choice((None, 5.0, 40.0)) if is_plasma else None,
    }
    if draw.random() < 0.1:
        row["cna_assay_id"] = row["sv_assay_id"] = "cna"
    tables.setdefault("samples", []).append(row)
    return row


def _call(
    draw: random.Random, sample: dict[str, Any], variant: str, is_plasma: bool, tables: Tables, counted: bool = False
) -> None:
    """Reads at the limits of calling: 3 of 150 are 2 %; none with a depth that proves an absence, or does not."""
    depth = draw.choice((9, 10, 60, 150, 151, 400) if not is_plasma else (150, 1000, 3000, 5000))
    share = draw.choice((0.0, 0.0, 0.004, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.5, 0.9, 1.0))
    if is_plasma:
        share = draw.choice((0.0, 0.0, 0.0004, 0.001, 0.004, 0.02, 0.1, 0.4))
    alt = draw.choice((round(share * depth), round(share * depth), 3, 2)) if not counted else round(share * depth)
    row: dict[str, Any] = {"sample_id": sample["sample_id"], "variant_id": variant, "alt_count": alt, "depth": depth}
    if not counted and draw.random() < 0.12:
        row |= {"alt_count": None, "depth": draw.choice((None, None, 0, 1, 150)), "vaf": draw.choice((None, 0.05, 0.3))}
    called = draw.choice((None, None, True, False)) if alt else draw.choice((None, False))
    row |= {"is_called": True if row["alt_count"] is None else called, "origin": draw.choice(ORIGINS)}
    row["filter"] = draw.choice((None, "PASS", "PASS", "germline", "weak_evidence"))
    tables.setdefault("calls", []).append(row)
    if draw.random() < 0.15:
        named = next((v for v in NAMED.values() if v[0] == variant), None)
        codon = "".join(c for c in (named[2] or "")[3:] if c.isdigit())[:4] if named else ""
        if named and codon:
            least = draw.choice((0, 20, 99, 100, 101, 500))
            where = {"sample_id": sample["sample_id"], "gene": named[1], "codon": int(codon), "min_depth": least}
            tables.setdefault("coverage", []).append(where)


@cache
def _arms() -> tuple[tuple[str, int], ...]:
    return tuple((c, n) for c, n in chromosome_lengths().select("chrom", "GRCh37").iter_rows() if c not in ("Y", "MT"))


def _copies(draw: random.Random, sample: dict[str, Any], design: str, whole: bool, tables: Tables) -> None:
    """Calls per gene, or segments: of a whole genome some, of a few places others, in copies or in log ratios."""
    if draw.random() < 0.25:
        for gene in draw.sample(("AR", "TP53", "PTEN", "RB1", "ERBB2", "BRCA2", "KRAS", "EGFR", "MYC"), 4):
            call = draw.choice((-2.0, -1.5, -1.0, 0.0, 0.0, 1.0, 2.0, None))
            row = {"sample_id": sample["sample_id"], "gene": gene, "call": call}
            tables.setdefault("gene_copy_number", []).append(row)
    if not (whole or draw.random() < 0.12):
        return
    by_ratio, rows = draw.random() < 0.2, tables.setdefault("segments", [])
    base, partly = draw.choice((2.0, 2.0, 4.0)), draw.random() < 0.5
    for chrom, length in _arms():
        ends = sorted(
            {
                length,
                *(int(length * f) for f in draw.sample((0.2, 0.25, 0.4, 0.5, 0.8, 0.9), draw.choice((0, 1, 2, 3)))),
            }
        )
        start = 1
        for end in ends:
            total = draw.choice((base, base, base, base + 1, base - 1, 0.0, 1.0, 5.0, 9.0, None))
            minor = None if total is None else draw.choice((float(int(total / 2)), 0.0, None if partly else 1.0))
            minor = minor if minor is None or minor <= total / 2 else float(int(total / 2))
            row = {"sample_id": sample["sample_id"], "chrom": chrom, "start": start, "end": end}
            if by_ratio:
                row |= {"log2_ratio": draw.choice((0.0, 0.1, 0.19, 0.2, 0.21, 1.0, -0.2, -1.0, 1.1))}
            elif total is not None:
                row |= {"total_cn": total, "minor_cn": minor}
            rows.append(row)
            start = end + draw.choice((1, 1, 200_000))
            if start >= length:
                break


def _markers(draw: random.Random, patient: str, tables: Tables) -> None:
    """Up to four results by hand, some twice with two answers, of a sample or of none, with a day or without."""
    own = [r["sample_id"] for r in tables.get("samples", ()) if r["patient_id"] == patient]
    told = set()
    names = {**MARKERS, "ctDNA": ("positive", "negative", "not detected"), "TMB": ("9.9", "10", "12 mut/Mb")}
    for name in draw.sample(list(names), draw.choice((0, 1, 2, 4))):
        for _ in range(draw.choice((1, 1, 2))):
            sample = draw.choice((None, *own))
            told.add((name, draw.choice(names[name]), sample, draw.choice((None, 0, 30, 90, 100, -20))))
    tables.setdefault("markers", []).extend(
        {"patient_id": patient, "marker": m, "value": v, "sample_id": s, "day": d}
        for m, v, s, d in sorted(told, key=str)
    )
