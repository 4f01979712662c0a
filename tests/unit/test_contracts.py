"""The house's rules that a machine can check: docs/development.md says why they are there."""

from __future__ import annotations

import importlib
import pathlib
import re
import ssl

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._firewall.site import GROUPS as firewall_groups
from ansible_collections.failover.stack.plugins.module_utils._preflight.renamed import RENAMED
from ansible_collections.failover.stack.plugins.module_utils._status.asks import TIERS
from ansible_collections.failover.stack.plugins.module_utils._status.judge import TITLES
from ansible_collections.failover.stack.plugins.module_utils._status.tiers import JUDGES
from ansible_collections.failover.stack.plugins.modules.status_info import WHERE

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted(ROOT.glob("roles/*/tasks/**/*.yml"))
# vars/<os_family>.yml and templates hold internal names; a dotted default such as `groups[x]` is allowed in defaults only.
TOPOLOGY = re.compile(r"\bgroups\s*\[|\bhostvars\b|\bextract['\"]\s*,\s*groups\b")
# What a template may still say in vars/main.yml is a value; what is worked out is Python.
MOST_LINES_OF_VALUES = {"galera": 50, "mysql_replication": 50, "rabbitmq_cluster": 50}
# The demo application is nothing without a Tomcat.
TESTED_WITH = {"demo_app": "tomcat_cluster", "ipvs_realserver": "ipvs_director"}
COMMAND = re.compile(r"ansible\.builtin\.(command|shell|raw):")


# What opens a file for writing, gives one away or changes its permissions by its name follows a link that lies there.
BY_NAME = re.compile(r"os\.(chown|chmod|truncate)\(|shutil\.(copy|copy2|copyfile|chown|move)\(|write_text\(|write_bytes\("
                     r"|open\([^)]*\+ \"\.new\"")
# Those that do, and why nobody but root can have put a link there.
BY_NAME_IN_ROOTS_OWN = {
    "action/status_report.py": "the controller, where its operator wants the page",
    "module_utils/_report/page.py": "the controller, where its operator wants the page",
    "module_utils/_agents/mha_manager.py": "/var/lib/failover-mha",
    "module_utils/_agents/mha_member.py": "its own socket in /run",
    "module_utils/_agents/mysql_record.py": "/var/lib/failover-mysql, 0700",
    "module_utils/_agents/textfile_exporter.py": "/run/failover-monitoring, its own user's, whom it runs as",
    "module_utils/_deploy/package.py": "a directory that is being made",
    "module_utils/_drill/client/files.py": "the lab's client",
    "module_utils/_host/json_file.py": "/var/lib/failover-content and the like",
    "module_utils/_mysql/backup/worker.py": "the directory of backups",
    "module_utils/_mysql/seed/stream.py": "/run/failover-mysql",
    "module_utils/_mysql/seed/worker.py": "beside the data directory",
    "module_utils/_rabbitmq/ask.py": "a directory that mkdtemp made",
    "modules/artifacts.py": "beside where it goes, below /opt",
    "modules/app_package.py": "the cache of the host that builds",
    "modules/keepalived_server.py": "/run/failover-keepalived",
    "modules/mha_mends.py": "/usr/local",
    "modules/mmm_files.py": "/usr and /etc",
}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def tasks_in(node):
    """Every task of a file, those in blocks included."""
    for task in node or []:
        if any(key in task for key in ("block", "rescue", "always")):
            for key in ("block", "rescue", "always"):
                yield from tasks_in(task.get(key))
        else:
            yield task


@pytest.fixture(params=ROLES, ids=lambda role: role.name)
def role(request):
    return request.param


@pytest.fixture(params=TASK_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def task_file(request):
    return request.param


def test_defaults_and_argument_specs_agree(role):
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    options = specs["main"]["options"]
    defaults = load(role / "defaults/main.yml") or {}
    secrets = {name for name, option in options.items() if option.get("no_log")}
    assert set(defaults) == set(options) - secrets, "defaults and argument_specs must name the same variables (secrets apart)"
    for name, option in options.items():
        assert name.startswith(role.name + "_"), name
        assert option.get("type"), "%s has no type" % name
        assert option.get("description"), "%s has no description" % name


def test_every_entry_point_is_described(role):
    """What makes pages of a collection's documentation (antsibull-docs) leaves a role out of which one entry point has none."""
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    assert [name for name, spec in specs.items() if not (spec.get("short_description") and spec.get("description"))] == []


def test_spec_defaults_are_the_defaults(role):
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(role / "defaults/main.yml") or {}
    for name, option in options.items():
        if "default" in option and not (isinstance(defaults[name], str) and "{{" in defaults[name]):
            assert option["default"] == defaults[name], name


def test_old_names_of_variables_count(role):
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(role / "defaults/main.yml") or {}
    for old, name in RENAMED.get(role.name, {}).items():
        if "." not in old:
            assert old not in options
            value = options[name]["default"]
            written = str(value).lower() if isinstance(value, bool) else value
            assert defaults[name] == "{{ %s | default(%s) }}" % (old, written), "the old name %s does not count" % old


def test_defaults_are_understood_without_the_internal_variables(role):
    """The site's preflight reads defaults, not vars/. What is registered is asked of other hosts, by a name in quotes."""
    for line in (role / "defaults/main.yml").read_text(encoding="utf-8").splitlines():
        assert not re.search(r"\b__[a-z]", re.sub(r"'[^']*'", "", line)), line


def test_role_has_its_parts(role):
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    assert specs["main"].get("short_description")
    if (role / "tasks/verify.yml").exists():
        assert "verify" in specs
    info = load(role / "meta/main.yml")
    assert not info["dependencies"]
    assert info["galaxy_info"]["description"] == load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["short_description"]
    assert not (role / "tests").exists()


def test_size(task_file):
    lines = task_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (40 if task_file.name == "main.yml" else 120)


def test_task_length(task_file):
    text = task_file.read_text(encoding="utf-8")
    starts = [m.start() for m in re.finditer(r"^ *- name:", text, re.M)] + [len(text)]
    for begin, end in zip(starts, starts[1:]):
        body = [line for line in text[begin:end].splitlines() if line.strip() and not line.strip().startswith("#")]
        while body and re.match(r"\s*(rescue|always|block):$", body[-1]):
            body.pop()
        assert len(body) <= 10, body[0]


def test_no_swallowed_errors_and_no_false_changes(task_file):
    text = task_file.read_text(encoding="utf-8")
    assert "ignore_errors" not in text
    assert not re.search(r"changed_when: *(true|yes)\b", text, re.I)
    assert "os_family ==" not in text


def test_topology_is_asked_in_defaults_only(role):
    for path in role.rglob("*"):
        if path.is_file() and path.suffix in (".yml", ".j2") and path.parent.name != "defaults":
            assert not TOPOLOGY.search(path.read_text(encoding="utf-8")), path


def test_variable_files_say_values(role):
    path = role / "vars/main.yml"
    if role.name in MOST_LINES_OF_VALUES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_VALUES[role.name]


def test_module_defaults_are_what_several_tasks_share(task_file):
    """Named one by one, at a block with at least two tasks of the module."""
    assert_shared_defaults(load(task_file))


def assert_shared_defaults(nodes):
    for node in nodes or []:
        for module, parameters in node.get("module_defaults", {}).items():
            assert isinstance(parameters, dict), "%s: module_defaults of %s are not named" % (node["name"], module)
            assert sum(module in task for task in tasks_in([node])) > 1, "%s: module_defaults of %s for one task" % (node["name"], module)
        for key in ("block", "rescue", "always"):
            assert_shared_defaults(node.get(key))


def test_facts_are_not_injected(role):
    for path in role.rglob("*"):
        if path.is_file() and path.suffix in (".yml", ".j2"):
            assert not re.search(r"\bansible_(default_ipv4|distribution|os_family|hostname|memtotal_mb)\b",
                                 path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("place", ["roles", "playbooks", "inventories", "tools"])
def test_an_order_is_kept(place):
    """ansible-core's set filters return their elements in another order with every run; only their number may count."""
    for path in sorted((ROOT / place).rglob("*")):
        if path.suffix in (".yml", ".j2"):
            for found in re.finditer(r"[|] (?:symmetric_difference|difference|intersect|union)[(].*", path.read_text(encoding="utf-8")):
                assert re.search(r"[)] [|] length\b", found.group()), (path, found.group())


def test_commands_are_the_exception():
    text = "".join(path.read_text(encoding="utf-8") for path in TASK_FILES)
    tasks = len(re.findall(r"^\s*- name:", text, re.M))
    assert len(COMMAND.findall(text)) <= 0.03 * tasks


def test_commands_tell_whether_they_changed(task_file):
    for task in tasks_in(load(task_file)):
        if any(COMMAND.match(key + ":") for key in task):
            assert "changed_when" in task, task.get("name")


def test_the_site_asks_every_role_that_has_a_preflight():
    (play,) = load(ROOT / "playbooks/preflight.yml")
    (task,) = play["tasks"]
    assert set(task["failover.stack.preflight"]["roles"]) == {role.name for role in ROLES if (role / "tasks/preflight.yml").exists()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("playbooks/*.yml")), ids=lambda path: path.name)
def test_a_spec_is_left_unread_only_where_preflight_reads_it(path):
    for play in load(path):
        for task in tasks_in(play.get("tasks")):
            role = task.get("ansible.builtin.import_role") or task.get("ansible.builtin.include_role") or {}
            if "rolespec_validate" in role:
                assert "tasks_from" not in role
                assert (ROOT / "roles" / role["name"].split(".")[-1] / "tasks/preflight.yml").exists()


def test_every_role_has_a_scenario(role):
    scenario = TESTED_WITH.get(role.name, role.name)
    assert (ROOT / "molecule" / scenario / "molecule.yml").exists()


def test_galaxy_dependencies_are_what_the_archive_uses():
    declared = set(load(ROOT / "galaxy.yml")["dependencies"])
    text = "".join(path.read_text(encoding="utf-8") for path in [
        *ROOT.glob("roles/**/*.yml"), *ROOT.glob("roles/**/*.j2"), *ROOT.glob("playbooks/*.yml"), *ROOT.glob("playbooks/tasks/*.yml"),
        *ROOT.glob("plugins/**/*.py")])
    core = r"(?!builtin|module_utils|plugins|utils[.](?:color|display)|vars[.]hostvars)"
    assert declared == set(re.findall(r"\b((?:community|ansible)[.]" + core + r"[a-z]+)[.][a-z_]+", text))


# Its action plugin is tested by ansible-playbook.
TESTED_BY_A_PLAYBOOK = {"drill", "preflight"}


def test_every_module_and_action_has_a_unit_test():
    """Of what no test imports nobody knows whether it refuses what it should."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/unit/plugins").rglob("test_*.py"))

    def imported(kind, name):
        return re.search(r"plugins\.%s(\.%s\b| import (\([^)]*|[^\n]*)\b%s\b)" % (kind, name, name), text)

    # A module that is documentation alone does nothing that its action does not.
    missing = [path for kind in ("modules", "action") for path in (ROOT / "plugins" / kind).glob("*.py")
               if not imported(kind, path.stem) and (kind == "action" or "def main(" in path.read_text(encoding="utf-8"))]
    assert {path.stem for path in missing} <= TESTED_BY_A_PLAYBOOK, missing


def filters():
    """The names under which expressions know them."""
    for path in sorted((ROOT / "plugins/filter").glob("*.py")):
        name = "ansible_collections.failover.stack.plugins.filter." + path.stem
        yield from importlib.import_module(name).FilterModule().filters()


def test_what_pages_and_sentences_give_by_e_is_read_by_somebody():
    """deploy_version, not deploy_release: whoever types a name that nobody reads is told that all went well."""
    given = re.compile(r"-e ['\"{ ]*([a-z]\w+)[=\"]")
    tasks = [path for place in ("roles", "playbooks") for path in (ROOT / place).rglob("*.yml")]
    lines = [line for path in tasks for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    read = set(re.findall(r"\b[a-z]\w+\b", given.sub("", "\n".join(lines))))
    pages = [ROOT / "README.md", *(path for place in ("docs", "roles", "inventories") for path in (ROOT / place).rglob("*.md"))]
    told = {(path.name, name) for path in [*pages, *tasks, *(ROOT / "plugins").rglob("*.py")]
            for name in given.findall(path.read_text(encoding="utf-8"))}
    assert ("deploy.md", "deploy_version") in told
    assert not {(page, name) for page, name in told if name not in read}


# With a warning Ansible gives what a module returns under the one another name, and reads the others itself.
NAMES_OF_ANSIBLES_OWN = {"results", "ansible_facts", "invocation", "exception", "add_host", "add_group"}


@pytest.mark.parametrize("path", sorted((ROOT / "plugins/modules").glob("*.py")), ids=lambda path: path.stem)
def test_no_module_returns_what_ansible_has_a_meaning_for(path):
    text = path.read_text(encoding="utf-8")
    documented = re.search(r'^RETURN = r"""(.*?)"""', text, re.M | re.S)
    assert not NAMES_OF_ANSIBLES_OWN & set(yaml.safe_load(documented.group(1) if documented else "") or {})
    assert not re.search(r"exit_json\([^)]*\b(%s)=" % "|".join(NAMES_OF_ANSIBLES_OWN), text)


@pytest.mark.parametrize("name", sorted(filters()))
def test_every_filter_is_used_by_somebody_else_than_a_test(name):
    """Public is what has a user: a role, a playbook, an inventory, or a page that tells one to use it."""
    used = re.compile(r"failover\.stack\.%s\b" % name)
    texts = [path for place in ("roles", "playbooks", "inventories", "docs", "molecule") for path in (ROOT / place).rglob("*")
             if path.suffix in (".yml", ".j2", ".md")]
    assert any(used.search(path.read_text(encoding="utf-8")) for path in texts)


def day_2_playbooks():
    tiers = {entry.get("ansible.builtin.import_playbook") for entry in load(ROOT / "playbooks/site.yml")}
    return sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.name not in {*tiers, "site.yml", "verify.yml"})


@pytest.mark.parametrize("path", day_2_playbooks(), ids=lambda path: path.name)
def test_an_operation_on_a_tier_that_is_not_there_is_refused(path):
    """Plays of an empty group are passed over with success: something before them has to say that there is nothing."""
    for entry in load(path):
        if "group_has_hosts" in entry.get("ansible.builtin.import_playbook", ""):
            return
        if entry.get("hosts") in ("localhost", "all"):
            assert any("ansible.builtin.assert" in task for task in tasks_in(entry["tasks"]))
            return
        assert "hosts" not in entry, entry["name"]
    raise AssertionError("nothing is asked of any host")


def groups_of_roles():
    """{role: groups} as preflight has it: who adds a tier adds it there."""
    asked = load(ROOT / "playbooks/preflight.yml")[0]["tasks"][0]["failover.stack.preflight"]
    return {role: tuple(groups) for role, groups in asked["roles"].items()}


def test_all_know_the_same_groups_of_a_role():
    wanted = groups_of_roles()
    # Releases have no ports and no addresses of their own.
    assert {role: groups for role, groups in wanted.items() if role != "app_deploy"} == firewall_groups
    seen = {}
    for tier in TIERS:
        seen.setdefault(tier.role, set()).update(tier.groups)
        assert tier.name in JUDGES and tier.name in TITLES and tier.name in WHERE, tier.name
    # keepalived's virtual servers are asked of directors alone.
    assert {role: groups | ({"keepalived"} if role == "keepalived" else set()) for role, groups in seen.items()} == {
        role: set(groups) | ({"ipvs_director"} if role == "keepalived" else set()) for role, groups in wanted.items()}


RESTARTED = [path for path in sorted(ROOT.glob("roles/*/templates/*")) if re.search(r"^Restart=", path.read_text(encoding="utf-8"), re.M)]


@pytest.mark.parametrize("path", RESTARTED, ids=lambda path: "%s/%s" % (path.parts[-3], path.name))
def test_no_unit_is_given_up_after_some_starts_that_failed(path):
    # After a loss of power an address, or the other machines, may come late.
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^StartLimitIntervalSec=0$", text, re.M), "it is given up after systemd's limit of starts"
    assert "StartLimitBurst" not in text


def test_root_follows_no_link_that_a_service_can_plant():
    """What is written in a directory that a service owns goes through _host/beneath.py; who does not is known, and why."""
    found = set()
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        if path.name != "beneath.py" and BY_NAME.search(path.read_text(encoding="utf-8")):
            found.add(str(path.relative_to(ROOT / "plugins")))
    assert found == set(BY_NAME_IN_ROOTS_OWN), found ^ set(BY_NAME_IN_ROOTS_OWN)


FIXED_PLACE = re.compile(r"(dest|src|path|creates): *[\"']?/(var/)?tmp/")


def test_nothing_is_put_under_a_known_name_where_everybody_writes():
    found = ["%s: %s" % (path.relative_to(ROOT), line.strip()) for path in sorted(ROOT.glob("roles/*/[tv]a*/**/*.yml"))
             for line in path.read_text(encoding="utf-8").splitlines() if FIXED_PLACE.search(line) or re.search(r'": *"/(var/)?tmp/', line)]
    assert found == []


@pytest.mark.parametrize("tier, role", [("galera", "galera"), ("rabbitmq", "rabbitmq_cluster")])
def test_an_upgrade_fetches_packages_before_anybody_stops(tier, role):
    """A mirror that is away is found out while all members serve."""
    plays = load(ROOT / ("playbooks/%s_upgrade.yml" % tier))
    fetches = [number for number, play in enumerate(plays) if "'tasks_from': 'download'" in str(play)]
    acts = [number for number, play in enumerate(plays) if "_step': 'upgrade'" in str(play)]
    assert len(fetches) == len(acts) == 1 and fetches[0] < acts[0]
    assert "--download-only" in load(ROOT / "roles" / role / "vars/Debian.yml")["__%s_download" % role]
    upgrades = {path.parents[1].name for path in ROOT.glob("roles/*/tasks/upgrade.yml")}
    assert upgrades == {"galera", "rabbitmq_cluster"}, "an upgrade that is new: have it fetch first, then name it here"


def test_all_services_offer_the_same_ciphers():
    """One list: what httpd offers, HAProxy, the apology's nginx and RabbitMQ do. Nothing with CBC or SHA-1."""
    wanted = load(ROOT / "roles/apache_modjk/defaults/main.yml")["apache_modjk_tls_ciphers"]
    assert load(ROOT / "roles/haproxy/defaults/main.yml")["haproxy_tls_ciphers"] == wanted
    assert load(ROOT / "roles/ipvs_director/vars/main.yml")["__ipvs_director_tls_ciphers"] == wanted
    named = load(ROOT / "roles/rabbitmq_cluster/vars/main.yml")["__rabbitmq_cluster_tls_ciphers"]
    assert [name for name in named if name.startswith("TLS_")] == named[:3]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(wanted)
    offered = {one["name"] for one in context.get_ciphers() if one["protocol"] == "TLSv1.2"}
    assert set(named[3:]) == offered and all("GCM" in name or "POLY1305" in name for name in offered)
