# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What deploys an application, on real repositories, archives and directories below a scratch directory."""

from __future__ import annotations

import calendar
import http.server
import io
import json
import os
import pathlib
import pwd
import re
import subprocess
import tarfile
import threading
import time
import zipfile

import pytest
from ansible_collections.failover.stack.plugins.module_utils._deploy import package as packages
from ansible_collections.failover.stack.plugins.modules import app_health, app_lock, app_package, app_release, app_release_info

DEFAULTS = pathlib.Path(__file__).resolve().parents[4] / "roles/app_deploy/defaults/main.yml"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with an annotated tag v1 and a plain one v2; git(…) runs git there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    place = tmp_path / "shop"
    (place / "web" / "WEB-INF").mkdir(parents=True)
    (place / "web" / "index.html").write_text("one\n")
    (place / "web" / "run").write_text("#!/bin/sh\n")
    os.chmod(place / "web" / "run", 0o700)

    def git(*words):
        return subprocess.run(["git", "-C", str(place), "-c", "user.name=Ann", "-c", "user.email=ann@example.test", *words],
                              check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    git("tag", "--annotate", "--message", "one", "v1")
    (place / "web" / "index.html").write_text("two\n")
    git("commit", "--quiet", "--all", "--message", "two")
    git("tag", "v2")
    git.place = place
    return git


@pytest.fixture
def asked(repository, tmp_path):
    return {"application": "shop", "version": "v1", "repository": {"url": str(repository.place), "subdirectory": "web"},
            "cache": str(tmp_path / "cache")}


def names_in(package):
    with tarfile.open(package) as tar:
        return {member.name: (member.mode, member.uid) for member in tar}


def test_a_tag_becomes_a_package_whose_bytes_are_the_same_each_time(play, asked, repository, tmp_path):
    first = play(app_package, asked)
    assert first["changed"] and first["annotated"] and first["identity"] == repository("rev-parse", "v1^{commit}")
    assert first["said"] == "v1 of shop is commit %s (annotated tag)." % first["identity"]
    assert names_in(first["package"]) == {"index.html": (0o644, 0), "run": (0o755, 0)}
    again = play(app_package, asked)
    assert not again["changed"] and again["release"] == first["release"]
    other = play(app_package, dict(asked, cache=str(tmp_path / "other")))
    assert other["checksum"] == first["checksum"] == packages.digest_of(first["package"])
    second = play(app_package, dict(asked, version="v2"))
    assert not second["annotated"] and second["release"] != first["release"]


def test_a_tag_that_moved_is_another_release_however_old_the_cache(play, asked, repository):
    before = play(app_package, asked)
    repository("tag", "--force", "v1", "v2")
    after = play(app_package, asked)
    assert after["identity"] == repository("rev-parse", "v2") != before["identity"]


def test_what_cannot_be_packed_is_refused_in_one_sentence(refused, asked, repository):
    said = refused(app_package, dict(asked, version="v9"))
    assert said == ("db2: app_deploy_applications (shop): deploy_version is 'v9', which repository %s has no tag of: push the tag, or name "
                    "one that is there (v2, v1)." % repository.place)
    said = refused(app_package, dict(asked, repository={"url": "/nowhere/shop"}))
    assert "repository /nowhere/shop cannot be read (" in said
    assert "deploy_version is '-x': write a tag's name" in refused(app_package, dict(asked, version="-x"))
    assert "v1 cannot be deployed, it has no none: correct it." in refused(app_package, dict(asked, repository={
        "url": str(repository.place), "subdirectory": "none"}))
    (repository.place / "web" / "new").write_text("")
    assert "is dirty, web/new differ from what is committed" in refused(app_package, asked)


def test_submodules_are_not_forgotten_in_silence(refused, asked, repository):
    (repository.place / ".gitmodules").write_text("")
    repository("add", "--all")
    repository("commit", "--quiet", "--message", "three")
    repository("tag", "v3")
    assert "tag v3 has submodules, which are not fetched" in refused(app_package, dict(asked, version="v3"))


def test_a_signature_is_looked_at_where_a_key_is_given(play, refused, asked, repository, tmp_path):
    for name in ("ann", "bob"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    keys = {name: (tmp_path / (name + ".pub")).read_text() for name in ("ann", "bob")}
    repository("-c", "gpg.format=ssh", "-c", "user.signingKey=%s" % (tmp_path / "ann"), "tag", "--sign", "--message", "three", "v3")
    signed = dict(asked, version="v3")
    signed["repository"] = dict(asked["repository"], signers=[keys["ann"]])
    assert play(app_package, signed)["signed_by"].startswith("SHA256:")
    assert "tag v1 is not signed by one of the 1 keys" in refused(app_package, dict(signed, version="v1"))
    assert "the commit of tag v2 is not signed" in refused(app_package, dict(signed, version="v2"))
    signed["repository"] = dict(asked["repository"], signers=[keys["bob"]])
    assert "tag v3 is not signed by one of the 1 keys" in refused(app_package, signed)
    signed["repository"] = dict(asked["repository"], signers=["nonsense"])
    assert "one of repository.keys is no public key of OpenPGP or SSH" in refused(app_package, signed)


def test_a_build_runs_once_and_its_result_is_the_application(play, refused, asked, tmp_path):
    count = tmp_path / "count"
    command = "echo run >>%s; mkdir out; echo $DEPLOY_VERSION >out/version; cp web/index.html out" % count
    build = {"command": ["sh", "-c", command], "result": "out"}
    made = play(app_package, dict(asked, build=build))
    assert set(names_in(made["package"])) == {"index.html", "version"}
    assert play(app_package, dict(asked, build=build))["checksum"] == made["checksum"]
    assert count.read_text() == "run\n"
    said = refused(app_package, dict(asked, build={"command": ["sh", "-c", "echo no compiler >&2; exit 3"]}))
    assert "build.command ended with 3 (no compiler): nothing was deployed" in said
    assert "/no/such cannot be run on the host that builds" in refused(app_package, dict(asked, build={"command": ["/no/such"]}))


def war(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return str(path)


def test_a_war_is_unpacked_and_known_by_its_checksum(play, tmp_path):
    archive = war(tmp_path / "shop.war", {"index.html": "one", "WEB-INF/web.xml": "<web-app/>"})
    made = play(app_package, {"application": "shop", "version": "2.0", "archive": archive, "cache": str(tmp_path / "cache")})
    assert made["identity"] == packages.digest_of(archive) and made["said"].startswith("2.0 of shop is an archive with SHA-256 ")
    assert set(names_in(made["package"])) == {"index.html", "WEB-INF", "WEB-INF/web.xml"}


def test_files_have_the_time_of_their_commit_or_archive(play, asked, repository, tmp_path):
    def times(given):
        with tarfile.open(play(app_package, dict(given, cache=str(tmp_path / "cache")))["package"]) as tar:
            return {member.mtime for member in tar}

    assert times(asked) == {int(repository("show", "--no-patch", "--format=%ct", "v1^{commit}"))}
    archive = {"application": "shop", "version": "2", "archive": war(tmp_path / "a.war", {"x": "1"})}
    with zipfile.ZipFile(archive["archive"]) as written:
        assert times(archive) == {calendar.timegm((*written.infolist()[0].date_time, 0, 0, 0))}
    # One that is the same each time it is made says nothing of when that was.
    with zipfile.ZipFile(tmp_path / "b.war", "w") as same:
        same.writestr(zipfile.ZipInfo("x"), "1")
    os.utime(tmp_path / "b.war", (1700000000, 1700000000))
    assert times(dict(archive, version="3", archive=str(tmp_path / "b.war"))) == {1700000000}


def evil(path, **member):
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(member.pop("name"))
        for key, value in member.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(b""))
    return str(path)


@pytest.mark.parametrize("member, said", [
    ({"name": "../../etc/cron.d/x"}, "which leads out of it"),
    ({"name": "/etc/x"}, "which leads out of it"),
    ({"name": "a", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "an absolute path"),
    ({"name": "a/b", "type": tarfile.SYMTYPE, "linkname": "../../x"}, "which leads out of it"),
    ({"name": "pipe", "type": tarfile.FIFOTYPE}, "which is no file, directory or link"),
])
def test_nothing_escapes_from_an_archive(refused, tmp_path, member, said):
    archive = evil(tmp_path / "x.tar", **member)
    assert said in refused(app_package, {"application": "shop", "version": "1", "archive": archive, "cache": str(tmp_path / "cache")})


def test_what_is_no_archive_and_what_leads_through_a_link_are_refused(tmp_path):
    (tmp_path / "text").write_text("text")
    with pytest.raises(packages.BadPackage, match="neither a WAR, zip nor tar"):
        packages.unpack(str(tmp_path / "text"), str(tmp_path))
    with tarfile.open(tmp_path / "y.tar", "w") as archive:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "b"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("a/c"), io.BytesIO(b""))
    (tmp_path / "to" / "b").mkdir(parents=True)
    with pytest.raises(packages.BadPackage, match="below a symbolic link"):
        packages.unpack(str(tmp_path / "y.tar"), str(tmp_path / "to"))


def test_a_result_that_lies_beside_its_tree_is_not_in_it(tmp_path):
    for name in ("tree", "tree-2"):
        (tmp_path / name).mkdir()
    os.symlink("../tree-2", tmp_path / "tree" / "out")
    with pytest.raises(packages.BadPackage, match="its out leads out of it"):
        packages.result_of(str(tmp_path / "tree"), "out")
    assert packages.result_of(str(tmp_path / "tree"), "") == str(tmp_path / "tree")


def test_links_within_a_package_stay(tmp_path):
    (tmp_path / "tree" / "real").mkdir(parents=True)
    (tmp_path / "tree" / "real" / "file").write_text("x")
    os.symlink("real", tmp_path / "tree" / "link")
    packages.pack(str(tmp_path / "tree"), str(tmp_path / "p.tar.gz"), 0)
    (tmp_path / "to").mkdir()
    packages.unpack(str(tmp_path / "p.tar.gz"), str(tmp_path / "to"))
    assert os.readlink(tmp_path / "to" / "link") == "real" and (tmp_path / "to" / "link" / "file").read_text() == "x"


@pytest.fixture
def laid(tmp_path, play):
    """laid(version, files) lays a release down, with the arguments that it had."""
    def lay(version, files=None, **more):
        archive = war(tmp_path / ("%s.zip" % version), files or {"index.html": version})
        made = play(app_package, {"application": "shop", "version": version, "archive": archive, "cache": str(tmp_path / "cache")})
        given = {"docroot": str(tmp_path / "root"), "release": made["release"], "version": version, "identity": made["identity"]}
        result = play(app_release, dict(given, state="present", package=made["package"], **more))
        assert os.path.exists(made["package"]) is not bool(more.get("package_goes"))
        return dict(given, state="current"), result

    return lay


def test_releases_lie_side_by_side_and_the_link_leads_to_one(laid, play, tmp_path):
    one, result = laid("v1", package_goes=True)
    assert result["changed"] and not (tmp_path / "root" / "current").exists()
    assert play(app_release, one, check=True)["changed"] and not (tmp_path / "root" / "current").exists()
    assert play(app_release, dict(one, who="ann"), diff=True)["diff"] == {"before": "", "after": one["release"] + "\n"}
    assert (tmp_path / "root" / "current" / "index.html").read_text() == "v1"
    two, _result = laid("v2")
    assert play(app_release, two)["previous"] == one["release"]
    assert (tmp_path / "root" / "current" / "index.html").read_text() == "v2"
    assert not play(app_release, two)["changed"]
    history = json.loads((tmp_path / "root" / "deploy.json").read_text())["history"]
    assert [(entry["by"], entry["from"], entry["to"]) for entry in history] == [
        ("ann", "", one["release"]), ("", one["release"], two["release"])]


def test_a_release_gets_its_name_when_it_is_on_the_disk(laid, refused, commands, tmp_path):
    there = []

    def sync(command):
        there.append((command.split()[-1], sorted(os.listdir(command.split()[-1]))))
        return 0, "", ""

    commands.answers["sync --file-system"] = sync
    given, _result = laid("v1")
    releases = tmp_path / "root" / "releases"
    assert there == [(str(releases / (".new-" + given["release"])), ["index.html"])]
    commands.answers["sync --file-system"] = (1, "", "sync: Input/output error\n")
    archive = war(tmp_path / "v2.zip", {"index.html": "v2"})
    said = refused(app_release, dict(given, state="present", package=archive, release="v2-0"))
    assert said == "db2: release v2-0 cannot be brought to the disk below %s (sync: Input/output error): nothing was switched." % releases
    assert sorted(os.listdir(releases)) == [given["release"], given["release"] + ".json"]


def test_so_many_are_kept_and_those_that_are_needed(laid, play, tmp_path):
    first, _result = laid("v1")
    play(app_release, first)
    for version in ("v2", "v3", "v4"):
        last, _result = laid(version)
    assert len(os.listdir(tmp_path / "root" / "releases")) == 8
    removed = play(app_release, dict(last, keep=2))["removed"]
    assert len(removed) >= 1 and first["release"] not in removed and last["release"] not in removed
    assert (tmp_path / "root" / "releases" / first["release"]).exists()


def test_what_is_shared_is_one_directory_for_all_versions(laid, play, refused, tmp_path):
    one, _result = laid("v1", {"index.html": "x", "data/uploads/": ""}, shared=["data/uploads"])
    play(app_release, one)
    (tmp_path / "root" / "current" / "data" / "uploads" / "picture").write_text("p")
    two, _result = laid("v2", shared=["data/uploads"])
    play(app_release, two)
    assert (tmp_path / "root" / "current" / "data" / "uploads" / "picture").read_text() == "p"
    archive = war(tmp_path / "v3.zip", {"data/uploads/own": "x"})
    made = play(app_package, {"application": "shop", "version": "v3", "archive": archive, "cache": str(tmp_path / "cache")})
    given = {"docroot": str(tmp_path / "root"), "release": made["release"], "version": "v3", "identity": made["identity"],
             "state": "present", "package": made["package"], "shared": ["data/uploads"]}
    assert "it brings along data/uploads with own, which is shared by all versions" in refused(app_release, given)
    assert "nobody-here's, whom this host does not have" in refused(app_release, dict(given, shared=["x"], shared_owner="nobody-here"))
    assert not [name for name in os.listdir(tmp_path / "root" / "releases") if "v3" in name and not name.endswith(".json")]


def stuck(monkeypatch, mark):
    """What has this in its path cannot be removed."""
    remove = app_release.shutil.rmtree

    def attempt(path, *words, **more):
        if mark in str(path):
            raise PermissionError(1, "Operation not permitted", str(path))
        remove(path, *words, **more)

    monkeypatch.setattr(app_release.shutil, "rmtree", attempt)


def test_what_is_left_of_an_interrupted_run_and_cannot_be_removed_is_told(laid, refused, tmp_path, monkeypatch):
    one, _result = laid("v1")
    left = tmp_path / "root" / "releases" / ".new-v2-1"
    left.mkdir()
    stuck(monkeypatch, ".new-")
    given = dict(one, state="present", release="v2-1", version="v2", package=str(tmp_path / "v1.zip"))
    why = "%s cannot be removed (Operation not permitted): remove it by hand, or it goes on filling the disk." % left
    assert refused(app_release, given).endswith(": " + why)
    left.rmdir()
    (tmp_path / "text").write_text("no archive")
    said = refused(app_release, dict(given, package=str(tmp_path / "text")))
    assert "release v2-1 cannot be laid down, " in said and said.endswith(": correct the application; and " + why)


def test_an_old_release_that_cannot_be_removed_is_told_and_counts_no_more(laid, play, tmp_path, monkeypatch):
    first, _result = laid("v1")
    play(app_release, first)
    for version in ("v2", "v3"):
        last, _result = laid(version)
        play(app_release, last)
    with monkeypatch.context() as patched:
        stuck(patched, ".old-")
        result = play(app_release, dict(last, keep=1))
    place = tmp_path / "root" / "releases"
    (old, other) = sorted(name for name in os.listdir(place) if name.startswith(".old-"))
    assert result["warnings"][0].endswith(
        ": %s cannot be removed (Operation not permitted): remove it by hand, or it goes on filling the disk." % (place / old))
    assert old.startswith(".old-" + first["release"]) and not (place / first["release"]).exists() and other
    assert not (place / (first["release"] + ".json")).exists()
    play(app_release, last)
    assert not [name for name in os.listdir(place) if name.startswith(".old-")]


def test_a_version_that_moved_and_a_current_that_is_no_link_are_refused(laid, play, refused, tmp_path):
    one, _result = laid("v1")
    play(app_release, one)
    assert "v1 was %s when it was deployed at" % one["identity"][:12] in refused(app_release, dict(one, identity="f" * 40))
    assert "lay it down first" in refused(app_release, dict(one, release="v7-1", version="v7"))
    (tmp_path / "other" / "current").mkdir(parents=True)
    assert "is no symbolic link: move it away" in refused(app_release, dict(one, docroot=str(tmp_path / "other")))


SHOW = "Id=tomcat@a.service\nActiveState=active\nExecMainStartTimestampMonotonic=%d\n"


def test_what_serves_what_runs_with_another_release_and_what_was_lost(laid, play, commands, tmp_path):
    commands.answers["sync --file-system"] = ""
    one, _result = laid("v1")
    asked = {"applications": [{"name": "shop", "docroot": str(tmp_path / "root"), "units": ["tomcat@a.service"]}]}
    commands.answers = {"systemctl show": SHOW % (time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6 - 1e6), "journalctl": "INFO all is well\n"}
    seen = play(app_release_info, asked)["applications"]["shop"]
    assert seen["current"] == "" and seen["wrong"] == ["it has no current release, run playbooks/site.yml"]
    play(app_release, one)
    seen = play(app_release_info, asked)["applications"]["shop"]
    assert (seen["current"], seen["version"], seen["identity"]) == (one["release"], "v1", one["identity"])
    assert seen["stale"] == ["tomcat@a.service"] and seen["losses"] == []
    commands.answers["systemctl show"] = SHOW % (time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6 + 1e6)
    assert play(app_release_info, dict(asked, since=1000))["applications"]["shop"]["wrong"] == []
    assert commands.began("journalctl")[-1].endswith("--since=@1000.000")
    commands.ran.clear()
    play(app_release_info, dict(asked, journal=False))
    assert not commands.began("journalctl")


def test_a_root_that_is_no_place_is_told(play, tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "ibdata1").write_text("")
    (tmp_path / "db" / "current").mkdir()
    seen = play(app_release_info, {"applications": [{"name": "shop", "docroot": str(tmp_path / "db")}]})["applications"]["shop"]
    assert len(seen["problems"]) == 2 and "is InnoDB's directory" in seen["problems"][0] and "is no symbolic link" in seen["problems"][1]


def test_one_operator_at_a_time(play, refused, tmp_path):
    path = str(tmp_path / "run" / "lock")
    taken = {"path": path, "state": "taken", "who": "ann", "doing": "deploying shop v2"}
    assert play(app_lock, {"path": path, "state": "free"})["changed"] is False
    assert play(app_lock, taken, check=True)["changed"] and not os.path.exists(path)
    first = play(app_lock, taken)
    said = refused(app_lock, dict(taken, who="bob"))
    assert "ann has been deploying shop v2 since 20" in said and said.endswith("-e deploy_take_over=%s." % first["id"])
    assert refused(app_lock, {"path": path, "state": "free"}) == said
    assert not play(app_lock, {"path": path, "state": "released", "id": "beef"})["changed"] and os.path.exists(path)
    second = play(app_lock, dict(taken, who="bob", take_over=first["id"]))
    assert "bob has been deploying" in refused(app_lock, taken)
    assert play(app_lock, {"path": path, "state": "released", "id": second["id"]})["changed"] and os.listdir(tmp_path / "run") == []


def test_who_left_a_node_out_is_noted_until_it_is_back(play, refused, tmp_path):
    path = str(tmp_path / "run" / "lock")
    assert play(app_lock, {"path": path, "state": "free"})["drained"] == {}
    by_hand = {"path": path, "state": "out", "node": "web1", "who": "ann", "doing": "draining web1"}
    assert play(app_lock, by_hand, check=True)["changed"] and not os.path.exists(path + ".drained")
    noted = play(app_lock, by_hand)["drained"]["web1"]
    assert (noted["who"], noted["doing"], noted["since"][:2]) == ("ann", "draining web1", "20")
    assert set(play(app_lock, dict(by_hand, node="web2", who="bob"))["drained"]) == {"web1", "web2"}
    assert play(app_lock, dict(by_hand, state="back"))["changed"]
    assert not play(app_lock, dict(by_hand, state="back"))["changed"]
    assert list(play(app_lock, {"path": path, "state": "free"})["drained"]) == ["web2"]
    assert "node" in refused(app_lock, {"path": path, "state": "out"})


def test_a_run_that_leaves_a_node_out_says_so_when_it_ends(play, tmp_path):
    path = str(tmp_path / "run" / "lock")
    first = play(app_lock, {"path": path, "state": "taken", "who": "ann", "doing": "deploying shop v2"})
    assert first["held"] == {}
    seen = play(app_lock, {"path": path, "state": "free", "take_over": first["id"]})["held"]
    assert (seen["who"], seen["doing"], seen["id"]) == ("ann", "deploying shop v2", first["id"])
    assert play(app_lock, {"path": path, "state": "released", "id": "beef", "node": "web1"})["drained"] == {}
    ended = play(app_lock, {"path": path, "state": "released", "id": first["id"], "node": "web1"})
    assert ended["held"] == {} and (ended["drained"]["web1"]["who"], ended["drained"]["web1"]["doing"]) == ("ann", "deploying shop v2")


@pytest.mark.parametrize("variables, who", [
    ({"SUDO_USER": "ann", "USER": "root"}, "ann"), ({}, pwd.getpwuid(os.getuid()).pw_name), ({"USER": "somebody"}, None)])
def test_who_deploys_is_who_runs_it_whatever_the_environment_lacks(variables, who):
    text = DEFAULTS.read_text(encoding="utf-8").split("app_deploy_operator:")[1]
    (command,) = re.findall(r"lookup\('ansible.builtin.pipe', '(.*)'\)", text)
    variables["PATH"] = os.environ["PATH"]
    said = subprocess.run(["sh", "-c", command], env=variables, capture_output=True, text=True, check=True)
    assert said.stdout == "%s@%s\n" % (who or pwd.getpwuid(os.getuid()).pw_name, os.uname().nodename)


@pytest.fixture
def served():
    """A server on this machine's loopback; answers(…) says what comes next, the last one again and again."""
    state = {"answers": [(200, "v2")], "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state["asked"].append((self.path, self.headers["Host"]))
            status, body = state["answers"].pop(0) if len(state["answers"]) > 1 else state["answers"][0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], state
    server.shutdown()


def test_good_answers_in_a_row_are_wanted(served, play):
    port, state = served
    state["answers"] = [(200, "v2"), (500, ""), (200, "v2")]
    play(app_health, {"targets": [{"kind": "http", "host": "127.0.0.1", "port": port, "path": "/ping"}], "content": "v2",
                      "host_header": "shop.test", "times": 2, "wait_s": 20})
    assert state["asked"] == [("/ping", "shop.test")] * 4


def test_what_is_not_healthy_is_told_with_the_reason(served, refused):
    port, state = served
    state["answers"] = [(503, "")]
    said = refused(app_health, {"targets": [{"kind": "http", "host": "127.0.0.1", "port": port, "path": "/"}], "wait_s": 1})
    assert said == "127.0.0.1:%d/ answers with status 503 instead of 200, after 1 s" % port
    said = refused(app_health, {"targets": [{"kind": "ajp", "host": "127.0.0.1", "port": port, "path": "/"}], "wait_s": 0})
    assert "does not answer a CPing" in said
