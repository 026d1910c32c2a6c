/** Placeholders: pods that hold room for workers, and give it up at once. */
import { expect, it } from 'vitest';
import { at, named, ofKind, render } from './chart.ts';

const VALUES = 'helm/omega/ci/placeholders-values.yaml';
const manifests = render(VALUES);
const pod = at(named(manifests, 'Deployment', 'placeholder'), 'spec.template.spec');

it('none is there by default', () => {
  expect(named(render(null), 'Deployment', 'placeholder')).toBeUndefined();
  expect(ofKind(render(null), 'PriorityClass')).toEqual([]);
});

it('a worker takes the place of one at once: any priority is above theirs, and they have nothing to end', () => {
  const [priority] = ofKind(manifests, 'PriorityClass');
  expect(at(pod, 'priorityClassName')).toBe(priority?.metadata.name);
  expect(priority).toMatchObject({ value: -10, preemptionPolicy: 'Never', globalDefault: false });
  expect(at(pod, 'terminationGracePeriodSeconds')).toBe(0);
});

it('one holds what a worker requests, on the machines where that may run', () => {
  const worker = at(named(manifests, 'Deployment', 'default'), 'spec.template.spec');
  for (const path of ['containers.0.resources.requests', 'nodeSelector', 'tolerations']) {
    expect(at(pod, path)).toEqual(at(worker, path));
  }
});

it('with a priority class that is there already the chart makes none', () => {
  const set = ['placeholders.priorityClassName="low"'];
  expect(ofKind(render(VALUES, set), 'PriorityClass')).toEqual([]);
  const given = named(render(VALUES, set), 'Deployment', 'placeholder');
  expect(at(given, 'spec.template.spec.priorityClassName')).toBe('low');
});
