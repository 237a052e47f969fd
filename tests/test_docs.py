"""The docs keep up with the code: reference pages are fresh, every name has its text, every link has its page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_reference_pages_are_fresh():
    """In a process of its own: other tests register settings of theirs."""
    command = [sys.executable, ROOT / "tools" / "write_reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_option_and_argument_has_words():
    import click

    from oncourse.cli.main import COMMANDS, cli

    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        for inner in (command, *getattr(command, "commands", {}).values()):
            assert inner.help, inner.name
            for option in inner.params:
                assert isinstance(option, click.Argument) or option.help, f"{inner.name} {option.name}"


def test_every_setting_has_words():
    import dataclasses

    from oncourse.study.settings import load_sections

    for name, cls in load_sections().items():
        for field in dataclasses.fields(cls):
            assert field.metadata.get("text") or name.startswith("test_"), f"{name}.{field.name}"


def test_every_analysis_is_in_the_readme():
    from oncourse.analyses._base import registry

    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in registry() if f"`{name}`" not in readme] == []


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_links_lead_somewhere(page):
    path = ROOT / page
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    missing = [t for t in targets if not t.startswith(("http://", "https://")) and not (path.parent / t).exists()]
    assert missing == []


def test_the_project_names_no_machine():
    """No path of a developer's machine in any text file."""
    bad = re.compile(r"/(?:work|root|home/\w+)/")
    found = [
        p.relative_to(ROOT).as_posix()
        for folder in ("src", "docs", "tests", "benchmarks", "tools")
        for p in (ROOT / folder).rglob("*")
        if p.suffix in (".py", ".md", ".html", ".js", ".css", ".tsv")
        and p.name != "test_docs.py"
        and bad.search(p.read_text("utf-8"))
    ]
    assert found == []
