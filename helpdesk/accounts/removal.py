"""What becomes of sign-in when a person is deleted."""

from helpdesk.accounts.models import Account
from helpdesk.accounts.services.tokens import forget_tokens
from helpdesk.people.models import EndUser


def release_user(user: EndUser) -> None:
    """Delete what stands for an end user at the door, and his tokens: his sessions lead nowhere then."""
    Account.objects.filter(kind=Account.Kind.END_USER, legacy_id=user.pk).delete()
    forget_tokens(user)
