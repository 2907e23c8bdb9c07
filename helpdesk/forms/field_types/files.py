"""Uploaded files (osticket/forms.md §4.7)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types.base import FieldType, StoredAnswer, joined, register
from helpdesk.forms.models import FormField
from helpdesk.legacy.fields import decode_php_json, encode_php_json


@register
class FilesType(FieldType):
    """Files by id and name. `[]` and `false` are stored forms of "none"."""

    key = "files"
    label = _("File upload")

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Take a mapping of file id to name."""
        return {str(key): str(name) for key, name in submitted.items()} if isinstance(submitted, Mapping) else {}

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store the mapping, `[]` for none."""
        return StoredAnswer(encode_php_json(clean or []))

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the mapping of file id to name."""
        decoded = decode_php_json(stored.value)
        return decoded if isinstance(decoded, dict) else {}

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the names."""
        return joined([str(name) for name in clean.values()]) if clean else ""
