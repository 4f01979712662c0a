#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bench_report
short_description: Make one table, one JSON file and one page of the measurements of a benchmark
version_added: 0.2.0
author: The failover.stack founders (@failover-stack)
description:
  - Takes the runs of M(failover.stack.bench_round), computes efficiency and processor seconds, writes C(bench.json) and a self-contained
    C(index.html), and points C(latest-bench) beside the report's directory at it.
  - Efficiency is what all nodes serve, divided by the sum of what each of them serves alone, the geometric mean of the rounds.
  - A budget is kept when all of its 95 % interval is at least that much, missed when all of it is below, and undecided otherwise.
attributes:
  check_mode:
    support: full
    description: Writes nothing in check mode.
options:
  directory:
    description: The report's directory.
    type: path
    required: true
  runs:
    description: RV(failover.stack.bench_round#module:runs) of all rounds.
    type: list
    elements: dict
    required: true
  modes:
    description: Names of the modes in the order wanted.
    type: list
    elements: str
    required: true
  efficiency_min:
    description: The least efficiency by mode.
    type: dict
    default: {}
  template:
    description: The page, with C(@@NAMES@@) where figures belong.
    type: path
    required: true
  about:
    description: Facts for the head of the page.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Publish the report
  failover.stack.bench_report:
    directory: reports/20260101T000000Z-bench
    runs: "{{ bench_runs }}"
    modes: [DR, NAT]
    efficiency_min: {DR: 0.98}
    template: report.html
  delegate_to: localhost
"""

RETURN = r"""
table:
  description: Lines for a terminal.
  returned: always
  type: list
  elements: str
processors:
  description: Lines for a terminal about what each machine computed.
  returned: always
  type: list
  elements: str
missed:
  description: A sentence for each expectation that did not hold or is undecided.
  returned: always
  type: list
  elements: str
results:
  description: Requests a second, efficiency with its 95 % interval, verdict and processor seconds by mode.
  returned: always
  type: list
  elements: dict
elsewhere:
  description: Processors of this machine that worked for something else during the measurements, or were taken from it.
  returned: always
  type: dict
page:
  description: Path of the page.
  returned: always
  type: str
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._bench_page import page
from ansible_collections.failover.stack.plugins.module_utils._bench_report import elsewhere, missed, processors, summarize, table


def write(path, text):
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)


def point(link, target):
    """Replaces a symbolic link in one step."""
    fresh = link + ".new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(target, fresh)
    os.rename(fresh, link)


def main():
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "runs": {"type": "list", "elements": "dict", "required": True},
            "modes": {"type": "list", "elements": "str", "required": True},
            "efficiency_min": {"type": "dict", "default": {}},
            "template": {"type": "path", "required": True},
            "about": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params = module.params
    directory = params["directory"].rstrip("/")
    wanted = {mode: float(least) for mode, least in params["efficiency_min"].items()}
    results, others = summarize(params["runs"], params["modes"], wanted), elsewhere(params["runs"])
    sentences = missed(results)
    if not module.check_mode:
        os.makedirs(directory, exist_ok=True)
        kept = {"about": params["about"], "passed": not sentences, "missed": sentences, "results": results, "elsewhere": others,
                "runs": params["runs"]}
        write(os.path.join(directory, "bench.json"), json.dumps(kept, indent=1) + "\n")
        with open(params["template"], encoding="utf-8") as handle:
            template = handle.read()
        write(os.path.join(directory, "index.html"), page(template, results, others, params["about"]))
        point(os.path.join(os.path.dirname(directory), "latest-bench"), os.path.basename(directory))
    module.exit_json(changed=not module.check_mode, table=table(results), processors=processors(results), missed=sentences,
                     results=results, elsewhere=others, page=directory + "/index.html")


if __name__ == "__main__":
    main()
