# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rsync does is played here: what it counts is given, what it copies is one file. molecule/rsync_sync has the real one."""

import io
import json
import os
import socket
import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import rsync_sync
from ansible_collections.failover.stack.plugins.module_utils._content import judge, status

MARKER = ".failover-content"


def count(**parts):
    usual = {"files": 101, "created": 0, "deleted": 0, "changed": 0, "bytes": 0, "marker": None, "database": None}
    return judge.Counted(**{**usual, **parts})


@pytest.fixture
def made(tmp_path, monkeypatch):
    for name in ("CONFIG", "STATE", "RUN"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(status, name, str(tmp_path / name))

    def configured(**more):
        config = {"content": "site", "target": str(tmp_path / "www/site"), "atomic": True, "keep": 2, "target_mount": "", "marker": MARKER,
                  "delete_percent": 10, "delete_always": 5, "stale_s": 1000, "options": [], "from": "x", "pokers": ["192.0.2.62"], **more}
        (tmp_path / "CONFIG/site.json").write_text(json.dumps(config), encoding="utf-8")
    configured()
    (tmp_path / "www").mkdir()
    return tmp_path, configured


@pytest.fixture
def host(made):
    """A directory with www, STATE …"""
    return made[0]


@pytest.fixture
def configure(made):
    """Writes the content's configuration with what is given besides."""
    return made[1]


@pytest.fixture
def runs(monkeypatch):
    """What rsync answers to one run after the other: Counted, or the reason with which it fails. `ran` has its further arguments."""
    answers, ran = [], []

    def rsync(self, target, *more):
        ran.append((os.path.basename(target), *more))
        answer = answers.pop(0)
        if isinstance(answer, str):
            raise rsync_sync.Stop(status.FAILED, answer, "")
        if "--dry-run" not in more:
            with open(os.path.join(target, MARKER), "w", encoding="utf-8") as handle:
                handle.write(str(len(ran)))
        return answer
    monkeypatch.setattr(rsync_sync.Pull, "rsync", rsync)
    return answers, ran


@pytest.fixture(autouse=True)
def synced(monkeypatch):
    """Directories that were brought to the disk, each with whether readers already had a release."""
    done = []
    monkeypatch.setattr(rsync_sync, "on_disk", lambda directory: done.append((os.path.basename(directory), os.path.lexists(
        os.path.join(os.path.dirname(os.path.dirname(directory)), "site")))))
    return done


def told(host):
    return json.loads((host / "STATE/site.json").read_text(encoding="utf-8"))


NEW, SAME = count(created=3, marker=True), count()


def test_a_first_release_and_the_next(host, runs):
    answers, ran = runs
    answers += [NEW, NEW, SAME, count(changed=1), count(changed=1), SAME, SAME]
    assert rsync_sync.pull("site") == 0
    link = host / "www/site"
    first = os.readlink(link)
    assert first.startswith("site.releases/") and told(host)["result"] == "done" and told(host)["release"] == os.path.basename(first)
    assert ran == [(".new", "--dry-run", "--delete"), (".new", "--delete"), (".new", "--dry-run", "--delete")]
    assert rsync_sync.pull("site") == 0
    assert os.readlink(link) != first and ran[4] == (".new", "--link-dest=" + str(host / "www" / first), "--delete")
    assert rsync_sync.pull("site") == 0 and told(host)["result"] == "unchanged"
    assert len(os.listdir(host / "www/site.releases")) == 2 and not answers


def test_readers_get_what_is_on_the_disk(host, runs, synced):
    runs[0].extend([NEW, NEW, SAME])
    assert rsync_sync.pull("site") == 0 and synced == [(".new", False)]


def test_what_cannot_be_brought_to_the_disk_is_not_shown(host, runs, monkeypatch):
    def broken(directory):
        raise rsync_sync.Stop(status.FAILED, "Input/output error", "")

    monkeypatch.setattr(rsync_sync, "on_disk", broken)
    runs[0].extend([NEW, NEW, SAME])
    assert rsync_sync.pull("site") == 1
    assert not os.path.lexists(host / "www/site") and os.listdir(host / "www/site.releases") == []


def test_the_disk_s_own_words_are_told(monkeypatch, host):
    monkeypatch.undo()
    rsync_sync.on_disk(str(host))
    with pytest.raises(rsync_sync.Stop, match=r"what was copied to /nowhere cannot be brought to the disk .*No such file"):
        rsync_sync.on_disk("/nowhere")


STEPS = ("rename", "replace", "symlink", "unlink", "mkdir", "rmdir")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_readers_have_one_whole_release_whatever_step_is_the_last(host, runs, monkeypatch, after):
    """A machine that loses its power in the midst of a switch: what readers find then, and after the next run."""
    def marker():
        return int((host / "www/site" / MARKER).read_text())

    class Power(BaseException):
        """It goes out, for the program and all that it would tidy up."""

    runs[0].extend([NEW, NEW, SAME] * 3)
    for _number in range(3):
        rsync_sync.pull("site")
    steps, at, armed = [], None, True

    def counting(name, step):
        def act(*arguments, **named):
            if armed and not after:
                steps.append(name)
            if armed and not after and len(steps) - 1 == at:
                raise Power
            result = step(*arguments, **named)
            if armed and after:
                steps.append(name)
                if len(steps) - 1 == at:
                    raise Power
            return result

        return act

    for name in STEPS:
        monkeypatch.setattr(os, name, counting(name, getattr(os, name)))
    again = [count(changed=1), count(changed=1), SAME]
    runs[0].extend(again)
    assert rsync_sync.pull("site") == 0
    whole = len(steps)
    assert whole >= 5
    for at in range(whole):
        armed, before = True, marker()
        steps.clear()
        runs[0][:] = list(again)
        with pytest.raises(Power):
            rsync_sync.pull("site")
        armed = False
        # The old one or the new one, and in either what a copy that ended has written.
        assert marker() >= before and (host / "www/site").is_symlink(), at
        runs[0][:] = list(again)
        assert rsync_sync.pull("site") == 0 and marker() > before, at
        left = [name for name in os.listdir(host / "www/site.releases") if not name.startswith(".")]
        assert len(left) == 2 and os.path.basename(os.readlink(host / "www/site")) in left, at
        assert not os.path.lexists(host / "www/site.next") and not (host / "www/site.releases/.new").exists(), at


def test_old_releases_go(host, runs):
    for _number in range(4):
        runs[0].extend([NEW, NEW, SAME])
        assert rsync_sync.pull("site") == 0
    left = os.listdir(host / "www/site.releases")
    assert len(left) == 2 and os.path.basename(os.readlink(host / "www/site")) in left


def test_a_source_that_does_not_stand_still_is_not_shown(host, runs):
    runs[0].extend([NEW, NEW, SAME] + [count(changed=1)] * 7)
    assert [rsync_sync.pull("site"), rsync_sync.pull("site")] == [0, 1]
    assert "does not stand still" in told(host)["reason"] and os.listdir(host / "www/site.releases") == [told(host)["release"]]


def test_what_the_source_loses_during_the_copy_is_judged(host, runs):
    runs[0].extend([NEW, NEW, SAME, count(changed=1), count(changed=1), count(files=41)])
    assert [rsync_sync.pull("site"), rsync_sync.pull("site")] == [0, 1]
    assert (told(host)["kind"], told(host)["result"]) == (judge.DELETIONS, "refused")


def test_in_place_no_more_is_deleted_than_was_counted(host, configure, runs):
    configure(atomic=False)
    (host / "www/site/a/.~tmp~").mkdir(parents=True)
    (host / "www/site" / MARKER).touch()
    runs[0].extend([count(deleted=3, half=True), count(deleted=3)])
    assert rsync_sync.pull("site") == 0
    assert runs[1] == [("site", "--dry-run", "--delete"), ("site", "--delete", "--delete-delay", "--delay-updates", "--max-delete=3")]
    assert os.listdir(host / "www/site/a") == []


def test_a_copy_that_fails_leaves_nothing_half(host, configure, runs):
    configure(atomic=False)
    (host / "www/site/a/.~tmp~").mkdir(parents=True)
    runs[0].extend([NEW, "No space left on device (28) (rc 11)"])
    assert rsync_sync.pull("site") == 1
    assert told(host)["reason"] == "No space left on device (28) (rc 11)" and os.listdir(host / "www/site/a") == []


def test_a_refusal_asks_the_source_no_more_until_somebody_says_go(host, configure, runs):
    configure(atomic=False)
    (host / "www/site").mkdir()
    (host / "www/site" / MARKER).touch()
    runs[0].append(count(deleted=60))
    assert [rsync_sync.pull("site"), rsync_sync.pull("site")] == [1, 1]
    assert len(runs[1]) == 1 and told(host)["waiting"]["deletions"] == 60
    runs[0].append("no route to host (rc 10)")
    assert rsync_sync.main("go", "site") == 1 and told(host)["waiting"]["deletions"] == 60
    runs[0].append(count(deleted=61))
    assert rsync_sync.main("go", "site") == 1 and told(host)["waiting"]["deletions"] == 61
    runs[0].extend([count(deleted=61), count(deleted=61)])
    assert rsync_sync.main("go", "site") == 0 and told(host)["waiting"] is None


@pytest.mark.parametrize("make, atomic, sentence", [
    (lambda www: (www / "site").mkdir() or (www / "site/x").touch(), True, "is a directory with something in it"),
    (lambda www: (www / "site").symlink_to("elsewhere"), False, "is a symbolic link, as atomic leaves it")])
def test_a_target_of_the_other_kind_is_left_as_it_is(host, configure, runs, make, atomic, sentence):
    configure(atomic=atomic)
    make(host / "www")
    assert rsync_sync.pull("site") == 1
    assert sentence in told(host)["reason"] and not runs[1]


def test_nothing_is_written_below_a_mount_point_without_a_mount(host, configure, runs):
    configure(target_mount=str(host / "www"))
    assert rsync_sync.pull("site") == 1
    assert "nothing is mounted at" in told(host)["reason"] and os.listdir(host / "www") == [] and not runs[1]


def test_one_at_a_time(host, runs, capsys):
    lock = rsync_sync.alone("site", 0)
    assert rsync_sync.alone("site", 0) is None
    assert rsync_sync.pull("site") == rsync_sync.BUSY and "another run is at work" in capsys.readouterr().out
    os.close(lock)
    again = rsync_sync.alone("site", 0)
    assert again is not None
    os.close(again)


def test_the_rest_of_the_command_line(host, runs, capsys):
    assert rsync_sync.main() == rsync_sync.USAGE == rsync_sync.main("run", "sight")
    assert rsync_sync.main("status") == 1 and "site: never pulled" in capsys.readouterr().out
    runs[0].extend([NEW, NEW, SAME])
    assert rsync_sync.main("now", "site") == 0 and rsync_sync.main("status", "site") == 0


@pytest.mark.parametrize("address, name, heard", [
    ("192.0.2.62", "site", True), ("::ffff:192.0.2.62", "site", True), ("192.0.2.9", "site", False), ("192.0.2.62", "sight", False),
    ("192.0.2.62", "../CONFIG/site", False), ("", "", False)])
def test_only_a_source_is_heard(host, monkeypatch, address, name, heard):
    started = []
    monkeypatch.setattr(rsync_sync.subprocess, "run", lambda command, check: started.append(command) or type("Done", (), {"returncode": 0}))
    monkeypatch.setattr(rsync_sync.sys, "stdin", io.StringIO(name + "\n"))
    monkeypatch.setenv("REMOTE_ADDR", address)
    assert (rsync_sync.main("poke") == 0) is heard
    assert started == ([["systemctl", "start", "--no-block", "failover-content-site.service"]] if heard else [])


# What a source tells its targets

def test_each_target_is_told_whether_another_hears_it_or_not(host, capsys):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        deaf = other.getsockname()[1]
        other.close()
        (host / "CONFIG/push").mkdir()
        targets = [["127.0.0.1", deaf], ["127.0.0.1", listener.getsockname()[1]]]
        (host / "CONFIG/push/site.json").write_text(json.dumps({"targets": targets}))

        def hear():
            connection, _from = listener.accept()
            with connection:
                heard.append(connection.recv(80))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        assert rsync_sync.main("tell", "site") == 1
        thread.join(5)
    assert heard == [b"site\n"]
    assert capsys.readouterr().err == (
        "content site: 127.0.0.1 does not hear that it changed ([Errno 111] Connection refused), its timer will see\n")
    assert rsync_sync.main("tell", "unknown") == 0


@pytest.mark.parametrize("arguments", [(), ("tell",), ("tell", "a", "b"), ("run",), ("run", "a", "b"), ("erase", "site")])
def test_what_is_not_understood_is_told_how_it_is_said(host, arguments, capsys):
    assert rsync_sync.main(*arguments) == rsync_sync.USAGE
    assert capsys.readouterr().err == "failover-content run CONTENT | now CONTENT | go CONTENT | status [CONTENT ...]\n"


# rsync itself, played by a program

@pytest.fixture
def rsync(tmp_path, monkeypatch):
    """rsync(script): what rsync does from now on; its arguments are in tmp_path/called."""
    def play(script):
        (tmp_path / "rsync").write_text('#!/bin/sh\necho "$LC_ALL $*" > %s/called\n%s\n' % (tmp_path, script))
        (tmp_path / "rsync").chmod(0o755)

    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    return play


def test_rsync_is_asked_in_words_that_are_understood_and_its_reason_is_told(host, rsync):
    with open(host / "lock", "w", encoding="ascii") as lock:
        one = rsync_sync.Pull({"target": str(host / "www/site"), "options": ["-a", "--delete"], "from": "rsync://192.0.2.61/site/",
                               "marker": MARKER}, lock.fileno())
        rsync("echo 'rsync: failed to connect to 192.0.2.61 (192.0.2.61): Connection refused (111)' >&2; exit 10")
        with pytest.raises(rsync_sync.Stop) as stopped:
            one.rsync(str(host / "www/site"), "--dry-run")
        result, because, _kind = stopped.value.args
        assert result == status.FAILED and "Connection refused" in because
        assert (host / "called").read_text().split() == [
            "C", "-a", "--delete", "--stats", "--no-h", "--out-format=%i", "%n", "--dry-run", "rsync://192.0.2.61/site/",
            "%s/www/site/" % host]
        rsync("echo 'Number of files: 3 (reg: 2, dir: 1)'; echo 'Number of created files: 1'; echo 'Number of deleted files: 0'; "
              "echo 'Number of regular files transferred: 1'; echo 'Total transferred file size: 9 bytes'; "
              # The lock goes with whoever still copies.
              "test -e /proc/self/fd/%d || exit 23" % lock.fileno())
        counted = one.rsync(str(host / "www/site"))
        assert (counted.files, counted.bytes) == (3, 9)
