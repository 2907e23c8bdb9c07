"""Writes the rows with which a fresh help desk begins (those of osTicket's installer, with texts of our own).

The rows are package data: `initial_data/rows.json` with ids as given, the long texts as HTML files beside it. They are
written once, in one transaction; afterwards they belong to the administrator and are never touched again.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import FileChunk, StoredFile
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.fields import Prefixed
from helpdesk.legacy.file_keys import content_digest
from helpdesk.legacy.models import Installation
from helpdesk.legacy.table_description import schema_signature

OSTICKET_VERSION = "1.18"

Row = dict[str, Any]


@dataclass(frozen=True)
class InstallerAnswers:
    """What the person who sets up the help desk decides; everything else of the initial rows is fixed.

    `helpdesk_url` ends with a slash; `time_zone` is an IANA name, the zone in which times are shown.
    `confirms_tickets`: whether users get a mail for a new ticket, as the thank-you page says; osTicket begins without.
    """

    helpdesk_url: str
    helpdesk_title: str
    default_email: str
    admin_email: str
    time_zone: str = "UTC"
    brand: str = "Ostler"
    confirms_tickets: bool = False

    @classmethod
    def from_settings(cls) -> "InstallerAnswers":
        """Give the answers of the environment (HELPDESK_URL, HELPDESK_TITLE, HELPDESK_EMAIL, HELPDESK_TIME_ZONE)."""
        return cls(
            helpdesk_url=settings.HELPDESK_URL,
            helpdesk_title=settings.HELPDESK_TITLE,
            default_email=settings.HELPDESK_EMAIL,
            admin_email=settings.ADMIN_EMAIL,
            time_zone=settings.HELPDESK_TIME_ZONE,
            confirms_tickets=True,
        )

    @property
    def values(self) -> Mapping[str, str]:
        """The values of the `$names` in the rows."""
        return {
            **asdict(self),
            "ticket_autoresponder": "1" if self.confirms_tickets else "",
            "mail_domain": self.default_email.rpartition("@")[2] or urlsplit(self.helpdesk_url).hostname or "localhost",
            "schema_signature": schema_signature(),
        }


def _initial_data() -> Traversable:
    return resources.files("helpdesk.portal").joinpath("initial_data")


def _text(folder: str, name: str) -> str:
    return _initial_data().joinpath(folder, f"{name}.html").read_text(encoding="utf-8").strip()


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    return Template(value).substitute(values) if isinstance(value, str) and "$" in value else value


def english_template(code: str) -> tuple[str, str] | None:
    """Give subject and body of an e-mail template as a new help desk gets it, None for a code without one."""
    if not _initial_data().joinpath("email_templates", f"{code}.html").is_file():
        return None
    subject, _blank, body = _text("email_templates", code).partition("\n\n")
    return subject.removeprefix("Subject: "), body


def _with_template_text(row: Row) -> Row:
    subject, body = english_template(row["code_name"]) or ("", "")
    return {**row, "subject": subject, "body": body}


def _with_page_text(row: Row) -> Row:
    return {**row, "body": _text("pages", row["type"])}


def _with_canned_text(row: Row) -> Row:
    return {**row, "response": _text("canned_responses", str(row["canned_id"]))}


def _file_content(row: Row) -> bytes:
    return _initial_data().joinpath("files", row["name"]).read_bytes()


def _with_file_facts(row: Row) -> Row:
    content = _file_content(row)
    return {**row, "size": len(content), "signature": content_digest(content).signature()}


_TEXTS: dict[str, Callable[[Row], Row]] = {
    "email_template": _with_template_text,
    "content": _with_page_text,
    "canned_response": _with_canned_text,
    "file": _with_file_facts,
}


def initial_rows(answers: InstallerAnswers) -> dict[str, list[Row]]:
    """Give the initial rows per table (names without prefix), keyed by column; JSON columns hold Python values."""
    values = answers.values
    return {
        table: [_TEXTS.get(table, dict)({column: _filled(v, values) for column, v in row.items()}) for row in rows]
        for table, rows in _committed_rows().items()
    }


def _committed_rows() -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = json.loads(_initial_data().joinpath("rows.json").read_text(encoding="utf-8"))
    return rows


@cache
def model_of_table(table: str) -> type[models.Model]:
    """Give the model of a legacy table by its name without prefix; raises LookupError for an unknown one."""
    for model in apps.get_models():
        name = model._meta.db_table
        if isinstance(name, Prefixed) and name.base == table:
            return model
    raise LookupError(table)


def _objects(model: type[models.Model], rows: Iterable[Row], now: datetime) -> list[models.Model]:
    attribute = {field.column: field.attname for field in model._meta.concrete_fields if field.column}
    times = {name: now for name in ("created", "updated") if name in attribute}
    return [model(**times, **{attribute[column]: value for column, value in row.items()}) for row in rows]


def _write_rows(answers: InstallerAnswers, now: datetime) -> int:
    tables = initial_rows(answers)
    for table, rows in tables.items():
        model = model_of_table(table)
        model._default_manager.bulk_create(_objects(model, rows, now))
    FileChunk.objects.bulk_create(
        FileChunk(file_id=row["id"], chunk_id=0, filedata=_file_content(row)) for row in tables["file"]
    )
    _continue_sequences([*map(model_of_table, tables), StoredFile])
    return sum(map(len, tables.values()))


def _continue_sequences(seeded: list[type[models.Model]]) -> None:
    """Let PostgreSQL's sequences go on behind the explicit ids; the other engines do so by themselves."""
    statements = connection.ops.sequence_reset_sql(no_style(), seeded)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _refuse_foreign_database() -> None:
    if Installation.objects.filter(origin=Installation.Origin.ADOPTED).exists():
        raise Conflict(
            _("This database was adopted from a running osTicket: it has its own rows, and setup adds none."),
            code="database_adopted",
        )
    for table in [*_committed_rows(), "staff", "ticket"]:
        if model_of_table(table)._default_manager.exists():
            raise Conflict(
                _("“%(table)s” holds rows that setup did not write. For a database of osTicket use “manage.py adopt”.")
                % {"table": model_of_table(table)._meta.db_table},
                code="database_not_empty",
            )


def is_set_up() -> bool:
    """Whether `seed_database` has written its rows into this database."""
    return Installation.objects.filter(origin=Installation.Origin.FRESH).exists()


def seed_database(answers: InstallerAnswers, *, now: datetime) -> int:
    """Write the initial rows with `created` and `updated` = `now` (aware); give the number of rows written.

    A second call writes nothing and gives 0, whatever was edited or deleted meanwhile. Raises Conflict (codes
    `database_adopted`, `database_not_empty`) when the rows of this database come from elsewhere.
    """
    try:
        with transaction.atomic():
            if is_set_up():
                return 0
            _refuse_foreign_database()
            written = _write_rows(answers, now)
            Installation.objects.create(
                origin=Installation.Origin.FRESH,
                osticket_version=OSTICKET_VERSION,
                schema_signature=schema_signature(),
                database_time_zone="UTC",
            )
    except (IntegrityError, Conflict):
        # Two set-ups at once: the ids are fixed, so only one can win, and the other has nothing left to do. It meets
        # the winner's rows when it writes its own, or before, when the winner commits between its first two looks.
        if is_set_up():
            return 0
        raise
    return written
