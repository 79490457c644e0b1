"""A digest that shows everything a digest can hold; the golden pair and the screenshots are made from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from briefingfeed.models.blocks import (
    Alignment,
    Body,
    Code,
    CodeBlock,
    Emphasis,
    Footnote,
    FootnoteReference,
    Heading,
    Image,
    Link,
    List,
    Paragraph,
    Quotation,
    Rule,
    Strong,
    Table,
    Text,
)
from briefingfeed.models.post import Asset, Author, CallToAction, Closing, Contact, Correction, LeadImage, Post

_LONDON = ZoneInfo("Europe/London")
_POSTS = Path(__file__).parents[3] / "posts"
_ZOE = Author(name="Zoë Brânză-Okafor", role="Head of policy", organisation="Lantern Street Policy Trust")
_GUEST = Author(
    name="Nguyễn Thị Ánh",
    role="Community pharmacist",
    organisation="Corner Pharmacy, Kelverton",
    url="https://corner-pharmacy.example/",
    guest=True,
)

_LETTER = Body(
    html="""<p>At ten to nine there is a queue outside my pharmacy. It has school-runners in it, and a man who wants \
something for his knee, and four people who come <em>every day</em>.</p>
<h2 id="p2-a-letter">A letter</h2>
<p>In the spring I had a letter. I asked whether I might print part of it, and she said yes.</p>
<blockquote>
<p>When I started at your place I used to put my hood up at the corner and keep it up till I was past the church on \
the way home. It wasn’t the medicine I was ashamed of.</p>
<p>I’ve been in there every morning since, and I have not had my hood up once, except for rain.</p>
<p>— “Dawn”, in a letter to the pharmacy</p>
</blockquote>
<h3 id="p2-rules">What prescribers should know</h3>
<ul>
<li>Most of the rules we keep were made for the <strong>first weeks</strong>.</li>
<li>They are good rules. But:
<ul>
<li>nobody takes them off again, and</li>
<li>daily supervision costs people their jobs, as <a href="https://evidence.example/supervised-doses?year=2025&amp;\
region=north">a survey of last year</a> shows.</li>
</ul>
</li>
</ul>
<p>Write to <a href="mailto:anh@corner-pharmacy.example">anh@corner-pharmacy.example</a>.</p>
""",
    blocks=(
        Paragraph(
            (
                Text(
                    "At ten to nine there is a queue outside my pharmacy. It has school-runners in it, and a man who "
                    "wants something for his knee, and four people who come "
                ),
                Emphasis((Text("every day"),)),
                Text("."),
            )
        ),
        Heading(2, (Text("A letter"),)),
        Paragraph((Text("In the spring I had a letter. I asked whether I might print part of it, and she said yes."),)),
        Quotation(
            (
                Paragraph(
                    (
                        Text(
                            "When I started at your place I used to put my hood up at the corner and keep it up till I "
                            "was past the church on the way home. It wasn’t the medicine I was ashamed of."
                        ),
                    )
                ),
                Paragraph(
                    (
                        Text(
                            "I’ve been in there every morning since, and I have not had my hood up once, except for "
                            "rain."
                        ),
                    )
                ),
            ),
            source=(Text("“Dawn”, in a letter to the pharmacy"),),
        ),
        Heading(3, (Text("What prescribers should know"),)),
        List(
            (
                (
                    Paragraph(
                        (
                            Text("Most of the rules we keep were made for the "),
                            Strong((Text("first weeks"),)),
                            Text("."),
                        )
                    ),
                ),
                (
                    Paragraph((Text("They are good rules. But:"),)),
                    List(
                        (
                            (Paragraph((Text("nobody takes them off again, and"),)),),
                            (
                                Paragraph(
                                    (
                                        Text("daily supervision costs people their jobs, as "),
                                        Link(
                                            "https://evidence.example/supervised-doses?year=2025&region=north",
                                            (Text("a survey of last year"),),
                                        ),
                                        Text(" shows."),
                                    )
                                ),
                            ),
                        )
                    ),
                ),
            )
        ),
        Paragraph(
            (
                Text("Write to "),
                Link("mailto:anh@corner-pharmacy.example", (Text("anh@corner-pharmacy.example"),)),
                Text("."),
            )
        ),
    ),
)

_SAMPLES = Body(
    html="""<p>We tested 211 samples between July and October<sup class="footnote-reference"><a href="#p3-fn-1">1</a>\
</sup>.</p>
<table>
<thead><tr><th>Sold as</th><th style="text-align: right">Samples</th><th style="text-align: right">Not as sold</th>\
</tr></thead>
<tbody>
<tr><td>Heroin</td><td style="text-align: right">94</td><td style="text-align: right">31</td></tr>
<tr><td>Benzodiazepines</td><td style="text-align: right">71</td><td style="text-align: right">58</td></tr>
</tbody>
</table>
<p><img src="https://briefings.example/posts/images/what-was-in-it.png" alt="Bars: of 71 samples sold as \
benzodiazepines 58 held something else."></p>
<ol start="3">
<li>Start low.</li>
<li>Go slow.</li>
</ol>
<pre><code>count = samples.filter(lambda s: s.sold_as != s.found)
</code></pre>
<hr>
<p>The data is on our site as <code>samples.csv</code>.</p>
<div class="footnote-definition" id="p3-fn-1"><sup class="footnote-definition-label">1</sup>
<p>Two more were spilt.</p>
</div>
""",
    blocks=(
        Paragraph((Text("We tested 211 samples between July and October"), FootnoteReference("1"), Text("."))),
        Table(
            header=((Text("Sold as"),), (Text("Samples"),), (Text("Not as sold"),)),
            rows=(
                ((Text("Heroin"),), (Text("94"),), (Text("31"),)),
                ((Text("Benzodiazepines"),), (Text("71"),), (Text("58"),)),
            ),
            alignments=(Alignment.NONE, Alignment.RIGHT, Alignment.RIGHT),
        ),
        Paragraph(
            (
                Image(
                    "https://briefings.example/posts/images/what-was-in-it.png",
                    "Bars: of 71 samples sold as benzodiazepines 58 held something else.",
                ),
            )
        ),
        List(((Paragraph((Text("Start low."),)),), (Paragraph((Text("Go slow."),)),)), start=3),
        CodeBlock("count = samples.filter(lambda s: s.sold_as != s.found)\n", "python"),
        Rule(),
        Paragraph((Text("The data is on our site as "), Code("samples.csv"), Text("."))),
        Footnote("1", (Paragraph((Text("Two more were spilt."),)),)),
    ),
)


def example_posts(make_post: Callable[..., Post]) -> tuple[Post, ...]:
    """Return the posts of the edition, newest first."""
    return (
        make_post(
            "2026-11-20",
            "How long did you wait? Tell us before Christmas",
            authors=(_ZOE, Author(name="Jörg Müller")),
            topics=("waiting times", "survey"),
            standfirst="Six questions, four minutes, no name needed.",
            closes=Closing(at=datetime(2026, 12, 5, tzinfo=_LONDON), day=date(2026, 12, 4), time_given=False),
            call_to_action=CallToAction(label="Answer the survey", url="https://surveys.example/waiting"),
            contact=Contact(name="Jörg Müller", email="jorg@lantern-street.example"),
        ),
        make_post(
            "2026-11-18",
            "A prescription is not a favour",
            authors=(_GUEST,),
            topics=("prescribing", "stigma"),
            standfirst="Nguyễn Thị Ánh has dispensed methadone across the same counter for sixteen years. She writes "
            "about what it means to be watched while you swallow.",
            body=_LETTER,
        ),
        make_post(
            "2026-11-16",
            "What 211 samples told us",
            authors=(Author(name="Tomasz Wiśniewski-Hale", role="Drug checking lead"),),
            body=_SAMPLES,
            image=LeadImage(url="https://briefings.example/posts/images/lantern-street.png", alt="Our door at night."),
            assets=tuple(
                Asset(source=_POSTS / path, path=f"posts/{path}", url=f"https://briefings.example/posts/{path}")
                for path in ("images/lantern-street.png", "images/what-was-in-it.png")
            ),
            corrections=(Correction(date=date(2026, 11, 19), note="We first wrote 49 samples; it was 58 of 71."),),
        ),
    )


def older_call(make_post: Callable[..., Post]) -> Post:
    """Return a post of long ago whose call for evidence closes within the week."""
    return make_post(
        "2026-10-05",
        "Call for evidence: after dark",
        closes=Closing(at=datetime(2026, 11, 27, 17, tzinfo=_LONDON), day=date(2026, 11, 27), time_given=True),
    )
