/** Once before the tests of the deployment: tools that are not there yet take longer than a test may. */
import { helmPath, prometheusTool, pythonTool } from './tools.ts';

export default function setup(): void {
  helmPath();
  prometheusTool('promtool');
  pythonTool('python');
}
