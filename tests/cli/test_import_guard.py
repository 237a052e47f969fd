"""What `oncourse import` is given and is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.errors import InputError


@pytest.mark.parametrize("kind", ["phenopackets", "fhir", "vcf", "auto"])
def test_a_device_or_pipe_in_a_folder_is_told_and_not_read(tmp_path: Path, kind: str) -> None:
    """A link to /dev/zero among packets filled the memory (the fuzzer's 1,059th mutant); a pipe waits for ever."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.json").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "in/b.json")
    arguments = ["import", kind, str(tmp_path / "in"), str(tmp_path / "out")]
    with pytest.raises(InputError) as refused:
        CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert "a.json is a device or pipe" in str(refused.value) and "b.json is a device or pipe" in str(refused.value)
    assert not (tmp_path / "out").exists()
