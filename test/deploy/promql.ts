/** Which metrics an expression reads, by the grammar that Prometheus' own interface uses. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmFolder } from './tools.ts';

/** What is used of a tree of @lezer/common. */
interface SyntaxNode {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly type: { readonly isError: boolean };
  readonly node: { readonly firstChild: SyntaxNode | null };
}

interface Parser {
  parse(text: string): { iterate(visit: { enter(node: SyntaxNode): void }): void };
}

const MODULE = 'node_modules/@prometheus-io/lezer-promql/dist/index.es.js';
const { parser } = (await import(pathToFileURL(join(npmFolder(), MODULE)).href)) as { parser: Parser };

/** Names of the metrics, each once. @throws Error when it is no PromQL */
export function metricsIn(expression: string): string[] {
  const names = new Set<string>();
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${expression}`);
      const { firstChild: name } = node.node;
      if (node.name === 'VectorSelector' && name) names.add(expression.slice(name.from, name.to));
    },
  });
  return [...names];
}
