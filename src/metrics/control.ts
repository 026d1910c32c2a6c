/** What monitors hear of the worker, and what they ask it. */
import type { Instruments } from './instruments.ts';

export interface ControlMetrics {
  eventSent(type: string): void;
  /** The broker does not take events as fast as they come. */
  eventDropped(): void;
  /** `command` is one that the worker knows, or `unknown`. */
  commanded(command: string): void;
}

export function createControlMetrics({ counter }: Instruments): ControlMetrics {
  const sent = counter('omega_events_published_total', 'Events by their type', 'type');
  const dropped = counter('omega_events_dropped_total', 'Events that the broker did not take in time');
  const commands = counter('omega_control_commands_total', 'Commands of remote control', 'command');

  return {
    eventSent: (type) => sent.inc({ type }),
    eventDropped: () => dropped.inc(),
    commanded: (command) => commands.inc({ command }),
  };
}
