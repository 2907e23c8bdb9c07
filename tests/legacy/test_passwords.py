"""Passwords: every stored kind, the upgrade, the policy, and input that nobody meant as a password."""

from __future__ import annotations

import hashlib
import time

import bcrypt
import pytest
from django.test import override_settings
from hypothesis import example, given
from hypothesis import settings as at_most
from hypothesis import strategies as st
from passlib.hash import bsdi_crypt, des_crypt, md5_crypt, phpass, sha256_crypt, sha512_crypt
from pytest_django import Settings

from helpdesk.legacy import passwords
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.passwords import (
    PasswordCheck,
    check_new_password,
    check_password,
    check_password_at_sign_in,
    compare_hash,
    hash_password,
    needs_upgrade,
    verify_password,
)

PASSWORD = "Kirschkern-7 äöü"


def _bcrypt(password: str, *, prefix: str = "$2a$", cost: int = 4) -> str:
    text = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()
    return text.replace("$2b$", prefix, 1)


STORED = {
    "bcrypt 2a": _bcrypt(PASSWORD),
    "bcrypt 2y": _bcrypt(PASSWORD, prefix="$2y$"),
    "bcrypt 2b": _bcrypt(PASSWORD, prefix="$2b$"),
    "bcrypt cost 6": _bcrypt(PASSWORD, cost=6),
    "phpass P": phpass.using(rounds=7).hash(PASSWORD),
    "phpass H": phpass.using(rounds=7, ident="$H$").hash(PASSWORD),
    "md5 crypt": md5_crypt.hash(PASSWORD),
    "sha256 crypt": sha256_crypt.using(rounds=1000).hash(PASSWORD),
    "sha256 crypt without rounds": sha256_crypt.using(rounds=5000).hash(PASSWORD),
    "sha512 crypt": sha512_crypt.using(rounds=1000).hash(PASSWORD),
    "DES": des_crypt.hash(PASSWORD),
    "extended DES": bsdi_crypt.using(rounds=99).hash(PASSWORD),
    "md5": hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest(),
}
GARBAGE = {
    "nothing": None,
    "empty": "",
    "failure marker": "*0",
    "plain text": PASSWORD,
    "md5 in capitals": hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper(),
    "sha1": hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest(),
    "LDAP": "{MD5}P/zhwTkwcLs8SDAmTdClxg==",
    "argon2": "$argon2id$v=19$m=65536,t=4,p=1$R3VrZ3p0Q2hhbmdl$abc",
    "Django": "pbkdf2_sha256$1000000$abc$def",
    "bcrypt cut short": _bcrypt(PASSWORD)[:-1],
    "bcrypt too long": _bcrypt(PASSWORD) + "a",
    "bcrypt with a line end": _bcrypt(PASSWORD) + "\n",
    "bcrypt 2x": _bcrypt(PASSWORD, prefix="$2x$"),
    "bcrypt cost 03": _bcrypt(PASSWORD).replace("$04$", "$03$"),
    "phpass rounds": STORED["phpass P"].replace("$P$5", "$P$4"),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_the_right_password_is_accepted_for_every_stored_kind(stored: str) -> None:
    assert check_password(PASSWORD, stored).accepted
    assert verify_password(PASSWORD, stored)


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
@pytest.mark.parametrize("wrong", [PASSWORD.upper(), PASSWORD[1:], "", "0", " " + PASSWORD])
def test_another_password_is_refused_for_every_stored_kind(stored: str, wrong: str) -> None:
    assert check_password(wrong, stored) == PasswordCheck(accepted=False, new_hash=None)
    assert not verify_password(wrong, stored)


@pytest.mark.parametrize("stored", GARBAGE.values(), ids=GARBAGE)
def test_a_column_that_holds_no_usable_hash_accepts_nothing(stored: str | None) -> None:
    for password in (PASSWORD, "", "0", "*0", str(stored)):
        assert check_password(password, stored) == PasswordCheck(accepted=False, new_hash=None)


@given(
    password=st.text(st.characters(codec=None), max_size=200), stored=st.text(st.characters(codec=None), max_size=130)
)
@example(password="\ud800", stored=STORED["bcrypt 2a"])
@example(password="a\0b", stored=STORED["bcrypt 2a"])
@example(password="a\0b", stored=STORED["DES"])
@example(password="x", stored="$2a$04$" + "a" * 53)
@example(password="x", stored="é" * 13)
def test_nothing_that_is_typed_or_stored_raises(password: str, stored: str) -> None:
    assert not check_password(password, stored).accepted
    assert not verify_password(password, stored)


@given(
    st.sampled_from(
        [r"$2a$04$", r"$2y$31$", "$P$5", "$P$z", "$H$9", "$1$", "$5$", "$6$", "$5$rounds=999999999$a$", "_"]
    ),
    st.text("./0Az$=-", max_size=90),
)
def test_half_right_hashes_raise_nothing_and_answer_fast(start: str, rest: str) -> None:
    assert not check_password(PASSWORD, start + rest).accepted


@pytest.mark.parametrize(
    "stored",
    [
        "$2a$31$" + _bcrypt(PASSWORD)[7:],
        "$P$S" + STORED["phpass P"][4:],
        "$6$rounds=999999999$abcdefgh$" + "a" * 86,
        "_zzzz" + STORED["extended DES"][5:],
    ],
    ids=["bcrypt", "phpass", "sha512 crypt", "extended DES"],
)
def test_a_hash_that_would_take_minutes_is_refused_at_once(stored: str) -> None:
    started = time.process_time()
    assert not check_password(PASSWORD, stored).accepted
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("stored", [*STORED.values(), None], ids=[*STORED, "nobody"])
def test_a_megabyte_of_password_is_answered_fast(stored: str | None) -> None:
    started = time.process_time()
    assert not check_password_at_sign_in("x" * 1_000_000, stored).accepted
    assert not verify_password("x" * 1_000_000, stored)
    assert time.process_time() - started < 0.5


# What is written


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100))
@at_most(max_examples=30)
def test_what_is_written_verifies(password: str) -> None:
    assert verify_password(password, hash_password(password))


def test_what_is_written_is_what_php_reads() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$2a$04$")  # the cost of test runs
    assert len(stored) == 60
    assert stored.isascii()


def test_the_cost_is_12_where_no_test_lowers_it(settings: Settings) -> None:
    del settings.PASSWORD_COST
    assert hash_password(PASSWORD).startswith("$2a$12$")
    assert needs_upgrade(_bcrypt(PASSWORD, cost=11))


def test_a_character_that_php_cannot_verify_is_not_stored() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        hash_password("abc\0def")
    assert refusal.value.code == "password_unusable"


@given(st.text("ab€", min_size=20, max_size=60), st.text("abc", min_size=1, max_size=20))
@at_most(max_examples=20)
def test_bytes_after_the_72nd_do_not_count(start: str, rest: str) -> None:
    first_72 = (start * 4).encode()[:72]
    text = first_72.decode(errors="ignore")
    padded = text + "x" * (72 - len(text.encode()))
    stored = hash_password(padded)
    assert verify_password(padded + rest, stored)
    assert check_password(padded + rest, stored).accepted
    assert not verify_password(padded[:-1], stored)


def test_the_cut_at_72_bytes_may_split_a_character() -> None:
    password = "x" * 71 + "ä"
    stored = hash_password(password)
    assert verify_password(password, stored)
    assert verify_password("x" * 71 + "ö", stored)  # its first byte is the same, the second is cut off
    assert not verify_password("x" * 71 + "€", stored)


def test_the_forms_cut_to_128_bytes_before_comparing() -> None:
    stored = phpass.using(rounds=7).hash("p" * 128)
    assert check_password("p" * 129, stored).accepted
    assert not verify_password("p" * 129, stored)
    assert not check_password("p" * 127, stored).accepted


# The upgrade


@override_settings(PASSWORD_COST=7)
@pytest.mark.parametrize("kind", [kind for kind in STORED if "DES" not in kind])
def test_weak_hashes_are_replaced_when_the_password_is_right(kind: str) -> None:
    new_hash = check_password(PASSWORD, STORED[kind]).new_hash
    assert new_hash is not None
    assert new_hash.startswith("$2a$07$")
    assert compare_hash(PASSWORD, new_hash)
    assert not needs_upgrade(new_hash)


def test_hashes_of_our_cost_or_above_stay() -> None:
    for stored in (_bcrypt(PASSWORD), _bcrypt(PASSWORD, prefix="$2y$"), _bcrypt(PASSWORD, cost=5)):
        assert not needs_upgrade(stored)
        assert check_password(PASSWORD, stored) == PasswordCheck(accepted=True, new_hash=None)


@pytest.mark.parametrize(
    ("stored", "typed", "is_replaced"),
    [
        (des_crypt.hash("12345678"), "12345678", True),
        (des_crypt.hash("12345678"), "123456789", False),
        (des_crypt.hash("abcäöü"), "abcäöü", False),
        (bsdi_crypt.using(rounds=99).hash("a long password"), "a long password", True),
        (bsdi_crypt.using(rounds=99).hash("abcäöü"), "abcäöü", False),
    ],
    ids=["des whole", "des cut", "des 8-bit", "bsdi whole", "bsdi 8-bit"],  # the hashes differ from process to process
)
def test_a_hash_that_accepts_other_texts_too_is_kept(stored: str, typed: str, is_replaced: bool) -> None:
    """Else a typing error in the ninth character would become the password."""
    accepted, new_hash = check_password(typed, stored)
    assert accepted
    assert (new_hash is not None) is is_replaced


def test_an_empty_password_never_signs_in() -> None:
    assert not check_password("", _bcrypt("")).accepted


# Sign-in


@override_settings(PASSWORD_COST=9)
@pytest.mark.parametrize("stored", [None, "", *STORED.values()], ids=["nobody", "no password", *STORED])
def test_a_refused_sign_in_costs_one_comparison_at_our_cost(
    stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[int] = []
    hashpw = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        costs.append(int(salt[4:6]))
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    assert not check_password_at_sign_in("wrong", stored).accepted
    assert costs == [9]


@override_settings(PASSWORD_COST=9)
def test_a_refused_sign_in_against_a_current_hash_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = hash_password(PASSWORD)
    monkeypatch.setattr(passwords, "spend_time_of_a_check", lambda password: pytest.fail("compared twice"))
    assert not check_password_at_sign_in("wrong", stored).accepted


def test_sign_in_gives_what_the_check_gives() -> None:
    assert check_password_at_sign_in(PASSWORD, STORED["bcrypt 2a"]) == PasswordCheck(accepted=True, new_hash=None)
    assert check_password_at_sign_in(PASSWORD, STORED["md5"]).new_hash is not None


# Policy


@pytest.mark.parametrize("new", ["123456", "äöü", "      ", "x" * 128, "ä" * 64])
def test_passwords_that_the_policy_takes(new: str) -> None:
    check_new_password(new)
    check_new_password(new, current="another one")
    check_new_password(new, current="")


@pytest.mark.parametrize(
    ("new", "current", "code"),
    [
        ("", None, "password_too_short"),
        ("12345", None, "password_too_short"),
        ("äö€"[:2] + "x", None, "password_too_short"),
        ("x" * 129, None, "password_too_long"),
        ("ä" * 65, None, "password_too_long"),
        ("SamePass1", "samepass1", "password_unchanged"),
    ],
)
def test_passwords_that_the_policy_refuses(new: str, current: str | None, code: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check_new_password(new, current=current)
    assert refusal.value.code == code


def test_only_ascii_letters_are_compared_without_case() -> None:
    check_new_password("ÄPFEL-1", current="äpfel-1")
