from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight import haproxy
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, listening
from ansible_collections.failover.stack.plugins.module_utils._preflight.monitoring import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/monitoring"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}
ADDRESSES = {"mon": "198.51.100.61", "web1": "198.51.100.21", "db1": "198.51.100.31"}
GROUPS = {"mon": ["monitoring"], "web1": ["apache", "haproxy"], "db1": ["galera"]}


def values(host="mon", groups=None, **changes):
    """A database server has its account, unless something else is said of it."""
    watched = {name: {"group_names": list(mine)} for name, mine in (groups or GROUPS).items()}
    watched["db1"]["monitoring_mysql_user"] = "watch"
    account = {"mysql_user": "watch", "mysql_password": "long-enough-for-this"} if host == "db1" else {}
    return {
        **DEFAULTS, "monitoring_exporters": True, "monitoring_servers": ["mon"], "monitoring_members": list(ADDRESSES),
        "monitoring_address": ADDRESSES[host], "monitoring_addresses": ADDRESSES, "monitoring_watched": watched, "monitoring_units": [],
        **{"monitoring_" + name: value for name, value in {**account, **changes}.items()}}


@pytest.mark.parametrize("host", ADDRESSES)
def test_the_usual(host):
    assert problems(host, values(host)) == []
    assert problems(host, values(host, prometheus=True, certificates=["/srv/*.pem", "198.51.100.7:443", "[2001:db8::7]:443"])) == []


def test_where_nobody_wants_it_nothing_is_said():
    assert problems("mon", values(exporters=False, servers=[], members=[])) == []
    assert claims("mon", values(exporters=False)) == []


@pytest.mark.parametrize("host, changes, sentence", [
    ("mon", {"members": []}, "mon: monitoring_group is 'monitoring' and monitoring_agent_group 'monitoring_agent', it is in neither: name "
     "its groups."),
    ("web1", {"servers": []}, "web1: group 'monitoring' has 0 hosts (none): name one, it is the host on which Prometheus runs."),
    ("web1", {"servers": ["mon", "mon2"]}, "web1: group 'monitoring' has 2 hosts (mon, mon2): name one, it is the host on which "
     "Prometheus runs."),
    ("web1", {"address": "web1.example"}, "web1: monitoring_address is 'web1.example', which is no address: give one of this host's, "
     "ansible_host is the default."),
    ("web1", {"address": "0.0.0.0"}, "web1: monitoring_address is 0.0.0.0, which is every address of this host: give the one at which it "
     "is to be asked."),
    ("mon", {"addresses": dict(ADDRESSES, web1="web1.example")}, "mon: web1 is watched at 'web1.example', which is no address: set "
     "ansible_host or monitoring_address of web1 to its own."),
    ("web1", {"node_port": 910}, "web1: monitoring_node_port is 910: give 1024 to 65535, lower ones only root may listen on, and exporters "
     "are not root."),
    ("web1", {"apache_port": 9100}, "web1: monitoring_node_port and monitoring_apache_port are both 9100: give each its own."),
    ("web1", {"interval_s": 1, "answer_s": 1}, "web1: monitoring_interval_s is 1: give 2 to 300."),
    ("web1", {"answer_s": 11}, "web1: monitoring_answer_s is 11, and a round comes every 10 s (monitoring_interval_s): give less."),
    ("web1", {"allowed": ["office"]}, "web1: monitoring_allowed has 'office': give an address or a network such as 198.51.100.0/24."),
    ("mon", {"prometheus": True, "prometheus_address": "mon"}, "mon: monitoring_prometheus_address is 'mon', which is no address: "
     "127.0.0.1 or one of this host's."),
    ("mon", {"prometheus": True, "prometheus_address": "::"}, "mon: monitoring_prometheus_address is ::, which is every address of this "
     "host: give the one at which it is to be asked."),
    ("db1", {"mysql_user": "watch er"}, "db1: monitoring_mysql_user is 'watch er': use letters, digits, _, . and -."),
    ("db1", {"mysql_password": None}, "db1: monitoring_mysql_password is missing: give the one of account 'watch' "
     "(monitoring_mysql_user)."),
    ("db1", {"mysql_password": "pass;word"}, "db1: monitoring_mysql_password has a blank, a quote or one of \\ # ; % $, or a character "
     "beyond ASCII, which its exporter would read as something else: leave them out."),
    ("db1", {"mysql_user": ""}, "db1: it is in group galera, and monitoring_mysql_user is empty: name an account of the tier's own for "
     "localhost, or nobody is told how far a replica is behind."),
    ("web1", {"units": ["haproxy"]}, "web1: monitoring_units has 'haproxy': give a unit with its suffix, such as haproxy.service."),
    ("web1", {"certificates": ["a.pem"]}, "web1: monitoring_certificates has 'a.pem': give an absolute path, or address:port."),
    ("mon", {"groups": dict(GROUPS, db1=["etcd"])}, "mon: group etcd has hosts, and monitoring_etcd_ca is empty: give the path of its "
     "authority on the controller, ca.pem in etcd_tls_directory."),
])
def test_refused(host, changes, sentence):
    assert problems(host, values(host, **changes)) == [sentence]


def test_haproxy_without_statistics_is_refused():
    given = values("web1")
    given["monitoring_watched"]["web1"]["haproxy_stats_enabled"] = False
    assert problems("web1", given) == ["web1: haproxy_stats_enabled is false, and HAProxy tells its figures beside its statistics: set it "
                                       "to true."]


def test_the_password_is_not_told():
    assert "pass;word" not in " ".join(problems("db1", values("db1", mysql_password="pass;word")))


@pytest.mark.parametrize("host, others, told", [
    ("web1", listening("web1", "another", "its_port", 9100), 1), ("web1", listening("web1", "another", "its_port", 9117), 1),
    # Nobody exports a database there; at another address another may listen.
    ("web1", listening("web1", "another", "its_port", 9104), 0),
    ("web1", listening("web1", "another", "its_port", 9100, ["127.0.0.1"]), 0),
    ("db1", listening("db1", "another", "its_port", 9104), 1)])
def test_a_port_that_another_service_has(host, others, told):
    assert len(clashes([*others, *claims(host, values(host))])) == told


def test_all_hosts_have_the_same_ports():
    found = clashes([*claims("web1", values("web1")), *claims("db1", values("db1", node_port=9200))])
    assert found == ["db1: the ports of its exporters (monitoring_node_port, monitoring_mysqld_port, monitoring_apache_port) are 9200, "
                     "9104, 9117, and another host of the same site has other ones: give all the same."]


def test_prometheus_has_its_port_alone():
    other = listening("mon", "another", "its_port", 9090, ["127.0.0.1"])
    assert len(clashes([*other, *claims("mon", values(prometheus=True))])) == 1 and clashes([*other, *claims("mon", values())]) == []


def test_whoever_may_ask_haproxy_is_an_address():
    given = {"haproxy_stats_enabled": True, "haproxy_stats_password": "long-enough-for-this", "haproxy_prometheus": True,
             "haproxy_prometheus_allowed": ["198.51.100.61", "2001:db8::/64", "mon"]}
    assert list(haproxy.stats_problems(given)) == [
        "haproxy_prometheus_allowed has 'mon': give an address or a network such as 198.51.100.0/24, or set ansible_host of the host of "
        "group monitoring."]
    assert list(haproxy.stats_problems(dict(given, haproxy_prometheus=False))) == []
