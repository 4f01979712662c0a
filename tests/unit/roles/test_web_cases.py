"""Inventories as people write them (tests/unit/recorded/cases), through preflight and through the roles' own rendering."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

TREE = Path(__file__).resolve().parents[3]
CASES = TREE / "tests/unit/recorded/cases"
ENVIRONMENT = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(TREE / ".ansible/collections"), ANSIBLE_CONFIG=str(TREE / "ansible.cfg"),
                   ANSIBLE_NOCOLOR="1", PATH=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
LONG = "app-node-01.production.eu-central-1.compute.internal.example.com"


def play(playbook, inventory, where):
    return subprocess.run(["ansible-playbook", "-i", str(inventory), str(playbook)], cwd=where, env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=120, check=False)


def rendered(where, role, group, inventory, variable):
    """What the role's variable is on each host of the group, made as the role makes it."""
    home = TREE / "roles" / role
    (where / "templates").symlink_to(home / "templates")
    files = [str(home / "vars/main.yml"), str(home / "vars/Debian.yml")]
    hosts = yaml.safe_load(inventory.read_text())
    hosts["all"]["vars"] = {**yaml.safe_load((home / "defaults/main.yml").read_text()), **hosts["all"]["vars"]}
    (where / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (where / "play.yml").write_text(yaml.safe_dump([{
        "hosts": group, "connection": "local", "gather_facts": False, "vars_files": files,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [{"ansible.builtin.copy": {
            "content": "{{ %s | to_json }}" % variable, "dest": str(where) + "/{{ inventory_hostname }}.json"}}],
    }]))
    done = play(where / "play.yml", where / "hosts.yml", where)
    assert done.returncode == 0, done.stdout + done.stderr
    made = {}
    for path in where.glob("*.json"):
        made[path.stem] = {one["path"]: one["content"] for one in json.loads(path.read_text())["files"]}
    return made


@pytest.fixture(scope="module")
def httpd(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("httpd"), "apache_modjk", "apache", CASES / "web.yml", "__apache_modjk_config")


@pytest.fixture(scope="module")
def tomcats(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("tomcats"), "tomcat_cluster", "tomcat", CASES / "web.yml", "__tomcat_cluster_written")


def test_an_instance_tells_its_sessions_at_a_socket_and_at_no_port(tomcats):
    made = tomcats["t02"]
    services = ElementTree.fromstring(made["/etc/tomcat-cluster/tc1/server.xml"]).findall("Service")
    # Behind all others: whatever becomes of it, theirs have begun.
    assert services[-1].get("name") == "failover-status" and services[-1].find("Engine").get("name") == "failover-status"
    (connector,) = services[-1].findall("Connector")
    assert connector.get("unixDomainSocketPath") == "/run/tomcat-cluster/tc1/status.sock" and connector.get("port") is None
    page = services[-1].find(".//Context").get("docBase") + "/index.jsp"
    assert "activeSessions" in made[page] and "request" not in made[page] and "setAttribute" not in made[page]
    assert "RuntimeDirectory=tomcat-cluster/%i" in made["/etc/systemd/system/tomcat@.service"].splitlines()


def site(files, name):
    return files["/etc/apache2/sites-available/failover-%s.conf" % name]


def workers(files):
    return files["/etc/libapache2-mod-jk/workers.properties"]


def test_preflight_objects_to_the_port_that_httpd_and_tomcat_share_and_to_nothing_else():
    done = play(TREE / "playbooks/preflight.yml", CASES / "web.yml", TREE)
    told = {line.strip() for line in done.stdout.splitlines() if line.strip().startswith("- ")}
    assert told == {"- t07: httpd (apache_modjk_applications) listens on port 8080, which another service of this host uses already: "
                    "give each its own port."}


def test_a_shop_for_every_customer_below_one_domain(httpd):
    assert "ServerName shop.example\n" in site(httpd["a01"], "shop") and "ServerAlias" not in site(httpd["a01"], "shop")
    assert site(httpd["a01"], "~wild").count("ServerAlias *.shop.example") == 2


def test_two_applications_of_two_services_under_one_host_name(httpd):
    both = site(httpd["a02"], "shop")
    assert both.count("<VirtualHost") == 1 and "/etc/apache2/sites-available/failover-blog.conf" not in httpd["a02"]
    for mount in ("/shop lb_shop", "/shop/* lb_shop", "/blog lb_blog", "/blog/* lb_blog"):
        assert "  JkMount %s\n" % mount in both
    assert "worker.list=lb_shop,lb_blog,jkstatus,jkmanager" in workers(httpd["a02"])


def test_an_underscore_in_a_host_name(httpd):
    assert "ServerName my_shop.intra.example\n" in site(httpd["a05"], "shop")
    # Tomcat answers 400 to it.
    assert 'RequestHeader unset Host "expr=%{HTTP_HOST} =~ /_/"' in httpd["a05"]["/etc/apache2/conf-available/zz-failover.conf"]


def test_long_dns_names_make_workers_and_routes_that_mod_jk_takes(httpd, tomcats):
    lines = workers(httpd[LONG]).splitlines()
    names = {line.split(".")[1] for line in lines if line.startswith("worker.") and line.count(".") > 1}
    assert max(map(len, names)) <= 60
    [member] = [line.split("=")[1] for line in lines if line.startswith("worker.lb_customerportal.balance_workers=")]
    assert member in names and member.startswith("customerportal_app-node-01-production")
    [route] = [line.split("=")[1] for line in lines if line.startswith("worker.%s.route=" % member)]
    assert len(route) <= 60 and 'jvmRoute="%s"' % route in tomcats[LONG]["/etc/tomcat-cluster/tc1/server.xml"]


def test_both_sides_of_ajp_have_one_packet_size(httpd, tomcats):
    for host in httpd:
        assert "max_packet_size=16384\n" in workers(httpd[host])
        assert 'packetSize="16384"' in tomcats[host]["/etc/tomcat-cluster/tc1/server.xml"]


def test_a_cluster_of_defaults_is_a_cluster(tomcats):
    assert "<Cluster className" in tomcats["a01"]["/etc/tomcat-cluster/tc1/server.xml"]
    assert "<Cluster className" not in tomcats["a02"]["/etc/tomcat-cluster/tc1/server.xml"]


def test_options_of_the_jvm_with_pipes_and_stars_arrive_as_they_are(tomcats, tmp_path):
    (tmp_path / "setenv.sh").write_text(tomcats["t01"]["/etc/tomcat-cluster/tc1/setenv.sh"])
    # As catalina.sh does it.
    shell = """. ./setenv.sh; eval printf "'%s\\\\n'" "$CATALINA_OPTS" """
    seen = subprocess.run(["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert seen[-2:] == ["-Dhttp.proxyHost=proxy.intra.example", "-Dhttp.nonProxyHosts=localhost|127.*|*.intra.example"]


def test_an_application_in_opt_webapps(tomcats):
    assert 'docBase="/opt/webapps/shop.war"' in tomcats["t02"]["/etc/tomcat-cluster/tc1/server.xml"]


def test_session_variables_of_a_data_source_arrive_as_they_are_written(tomcats):
    found = ElementTree.fromstring(tomcats["t02"]["/etc/tomcat-cluster/tc1/server.xml"]).find(".//Context/Resource").attrib
    assert found["url"] == """jdbc:mariadb://10.3.2.1/shop?useSsl=false&sessionVariables=sql_mode='ANSI', time_zone = "+02:00\""""
    assert found["connectionProperties"] == (
        r"sessionVariables=default_master_connection\u003d\u0027a\u0026b\u003bc\u003d\u0022d\u0027;useCompression=true")


def test_an_application_below_home_that_writes_uploads(tomcats):
    unit = tomcats["t03"]["/etc/systemd/system/tomcat@.service"]
    assert "ProtectHome=read-only\n" in unit and "ReadWritePaths=-/srv/uploads\n" in unit
    assert "ProtectHome=true\n" in tomcats["t01"]["/etc/systemd/system/tomcat@.service"]


def test_who_shares_no_sessions_reads_what_it_likes(tomcats):
    assert "serialFilter" not in tomcats["t01"]["/etc/tomcat-cluster/tc1/setenv.sh"]
    assert "serialFilter" in tomcats["a01"]["/etc/tomcat-cluster/tc1/setenv.sh"]


def test_what_an_application_brings_along_is_looked_into(tomcats):
    properties = tomcats["a01"]["/etc/tomcat-cluster/tc1/catalina.properties"]
    [skipped] = [line for line in properties.splitlines() if "jarsToSkip" in line]
    assert "=*.jar" not in skipped and ",*.jar" not in skipped and "catalina*.jar" in skipped


def test_tomcats_share_sessions_by_the_address_that_each_member_names(tmp_path):
    services = [{"name": "shop", "ajp_port": 8009, "cluster": {"membership": "multicast"}},
                {"name": "told", "ajp_port": 8019, "cluster": {}}]
    hosts = {"web%d" % n: {"ansible_host": "198.18.0.2%d" % n, "tomcat_cluster_address": "2001:db8::2%d" % n} for n in (1, 2)}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {
        "vars": {"tomcat_cluster_ajp_secret": "0123456789abcdef", "tomcat_cluster_instances": [{"name": "t1", "services": services}]},
        "children": {"tomcat": {"hosts": hosts}}}}))
    made = rendered(tmp_path, "tomcat_cluster", "tomcat", inventory, "__tomcat_cluster_written")["web1"]
    server = ElementTree.fromstring(made["/etc/tomcat-cluster/t1/server.xml"])
    multicast, static = server.iter("Membership")
    assert [(one.get("warnOnSessionAttributeFilterFailure"), one.get("sessionAttributeValueClassNameFilter")[:3])
            for one in server.iter("Manager")] == [("true", "(?!")] * 2
    assert "-Djdk.serialFilter=!com.rometools.rome.feed.impl.**;!" in made["/etc/tomcat-cluster/t1/setenv.sh"]
    assert (multicast.get("bind"), multicast.get("address")) == ("2001:db8::21", "ff15::45:64")
    assert [member.get("host") for member in static] == ["2001:db8::21", "2001:db8::22"]
    watchdog = json.loads(next(text for path, text in made.items() if path.endswith("/watchdog.json")))
    assert watchdog["peers"] == ["2001:db8::22"] and watchdog["instances"][0]["peers"] == [["2001:db8::22", 8009], ["2001:db8::22", 8019]]
