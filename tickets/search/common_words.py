"""Words that stand in so many entries that looking up all of them would take long.

Which these are is told by a sample of the entries, taken at night: no engine tells it at the cost of a search. Small
help desks have none: there every search is fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Max

from helpdesk.threads.constants import ObjectType
from tickets.models import CommonWord, SearchEntry
from tickets.search.words import Term, WordQuery, is_indexed, tokens

SAMPLE = 4000
RUN = 40
"""How many neighbouring entries are read at each place of the sample."""
COMMON_SHARE = 0.012
"""From this share of the entries on a word is common."""
FEWEST_ENTRIES = 20_000
"""With fewer no word is called common."""
KEPT_SECONDS = 60
LONGEST_WORD = 64


def common_words() -> frozenset[str]:
    """Give the common words, folded."""
    kept: frozenset[str] | None = cache.get(_key())
    if kept is None:
        kept = frozenset(CommonWord.objects.values_list("word", flat=True))
        cache.set(_key(), kept, KEPT_SECONDS)
    return kept


def needs_slice(query: WordQuery) -> bool:
    """Whether a query can be answered from the newest entries only: all words that entries must have are common, or
    one of those of which they may have any."""
    common = common_words()
    if not common:
        return False
    required = [part for part in query.required if isinstance(part, Term)]
    if required:
        return all(_is_common(term, common) for term in required)
    return any(_is_common(term, common) for term in query.terms())


def note_common_words() -> int:
    """Find out which words are common; give their number."""
    newest = SearchEntry.objects.filter(object_type=ObjectType.THREAD_ENTRY).aggregate(newest=Max("object_id"))[
        "newest"
    ]
    words: list[str] = []
    if newest and newest >= FEWEST_ENTRIES:
        counted: Counter[str] = Counter()
        number = 0
        for text in _sample(int(newest)):
            counted.update({word for word in tokens(text) if is_indexed(word) and len(word) <= LONGEST_WORD})
            number += 1
        words = [word for word, count in counted.items() if count >= COMMON_SHARE * number]
    with transaction.atomic():
        CommonWord.objects.exclude(word__in=words).delete()
        CommonWord.objects.bulk_create([CommonWord(word=word) for word in words], ignore_conflicts=True)
    cache.delete(_key())
    return len(words)


def _sample(newest: int) -> Iterator[str]:
    """Give the texts of entries spread over all of history."""
    places = SAMPLE // RUN
    for place in range(places):
        start = newest * place // places
        rows = SearchEntry.objects.filter(object_type=ObjectType.THREAD_ENTRY, object_id__gt=start)
        for title, content in rows.order_by("object_id").values_list("title", "content")[:RUN]:
            yield f"{title or ''}\n{content or ''}"


def _is_common(term: Term, common: frozenset[str]) -> bool:
    if term.is_prefix:
        return any(word.startswith(term.words[0]) for word in common)
    return all(word in common for word in term.words)


def _key() -> str:
    return f"tickets.common_words.{connection.settings_dict['NAME']}"
