from __future__ import annotations

from html import escape

from briefingfeed.models.edition import SlotName
from briefingfeed.newsletter.form import form_of
from briefingfeed.newsletter.mime import fill
from renditions import rendition_of

VALUES = {
    SlotName.ADDRESS: "ann@example.org",
    SlotName.MESSAGE_ID: "<1@briefings.example>",
    SlotName.UNSUBSCRIBE_URL: "https://briefings.example/u?a=1&b=2",
}


def test_a_form_filled_by_replacing_is_the_copy() -> None:
    rendition = rendition_of(
        "Leave: {leave}", "<a href='{leave}'>Leave</a>", sender="News <n@b.example>", subject="Zwölf", post_id="p"
    )
    form, copy = form_of(rendition), fill(rendition, VALUES)
    html, text, headers = form.parts.html, form.parts.text, dict(form.parts.headers)
    for name, stand_in in form.stand_ins.items():
        html = html.replace(stand_in, escape(VALUES[name]))
        text = text.replace(stand_in, VALUES[name])
        headers = {field: value.replace(stand_in, VALUES[name]) for field, value in headers.items()}
    assert (html, text, tuple(headers.items())) == (copy.html, copy.text, copy.headers)
    assert (form.parts.sender, form.parts.subject) == (copy.sender, copy.subject)


def test_a_form_says_where_its_slots_stand() -> None:
    rendition = rendition_of("No link", "<p>{leave}</p>", sender="n@b.example", subject="S", post_id="p")
    assert form_of(rendition).in_html == {SlotName.UNSUBSCRIBE_URL}
    assert form_of(rendition).in_text == frozenset()


def test_a_rendition_has_one_form() -> None:
    rendition = rendition_of("{leave}", "{leave}", sender="n@b.example", subject="S", post_id="p")
    assert form_of(rendition) is form_of(rendition)
