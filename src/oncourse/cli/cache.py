"""`oncourse cache --info` and `oncourse cache --clear`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from oncourse.cli._errors import say


@click.command()
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Default the user's cache folder.")
@click.option("--info", is_flag=True, help="Say where it is and what it holds (the default).")
@click.option("--clear", is_flag=True, help="Remove what oncourse has kept there; other files stay.")
def cache(cache: Path | None, info: bool, clear: bool) -> None:
    """Show or clear what was derived and kept: clones and trees per patient, named by what they follow from.

    A run reads an entry where counts, settings, seed and the code are the same, so that one more patient costs one
    patient. Entries hold numbers and ids of lesions, and are their owner's alone to read. ONCOURSE_CACHE names another
    folder for all commands.
    """
    from oncourse.disk.store import default_folder, entries

    folder = cache or default_folder()
    found = list(entries(folder))
    sizes: Counter[str] = Counter()
    counts = Counter(file.parent.name for file in found)
    for file in found:
        sizes[file.parent.name] += file.stat().st_size
        if clear:
            file.unlink(missing_ok=True)
    word = "removed" if clear else "kept"
    say(f"{folder}: {len(found):,} entries {word}, {sum(sizes.values()) / 1e6:,.1f} MB")
    for kind, n in sorted(counts.items()):
        say(f"  {kind}: {n:,} patients, {sizes[kind] / 1e6:,.1f} MB")
