// How long a page takes to become usable on a slow phone: a processor four times slower, and the
// "slow 4G" of Lighthouse. Nothing is cached; the page is a person's, with a hundred levels.

import { expect, test } from "../fixtures.ts";
import { Program, event } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";

const SAMPLES = Number(process.env.SAMPLES_INTERACTIVE ?? 5);
const CPU_SLOWDOWN = 4;
/** A round trip of 150 ms, 1.6 Mbit/s down and 750 kbit/s up. */
const SLOW_4G = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};
const LEVELS = 100;

declare global {
  interface Window {
    interactive?: number;
    answered?: boolean;
  }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];

for (const path of ["/", "/stock"]) {
  test(`time to interactive of ${path}`, async ({ browser, server }) => {
    const admin = new Program(server, await token(server, "admin"));
    const items = Array.from({ length: LEVELS }, (_, item) => `ITEM-${item}`);
    await admin.post([event("location.upserted", { location: "berlin", rank: 1 })]);
    await admin.post(items.map((sku) => event("item.upserted", { sku, name: `Article ${sku}` })));
    const stock = (sku: string) => ({ sku, location: "berlin", quantity: 10 });
    await admin.post(items.map((sku) => event("stock.received", stock(sku))));
    const email = await person(server, "viewer");

    const usable: number[] = [];
    const shown: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await signIn(page, server, email);
      // The script has taken over (`server/site/src/wasm.rs`), and the main thread is free again:
      // a click has its effect at once.
      await page.addInitScript(() => {
        const look = () => {
          if (document.documentElement?.dataset.hydrated !== "true") return;
          watching.disconnect();
          setTimeout(() => {
            window.interactive = performance.now();
            document.querySelector<HTMLElement>(".menu button[type=button]")?.click();
            window.answered = document.documentElement.dataset.theme === "light";
          });
        };
        const watching = new MutationObserver(look);
        watching.observe(document, { attributes: true, subtree: true });
      });
      const devtools = await context.newCDPSession(page);
      await devtools.send("Network.enable");
      await devtools.send("Network.emulateNetworkConditions", SLOW_4G);
      await devtools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
      await page.goto(`${server.url}${path}`, { waitUntil: "commit" });
      await page.waitForFunction(() => window.interactive !== undefined, null, { timeout: 60_000 });
      const times = await page.evaluate(() => ({
        usable: window.interactive ?? 0,
        answered: window.answered,
        shown: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
      }));
      expect(times.usable).toBeGreaterThan(0);
      expect(times.answered, "the switch of the theme, clicked in that moment").toBe(true);
      usable.push(times.usable);
      shown.push(times.shown);
      await context.close();
    }
    const range = (values: number[]) =>
      `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} – ` +
      `${Math.max(...values).toFixed(0)})`;
    console.log(
      `time to interactive of ${path}, processor ${CPU_SLOWDOWN}× slower, slow 4G, nothing cached: ` +
        `${range(usable)}; first painted after ${range(shown)}; ${SAMPLES} samples`,
    );
  });
}
