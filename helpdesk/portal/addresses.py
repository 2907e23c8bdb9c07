"""Addresses of things by their numbers, for pages that need hundreds of them: finding a pattern of the URL
configuration takes ten times as long as writing a number into what it gave once.
"""

from __future__ import annotations

import functools

from django.urls import get_script_prefix, reverse

_NUMBERS = (1_999_999_973, 1_999_999_943)
"""Stand where the numbers go."""


def numbered_address(name: str, *numbers: int, word: str = "") -> str:
    """Give what `reverse` gives for a named pattern with up to two numbers as arguments; `word` stands right before
    the last one (`entry-7`).
    """
    return _pattern(get_script_prefix(), name, len(numbers), word).format(*numbers)


@functools.lru_cache(maxsize=256)
def _pattern(script_prefix: str, name: str, count: int, word: str) -> str:
    """Give the address with places for the numbers; it depends on the path that the help desk is mounted under."""
    places: list[int | str] = list(_NUMBERS[:count])
    if word:
        places[-1] = f"{word}{places[-1]}"
    address = reverse(name, args=places).replace("{", "{{").replace("}", "}}")
    for number in _NUMBERS[:count]:
        address = address.replace(str(number), "{:d}")
    return address
