#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_host_info
short_description: What a machine gives to a database server, and where the server that is there has its data and logs
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Tells how much memory a server may use, container or not, which databases are in the data directories, and where binary logs are.
  - Data directory and logs used so far are asked of the running server, else of all its option files (C(--print-defaults)), else of
    O(config). So it works before a server is installed and while it does not run.
extends_documentation_fragment: [failover.stack.read_only]
options:
  packages:
    description: Debian packages of which to tell whether they are installed.
    type: list
    elements: str
    default: []
  config:
    description: Configuration file whose C(datadir) is the directory used so far, where no server is installed.
    type: path
    required: true
  default_datadir:
    description: The directory used so far where nothing else is named.
    type: path
    default: /var/lib/mysql
  datadir:
    description: The directory to be used. A link is followed.
    type: path
    required: true
  binlog_directory:
    description: The directory of binary logs to be used, where that is not O(datadir).
    type: path
    version_added: 0.5.0
  tools:
    description: Names of the programs of server and client. The first tells what its option files say, the second asks a running server.
    type: list
    elements: str
    default: [mariadbd, mariadb]
    version_added: 0.5.0
  socket:
    description: Where a running server is asked when its option files name no socket.
    type: path
    default: /run/mysqld/mysqld.sock
    version_added: 0.5.0
"""

EXAMPLES = r"""
- name: See what is here
  failover.stack.mysql_host_info:
    config: /etc/mysql/mariadb.conf.d/99-failover-stack.cnf
    datadir: /srv/mysql/data
  register: __mysql_host
"""

RETURN = r"""
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: always
  type: list
  elements: str
  sample: [mariadb-backup]
memory_mb:
  description: MiB that may be used, the smaller of the machine's memory and the control group's limit.
  returned: always
  type: int
  sample: 2048
disk_mb:
  description: MiB of the file system on which binary logs lie or will lie, 0 when that cannot be told.
  returned: always
  type: int
  sample: 20480
running:
  description: Whether the server runs and told where its data are.
  returned: always
  type: bool
  sample: true
holds_lease:
  description: Whether the agent of the writer address holds the lease of a cluster whose members decide themselves who takes the writes.
  returned: always
  type: bool
  sample: false
datadir_before:
  description: The data directory used so far.
  returned: always
  type: str
  sample: /var/lib/mysql
datadir_differs:
  description: Whether that is another directory than O(datadir), links followed.
  returned: always
  type: bool
  sample: false
datadir_real:
  description: O(datadir) with links followed.
  returned: always
  type: str
  sample: /srv/disk2/mysql
log_bin_before:
  description:
    - Keys C(base) and C(index), absolute paths of the binary logs that are there, and C(elsewhere), whether they are in another directory
      than O(binlog_directory). Empty without any.
  returned: always
  type: dict
  sample: {base: /var/lib/mysql/mysql-bin, index: /var/lib/mysql/mysql-bin.index, elsewhere: false}
relay_log_before:
  description: Keys C(base) and C(index) of the relay logs that are there.
  returned: always
  type: dict
  sample: {}
databases_before:
  description: Databases in it, without the server's own.
  returned: always
  type: list
  elements: str
  sample: [shop]
initialised:
  description: Whether O(datadir) has system tables.
  returned: always
  type: bool
  sample: true
empty:
  description: Whether O(datadir) is missing or has nothing in it.
  returned: always
  type: bool
  sample: false
databases:
  description: Databases in O(datadir), without the server's own.
  returned: always
  type: list
  elements: str
  sample: [shop]
leads:
  description: >-
    Whose agent runs here, which says whether the server may write. V(mysql-writer) that of role
    P(failover.stack.mysql_replication#role), V(mmm) MMM's, empty when none does.
  returned: always
  type: str
  sample: mysql-writer
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import agent_runs
from ansible_collections.failover.stack.plugins.module_utils._host.dpkg import missing
from ansible_collections.failover.stack.plugins.module_utils._host.text import text_of
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._mysql.host import (
    QUESTION,
    answers,
    bases,
    configured,
    databases,
    effective,
    memory_mb,
)
from ansible_collections.failover.stack.plugins.module_utils._sql.binary_logs import disk_mb

MMM_PROCESS = "/run/mysql-mmm/mmm_agentd.pid"
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def leads():
    if agent_runs():
        return "mysql-writer"
    number = text_of(MMM_PROCESS).strip()
    return "mmm" if number and os.path.exists("/proc/" + number) else ""


def entries(path, directories_only=True):
    try:
        with os.scandir(path) as found:
            return [entry.name for entry in found if entry.is_dir() or not directories_only]
    except OSError:
        return []


def options_of(module):
    """What all option files of the server amount to."""
    program = module.get_bin_path(module.params["tools"][0])
    if not program:
        return {}
    code, out, err = module.run_command([program, "--print-defaults"])
    if code:
        module.fail_json(msg="%s --print-defaults failed, so where the server has its data is unknown: %s" % (
            program, (err or out).strip()))
    return effective(out)


def ask(module, options):
    """What a running server says of itself; nothing where none lets root in."""
    program = module.get_bin_path(module.params["tools"][-1])
    for socket in dict.fromkeys(filter(None, (options.get("socket"), module.params["socket"]))) if program else ():
        if os.path.exists(socket):
            code, out, _err = module.run_command([
                program, "--batch", "--skip-column-names", "--connect-timeout=5", "--socket=" + socket, "--execute=" + QUESTION])
            if not code:
                return answers(out)
    return {}


def logs_there(found):
    """The first of these bases that has an index, which a server makes with its first log."""
    return next(({"base": base, "index": index} for base, index in found if os.path.exists(index)), {})


def named_after_host(datadir, relay):
    """Logs whose base is made of the host's name: the option has no value. Only when it is clear which."""
    names = glob.glob(os.path.join(glob.escape(datadir), "*-bin.index"))
    found = [name[:-len(".index")] for name in names if ("relay-bin" in os.path.basename(name)) == relay]
    return [(found[0], found[0] + ".index")] if len(found) == 1 else []


def main():
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "config": {"type": "path", "required": True},
            "default_datadir": {"type": "path", "default": "/var/lib/mysql"},
            "datadir": {"type": "path", "required": True},
            "binlog_directory": {"type": "path"},
            "tools": {"type": "list", "elements": "str", "default": ["mariadbd", "mariadb"]},
            "socket": {"type": "path", "default": "/run/mysqld/mysqld.sock"},
        },
        supports_check_mode=True,
    )
    wanted, options = module.params["datadir"], options_of(module)
    asked = ask(module, options)
    before = (asked.get("datadir") or options.get("datadir") or configured(text_of(module.params["config"]), "datadir")
              or module.params["default_datadir"])
    wanted_log = module.params["binlog_directory"]
    place = os.path.join(wanted_log or before, "binlog")
    log = logs_there([*bases(asked, options, before, "log_bin"), (place, place + ".index"), *named_after_host(before, False)])
    if log:
        log["elsewhere"] = bool(wanted_log) and os.path.realpath(os.path.dirname(log["base"])) != os.path.realpath(wanted_log)
    module.exit_json(
        changed=False,
        missing_packages=missing(module, module.params["packages"]),
        memory_mb=memory_mb(text_of("/proc/meminfo"), [text_of(path) for path in LIMITS]),
        running=bool(asked), holds_lease=bool(lease.status().get("lease")), datadir_before=before.rstrip("/") or "/",
        datadir_differs=os.path.realpath(before) != os.path.realpath(wanted), datadir_real=os.path.realpath(wanted),
        disk_mb=disk_mb(wanted_log or os.path.dirname(log.get("base", "")) or wanted),
        databases_before=databases(entries(before)),
        log_bin_before=log,
        relay_log_before=logs_there([*bases(asked, options, before, "relay_log"), *named_after_host(before, True)]),
        initialised=os.path.isdir(os.path.join(wanted, "mysql")),
        empty=not [name for name in entries(wanted, directories_only=False) if name != "lost+found"],
        databases=databases(entries(wanted)), leads=leads(),
    )


if __name__ == "__main__":
    main()
