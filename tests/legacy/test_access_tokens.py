"""Links into one ticket: made, read, verified, and refused for everybody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.legacy.access_tokens import (
    AccessToken,
    TokenHolder,
    base32_encode,
    collaborator_token,
    is_genuine,
    is_genuine_legacy_code,
    legacy_code,
    owner_token,
    pack_ids,
    parse_token,
    token_link,
)
from helpdesk.legacy.errors import ValidationFailed

SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
CREATED = "2024-01-01 00:00:00"
ids = st.integers(min_value=0, max_value=0xFFFFFFFF)
any_texts = st.text(st.characters(codec=None), max_size=60)


@given(ids, ids, any_texts)
def test_a_token_names_its_holder_and_ticket(holder_id: int, ticket_id: int, salt: str) -> None:
    token = owner_token(user_id=holder_id, ticket_id=ticket_id, created=CREATED, secret_salt=salt)
    assert len(token) == 32
    assert parse_token(token) == AccessToken(TokenHolder.OWNER, holder_id, ticket_id)
    assert is_genuine(token, created=CREATED, secret_salt=salt) is bool(salt)
    other = collaborator_token(collaborator_id=holder_id, ticket_id=ticket_id, created=CREATED, secret_salt=salt)
    assert parse_token(other) == AccessToken(TokenHolder.COLLABORATOR, holder_id, ticket_id)
    assert other[1:] == token[1:]


@given(any_texts)
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert parse_token(text) is None
    assert not is_genuine(text, created=CREATED, secret_salt=SALT)


@given(ids, ids, st.integers(min_value=0, max_value=31), st.characters(codec=None))
def test_a_changed_character_is_noticed(holder_id: int, ticket_id: int, position: int, character: str) -> None:
    token = owner_token(user_id=holder_id, ticket_id=ticket_id, created=CREATED, secret_salt=SALT)
    changed = token[:position] + character + token[position + 1 :]
    if character.isascii() and changed.lower() == token.lower():
        return
    if changed[0] == "c":  # another kind of holder with the same number: the caller looks that person up
        return
    assert not is_genuine(changed, created=CREATED, secret_salt=SALT)


def test_letter_case_counts_in_the_first_letter_only() -> None:
    token = owner_token(user_id=3, ticket_id=7, created=CREATED, secret_salt=SALT)
    assert is_genuine(token[0] + token[1:].swapcase(), created=CREATED, secret_salt=SALT)
    assert parse_token(token[0].upper() + token[1:]) is None


def test_other_dates_and_salts_do_not_open_the_ticket() -> None:
    token = owner_token(user_id=3, ticket_id=7, created=CREATED, secret_salt=SALT)
    assert is_genuine(token, created=CREATED, secret_salt=SALT)
    assert not is_genuine(token, created="2024-01-01 00:00:01", secret_salt=SALT)
    assert not is_genuine(token, created=CREATED, secret_salt=SALT + "x")


def test_a_collaborator_never_gets_the_owner_s_token() -> None:
    """Even where the number of the collaborator's row is the owner's user id (osTicket hands out the owner's then)."""
    owner = owner_token(user_id=11, ticket_id=11, created=CREATED, secret_salt=SALT)
    assert collaborator_token(collaborator_id=11, ticket_id=11, created=CREATED, secret_salt=SALT) != owner


@pytest.mark.parametrize(("holder_id", "ticket_id"), [(-1, 1), (1, -1), (2**32, 1), (1, 2**32)])
def test_ids_that_do_not_fit_are_refused(holder_id: int, ticket_id: int) -> None:
    with pytest.raises(ValidationFailed):
        pack_ids(holder_id, ticket_id)


@given(st.binary(max_size=40))
def test_base32_has_osticket_s_alphabet_and_no_padding(data: bytes) -> None:
    text = base32_encode(data)
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz012345")
    assert len(text) == -(-len(data) * 8 // 5)


def test_links_are_quoted() -> None:
    assert token_link("https://help.example/", "o1xa/b+c==") == "https://help.example/view.php?auth=o1xa%2Fb%2Bc%3D%3D"
    assert token_link("https://help.example", "x") == "https://help.example/view.php?auth=x"


@given(ids, any_texts)
def test_legacy_codes_open_for_the_address_in_any_case(ticket_id: int, email: str) -> None:
    code = legacy_code(ticket_id=ticket_id, email=email, secret_salt=SALT)
    ascii_upper = "".join(letter.upper() if letter.isascii() else letter for letter in email)
    assert is_genuine_legacy_code(code.upper(), ticket_id=ticket_id, email=ascii_upper, secret_salt=SALT)
    assert not is_genuine_legacy_code(code, ticket_id=ticket_id + 1, email="x" + email, secret_salt=SALT)
    assert not is_genuine_legacy_code(code[:-1], ticket_id=ticket_id, email=email, secret_salt=SALT)


@given(any_texts)
def test_any_legacy_code_is_answered(code: str) -> None:
    assert not is_genuine_legacy_code(code, ticket_id=1, email="a@b.test", secret_salt=SALT)
    assert not is_genuine_legacy_code(code, ticket_id=1, email="a@b.test", secret_salt="")
