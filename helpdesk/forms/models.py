"""Dynamic forms, their fields, answers and lists."""

from django.db import models
from django.utils.timezone import now

from helpdesk.forms.constants import FieldFlag, FormFlag, ListItemStatus, ListMask
from helpdesk.legacy.fields import (
    EnumField,
    FlagsField,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    PhpJSONField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
)


class Form(models.Model):
    """A form: the built-in ones (ticket, user, organization, company, task) and custom ones (osticket/forms.md §1)."""

    id = UnsignedAutoField(primary_key=True)
    pid = UnsignedIntegerField(null=True, blank=True)
    type = LegacyCharField(max_length=8, default="G")
    flags = FlagsField(flags=FormFlag, default=FormFlag(1))
    title = LegacyCharField(max_length=255)
    instructions = LegacyCharField(max_length=512, null=True, blank=True)
    name = LegacyCharField(max_length=64, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("form")
        indexes = [
            models.Index(fields=["type"], name="form_type"),
        ]

    def __str__(self) -> str:
        return str(self.title)


class FormField(models.Model):
    """One field of a form (osticket/forms.md §2)."""

    id = UnsignedAutoField(primary_key=True)
    form = ZeroForeignKey("Form", related_name="fields")
    flags = FlagsField(flags=FieldFlag, null=True, blank=True, default=FieldFlag(1))
    type = LegacyCharField(max_length=255, default="text")
    label = LegacyCharField(max_length=255)
    name = LegacyCharField(max_length=64)
    configuration = PhpJSONField(null=True, blank=True)
    sort = UnsignedIntegerField()
    hint = LegacyCharField(max_length=512, null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("form_field")
        indexes = [
            models.Index(fields=["form"], name="form_field_form_id"),
            models.Index(fields=["sort"], name="form_field_sort"),
        ]

    def __str__(self) -> str:
        return str(self.label)


class FormEntry(models.Model):
    """A form filled in for one object (osticket/forms.md §3)."""

    id = UnsignedAutoField(primary_key=True)
    form = LegacyForeignKey("Form", related_name="entries")
    object_id = UnsignedIntegerField(null=True, blank=True)
    object_type = LegacyCharField(max_length=1, default="T")
    sort = UnsignedIntegerField(default=1)
    extra = PhpJSONField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("form_entry")
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="form_entry_entry_lookup"),
        ]


class FormAnswer(models.Model):
    """The answer to one field of a form entry."""

    pk = models.CompositePrimaryKey("entry_id", "field_id")
    entry = LegacyForeignKey("FormEntry", related_name="answers")
    field = LegacyForeignKey("FormField", related_name="answers")
    value = LegacyTextField(null=True, blank=True)
    value_id = models.IntegerField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("form_entry_values")


class CustomList(models.Model):
    """A list of choices that list fields offer (osticket/forms.md §9)."""

    id = UnsignedAutoField(primary_key=True)
    name = LegacyCharField(max_length=255)
    name_plural = LegacyCharField(max_length=255, null=True, blank=True)
    sort_mode = EnumField(values=["Alpha", "-Alpha", "SortCol"], default="Alpha")
    masks = FlagsField(flags=ListMask)
    type = LegacyCharField(max_length=16, null=True, blank=True)
    configuration = PhpJSONField(blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("list")
        indexes = [
            models.Index(fields=["type"], name="list_type"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class ListItem(models.Model):
    """One choice of a custom list; without list after its removal."""

    id = UnsignedAutoField(primary_key=True)
    list = LegacyForeignKey("CustomList", null=True, blank=True, related_name="items")
    status = FlagsField(flags=ListItemStatus, default=ListItemStatus(1))
    value = LegacyCharField(max_length=255)
    extra = LegacyCharField(max_length=255, null=True, blank=True)
    sort = models.IntegerField(default=1)
    properties = PhpJSONField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("list_items")
        indexes = [
            models.Index(fields=["list"], name="list_items_list_item_lookup"),
        ]

    def __str__(self) -> str:
        return str(self.value)
