from __future__ import annotations

import copy

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, Offer, clashes, unmet
from ansible_collections.failover.stack.plugins.module_utils._preflight.ipvs_realserver import claims as realserver_claims
from ansible_collections.failover.stack.plugins.module_utils._preflight.keepalived import claims, problems

INSTANCE = {"name": "web", "virtual_router_id": 51, "addresses": ["198.18.0.101/24"]}
VALUES = {
    "keepalived_group": "haproxy", "keepalived_members": ["proxy1", "proxy2"], "keepalived_address": "198.18.0.13",
    "keepalived_version": 3, "keepalived_advert_interval": 0.1, "keepalived_scripts": [], "keepalived_processes": [],
    "keepalived_sync_groups": [], "keepalived_priority_first": 150, "keepalived_priority_step": 10,
    "keepalived_instances": [INSTANCE], "keepalived_passwords": None, "keepalived_addresses": {}, "keepalived_interface": "eth0",
    "keepalived_virtual_servers": [], "keepalived_virtual_services": [], "keepalived_networks": [], "keepalived_client_networks": [],
    "keepalived_sync_daemon": {}, "keepalived_email": {}, "keepalived_peers": ["198.18.0.14"], "keepalived_gateway": "198.18.0.1",
    "keepalived_track_network": {}, "keepalived_network_peers": {},
}


def values(**changes):
    result = copy.deepcopy(VALUES)
    for name, value in changes.items():
        if "keepalived_" + name in result and name not in ("addresses", "interface"):
            result["keepalived_" + name] = value
        else:
            result["keepalived_instances"][0][name] = value
    return result


def test_a_sane_site_has_no_problems():
    assert problems("proxy1", VALUES) == []
    assert clashes(claims("proxy1", VALUES) + claims("proxy2", values(address="198.18.0.14", peers=["198.18.0.13"]))) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"virtual_router_id": 0}, "virtual_router_id is 0: give a number from 1 to 255."),
    ({"virtual_router_id": 256}, "virtual_router_id is 256: give a number from 1 to 255."),
    ({"priority": 255}, "priority is 255: give a number from 1 to 254."),
    ({"version": 2}, "advert_interval is 0.1, but VRRP 2 counts whole seconds from 1 to 255: give such a number or set version 3."),
    ({"advert_interval": 0.001}, "advert_interval is 0.001, but VRRP 3 allows 0.01 to 40.95 seconds: give a value in that range."),
    ({"authentication": True}, "authentication is true, which VRRP 3 does not know: set version 2 or take it away."),
    ({"addresses": []}, "addresses is empty: name the virtual address, with the prefix length of its network where it has one here."),
    ({"addresses": ["vip.example/24"]}, "addresses has vip.example/24, which is no address: write it like 198.18.0.101/24, with ' dev "
     "eth1' behind it where it belongs to another interface."),
    ({"addresses": ["198.18.0.1/24"]}, "addresses has 198.18.0.1/24, which is this host's gateway: choose one that nobody has."),
    ({"addresses": ["198.18.0.255/24"]}, "addresses has 198.18.0.255/24, which is that network's own or its broadcast address: choose a "
     "host's, or repair the prefix length."),
    ({"addresses": ["127.0.0.9/32"]}, "addresses has 127.0.0.9/32, which no machine can have in a network: choose a host's address."),
    ({"addresses": ["2001:db8::101/64"]}, "addresses are IPv6 alone, but its adverts go from one IPv4 address to the other, and keepalived "
     "wants one of that family among them: name the members' IPv6 addresses in keepalived_addresses and network, or set unicast to false."),
    ({"garp_master_refresh": -1}, "garp_master_refresh is -1: give 0 or more."),
    ({"notify_master": "take-over"}, "notify_master is 'take-over': begin with an absolute path."),
    ({"notify_master": "/usr/local/sbin/take-over root"}, "notify_master is '/usr/local/sbin/take-over root', where root would be an "
     "argument: take it out, and set notify_user to root, as whom it runs."),
    ({"addresses": ["198.18.0.13/24"]},
     "addresses has 198.18.0.13/24, which is this host's own address: choose one that nobody has."),
    ({"track_scripts": ["x"]}, "track_scripts names 'x', which keepalived_scripts does not have: add it there or take it away."),
    ({"preempt_delay": 5}, "preempt_delay is 5, but preempt is false: set preempt or take the delay away."),
])
def test_each_instance_sentence(changes, sentence):
    found = problems("proxy1", values(**changes))
    assert "proxy1: keepalived_instances[0] (web)." + sentence in found


@pytest.mark.parametrize("changes, sentence", [
    ({"members": ["other"]},
     "proxy1: keepalived_group is 'haproxy', which this host is not in: name the group whose hosts share the addresses."),
    ({"scripts": [{"name": "a"}]}, "proxy1: keepalived_scripts[0] (a) needs either command or tcp_port: give one of the two."),
    ({"scripts": [{"name": "a", "command": "true"}]},
     "proxy1: keepalived_scripts[0].command is 'true': begin with an absolute path."),
    ({"sync_groups": [{"name": "g", "instances": ["nix"]}]},
     "proxy1: keepalived_sync_groups (g) names 'nix', which keepalived_instances does not have: add or remove it."),
])
def test_each_host_sentence(changes, sentence):
    assert sentence in problems("proxy1", values(**changes))


def test_two_instances_of_one_name():
    found = problems("proxy1", values(instances=[INSTANCE, dict(INSTANCE, virtual_router_id=52)]))
    assert "proxy1: keepalived_instances[1] (web) has the name of another instance: give each its own." in found


def test_equal_vrids_of_different_addresses_clash():
    other = values(address="198.18.0.11", addresses=["198.18.0.100/24"])
    assert clashes(claims("proxy1", VALUES) + claims("lb1", other)) == [
        "lb1: keepalived_instances (web) has virtual_router_id 51, which another instance on segment 198.18.0.0/24 uses: give each "
        "VRRP instance of a segment its own."]


def test_a_virtual_address_that_is_another_hosts_address_clashes():
    other = values(address="198.18.0.101")
    assert clashes(claims("web1", dict(other, keepalived_instances=[])) + claims("proxy1", VALUES)) == [
        "proxy1: keepalived_instances (web) has address 198.18.0.101/24, which a host or another instance has: choose one that nobody has."]


INNER = {"network": "inner", "interface": "eth1", "addresses": ["198.18.9.101/24"]}


def test_an_instance_on_a_further_network_is_judged_by_its_own_address():
    assert problems("proxy1", dict(values(**INNER), keepalived_addresses={"inner": "198.18.9.13"})) == []
    assert problems("proxy1", dict(values(network="inner", interface="eth1", addresses=["198.18.9.13/24"]),
                                   keepalived_addresses={"inner": "198.18.9.13"}))[0].startswith(
        "proxy1: keepalived_instances[0] (web).addresses has 198.18.9.13/24, which is this host's own address")
    assert problems("proxy1", values(addresses=["198.18.9.101/24"], interface="eth1", unicast=False)) == []
    assert problems("proxy1", values(addresses=["198.18.9.101/24"], interface="eth1", source_address="198.18.9.13")) == []


@pytest.mark.parametrize("changes, sentence", [
    (INNER, "network is 'inner', which keepalived_addresses of this host does not have: give its address there."),
    ({"network": "inner"}, "network is 'inner', but interface is not given: name the interface on that network."),
    ({"source_address": "here"}, "source_address is here, which is no address: give one of this host's."),
])
def test_each_sentence_about_further_networks(changes, sentence):
    assert "proxy1: keepalived_instances[0] (web)." + sentence in problems("proxy1", values(**changes))


def test_one_vrid_twice_on_one_interface_in_different_subnets():
    other = dict(INSTANCE, name="other", addresses=["198.18.0.129/25"])
    found = problems("proxy1", values(instances=[INSTANCE, other], address="198.18.0.130"))
    assert ("proxy1: keepalived_instances[1] (other).virtual_router_id is 51, which web has on the same interface: give each its own."
            in found)


def test_one_vrid_on_two_interfaces_is_fine():
    both = dict(values(), keepalived_addresses={"inner": "198.18.9.13"})
    both["keepalived_instances"] = [INSTANCE, dict(INSTANCE, name="inner", **INNER)]
    assert problems("proxy1", both) == []
    assert clashes(claims("proxy1", both)) == []


def test_addresses_on_further_networks_are_claimed_too():
    other = dict(values(), keepalived_addresses={"inner": "198.18.0.101"}, keepalived_instances=[], keepalived_address="198.18.0.14")
    assert clashes(claims("web1", other) + claims("proxy1", VALUES)) == [
        "proxy1: keepalived_instances (web) has address 198.18.0.101/24, which a host or another instance has: choose one that nobody has."]


# -- what people have -------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [
    {"addresses": ["203.0.113.10/28"]},  # public before private hosts, on the same interface
    {"addresses": ["198.18.0.100/32"]}, {"addresses": ["198.18.0.100"]}, {"addresses": ["2001:db8::1/128", "198.18.0.100"]},
    {"addresses": ["10.3.255.1/32"], "notify_master": "/usr/local/sbin/move-route"},  # routed, unicast between two subnets
    {"addresses": ["203.0.113.40/24 dev eth1"]},
    {"addresses": ["2001:db8::101/64"], "unicast": False},
    {"addresses": ["2001:db8::101/64"], "peers": ["2001:db8::14"], "source_address": "2001:db8::13"},
    {"notify_master": "/usr/local/sbin/take-over root", "notify_user": "root"},
])
def test_addresses_and_commands_as_people_have_them(changes):
    made = values()
    made["keepalived_instances"] = [dict(INSTANCE, **changes)]
    assert problems("proxy1", made) == []


def test_the_public_address_of_a_director_by_dr_before_private_servers():
    service = {"name": "web", "address": "203.0.113.130", "port": 443, "quorum": 1, "method": "DR", "servers": [
        {"name": "a", "address": "10.13.0.21", "port": 443, "method": "DR", "checks": [{"type": "TCP_CHECK"}]}]}
    made = values(addresses=["203.0.113.130/32"], networks=["10.13.0.0/24"], address="10.13.0.11", peers=["10.13.0.12"],
                  virtual_servers=[{"name": "web", "address": "203.0.113.130", "port": 443}], virtual_services=[service])
    made["keepalived_instances"] = [dict(INSTANCE, addresses=["203.0.113.130/32"])]
    assert problems("proxy1", made) == []
    assert [claim[:4] for claim in claims("k13a", made) if isinstance(claim, Claim) and claim.scope.startswith("VRID")] == [
        ("VRID on segment 10.13.0.0/24", "51", "VRRP instance of 10.13.0.11, 10.13.0.12 with 203.0.113.130/32",
         "k13a: keepalived_instances (web) has virtual_router_id 51, which another instance on segment 10.13.0.0/24 uses: give each VRRP "
         "instance of a segment its own.")]


def test_members_by_name_are_told_that_vrrp_takes_addresses():
    sentence = ("proxy1: keepalived_instances[0] (web): its adverts go between %s, and keepalived takes no names: set keepalived_address "
                "of every member to an address.")
    assert problems("proxy1", values(address="lb1.example", peers=["lb2.example"])) == [
        sentence % "lb1.example, lb2.example, which are no address"]
    assert problems("proxy1", values(peers=["lb2.example"])) == [sentence % "lb2.example, which is no address"]
    assert problems("proxy1", dict(values(address="lb1.example", peers=["lb2.example"], unicast=False))) == []


CHECK = [{"name": "haproxy", "command": "/usr/bin/pidof haproxy", "weight": -30}]


@pytest.mark.parametrize("scripts, changes, sentence", [
    (CHECK, {}, "track_scripts has 'haproxy', whose weight -30 changes the priority, but without preempt nobody takes the address from a "
     "living holder, whatever his priority: set its weight to 0, or preempt to true."),
    ([dict(CHECK[0], weight=-10)], {"preempt": True}, "track_scripts has 'haproxy' with weight -10, but members are 10 apart "
     "(keepalived_priority_step), so the next one stays below: give it a weight beyond 10."),
    (CHECK, {"preempt": True}, None), ([dict(CHECK[0], weight=0)], {}, None),
    ([dict(CHECK[0], weight=-1)], {"preempt": True, "priority": 9}, None),
])
def test_a_check_that_lowers_the_priority_moves_the_address_or_is_refused(scripts, changes, sentence):
    found = problems("k10a", values(scripts=scripts, track_scripts=["haproxy"], members=["k10a", "k10b"], **changes))
    assert found == ([sentence and "k10a: keepalived_instances[0] (web)." + sentence] if sentence else [])


@pytest.mark.parametrize("command, good", [
    ("/usr/bin/killall -0 haproxy", False), ("/usr/bin/pkill -x -0 haproxy", False), ("/bin/sh -c 'kill -0 1'", False),
    ("/bin/kill -s 0 1", False), ("/usr/bin/pidof haproxy", True), ("/usr/bin/killall -HUP x", True),
])
def test_a_check_by_signal_under_the_scripts_user_is_refused(command, good):
    found = problems("proxy1", values(scripts=[{"name": "haproxy", "command": command}]))
    assert found == ([] if good else [
        "proxy1: keepalived_scripts[0].command is %r, which sends signal 0; the scripts' user keepalived_script may not do that to others' "
        "processes, so it would always fail: use /usr/bin/pidof NAME or '/usr/bin/systemctl is-active --quiet UNIT' instead "
        "(keepalived_processes for an instance), or set user to root." % command])
    assert problems("proxy1", values(scripts=[{"name": "haproxy", "command": command, "user": "root"}])) == []


@pytest.mark.parametrize("changes, sentence", [
    ({"scripts": [{"name": "a", "command": "/usr/bin/true", "interval": 0}]}, "keepalived_scripts[0] (a).interval is 0: give 1 or more."),
    ({"processes": [{"name": "a", "process": "x", "quorum": 0}]}, "keepalived_processes[0] (a).quorum is 0: give 1 or more."),
    ({"track_network": {"addresses": ["gateway"]}},
     "keepalived_track_network.addresses has gateway, which is no address: name no hosts here."),
    ({"track_network": {"addresses": ["198.18.0.1"], "interval": 0}},
     "keepalived_track_network.interval is 0: give seconds, more than 0."),
    ({"track_network": {"addresses": ["198.18.0.101"]}}, "keepalived_instances[0] (web).addresses has 198.18.0.101/24, which "
     "keepalived_track_network pings: who holds it always hears an answer; choose one that nobody has, or ping another."),
])
def test_numbers_and_places_that_cannot_be(changes, sentence):
    assert problems("proxy1", values(**changes)) == ["proxy1: " + sentence]


def test_one_address_of_two_pairs_or_in_two_instances_clashes():
    def pair(first, second, vrid, **more):
        made = dict(values(address="198.18.0.%d" % first, peers=["198.18.0.%d" % second], virtual_router_id=vrid), **more)
        return claims("lb%d" % first, made)
    assert clashes(pair(11, 12, 51) + pair(12, 11, 51)) == []
    sentence = ("%s: keepalived_instances (%s) has address 198.18.0.101/24, which a host or another instance has: choose one that nobody "
                "has.")
    assert clashes(pair(11, 12, 51) + pair(12, 11, 51) + pair(21, 22, 52)) == [sentence % ("lb21", "web")]
    twice = values(instances=[INSTANCE, dict(INSTANCE, name="again", virtual_router_id=52)])
    assert clashes(claims("lb1", twice)) == [sentence % ("lb1", "again")]
    # One VRID for two pairs on a segment, whatever the prefix length of the address.
    single = [dict(INSTANCE, addresses=["198.18.0.77/32"])]
    assert len(clashes(pair(11, 12, 51) + pair(21, 22, 51, keepalived_instances=single, keepalived_networks=["198.18.0.0/24"]))) == 1


def test_a_real_server_has_the_directors_addresses_and_no_others():
    real = realserver_claims("web1", {"ipvs_realserver_addresses": ["198.18.0.101", "198.18.0.109"]})
    assert unmet(real) == []  # no director among the hosts
    assert unmet(claims("lb1", VALUES) + real) == [
        "web1: ipvs_realserver_addresses has 198.18.0.109, which no director of this inventory has as a virtual address: name those of its "
        "services."]


def test_nat_of_ipv6_needs_a_director_that_forwards_it():
    def director(method, forward):
        service = {"name": "shop6", "address": "2001:db8::100", "servers": [{"method": method}]}
        offer = Offer("IPv6 forwarding of lb1", "on" if forward else "off")
        return unmet([*claims("lb1", dict(VALUES, keepalived_virtual_services=[service])), offer])
    assert director("DR", False) == director("NAT", True) == []
    assert director("NAT", False) == [
        "lb1: keepalived_virtual_servers (shop6) balances [2001:db8::100] by NAT, but ipvs_director_ipv6_forward is false, so answers "
        "would end at the director: set it to true, or use DR."]


@pytest.mark.parametrize("changes, sentences", [
    ({"name": "my vip"}, [
        "keepalived_instances[0] (my vip).name is 'my vip', of which keepalived reads the first word at most: use letters, digits and "
        ". _ : - only."]),
    ({"interface": "eth0 eth1"}, [
        "keepalived_instances[0] (web): 'eth0 eth1' is no interface (up to 15 characters without blanks): name one as ip link does."]),
    ({"addresses": ["198.18.0.101/24", "198.18.0.101/32"]}, [
        "keepalived_instances[0] (web).addresses has 198.18.0.101 more than once: name it once."]),
    ({"instances": [dict(INSTANCE, peers=["198.18.0.13", "198.18.0.14"])]},
     ["keepalived_instances[0] (web).peers has 198.18.0.13, which is this host's own address: name the others' alone."]),
    ({"instances": [dict(INSTANCE, preempt=True, preempt_delay=2000)]},
     ["keepalived_instances[0] (web).preempt_delay is 2000: give 1000 seconds at most."]),
    ({"scripts": [{"name": "chk web", "tcp_port": 80}, {"name": "a", "tcp_port": 99999}, {"name": "a", "tcp_port": 81, "weight": 400}]}, [
        "keepalived_scripts[0].name is 'chk web': use letters, digits and . _ : - only.",
        "keepalived_scripts[2].name is 'a', which another one has, too: give each its own.",
        "check 'a' has tcp_port 99999: a TCP port is 1 to 65535.",
        "check 'a' has weight 400: give a number from -253 to 253."]),
    ({"sync_groups": [{"name": "g", "instances": ["web"]}]}, [
        "keepalived_sync_groups (g) has web, but one instance alone moves with nobody: name at least two, or take it out."]),
])
def test_what_keepalived_would_read_otherwise_than_it_was_meant_is_refused(changes, sentences):
    assert problems("proxy1", values(**changes)) == ["proxy1: " + one for one in sentences]


@pytest.mark.parametrize("password, good", [
    ("abc12345", True), ("longer-than-8", False), ("pa#ss", False), ("pa ss", False), ("a!b", False)])
def test_a_password_arrives_as_it_is_written_or_is_refused_without_showing_it(password, good):
    said = problems("proxy1", values(version=2, advert_interval=1, authentication=True, passwords={"web": password}))
    assert said == [] if good else len(said) == 1 and password not in said[0] and "keepalived_passwords" in said[0]
