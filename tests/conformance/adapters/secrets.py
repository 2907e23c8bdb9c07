"""Adapters for the calls of `auth.json`: passwords, encrypted secrets, link tokens, file keys, mail credentials."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.test import override_settings

from helpdesk.legacy import access_tokens, passwords
from helpdesk.legacy.crypto import SecretUnreadable, decrypt, decrypt_bytes, encrypt
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.file_keys import DownloadLink, content_digest
from helpdesk.legacy.mail_credentials import MailAccount, NoAuthentication, mail_credentials
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import Agent, EndUser, UserAccount
from tests.conformance.environment import HELPDESK_URL, PASSWORD_COST
from tests.conformance.recorded import RecordedCase, support_file
from tests.conformance.registry import adapter

FILE = "auth.json"


@adapter(FILE, "check_password", uses_database=True)
@override_settings(PASSWORD_COST=PASSWORD_COST)
def check_password(case: RecordedCase) -> dict[str, Any]:
    stored, password = case.given["stored"], case.input["password"]
    agent = Agent.objects.create(username="adminada", passwd=stored)
    owner = EndUser.objects.create(name="Jo")
    account = UserAccount.objects.create(user=owner, status=AccountStatus.CONFIRMED, passwd=stored)
    accepted = {"staff": _sign_in(agent, password), "client": _sign_in(account, password)}
    return {
        "hash_compare": passwords.compare_hash(password, stored),
        "accepted": accepted,
        "stored_after": {
            "staff": _stored_after(agent, stored, password),
            "client": _stored_after(account, stored, password),
        },
        "staff.change_passwd": int(agent.change_passwd),
        "user_account.status": int(account.status),
    }


def _sign_in(person: Agent | UserAccount, password: str) -> bool:
    person.refresh_from_db()
    accepted, new_hash = passwords.check_password(password, person.passwd)
    if new_hash is not None:
        person.passwd = new_hash
        person.save(update_fields=["passwd"])
    person.refresh_from_db()
    return accepted


def _stored_after(person: Agent | UserAccount, stored: str | None, password: str) -> str:
    if person.passwd == stored:
        return "unchanged"
    fits = passwords.compare_hash(password, person.passwd)
    return str(person.passwd) if fits else f"{person.passwd}, which refuses the password"


@adapter(FILE, "check_policy")
def check_policy(case: RecordedCase) -> dict[str, Any]:
    try:
        passwords.check_new_password(case.input["new"], current=case.input["current"])
    except ValidationFailed as refusal:
        return {"error": str(refusal.message)}
    return {"error": None}


@adapter(FILE, "decrypt")
def decrypt_secret(case: RecordedCase) -> dict[str, Any]:
    try:
        data = decrypt_bytes(
            case.input["ciphertext"], subkey=case.input["subkey"], secret_salt=case.given["SECRET_SALT"]
        )
    except SecretUnreadable:
        return {"plaintext": None, "plaintext_base64": None, "failed": True}
    return {
        "plaintext": data.decode("utf-8", "backslashreplace"),
        "plaintext_base64": base64.b64encode(data).decode("ascii"),
        "failed": False,
    }


@adapter(FILE, "encrypt")
def encrypt_secret(case: RecordedCase) -> dict[str, Any]:
    place = {"subkey": case.input["subkey"], "secret_salt": case.given["SECRET_SALT"]}
    try:
        ciphertext = encrypt(case.input["plaintext"], **place)
    except ValidationFailed:
        return {"ciphertext": None, "failed": True}
    reads_back = decrypt(ciphertext, **place) == case.input["plaintext"]
    return {"ciphertext": ciphertext if reads_back else f"{ciphertext}, which reads differently", "failed": False}


@adapter(FILE, "owner_token")
def owner_token(case: RecordedCase) -> dict[str, Any]:
    ticket = case.given["ticket"]
    token = access_tokens.owner_token(user_id=ticket["user_id"], **_ticket_part(case))
    return {"token": token, "link": access_tokens.token_link(HELPDESK_URL, token)}


@adapter(FILE, "collaborator_token")
def collaborator_token(case: RecordedCase) -> dict[str, Any]:
    collaborator = case.given["collaborator"]
    row_id = collaborator["thread_collaborator.id"]
    token = access_tokens.collaborator_token(collaborator_id=row_id, **_ticket_part(case))
    claim = access_tokens.parse_token(token)
    resolved = claim is not None and (claim.holder_id, claim.ticket_id) == (row_id, case.given["ticket"]["ticket_id"])
    return {
        "token": token,
        "link": access_tokens.token_link(HELPDESK_URL, token),
        "resolves_to": dict(collaborator) if resolved else None,
    }


def _ticket_part(case: RecordedCase) -> dict[str, Any]:
    ticket = case.given["ticket"]
    return {
        "ticket_id": ticket["ticket_id"],
        "created": ticket["created"],
        "secret_salt": case.given["SECRET_SALT"],
    }


@adapter(FILE, "lookup_token")
def lookup_token(case: RecordedCase) -> dict[str, Any]:
    ticket, collaborator = case.given["ticket"], case.given.get("collaborator", {})
    token = case.input["token"]
    claim = access_tokens.parse_token(token)
    holders = {
        access_tokens.TokenHolder.OWNER: ("owner", ticket["user_id"], ticket["user_id"]),
        access_tokens.TokenHolder.COLLABORATOR: (
            "collaborator",
            collaborator.get("thread_collaborator.id"),
            collaborator.get("user_id"),
        ),
    }
    if claim is None or claim.ticket_id != ticket["ticket_id"]:
        return {"type": None}
    name, row_id, user_id = holders[claim.holder]
    is_genuine = access_tokens.is_genuine(token, created=ticket["created"], secret_salt=case.given["SECRET_SALT"])
    return {"type": name, "user_id": user_id} if claim.holder_id == row_id and is_genuine else {"type": None}


@adapter(FILE, "legacy_code")
def legacy_code(case: RecordedCase) -> dict[str, Any]:
    place = {
        "ticket_id": case.given["ticket"]["ticket_id"],
        "email": case.input["e"],
        "secret_salt": case.given["SECRET_SALT"],
    }
    code = access_tokens.legacy_code(**place)
    opens = access_tokens.is_genuine_legacy_code(code.upper(), **place)
    return {"a": code if opens else f"{code}, which does not open the ticket"}


@adapter(FILE, "file_signature")
def file_signature(case: RecordedCase) -> dict[str, Any]:
    values = case.input
    link = DownloadLink(
        host=values["host"],
        root_path=values["root_path"],
        file_id=values["id"],
        key=values["key"],
        file_signature=values["signature_column"],
        expires=values["expires"],
    )
    return {"signature": link.signature(case.given["SECRET_SALT"])}


@adapter(FILE, "file_key")
def file_key(case: RecordedCase) -> dict[str, Any]:
    digest = content_digest(base64.b64decode(case.input["data_base64"]))
    return {"key": digest.new_key(), "signature": digest.signature()}


@adapter(FILE, "base32_encode")
def base32_encode(case: RecordedCase) -> dict[str, Any]:
    return {"text": access_tokens.base32_encode(case.input["text"].encode())}


@adapter(FILE, "base32_pack")
def base32_pack(case: RecordedCase) -> dict[str, Any]:
    return {"text": access_tokens.pack_ids(case.input["uid"], case.input["tid"])}


@adapter(FILE, "mail_credentials")
def credentials_of_mail_account(case: RecordedCase) -> dict[str, Any]:
    rows = [row["values"] for row in case.given["rows"] if row["table"] == "email_account"]
    row = next(row for row in rows if row["id"] == case.input["email_account.id"])
    mailbox = next(
        (other for other in rows if other["email_id"] == row["email_id"] and other["type"] == "mailbox"), None
    )
    found = mail_credentials(
        _mail_account(row),
        case.given["config"],
        secret_salt=case.given["SECRET_SALT"],
        mailbox=_mail_account(mailbox) if mailbox else None,
    )
    return {**asdict(found), "password": None} if isinstance(found, NoAuthentication) else asdict(found)


def _mail_account(row: Mapping[str, Any]) -> MailAccount:
    addresses = {email["email_id"]: email["email"] for email in support_file("api_base.json")["tables"]["email"]}
    return MailAccount(row["id"], row["email_id"], row["auth_bk"], addresses[row["email_id"]])
