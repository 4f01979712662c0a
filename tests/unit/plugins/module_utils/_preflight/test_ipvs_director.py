from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Offer
from ansible_collections.failover.stack.plugins.module_utils._preflight.ipvs_director import claims, problems

SERVICE = {"address": "198.18.7.100", "port": 80, "scheduler": "wrr", "servers": [{"address": "198.18.7.21", "method": "DR"}]}
MARK = {"mark": 1, "protocol": "tcp", "addresses": ["198.18.7.100"], "ports": [80, 443]}
VALUES = {
    "ipvs_director_manager": "ipvsadm", "ipvs_director_services": [SERVICE], "ipvs_director_timeouts": {},
    "ipvs_director_sync_daemons": [], "ipvs_director_schedulers": ["wrr"], "ipvs_director_address": "198.18.7.11",
    "ipvs_director_networks": ["198.18.7.0/24"], "ipvs_director_sync_threshold": "3 0", "ipvs_director_sync_refresh_period": 8,
    "ipvs_director_sync_retries": 3, "ipvs_director_marks": [MARK], "ipvs_director_sorry": True, "ipvs_director_sorry_ports": [80],
    "ipvs_director_ipv6_forward": False,
    "ipvs_director_sorry_tls_ports": [], "ipvs_director_sorry_certificate": "", "ipvs_director_sorry_key": "",
}


def values(**changes):
    result = copy.deepcopy(VALUES)
    for name, value in changes.items():
        assert "ipvs_director_" + name in result
        result["ipvs_director_" + name] = value
    return result


def service(**changes):
    return [dict(copy.deepcopy(SERVICE), **changes)]


def mark(**changes):
    return [dict(copy.deepcopy(MARK), **changes)]


def test_what_makes_sense_is_accepted():
    assert problems("lb1", VALUES) == []
    assert {claim.key for claim in claims("lb1", VALUES)} == {"80", "198.18.7.100", "off"}
    assert problems("lb1", values(manager="keepalived", services=[])) == []
    assert problems("lb1", values(networks=[], services=service(servers=[{"address": "203.0.113.1"}]))) == []


SIX = [{"address": "2001:db8:7::100", "port": 80, "servers": [{"address": "2001:db8:7::21", "method": "NAT"}]}]


def test_nat_of_ipv6_is_taken_where_the_director_forwards_it():
    assert problems("lb1", values(services=SIX, ipv6_forward=True)) == []
    assert Offer("IPv6 forwarding of lb1", "on") in claims("lb1", values(ipv6_forward=True))


@pytest.mark.parametrize("changes, sentence", [
    ({"services": SIX}, "ipvs_director_services[0].servers has 2001:db8:7::21 by NAT, but ipvs_director_ipv6_forward is false, so its "
     "answers would end here: set it to true, or use DR."),
    ({"manager": "keepalived"}, "ipvs_director_services is given, but ipvs_director_manager is keepalived, which keeps the table by "
     "itself: "
     "write it into keepalived's variables, or set the manager to ipvsadm."),
    ({"services": service(address=None)}, "ipvs_director_services[0] has neither address nor fwmark: give one of them."),
    ({"services": service(address="198.18.7.11")}, "ipvs_director_services[0].address is 198.18.7.11, which is this host's own address: "
     "choose one that moves."),
    ({"services": service(servers=[{"address": "198.18.7.100"}])}, "ipvs_director_services[0].servers has 198.18.7.100, which is the "
     "virtual address itself: name the server's own address."),
    ({"services": service(servers=[{"address": "203.0.113.9"}])}, "ipvs_director_services[0].servers has 203.0.113.9 by DR, which "
     "is in none "
     "of this host's networks (198.18.7.0/24): DR reaches only neighbours, use TUN or NAT."),
    ({"services": service(servers=[{"address": "198.18.7.21", "port": 8080}])}, "ipvs_director_services[0] (198.18.7.100:80/tcp) "
     "servers[0] "
     "(198.18.7.21) has port 8080, but with DR a packet keeps the port of its service (80): leave the port out, or use method NAT."),
    ({"sync_daemons": [{"state": "master", "interface": "eth0", "id": 256}]},
     "ipvs_director_sync_daemons[0] (master) has id 256: give a number from 0 to 255."),
    ({"timeouts": {"tcp": -1}}, "ipvs_director_timeouts.tcp is -1: give seconds from 1 to 2678400, or 0 to leave it as it is."),
    ({"schedulers": ["best"]}, "ipvs_director_schedulers has 'best', which the kernel does not have: choose of rr, wrr, lc, wlc, "
     "lblc, lblcr, "
     "dh, sh, sed, nq, fo, ovf, mh."),
    ({"sync_threshold": "3"}, "ipvs_director_sync_threshold is '3': give two numbers, such as '3 0'."),
    ({"sync_threshold": "50 3"}, "ipvs_director_sync_threshold is '50 3', but the first number must be below the second (or that 0): give "
     "such as '3 50'."),
    ({"sync_retries": 4}, "ipvs_director_sync_retries is 4: give a number from 0 to 3."),
    ({"marks": mark(mark=0)}, "ipvs_director_marks[0].mark is 0: give a number from 1 to 4294967295."),
    ({"marks": mark(addresses=[])}, "ipvs_director_marks[0].addresses is empty: name the virtual addresses."),
    ({"marks": mark(addresses=["web"])}, "ipvs_director_marks[0].addresses has 'web', which is no address: write it like 198.18.0.100, "
     "without a prefix length."),
    ({"marks": mark(ports=[0])}, "ipvs_director_marks[0].ports has port 0: give numbers from 1 to 65535."),
    ({"marks": mark(ports=list(range(1, 17)))}, "ipvs_director_marks[0].ports has 16 ports, but a rule takes 15: spread them over several "
     "entries of the same mark."),
    ({"marks": mark() + mark(mark=2)}, "ipvs_director_marks[1] gives 198.18.7.100 tcp port 80 the mark 2, which has mark 1 already: "
     "let one "
     "of them go."),
    ({"sorry_tls_ports": [443]}, "ipvs_director_sorry_tls_ports are given, but ipvs_director_sorry_certificate is empty: name the file, or "
     "take the ports away."),
    ({"sorry_tls_ports": [443], "sorry_key": "/nowhere/www.key"}, "ipvs_director_sorry_key is /nowhere/www.key, which is no file on the "
     "controller: correct the path."),
    ({"sorry_tls_ports": [80]}, "ipvs_director_sorry_ports and ipvs_director_sorry_tls_ports both have 80: leave it in one of them."),
    ({"sorry_ports": []}, "ipvs_director_sorry is on, but without any ports: name some in ipvs_director_sorry_ports, or switch it off."),
    ({"sorry_ports": [70000]}, "ipvs_director_sorry_ports has port 70000: give numbers from 1 to 65535."),
])
def test_each_sentence(changes, sentence):
    assert "lb1: " + sentence in problems("lb1", values(**changes))
