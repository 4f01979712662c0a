# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._content import nfs, nfs_state

ONE = {"name": "site", "path": "/srv/content/site"}
INFO = "36 25 0:31 / /srv/nfs rw,relatime shared:9 - autofs /etc/auto rw,fd=6\n40 36 0:50 / /srv/nfs/site ro,nosuid shared:9 - nfs4 " \
       "192.0.2.62:/site ro,vers=4.2,soft,timeo=10\n"


def values(host="mon", exports=(ONE,), **more):
    return {
        "inventory_hostname": host, "exports": list(exports), "sources": ["mon"], "clients": ["web1", "web2"], "root": "",
        "addresses": {"mon": "192.0.2.62", "web1": "192.0.2.21", "web2": "192.0.2.22"}, "bind_address": "192.0.2.62", "threads": 8,
        "grace_s": 10, "mount_root": "/srv/nfs", "answer_s": 6, "timeo_s": 1.5, "retrans": 2, "idle_s": 300, "retry_s": 2,
        "_program": [{"path": nfs.PROGRAM + "/run.py", "content": ""}], "_watch_unit": "[Unit]\n",
        "_info": {"exports": {"site": export()}, "root": export(), "foreign": [], "old_mounts": [],
                  "mount_root": {"type": "", "names": [], "link": False}}, **more}


def export(**more):
    return {"exists": True, "mounted": False, "link": False, "database": None, "exportable": True, "type": "ext4", **more}


def files(found):
    return {one["path"]: one["content"] for one in nfs.config(found)["files"]}


SIX = {"mon": "2001:DB8::62", "web1": "2001:db8::21", "web2": "2001:db8::22"}


def test_who_exports_and_who_mounts():
    assert [one["name"] for one in nfs.served(values())] == ["site"] and nfs.mounted(values()) == []
    assert [one["name"] for one in nfs.mounted(values("web1"))] == ["site"]
    assert nfs.mounted(values("web1", [{**ONE, "clients": ["web2"]}])) == []
    assert nfs.whole(ONE, values(sources=["mon", "db"]))["source"] is None
    assert nfs.member(values())["packages"] == ["nfs-kernel-server"] and nfs.member(values("web1"))["packages"] == ["autofs", "nfs-common"]


def test_exports_are_for_the_clients_addresses_and_read_only():
    options = "ro,sync,no_subtree_check,sec=sys,secure,root_squash"
    assert files(values())[nfs.EXPORTS].splitlines()[1:] == [
        "/srv/content/site 192.0.2.21(%s) 192.0.2.22(%s)" % (options, options)]
    assert "2001:db8::21(" in files(values(addresses=SIX))[nfs.EXPORTS]
    written = files(values(exports=[{**ONE, "writable": True, "recovery": "hard", "root_squash": False, "fsid": "7", "clients": ["web2"]}]))
    assert written[nfs.EXPORTS].splitlines()[1:] == [
        "/srv/content/site 192.0.2.22(rw,sync,no_subtree_check,sec=sys,secure,no_root_squash,fsid=7)"]


def test_a_root_of_its_own_is_read_only_and_for_all_clients():
    lines = files(values(root="/srv/content", exports=[{**ONE, "clients": ["web2"]}, {"name": "b", "path": "/srv/content/b"}]))[nfs.EXPORTS]
    assert lines.splitlines()[1].startswith("/srv/content 192.0.2.21(ro,") and lines.splitlines()[1].count("fsid=0") == 2
    assert nfs.device(nfs.whole(ONE, values()), values(root="/srv/content")) == "192.0.2.62:/site"
    assert nfs.device(nfs.whole({**ONE, "path": "/srv/content"}, values()), values(root="/srv/content")) == "192.0.2.62:/"


@pytest.mark.parametrize("more, alone", [
    ({}, False), ({"writable": True}, True), ({"root_squash": False}, True), ({"clients": ["web1"]}, True)])
def test_what_must_be_a_mount_below_a_root(more, alone):
    exports = [{**ONE, **more}, {"name": "b", "path": "/srv/content/b"}]
    assert nfs.member(values(root="/srv/content", exports=exports))["exports"][0]["own_file_system"] is alone
    assert nfs.member(values(exports=exports))["exports"][0]["own_file_system"] is False


def test_version_4_alone():
    text = files(values())[nfs.NFS_CONF]
    assert "vers3=n\nvers4=y\nudp=n\ntcp=y\nthreads=8\ngrace-time=10\nlease-time=10\nhost=192.0.2.62\n" in text
    assert "host=" not in files(values(bind_address=""))[nfs.NFS_CONF]
    for host in ("mon", "web1"):
        assert {"path": "/etc/systemd/system/rpcbind.socket", "target": "/dev/null"} in nfs.config(values(host))["links"]
        assert {"name": "rpcbind.socket", "state": "stopped"} in nfs.units(values(host))


def test_the_maps_of_automount():
    written = files(values("web1"))
    assert written[nfs.MAP].splitlines()[1:] == [
        "site -fstype=nfs4,vers=4.2,ro,soft,timeo=15,retrans=2,retry=0,nosuid,nodev,noexec,sec=sys 192.0.2.62:/srv/content/site"]
    assert written[nfs.MASTER].splitlines()[1:] == ["/srv/nfs /etc/failover-nfs/auto.content --timeout=300 --negative-timeout=2"]
    assert " [2001:db8::62]:/srv/content/site" in files(values("web1", addresses=SIX))[nfs.MAP]
    assert nfs.blocks(values("web1"))[0]["block"] == "[ autofs ]\nmount_wait = 4" and nfs.blocks(values()) == []


def test_what_the_kernel_must_say_of_a_mount():
    assert nfs.member(values("web1"))["contents"][0]["options"] == [
        "vers=4.2", "ro", "soft", "timeo=15", "retrans=2", "nosuid", "nodev", "noexec", "sec=sys", "proto=tcp"]
    assert nfs.member(values("web1", addresses=SIX))["contents"][0]["options"][-1] == "proto=tcp6"


def test_times():
    assert nfs.patience_s(values()) == 3 and nfs.mount_wait_s(values(answer_s=4)) == 2
    watched = json.loads(files(values("web1", [ONE, {**ONE, "name": "up", "writable": True, "recovery": "hard"}]))[nfs.WATCH])
    assert watched == {"port": 2049, "patience_s": 3, "servers": [{"address": "192.0.2.62", "contents": [
        {"name": "site", "mount": "/srv/nfs/site", "away": "/run/failover-nfs/site.away", "force": True},
        {"name": "up", "mount": "/srv/nfs/up", "away": "/run/failover-nfs/up.away", "force": False}]}]}


def test_who_has_nothing_to_do_with_it_loses_what_it_had():
    found = nfs.config(values("web3"))
    assert found["files"] == found["links"] == [] and {nfs.EXPORTS, nfs.MAP, nfs.MASTER} <= set(found["absent"])
    assert nfs.active(values("web3")) == []
    assert nfs.active(values("web1")) == [nfs.AUTOFS_UNIT, nfs.WATCH_UNIT] and nfs.active(values()) == [nfs.SERVER_UNIT, nfs.EXPORTS_UNIT]


def seen(**more):
    return {"_info": {**values()["_info"], **more}}


@pytest.mark.parametrize("host, more, sentence", [
    ("mon", seen(exports={"site": export(exists=False)}),
     "mon: export site: path /srv/content/site is no directory: make it with what is to be served, or correct the path."),
    ("mon", seen(exports={"site": export(link=True, exists=False)}),
     "mon: export site: path /srv/content/site is a symbolic link: name the directory that it leads to, clients would follow it on their "
     "own side."),
    ("mon", seen(exports={"site": export(database="MariaDB")}),
     "mon: export site: path /srv/content/site has a data directory of MariaDB: files that a server writes are no content, replicate or "
     "back up the database."),
    ("mon", seen(exports={"site": export(exportable=False, type="overlay")}),
     "mon: export site: path /srv/content/site lies on a file system (overlay) that nfsd cannot export: move it to one such as ext4 or "
     "XFS."),
    ("mon", {**seen(), "root": "/srv/content", "exports": [{**ONE, "writable": True, "recovery": "hard"}]},
     "mon: export site: path /srv/content/site is in nfs_content_root's own file system, of which all clients read everything and write "
     "nothing, whatever is said of this one: put it on a file system that is mounted there."),
    ("mon", {**seen(root=export(exists=False)), "root": "/srv/content"},
     "mon: nfs_content_root /srv/content is no directory: make it, or correct the path."),
    ("mon", {**seen(root=export(exportable=False, type="overlay")), "root": "/srv/content"},
     "mon: nfs_content_root /srv/content lies on a file system (overlay) that nfsd cannot export: choose a directory on one such as ext4 "
     "or XFS."),
    ("mon", seen(foreign=["/mnt *(ro)"]),
     "mon: /etc/exports has '/mnt *(ro)', which is somebody else's: move it to nfs_content_exports, or out of the file, since NFS 3 and "
     "rpcbind are switched off here."),
    ("web1", seen(old_mounts=["/mnt"]),
     "web1: /mnt is mounted by NFS 3, which needs what is switched off here (rpcbind, rpc.statd): mount it by NFS 4 first."),
    ("web1", seen(mount_root={"type": "", "names": ["a"], "link": False}),
     "web1: nfs_content_mount_root /srv/nfs has a in it, which automount would hide: move it away, or name another directory."),
    ("web1", seen(mount_root={"type": "tmpfs", "names": [], "link": False}),
     "web1: nfs_content_mount_root /srv/nfs has something mounted (tmpfs): unmount it, or name another directory."),
    ("web1", seen(mount_root={"type": "", "names": [], "link": True}),
     "web1: nfs_content_mount_root /srv/nfs is a symbolic link: name a directory."),
])
def test_what_only_a_host_can_tell(host, more, sentence):
    assert nfs.objections(values(host, **more)) == [sentence]


def test_no_objection():
    assert nfs.objections(values()) == [] == nfs.objections(values("web1"))


# --- What the kernel says ---------------------------------------------------------------


def test_mounts():
    assert nfs_state.mounts_of(INFO.splitlines()) == {"/srv/nfs/site": {
        "device": "192.0.2.62:/site", "type": "nfs4", "options": ["ro", "nosuid", "ro", "vers=4.2", "soft", "timeo=10"]}}
    assert nfs_state.type_of("/srv/nfs/site/a", INFO.splitlines()) == "nfs4"
    assert nfs_state.type_of("/srv/nfs", INFO.splitlines(), True) == "autofs"
    assert nfs_state.type_of("/srv/nfsx", INFO.splitlines()) == "" == nfs_state.type_of("/srv/nfs/a", INFO.splitlines(), exactly=True)
    assert nfs_state.old_mounts(["40 36 0:50 / /mnt/a\\040b rw - nfs host:/x rw,vers=3"]) == ["/mnt/a b"]


EXPORTED = "/srv/content  \t192.0.2.21(sync,fsid=0,ro)\n/srv/content/site\n\t\t192.0.2.21(sync,ro,root_squash)\n" \
           "/srv/content/site\n\t\t192.0.2.22(sync,rw)\n"


def test_what_exportfs_says():
    assert nfs_state.exported(EXPORTED) == {
        "/srv/content": {"192.0.2.21": ["sync", "fsid=0", "ro"]},
        "/srv/content/site": {"192.0.2.21": ["sync", "ro", "root_squash"], "192.0.2.22": ["sync", "rw"]}}
    assert nfs_state.versions("-3 +4 +4.1 +4.2\n") == {"3": False, "4": True, "4.1": True, "4.2": True}


WANTED = [{"name": "site", "path": "/srv/content/site", "options": ["ro", "root_squash"], "addresses": ["192.0.2.21", "192.0.2.23"]}]


def test_what_the_server_does_otherwise():
    found = {"exported": {**nfs_state.exported(EXPORTED), "/mnt": {"*": ["rw"]}}, "versions": {"3": True, "4": True, "4.2": True}}
    assert list(nfs_state.server_problems(WANTED, "/srv/content", found)) == [
        "nfsd serves version 3: look at what overrides /etc/nfs.conf.d/failover-content.conf.",
        "export site: /srv/content/site is not exported to 192.0.2.23: exportfs -r, and look at what it says.",
        "export site: /srv/content/site is exported to 192.0.2.22, too, which is no client: exportfs -r.",
        "/mnt is exported, too, and in no nfs_content_exports: take it out of /etc/exports or /etc/exports.d, and exportfs -r."]
    other = [{**WANTED[0], "addresses": ["192.0.2.22", "192.0.2.21"]}]
    assert list(nfs_state.server_problems(other, "/srv/content", {"exported": nfs_state.exported(EXPORTED), "versions": {"4": True}})) == [
        "export site: /srv/content/site is exported to 192.0.2.22 without ro, root_squash: exportfs -r."]
    assert list(nfs_state.server_problems(WANTED, "", {"exported": {}, "versions": {}})) == [
        "nfsd does not run: look at journalctl -u nfs-server."]


CONTENT = {"name": "site", "mount": "/srv/nfs/site", "device": "192.0.2.62:/site", "options": ["ro", "soft"],
           "away": "/run/failover-nfs/site.away"}


def test_what_is_mounted_otherwise():
    there = nfs_state.mounts_of(INFO.splitlines())["/srv/nfs/site"]
    assert nfs_state.option_problems(CONTENT, there) is None
    assert nfs_state.option_problems({**CONTENT, "options": ["ro", "hard"]}, there) == (
        "content site: /srv/nfs/site is mounted without hard: umount it, the next access mounts it anew.")
    assert nfs_state.option_problems({**CONTENT, "device": "192.0.2.9:/site"}, there) == (
        "content site: /srv/nfs/site has 192.0.2.62:/site mounted instead of 192.0.2.9:/site: umount it, the next access mounts it anew.")
    mounts = {"/srv/nfs/site": there, "/srv/nfs/old": there, "/mnt": there}
    assert nfs_state.to_detach([CONTENT], "/srv/nfs", mounts) == ["/srv/nfs/old"]
    assert nfs_state.to_detach([{**CONTENT, "options": ["hard"]}], "/srv/nfs", mounts) == ["/srv/nfs/old", "/srv/nfs/site"]


def test_what_reading_came_to():
    assert nfs_state.reading_problem(CONTENT, {"seconds": 0.1, "error": None}, 6) is None
    assert nfs_state.reading_problem(CONTENT, None, 6) == (
        "content site: /srv/nfs/site did not answer within 6 s (nfs_content_answer_s): look at journalctl -u failover-nfs-watch.")
    assert nfs_state.reading_problem(CONTENT, {"seconds": 3.0, "error": "Stale file handle"}, 6) == (
        "content site: /srv/nfs/site cannot be read (Stale file handle after 3.0 s): see whether 192.0.2.62:/site is exported and its "
        "server runs.")
    assert nfs_state.away_problem(CONTENT, False) is None
    assert nfs_state.away_problem(CONTENT, True) == (
        "content site: its server was given up, /run/failover-nfs/site.away is there: look at journalctl -u failover-nfs-watch.")
    assert nfs_state.old_programs({("0.0.0.0", 2049)}) is None
    assert nfs_state.old_programs({("0.0.0.0", 111)}) == (
        "somebody listens on port 111 (rpcbind), which NFS 4 does not need: systemctl stop rpcbind.socket rpcbind.")


def test_lines_of_others():
    assert nfs_state.foreign_lines(["# a", "", "  /mnt *(ro) ", nfs_state.OURS]) == ["/mnt *(ro)"]


def test_a_look_at_a_directory(tmp_path):
    (tmp_path / "a").write_text("x", encoding="utf-8")
    assert nfs_state.look_export(str(tmp_path))["exists"] is True and nfs_state.look_export(str(tmp_path / "a"))["exists"] is False
    assert nfs_state.exportable("/proc/self") is False
    assert nfs_state.look_mount_root(str(tmp_path)) == {"type": "", "names": ["a"], "link": False}
