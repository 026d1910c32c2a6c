/** What a fit writes into the model's metadata, as omega|ml does (reference of the fields: mixins/store/extdmeta.py). */
import type { ColumnType } from '../frame/column.ts';
import type { DataFrame } from '../frame/data-frame.ts';
import type { Score } from '../ml/scoring.ts';
import { type Metadata, toNaive } from '../store/metadata.ts';
import { toFields } from '../store/metadata-store.ts';

/** Where the training data came from. */
export interface TrainingSet {
  /** Names of the datasets as the client wrote them, null for data passed by value. */
  readonly Xname: string | null;
  readonly Yname: string | null;
  readonly Xmeta: Metadata | null;
  readonly Ymeta: Metadata | null;
}

export interface FitMeasures {
  /** On the training data. */
  readonly score: Score | null;
  readonly seconds: number;
  readonly rows: number;
}

/** `attributes.dataset`, `attributes.signature` and `attributes.metrics`. */
export function fitAttributes(
  X: DataFrame,
  y: DataFrame,
  { Xname, Yname, Xmeta, Ymeta }: TrainingSet,
  { score, seconds, rows }: FitMeasures,
): Record<string, unknown> {
  return {
    dataset: {
      Xname,
      Yname,
      features: X.columnNames,
      labels: y.columnNames,
      Xmeta: Xmeta && toDocument(Xmeta),
      Ymeta: Ymeta && toDocument(Ymeta),
      rName: null,
      kwargs: {},
    },
    signature: {
      X: { datatype: 'abc.X', schema: rowSchema(X), many: false },
      Y: { datatype: 'abc.Y', schema: rowSchema(y), many: false },
      result: null,
      errors: {},
      actions: null,
      orient: null,
    },
    metrics: { ...(score ? { [score.metric]: score.value } : {}), rows, seconds },
  };
}

/** As omega|ml embeds the metadata of a dataset. */
function toDocument(metadata: Metadata): Record<string, unknown> {
  const { id, name, bucket, prefix, kind, attributes, created, modified } = metadata;
  return {
    _id: id,
    name,
    bucket,
    prefix,
    kind,
    ...toFields(metadata),
    attributes,
    s3file: {},
    created: toNaive(created),
    modified: toNaive(modified),
  };
}

const JSON_TYPES: Readonly<Record<ColumnType, object>> = {
  float64: { type: 'number' },
  float32: { type: 'number' },
  int32: { type: 'integer' },
  int64: { type: 'integer' },
  bool: { type: 'boolean' },
  datetime: { type: 'string', format: 'date-time' },
  string: { type: 'string' },
  object: {},
};

/** The JSON schema of one row. */
function rowSchema(frame: DataFrame): object {
  const properties = [...frame.columns].map(([name, column]) => [name, JSON_TYPES[column.type]] as const);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}
