from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._monitoring import targets

PORTS = {"node": 9100, "mysqld": 9104, "apache": 9117}


def jobs(address="198.51.100.21", **given):
    return targets.jobs(given, address, PORTS)


def test_every_host_has_its_own_exporter():
    assert jobs() == {"node": "198.51.100.21:9100"}
    assert jobs("2001:db8::21") == {"node": "[2001:db8::21]:9100"}


def test_a_host_that_is_many_things():
    assert jobs(group_names=["apache", "haproxy", "rabbitmq", "etcd", "galera"], monitoring_mysql_user="watch") == {
        "node": "198.51.100.21:9100", "mysqld": "198.51.100.21:9104", "apache": "198.51.100.21:9117", "haproxy": "198.51.100.21:8404",
        "rabbitmq": "198.51.100.21:15692", "etcd": "198.51.100.21:2379"}


def test_what_its_tiers_variables_say_counts():
    assert jobs(group_names=["haproxy", "rabbitmq", "etcd"], haproxy_stats_address="203.0.113.1", haproxy_stats_port=8405,
                rabbitmq_cluster_address="2001:db8::51", rabbitmq_cluster_prometheus_port=15693, etcd_client_port=2479,
                etcd_address="203.0.113.3") == {
        "node": "198.51.100.21:9100", "haproxy": "203.0.113.1:8405", "rabbitmq": "[2001:db8::51]:15693", "etcd": "203.0.113.3:2479"}
    assert "haproxy" not in jobs(group_names=["haproxy"], haproxy_stats_enabled=False)


def test_lists_with_tier_and_host():
    web, db = {"group_names": ["web", "tomcat", "apache"]}, {"group_names": ["mysql_replication", "etcd"], "monitoring_mysql_user": "w"}
    found = targets.target_lists({"web1": (web, targets.jobs(web, "198.51.100.21", PORTS)),
                                  "db1": (db, targets.jobs(db, "198.51.100.31", PORTS))})
    assert set(found) == set(targets.JOBS) and found["haproxy"] == found["rabbitmq"] == []
    assert found["node"] == [{"targets": ["198.51.100.21:9100"], "labels": {"host": "web1", "tier": "apache,tomcat"}},
                             {"targets": ["198.51.100.31:9100"], "labels": {"host": "db1", "tier": "mysql_replication,etcd"}}]
    assert found["mysqld"] == [{"targets": ["198.51.100.31:9104"], "labels": {"host": "db1", "tier": "mysql_replication"}}]
    assert found["apache"][0]["labels"] == {"host": "web1", "tier": "apache"}


def test_virtual_addresses_of_a_host():
    given = {"group_names": ["keepalived", "mysql_replication"], "mysql_replication_writer_address": "198.51.100.130",
             "mmm_reader_addresses": ["198.51.100.131"],
             "keepalived_instances": [{"addresses": ["198.51.100.100/24", "2001:db8::100/64 dev eth1"]}, {"name": "none"}]}
    assert targets.vips(given) == ["198.51.100.100", "2001:db8::100", "198.51.100.130", "198.51.100.131"]
    assert targets.vips({"group_names": ["web"], "mysql_replication_writer_address": "198.51.100.130"}) == []


def test_a_lease_only_where_one_decides():
    given = {"group_names": ["mysql_replication"], "mysql_replication_failover": "automatic"}
    assert targets.lease(given) == {"path": "/run/mysql-writer/lease.json", "ttl_s": 3, "cluster": "mysql_replication"}
    assert targets.lease(dict(given, mysql_replication_lease_ttl_s=5, mysql_replication_group="shop"))["ttl_s"] == 5
    assert targets.lease(dict(given, mysql_replication_failover="manual")) == targets.lease(dict(given, group_names=["etcd"])) == {}
    assert targets.reads_more(given) and targets.reads_more({"group_names": ["galera"]})
    assert not targets.reads_more({"group_names": ["web"]})


def test_certificates_of_a_host():
    given = {"group_names": ["haproxy", "apache", "rabbitmq", "etcd", "mysql_replication", "galera"],
             "haproxy_frontends": [{"binds": [{"port": 80}, {"port": 443, "certificates": ["a"]},
                                              {"address": "198.51.100.100", "port": 443, "certificates": ["a"]},
                                              {"address": "::", "port": 443, "certificates": ["b"]}]}]}
    assert targets.certificates(given, "198.51.100.13") == [
        "198.51.100.13:443", "198.51.100.100:443", "/etc/ssl/certs/failover-*.pem", "198.51.100.13:5671", "198.51.100.13:2379",
        "/etc/mysql/certificates/server.pem", "/etc/galera-tls/cert.pem"]
    assert targets.certificates({"group_names": ["rabbitmq"], "rabbitmq_cluster_tls": False}, "198.51.100.13") == []


def test_what_its_own_exporter_looks_at():
    given = {"group_names": ["apache", "tomcat", "content_target", "app_deploy", "ipvs_director", "galera"],
             "apache_modjk_default_http_port": 81, "app_deploy_applications": [{"name": "shop", "docroot": "/srv/shop", "version": "v1"}]}
    assert targets.looks_at(given, "198.51.100.21") == {
        "modjk_url": "http://127.0.0.1:81/jkstatus", "contents": True, "applications": [{"name": "shop", "docroot": "/srv/shop"}],
        "drains": {"galera": "/run/failover-galera/drain", "ipvs": "/run/keepalived-drained"},
        "certificates": ["/etc/ssl/certs/failover-*.pem", "/etc/galera-tls/cert.pem"]}
    assert targets.looks_at({"group_names": ["monitoring"]}, "198.51.100.61") == {}


def test_what_it_looks_at_of_keepalived_and_rabbitmq():
    given = {"group_names": ["ipvs_director", "rabbitmq"], "keepalived_instances": [{"name": "web", "addresses": ["198.51.100.100/24"]}],
             "rabbitmq_cluster_prometheus_address": "198.51.100.51"}
    service = {"name": "web", "address": "198.51.100.100", "port": 80, "protocol": "TCP", "fwmark": None, "quorum": 1, "servers": []}
    found = targets.looks_at(dict(given, rabbitmq_cluster_tls=False), "198.51.100.13", [service], ["mq1"])
    assert found["vips"] == ["198.51.100.100"] and found["vrrp"]["instances"] == ["web"]
    assert [one["label"] for one in found["virtual_servers"]] == ["web_198.51.100.100:80"]
    assert found["rabbitmq"] == {"url": "http://198.51.100.51:15692/metrics", "nodes": ["rabbit@mq1"]}
    assert targets.jobs(given, "198.51.100.13", PORTS)["rabbitmq"] == "198.51.100.51:15692"
