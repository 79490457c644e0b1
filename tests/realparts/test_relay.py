"""A whole edition through Postfix to a server behind it: what arrives is what was rendered, whatever stops."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acceptance.newsroom import assert_is_copy, parse
from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from realparts.second_hop import SecondHop
from servers.certificates import Authority
from servers.dovecot import PASSWORD, USERNAME, dovecot
from servers.ports import free_port
from servers.postfix import FAST_QUEUE, HOME, running_postfix
from servers.postgres import PostgresServer
from servers.smtp_sink import SmtpSink

READERS = addresses(40)
CONNECTIONS = 2
BOUNCES = f'[bounces]\naddress = "bounces@{HOME}"\nunsubscribe_address = "leave@{HOME}"\n'


@contextmanager
def second_hop(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[SecondHop]:
    with (
        SmtpSink(folder / "sink", port=free_port()) as sink,
        running_postfix(next_hop=sink.port, settings=FAST_QUEUE | dict(settings or {})) as postfix,
    ):
        yield SecondHop(postfix, sink)


def _trial(folder: Path, command: WarmCommand, hop: SecondHop, **more: Any) -> Trial:
    chosen = {"database_url": f"sqlite:///{folder / 'ledger.db'}", "readers": READERS, "tables": BOUNCES} | more
    return Trial(folder / "publication", command, hop, connections=CONNECTIONS, **chosen)


def test_all_is_stopped_in_the_middle_and_everybody_gets_one_copy(tmp_path: Path, command: WarmCommand) -> None:
    with second_hop(tmp_path) as hop:
        trial = _trial(tmp_path, command, hop)
        with trial.stopped_at("after-reply:12") as run:
            hop.postfix.wait_until_empty()
            hop.postfix.stop()
        assert run.wait() in (0, 1, 75), run.err
        arrived = hop.counts().total()
        assert 0 < arrived < len(READERS)

        hop.sink.stop()
        hop.postfix.start()
        assert trial.dies_at("after-dot:9"), "Postfix holds by then what the next server doesn't take"
        trial.send_on()
        assert hop.counts().total() == arrived
        hop.postfix.stop(signal.SIGKILL)
        assert len(hop.postfix.queue()) >= trial.tally["accepted"] - arrived

        hop.sink.start()
        hop.postfix.start()
        hop.postfix.flush()
        hop.postfix.wait_until_empty()
        trial.assert_invariants(uncertain=2 * 2 * CONNECTIONS)
        assert trial.tally["accepted"] >= len(READERS) - 2 * 2 * CONNECTIONS
        trial.assert_silent()


def test_postgresql_restarts_between_dot_and_record_and_between_bounces(
    tmp_path: Path, command: WarmCommand, postgres: PostgresServer
) -> None:
    gone = "550-5.1.1.gone@example.org"
    with second_hop(tmp_path) as hop:
        tables = f'{BOUNCES}maildir = "{hop.postfix.maildir}"\n'
        trial = _trial(
            tmp_path, command, hop, database_url=postgres.fresh_url(), readers=[gone, *READERS], tables=tables
        )
        assert trial.dies_at("after-reply:7")
        with trial.stopped_at("after-dot:9") as run:
            postgres.restart(signal.SIGQUIT)
        assert run.wait() in (0, 1), run.err
        trial.send_on()
        hop.postfix.wait_until_empty()
        trial.assert_invariants(uncertain=2 * CONNECTIONS, vouched=[gone])

        postgres.stop()
        assert trial.run("bounces", "read").returncode == 75
        postgres.start()
        trial.run("bounces", "read", expect=0)
        trial.assert_silent()
        assert not list(hop.postfix.maildir.glob("new/*"))
    shown = json.loads(trial.run("subscribers", "show", gone, "--json", expect=0).stdout)
    assert (shown["suppressed"], trial.books.suppressed()) == ("bounced", 1)
    assert trial.states[gone] == "accepted", "if it was unclear, its bounce says that the server had it"


def test_what_arrives_over_tls_and_a_login_is_what_was_rendered(tmp_path: Path, command: WarmCommand) -> None:
    """Postfix takes nothing without TLS, and asks Dovecot whether the login is right."""
    authority = Authority(tmp_path)
    certificate = str(authority.issue("127.0.0.1"))
    with dovecot() as logins:
        wanted = {
            "mynetworks": "",
            "smtpd_recipient_restrictions": "permit_sasl_authenticated,reject",
            "smtpd_tls_security_level": "encrypt",
            "smtpd_tls_chain_files": certificate,
            "smtpd_tls_auth_only": "yes",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:127.0.0.1:{logins.login_port}",
            "smtp_destination_concurrency_limit": "1",
        }
        with second_hop(tmp_path, wanted) as hop:
            trial = _trial(
                tmp_path, command, hop, more=f'username = "{USERNAME}"\nca_file = "{authority.file}"',
                environment={"BRIEFINGFEED_SMTP_PASSWORD": PASSWORD},
            )  # fmt: skip
            settings = trial.folder / "briefingfeed.toml"
            text = settings.read_text("utf-8").replace('security = "none"', 'security = "starttls"')
            settings.write_text(text, "utf-8")
            trial.send_on(0)
            hop.postfix.wait_until_empty()
            trial.assert_invariants()
            assert hop.postfix.lines("sasl_username=bounces")
    _assert_intact(trial, hop)


def _assert_intact(trial: Trial, hop: SecondHop) -> None:
    """P8, with what Postfix wrote on top; and every copy has an identity, a link and an envelope sender of its own."""
    rendition, arrived = trial.rendition(), hop.sink.messages()
    for recipient, content in arrived:
        assert_is_copy(content, recipient, rendition)
    mails = [parse(content) for _, content in arrived]
    assert all(mail["Received"] for mail in mails)
    for field in ("Message-ID", "List-Unsubscribe"):
        assert len({mail[field] for mail in mails}) == len(READERS)
    senders = {recipient: sender for sender, recipient in hop.envelopes()}
    assert sorted(senders) == READERS
    assert len(set(senders.values())) == len(READERS)
    assert all(re.fullmatch(rf"bounces\+[a-z2-7]{{24}}@{re.escape(HOME)}", sender) for sender in senders.values())
