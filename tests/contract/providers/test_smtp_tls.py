"""Nothing but greetings crosses a connection that is not encrypted to the server we meant; no password, no address."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from briefingfeed.errors import ConfigurationError, ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.certificates import Authority
from servers.recorded_work import RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

LOGIN = ("ann", "canary pässword")
READERS = [f"r{number}@example.org" for number in range(5)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def provider(sink: SmtpSink, authority: Authority | None, security: Security, **changes: object) -> SmtpProvider:
    settings = {"host": "127.0.0.1", "retry_pause": 0.01, "timeout": 60.0, "username": LOGIN[0], **changes}
    return SmtpProvider(
        SmtpSettings(
            port=sink.port,
            security=security,
            ca_file=authority.file if authority else None,
            **settings,  # type: ignore[arg-type]
        ),
        LOGIN[1],
    )


async def expect_nothing_said(sink: SmtpSink, delivering: SmtpProvider, words: str) -> ProviderError:
    work = RecordedWork(READERS)
    with pytest.raises(ProviderError, match=words) as caught:
        await delivering.deliver(work)
    # To a plain server the octets of a TLS greeting are commands of nobody's; what matters is what must not be said.
    said = {command.split(" ")[0].upper() for command in sink.commands()}
    assert not said & {"AUTH", "MAIL", "RCPT", "DATA", "BDAT"}
    assert sink.messages() == []
    assert set(work.results.values()) <= {Result.RETURNED}
    assert LOGIN[1] not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"])
async def test_encrypted_and_logged_in_the_mail_goes(
    security: Security, mechanisms: str, authority: Authority, tmp_path: Path
) -> None:
    certificate = str(authority.issue("127.0.0.1"))
    options = Options(certificate=certificate, implicit_tls=security is Security.TLS, auth=LOGIN, mechanisms=mechanisms)
    with SmtpSink(tmp_path, options) as sink:
        work = RecordedWork(READERS)
        await provider(sink, authority, security).deliver(work)
        assert sink.counts() == dict.fromkeys(READERS, 1)
        commands = sink.commands()
        assert len([command for command in commands if command.startswith("AUTH")]) == 1
        assert [command.split(" ")[0] for command in commands].count("EHLO") == 1 + (security is Security.STARTTLS)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(
    ("host", "days", "self_signed", "trusted", "words"),
    [
        ("mail.example.org", (-1, 30), False, True, "belongs to another"),
        ("127.0.0.1", (-30, -1), False, True, "has expired"),
        ("127.0.0.1", (2, 30), False, True, "is not valid yet"),
        ("127.0.0.1", (-1, 30), True, True, "signed by the server itself"),
        ("127.0.0.1", (-1, 30), False, False, "this machine does not trust"),
    ],
)
async def test_a_certificate_that_proves_nothing_stops_everything(
    security: Security,
    host: str,
    days: tuple[int, int],
    self_signed: bool,
    trusted: bool,
    words: str,
    authority: Authority,
    tmp_path: Path,
) -> None:
    certificate = str(authority.issue(host, days=days, self_signed=self_signed))
    options = Options(certificate=certificate, implicit_tls=security is Security.TLS, auth=LOGIN)
    with SmtpSink(tmp_path, options) as sink:
        delivering = provider(sink, authority if trusted else None, security)
        error = await expect_nothing_said(sink, delivering, words)
        assert sink.commands().count("CONNECT") == 1
        assert "ca_file" in str(error.remedy)


@pytest.mark.parametrize(
    "options",
    [
        Options(auth=LOGIN),
        Options(auth=LOGIN, ehlo="502 5.5.1 what?"),
        Options(auth=LOGIN, ehlo="250 STARTTLS"),
        Options(auth=LOGIN, ehlo="250-mx.example\r\n250-XXXXXXXA\r\n250 AUTH PLAIN"),  # as some firewalls strip it
        Options(auth=LOGIN, starttls_answer="454 4.7.0 not now"),
        Options(auth=LOGIN, starttls_answer="250 yes"),
    ],
)
async def test_without_starttls_nothing_is_said(options: Options, authority: Authority, tmp_path: Path) -> None:
    with_certificate = bool(options.starttls_answer[:3] != "220")
    if with_certificate:
        certificate = str(authority.issue("127.0.0.1"))
        options = Options(auth=LOGIN, starttls_answer=options.starttls_answer, certificate=certificate)
    with SmtpSink(tmp_path, options) as sink:
        await expect_nothing_said(sink, provider(sink, authority, Security.STARTTLS), "no STARTTLS")


async def test_words_injected_before_the_handshake_are_noticed(authority: Authority, tmp_path: Path) -> None:
    certificate = str(authority.issue("127.0.0.1"))
    for number, injected in enumerate(("250-mx.evil\r\n250 AUTH PLAIN\r\n", "250 half a line", "\r\n")):
        with SmtpSink(tmp_path / str(number), Options(certificate=certificate, auth=LOGIN, injected=injected)) as sink:
            await expect_nothing_said(sink, provider(sink, authority, Security.STARTTLS), "before the connection")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_server_that_only_knows_old_tls_gets_nothing(
    security: Security, authority: Authority, tmp_path: Path
) -> None:
    certificate = str(authority.issue("127.0.0.1"))
    options = Options(certificate=certificate, implicit_tls=security is Security.TLS, old_tls=True, auth=LOGIN)
    with SmtpSink(tmp_path, options) as sink:
        error = await expect_nothing_said(sink, provider(sink, authority, security), "TLS with the mail server failed")
        assert "version" in error.message.lower()


async def test_old_tls_is_refused_even_where_openssl_would_take_it(authority: Authority, tmp_path: Path) -> None:
    """The refusal above is ours, and not only the other side's missing ciphers."""
    with SmtpSink(tmp_path, Options(certificate=str(authority.issue("127.0.0.1")), implicit_tls=True)) as sink:
        context = provider(sink, authority, Security.TLS)._context()
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_plain_server_on_the_tls_port_is_told_apart(authority: Authority, tmp_path: Path) -> None:
    with SmtpSink(tmp_path, Options(auth=LOGIN)) as sink:
        await expect_nothing_said(sink, provider(sink, authority, Security.TLS), "TLS with the mail server failed")


async def test_long_password_goes_on_a_line_of_its_own(authority: Authority, tmp_path: Path) -> None:
    long = "ü" * 300
    options = Options(certificate=str(authority.issue("127.0.0.1")), auth=("ann", long), mechanisms="PLAIN")
    with SmtpSink(tmp_path, options) as sink:
        settings = SmtpSettings(host="127.0.0.1", port=sink.port, username="ann", ca_file=authority.file)
        work = RecordedWork(READERS)
        await SmtpProvider(settings, long).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}


@pytest.mark.parametrize(
    ("local", "result", "copies"),
    [
        ("drop-after-dot", Result.UNCERTAIN, 1),
        ("once-drop-at-data", Result.ACCEPTED, 1),
        ("garbage", Result.UNCERTAIN, 1),
    ],
)
async def test_faults_are_told_apart_under_tls_too(
    local: str, result: Result, copies: int, authority: Authority, tmp_path: Path
) -> None:
    with SmtpSink(tmp_path, Options(certificate=str(authority.issue("127.0.0.1")), auth=LOGIN)) as sink:
        work = RecordedWork([f"{local}@example.org", "next@example.org"])
        await provider(sink, authority, Security.STARTTLS).deliver(work)
        assert work.results == {f"{local}@example.org": result, "next@example.org": Result.ACCEPTED}
        assert sink.copies(f"{local}@example.org") == copies


async def test_drop_in_a_large_body_under_tls_is_safe_to_try_again(authority: Authority, tmp_path: Path) -> None:
    large = (b"Subject: Large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 300_000,)
    with SmtpSink(tmp_path, Options(certificate=str(authority.issue("127.0.0.1")), auth=LOGIN)) as sink:
        work = RecordedWork(["once-drop-in-body@example.org"], large)
        await provider(sink, authority, Security.STARTTLS, dot_timeout=30.0).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert sink.messages() == [("once-drop-in-body@example.org", large[0])]


def test_settings_refuse_what_is_not_safe_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only for a server on this machine"):
        SmtpSettings(host="mail.example.org", security=Security.NONE)
    with pytest.raises(ConfigurationError, match="password"):
        SmtpProvider(SmtpSettings(host="mail.example.org", username="ann"), None)
    (tmp_path / "empty.pem").write_text("")
    for missing in (tmp_path / "nowhere.pem", tmp_path / "empty.pem"):
        with pytest.raises(ConfigurationError, match="certificates to trust"):
            SmtpProvider(SmtpSettings(host="mail.example.org", ca_file=missing), None)


@pytest.mark.parametrize(("security", "port"), [(Security.STARTTLS, 587), (Security.TLS, 465), (Security.NONE, 25)])
def test_usual_ports(security: Security, port: int) -> None:
    assert SmtpSettings(security=security).usual_port == port
    assert SmtpSettings(security=security, port=2525).usual_port == 2525
