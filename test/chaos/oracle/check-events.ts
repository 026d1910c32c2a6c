/**
 * I8: a worker tells of a task that it is received, that it is started and how it ended, in this order. Events may be lost:
 * a task counts that a worker has told of completely, and once.
 */
import type { TaskEvent } from './event-log.ts';
import { type Finding, wrong } from './verdict.ts';

const ENDS: ReadonlySet<string> = new Set([
  'task-succeeded',
  'task-failed',
  'task-retried',
  'task-revoked',
  'task-rejected',
]);
const ORDER = ['received', 'started', 'ended'] as const;

export function checkEvents(events: readonly TaskEvent[]): readonly Finding[] {
  const complete = storiesOf(events).filter(isComplete);
  if (complete.length === 0) return [wrong('I8', 'the workers have told of no task completely')];
  return complete.filter(isDisordered).map((steps) => {
    const told = steps.map(({ step, at }) => `${step} ${new Date(at).toISOString()}`).join(', ');
    return wrong('I8', `${steps[0]?.hostname} told: ${told}`, steps[0]?.taskId);
  });
}

interface Step extends TaskEvent {
  readonly step: (typeof ORDER)[number];
}

/** What each worker has told of each task. */
function storiesOf(events: readonly TaskEvent[]): readonly (readonly Step[])[] {
  const stories = new Map<string, Step[]>();
  for (const step of events.flatMap(stepOf)) {
    const key = `${step.taskId} ${step.hostname}`;
    stories.set(key, [...(stories.get(key) ?? []), step]);
  }
  return [...stories.values()];
}

function stepOf(event: TaskEvent): readonly Step[] {
  if (ENDS.has(event.type)) return [{ ...event, step: 'ended' }];
  const step = ORDER.find((name) => event.type === `task-${name}`);
  return step === undefined ? [] : [{ ...event, step }];
}

function isComplete(steps: readonly Step[]): boolean {
  return steps.length === ORDER.length && new Set(steps.map(({ step }) => step)).size === ORDER.length;
}

function isDisordered(steps: readonly Step[]): boolean {
  return ORDER.some(
    (name, index) => steps[index]?.step !== name || (steps[index - 1]?.at ?? 0) > (steps[index]?.at ?? 0),
  );
}
