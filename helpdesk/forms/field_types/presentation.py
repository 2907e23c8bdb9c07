"""Fields that hold no answer of their own."""

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import FieldType, register


@register
class ThreadEntryType(FieldType):
    """The first message of a ticket or task: it goes into the thread."""

    key = "thread"
    label = _("Thread entry")
    has_data = False


@register
class SectionBreakType(FieldType):
    """A heading between fields."""

    key = "break"
    label = _("Section break")
    has_data = False


@register
class InformationType(FieldType):
    """A text for whoever fills in the form."""

    key = "info"
    label = _("Information")
    has_data = False
