from __future__ import annotations

import subprocess
import sys
from dataclasses import is_dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefingfeed.config import load, read_table
from briefingfeed.errors import ConfigurationError
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.base import Limits
from briefingfeed.providers.capabilities import OURS
from briefingfeed.providers.registry import PROVIDERS, UNFIT, provider_spec
from briefingfeed.providers.smtp import Security, SmtpProvider
from publications import paths_in

SECRET = "a secret"


def at_noon() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> PathSettings:
    return paths_in(tmp_path)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_is_built_from_its_defaults_and_a_secret(name: str, paths: PathSettings) -> None:
    spec = provider_spec(name)
    assert is_dataclass(spec.settings)
    provider = spec.build(spec.settings(), dict.fromkeys(spec.secrets, SECRET), paths, at_noon)
    assert provider.name == name
    assert isinstance(provider.rehearses, bool)
    assert isinstance(provider.is_local, bool)
    assert SECRET not in repr(provider)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_secrets_file_is_a_key_of_the_settings(name: str) -> None:
    spec = provider_spec(name)
    for secret in spec.secrets:
        assert secret.variable.startswith("BRIEFINGFEED_")
        assert getattr(spec.settings(), secret.key) is None


SERVICES = [name for name in PROVIDERS if provider_spec(name).capabilities is not OURS]


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("secret", [None, "", "two\nlines", "zwölf-canary"])
def test_without_its_secret_no_service_is_made(name: str, secret: str | None, paths: PathSettings) -> None:
    spec = provider_spec(name)
    secrets = {} if secret is None else dict.fromkeys(spec.secrets, secret)
    with pytest.raises(ConfigurationError) as caught:
        spec.build(spec.settings(), secrets, paths, at_noon)
    assert "is missing or damaged" in str(caught.value)
    assert spec.secrets[0].variable in str(caught.value.remedy)
    assert "canary" not in f"{caught.value}{caught.value.remedy}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_away_from_this_machine_is_not_local_and_has_limits(name: str, paths: PathSettings) -> None:
    spec = provider_spec(name)
    settings = spec.settings(per_hour=5, per_day=9)
    provider = spec.build(settings, dict.fromkeys(spec.secrets, SECRET), paths, at_noon)
    assert (provider.is_local, provider.limits) == (False, Limits(per_hour=5, per_day=9))


@pytest.mark.parametrize("name", UNFIT)
def test_a_service_that_loses_the_unsubscribe_link_is_refused_with_the_reason(name: str, paths: PathSettings) -> None:
    file = paths.root / "briefingfeed.toml"
    file.write_text(f'[newsletter]\nprovider = "{name}"\n\n[{name}]\nkey = "x"\n')
    with pytest.raises(ConfigurationError, match=f"cannot be {name}: .*List-Unsubscribe") as caught:
        load(file, provider_names=PROVIDERS, unfit=UNFIT)
    assert "must be one of brevo, mailgun" in str(caught.value)
    assert ":2" in str(caught.value)


def test_only_the_outbox_rehearses(paths: PathSettings) -> None:
    specs = [provider_spec(name) for name in PROVIDERS]
    built = [spec.build(spec.settings(), dict.fromkeys(spec.secrets, SECRET), paths, at_noon) for spec in specs]
    assert [provider.name for provider in built if provider.rehearses] == ["outbox"]


def test_smtp_table_is_read_from_the_settings_file(paths: PathSettings) -> None:
    file = paths.root / "briefingfeed.toml"
    file.write_text('[smtp]\nhost = "mail.example.org"\nsecurity = "tls"\nconnections = 3\nrate = 2\n')
    table = {"host": "mail.example.org", "security": "tls", "connections": 3, "rate": 2}
    spec = provider_spec("smtp")
    provider = spec.build(read_table(spec.settings, table, file=file, name="smtp"), {}, paths, at_noon)
    assert isinstance(provider, SmtpProvider)
    assert provider.settings.security is Security.TLS
    assert provider.settings.where == "mail.example.org:465"
    assert provider.settings.rate == 2.0


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("smtp", {"host": "mail.example.org", "security": "none"}, "only for a server on this machine"),
        ("smtp", {"security": "maybe"}, "one of starttls, tls, none"),
        ("smtp", {"host": "two words"}, "name of a mail server"),
        ("smtp", {"host": "smtp://mail.example.org:587"}, "only the name"),
        ("smtp", {"host": "mail.example.org:587"}, "the port is `port`"),
        ("smtp", {"host": "mail.example.org/"}, "only the name"),
        ("smtp", {"port": 70_000}, "at most 65535"),
        ("smtp", {"connections": 51}, "at most 50"),
        ("smtp", {"helo": "me\r\nRCPT"}, ""),
        ("smtp", {"pasword": "x"}, "did you mean"),
        ("postmark", {"url": "http://example.org"}, "https"),
        ("postmark", {"batch": 1000}, "at most 500"),
        ("postmark", {"batch": 0}, "at least 1"),
        ("resend", {"batch": 101}, "at most 100"),
        ("resend", {"rate": 0}, "above 0"),
        ("brevo", {"url": "http://api.brevo.com"}, "https"),
        ("ses", {"connections": 51}, "at most 50"),
        ("ses", {"url": "http://email.eu-west-1.amazonaws.com"}, "https"),
        ("mailgun", {"region": "uk"}, "one of us, eu"),
        ("resend", {"url": "https://me:canary@api.resend.com"}, "no user or password"),
        ("sendgrid", {"connections": 0}, "at least 1"),
    ],
)
def test_wrong_tables_are_mistakes_with_words(
    name: str, table: dict[str, object], words: str, paths: PathSettings
) -> None:
    file = paths.root / "briefingfeed.toml"
    file.write_text("")
    with pytest.raises(ConfigurationError) as caught:
        read_table(provider_spec(name).settings, table, file=file, name=name)
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


def test_relative_files_are_below_the_publication(paths: PathSettings) -> None:
    spec = provider_spec("outbox")
    assert spec.build(spec.settings(), {}, paths, at_noon).folder == paths.state / "outbox"  # type: ignore[attr-defined]
    elsewhere = spec.settings(folder=Path("mails"))
    assert spec.build(elsewhere, {}, paths, at_noon).folder == paths.root / "mails"  # type: ignore[attr-defined]


def test_looking_up_names_imports_no_provider() -> None:
    """A command that sends nothing must not pay for HTTP and TLS."""
    code = "import sys, briefingfeed.providers.registry; print(int('httpx' in sys.modules or 'ssl' in sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "0"
