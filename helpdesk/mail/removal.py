"""What becomes of the help desk's addresses when a department is deleted (osticket/tickets.md §15.7)."""

from helpdesk.mail.models import EmailAddress
from helpdesk.people.models import Department


def release_department(department: Department, default: Department) -> None:
    """Leave mail to its addresses to the default department."""
    EmailAddress.objects.filter(dept=department).update(dept=None)
