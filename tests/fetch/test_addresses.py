"""No socket is opened to a refused address, however it is written, named, redirected to or resolved."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import Fetcher, FetchFailed, FetchSettings, Request, Web, refusal
from pipeline.fetch.addresses import EVERYWHERE
from pipeline.model import Reason
from tests.fetch.hostile import Hostile, redirect
from tests.fetch.support import PLAIN, SMALL, Names, Recording, now

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "127.0.0.1.",
    "127.000.000.001",
    "0177.0.0.1",
    "0177.0.0.01",
    "00177.1",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "0x7F.0x0.0x0.0x1",
    "2130706433",
    "017700000001",
    "127.0x1",
    "0x7f.0.1",
    "127.65535",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "ip6-localhost",
    "foo.localhost",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.1",
    "0.0.0.0.",
    "000000000000",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "①②⑦.⓪.⓪.①",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ",
    "１２７．１",
    "０ｘ７ｆ０００００１",
    "²¹³⁰⁷⁰⁶⁴³³",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "%6c%6f%63alhost",
    "127.0.0.%31",
    "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
    "127%E3%80%820.0.1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::0.0.0.1]",
    "[::0.0.0.0]",
    "[::1%25lo]",
    "[::1%lo]",
    "[0::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:ffff::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001::1]",
    "[2600::5efe:127.0.0.1]",
    "[2600::200:5efe:7f00:1]",
]

INSIDE = [
    "10.0.0.1",
    "10.255.255.255",
    "10.1",
    "012.0.0.1",
    "0xa.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "0xac.0x10.1",
    "192.168.0.1",
    "192.168.1",
    "192.168.257",
    "0xc0a80001",
    "3232235521",
    "0300.0250.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "254.1.1.1",
    "255.255.255.255",
    "0xffffffff",
    "4294967295",
    "037777777777",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "025177524776",
    "0251.254.169.254",
    "１６９.２５４.１６９.２５４",
    "169。254。169。254",
    "169.254.169.254.",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:a00:1::1]",
    "[2002:c0a8:101::]",
    "[::ffff:192.168.1.1]",
    "[::ffff:0.0.0.0]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fe80::a9fe:a9fe]",
    "[febf::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[100:0:0:1::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2620:4f:8000::1]",
    "[4000::1]",
    "[8000::1]",
    "[e000::1]",
    "[1::1]",
    "metadata.google.internal",
    "metadata",
    "instance-data",
    "router.lan",
    "printer.local",
    "_http._tcp.local",
]

WHOLE = [  # forms that are more than a host
    "http://news.test@127.0.0.1/",
    "http://news.test:80@127.0.0.1/",
    "http://127.0.0.1#@news.test/",
    "http://127.0.0.1?@news.test/",
    "http://127.0.0.1\\@news.test/",
    "http://news.test\\@127.0.0.1/",
    "http://news.test%00@127.0.0.1/",
    "http://a@b@127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.0.0.1:0080/",
    "http://127.0.0.1:/",
    "https://127.0.0.1:443/",
    "http:127.0.0.1/",
    "http:/127.0.0.1/",
    "http:////127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http:/\\127.0.0.1/",
    " http://127.0.0.1/",
    "\x00http://127.0.0.1/",
    "ht\ntp://127.0.\t0.1/",
    "hTTp://127.0.0.1/",
    "http://[::1]:80/",
    "http://user:pw@[::1]:80/",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[::ffff:127.0.0.1%2f]/",
    "http://127.0.0.1%2f.news.test/",
    "http://127.0.0.1%00.news.test/",
    "http://127.0.0.1%0a/",
    "http://127.0.0.1 .news.test/",
    "http://127.0.0.1.nip.test/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
    "http://0x100000000/",
    "http://09.0.0.1/",
    "http://news.test:127.0.0.1/",
    "http://.127.0.0.1/",
    "http://127..1/",
    "http:///",
    "http://",
    "//127.0.0.1/",
    "127.0.0.1",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:70/_x",
    "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "jar:http://127.0.0.1!/",
    "view-source:http://127.0.0.1/",
    "url:http://127.0.0.1/",
    "feed:http://127.0.0.1/",
    "javascript:alert(1)",
    "data:text/xml,<rss/>",
    "",
]
FORMS = [f"http://{host}/latest/" for host in LOOPBACK + INSIDE] + WHOLE
EXPECTED = {Reason.ADDRESS_REFUSED, Reason.BAD_URL, Reason.BAD_REDIRECT, Reason.DNS_FAILED}
# The worst resolver: whatever it is asked, it says loopback.
WORST = "127.0.0.1"
GUARDED = replace(SMALL, allow_private=())


def test_there_are_enough_forms() -> None:
    assert len(set(FORMS)) >= 200


@pytest.mark.parametrize("url", FORMS)
def test_no_form_of_a_refused_address_opens_a_socket(url: str) -> None:
    async def main() -> tuple[Reason, list[str]]:
        backend = Recording(connect=False)
        async with Fetcher(
            GUARDED, now=now, ssl_context=PLAIN, resolver=Names(default=WORST), inner=backend
        ) as fetcher:
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request(url))
            return caught.value.reason, backend.opened

    reason, opened = asyncio.run(main())
    assert opened == []
    assert reason in EXPECTED


def test_no_redirect_to_any_form_opens_a_socket() -> None:
    """The server itself is allowed; where it leads to is not."""

    async def main() -> tuple[set[Reason], list[str]]:
        server = Hostile()
        targets = [form for form in FORMS if form and form.isascii() and form.isprintable() and "//" in form[:9]]
        targets = [form for form in targets if not form.startswith("//")]
        server.behaviours = {f"/{i}": redirect(form) for i, form in enumerate(targets)}
        backend = Recording()
        # The server is the one place that may be asked: not 127.0.0.1, which is among the forms.
        settings = replace(GUARDED, allow_private=("127.77.0.1/32",), per_host=1)
        names = Names({"server.test": [["127.77.0.1"]]}, default=WORST)
        async with (
            server.serving(),
            Fetcher(settings, now=now, ssl_context=PLAIN, resolver=names, inner=_Relay(backend)) as fetcher,
        ):
            reasons = set()
            for path in server.behaviours:
                with pytest.raises(FetchFailed) as caught:
                    await fetcher.fetch(Request(server.url(path, host="server.test")))
                reasons.add(caught.value.reason)
            return reasons, backend.opened

    reasons, opened = asyncio.run(main())
    assert reasons <= EXPECTED
    assert set(opened) == {"127.77.0.1"}


class _Relay(Recording):
    """Opens sockets to 127.0.0.1 for 127.77.0.1, so that the allowed address is none of the forms."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # type: ignore[no-untyped-def]
        self._recording.opened.append(host)
        return await self._real.connect_tcp("127.0.0.1", port, timeout, local_address, socket_options)


def test_the_operating_system_is_never_asked_to_connect() -> None:
    """The same below every seam: with the system's resolver and real sockets, seen by an audit hook."""
    connects: list[object] = []
    watching = True

    def hook(event: str, args: tuple[object, ...]) -> None:
        if watching and event == "socket.connect":
            connects.append(args[1])

    sys.addaudithook(hook)  # cannot be taken away again: it is switched off below

    async def main() -> None:
        numeric = [
            url
            for url in FORMS
            if not any(word in url for word in ("metadata", "instance", ".lan", ".local", "_http", ".test"))
        ]
        for settings in (GUARDED, replace(GUARDED, robots=True)):
            async with Web(settings, now=now, ssl_context=PLAIN) as web:
                for url in numeric:
                    with pytest.raises(FetchFailed):
                        await web.fetch(Request(url))

    try:
        asyncio.run(main())
    finally:
        watching = False
    inet = [address for address in connects if isinstance(address, tuple) and address[1] != 53]
    assert inet == []


def test_of_several_addresses_only_the_allowed_are_tried() -> None:
    async def main() -> list[str]:
        backend = Recording(connect=False)
        names = Names({"mixed.test": [["10.0.0.1", "93.184.215.14", "::1", "2606:4700::1111", "93.184.215.14"]]})
        async with Fetcher(GUARDED, now=now, ssl_context=PLAIN, resolver=names, inner=backend) as fetcher:
            with pytest.raises(FetchFailed) as caught:
                await fetcher.fetch(Request("https://mixed.test/"))
            assert caught.value.reason is Reason.CONNECT_FAILED
            return backend.opened

    assert set(asyncio.run(main())) == {"93.184.215.14", "2606:4700::1111"}


def test_behind_a_proxy_addresses_are_judged_all_the_same() -> None:
    async def main() -> tuple[list[Reason], list[str]]:
        backend = Recording(connect=False)
        names = Names({"router.test": [["192.168.1.1"]], "proxy.test": [["10.9.9.9"]]})
        settings = replace(GUARDED, proxy="http://proxy.test:3128")
        reasons = []
        async with Fetcher(settings, now=now, ssl_context=PLAIN, resolver=names, inner=backend) as fetcher:
            for url in (
                "http://router.test/",
                "http://169.254.169.254/",
                "https://[fd00::1]/",
                "https://only-there.test/",
            ):
                with pytest.raises(FetchFailed) as caught:
                    await fetcher.fetch(Request(url))
                reasons.append(caught.value.reason)
        return reasons, backend.opened

    reasons, opened = asyncio.run(main())
    assert reasons == [Reason.ADDRESS_REFUSED] * 3 + [Reason.CONNECT_FAILED]
    assert opened == ["10.9.9.9"]  # the proxy itself, which the configuration names


@pytest.mark.parametrize(
    ("ip", "allow", "allowed"),
    [
        ("93.184.215.14", [], True),
        ("1.1.1.1", [], True),
        ("172.15.255.255", [], True),
        ("172.32.0.0", [], True),
        ("100.63.255.255", [], True),
        ("100.128.0.0", [], True),
        ("126.255.255.255", [], True),
        ("128.0.0.1", [], True),
        ("169.253.255.255", [], True),
        ("198.17.255.255", [], True),
        ("198.20.0.0", [], True),
        ("223.255.255.255", [], True),
        ("2606:4700:4700::1111", [], True),
        ("2a00:1450:4001::1", [], True),
        ("2001:4860:4860::8888", [], True),
        ("2003::1", [], True),
        ("2600::5efe:8.8.8.8", [], True),
        ("127.0.0.1", ["127.0.0.0/8"], True),
        ("127.0.0.1", ["10.0.0.0/8"], False),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("::127.0.0.1", ["127.0.0.0/8"], False),
        ("64:ff9b::127.0.0.1", ["127.0.0.0/8"], False),
        ("2002:7f00:1::", ["127.0.0.0/8"], False),
        ("2002:7f00:1::", ["2002::/16"], True),
        ("::1", ["::1/128"], True),
        ("::1", ["127.0.0.0/8"], False),
        ("fd00::7", ["fd00::/16"], True),
        ("fe80::1%eth0", ["fe80::/10"], False),
        ("169.254.169.254", ["10.0.0.0/8", "127.0.0.0/8"], False),
    ],
)
def test_refusal(ip: str, allow: list[str], allowed: bool) -> None:
    assert (refusal(ip_address(ip), [ip_network(net) for net in allow]) is None) is allowed


@given(st.ip_addresses())
def test_whatever_python_knows_to_be_special_is_refused(ip) -> None:  # type: ignore[no-untyped-def]
    if ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or not ip.is_global:
        assert refusal(ip) is not None
    assert refusal(ip, EVERYWHERE) is None


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_never_better_than_bare(ip) -> None:  # type: ignore[no-untyped-def]
    number = int(ip)
    wraps = ["::ffff:{}", "::{}", "64:ff9b::{}"]
    assert all(refusal(ip_address(wrap.format(ip))) for wrap in wraps)
    assert refusal(ip_address((0x2002 << 112) | (number << 80) | 1))


def test_private_networks_are_told_by_their_mistake() -> None:
    with pytest.raises(ValueError, match="allow_private"):
        FetchSettings(allow_private=("127.0.0.0/99",))
