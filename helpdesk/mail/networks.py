"""Where mail servers may be: administrators of the help desk name them, who need not be trusted with the machine.

Cloud machines give away credentials at addresses that only they reach; those and link-local ones are never asked. Mail
servers are commonly in one's own network, so that is allowed unless `MAIL_PRIVATE_NETWORKS=0`. The server of the
environment (`MAIL_SERVER`) is named by who runs the machine, and may be anywhere.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings

_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds tell their machines about themselves, beside the link-local 169.254.169.254."""
_NAT64 = IPv6Network("64:ff9b::/96")


class PlaceForbidden(OSError):  # noqa: N818 -- named by what is wrong
    """A server is where none may be asked."""


def check_place(host: str) -> None:
    """Look a host up. Raises PlaceForbidden when an address of it must not be asked, OSError when it has none."""
    for *_kind, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        check_address(str(address[0]))


def check_peer(connection: socket.socket) -> None:
    """See where a connection has led: a name may have got another address since it was looked up."""
    check_address(str(connection.getpeername()[0]))


def check_address(address: str) -> None:
    """Raise PlaceForbidden for an address that must not be asked."""
    place = _meant(ip_address(address.partition("%")[0]))
    if place.is_link_local or place.is_multicast or place in _METADATA:
        raise PlaceForbidden(f"No mail server may be at {address} (link-local, or of the cloud)")
    if not settings.MAIL_PRIVATE_NETWORKS and not place.is_global:
        raise PlaceForbidden(f"No mail server may be at {address}, which is no public address (MAIL_PRIVATE_NETWORKS)")


def _meant(place: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that one of IPv6 stands for."""
    if isinstance(place, IPv6Address):
        if place.ipv4_mapped is not None:
            return place.ipv4_mapped
        if place in _NAT64:
            return IPv4Address(int(place) & 0xFFFFFFFF)
    return place
