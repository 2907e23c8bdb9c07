"""The texts of mails that come with the program, by language: what a set says where it has no text of its own.

Source of the order: osticket/mail.md §1.3. English ones are written into a new help desk (`initial_data`); the app that
owns them registers how to read them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

from helpdesk.mail.template import Template

ENGLISH = "en"
LANGUAGES = {"en_US": "English", "de": "Deutsch", "fr": "Français", "es_ES": "Español"}
"""Languages that there are texts in, by osTicket's code of each."""
_PIECE = re.compile(r"\{\{(\w+)\}\}")
_readers: dict[str, Callable[[str], Template | None]] = {}


def register_shipped(language: str, reader: Callable[[str], Template | None]) -> None:
    """Let `reader(code)` give the texts of a language (two letters)."""
    _readers[language] = reader


def shipped_template(code: str, language: str) -> Template | None:
    """Give the text that comes with the program, in English where there is none in this language (`de`, `es_ES`)."""
    short = language.replace("-", "_").partition("_")[0].lower()
    reader = _readers.get(short)
    found = reader(code) if reader is not None else _texts(short).get(code)
    return found if found is not None or short == ENGLISH else shipped_template(code, ENGLISH)


@cache
def _texts(language: str) -> dict[str, Template]:
    if not language.isalpha():
        return {}
    file = resources.files("helpdesk.mail").joinpath("shipped_templates", f"{language}.toml")
    if not file.is_file():
        return {}
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    pieces: dict[str, str] = content.pop("pieces", {})

    def filled(text: str) -> str:
        return _PIECE.sub(lambda match: pieces[match[1]], text)

    return {code: Template(filled(text["subject"]), filled(text["body"])) for code, text in content.items()}
