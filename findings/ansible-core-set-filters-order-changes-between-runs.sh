#!/bin/sh
# ansible-core 2.19.14: the filters difference, intersect, union and symmetric_difference of two plain lists give their elements in an order
# that changes from one run of ansible to the next. They go through Python's sets, whose order follows the process's random hash seed; only
# where an element cannot be hashed is the lists' own order kept. A list of hosts without this one, written into a configuration file, therefore
# is another text on every run as soon as two are left: the file changes, its service is reloaded. The filters' documentation says nothing about the order
# (plugins/filter/difference.yml and others of that release). unique, reject and select keep the order.
#
# Guessed before: the order of the first list, as unique gives it.
#
# Seen, difference of a, b, c, d and a, by PYTHONHASHSEED: 0 "d","c","b" / 1 "d","b","c" / 2 "c","b","d" / 4 "b","c","d"; reject always "b","c","d".
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
cd "$place"
ask() {
  PYTHONHASHSEED=$1 ANSIBLE_CALLBACK_RESULT_FORMAT=json "$place/venv/bin/ansible" localhost -i localhost, -c local -m ansible.builtin.debug \
    -e '{"members": ["a", "b", "c", "d"]}' -a "{\"msg\": \"{{ $2 }}\"}" | tr -d ' \n' | sed 's/.*"msg":\[\(.*\)\].*/\1/'
}
sets='' kept=''
for seed in 0 1 2 3 4 5 6 7; do
  sets="$sets$(ask "$seed" "members | difference(['a'])")
"
  kept="$kept$(ask "$seed" "members | reject('in', ['a']) | list")
"
done
printf 'difference:\n%sreject:\n%s' "$sets" "$kept"
[ "$(printf %s "$sets" | sort -u | wc -l)" -gt 1 ] || { echo "difference gave one order for eight seeds: the finding no longer holds." >&2; exit 1; }
[ "$(printf %s "$kept" | sort -u | wc -l)" = 1 ] || { echo "reject gave several orders: the finding no longer holds." >&2; exit 1; }
