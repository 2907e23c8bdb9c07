"""How often one may try to sign in (osticket/auth.md §3, plus what osTicket leaves open).

osTicket counts in the session only, so that a visitor without cookies is never slowed down. Besides that count we keep,
in the shared cache,

* the failures of one visitor for one account: as many as osTicket allows in a session;
* the failures for one account from everywhere, and of one address for all accounts: more generous.

Nobody can lock people out by failing on purpose: a browser that has signed in before carries a token that names the
account, is counted on its own and is not stopped by what strangers do (the "device cookie" pattern of OWASP). Counts
run out by themselves; opening a page or trying again does not prolong them, unlike in osTicket.
"""

import hashlib
import time
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Address, ip_address, ip_network

from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache

from helpdesk import configuration

STRIKES_KEY, STRUCK_AT_KEY = "strikes", "struck_at"
BROAD_WINDOW = 15 * 60
FAILURES_OF_ACCOUNT = 30
FAILURES_OF_ADDRESS = 60
FAILURES_OF_DEVICE = 10
IPV6_SITE_BITS = 64


@dataclass(frozen=True)
class Limits:
    """The administrator's settings for one door."""

    failures: int
    pause_seconds: int

    @classmethod
    def for_agents(cls) -> "Limits":
        """Give `staff_max_logins` failures and `staff_login_timeout` minutes of pause."""
        settings = configuration.current()
        return cls(settings.integer("staff_max_logins"), settings.integer("staff_login_timeout") * 60)

    @classmethod
    def for_users(cls) -> "Limits":
        """Give `client_max_logins` failures and `client_login_timeout` minutes of pause.

        osTicket takes the agents' pause by mistake (osticket/auth.md §5).
        """
        settings = configuration.current()
        return cls(settings.integer("client_max_logins"), settings.integer("client_login_timeout") * 60)


class SessionStrikes:
    """osTicket's own count, kept in the visitor's session."""

    def __init__(self, session: SessionBase, limits: Limits) -> None:
        """Take the session, which is only written to after a failure."""
        self._session, self._limits = session, limits

    @property
    def are_out(self) -> bool:
        """Whether this session has to wait."""
        return bool(self._session.get(STRIKES_KEY, 0) > self._limits.failures) and self._waits

    def add(self) -> int:
        """Count a failure and give how many there are; after a pause the count begins anew."""
        strikes = self._session.get(STRIKES_KEY, 0)
        over = strikes > self._limits.failures and not self._waits
        self._session[STRIKES_KEY] = strikes = 1 if over else strikes + 1
        if strikes > self._limits.failures:
            self._session[STRUCK_AT_KEY] = int(time.time())
        return int(strikes)

    def clear(self) -> None:
        """Forget the failures, after a success."""
        for key in (STRIKES_KEY, STRUCK_AT_KEY):
            self._session.pop(key, None)

    @property
    def _waits(self) -> bool:
        return bool(time.time() - self._session.get(STRUCK_AT_KEY, 0) < self._limits.pause_seconds)


@dataclass(frozen=True)
class _Count:
    """A number in the shared cache that disappears `seconds` after its first increment."""

    key: str
    most: int
    seconds: int

    def take(self) -> bool:
        """Count one attempt; whether it is within the limit."""
        if cache.add(self.key, 1, self.seconds):
            return self.most >= 1
        try:
            return int(cache.incr(self.key)) <= self.most
        except ValueError:  # it ran out in between
            cache.add(self.key, 1, self.seconds)
            return True

    def give_back(self) -> None:
        """Take back one attempt that succeeded."""
        try:
            cache.decr(self.key)
        except ValueError:  # it ran out in between: nothing left to take back
            return


def is_within_pace(action: str, address: str, *, most: int, seconds: int) -> bool:
    """Count one use of `action` from an address (of an IPv6 site); whether it is within `most` uses in `seconds`."""
    digest = hashlib.sha256(f"{action}\0{_site_of(address)}".encode("utf-8", "surrogatepass")).hexdigest()
    return _Count(f"pace.{digest}", most, seconds).take()


def _site_of(address: str) -> str:
    """Give the address, for IPv6 its site: one visitor owns 2^64 addresses."""
    if not address or not isinstance(ip_address(address), IPv6Address):
        return address
    return str(ip_network(f"{address}/{IPV6_SITE_BITS}", strict=False))


@dataclass(frozen=True)
class Attempt:
    """One try to sign in at a door: for which account (its key, or the typed name), from where, on which device."""

    door: str
    account: str
    address: str
    limits: Limits
    device: str = ""

    def begin(self) -> bool:
        """Count the attempt before the password is looked at; whether it may go on.

        Counting first keeps parallel attempts within the limits.
        """
        within = [count.take() for count in self._counts]  # all of them, also after one that is full
        return all(within)

    def succeed(self) -> None:
        """Forget this visitor's failures for the account and take the attempt out of the broad counts."""
        own, *broad = self._counts
        cache.delete(own.key)
        for count in broad:
            count.give_back()

    def is_first_refused(self) -> bool:
        """Whether nobody has noted yet that this visitor tries this account too often."""
        return self._count("noted", self.account, self._site, most=1).take()

    @cached_property
    def _counts(self) -> list[_Count]:
        if self.device:
            return [self._count("device", self.account, self.device, most=FAILURES_OF_DEVICE)]
        counts = [
            self._count(
                "visitor",
                self.account,
                self._site,
                most=self.limits.failures + 1,
                seconds=max(self.limits.pause_seconds, 60),
            ),
            self._count("account", self.account, most=max(FAILURES_OF_ACCOUNT, 3 * self.limits.failures)),
        ]
        return [*counts, self._count("address", self._site, most=FAILURES_OF_ADDRESS)] if self._site else counts

    def _count(self, *parts: str, most: int, seconds: int = BROAD_WINDOW) -> _Count:
        digest = hashlib.sha256("\0".join([self.door, *parts]).encode("utf-8", "surrogatepass")).hexdigest()
        return _Count(f"sign_in.{digest}", most, seconds)

    @property
    def _site(self) -> str:
        return _site_of(self.address)
