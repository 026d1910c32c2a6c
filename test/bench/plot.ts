/** All ratios in one picture: a bar for each comparison, on a logarithmic scale, to the left where omega needs less than the peer. */
import type { Comparison } from './statistics.ts';

const WIDTH = 960;
const BAR = 18;
const TEXT_WIDTH = 560;
const MARGIN = 16;
const TOP = 48;
/** From a hundredth of the peer's number to ten times it. */
const [LEAST, MOST] = [0.01, 10];
const TICKS = [0.01, 0.1, 1, 10];
const TEXT = 'font-family="system-ui, sans-serif" font-size="12" fill="#24292f"';

/** An SVG image of what omega needs (time, processor, memory) by what its peer does. */
export function plotRatios(comparisons: readonly Comparison[]): string {
  const bars = comparisons.flatMap(({ what, unit, ratio }) => {
    // Neither is a score a cost, nor what has no peer a comparison.
    if (ratio === null || unit === '') return [];
    return [{ what, ratio: unit.endsWith('/s') ? 1 / ratio : ratio }];
  });
  const height = TOP + bars.length * BAR + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="omega by its peers">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="20" ${TEXT} font-weight="bold">time, processor or memory that omega needs ÷ what its peer needs</text>`,
    ...TICKS.map((ratio) => tick(ratio, height)),
    ...bars.map((bar, i) => drawBar(bar.what, bar.ratio, TOP + i * BAR)),
    '</svg>',
    '',
  ].join('\n');
}

function tick(ratio: number, height: number): string {
  const x = position(ratio);
  const line = `<line x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${height - MARGIN}" stroke="${ratio === 1 ? '#57606a' : '#d0d7de'}"/>`;
  return `${line}<text x="${x}" y="${TOP - 12}" text-anchor="middle" ${TEXT}>${ratio}</text>`;
}

function drawBar(what: string, ratio: number, y: number): string {
  const [one, end] = [position(1), position(Math.min(Math.max(ratio, LEAST), MOST))];
  const color = ratio <= 1 ? '#1a7f37' : '#0969da';
  return [
    `<text x="${MARGIN}" y="${y + 13}" ${TEXT}>${escapeText(what)}</text>`,
    `<rect x="${Math.min(one, end)}" y="${y + 3}" width="${Math.abs(one - end)}" height="${BAR - 6}" fill="${color}"/>`,
    `<text x="${WIDTH - MARGIN}" y="${y + 13}" text-anchor="end" ${TEXT}>${ratio.toFixed(2)}</text>`,
  ].join('');
}

function position(ratio: number): number {
  const share = Math.log(ratio / LEAST) / Math.log(MOST / LEAST);
  return Math.round(TEXT_WIDTH + share * (WIDTH - TEXT_WIDTH - MARGIN - 48));
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
