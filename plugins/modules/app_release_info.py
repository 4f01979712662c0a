#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_release_info
short_description: Tell which releases of applications a host has, which one serves, and what stands in the way of another
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Reads document roots as M(failover.stack.app_release) leaves them, and the journal of the Tomcats that serve them for sessions that were
    given up. Changes nothing.
extends_documentation_fragment: [failover.stack.read_only]
options:
  applications:
    description: The applications.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the application.
        type: str
        required: true
      docroot:
        description: Its directory.
        type: path
        required: true
      units:
        description: Units that serve it and read it at their start.
        type: list
        elements: str
        default: []
  since:
    description: >-
      Moment, in seconds since 1970 by this host's clock, from which on the journal is read; V(0) is the start of each unit's process.
    type: float
    default: 0
  journal:
    description: Whether to read the journal.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: See what serves
  failover.stack.app_release_info:
    applications: [{name: shop, docroot: /srv/shop, units: [tomcat@tomcat1.service]}]
  register: seen

- name: See what was lost since then
  failover.stack.app_release_info:
    applications: [{name: shop, docroot: /srv/shop, units: [tomcat@tomcat1.service]}]
    since: "{{ began }}"
  register: seen
  failed_when: seen.applications.shop.losses | length > 0

- name: The releases alone
  failover.stack.app_release_info:
    applications: [{name: site, docroot: /srv/site}]
    journal: false
"""

RETURN = r"""
now:
  description: Seconds since 1970 by this host's clock.
  returned: success
  type: float
applications:
  description: >-
    By name, C(current) (a release), its C(version), C(identity) and C(classes), the C(ledger), C(releases) with version, identity and time,
    C(stale) units that run with another release than the current one, C(problems) in sentences that keep a release from being laid down,
    C(losses) in sentences on sessions that were given up, and C(wrong), all that keeps it from being healthy.
  returned: success
  type: dict
"""

import os
import platform
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._deploy import places
from ansible_collections.failover.stack.plugins.module_utils._deploy.journal import losses
from ansible_collections.failover.stack.plugins.module_utils._deploy.release import CURRENT, LEDGER, RELEASES, SHARED, release_of
from ansible_collections.failover.stack.plugins.module_utils._deploy.state import read_releases
from ansible_collections.failover.stack.plugins.module_utils._host.json_file import read_json
from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import judge, newest, shown


def problems(root):
    """Why nothing may be laid down there."""
    found = []
    for path in (root, os.path.join(root, RELEASES), os.path.join(root, SHARED)):
        found += [one for one in places.objections("docroot", path) if one not in found and (path == root or " is not mounted" in one)]
    link = os.path.join(root, CURRENT)
    if os.path.lexists(link) and not os.path.islink(link):
        found.append("%s is no symbolic link: move it away, it stands where the link to the release has to be." % link)
    return ["%s: %s" % (platform.node(), one) for one in found]


def journal(module, unit, since):
    """What a unit logged."""
    program = module.get_bin_path("journalctl", required=True)
    code, out, err = module.run_command([program, "--quiet", "--no-pager", "--output=cat", "--unit=" + unit, "--since=@%.3f" % since])
    if code:
        module.fail_json(msg="%s: the journal of %s cannot be read (%s): see journalctl --unit %s." % (
            platform.node(), unit, err.strip(), unit))
    return out.splitlines()


def look(module, application):
    root, units = application["docroot"], application["units"]
    link = os.path.join(root, CURRENT)
    ledger, there = read_json(os.path.join(root, LEDGER)), read_releases(os.path.join(root, RELEASES))
    current = release_of(os.readlink(link)) if os.path.islink(link) else ""
    record = there.get(current, {})
    starts = shown(module, units)[1] if units else {}
    stale, inactive = judge(starts, {unit: newest([os.path.join(root, LEDGER)]) for unit in units})
    lost = []
    for unit, start in starts.items():
        if module.params["journal"] and (module.params["since"] or start):
            lost += ["%s: %s" % (unit, one) for one in losses(journal(module, unit, module.params["since"] or start))]
    found = {
        "current": current if current in there else "", "version": record.get("version", ""), "identity": record.get("identity", ""),
        "classes": record.get("classes", {}), "ledger": ledger,
        "releases": {name: {key: one.get(key, "") for key in ("version", "identity", "at")} for name, one in there.items()},
        "stale": sorted(set(stale) | set(inactive)), "problems": problems(root), "losses": lost,
    }
    return dict(found, wrong=wrong(found))


def wrong(found):
    """What keeps it from being healthy."""
    said = [] if found["current"] else ["it has no current release, run playbooks/site.yml"]
    said += ["%s runs with another release than the current one, deploy again" % unit for unit in found["stale"]]
    return said + found["problems"] + found["losses"]


def main():
    module = AnsibleModule(
        argument_spec={
            "applications": {"type": "list", "elements": "dict", "required": True, "options": {
                "name": {"type": "str", "required": True},
                "docroot": {"type": "path", "required": True},
                "units": {"type": "list", "elements": "str", "default": []},
            }},
            "since": {"type": "float", "default": 0},
            "journal": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, now=time.time(), applications={one["name"]: look(module, one) for one in module.params["applications"]})


if __name__ == "__main__":
    main()
