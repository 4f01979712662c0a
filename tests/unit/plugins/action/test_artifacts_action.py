from __future__ import annotations

import hashlib
import tarfile
import types

import pytest
from ansible_collections.failover.stack.plugins.action import artifacts

SUM = "sha256:" + hashlib.sha256(b"a").hexdigest()
FILES = [{"path": "org/a/a.jar", "checksum": SUM}]
MISSING = {"changed": True, "missing": ["a.jar"], "surplus": []}
THERE = {"changed": False, "missing": [], "surplus": []}


@pytest.fixture
def source(tmp_path):
    (tmp_path / "org/a").mkdir(parents=True)
    (tmp_path / "org/a/a.jar").write_bytes(b"a")
    return tmp_path


@pytest.fixture
def ask(act, source):
    """ask(answers, …) -> (result, what modules were called with, names of what was handed over)."""

    def run(answers, check=False, **changes):
        action = act(artifacts, {"directory": "/opt/x", "source": str(source), "files": FILES, **changes}, answers, check)
        shell = action.plugin._connection._shell
        handed = []

        def transfer(local, remote):
            with tarfile.open(local) as archive:
                handed.extend(archive.getnames())
            return remote

        action.plugin._transfer_file, action.plugin._make_tmp_path = transfer, lambda: None
        shell.join_path = lambda *words: "/".join(words)
        assert isinstance(action.plugin._task, types.SimpleNamespace)
        return action.run(), [arguments for _name, arguments in action.called], handed

    return run


def test_a_url_is_the_hosts_own_business(ask):
    result, called, handed = ask([MISSING], source="https://repository.test/")
    assert result == MISSING and len(called) == 1 and "look" not in called[0] and not handed


def test_what_is_missing_goes_over_at_once(ask):
    result, called, handed = ask([MISSING, MISSING])
    assert result == MISSING and handed == ["a.jar"]
    assert called[0]["look"] and called[1]["handed"] == "/tmp/of-the-task/artifacts.tar" and "look" not in called[1]


def test_where_nothing_is_missing_nothing_goes_over(ask):
    result, called, handed = ask([THERE])
    assert result == THERE and len(called) == 1 and not handed


def test_what_is_too_much_goes(ask):
    result, called, handed = ask([dict(THERE, changed=True, surplus=["old.jar"]), dict(THERE, changed=True)])
    assert result["changed"] and len(called) == 2 and not handed


def test_check_mode_says_what_is_missing(ask):
    result, called, handed = ask([MISSING], check=True)
    assert result["changed"] and len(called) == 1 and not handed


def test_a_wrong_checksum_is_found_on_the_controller(ask, source):
    (source / "org/a/a.jar").write_bytes(b"something else")
    result, called, _handed = ask([MISSING])
    assert result["failed"] and len(called) == 1
    assert result["msg"].startswith("db2: %s/org/a/a.jar has checksum sha256:" % source)
    assert result["msg"].endswith("not %s: nothing was put in /opt/x: correct the source (%s) or the checksum." % (SUM, source))


def test_one_that_is_not_there(ask, source):
    (source / "org/a/a.jar").unlink()
    assert "org/a/a.jar cannot be read on the controller (No such file or directory)" in ask([MISSING])[0]["msg"]


def test_neither_url_nor_path(ask):
    result, called, _handed = ask([], source="m2/repository")
    assert result["msg"] == "db2: source is 'm2/repository': give a URL or an absolute path of a directory on the controller."
    assert not called


def test_a_refusal_of_the_module_is_the_tasks(ask):
    assert ask([{"failed": True, "msg": "two files are called a.jar"}])[0]["msg"] == "two files are called a.jar"
