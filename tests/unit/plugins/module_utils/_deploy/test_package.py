# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages: what must not escape, and that the same files are the same bytes."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest
from ansible_collections.failover.stack.plugins.module_utils._deploy import package


@pytest.fixture
def tree(tmp_path):
    """An application with a script, a link, and two names of one file."""
    place = tmp_path / "tree"
    (place / "WEB-INF").mkdir(parents=True)
    (place / "index.html").write_text("page")
    (place / "run").write_text("#!/bin/sh\n")
    (place / "run").chmod(0o744)
    os.link(place / "index.html", place / "again.html")
    (place / "latest").symlink_to("WEB-INF")
    return place


def members(path):
    with tarfile.open(path) as tar:
        return {one.name: one for one in tar}


def test_the_same_tree_gives_the_same_bytes_whoever_made_it_and_when(tree, tmp_path):
    first, second = str(tmp_path / "one.tgz"), str(tmp_path / "two.tgz")
    package.pack(str(tree), first, 1795000000)
    for path in tree.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700 | 0o7)
    package.pack(str(tree), second, 1795000000)
    assert package.digest_of(first) == package.digest_of(second)
    found = members(first)
    assert sorted(found) == ["WEB-INF", "again.html", "index.html", "latest", "run"]
    assert {(one.uid, one.gid, one.uname, one.mtime) for one in found.values()} == {(0, 0, "root", 1795000000)}
    assert (found["run"].mode, found["index.html"].mode, found["WEB-INF"].mode) == (0o755, 0o644, 0o755)
    # Each is a file of its own: a release is changed by renaming, not by writing through another name.
    assert found["again.html"].isreg() and found["index.html"].isreg() and found["index.html"].linkname == ""
    assert found["latest"].linkname == "WEB-INF"


def test_a_package_comes_out_as_it_went_in(tree, tmp_path):
    archive, out = str(tmp_path / "one.tgz"), tmp_path / "out"
    package.pack(str(tree), archive, 1795000000)
    out.mkdir()
    package.unpack(archive, str(out))
    assert (out / "again.html").read_text() == "page" and os.readlink(out / "latest") == "WEB-INF"
    assert (out / "run").stat().st_mode & 0o777 == 0o755 and package.newest(str(out)) >= 1795000000
    again = str(tmp_path / "two.tgz")
    package.pack(str(out), again, 1795000000)
    assert package.digest_of(archive) == package.digest_of(again)


@pytest.mark.parametrize("make, said", [
    (lambda tree: os.mkfifo(tree / "pipe"), "it has pipe, which is no file, directory or link"),
    (lambda tree: (tree / "out").symlink_to("/etc/passwd"), "it has the link out to /etc/passwd, an absolute path"),
    (lambda tree: (tree / "WEB-INF/out").symlink_to("../../x"), "it has WEB-INF/../../x, which leads out of it"),
])
def test_what_does_not_belong_into_a_package_is_not_packed(tree, tmp_path, make, said):
    make(tree)
    with pytest.raises(package.BadPackage) as refused:
        package.pack(str(tree), str(tmp_path / "one.tgz"), 0)
    assert said in str(refused.value)


def made(tmp_path, *entries):
    """A tar of (name, text or kind, target)."""
    path = str(tmp_path / "bad.tar")
    with tarfile.open(path, "w") as tar:
        for name, text, target in entries:
            member = tarfile.TarInfo(name)
            if isinstance(text, bytes):
                member.type, member.linkname = text, target
                tar.addfile(member)
            else:
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
    return path


LINK, DEVICE = tarfile.SYMTYPE, tarfile.CHRTYPE


@pytest.mark.parametrize("entries, said", [
    ([("../out", "x", "")], "it has ../out, which leads out of it"), ([("/etc/cron.d/x", "x", "")], "which leads out of it"),
    ([("a", LINK, "/etc")], "it has the link a to /etc, an absolute path"), ([("a", LINK, "../x")], "it has ../x, which leads out of it"),
    ([("dir", LINK, "."), ("dir/page", "x", "")], "it has dir/page below a symbolic link"),
    ([("null", DEVICE, "")], "it has null, which is no file, directory or link"),
    # Each link is within the package by its own words: together they lead to the directory above it.
    ([("a/b/page", "x", ""), ("a/b/root", LINK, "../.."), ("a/b/up", LINK, "root/..")],
     "it has the link a/b/up, which leads out of it by another link"),
])
def test_nothing_escapes_from_a_package(tmp_path, entries, said):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(package.BadPackage) as refused:
        package.unpack(made(tmp_path, *entries), str(out))
    assert said in str(refused.value)
    assert sorted(os.listdir(tmp_path)) == ["bad.tar", "out"]


def test_links_that_stay_are_taken(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    package.unpack(made(tmp_path, ("a/b/page", "x", ""), ("a/b/root", LINK, "../.."), ("a/b/same", LINK, "root/a/b/page"),
                        ("nowhere", LINK, "a/later")), str(out))
    assert (out / "a/b/same").read_text() == "x" and os.readlink(out / "nowhere") == "a/later"


@pytest.mark.parametrize("data, said", [(b"plain text", "it is neither a WAR, zip nor tar"), (b"", "it is neither a WAR, zip nor tar")])
def test_what_is_no_package_is_said(tmp_path, data, said):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(package.BadPackage, match=said):
        package.unpack(str(tmp_path / "x"), str(tmp_path))


def test_a_package_that_was_cut_off_is_said(tree, tmp_path):
    archive, out = tmp_path / "one.tgz", tmp_path / "out"
    (tree / "large").write_bytes(os.urandom(200000))
    package.pack(str(tree), str(archive), 0)
    archive.write_bytes(archive.read_bytes()[:-100000])
    out.mkdir()
    with pytest.raises(package.BadPackage, match=r"^it cannot be read \("):
        package.unpack(str(archive), str(out))


def test_a_war_keeps_its_scripts_and_times(tmp_path):
    war, out = tmp_path / "x.war", tmp_path / "out"
    with zipfile.ZipFile(war, "w") as made_of:
        for name, mode in (("WEB-INF/", 0o755), ("WEB-INF/run", 0o755), ("index.html", 0o600)):
            one = zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, 0))
            one.external_attr = mode << 16
            made_of.writestr(one, "x" if not name.endswith("/") else "")
    out.mkdir()
    package.unpack(str(war), str(out))
    assert [(out / name).stat().st_mode & 0o777 for name in ("WEB-INF/run", "index.html")] == [0o755, 0o644]
    assert (out / "index.html").stat().st_mtime == 1796040000 and package.newest(str(out)) == 1796040000
    with zipfile.ZipFile(war, "w") as made_of:
        made_of.writestr("../out.html", "x")
    with pytest.raises(package.BadPackage, match="leads out of it"):
        package.unpack(str(war), str(out))


def test_the_classes_of_libraries_count_too(tmp_path, monkeypatch):
    classes, libraries = tmp_path / "WEB-INF/classes/shop", tmp_path / "WEB-INF/lib"
    classes.mkdir(parents=True)
    libraries.mkdir()
    (classes / "Cart.class").write_bytes(b"cart")
    (classes / "shop.properties").write_bytes(b"none")
    for name, data in (("b.jar", b"b"), ("a.jar", b"a")):
        with zipfile.ZipFile(libraries / name, "w") as jar:
            jar.writestr("shop/Item.class", data)
            jar.writestr("META-INF/versions/11/shop/Item.class", b"of another Java")
            jar.writestr("shop/item.txt", b"none")
    (libraries / "README").write_text("no jar")
    assert list(package.class_files(str(tmp_path))) == [b"cart", b"a", b"b"]
    (libraries / "c.jar").write_bytes(b"torn")
    with pytest.raises(package.BadPackage, match=r"^its WEB-INF/lib/c\.jar cannot be read \("):
        list(package.class_files(str(tmp_path)))


def test_what_of_a_build_is_the_application(tree):
    assert package.result_of(str(tree), "") == str(tree) and package.result_of(str(tree), "WEB-INF").endswith("/WEB-INF")
    (tree / "elsewhere").symlink_to("/etc")
    for result, said in (("target/x.war", "it has no target/x.war"), ("elsewhere", "its elsewhere leads out of it"),
                         ("../x", "it has ../x, which leads out of it")):
        with pytest.raises(package.BadPackage) as refused:
            package.result_of(str(tree), result)
        assert str(refused.value) == said
