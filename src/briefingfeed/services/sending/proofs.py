"""The proof: ahead of its slot an edition is planned, and those who edit it get it before everybody else does.

Each run looks again, and sends another proof only if the content has changed. A proof is a mail of our own: it may come
twice if a run dies at the wrong moment, and if it fails the edition goes out all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection

from briefingfeed.delivery.plan import edition_key
from briefingfeed.errors import BriefingfeedError, ProviderError, StorageError
from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition, Slot
from briefingfeed.models.post import Post
from briefingfeed.newsletter.proof import as_proof
from briefingfeed.newsletter.schedule import latest_slot, upcoming_slot
from briefingfeed.services.sending.coming import planned_edition
from briefingfeed.services.sending.drafting import Draft, draft_edition, page_url, render_posts
from briefingfeed.services.sending.own_mails import mail_once
from briefingfeed.services.sending.proof_memory import REFUSED, LastProof, changes, keep_proof, last_proof, shown
from briefingfeed.services.sending.proof_words import box_for, changed_since, enough, not_made, not_taken, refused
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.single_mail import single_message
from briefingfeed.services.telling.notices import Notice, note
from briefingfeed.storage import editions, own_mails


def send_proofs(context: SendContext, cadence: Cadence) -> tuple[Notice, ...]:
    """Plan the coming edition of a cadence, and send its proof to whoever has none of its present content.

    Returns what the operator should know; raises StorageError only.
    """
    if not context.settings.newsletter.proof_to or cadence is Cadence.POSTS:
        return ()
    notices: list[Notice] = []
    for slot in _coming(context, cadence):
        try:
            notices += _send(context, slot)
        except StorageError:
            raise
        except editions.DealtWithError:  # held or cancelled this moment: the next run looks again
            continue
        except BriefingfeedError as error:
            notices.append(not_made(edition_key(slot, rehearsal=context.rehearses), error))
    return tuple(notices)


def note_what_changed(connection: Connection, key: str, posts: Iterable[Post]) -> None:
    """Note, in the transaction of the freeze, what the edition has that no proof showed."""
    last = last_proof(connection, key)
    found = changes(last.posts, shown(posts)) if last is not None and last.had_it else ()
    if found:
        note(connection, changed_since(key, found))


def _coming(context: SendContext, cadence: Cadence) -> list[Slot]:
    """Return the slots whose editions are to be looked at: one that is held past its slot, and one that is near."""
    settings, now = context.settings, context.now()
    latest, upcoming = latest_slot(settings, cadence, now), upcoming_slot(settings, cadence, now)
    with context.database.read() as connection:
        held = editions.get(connection, edition_key(latest, rehearsal=context.rehearses))
    is_held = held is not None and held.state is EditionState.HELD and not held.is_made
    is_near = upcoming.at - now <= settings.newsletter.proof_before
    return [latest] * is_held + [upcoming] * is_near


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    edition: Edition
    draft: Draft
    last: LastProof
    """With the content as it is now."""


def _send(context: SendContext, slot: Slot) -> list[Notice]:
    proof = _look(context, slot)
    if proof is None:
        return []
    left = [each.address for each in context.settings.newsletter.proof_to if each.address not in proof.last.had_it]
    return _mail(context, proof, left) if left else []


def _look(context: SendContext, slot: Slot) -> _Proof | None:
    """Return the coming edition of `slot` as it would go; None if it isn't to come, or nothing would go."""
    key, now = edition_key(slot, rehearsal=context.rehearses), context.now()
    with context.database.read() as connection:
        edition = editions.get(connection, key)
        last = last_proof(connection, key)
    if edition is not None and not _is_to_come(edition):
        return None
    draft = draft_edition(context, slot, max(now, slot.at))
    if draft.rendition is None and not draft.library.unreadable and last is None:
        return None
    fingerprint = _fingerprint(context, draft)
    if edition is None:
        edition = _plan(context, slot)
    if last is None or last.fingerprint != fingerprint:
        before = None if last is None else last.posts if last.had_it else last.before
        last = LastProof(fingerprint=fingerprint, posts=shown(draft.selection.posts), before=before)
    return _Proof(edition=edition, draft=draft, last=last)


def _is_to_come(edition: Edition) -> bool:
    return edition.state in (EditionState.PLANNED, EditionState.HELD) and not edition.is_made


def _plan(context: SendContext, slot: Slot) -> Edition:
    planned = planned_edition(context.settings, slot, rehearses=context.rehearses)
    with context.database.write() as connection:
        editions.create(connection, planned)
    return planned


def _fingerprint(context: SendContext, draft: Draft) -> str:
    """Return a digest of the content, as if it were rendered at its slot: a day that passes changes nothing."""
    rendition = _rendition(context, draft, draft.slot.at)
    broken = sorted(str(problem) for problem in draft.library.problems if problem.is_error)
    return sha256("\0".join((rendition.content_hash, *broken)).encode("utf-8", "surrogatepass")).hexdigest()


def _rendition(context: SendContext, draft: Draft, at: datetime) -> Rendition:
    """Render all of its posts and corrections; a reader who had some of them before gets fewer."""
    posts, everything = draft.selection.posts, draft.library.posts
    return render_posts(
        context,
        posts,
        everything,
        at,
        draft.slot.cadence,
        introduction=draft.introduction,
        corrections=draft.corrections,
        page_url=page_url(context, draft.slot.key),
    )[0]


def _mail(context: SendContext, proof: _Proof, addresses: Sequence[str]) -> list[Notice]:
    key, now = proof.edition.key, context.now()
    box = box_for(
        proof.edition,
        proof.draft,
        context.settings,
        posts=proof.last.posts,
        before=proof.last.before,
        now=now,
    )
    content = _rendition(context, proof.draft, max(now, proof.draft.slot.at))
    rendition = as_proof(content, box, context.look, now.astimezone(context.settings.publication.timezone))
    last, for_good, missing, unclear, reason = proof.last, 0, 0, 0, ""
    for address in addresses:
        name = f"proof/{key}/{proof.last.fingerprint}/{address}"
        message = single_message(context, rendition, address, name=name, cadence=proof.edition.cadence)
        wants = partial(_is_without, key=key, proof=last, address=address)
        try:
            outcome = mail_once(context, message, name, wants)
        except ProviderError as error:
            missing, reason = missing + 1, error.message
            continue
        if outcome is None:  # another machine sends it
            continue
        last = _record(context, key, last, address, outcome.result, name)
        if outcome.result is not Result.ACCEPTED:
            reason = outcome.note or outcome.result
            for_good += outcome.result in REFUSED
            unclear += outcome.result is Result.UNCERTAIN and address in last.had_it
            missing += address not in last.had_it
    of = len(context.settings.newsletter.proof_to)
    return [
        *[refused(key, for_good, reason)] * bool(for_good),
        *[enough(key, unclear, reason)] * bool(unclear),
        *[not_taken(key, missing, of, reason)] * bool(missing),
    ]


def _present(connection: Connection, key: str, proof: LastProof) -> LastProof:
    """Return the same proof as it stands by now: another machine may have sent it to some."""
    stored = last_proof(connection, key)
    return stored if stored is not None and stored.fingerprint == proof.fingerprint else proof


def _is_without(connection: Connection, *, key: str, proof: LastProof, address: str) -> bool:
    return address not in _present(connection, key, proof).had_it


def _record(context: SendContext, key: str, proof: LastProof, address: str, result: Result, name: str) -> LastProof:
    """Write down what became of one mail; return the proof as it stands then."""
    with context.database.write() as connection:
        own_mails.release(connection, name)
        before = _present(connection, key, proof)
        after = before.after(address, result)
        if after != before:
            keep_proof(connection, key, after)
            if after.had_it:
                editions.note_proof(connection, key, after.fingerprint, context.now())
    return after
