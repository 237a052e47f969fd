"""The tables of `monitoring`: ctDNA of every plasma sample, response, lead over imaging, emergence of resistance."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import OutputTable
from oncourse.study.schema import Column

TEXT, INT, NUM, BOOL = pl.String, pl.Int64, pl.Float64, pl.Boolean
_PATIENT = Column("patient_id", TEXT, "the patient")
_DAYS = "days from the index date"

CTDNA = OutputTable(
    "monitoring/ctdna",
    "one row per plasma sample or recorded result: is tumour DNA in it, how much",
    (
        _PATIENT,
        Column("sample_id", TEXT, "plasma sample; null = a recorded result that names none"),
        Column("day", INT, "day of the sample", unit=_DAYS),
        Column(
            "basis",
            TEXT,
            "tumour_informed: variants of the patient's tissue are tracked; tumour_naive: no tissue; recorded: a "
            "result only",
        ),
        Column("witnesses", TEXT, "what speaks for or against tumour DNA: reads, recorded result, called variant ..."),
        Column("n_tracked", INT, "tracked variants counted in the sample"),
        Column("n_seen", INT, "of these with any variant read"),
        Column("alt_reads", INT, "variant reads over the tracked variants", unit="reads"),
        Column("depth", INT, "reads over the tracked variants", unit="reads"),
        Column("background_reads", NUM, "variant reads expected from errors", unit="reads"),
        Column(
            "background",
            TEXT,
            "learned: from the study's sites without a variant; not known: the stated error is all there is",
        ),
        Column("error_ratio", NUM, "learned over stated error; null = not learned", unit="ratio"),
        Column("p_value", NUM, "chance of so many reads from errors alone; of a background not known, at its largest"),
        Column("state", TEXT, "positive / negative / not_assessable"),
        Column("reason", TEXT, "why it is not assessable"),
        Column("vaf", NUM, "mean allele fraction above background", unit="fraction"),
        Column("vaf_ci_low", NUM, "95 %, of variants with fractions of their own", unit="fraction"),
        Column("vaf_ci_high", NUM, "95 %", unit="fraction"),
        Column("detection_limit", NUM, "tumour fraction the sample would show with chance .95", unit="fraction"),
        Column("tumor_fraction", NUM, "tumour fraction as recorded", unit="fraction"),
    ),
)
RESPONSE = OutputTable(
    "monitoring/response",
    "molecular response of each line with a positive plasma sample before it",
    (
        _PATIENT,
        Column("line", INT, "line of therapy"),
        Column("drugs", TEXT, "drugs of the line"),
        Column("start_day", INT, "start of the line", unit=_DAYS),
        Column("baseline_day", INT, "day of the baseline", unit=_DAYS),
        Column("baseline_vaf", NUM, "allele fraction before", unit="fraction"),
        Column("n_samples", INT, "assessable samples after"),
        Column("lowest_vaf", NUM, "lowest after; 0 = negative", unit="fraction"),
        Column("lowest_day", INT, "its day", unit=_DAYS),
        Column("ratio", NUM, "lowest over baseline", unit="ratio"),
        Column("response", TEXT, "clearance / molecular_response / no_response"),
        Column("p_response", NUM, "largest probability that the true level fell to the stated share of the baseline"),
        Column("clearance_day", INT, "first negative sample", unit=_DAYS),
        Column("is_sustained", BOOL, "no positive sample after clearance within the line"),
        Column("progression_day", INT, "first sample at which a true rise of the stated size is probable", unit=_DAYS),
        Column("p_progression", NUM, "largest probability of such a rise"),
        Column(
            "rise_shown", NUM, "least rise (1.5, 2, 3, 5, 10, 20 times) that one more sample would show", unit="ratio"
        ),
    ),
)
LEAD = OutputTable(
    "monitoring/lead_times",
    "ctDNA over imaging, after resection and on each line of therapy: each lead as an interval",
    (
        _PATIENT,
        Column("ctdna_after_day", INT, "ctDNA turned positive after this day", unit=_DAYS),
        Column("ctdna_by_day", INT, "and by this day; null = it never did", unit=_DAYS),
        Column("imaging_after_day", INT, "recurrence or progression was seen after this day", unit=_DAYS),
        Column("imaging_by_day", INT, "and by this day; null = it never was", unit=_DAYS),
        Column("lead_low_days", NUM, "least lead; negative = imaging first; -inf = not bounded", unit="days"),
        Column("lead_high_days", NUM, "greatest lead", unit="days"),
        Column("kind", TEXT, "both / ctdna_never / imaging_never"),
        Column(
            "setting",
            TEXT,
            "after_resection: first positive sample, recurrence; on_treatment: rise, progression",
        ),
        Column("line", INT, "line of therapy; null after resection"),
    ),
)
EMERGENCE = OutputTable(
    "monitoring/emergence",
    "watched resistance found in patients given the drug",
    (
        _PATIENT,
        Column("drug_class", TEXT, "class of drugs"),
        Column("kind", TEXT, "mutation / reversion / amplification / marker"),
        Column("name", TEXT, "what is watched for"),
        Column("gene", TEXT, "gene or marker"),
        Column("change", TEXT, "protein change; amplification; positive"),
        Column("variant_id", TEXT, "variant"),
        Column("status", TEXT, "emerged / present_before / not_visible_before / uncalled_before / no_sample_before"),
        Column("first_seen_day", INT, "first sample with it after the start", unit=_DAYS),
        Column("first_seen_sample", TEXT, "that sample"),
        Column("alt_count", INT, "variant reads there", unit="reads"),
        Column("depth", INT, "depth there", unit="reads"),
        Column("earlier", TEXT, "every earlier sample: variant reads/depth, copy number, or result of the marker"),
        Column("exclusion", NUM, "chance that the earlier samples would have shown it", unit="fraction"),
        Column("start_day", INT, "start of the class", unit=_DAYS),
        Column("stop_day", INT, "end of the class", unit=_DAYS),
    ),
)
RATES = OutputTable(
    "monitoring/emergence_rates",
    "patients with new resistance, of those who could show it",
    (
        Column("drug_class", TEXT, "class of drugs"),
        Column("name", TEXT, "what is watched for; any = any mutation or reversion of the class"),
        Column("n_given", INT, "patients given the class"),
        Column(
            "n_evaluable",
            INT,
            "of these looked at (sample, gene copy number, marker) before and after the start, without n_unclear and "
            "n_before",
        ),
        Column("n_unclear", INT, "with a variant of which nobody can tell whether it was there before"),
        Column("n_before", INT, "with a marker or an amplification that was there before: it cannot appear"),
        Column("n_emerged", INT, "with a variant that is new"),
        Column("fraction", NUM, "share of the evaluable", unit="fraction"),
        Column("ci_low", NUM, "Clopper-Pearson 95 %", unit="fraction"),
        Column("ci_high", NUM, "Clopper-Pearson 95 %", unit="fraction"),
    ),
)
