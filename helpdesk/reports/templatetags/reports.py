"""Filters of the statistics page."""

from django import template

from helpdesk.reports.event_names import event_label as label

register = template.Library()


@register.filter
def event_label(name: str) -> str:
    """Give the heading for the name of an event."""
    return label(name)
