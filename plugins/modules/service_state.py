#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_state
short_description: Packages, users, files and units of a service as one state
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Asks a host once what it has of a service, in one process, and changes only what differs. Packages are looked up in what dpkg knows;
    apt, the user module and systemd are called only for what is missing, by M(ansible.builtin.apt), M(ansible.builtin.user) and
    M(ansible.builtin.systemd_service).
  - The order is packages, users, files (as M(failover.stack.config_files) does), kernel parameters, units, O(leftovers).
  - A process that runs with an older configuration is reported as RV(stale). It is restarted or reloaded only where O(units[].when_stale)
    says so; a cluster's members are restarted by their tier's playbook, one at a time.
  - With C(async) and C(poll=0) only O(packages) may be given. The installation of what is missing begins and is not waited for;
    RV(ansible_job_id) is for M(ansible.builtin.async_status).
attributes:
  action:
    support: full
    description: Steps beyond the query of the host are taken by the action plugin.
  async:
    support: partial
    description: Installations alone, see the description.
  check_mode:
    support: full
    description: Nothing is changed. On a host where packages are missing units are left out, see RV(blank).
  diff_mode:
    support: full
    description: As M(failover.stack.config_files).
extends_documentation_fragment: [failover.stack.config_files]
options:
  config:
    description:
      - Files, directories, links, removals, secrets and checkers in one dictionary, as one variable or filter makes them; with those that
        are given beside it they are one set.
    type: dict
    suboptions:
      files:
        description: The files, each whole.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path.
            type: path
            required: true
          content:
            description: The content. V(@@name@@) stands for the secret O(secrets) has under that name.
            type: str
            required: true
          owner:
            description: Name of the owner.
            type: str
            default: root
          group:
            description: Name of the group.
            type: str
            default: root
          mode:
            description: Permissions as an octal string.
            type: str
            default: "0644"
      directories:
        description: Directories that must be there before the files are written.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path. Missing parents are made with mode 0755, owned by root.
            type: path
            required: true
          owner:
            description: Name of the owner.
            type: str
            default: root
          group:
            description: Name of the group.
            type: str
            default: root
          mode:
            description: Permissions as an octal string.
            type: str
            default: "0755"
      links:
        description: Symbolic links.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path of the link.
            type: path
            required: true
          target:
            description: What the link points at, as it is to be stored. It need not exist.
            type: str
            required: true
      absent:
        description: Files or links to be removed if they are there. A directory is refused.
        type: list
        elements: path
        default: []
      purge:
        description: Directories in which files and links that are not named in O(files) or O(links) are removed.
        type: list
        elements: dict
        default: []
        suboptions:
          directory:
            description: Absolute path. It may be missing.
            type: path
            required: true
          pattern:
            description: Shell pattern that the names must match to be considered.
            type: str
            required: true
      secrets:
        description: Values for the placeholders in the contents.
        type: dict
        default: {}
      validate:
        description:
          - Commands (no shell) that must all end with 0, run only when something differs.
          - A command with V(%s) runs before anything is written; V(%s) is the root of a private staging copy of all O(files).
          - A command without runs after all is written; when it fails, every file, link and removal is undone.
          - A command may begin with words like V(NAME=value), which are its environment.
        type: list
        elements: str
        default: []
  packages:
    description: Debian packages that must be installed. Versions are not compared; upgrading is another operation.
    type: list
    elements: str
    default: []
  start_on_install:
    description: Whether services may be started by the installation of their packages.
    type: bool
    default: false
  users:
    description: System users that must exist. Only their existence is compared.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the user. A group of the same name is made with it.
        type: str
        required: true
      home:
        description: Home directory, which is not created.
        type: str
        default: /nonexistent
  blocks:
    description: Blocks of lines in files that are not ours, see M(ansible.builtin.blockinfile), which writes them.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the file.
        type: path
        required: true
      marker:
        description: The line before and after the block, with V({mark}) for BEGIN and END.
        type: str
        required: true
      block:
        description: The lines.
        type: str
        required: true
  sysctls:
    description: Kernel parameters and their values in force. Writing them down for the next boot is a matter of O(files).
    type: dict
    default: {}
  network:
    description:
      - What the host's network must have, in the words of M(failover.stack.host_network_info). What it lacks is reported as RV(missing),
        and repaired by the units that have O(units[].when_missing).
    type: dict
    suboptions:
      addresses:
        description: Addresses that must be on an interface, with any prefix length.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: The address.
            type: str
            required: true
          interface:
            description: The interface.
            type: str
            required: true
      links:
        description: Interfaces that must be up.
        type: list
        elements: str
        default: []
      routes:
        description: Routes that must be in the main table.
        type: list
        elements: dict
        default: []
        suboptions:
          network:
            description: Where to; V(default) for the default route.
            type: str
            required: true
          gateway:
            description: By which gateway.
            type: str
            required: true
      sysctls:
        description: Values by the sysctls' names. V(all) and interfaces are taken as they stand, nothing is computed from both.
        type: dict
        default: {}
      chains:
        description: Netfilter chains that must have exactly these rules, in either of netfilter's interfaces (nf_tables, legacy).
        type: list
        elements: dict
        default: []
        suboptions:
          program:
            description: What lists it.
            type: str
            choices: [iptables, ip6tables]
            default: iptables
          table:
            description: The table.
            type: str
            required: true
          chain:
            description: The chain.
            type: str
            required: true
          from:
            description: The built-in chain that must jump there.
            type: str
            required: true
          rules:
            description: The rules in order, in the very form in which C(iptables -S) prints them, without C(-A chain).
            type: list
            elements: str
            required: true
  units:
    description: Units of systemd, in the order in which they are changed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the unit with its suffix.
        type: str
        required: true
      state:
        description: Whether it runs. V(as_is) leaves it running or stopped.
        type: str
        choices: [started, stopped, as_is]
        default: as_is
      enabled:
        description: Whether it starts at boot. Without it this is left as it is.
        type: bool
      reads:
        description: Files and directories that its process reads at start.
        type: list
        elements: path
        default: []
      log:
        description: File in which its process says more of why it does not start than in the journal.
        type: path
      when_stale:
        description: What to do with a running unit that is older than what it O(units[].reads).
        type: str
        choices: [none, restarted, reloaded]
        default: none
      when_changed:
        description: What to do with a running unit when something that it O(units[].reads) was written by this very task.
        type: str
        choices: [none, restarted, reloaded]
        default: none
      when_missing:
        description: What to do with a running unit when something of O(network) is missing.
        type: str
        choices: [none, restarted, reloaded]
        default: none
      no_block:
        description: Whether systemd is not waited for.
        type: bool
        default: false
  stop_others:
    description: A shell pattern for units. Those of them that are not among O(units) are stopped and disabled, before any is started.
    type: str
  leftovers:
    description: Files and directories, with all that is in them, of an earlier release. They are removed last, when the units run as they
      shall.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: An agent that is restarted when its program changes
  failover.stack.service_state:
    packages: [python3]
    users: [{name: example-agent}]
    files:
      - {path: /usr/local/sbin/example-agent, content: "{{ lookup('ansible.builtin.file', 'agent.py') }}", mode: "0755"}
      - {path: /etc/systemd/system/example-agent.service, content: "{{ lookup('ansible.builtin.template', 'agent.service.j2') }}"}
    units:
      - name: example-agent.service
        state: started
        enabled: true
        reads: [/usr/local/sbin/example-agent, /etc/systemd/system/example-agent.service]
        when_stale: restarted

- name: A database server whose restart is left to its playbook
  failover.stack.service_state:
    packages: [mariadb-server]
    files: "{{ server_files }}"
    units: [{name: mariadb.service, state: started, enabled: true, reads: [/etc/mysql/mariadb.conf.d/60-site.cnf]}]
  register: server_state

- name: What runs with an older configuration
  ansible.builtin.debug:
    var: server_state.stale
"""

RETURN = r"""
blank:
  description: Whether packages were missing when the task began.
  returned: always
  type: bool
  sample: false
installed:
  description: Packages that were (in check mode, would be) installed.
  returned: always
  type: list
  elements: str
  sample: [haproxy]
changed_paths:
  description: Files, links and directories that were (in check mode, would be) written or removed.
  returned: always
  type: list
  elements: str
  sample: [/etc/haproxy/haproxy.cfg]
stale:
  description: Units whose process is older than what it reads, and which were left alone.
  returned: always
  type: list
  elements: str
  sample: [mariadb.service]
inactive:
  description: Units that did not run when they were queried.
  returned: always
  type: list
  elements: str
  sample: [haproxy.service]
missing:
  description: What the network lacked of O(network), one clause each.
  returned: always
  type: list
  elements: str
  sample: [198.18.0.100 is not on lo]
ansible_job_id:
  description: The installation that has begun.
  returned: with C(async), when packages were missing
  type: str
  sample: j531220988041.4242
acted:
  description: Units that were started, stopped, restarted, reloaded, enabled or disabled.
  returned: always
  type: list
  elements: str
  sample: [haproxy.service]
"""

import os
import pwd

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host.dpkg import missing
from ansible_collections.failover.stack.plugins.module_utils._host.files import diff_of
from ansible_collections.failover.stack.plugins.module_utils._host.files_run import SPEC, ConfigFiles
from ansible_collections.failover.stack.plugins.module_utils._host.network_run import SPEC as NETWORK
from ansible_collections.failover.stack.plugins.module_utils._host.network_run import lacks
from ansible_collections.failover.stack.plugins.module_utils._host.service import (
    block_of,
    other_units,
    unit_files_changed,
    unit_needs,
)
from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import judge, newest, shown


def exists(user):
    try:
        return pwd.getpwnam(user) is not None
    except KeyError:
        return False


def blocks(module):
    """Those of the wanted blocks that are missing or have other lines."""
    pending = []
    for block in module.params["blocks"]:
        try:
            with open(block["path"], encoding="utf-8", errors="surrogateescape") as handle:
                text = handle.read()
        except FileNotFoundError:
            text = ""
        if block_of(text, block["marker"]) != block["block"].rstrip("\n"):
            pending.append(block)
    return pending


def sysctls(module):
    """Kernel parameters that had another value; set unless in check mode."""
    changed = []
    for name, value in module.params["sysctls"].items():
        path = "/proc/sys/" + name.replace(".", "/")
        try:
            with open(path, encoding="utf-8") as handle:
                found = handle.read().split()
            if found == str(value).split():
                continue
            changed.append(name)
            if not module.check_mode:
                with open(path, "w", encoding="utf-8") as handle:
                    handle.write(str(value))
        except OSError as error:
            module.fail_json(msg="The kernel parameter %s cannot be set to %s on this host: %s." % (name, value, error))
    return changed


def leftovers(module, written):
    """Those of an earlier release's files and directories that are still there. The action plugin removes them when all else is done."""
    found = [path for path in module.params["leftovers"] if os.path.lexists(path)]
    written["changed_paths"] += found
    written["diff"] += [diff_of(path, "present\n", "") for path in found] if module._diff else []
    return found


def others(module, wanted):
    """Units of the pattern that are not wanted."""
    pattern = module.params["stop_others"]
    if not pattern:
        return []
    systemctl = module.get_bin_path("systemctl", required=True)
    listings = []
    for verb in ("list-units", "list-unit-files"):
        rc, out, err = module.run_command([systemctl, verb, "--all", "--plain", "--no-legend", pattern])
        # Where there is no such file list-unit-files says nothing and ends with 1.
        if rc and (out + err).strip():
            module.fail_json(msg="systemctl %s %s failed (rc %d): %s" % (verb, pattern, rc, (err or out).strip()))
        listings.append(out)
    return other_units("\n".join(listings), wanted)


def units(module, changed_paths, clauses):
    """(arguments for systemd, stale, inactive, whether systemd reads anew) of the units."""
    wanted = module.params["units"]
    needs = [{"name": name, "state": "stopped", "enabled": False} for name in others(module, [unit["name"] for unit in wanted])]
    anew = unit_files_changed(changed_paths)
    if not wanted:
        return needs, [], [], anew
    found, starts = shown(module, [unit["name"] for unit in wanted])
    stale, inactive = judge(starts, {unit["name"]: newest(unit["reads"]) for unit in wanted})
    needs += [unit_needs(unit, found[unit["name"]], unit["name"] in stale, changed_paths, bool(clauses), module.check_mode)
              for unit in wanted]
    anew = anew or any(one.get("NeedDaemonReload") == "yes" for one in found.values())
    return [need for need in needs if need], stale, inactive, anew


def main():
    module = AnsibleModule(
        argument_spec={
            **SPEC,
            "config": {"type": "dict", "options": SPEC},
            "packages": {"type": "list", "elements": "str", "default": []},
            "start_on_install": {"type": "bool", "default": False},
            "users": {"type": "list", "elements": "dict", "default": [], "options": {
                "name": {"type": "str", "required": True}, "home": {"type": "str", "default": "/nonexistent"}}},
            "blocks": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": {"type": "path", "required": True}, "marker": {"type": "str", "required": True},
                "block": {"type": "str", "required": True}}},
            "sysctls": {"type": "dict", "default": {}},
            "units": {"type": "list", "elements": "dict", "default": [], "options": {
                "name": {"type": "str", "required": True},
                "state": {"type": "str", "choices": ["started", "stopped", "as_is"], "default": "as_is"},
                "enabled": {"type": "bool"},
                "reads": {"type": "list", "elements": "path", "default": []}, "log": {"type": "path"},
                "when_stale": {"type": "str", "choices": ["none", "restarted", "reloaded"], "default": "none"},
                "when_changed": {"type": "str", "choices": ["none", "restarted", "reloaded"], "default": "none"},
                "when_missing": {"type": "str", "choices": ["none", "restarted", "reloaded"], "default": "none"},
                "no_block": {"type": "bool", "default": False}}},
            "network": {"type": "dict", "options": NETWORK},
            "stop_others": {"type": "str"},
            "leftovers": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    for name, both in (module.params["config"] or {}).items():
        own = module.params[name]
        module.params[name] = {**both, **own} if isinstance(own, dict) else both + own
    lacking = missing(module, module.params["packages"])
    without = [user["name"] for user in module.params["users"] if not exists(user["name"])]
    result = {"installed": lacking, "missing_users": without, "blank": bool(lacking), "changed": bool(lacking or without),
              "changed_paths": [], "diff": [], "stale": [], "inactive": [], "acted": [], "blocks": [], "missing": [], "needs": [],
              "daemon_reload": False, "leftovers": []}
    # The action plugin installs and makes what is missing, then asks again.
    if (lacking or without) and not module.check_mode:
        module.exit_json(**result)
    written = ConfigFiles(module).run()
    left = leftovers(module, written)
    altered = sysctls(module)
    clauses = lacks(module, module.params["network"]) if module.params["network"] else []
    needs, stale, inactive, anew = units(module, written["changed_paths"], clauses)
    module.exit_json(**{
        **result, **written, "changed": bool(result["changed"] or written["changed"] or altered or left), "blocks": blocks(module),
        "missing": clauses, "needs": needs, "stale": stale, "inactive": inactive, "daemon_reload": anew,
        "leftovers": left})


if __name__ == "__main__":
    main()
