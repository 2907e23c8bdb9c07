"""What happens elsewhere when an SLA plan is deleted: the apps above say so here (osticket/tickets.md §15.7).

The functions run in the transaction of the deletion.
"""

from collections.abc import Callable

from sla.models import SlaPlan

_of_plans: list[Callable[[SlaPlan, SlaPlan], None]] = []


def when_plan_goes(release: Callable[[SlaPlan, SlaPlan], None]) -> None:
    """Have `release(plan, default_plan)` called before an SLA plan is deleted."""
    _of_plans.append(release)


def release_plan(plan: SlaPlan, default: SlaPlan) -> None:
    """Make every app let go of an SLA plan."""
    for release in _of_plans:
        release(plan, default)
