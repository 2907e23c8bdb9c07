"""Look-ups that compare as `helpdesk.legacy.folding` says: `name__folded="reglages"` finds `Réglages` on every engine.

MySQL's collation does it by itself (and can use its indexes); on the other engines both sides are folded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler

from helpdesk.legacy.characters import readable_pattern
from helpdesk.legacy.folding import FUNCTION, fold, fold_part
from helpdesk.legacy.text_fields import forms_in_column, holds_no_rare_characters

if TYPE_CHECKING:
    AnyLookup = Lookup[Any]
else:
    AnyLookup = Lookup

ESCAPE = "\\"
_END = "|"
"""Put behind a text in which a part is looked for: the blanks before it, which folding takes from the end, count."""


def like_escaped(text: str) -> str:
    """Make a text literal in a LIKE pattern whose escape is the backslash."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return text


class FoldedLookup(AnyLookup):
    """A comparison of folded texts with a given text."""

    prepare_rhs = False
    pattern = ""
    """Where the text stands in a LIKE pattern; '' compares for equality."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Fold both sides where the engine does not."""
        column, parameters = self.process_lhs(compiler, connection)
        texts = forms_in_column(self.lhs, str(self.rhs), connection)
        pattern = self.pattern
        if connection.vendor != "mysql" and not pattern:
            column, texts = f"{FUNCTION}({column})", [fold(text) for text in texts]
        elif connection.vendor != "mysql":
            column, texts, pattern = (
                f"{FUNCTION}({column} || '{_END}')",
                [fold_part(text) for text in texts],
                pattern + _END,
            )
        if not pattern:
            return f"{column} = %s", (*parameters, texts[0])
        like = f"{column} LIKE %s" + ("" if connection.vendor == "mysql" else f" ESCAPE '{ESCAPE}'")
        condition = " OR ".join([like] * len(texts))
        values = (value for text in texts for value in (*parameters, pattern % like_escaped(text)))
        return (f"({condition})" if len(texts) > 1 else condition), tuple(values)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(FoldedLookup):
    """The whole text."""

    lookup_name = "folded"


@models.CharField.register_lookup
@models.TextField.register_lookup
class FoldedContains(FoldedLookup):
    """A part of the text."""

    lookup_name = "folded_contains"
    pattern = "%%%s%%"


@models.CharField.register_lookup
@models.TextField.register_lookup
class FoldedStartsWith(FoldedLookup):
    """The beginning of the text."""

    lookup_name = "folded_startswith"
    pattern = "%s%%"


@models.CharField.register_lookup
@models.TextField.register_lookup
class FoldedEndsWith(FoldedLookup):
    """The end of the text."""

    lookup_name = "folded_endswith"
    pattern = "%%%s"


@models.CharField.register_lookup
@models.TextField.register_lookup
class MatchesPattern(AnyLookup):
    """A regular expression without delimiters, without regard to case; SQLite runs it in limited time."""

    lookup_name = "pattern"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Use the operator of the engine."""
        column, parameters = self.process_lhs(compiler, connection)
        if connection.vendor == "sqlite":
            return f"hd_matches(%s, {column})", (str(self.rhs), *parameters)
        operator = "REGEXP" if connection.vendor == "mysql" else "~*"
        pattern = str(self.rhs)
        if holds_no_rare_characters(self.lhs, connection):
            pattern = readable_pattern(pattern)
        return f"{column} {operator} %s", (*parameters, pattern)
