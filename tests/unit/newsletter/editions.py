"""Four editions that the golden pairs are made of, and that browsers, spam filters and a mail program are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from briefingfeed.look import Look
from briefingfeed.models.blocks import Body
from briefingfeed.models.edition import Rendition
from briefingfeed.models.introduction import Introduction
from briefingfeed.models.post import Author, CallToAction, Closing, Contact, Correction, Post
from briefingfeed.models.settings import Grouping, Settings
from briefingfeed.newsletter.digest import Corrected, Digest, compose_digest
from briefingfeed.newsletter.render import render
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.links import Links, Page
from briefingfeed.posts.markdown import Renderer
from briefingfeed.shipped import shipped_templates
from unit.newsletter.example import example_posts, older_call

MakePost = Callable[..., Post]
MakeSettings = Callable[..., Settings]
NOW = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
NAMES = ("corrected", "digest", "mirrored", "shortened")
_LONDON = ZoneInfo("Europe/London")

_WELCOME = """\
أهلاً بكم. هذا الأسبوع نقرأ [مشروع القانون](https://briefings.example/posts/sakan/) ونسأل: **من يدفع؟**

- رسالة من القارئات
- وجدول واحد
"""

_HOUSING = """\
## ماذا تغيّر؟

نشرت الوزارة يوم الأربعاء مسوّدة القانون، وفيها 14 مادة. قرأناها كي لا تضطروا إلى ذلك.

> لم يسألنا أحد عن الإيجار، ولا عن الدرج، ولا عن الماء.
>
> — أمينة، في رسالة إلى التحرير

| المدينة | قبل | بعد |
|---|---:|---:|
| الميناء | 120 | 135 |
| التلّ | 90 | 92 |

1. اقرأوا [المسوّدة كاملة](https://ministry.example/draft?lang=ar&page=2).
2. اكتبوا إلى <mailto:tahrir@briefings.example>.
"""

_ENGLISH = """\
> The lift has been out since *May*.
>
> — A tenant, third floor

- Ask for the log of repairs.
- Keep a copy: `repairs.csv`.
"""

_CHINESE = """\
## 夜里谁还开着门

晚上六点到早上八点,这座城市只有一家医院、两个加油站和一个派出所。其他能帮助人的地方都在办公时间开放,好像困难也只在办公时间出现。
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    digest: Digest
    settings: Settings

    @property
    def look(self) -> Look:
        return Look([shipped_templates()], self.settings.publication)

    def rendition(self) -> Rendition:
        return render(self.digest, self.settings, self.look)


def body_of(markdown: str, *, language: str = "en", url: str = "https://briefings.example/posts/any/") -> Body | None:
    """Return what a post's text becomes; None if it is nested beyond measure."""
    links = Links(Page(url=url, prefix="p-"), "posts/any.md", "posts", {})
    rendered = Renderer().render(
        markdown,
        links,
        prefix="p-",
        language=language,
        standfirst=None,
        wants_excerpt=False,
        findings=Findings("posts/any.md"),
        first_line=1,
    )
    return rendered.body if rendered else None


def specimen(name: str, make_post: MakePost, make_settings: MakeSettings) -> Specimen:
    made: dict[str, Callable[[MakePost, MakeSettings], Specimen]] = {
        "corrected": _corrected,
        "digest": _usual,
        "mirrored": _mirrored,
        "shortened": _shortened,
    }
    return made[name](make_post, make_settings)


def _usual(make_post: MakePost, make_settings: MakeSettings) -> Specimen:
    settings, posts = make_settings(), example_posts(make_post)
    return Specimen(digest=compose_digest(posts, [*posts, older_call(make_post)], settings, NOW), settings=settings)


def _mirrored(make_post: MakePost, make_settings: MakeSettings) -> Specimen:
    """From right to left, under dates, with a post that runs the other way, letters of many kinds, an introduction."""
    settings = make_settings(language="ar", group_by=Grouping.DATE)
    publication = replace(settings.publication, title="رسائل الميناء", tagline="ما الذي تغيّر هذا الأسبوع؟")
    settings = replace(settings, publication=publication)
    amina = Author(name="أمينة الحدّاد", role="مديرة السياسات", organisation="مؤسسة الميناء")
    closes = Closing(at=datetime(2026, 11, 24, tzinfo=_LONDON), day=date(2026, 11, 23), time_given=False)
    posts = (
        make_post("2026-11-20", "قانون السكن الجديد", language="ar", url="https://briefings.example/posts/sakan/",
                  authors=(amina,), topics=("السكن",), closes=closes,
                  standfirst="أربع عشرة مادة، وسؤال واحد.", body=body_of(_HOUSING, language="ar"),
                  call_to_action=CallToAction(label="أجيبوا عن الأسئلة", url="https://surveys.example/sakan"),
                  contact=Contact(name="أمينة الحدّاد", email="amina@briefings.example")),
        make_post("2026-11-20", "The lift, again", body=body_of(_ENGLISH)),
        make_post("2026-11-17", "夜里 🌙 👩🏽‍⚕️ e\u0301", language="zh-Hans", url="https://briefings.example/posts/ye-li/",
                  body=body_of(_CHINESE, language="zh-Hans"),
                  authors=(Author(name="王小明", guest=True),)),
    )  # fmt: skip
    introduction = body_of(_WELCOME, language="ar")
    assert introduction
    words = Introduction(body=introduction, digest="")
    return Specimen(digest=compose_digest(posts, posts, settings, NOW, introduction=words), settings=settings)


def _shortened(make_post: MakePost, make_settings: MakeSettings) -> Specimen:
    """Too long a text, corrections of what was mailed before, a view in the browser; under topics."""
    settings = make_settings(size_budget_kb=30, group_by=Grouping.TOPIC)
    long = body_of(
        "## Part\n\n" + "What the committee heard, hour by hour. " * 30 + "\n\n" + "One line more.\n\n" * 400
    )
    posts = (
        make_post("2026-11-20", "The whole hearing", topics=("parliament",), body=long,
                  summary="Six hours in a room without windows, and what came of them."),
        make_post("2026-11-19", "A short note", topics=("housing", "parliament")),
        make_post("2026-11-18", "Nothing to file it under"),
    )  # fmt: skip
    correction = Correction(date=date(2026, 11, 21), note="We first wrote 49 samples; it was 58 of 71.")
    old = make_post("2026-11-13", "What 211 samples told us", corrections=(correction,))
    digest = compose_digest(
        posts,
        [*posts, older_call(make_post)],
        settings,
        NOW,
        corrections=[Corrected(post=old, correction=correction)],
        page_url="https://briefings.example/editions/weekly/2026-w48/",
    )
    return Specimen(digest=digest, settings=settings)


def _corrected(make_post: MakePost, make_settings: MakeSettings) -> Specimen:
    """Nothing new, only what was wrong: two notes for one post, a note with an address, a title in another script."""
    settings = make_settings()
    samples = make_post("2026-11-13", "What 211 samples told us")
    survey = make_post("2026-11-09", "كم انتظرتم؟", language="ar", url="https://briefings.example/posts/intizar/")
    notes = (
        (samples, date(2026, 11, 18), "We first wrote 49 samples; it was 58 of 71."),
        (samples, date(2026, 11, 21), "“Kelverton & Sons” did not supply the kits. We are sorry."),
        (survey, date(2026, 11, 20),
         "The survey has moved to https://surveys.example/health/waiting-times/2026/how-long-did-you-wait?lang=ar."),
    )  # fmt: skip
    corrections = [Corrected(post=post, correction=Correction(date=day, note=note)) for post, day, note in notes]
    digest = compose_digest(
        [],
        [older_call(make_post)],
        settings,
        NOW,
        corrections=corrections,
        page_url="https://briefings.example/editions/weekly/2026-w48/",
    )
    return Specimen(digest=digest, settings=settings)
