/** Where the tests find MongoDB and RabbitMQ; set by the global setup. */

/** URL of a database for one test file: give each file a name of its own. Dropped after the run. */
export function mongoUrl(database: string): string {
  const url = new URL(required('OMEGA_TEST_MONGO_URL'));
  url.pathname = `/${testDatabasePrefix()}${database}`;
  if (!url.searchParams.has('replicaSet')) url.searchParams.set('directConnection', 'true');
  return url.href;
}

/** URL of the broker, in the vhost of this run. Give each test file queue names of its own. */
export function brokerUrl(): string {
  return required('OMEGA_TEST_BROKER');
}

/** What the names of this run's databases start with. */
function testDatabasePrefix(): string {
  return `${process.env.OMEGA_TEST_RUN ?? 'omega_test'}_`;
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(
    `${name} is not set: run the tests with npm test, or set it to a server that tests may use`,
  );
}
