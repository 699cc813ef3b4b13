// A person decides what the rules cannot.

import { expect, hydrated, test } from "../fixtures.ts";
import { Program, overlap } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { isLive, level, mark } from "../screen.ts";

test("a manager resolves a conflict by keyboard and the stock changes", async ({
  context,
  page,
  problems,
  server,
}) => {
  const program = new Program(server, await token(server, "operator"));
  await overlap(program, "TSHIRT-M");
  await signIn(page, server, await person(server, "manager"));
  const stock = await context.newPage();
  await stock.goto(`${server.url}/stock`);
  await isLive(stock);
  await expect(level(stock, "TSHIRT-M", "On hand"), "the count waits").toHaveText("7");
  const still = await mark(stock);

  await page.goto(`${server.url}/conflicts`);
  await isLive(page);
  await page.getByRole("link", { name: "Count overlap" }).click();
  await expect(page).toHaveURL(/\/conflicts\/[^/?]+$/);
  const counted = page.locator(".option").filter({ hasText: "8 on hand" });
  await expect(counted, "the preview says what would be").toHaveCount(1);
  const number = await counted.locator("kbd").innerText();
  await page.keyboard.press(number);
  await expect(counted.getByRole("radio")).toBeChecked();
  await expect(counted.getByRole("radio")).toBeFocused();
  await page.getByLabel("Note").fill("counted twice");
  await page.getByRole("button", { name: "Resolve" }).click();

  await expect(page.getByRole("heading", { name: "The decision" })).toBeVisible();
  const decision = page.getByRole("region", { name: "The decision" });
  await expect(decision).toContainText("manager@example.com");
  await expect(decision).toContainText("counted twice");
  await expect(level(stock, "TSHIRT-M", "On hand")).toHaveText("8");
  await still();
  expect(await program.onHand("TSHIRT-M")).toBe(8);
  await page.goto(`${server.url}/conflicts`);
  await expect(page.getByText("No open conflicts")).toBeVisible();
  expect(problems).toEqual([]);
});

test("whoever comes second is told, and changes nothing", async ({ browser, page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  const address = `${server.url}/conflicts/${await overlap(program, "TSHIRT-M")}`;
  await signIn(page, server, await person(server, "manager", "mia"));
  const context = await browser.newContext({ javaScriptEnabled: false });
  const late = await context.newPage();
  await signIn(late, server, await person(server, "manager", "noah"));

  await late.goto(address);
  await page.goto(address);
  await hydrated(page);
  await page.locator(".option").filter({ hasText: "8 on hand" }).click();
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(page.getByRole("heading", { name: "The decision" })).toBeVisible();

  await late.locator(".option").filter({ hasText: "5 on hand" }).click();
  await late.getByRole("button", { name: "Resolve" }).click();
  await expect(late.getByText(/It is decided already/).first()).toBeVisible();
  await expect(late.getByRole("region", { name: "The decision" })).toContainText("mia@example.com");
  expect(await program.onHand("TSHIRT-M")).toBe(8);
  await context.close();
});

test("an open page shows that somebody else has decided", async ({ page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  const manager = new Program(server, await token(server, "manager"));
  const id = await overlap(program, "TSHIRT-M");
  await signIn(page, server, await person(server, "manager"));
  await page.goto(`${server.url}/conflicts/${id}`);
  await isLive(page);
  const still = await mark(page);
  await expect(page.getByRole("button", { name: "Resolve" })).toBeVisible();
  const path = `/api/v1/conflicts/${id}`;
  const { version } = await manager.call<{ version: number }>("GET", path);
  const choice = { option: "discard", expected_version: version };
  await manager.call("POST", `${path}/resolve`, choice);
  await expect(page.getByRole("region", { name: "The decision" })).toContainText("test-manager");
  await expect(page.getByRole("button", { name: "Resolve" })).toHaveCount(0);
  await still();
});

test("who may not decide sees the choices and no button", async ({ page, server }) => {
  const program = new Program(server, await token(server, "operator"));
  const id = await overlap(program, "TSHIRT-M");
  await signIn(page, server, await person(server, "operator"));
  await page.goto(`${server.url}/conflicts/${id}`);
  await hydrated(page);
  await expect(page.getByText("A manager decides this")).toBeVisible();
  await expect(page.getByText("8 on hand")).toBeVisible();
  await expect(page.getByRole("button", { name: "Resolve" })).toHaveCount(0);
});
