"""Finding the account of an end user behind a typed name."""

from __future__ import annotations

from helpdesk.people.models import UserAccount, UserEmail


def user_account_by_name(name: str) -> UserAccount | None:
    """Give the account with this user name, or of the user with this address, without regard to case."""
    accounts = UserAccount.objects.select_related("user__default_email").order_by("pk")
    if not name:
        return None
    if "@" not in name:
        return accounts.filter(username=name).first()
    email = UserEmail.objects.filter(address=name).first()
    return accounts.filter(user=email.user_id).first() if email is not None else None
