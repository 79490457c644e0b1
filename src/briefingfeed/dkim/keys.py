"""The private key: read from its text, or made; and the public half, as the domain's record holds it."""

from __future__ import annotations

from base64 import b64encode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from briefingfeed.errors import SecretKeyError

LEAST_BITS, MOST_BITS = 2048, 4096
"""Gmail and others want 2048; RFC 8301 asks nobody to check more than 4096."""

_AGAIN = "make a new one: briefingfeed dkim make"


def read_key(text: str, *, where: str) -> RSAPrivateKey:
    """Return the key from its PEM text. It is checked, which takes 30 ms: read it once.

    Raises SecretKeyError for anything but an RSA key of 2048 to 4096 bits without a passphrase.
    """
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise SecretKeyError(
            "this key asks for a passphrase, which nobody can type for cron",
            where=where,
            remedy=f"take it off: openssl pkey -in FILE -out NEW; or {_AGAIN}",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise SecretKeyError(
            "this is not a private key in PEM form, or it is damaged",
            where=where,
            remedy=f"it begins with -----BEGIN PRIVATE KEY-----; restore it from the backup, or {_AGAIN}",
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise SecretKeyError(
            "this key is not an RSA key, and many mail servers check no other kind", where=where, remedy=_AGAIN
        )
    if key.key_size < LEAST_BITS:
        raise SecretKeyError(
            f"this key has {key.key_size} bits, and fewer than {LEAST_BITS} are not safe", where=where, remedy=_AGAIN
        )
    if key.key_size > MOST_BITS:
        raise SecretKeyError(
            f"this key has {key.key_size} bits, and mail servers check no more than {MOST_BITS}",
            where=where,
            remedy=_AGAIN,
        )
    return key


def make_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=LEAST_BITS)


def pem_text(key: RSAPrivateKey) -> str:
    """Return the private key as its file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def public_text(key: RSAPrivateKey) -> str:
    """Return the public half as the record's `p=` holds it."""
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")
