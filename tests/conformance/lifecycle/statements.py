"""The direct changes of rows in the cases: simple MySQL statements, carried out on any engine."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import F, Model
from django.utils import timezone

_UPDATE = re.compile(r"UPDATE (?P<table>\w+) SET (?P<changes>.+?)(?: WHERE (?P<where>.+))?")
_INSERT = re.compile(r"INSERT INTO (?P<table>\w+) \((?P<columns>[^)]+)\) VALUES (?P<rows>.+)")
_INTERVAL = re.compile(r"(?P<base>NOW\(\)|\w+)(?: (?P<sign>[+-]) INTERVAL (?P<count>\d+) (?P<unit>HOUR|MINUTE))?")


def run_statement(statement: str) -> None:
    """Carry out one statement. Raises ValueError for one that is not understood."""
    update, insert = _UPDATE.fullmatch(statement), _INSERT.fullmatch(statement)
    if update:
        model = _model_of(update["table"])
        rows = model._default_manager.all()
        for condition in update["where"].split(" AND ") if update["where"] else ():
            column, value = condition.split("=")
            rows = rows.filter(**{_attribute(model, column): _value(value, model)})
        changes = (change.split("=", 1) for change in re.split(r", (?=\w+=)", update["changes"]))
        rows.update(**{_attribute(model, column): _value(value, model) for column, value in changes})
    elif insert:
        model = _model_of(insert["table"])
        attributes = [_attribute(model, column) for column in insert["columns"].split(",")]
        for row in re.findall(r"\(((?:[^()]|\(\))+)\)", insert["rows"]):
            values = [_value(value, model) for value in row.split(",")]
            model._default_manager.create(**dict(zip(attributes, values, strict=True)))
    else:
        raise ValueError(f"Not understood: {statement}")


def _model_of(table: str) -> type[Model]:
    return next(model for model in apps.get_models() if getattr(model._meta.db_table, "base", "") == table)


def _attribute(model: type[Model], column: str) -> str:
    return next(field.attname for field in model._meta.concrete_fields if field.column == column.strip())


def _value(text: str, model: type[Model]) -> Any:
    text = text.strip()
    if text == "NULL":
        return None
    if text.startswith("'"):
        return text.strip("'")
    if text.isdigit():
        return int(text)
    if "|" in text:
        column, bits = text.split("|")
        return F(column).bitor(int(bits))
    moment = _INTERVAL.fullmatch(text)
    if moment is None:
        raise ValueError(f"Not understood: {text}")
    base: datetime | F = timezone.now() if moment["base"] == "NOW()" else F(_attribute(model, moment["base"]))
    if moment["sign"] is None:
        return base
    count = int(moment["count"]) * (1 if moment["sign"] == "+" else -1)
    return base + (timedelta(hours=count) if moment["unit"] == "HOUR" else timedelta(minutes=count))
