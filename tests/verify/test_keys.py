"""Which file is a key to sign with."""

from __future__ import annotations

import pytest

from oncourse.errors import InputError
from oncourse.verify.results import sign


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read as a private key"),
        ("no key", "cannot be read as a private key"),
        ("another kind", "is not an Ed25519 key"),
    ],
)
def test_what_is_no_private_key_is_said_with_the_cure(tmp_path, text, says):
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    file = tmp_path / "key.pem"
    if text == "another kind":
        other = ec.generate_private_key(ec.SECP256R1())
        file.write_bytes(other.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
    elif text:
        file.write_text(text)
    with pytest.raises(InputError, match=rf"key\.pem: {says}.*openssl genpkey"):
        sign({}, file)
