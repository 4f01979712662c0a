# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that a service plants where root goes: refused; links of root: followed."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host import beneath

ME = (os.getuid(), os.getgid())


@pytest.fixture
def service(tmp_path):
    """A directory that others may change, as a service's own; beside it what only root shall have."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    (tmp_path / "root").mkdir(mode=0o700)
    (tmp_path / "root/shadow").write_text("hashes")
    (tmp_path / "root/shadow").chmod(0o600)
    return tmp_path


def untouched(root):
    info = (root / "root/shadow").stat()
    return ((root / "root/shadow").read_text(), stat.S_IMODE(info.st_mode), sorted(os.listdir(root / "root"))) == (
        "hashes", 0o600, ["shadow"])


ACTS = {
    "read": beneath.read_bytes, "touch": beneath.touch, "own": lambda path: beneath.own(path, *ME, mode=0o666),
}


@pytest.mark.parametrize("act", sorted(ACTS))
def test_a_planted_link_is_neither_read_nor_written_nor_given_away(service, act):
    path = service / "data/state"
    path.symlink_to(service / "root/shadow")
    with pytest.raises(beneath.LinkRefused, match="%s is a link in a directory that others than root can change" % path):
        ACTS[act](str(path))
    assert untouched(service)


ACTS_BELOW = dict(ACTS, write=lambda path: beneath.write(path, "x"), remove=beneath.remove, look=beneath.look,
                  link=lambda path: beneath.symlink("/", path), read_link=beneath.read_link,
                  make=lambda path: beneath.make_directory(path, 0o777))


@pytest.mark.parametrize("act", sorted(ACTS_BELOW))
def test_a_planted_link_on_the_way_is_not_followed(service, act):
    (service / "data/below").symlink_to(service / "root")
    with pytest.raises(beneath.LinkRefused, match="%s is a link" % (service / "data/below")):
        ACTS_BELOW[act](str(service / "data/below/shadow"))
    assert untouched(service)


def test_a_planted_link_is_replaced_by_what_is_written(service):
    path = service / "data/state"
    path.symlink_to(service / "root/shadow")
    beneath.write(str(path), "ours", 0o640)
    assert untouched(service) and not path.is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("ours", 0o640)


def test_a_name_that_was_foreseen_is_of_no_use(service):
    """grastate.dat.new and the like: whatever lies beside, the file's temporary name is nobody's to know."""
    for name in ("state.new", ".state.new", "state.tmp"):
        (service / "data" / name).symlink_to(service / "root/shadow")
    beneath.write(str(service / "data/state"), "ours")
    assert untouched(service) and sorted(os.listdir(service / "data")) == [".state.new", "state", "state.new", "state.tmp"]


def test_a_link_that_root_made_is_followed(service):
    (service / "moved").mkdir()
    (service / "var").symlink_to(service / "moved")
    (service / "near").symlink_to("moved/../var")
    beneath.write(str(service / "var/state"), "one")
    assert beneath.read_text(str(service / "near/state")) == "one"


def test_a_loop_of_links_ends(service):
    (service / "a").symlink_to("b")
    (service / "b").symlink_to("a")
    with pytest.raises(beneath.LinkRefused):
        beneath.write(str(service / "a/state"), "one")


def test_a_directory_is_given_away_only_as_itself(service):
    (service / "data/sub").symlink_to(service / "root")
    with pytest.raises(beneath.LinkRefused):
        beneath.make_directory(str(service / "data/sub"), 0o777, *ME)
    assert stat.S_IMODE((service / "root").stat().st_mode) == 0o700


def test_a_missing_directory_is_made_and_its_parents_are_for_all(tmp_path):
    before = os.umask(0o077)
    try:
        beneath.make_directory(str(tmp_path / "a/b/c"), 0o750)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / path).stat().st_mode) for path in ("a", "a/b", "a/b/c")] == [0o755, 0o755, 0o750]


def test_a_tree_is_given_away_and_its_links_alone(service, monkeypatch):
    (service / "data/deep").mkdir()
    (service / "data/deep/link").symlink_to(service / "root/shadow")
    (service / "data/deep/file").write_text("x")
    given = []
    monkeypatch.setattr(os, "chown", lambda name, uid, gid, dir_fd, follow_symlinks: given.append((name, follow_symlinks)))
    monkeypatch.setattr(os, "fchown", lambda descriptor, uid, gid: given.append("top"))
    beneath.own_tree(str(service / "data"), 1, 1)
    assert sorted(given[:2]) == [("file", False), ("link", False)] and given[2:] == [("deep", False), "top"]


def test_a_pipe_in_the_place_of_a_file_does_not_keep_us_waiting(service):
    os.mkfifo(service / "data/state")
    with pytest.raises(OSError, match="is no regular file"):
        beneath.read_bytes(str(service / "data/state"))


def test_a_write_that_fails_leaves_nothing(service, monkeypatch):
    (service / "data/state").write_text("old")

    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        beneath.write(str(service / "data/state"), "new")
    assert os.listdir(service / "data") == ["state"] and (service / "data/state").read_text() == "old"


def test_what_is_not_there(tmp_path):
    assert beneath.look(str(tmp_path / "no/file")) is None and beneath.remove(str(tmp_path / "no/file")) is False
    assert beneath.remove(str(tmp_path / "file")) is False
    (tmp_path / "file").write_text("x")
    assert beneath.remove(str(tmp_path / "file")) is True and beneath.look(str(tmp_path / "file")) is None
    with pytest.raises(ValueError, match="no absolute path"), beneath.directory("here"):
        pass


def test_times_and_bytes_are_kept(tmp_path):
    beneath.write(str(tmp_path / "file"), b"\xff", 0o600, times_ns=(5, 7), durable=True)
    content, info = beneath.read_bytes(str(tmp_path / "file"))
    assert (content, info.st_mtime_ns) == (b"\xff", 7)
