"""Run in django-post_office's own environment, in an empty folder: queue mails for so many readers, and send them.

    python django_mail_project.py PORT MESSAGES OCTETS

Everything as it comes by default: batches of 100, 5 threads, a connection each, a log row for each mail. The queue is
an SQLite database in the folder. The last line of the output is JSON: seconds by the clock and of the processor.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import django
from bulletin import SENDER, SUBJECT, Bulletin
from django.conf import settings
from django.core.management import call_command

AT_ONCE = 100


def main(port: int, messages: int, octets: int) -> None:
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "queue.db"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        USE_TZ=True,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()
    call_command("migrate", verbosity=0)
    started = _clocks()
    _queue(messages, Bulletin.of(octets))
    queued = _clocks()
    call_command("send_queued_mail", lockfile="queue")
    sent = _clocks()
    figures = {"queueing": _between(started, queued), "sending": _between(queued, sent)}
    print(json.dumps({**figures, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _queue(messages: int, bulletin: Bulletin) -> None:
    from post_office import mail  # can only be imported once Django is set up

    for start in range(0, messages, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, messages))
        mail.send_many([_queued(bulletin, number) for number in numbers])


def _queued(bulletin: Bulletin, number: int) -> dict[str, object]:
    text, html = bulletin.bodies(number)
    return {
        "sender": SENDER,
        "recipients": [bulletin.address(number)],
        "subject": SUBJECT,
        "message": text,
        "html_message": html,
        "headers": bulletin.headers(number),
    }


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _between(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    return after[0] - before[0], after[1] - before[1]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
