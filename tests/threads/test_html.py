"""Nothing in a message executes, leaves its box or tells its sender that it was read."""

from __future__ import annotations

import base64
import re

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag

from helpdesk.threads.html import (
    clean_html,
    displayed_html,
    displayed_text,
    replace_placeholders,
    text_as_html,
    text_of_html,
)
from tests.threads.payloads import payloads

DANGEROUS_TAGS = {
    *("applet", "area", "audio", "base", "body", "button", "embed", "form", "frame", "frameset", "head", "html"),
    *("iframe", "input", "isindex", "keygen", "link", "math", "meta", "noembed", "noframes", "noscript", "object"),
    *("option", "param", "picture", "plaintext", "script", "select", "source", "style", "svg", "template", "textarea"),
    *("title", "video", "xmp", "layer", "bgsound", "marquee"),
}
ALL_PAYLOADS = list(payloads())
pytestmark = pytest.mark.once
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()


def elements(html: str) -> list[Tag]:
    return [element for element in BeautifulSoup(html, "html.parser").find_all(True) if isinstance(element, Tag)]


def scheme_of(address: str) -> str:
    """The scheme as a browser reads it: control characters and blanks do not count."""
    return re.sub(r"[\x00-\x20]+", "", address).partition(":")[0].lower() if ":" in address else ""


def faults(html: str) -> list[str]:
    """What no message may contain, stored or shown."""
    found = []
    for element in elements(html):
        if element.name in DANGEROUS_TAGS or "-" in element.name:
            found.append(f"<{element.name}>")
        for name, value in element.attrs.items():
            text = " ".join(value) if isinstance(value, list) else value
            if name.startswith(("on", "hx-", "formaction", "srcdoc", "xlink")) or name in {"id", "name", "ping"}:
                found.append(name)
            if name in {"href", "src", "data-remote-src"} and scheme_of(text) not in {
                "",
                "http",
                "https",
                "cid",
                "mailto",
            }:
                found.append(f"{name}={text}")
            if name == "style" and re.search(r"url|expression|position|behavior|binding|image|z-index|-\d", text):
                found.append(f"style={text}")
    return found


def test_payloads_are_stored_without_their_sting() -> None:
    stung = {payload: found for payload in ALL_PAYLOADS if (found := faults(clean_html(payload).html))}
    assert stung == {}


def test_payloads_are_shown_without_their_sting() -> None:
    """Also those that somebody else has stored: the database is foreign input."""
    stung = {payload: found for payload in ALL_PAYLOADS if (found := faults_on_page(displayed_html(payload)))}
    assert stung == {}


def faults_on_page(html: str) -> list[str]:
    """What the page may not contain besides: styles, images from anywhere, classes of ours."""
    found = faults(html)
    for element in elements(html):
        found += [name for name in ("style", "src") if name in element.attrs]
        found += [name for name in element.get_attribute_list("class") if name not in {None, "fw-bold"}]
    return found


def test_cleaning_twice_changes_nothing() -> None:
    """Output that parses differently the second time is how mutation attacks work."""
    for payload in ALL_PAYLOADS:
        once = clean_html(payload).html
        assert soup(clean_html(once).html) == soup(once), payload


def soup(html: str) -> str:
    return "".join(f"{element.name}{sorted(element.attrs.items())}" for element in elements(html))


def test_there_are_hundreds_of_payloads() -> None:
    assert len(set(ALL_PAYLOADS)) > 500


def test_links_open_elsewhere_and_know_nothing_of_us() -> None:
    (link,) = elements(displayed_html('<a href="https://example.test/a?b=1&amp;c=2" rel="opener" target="top">x</a>'))
    assert link["href"] == "https://example.test/a?b=1&c=2"
    assert link["target"] == "_blank"
    assert set(link.get_attribute_list("rel")) == {"noopener", "noreferrer", "nofollow"}


def test_remote_images_wait_until_somebody_asks() -> None:
    html = '<img src="https://news.test/logo.png" alt="News">'
    (image,) = elements(displayed_html(html))
    assert image.attrs == {"data-remote-src": "https://news.test/logo.png", "alt": "News", "loading": "lazy"}
    (loaded,) = elements(displayed_html(html, remote_images=True))
    assert loaded["src"] == "https://news.test/logo.png"


def test_own_images_are_found_by_key_in_any_case() -> None:
    links = {"abc": "/scp/file.php?key=abc&signature=1"}
    known, unknown = elements(displayed_html('<img src="cid:ABC"><img src="cid:other">', image_url=links.get))
    assert known["src"] == "/scp/file.php?key=abc&signature=1"
    assert "src" not in unknown.attrs


def test_emphasis_and_alignment_survive_without_style_attributes() -> None:
    html = '<p style="font-weight: bold; text-align:center; color:red">x</p><p style="color:red">y</p>'
    bold, plain = elements(displayed_html(html))
    assert bold.get_attribute_list("class") == ["fw-bold", "text-center"]
    assert plain.attrs == {}


def test_text_that_looks_like_our_own_markers_stays_text() -> None:
    text = 'write style="fw-bold" or src="x" here'
    assert BeautifulSoup(displayed_html(f"<p>{text}</p>"), "html.parser").text == text


def test_harmless_styles_are_stored() -> None:
    cleaned = clean_html('<p style="color: #f00; margin: -4px; padding:4px; width:url(x)">x</p>').html
    assert elements(cleaned)[0]["style"] == "color:#f00;padding:4px"


def test_no_style_hides_text() -> None:
    hidden = '<p style="display:none">a</p><p style="visibility:hidden;opacity:0;font-size:0">b</p>'
    stored = clean_html(hidden).html
    assert not {"display", "visibility", "opacity"} & set(re.findall(r"[a-z]+", stored))
    assert [one.attrs for one in elements(displayed_html(stored))] == [{}, {}]


def test_what_somebody_wrote_about_markup_stays_text() -> None:
    cleaned = clean_html("<p>&lt;b&gt;bold&lt;/b&gt; &amp;lt;i&amp;gt;</p>").html
    (paragraph,) = elements(cleaned)
    assert paragraph.text == "<b>bold</b> &lt;i&gt;"


def test_embedded_images_are_taken_out() -> None:
    cleaned = clean_html(f'<p>a <img src="data:image/png;base64,{PIXEL}"> b</p>')
    (image,) = cleaned.images
    assert image.type == "image/png"
    assert image.data == b"\x89PNG\r\n\x1a\n rest"
    assert f"cid:{image.placeholder}" in cleaned.html
    assert "cid:the-key" in replace_placeholders(cleaned.html, {image.placeholder: "the-key"})


@pytest.mark.parametrize("address", ["data:image/png;base64,???", "data:image/svg+xml;base64,PHN2Zz4=", "data:,x"])
def test_other_data_addresses_are_dropped(address: str) -> None:
    cleaned = clean_html(f'<img src="{address}">')
    assert cleaned.images == []
    assert "src" not in elements(cleaned.html)[0].attrs


def test_links_to_our_download_page_become_references_again() -> None:
    key = "a" * 32
    cleaned = clean_html(f'<img src="/scp/file.php?key={key}&amp;expires=1&amp;signature=x">').html
    assert elements(cleaned)[0]["src"] == f"cid:{key}"


def test_content_ids_of_a_mail_become_file_keys() -> None:
    html = replace_placeholders(
        '<img src="cid:a@b"><img src="bare@b"><img src="cid:c@d">', {"a@b": "K1", "bare@b": "K2"}
    )
    assert [image["src"] for image in elements(html)] == ["cid:K1", "cid:K2", "cid:c@d"]


def test_plain_text_is_escaped_and_its_addresses_linked() -> None:
    shown = displayed_text(
        "See <https://example.test/x?a=1&b=2>\n  or ask joe@example.test\n\n<script>pwned()</script>"
    )
    assert faults(shown) == []
    links = [element["href"] for element in elements(shown) if element.name == "a"]
    assert links == ["https://example.test/x?a=1&b=2", "mailto:joe@example.test"]
    assert BeautifulSoup(shown, "html.parser").text.count("<script>pwned()</script>") == 1


def test_indentation_of_plain_text_survives() -> None:
    assert text_as_html("one\n  two\tthree") == "<p>one<br>\xa0\xa0two \xa0\xa0\xa0three</p>"


def test_javascript_in_plain_text_is_no_link() -> None:
    assert elements(displayed_text("javascript:pwned() data:text/html,x"))[0].name == "p"
    assert "<a" not in displayed_text("javascript:pwned() data:text/html,x")


@pytest.mark.parametrize(
    ("given", "alternatives"),
    [
        ('<img src="https://a.test/x.png">', [""]),
        ('<img alt src="https://a.test/x.png">', [""]),
        ('<img alt="A &gt; &quot;B&quot; <img>" src="cid:x">', ['A > "B" <img>']),
        ("<p title='<img>'>x</p><IMG SRC=cid:x title='alt=\"no\"'>", [""]),
        ('<img title="a" onerror="x" alt="one"><img title="b">', ["one", ""]),
    ],
)
def test_every_image_shown_has_an_alternative_text(given: str, alternatives: list[str]) -> None:
    shown = displayed_html(given)
    assert [element["alt"] for element in elements(shown) if element.name == "img"] == alternatives
    assert faults(shown) == []


def test_an_image_inside_an_attribute_is_left_alone() -> None:
    (paragraph,) = elements(displayed_html("<p title='<img src=x title=\"y\">'>x</p>"))
    assert paragraph.attrs == {"title": '<img src=x title="y">'}


def test_halves_of_surrogate_pairs_end_no_page() -> None:
    assert str(displayed_html("<p>a\ud800b\x00</p>")) == "<p>ab</p>"
    assert text_of_html("<p>a\ud800b\x00</p>") == "ab"
