"""Answers without the mail they answer: cut at the reply separator, as osTicket does (osticket/mail.md §3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_TO_LOOK_THROUGH = 1024 * 1024
"""Characters; longer HTML is taken to show something."""
_VISIBLE_ELEMENT = re.compile(r"<(?:img|hr)\b", re.IGNORECASE)
_CONTENT_ID = re.compile(r"""cid:([^"'\s>)]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Cut:
    """What was written, what was quoted ('' when nothing was cut), and the Content-IDs shown only in the latter."""

    text: str
    quoted: str = ""
    quoted_images: tuple[str, ...] = ()


def without_quotation(text: str, separator: str, *, is_html: bool) -> Cut:
    """Cut at the first separator. If nobody would see anything of what precedes it, the text stays whole."""
    position = text.find(separator) if separator else -1
    if position < 0 or is_blank(text[:position], is_html=is_html):
        return Cut(text)
    kept, quoted = text[:position], text[position:]
    shown = set(_CONTENT_ID.findall(kept))
    images = [image for image in dict.fromkeys(_CONTENT_ID.findall(quoted)) if image not in shown]
    return Cut(kept, quoted, tuple(images) if is_html else ())


def is_blank(text: str, *, is_html: bool) -> bool:
    """Whether nobody would see anything of the text."""
    if not is_html:
        return not text.strip()
    if len(text) > MOST_TO_LOOK_THROUGH or _VISIBLE_ELEMENT.search(text):
        return False
    before, *tags = text.split("<")
    visible = "".join([before, *(piece.partition(">")[2] for piece in tags)])
    return not visible.replace("&nbsp;", " ").replace("\xa0", " ").strip()
