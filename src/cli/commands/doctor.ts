/** `omega doctor`: whether a worker would work here, and what to change. */
import type { Command } from 'commander';
import { commandSettings, withoutPatience } from '../connection.ts';
import { examineRabbit } from '../doctor/broker.ts';
import type { Finding } from '../doctor/finding.ts';
import { examineMachine } from '../doctor/machine.ts';
import { examineDatabase } from '../doctor/mongodb.ts';
import { judgeShutdown } from '../doctor/shutdown.ts';
import { EXIT_CODES } from '../failure.ts';
import type { GlobalOptions } from '../global-options.ts';
import { parsePositive } from '../numbers.ts';
import { print } from '../output.ts';

interface DoctorOptions extends GlobalOptions {
  readonly consumerTimeout?: number;
  readonly gracePeriod?: number;
}

const MARKS = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE', unknown: 'unknown' } as const;

export function addDoctorCommand(program: Command): void {
  const doctor = program
    .command('doctor')
    .summary('check the broker, MongoDB and this machine')
    .description(
      'Checks what a worker with these settings would meet: the broker, MongoDB, versions, permissions, clocks and memory, and says what to change. Status 1 when something would not work.',
    )
    .option(
      '--consumer-timeout <seconds>',
      "the broker's consumer_timeout, which cannot be asked from here",
      parsePositive,
    )
    .option(
      '--grace-period <seconds>',
      'from SIGTERM to SIGKILL (terminationGracePeriodSeconds), which cannot be asked from here',
      parsePositive,
    );
  doctor.action(async () => {
    const options = doctor.optsWithGlobals<DoctorOptions>();
    const settings = commandSettings(doctor);
    const areas = [
      examineMachine(settings, process.env),
      judgeShutdown(settings, process.env.REMAP_SIGTERM, options.gracePeriod ?? null),
      ...(await Promise.all([
        examineRabbit(settings, options.consumerTimeout ?? null),
        examineDatabase(withoutPatience(settings.mongoUrl)),
      ])),
    ];
    const findings = areas.flat();
    print(options, findings, findings.map(formatFinding).join('\n'));
    if (findings.some(({ status }) => status === 'failure')) process.exitCode = EXIT_CODES.unfit;
  });
}

function formatFinding({ area, status, what, remedy }: Finding): string {
  const line = `${MARKS[status]}  ${area}: ${what}`;
  return remedy === '' ? line : `${line}\n         -> ${remedy}`;
}
