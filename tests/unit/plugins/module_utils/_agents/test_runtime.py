# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib
import subprocess
import sys

import pytest
from ansible_collections.failover.stack.plugins.lookup.program import read
from ansible_collections.failover.stack.plugins.module_utils._agents import runtime

P = runtime.PACKAGE
TREE = {
    "_agents/run.py": pathlib.Path(runtime.__file__).with_name("run.py").read_text(encoding="utf-8"),
    "_x/agent.py": "import os\nfrom %s._y import words\nfrom %s._z.deep import late as later\n"
                   "def main(*given):\n    return words.count(given) + later()\n" % (P, P),
    "_y/words.py": "def count(given):\n    from %s._flat import ONE\n    return len(given) * ONE\n" % P,
    "_flat.py": "ONE = 1\n",
    "_z/deep.py": "def late():\n    return 40\n",
    "_z/other.py": "",
}


def test_a_program_is_its_entry_and_all_that_it_imports():
    found = runtime.files("_x.agent", TREE.get)
    assert sorted(found) == ["_flat.py", "_x/agent.py", "_y/words.py", "_z/deep.py", "run.py"]


def test_an_import_of_another_package_is_not_looked_for():
    assert runtime.imported("import json\nfrom ansible.module_utils.basic import AnsibleModule\nfrom %sx import a\n" % P) == set()


@pytest.mark.parametrize("entry, tree, missing", [
    ("_x.nobody", TREE, "_x/nobody.py"),
    ("_flat", {"_flat.py": ""}, "_agents/run.py"),
])
def test_what_is_not_there_is_named(entry, tree, missing):
    with pytest.raises(LookupError, match="module_utils has no " + missing):
        runtime.files(entry, tree.get)


def test_it_runs_where_it_was_laid_out(tmp_path):
    for path, text in runtime.files("_x.agent", TREE.get).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-BI", tmp_path / runtime.RUN, "_x.agent", "a", "b"], cwd="/", check=False)
    assert done.returncode == 42


@pytest.mark.parametrize("entry", [
    "_agents.httpd_watchdog", "_agents.keepalived_run", "_agents.mysql_writer", "_agents.network_watch", "_agents.rabbitmq_watchdog",
    "_agents.rsync_sync", "_agents.nfs_watch",
    "_agents.tomcat_watchdog", "_mysql.backup.worker", "_mysql.seed.worker"])
def test_the_collections_programs_are_whole(entry, tmp_path):
    """Each is imported from where it was laid out, with nothing of the collection beside it."""
    for path, text in runtime.files(entry, read).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    code = "import sys; sys.path.insert(0, %r); import run; assert callable(run.load(%r).main)" % (str(tmp_path), entry)
    done = subprocess.run([sys.executable, "-BI", "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
