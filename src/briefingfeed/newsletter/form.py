"""The form of a rendition: what its copies share, for providers that merge what differs into it themselves."""

from __future__ import annotations

from briefingfeed.models.delivery import Form, Parts
from briefingfeed.models.edition import Rendition
from briefingfeed.newsletter.mime import OWN_ARGUMENTS
from briefingfeed.newsletter.placeholders import placeholders_of

_KEPT = 64
_forms: dict[int, tuple[Rendition, Form]] = {}
"""By identity, which lasts as long as the rendition is kept here: to hash one costs more than to fill one."""


def form_of(rendition: Rendition) -> Form:
    """Return the form; the same object each time, as long as no 64 others were asked for in between."""
    known = _forms.get(id(rendition))
    if known is None:
        if len(_forms) == _KEPT:
            del _forms[next(iter(_forms))]
        known = _forms[id(rendition)] = (rendition, _made(rendition))
    return known[1]


def _made(rendition: Rendition) -> Form:
    stand_ins = placeholders_of(rendition)
    return Form(
        parts=Parts(
            sender=dict(rendition.headers)["From"],
            subject=rendition.subject,
            html=rendition.html,
            text=rendition.text,
            headers=tuple((name, value) for name, value in rendition.headers if name.lower() not in OWN_ARGUMENTS),
        ),
        stand_ins=stand_ins,
        in_html=frozenset(name for name, stand_in in stand_ins.items() if stand_in in rendition.html),
        in_text=frozenset(name for name, stand_in in stand_ins.items() if stand_in in rendition.text),
    )
