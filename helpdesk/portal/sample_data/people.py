"""Larkspur Instruments, its agents and its customers. All names and domains are invented."""

from collections.abc import Sequence
from dataclasses import dataclass

COMPANY = {
    "name": "Larkspur Instruments",
    "website": "https://larkspur.example",
    "phone": "5550100140",
    "address": "Quay House, 12 Signal Street, Port Velden",
}
TITLE = "Larkspur Support"


@dataclass(frozen=True)
class SampleDepartment:
    """A department besides those of a fresh help desk."""

    name: str
    parent: str
    signature: str


@dataclass(frozen=True)
class SampleAgent:
    """An agent; `access` lists further departments with the role there."""

    username: str
    firstname: str
    lastname: str
    department: str
    role: str
    access: Sequence[tuple[str, str]] = ()
    may: Sequence[str] = ()


@dataclass(frozen=True)
class SampleTeam:
    """A team; a new one is made unless there is one of the name."""

    name: str
    members: Sequence[str]
    lead: str = ""
    notes: str = ""


@dataclass(frozen=True)
class SampleOrganization:
    """A customer."""

    name: str
    domain: str
    address: str
    phone: str
    notes: str = ""


@dataclass(frozen=True)
class SampleUser:
    """An end user; the organization follows from the address."""

    key: str
    name: str
    email: str
    phone: str = ""
    notes: str = ""


DEPARTMENTS = (
    SampleDepartment("Cloud & Accounts", "Support", "Larkspur Cloud & Accounts"),
    SampleDepartment("Billing", "Sales", "Larkspur Billing"),
)

ALL, EXPANDED, LIMITED, VIEW = "All Access", "Expanded Access", "Limited Access", "View only"
_USERS = ("user.create", "user.edit", "user.dir", "org.create", "org.edit")

AGENTS = (
    SampleAgent(
        "mara",
        "Mara",
        "Lindqvist",
        "Support",
        ALL,
        [("Cloud & Accounts", ALL), ("Maintenance", EXPANDED), ("Sales", LIMITED)],
        [*_USERS, "faq.manage", "visibility.agents", "stats.agents"],
    ),
    SampleAgent("tomas", "Tomás", "Herrera", "Support", EXPANDED, [("Maintenance", EXPANDED)], _USERS),
    SampleAgent("aiko", "Aiko", "Tanaka", "Cloud & Accounts", ALL, [("Support", EXPANDED)], [*_USERS, "faq.manage"]),
    SampleAgent("samuel", "Samuel", "Okafor", "Maintenance", ALL, [("Support", EXPANDED)], _USERS),
    SampleAgent("nadia", "Nadia", "Rahimi", "Sales", ALL, [("Billing", EXPANDED), ("Support", VIEW)], _USERS),
    SampleAgent("jonas", "Jonas", "Weber", "Billing", EXPANDED, [("Sales", EXPANDED)], ["user.dir"]),
    SampleAgent("priya", "Priya", "Nair", "Support", LIMITED, [("Cloud & Accounts", LIMITED)], ["user.dir"]),
    SampleAgent("elodie", "Élodie", "Marchand", "Maintenance", EXPANDED, [], ["user.dir"]),
)

TEAMS = (
    SampleTeam("Level I Support", ["tomas", "priya", "mara"]),
    SampleTeam("Cloud On-Call", ["aiko", "mara"], lead="aiko", notes="Answers when the cloud is down, day and night."),
    SampleTeam("Field Crew", ["samuel", "elodie"], lead="samuel", notes="Travels to customers."),
)

ORGANIZATIONS = (
    SampleOrganization(
        "Velden Harbour Authority",
        "velden-harbour.example",
        "Pier 4, Port Velden",
        "5550100201",
        "Service contract Gold",
    ),
    SampleOrganization(
        "Brightwater Farms Cooperative", "brightwater.example", "Mill Lane 3, Lower Brightwater", "5550100202"
    ),
    SampleOrganization(
        "St Aldhelm's School", "aldhelm.example", "Abbey Close, Aldhelm", "5550100203", "School discount"
    ),
    SampleOrganization("Clinique des Tilleuls", "tilleuls.example", "8 allée des Tilleuls, Montclair", "5550100204"),
)

USERS = (
    SampleUser("ingrid", "Ingrid Solheim", "ingrid.solheim@velden-harbour.example", "5550100211", "Harbour master"),
    SampleUser("pavel", "Pavel Novák", "pavel.novak@velden-harbour.example", "5550100212"),
    SampleUser("lucia", "Lucía Fernández", "lucia.fernandez@velden-harbour.example"),
    SampleUser("dirk", "Dirk van der Meer", "dirk.vandermeer@velden-harbour.example", "5550100214X7"),
    SampleUser("grace", "Grace Mwangi", "grace@brightwater.example", "5550100221", "Prefers the telephone"),
    SampleUser("owen", "Owen Pritchard", "owen@brightwater.example"),
    SampleUser("hana", "Hana Dvořáková", "hana@brightwater.example", "5550100223"),
    SampleUser("miguel", "Miguel Santos", "miguel@brightwater.example"),
    SampleUser("fiona", "Fiona Byrne", "f.byrne@aldhelm.example", "5550100231", "Head of science"),
    SampleUser("rohan", "Rohan Mehta", "r.mehta@aldhelm.example"),
    SampleUser("chloe", "Chloé Dubois", "c.dubois@aldhelm.example"),
    SampleUser("peter", "Peter Lang", "p.lang@aldhelm.example", "5550100234"),
    SampleUser("amelie", "Amélie Rousseau", "amelie.rousseau@tilleuls.example", "5550100241"),
    SampleUser("karim", "Karim Haddad", "karim.haddad@tilleuls.example"),
    SampleUser("zoe", "Zoë Keller", "zoe.keller@tilleuls.example"),
    SampleUser("benoit", "Benoît Lefèvre", "benoit.lefevre@tilleuls.example", "5550100244"),
    SampleUser("yael", "יעל בן־עמי", "yael@kinneret-sailing.example"),
    SampleUser("khaled", "خالد منصور", "khaled.mansour@oasis-greens.example", "5550100252"),
    SampleUser("lars", "Lars Ødegård", "lars@odegard-fisk.example"),
    SampleUser("maria", "Maria Kowalska", "maria.kowalska@mail.example"),
    SampleUser("giulia", "Giulia Conti", "giulia@vigneto-conti.example", "5550100255"),
    SampleUser("hiroshi", "佐藤 宏", "h.sato@sato-roofing.example"),
    SampleUser("anna", "Anna-Lena Fischer", "al.fischer@mail.example"),
    SampleUser("siobhan", "Siobhán O'Neill", "siobhan.oneill@glenbeg-hostel.example"),
    SampleUser("deniz", "Deniz Yılmaz", "deniz@yilmaz-paragliding.example", "5550100259"),  # noqa: RUF001
)
