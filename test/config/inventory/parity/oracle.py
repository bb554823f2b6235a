"""Answers, of Ansible's own commands, to the calls that stand on stdin as JSON.

What is asked about one folder runs in a process that is forked once everything is imported: a start costs a second.
"""
import importlib
import itertools
import json
import os
import sys
import tempfile

from ansible.utils.context_objects import GlobalCLIArgs

CLASSES = {
    'ansible': ('ansible.cli.adhoc', 'AdHocCLI'),
    'ansible-inventory': ('ansible.cli.inventory', 'InventoryCLI'),
}
for module, _ in CLASSES.values():
    importlib.import_module(module)


def answer(argv):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        module, name = CLASSES[argv[0]]
        sys.argv = argv
        # Otherwise the options of the first command stand for all of them.
        GlobalCLIArgs._Singleton__instance = None
        status = 0
        try:
            getattr(sys.modules[module], name).cli_executor(argv)
        except SystemExit as end:
            status = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        out.seek(0)
        err.seek(0)
        return {'status': status, 'out': out.read().decode(), 'err': err.read().decode()}


def answers(folder, calls):
    with tempfile.TemporaryFile('w+') as told:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            json.dump([answer(argv) for argv in calls], told)
            told.flush()
            os._exit(0)
        os.waitpid(child, 0)
        told.seek(0)
        return json.load(told)


def batches(folder, playbook, inventory):
    """How Ansible itself splits the hosts of the first play."""
    from ansible.executor.playbook_executor import PlaybookExecutor
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.playbook import Playbook
    from ansible.vars.manager import VariableManager
    from ansible import context
    from ansible.module_utils.common.collections import ImmutableDict
    context.CLIARGS = ImmutableDict(syntax=True, start_at_task=None, forks=5, verbosity=0)
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[inventory])
    variables = VariableManager(loader=loader, inventory=manager)
    executor = PlaybookExecutor([], manager, variables, loader, {})
    plays = Playbook.load(os.path.join(folder, playbook), variable_manager=variables, loader=loader).get_plays()
    from ansible.template import Templar
    result = []
    for play in plays:
        play.post_validate(Templar(loader=loader, variables=variables.get_vars(play=play)))
        result.append([[str(host) for host in batch] for batch in executor._get_serialized_batches(play)])
    return result


request = json.load(sys.stdin)
json.dump({
    'answers': [
        one for folder, calls in itertools.groupby(request.get('calls', []), lambda call: call['folder'])
        for one in answers(folder, [call['argv'] for call in calls])
    ],
    'batches': [batches(one['folder'], one['playbook'], one['inventory']) for one in request.get('batches', [])],
}, sys.stdout)
