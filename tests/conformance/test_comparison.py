"""The comparison itself: it must find every difference that counts, and none that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.comparison import (
    Bindings,
    differences,
    header_differences,
    html_differences,
    json_text_differences,
    list_differences_as_set,
    message_differences,
    plain_text_differences,
)

NOW = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc 0"),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.sampled_from("abc"), children, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_everything_equals_itself(value: Any) -> None:
    assert differences(value, value, exact=True) == []


@given(json_values)
def test_a_changed_member_is_found(value: Any) -> None:
    assert differences({"a": 1, "b": [value, "x"]}, {"a": 1, "b": [value, "y"]})


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("2", 2),
        (2, "2"),
        ({"a": 1}, {"a": 1, "more": 2}),
        ("9:00\u202fAM", "9:00 AM"),
        ([], ()),
    ],
)
def test_equal(expected: Any, found: Any) -> None:
    assert differences(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (True, 1),
        (1, True),
        (False, 0),
        (False, None),
        (None, ""),
        ("", None),
        (None, 0),
        ("a", "A"),
        ("2", "2.0"),
        ({"a": 1}, {"b": 1}),
        ({"a": None}, {}),
        ({}, []),
        ([], {}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ([1, 1], [1]),
        ("x", ["x"]),
        (["x"], "x"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ("", "0"),
        ("<b>", "<i>"),
    ],
)
def test_different(expected: Any, found: Any) -> None:
    assert differences(expected, found)


def test_exact_objects_have_no_other_keys() -> None:
    assert differences({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, exact=True) == ["$.a.c: unexpected, 2"]


def test_the_place_of_a_difference_is_named() -> None:
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == ["$.a[0].b: expected 1, found 2"]


# Placeholders


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("<5 chars>abc", "x-_9Zabc"),
        ("$2$<base64>", "$2$JDEkAb+/=="),
        ("$2a$08$<hash>", "$2a$08$zngIvDCdYQ0AOBDWVMNYd.n45"),
        ("<48 chars [A-Za-z0-9_=]>", "a" * 48),
        ("<8 random digits>", "01234567"),
        ("<24576 bytes>", "b" * 24576),
        ("<3 x T>", "TTT"),
        ("image-<random4>.gif", "image-ab12.gif"),
        ("%{url}/view.php", "http://127.0.0.1:8080/view.php"),
        ("<headers>", "From: a\r\nTo: b\r\n"),
        ("<est_duedate>", "2026-03-10 12:00:00"),
        ("<code>", "abcdefghij"),
        ("<ticket#1>", 7),
        ("Ticket <number>!", "Ticket 100234!"),
        ("a < b and <i>x</i>", "a < b and <i>x</i>"),
    ],
)
def test_placeholder_accepts_its_shape(expected: str, found: Any) -> None:
    assert differences(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("<5 chars>abc", "xxxxabc"),
        ("<5 chars>abc", "xxxxxabd"),
        ("$2$<base64>", "$2$"),
        ("$2$<base64>", "$3$JDEk"),
        ("$2$<base64>", "$2$no spaces"),
        ("<48 chars [A-Za-z0-9_=]>", "-" * 48),
        ("<8 random digits>", "0123456x"),
        ("<3 x T>", "TTTT"),
        ("<headers>", "  \n"),
        ("<headers>", None),
        ("<est_duedate>", "2026-02-30 12:00:00"),
        ("<est_duedate>", ""),
        ("<ticket#1>", "seven"),
        ("<number>", ""),
        ("<hash>", True),
        ("%{url}/view.php", "http://elsewhere/view.php"),
    ],
)
def test_placeholder_refuses_other_shapes(expected: str, found: Any) -> None:
    assert differences(expected, found)


def test_a_named_thing_is_the_same_everywhere_in_a_case() -> None:
    bindings = Bindings()
    assert differences({"id": "<ticket#1>", "number": "<number>"}, {"id": 7, "number": "N-1"}, bindings=bindings) == []
    assert differences("about <number>, <ticket#1>", "about N-1, 7", bindings=bindings) == []
    assert differences("about <number>", "about N-2", bindings=bindings)
    assert differences("<ticket#1>", 8, bindings=bindings)
    assert differences("<ticket#2>", 8, bindings=bindings) == []


@pytest.mark.parametrize(
    ("placeholder", "offset"),
    [("<now>", timedelta()), ("<now+18h>", timedelta(hours=18)), ("<now-3m>", timedelta(minutes=-3))],
)
def test_times_relative_to_the_measured_operation(placeholder: str, offset: timedelta) -> None:
    bindings = Bindings(now=NOW)

    def stored(error: int) -> str:
        return (NOW + offset + timedelta(seconds=error)).strftime("%Y-%m-%d %H:%M:%S")

    assert differences(placeholder, stored(0), bindings=bindings) == []
    assert differences(placeholder, stored(25), bindings=bindings) == []
    assert differences(placeholder, stored(26), bindings=bindings)
    assert differences(placeholder, stored(-26), bindings=bindings)
    assert differences(placeholder, "soon", bindings=bindings)


def test_a_frozen_clock_allows_no_tolerance() -> None:
    bindings = Bindings(now=NOW, tolerance=timedelta())
    assert differences("<now>", "2026-03-10 12:00:00", bindings=bindings) == []
    assert differences("<now>", "2026-03-10 12:00:01", bindings=bindings)


# Lists without order


def test_sets_ignore_order_only() -> None:
    assert list_differences_as_set([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}]) == []
    assert list_differences_as_set([1, 1, 2], [1, 2, 2])
    assert list_differences_as_set([1, 2], [1, 2, 3])
    assert list_differences_as_set([{"a": 1}], [{"a": 1, "b": 2}], exact=True)


def test_sets_try_other_items_when_a_placeholder_was_bound_wrongly() -> None:
    expected = [{"id": "<user#1>"}, {"id": "<user#1>", "name": "Jo"}]
    bindings = Bindings()
    assert (
        list_differences_as_set(expected, [{"id": 1, "name": "Al"}, {"id": 1, "name": "Jo"}], bindings=bindings) == []
    )
    assert bindings.values == {"<user#1>": "1"}
    assert list_differences_as_set(expected, [{"id": 2, "name": "Al"}, {"id": 1, "name": "Jo"}])


# Columns and texts


def test_json_in_columns() -> None:
    assert json_text_differences('{"a": 1, "b": []}', '{"b": {}, "a": 1}') == []
    assert json_text_differences("[]", "{}") == []
    assert json_text_differences(None, None) == []
    assert json_text_differences('{"a": 1}', '{"a": 1, "b": 2}') == ["$.b: only found"]
    assert json_text_differences('{"a": 1, "b": 2}', '{"a": 1}') == ["$.b: only expected"]
    assert json_text_differences('{"a": {"b": 1}}', '{"a": {"b": 2}}')
    assert json_text_differences('{"a": []}', '{"a": [1]}')
    assert json_text_differences("{}", None)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("<p>a<br>b</p>", "<P>a<br />b</p>"),
        ('<a href="x" title="y">z</a>', '<a title="y" href="x">z</a>'),
        ("<p>a  b\n c</p>", "<p>a b c</p>"),
        ("<p>a</p><!-- note -->", "<p>a</p>"),
        ("<p>a<!-- x -->b</p>", "<p>ab</p>"),
        ('<img alt="image" src="cid:x">', '<img src="cid:x"/>'),
        ("<p>a</p><p></p>", "<p>a</p>"),
        ("a &lt; b &amp; c", "a &lt; b &#38; c"),
    ],
)
def test_equal_html(expected: str, found: str) -> None:
    assert html_differences(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("<p>a</p>", "<p>b</p>"),
        ("<p>a</p>", "<div>a</div>"),
        ('<a href="x">z</a>', '<a href="y">z</a>'),
        ('<a href="x">z</a>', "<a>z</a>"),
        ("<p>a</p><p></p>", "<p></p><p>a</p>"),
        ('<img alt="cat">', "<img>"),
        ("<b>a</b>b", "<b>ab</b>"),
        ("<p>a<br>b</p>", "<p>ab</p>"),
        ("&lt;b&gt;a&lt;/b&gt;", "<b>a</b>"),
    ],
)
def test_different_html(expected: str, found: str) -> None:
    assert html_differences(expected, found)


def test_plain_text() -> None:
    assert plain_text_differences("a\r\nb\r\n\r\n", "a\nb  ") == []
    assert plain_text_differences("a\nb", "a\n b")
    assert plain_text_differences("a  b", "a b")


def test_messages() -> None:
    assert message_differences("Invalid  token\n", "Invalid token") == []
    assert message_differences("Invalid token", "invalid token")


def test_headers() -> None:
    assert header_differences("=?UTF-8?Q?auto-generated?=", "auto-generated") == []
    assert header_differences("=?UTF-8?B?w6Q=?=", "ä") == []
    assert header_differences("=?UTF-8?Q?auto-generated?=", "auto-replied")
