/** Loaded by `--import`: an OpenTelemetry SDK that appends every span that has ended to the file OMEGA_TEST_TRACE. */
import { appendFileSync } from 'node:fs';
import { NodeTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** A span as a line of the file. */
export interface SpanLine {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const path = process.env.OMEGA_TEST_TRACE ?? '/dev/null';

function write(spans: readonly ReadableSpan[]): void {
  for (const span of spans) {
    const { traceId, spanId } = span.spanContext();
    const { name, kind, attributes, parentSpanContext } = span;
    const line: SpanLine = {
      name,
      traceId,
      spanId,
      parentId: parentSpanContext?.spanId ?? null,
      kind,
      attributes,
    };
    appendFileSync(path, `${JSON.stringify(line)}\n`);
  }
}

const exporter = {
  export(spans: readonly ReadableSpan[], done: (result: { code: number }) => void) {
    write(spans);
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
