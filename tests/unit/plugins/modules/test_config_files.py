# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a service on a scratch directory: written together, checked, put back when the checker refuses."""

import grp
import json
import os
import pwd
import stat
import tempfile

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import files_run
from ansible_collections.failover.stack.plugins.modules import config_files

SECRET, OLD_SECRET = "Rt9-todays", "Lq2-yesterdays"
ME = {"owner": pwd.getpwuid(os.getuid())[0], "group": grp.getgrgid(os.getgid())[0]}


@pytest.fixture
def site(tmp_path, commands):
    """A service's directory with a file, a link, and one that nobody wants any more."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.cfg").write_text("port 80\npassword %s\n" % OLD_SECRET)
    (tmp_path / "etc/app.cfg").chmod(0o640)
    os.utime(tmp_path / "etc/app.cfg", ns=(7, 7))
    (tmp_path / "etc/old.conf").write_text("old\n")
    (tmp_path / "etc/enabled").symlink_to("app-1")
    commands.answers["checker"] = ""
    return tmp_path


def wanted(site, **more):
    return dict({
        "files": [dict(ME, path=str(site / "etc/app.cfg"), content="port 81\npassword @@password@@\n", mode="0640"),
                  dict(ME, path=str(site / "etc/new/b.conf"), content="new\n")],
        "links": [{"path": str(site / "etc/enabled"), "target": "app-2"}], "absent": [str(site / "etc/old.conf")],
        "secrets": {"password": SECRET}}, **more)


def state(root):
    """Everything below: kind, content or target, permissions, time of files."""
    found = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else None
        found[str(path.relative_to(root))] = (stat.filemode(info.st_mode), content, info.st_mtime_ns if path.is_file() else 0)
    return found


def test_all_is_written_and_a_second_run_changes_nothing(site, play):
    result = play(config_files, wanted(site))
    assert result["changed_paths"] == [str(site / "etc" / name) for name in ("app.cfg", "new/b.conf", "enabled", "old.conf")]
    assert (site / "etc/app.cfg").read_text() == "port 81\npassword %s\n" % SECRET
    assert (site / "etc/app.cfg").stat().st_mode & 0o777 == 0o640 and (site / "etc/new").stat().st_mode & 0o777 == 0o755
    assert os.readlink(site / "etc/enabled") == "app-2" and not (site / "etc/old.conf").exists()
    before = state(site)
    again = play(config_files, wanted(site), diff=True)
    assert (again["changed"], again["changed_paths"], again["diff"]) == (False, [], []) and state(site) == before


def test_check_mode_says_the_same_and_changes_nothing(site, play):
    before = state(site)
    said = play(config_files, wanted(site), check=True, diff=True)
    assert state(site) == before
    done = play(config_files, wanted(site), diff=True)
    assert (said["changed_paths"], said["diff"]) == (done["changed_paths"], done["diff"])


def test_neither_the_old_nor_the_new_secret_is_shown(site, play, commands):
    result = play(config_files, wanted(site, validate=["checker"]), diff=True)
    assert SECRET not in json.dumps(result) and OLD_SECRET not in json.dumps(result) and SECRET not in str(commands.ran)
    assert result["diff"][0]["before"].endswith("(a line that may hold a secret, not shown)\n" * 2)
    assert result["diff"][0]["after"] == "port 81\npassword @@password@@\n"


@pytest.mark.parametrize("mode, text, shown", [
    (0o644, "# failover.stack\npassword %s\n" % OLD_SECRET, True),
    (0o640, "# failover.stack\npassword %s\n" % OLD_SECRET, False),
    (0o644, "password %s\n" % OLD_SECRET, False),
], ids=["everybody reads it and it is ours", "not everybody reads it", "made by hand"])
def test_an_old_secret_stays_hidden_when_the_new_file_has_none(play, mode, text, shown):
    # pytest's own directory is private.
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "app.cfg")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.chmod(path, mode)
        files = [dict(ME, path=path, content="# failover.stack\nport 80\n", mode="0644")]
        result = play(config_files, {"files": files}, check=True, diff=True)
        assert result["changed"] and (OLD_SECRET in json.dumps(result)) == shown
        os.chmod(path, 0o644)
        os.chmod(directory, 0o700)
        assert OLD_SECRET not in json.dumps(play(config_files, {"files": files}, check=True, diff=True))


def test_only_another_secret_is_a_change_that_is_seen(site, play):
    play(config_files, wanted(site))
    result = play(config_files, wanted(site, secrets={"password": OLD_SECRET}), diff=True)
    assert result["changed_paths"] == [str(site / "etc/app.cfg")] and result["diff"][0]["before"] != result["diff"][0]["after"]
    assert SECRET not in json.dumps(result) and OLD_SECRET not in json.dumps(result)


def test_what_a_checker_refuses_afterwards_is_put_back_with_its_time(site, play, commands):
    before = state(site)
    commands.answers["checker"] = lambda _command: (1, "", "line 2: bad port near '%s'\n" % (site / "etc/app.cfg").read_text().split()[-1])
    result = play(config_files, wanted(site, validate=["checker -c"]), fails=True)
    assert result["msg"] == ("The new configuration was refused and nothing was changed; 'checker -c' said: line 2: bad port near "
                             "'(not shown)'")
    assert (result["changed"], result["changed_paths"], result["rc"]) == (False, [], 1)
    after = state(site)
    assert after.pop("etc/new")[1] is None and after == before


def test_a_staged_check_sees_the_new_files_and_the_host_never_does(site, play, commands, monkeypatch):
    before, seen = state(site), []

    def checker(command):
        root = command.split()[-1]
        seen.append(open(root + str(site / "etc/app.cfg"), encoding="utf-8").read())  # noqa: SIM115
        return 1, "", "%s%s/etc/app.cfg:1: no\n" % (root, site)

    commands.answers["checker"] = checker
    result = play(config_files, wanted(site, validate=["checker -f %s"]), fails=True)
    assert seen == ["port 81\npassword %s\n" % SECRET] and state(site) == before
    assert result["msg"] == ("The new configuration was refused and nothing was changed; 'checker -f ' said: %s/etc/app.cfg:1: no" % site)
    assert not os.path.exists(commands.ran[0].split()[-1])


def test_nothing_differs_nothing_is_checked(site, play, commands):
    play(config_files, wanted(site))
    play(config_files, wanted(site, validate=["checker", "checker %s"]))
    assert commands.ran == []


def test_a_checker_that_is_not_there_yet_stops_no_check_mode(site, play, commands, monkeypatch):
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda self, name, *more, **others: None)
    assert play(config_files, wanted(site, validate=["checker %s"]), check=True)["changed"] and commands.ran == []


@pytest.mark.parametrize("step", ["replace", "symlink", "unlink"])
def test_a_disk_that_fills_up_in_the_middle_leaves_all_as_it_was(site, refused, monkeypatch, step):
    before, real = state(site), {"symlink": os.symlink, "unlink": os.unlink}
    broken = []

    def full(*arguments, **named):
        # Undoing works: room is there again once the new files are gone.
        if not broken:
            broken.append(arguments)
            raise OSError(28, "No space left on device")
        return real[step](*arguments, **named)

    if step == "replace":
        replace = files_run.ConfigFiles.replace

        def second(path, *more):
            if path.endswith("b.conf"):
                raise OSError(28, "No space left on device")
            replace(path, *more)

        monkeypatch.setattr(files_run.ConfigFiles, "replace", staticmethod(second))
    else:
        monkeypatch.setattr(files_run.os, step, full)
    said = refused(config_files, wanted(site))
    assert said == "A file could not be written and nothing was changed: [Errno 28] No space left on device."
    after = state(site)
    after.pop("etc/new", None)
    assert after == before


def test_a_file_is_whole_or_not_there(site, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_run.os, "fsync", full)
    with pytest.raises(OSError):
        files_run.ConfigFiles.replace(str(site / "etc/app.cfg"), b"half", 0o600, os.getuid(), os.getgid())
    assert sorted(os.listdir(site / "etc")) == ["app.cfg", "enabled", "old.conf"]
    assert (site / "etc/app.cfg").read_text().startswith("port 80")


def test_permissions_alone_are_a_change(site, play):
    play(config_files, wanted(site))
    (site / "etc/app.cfg").chmod(0o644)
    result = play(config_files, wanted(site), diff=True)
    assert result["changed_paths"] == [str(site / "etc/app.cfg")] and "# mode: 0644\n" in result["diff"][0]["before"]
    assert (site / "etc/app.cfg").stat().st_mode & 0o777 == 0o640


def test_a_link_where_a_file_belongs_is_replaced_not_followed(site, play):
    (site / "elsewhere").write_text("not ours\n")
    (site / "etc/app.cfg").unlink()
    (site / "etc/app.cfg").symlink_to(site / "elsewhere")
    play(config_files, wanted(site))
    assert not (site / "etc/app.cfg").is_symlink() and (site / "elsewhere").read_text() == "not ours\n"


def test_a_directory_gets_its_permissions(site, play):
    one = {"directories": [dict(ME, path=str(site / "srv/deep/data"), mode="0750")]}
    result = play(config_files, one, check=True)
    assert result["changed_paths"] == [str(site / "srv/deep/data")] and not (site / "srv").exists()
    play(config_files, one)
    assert (site / "srv/deep/data").stat().st_mode & 0o777 == 0o750 and (site / "srv/deep").stat().st_mode & 0o777 == 0o755
    assert not play(config_files, one)["changed"]


def test_a_purge_takes_what_is_not_named_and_fits_the_pattern(site, play):
    for name in ("site-a.conf", "site-b.conf", "README"):
        (site / "etc" / name).touch()
    (site / "etc/site-dir.conf").mkdir()
    purge = {"files": [dict(ME, path=str(site / "etc/site-a.conf"), content="")],
             "purge": [{"directory": str(site / "etc"), "pattern": "site-*"}, {"directory": str(site / "nowhere"), "pattern": "*"}]}
    assert play(config_files, purge, check=True)["changed_paths"] == [str(site / "etc/site-b.conf")]
    assert (site / "etc/site-b.conf").exists()
    play(config_files, purge)
    assert {"site-a.conf", "README", "site-dir.conf", "app.cfg"} <= set(os.listdir(site / "etc"))
    assert not (site / "etc/site-b.conf").exists()


@pytest.mark.parametrize("given, sentence", [
    ({"files": [{"path": "{0}/etc/x", "content": "@@other@@"}]},
     "{0}/etc/x asks for the secret 'other', which 'secrets' does not give: name it there."),
    ({"files": [{"path": "{0}/etc/x", "content": "", "mode": "u=rw"}]},
     "{0}/etc/x: mode is 'u=rw', which is no octal number: write it as a string such as '0640'."),
    ({"files": [{"path": "{0}/etc", "content": ""}]}, "{0}/etc is no regular file on this host: move it away, then run again."),
    ({"files": [{"path": "{0}/etc/x", "content": "", "owner": "nobody-has-this"}]},
     "The owner 'nobody-has-this' of a configuration file does not exist on this host: install its package first."),
    ({"directories": [{"path": "{0}/etc/app.cfg"}]}, "{0}/etc/app.cfg is no directory on this host: move it away, then run again."),
    ({"links": [{"path": "{0}/etc", "target": "x"}]},
     "{0}/etc is a directory on this host, a link belongs there: move it away, then run again."),
    ({"absent": ["{0}/etc"]}, "{0}/etc is a directory and would be removed as a file: take it out of 'absent'."),
])
def test_what_is_refused_before_anything_is_written(site, refused, given, sentence):
    before = state(site)
    given = json.loads(json.dumps(given).replace("{0}", str(site)))
    files = given.setdefault("files", [])
    files.insert(0, dict(ME, path=str(site / "etc/first.conf"), content="must not be there"))
    assert refused(config_files, given) == sentence.replace("{0}", str(site))
    assert state(site) == before


def test_an_owner_that_a_package_will_make_stops_no_check_mode(site, play):
    given = {"files": [{"path": str(site / "etc/x"), "content": "", "owner": "nobody-has-this"}]}
    assert play(config_files, given, check=True)["changed"]


@pytest.mark.parametrize("wanting", [
    {"files": ["state"]}, {"directories": ["state"]}, {"links": ["state"]}, {"absent": ["state"]}], ids=lambda given: next(iter(given)))
def test_a_link_that_a_service_has_put_in_the_way_is_refused(tmp_path, refused, wanting):
    """Its data directory is its own: it may put a link in the place of a directory in it."""
    data, root = tmp_path / "data", tmp_path / "root"
    data.mkdir()
    data.chmod(0o777)
    root.mkdir(mode=0o700)
    (root / "state").write_text("root's own")
    (data / "below").symlink_to(root)
    path = str(data / "below/state")
    given = {"files": [dict(ME, path=path, content="x")], "directories": [dict(ME, path=str(data / "below"), mode="0777")],
             "links": [{"path": path, "target": "x"}], "absent": [path]}
    assert refused(config_files, {name: given[name] for name in wanting}) == (
        "%s is a link in a directory that others than root can change, and is not followed: remove it, and find out who made it, then run "
        "again." % (data / "below"))
    assert (root / "state").read_text() == "root's own" and root.stat().st_mode & 0o777 == 0o700
