"""Where our answers to osTicket's API clients differ from the recorded ones on purpose (`api.json`)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.conformance.deviation import Deviation, Reason, changed
from tests.conformance.recorded import RecordedCase

FILE = "api.json"
USER_TABLES = ("user", "user_email", "user__cdata")
PLAIN = "text/html; charset=UTF-8"
CRASH = "<php-fatal-error>"
LONGEST_NAME = 255


# --- Reading and changing cases ---------------------------------------------------------------------------------------


def _body(case: RecordedCase) -> dict[str, Any]:
    """Give the JSON that a case sends, {} for other documents."""
    if case.file != FILE:
        return {}
    body = case.input.get("body")
    if isinstance(body, dict):
        return body
    try:
        found = json.loads(body or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _xml(case: RecordedCase) -> str:
    is_xml = case.file == FILE and case.input["path"].endswith(".xml")
    return str(case.input.get("body", "")) if is_xml else ""


def _opens(case: RecordedCase) -> bool:
    return case.file == FILE and case.expect["status"] == 201


def _inserted(expect: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = expect.get("db", {}).get("inserted", {}).get(table, [])
    return rows


def _message_row(expect: Mapping[str, Any]) -> dict[str, Any]:
    return next(row for row in _inserted(expect, "thread_entry") if row["type"] == "M")


def _index_row(expect: Mapping[str, Any], object_type: str) -> dict[str, Any]:
    return next(row for row in _inserted(expect, "_search") if row["object_type"] == object_type)


def _set_message(expect: dict[str, Any], text: str) -> None:
    row = _message_row(expect)
    row["body"] = text if row["format"] == "html" else html.escape(text, quote=False)
    _index_row(expect, "H")["content"] = row["body"]


# --- Refused requests leave nothing behind ----------------------------------------------------------------------------


def _leaves_a_user_behind(case: RecordedCase) -> bool:
    return case.file == FILE and case.expect["status"] != 201 and bool(_inserted(case.expect, "user"))


def _without_user(case: RecordedCase, expect: dict[str, Any]) -> None:
    inserted = expect["db"]["inserted"]
    for table in (*USER_TABLES, "form_entry", "form_entry_values", "_search"):
        inserted.pop(table, None)


# --- Crashes ----------------------------------------------------------------------------------------------------------


def _crashes(case: RecordedCase) -> bool:
    return case.file == FILE and case.expect.get("body") == CRASH


def _refused_with_a_reason(case: RecordedCase, expect: dict[str, Any]) -> None:
    """The text says what is wrong with which name; the system log has it with the key, as for every refusal."""
    reason = _reason_of_crash(case)
    log = f"{reason} [{case.input['headers']['X-API-Key']}]"
    row = {"log_type": "Warning", "title": "API Error (400)", "log": log, "ip_address": "127.0.0.1"}
    expect.update(status=400, content_type=PLAIN, body=reason, db={"inserted": {"syslog": [row]}}, emails=[])


def _reason_of_crash(case: RecordedCase) -> str:
    if _xml(case):
        lines = _xml(case).rstrip("\n").split("\n")
        is_cut_in_tag = lines[-1].rpartition("<")[2] != "" and ">" not in lines[-1].rpartition("<")[2]
        text = "Unclosed token" if is_cut_in_tag else "No element found"
        return f"XML error: {text} at line {len(lines)}:{len(lines[-1]) + 1}"
    body = _body(case)
    for name in ("message", "source", "subject"):
        if isinstance(body.get(name), dict | list):
            return f"{name}: a text is expected, not a list or an object"
    return 'attachments: a list is expected: [{"name.txt": "data:…"}]'


# --- Texts ------------------------------------------------------------------------------------------------------------

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2700-\u27bf\u00a9-\u00ae]")


def _loses_emoji(case: RecordedCase) -> bool:
    texts = [_body(case).get(name) for name in ("message", "subject", "name")]
    return _opens(case) and any(isinstance(text, str) and _EMOJI.search(text) for text in texts)


def _with_emoji(case: RecordedCase, expect: dict[str, Any]) -> None:
    body = _body(case)
    if _EMOJI.search(body["message"]):
        _set_message(expect, body["message"])
    for table, column in (("user", "name"), ("thread_entry", "poster")):
        for row in _inserted(expect, table):
            row[column] = body["name"]
    _index_row(expect, "U")["title"] = body["name"]
    subject = body["subject"]
    _message_row(expect)["title"] = _index_row(expect, "H")["title"] = subject
    for row in _inserted(expect, "form_entry_values"):
        if row["field_id"] == 20:
            row["value"] = subject
    for row in _inserted(expect, "ticket__cdata"):
        row["subject"] = subject
    _index_row(expect, "T").update(title=f"<number> {subject}", content=subject)


def _uri_of_message(case: RecordedCase) -> tuple[str, list[str], str] | None:
    message = _body(case).get("message") if _opens(case) else None
    if not isinstance(message, str) or not message.startswith("data:") or "," not in message:
        return None
    meta, _comma, content = message[5:].partition(",")
    media_type, *parameters = meta.split(";")
    return media_type, parameters, content


def _misreads_data_uri(case: RecordedCase) -> bool:
    uri = _uri_of_message(case)
    if uri is None:
        return False
    _media_type, parameters, content = uri
    is_misread = "base64" in parameters and len(parameters) > 1
    return is_misread or (not parameters and not content.isascii())


def _as_rfc_2397_says(case: RecordedCase, expect: dict[str, Any]) -> None:
    uri = _uri_of_message(case)
    assert uri is not None
    _media_type, parameters, content = uri
    charsets = [one.partition("=")[2] for one in parameters if one.startswith("charset=")]
    if "base64" in parameters:
        content = base64.b64decode(content).decode(charsets[0] if charsets else "utf-8")
    _set_message(expect, content)


def _leaves_end_of_frame(case: RecordedCase) -> bool:
    return _opens(case) and any("</iframe>" in str(row["body"]) for row in _inserted(case.expect, "thread_entry"))


def _without_end_of_frame(case: RecordedCase, expect: dict[str, Any]) -> None:
    row = _message_row(expect)
    row["body"] = row["body"].replace("</iframe>", "")
    if "<td>" in row["body"] or "<td " in row["body"]:
        row["body"] = row["body"].replace("<tr>", "<tbody><tr>").replace("</tr>", "</tr></tbody>")


_XML_ENTITY = re.compile(r" &(?:amp|lt|gt|quot|apos|#\d+); ?")


def _loses_blanks_of_xml(case: RecordedCase) -> bool:
    return _opens(case) and bool(_XML_ENTITY.search(_xml(case)))


def _with_blanks_of_xml(case: RecordedCase, expect: dict[str, Any]) -> None:
    texts = {
        name: html.unescape(match[1]).strip()
        for name in ("name", "email", "subject", "message")
        if (match := re.search(rf"<{name}>(.*?)</{name}>", _xml(case)))
    }
    for table, column in (("user", "name"), ("thread_entry", "poster")):
        for row in _inserted(expect, table):
            row[column] = texts["name"]
    _set_message(expect, texts["message"])
    title = html.escape(texts["subject"], quote=False)
    _message_row(expect)["title"] = _index_row(expect, "H")["title"] = title
    for row in _inserted(expect, "form_entry_values"):
        if row["field_id"] == 20:
            row["value"] = texts["subject"]
    for row in _inserted(expect, "ticket__cdata"):
        row["subject"] = texts["subject"]
    _index_row(expect, "U")["title"] = texts["name"]
    _index_row(expect, "T").update(title=f"<number> {texts['subject']}", content=texts["subject"])


# --- Addresses, priorities, answers -----------------------------------------------------------------------------------


def _keeps_blanks_around_address(case: RecordedCase) -> bool:
    return _opens(case) and any(
        row["address"] != row["address"].strip() for row in _inserted(case.expect, "user_email")
    )


def _without_blanks_around_address(case: RecordedCase, expect: dict[str, Any]) -> None:
    for row in _inserted(expect, "user_email"):
        row["address"] = row["address"].strip()


def _stores_unknown_priority(case: RecordedCase) -> bool:
    return _opens(case) and any(
        row["field_id"] == 22 and row["value"] is None and row["value_id"] is not None
        for row in _inserted(case.expect, "form_entry_values")
    )


def _with_default_priority(case: RecordedCase, expect: dict[str, Any]) -> None:
    for row in _inserted(expect, "form_entry_values"):
        if row["field_id"] == 22:
            row.update(value="Normal", value_id=2)
    for row in _inserted(expect, "ticket__cdata"):
        row["priority"] = "2"


def _answers_text_with_a_number(case: RecordedCase) -> bool:
    return _opens(case) and any(row["value_id"] == 0 for row in _inserted(case.expect, "form_entry_values"))


def _without_number(case: RecordedCase, expect: dict[str, Any]) -> None:
    for row in _inserted(expect, "form_entry_values"):
        row["value_id"] = row["value_id"] or None


# --- Files ------------------------------------------------------------------------------------------------------------


def _names_of_files(case: RecordedCase) -> list[str]:
    files = _body(case).get("attachments")
    return [next(iter(one)) for one in files if one] if isinstance(files, list) else []


def _drops_files_in_silence(case: RecordedCase) -> bool:
    if not _opens(case) or not _names_of_files(case):
        return False
    return not (_inserted(case.expect, "attachment") or _inserted(case.expect, "thread_entry")[1:])


def _with_notes_of_files(case: RecordedCase, expect: dict[str, Any]) -> None:
    names = _names_of_files(case)
    message = _message_row(expect)
    number = len(names) + 1
    message["id"] = _index_row(expect, "H")["object_id"] = f"<thread_entry#{number}>"
    for position, name in enumerate(names, start=1):
        note = {
            "id": f"<thread_entry#{position}>",
            "thread_id": "<thread#1>",
            "user_id": 0,
            "type": "N",
            "flags": 128,
            "poster": "SYSTEM",
            "source": "",
            "title": "File Import Error",
            "body": f"{name}: Attachments are not allowed",
            "format": "text",
            "ip_address": "",
        }
        expect["db"]["inserted"]["thread_entry"].append(note)


def _keeps_paths_in_names(case: RecordedCase) -> bool:
    return _opens(case) and any(re.search(r"[/\\]", row["name"]) for row in _inserted(case.expect, "file"))


def _without_paths_in_names(case: RecordedCase, expect: dict[str, Any]) -> None:
    for row in _inserted(expect, "file"):
        row["name"] = re.split(r"[/\\]", row["name"])[-1]


def _loses_the_ending_of_a_long_name(case: RecordedCase) -> bool:
    return _opens(case) and any(len(name) > LONGEST_NAME and "." in name[-20:] for name in _names_of_files(case))


def _with_the_ending(case: RecordedCase, expect: dict[str, Any]) -> None:
    (name,) = _names_of_files(case)
    stem, _dot, ending = name.rpartition(".")
    for row in _inserted(expect, "file"):
        row["name"] = f"{stem[: LONGEST_NAME - len(ending) - 2]}….{ending}"
    for row in _inserted(expect, "attachment"):
        row["name"] = None


def _decodes_twice(case: RecordedCase) -> bool:
    return _opens(case) and 'encoding="base64"' in _xml(case)


def _decoded_once(case: RecordedCase, expect: dict[str, Any]) -> None:
    from helpdesk.legacy.file_keys import content_digest

    sent = re.findall(r'<file name="([^"]*)"[^>]*encoding="base64"[^>]*>([^<]*)</file>', _xml(case))
    contents = {name: base64.b64decode(text) for name, text in sent}
    for row in _inserted(expect, "file"):
        content = contents.get(row["name"])
        if content is not None:
            row.update(size=len(content), signature=content_digest(content).signature())
            for chunk in _inserted(expect, "file_chunk"):
                if chunk["file_id"] == row["id"]:
                    chunk["filedata"] = "base64:" + base64.b64encode(content).decode()


def _reuses_an_orphan(case: RecordedCase) -> bool:
    if not _opens(case):
        return False
    orphans = {row["values"]["id"] for row in case.given.get("rows", []) if row["table"] == "file"}
    return any(row["file_id"] in orphans for row in _inserted(case.expect, "attachment"))


def _counting_as_new(case: RecordedCase, expect: dict[str, Any]) -> None:
    orphans = [row["values"]["id"] for row in case.given["rows"] if row["table"] == "file"]
    renewed = [{"key": {"id": pk}, "set": {"created": "<now>"}} for pk in orphans]
    expect["db"].setdefault("updated", {})["file"] = renewed


API_DEVIATIONS = (
    Deviation(
        name="a refused request leaves no user behind",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket makes the user before it looks at the other fields, and keeps him when it then refuses.",
        applies=_leaves_a_user_behind,
        expectation=changed(_without_user),
    ),
    Deviation(
        name="what crashes PHP is refused with a reason",
        reason=Reason.CRASH,
        explanation="osTicket answers 200 with an error page of PHP, which some clients take for success.",
        applies=_crashes,
        expectation=changed(_refused_with_a_reason),
    ),
    Deviation(
        name="pictographs are kept",
        reason=Reason.DATA_LOSS,
        explanation="osTicket deletes emoji and signs such as © from names, subjects and messages.",
        applies=_loses_emoji,
        expectation=changed(_with_emoji),
    ),
    Deviation(
        name="data: addresses are read as RFC 2397 says",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation=(
            "osTicket sees only the first parameter, so that charset and base64 together leave the text encoded, and "
            "takes the characters of a JSON text for bytes of ISO-8859-1."
        ),
        applies=_misreads_data_uri,
        expectation=changed(_as_rfc_2397_says),
    ),
    Deviation(
        name="tables are whole and no end of a frame stays",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket's cleaner takes a frame away but leaves its end tag; ours is well formed.",
        applies=_leaves_end_of_frame,
        expectation=changed(_without_end_of_frame),
    ),
    Deviation(
        name="blanks beside entities of XML are kept",
        reason=Reason.DATA_LOSS,
        explanation="osTicket trims each piece of a text that an entity cuts, and then drops what follows a bare `<`.",
        applies=_loses_blanks_of_xml,
        expectation=changed(_with_blanks_of_xml),
    ),
    Deviation(
        name="addresses are stored without blanks around them",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores them, and never finds the user by his real address again.",
        applies=_keeps_blanks_around_address,
        expectation=changed(_without_blanks_around_address),
    ),
    Deviation(
        name="a priority that does not exist is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores an answer without text, and the unknown number if it came as priorityId.",
        applies=_stores_unknown_priority,
        expectation=changed(_with_default_priority),
    ),
    Deviation(
        name="a list for a line of text leaves no number",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket takes the second item of the list for the number of a priority, and stores 0.",
        applies=_answers_text_with_a_number,
        expectation=changed(_without_number),
    ),
    Deviation(
        name="a file is never dropped without a note",
        reason=Reason.DATA_LOSS,
        explanation="Where attachments are switched off, osTicket drops them and nobody learns that there were any.",
        applies=_drops_files_in_silence,
        expectation=changed(_with_notes_of_files),
    ),
    Deviation(
        name="names of files have no paths",
        reason=Reason.SECURITY,
        explanation="osTicket stores `../../etc/passwd` as it came; programs that save attachments may believe it.",
        applies=_keeps_paths_in_names,
        expectation=changed(_without_paths_in_names),
    ),
    Deviation(
        name="a long name keeps its ending",
        reason=Reason.DATA_LOSS,
        explanation="osTicket cuts the end off, and with it what kind of file it is.",
        applies=_loses_the_ending_of_a_long_name,
        expectation=changed(_with_the_ending),
    ),
    Deviation(
        name="base64 in XML is decoded once",
        reason=Reason.DATA_LOSS,
        explanation="osTicket decodes it twice, which destroys every such attachment.",
        applies=_decodes_twice,
        expectation=changed(_decoded_once),
    ),
    Deviation(
        name="a file that is used again counts as new",
        reason=Reason.DATA_LOSS,
        explanation="osTicket attaches an orphan again that its clean-up may delete in the same moment.",
        applies=_reuses_an_orphan,
        expectation=changed(_counting_as_new),
    ),
)
