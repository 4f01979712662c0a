#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_restore
short_description: Prove a backup by running it, and put it in the place of a server's data when that is asked for
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Computes the checksums of a backup of M(failover.stack.mysql_backup), unpacks it into a directory of its own, runs it as a scratch
    server (own data directory, own socket that only root reaches, no network, no accounts, nothing replicated), counts the rows of
    every table and takes its checksum, and compares with the manifest. Then it is stopped and removed. The running server is not touched.
  - With O(into) the data then takes the place of the server's own. The old data is put back when the server does not start with it.
  - The work is done by the transient unit C(failover-mysql-restore), so a lost connection does not end it; the task shows how it gets on.
attributes:
  check_mode:
    support: full
    description: Checks are made, nothing is started.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  act:
    description:
      - V(run) restores and waits, V(start) does not wait, V(status) tells of the one that was started last.
      - V(remove) ends a scratch server that was kept and removes its data.
    type: str
    choices: [run, start, status, remove]
    default: run
  backup:
    description: Name of the backup, needed for V(run) and V(start).
    type: str
    default: ""
  directory:
    description: Directory of the backups.
    type: path
    default: /var/backups/mysql
  place:
    description: Directory in which the scratch server's data is. It must not lie within O(directory), nor that within it.
    type: path
    default: /var/lib/mysql-restore
  keep:
    description: Leave the scratch server running.
    type: bool
    default: false
  into:
    description: Replace the server's own data by the backup. Whether that loses anything is not decided here.
    type: bool
    default: false
  keep_old:
    description: With O(into), keep what was in the data directory, beside it.
    type: bool
    default: true
  datadir:
    description: Data directory of the server.
    type: path
    default: /var/lib/mysql
  unit:
    description: The server's unit.
    type: str
    default: mariadb.service
  start_s:
    description: Seconds that the server has to start with the restored data.
    type: int
    default: 120
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
- name: Prove a backup
  failover.stack.mysql_restore:
    backup: db3-20261121T030000Z

- name: Look into a backup, its scratch server stays until it is removed
  failover.stack.mysql_restore:
    backup: db3-20261121T030000Z
    keep: true
  register: restored

- name: Remove it
  failover.stack.mysql_restore:
    act: remove

- name: Give this server the data of a backup; what it had stays beside it
  failover.stack.mysql_restore:
    backup: db3-20261121T030000Z
    into: true
"""

RETURN = r"""
result:
  description:
    - Name of the RV(ignore:backup), its RV(ignore:gtid), RV(ignore:tables) and RV(ignore:rows) that were compared, the RV(ignore:socket),
      RV(ignore:unit) and data directory RV(ignore:kept) of a scratch server that was kept, or the directory in which the old data was kept.
  returned: act=run or status
  type: dict
  sample:
    {backup: db3-20261121T030000Z, bytes: 1095216660, gtid: 0-1-4711, kept: "", rows: 120044, socket: "", tables: 17, unit: "",
     version: 10.11.19-MariaDB-0+deb12u1-log}
phases:
  description: Name, seconds and bytes of each phase.
  returned: act=run or status
  type: list
  elements: dict
  sample: [{name: verify, bytes: 204472320, seconds: 1.2}, {name: unpack, bytes: 1095216660, seconds: 4.8}]
"""

import os
import platform
import pwd
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup import worker
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.scratch import Scratch
from ansible_collections.failover.stack.plugins.module_utils._mysql.host import log_base_of
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import offer_problem, room_needed
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import Server
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, login

JOB = "restore"


def manifest_of(params, host):
    found = worker.shelf.good_backups(params["directory"])
    if params["backup"] not in found:
        raise job.Failure("%s: there is no good backup '%s' in %s: mysql_backup_info lists those that are there" % (
            host, params["backup"], params["directory"]))
    return found[params["backup"]]


def local(params):
    """What the running server says: what it wrote itself, so that the exchange notices when somebody writes meanwhile, and its logs."""
    try:
        server = Server(login(params))
    except job.Failure:
        return {}
    try:
        return {"own_writes": server.own_writes(), "log_base": server.variable("log_bin_basename")}
    finally:
        server.close()


def start(module, host):
    params = module.params
    if job.active(module.run_command, JOB):
        raise job.Failure("%s: a backup is being restored here already: wait for it, or stop the unit %s" % (host, job.unit(JOB)))
    manifest = manifest_of(params, host)
    version = module.run_command(["/usr/sbin/mysqld", "--version"])[1]
    problem = offer_problem("the backup %s" % params["backup"], dict(manifest, log_bin=True, logs_replicated=True), version, host)
    if problem:
        raise job.Failure(problem)
    demand_place(params, host)
    if params["into"]:
        if job.active(module.run_command, "seed-receive"):
            raise job.Failure("%s: it is being seeded: wait for that, or end it by mysql_seed with act=stop" % host)
        files.demand_swappable(host, params["datadir"])
    datadir = files.target_of(params["datadir"])
    where = os.path.dirname(datadir) if params["into"] else params["place"]
    files.demand_room(host, where, room_needed(manifest["data_bytes"]), "the restored backup")
    if module.check_mode:
        return {"changed": params["into"]}
    owner, own = pwd.getpwnam(params["owner"]), local(params) if params["into"] else {}
    log_base = own["log_base"] if own else log_base_of(module.run_command, datadir) if params["into"] else ""
    remove(module, host)
    os.makedirs(params["place"], 0o711, exist_ok=True)
    job.prepare(JOB)
    job.start(module.run_command, JOB, "_mysql.backup.worker", {
        "task": "restore", "job": JOB, "dialect": manifest["dialect"], "login": login(params), "directory": params["directory"],
        "backup": params["backup"], "place": params["place"], "keep": params["keep"], "into": params["into"],
        "keep_old": params["keep_old"], "datadir": datadir, "log_base": log_base, "unit": params["unit"], "start_s": params["start_s"],
        "own_writes": own.get("own_writes"), "owner": params["owner"], "uid": owner.pw_uid, "gid": owner.pw_gid})
    return {"changed": params["into"]}


def demand_place(params, host):
    """What is below the place is removed by its name, which is a backup's."""
    place, directory = (os.path.realpath(params[name]) for name in ("place", "directory"))
    if os.path.commonpath([place, directory]) in (place, directory):
        raise job.Failure("%s: place %s and directory %s lie in one another, and what an earlier restore left in place is removed: name a "
                          "place outside of the backups" % (host, params["place"], params["directory"]))


def remove(module, host):
    """The scratch server of an earlier restore."""
    demand_place(module.params, host)
    scratch = Scratch("scratch-" + JOB, "", "", {}, "")
    place = module.params["place"]
    # Only what a restore made: the directory is a variable.
    left = [name for name in (os.listdir(place) if os.path.isdir(place) else []) if worker.rules.NAME.match(name)]
    found = bool(left) or scratch.alive()
    if not module.check_mode:
        scratch.stop()
        for name in left:
            shutil.rmtree(os.path.join(place, name))
    return {"changed": found}


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            act={"type": "str", "choices": ["run", "start", "status", "remove"], "default": "run"},
            backup={"type": "str", "default": ""},
            directory={"type": "path", "default": "/var/backups/mysql"},
            place={"type": "path", "default": "/var/lib/mysql-restore"},
            keep={"type": "bool", "default": False},
            into={"type": "bool", "default": False},
            keep_old={"type": "bool", "default": True},
            datadir={"type": "path", "default": "/var/lib/mysql"},
            unit={"type": "str", "default": "mariadb.service"},
            start_s={"type": "int", "default": 120},
            owner={"type": "str", "default": "mysql"},
            every_s={"type": "float", "default": 5},
        ),
        supports_check_mode=True,
    )
    host = platform.node()
    acts = {"run": start, "start": start, "remove": remove}
    try:
        if module.params["act"] == "status":
            module.exit_json(changed=False, **job.status(module.run_command, JOB))
        module.exit_json(**acts[module.params["act"]](module, host))
    except job.Failure as failure:
        text = str(failure)
        module.fail_json(msg=text if text.startswith(host + ":") else "%s: %s" % (host, text))


if __name__ == "__main__":
    main()
