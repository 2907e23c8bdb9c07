"""What names and addresses must look like to fit their columns and identify one person."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import ValidationFailed

USER_NAME = re.compile(r"[\w.-]{2,}")
_ONE_LABEL = re.compile(r"(?!localhost$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)


class _AddressValidator(EmailValidator):
    """Takes hosts of one label, too, but not `localhost` (osticket/api.md §9.2)."""

    def validate_domain_part(self, domain_part: str) -> bool:
        """Whether mail could go to this host."""
        return bool(_ONE_LABEL.fullmatch(domain_part)) or bool(super().validate_domain_part(domain_part))


_validate_address = _AddressValidator(allowlist=[])


def is_address(text: str) -> bool:
    """Whether the text is one plain e-mail address as osTicket takes it: ASCII, no name, no list, no blanks around."""
    try:
        _validate_address(text)
    except ValidationError:
        return False
    return text.isascii() and text.isprintable()


def checked_text(text: str, *, field: str, longest: int, required: bool = True) -> str:
    """Give the text without surrounding blanks, as its column can hold it.

    Raises ValidationFailed when it is missing or longer than its column.
    """
    text = clean_text(text).strip()
    if required and not text:
        raise ValidationFailed(_("This field is required"), code="required", field=field)
    if len(text) > longest:
        message = _("At most %(count)d characters fit here") % {"count": longest}
        raise ValidationFailed(message, code="too_long", field=field)
    return text


def checked_address(address: str, *, field: str = "email", longest: int = 255) -> str:
    """Give the e-mail address without surrounding blanks; raise ValidationFailed when it is none."""
    text = checked_text(address, field=field, longest=longest)
    if not is_address(text) or not is_address(address.strip()):
        raise ValidationFailed(_("Valid email address required"), code="address_invalid", field=field)
    return text


def checked_username(username: str, *, longest: int = 32) -> str:
    """Give a login name; raise ValidationFailed for one that osTicket could not look up (osticket/auth.md §3)."""
    username = checked_text(username, field="username", longest=longest)
    if not USER_NAME.fullmatch(username):
        message = _("A user name has at least two letters, digits, dots, dashes or underscores")
        raise ValidationFailed(message, code="username_invalid", field="username")
    return username
