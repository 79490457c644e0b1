"""Mails that come to the same address and are no bounces: complaints, wishes to leave, automatic answers, anything."""

from __future__ import annotations

from returned.bounces import Copy, quoted


def complaint(copy: Copy, kind: str = "abuse", *, with_return_path: bool = True) -> bytes:
    """A feedback report of RFC 5965; the recipient is redacted, as feedback loops like to."""
    mail_from = f"Original-Mail-From: <{copy.return_path}>\n" if with_return_path else ""
    original = copy.header.replace(copy.recipient, "redacted@readers.example")
    return (
        "From: feedback@loop.example\nTo: abuse@briefings.example\nSubject: FW: Lantern Street Briefings: Buses\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="arf"\n\n'
        "--arf\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        "--arf\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: Loop/1.0\nVersion: 1\n{mail_from}Source-IP: 192.0.2.1\n\n"
        f"--arf\nContent-Type: message/rfc822\n\n{original}\nThe text.\n--arf--\n"
    ).encode()


def wish(
    subject: str, *, to: str = "leave@briefings.example", sender: str = "ann@readers.example", body: str = ""
) -> bytes:
    """A mail that a person, or their mail program, sends to the unsubscribe address."""
    return (
        f"Return-Path: <{sender}>\nDelivered-To: {to}\nFrom: Ann <{sender}>\nTo: {to}\nSubject: {subject}\n"
        f"Date: Tue, 24 Nov 2026 11:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"
    ).encode()


def vacation(copy: Copy, *, null_sender: bool = True) -> bytes:
    """A Sieve vacation answer (RFC 5230), which quotes what it answers."""
    return (
        f"Return-Path: <{'' if null_sender else copy.recipient}>\nDelivered-To: {copy.return_path}\n"
        f"From: {copy.recipient}\nTo: {copy.return_path}\nSubject: Auto: Lantern Street Briefings: Buses\n"
        f"In-Reply-To: {copy.message_id}\nAuto-Submitted: auto-replied (vacation)\n\n"
        f"I am away. Mail could not be delivered to me:\n{quoted(copy.header.encode())}"
    ).encode()


def out_of_office(copy: Copy) -> bytes:
    """Without any field that says so; only the subject does."""
    return (
        f"Return-Path: <{copy.recipient}>\nFrom: {copy.recipient}\nTo: {copy.return_path}\n"
        "Subject: Out of Office: Buses\n\nBack on Monday.\n"
    ).encode()


def challenge(copy: Copy) -> bytes:
    return (
        f"Return-Path: <verify@guard.example>\nFrom: verify@guard.example\nTo: {copy.return_path}\n"
        "Subject: Please confirm your message\nPrecedence: bulk\nAuto-Submitted: auto-replied\n\nClick to prove it.\n"
    ).encode()


def read_receipt(copy: Copy) -> bytes:
    return (
        f"From: {copy.recipient}\nTo: {copy.return_path}\nSubject: Read: Buses\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="mdn"\n\n'
        "--mdn\nContent-Type: text/plain\n\nIt was read.\n\n--mdn\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; {copy.recipient}\nDisposition: manual-action/MDN-sent-manually; displayed\n\n"
        "--mdn--\n"
    ).encode()


def advertisement(to: str = "bounces@briefings.example") -> bytes:
    return (
        f"Return-Path: <shop@spam.example>\nFrom: Shop <shop@spam.example>\nTo: {to}\nSubject: Buy now\n"
        'Content-Type: text/html; charset="x-unheard-of"\n\n<p>Cheap!</p>\n'
    ).encode()
