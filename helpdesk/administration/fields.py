"""Form fields for what lies in tables with composite keys, and for permissions: rows of inputs inside one form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

Choices = Sequence[tuple[str, Any]]
Cells = Mapping[str, str]


class Column(NamedTuple):
    """One input of every row: a box to tick, or a choice where there are `choices`."""

    name: str
    label: Any
    choices: Choices | None = None


class Row(NamedTuple):
    """One row: the number of the object and what it is called; `note` says what is odd about it."""

    key: int
    label: Any
    note: Any = ""


class RowsWidget(forms.Widget):
    """A table of inputs. The keys of its rows travel with the form: what was not shown is not touched."""

    def __init__(self, columns: Sequence[Column], attrs: dict[str, Any] | None = None) -> None:
        """Take the columns; the rows come with the form."""
        super().__init__(attrs)
        self.columns = columns
        self.rows: Sequence[Row] = ()

    def id_for_label(self, id_: str) -> str:
        """Leave the label without a target: there are many inputs."""
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, dict[str, str]]:
        """Read the cells of every row that was shown."""
        keys = filter(str.isdecimal, data.get(f"{name}-rows", "").split(","))
        return {
            key: {column.name: data.get(f"{name}-{key}-{column.name}", "") for column in self.columns} for key in keys
        }

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Draw the table."""
        cells: Mapping[str, Cells] = value or {}
        rows = [
            {
                "key": row.key,
                "label": row.label,
                "note": row.note,
                "cells": [(column, cells.get(str(row.key), {}).get(column.name, "")) for column in self.columns],
            }
            for row in self.rows
        ]
        context = {"name": name, "columns": self.columns, "rows": rows, "id": (attrs or {}).get("id", name)}
        context["keys"] = ",".join(str(row.key) for row in self.rows)  # one field: their number is limited
        return SafeString(render_to_string("administration/widgets/rows.html", context))


class RowsField(forms.Field):
    """Cells by row and column, as text: `{7: {"role": "3", "alerts": "on"}}`."""

    widget: RowsWidget

    def __init__(self, columns: Sequence[Column], **kwargs: Any) -> None:
        """Take the columns besides the usual arguments; it is never required."""
        super().__init__(widget=RowsWidget(columns), required=False, **kwargs)

    def show(self, rows: Iterable[Row], columns: Sequence[Column] | None = None) -> None:
        """Say which rows there are, and which columns if their choices are known only now."""
        self.widget.rows = list(rows)
        if columns is not None:
            self.widget.columns = columns

    def clean(self, value: Any) -> dict[int, dict[str, str]]:
        """Refuse rows that were not offered and choices that do not exist."""
        cells: Mapping[str, Cells] = value or {}
        offered = {str(row.key) for row in self.widget.rows}
        for key, row in cells.items():
            for column in self.widget.columns:
                known = column.choices is None or row[column.name] in {str(choice) for choice, _label in column.choices}
                if key not in offered or not known:
                    raise ValidationError(_("This list has changed meanwhile. Please look again."), code="changed")
        return {int(key): dict(row) for key, row in cells.items()}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Leave that question to the services, which compare with the rows."""
        return False


class PermissionGroup(NamedTuple):
    """Permissions that stand together: a heading, and key, name and description of each."""

    title: Any
    permissions: Sequence[tuple[str, Any, Any]]


class PermissionsWidget(forms.CheckboxSelectMultiple):
    """Boxes in groups, each with a description, and the keys that nobody here knows."""

    groups: Sequence[PermissionGroup] = ()
    unknown: Sequence[str] = ()

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """Leave the label without a target: there are many boxes."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Draw the groups."""
        context = {"name": name, "chosen": set(value or ()), "groups": self.groups, "unknown": self.unknown}
        context["id"] = (attrs or {}).get("id", name)
        return SafeString(render_to_string("administration/widgets/permissions.html", context))


class PermissionsField(forms.MultipleChoiceField):
    """The keys that are granted, chosen in groups."""

    widget = PermissionsWidget

    def __init__(self, groups: Sequence[PermissionGroup], **kwargs: Any) -> None:
        """Take the groups besides the usual arguments."""
        choices = [(key, name) for group in groups for key, name, _text in group.permissions]
        super().__init__(choices=choices, required=False, **kwargs)
        self.groups = groups
        self.widget.groups = groups

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as sets."""
        return set(initial or ()) != set(data or ())
