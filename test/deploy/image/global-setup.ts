/** Once before the checks of the image: builds it, for each target. */
import { buildImage, requireTools, TARGETS } from './build.ts';

export default function setup(): void {
  requireTools();
  for (const target of TARGETS) buildImage(target);
}
