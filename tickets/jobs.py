"""Recurring jobs of tickets."""

from celery import shared_task
from django.utils import timezone

from tickets import ranking
from tickets.number_register import TICKETS
from tickets.search.common_words import note_common_words as note_words
from tickets.search.upkeep import fill_gaps
from tickets.services import mark_all_overdue, request_keys

SLICES_PER_RUN = 200


@shared_task
def note_numbers() -> int:
    """Enter the numbers of tickets that osTicket made, or that were there before us; gives how many it looked at."""
    return TICKETS.note_all(slices=SLICES_PER_RUN)


@shared_task
def mark_overdue_tickets() -> int:
    """Mark the tickets that passed their due date, with event and alerts; gives how many."""
    return mark_all_overdue(now=timezone.now())


@shared_task
def purge_request_keys() -> int:
    """Forget the keys by which programs may repeat a request; gives how many."""
    return request_keys.purge_request_keys(now=timezone.now())


@shared_task
def rank_tickets() -> int:
    """Keep the ranks, by which queues sort by priority, in step with the tickets; gives how many it ranked."""
    return ranking.keep_up(now=timezone.now(), slices=SLICES_PER_RUN)


@shared_task
def rank_all_tickets() -> None:
    """Let the next runs of `rank_tickets` go over all tickets, whatever was noted before."""
    ranking.start_over(now=timezone.now())


@shared_task
def fill_search_gaps() -> int:
    """Index the newest tickets, entries and people that have no row: the process that made them died before."""
    return fill_gaps()


@shared_task
def note_common_words() -> int:
    """Find out which words stand in so many entries that searching for them alone would take long."""
    return note_words()
