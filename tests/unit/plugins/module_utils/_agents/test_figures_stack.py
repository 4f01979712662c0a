from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import time
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import figures, figures_stack, mysql_store
from ansible_collections.failover.stack.plugins.module_utils._content import status
from ansible_collections.failover.stack.plugins.module_utils._host import tls


@pytest.fixture
def source(monkeypatch):
    """`said` is what it wrote to the journal."""
    said = []
    monkeypatch.setattr(figures, "say", said.append)
    made = figures.Source({"answer_s": 2, "host_figures": False, "units": [], "httpd_url": "", "haproxy": {"url": ""},
                           "mysql": {"user": ""}})
    made.said = said
    return made


def told(source):
    return {(one.kind, one.name): one.fields for one in source.round()}


@pytest.fixture
def certificate(tmp_path):
    """(path of certificate, path of certificate and key), good for ten days."""
    key = tls.new_key()
    text = tls.self_signed(key, "web1", 10)
    (tmp_path / "one.pem").write_text(text, encoding="ascii")
    (tmp_path / "both.pem").write_text(text + key, encoding="ascii")
    return tmp_path / "one.pem", tmp_path / "both.pem"


def test_without_anything_to_ask_nothing_is_told(source):
    assert told(source) == {} and source.said == []


def test_addresses_of_this_machine(source):
    source.config["vips"] = ["127.0.0.1", "198.51.100.100"]
    assert told(source) == {("vip", "127.0.0.1"): {"held": 1}, ("vip", "198.51.100.100"): {"held": 0}}


@pytest.mark.parametrize(("returncode", "master"), [(0, 1), (3, 0)])
def test_vrrp_of_a_keepalived_that_runs_and_of_one_that_left_its_states(source, tmp_path, monkeypatch, returncode, master):
    asked = []
    monkeypatch.setattr(figures.subprocess, "run", lambda command, **more: asked.append(command) or types.SimpleNamespace(
        returncode=returncode))
    (tmp_path / "web").write_text("MASTER\n", encoding="ascii")
    (tmp_path / "shop").write_text("FAULT\n", encoding="ascii")
    source.config["vrrp"] = {"unit": "keepalived.service", "states": str(tmp_path), "instances": ["web", "shop", "new"]}
    assert told(source) == {("vrrp", "web"): {"master": master, "settled": master}, ("vrrp", "shop"): {"master": 0, "settled": 0},
                            ("vrrp", "new"): {"master": 0, "settled": 0}}
    assert asked == [["/usr/bin/systemctl", "is-active", "--quiet", "--", "keepalived.service"]]


def test_virtual_servers_of_a_director(source, tmp_path, monkeypatch):
    monkeypatch.setattr(figures_stack, "IPVS", str(tmp_path / "ip_vs"))
    servers = [{"address": "198.18.0.21"}, {"address": "198.18.0.22"}]
    source.config["virtual_servers"] = [
        {"label": "web_198.18.0.100:%d" % port, "address": "198.18.0.100", "port": port, "protocol": "TCP", "fwmark": None, "quorum": 2,
         "servers": servers} for port in (80, 443)]
    assert told(source) == {} and source.said[0].startswith("virtual servers: ")
    (tmp_path / "ip_vs").write_text("TCP  C6120064:0050 wrr\n  -> C6120015:0050      Route   3      2          0\n"
                                    "  -> C6120016:0050      Route   0      1          0\n", encoding="ascii")
    fields = {"servers": 2, "quorum": 2}
    assert told(source) == {
        ("virtual_server", "web_198.18.0.100:80"): dict(fields, live=1, weight=3, connections=3),
        # Which keepalived has taken away altogether.
        ("virtual_server", "web_198.18.0.100:443"): dict(fields, live=0, weight=0, connections=0)}


def test_rabbitmq(source, monkeypatch):
    answer = 'rabbitmq_erlang_uptime_seconds 9.5\nrabbitmq_queues 2\nerlang_vm_dist_node_state{peer="rabbit@mq2"} 3\n'
    monkeypatch.setattr(source, "fetch", lambda url: answer if url == "http://127.0.0.1:15692/metrics" else "")
    source.config["rabbitmq"] = {"url": "http://127.0.0.1:15692/metrics", "nodes": ["rabbit@mq1", "rabbit@mq2"]}
    fields = told(source)["rabbitmq", ""]
    assert (fields["running"], fields["missing"], fields["queues"], fields["uptime"]) == (2, 0, 2, 9)
    source.config["rabbitmq"]["url"] = "http://somebody.else/"
    assert told(source) == {}


def test_the_lease_that_an_agent_keeps(source, tmp_path):
    path = tmp_path / "lease.json"
    source.config["lease"] = {"path": str(path), "ttl_s": 3, "cluster": "shop"}
    assert told(source) == {}
    path.write_text(json.dumps({"lease": "7", "writer": True, "until": time.clock_gettime(time.CLOCK_BOOTTIME) + 2.5}), encoding="utf-8")
    fields = told(source)["lease", "shop"]
    assert fields["writer"] == 1 and 2 < fields["left"] <= 2.5
    path.write_text("{", encoding="utf-8")
    assert told(source) == {} and source.said[0].startswith("the writer's lease: ")


def test_the_lease_as_the_writer_agent_writes_it(source, tmp_path):
    path = str(tmp_path / "lease.json")
    store = mysql_store.Store({"prefix": "/w/", "ttl_s": 3}, "db1", path, print, etcd=object())
    store.lease, store.until, store.writer = "7", mysql_store.now() + 3, True
    store.remember()
    source.config["lease"] = {"path": path, "ttl_s": 3, "cluster": "shop"}
    fields = told(source)["lease", "shop"]
    assert fields["writer"] == 1 and 2.5 < fields["left"] <= 3 and fields["ttl"] == 3
    # Without a lease, as after one that ran out.
    store.lease, store.writer = None, False
    store.remember()
    assert told(source)["lease", "shop"] == {"writer": 0, "left": 0.0, "ttl": 3.0}


def test_drained(source, tmp_path):
    (tmp_path / "198.51.100.21").write_text("1\n", encoding="ascii")
    (tmp_path / "198.51.100.22").write_text("0\n", encoding="ascii")
    source.config["drains"] = {"galera": str(tmp_path / "drain"), "ipvs": str(tmp_path)}
    assert told(source) == {("drain", "galera"): {"drained": 0}, ("drain", "ipvs"): {"drained": 1}}
    source.config["drains"] = {"galera": str(tmp_path / "198.51.100.21"), "ipvs": str(tmp_path / "nowhere")}
    assert told(source) == {("drain", "galera"): {"drained": 1}, ("drain", "ipvs"): {"drained": 0}}


def test_contents_and_one_that_cannot_be_read_hides_no_other(source, tmp_path, monkeypatch):
    for name in ("CONFIG", "STATE"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(figures_stack.content_status, name, str(tmp_path / name))
    assert figures_stack.contents(source, True) == []
    for name in ("docs", "site"):
        (tmp_path / "CONFIG" / (name + ".json")).write_text('{"stale_s": 600}', encoding="utf-8")
    (tmp_path / "STATE/docs.json").write_text("{", encoding="utf-8")
    # As a run writes it.
    good = status.after({}, "site", int(time.time()) - 60, 1.0, status.DONE)
    (tmp_path / "STATE/site.json").write_text(json.dumps(
        status.after(good, "site", int(time.time()), 1.0, status.REFUSED, "too many")), encoding="utf-8")
    source.config["contents"] = True
    found = told(source)
    assert list(found) == [("content", "site")] and found["content", "site"]["refused"] == 1
    assert 59 <= found["content", "site"]["age"] <= 62 and found["content", "site"]["allowed"] == 600
    assert source.said[0].startswith("content docs: ")


def test_what_is_deployed(source, tmp_path):
    source.config["applications"] = [{"name": "shop", "docroot": str(tmp_path)}]
    assert told(source) == {("deploy", "shop"): {"current": 0, "age": None}}
    (tmp_path / "releases/r1").mkdir(parents=True)
    (tmp_path / "releases/r1.json").write_text('{"version": "v2"}', encoding="utf-8")
    os.symlink("releases/r1", tmp_path / "current")
    (one,) = source.round()
    assert one.labels == {"version": "v2"} and one.fields["current"] == 1 and 0 <= one.fields["age"] < 60


def test_certificates_in_files(source, certificate, tmp_path):
    source.config["certificates"] = [str(tmp_path / "*.pem"), str(tmp_path / "nowhere"), "/etc/hostname"]
    found = told(source)
    assert {name for _kind, name in found} == {str(path) for path in certificate}
    assert all(9.9 * 86400 < one["left"] <= 10 * 86400 for one in found.values())
    assert source.said == ["the certificate of /etc/hostname: there is no certificate"]


def test_a_certificate_that_a_server_shows(source, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1])
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            client, _address = server.accept()
            with context.wrap_socket(client, server_side=True) as one:
                one.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        place = "127.0.0.1:%d" % server.getsockname()[1]
        source.config["certificates"] = [place]
        assert 9.9 * 86400 < told(source)["certificate", place]["left"] <= 10 * 86400
    # Within a minute it is not asked again.
    assert ("certificate", place) in told(source) and source.said == []


def test_mod_jk_that_is_away_is_said_once(source):
    source.config["modjk_url"] = "http://127.0.0.1:1/jkstatus"
    assert told(source) == told(source) == {}
    assert len(source.said) == 1 and source.said[0].startswith("mod_jk: ")


def test_sessions_and_an_instance_that_is_down_hides_no_other(source, monkeypatch):
    def ask(instance, timeout_s):
        if instance == "a":
            raise figures_stack.tomcat_sessions.SessionsError("a answers with 500 at its socket")
        return {instance + "/user": {"active": 4, "manager": "DeltaManager"}}

    monkeypatch.setattr(figures_stack.tomcat_sessions, "ask", ask)
    source.config["tomcats"] = ["a", "b"]
    (one,) = source.round()
    assert (one.kind, one.name, one.fields, one.labels) == ("sessions", "b/user", {"active": 4}, {"manager": "DeltaManager"})
    assert source.said == ["sessions of a: a answers with 500 at its socket"]
