#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_replica
short_description: From whom a MariaDB or MySQL server replicates, as a state
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Describes one replication channel (MariaDB calls it a named connection) as it shall be. Reads what the server knows, plans the
    smallest sequence of statements, and runs it. Threads are stopped only where something is to be changed, and started again.
  - Only what is given is compared and set. What is left out stays as the server has it, on a new channel as the server's defaults are.
  - Before anything is stopped the source is asked, with the login the replica will use, whether the replica can follow it. A wrong
    password, an unknown host, missing TLS, a missing binary log, a source whose GTID mode is not V(ON), equal server ids and errant
    transactions are refused while the old configuration goes on running. What another channel brought is not errant, unless this source
    has transactions of the same domain (MariaDB) or server (MySQL).
  - A channel with GTIDs that has the wrong source is repointed. One without is refused, unless a position is given for the new source,
    or the new source is the same server under another name.
  - A position that is given to a channel which replicates already from this source is not a difference. The channel is where it is.
notes:
  - MariaDB keeps the replication password in C(master.info) in its data directory and MySQL in C(mysql.slave_master_info). There it is
    compared, without being shown. MariaDB's file is readable only where the server runs, so run the module there.
  - MySQL masks passwords itself. MariaDB shows a statement as it is written while it runs. The module keeps it out of the general log and
    the slow log, and puts so long a comment before the password that C(information_schema.PROCESSLIST) and the performance schema end
    before it. C(SHOW FULL PROCESSLIST) has no such end. A user with the privilege C(PROCESS) who looks in the few milliseconds the
    statement takes sees the password there, which no statement of MariaDB can avoid.
  - Servers forget O(filters) when they restart, unless their configuration has them, too.
  - Speaks with MariaDB from 10.5.1 and MySQL from 8.0.23. Tried on MariaDB 10.11 and 11.8 and on MySQL 9.7.
attributes:
  check_mode:
    support: full
    description: Nothing is changed. What the source would refuse is a warning.
  diff_mode:
    support: full
    description: The parameters that change. A password is never shown.
options:
  channel:
    description: Name of the channel, on MariaDB of the connection. Empty for the default one.
    type: str
    default: ""
  state:
    description:
      - V(started) with both threads running, V(stopped) with neither.
      - V(absent) stops it and forgets all of it, among that the password and the relay logs.
    type: str
    choices: [started, stopped, absent]
    default: started
  source_host:
    description: Host of the source. Needed for a new channel.
    type: str
  source_port:
    description: Port of the source. The server's default is 3306.
    type: int
  source_user:
    description: User to replicate as. Needed for a new channel.
    type: str
  source_password:
    description: The user's password, at most 96 characters for MariaDB and 32 for MySQL.
    type: str
  settings:
    description:
      - Parameters of the channel in one dictionary, for those who work them out elsewhere. Each is described under the option of its name,
        which goes before where both are given.
    type: dict
    suboptions:
      source_host:
        description: See O(source_host).
        type: str
      source_port:
        description: See O(source_port).
        type: int
      source_user:
        description: See O(source_user).
        type: str
      gtid:
        description: See O(gtid).
        type: str
        choices: [auto, slave_pos, current_pos, auto_position, none]
      connect_retry:
        description: See O(connect_retry).
        type: int
      retry_count:
        description: See O(retry_count).
        type: int
      heartbeat_period:
        description: See O(heartbeat_period).
        type: float
      ssl:
        description: See O(ssl).
        type: bool
      ssl_ca:
        description: See O(ssl_ca).
        type: path
      ssl_verify_server_cert:
        description: See O(ssl_verify_server_cert).
        type: bool
      get_source_public_key:
        description: See O(get_source_public_key).
        type: bool
  update_password:
    description:
      - With V(on_difference) the password is set when it is not the one in use. Where that cannot be read, the module says so in a warning
        and in RV(password_compared), and sets it only with another source or user.
      - V(always) sets it on every run, V(never) only on a new channel.
    type: str
    choices: [on_difference, always, never]
    default: on_difference
  gtid:
    description:
      - How the position is found. V(auto) is V(slave_pos) on MariaDB, unless GTIDs are in use already, and V(auto_position) on MySQL.
      - V(slave_pos) and V(current_pos) are MariaDB's, V(auto_position) is MySQL's, V(none) uses a position in a binary log.
      - Left out, a channel stays as it is, and a new one is V(auto) unless O(source_log_file) is given.
    type: str
    choices: [auto, slave_pos, current_pos, auto_position, none]
  source_log_file:
    description: Binary log of the source to begin with, without GTIDs.
    type: str
  source_log_pos:
    description: Position in O(source_log_file) to begin at.
    type: int
  demote:
    description:
      - What this server has written itself counts as replicated when it gets a source, so that an old source can follow a new one. On
        MariaDB this is C(MASTER_DEMOTE_TO_SLAVE), sent only when it is needed. MySQL does so by itself.
    type: bool
    default: true
  connect_retry:
    description: Seconds between attempts to connect.
    type: int
  retry_count:
    description: Attempts to connect before giving up. MySQL only, V(0) is no limit.
    type: int
  heartbeat_period:
    description: Seconds between heartbeats, in steps of a millisecond. V(0) is none.
    type: float
  delay:
    description: Seconds to stay behind the source.
    type: int
  ssl:
    description: Use TLS.
    type: bool
  ssl_ca:
    description: File with the certificates of the authorities that may have signed the source's, on the replica's host.
    type: path
  ssl_capath:
    description: Directory with such files.
    type: path
  ssl_cert:
    description: File with the replica's certificate.
    type: path
  ssl_key:
    description: File with the replica's key.
    type: path
  ssl_cipher:
    description: Ciphers that may be used.
    type: str
  ssl_crl:
    description: File with revoked certificates.
    type: path
  ssl_crlpath:
    description: Directory with such files.
    type: path
  ssl_verify_server_cert:
    description: Verify the source's certificate, and that it bears O(source_host).
    type: bool
  bind:
    description: Address or interface to connect from. MySQL only.
    type: str
  tls_version:
    description: TLS versions that may be used. MySQL only.
    type: str
  tls_ciphersuites:
    description: Ciphersuites of TLS 1.3 that may be used. MySQL only.
    type: str
  source_public_key_path:
    description: File with the source's public key, for a password without TLS. MySQL only.
    type: path
  get_source_public_key:
    description: Ask the source for its public key, for a password without TLS. MySQL only.
    type: bool
  compression_algorithms:
    description: Compression of the connection, as V(zstd,uncompressed). MySQL only.
    type: str
  zstd_compression_level:
    description: Level of zstd. MySQL only.
    type: int
  gtid_only:
    description: Do not keep positions beside GTIDs. MySQL only.
    type: bool
  ignore_server_ids:
    description: Servers whose transactions are ignored. MySQL refuses it when GTIDs are on.
    type: list
    elements: int
  do_domain_ids:
    description: The only replication domains to take. MariaDB only.
    type: list
    elements: int
  ignore_domain_ids:
    description: Replication domains to leave out. MariaDB only.
    type: list
    elements: int
  filters:
    description: Replication filters of the channel. A kind that is left out stays as it is, an empty list removes that kind.
    type: dict
    suboptions:
      do_db:
        description: The only databases to apply.
        type: list
        elements: str
      ignore_db:
        description: Databases to leave out.
        type: list
        elements: str
      do_table:
        description: The only tables to apply, C(database.table).
        type: list
        elements: str
      ignore_table:
        description: Tables to leave out, C(database.table).
        type: list
        elements: str
      wild_do_table:
        description: The only tables to apply, as patterns with C(%) and C(_).
        type: list
        elements: str
      wild_ignore_table:
        description: Tables to leave out, as patterns with C(%) and C(_).
        type: list
        elements: str
      rewrite_db:
        description: Databases to apply under another name. On MariaDB from 10.11.
        type: list
        elements: dict
        suboptions:
          from:
            description: Name at the source.
            type: str
            required: true
          to:
            description: Name here.
            type: str
            required: true
  check_source:
    description:
      - Log in at the source as the replica will, from the host the module runs on, before something is changed or started.
      - Needs O(source_password), or that the one in use can be read. Each attempt is bounded by O(connect_timeout).
    type: bool
    default: true
  source_gtid:
    description:
      - What the source has executed, when it cannot be asked, the value RV(failover.stack.mysql_replica_info#module:gtid) of the source.
      - Used to find errant transactions. What the source says itself goes before.
    type: dict
  allow_errant:
    description:
      - Replicate although this server has transactions that the source has not. They stay here, the two servers differ, and replication may
        break over it.
    type: bool
    default: false
  wait:
    description: Seconds to wait until both threads run, after a change and without one. V(0) does not wait.
    type: int
    default: 30
extends_documentation_fragment:
  - failover.stack.mysql_login
seealso:
  - module: failover.stack.mysql_replica_info
"""

EXAMPLES = r"""
- name: Replicate from db1 with GTIDs and TLS
  failover.stack.mysql_replica:
    source_host: 198.18.0.31
    source_user: replication
    source_password: "{{ replication_password }}"
    gtid: auto
    ssl: true
    ssl_ca: /etc/mysql/tls/ca.crt
    ssl_verify_server_cert: true

- name: A second source, an hour behind, without one database
  failover.stack.mysql_replica:
    channel: archive
    source_host: 198.18.0.40
    source_user: replication
    source_password: "{{ replication_password }}"
    delay: 3600
    filters: {ignore_db: [scratch]}

- name: Replicate no more
  failover.stack.mysql_replica:
    state: absent
"""

RETURN = r"""
statements:
  description: The statements that were run, or would be run in check mode. Passwords are masked.
  returned: always
  type: list
  elements: str
  sample: ["STOP SLAVE ''", "CHANGE MASTER '' TO MASTER_HOST = '198.18.0.32'", "START SLAVE ''"]
repointed_from:
  description: The source before, C(host:port), when it was another one.
  returned: when the source changed
  type: str
  sample: "198.18.0.31:3306"
password_compared:
  description: Whether the password was compared with the one in use. Null when there was nothing to compare.
  returned: always
  type: bool
  sample: true
replication:
  description: The channel afterwards as M(failover.stack.mysql_replica_info) returns it, null when it is absent.
  returned: always
  type: dict
  sample: {channel: "", source_host: 198.18.0.32, source_port: 3306, receiver: running, applier: running, lag: 0, gtid: slave_pos}
problems:
  description: One sentence for each reason for which something was refused.
  returned: when something is refused
  type: list
  elements: str
  sample: ["the source 198.18.0.32:3306 has no binary log: turn on log_bin there and restart it."]
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica_run import Replica
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure, opened

NAMES = {"type": "list", "elements": "str"}
REWRITE = {"from": {"type": "str", "required": True}, "to": {"type": "str", "required": True}}
FILTERS = {
    "do_db": NAMES, "ignore_db": NAMES, "do_table": NAMES, "ignore_table": NAMES, "wild_do_table": NAMES, "wild_ignore_table": NAMES,
    "rewrite_db": {"type": "list", "elements": "dict", "options": REWRITE},
}
PARAMETERS = {
    "channel": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["started", "stopped", "absent"], "default": "started"},
    "source_host": {"type": "str"},
    "source_port": {"type": "int"},
    "source_user": {"type": "str"},
    "source_password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_difference", "always", "never"], "default": "on_difference", "no_log": False},
    "gtid": {"type": "str", "choices": ["auto", "slave_pos", "current_pos", "auto_position", "none"]},
    "source_log_file": {"type": "str"},
    "source_log_pos": {"type": "int"},
    "demote": {"type": "bool", "default": True},
    "connect_retry": {"type": "int"},
    "retry_count": {"type": "int"},
    "heartbeat_period": {"type": "float"},
    "delay": {"type": "int"},
    "ssl": {"type": "bool"},
    "ssl_ca": {"type": "path"},
    "ssl_capath": {"type": "path"},
    "ssl_cert": {"type": "path"},
    "ssl_key": {"type": "path", "no_log": False},
    "ssl_cipher": {"type": "str"},
    "ssl_crl": {"type": "path"},
    "ssl_crlpath": {"type": "path"},
    "ssl_verify_server_cert": {"type": "bool"},
    "bind": {"type": "str"},
    "tls_version": {"type": "str"},
    "tls_ciphersuites": {"type": "str"},
    "source_public_key_path": {"type": "path", "no_log": False},
    "get_source_public_key": {"type": "bool", "no_log": False},
    "compression_algorithms": {"type": "str"},
    "zstd_compression_level": {"type": "int"},
    "gtid_only": {"type": "bool"},
    "ignore_server_ids": {"type": "list", "elements": "int"},
    "do_domain_ids": {"type": "list", "elements": "int"},
    "ignore_domain_ids": {"type": "list", "elements": "int"},
    "filters": {"type": "dict", "options": FILTERS},
    "check_source": {"type": "bool", "default": True},
    "source_gtid": {"type": "dict"},
    "allow_errant": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 30},
}

# None has a default: who leaves one out leaves it to the server.
SETTINGS = ("source_host", "source_port", "source_user", "gtid", "connect_retry", "retry_count", "heartbeat_period", "ssl", "ssl_ca",
            "ssl_verify_server_cert", "get_source_public_key")
SPEC = dict(PARAMETERS, settings={"type": "dict", "options": {name: PARAMETERS[name] for name in SETTINGS}})


def with_settings(params):
    """The parameters, those of `settings` in their places where nothing else is given."""
    given = params["settings"] or {}
    return {**params, **{name: value for name, value in given.items() if params[name] is None}}


def work(module, server, host):
    params = module.params
    try:
        replica = Replica(server, params, host, module.warn).read()
    except Failure as failure:
        raise Failure("%s: %s." % (host, str(failure).rstrip(".")), failure.code) from failure
    old = replica.channel
    plan = replica.plan()
    refuse_incomplete(params, host, old)
    result = {"changed": plan.changed, "statements": replica.statements(plan.steps), "password_compared": replica.compared,
              "replication": old}
    if plan.repoints:
        result["repointed_from"] = "%s:%s" % (old["source_host"], old["source_port"])
    if module._diff:
        result["diff"] = {"before": plan.before, "after": plan.after}
    if params["state"] == "started" and (plan.changes or plan.starts):
        ask_first(module, replica, host, result)
    if module.check_mode:
        return result
    replica.apply(plan.steps)
    if params["state"] == "started" and params["wait"]:
        wait(replica, params, host, plan, result)
    result["replication"] = replica.query() if plan.changed else replica.channel
    return result


def refuse_incomplete(params, host, old):
    missing = [name for name in ("source_host", "source_user") if not params[name]]
    if old is None and params["state"] != "absent" and missing:
        raise Failure("%s: channel '%s' is new, so %s must be given." % (host, params["channel"], " and ".join(missing)))


def ask_first(module, replica, host, result):
    problems = replica.problems_of_source()
    if not problems:
        return
    if module.check_mode:
        for problem in problems:
            module.warn("%s: %s" % (host, problem))
        return
    runs = " and the old configuration runs on" if result["replication"] and result["replication"]["receiver"] != "stopped" else ""
    result.update(changed=False, statements=[])
    result.pop("repointed_from", None)
    raise Failure("%s: %s Nothing was changed%s." % (host, " ".join(problems), runs), problems=problems, **result)


def wait(replica, params, host, plan, result):
    trouble = replica.wait(params["wait"], settle=plan.changed)
    if trouble:
        before = " Before this it replicated from %s." % result["repointed_from"] if "repointed_from" in result else ""
        result["replication"] = replica.channel
        raise Failure("%s: %s%s" % (host, trouble, before), **result)


def main():
    module = AnsibleModule(
        argument_spec=dict(LOGIN, **SPEC), supports_check_mode=True,
        required_together=[("source_log_file", "source_log_pos")],
    )
    module.params = with_settings(module.params)
    host = platform.node()
    with opened(module, host) as server:
        result = work(module, server, host)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
