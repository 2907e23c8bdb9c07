"""What of a mail goes into tickets and tasks: texts, files, recipients, and what is kept of the mail itself."""

from __future__ import annotations

import html

from helpdesk.configuration.selectors import current
from helpdesk.legacy.characters import shortened
from helpdesk.mail.incoming import LONGEST_NAME, IncomingMail, Mailbox
from helpdesk.mail.models import EmailAddress
from helpdesk.mail.reading.recipients import OwnAddress, Recipients, recipients_of
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import HTML, NewFile, is_empty
from helpdesk.threads.mails import LONGEST_MESSAGE_ID, MailFacts, store_original
from helpdesk.threads.services import MailRecipients
from tickets.intake import intake
from tickets.models import TicketPriority
from tickets.new_ticket import Addressee


def received_facts(mail: IncomingMail) -> MailFacts:
    """Give what is kept of a mail that comes in; stores its original, so call it outside of a transaction."""
    return MailFacts(
        mail.message_id[:LONGEST_MESSAGE_ID], mail.headers, is_received=True, original=store_original(mail.raw)
    )


def files_of(mail: IncomingMail) -> list[NewFile]:
    """Give the files to attach; images that only the quotation showed go with it (the original keeps them)."""
    quoted = set(mail.quoted_images)
    return [
        NewFile(part.name, part.content, part.media_type, content_id=part.content_id, deduplicate=False)
        for part in mail.files
        if part.content and not (part.content_id and part.content_id in quoted and mail.raw)
    ]


def text_of(mail: IncomingMail) -> str:
    """Give the text for an entry that needs one."""
    return mail.body if not is_empty(mail.body, mail.format) else "-"


def name_in_entry(mail: IncomingMail, user: EndUser | None) -> str:
    """Give the name under which a mail is posted: the one in the mail, else the user's."""
    if mail.sender is None:
        return ""
    return mail.sender.name or (user.name if user else mail.sender.address)


def with_sender(mail: IncomingMail) -> str:
    """Give the text of a mail in nobody's name, which begins with the address that it names (mail.md §4.4)."""
    sender = mail.sender
    line = f"Received From: {Mailbox(sender.name or sender.address, sender.address) if sender else ''}"
    if mail.format == HTML:
        return f"<div>{html.escape(line)}<br><br></div>{mail.body}"
    return f"{line}\n\n{mail.body}"


def noted_recipients(mail: IncomingMail) -> MailRecipients:
    """Give whom the mail was addressed to; own addresses stand under their own name, among the recipients."""
    found = _recipients_of(mail)
    return MailRecipients(listed_to=list(found.listed_to), listed_cc=list(found.listed_cc))


def own_mailboxes(mail: IncomingMail) -> list[EmailAddress]:
    """Give the help desk's own addresses that the mail was sent to, in the order of its headers."""
    rows = intake().mailboxes
    return [rows[pk] for pk in _recipients_of(mail).own if pk in rows]


def mailbox_of(mail: IncomingMail) -> EmailAddress | None:
    """Give the first own address that the mail was sent to, else the default one."""
    found = own_mailboxes(mail)
    return found[0] if found else intake().mailboxes.get(current().integer("default_email_id"))


def addressed_others(mail: IncomingMail) -> list[Addressee]:
    """Give who else was addressed by a mail to one of our addresses, and got it there (osticket/mail.md §3.3, §4.5)."""
    own = {str(row.email).lower() for row in intake().mailboxes.values()}
    if not any(one.address.lower() in own for one in (*mail.to, *mail.cc, *mail.delivered_to)):
        return []
    left_out = own | {one.address.lower() for one in mail.delivered_to}
    groups = ((mail.to, "Email (to)"), (mail.cc, "Email (cc)"))
    return [
        Addressee(one.address, shortened(one.name, LONGEST_NAME), header)
        for group, header in groups
        for one in group
        if "@" in one.address and one.address.lower() not in left_out
    ]


def priority_of(mail: IncomingMail) -> TicketPriority | None:
    """Give the priority that a mail asks for, where mails may (`use_email_priority`; osticket/mail.md §3.6)."""
    if mail.urgency is None or not current().boolean("use_email_priority"):
        return None
    return next((row for row in intake().priorities.values() if row.priority_urgency == mail.urgency), None)


def is_from_own_address(mail: IncomingMail) -> bool:
    """Whether the mail says that the help desk itself has sent it."""
    return mail.sender is not None and mail.sender.address.lower() in intake().own_addresses


def _recipients_of(mail: IncomingMail) -> Recipients:
    own = [OwnAddress(row.pk, Mailbox(row.name, row.email)) for row in intake().mailboxes.values()]
    return recipients_of(mail.to, mail.cc, mail.delivered_to, own)
