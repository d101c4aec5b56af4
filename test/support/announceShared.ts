/** Says once, loudly, when the real sales histories beside the checkout are missing and their tests are skipped. */
import { existsSync } from 'node:fs';

/** Where the real sales histories are read from, in place. */
export const sharedData = new URL('../../../shared/data/', import.meta.url).pathname;

export const hasSharedData = existsSync(sharedData);

export default function announceShared(): void {
  if (!hasSharedData) {
    process.stderr.write(`\nNO SHARED DATA at ${sharedData}: tests on real sales histories are SKIPPED.\n\n`);
  }
}
