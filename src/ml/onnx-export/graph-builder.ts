/** Builds the graph of an ONNX model, operator by operator. Values go by their names. */
import { OperationNotSupported } from '../../errors.ts';
import type { Attribute, Graph, GraphNode, GraphValue, ML_DOMAIN, Tensor } from './model-proto.ts';

/** Operators of ONNX itself; those with attributes or of ai.onnx.ml have methods of their own. */
type Elementwise = 'Add' | 'Div' | 'Exp' | 'Identity' | 'MatMul' | 'Min' | 'Mul' | 'Pow' | 'Sqrt' | 'Sub';

export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];

  /** Declares an input of the model, before the first node. */
  input(value: GraphValue): string {
    this.#inputs.push(value);
    return value.name;
  }

  /**
   * Declares an output of the model, which is this value.
   *
   * @throws OperationNotSupported when an input has its name.
   */
  output(value: GraphValue, from: string): void {
    if (this.#isInput(value.name)) {
      throw new OperationNotSupported(
        `column '${value.name}' has the name of an output of the ONNX model: rename the column, and fit again`,
      );
    }
    this.#outputs.push(value);
    this.#nodes.push({
      operator: 'Identity',
      domain: '',
      inputs: [from],
      outputs: [value.name],
      attributes: {},
    });
  }

  compute(operator: Elementwise, ...inputs: readonly string[]): string {
    return this.node(operator, inputs);
  }

  /** A node of any operator, with its attributes. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain: '' | typeof ML_DOMAIN = '',
  ): string {
    const output = this.#free(`v${this.#nodes.length}`);
    this.#nodes.push({ operator, domain, inputs, outputs: [output], attributes });
    return output;
  }

  number(value: number): string {
    return this.doubles([value], []);
  }

  /** @param dims default: a vector. */
  doubles(values: ArrayLike<number>, dims: readonly number[] = [values.length]): string {
    return this.#constant(doubleTensor(values, dims));
  }

  /** @param dims default: a vector. */
  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant({ type: 'int64', dims, values: bytes });
  }

  strings(values: readonly string[]): string {
    return this.#constant({ type: 'string', dims: [values.length], values });
  }

  /** Column `index` of a matrix, as a matrix of one column. */
  column(matrix: string, index: number): string {
    return this.node('Gather', [matrix, this.integers([index])], { axis: 1 });
  }

  /** Matrices side by side. */
  concat(matrices: readonly string[]): string {
    return matrices.length === 1 ? (matrices[0] ?? '') : this.node('Concat', matrices, { axis: 1 });
  }

  /** The lowest values of each row, ascending: a matrix of `count` columns. */
  lowest(matrix: string, count: number): string {
    const inputs = [matrix, this.integers([count])];
    const outputs = [this.#free(`v${this.#nodes.length}`), this.#free(`i${this.#nodes.length}`)];
    const attributes = { axis: 1, largest: 0, sorted: 1 };
    this.#nodes.push({ operator: 'TopK', domain: '', inputs, outputs, attributes });
    return outputs[0] ?? '';
  }

  /** The sum of each row, as a matrix of one column. */
  rowSums(matrix: string): string {
    return this.node('ReduceSum', [matrix, this.integers([1])]);
  }

  finish(): Graph {
    return { nodes: this.#nodes, constants: this.#constants, inputs: this.#inputs, outputs: this.#outputs };
  }

  #constant(tensor: Tensor): string {
    const name = this.#free(`c${this.#constants.size}`);
    this.#constants.set(name, tensor);
    return name;
  }

  /** The name, with as many strokes behind it as no input has: inputs may have any name, and values go by theirs alone. */
  #free(name: string): string {
    return this.#isInput(name) ? this.#free(`${name}_`) : name;
  }

  #isInput(name: string): boolean {
    return this.#inputs.some((input) => input.name === name);
  }
}

/** Doubles as they lie in memory. */
export function doubleTensor(values: ArrayLike<number>, dims: readonly number[] = [values.length]): Tensor {
  return { type: 'float64', dims, values: new Uint8Array(Float64Array.from(values).buffer) };
}
