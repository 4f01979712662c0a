"""A result of a task that was given a secret is written to no file.

Up to ansible-core 2.21 a module's no_log values were taken out of what it returns. From 2.22 on they stay in registered results and are
hidden on the screen only, so that whatever writes a result down writes the secret down.
"""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._agents.runtime import imported

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTILITIES = ROOT / "plugins/module_utils"
PARTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
SECRET = re.compile(r'no_log"?\s*[:=]\s*True')
# Modules of others that take a password here.
OTHERS = {"uri", "openssl_privatekey", "openssl_csr_pipe", "x509_certificate"}
WRITERS = {"assemble", "blockinfile", "config_files", "copy", "lineinfile", "replace",
           "service_state", "template"}
# Who may all the same, and why no secret comes along.
HARMLESS = {
    "roles/haproxy/tasks/configure.yml: Write certificates and configuration, checked before they replace the old, and run HAProxy":
        "only whether its own keys are new, for check mode",
}


def read(path):
    return path.read_text(encoding="utf-8")


def takers():
    """Modules and actions that have a no_log option, by themselves or by what they import."""
    shared = {".".join(path.relative_to(UTILITIES).with_suffix("").parts) for path in UTILITIES.rglob("*.py") if SECRET.search(read(path))}
    ours = [*ROOT.glob("plugins/modules/*.py"), *ROOT.glob("plugins/action/*.py")]
    return OTHERS | {path.stem for path in ours if SECRET.search(read(path)) or imported(read(path)) & shared}


def secret_options():
    """Names of the options that modules of this collection declare to be secret."""
    texts = [read(path) for path in [*ROOT.glob("plugins/modules/*.py"), *UTILITIES.rglob("*.py")]]
    return {name for text in texts for name in re.findall(r'"(\w+)": \{.*"no_log": True', text)}


TAKERS = takers()


def tasks_in(node):
    for task in node or []:
        for part in PARTS:
            yield from tasks_in(task.get(part))
        if not any(part in task for part in PARTS):
            yield task


def module_of(task):
    """The words of a task that may be its module, without their collection."""
    return {key.rpartition(".")[2]: value for key, value in task.items()}


def with_templates(text, templates):
    return text + "".join(read(path) for path in templates if path.name in text)


def words(text):
    return set(re.findall(r"[A-Za-z_]\w*", text))


class Unit:
    """A role, or all playbooks: task files, the variables that they share, templates."""

    def __init__(self, task_files, variable_files, templates, root=ROOT):
        self.root = root
        self.templates = list(templates)
        self.tasks = [(path, task) for path in task_files for task in tasks_in(yaml.safe_load(read(path)))]
        self.values = {}
        for path in variable_files:
            self.learn(yaml.safe_load(read(path)))
        for _path, task in self.tasks:
            self.learn(task.get("vars"))
            self.learn(module_of(task).get("set_fact"))

    def learn(self, values):
        for name, value in (values or {}).items():
            self.values[name] = self.values.get(name, "") + with_templates(str(value), self.templates)

    def tainted(self):
        """Results of tasks that were given a secret, of failed ones, and every variable made of them."""
        found = {"ansible_failed_result"} | {
            task["register"] for _path, task in self.tasks if "register" in task and TAKERS & set(module_of(task))}
        grown = None
        while grown != found:
            grown = set(found)
            found |= {name for name, text in self.values.items() if words(text) & found}
        return found

    def writers(self):
        """Name and tainted variables of every task that writes some."""
        tainted = self.tainted()
        for path, task in self.tasks:
            for module in WRITERS & set(module_of(task)):
                hit = words(with_templates(str(module_of(task)[module]), self.templates)) & tainted
                if hit:
                    yield "%s: %s" % (path.relative_to(self.root), task["name"]), hit


def units():
    for role in sorted(ROOT.glob("roles/*/")):
        yield pytest.param(Unit(sorted(role.glob("tasks/*.yml")), [*role.glob("defaults/*.yml"), *role.glob("vars/*.yml")],
                                role.glob("templates/*.j2")), id=role.name)
    yield pytest.param(Unit(sorted(ROOT.glob("playbooks/**/*.yml")), [], ROOT.glob("playbooks/**/*.j2")), id="playbooks")


UNITS = list(units())


@pytest.mark.parametrize("unit", UNITS)
def test_no_result_with_a_secret_is_written_down(unit):
    for name, variables in unit.writers():
        assert name in HARMLESS, "it writes %s, which may hold a secret" % ", ".join(sorted(variables))


def test_those_that_may_are_still_there():
    assert {name for unit in UNITS for name, _variables in unit.values[0].writers()} == set(HARMLESS)


@pytest.mark.parametrize("unit", UNITS)
def test_nothing_that_takes_a_secret_runs_in_the_background(unit):
    """The result of such a task lies in a file on the host."""
    ours, secret = TAKERS - OTHERS, secret_options()
    assert {"sst_password", "secrets", "content"} <= secret
    for path, task in unit.tasks:
        if "async" in task:
            modules = module_of(task)
            given = {option for name in ours & set(modules) for option in modules[name]}
            assert not OTHERS & set(modules) and not secret & given, "%s: %s" % (path, task["name"])


def test_it_finds_what_goes_through_variables_and_templates(tmp_path):
    (tmp_path / "page.j2").write_text("{{ told }}", encoding="utf-8")
    (tmp_path / "vars.yml").write_text("told: '{{ made.msg }}'\nplain: '{{ other }}'", encoding="utf-8")
    path = tmp_path / "tasks.yml"
    path.write_text(yaml.safe_dump([
        {"name": "Ask", "failover.stack.mysql_accounts": {"passwords": "{{ all }}"}, "register": "made"},
        {"name": "Write", "ansible.builtin.template": {"src": "page.j2", "dest": "/x"}},
        {"name": "Harmless", "ansible.builtin.copy": {"content": "{{ plain }}"}}]), encoding="utf-8")
    unit = Unit([path], [tmp_path / "vars.yml"], [tmp_path / "page.j2"], root=tmp_path)
    assert list(unit.writers()) == [("tasks.yml: Write", {"told"})]
