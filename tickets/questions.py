"""A question that keeps programs from opening tickets (setting `enable_captcha`): a sum in words, no outside service.

The page carries a signed number from which the question follows; nothing in it tells the answer. Each question can be
answered once: a wrong answer uses it up, a right one belongs to the form it was given in, which may come again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core.cache import cache
from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

LIFETIME_SECONDS = 3600
_SALT = "tickets.question"
_WRONG = "wrong"


@dataclass(frozen=True)
class Question:
    """A question; `sign` is what the page sends back with the answer."""

    sign: str
    first: int
    second: int

    @property
    def text(self) -> str:
        """The question in words."""
        words = _number_words()
        return _("What is %(first)s plus %(second)s?") % {"first": words[self.first], "second": words[self.second]}


def new_question() -> Question:
    """Give a question that nobody has been asked."""
    return _question(TimestampSigner(salt=_SALT).sign(secrets.token_urlsafe(16)))


def question_of(sign: str) -> Question | None:
    """Give the question of a page again; None when it is not ours, too old, or was answered wrongly."""
    if not _is_ours(sign) or cache.get(_key(sign)) == _WRONG:
        return None
    return _question(sign)


def accepts_answer(sign: str, answer: str, *, form: str) -> bool:
    """Whether the answer, in figures or words, is right and was given in no other form. Uses the question up."""
    if not _is_ours(sign):
        return False
    question = _question(sign)
    total = question.first + question.second
    given = " ".join(answer.split()).casefold()
    right = [constant_time_compare(given, known) for known in (str(total), _number_words()[total].casefold())]
    mine = form if any(right) else _WRONG
    cache.add(_key(sign), mine, LIFETIME_SECONDS)
    return any(right) and constant_time_compare(str(cache.get(_key(sign)) or ""), form)


def _question(sign: str) -> Question:
    digest = salted_hmac(_SALT, sign, algorithm="sha256").digest()
    return Question(sign, 2 + digest[0] % 8, 2 + digest[1] % 8)


def _is_ours(sign: str) -> bool:
    try:
        TimestampSigner(salt=_SALT).unsign(sign, max_age=LIFETIME_SECONDS)
    except BadSignature:
        return False
    return True


def _key(sign: str) -> str:
    return f"tickets.question.{salted_hmac(_SALT, sign, algorithm='sha256').hexdigest()}"


def _number_words() -> list[str]:
    return [
        *(_("zero"), _("one"), _("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight")),
        *(_("nine"), _("ten"), _("eleven"), _("twelve"), _("thirteen"), _("fourteen"), _("fifteen"), _("sixteen")),
        *(_("seventeen"), _("eighteen")),
    ]
