"""Talking to providers through libraries: msal for Microsoft, google-auth for Google, requests-oauthlib for others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msal
import requests
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request as GoogleRequest
from google.oauth2.credentials import Credentials as GoogleCredentials
from google_auth_oauthlib.flow import Flow
from msal.exceptions import MsalError
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session

from helpdesk.legacy.errors import DomainError
from helpdesk.mail.oauth.clients import Client, Provider
from helpdesk.mail.oauth.outcomes import ClientRefused, Consent, ConsentGone, ProviderUnavailable, Tokens

SECONDS = 20
USER_AGENT = "Ostler"
MICROSOFT_PATH = "/oauth2/v2.0/"
NEVER_ASKED_FOR = frozenset({"offline_access", "openid", "profile"})
"""Scopes that msal adds by itself, and refuses when they are given."""
GONE = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
"""Errors after which only a new consent helps."""
PKCE = "S256"
VERIFIER_LENGTH = 64
SessionType = TypeVar("SessionType", bound=requests.Session)


class _Patient(HTTPAdapter):
    """Waits at most SECONDS for an answer."""

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs["timeout"] = kwargs.get("timeout") or SECONDS
        return super().send(request, **kwargs)


def http_session() -> requests.Session:
    """Give the session by which providers are asked."""
    return _prepared(requests.Session())


def _prepared(session: SessionType) -> SessionType:
    session.headers["User-Agent"] = USER_AGENT
    session.mount("https://", _Patient())
    session.mount("http://", _Patient())
    return session


def renew(client: Client, refresh_token: str) -> Tokens:
    """Give new tokens for a refresh token. Raises ConsentGone, ClientRefused and ProviderUnavailable."""
    try:
        if client.provider is Provider.MICROSOFT:
            app = _microsoft(client)
            return _of_microsoft(app.acquire_token_by_refresh_token(refresh_token, _scopes_to_ask(client)))
        if client.provider is Provider.GOOGLE:
            return _renew_with_google(client, refresh_token)
        session = _prepared(OAuth2Session(client.client_id))
        answer = session.refresh_token(
            client.endpoints.token,
            refresh_token=refresh_token,
            client_id=client.client_id,
            client_secret=client.client_secret,
        )
        return _of_answer(answer)
    except _FAILURES as error:
        raise _in_our_words(error) from error


def begin_consent(client: Client, *, state: str, address: str) -> Consent:
    """Give where an administrator has to go to let the help desk use a mailbox; PKCE protects what comes back.

    Raises ProviderUnavailable.
    """
    try:
        if client.provider is Provider.MICROSOFT:
            # Not by `form_post`, as msal advises: sessions' cookies do not come with forms of other sites.
            flow = _microsoft(client).initiate_auth_code_flow(
                _scopes_to_ask(client), redirect_uri=client.redirect_uri, state=state, login_hint=address
            )
            return Consent(flow["auth_uri"], flow)
        if client.provider is Provider.GOOGLE:
            google = _google_flow(client, state)
            url, _state = google.authorization_url(access_type="offline", prompt="consent", login_hint=address)
            return Consent(url, {"verifier": google.code_verifier})
        session = _other_session(client, state)
        proof = WebApplicationClient(client.client_id)
        verifier = proof.create_code_verifier(VERIFIER_LENGTH)
        url, _state = session.authorization_url(
            client.endpoints.authorize,
            login_hint=address,
            code_challenge=proof.create_code_challenge(verifier, PKCE),
            code_challenge_method=PKCE,
        )
        return Consent(url, {"verifier": verifier})
    except _FAILURES as error:
        raise _in_our_words(error) from error


def finish_consent(client: Client, kept: Mapping[str, Any], answer: Mapping[str, str], *, state: str) -> Tokens:
    """Give the tokens for what the provider sent back; the caller has compared `state`.

    Raises ConsentGone when the administrator or the provider said no, ClientRefused and ProviderUnavailable.
    """
    if answer.get("error"):
        raise ConsentGone(str(answer["error"]))
    try:
        if client.provider is Provider.MICROSOFT:
            return _of_microsoft(_microsoft(client).acquire_token_by_auth_code_flow(dict(kept), dict(answer)))
        if client.provider is Provider.GOOGLE:
            google = _google_flow(client, state)
            google.code_verifier = kept["verifier"]
            tokens = _of_answer(google.fetch_token(code=answer.get("code", ""), timeout=SECONDS))
        else:
            session = _other_session(client, state)
            tokens = _of_answer(
                session.fetch_token(
                    client.endpoints.token,
                    code=answer.get("code", ""),
                    client_secret=client.client_secret,
                    code_verifier=kept["verifier"],
                    include_client_id=True,
                )
            )
        return _with_owner(client, tokens)
    except _FAILURES as error:
        raise _in_our_words(error) from error


# --- Microsoft --------------------------------------------------------------------------------------------------------


def _microsoft(client: Client) -> msal.ConfidentialClientApplication:
    authority = client.endpoints.token.partition(MICROSOFT_PATH)[0]
    return msal.ConfidentialClientApplication(
        client.client_id,
        client_credential=client.client_secret,
        authority=authority,
        http_client=http_session(),
        instance_discovery=False,
    )


def _scopes_to_ask(client: Client) -> list[str]:
    return [scope for scope in client.endpoints.scopes if scope not in NEVER_ASKED_FOR]


def _of_microsoft(answer: Mapping[str, Any]) -> Tokens:
    if "access_token" not in answer:
        raise _refusal(str(answer.get("error", "")), str(answer.get("error_description", "")))
    claims = answer.get("id_token_claims") or {}
    owner = claims.get("preferred_username") or claims.get("email") or ""
    return _of_answer(answer, owner=str(owner), owner_id=str(claims.get("oid") or claims.get("sub") or ""))


# --- Google and others ------------------------------------------------------------------------------------------------


def _renew_with_google(client: Client, refresh_token: str) -> Tokens:
    credentials = GoogleCredentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=refresh_token,
        token_uri=client.endpoints.token,
        client_id=client.client_id,
        client_secret=client.client_secret,
    )
    credentials.refresh(GoogleRequest(session=http_session()))  # type: ignore[no-untyped-call]
    expires = None
    if credentials.expiry is not None:  # naive, in UTC, as this library gives it
        expires = int(credentials.expiry.replace(tzinfo=UTC).timestamp())
    renewed = credentials.refresh_token if credentials.refresh_token != refresh_token else None
    return Tokens(str(credentials.token), renewed, expires)


def _google_flow(client: Client, state: str) -> Flow:
    known = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "auth_uri": client.endpoints.authorize,
        "token_uri": client.endpoints.token,
    }
    flow = Flow.from_client_config(
        {"web": known},
        scopes=list(client.endpoints.scopes),
        redirect_uri=client.redirect_uri,
        state=state,
        autogenerate_code_verifier=True,
    )
    _prepared(flow.oauth2session)
    return flow


def _other_session(client: Client, state: str) -> OAuth2Session:
    session = OAuth2Session(
        client.client_id,
        scope=list(client.endpoints.scopes),
        redirect_uri=client.redirect_uri,
        state=state,
    )
    _prepared(session)
    return session


def _with_owner(client: Client, tokens: Tokens) -> Tokens:
    """Ask whose mailbox it is, where the provider says so."""
    if not client.endpoints.owner:
        return tokens
    answer = http_session().get(
        client.endpoints.owner, headers={"Authorization": f"Bearer {tokens.access_token}"}, allow_redirects=False
    )
    answer.raise_for_status()
    found = {str(key).lower(): value for key, value in answer.json().items()}
    owner = found.get(client.endpoints.owner_attribute.lower()) or ""
    return Tokens(
        tokens.access_token, tokens.refresh_token, tokens.expires, str(owner), str(found.get("id") or tokens.owner_id)
    )


def _of_answer(answer: Mapping[str, Any], *, owner: str = "", owner_id: str = "") -> Tokens:
    seconds = answer.get("expires_in")
    expires = int(time.time() + float(seconds)) if seconds else None
    return Tokens(str(answer["access_token"]), answer.get("refresh_token") or None, expires, owner, owner_id)


# --- What went wrong --------------------------------------------------------------------------------------------------

_FAILURES = (OAuth2Error, GoogleAuthError, MsalError, requests.RequestException, ValueError, KeyError)
"""What the libraries raise; ValueError is msal's for answers it cannot use, and json's."""


def _in_our_words(error: Exception) -> DomainError:
    if isinstance(error, RefreshError):
        answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
        return _refusal(str(answer.get("error", "")), str(answer.get("error_description", "")))
    if isinstance(error, OAuth2Error):
        return _refusal(str(error.error or ""), str(error.description or ""))
    if isinstance(error, TransportError | requests.RequestException):
        host = urlsplit(str(getattr(getattr(error, "request", None), "url", "") or "")).hostname or ""
        return ProviderUnavailable(" ".join(filter(None, [type(error).__name__, host])))
    return ProviderUnavailable(type(error).__name__)


def _refusal(code: str, description: str) -> DomainError:
    reason = code
    if description:  # the first line; the rest are trace numbers
        reason = f"{code}: {description.splitlines()[0][:200]}"
    if code in GONE:
        return ConsentGone(reason)
    if code in {"invalid_client", "unauthorized_client"}:
        return ClientRefused(reason)
    return ProviderUnavailable(reason or "no reason given")
