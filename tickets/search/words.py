"""Words to look for: what osTicket's search understands, as a tree that every engine can be asked for.

osTicket looks for any of the words, unless the text uses the signs of MySQL's boolean mode (osticket/queues.md §9). The
search page asks for all words. Words of less than three letters, and very common English ones, are in no index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from helpdesk.legacy.folding import fold

SHORTEST_WORD = 3
LONGEST_WORD = 500
"""Longer ones are in no index of PostgreSQL, which counts bytes."""
MOST_TERMS = 20
"""Of each kind: required, optional, excluded."""
MOST_WORDS_OF_PHRASE = 32
DEEPEST = 8
"""Groups within groups. Engines give up at different depths and lengths, none of them at these."""
STOP_WORDS = frozenset(
    (
        *("a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in", "is"),
        *("it", "la", "of", "on", "or", "that", "the", "this", "to", "was", "what", "when", "where", "who", "will"),
        *("with", "und", "www"),
    )
)
"""What InnoDB leaves out of its index."""
_TOKEN = re.compile(r"[^\W_]+")
_BOOLEAN_SIGNS = '"()<>~+-'
_PIECE = re.compile(r'(?P<sign>[+\-<>~]*)(?:"(?P<phrase>[^"]*)"|(?P<open>\()|(?P<word>[^\s()"]+))|(?P<close>\))')


@dataclass(frozen=True)
class Term:
    """A word, a phrase (several words in a row), or the beginning of a word."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def is_phrase(self) -> bool:
        """Whether it is more than one word."""
        return len(self.words) > 1


@dataclass(frozen=True)
class WordQuery:
    """Documents must hold all `required`, none `excluded`, and one `optional` where nothing is required."""

    required: tuple[Term | WordQuery, ...] = ()
    optional: tuple[Term | WordQuery, ...] = ()
    excluded: tuple[Term | WordQuery, ...] = ()
    left_out: tuple[str, ...] = ()
    """Words that are in no index."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.required and not self.optional

    def terms(self) -> Iterator[Term]:
        """Give the terms that documents are found by."""
        for part in (*self.required, *self.optional):
            if isinstance(part, Term):
                yield part
            else:
                yield from part.terms()


def tokens(text: str) -> list[str]:
    """Cut a text into folded words, as all indexes of ours hold them."""
    return _TOKEN.findall(fold(text))


def any_word(text: str) -> WordQuery:
    """Read a text as osTicket does: any of the words, or its boolean mode."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if any(word[0] in _BOOLEAN_SIGNS for word in text.split()):
        found = _boolean(text)
        if found is not None:
            return found
    terms, left_out = _terms(text.split())
    return WordQuery(optional=tuple(terms), left_out=tuple(left_out))


def all_words(words: list[str], phrases: list[str], excluded: list[str]) -> WordQuery:
    """Ask for all words and phrases, and none of the excluded ones."""
    terms, left_out = _terms(words)
    quoted = [term for phrase in phrases if (term := _phrase(phrase)) is not None]
    left_out += [phrase for phrase in phrases if _phrase(phrase) is None]
    unwanted, _ = _terms(excluded)
    return WordQuery(required=(*terms, *quoted)[:MOST_TERMS], excluded=tuple(unwanted), left_out=tuple(left_out))


def is_indexed(word: str) -> bool:
    """Whether a folded word is in the indexes."""
    return SHORTEST_WORD <= len(word) <= LONGEST_WORD and word not in STOP_WORDS


def _terms(words: list[str]) -> tuple[list[Term], list[str]]:
    """Give a term for each word; what consists of several tokens (`ada@acme.test`) is a phrase of them."""
    found: list[Term] = []
    left_out: list[str] = []
    for word in words:
        term = _term(word)
        if term is None:
            left_out.append(word)
        else:
            found.append(term)
    return found[:MOST_TERMS], left_out


def _term(word: str) -> Term | None:
    is_prefix = word.endswith("*")
    term = _phrase(word)
    if term is None or not is_prefix:
        return term
    return Term(term.words, is_prefix=not term.is_phrase)


def _phrase(text: str) -> Term | None:
    """Give the words of a phrase that are indexed, as far as they stand side by side."""
    words = tokens(text)
    runs: list[list[str]] = [[]]
    for word in words:
        if is_indexed(word):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    longest = max(runs, key=len)[:MOST_WORDS_OF_PHRASE]
    return Term(tuple(longest)) if longest else None


def _boolean(text: str) -> WordQuery | None:
    """Read the boolean mode; None where the text is not of its grammar, or too deep."""
    pieces = list(_PIECE.finditer(text))
    rest = _PIECE.sub("", text)
    if rest.strip() or text.count('"') % 2 or _depth(pieces) > DEEPEST:
        return None
    query, end = _group(pieces, 0)
    return query if end == len(pieces) else None


def _depth(pieces: list[re.Match[str]]) -> int:
    depths = accumulate(bool(piece["open"]) - bool(piece["close"]) for piece in pieces)
    return max(depths, default=0)


def _group(pieces: list[re.Match[str]], start: int) -> tuple[WordQuery, int]:
    parts: dict[str, list[Term | WordQuery]] = {"+": [], "-": [], "": []}
    left_out: list[str] = []
    place = start
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece["close"]:
            break
        sign = "-" if "-" in piece["sign"] else "+" if "+" in piece["sign"] else ""
        part: Term | WordQuery | None
        if piece["open"]:
            part, place = _group(pieces, place)
            part = None if part.is_empty else part
        else:
            text = piece["phrase"] if piece["phrase"] is not None else piece["word"]
            part = _phrase(text) if piece["phrase"] is not None else _term(text)
            left_out += [] if part else [text]
        if part is not None:
            parts[sign].append(part)
    required, optional, excluded = (tuple(parts[sign][:MOST_TERMS]) for sign in ("+", "", "-"))
    return WordQuery(required, optional, excluded, tuple(left_out)), place
