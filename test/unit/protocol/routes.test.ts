import { describe, expect, it } from 'vitest';
import type { TaskQueue } from '../../../src/contract/queue.ts';
import { ImproperlyConfigured } from '../../../src/errors.ts';
import { createRouter } from '../../../src/protocol/routes.ts';

const video: TaskQueue = {
  ...{ name: 'video', exchange: 'media', exchangeType: 'topic', routingKey: 'video.#' },
  broadcast: false,
};
const direct: TaskQueue = {
  ...{ name: 'mail', exchange: 'letters', exchangeType: 'direct', routingKey: 'm' },
  broadcast: false,
};

describe('a task without a queue', () => {
  const route = createRouter({
    defaultQueue: 'usual',
    routes: [
      ['shop.*', { queue: 'shop', priority: 3 }],
      ['shop.pay', { queue: 'money' }],
      ['shop.[a-c]*', { queue: 'never' }],
      ['is?it', { queue: 'literal' }],
      [/feed\.(a|b)/g, { exchange: 'feeds', routingKey: 'feed.x' }],
    ],
  });

  it.each([
    ['shop.pay', { queue: 'money' }],
    ['shop.add', { queue: 'shop', priority: 3 }],
    ['ashop.add', { queue: 'usual' }],
    ['isxit', { queue: 'usual' }],
    ['is?it', { queue: 'literal' }],
    ['feed.a.b', { queue: 'feed.x', exchange: 'feeds', routingKey: 'feed.x' }],
    ['my.feed.a', { queue: 'usual' }],
  ])('%s goes where names and then patterns say', (name, destination) => {
    expect(route(name, {})).toEqual({ priority: null, deliveryMode: 2, ...destination });
    expect(route(name, {})).toEqual(route(name, {}));
  });

  it('has the default priority and delivery mode unless its route has one', () => {
    const routes = [['a', { queue: 'q', priority: 1 }]] as const;
    const router = createRouter({ defaultQueue: 'usual', routes, priority: 5, deliveryMode: 1 });
    expect(router('a', {})).toEqual({ queue: 'q', priority: 1, deliveryMode: 1 });
    expect(router('b', {})).toEqual({ queue: 'usual', priority: 5, deliveryMode: 1 });
  });
});

describe('a task with a queue', () => {
  const route = createRouter({
    defaultQueue: 'usual',
    queues: [video, direct],
    routes: [['*', { queue: 'never', priority: 7 }]],
  });

  it('goes there, with the priority of its route', () => {
    expect(route('a', { queue: 'q' })).toEqual({ queue: 'q', priority: 7, deliveryMode: 2 });
  });

  it("goes through the queue's exchange, which is declared with it, by the given key or the queue's", () => {
    const destination = { queue: 'video', exchange: 'media', declares: true };
    expect(route('a', { queue: 'video' })).toMatchObject({ ...destination, routingKey: 'video.#' });
    expect(route('a', { queue: 'video', routingKey: 'video.hd' })).toMatchObject({
      ...destination,
      routingKey: 'video.hd',
    });
  });

  it('goes to the queue itself where the exchange is a direct one', () => {
    expect(route('a', { queue: 'mail' })).not.toHaveProperty('exchange');
  });

  it('goes to an exchange that is named, of which nothing is known', () => {
    const destination = route('a', { exchange: 'e', routingKey: 'k' });
    expect(destination).toEqual({ queue: 'k', exchange: 'e', routingKey: 'k', priority: 7, deliveryMode: 2 });
  });
});

it('a queue that is not known is refused where none may be created', () => {
  const route = createRouter({ defaultQueue: 'usual', queues: [video], createMissing: false });
  expect(() => route('a', { queue: 'vidoe' })).toThrow(ImproperlyConfigured);
  expect(() => route('a', { queue: 'vidoe' })).toThrow(/'vidoe'.*OMEGA_TASK_QUEUES/);
  for (const given of [{}, { queue: 'video' }, { exchange: 'e', routingKey: 'k' }]) route('a', given);
});
