from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.virtual_servers import problems
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import resolve_all

WEB = "lb1: keepalived_virtual_servers (web)"
FIRST = WEB + ".servers[0] (198.18.0.21)"
CHECK = FIRST + ".checks[0]"
DIRECTORS = ("networks", "client_networks", "email", "sync_daemon")


def values(**changes):
    virtual = {"name": "web", "address": "198.18.0.100", "port": 80, "servers": [{"address": "198.18.0.21"}, {"address": "198.18.0.22"}]}
    result = {
        "keepalived_address": "198.18.0.11", "keepalived_networks": [], "keepalived_client_networks": [], "keepalived_email": {},
        "keepalived_sync_daemon": {}, "keepalived_instances": [{"name": "web", "virtual_router_id": 51, "addresses": ["198.18.0.100/24"]}],
    }
    virtual.update({name: value for name, value in changes.items() if name not in DIRECTORS})
    result.update({"keepalived_" + name: value for name, value in changes.items() if name in DIRECTORS})
    virtuals = changes.get("virtual_servers") or [{name: value for name, value in virtual.items() if value is not None}]
    return dict(result, keepalived_virtual_servers=virtuals, keepalived_virtual_services=resolve_all(virtuals, {"empty": []}, {}))


def server(**changes):
    return [dict({"address": "198.18.0.21"}, **changes)]


def check(**changes):
    return server(checks=[changes])


def test_a_sane_site_has_no_problems():
    assert problems("lb1", values()) == []
    assert problems("lb1", values(ports=[443], scheduler="wrr", quorum=2, sorry_server={"address": "198.18.0.30"})) == []
    assert problems("lb1", values(address=None, port=None, fwmark=5, servers=server(port=80))) == []
    assert problems("lb1", values(method="NAT", servers=[{"address": "198.18.9.21", "port": 8080}], networks=["198.18.9.0/24"])) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"address": None}, WEB + " needs either an address or a fwmark: give one of the two."),
    ({"fwmark": 3, "port": None}, WEB + " needs either an address or a fwmark: give one of the two."),
    ({"address": None, "fwmark": 3},
     WEB + " has a fwmark and the port 80, but the mark says which packets: take the port away."),
    ({"address": "198.18.0.100/24"},
     WEB + " has the address 198.18.0.100/24, which is none: write it without prefix length, like 198.18.0.100."),
    ({"port": 70000}, WEB + " has the port 70000: give a number from 1 to 65535."),
    ({"port": None}, WEB + " has no port, and all ports need persistence_timeout: give a port or the time-out."),
    ({"persistence_engine": "sip", "persistence_timeout": 5},
     WEB + ".persistence_engine is sip, which reads UDP alone, but protocol is TCP: take it away or set UDP."),
    ({"one_packet": True}, WEB + ".one_packet is true, which is for UDP alone, but protocol is TCP: take it away or set UDP."),
    ({"persistence_netmask": "255.255.255.0"},
     WEB + ".persistence_netmask is 255.255.255.0, but persistence_timeout is 0: give a time-out or take it away."),
    ({"scheduler_flags": ["sh-port"]},
     WEB + ".scheduler_flags has sh-port, which only scheduler sh knows, but it is wlc: change one of them."),
    ({"retry": 0}, WEB + ".retry is 0, which only a check may have: give at least 1 here, or retry 0 to each check."),
    ({"quorum_up": "notify"}, WEB + ".quorum_up is 'notify': begin with an absolute path."),
    ({"quorum_up": '/bin/x "a b"'},
     WEB + ".quorum_up is '/bin/x \"a b\"', but keepalived loses double quotes and backslashes: use single quotes or put it into a "
     "script."),
    ({"clients": ["everybody"]}, WEB + ".clients has everybody, which is no network: write it like 203.0.113.0/24."),
    ({"tunnel": {"type": "ipip"}}, WEB + ".tunnel is given, but method is DR: take it away or set TUN."),
    ({"method": "TUN", "tunnel": {"type": "gue"}}, WEB + ".tunnel has type gue and port None: gue needs a port, the others have none."),
    ({"method": "TUN", "tunnel": {"type": "gre", "checksum": "remcsum"}},
     WEB + ".tunnel has type gre, which does not know checksum remcsum: take it away."),
])
def test_each_sentence_about_a_virtual_server(changes, sentence):
    assert problems("lb1", values(**changes)) == [sentence]


@pytest.mark.parametrize("changes, sentence", [
    ({"servers": []}, WEB + " has no real servers: name a group that has hosts, or servers."),
    ({"servers": [], "group": "empty"}, WEB + " has no real servers: name a group that has hosts, or servers."),
    ({"servers": server() + server()}, WEB + " has the real server 198.18.0.21 port 80 twice: name it once."),
    ({"quorum": 3}, WEB + ".quorum is 3, but its servers weigh 2 together: it could never be reached; lower it."),
    ({"servers": [{"host": "nobody"}]},
     WEB + ".servers[0] (nobody) is nobody, which is neither a host of the inventory with an address nor an address: name one."),
    ({"servers": server(weight=70000)}, FIRST + " has weight 70000: give a number from 0 to 65535."),
    ({"servers": server(lower_threshold=9, upper_threshold=5)},
     FIRST + " has lower_threshold 9 and upper_threshold 5: the lower may not be above the upper."),
    ({"servers": server(port=8080)},
     FIRST + " has port 8080, but the service has 80, and DR delivers packets as they are: use the same port, or NAT."),
    ({"servers": server(port=8080, method="TUN")},
     FIRST + " has port 8080, but the service has 80, and TUN delivers packets as they are: use the same port, or NAT."),
    ({"servers": [{"address": "203.0.113.21"}]},
     WEB + ".servers[0] (203.0.113.21) has address 203.0.113.21, which is in none of the director's networks 198.18.0.0/24, and DR "
     "reaches neighbours only: use NAT or TUN, or name its network in keepalived_networks."),
    ({"servers": [{"address": "2001:db8::21"}], "networks": ["2001:db8::/64"]},
     WEB + ".servers[0] (2001:db8::21) has address 2001:db8::21, but the virtual address is 198.18.0.100: only TUN goes from one "
     "family to the other."),
    ({"servers": server(method="NAT")},
     FIRST + " has method NAT and address 198.18.0.21, and the virtual address 198.18.0.100 is in its own network 198.18.0.0/24: "
     "clients from there would be answered directly, past the director, and not know the answer; use DR, or move one of them, or name "
     "where clients come from in keepalived_client_networks."),
    ({"servers": server(method="NAT"), "client_networks": ["198.18.0.0/16"]},
     FIRST + " has method NAT and address 198.18.0.21, but clients come from 198.18.0.0/16, which is its own network 198.18.0.0/24: it "
     "would answer them directly, past the director, and they would not know the answer; use DR, or put clients and servers into "
     "different networks."),
    ({"servers": server(retry=0)}, FIRST + ".retry is 0, which only a check may have: give at least 1 here, or retry 0 to each check."),
    ({"servers": server(notify_up="x")}, FIRST + ".notify_up is 'x': begin with an absolute path."),
    ({"sorry_server": {"address": "sorry"}}, WEB + ".sorry_server has the address sorry, which is none: give one."),
    ({"sorry_server": {"address": "198.18.0.30", "port": 81}},
     WEB + ".sorry_server has port 81, but the service has 80, and DR delivers packets as they are: use the same port, or NAT."),
    ({"servers": [{"address": "198.18.0.100"}]},
     "lb1: keepalived_virtual_servers (web) has the real server 198.18.0.100, whose address 198.18.0.100 is also a virtual address: use "
     "another."),
])
def test_each_sentence_about_real_servers(changes, sentence):
    assert problems("lb1", values(**changes)) == [sentence]


def test_nat_is_fine_when_clients_are_elsewhere():
    assert problems("lb1", values(servers=server(method="NAT"), client_networks=["203.0.113.0/24"])) == []
    assert problems("lb1", values(servers=server(method="NAT"), clients=["0.0.0.0/0"])) == []


@pytest.mark.parametrize("given, sentence", [
    ({"type": "HTTP_GET"}, " (HTTP_GET) has no urls: name at least one with its path."),
    ({"type": "HTTP_GET", "urls": [{"path": "x"}]}, " (HTTP_GET) has the path x: begin it with /."),
    ({"type": "SSL_GET", "sni": True, "urls": [{"path": "/"}]}, " (SSL_GET) has sni, but no virtualhost to send: give one."),
    ({"type": "MISC_CHECK"}, " (MISC_CHECK) has no script: give an absolute path."),
    ({"type": "MISC_CHECK", "script": "check"}, ".script is 'check': begin with an absolute path."),
    ({"type": "FILE_CHECK", "file": "x"}, " (FILE_CHECK) has the file 'x': give an absolute path."),
])
def test_each_sentence_about_a_check(given, sentence):
    assert problems("lb1", values(servers=check(**given))) == [CHECK + sentence]


def test_a_check_without_a_port():
    given = values(address=None, port=None, fwmark=3, servers=check(type="TCP_CHECK"))
    assert problems("lb1", given) == [CHECK + " (TCP_CHECK) does not know the port, as the server has none: give connect_port."]


@pytest.mark.parametrize("changes, sentence", [
    ({"sync_daemon": {"interface": "eth0", "instance": "nix"}},
     "lb1: keepalived_sync_daemon.instance is nix, which keepalived_instances does not have: name one of them."),
    ({"sync_daemon": {"instance": "web"}}, "lb1: keepalived_sync_daemon has no interface: name the one the directors share."),
    ({"sync_daemon": {"interface": "eth0", "instance": "web", "id": 256}},
     "lb1: keepalived_sync_daemon.id is 256: give a number from 0 to 255."),
    ({"email": {"from": "a@b"}}, "lb1: keepalived_email lacks to, smtp_server: give all of from, to and smtp_server."),
    ({"smtp_alert": True}, "lb1: web has smtp_alert, but keepalived_email is empty: say who is told and by which server."),
    ({"networks": ["here"]}, "lb1: keepalived_networks has here, which is no network: write it like 203.0.113.0/24."),
])
def test_each_sentence_about_the_director(changes, sentence):
    assert problems("lb1", values(**changes)) == [sentence]


def test_one_service_twice():
    web = {"name": "web", "address": "198.18.0.100", "ports": [80, 443], "servers": server()}
    again = {"name": "again", "address": "198.18.0.100", "port": 443, "servers": server()}
    assert problems("lb1", values(virtual_servers=[web, again])) == [
        "lb1: keepalived_virtual_servers has TCP 198.18.0.100:443 twice: define it once."]
