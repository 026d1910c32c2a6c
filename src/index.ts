/** The public API of `omegaml-node`. */
export type { Settings } from './config.ts';
export type { CallOptions } from './contract/call-options.ts';
export { chain, chord, chunks, group, map, starmap } from './contract/canvas.ts';
export type { AnySignature, Signature } from './contract/signature.ts';
export { immutable, link, linkError, stamp, withOptions } from './contract/signature-options.ts';
export {
  type AnyTask,
  type Backoff,
  type RetryOptions,
  type TaskContext,
  type TaskDefinition,
  type TaskHooks,
  type TaskOptions,
  task,
} from './contract/task.ts';
export { signature } from './contract/task-signature.ts';
export * from './errors.ts';
export type { Column, ColumnType } from './frame/column.ts';
export { DataFrame } from './frame/data-frame.ts';
export { type LogisticOptions, LogisticRegression } from './ml/logistic.ts';
export { Ridge, type RidgeOptions } from './ml/ridge.ts';
export {
  type AverageOptions,
  accuracyScore,
  balancedAccuracyScore,
  type ConfusionMatrix,
  confusionMatrix,
  f1Score,
  precisionScore,
  recallScore,
} from './ml/scores/classification.ts';
export { logLoss, type RankingOptions, type RocAucOptions, rocAucScore } from './ml/scores/ranking.ts';
export {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  r2Score,
  rootMeanSquaredError,
} from './ml/scores/regression.ts';
export type { ModelBackend } from './models/model-backend.ts';
export type { Models } from './models/models.ts';
export { type ConnectOptions, connect, type Omega } from './omega.ts';
export type { ClusterEvent } from './protocol/cluster-event.ts';
export type { ResultMeta } from './protocol/result.ts';
export type { BroadcastOptions, ControlClient, ControlReplies } from './runtime/control-client.ts';
export type { EventOptions } from './runtime/events.ts';
export type { GroupHandle, GroupResult } from './runtime/group-handle.ts';
export type { GroupCounts } from './runtime/group-progress.ts';
export type { Inspect, Replies } from './runtime/inspect.ts';
export type { JobProxy, JobRunOptions } from './runtime/job-proxy.ts';
export type {
  Data,
  FitCallOptions,
  ModelProxy,
  PredictOptions,
  ScoreCallOptions,
} from './runtime/model-proxy.ts';
export type { ModelSignatures } from './runtime/model-signatures.ts';
export type { HandleOf, OmegaRuntime, Pong } from './runtime/runtime.ts';
export type { SendOptions } from './runtime/send.ts';
export type { AnyHandle, GetOptions, RevokeOptions, TaskHandle } from './runtime/task-handle.ts';
export type { Datasets } from './store/datasets.ts';
export type { Metadata } from './store/metadata.ts';
export type { Jobs } from './store/notebooks.ts';
export type { Where } from './store/row-filter.ts';
