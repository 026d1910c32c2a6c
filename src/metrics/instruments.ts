/** Counters, histograms and gauges of one registry, each in one line. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

type Readings = readonly (readonly [value: string, reading: number])[];

/** Its functions may be passed on without it. */
export interface Instruments {
  readonly counter: <Label extends string>(name: string, help: string, ...labels: Label[]) => Counter<Label>;
  readonly histogram: <Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    ...labels: Label[]
  ) => Histogram<Label>;
  /** A gauge that is read at each scrape. */
  readonly gauge: (name: string, help: string, read: () => number) => void;
  /** The same with a label: for each of its values a reading. */
  readonly gauges: (name: string, help: string, label: string, read: () => Readings) => void;
  /** A counter with a label, of what is counted elsewhere. */
  readonly counts: (name: string, help: string, label: string, read: () => Readings) => void;
  /** Always 1: its labels are what it says. */
  readonly info: (name: string, help: string, labels: Readonly<Record<string, string>>) => void;
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter: (name, help, ...labelNames) => new Counter({ name, help, labelNames, registers }),
    histogram: (name, help, buckets, ...labelNames) =>
      new Histogram({ name, help, labelNames, buckets: [...buckets], registers }),
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    },
    gauges(name, help, label, read) {
      const gauge: Gauge = new Gauge({
        ...{ name, help, labelNames: [label], registers },
        collect() {
          gauge.reset();
          for (const [value, reading] of read()) gauge.set({ [label]: value }, reading);
        },
      });
    },
    counts(name, help, label, read) {
      const counter: Counter = new Counter({
        ...{ name, help, labelNames: [label], registers },
        collect() {
          counter.reset();
          for (const [value, reading] of read()) counter.inc({ [label]: value }, reading);
        },
      });
    },
    info(name, help, labels) {
      new Gauge({ name, help, labelNames: Object.keys(labels), registers }).set(labels, 1);
    },
  };
}
