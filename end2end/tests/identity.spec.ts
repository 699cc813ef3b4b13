// Signing in and out, and what a role opens.

import { expect, test } from "../fixtures.ts";
import { PASSWORD, person, signIn } from "../people.ts";
import { isLive } from "../screen.ts";

test("people sign in, are told of a wrong password, and sign out", async ({ page, server }) => {
  const email = await person(server, "viewer");
  await page.goto(`${server.url}/stock`);
  await expect(page).toHaveURL(/\/sign-in\?next=/);

  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill("wrong horse");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("The email or the password is wrong.");

  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page, "back to where they wanted to go").toHaveURL(`${server.url}/stock`);
  await isLive(page);

  await page.getByText(email).first().click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.goto(`${server.url}/stock`);
  await expect(page).toHaveURL(/\/sign-in\?next=/);
});

test("a viewer looks, but cannot open the adjustment form", async ({ page, server }) => {
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(server.url);
  await isLive(page);
  const navigation = page.getByRole("navigation", { name: "Main", exact: true });
  await expect(navigation.getByRole("link", { name: "Stock", exact: true })).toBeVisible();
  await expect(navigation.getByRole("link", { name: "Adjust stock" })).toHaveCount(0);

  await page.goto(`${server.url}/adjust`);
  await expect(page.locator("main")).toContainText("Your role does not");
  await expect(page.getByLabel("SKU")).toHaveCount(0);
});

test("a page that is open when its session ends says so", async ({ context, page, server }) => {
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  const other = await context.newPage();
  await other.goto(server.url);
  await other.getByText("viewer@example.com").first().click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(other).toHaveURL(/\/sign-in/);
  await expect(page.getByText("Your session has ended")).toBeVisible({ timeout: 20_000 });
});
