// Loaded before a worker: its heartbeat ends after the first beats, as if its timer had been lost.
const { setInterval: start } = globalThis;
globalThis.setInterval = (callback, ...rest) => {
  const timer = start(callback, ...rest);
  if (callback.name === 'beat') setTimeout(() => clearInterval(timer), 1_000).unref();
  return timer;
};
