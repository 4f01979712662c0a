# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: alternative_names
short_description: Host names and addresses as a certificate's subject alternative names
version_added: 0.6.0
author: The failover.stack founders (@failover-stack)
description: Prefixes addresses with C(IP:) and everything else with C(DNS:).
options:
  _input:
    description: Host names, wildcards and addresses.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
subject_alt_name: "{{ ['www.example.org', '198.51.100.1'] | failover.stack.alternative_names }}"
"""

RETURN = r"""
_value:
  description: The names.
  type: list
  elements: str
  sample: ["DNS:www.example.org", "IP:198.51.100.1"]
"""

from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import alternative_names


class FilterModule:
    def filters(self):
        return {"alternative_names": alternative_names}
