"""The forms at the agents' door; the field names of the sign-in are osTicket's (osticket/auth.md §3)."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def _password_input(autocomplete: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"autocomplete": autocomplete})


class AgentSignInForm(forms.Form):
    """User name and password."""

    userid = forms.CharField(
        label=_("User name or email address"),
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    passwd = forms.CharField(label=_("Password"), strip=False, widget=_password_input("current-password"))


class SecondFactorForm(forms.Form):
    """The code of an authenticator app."""

    code = forms.CharField(
        label=_("Code from your authenticator app"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )


class AgentResetForm(forms.Form):
    """Who has forgotten the password, also to say it again beside the link of the mail."""

    userid = forms.CharField(
        label=_("User name or email address"),
        max_length=255,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )


class AgentPasswordForm(forms.Form):
    """The current password, unless it is forgotten, and the new one, twice."""

    current_password = forms.CharField(
        label=_("Current password"), strip=False, widget=_password_input("current-password")
    )
    new_password = forms.CharField(
        label=_("New password"),
        strip=False,
        help_text=_("At least 6 characters, different from the current one."),
        widget=_password_input("new-password"),
    )
    confirmation = forms.CharField(label=_("New password again"), strip=False, widget=_password_input("new-password"))

    def __init__(self, *args: Any, is_forgotten: bool = False, **kwargs: Any) -> None:
        """Do not ask for a password that nobody knows."""
        super().__init__(*args, **kwargs)
        if is_forgotten:
            del self.fields["current_password"]

    def clean_confirmation(self) -> str:
        """Refuse two different texts."""
        confirmation: str = self.cleaned_data["confirmation"]
        if confirmation != self.cleaned_data.get("new_password", confirmation):
            raise ValidationError(_("The two new passwords are not the same."), code="password_mismatch")
        return confirmation
