"""Model fields for osTicket's text columns: what goes in comes out whole, and what does not fit is refused.

Every text column of a legacy table is one of these fields (a test looks), so that no service needs to think of it:

* NUL and halves of surrogate pairs, which are no characters, are left out.
* A text longer than its column is refused with ValidationFailed on every engine: characters count in a `varchar`,
  bytes in a `text`, whatever the engine itself would do (cut, fail, or take it).
* Where osTicket's tables are utf8mb3, the column gets the nearest readable form, which PHP shows, and the side table
  `hd_original_text` the original, in the same transaction (`helpdesk.legacy.originals`, and the compilers of the MySQL
  back end that call it). Reading gives the original as long as the column still holds that form. On every other
  installation none of this costs a statement or a join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.characters import clean_text, has_rare_characters, needs_care, readable_text, with_references
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.table_description import legacy_tables

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler


@dataclass(frozen=True)
class TextLimit:
    """How much a column holds: `most` characters, or bytes of UTF-8 where `in_bytes`. 0 is without limit."""

    most: int
    in_bytes: bool = False

    def fits(self, text: str) -> bool:
        """Whether the column holds the text."""
        if not self.most or len(text) * (4 if self.in_bytes else 1) <= self.most:
            return True
        return self.in_bytes and len(text.encode(errors="replace")) <= self.most

    def cut(self, text: str) -> str:
        """Shorten a text with `…` to what the column holds."""
        if self.fits(text):
            return text
        if self.in_bytes:
            return text.encode()[: self.most - 3].decode(errors="ignore") + "…"
        return f"{text[: self.most - 1]}…"


def column_limit(field: models.Field[Any, Any]) -> TextLimit:
    """Give what the column of a field holds, from the description of osTicket's tables, else from the field."""
    table = legacy_tables().get(getattr(field.model._meta.db_table, "base", ""))
    for column in table.columns if table else ():
        if column.name == field.column:
            return _limit_of_type(column.type)
    return TextLimit(getattr(field, "max_length", None) or 0)


def _limit_of_type(column_type: str) -> TextLimit:
    name, _paren, length = column_type.rstrip(")").partition("(")
    sizes = {"tinytext": 2**8 - 1, "text": 2**16 - 1, "mediumtext": 2**24 - 1}
    return TextLimit(sizes[name], in_bytes=True) if name in sizes else TextLimit(int(length or 0))


def check_length(field: models.Field[Any, Any], text: str, *, name: str | None = None) -> None:
    """Raise ValidationFailed (`too_long`) when the column of a field cannot hold the text; `name` names the input."""
    limit = column_limit(field)
    if limit.fits(text):
        return
    what = _("At most %(count)d bytes fit here") if limit.in_bytes else _("At most %(count)d characters fit here")
    raise ValidationFailed(what % {"count": limit.most}, code="too_long", field=name or field.name)


def cut_to_column(model: type[models.Model], name: str, text: str) -> str:
    """Shorten a text with `…` to what the column of a model's field holds. Only for log lines, which must not fail."""
    field = cast("models.Field[Any, Any]", model._meta.get_field(name))
    return column_limit(field).cut(clean_text(text))


def stored_form(field: models.Field[Any, Any], text: str, connection: BaseDatabaseWrapper) -> str:
    """Give what the column of a field of osTicket's holds for a text."""
    if not isinstance(field, WholeText):
        raise TypeError(f"{field} is no text column of osTicket's")
    return field.stored_form(text, connection)


class LimitedText:
    """A field that refuses a text which is longer than its column, for services that forgot to look."""

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Refuse, on every engine alike, what does not fit."""
        prepared = super().get_db_prep_save(value, connection)  # type: ignore[misc]
        # The value itself counts: what is stored may be a readable form, longer than it and cut.
        text = value if isinstance(value, str) else prepared
        if isinstance(text, str) and not self._limit.fits(text):
            check_length(cast("models.Field[Any, Any]", self), clean_text(text))
        return prepared

    @cached_property
    def _limit(self) -> TextLimit:
        return column_limit(cast("models.Field[Any, Any]", self))


class WholeText(LimitedText):
    """What the fields of this module have in common."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Let the object show what is stored."""
        value = super().pre_save(model_instance, add)  # type: ignore[misc]
        if isinstance(value, str) and needs_care(value) and (cleaned := clean_text(value)) != value:
            setattr(model_instance, self.attname, cleaned)  # type: ignore[attr-defined]
            return cleaned
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Give an ordinary text that fits as it is, the others with all that there is to do."""
        if type(value) is str and self._limit.fits(value) and not needs_care(value):
            return value
        return super().get_db_prep_save(value, connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Give a text as the column can hold it, also to look for it."""
        value = super().get_db_prep_value(value, connection, prepared)  # type: ignore[misc]
        return self.stored_form(value, connection) if isinstance(value, str) else value

    def stored_form(self, text: str, connection: BaseDatabaseWrapper) -> str:
        """Give what the column holds for this text."""
        text = clean_text(text)
        if has_rare_characters(text) and not getattr(connection, "holds_every_character", True):
            return self._limit.cut(readable_text(text))
        return text

    def select_format(self, compiler: SQLCompiler, sql: str, params: Any) -> tuple[str, Any]:
        """Select the original where there is one."""
        if getattr(compiler.connection, "holds_every_character", True):
            return sql, params
        from helpdesk.legacy.originals import with_original

        return with_original(cast("models.Field[Any, Any]", self), sql, compiler.connection), params


class LegacyCharField(WholeText, models.CharField):
    """A `varchar` of osTicket's; migrations see a plain CharField."""

    def deconstruct(self) -> Any:
        """Hide the class from migrations: the column is the same."""
        name, path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField" if type(self) is LegacyCharField else path, args, kwargs


class LegacyTextField(WholeText, models.TextField):
    """A `text` of osTicket's; migrations see a plain TextField."""

    def deconstruct(self) -> Any:
        """Hide the class from migrations: the column is the same."""
        name, path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField" if type(self) is LegacyTextField else path, args, kwargs


# --- Looking for parts of a text --------------------------------------------------------------------------------------


def holds_no_rare_characters(expression: Any, connection: BaseDatabaseWrapper) -> bool:
    """Whether an expression of a query is made of columns that are utf8mb3; MariaDB refuses to look for others there.

    An expression that writes the name of such a column itself says so with `is_text_of_osticket`.
    """
    return not getattr(connection, "holds_every_character", True) and any(
        isinstance(getattr(part, "target", None), WholeText) or getattr(part, "is_text_of_osticket", False)
        for part in expression.flatten()
    )


def forms_in_column(expression: Any, text: str, connection: BaseDatabaseWrapper) -> list[str]:
    """Give what stands in the columns of an expression for a text that is looked for: as plain text, and in HTML."""
    text = clean_text(text)
    if has_rare_characters(text) and holds_no_rare_characters(expression, connection):
        return [readable_text(text), with_references(text)]
    return [text]


class _InStoredForm:
    """Looks in a column for what stands there instead of rare characters."""

    lhs: Any

    def get_db_prep_lookup(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Give the text as plain text holds it."""
        if isinstance(value, str):
            value = forms_in_column(self.lhs, value, connection)[0]
        return super().get_db_prep_lookup(value, connection)  # type: ignore[misc]


for _lookup in (
    lookups.Contains, lookups.IContains, lookups.StartsWith, lookups.IStartsWith, lookups.EndsWith, lookups.IEndsWith,
    lookups.IExact,
):  # fmt: skip
    _in_stored_form = type(f"{_lookup.__name__}InStoredForm", (_InStoredForm, _lookup), {})
    LegacyCharField.register_lookup(_in_stored_form)
    LegacyTextField.register_lookup(_in_stored_form)
