/** Entry of the thread in which user-defined tasks run. */
export { runInTaskThread as default } from '../src/executor/task-thread.ts';
