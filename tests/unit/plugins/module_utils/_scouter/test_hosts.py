from __future__ import annotations

import hashlib
import json

from ansible_collections.failover.stack.plugins.module_utils._scouter import hosts

SUM, UNIT = "a" * 64, "/etc/systemd/system/"
TOMCATS = [{"name": "a"}, {"name": "b"}]


def values(host="mon", **changes):
    return {
        "inventory_hostname": host, "collectors": ["mon"], "members": ["mon", "web1"],
        "addresses": {"mon": "198.51.100.61", "web1": "2001:db8::21"},
        "watched": {"mon": {}, "web1": {"tomcat_cluster_instances": TOMCATS}}, "collector_address": "198.51.100.61", "version": "2.20.0",
        "maven_repository": "/m2", "archive": "", "archive_checksum": "", "password": "correct-horse-battery", "port": 6100,
        "http_port": 6180, "open": False, "allowed": ["192.0.2.0/24"], "api_addresses": ["192.0.2.7"], "api_origin": "null",
        "session_s": 600, "heap_mb": 512,
        "memory_mb": 1024, "profile_days": 1, "xlog_days": 2, "counter_days": 3, "log_days": 4, "disk_percent": 80, "exporter": True,
        "interval_s": 10, "answer_s": 3, "dead_s": 35, "tomcat_instances": [], "units": [], "httpd_url": "", "host_heap_mb": 64,
        "java_instances": [], "trace_interservice": True, "profile_http": False, "_user": "scouter",
        "haproxy_url": "", "haproxy_user": "", "mysql_user": "", "mysql_socket": "/run/m.sock", "virtual_services": [],
        "vrrp_instances": [], "rabbitmq_url": "", "rabbitmq_members": [], "telegraf": "", "telegraf_checksum": "",
        "telegraf_memory_mb": 256, "_telegraf_user": "scouter-telegraf", "_telegraf_script": "def apply(metric):\n    return metric\n",
        "_exporter_user": "scouter-exporter", "_program": [{"path": "/p/run.py"}],
        "_program_directory": "/p", "_exporter_unit": "exporter", "_parts_list": "%s  x/a/1/a-1.jar\n" % SUM, **changes}


def web1(**changes):
    return values("web1", **{"tomcat_instances": ["a", "b"], "java_instances": ["a"], "units": ["tomcat@a.service"], **changes})


def archived(**changes):
    return web1(archive="/srv/scouter-all-2.20.0.tar.gz", archive_checksum="sha256:" + SUM, **changes)


def files(given):
    return {one["path"]: one for one in hosts.config(given)["files"]}


def test_what_a_collector_of_parts_is():
    assert hosts.member(values()) == {
        "families": [], "telegraf_home": "", "telegraf_unpack": [], "is_collector": True, "archive_home": "",
        "from_parts": True, "parts_home": "/opt/scouter/parts-2.20.0",
        "needs_java": True, "url": "http://127.0.0.1:6180"}
    assert hosts.wanted_parts(values()) == [{"path": "x/a/1/a-1.jar", "checksum": "sha256:" + SUM}]


def test_what_a_host_is():
    assert not hosts.member(web1())["needs_java"] and not hosts.member(web1())["from_parts"]
    assert hosts.member(archived())["archive_home"] == "/opt/scouter/archive-aaaaaaaaaaaa" and hosts.member(archived())["needs_java"]


def test_the_collectors_settings():
    text = files(values())["/etc/scouter/scouter.conf"]["content"]
    for line in ("net_tcp_listen_port=6100", "net_http_api_auth_ip_enabled=true", "net_http_api_auth_bearer_token_enabled=true",
                 "net_http_api_allow_ips=127.0.0.1,0:0:0:0:0:0:0:1,::1,192.0.2.7", "mgr_purge_xlog_keep_days=2", "log_keep_days=4"):
        assert line in text.splitlines()


def test_the_password_stands_nowhere_and_its_hash_is_a_secret():
    found = hosts.config(values())
    assert "correct-horse" not in json.dumps(found)
    hashed = hashlib.sha256(b"qwertyuiop!@#$%^&*()zxcvbnm,.correct-horse-battery").hexdigest()
    assert found["secrets"] == {"password_hash": hashed}
    account = files(values())["/var/lib/scouter/conf/account.xml"]
    assert 'pass="@@password_hash@@"' in account["content"] and account["mode"] == "0640" and "guest" not in account["content"]


def test_the_hash_is_scouters():
    """Of its own first account, as a collector of 2.20.0 has written it."""
    assert hosts.hash_of("admin") == "ae3cf413ccbc56ce97c4dd88d14296c31d6ffc81eabbb04437434cc3221ec47c"


def test_the_collectors_unit():
    lines = hosts.collector_unit(values()).splitlines()
    assert "IPAddressAllow=localhost 198.51.100.61 2001:db8::21 192.0.2.0/24" in lines and "MemoryMax=1024M" in lines
    assert any(line.startswith("ExecStart=/usr/bin/java -Xmx512m") and "-cp /opt/scouter/parts-2.20.0/* scouter.server.Main" in line
               for line in lines)
    assert not any(line.startswith("IPAddress") for line in hosts.collector_unit(values(open=True)).splitlines())


def test_the_collector_of_an_archive():
    given = archived(inventory_hostname="mon", maven_repository="")
    assert "-cp /opt/scouter/archive-aaaaaaaaaaaa/server/lib/* scouter.server.Main" in hosts.collector_unit(given)
    assert not hosts.member(given)["from_parts"]


def test_a_host_without_the_archive_has_no_agents_of_scouters():
    found = hosts.config(web1())
    assert set(found["absent"]) == {"/etc/scouter/mysql-password", "/etc/scouter/haproxy-password", UNIT + "scouter-host.service",
                                    UNIT + "failover-scouter-telegraf.service", "/etc/scouter/telegraf.conf",
                                    "/etc/systemd/system/tomcat@a.service.d/scouter.conf",
                                    "/etc/systemd/system/tomcat@b.service.d/scouter.conf"}
    assert not found["secrets"] and "/etc/scouter/scouter.conf" not in files(web1())


def test_the_exporter():
    told = json.loads(files(web1(collector_address="2001:db8::61", httpd_url="http://127.0.0.1/s?auto"))["/etc/scouter/exporter.json"]["content"])
    assert told == {"url": "http://[2001:db8::61]:6180/telegraf/metric", "interval_s": 10, "answer_s": 3, "host": "web1",
                    "units": ["tomcat@a.service"], "httpd_url": "http://127.0.0.1/s?auto",
                    "haproxy": {"url": "", "user": "", "password_file": "/etc/scouter/haproxy-password"},
                    "mysql": {"user": "", "socket": "/run/m.sock", "password_file": "/etc/scouter/mysql-password"}, "tomcats": ["a", "b"]}
    off = hosts.config(web1(exporter=False))
    assert "/etc/systemd/system/failover-scouter-exporter.service" in off["absent"] and not off["files"]


def test_the_password_of_the_database_is_the_exporters_alone():
    found = hosts.config(web1(mysql_user="watch", mysql_password="of the database"))
    login = {one["path"]: one for one in found["files"]}["/etc/scouter/mysql-password"]
    assert (login["content"], login["group"], login["mode"]) == ("@@mysql_password@@\n", "scouter-exporter", "0640")
    assert found["secrets"] == {"mysql_password": "of the database"}
    assert {"/etc/scouter/mysql-password", "/etc/scouter/haproxy-password"} <= set(hosts.config(web1())["absent"])
    found = hosts.config(web1(haproxy_url="http://x/;csv", haproxy_user="admin", haproxy_password="of the proxy"))
    assert found["secrets"] == {"haproxy_password": "of the proxy"} and "/etc/scouter/haproxy-password" not in found["absent"]
    assert hosts.config(web1(haproxy_url="http://x/;csv"))["secrets"] == {}


def test_agents_of_the_archive():
    found = files(archived())
    java = found["/etc/scouter/java/a.conf"]["content"].splitlines()
    for line in ("obj_host_name=web1", "obj_name=a", "profile_http_parameter_enabled=false", "profile_http_header_enabled=false",
                 "profile_http_querystring_enabled=false", "trace_interservice_enabled=true", "trace_user_mode=1",
                 "net_collector_ip=198.51.100.61"):
        assert line in java
    dropin = found["/etc/systemd/system/tomcat@a.service.d/scouter.conf"]["content"]
    assert "-javaagent:/opt/scouter/archive-aaaaaaaaaaaa/agent.java/scouter.agent.jar" in dropin
    assert "-Dscouter.config=/etc/scouter/java/a.conf" in dropin and "LogsDirectory=scouter-java/a" in dropin
    host = found["/etc/systemd/system/scouter-host.service"]["content"]
    assert "MemoryMax=320M" in host and "scouter.boot.Boot /var/lib/scouter-host/lib" in host
    # One that has none any more.
    assert hosts.config(archived())["absent"][-1:] == ["/etc/systemd/system/tomcat@b.service.d/scouter.conf"]
    assert "profile_http_header_enabled=true" in files(archived(profile_http=True))["/etc/scouter/java/a.conf"]["content"]


def test_systemd_and_the_role_want_the_same_of_a_directory():
    """Else each undoes what the other did, and no run is without a change."""
    for unit, directory in ((hosts.collector_unit(values()), "/var/lib/scouter"), (hosts.host_unit(archived()), "/var/lib/scouter-host")):
        made = {one["path"]: one for one in [*hosts.config(values())["directories"], *hosts.config(archived())["directories"]]}[directory]
        assert made["owner"] == "scouter" and "StateDirectoryMode=" + made["mode"] in unit.splitlines()


DIRECTOR = {"group_names": ["ipvs_director", "rabbitmq"], "keepalived_instances": [{"name": "web", "addresses": ["198.51.100.100/24"]}],
            "keepalived_virtual_servers": [{"name": "web", "address": "198.51.100.100", "ports": [80, 443], "group": "web"}, 7]}
SERVICE = {"name": "web", "address": "198.51.100.100", "port": 80, "protocol": "TCP", "fwmark": None, "quorum": 1,
           "servers": [{"name": "web1", "address": "198.51.100.21", "weight": 1}]}


def director(**changes):
    return values("web1", watched={"mon": {}, "web1": dict(DIRECTOR, **changes)}, vrrp_instances=["web"], virtual_services=[SERVICE],
                  rabbitmq_url="http://127.0.0.1:15692/metrics", rabbitmq_members=["web1"])


def test_what_the_exporter_looks_at_of_keepalived_and_rabbitmq():
    told = json.loads(hosts.exporter_settings(director()))
    assert told["vips"] == ["198.51.100.100"] and told["vrrp"]["instances"] == ["web"]
    assert [one["label"] for one in told["virtual_servers"]] == ["web_198.51.100.100:80"]
    assert told["rabbitmq"] == {"url": "http://127.0.0.1:15692/metrics", "nodes": ["rabbit@web1"]}
    # Of sockets it needs one more kind, for the addresses, and nothing where it does not look.
    assert hosts.member(director())["families"] == ["AF_NETLINK"] and hosts.member(web1())["families"] == []


def test_what_it_shall_not_look_at():
    told = json.loads(hosts.exporter_settings(dict(director(), vrrp_instances=[], rabbitmq_url="", virtual_services=[])))
    assert not {"vips", "vrrp", "virtual_servers", "rabbitmq"} & set(told)


def test_what_the_collector_must_know_of_them():
    assert hosts.expected(director())[1:] == [
        "/web1/X$host", "/web1/X$vrrp_web", "/web1/X$vip_198.51.100.100", "/web1/X$virtual_server_web_198.51.100.100:80",
        "/web1/X$virtual_server_web_198.51.100.100:443", "/web1/X$rabbitmq"]
    nothing = director(scouter_vrrp_instances=[], scouter_rabbitmq_url="", keepalived_virtual_servers=[])
    assert hosts.expected(nothing)[1:] == ["/web1/X$host"]


def test_sessions_of_tomcats_are_told_where_these_tell_them():
    services = [{"name": "user", "applications": [{}, {"path": "/shop"}]}]
    given = {"tomcat_cluster_instances": [{"name": "a", "services": services}, {"name": "b"}]}
    watched = values("web1", watched={"web1": given})
    assert json.loads(hosts.exporter_settings(watched))["tomcats"] == ["a", "b"]
    assert hosts.expected(watched)[-2:] == ["/web1/X$sessions_a/user", "/web1/X$sessions_a/user/shop"]
    silent = values("web1", watched={"web1": dict(given, tomcat_cluster_session_counts=False)})
    assert "tomcats" not in json.loads(hosts.exporter_settings(silent)) and "X$sessions" not in str(hosts.expected(silent))


def test_telegraf_in_place_of_the_exporter():
    given = values("web1", telegraf="/srv/telegraf_1.39.3-1_amd64.deb", telegraf_checksum="sha256:" + SUM, exporter=False)
    home = "/opt/scouter/telegraf-aaaaaaaaaaaa"
    assert hosts.member(given)["telegraf_home"] == home
    assert hosts.member(given)["telegraf_unpack"] == [
        "dpkg-deb", "--extract", "/opt/scouter/telegraf/telegraf_1.39.3-1_amd64.deb", home]
    assert {one["name"]: one["state"] for one in hosts.units(given)} == {
        "failover-scouter-exporter.service": "stopped", "failover-scouter-telegraf.service": "started", "scouter-host.service": "stopped"}
    assert hosts.active(given) == [{"name": "failover-scouter-telegraf.service", "paths": []}]
    config = files(given)["/etc/scouter/telegraf.conf"]
    assert (config["group"], config["mode"]) == ("scouter-telegraf", "0640")
    assert 'url = "http://198.51.100.61:6180/telegraf/metric"' in config["content"]
    found = hosts.config(given)
    assert found["validate"] == [home + "/usr/bin/telegraf config check --config %s/etc/scouter/telegraf.conf"]
    assert UNIT + "failover-scouter-exporter.service" in found["absent"]
    unit = files(given)[UNIT + "failover-scouter-telegraf.service"]["content"].splitlines()
    assert "ExecStart=%s/usr/bin/telegraf --config /etc/scouter/telegraf.conf" % home in unit and "User=scouter-telegraf" in unit


def test_what_telegraf_tells_the_collector_must_know_and_no_more():
    given = {"group_names": ["ipvs_director", "rabbitmq"], **{key: DIRECTOR[key] for key in ("keepalived_instances",)},
             "scouter_telegraf": "/srv/telegraf.deb", "keepalived_virtual_servers": DIRECTOR["keepalived_virtual_servers"]}
    found = hosts.expected(values(watched={"mon": {}, "web1": given}))
    assert found == ["/mon/X$host", "/web1/X$host", "/web1/X$vrrp_web", "/web1/X$rabbitmq"]


def test_units():
    assert {one["name"]: one["state"] for one in hosts.units(values())} == {
        "scouter.service": "started", "failover-scouter-exporter.service": "started", "scouter-host.service": "stopped",
        "failover-scouter-telegraf.service": "stopped"}
    assert {one["name"]: one["state"] for one in hosts.units(archived(exporter=False))} == {
        "failover-scouter-exporter.service": "stopped", "scouter-host.service": "started",
        "failover-scouter-telegraf.service": "stopped"}
    assert hosts.active(web1()) == [{"name": "failover-scouter-exporter.service", "paths": []}]


def test_what_the_collector_must_know():
    assert hosts.expected(values()) == ["/mon/X$host", "/web1/X$host", "/web1/X$unit_tomcat@a", "/web1/X$unit_tomcat@b"]
    watched = {"mon": {"scouter_units": ["haproxy.service"]}, "web1": {
        "tomcat_cluster_instances": TOMCATS, "scouter_units": [], "scouter_httpd_url": "http://x", "scouter_java_instances": ["b"],
        "scouter_mysql_user": "watch", "scouter_haproxy_url": "http://x/;csv"}}
    assert hosts.expected(archived(watched=watched)) == [
        "/mon/X$host", "/mon/X$unit_haproxy", "/mon", "/web1/X$host", "/web1/X$httpd", "/web1/X$haproxy", "/web1/X$mysql",
        "/web1", "/web1/b"]
    assert hosts.expected(values(exporter=False)) == []
