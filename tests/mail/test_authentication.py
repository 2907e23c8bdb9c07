"""What is believed of Authentication-Results (RFC 8601)."""

from __future__ import annotations

import time

import pytest

from helpdesk.mail.incoming import Verdict, read_mail

PASSED, FAILED, UNKNOWN = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN
OURS = "mx.acme.test"


def verdict_of(*headers: str, sender: str = "From: Kim <kim@acme.test>", server: str = OURS) -> Verdict:
    raw = "\r\n".join([*(f"Authentication-Results: {one}" for one in headers), sender, "Subject: x", "", "words"])
    return read_mail(raw.encode(), trusted_server=server).verdict


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("mx.acme.test; dmarc=pass header.from=acme.test", PASSED),
        ("MX.Acme.Test 1; dmarc=pass (p=reject dis=none) header.from=acme.test", PASSED),
        ("mx.acme.test; dmarc=fail (p=none) header.from=acme.test; dkim=pass header.d=acme.test", FAILED),
        ("mx.acme.test; dmarc=pass header.from=else.test", UNKNOWN),
        ("mx.acme.test; dmarc=none; dkim=pass header.d=acme.test header.s=a", PASSED),
        ("mx.acme.test; dkim=pass header.i=@acme.test", PASSED),
        ("mx.acme.test; dkim=pass header.d=else.test; spf=pass smtp.mailfrom=else.test", UNKNOWN),
        ("mx.acme.test; dkim=pass header.d=test", UNKNOWN),
        ("mx.acme.test; spf=pass smtp.mailfrom=bounce@acme.test", PASSED),
        ("mx.acme.test; spf=softfail smtp.mailfrom=acme.test", FAILED),
        ("mx.acme.test; spf=softfail smtp.mailfrom=acme.test; dkim=pass header.d=acme.test", PASSED),
        ("mx.acme.test; none", UNKNOWN),
        ("mx.acme.test (dmarc=pass; dkim=pass header.d=acme.test); spf=none", UNKNOWN),
        ("mx.else.test; dmarc=pass header.from=acme.test", UNKNOWN),
        ("mx.acme.test.else.test; dmarc=pass header.from=acme.test", UNKNOWN),
        ("", UNKNOWN),
        (";;;=;(((", UNKNOWN),
    ],
)
def test_what_the_trusted_server_says(header: str, expected: Verdict) -> None:
    assert verdict_of(header) is expected


def test_only_the_topmost_header_of_the_server_counts() -> None:
    assert verdict_of("mx.acme.test; dmarc=fail", "mx.acme.test; dmarc=pass") is FAILED
    assert verdict_of("other.test; dmarc=pass", "mx.acme.test; dmarc=fail") is FAILED


def test_no_server_is_believed_without_the_setting() -> None:
    assert verdict_of("mx.acme.test; dmarc=pass", server="") is UNKNOWN


@pytest.mark.parametrize(
    "sender", ["From: a@acme.test, b@else.test", "From: a@acme.test\r\nFrom: b@else.test", "X-From: a@acme.test"]
)
def test_several_senders_or_none_are_nobody(sender: str) -> None:
    assert verdict_of("mx.acme.test; dmarc=pass", sender=sender) is UNKNOWN


@pytest.mark.parametrize(
    "header",
    [
        'mx.acme.test; spf=pass smtp.mailfrom="x; dmarc=pass header.from=acme.test "@else.test; dmarc=none',
        'mx.acme.test; spf=pass smtp.mailfrom="x; dkim=pass header.d=acme.test "@else.test',
        'mx.acme.test; spf=pass smtp.mailfrom="\\"; dkim=pass header.d=acme.test "@else.test',
        'mx.acme.test; spf=pass smtp.mailfrom="@acme.test;"@else.test',
        'mx.acme.test; spf=pass smtp.mailfrom="acme.test"@else.test',
        'mx.acme.test; spf=pass smtp.mailfrom="x header.from=y"@else.test smtp.helo=acme.test',
    ],
)
def test_what_a_sender_may_write_within_quotation_marks_is_no_result(header: str) -> None:
    """Servers repeat the sender of the envelope, whose part before the @ may be any text in quotation marks."""
    assert verdict_of(header) is not PASSED


@pytest.mark.parametrize(
    "noise", ["(" * 45_000 + ")" * 45_000, ")" * 90_000, '"' * 90_000, "(\\)" * 20_000 + ")" * 20_000]
)
def test_long_headers_are_read_in_one_go(noise: str) -> None:
    started = time.process_time()
    assert verdict_of(f"mx.acme.test; dmarc=pass header.from=acme.test; {noise}") is PASSED
    assert time.process_time() - started < 1
