from __future__ import annotations

import pathlib
import types

import pytest
import tomllib
from ansible_collections.failover.stack.plugins.module_utils._figures.table import MEASURES, NAMED
from ansible_collections.failover.stack.plugins.module_utils._scouter import telegraf

SCRIPT = (pathlib.Path(__file__).resolve().parents[5] / "roles/scouter/files/telegraf.star").read_text(encoding="utf-8")
TOMCATS = [{"name": "tomcat1", "services": []}]


def values(**changes):
    return {
        "inventory_hostname": "web1", "watched": {"web1": {"tomcat_cluster_instances": TOMCATS}}, "interval_s": 10, "answer_s": 3,
        "telegraf": "/srv/t.deb", "telegraf_checksum": "sha256:" + "a" * 64, "telegraf_memory_mb": 256, "units": ["tomcat@tomcat1.service"],
        "vrrp_instances": ["front"], "httpd_url": "http://127.0.0.1/server-status?auto", "haproxy_url": "http://198.51.100.13:8404/;csv",
        "haproxy_user": "admin", "haproxy_password": "of the proxy", "mysql_user": "watch", "mysql_password": "of the database",
        "mysql_socket": "/run/mysqld/mysqld.sock", "rabbitmq_url": "http://127.0.0.1:15692/metrics", "rabbitmq_members": ["mq1", "mq2"],
        "_telegraf_user": "scouter-telegraf", "_telegraf_script": SCRIPT, **changes}


def config(**changes):
    """As Telegraf reads it on the host, its passwords put in."""
    given = values(**changes)
    text = telegraf.config(given, "http://198.51.100.61:6180/telegraf/metric")
    for name, secret in telegraf.secrets(given).items():
        text = text.replace("@@%s@@" % name, secret)
    return tomllib.loads(text)


def test_where_it_sends_and_how_often():
    found = config()
    assert found["agent"] == {"interval": "10s", "flush_interval": "10s", "hostname": "web1", "metric_buffer_limit": 2000, "quiet": True,
                              "skip_processors_after_aggregators": True}
    assert found["outputs"]["http"] == [{"url": "http://198.51.100.61:6180/telegraf/metric", "timeout": "3s", "data_format": "influx"}]
    assert found["processors"]["starlark"][0]["source"] == SCRIPT


def test_inputs_of_what_the_host_has():
    found = config()["inputs"]
    assert set(found) == {"cpu", "mem", "swap", "system", "net", "disk", "systemd_units", "procstat", "apache", "http", "mysql", "file"}
    assert found["systemd_units"] == [
        {"pattern": "tomcat@tomcat1.service", "details": True},
        {"pattern": "keepalived.service", "tags": {"told": "no"}}]
    assert [one["name_override"] for one in found["http"]] == ["text_haproxy", "text_rabbitmq", "text_sessions"]
    assert found["http"][0]["username"] == "admin" and found["http"][0]["password"] == "of the proxy"
    assert found["http"][1]["tags"] == {"nodes": "rabbit@mq1 rabbit@mq2"}
    assert found["http"][2]["urls"] == ["http+unix:///run/tomcat-cluster/tomcat1/status.sock:/"]
    assert found["file"] == [{"files": ["/run/keepalived-states/front"], "data_format": "value", "data_type": "string",
                              "name_override": "text_vrrp", "tags": {"vrrp_instance": "front"}}]
    assert found["mysql"][0]["servers"] == ["watch:of the database@unix(/run/mysqld/mysqld.sock)/?tls=false&timeout=3s"]


def test_a_host_that_has_nothing():
    found = config(watched={}, units=[], vrrp_instances=[], httpd_url="", haproxy_url="", mysql_user="", rabbitmq_url="")["inputs"]
    assert set(found) == {"cpu", "mem", "swap", "system", "net", "disk"}


@pytest.mark.parametrize("password", ["a\"b\\c", "'x' # y", "größe", "@@mysql_password@@", "line\tbreak"])
def test_a_password_arrives_as_it_is(password):
    found = config(mysql_password=password, haproxy_password=password)["inputs"]
    assert found["mysql"][0]["servers"] == ["watch:%s@unix(/run/mysqld/mysqld.sock)/?tls=false&timeout=3s" % password]
    assert found["http"][0]["password"] == password


def test_no_password_is_in_the_configuration_itself():
    text = telegraf.config(values(), "http://x")
    assert "of the" not in text and telegraf.secrets(values(haproxy_user="", mysql_user="")) == {}
    # In the script, too, Telegraf would look for variables.
    assert "$" not in SCRIPT and "'''" not in SCRIPT


def test_an_archives_program_is_taken_out_whatever_its_directories_are_called():
    given = values(telegraf="https://files.test/telegraf-1.39.3_linux_amd64.tar.gz")
    assert telegraf.unpacking(given, "/opt/scouter") == [
        "tar", "--extract", "--gzip", "--no-same-owner", "--file", "/opt/scouter/telegraf/telegraf-1.39.3_linux_amd64.tar.gz",
        "--directory", "/opt/scouter/telegraf-aaaaaaaaaaaa", "--wildcards",
        "--transform", "s,^.*usr/bin/telegraf$,usr/bin/telegraf,", "*/usr/bin/telegraf"]


# --- The script, which is Python as far as it goes ------------------------------------------


def metric(measurement, fields=None, time_s=1000, **tags):
    return types.SimpleNamespace(name=measurement, fields=dict(fields or {}), tags={"host": "web1", **tags}, time=time_s * 10 ** 9)


@pytest.fixture
def apply():
    """The script's function; what a line says is (measurement, tags, fields)."""
    space = {"state": {}, "Metric": metric}
    exec(compile(SCRIPT, "telegraf.star", "exec"), space)

    def told(one):
        found = space["apply"](one)
        return [(each.name, {key: value for key, value in each.tags.items() if key != "host"}, each.fields)
                for each in (found if isinstance(found, list) else [found] if found else [])]

    return told


def test_the_host(apply):
    times = {"time_user": 10.0, "time_nice": 1.0, "time_system": 2.0, "time_irq": 0.5, "time_softirq": 0.5, "time_steal": 1.0,
             "time_iowait": 3.0, "time_idle": 99.0}
    # It comes in two parts, the other one without the times.
    assert apply(metric("cpu", {"usage_user": 10.0}, cpu="cpu-total")) == []
    assert apply(metric("cpu", times, cpu="cpu-total")) == [("failover_host", {}, {"cpu": 15.0, "cpu_wait": 3.0, "beat": 1})]
    memory = {"total": 4 << 30, "available": 1 << 30}
    assert apply(metric("mem", memory)) == [("failover_host", {}, {"memory_used": 75.0, "memory_free": 1024, "beat": 2})]
    assert apply(metric("swap", {"used": 5 << 20}))[0][2]["swap_used"] == 5 and apply(metric("swap", {"in": 1})) == []
    assert apply(metric("system", {"load1": 0.5, "n_cpus": 2}))[0][2]["load1"] == 0.5
    assert apply(metric("system", {"uptime_format": "1 day"})) == []


def test_the_fullest_disk_and_one_that_is_gone(apply):
    assert apply(metric("disk", {"used_percent": 80.0}, path="/"))[0][2]["disk_used"] == 80.0
    assert apply(metric("disk", {"used_percent": 30.0}, path="/srv"))[0][2]["disk_used"] == 80.0
    assert apply(metric("disk", {"used_percent": 31.0}, 1100, path="/srv"))[0][2]["disk_used"] == 31.0


def test_all_real_interfaces_together(apply):
    assert apply(metric("net", {"bytes_recv": 2048, "bytes_sent": 1024}, interface="lo")) == []
    assert apply(metric("net", {"icmp_inmsgs": 1}, interface="all")) == []
    apply(metric("net", {"bytes_recv": 2048, "bytes_sent": 1024}, interface="eth0"))
    (line,) = apply(metric("net", {"bytes_recv": 4096, "bytes_sent": 0}, interface="eth1"))
    assert (line[2]["net_in"], line[2]["net_out"]) == (6, 1)


def test_units(apply):
    unit = {"mem_current": 64 << 20, "restarts": 2, "active_enter_timestamp_us": 900 * 10 ** 6}
    assert apply(metric("systemd_units", unit, name="tomcat@a.service", active="active")) == [
        ("failover_unit", {"unit": "tomcat@a"}, {"memory": 64, "restarts": 2, "uptime": 100, "beat": 1})]
    assert apply(metric("systemd_units", unit, name="tomcat@a.service", active="failed")) == []
    unknown = dict(unit, mem_current=(1 << 64) - 1, active_enter_timestamp_us=0)
    assert apply(metric("systemd_units", unknown, name="b.socket", active="active"))[0] == (
        "failover_unit", {"unit": "b.socket"}, {"restarts": 2, "beat": 1})
    main = {"cpu_time_user": 5.0, "cpu_time_system": 1.5, "num_threads": 40, "memory_rss": 60 << 20}
    assert apply(metric("procstat", main, systemd_unit="tomcat@a.service")) == [
        ("failover_unit", {"unit": "tomcat@a"}, {"cpu": 6.5, "tasks": 40, "beat": 2})]
    assert apply(metric("procstat_lookup", {"running": 1})) == []
    # Where cgroups do not count, the main process stands for its unit.
    apply(metric("systemd_units", dict(unit, mem_current=0), name="tomcat@a.service", active="active"))
    assert apply(metric("procstat", main, systemd_unit="tomcat@a.service"))[0][2]["memory"] == 60


def test_httpd_and_a_database_server(apply):
    status = {"BusyWorkers": 1.0, "IdleWorkers": 49.0, "TotalAccesses": 120.0, "TotalkBytes": 7.0, "ServerUptimeSeconds": 9.0, "Load1": 1.0}
    assert apply(metric("apache", status, port="80"))[0][2] == {"busy": 1, "idle": 49, "requests": 120, "sent": 7, "uptime": 9, "beat": 1}
    assert apply(metric("mysql", {"threads_connected": 5, "uptime": 9, "innodb_rows_read": 1}, server="x"))[0][2] == {
        "connections": 5, "uptime": 9, "beat": 1}
    galera = {"wsrep_cluster_size": 3, "wsrep_local_state": 4, "wsrep_cluster_status": "Primary", "wsrep_local_recv_queue": 0,
              "wsrep_flow_control_paused_ns": 5 * 10 ** 8}
    assert apply(metric("mysql", galera))[0][2] == {"members": 3, "synced": 1, "primary": 1, "queue": 0, "paused": 0.5, "beat": 2}
    # Telegraf sends a status of many lines in several parts.
    assert apply(metric("mysql", {"aborted_clients": 1})) == []


CSV = """# pxname,svname,qcur,scur,stot,status,hrsp_5xx,last_chk
web,FRONTEND,,5,120,OPEN,3,
app,web1,0,2,60,UP,0,"L7OK, 200"
app,web2,0,2,60,DOWN 1/2,0,
app,web3,0,0,0,MAINT (via x),0,
app,BACKEND,4,4,120,UP,0,

"""


def test_haproxy_as_a_whole(apply):
    assert apply(metric("text_haproxy", {"value": CSV}))[0][2] == {
        "sessions": 5, "arrived": 120, "queue": 4, "errors": 3, "up": 1, "down": 1, "drained": 1, "beat": 1}
    assert apply(metric("text_haproxy", {"value": "<html>"})) == [] == apply(metric("text_haproxy", {"value": ""}))


def test_rabbitmq(apply):
    text = ("# TYPE rabbitmq_queues gauge\nrabbitmq_queues 2\n"
            'rabbitmq_queue_messages{queue="a"} 3\nrabbitmq_queue_messages{queue="b b"} 4\n'
            "rabbitmq_alarms_memory_used_watermark 1\nrabbitmq_alarms_file_descriptor_limit 0\nrabbitmq_erlang_uptime_seconds 9.5\n"
            'erlang_vm_dist_node_state{peer="rabbit@mq2"} 3\nerlang_vm_dist_node_state{peer="rabbit@mq3"} 1\n'
            'erlang_vm_dist_node_state{peer="rabbitmqcli-1-rabbit@mq1"} 3\n')
    nodes = "rabbit@mq1 rabbit@mq2 rabbit@mq3"
    assert apply(metric("text_rabbitmq", {"value": text}, nodes=nodes))[0][2] == {
        "running": 2, "missing": 1, "alarms": 1, "queues": 2, "messages": 7, "uptime": 9, "beat": 1}
    assert apply(metric("text_rabbitmq", {"value": "up 1\n"}, nodes=nodes)) == []


def test_vrrp_of_a_keepalived_that_runs_and_of_one_that_left_its_states(apply):
    def front(word):
        return apply(metric("text_vrrp", {"value": word}, vrrp_instance="front"))

    assert front("MASTER\n") == [("failover_vrrp", {"vrrp_instance": "front"}, {"master": 0, "settled": 0, "beat": 1})]
    assert apply(metric("systemd_units", {}, name="keepalived.service", active="active", told="no")) == []
    assert front("MASTER")[0][2] == {"master": 1, "settled": 1, "beat": 2} and front("FAULT")[0][2]["settled"] == 0
    apply(metric("systemd_units", {}, name="keepalived.service", active="failed", told="no"))
    assert front("MASTER")[0][2]["settled"] == 0


def test_sessions(apply):
    text = "user\t/\tDeltaManager\t2\nuser\t/shop\tDeltaManager\t0\nfailover-status\t/\tStandardManager\t0\n"
    assert apply(metric("text_sessions", {"value": text}, instance="tomcat1")) == [
        ("failover_sessions", {"application": "tomcat1/user"}, {"active": 2, "beat": 1}),
        ("failover_sessions", {"application": "tomcat1/user/shop"}, {"active": 0, "beat": 1})]


def test_nothing_else_goes_on(apply):
    assert apply(metric("internal_agent", {"x": 1})) == []


def test_all_it_tells_the_collector_has_been_told_of(apply):
    """What the table does not name the collector throws away."""
    for one in (metric("cpu", dict.fromkeys(("time_user", "time_nice", "time_system", "time_irq", "time_softirq", "time_steal",
                                             "time_iowait"), 1.0)), metric("text_haproxy", {"value": CSV}),
                metric("mysql", {"wsrep_cluster_size": 3, "questions": 1}), metric("text_vrrp", {"value": ""}, vrrp_instance="a"),
                metric("text_sessions", {"value": "u\t/\tX\t1"}, instance="t")):
        for name, tags, fields in apply(one):
            kind = name[len("failover_"):]
            assert set(fields) <= {counter.name for counter in MEASURES[kind]}
            assert list(tags) == ([NAMED[kind]] if kind in NAMED else [])
