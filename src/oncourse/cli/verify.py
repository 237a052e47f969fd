"""`oncourse verify [RESULTS]`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import end_progress, progress_line


@click.command()
@click.argument("results", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the validation report (without RESULTS).")
@click.option(
    "--public-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ed25519 public key (PEM) that must have signed RESULTS.",
)
def verify(results: Path | None, out: Path | None, public_key: Path | None) -> None:
    """Prove that oncourse computes on this machine what it claims; or, with RESULTS, that nobody changed them.

    Without RESULTS the reference cases are run: R, hand-worked rules, simulated truth. With RESULTS every file is
    compared with the manifest in provenance.json, and its signature checked. Exit code 1 when anything is wrong.
    """
    if results is not None:
        _check(results, public_key)
        return
    from oncourse.disk.new import check_new, new_folder
    from oncourse.verify import report
    from oncourse.verify.cases import all_cases
    from oncourse.verify.registry import judge

    if out is not None:
        check_new(out)
    progress = progress_line()
    verdicts = []
    for one in all_cases():
        progress(one.requirement)
        verdicts.append(judge(one))
    end_progress()
    for verdict in verdicts:
        word = "ok    " if verdict.passed else "FAILED"
        say(f"{word} {verdict.case.requirement} ({verdict.n:,} compared with: {verdict.case.source})")
        for failure in verdict.failures[:3]:
            say(f"         {failure}")
    if out is not None:
        with new_folder(out) as folder:
            report.write(report.as_data(verdicts), folder)
        say(f"{out / 'validation.html'}")
    wrong = sum(not v.passed for v in verdicts)
    say(f"{len(verdicts) - wrong} of {len(verdicts)} cases passed.")
    if wrong:
        raise click.exceptions.Exit(1)


def _check(results: Path, public_key: Path | None) -> None:
    from oncourse.verify.results import check_results

    found = check_results(results, public_key)
    for word, names in (
        ("changed", found.changed),
        ("missing", found.missing),
        ("not of oncourse", found.foreign),
    ):
        for name in names:
            say(f"{word}: {name}")
    signed = {
        "none": "not signed",
        "wrong": "the signature is WRONG",
        "valid": f"signed by key {found.signer}",
    }[found.signature]
    state = "unchanged" if found.is_whole else "NOT as written"
    say(f"{results}: {found.n:,} files, {state}; {signed}.")
    if not found.is_whole:
        raise click.exceptions.Exit(1)
