# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site.yml installs on all machines at once is what the roles want, evaluated with their own variables and the host's."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.failover.stack.plugins.lookup.role_packages import LookupModule

FACTS = {"ansible_facts": {"os_family": "Debian", "distribution_major_version": "12"}, "groups": {}, "inventory_hostname": "a"}


def packages(*roles, **variables):
    loader, seen = DataLoader(), {**FACTS, **variables}
    lookup = LookupModule(loader=loader, templar=Templar(loader=loader, variables=seen))
    return lookup.run(list(roles), seen)


def test_each_once_and_sorted():
    assert packages("keepalived", "keepalived") == ["iputils-ping", "keepalived"]


def test_the_hosts_variables_count():
    assert "ipvsadm" in packages("keepalived", keepalived_virtual_servers=[{"address": "198.18.0.100"}])
    assert "nginx" in packages("ipvs_director", ipvs_director_sorry=trust_as_template("{{ 1 == 1 }}"))
    assert "nginx" not in packages("ipvs_director", ipvs_director_sorry=False)


def test_the_roles_own_variables_win():
    assert packages("haproxy", __haproxy_packages=["other"]) == ["haproxy"]


@pytest.mark.parametrize("role", ["tomcat_cluster", "apache_modjk", "haproxy", "ipvs_realserver", "ipvs_director", "keepalived"])
def test_every_role_of_that_play_says_what_it_wants(role):
    found = packages(role)
    assert found and all(isinstance(name, str) for name in found)


def test_without_facts():
    with pytest.raises(AnsibleLookupError, match="a: ansible_facts have no os_family"):
        packages("haproxy", ansible_facts={})


def test_a_role_that_does_not_say():
    with pytest.raises(AnsibleLookupError, match="__drill_wanted_packages"):
        packages("drill")
