// How long it takes from a shop's signed webhook to the number on the screen, while other events
// come in. Both ends read the clock of this machine: the sender before it sends, the page in the
// first frame that is drawn after the number has changed.

import { expect, test } from "../fixtures.ts";
import { Program, event, webhook } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { isLive } from "../screen.ts";

const SECRET = "the shop's signing secret";
const SAMPLES = Number(process.env.SAMPLES ?? 300);
/** Pause between two webhooks, in milliseconds: they come evenly, whether answered or not. */
const EVERY_MS = 50;
/** Other events a second, on other items. */
const OTHERS_PER_S = Number(process.env.OTHERS ?? 1_000);
/** Requests a second that bring them. */
const REQUESTS_PER_S = 20;
const ITEMS = 1_000;
const START = 1_000_000;

declare global {
  interface Window {
    seen: [number, number][];
  }
}

function order(number: number): string {
  const at = new Date().toISOString();
  return JSON.stringify({
    id: 5_000_000_000 + number,
    name: `#${number}`,
    created_at: at,
    updated_at: at,
    processed_at: at,
    cancelled_at: null,
    financial_status: "paid",
    fulfillment_status: null,
    test: false,
    refunds: [],
    fulfillments: [],
    line_items: [
      {
        id: 1,
        variant_id: 1,
        product_id: 1,
        sku: "SHIRT",
        quantity: 1,
        current_quantity: 1,
        fulfillable_quantity: 1,
        variant_inventory_management: "shopify",
      },
    ],
  });
}

const now = () => performance.timeOrigin + performance.now();
const pause = (ms: number) => new Promise((done) => setTimeout(done, Math.max(0, ms)));

function quantile(sorted: number[], share: number): string {
  const at = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
  return `${sorted[at].toFixed(1)} ms`;
}

test("from a signed webhook to the screen", async ({ page, server }) => {
  const admin = new Program(server, await token(server, "admin"));
  await admin.stocked("SHIRT", START);
  const items = Array.from({ length: ITEMS }, (_, item) => `ITEM-${item}`);
  await admin.post(items.map((sku) => event("item.upserted", { sku })));
  await admin.call("PUT", "/api/v1/channels/shop", {
    kind: "shopify", name: "Shop", mode: "live", settings: {}, policy: {},
    secrets: { webhook: SECRET },
  });
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock?q=SHIRT`);
  await isLive(page);
  await page.evaluate(() => {
    window.seen = [];
    const cell = document.querySelector('td[data-label="Available"] .live-number');
    const look = () => {
      const text = cell?.textContent ?? "";
      requestAnimationFrame(() => {
        const value = Number(text.replace(/\D/g, ""));
        window.seen.push([value, performance.timeOrigin + performance.now()]);
      });
    };
    const watched = { childList: true, characterData: true, subtree: true };
    if (cell) new MutationObserver(look).observe(cell, watched);
  });

  let over = false;
  let others = 0;
  const load = (async () => {
    const began = now();
    const each = OTHERS_PER_S / REQUESTS_PER_S;
    const open: Promise<unknown>[] = [];
    for (let request = 0; !over && each > 0; request += 1) {
      await pause(began + (request * 1_000) / REQUESTS_PER_S - now());
      const batch = Array.from({ length: each }, () => {
        const sku = items[(others += 1) % ITEMS];
        return event("stock.received", { sku, location: "berlin", quantity: 1 });
      });
      open.push(admin.post(batch));
    }
    await Promise.all(open);
    return (others * 1_000) / (now() - began);
  })();

  const sent: number[] = [];
  const answers: Promise<number>[] = [];
  const began = now();
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await pause(began + sample * EVERY_MS - now());
    const body = order(sample);
    sent.push(now());
    answers.push(webhook(server, "shop", SECRET, "orders/create", body));
  }
  expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  await expect
    .poll(() => page.evaluate(() => window.seen.at(-1)?.[0]), { timeout: 10_000 })
    .toBe(START - SAMPLES);
  over = true;
  const rate = await load;

  // A number that was passed over within one frame was on the screen with the next one.
  const seen = await page.evaluate(() => window.seen);
  const delays = sent.map((at, sample) => {
    const shown = seen.find(([value]) => value <= START - 1 - sample);
    if (!shown) throw new Error(`webhook ${sample} never showed`);
    return shown[1] - at;
  });
  delays.sort((left, right) => left - right);
  console.log(
    `webhook to screen: ${SAMPLES} webhooks, ${rate.toFixed(0)} other events/s: ` +
      `p50 ${quantile(delays, 0.5)}, p99 ${quantile(delays, 0.99)}, ` +
      `longest ${quantile(delays, 1)}`,
  );
});
