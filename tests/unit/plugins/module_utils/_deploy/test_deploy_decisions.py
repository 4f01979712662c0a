# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places, the balancers' word, versions, releases, the lock, health: what each decides."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._deploy import fronts, health, lock, places, release, version, wiring

FSTAB = """# <file system> <mount point> <type>
UUID=1 / ext4 defaults 0 1
/dev/vdb1 /srv/with\\040space ext4 defaults 0 2
/dev/vdc1 /srv/shop/shared ext4 noauto 0 2
/dev/vdd1 none swap sw 0 0
"""
ROOT = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"


@pytest.mark.parametrize("path, answer", [
    ("/var/lib/mysql", ("/var/lib/mysql", "a database's")),
    ("/var/lib/mysql/shop", ("/var/lib/mysql", "a database's")),
    ("/var/lib", ("/var/lib/mysql", "a database's")),
    ("/srv/shop", None),
    ("/var/lib/mysqlshop", None),
])
def test_the_usual_directories_of_databases(path, answer):
    assert places.database_of(path) == answer


def test_a_database_elsewhere_is_known_by_its_files():
    assert places.database_of("/data/db/shop", {"/data/db": ["ibdata1"]}) == ("/data/db", "InnoDB's")
    assert places.database_of("/data/shop", {"/data/db": ["ibdata1"]}) is None


def test_a_mount_point_that_is_not_mounted_is_found_above_and_at_a_path():
    assert places.unmounted("/srv/with space/shop", FSTAB, ROOT) == "/srv/with space"
    assert places.unmounted("/srv/shop/shared", FSTAB, ROOT) == "/srv/shop/shared"
    assert places.unmounted("/srv/shop", FSTAB, ROOT) == ""
    mounted = ROOT + "23 22 254:2 / /srv/with\\040space rw - ext4 /dev/vdb1 rw\n"
    assert places.unmounted("/srv/with space/shop", FSTAB, mounted) == ""


def test_what_is_looked_at_on_this_host(tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "aria_log_control").write_text("")
    (said,) = places.objections("docroot", str(tmp_path / "db" / "shop"))
    assert said == "docroot is %s, and %s is MariaDB's directory: an application does not belong there, choose another one." % (
        tmp_path / "db" / "shop", tmp_path / "db")
    assert places.objections("docroot", str(tmp_path / "shop")) == []


def worker(host, activation="active", usable=True, answers=True):
    return {"balancer": "lb_shop", "name": "shop_%s-a" % host, "route": "%s-a" % host, "activation": activation, "state": "OK",
            "usable": usable and activation == "active", "answers": answers}


def server(name, status="UP"):
    return {"backend": "web", "name": name, "status": status}


def judged(**told):
    return fronts.objections("web1", ["web1-a"], "198.18.0.21", told)


def test_who_is_drained_by_hand_may_be_out_of_some_already_and_is_never_the_last():
    mine = {"modjk": {"web1": [worker("web1", "stopped"), worker("web2")]},
            "haproxy": {"proxy1": {"running": True, "servers": [server("web1", "MAINT"), server("web2")]}},
            "ipvs": {"lb1": [{"address": "198.18.0.100", "port": 80, "servers": [
                {"address": "198.18.0.21", "weight": 0}, {"address": "198.18.0.22", "weight": 1}]}]}}
    assert len(judged(**mine)) == 3
    assert fronts.objections("web1", ["web1-a"], "198.18.0.21", mine, again=True) == []
    (said,) = fronts.objections("web2", ["web2-a"], "198.18.0.22", {"haproxy": mine["haproxy"]}, again=True)
    assert said == ("web2: no healthy node is left to carry the load without it: HAProxy on proxy1 has no other server that is up in web "
                    "(web1 MAINT): bring another one back first.")


def test_a_node_whose_neighbour_serves_may_leave():
    assert judged(modjk={"web1": [worker("web1"), worker("web2")]},
                  haproxy={"proxy1": {"running": True, "servers": [server("web1"), server("web2")]}},
                  ipvs={"lb1": [{"address": "198.18.0.100", "port": 80, "servers": [
                      {"address": "198.18.0.21", "weight": 1}, {"address": "198.18.0.22", "weight": 1}]}]}) == []


@pytest.mark.parametrize("other", [worker("web2", usable=False), worker("web2", "stopped"), worker("web2", answers=False)])
def test_without_another_usable_worker_it_may_not(other):
    (said,) = judged(modjk={"web2": [worker("web1"), other]})
    assert said.startswith(
        "web1: no healthy node is left to carry the load without it: mod_jk on web2 has no other usable worker in lb_shop (shop_web2-a")


def test_alone_it_may_not():
    (said,) = judged(modjk={"web1": [worker("web1")]})
    assert "(there is none)" in said


def test_what_somebody_else_has_drained_is_said_and_not_overridden():
    (said,) = judged(modjk={"web2": [worker("web1", "disabled"), worker("web2")]})
    assert "mod_jk on web2 has its worker shop_web1-a as disabled already: somebody else is at work there" in said
    assert said.endswith("give it back by playbooks/web_undrain.yml -e web_undrain=web1.")
    (said,) = judged(haproxy={"proxy1": {"running": True, "servers": [server("web1", "MAINT"), server("web2")]}})
    assert "HAProxy on proxy1 has it as MAINT in web already" in said and "web_undrain=web1" in said
    (said,) = judged(ipvs={"lb1": [{"address": "198.18.0.100", "port": 80, "servers": [
        {"address": "198.18.0.21", "weight": 0}, {"address": "198.18.0.22", "weight": 1}]}]})
    assert "the director lb1 gives it no weight in 198.18.0.100:80 already" in said


def test_a_proxy_that_does_not_answer_and_one_without_another_server():
    assert judged(haproxy={"proxy1": {"running": False, "problems": ["HAProxy does not answer on x."], "servers": []}}) == [
        "proxy1: HAProxy does not answer on x."]
    (said,) = judged(haproxy={"proxy1": {"running": True, "servers": [server("web1"), server("web2", "DOWN")]}})
    assert "HAProxy on proxy1 has no other server that is up in web (web2 DOWN)" in said
    (said,) = judged(ipvs={"lb1": [{"fwmark": 3, "servers": [{"address": "198.18.0.21", "weight": 1}]}]})
    assert "no other server with a weight in mark 3:*" in said


def test_a_node_that_a_front_does_not_know_is_no_matter_of_it():
    assert judged(haproxy={"proxy1": {"running": True, "servers": [server("api1")]}}, modjk={"web1": [worker("api1")]},
                  ipvs={"lb1": [{"address": "198.18.0.100", "port": 80, "servers": [{"address": "198.18.0.31", "weight": 0}]}]}) == []


def test_a_tag_is_found_with_its_commit():
    listing = "aaa\trefs/tags/v1\nbbb\trefs/tags/v2\nccc\trefs/tags/v2^{}\n"
    assert version.tag_of(listing, "v1") == ("aaa", "aaa")
    assert version.tag_of(listing, "v2") == ("bbb", "ccc")
    assert version.tag_of(listing, "v") is None
    assert version.tags_in(listing) == ["v2", "v1"]


@pytest.mark.parametrize("text, good", [("v2.0", True), ("release/2.0", True), ("-v", False), ("a..b", False), ("", False), ("v 2", False),
                                        ("v2/", False), ("v2.lock", False), ("$(id)", False)])
def test_what_a_version_may_be_called(text, good):
    assert version.is_version(text) is good


def test_release_names_and_paths():
    assert version.release_name("release/2.0", "0123456789abcdef") == "release_2.0-0123456789ab"
    assert [version.local_path(one) for one in ("/srv/a", "file:///srv/a", "https://a/b", "git@a:b")] == ["/srv/a", "/srv/a", "", ""]
    assert version.SECRET_IN_URL.match("https://ann:secret@git.example/x")
    assert not version.SECRET_IN_URL.match("ssh://git@git.example/x:y@z")


def test_who_signed():
    assert version.signers('Good "git" signature for deployer with ED25519 key SHA256:abc\n') == "SHA256:abc"
    assert version.signers("[GNUPG:] GOODSIG 1 Ann\n[GNUPG:] VALIDSIG ABCDEF 2026\n") == "ABCDEF"
    assert version.signers("[GNUPG:] EXPKEYSIG 1 Ann\n[GNUPG:] VALIDSIG ABCDEF 2026\n") == ""
    assert version.allowed_signers(["# ours\nssh-ed25519 AAAA ann\n"]) == 'deployer namespaces="git" ssh-ed25519 AAAA ann\n'


def test_what_differs_is_shown_in_part():
    assert version.changes(" M a\n?? b c\n") == ["a", "b c"]
    assert version.shown(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_a_version_that_moved():
    ledger = release.deployed({}, "v2", "aaaaaaaaaaaaaaaa", "v2-1", "v1-1", "monday", "ann")
    assert ledger["history"] == [{"at": "monday", "by": "ann", "from": "v1-1", "to": "v2-1"}]
    assert release.moved(ledger, "v2", "aaaaaaaaaaaaaaaa") == "" == release.moved(ledger, "v3", "b")
    said = release.moved(ledger, "v2", "bbbbbbbbbbbbbbbb")
    assert said.startswith("v2 was aaaaaaaaaaaa when it was deployed at monday and is bbbbbbbbbbbb now")


def test_the_oldest_releases_go_but_never_one_that_is_needed():
    records = {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert release.superfluous(records, 2, {"d", "a"}) == ["b"]
    assert release.superfluous(records, 5, set()) == []
    assert release.release_of("releases/v1-1") == release.release_of("/srv/shop/releases/v1-1/") == "v1-1"
    assert release.release_of("/srv/elsewhere") == release.release_of("") == ""


def test_the_second_operator_is_told_who_the_first_is():
    held = {"id": "3f9a", "who": "ann@c", "doing": "deploying shop v2", "since": "10:00"}
    assert lock.refusal({}, "") == lock.refusal(held, "3f9a") == ""
    assert lock.refusal(held, "").startswith("ann@c has been deploying shop v2 since 10:00: wait")
    assert "ann@c has been rebooting web1 since" in lock.refusal(dict(held, doing="rebooting web1"), "")
    assert lock.refusal(held, "").endswith("=3f9a")
    assert "(and not by beef, which was to be taken over)" in lock.refusal(held, "beef")


@pytest.mark.parametrize("answer, said", [
    ({"error": "refused"}, "refused"),
    ({"status": 500, "body": "", "ms": 1}, "answers with status 500 instead of 200"),
    ({"status": 0, "body": "", "ms": 1}, "answers with status none instead of 200"),
    ({"status": 200, "body": "v1", "ms": 1}, "answers without 'v2'"),
    ({"status": 200, "body": "v2", "ms": 2001}, "needs 2001 ms for an answer, more than 2000"),
    ({"status": 200, "body": "is v2", "ms": 2000}, ""),
])
def test_what_a_good_answer_is(answer, said):
    assert health.objection(answer, {"status": 200, "content": "v2", "max_ms": 2000}) == said


INSTANCES = [
    {"name": "a", "services": [
        {"name": "user", "ajp_port": 8009, "cluster": {"manager": "DeltaManager"}, "applications": [{"doc_base": "/srv/shop/current"}]},
        {"name": "admin", "ajp_port": 8019, "cluster": {}, "applications": [{"path": "/admin", "doc_base": "/srv/shop/current/admin"}]}]},
    {"name": "b", "services": [{"name": "other", "ajp_port": 8029, "applications": [{"doc_base": "/srv/shopping/current"}]}]},
]


def test_tomcats_that_serve_an_application():
    found = wiring.wired({"name": "shop", "docroot": "/srv/shop", "health": {"path": "ping"}}, INSTANCES, "web1", "198.18.0.21")
    assert found["units"] == ["tomcat@a.service"]
    assert found["managers"] == ["BackupManager", "DeltaManager"]
    assert found["routes"] == ["web1-a", "web1-b"]
    assert [(one["kind"], one["port"], one["path"]) for one in found["targets"]] == [("ajp", 8009, "/ping"), ("ajp", 8019, "/admin/ping")]
    assert found["asked"] == {"name": "shop", "docroot": "/srv/shop", "units": ["tomcat@a.service"]}


def test_a_node_as_a_whole():
    assert wiring.node(INSTANCES, "web1") == {"routes": ["web1-a", "web1-b"], "unshared": True}
    assert wiring.node(INSTANCES[:1], "web1")["unshared"] is False and wiring.node(None, "web1") == {"routes": [], "unshared": False}


def test_where_no_tomcat_serves_it_httpd_is_asked():
    found = wiring.wired({"name": "site", "docroot": "/srv/site", "health": {"port": 8080}}, INSTANCES, "web1", "198.18.0.21")
    assert found["units"] == [] and found["targets"] == [{"kind": "http", "host": "198.18.0.21", "port": 8080, "path": "/"}]
    other = wiring.wired({"name": "o", "docroot": "/srv/shopping"}, INSTANCES, "web1", "198.18.0.21")
    assert other["managers"] == [""]
