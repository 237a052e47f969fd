"""Groups of patients, lines or samples by any column, status, treatment, exposure or list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.errors import ConfigError
from oncourse.facts.material import is_tumour
from oncourse.knowledge.drugs import drug_classes, drug_names, only_accompanies, treatment_name
from oncourse.study.model import Study
from oncourse.study.schema import nearest
from oncourse.study.settings import section, setting
from oncourse.study.translated import where_known

#: More different numbers than this are cut in two; fewer are groups as they stand.
MOST_NUMBERS = 5


@section("groups")
@dataclass(frozen=True)
class GroupParams:
    """What the groups are, and from which size on they are compared."""

    by: str | None = setting(
        None,
        "a column of patients or samples, several (sex+role), a status (RAS, HRR ...), `arm` or `class` (treatment of the "
        "line), `exposed:DRUG` (samples taken after a drug or class began), or a TSV file with patient_id and group (also: "
        "--group)",
    )
    reference: str | None = setting(
        None,
        "the group with which the others are compared; null: one called control, placebo, observation, standard, "
        "negative, without or no ..., else the largest",
    )
    cut: float | None = setting(None, "where a column of numbers is cut in two; null: its median")
    most: int = setting(6, "largest groups that are shown; the others are left out", low=2, high=12)
    min_group: int = setting(5, "fewest patients of a group that is compared", low=2)
    min_events: int = setting(5, "fewest events of an endpoint that is compared", low=1)
    months: tuple[float, ...] = setting((6.0, 12.0, 24.0), "months at which the share without the event is given")
    subgroups: tuple[str, ...] = setting(
        (),
        "covariates in whose subgroups the groups are compared; default those of study.yaml, else the usual; none: no",
    )


@dataclass(frozen=True)
class Groups:
    """Who is in which group.

    Attributes
    ----------
    rows : patient_id, line (null: the patient as a whole), group (null: in none), day (since when it is known; null:
    from
        the start), reason (why in none)
    samples : sample_id, patient_id, group
    by_line : whether the groups are of lines of therapy
    words : what they are
    assumed : patients whose group is a negative status that was assumed, not measured
    """

    rows: pl.DataFrame
    samples: pl.DataFrame
    by_line: bool
    words: str
    reference: str | None = None
    assumed: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """The groups: the one that the others are compared with, then by size; of equal size by name."""
        counts = self.rows.drop_nulls("group").group_by("group").agg(pl.col("patient_id").n_unique().alias("n"))
        names = counts.sort(["n", "group"], descending=[True, False])["group"].to_list()
        first = self.reference if self.reference in names else next((n for n in names if is_control(n)), None)
        return names if first is None else [first, *(n for n in names if n != first)]


#: A group whose name is, or begins or ends with, one of these is what others are compared with.
CONTROLS = (
    "control",
    "placebo",
    "observation",
    "obs",
    "standard",
    "standard of care",
    "soc",
    "bsc",
    "best supportive care",
    "no",
    "0",
    "false",
    "对照",
    "对照组",
    "安慰剂",
    "安慰剂组",
    "观察",
    "观察组",
)
CONTROL_STARTS, CONTROL_ENDS = ("without ", "no ", "control ", "placebo "), (" negative", " control", "wild type")


def is_control(name: str) -> bool:
    """Whether a group is named as what others are compared with, or is given nothing but steroids and supportive drugs.

    >>> [is_control(n) for n in ("Placebo", "without enzalutamide", "RAS negative", "Obs", "nodal", "对照组")]
    [True, True, True, True, False, True]
    >>> is_control("prednisone"), is_control("abiraterone + prednisone"), is_control("III")
    (True, False, False)
    """
    word = name.strip().lower()
    named = word in CONTROLS or word.startswith(CONTROL_STARTS) or word.endswith(CONTROL_ENDS)
    return named or only_accompanies(word)


ROWS = {"patient_id": pl.String, "line": pl.Int64, "group": pl.String, "day": pl.Int64, "reason": pl.String}
SAMPLES = {"sample_id": pl.String, "patient_id": pl.String, "group": pl.String}


def groups_of(
    study: Study, params: GroupParams, *, statuses: Callable[[], pl.DataFrame], arms: Mapping[str, pl.DataFrame]
) -> Groups:
    """Return the groups of `params.by`; a column of patients stands before one of samples, these before all other
    words.

    Parameters
    ----------
    statuses : gives those of samples (`oncourse.derive.status.table`)
    arms : ``arm`` and ``class`` -> patient_id, line, arm, zero_day

    Raises
    ------
    ConfigError : no such column, status or file; the nearest is named
    """
    patients, samples = study["patients"], study["samples"].filter(is_tumour())
    by = _as_written(params.by or "", [*patients.columns, *samples.columns])
    if by in patients.columns and by != "patient_id":
        found = _cut(patients.select("patient_id", pl.col(by).alias("group")), params)
        rows = found.with_columns(line=None, day=None, reason=pl.lit(f"{by} not recorded"))
        return _made(study, rows, f"{by}", params)
    if by in samples.columns and by not in ("sample_id", "patient_id"):
        cut = _cut(samples.select("sample_id", "patient_id", "day", pl.col(by).alias("group")), params)
        missing = f"{by} not recorded of any tumour sample"
        return _of_samples(study, cut, f"{by} of the samples", missing, params, one=by == "material")
    if by in ("role", "site"):
        placed = samples.join(study["lesions"], on="lesion_id", how="left", maintain_order="left")
        cut = placed.select("sample_id", "patient_id", "day", pl.col(by).alias("group"))
        return _of_samples(study, cut, f"{by} of the lesion", f"{by} of no sampled lesion recorded", params, one=True)
    if by in arms:
        names = {arm: treatment_name(arm) for arm in arms[by]["arm"].unique()}
        group = pl.col("arm").replace_strict(names, return_dtype=pl.String)
        rows = arms[by].select("patient_id", "line", group=group, day="zero_day", reason=pl.lit(None, pl.String))
        params = replace(params, reference=params.reference and treatment_name(params.reference))
        return _on_lines(_made(study, rows, "treatment of the line", params, by_line=True), samples)
    if by.startswith("exposed:"):
        return _exposed(study, by.removeprefix("exposed:").strip(), samples, params)
    if by.endswith((".tsv", ".csv")):
        return _listed(study, Path(by), params)
    name, told = by.removeprefix("status:"), statuses()
    if name in set(told["status"]):
        return _status(study, name, told.filter(pl.col("status") == name), params)
    if "+" in by:
        return _together(study, by, params)
    known = [*patients.columns, *samples.columns, "role", "site", "arm", "class", *told["status"].unique().sort()]
    near = nearest(by, known, cutoff=0.5)
    raise ConfigError(
        f"groups.by: '{by}' is no column of patients or samples, no status and none of arm, class, exposed:DRUG, "
        f"FILE.tsv." + (f" Did you mean {near}?" if near else "")
    )


def _together(study: Study, by: str, params: GroupParams) -> Groups:
    """The words of several columns (``sex+role``) together: of patients where all are columns of theirs, else of their
    tumour samples (a patient whose samples are of several groups is in none)."""
    patients, parts = study["patients"], [part.strip() for part in by.split("+")]
    if set(parts) <= set(patients.columns):
        words = [where_known(patients[part].cast(pl.String)).alias(str(k)) for k, part in enumerate(parts)]
        group = pl.DataFrame(words).select(pl.concat_str(pl.all(), separator=", ")).to_series()
        rows = patients.select("patient_id", group=group).with_columns(line=None, day=None)
        return _made(study, rows.with_columns(reason=pl.lit(f"{by} not recorded")), by, params)
    days = study["samples"].select("sample_id", "day")
    samples = group_of_samples(study, by).join(days, on="sample_id", how="left", maintain_order="left")
    missing = f"{by} not recorded of any tumour sample"
    return _of_samples(study, samples, f"{by} of the samples", missing, params, one=True)


def _as_written(by: str, columns: list[str]) -> str:
    """Return the column that is meant: sources are read in small letters (ARM of a portal is our arm)."""
    if by in columns:
        return by
    return next((c for c in columns if c.lower() == by.strip().lower()), by)


def _cut(frame: pl.DataFrame, params: GroupParams) -> pl.DataFrame:
    """Make `group` text; numbers of many values are cut in two at `groups.cut`, else at their median."""
    values = frame["group"]
    if not values.dtype.is_numeric():
        text = where_known(values.cast(pl.String).str.strip_chars())
        number = text.cast(pl.Float64, strict=False)
        is_number = number.null_count() == text.null_count() and text.null_count() < len(text)
        if not is_number or values.dtype == pl.Boolean:
            return frame.with_columns(pl.when(text != "").then(text).alias("group"))
        values = number
    if values.drop_nulls().n_unique() <= MOST_NUMBERS and params.cut is None:
        words = values.cast(pl.Float64).map_elements(lambda v: f"{v:g}", return_dtype=pl.String)
        return frame.with_columns(words.alias("group"))
    at = params.cut if params.cut is not None else float(values.median())  # type: ignore[arg-type]
    low, high = f"up to {at:g}", f"above {at:g}"
    return frame.with_columns(
        pl.when(values <= at).then(pl.lit(low)).when(values > at).then(pl.lit(high)).alias("group")
    )


def _made(study: Study, rows: pl.DataFrame, words: str, params: GroupParams, *, by_line: bool = False) -> Groups:
    """Keep the largest groups; patients nothing is known of are in none, with the reason."""
    rows = rows.select(pl.col(n).cast(t) for n, t in ROWS.items())
    rows = rows.with_columns(reason=pl.when(pl.col("group").is_null()).then("reason"))
    missing = study["patients"].select("patient_id").join(rows, on="patient_id", how="anti")
    none = "no line of therapy" if by_line else "not in any group"
    empty = missing.with_columns(pl.lit(None, t).alias(n) for n, t in ROWS.items() if n != "patient_id")
    rows = pl.concat([rows, empty.select(list(ROWS)).with_columns(reason=pl.lit(none))])
    known = Groups(rows, pl.DataFrame(schema=SAMPLES), by_line, words, params.reference).names
    if params.reference is not None and known and params.reference not in known:
        near = nearest(params.reference, known, cutoff=0.5)
        cure = f"Did you mean {near}?" if near else f"Groups: {', '.join(known[:12])}."
        raise ConfigError(f"groups.reference: '{params.reference}' is no group of {words}. {cure}")
    kept = known[: params.most]
    small = pl.col("group").is_not_null() & ~pl.col("group").is_in(kept)
    rows = rows.with_columns(
        reason=pl.when(small).then(pl.format("one of the smaller groups ({})", "group")).otherwise("reason"),
        group=pl.when(~small).then("group"),
    ).sort("patient_id", "line", nulls_last=False)
    samples = study["samples"].filter(is_tumour()).select("sample_id", "patient_id")
    one = rows.filter(pl.col("line").is_null()).select("patient_id", "group").drop_nulls()
    members = samples.join(one, on="patient_id", how="left", maintain_order="left")
    return Groups(rows, members, by_line, words, params.reference)


def _on_lines(groups: Groups, samples: pl.DataFrame) -> Groups:
    """A sample is in the group of the line that began last before it was taken."""
    lines = groups.rows.drop_nulls(["group", "day"]).select("patient_id", "group", "day").sort("day")
    dated = samples.select("sample_id", "patient_id", "day").drop_nulls("day").sort("day")
    taken = dated.join_asof(
        lines, on="day", by="patient_id", strategy="backward", allow_exact_matches=False, check_sortedness=False
    )
    members = samples.select("sample_id", "patient_id").join(
        taken.select("sample_id", "group"), on="sample_id", how="left"
    )
    return Groups(groups.rows, members.sort("sample_id"), True, groups.words, groups.reference)


def _of_samples(
    study: Study, samples: pl.DataFrame, words: str, missing: str, params: GroupParams, *, one: bool = False
) -> Groups:
    """A patient is in the group of the first sample that has one, from that sample's day on.

    one : a patient whose samples are of several groups is in none, for the samples are what differs
    """
    if one:
        mixed = samples.drop_nulls("group").filter(pl.col("group").n_unique().over("patient_id") > 1)
        made = _of_samples(study, samples.join(mixed, on="patient_id", how="anti"), words, missing, params)
        several = pl.col("patient_id").is_in(mixed["patient_id"].unique().implode())
        reason = pl.when(several).then(pl.lit("samples of several groups")).otherwise("reason")
        rows = made.rows.with_columns(reason.alias("reason"))
        return Groups(
            rows, samples.select(pl.col(n).cast(t) for n, t in SAMPLES.items()), False, words, params.reference
        )
    known = samples.drop_nulls("group").sort("patient_id", "day", "sample_id", nulls_last=True)
    first = known.group_by("patient_id", maintain_order=True).first()
    others = samples.select("patient_id").unique().join(first, on="patient_id", how="anti")
    rows = pl.concat(
        [
            first.select("patient_id", "group", "day", pl.lit(None, pl.String).alias("reason")),
            others.select(
                "patient_id",
                pl.lit(None, pl.String).alias("group"),
                pl.lit(None, pl.Int64).alias("day"),
                pl.lit(missing).alias("reason"),
            ),
        ]
    ).with_columns(line=None)
    made = _made(study, rows, words, params)
    return Groups(
        made.rows, samples.select(pl.col(n).cast(t) for n, t in SAMPLES.items()), False, words, params.reference
    )


def _status(study: Study, name: str, rows: pl.DataFrame, params: GroupParams) -> Groups:
    """Positive and negative, measured or assumed; what is not assessable is in no group."""
    word = {"positive": f"{name} positive", "negative": f"{name} negative"}
    told = rows.with_columns(group=pl.col("state").replace_strict(word, default=None, return_dtype=pl.String))
    samples = told.select("sample_id", "patient_id", "day", "group")
    made = _of_samples(study, samples, f"{name} as first assessable", f"{name} not assessable in any sample", params)
    first = told.drop_nulls("group").sort("patient_id", "day", "sample_id", nulls_last=True)
    first = first.unique("patient_id", keep="first", maintain_order=True)
    unread = first.filter((pl.col("state") == "negative") & (pl.col("basis") == "assumed"))
    inside = made.rows.drop_nulls("group")["patient_id"]
    return replace(made, assumed=frozenset(unread["patient_id"]) & frozenset(inside))


def _exposed(study: Study, drug: str, samples: pl.DataFrame, params: GroupParams) -> Groups:
    """Samples taken after a drug, or a drug of a class, had begun; lines are no groups of it (it changes with time).

    A patient is in the group of the first sample, from its day on, whatever is given later: leaving out who is exposed
    later would leave those among the others who did not live to be.
    """
    given = (
        study["treatments"]
        .drop_nulls("start_day")
        .filter(
            pl.col("drugs").map_elements(
                lambda text: drug.lower() in {d.lower() for d in (*drug_names(text), *drug_classes(text))},
                return_dtype=pl.Boolean,
            )
        )
    )
    if given.is_empty():
        raise ConfigError(f"groups.by: no treatment of the study is {drug} or of that class.")
    first = given.group_by("patient_id").agg(pl.col("start_day").min())
    joined = samples.join(first, on="patient_id", how="left", maintain_order="left")
    after = (pl.col("day") > pl.col("start_day")).fill_null(False)
    known = pl.col("day").is_not_null() | pl.col("start_day").is_null()
    group = pl.when(known & after).then(pl.lit(f"after {drug}")).when(known).then(pl.lit(f"without {drug}"))
    rows = joined.select("sample_id", "patient_id", "day", group.alias("group"))
    return _of_samples(study, rows, f"{drug} before the first sample", "no dated tumour sample", params)


def _listed(study: Study, path: Path, params: GroupParams) -> Groups:
    """A saved selection: patient_id and group; a file without group makes the listed and the others."""
    if not path.is_file():
        raise ConfigError(f"groups.by: no file {path.name}.")
    table = pl.read_csv(path, separator="," if path.suffix == ".csv" else "\t", infer_schema=False)
    if "patient_id" not in table.columns:
        raise ConfigError(f"groups.by: {path.name} has no column patient_id.")
    unknown = sorted(set(table["patient_id"].drop_nulls()) - set(study["patients"]["patient_id"]))
    if unknown:
        near = nearest(unknown[0], study["patients"]["patient_id"].to_list())
        cure = f" Did you mean {near}?" if near else ""
        raise ConfigError(f"groups.by: {path.name} names {len(unknown)} patients not in the study: {unknown[0]}.{cure}")
    if "group" in table.columns:
        rows = table.select("patient_id", "group").unique("patient_id", keep="first", maintain_order=True)
    else:
        listed = pl.col("patient_id").is_in(table["patient_id"].implode())
        rows = study["patients"].select(
            "patient_id", pl.when(listed).then(pl.lit("selected")).otherwise(pl.lit("not selected")).alias("group")
        )
    rows = rows.with_columns(line=None, day=None, reason=pl.lit(f"not in {path.name}"))
    return _made(study, rows, f"the list {path.name}", params)
