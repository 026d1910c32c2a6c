/** What the doctor finds about MongoDB. */
import { OmegaError } from '../../errors.ts';
import { examineMongo, type MongoExamination } from '../../mongo/examine.ts';
import { type Finding, reporter } from './finding.ts';
import { isOlder } from './version.ts';

/** Updates by pipelines with the server's time. */
const OLDEST = [4, 2] as const;
/** Seconds: beyond it ETAs and expiry times are visibly wrong. */
const MOST_SKEW = 1;
/** Members below which a set cannot lose one and still agree. */
const ENOUGH_MEMBERS = 3;
/** Milliseconds: with longer elections a write may wait for more than 15 s. */
const SHORT_ELECTION = 2_000;

const { ok, warning, failure, unknown } = reporter('mongodb');

export async function examineDatabase(mongoUrl: string): Promise<readonly Finding[]> {
  try {
    return judgeDatabase(await examineMongo(mongoUrl), mongoUrl);
  } catch (error) {
    if (!(error instanceof OmegaError)) throw error;
    return [failure(error.message, '')];
  }
}

/** What is to be said of a MongoDB. */
export function judgeDatabase(found: MongoExamination, mongoUrl: string): readonly Finding[] {
  return [
    serverOf(found),
    ...encryptionOf(mongoUrl),
    ...replicasOf(found),
    permissionsOf(found),
    clockOf(found),
  ];
}

function serverOf({ version, database }: MongoExamination): Finding {
  if (!isOlder(version, OLDEST)) return ok(`MongoDB ${version}, database '${database}'`);
  return failure(`MongoDB ${version} is older than ${OLDEST.join('.')}`, 'use a version that is maintained');
}

function encryptionOf(url: string): readonly Finding[] {
  const isLocal = /@?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?[/?,]/.test(url);
  if (isLocal || /^mongodb\+srv:|[?&](tls|ssl)=true/.test(url)) return [];
  return [warning('the connection is not encrypted', 'add tls=true to the MongoDB URL (docs/security.md)')];
}

function replicasOf({ replicaSet }: MongoExamination): readonly Finding[] {
  if (replicaSet === null) {
    return [
      warning(
        'this is a single server: while it is away nothing runs, and its disk is the only copy',
        'use a replica set of three',
      ),
    ];
  }
  const { name, members, electionTimeout } = replicaSet;
  const text = `replica set '${name}' of ${members} members`;
  const size =
    members >= ENOUGH_MEMBERS ? ok(text) : warning(text, 'have three members, so that one may fail');
  return [size, electionOf(electionTimeout)];
}

function electionOf(milliseconds: number | null): Finding {
  if (milliseconds === null) {
    return unknown(
      'the time of an election cannot be asked by this user',
      'see rs.conf().settings.electionTimeoutMillis',
    );
  }
  const text = `a primary that is gone is replaced after ${milliseconds} ms`;
  if (milliseconds <= SHORT_ELECTION) return ok(text);
  return warning(
    `${text}: writes wait for some ${Math.ceil((milliseconds * 2) / 1000)} s then`,
    'set electionTimeoutMillis to 2000 and heartbeatTimeoutSecs to 2 (docs/guarantees.md)',
  );
}

function permissionsOf({ refusal }: MongoExamination): Finding {
  if (refusal === null) return ok('a collection of our own was written, indexed, read and dropped');
  return failure(refusal, "give the user the role 'readWrite' on this database");
}

function clockOf({ clockAhead }: MongoExamination): Finding {
  const text = `its clock is ${Math.abs(clockAhead).toFixed(2)} s ${clockAhead < 0 ? 'behind' : 'ahead of'} ours`;
  return Math.abs(clockAhead) <= MOST_SKEW
    ? ok(text)
    : warning(
        text,
        'synchronise the clocks (chrony, NTP): ETAs and expiry times are compared between machines',
      );
}
