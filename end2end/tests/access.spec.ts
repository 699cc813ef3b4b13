// For everybody: told once, reached by a thumb, still where motion is not wanted.

import { expect, hydrated, test } from "../fixtures.ts";
import { Program, event } from "../ledger.ts";
import { person, signIn, token } from "../people.ts";
import { isLive, level } from "../screen.ts";

test("a lost connection is told once, not every second", async ({ page, server }) => {
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  const region = page.locator("main").locator("xpath=preceding-sibling::*[@role='status']");
  await expect(region).toHaveText("");
  await server.stop("SIGKILL");
  await expect(region).toContainText(/The connection was lost \d+ (ms|s) ago\./);
  // What assistive technology reads of it, and what the eye sees.
  const told = () =>
    region.evaluate((element) => {
      const copy = element.cloneNode(true) as Element;
      for (const hidden of copy.querySelectorAll("[aria-hidden=true]")) hidden.remove();
      return copy.textContent;
    });
  const [first, seen] = [await told(), await region.innerText()];
  expect(first).toBe("The connection was lost. What you see is from then; it updates by itself.");
  await expect(region).not.toHaveText(seen);
  expect(await told(), "the age is only for the eye").toBe(first);

  await server.restart();
  await expect(region).toHaveText("", { timeout: 30_000 });
  await expect(page.locator("[aria-live=polite]").last()).toHaveText("The connection is back.");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("everything on the adjustment form is large enough for a thumb", async ({ page, server }) => {
    const program = new Program(server, await token(server, "operator"));
    await program.stocked("TSHIRT-M", 20);
    await signIn(page, server, await person(server, "warehouse"));
    await page.goto(`${server.url}/adjust?action=adjust`);
    await hydrated(page);
    await page.getByLabel("SKU").fill("TSHIRT-M");
    await page.getByLabel("Location").selectOption("berlin");
    await page.locator("#quantity").fill("-1");
    await page.getByLabel("Reason").fill("broken");
    await page.getByRole("button", { name: "Adjust", exact: true }).tap();
    await expect(page.getByRole("status").filter({ hasText: "Applied" })).toBeVisible();

    const small = await page.evaluate(() => {
      const targets = document.querySelectorAll("a, button, summary, select, input, label:has(input)");
      const seen = [...targets].filter(
        (target) =>
          target.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
          !target.classList.contains("skip-link"),
      );
      return seen
        .filter((target) => {
          const { width, height } = target.getBoundingClientRect();
          return width < 44 || height < 44;
        })
        .map((target) => target.outerHTML.slice(0, 120));
    });
    expect(small).toEqual([]);
  });
});

test("nothing moves for those who do not want it", async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const program = new Program(server, await token(server, "operator"));
  await program.stocked("TSHIRT-M", 10);
  await signIn(page, server, await person(server, "viewer"));
  await page.goto(`${server.url}/stock`);
  await isLive(page);
  const received = { sku: "TSHIRT-M", location: "berlin", quantity: 1 };
  await program.post([event("stock.received", received)]);
  await expect(level(page, "TSHIRT-M", "On hand")).toHaveText("11");
  const moving = await page.evaluate(() =>
    document
      .getAnimations()
      .map((animation) => (animation as CSSAnimation).animationName)
      .filter((name) => !name?.startsWith("flash")),
  );
  expect(moving).toEqual([]);
});
