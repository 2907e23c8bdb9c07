"""What other apps hear of answers, within the transaction of the change."""

from django.dispatch import Signal

answers_saved = Signal()
"""Answers of an object changed that had answered before: `object_type`, `object_id`."""
