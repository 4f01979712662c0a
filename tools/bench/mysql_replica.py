# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the module mysql_replica takes when there is nothing to change, against a module that does nothing but log in.

Runs as root on a replica that replicates, with Ansible, this collection and PyMySQL in Python's path. Changes nothing.

Both are started in the same way and take turns: this Python, the module's file, its arguments in a JSON file; without the archive in which
Ansible sends a module.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULE = os.path.join(HERE, "..", "..", "plugins", "modules", "mysql_replica.py")
BARE = '''\
from __future__ import annotations

import pymysql
import pymysql.cursors
from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(argument_spec={"login_unix_socket": {"type": "path"}}, supports_check_mode=True)
    connection = pymysql.connect(unix_socket=module.params["login_unix_socket"], autocommit=True, charset="utf8mb4",
                                 cursorclass=pymysql.cursors.DictCursor)
    connection.close()
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
'''


def timed(path, arguments):
    start = time.perf_counter()
    done = subprocess.run([sys.executable, path, arguments], capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        sys.exit("%s failed: %s %s" % (path, done.stdout[-500:], done.stderr[-500:]))
    return took, json.loads(done.stdout)


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    return path


def measure(directory, options):
    """Seconds of each run: {bare: [...], module: [...]}"""
    bare = write(directory, "bare.py", BARE)
    login = {"login_unix_socket": options.socket}
    wanted = dict(login, **json.loads(options.arguments))
    files = {"bare": (bare, write(directory, "bare.json", json.dumps({"ANSIBLE_MODULE_ARGS": login}))),
             "module": (MODULE, write(directory, "module.json", json.dumps({"ANSIBLE_MODULE_ARGS": wanted})))}
    times = {name: [] for name in files}
    for turn in range(options.repeats + 1):
        for name, (path, arguments) in files.items():
            took, result = timed(path, arguments)
            if result["changed"]:
                sys.exit("the module would change something: %s" % result.get("statements"))
            if turn:
                # The first run compiles.
                times[name].append(took)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", default="/run/mysqld/mysqld.sock")
    parser.add_argument("--arguments", default="{}", help="the module's arguments as JSON, those that the replica has already")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--json", help="file for all figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        times = measure(directory, options)
    middle = {name: statistics.median(values) for name, values in times.items()}
    ratio = middle["module"] / middle["bare"]
    print("no change: module %.3f s, bare module with the same connection %.3f s, ratio %.2f (medians of %d)" % (
        middle["module"], middle["bare"], ratio, options.repeats))
    if options.json:
        write(os.path.dirname(os.path.abspath(options.json)), os.path.basename(options.json),
              json.dumps({"seconds": times, "medians": middle, "ratio": ratio}, indent=2))
    sys.exit(0 if ratio <= 1.5 else 1)


if __name__ == "__main__":
    main()
