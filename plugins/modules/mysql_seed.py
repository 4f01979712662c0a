#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_seed
short_description: Make a database server a copy of another one, while that one works on
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - MariaDB by a stream of mariadb-backup through TLS, MySQL by its clone plugin. The copy is made beside the data directory of
    the joiner, whose own server and data stay untouched until the copy is complete. Then the directories are exchanged; when the
    server does not start with the new one, the old one is put back.
  - The work is done by transient systemd units, C(failover-mysql-seed-send) at the donor and C(failover-mysql-seed-receive) at
    the joiner, so a lost connection does not end it.
  - A transfer is four tasks. V(offer) at the donor, V(receive) at the joiner, V(send) at the donor (MariaDB), V(watch) at the joiner.
    V(withdraw) at the donor removes the throw-away account (MySQL). V(stop) ends what runs at a member, whose own data is untouched.
  - Each transfer has throw-away certificates, whose keys never leave their nodes, or for MySQL a throw-away account. Whether the
    joiner's data may be replaced is not decided here, see P(failover.stack.mysql_seed_plan#filter).
extends_documentation_fragment:
  - failover.stack.mysql_login
attributes:
  check_mode:
    support: full
    description: Checks are made, nothing is started.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  act:
    description: The step.
    type: str
    choices: [offer, receive, send, watch, status, withdraw, stop]
    required: true
  peer:
    description: Name of the donor, for messages.
    type: str
    default: ""
  address:
    description: Address of the joiner in the members' network.
    type: str
    default: ""
  port:
    description: TCP port at which the joiner of MariaDB takes the stream.
    type: int
    default: 4444
  donor_address:
    description: Address of the donor, for MySQL.
    type: str
    default: ""
  donor_port:
    description: Port of the donor's server, for MySQL.
    type: int
    default: 3306
  offer:
    description: What the donor returned for V(offer).
    type: dict
    default: {}
  certificate:
    description: The joiner's certificate, as it returned it for V(receive).
    type: str
    default: ""
  clone_password:
    description: Password of the throw-away account of a MySQL transfer, the same random one at both members.
    type: str
  datadir:
    description: Data directory of the joiner.
    type: path
    default: /var/lib/mysql
  unit:
    description: The server's unit.
    type: str
    default: mariadb.service
  owner:
    description: The user that owns the data and whose group it has.
    type: str
    default: mysql
  keep_old:
    description: Keep what was in the data directory, beside it, because nobody else has it.
    type: bool
    default: false
  rate_mib_s:
    description: MiB a second that the donor may send; V(0) for as fast as it goes. MariaDB only.
    type: int
    default: 0
  threads:
    description: How many files mariadb-backup reads at a time.
    type: int
    default: 1
  start_s:
    description: Seconds that the joiner's server has to start with the new data.
    type: int
    default: 120
  every_s:
    description: Seconds between two lines of progress.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Ask the donor
  failover.stack.mysql_seed:
    act: offer
    address: 198.18.0.33
  delegate_to: db2
  register: offered

- name: Let the joiner listen; its own data is exchanged when the copy is complete
  failover.stack.mysql_seed:
    act: receive
    peer: db2
    address: 198.18.0.33
    offer: "{{ offered.offer }}"
  register: received

- name: Let the donor send, at most 50 MiB a second
  failover.stack.mysql_seed:
    act: send
    address: 198.18.0.33
    certificate: "{{ received.certificate }}"
    rate_mib_s: 50
  delegate_to: db2

- name: Watch until the joiner has it
  failover.stack.mysql_seed:
    act: watch
    peer: db2
"""

RETURN = r"""
offer:
  description: What the joiner has to know of the donor.
  returned: act=offer
  type: dict
  sample:
    {dialect: mariadb, version: 10.11.19-MariaDB-0+deb12u1-log, position: 0-1-4711, own_writes: "", log_bin: true,
     logs_replicated: true, writable: false, datadir: /var/lib/mysql/, total: 1095216660}
certificate:
  description: The joiner's certificate.
  returned: act=receive
  type: str
  sample: "-----BEGIN CERTIFICATE-----\n..."
attached:
  description: Whether the joiner is being seeded already, so that there is only to watch.
  returned: act=receive
  type: bool
  sample: false
phases:
  description: Name, seconds and bytes of each phase.
  returned: act=watch or status
  type: list
  elements: dict
  sample: [{name: copy, bytes: 1095216660, seconds: 12.1}, {name: prepare, bytes: 0, seconds: 9.0}]
result:
  description: RV(ignore:bytes) copied, the RV(ignore:gtid) position of the copy, the directory in which the old data was RV(ignore:kept).
  returned: act=watch or status
  type: dict
  sample: {bytes: 1095216660, gtid: 0-1-4711, kept: ""}
"""

import os
import platform
import pwd

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql import job
from ansible_collections.failover.stack.plugins.module_utils._mysql.host import log_base_of
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed import files, stream, worker
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.plan import CLONE_USER, offer_problem, room_needed
from ansible_collections.failover.stack.plugins.module_utils._mysql.seed.server import Server
from ansible_collections.failover.stack.plugins.module_utils._sql.accounts import fresh
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, login

SEND = "seed-send"
RECEIVE = "seed-receive"


def offer(module, host):
    """The donor: is it fit, how much has it, and by what will the joiner know it?"""
    params = module.params
    if job.active(module.run_command, SEND):
        raise job.Failure("%s: this donor already sends to another joiner: wait for that, or name another donor by "
                          "mysql_replication_seed_donor" % host)
    server = Server(login(params))
    facts = server.facts()
    problem = offer_problem(host, facts)
    if problem:
        raise job.Failure(problem)
    facts["total"] = files.occupied(facts["datadir"], server.binlogs())
    if not module.check_mode:
        if facts["dialect"] == "mariadb":
            worker.tool("mariadb-backup", "mariabackup")
            facts["certificate"] = stream.certificate(module.run_command, job.prepare(SEND), "donor")
        else:
            worker.install_clone(server)
            server.unlogged([
                ("DROP USER IF EXISTS %s@%s", (CLONE_USER, params["address"])),
                # As it is stored: validate_password would refuse such a password in clear.
                ("CREATE USER %s@%s IDENTIFIED WITH caching_sha2_password AS %s REQUIRE SSL",
                 (CLONE_USER, params["address"], fresh("mysql", params["clone_password"]))),
                ("GRANT BACKUP_ADMIN ON *.* TO %s@%s", (CLONE_USER, params["address"]))])
    server.close()
    return {"changed": not module.check_mode, "offer": facts}


def local(params):
    """What the joiner's own server says, or nothing when it does not run."""
    try:
        server = Server(login(params))
    except job.Failure:
        return {}
    try:
        return server.facts()
    finally:
        server.close()


def receive(module, host):
    params, given = module.params, module.params["offer"]
    if job.active(module.run_command, RECEIVE):
        return {"changed": False, "attached": True, "certificate": ""}
    own = local(params)
    # A file says the version also when the server is down: the one that will read the copy.
    files.demand_swappable(host, params["datadir"])
    datadir = files.target_of(params["datadir"])
    files.demand_room(host, os.path.dirname(datadir), room_needed(given["total"]), "the copy of " + params["peer"])
    own_version = own.get("version") or module.run_command(["/usr/sbin/mysqld", "--version"])[1]
    problem = offer_problem(params["peer"], given, own_version, host)
    if problem:
        raise job.Failure(problem)
    if module.check_mode:
        return {"changed": True, "attached": False, "certificate": ""}
    owner = pwd.getpwnam(params["owner"])
    directory = job.prepare(RECEIVE)
    mariadb = given["dialect"] == "mariadb"
    certificate = stream.certificate(module.run_command, directory, "joiner") if mariadb else ""
    job.start(module.run_command, RECEIVE, "_mysql.seed.worker", {
        "task": "receive", "job": RECEIVE, "dialect": given["dialect"], "login": login(params), "unit": params["unit"],
        "datadir": datadir, "log_base": own["log_base"] if own else log_base_of(module.run_command, datadir), "uid": owner.pw_uid,
        "gid": owner.pw_gid, "keep_old": params["keep_old"],
        "address": params["address"], "port": params["port"], "peer": given.get("certificate", ""), "total": given["total"],
        "own_writes": own.get("own_writes"), "start_s": params["start_s"], "donor_address": params["donor_address"],
        "donor_port": params["donor_port"], "clone_user": "" if mariadb else CLONE_USER,
        "clone_password": params["clone_password"] or "", "ca": params["ca_cert"] or ""})
    return {"changed": True, "attached": False, "certificate": certificate}


def send(module, host):
    params = module.params
    if module.check_mode or not params["certificate"]:
        return {"changed": False}
    job.start(module.run_command, SEND, "_mysql.seed.worker", {
        "task": "send", "job": SEND, "login": login(params), "address": params["address"], "port": params["port"],
        "peer": params["certificate"], "rate": params["rate_mib_s"] << 20, "threads": params["threads"]})
    return {"changed": True}


def status(module, host):
    return dict(job.status(module.run_command, RECEIVE), changed=False)


def withdraw(module, host):
    """The donor forgets the throw-away account of a MySQL transfer; that of MariaDB had none."""
    server = Server(login(module.params))
    try:
        there = not server.mariadb and server.rows(
            "SELECT 1 FROM mysql.user WHERE User = %s AND Host = %s", (CLONE_USER, module.params["address"]))
        if there and not module.check_mode:
            server.unlogged([("DROP USER %s@%s", (CLONE_USER, module.params["address"]))])
    finally:
        server.close()
    return {"changed": bool(there)}


def stop(module, host):
    running = [name for name in (SEND, RECEIVE) if job.active(module.run_command, name)]
    for name in [] if module.check_mode else running:
        job.stop(module.run_command, name)
    return {"changed": bool(running)}


def main():
    module = AnsibleModule(
        argument_spec={
            "act": {"type": "str", "choices": ["offer", "receive", "send", "watch", "status", "withdraw", "stop"], "required": True},
            "peer": {"type": "str", "default": ""},
            "address": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 4444},
            "donor_address": {"type": "str", "default": ""},
            "donor_port": {"type": "int", "default": 3306},
            "offer": {"type": "dict", "default": {}},
            "certificate": {"type": "str", "default": ""},
            "clone_password": {"type": "str", "no_log": True},
            "datadir": {"type": "path", "default": "/var/lib/mysql"},
            "unit": {"type": "str", "default": "mariadb.service"},
            "owner": {"type": "str", "default": "mysql"},
            "keep_old": {"type": "bool", "default": False},
            "rate_mib_s": {"type": "int", "default": 0},
            "threads": {"type": "int", "default": 1},
            "start_s": {"type": "int", "default": 120},
            "every_s": {"type": "float", "default": 5},
            **LOGIN,
        },
        supports_check_mode=True,
    )
    acts = {"offer": offer, "receive": receive, "send": send, "watch": status, "status": status, "withdraw": withdraw,
            "stop": stop}
    host = module.params["peer"] if module.params["act"] == "offer" and module.params["peer"] else platform.node()
    try:
        module.exit_json(**acts[module.params["act"]](module, host))
    except job.Failure as failure:
        text = str(failure)
        module.fail_json(msg=text if text.startswith(host + ":") else "%s: %s" % (host, text))


if __name__ == "__main__":
    main()
