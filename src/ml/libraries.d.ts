/**
 * What src/ml uses of the two libraries. `ml-regression` ships no types; those of `ml-random-forest` do not
 * compile.
 */
declare module 'ml-random-forest' {
  interface RandomForestInstance {
    predict(rows: readonly (readonly number[])[]): number[];
    toJSON(): unknown;
  }
  interface RandomForestClass {
    new (options: object): RandomForestInstance;
    load(model: object): RandomForestInstance;
  }
  export const RandomForestClassifier: RandomForestClass;
  export const RandomForestRegression: RandomForestClass;
}

declare module 'ml-regression' {
  interface RegressionInstance {
    predict(x: unknown): unknown;
    toJSON(): unknown;
  }
  /** What a library's class and `RegressionInstance` have in common: an instance is made by `load` here. */
  interface RegressionClass {
    new (x: unknown, y: unknown, options?: unknown): RegressionInstance;
    load(model: object): RegressionInstance;
  }
  export const SimpleLinearRegression: RegressionClass;
  export const PolynomialRegression: RegressionClass;
  export const ExponentialRegression: RegressionClass;
  export const PowerRegression: RegressionClass;
  export const MultivariateLinearRegression: RegressionClass;
  export const TheilSenRegression: RegressionClass;
  export const RobustPolynomialRegression: RegressionClass;
  export const KernelRidgeRegression: RegressionClass;
  export const PolinomialFitting2D: RegressionClass;
  export const NonLinearRegression: { readonly PotentialRegression: RegressionClass };
}
