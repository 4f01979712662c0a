# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment has to know of a node, worked out on the controller."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._deploy.classes import difference
from ansible_collections.failover.stack.plugins.module_utils._deploy.fronts import alone, objections, unseen
from ansible_collections.failover.stack.plugins.module_utils._deploy.rolling import asked, failure, plan, verified, web_node_problem
from ansible_collections.failover.stack.plugins.module_utils._deploy.version import newest, unasked
from ansible_collections.failover.stack.plugins.module_utils._deploy.wiring import node, wired
from ansible_collections.failover.stack.plugins.module_utils._host.upgrades import newer


def deploy_alone(fronts, node, routes, address):
    return alone(node, routes, address, fronts)


def deploy_objections(fronts, node, routes, address, again=False, noted=None, last=False):
    return objections(node, routes, address, fronts, again, noted, last)


def deploy_unseen(before, after, name, routes, address):
    return list(unseen(before, after, name, routes, address))


class FilterModule:
    def filters(self):
        return {
            "deploy_alone": deploy_alone,
            "deploy_class_changes": difference,
            "deploy_objections": deploy_objections,
            "deploy_failure": failure,
            "deploy_node": node,
            "deploy_unasked": unasked,
            "deploy_unseen": deploy_unseen,
            "deploy_versions": newest,
            "deploy_wiring": wired,
            "newer_packages": newer,
            "rolling_restart_asked": asked,
            "rolling_restart_plan": plan,
            "rolling_restart_verified": verified,
            "web_node_problem": web_node_problem,
        }
