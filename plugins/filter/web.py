# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What httpd's and Tomcat's configuration is made of, worked out on the controller."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import route_of, worker_of
from ansible_collections.failover.stack.plugins.module_utils._web.data_source import properties_text
from ansible_collections.failover.stack.plugins.module_utils._web.sandbox import sandbox
from ansible_collections.failover.stack.plugins.module_utils._web.session_classes import filters as session_filters
from ansible_collections.failover.stack.plugins.module_utils._web.trusted import everybody_but
from ansible_collections.failover.stack.plugins.module_utils._web.virtual_hosts import virtual_hosts, wild_hosts


def jvm_route(service, host, instance):
    return route_of(host, {"name": instance}, service)


class FilterModule:
    def filters(self):
        return {
            "jdbc_properties": properties_text,
            "jvm_route": jvm_route,
            "modjk_virtual_hosts": virtual_hosts,
            "modjk_wild_hosts": wild_hosts,
            "modjk_worker_name": lambda route, application: worker_of(application, route),
            "networks_without": everybody_but,
            "tomcat_sandbox": sandbox,
            "tomcat_session_filters": session_filters,
        }
