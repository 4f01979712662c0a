#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_backup
short_description: A physical backup of a running database server, started once before it counts as good
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Copies the server's data while it works on, MariaDB by mariadb-backup, MySQL by its clone plugin, into a directory of its own.
  - Runs the copy as a scratch server, without network, accounts and replication, counts the rows of every table and takes its checksum.
    These numbers go into the manifest. They are of the very moment of the copy because they are the copy's own. That the copy is also
    what the server had at that moment is asked with O(compare).
  - A backup is called C(<host>-<time>Z) only when it is complete and on the disk; until then its name begins with C(.partial-).
    C(manifest.json) tells server, version, GTID position, time, sizes and tables, C(SHA256SUMS) is what C(sha256sum -c) reads.
  - The work is done by the transient unit C(failover-mysql-backup), so a lost connection does not end it; the task shows how it gets on.
attributes:
  check_mode:
    support: full
    description: Checks are made, nothing is started.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  act:
    description: V(run) makes a backup and waits for it, V(start) does not wait, V(status) tells of the one that was started last.
    type: str
    choices: [run, start, status]
    default: run
  directory:
    description: Directory of the backups. It is made when missing.
    type: path
    default: /var/backups/mysql
  name:
    description: What the member is called in the backup's name and manifest.
    type: str
    default: ""
  compress:
    description: V(zstd) makes one file of the data, V(none) leaves the files as the server has them.
    type: str
    choices: [none, zstd]
    default: zstd
  keep:
    description: How many good backups stay, at least one. Older ones are removed after the new one is good.
    type: int
    default: 7
  compare:
    description:
      - Hold what a replica applies during the copy and compare the copy's tables with the server's own in a snapshot of that moment.
      - The replica falls behind by the time of the copy; it goes on receiving. Without effect on a server that replicates from nobody.
    type: bool
    default: false
  owner:
    description: The user that the database server runs as.
    type: str
    default: mysql
  every_s:
    description: Seconds between two lines of progress.
    type: float
    default: 5
extends_documentation_fragment:
  - failover.stack.mysql_login
"""

EXAMPLES = r"""
- name: Back this member up
  failover.stack.mysql_backup:
    name: db3
    keep: 14

- name: Begin a backup and do not wait for it
  failover.stack.mysql_backup:
    act: start
    name: db3

- name: Back a replica up and compare the copy's tables with its own
  failover.stack.mysql_backup:
    name: db3
    compare: true
    compress: none
"""

RETURN = r"""
result:
  description:
    - The backup's RV(ignore:name), RV(ignore:path), RV(ignore:version), RV(ignore:gtid), RV(ignore:tables), RV(ignore:rows),
      RV(ignore:seconds), RV(ignore:data_bytes), RV(ignore:stored_bytes), what it was RV(ignore:compared_with) (V(server) or V(copy))
      and the names of older ones that were RV(ignore:removed).
  returned: act=run or status
  type: dict
  sample:
    {bytes: 204472320, compared_with: copy, data_bytes: 1095216660, gtid: 0-1-4711, name: db3-20261121T030000Z,
     path: /var/backups/mysql/db3-20261121T030000Z, removed: [], rows: 120044, seconds: 21.4, stored_bytes: 204472320, tables: 17,
     version: 10.11.19-MariaDB-0+deb12u1-log}
phases:
  description: Name, seconds and bytes of each phase.
  returned: act=run or status
  type: list
  elements: dict
  sample: [{name: copy, bytes: 1095216660, seconds: 9.1}, {name: compress, bytes: 204472320, seconds: 6.3}]
"""

import platform
import pwd
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import worker
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.rules import room_needed
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import Server
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, login

JOB = "backup"


def own_directory(module, path, group):
    """Nobody lists it; the server's user may pass through to its scratch server's data."""
    beneath.make_directory(path, 0o710, 0, group)


def check(module, host):
    """What the running server has, when there is room for it."""
    params = module.params
    server = Server(login(params))
    try:
        facts = server.facts()
        total = files.occupied(facts["datadir"], server.binlogs())
    finally:
        server.close()
    if not facts["log_bin"]:
        raise job.Failure("%s: this server has no binary log, so nobody would know where its backup ends: switch log_bin on" % host)
    needed = ["zstd"] * (params["compress"] == "zstd") + ["mariadb-backup"] * (facts["dialect"] == "mariadb")
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        raise job.Failure("%s: there is no %s here: install it" % (host, " and no ".join(missing)))
    files.demand_room(host, params["directory"], room_needed(total, params["compress"]), "a backup")
    return dict(facts, total=total)


def start(module, host):
    params = module.params
    if job.active(module.run_command, JOB):
        return {"changed": False}
    facts = check(module, host)
    if module.check_mode:
        return {"changed": True}
    owner = pwd.getpwnam(params["owner"])
    own_directory(module, params["directory"], owner.pw_gid)
    worker.remove_halves(params["directory"])
    job.prepare(JOB)
    job.start(module.run_command, JOB, "_mysql.backup.worker", {
        "task": "backup", "job": JOB, "dialect": facts["dialect"], "login": login(params), "host": host,
        "directory": params["directory"], "compress": params["compress"], "keep": params["keep"], "compare": params["compare"],
        "total": facts["total"], "owner": params["owner"], "uid": owner.pw_uid, "gid": owner.pw_gid})
    return {"changed": True}


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            act={"type": "str", "choices": ["run", "start", "status"], "default": "run"},
            directory={"type": "path", "default": "/var/backups/mysql"},
            name={"type": "str", "default": ""},
            compress={"type": "str", "choices": ["none", "zstd"], "default": "zstd"},
            keep={"type": "int", "default": 7},
            compare={"type": "bool", "default": False},
            owner={"type": "str", "default": "mysql"},
            every_s={"type": "float", "default": 5},
        ),
        supports_check_mode=True,
    )
    host = module.params["name"] or platform.node()
    try:
        if module.params["act"] == "status":
            module.exit_json(changed=False, **job.status(module.run_command, JOB))
        with beneath.told(module):
            module.exit_json(**start(module, host))
    except job.Failure as failure:
        text = str(failure)
        module.fail_json(msg=text if text.startswith(host + ":") else "%s: %s" % (host, text))


if __name__ == "__main__":
    main()
