#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates_info
short_description: Tell how long certificates are valid
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads PEM files on a host. Of a file with several certificates the one that ends first counts. Needs Python's cryptography.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
options:
  paths:
    description: The files. One that is not there, or has no certificate, is left out.
    type: list
    elements: path
    required: true
  soon_days:
    description: Days before its end from which on a certificate ends soon; of a short one the last twentieth of its life.
    type: int
    default: 7
"""

EXAMPLES = r"""
- name: See how long the certificates are valid
  failover.stack.certificates_info:
    paths: [/etc/haproxy/certs/site.pem]
  register: certificates
"""

RETURN = r"""
days:
  description: Days for which each is valid; negative when it has ended.
  returned: always
  type: dict
  sample: {/etc/haproxy/certs/site.pem: 312.4}
renew:
  description: Those in the last quarter of their life, or in its last year when that is less.
  returned: always
  type: list
  elements: str
  sample: []
ending:
  description: Those that end soon, see O(soon_days).
  returned: always
  type: list
  elements: str
  sample: []
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import tls


def first_to_end(path):
    """The certificate of a file that ends first; None where there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return tls.first_to_end(handle.read())
    except FileNotFoundError:
        return None


def main():
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "required": True},
            "soon_days": {"type": "int", "default": 7},
        },
        supports_check_mode=True,
    )
    if tls.x509 is None:
        module.fail_json(msg=tls.MISSING % os.uname().nodename)
    found = {path: first_to_end(path) for path in module.params["paths"]}
    found = {path: certificate for path, certificate in found.items() if certificate}
    module.exit_json(
        changed=False, days={path: tls.days_left(certificate) for path, certificate in found.items()},
        renew=[path for path, certificate in found.items() if tls.ending(certificate)],
        ending=[path for path, certificate in found.items() if tls.ends_soon(certificate, module.params["soon_days"])])


if __name__ == "__main__":
    main()
