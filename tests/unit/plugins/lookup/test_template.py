# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.failover.stack.plugins.lookup.template import LookupModule


@pytest.fixture
def role(tmp_path):
    """A role with templates; render(name, **template_vars) as the role's task does."""
    (tmp_path / "templates").mkdir()
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    seen = {"port": 80, "ansible_search_path": [str(tmp_path)]}

    def render(*names, **more):
        lookup = LookupModule(loader=loader, templar=Templar(loader=loader, variables=seen))
        return [lookup.render(name, seen, more) for name in names]

    render.write = lambda name, text: (tmp_path / "templates" / name).write_text(text)
    return render


def test_variables_of_the_host_and_those_given_beside_them(role):
    role.write("a.j2", "port {{ port }}\nname {{ name }}\n")
    role.write("b.j2", "{% include 'a.j2' %} end\n")
    assert role("a.j2", "b.j2", name="web") == ["port 80\nname web\n", "port 80\nname web end\n"]
    assert role("a.j2", name="web", port=81) == ["port 81\nname web\n"]


def test_backslashes_and_what_looks_like_a_template_in_a_value_stay(role):
    role.write("a.j2", "{{ 'a\\\\.b' }} {{ name }}\n")
    assert role("a.j2", name="{{ port }}") == ["a\\.b {{ port }}\n"]


def test_a_template_that_is_not_there_is_named(role):
    with pytest.raises(AnsibleLookupError, match=r"^The template none.j2 is in no directory 'templates' of the role or the playbook\.$"):
        role("none.j2")
