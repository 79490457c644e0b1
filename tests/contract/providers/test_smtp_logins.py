"""Every way to log in, against a server that checks it by the RFC; and what is said when it is refused."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as TheirSession

from briefingfeed.errors import ConfigurationError, ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.providers.smtp import Auth, Security, SmtpProvider, SmtpSettings
from servers.aiosmtpd_server import Mailbox, aiosmtpd
from servers.certificates import Authority
from servers.recorded_work import RecordedWork
from servers.smtp_sink import Options, SmtpSink

pytestmark = pytest.mark.anyio

NAME, PASSWORD, TOKEN = "ann@example.org", "canary pässword", "ya29.canary-token"
READERS = [f"r{number}@example.org" for number in range(3)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def sink(
    folder: Path, mechanisms: str, authority: Authority | None, secret: str = PASSWORD, unknown: str = ""
) -> SmtpSink:
    certificate = str(authority.issue("127.0.0.1")) if authority else ""
    options = Options(
        certificate=certificate, auth=(NAME, secret), mechanisms=mechanisms, unknown_mechanisms=unknown, latency=0.0
    )
    return SmtpSink(folder, options)


def provider(
    server: SmtpSink, authority: Authority | None, password: str | None, token: str | None = None, **changes: Any
) -> SmtpProvider:
    settings = SmtpSettings(
        host="127.0.0.1",
        port=server.port,
        security=Security.STARTTLS if authority else Security.NONE,
        ca_file=authority.file if authority else None,
        username=NAME,
        retry_pause=0.01,
        timeout=60.0,
        **changes,
    )
    return SmtpProvider(settings, password, token)


async def mechanism_used(server: SmtpSink, delivering: SmtpProvider) -> str:
    work = RecordedWork(READERS)
    await delivering.deliver(work)
    assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    used = [command for command in server.commands() if command.startswith("AUTH")]
    return used[-1].removeprefix("AUTH ")


@pytest.mark.parametrize(
    ("mechanisms", "encrypted", "used"),
    [
        ("CRAM-MD5 LOGIN PLAIN", True, "PLAIN"),
        ("CRAM-MD5 LOGIN", True, "LOGIN"),
        ("CRAM-MD5", True, "CRAM-MD5"),
        ("XOAUTH2 PLAIN", True, "PLAIN"),
        ("PLAIN LOGIN CRAM-MD5", False, "CRAM-MD5"),
        ("PLAIN LOGIN", False, "PLAIN"),
        ("LOGIN", False, "LOGIN"),
    ],
)
async def test_the_best_way_that_is_offered_is_taken(
    mechanisms: str, encrypted: bool, used: str, authority: Authority, tmp_path: Path
) -> None:
    with sink(tmp_path, mechanisms, authority if encrypted else None) as server:
        assert await mechanism_used(server, provider(server, authority if encrypted else None, PASSWORD)) == used


@pytest.mark.parametrize("chosen", [Auth.PLAIN, Auth.LOGIN, Auth.CRAM_MD5])
async def test_the_way_that_the_settings_name_is_taken(chosen: Auth, authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, "PLAIN LOGIN CRAM-MD5 XOAUTH2", authority) as server:
        delivering = provider(server, authority, PASSWORD, "a token that is not asked for", auth=chosen)
        assert await mechanism_used(server, delivering) == chosen.value.upper()


@pytest.mark.parametrize("token", [TOKEN, "long." * 500])
async def test_a_token_goes_before_a_password_also_one_that_no_command_line_holds(
    token: str, authority: Authority, tmp_path: Path
) -> None:
    with sink(tmp_path, "PLAIN XOAUTH2", authority, token) as server:
        assert await mechanism_used(server, provider(server, authority, PASSWORD, token)) == "XOAUTH2"


async def test_a_server_that_takes_no_token_gets_the_password(authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, "PLAIN", authority) as server:
        assert await mechanism_used(server, provider(server, authority, PASSWORD, TOKEN)) == "PLAIN"


@pytest.mark.parametrize("password", ["x" * 200, "ünï · cödé", " spaces kept "])
async def test_cram_md5_agrees_with_the_rfc_for_every_password(
    password: str, authority: Authority, tmp_path: Path
) -> None:
    with sink(tmp_path, "CRAM-MD5", authority, password) as server:
        assert await mechanism_used(server, provider(server, authority, password)) == "CRAM-MD5"


async def test_what_is_offered_but_not_known_is_passed_over(authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, "CRAM-MD5", authority, unknown="PLAIN LOGIN") as server:
        assert await mechanism_used(server, provider(server, authority, PASSWORD)) == "CRAM-MD5"
        assert [command for command in server.commands() if command.startswith("AUTH")] == [
            "AUTH PLAIN",
            "AUTH LOGIN",
            "AUTH CRAM-MD5",
        ]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_wrong_password_is_tried_once_and_named(mechanism: str, authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, mechanism, authority, "another") as server:
        with pytest.raises(ProviderError, match="refused our login: 535") as caught:
            await provider(server, authority, PASSWORD).deliver(RecordedWork(READERS))
        assert "BRIEFINGFEED_SMTP_PASSWORD" in str(caught.value.remedy)
        assert PASSWORD not in str(caught.value)
        assert [command for command in server.commands() if command.startswith("AUTH")] == [f"AUTH {mechanism}"]


async def test_a_token_that_is_over_is_refused_with_the_servers_own_words(authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, "PLAIN XOAUTH2", authority, "a newer one") as server:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match=r"refused our login: 535 .*status 400, schemes Bearer") as caught:
            await provider(server, authority, PASSWORD, TOKEN).deliver(work)
        assert "BRIEFINGFEED_SMTP_TOKEN" in str(caught.value.remedy)
        assert TOKEN not in str(caught.value)
        assert set(work.results.values()) <= {Result.RETURNED}
        assert not [command for command in server.commands() if command.startswith(("MAIL", "AUTH PLAIN"))]


async def test_without_a_way_that_both_know_the_offer_and_ours_are_named(authority: Authority, tmp_path: Path) -> None:
    with sink(tmp_path, "GSSAPI NTLM", authority) as server:
        with pytest.raises(ProviderError, match=r"offers GSSAPI, NTLM; we would take XOAUTH2\.") as caught:
            await provider(server, authority, PASSWORD, TOKEN, auth=Auth.XOAUTH2).deliver(RecordedWork(READERS))
        assert "remove auth" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("auth", "password", "token", "words"),
    [
        (None, None, None, "BRIEFINGFEED_SMTP_PASSWORD"),
        (None, "", "", "BRIEFINGFEED_SMTP_PASSWORD"),
        (Auth.XOAUTH2, PASSWORD, None, "BRIEFINGFEED_SMTP_TOKEN"),
        (Auth.PLAIN, None, TOKEN, "BRIEFINGFEED_SMTP_PASSWORD"),
        (None, "two\nlines", None, "one line"),
        (None, None, "to\x01ken", "one line"),
    ],
)
def test_a_missing_or_broken_secret_is_refused_before_anything_is_said(
    auth: Auth | None, password: str | None, token: str | None, words: str
) -> None:
    settings = SmtpSettings(host="mail.example.org", username=NAME, auth=auth)
    with pytest.raises(ConfigurationError) as caught:
        SmtpProvider(settings, password, token)
    assert words in str(caught.value.remedy)
    assert (password or "-") not in str(caught.value)


async def test_aiosmtpd_knows_our_login_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost"))
    mailbox = Mailbox()

    def authenticate(server: SMTP, session: TheirSession, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(NAME.encode(), PASSWORD.encode()))

    for chosen in (Auth.PLAIN, Auth.LOGIN):
        options = {"tls_context": context, "require_starttls": True, "authenticator": authenticate}
        with aiosmtpd(mailbox, auth_required=True, **options) as port:
            settings = SmtpSettings(host="localhost", port=port, username=NAME, ca_file=authority.file, auth=chosen)
            work = RecordedWork(READERS)
            await SmtpProvider(settings, PASSWORD).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
    assert len(mailbox.envelopes) == 2 * len(READERS)
