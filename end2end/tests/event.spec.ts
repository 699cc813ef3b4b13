// One event of the journal, and taking it back.

import { expect, hydrated, test } from "../fixtures.ts";
import { Program, event } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { isLive, level, mark } from "../screen.ts";

test("a manager takes an event back and the stock changes", async ({
  context,
  page,
  problems,
  server,
}) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TEA", 10);
  const sold = { sku: "TEA", location: "berlin", delta: -4, reason: "typed wrong" };
  const [{ seq }] = await program.post([event("stock.adjusted", sold)]);
  await signIn(page, server, await person(server, "manager"));
  const stock = await context.newPage();
  await stock.goto(`${server.url}/stock/TEA`);
  await isLive(stock);
  const why = stock.getByRole("region", { name: "Why this number" });
  await expect(why).toContainText("Stock adjusted");
  await expect(why).toContainText("\u22124");
  await expect(why.locator(".sum-total").first()).toHaveText(/On hand\s*6/);
  const still = await mark(stock);

  await why.getByRole("link", { name: "Stock adjusted" }).click();
  await expect(stock).toHaveURL(`${server.url}/events/${seq}`);
  await stock.goBack();
  await page.goto(`${server.url}/events/${seq}`);
  await hydrated(page);
  await expect(page.getByRole("region", { name: "What it says" })).toContainText("typed wrong");
  await page.getByLabel("Reason").fill("it never left");
  await page.getByRole("button", { name: "Take it back" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Taken back" })).toBeVisible();
  await expect(page.getByText("It is taken back").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Take it back" })).toHaveCount(0);

  await isLive(stock);
  await expect(why.locator(".sum-total").first()).toHaveText(/On hand\s*10/);
  await still();
  expect(await program.onHand("TEA")).toBe(10);
  expect(problems).toEqual([]);
});

test.describe("without a script", () => {
  test.use({ javaScriptEnabled: false });

  test("what cannot be taken back says why, and keeps what was typed", async ({ page, server }) => {
    const program = new Program(server, await token(server, "operator"));
    const manager = new Program(server, await token(server, "manager"));
    await program.stocked("TEA", 10);
    const wrong = { sku: "TEA", location: "berlin", delta: -4, reason: "typed wrong" };
    const [{ seq, source, id }] = await program.post([event("stock.adjusted", wrong)]);
    await signIn(page, server, await person(server, "manager"));
    await page.goto(`${server.url}/events/${seq}`);
    await manager.post([event("event.reversed", { source, id, reason: "by a program" })]);
    await page.getByLabel("Reason").fill("by a person");
    await page.getByRole("button", { name: "Take it back" }).click();
    await expect(page.getByText(/taken back already/)).toBeVisible();
    expect(await program.onHand("TEA")).toBe(10);
  });

  test("who may not take it back is told who may", async ({ page, server }) => {
    const program = new Program(server, await token(server, "operator"));
    await program.stocked("TEA", 10);
    await signIn(page, server, await person(server, "operator"));
    await page.goto(`${server.url}/events/3`);
    await expect(page.getByText("A manager can take it back")).toBeVisible();
    await expect(page.getByRole("button", { name: "Take it back" })).toHaveCount(0);
  });
});

test("a choice that needs a place is tried out before it is taken", async ({ page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TEA", 1);
  await program.stocked("TEA", 5, "", "hamburg");
  const line = { line: "1", sku: "TEA", quantity: 3, location: "berlin" };
  const placed = event("order.placed", { order: "o1", lines: [line] });
  await program.post([placed]);
  await signIn(page, server, await person(server, "manager"));
  await page.goto(`${server.url}/conflicts/c1`);
  await hydrated(page);
  const elsewhere = page.locator(".option").filter({ hasText: "another location" });
  await expect(elsewhere).not.toContainText("available");
  await elsewhere.getByRole("radio").check();
  await page.getByRole("combobox", { name: "Location" }).selectOption("hamburg");
  await page.getByLabel("Note").fill("by van");
  await page.getByRole("button", { name: "Show what would follow" }).click();
  await expect(elsewhere).toContainText("available");
  await expect(elsewhere.getByRole("radio")).toBeChecked();
  await expect(page.getByLabel("Note")).toHaveValue("by van");
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(page.getByRole("region", { name: "The decision" })).toContainText("by van");
});
