#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: httpd_reload
short_description: Reload Apache httpd gracefully and wait until its new processes serve
version_added: 0.1.0
author: The failover.stack founders (@failover-stack)
description:
  - A graceful reload fails no new connection, but httpd accepts none for up to a second, until its new processes are there. With a task's
    C(throttle) of 1 this module keeps the web hosts from doing so at the same time.
  - On connections that clients keep open a request can fail that comes at the moment at which httpd closes them (seen with 3 to 15 of
    18,000 in 10 reloads). The role apache_modjk lets systemd end these before any reload, by the answers to their next requests, which
    takes as long as httpd keeps connections (apache_modjk_keepalive_timeout_s).
attributes:
  check_mode:
    support: full
    description: Nothing is reloaded.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  unit:
    description: The systemd unit.
    type: str
    default: apache2.service
  url:
    description: httpd's own status page, readable from this host.
    type: str
    default: http://127.0.0.1/server-status
  timeout:
    description: How long (seconds) to wait for the new processes.
    type: int
    default: 15
  pause:
    description: How long (seconds) to wait after that, so that balancers in front see this host again before the next one reloads.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Reload httpd, one host at a time
  failover.stack.httpd_reload:
    pause: 2
  throttle: 1
"""

RETURN = r"""
generation:
  description: Number of the process generation that serves now.
  returned: when something was reloaded
  type: int
  sample: 5
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, ask, generation_of


def generation(module, timeout):
    """None when httpd does not answer, which may be so in the midst of a reload."""
    try:
        return generation_of(ask(module.params["url"], timeout, auto=""))
    except StatusError:
        return None


def main():
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "default": "apache2.service"},
            "url": {"type": "str", "default": "http://127.0.0.1/server-status"},
            "timeout": {"type": "int", "default": 15},
            "pause": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=True)
    before = generation(module, 2)
    systemctl = module.get_bin_path("systemctl", required=True)
    rc, out, err = module.run_command([systemctl, "reload-or-restart", given["unit"]])
    if rc:
        module.fail_json(msg="%s could not be reloaded: %s" % (given["unit"], (err or out).strip()), rc=rc)
    end = time.monotonic() + given["timeout"]
    while True:
        now = generation(module, 2)
        if now not in (None, before):
            break
        if time.monotonic() >= end:
            module.fail_json(msg="%s was reloaded, but no new processes serve %s after %d s: see its error log." % (
                given["unit"], given["url"], given["timeout"]))
        time.sleep(0.1)
    time.sleep(given["pause"])
    module.exit_json(changed=True, generation=now[1])


if __name__ == "__main__":
    main()
