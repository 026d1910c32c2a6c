"""Records what Celery's client sends for each shape of a canvas: signature, messages, result tuple.

Writes test/fixtures/celery/canvas-messages.json. The broker is in memory; the result backend is one that keeps
nothing and, as MongoDB's, cannot join by itself.
"""
import json
import sys
from pathlib import Path

from celery import Celery, chain, chord, group, signature
from celery.backends.base import BaseBackend
from celery.canvas import StampingVisitor
from celery.canvas import chain as chain_


class NoBackend(BaseBackend):
    def as_uri(self, include_password=True):
        return 'nothing://'

    def store_result(self, *args, **kwargs):
        return None


app = Celery('shapes', broker='memory://', backend='__main__.NoBackend')
app.conf.task_ignore_result = False


@app.task(name='shapes.add', typing=False)
def add(x, y):
    return x + y


@app.task(name='shapes.tsum', typing=False)
def tsum(numbers):
    return sum(numbers)


@app.task(name='shapes.err', typing=False)
def err(task_id):
    return task_id


class Stamp(StampingVisitor):
    def on_signature(self, sig, **headers):
        return {'monitoring_id': 'abc'}


def stamped(sig):
    sig.stamp(Stamp())
    return sig


a, b, c, d = add.s(1, 1), add.s(2), add.s(3), add.s(4)
s, t = tsum.s(), tsum.si([7])

SHAPES = {
    'task': lambda: a.clone(),
    'task with options': lambda: a.clone().set(countdown=5, priority=3, queue='other', time_limit=9, soft_time_limit=8,
                                               expires=60, shadow='shade', headers={'x': 1}),
    'task with links': lambda: a.clone().set(link=[b, t], link_error=err.s()),
    'chain': lambda: a | b | c,
    'chain of immutables': lambda: add.si(1, 1) | add.si(2, 2),
    'chain with link_error': lambda: (a | b | c).on_error(err.s()),
    'chain with link': lambda: chain_(a, b).set(link=[c]),
    'chain in chain': lambda: chain(a, chain(b, c), d),
    'chain of one': lambda: chain_(a),
    'chain that ends in a group': lambda: a | group(b, c),
    'chain that ends in a group of one': lambda: a | group(b),
    'group': lambda: group(a, add.s(2, 2)),
    'group of one': lambda: group(a),
    'group in group': lambda: group(a, group(add.s(2, 2), add.s(3, 3)), add.s(4, 4)),
    'group of chains': lambda: group(a | b, add.s(2, 2) | c),
    'group of chords': lambda: group(chord([a, a], s), chord([a], s)),
    'group with options': lambda: group(a, add.s(2, 2)).set(countdown=3, queue='other'),
    'group of a chain that ends in a group': lambda: group(a | group(b, c)),
    'chord': lambda: chord([a, add.s(2, 2)], s),
    'chord of one': lambda: chord([a], s),
    'chord with errback': lambda: chord([a, add.s(2, 2)], tsum.s().on_error(err.s())),
    'chord linked': lambda: _linked(chord([a, add.s(2, 2)], s.clone())),
    'chord whose body is a chain': lambda: chord([a, add.s(2, 2)], s | b | c),
    'chord whose body is a group': lambda: chord([a, add.s(2, 2)], group(s, tsum.si([1]))),
    'chord whose body is a chord': lambda: chord([a, a], chord([tsum.s(), tsum.s()], tsum.s())),
    'chord with a chain in its header': lambda: chord([a | b, add.s(3, 3)], s),
    'chord with a group in its header': lambda: chord([a, group(add.s(2, 2), add.s(3, 3)), add.s(4, 4)], s),
    'chord with a chord in its header': lambda: chord([chord([a, add.s(2, 2)], s), add.s(9, 9)], s),
    'chord with a chain to a group in its header': lambda: chord([a | group(b, c), add.s(9, 9)], s),
    'chord with a chain that has a chord in its header': lambda: chord([a | group(b, c) | s, add.s(9, 9)], s),
    'chord with an empty header': lambda: chord([], s),
    'chord with options': lambda: chord([a, a], s).set(queue='other', priority=4),
    'chord with a delay': lambda: chord([a, a], s).set(countdown=7),
    'chord whose body has a queue': lambda: chord([a, a], tsum.s().set(queue='bodies', priority=2)),
    'chord of immutables': lambda: chord([add.si(1, 1), add.si(2, 2)], tsum.si([5])),
    'group then task': lambda: group(a, add.s(2, 2)) | s,
    'group then chain': lambda: group(a, add.s(2, 2)) | s | b | c,
    'task, group, task': lambda: a | group(b, c) | s,
    'task, group, chain': lambda: a | group(b, c) | s | b | d,
    'task, group, task, group, task': lambda: a | group(b, c) | s | group(b, d) | tsum.s(),
    'task, group, task, group': lambda: a | group(b, c) | s | group(b, d),
    'group, group': lambda: group(a, a) | group(tsum.s(), tsum.s()),
    'group, group, task': lambda: group(a, a) | group(tsum.s(), tsum.s()) | s,
    'unfolded: task, group, task': lambda: chain_([a, group(b, c), s]),
    'unfolded: task, group, task, group, task': lambda: chain_([a, group(b, c), tsum.s(), group(b, d), tsum.s()]),
    'unfolded: group, task, task': lambda: chain_([group(a, a), s, b]),
    'unfolded: chains and groups': lambda: chain_([chain_([a, b]), group(b, chain_([c, d])), tsum.s()]),
    'unfolded: empty group first': lambda: chain_([group(), a, b]),
    'unfolded: chord, task': lambda: chain_([chord([a, a], s), b]),
    'stamped task': lambda: stamped(a.clone()),
    'stamped chain': lambda: stamped(a | b),
    'stamped group': lambda: stamped(group(a, add.s(2, 2))),
    'stamped chord': lambda: stamped(chord([a, add.s(2, 2)], tsum.s())),
    'stamped links': lambda: stamped(a.clone().set(link=[b.clone()])),
    'map': lambda: tsum.map([[1, 2], [3]]),
    'starmap': lambda: add.starmap([(1, 2), (3, 4)]),
    'chunks': lambda: add.chunks([(0, 0), (1, 1), (2, 2)], 2),
    'chord with an id': lambda: chord([a, a], s).set(task_id='the-id'),
    'chain with an id': lambda: chain_(a, b).set(task_id='the-id'),
    'group with an id': lambda: group(a, a).set(task_id='the-id'),
    'chord with interval': lambda: chord([a, a], s).set(interval=3, max_retries=9),
}

# Applied to signatures that went over the wire, as a worker does with what comes next.
CONTINUED = {
    'task': dict(args=(10,)),
    'chain': dict(args=(10,)),
    'chain of immutables': dict(args=(10,)),
    'group': dict(args=(10,)),
    'chord': dict(args=(10,)),
    'chord with a chain in its header': dict(args=(10,)),
    'chord with a chord in its header': dict(args=(10,)),
    'unfolded: task, group, task': dict(args=(10,)),
    'task, group, chain': dict(args=(10,), chain=[dict(d.clone(task_id='next', reply_to='client'))]),
}


def _linked(c):
    c.link(b.clone())
    c.link_error(err.s())
    return c


def record(apply):
    sent = []
    amqp = app.amqp
    original = amqp.send_task_message

    def spy(producer, name, message, **options):
        queue = options.get('queue')
        sent.append(wire({
            'queue': getattr(queue, 'name', queue) or 'celery',
            'priority': options.get('priority', 0),
            'user_headers': options.get('headers') or {},
            'reply_to': message.properties['reply_to'],
            'headers': message.headers,
            'body': message.body,
        }))

    amqp.__dict__['send_task_message'] = spy
    try:
        result = apply()
    finally:
        amqp.__dict__['send_task_message'] = original
    return sent, result


def wire(value):
    return json.loads(json.dumps(value, default=list))


def main():
    shapes = {}
    for name, make in SHAPES.items():
        sig = make()
        chunked = sig.task == 'celery.chunks'
        form = wire(dict(sig))
        if chunked:
            form['subtask_type'] = 'chunks'
        sent, result = record(sig.apply_async)
        shapes[name] = {'signature': form, 'messages': sent, 'result': wire(result.as_tuple())}
    continued = {}
    for name, given in CONTINUED.items():
        form = shapes[name]['signature']
        options = dict(given)
        args = options.pop('args')
        sent, result = record(lambda: signature(json.loads(json.dumps(form)), app=app).apply_async(args, **options))
        continued[name] = {'signature': form, 'args': list(args), 'options': wire(options), 'messages': sent}
    target = Path(__file__).parent.parent / 'fixtures' / 'celery' / 'canvas-messages.json'
    target.write_text(json.dumps({'applied': shapes, 'continued': continued}) + '\n')


if __name__ == '__main__':
    sys.exit(main())
