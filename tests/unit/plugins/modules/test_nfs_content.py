# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib
import re

import pytest
from ansible_collections.failover.stack.plugins.lookup.nfs_content import LookupModule
from ansible_collections.failover.stack.plugins.module_utils._content import nfs, nfs_read
from ansible_collections.failover.stack.plugins.modules import nfs_content_info, nfs_content_mount

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/nfs_content"
MOUNTED = "40 36 0:50 / /srv/nfs/site ro - nfs4 192.0.2.62:/site ro,soft"
CONTENT = {"name": "site", "mount": "/srv/nfs/site", "device": "192.0.2.62:/site", "options": ["ro", "soft"], "away": "/nowhere/site.away"}


@pytest.fixture
def kernel(monkeypatch):
    """What /proc and others have, by path."""
    texts = {"/proc/self/mountinfo": [MOUNTED]}
    for module in (nfs_content_info, nfs_content_mount):
        monkeypatch.setattr(module, "lines_of", lambda path: texts.get(path, []))
    return texts


def test_the_role_asks_for_parts_that_exist_and_for_all_of_them():
    text = "".join(path.read_text(encoding="utf-8") for path in ROLE.rglob("*.yml"))
    assert set(re.findall(r"failover[.]stack[.]nfs_content', '(\w+)'", text)) == set(LookupModule.parts)
    variables = (ROLE / "vars/main.yml").read_text(encoding="utf-8")
    assert nfs.PROGRAM in variables and nfs.WATCH in variables


def test_what_a_host_tells(play, commands, kernel, tmp_path):
    commands.answers = {"exportfs -v": "/srv/site  \t192.0.2.21(ro)\n"}
    kernel.update({"/proc/fs/nfsd/versions": ["-3 +4"], "/etc/exports": ["# x", "/mnt *(ro)"]})
    told = play(nfs_content_info, {"exports": [{"name": "site", "path": str(tmp_path)}], "contents": [CONTENT]})
    assert told["exports"]["site"]["exists"] is True and told["exported"] == {"/srv/site": {"192.0.2.21": ["ro"]}}
    assert (told["versions"], told["foreign"], told["away"], told["reads"]) == ({"3": False, "4": True}, ["/mnt *(ro)"], [], {})
    assert list(told["mounts"]) == ["/srv/nfs/site"] and told["problems"] == []


def test_a_healthy_client(play, commands, kernel, monkeypatch):
    commands.answers = {"exportfs -v": "", "systemctl is-active -- autofs.service": "active\n"}
    monkeypatch.setattr(nfs_read, "within", lambda path, limit: {"seconds": 0.1, "error": None})
    told = play(nfs_content_info, {"contents": [CONTENT], "units": ["autofs.service"], "wait_healthy": 1})
    assert told["problems"] == [] and told["reads"] == {"site": {"seconds": 0.1, "error": None}}


def test_one_that_is_not(refused, commands, kernel, monkeypatch, tmp_path):
    commands.answers = {"exportfs -v": "", "systemctl is-active -- autofs.service": (3, "failed\n", "")}
    monkeypatch.setattr(nfs_read, "within", lambda path, limit: None)
    (tmp_path / "site.away").touch()
    one = {**CONTENT, "options": ["hard"], "away": str(tmp_path / "site.away")}
    assert refused(nfs_content_info, {"contents": [one], "units": ["autofs.service"], "wait_healthy": 1, "answer_s": 5}) == (
        "Content by NFS is not as it should be after 1 s: content site: /srv/nfs/site did not answer within 5 s (nfs_content_answer_s): "
        "look at journalctl -u failover-nfs-watch. content site: its server was given up, %s/site.away is there: look at journalctl -u "
        "failover-nfs-watch. content site: /srv/nfs/site is mounted without hard: umount it, the next access mounts it anew. unit "
        "autofs.service is failed: start it, or look at journalctl -u autofs.service." % tmp_path)


def test_reading(tmp_path):
    (tmp_path / "a").write_text("x", encoding="utf-8")
    assert nfs_read.within(str(tmp_path), 10)["error"] is None
    assert nfs_read.within(str(tmp_path / "none"), 10)["error"] == "No such file or directory"


def test_reading_what_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr(nfs_read, "LOOK", "import time\ntime.sleep(30)")
    assert nfs_read.within(str(tmp_path), 0.2) is None


def test_what_is_mounted_as_it_shall_be_stays(play, commands, kernel):
    assert play(nfs_content_mount, {"contents": [CONTENT], "mount_root": "/srv/nfs"}) == {"changed": False, "detached": []}


def test_what_is_not_is_detached(play, commands, kernel):
    commands.answers = {"umount -i -l -- /srv/nfs/site": ""}
    given = {"contents": [{**CONTENT, "options": ["hard"]}], "mount_root": "/srv/nfs"}
    assert play(nfs_content_mount, given, check=True) == {"changed": True, "detached": ["/srv/nfs/site"]}
    assert commands.ran == []
    assert play(nfs_content_mount, given) == {"changed": True, "detached": ["/srv/nfs/site"]}
    assert commands.ran == ["umount -i -l -- /srv/nfs/site"]


def test_what_cannot_be_detached_is_told(refused, commands, kernel):
    commands.answers = {"umount": (32, "", "umount: /srv/nfs/site: must be superuser\n")}
    assert refused(nfs_content_mount, {"contents": [{**CONTENT, "options": ["hard"]}], "mount_root": "/srv/nfs"}) == (
        "/srv/nfs/site cannot be detached (umount rc 32): umount: /srv/nfs/site: must be superuser")
