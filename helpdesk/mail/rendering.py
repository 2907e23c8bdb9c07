"""An effect of the kind `mail` becomes a mail: template, variables, files, headers (osticket/mail.md §6, §8).

Everything is derived from the payload and the rows of the moment, the Message-ID from the effect's key: the same effect
always gives the same Message-ID, so that a repetition after a crash is recognised.
"""

from __future__ import annotations

import hashlib
import html as html_text
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.html import format_html

from helpdesk import configuration
from helpdesk.configuration.kept import Kept
from helpdesk.configuration.selectors import agent_settings
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.selectors import display_name
from helpdesk.legacy.message_ids import RANDOM_ALPHABET, outgoing_message_id
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.mail.ahead import ReadAhead
from helpdesk.mail.budgets import AUTOMATIC_ANSWERS
from helpdesk.mail.incoming import NO_SUBJECT
from helpdesk.mail.models import EmailAddress, EmailTemplate, TemplateSet
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.readers import user_of
from helpdesk.mail.shipped import shipped_template
from helpdesk.mail.template import Template
from helpdesk.mail.variables import Part, expand, roots_of
from helpdesk.mail.variables.entries import ENTRIES, EntryVariable
from helpdesk.mail.variables.people import UserVariable
from helpdesk.outbox.handlers import GiveUp
from helpdesk.people.models import EndUser
from helpdesk.people.names import agent_name
from helpdesk.threads.constants import EntryType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import EntryEmail, ThreadEntry
from helpdesk.threads.plain_text import html_as_text

ANSWERS_OF_AGENTS = frozenset({"ticket.reply"})
WITH_FILES = frozenset({"ticket.reply", "ticket.autoreply", "ticket.notice", "ticket.activity.notice"})
"""Templates that carry the files of the entry; alerts lead to the ticket instead."""
MOST_REFERENCES = 20
_SHOWN_IMAGE = re.compile(r"cid:(?P<key>[\w.-]{32})(?![\w.@-])")
_REFERENCES = re.compile(r"^References:(?P<ids>(?:.*(?:\n[ \t].*)*))", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True)
class RenderedMail:
    """A mail ready to be sent; `html` is None for one of plain text. `message_id` is without brackets."""

    sender: EmailAddress
    sender_name: str
    to: Sequence[Recipient]
    cc: Sequence[Recipient]
    subject: str
    text: str
    html: str | None
    message_id: str
    headers: Mapping[str, str]
    images: Mapping[str, StoredFile] = field(default_factory=dict)
    """Images that the HTML shows, by Content-ID."""
    files: Sequence[Attachment] = ()


def render(payload: Mapping[str, Any], *, key: str) -> RenderedMail:
    """Make the mail of an effect. Raises GiveUp when it can never be sent: no recipient, sender or template is left."""
    to, cc = _recipients(payload["to"]), _recipients(payload.get("cc") or [])
    if not to and not cc:
        raise GiveUp("The mail has no recipient.")
    sender = _sender(int(payload.get("sender") or 0))
    if payload.get("subject") and not payload.get("html"):
        headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}
        message_id = _message_id(sender, [*to, *cc], None, key)
        return RenderedMail(
            sender, sender.name, to, cc, payload["subject"], payload.get("text", ""), None, message_id, headers
        )
    return _from_template(payload, sender, to, cc, key)


TextSource = Callable[[str], Template | None]
_sources: list[TextSource] = []


def register_text_source(source: TextSource) -> None:
    """Let `source(code)` give texts of mails that are no e-mail templates (the content pages about accounts)."""
    _sources.append(source)


def template_of(code: str, template_set: int) -> Template:
    """Give a template of a set, else what comes with the program in the set's language; else a text from elsewhere.

    A set that is gone, or 0, means the default one. Source: osticket/mail.md §1.3. Raises GiveUp when there is none.
    """
    found = _template(code, template_set, configuration.current().integer("default_template_id"))
    if found is None:
        found = next((text for source in _sources if (text := source(code)) is not None), None)
    if found is None:
        raise GiveUp(f"There is no template {code!r}.")
    return found


def _read_template(code: str, template_set: int, default: int) -> Template | None:
    sets = TemplateSet.objects.in_bulk([template_set, default])
    chosen = sets.get(template_set) or sets.get(default)
    row = EmailTemplate.objects.filter(tpl=chosen, code_name=code).first() if chosen is not None else None
    if row is not None:
        return Template(row.subject, row.body)
    shipped = shipped_template(code, chosen.lang if chosen is not None else "")
    if shipped is not None:
        return shipped
    return None


_template = Kept(_read_template)
_template.forget_with(TemplateSet, EmailTemplate)


def _from_template(
    payload: Mapping[str, Any], sender: EmailAddress, to: list[Recipient], cc: list[Recipient], key: str
) -> RenderedMail:
    code, context = payload["template"], dict(payload.get("context") or {})
    roots = roots_of(context, next(iter([*to, *cc])))
    if any(name in context and roots.get(name) is None for name in ("ticket", "task")):
        raise GiveUp("What this mail is about is gone.")
    about = roots.get("ticket") or roots.get("task")
    department = getattr(about, "department", None)
    if payload.get("html"):
        template = Template(payload["subject"] or NO_SUBJECT, payload["html"])
    else:
        template = template_of(code, department.tpl_id if department is not None else 0)
    subject = expand(html_text.unescape(template.subject), roots, part=Part.SUBJECT)
    body = expand(template.body, roots)
    entry = _entry_of(roots)
    # An answer names nobody: PHP osTicket would take whoever answers a mail that names its owner for him.
    reader = roots.get("recipient")
    known = reader.user if isinstance(reader, UserVariable) else None
    message_id = _message_id(sender, [] if code in ANSWERS_OF_AGENTS else [*to, *cc], entry, key, known)
    text = clean_html(body.text).html if payload.get("html") else body.text
    html = _with_marks(text, message_id, has_entry=entry is not None)
    html, images = _with_images(html, sender)
    uses_html = configuration.current().boolean("enable_richtext")
    return RenderedMail(
        sender=sender,
        sender_name=_sender_name(code, entry, sender),
        to=to,
        cc=cc,
        subject=subject.text,
        text=f"{html_as_text(html)}\n\nRef-Mid: {message_id}\n",
        html=html if uses_html else None,
        message_id=message_id,
        headers={**_markers(code), **_thread_headers(entry, code)},
        images=images if uses_html else {},
        files=[*_files_of(code, roots), *body.files, *subject.files],
    )


def _recipients(rows: Sequence[Mapping[str, Any]]) -> list[Recipient]:
    return [
        Recipient(RecipientKind(row["kind"]), row["address"], row.get("name", ""), row.get("id", 0))
        for row in rows
        if row.get("address")
    ]


def _sender(address_id: int) -> EmailAddress:
    """Give the address to send from; the default one where the wanted one is gone."""
    found = _first_address(address_id, configuration.current().integer("default_email_id"))
    if found is None:
        raise GiveUp("The help desk has no address of its own to send from.")
    return found


def _read_first_address(*wanted: int) -> EmailAddress | None:
    rows = EmailAddress.objects.in_bulk([one for one in wanted if one])
    return next((rows[one] for one in wanted if one in rows), None) or EmailAddress.objects.order_by("pk").first()


_first_address = Kept(_read_first_address)
_first_address.forget_with(EmailAddress)


def _sender_name(code: str, entry: ThreadEntry | None, sender: EmailAddress) -> str:
    """Give the name in From: for answers of agents what the agent chose (osticket/mail.md §6.4)."""
    if code not in ANSWERS_OF_AGENTS or entry is None or entry.staff is None:
        return sender.name
    chosen = agent_settings(entry.staff.pk).text("default_from_name")
    if chosen == "mine" and not configuration.current().boolean("hide_staff_name"):
        return agent_name(entry.staff.firstname, entry.staff.lastname, username=entry.staff.username)
    if chosen == "dept" and (department := entry.staff.dept) is not None and department.ispublic:
        return department.name
    return sender.name


def _entry_of(roots: Mapping[str, Any]) -> ThreadEntry | None:
    """Give the entry that the mail is about."""
    for name in ("response", "message", "note"):
        found = roots.get(name)
        if isinstance(found, EntryVariable):
            return found.entry
    return None


def _message_id(
    sender: EmailAddress,
    people: Sequence[Recipient],
    entry: ThreadEntry | None,
    key: str,
    known: EndUser | None = None,
) -> str:
    """Give the Message-ID of osTicket's form; its random part comes from the key."""
    digest = hashlib.sha256(f"{settings.SECRET_SALT}{key}".encode()).digest()
    random = "".join(RANDOM_ALPHABET[byte % len(RANDOM_ALPHABET)] for byte in digest[:5])
    kind, person_id = "M", 0
    if len(people) == 1:
        letters = {RecipientKind.AGENT: "S", RecipientKind.USER: "U", RecipientKind.COLLABORATOR: "C"}
        kind, user = letters.get(people[0].kind, "M"), user_of(people[0], known=known)
        person_id = user.pk if user is not None else people[0].id if kind == "S" else 0
    return outgoing_message_id(
        person_id=person_id,
        entry_id=entry.pk if entry is not None else 0,
        thread_id=(entry.thread_id or 0) if entry is not None else 0,
        kind=kind,
        sender=sender.email,
        random=random,
        secret_salt=settings.SECRET_SALT,
    )


def _with_marks(html: str, message_id: str, *, has_entry: bool) -> str:
    """Put in front of the text what answers are recognised and cut by (osticket/mail.md §6.4)."""
    if not has_entry:
        return html
    current = configuration.current()
    separator = current.text("reply_separator") if current.boolean("strip_quoted_reply") else ""
    tag = format_html("{}<br/><br/>", separator) if separator else ""
    mark = format_html('<div style="display:none" class="mid-{}">{}</div>', message_id, tag)
    return f"{mark}{html}"


_files_of_keys = Kept(lambda *keys: {file.key.lower(): file for file in StoredFile.objects.filter(key__in=keys)})
_files_of_keys.forget_with(StoredFile)


def _with_images(html: str, sender: EmailAddress) -> tuple[str, dict[str, StoredFile]]:
    """Give the HTML with Content-IDs of this mail, and the images by them."""
    keys = {match["key"].lower() for match in _SHOWN_IMAGE.finditer(html)}
    if not keys:
        return html, {}
    domain = sender.email.rpartition("@")[2] or "localhost"
    found = _files_of_keys(*sorted(keys))
    images = {f"{key}@{domain}": file for key, file in found.items()}

    def content_id(match: re.Match[str]) -> str:
        key = match["key"].lower()
        return f"cid:{key}@{domain}" if key in found else match[0]

    return _SHOWN_IMAGE.sub(content_id, html), images


def _files_of(code: str, roots: Mapping[str, Any]) -> Iterator[Attachment]:
    if code not in WITH_FILES or not configuration.current().boolean("email_attachments"):
        return
    for name in ("message", "response") if code == "ticket.notice" else ("response", "message"):
        found = roots.get(name)
        if isinstance(found, EntryVariable):
            yield from found.files()
            if code != "ticket.notice":
                return


def _markers(code: str) -> dict[str, str]:
    """Give the headers by which other programs know an automatic mail; answers of agents carry none."""
    if code in ANSWERS_OF_AGENTS or code in {"ticket.notice", "task.activity.notice"}:
        return {}
    if code in AUTOMATIC_ANSWERS:
        return {
            "Auto-Submitted": "auto-replied",
            "Precedence": "auto_reply",
            "X-Autoreply": "yes",
            "X-Auto-Response-Suppress": "DR, RN, OOF, AutoReply",
        }
    return {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}


_mail_of_entry = PreparedRead(
    EntryEmail, lambda entry_id: EntryEmail.objects.exclude(mid="").filter(entry_id=entry_id).order_by("-id")
)


def _mails_of_entries(ids: Collection[int]) -> dict[int, EntryEmail]:
    mails = EntryEmail.objects.exclude(mid="").filter(entry_id__in=ids).order_by("id")
    return {mail.entry_id or 0: mail for mail in mails}  # the newest of each


_mails: ReadAhead[EntryEmail | None] = ReadAhead(ENTRIES, _mails_of_entries, _mail_of_entry.first, missing=None)


def _thread_headers(entry: ThreadEntry | None, code: str) -> dict[str, str]:
    """Name the mail that this one follows, with those before it (osticket/mail.md §6.3; osTicket names only one)."""
    if entry is None:
        return {}
    mails = EntryEmail.objects.exclude(mid="")
    if entry.type == EntryType.MESSAGE:
        mail = _mails.of(entry.pk)
    else:
        in_thread = mails.filter(entry__thread=entry.thread_id, entry__type=EntryType.MESSAGE, entry_id__lt=entry.pk)
        mail = in_thread.order_by("-entry_id", "-id").first()
    if mail is None:
        return {}
    block = _REFERENCES.search(mail.headers or "")
    chain = [*(_MESSAGE_ID.findall(block["ids"]) if block else []), mail.mid]
    once = list(dict.fromkeys(one for one in chain if one.isprintable()))  # others no header can hold
    answered = {"In-Reply-To": mail.mid} if mail.mid in once else {}
    return {**answered, "References": " ".join(once[-MOST_REFERENCES:])} if once else {}


def file_name_of(attachment: Attachment) -> str:
    """Give the name that a file has in the mail."""
    return display_name(attachment)
