"""The words of generated help desks: subjects, bodies and names, made from a seed."""

from __future__ import annotations

import random

FIRST_NAMES = (
    *("Ada", "Ben", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Liam", "Mei"),
    *("Nadia", "Olof", "Priya", "Quentin", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zoë"),
)
LAST_NAMES = (
    *("Abel", "Berger", "Castro", "Dietz", "Eriksen", "Fontaine", "Garcia", "Huber", "Ivanova", "Jansen", "Kowalski"),
    *("Lindqvist", "Moreau", "Nguyen", "Okafor", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel"),
    *("Weber", "Xu", "Yilmaz", "Zimmer", "Ångström", "Østergaard"),
)
_THINGS = (
    *("The printer", "My account", "The invoice", "A parcel", "The meeting room", "The VPN", "Our contract"),
    *("The scanner", "A licence", "The shared calendar", "The door card", "The new laptop", "The phone line"),
)
_TROUBLES = (
    *("does not answer", "is locked", "shows the wrong date", "has not arrived", "asks for a code again"),
    *("is slow since this morning", "cannot be opened", "was charged twice", "needs a second user", "is missing"),
    *("makes a strange noise", "ends with an error", "should be renewed", "is used by somebody else"),
)
_SENTENCES = (
    "It worked until yesterday and nobody here has changed anything that we know of.",
    "Could you please have a look and tell us what we should do in the meantime?",
    "We have tried another cable, another room and another colleague, always with the same result.",
    "The message on the screen says that the service is not available at the moment.",
    "Three people are affected, one of them has a deadline on Friday.",
    "Thank you for the quick reply, that solved half of it.",
    "I have attached what I see; the number is on the second page.",
    "Please call me in the afternoon, in the morning I am usually not at my desk.",
    "We have reset it on our side, please sign in again and tell us whether it holds.",
    "The order was placed on Monday and confirmed on the same day.",
    "Would it be possible to move this to next week?",
    "This has happened before, in March, and went away by itself.",
)


def subjects() -> list[str]:
    """Give subjects of tickets."""
    return [f"{thing} {trouble}" for thing in _THINGS for trouble in _TROUBLES]


def bodies(seed: int, number: int = 64) -> list[str]:
    """Give bodies of messages in HTML: most of a few sentences, a few of some pages."""
    words = random.Random(seed)  # noqa: S311 -- nothing secret
    lengths = [words.choice((1, 1, 2, 2, 3, 3, 4, 5)) for _ in range(number - 3)] + [12, 20, 40]
    return ["".join(f"<p>{_paragraph(words)}</p>" for _ in range(length)) for length in lengths]


def _paragraph(words: random.Random) -> str:
    return " ".join(words.choices(_SENTENCES, k=words.choice((1, 2))))
