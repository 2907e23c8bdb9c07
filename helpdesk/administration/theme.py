"""Where the pages get their look: django-unfold while it is installed, else Django's own admin.

Only what both offer is used, so that taking `unfold` out of INSTALLED_APPS leaves a plain, working administration.
"""

from typing import TYPE_CHECKING

from django import forms
from django.apps import apps
from django.contrib import admin

if TYPE_CHECKING:
    ThemedSite = admin.AdminSite
    ThemedModelAdmin = admin.ModelAdmin
elif apps.is_installed("unfold"):
    from unfold.admin import ModelAdmin as ThemedModelAdmin
    from unfold.sites import UnfoldAdminSite as ThemedSite
else:
    ThemedSite = admin.AdminSite
    ThemedModelAdmin = admin.ModelAdmin


FRAME = "administration/frame.html" if apps.is_installed("unfold") else "admin/base.html"
"""The template below `admin/base_site.html`."""


def dress(field: forms.Field) -> None:
    """Give an input of our own forms the classes of the theme's; without the theme the browser's look remains."""
    if not apps.is_installed("unfold"):
        return
    from unfold import widgets

    widget = field.widget
    if isinstance(widget, forms.CheckboxInput):
        classes = widgets.CHECKBOX_CLASSES
    elif isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        classes = widgets.INPUT_CLASSES if isinstance(widget, forms.SelectMultiple) else widgets.SELECT_CLASSES
    elif isinstance(widget, forms.Textarea):
        classes = widgets.TEXTAREA_CLASSES
    elif isinstance(
        widget, forms.TextInput | forms.EmailInput | forms.NumberInput | forms.PasswordInput | forms.URLInput
    ):
        classes = widgets.INPUT_CLASSES
    else:
        return
    widget.attrs["class"] = " ".join([widget.attrs.get("class", ""), *classes]).strip()


__all__ = ["FRAME", "ThemedModelAdmin", "ThemedSite", "dress"]
