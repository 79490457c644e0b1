"""Who signs, by the settings: we only if they say so, with a key that is one, for a domain that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefingfeed.dkim.keys import pem_text
from briefingfeed.errors import ConfigurationError, SecretKeyError, TemporaryError
from briefingfeed.models.problem import Severity
from briefingfeed.publication import Publication
from briefingfeed.services.keeping.provider_setup import read_setup
from briefingfeed.services.sending.signing import record_of, record_problems, who_signs
from signatures import key, record

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SMTP = '[newsletter]\nprovider = "smtp"\nfrom = "Notes <notes@{domain}>"\n[smtp]\nhost = "{host}"\n{more}\n'
SIGNED = 'dkim_selector = "b1"\ndkim_key_file = "dkim.key"\n'


def publication(
    folder: Path,
    more: str = SIGNED,
    *,
    domain: str = "harbour.example",
    host: str = "mail.harbour.example",
    mode: int = 0o600,
    environ: Mapping[str, str] | None = None,
) -> Publication:
    (folder / "dkim.key").write_text(pem_text(key()), "ascii")
    (folder / "dkim.key").chmod(mode)
    file = folder / "briefingfeed.toml"
    file.write_text(SMTP.format(domain=domain, host=host, more=more), "utf-8")
    return Publication(file, environ or {}, lambda: NOW)


def test_nothing_is_signed_here_unless_the_settings_say_so(tmp_path: Path) -> None:
    opened = publication(tmp_path, "")
    assert opened.signer is None
    assert "your mail server has to" in who_signs(read_setup(opened.settings, "smtp", {}), None)
    assert "not ours to do" in who_signs(read_setup(opened.settings, "postmark", {}), None)
    assert not list(record_problems(None, opened.settings))


def test_the_key_signs_for_the_domain_of_the_sender(tmp_path: Path) -> None:
    signer = publication(tmp_path, domain="bücher.example").signer
    assert signer is not None
    assert (signer.domain, signer.selector, signer.unsigned) == ("xn--bcher-kva.example", "b1", frozenset())
    assert record_of(signer) == record("xn--bcher-kva.example")
    assert signer.key.private_numbers() == key().private_numbers()


def test_the_domain_above_may_sign_and_another_may_not(tmp_path: Path) -> None:
    above = publication(tmp_path, SIGNED + 'dkim_domain = "harbour.example"', domain="news.harbour.example")
    assert above.signer is not None
    assert "for harbour.example with the key b1" in who_signs(read_setup(above.settings, "smtp", {}), above.signer)
    with pytest.raises(ConfigurationError, match=r"a signature for example\.net does not count for mail from harbour"):
        _ = publication(tmp_path, SIGNED + 'dkim_domain = "example.net"').signer


def test_the_key_may_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"BRIEFINGFEED_DKIM_KEY": pem_text(key())}
    signer = publication(tmp_path, 'dkim_selector = "b1"', environ=environ).signer
    assert signer is not None
    assert signer.key.private_numbers() == key().private_numbers()


def test_a_key_that_is_missing_or_readable_by_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no key to sign with"):
        _ = publication(tmp_path, 'dkim_selector = "b1"').signer
    with pytest.raises(SecretKeyError, match="others on this machine can read"):
        _ = publication(tmp_path, mode=0o640).signer
    with pytest.raises(SecretKeyError, match=r"\[smtp\] dkim_key_file: this is not a private key"):
        _ = publication(tmp_path, environ={"BRIEFINGFEED_DKIM_KEY": "nonsense"}).signer


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('dkim_key_file = "dkim.key"', "dkim_selector is missing"),
        ('dkim_domain = "harbour.example"', "dkim_selector is missing"),
        ('dkim_selector = "b_1"', "dkim_selector must be a word"),
        ('dkim_selector = ""', "dkim_selector must be a word"),
        (SIGNED + 'dkim_domain = "example"', "dkim_domain must be a domain"),
        (SIGNED + 'dkim_domain = "exa mple.org"', "dkim_domain must be a domain"),
    ],
)
def test_settings_that_make_no_signature_are_refused_with_their_line(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        _ = publication(tmp_path, more).signer
    assert "briefingfeed.toml:" in str(refused.value)


@pytest.mark.parametrize("host", ["email-smtp.eu-west-1.amazonaws.com", "email-smtp-fips.us-east-2.amazonaws.com"])
def test_what_amazon_writes_anew_is_not_signed(tmp_path: Path, host: str) -> None:
    signer = publication(tmp_path, host=host).signer
    assert signer is not None
    assert set(signer.unsigned) == {"date", "message-id"}


def test_the_online_check_compares_the_record_with_the_key(tmp_path: Path) -> None:
    opened = publication(tmp_path)
    asked: list[str] = []

    def found(*texts: str) -> list[str]:
        def lookup(name: str) -> Sequence[str]:
            asked.append(name)
            return texts

        return [str(problem) for problem in record_problems(opened.signer, opened.settings, lookup)]

    assert found(record("harbour.example").text) == []
    (missing,) = found()
    assert "b1._domainkey.harbour.example: there is no DKIM record" in missing
    assert "briefingfeed dkim record" in missing
    assert set(asked) == {"b1._domainkey.harbour.example"}


def test_if_nobody_can_be_asked_that_is_a_warning(tmp_path: Path) -> None:
    def lookup(name: str) -> Sequence[str]:
        raise TemporaryError("nobody answers", where=name, remedy="try again")

    opened = publication(tmp_path)
    (problem,) = record_problems(opened.signer, opened.settings, lookup)
    assert (problem.severity, problem.remedy) == (Severity.WARNING, "try again")
