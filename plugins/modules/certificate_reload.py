#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_reload
short_description: Let a running server take up other certificates without a restart
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Compares the certificate that a server shows at O(door) with the one in the file, and the time of what is in O(directory) with the
    start of the server and with what it was told before. Where the server is behind it is told to read its certificates and authorities
    again, and what it shows then at O(door) and O(more_doors) must be the file's.
  - MariaDB gets C(FLUSH LOCAL SSL), by which a Galera member's group communication takes them up, too; it is not replicated. MySQL gets
    C(ALTER INSTANCE RELOAD TLS). RabbitMQ forgets the files that it has read, those of the traffic between members, too.
  - Connections that are there go on with what they began with.
  - A server that does not run, or that offers no TLS until its restart, is left alone.
attributes:
  check_mode:
    support: full
    description: Only tells whether the server would be told.
  diff_mode:
    support: none
    description: A certificate is no text that one compares.
options:
  server:
    description: What runs there.
    type: str
    choices: [mariadb, mysql, rabbitmq]
    required: true
  unit:
    description: Its systemd unit.
    type: str
    required: true
  directory:
    description: Directory with all that it reads, key and authorities among them.
    type: path
    required: true
  certificate:
    description: Name of the file in O(directory) that begins with the server's certificate.
    type: str
    default: cert.pem
  key:
    description: Name of the file with its key, by which doors are asked that let nobody in without a certificate.
    type: str
    default: key.pem
  door:
    description: Where it is asked what it shows.
    type: dict
    required: true
    suboptions: &door
      protocol:
        description: V(mysql) begins in the clear, V(tls) does not.
        type: str
        choices: [tls, mysql]
        default: tls
      socket:
        description: A socket of this host, in the place of O(door.address) and O(door.port).
        type: path
      address:
        description: Address.
        type: str
      port:
        description: Port.
        type: int
  more_doors:
    description: Where else it must show the file's once it was told; as O(door).
    type: list
    elements: dict
    default: []
    suboptions: *door
  restart_due:
    description: The server will be restarted, so that what it shows until then may be another one, for example of another file.
    type: bool
    default: false
extends_documentation_fragment:
  - failover.stack.mysql_login
"""

EXAMPLES = r"""
- name: MariaDB takes up what was written
  failover.stack.certificate_reload:
    server: mariadb
    unit: mariadb.service
    directory: /etc/mysql/certificates
    certificate: server.pem
    door: {protocol: mysql, socket: /run/mysqld/mysqld.sock}

- name: RabbitMQ does, for clients, its pages and its members
  failover.stack.certificate_reload:
    server: rabbitmq
    unit: rabbitmq-server.service
    directory: /etc/rabbitmq/tls
    door: {address: 198.51.100.51, port: 5671}
    more_doors: [{address: 198.51.100.51, port: 25672}]
"""

RETURN = r"""
reason:
  description: Why the server was (in check mode, would be) told; empty when it was not.
  returned: always
  type: str
  sample: it shows another certificate than /etc/mysql/certificates/server.pem has
left:
  description: Why a server was left alone; empty when it was not.
  returned: always
  type: str
  sample: "/run/mysqld/mysqld.sock: Connection refused"
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._host import beneath
from ansible_collections.failover.stack.plugins.module_utils._host.served import NotServed, context, due, first_of, name_of, served
from ansible_collections.failover.stack.plugins.module_utils._host.unit_age import newest, shown
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import Cli, CliError
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import LOGIN, opened

DOOR = {
    "protocol": {"type": "str", "choices": ["tls", "mysql"], "default": "tls"}, "socket": {"type": "path"}, "address": {"type": "str"},
    "port": {"type": "int"}}
# What a server was told to take up; gone with the next start of the machine, as the servers are.
TOLD = "/run/failover-certificates"
# Without LOCAL it would be in the binary log, which on a replica is a transaction that nobody else has.
STATEMENTS = {"mariadb": "FLUSH LOCAL SSL", "mysql": "ALTER INSTANCE RELOAD TLS"}
# The traffic between members has a cache of its own, which ssl:clear_pem_cache() leaves alone (OTP 25 and 27).
FORGET = ("ssl:clear_pem_cache(), case whereis(ssl_pem_cache:name(dist)) of undefined -> ok; "
          "Cache -> gen_server:call(Cache, {unconditionally_clear_pem_cache, self()}) end.")
PATIENCE_S = 5


class Reload:
    def __init__(self, module):
        self.module, self.params = module, module.params
        self.file = os.path.join(self.params["directory"], self.params["certificate"])
        self.note = os.path.join(TOLD, self.params["unit"])

    def wanted(self):
        try:
            return first_of(beneath.read_text(self.file))
        except (OSError, ValueError) as error:
            return self.module.fail_json(msg="%s cannot be read: %s. The server goes on with what it has." % (
                self.file, getattr(error, "strerror", None) or error))

    def visitor(self):
        """Who comes with the server's own certificate, for doors that let nobody in without one."""
        key = os.path.join(self.params["directory"], self.params["key"])
        try:
            return context((self.file, key))
        except OSError as error:
            return self.module.fail_json(msg="%s and %s do not fit (%s), so the server is not told to read them and goes on with what it "
                                             "has: run the tier's playbook, which makes them." % (self.file, key, error.strerror or error))

    def told(self):
        try:
            return float(beneath.read_text(self.note))
        except (OSError, ValueError):
            return None

    def tell(self):
        if self.params["server"] == "rabbitmq":
            try:
                Cli(self.module.run_command).do("rabbitmqctl", "eval", FORGET)
            except CliError as error:
                self.module.fail_json(msg="RabbitMQ does not take up %s: %s" % (self.file, error))
            return
        with opened(self.module) as server:
            server.run(STATEMENTS[self.params["server"]])

    def behind(self, wanted, visitor):
        """The doors, by their names, that show something else; those where nobody is are not among them."""
        found = []
        for door in [self.params["door"], *self.params["more_doors"]]:
            try:
                right = served(door, visitor) == wanted
            except NotServed as error:
                right = not error.broken
            found += [] if right else [name_of(door)]
        return found

    def run(self):
        """(reason, left)"""
        started = shown(self.module, [self.params["unit"]])[1][self.params["unit"]]
        if started is None:
            return "", "%s does not run" % self.params["unit"]
        if self.module.check_mode and not os.path.exists(self.file):
            return "", "%s is not there yet" % self.file
        wanted, visitor, changed = self.wanted(), self.visitor(), newest([self.params["directory"]])
        try:
            reason = "" if served(self.params["door"], visitor) == wanted else "it shows another certificate than %s has" % self.file
        except NotServed as error:
            if not error.broken:
                return "", str(error)
            reason = "it shows none (%s)" % error
        if not reason and due(changed, started, self.told()):
            reason = "%s has something newer" % self.params["directory"]
        if reason and not self.module.check_mode:
            self.tell()
            self.look(wanted, visitor)
            beneath.make_directory(TOLD, 0o700)
            beneath.write(self.note, repr(changed), 0o600)
        return reason, ""

    def look(self, wanted, visitor):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            behind = self.behind(wanted, visitor)
            if not behind or self.params["restart_due"]:
                return
            if time.monotonic() >= deadline:
                self.module.fail_json(msg="%s was told to read its certificates again and still shows another one than %s has at %s: "
                                          "restart it, or see its log." % (self.params["unit"], self.file, ", ".join(behind)))
            time.sleep(0.5)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            LOGIN,
            server={"type": "str", "choices": ["mariadb", "mysql", "rabbitmq"], "required": True},
            unit={"type": "str", "required": True},
            directory={"type": "path", "required": True},
            certificate={"type": "str", "default": "cert.pem"},
            key={"type": "str", "default": "key.pem", "no_log": False},
            door={"type": "dict", "required": True, "options": DOOR},
            more_doors={"type": "list", "elements": "dict", "default": [], "options": DOOR},
            restart_due={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    with beneath.told(module):
        reason, left = Reload(module).run()
    module.exit_json(changed=bool(reason), reason=reason, left=left)


if __name__ == "__main__":
    main()
