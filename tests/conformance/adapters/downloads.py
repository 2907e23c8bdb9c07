"""Adapter for the downloads of `auth.json`: links as osTicket makes them, answered at our `/file.php` (auth.md §9)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone
from django.utils.http import parse_header_parameters

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.legacy.file_keys import DownloadLink, link_expiry
from tests.conformance.base_rows import apply_given, load_base_rows
from tests.conformance.comparison import differences
from tests.conformance.recorded import RecordedCase, support_file
from tests.conformance.registry import adapter

FILE = "auth.json"
EXPIRED = 1_700_000_000
_FOR_INTERNET_EXPLORER = re.compile(r"(post|pre)-check=")


def _compare_by_meaning(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Headers say the same in several notations; a browser may keep ours for a while, which theirs leaves open."""
    expected, found = _by_meaning(expected), _by_meaning(found)
    kept = [word for word in found.get("cache_control", ()) if word != "max-age=3600"]
    return differences(expected, {**found, "cache_control": kept} if "cache_control" in found else found)


def _by_meaning(answer: dict[str, Any]) -> dict[str, Any]:
    meaning = dict(answer)
    for name in ("content_type", "content_disposition"):
        if meaning.get(name):
            value, parameters = parse_header_parameters(meaning[name])
            meaning[name] = [value, {key: text.lower() for key, text in parameters.items()}]
    if meaning.get("cache_control"):
        words = {word.strip() for word in meaning["cache_control"].split(",")}
        meaning["cache_control"] = sorted(word for word in words if not _FOR_INTERNET_EXPLORER.match(word))
    return meaning


@adapter(FILE, "file_download", compare=_compare_by_meaning, uses_database=True)
def download(case: RecordedCase) -> dict[str, Any]:
    load_base_rows()
    apply_given(case.given)
    host = case.input["host"]
    answer = Client(headers={"host": host, "user-agent": "case-agent"}).get(_link(case))
    if answer.status_code != 200:
        return {"status": answer.status_code, "body": _heading(answer.content)}
    return {
        "status": 200,
        "body": b"".join(answer.streaming_content).decode(),  # type: ignore[attr-defined]
        "content_type": answer["Content-Type"],
        "content_disposition": answer["Content-Disposition"],
        "etag": answer["ETag"],
        "cache_control": answer["Cache-Control"],
    }


def _link(case: RecordedCase) -> str:
    file, variant = StoredFile.objects.get(pk=case.input["file"]["id"]), case.input["variant"]
    expires = EXPIRED if variant == "expired" else link_expiry(timezone.now() + timedelta(days=1))
    root_path = support_file("api_base.json")["settings"]["ROOT_PATH"]
    link = DownloadLink(case.input["host"], root_path, file.pk, file.key, file.signature, expires)
    query: dict[str, Any] = {
        "key": file.key.lower(),
        "expires": expires,
        "signature": link.signature(case.input["SECRET_SALT"]),
    }
    changes: dict[str, dict[str, Any]] = {
        "badsig": {"signature": "0" * 40},
        "nokey": {"key": None},
        "unknown": {"key": "x" * 32},
        "case": {"key": file.key},
        "id": {"id": Attachment.objects.get(file=file).pk},
    }
    query |= changes.get(variant, {})
    return f"{root_path}file.php?{urlencode({key: value for key, value in query.items() if value is not None})}"


def _heading(page: bytes) -> str:
    heading = BeautifulSoup(page, "html.parser").h1
    return heading.get_text(strip=True) if heading else page.decode("utf-8", "replace")
