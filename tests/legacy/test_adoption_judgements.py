"""The judgements of adoption that need no database: grants, prefixes, side tables, time zones, the salt."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helpdesk.legacy.adoption.secret_salt import SaltEvidence, check_salt, describe_evidence, weigh
from helpdesk.legacy.adoption.server import NEEDED, ServerFacts, check_server, granted_privileges
from helpdesk.legacy.adoption.side_tables import RecordedInstallation, SideTables, State, check_side_tables
from helpdesk.legacy.adoption.time_zone import find_time_zone, fits, sample_moments, zone_names
from helpdesk.legacy.adoption.versions import SIGNATURES, find_prefixes
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.legacy.table_description import legacy_tables, schema_signature
from tests.legacy.test_message_ids import SALT, VECTORS

# --- grants

ALL = frozenset(NEEDED)
READ = frozenset({"SELECT"})
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER"
GRANTS: list[tuple[list[str], frozenset[str]]] = [
    (["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], ALL),
    (["GRANT USAGE ON *.* TO `a`@`%`", "GRANT ALL PRIVILEGES ON `desk_1`.* TO `a`@`%`"], ALL | {"USAGE"}),
    ([r"GRANT ALL PRIVILEGES ON `desk\_1`.* TO `a`@`%`"], ALL),
    (["GRANT ALL PRIVILEGES ON `desk%`.* TO `a`@`%`"], ALL),
    ([r"GRANT ALL PRIVILEGES ON `desk\_%`.* TO `a`@`%`"], ALL),
    (["GRANT SELECT ON `desk_1`.* TO `a`@`%`"], READ),
    (["GRANT SELECT ON *.* TO `a`@`%`"], READ),
    ([f"GRANT {EVERYTHING} ON `desk_1`.* TO `a`@`%`"], ALL),
    ([f"GRANT {EVERYTHING}, RELOAD, PROCESS ON *.* TO `root`@`%`"], ALL | {"RELOAD", "PROCESS"}),
    (["GRANT ALL PRIVILEGES ON `other`.* TO `a`@`%`"], frozenset()),
    (["GRANT ALL PRIVILEGES ON `desk_12`.* TO `a`@`%`"], frozenset()),
    ([r"GRANT ALL PRIVILEGES ON `desk\_2`.* TO `a`@`%`"], frozenset()),
    (["GRANT ALL PRIVILEGES ON `desk_1`.`ost_ticket` TO `a`@`%`"], frozenset()),
    (["GRANT SELECT (id, name), INSERT ON `desk_1`.* TO `a`@`%`"], frozenset({"SELECT", "INSERT"})),
    (["GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION"], frozenset()),
    (["GRANT `desk_role` TO `a`@`%`"], frozenset()),
    (['GRANT SELECT ON "desk_1".* TO "a"@"%"'], READ),
]


@pytest.mark.parametrize(("grants", "expected"), GRANTS)
def test_what_grants_confer(grants: list[str], expected: frozenset[str]) -> None:
    found = granted_privileges(grants, "desk_1")
    assert found == expected or (expected >= ALL and found == ALL)


FACTS = ServerFacts(database="desk_1", user="reader", host="10.0.0.%", grants=("GRANT ALL PRIVILEGES ON *.* TO x",))


def test_a_user_who_may_everything_is_no_problem() -> None:
    assert list(check_server(FACTS)) == []


def test_a_reader_is_told_the_exact_grant() -> None:
    (problem,) = check_server(replace(FACTS, grants=("GRANT SELECT ON `desk_1`.* TO `reader`@`10.0.0.%`",)))
    assert problem.code == "privileges-missing"
    assert "'reader'@'10.0.0.%' lacks INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES, DROP" in problem.text
    assert problem.way_out[1] == (
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES, DROP"
        r" ON `desk\_1`.* TO 'reader'@'10.0.0.%';"
    )


def test_privileges_that_come_through_a_role_are_not_guessed() -> None:
    """SHOW GRANTS need not list them; the first CREATE will tell."""
    grants = ("GRANT `desk_role` TO `reader`@`%`", "GRANT USAGE ON *.* TO `reader`@`%`")
    assert list(check_server(replace(FACTS, grants=grants))) == []


def test_a_replica_is_refused() -> None:
    (problem,) = check_server(replace(FACTS, is_read_only=True))
    assert problem.code == "server-read-only"


# --- prefixes and versions

DESK = set(legacy_tables())


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({f"ost_{name}" for name in DESK}, ["ost_"]),
        (DESK, [""]),
        ({f"{prefix}{name}" for name in DESK for prefix in ("a_", "b_")}, ["a_", "b_"]),
        ({"ost_config", "ost_staff", "ost_ticket"}, ["ost_"]),
        ({"ost_config", "ost_staff"}, []),
        ({"wp_posts", "staff"}, []),
        (set(), []),
    ],
)
def test_prefixes_of_help_desks(tables: set[str], expected: list[str]) -> None:
    assert find_prefixes(tables) == expected


def test_1_17_and_1_18_are_supported() -> None:
    assert {version.name for version in SIGNATURES.values() if version.is_supported} == {"1.17", "1.18"}
    assert SIGNATURES[schema_signature()].name == "1.18"


# --- side tables

LEGACY = frozenset({("hd_tickets", "0001_legacy"), ("hd_people", "0001_legacy")})
NOTHING = SideTables(frozenset(), frozenset(), {}, LEGACY)
ADOPTED = {"ost_": RecordedInstallation("adopted")}
STATES: dict[str, tuple[SideTables, State]] = {
    "nothing": (NOTHING, State.NONE),
    "empty record": (replace(NOTHING, existing=frozenset({"django_migrations"})), State.NONE),
    "adopted": (replace(NOTHING, migrations=LEGACY, installations=ADOPTED), State.ADOPTED),
    "fresh": (replace(NOTHING, migrations=LEGACY, installations={"ost_": RecordedInstallation("fresh")}), State.FRESH),
    "imported": (
        replace(NOTHING, migrations=LEGACY, installations={"ost_": RecordedInstallation("imported")}),
        State.FRESH,
    ),
    "other prefix": (
        replace(NOTHING, migrations=LEGACY, installations={"b_": RecordedInstallation("adopted")}),
        State.OTHER_DESK,
    ),
    "migrated, never set up": (replace(NOTHING, migrations=LEGACY), State.OTHER_DESK),
    "interrupted": (replace(NOTHING, migrations=frozenset({("hd_legacy", "0001_initial")})), State.INTERRUPTED),
    "another project": (replace(NOTHING, migrations=frozenset({("blog", "0001_initial")})), State.OTHER_PROGRAM),
    "tables of our names": (replace(NOTHING, existing=frozenset({"auth_group"})), State.OTHER_PROGRAM),
}


@pytest.mark.parametrize("case", STATES)
def test_whose_the_side_tables_are(case: str) -> None:
    side_tables, state = STATES[case]
    assert side_tables.state("ost_") is state
    problem = check_side_tables(side_tables, "ost_")
    codes = {State.OTHER_DESK: "second-help-desk", State.OTHER_PROGRAM: "foreign-side-tables"}
    assert (problem.code if problem else None) == codes.get(state)


def test_a_prefix_under_which_names_clash_is_refused() -> None:
    """With `django_` osTicket's table of sessions would be Django's."""
    problem = check_side_tables(NOTHING, "django_")
    assert problem is not None
    assert problem.code == "prefix-clash"
    assert "django_session" in problem.text


# --- time zones

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def clock(zone: str) -> Mapping[datetime, timedelta]:
    """Measure a server whose operating system is in this zone."""
    return {moment: moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0) for moment in sample_moments(NOW)}


def fixed(hours: float) -> Mapping[datetime, timedelta]:
    """Measure a server whose clock never changes."""
    return {moment: timedelta(hours=hours) for moment in sample_moments(NOW)}


ZONES: dict[str, tuple[str, dict[str, Any], str]] = {
    "UTC": ("UTC", {"system_name": "UTC"}, "UTC"),
    "UTC whatever osTicket shows": ("UTC", {"default_timezone": "Europe/Berlin"}, "UTC"),
    "osTicket's own": ("Europe/Berlin", {"default_timezone": "Europe/Berlin", "system_name": "CET"}, "Europe/Berlin"),
    "an alias of it": ("Europe/Berlin", {"default_timezone": "Europe/Copenhagen"}, "Europe/Copenhagen"),
    "osTicket's does not fit": ("Europe/Berlin", {"default_timezone": "America/New_York"}, ""),
    "nothing known": ("Europe/Berlin", {"system_name": "CET"}, ""),
    "the only one": ("Australia/Lord_Howe", {"system_name": "+1030"}, "Australia/Lord_Howe"),
    "half hours": ("Asia/Kolkata", {}, "Asia/Kolkata"),
    "configured": ("Europe/Berlin", {"configured": "Europe/Berlin"}, "Europe/Berlin"),
    "configured against the clock": ("UTC", {"configured": "America/New_York"}, "America/New_York"),
    "recorded": ("UTC", {"recorded": "America/New_York"}, "America/New_York"),
    "configured over recorded": ("UTC", {"recorded": "America/New_York", "configured": "UTC"}, "UTC"),
    "osTicket's is no zone": ("Asia/Kolkata", {"default_timezone": "Mars/Olympus"}, "Asia/Kolkata"),
}


@pytest.mark.parametrize("case", ZONES)
def test_the_zone_of_a_server(case: str) -> None:
    zone, known, expected = ZONES[case]
    finding = find_time_zone(clock(zone), **known)
    assert finding.name == expected
    assert (finding.problem is None) == bool(expected)


def test_people_are_asked_with_the_candidates() -> None:
    problem = find_time_zone(clock("Europe/Berlin"), system_name="CET").problem
    assert problem is not None
    assert problem.code == "time-zone-unknown"
    assert "UTC+1:00 and UTC+2:00, it calls the zone CET; several zones are like that" in problem.text
    for name in ("Europe/Berlin", "Europe/Paris", "Europe/Rome"):
        assert name in problem.way_out[0]
    for name in ("Europe/London", "Africa/Algiers", "Europe/Istanbul", "Europe/Helsinki"):
        assert name not in problem.way_out[0]


def test_a_clock_that_no_zone_shows() -> None:
    finding = find_time_zone(fixed(1.25))
    assert finding.candidates == ()
    assert "UTC+1:15; no known zone is like that" in finding.explanation
    assert find_time_zone(fixed(-9.5)).name == "Pacific/Marquesas"


def test_a_zone_set_against_the_clock_is_remarked() -> None:
    finding = find_time_zone(clock("UTC"), configured="America/New_York")
    assert "only for a copy that was made on another server" in finding.explanation


def test_summer_time_is_seen_in_both_hemispheres() -> None:
    assert fits("Australia/Sydney", clock("Australia/Sydney"))
    assert not fits("Australia/Brisbane", clock("Australia/Sydney"))
    assert not fits("Europe/London", clock("Europe/Paris"))
    assert not fits("no/zone", clock("UTC"))
    assert not fits("../etc/passwd", clock("UTC"))


def test_the_moments_measured() -> None:
    moments = sample_moments(NOW)
    assert moments == sorted(set(moments))
    assert moments[0].year == 2006
    assert all(moment < NOW for moment in moments)
    assert len(zone_names()) > 250


# --- the salt

NAMESPACE, USERNAME = "email.1.account.2", "support@acme.test"


def mail(salt: str = SALT, **values: str) -> dict[str, dict[str, str]]:
    """Give the configuration of a mail account whose password is encrypted under the salt."""
    subkey = hashed_subkey(USERNAME, NAMESPACE)
    secret = encrypt("Mail-pw-1", subkey=subkey, secret_salt=salt)
    return {NAMESPACE: {"username": USERNAME, "passwd": secret, **values}}


def oauth(salt: str = SALT) -> dict[str, dict[str, str]]:
    """Give the configuration of a mail account with tokens."""
    subkey = hashed_subkey(USERNAME, NAMESPACE)
    tokens = {name: encrypt(name, subkey=subkey, secret_salt=salt) for name in ("access_token", "refresh_token")}
    return {NAMESPACE: {"resource_owner_email": USERNAME, "expires": "1", **tokens}}


def plugin(salt: str = SALT, subkey: str = "plugin.3.instance.4") -> dict[str, dict[str, str]]:
    """Give the configuration of a plugin with a secret."""
    secret = encrypt("client-secret", subkey=subkey, secret_salt=salt)
    return {"plugin.3.instance.4": {"clientId": "x", "clientSecret": secret, "price": "$2.50"}}


REPLY = [f"Subject: Re\r\nReferences: {VECTORS[0][0]}"]
OWN = ["Support@acme.test"]
OTHER = "another-salt-of-32-characters-xx"
EVIDENCE: dict[str, tuple[SaltEvidence, SaltEvidence]] = {
    "nothing": (weigh({}, {}, [], [], SALT), SaltEvidence(0, 0)),
    "password": (weigh(mail(), {}, [], [], SALT), SaltEvidence(1, 0)),
    "password of another": (weigh(mail(OTHER), {}, [], [], SALT), SaltEvidence(0, 1)),
    "no password": (weigh({NAMESPACE: {"username": USERNAME, "passwd": ""}}, {}, [], [], SALT), SaltEvidence(0, 0)),
    "tokens": (weigh(oauth(), {}, [], [], SALT), SaltEvidence(2, 0)),
    "tokens of another": (weigh(oauth(OTHER), {}, [], [], SALT), SaltEvidence(0, 2)),
    "plugin": (weigh({}, plugin(), [], [], SALT), SaltEvidence(1, 0)),
    "plugin saved early": (weigh({}, plugin(subkey="plugin.3"), [], [], SALT), SaltEvidence(1, 0)),
    "plugin with an own sub-key": (weigh({}, plugin(subkey="mine"), [], [], SALT), SaltEvidence(0, 0)),
    "plugin of another": (weigh({}, plugin(OTHER), [], [], SALT), SaltEvidence(0, 0)),
    "reply": (weigh({}, {}, REPLY, OWN, SALT), SaltEvidence(1, 0)),
    "reply to another's mail": (weigh({}, {}, REPLY, ["sales@other.test"], SALT), SaltEvidence(0, 0)),
    "reply under another salt": (weigh({}, {}, REPLY, OWN, OTHER), SaltEvidence(0, 1)),
    "salt changed once": (weigh(mail(OTHER), {}, REPLY, OWN, SALT), SaltEvidence(1, 1)),
}


@pytest.mark.parametrize("case", EVIDENCE)
def test_the_evidence(case: str) -> None:
    found, expected = EVIDENCE[case]
    assert found == expected


@pytest.mark.parametrize(
    ("evidence", "is_given", "is_lost", "code"),
    [
        (SaltEvidence(0, 0), True, False, None),
        (SaltEvidence(3, 1), True, False, None),
        (SaltEvidence(0, 2), True, False, "salt-wrong"),
        (SaltEvidence(0, 2), True, True, None),
        (SaltEvidence(0, 0), False, False, "salt-missing"),
        (SaltEvidence(0, 0), False, True, None),
        (SaltEvidence(1, 0), False, False, None),
    ],
)
def test_the_verdict(evidence: SaltEvidence, is_given: bool, is_lost: bool, code: str | None) -> None:
    problem = check_salt(evidence, is_given=is_given, is_lost=is_lost)
    assert (problem.code if problem else None) == code


def test_what_people_read_about_the_salt() -> None:
    assert "2 of 3 stored secrets fit" in describe_evidence(SaltEvidence(2, 1), is_lost=False)
    assert "could not be verified" in describe_evidence(SaltEvidence(), is_lost=False)
    assert "lost" in describe_evidence(SaltEvidence(2, 1), is_lost=True)
