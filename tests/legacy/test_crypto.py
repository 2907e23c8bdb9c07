"""Encrypted secrets: round trips, every tag, and damaged or foreign input."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from helpdesk.legacy.crypto import (
    SecretUnreadable,
    decrypt,
    decrypt_bytes,
    decrypt_with_any,
    encrypt,
    hashed_subkey,
    plugin_instance_subkeys,
)
from helpdesk.legacy.errors import ValidationFailed

SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
WRITTEN_BY_OSTICKET = "$2$JDEkZPAHb8q014kj63Ko/0pZnI9BPW84YnDbAgJhrBYBZ4k="
"""The text "secret" under the sub-key "encryption"."""

texts = st.text(st.characters(codec="utf-8"))
any_texts = st.text(st.characters(codec=None))


@given(texts.filter(lambda text: text not in ("", "0")), any_texts, any_texts.filter(bool))
def test_what_is_encrypted_reads_back(plaintext: str, subkey: str, salt: str) -> None:
    ciphertext = encrypt(plaintext, subkey=subkey, secret_salt=salt)
    assert ciphertext.startswith("$2$")
    assert decrypt(ciphertext, subkey=subkey, secret_salt=salt) == plaintext
    for tag in ("1", "3"):
        assert decrypt(f"${tag}{ciphertext[2:]}", subkey=subkey, secret_salt=salt) == plaintext


def test_the_same_secret_never_looks_the_same() -> None:
    assert encrypt("secret", subkey="x", secret_salt=SALT) != encrypt("secret", subkey="x", secret_salt=SALT)


def test_osticket_s_own_ciphertext() -> None:
    assert decrypt(WRITTEN_BY_OSTICKET, subkey="encryption", secret_salt=SALT) == "secret"


@given(st.text(min_size=1, alphabet="abc"), st.text(alphabet="xyz"))
def test_another_salt_or_place_gives_no_readable_secret(salt: str, subkey: str) -> None:
    ciphertext = encrypt("the text behind it", subkey="here", secret_salt=SALT)
    for place in ({"subkey": "here", "secret_salt": salt}, {"subkey": subkey, "secret_salt": SALT}):
        try:
            found = decrypt(ciphertext, **place)
        except SecretUnreadable:
            continue
        assert found != "the text behind it"  # one wrong key in some hundreds leaves valid padding: then garbage


@given(any_texts)
@example("")
@example("plain-password")
@example("$2$")
@example("$2$$$$$")
@example("$4$" + WRITTEN_BY_OSTICKET[3:])
@example(WRITTEN_BY_OSTICKET[1:])
@example("$2$" + base64.b64encode(b"$1$short").decode())
@example("$2$" + base64.b64encode(b"$2$" + bytes(32)).decode())
@example("$2$" + base64.b64encode(b"$1$" + bytes(16)).decode())
@example("$2$" + base64.b64encode(b"$1$" + bytes(31)).decode())
@example("$2$A")
@example("$2$\u00e9\ud800")
def test_what_is_no_ciphertext_is_refused(text: str) -> None:
    with pytest.raises(SecretUnreadable) as refusal:
        decrypt(text, subkey="encryption", secret_salt=SALT)
    assert refusal.value.code == "secret_unreadable"


@given(st.binary(max_size=80))
def test_damaged_ciphertext_raises_nothing_else(body: bytes) -> None:
    assume(not body.startswith(b"$1$"))
    ciphertext = "$2$" + base64.b64encode(b"$1$" + body).decode()
    with suppress(SecretUnreadable):
        decrypt_bytes(ciphertext, subkey="encryption", secret_salt=SALT)


def test_base64_is_read_as_leniently_as_php_does() -> None:
    head, body = WRITTEN_BY_OSTICKET[:3], WRITTEN_BY_OSTICKET[3:]
    wrapped = head + body[:20] + "\r\n " + body[20:].rstrip("=")
    assert decrypt(wrapped, subkey="encryption", secret_salt=SALT) == "secret"


def test_an_empty_salt_decrypts_and_encrypts_nothing() -> None:
    with pytest.raises(SecretUnreadable):
        decrypt(WRITTEN_BY_OSTICKET, subkey="encryption", secret_salt="")
    with pytest.raises(ValidationFailed):
        encrypt("secret", subkey="encryption", secret_salt="")


@pytest.mark.parametrize("plaintext", ["", "0"])
def test_what_osticket_leaves_in_clear_is_not_encrypted(plaintext: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        encrypt(plaintext, subkey="x", secret_salt=SALT)
    assert refusal.value.code == "secret_empty"


def test_bytes_that_are_no_text_are_told_apart() -> None:
    from helpdesk.legacy import crypto

    padder_input = b"\xff\xfe"
    padded = padder_input + bytes([14]) * 14
    iv = bytes(range(16))
    encryptor = crypto._cipher(iv, "x", SALT).encryptor()
    ciphertext = "$2$" + base64.b64encode(b"$1$" + iv + encryptor.update(padded) + encryptor.finalize()).decode()
    assert decrypt_bytes(ciphertext, subkey="x", secret_salt=SALT) == padder_input
    with pytest.raises(SecretUnreadable):
        decrypt(ciphertext, subkey="x", secret_salt=SALT)


@pytest.mark.parametrize("subkey", plugin_instance_subkeys(4, 2))
def test_plugin_secrets_are_found_under_every_name_they_may_have(subkey: str) -> None:
    ciphertext = encrypt("client-secret-with-some-length", subkey=subkey, secret_salt=SALT)
    found = decrypt_with_any(ciphertext, subkeys=plugin_instance_subkeys(4, 2), secret_salt=SALT)
    assert found == "client-secret-with-some-length"


def test_a_plugin_secret_of_another_plugin_is_refused() -> None:
    ciphertext = encrypt("client-secret-with-some-length", subkey="plugin.5.instance.1", secret_salt=SALT)
    with pytest.raises(SecretUnreadable):
        decrypt_with_any(ciphertext, subkeys=("plugin.4.instance.2",), secret_salt=SALT)


def test_the_error_names_the_way_out_and_no_secret() -> None:
    with pytest.raises(SecretUnreadable, match="SECRET_SALT") as refusal:
        decrypt("plain-password", subkey="encryption", secret_salt=SALT)
    assert "plain-password" not in repr(refusal.value)
    assert SALT not in repr(refusal.value)


def test_hashed_subkey_joins_its_parts() -> None:
    assert hashed_subkey("Support@acme.test", "email.1.account.11") == hashed_subkey(
        "Support@acme.testemail.1.account.11"
    )
