"""One message, and somebody who waits for the answer: a test mail. The first session decides, as whoever asked can ask
again, and would rather hear what is wrong."""

from __future__ import annotations

from typing import Final

from briefingfeed.providers.smtp_convoy import Convoy
from briefingfeed.providers.smtp_troubles import SessionError

PATIENCE: Final = 60.0
"""Seconds for each step until a message can go. Servers that let strangers wait on purpose greet after 5 to 30 seconds;
RFC 5321 (4.5.3.2.1) asks for five minutes, but for programs, not for people."""


class Errand(Convoy):
    """A convoy that carries one message, and goes once."""

    def failed(self, trouble: SessionError) -> None:
        """Raises `trouble`, always."""
        raise trouble.over_one_mail()

    def was_told_before(self, recipient: str) -> bool:
        """True: nobody comes behind, who would wait for a trouble of this one's own server."""
        del recipient
        return True
