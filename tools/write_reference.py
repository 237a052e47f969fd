"""Write docs/reference from the code: tables, commands, analyses, settings, results. Run by `make docs`."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
HEADER = "<!-- written by tools/write_reference.py; change the code, then run `make docs` -->\n\n"


def cell(text: object) -> str:
    """Return text safe inside a Markdown table cell."""
    return str(text).replace("|", "\\|").replace("\n", " ").strip()


def table(head: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    """The study folder: every table and column."""
    from oncourse.study.config import StudyConfig
    from oncourse.study.tables import REQUIRED_TABLES, TABLES

    text = (
        HEADER
        + "# The study folder\n\nTSV files (gzip allowed), UTF-8, a header line. Empty or `NA` means not assessed; "
    )
    text += "0 means looked at and none seen. A `*_date` column (ISO) may stand in place of a `*_day` column when "
    text += "`patients.tsv` has `index_date`.\n\n## study.yaml\n\n"
    text += table(["key", "meaning"], [[f"`{f.name}`", f.metadata["text"]] for f in dataclasses.fields(StudyConfig)])
    for t in TABLES.values():
        needed = " (required)" if t.name in REQUIRED_TABLES else ""
        text += f"\n## {t.name}{needed}\n\n{t.text[:1].upper()}{t.text[1:]}."
        text += (f" Key: {' + '.join(t.key)}." if t.key else "") + "\n\n"
        rows = [
            [f"`{c.name}`" + (" *" if c.required else ""), c.type_name, c.unit, c.range_text, c.text] for c in t.columns
        ]
        text += table(["column (* required)", "type", "unit", "allowed", "meaning"], rows)
    return text


def commands_page() -> str:
    """Every command with its options."""
    from oncourse.cli.main import cli

    text = (
        HEADER
        + "# Commands\n\nExit codes: 0 done; 1 done, but an analysis failed; 2 the input or the arguments are wrong.\n"
    )
    context = click.Context(cli, info_name="oncourse")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        text += _command(command, f"oncourse {name}")
        for sub, inner in sorted(getattr(command, "commands", {}).items()):
            text += _command(inner, f"oncourse {name} {sub}")
    return text


def _command(command: click.Command, name: str) -> str:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    usage = " ".join([name, *(str(a.human_readable_name) for a in arguments)])
    text = f"\n## {usage}\n\n{' '.join((command.help or '').split())}\n\n"
    rows = [[f"`{', '.join(o.opts)}`", o.help or "", "required" if o.required else _default(o)] for o in options]
    return text + (table(["option", "meaning", "default"], rows) if rows else "")


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    shown = option.default
    return "" if shown is None or callable(shown) or "Sentinel" in repr(shown) or shown == () else str(shown)


def analyses_page() -> str:
    """Every analysis: question, needs, settings, tables; then the settings of the derivations."""
    from oncourse.analyses._base import registry
    from oncourse.study.settings import load_sections

    everything = load_sections()
    text = (
        HEADER
        + "# Analyses\n\nSettings are changed by `--set NAME.SETTING=VALUE`, in `study.yaml` under `objectives` or "
    )
    text += "`settings`; the command line wins.\n"
    known = registry()
    for entry in known.values():
        needs = ", ".join(n.replace("|", " or ") for n in entry.needs)
        text += f"\n## {entry.name}\n\n**{entry.title}.** {entry.question} Needs: {needs}.\n"
        text += _settings(entry.params)
        for t in entry.tables:
            text += f"\n`tables/{t.name}.tsv`: {t.text}\n\n"
            text += table(
                ["column", "type", "unit", "meaning"],
                [[f"`{c.name}`", c.type_name, c.unit, c.text] for c in t.columns],
            )
    text += "\n# Settings of the derived tables\n"
    for name, cls in everything.items():
        if name not in known:
            text += f"\n## {name}\n\n{(cls.__doc__ or '').splitlines()[0]}\n" + _settings(cls)
    return text


def _settings(cls: type) -> str:
    rows = []
    for f in dataclasses.fields(cls):
        meta = f.metadata
        allowed = " / ".join(map(str, meta.get("choices") or ()))
        words = meta.get("text", "") + (f" (source: {meta['source']})" if meta.get("source") else "")
        rows.append([f"`{cls.section}.{f.name}`", f"`{f.default}`", allowed, words])
    return "\n" + table(["setting", "default", "allowed", "meaning"], rows) if rows else ""


def results_page() -> str:
    """The results folder and results.json."""
    from oncourse.report.page import REPORT_TABLES
    from oncourse.report.results import SCHEMA_VERSION

    text = (
        HEADER
        + f"""# The results folder

| path | what |
|---|---|
| report.html | the report: one self-contained page, no network |
| patients/PATIENT_ID.html | one page per patient (by default up to 200 patients; `--patients`) |
| tables/TOPIC/TABLE.tsv | every number of the report; columns in [analyses](analyses.md) |
| tables/all_tables.xlsx | the same tables, a sheet each (by default up to 100,000 rows in all; `--workbook`) |
| figures/ANALYSIS/FIGURE.svg | every figure |
| results.json | the answers and estimates, for programs |
| provenance.json | versions, seed, settings, SHA-256 of every input; the manifest of every file written; all time stamps |

The same input, seed and package versions give the same bytes everywhere but provenance.json, whatever `--jobs` is.

An id that Windows cannot hold as a name (`a:b`, `CON`), or tell from another (`P1` beside `p1`), has a file of another
name, always the same; links follow, and tables/overview/file_names.tsv says which.

A later run replaces the files that the manifest names. A file of yours in the folder stays there and is named; a file of
ours that you changed stops the run before it begins, until you move it elsewhere. At every instant one whole result stands
in the folder.

## results.json, schema {SCHEMA_VERSION}

`schema_version` and one entry per analysis:

| key | what |
|---|---|
| title, question | what was asked |
| status | done / skipped (a table is missing) / too_few (too few data) / failed |
| answer | the answer as a sentence; where not done, why |
| headline | the one sentence of page one (text, text_zh), its light (answered / uncertain / cannot), reason and estimate |
| objective | its place among the questions of the protocol; null = none |
| estimates | list of name, value, ci_low, ci_high (null = not estimable), n, method, unit, question |
| excluded | list of patient_id, sample_id (null = the whole patient), reason: those out of a question of the ledger |
| notes, methods | limits; method with sources |
| params | the resolved settings |
| tables, figures, captions | what it wrote; the words under each figure |

## Who is counted

Every analysis writes `tables/<analysis>/people.tsv`, its ledger of people. A *question* is one denominator ("OS", "PSA
response", "RAS: primary v metastasis"); its units are patients, or their lines, lesions or samples. Every patient of
the study has a row in every question: in (`is_in`), or out with the reason. `n` of an estimate with a `question` is the
number of its units that are in ("OS by line, line 1": those of line 1), `excluded` are those that are out, the flow is
their sums. An analysis whose sums do not close fails by name.

## Tables of the report itself

"""
    )
    for t in REPORT_TABLES:
        text += f"`tables/{t.name}.tsv`: {t.text}\n\n"
        text += table(["column", "type", "meaning"], [[f"`{c.name}`", c.type_name, c.text] for c in t.columns]) + "\n"
    return text


def python_page() -> str:
    """Every public name of the package, of `oncourse.stats` and of `oncourse.clones`, with its signature and
    docstring."""
    import oncourse

    text = HEADER + "# Python\n\n[How to use oncourse from Python](../how-to/python.md) shows these names at work.\n"
    for title, module in (
        ("oncourse", oncourse),
        ("oncourse.stats", oncourse.stats),
        ("oncourse.clones", oncourse.clones),
    ):
        text += f"\n## {title}\n"
        for name in module.__all__:
            text += _named(f"{title}.{name}", getattr(module, name))
    return text


def _named(name: str, value: object) -> str:
    words = inspect.getdoc(value) or ""
    shown = ""
    if inspect.isroutine(value):
        shown = f"\n```python\n{name}{re.sub(' at 0x[0-9a-f]+', '', str(inspect.signature(value)))}\n```\n"
    return f"\n### `{name}`\n{shown}\n```text\n{words}\n```\n"


def glossary_page() -> str:
    """The words explained, and the terms that pages use, in English and Chinese: where a doctor corrects one."""
    from oncourse.words.catalogue import catalogue
    from oncourse.words.phrases import pairs

    english, chinese = catalogue("en"), catalogue("zh")
    text = (
        HEADER
        + "# Glossary\n\nEnglish and Simplified Chinese. The Chinese was translated for this project and not yet "
    )
    text += (
        "reviewed by a\nclinician; a term is corrected in `oncourse/words/zh/`, in one place.\n\n## Words explained\n\n"
    )
    explained = [
        [one for language in (english, chinese) for one in language[key].split(" | ", 1)]
        for key in english
        if key.startswith("glossary.")
    ]
    text += table(["term", "explanation", "术语", "解释"], explained)
    kinds = ("endpoint.", "term.", "light.", "reason.")
    terms = [[english[key], chinese[key]] for key in english if key.startswith(kinds) and "{" not in english[key]]
    text += "\n## Terms of page one\n\n" + table(["English", "中文"], terms)
    shown = sorted(
        ((e, c) for e, c in pairs("zh").items() if len(e) <= 40 and "{" not in e and not e.endswith(".")),
        key=lambda pair: pair[0].lower(),
    )
    text += "\n## Terms of tables, figures and patient pages\n\n"
    return text + table(["English", "中文"], [list(pair) for pair in shown])


def validation_page() -> str:
    """What must hold, how it is shown, which tests check it further; known limits; components."""
    from oncourse.analyses._base import registry
    from oncourse.analyses._least import least_patients
    from oncourse.verify.cases import all_cases

    text = (
        HEADER + "# Validation\n\n`oncourse verify` runs these cases on your machine ([how](../how-to/verify.md)).\n\n"
    )
    text += "## Requirements\n\n"
    rows = [
        [c.requirement, c.method, c.source, f"{c.tolerance:g}", "<br>".join(f"`{t}`" for t in c.tests)]
        for c in all_cases()
    ]
    text += table(["requirement", "method", "expected values from", "tolerance", "further tests"], rows)
    text += "\n## Known limits of the analyses\n\nHow wrong the answers are when the data are wrong: "
    text += "[stress](../explanation/stress.md). The least number of\npatients at which intervals were measured to hold:\n\n"
    text += table(
        ["analysis", "measured"], [[f"`{name}`", " ".join(least_patients(name))] for name in sorted(registry())]
    )
    text += "\n## Components at run time\n\n`oncourse verify --out FOLDER` writes the installed ones, with version and "
    return text + "licence, as CycloneDX\n(`components.cdx.json`); the versions tested stand in `constraints.txt`.\n"


PAGES = {
    "tables": tables_page,
    "commands": commands_page,
    "analyses": analyses_page,
    "results": results_page,
    "python": python_page,
    "glossary": glossary_page,
    "validation": validation_page,
}


def main() -> int:
    """Write every page; with --check only say which differ."""
    stale = []
    for name, make in PAGES.items():
        path = ROOT / "docs" / "reference" / f"{name}.md"
        text = make()
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale pages in docs/reference: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
