#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mysql_replica_info
short_description: What a MariaDB or MySQL server tells of itself and its replication
version_added: 0.3.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads who the server is, whether it may be written to, its GTIDs, its replication channels and its own replicas, in the same words
    for MariaDB and MySQL.
  - The return value of each member is what roles judge a cluster by.
  - Passwords are never returned.
notes:
  - The user needs on MariaDB C(SLAVE MONITOR), C(BINLOG MONITOR), C(REPLICATION MASTER ADMIN) and C(SHOW DATABASES), on MySQL
    C(REPLICATION CLIENT), C(REPLICATION SLAVE), C(SHOW DATABASES) and C(SELECT) on C(performance_schema). What it may not see is null.
options:
  unreachable_ok:
    description: A server that does not answer, or a missing PyMySQL, is reported by RV(reachable) instead of failing.
    type: bool
    default: false
  read_timeout:
    description: Seconds to wait for each answer of the server, which may itself wait for a replica. One that hangs is not reachable.
    type: int
    default: 60
extends_documentation_fragment: [failover.stack.mysql_login, failover.stack.read_only]
"""

EXAMPLES = r"""
- name: Look at every member
  failover.stack.mysql_replica_info:
    unreachable_ok: true
  register: observed
"""

RETURN = r"""
recorded:
  description: Whether this host is recorded as its cluster's writer, see M(failover.stack.mysql_writer).
  returned: always
  type: bool
  sample: false
lease:
  description: >-
    Where the members decide by a lease who takes the writes, what this one's agent says, C(because) what it does, C(lease) whether it holds
    it, C(trouble) why it does not see etcd, C(refused) why it cannot follow. Empty elsewhere.
  returned: when it is reachable
  type: dict
  sample: {because: follows db1, lease: false, trouble: "", refused: ""}
answers:
  description: Whether somebody answers there and refuses, such as for a wrong password or too many connections.
  returned: when it is not reachable
  type: bool
  sample: true
gone:
  description: Whether nobody listens there. A server that hangs is not gone.
  returned: when it is not reachable
  type: bool
  sample: false
reachable:
  description: Whether the server answered. When not, only RV(because) and RV(recorded) stand beside it.
  returned: always
  type: bool
  sample: true
because:
  description: Why it could not be asked.
  returned: when it is not reachable
  type: str
  sample: "/run/mysqld/mysqld.sock: Connection refused"
dialect:
  description: V(mariadb) or V(mysql).
  returned: when reachable
  type: str
  sample: mariadb
version:
  description: Three numbers.
  returned: when reachable
  type: str
  sample: 10.11.18
version_full:
  description: The server's own words.
  returned: when reachable
  type: str
  sample: 10.11.19-MariaDB-0+deb12u1-log
server_id:
  description: Server id.
  returned: when reachable
  type: int
  sample: 12
server_uuid:
  description: UUID of a MySQL server, unique id of a MariaDB server.
  returned: when reachable
  type: str
  sample: Z5+nZXHZ73DU6d9dNAzpcHtS3Eg=
hostname:
  description: Host name the server knows for itself.
  returned: when reachable
  type: str
  sample: db2
port:
  description: TCP port.
  returned: when reachable
  type: int
  sample: 3306
datadir:
  description: Data directory.
  returned: when reachable
  type: str
  sample: /var/lib/mysql/
read_only:
  description: Variable C(read_only).
  returned: when reachable
  type: bool
  sample: true
super_read_only:
  description: Variable C(super_read_only), on MariaDB always false.
  returned: when reachable
  type: bool
  sample: false
writable:
  description: Whether applications may write, that is neither RV(read_only) nor RV(super_read_only).
  returned: when reachable
  type: bool
  sample: false
log_bin:
  description: Whether there is a binary log.
  returned: when reachable
  type: bool
  sample: true
log_replica_updates:
  description: Whether what is replicated goes into the binary log.
  returned: when reachable
  type: bool
  sample: true
binlog_format:
  description: Format of the binary log.
  returned: when reachable
  type: str
  sample: MIXED
binary_log:
  description: Keys C(file) and C(position) of the binary log, null without one or without the right to see it.
  returned: when reachable
  type: dict
  sample: {file: binlog.000001, position: 833}
auto_increment:
  description: Keys C(increment) and C(offset).
  returned: when reachable
  type: dict
  sample: {increment: 1, offset: 1}
tls:
  description: Whether the server offers TLS.
  returned: when reachable
  type: bool
  sample: true
galera:
  description: Whether it is a member of a Galera cluster.
  returned: when reachable
  type: bool
  sample: false
collation:
  description: What new tables get, C(server) by default (C(collation_server)), C(sets) where a character set is named
    (C(character_set_collations), null on a server without it).
  returned: when reachable
  type: dict
  sample: {server: utf8mb4_general_ci, sets: ""}
gtid:
  description: Global transaction ids.
  returned: when reachable
  type: dict
  sample: {enabled: true, strict: true, domain_id: 0, executed: 0-11-3, state: 0-11-3, slave: 0-11-3, purged: "", complete: true}
  contains:
    enabled:
      description: Whether GTIDs are on, that is C(mode) is V(ON). Always on MariaDB.
      type: bool
    mode:
      description: MySQL's C(gtid_mode). A source must have V(ON), a replica one of the permissive modes at least. V(ON) on MariaDB.
      type: str
    strict:
      description: MariaDB's C(gtid_strict_mode), MySQL's C(enforce_gtid_consistency).
      type: bool
    domain_id:
      description: MariaDB's domain, null on MySQL.
      type: int
    server_id:
      description: Server id once more, so that this part alone can be compared.
      type: int
    executed:
      description: All that the server has, written or replicated.
      type: str
    binlog:
      description: Last of the binary log.
      type: str
    slave:
      description: MariaDB's C(gtid_slave_pos).
      type: str
    current:
      description: MariaDB's C(gtid_current_pos).
      type: str
    state:
      description: MariaDB's C(gtid_binlog_state), the last of each server in each domain.
      type: str
    purged:
      description: What is no longer, or never was, in the binary logs, null when that may not be seen.
      type: str
    complete:
      description:
        - Whether an empty replica could follow from the binary logs alone. Null when that may not be seen.
        - They must go back to the first GTID and leave nothing out, and it must be proven that nothing was on the server before, by
          C(marked) or RV(pristine). Databases may be older than the log, and after C(RESET MASTER) or C(RESET BINARY LOGS AND GTIDS) it
          begins anew.
      type: bool
    marked:
      description: Whether the first binary log says that nothing was on the server before, see M(failover.stack.mysql_accounts).
      type: bool
channels:
  description:
    - A dictionary for each replication channel (named connection), with what M(failover.stack.mysql_replica) sets, the password left out.
    - Of MySQL alone are C(bind), C(tls_version), C(tls_ciphersuites), C(source_public_key_path), C(get_source_public_key),
      C(compression_algorithms), C(zstd_compression_level) and C(gtid_only), of MariaDB alone C(do_domain_ids) and C(ignore_domain_ids).
  returned: when reachable
  type: list
  elements: dict
  sample: [{channel: "", source_host: 198.18.0.31, source_port: 3306, receiver: running, applier: running, lag: 0, ssl: true}]
  contains:
    channel:
      description: Name, empty for the default one.
      type: str
    source_host:
      description: Host of the source.
      type: str
    source_port:
      description: Port of the source.
      type: int
    source_user:
      description: Replication user.
      type: str
    source_server_id:
      description: Server id of the source, 0 when it was never reached.
      type: int
    source_uuid:
      description: UUID of the source, on MySQL.
      type: str
    gtid:
      description: V(slave_pos), V(current_pos), V(auto_position) or V(none).
      type: str
    source_log_file:
      description: Binary log of the source that is being read.
      type: str
    source_log_pos:
      description: Position in it.
      type: int
    applied_log_file:
      description: Binary log of the source up to which is applied.
      type: str
    applied_log_pos:
      description: Position in it.
      type: int
    received:
      description: GTIDs received, on MariaDB the last of each domain, on MySQL the set.
      type: str
    receiver:
      description: Reading thread, V(running), V(connecting) or V(stopped).
      type: str
    receiver_state:
      description: The server's words for it.
      type: str
    receiver_errno:
      description: Number of its last error, 0 without.
      type: int
    receiver_error:
      description: Its last error.
      type: str
    applier:
      description: Applying thread, V(running) or V(stopped).
      type: str
    applier_state:
      description: The server's words for it.
      type: str
    applier_errno:
      description: Number of its last error, 0 without.
      type: int
    applier_error:
      description: Its last error.
      type: str
    lag:
      description: Seconds behind the source, null when the server does not know.
      type: int
    connect_retry:
      description: Seconds between attempts to connect.
      type: int
    retry_count:
      description: Attempts to connect, null where the server has no such setting for a channel.
      type: int
    heartbeat_period:
      description: Seconds between heartbeats.
      type: float
    delay:
      description: Seconds that the replica stays behind on purpose.
      type: int
    ssl:
      description: Whether TLS is used. Beside it stand ssl_ca, ssl_capath, ssl_cert, ssl_key, ssl_cipher, ssl_crl, ssl_crlpath.
      type: bool
    ssl_verify_server_cert:
      description: Whether the source's certificate is verified.
      type: bool
    ignore_server_ids:
      description: Servers whose transactions are ignored.
      type: list
      elements: int
    filters:
      description: Lists do_db, ignore_db, do_table, ignore_table, wild_do_table, wild_ignore_table, rewrite_db.
      type: dict
    relay_log_space:
      description: Bytes of relay log.
      type: int
replicas:
  description: The replicas that are connected, keys C(server_id), C(host), C(port) and C(server_uuid). Null when that may not be seen.
  returned: when reachable
  type: list
  elements: dict
  sample: [{server_id: 13, host: "", port: 3306, server_uuid: ""}]
semi_sync:
  description:
    - Semi-synchronous replication. Keys C(source_enabled), C(replica_enabled), C(source_active), C(replica_active), C(clients),
      C(timeout_ms), C(wait_point), C(acknowledged) and C(unacknowledged) (transactions since the start).
  returned: when reachable
  type: dict
  sample: {source_enabled: false, replica_enabled: true, replica_active: true, clients: 0, timeout_ms: 10000}
databases:
  description: Databases that are not the server's own. Null when they may not be seen.
  returned: when reachable
  type: list
  elements: str
  sample: [shop]
blank:
  description: Whether there are no such databases. Null when that may not be seen.
  returned: when reachable
  type: bool
  sample: false
pristine:
  description: Whether there are neither such databases nor accounts that somebody made. Null when that may not be seen.
  returned: when reachable
  type: bool
  sample: false
log_filters:
  description: Keys C(do_db) and C(ignore_db), what the binary log leaves out (C(binlog_do_db), C(binlog_ignore_db)).
  returned: when reachable
  type: dict
  sample: {do_db: [], ignore_db: []}
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import read_record
from ansible_collections.failover.stack.plugins.module_utils._mysql import lease
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, Failure, Unreachable, connect, login
from ansible_collections.failover.stack.plugins.module_utils._sql.status import read_info

# What PyMySQL and the kernel say where nobody listens: connection refused, or no socket.
NOBODY = re.compile(r"\[Errno (111|2)\]")
# PyMySQL's word for a server that says nothing within the time limit, or went away.
SILENT = 2013


def unreached(failure, recorded):
    """The result for a server that returned nothing about itself."""
    nobody = isinstance(failure, Unreachable) or failure.code == SILENT
    return {"changed": False, "reachable": False, "because": str(failure), "recorded": recorded, "answers": not nobody,
            "gone": nobody and bool(NOBODY.search(str(failure)))}


def main():
    module = AnsibleModule(
        argument_spec=dict(LOGIN, unreachable_ok={"type": "bool", "default": False}, read_timeout={"type": "int", "default": 60}),
        supports_check_mode=True,
    )
    # What the agent of the writer address keeps on disk: known whether the server runs or not.
    recorded = bool(read_record()[0].get("writer"))
    try:
        server = connect(dict(login(module.params), read_timeout=module.params["read_timeout"]))
    except Failure as failure:
        if module.params["unreachable_ok"]:
            module.exit_json(**unreached(failure, recorded))
        module.fail_json(msg=str(failure))
    try:
        info = read_info(server)
    except Failure as failure:
        if module.params["unreachable_ok"] and failure.code == SILENT:
            module.exit_json(**unreached(failure, recorded))
        module.fail_json(msg=str(failure))
    finally:
        server.close()
    module.exit_json(changed=False, recorded=recorded, lease=lease.told(), **info)


if __name__ == "__main__":
    main()
