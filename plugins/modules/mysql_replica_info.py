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
  - The return value of each member is what P(failover.stack.mysql_topology#filter) and
    P(failover.stack.mysql_failover_candidate#filter) work on.
  - Passwords are never returned.
notes:
  - The user needs on MariaDB C(SLAVE MONITOR), C(BINLOG MONITOR), C(REPLICATION MASTER ADMIN) and C(SHOW DATABASES), on MySQL
    C(REPLICATION CLIENT), C(REPLICATION SLAVE), C(SHOW DATABASES) and C(SELECT) on C(performance_schema). What it may not see is null.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
options:
  unreachable_ok:
    description: A server that does not answer, or a missing PyMySQL, is reported by RV(reachable) instead of failing.
    type: bool
    default: false
extends_documentation_fragment:
  - failover.stack.mysql_login
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
reachable:
  description: Whether the server answered. When not, only RV(because) and RV(recorded) stand beside it.
  returned: always
  type: bool
because:
  description: Why it could not be asked.
  returned: when it is not reachable
  type: str
dialect:
  description: V(mariadb) or V(mysql).
  returned: when reachable
  type: str
version:
  description: Three numbers.
  returned: when reachable
  type: str
  sample: 10.11.18
version_full:
  description: The server's own words.
  returned: when reachable
  type: str
server_id:
  description: Server id.
  returned: when reachable
  type: int
server_uuid:
  description: UUID of a MySQL server, unique id of a MariaDB server.
  returned: when reachable
  type: str
hostname:
  description: Host name the server knows for itself.
  returned: when reachable
  type: str
port:
  description: TCP port.
  returned: when reachable
  type: int
datadir:
  description: Data directory.
  returned: when reachable
  type: str
read_only:
  description: Variable C(read_only).
  returned: when reachable
  type: bool
super_read_only:
  description: Variable C(super_read_only), on MariaDB always false.
  returned: when reachable
  type: bool
writable:
  description: Whether applications may write, that is neither RV(read_only) nor RV(super_read_only).
  returned: when reachable
  type: bool
log_bin:
  description: Whether there is a binary log.
  returned: when reachable
  type: bool
log_replica_updates:
  description: Whether what is replicated goes into the binary log.
  returned: when reachable
  type: bool
binlog_format:
  description: Format of the binary log.
  returned: when reachable
  type: str
binary_log:
  description: Keys C(file) and C(position) of the binary log, null without one or without the right to see it.
  returned: when reachable
  type: dict
auto_increment:
  description: Keys C(increment) and C(offset).
  returned: when reachable
  type: dict
tls:
  description: Whether the server offers TLS.
  returned: when reachable
  type: bool
galera:
  description: Whether it is a member of a Galera cluster.
  returned: when reachable
  type: bool
gtid:
  description: Global transaction ids.
  returned: when reachable
  type: dict
  contains:
    enabled:
      description: Whether GTIDs are on. Always on MariaDB.
      type: bool
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
      description: Whether an empty replica could follow from the binary logs alone. Null when that may not be seen.
      type: bool
channels:
  description:
    - A dictionary for each replication channel (named connection), with what M(failover.stack.mysql_replica) sets, the password left out.
    - Of MySQL alone are C(bind), C(tls_version), C(tls_ciphersuites), C(source_public_key_path), C(get_source_public_key),
      C(compression_algorithms), C(zstd_compression_level) and C(gtid_only), of MariaDB alone C(do_domain_ids) and C(ignore_domain_ids).
  returned: when reachable
  type: list
  elements: dict
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
semi_sync:
  description:
    - Semi-synchronous replication. Keys C(source_enabled), C(replica_enabled), C(source_active), C(replica_active), C(clients),
      C(timeout_ms), C(wait_point), C(acknowledged) and C(unacknowledged) (transactions since the start).
  returned: when reachable
  type: dict
databases:
  description: Databases that are not the server's own. Null when they may not be seen.
  returned: when reachable
  type: list
  elements: str
blank:
  description: Whether there are no such databases. Null when that may not be seen.
  returned: when reachable
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._mysql_connection import LOGIN, Failure, open_server
from ansible_collections.failover.stack.plugins.module_utils._mysql_guard import read_record
from ansible_collections.failover.stack.plugins.module_utils._mysql_status import read_info


def main():
    module = AnsibleModule(
        argument_spec=dict(LOGIN, unreachable_ok={"type": "bool", "default": False}),
        supports_check_mode=True,
    )
    # What the agent of the writer address keeps on disk: known whether the server runs or not.
    recorded = bool(read_record()[0].get("writer"))
    try:
        server = open_server(module.params)
    except Failure as failure:
        if module.params["unreachable_ok"]:
            module.exit_json(changed=False, reachable=False, because=str(failure), recorded=recorded)
        module.fail_json(msg=str(failure))
    try:
        info = read_info(server)
    except Failure as failure:
        module.fail_json(msg=str(failure))
    finally:
        server.close()
    module.exit_json(changed=False, recorded=recorded, **info)


if __name__ == "__main__":
    main()
