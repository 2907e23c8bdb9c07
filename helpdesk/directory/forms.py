"""The forms of the directory that no administrator makes."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.services import AccountDraft
from helpdesk.directory.columns import NOTHING, Target
from helpdesk.people.constants import OrganizationFlag
from helpdesk.people.models import Agent, EndUser, Organization, Team

MOST_CHOICES = 500


class NoteForm(forms.Form):
    """A quick note."""

    note = forms.CharField(label=_("Note"), widget=forms.Textarea({"rows": 3}))


class AddressForm(forms.Form):
    """A further address of a user."""

    address = forms.CharField(label=_("Further e-mail address"), max_length=255, widget=forms.EmailInput())


class MembershipForm(forms.Form):
    """The organization of a user, by its name, and whether he is a primary contact of it."""

    organization = forms.CharField(
        label=_("Organization"),
        required=False,
        max_length=128,
        help_text=_("Its name; empty for none."),
        widget=forms.TextInput({"list": "organization-names", "autocomplete": "off"}),
    )
    is_contact = forms.BooleanField(label=_("Primary contact"), required=False)

    def clean_organization(self) -> Organization | None:
        """Find the organization."""
        name = str(self.cleaned_data["organization"]).strip()
        if not name:
            return None
        found = Organization.objects.filter(name__folded=name).order_by("pk").first()
        if found is None:
            raise forms.ValidationError(_("There is no organization of this name."))
        return found


class AccountForm(forms.Form):
    """Sign-in of a user."""

    username = forms.CharField(
        label=_("User name"), required=False, max_length=64, help_text=_("Empty: the user signs in with an address.")
    )
    password = forms.CharField(
        label=_("Temporary password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    must_change = forms.BooleanField(label=_("Must choose a new password at the next sign-in"), required=False)
    may_not_reset = forms.BooleanField(label=_("May not reset the password by mail"), required=False)
    timezone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        """Say what an empty password means."""
        super().__init__(*args, **kwargs)
        zones = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]
        choice: Any = self.fields["timezone"]
        choice.choices = [("", _("that of the help desk")), *zones]
        self.fields["password"].help_text = (
            _("Empty: the user gets a mail by which he chooses one.") if is_new else _("Empty: stays as it is.")
        )

    def draft(self) -> AccountDraft:
        """Give what was chosen."""
        data = self.cleaned_data
        return AccountDraft(
            username=data["username"],
            password=data["password"],
            must_change_password=data["must_change"],
            may_reset_password=not data["may_not_reset"],
            timezone=data["timezone"],
        )


class DeleteUserForm(forms.Form):
    """Whether the tickets go, too."""

    with_tickets = forms.BooleanField(label=_("Delete the tickets of this user, too"), required=False)


class OrganizationForm(forms.Form):
    """What is set about an organization beside its own form."""

    domain = forms.CharField(
        label=_("Mail domains"),
        required=False,
        max_length=256,
        help_text=_("Separated by commas. New users with such an address belong to the organization."),
    )
    manager = forms.ChoiceField(label=_("Account manager"), required=False)
    assign_manager = forms.BooleanField(label=_("Assign new tickets to the account manager"), required=False)
    contacts = forms.MultipleChoiceField(
        label=_("Primary contacts"), required=False, widget=forms.SelectMultiple({"size": 6})
    )
    collaborate_contacts = forms.BooleanField(
        label=_("Primary contacts become collaborators of new tickets"), required=False
    )
    collaborate_all = forms.BooleanField(label=_("All members become collaborators of new tickets"), required=False)
    sharing = forms.ChoiceField(
        label=_("Who sees the tickets of the organization"),
        choices=[
            ("none", _("nobody but their owners")),
            ("contacts", _("primary contacts")),
            ("all", _("all members")),
        ],
        required=False,
    )

    BITS = {
        "assign_manager": OrganizationFlag.ASSIGN_ACCOUNT_MANAGER,
        "collaborate_contacts": OrganizationFlag.COLLABORATE_PRIMARY_CONTACTS,
        "collaborate_all": OrganizationFlag.COLLABORATE_ALL_MEMBERS,
    }

    def __init__(self, *args: Any, organization: Organization | None, **kwargs: Any) -> None:
        """Offer managers and members; what is chosen now stays possible though it is gone or one of very many."""
        super().__init__(*args, **kwargs)
        self.organization = organization
        chosen = organization.manager if organization else ""
        agents = [(f"s{agent.pk}", agent.name) for agent in Agent.objects.active().order_by("firstname", "lastname")]
        teams = [(f"t{team.pk}", team.name) for team in Team.objects.enabled().order_by("name")]
        manager: Any = self.fields["manager"]
        manager.choices = [("", _("— nobody —")), (_("Agents"), agents), (_("Teams"), teams)]
        if chosen and chosen not in dict([*agents, *teams]):
            manager.choices = [*manager.choices, (chosen, _("(no longer there)"))]
        members = list(organization.members.order_by("-status", "name")[:MOST_CHOICES]) if organization else []
        contacts: Any = self.fields["contacts"]
        contacts.choices = [(str(user.pk), user.name) for user in members]
        self.lists_all_members = len(members) < MOST_CHOICES

    @staticmethod
    def initial_of(organization: Organization) -> dict[str, Any]:
        """Give what the form shows."""
        status = int(organization.status)
        sharing = "contacts" if status & int(OrganizationFlag.SHARE_PRIMARY_CONTACTS) else "none"
        contacts = organization.members.filter(status__has=1).order_by("pk").values_list("pk", flat=True)
        return {
            "domain": organization.domain,
            "manager": organization.manager,
            "contacts": [str(pk) for pk in contacts],
            "sharing": "all" if status & int(OrganizationFlag.SHARE_EVERYBODY) else sharing,
            **{name: bool(status & int(bit)) for name, bit in OrganizationForm.BITS.items()},
        }

    def flags(self) -> OrganizationFlag:
        """Give the bits that were chosen."""
        bits = OrganizationFlag(0)
        for name, bit in self.BITS.items():
            bits |= bit if self.cleaned_data[name] else OrganizationFlag(0)
        if self.cleaned_data["sharing"] == "contacts":
            bits |= OrganizationFlag.SHARE_PRIMARY_CONTACTS
        return bits | OrganizationFlag.SHARE_EVERYBODY if self.cleaned_data["sharing"] == "all" else bits

    def contact_ids(self) -> list[int] | None:
        """Give the members that were chosen; None where not all of them could be."""
        return [int(pk) for pk in self.cleaned_data["contacts"]] if self.lists_all_members else None


class UploadForm(forms.Form):
    """A list of users."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    pasted = forms.CharField(
        label=_("or paste the list"),
        required=False,
        widget=forms.Textarea({"rows": 6, "placeholder": "Jane Doe, jane@example.com"}),
    )
    encoding = forms.CharField(
        label=_("Encoding"), required=False, max_length=32, help_text=_("Empty: it is found by looking.")
    )

    def clean(self) -> dict[str, Any]:
        """Demand one of the two."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("file") and not (cleaned.get("pasted") or "").strip():
            self.add_error("file", _("Choose a file or paste a list."))
        return cleaned


class PlanForm(forms.Form):
    """How a list is to be read: one choice for each column."""

    has_headings = forms.BooleanField(label=_("The first row has headings"), required=False)
    updates_known = forms.BooleanField(label=_("Update users who are known already"), required=False)
    organization = forms.CharField(
        label=_("Organization of new users"),
        required=False,
        max_length=128,
        help_text=_("Its name, for users who have no other one."),
        widget=forms.TextInput({"list": "organization-names", "autocomplete": "off"}),
    )

    clean_organization = MembershipForm.clean_organization

    def __init__(self, *args: Any, columns: int, offered: Iterable[Target], **kwargs: Any) -> None:
        """Make the choices of the columns."""
        super().__init__(*args, **kwargs)
        choices = [(NOTHING, _("— leave out —")), *((target.key, target.label) for target in offered)]
        for number in range(columns):
            label = _("Column %(number)d") % {"number": number + 1}
            self.fields[f"column_{number}"] = forms.ChoiceField(label=label, choices=choices, required=False)
        self.column_count = columns

    def column_fields(self) -> list[forms.BoundField]:
        """Give the choices of the columns."""
        return [self[f"column_{number}"] for number in range(self.column_count)]

    def columns(self) -> list[str]:
        """Give what was chosen for each column."""
        return [self.cleaned_data[f"column_{number}"] for number in range(self.column_count)]


def organization_names() -> list[str]:
    """Give names to choose from; there may be more of them."""
    return list(Organization.objects.order_by("name").values_list("name", flat=True)[:MOST_CHOICES])


def initial_membership(user: EndUser) -> dict[str, Any]:
    """Give what the form for the organization shows."""
    return {"organization": user.org.name if user.org else "", "is_contact": bool(int(user.status) & 1)}
