"""`oncourse verify`: every reference case holds here, a wrong kernel is found, and a changed byte of results too."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from oncourse.cli.verify import verify
from oncourse.errors import InputError
from oncourse.report.results import Results
from oncourse.verify import registry
from oncourse.verify.cases import all_cases
from oncourse.verify.report import as_data, cyclonedx, write


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.name)
def test_the_reference_cases_hold(case):
    verdict = registry.judge(case)
    assert verdict.passed, verdict.failures[:5]


def test_a_wrong_kernel_is_found(monkeypatch):
    from oncourse.stats import agreement

    right = agreement.mcnemar_exact
    monkeypatch.setattr(agreement, "mcnemar_exact", lambda a, b: right(a, b) * 1.001)
    verdict = registry.judge(registry.CASES["agreement_of_two_tests"])
    assert not verdict.passed and "McNemar" in verdict.failures[0]


def test_a_case_that_compares_nothing_has_not_passed():
    case = registry.Case("empty", "", "", "", 0.0, lambda: iter(()))
    assert not registry.judge(case).passed


def test_the_report_names_versions_and_components(tmp_path):
    one = registry.judge(registry.CASES["expected_allele_fraction"])
    data = as_data([one])
    write(data, tmp_path)
    assert data["passed"] and len(data["sha256_of_the_package"]) == 64
    names = {c["name"]: c for c in data["components"]}
    assert {"oncourse", "numpy", "polars", "scipy"} <= set(names)
    assert names["oncourse"]["licence"] == "Apache-2.0"
    assert cyclonedx(data["components"])["bomFormat"] == "CycloneDX"
    page = (tmp_path / "validation.html").read_text()
    assert "All cases passed" in page
    assert page.count("<main>") == page.count("</main>") == 1  # a landmark for screen readers


@pytest.fixture
def results(simulated_study, tmp_path):
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from oncourse.cli.run import signer
    from oncourse.report.study import report_study

    keys = []
    for name in ("mine", "other"):
        key = Ed25519PrivateKey.generate()
        private = tmp_path / f"{name}.pem"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public = tmp_path / f"{name}.pub"
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        keys.append(public)
    out = tmp_path / "res"
    study = simulated_study("crc")
    report_study(study, out, source=keys[0], only=["overview"], patients="none", sign=signer(tmp_path / "mine.pem"))
    return out, keys


def run(*arguments):
    return CliRunner().invoke(verify, [str(a) for a in arguments])


def test_signed_results_are_checked_to_the_byte(results):
    out, (mine, other) = results
    assert run(out).exit_code == 0
    assert run(out, "--public-key", mine).exit_code == 0
    assert run(out, "--public-key", other).exit_code == 1
    carrier = out / "provenance.json"
    data = carrier.read_bytes()
    for other in (
        data + b" ",
        data.replace(b"\n", b"\r\n"),
        data.replace(b"{", b'{"seed": 7,', 1),
    ):  # the same to a reader
        carrier.write_bytes(other)
        assert run(out).exit_code == 1
    carrier.write_bytes(data)
    for path in sorted(p for p in out.rglob("*") if p.is_file() and p.name != "provenance.json"):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        found = run(out)
        assert found.exit_code == 1 and f"changed: {path.relative_to(out)}" in found.output
        path.write_bytes(data)
    (out / "results.json").rename(out / "gone.json")
    found = run(out)
    assert found.exit_code == 1
    assert "missing: results.json" in found.output and "not of oncourse: gone.json" in found.output


def test_a_manifest_that_was_made_to_fit_is_found_by_the_signature(results):
    from oncourse.disk import manifest

    out, _ = results
    (out / "results.json").write_text("{}")
    body = json.loads((out / "provenance.json").read_text())
    forged = manifest.sealed(out, {k: v for k, v in body.items() if k not in ("files", "sha256_of_this")})
    (out / "provenance.json").write_text(json.dumps(forged))
    found = run(out)
    assert found.exit_code == 1 and "signature is WRONG" in found.output


@pytest.mark.parametrize(
    "hostile", ['{"files": [{"path": "a", "size": 1e999, "sha256": ""}]}', '{"files": [], "a": "\\ud800"}']
)
def test_a_hostile_manifest_is_said_in_words(tmp_path, hostile):
    (tmp_path / "provenance.json").write_text(hostile)
    found = run(tmp_path)
    assert found.exit_code == 1 and (found.exception is None or isinstance(found.exception, InputError | SystemExit))


def test_changed_results_are_not_read_again(results):
    """A number of results.json that somebody changed went into the paper; a word in its place was a fault of oncourse."""
    out, _ = results
    Results.read(out)
    (out / "notes.tsv").write_text("mine")
    Results.read(out)
    (out / "tables" / "mine.tsv").write_text("mine")
    assert "mine" not in Results.read(out).tables
    text = (out / "results.json").read_text()
    (out / "results.json").write_text(text.replace('"n": ', '"n": 1', 1))
    with pytest.raises(InputError, match=r"changed since oncourse wrote it: results\.json"):
        Results.read(out)


def test_every_requirement_names_tests_that_are_there():
    """docs/reference/validation.md is the matrix of requirements and tests; it is written from the cases."""
    house = Path(__file__).parents[2]
    for one in all_cases():
        assert one.tests and all((house / name).exists() for name in one.tests), one.name


def test_a_disk_that_mixes_old_and_new_results_is_found(monkeypatch):
    from oncourse.disk import folder

    monkeypatch.setattr(folder, "_bring_over", lambda old, new: [])
    verdict = registry.judge(registry.CASES["results_on_disk"])
    # the note is in the new results before the change of the two folders; without the step after it the old ones stay
    assert not verdict.passed and "names beside the results" in verdict.failures[0]
