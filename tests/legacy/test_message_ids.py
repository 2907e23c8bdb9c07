"""Message-IDs of outgoing mail, by the vectors of osticket/mail.md §4.2."""

import pytest

from helpdesk.legacy.message_ids import find_outgoing_message_ids, system_code

SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
VECTORS = [
    ("<BRcOXjR-L_kGQ-AQAAAAEAAAABAAAAVSrLQULl-support@acme.test>", 1, 1, 1, "support@acme.test"),
    ("BRcOXjR-abcde-AgAAAAMAAAABAAAAU9FRGyUN-alerts@acme.test", 2, 3, 1, "alerts@acme.test"),
    ("BRcOXjR-StlKJ-AAAAAAIAAAABAAAATbNLsKbt-support@acme.test", 0, 2, 1, "support@acme.test"),
    ("BRcOXjR-A=_9z-cBEBAEDiAQDNgQEAQ/hTMBcg-help@example.org", 70000, 123456, 98765, "help@example.org"),
    ("BRcOXjR-ZZZZZ-AAAAAAAAAAAqAAAAP9iL3NZr-@osTicketMailer", 0, 0, 42, "@osTicketMailer"),
    ("BRcOXjR-k0k0k-BQAAAAAAAAAHAAAAVY2cmtPx-support@acme.test", 5, 0, 7, "support@acme.test"),
]


@pytest.mark.parametrize(("text", "person", "entry", "thread", "sender"), VECTORS)
def test_a_message_id_of_this_installation(text: str, person: int, entry: int, thread: int, sender: str) -> None:
    (found,) = find_outgoing_message_ids(f"In-Reply-To: {text}\r\n")
    assert (found.person_id, found.entry_id, found.thread_id, found.sender) == (person, entry, thread, sender)
    assert found.is_genuine(SALT)
    assert not found.is_genuine(SALT[:-1] + "x")


@pytest.mark.parametrize(
    "text",
    [
        "<BRcOXjR-L_kGR-AQAAAAEAAAABAAAAVSrLQULl-support@acme.test>",
        "<BAAAAAA-L_kGQ-AQAAAAEAAAABAAAAVSrLQULl-support@acme.test>",
        "<BRcOXjR-L_kGQ-AQAAAAEAAAACAAAAVSrLQULl-support@acme.test>",
    ],
)
def test_a_changed_message_id_is_not_genuine(text: str) -> None:
    (found,) = find_outgoing_message_ids(text)
    assert not found.is_genuine(SALT)


@pytest.mark.parametrize("text", ["", "<m8@mail.example>", "<a-b-c@d>", "<nodash@x>", "<Bxxxxxx-aaaaa@x>"])
def test_other_message_ids_are_left_alone(text: str) -> None:
    assert find_outgoing_message_ids(text) == []


def test_all_of_a_references_header_are_found() -> None:
    text = "References: " + "\r\n\t".join(vector[0] for vector in VECTORS) + " <m8@mail.example>"
    assert len(find_outgoing_message_ids(text)) == len(VECTORS)


def test_the_code_of_the_installation() -> None:
    assert system_code(SALT) == "RcOXjR"
