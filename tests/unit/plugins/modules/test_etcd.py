# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd_info, etcd_member and etcd_accounts on a cluster that is played: what its gateway answers, what systemd does."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._etcd import api, member
from ansible_collections.failover.stack.plugins.modules import etcd_accounts, etcd_info, etcd_member

HOSTS = ["etcd1", "etcd2", "etcd3"]
URLS = {host: "https://192.0.2.%s:2379" % host[-1] for host in HOSTS}
PEERS = {host: "https://192.0.2.%s:2380" % host[-1] for host in HOSTS}
ROOT = "root's long password"


class Cluster:
    """Members by their entry, who of them runs, who leads; users and roles. `asked` has (url, path, body)."""

    def __init__(self):
        self.entries = {10 + number: {"name": host, "peer": PEERS[host], "learner": False} for number, host in enumerate(HOSTS, 1)}
        self.running, self.leader, self.asked, self.alarms = set(HOSTS), "etcd1", [], []
        self.auth, self.users, self.roles = True, {"root": [ROOT, ["root"]]}, {"root": {}}
        self.refusals = []

    def identifier(self, name):
        return next((number for number, one in self.entries.items() if one["name"] == name), 0)

    def call(self, asking, path, body=None):
        """In the place of Api.ask."""
        body = body or {}
        self.asked.append((asking.url, path, body))
        name = next(host for host, url in URLS.items() if url == asking.url)
        if name not in self.running:
            raise api.Unreachable("Connection refused")
        if self.refusals and self.refusals[0][0] == path:
            raise api.ApiError(self.refusals.pop(0)[1])
        if path == "auth/authenticate":
            if self.users.get(body["name"], [None])[0] != body["password"]:
                raise api.ApiError("etcdserver: authentication failed, invalid user ID or password")
            return {"token": body["name"]}
        open_to_all = ("maintenance/status", "cluster/member/list", "maintenance/alarm")
        if self.auth and asking.token != "root" and path not in open_to_all:
            raise api.ApiError("etcdserver: user name is empty")
        return getattr(self, path.replace("/", "_").replace("-", "_"))(name, **body) or {}

    # -- what everybody may ask

    def maintenance_status(self, name):
        leader = self.identifier(self.leader) if self.leader in self.running else 0
        return {"header": {"member_id": str(self.identifier(name)), "cluster_id": "1", "revision": "5"}, "leader": str(leader),
                "raftIndex": {"etcd2": 7}.get(name, 5), "isLearner": self.entries.get(self.identifier(name), {}).get("learner"),
                "version": "3.5.16", "dbSize": "20480"}

    def listing(self):
        return {"members": [{
            "ID": str(number), **({"name": one["name"]} if one["name"] else {}), "peerURLs": [one["peer"]],
            "clientURLs": [URLS[one["name"]]] if one["name"] in URLS else [], "isLearner": one["learner"]}
            for number, one in self.entries.items()]}

    def cluster_member_list(self, _name):
        return self.listing()

    def maintenance_alarm(self, _name, action):
        return {"alarms": self.alarms}

    # -- what root alone may; a follower does not hand a promotion on

    def cluster_member_remove(self, _name, ID):
        del self.entries[int(ID)]

    def cluster_member_add(self, _name, peerURLs, isLearner):
        self.entries[99] = {"name": "", "peer": peerURLs[0], "learner": isLearner}
        return self.listing()

    def cluster_member_promote(self, name, ID):
        if name != self.leader:
            raise api.ApiError("etcdserver: request timed out")
        self.entries[int(ID)]["learner"] = False

    def maintenance_transfer_leadership(self, _name, targetID):
        self.leader = self.entries[int(targetID)]["name"]

    def auth_enable(self, _name):
        self.auth = True

    def auth_user_list(self, _name):
        return {"users": list(self.users)}

    def auth_role_list(self, _name):
        return {"roles": list(self.roles)}

    def auth_user_get(self, _name, name):
        return {"roles": self.users[name][1]}

    def auth_role_get(self, _name, role):
        return {"perm": [{"key": key, "range_end": end, "permType": kind} for (key, end), kind in self.roles[role].items()]}

    def auth_user_add(self, _name, name, password):
        self.users[name] = [password, []]

    def auth_user_changepw(self, _name, name, password):
        self.users[name][0] = password

    def auth_user_grant(self, _name, user, role):
        self.users[user][1].append(role)

    def auth_user_delete(self, _name, name):
        del self.users[name]

    def auth_role_add(self, _name, name):
        self.roles[name] = {}

    def auth_role_grant(self, _name, name, perm):
        self.roles[name][perm["key"], perm["range_end"]] = perm["permType"]

    def auth_role_revoke(self, _name, role, key, range_end):
        del self.roles[role][key, range_end]

    def auth_role_delete(self, _name, role):
        del self.roles[role]


class Host:
    """etcd3's machine: its directories, what is laid down for a first start, its unit."""

    def __init__(self, root, cluster, commands):
        self.root, self.cluster, self.initial = root, cluster, root / "initial.env"
        self.data, self.state = root / "data", "active"
        (root / "ca.pem").touch()
        self.fill()
        commands.answers.update({
            "systemctl show": lambda _command: self.state + "\n", "systemctl reset-failed": "", "systemctl start --no-block": self.start,
            "systemctl stop": self.stop, "journalctl": "", "rm -rf --": ""})
        self.arguments = {"name": "etcd3", "url": URLS["etcd3"], "peer_url": PEERS["etcd3"], "endpoints": URLS, "ca": str(root / "ca.pem"),
                          "data_directory": str(self.data), "root_password": ROOT, "timeout": 5}

    def fill(self):
        (self.data / "member/wal").mkdir(parents=True, exist_ok=True)
        (self.data / "member/wal/0.wal").touch()

    def wipe(self):
        (self.data / "member/wal/0.wal").unlink()
        (self.data / "member/wal").rmdir()
        (self.data / "member").rmdir()

    def stopped(self):
        self.state = "inactive"
        self.cluster.running.discard("etcd3")

    def stop(self, _command):
        self.stopped()
        return ""

    def start(self, _command):
        """As the unit's assertion has it."""
        if not member.has_data(str(self.data)) and not self.initial.exists():
            return (1, "", "Assertion failed on job for etcd.service.")
        self.fill()
        self.state = "active"
        self.cluster.running.add("etcd3")
        for one in self.cluster.entries.values():
            one["name"] = one["name"] or "etcd3"
        return ""


@pytest.fixture
def cluster(monkeypatch, clock):
    made = Cluster()
    monkeypatch.setattr(api.Api, "ask", lambda self, path, body=None: made.call(self, path, body))
    clock(api, etcd_member)
    return made


@pytest.fixture
def host(cluster, tmp_path, commands, monkeypatch):
    made = Host(tmp_path, cluster, commands)
    monkeypatch.setattr(member.lay_down, "__defaults__", (str(made.initial),))
    monkeypatch.setattr(member.take_away, "__defaults__", (str(made.initial),))
    return made


def act(host, state="started", **more):
    return dict(host.arguments, state=state, **more)


# --- etcd_member ------------------------------------------------------------------------


def test_a_member_that_runs_is_left_alone(host, play):
    assert play(etcd_member, act(host))["steps"] == []


def test_one_that_was_stopped_starts_with_its_data(host, play):
    host.stopped()
    assert play(etcd_member, act(host), check=True)["steps"] == ["start"] and host.state == "inactive"
    result = play(etcd_member, act(host))
    assert result["changed"] and result["steps"] == ["start"] and not host.initial.exists()


def test_a_new_cluster_is_formed_of_what_is_laid_down(host, play):
    host.stopped()
    host.wipe()
    assert play(etcd_member, act(host, initial="etcd1=a,etcd3=b"))["steps"] == ["form a cluster of etcd1=a,etcd3=b", "start"]
    # For the first start alone.
    assert not host.initial.exists()


def test_one_that_tries_in_vain_begins_again(host, play):
    host.wipe()
    host.cluster.running.discard("etcd3")
    host.state = "activating"
    assert play(etcd_member, act(host, initial="etcd1=a"))["steps"] == ["stop", "form a cluster of etcd1=a", "start"]


def test_what_is_laid_down_is_read_by_the_unit(tmp_path):
    path = tmp_path / "run/initial.env"
    member.lay_down("new", "etcd1=a,etcd2=b", "token", str(path))
    assert path.read_text() == "ETCD_INITIAL_CLUSTER_STATE=new\nETCD_INITIAL_CLUSTER=etcd1=a,etcd2=b\nETCD_INITIAL_CLUSTER_TOKEN=token\n"


def test_one_without_data_does_not_just_start(host, refused):
    host.stopped()
    host.wipe()
    assert refused(etcd_member, act(host)) == (
        "etcd3: there are no data in %s, and it is no member of a new cluster: playbooks/etcd.yml adds it as a new member." % host.data)


def test_without_a_leader_the_journal_is_quoted(host, commands, refused):
    host.cluster.leader = "nobody"
    commands.answers["journalctl"] = "\n".join([
        '{"level":"info","msg":"started"}', '{"level":"fatal","msg":"discovery failed","error":"member count is unequal"}', "[1]"])
    assert refused(etcd_member, act(host)) == (
        "etcd3 has no leader after 5 s (no majority of the members is there): discovery failed: member count is unequal.")
    commands.answers["journalctl"] = "etcd: no such file\n"
    host.cluster.running.clear()
    assert refused(etcd_member, act(host)) == "etcd3 has no leader after 5 s (Connection refused): etcd: no such file."
    commands.answers["journalctl"] = ""
    assert refused(etcd_member, act(host)).endswith(": journalctl -u etcd.service tells why.")


def test_systemd_refuses(host, commands, refused):
    host.stopped()
    commands.answers["systemctl start --no-block"] = (1, "", "Unit is masked.\n")
    assert refused(etcd_member, act(host)) == "etcd3 cannot be started: Unit is masked."


def test_who_lost_its_data_joins_as_a_new_member(host, play):
    host.stopped()
    host.wipe()
    assert play(etcd_member, act(host, "joined"), check=True)["steps"] == ["remove etcd3", "add etcd3 as a learner", "start", "promote"]
    assert host.cluster.identifier("etcd3") == 13
    host.cluster.refusals = [("cluster/member/add", "etcdserver: unhealthy cluster"),
                             ("cluster/member/promote", "etcdserver: can only promote a learner member which is in sync with leader")]
    result = play(etcd_member, act(host, "joined"))
    assert result["steps"] == ["remove etcd3", "add etcd3 as a learner", "start", "promote"]
    assert host.cluster.identifier("etcd3") == 99 and not host.cluster.entries[99]["learner"]
    # Nobody is asked about itself by the one that joins.
    assert not [url for url, path, _body in host.cluster.asked if url == URLS["etcd3"] and path != "maintenance/status"]


def test_what_the_others_know_is_laid_down(host, play, monkeypatch):
    host.stopped()
    host.wipe()
    laid = []
    monkeypatch.setattr(member, "lay_down", lambda *what: (laid.append(what), host.initial.touch()))
    play(etcd_member, act(host, "joined"))
    assert laid == [("existing", "etcd3=%s,etcd1=%s,etcd2=%s" % (PEERS["etcd3"], PEERS["etcd1"], PEERS["etcd2"]), "etcd-cluster")]


def test_what_a_broken_off_run_left_is_gone_through_again(host, play):
    # Added, never started: it has our place and no name.
    host.stopped()
    host.wipe()
    host.cluster.entries[13].update(name="", learner=True)
    assert play(etcd_member, act(host, "joined"))["steps"] == ["remove d", "add etcd3 as a learner", "start", "promote"]


def test_the_leader_itself_is_asked(host, play):
    host.cluster.leader = "etcd2"
    host.cluster.entries[13]["learner"] = True
    assert play(etcd_member, act(host, "joined"))["steps"] == ["promote"]


def test_a_learner_with_data_is_promoted_only(host, play):
    host.cluster.entries[13]["learner"] = True
    assert play(etcd_member, act(host, "joined"))["steps"] == ["promote"]


def test_without_a_majority_nobody_joins(host, refused):
    host.cluster.leader = "nobody"
    assert refused(etcd_member, act(host, "joined")) == (
        "etcd3: none of the other members (etcd1, etcd2) knows a leader: without a majority the cluster's members cannot be changed.")


def test_etcds_refusal_is_told(host, refused):
    host.stopped()
    host.wipe()
    host.cluster.refusals = [("cluster/member/remove", "etcdserver: permission denied")]
    assert refused(etcd_member, act(host, "joined")) == "etcd3: etcd said: etcdserver: permission denied."
    host.cluster.refusals = [("cluster/member/remove", "etcdserver: unhealthy cluster")] * 100
    assert refused(etcd_member, act(host, "joined")) == "etcd3: etcd says after 5 s: etcdserver: unhealthy cluster."


def test_the_password_of_before_counts(host, play, refused, tmp_path):
    host.cluster.users["root"][0] = "the one of before"
    (tmp_path / "login").write_text("the one of before\n")
    host.cluster.entries[13]["learner"] = True
    assert play(etcd_member, act(host, "joined", login_file=str(tmp_path / "login")))["steps"] == ["promote"]
    assert "authentication failed" in refused(etcd_member, act(host, "joined", login_file=str(tmp_path / "none")))


def test_data_are_set_aside_and_not_removed(host, play):
    assert play(etcd_member, act(host, "set_aside"), check=True)["steps"] == ["stop", "set its data aside"]
    result = play(etcd_member, act(host, "set_aside"))
    assert result["steps"] == ["stop", "set its data aside"] and os.path.exists(result["beside"] + "/member/wal/0.wal")
    assert result["beside"].startswith(str(host.data) + ".before-") and os.listdir(host.data) == []
    assert play(etcd_member, act(host, "set_aside"))["changed"] is False


def test_a_leader_hands_over_to_the_one_that_is_furthest(host, play):
    host.cluster.leader = "etcd3"
    assert play(etcd_member, act(host, "drained"), check=True)["steps"] == ["give the lead to etcd2"] and host.cluster.leader == "etcd3"
    play(etcd_member, act(host, "drained"))
    assert host.cluster.leader == "etcd2"
    assert play(etcd_member, act(host, "drained"))["steps"] == []


def test_with_nobody_else_the_lead_stays(host, play):
    host.cluster.leader, host.cluster.running = "etcd3", {"etcd3"}
    assert play(etcd_member, act(host, "drained"))["changed"] is False


@pytest.mark.parametrize("name", ["etcd2", "c"])
def test_a_dead_member_is_taken_out(host, play, name):
    host.cluster.running.discard("etcd2")
    assert play(etcd_member, act(host, "removed", name=name), check=True)["changed"] and len(host.cluster.entries) == 3
    assert play(etcd_member, act(host, "removed", name=name))["steps"] == ["remove " + name]
    assert play(etcd_member, act(host, "removed", name=name))["steps"] == []


def snapshot_file(root, content=b"x" * 512):
    path = root / "s.db"
    path.write_bytes(content + hashlib.sha256(content).digest())
    return str(path)


def test_a_snapshot_takes_the_place_of_the_data(host, play, commands, monkeypatch, tmp_path):
    def unpack(command):
        os.makedirs(str(host.data) + ".restored/member/wal")
        return "restored"
    monkeypatch.setattr(member.pwd, "getpwnam", lambda name: types.SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid()))
    commands.answers["etcdutl snapshot restore"] = unpack
    arguments = act(host, "restored", snapshot=snapshot_file(tmp_path), initial="etcd3=x", token="t")
    assert play(etcd_member, arguments, check=True)["steps"] == ["stop", "restore s.db"]
    result = play(etcd_member, arguments)
    assert result["steps"] == ["stop", "restore s.db"] and os.path.exists(result["beside"] + "/member/wal/0.wal")
    assert os.listdir(host.data / "member") == ["wal"] and pathlib.Path(host.data).stat().st_mode & 0o777 == 0o700
    assert commands.began("etcdutl") == [
        "etcdutl snapshot restore %s --name etcd3 --data-dir %s.restored --initial-cluster etcd3=x --initial-cluster-token t "
        "--initial-advertise-peer-urls %s" % (arguments["snapshot"], host.data, PEERS["etcd3"])]


def test_what_is_no_snapshot_stops_nobody(host, refused, tmp_path, commands):
    path = snapshot_file(tmp_path)
    with open(path, "ab") as handle:
        handle.write(b"x")
    assert refused(etcd_member, act(host, "restored", snapshot=path, initial="x")) == (
        "%s is no whole snapshot: it has 545 bytes, which no whole snapshot has: choose another one." % path)
    assert host.state == "active"
    commands.answers["etcdutl snapshot restore"] = (1, "", "Error: data-dir exists")
    assert refused(etcd_member, act(host, "restored", snapshot=snapshot_file(tmp_path), initial="x")) == (
        "%s cannot be restored: Error: data-dir exists" % path)
    assert member.has_data(str(host.data))
    assert "No such file" in refused(etcd_member, act(host, "restored", snapshot=str(tmp_path / "none"), initial="x"))


# --- etcd_info --------------------------------------------------------------------------


@pytest.fixture
def asks(host, tmp_path, clock):
    clock(etcd_info)
    return {"name": "etcd3", "members": URLS, "ca": str(tmp_path / "ca.pem"), "data_directory": str(host.data),
            "tls_directory": str(tmp_path / "tls"), "snapshot_directory": str(tmp_path)}


def test_what_a_member_tells(asks, play):
    found = play(etcd_info, asks)
    assert (found["available"], found["leader"], found["auth_enabled"], found["has_data"], found["active"]) == (
        True, "etcd1", True, True, "active")
    assert (found["version"], found["db_bytes"], found["revision"], found["member_id"]) == ("3.5.16", 20480, 5, "d")
    assert found["problems"] == [] and [one["name"] for one in found["members"]] == HOSTS


def test_health_is_waited_for(asks, play, refused, cluster):
    cluster.auth = False
    assert refused(etcd_info, dict(asks, wait_healthy=3)) == (
        "etcd3: the cluster is not healthy after 3 s: authentication is off, whoever reaches the port may do everything: "
        "playbooks/etcd.yml enables it.")
    cluster.auth, cluster.alarms = True, [{"memberID": "12", "alarm": "NOSPACE"}]
    assert play(etcd_info, asks)["alarms"] == ["NOSPACE at etcd2"]


def test_without_a_leader_nothing_is_asked_that_hangs(asks, play, cluster):
    cluster.leader = "nobody"
    found = play(etcd_info, asks)
    assert (found["leader"], found["auth_enabled"]) == ("", None) and len(found["members"]) == 3
    assert {path for _url, path, _body in cluster.asked} == {"maintenance/status", "cluster/member/list"}


def test_a_blank_machine(asks, play, host, cluster):
    host.stopped()
    host.wipe()
    os.unlink(asks["ca"])
    found = play(etcd_info, asks)
    assert (found["available"], found["has_data"], found["active"], found["trusts_authority"]) == (False, False, "inactive", False)
    assert cluster.asked == []


def test_certificates_and_snapshots(asks, play, tmp_path):
    from ansible_collections.failover.stack.plugins.module_utils._host import tls
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls/ca.pem").write_text(tls.self_signed(tls.new_key(), "etcd", 10))
    (tmp_path / "etcd3-20260101T000000Z-r3.db").touch()
    found = play(etcd_info, asks)
    assert 9.9 < found["certificate_days"]["ca.pem"] <= 10 and found["snapshots"][0]["revision"] == 3


def test_a_single_member_is_warned_of(asks, play):
    found = play(etcd_info, dict(asks, members={"etcd3": URLS["etcd3"]}))
    assert found["warnings"] == [
        "etcd3 is the only member of its cluster: when it is lost, all is. Three members bear the loss of one."]


def test_it_must_be_a_member_itself(asks, refused):
    assert refused(etcd_info, dict(asks, name="web1")) == "members (etcd1, etcd2, etcd3) does not have web1: name the member of this host."


# --- etcd_accounts ----------------------------------------------------------------------


USERS = {"url": URLS["etcd1"], "ca": "/ca.pem", "root_password": ROOT, "users": [{"name": "writer", "prefixes": ["/w/"]}],
         "passwords": {"writer": "writer's long password"}}


@pytest.fixture
def fresh(cluster):
    cluster.auth, cluster.users, cluster.roles = False, {}, {}
    return cluster


def test_a_new_cluster_gets_its_users_and_is_closed(fresh, play):
    first = play(etcd_accounts, USERS, check=True, diff=True)
    assert fresh.users == {} and not fresh.auth
    result = play(etcd_accounts, USERS)
    assert result["steps"] == first["steps"] == [
        "role writer: made", "role writer: READWRITE /w/*", "user writer: made", "user writer: role writer", "role root: made",
        "user root: made", "user root: role root", "authentication: enabled"]
    assert fresh.auth and fresh.users["writer"] == ["writer's long password", ["writer"]]
    assert first["diff"]["after"].splitlines() == first["steps"]
    again = play(etcd_accounts, USERS)
    assert (again["changed"], again["steps"]) == (False, [])
    assert "long password" not in json.dumps([first, result, again])


def test_another_password_and_other_prefixes(fresh, play, tmp_path):
    play(etcd_accounts, USERS)
    (tmp_path / "login").write_text(ROOT + "\n")
    other = dict(USERS, root_password="another long password", login_file=str(tmp_path / "login"), passwords={"writer": "yet another one"},
                 users=[{"name": "writer", "prefixes": ["/x/"], "permission": "read"}])
    assert play(etcd_accounts, other)["steps"] == [
        "role writer: READ /x/*", "role writer: no more READWRITE /w/*", "user writer: another password", "user root: another password"]
    assert play(etcd_accounts, other)["changed"] is False
    assert fresh.roles["writer"] == {(base64.b64encode(b"/x/").decode(), base64.b64encode(b"/x0").decode()): "READ"}


def test_who_must_not_be_there_goes(fresh, play):
    play(etcd_accounts, USERS)
    found = play(etcd_accounts, dict(USERS, users=[], passwords={}, absent=["writer"]))
    assert found["steps"] == ["user writer: removed", "role writer: removed"]


def test_somebody_elses_cluster(cluster, refused, tmp_path):
    (tmp_path / "login").write_text("neither\n")
    assert refused(etcd_accounts, dict(USERS, root_password="not that one", login_file=str(tmp_path / "login"))) == (
        "https://192.0.2.1:2379: root's password is not root_password, nor the one in %s/login: give the one that the cluster has; another "
        "user that has the role root can change it (docs/etcd.md)." % tmp_path)


def test_etcd_refuses_in_between(fresh, refused):
    fresh.refusals = [("auth/user/add", "etcdserver: request timed out")]
    assert refused(etcd_accounts, USERS) == "https://192.0.2.1:2379: etcd said: etcdserver: request timed out."
    fresh.refusals = [("auth/user/list", "etcdserver: no leader")]
    assert refused(etcd_accounts, USERS) == "https://192.0.2.1:2379: etcd said: etcdserver: no leader."


def test_no_password(refused):
    assert refused(etcd_accounts, dict(USERS, passwords={})) == "passwords has none for writer: add one."


def test_another_failure_is_not_taken_for_a_wrong_password(cluster, refused, monkeypatch):
    cluster.refusals = [("auth/authenticate", "etcdserver: request timed out")]
    assert refused(etcd_accounts, USERS) == "https://192.0.2.1:2379: etcd said: etcdserver: request timed out."
    cluster.users["writer"], cluster.roles["writer"] = ["x", []], {}
    calls = []

    def accepts_once(self, path, body=None):
        if path == "auth/authenticate":
            calls.append(path)
            if len(calls) > 2:
                raise api.ApiError("etcdserver: too many requests")
        return cluster.call(self, path, body)
    monkeypatch.setattr(api.Api, "ask", accepts_once)
    assert refused(etcd_accounts, USERS) == "https://192.0.2.1:2379: etcd said: etcdserver: too many requests."
