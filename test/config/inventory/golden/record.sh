#!/bin/sh
# Records what Ansible makes of each inventory here: expected.json of each folder. Needs ansible-core 2.14.
# sources.txt holds one -i on each line, patterns.txt one "pattern [-l limit]" on each line.
# Usage: record.sh [folder...]
cd "$(dirname "$0")" || exit 1
exec python3 - "$@" <<'PYTHON'
import glob, json, os, subprocess, sys, tempfile

SEEDS = ['0', '4']

# Without it, group_vars of the working folder count as those beside a playbook.
EMPTY = tempfile.mkdtemp()

def run(folder, *command):
    """Where several parents have children, their order is that of Python's hashes: such a fixture is of no use."""
    outputs = set()
    for seed in SEEDS:
        env = {**os.environ, 'PYTHONHASHSEED': seed, 'ANSIBLE_LOCALHOST_WARNING': 'False', 'LC_ALL': 'C.UTF-8'}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f'{folder}: {command}: {done.stderr}')
        outputs.add(done.stdout)
    if len(outputs) > 1:
        sys.exit(f'{folder}: {command}: the order is left to chance')
    return outputs.pop()

def hosts_of(folder, sources, pattern, limit=None):
    limited = ['-l', limit] if limit else []
    lines = run(folder, 'ansible', *sources, *limited, '--list-hosts', '--', pattern).splitlines()
    return [line.strip() for line in lines[1:]]

def lines_of(path):
    return open(path).read().splitlines() if os.path.exists(path) else []

def plain(value):
    """sluice keeps whole floats and large integers as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return repr(value) if isinstance(value, float) and value.is_integer() else value

for folder in sys.argv[1:] or sorted(os.path.dirname(path) for path in glob.glob('*/sources.txt')):
    sources = [word for source in lines_of(f'{folder}/sources.txt') for word in ('-i', source)]
    listing = json.loads(run(folder, 'ansible-inventory', *sources, '--playbook-dir', EMPTY, '--list'))
    hostvars = listing.pop('_meta')['hostvars']
    names = {'all', 'ungrouped', *listing, *(child for group in listing.values() for child in group.get('children', []))}
    everyone = hosts_of(folder, sources, 'all')
    # A pattern that is a host and a group means the host.
    groups = {name: listing[name]['hosts'] if name in everyone else hosts_of(folder, sources, f'{name},')
              for name in sorted(names)}
    hosts = {host: {
        'vars': plain(hostvars.get(host, {})),
        'groups': sorted(name for name, members in groups.items() if host in members and name != 'all'),
    } for host in sorted(everyone)}
    patterns = {line: hosts_of(folder, sources, *line.split(' -l ')) for line in lines_of(f'{folder}/patterns.txt')}
    with open(f'{folder}/expected.json', 'w') as file:
        json.dump({'hosts': hosts, 'groups': groups, 'patterns': patterns}, file, indent=2, ensure_ascii=False)
        file.write('\n')
    print(f'{folder}: {len(hosts)} hosts, {len(groups)} groups, {len(patterns)} patterns')
PYTHON
