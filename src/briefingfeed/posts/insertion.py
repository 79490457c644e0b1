"""Writing an id into a post's head without touching any other byte of the file: what `ids write` does."""

from __future__ import annotations

import json

from briefingfeed.errors import RefusedError
from briefingfeed.posts.amending import amend
from briefingfeed.posts.frontmatter import HeadError, Syntax, split


def insert_id(data: bytes, post_id: str) -> bytes:
    """Return a file's bytes with a line for its id in the head, in the head's own syntax and line ends.

    They come back as they are if the post has an id already, or if the head cannot be read: loading tells that.

    Raises:
        RefusedError: the head is sound, but written so that no line can be added to it.
    """
    try:
        head = split(data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except (HeadError, UnicodeDecodeError):
        return data
    if head.syntax is None or any(entry.key.lower() == "id" for entry in head.entries):
        return data
    try:
        return amend(data, "id", post_id)
    except RefusedError as error:
        mark = " = " if head.syntax is Syntax.TOML else ": "
        raise RefusedError(
            "The front matter of a post is written so that no line can be added to it.",
            remedy=f"Write this into it by hand: id{mark}{json.dumps(post_id, ensure_ascii=False)}",
        ) from error
