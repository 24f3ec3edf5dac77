"""Which IP addresses may be connected to: public ones, and what the configuration lists.

Python's ``is_global`` is not enough: it calls ``64:ff9b::/96``, 6to4, Teredo and IPv4-compatible addresses
global although each can lead to a private IPv4 address, and its tables differ between Python versions.  So
the special-purpose registries of IANA (RFC 6890 and its updates) are listed here, and embedded IPv4 addresses
are refused with their wrapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_V4: tuple[tuple[str, str], ...] = (
    ("169.254.169.254/32", "a cloud metadata address"),
    ("169.254.170.2/32", "a cloud metadata address"),  # ECS task credentials
    ("169.254.170.23/32", "a cloud metadata address"),  # EKS pod identity
    ("100.100.100.200/32", "a cloud metadata address"),  # Alibaba
    ("168.63.129.16/32", "a cloud metadata address"),  # Azure, in public space
    ("192.0.0.192/32", "a cloud metadata address"),  # Oracle
    ("0.0.0.0/8", "unspecified"),  # RFC 791: this network
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("100.64.0.0/10", "shared by a carrier (CGNAT)"),  # RFC 6598
    ("127.0.0.0/8", "loopback"),  # RFC 1122
    ("169.254.0.0/16", "link-local"),  # RFC 3927
    ("172.16.0.0/12", "private"),  # RFC 1918
    ("192.0.0.0/24", "reserved for protocols"),  # RFC 6890
    ("192.0.2.0/24", "for documentation"),  # RFC 5737
    ("192.31.196.0/24", "reserved (AS112)"),  # RFC 7535
    ("192.52.193.0/24", "reserved (AMT)"),  # RFC 7450
    ("192.88.99.0/24", "a 6to4 relay"),  # RFC 7526
    ("192.168.0.0/16", "private"),  # RFC 1918
    ("192.175.48.0/24", "reserved (AS112)"),  # RFC 7534
    ("198.18.0.0/15", "for benchmarking"),  # RFC 2544
    ("198.51.100.0/24", "for documentation"),  # RFC 5737
    ("203.0.113.0/24", "for documentation"),  # RFC 5737
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("255.255.255.255/32", "broadcast"),  # RFC 919
    ("240.0.0.0/4", "reserved"),  # RFC 1112
)
_V6: tuple[tuple[str, str], ...] = (
    ("::/128", "unspecified"),  # RFC 4291
    ("::1/128", "loopback"),  # RFC 4291
    ("::ffff:0:0/96", "an IPv4-mapped address"),  # RFC 4291
    ("::ffff:0:0:0/96", "an IPv4-translated address"),  # RFC 2765
    ("::/96", "an IPv4-compatible address"),  # RFC 4291, deprecated
    ("64:ff9b::/96", "a NAT64 address"),  # RFC 6052
    ("64:ff9b:1::/48", "a local NAT64 address"),  # RFC 8215
    ("100::/64", "for discarding"),  # RFC 6666
    ("100:0:0:1::/64", "reserved"),  # RFC 9780
    ("2001::/32", "a Teredo address"),  # RFC 4380
    ("2001:db8::/32", "for documentation"),  # RFC 3849
    ("2001::/23", "reserved for protocols"),  # RFC 2928
    ("2002::/16", "a 6to4 address"),  # RFC 3056
    ("2620:4f:8000::/48", "reserved (AS112)"),  # RFC 7534
    ("3fff::/20", "for documentation"),  # RFC 9637
    ("5f00::/16", "for segment routing"),  # RFC 9602
    ("fd00:ec2::254/128", "a cloud metadata address"),  # EC2
    ("fd20:ce::254/128", "a cloud metadata address"),  # Google
    ("fc00::/7", "private"),  # RFC 4193
    ("fe80::/10", "link-local"),  # RFC 4291
    ("fec0::/10", "private"),  # RFC 3879, site-local
    ("ff00::/8", "multicast"),  # RFC 4291
)
_NETWORKS: tuple[tuple[Network, str], ...] = (
    *((IPv4Network(net), why) for net, why in _V4),
    *((IPv6Network(net), why) for net, why in _V6),
)
_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 that is handed out (RFC 4291 section 2.4)


def refusal(ip: Address, allow_private: Sequence[Network] = ()) -> str | None:
    """Why ``ip`` may not be connected to, for people; ``None`` where it may.

    ``allow_private`` lifts a refusal for the networks it lists.  A wrapped IPv4 address is allowed where its
    own network is listed and the wrapping is IPv4-mapped, because only that one surely leads to it.

    >>> refusal(IPv6Address("::ffff:10.0.0.1"))
    'an IPv4-mapped address'
    """
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        return "an address with a zone"
    if any(ip.version == net.version and ip in net for net in allow_private):
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    if mapped is not None and any(net.version == 4 and mapped in net for net in allow_private):
        return None
    for net, why in _NETWORKS:
        if ip.version == net.version and ip in net:
            return why
    return _refused_v6(ip) if isinstance(ip, IPv6Address) else None


def _refused_v6(ip: IPv6Address) -> str | None:
    if ip not in _UNICAST:
        return "not handed out"
    # ISATAP (RFC 5214 section 6.1): the interface identifier carries an IPv4 address that a router unwraps.
    marker = int(ip) >> 32 & 0xFFFFFFFF
    inner = refusal(IPv4Address(int(ip) & 0xFFFFFFFF)) if marker in (0x00005EFE, 0x02005EFE) else None
    return f"an ISATAP address of one that is {inner}" if inner else None


EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
