"""The forms at the end users' door; the names of the sign-in's fields are osTicket's (osticket/auth.md §5)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import DomainError


class RefusableForm(forms.Form):
    """A form that shows why a service refused."""

    def show_refusal(self, refusal: DomainError) -> None:
        """Show it at the field that it names, else above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))


def _password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=128, widget=widget, **options)


class UserSignInForm(RefusableForm):
    """User name or address, and password."""

    luser = forms.CharField(
        label=_("User name or e-mail address"),
        max_length=255,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    lpasswd = _password(_("Password"), "current-password")


class ResetForm(RefusableForm):
    """For whom to reset the password."""

    userid = forms.CharField(
        label=_("User name or e-mail address"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


class _TwiceForm(RefusableForm):
    """A new password, typed twice."""

    new_password = _password(_("New password"), "new-password", help_text=_("At least 6 characters."))
    confirmation = _password(_("New password again"), "new-password")

    def clean_confirmation(self) -> str:
        """Refuse two different texts."""
        confirmation: str = self.cleaned_data["confirmation"]
        if confirmation != self.cleaned_data.get("new_password", confirmation):
            raise ValidationError(_("The two new passwords are not the same."), code="password_mismatch")
        return confirmation


class NewPasswordForm(_TwiceForm):
    """The current password and a new one; without the current one where a new one is due."""

    current_password = _password(_("Current password"), "current-password")
    field_order = ["current_password", "new_password", "confirmation"]

    def __init__(self, *args: Any, is_due: bool = False, **kwargs: Any) -> None:
        """Leave the current password out where a new one is due."""
        super().__init__(*args, **kwargs)
        if is_due:
            del self.fields["current_password"]


class RegistrationForm(_TwiceForm):
    """Name, address and password of a new account."""

    name = forms.CharField(label=_("Name"), max_length=128, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail address"), max_length=255, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ["name", "email", "new_password", "confirmation"]
