"""The mail that the yardsticks send: a digest's size, text and HTML, an unsubscribe link of each reader's own.

Plain short lines that need no encoding, which is the cheapest content there is. Only the standard library: it is
imported in a yardstick's own environment, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage

SENDER = "Measured <digest@measured.example.net>"
SUBJECT = "Measured: what everybody thinks of the harbour, and when"
TEXT = "The council asks what everybody thinks.\n"
HTML = "<p>The council asks what everybody thinks of it.</p>\n"


@dataclass(frozen=True, slots=True)
class Bulletin:
    text: str
    html: str

    @classmethod
    def of(cls, octets: int) -> Bulletin:
        """One whose mails have about so many octets: a fourth of the body is text."""
        room = octets - len(cls("", "").mail(0).as_bytes(policy=EmailMessage().policy.clone(linesep="\r\n")))
        text = TEXT * (room // 4 // (len(TEXT) + 1))
        return cls(text, HTML * ((room - len(text) - text.count("\n")) // (len(HTML) + 1)))

    def address(self, number: int) -> str:
        return f"reader-{number}@readers.example.net"

    def link(self, number: int) -> str:
        return f"https://measured.example.net/unsubscribe/{number:032x}"

    def headers(self, number: int) -> dict[str, str]:
        """What a mail to many has to have besides From, To and Subject."""
        return {
            "List-Id": "Measured <weekly.measured.example.net>",
            "List-Unsubscribe": f"<{self.link(number)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def bodies(self, number: int) -> tuple[str, str]:
        link = self.link(number)
        return f"{self.text}Leave: {link}\n", f'{self.html}<a href="{link}">Leave</a>\n'

    def mail(self, number: int) -> EmailMessage:
        """As most scripts build it, for one reader."""
        message = EmailMessage()
        message["From"] = SENDER
        message["To"] = self.address(number)
        message["Subject"] = SUBJECT
        message["Date"] = "Mon, 16 Nov 2026 08:00:00 +0000"
        message["Message-ID"] = f"<{number:032x}@measured.example.net>"
        for name, value in self.headers(number).items():
            message[name] = value
        text, html = self.bodies(number)
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message
