// From a shop's signed webhook to the screen, from a person's decision to the stock.

import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, hydrated, type Server, test } from "../fixtures.ts";

const PASSWORD = "a long enough password";
const SECRET = "the shop's signing secret";
/** Beyond 2^53, as real ids are. */
const ORDER = "820982911946154508";
const NOW = () => new Date().toISOString();

interface CloudEvent {
  specversion: "1.0";
  source: string;
  id: string;
  type: string;
  time: string;
  data: unknown;
}

function event(source: string, id: string, type: string, data: unknown, time = NOW()): CloudEvent {
  return { specversion: "1.0", source, id, type, time, data };
}

async function send(server: Server, token: string, events: CloudEvent[]): Promise<string[]> {
  const answer = await fetch(`${server.url}/api/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(200);
  const { results } = (await answer.json()) as { results: { outcome: string }[] };
  return results.map((result) => result.outcome);
}

/** A shirt at Berlin, 40 of them, received long ago; gives an administrator's token. */
async function stocked(server: Server): Promise<string> {
  const token = await server.run(["token", "create", "--name", "t", "--role", "admin"]);
  const past = "2026-01-02T03:04:05Z";
  const level = { sku: "SHIRT", location: "berlin" };
  const outcomes = await send(server, token, [
    event("wms", "l", "location.upserted", { location: "berlin", name: "Berlin", rank: 1 }, past),
    event("wms", "i", "item.upserted", { sku: "SHIRT", name: "<b>Shirt</b>" }, past),
    event("wms", "r", "stock.received", { ...level, quantity: 40 }, past),
  ]);
  expect(outcomes).toEqual(["applied", "applied", "applied"]);
  return token;
}

async function signIn(server: Server, page: Page, role: string): Promise<void> {
  const email = `${role}@example.com`;
  await server.run(["user", "create", "--email", email, "--role", role], `${PASSWORD}\n`);
  await page.goto(`${server.url}/sign-in`);
  await page.fill("input[name=email]", email);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("button[type=submit]");
  await expect(page.getByRole("heading", { name: "Command center" })).toBeVisible();
}

test("a signed webhook changes a number on an open page", async ({ server, page, problems }) => {
  const token = await stocked(server);
  const channel = await fetch(`${server.url}/api/v1/channels/shop`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      kind: "shopify", name: "Shop", mode: "live", settings: {}, policy: {},
      secrets: { webhook: SECRET },
    }),
  });
  expect(channel.status).toBeLessThan(300);
  await signIn(server, page, "viewer");
  await page.goto(`${server.url}/stock`);
  await hydrated(page);
  const row = page.getByRole("row", { name: /SHIRT/ });
  await expect(row).toContainText("<b>Shirt</b>");
  await expect(row).toContainText("40");

  const at = NOW();
  const body = `{"id":${ORDER},"admin_graphql_api_id":"gid://shopify/Order/${ORDER}","name":"#1",
    "created_at":"${at}","updated_at":"${at}","processed_at":"${at}","cancelled_at":null,
    "financial_status":"paid","fulfillment_status":null,"test":false,"refunds":[],
    "fulfillments":[],"line_items":[{"id":466157049,"variant_id":39072856,"product_id":1,
    "sku":"SHIRT","quantity":3,"current_quantity":3,"fulfillable_quantity":3,
    "variant_inventory_management":"shopify"}]}`;
  const deliver = (secret: string) =>
    fetch(`${server.url}/hooks/shop`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": "shop.example",
        "x-shopify-api-version": "2026-04",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "x-shopify-hmac-sha256": createHmac("sha256", secret).update(body).digest("base64"),
      },
      body,
    });
  expect((await deliver("another secret")).status).toBe(401);
  expect((await deliver(SECRET)).status).toBe(200);
  expect((await deliver(SECRET)).status).toBe(200);
  // 3 of the 40 are promised: the page shows it without a reload.
  await expect(row).toContainText("37");
  await expect(row).toContainText("40");
  const order = await fetch(`${server.url}/api/v1/orders/shop:${ORDER}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(((await order.json()) as { lines: { committed: number }[] }).lines[0]?.committed).toBe(3);
  expect(problems).toEqual([]);
});

test("a manager resolves a conflict and sees the stock change", async ({ server, page, problems }) => {
  const token = await stocked(server);
  const level = { sku: "SHIRT", location: "berlin" };
  const outcomes = await send(server, token, [
    event("wms", "a", "stock.adjusted", { ...level, delta: -5, reason: "broken" }, "2026-02-01T10:00:00Z"),
    event("app", "c", "stock.counted", { ...level, counted: 30 }, "2026-02-01T10:00:04Z"),
  ]);
  expect(outcomes).toEqual(["applied", "conflict"]);
  await signIn(server, page, "manager");
  await page.goto(`${server.url}/conflicts`);
  // From a live page on, what is visible listens: it is made by the browser.
  await hydrated(page);
  await page.getByRole("link", { name: /overlap/i }).first().click();
  await expect(page.getByRole("radio").first()).toBeVisible();
  // The movement is in the count: 30 stay 30.
  await page.keyboard.press("1");
  await expect(page.getByRole("radio").first()).toBeChecked();
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(page.getByText(/The movements are in the count/).first()).toBeVisible();
  await page.goto(`${server.url}/stock`);
  await expect(page.getByRole("row", { name: /SHIRT/ })).toContainText("30");
  expect(problems).toEqual([]);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a warehouse user posts an adjustment", async ({ server, page }) => {
    await stocked(server);
    await signIn(server, page, "warehouse");
    await page.goto(`${server.url}/adjust?action=adjust`);
    await page.fill("input[name=sku]", "SHIRT");
    await page.selectOption("select[name=location]", "berlin");
    await page.fill("input[name=quantity]", "-4");
    await page.fill("input[name=reason]", "  ");
    await page.locator("button[type=submit]", { hasNotText: /sign out/i }).last().click();
    // A reason of blanks is none: it says so, and what was typed is still there.
    await expect(page.getByText(/must say why/)).toBeVisible();
    await expect(page.locator("input[name=quantity]")).toHaveValue("-4");
    await page.fill("input[name=reason]", "broken");
    await page.locator("button[type=submit]", { hasNotText: /sign out/i }).last().click();
    await expect(page).toHaveURL(/done=\d+/);
    await page.goto(`${server.url}/stock/SHIRT`);
    await expect(page.getByRole("row", { name: /berlin/ }).first()).toContainText("36");
  });
});

test("the page recovers after the server was killed", async ({ server, page }) => {
  const token = await stocked(server);
  await signIn(server, page, "viewer");
  await page.goto(`${server.url}/stock`);
  await hydrated(page);
  const row = page.getByRole("row", { name: /SHIRT/ });
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  await server.stop("SIGKILL");
  await expect(page.getByText(/Reconnecting|connection was lost/i).first()).toBeVisible();
  await server.start(["serve"], new URL(server.url).host);
  await send(server, token, [
    event("wms", "r2", "stock.received", { sku: "SHIRT", location: "berlin", quantity: 2 }),
  ]);
  await expect(row).toContainText("42", { timeout: 40_000 });
});

test("pages have no errors and no overflow, wide and narrow, dark and light", async ({
  server, page, problems,
}) => {
  await stocked(server);
  await signIn(server, page, "admin");
  for (const scheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [1440, 390, 360]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of ["/", "/stock", "/stock/SHIRT", "/conflicts", "/adjust", "/channels"]) {
        await page.goto(server.url + path);
        await hydrated(page);
        const over = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(over, `${path} at ${width} px is too wide`).toBeLessThanOrEqual(0);
      }
    }
  }
  expect(problems).toEqual([]);
});
