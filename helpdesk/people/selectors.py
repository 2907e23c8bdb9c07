"""Reads about people that are more than one queryset."""

from collections.abc import Mapping

from helpdesk.people.models import Department, Organization


def department_names() -> Mapping[int, str]:
    """Give the full name of every department, its ancestry joined by ` / `, in one query."""
    departments = {row.pk: row for row in Department.objects.only("name", "path")}
    return {
        pk: " / ".join(departments[step].name for step in _steps(department.path) if step in departments)
        or department.name
        for pk, department in departments.items()
    }


def organization_of_address(address: str) -> Organization | None:
    """Give the organization that lists the domain of an address, the first one in table order.

    The domain is what follows the first `@`; it must equal an entry of the list, without regard to case. An entry
    like `.example.com` never matches, as in osTicket (osticket/routing.md §4).
    """
    domain = address.partition("@")[2].strip().lower()
    if not domain:
        return None
    for organization in Organization.objects.filter(domain__icontains=domain).order_by("pk"):
        if domain in (entry.strip().lower() for entry in organization.domain.split(",")):
            return organization
    return None


def _steps(path: str) -> list[int]:
    return [int(step) for step in path.split("/") if step.isdigit()]
