"""`oncourse doctor`."""

from __future__ import annotations

import click

from oncourse.cli._errors import say


@click.command()
def doctor() -> None:
    """Say which programs of the reads stage are here, in which version, and what can be run with them.

    Everything else of oncourse needs none of them.
    """
    from importlib.resources import files

    from oncourse.reads.callers import CALLERS, fault, version_of
    from oncourse.reads.callers import cure as caller_cure
    from oncourse.reads.tools import TASKS, TOOLS, cure, version

    found = {name: version(name) for name in TOOLS}
    width = max(map(len, TOOLS))
    for name, tool in TOOLS.items():
        shown = "not here" if found[name] is None else found[name] or "no answer"
        say(f"{name:<{width}}  {shown:<12}  {tool.purpose}")
    say("")
    for task, names in TASKS.items():
        absent = [n for n in names if found[n] is None]
        say(f"{'no ' if absent else 'yes'}  {task}" + (f": {cure(absent)}" if absent else ""))
    manifest = files("oncourse.reads").joinpath("workflow/kubernetes.yaml")
    say(f"yes  a pod for each patient on Kubernetes (oncourse reads --patient): {manifest}")
    for caller in CALLERS.values():
        why = fault(caller)
        told = f": {why}; {caller_cure(caller)}" if why else f", {version_of(caller)}".rstrip(", ")
        say(f"{'no ' if why else 'yes'}  further candidates of {caller.name} (callers: in reads.yaml){told}")
