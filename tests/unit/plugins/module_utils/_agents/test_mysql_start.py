# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a server is started: whether what nobody acknowledged may come to life."""

from __future__ import annotations

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_record, mysql_start
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_lease import View
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError

CONFIG = {"own": {"name": "db1"}, "store": {"endpoints": ["https://a:1"], "prefix": "/p/"}, "mariadb": True, "datadir": "/nowhere"}


@pytest.mark.parametrize("wrote, seen, role", [
    # Who was not the writer since it last followed has nothing that others lack.
    (False, None, "writer"), (False, View(7, "db2"), "writer"),
    (True, View(7, "db2", last={"name": "db2"}), "replica"), (True, View(7, "db1", last={"name": "db1"}), "writer"),
    # Somebody took over and is gone as well.
    (True, View(7, None, last={"name": "db2"}), "replica"),
    # Somebody may be about to.
    (True, View(7, None, last={"name": "db1"}), None), (True, None, None),
    (True, View(), "writer")])
def test_as_what_a_server_starts(wrote, seen, role):
    assert mysql_start.role("db1", wrote, seen) == role


@pytest.fixture
def store(monkeypatch, clock):
    """store(views) -> decide()'s result; each question gets the next of the keys, an error for None, the last one again and again."""
    now = clock(mysql_start)

    def run(*answers):
        left = list(answers)

        class Keys:
            def __init__(self, *_words):
                pass

            def read(self, _prefix):
                found = left.pop(0) if len(left) > 1 else left[0]
                if found is None:
                    raise ApiError("no etcd answers")
                return found

        monkeypatch.setattr(mysql_start, "Keys", Keys)
        began = now.monotonic()
        found = mysql_start.decide(CONFIG, True, now.sleep)
        return found, round(now.monotonic() - began, 1)

    return run


def keys(writer, last="db1"):
    found = {"last": ({"name": last}, 1, 7, "0")}
    return {**found, "writer": ({"name": writer}, 7, 7, "1")} if writer else found


def test_a_takeover_that_is_under_way_is_waited_for(store):
    assert store(keys("db1"), keys(None), keys("db2", "db2"))[0] == "replica"
    # The agent needs a moment to see that its server has gone.
    assert store(keys("db1")) == ("writer", 0.8)
    role, waited = store(keys(None))
    assert role == "writer" and 6 <= waited < 6.5
    role, waited = store(None)
    assert role == "writer" and 20 <= waited < 20.5
    assert store(None, keys("db2", "db2"))[0] == "replica"
    # The time of a takeover begins when the store answers.
    assert store(*[None] * 40, *[keys(None)] * 25, keys("db2", "db2"))[0] == "replica"


def test_what_the_server_is_told(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps(dict(CONFIG, datadir=str(tmp_path))))
    (tmp_path / "ibdata1").write_text("")
    monkeypatch.setattr(mysql_record, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(mysql_record, "RUN_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(mysql_record, "read_record", lambda: ({"data": "1:2"}, 0.0))
    for role, options in (("replica", 'MYSQLD_OPTS="--init-rpl-role=SLAVE --skip-slave-start"\n'), ("writer", "")):
        monkeypatch.setattr(mysql_start, "decide", lambda config, wrote, role=role: role if wrote else "not asked")
        mysql_start.main(str(tmp_path / "config.json"))
        assert (tmp_path / "server.env").read_text() == options
        told = json.loads((tmp_path / "start.json").read_text())
        data = (tmp_path / "ibdata1").stat()
        assert told == {"role": role, "data": "%d:%d" % (data.st_dev, data.st_ino)}
    assert mysql_start.data_identity("/nowhere") == ""
