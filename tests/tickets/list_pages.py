"""What pages with lists of tickets show, and what their forms for conditions send."""

from __future__ import annotations

from bs4 import BeautifulSoup


def subjects(html: str) -> list[str]:
    """Give the subjects of a list, in its order."""
    return [link.get_text() for link in BeautifulSoup(html, "html.parser").select(".subject-link")]


def criteria(*rows: tuple[str, str, str]) -> dict[str, str]:
    """Give what the form for conditions sends: path, method and value of each row."""
    form: dict[str, str] = {}
    for number, (path, method, value) in enumerate(rows):
        form |= {f"c-{number}-path": path, f"c-{number}-method": method, f"c-{number}-value": value}
    return form
