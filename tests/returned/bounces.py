"""Mails as mail servers give them back, in the forms that the common ones write; the words are made up.

Each function takes the copy that came back and returns the octets of the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import indent


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of ours, as far as reports repeat it."""

    recipient: str = "ann@readers.example"
    return_path: str = "bounces+aaaaaaaaaaaaaaaaaaaaaaaa@briefings.example"
    message_id: str = "<AbCdEfGhIjKlMnOpQrStUvWxYz012345@briefings.example>"
    token: str = "3f2b8c1d9e4a4b6f8a7c5d1e2f3a4b5c.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"

    @property
    def header(self) -> str:
        return (
            "From: Lantern Street Briefings <briefings@briefings.example>\n"
            f"To: {self.recipient}\n"
            "Subject: Lantern Street Briefings: Buses\n"
            "Date: Mon, 23 Nov 2026 08:05:00 +0000\n"
            f"Message-ID: {self.message_id}\n"
            f"List-Unsubscribe: <https://briefings.example/u/{self.token}>\n"
            "Precedence: bulk\n"
        )


def report(
    copy: Copy,
    words: str,
    status: str,
    *,
    sender: str = "MAILER-DAEMON@mx.readers.example (Mail Delivery System)",
    subject: str = "Undelivered Mail Returned to Sender",
    more: str = "",
    returned: str | None = None,
    returned_type: str = "text/rfc822-headers",
    status_type: str = "message/delivery-status",
) -> bytes:
    """A multipart/report of RFC 3462, as Postfix and most others write it."""
    original = copy.header if returned is None else returned
    return (
        f"Return-Path: <>\nDelivered-To: {copy.return_path}\n{more}"
        f"From: {sender}\nTo: {copy.return_path}\nSubject: {subject}\n"
        "Date: Mon, 23 Nov 2026 08:06:12 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="=_report/1"\n\n'
        "This is a MIME-encapsulated message.\n\n"
        f"--=_report/1\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n"
        f"--=_report/1\nContent-Description: Delivery report\nContent-Type: {status_type}\n\n{status}\n"
        f"--=_report/1\nContent-Type: {returned_type}\n\n{original}\n--=_report/1--\n"
    ).encode()


def fields(copy: Copy, action: str, status: str, diagnostic: str = "", *, per_message: str = "") -> str:
    lines = f"Final-Recipient: rfc822; {copy.recipient}\nAction: {action}\nStatus: {status}\n"
    if diagnostic:
        lines += f"Diagnostic-Code: smtp; {diagnostic}\n"
    return f"Reporting-MTA: dns; relay.briefings.example\n{per_message}\n{lines}"


def postfix_unknown_user(copy: Copy) -> bytes:
    said = f"550 5.1.1 <{copy.recipient}>: Recipient address rejected:\n    User unknown in virtual mailbox table"
    status = fields(
        copy,
        "failed",
        "5.1.1",
        said,
        per_message=f"X-Postfix-Queue-ID: 4F00C1\nX-Postfix-Sender: rfc822; {copy.return_path}\n",
    )
    words = f"I'm sorry, your message could not be delivered.\n\n<{copy.recipient}>: host mx said: {said}"
    return report(copy, words, status, more="Auto-Submitted: auto-replied\n")


def postfix_gave_up(copy: Copy) -> bytes:
    said = "connect to mx.readers.example[192.0.2.7]:25: Connection timed out"
    return report(copy, said, fields(copy, "failed", "4.4.1", said), more="Auto-Submitted: auto-replied\n")


def postfix_delayed(copy: Copy) -> bytes:
    return report(
        copy,
        "THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND.",
        fields(copy, "delayed", "4.4.1", "Connection timed out")
        + "Will-Retry-Until: Sat, 28 Nov 2026 08:05:00 +0000\n",
        subject="Delayed Mail (still being retried)",
        more="Auto-Submitted: auto-replied\n",
    )


def postfix_delivered(copy: Copy) -> bytes:
    return report(copy, "Your mail was delivered.", fields(copy, "delivered", "2.0.0", "250 2.0.0 Ok: queued as 1"))


def exim_report(copy: Copy) -> bytes:
    """Exim since 4.8x."""
    words = (
        "This message was created automatically by mail delivery software.\n\nA message could not be delivered:\n\n"
        f"  {copy.recipient}\n    host mx.readers.example\n    SMTP error from remote mail server after RCPT TO:"
        f"<{copy.recipient}>:\n    550 no such mailbox"
    )
    status = fields(copy, "failed", "5.0.0", "550 no such mailbox").replace("rfc822; ", "rfc822;")
    more = f"X-Failed-Recipients: {copy.recipient}\nAuto-Submitted: auto-replied\n"
    return report(
        copy,
        words,
        status,
        more=more,
        sender="Mail Delivery System <Mailer-Daemon@exim.readers.example>",
        subject="Mail delivery failed: returning message to sender",
        returned_type="message/rfc822",
    )


def exim_plain(copy: Copy) -> bytes:
    """Older Exim: no MIME, the mail at the end of the text."""
    return (
        f"Return-path: <>\nEnvelope-to: {copy.return_path}\nX-Failed-Recipients: {copy.recipient}\n"
        "Auto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@exim.readers.example>\n"
        f"To: {copy.return_path}\nSubject: Mail delivery failed: returning message to sender\n\n"
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\n"
        "recipients. This is a permanent error. The following address(es) failed:\n\n"
        f"  {copy.recipient}\n    SMTP error from remote mail server after RCPT TO:<{copy.recipient}>:\n"
        "    host mx.readers.example [192.0.2.7]: 550 5.1.1 Mailbox does not exist\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n"
        f"Return-path: <{copy.return_path}>\n{copy.header}\nThe text.\n"
    ).encode()


def exchange_not_found(copy: Copy) -> bytes:
    said = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
    status = fields(copy, "failed", "5.1.10", said).replace("Final-Recipient: rfc822; ", "Final-Recipient: rfc822;")
    return report(
        copy,
        f"Delivery has failed to these recipients or groups:\n\n{copy.recipient}\nThe address couldn't be found.",
        status,
        sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@readers.example>",
        subject="Undeliverable: Lantern Street Briefings: Buses",
        more=f"In-Reply-To: {copy.message_id}\nReferences: {copy.message_id}\nX-MS-Exchange-Message-Is-Ndr:\n",
        returned_type="message/rfc822",
    )


def exchange_blocked(copy: Copy) -> bytes:
    said = "550 5.7.1 Service unavailable, message from 192.0.2.1 was blocked using a list"
    return report(copy, said, fields(copy, "failed", "5.7.1", said), subject="Undeliverable")


def gmail_unknown_user(copy: Copy) -> bytes:
    said = "550-5.1.1 The email account that you tried to reach does not exist.\n 550 5.1.1 Learn more - gsmtp"
    status = (
        f"Reporting-MTA: dns; googlemail.com\nArrival-Date: Mon, 23 Nov 2026 00:06:10 -0800 (PST)\n"
        f"X-Original-Message-ID: {copy.message_id}\n\n"
        f"Final-Recipient: rfc822; {copy.recipient}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; {said}\n"
        "Last-Attempt-Date: Mon, 23 Nov 2026 00:06:11 -0800 (PST)\n"
    )
    return report(
        copy,
        f"** Address not found **\n\nYour message wasn't delivered to {copy.recipient}.",
        status,
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        subject="Delivery Status Notification (Failure)",
        more=f"X-Failed-Recipients: {copy.recipient}\nIn-Reply-To: {copy.message_id}\n",
        returned_type="message/rfc822",
    )


def gmail_mailbox_full(copy: Copy) -> bytes:
    said = "552 5.2.2 The email account that you tried to reach is over quota and inactive. - gsmtp"
    return report(copy, said, fields(copy, "failed", "5.2.2", said), sender="<mailer-daemon@googlemail.com>")


def qmail(copy: Copy) -> bytes:
    """qmail's own form (QSBMF): plain text, its returned mail below a line."""
    return (
        f"Return-Path: <>\nDelivered-To: {copy.return_path}\nFrom: MAILER-DAEMON@qmail.readers.example\n"
        f"To: {copy.return_path}\nSubject: failure notice\nDate: 23 Nov 2026 08:07:00 -0000\n\n"
        "Hi. This is the qmail-send program at qmail.readers.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{copy.recipient}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\n"
        f"Return-Path: <{copy.return_path}>\n{copy.header}\nThe text.\n"
    ).encode()


def sendmail(copy: Copy) -> bytes:
    said = f"550 5.1.1 <{copy.recipient}>... User unknown"
    status = (
        "Reporting-MTA: dns; sendmail.readers.example\nReceived-From-MTA: DNS; relay.briefings.example\n"
        "Arrival-Date: Mon, 23 Nov 2026 08:05:01 GMT\n\n"
        f"Original-Recipient: RFC822;{copy.recipient}\nFinal-Recipient: RFC822; {copy.recipient}\nAction: failed\n"
        f"Status: 5.1.1\nRemote-MTA: DNS; mx.readers.example\nDiagnostic-Code: SMTP; {said}\n"
    )
    words = (
        f"   ----- The following addresses had permanent fatal errors -----\n<{copy.recipient}>\n    (reason: {said})"
    )
    return report(
        copy,
        words,
        status,
        sender="Mail Delivery Subsystem <MAILER-DAEMON@sendmail.readers.example>",
        subject="Returned mail: see transcript for details",
        returned_type="message/rfc822",
    )


def international(copy: Copy) -> bytes:
    """RFC 6533: its fields are in UTF-8."""
    status = (
        "Reporting-MTA: dns; mx.readers.example\n\nFinal-Recipient: utf-8; jürgen@readers.example\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 kein Postfach für jürgen\n"
    )
    return report(
        copy, "unknown", status, status_type="message/global-delivery-status", returned_type="message/global-headers"
    )


def without_status(copy: Copy) -> bytes:
    return report(copy, "no", f"Reporting-MTA: dns; x.example\n\nFinal-Recipient: {copy.recipient}\nAction: failed\n")


def a_list_behind_the_address(copy: Copy) -> bytes:
    """One member of a list is gone; the list itself got the copy."""
    status = (
        "Reporting-MTA: dns; lists.readers.example\n\n"
        "Final-Recipient: rfc822; gone@readers.example\nAction: failed\nStatus: 5.1.1\n\n"
        f"Final-Recipient: rfc822; {copy.recipient}\nAction: expanded\nStatus: 2.0.0\n"
    )
    return report(copy, "Some members could not be reached.", status)


PERMANENT: dict[Callable[[Copy], bytes], tuple[int | None, str | None]] = {
    postfix_unknown_user: (550, "5.1.1"),
    exim_report: (550, "5.0.0"),
    exim_plain: (550, "5.1.1"),
    exchange_not_found: (550, "5.1.10"),
    exchange_blocked: (550, "5.7.1"),
    gmail_unknown_user: (550, "5.1.1"),
    gmail_mailbox_full: (552, "5.2.2"),
    qmail: (None, "5.1.1"),
    sendmail: (550, "5.1.1"),
    international: (550, "5.1.1"),
    without_status: (None, None),
}
"""Each with the code and the enhanced code that it gives."""


def quoted(raw: bytes) -> str:
    return indent(raw.decode(), "> ")
