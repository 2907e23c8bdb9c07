"""The site at `/admin/`: who may enter, its policy header, and the pages that belong to no table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from helpdesk import configuration
from helpdesk.accounts.gate import admit_administrator, is_administrators, sign_in_address
from helpdesk.accounts.services import sign_out
from helpdesk.administration.navigation import groups
from helpdesk.administration.theme import FRAME, ThemedSite

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

View = Callable[..., HttpResponseBase]

POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
"""What the theme's scripts need (Alpine evaluates attributes, places by inline styles); only below `/admin/`."""


class AdministrationSite(ThemedSite):
    """Django's admin for administrators who came in through the agents' door."""

    site_url = "/scp/"
    index_title = _("Administration")
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        """Start without pages of our own."""
        super().__init__(name)
        self._pages: list[tuple[str, str, View]] = []

    def add_page(self, route: str, view: View, *, name: str) -> None:
        """Add a page that belongs to no table, at `/admin/<route>` under the name `admin:<name>`.

        The view takes the request and is behind the same door as all others. It renders a template that extends
        `administration/page.html` with `site.page_context(request, title=…)`.
        """
        self._pages.append((route, name, view))

    def page_context(self, request: HttpRequest, *, title: StrOrPromise, **context: Any) -> dict[str, Any]:
        """Give the context of a page of our own: what the frame needs, and `context`."""
        request.current_app = self.name
        return {**self.each_context(request), "title": title, **context}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Give the pages of our own before those of the tables."""
        own = [path(route, self.admin_view(view), name=name) for route, name, view in self._pages]
        return [*own, *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the agent who passed the door is an administrator."""
        return is_administrators(request)

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        """Put a view behind the agents' door, for administrators only, with this site's policy header."""
        guarded = super().admin_view(view, cacheable)

        @csp_update(POLICY)
        def admitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return admit_administrator(request) or guarded(request, *args, **kwargs)

        return admitted

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Name the help desk in every title, and the frame of the pages."""
        title = configuration.current().text("helpdesk_title", "Ostler")
        names = {"site_title": title, "site_header": title, "frame": FRAME}
        return {**super().each_context(request), **names}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the pages in groups, each with what it is for."""
        context = self.page_context(request, title=self.index_title, groups=groups(), **(extra_context or {}))
        return TemplateResponse(request, "administration/index.html", context)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the agents' sign-in page, which is the only one."""
        return HttpResponseRedirect(sign_in_address(reverse(f"{self.name}:index")))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sign out of the agent portal, too: it is one session. A mere link only asks."""
        if request.method != "POST":
            return HttpResponseRedirect(reverse("agent:sign_out"))
        sign_out(request)
        return HttpResponseRedirect(sign_in_address())

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send to the agents' page for the own password."""
        return HttpResponseRedirect(reverse("agent:password"))

    password_change_done = password_change

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Leave out the theme's search over all tables, which knows nothing of permissions or costs."""
        raise Http404


site = AdministrationSite()
site.login = never_cache(site.login)  # type: ignore[method-assign]
