"""A stack in which one thing is broken, or due: exactly its line says so."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._status import judge, tiers

NO = "Connection to 198.18.0.9 port 22 timed out"


def states(hosts, state, limits=None):
    return [(one["tier"], one["cluster"]) for one in judge.judged(hosts, limits) if one["state"] == state]


def line(hosts, tier, cluster=None):
    return next(one for one in judge.judged(hosts) if one["tier"] == tier and cluster in (None, one["cluster"]))


def read(lab, host, tier, **changes):
    lab[host]["tiers"][tier]["read"].update(changes)


def lost(lab, host, tier, why="[Errno 111] Connection refused"):
    entry = lab[host]["tiers"][tier]
    del entry["read"]
    entry["error"] = why


def dead(lab, host):
    lab[host].update(reached=False, because="it cannot be reached (%s)" % NO, machine={})
    for tier in lab[host]["tiers"]:
        lost(lab, host, tier, lab[host]["because"])


def test_all_is_well(lab):
    lines = judge.judged(lab)
    assert [one["problems"] + one["warnings"] for one in lines if one["state"] != "ok"] == []
    assert judge.overall(lines) == "ok" and judge.verdict(lines) == "all %d lines are good" % len(lines)
    assert {one["tier"] for one in lines} == {*tiers.JUDGES, "hosts", "certificates", "restarts", "drains"} - {"ipvs_static"}


def test_what_the_lines_say(lab):
    said = {(one["tier"], one["cluster"]): one["text"] for one in judge.judged(lab)}
    assert said["vip", "haproxy"] == "198.18.0.101 at proxy1"
    assert said["ipvs", "ipvs_director"].startswith("lb1: web1 weight 2, 3 connections; web2 weight 2, 3 connections · lb2: ")
    assert said["haproxy", "haproxy"] == "proxy1: 2 of 2 servers up, 4 sessions · proxy2: 2 of 2 servers up, 4 sessions"
    assert said["mysql", "mysql_replication"] == "db1 takes writes (lease in term 4); db2 0 s behind, db3 0 s behind"
    assert said["backup", "mysql_replication"] == (
        "last backup db3-20261130T030000Z, 2 h ago, on db3; last restored db3-20261129T030000Z, 24 h ago")
    assert said["etcd", "one"] == "3 of 3 members, db2 leads; last snapshot 10 min ago"
    assert said["galera", "galera"] == "3 of 3, Primary; galera1 Synced, galera2 Synced, galera3 Synced"
    assert said["rabbitmq", "one"] == "3 of 3 nodes run; no partition; no alarm; 2 queues, 7 messages"
    assert said["content", "content"] == "media synced web1 40 s ago, web2 40 s ago"
    assert said["application", "one"] == "demo v1.0 on web1, web2"
    assert said["tomcat", "tomcat"] == "answers AJP: web1, web2; sessions web1: tomcat1/user 3 · web2: tomcat1/user 3"


@pytest.mark.parametrize(("host", "tier", "changes", "red", "words"), [
    ("lb1", "vip", {"held": []}, ("vip", "ipvs_director"), "nobody who answers holds 198.18.0.100"),
    ("lb2", "vip", {"held": ["198.18.0.100/24"]}, ("vip", "ipvs_director"), "198.18.0.100 is held by lb1 and lb2"),
    ("proxy2", "vip", {"problem": "VRRP instance web is in state FAULT: read journalctl -u keepalived."}, ("vip", "haproxy"),
     "proxy2: VRRP instance web is in state FAULT: read journalctl -u keepalived"),
    ("lb2", "ipvs", {"services": []}, ("ipvs", "ipvs_director"), "lb2: http (TCP 198.18.0.100:80) is not in the kernel's table"),
    ("web2", "realserver", {"missing": ["198.18.0.100 is not on lo"]}, ("realserver", "one"), "web2: 198.18.0.100 is not on lo"),
    ("proxy1", "haproxy", {"problems": ["Backend web has no server that is up (web1 DOWN)."]}, ("haproxy", "haproxy"),
     "proxy1: Backend web has no server that is up (web1 DOWN)"),
    ("web1", "httpd", {"unusable_balancers": ["user"]}, ("httpd", "one"), "web1: user has no usable worker: start the Tomcats"),
    ("web1", "httpd", {"closed": True}, ("httpd", "one"), "web1: its health page is closed"),
    ("web1", "tomcat", {"answers": {"tomcat1/user": False}}, ("tomcat", "tomcat"), "web1: tomcat1/user does not answer AJP"),
    ("web2", "application", {"applications": {"demo": {"release": "", "version": "v1.0", "stale": []}}}, ("application", "one"),
     "web2: application demo has no current release"),
    ("web2", "application", {"applications": {"demo": {"release": "r", "version": "v1.0", "stale": ["tomcat@tomcat1.service"]}}},
     ("application", "one"), "web2: tomcat@tomcat1.service runs with another release of demo"),
    ("db2", "mysql", {"lease": {}}, ("mysql", "mysql_replication"), "db2: its agent does not say who holds the lease"),
    ("db1", "mysql", {"holds": False}, ("mysql", "mysql_replication"), "nobody who answers holds the writer's address 198.18.0.102"),
    ("db2", "mysql", {"holds": True}, ("mysql", "mysql_replication"), "the writer's address 198.18.0.102 is held by db1 and db2"),
    ("db2", "etcd", {"alarms": ["NOSPACE at db2"], "auth_enabled": True}, None, ""),
    ("db1", "etcd", {"alarms": ["NOSPACE at db2"]}, ("etcd", "one"), "alarm NOSPACE at db2"),
    ("db3", "etcd", {"snapshots": []}, ("etcd", "one"), "db3: there is no snapshot in /var/backups/etcd"),
    ("mon", "mha", {"problems": ["nobody takes writes"]}, ("mha", "one"), "mon: nobody takes writes"),
    ("mon", "mmm", {"problems": ["nobody has the role of the writer"]}, ("mmm", "one"), "mon: nobody has the role of the writer"),
    ("galera3", "galera", {"problems": ["wsrep_ready is OFF: it refuses statements."]}, ("galera", "galera"),
     "galera3: wsrep_ready is OFF"),
    ("galera2", "galera", {"uuid": "u2"}, ("galera", "galera"), "members are in different clusters"),
    ("mq2", "rabbitmq", {"problems": ["rabbit@mq1 is separated from rabbit@mq2 by a partition."]}, ("rabbitmq", "one"),
     "rabbit@mq1 is separated from rabbit@mq2 by a partition"),
    ("web1", "content", {"problems": ["content media is as it was 912 s ago, the last pull failed: rc 5."]}, ("content", "content"),
     "web1: content media is as it was 912 s ago"),
    ("files1", "nfs", {"problems": ["content shared: /srv/nfs/shared did not answer within 3 s."], "reads": {"shared": None}},
     ("nfs", "one"), "files1: content shared: /srv/nfs/shared did not answer within 3 s"),
    ("mon", "scouter", {"problems": ["mon: never seen: /web1/host."]}, ("scouter", "one"), "mon: never seen: /web1/host"),
])
def test_one_thing_is_broken(lab, host, tier, changes, red, words):
    read(lab, host, tier, **changes)
    assert states(lab, "critical") == ([red] if red else [])
    assert states(lab, "warning") == []
    if red:
        (problem,) = line(lab, *red)["problems"]
        assert problem.startswith(words)


def test_a_stopped_replica(lab):
    lab["db3"]["tiers"]["mysql"]["read"]["info"]["channels"][0].update(applier="stopped", applier_errno=0)
    assert states(lab, "critical") == [("mysql", "mysql_replication")]
    assert any(one.startswith("db3: it applies nothing from 198.18.0.31:3306") for one in line(lab, "mysql")["problems"])


def test_a_replica_that_is_behind(lab):
    lab["db3"]["tiers"]["mysql"]["read"]["info"]["channels"][0]["lag"] = 300
    assert line(lab, "mysql")["problems"] == ["db3: it is 300 s behind 198.18.0.31:3306"]
    assert line(lab, "mysql")["text"].endswith("db2 0 s behind, db3 5 min behind")


def test_two_writers(lab):
    lab["db2"]["tiers"]["mysql"]["read"]["info"].update(writable=True)
    assert states(lab, "critical") == [("mysql", "mysql_replication")]
    assert "db2: it takes writes, but the writer is another member" in line(lab, "mysql")["problems"]


def test_an_etcd_member_that_does_not_answer(lab):
    from ansible_collections.failover.stack.plugins.module_utils._etcd.state import silent
    read(lab, "db3", "etcd", status=silent("connection refused"), members=[])
    assert states(lab, "critical") == [("etcd", "one")]
    (problem,) = line(lab, "etcd")["problems"]
    assert problem.startswith("db3 does not answer at https://198.18.0.33:2379 (connection refused)")
    assert line(lab, "etcd")["text"].startswith("2 of 3 members, db2 leads")


@pytest.mark.parametrize(("host", "tier", "unit"), [
    ("proxy1", "vip", "keepalived.service"), ("proxy2", "haproxy", "haproxy.service"), ("web1", "httpd", "apache2.service"),
    ("web2", "tomcat", "tomcat@tomcat1.service"), ("db2", "mysql", "mysql-writer.service"), ("db1", "etcd", "etcd.service"),
    ("galera2", "galera", "failover-galera-agent.service"), ("mq3", "rabbitmq", "rabbitmq-server.service"),
    ("web1", "content", "failover-content-media.timer"), ("files1", "nfs", "autofs.service"), ("mon", "scouter", "scouter.service"),
    ("mon", "monitoring", "prometheus-node-exporter.service"), ("mon", "firewall", "failover-firewall.service")])
def test_a_service_that_does_not_run(lab, host, tier, unit):
    lab[host]["machine"]["inactive"] = [unit]
    lost(lab, host, tier)
    assert [tier for tier, _cluster in states(lab, "critical") if tier != "vip" or unit.startswith("keepalived")] == [tier]
    (found,) = (one for one in judge.judged(lab) if one["tier"] == tier and one["state"] == "critical")
    assert found["problems"][:2] == ["%s: [Errno 111] Connection refused" % host,
                                     "%s: unit %s does not run: journalctl -u %s tells why" % (host, unit, unit)]


@pytest.mark.parametrize(("host", "red"), [
    ("lb2", {"hosts", "vip", "ipvs"}), ("proxy2", {"hosts", "vip", "haproxy"}), ("galera3", {"hosts", "galera"}),
    ("mq3", {"hosts", "rabbitmq"}), ("db3", {"hosts", "mysql", "backup", "etcd"}), ("files1", {"hosts", "nfs"}),
    ("web2", {"hosts", "realserver", "httpd", "tomcat", "application", "content"}), ("content1", {"hosts", "content", "nfs"}),
    ("mon", {"hosts", "scouter", "mha", "mmm", "monitoring", "firewall"})])
def test_a_dead_machine(lab, host, red):
    """All of its tiers are red, name it and why, and no other is; what cannot be known of it is told."""
    dead(lab, host)
    lines = judge.judged(lab)
    assert {one["tier"] for one in lines if one["state"] == "critical"} == red
    for one in lines:
        assert one["state"] != "critical" or "%s: it cannot be reached (%s)" % (host, NO) in one["problems"]
    assert [one["tier"] for one in lines if one["state"] == "warning"] == ["certificates", "restarts", "drains"]


def test_a_dead_etcd_member_is_told_once(lab):
    dead(lab, "db3")
    assert line(lab, "etcd")["problems"] == ["db3: it cannot be reached (%s)" % NO]


def test_a_tier_without_anybody_who_answers(lab):
    for host in ("galera1", "galera2", "galera3"):
        dead(lab, host)
    assert line(lab, "galera")["text"] == "nothing could be read" and len(line(lab, "galera")["problems"]) == 3


def test_whose_variables_cannot_be_evaluated_belongs_to_the_only_cluster(lab):
    entry = {"asked": {"cluster": None}, "error": "variables of role galera cannot be evaluated (x)"}
    for host in ("galera1", "galera2"):
        lab[host]["tiers"]["galera"]["asked"]["cluster"] = "shop"
    lab["galera3"]["tiers"]["galera"] = entry
    assert [one["cluster"] for one in judge.judged(lab) if one["tier"] == "galera"] == ["shop"]
    assert line(lab, "galera")["problems"] == ["galera3: variables of role galera cannot be evaluated (x)"]


def test_two_clusters_have_a_line_each(lab):
    lab["galera3"]["tiers"]["galera"]["asked"]["cluster"] = "other"
    read(lab, "galera3", "galera", problems=["read_only is ON: it takes no writes."])
    assert states(lab, "critical") == [("galera", "other")]
    assert judge.verdict(judge.distinguished(judge.judged(lab))).endswith("lines are red: Galera other")


# --- What waits for an operator ---------------------------------------------------------


@pytest.mark.parametrize(("host", "tier", "changes", "yellow", "words"), [
    ("lb1", "ipvs", {"drained": ["198.18.0.22"]}, "drains", "web2 is drained at director lb1"),
    ("galera1", "galera", {"drained": True}, "drains", "galera1 is drained"),
    ("mq1", "rabbitmq", {"maintenance": ["rabbit@mq2"]}, "drains", "rabbit@mq2 is in maintenance"),
    ("web1", "httpd", {"in_error": ["web2"]}, "httpd", "web1: mod_jk holds worker web2 for dead"),
    ("web1", "httpd", {"silent": ["web2"]}, "httpd", "web1: worker web2 does not answer AJP"),
    ("db3", "backup", {"restored": {}}, "backup", "none was ever restored"),
    ("db3", "backup", {"newest": {}}, "backup", "there is no backup on any member"),
    ("db3", "backup", {"newest": {"name": "n", "age_s": 200000, "rows": 1}}, "backup", "the newest backup is 2 d old, 26 h are allowed"),
    ("db3", "backup", {"restored": {"name": "n", "age_s": 40 * 86400}}, "backup", "the last one that was restored is 40 d ago"),
    ("web2", "application", {"applications": {"demo": {"release": "r", "version": "v1.1", "stale": []}}}, "application",
     "demo has different versions on its nodes (v1.0, v1.1)"),
])
def test_what_is_to_be_looked_at(lab, host, tier, changes, yellow, words):
    read(lab, host, tier, **changes)
    assert states(lab, "critical") == []
    assert [tier for tier, _cluster in states(lab, "warning")] == [yellow]
    (said,) = line(lab, yellow)["warnings"]
    assert said.startswith(words)
    assert judge.verdict(judge.judged(lab)).startswith("nothing is broken; to be looked at: ")


def test_a_server_that_a_proxy_holds_for_dead_is_the_servers_own_line(lab):
    lab["proxy1"]["tiers"]["haproxy"]["read"]["servers"][1].update(status="DOWN", up=False, check="L4TOUT")
    assert states(lab, "critical") == []
    assert line(lab, "haproxy")["warnings"] == ["proxy1: server web/web2 is DOWN L4TOUT"]
    assert line(lab, "haproxy")["text"].startswith("proxy1: 1 of 2 servers up")


def test_a_server_without_weight_that_nobody_drained(lab):
    lab["lb1"]["tiers"]["ipvs"]["read"]["services"][0]["servers"][1]["weight"] = 0
    assert states(lab, "critical") == []
    assert line(lab, "ipvs")["warnings"] == ["lb1: Without weight, drained or failed: web2"]


def test_drains_of_proxies_and_workers(lab):
    for one in lab["proxy2"]["tiers"]["haproxy"]["read"]["servers"]:
        if one["name"] == "web1":
            one.update(asked="maint", up=False, status="MAINT")
    lab["web2"]["tiers"]["httpd"]["read"]["workers"][0].update(activation="stopped", usable=False)
    assert line(lab, "drains")["warnings"] == ["web1 is in maint at proxy2 (web)", "worker web1 is stopped in mod_jk on web2"]
    assert states(lab, "critical") == [] and line(lab, "drains")["text"] == "2 in force"


@pytest.mark.parametrize(("certificate", "state", "words"), [
    ({"days": 6.0, "life_days": 3650.0}, "critical", "db1: /c.pem ends in 6.0 days: run playbooks/site.yml"),
    ({"days": -2.0, "life_days": 3650.0}, "critical", "db1: /c.pem ended 2.0 days ago"),
    ({"days": 20.0, "life_days": 3650.0}, "warning", "db1: /c.pem ends in 20.0 days"),
    ({"days": 5.0, "life_days": 10.0}, "ok", ""), ({"days": 0.8, "life_days": 10.0}, "warning", "db1: /c.pem ends in 0.8 days"),
    ({"days": 0.4, "life_days": 10.0}, "critical", "db1: /c.pem ends in 0.4 days")])
def test_ends_of_certificates(lab, certificate, state, words):
    lab["db1"]["machine"]["certificates"].append(dict(certificate, path="/c.pem"))
    found = line(lab, "certificates")
    assert found["state"] == state
    assert [one.startswith(words) for one in found["problems"] + found["warnings"]] == ([True] if words else [])
    assert found["figures"]["first"] == {"days": certificate["days"], "host": "db1", "path": "/c.pem"}


def test_certificates_that_cannot_be_read(lab):
    lab["db1"]["machine"]["unread"] = "there is no openssl"
    assert line(lab, "certificates")["warnings"] == ["db1: certificates cannot be read: there is no openssl"]


def test_what_needs_a_restart_or_a_reboot(lab):
    lab["web1"]["machine"]["stale"] = ["tomcat@tomcat1.service"]
    lab["db2"]["machine"]["reboot"] = "a package wants a reboot"
    assert states(lab, "critical") == []
    assert line(lab, "restarts")["warnings"] == [
        "web1: tomcat@tomcat1.service runs with an older configuration: playbooks/rolling_restart.yml",
        "db2 wants a reboot: a package wants a reboot"]


def test_a_machine_whose_units_cannot_be_read_is_red(lab):
    lab["web1"]["machine"] = {"error": "systemctl show did not answer within 7 s"}
    assert states(lab, "critical") == [("hosts", "")]
    assert line(lab, "hosts")["problems"] == ["web1: systemctl show did not answer within 7 s"]


def test_limits_are_the_users(lab):
    assert ("backup", "mysql_replication") in states(lab, "warning", {"backup_age_h": 1.0})


def test_the_verdict_is_one_sentence(lab):
    dead(lab, "galera3")
    lines = judge.judged(lab)
    assert judge.verdict(lines) == "2 of %d lines are red: Hosts, Galera" % len(lines) and judge.overall(lines) == "critical"


def test_mmm_leads_the_databases(lab):
    for name in ("db1", "db2", "db3"):
        lab[name]["tiers"]["mysql"]["asked"].update(failover="mmm", automatic=False, elsewhere=True, writer_address="")
        read(lab, name, "mysql", lease={}, holds=False)
    assert states(lab, "critical") == [] and line(lab, "mysql")["text"].startswith("db1 takes writes (MMM)")


def test_times_in_words():
    assert [tiers.span(one) for one in (None, 5, 119, 120, 7199, 7200, 172799, 172800)] == [
        "never", "5 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d"]


def test_sessions_by_instance_and_application(lab):
    told = {"tomcat1/user": {"active": 7, "manager": "DeltaManager"}, "tomcat1/user/shop": {"active": 0, "manager": "DeltaManager"}}
    read(lab, "web1", "tomcat", sessions=told)
    one = line(lab, "tomcat")
    assert one["text"].endswith("sessions web1: tomcat1/user 7, tomcat1/user/shop 0 · web2: tomcat1/user 3") and one["state"] == "ok"
    assert one["figures"]["sessions"]["web1"] == told and one["marks"]["web1"] == ["7 sessions"]


def test_an_instance_that_does_not_tell_its_sessions_is_to_be_looked_at(lab):
    read(lab, "web1", "tomcat", sessions={}, untold={"tomcat1": "[Errno 2] No such file or directory"})
    one = line(lab, "tomcat")
    assert one["warnings"] == [
        "web1: tomcat1 does not tell its sessions ([Errno 2] No such file or directory): run playbooks/tomcat.yml"]
    assert one["state"] == "warning" and one["text"] == "answers AJP: web1, web2; sessions web2: tomcat1/user 3"
