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
    a ledger of rows also PyMySQL, for one of messages pika.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  state:
    description:
      - V(run) observes, and ends an observer that an interrupted run has left. V(finish) tells the running observer to end and returns
        what it saw, V(stop) ends it at once, if there is one. V(probe) looks once.
      - A ledger's place, table or queue, is made by V(probe) and V(steady), not by V(run), so one of these comes first.
      - >-
        V(steady) looks until each virtual address has one holder, no request fails, everybody of O(service.serving) serves, at most one
        server of the ledger takes writes and all get what is written, and fails with what is not so when that lasts longer than O(wait_s).
    type: str
    choices: [run, finish, stop, probe, steady]
    default: run
  service:
    description: What is asked.
    type: dict
    suboptions:
      address:
        description: Address that visitors use.
        type: str
        required: true
      also:
        description: >-
          More addresses of the same service. Anonymous requests and visitors take them by turns, downloads and quiet connections
          O(service.address) alone.
        type: list
        elements: str
        default: []
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
      body:
        description:
          - What an answer to O(service.path) must be; V(json) JSON with C(instance) or C(jvm_route), V(any) whatever comes with status
            200, complete. Whom it came from is known by O(service.served_header) alone then.
          - Visitors' answers are JSON in any case.
        type: str
        choices: [json, any]
        default: json
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
      requests:
        description: >-
          With O(state=probe) or O(state=steady), how many anonymous requests are sent, one after the other, each on a connection of
          its own; 0 for as many as it takes to meet everybody of O(service.serving).
        type: int
        default: 0
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
      method:
        description: What is sent to O(service.path); a V(POST) is nothing that a client or a balancer may send once more.
        type: str
        choices: [GET, POST]
        default: GET
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
        description: The ledger itself, a line when a write is sent and one when its outcome is known.
        type: path
        default: /var/lib/failover-drill/ledger
  max_s:
    description: Longest time to observe in seconds.
    type: int
    default: 180
  control:
    description: File by which a running observer is told to finish. Beside it C(<file>.running) is there as long as all of it is observed.
    type: path
    default: /run/failover-drill/finish
  settle_s:
    description: With O(state=finish), how many seconds to go on observing.
    type: float
    default: 5
  periods:
    description: With O(state=finish), parts of the observation for which there are figures of their own.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name among the figures.
        type: str
        required: true
      begin:
        description: Its first moment, in seconds since 1970 by the clock of the observer's host.
        type: float
        required: true
      end:
        description: Its last moment, in the same terms.
        type: float
        required: true
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

- name: Two services and who has their addresses, at the same time
  failover.stack.drill_observe:
    service: {address: "{{ item.address }}", path: /, body: any, vips: ["{{ item.address }}"]}
    load: {rate: 20, sessions: 0, time_limit_ms: 3000, arp_ms: 20}
    control: /run/failover-drill/{{ item.name }}
  async: 200
  poll: 0
  loop:
    - {name: shop, address: 198.51.100.100}
    - {name: blog, address: 198.51.100.101}

- name: Who answers, of a hundred connections
  failover.stack.drill_observe:
    state: probe
    service: {address: 198.51.100.100}
    load: {sessions: 0, requests: 100}
  register: probed
  failed_when: probed.shares | length < 2

- name: End one of them five seconds from now
  failover.stack.drill_observe:
    state: finish
    control: /run/failover-drill/shop
    settle_s: 5
  register: shop
  failed_when: shop.figures.failed > 0 or shop.figures.longest_ms > 500
"""

RETURN = r"""
data:
  description: What was seen, packed; M(failover.stack.drill) judges it.
  returned: state=finish
  type: str
figures:
  description: What was seen, in figures, for whoever judges without a drill. Times in milliseconds, moments since the observer began.
  returned: state=finish
  type: dict
  contains:
    started:
      description: When the observer began, in seconds since the epoch.
      type: float
    requests:
      description: How many requests were sent.
      type: int
    failed:
      description: How many of them failed; late ones and those of a sorry server have not.
      type: int
    failures:
      description: How often by kind of failure, of writes too.
      type: dict
    failed_at:
      description: When the first failed ones were sent, 12 at most.
      type: list
    sorry:
      description: How many answers came from a sorry server.
      type: int
    reconnects:
      description: How many kept connections were closed unasked and replaced before a request, or a write, was sent again.
      type: int
    sessions:
      description: How many sessions visitors had.
      type: int
    sessions_lost:
      description: How many of them were gone, or had gone back, when their visitor came again.
      type: int
    served:
      description: How many good answers came from each of those that name themselves.
      type: dict
    outage_ms:
      description: The longest outage, of requests or writes; failures less than 500 ms apart are one.
      type: int
    late_ms:
      description: The same of requests where answers after more than 250 ms count as failed.
      type: int
    unanswered_ms:
      description: The longest time between two good answers.
      type: int
    longest_ms:
      description: How long the slowest request took, good or failed.
      type: int
    vips:
      description: >-
        By virtual address, C(holders_max) who answered one question at most, C(order) who held it one after the other, C(shared_ms) the
        longest time in which several did, C(silent_ms) the longest time between two questions that were answered.
      type: dict
    downloads:
      description: What became of each download, C(outcome) (V(whole) or why not), C(from), C(to), C(bytes), C(length), C(stall_ms).
      type: list
    quiet:
      description: >-
        Of the quiet connections, C(opened), C(asked) how many requests, C(refused) how many answers had another status than 200,
        C(dismissed) how many connections were ended by an answer that said so, C(broken) how many were torn down or stayed without an
        answer, C(first_broken) the first of these.
      type: dict
    ledger:
      description: >-
        With a ledger, C(acknowledged), C(lost) and C(duplicates) in numbers, C(checked) whether anybody could look for what was
        acknowledged, C(unacknowledged_ms) the longest time between two acknowledgements, C(acknowledged_by) the servers that acknowledged,
        one after the other, C(writable_max) how many sides took writes at once, C(writable_at_once) who did and from when to when,
        in milliseconds since the observer began, C(servers) what each has and lacks.
      type: dict
    periods:
      description: By name of O(periods), C(failed), C(outage_ms), C(unanswered_ms) and C(unacknowledged_ms) in it.
      type: dict
holders:
  description: Hosts (or MAC addresses) that answer for each virtual address.
  returned: state=probe or steady
  type: dict
served:
  description: Hosts that served requests, of those that name themselves.
  returned: state=probe or steady
  type: list
shares:
  description: How many good answers to anonymous requests came from each of them.
  returned: state=probe or steady
  type: dict
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
prepared_ms:
  description: Milliseconds until the ledger's address had a place for what is written, database and table or queues, connecting included.
  returned: state=probe or steady, with a ledger
  type: int
behind:
  description: Those that did not get a row that was written.
  returned: state=probe or steady, with a ledger
  type: list
"""

import asyncio
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files
from ansible_collections.failover.stack.plugins.module_utils._drill.client import observer as client
from ansible_collections.failover.stack.plugins.module_utils._drill.client.writers import LedgerError
from ansible_collections.failover.stack.plugins.module_utils._drill.summary import summary

SERVICE = {
    "address": {"type": "str", "required": True},
    "also": {"type": "list", "elements": "str", "default": []},
    "port": {"type": "int", "default": 80},
    "host_header": {"type": "str", "default": ""},
    "path": {"type": "str", "default": "/ping.json"},
    "session_path": {"type": "str", "default": "/session.json"},
    "vips": {"type": "list", "elements": "str", "default": []},
    "neighbours": {"type": "dict", "default": {}},
    "served_header": {"type": "str", "default": "X-Served-By"},
    "sorry_header": {"type": "str", "default": "X-Sorry"},
    "body": {"type": "str", "choices": ["json", "any"], "default": "json"},
    "serving": {"type": "list", "elements": "str", "default": []},
}
LOAD = {
    "rate": {"type": "int", "default": 100},
    "keep_every": {"type": "int", "default": 5},
    "sessions": {"type": "int", "default": 20},
    "session_rate": {"type": "float", "default": 3},
    "time_limit_ms": {"type": "int", "default": 1000},
    "arp_ms": {"type": "int", "default": 50},
    "requests": {"type": "int", "default": 0},
}
DOWNLOAD = {
    "path": {"type": "str", "default": ""},
    "count": {"type": "int", "default": 0},
    "rate_bytes_s": {"type": "int", "default": 0},
    "planned_s": {"type": "float", "default": 60},
    "anew_s": {"type": "float", "default": 0},
}
QUIET = {
    "count": {"type": "int", "default": 0},
    "every_s": {"type": "float", "default": 2},
    "method": {"type": "str", "choices": ["GET", "POST"], "default": "GET"},
}

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
PERIOD = {
    "name": {"type": "str", "required": True},
    "begin": {"type": "float", "required": True},
    "end": {"type": "float", "required": True},
}


def nested(options):
    return {"type": "dict", "options": options, "default": {}, "apply_defaults": True}


def settings_of(p):
    return {**p["service"], **p["load"], **{key: p[key] for key in ("max_s", "control", "download", "quiet", "ledger")}}


def finish(module, p):
    files.write_json(p["control"], {k: p[k] for k in ("settle_s", "wait_for_all", "wait_s")})
    seen = files.wait_for_file(p["control"] + ".seen", p["settle_s"] + 2 * p["wait_s"] + 60, lambda: files.holder(p["control"]))
    if seen is None:
        module.fail_json(msg="the observer did not finish: it was not running, or this machine has no time for it")
    return {"changed": False, "data": seen, "figures": summary(files.unpack(seen), p["periods"])}


def stop(_module, p):
    return {"changed": files.end_other(p["control"])}


def probe(_module, p):
    return {"changed": False, **asyncio.run(client.probe(settings_of(p)))}


def steady(module, p):
    found, clauses = asyncio.run(client.steady(settings_of(p), p["wait_s"]))
    if clauses:
        module.fail_json(msg="the steady state was not there within %d s: %s" % (p["wait_s"], "; ".join(clauses)), **found)
    return {"changed": False, **found}


def run(_module, p):
    place = files.take_place(p["control"])
    for left in (p["control"], p["control"] + ".seen", p["control"] + client.RUNNING):
        if os.path.exists(left):
            os.unlink(left)
    files.write_json(p["control"] + ".seen", files.pack(asyncio.run(client.Observer(settings_of(p)).run())))
    os.close(place)
    return {"changed": False}


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["run", "finish", "stop", "probe", "steady"], "default": "run"},
            "service": {"type": "dict", "options": SERVICE},
            "load": nested(LOAD),
            "download": nested(DOWNLOAD),
            "quiet": nested(QUIET),
            "ledger": {"type": "dict", "options": LEDGER},
            "max_s": {"type": "int", "default": 180},
            "control": {"type": "path", "default": "/run/failover-drill/finish"},
            "settle_s": {"type": "float", "default": 5},
            "periods": {"type": "list", "elements": "dict", "options": PERIOD, "default": []},
            "wait_for_all": {"type": "bool", "default": False},
            "wait_s": {"type": "float", "default": 60},
        },
        required_if=[("state", state, ["service"]) for state in ("run", "probe", "steady")],
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False)
    telling, looking = {"finish": finish, "stop": stop}, {"probe": probe, "steady": steady, "run": run}
    state = module.params["state"]
    if state in telling:
        module.exit_json(**telling[state](module, module.params))
    try:
        module.exit_json(**looking[state](module, module.params))
    except LedgerError as error:
        module.fail_json(msg=str(error))
    except PermissionError as error:
        module.fail_json(msg="the observer may not open a raw socket (%s): run it as root with CAP_NET_RAW" % error)


if __name__ == "__main__":
    main()
