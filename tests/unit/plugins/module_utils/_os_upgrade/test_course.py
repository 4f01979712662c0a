from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.failover.stack.plugins.module_utils._os_upgrade import course as c
from ansible_collections.failover.stack.plugins.module_utils._os_upgrade import machine, releases

GROUPS = {
    "all": [], "content": ["content1"], "haproxy": ["lb1", "lb2"], "keepalived": ["lb1", "lb2"], "apache": ["web1", "web2"],
    "tomcat": ["web1", "web2"], "mysql_replication": ["db1", "db2", "db3"], "galera": ["galera1", "galera2", "galera3"],
    "galera_arbitrator": ["arbiter1"], "rabbitmq": ["rabbit1", "rabbit2", "rabbit3"], "etcd": ["etcd1"]}
OLD = {"server": "utf8mb4_general_ci", "sets": None}
DATABASES = (*GROUPS["mysql_replication"], *GROUPS["galera"])
ORDER = ["content1", "lb2", "lb1", "web1", "web2", "db3", "db2", "db1", "arbiter1", "galera3", "galera2", "galera1"]


def one(host, release="bookworm", tables=None, more=None, **os):
    found = {"os": dict({"release": release, "container": False, "unfinished": [], "held": [], "free_mb": 9000, "sources": [],
                         "foreign": [], "haproxy": [], "policies": [], "collation": True}, **os)}
    if host in DATABASES:
        found["tables"] = dict({"versioned": [], "collation": OLD}, **(tables or {}))
    if host in GROUPS["mysql_replication"]:
        # db3 follows db2, which follows the writer.
        found["mysql"] = {"writer": "db1", "source": {"db1": "", "db2": "db1", "db3": "db2"}[host]}
        found["mysql_members"] = GROUPS["mysql_replication"]
    if host in GROUPS["galera"]:
        found["galera_members"] = GROUPS["galera"]
    if host == "lb1":
        found["holds"] = ["198.18.0.100"]
    return dict(found, **(more or {}))


def seen(**changes):
    return {host: one(host, **changes.get(host, {})) for host in c.everybody(GROUPS)}


def stops(**changes):
    return c.course(seen(**changes), GROUPS, {})["stops"]


def test_the_order():
    found = c.course(seen(), GROUPS, {})
    assert [move["host"] for move in found["moves"]] == ORDER and found["stops"] == []
    assert [move["successor"] for move in found["moves"] if move["successor"]] == ["db2"]


def test_what_is_said():
    lines = c.course(seen(web1={"more": {"took_s": 95}, "container": True}, web2={"foreign": ["/etc/apt/sources.list.d/shop.list"]}),
                     GROUPS, {})["lines"]
    assert ("4. web1 (apache, tomcat): out of every balancer, moved, its Tomcats and httpd restarted, looked at, given back. Debian 13 "
            "for 12 "
            "by upgrading it in place, mod_jk 1.2.50 for 1.2.48, Java 21 and 25 for 17, Python 3.13 for 3.11; it took 95 s the last time"
            ) in lines
    assert ("8. db1 (mysql_replication): hands the writes to db2, which has been moved by then; stopped, moved, follows it, looked at. "
            "Debian "
            "13 for 12 by upgrading it in place and rebooting it, MariaDB 11.8 for 10.11, Python 3.13 for 3.11") in lines
    assert ("web2: /etc/apt/sources.list.d/shop.list has sources of packages that are not the distribution's: they stay as they are."
            ) in lines
    assert ("etcd1 stays on Debian 12: group etcd: set the machine up anew and give it back by playbooks/etcd_replace.yml.") in lines


def test_who_is_there_already_is_left_alone():
    found = c.course(seen(web1={"release": "trixie"}, db2={"release": "trixie"}), GROUPS, {})
    assert not {"web1", "db2"} & {move["host"] for move in found["moves"]}
    assert "web1, db2: on Debian 13 already." in found["lines"] and found["stops"] == []
    assert {move["successor"] for move in found["moves"] if move["host"] == "db1"} == {"db2"}


def test_only_those_that_are_named():
    found = c.course(seen(), GROUPS, {"hosts": "web2,galera1"})
    assert [move["host"] for move in found["moves"]] == ["web2", "galera1"]


@pytest.mark.parametrize("host, change, sentence", [
    ("web1", {"release": "sid"},
     "web1: it is on sid, from which this playbook knows no way: take it from the inventory, or set it up anew."),
    ("web1", {"unfinished": ["libc6"]},
     "web1: packages are half installed or not configured (libc6): mend that by dpkg --configure -a and apt-get install -f."),
    ("web1", {"held": ["apache2"]},
     "web1: packages are held (apache2), and would keep others from their upgrade: release them by apt-mark unhold."),
    ("web1", {"free_mb": 100},
     "web1: /var has 100 MiB of free space and the new packages want 2048: make room, apt-get clean helps."),
    ("lb1", {"haproxy": [{"line": 31, "what": "host_header"}]},
     "lb1: line 31 of /etc/haproxy/haproxy.cfg gives option httpchk a Host header within its version, which HAProxy 3.0 refuses: write "
     "http-check send hdr Host instead."),
    ("lb1", {"haproxy": [{"line": 7, "what": "bind_process"}]},
     "lb1: line 7 of /etc/haproxy/haproxy.cfg has bind-process, which HAProxy 3.0 refuses: take it out."),
    ("galera2", {"collation": False},
     "galera2: no file says which collation its server starts with, so 11.8 would start with its own: run playbooks/galera.yml, which "
     "writes it."),
    ("db2", {"tables": {"versioned": ["shop.prices"]}},
     "db2: shop.prices are system-versioned, and MariaDB 11.8 ends their history in 2106, 10.11 in 2038: while both releases are in the "
     "cluster one takes the other's current rows for past ones, a replica stops with 1032, a Galera member is thrown out. Copy them into "
     "tables without versions until all members have 11.8, or move all members with the writers stopped: mariadb-upgrade rebuilds them "
     "when "
     "nobody of 10.11 is left."),
])
def test_what_refuses(host, change, sentence):
    assert stops(**{host: change}) == [sentence]


def test_mixed_collations_are_told_of_every_member():
    new = {"collation": {"server": "utf8mb4_uca1400_ai_ci", "sets": "utf8mb4=utf8mb4_uca1400_ai_ci"}}
    found = stops(galera3={"release": "trixie", "tables": new})
    assert found == ["%s: galera1 has collation_server utf8mb4_general_ci and no character_set_collations, galera3 has collation_server "
                     "utf8mb4_uca1400_ai_ci and character_set_collations utf8mb4=utf8mb4_uca1400_ai_ci: they would make different "
                     "tables of "
                     "one statement. Set galera_collation to the collation that all shall have, such as utf8mb4_general_ci, run "
                     "playbooks/galera.yml, then this again." % host for host in ("galera2", "galera1")]


def test_a_single_server_needs_no_other_release_to_agree():
    only = {"db1": one("db1", tables={"versioned": ["shop.prices"]})}
    only["db1"]["mysql_members"] = ["db1"]
    assert c.course(only, {"mysql_replication": ["db1"]}, {})["stops"] == [
        "db1: it takes the writes, and no member that follows it has moved or moves before it: there would be nobody to take them. Add a "
        "replica, or name one in os_upgrade_hosts, too."]


def test_a_writer_alone_is_refused_until_who_follows_it_has_moved():
    assert c.course(seen(), GROUPS, {"hosts": "db1"})["stops"] != []
    assert c.course(seen(db2={"release": "trixie"}), GROUPS, {"hosts": "db1"})["stops"] == []


def test_rabbitmq_stays_and_its_way_is_named():
    keys = {"policies": [{"vhost": "shop", "name": "mirrored", "keys": ["ha-mode", "ha-params"]}]}
    found = c.course(seen(rabbit1=keys), GROUPS, {})
    assert found["stops"] == [] and [move["host"] for move in found["moves"]] == ORDER
    assert ("rabbit1: RabbitMQ 3.10 does not become 4.0 in place: 4.0 does not read its data and does not join its cluster, and Debian "
            "has no "
            "release between. It stays on Debian 12; its way is a new cluster to which shovels bring the messages, see docs/upgrade.md."
            ) in found["lines"]
    assert ("rabbit1: policies mirror queues (mirrored in shop), which RabbitMQ 4.0 does not know, and one such policy makes the whole "
            "import "
            "of its definitions fail: make the queues quorum queues by playbooks/rabbitmq_migrate_queues.yml and drop the policies."
            ) in found["lines"]
    assert ("rabbit1: RabbitMQ 4.0 drops a message that was returned to a quorum queue more than 20 times, 3.10 never did: say by a "
            "policy of "
            "the new cluster what shall be, delivery-limit -1 for never, or a dead-letter-exchange that gets them.") in found["lines"]
    assert len(c.course(seen(), GROUPS, {"hosts": "rabbit1"})["stops"]) == 1


def test_a_delivery_limit_that_is_said_is_not_asked_for():
    keys = {"policies": [{"vhost": "shop", "name": "limit", "keys": ["delivery-limit"]}]}
    assert not [line for line in c.course(seen(rabbit1=keys), GROUPS, {})["lines"] if line.startswith("rabbit1: RabbitMQ 4.0 drops")]


def test_two_members_of_rabbitmq():
    two = {"rabbitmq": ["rabbit1", "rabbit2"]}
    assert ("rabbit1: its cluster has two members (rabbit1, rabbit2), and with one given to the new cluster no quorum queue has a "
            "majority: "
            "add a third member first.") in c.course({host: one(host) for host in two["rabbitmq"]}, two, {})["lines"]


def test_what_changes_in_the_web_tier_is_said():
    lines = c.course(seen(web1={"more": {"tomcat": "11"}}, lb1={"haproxy": [{"line": 9, "what": "consistent"}]}), GROUPS, {})["lines"]
    assert ("web1: Tomcat 11 answers a form of more than 50 parts with 413, where 10.1 dropped parts without a word: see "
            "maxPartCount.") in lines
    assert ("lb1: its backends hash consistently, and HAProxy 3.0 sends more than half of the clients to another server than 2.6 does: "
            "while "
            "both are in use, and once after the move, clients change their servers.") in lines


def test_one_clusters_writer_at_a_time():
    groups = {"mysql_replication": ["db1", "db2", "db4", "db5"]}
    found = {host: one("db1", more={"mysql": {"writer": first, "source": "" if host == first else first}, "mysql_members": [first, second]})
             for first, second in (("db1", "db2"), ("db4", "db5")) for host in (first, second)}
    assert c.course(found, groups, {})["stops"] == [
        "db4: it takes the writes of another cluster than db1, and a run moves one cluster's writer: name machines of one cluster in "
        "os_upgrade_hosts."]


def test_databases_are_not_made_anew():
    found = c.course(seen(), GROUPS, {"hosts": "galera3", "way": "reinstall"})
    assert found["stops"] == ["galera3: os_upgrade_way is reinstall, and members of group galera move in place: leave it out for them."]


def test_a_machine_of_two_tiers_is_left_to_its_operator():
    groups = {"apache": ["one"], "galera": ["one"]}
    found = c.course({"one": one("one")}, groups, {"hosts": "one"})
    assert found["moves"] == [] and found["stops"] == [
        "one: os_upgrade_hosts names it, and it is not moved here: it is in tiers that move at different times (web, galera): move it "
        "by hand "
        "between them."]


@pytest.mark.parametrize("given, sentence", [
    ({"way": "magic"}, "localhost: os_upgrade_way is 'magic': give one of in_place, reinstall."),
    ({"way": "reinstall", "reinstall": "make-it"},
     "localhost: os_upgrade_way is reinstall and os_upgrade_reinstall is 'make-it': give the "
     "command of this controller that makes a machine anew with the next release, {host} stands for its name."),
    ({"hosts": "web9"}, "localhost: os_upgrade_hosts names 'web9', which is in no tier: name some of web1."),
    ({"hosts": "web1"}, "web1: os_upgrade_hosts names it, and --limit leaves it out: take one of them away."),
    ({}, "localhost: no machine of a tier is left to be asked: name the right inventory by -i, or take --limit away."),
])
def test_what_cannot_be_meant(given, sentence):
    assert c.asked(given, {"apache": ["web1"]}, [] if "magic" not in str(given) and "make-it" not in str(given) else ["web1"])[
        "problems"] == [sentence]


def test_brings():
    assert releases.brings(["galera"], "bookworm") == ["MariaDB 11.8 for 10.11", "Python 3.13 for 3.11"]


def test_what_a_machine_tells():
    assert machine.release('NAME="Debian"\nVERSION_CODENAME=bookworm\n') == "bookworm" and machine.release("") == ""
    assert machine.unfinished("ii  libc6\nrc  old\niF  half\niU  packed\nhi  held\n") == ["half", "packed"]
    assert machine.haproxy("a\n  option httpchk GET / HTTP/1.1\\r\\nHost:\\ x\n bind-process 1\n hash-type consistent sdbm\n") == [
        {"line": 2, "what": "host_header"}, {"line": 3, "what": "bind_process"}, {"line": 4, "what": "consistent"}]


@pytest.mark.parametrize("text, own, foreign", [
    ("deb http://mirror.example/debian bookworm main\ndeb [signed-by=/k] http://mirror.example/s bookworm-security main\n", True, False),
    ("# deb http://mirror.example/debian bookworm main\n", False, False),
    ("Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n", True, False),
    ("Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nEnabled: no\n", False, False),
    ("deb https://shop.example/apt shop main\n", False, True),
    ("deb http://mirror.example/debian trixie main\n", False, False),
])
def test_sources(text, own, foreign):
    assert (machine.own_source(text, "bookworm"), machine.foreign_source(text)) == (own, foreign)


@pytest.mark.parametrize("groups", [{"haproxy": ["lb1"]}, {"haproxy": ["lb1", "lb2"]}, {"ipvs_director": ["lb1"], "keepalived": ["lb1"]},
                                    {"haproxy": ["lb1"], "keepalived": ["lb1", "lb2"], "apache": ["lb2"]}])
def test_a_machine_in_front_that_has_no_neighbour_is_moved_only_where_it_is_named(groups):
    only = {"lb1": one("lb1")}
    assert c.course(only, groups, {})["stops"] == [
        "lb1: no other machine has its addresses while it moves, so visitors would be turned away: give it a neighbour with keepalived, or "
        "name it in os_upgrade_hosts, at an hour when that may be."]
    assert c.course(only, groups, {"hosts": "lb1"})["stops"] == []


def test_a_machine_in_front_is_moved_while_its_neighbours_are_well():
    found = {move["host"]: move["neighbours"] for move in c.course(seen(), GROUPS, {})["moves"]}
    assert (found["lb1"], found["lb2"], found["web1"]) == (["lb2"], ["lb1"], [])


def test_files_that_the_look_asks_for_are_those_that_the_roles_write():
    root = pathlib.Path(__file__).resolve().parents[5]
    looked = (root / "playbooks/tasks/os_upgrade_look.yml").read_text(encoding="utf-8")
    for role in ("mysql_replication", "galera"):
        variables = (root / "roles" / role / "vars/Debian.yml").read_text(encoding="utf-8")
        written = re.findall(r"collation_config: (/etc/mysql/mariadb\S+)", variables)
        assert len(written) == 1 and written[0] in looked
