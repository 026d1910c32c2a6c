/** What happens to MongoDB's replica set. */
import type { Member } from '../cluster/replica-set.ts';
import { AT_ONCE, ELECTS, type Fault } from './fault.ts';

const killedMember: Fault = {
  name: 'F16',
  title: 'mongod killed and started',
  lasts: [2, 8],
  recoversWithin: ELECTS,
  async inject({ mongo, random }) {
    const primary = await mongo.primary();
    const member = random.pick([primary, ...mongo.members]);
    await member.kill();
    return { what: `killed ${nameOf(member, primary)}`, heal: member.start };
  },
};

const stepDown: Fault = {
  name: 'F17',
  title: 'primary steps down',
  lasts: AT_ONCE,
  recoversWithin: ELECTS,
  async inject({ mongo }) {
    const primary = await mongo.primary();
    await primary.command({ replSetStepDown: 10, force: true });
    return { what: 'let the primary step down' };
  },
};

const frozenPrimary: Fault = {
  name: 'F18',
  title: 'primary frozen',
  lasts: [10, 20],
  recoversWithin: ELECTS,
  async inject({ mongo }) {
    const primary = await mongo.primary();
    primary.freeze();
    return { what: 'froze the primary', heal: async () => primary.thaw() };
  },
};

const frozenSecondaries: Fault = {
  name: 'F19',
  title: 'no majority',
  lasts: [6, 14],
  recoversWithin: ELECTS,
  async inject({ mongo }) {
    const primary = await mongo.primary();
    const others = mongo.members.filter((member) => member !== primary);
    for (const member of others) member.freeze();
    return {
      what: 'froze both secondaries',
      heal: async () => others.forEach((member) => void member.thaw()),
    };
  },
};

export const mongoFaults: readonly Fault[] = [killedMember, stepDown, frozenPrimary, frozenSecondaries];

function nameOf(member: Member, primary: Member): string {
  return member === primary ? 'the primary' : 'a secondary';
}
