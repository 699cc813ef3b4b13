// What people see on a page.

import { type Locator, type Page, expect } from "@playwright/test";
import { hydrated } from "./fixtures.ts";

/** One cell of a SKU's row in the table of levels. */
export function level(page: Page, sku: string, column: string): Locator {
  const row = page.locator("tbody tr").filter({ has: page.getByRole("link", { name: sku, exact: true }) });
  return row.locator(`td[data-label="${column}"] .live-number`);
}

/** What the page says about its connection. */
export function connection(page: Page): Locator {
  return page.locator("[data-connection]:visible");
}

/** Waits until the page is fed live. */
export async function isLive(page: Page): Promise<void> {
  await hydrated(page);
  await expect(connection(page)).toHaveText("Live");
}

/** Marks the page, to find out later whether it is still the same document. */
export async function mark(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
  return async () => {
    expect(await page.evaluate(() => "marked" in window), "the page was not loaded anew").toBe(true);
  };
}
