"""Sets of e-mail templates and their texts, stored as osTicket does (osticket/mail.md §1.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.mail.message_types import MESSAGE_TYPES, Audience, MessageType
from helpdesk.mail.models import EmailTemplate, TemplateSet
from helpdesk.mail.shipped import LANGUAGES, shipped_template
from helpdesk.mail.template import Template
from helpdesk.mail.variables.catalogue import Unknown, unknown_variables
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text

LONGEST_BODY = 60_000
IMAGES = "T"
"""Type of the attachments that keep the images of templates."""
_IMAGE = re.compile(r"cid:([\w.-]{32})(?![\w.@-])")


@dataclass(frozen=True, kw_only=True)
class SetDraft:
    """What an administrator says about a set; `language` is osTicket's code (`en_US`, `de`)."""

    name: str
    language: str = "en_US"
    is_active: bool = True
    notes: str = ""


class UnknownVariables(ValidationFailed):
    """A text uses variables that its message does not know; `unknown` says which and where."""

    def __init__(self, field: str, unknown: list[Unknown]) -> None:
        places = ", ".join(
            _("%%{%(name)s} (line %(line)d, column %(column)d)")
            % {"name": one.name, "line": one.line, "column": one.column}
            for one in unknown
        )
        message = _("This message does not know these variables: %(places)s. They would stay as they are, or be empty.")
        super().__init__(message % {"places": places}, code="variables_unknown", field=field)
        self.unknown = unknown


@transaction.atomic
def store_set(
    draft: SetDraft, *, actor: Actor, template_set: TemplateSet | None = None, copy_of: TemplateSet | None = None
) -> TemplateSet:
    """Create a set, empty or with the texts of `copy_of`, or change the given one, and give it.

    What an empty set does not say comes with the program, in its language. Raises PermissionRefused; ValidationFailed
    for a name that is missing or taken; Conflict when a set that is in use is switched off.
    """
    check_is_administrator(actor)
    name = checked_text(draft.name, field="name", longest=32)
    others = TemplateSet.objects.filter(name=name)
    if (others.exclude(pk=template_set.pk) if template_set is not None else others).exists():
        raise ValidationFailed(_("Another set has this name."), code="set_name_taken", field="name")
    if template_set is not None and not draft.is_active and is_in_use(template_set):
        raise Conflict(_("A set that is in use cannot be switched off."), code="set_in_use", field="is_active")
    action = Action.CREATED if template_set is None else Action.CHANGED
    row = template_set or TemplateSet()
    before = {} if template_set is None else _values(row)
    row.name, row.lang, row.isactive, row.notes = name, draft.language, draft.is_active, draft.notes
    row.updated = timezone.now()
    row.save()
    if template_set is None and copy_of is not None:
        for text in copy_of.templates.order_by("pk"):
            _write(row, text.code_name, Template(text.subject, text.body))
    changes = difference(before, _values(row))
    record_change(actor, action, ObjectType.EMAIL_TEMPLATE, row.pk, row.name, changes)
    return row


@transaction.atomic
def install_set(language: str, *, actor: Actor) -> TemplateSet:
    """Create a set with the texts that come with the program in a language, and give it.

    Raises PermissionRefused; ValidationFailed for a language without texts.
    """
    check_is_administrator(actor)
    if language not in LANGUAGES:
        raise ValidationFailed(_("There are no texts in this language."), code="language_unknown", field="language")
    taken = set(TemplateSet.objects.values_list("name", flat=True))
    names = (f"{LANGUAGES[language]}{suffix}" for suffix in ("", *(f" {number}" for number in range(2, 1000))))
    name = next(one for one in names if one not in taken)
    row = store_set(SetDraft(name=name, language=language), actor=actor)
    for code in MESSAGE_TYPES:
        text = shipped_template(code, language)
        if text is not None:
            _write(row, code, text)
    return row


@transaction.atomic
def delete_set(template_set: TemplateSet, *, actor: Actor) -> None:
    """Delete a set with its texts. Raises PermissionRefused, and Conflict while it is in use."""
    check_is_administrator(actor)
    if is_in_use(template_set):
        message = _(
            "A set that is in use cannot be deleted: choose another one for the departments, or as the default."
        )
        raise Conflict(message, code="set_in_use")
    texts = list(template_set.templates.values_list("pk", flat=True))
    Attachment.objects.filter(type=IMAGES, object_id__in=texts).delete()
    template_set.templates.all().delete()
    record_change(actor, Action.DELETED, ObjectType.EMAIL_TEMPLATE, template_set.pk, template_set.name, {})
    template_set.delete()


@transaction.atomic
def store_template(
    template_set: TemplateSet, code: str, template: Template, *, actor: Actor, keeps_unknown: bool = False
) -> EmailTemplate:
    """Give a message of a set this text.

    Raises PermissionRefused; NotFound for a message that does not exist; ValidationFailed for a text that is missing or
    too long; UnknownVariables for variables that the message does not know, unless `keeps_unknown`.
    """
    check_is_administrator(actor)
    kind = message_type(code)
    subject = checked_text(" ".join(template.subject.split()), field="subject", longest=255)
    body = checked_text(template.body, field="body", longest=LONGEST_BODY)
    if not keeps_unknown:
        for field, text in (("subject", subject), ("body", template.body)):
            unknown = unknown_variables(text, kind.roots, for_agents=kind.audience is not Audience.USER)
            if unknown:
                raise UnknownVariables(field, unknown)
    known = template_set.templates.filter(code_name=code).first()
    before = {"subject": known.subject, "body": known.body} if known is not None else {}
    row = _write(template_set, code, Template(subject, body))
    changes = difference(before, {"subject": row.subject, "body": row.body})
    name = f"{template_set.name}: {code}"
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_TEMPLATE, template_set.pk, name, changes)
    return row


@transaction.atomic
def reset_template(template_set: TemplateSet, code: str, *, actor: Actor) -> None:
    """Let a message of a set say what comes with the program again. Raises PermissionRefused and NotFound."""
    check_is_administrator(actor)
    message_type(code)
    row = template_set.templates.filter(code_name=code).first()
    if row is None:
        return
    Attachment.objects.filter(type=IMAGES, object_id=row.pk).delete()
    changes = difference({"subject": row.subject, "body": row.body}, {})
    name = f"{template_set.name}: {code}"
    row.delete()
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_TEMPLATE, template_set.pk, name, changes)


def message_type(code: str) -> MessageType:
    """Give a message by its code. Raises NotFound."""
    if code not in MESSAGE_TYPES:
        raise NotFound(_("There is no such message."), code="message_unknown")
    return MESSAGE_TYPES[code]


def is_in_use(template_set: TemplateSet) -> bool:
    """Whether a set is the default one, or that of a department."""
    default = configuration.current().integer("default_template_id")
    return template_set.pk == default or Department.objects.filter(tpl_id=template_set.pk).exists()


def _write(template_set: TemplateSet, code: str, template: Template) -> EmailTemplate:
    now = timezone.now()
    row, is_new = EmailTemplate.objects.get_or_create(
        tpl=template_set, code_name=code, defaults={"subject": template.subject, "body": template.body}
    )
    if not is_new:
        row.subject, row.body, row.updated = template.subject, template.body, now
        row.save()
    _keep_images(row)
    return row


def _keep_images(row: EmailTemplate) -> None:
    """Let the images of the text stay, and those that it shows no more go."""
    keys = {key.lower() for key in _IMAGE.findall(row.body)}
    shown = {file.pk for file in StoredFile.objects.filter(key__in=keys)}
    kept = Attachment.objects.filter(type=IMAGES, object_id=row.pk)
    kept.exclude(file__in=shown).delete()
    present = set(kept.values_list("file_id", flat=True))
    Attachment.objects.bulk_create(
        Attachment(type=IMAGES, object_id=row.pk, file_id=file, inline=True) for file in sorted(shown - present)
    )


def _values(row: TemplateSet) -> dict[str, object]:
    return {"name": row.name, "language": row.lang, "active": row.isactive, "notes": row.notes or ""}
