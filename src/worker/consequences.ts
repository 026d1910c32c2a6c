/** Carrying out what the end of a task leads to, and what that leads to in turn. */
import { type Completion, endPart } from './chord-parts.ts';
import type { Consequence } from './consequence.ts';
import { spreadFailure } from './failing.ts';
import type { WorkerNode } from './node.ts';
import { sendApplied } from './sender.ts';

/**
 * Resolves when the broker and the result backend have confirmed everything. Doing it again does no harm: ids are the
 * same, results that are there stay, a task that has ended twice counts once.
 *
 * @throws OperationalError if the broker or the backend cannot be reached now: to be done again then.
 */
export async function carryOut(node: WorkerNode, consequences: readonly Consequence[]): Promise<void> {
  const waiting = consequences.toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const following = await carryOutOne(node, next);
    waiting.push(...following.toReversed());
  }
}

/** Carries out what the end of a chord's header leads to, then notes that it is done. */
export async function complete(node: WorkerNode, completion: Completion | null): Promise<void> {
  if (completion === null) return;
  await carryOut(node, completion.consequences);
  await completion.done();
}

async function carryOutOne(node: WorkerNode, consequence: Consequence): Promise<readonly Consequence[]> {
  switch (consequence.kind) {
    case 'send':
      return await sendApplied(node, consequence.applied, consequence.isCopy);
    case 'failure':
      return await spreadFailure(node, consequence);
    case 'part':
      await complete(node, await endPart(node, consequence.part));
      return [];
  }
}
