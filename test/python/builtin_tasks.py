"""Sends Celery's own tasks by name, as clients before Celery 4 do: broker URL, result backend, queue.

Prints JSON: for each message what its task came to, its children, and what the tasks came to that it names.
"""
import json
import re
import sys
from uuid import uuid4

from celery import Celery, chain, group

broker, backend, queue = sys.argv[1:]
app = Celery('client', broker=broker, backend=backend)
app.conf.task_default_queue = queue
UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


class Case:
    """A message, and names for the ids in it."""

    def __init__(self):
        self.names = {}

    def id(self, name):
        """The id of that name."""
        task_id = str(uuid4())
        self.names[task_id] = name
        return task_id

    def sig(self, task, *args, name=None, **options):
        if name:
            options['task_id'] = self.id(name)
        return app.signature(f'canvas.{task}', args=args, options=options)

    def tuples(self, *signatures, group_id):
        return [[group_id, None], [[[s.options['task_id'], None], None] for s in signatures]]


def old_group(case, partial_args=(), **kwargs):
    """A group as its client had frozen it."""
    group_id = case.id('group')
    args = [(n,) if partial_args else (n, n + 1) for n in (1, 2)]
    tasks = [case.sig('add', *numbers, name=f'member {numbers[0]}', group_id=group_id) for numbers in args]
    return 'celery.group', [tasks, case.tuples(*tasks, group_id=group_id), group_id, list(partial_args)], kwargs


def old_group_by_name(case):
    task, args, _ = old_group(case)
    return task, [], dict(zip(('tasks', 'result', 'group_id', 'partial_args'), args))


def failing_group(case):
    group_id = case.id('group')
    tasks = [case.sig('fail', name='failing'), case.sig('add', 1, 1, name='adding')]
    return 'celery.group', [tasks, case.tuples(*tasks, group_id=group_id), group_id, []], {}


def old_chord(case, header=None, body=None, **kwargs):
    header = header or [case.sig('add', 1, 1), case.sig('add', 2, 2)]
    return 'celery.chord', [header, body or case.sig('tsum', name='body')], kwargs


def chord_of_partials(case):
    return old_chord(case, [case.sig('add', 1), case.sig('add', 2)], partial_args=[10])


def chord_of_group(case):
    return old_chord(case, group(case.sig('add', 1, 1), case.sig('add', 2, 2)))


def chord_of_one(case):
    return old_chord(case, [case.sig('add', 3, 4)])


def chord_without_header(case):
    return 'celery.chord', [[], case.sig('tsum', name='body')], {}


def chord_to_chain(case):
    return old_chord(case, body=chain(case.sig('tsum'), case.sig('add', 1, name='body')))


def failing_chord(case):
    return old_chord(case, [case.sig('add', 1, 1), case.sig('fail')])


def signed(case, name, task, *args):
    return f'celery.{name}', [case.sig(task), *args], {}


MESSAGES = {
    'group': old_group,
    'group by keywords': old_group_by_name,
    'group with partial arguments': lambda case: old_group(case, partial_args=[10]),
    'group that is no child': lambda case: old_group(case, add_to_parent=False),
    'group with a failing task': failing_group,
    'chord': old_chord,
    'chord, looked at often': lambda case: old_chord(case, interval=0.2, max_retries=50, countdown=1),
    'chord with partial arguments': chord_of_partials,
    'chord whose header is a group': chord_of_group,
    'chord of one': chord_of_one,
    'chord without a header': chord_without_header,
    'chord whose body is a chain': chord_to_chain,
    'chord with a failing task': failing_chord,
    'chord without a body': lambda case: ('celery.chord', [[case.sig('add', 1, 1)], None], {}),
    'chunks': lambda case: signed(case, 'chunks', 'add', [[1, 1], [2, 2], [3, 3]], 2),
    'chunks of nothing': lambda case: signed(case, 'chunks', 'add', [], 2),
    'chunks by keywords': lambda case: ('celery.chunks', [], {'task': case.sig('add'), 'it': [[1, 2]], 'n': 1}),
    'accumulate': lambda case: ('celery.accumulate', [1, 'two', [3]], {}),
    'accumulate nothing': lambda case: ('celery.accumulate', [], {}),
    'accumulate: first': lambda case: ('celery.accumulate', [[1, 2], 3], {'index': 0}),
    'accumulate: last': lambda case: ('celery.accumulate', [1, 2, 3], {'index': -1}),
    'accumulate: more than there are': lambda case: ('celery.accumulate', [1], {'index': 4}),
    'accumulate: other keywords': lambda case: ('celery.accumulate', [1], {'other': 4}),
    'map': lambda case: signed(case, 'map', 'tsum', [[1, 2], [3]]),
    'map of nothing': lambda case: signed(case, 'map', 'tsum', []),
    'map that fails': lambda case: signed(case, 'map', 'fail', [1, 2]),
    'map of an unknown task': lambda case: signed(case, 'map', 'nosuch', [1, 2]),
    'map by a name': lambda case: ('celery.map', ['canvas.tsum', [[1, 2]]], {}),
    'starmap': lambda case: signed(case, 'starmap', 'add', [[1, 2], [3, 4]]),
    'starmap by keywords': lambda case: ('celery.starmap', [], {'task': case.sig('add'), 'it': [[1, 2]]}),
    'starmap with too few arguments': lambda case: signed(case, 'starmap', 'add', [[1]]),
    'chain': lambda case: ('celery.chain', [], {'tasks': [case.sig('add', 1, 1)]}),
    'backend_cleanup': lambda case: ('celery.backend_cleanup', [], {}),
}


def outcome(result, timeout=25):
    try:
        return result.get(timeout=timeout, interval=0.05)
    except Exception as exc:
        return [type(exc).__name__]


def named(case, value):
    """The value with names for the ids in it."""
    names = dict(case.names)
    return json.loads(UUID.sub(lambda match: names.setdefault(match[0], 'new id'), json.dumps(value)))


def told(case, result):
    """What became of a message."""
    value = outcome(result)
    children = [child.as_tuple() for child in result.children or []]
    # A task that failed has sent nothing that is worth waiting for.
    patience = 2 if result.failed() else 25
    others = {
        name: outcome(app.AsyncResult(task_id), patience) for task_id, name in case.names.items() if name != 'group'
    }
    return named(case, {'result': value, 'children': children, 'others': others})


def main():
    sent = {}
    for name, message in MESSAGES.items():
        case = Case()
        task, args, kwargs = message(case)
        sent[name] = case, app.send_task(task, args, kwargs)
    print(json.dumps({name: told(*message) for name, message in sent.items()}))


if __name__ == '__main__':
    main()
