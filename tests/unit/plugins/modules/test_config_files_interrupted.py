# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk that refuses at any one step: what a service is configured by is then what it was, whole, and a sentence says so."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat

import pytest
from ansible_collections.failover.stack.plugins.modules import config_files

ME = {"owner": pwd.getpwuid(os.getuid())[0], "group": grp.getgrgid(os.getgid())[0]}
# Of the directory that is wanted and the one above it; they come first.
DIRECTORY_STEPS = 6
STEPS = ("rename", "symlink", "unlink", "fsync", "fchmod", "fchown", "mkdir")


@pytest.fixture
def disk(monkeypatch):
    """disk.fails = n: the n-th step of all that change something fails, once. disk.steps: which there were."""
    class Disk:
        fails, steps, armed = None, (), False

        @contextlib.contextmanager
        def watched(self, fails=None):
            self.fails, self.steps, self.armed = fails, [], True
            try:
                yield
            finally:
                self.armed = False

    made = Disk()

    def counting(name, step):
        def act(*arguments, **named):
            if made.armed:
                made.steps.append(name)
                if len(made.steps) - 1 == made.fails:
                    raise OSError(28, "No space left on device")
            return step(*arguments, **named)

        return act

    for name in STEPS:
        monkeypatch.setattr(os, name, counting(name, getattr(os, name)))
    return made


@pytest.fixture
def site(tmp_path, commands):
    """site() makes a service's directory as it was before, a fresh one each time."""
    commands.answers["checker"] = ""
    count = []

    def make():
        root = tmp_path / str(len(count))
        count.append(root)
        (root / "etc").mkdir(parents=True)
        for name, text, mode in (("app.cfg", "port 80\n", 0o640), ("old.conf", "old\n", 0o644), ("site-z.conf", "z\n", 0o600)):
            (root / "etc" / name).write_text(text)
            (root / "etc" / name).chmod(mode)
            os.utime(root / "etc" / name, ns=(7, 7))
        (root / "etc/enabled").symlink_to("app-1")
        return root

    return make


def wanted(root, **more):
    return {
        "directories": [dict(ME, path=str(root / "srv/data"), mode="0750")],
        "files": [dict(ME, path=str(root / "etc/app.cfg"), content="port 81\n", mode="0600"),
                  dict(ME, path=str(root / "etc/new/b.conf"), content="new\n")],
        "links": [{"path": str(root / "etc/enabled"), "target": "app-2"}, {"path": str(root / "etc/also"), "target": "app-2"}],
        "absent": [str(root / "etc/old.conf")], "purge": [{"directory": str(root / "etc"), "pattern": "site-*"}], **more}


def state(root):
    """What a service reads: each file and link with its content, permissions and time."""
    found = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode):
            found[str(path.relative_to(root))] = (
                stat.filemode(info.st_mode), os.readlink(path) if path.is_symlink() else path.read_text(),
                None if path.is_symlink() else info.st_mtime_ns)
    return found


def steps_of(site, play, disk, **more):
    root = site()
    with disk.watched():
        play(config_files, wanted(root, **more))
    return list(disk.steps)


def test_whatever_step_fails_all_is_as_it_was(site, play, refused, disk):
    steps = steps_of(site, play, disk)
    # The files' own four steps, the links', what goes, and the directories.
    assert {name: steps.count(name) for name in STEPS} == {
        "rename": 2, "fsync": 2, "fchown": 3, "fchmod": 6, "mkdir": 3, "symlink": 2, "unlink": 4}
    for number, name in enumerate(steps):
        root = site()
        before = state(root)
        with disk.watched(number):
            said = refused(config_files, wanted(root))
        assert said == (
            "The directory %s/srv/data could not be made and no file was written: [Errno 28] No space left on device." % root
            if number < DIRECTORY_STEPS else
            "A file could not be written and nothing was changed: [Errno 28] No space left on device."), (number, name)
        assert state(root) == before, (number, name)
        # And what was refused can be done.
        assert play(config_files, wanted(root))["changed"] and not play(config_files, wanted(root))["changed"], (number, name)


def test_what_the_checker_refuses_is_put_back_and_leaves_no_half_of_itself(site, play, refused, commands):
    root = site()
    before = state(root)
    commands.answers["checker"] = (1, "", "no\n")
    assert refused(config_files, wanted(root, validate=["checker"])) == (
        "The new configuration was refused and nothing was changed; 'checker' said: no")
    assert state(root) == before


@pytest.mark.parametrize("rc, out, err, said", [
    (2, "", "", "nothing, it ended with status 2"), (1, "line 3\n", "", "line 3"), (1, "out", "err\n", "err"),
    (0, "", "2026-01-01 [ERROR] unknown variable 'x'\n", "2026-01-01 [ERROR] unknown variable 'x'"),
])
def test_the_checkers_own_words_are_told(site, refused, commands, rc, out, err, said):
    commands.answers["checker"] = (rc, out, err)
    assert refused(config_files, wanted(site(), validate=["LANG=C checker -t"])) == (
        "The new configuration was refused and nothing was changed; 'LANG=C checker -t' said: " + said)


def test_a_reader_sees_the_old_file_or_the_new_one_at_every_step(site, play, disk, monkeypatch):
    """Whoever opens it in between, as the service does when it is reloaded by somebody else."""
    root, seen = site(), []
    path = root / "etc/app.cfg"
    for name in STEPS:
        step = getattr(os, name)

        def looking(*arguments, _step=step, **named):
            result = _step(*arguments, **named)
            if disk.armed:
                info = path.stat()
                seen.append((path.read_text(), stat.S_IMODE(info.st_mode)))
            return result

        monkeypatch.setattr(os, name, looking)
    with disk.watched():
        play(config_files, wanted(root))
    assert set(seen) == {("port 80\n", 0o640), ("port 81\n", 0o600)}
