from __future__ import annotations

from html import escape

from briefingfeed.models.edition import SlotName
from briefingfeed.newsletter.merge_template import merge_template
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
    template, copy = merge_template(rendition), fill(rendition, VALUES)
    html, text, headers = template.parts.html, template.parts.text, dict(template.parts.headers)
    for name, stand_in in template.stand_ins.items():
        html = html.replace(stand_in, escape(VALUES[name]))
        text = text.replace(stand_in, VALUES[name])
        headers = {field: value.replace(stand_in, VALUES[name]) for field, value in headers.items()}
    assert (html, text, tuple(headers.items())) == (copy.html, copy.text, copy.headers)
    assert (template.parts.sender, template.parts.subject) == (copy.sender, copy.subject)


def test_a_form_says_where_its_slots_stand() -> None:
    rendition = rendition_of("No link", "<p>{leave}</p>", sender="n@b.example", subject="S", post_id="p")
    assert merge_template(rendition).in_html == {SlotName.UNSUBSCRIBE_URL}
    assert merge_template(rendition).in_text == frozenset()


def test_a_rendition_has_one_form() -> None:
    rendition = rendition_of("{leave}", "{leave}", sender="n@b.example", subject="S", post_id="p")
    assert merge_template(rendition) is merge_template(rendition)
