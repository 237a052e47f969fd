"""`oncourse plan`: one subcommand per file."""

from __future__ import annotations

import importlib
import importlib.util

import click

#: subcommand -> (module, function, one line for `oncourse plan --help`)
PLANS = {
    "survival": ("oncourse.cli.plan_survival", "survival", "Events and patients an outcome study needs."),
    "concordance": (
        "oncourse.cli.plan_concordance",
        "concordance",
        "Pairs of samples a concordance study needs.",
    ),
}


class _Plans(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _, _) in PLANS.items() if importlib.util.find_spec(module)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        module, function, _ = PLANS[name]
        command: click.Command = getattr(importlib.import_module(module), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, PLANS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=_Plans)
def plan() -> None:
    """Sample size and power of a planned study, by formula and by simulation."""
