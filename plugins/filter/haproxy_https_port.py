# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_https_port
short_description: Port that a frontend redirects plain requests to
version_added: 0.6.0
author: The failover.stack founders (@failover-stack)
description:
  - The frontend's C(https_port), else the port at which it ends TLS itself, else that at which another frontend of mode http does.
  - 443 where TLS ends at none or at several ports.
positional: frontends
options:
  _input:
    description: One of the frontends.
    type: dict
    required: true
  frontends:
    description: The variable C(haproxy_frontends).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
port: "{{ haproxy_frontends[0] | failover.stack.haproxy_https_port(haproxy_frontends) }}"
"""

RETURN = r"""
_value:
  description: The port.
  type: int
"""

from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import https_port


class FilterModule:
    def filters(self):
        return {"haproxy_https_port": https_port}
