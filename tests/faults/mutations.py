"""Mistakes that somebody could make in our code: each must turn a test red, or that test proves nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import briefingfeed

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    name: str
    changes: tuple[tuple[str, str, str], ...]
    """File below src/briefingfeed, what stands there now, what would stand there."""
    test: str
    """The quickest test that must notice."""
    complaint: str
    """In its words."""


MUTATIONS = (
    Mutation(
        name="a row is armed after the dot",
        changes=(
            (
                "storage/ledger.py",
                '.values(state=DeliveryState.SUBMITTING, updated_at=bindparam("now"))',
                '.values(state=DeliveryState.CLAIMED, updated_at=bindparam("now"))',
            ),
            (
                "storage/records.py",
                "delivery.c.state == DeliveryState.SUBMITTING,",
                "delivery.c.state == DeliveryState.CLAIMED,",
            ),
        ),
        test="tests/faults/test_f01_killed_at_each_point.py::test_a_run_killed_there_is_carried_on"
        "[after-dot-first-1-sqlite]",
        complaint="has a copy and is claimed",
    ),
    Mutation(
        name="an edition may hold an address twice",
        changes=(
            ("storage/schema.py", '    UniqueConstraint("edition_key", "address"),\n', ""),
            ("storage/schema.py", '    UniqueConstraint("edition_key", "subscriber_id"),\n', ""),
        ),
        test="tests/faults/test_f03_several_at_once.py::test_the_database_itself_refuses_a_second_row[sqlite]",
        complaint="DID NOT RAISE",
    ),
    Mutation(
        name="no lock",
        changes=(("storage/lock.py", "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)", "return"),),
        test="tests/faults/test_f03_several_at_once.py::test_a_run_leaves_alone_what_another_is_at_work_on[sqlite]",
        complaint="I6: another run spoke to the server",
    ),
    Mutation(
        name="nobody asks again at arm whether it is wanted",
        changes=(
            (
                "storage/ledger.py",
                "_WANTS_IT,\n            _IS_OPEN,\n        )\n        .values(state=DeliveryState.SUBMITTING",
                "_IS_OPEN,\n        )\n        .values(state=DeliveryState.SUBMITTING",
            ),
        ),
        test="tests/faults/test_f15_f16_meanwhile.py::TestF16::"
        "test_whoever_leaves_between_claim_and_arm_gets_nothing[unsubscribe-sqlite]",
        complaint="Counter({'accepted': 12})",
    ),
    Mutation(
        name="what a dead run had in flight is sent again",
        changes=(
            (
                "storage/ledger.py",
                "            state=DeliveryState.UNCERTAIN,\n            lost_run",
                "            state=DeliveryState.PENDING,\n            lost_run",
            ),
        ),
        test="tests/faults/test_f01_killed_at_each_point.py::test_a_run_killed_there_is_carried_on"
        "[after-dot-first-1-sqlite]",
        complaint="I1: more than one copy",
    ),
    Mutation(
        name="a copy is signed as of now, not as of the freeze",
        changes=(
            (
                "services/sending/send.py",
                "context.sealing(edition.frozen_at or context.now())",
                "context.sealing(context.now())",
            ),
        ),
        test="tests/faults/test_f04_f10_servers.py::TestF7::"
        "test_what_was_refused_at_its_dot_is_the_same_the_second_time[signed-3-connections]",
        complaint="I5: once-dot-451-4.3.0.reader@example.org was offered 2 different copies",
    ),
    Mutation(
        name="a run writes over what another has claimed",
        changes=(
            (
                "storage/records.py",
                'claim == bindparam("run"),',
                'bindparam("run").is_not(None),',
            ),
        ),
        test="tests/unit/storage/test_storage_transitions.py",
        complaint="record, another run",
    ),
)


def mutated(mutation: Mutation, folder: Path) -> Path:
    """Return a copy of src/ with this mistake. Fails if a line to change isn't there any more."""
    source = shutil.copytree(Path(briefingfeed.__file__).parent, folder / "src" / "briefingfeed").parent
    (folder / "templates").symlink_to(ROOT / "templates")
    for name, now, then in mutation.changes:
        file = source / "briefingfeed" / name
        text = file.read_text("utf-8")
        assert text.count(now) == 1, f"{name} doesn't hold this line once: {now}"
        file.write_text(text.replace(now, then), "utf-8")
    return source
