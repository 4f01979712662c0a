# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._preflight import app_deploy, rsync_sync
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes, spec_problems, unmet
from ansible_collections.failover.stack.plugins.module_utils._preflight.nfs_content import claims, problems

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles/nfs_content"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
DEFAULTS = {name: option["default"] for name, option in SPEC.items() if "default" in option}


def values(**changes):
    return {
        **DEFAULTS, "nfs_content_sources": ["mon"], "nfs_content_clients": ["web1", "web2"], "nfs_content_bind_address": "192.0.2.62",
        "nfs_content_addresses": {"mon": "192.0.2.62", "web1": "192.0.2.21", "web2": "192.0.2.22"},
        "nfs_content_exports": [{"name": "site", "path": "/srv/site"}],
        **{"nfs_content_" + name: value for name, value in changes.items()}}


def one(**parts):
    return {"exports": [{"name": "site", "path": "/srv/site", **parts}]}


def two(*others):
    return {"exports": [{"name": "site", "path": "/srv/site"}, *others]}


def test_the_usual_content():
    for host in ("mon", "web1", "web2"):
        assert problems(host, values()) == []
    assert problems("mon", values(exports=[])) == []
    assert problems("mon", values(**one(writable=True, recovery="hard"))) == []
    assert spec_problems("mon", SPEC, {name: value for name, value in values().items() if name in SPEC})[0] == []


@pytest.mark.parametrize("changes, sentence", [
    (one(name="Site"),
     "web1: nfs_content_exports[0].name is 'Site': begin with a small letter or a digit, use these, - and _, 40 at most."),
    (two({"name": "site", "path": "/srv/b"}),
     "web1: nfs_content_exports[1].name is 'site', which nfs_content_exports[0].name has already: give each its own."),
    (one(path="srv/site"), "web1: nfs_content_exports[0].path is 'srv/site': write an absolute path without . and .., without a slash at "
                           "its end, of letters, digits and . _ + -."),
    (one(path="/srv/a b"), "web1: nfs_content_exports[0].path is '/srv/a b': write an absolute path without . and .., without a slash at "
                           "its end, of letters, digits and . _ + -."),
    (one(path="/var/lib/mysql"), "web1: nfs_content_exports[0].path is /var/lib/mysql, where MySQL or MariaDB has its data: files that a "
                                 "server writes are no content, replicate or back up the database."),
    (one(path="/var"), "web1: nfs_content_exports[0].path is /var, where MySQL or MariaDB has its data: files that a server writes are no "
                       "content, replicate or back up the database."),
    (one(path="/etc/httpd"),
     "web1: nfs_content_exports[0].path is /etc/httpd, which is the system's: name a directory with content alone."),
    ({"root": "/srv/content"}, "web1: nfs_content_exports[0].path is /srv/site, which does not lie in nfs_content_root (/srv/content): put "
                               "it there, or leave nfs_content_root empty."),
    ({"mount_root": "/srv"}, "web1: nfs_content_mount_root is /srv, which automount would hide: name a directory of its own, such as "
                             "/srv/nfs."),
    (one(source="web9"), "web1: nfs_content_exports[0].source is 'web9', which is not in group 'nfs_content': put it there, or correct the "
                         "name."),
    ({"sources": []}, "web1: nfs_content_exports[0] has no source, and group 'nfs_content' has no hosts: name one in source."),
    ({"sources": ["mon", "web1"]}, "web1: nfs_content_exports[0] has no source, and group 'nfs_content' has 2 hosts: name one in source."),
    (one(clients=["web9"]), "web1: nfs_content_exports[0].clients has 'web9', which is not in group 'nfs_content_client': put it there, or "
                            "correct the name."),
    ({"clients": []}, "web1: nfs_content_exports[0] ('site') has no clients, and it is exported to nobody else: fill group "
                      "'nfs_content_client', or name some in clients."),
    (one(clients=["mon", "web1"]), "web1: nfs_content_exports[0].clients has 'mon', which is its source: a mount of one's own export hangs "
                                   "when memory is short, read /srv/site there."),
    ({"addresses": {"mon": "mon.example.org", "web1": "192.0.2.21", "web2": "192.0.2.22"}},
     "web1: mon has the address 'mon.example.org', which is none, and only addresses are let in: set its ansible_host or "
     "nfs_content_address."),
    ({"addresses": {"mon": "192.0.2.62", "web1": "2001:db8::21", "web2": "192.0.2.22"}},
     "web1: nfs_content_exports[0]: web1 has the address 2001:db8::21 and its source mon 192.0.2.62: give both an nfs_content_address of "
     "one family."),
    ({"bind_address": "here"}, "web1: nfs_content_bind_address is 'here', which is no address: give one of this host's, or leave it empty "
                               "for all."),
    ({"answer_s": 3}, "web1: nfs_content_answer_s is 3: at least 4 s, sooner nobody can tell a server that is away from a busy one."),
    ({"timeo_s": 0.01}, "web1: nfs_content_timeo_s is 0.01: between 0.1 and 60, in tenths (nfs(5), timeo)."),
    ({"retrans": -1}, "web1: nfs_content_retrans is -1: at least 0."),
    ({"timeo_s": 5.0}, "web1: nfs_content_timeo_s x (nfs_content_retrans + 1) is 5 x 3 = 15 s, more than nfs_content_answer_s (6): make it "
                       "less, a soft mount gives up after that (nfs(5))."),
    ({"grace_s": 5}, "web1: nfs_content_grace_s is 5: between 10 and 3600, nfsd takes no other."),
    ({"threads": 0}, "web1: nfs_content_threads is 0: at least 1."), ({"retry_s": 0}, "web1: nfs_content_retry_s is 0: at least 1."),
    (one(writable=True), "web1: nfs_content_exports[0] is writable and soft: what a program has written would be lost without its notice "
                         "when the server is away (nfs(5)); set recovery: hard."),
    (one(fsid="0"), "web1: nfs_content_exports[0].fsid is '0': a number of its own from 1 on, or a UUID; 0 is nfs_content_root's."),
    ({"exports": [{"name": "a", "path": "/srv/a", "fsid": "7"}, {"name": "b", "path": "/srv/b", "fsid": "7"}]},
     "web1: nfs_content_exports[1].fsid is '7', which nfs_content_exports[0] has already: clients would mix their files up, give each its "
     "own."),
    (two({"name": "b", "path": "/srv/site", "writable": True, "recovery": "hard"}),
     "web1: nfs_content_exports[1].path is /srv/site, which nfs_content_exports[0] ('site') exports already: name its clients there."),
    (two({"name": "b", "path": "/srv/site/b"}),
     "web1: nfs_content_exports[1].path is /srv/site/b, and nfs_content_exports[0].path of 'site' is /srv/site: nfsd has one set of "
     "options and clients for both, keep them apart."),
])
def test_what_is_refused(changes, sentence):
    found = problems("web1", values(**changes))
    assert sentence in found
    assert len(found) == len(set(found))


def test_exports_of_two_sources_do_not_overlap():
    exports = [{"name": "a", "path": "/srv/a", "source": "mon"}, {"name": "b", "path": "/srv/a", "source": "db"}]
    addresses = {**values()["nfs_content_addresses"], "db": "192.0.2.63"}
    assert problems("web1", values(sources=["mon", "db"], exports=exports, addresses=addresses)) == []


def test_ipv6_alone():
    addresses = {"mon": "2001:db8::62", "web1": "2001:db8::21", "web2": "2001:db8::22"}
    assert problems("web1", values(addresses=addresses, bind_address="2001:db8::62")) == []


def test_one_owner_for_a_directory():
    def pulled(path):
        return rsync_sync.claims("web1", {
            "rsync_sync_contents": [{"name": "site", "path": "/srv/content/site", "target_path": path}],
            "rsync_sync_sources": ["mon"], "rsync_sync_targets": ["web1"], "rsync_sync_interval_s": 300, "rsync_sync_random_delay_s": 30,
            "rsync_sync_delete_percent": 10, "rsync_sync_delete_always": 5, "rsync_sync_timeout_s": 60})

    mounted = claims("web1", values())
    for path in ("/srv/nfs", "/srv", "/srv/nfs/site"):
        assert clashes(pulled(path) + mounted) == [
            "web1: nfs_content_mount_root is /srv/nfs, and another role has that directory, one above it or one in it: one owner for a "
            "directory, choose another."]
    assert clashes(pulled("/srv/www/site") + mounted) == [] == clashes(mounted + claims("mon", values()))
    deployed = app_deploy.claims("web1", {"app_deploy_applications": [{"name": "shop", "docroot": "/srv/nfs/shop"}]})
    assert clashes(mounted + deployed) == [
        "web1: app_deploy_applications[0].docroot is /srv/nfs/shop, and another role has that directory, one above it or one in it: one "
        "owner for a directory, choose another."]


def test_the_port_is_claimed_where_it_is_served():
    (port,) = [claim for claim in claims("mon", values()) if claim[0] == "TCP ports of mon"]
    assert port.key == "2049" and port.at == "192.0.2.62"
    assert clashes([port, port._replace(owner="HAProxy", sentence="mon: HAProxy listens on 2049, too.")]) == [
        "mon: HAProxy listens on 2049, too."]
    assert not [claim for claim in claims("web1", values()) if claim[0].startswith("TCP ports")]


def test_source_and_clients_say_the_same():
    def said(of_mon, of_web1, of_web2):
        return unmet(claims("mon", of_mon) + claims("web1", of_web1) + claims("web2", of_web2))

    usual = values()
    assert said(usual, usual, usual) == []
    assert said(usual, usual, values(exports=[])) == [
        "mon: nfs_content_exports[0] ('site') is not the same for web2: give nfs_content_exports and nfs_content_root to source and "
        "clients alike, in group_vars of a group that has both."]
    assert [sentence.split(":")[0] for sentence in said(usual, values(root="/srv"), usual)] == ["mon", "web1"]
