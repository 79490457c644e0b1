"""A mailbox on a real IMAP server: what is read, what stays, and what a person who reads along does not disturb."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from imapclient import IMAPClient

from briefingfeed.mailbox.imap import ImapAccount, ImapMailbox
from briefingfeed.mailbox.parsing import MOST_OCTETS
from briefingfeed.mailbox.source import MailboxError, MailboxRefusedError
from servers.dovecot import PASSWORD, USERNAME, Dovecot, dovecot


def account(server: Dovecot, **changes: Any) -> ImapAccount:
    known = ImapAccount(host=server.host, port=server.port, username=USERNAME, password=PASSWORD)
    return replace(known, **changes)


def opened(server: Dovecot, **changes: Any) -> ImapMailbox:
    return ImapMailbox(account(server, **changes), tls=ssl.create_default_context(cafile=str(server.authority)))


def mail(number: int) -> bytes:
    return b"Subject: mail %d\r\n\r\nText.\r\n" % number


def subjects(mailbox: ImapMailbox) -> list[bytes]:
    return [each.raw.split(b"\r\n")[0] for each in mailbox.fetch()]


def test_mails_are_read_whole_and_in_order(server: Dovecot) -> None:
    for number in range(3):
        server.deliver(f"{number}.test", mail(number))
    with opened(server) as mailbox:
        assert [each.raw for each in mailbox.fetch()] == [mail(0), mail(1), mail(2)]


def test_what_is_finished_is_removed_and_what_is_unclear_stays_flagged(server: Dovecot) -> None:
    for number in range(3):
        server.deliver(f"{number}.test", mail(number))
    with opened(server) as mailbox:
        first, second, _ = mailbox.fetch()
        mailbox.finish(first)
        mailbox.set_aside(second)
        assert mailbox.count_set_aside() == 1
    assert sorted(server.flags()) == ["1.test", "2.test"]
    assert "F" in server.flags()["1.test"]
    with opened(server) as mailbox:
        assert subjects(mailbox) == [b"Subject: mail 2"]


def test_with_keep_what_is_finished_stays_and_does_not_come_again(server: Dovecot) -> None:
    server.deliver("0.test", mail(0))
    with opened(server, keep=True) as mailbox:
        (only,) = mailbox.fetch()
        mailbox.finish(only)
    assert "S" in server.flags()["0.test"]
    with opened(server, keep=True) as mailbox:
        assert subjects(mailbox) == []


def _die_while_reading(server: Dovecot) -> None:
    with opened(server) as mailbox:
        next(mailbox.fetch())
        raise KeyboardInterrupt


def test_a_run_that_dies_leaves_its_mails_to_the_next(server: Dovecot) -> None:
    server.deliver("0.test", mail(0))
    with pytest.raises(KeyboardInterrupt):
        _die_while_reading(server)
    with opened(server) as mailbox:
        assert subjects(mailbox) == [b"Subject: mail 0"]


def test_what_a_run_had_finished_when_it_died_is_removed_by_the_next(server: Dovecot) -> None:
    server.deliver("0.test", mail(0))
    with pytest.raises(KeyboardInterrupt):
        _die_after_finishing(server)
    assert "T" in server.flags()["0.test"]
    with opened(server) as mailbox:
        assert subjects(mailbox) == []
    assert server.flags() == {}


def _die_after_finishing(server: Dovecot) -> None:
    with opened(server) as mailbox:
        mailbox.finish(next(mailbox.fetch()))
        raise KeyboardInterrupt


def test_what_a_person_has_read_in_a_mail_program_is_read_all_the_same(server: Dovecot) -> None:
    server.deliver("0.test", mail(0))
    tls = ssl.create_default_context(cafile=str(server.authority))
    with IMAPClient(server.host, port=server.port, ssl_context=tls, timeout=60) as person:
        person.login(USERNAME, PASSWORD)
        person.select_folder("INBOX")
        person.fetch([1], ["BODY[]"])
    with opened(server) as mailbox:
        assert subjects(mailbox) == [b"Subject: mail 0"]


def test_of_a_huge_mail_only_the_beginning_is_fetched(server: Dovecot) -> None:
    server.deliver("0.test", mail(0) + b"x" * 70 * 1024 * 1024)
    with opened(server) as mailbox:
        (only,) = mailbox.fetch()
        assert len(only.raw) == MOST_OCTETS
        mailbox.finish(only)
    assert server.flags() == {}


def test_a_wrong_password_needs_a_person(server: Dovecot) -> None:
    with pytest.raises(MailboxRefusedError) as refused, opened(server, password="wrong"):
        pass
    assert "password" in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_a_folder_that_is_not_there_needs_a_person(server: Dovecot) -> None:
    with pytest.raises(MailboxRefusedError, match="no folder Elsewhere"), opened(server, folder="Elsewhere"):
        pass


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_is_said(server: Dovecot) -> None:
    with pytest.raises(MailboxRefusedError, match="certificate"), ImapMailbox(account(server)):
        pass


@pytest.mark.parametrize(("host", "days"), [("imap.other.example", (-1, 30)), ("127.0.0.1", (-9, -1))])
def test_a_certificate_for_another_name_or_another_time_is_refused(host: str, days: tuple[int, int]) -> None:
    with dovecot(host, days=days) as other, pytest.raises(MailboxRefusedError, match="certificate"), opened(other):
        pass


def test_a_server_that_is_not_there_passes() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = ImapAccount(host="127.0.0.1", port=taken.getsockname()[1], username="x", password="y")
        with pytest.raises(MailboxError, match="cannot be used now"), ImapMailbox(nobody):
            pass


def test_a_server_that_talks_without_tls_is_told_nothing() -> None:
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                with suppress(OSError):
                    connection.sendall(b"* OK IMAP4rev1 ready\r\n")
                    while data := connection.recv(4096):
                        heard.extend(data)
                        connection.sendall(b"* BAD what?\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        plain = ImapAccount(host="127.0.0.1", port=server.getsockname()[1], username="user", password="secret")
        with pytest.raises(MailboxError), ImapMailbox(plain):
            pass
        thread.join(timeout=20)
    assert b"secret" not in heard
