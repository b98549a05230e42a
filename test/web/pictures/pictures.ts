import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Dashboard, startDashboard } from '../support/dashboard.ts';
import { useBrowser, visit } from '../support/visit.ts';

const IMAGES = fileURLToPath(new URL('../../../docs/images', import.meta.url));
/** They are in every clone. */
const PICTURE_BYTES_MAX = 250_000;

let service: Dashboard;
beforeAll(async () => {
  service = await startDashboard('night');
});
afterAll(() => service?.stop());
useBrowser();

test('the first screen is drawn as it is at 8:05', async () => {
  const { page } = await visit(`${service.url}/`, { colorScheme: 'light' });
  await page.locator('.connection.live').waitFor();
  await page.locator('.troubles .lines').first().waitFor();
  await expect
    .poll(() => page.locator('[data-row] svg rect, [data-row] svg path').count())
    .toBeGreaterThan(100);
  const picture = await page.screenshot({ path: join(IMAGES, 'now.png') });
  expect(picture.length).toBeLessThan(PICTURE_BYTES_MAX);
});

test('the timeline is drawn as it is at 8:05', async () => {
  const { page } = await visit(`${service.url}/ui/timeline?hours=12&order=first`, { colorScheme: 'dark' });
  await page.locator('.connection.live').waitFor();
  await page.locator('.lane path').first().waitFor();
  const failed = page.locator('[data-job="postgres-backup"] .sign-failure');
  await failed.scrollIntoViewIfNeeded();
  await page.evaluate('scrollBy(0, 250)');
  const box = (await failed.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator('.moment-line', { hasText: 'postgres-backup failed' }).waitFor();
  const picture = await page.screenshot({ path: join(IMAGES, 'timeline.png') });
  expect(picture.length).toBeLessThan(PICTURE_BYTES_MAX);
});
