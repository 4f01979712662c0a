#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_observe
short_description: Watch a service from a client's side while something is being broken
description:
  - Sends anonymous requests at a fixed rate and visitors' requests with sessions, each with its own time stamp and
    time limit, and asks by ARP who holds the virtual addresses. Also downloads slowly and keeps quiet connections.
  - Runs until it is told to finish; start it with C(async). Needs only Python and the right to open a raw socket; for
    a ledger of rows also PyMySQL.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  state:
    description:
      - V(run) observes, V(finish) tells the running observer to end and returns what it saw, V(probe) looks once.
      - >-
        V(steady) looks until each virtual address has one holder, no request fails, everybody of O(service.serving) serves, at most one
        server of the ledger takes writes and all get what is written, and fails with what is not so when that lasts longer than O(wait_s).
    type: str
    choices: [run, finish, probe, steady]
    default: run
  service:
    description: What is asked.
    type: dict
    suboptions:
      address:
        description: Address that visitors use.
        type: str
        required: true
      port:
        description: TCP port that visitors use.
        type: int
        default: 80
      host_header:
        description: Host header to send; the address when empty.
        type: str
        default: ""
      path:
        description: Path of the anonymous requests; answers JSON with C(instance) or C(jvm_route).
        type: str
        default: /ping.json
      session_path:
        description: Path of the visitors' requests; answers JSON with C(session), C(counter) and C(new) as well.
        type: str
        default: /session.json
      vips:
        description: Virtual addresses whose holders are asked for by ARP.
        type: list
        elements: str
        default: []
      neighbours:
        description: Addresses by host name, to give the holders' MAC addresses a name.
        type: dict
        default: {}
      served_header:
        description: Header of the answers that names the web server which gave them; none when empty.
        type: str
        default: X-Served-By
      sorry_header:
        description: Header that marks an answer of a sorry server, whatever its status; none when empty.
        type: str
        default: X-Sorry
      serving:
        description: >-
          With O(state=steady), hosts that must be seen to serve O(service.path), by the names in O(service.served_header). Not asked with a
          rate of 0.
        type: list
        elements: str
        default: []
  load:
    description: How much is asked.
    type: dict
    default: {}
    suboptions:
      rate:
        description: Anonymous requests a second.
        type: int
        default: 100
      keep_every:
        description: Every how many anonymous requests one uses a kept connection; 0 for none.
        type: int
        default: 5
      sessions:
        description: How many visitors carry a session.
        type: int
        default: 20
      session_rate:
        description: Requests a second of each visitor.
        type: float
        default: 3
      time_limit_ms:
        description: Time limit of a request in milliseconds.
        type: int
        default: 1000
      arp_ms:
        description: Milliseconds between two ARP questions.
        type: int
        default: 50
  download:
    description: Downloads of one file that are read slowly, so that they are under way through the fault.
    type: dict
    default: {}
    suboptions:
      path:
        description: Path of the file. The same on every server, with a length in the answer.
        type: str
        default: ""
      count:
        description: How many at the same time.
        type: int
        default: 0
      rate_bytes_s:
        description: Bytes a second; 0 to take the file's length divided by O(download.planned_s).
        type: int
        default: 0
      planned_s:
        description: How many seconds the file has to last.
        type: float
        default: 60
      anew_s:
        description: A download that has ended is begun anew until so many seconds have passed.
        type: float
        default: 0
  quiet:
    description: Kept connections with a request now and then.
    type: dict
    default: {}
    suboptions:
      count:
        description: How many.
        type: int
        default: 0
      every_s:
        description: Seconds between two requests; less than the server's own patience with idle connections.
        type: float
        default: 2
  ledger:
    description: Numbered things that are written, one after the other at planned times. None without it.
    type: dict
    suboptions:
      kind:
        description: What they are; V(sql) rows of a table in MariaDB or MySQL, V(amqp) messages of RabbitMQ, which are consumed, too.
        type: str
        choices: [sql, amqp]
        default: sql
      address:
        description: Address that applications write to.
        type: str
        required: true
      port:
        description: TCP port there and on the servers.
        type: int
        default: 3306
      user:
        description: >-
          Account for writing and for looking. It needs all rights on O(ledger.database) and must not be one that may write to a
          server that is read only.
        type: str
        required: true
      password_file:
        description: File with its password, mode 0600; no password when empty.
        type: path
        default: ""
      database:
        description: Database, made when it is missing. For messages the vhost, which must be there.
        type: str
        default: failover_drill
      table:
        description: Table, made when it is missing. Rows of earlier runs are removed from it. For messages the queue.
        type: str
        default: ledger
      tls_ca:
        description: Certificate of the authority that signed the servers'; without TLS when empty.
        type: path
        default: ""
      tls_check_hostname:
        description: Whether the servers' certificates must name the addresses that are used.
        type: bool
        default: false
      queue_type:
        description: Type of the queue (C(x-queue-type)); the vhost's default when empty.
        type: str
        default: ""
      management_port:
        description: Port of RabbitMQ's management interface on the servers, with TLS. The account needs the tag C(monitoring).
        type: int
        default: 15672
      servers:
        description: Addresses by name of the servers that must have everything in the end. Each is asked whether it accepts writes.
        type: dict
        default: {}
      cluster:
        description: >-
          What may accept writes; V(replication) one server, V(galera) all members of one primary component.
        type: str
        choices: [replication, galera]
        default: replication
      interval_ms:
        description: Milliseconds between two writes.
        type: int
        default: 20
      connect_timeout_ms:
        description: Time limit of a connection.
        type: int
        default: 1000
      timeout_ms:
        description: Time limit of an answer; a write without one is neither acknowledged nor failed.
        type: int
        default: 5000
      connections:
        description: Connections at most. When all of them wait, writes fail.
        type: int
        default: 64
      watch_ms:
        description: Milliseconds between two questions to each server.
        type: int
        default: 100
      file:
        description: The ledger itself, a line when a write is sent and one when its fate is known.
        type: path
        default: /var/lib/failover-drill/ledger
  max_s:
    description: Longest time to observe in seconds.
    type: int
    default: 180
  control:
    description: File by which a running observer is told to finish.
    type: path
    default: /run/failover-drill/finish
  settle_s:
    description: With O(state=finish), how many seconds to go on observing.
    type: float
    default: 5
  wait_for_all:
    description: >-
      With O(state=finish), first wait until every instance that was seen answers again, and every server of a ledger has caught up.
    type: bool
    default: false
  wait_s:
    description: >-
      With O(wait_for_all) or O(state=steady), the longest wait in seconds; also for the servers of a ledger to become level in the end.
    type: float
    default: 60
attributes:
  check_mode:
    description: Nothing is sent in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Observe for at most three minutes
  failover.stack.drill_observe:
    service: {address: 198.18.0.101, vips: [198.18.0.101]}
  async: 200
  poll: 0
"""

RETURN = r"""
data:
  description: What was seen, packed; M(failover.stack.drill_record) reads it.
  returned: state=finish
  type: str
holders:
  description: Hosts (or MAC addresses) that answer for each virtual address.
  returned: state=probe or steady
  type: dict
served:
  description: Hosts that served requests, of those that name themselves.
  returned: state=probe or steady
  type: list
session:
  description: The last answer of the session path.
  returned: state=probe or steady
  type: dict
writers:
  description: Servers of the ledger that accept writes.
  returned: state=probe or steady, with a ledger
  type: list
readers:
  description: Those that answer and accept none.
  returned: state=probe or steady, with a ledger
  type: list
behind:
  description: Those that did not get a row that was written.
  returned: state=probe or steady, with a ledger
  type: list
"""

import asyncio
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils import _drill_client as client
from ansible_collections.failover.stack.plugins.module_utils import _drill_files as files
from ansible_collections.failover.stack.plugins.module_utils._drill_writers import LedgerError

SERVICE = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 80},
    "host_header": {"type": "str", "default": ""},
    "path": {"type": "str", "default": "/ping.json"},
    "session_path": {"type": "str", "default": "/session.json"},
    "vips": {"type": "list", "elements": "str", "default": []},
    "neighbours": {"type": "dict", "default": {}},
    "served_header": {"type": "str", "default": "X-Served-By"},
    "sorry_header": {"type": "str", "default": "X-Sorry"},
    "serving": {"type": "list", "elements": "str", "default": []},
}
LOAD = {
    "rate": {"type": "int", "default": 100},
    "keep_every": {"type": "int", "default": 5},
    "sessions": {"type": "int", "default": 20},
    "session_rate": {"type": "float", "default": 3},
    "time_limit_ms": {"type": "int", "default": 1000},
    "arp_ms": {"type": "int", "default": 50},
}
DOWNLOAD = {
    "path": {"type": "str", "default": ""},
    "count": {"type": "int", "default": 0},
    "rate_bytes_s": {"type": "int", "default": 0},
    "planned_s": {"type": "float", "default": 60},
    "anew_s": {"type": "float", "default": 0},
}
QUIET = {"count": {"type": "int", "default": 0}, "every_s": {"type": "float", "default": 2}}

LEDGER = {
    "kind": {"type": "str", "choices": ["sql", "amqp"], "default": "sql"},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 3306},
    "user": {"type": "str", "required": True},
    "password_file": {"type": "path", "default": "", "no_log": False},
    "database": {"type": "str", "default": "failover_drill"},
    "table": {"type": "str", "default": "ledger"},
    "tls_ca": {"type": "path", "default": ""},
    "tls_check_hostname": {"type": "bool", "default": False},
    "queue_type": {"type": "str", "default": ""},
    "management_port": {"type": "int", "default": 15672},
    "servers": {"type": "dict", "default": {}},
    "cluster": {"type": "str", "choices": ["replication", "galera"], "default": "replication"},
    "interval_ms": {"type": "int", "default": 20},
    "connect_timeout_ms": {"type": "int", "default": 1000},
    "timeout_ms": {"type": "int", "default": 5000},
    "connections": {"type": "int", "default": 64},
    "watch_ms": {"type": "int", "default": 100},
    "file": {"type": "path", "default": "/var/lib/failover-drill/ledger"},
}


def nested(options):
    return {"type": "dict", "options": options, "default": {}, "apply_defaults": True}


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["run", "finish", "probe", "steady"], "default": "run"},
            "service": {"type": "dict", "options": SERVICE},
            "load": nested(LOAD),
            "download": nested(DOWNLOAD),
            "quiet": nested(QUIET),
            "ledger": {"type": "dict", "options": LEDGER},
            "max_s": {"type": "int", "default": 180},
            "control": {"type": "path", "default": "/run/failover-drill/finish"},
            "settle_s": {"type": "float", "default": 5},
            "wait_for_all": {"type": "bool", "default": False},
            "wait_s": {"type": "float", "default": 60},
        },
        required_if=[("state", state, ["service"]) for state in ("run", "probe", "steady")],
        supports_check_mode=True,
    )
    p = module.params
    if module.check_mode:
        module.exit_json(changed=False)
    if p["state"] == "finish":
        files.write_json(p["control"], {k: p[k] for k in ("settle_s", "wait_for_all", "wait_s")})
        seen = files.wait_for_file(p["control"] + ".seen", p["settle_s"] + 2 * p["wait_s"] + 60)
        if seen is None:
            module.fail_json(msg="the observer did not finish: it was not running, or this machine has no time for it")
        module.exit_json(changed=False, data=seen)
    more = {k: p[k] for k in ("max_s", "control", "download", "quiet", "ledger")}
    settings = dict(p["service"], **dict(p["load"], **more))
    try:
        if p["state"] == "probe":
            module.exit_json(changed=False, **asyncio.run(client.probe(settings)))
        if p["state"] == "steady":
            found, clauses = asyncio.run(client.steady(settings, p["wait_s"]))
            if clauses:
                module.fail_json(msg="the steady state was not there within %d s: %s" % (p["wait_s"], "; ".join(clauses)), **found)
            module.exit_json(changed=False, **found)
        for left in (p["control"], p["control"] + ".seen"):
            if os.path.exists(left):
                os.unlink(left)
        seen = asyncio.run(client.Observer(settings).run())
    except LedgerError as error:
        module.fail_json(msg=str(error))
    except PermissionError as error:
        module.fail_json(msg="the observer may not open a raw socket (%s): run it as root with CAP_NET_RAW" % error)
    files.write_json(p["control"] + ".seen", files.pack(seen))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
