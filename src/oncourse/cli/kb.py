"""`oncourse kb list|explain|drug|diff|import`: the therapy knowledge."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import force_option
from oncourse.disease import tumours

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def kb() -> None:
    """List, explain, compare and import therapy knowledge."""


@kb.command("list")
@click.option("--rules", type=_FILE, help="A rules file in place of the package's.")
@click.option("--tumour", type=click.Choice(tumours()), help="Only rules of this tumour.")
@click.option("--gene", help="Only rules that name this gene.")
def list_(rules: Path | None, tumour: str | None, gene: str | None) -> None:
    """List the therapy rules: id, level, direction, biomarker, therapy."""
    from oncourse.genome.gene_names import current_symbol
    from oncourse.knowledge.rules import DIRECTIONS

    for rule in _rules(rules):
        if tumour and tumour not in rule.tumours:
            continue
        if gene and current_symbol(gene.upper()) not in rule.genes:
            continue
        words = f"{rule.rule_id:<8}{rule.level():<6}{DIRECTIONS[rule.direction]:<26}"
        say(f"{words}{rule.biomarker} -> {rule.therapy or 'prognosis'} [{rule.disease}; {rule.setting}]")


@kb.command()
@click.argument("rule_id")
@click.option("--rules", type=_FILE, help="A rules file in place of the package's.")
def explain(rule_id: str, rules: Path | None) -> None:
    """Print everything known of RULE_ID: expression, setting, level and what it rests on, trial, source, certainty."""
    from oncourse.errors import ConfigError
    from oncourse.knowledge.rules import COLUMNS, DIRECTIONS
    from oncourse.study.schema import nearest

    found = {rule.rule_id.upper(): rule for rule in _rules(rules)}
    rule = found.get(rule_id.upper())
    if rule is None:
        near = nearest(rule_id.upper(), found, cutoff=0.4)
        raise ConfigError([f"{rule_id}: no such rule." + (f" Did you mean {near}?" if near else "")])
    say(f"{'level':<20}{rule.level()} (AMP/ASCO/CAP, from basis '{rule.basis}')")
    say(f"{'says':<20}{DIRECTIONS[rule.direction]}")
    for column in COLUMNS:
        value = getattr(rule, column)
        text = ", ".join(value) if isinstance(value, tuple) else value
        if text and not (column == "escat" and "M2020" in text):
            say(f"{column:<20}{text}")


@kb.command()
@click.argument("text", nargs=-1, required=True)
def drug(text: tuple[str, ...]) -> None:
    """Print how a drug TEXT is read, and of each drug: class, mechanism, ATC code, kind, other names, and where that is
    from."""
    from oncourse.knowledge.drug_text import nearest_name, read_drugs
    from oncourse.knowledge.drugs import known

    reading = read_drugs(" ".join(text))
    for word, name in reading.corrected:
        say(f"'{word}' is read as {name}")
    for name in reading.names:
        found = known(name)
        if found is None:
            near = nearest_name(name)
            say(f"{name}: no known drug" + (f"; the nearest name is {near}" if near else ""))
            continue
        told = {
            "class": ", ".join(sorted(found.classes)),
            "mechanism": found.mechanism,
            "ATC": found.atc,
            "kind": found.kind,
            "names": ", ".join(found.names),
            "source": found.source or "the stem of its name (WHO's stems)",
            "compared": found.date,
        }
        say(name)
        for head, value in told.items():
            if value:
                say(f"  {head:<11}{value}")


@kb.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE, required=False)
def diff(before: Path, after: Path | None) -> None:
    """Compare the rules in BEFORE with those in AFTER (default: the package's).

    Shows rules added, removed and changed, and what changes for the golden patients. Exit code 1 if a golden patient
    loses a line.
    """
    from oncourse.knowledge.compare import compare_rules
    from oncourse.knowledge.rules import read_rules

    found = compare_rules(read_rules(before), _rules(after))
    say(f"{len(found.added)} rules added: {', '.join(found.added) or 'none'}")
    say(f"{len(found.removed)} rules removed: {', '.join(found.removed) or 'none'}")
    say(f"{len(found.changed)} fields changed")
    for change in found.changed:
        say(f"  {change.rule_id}.{change.column}: '{change.before}' -> '{change.after}'")
    say(f"{len(found.golden)} answers about golden patients changed")
    for golden in found.golden:
        mark = "LOST  " if golden.is_loss else "      "
        say(f"{mark}{golden.patient_id}: {golden.rule_id} {golden.before} -> {golden.after}")
    if found.lost:
        say(f"error: {len(found.lost)} golden patients lose a line", err=True)
        raise click.exceptions.Exit(1)


@kb.command("import")
@click.argument("kind", type=click.Choice(["civic", "oncokb", "rules", "clinvar", "clingen", "enigma"]))
@click.argument("source", type=_FILE)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Table to write.")
@click.option("--date", "stated", default=None, help="Date of the snapshot (default: ClinVar's own, else today).")
@click.option("--disease", default="", help="OncoKB only: tumour type the MAF was annotated for.")
@click.option(
    "--build",
    type=click.Choice(["GRCh37", "GRCh38"]),
    help="ClinVar and ClinGen: genome build where the file names none, or several.",
)
@force_option
def import_(
    kind: str, source: Path, out: Path, stated: str | None, disease: str, build: str | None, force: bool
) -> None:
    """Turn a CIViC file (nightly TSV or YAML), your OncoKB-annotated MAF, your rules, a ClinVar VCF, or a table of
    ClinGen's evidence repository or of ENIGMA (BRCA Exchange) into a table to use.

    Use it with `--set knowledge.evidence=OUT` (civic, oncokb), `--set knowledge.rules=OUT` (rules) or `--set
    knowledge.classified=OUT` (clinvar, clingen, enigma).
    """
    from oncourse.disk.file import replaced_file

    with replaced_file(out, [source], force=force) as draft:
        if kind == "clinvar":
            said = _import_clinvar(source, draft, stated, build)
        elif kind in ("clingen", "enigma"):
            said = _import_experts(kind, source, draft, stated, build)
        else:
            said = _import_statements(kind, source, draft, stated, disease)
    say(f"{said}: {out}")


def _import_statements(kind: str, source: Path, draft: Path, stated: str | None, disease: str) -> str:
    from oncourse.knowledge import civic, oncokb
    from oncourse.knowledge.evidence import write_evidence
    from oncourse.knowledge.rules import read_rules

    day = stated or date.today().isoformat()
    if kind == "rules":
        rules = read_rules(source)
        draft.write_bytes(source.read_bytes())
        return f"{len(rules)} rules checked"
    items = civic.read_civic(source) if kind == "civic" else oncokb.read_oncokb(source, disease=disease)
    name, licence = ("CIViC", civic.LICENCE) if kind == "civic" else ("OncoKB", oncokb.LICENCE)
    write_evidence(items, draft, comment=f"{name}; {day}; {licence}")
    usable = sum(item.is_supported for item in items)
    return f"{len(items):,} statements, {usable:,} of which sequencing data can answer"


def _import_clinvar(source: Path, out: Path, stated: str | None, build: str | None) -> str:
    from oncourse.knowledge.classified import verdict_of, write_classified
    from oncourse.knowledge.clinvar import LICENCE, read_clinvar

    found = read_clinvar(source, _genes_asked(), build=build)
    day = stated or found.date or date.today().isoformat()
    comment = f"ClinVar; {day}; {LICENCE}; {found.build}; sha256 {found.checksum} of {source.name}"
    write_classified(found.rows, out, comment=comment)
    decide = sum(bool(verdict_of(r["classification"], r["review_status"])) for r in found.rows)
    return (
        f"{len(found.rows):,} classified changes of {found.n_records:,} records, {decide:,} of which decide by their "
        f"review status; {found.n_other:,} of uncertain or other significance and {found.n_unread:,} without an allele "
        "of bases were left out"
    )


def _genes_asked() -> frozenset[str]:
    """Genes that rules and statuses ask for."""
    from oncourse.derive.care.therapy import Knowledge
    from oncourse.facts.statuses import STATUSES
    from oncourse.genome.gene_names import current_symbol

    return Knowledge(_rules(None), None).genes | {current_symbol(g) for s in STATUSES for g in s.genes}


def _import_experts(kind: str, source: Path, out: Path, stated: str | None, build: str | None) -> str:
    from oncourse.errors import InputError
    from oncourse.knowledge.classified import write_classified
    from oncourse.knowledge.expert_tables import read_expert_table

    found = read_expert_table(source, _genes_asked(), build=build)
    if found.name.lower() != kind:
        raise InputError(f"{source.name}: is a table of {found.name}. Use 'oncourse kb import {found.name.lower()}'.")
    day = stated or date.today().isoformat()
    comment = f"{found.name}; {day}; terms of the source; {found.build}; sha256 {found.checksum} of {source.name}"
    write_classified(found.rows, out, comment=comment)
    return (
        f"{len(found.rows):,} classified changes of {found.n_records:,} records of {found.name}; {found.n_other:,} of "
        f"uncertain significance or retracted and {found.n_unread:,} without an allele or one protein change were left "
        "out"
    )


def _rules(path: Path | None):  # type: ignore[no-untyped-def]
    from oncourse.knowledge.rules import default_rules, read_rules

    return read_rules(path) if path is not None else default_rules()
