from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers import resolve_all
from ansible_collections.failover.stack.plugins.module_utils._vip.virtual_servers_leftovers import leftovers


def left(**virtual):
    virtual = dict({"name": "web", "address": "198.18.0.100", "port": 80, "servers": [{"address": "198.18.0.21"}]}, **virtual)
    return leftovers(resolve_all([virtual], {}, {}))


def test_a_server_gets_its_weight_back():
    found = left(servers=[{"address": "198.18.0.21", "weight": 3, "upper_threshold": 9, "lower_threshold": 5}])
    assert found == {
        "lines": ["-E -t 198.18.0.100:80 -s wlc"],
        "servers": [["198.18.0.21", 3, "-e -t 198.18.0.100:80 -r 198.18.0.21:80 -g -x 9 -y 5"]]}


def test_a_sorry_server_goes():
    assert left(sorry_server={"address": "198.18.0.30"})["lines"][1] == "-d -t 198.18.0.100:80 -r 198.18.0.30:80"
    assert left(sorry_server={"address": "198.18.0.30", "port": 81, "method": "NAT", "inhibit": True})["lines"][1] == (
        "-e -t 198.18.0.100:80 -r 198.18.0.30:81 -m -w 0")


def test_options_of_a_service():
    assert left(scheduler="sh", scheduler_flags=["sh-port"], persistence_timeout=30, persistence_netmask="255.255.255.0")["lines"] == [
        "-E -t 198.18.0.100:80 -s sh -b sh-port -p 30 -M 255.255.255.0"]
    assert left(protocol="UDP", one_packet=True)["lines"] == ["-E -u 198.18.0.100:80 -s wlc -o"]
    assert left(protocol="UDP", persistence_timeout=5, persistence_engine="sip")["lines"] == [
        "-E -u 198.18.0.100:80 -s wlc -p 5 --pe sip"]
    assert left(protocol="SCTP")["lines"] == ["-E --sctp-service 198.18.0.100:80 -s wlc"]


def test_marks_families_and_tunnels():
    found = left(address=None, port=None, fwmark=5, method="TUN", tunnel={"type": "gue", "port": 5555, "checksum": "csum"},
                 servers=[{"address": "2001:db8::21"}])
    assert found == {
        "lines": ["-E -f 5 -6 -s wlc"],
        "servers": [["2001:db8::21", 1, "-e -f 5 -6 -r [2001:db8::21]:0 -i --tun-type gue --tun-port 5555 --tun-csum"]]}
