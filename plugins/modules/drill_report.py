#!/usr/bin/python

# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_report
short_description: Make one table, one JSON file and one page of the drills of a run
description:
  - Collects what M(failover.stack.drill_record) kept, writes C(drill.json) and a self-contained C(index.html), and points
    C(latest) beside the report's directory at it.
version_added: 0.1.0
author:
  - The failover.stack founders (@failover-stack)
options:
  directory:
    description: The report's directory.
    type: path
    required: true
  order:
    description: Names of the drills in the order wanted.
    type: list
    elements: str
    required: true
  template:
    description: The page, with C(@@DATA@@) where the data belongs.
    type: path
    required: true
  about:
    description: Facts for the head of the page.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Writes nothing in check mode.
    support: full
"""

EXAMPLES = r"""
- name: Publish the report
  failover.stack.drill_report:
    directory: reports/20260101T000000Z
    order: [tomcat_kill, vip_holder_kill]
    template: report.html
  delegate_to: localhost
"""

RETURN = r"""
table:
  description: Lines for a terminal.
  returned: always
  type: list
  elements: str
missed:
  description: A sentence for each expectation that did not hold.
  returned: always
  type: list
  elements: str
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._drill_table import table


def load(directory, order):
    drills = []
    for name in order:
        path = os.path.join(directory, "seen", name + ".json")
        if os.path.exists(path):
            with open(path) as handle:
                drills.append(json.load(handle))
    return drills


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
            "order": {"type": "list", "elements": "str", "required": True},
            "template": {"type": "path", "required": True},
            "about": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    p = module.params
    directory = p["directory"].rstrip("/")
    drills = load(directory, p["order"])
    results = [d["result"] for d in drills]
    absent = sorted(set(p["order"]) - set(r["name"] for r in results))
    missed = [m for r in results for m in r["missed"]] + ["%s: left no result" % name for name in absent]
    if not module.check_mode:
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "drill.json"), "w") as handle:
            json.dump(
                {"about": p["about"], "passed": not missed, "missed": missed, "drills": results}, handle, indent=1
            )
        with open(p["template"]) as handle:
            page = handle.read()
        # In a script element only `</` could end it early.
        data = json.dumps({"about": p["about"], "missed": missed, "drills": drills}, separators=(",", ":"))
        with open(os.path.join(directory, "index.html"), "w") as handle:
            handle.write(page.replace("@@DATA@@", data.replace("</", "<\\/")))
        point(os.path.join(os.path.dirname(directory), "latest"), os.path.basename(directory))
    module.exit_json(changed=True, table=table(results), missed=missed, page=directory + "/index.html")


if __name__ == "__main__":
    main()
