"""What a host tells of its tiers: each by itself, none lost with another, none waited for beyond the limit."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import tls
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import shelf
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Unreachable
from ansible_collections.failover.stack.plugins.module_utils._status import machine, reading
from ansible_collections.failover.stack.plugins.module_utils._status.readers import content, front, mysql, rabbitmq, web
from ansible_collections.failover.stack.plugins.modules import status_info

UNIT = "Id={0}\nLoadState=loaded\nActiveState={1}\nUnitFileState=enabled\nNeedDaemonReload=no\nExecMainStartTimestampMonotonic={2}\n"
ADDRESSES = '[{"ifname": "eth0", "addr_info": [{"local": "198.18.0.101"}, {"local": "198.18.0.13"}]}]'


class Module:
    """The part of an AnsibleModule that Host takes."""

    def __init__(self, run):
        self.run_command = run

    @staticmethod
    def get_bin_path(name, required=False, opt_dirs=None):
        return name


@pytest.fixture
def host(commands):
    return reading.Host(Module(commands), 7)


# --- All at once ------------------------------------------------------------------------


def all_of(limit_s=2, **readers):
    return reading.read_all({name: (lambda one=one: one, {}) for name, one in readers.items()}, lambda: None, limit_s)


def fails(error):
    def reader(host, asked):
        raise error
    return reader


def test_a_reader_that_fails_loses_nobody_elses():
    found = all_of(good=lambda host, asked: {"x": 1}, refused=fails(ConnectionRefusedError(111, "Connection refused")),
                   unread=fails(reading.Unread("ip ended with 1: no.")), bug=fails(KeyError("leader")), mute=fails(ValueError()),
                   ours=fails(Unreachable("/run/mysqld/mysqld.sock: gone (error 2002)", 2002)))
    assert found == {"good": {"read": {"x": 1}}, "refused": {"error": "[Errno 111] Connection refused"},
                     "unread": {"error": "ip ended with 1: no"}, "bug": {"error": "KeyError: 'leader'"},
                     "mute": {"error": "ValueError: no reason given"}, "ours": {"error": "/run/mysqld/mysqld.sock: gone (error 2002)"}}


def test_who_hangs_is_told_in_time_and_the_others_too():
    before = time.monotonic()
    found = all_of(0.3, hangs=lambda host, asked: time.sleep(20), good=lambda host, asked: {})
    assert time.monotonic() - before < 3
    assert found["good"] == {"read": {}} and found["hangs"]["error"].endswith("did not tell within 0.3 s")


def test_a_reader_that_cannot_be_imported_is_its_tiers_error():
    def importing():
        raise ImportError("No module named 'x'")

    assert reading.read_all({"galera": (importing, {})}, lambda: None, 2) == {"galera": {"error": "ImportError: No module named 'x'"}}


def test_commands_have_a_limit(host, commands):
    commands.answers = {"timeout --kill-after=1 7 rabbitmqctl": (124, "", "")}
    with pytest.raises(reading.Unread, match="rabbitmqctl status did not answer within 7 s"):
        host.run_command(["rabbitmqctl", "status"])


def test_a_command_that_must_end_well(host, commands):
    commands.answers = {"timeout --kill-after=1 7 ip": (1, "", "Object unknown\n")}
    assert host.run_command(["ip", "a"])[0] == 1
    with pytest.raises(reading.Unread, match="ip a ended with 1: Object unknown"):
        host.run_command(["ip", "a"], check_rc=True)


def test_the_module(play, commands, monkeypatch):
    monkeypatch.setattr(status_info, "reader_of", lambda tier: lambda: {"vip": lambda host, asked: {"held": []},
                                                                        "galera": fails(OSError("gone"))}[tier])
    monkeypatch.setattr(machine, "MARK", "/nonexistent")
    monkeypatch.setattr(machine, "BOOT", "/nonexistent")
    commands.answers = {"timeout --kill-after=1 7 systemctl show": UNIT.format("garb.service", "inactive", 0)}
    found = play(status_info, {"asked": {"vip": {"units": []}, "galera": {"units": [{"name": "garb.service", "paths": []}]}}})
    assert found["tiers"] == {"vip": {"read": {"held": []}}, "galera": {"error": "gone"}} and found["changed"] is False
    assert found["machine"]["inactive"] == ["garb.service"]


# --- The machine ------------------------------------------------------------------------


def test_units_that_do_not_run_or_wait_for_a_restart(host, commands, tmp_path):
    (tmp_path / "conf").write_text("new", encoding="utf-8")
    started = int((time.clock_gettime(time.CLOCK_MONOTONIC) - 100) * 1e6)
    commands.answers = {"timeout --kill-after=1 7 systemctl show": "\n".join([
        UNIT.format("a.service", "active", started), UNIT.format("b.service", "active", started), UNIT.format("c.service", "failed", 0),
        UNIT.format("d.timer", "active", 0), UNIT.format("e.service", "activating", started)])}
    asked = [{"name": "a.service", "paths": [str(tmp_path)]}, {"name": "b.service", "paths": []}, {"name": "c.service", "paths": []},
             {"name": "d.timer", "paths": []}, {"name": "e.service", "paths": []}]
    assert machine.units(host, asked) == {"inactive": ["c.service", "e.service"], "stale": ["a.service"]}
    assert machine.units(host, []) == {"inactive": [], "stale": []}


@pytest.fixture
def certificate(tmp_path):
    key = tls.new_key()
    path = tmp_path / "www.pem"
    path.write_text(key + tls.self_signed(key, "www", 90), encoding="ascii")
    (tmp_path / "key.pem").write_text(key, encoding="ascii")
    return path


def test_ends_of_certificates_behind_their_keys_too(host, certificate):
    (found,) = machine.certificates(host, [str(certificate.parent / "*.pem"), str(certificate.parent / "none*")])
    assert found["path"] == str(certificate) and 89.9 < found["days"] < 90.1 and 89.9 < found["life_days"] < 90.2


def test_without_cryptography_openssl_tells(host, commands, certificate, monkeypatch):
    monkeypatch.setattr(tls, "x509", None)
    commands.answers = {"timeout --kill-after=1 7 openssl x509": "notBefore=Nov  1 00:00:00 2026 GMT\nnotAfter=Nov 11 00:00:00 2026 GMT\n"}
    (found,) = machine.certificates(host, [str(certificate)])
    assert found["life_days"] == 10


def test_a_certificate_that_nobody_can_read_is_told(host, commands, certificate, monkeypatch):
    monkeypatch.setattr(tls, "x509", None)
    monkeypatch.setattr(machine, "BOOT", "/nonexistent")
    commands.answers = {"timeout --kill-after=1 7 openssl x509": (1, "", "unable to load certificate")}
    found = machine.machine(host, {"units": [], "certificates": [str(certificate)]})
    assert found["certificates"] == [] and "unable to load certificate" in found["unread"]


# --- Readers ----------------------------------------------------------------------------


def test_virtual_addresses(host, commands, tmp_path):
    (tmp_path / "web").write_text("MASTER\n", encoding="utf-8")
    commands.answers = {"timeout --kill-after=1 7 systemctl is-active": "", "timeout --kill-after=1 7 ip -json address": ADDRESSES}
    asked = {"unit": "keepalived.service", "states": str(tmp_path), "instances": ["web"],
             "addresses": ["198.18.0.101/24", "198.18.0.106/24"]}
    assert front.vip(host, asked) == {"states": {"web": "MASTER"}, "held": ["198.18.0.101/24"], "problem": ""}
    found = front.vip(host, dict(asked, instances=["web", "other"]))
    assert found["problem"].startswith("VRRP instance other is in state unknown")


def test_a_proxy_and_what_an_operator_wants_of_its_servers(host, monkeypatch):
    head = "# pxname,svname,scur,status,addr,check_status,bck\n"
    answers = {"show stat": head + "web,FRONTEND,1,OPEN,,,\nweb,web1,2,UP,,L7OK,0\nweb,web2,0,MAINT,,,0\nweb,BACKEND,2,UP,,,\n",
               "show servers state": "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n3 web 1 web1 a 2 0\n"
                                     "3 web 2 web2 a 2 1\n"}
    monkeypatch.setattr(front, "ask_haproxy", lambda path, command, timeout: answers[command])
    monkeypatch.setattr(front, "listening", lambda: {("198.18.0.101", 80)})
    found = front.haproxy(host, {"socket": "/s", "binds": ["198.18.0.101:80", "198.18.0.101:443"], "backends": ["web"]})
    assert {one["name"]: (one["up"], one["asked"]) for one in found["servers"]} == {"web1": (True, "ready"), "web2": (False, "maint")}
    assert found["problems"] == ["Nothing listens on 198.18.0.101:443."]


def test_an_application_without_a_current_release(host, tmp_path):
    (tmp_path / "releases").mkdir()
    found = web.application(host, {"applications": [{"name": "shop", "docroot": str(tmp_path), "units": []}]})
    assert found == {"applications": {"shop": {"release": "", "version": "", "stale": []}}}


def test_backups_and_the_last_that_came_back(host, tmp_path):
    name = time.strftime("db3-%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 3600))
    (tmp_path / name).mkdir()
    (tmp_path / name / "manifest.json").write_text('{"format": 1, "rows": 9}', encoding="utf-8")
    (tmp_path / name / "SHA256SUMS").touch()
    (tmp_path / name / "data.tar.zst").touch()
    found = mysql.backup(host, {"directory": str(tmp_path)})
    assert found["newest"]["name"] == name and 3600 <= found["newest"]["age_s"] < 3700 and found["restored"] == {}
    shelf.note_restored(str(tmp_path), {"backup": name, "rows": 9}, "")
    restored = mysql.backup(host, {"directory": str(tmp_path)})["restored"]
    assert restored["name"] == name and restored["age_s"] < 100
    assert mysql.backup(host, {"directory": str(tmp_path / "nowhere")}) == {"count": 0, "newest": {}, "restored": {}}


@pytest.mark.parametrize("own, asks", [("rabbit@mq1", 2), ("rabbit@mq2", 1)])
def test_one_node_tells_of_the_queues(host, commands, monkeypatch, own, asks):
    status = ('{"disk_nodes": ["rabbit@mq1", "rabbit@mq2"], "running_nodes": ["rabbit@mq1", "rabbit@mq2"], "listeners": {"%s": '
              '[{"port": 5672}]}, "maintenance_status": {"rabbit@mq2": "marked"}}' % own)
    monkeypatch.setattr(rabbitmq.rabbitmq, "has_mirrors", lambda: False)

    def answer(command):
        if "cluster_status" in command:
            return status
        assert "list_queues --vhost shop" in command
        return '[{"name": "q", "type": "quorum", "leader": "rabbit@mq1", "members": ["rabbit@mq1", "rabbit@mq2"], ' \
            '"online": ["rabbit@mq1"], "messages": 3}]'

    commands.answers = {"timeout": answer}
    asked = {"node": own, "nodes": ["rabbit@mq1", "rabbit@mq2"], "ports": [5672, 5671], "vhosts": ["shop"]}
    found = rabbitmq.rabbitmq_node(host, asked)
    assert len(commands.ran) == asks and found["maintenance"] == ["rabbit@mq2"]
    assert found["problems"][0] == "%s does not listen on port 5671." % own
    assert (found["queues"], len(found["problems"])) == (({"count": 1, "messages": 3}, 3) if asks == 2 else (None, 1))


def test_content_that_was_never_pulled_and_a_source_that_is_gone(host, tmp_path, monkeypatch):
    monkeypatch.setattr(content.status, "STATE", str(tmp_path))
    asked = {"targets": [{"name": "media", "target": str(tmp_path / "t"), "mount": "", "atomic": False, "stale_s": 100}], "binds": [],
             "sources": [{"name": "site", "path": str(tmp_path / "none"), "mount": "", "marker": ".m", "push": False}]}
    found = content.content(host, asked)
    assert found["ages"] == {"media": None} and found["sources"] == ["site"]
    assert [one.split(":")[0] for one in found["problems"]] == ["content site", "content media was never pulled"]


def test_content_by_nfs_that_hangs(host, monkeypatch):
    monkeypatch.setattr(content.nfs_read, "within", lambda path, limit: None)
    asked = {"exports": [], "root": "", "binds": [], "answer_s": 6.0,
             "contents": [{"name": "shared", "mount": "/srv/nfs/shared", "device": "d", "options": [], "away": "/nonexistent/away"}]}
    found = content.nfs(host, asked)
    assert found["reads"] == {"shared": None} and "did not answer within 3 s" in found["problems"][0]


def test_a_backup_that_came_back_is_noted_for_good(tmp_path):
    assert shelf.last_restored(str(tmp_path)) == {}
    shelf.note_restored(str(tmp_path), {"backup": "db3-20261130T030000Z", "rows": 7}, "db2")
    found = shelf.last_restored(str(tmp_path))
    assert (found["backup"], found["into"], found["rows"]) == ("db3-20261130T030000Z", True, 7)
    assert os.listdir(tmp_path) == ["restored.json"]


# --- A database server ------------------------------------------------------------------


@pytest.fixture
def server(database, monkeypatch, host):
    monkeypatch.setattr(mysql, "read_info", lambda server: {"reachable": True, "writable": True})
    monkeypatch.setattr(mysql, "addresses", lambda host: {"198.18.0.102", "198.18.0.31"})
    monkeypatch.setattr(mysql.lease, "told", dict)
    monkeypatch.setattr(mysql.lease, "status", lambda: {"view": {"writer": "db1", "term": 4, "sync": {}, "made": 7}})
    return database


def test_a_member_with_the_writers_address(host, server, tmp_path):
    asked = {"socket": "/run/mysqld/mysqld.sock", "record": str(tmp_path), "writer_address": "198.18.0.102/24"}
    found = mysql.mysql(host, asked)
    assert found == {"info": {"reachable": True, "writable": True, "recorded": False, "lease": {}}, "holds": True,
                     "lease": {"writer": "db1", "term": 4, "sync": {}}}
    assert server.open == 0
    assert mysql.mysql(host, dict(asked, writer_address=""))["holds"] is False


def test_a_server_that_is_gone(host, server, tmp_path):
    server.down = Unreachable("/run/mysqld/mysqld.sock: no such file (error 2003)", 2003)
    asked = {"socket": "/run/mysqld/mysqld.sock", "record": str(tmp_path), "writer_address": ""}
    found = reading.read_all({"mysql": (lambda: mysql.mysql, asked)}, lambda: host, 5)
    assert found == {"mysql": {"error": "/run/mysqld/mysqld.sock: no such file (error 2003)"}}
