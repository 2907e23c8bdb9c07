"""Who a recipient of a mail is, looked up when it is sent."""

from __future__ import annotations

from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.people.models import EndUser
from helpdesk.threads.models import Collaborator


def user_of(recipient: Recipient, *, known: EndUser | None = None) -> EndUser | None:
    """Give the end user behind a recipient, None for others and when he is gone.

    The id of a collaborator is that of the row or of the user. The address decides: a link that opens a ticket must
    never be made for somebody else than the one who gets it. `known` is somebody whom the caller has read, with his
    default address: if it is him, nothing is read.
    """
    if recipient.kind not in {RecipientKind.USER, RecipientKind.COLLABORATOR}:
        return None
    if recipient.kind is RecipientKind.USER and known is not None and _is_default_of(known, recipient):
        return known
    people = EndUser.objects.select_related("default_email", "org")
    if recipient.kind is RecipientKind.COLLABORATOR:
        row = Collaborator.objects.filter(pk=recipient.id).first()
        found = people.filter(pk=row.user_id or 0).first() if row is not None else None
        if found is not None and _has_address(found, recipient.address):
            return found
    found = people.filter(pk=recipient.id).first()
    return found if found is not None and _has_address(found, recipient.address) else None


def _is_default_of(user: EndUser, recipient: Recipient) -> bool:
    email = user.default_email
    is_own = email is not None and user.pk == recipient.id and email.user_id == user.pk
    return is_own and email is not None and email.address.lower() == recipient.address.lower()


def _has_address(user: EndUser, address: str) -> bool:
    return user.emails.filter(address=address).exists()
