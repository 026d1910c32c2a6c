/** Collects what a kernel publishes into the outputs of a cell. */
import { isTextList, type JsonObject, objectOf, textOf } from './json-object.ts';
import type { KernelMessage } from './messages.ts';
import type {
  CodeCell,
  DisplayDataOutput,
  ErrorOutput,
  ExecuteResultOutput,
  MimeBundle,
  StreamOutput,
} from './notebook.ts';

type RichOutput = DisplayDataOutput | ExecuteResultOutput;

/** An output that a later `update_display_data` may replace. */
interface Display {
  readonly owner: CellOutputs;
  readonly output: RichOutput;
  bytes: number;
}

/** All outputs of a run that have a display id: any cell may update them. */
export type Displays = Map<string, Display[]>;

/** Characters that are kept of the message of an error that does not fit. */
const KEPT_ERROR_CHARACTERS = 2000;

/** The outputs of one cell while it runs. */
export class CellOutputs {
  readonly #cell: CodeCell;
  readonly #displays: Displays;
  readonly #limitBytes: number;
  #usedBytes = 0;
  #isCut = false;
  #clearsBeforeNext = false;

  /** @param limitBytes what goes beyond is left out, with a note on the cell's stderr; errors are kept. */
  constructor(cell: CodeCell, displays: Displays, limitBytes: number) {
    this.#cell = cell;
    this.#displays = displays;
    this.#limitBytes = limitBytes;
  }

  /** Takes a message of the iopub channel; those that are no output are ignored. */
  add({ type, content }: KernelMessage): void {
    if (type === 'clear_output') this.#clear(content.wait === true);
    if (type === 'update_display_data') this.#update(content);
    if (type === 'stream') this.#addStream(textOf(content.name) || 'stdout', textOf(content.text));
    if (type === 'display_data' || type === 'execute_result') this.#addRich(type, content);
    if (type === 'error') this.addError(content);
  }

  /** Adds an error output, as from an `error` message or an `execute_reply`. */
  addError({ ename, evalue, traceback }: JsonObject): void {
    this.#clearIfAsked();
    const error: ErrorOutput = {
      output_type: 'error',
      ename: textOf(ename),
      evalue: textOf(evalue),
      traceback: isTextList(traceback) ? traceback : [],
    };
    this.#cell.outputs.push(sizeOf(error) > this.#limitBytes ? shortened(error) : error);
  }

  #addStream(name: string, text: string): void {
    this.#clearIfAsked();
    const kept = this.#fit(text);
    if (kept !== '') this.#append(name, kept);
    if (kept.length < text.length) this.#noteCut();
  }

  #addRich(type: RichOutput['output_type'], content: JsonObject): void {
    this.#clearIfAsked();
    const output = richOutput(type, content);
    const bytes = sizeOf(output.data);
    if (!this.#reserve(bytes)) return;
    this.#cell.outputs.push(output);
    const id = objectOf(content.transient).display_id;
    if (typeof id !== 'string') return;
    const display = { owner: this, output, bytes };
    this.#displays.set(id, [...(this.#displays.get(id) ?? []), display]);
  }

  #update(content: JsonObject): void {
    const id = objectOf(content.transient).display_id;
    if (typeof id !== 'string') return;
    for (const display of this.#displays.get(id) ?? []) display.owner.#replace(display, content);
  }

  #replace(display: Display, content: JsonObject): void {
    const data = mimeBundle(content.data);
    const bytes = sizeOf(data);
    if (!this.#reserve(bytes - display.bytes)) return;
    display.bytes = bytes;
    display.output.data = data;
    display.output.metadata = objectOf(content.metadata);
  }

  #clear(waits: boolean): void {
    this.#clearsBeforeNext = waits;
    if (waits) return;
    this.#cell.outputs.length = 0;
    this.#usedBytes = 0;
    this.#isCut = false;
  }

  #clearIfAsked(): void {
    if (this.#clearsBeforeNext) this.#clear(false);
  }

  /** The part of the text for which there is room. */
  #fit(text: string): string {
    const room = Math.max(0, this.#limitBytes - this.#usedBytes);
    const bytes = Buffer.byteLength(text);
    this.#usedBytes += Math.min(bytes, room);
    if (bytes <= room) return text;
    const head = Buffer.from(text.slice(0, room)).subarray(0, room);
    // A character that was cut in two decodes to the replacement character.
    return head.toString('utf8').replace(/\uFFFD$/, '');
  }

  #reserve(bytes: number): boolean {
    const fits = this.#usedBytes + bytes <= this.#limitBytes;
    if (fits) this.#usedBytes += bytes;
    else this.#noteCut();
    return fits;
  }

  #noteCut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#append('stderr', `\n[output beyond ${this.#limitBytes} bytes per cell is left out]\n`);
  }

  /** Consecutive pieces of one stream are one output. */
  #append(name: string, text: string): void {
    const last = this.#cell.outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name) {
      last.text += text;
      return;
    }
    const stream: StreamOutput = { output_type: 'stream', name, text };
    this.#cell.outputs.push(stream);
  }
}

function richOutput(type: RichOutput['output_type'], content: JsonObject): RichOutput {
  const data = mimeBundle(content.data);
  const metadata = objectOf(content.metadata);
  if (type === 'display_data') return { output_type: type, data, metadata };
  const count = content.execution_count;
  return { output_type: type, data, metadata, execution_count: typeof count === 'number' ? count : null };
}

/** nbformat allows values other than text for JSON types only. */
function mimeBundle(value: unknown): MimeBundle {
  const entries = Object.entries(objectOf(value)).map(([type, data]) => {
    const isValid = /^application\/(.*\+)?json$/.test(type) || typeof data === 'string' || isTextList(data);
    return [type, isValid ? data : JSON.stringify(data)];
  });
  return Object.fromEntries(entries);
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function shortened({ output_type, ename, evalue }: ErrorOutput): ErrorOutput {
  const kept = (text: string) => text.slice(0, KEPT_ERROR_CHARACTERS);
  return { output_type, ename: kept(ename), evalue: kept(evalue), traceback: [] };
}
