"""What Brevo tells later. https://developers.brevo.com/docs/transactional-webhooks

It signs nothing, so the address that is given to it holds a password. Its webhooks may gather several events in a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Report
from briefingfeed.providers.webhook import (
    Call,
    Told,
    UnreadableCallError,
    about,
    check_password,
    enhanced_code,
    instant,
    read_json,
    reply_code,
    words,
)


class _Meaning(NamedTuple):
    kind: EventKind
    permanent: bool = False
    enhanced_code: str | None = None
    """Where the mail server's own words hold none."""


_KINDS: Final[Mapping[str, _Meaning]] = {
    "delivered": _Meaning(EventKind.DELIVERED),
    "deferred": _Meaning(EventKind.DELAYED),
    "soft_bounce": _Meaning(EventKind.BOUNCED),
    "hard_bounce": _Meaning(EventKind.BOUNCED, True, "5.1.1"),
    "invalid_email": _Meaning(EventKind.BOUNCED, True, "5.1.3"),
    "blocked": _Meaning(EventKind.BOUNCED, True, "5.7.1"),
    "spam": _Meaning(EventKind.COMPLAINED),
    "complaint": _Meaning(EventKind.COMPLAINED),
    "unsubscribed": _Meaning(EventKind.UNSUBSCRIBED),
    "unsubscribe": _Meaning(EventKind.UNSUBSCRIBED),
}


class BrevoWebhook:
    def __init__(self, passwords: Sequence[str]) -> None:
        self._passwords = passwords

    async def read(self, call: Call) -> Sequence[Told]:
        check_password(call, self._passwords)
        found = read_json(call.body)
        events = found if isinstance(found, list) else [found]
        if not all(isinstance(each, dict) for each in events):
            raise UnreadableCallError("It is neither an event nor a list of events.")
        return [told for event in events if (told := _told(event))]


def _told(event: Mapping[str, Any]) -> Told | None:
    meaning = _KINDS.get(str(event.get("event")))
    if meaning is None:
        return None
    said = words(event.get("reason"))
    report = Report(
        kind=meaning.kind,
        about=about(mark=event.get("X-Mailin-custom"), provider_id=event.get("message-id"), address=event.get("email")),
        at=instant(event.get("ts_event")),
        permanent=meaning.permanent,
        code=reply_code(said),
        enhanced_code=enhanced_code(said) or meaning.enhanced_code,
        words=said,
    )
    return Told(
        key=":".join(str(event.get(name)) for name in ("event", "message-id", "email", "ts_event")), report=report
    )
