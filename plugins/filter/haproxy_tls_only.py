# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the stickiness cookie of a backend be marked secure?"""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_tls_only
short_description: Tell whether visitors reach a backend through TLS alone
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - True when every frontend that sends to the backend ends TLS on all its binds or redirects plain requests to https.
positional: frontends
options:
  _input:
    description: Name of the backend.
    type: str
    required: true
  frontends:
    description: The variable C(haproxy_frontends).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
secure: "{{ 'web' | failover.stack.haproxy_tls_only(haproxy_frontends) }}"
"""

RETURN = r"""
_value:
  description: The answer.
  type: bool
"""

from ansible_collections.failover.stack.plugins.module_utils._web.haproxy import tls_only


class FilterModule:
    def filters(self):
        return {"haproxy_tls_only": tls_only}
