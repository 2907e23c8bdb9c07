"""File keys, content signatures and signed download links."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.legacy.file_keys import ContentDigest, DownloadLink, content_digest, link_expiry

SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
LINK = DownloadLink(
    host="help.example", root_path="/", file_id=7, key="AbC_d-", file_signature="SiG", expires=1795219200
)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_the_recorded_content() -> None:
    digest = content_digest(b"hello")
    assert digest.signature() == "qvTGHdzF6KLavt4PXUFAKrxLKna5cZ2R"
    assert digest.new_key()[5:] == "qvTGHdzF6KLavt4PO0gs2a6pQ00"


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_chunks_give_what_the_whole_gives(chunks: list[bytes]) -> None:
    digest = ContentDigest()
    for chunk in chunks:
        digest.update(chunk)
    whole = content_digest(b"".join(chunks))
    assert digest.signature() == whole.signature()
    assert digest.new_key()[5:] == whole.new_key()[5:]


@given(st.binary(max_size=50))
def test_keys_have_osticket_s_form_and_differ(data: bytes) -> None:
    digest = content_digest(data)
    first, second = digest.new_key(), digest.new_key()
    assert re.fullmatch(r"[\w-]{32}", first)
    assert first != second
    assert len(digest.signature()) == 32


def test_the_recorded_link() -> None:
    assert LINK.signature(SALT) == "046865fda51d63d45f47bed18121441476b155eb"


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "other.example"},
        {"root_path": "/help/"},
        {"file_id": 8},
        {"key": "other"},
        {"file_signature": "sig"},
        {"expires": 1795219201},
    ],
)
def test_a_signature_opens_one_link_only(changed: dict[str, object]) -> None:
    signature = LINK.signature(SALT)
    assert LINK.opens_with(signature, secret_salt=SALT, now=NOW)
    assert not replace(LINK, **changed).opens_with(signature, secret_salt=SALT, now=NOW)  # type: ignore[arg-type]
    assert not LINK.opens_with(signature, secret_salt="other", now=NOW)


def test_the_key_is_written_in_any_case() -> None:
    assert replace(LINK, key="ABC_D-").signature(SALT) == LINK.signature(SALT)


def test_a_link_ends() -> None:
    signature = LINK.signature(SALT)
    end = datetime.fromtimestamp(LINK.expires, UTC)
    assert LINK.opens_with(signature, secret_salt=SALT, now=end)
    assert not LINK.opens_with(signature, secret_salt=SALT, now=end + timedelta(seconds=1))


@given(st.text(st.characters(codec=None)))
def test_any_signature_is_answered(signature: str) -> None:
    assert not LINK.opens_with(signature, secret_salt=SALT, now=NOW)


def test_the_address() -> None:
    address = urlsplit(LINK.url(SALT, inline=True, attachment_id=5))
    assert address.path == "/file.php"
    assert parse_qs(address.query) == {
        "key": ["abc_d-"],
        "expires": ["1795219200"],
        "signature": [LINK.signature(SALT)],
        "disposition": ["inline"],
        "id": ["5"],
    }
    assert "disposition" not in LINK.url(SALT)
    assert "&id=" not in LINK.url(SALT)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)), st.integers(-12, 12))  # noqa: DTZ001
def test_links_of_one_day_end_together(moment: datetime, hours: int) -> None:
    now = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    expires = link_expiry(now)
    assert expires % 86400 == 0
    assert 0 < expires - int(now.timestamp()) <= 86400


def test_a_minimum_age_is_kept() -> None:
    late = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert link_expiry(late) == int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
    assert link_expiry(late, timedelta(hours=12)) == int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())
