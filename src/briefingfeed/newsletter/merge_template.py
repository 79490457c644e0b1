"""The template of a rendition: what its copies share, for providers that merge what differs into it themselves."""

from __future__ import annotations

from briefingfeed.models.delivery import MergeTemplate, Parts
from briefingfeed.models.edition import Rendition
from briefingfeed.newsletter.mime import OWN_ARGUMENTS
from briefingfeed.newsletter.placeholders import placeholders_of

_KEPT = 64
_templates: dict[int, tuple[Rendition, MergeTemplate]] = {}
"""By identity, which lasts as long as the rendition is kept here: to hash one costs more than to fill one."""


def merge_template(rendition: Rendition) -> MergeTemplate:
    """Return the template; the same object each time, as long as no 64 others were asked for in between."""
    known = _templates.get(id(rendition))
    if known is None:
        if len(_templates) == _KEPT:
            del _templates[next(iter(_templates))]
        known = _templates[id(rendition)] = (rendition, _made(rendition))
    return known[1]


def _made(rendition: Rendition) -> MergeTemplate:
    stand_ins = placeholders_of(rendition)
    return MergeTemplate(
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
