# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each tier's ports are open to exactly those who need them."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._firewall import matrix, site, tiers

HOSTS = ("a1", "a2", "a3", "web1", "web2", "proxy1", "proxy2", "lb1", "lb2", "op", "client1")
ADDRESSES = {host: "198.18.0.%d" % (10 + number) for number, host in enumerate(HOSTS)}
MEMBERS = ["a1", "a2", "a3"]


def made(groups, given=None, **for_all):
    """A site of these groups. given: {host: variables}; for_all: variables of all hosts."""
    values = {host: {"ansible_host": address, **for_all, **(given or {}).get(host, {})} for host, address in ADDRESSES.items()}
    return site.Site(groups, lambda host, name: values[host].get(name))


def opened(tier, groups, given=None, **for_all):
    """{(host, protocol, port or ""): who} of a tier."""
    found = {}
    for door in tier(made(groups, given, **for_all)):
        for port in door.ports or ("",):
            found.setdefault((door.host, door.protocol, port), set()).update(set(door.who) - {door.host})
    return {key: who for key, who in found.items() if who}


def test_etcd_is_for_its_members_and_those_who_hold_a_lease():
    found = opened(tiers.etcd, {"etcd": MEMBERS, "mysql_replication": ["web1", "web2"], "others": ["web2"]}, {
        "web1": {"mysql_replication_failover": "automatic", "mysql_replication_etcd_group": "etcd"},
        "web2": {"mysql_replication_failover": "manual", "mysql_replication_etcd_group": "etcd"}},
        etcd_members=MEMBERS, etcd_client_port=2379, etcd_peer_port=2380)
    assert found["a1", "tcp", 2379] == {"a2", "a3", "web1"}
    assert found["a1", "tcp", 2380] == {"a2", "a3"}
    assert {port for _host, _protocol, port in found} == {2379, 2380}


DATABASE = {"mysql_replication_members": MEMBERS, "mysql_replication_port": 3306, "mysql_replication_seed_port": 4444,
            "mysql_replication_writer_address": "198.18.0.102/24"}


def tomcat(url):
    return {"tomcat_cluster_instances": [{"services": [{"applications": [{"resources": [{"url": url}, {"name": "mail"}]}]}]}]}


@pytest.mark.parametrize("url, may", [
    ("jdbc:mariadb://198.18.0.102/demo?useSsl=true", True), ("jdbc:mariadb://198.18.0.10:3306,198.18.0.11:3306/demo", True),
    ("jdbc:mariadb:sequential:address=(host=198.18.0.10)(port=3306)/demo", True), ("jdbc:mysql://a1/demo", True),
    ("jdbc:mariadb://198.18.0.1029/demo", False), ("jdbc:mariadb://1198.18.0.102/demo", False),
    ("jdbc:mysql://a1.example.test/demo", False), ("jdbc:mysql://db-a1/demo", False)])
def test_a_database_is_for_tomcats_that_name_it(url, may):
    groups = {"mysql_replication": MEMBERS, "tomcat": ["web1"]}
    assert ("web1" in opened(tiers.mysql_replication, groups, {"web1": tomcat(url)}, **DATABASE)["a1", "tcp", 3306]) is may


def test_a_database_is_for_its_members_who_watch_it_and_who_is_named():
    found = opened(tiers.mysql_replication, {"mysql_replication": MEMBERS, "mha_manager": ["op"], "client": ["client1"]}, {
        "op": {"mha_members": MEMBERS}, "client1": {"drill_ledgers": {"rows": {}}},
        "a1": {"firewall_tier_clients": {"mysql_replication": ["10.0.0.0/8"], "galera": ["web2"]}}}, **DATABASE)
    assert found["a1", "tcp", 3306] == {"a2", "a3", "op", "client1", "10.0.0.0/8"}
    assert found["a2", "tcp", 3306] == {"a1", "a3", "op", "client1"}
    assert found["a1", "tcp", 4444] == {"a2", "a3"}


def test_those_who_fail_over_by_ssh_and_agents():
    assert opened(tiers.mha, {"mha_manager": ["op"]}, mha_members=["a1", "a2"], mha_ssh_port=22) == {
        ("a1", "tcp", 22): {"op", "a2"}, ("a2", "tcp", 22): {"op", "a1"}}
    assert opened(tiers.mmm, {"mmm_monitor": ["op"]}, mmm_members=["a1", "a2"], mmm_agent_port=9989) == {
        ("a1", "tcp", 9989): {"op", "a2"}, ("a2", "tcp", 9989): {"op", "a1"}}


def test_galera_is_for_members_and_arbitrators_and_data_for_members_alone():
    found = opened(tiers.galera, {"galera": ["a1", "a2"], "galera_arbitrator": ["a3"], "tomcat": ["web1"]},
                   {"web1": tomcat("jdbc:mariadb:sequential://198.18.0.10,198.18.0.11/demo")},
                   galera_members=["a1", "a2"], galera_arbitrators=["a3"], galera_leaving_members=[], galera_port=3306,
                   galera_group_port=4567, galera_ist_port=4568, galera_sst_port=4444, galera_agent_port=9200)
    for key in (("tcp", 4567), ("udp", 4567), ("tcp", 9200)):
        assert found[("a1", *key)] == {"a2", "a3"}
    assert found["a3", "tcp", 4567] == {"a1", "a2"}
    assert found["a1", "tcp", 4568] == found["a1", "tcp", 4444] == {"a2"}
    # Who joins waits for those before it.
    assert found["a1", "tcp", 3306] == {"a2", "web1"}
    assert {port for host, _protocol, port in found if host == "a3"} == {4567}


RABBITMQ = {"rabbitmq_cluster_members": MEMBERS[:2], "rabbitmq_cluster_leaving_group": "leaving", "rabbitmq_cluster_port": 5672,
            "rabbitmq_cluster_tls_port": 5671, "rabbitmq_cluster_management_port": 15672, "rabbitmq_cluster_distribution_port": 25672,
            "rabbitmq_cluster_plugins": ["rabbitmq_management"], "rabbitmq_cluster_tls": True, "firewall_operators": ["192.0.2.0/24"],
            "firewall_tier_clients": {"rabbitmq_cluster": ["tomcat"]}}


def test_rabbitmqs_members_are_among_themselves():
    found = opened(tiers.rabbitmq_cluster, {"rabbitmq": MEMBERS, "leaving": ["a3"]}, **RABBITMQ)
    assert found["a1", "tcp", 4369] == found["a1", "tcp", 25672] == found["a1", "tcp", (35672, 35682)] == {"a2", "a3"}
    assert found["a1", "tcp", 5672] == found["a1", "tcp", 5671] == {"tomcat"}
    assert found["a1", "tcp", 15672] == {"192.0.2.0/24", "a2", "a3"}
    without = opened(tiers.rabbitmq_cluster, {"rabbitmq": MEMBERS}, **{
        **RABBITMQ, "rabbitmq_cluster_tls": False, "rabbitmq_cluster_plugins": []})
    assert {port for _host, _protocol, port in without} == {4369, 25672, (35672, 35682), 5672}


@pytest.mark.parametrize("tier, groups, given, ports", [
    (tiers.rabbitmq_cluster, {"rabbitmq": MEMBERS}, {**RABBITMQ, "rabbitmq_cluster_address": "2001:DB8::a1"},
     {4369, 25672, (35672, 35682)}),
    (tiers.mysql_replication, {"mysql_replication": MEMBERS}, {**DATABASE, "mysql_replication_address": "2001:db8::a1"}, {4444}),
    (tiers.galera, {"galera": MEMBERS},
     {"galera_members": MEMBERS, "galera_group_port": 4567, "galera_ist_port": 4568, "galera_sst_port": 4444, "galera_port": 3306,
      "galera_agent_port": 9200, "galera_address": "2001:db8::a1"}, {4567, 4568, 4444})])
def test_members_are_let_in_where_they_listen_for_each_other(tier, groups, given, ports):
    doors = [door for door in tier(made(groups, **given)) if door.host == "a1" and door.protocol == "tcp"]
    assert {port for door in doors for port in door.ports if door.at} == ports
    assert {door.at for door in doors} == {(), ("2001:db8::a1",)}
    # An address that is none is for preflight to tell.
    wrong = {name: "db.example" if name.endswith("_address") else value for name, value in given.items()}
    assert {door.at for door in tier(made(groups, **wrong))} == {()}


def test_further_addresses_of_a_server_are_its_own():
    given = {"a1": {"mysql_replication_more_addresses": ["203.0.113.10"], "galera_more_addresses": ["127.0.0.1", "::1", "203.0.113.11"]}}
    found = made({"mysql_replication": MEMBERS, "galera": MEMBERS}, given)
    assert found.addresses("a1") == ["198.18.0.10", "203.0.113.10", "203.0.113.11"]
    assert "web1" in opened(tiers.mysql_replication, {"mysql_replication": MEMBERS, "tomcat": ["web1"]}, {
        **given, "web1": tomcat("jdbc:mariadb://203.0.113.10/demo")}, **DATABASE)["a1", "tcp", 3306]


def test_content_is_for_those_who_copy_or_mount_it():
    contents = [{"name": "site", "push": True}, {"name": "images", "transport": "ssh", "targets": ["web2"]}]
    assert opened(tiers.rsync_sync, {"content": ["a1"], "content_target": ["web1", "web2"]}, rsync_sync_contents=contents,
                  rsync_sync_sources=["a1"], rsync_sync_targets=["web1", "web2"], rsync_sync_port=873, rsync_sync_ssh_port=22,
                  rsync_sync_poke_port=8730) == {
        ("a1", "tcp", 873): {"web1", "web2"}, ("a1", "tcp", 22): {"web2"}, ("web1", "tcp", 8730): {"a1"}, ("web2", "tcp", 8730): {"a1"}}
    assert opened(tiers.nfs_content, {"nfs_content": ["a1"], "nfs_content_client": ["web1"]}, nfs_content_clients=["web1"]) == {
        ("a1", "tcp", 2049): {"web1"}}


def test_scouter_takes_what_its_hosts_send_and_shows_it_to_operators():
    found = opened(tiers.scouter, {"scouter": ["a1"], "scouter_agent": ["web1"]}, scouter_members=["a1", "web1"], scouter_port=6100,
                   scouter_http_port=6180, firewall_operators=["192.0.2.1"], scouter_allowed=["192.0.2.9"])
    assert found == {("a1", "tcp", 6100): {"web1", "192.0.2.1", "192.0.2.9"}, ("a1", "udp", 6100): {"web1", "192.0.2.9"},
                     ("a1", "tcp", 6180): {"web1", "192.0.2.1", "192.0.2.9"}}
    everybody = opened(tiers.scouter, {"scouter": ["a1"]}, scouter_members=["a1"], scouter_port=6100, scouter_open=True)
    assert everybody["a1", "udp", 6100] == {"0.0.0.0/0", "::/0"}


def test_exporters_are_for_the_host_where_prometheus_runs():
    exporters = {"monitoring_exporters": True, "monitoring_servers": ["a1"], "monitoring_node_port": 9100, "monitoring_mysqld_port": 9104,
                 "monitoring_apache_port": 9117, "monitoring_allowed": ["192.0.2.9"]}
    given = {host: {"monitoring_address": ADDRESSES[host]} for host in ("a1", "web1", "web2")}
    given["web1"]["rabbitmq_cluster_prometheus_port"] = 15692
    given["web2"]["monitoring_mysql_user"] = "watch"
    groups = {"monitoring": ["a1"], "monitoring_agent": ["web1", "web2"], "rabbitmq": ["web1"], "apache": ["web2"]}
    may = {"a1", "192.0.2.9"}
    assert opened(tiers.monitoring, groups, given, **exporters) == {
        ("a1", "tcp", 9100): {"192.0.2.9"}, ("web1", "tcp", 9100): may, ("web1", "tcp", 15692): may,
        ("web2", "tcp", 9100): may, ("web2", "tcp", 9104): may, ("web2", "tcp", 9117): may}
    assert opened(tiers.monitoring, groups, given, **{**exporters, "monitoring_exporters": False}) == {}
    everybody = opened(tiers.monitoring, groups, given, **{**exporters, "monitoring_open": True})
    assert everybody["web1", "tcp", 9100] == {"a1", "0.0.0.0/0", "::/0"}


def sessions(**cluster):
    return [{"services": [{"name": "user", "ajp_port": 8009, "http_port": 0, "cluster": cluster}, {"name": "plain", "ajp_port": 8019}]}]


def test_sessions_are_for_members():
    found = opened(tiers.tomcat_cluster, {"tomcat": ["web1", "web2"]}, tomcat_cluster_members=["web1", "web2"],
                   tomcat_cluster_instances=sessions(membership="multicast"))
    assert found == {(host, protocol, port): {other} for host, other in (("web1", "web2"), ("web2", "web1"))
                     for protocol, port in (("tcp", 8009), ("tcp", 4000), ("udp", 45564))}
    static = opened(tiers.tomcat_cluster, {"tomcat": ["web1"]}, tomcat_cluster_members=["web1", "web2"],
                    tomcat_cluster_instances=sessions(receiver_port=4100))
    assert static == {("web1", "tcp", 8009): {"web2"}, ("web1", "tcp", 4100): {"web2"}}


HTTPD = {"apache_modjk_applications": [{"http_port": 81}, {"tls": {}}], "apache_modjk_default_http_port": 80,
         "apache_modjk_ajp_connectors": [{"host": "a1", "port": 8009}],
         "apache_modjk_management_addresses": ["127.0.0.1", "::1", "192.0.2.1"], "firewall_clients": ["0.0.0.0/0"]}


def test_httpd_is_for_visitors_where_nobody_is_before_it():
    found = opened(tiers.apache_modjk, {"apache": ["web1"]}, **HTTPD)
    assert found["a1", "tcp", 8009] == {"web1"}
    assert {port: who for (host, _protocol, port), who in found.items() if host == "web1"} == {
        port: {"0.0.0.0/0", "192.0.2.1"} for port in (80, 81, 443)}


BACKENDS = [{"name": "web", "group": "apache"}, {"name": "galera", "group": "galera", "check": {"port": 9200}}]
PROXY = {"haproxy_backends": BACKENDS, "haproxy_servers": {
    "web": [{"name": "web1", "address": ADDRESSES["web1"], "port": 80}, {"name": "far", "address": "203.0.113.9", "port": 80}],
    "galera": [{"name": "first", "address": ADDRESSES["a1"], "port": 3306}]},
    "haproxy_frontends": [{"name": "visitors", "binds": [{"port": 80}, {"port": 443}], "default_backend": "web"},
                          {"name": "rows", "binds": [{"address": "198.18.0.106", "port": 3306}], "default_backend": "galera"}],
    "haproxy_stats_enabled": True, "haproxy_stats_port": 8404, "firewall_operators": ["192.0.2.1"], "firewall_clients": ["0.0.0.0/0"]}


def test_behind_a_proxy_httpd_is_for_the_proxy():
    found = opened(tiers.apache_modjk, {"apache": ["web1"], "haproxy": ["proxy1"]}, **PROXY, apache_modjk_applications=[],
                   apache_modjk_trusted_proxies=["198.18.0.15"])
    assert found == {("web1", "tcp", 80): {"198.18.0.15"}}


def test_proxies_let_visitors_in_and_ask_their_servers():
    groups = {"haproxy": ["proxy1"], "tomcat": ["web2"], "apache": ["web1"], "galera": ["a1"]}
    found = opened(tiers.haproxy, groups, {"web2": tomcat("jdbc:mariadb://198.18.0.106/demo")}, **PROXY)
    assert found == {
        ("proxy1", "tcp", 80): {"0.0.0.0/0"}, ("proxy1", "tcp", 443): {"0.0.0.0/0"}, ("proxy1", "tcp", 3306): {"web2"},
        ("proxy1", "tcp", 8404): {"192.0.2.1"}, ("web1", "tcp", 80): {"proxy1"}, ("a1", "tcp", 3306): {"proxy1"},
        ("a1", "tcp", 9200): {"proxy1"}}
    chosen = opened(tiers.haproxy, groups, **PROXY, firewall_frontend_clients={"visitors": ["web1"], "rows": ["a2"]})
    assert chosen["proxy1", "tcp", 80] == {"web1"} and chosen["proxy1", "tcp", 3306] == {"a2"}


def test_addresses_move_among_peers():
    groups, given = {"keepalived": ["lb1", "lb2"]}, {"keepalived_members": ["lb1", "lb2"]}
    found = opened(tiers.keepalived, groups, **given, keepalived_instances=[{"addresses": ["198.18.0.100/24"]}],
                   keepalived_sync_daemon={"interface": "eth0", "port": 8900})
    assert found == {("lb1", "vrrp", ""): {"lb2"}, ("lb2", "vrrp", ""): {"lb1"},
                     ("lb1", "udp", 8900): {"lb2"}, ("lb2", "udp", 8900): {"lb1"}}
    six = opened(tiers.keepalived, groups, **given, keepalived_instances=[
        {"addresses": ["2001:db8::100/64"], "unicast": False, "peers": ["198.18.9.9"]}])
    assert six["lb1", "vrrp", ""] == {"lb2", "fe80::/10", "198.18.9.9"}
    static = opened(tiers.keepalived, {"ipvs_director": ["lb1", "lb2"]}, {"lb1": {"ipvs_director_sync_daemons": [{"state": "master"}]}})
    assert static == {("lb1", "udp", 8848): {"lb2"}}


def service(method, port=80, **more):
    return {"name": "http", "address": "198.18.0.100", "port": 80, "protocol": "TCP", "servers": [
        {"name": "web1", "address": ADDRESSES["web1"], "port": port, "method": method, "checks": [{"connect_port": 8080}]}], **more}


def directing(*services, **given):
    return made({"keepalived": ["lb1"], "ipvs_director": ["lb1"], "ipvs_realserver": ["web1"]}, {"lb1": {
        "keepalived_virtual_services": services, "firewall_clients": ["0.0.0.0/0"], **given.pop("director", {})}}, **given)


def test_a_director_passes_visitors_on_at_its_virtual_address_whatever_their_state():
    (door,) = tiers.directors_own(directing(service("DR")))
    assert door == tiers.Door("lb1", "tcp", (80,), ("0.0.0.0/0",), "visitors, http", ("198.18.0.100",), True)
    (door,) = tiers.directors_own(directing(service("DR", clients=["198.18.17.0/24"])))
    assert door.who == ("198.18.17.0/24",)
    (door,) = tiers.directors_own(directing(service("DR", fwmark=1, port=None), director={"ipvs_director_marks": [
        {"mark": 1, "addresses": ["198.18.0.103/32"], "ports": [80, 443]}, {"mark": 2, "addresses": ["198.18.0.104"]}]}))
    assert door.at == ("198.18.0.103",) and door.ports == (80, 443)


@pytest.mark.parametrize("method, way, at", [
    ("DR", "loopback", ("198.18.0.100",)), ("TUN", "loopback", ("198.18.0.100",)), ("DR", "redirect", ()), ("NAT", "loopback", ())])
def test_real_servers_take_what_visitors_sent(method, way, at):
    visitors, director = tiers.real_servers(directing(service(method), ipvs_realserver_way=way))
    assert visitors == tiers.Door("web1", "tcp", (80,), ("0.0.0.0/0",), "visitors, by http", at)
    assert director.ports == (80, 8080) and director.who == ("lb1",)


def test_answers_go_back_through_a_director_with_nat_alone():
    assert matrix.answers_through(directing(service("DR"))) == []
    assert matrix.answers_through(directing(service("NAT", 8080))) == [
        {"host": "lb1", "protocol": "tcp", "ports": [8080], "networks": [ADDRESSES["web1"]]}]


@pytest.mark.parametrize("kind, key", [("ipip", ("ipip", "")), ("gre", ("gre", "")), ("gue", ("udp", 6080))])
def test_tunnels_come_from_directors(kind, key):
    assert opened(tiers.tunnels, {"ipvs_director": ["lb1"], "ipvs_realserver": ["web1"]}, ipvs_realserver_method="TUN",
                  ipvs_realserver_tunnel=kind, ipvs_realserver_tunnel_port=6080) == {("web1", *key): {"lb1"}}


def test_operators_come_by_ssh_and_sites_add_their_own():
    allow = [{"ports": ["9100", "9200-9210"], "from": ["op"]}, {"ports": ["53"], "protocol": "udp", "from": ["web1"]}]
    found = opened(tiers.everybody, {"firewall": ["a1"]}, firewall_ssh_port=2222, firewall_operators=["192.0.2.0/24"], firewall_allow=allow)
    assert found == {("a1", "tcp", 2222): {"192.0.2.0/24"}, ("a1", "tcp", 9100): {"op"}, ("a1", "tcp", (9200, 9210)): {"op"},
                     ("a1", "udp", 53): {"web1"}}


# -- all of it ----------------------------------------------------------------------------------


def whole(**more):
    given = {"a2": {"etcd_address": "2001:db8::2", "firewall_addresses": ["10.1.1.1"]}}
    return made({"firewall": ["a1"], "etcd": MEMBERS, "ops": ["op"]}, given,
                etcd_members=MEMBERS, etcd_client_port=2379, etcd_peer_port=2380, firewall_ssh_port=22,
                **{"firewall_operators": ["ops", "192.0.2.5/32"], **more})


def test_an_entry_says_who_and_at_which_addresses_they_are():
    found = matrix.matrix(whole())
    assert {"host": "a1", "protocol": "tcp", "ports": [2380], "who": ["a2", "a3"], "why": "etcd, members", "at": [], "balanced": False,
            "networks": [ADDRESSES["a2"], "10.1.1.1", "2001:db8::2", ADDRESSES["a3"]]} in found
    (ssh,) = [one for one in found if one["why"] == "operators, by SSH"]
    assert ssh["networks"] == [ADDRESSES["op"], "192.0.2.5"]


def test_who_may_is_told_by_address_and_port():
    entries = matrix.matrix(whole(firewall_allow=[{"ports": ["8000-8010"], "from": ["2001:db8:7::/64"], "why": "more"}]))
    assert [one["why"] for one in matrix.allowed(entries, "2001:db8::2", "a1", 2380)] == ["etcd, members"]
    assert [one["why"] for one in matrix.allowed(entries, "2001:db8:7::9", "a1", 8005)] == ["more"]
    assert not matrix.allowed(entries, ADDRESSES["web1"], "a1", 2380)
    assert not matrix.allowed(entries, "2001:db8:7::9", "a1", 8011)
    assert not matrix.allowed(entries, ADDRESSES["a2"], "a1", 2380, "udp")


def test_who_is_nobody_and_who_has_no_address_is_told():
    with pytest.raises(site.Unknown) as told:
        matrix.matrix(whole(firewall_allow=[{"ports": ["81"], "from": ["nobody"], "why": "more"}]))
    assert str(told.value) == (
        "a1: 'nobody' is neither a host or a group of the inventory nor an address or a network, which the firewall's entry 'more' names: "
        "correct it in the inventory.")
    values = {"a1": {"ansible_host": "a1.example.test"}, "a2": {"ansible_host": "198.18.0.2"}}
    nameless = site.Site({"etcd": ["a1", "a2"]}, lambda host, name: {
        "etcd_members": ["a1", "a2"], "etcd_peer_port": 2380, **values[host]}.get(name))
    with pytest.raises(site.Unknown) as told:
        matrix.matrix(nameless)
    assert str(told.value) == (
        "a1: ansible_host is 'a1.example.test', no address, which firewall rules need: set it to one, or list them in firewall_addresses.")


def test_an_address_at_which_somebody_balances_is_the_hosts_own():
    servers = {"web": [{"name": "web1", "address": "10.9.9.9", "port": 80}]}
    inside = made({"haproxy": ["proxy1"], "apache": ["web1"]}, haproxy_servers=servers, haproxy_backends=[{"name": "web"}])
    assert [door.host for door in tiers.haproxy_servers(inside)] == ["web1"]
    assert inside.home("somebody", "10.9.9.9") == "web1" and "10.9.9.9" in inside.networks(["web1"])
