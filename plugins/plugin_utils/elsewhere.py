# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on any host of the inventory, from within one action, several hosts at the same time.

Ansible gives an action the connection of its own host. Here another host gets one as a task of its own would have it: its variables from
the variable manager, its connection, shell and become plugin from the plugin loaders, their options by those variables.
"""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import action_loader, become_loader, connection_loader

# What several hosts are to do at the same moment must be on its way to all of them.
AT_ONCE = 16


class Elsewhere:
    """Hosts are named as in the inventory; `action` is the action plugin in whose task all of this happens."""

    def __init__(self, action):
        self.action, self.manager = action, action._task.get_variable_manager()
        self.known, self.lock = {}, threading.Lock()

    def run(self, host, module, arguments, background_s=0):
        """The result of a module on a host; in the background, with ansible_job_id at once, for so many seconds at most."""
        try:
            with self.lock:
                handler, variables = self.handler(host, module, arguments, background_s)
            try:
                return handler.run(task_vars=variables)
            finally:
                handler.cleanup()
                handler._connection.close()
        except AnsibleConnectionFailure as error:
            return {"failed": True, "unreachable": True, "msg": "%s cannot be reached: %s" % (host, error)}
        except AnsibleError as error:
            return {"failed": True, "msg": "%s: %s" % (host, error)}

    def run_all(self, calls):
        """The results of [(host, module, arguments)], in their order."""
        if len(calls) < 2:
            return [self.run(*call) for call in calls]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            # Ansible keeps the task that is being done in a context variable.
            jobs = [pool.submit(contextvars.copy_context().run, self.run, *call) for call in calls]
            return [job.result() for job in jobs]

    def variables(self, name):
        if name not in self.known:
            task, host = self.action._task, self.manager._inventory.get_host(name)
            if host is None:
                raise AnsibleError("the inventory has no host '%s': correct the drill's hosts" % name)
            given = self.manager.get_vars(play=task.get_play(), host=host, task=task)
            self.known[name] = {"ansible_host": host.address, **given}
        return self.known[name]

    def value(self, name, variable, default):
        """A variable as a host has it."""
        variables = self.variables(name)
        if variable not in variables:
            return default
        return self.action._templar.copy_with_new_env(available_variables=variables).template(variables[variable])

    def handler(self, name, module, arguments, background_s):
        """(the action plugin of a module that is connected to a host, the host's variables)"""
        variables, task = dict(self.variables(name)), self.action._task.copy()
        task.action, task.args, task.delegate_to, task.async_val = module, dict(arguments), None, background_s
        task.environment = list(task.environment or [])
        templar = self.action._templar.copy_with_new_env(available_variables=variables)
        context = self.action._play_context.set_task_and_variable_override(task=task, variables=variables, templar=templar)
        context.remote_addr = templar.template(variables["ansible_host"])
        plugin = module if action_loader.has_plugin(module) else "ansible.builtin.normal"
        made = action_loader.get(plugin, task=task, connection=connected(task, context, variables, templar), play_context=context,
                                 loader=self.action._loader, templar=templar, shared_loader_obj=None)
        made._configure_module = self.one_at_a_time(made._configure_module)
        return made, variables

    def one_at_a_time(self, act):
        """Ansible parses a module when it packs it, and Python 3.11's parser bears no second thread ("AST constructor recursion depth")."""
        def locked(*words, **more):
            with self.lock:
                return act(*words, **more)

        return locked


def connected(task, context, variables, templar):
    kind = templar.template(variables.get("ansible_connection") or task.get_play().connection or C.DEFAULT_TRANSPORT)
    connection = connection_loader.get(kind, context, None)
    if connection is None:
        raise AnsibleError("there is no connection plugin '%s'" % kind)
    wanted = templar.template(variables.get("ansible_become", task.become))
    if wanted is not None and boolean(wanted):
        become = become_loader.get(templar.template(variables.get("ansible_become_method") or task.become_method))
        connection.set_become_plugin(become)
    keys = {key: value for key, value in task.dump_attrs().items() if key not in ("retries", "timeout")}
    keys["timeout"] = context.timeout
    for key in ("password", "become_pass"):
        # As given on the command line.
        if getattr(context, key, None):
            keys[key] = getattr(context, key)
    for kind, plugin in (("connection", connection), ("shell", connection._shell), ("become", connection.become)):
        if plugin is not None:
            names = C.config.get_plugin_vars(kind, plugin._load_name)
            plugin.set_options(task_keys=keys, var_options={n: templar.template(variables[n]) for n in names if n in variables})
    return connection
