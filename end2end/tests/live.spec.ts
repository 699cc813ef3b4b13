// An open page follows what happens.

import { expect, test } from "../fixtures.ts";
import { Program, event } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { connection, isLive, level, mark } from "../screen.ts";

test("a number on an open page follows an event", async ({ page, problems, server }) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 10, "T-shirt, M");
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveText("10");
  const still = await mark(page);

  const sold = { sku: "TSHIRT-M", location: "berlin", delta: -3, reason: "damaged" };
  await program.post([event("stock.adjusted", sold)]);
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveText("7");
  await expect(level(page, "TSHIRT-M", "Available")).toHaveText("7");
  await still();
  expect(problems).toEqual([]);
});

test("new levels wait until the person wants to see them", async ({ page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 10);
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  await program.stocked("A-NEW-ONE", 4);
  const waiting = page.getByRole("link", { name: "Show 1 new level" });
  await expect(waiting).toBeVisible();
  await expect(level(page, "A-NEW-ONE", "On hand"), "nothing moves by itself").toHaveCount(0);
  await waiting.click();
  await expect(level(page, "A-NEW-ONE", "On hand")).toHaveText("4");
});

test("what is on the screen stays live while the next answer is on its way", async ({
  page,
  problems,
  server,
}) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 10);
  await program.stocked("TSHIRT-L", 10);
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await page.route("**/api/fn/load", async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest("**/api/fn/load");
  await page.getByPlaceholder("Search SKUs and names").fill("SHIRT-L");
  await asked;
  const sold = { sku: "TSHIRT-M", location: "berlin", delta: -3, reason: "damaged" };
  await program.post([event("stock.adjusted", sold)]);
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveText("7");
  answer();
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveCount(0);
  await program.post([event("stock.adjusted", { ...sold, sku: "TSHIRT-L" })]);
  await expect(level(page, "TSHIRT-L", "On hand")).toHaveText("7");
  expect(problems).toEqual([]);
});

test("the page outlives a crash of the server", async ({ page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 10);
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  const still = await mark(page);

  await server.stop("SIGKILL");
  await expect(connection(page)).toContainText("Reconnecting");
  await expect(page.getByText(/The connection was lost .* ago/)).toBeVisible();
  await expect(level(page, "TSHIRT-M", "On hand"), "what was known stays").toHaveText("10");

  await server.restart();
  const received = { sku: "TSHIRT-M", location: "berlin", quantity: 32 };
  await program.post([event("stock.received", received)]);
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveText("42", { timeout: 30_000 });
  await expect(connection(page)).toHaveText("Live");
  await expect(page.getByText(/The connection was lost/)).toBeHidden();
  await still();
});
