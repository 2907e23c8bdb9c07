"""The address a request came from, taken from a header only when a trusted proxy sent it (osticket/api.md §4)."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

EVERYBODY = "*"
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=64)
def parse_networks(words: tuple[str, ...]) -> tuple[Network, ...]:
    """Give the networks of addresses and CIDR ranges; raise ValueError for anything else. `*` stands for all."""
    networks: list[Network] = []
    for word in words:
        networks += [ip_network("0.0.0.0/0"), ip_network("::/0")] if word == EVERYBODY else [ip_network(word, False)]
    return tuple(networks)


def normal_address(text: str) -> str:
    """Give an address in its shortest usual form, '' when it is none; IPv4 inside IPv6 becomes IPv4."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether a normal address lies in one of the networks."""
    return bool(address) and any(ip_address(address) in network for network in networks)


def client_address(request: HttpRequest) -> str:
    """Give the address of the client, '' when the server does not know one (a Unix socket).

    The peer counts unless it is one of `settings.TRUSTED_PROXIES`. Behind those, `X-Forwarded-For` is read from right
    to left, entries that are no address are skipped, and the first that is no trusted proxy is the client; when all
    are trusted, the left-most is.
    """
    peer = normal_address(request.META.get("REMOTE_ADDR", ""))
    proxies = parse_networks(tuple(settings.TRUSTED_PROXIES))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if not forwarded or not is_within(peer, proxies):
        return peer
    chain = [address for address in map(normal_address, reversed(forwarded.split(","))) if address]
    return next((address for address in chain if not is_within(address, proxies)), chain[-1] if chain else peer)
