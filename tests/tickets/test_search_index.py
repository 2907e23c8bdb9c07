"""The index keeps in step with every write, can be made anew, and folds alike on every engine."""

# ruff: noqa: RUF001 -- a dotless i is what is tested
from __future__ import annotations

import io
from importlib import import_module
from threading import Thread

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from helpdesk.forms import cdata
from helpdesk.forms.models import FormAnswer, FormEntry
from helpdesk.legacy.folding import fold
from helpdesk.legacy.models import OriginalText
from helpdesk.legacy.originals import hash_of, put_back
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.services.end_users import change_end_user
from helpdesk.threads.constants import ObjectType
from tests.factories import EndUserFactory
from tests.tickets.conftest import NOW, Desk
from tickets.criteria import Criterion, compile_criteria
from tickets.models import CommonWord, ReindexPosition, SearchEntry, Ticket
from tickets.navigation import context_for
from tickets.people_search import find_people
from tickets.search import common_words, reindexing, words
from tickets.search import hits as search_hits
from tickets.search.engines import find_documents, find_documents_of
from tickets.search.hits import find_tickets
from tickets.search.upkeep import fill_gaps
from tickets.search.words import all_words, any_word
from tickets.services import post_note, post_reply
from tickets.services.search_index import forget_noted, noted
from tickets.states import thread_of

IN_REAL_TRANSACTIONS = pytest.mark.django_db(transaction=True)
"""MySQL finds words only of what is committed, and changes are indexed after the commit."""


def found(text: str) -> set[int]:
    return set(find_tickets(any_word(text)).ticket_ids)


@IN_REAL_TRANSACTIONS
def test_what_is_written_changed_and_deleted_is_followed(desk: Desk) -> None:
    user = EndUserFactory.new(name="Zoë Keller", address="zoe@acme.test")
    ticket = desk.ticket(subject="Weighbridge drifts", user=user)
    post_reply(ticket, actor=desk.actor, body="<p>Please recalibrate</p>")
    post_note(ticket, actor=desk.actor, body="<p>Sensor from batch seventeen</p>")
    for text in ("weighbridge", "recalibrate", "seventeen", "ZOE", "acme"):
        assert found(text) == {ticket.pk}, text
    change_end_user(user, actor=Actor.system(), name="Chloé Martin")
    assert (found("keller"), found("chloe martin")) == (set(), {ticket.pk})
    entry = thread_of(ticket).entries.order_by("-pk")[0]
    entry.body = "<p>Sensor from batch eighteen</p>"
    entry.save()
    assert (found("seventeen"), found("eighteen")) == (set(), {ticket.pk})
    entry.delete()
    assert found("eighteen") == set()


@IN_REAL_TRANSACTIONS
def test_words_in_different_places_of_a_ticket_meet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("SECONDS", "SECONDS_APART"):  # of a machine that does nothing else
        monkeypatch.setattr(search_hits, limit, 60)
    keller = EndUserFactory.new(name="Zoë Keller", address="zoe@acme.test")
    together = desk.ticket(subject="Weighbridge sensor", user=EndUserFactory.new(name="Ada Adams"))
    apart = desk.ticket(subject="Weighbridge drifts", user=keller)
    post_reply(apart, actor=desk.actor, body="<p>We ordered a sensor</p>")
    desk.ticket(subject="Weighbridge greased", user=EndUserFactory.new(name="Ada Adams"))

    def ids(*words: str, excluded: tuple[str, ...] = ()) -> list[int]:
        return find_tickets(all_words(list(words), [], list(excluded))).ticket_ids

    assert ids("weighbridge", "sensor") == [together.pk, apart.pk]
    assert ids("keller", "sensor") == ids("sensor", "drifts", "keller") == [apart.pk]
    assert ids("keller", "greased") == []
    assert ids("weighbridge", "sensor", excluded=("drifts",)) == [together.pk]
    monkeypatch.setattr(search_hits, "SECONDS_APART", 0)
    hits = find_tickets(all_words(["weighbridge", "sensor"], [], []))
    assert (hits.ticket_ids, hits.is_cut) == ([together.pk], True)
    monkeypatch.setattr(search_hits, "SECONDS_APART", 60)
    monkeypatch.setattr(search_hits, "FEW_TOGETHER", 1)
    assert ids("weighbridge", "sensor") == [together.pk]


@IN_REAL_TRANSACTIONS
@pytest.mark.parametrize("ranked", [False, True])
def test_several_types_together_are_what_each_is_alone(desk: Desk, ranked: bool) -> None:
    for number in range(4):
        user = EndUserFactory.new(name=f"Greased {number}")
        post_reply(desk.ticket(subject="Weighbridge greased", user=user), actor=desk.actor, body="<p>Greased</p>")
    limits: dict[str, int] = {ObjectType.TICKET: 2, ObjectType.THREAD_ENTRY: 3, ObjectType.USER: 1}
    together = find_documents_of(any_word("greased"), limits, ranked=ranked)
    assert {kind: len(documents) for kind, documents in together.items()} == limits
    for kind, limit in limits.items():
        assert together[kind] == find_documents(any_word("greased"), kind, ranked=ranked, limit=limit)
    assert ranked or [one.object_id for one in together[ObjectType.TICKET]] == list(
        Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:2]
    )


@IN_REAL_TRANSACTIONS
def test_the_index_is_made_anew_and_goes_on_where_it_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "SLICE", 1)
    tickets = [desk.ticket(subject=f"Gearbox {number}") for number in range(3)]
    SearchEntry.objects.all().delete()
    calls = []

    def stop(object_type: str, done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindexing.reindex_everything(stop)
    place = ReindexPosition.objects.get(object_type=ObjectType.TICKET)
    assert place.position == tickets[1].pk
    output = io.StringIO()
    call_command("reindex", stdout=output)
    assert "tickets: 3 of 3 (100%)" in output.getvalue()
    assert found("gearbox") == {ticket.pk for ticket in tickets}
    assert not ReindexPosition.objects.exists()


@IN_REAL_TRANSACTIONS
def test_stopping_the_command_is_said_in_one_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ticket(subject="Gearbox")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reindexing, "reindex", stop)
    with pytest.raises(CommandError, match=r"^Interrupted\. The same command goes on\.$") as stopped:
        call_command("reindex", stdout=io.StringIO())
    assert stopped.value.returncode == 130


@IN_REAL_TRANSACTIONS
def test_originals_that_are_put_back_are_found_and_listed(desk: Desk) -> None:
    """As after the import of a database whose tables could not hold them: with the texts, or a kill would part them."""
    user = EndUserFactory.new(name="Jo [cjk unified ideograph-20bb7]")
    ticket = desk.ticket(subject="[cjk unified ideograph-2000b]kaputt", user=user)
    entry = FormEntry.objects.get(object_type="T", object_id=ticket.pk)
    field = FormAnswer.objects.get(entry=entry, field__name="subject").field_id
    for table, column, row_id, part_id, text, original in (
        ("user", "name", user.pk, 0, "Jo [cjk unified ideograph-20bb7]", "Jo 𠮷"),
        ("form_entry_values", "value", entry.pk, field, "[cjk unified ideograph-2000b]kaputt", "𠀋kaputt"),
    ):
        OriginalText.objects.create(
            table_name=table,
            column_name=column,
            row_id=row_id,
            part_id=part_id,
            stored_hash=hash_of(text),
            original=original,
        )
    assert put_back() == {"user": 1, "form_entry_values": 1}
    rows = {kind: title or "" for kind, title in SearchEntry.objects.values_list("object_type", "title")}
    assert (rows[ObjectType.TICKET].split(" ", 1)[1], rows[ObjectType.USER]) == ("𠀋kaputt", "Jo 𠮷")
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == "𠀋kaputt"
    assert found("𠀋kaputt") == {ticket.pk}


@IN_REAL_TRANSACTIONS
def test_gaps_are_filled(desk: Desk) -> None:
    ticket = desk.ticket(subject="Gearbox")
    SearchEntry.objects.filter(object_type=ObjectType.TICKET).delete()
    assert fill_gaps() >= 1
    assert found("gearbox") == {ticket.pk}
    assert fill_gaps() == 0


@IN_REAL_TRANSACTIONS
def test_common_words_are_answered_from_the_newest_entries(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_words, "FEWEST_ENTRIES", 1)
    ticket = desk.ticket(subject="Gearbox", message="<p>Everybody says hello</p>")
    common_words.note_common_words()
    assert CommonWord.objects.filter(word="everybody").exists()
    hits = find_tickets(any_word("+everybody +hello"))
    assert (hits.ticket_ids, hits.is_slice) == ([ticket.pk], True)
    assert not find_tickets(any_word("nowhere")).is_slice


@pytest.mark.parametrize(
    "text", ["Réglages", "STRAẞE", "Łódź", "Ångström", "ИВАНОВ", "Ωmega", "ﬁnal", "i̇stanbul", "日本"]
)
def test_texts_fold_alike_on_every_engine(db: None, text: str) -> None:
    user = EndUserFactory.new(name=text)
    people = type(user).objects.filter(pk=user.pk)
    assert people.filter(name__folded=text).exists()
    assert people.filter(name__folded_contains=text[1:]).exists()
    assert not people.filter(name__folded=f"{text}x").exists()
    if connection.vendor != "mysql":  # whose collation has a mind of its own about rare letters
        with connection.cursor() as cursor:
            cursor.execute("SELECT hd_fold(%s)", [text])
            assert cursor.fetchone() == (fold(text),)


@IN_REAL_TRANSACTIONS
def test_a_dotless_i_is_an_i_for_words_people_and_queues(desk: Desk) -> None:
    user = EndUserFactory.new(name="Işık Yılmaz ", address="isik@acme.test")
    ticket = desk.ticket(subject="Kapı kırıldı", user=user)
    for text in ("isik", "yilmaz", "kirildi", "KIRILDI", "kapı"):
        assert found(text) == {ticket.pk}, text
    assert [person.id for person in find_people("isik yil")] == [user.pk]
    context = context_for(access_of(desk.agent), NOW)
    for path, method, value, is_found in (
        ("user__name", "equal", "isik yilmaz", True),
        ("user__name", "equal", "Işık Yılmaz   ", True),
        ("user__name", "contains", "yilmaz", True),
        ("user__name", "equal", "isik", False),
        ("user__name", "contains", "yilmaz  ", False),
        ("number", "equal", f"{ticket.number} ", True),
    ):
        condition = compile_criteria([Criterion(path, method, value)], context)
        assert Ticket.objects.filter(condition).exists() is is_found, (path, method, value)


@IN_REAL_TRANSACTIONS
def test_documents_folded_before_are_written_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration reads the rows beside them; what holds none of the letters stays as it is."""
    if connection.vendor == "mysql":
        pytest.skip("MySQL searches the rows themselves.")
    migration = import_module("tickets.migrations.0011_documents_folded_anew")
    monkeypatch.setattr(migration, "SLICE", 2)
    with monkeypatch.context() as before:
        before.setattr(words, "fold", str.lower)
        tickets = {desk.ticket(subject=f"Kapı kırıldı {number}").pk for number in range(5)}
        post_reply(Ticket.objects.get(pk=min(tickets)), actor=desk.actor, body="<p>Anahtarı</p>")
        desk.ticket(subject="Réglages")
    assert found("kirildi") == found("anahtari") == set()
    for _twice in range(2):
        migration.write_anew(apps, connection.SchemaEditorClass(connection))
        assert (found("kirildi"), found("kırıldı")) == (tickets, tickets)
        assert found("anahtari") == {min(tickets)}
    assert found("reglages") == set()


@IN_REAL_TRANSACTIONS
def test_writing_without_blanks_is_found_in_parts(desk: Desk) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("The other engines find whole runs of letters.")
    ticket = desk.ticket(subject="請求書の再発行について", message="<p>請求書が届きません</p>")
    assert found("再発行") == found("届きません") == {ticket.pk}
    assert found("再発見") == set()


def test_patterns_that_hang_others_do_not_hang_a_queue(desk: Desk) -> None:
    desk.ticket(subject="a" * 40)
    assert Ticket.objects.filter(number__pattern="^(a+)+$").count() == 0


def test_what_one_thread_notes_is_not_indexed_by_another() -> None:
    """It is not committed yet: the other thread would index what was before."""
    forget_noted()  # of transactions that other tests rolled back
    noted().add(("U", 4711))
    seen: list[set[tuple[str, int]]] = []
    thread = Thread(target=lambda: seen.append(forget_noted()))
    thread.start()
    thread.join()
    assert seen == [set()]
    assert forget_noted() == {("U", 4711)}
