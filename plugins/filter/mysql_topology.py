# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about MariaDB's and MySQL's replication, answered on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids


def with_ansible_errors(function):
    """A GTID that is none becomes Ansible's own error."""
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except gtids.GtidError as error:
            raise AnsibleFilterError(str(error)) from error

    return call


class FilterModule:
    def filters(self):
        return {
            "mysql_topology": with_ansible_errors(topology),
            "mysql_failover_candidate": with_ansible_errors(candidate),
            "mysql_gtid_subtract": with_ansible_errors(gtids.subtract),
            "mysql_gtid_union": with_ansible_errors(gtids.union),
            "mysql_gtid_contains": with_ansible_errors(gtids.contains),
            "mysql_gtid_errant": with_ansible_errors(gtids.errant),
        }
