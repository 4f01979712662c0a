#!/bin/sh
# ansible-lint 26.10.1 and ansible-core 2.19.14: an option of a role's argument_specs with `aliases` fails ansible-lint's rule schema
# (role-arg-spec), which cannot be skipped and stops the file's other rules, although ansible-core takes the specification (a key of a
# dictionary may be given by its alias) and ansible-doc shows the alias. The schema defines deprecated_alias and uses it nowhere.
#
# Guessed: what a module's argument specification may have, a role's may have, for the checker, too.
# Seen: ansible-playbook "ok=2", ansible-doc "aliases: [hsts_seconds]", ansible-lint "Additional properties are not allowed ('aliases' was
# unexpected)", exit status 2.
#
# So renamed keys are options of their own. Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ansible-core==2.19.14 ansible-lint==26.10.1
PATH=$folder/venv/bin:$PATH
mkdir -p roles/proxy/meta roles/proxy/tasks
cat >roles/proxy/meta/argument_specs.yml <<END
---
argument_specs:
  main:
    short_description: A proxy
    options:
      proxy_frontend:
        type: dict
        description: A frontend.
        options:
          hsts_s: {type: int, aliases: [hsts_seconds], description: Seconds.}
END
cat >roles/proxy/meta/main.yml <<END
---
galaxy_info: {author: somebody, description: A proxy, license: MIT, min_ansible_version: "2.19", platforms: [{name: Debian, versions: [all]}]}
END
cat >roles/proxy/tasks/main.yml <<END
---
- name: Say so
  ansible.builtin.debug:
    msg: "{{ proxy_frontend }}"
END
cat >play.yml <<END
---
- name: Proxy
  hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - role: proxy
      vars: {proxy_frontend: {hsts_seconds: 60}}
END
ansible-playbook -i localhost, play.yml | grep -o 'ok=2'
ansible-doc -r roles -t role proxy | grep -o 'aliases: \[hsts_seconds\]'
status=0
ansible-lint --offline --nocolor roles/proxy/meta/argument_specs.yml >lint.log 2>&1 || status=$?
grep -o "Additional properties are not allowed ('aliases' was unexpected)" lint.log || { cat lint.log; echo "changed: ansible-lint takes it"; exit 1; }
echo "ansible-lint: exit status $status"
[ "$status" = 2 ]
