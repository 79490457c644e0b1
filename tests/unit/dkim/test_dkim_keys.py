"""Which keys are taken."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from briefingfeed.dkim.alignment import is_aligned
from briefingfeed.dkim.keys import pem_text, read_key
from briefingfeed.errors import SecretKeyError
from signatures import key


def pem(
    private: PrivateKeyTypes,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    return private.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode("ascii")


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_is_read_in_both_forms_that_openssl_writes(form: PrivateFormat) -> None:
    assert read_key(pem(key(), form), where="here").private_numbers() == key().private_numbers()


def test_a_key_that_was_written_can_be_read() -> None:
    assert pem_text(read_key(pem_text(key()), where="here")) == pem_text(key())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            lambda: pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505
            "this key has 1024 bits, and fewer than 2048 are not safe",
        ),
        (lambda: pem(ed25519.Ed25519PrivateKey.generate()), "not an RSA key"),
        (lambda: pem(key(), encryption=BestAvailableEncryption(b"secret")), "passphrase"),
        (lambda: pem_text(key())[:400], "not a private key in PEM form"),
        (lambda: "", "not a private key in PEM form"),
        (lambda: "v=DKIM1; k=rsa; p=MIIB", "not a private key in PEM form"),
    ],
    ids=["short", "ed25519", "passphrase", "cut off", "empty", "the record"],
)
def test_any_other_key_is_refused_with_the_way_out(text: object, words: str) -> None:
    assert callable(text)
    content = text()
    with pytest.raises(SecretKeyError, match=words) as refused:
        read_key(content, where="dkim.key")
    assert refused.value.where == "dkim.key"
    assert "briefingfeed dkim make" in (refused.value.remedy or "")
    assert not content or content not in str(refused.value)


@pytest.mark.parametrize(
    ("domain", "sender", "counts"),
    [
        ("example.org", "example.org", True),
        ("Example.org", "example.ORG", True),
        ("example.org", "news.example.org", True),
        ("mail.example.org", "example.org", True),
        ("example.net", "example.org", False),
        ("ample.org", "example.org", False),
        ("a.example.org", "b.example.org", False),
    ],
)
def test_a_signature_counts_for_its_domain_and_those_in_line_with_it(domain: str, sender: str, counts: bool) -> None:
    assert is_aligned(domain, sender) is counts
