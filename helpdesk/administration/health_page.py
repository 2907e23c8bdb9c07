"""`/admin/health/`: all checks of helpdesk/health, made when the page is opened."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from helpdesk.administration.navigation import page_called
from helpdesk.administration.site import site
from helpdesk.health.selectors import examine


@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """Show what every check found, the worst first, with a link to where it is mended."""
    report = examine(now=timezone.now())
    lines = [
        (line, page_called(line.finding.page) if line.finding.page else None)
        for line in sorted(report.lines, key=lambda line: -line.level.weight)
    ]
    context = site.page_context(request, title=_("Health"), report=report, lines=lines)
    return TemplateResponse(request, "administration/health.html", context)


site.add_page("health/", health_page, name="health")
