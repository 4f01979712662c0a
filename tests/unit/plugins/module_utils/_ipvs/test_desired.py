from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs.desired import Desired, daemons_problems, timeouts_problems
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import Change, Failure, Ipvsadm


def problems(*services):
    return Desired("lb1").add(list(services)).problems


def web(**more):
    return dict({"address": "198.18.0.100", "port": 80}, **more)


def server(**more):
    return web(servers=[dict({"address": "198.18.0.11"}, **more)])


W = "lb1: services[0] (198.18.0.100:80/tcp) "
S = W + "servers[0] (198.18.0.11) "


@pytest.mark.parametrize("service, sentence", [
    ("x", "lb1: services[0] is no mapping: write it as `address: …` and so on."),
    ({"port": 80}, "lb1: services[0] has neither address nor fwmark: give one of them."),
    ({"address": "198.18.0.300", "port": 80},
     "lb1: services[0] has address '198.18.0.300', which is no IPv4 or IPv6 address: write one without prefix length."),
    (web(port=65536), "lb1: services[0] has port 65536: give a number from 0 to 65535."),
    (web(port="http"), "lb1: services[0] has port 'http', which is no whole number."),
    (web(port=0), "lb1: services[0] (198.18.0.100:0/tcp) has port 0 (every port) without persistent, which the kernel refuses: give a "
                  "port, or seconds in persistent."),
    (web(fwmark=1), "lb1: services[0] has a fwmark and an address or port: a service is known by either of them, take one away."),
    ({"fwmark": 0}, "lb1: services[0] has fwmark 0: give a number from 1 to 4294967295."),
    (web(scheduler="random"), "lb1: services[0] has scheduler 'random', which is none of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, "
                              "fo, ovf, mh."),
    (web(scheduler_flags=["sh-port"]), W + "has scheduler flag 'sh-port', which scheduler wlc does not have: use one of flag-1, flag-2, "
                                           "flag-3."),
    (web(scheduler="sh", scheduler_flags=["flag-3"]), W + "has scheduler flag 'flag-3', which scheduler sh does not have: use one of "
                                                          "flag-1, flag-2, sh-fallback, sh-port."),
    (web(persistent=2678401), W + "has persistent 2678401: give seconds from 1 to 2678400, or leave it out."),
    (web(netmask="24"), W + "has netmask 24 without persistent, where it means nothing: give the seconds in persistent."),
    (web(netmask="33", persistent=9), W + "has netmask '33': give one like 255.255.255.0 or a prefix length from 1 to 32."),
    ({"address": "::1", "port": 1, "persistent": 9, "netmask": "ffff::"},
     "lb1: services[0] ([::1]:1/tcp) has netmask 'ffff::': give a prefix length from 1 to 128."),
    (web(persistence_engine="sip", protocol="udp"), "lb1: services[0] (198.18.0.100:80/udp) has persistence_engine sip without persistent: "
                                                    "give the seconds in persistent."),
    (web(persistence_engine="sip", persistent=9), W + "has persistence_engine sip with protocol tcp, but SIP calls are read from UDP only: "
                                                      "set protocol to udp."),
    (web(one_packet=True), W + "has one_packet with protocol tcp, which only UDP can: set protocol to udp, or one_packet to false."),
    (web(wieght=1), "lb1: services[0] has 'wieght', which is not known: use address, port, protocol, fwmark, family, scheduler, "
                    "scheduler_flags, persistent, netmask, persistence_engine, one_packet, servers, state."),
    (server(port=81), S + "has port 81, but with DR a packet keeps the port of its service (80): leave the port out, or use method NAT."),
    (server(port=81, method="TUN"), S + "has port 81, but with TUN a packet keeps the port of its service (80): leave the port out, or use "
                                        "method NAT."),
    (server(method="dr"), W + "servers[0] has method 'dr', which is none of DR, NAT, TUN."),
    (server(weight=-1), S + "has weight -1: give a number from 0 to 2147483647."),
    (server(tunnel_type="gue"), S + "has tunnel options with method DR: use method TUN, or take them away."),
    (server(method="TUN", tunnel_type="gue"), S + "is a GUE tunnel with tunnel_port None: give a number from 1 to 65535."),
    (server(method="TUN", tunnel_port=5), S + "has tunnel_port 5 with tunnel_type ipip, which has no port: use gue, or take it away."),
    (server(method="TUN", tunnel_checksum="csum"), S + "has tunnel_checksum csum, which tunnel_type ipip cannot: use none."),
    (server(method="TUN", tunnel_type="gre", tunnel_checksum="remcsum"),
     S + "has tunnel_checksum remcsum, which tunnel_type gre cannot: use none or csum."),
    (server(upper_threshold=5, lower_threshold=6),
     S + "has upper_threshold 5 and lower_threshold 6: give numbers from 0, the lower not above the upper."),
    (server(address="web1"), W + "servers[0] (web1) is no IPv4 or IPv6 address: write one without prefix length."),
    (server(address="2001:db8::1"), W + "servers[0] (2001:db8::1) has an IPv6 address in an IPv4 service, which only a tunnel can carry: "
                                        "use method TUN."),
    (server(address=None), W + "servers[0] lacks address: add it."),
    (web(servers="x"), "lb1: services[0] has servers 'x', which is no list."),
])
def test_refusals(service, sentence):
    assert problems(service) == [sentence]


def test_all_mistakes_at_once():
    assert len(problems(web(port=99999), server(weight=-1), {"fwmark": -1})) == 3


def test_twice():
    assert problems(web(), web(address="198.18.0.100")) == [
        "lb1: services[1] (198.18.0.100:80/tcp) is named twice: put its servers together."]
    twice = web(servers=[{"address": "2001:db8::1", "method": "TUN"}, {"address": "2001:DB8:0::1", "method": "TUN"}])
    assert problems(twice) == [W + "servers[1] (2001:DB8:0::1) is named twice: take one away."]


@pytest.mark.parametrize("service", [
    web(servers=[{"address": "198.18.0.11", "port": 8080, "method": "NAT"}, {"address": "2001:db8::1", "method": "TUN"}]),
    web(port="80", persistent="60", one_packet="no", servers=[{"address": "198.18.0.11", "weight": "2"}]),
    {"address": "198.18.0.100", "port": 0, "persistent": 9, "servers": [{"address": "198.18.0.11"}]},
    {"fwmark": 7, "family": "ipv6", "one_packet": True, "servers": [{"address": "2001:db8::1"}]},
    web(scheduler="mh", scheduler_flags=["mh-port", "flag-1"]),
    web(scheduler_flags="flag-1,flag-3"),
])
def test_allowed(service):
    assert problems(service) == []


def test_daemons():
    assert daemons_problems("lb1", [{"state": "master", "interface": "eth0", "id": 256}, {"state": "master", "interface": "eth1"}]) == [
        "lb1: sync_daemons[0] (master) has id 256: give a number from 0 to 255.",
        "lb1: sync_daemons[1] (master) is named twice: the kernel runs one of each state, take one away."]
    assert daemons_problems("lb1", [{"state": "backup", "interface": "eth0", "group": "198.18.0.1", "ttl": 0}]) == [
        "lb1: sync_daemons[0] (backup) has ttl 0: give a number from 1 to 255.",
        "lb1: sync_daemons[0] (backup) has group 198.18.0.1, which is no multicast address: use one like 224.0.0.81 or ff02::81."]


def test_timeouts():
    assert timeouts_problems("lb1", {"tcp": -1, "udp": 2678400}) == [
        "lb1: timeouts.tcp is -1: give seconds from 1 to 2678400, or 0 to leave it as it is."]


def test_nothing_runs_when_something_is_wrong():
    def run(arguments, text):
        raise AssertionError("ipvsadm was started")
    given = {"services": [web(servers=[{"address": "2001:db8::1", "method": "TUN"}])], "purge": False, "purge_servers": True,
             "weights": [], "timeouts": None, "sync_daemons": [{"state": "master", "interface": "eth0"}]}
    with pytest.raises(Failure) as caught:
        Change(Ipvsadm("lb1", run), given, list).check()
    assert str(caught.value) == (
        "lb1: services[0] (198.18.0.100:80/tcp) servers[0] (2001:db8::1) has another address family than its service, which the kernel "
        "refuses together with sync_daemons: do without one of them.")
