"""Are these the results that oncourse wrote? The manifest, its seal, and the signature over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oncourse.disk import manifest
from oncourse.errors import InputError, ToolError

SIGNATURE_KEY = manifest.SIGNATURE_KEY


@dataclass(frozen=True)
class Integrity:
    """What a check of a results folder found.

    Attributes
    ----------
    n : files of the manifest
    changed, missing, foreign : files changed since, gone, and not of oncourse, as paths inside the folder
    signature : none / valid / wrong; `signer` the public key (hex) it is valid for
    """

    n: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    foreign: tuple[str, ...]
    signature: str
    signer: str | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed or removed and a signature, where there is one, is right."""
        return not self.changed and not self.missing and self.signature != "wrong"


def check_results(folder: Path, public_key: Path | None = None) -> Integrity:
    """Compare a results folder with its manifest; with `public_key` (PEM, Ed25519) the signature must be that key's."""
    listed = manifest.read(folder) if folder.is_dir() else None
    found = manifest.contents(folder) if listed is not None else None
    if listed is None or found is None:
        raise InputError(f"{folder}: is no results folder with a manifest (provenance.json) of oncourse.")
    here = set(manifest.entries(folder))
    data = json.loads((folder / manifest.CARRIER).read_text("utf-8"))
    word, signer = _signature(data, public_key)
    missing = tuple(sorted(set(listed) - here))
    return Integrity(len(listed), found.changed, missing, found.foreign, word, signer)


def sign(body: Mapping[str, Any], key_file: Path) -> dict[str, Any]:
    """Return the provenance with a signature of its seal by the private key of `key_file` (PEM, Ed25519)."""
    serialization, ed25519, _ = _cryptography()
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{key_file.name}: cannot be read as a private key ({type(error).__name__}). {_CURE}"
        ) from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise InputError(f"{key_file.name}: is not an Ed25519 key. {_CURE}")
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    value = key.sign(bytes.fromhex(body[manifest.SEAL_KEY])).hex()
    return {**body, SIGNATURE_KEY: {"algorithm": "Ed25519", "public_key": raw.hex(), "value": value}}


_CURE = "Make one with `openssl genpkey -algorithm ed25519 -out key.pem`."


def _signature(data: Mapping[str, Any], public_key: Path | None) -> tuple[str, str | None]:
    given = data.get(SIGNATURE_KEY)
    if given is None:
        return ("wrong" if public_key else "none"), None
    serialization, ed25519, invalid = _cryptography()
    try:
        raw = bytes.fromhex(given["public_key"])
        key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
        key.verify(bytes.fromhex(given["value"]), bytes.fromhex(manifest.seal(data)))
    except (invalid, ValueError, KeyError, TypeError):
        return "wrong", None
    if public_key is not None:
        try:
            wanted = serialization.load_pem_public_key(public_key.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{public_key.name}: cannot be read as a public key ({type(error).__name__}).") from None
        if wanted.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw) != raw:
            return "wrong", None
    return "valid", raw.hex()


def _cryptography() -> tuple[Any, Any, Any]:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise ToolError("signatures need the package cryptography: pip install 'oncourse[sign]'.") from None
    return serialization, ed25519, InvalidSignature
