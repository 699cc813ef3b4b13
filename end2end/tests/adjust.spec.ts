// Warehouse staff post what they did.

import { type Page } from "@playwright/test";
import { expect, hydrated, test } from "../fixtures.ts";
import { Program } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { Server } from "../server.ts";

/** A server with 20 T-shirts in Berlin, and a warehouse user signed in on its form. */
async function opened(page: Page, server: Server): Promise<Program> {
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 20, "T-shirt, M");
  await signIn(page, server, await person(server, "warehouse"));
  await page.goto(`${server.url}/adjust`);
  return program;
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("an adjustment is posted and its effect shown", async ({ page, server }) => {
    const program = await opened(page, server);
    await page.getByLabel("Adjust", { exact: true }).check({ force: true });
    await page.getByLabel("SKU").fill("TSHIRT-M");
    await page.getByLabel("Location").selectOption("berlin");
    await page.locator("#quantity").fill("-3");
    await page.getByLabel("Reason").fill("damaged");
    await page.locator("button[type=submit]").last().click();
    const result = page.getByRole("status").filter({ hasText: "Applied" });
    await expect(result).toContainText("TSHIRT-M");
    await expect(result).toContainText("17");
    await expect(page.getByRole("region", { name: "Your last postings" })).toContainText("TSHIRT-M");
    expect(await program.onHand("TSHIRT-M")).toBe(17);
  });

  test("a wrong field is named and nothing typed is lost", async ({ page, server }) => {
    const program = await opened(page, server);
    await page.getByLabel("Adjust", { exact: true }).check({ force: true });
    await page.getByLabel("SKU").fill("TSHIRT-M");
    await page.getByLabel("Location").selectOption("berlin");
    await page.locator("#quantity").fill("0");
    await page.getByLabel("Reason").fill("fell & \"broke\" <b>");
    await page.locator("button[type=submit]").last().click();
    await expect(page.locator("#quantity-error")).toContainText("must not be 0");
    await expect(page.locator("#quantity")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel("Adjust", { exact: true })).toBeChecked();
    await expect(page.getByLabel("SKU")).toHaveValue("TSHIRT-M");
    await expect(page.getByLabel("Location")).toHaveValue("berlin");
    await expect(page.locator("#quantity")).toHaveValue("0");
    await expect(page.getByLabel("Reason")).toHaveValue("fell & \"broke\" <b>");
    expect(await program.onHand("TSHIRT-M")).toBe(20);

    await page.locator("#quantity").fill("5");
    await page.locator("button[type=submit]").last().click();
    await expect(page.getByRole("status").filter({ hasText: "Applied" })).toBeVisible();
    expect(await program.onHand("TSHIRT-M")).toBe(25);
  });

  test("sending the same form twice counts once", async ({ page, server }) => {
    const program = await opened(page, server);
    await page.getByLabel("SKU").fill("TSHIRT-M");
    await page.getByLabel("Location").selectOption("berlin");
    await page.locator("#quantity").fill("4");
    const form = page.locator("form").filter({ has: page.locator("#sku") });
    const address = new URL((await form.getAttribute("action")) ?? "", server.url).href;
    const fields: Record<string, string> = { action: "receive", sku: "TSHIRT-M" };
    Object.assign(fields, { location: "berlin", quantity: "4", reason: "", note: "" });
    fields.event_id = await page.locator("input[name=event_id]").inputValue();
    const headers = { origin: server.url };
    const twins = [1, 2].map(() => page.request.post(address, { form: fields, headers }));
    for (const answer of await Promise.all(twins)) expect(answer.status()).toBe(200);
    await page.locator("button[type=submit]").last().click();
    await expect(page.getByRole("status").filter({ hasText: "Duplicate" })).toBeVisible();
    expect(await program.onHand("TSHIRT-M")).toBe(24);
  });
});

test("what will be on hand is shown while typing, and the form is ready for the next", async ({
  page,
  problems,
  server,
}) => {
  const program = await opened(page, server);
  await hydrated(page);
  await expect(page.getByLabel("SKU"), "a scanner can type at once").toBeFocused();
  await page.getByText("Count", { exact: true }).click();
  await page.keyboard.press("Tab");
  await page.getByLabel("SKU").fill("TSHIRT-M");
  await page.getByLabel("Location").selectOption("berlin");
  await page.getByLabel("Units counted").fill("12");
  const compare = page.locator(".compare .side-value");
  await expect(compare.first()).toHaveText("20");
  await expect(compare.last()).toHaveText("12");
  await page.getByRole("button", { name: "One more" }).click();
  await expect(compare.last()).toHaveText("13");
  await page.getByRole("button", { name: "Post the count" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Applied" })).toContainText("13");
  expect(await program.onHand("TSHIRT-M")).toBe(13);
  await expect(page.getByLabel("SKU")).toHaveValue("");
  await expect(page.getByLabel("SKU")).toBeFocused();
  expect(problems).toEqual([]);
});

test("a form sent while the server is away is not lost", async ({ page, server }) => {
  const program = await opened(page, server);
  await hydrated(page);
  await page.getByLabel("SKU").fill("TSHIRT-M");
  await page.getByLabel("Location").selectOption("berlin");
  await page.getByLabel("Units received").fill("6");
  await server.stop("SIGKILL");
  await page.getByRole("button", { name: "Receive" }).click();
  await expect(page.getByText("The server could not be reached")).toBeVisible();
  await expect(page.getByLabel("SKU")).toHaveValue("TSHIRT-M");
  await server.restart();
  await page.getByRole("button", { name: "Receive" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Applied" })).toContainText("26");
  expect(await program.onHand("TSHIRT-M")).toBe(26);
});
