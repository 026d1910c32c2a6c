"""Runs every shape of a canvas with Celery's client: broker URL, result backend, queue, other queue, path of a file.

Prints JSON: for each shape the result, or the exception as [class, text].
"""
import json
import sys

from celery import Celery, chain, chord, group
from celery.canvas import StampingVisitor, chunks, xmap, xstarmap

broker, backend, queue, other, path = sys.argv[1:]
app = Celery('client', broker=broker, backend=backend)
app.conf.task_default_queue = queue
app.conf.result_chord_join_timeout = 10


def sig(name, *args, immutable=False, **options):
    return app.signature(f'canvas.{name}', args=args, immutable=immutable, options=options)


def add(*args, **options):
    return sig('add', *args, **options)


def tsum(**options):
    return sig('tsum', **options)


class Stamp(StampingVisitor):
    def on_signature(self, signature, **headers):
        return {'stamped_headers': ['trace'], 'trace': 'abc'}


def stamped(signature):
    signature.stamp(Stamp())
    return signature


def there(signature):
    """The same task, for the worker of the other queue."""
    return signature.set(queue=other)


SHAPES = {
    'chain': lambda: add(1, 1) | add(2) | add(3),
    'chain of immutables': lambda: add(1, 1) | add(2, 2, immutable=True),
    'chain that ends in a group': lambda: add(1, 1) | group(add(2), add(3)),
    'group': lambda: group(add(1, 1), add(2, 2), add(3, 3)),
    'group of chains': lambda: group(add(1, 1) | add(1), add(2, 2) | add(2)),
    'chord': lambda: chord([add(1, 1), add(2, 2)], tsum()),
    'chord of many': lambda: chord([add(n, n) for n in range(20)], tsum()),
    'chord of one': lambda: chord([add(1, 1)], tsum()),
    'chord with an empty header': lambda: chord([], tsum()),
    'chord of chains': lambda: chord([add(1, 1) | add(1), add(2, 2) | add(2) | add(2)], tsum()),
    'chord of long chains': lambda: chord([chain(add(1, 1), *[add(1) for _ in range(99)]) for _ in range(2)], tsum()),
    'chord whose body is a chain': lambda: chord([add(1, 1), add(2, 2)], tsum() | add(10)),
    'chord whose body is a group': lambda: chord([add(1, 1), add(2, 2)], group(tsum(), tsum())),
    'chord in the header of a chord': lambda: chord([chord([add(1, 1), add(2, 2)], tsum()), add(9, 9)], tsum()),
    'chord in a chain': lambda: add(1, 1) | group(add(2), add(3)) | tsum(),
    'chord in a chain, and more': lambda: add(1, 1) | group(add(2), add(3)) | tsum() | add(5) | add(6),
    'two chords in a chain': lambda: add(1, 1) | group(add(2), add(3)) | tsum() | group(add(1), add(2)) | tsum(),
    'chain with a chord in the header of a chord':
        lambda: chord([add(1, 1) | group(add(2), add(3)) | tsum(), add(9, 9)], tsum()),
    'group, group': lambda: group(add(1, 1), add(2, 2)) | group(tsum(), tsum()),
    'link': lambda: add(1, 1, link=[sig('note', path)]),
    'map': lambda: xmap(tsum(), [[1, 2], [3]], app=app),
    'starmap': lambda: xstarmap(add(), [(1, 2), (3, 4)], app=app),
    'chunks': lambda: chunks(add(), [(1, 1), (2, 2), (3, 3)], 2, app=app),
    'stamped chain': lambda: stamped(add(1, 1) | sig('stamps')),
    'replaced by a task': lambda: sig('replace', dict(add(3, 4))),
    'replaced by a chain': lambda: sig('replace', dict(add(3, 4) | add(1))),
    'replaced by a group': lambda: sig('replace', dict(group(add(3, 4), add(5, 6)))),
    'replaced in a chain': lambda: sig('replace', dict(add(3, 4))) | add(10),
    'replaced in a chord': lambda: chord([sig('replace', dict(add(3, 4) | add(1))), add(1, 1)], tsum()),
    'replaced by a chord in a chord':
        lambda: chord([sig('replace', dict(chord([add(1, 1), add(2, 2)], tsum()))), add(1, 1)], tsum()),
    'errors: chain': lambda: add(1, 1) | sig('fail') | add(3),
    'errors: chord header': lambda: chord([add(1, 1), sig('fail')], tsum()),
    'errors: chord header in a chain': lambda: group(add(1, 1), sig('fail')) | tsum() | add(1),
    'errors: chain in a chord header': lambda: chord([add(1, 1) | sig('fail') | add(1), add(1, 1)], tsum()),
    'errors: chord body': lambda: chord([add(1, 1)], sig('fail')),
    'errors: unknown task in a chain': lambda: add(1, 1) | sig('nosuch') | add(1),
    'errors: link_error': lambda: sig('fail', link_error=[sig('note', path)]),
    'errors: link_error of a chord': lambda: chord([sig('fail')], tsum(link_error=[sig('note', path)])),
    'mixed: chain': lambda: add(1, 1) | there(add(2)) | add(3) | there(add(4)),
    'mixed: chord, body there': lambda: chord([add(1, 1), there(add(2, 2)), add(3, 3)], there(tsum())),
    'mixed: chord, body here': lambda: chord([there(add(1, 1)), add(2, 2), there(add(3, 3))], tsum()),
    'mixed: chord in a chain': lambda: there(add(1, 1)) | group(add(2), there(add(3))) | tsum() | there(add(5)),
}


def outcome(result):
    try:
        return result.get(timeout=25, interval=0.05)
    except Exception as exc:
        return [type(exc).__name__, str(exc)]


def stored(task_id):
    failure = app.AsyncResult(task_id).result
    return [type(failure).__name__, str(failure)]


def main():
    names = [name for name in SHAPES if other or not name.startswith('mixed')]
    sent = {name: SHAPES[name]().apply_async() for name in names}
    outcomes = {name: outcome(result) for name, result in sent.items()}
    ids = {name: getattr(result, 'id', None) for name, result in sent.items()}
    chords = ['errors: chord header', 'errors: chain in a chord header', 'errors: link_error of a chord']
    # What is stored of the body: get() raises what its header failed with.
    bodies = {name: stored(ids[name]) for name in chords}
    print(json.dumps({'outcomes': outcomes, 'ids': ids, 'bodies': bodies}))


if __name__ == '__main__':
    main()
