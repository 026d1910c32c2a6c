/** What the workers may reach. */
import { expect, it } from 'vitest';
import { egressPorts, render } from './chart.ts';

it('DNS, RabbitMQ and MongoDB are what workers may reach', () => {
  expect(egressPorts(render(null))).toEqual([53, 53, 5671, 5672, 27017]);
});

it.each(['tls', 'tenants'])('a result backend, too, where one is named: %s', (values) => {
  expect(egressPorts(render(`helm/omega/ci/${values}-values.yaml`))).toContain(6379);
});
