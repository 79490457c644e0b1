"""How `smtp_sink` behaves towards everybody. What it does to one recipient stands in the recipient's own name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    certificate: str = ""
    """PEM file with key and certificate; offers STARTTLS, or TLS at once with `implicit_tls`."""
    implicit_tls: bool = False
    old_tls: bool = False
    """TLS 1.1 at most."""
    starttls: bool = True
    """False: not offered, though a certificate is there."""
    starttls_answer: str = "220 go on"
    injected: str = ""
    """Sent in the same packet as the answer to STARTTLS."""
    auth: tuple[str, str] | None = None
    """The login it wants, as name and password; with XOAUTH2 as name and token."""
    mechanisms: str = "PLAIN LOGIN"
    unknown_mechanisms: str = ""
    """Offered, but answered with 504."""
    pipelining: bool = True
    smtputf8: bool = False
    size: int = 0

    greeting: str = "220 sink.example ESMTP"
    ehlo: str = ""
    """Answer to EHLO instead of the list of offers, such as `502 what?`."""
    mail: str = ""
    """Answer to every MAIL, such as `550 5.7.1 not you`."""
    rcpt: str = ""
    """Answer to every RCPT."""
    dot: str = ""
    """Answer to every dot; what it says no to is not kept."""

    close_after: int = 0
    """421 instead of an answer to MAIL after so many messages on one connection; 0: never."""
    drop_after: int = 0
    """Likewise, but it just closes the connection after it took so many."""
    most_connections: int = 0
    """421 instead of a greeting while so many are open."""
    greets: int = 0
    """So many connections are greeted; the others hear nothing and are kept. 0: all are greeted."""
    throttle_after: int = 0
    """So many messages in a row are taken; then `throttle_answer` at `throttle_at`, for `throttle_seconds`."""
    throttle_seconds: float = 0.2
    throttle_at: str = "rcpt"
    """`mail`, `rcpt` or `dot`."""
    throttle_answer: str = "454 4.7.0 Throttling failure: Maximum sending rate exceeded"

    latency: float = 0.0
    """Seconds before each answer."""
    trickle: float = 0.0
    """Seconds between two octets of an answer."""
    flood: str = ""
    """Repeated up to 10 MB instead of the answer at `flood_at`."""
    flood_at: str = "greeting"
    """`greeting`, `EHLO`, `RCPT` or `dot`."""
    early: str = ""
    """Sent in the same packet as 354, as if the message had been answered already."""
    boasts: str = ""
    """One more thing that it offers; STARTTLS without a `certificate` should have a `starttls_answer` that says no."""
    forgets: bool = False
    """Offers PIPELINING, but throws away what came in one packet with a command."""
    forgets_after_dot: bool = False
    """Likewise, but only what came in one packet with the end of a message."""
    seven_bits: bool = False
    """Offers 8BITMIME, but refuses a message that needs it."""
    no_parameters: bool = False
    """555 to every MAIL that has a parameter, whatever EHLO offered."""
    lax: bool = False
    """A dot between any two line ends, bare CR and LF included, ends a message: what SMTP smuggling lives on."""
