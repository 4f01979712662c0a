#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: erlang_cookie
short_description: Give a host the Erlang cookie of its cluster
version_added: 0.4.0
author: The failover.stack founders (@failover-stack)
description:
  - Writes the secret by which Erlang nodes and RabbitMQ's command-line tools know one another, in one step (atomically), readable
    by its owner only.
  - The cookie is the given one, else the one that is there (the installation of RabbitMQ made it, or a running member has it),
    else a new one. For a cluster, take it from one member with O(reveal) and give it to the others.
  - A cookie is replaced only when the node, which runs or remembers its cluster on disk, belongs to none or O(rotate) is set. A running
    node is then stopped first, since with another cookie in its file it could no longer be stopped in order; starting it is the caller's.
  - The value appears in no diff, log or result (O(reveal) apart); a digest does, which is the one in RabbitMQ's log ("cookie hash").
attributes:
  check_mode:
    support: full
    description: Nothing is written or stopped.
  diff_mode:
    support: full
    description: Digest, owner and permissions.
options:
  path:
    description: The cookie's file.
    type: path
    default: /var/lib/rabbitmq/.erlang.cookie
  content:
    description: The cookie. Blanks and line ends at its end do not count. Without it see O(generate).
    type: str
  generate:
    description: Whether a new cookie is made when none is given and there is none that Erlang accepts.
    type: bool
    default: true
  owner:
    description: The user that runs Erlang.
    type: str
    default: rabbitmq
  group:
    description: The file's group.
    type: str
    default: rabbitmq
  mode:
    description: Permissions. Erlang refuses a cookie that others than its owner can read.
    type: str
    choices: ["0400", "0600"]
    default: "0400"
  unit:
    description: The systemd unit of the node.
    type: str
    default: rabbitmq-server.service
  data_directory:
    description: Where the nodes keep their data, each in a directory with its name.
    type: path
    default: /var/lib/rabbitmq/mnesia
  rotate:
    description: Replace the cookie also under a member of a cluster. All members must do so together.
    type: bool
    default: false
  reveal:
    description: Return a kept or generated cookie itself, for other hosts. The task must have C(no_log).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Take the cookie of the first member
  failover.stack.erlang_cookie:
    reveal: true
  no_log: true
  register: first
  delegate_to: mq1
  run_once: true

- name: Give it to all
  failover.stack.erlang_cookie:
    content: "{{ first.content }}"

- name: Give all members another one, in a play that stops them together
  failover.stack.erlang_cookie:
    content: "{{ new_cookie }}"
    rotate: true
"""

RETURN = r"""
digest:
  description: Digest of the cookie that is wanted.
  returned: always
  type: str
  sample: ej/rJAU4YbMTkX8asksFpQ==
previous_digest:
  description: Digest of the cookie that was there; empty when there was none.
  returned: always
  type: str
  sample: ej/rJAU4YbMTkX8asksFpQ==
source:
  description: Where the cookie comes from, V(given), V(kept) or V(generated).
  returned: always
  type: str
  sample: kept
stopped:
  description: Whether the node was stopped (in check mode, would be) to replace its cookie.
  returned: always
  type: bool
  sample: false
restart_needed:
  description: Whether the node must be started or restarted to run with this cookie.
  returned: always
  type: bool
  sample: false
content:
  description: The cookie.
  returned: when O(reveal) is set and O(content) is not given
  type: str
"""

import grp
import pwd
import stat
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import parse_show, started_at
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.ask import own_node, remembered, status_of
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import (
    choose,
    describe,
    digest,
    normalise,
    objection,
    plan,
    refusal,
)


def name_of(lookup, number):
    try:
        return lookup(number)[0]
    except KeyError:
        return str(number)


def read(path):
    """Content and permissions of the file; None when there is none. What is no text counts as content, too."""
    try:
        content, info = beneath.read_bytes(path)
    except FileNotFoundError:
        return None
    return {
        "content": normalise(content.decode("latin-1")), "mode": "%04o" % stat.S_IMODE(info.st_mode), "changed_at": info.st_mtime,
        "owner": name_of(pwd.getpwuid, info.st_uid), "group": name_of(grp.getgrgid, info.st_gid),
    }


def write(path, state):
    """The whole file under another name, then renamed: nobody ever reads half a cookie, or one with other permissions."""
    uid, gid = pwd.getpwnam(state["owner"]).pw_uid, grp.getgrnam(state["group"]).gr_gid
    beneath.write(path, state["content"], int(state["mode"], 8), uid, gid)


class Cookie:
    def __init__(self, module):
        self.module = module
        self.params = module.params

    def start(self):
        """When the node was started (seconds); None when it does not run."""
        _rc, out, _err = self.module.run_command(
            ["systemctl", "show", "--property=ActiveState,ExecMainStartTimestampMonotonic", self.params["unit"]])
        shown = parse_show(out)
        return started_at(shown[0] if shown else {}, time.time(), time.clock_gettime(time.CLOCK_MONOTONIC))

    def members(self):
        """The cluster as the running node tells it; None when it does not."""
        try:
            return status_of(Cli(self.module.run_command))["members"]
        except CliError:
            return None

    def wanted(self, current):
        given = self.params["content"]
        value, source = choose(None if given is None else normalise(given), current and current["content"], self.params["generate"])
        if value is None:
            self.module.fail_json(msg="%s holds no cookie that Erlang accepts, and none is given: give content or set generate." % (
                self.params["path"],))
        bad = objection(value)
        if bad:
            self.module.fail_json(msg="The given cookie %s." % bad)
        return {"content": value, "owner": self.params["owner"], "group": self.params["group"], "mode": self.params["mode"]}, source

    def stop(self, current, wanted, runs):
        """Before another cookie is written the node must not run. True when it did."""
        node = own_node(None)
        members = self.members() if runs else remembered(self.params["data_directory"], node)
        problem = refusal(node, members, digest(current["content"]), digest(wanted["content"]),
                          self.params["rotate"])
        if problem:
            self.module.fail_json(msg=problem, digest=digest(wanted["content"]), previous_digest=digest(current["content"]))
        if runs and not self.module.check_mode:
            rc, _out, err = self.module.run_command(["systemctl", "stop", self.params["unit"]])
            if rc:
                self.module.fail_json(msg="%s could not be stopped before its cookie is replaced: %s" % (self.params["unit"], err.strip()))
        return runs

    def apply(self, wanted):
        try:
            write(self.params["path"], wanted)
        except KeyError:
            self.module.fail_json(msg="There is no user %s or no group %s on this host: install RabbitMQ first." % (
                wanted["owner"], wanted["group"]))
        except OSError as error:
            self.module.fail_json(msg="%s cannot be written: %s." % (self.params["path"], error.strerror))

    def run(self):
        current = read(self.params["path"])
        wanted, source = self.wanted(current)
        todo, started = plan(current, wanted), self.start()
        stopped = bool(current and "content" in todo and self.stop(current, wanted, started is not None))
        if todo and not self.module.check_mode:
            self.apply(wanted)
        result = {
            "changed": bool(todo), "source": source, "stopped": stopped, "digest": digest(wanted["content"]),
            "previous_digest": digest(current["content"]) if current else "",
            # Also a cookie that somebody else replaced under the running node.
            "restart_needed": stopped or bool(current and started is not None and current["changed_at"] > started),
            "diff": {"before": describe(current), "after": describe(wanted)},
        }
        if self.params["reveal"]:
            result["content"] = wanted["content"]
        self.module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/var/lib/rabbitmq/.erlang.cookie"},
            "content": {"type": "str", "no_log": True},
            "generate": {"type": "bool", "default": True},
            "owner": {"type": "str", "default": "rabbitmq"},
            "group": {"type": "str", "default": "rabbitmq"},
            "mode": {"type": "str", "choices": ["0400", "0600"], "default": "0400"},
            "unit": {"type": "str", "default": "rabbitmq-server.service"},
            "data_directory": {"type": "path", "default": "/var/lib/rabbitmq/mnesia"},
            "rotate": {"type": "bool", "default": False},
            "reveal": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with beneath.told(module):
        Cookie(module).run()


if __name__ == "__main__":
    main()
