/** A loader hook that refuses what the supervisor must not load: machine learning, threads and tasks. */
import { register } from 'node:module';

const hook = `
const FORBIDDEN = /onnxruntime|piscina|ml-random-forest|ml-regression|\\/src\\/(ml|models|store|tasks|threads|notebook)\\//;
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  if (FORBIDDEN.test(resolved.url)) throw new Error('the supervisor must not load ' + resolved.url + ', asked for by ' + context.parentURL);
  return resolved;
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
