"""Pages outside the tickets: the end users' start page and the choice of the look."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from helpdesk.knowledge.faq_pages import featured_categories, featured_questions
from helpdesk.knowledge.readers import knowledge_base_is_open
from helpdesk.knowledge.selectors import landing_page_html
from helpdesk.portal.context_processors import THEME_COOKIE, THEMES

YEAR_IN_SECONDS = 31536000


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the request makes no sense; unlike Django's own view without reading its body, which may be why."""
    return HttpResponseBadRequest(render_to_string("400.html"))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the landing page that the administrator wrote, and what stands out in the knowledge base."""
    is_open = knowledge_base_is_open(request)
    context = {
        "landing_html": landing_page_html(),
        "featured_questions": featured_questions() if is_open else [],
        "featured_categories": featured_categories() if is_open else [],
    }
    return render(request, "portal/home.html", context)


@require_POST
def choose_theme(request: HttpRequest, start_page: str) -> HttpResponse:
    """Remember the look (`theme`: light, dark or auto) and go back to `next`; theme.js does the same without a trip."""
    target = request.POST.get("next", "")
    is_own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(target if is_own and target.startswith("/") else reverse(start_page))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_IN_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=False
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response
