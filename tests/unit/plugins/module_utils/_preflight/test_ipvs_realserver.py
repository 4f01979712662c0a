from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.ipvs_realserver import claims, problems

DR = {
    "ipvs_realserver_addresses": ["198.18.7.100", "2001:db8::100"], "ipvs_realserver_method": "DR",
    "ipvs_realserver_way": "loopback", "ipvs_realserver_tunnel": "ipip", "ipvs_realserver_tunnel_port": 6080,
    "ipvs_realserver_gateway": "", "ipvs_realserver_client_networks": [], "ipvs_realserver_address": "198.18.7.21",
    "ipvs_realserver_networks": ["198.18.7.0/24", "198.18.27.0/24"],
}
NAT = dict(DR, ipvs_realserver_method="NAT", ipvs_realserver_addresses=["198.18.17.100"], ipvs_realserver_gateway="198.18.27.100")
TUN = dict(DR, ipvs_realserver_method="TUN", ipvs_realserver_addresses=["198.18.7.100"])


def values(base, **changes):
    result = copy.deepcopy(base)
    for name, value in changes.items():
        assert "ipvs_realserver_" + name in result
        result["ipvs_realserver_" + name] = value
    return result


@pytest.mark.parametrize("given", [
    DR, NAT, TUN,
    values(NAT, addresses=[]),
    values(NAT, networks=[]),
    values(NAT, client_networks=["198.18.17.0/24"]),
    values(NAT, addresses=["2001:db8:17::100"], gateway="2001:db8:27::100", networks=["2001:db8:27::/64"]),
    values(TUN, gateway="2001:db8:27::100", client_networks=["2001:db8:17::/64"], networks=["198.18.7.0/24", "2001:db8:27::/64"]),
    values(DR, way="redirect"),
    values(TUN, tunnel="gue", tunnel_port=5555),
    values(DR, gateway="198.18.27.100", client_networks=["198.18.17.0/24"]),
    values(DR, addresses=[], method=""),
])
def test_what_makes_sense_is_accepted(given):
    assert problems("real1", given) == []
    assert [claim.key for claim in claims("real1", given)] == given["ipvs_realserver_addresses"]


@pytest.mark.parametrize("given, sentence", [
    (values(DR, addresses=["198.18.7.100/32"]), "ipvs_realserver_addresses has '198.18.7.100/32', which is no address: write it like "
     "198.18.0.100, without a prefix length."),
    (values(NAT, client_networks=["clients"]), "ipvs_realserver_client_networks has 'clients', which is no network: write it like "
     "198.18.0.0/24."),
    (values(NAT, gateway="lb1"), "ipvs_realserver_gateway is 'lb1', which is no address: give the director's inner address."),
    (values(TUN, tunnel="gue", tunnel_port=0), "ipvs_realserver_tunnel_port is 0: give a number from 1 to 65535."),
    (values(DR, method=""), "ipvs_realserver_addresses are given, but no ipvs_realserver_method: set DR, TUN or NAT, as on the director."),
    (values(DR, addresses=[]), "ipvs_realserver_method is DR, but ipvs_realserver_addresses is empty: name the virtual addresses."),
    (values(TUN, way="redirect"), "ipvs_realserver_way is redirect, but what leaves a tunnel arrives by the tunnel's interface, which "
     "has no address to redirect to: set loopback, or method DR."),
    (values(NAT, way="redirect"), "ipvs_realserver_way is redirect, but with NAT the director redirects already: take it away, or set "
     "method DR."),
    (values(DR, tunnel="gre"), "ipvs_realserver_tunnel is gre, but ipvs_realserver_method is DR: set TUN or take the tunnel away."),
    (values(TUN, addresses=["2001:db8::100"]), "ipvs_realserver_addresses has 2001:db8::100, but tunnels carry only IPv4 here: take IPv6 "
     "addresses by DR."),
    (values(DR, addresses=["198.18.7.21"]), "ipvs_realserver_addresses has 198.18.7.21, which is this host's own address: choose one that "
     "only the directors hold."),
    (values(DR, addresses=["198.18.7.100", "198.18.7.100"]), "ipvs_realserver_addresses has 198.18.7.100 twice: name it once."),
    (values(NAT, addresses=["2001:db8:17::100"]), "ipvs_realserver_addresses has 2001:db8:17::100, but ipvs_realserver_gateway is "
     "198.18.27.100, of the other family, by which no answer to such clients passes the director: name its address of that family, or "
     "balance the other by DR."),
    (values(DR, gateway="198.18.27.100", client_networks=["2001:db8:17::/64"]), "ipvs_realserver_client_networks has 2001:db8:17::/64, but "
     "ipvs_realserver_gateway is 198.18.27.100, of the other family, by which no answer to such clients passes the director: name its "
     "address of that family, or balance the other by DR."),
    (values(NAT, gateway=""), "ipvs_realserver_method is NAT, but ipvs_realserver_gateway is empty, so answers would not pass the "
     "director, which alone can put the virtual address into them: name the director's inner address."),
    (values(DR, client_networks=["198.18.17.0/24"]), "ipvs_realserver_client_networks are given, but ipvs_realserver_gateway is empty: "
     "name it, or take them away."),
    (values(DR, gateway="198.18.27.100"), "ipvs_realserver_gateway is 198.18.27.100, but with DR answers go to the clients directly, and "
     "the director refuses packets that come with its own address: take it away, or name in ipvs_realserver_client_networks whose "
     "answers go there."),
    (values(NAT, gateway="198.18.7.21"), "ipvs_realserver_gateway is 198.18.7.21, which is this host's own address: name the director's."),
    (values(NAT, gateway="203.0.113.1"), "ipvs_realserver_gateway is 203.0.113.1, which is in none of this host's networks "
     "(198.18.7.0/24, 198.18.27.0/24): name the director's address in one."),
    (values(NAT, client_networks=["198.18.0.0/16"]), "ipvs_realserver_client_networks has 198.18.0.0/16, which overlaps this host's own "
     "network 198.18.7.0/24: answers to such clients would bypass the director, and they drop them, having asked another address; put "
     "clients and servers into different networks, or use DR."),
    (values(NAT, addresses=["198.18.27.200"]), "ipvs_realserver_addresses has 198.18.27.200, which is in this host's own network "
     "198.18.27.0/24: with NAT, answers to that network's clients would bypass the director; give the virtual address in a network the "
     "servers are not in, or use DR."),
])
def test_each_sentence(given, sentence):
    assert "real1: " + sentence in problems("real1", given)
