#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bench_ab
short_description: Load a web server with ab once and return the figures
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description:
  - Runs C(ab) (ApacheBench) once, each request on a connection of its own, bounded in time and in number.
  - Changes nothing, but it is a load on O(url).
requirements:
  - ab, in Debian's package apache2-utils.
attributes:
  check_mode:
    support: full
    description: No request is sent and no figures are returned.
options:
  url:
    description: What to ask for.
    type: str
    required: true
  concurrency:
    description: Requests under way at a time.
    type: int
    default: 32
  seconds:
    description: Time after which ab ends, in seconds.
    type: int
    default: 5
  requests:
    description: Number of requests after which ab ends.
    type: int
    default: 200000
  label:
    description: Returned beside the figures, to tell one run from the other.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: How much does it serve?
  failover.stack.bench_ab:
    url: http://198.18.0.100/bench.html
    seconds: 10
    label: {mode: DR}
"""

RETURN = r"""
figures:
  description: O(label), and what ab has found.
  returned: not in check mode
  type: dict
  contains:
    requests_per_s:
      description: Good answers a second. What failed does not count, other than in ab's own figure.
      type: float
    complete:
      description: Completed requests.
      type: int
    failed:
      description: Requests that ab counts as failed.
      type: int
    bytes:
      description: Bytes received.
      type: int
    non_2xx:
      description: Answers with a status other than 2xx.
      type: int
    taken_s:
      description: Seconds it took.
      type: float
    time_per_request_ms:
      description: Mean time of a request in milliseconds.
      type: float
    p50_ms:
      description: Median time of a request in milliseconds.
      type: int
    p95_ms:
      description: 95 % took at most so many milliseconds.
      type: int
    p99_ms:
      description: 99 % took at most so many milliseconds.
      type: int
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._bench_ab import command, parse, trouble


def main():
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "concurrency": {"type": "int", "default": 32},
            "seconds": {"type": "int", "default": 5},
            "requests": {"type": "int", "default": 200000},
            "label": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False)
    ab = module.get_bin_path("ab")
    if ab is None:
        module.fail_json(msg="%s: there is no ab here: install the package apache2-utils, then run again." % platform.node())
    arguments = command(ab, params["url"], params["concurrency"], params["seconds"], params["requests"])
    rc, out, err = module.run_command(arguments)
    figures = parse(out)
    said = trouble(rc, out, err, figures)
    if said:
        module.fail_json(msg="%s: ab got no figures of %s: %s. See whether that address answers from here." % (
            platform.node(), params["url"], said))
    module.exit_json(changed=False, figures=dict(params["label"], **figures))


if __name__ == "__main__":
    main()
