from __future__ import annotations

import json
import pathlib
import re

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._monitoring import hosts

ROOT = pathlib.Path(__file__).resolve().parents[5]
RULES = (ROOT / "roles/monitoring/files/failover.rules").read_text(encoding="utf-8")
UNIT = "/etc/systemd/system/"


def values(host="mon", **changes):
    return {
        "inventory_hostname": host, "servers": ["mon"], "members": ["mon", "db1", "web1"], "exporters": True,
        "address": {"mon": "198.51.100.61", "db1": "198.51.100.31", "web1": "198.51.100.21"}[host],
        "addresses": {"mon": "198.51.100.61", "db1": "198.51.100.31", "web1": "198.51.100.21"},
        "watched": {"mon": {"group_names": ["monitoring"]}, "web1": {"group_names": ["apache", "haproxy"]},
                    "db1": {"group_names": ["galera", "etcd"], "monitoring_mysql_user": "watch"}},
        "node_port": 9100, "mysqld_port": 9104, "apache_port": 9117, "open": False, "allowed": [], "interval_s": 10, "answer_s": 3,
        "units": [], "certificates": [], "virtual_services": [], "rabbitmq_members": [], "tomcats": [],
        "mysql_user": "", "mysql_socket": "/run/m.sock", "scrape_s": 15, "replica_lag_s": 60,
        "certificate_days": 21, "drained_s": 3600, "versions_s": 1800, "prometheus": False, "prometheus_address": "127.0.0.1",
        "prometheus_port": 9090, "prometheus_days": 15, "_user": "failover-exporter", "_prometheus_user": "prometheus",
        "_apache_listen": "--telemetry.address", "_program": [{"path": "/p/run.py"}], "_program_directory": "/p",
        "_exporter_unit": "exporter", "_rules": RULES, "_etcd_ca": "authority", **changes}


def database(**changes):
    return values("db1", **{"mysql_user": "watch", "mysql_password": "hush-hush", **changes})


def files(given):
    return {one["path"]: one for one in hosts.config(given)["files"]}


def test_packages():
    assert hosts.packages(values()) == ["prometheus-node-exporter"]
    assert hosts.packages(values(prometheus=True))[-1] == "prometheus"
    assert "prometheus" not in hosts.packages(values("web1", prometheus=True))
    assert hosts.packages(database()) == ["prometheus-node-exporter", "prometheus-mysqld-exporter", "python3-cryptography"]
    assert hosts.packages(database(exporters=False)) == []


def test_an_exporter_listens_at_its_hosts_address_and_lets_in_who_collects():
    found = files(values("web1"))
    text = found[UNIT + "prometheus-node-exporter.service.d/failover.conf"]["content"].splitlines()
    assert "ExecStart=/usr/bin/prometheus-node-exporter --web.listen-address=198.51.100.21:9100" in text
    assert text[text.index("IPAddressDeny=any") + 1] == "IPAddressAllow=localhost 198.51.100.61"
    assert "ProtectSystem=strict" not in text and "CapabilityBoundingSet=" in text
    text = found[UNIT + "prometheus-apache-exporter.service.d/failover.conf"]["content"]
    assert "--telemetry.address=198.51.100.21:9117 --scrape_uri=http://127.0.0.1:80/server-status?auto" in text
    assert "ProtectSystem=strict" in text
    assert not any("mysqld" in path for path in found)


def test_everybody_and_others_may_be_let_in():
    path = UNIT + "prometheus-node-exporter.service.d/failover.conf"
    assert "IPAddress" not in files(values("web1", open=True))[path]["content"]
    assert "IPAddressAllow=localhost 198.51.100.61 192.0.2.0/24" in files(values("web1", allowed=["192.0.2.0/24"]))[path]["content"]


def test_the_databases_password_is_a_secret_in_two_files_for_one_exporter_each():
    found = hosts.config(database())
    assert found["secrets"] == {"mysql_password": "hush-hush"} and "hush" not in json.dumps(found["files"])
    mine = files(database())
    assert [(mine[path]["group"], mine[path]["mode"]) for path in (hosts.LOGIN, hosts.LOGIN_FILE)] == [
        ("failover-exporter", "0640"), ("prometheus", "0640")]
    assert mine[hosts.LOGIN_FILE]["content"] == "[client]\nuser=watch\npassword=@@mysql_password@@\nsocket=/run/m.sock\nhost=localhost\n"
    assert {hosts.LOGIN, hosts.LOGIN_FILE} <= set(hosts.config(values("web1"))["absent"])


def test_our_exporter_is_told_what_others_do_not_tell():
    told = json.loads(files(database(certificates=["/srv/a.pem"]))[hosts.SETTINGS]["content"])
    assert told["host_figures"] is False and told["unit_states"] is True and told["mysql"]["user"] == "watch"
    assert told["certificates"] == ["198.51.100.31:2379", "/etc/galera-tls/cert.pem", "/srv/a.pem"]
    assert hosts.config(database())["links"] == [{"path": "/var/lib/prometheus/node-exporter/failover.prom",
                                                  "target": "/run/failover-monitoring/failover.prom"}]
    assert hosts.member(database())["capabilities"] == ["CAP_DAC_READ_SEARCH"] and hosts.member(values())["capabilities"] == []


def test_only_who_collects_has_targets_and_rules():
    assert not any(path.startswith("/etc/prometheus") for path in files(database()))
    found = files(values())
    assert json.loads(found["/etc/prometheus/failover/targets/haproxy.json"]["content"]) == [
        {"targets": ["198.51.100.21:8404"], "labels": {"host": "web1", "tier": "haproxy"}}]
    assert found["/etc/prometheus/failover/etcd-ca.pem"]["content"] == "authority"
    assert "/etc/prometheus/prometheus.yml" not in found and hosts.config(values())["validate"] == []


def test_rules_have_the_sites_numbers():
    text = hosts.rules(values(scrape_s=5, interval_s=3, drained_s=120))
    assert not re.search(r"@\w+@", text)
    known = {rule["alert"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}
    assert known["FailoverTwoHolders"]["for"] == "21s" and known["FailoverDrainedAndForgotten"]["for"] == "120s"
    assert "1814400" in known["FailoverCertificateEnds"]["expr"]
    for rule in known.values():
        assert set(rule["annotations"]) == {"summary", "remedy"} and rule["labels"]["severity"] in ("warning", "critical")


def test_every_alert_is_tested_by_promtool_in_the_scenario():
    text = (ROOT / "molecule/monitoring/files/rules_test.yml").read_text(encoding="utf-8")
    alerts = [rule["alert"] for group in yaml.safe_load(hosts.rules(values()))["groups"] for rule in group["rules"]]
    assert len(alerts) == len(set(alerts)) and set(alerts) == set(re.findall(r'alertname="(\w+)"', text))


def test_prometheus_scrapes_what_is_listed():
    found = files(values(prometheus=True))
    settings = yaml.safe_load(found["/etc/prometheus/prometheus.yml"]["content"])
    assert settings["rule_files"] == ["/etc/prometheus/failover/rules.yml"]
    assert settings["scrape_configs"] == yaml.safe_load(found["/etc/prometheus/failover/scrape.yml"]["content"])["scrape_configs"]
    jobs = {one["job_name"]: one for one in settings["scrape_configs"]}
    assert jobs["failover_etcd"]["scheme"] == "https" and jobs["failover_node"]["file_sd_configs"] == [
        {"files": ["/etc/prometheus/failover/targets/node.json"]}]
    assert "--web.listen-address=127.0.0.1:9090" in found[UNIT + "prometheus.service.d/failover.conf"]["content"]
    assert hosts.config(values(prometheus=True))["validate"][0] == "promtool check rules %s/etc/prometheus/failover/rules.yml"


def test_without_an_etcd_its_authority_is_asked_for_by_nobody():
    found = files(values(members=["mon", "web1"]))
    assert "etcd" not in found["/etc/prometheus/failover/scrape.yml"]["content"] and "/etc/prometheus/failover/etcd-ca.pem" not in found


def test_units():
    states = {one["name"]: one["state"] for one in hosts.units(values("web1"))}
    assert states == {"prometheus-node-exporter.service": "started", "prometheus-mysqld-exporter.service": "stopped",
                      "prometheus-apache-exporter.service": "started", "failover-monitoring-exporter.service": "started"}
    assert [one["name"] for one in hosts.active(values(prometheus=True))] == [
        "prometheus-node-exporter.service", "failover-monitoring-exporter.service", "prometheus.service"]


def test_switched_off_nothing_is_left():
    found = hosts.config(database(exporters=False))
    assert found["files"] == [] and {hosts.SETTINGS, hosts.LOGIN, hosts.COLLECTED, UNIT + hosts.EXPORTER} <= set(found["absent"])
    assert hosts.active(values(exporters=False, prometheus=True)) == []
    # Debian's own units would come back with the next boot, and listen everywhere.
    off = {one["name"]: one.get("enabled") for one in hosts.units(database(exporters=False))}
    assert off.pop(hosts.EXPORTER) is None and set(off.values()) == {False} and len(off) == 3


def test_what_verify_scrapes():
    found = {(one["host"], one["job"]): one for one in hosts.expected(values())}
    assert set(found) == {("mon", "node"), ("db1", "node"), ("db1", "mysqld"), ("db1", "etcd"), ("web1", "node"), ("web1", "apache"),
                          ("web1", "haproxy")}
    assert found["db1", "etcd"]["url"] == "https://198.51.100.31:2379/metrics" and found["db1", "etcd"]["ca"] == hosts.ETCD_CA
    assert found["db1", "mysqld"] == {"host": "db1", "job": "mysqld", "url": "http://198.51.100.31:9104/metrics", "ca": "",
                                      "moves": "mysql_global_status_uptime", "up": "mysql_up"}


@pytest.mark.parametrize("job", ["node", "mysqld", "apache"])
def test_no_password_in_arguments(job):
    given = database(watched={"db1": {"group_names": ["apache"], "monitoring_mysql_user": "watch"}})
    assert not any("hush" in word for word in hosts.arguments(job, given))
