"""What no form should send, no administrator should type and no database should hold: an answer, never a crash."""

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.conditions import Combined, Condition, Conditions, differs, equals, visible
from helpdesk.forms.field_types import Asked, StoredAnswer, type_of
from helpdesk.forms.field_types.base import LONGEST_ANSWER
from helpdesk.forms.field_types.choices import MOST_CHOSEN
from helpdesk.forms.field_types.text import without_tags
from helpdesk.forms.models import Form, FormAnswer, FormField
from helpdesk.forms.rich_text import clean_answer, html_as_typed, plain_text, shown_answer, typed_as_html
from helpdesk.forms.services import save_answers
from helpdesk.legacy.fields import NotJSON
from helpdesk.legacy.patterns import UnusablePattern, matches_php_pattern, php_pattern
from helpdesk.people.actor import Actor

pytestmark = pytest.mark.django_db
TYPES = [
    *("text", "memo", "datetime", "phone", "bool", "choices", "files", "timezone", "department", "assignee"),
    *("priority", "list-1", "list-999999", "list-", "list-x", "thread", "break", "info", "signature-pad"),
]
BROKEN: list[Any] = [
    None,
    [],
    "text",
    7,
    NotJSON("{broken"),
    {"choices": 7, "length": "x", "size": [], "digits": "many", "min": "soon", "max": {}, "timezone": "Moon/Base"},
    {"choices": None, "multiselect": "1", "extensions": 7, "mimetypes": "image", "validator": ["x"], "regex": 4},
    {"rows": -5, "html": "0", "prompt": {"a": 1}, "default": ["x"], "widget": 9, "target": None, "max": "-3"},
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=40)
JSON = st.recursive(
    SCALARS | st.sampled_from(["\x00", "\ud800", "1e999", "2026-13-45", "99999999999999999999", "-0", "X", "s1", "٣"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def field_of(type_: str, configuration: Any = None) -> FormField:
    return FormField(pk=901, name="f", label="Field", type=type_, configuration=configuration, flags=0x7701, sort=1)


def use(field: FormField, submitted: Any) -> None:
    """Let a type do everything with one submitted value."""
    field_type = type_of(field)
    clean = field_type.parse(field, submitted)
    assert all(isinstance(error, str) for error in field_type.errors(field, clean, required=True))
    stored = field_type.to_database(field, clean)
    assert stored.value is None or isinstance(stored.value, str)
    assert stored.value_id is None or isinstance(stored.value_id, int)
    for one in (clean, field_type.from_database(field, stored)):
        assert isinstance(field_type.to_string(field, one), str)
        assert isinstance(field_type.display(field, one), str)
        assert isinstance(field_type.search_text(field, one), str)
        assert isinstance(field_type.export(field, one), str)
        assert isinstance(field_type.cdata_value(field, one), str)
        assert set(map(type, field_type.filter_values(field, one).values())) == {str}
        field_type.control(field, field_type.submitted_form(field, one), Asked())
    field_type.misread(field, submitted, clean)
    field_type.control(field, submitted, Asked(is_agent=True))


@pytest.mark.parametrize("type_", TYPES)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(submitted=JSON)
def test_any_json_is_an_answer_or_an_error(type_: str, submitted: Any) -> None:
    use(field_of(type_, {"choices": "a:A\nb:B"}), submitted)


@pytest.mark.parametrize("type_", TYPES)
def test_broken_configurations_count_as_none(type_: str) -> None:
    for configuration in BROKEN:
        for submitted in (None, "", "7", ["a", "b"], "2026-01-01"):
            use(field_of(type_, configuration), submitted)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("value", [None, "", "false", "[]", "{}", "{broken", '{"a":null}', "[1,2]", "\x00", "9" * 400])
def test_anything_stored_can_be_read(type_: str, value: str | None) -> None:
    field = field_of(type_)
    field_type = type_of(field)
    clean = field_type.from_database(field, StoredAnswer(value, 7))
    assert isinstance(field_type.to_string(field, clean), str)
    assert isinstance(field_type.display(field, clean), str)
    field_type.control(field, field_type.submitted_form(field, clean), Asked())


@pytest.mark.parametrize("clean", [clean_answer, shown_answer, plain_text])
def test_what_is_no_character_is_taken_out_of_markup(clean: Any) -> None:
    assert "One \U0001f600 two" in clean("<p>One \ud83d\ude00\ud800 two\x00</p>")


class TestLength:
    def test_bytes_count_not_characters(self) -> None:
        for type_ in ("text", "memo"):
            fits, too_long = "ü" * (LONGEST_ANSWER // 2), "ü" * (LONGEST_ANSWER // 2 + 1)
            field, field_type = field_of(type_, {"html": False}), type_of(field_of(type_))
            assert field_type.errors(field, fits, required=True) == []
            assert field_type.errors(field, too_long, required=True) == [
                "This answer is too long: at most 65535 bytes fit here"
            ]

    def test_the_longest_answer_is_stored_whole(self) -> None:
        form = Form.objects.create(type="G", title="Long")
        field = FormField.objects.create(form=form, type="text", name="f", label="F", sort=1)
        save_answers("T", 7, form, {"f": "ü" * (LONGEST_ANSWER // 2)}, Actor.system("tests"))
        assert FormAnswer.objects.get(field=field).value == "ü" * (LONGEST_ANSWER // 2)

    def test_very_many_choices(self) -> None:
        lines = "\n".join(f"key{number}:Label {number}" for number in range(4000))
        field = field_of("choices", {"choices": lines, "multiselect": True})
        field_type = type_of(field)
        clean = field_type.parse(field, [f"key{number}" for number in range(100_000)])
        assert len(clean) == MOST_CHOSEN
        assert field_type.errors(field, clean, required=True) == []
        assert len(field_type.control(field, None, Asked()).choices) == 4000

    def test_a_date_that_no_calendar_has(self) -> None:
        field, field_type = field_of("datetime"), type_of(field_of("datetime"))
        for text in ("99999999999999999999", "0000-00-00", "9999-12-31 23:59:59", "0001-01-01", "-62135596800"):
            use(field, text)
            assert isinstance(field_type.to_database(field, field_type.parse(field, text)).value, str)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "text", "matches"),
        [
            ("/^[A-Z]{3}$/", "ABC", True),
            ("/^[A-Z]{3}$/", "ABC\n", True),
            ("/^abc$/i", "ABC", True),
            ("#^/home/#", "/home/x", True),
            (r"/^\/home\//", "/home/x", True),
            ("{^a}", "ab", True),
            ("(^a)", "ab", True),
            ("/a b/x", "ab", True),
            ("/b/A", "ab", False),
            (r"/^(?=.*\d)\w+$/", "abc1", True),
            (r"/^(?=.*\d)\w+$/", "abc", False),
            (r"/^(\w)\1$/", "aa", True),
            ("/[unclosed/", "x", False),
            ("no delimiter", "no delimiter", False),
            ("/never closed", "x", False),
            ("/x/k", "x", False),
            ("", "x", False),
            ("/" + "a" * 5000 + "/", "a" * 5000, False),
        ],
    )
    def test_pcre_as_it_is_stored(self, pattern: str, text: str, matches: bool) -> None:
        assert matches_php_pattern(pattern, text) is matches

    def test_patterns_that_explode_come_to_an_end(self) -> None:
        for pattern in ("/^(a+)+$/", "/^(?=a)(a|aa)+$/", r"/^(?=a)(a*)*b\1$/"):
            assert not matches_php_pattern(pattern, "a" * 50_000 + "!")

    @pytest.mark.parametrize(
        ("pattern", "text", "matches"),
        [
            (r"/^\w+$/u", "Größe٣_", True),
            (r"/^\w+$/iu", "ÉTÉ", True),
            (r"/\W/u", "Größe", False),
            (r"/^\W$/u", "\u0301", True),
            (r"/^\d\d$/u", "٣3", True),
            (r"/^\d$/u", "½", False),
            (r"/^\D+$/u", "½é", True),
            (r"/^a\sb$/u", "a\u3000b", True),
            (r"/\S/u", "\u00a0\u2028\u0085", False),
            (r"/^[\w.-]+@/u", "jörg.o-k@x", True),
            (r"/^[+\w]+$/u", "+ж,", False),
            (r"/^[]\d]+$/u", "]٣", True),
            (r"/^[^\W\d]+$/u", "né", True),
            (r"/^[^\W\d]+$/u", "né٣", False),
            (r"/^[-\W]+$/iu", "-€", True),
            (r"/^[-\W]$/iu", "\u03b9", False),
            (r"/^[\S]$/u", "é", True),
            (r"/^[\D]$/u", "٣", False),
            ("/^[[:alpha:]]+$/u", "Ñandú", True),
            ("/^[[:alpha:]]+$/u", "é1", False),
            ("/^[[:^alpha:]é]+$/u", "1é", True),
            ("/^[[:upper:]][[:lower:]]+$/u", "Öl", True),
            ("/^[[:alnum:]_[:space:]]+$/u", "é_1\u00a0", True),
            ("/^[[:punct:]]+$/u", "¿!$", True),
            ("/^[[:punct:]]+$/u", "€", False),
            (r"/^\Q\w[\E\w$/u", r"\w[é", True),
            (r"/^\\\w$/u", "\\é", True),
            (r"/^\w+$/", "é", False),
        ],
    )
    def test_classes_know_all_alphabets_in_linear_time(self, pattern: str, text: str, *, matches: bool) -> None:
        assert php_pattern(pattern).is_in(text) is matches
        assert php_pattern(pattern).is_linear

    @pytest.mark.parametrize("pattern", [r"/\w+@evil\.example/iu", r"/[^\W\d_]+@evil\.example/iu"])
    def test_a_long_text_hides_nothing(self, pattern: str) -> None:
        before = time.process_time()
        for length in (60_000, 2_000_000):
            assert php_pattern(pattern).is_in("é " + "a" * length + " x@evil.example")
            assert not php_pattern(pattern).is_in("é" * length + " x@evil.exampl")
        assert time.process_time() - before < 1

    @pytest.mark.parametrize("pattern", [r"/\bevil/iu", "/^[[:graph:]]+$/u", "/[[:upper:]]/iu", r"/\w{900}/u"])
    def test_what_runs_under_the_time_limit_says_so(self, pattern: str) -> None:
        assert not php_pattern(pattern).is_linear

    def test_edges_of_words_in_all_alphabets(self) -> None:
        assert not matches_php_pattern(r"/\bevil\b/iu", "éevil")
        assert matches_php_pattern(r"/\bevil\b/iu", "é evil")
        assert php_pattern(r"/\bevil\b/i").is_linear

    def test_unusable_ones_say_why(self) -> None:
        with pytest.raises(UnusablePattern, match="delimiter"):
            php_pattern("abc")


class TestText:
    def test_markup_that_never_ends_is_read_once(self) -> None:
        for piece in ("<!--", "<a", "<!--<b>", "-->", "<", "&lt;"):
            assert isinstance(without_tags(piece * 100_000), str)

    @given(text=st.text(max_size=200))
    def test_rich_text_never_runs(self, text: str) -> None:
        for shown in (shown_answer(text), shown_answer(clean_answer(text))):
            assert "<script" not in shown.lower()
        assert isinstance(plain_text(text), str)

    @pytest.mark.parametrize(
        "html",
        [
            '<a href="java\tscript:alert(1)">x</a>',
            '<a href="&#106;avascript:alert(1)">x</a>',
            '<img src=x onerror=alert(1)>',
            "<svg onload=alert(1)>",
            '<a href="data:text/html,<script>alert(1)</script>">x</a>',
            '<p style="background:url(javascript:alert(1))">x</p>',
        ],
    )  # fmt: skip
    def test_known_tricks(self, html: str) -> None:
        shown = shown_answer(clean_answer(html))
        for sign in ("onerror", "onload", 'href="java', 'href="data', "style="):
            assert sign not in shown

    @given(text=st.text(alphabet="ab <>&;\n'\"", max_size=60))
    def test_typing_comes_back(self, text: str) -> None:
        html = clean_answer(typed_as_html(text))
        again = clean_answer(typed_as_html(html_as_typed(html)))
        assert plain_text(again).split() == plain_text(html).split()


class TestConditions:
    def test_chains(self) -> None:
        conditions: Conditions = {"b": equals("a", "1"), "c": differs("b", "x"), "d": equals("c", "y", "z")}
        there = visible(conditions, {"a": "1", "b": "b", "c": "y"})
        assert [there(name) for name in "abcd"] == [True, True, True, True]
        hidden = visible(conditions, {"a": "2", "b": "b", "c": "y"})
        assert [hidden(name) for name in "abcd"] == [True, False, False, False]

    def test_all_and_any(self) -> None:
        both = Combined((equals("a", "1"), differs("b", "2")))
        one = Combined((equals("a", "1"), both), any_of=True)
        assert visible({"c": both}, {"a": "1", "b": "3"})("c")
        assert not visible({"c": both}, {"a": "1", "b": "2"})("c")
        assert visible({"c": one}, {"a": "1", "b": "2"})("c")

    def test_circles_come_to_an_end(self) -> None:
        circle: Conditions = {"a": Condition("b", ("1",)), "b": Condition("a", ("1",)), "c": equals("c", "1")}
        assert [visible(circle, {"a": "1", "b": "1", "c": "1"})(name) for name in "abc"] == [True, True, True]
        assert visible(circle, {"a": "1", "b": "2", "c": "1"})("a") is False


def test_a_hostile_page_is_an_error_not_a_crash() -> None:
    form = Form.objects.create(type="G", title="Everything")
    for sort, type_ in enumerate(TYPES):
        FormField.objects.create(form=form, type=type_, name=f"f{sort}", label=type_, sort=sort, flags=0x7701)
    fields = list(form.fields.all())
    for value in ("\x00", "'; DROP TABLE x; --", "../../etc/passwd", "<script>", "9" * 5000):
        data = QueryDict(mutable=True)
        for field in fields:
            data.setlist(f"field-{field.pk}", [value, value])
            data.setlist(f"field-{field.pk}-ext", [value])
        data.setlist("field-asked", [value])
        upload = SimpleUploadedFile("../../a\x00.php", b"x", content_type=value[:50])
        files = MultiValueDict({f"field-{field.pk}": [upload] for field in fields})
        bound = BoundForm([form], asked=Asked(), data=data, files=files)
        bound.is_valid()
        page = render_to_string("forms/form.html", {"form": bound})
        assert "<script>" not in page
