"""A view as JSON for the page's script. Pure."""

from __future__ import annotations

from typing import Any

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.models.edition import Cadence
from briefingfeed.models.output import key_of
from briefingfeed.newsletter.preflight import LONGEST_SUBJECT
from briefingfeed.services.previewing.views import EditionView, PostState, PostView, Remark, View

_STATES = {
    PostState.DRAFT: "Draft",
    PostState.SCHEDULED: "Appears later",
    PostState.PUBLISHED: "Ready",
    PostState.BROKEN: "Needs mending",
}
_LABELS = {
    Cadence.WEEKLY: "Weekly",
    Cadence.DAILY: "Daily",
    Cadence.MONTHLY: "Monthly",
    Cadence.POSTS: "By itself",
}


def state_of(view: View) -> dict[str, Any]:
    return {
        "number": view.number,
        "trouble": view.trouble,
        "rehearses": view.context.rehearses,
        "feed_mark": key_of("feed", *(post.mark for post in view.posts if post.state is PostState.PUBLISHED)),
        "editions": [_edition(edition, view) for edition in view.editions],
        "posts": [_post(post, view) for post in view.posts],
        "remarks": [remark_as_json(remark) for remark in view.remarks],
    }


def _edition(edition: EditionView, view: View) -> dict[str, Any]:
    zone = view.context.settings.publication.timezone
    audience, selection = edition.draft.audience, edition.draft.selection
    rendition = edition.rendition
    return {
        "name": edition.name,
        "cadence": edition.cadence,
        "key": edition.key,
        "label": _label(edition),
        "when": time_in_words(edition.goes_at, zone) if edition.goes_at else "With the next run",
        "subject": rendition.subject if rendition else None,
        "longest_subject": LONGEST_SUBJECT,
        "mark": edition.mark,
        "recipients": audience.recipients,
        "without": len(audience.without),
        "versions": len(audience.groups),
        "size": edition.size,
        "budget": edition.budget,
        "hold_reason": selection.hold_reason,
        "posts": [{"path": post.path, "title": post.title} for post in selection.posts],
        "waiting": [{"path": post.path, "title": post.title} for post in selection.waiting],
        "stops": sum(finding.stops for finding in edition.findings),
    }


def _label(edition: EditionView) -> str:
    words = _LABELS[edition.cadence]
    alone = edition.draft.selection.posts if edition.cadence is Cadence.POSTS else ()
    return f"{words}: {alone[0].title}" if alone else words


def _post(each: PostView, view: View) -> dict[str, Any]:
    post = each.post
    return {
        "path": each.path,
        "title": each.title,
        "state": each.state,
        "state_words": _STATES[each.state],
        "date": day_in_words(post.published.astimezone(view.context.settings.publication.timezone)) if post else "",
        "in_edition": each.in_edition,
        "remarks": each.remarks,
        "mark": each.mark,
    }


def remark_as_json(remark: Remark) -> dict[str, Any]:
    return {
        "weight": remark.weight,
        "message": remark.message,
        "remedy": remark.remedy,
        "path": remark.path,
        "field": remark.field,
        "line": remark.line,
    }
