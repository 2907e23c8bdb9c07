"""How an agent looks at a list: in which order, through which value of its filter (osticket/queues.md §5, §7).

The choices travel in the address, so that pages, bookmarks and exports keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls.converters import StringConverter

from tickets.constants import TicketState
from tickets.criteria import KEYWORDS, CriteriaContext
from tickets.criteria_kinds import asked_assignees, asked_statuses
from tickets.queues import QueueDefinition
from tickets.quick_filters import filter_choices, filter_condition, filter_field
from tickets.reference_data import ColumnRow, queue_tables, status_ids
from tickets.screens import ListChoice, ListFilter
from tickets.sorting import INDEXED, TicketOrder, is_sortable, order_of, order_of_column

SORT, DIRECTION, FILTER = "sort", "dir", "filter"
"""Parameters of a list."""
NAMED = "qs-"
"""What the names of sort definitions begin with; everything else is the path of a column."""
RELEVANCE = "relevance"


class ExportFormatConverter(StringConverter):
    """The ending of a download in an address; others do not exist."""

    regex = "csv|xlsx"


@dataclass(frozen=True)
class ListOptions:
    """What was chosen; '' leaves it to the queue. `is_reversed` turns a sort round, or sorts a column down."""

    sort: str = ""
    is_reversed: bool = False
    filter: str = ""

    @classmethod
    def of_request(cls, parameters: Mapping[str, str]) -> ListOptions:
        """Read the parameters of an address."""
        return cls(
            sort=parameters.get(SORT, "")[:80],
            is_reversed=parameters.get(DIRECTION, "") == "1",
            filter=parameters.get(FILTER, "").replace("\0", "")[:80],
        )

    def query(self, **others: str) -> str:
        """Give the parameters for an address, with others in front."""
        own = {SORT: self.sort, DIRECTION: "1" if self.is_reversed and self.sort else "", FILTER: self.filter}
        return urlencode({name: value for name, value in {**others, **own}.items() if value})


def order_for(queue: QueueDefinition, options: ListOptions, context: CriteriaContext) -> TicketOrder:
    """Give the order of a list; a choice that the queue does not offer counts as none."""
    if options.sort.startswith(NAMED):
        number = options.sort.removeprefix(NAMED)
        row = queue_tables().named_sorts.get(int(number)) if number.isdecimal() and len(number) <= 10 else None
        if row is not None and row.id in queue.sort_ids:
            return order_of(row.paths, is_reversed=options.is_reversed)
    elif options.sort and options.sort in sortable_paths(queue, context):
        column = next(column for column in queue.columns if column.primary == options.sort)
        secondary = column.secondary if is_small(queue, context) else ""  # no index has both
        return order_of_column(column.primary, secondary, is_descending=options.is_reversed)
    return order_of(queue.sort_paths)


def sortable_paths(queue: QueueDefinition, context: CriteriaContext) -> set[str]:
    """Give the paths of the columns by which the list can be sorted at a bounded cost."""
    paths = {column.primary for column in queue.columns if column.is_sortable}
    found = {path for path in paths if path in INDEXED or path == "cdata__priority"}
    if is_small(queue, context):
        found |= {path for path in paths if is_sortable(path)}
    return found


def is_small(queue: QueueDefinition, context: CriteriaContext) -> bool:
    """Whether a list does not grow with history: open tickets, somebody's tickets, or tickets found by words."""
    statuses = asked_statuses(queue.criteria, context)
    if statuses is not None and statuses <= set(status_ids(TicketState.OPEN)):
        return True
    words = any(criterion.path == KEYWORDS for criterion in queue.criteria)
    return words or asked_assignees(queue.criteria, context) is not None


def sort_choices(queue: QueueDefinition, options: ListOptions) -> list[ListChoice]:
    """Give the sort definitions that the queue offers."""
    named = queue_tables().named_sorts
    rows = [named[sort_id] for sort_id in queue.sort_ids if sort_id in named]
    return [ListChoice(f"{NAMED}{row.id}", row.name, options.sort == f"{NAMED}{row.id}") for row in rows]


def list_filter(queue: QueueDefinition, options: ListOptions) -> ListFilter | None:
    """Give the quick filter of the queue; None where it has none."""
    field = filter_field(queue.filter)
    if field is None:
        return None
    choices = [ListChoice(key, str(name), key == options.filter) for key, name in filter_choices(field)]
    return ListFilter(str(field.label), choices)


def filter_of(queue: QueueDefinition, options: ListOptions, context: CriteriaContext) -> Q | None:
    """Give the condition of the chosen value of the quick filter."""
    field = filter_field(queue.filter) if options.filter else None
    return None if field is None else filter_condition(field, options.filter, context)


def heading_sort(column: ColumnRow, options: ListOptions, sortable: set[str]) -> tuple[str, str]:
    """Give the parameters that sort by a column (the other way round where it is sorted by already), and the way in
    which it is sorted now (`ascending`, `descending` or '')."""
    if column.primary not in sortable:
        return "", ""
    is_current = options.sort == column.primary
    chosen = ListOptions(column.primary, is_current and not options.is_reversed, options.filter)
    direction = ("descending" if options.is_reversed else "ascending") if is_current else ""
    return chosen.query(), direction
