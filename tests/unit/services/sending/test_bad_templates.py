"""A template that is wrong stops the edition: template, line and remedy are told, and nothing is sent or recorded."""

from __future__ import annotations

import pytest

from briefingfeed.errors import TemplateError


@pytest.mark.parametrize(
    ("source", "message", "place"),
    [
        ("<p>\n{% if %}", "cannot be read as a template", "_footer.html:2"),
        ("<p>\n\n{{ reasn }}", "'reasn' is undefined", "_footer.html:3"),
        ("{% for a in range(10 ** 9) %}{% endfor %}", "does not come to its end", "_footer.html:1"),
        ("\n{% include 'email/_gone.html' %}", "there is no template email/_gone.html", "_footer.html:2"),
        ("{% include 'email/_footer.html' %}", "never ends", "_footer.html:1"),
        ("<img src='x.png' width='9' alt=''>", "which is not absolute", "email/digest.html"),
    ],
)
def test_nothing_is_sent_with_a_bad_template(desk, source: str, message: str, place: str) -> None:
    desk.write("Tides")
    desk.subscribe("ann")
    desk.begin()
    own = desk.settings.paths.templates / "email"
    own.mkdir(parents=True)
    (own / "_footer.html").write_text(source, "utf-8")
    report = desk.send()
    assert isinstance(report.error, TemplateError)
    assert report.exit_code == 78
    assert message in report.error.message
    assert place in (report.error.where or "")
    assert report.error.remedy
    (told,) = report.news
    assert str(report.error) in told.text
    assert desk.send().news == ()
    assert not desk.office.seen
    assert desk.edition() is None

    (own / "_footer.html").unlink()
    desk.send()
    assert desk.office.recipients == ["ann@example.org"]
