"""On what ipvsadm 1.31 printed with kernel 6.1 (ipvs/*.txt)."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs import parse as p

HERE = pathlib.Path(__file__).parents[3] / "recorded/ipvs"


def recorded(name):
    return (HERE / (name + ".txt")).read_text()


@pytest.fixture
def table():
    return p.parse_table(recorded("save"))


def test_services(table):
    assert table["-t 198.18.0.100:80"][0] == p.Options("wrr", 0, 300, "255.255.255.0", "", False)
    assert table["-t 198.18.0.100:81"][0].persistent == 360
    assert table["-u 198.18.0.100:53"][0] == p.Options("rr", 0, 0, "", "", True)
    assert table["-u 198.18.0.102:5060"][0] == p.Options("wlc", 0, 60, "", "sip", True)
    assert table["--sctp-service 198.18.0.100:9999"] == (p.Options("wlc", 0, 0, "", "", False), {})
    assert table["-t [2001:db8::100]:443"][0] == p.Options("sh", 3, 100, "64", "", False)
    assert table["-t 198.18.0.110:443"][0] == p.Options("mh", 3, 0, "", "", False)
    assert table["-t 198.18.0.112:443"][0].flags == 7
    assert table["-f 2 -6"][0] == p.Options("wrr", 0, 60, "64", "", False)
    assert table["-f 2"][0].scheduler == "wrr"
    assert "-t [::ffff:198.18.0.1]:80" in table


def test_a_mark_above_2_to_31_is_printed_negative_and_read_right(table):
    assert table["-f 4294967295"][1] == {"198.18.0.10:0": p.Server("-g", 1, "ipip", 0, "nocsum")}


def test_servers(table):
    servers = table["-t 198.18.0.100:80"][1]
    assert servers == {
        "198.18.0.21:80": p.Server("-g", 3, "ipip", 0, "nocsum"),
        "198.18.0.22:8080": p.Server("-m", 0, "ipip", 0, "nocsum"),
        "198.18.0.31:80": p.Server("-i", 2, "ipip", 0, "nocsum"),
        "198.18.0.41:80": p.Server("-i", 1, "gue", 5555, "nocsum"),
        "198.18.0.43:80": p.Server("-i", 1, "gue", 5556, "remcsum"),
        "198.18.0.44:80": p.Server("-i", 1, "gre", 0, "csum"),
        "[2001:db8::45]:80": p.Server("-i", 1, "ipip", 0, "nocsum"),
    }


def test_an_empty_table():
    assert p.parse_table("") == {}


def test_the_text_is_read_back_as_it_was(table):
    assert p.parse_table(p.table_text(table, table)) == table


def test_text_is_what_ipvsadm_prints(table):
    """Apart from the order, the kind of a plain tunnel and a large mark."""
    theirs = {line.replace(" --tun-type ipip", "").replace("-f -1", "-f 4294967295") for line in recorded("save").splitlines()}
    assert set(p.table_text(table, table).splitlines()) == theirs


def test_thresholds_and_connections():
    listing = p.parse_listing(recorded("thresholds"))
    assert listing["-t 198.18.0.100:80", "198.18.0.22:8080"] == (100, 50, 0, 0)
    assert listing["-t [2001:db8::100]:443", "[2001:db8:1111:2222:3333:4444:5555:7777]:65535"] == (2147483647, 1000000000, 0, 0)
    assert listing["-f 2 -6", "[2001:db8::21]:0"] == (0, 0, 0, 0)
    assert ("-f 4294967295", "198.18.0.10:0") in listing
    assert len(listing) == recorded("thresholds").count("  -> ") - 1


def test_every_server_of_the_table_is_in_the_listing(table):
    assert {(name, server) for name in table for server in table[name][1]} == set(p.parse_listing(recorded("thresholds")))


def test_timeouts():
    assert p.parse_timeouts(recorded("timeout")) == {"tcp": 900, "tcpfin": 120, "udp": 300}
    assert p.parse_timeouts("") is None


def test_daemons():
    assert p.parse_daemons(recorded("daemon")) == {
        "master": {"state": "master", "interface": "eth0", "id": 7, "maxlen": 1472, "group": "224.0.0.81", "port": 8848, "ttl": 1},
        "backup": {"state": "backup", "interface": "eth0", "id": 8, "maxlen": 1024, "group": "ff02::81", "port": 9000, "ttl": 2},
    }
    assert p.parse_daemons("") == {}


def test_version():
    assert p.parse_tool_version(recorded("version")) == "1.31"


@pytest.mark.parametrize("text, expected", [
    ("198.18.0.1", (4, "198.18.0.1")), ("2001:DB8:0:0::1", (6, "2001:db8::1")), ("1:0:2:3:4:5:6:7", (6, "1:0:2:3:4:5:6:7")),
    ("::ffff:198.18.0.1", (6, "::ffff:198.18.0.1")), ("198.18.0.1/24", (None, None)), ("198.18.0.256", (None, None)),
    ("web1", (None, None)), ("", (None, None)), ("[::1]", (None, None)),
])
def test_canonical(text, expected):
    assert p.canonical(text) == expected


def test_the_shape_of_the_module_s_options(table):
    listing = p.parse_listing(recorded("thresholds"))
    services = p.services_list(table, listing)
    web = next(service for service in services if service.get("port") == 80 and service["address"] == "198.18.0.100")
    assert web["protocol"] == "tcp" and web["netmask"] == "255.255.255.0" and web["persistent"] == 300
    assert web["servers"][1] == {
        "address": "198.18.0.22", "port": 8080, "method": "NAT", "weight": 0, "upper_threshold": 100, "lower_threshold": 50,
        "active_connections": 0, "inactive_connections": 0}
    assert web["servers"][3]["tunnel_port"] == 5555
    six = next(service for service in services if service.get("family") == "ipv6")
    assert six["fwmark"] == 2 and "address" not in six


def test_in_words():
    assert p.in_words("-t 198.18.0.100:80") == "198.18.0.100:80/tcp"
    assert p.in_words("--sctp-service [::1]:9") == "[::1]:9/sctp"
    assert p.in_words("-f 2 -6") == "fwmark 2 (IPv6)"


PROC = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C6120064:0050 wrr persistent 300 FFFFFFFF
  -> C6120016:1F90      Masq    0      1          4
  -> C6120015:0050      Route   3      2          0
UDP  C6120064:0035 rr ops\x20
TCP  [2001:0db8:0000:0000:0000:0000:0000:0100]:01BB sh\x20
  -> [2001:0db8:0000:0000:0000:0000:0000:0045]:01BB      Tunnel  1      7          0
FWM  FFFFFFFF wlc\x20
  -> C612000A:0000      Route   1      0          0
"""


def test_the_kernels_own_listing():
    web, dns, six, mark = p.parse_proc(PROC)
    assert web == {"protocol": "tcp", "address": "198.18.0.100", "port": 80, "servers": [
        {"address": "198.18.0.22", "port": 8080, "weight": 0, "active_connections": 1, "inactive_connections": 4},
        {"address": "198.18.0.21", "port": 80, "weight": 3, "active_connections": 2, "inactive_connections": 0}]}
    assert dns == {"protocol": "udp", "address": "198.18.0.100", "port": 53, "servers": []}
    assert (six["address"], six["port"], six["servers"][0]["address"]) == ("2001:db8::100", 443, "2001:db8::45")
    assert mark["fwmark"] == 4294967295 and mark["servers"][0]["address"] == "198.18.0.10"
    assert p.parse_proc("") == []
