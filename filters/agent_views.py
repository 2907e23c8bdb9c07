"""`/scp/ban-list/`: whose tickets are refused; for those who may change it (osticket/filters.md §7)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from filters.ban_list import ban, ban_list_filter, ban_many, banned_rules, may_change, unban_rule
from filters.models import FilterRule
from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in

PAGE = 50
LARGEST_IMPORT = 1024 * 1024
MOST_NAMED = 5
"""Words that hold no address which the answer to an import names."""


class SearchForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(label=_("Address or note"), required=False, max_length=100)


class BanForm(forms.Form):
    """One address."""

    email = forms.CharField(label=_("Address"), max_length=255)
    notes = forms.CharField(label=_("Note"), required=False, max_length=200)


class ImportForm(forms.Form):
    """Many addresses, typed or from a file."""

    addresses = forms.CharField(
        label=_("Addresses, one to a line"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    file = forms.FileField(label=_("or a text file"), required=False)

    def clean(self) -> dict[str, Any]:
        """Read the file, and ask for one of the two."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        if upload is not None and upload.size > LARGEST_IMPORT:
            self.add_error("file", str(_("The file is too large: at most 1 MB.")))
        elif upload is not None:
            text = upload.read().decode("utf-8-sig", "replace")
            cleaned["addresses"] = f"{cleaned.get('addresses', '')}\n{text}"
        if not self.errors and not str(cleaned.get("addresses") or "").strip():
            self.add_error("addresses", str(_("Type addresses, or choose a file.")))
        return cleaned


@agent_required
@require_safe
def legacy_ban_list(request: AgentRequest) -> HttpResponse:
    """Send osTicket's address to ours."""
    return redirect("agent:ban_list")


@agent_required
def ban_list(request: AgentRequest) -> HttpResponse:
    """Show the list; every button posts an `action`."""
    if not may_change(request.actor):
        raise PermissionDenied
    action, _dash, argument = request.POST.get("action", "").partition("-")
    one = BanForm(request.POST if action == "ban" else None)
    many = ImportForm(request.POST, request.FILES) if action == "import" else ImportForm()
    if request.method == "POST" and _acted(request, action, argument, one, many):
        return redirect("agent:ban_list")
    search = SearchForm(request.GET)
    query = search.cleaned_data["q"].strip() if search.is_valid() else ""
    rules = list(_after(request.GET.get("after", ""), query)[: PAGE + 1])
    known = ban_list_filter()
    context = {
        "rules": rules[:PAGE],
        "after": rules[PAGE - 1].pk if len(rules) > PAGE else None,
        "query": query,
        "search": search,
        "one": one,
        "many": many,
        "is_off": known is not None and not known.isactive,
    }
    return render(request, "filters/ban_list.html", context)


def _after(cursor: str, query: str) -> Any:
    """Give the rules of the page that begins after a rule."""
    rules = banned_rules(query)
    last = FilterRule.objects.filter(pk=id_in(cursor) or 0).first()
    return rules.filter(Q(val__gt=last.val) | Q(val=last.val, pk__gt=last.pk)) if last is not None else rules


def _acted(request: AgentRequest, action: str, argument: str, one: BanForm, many: ImportForm) -> bool:
    """Do what a button says; False when the page has to be shown again with what is wrong."""
    shown: forms.Form = many if action == "import" else one
    if action in {"ban", "import"} and not shown.is_valid():
        return False
    try:
        if action == "ban":
            rule = ban(one.cleaned_data["email"], actor=request.actor, notes=one.cleaned_data["notes"])
            messages.success(request, _("%(address)s is on the list.") % {"address": rule.val})
        elif action == "import":
            _import(request, many.cleaned_data["addresses"])
        elif action == "remove":
            rule = get_object_or_404(banned_rules(), pk=id_in(argument))
            unban_rule(rule, actor=request.actor)
            messages.success(request, _("%(address)s may open tickets again.") % {"address": rule.val})
    except DomainError as error:
        if action not in {"ban", "import"}:
            messages.error(request, str(error.message))
            return True
        shown.add_error(error.field if error.field in shown.fields else None, str(error.message))
        return False
    return True


def _import(request: AgentRequest, text: str) -> None:
    done = ban_many(text, actor=request.actor)
    added = ngettext("%(count)d address added.", "%(count)d addresses added.", done.added) % {"count": done.added}
    messages.success(request, added)
    if done.known:
        text = ngettext("%(count)d was on the list already.", "%(count)d were on the list already.", done.known)
        messages.info(request, text % {"count": done.known})
    if done.unusable:
        named = ", ".join(word[:80] for word in done.unusable[:MOST_NAMED])
        text = ngettext(
            "%(count)d is no address: %(named)s", "%(count)d are no addresses: %(named)s", len(done.unusable)
        )
        messages.warning(request, text % {"count": len(done.unusable), "named": named})
