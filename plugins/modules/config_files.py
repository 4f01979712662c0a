#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write all configuration files of a service together, checked as a whole
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - Writes a set of files in one task, runs the service's own checker on the whole set and leaves the
    host as it was when the checker refuses.
  - Secrets are given apart from the contents and appear in no diff, log or result.
attributes:
  check_mode:
    support: full
    description: Nothing is written. A staged check runs where its program is installed.
  diff_mode:
    support: full
    description: >-
      One entry a file. The old text is shown whole only where anybody on the host can read it, this collection wrote it and the new file
      has no secret; otherwise only the lines that the new file has too.
extends_documentation_fragment: [failover.stack.config_files]
"""

EXAMPLES = r"""
- name: Write the balancer's configuration, checked before it replaces the old one
  failover.stack.config_files:
    files:
      - path: /etc/haproxy/haproxy.cfg
        content: "{{ lookup('ansible.builtin.template', 'haproxy.cfg.j2') }}"
        group: haproxy
        mode: "0640"
    secrets:
      stats_password: "{{ haproxy_stats_password }}"
    validate:
      - haproxy -c -f %s/etc/haproxy/haproxy.cfg

- name: The service's directory, a link, and what an older version left
  failover.stack.config_files:
    directories: [{path: /etc/example/conf.d, mode: "0750", group: example}]
    links: [{path: /etc/example/current, target: conf.d}]
    absent: [/etc/example/old.conf]

- name: Only these sites; other files of the pattern go
  failover.stack.config_files:
    files: "{{ example_sites }}"
    purge: [{directory: /etc/example/sites, pattern: "*.conf"}]
    validate: [example --check]
"""

RETURN = r"""
changed_paths:
  description: Files, links and directories that were (in check mode, would be) written or removed.
  returned: always
  type: list
  elements: str
  sample: [/etc/haproxy/haproxy.cfg]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.files_run import SPEC, ConfigFiles


def main():
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.exit_json(**ConfigFiles(module).run())


if __name__ == "__main__":
    main()
