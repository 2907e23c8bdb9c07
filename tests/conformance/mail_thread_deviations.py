"""Where mails are taken otherwise than by osTicket, on purpose (`mail-thread.json`; docs/mail.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import parseaddr
from typing import Any

from tests.conformance.deviation import Change, Deviation, Reason, changed
from tests.conformance.recorded import RecordedCase

FILE = "mail-thread.json"
LONGEST_TITLE = 255
_FROM = re.compile(r"^From: (.*?)\r?$", re.MULTILINE)
_MESSAGE_ID = re.compile(r"^Message-ID: (.*?)\r?$", re.MULTILINE | re.IGNORECASE)
_BANNER = "Received From: "


# --- What a case says -------------------------------------------------------------------------------------------------


def _senders(case: RecordedCase) -> dict[str, tuple[str, str]]:
    """Give name and address of the senders by Message-ID."""
    mails = [step["email"] for step in case.input["steps"] if "email" in step]
    found = {}
    for raw in mails:
        sender, message_id = _FROM.search(raw), _MESSAGE_ID.search(raw)
        if sender and message_id:
            found[message_id[1]] = parseaddr(sender[1])
    return found


def _sent_entries(case: RecordedCase) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Give the entries that came by mail with name and address of the sender."""
    senders = _senders(case)
    for entry in case.expect["final"].get("entries", []):
        if entry["mid"] in senders:
            yield entry, *senders[entry["mid"]]


def _agents(case: RecordedCase) -> dict[str, Mapping[str, Any]]:
    return {row["email"]: row for row in case.given["fixture"]["agents"]}


# --- In whose name ----------------------------------------------------------------------------------------------------


def _false_notes(case: RecordedCase) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Give the notes that came from no agent, or from one of another department, who does not see the ticket."""
    agents, departments = (
        _agents(case),
        {one["ticket_id"]: one["dept_id"] for one in case.expect["final"].get("tickets", [])},
    )
    threads = {one["id"]: one["object_id"] for one in case.expect["final"].get("threads", [])}
    for entry, name, address in _sent_entries(case):
        department = departments.get(threads[entry["thread_id"]])
        agent = agents.get(address)
        sees = agent is not None and (agent.get("isadmin") or str(agent["dept_id"]) == department)
        if entry["type"] == "N" and not sees:
            yield entry, name, address


def _in_nobodys_name(case: RecordedCase, expected: dict[str, Any]) -> None:
    for note, name, address in _false_notes(case):
        entry = next(one for one in expected["final"]["entries"] if one["id"] == note["id"])
        entry |= {"type": "M", "flags": str(int(entry["flags"]) | 0x80), "staff_id": "0", "poster": name}
        entry["body"] = f"{_BANNER}{name} &lt;{address}&gt;\n\n{entry['body']}"
        alert = next(mail for step in case.expect["steps"] for mail in step["sent"] if mail["tag"]["cls"] == "S")
        tag = {**alert["tag"], "entry": int(entry["id"])}
        expected["steps"][-1]["sent"].append({**alert, "tag": tag})


def _is_mangled(case: RecordedCase) -> bool:
    """Whether an address lost its domain, or the whole of itself, between angle brackets."""
    has_banner = any(_BANNER in entry["body"] for entry, _name, _address in _sent_entries(case))
    return has_banner and not _known_sender(case) and not any(True for _one in _bounces(case))


def _with_whole_address(case: RecordedCase, expected: dict[str, Any]) -> None:
    senders = _senders(case)
    for entry in expected["final"]["entries"]:
        if _BANNER not in entry["body"]:
            continue
        name, address = senders[entry["mid"]]
        line = f"{_BANNER}{name or address} &lt;{address}&gt;"
        if entry["format"] == "html":
            rest = entry["body"].partition("</div>")[2]
            entry["body"] = f"<div>{line}<br /><br /></div>{rest}"
        else:
            rest = re.sub(r"&lt;/[^&]*&gt;$", "", entry["body"].partition("\n\n")[2])
            entry["body"] = f"{line}\n\n{rest}"


def _known_sender(case: RecordedCase) -> tuple[Mapping[str, Any], str, str, str] | None:
    """Give an entry in nobody's name of somebody known, and his user id."""
    users = {one["email"]: one["id"] for one in case.expect["final"].get("users", [])}
    inserted = [text for step in case.input["steps"] for text in step.get("sql", ())]
    seconds = [re.search(r"values \((\d+),0,'([^']+)'\)", text) for text in inserted if "ost_user_email" in text]
    users |= {match[2]: match[1] for match in seconds if match}
    answering = {_MESSAGE_ID.search(step["email"])[1] for step in case.input["steps"]  # type: ignore[index]
                 if "email" in step and "{out:" in step["email"]}  # fmt: skip
    for entry, name, address in _sent_entries(case):
        if _BANNER in entry["body"] and address in users and entry["mid"] in answering and address not in _agents(case):
            return entry, name, address, users[address]
    return None


def _is_owner(case: RecordedCase, user_id: str) -> bool:
    return bool(case.expect["final"]["tickets"][0]["user_id"] == user_id)


def _second_address(case: RecordedCase) -> bool:
    known = _known_sender(case)
    return known is not None and _is_owner(case, known[3])


def _mistaken_for_agent(case: RecordedCase) -> bool:
    known = _known_sender(case)
    return known is not None and not _is_owner(case, known[3])


def _in_own_name(case: RecordedCase, expected: dict[str, Any]) -> None:
    known = _known_sender(case)
    assert known is not None
    recorded, name, address, user_id = known
    entry = next(one for one in expected["final"]["entries"] if one["id"] == recorded["id"])
    flag = 0 if _is_owner(case, user_id) else 0x20
    entry |= {"user_id": user_id, "flags": str(int(entry["flags"]) & ~0x80 | flag)}
    entry["body"] = re.sub(r"&lt;/[^&]*&gt;$", "", entry["body"].partition("\n\n")[2])
    if flag:
        final, thread = expected["final"], entry["thread_id"]
        row = {"thread_id": thread, "user_id": user_id, "email": address, "role": "M", "flags": "3"}
        final["collaborators"] = [*final.get("collaborators", []), row]
        data = f'{{"add":{{"{user_id}":{{"name":"{name}"}}}}}}'
        event = {"thread_id": thread, "event": "collab", "data": data, "username": "SYSTEM", "uid_type": "S"}
        final["events"].append(event)


# --- Who answered last -----------------------------------------------------------------------------------------------


def _forgets_the_respondent(case: RecordedCase) -> bool:
    return any(True for _place, _agent, _answered in _untold_respondents(case))


def _untold_respondents(case: RecordedCase) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    """Give the steps of mails of users after the only answer, of which its writer gets no alert, and the entries."""
    by_id = {row["staff_id"]: row for row in case.given["fixture"]["agents"]}
    entries = {entry["mid"]: entry for entry in case.expect["final"].get("entries", []) if entry["mid"]}
    written: list[Mapping[str, Any]] = []
    for place, step in enumerate(case.input["steps"]):
        if "reply" in step:
            written.append(by_id[step["reply"]["staff"]])
        if "email" not in step or len(written) != 1:
            continue
        found = _MESSAGE_ID.search(step["email"])
        entry = entries.get(found[1]) if found else None
        told = [mail["To"] for mail in case.expect["steps"][place]["sent"]]
        is_message = entry is not None and entry["type"] == "M" and not int(entry["flags"]) & _FIRST
        is_written = "Auto-Submitted" not in step["email"] and "{out:" in step["email"]
        is_written = is_written and entry is not None and entry["user_id"] != "0"
        if entry is not None and is_message and is_written and not any(written[0]["email"] in one for one in told):
            yield place, written[0], entry


_FIRST = 1
"""The flag of the message that opened the ticket."""


def _with_the_respondent_told(case: RecordedCase, expected: dict[str, Any]) -> None:
    for place, agent, entry in _untold_respondents(case):
        sent = expected["steps"][place]["sent"]
        alerts = [position for position, mail in enumerate(sent) if mail["tag"]["cls"] == "S"]
        mail = {
            "To": f"{agent['name']} <{agent['email']}>",
            "Cc": "",
            "From": "Support <support@acme.test>",
            "Subject": "New Message Alert",
            "Auto-Submitted": "auto-generated",
            "tag": {"uid": agent["staff_id"], "entry": int(entry["id"]), "thread": int(entry["thread_id"]), "cls": "S"},
        }
        sent.insert(alerts[0] if alerts else len(sent), mail)


# --- Mails that did not arrive ----------------------------------------------------------------------------------------


def _bounces(case: RecordedCase) -> Iterator[Mapping[str, Any]]:
    """Give the messages that a mail server wrote about a mail of ours."""
    for entry, _name, address in _sent_entries(case):
        if entry["type"] == "M" and entry["pid"] != "0" and address.upper().startswith("MAILER-DAEMON"):
            yield entry


def _as_notes(case: RecordedCase, expected: dict[str, Any]) -> None:
    for bounce in _bounces(case):
        entry = next(one for one in expected["final"]["entries"] if one["id"] == bounce["id"])
        text = entry["body"].partition("\n\n")[2].partition("&lt;/")[0]
        entry |= {"type": "N", "poster": "SYSTEM", "body": text, "title": "Not delivered to ? (?)"}
    expected["final"]["tickets"][0]["isanswered"] = "1"


# --- What is sent and stored ------------------------------------------------------------------------------------------


def _wants_no_answer(case: RecordedCase) -> bool:
    asks = any("X-Auto-Response-Suppress: " in step.get("email", "") for step in case.input["steps"])
    return asks and any(mail.get("X-Autoreply") for step in case.expect["steps"] for mail in step["sent"])


def _without_answers(case: RecordedCase, expected: dict[str, Any]) -> None:
    for step in expected["steps"]:
        step["sent"] = [mail for mail in step["sent"] if not mail.get("X-Autoreply")]


def _has_nobody_in_to(case: RecordedCase) -> bool:
    return any(not mail["To"] for step in case.expect["steps"] for mail in step["sent"])


def _in_to(case: RecordedCase, expected: dict[str, Any]) -> None:
    for step in expected["steps"]:
        for mail in step["sent"]:
            if not mail["To"]:
                mail |= {"To": mail["Cc"], "Cc": ""}


def _has_name_in_comment(case: RecordedCase) -> bool:
    return any(one["name"].startswith(" (") for one in case.expect["final"].get("users", []))


def _without_brackets(case: RecordedCase, expected: dict[str, Any]) -> None:
    keys = {"users": "name", "tickets": "owner_name", "entries": "poster"}
    for table, key in keys.items():
        for row in expected["final"][table]:
            row[key] = row[key].strip(" ()")


def _is_cut(case: RecordedCase) -> bool:
    entries = case.expect["final"].get("entries", [])
    return any(len(one["title"] or "") == LONGEST_TITLE for one in entries)


def _says_that_it_was_cut(case: RecordedCase, expected: dict[str, Any]) -> None:
    for entry in expected["final"]["entries"]:
        if len(entry["title"] or "") == LONGEST_TITLE:
            entry["title"] = entry["title"][:-1] + "…"


def _rule(
    name: str, reason: Reason, explanation: str, applies: Callable[[RecordedCase], bool], change: Change
) -> Deviation:
    return Deviation(name, reason, explanation, lambda case: case.file == FILE and applies(case), changed(change))


MAIL_THREAD_DEVIATIONS: tuple[Deviation, ...] = (
    _rule(
        "nobody writes a note who is no agent of the ticket",
        Reason.SECURITY,
        (
            "osTicket posts whatever answers an agent's alert as a note, in the name of the agent who got the alert "
            "when its sender is a stranger, and by agents who may not see the ticket."
        ),
        lambda case: any(True for _one in _false_notes(case)),
        _in_nobodys_name,
    ),
    _rule(
        "the address of a stranger stands whole in the text",
        Reason.DATA_LOSS,
        "osTicket takes the address above a stranger's text for a tag and loses its end, or all.",
        _is_mangled,
        _with_whole_address,
    ),
    _rule(
        "owners are known by all their addresses",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket finds the user by his second address and posts his mail as a stranger's.",
        _second_address,
        _in_own_name,
    ),
    _rule(
        "a user is not taken for the agent with the same number",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket compares the id of the user with that of the ticket's agent and makes a stranger of him.",
        _mistaken_for_agent,
        _in_own_name,
    ),
    _rule(
        "a mail that did not arrive is noted",
        Reason.PLAINLY_WRONG_RESULT,
        (
            "osTicket means to note it and looks at the wrong key: the user reads what a mail server wrote, and the "
            "ticket counts as unanswered."
        ),
        lambda case: any(True for _one in _bounces(case)),
        _as_notes,
    ),
    _rule(
        "the agent who gave the only answer is told of a message",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket takes the author of the second answer for who answered last; of one answer, nobody.",
        _forgets_the_respondent,
        _with_the_respondent_told,
    ),
    _rule(
        "who asks for no automatic answer gets none",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket means to look at X-Auto-Response-Suppress and compares it with a word in another case.",
        _wants_no_answer,
        _without_answers,
    ),
    _rule(
        "a confirmation is addressed to whom it is for",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket's confirmation for a collaborator names him in Cc and nobody in To.",
        _has_nobody_in_to,
        _in_to,
    ),
    _rule(
        "a name in a comment is a name",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket keeps the brackets of `jo@example.com (Jo)` and the blank before them.",
        _has_name_in_comment,
        _without_brackets,
    ),
    _rule(
        "a subject that was cut says so",
        Reason.PLAINLY_WRONG_RESULT,
        "The title of the first message looks whole where it is not; the ticket has the whole subject.",
        _is_cut,
        _says_that_it_was_cut,
    ),
)
