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


def judged(noted=None, last=False, **told):
    return fronts.objections("web1", ["web1-a"], "198.18.0.21", told, noted=noted, last=last)


def table(*weights):
    servers = [{"address": "198.18.0.2%d" % number, "weight": weight} for number, weight in enumerate(weights, 1)]
    return {"lb%d" % number: [{"address": "198.18.0.100", "port": 80, "servers": servers}, {"fwmark": 3, "servers": servers}]
            for number in (1, 2)}


def drained(**more):
    """Two nodes behind balancers of each kind, the first one drained; each has several places that say so."""
    workers = [worker("web1", "stopped"), worker("web2")]
    workers += [dict(one, balancer="lb_site", name=one["name"].replace("shop", "site")) for one in workers]
    servers = [dict(server("web1", "MAINT"), address="198.18.0.21:80"), dict(server("web2"), address="198.18.0.22:80")]
    servers += [dict(one, backend="static") for one in servers]
    return {"modjk": {"web1": workers, "web2": workers}, "haproxy": {name: {"running": True, "servers": servers} for name in (
        "proxy1", "proxy2")}, "ipvs": table(0, 1), **more}


NOTE = {"drained": {"web1": {"who": "ann@office", "doing": "draining web1", "since": "2026-11-28 10:00:00 UTC"}}, "held": {}}


def test_a_node_that_is_drained_is_one_sentence_for_each_host_whatever_the_number_of_balancers():
    (said,) = fronts.objections("web1", ["web1-a"], "198.18.0.21", drained(), noted=NOTE)
    assert said == (
        "web1: it is drained already (MAINT by HAProxy on proxy1 and proxy2, stopped by mod_jk on web1 and web2, weight 0 by IPVS on lb1 "
        "and lb2): ann@office did that at 2026-11-28 10:00:00 UTC (draining web1); once nobody is at work there, give it back by "
        "playbooks/web_undrain.yml -e web_undrain=web1.")
    (said,) = fronts.objections("web2", ["web2-a"], "198.18.0.22", drained(), noted=NOTE)
    assert said == (
        "web2: no healthy node is left to carry the load without it by mod_jk on web1 and web2, HAProxy on proxy1 and proxy2, IPVS on lb1 "
        "and lb2 (web1 is stopped and MAINT and weight 0): give web1 back by playbooks/web_undrain.yml -e web_undrain=web1 (ann@office did "
        "that at 2026-11-28 10:00:00 UTC (draining web1)).")


def test_who_did_it_is_told_as_far_as_it_is_known():
    held = {"held": {"who": "bob@home", "doing": "deploying shop v2", "since": "09:00", "id": "3f9a"}}
    assert "bob@home has been deploying shop v2 since 09:00 and has not ended" in judged(noted=held, **drained())[0]
    assert ": nothing was noted of who did that, so it was done by hand or by a run that was interrupted;" in judged(**drained())[0]


def test_who_is_drained_by_hand_may_be_out_of_some_already_and_is_never_the_last():
    assert fronts.objections("web1", ["web1-a"], "198.18.0.21", drained(), again=True) == []
    alone = {"haproxy": {"proxy1": {"running": True, "servers": [server("web1", "MAINT"), server("web2")]}}}
    (said,) = fronts.objections("web2", ["web2-a"], "198.18.0.22", alone, again=True)
    assert "load without it by HAProxy on proxy1 (web1 is MAINT): give web1 back by playbooks/web_undrain.yml -e web_undrain=web1 (" in said


def test_a_node_whose_neighbour_serves_may_leave():
    both = {"modjk": {"web1": [worker("web1"), worker("web2")]},
            "haproxy": {"proxy1": {"running": True, "servers": [server("web1"), server("web2")]}}, "ipvs": table(1, 1)}
    assert judged(**both) == [] and not fronts.alone("web1", ["web1-a"], "198.18.0.21", both)


@pytest.mark.parametrize("other, how", [
    (dict(worker("web2", usable=False), state="ERR"), "web2 is ERR): bring web2 back first."),
    (worker("web2", "stopped"), "web2 is stopped): give web2 back by playbooks/web_undrain.yml -e web_undrain=web2 (nothing was noted"),
    (worker("web2", answers=False), "web2 is without an answer): bring web2 back first.")])
def test_without_another_usable_worker_it_may_not(other, how):
    told = {"modjk": {"web2": [worker("web1"), other]}}
    (said,) = judged(**told)
    assert said.startswith("web1: no healthy node is left to carry the load without it by mod_jk on web2 (" + how)
    assert fronts.alone("web1", ["web1-a"], "198.18.0.21", told)
    assert fronts.objections("web1", ["web1-a"], "198.18.0.21", told, last=True) == []


def test_several_are_told_apart_by_what_is_to_be_done_with_each():
    others = [dict(worker("web2", usable=False), state="ERR"), worker("web3", "disabled"), dict(worker("x"), route="own", usable=False)]
    (said,) = judged(modjk={"web1": [worker("web1"), *others], "web2": []}, noted={"drained": {"web3": NOTE["drained"]["web1"]}})
    assert "(web2 is ERR, web3 is disabled, shop_x-a is OK): give web3 back by" in said
    assert said.endswith("(ann@office did that at 2026-11-28 10:00:00 UTC (draining web1)), and bring web2 and shop_x-a back first.")


def test_alone_it_may_not():
    (said,) = judged(modjk={"web1": [worker("web1")]})
    assert said == ("web1: no healthy node is left to carry the load without it by mod_jk on web1 (there is no other one): add another "
                    "one, or let visitors wait meanwhile (docs/deploy.md, a site with one web node).")


def test_what_somebody_else_has_drained_is_said_and_not_overridden():
    (said,) = judged(modjk={"web2": [worker("web1", "disabled"), worker("web2")]})
    assert said.startswith("web1: it is drained already (disabled by mod_jk on web2): ")
    assert said.endswith("give it back by playbooks/web_undrain.yml -e web_undrain=web1.")
    (said,) = judged(haproxy={"proxy1": {"running": True, "servers": [server("web1", "MAINT"), server("web2")]}}, last=True)
    assert "MAINT by HAProxy on proxy1" in said and "web_undrain=web1" in said
    (said,) = judged(ipvs=table(0, 1))
    assert "(weight 0 by IPVS on lb1 and lb2)" in said


def test_a_proxy_that_does_not_answer_and_one_without_another_server():
    assert judged(haproxy={"proxy1": {"running": False, "problems": ["HAProxy does not answer on x."], "servers": []}}) == [
        "proxy1: HAProxy does not answer on x."]
    (said,) = judged(haproxy={"proxy1": {"running": True, "servers": [server("web1"), server("web2", "DOWN")]}})
    assert "by HAProxy on proxy1 (web2 is DOWN): bring web2 back first." in said
    (said,) = judged(ipvs={"lb1": [{"fwmark": 3, "servers": [{"address": "198.18.0.21", "weight": 1}]}]})
    assert "by IPVS on lb1 (there is no other one)" in said
    (said,) = judged(ipvs=table(1, 0), modjk={"web1": [worker("web1"), dict(worker("web2"), host="198.18.0.22")], "web2": []})
    assert "by IPVS on lb1 and lb2 (web2 is weight 0): give web2 back by playbooks/web_undrain.yml -e web_undrain=web2 (" in said
    (said,) = judged(ipvs=table(1, 0))
    assert said.endswith("(198.18.0.22 is weight 0): bring 198.18.0.22 back first.")


def test_a_node_that_a_front_does_not_know_is_no_matter_of_it():
    assert judged(haproxy={"proxy1": {"running": True, "servers": [server("api1")]}}, modjk={"web1": [worker("api1")]},
                  ipvs={"lb1": [{"address": "198.18.0.100", "port": 80, "servers": [{"address": "198.18.0.31", "weight": 0}]}]}) == []


def test_a_tag_is_found_with_its_commit():
    listing = "aaa\trefs/tags/v1\nbbb\trefs/tags/v2\nccc\trefs/tags/v2^{}\n"
    assert version.tag_of(listing, "v1") == ("aaa", "aaa")
    assert version.tag_of(listing, "v2") == ("bbb", "ccc")
    assert version.tag_of(listing, "v") is None
    assert version.tags_in(listing) == ["v1", "v2"]


def test_of_many_versions_the_newest_are_named():
    assert version.newest(["v1.9", "v1.10", "v1.8", "v1.9"]) == "v1.10, v1.9, v1.8"
    assert version.newest("v%d" % number for number in range(13)) == "v12, v11, v10, v9, v8, v7, v6, v5, v4, v3 and 3 more"
    assert version.newest([]) == "" and version.newest(["2.0", "v1", "release/3"]) == "2.0, v1, release/3"


@pytest.mark.parametrize("names, application, given, said", [
    (["shop"], "", "v2", ""), (["shop", "site"], "site", "v2", ""),
    (["shop"], "", "", "deploy_version is not given: say -e deploy_version=<a version of shop>."),
    (["shop", "site"], "site", "", "deploy_version is not given: say -e deploy_version=<a version of site>."),
    (["shop", "site"], "", "v2", "deploy_application is not given: say -e deploy_application=<one of shop, site>."),
    (["shop", "site"], "", "", "deploy_version and deploy_application are not given: say -e deploy_version=<a version of it> "
                               "-e deploy_application=<one of shop, site>.")])
def test_an_operator_is_asked_for_what_he_left_out_alone(names, application, given, said):
    assert version.unasked(names, application, given) == said


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
