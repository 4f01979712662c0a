# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of drills reaches outside: modules on hosts, whole machines, playbooks, the clock and the screen."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from ansible.utils.display import Display
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import concealed
from ansible_collections.failover.stack.plugins.module_utils._drill.faults import playbook as playbooks
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import DRIVERS, MachineError, together

SSH_PORT, BANNER = 22, b"SSH-"


class Outside:
    """See _drill/run.py for what each of these promises."""

    def __init__(self, parameters, client, elsewhere, secrets):
        self.p, self.client, self.elsewhere, self.secrets = parameters, client, elsewhere, secrets
        self.display, self.now, self.parent = Display(), time.time, os.getppid()

    def sleep(self, seconds):
        """Whoever has killed Ansible's main process (closed its terminal, say) wants no more drills, and cannot tell this process."""
        until = time.monotonic() + seconds
        while os.getppid() == self.parent:
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.5))
        raise KeyboardInterrupt

    def say(self, line):
        self.display.display(concealed(line, self.secrets))

    def modules(self, calls):
        return self.elsewhere.run_all(calls)

    def begin(self, module, arguments, seconds):
        return self.elsewhere.run(self.client, module, arguments, seconds)

    def job(self, begun):
        return self.elsewhere.run(self.client, "ansible.builtin.async_status", {"jid": begun["ansible_job_id"]})

    def machines(self, act, hosts):
        names = [self.p["machine_names"].get(host, host) for host in hosts]
        driver = DRIVERS[self.p["machine_driver"]]
        try:
            at, done, _mended = together([driver.open(name) for name in names], act)
        except MachineError:
            raise
        except Exception as error:  # the SDK's own errors have no common, importable base when it is missing
            raise MachineError("%s of %s failed: %s" % (act, ", ".join(names), error)) from error
        return at, done

    def shuffled(self, hosts):
        return random.sample(hosts, len(hosts))

    def reachable(self, hosts, within_s):
        until = time.monotonic() + within_s
        with ThreadPoolExecutor(max_workers=max(1, len(hosts))) as pool:
            answers = list(pool.map(lambda host: answers_ssh(self.p["addresses"].get(host, host), until), hosts))
        return [host for host, there in zip(hosts, answers) if not there]

    def playbook(self, step):
        p = self.p
        return playbooks.run(step, p["playbook_command"], p["playbook_directory"], p["config"], p["playbook_s"])


def answers_ssh(address, until):
    """Whether a host's SSH server says who it is before that moment."""
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((address, SSH_PORT), timeout=2) as connection:
            if connection.recv(64).startswith(BANNER):
                return True
        time.sleep(0.2)
    return False


@contextlib.contextmanager
def interruptible():
    """Ctrl-C and an end that is wished from outside become a KeyboardInterrupt, once: what comes afterwards must not stop the healing.

    Ansible's main process hands its signals on to the process of the action and waits for it to end.
    """
    def interrupt(_number, _frame):
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
