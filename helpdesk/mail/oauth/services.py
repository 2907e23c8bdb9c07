"""Connecting mail accounts with a provider: the client, the way to the provider, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.configuration.models import ConfigItem, Plugin, PluginInstance
from helpdesk.legacy.crypto import encrypt
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.mail_credentials import MailAccount
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.oauth.clients import (
    PRESETS,
    Endpoints,
    Provider,
    callback_address,
    client_namespace,
    client_of,
    instance_of,
    options_of,
)
from helpdesk.mail.oauth.outcomes import Consent, Tokens
from helpdesk.mail.oauth.tokens import account_with_credentials, store_tokens
from helpdesk.mail.transport import forget_servers
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator

PLUGIN_PATH = "plugins/auth-oauth2"
"""osTicket's own plugin, whose options these are; with PHP beside us it reads them."""
ENABLED = 1
MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"


@dataclass(frozen=True, kw_only=True)
class ClientDraft:
    """What an administrator says about the client; an empty secret keeps the one that is stored.

    `tenant` is for Microsoft, `endpoints` for other providers.
    """

    provider: Provider
    client_id: str
    client_secret: str = field(default="", repr=False)
    tenant: str = ""
    endpoints: Endpoints | None = None


@transaction.atomic
def store_client(account: EmailAccount, draft: ClientDraft, *, actor: Actor) -> EmailAccount:
    """Keep the client of an account, which signs in with OAuth2 from now on, and give the account.

    Raises PermissionRefused; ValidationFailed for a missing id, secret or address.
    """
    check_is_administrator(actor)
    account = EmailAccount.objects.select_for_update().get(pk=account.pk)
    endpoints = _endpoints(draft)
    instance = instance_of(account) or _new_instance(account)
    before = options_of(instance)
    if not draft.client_id.strip():
        raise ValidationFailed(_("The client id is missing."), code="client_id_missing", field="client_id")
    if not draft.client_secret and not before.get("clientSecret"):
        raise ValidationFailed(_("The client secret is missing."), code="client_secret_missing", field="client_secret")
    namespace = client_namespace(instance)
    values = {
        "auth_name": draft.provider.name.capitalize(),
        "auth_type": "autho",
        "redirectUri": before.get("redirectUri") or callback_address(),
        "clientId": draft.client_id.strip(),
        "urlAuthorize": endpoints.authorize,
        "urlAccessToken": endpoints.token,
        "urlResourceOwnerDetails": endpoints.owner,
        "scopes": " ".join(endpoints.scopes),
        "attr_email": endpoints.owner_attribute,
    }
    if draft.client_secret:
        values["clientSecret"] = encrypt(draft.client_secret, subkey=namespace, secret_salt=settings.SECRET_SALT)
    for key, value in values.items():
        ConfigItem.objects.update_or_create(
            namespace=namespace, key=key, defaults={"value": value, "updated": timezone.now()}
        )
    method = f"oauth2:{draft.provider}"
    changes = difference(
        {**before, "method": account.auth_bk}, {**before, **values, "method": method}, secrets=["clientSecret"]
    )
    account.auth_bk, account.auth_id = method, str(instance.pk)
    account.save(update_fields=["auth_bk", "auth_id"])
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_ADDRESS, account.email_id, account.email.email, changes)
    forget_servers()
    return account


def start_connecting(account: EmailAccount, *, state: str, actor: Actor) -> Consent:
    """Give where to go for the consent; `state` is a random word that the provider gives back.

    Raises PermissionRefused, ClientMissing, ClientRefused and ProviderUnavailable.
    """
    check_is_administrator(actor)
    owner = account_with_credentials(account)
    from helpdesk.mail.oauth.providers import begin_consent  # its libraries take seconds to load

    return begin_consent(client_of(owner), state=state, address=owner.email.email)


def finish_connecting(
    account: EmailAccount, kept: Mapping[str, Any], answer: Mapping[str, str], *, state: str, actor: Actor
) -> EmailAccount:
    """Keep the tokens that came of a consent, switch the account on, and give it.

    `kept` is that of `start_connecting`, `answer` what the provider sent back. Raises PermissionRefused;
    ValidationFailed for another state, somebody else's mailbox, or a consent that would end within the hour; and what
    `finish_consent` raises.
    """
    check_is_administrator(actor)
    if not state or answer.get("state") != state:
        raise ValidationFailed(_("This answer belongs to no consent that was begun here."), code="mail_state_unknown")
    owner = account_with_credentials(account)
    client = client_of(owner)
    from helpdesk.mail.oauth.providers import finish_consent  # its libraries take seconds to load

    tokens = finish_consent(client, kept, answer, state=state)
    _check(owner, tokens)
    with transaction.atomic():
        store_tokens(owner, tokens, owner=tokens.owner or owner.email.email, signature=client.signature)
        borrowers = EmailAccount.objects.filter(email=owner.email, auth_bk="mailbox", last_error_msg__isnull=False)
        rows = EmailAccount.objects.filter(pk__in=[owner.pk, *borrowers.values_list("pk", flat=True)])
        rows.exclude(host="").update(active=True)
        rows.update(num_errors=0, last_error=None, last_error_msg=None, last_activity=None, updated=timezone.now())
        changes = {"connected": [None, tokens.owner or owner.email.email]}
        record_change(actor, Action.CHANGED, ObjectType.EMAIL_ADDRESS, owner.email_id, owner.email.email, changes)
    forget_servers()
    return EmailAccount.objects.select_related("email").get(pk=account.pk)


def _check(account: EmailAccount, tokens: Tokens) -> None:
    address = account.email.email
    if tokens.owner and tokens.owner.lower() != address.lower() and _is_strict(account):
        message = _("You signed in as %(owner)s, but the account is that of %(address)s. Sign in as that one.")
        raise ValidationFailed(message % {"owner": tokens.owner, "address": address}, code="mail_other_owner")
    if not tokens.refresh_token:
        message = _("The provider gave no refresh token: allow offline access, and connect again.")
        raise ValidationFailed(message, code="mail_no_refresh_token")


def _is_strict(account: EmailAccount) -> bool:
    """Whether only the address itself may sign in (`strict_matching`, osticket/mail.md §1.2)."""
    namespace = MailAccount(account.pk, account.email_id or 0, account.auth_bk, account.email.email).namespace
    value = ConfigItem.objects.filter(namespace=namespace, key="strict_matching").values_list("value", flat=True)
    return value.first() not in ("0", "")


def _new_instance(account: EmailAccount) -> PluginInstance:
    plugin, _is_new = Plugin.objects.get_or_create(
        install_path=PLUGIN_PATH, defaults={"name": "Oauth2 Client", "isactive": True}
    )
    return PluginInstance.objects.create(plugin=plugin, flags=ENABLED, name=account.email.email)


def _endpoints(draft: ClientDraft) -> Endpoints:
    if draft.provider is Provider.GOOGLE:
        return PRESETS[Provider.GOOGLE]
    if draft.provider is Provider.MICROSOFT:
        preset, root = PRESETS[Provider.MICROSOFT], MICROSOFT.format(tenant=_tenant(draft.tenant))
        return Endpoints(f"{root}authorize", f"{root}token", preset.owner, preset.owner_attribute, preset.scopes)
    given = draft.endpoints
    if given is None or not given.authorize.startswith("https://") or not given.token.startswith("https://"):
        message = _("Enter the provider's addresses for the consent and for tokens; both begin with https://.")
        raise ValidationFailed(message, code="mail_endpoints_missing", field="authorize")
    if given.owner and not given.owner.startswith("https://"):
        message = _("The address that tells whose mailbox it is begins with https://, for a token is sent there.")
        raise ValidationFailed(message, code="mail_owner_address_open", field="owner")
    return given


def _tenant(given: str) -> str:
    tenant = given.strip() or "common"
    if not all(character.isalnum() or character in "-." for character in tenant):
        message = _("A tenant is a domain or an id of letters, digits, points and dashes.")
        raise ValidationFailed(message, code="mail_tenant_wrong", field="tenant")
    return tenant
