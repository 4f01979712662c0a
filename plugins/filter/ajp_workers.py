# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ajp_workers
short_description: List the AJP connectors that the Tomcat hosts of the inventory offer
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads C(tomcat_cluster_instances) of every host of the given groups and returns one entry for each service with an C(ajp_port).
  - A service without a C(jvm_route) has the route C(host-instance) with its dots replaced by hyphens.
positional: groups, wanted
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  groups:
    description: The groups of the inventory, C(groups).
    type: dict
    required: true
  wanted:
    description: Names of the groups to look at. A group that is missing offers nothing.
    type: list
    elements: str
    required: true
  service:
    description: Only the connectors of this service.
    type: str
"""

EXAMPLES = r"""
connectors: "{{ hostvars | failover.stack.ajp_workers(groups, ['tomcat'], service='user') }}"
"""

RETURN = r"""
_value:
  description: The connectors, in the order of the inventory.
  type: list
  elements: dict
  sample: [{group: tomcat, service: user, host: web1, instance: a, address: 198.18.0.21, port: 8009, route: web1-a}]
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import ajp_workers


def from_inventory(hostvars, groups, wanted, service=None):
    """Malformed instances are the Tomcat role's to complain about; here they must only be told apart."""
    try:
        found = ajp_workers(hostvars, groups, wanted)
    except (AttributeError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            "tomcat_cluster_instances of a host of %s is malformed (%s): see the role tomcat_cluster for its shape." % (
                ", ".join(sorted(set(wanted))), error)) from error
    return [item for item in found if service in (None, item["service"])]


class FilterModule:
    def filters(self):
        return {"ajp_workers": from_inventory}
