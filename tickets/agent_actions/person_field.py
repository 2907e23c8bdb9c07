"""A person in the form of an action: typed as a name or an address, offered while typing (actions.js)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from helpdesk.people.models import EndUser
from tickets.people_search import LONGEST_QUERY, SHOWN_PEOPLE, find_people


class PersonField(forms.CharField):
    """Cleans to the user with the address that was typed, or the only one that the text fits, else None or an error.

    With `allows_new` an address that nobody has cleans to the text itself.
    """

    def __init__(self, *, allows_new: bool = False, **kwargs: Any) -> None:
        """Take what a text field takes."""
        attrs = {"autocomplete": "off", "data-people": reverse_lazy("agent:find_person")}
        super().__init__(max_length=LONGEST_QUERY, widget=forms.TextInput(attrs=attrs), **kwargs)
        self.allows_new = allows_new

    def clean(self, value: Any) -> Any:
        """Look the person up."""
        text: str = super().clean(value)
        if not text:
            return None
        exact = EndUser.objects.filter(emails__address=text).distinct().first()
        if exact is not None:
            return exact
        if self.allows_new and "@" in text:
            return text
        found = find_people(text)
        if len(found) == 1:
            return EndUser.objects.get(pk=found[0].id)
        if not found:
            raise forms.ValidationError(_("Nobody found."))
        some = ", ".join(one.email or one.name for one in found[:SHOWN_PEOPLE])
        raise forms.ValidationError(_("Several people: give the address of one. %(people)s") % {"people": some})
