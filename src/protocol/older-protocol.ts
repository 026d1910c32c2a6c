/**
 * Celery's message protocol 1, whose body is an object that says everything, and the hybrid with the headers of
 * protocol 2 and that body (celery/worker/strategy.py `proto1_to_proto2`, `hybrid_to_proto2`). Both become
 * what protocol 2 has.
 */
import type { JsonText } from '../contract/job.ts';
import { type Fields, isFields } from './fields.ts';
import { foreignJson } from './foreign-value.ts';
import { argsRepr, pythonRepr } from './repr.ts';

/** What protocol 2 has in its headers. Headers of a hybrid win over its body. */
export function fieldsOfOlderProtocol(body: Fields, headers: Fields): Fields {
  const { args, kwargs, taskset } = body;
  return {
    ...body,
    // A group's id before Celery 3.
    group: taskset ?? body.group,
    argsrepr: Array.isArray(args) ? argsRepr(args) : '',
    kwargsrepr: isFields(kwargs) ? pythonRepr(kwargs) : '',
    ...headers,
  };
}

/** The body of protocol 2: there is no chain in protocol 1. @throws ProtocolError if it is nested too deep. */
export function translateOlderBody(body: Fields): { readonly body: JsonText; readonly parsed: unknown } {
  const { args = [], kwargs = {}, callbacks = null, errbacks = null, chord = null } = body;
  const parsed = [args, kwargs, { callbacks, errbacks, chain: null, chord }];
  return { body: foreignJson(parsed), parsed };
}
